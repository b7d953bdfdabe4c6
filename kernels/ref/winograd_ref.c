/*
 * winograd_ref.c: the definition of the three parts of a Winograd convolution (kernels.h).
 *
 * F(4x4, 3x3) after Lavin & Gray 2016, eq. (8), on the points 0, +-5/8, +-3/2, infinity: their
 * products are exact in float, and the error is a third of that of 0, +-1, +-2 (Barabasz et al.
 * 2020 on the choice of points). A filter's value at a point is its polynomial evaluated there;
 * the normalising factors sit in the input's transform. So smaller tiles take some of the same values.
 */
#include "kernels/ref/winograd_line.h"
#include "kernels/ref/winograd_tiles.h"
#include "kernels/ref/ref.h"

#define FMA(a, b, c) fma_real((a), (b), (c))
#define MUL(a, b) ((a) * (b))
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define SET(x) ((sn_real)(x))
SN_WINOGRAD_LINES(sn_real)

/* Where tile t's 16 lanes of plane c lie in v at a position. */
static size_t place(const struct sn_winograd *p, const struct sn_winograd_span *s, int c, size_t pos, int t)
{
    size_t i = pos / (size_t)sn_winograd_across(p), j = pos % (size_t)sn_winograd_across(p);

    return (size_t)(c - s->c0) * s->plane + j * s->step[i] + (size_t)(s->at[i] + (ptrdiff_t)(t - s->base) * SN_LANES);
}

void SN_REF(winograd_weights)(const struct sn_winograd_weights *p)
{
    const sn_real *w = p->w;
    sn_real *u = p->u;

    for (size_t i = 0; i < p->n; i++) { /* [kh][kw][n] -> [positions][n] */
        sn_real g[3][6], line[3], out[6];

        for (size_t kw = 0; kw < 3; kw++) {
            for (size_t kh = 0; kh < 3; kh++)
                line[kh] = w[(kh * 3 + kw) * p->n + i];
            if (p->points == 3)
                winograd_filter_pair(line, g[kw]);
            else
                winograd_filter(line, g[kw]);
        }
        for (size_t r = 0; r < (size_t)p->points; r++) {
            for (size_t kw = 0; kw < 3; kw++)
                line[kw] = g[kw][r];
            if (p->points == 3)
                winograd_filter_pair(line, out);
            else
                winograd_filter(line, out);
            for (size_t c = 0; c < (size_t)p->points; c++)
                u[(r * (size_t)p->points + c) * p->stride + i] = out[c];
        }
    }
}

/* A pixel of plane c, interpolated where the plane is. */
static sn_real pixel(const struct sn_winograd *p, int c, int y, int x, size_t l)
{
    if (sn_winograd_up(p, c))
        return interpolated(p->up[c], p->x[c], y, x, l);
    return ((const sn_real *)p->x[c])[((size_t)y * (size_t)p->w + (size_t)x) * SN_LANES + l];
}

void SN_REF(winograd_input)(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    for (int t = s->t0; t < s->t1; t++) {
        struct sn_tile at = sn_tile_at(p, t);
        int high = sn_tile_high(p, &at), wide = sn_tile_wide(p, &at);
        int y0 = p->rows.start[at.row] - sn_piece_before(high) * p->dil, x0 = p->cols.start[at.col] - sn_piece_before(wide) * p->dil;

        for (int c = s->c0; c < s->c1; c++) {
            for (size_t l = 0; l < SN_LANES; l++) {
                sn_real d[6][6] = { { 0 } }, line[6] = { 0 };

                for (int j = 0; j < sn_piece_inputs(wide); j++) { /* down each column, then along each row */
                    int ix = x0 + j * p->dil;

                    for (int i = 0; i < sn_piece_inputs(high); i++) {
                        int iy = y0 + i * p->dil;
                        bool inside = iy >= 0 && iy < p->h && ix >= 0 && ix < p->w;

                        line[i] = inside ? pixel(p, c, iy, ix, l) : 0;
                    }
                    winograd_input(high, line, d[j]);
                }
                for (int i = sn_points_from(high); i < sn_points_to(high); i++) {
                    sn_real out[6];

                    for (int j = 0; j < sn_piece_inputs(wide); j++)
                        line[j] = d[j][i];
                    winograd_input(wide, line, out);
                    for (int j = sn_points_from(wide); j < sn_points_to(wide); j++)
                        ((sn_real *)s->v)[place(p, s, c, (size_t)(i * sn_winograd_across(p) + j), t) + l] = out[j];
                }
            }
        }
    }
}

