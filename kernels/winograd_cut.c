/*
 * winograd_cut.c: how an axis is cut into Winograd's pieces (kernels.h), once, when a network is loaded; and where tiles lie.
 *
 * A piece of m outputs takes m + 2 products, so an axis of n pixels takes n + 2 for each piece: the fewest pieces are
 * the fewest products, whichever are the longer ones. 14 = 4 + 4 + 3 + 3. Kinds 1 and 0: one piece a phase.
 */
#include "kernels/ref/winograd_tiles.h"

void sn_winograd_cut(int n, int dil, int kind, bool mixed, struct sn_winograd_axis *axis, int32_t *start)
{
    int size = sn_piece_outputs(kind);

    *axis = (struct sn_winograd_axis){ .start = start };
    for (int pass = 0; pass < 2; pass++) { /* the big ones of all phases, then the small ones */
        for (int phase = 0; phase < SN_MIN(dil, n); phase++) {
            int length = (n - phase + dil - 1) / dil, pieces = (length + size - 1) / size;
            int big = mixed ? SN_MAX(length - pieces * (size - 1), 0) : pieces;

            for (int i = pass ? big : 0; i < (pass ? pieces : big); i++, axis->n++)
                if (start)
                    start[axis->n] = phase + dil * (i * size - SN_MAX(i - big, 0));
        }
        if (pass == 0)
            axis->big = axis->n;
    }
}

void sn_winograd_place(const struct sn_winograd *p, struct sn_winograd_span *s, int end)
{
    s->plane = 0;
    for (int i = sn_points_from(p->kind); i < sn_points_to(p->kind); i++) {
        int all = sn_points_from(p->kind - 1), t0, t1; /* a point that every column uses */

        sn_tiles_using(p, i, all, s->base, end, &t0, &t1);
        s->at[i] = (ptrdiff_t)s->plane - (ptrdiff_t)(t0 - s->base) * SN_LANES;
        s->step[i] = (size_t)(SN_MAX(t1 - t0, 0) + 1) * SN_LANES;
        s->plane += (size_t)sn_points_to(p->kind) * s->step[i];
    }
}
