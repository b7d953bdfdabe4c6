/*
 * winograd_tiles.h: which tile is the t-th of a Winograd convolution, and which tiles use a position: the order of kernels.h,
 * for the twins and SIMD alike. The four parts of that order, from 0 on: in 0 and 1 columns are big, in 1 and 2 rows are.
 */
#ifndef SN_WINOGRAD_TILES_H
#define SN_WINOGRAD_TILES_H

#include "kernels/kernels.h"

#define SN_WINOGRAD_PARTS 4

/* A tile: its part, and the pieces of the rows and columns. */
struct sn_tile {
    int part, row, col;
};

static inline int sn_part_row0(const struct sn_winograd *p, int part) { return part == 1 || part == 2 ? 0 : p->rows.big; }
static inline int sn_part_row1(const struct sn_winograd *p, int part) { return part == 1 || part == 2 ? p->rows.big : p->rows.n; }
static inline int sn_part_col0(const struct sn_winograd *p, int part) { return part < 2 ? 0 : p->cols.big; }
static inline int sn_part_col1(const struct sn_winograd *p, int part) { return part < 2 ? p->cols.big : p->cols.n; }
static inline int sn_part_tiles(const struct sn_winograd *p, int part)
{
    return (sn_part_row1(p, part) - sn_part_row0(p, part)) * (sn_part_col1(p, part) - sn_part_col0(p, part));
}

static inline struct sn_tile sn_tile_at(const struct sn_winograd *p, int t)
{
    int part = 0, width;

    for (; part + 1 < SN_WINOGRAD_PARTS && t >= sn_part_tiles(p, part); part++)
        t -= sn_part_tiles(p, part);
    width = sn_part_col1(p, part) - sn_part_col0(p, part);
    return (struct sn_tile){ part, sn_part_row0(p, part) + t / width, sn_part_col0(p, part) + t % width };
}

/* The tile after this one, without a division. */
static inline void sn_tile_next(const struct sn_winograd *p, struct sn_tile *at)
{
    if (++at->col < sn_part_col1(p, at->part))
        return;
    at->col = sn_part_col0(p, at->part);
    if (++at->row < sn_part_row1(p, at->part))
        return;
    while (++at->part < SN_WINOGRAD_PARTS && sn_part_tiles(p, at->part) == 0)
        ;
    at->row = sn_part_row0(p, at->part);
    at->col = sn_part_col0(p, at->part);
}

/* The kinds of its pieces, down and across. */
static inline int sn_tile_high(const struct sn_winograd *p, const struct sn_tile *at) { return p->kind - (at->row >= p->rows.big); }
static inline int sn_tile_wide(const struct sn_winograd *p, const struct sn_tile *at) { return p->kind - (at->col >= p->cols.big); }

/* A piece's inputs, and how many of them lie before its first output; its points: from the first to before the last. */
static inline int sn_piece_inputs(int kind) { return kind >= 2 ? kind + 2 : kind + 1; }
static inline int sn_piece_before(int kind) { return kind >= 2; }
static inline int sn_points_from(int kind) { return kind == 2; }
static inline int sn_points_to(int kind) { return sn_points_from(kind) + sn_piece_points(kind); }

/* Of tiles t0 <= t < t1, those that use the rows' point i and the columns' j: *from <= t < *to, none where *from >= *to. */
static inline void sn_tiles_using(const struct sn_winograd *p, int i, int j, int t0, int t1, int *from, int *to)
{
    int small = p->kind - 1;

    *from = t0;
    *to = t1;
    if (i < sn_points_from(small) || i >= sn_points_to(small)) { /* parts 1 and 2 */
        *from = SN_MAX(*from, sn_part_tiles(p, 0));
        *to = SN_MIN(*to, sn_part_tiles(p, 0) + p->rows.big * p->cols.n);
    }
    if (j < sn_points_from(small) || j >= sn_points_to(small)) /* parts 0 and 1 */
        *to = SN_MIN(*to, p->rows.n * p->cols.big);
}

#endif
