/* ref.h: what the scalar twins share. The double build (SN_FP64) has the same loops. */
#ifndef SN_REF_H
#define SN_REF_H

#include "kernels/kernels.h"

#ifdef SN_FP64
static inline double fma_real(double a, double b, double c) { return a * b + c; } /* the yardstick needs no fused bit */
static inline double flush_real(double y) { return (y < DBL_MIN && y > -DBL_MIN) ? 0.0 : y; }
#else
static inline float fma_real(float a, float b, float c) { return sn_fmaf(a, b, c); }
static inline float flush_real(float y) { return sn_flush(y); }
#endif

/* What maxpool keeps of the largest value so far and one more. */
static inline sn_real largest(sn_real m, sn_real v) { return v > m || v != v ? v : m; }

/* Pixel (y, x) of the smaller plane x, upsampled. */
static inline sn_real interpolated(const struct sn_upsample *p, const sn_real *plane, int y, int x, size_t l)
{
    const sn_real *fy = p->fy, *fx = p->fx;
    const sn_real *a = plane + (size_t)p->y0[y] * (size_t)p->iw * SN_LANES + l, *b = plane + (size_t)p->y1[y] * (size_t)p->iw * SN_LANES + l;
    size_t i0 = (size_t)p->x0[x] * SN_LANES, i1 = (size_t)p->x1[x] * SN_LANES;
    sn_real gx = 1 - fx[x], gy = 1 - fy[y], top = fma_real(fx[x], a[i1], gx * a[i0]), bottom = fma_real(fx[x], b[i1], gx * b[i0]);

    return flush_real(fma_real(fy[y], bottom, gy * top));
}

/* A Winograd tile's part of p->pool, of group g: its outputs from (y0, x0) on are in p->y. */
static inline void pool_tile(const struct sn_winograd *p, int g, int y0, int x0)
{
    size_t w = (size_t)p->w * SN_LANES;

    for (int k = 2 * g; p->pool && k < SN_MIN(2 * g + 2, (p->oc + SN_LANES - 1) / SN_LANES); k++)
        for (int i = y0; i < SN_MIN(y0 + 4, p->h); i += 2)
            for (int j = x0; j < SN_MIN(x0 + 4, p->w); j += 2)
                for (size_t l = 0; l < SN_LANES; l++) {
                    const sn_real *v = (const sn_real *)p->y[k] + (size_t)i * w + (size_t)j * SN_LANES + l;

                    ((sn_real *)p->pool[k])[(size_t)(i / 2) * (w / 2) + (size_t)(j / 2) * SN_LANES + l] =
                        largest(largest(largest(v[0], v[SN_LANES]), v[w]), v[w + SN_LANES]);
                }
}

static inline sn_real activate(sn_real y, const struct sn_activation *act)
{
    if (act->kind == SN_ACT_RELU)
        return y < 0 ? 0 : y;
    if (act->kind == SN_ACT_LEAKY && y < 0)
        return flush_real(y * (sn_real)act->slope);
    return y;
}

#endif
