/*
 * winograd_simd.h: Winograd convolution (kernels.h). The transforms work on one 16-lane pixel line
 * (or VN of it) at a time; the products are the register tile of tile_simd.h, with tiles in the
 * place of pixels, one transform position after the other.
 * With SN_PARTS_ONLY: the parts that i16_simd.h needs.
 */
#include "kernels/ref/winograd_line.h"
#include "kernels/simd/tile_simd.h"

#define FMA(a, b, c) v_fma((a), (b), (c))
#define MUL(a, b) v_mul((a), (b))
#define ADD(a, b) v_add((a), (b))
#define SUB(a, b) v_sub((a), (b))
#define SET(x) v_set1((float)(x))
SN_WINOGRAD_LINES(V)

#ifndef SN_PARTS_ONLY
void SN_SIMD(winograd_weights)(const struct sn_winograd_weights *p)
{
    const float *w = p->w;
    float *u = p->u;

    for (size_t i = 0; i < p->n; i += VN) { /* n is a multiple of 32 */
        V g[3][6], line[3], out[6];

        SN_UNROLL
        for (size_t kw = 0; kw < 3; kw++) {
            for (size_t kh = 0; kh < 3; kh++)
                line[kh] = v_load(w + (kh * 3 + kw) * p->n + i);
            winograd_filter(line, g[kw]);
        }
        SN_UNROLL
        for (size_t r = 0; r < 6; r++) {
            for (size_t kw = 0; kw < 3; kw++)
                line[kw] = g[kw][r];
            winograd_filter(line, out);
            for (size_t c = 0; c < 6; c++)
                v_store(u + (r * 6 + c) * p->n + i, out[c]);
        }
    }
}

#endif

SN_INLINE void origin(const struct sn_winograd *p, int t, int *y, int *x)
{
    int per = p->tiles_y * p->tiles_x, phase = t / per;

    *y = phase / p->dil + t % per / p->tiles_x * 4 * p->dil;
    *x = phase % p->dil + t % per % p->tiles_x * 4 * p->dil;
}

#ifndef SN_PARTS_ONLY
/* One tile of one plane; px points at its first input pixel, steps are in floats. */
SN_INLINE void input_tile(const float *px, size_t row, size_t col, float *v, size_t stride)
{
    for (int l = 0; l < SN_LANES; l += VN) {
        V d[6][6], line[6], out[6];

        SN_UNROLL
        for (size_t j = 0; j < 6; j++) {
            SN_UNROLL
            for (size_t i = 0; i < 6; i++)
                line[i] = v_load(px + i * row + j * col + l);
            winograd_input(line, d[j]);
        }
        SN_UNROLL
        for (size_t i = 0; i < 6; i++) {
            SN_UNROLL
            for (size_t j = 0; j < 6; j++)
                line[j] = d[j][i];
            winograd_input(line, out);
            SN_UNROLL
            for (size_t j = 0; j < 6; j++)
                v_store(v + (i * 6 + j) * stride + l, out[j]);
        }
    }
}

/* A tile that reaches over the image's border, copied with zeros around. */
SN_INLINE void border_tile(const struct sn_winograd *p, const float *x, int y0, int x0, float *copy)
{
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) {
            int iy = y0 + (i - 1) * p->dil, ix = x0 + (j - 1) * p->dil;
            bool inside = iy >= 0 && iy < p->h && ix >= 0 && ix < p->w;

            for (int l = 0; l < SN_LANES; l += VN)
                v_store(copy + (i * 6 + j) * SN_LANES + l,
                        inside ? v_load(x + ((size_t)iy * (size_t)p->w + (size_t)ix) * SN_LANES + l) : v_zero());
        }
}

void SN_SIMD(winograd_input)(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    _Alignas(64) float copy[36 * SN_LANES];

    for (int t = s->t0; t < s->t1; t++) {
        int y0, x0;
        bool whole;

        origin(p, t, &y0, &x0);
        whole = y0 >= p->dil && x0 >= p->dil && y0 + 4 * p->dil < p->h && x0 + 4 * p->dil < p->w;
        for (int c = s->c0; c < s->c1; c++) {
            const float *x = p->x[c];
            float *v = (float *)s->v + ((size_t)c * (size_t)s->tiles + (size_t)(t - s->base)) * SN_LANES;

            if (whole) {
                x += ((size_t)(y0 - p->dil) * (size_t)p->w + (size_t)(x0 - p->dil)) * SN_LANES;
                input_tile(x, (size_t)(p->dil * p->w) * SN_LANES, (size_t)p->dil * SN_LANES, v, s->stride);
            } else {
                border_tile(p, x, y0, x0, copy);
                input_tile(copy, 6 * SN_LANES, SN_LANES, v, s->stride);
            }
        }
    }
}

