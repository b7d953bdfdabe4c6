/*
 * i16_quantise_simd.h: activations to 16 bits (kernels/i16.h), on a tier's vec_*.h and int_*.h. A chunk's largest
 * magnitude is found first, then its lines are read again, from the first-level cache.
 */
#include "kernels/ref/i16_scale.h"
#include "kernels/ref/winograd_tiles.h"
#include "kernels/simd/simd.h"

/* The largest magnitude's bits, lane by lane, of `planes` lines, `step` floats apart, times rb. */
SN_INLINE I i16_most(const int planes, I most, const float *const *x, size_t at, V rb)
{
    SN_UNROLL
    for (int l = 0; l < SN_LANES; l += VN) {
        I m = i_magnitude(v_load(x[0] + at + l));

        SN_UNROLL
        for (int c = 1; c < planes; c++)
            m = i_max(m, i_magnitude(v_load(x[c] + at + l)));
        most = i_max(most, i_bits(v_mul(i_as_float(m), rb)));
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
        I most = i16_most(planes, i_zero(), x, at, v_set1(1.0f));
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

/* A chunk of one tile, transformed to v[SN_CHUNK][36][16]: to 16 bits, at q, `stride` words from position to position. */
SN_INLINE void quantise_tile(const float *v, const int planes, int32_t *q, size_t stride, size_t pair, float *t)
{
    const float *x[SN_CHUNK];
    I most = i_zero();
    V s;

    for (int c = 0; c < planes; c++)
        x[c] = v + c * SN_I16_POSITIONS * SN_LANES;
    for (size_t p = 0; p < SN_I16_POSITIONS; p++)
        most = i16_most(planes, most, x, p * SN_LANES, v_set1(sn_i16_rb[p]));
    s = v_set1(sn_i16_scale(i_largest(most), t));
    for (size_t p = 0; p < SN_I16_POSITIONS; p++) {
        V sp = v_mul(s, v_set1(sn_i16_rb[p]));

        SN_UNROLL
        for (int c = 0; c < planes; c += 2)
            i16_pair(x[c] + p * SN_LANES, c + 1 < planes ? x[c + 1] + p * SN_LANES : NULL, sp, q + p * stride + (size_t)(c / 2) * pair);
    }
}

/*
 * Fetches what tile t of planes x[0..planes) reads and the tile before it in its row does not: six rows of four planes are
 * more streams than the hardware follows.
 */
SN_INLINE void i16_fetch(const struct sn_winograd *p, int t, int planes)
{
    struct sn_tile tile = sn_tile_at(p, t);
    int y0 = p->rows.start[tile.row] - p->dil, x0 = p->cols.start[tile.col] + p->dil;

    for (int i = 0; i < 6; i++) {
        size_t row = (size_t)SN_MAX(0, SN_MIN(y0 + i * p->dil, p->h - 1)) * (size_t)p->w;

        for (int k = 0; k < 4; k++) {
            size_t at = (row + (size_t)SN_MIN(x0 + k * p->dil, p->w - 1)) * SN_LANES;

            for (int c = 0; c < planes; c++)
                __builtin_prefetch((const float *)p->x[c] + at);
        }
    }
}

void SN_SIMD(i16_winograd_input)(const struct sn_i16_winograd *p, const struct sn_i16_span *s)
{
    _Alignas(64) float v[SN_I16_POSITIONS * SN_CHUNK * SN_LANES];

    for (int t = s->t0; t < s->t1; t++)
        for (int c0 = s->c0; c0 < s->c1; c0 += SN_CHUNK) {
            struct sn_winograd chunk = p->c;
            struct sn_winograd_span one = { .t0 = t, .t1 = t + 1, .c1 = SN_MIN(SN_CHUNK, s->c1 - c0), .base = t, .v = v, .stride = SN_LANES };
            size_t tile = (size_t)(t - s->base), pair = (size_t)s->tiles * SN_LANES;
            int32_t *q = s->v + (size_t)(c0 / 2) * pair + tile * SN_LANES;
            float *scale = &s->t[(size_t)(c0 / SN_CHUNK) * (size_t)s->tiles + tile];

            chunk.x += c0;
            if (t + 1 < s->t1)
                i16_fetch(&chunk, t + 1, one.c1);
            SN_SIMD(winograd_input)(&chunk, &one);
            switch (one.c1) {
            case 4:
                quantise_tile(v, 4, q, s->stride, pair, scale);
                break;
            case 3:
                quantise_tile(v, 3, q, s->stride, pair, scale);
                break;
            case 2:
                quantise_tile(v, 2, q, s->stride, pair, scale);
                break;
            default:
                quantise_tile(v, 1, q, s->stride, pair, scale);
                break;
            }
        }
}
