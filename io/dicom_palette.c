/*
 * dicom_palette.c: PALETTE COLOR look-up tables (PS3.3 C.7.6.3.1.5 and .6), plain and segmented
 * (C.7.9.2), 8 and 16 bits, brought to 8 bits. Known to differ from the letter in the wild: tables said to
 * have 16 bits whose values end at 255 (taken as 8), 8-bit tables stored one value a word.
 */
#include <stdlib.h>

#include "io/dicom_parts.h"

enum { MAX_ENTRIES = 65536 };

struct descriptor {
    size_t entries;
    long first;
    int bits;
};

static const char *const colours[3] = { "red", "green", "blue" };

static int read_descriptor(const struct sn_dicom *d, const struct sn_dicom_pixels *p, int c, struct descriptor *x, struct sn_error *err)
{
    const struct sn_dicom_element *el = sn_dicom_find(&d->set, SN_DICOM_TAG(0x28, 0x1101 + c));
    int64_t v[3];

    for (size_t i = 0; i < 3; i++) {
        if (!sn_dicom_int(el, i, &v[i]))
            return SN_FAIL(err, SN_EFORMAT, "dicom: the %s palette has no descriptor of three numbers", colours[c]);
    }
    /* entries and bits are never negative, whatever VR says; the first value follows the pixels' sign */
    x->entries = (size_t)(v[0] & 0xffff) ? (size_t)(v[0] & 0xffff) : MAX_ENTRIES;
    x->first = (long)(v[1] & 0xffff);
    if (p->is_signed && x->first > 0x7fff)
        x->first -= 0x10000;
    x->bits = (int)v[2];
    if (x->bits != 8 && x->bits != 16)
        return SN_FAIL(err, SN_EFORMAT, "dicom: the %s palette has values of %d bits, expected 8 or 16", colours[c], x->bits);
    return SN_OK;
}

int sn_dicom_lut_values(const struct sn_dicom_element *data, size_t entries, int bits, uint16_t **values, struct sn_error *err)
{
    bool bytes = data && bits <= 8 && data->length < 2 * entries;
    size_t need = bytes ? entries : 2 * entries;

    *values = NULL;
    if (!data || data->items || data->length < need)
        return SN_FAIL(err, SN_EFORMAT, "dicom: look-up table of %zu bytes, %zu values need %zu", data ? data->length : 0, entries, need);
    *values = malloc(entries * sizeof **values);
    if (!*values)
        return SN_NOMEM(err, "a look-up table");
    for (size_t i = 0; i < entries; i++) {
        /* bytes within big-endian words come in swapped pairs (OW) */
        size_t at = bytes && data->big_endian && strcmp(data->vr, "OW") == 0 && (i ^ 1) < data->length ? i ^ 1 : i;

        (*values)[i] = bytes ? data->value[at] : sn_dicom_u16(data->value + 2 * i, data->big_endian);
    }
    return SN_OK;
}

/* ---- segmented tables (PS3.3 C.7.9.2) -------------------------------------------------------------- */

/* The codes of a segmented table as 16-bit numbers; 8-bit tables use bytes. */
struct codes {
    const struct sn_dicom_element *data;
    bool bytes;
    size_t n;
};

static unsigned code_at(const struct codes *c, size_t i)
{
    return c->bytes ? c->data->value[i] : sn_dicom_u16(c->data->value + 2 * i, c->data->big_endian);
}

struct expansion {
    uint16_t *out;
    size_t room, used;
    struct sn_error *err;
};

static int segment_error(const struct expansion *x, size_t at)
{
    return SN_FAIL(x->err, SN_EFORMAT, "dicom: segmented palette: segment at code %zu does not fit (%zu of %zu values made)", at,
                   x->used, x->room);
}

/* One discrete or linear segment at *at, which moves behind it. */
static int plain_segment(const struct codes *c, struct expansion *x, size_t *at)
{
    size_t start = *at, length, op;

    if (c->n - *at < 2)
        return segment_error(x, start);
    op = code_at(c, *at);
    length = code_at(c, *at + 1);
    *at += 2;
    if (op > 1 || length > x->room - x->used || c->n - *at < (op == 0 ? length : 1))
        return segment_error(x, start);
    if (op == 0) {
        for (size_t i = 0; i < length; i++)
            x->out[x->used++] = (uint16_t)code_at(c, (*at)++);
    } else { /* from the value before, which the segment does not repeat, to y1 */
        int64_t y0 = x->used ? x->out[x->used - 1] : 0, y1 = code_at(c, (*at)++), n = (int64_t)length;

        if (x->used == 0)
            return segment_error(x, start);
        for (int64_t i = 1; i <= n; i++) /* rounded to nearest */
            x->out[x->used++] = (uint16_t)((2 * (y0 * (n - i) + y1 * i) + n) / (2 * n));
    }
    return SN_OK;
}

