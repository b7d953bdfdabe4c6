/*
 * winograd_cut.c: how an axis is cut into Winograd's pieces (kernels.h), once, when a network is loaded.
 *
 * A piece of m outputs takes m + 2 products, so an axis of n pixels takes n + 2 for each piece: the fewest pieces are
 * the fewest products, whichever are the longer ones. 14 = 4 + 4 + 3 + 3.
 */
#include "kernels/kernels.h"

void sn_winograd_cut(int n, int dil, int size, bool mixed, struct sn_winograd_axis *axis, int32_t *start)
{
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
