/* dicom_make.h: small DICOM files built in memory for the tests. */
#ifndef SN_TESTS_DICOM_MAKE_H
#define SN_TESTS_DICOM_MAKE_H

#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "tests/support/support.h"

#define TAG SN_DICOM_TAG

struct maker {
    struct sn_buf b;
    bool implicit, big;
};

static inline void put16(struct maker *m, unsigned v)
{
    uint8_t p[2];

    sn_put_le16(p, (uint16_t)(m->big ? (v & 0xff) << 8 | v >> 8 : v));
    sn_buf_add(&m->b, p, 2);
}

static inline void put32(struct maker *m, uint32_t v)
{
    uint8_t p[4];

    if (m->big)
        sn_put_be32(p, v);
    else
        sn_put_le32(p, v);
    sn_buf_add(&m->b, p, 4);
}

static inline bool wide_vr(const char *vr)
{
    return strstr("OB OD OF OL OV OW SQ SV UC UN UR UT UV", vr) != NULL;
}

/* A header; length may be a lie. */
static inline void header(struct maker *m, uint32_t tag, const char *vr, uint32_t length)
{
    put16(m, tag >> 16);
    put16(m, tag & 0xffff);
    if (m->implicit || (tag >> 16) == 0xfffe) {
        put32(m, length);
        return;
    }
    sn_buf_add(&m->b, vr, 2);
    put16(m, wide_vr(vr) ? 0 : length);
    if (wide_vr(vr))
        put32(m, length);
}

static inline void bytes(struct maker *m, uint32_t tag, const char *vr, const void *data, size_t n)
{
    header(m, tag, vr, (uint32_t)n);
    sn_buf_add(&m->b, data, n);
}

static inline void text(struct maker *m, uint32_t tag, const char *vr, const char *s)
{
    size_t n = strlen(s);

    header(m, tag, vr, (uint32_t)(n + (n & 1)));
    sn_buf_add(&m->b, s, n);
    if (n & 1)
        sn_buf_add(&m->b, strcmp(vr, "UI") == 0 ? "\0" : " ", 1);
}

static inline void us(struct maker *m, uint32_t tag, unsigned v)
{
    header(m, tag, "US", 2);
    put16(m, v);
}

static inline void us3(struct maker *m, uint32_t tag, unsigned a, unsigned b, unsigned c)
{
    header(m, tag, "US", 6);
    put16(m, a);
    put16(m, b);
    put16(m, c);
}

static inline void fd(struct maker *m, uint32_t tag, double v)
{
    uint64_t u;

    memcpy(&u, &v, 8);
    header(m, tag, "FD", 8);
    put32(m, (uint32_t)(m->big ? u >> 32 : u));
    put32(m, (uint32_t)(m->big ? u : u >> 32));
}

/* Preamble, meta group with this transfer syntax ("" + ".1" ...), and the style it means. */
static inline struct maker begin(const char *syntax)
{
    static const uint8_t zeros[128] = { 0 };
    struct maker m = { 0 };
    char uid[64];

    snprintf(uid, sizeof uid, "1.2.840.10008.1.2%s", syntax);
    sn_buf_add(&m.b, zeros, 128);
    sn_buf_add(&m.b, "DICM", 4);
    text(&m, TAG(2, 0x10), "UI", uid);
    m.implicit = *syntax == 0;
    m.big = strcmp(syntax, ".2") == 0;
    return m;
}

struct shape {
    unsigned rows, cols, samples, allocated, stored, is_signed, planar;
    const char *photometric, *frames; /* NULL: MONOCHROME2, absent */
};

static inline void image(struct maker *m, const struct shape *s)
{
    us(m, TAG(0x28, 2), s->samples ? s->samples : 1);
    text(m, TAG(0x28, 4), "CS", s->photometric ? s->photometric : "MONOCHROME2");
    if (s->samples > 1)
        us(m, TAG(0x28, 6), s->planar);
    if (s->frames)
        text(m, TAG(0x28, 8), "IS", s->frames);
    us(m, TAG(0x28, 0x10), s->rows);
    us(m, TAG(0x28, 0x11), s->cols);
    us(m, TAG(0x28, 0x100), s->allocated);
    us(m, TAG(0x28, 0x101), s->stored);
    us(m, TAG(0x28, 0x102), s->stored - 1);
    us(m, TAG(0x28, 0x103), s->is_signed);
}

/* Encapsulated pixel data: fragments of given sizes. */
struct fragment {
    const void *data;
    size_t n;
};

static inline void fragments(struct maker *m, const struct fragment *f, size_t n, bool delimiter)
{
    header(m, TAG(0x7fe0, 0x10), "OB", 0xffffffffu);
    for (size_t i = 0; i < n; i++)
        bytes(m, TAG(0xfffe, 0xe000), "", f[i].data, f[i].n);
    if (delimiter)
        header(m, TAG(0xfffe, 0xe0dd), "", 0);
}

/* A copy of exact size, so that a sanitizer sees an overread. The maker is freed. */
static inline uint8_t *finish(struct maker *m, size_t *n)
{
    uint8_t *copy = malloc(m->b.len ? m->b.len : 1);

    ck_assert(copy && !m->b.failed);
    memcpy(copy, m->b.data, m->b.len);
    *n = m->b.len;
    sn_buf_free(&m->b);
    return copy;
}

/* Parses and describes what was made; *file lives until drop(). */
struct made {
    uint8_t *file;
    struct sn_dicom d;
    struct sn_dicom_pixels p;
    struct sn_error err;
    int rc;
};

static inline void make(struct made *x, struct maker *m)
{
    size_t n;

    memset(x, 0, sizeof *x);
    x->file = finish(m, &n);
    x->rc = sn_dicom_parse(x->file, n, &x->d, &x->err);
    if (!x->rc)
        x->rc = sn_dicom_describe(&x->d, &x->p, &x->err);
}

static inline void drop(struct made *x)
{
    sn_dicom_free(&x->d);
    free(x->file);
}

/* The whole frame as shown. */
static inline int show(struct made *x, long frame, struct sn_image *im)
{
    struct sn_dicom_view view = { frame, SN_REGION_NONE };

    return sn_dicom_image(&x->d, &view, im, &x->err);
}

#endif
