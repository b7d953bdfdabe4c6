/* spatial_simd.h: maxpool, avgpool, moments, upsample. */
#include "kernels/simd/upsample_simd.h"

#include <math.h>

SN_INLINE size_t at(int y, int x, int width)
{
    return ((size_t)y * (size_t)width + (size_t)x) * SN_LANES;
}

/* The h x w pixels of a window from x on, row by row; where h and w are constants, without a loop. */
SN_INLINE V window(const float *x, const int h, const int w, size_t line, const bool max)
{
    V s = max ? v_set1(-INFINITY) : v_zero();

    for (int i = 0; i < h; i++, x += line)
        for (int j = 0; j < w; j++) {
            V v = v_load(x + j * SN_LANES);

            s = max ? v_largest(s, v) : v_add(s, v);
        }
    return s;
}

/* Both poolings. */
SN_INLINE void pool(const struct sn_pool2d *p, const bool max)
{
    size_t line = at(1, 0, p->iw);
    float *y = (float *)p->y + at(p->r0, 0, p->ow);

    for (int r = p->r0; r < p->r1; r++) {
        int y0 = SN_MAX(r * p->stride - p->pad, 0), h = SN_MIN(r * p->stride - p->pad + p->k, p->ih) - y0;

        for (int c = 0; c < p->ow; c++) {
            int x0 = SN_MAX(c * p->stride - p->pad, 0), w = SN_MIN(c * p->stride - p->pad + p->k, p->iw) - x0;
            V count = v_set1((float)(p->count_pad ? p->k * p->k : h * w));

            for (int l = 0; l < SN_LANES; l += VN, y += VN) {
                const float *x = (const float *)p->x + at(y0, x0, p->iw) + l;
                V s = h == 2 && w == 2 ? window(x, 2, 2, line, max) : h == 3 && w == 3 ? window(x, 3, 3, line, max) : window(x, h, w, line, max);

                v_store(y, v_flush(max ? s : v_div(s, count)));
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
                size_t i0 = at(0, p->x0[c], 0);
                V v = v_load(a + i0 + l);

                if (p->y1) {
                    size_t i1 = at(0, p->x1[c], 0);
                    V f = v_set1(fx[c]), g = v_set1(1 - fx[c]);

                    v = between(across(a + l, i0, i1, f, g), across(b + l, i0, i1, f, g), fy, gy);
                }
                v_store(y + at(r, c, p->ow) + l, v);
            }
        }
    }
}
