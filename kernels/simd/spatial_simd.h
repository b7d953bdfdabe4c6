/* spatial_simd.h: maxpool, avgpool, moments, upsample. */
#include "kernels/simd/simd.h"

#include <math.h>

SN_INLINE size_t at(int y, int x, int width)
{
    return ((size_t)y * (size_t)width + (size_t)x) * SN_LANES;
}

/* Both poolings: a window's pixels, row by row. */
SN_INLINE void pool(const struct sn_pool2d *p, const bool max)
{
    const float *x = p->x;
    float *y = p->y;

    for (int r = p->r0; r < p->r1; r++) {
        int y0 = SN_MAX(r * p->stride - p->pad, 0), y1 = SN_MIN(r * p->stride - p->pad + p->k, p->ih);

        for (int c = 0; c < p->ow; c++) {
            int x0 = SN_MAX(c * p->stride - p->pad, 0), x1 = SN_MIN(c * p->stride - p->pad + p->k, p->iw);
            int count = p->count_pad ? p->k * p->k : (y1 - y0) * (x1 - x0);

            for (int l = 0; l < SN_LANES; l += VN) {
                V s = max ? v_set1(-INFINITY) : v_zero();

                for (int iy = y0; iy < y1; iy++)
                    for (int ix = x0; ix < x1; ix++) {
                        V v = v_load(x + at(iy, ix, p->iw) + l);

                        s = max ? v_select(v_or(v_lt(s, v), v_nan(v)), v, s) : v_add(s, v);
                    }
                if (!max)
                    s = v_div(s, v_set1((float)count));
                v_store(y + at(r, c, p->ow) + l, v_flush(s));
            }
        }
    }
}

void SN_SIMD(maxpool)(const struct sn_pool2d *p)
{
    pool(p, true);
}

void SN_SIMD(avgpool)(const struct sn_pool2d *p)
{
    pool(p, false);
}

SN_INLINE void plane_sum(const struct sn_moments *p, const double *mean, double *out)
{
    const float *x = p->x;

    for (int l = 0; l < SN_LANES; l += VDN) {
        VD total = vd_zero(), m = mean ? vd_load(mean + l) : vd_zero();
        double sum[VDN];

        for (int r = 0; r < p->h; r++) {
            VD row = vd_zero();

            for (int c = 0; c < p->w; c++) {
                VD v = vd_widen(x + at(r, c, p->w) + l);

                if (mean) {
                    v = vd_sub(v, m);
                    v = vd_mul(v, v);
                }
                row = vd_add(row, v);
            }
            total = vd_add(total, row);
        }
        vd_store(sum, total);
        for (int k = 0; k < VDN; k++)
            out[l + k] = sum[k] / ((double)p->h * (double)p->w);
    }
}

void SN_SIMD(moments)(const struct sn_moments *p)
{
    plane_sum(p, NULL, p->mean);
    if (p->var)
        plane_sum(p, p->mean, p->var);
}

void SN_SIMD(upsample)(const struct sn_upsample *p)
{
    const float *x = p->x, *fx = p->fx;
    float *y = p->y;

    for (int r = p->r0; r < p->r1; r++) {
        const float *a = x + at(p->y0[r], 0, p->iw), *b = p->y1 ? x + at(p->y1[r], 0, p->iw) : a;
        float wy = p->y1 ? ((const float *)p->fy)[r] : 0;
        V fy = v_set1(wy), gy = v_set1(1 - wy);

        for (int c = 0; c < p->ow; c++) {
            for (int l = 0; l < SN_LANES; l += VN) {
                size_t i0 = at(0, p->x0[c], 0) + (size_t)l;
                V v = v_load(a + i0);

                if (p->y1) {
                    size_t i1 = at(0, p->x1[c], 0) + (size_t)l;
                    V f = v_set1(fx[c]), g = v_set1(1 - fx[c]);
                    V top = v_fma(f, v_load(a + i1), v_mul(g, v));
                    V bottom = v_fma(f, v_load(b + i1), v_mul(g, v_load(b + i0)));

                    v = v_flush(v_fma(fy, bottom, v_mul(gy, top)));
                }
                v_store(y + at(r, c, p->ow) + l, v);
            }
        }
    }
}