/* m[np][32] (+)= the sums of one chunk at one position. */
SN_INLINE void product_tile(const struct sn_winograd *p, const struct sn_winograd_span *s, const int np, int c0, int c1,
                            const float *v, const float *u, float *m)
{
    V acc[TILE_PIXELS][TILE_V];

    tile_zero(np, acc);
    for (int c = c0; c < c1; c++) {
        conv_step(np, SN_LANES, acc, v + (size_t)c * (size_t)s->tiles * SN_LANES, p->lanes[c], u, SN_CHUNK * SN_LANES * SN_GROUP);
        u += (size_t)p->lanes[c] * SN_GROUP;
    }
    tile_total(np, SN_GROUP, acc, c0 == 0, m);
}

static void product(const struct sn_winograd *p, const struct sn_winograd_span *s, int np, int c0, int c1, const float *v,
                    const float *u, float *m)
{
    SN_TILE_SWITCH(np, product_tile(p, s, NP, c0, c1, v, u, m))
}

#endif

/* One tile's 4x4 outputs of VN channels: back-transform, bias, residual, activation. */
SN_INLINE void output_tile(const struct sn_winograd *p, const float *m, size_t stride, int channel, int y0, int x0, V *finite)
{
    int plane = channel / SN_LANES;
    size_t lane = (size_t)(channel % SN_LANES);
    const float *res = p->res ? (const float *)p->res[plane] + lane : NULL;
    float *y = (float *)p->y[plane] + lane;
    V b = p->bias ? v_load((const float *)p->bias + channel) : v_zero(), slope = v_set1(p->act.slope);
    V d[6][4], line[6], out[4];

    SN_UNROLL
    for (size_t j = 0; j < 6; j++) {
        SN_UNROLL
        for (size_t i = 0; i < 6; i++)
            line[i] = v_load(m + (i * 6 + j) * stride);
        winograd_output(line, d[j]);
    }
    SN_UNROLL
    for (int i = 0; i < 4; i++) {
        int oy = y0 + i * p->dil;

        SN_UNROLL
        for (int j = 0; j < 6; j++)
            line[j] = d[j][i];
        winograd_output(line, out);
        SN_UNROLL
        for (int j = 0; j < 4; j++) {
            int ox = x0 + j * p->dil;
            size_t at = ((size_t)oy * (size_t)p->w + (size_t)ox) * SN_LANES;
            V v;

            if (oy >= p->h || ox >= p->w)
                continue;
            v = v_flush(p->bias ? v_add(out[j], b) : out[j]);
            if (res)
                v = v_flush(v_add(v, v_load(res + at)));
            *finite = v_fma(v, v_zero(), *finite); /* infinity and NaN times zero are NaN */
            v_store(y + at, v_activate(v, p->act.kind, slope));
        }
    }
}

#ifndef SN_PARTS_ONLY
bool SN_SIMD(winograd_output)(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    const float *w = (const float *)(p->u ? p->u : p->direct) + (size_t)s->g * p->group_stride;
    float *m = s->m;
    V finite = v_zero();
    int n = s->t1 - s->t0, subs = (n + TILE_PIXELS - 1) / TILE_PIXELS;
    size_t mstride = (size_t)n * SN_GROUP + SN_LANES; /* one line more: powers of two would share a cache set */

    for (int c0 = 0; c0 < p->planes; c0 += SN_CHUNK) {
        int c1 = SN_MIN(c0 + SN_CHUNK, p->planes);
        const float *u = p->u ? w : s->u;
        size_t k = 0;

        for (int c = c0; c < c1; c++)
            k += p->lanes[c];
        if (!p->u)
            SN_SIMD(winograd_weights)(&(struct sn_winograd_weights){ .w = w, .u = s->u, .n = k * SN_GROUP });
        w += (p->u ? 36 : 9) * k * SN_GROUP;
        for (size_t pos = 0; pos < 36; pos++, u += k * SN_GROUP)
            for (int half = 0; half < SN_GROUP && s->g * SN_GROUP + half < p->oc; half += TILE_OC)
                for (int i = 0; i < subs; i++) {
                    int a = n * i / subs, b = n * (i + 1) / subs;
                    const float *v = (const float *)s->v + pos * s->stride + (size_t)(s->t0 - s->base + a) * SN_LANES;

                    product(p, s, b - a, c0, c1, v, u + half, m + pos * mstride + (size_t)a * SN_GROUP + (size_t)half);
                }
    }
    for (int t = s->t0; t < s->t1; t++) {
        int y0, x0;

        origin(p, t, &y0, &x0);
        for (int o = 0; o < SN_GROUP; o += VN) {
            int channel = s->g * SN_GROUP + o;

            if (channel - channel % SN_LANES < p->oc)
                output_tile(p, m + (size_t)(t - s->t0) * SN_GROUP + (size_t)o, mstride, channel, y0, x0, &finite);
        }
    }
    return v_all_finite(finite);
}
#endif
