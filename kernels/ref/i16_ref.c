/* i16_ref.c: the definition of the 16-bit mode's operations (kernels/i16.h). */
#include "kernels/ref/i16_scale.h"
#include "kernels/ref/ref.h"
#include "kernels/ref/winograd_line.h"
#include "kernels/ref/winograd_tiles.h"

#define FMA(a, b, c) fma_real((a), (b), (c))
#define MUL(a, b) ((a) * (b))
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define SET(x) ((sn_real)(x))
SN_WINOGRAD_LINES(sn_real)

static uint32_t magnitude(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof u);
    return u & 0x7fffffffu;
}

/* The low 16 bits of fma(v, s, 1.5 * 2^23). */
static uint32_t quantise(float v, float s)
{
    float f = sn_fmaf(v, s, SN_I16_ROUND);
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    return u & 0xffffu;
}

/* Lines a and b of 16 values to one of 16 words; b may be NULL. */
static void pair(const float *a, const float *b, float s, int32_t *q)
{
    for (int l = 0; l < SN_LANES; l++)
        q[l] = (int32_t)(quantise(a[l], s) | (b ? quantise(b[l], s) << 16 : 0));
}

void sn_i16_quantise_ref(const struct sn_i16_quantise *p)
{
    for (int c0 = 0; c0 < p->planes; c0 += SN_CHUNK) {
        int c1 = SN_MIN(c0 + SN_CHUNK, p->planes);

        for (size_t i = 0; i < p->n; i++) {
            uint32_t most = 0;
            float s;

            for (int c = c0; c < c1; c++)
                for (size_t l = 0; l < SN_LANES; l++)
                    most = SN_MAX(most, magnitude(((const float *)p->x[c])[(p->first + i * p->step) * SN_LANES + l]));
            s = sn_i16_scale(most, &p->t[(size_t)(c0 / SN_CHUNK) * p->pixels + p->at + i]);
            for (int c = c0; c < c1; c += 2) {
                const float *a = (const float *)p->x[c] + (p->first + i * p->step) * SN_LANES;
                const float *b = c + 1 < c1 ? (const float *)p->x[c + 1] + (p->first + i * p->step) * SN_LANES : NULL;

                pair(a, b, s, p->q + ((size_t)(c / 2) * p->pixels + p->at + i) * SN_LANES);
            }
        }
    }
}

/* sum[o] += both products of a word with 32 words of weights; modulo 2^32, which no real weights reach. */
static void multiply(uint32_t *sum, int32_t q, const int32_t *w)
{
    for (int o = 0; o < SN_GROUP; o++) {
        sum[o] += (uint32_t)((int16_t)(q & 0xffff) * (int16_t)(w[o] & 0xffff));
        sum[o] += (uint32_t)((q >> 16) * (w[o] >> 16));
    }
}

/* m[o] = fma(fl(float(sum) * t), z, m[o]) */
static void flush_sums(const uint32_t *sum, float t, const float *z, float *m)
{
    for (int o = 0; o < SN_GROUP; o++)
        m[o] = sn_fmaf((float)(int32_t)sum[o] * t, z[o], m[o]);
}

/* One tap of the pairs k0 <= k < k1 for one input pixel. */
static void tap(const struct sn_i16_conv2d *p, int k0, int k1, size_t pixel, const int32_t *w, const float *z, float *m)
{
    size_t pixels = (size_t)p->c.ih * (size_t)p->c.iw;
    uint32_t sum[SN_GROUP] = { 0 };

    for (int k = k0; k < k1; k++)
        for (size_t l = 0; l < SN_LANES; l++, w += SN_GROUP)
            multiply(sum, p->q[((size_t)k * pixels + pixel) * SN_LANES + l], w);
    flush_sums(sum, p->t[(size_t)(k0 / SN_I16_PAIRS) * pixels + pixel], z, m);
}

