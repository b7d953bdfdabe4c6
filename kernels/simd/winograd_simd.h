/*
 * winograd_simd.h: Winograd convolution (kernels.h). The transforms work on one 16-lane pixel line
 * (or VN of it) at a time; the products are the register tile of tile_simd.h, with tiles in the
 * place of pixels, one transform position after the other.
 */
#include "kernels/ref/winograd_tiles.h"
#include "kernels/simd/tile_simd.h"
#include "kernels/simd/upsample_simd.h"
#include "kernels/simd/winograd_tile_simd.h"

/* Fetches the lines two further on, which are stored next: a store that waits for its line holds up those behind it. */
SN_INLINE void lines_store(const int from, const int to, float *p, size_t step, const V *line)
{
    float *p3 = p + 3 * step;

    SN_HIDE(p);
    SN_HIDE(p3);
    SN_UNROLL
    for (int i = from; i < to; i++) {
        float *at = i < 3 ? p + (size_t)i * step : p3 + (size_t)(i - 3) * step;

        __builtin_prefetch(at + 2 * SN_LANES, 1);
        v_store(at, line[i]);
    }
}

SN_INLINE void weights_to(const struct sn_winograd_weights *p, const int points)
{
    const float *w = p->w;
    float *u = p->u;

    for (size_t i = 0; i < p->n; i += VN) { /* n is a multiple of 32 */
        V g[3][6], line[3], out[6];

        SN_UNROLL
        for (size_t kw = 0; kw < 3; kw++) {
            const float *x = w + kw * p->n + i;

            SN_HIDE(x);
            SN_UNROLL
            for (size_t kh = 0; kh < 3; kh++)
                line[kh] = v_load(x + kh * 3 * p->n);
            if (points == 3)
                winograd_filter_pair(line, g[kw]);
            else
                winograd_filter(line, g[kw]);
        }
        SN_UNROLL
        for (int r = 0; r < points; r++) {
            SN_UNROLL
            for (size_t kw = 0; kw < 3; kw++)
                line[kw] = g[kw][r];
            if (points == 3)
                winograd_filter_pair(line, out);
            else
                winograd_filter(line, out);
            lines_store(0, points, u + (size_t)(r * points) * p->stride + i, p->stride, out);
        }
    }
}

void SN_SIMD(winograd_weights)(const struct sn_winograd_weights *p)
{
    if (p->points == 6)
        weights_to(p, 6);
    else if (p->points == 5)
        weights_to(p, 5);
    else
        weights_to(p, 3);
}

/*
 * Where the inputs of a tile lie that reaches over the image's border, or whose inputs are apart: of its rows, lines of zeros
 * outside, and of columns from <= j < to. Such inputs are more streams than the hardware follows, so those of the plane
 * that comes next are fetched.
 */
struct apart {
    const float *row[6]; /* at column `from` */
    size_t step[6];      /* floats to the next column */
    int from, to;
    uintptr_t next;      /* bytes to the next plane, or from the last to the first one's next pixel */
};

/* The inputs of a tile, high x wide of them from (y0, x0) on. */
static void apart_of(const struct sn_winograd *p, const float *plane, int high, int wide, int y0, int x0, struct apart *e)
{
    static const float zeros[SN_LANES];

    for (e->from = 0; e->from < wide && x0 + e->from * p->dil < 0; e->from++)
        ;
    for (e->to = wide; e->to > e->from && x0 + (e->to - 1) * p->dil >= p->w; e->to--)
        ;
    for (int i = 0, y = y0; i < high; i++, y += p->dil) {
        bool inside = y >= 0 && y < p->h && e->from < e->to;

        e->row[i] = inside ? plane + ((ptrdiff_t)y * p->w + x0 + e->from * p->dil) * SN_LANES : zeros;
        e->step[i] = inside ? (size_t)p->dil * SN_LANES : 0;
    }
}

SN_INLINE void apart_load(const int high, const struct apart *e, int j, int l, V *line)
{
    bool inside = j >= e->from && j < e->to;

    SN_UNROLL
    for (int i = 0; i < high; i++) {
        const float *x = e->row[i] + (size_t)(j - e->from) * e->step[i] + l;

        if (inside)
            __builtin_prefetch((const void *)((uintptr_t)x + e->next));
        line[i] = inside ? v_load(x) : v_zero();
    }
}

/*
 * One tile of one plane, to v, `tile` floats behind the first. px: its first input pixel, rows `row` floats apart.
 * e: where they lie, if not NULL.
 */
SN_INLINE void input_tile(const int high, const int wide, const float *px, size_t row, const struct apart *e,
                          const struct sn_winograd_span *s, float *v, ptrdiff_t tile)
{
    for (int l = 0; l < SN_LANES; l += VN) {
        V d[6][6], line[6], out[6];

        SN_UNROLL
        for (int j = 0; j < sn_piece_inputs(wide); j++) {
            if (e)
                apart_load(sn_piece_inputs(high), e, j, l, line);
            else
                lines_load(0, sn_piece_inputs(high), px + j * SN_LANES + l, row, line);
            winograd_input(high, line, d[j]);
        }
        SN_UNROLL
        for (int i = sn_points_from(high); i < sn_points_to(high); i++) {
            SN_UNROLL
            for (int j = 0; j < sn_piece_inputs(wide); j++)
                line[j] = d[j][i];
            winograd_input(wide, line, out);
            lines_store(sn_points_from(wide), sn_points_to(wide), v + (s->at[i] + tile) + l, s->step[i], out);
        }
    }
}