/* Repeats `count` earlier segments from the byte offset the next two (8-bit: four) codes hold. */
static int indirect_segment(const struct codes *c, struct expansion *x, size_t *at)
{
    size_t start = *at, count, width = c->bytes ? 4 : 2, from = 0;

    if (c->n - *at < 2 + width)
        return segment_error(x, start);
    count = code_at(c, *at + 1);
    for (size_t i = 0; i < width; i++) /* least significant part first */
        from |= (size_t)code_at(c, *at + 2 + i) << (i * (c->bytes ? 8 : 16));
    *at += 2 + width;
    from /= c->bytes ? 1 : 2;
    for (size_t i = 0; i < count; i++) {
        if (from >= start) /* only segments already read: no recursion */
            return segment_error(x, start);
        SN_TRY(plain_segment(c, x, &from));
    }
    return SN_OK;
}

static int expand(const struct sn_dicom_element *data, const struct descriptor *desc, uint16_t **values, struct sn_error *err)
{
    struct codes c = { data, desc->bits == 8, 0 };
    struct expansion x = { .room = desc->entries, .err = err };
    size_t at = 0;
    int rc = SN_OK;

    *values = NULL;
    if (data->items)
        return SN_FAIL(err, SN_EFORMAT, "dicom: segmented palette is a sequence");
    c.n = c.bytes ? data->length : data->length / 2;
    x.out = calloc(desc->entries, sizeof *x.out);
    if (!x.out)
        return SN_NOMEM(err, "a palette");
    while (!rc && x.used < x.room && c.n > at)
        rc = code_at(&c, at) == 2 ? indirect_segment(&c, &x, &at) : plain_segment(&c, &x, &at);
    if (!rc && x.used < x.room)
        rc = SN_FAIL(err, SN_EFORMAT, "dicom: segmented palette makes %zu of %zu values", x.used, x.room);
    if (rc) {
        free(x.out);
        return rc;
    }
    *values = x.out;
    return SN_OK;
}

/* ---- the three tables ------------------------------------------------------------------------ */

static int read_colour(struct sn_dicom *d, int c, const struct descriptor *desc, uint16_t **values, struct sn_error *err)
{
    const struct sn_dicom_element *plain = sn_dicom_find(&d->set, SN_DICOM_TAG(0x28, 0x1201 + c));
    const struct sn_dicom_element *parts = sn_dicom_find(&d->set, SN_DICOM_TAG(0x28, 0x1221 + c));
    int rc = plain || !parts ? sn_dicom_lut_values(plain, desc->entries, desc->bits, values, err) : expand(parts, desc, values, err);

    return rc ? sn_fail_context(err, rc, "dicom: %s palette", colours[c]) : SN_OK;
}

/* To 8 bits: one shift for all three colours, or hues would change. */
static int narrow(struct sn_dicom *d, const struct descriptor desc[3], uint16_t *const values[3], struct sn_dicom_palette *lut,
                  struct sn_error *err)
{
    uint16_t most = 0;
    uint8_t *next;

    for (int c = 0; c < 3; c++) {
        for (size_t i = 0; i < desc[c].entries; i++)
            most = SN_MAX(most, values[c][i]);
    }
    if (desc[0].bits == 16 && most <= 255)
        sn_dicom_note(d, "16-bit palette with values up to %u, taken as 8-bit", most);
    lut->memory = next = malloc(desc[0].entries + desc[1].entries + desc[2].entries);
    if (!next)
        return SN_NOMEM(err, "the palette");
    for (int c = 0; c < 3; c++) {
        lut->colour[c] = next;
        lut->n[c] = desc[c].entries;
        for (size_t i = 0; i < desc[c].entries; i++)
            *next++ = (uint8_t)(values[c][i] >> (most > 255 ? 8 : 0));
    }
    return SN_OK;
}

int sn_dicom_palette_read(struct sn_dicom *d, const struct sn_dicom_pixels *p, struct sn_dicom_palette *lut, struct sn_error *err)
{
    uint16_t *values[3] = { NULL, NULL, NULL };
    struct descriptor desc[3];
    int rc = SN_OK;

    memset(lut, 0, sizeof *lut);
    for (int c = 0; c < 3; c++)
        SN_TRY(read_descriptor(d, p, c, &desc[c], err));
    if (desc[0].first != desc[1].first || desc[0].first != desc[2].first)
        return SN_FAIL(err, SN_EFORMAT, "dicom: the palettes begin at values %ld, %ld and %ld, expected one", desc[0].first,
                       desc[1].first, desc[2].first);
    lut->first = desc[0].first;
    for (int c = 0; c < 3 && !rc; c++)
        rc = read_colour(d, c, &desc[c], &values[c], err);
    if (!rc)
        rc = narrow(d, desc, values, lut, err);
    for (int c = 0; c < 3; c++)
        free(values[c]);
    return rc;
}

void sn_dicom_palette_free(struct sn_dicom_palette *lut)
{
    free(lut->memory);
    memset(lut, 0, sizeof *lut);
}