static void conv_pixel(const struct sn_i16_conv2d *p, int g, int oy, int ox, float *m)
{
    const struct sn_conv2d *c = &p->c;
    const int32_t *w = p->w + (size_t)g * p->group_stride;
    const float *z = p->z + (size_t)g * p->z_stride;

    for (int k0 = 0; k0 < sn_i16_pairs(c->planes); k0 += SN_I16_PAIRS) {
        int k1 = SN_MIN(k0 + SN_I16_PAIRS, sn_i16_pairs(c->planes));

        for (int i = 0; i < c->kh * c->kw; i++) {
            int at = sn_conv_first(c) + i;
            int y = oy * c->stride - c->pad_h + i / c->kw * c->dil, x = ox * c->stride - c->pad_w + i % c->kw * c->dil;

            if (y >= 0 && y < c->ih && x >= 0 && x < c->iw)
                tap(p, k0, k1, (size_t)y * (size_t)c->iw + (size_t)x, w + (size_t)(at * (k1 - k0)) * SN_LANES * SN_GROUP, z + at * SN_GROUP, m);
        }
        w += (size_t)(sn_conv_taps(c) * (k1 - k0)) * SN_LANES * SN_GROUP;
        z += sn_conv_taps(c) * SN_GROUP;
    }
}

/* Bias, residual and activation of 32 channels; true when what is stored is finite. */
static bool finish(const float *bias, const void *const *res, void *const *y, int oc, const struct sn_activation *act, int channel, size_t pixel,
                   const float *m)
{
    bool finite = true;

    for (int o = 0; o < SN_GROUP && (channel + o) / SN_LANES * SN_LANES < oc; o++) {
        size_t plane = (size_t)(channel + o) / SN_LANES, at = pixel * SN_LANES + (size_t)(channel + o) % SN_LANES;
        float v = flush_real(bias ? m[o] + bias[channel + o] : m[o]);

        if (res)
            v = flush_real(v + ((const float *)res[plane])[at]);
        finite &= v - v == 0;
        ((float *)y[plane])[at] = activate(v, act);
    }
    return finite;
}

bool sn_i16_conv2d_ref(const struct sn_i16_conv2d *p, const struct sn_conv_span *span)
{
    const struct sn_conv2d *c = &p->c;
    bool finite = true;

    for (int g = span->g0; g < span->g1; g++)
        for (int px = span->p0; px < span->p1; px++) {
            int oy = px / c->ow, ox = px % c->ow, quad = g / c->groups;
            size_t pixel = ((size_t)(oy * c->up + quad / 2) * (size_t)c->ow + (size_t)ox) * (size_t)c->up + (size_t)(quad % 2);
            float m[SN_GROUP] = { 0 };

            conv_pixel(p, g, oy, ox, m);
            finite &= finish(c->bias, c->res, c->y, c->oc, &c->act, g % c->groups * SN_GROUP, pixel, m);
        }
    return finite;
}

/* ---- Winograd ----------------------------------------------------------------------------------- */

#define POSITIONS 36 /* at most */

/* Whether a tile uses a position. */
static bool uses(const struct sn_winograd *p, int t, int pos)
{
    int from, to;

    sn_tiles_using(p, pos / sn_winograd_across(p), pos % sn_winograd_across(p), t, t + 1, &from, &to);
    return from < to;
}

void sn_i16_winograd_input_ref(const struct sn_i16_winograd *p, const struct sn_i16_span *s)
{
    const float *rb = sn_i16_rb(p->c.kind);
    int across = sn_winograd_across(&p->c), positions = sn_winograd_positions(&p->c);

    for (int t = s->t0; t < s->t1; t++)
        for (int c0 = s->c0; c0 < s->c1; c0 += SN_CHUNK) {
            float v[SN_CHUNK][POSITIONS][SN_LANES];
            struct sn_winograd chunk = p->c;
            struct sn_winograd_span one = { .t0 = t, .t1 = t + 1, .c1 = SN_MIN(SN_CHUNK, s->c1 - c0), .base = t, .v = v, .plane = POSITIONS * SN_LANES };
            size_t tile = (size_t)(t - s->base), tiles = (size_t)s->tiles;
            uint32_t most = 0;
            float scale;

            for (int i = 0; i < across; i++) {
                one.at[i] = i * across * SN_LANES;
                one.step[i] = SN_LANES;
            }
            chunk.x += c0;
            chunk.up += chunk.up ? c0 : 0;
            sn_winograd_input_ref(&chunk, &one);
            for (int i = 0; i < positions; i++)
                for (int c = 0; c < one.c1 && uses(&p->c, t, i); c++)
                    for (int l = 0; l < SN_LANES; l++)
                        most = SN_MAX(most, magnitude(v[c][i][l] * rb[i]));
            scale = sn_i16_scale(most, &s->t[(size_t)(c0 / SN_CHUNK) * tiles + tile]);
            for (int i = 0; i < positions; i++)
                for (int c = 0; c < one.c1 && uses(&p->c, t, i); c += 2)
                    pair(v[c][i], c + 1 < one.c1 ? v[c + 1][i] : NULL, scale * rb[i],
                         s->v + (size_t)i * s->stride + ((size_t)((c0 + c) / 2) * tiles + tile) * SN_LANES);
        }
}

