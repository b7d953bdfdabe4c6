/*
 * png_rows.c: from filtered, packed PNG rows to pixels: the five row filters, Adam7, and the
 * expansion of palettes, small grey depths and colour keys.
 */
#include <stdlib.h>

#include "io/png_parts.h"

static unsigned samples_per_pixel(const struct sn_png *p)
{
    static const uint8_t n[7] = { 1, 0, 3, 1, 2, 0, 4 };

    return n[p->colour];
}

int sn_png_channels(const struct sn_png *p)
{
    if (p->colour == SN_PNG_PALETTE)
        return p->has_alpha ? 4 : 3;
    return (int)samples_per_pixel(p) + p->has_key;
}

/* ---- Adam7 (ISO/IEC 15948, 8.2): pass i holds the pixels (x0 + k dx, y0 + m dy) ------------- */

struct pass {
    uint8_t x0, y0, dx, dy;
};
static const struct pass adam7[7] = { { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 },
                                      { 2, 0, 4, 4 }, { 0, 2, 2, 4 }, { 1, 0, 2, 2 },
                                      { 0, 1, 1, 2 } };
static const struct pass whole = { 0, 0, 1, 1 };

static uint32_t pass_count(uint32_t n, unsigned start, unsigned step)
{
    return n > start ? (n - start + step - 1) / step : 0;
}

static size_t row_bytes(const struct sn_png *p, uint32_t w)
{
    return ((size_t)w * samples_per_pixel(p) * p->depth + 7) / 8;
}

static size_t pass_bytes(const struct sn_png *p, const struct pass *s)
{
    uint32_t w = pass_count(p->width, s->x0, s->dx), h = pass_count(p->height, s->y0, s->dy);

    return w ? (row_bytes(p, w) + 1) * h : 0; /* an empty pass has no filter bytes either */
}

size_t sn_png_filtered_bytes(const struct sn_png *p)
{
    size_t sum = 0;

    if (!p->interlaced)
        return pass_bytes(p, &whole);
    for (int i = 0; i < 7; i++)
        sum += pass_bytes(p, &adam7[i]);
    return sum;
}

/* ---- filters (ISO/IEC 15948, 9.2) ------------------------------------------------------------ */

/* Of left a, above b and above-left c the one nearest to a + b - c; ties in that order. */
static uint8_t paeth(int a, int b, int c)
{
    int pa = b - c, pb = a - c, pc = pa + pb;
    int best;

    pa = pa < 0 ? -pa : pa;
    pb = pb < 0 ? -pb : pb;
    pc = pc < 0 ? -pc : pc;
    best = pb < pa ? b : a;
    pa = pb < pa ? pb : pa;
    return (uint8_t)(pc < pa ? c : best);
}

/*
 * One row in place; `up` is the row above, zeros for the first. Kept apart per bytes per pixel so that the compiler knows
 * the distance of the chain and keeps the pixel to the left in registers; bpp is 1, 2, 3, 4, 6 or 8, and divides n.
 */
static inline void unfilter_bpp(uint8_t *row, const uint8_t *up, size_t n, size_t bpp, int filter)
{
    uint8_t left[8] = { 0 };

    switch (filter) {
    case 1:
        for (size_t i = 0; i < n; i += bpp)
            for (size_t k = 0; k < bpp; k++)
                left[k] = row[i + k] = (uint8_t)(row[i + k] + left[k]);
        break;
    case 2:
        for (size_t i = 0; i < n; i++)
            row[i] = (uint8_t)(row[i] + up[i]);
        break;
    case 3:
        for (size_t i = 0; i < n; i += bpp)
            for (size_t k = 0; k < bpp; k++)
                left[k] = row[i + k] = (uint8_t)(row[i + k] + ((left[k] + up[i + k]) >> 1));
        break;
    case 4:
        for (size_t k = 0; k < bpp; k++)
            left[k] = row[k] = (uint8_t)(row[k] + up[k]);
        for (size_t i = bpp; i < n; i += bpp)
            for (size_t k = 0; k < bpp; k++)
                left[k] = row[i + k] = (uint8_t)(row[i + k] + paeth(left[k], up[i + k], up[i + k - bpp]));
        break;
    default:
        break;
    }
}

static void unfilter(uint8_t *row, const uint8_t *up, size_t n, size_t bpp, int filter)
{
    switch (bpp) {
    case 1: unfilter_bpp(row, up, n, 1, filter); break;
    case 2: unfilter_bpp(row, up, n, 2, filter); break;
    case 3: unfilter_bpp(row, up, n, 3, filter); break;
    case 4: unfilter_bpp(row, up, n, 4, filter); break;
    case 6: unfilter_bpp(row, up, n, 6, filter); break;
    default: unfilter_bpp(row, up, n, 8, filter); break;
    }
}

/* ---- expansion ---------------------------------------------------------------------------- */

static unsigned packed_sample(const uint8_t *row, size_t i, unsigned depth)
{
    size_t bit = i * depth;

    return (unsigned)row[bit / 8] >> (8 - depth - bit % 8) & ((1u << depth) - 1);
}

