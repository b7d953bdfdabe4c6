/* staple.h: private to fusion. */
#ifndef SN_FUSION_STAPLE_H
#define SN_FUSION_STAPLE_H

#include "fusion/fusion.h"

#define SN_STAPLE_PATTERNS (1 << SN_FUSE_MAX)

/*
 * count[2^n]: how many pixels show each pattern of votes, bit j set when map j says lesion; the sum
 * is > 0. posterior[2^n] receives P(lesion | pattern); *s the estimates.
 */
void sn_staple_fit(int n, const uint64_t *count, double *posterior, struct sn_staple *s);

#endif
