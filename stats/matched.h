/*
 * matched.h: proportions, alone and in pairs: what comparing two readers of the same cases needs. Included by stats.h.
 */
#ifndef SN_MATCHED_H
#define SN_MATCHED_H

#include "base/base.h"

/* k of n, 0 <= k <= n. Wilson 1927 score interval, no continuity correction; n = 0: NaN throughout. */
struct sn_proportion {
    size_t k, n;
    double value, lo, hi;
};
struct sn_proportion sn_proportion(size_t k, size_t n, double level);

/* The same n cases by two methods, right or wrong each: struct sn_paired of proportions.h. */
struct sn_match {
    struct sn_paired pairs;
    double diff, lo, hi;   /* rate of the first minus rate of the second; Tango 1998 (Stat Med 17:891) score interval */
    double p;              /* McNemar, two-sided: exact binomial below 25 discordant pairs, mid-P from there on */
    bool mid_p;
    double z_margin, p_noninferior; /* Tango's score test that diff > -margin, one-sided; NaN without a margin */
};
/* margin in (0, 1), or NaN for none. No pairs: everything NaN. */
struct sn_match sn_match_compare(const struct sn_paired *pairs, double level, double margin);

#endif
