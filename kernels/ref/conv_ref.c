/* conv_ref.c: the definition of conv2d (kernels.h). */
#include "kernels/ref/ref.h"

/* acc[o] = fma(x, w[o], acc[o]) for the 32 output channels of a group: what a register tile does. */
static void multiply(sn_real *acc, sn_real x, const sn_real *w)
{
    for (int o = 0; o < SN_GROUP; o++)
        acc[o] = fma_real(x, w[o], acc[o]);
}

/* The sums of one chunk (planes c0 <= c < c1) for one output pixel. */
static void chunk_sum(const struct sn_conv2d *p, int c0, int c1, int oy, int ox, const sn_real *w, sn_real *acc)
{
    size_t pitch = p->bordered ? p->lanes[0] : SN_LANES;
    int up = p->bordered ? p->pad_h : 0, left = p->bordered ? p->pad_w : 0; /* what lies before the image */

    for (int o = 0; o < SN_GROUP; o++)
        acc[o] = 0;
    for (int kh = 0; kh < p->kh; kh++) {
        for (int kw = 0; kw < p->kw; kw++) {
            int y = oy * p->stride - p->pad_h + kh * p->dil, x = ox * p->stride - p->pad_w + kw * p->dil;
            bool inside = y >= 0 && y < p->ih && x >= 0 && x < p->iw;

            for (int c = c0; c < c1; c++) {
                const sn_real *plane = p->x[c];

                for (int ic = 0; ic < p->lanes[c]; ic++, w += SN_GROUP)
                    if (inside)
                        multiply(acc, plane[((size_t)(y + up) * (size_t)(p->iw + 2 * left) + (size_t)(x + left)) * pitch + (size_t)ic], w);
            }
        }
    }
}

static bool finish(const struct sn_conv2d *p, int group, int quad, int oy, int ox, const sn_real *total)
{
    const sn_real *bias = p->bias;
    bool finite = true;
    size_t pixel = ((size_t)(oy * p->up + quad / 2) * (size_t)p->ow + (size_t)ox) * (size_t)p->up + (size_t)(quad % 2);

    for (int o = 0; o < SN_GROUP; o++) {
        int channel = group * SN_GROUP + o, plane = channel / SN_LANES;
        size_t at = pixel * SN_LANES + (size_t)(channel % SN_LANES);
        sn_real v = total[o];

        if (plane * SN_LANES >= p->oc)
            break;
        if (bias)
            v += bias[channel];
        v = flush_real(v);
        if (p->res)
            v = flush_real(v + ((const sn_real *)p->res[plane])[at]);
        finite &= v - v == 0;
        ((sn_real *)p->y[plane])[at] = activate(v, &p->act);
    }
    return finite;
}

bool SN_REF(conv2d)(const struct sn_conv2d *p, const struct sn_conv_span *span)
{
    bool finite = true;

    for (int g = span->g0; g < span->g1; g++) {
        for (int px = span->p0; px < span->p1; px++) {
            const sn_real *w = (const sn_real *)p->w + (size_t)g * p->group_stride;
            int oy = px / p->ow, ox = px % p->ow;
            sn_real total[SN_GROUP] = { 0 }, acc[SN_GROUP];

            for (int c = 0; c < p->planes; c += SN_CHUNK) {
                int end = SN_MIN(c + SN_CHUNK, p->planes), tap = 0;

                for (int k = c; k < end; k++)
                    tap += p->lanes[k] * SN_GROUP;
                chunk_sum(p, c, end, oy, ox, w + sn_conv_first(p) * tap, acc);
                w += sn_conv_taps(p) * tap;
                for (int o = 0; o < SN_GROUP; o++)
                    total[o] = c == 0 ? acc[o] : total[o] + acc[o];
            }
            finite &= finish(p, g % p->groups, g / p->groups, oy, ox, total);
        }
    }
    return finite;
}
