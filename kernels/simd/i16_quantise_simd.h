/*
 * i16_quantise_simd.h: activations to 16 bits (kernels/i16.h), on a tier's vec_*.h and int_*.h. A chunk's largest
 * magnitude is found first, then its lines are read again, from the first-level cache.
 */
#include "kernels/ref/i16_scale.h"
#include "kernels/ref/winograd_tiles.h"
#include "kernels/simd/upsample_simd.h"
#include "kernels/simd/winograd_tile_simd.h"

/* The largest magnitude's bits, lane by lane, of `planes` lines. */
SN_INLINE I i16_most(const int planes, const float *const *x, size_t at)
{
    I most = i_zero();

    SN_UNROLL
    for (int l = 0; l < SN_LANES; l += VN) {
        SN_UNROLL
        for (int c = 0; c < planes; c++)
            most = i_max(most, i_magnitude(v_load(x[c] + at + l)));
    }
    return most;
}

/* Two lines as one of words, `b` NULL: a line of zeros. */
SN_INLINE void i16_pair(const float *a, const float *b, V s, int32_t *q)
{
    V big = v_set1(SN_I16_ROUND);

    SN_UNROLL
    for (int l = 0; l < SN_LANES; l += VN)
        i_store(q + l, i_pair(v_fma(v_load(a + l), s, big), b ? v_fma(v_load(b + l), s, big) : big));
}

/* One chunk of `planes` planes. */
SN_INLINE void quantise_chunk(const struct sn_i16_quantise *p, int c0, const int planes)
{
    const float *x[SN_CHUNK];
    float *t = p->t + (size_t)(c0 / SN_CHUNK) * p->pixels + p->at;
    int32_t *q = p->q + ((size_t)(c0 / 2) * p->pixels + p->at) * SN_LANES;

    for (int c = 0; c < planes; c++)
        x[c] = (const float *)p->x[c0 + c] + p->first * SN_LANES;
    for (size_t i = 0; i < p->n; i++) {
        size_t at = i * p->step * SN_LANES;
        I most = i16_most(planes, x, at);
        V s = v_set1(sn_i16_scale(i_largest(most), &t[i]));

        SN_UNROLL
        for (int c = 0; c < planes; c += 2)
            i16_pair(x[c] + at, c + 1 < planes ? x[c + 1] + at : NULL, s, q + ((size_t)(c / 2) * p->pixels + i) * SN_LANES);
    }
}

void SN_SIMD(i16_quantise)(const struct sn_i16_quantise *p)
{
    int c = 0;

    for (; c + SN_CHUNK <= p->planes; c += SN_CHUNK)
        quantise_chunk(p, c, SN_CHUNK);
    switch (p->planes - c) {
    case 3:
        quantise_chunk(p, c, 3);
        break;
    case 2:
        quantise_chunk(p, c, 2);
        break;
    case 1:
        quantise_chunk(p, c, 1);
        break;
    default:
        break;
    }
}

/* ---- Winograd -------------------------------------------------------------------------------------- */

#define I16_FAR ((size_t)6 << 20) /* bytes of an input, of which little is left in a second-level cache */

/*
 * Tiles of 4 x 4 of one row, one after the other, for one chunk: a tile's six columns are transformed downwards; the last two are
 * the next tile's first two, so they stay in a ring of eight. Then its rows, into v, along with the chunk's largest
 * magnitude; then v is quantised. Short steps that store what they make: all at once would need more registers than there are.
 */
struct i16_run {
    const struct sn_winograd *p;
    int c0;                                 /* the chunk's first plane */
    int y, x0;                              /* of the first tile's first pixel */
    int n;                                  /* tiles */
    bool far;                               /* the input is read from memory */
    int32_t *q;                             /* of the first tile; stride, pair: words from position to position, pair to pair */
    size_t stride, pair;
    float *t;
};
struct i16_ring {
    _Alignas(64) float d[SN_CHUNK][6][8][SN_LANES];
};

#define I16_STRIP 3 /* tiles interpolated at a time: so many columns of four planes stay in the first-level cache */

/* The run's six rows in every plane, from column `from` of the image on; NULL: outside the image. */
struct i16_source {
    const float *line[SN_CHUNK][6];
    int from[SN_CHUNK];
    _Alignas(64) float pixels[SN_CHUNK][6 * (4 * I16_STRIP + 2) * SN_LANES]; /* of interpolated planes */
};

SN_INLINE void i16_find(const struct i16_run *r, const int planes, struct i16_source *s)
{
    for (int c = 0; c < planes; c++) {
        const float *plane = sn_winograd_up(r->p, r->c0 + c) ? NULL : r->p->x[r->c0 + c]; /* i16_interpolate sets the others */

        s->from[c] = 0;
        for (int i = 0, y = r->y; i < 6; i++, y += r->p->dil)
            s->line[c][i] = plane && y >= 0 && y < r->p->h ? plane + (size_t)y * (size_t)r->p->w * SN_LANES : NULL;
    }
}

