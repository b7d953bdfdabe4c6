/* tile_simd.h: the register tile that direct and Winograd convolutions share. */
#ifndef SN_TILE_SIMD_H
#define SN_TILE_SIMD_H

#include "kernels/simd/simd.h"

#define TILE_V (TILE_OC / VN)

/* acc += the products of `lanes` channels at NP pixels, `step` floats apart, with the weights at w. */
SN_INLINE void conv_step(const int np, const int step, V acc[][TILE_V], const float *x, int lanes, const float *w)
{
    for (int ic = 0; ic < lanes; ic++, w += SN_GROUP) {
        V wv[TILE_V];

        /* the next tile's pixels of this plane, a line at a time: one stream a plane is more than the hardware follows */
        __builtin_prefetch(x + (np + ic) * step);
        SN_UNROLL
        for (int j = 0; j < TILE_V; j++)
            wv[j] = v_load(w + j * VN);
        SN_UNROLL
        for (int i = 0; i < np; i++) {
            V xv = v_set1(x[i * step + ic]);

            SN_UNROLL
            for (int j = 0; j < TILE_V; j++)
                acc[i][j] = v_fma(xv, wv[j], acc[i][j]);
        }
    }
}

#endif
