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

/*
 * Cluster bootstrap, percentile intervals (R's quantile type 7). fn computes k statistics from how many times each of n
 * clusters was drawn; replicate r draws from the stream that hash(seed, r) starts, so the result is the same for any
 * number of threads. Replicates where a statistic is NaN are left out of its interval and counted. n, k, replicates >= 1.
 */
typedef void sn_cluster_fn(const void *ctx, const uint32_t *times, double *out);
struct sn_cluster_ci {
    double lo, hi;
    size_t undefined; /* replicates without a value */
};
int sn_boot_clusters(size_t n, size_t replicates, uint64_t seed, sn_cluster_fn *fn, const void *ctx, size_t k, double level,
                     struct sn_pool *pool, struct sn_cluster_ci *out, struct sn_error *err);

#endif