/* What planes c0 <= c < c1 of tile t contribute at one position, for the 32 channels of a group. */
static void product(const struct sn_winograd *p, const struct sn_winograd_span *s, size_t pos, int t, int c0, int c1, const sn_real *u, sn_real *total)
{
    sn_real acc[SN_GROUP] = { 0 };

    for (int c = c0; c < c1; c++) {
        const sn_real *v = (const sn_real *)s->v + place(p, s, c, pos, t);

        for (int l = 0; l < p->lanes[c]; l++, u += SN_GROUP)
            for (int o = 0; o < SN_GROUP; o++)
                acc[o] = fma_real(v[l], u[o], acc[o]);
    }
    for (int o = 0; o < SN_GROUP; o++)
        total[o] = c0 == 0 ? acc[o] : total[o] + acc[o];
}

/* m[tile][positions][32]: the sums of group g over the span's input channels, chunk by chunk. */
static void products(const struct sn_winograd *p, const struct sn_winograd_span *s, int g, sn_real *m)
{
    const sn_real *w = (const sn_real *)p->direct + 9 * (size_t)g * p->group_stride;
    const sn_real *u = p->u ? (const sn_real *)p->u + (size_t)g * p->group_stride : s->u;
    size_t positions = (size_t)sn_winograd_positions(p);

    for (int c = 0; c < s->c0; c++) {
        w += 9 * (size_t)p->lanes[c] * SN_GROUP;
        u += p->u ? (size_t)p->lanes[c] * SN_GROUP : 0;
    }
    for (int c0 = s->c0; c0 < s->c1; c0 += SN_CHUNK) {
        int c1 = SN_MIN(c0 + SN_CHUNK, s->c1);
        size_t n = 0, stride;

        for (int c = c0; c < c1; c++)
            n += (size_t)p->lanes[c] * SN_GROUP;
        stride = p->u ? p->u_stride : n + SN_LANES;
        if (!p->u)
            SN_REF(winograd_weights)(&(struct sn_winograd_weights){ .w = w, .u = s->u, .n = n, .stride = stride,
                                                                    .points = sn_piece_points(p->kind) });
        for (size_t pos = 0; pos < positions; pos++) {
            int t0, t1;

            sn_tiles_using(p, (int)pos / sn_winograd_across(p), (int)pos % sn_winograd_across(p), s->t0, s->t1, &t0, &t1);
            for (int t = t0; t < t1; t++)
                product(p, s, pos, t, c0, c1, u + pos * stride, m + ((size_t)(t - s->t0) * positions + pos) * SN_GROUP);
        }
        w += 9 * n;
        u += p->u ? n : 0;
    }
}

static bool finish(const struct sn_winograd *p, int channel, int y, int x, sn_real v)
{
    const sn_real *bias = p->bias;
    int plane = channel / SN_LANES;
    size_t at = ((size_t)y * (size_t)p->w + (size_t)x) * SN_LANES + (size_t)(channel % SN_LANES);

    if (plane * SN_LANES >= p->oc || y >= p->h || x >= p->w)
        return true;
    if (bias)
        v += bias[channel];
    v = flush_real(v);
    if (p->res)
        v = flush_real(v + ((const sn_real *)p->res[plane])[at]);
    ((sn_real *)p->y[plane])[at] = activate(v, &p->act);
    return v - v == 0;
}

static bool output_group(const struct sn_winograd *p, const struct sn_winograd_span *s, int g, sn_real *sums)
{
    bool finite = true;

    products(p, s, g, sums);
    if (s->c1 < p->planes)
        return true;
    for (int t = s->t0; t < s->t1; t++) {
        const sn_real *m = sums + (size_t)((t - s->t0) * sn_winograd_positions(p)) * SN_GROUP;
        struct sn_tile at = sn_tile_at(p, t);
        int high = sn_tile_high(p, &at), wide = sn_tile_wide(p, &at), y0 = p->rows.start[at.row], x0 = p->cols.start[at.col];

        for (int o = 0; o < SN_GROUP; o++) {
            sn_real d[6][4], line[6] = { 0 }, out[4];

            for (int j = sn_points_from(wide); j < sn_points_to(wide); j++) {
                for (int i = sn_points_from(high); i < sn_points_to(high); i++)
                    line[i] = m[(i * sn_winograd_across(p) + j) * SN_GROUP + o];
                winograd_output(high, line, d[j]);
            }
            for (int i = 0; i < sn_piece_outputs(high); i++) {
                for (int j = sn_points_from(wide); j < sn_points_to(wide); j++)
                    line[j] = d[j][i];
                winograd_output(wide, line, out);
                for (int j = 0; j < sn_piece_outputs(wide); j++)
                    finite &= finish(p, g * SN_GROUP + o, y0 + i * p->dil, x0 + j * p->dil, out[j]);
            }
        }
        pool_tile(p, g, y0, x0);
    }
    return finite;
}

bool SN_REF(winograd_output)(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    bool finite = true;

    for (int g = s->g0; g < s->g1; g++)
        finite &= output_group(p, s, g, (sn_real *)s->m + (size_t)((g - s->g0) * sn_winograd_positions(p) * (s->t1 - s->t0)) * SN_GROUP);
    return finite;
}
