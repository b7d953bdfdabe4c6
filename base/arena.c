/* arena.c: aligned memory for kernels, and a bump allocator for parse trees. */
#define _GNU_SOURCE /* madvise */
#include "base/base.h"

#include <stdlib.h>
#include <sys/mman.h>

#define BLOCK ((size_t)64 * 1024)

struct sn_arena_block {
    struct sn_arena_block *next;
    size_t used, size; /* bytes of data[] */
    _Alignas(16) unsigned char data[];
};

/*
 * Asks for large pages in what is large: weights that stream from memory would wait for a page's address every 4 KB
 * (4 to 8 % of U-Net's time). Only a hint; a system without them goes on as before.
 */
static void ask_large_pages(void *p, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    uintptr_t page = 4096, from = ((uintptr_t)p + page - 1) / page * page, to = ((uintptr_t)p + bytes) / page * page;

    if (bytes >= (size_t)1 << 20)
        (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
    (void)p;
    (void)bytes;
#endif
}

void *sn_alloc_aligned(size_t bytes)
{
    void *p;

    if (bytes == 0 || bytes > SIZE_MAX - 63)
        return NULL;
    bytes = (bytes + 63) & ~(size_t)63;
    p = aligned_alloc(64, bytes);
    if (p)
        ask_large_pages(p, bytes);
    return p;
}

void sn_free_aligned(void *p)
{
    free(p);
}

void sn_arena_init(struct sn_arena *a, size_t limit)
{
    *a = (struct sn_arena){ .limit = limit };
}

void *sn_arena_get(struct sn_arena *a, size_t bytes, struct sn_error *err)
{
    struct sn_arena_block *b = a->blocks;
    void *p;

    if (bytes > SIZE_MAX / 2 || (a->limit && (bytes > a->limit || a->used > a->limit - bytes))) {
        (void)SN_FAIL(err, SN_ELIMIT, "content needs more than %zu bytes of memory", a->limit);
        return NULL;
    }
    bytes = (bytes + 15) & ~(size_t)15;
    if (!b || bytes > b->size - b->used) {
        size_t size = bytes > BLOCK / 4 ? bytes : BLOCK;

        b = malloc(sizeof *b + size);
        if (!b) {
            (void)SN_NOMEM(err, "parsed content");
            return NULL;
        }
        b->used = 0;
        b->size = size;
        /* a large block goes behind the current one, whose rest stays in use */
        if (a->blocks && size != BLOCK) {
            b->next = a->blocks->next;
            a->blocks->next = b;
        } else {
            b->next = a->blocks;
            a->blocks = b;
        }
    }
    p = b->data + b->used;
    b->used += bytes;
    a->used += bytes;
    return memset(p, 0, bytes);
}

char *sn_arena_strdup(struct sn_arena *a, const char *s, size_t len, struct sn_error *err)
{
    char *p = len < SIZE_MAX / 2 ? sn_arena_get(a, len + 1, err) : NULL;

    if (p && len)
        memcpy(p, s, len);
    return p;
}

int sn_arena_grow(struct sn_arena *a, void **table, size_t used, size_t *cap, size_t item, struct sn_error *err)
{
    size_t want = *cap ? *cap * 2 : 4, bytes;
    void *p;

    if (used < *cap)
        return SN_OK;
    SN_TRY(sn_size_mul(&bytes, want, item, err));
    p = sn_arena_get(a, bytes, err);
    if (!p)
        return err ? err->code : SN_ENOMEM;
    if (used)
        memcpy(p, *table, used * item);
    *table = p;
    *cap = want;
    return SN_OK;
}

void sn_arena_free(struct sn_arena *a)
{
    struct sn_arena_block *b = a->blocks;

    while (b) {
        struct sn_arena_block *next = b->next;

        free(b);
        b = next;
    }
    *a = (struct sn_arena){ 0 };
}
