/*
 * conv_simd.h: conv2d as register tiles of NP pixels (of one output row) x TILE_OC channels: per
 * input channel, load the channel's weights, broadcast NP inputs, NP x TILE_OC/VN fused
 * multiply-adds. The tap list is walked inside a chunk, so the accumulators stay in registers for
 * up to 64 * kh * kw steps; chunk totals wait in a small buffer in L1. Up to BLOCK tiles pass through
 * the chunks together: weights that come from memory come once for all of them, at a pace that the
 * hardware's prefetcher can follow.
 * Pixels that are not neighbours in memory (stride, image border) are first copied to a scratch
 * line: one copy per 16 * TILE_OC/VN multiply-adds each, 2 to 6 % where it happens.
 * With SN_PARTS_ONLY: the parts that i16_simd.h needs.
 */
#include "kernels/simd/tile_simd.h"

/*
 * The np input pixels of one tap, `step` floats apart: in place where they lie inside the image, else
 * gathered, with zeros for those outside (fma(0, w, acc) leaves acc as it is). NULL: all outside.
 */
SN_INLINE const float *conv_line(const struct sn_conv2d *p, const int np, const int step, const float *row, int x, float *scratch)
{
    bool any = false;

    if (p->stride * SN_LANES == step && x >= 0 && x + (np - 1) * p->stride < p->iw)
        return row + (ptrdiff_t)x * SN_LANES;
    for (int i = 0; i < np; i++, x += p->stride) {
        bool inside = x >= 0 && x < p->iw;

        any |= inside;
        for (int l = 0; l < SN_LANES; l += VN)
            v_store(scratch + i * step + l, inside ? v_load(row + (ptrdiff_t)x * SN_LANES + l) : v_zero());
    }
    return any ? scratch : NULL;
}

/* One vector of outputs on its way out. */
SN_INLINE V conv_value(V v, const float *bias, const float *res, const enum sn_act act, V slope)
{
    v = v_flush(bias ? v_add(v, v_load(bias)) : v);
    if (res)
        v = v_flush(v_add(v, v_load(res)));
    return v_activate(v, act, slope);
}

/* act, and whether there is a residual, are constants in each of the copies below. */
SN_INLINE void conv_store(const struct sn_conv2d *p, const int np, int channel, size_t pixel, const float *total, const enum sn_act act,
                          const bool has_res)
{
    static const float zero[SN_GROUP];
    V slope = v_set1(p->act.slope);

    /* channels beyond the planes of y have zero weights and are not stored */
    for (int o = 0; o < TILE_OC && channel + o - (channel + o) % SN_LANES < p->oc; o += VN) {
        int plane = (channel + o) / SN_LANES, lane = (channel + o) % SN_LANES;
        const float *bias = p->bias ? (const float *)p->bias + channel + o : zero; /* + 0 changes nothing but -0, which is flushed */
        size_t at = pixel * SN_LANES + (size_t)lane, step = (size_t)(p->up * SN_LANES);
        const float *res = has_res ? (const float *)p->res[plane] + at : NULL;
        float *y = (float *)p->y[plane] + at;

        for (int i = 0; i < np; i++, y += step) {
            v_store(y, conv_value(v_load(total + i * TILE_OC + o), bias, res, act, slope));
            if (has_res)
                res += step;
        }
    }
}

static void conv_finish(const struct sn_conv2d *p, int np, int channel, size_t pixel, const float *total)
{
    switch (p->act.kind) {
    case SN_ACT_RELU:
        if (p->res)
            conv_store(p, np, channel, pixel, total, SN_ACT_RELU, true);
        else
            conv_store(p, np, channel, pixel, total, SN_ACT_RELU, false);
        break;
    case SN_ACT_LEAKY:
        conv_store(p, np, channel, pixel, total, SN_ACT_LEAKY, p->res != NULL);
        break;
    default:
        conv_store(p, np, channel, pixel, total, SN_ACT_NONE, p->res != NULL);
        break;
    }
}

enum { BLOCK = 4 };

struct conv_tile {
    int oy, ox, np; /* np pixels of output row oy from ox on */
};

