/* json_write.c: a JSON writer that owns commas, indentation and escapes. */
#include "io/io.h"
#include "io/utf8.h"
#include <stdio.h>

void sn_json_init(struct sn_json *j, int indent)
{
    memset(j, 0, sizeof *j);
    j->indent = indent;
}

void sn_json_free(struct sn_json *j)
{
    sn_buf_free(&j->buf);
}

static void new_line(struct sn_json *j)
{
    static const char blanks[] = "                ";

    if (j->indent == 0)
        return;
    sn_buf_puts(&j->buf, "\n");
    for (size_t left = (size_t)j->depth * (size_t)j->indent; left > 0;) {
        size_t n = SN_MIN(left, sizeof blanks - 1);

        sn_buf_add(&j->buf, blanks, n);
        left -= n;
    }
}

/* What has to stand before a key or a value here. */
static void begin_item(struct sn_json *j)
{
    if (!j->after_key) {
        if (j->need_comma)
            sn_buf_puts(&j->buf, ",");
        if (j->depth > 0)
            new_line(j);
    }
    j->after_key = false;
    j->need_comma = true;
}

static void open_group(struct sn_json *j, const char *bracket)
{
    begin_item(j);
    sn_buf_puts(&j->buf, bracket);
    j->depth++;
    j->need_comma = false;
}

static void close_group(struct sn_json *j, const char *bracket)
{
    j->depth--;
    if (j->need_comma) /* an empty group stays on its line */
        new_line(j);
    sn_buf_puts(&j->buf, bracket);
    j->need_comma = true;
    if (j->depth == 0 && j->indent)
        sn_buf_puts(&j->buf, "\n");
}

void sn_json_object(struct sn_json *j) { open_group(j, "{"); }
void sn_json_end_object(struct sn_json *j) { close_group(j, "}"); }
void sn_json_array(struct sn_json *j) { open_group(j, "["); }
void sn_json_end_array(struct sn_json *j) { close_group(j, "]"); }

static void put_string(struct sn_json *j, const char *s)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t left = strlen(s);

    sn_buf_puts(&j->buf, "\"");
    while (left > 0) {
        size_t plain = 0, n;

        while (plain < left && p[plain] >= 0x20 && p[plain] < 0x7f && p[plain] != '"' &&
               p[plain] != '\\')
            plain++;
        sn_buf_add(&j->buf, p, plain);
        p += plain;
        left -= plain;
        if (left == 0)
            break;
        n = sn_utf8_length(p, left);
        if (n == 0)
            sn_buf_puts(&j->buf, "\xef\xbf\xbd"); /* U+FFFD for each byte that is not UTF-8 */
        else if (*p == '"' || *p == '\\')
            sn_buf_add(&j->buf, (const char[]){ '\\', (char)*p }, 2);
        else if (*p == '\n')
            sn_buf_puts(&j->buf, "\\n");
        else if (*p == '\t')
            sn_buf_puts(&j->buf, "\\t");
        else if (*p < 0x20 || *p == 0x7f)
            sn_buf_printf(&j->buf, "\\u%04x", *p);
        else
            sn_buf_add(&j->buf, p, n);
        p += n ? n : 1;
        left -= n ? n : 1;
    }
    sn_buf_puts(&j->buf, "\"");
}

void sn_json_key(struct sn_json *j, const char *key)
{
    begin_item(j);
    put_string(j, key);
    sn_buf_puts(&j->buf, j->indent ? ": " : ":");
    j->after_key = true;
}

void sn_json_string(struct sn_json *j, const char *s)
{
    begin_item(j);
    if (s)
        put_string(j, s);
    else
        sn_buf_puts(&j->buf, "null");
}

void sn_json_number(struct sn_json *j, double v)
{
    char text[32];

    begin_item(j);
    sn_buf_puts(&j->buf, v - v == 0.0 ? sn_format_double(v, text) : "null");
}

void sn_json_int(struct sn_json *j, int64_t v)
{
    begin_item(j);
    sn_buf_printf(&j->buf, "%lld", (long long)v);
}

void sn_json_bool(struct sn_json *j, bool v)
{
    begin_item(j);
    sn_buf_puts(&j->buf, v ? "true" : "false");
}

void sn_json_null(struct sn_json *j)
{
    begin_item(j);
    sn_buf_puts(&j->buf, "null");
}

void sn_json_kv(struct sn_json *j, const char *key, const char *s)
{
    sn_json_key(j, key);
    sn_json_string(j, s);
}

void sn_json_kv_number(struct sn_json *j, const char *key, double v)
{
    sn_json_key(j, key);
    sn_json_number(j, v);
}

void sn_json_kv_int(struct sn_json *j, const char *key, int64_t v)
{
    sn_json_key(j, key);
    sn_json_int(j, v);
}

void sn_json_kv_seed(struct sn_json *j, uint64_t seed)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    sn_json_kv(j, "seed", text);
}

void sn_json_kv_numbers(struct sn_json *j, const char *key, const double *v, size_t n)
{
    sn_json_key(j, key);
    sn_json_array(j);
    for (size_t i = 0; i < n; i++)
        sn_json_number(j, v[i]);
    sn_json_end_array(j);
}

void sn_json_kv_bool(struct sn_json *j, const char *key, bool v)
{
    sn_json_key(j, key);
    sn_json_bool(j, v);
}
