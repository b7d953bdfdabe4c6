/*
 * winograd_simd.h: Winograd convolution (kernels.h). The transforms work on one 16-lane pixel line
 * (or VN of it) at a time; the products are the register tile of tile_simd.h, with tiles in the
 * place of pixels, one transform position after the other.
 * With SN_PARTS_ONLY: the parts that i16_simd.h needs.
 */
#include "kernels/ref/winograd_line.h"
#include "kernels/simd/tile_simd.h"

#include <math.h>

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
            for (size_t kh = 0; kh < 3; kh++) {
                line[kh] = v_load(w + (kh * 3 + kw) * p->n + i);
                __builtin_prefetch(w + (9 + kh * 3 + kw) * p->n + i, 0, 2); /* the next chunk's */
            }
            winograd_filter(line, g[kw]);
        }
        SN_UNROLL
        for (size_t r = 0; r < 6; r++) {
            for (size_t kw = 0; kw < 3; kw++)
                line[kw] = g[kw][r];
            winograd_filter(line, out);
            for (size_t c = 0; c < 6; c++)
                v_store(u + (r * 6 + c) * p->stride + i, out[c]);
        }
    }
}

#endif

/* Tiles in order: a sub-image's rows, then the next sub-image; without a division for each. */
struct walk {
    int phase_y, phase_x, ty, tx;
};

static struct walk walk_from(const struct sn_winograd *p, int t)
{
    int per = p->tiles_y * p->tiles_x, phase = t / per;

    return (struct walk){ phase / p->dil, phase % p->dil, t % per / p->tiles_x, t % per % p->tiles_x };
}

SN_INLINE void walk_on(const struct sn_winograd *p, struct walk *w)
{
    if (++w->tx < p->tiles_x)
        return;
    w->tx = 0;
    if (++w->ty < p->tiles_y)
        return;
    w->ty = 0;
    if (++w->phase_x < p->dil)
        return;
    w->phase_x = 0;
    w->phase_y++;
}

SN_INLINE int walk_y(const struct sn_winograd *p, const struct walk *w) { return w->phase_y + w->ty * 4 * p->dil; }
SN_INLINE int walk_x(const struct sn_winograd *p, const struct walk *w) { return w->phase_x + w->tx * 4 * p->dil; }

/* Distances of lines, in floats: out of them and one pointer, six lines are addressed without working out six pointers. */
struct lines {
    size_t one, three, five;
};

SN_INLINE struct lines lines_of(size_t step)
{
    struct lines l = { step, 3 * step, 5 * step };

    SN_OPAQUE(l.three);
    SN_OPAQUE(l.five);
    return l;
}

#ifndef SN_PARTS_ONLY
/*
 * Rows a and b of one tile's transform: down the columns, then along these two rows, which stay in registers; the pairs
 * (1, 2) and (3, 4) share most of what they are made of. All six rows would go through memory, and the next tile's loads
 * wait for stores to lines that differ from theirs in the upper address bits only.
 */
SN_INLINE void input_rows(const float *px, struct lines row, size_t col, const size_t a, const size_t b, float *v, struct lines pos)
{
    V d[2][6], line[6], out[6];

    SN_UNROLL
    for (int j = 0; j < 6; j++, px += col) {
        SN_OPAQUE(px);
        line[0] = v_load(px);
        line[1] = v_load(px + row.one);
        line[2] = v_load(px + 2 * row.one);
        line[3] = v_load(px + row.three);
        line[4] = v_load(px + 4 * row.one);
        line[5] = v_load(px + row.five);
        winograd_input(line, out);
        d[0][j] = out[a];
        d[1][j] = out[b];
    }
    SN_UNROLL
    for (int i = 0; i < 2; i++) {
        float *to = v + (i > 0 ? b : a) * 6 * pos.one;

        SN_OPAQUE(to);
        winograd_input(d[i], out);
        v_store(to, out[0]);
        v_store(to + pos.one, out[1]);
        v_store(to + 2 * pos.one, out[2]);
        v_store(to + pos.three, out[3]);
        v_store(to + 4 * pos.one, out[4]);
        v_store(to + pos.five, out[5]);
    }
}

