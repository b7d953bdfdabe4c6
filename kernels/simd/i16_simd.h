/*
 * i16_simd.h: the 16-bit mode's products (kernels/i16.h): the register tiles of conv_simd.h and winograd_simd.h with a
 * word, two 16-bit channels, in the place of a float. Compiled once more for tiers with a 16-bit dot product,
 * under other names: int_*.h has both forms of i_dot.
 */
#define SN_PARTS_ONLY
#include "kernels/simd/conv_simd.h"
#include "kernels/simd/winograd_simd.h"

/*
 * Weights are fetched three chunks early, in words: where they come from memory, no hardware follows. The tiles that
 * share them share out the fetching, `pace` words a step.
 */
#define I16_AHEAD (3 * SN_I16_PAIRS * SN_LANES * SN_GROUP)

/* acc += the products of 16 words at np neighbouring pixels with the weights at w; fetches what is needed later. */
SN_INLINE void i16_step(const int np, I acc[][TILE_V], const int32_t *x, const int32_t *w, const int32_t *later, size_t pace)
{
    for (int l = 0; l < SN_LANES; l++, w += SN_GROUP, later += pace) {
        I wv[TILE_V];

        __builtin_prefetch(x + (np + l) * SN_LANES);
        __builtin_prefetch(later, 0, 2);
        SN_UNROLL
        for (int j = 0; j < TILE_V; j++)
            wv[j] = i_load(w + j * VN);
        SN_UNROLL
        for (int i = 0; i < np; i++) {
            I xv = i_set1(x[i * SN_LANES + l]);

            SN_UNROLL
            for (int j = 0; j < TILE_V; j++)
                acc[i][j] = i_dot(acc[i][j], xv, wv[j]);
        }
    }
}

SN_INLINE void i16_zero(const int np, I acc[][TILE_V])
{
    SN_UNROLL
    for (int i = 0; i < np; i++) {
        SN_UNROLL
        for (int j = 0; j < TILE_V; j++)
            acc[i][j] = i_zero();
    }
}

/* m = fma(fl(float(acc) * t), z, m), `step` floats a pixel; first: m was 0 (a zero's sign does not reach the output). */
SN_INLINE void i16_total(const int np, const int step, I acc[][TILE_V], const bool first, const float *t, const float *z, float *m)
{
    V zv[TILE_V];

    SN_UNROLL
    for (int j = 0; j < TILE_V; j++)
        zv[j] = v_load(z + j * VN);
    SN_UNROLL
    for (int i = 0; i < np; i++) {
        V tv = v_set1(t[i]);

        SN_UNROLL
        for (int j = 0; j < TILE_V; j++) {
            V sum = v_mul(i_to_float(acc[i][j]), tv);
            float *to = m + i * step + j * VN;

            v_store(to, first ? v_mul(sum, zv[j]) : v_fma(sum, zv[j], v_load(to)));
        }
    }
}

/* ---- direct convolution ---------------------------------------------------------------------------- */

/* Words of a scratch line: np pixels gathered, zeros outside the image. */
struct i16_lines {
    _Alignas(64) int32_t q[SN_I16_PAIRS][TILE_PIXELS * SN_LANES];
    float t[TILE_PIXELS];
};

SN_INLINE void i16_gather(const struct sn_i16_conv2d *p, const int np, int k0, int k1, size_t row, int x, struct i16_lines *to)
{
    size_t pixels = (size_t)p->c.ih * (size_t)p->c.iw;

    for (int i = 0; i < np; i++, x += p->c.stride) {
        bool inside = x >= 0 && x < p->c.iw;
        size_t pixel = inside ? row + (size_t)x : 0;

        to->t[i] = inside ? p->t[(size_t)(k0 / SN_I16_PAIRS) * pixels + pixel] : 0;
        for (int k = k0; k < k1; k++)
            for (int l = 0; l < SN_LANES; l += VN)
                i_store(&to->q[k - k0][i * SN_LANES + l],
                        inside ? i_load(p->q + ((size_t)k * pixels + pixel) * SN_LANES + l) : i_zero());
    }
}

