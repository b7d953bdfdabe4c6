/*
 * jpeg_out.c: from blocks to rows of samples, from rows to pixels.
 *
 * Each component keeps the rows of three MCU rows. A row of MCUs is turned into pixels when the next
 * one is there, since triangle upsampling looks one row up and down.
 */
#include <stdlib.h>

#include "io/jpeg_parts.h"

enum colour { PLANES, YCC, CMYK, YCCK };

static enum colour colour_of(const struct sn_jpeg *d)
{
    int n = d->info.components;

    if (d->opt.colour == SN_JPEG_COMPONENTS || n < 3)
        return PLANES;
    if (n == 4)
        return d->info.ycc ? YCCK : CMYK;
    return d->info.ycc || d->opt.colour == SN_JPEG_YCC ? YCC : PLANES;
}

/* As libjpeg chooses: triangle where the factor is 2, unless rows are too short for it. */
static enum sn_jpeg_upsample upsample_of(const struct sn_jpeg *d, const struct sn_jpeg_component *c)
{
    int h = d->max_h / c->h, v = d->max_v / c->v;

    if (h == 1 && v == 1)
        return SN_UP_NONE;
    if (h == 1 && v == 2)
        return SN_UP_H1V2;
    if (h == 2 && c->width > 2 && v <= 2)
        return v == 1 ? SN_UP_H2V1 : SN_UP_H2V2;
    return SN_UP_BOX;
}

int sn_jpeg_out_begin(struct sn_jpeg *d)
{
    int n = d->info.components;
    size_t row = (size_t)d->mcus_x * 8 * (unsigned)d->max_h + SN_JPEG_ROW_PAD;

    for (int i = 0; i < n; i++) {
        struct sn_jpeg_component *c = &d->comp[i];

        c->up = upsample_of(d, c);
        c->ring = 3 * 8u * c->v;
        c->stride = (size_t)c->row_blocks * 8 + SN_JPEG_ROW_PAD;
        c->rows = calloc(c->ring, c->stride);
        d->up[i] = malloc(row + SN_JPEG_ROW_PAD);
        if (!c->rows || !d->up[i])
            return SN_NOMEM(d->err, "JPEG rows");
    }
    if (colour_of(d) == YCCK) {
        d->rgb = malloc(3 * row);
        if (!d->rgb)
            return SN_NOMEM(d->err, "JPEG rows");
    }
    return sn_image_alloc(d->im, d->info.width, d->info.height, colour_of(d) == PLANES ? n : 3, 8, d->err);
}

void sn_jpeg_out_free(struct sn_jpeg *d)
{
    for (int i = 0; i < 4; i++) {
        free(d->comp[i].rows);
        free(d->comp[i].coef);
        free(d->up[i]);
    }
    free(d->rgb);
}

void sn_jpeg_out_block(struct sn_jpeg *d, const struct sn_jpeg_component *c, const int16_t *coef, uint32_t bx, uint32_t by)
{
    d->ops.idct(coef, c->quant, c->rows + (by * 8 % c->ring) * c->stride + (size_t)bx * 8, c->stride);
}

static const uint8_t *sample_row(const struct sn_jpeg_component *c, uint32_t y)
{
    return c->rows + (y % c->ring) * c->stride;
}

static void repeat(const uint8_t *in, size_t n, unsigned times, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < times; k++)
            *out++ = in[i];
}

/* Component i's samples for picture row y, at full width. */
static const uint8_t *full_row(struct sn_jpeg *d, int i, uint32_t y)
{
    const struct sn_jpeg_component *c = &d->comp[i];
    uint32_t cy = y / ((unsigned)d->max_v / c->v);
    /* the second nearest row; the picture's first and last have themselves beyond the edge */
    uint32_t far = y & 1 ? SN_MIN(cy + 1, c->height - 1) : cy - (cy > 0);
    const uint8_t *near = sample_row(c, cy);
    uint8_t *out = d->up[i];

    switch (c->up) {
    case SN_UP_H2V1:
        d->ops.h2v1(near, c->width, out);
        return out;
    case SN_UP_H1V2:
        d->ops.h1v2(near, sample_row(c, far), c->width, y & 1 ? 2 : 1, out);
        return out;
    case SN_UP_H2V2:
        d->ops.h2v2(near, sample_row(c, far), c->width, out);
        return out;
    case SN_UP_BOX:
        if (d->max_h == c->h)
            return near;
        repeat(near, c->width, (unsigned)d->max_h / c->h, out);
        return out;
    default:
        return near;
    }
}

