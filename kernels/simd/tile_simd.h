/* tile_simd.h: the register tile that direct and Winograd convolutions share. */
#ifndef SN_TILE_SIMD_H
#define SN_TILE_SIMD_H

#include "kernels/simd/simd.h"

#define TILE_V (TILE_OC / VN)

/*
 * acc[np][nv] += the products of `lanes` channels at NP pixels, `step` floats apart, with the weights at w; those of
 * vectors TILE_V and up, where a tile is that wide, are another group's, `gap` floats on. Meanwhile the weights at
 * `next` are fetched, `pace` floats a channel: the tiles that share a chunk's weights share out the fetching of the
 * next chunk's, so that memory is read evenly. The hardware's own fetching stops at each page.
 */
SN_INLINE void conv_step(const int np, const int nv, const int step, V *acc, const float *x, int lanes, const float *w, const size_t gap,
                         const float *next, size_t pace)
{
    for (int ic = 0; ic < lanes; ic++, w += SN_GROUP, next += pace) {
        V wv[2 * TILE_V];

        /* the next tile's pixels of this plane, a line at a time: one stream a plane is more than the hardware follows */
        __builtin_prefetch(x + (np + ic) * step);
        __builtin_prefetch(next);
        if (nv > TILE_V)
            __builtin_prefetch(next + gap);
        SN_UNROLL
        for (int j = 0; j < nv; j++)
            wv[j] = v_load(w + (size_t)(j / TILE_V) * gap + j % TILE_V * VN);
        SN_UNROLL
        for (int i = 0; i < np; i++) {
            V xv = v_set1(x[i * step + ic]);

            SN_UNROLL
            for (int j = 0; j < nv; j++)
                acc[i * nv + j] = v_fma(xv, wv[j], acc[i * nv + j]);
        }
    }
}

/* The sums so far, or zeros: from NULL. */
SN_INLINE void tile_start(const int n, const float *from, V *acc)
{
    SN_UNROLL
    for (int i = 0; i < n; i++)
        acc[i] = from ? v_load(from + i * VN) : v_zero();
}

SN_INLINE void tile_store(const int n, const V *acc, float *to)
{
    SN_UNROLL
    for (int i = 0; i < n; i++)
        v_store(to + i * VN, acc[i]);
}

/* A chunk's sums join the totals, `step` floats a pixel, another group's `gap` floats on; the first chunk's become them. */
SN_INLINE void tile_total(const int np, const int nv, const int step, const int gap, const V *acc, bool first, float *total)
{
    SN_UNROLL
    for (int i = 0; i < np; i++) {
        SN_UNROLL
        for (int j = 0; j < nv; j++) {
            float *t = total + i * step + j / TILE_V * gap + j % TILE_V * VN;

            v_store(t, first ? acc[i * nv + j] : v_add(v_load(t), acc[i * nv + j]));
        }
    }
}

/* Runs `call` with NP a constant equal to np, 1 to TILE_PIXELS: register arrays need constant bounds. */
#define SN_NP(n, call)                                                                            \
    case n: {                                                                                     \
        enum { NP = n };                                                                          \
        call;                                                                                     \
        break;                                                                                    \
    }
#define SN_NP6(call) SN_NP(1, call) SN_NP(2, call) SN_NP(3, call) SN_NP(4, call) SN_NP(5, call) SN_NP(6, call)
#if TILE_PIXELS == 14
#define SN_NPS(call)                                                                              \
    SN_NP6(call) SN_NP(7, call) SN_NP(8, call) SN_NP(9, call) SN_NP(10, call) SN_NP(11, call)     \
    SN_NP(12, call) SN_NP(13, call) SN_NP(14, call)
#elif TILE_PIXELS == 6
#define SN_NPS(call) SN_NP6(call)
#endif
#if TILE_WIDE == 7
#define SN_WIDE_SWITCH(np, call)                                                                  \
    switch (np) {                                                                                 \
        SN_NP6(call) SN_NP(7, call)                                                               \
    default:                                                                                      \
        break;                                                                                    \
    }
#else
#define SN_WIDE_SWITCH(np, call) {}
#endif
#define SN_TILE_SWITCH(np, call)                                                                  \
    switch (np) {                                                                                 \
        SN_NPS(call)                                                                              \
    default:                                                                                      \
        break;                                                                                    \
    }

#endif