/* The columns that tiles from `tile` on read and those before them did not, of the planes that are interpolated. */
SN_INLINE void i16_interpolate(const struct i16_run *r, const int planes, int tile, struct i16_source *s)
{
    int first = tile ? tile * 4 + 2 : 0, wide = SN_MIN(tile + I16_STRIP, r->n) * 4 + 2 - first;

    for (int c = 0; c < planes; c++) {
        const struct sn_upsample *up = sn_winograd_up(r->p, r->c0 + c);

        if (!up)
            continue;
        strip(up, r->p->x[r->c0 + c], r->y, r->x0 + first, 6, wide, s->pixels[c]);
        s->from[c] = r->x0 + first;
        for (int i = 0; i < 6; i++)
            s->line[c][i] = s->pixels[c] + i * wide * SN_LANES;
    }
}

/* Columns first <= j < end of the run, of every plane, to the ring. */
SN_INLINE void i16_columns(const struct i16_run *r, const struct i16_source *s, const int planes, int first, int end,
                           struct i16_ring *ring)
{
    for (int c = 0; c < planes; c++)
        for (int j = first; j < end; j++) {
            int x = r->x0 + j * r->p->dil;
            bool inside = x >= 0 && x < r->p->w;

            for (int l = 0; l < SN_LANES; l += VN) {
                V line[6], out[6];

                SN_UNROLL
                for (int i = 0; i < 6; i++)
                    line[i] = inside && s->line[c][i] ? v_load(s->line[c][i] + (x - s->from[c]) * SN_LANES + l) : v_zero();
                winograd_input(4, line, out);
                SN_UNROLL
                for (int i = 0; i < 6; i++)
                    v_store(ring->d[c][i][j % 8] + l, out[i]);
            }
        }
}

/*
 * Rows of a tile, to v[36][planes][16]; the largest magnitude's bits, lane by lane. Meanwhile the next tile's columns are
 * fetched, of two lines one, since the hardware fetches pairs: six rows of four planes are more streams than it follows.
 */
SN_INLINE I i16_rows(const struct i16_run *r, const struct i16_ring *ring, int tile, const int planes, float *v)
{
    I most = i_zero();
    int at = tile % 2 * 4, dil = r->p->dil, x = r->x0 + (tile * 4 + 6) * dil;
    bool fetch = r->far && x + 3 * dil < r->p->w;

    for (size_t i = 0; i < 6; i++) {
        int y = SN_MAX(0, SN_MIN(r->y + (int)i * dil, r->p->h - 1));
        size_t ahead = ((size_t)y * (size_t)r->p->w + (size_t)x) * SN_LANES;

        for (int l = 0; l < SN_LANES; l += VN) {
            I m[6]; /* 0, 1, 3, 5: positions of a row that share rb; rounding is monotone, so the maximum comes first */

            for (int k = 0; k < 6; k++)
                m[k] = i_zero();
            for (int c = 0; c < planes; c++) {
                const float *a = ring->d[c][i][at] + l, *b = ring->d[c][i][4 - at] + l;
                V line[6], out[6];

                SN_UNROLL
                for (int j = 0; j < 4; j++)
                    line[j] = v_load(a + j * SN_LANES);
                line[4] = v_load(b);
                line[5] = v_load(b + SN_LANES);
                if (fetch && l == 0 && !sn_winograd_up(r->p, r->c0 + c))
                    for (size_t j = 0; j < 4; j += 2)
                        __builtin_prefetch((const float *)r->p->x[r->c0 + c] + ahead + j * (size_t)dil * SN_LANES, 0, 2);
                winograd_input(4, line, out);
                SN_UNROLL
                for (size_t j = 0; j < 6; j++)
                    v_store(v + ((i * 6 + j) * (size_t)planes + (size_t)c) * SN_LANES + l, out[j]);
                m[0] = i_max(m[0], i_magnitude(out[0]));
                m[1] = i_max(m[1], i_max(i_magnitude(out[1]), i_magnitude(out[2])));
                m[3] = i_max(m[3], i_max(i_magnitude(out[3]), i_magnitude(out[4])));
                m[5] = i_max(m[5], i_magnitude(out[5]));
            }
            SN_UNROLL
            for (size_t k = 0; k < 6; k += k ? 2 : 1)
                most = i_max(most, i_bits(v_mul(i_as_float(m[k]), v_set1(sn_i16_rb4[i * 6 + k]))));
        }
    }
    return most;
}

SN_INLINE void i16_quantise_tile(const float *v, const int planes, V s, int32_t *q, size_t stride, size_t pair)
{
    for (size_t p = 0; p < 36; p++, q += stride, v += planes * SN_LANES) {
        V sp = v_mul(s, v_set1(sn_i16_rb4[p]));

        SN_UNROLL
        for (int c = 0; c < planes; c += 2)
            i16_pair(v + c * SN_LANES, c + 1 < planes ? v + (c + 1) * SN_LANES : NULL, sp, q + (size_t)(c / 2) * pair);
    }
}