/* An index beyond the palette is black and opaque, as in libpng, and noted: such files exist. */
static void expand_palette(struct sn_png *p, const uint8_t *row, uint32_t n, uint8_t *dst)
{
    for (uint32_t i = 0; i < n; i++) {
        unsigned k = p->depth == 8 ? row[i] : packed_sample(row, i, p->depth);

        p->beyond_palette |= k >= p->palette_size;
        memcpy(dst, p->palette + (size_t)3 * k, 3);
        dst += 3;
        if (p->has_alpha)
            *dst++ = p->alpha[k];
    }
}

static void expand_small_grey(const struct sn_png *p, const uint8_t *row, uint32_t n, uint8_t *dst)
{
    unsigned scale = 255u / ((1u << p->depth) - 1); /* 255, 85, 17 */

    for (uint32_t i = 0; i < n; i++) {
        unsigned v = packed_sample(row, i, p->depth);

        *dst++ = (uint8_t)(v * scale);
        if (p->has_key)
            *dst++ = v == p->key[0] ? 0 : 255;
    }
}

/* 8-bit grey or RGB with a transparent colour. */
static void expand_key8(const struct sn_png *p, const uint8_t *row, uint32_t n, uint8_t *dst)
{
    unsigned s = samples_per_pixel(p);

    for (uint32_t i = 0; i < n; i++) {
        bool same = true;

        for (unsigned k = 0; k < s; k++) {
            same = same && *row == p->key[k];
            *dst++ = *row++;
        }
        *dst++ = same ? 0 : 255;
    }
}

static void expand_16(const struct sn_png *p, const uint8_t *row, uint32_t n, uint16_t *dst)
{
    unsigned s = samples_per_pixel(p);

    for (uint32_t i = 0; i < n; i++) {
        bool same = true;

        for (unsigned k = 0; k < s; k++, row += 2) {
            uint16_t v = sn_be16(row);

            same = same && (!p->has_key || v == p->key[k]);
            *dst++ = v;
        }
        if (p->has_key)
            *dst++ = same ? 0 : 65535;
    }
}

/* n packed pixels of an unfiltered row to final samples. */
static void expand(struct sn_png *p, const uint8_t *row, uint32_t n, void *dst)
{
    if (p->colour == SN_PNG_PALETTE)
        expand_palette(p, row, n, dst);
    else if (p->depth == 16)
        expand_16(p, row, n, dst);
    else if (p->depth < 8)
        expand_small_grey(p, row, n, dst);
    else if (p->has_key)
        expand_key8(p, row, n, dst);
    else
        memcpy(dst, row, n * (size_t)samples_per_pixel(p));
}

/* ---- passes ------------------------------------------------------------------------------- */

/* `line`: a row of zeros (the one above the first) and, after it, room for expanded pixels. */
static int decode_pass(struct sn_png *p, const struct pass *s, uint8_t *rows,
                       struct sn_image *im, uint8_t *line, size_t pixel, struct sn_error *err)
{
    uint32_t w = pass_count(p->width, s->x0, s->dx), h = pass_count(p->height, s->y0, s->dy);
    size_t n = row_bytes(p, w), bpp = (samples_per_pixel(p) * p->depth + 7u) / 8;
    uint8_t *expanded = line + (row_bytes(p, p->width) + 15) / 16 * 16; /* aligned for 16 bits */
    const uint8_t *up = line;

    for (uint32_t m = 0; w && m < h; m++, rows += n + 1) {
        uint32_t y = s->y0 + m * s->dy;
        uint8_t *out = (uint8_t *)im->data + (size_t)y * p->width * pixel;

        if (rows[0] > 4)
            return SN_FAIL(err, SN_EFORMAT, "png: row %u has filter type %u, expected 0 to 4", y,
                           rows[0]);
        unfilter(rows + 1, up, n, bpp, rows[0]);
        up = rows + 1;
        expand(p, up, w, s->dx == 1 ? out : expanded);
        if (s->dx == 1)
            continue;
        for (uint32_t k = 0; k < w; k++)
            memcpy(out + ((size_t)s->x0 + (size_t)k * s->dx) * pixel, expanded + k * pixel, pixel);
    }
    return SN_OK;
}

int sn_png_rows(struct sn_png *p, uint8_t *rows, struct sn_image *im, struct sn_error *err)
{
    size_t pixel = (size_t)im->channels * (size_t)(im->depth / 8);
    uint8_t *line = calloc(1, row_bytes(p, p->width) + 16 + p->width * pixel);
    int rc = SN_OK;

    if (!line)
        return SN_NOMEM(err, "PNG row");
    if (!p->interlaced) {
        rc = decode_pass(p, &whole, rows, im, line, pixel, err);
    } else {
        for (int i = 0; i < 7 && !rc; i++) {
            rc = decode_pass(p, &adam7[i], rows, im, line, pixel, err);
            rows += pass_bytes(p, &adam7[i]);
        }
    }
    free(line);
    return rc;
}