/* One tile of one plane; px points at its first input pixel, steps are in floats. */
SN_INLINE void input_tile(const float *px, size_t row, size_t col, float *v, size_t stride)
{
    struct lines rows = lines_of(row), pos = lines_of(stride);

    for (int l = 0; l < SN_LANES; l += VN) {
        input_rows(px + l, rows, col, 1, 2, v + l, pos);
        input_rows(px + l, rows, col, 3, 4, v + l, pos);
        input_rows(px + l, rows, col, 0, 5, v + l, pos);
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

    for (int c = s->c0; c < s->c1; c++) {
        const float *plane = p->x[c];
        float *v = (float *)s->v + (size_t)c * 36 * s->stride + (size_t)(s->t0 - s->base) * SN_LANES;
        struct walk at = walk_from(p, s->t0);

        for (int t = s->t0; t < s->t1; t++, v += SN_LANES, walk_on(p, &at)) {
            int y0 = walk_y(p, &at), x0 = walk_x(p, &at);

            size_t row = 6 * SN_LANES, col = SN_LANES;
            const float *x = copy;

            if (y0 >= p->dil && x0 >= p->dil && y0 + 4 * p->dil < p->h && x0 + 4 * p->dil < p->w) {
                row = (size_t)(p->dil * p->w) * SN_LANES;
                col = (size_t)p->dil * SN_LANES;
                x = plane + ((size_t)(y0 - p->dil) * (size_t)p->w + (size_t)(x0 - p->dil)) * SN_LANES;
            } else {
                border_tile(p, plane, y0, x0, copy);
            }
            input_tile(x, row, col, v, s->stride);
        }
    }
}

/* m[np][32] (+)= the sums of one chunk at one position. */
SN_INLINE void product_tile(const struct sn_winograd *p, const struct sn_winograd_span *s, const int np, int c0, int c1,
                            const float *v, const float *u, const float *next, size_t pace, float *m)
{
    V acc[TILE_PIXELS * TILE_V];

    tile_start(np * TILE_V, NULL, acc);
    for (int c = c0; c < c1; c++) {
        conv_step(np, TILE_V, SN_LANES, acc, v + (size_t)c * 36 * s->stride, p->lanes[c], u, 0, next, pace);
        u += (size_t)p->lanes[c] * SN_GROUP;
        next += p->lanes[c] * pace;
    }
    tile_total(np, TILE_V, SN_GROUP, 0, acc, c0 == 0, m);
}

/*
 * The sums of chunk c0 <= c < c1 at one position of group g, n tiles in nearly equal pieces. u: the chunk's k * 32
 * weights there, next: the weights needed after them.
 */
static void product(const struct sn_winograd *p, const struct sn_winograd_span *s, int g, int c0, int c1, size_t k, const float *v,
                    const float *u, const float *next, float *m)
{
    int n = s->t1 - s->t0, pieces = (n + TILE_PIXELS - 1) / TILE_PIXELS;
    size_t pace = (size_t)SN_MAX(SN_GROUP / pieces, 1);

    for (int half = 0; half < SN_GROUP && g * SN_GROUP + half < p->oc; half += TILE_OC)
        for (int i = 0; i < pieces; i++) {
            int a = n * i / pieces, b = n * (i + 1) / pieces;
            const float *x = v + (size_t)(s->t0 - s->base + a) * SN_LANES, *fetch = next + (size_t)i * pace * k;

            SN_TILE_SWITCH(b - a, product_tile(p, s, NP, c0, c1, x, u + half, fetch, pace, m + (size_t)a * SN_GROUP + (size_t)half))
        }
}

static size_t used_lanes(const struct sn_winograd *p, int c0, int c1)
{
    size_t k = 0;

    for (int c = c0; c < c1; c++)
        k += p->lanes[c];
    return k;
}

/* Where a span's positions lie: of one group in m. */
static size_t m_stride(const struct sn_winograd_span *s) { return (size_t)(s->t1 - s->t0) * SN_GROUP + SN_LANES; }

/* Position by position: its inputs serve all groups from the cache, its weights are read in the order they lie in. */
static void products(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    for (size_t pos = 0; pos < 36; pos++)
        for (int g = s->g0; g < s->g1; g++) {
            const float *u = (const float *)p->u + pos * p->u_stride + (size_t)g * p->group_stride;
            float *m = (float *)s->m + ((size_t)(g - s->g0) * 36 + pos) * m_stride(s);

            for (int c0 = 0; c0 < p->planes; c0 += SN_CHUNK) {
                int c1 = SN_MIN(c0 + SN_CHUNK, p->planes);
                size_t k = used_lanes(p, c0, c1);
                const float *next = u + k * SN_GROUP;

                if (c1 == p->planes && g + 1 == s->g1)
                    next += p->u_stride - (size_t)(s->g1 - s->g0) * p->group_stride;
                product(p, s, g, c0, c1, k, (const float *)s->v + pos * s->stride, u, next, m);
                u += k * SN_GROUP;
            }
        }
}

/* Chunk by chunk, whose weights are transformed just before. */
static void products_in_use(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    const float *w = (const float *)p->direct;

    for (int c0 = 0; c0 < p->planes; c0 += SN_CHUNK) {
        int c1 = SN_MIN(c0 + SN_CHUNK, p->planes);
        size_t k = used_lanes(p, c0, c1), stride = k * SN_GROUP + SN_LANES;

        for (int g = s->g0; g < s->g1; g++) {
            float *m = (float *)s->m + (size_t)(g - s->g0) * 36 * m_stride(s);
            struct sn_winograd_weights t = { .w = w + 9 * (size_t)g * p->group_stride, .u = s->u, .n = k * SN_GROUP, .stride = stride };

            SN_SIMD(winograd_weights)(&t);
            for (size_t pos = 0; pos < 36; pos++) {
                const float *u = (const float *)s->u + pos * stride;

                product(p, s, g, c0, c1, k, (const float *)s->v + pos * s->stride, u, u + stride, m + pos * m_stride(s));
            }
        }
        w += 9 * k * SN_GROUP;
    }
}

#endif

/* Where a tile's outputs go, and what happens to them on the way: in registers, out of reach of the stores. */
struct output {
    const float *res;
    float *y;
    V bias, least, slope;
    size_t row, col;  /* floats between outputs */
    int rows, cols;   /* of the 4x4 that lie inside the image */
    bool leaky;
};

/*
 * Rows a and a + 2 of one tile's 4x4 outputs of VN channels: the back-transform, as in input_rows, then bias, residual and
 * activation. Gives NaNs where one was not finite.
 */
SN_INLINE V output_rows(const float *m, struct lines row, size_t col, const int a, struct output o)
{
    V d[2][6], line[6], out[4], finite = v_zero();

    SN_UNROLL
    for (int j = 0; j < 6; j++, m += col) {
        SN_OPAQUE(m);
        line[0] = v_load(m);
        line[1] = v_load(m + row.one);
        line[2] = v_load(m + 2 * row.one);
        line[3] = v_load(m + row.three);
        line[4] = v_load(m + 4 * row.one);
        line[5] = v_load(m + row.five);
        winograd_output(line, out);
        d[0][j] = out[a];
        d[1][j] = out[a + 2];
    }
    SN_UNROLL
    for (int i = 0; i < 2; i++) {
        size_t at = (size_t)(a + 2 * i) * o.row;

        if (a + 2 * i >= o.rows)
            break;
        winograd_output(d[i], out);
        SN_UNROLL
        for (int j = 0; j < 4; j++, at += o.col) {
            V v = v_flush(v_add(out[j], o.bias));

            if (j >= o.cols)
                break;
            if (o.res)
                v = v_flush(v_add(v, v_load(o.res + at)));
            finite = v_fma(v, v_zero(), finite); /* infinity and NaN times zero are NaN */
            v_store(o.y + at, o.leaky ? v_activate(v, SN_ACT_LEAKY, o.slope) : v_at_least(v, o.least));
        }
    }
    return finite;
}

/* How many of 4 pixels `dil` apart, from `from` on, lie before `end`. */
SN_INLINE int count4(int from, int end, int dil)
{
    return (from < end) + (from + dil < end) + (from + 2 * dil < end) + (from + 3 * dil < end);
}

SN_INLINE void output_tile(const struct sn_winograd *p, const float *m, size_t stride, int channel, int y0, int x0, V *finite)
{
    size_t at = ((size_t)y0 * (size_t)p->w + (size_t)x0) * SN_LANES + (size_t)(channel % SN_LANES);
    struct output o = {
        .res = p->res ? (const float *)p->res[channel / SN_LANES] + at : NULL, .y = (float *)p->y[channel / SN_LANES] + at,
        .bias = p->bias ? v_load((const float *)p->bias + channel) : v_zero(), /* + 0 changes nothing but -0, which is flushed */
        .least = v_set1(p->act.kind == SN_ACT_RELU ? 0 : -INFINITY), .slope = v_set1(p->act.slope), .leaky = p->act.kind == SN_ACT_LEAKY,
        .row = (size_t)(p->dil * p->w) * SN_LANES, .col = (size_t)p->dil * SN_LANES,
        .rows = count4(y0, p->h, p->dil), .cols = count4(x0, p->w, p->dil),
    };
    V f = output_rows(m, lines_of(6 * stride), stride, 0, o);

    *finite = v_add(*finite, v_add(f, output_rows(m, lines_of(6 * stride), stride, 1, o)));
}

#ifndef SN_PARTS_ONLY
bool SN_SIMD(winograd_output)(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    V finite = v_zero();
    int end = SN_MIN(s->g1 * SN_GROUP, (p->oc + SN_LANES - 1) / SN_LANES * SN_LANES); /* whole planes */

    (p->u ? products : products_in_use)(p, s);
    for (int channel = s->g0 * SN_GROUP; channel < end; channel += VN) {
        const float *m = (const float *)s->m + (size_t)(channel / SN_GROUP - s->g0) * 36 * m_stride(s) + channel % SN_GROUP;
        struct walk at = walk_from(p, s->t0);

        for (int t = s->t0; t < s->t1; t++, m += SN_GROUP, walk_on(p, &at))
            output_tile(p, m, m_stride(s), channel, walk_y(p, &at), walk_x(p, &at), &finite);
    }
    return v_all_finite(finite);
}
#endif