SN_INLINE void i16_tiles(const struct i16_run *r, const int planes)
{
    _Alignas(64) float v[36 * SN_CHUNK * SN_LANES];
    struct i16_ring ring;
    struct i16_source source;

    i16_find(r, planes, &source);
    i16_interpolate(r, planes, 0, &source);
    i16_columns(r, &source, planes, 0, 2, &ring);
    for (int i = 0; i < r->n; i++) {
        I most;

        if (i > 0 && i % I16_STRIP == 0)
            i16_interpolate(r, planes, i, &source);
        i16_columns(r, &source, planes, i * 4 + 2, i * 4 + 6, &ring);
        most = i16_rows(r, &ring, i, planes, v);
        i16_quantise_tile(v, planes, v_set1(sn_i16_scale(i_largest(most), &r->t[i])), r->q + i * SN_LANES, r->stride, r->pair);
    }
}

/* Planes c0 <= c < c1, a chunk, of a tile of any kind: transformed as in float; the largest magnitude; the words. */
static void i16_tile(const struct sn_winograd *p, const struct sn_i16_span *s, int t, const struct sn_tile *tile, int c0, int c1)
{
    _Alignas(64) float v[SN_CHUNK][36 * SN_LANES];
    struct sn_winograd chunk = *p;
    struct sn_winograd_span one = { .t0 = t, .t1 = t + 1, .c1 = c1 - c0, .base = t, .v = v, .plane = 36 * SN_LANES };
    const float *rb = sn_i16_rb(p->kind);
    int high = sn_tile_high(p, tile), wide = sn_tile_wide(p, tile), across = sn_winograd_across(p);
    size_t at = (size_t)(t - s->base), pair = (size_t)s->tiles * SN_LANES;
    I most = i_zero();
    V scale;

    for (int i = 0; i < across; i++) {
        one.at[i] = i * across * SN_LANES;
        one.step[i] = SN_LANES;
    }
    chunk.x += c0;
    chunk.up += chunk.up ? c0 : 0;
    SN_SIMD(winograd_input)(&chunk, &one);
    for (int i = sn_points_from(high); i < sn_points_to(high); i++)
        for (int j = sn_points_from(wide); j < sn_points_to(wide); j++)
            for (int c = 0; c < c1 - c0; c++)
                for (int l = 0; l < SN_LANES; l += VN)
                    most = i_max(most, i_magnitude(v_mul(v_load(v[c] + (i * across + j) * SN_LANES + l), v_set1(rb[i * across + j]))));
    scale = v_set1(sn_i16_scale(i_largest(most), &s->t[(size_t)(c0 / SN_CHUNK) * (size_t)s->tiles + at]));
    for (int i = sn_points_from(high); i < sn_points_to(high); i++)
        for (int j = sn_points_from(wide); j < sn_points_to(wide); j++) {
            size_t pos = (size_t)(i * across + j);
            V sp = v_mul(scale, v_set1(rb[pos]));

            for (int c = 0; c < c1 - c0; c += 2)
                i16_pair(v[c] + pos * SN_LANES, c + 1 < c1 - c0 ? v[c + 1] + pos * SN_LANES : NULL, sp,
                         s->v + pos * s->stride + (size_t)((c0 + c) / 2) * pair + at * SN_LANES);
        }
}

/* Planes c0 <= c < c1, a chunk, of all tiles: plane by plane the image is read from near. */
static void i16_chunk(const struct sn_winograd *p, const struct sn_i16_span *s, int c0, int c1)
{
    struct i16_run r = { .p = p, .c0 = c0, .stride = s->stride, .pair = (size_t)s->tiles * SN_LANES };

    r.far = (size_t)p->h * (size_t)p->w * (size_t)p->planes * SN_LANES * sizeof(float) > I16_FAR;
    for (int t = s->t0; t < s->t1; t += r.n) { /* neighbours in a row, as far as the span goes */
        struct sn_tile at = sn_tile_at(p, t);
        const int32_t *start = p->cols.start + at.col;
        size_t tile = (size_t)(t - s->base);

        r.n = 1;
        if (sn_tile_high(p, &at) != 4 || sn_tile_wide(p, &at) != 4) {
            i16_tile(p, s, t, &at, c0, c1);
            continue;
        }
        for (; r.n < SN_MIN(s->t1 - t, p->cols.big - at.col) && start[r.n] == start[0] + r.n * 4 * p->dil; r.n++)
            ;
        r.y = p->rows.start[at.row] - p->dil;
        r.x0 = start[0] - p->dil;
        r.q = s->v + (size_t)(c0 / 2) * r.pair + tile * SN_LANES;
        r.t = s->t + (size_t)(c0 / SN_CHUNK) * (size_t)s->tiles + tile;
        switch (c1 - c0) {
        case 4:
            i16_tiles(&r, 4);
            break;
        case 3:
            i16_tiles(&r, 3);
            break;
        case 2:
            i16_tiles(&r, 2);
            break;
        default:
            i16_tiles(&r, 1);
            break;
        }
    }
}

void SN_SIMD(i16_winograd_input)(const struct sn_i16_winograd *p, const struct sn_i16_span *s)
{
    for (int c = s->c0; c < s->c1; c += SN_CHUNK)
        i16_chunk(&p->c, s, c, SN_MIN(c + SN_CHUNK, s->c1));
}