/* One tap of pairs k0 <= k < k1 with the weights at w: its sums join the total. */
SN_INLINE void i16_tap(const struct sn_i16_conv2d *p, const int np, int k0, int k1, const bool first, size_t row, int x, const int32_t *w,
                       const int32_t *later, size_t pace, const float *z, float *m)
{
    size_t pixels = (size_t)p->c.ih * (size_t)p->c.iw, line = pixels * SN_LANES;
    const int32_t *q;
    const float *t;
    struct i16_lines lines;
    I acc[TILE_PIXELS][TILE_V];
    int last = x + (np - 1) * p->c.stride;

    if (last < 0 || x >= p->c.iw)
        return;
    if (x >= 0 && last < p->c.iw && p->c.stride == 1) {
        q = p->q + (size_t)k0 * line + (row + (size_t)x) * SN_LANES;
        t = p->t + (size_t)(k0 / SN_I16_PAIRS) * pixels + row + (size_t)x;
    } else {
        i16_gather(p, np, k0, k1, row, x, &lines);
        q = lines.q[0];
        t = lines.t;
        line = TILE_PIXELS * SN_LANES;
    }
    i16_zero(np, acc);
    for (int k = k0; k < k1; k++, q += line, w += SN_LANES * SN_GROUP, later += SN_LANES * pace)
        i16_step(np, acc, q, w, later, pace);
    i16_total(np, SN_GROUP, acc, first, t, z, m);
}

/* One chunk of one register tile. single: a 1x1 without padding, so that no tap is missing. */
SN_INLINE void i16_chunk(const struct sn_i16_conv2d *p, const int np, const struct conv_tile *tile, int k0, int k1, bool single,
                         const int32_t *w, const int32_t *later, size_t pace, const float *z, float *m)
{
    const struct sn_conv2d *c = &p->c;
    size_t words = (size_t)(k1 - k0) * SN_LANES;

    if (single) {
        size_t row = (size_t)(tile->oy * c->stride) * (size_t)c->iw;

        if (k0 == 0)
            i16_tap(p, np, k0, k1, true, row, tile->ox * c->stride, w, later, pace, z, m);
        else
            i16_tap(p, np, k0, k1, false, row, tile->ox * c->stride, w, later, pace, z, m);
        return;
    }
    for (int i = 0; i < c->kh * c->kw; i++, w += words * SN_GROUP, later += words * pace, z += SN_GROUP) {
        int y = tile->oy * c->stride - c->pad_h + i / c->kw * c->dil, x = tile->ox * c->stride - c->pad_w + i % c->kw * c->dil;

        if (y >= 0 && y < c->ih)
            i16_tap(p, np, k0, k1, false, (size_t)y * (size_t)c->iw, x, w, later, pace, z, m);
    }
}

static void i16_sum(const struct sn_i16_conv2d *p, const struct conv_tile *t, int k0, int k1, bool single, const int32_t *w,
                    const int32_t *later, size_t pace, const float *z, float *m)
{
    SN_TILE_SWITCH(t->np, i16_chunk(p, NP, t, k0, k1, single, w, later, pace, z, m))
}

/* n tiles, all channels of weight group g. */
static bool i16_block(const void *conv, const struct conv_tile *t, int n, int g, bool wide)
{
    const struct sn_i16_conv2d *p = conv;
    const struct sn_conv2d *c = &p->c;
    _Alignas(64) float total[BLOCK][TILE_FLOATS];
    int taps = c->kh * c->kw, quad = g / c->groups, channel = g % c->groups * SN_GROUP, pairs = sn_i16_pairs(c->planes);
    bool single = taps == 1 && c->pad_h == 0 && c->pad_w == 0, finite = true;

    (void)wide;
    for (int half = 0; half < SN_GROUP && channel + half < c->oc; half += TILE_OC) {
        const int32_t *w = p->w + (size_t)g * p->group_stride + half;
        const float *z = p->z + (size_t)g * p->z_stride + half;

        if (!single)
            memset(total, 0, (size_t)n * sizeof total[0]);
        for (int k0 = 0; k0 < pairs; k0 += SN_I16_PAIRS, z += taps * SN_GROUP) {
            int k1 = SN_MIN(k0 + SN_I16_PAIRS, pairs);
            size_t words = (size_t)taps * (size_t)(k1 - k0) * SN_LANES, pace = (size_t)(SN_GROUP / n);
            /* what lies nearer is fetched by the chunk before this one */
            const int32_t *later = w + SN_MAX(words * SN_GROUP, (size_t)I16_AHEAD);

            for (int i = 0; i < n; i++)
                i16_sum(p, &t[i], k0, k1, single, w, later + (size_t)i * pace * words, pace, z, total[i]);
            w += words * SN_GROUP;
        }
        for (int i = 0; i < n; i++)
            finite &= conv_finish(c, &t[i], channel + half, quad, total[i]);
    }
    return finite;
}

