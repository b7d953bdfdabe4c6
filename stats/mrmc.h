/*
 * mrmc.h: several readers, several cases: is one way of reading better than another, or than a model? The
 * Obuchowski-Rockette model (1995, Commun Stat Simul Comput 24:285) with Hillis' degrees of freedom (2007, Stat Med 26:596).
 * A figure of merit is estimated for each test (a way of reading, e.g. without and with assistance) and
 * reader; their covariances come from the cases. Included by stats.h.
 */
#ifndef SN_MRMC_H
#define SN_MRMC_H

#include "base/base.h"

enum sn_mrmc_merit {
    SN_MERIT_AUC,         /* Mann-Whitney, ties 1/2 */
    SN_MERIT_SENSITIVITY, /* mean over diseased cases of a call 0 or 1 */
    SN_MERIT_SPECIFICITY  /* mean over the others of 1 - call */
};
enum sn_mrmc_cov {
    SN_COV_DELONG,        /* by components, DeLong, DeLong & Clarke-Pearson 1988; for proportions the binomial covariance, n - 1 */
    SN_COV_JACKKNIFE      /* leaving out each case in turn; what DBM's pseudovalues use */
};

/*
 * y[n] 0/1; x[m][n]: m sets of scores (AUC, finite) or calls 0/1, one set per test and reader, of the same cases. merit[m];
 * cov[m][m]. O(m n log n + m^2 n). SN_EINVAL: fewer than 2 diseased or 2 other cases, a score that is not finite.
 */
int sn_mrmc_covariance(enum sn_mrmc_merit what, enum sn_mrmc_cov how, const int *y, size_t n, const double *const *x,
                       int m, double *merit, double *cov, struct sn_error *err);

/* One design's answer. NaN: not defined (one reader cannot stand for readers in general). */
struct sn_mrmc_test {
    double f, df1, df2, p;          /* all tests alike; df2 may be infinite (chi-squared / df1) */
    double se, df, lo, hi, p_diff;  /* difference of tests 1 - 0 (the first two), interval */
};
struct sn_mrmc {
    int tests, readers;
    double ms_test, ms_reader, ms_test_reader;
    double var, cov1, cov2, cov3;   /* error variance; covariances: same reader, same test, neither */
    double diff;                    /* mean of test 1 minus mean of test 0 */
    struct sn_mrmc_test random_both, fixed_readers, fixed_cases;
    bool few_readers;               /* fewer than 4: random-reader tests have next to no power (Hillis, Obuchowski & Berbaum 2011); use fixed readers */
};
#define SN_MRMC_ENOUGH_READERS 4
/*
 * merit[t][r], cov[t r][t r] (row t1 * r + r1), t >= 2, r >= 1. Random readers and cases: F = MS(T) / (MS(TR) + max(r (Cov2 -
 * Cov3), 0)), df2 = denominator^2 / (MS(TR)^2 / ((t - 1)(r - 1))). Fixed readers: chi-squared. Fixed cases: MS(T) / MS(TR).
 */
int sn_mrmc_compare(const double *merit, const double *cov, int t, int r, double level, struct sn_mrmc *m, struct sn_error *err);

/* One test alone, or each reader's difference from one model (Hillis' method for stand-alone systems): mean of r readers against `null`. */
struct sn_mrmc_mean {
    double mean, ms_reader, var, cov2;
    struct sn_mrmc_interval {
        double se, df, lo, hi, p;   /* not clipped */
    } random_both, fixed_readers, fixed_cases;
    bool few_readers;
};
int sn_mrmc_one(const double *merit, const double *cov, int r, double null, double level, struct sn_mrmc_mean *m, struct sn_error *err);

/* Placement values: v1[i] of the diseased, v0[j] of the others, in case order; AUC is the mean of either. n1, n0 >= 1. */
int sn_placements(const int *y, const double *x, size_t n, double *v1, double *v0, double *auc, struct sn_error *err);

#endif
