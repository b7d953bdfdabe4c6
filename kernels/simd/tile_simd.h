/* tile_simd.h: the register tile that direct and Winograd convolutions share. */
#ifndef SN_TILE_SIMD_H
#define SN_TILE_SIMD_H

#include "kernels/simd/simd.h"

#define TILE_V (TILE_OC / VN)
#define TILE_FLOATS (TILE_PIXELS * SN_GROUP)

/*
 * acc[np][nv] += the products of `lanes` channels at NP pixels, `step` floats apart, with the weights at w; those of
 * vectors TILE_V and up, where a tile is that wide, are another group's, `gap` floats on. Meanwhile the weights at
 * `next` are fetched, `pace` floats a channel: the tiles that share a chunk's weights share out the fetching of the
 * next chunk's, so that memory is read evenly. The hardware's own fetching stops at each page.
 */
SN_INLINE void conv_step(const int np, const int nv, const int step, V *acc, const float *x, size_t lanes, const float *w, const size_t gap,
                         const float *next, size_t pace)
{
    for (size_t ic = 0; ic < lanes; ic++, w += SN_GROUP, next += pace) {
        V wv[2 * TILE_V];

        /* the next tile's pixels of this plane, a line at a time: one stream a plane is more than the hardware follows */
        __builtin_prefetch(x + ((size_t)np + ic) * (size_t)step);
        __builtin_prefetch(next);
        if (nv > TILE_V)
            __builtin_prefetch(next + gap);
        SN_UNROLL
        for (int j = 0; j < nv; j++)
            wv[j] = v_load(w + (size_t)(j / TILE_V) * gap + j % TILE_V * VN);
        SN_UNROLL
        for (int i = 0; i < np; i++) {
            V xv = v_set1(x[(size_t)(i * step) + ic]);

            SN_UNROLL
            for (int j = 0; j < nv; j++)
                acc[i * nv + j] = v_fma(xv, wv[j], acc[i * nv + j]);
        }
    }
}

/* The sums so far, or zeros: from NULL. */
SN_INLINE void tile_start(const int n, const float *from, V *acc)
{
    SN_UNROLL
    for (int i = 0; i < n; i++)
        acc[i] = from ? v_load(from + i * VN) : v_zero();
}

SN_INLINE void tile_store(const int n, const V *acc, float *to)
{
    SN_UNROLL
    for (int i = 0; i < n; i++)
        v_store(to + i * VN, acc[i]);
}

#define TILE_AT(i, j) ((i) * SN_GROUP + (j) / TILE_V * (TILE_FLOATS / 2) + (j) % TILE_V * VN) /* in a total: tile_run */

/* A chunk's sums join the totals; the first chunk's become them. */
SN_INLINE void tile_total(const int np, const int nv, const V *acc, bool first, float *total)
{
    SN_UNROLL
    for (int i = 0; i < np; i++) {
        SN_UNROLL
        for (int j = 0; j < nv; j++) {
            float *t = total + TILE_AT(i, j);

            v_store(t, first ? acc[i * nv + j] : v_add(v_load(t), acc[i * nv + j]));
        }
    }
}

/* n pixels or tiles in nearly equal pieces, the first `more` of them of size + 1: 32 = 11 + 11 + 10, not 14 + 14 + 4. */
struct tile_cut {
    int n, pieces, size, more;
    size_t pace; /* what each piece fetches of `share` floats */
};

/* Divisions take as long as a few steps of a tile: a cut of the same n stays. */
SN_INLINE void tile_cut(struct tile_cut *cut, int n, size_t share)
{
    if (n == cut->n)
        return;
    cut->n = n;
    cut->pieces = (n + TILE_PIXELS - 1) / TILE_PIXELS;
    cut->size = n / cut->pieces;
    cut->more = n % cut->pieces;
    cut->pace = SN_MAX(share / (size_t)cut->pieces, (size_t)1);
}

/* Input pixels of one plane and their weights: what a register tile multiplies at a time. */
struct tile_line {
    const float *x;    /* of the pixel at 0 */
    const float *w;    /* [lanes][SN_GROUP] */
    const float *next; /* what the first tile fetches of the weights that are needed later */
    size_t lanes;
};

/*
 * What one pass over the tiles adds up: n lines, on from the sums that wait in a tile's part (resumes) or from 0; the result
 * waits there again (waits) or joins the tile's total. Initialised field by field: zeros stored as one vector would hold up
 * the first load of a field.
 */
struct tile_pass {
    const struct tile_line *line;
    size_t n, gap, pace; /* gap, pace: conv_step */
    bool resumes, waits, first; /* first: the total's first summand */
};

/*
 * One tile: its first pixel is `at` floats from the lines', what it fetches `share` floats from what the first tile fetches.
 * total: [np][SN_GROUP], of another group's channels half a TILE_FLOATS on.
 */
SN_INLINE void tile_run(const int np, const int nv, const int step, const struct tile_pass *s, size_t at, size_t share, float *part, float *total)
{
    V acc[TILE_PIXELS * TILE_V];

    tile_start(np * nv, s->resumes ? part : NULL, acc);
    for (const struct tile_line *l = s->line, *end = l + s->n; l < end; l++)
        conv_step(np, nv, step, acc, l->x + at, l->lanes, l->w, s->gap, l->next + share, s->pace);
    if (s->waits)
        tile_store(np * nv, acc, part);
    else
        tile_total(np, nv, acc, s->first, total);
}

/*
 * TILES(name, nv, step): name[np] is tile_run for np pixels, np a constant: register arrays need constant bounds. A function
 * each: where they share one, the compilers run out of registers for addresses and move them, sums too, in and out.
 */
typedef void tile_fn(const struct tile_pass *s, size_t at, size_t share, float *part, float *total);
#define TILE_FN(np, name, nv, step)                                                               \
    static void name##_##np(const struct tile_pass *s, size_t at, size_t share, float *part, float *total) \
    {                                                                                             \
        tile_run(np, nv, step, s, at, share, part, total);                                        \
    }
#define TILE_NAME(np, name, nv, step) name##_##np,
#define TILES_OF(nps, name, nv, step)                                                             \
    nps(TILE_FN, name, nv, step)                                                                  \
    static tile_fn *const name[] = { NULL, nps(TILE_NAME, name, nv, step) };
#define TILES(name, nv, step) TILES_OF(SN_NPS, name, nv, step)
#define TILES_WIDE(name, nv, step) TILES_OF(SN_NP7, name, nv, step)

#define SN_NP6(X, ...) X(1, __VA_ARGS__) X(2, __VA_ARGS__) X(3, __VA_ARGS__) X(4, __VA_ARGS__) X(5, __VA_ARGS__) X(6, __VA_ARGS__)
#define SN_NP7(X, ...) SN_NP6(X, __VA_ARGS__) X(7, __VA_ARGS__)
#define SN_NP14(X, ...)                                                                           \
    SN_NP7(X, __VA_ARGS__) X(8, __VA_ARGS__) X(9, __VA_ARGS__) X(10, __VA_ARGS__)                 \
    X(11, __VA_ARGS__) X(12, __VA_ARGS__) X(13, __VA_ARGS__) X(14, __VA_ARGS__)
#if TILE_PIXELS == 14
#define SN_NPS SN_NP14
#elif TILE_PIXELS == 6
#define SN_NPS SN_NP6
#endif

#endif
