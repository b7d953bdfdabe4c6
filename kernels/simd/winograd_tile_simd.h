/* winograd_tile_simd.h: a Winograd tile's outputs from its sums, for winograd_simd.h and i16_simd.h. */
#ifndef SN_WINOGRAD_TILE_SIMD_H
#define SN_WINOGRAD_TILE_SIMD_H

#include "kernels/ref/winograd_tiles.h"
#include "kernels/simd/line_simd.h"

#include <math.h>

/* Runs `call` with HIGH and WIDE constants equal to a tile's kinds down and across. */
#define SN_KIND(high, wide, call)                                                                 \
    case (high) * 8 + (wide): {                                                                   \
        enum { HIGH = high, WIDE = wide };                                                        \
        call;                                                                                     \
        break;                                                                                    \
    }
#define SN_KIND_SWITCH(high, wide, call)                                                          \
    switch ((high) * 8 + (wide)) {                                                                \
        SN_KIND(4, 4, call) SN_KIND(4, 3, call) SN_KIND(3, 4, call) SN_KIND(3, 3, call)           \
        SN_KIND(3, 2, call) SN_KIND(2, 3, call) SN_KIND(2, 2, call)                               \
        SN_KIND(1, 1, call) SN_KIND(1, 0, call) SN_KIND(0, 1, call) SN_KIND(0, 0, call)           \
    default:                                                                                      \
        break;                                                                                    \
    }

/*
 * Lines from <= i < to of a row of them, `step` floats apart. Two addresses, the rest by adding: as a sum from further
 * away each would be kept on the stack.
 */
SN_INLINE void lines_load(const int from, const int to, const float *p, size_t step, V *line)
{
    const float *p3 = p + 3 * step;

    SN_HIDE(p);
    SN_HIDE(p3);
    SN_UNROLL
    for (int i = from; i < to; i++)
        line[i] = v_load(i < 3 ? p + (size_t)i * step : p3 + (size_t)(i - 3) * step);
}

/*
 * One tile's outputs of VN channels: back-transform, bias, residual, activation. What the stores might change,
 * as the compiler sees it, is in variables before the first of them.
 */
SN_INLINE void output_tile(const struct sn_winograd *p, const int high, const int wide, const float *m, size_t stride, int channel,
                           int y0, int x0, V *finite)
{
    size_t col = (size_t)p->dil * SN_LANES, row = col * (size_t)p->w;
    size_t at = ((size_t)y0 * (size_t)p->w + (size_t)x0) * SN_LANES + (size_t)(channel % SN_LANES);
    const float *res = p->res ? (const float *)p->res[channel / SN_LANES] + at : NULL;
    float *y = (float *)p->y[channel / SN_LANES] + at;
    V bias = p->bias ? v_load((const float *)p->bias + channel) : v_zero(); /* + 0 changes nothing but -0, which is flushed */
    V least = v_set1(p->act.kind == SN_ACT_RELU ? 0 : -INFINITY), slope = v_set1(p->act.slope), ok = *finite;
    bool leaky = p->act.kind == SN_ACT_LEAKY;
    size_t across = (size_t)sn_winograd_across(p) * stride;
    int dil = p->dil, below = p->h - y0, right = p->w - x0;
    float *pool = p->pool ? (float *)p->pool[channel / SN_LANES] + ((size_t)(y0 / 2) * (size_t)(p->w / 2) + (size_t)(x0 / 2)) * SN_LANES +
                                (size_t)(channel % SN_LANES) : NULL;
    V d[6][4], line[6], out[4], top[2] = { v_zero(), v_zero() };

    SN_UNROLL
    for (int j = sn_points_from(wide); j < sn_points_to(wide); j++) {
        lines_load(sn_points_from(high), sn_points_to(high), m + (size_t)j * stride, across, line);
        winograd_output(high, line, d[j]);
    }
    SN_UNROLL
    for (int i = 0; i < sn_piece_outputs(high); i++) {
        if (i * dil >= below)
            continue;
        SN_UNROLL
        for (int j = sn_points_from(wide); j < sn_points_to(wide); j++)
            line[j] = d[j][i];
        winograd_output(wide, line, out);
        SN_UNROLL
        for (int j = 0; j < sn_piece_outputs(wide); j++) {
            V v = v_add(out[j], bias);

            if (j * dil >= right)
                continue;
            if (res)
                v = v_flush_add(v, v_load(res + (size_t)i * row + (size_t)j * col));
            ok = v_fma(v, v_zero(), ok); /* infinity and NaN times zero are NaN */
            out[j] = leaky ? v_activate(v_flush(v), SN_ACT_LEAKY, slope) : v_flush_at_least(v, least);
            v_store(y + (size_t)i * row + (size_t)j * col, out[j]);
        }
        SN_UNROLL
        for (int j = 0; j + 1 < sn_piece_outputs(wide); j += 2) { /* windows lie in the image or outside: h and w are even */
            if (!pool || j >= right)
                continue;
            if (i % 2 == 0)
                top[j / 2] = v_largest(out[j], out[j + 1]);
            else
                v_store(pool + ((size_t)(i / 2) * (size_t)(p->w / 2) + (size_t)(j / 2)) * SN_LANES,
                        v_largest(v_largest(top[j / 2], out[j]), out[j + 1]));
        }
    }
    *finite = ok;
}

#endif