/* Inverted CMYK, as Adobe stores it, the way djpeg writes it as RGB: C K / 255, rounded. */
static void multiply_black(const uint8_t *c, const uint8_t *m, const uint8_t *y, size_t step, const uint8_t *k, size_t n,
                           unsigned invert, uint8_t *rgb)
{
    for (size_t i = 0; i < n; i++, c += step, m += step, y += step, rgb += 3) {
        rgb[0] = (uint8_t)((2 * (*c ^ invert) * k[i] + 255) / 510);
        rgb[1] = (uint8_t)((2 * (*m ^ invert) * k[i] + 255) / 510);
        rgb[2] = (uint8_t)((2 * (*y ^ invert) * k[i] + 255) / 510);
    }
}

static void interleave(const uint8_t *const row[4], int channels, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < channels; k++)
            *out++ = row[k][i];
}

static void picture_row(struct sn_jpeg *d, uint32_t y)
{
    size_t n = d->info.width;
    uint8_t *out = (uint8_t *)d->im->data + (size_t)y * n * (size_t)d->im->channels;
    const uint8_t *row[4] = { NULL };

    for (int i = 0; i < d->info.components; i++)
        row[i] = full_row(d, i, y);
    switch (colour_of(d)) {
    case YCC:
        d->ops.ycc(row[0], row[1], row[2], n, out);
        break;
    case CMYK:
        multiply_black(row[0], row[1], row[2], 1, row[3], n, 0, out);
        break;
    case YCCK:
        d->ops.ycc(row[0], row[1], row[2], n, d->rgb);
        multiply_black(d->rgb, d->rgb + 1, d->rgb + 2, 3, row[3], n, 255, out);
        break;
    default:
        if (d->info.components == 1)
            memcpy(out, row[0], n);
        else if (d->info.components == 3)
            d->ops.rgb(row[0], row[1], row[2], n, out);
        else
            interleave(row, d->info.components, n, out);
    }
}

static void emit(struct sn_jpeg *d, uint32_t row)
{
    uint32_t rows = 8u * (unsigned)d->max_v, end = SN_MIN((row + 1) * rows, d->info.height);

    for (uint32_t y = row * rows; y < end; y++)
        picture_row(d, y);
}

void sn_jpeg_out_mcu_row(struct sn_jpeg *d, uint32_t row)
{
    if (row > 0)
        emit(d, row - 1);
    if (row + 1 == d->mcus_y)
        emit(d, row);
}

static void finished_row(struct sn_jpeg *d, const struct sn_jpeg_component *c, uint32_t mcu_row)
{
    uint32_t end = SN_MIN((mcu_row + 1) * c->v, c->bh);

    for (uint32_t by = mcu_row * c->v; by < end; by++)
        for (uint32_t bx = 0; bx < c->bw; bx++)
            sn_jpeg_out_block(d, c, c->coef + ((size_t)by * c->row_blocks + bx) * 64, bx, by);
}

void sn_jpeg_out_all(struct sn_jpeg *d)
{
    bool smooth = sn_jpeg_smooth_wanted(d);

    for (uint32_t row = 0; row < d->mcus_y; row++) {
        for (int i = 0; i < d->info.components; i++) {
            if (smooth)
                sn_jpeg_smooth_row(d, &d->comp[i], row);
            else
                finished_row(d, &d->comp[i], row);
        }
        sn_jpeg_out_mcu_row(d, row);
    }
}
