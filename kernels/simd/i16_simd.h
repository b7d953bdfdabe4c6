/*
 * i16_simd.h: the 16-bit mode's products (kernels/i16.h): the register tiles of conv_simd.h and winograd_simd.h with a
 * word, two 16-bit channels, in the place of a float. Compiled once more for tiers with a 16-bit dot product,
 * under other names: int_*.h has both forms of i_dot.
 */
#include "kernels/simd/conv_walk_simd.h"
#include "kernels/simd/winograd_tile_simd.h"

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

/* m = fma(fl(float(acc) * t), z, m); first: m was 0 (a zero's sign does not reach the output). */
SN_INLINE void i16_total(const int np, I acc[][TILE_V], const bool first, const float *t, const float *z, float *m)
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
            float *to = m + i * SN_GROUP + j * VN;

            v_store(to, first ? v_mul(sum, zv[j]) : v_fma(sum, zv[j], v_load(to)));
        }
    }
}

/* What one pass over the tiles adds up: n lines of 16 words, `line` words apart, with the weights from w on. */
struct i16_pass {
    size_t n, line, pace;
    const int32_t *w;
    const float *z;
    bool first; /* the totals' first summand */
};

/* np pixels from x on, of scales t; m: [np][SN_GROUP]. */
SN_INLINE void i16_run(const int np, const struct i16_pass *s, const int32_t *x, const float *t, const int32_t *later, float *m)
{
    I acc[TILE_PIXELS][TILE_V];
    const int32_t *w = s->w;

    i16_zero(np, acc);
    for (size_t k = s->n; k > 0; k--, x += s->line, w += SN_LANES * SN_GROUP, later += SN_LANES * s->pace)
        i16_step(np, acc, x, w, later, s->pace);
    if (s->first)
        i16_total(np, acc, true, t, s->z, m);
    else
        i16_total(np, acc, false, t, s->z, m);
}

/* i16_tiles[np] is i16_run for np pixels: tile_simd.h. */
typedef void i16_fn(const struct i16_pass *s, const int32_t *x, const float *t, const int32_t *later, float *m);
#define I16_FN(np, name)                                                                          \
    static void name##_##np(const struct i16_pass *s, const int32_t *x, const float *t, const int32_t *later, float *m) \
    {                                                                                             \
        i16_run(np, s, x, t, later, m);                                                           \
    }
#define I16_NAME(np, name) name##_##np,
SN_NPS(I16_FN, i16_tile)
static i16_fn *const i16_tiles[] = { NULL, SN_NPS(I16_NAME, i16_tile) };

/* ---- direct convolution ---------------------------------------------------------------------------- */

/* Words of a scratch line: np pixels gathered, zeros outside the image. */
struct i16_lines {
    _Alignas(64) int32_t q[SN_I16_PAIRS][TILE_PIXELS * SN_LANES];
    float t[TILE_PIXELS];
};

static void i16_gather(const struct sn_i16_conv2d *p, int np, int k0, size_t n, size_t row, int x, struct i16_lines *to)
{
    size_t pixels = (size_t)p->c.ih * (size_t)p->c.iw;

    for (int i = 0; i < np; i++, x += p->c.stride) {
        bool inside = x >= 0 && x < p->c.iw;
        size_t pixel = inside ? row + (size_t)x : 0;

        to->t[i] = inside ? p->t[(size_t)(k0 / SN_I16_PAIRS) * pixels + pixel] : 0;
        for (size_t k = 0; k < n; k++)
            for (int l = 0; l < SN_LANES; l += VN)
                i_store(&to->q[k][i * SN_LANES + l],
                        inside ? i_load(p->q + (((size_t)k0 + k) * pixels + pixel) * SN_LANES + l) : i_zero());
    }
}

