/* spatial_ref.c: the definitions of maxpool, avgpool, moments and upsample. */
#include "kernels/ref/ref.h"

#include <math.h>

static size_t at(int y, int x, int width)
{
    return ((size_t)y * (size_t)width + (size_t)x) * SN_LANES;
}

void SN_REF(maxpool)(const struct sn_pool2d *p)
{
    const sn_real *x = p->x;
    sn_real *y = p->y;

    for (int r = p->r0; r < p->r1; r++) {
        for (int c = 0; c < p->ow; c++) {
            int y0 = SN_MAX(r * p->stride - p->pad, 0), y1 = SN_MIN(r * p->stride - p->pad + p->k, p->ih);
            int x0 = SN_MAX(c * p->stride - p->pad, 0), x1 = SN_MIN(c * p->stride - p->pad + p->k, p->iw);

            for (int l = 0; l < SN_LANES; l++) {
                sn_real m = -(sn_real)INFINITY;

                for (int iy = y0; iy < y1; iy++)
                    for (int ix = x0; ix < x1; ix++)
                        m = largest(m, x[at(iy, ix, p->iw) + (size_t)l]);
                y[at(r, c, p->ow) + (size_t)l] = flush_real(m);
            }
        }
    }
}

void SN_REF(avgpool)(const struct sn_pool2d *p)
{
    const sn_real *x = p->x;
    sn_real *y = p->y;

    for (int r = p->r0; r < p->r1; r++) {
        for (int c = 0; c < p->ow; c++) {
            int y0 = SN_MAX(r * p->stride - p->pad, 0), y1 = SN_MIN(r * p->stride - p->pad + p->k, p->ih);
            int x0 = SN_MAX(c * p->stride - p->pad, 0), x1 = SN_MIN(c * p->stride - p->pad + p->k, p->iw);
            int count = p->count_pad ? p->k * p->k : (y1 - y0) * (x1 - x0);

            for (int l = 0; l < SN_LANES; l++) {
                sn_real s = 0;

                for (int iy = y0; iy < y1; iy++)
                    for (int ix = x0; ix < x1; ix++)
                        s += x[at(iy, ix, p->iw) + (size_t)l];
                y[at(r, c, p->ow) + (size_t)l] = flush_real(s / (sn_real)count);
            }
        }
    }
}

/* Per lane: the sum over rows (in order) of the row sums (left to right) of f(x - mean). */
static void plane_sum(const struct sn_moments *p, const double *mean, double *out)
{
    const sn_real *x = p->x;

    for (int l = 0; l < SN_LANES; l++) {
        double total = 0;

        for (int r = 0; r < p->h; r++) {
            double row = 0;

            for (int c = 0; c < p->w; c++) {
                double v = (double)x[at(r, c, p->w) + (size_t)l];

                row += mean ? (v - mean[l]) * (v - mean[l]) : v;
            }
            total += row;
        }
        out[l] = total / ((double)p->h * (double)p->w);
    }
}

void SN_REF(moments)(const struct sn_moments *p)
{
    plane_sum(p, NULL, p->mean);
    if (p->var)
        plane_sum(p, p->mean, p->var);
}

void SN_REF(upsample)(const struct sn_upsample *p)
{
    const sn_real *x = p->x;
    sn_real *y = p->y;

    for (int r = p->r0; r < p->r1; r++) {
        for (int c = 0; c < p->ow; c++) {
            for (size_t l = 0; l < SN_LANES; l++)
                y[at(r, c, p->ow) + l] = p->y1 ? interpolated(p, x, r, c, l) : x[at(p->y0[r], p->x0[c], p->iw) + l];
        }
    }
}