/* The span's tiles of plane c, which is interpolated, to v: in runs of neighbours. */
static void input_interpolated(const struct sn_winograd *p, const struct sn_winograd_span *s, int c, float *v)
{
    _Alignas(64) float pixels[STRIP_ROWS * STRIP_COLUMNS * SN_LANES];

    for (int t = s->t0, n; t < s->t1; t += n) {
        struct sn_tile at = sn_tile_at(p, t);
        int high = sn_tile_high(p, &at), wide = sn_tile_wide(p, &at), columns;
        const int32_t *start = p->cols.start + at.col;

        n = SN_MIN(STRIP_TILES, SN_MIN(s->t1 - t, sn_part_col1(p, at.part) - at.col));
        columns = start[n - 1] - start[0] + sn_piece_inputs(wide);
        strip(p->up[c], p->x[c], p->rows.start[at.row] - sn_piece_before(high), start[0] - sn_piece_before(wide), sn_piece_inputs(high),
              columns, pixels);
        for (int i = 0; i < n; i++) {
            const float *x = pixels + (start[i] - start[0]) * SN_LANES;
            ptrdiff_t tile = (ptrdiff_t)(t + i - s->base) * SN_LANES;

            SN_KIND_SWITCH(high, wide, input_tile(HIGH, WIDE, x, (size_t)columns * SN_LANES, NULL, s, v, tile))
        }
    }
}

void SN_SIMD(winograd_input)(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    for (int c = s->c0; c < s->c1; c++) {
        const float *plane = p->x[c];
        float *v = (float *)s->v + (size_t)(c - s->c0) * s->plane;
        uintptr_t next = c + 1 < s->c1 ? (uintptr_t)p->x[c + 1] : (uintptr_t)p->x[s->c0] + SN_LANES * sizeof(float);
        struct sn_tile at = sn_tile_at(p, s->t0);

        if (sn_winograd_up(p, c)) {
            input_interpolated(p, s, c, v);
            continue;
        }
        for (int t = s->t0; t < s->t1; t++, sn_tile_next(p, &at)) {
            int high = sn_tile_high(p, &at), wide = sn_tile_wide(p, &at), h = sn_piece_inputs(high), w = sn_piece_inputs(wide);
            int y0 = p->rows.start[at.row] - sn_piece_before(high) * p->dil, x0 = p->cols.start[at.col] - sn_piece_before(wide) * p->dil;
            ptrdiff_t tile = (ptrdiff_t)(t - s->base) * SN_LANES;

            if (p->dil == 1 && y0 >= 0 && x0 >= 0 && y0 + h <= p->h && x0 + w <= p->w) {
                const float *x = plane + ((size_t)y0 * (size_t)p->w + (size_t)x0) * SN_LANES;

                SN_KIND_SWITCH(high, wide, input_tile(HIGH, WIDE, x, (size_t)p->w * SN_LANES, NULL, s, v, tile))
            } else {
                struct apart e = { .next = next - (uintptr_t)plane };

                apart_of(p, plane, h, w, y0, x0, &e);
                SN_KIND_SWITCH(high, wide, input_tile(HIGH, WIDE, NULL, 0, &e, s, v, tile))
            }
        }
    }
}

TILES(tiles, TILE_V, SN_LANES)

/*
 * The sums of chunk c0 <= c < c1 at the rows' point i and the columns' j of group g. u: the chunk's weights there, next: weights needed later,
 * of which `share` floats are fetched for each channel.
 */
