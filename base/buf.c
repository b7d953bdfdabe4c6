/* buf.c: a growable text or byte buffer with a sticky failure. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

static bool reserve(struct sn_buf *b, size_t more)
{
    size_t need, cap = b->cap ? b->cap : 256;
    char *p;

    if (b->failed)
        return false;
    if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4) {
        b->failed = true;
        return false;
    }
    need = b->len + more + 1;
    if (need <= b->cap)
        return true;
    while (cap < need)
        cap *= 2;
    p = realloc(b->data, cap);
    if (!p) {
        b->failed = true;
        return false;
    }
    b->data = p;
    b->cap = cap;
    return true;
}

void sn_buf_add(struct sn_buf *b, const void *data, size_t n)
{
    if (!reserve(b, n))
        return;
    if (n)
        memcpy(b->data + b->len, data, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void sn_buf_puts(struct sn_buf *b, const char *s)
{
    sn_buf_add(b, s, strlen(s));
}

void sn_buf_printf(struct sn_buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (!reserve(b, (size_t)n))
        return;
    va_start(ap, fmt);
    (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

void sn_buf_free(struct sn_buf *b)
{
    free(b->data);
    *b = (struct sn_buf){ 0 };
}