/* m[position][32] of one tile: the sums over all input channels, chunk by chunk. */
static void products(const struct sn_i16_winograd *p, const struct sn_i16_span *s, int t, float m[POSITIONS][SN_GROUP])
{
    const int32_t *u = p->u + (size_t)s->g * p->group_stride;
    const float *z = p->z + (size_t)s->g * p->z_stride;
    size_t tile = (size_t)(t - s->base), tiles = (size_t)s->tiles;

    for (int i = 0; i < sn_winograd_positions(&p->c); i++)
        for (int k0 = 0; k0 < sn_i16_pairs(p->c.planes); k0 += SN_I16_PAIRS, z += SN_GROUP) {
            uint32_t sum[SN_GROUP] = { 0 };
            int k1 = SN_MIN(k0 + SN_I16_PAIRS, sn_i16_pairs(p->c.planes));

            if (uses(&p->c, t, i)) {
                for (int k = k0; k < k1; k++)
                    for (int l = 0; l < SN_LANES; l++)
                        multiply(sum, s->v[(size_t)i * s->stride + ((size_t)k * tiles + tile) * SN_LANES + (size_t)l],
                                 u + ((k - k0) * SN_LANES + l) * SN_GROUP);
                flush_sums(sum, s->t[(size_t)(k0 / SN_I16_PAIRS) * tiles + tile], z, m[i]);
            }
            u += (k1 - k0) * SN_LANES * SN_GROUP;
        }
}

/* A tile's positions to the outputs of one channel, as the fp32 mode's: down the columns, then along the rows. */
static void transform_back(int high, int wide, int across, float m[POSITIONS][SN_GROUP], int o, float out[4][4][SN_GROUP])
{
    float d[6][4], line[6] = { 0 }, y[4];

    for (int j = sn_points_from(wide); j < sn_points_to(wide); j++) {
        for (int i = sn_points_from(high); i < sn_points_to(high); i++)
            line[i] = m[i * across + j][o];
        winograd_output(high, line, d[j]);
    }
    for (int i = 0; i < sn_piece_outputs(high); i++) {
        for (int j = sn_points_from(wide); j < sn_points_to(wide); j++)
            line[j] = d[j][i];
        winograd_output(wide, line, y);
        for (int j = 0; j < sn_piece_outputs(wide); j++)
            out[i][j][o] = y[j];
    }
}

bool sn_i16_winograd_output_ref(const struct sn_i16_winograd *p, const struct sn_i16_span *s)
{
    const struct sn_winograd *c = &p->c;
    bool finite = true;

    for (int t = s->t0; t < s->t1; t++) {
        struct sn_tile at = sn_tile_at(c, t);
        int high = sn_tile_high(c, &at), wide = sn_tile_wide(c, &at), y0 = c->rows.start[at.row], x0 = c->cols.start[at.col];
        float m[POSITIONS][SN_GROUP] = { { 0 } }, out[4][4][SN_GROUP];

        products(p, s, t, m);
        for (int o = 0; o < SN_GROUP; o++)
            transform_back(high, wide, sn_winograd_across(c), m, o, out);
        for (int i = 0; i < sn_piece_outputs(high); i++)
            for (int j = 0; j < sn_piece_outputs(wide); j++) {
                int y = y0 + i * c->dil, x = x0 + j * c->dil;

                if (y < c->h && x < c->w)
                    finite &= finish(c->bias, c->res, c->y, c->oc, &c->act, s->g * SN_GROUP, (size_t)y * (size_t)c->w + (size_t)x, out[i][j]);
            }
        pool_tile(c, s->g, y0, x0);
    }
    return finite;
}