static void product(const struct sn_winograd *p, const struct sn_winograd_span *s, struct tile_cut *cut, int i, int j, int g, int c0, int c1,
                    const float *u, const float *next, size_t share, float *m)
{
    struct tile_line line[SN_CHUNK];
    const float *v = s->v;
    size_t k = 0;
    int t0, t1;

    sn_tiles_using(p, i, j, s->t0, s->t1, &t0, &t1);
    if (t1 <= t0)
        return;
    tile_cut(cut, t1 - t0, share);
    v += (size_t)j * s->step[i] + (size_t)(s->at[i] + (ptrdiff_t)(t0 - s->base) * SN_LANES);
    for (int c = c0; c < c1; c++) {
        size_t lanes = p->lanes[c];

        line[c - c0] = (struct tile_line){ v + (size_t)(c - s->c0) * s->plane, u + k * SN_GROUP, next + k * cut->pace, lanes };
        k += lanes;
    }
    m += (t0 - s->t0) * SN_GROUP;
    for (int half = 0; half < SN_GROUP && g * SN_GROUP + half < p->oc; half += TILE_OC) {
        struct tile_pass pass = { .line = line, .n = (size_t)(c1 - c0), .gap = 0, .pace = cut->pace, .resumes = false, .waits = false,
                                  .first = c0 == 0 };
        size_t at = 0, fetch = 0;

        for (int n = 0; n < cut->pieces; n++) {
            size_t np = (size_t)(cut->size + (n < cut->more));

            tiles[np](&pass, at * SN_LANES, fetch, NULL, m + at * SN_GROUP + half);
            at += np;
            fetch += cut->pace * k;
        }
        for (int c = 0; c < c1 - c0; c++)
            line[c].w += TILE_OC;
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

/* A group's weights at a position, of the span's planes. */
static const float *weights_at(const struct sn_winograd *p, const struct sn_winograd_span *s, size_t pos, int g)
{
    return (const float *)p->u + pos * p->u_stride + (size_t)g * p->group_stride + used_lanes(p, 0, s->c0) * SN_GROUP;
}

/* One position of all groups. */
static void position(const struct sn_winograd *p, const struct sn_winograd_span *s, struct tile_cut *cut, int i, int j)
{
    size_t pos = (size_t)(i * sn_winograd_across(p) + j);

    for (int g = s->g0; g < s->g1; g++) {
        const float *u = weights_at(p, s, pos, g);
        float *m = (float *)s->m + ((size_t)((g - s->g0) * sn_winograd_positions(p)) + pos) * m_stride(s);

        for (int c0 = s->c0; c0 < s->c1; c0 += SN_CHUNK) {
            int c1 = SN_MIN(c0 + SN_CHUNK, s->c1);
            const float *next = u + used_lanes(p, c0, c1) * SN_GROUP;

            if (c1 == s->c1)
                next = g + 1 < s->g1 ? weights_at(p, s, pos, g + 1) : weights_at(p, s, pos + 1, s->g0);
            product(p, s, cut, i, j, g, c0, c1, u, next, SN_GROUP, m);
            u += used_lanes(p, c0, c1) * SN_GROUP;
        }
    }
}

/* Position by position: its inputs serve all groups from the cache, its weights are read in the order they lie in. */
static void products(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    struct tile_cut cut = { 0 };

    for (int i = 0; i < sn_winograd_across(p); i++)
        for (int j = 0; j < sn_winograd_across(p); j++)
            position(p, s, &cut, i, j);
}

/*
 * Chunk by chunk, whose weights are transformed just before. The next chunk's plain ones are fetched meanwhile, evenly: the
 * products at each position fetch their share of 9 n.
 */
static void products_in_use(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    const float *w = (const float *)p->direct + 9 * used_lanes(p, 0, s->c0) * SN_GROUP;
    struct tile_cut cut = { 0 };
    size_t positions = (size_t)sn_winograd_positions(p), share = 9 * SN_GROUP / positions;

    for (int c0 = s->c0; c0 < s->c1; c0 += SN_CHUNK) {
        int c1 = SN_MIN(c0 + SN_CHUNK, s->c1);
        size_t k = used_lanes(p, c0, c1), stride = k * SN_GROUP + SN_LANES;

        for (int g = s->g0; g < s->g1; g++) {
            float *m = (float *)s->m + (size_t)(g - s->g0) * positions * m_stride(s);
            struct sn_winograd_weights t = { .w = w + 9 * (size_t)g * p->group_stride, .u = s->u, .n = k * SN_GROUP, .stride = stride,
                                             .points = sn_piece_points(p->kind) };

            const float *next = (const float *)t.w + 9 * t.n;
            size_t pos = 0;

            SN_SIMD(winograd_weights)(&t);
            for (int i = 0; i < sn_winograd_across(p); i++)
                for (int j = 0; j < sn_winograd_across(p); j++, pos++)
                    product(p, s, &cut, i, j, g, c0, c1, (const float *)s->u + pos * stride, next + pos * k * share, share,
                            m + pos * m_stride(s));
        }
        w += 9 * k * SN_GROUP;
    }
}

bool SN_SIMD(winograd_output)(const struct sn_winograd *p, const struct sn_winograd_span *s)
{
    V finite = v_zero();
    int end = SN_MIN(s->g1 * SN_GROUP, (p->oc + SN_LANES - 1) / SN_LANES * SN_LANES); /* whole planes */

    (p->u ? products : products_in_use)(p, s);
    if (s->c1 < p->planes)
        return true;
    for (int channel = s->g0 * SN_GROUP; channel < end; channel += VN) {
        const float *m = (const float *)s->m + (size_t)((channel / SN_GROUP - s->g0) * sn_winograd_positions(p)) * m_stride(s) + channel % SN_GROUP;
        struct sn_tile at = sn_tile_at(p, s->t0);

        for (int t = s->t0; t < s->t1; t++, m += SN_GROUP, sn_tile_next(p, &at)) {
            int y0 = p->rows.start[at.row], x0 = p->cols.start[at.col];

            SN_KIND_SWITCH(sn_tile_high(p, &at), sn_tile_wide(p, &at),
                           output_tile(p, HIGH, WIDE, m, m_stride(s), channel, y0, x0, &finite))
        }
    }
    return v_all_finite(finite);
}
