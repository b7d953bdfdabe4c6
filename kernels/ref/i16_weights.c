/*
 * i16_weights.c: weights to 16 bits (kernels/i16.h), once, when a network is loaded. In double and in one fixed
 * order, so that every machine gets the same integers; no SIMD tier has its own.
 */
#include "kernels/ref/i16_scale.h"

/* Rounds to nearest even, for |x| < 2^51. */
static double round_even(double x)
{
    const double big = 0x1.8p52;

    return (x + big) - big;
}

/* A filter's value at point i: 0, 5/8, -5/8, 3/2, -3/2, infinity; of kind 1: what winograd_filter_pair makes. */
static double at_point(int kind, int i, double g0, double g1, double g2)
{
    static const double point[5] = { 0, 0.625, -0.625, 1.5, -1.5 };

    if (kind == 1)
        return i == 0 ? g1 : i == 1 ? g2 - g1 : g0 - g1;
    return i == 5 ? g2 : g0 + point[i] * (g1 + point[i] * g2);
}

/* One position's [n][32] weights to 16 bits, and their scales; false when those of one output channel add up to too much. */
static bool quantise(const double *u, size_t n, double r, int16_t *w, float *z)
{
    double largest[SN_GROUP] = { 0 }, sum[SN_GROUP] = { 0 }, scale[SN_GROUP];
    int32_t check[SN_GROUP] = { 0 };
    bool ok = true;

    for (size_t k = 0; k < n; k++)
        for (size_t o = 0; o < SN_GROUP; o++) {
            double size = fabs(u[k * SN_GROUP + o]);

            largest[o] = size > largest[o] ? size : largest[o];
            sum[o] += size;
        }
    for (size_t o = 0; o < SN_GROUP; o++) {
        scale[o] = largest[o] > 0 ? SN_MIN(SN_I16_WEIGHT / largest[o], (SN_I16_SUM - (double)n / 2) / sum[o]) : 0;
        z[o] = largest[o] > 0 ? sn_flush((float)(r / scale[o])) : 0;
    }
    for (size_t k = 0; k < n; k++)
        for (size_t o = 0; o < SN_GROUP; o++) {
            int32_t q = (int32_t)round_even(u[k * SN_GROUP + o] * scale[o]);

            w[k * SN_GROUP + o] = (int16_t)q;
            check[o] += q < 0 ? -q : q;
        }
    for (size_t o = 0; o < SN_GROUP; o++)
        ok &= check[o] <= SN_I16_SUM;
    return ok;
}

/* [n][32] integers of one position, lanes one after the other, to words in pairs of planes. */
static void pair(const struct sn_i16_weights *p, const int16_t *q, int32_t *w)
{
    memset(w, 0, (size_t)sn_i16_pairs(p->planes) * SN_LANES * SN_GROUP * sizeof *w);
    for (int c = 0; c < p->planes; c++)
        for (int l = 0; l < p->lanes[c]; l++, q += SN_GROUP)
            for (int o = 0; o < SN_GROUP; o++) {
                int32_t *word = &w[((size_t)(c / 2 * SN_LANES + l)) * SN_GROUP + (size_t)o];

                *word = (int32_t)((uint32_t)*word | (uint32_t)(uint16_t)q[o] << (c % 2 * 16));
            }
}

/* The weights u[n][32] of one tap or position. */
static int store(const struct sn_i16_weights *p, const double *u, size_t n, double r, size_t at, struct sn_error *err)
{
    int16_t q[SN_CHUNK * SN_LANES * SN_GROUP];

    if (!quantise(u, n, r, q, p->z + at * p->z_step))
        return SN_FAIL(err, SN_EINTERNAL, "16-bit weights add up to more than %d", SN_I16_SUM);
    pair(p, q, p->w + at * p->w_step);
    return SN_OK;
}

int sn_i16_weights(const struct sn_i16_weights *p, struct sn_error *err)
{
    static const double rows[3][6] = { { SN_I16_ROW0, SN_I16_ROW1, SN_I16_ROW1, SN_I16_ROW3, SN_I16_ROW3, SN_I16_ROW5 },
                                       { SN_I16_ROW0, SN_I16_ROW1, SN_I16_ROW1, SN_I16_ROW3_OF_2, SN_I16_ROW3_OF_2 }, { 2, 1, 1 } };
    const double *row = rows[p->kind == 4 ? 0 : p->kind == 3 ? 1 : 2];
    double u[6][SN_CHUNK * SN_LANES * SN_GROUP];
    size_t n = 0, count;
    int points = sn_piece_points(p->kind);

    for (int c = 0; c < p->planes; c++)
        n += p->lanes[c];
    count = n * SN_GROUP;
    if (p->kind == 0) {
        for (size_t tap = 0; tap < (size_t)p->taps; tap++) {
            for (size_t i = 0; i < count; i++)
                u[0][i] = (double)p->f[tap * count + i];
            SN_TRY(store(p, u[0], n, 1, tap, err));
        }
        return SN_OK;
    }
    for (int i = 0; i < points; i++) { /* down the columns to row i, then along it */
        for (size_t k = 0; k < count; k++) {
            double g[3];

            for (size_t x = 0; x < 3; x++)
                g[x] = at_point(p->kind, i, (double)p->f[x * count + k], (double)p->f[(3 + x) * count + k], (double)p->f[(6 + x) * count + k]);
            for (int j = 0; j < points; j++)
                u[j][k] = at_point(p->kind, j, g[0], g[1], g[2]);
        }
        for (int j = 0; j < points; j++)
            SN_TRY(store(p, u[j], n, row[i] * row[j], (size_t)(i * points + j), err));
    }
    return SN_OK;
}