/* The products of one tap, from pairs k0 on: their sums join the total. x: of the first pixel, in the row of pixel `row`. */
static void i16_tap(const struct sn_i16_conv2d *p, struct i16_pass *pass, int np, int k0, size_t row, int x, const int32_t *later, float *m)
{
    size_t pixels = (size_t)p->c.ih * (size_t)p->c.iw;
    struct i16_lines lines;
    int last = x + (np - 1) * p->c.stride;

    if (last < 0 || x >= p->c.iw)
        return;
    if (no_rows(&p->c) || (x >= 0 && last < p->c.iw && p->c.stride == 1)) {
        size_t at = row + (size_t)x;

        pass->line = pixels * SN_LANES;
        i16_tiles[np](pass, p->q + (size_t)k0 * pass->line + at * SN_LANES, p->t + (size_t)(k0 / SN_I16_PAIRS) * pixels + at, later, m);
    } else {
        i16_gather(p, np, k0, pass->n, row, x, &lines);
        pass->line = TILE_PIXELS * SN_LANES;
        i16_tiles[np](pass, lines.q[0], lines.t, later, m);
    }
}

/* One chunk of one register tile. single: a 1x1 without padding, so that no tap is missing. */
static void i16_chunk(const struct sn_i16_conv2d *p, const struct conv_tile *tile, int k0, int k1, bool single,
                      const int32_t *w, const int32_t *later, size_t pace, const float *z, float *m)
{
    const struct sn_conv2d *c = &p->c;
    struct i16_pass pass = { .n = (size_t)(k1 - k0), .line = 0, .pace = pace, .w = w, .z = z, .first = single && k0 == 0 };
    size_t words = pass.n * SN_LANES;

    for (int i = 0; i < c->kh * c->kw; i++, pass.w += words * SN_GROUP, pass.z += SN_GROUP, later += words * pace) {
        int y = tile->oy * c->stride - c->pad_h + i / c->kw * c->dil, x = tile->ox * c->stride - c->pad_w + i % c->kw * c->dil;

        if (y >= 0 && y < c->ih)
            i16_tap(p, &pass, tile->np, k0, (size_t)y * (size_t)c->iw, x, later, m);
    }
}

