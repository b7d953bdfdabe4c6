/*
 * paired.h: proportions, alone and in pairs: what comparing two readers of the same cases needs. Included by stats.h.
 */
#ifndef SN_PAIRED_H
#define SN_PAIRED_H

#include "base/base.h"

/* k of n, 0 <= k <= n. Wilson 1927 score interval, no continuity correction; n = 0: NaN throughout. */
struct sn_proportion {
    size_t k, n;
    double value, lo, hi;
};
struct sn_proportion sn_proportion(size_t k, size_t n, double level);

/*
 * The same n cases by two methods, right or wrong each: both right, only the first, only the second, neither.
 */
struct sn_pairs {
    size_t both, first, second, neither;
};
struct sn_paired {
    struct sn_pairs pairs;
    double diff, lo, hi;   /* rate of the first minus rate of the second; Tango 1998 (Stat Med 17:891) score interval */
    double p;              /* McNemar, two-sided: exact binomial below 25 discordant pairs, mid-P from there on */
    bool mid_p;
    double z_margin, p_noninferior; /* Tango's score test that diff > -margin, one-sided; NaN without a margin */
};
#define SN_MCNEMAR_EXACT_BELOW 25
/* margin in (0, 1), or NaN for none. No pairs: everything NaN. */
struct sn_paired sn_paired_compare(const struct sn_pairs *pairs, double level, double margin);

/* Holm 1979 step-down: adjusted[i] for p[i] among the n; NaN p stay NaN and do not count. n <= SN_HOLM_MAX, else SN_ELIMIT. */
#define SN_HOLM_MAX 4096
int sn_holm(const double *p, size_t n, double *adjusted, struct sn_error *err);

/*
 * Cluster bootstrap, percentile intervals (R's quantile type 7). fn computes k statistics from how many times each of n
 * clusters was drawn; replicate r draws from the stream that hash(seed, r) starts, so the result is the same for any
 * number of threads. Replicates where a statistic is NaN are left out of its interval and counted. n, k, replicates >= 1.
 */
typedef void sn_boot_fn(const void *ctx, const uint32_t *times, double *out);
struct sn_boot {
    double lo, hi;
    size_t undefined; /* replicates without a value */
};
int sn_boot_clusters(size_t n, size_t replicates, uint64_t seed, sn_boot_fn *fn, const void *ctx, size_t k, double level,
                     struct sn_pool *pool, struct sn_boot *out, struct sn_error *err);

#endif