/* Cuts a span into register tiles and hands them on, BLOCK at a time. */
typedef void conv_block_fn(const void *conv, const struct conv_tile *t, int n, int g);
SN_INLINE void conv_walk(const struct sn_conv2d *p, const struct sn_conv_span *span, conv_block_fn *block, const void *conv)
{
    struct conv_tile tile[BLOCK];

    for (int g = span->g0; g < span->g1; g++) {
        int n = 0;

        for (int px = span->p0; px < span->p1;) {
            int oy = px / p->ow, ox = px % p->ow;
            int row = SN_MIN(p->ow - ox, span->p1 - px); /* to the end of the row */
            int tiles = (row + TILE_PIXELS - 1) / TILE_PIXELS;

            /* nearly equal pieces: 32 = 11 + 11 + 10, not 14 + 14 + 4 */
            for (int t = 0; t < tiles; t++) {
                int from = row * t / tiles;

                tile[n++] = (struct conv_tile){ oy, ox + from, row * (t + 1) / tiles - from };
                if (n == BLOCK) {
                    block(conv, tile, n, g);
                    n = 0;
                }
            }
            px += row;
        }
        block(conv, tile, n, g);
    }
}

#ifndef SN_PARTS_ONLY
/*
 * One chunk, planes c0 <= c < c1 with the weights at w, of one register tile: its sums join the total.
 * step: floats between neighbouring pixels' inputs, 16 for stride 1, 32 for stride 2.
 */
SN_INLINE void conv_chunk(const struct sn_conv2d *p, const int np, const int step, const struct conv_tile *t, int c0, int c1, const float *w,
                          float *total)
{
    _Alignas(64) float scratch[TILE_PIXELS * 2 * SN_LANES];
    V acc[TILE_PIXELS][TILE_V];

    tile_zero(np, acc);
    for (int kh = 0; kh < p->kh; kh++) {
        int y = t->oy * p->stride - p->pad_h + kh * p->dil;

        for (int kw = 0; kw < p->kw; kw++) {
            int x = t->ox * p->stride - p->pad_w + kw * p->dil;

            for (int c = c0; c < c1; c++) {
                const float *line = NULL;

                if (y >= 0 && y < p->ih)
                    line = conv_line(p, np, step, (const float *)p->x[c] + (size_t)y * (size_t)p->iw * SN_LANES, x, scratch);
                if (line)
                    conv_step(np, step, acc, line, p->lanes[c], w, 0);
                w += (size_t)p->lanes[c] * SN_GROUP;
            }
        }
    }
    tile_total(np, TILE_OC, acc, c0 == 0, total);
}

static void conv_sum(const struct sn_conv2d *p, const struct conv_tile *t, int c0, int c1, const float *w, float *total)
{
    if (p->stride == 2)
        SN_TILE_SWITCH(t->np, conv_chunk(p, NP, 2 * SN_LANES, t, c0, c1, w, total))
    else
        SN_TILE_SWITCH(t->np, conv_chunk(p, NP, SN_LANES, t, c0, c1, w, total))
}

/* n tiles, all channels of weight group g. */
static void conv_block(const void *conv, const struct conv_tile *t, int n, int g)
{
    const struct sn_conv2d *p = conv;
    _Alignas(64) float total[BLOCK][TILE_PIXELS * TILE_OC];
    int quad = g / p->groups;

    for (int half = 0; half < SN_GROUP && g % p->groups * SN_GROUP + half < p->oc; half += TILE_OC) {
        const float *w = (const float *)p->w + (size_t)g * p->group_stride + half;

        for (int c0 = 0; c0 < p->planes; c0 += SN_CHUNK) {
            int c1 = SN_MIN(c0 + SN_CHUNK, p->planes);

            for (int i = 0; i < n; i++)
                conv_sum(p, &t[i], c0, c1, w, total[i]);
            for (int c = c0; c < c1; c++)
                w += (size_t)p->lanes[c] * (size_t)(p->kh * p->kw) * SN_GROUP;
        }
        for (int i = 0; i < n; i++) {
            size_t pixel = ((size_t)(t[i].oy * p->up + quad / 2) * (size_t)p->ow + (size_t)t[i].ox) * (size_t)p->up + (size_t)(quad % 2);

            conv_finish(p, t[i].np, g % p->groups * SN_GROUP + half, pixel, total[i]);
        }
    }
}

void SN_SIMD(conv2d)(const struct sn_conv2d *p, const struct sn_conv_span *span)
{
    conv_walk(p, span, conv_block, p);
}
#endif