/* n tiles, all channels of weight group g. */
static bool i16_block(const void *conv, const struct conv_tile *t, int n, int g, bool wide)
{
    const struct sn_i16_conv2d *p = conv;
    const struct sn_conv2d *c = &p->c;
    _Alignas(64) float total[BLOCK][TILE_FLOATS];
    int taps = sn_conv_taps(c), first = sn_conv_first(c), quad = g / c->groups, channel = g % c->groups * SN_GROUP, pairs = sn_i16_pairs(c->planes);
    bool single = c->kh * c->kw == 1 && c->pad_h == 0 && c->pad_w == 0, finite = true;

    (void)wide;
    for (int half = 0; half < SN_GROUP && channel + half < c->oc; half += TILE_OC) {
        struct conv_out out = conv_out(c, channel + half, quad);
        const int32_t *w = p->w + (size_t)g * p->group_stride + half;
        const float *z = p->z + (size_t)g * p->z_stride + half;

        if (!single)
            memset(total, 0, (size_t)n * sizeof total[0]);
        for (int k0 = 0; k0 < pairs; k0 += SN_I16_PAIRS, z += taps * SN_GROUP) {
            int k1 = SN_MIN(k0 + SN_I16_PAIRS, pairs);
            size_t tap = (size_t)(k1 - k0) * SN_LANES, used = (size_t)(c->kh * c->kw) * tap, words = (size_t)taps * tap, pace = (size_t)(SN_GROUP / n);
            const int32_t *here = w + (size_t)first * tap * SN_GROUP;
            /* what lies nearer is fetched by the chunk before this one */
            const int32_t *later = here + SN_MAX(words * SN_GROUP, (size_t)I16_AHEAD);

            for (int i = 0; i < n; i++) {
                i16_chunk(p, &t[i], k0, k1, single, here, later + (size_t)i * pace * used, pace, z + first * SN_GROUP, total[i]);
                if (k1 == pairs)
                    conv_finish(&t[i], &out, total[i]);
            }
            w += words * SN_GROUP;
        }
        finite &= v_all_finite(out.finite);
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

/* One position: its sums, which stay in the first-level cache. u, z: its weights and scales. */
static void i16_position(const struct sn_i16_winograd *p, const struct sn_i16_span *s, struct tile_cut *cut, int row, int col, const int32_t *u,
                         const float *z, float *m)
{
    size_t line = (size_t)s->tiles * SN_LANES, pos = (size_t)(row * sn_winograd_across(&p->c) + col);
    int pairs = sn_i16_pairs(p->c.planes), t0, t1;

    sn_tiles_using(&p->c, row, col, s->t0, s->t1, &t0, &t1);
    if (t1 <= t0)
        return;
    tile_cut(cut, t1 - t0, SN_GROUP);
    for (int k0 = 0, k1; k0 < pairs; k0 = k1, z += SN_GROUP) {
        const int32_t *v = s->v + pos * s->stride + (size_t)k0 * line;
        const float *t = s->t + (size_t)(k0 / SN_I16_PAIRS) * (size_t)s->tiles;
        size_t words;

        k1 = SN_MIN(k0 + SN_I16_PAIRS, pairs);
        words = (size_t)(k1 - k0) * SN_LANES;
        for (int half = 0; half < SN_GROUP && s->g * SN_GROUP + half < p->c.oc; half += TILE_OC) {
            struct i16_pass pass = { .n = (size_t)(k1 - k0), .line = line, .pace = cut->pace, .w = u + half, .z = z + half, .first = k0 == 0 };
            const int32_t *later = u + I16_AHEAD;
            size_t at = (size_t)(t0 - s->base);
            float *to = m + (t0 - s->t0) * SN_GROUP + half;

            for (int i = 0; i < cut->pieces; i++, later += words * cut->pace) {
                size_t np = (size_t)(cut->size + (i < cut->more));

                i16_tiles[np](&pass, v + at * SN_LANES, t + at, later, to);
                at += np;
                to += np * SN_GROUP;
            }
        }
        u += words * SN_GROUP;
    }
}

bool SN_SIMD(i16_winograd_output)(const struct sn_i16_winograd *p, const struct sn_i16_span *s)
{
    const int32_t *u = p->u + (size_t)s->g * p->group_stride;
    const float *z = p->z + (size_t)s->g * p->z_stride;
    float *m = s->m;
    V finite = v_zero();
    size_t mstride = (size_t)(s->t1 - s->t0) * SN_GROUP + SN_LANES, words = (size_t)sn_i16_pairs(p->c.planes) * SN_LANES * SN_GROUP;
    struct tile_cut cut = { 0 };

    for (int i = 0; i < sn_winograd_across(&p->c); i++)
        for (int j = 0; j < sn_winograd_across(&p->c); j++) {
            i16_position(p, s, &cut, i, j, u, z, m);
            u += words;
            z += sn_i16_chunks(p->c.planes) * SN_GROUP;
            m += mstride;
        }
    for (int channel = s->g * SN_GROUP, end = SN_MIN(channel + SN_GROUP, (p->c.oc + SN_LANES - 1) / SN_LANES * SN_LANES); channel < end;
         channel += VN) {
        struct sn_tile at = sn_tile_at(&p->c, s->t0);

        m = s->m + channel % SN_GROUP;
        for (int t = s->t0; t < s->t1; t++, m += SN_GROUP, sn_tile_next(&p->c, &at))
            SN_KIND_SWITCH(sn_tile_high(&p->c, &at), sn_tile_wide(&p->c, &at),
                           output_tile(&p->c, HIGH, WIDE, m, mstride, channel, p->c.rows.start[at.row], p->c.cols.start[at.col], &finite))
    }
    return v_all_finite(finite);
}
