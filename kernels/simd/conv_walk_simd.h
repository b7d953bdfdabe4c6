/*
 * conv_walk_simd.h: how a direct convolution's pixels are cut into register tiles, and how the tiles' totals go out: for
 * conv_simd.h and i16_simd.h.
 */
#ifndef SN_CONV_WALK_SIMD_H
#define SN_CONV_WALK_SIMD_H

#include "kernels/simd/tile_simd.h"

#include <math.h>

enum { BLOCK = 16 };

struct conv_tile {
    int oy, ox, np; /* np pixels from ox on in output row oy; in the next ones too, where a convolution sees no rows (no_rows) */
};

/* Where tiles' totals go: TILE_V vectors of channels. */
struct conv_out {
    const float *bias;
    float *y[TILE_V];         /* NULL: no such plane; its channels' weights are zeros */
    const float *res[TILE_V]; /* or NULL */
    size_t step, line;        /* floats between neighbouring pixels, and between rows */
    int row;                  /* pixels */
    struct sn_activation act;
    V finite;                 /* NaN once a sum was not finite */
};

/* Channels from `channel` on, in quarter `quad` of an up = 2. */
static struct conv_out conv_out(const struct sn_conv2d *p, int channel, int quad)
{
    _Alignas(64) static const float none[SN_GROUP]; /* + 0 changes nothing but -0, which is flushed */
    struct conv_out out = { .bias = p->bias ? (const float *)p->bias + channel : none, .step = (size_t)(p->up * SN_LANES),
                            .row = p->ow, .act = p->act, .finite = v_zero() };
    size_t at;

    out.line = (size_t)(p->up * p->ow) * out.step;
    at = (size_t)(quad / 2 * p->ow) * out.step + (size_t)(quad % 2 * SN_LANES);

    for (int j = 0; j < TILE_V; j++) {
        int plane = (channel + j * VN) / SN_LANES, lane = (channel + j * VN) % SN_LANES;

        if (plane * SN_LANES >= p->oc)
            break;
        out.y[j] = (float *)p->y[plane] + at + lane;
        out.res[j] = p->res ? (const float *)p->res[plane] + at + lane : NULL;
    }
    return out;
}

/*
 * The totals of np pixels on their way out; to: from the planes' first pixel to the tile's, in floats. has_res and leaky are
 * constants in the copies that matter.
 */
SN_INLINE void conv_store(int np, struct conv_out *o, const float *total, size_t to, const bool has_res, const bool leaky)
{
    V least = v_set1(o->act.kind == SN_ACT_RELU ? 0 : -INFINITY), slope = v_set1(o->act.slope);

    for (int j = 0; j < TILE_V; j++) {
        V bias = v_load(o->bias + j * VN), finite = v_zero();
        const float *res = has_res && o->res[j] ? o->res[j] + to : NULL;
        float *y = o->y[j];

        if (!y)
            continue;
        y += to;
        for (int i = 0; i < np; i++, y += o->step) {
            V v = v_add(v_load(total + i * SN_GROUP + j * VN), bias);

            if (has_res) {
                v = v_flush_add(v, v_load(res));
                res += o->step;
            }
            finite = v_fma(v, v_zero(), finite); /* infinity and NaN times zero are NaN */
            __builtin_prefetch(y + (size_t)np * o->step, 1); /* the next tile's line */
            v_store(y, leaky ? v_activate(v_flush(v), SN_ACT_LEAKY, slope) : v_flush_at_least(v, least));
        }
        o->finite = v_add(o->finite, finite);
    }
}

static void conv_finish(const struct conv_tile *t, struct conv_out *o, const float *total)
{
    bool has_res = o->res[0] != NULL;

    for (int left = t->np, y = t->oy, x = t->ox, n; left > 0; left -= n, total += n * SN_GROUP, y++, x = 0) {
        size_t to = (size_t)y * o->line + (size_t)x * o->step;

        n = SN_MIN(left, o->row - x);
        if (o->act.kind == SN_ACT_LEAKY)
            conv_store(n, o, total, to, has_res, true);
        else if (has_res)
            conv_store(n, o, total, to, true, false);
        else
            conv_store(n, o, total, to, false, false);
    }
}

/* Every pixel by itself: input pixels follow each other from row to row as output pixels do. */
static bool no_rows(const struct sn_conv2d *p) { return p->kh * p->kw * p->stride == 1 && p->pad_h + p->pad_w == 0 && !p->bordered; }

/* Cuts a span's pixels into register tiles and hands them on, BLOCK at a time, for group g; wide: and the next. */
typedef bool conv_block_fn(const void *conv, const struct conv_tile *t, int n, int g, bool wide);
SN_INLINE bool conv_walk(const struct sn_conv2d *p, const struct sn_conv_span *span, int g, bool wide, conv_block_fn *block, const void *conv)
{
    struct conv_tile tile[BLOCK];
    struct tile_cut cut = { 0 };
    bool finite = true;
    int n = 0;

    for (int px = span->p0; px < span->p1;) {
        int row = no_rows(p) ? span->p1 - px : SN_MIN(p->ow - px % p->ow, span->p1 - px); /* to the row's end */

        tile_cut(&cut, p->stride > 2 ? 1 : row, SN_GROUP); /* a tile's pixels are 1 or 2 apart */
        for (int i = 0; i < cut.pieces; i++) {
            tile[n] = (struct conv_tile){ px / p->ow, px % p->ow, cut.size + (i < cut.more) };
            px += tile[n++].np;
            if (n == BLOCK) {
                finite &= block(conv, tile, n, g, wide);
                n = 0;
            }
        }
    }
    if (n > 0)
        finite &= block(conv, tile, n, g, wide);
    return finite;
}

#endif