bool SN_SIMD(i16_conv2d)(const struct sn_i16_conv2d *p, const struct sn_conv_span *span)
{
    bool finite = true;

    for (int g = span->g0; g < span->g1; g++)
        finite &= conv_walk(&p->c, span, g, false, i16_block, p);
    return finite;
}

/* ---- Winograd -------------------------------------------------------------------------------------- */

/* m[np][32] (+)= the sums of pairs k0 <= k < k1 at one position. */
SN_INLINE void i16_product_tile(const int np, int k0, int k1, size_t line, const int32_t *v, const int32_t *u, const int32_t *later,
                                size_t pace, const float *t, const float *z, float *m)
{
    I acc[TILE_PIXELS][TILE_V];

    i16_zero(np, acc);
    for (int k = k0; k < k1; k++, u += SN_LANES * SN_GROUP, later += SN_LANES * pace)
        i16_step(np, acc, v + (size_t)k * line, u, later, pace);
    if (k0 == 0)
        i16_total(np, SN_GROUP, acc, true, t, z, m);
    else
        i16_total(np, SN_GROUP, acc, false, t, z, m);
}

static void i16_product(int np, int k0, int k1, size_t line, const int32_t *v, const int32_t *u, const int32_t *later, size_t pace,
                        const float *t, const float *z, float *m)
{
    SN_TILE_SWITCH(np, i16_product_tile(NP, k0, k1, line, v, u, later, pace, t, z, m))
}

bool SN_SIMD(i16_winograd_output)(const struct sn_i16_winograd *p, const struct sn_i16_span *s)
{
    const int32_t *u = p->u + (size_t)s->g * p->group_stride;
    const float *z = p->z + (size_t)s->g * p->z_stride;
    float *m = s->m;
    V finite = v_zero();
    int n = s->t1 - s->t0, subs = (n + TILE_PIXELS - 1) / TILE_PIXELS, pairs = sn_i16_pairs(p->c.planes);
    size_t mstride = (size_t)n * SN_GROUP + SN_LANES, tile = (size_t)(s->t0 - s->base), line = (size_t)s->tiles * SN_LANES;
    size_t pace = (size_t)SN_MAX(SN_GROUP / subs, 1);

    /* position by position, whose sums stay in the first-level cache */
    for (size_t pos = 0; pos < SN_I16_POSITIONS; pos++)
        for (int k0 = 0, k1; k0 < pairs; k0 = k1, z += SN_GROUP) {
            const float *t = s->t + (size_t)(k0 / SN_I16_PAIRS) * (size_t)s->tiles + tile;
            size_t words;

            k1 = SN_MIN(k0 + SN_I16_PAIRS, pairs);
            words = (size_t)(k1 - k0) * SN_LANES;
            for (int half = 0; half < SN_GROUP && s->g * SN_GROUP + half < p->c.oc; half += TILE_OC)
                for (int i = 0; i < subs; i++) {
                    int a = n * i / subs, b = n * (i + 1) / subs;
                    const int32_t *v = s->v + pos * s->stride + (tile + (size_t)a) * SN_LANES;

                    i16_product(b - a, k0, k1, line, v, u + half, u + I16_AHEAD + (size_t)i * pace * words, pace, t + a, z + half,
                                m + pos * mstride + (size_t)a * SN_GROUP + (size_t)half);
                }
            u += words * SN_GROUP;
        }
    for (int channel = s->g * SN_GROUP, end = SN_MIN(channel + SN_GROUP, (p->c.oc + SN_LANES - 1) / SN_LANES * SN_LANES); channel < end; channel += VN) {
        struct sn_tile at = sn_tile_at(&p->c, s->t0);

        m = s->m + channel % SN_GROUP;
        for (int t = s->t0; t < s->t1; t++, m += SN_GROUP, sn_tile_next(&p->c, &at))
            output_tile(&p->c, 4, 4, m, mstride, channel, p->c.rows.start[at.row], p->c.cols.start[at.col], &finite);
    }
    return v_all_finite(finite);
}
