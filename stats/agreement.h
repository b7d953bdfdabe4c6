/*
 * agreement.h: do raters, or measurements, agree? Kappa and its kin for categories, intraclass correlation and
 * Bland-Altman for numbers. Included by stats.h.
 *
 * Intervals are 95 % unless `level` says otherwise, two-sided, not clipped. What the data leave undefined (one category
 * only, no variance between subjects) is NaN, never a division's accident. All return SN_EINVAL with a message
 * for too few subjects, raters or categories, and for values out of range.
 */
#ifndef SN_AGREEMENT_H
#define SN_AGREEMENT_H

#include "base/base.h"

#define SN_MAX_CATEGORIES 64

struct sn_agreement {
    size_t n;              /* subjects */
    int raters, categories;
    double observed, expected; /* (weighted) agreement, and by chance */
    double value, se, lo, hi;
    double z, p;           /* against 0; NaN where there is no such test */
};

enum sn_kappa_weights { SN_KAPPA_UNWEIGHTED, SN_KAPPA_LINEAR, SN_KAPPA_QUADRATIC };

/*
 * Cohen's kappa of two raters (Cohen 1960, 1968). a, b [n] hold categories 0..q-1. Weights of agreement
 * 1 - |i - j| / (q - 1), or its square. se and the normal interval: Fleiss, Cohen & Everitt 1969 (Psychol Bull 72:323),
 * eq. 13; z by the null standard error, eq. 9. NaN when both use one and the same category throughout.
 */
int sn_cohen_kappa(const int *a, const int *b, size_t n, int q, enum sn_kappa_weights weights, double level,
                   struct sn_agreement *k, struct sn_error *err);
/*
 * Fleiss' kappa (1971, Psychol Bull 76:378). counts[n][q]: how many of the same number of raters (>= 2) put
 * the subject into the category. se and the t interval (n - 1 df): Gwet's linearised variance over subjects (Handbook of
 * Inter-Rater Reliability, 4th ed. 2014, section 5.3); z by the null standard error of Fleiss, Nee & Landis 1979.
 */
int sn_fleiss_kappa(const int *counts, size_t n, int q, double level, struct sn_agreement *k, struct sn_error *err);
/*
 * Gwet's AC1 (2008, Br J Math Stat Psychol 61:29), which keeps its sense where one category is rare and kappa
 * collapses. counts as above; se and t interval (n - 1 df) by the same book.
 */
int sn_gwet_ac1(const int *counts, size_t n, int q, double level, struct sn_agreement *k, struct sn_error *err);

/*
 * Intraclass correlations, named as Shrout & Fleiss 1979 (Psychol Bull 86:420) name them: (1,1) raters differ
 * from subject to subject; (2,1) raters are a sample, absolute agreement; (3,1) these raters, consistency; (.,k) of the
 * mean of k raters. Intervals by F, McGraw & Wong 1996 (Psychol Methods 1:30), table 7.
 */
struct sn_icc {
    double value, lo, hi;
    double f, df1, df2, p; /* against 0 */
};
struct sn_iccs {
    size_t n;
    int k;
    double ms_subjects, ms_raters, ms_error, ms_within;
    struct sn_icc single[3], mean[3]; /* models 1, 2, 3 */
};
/* x[n][k], finite; n >= 2, k >= 2. */
int sn_icc(const double *x, size_t n, int k, double level, struct sn_iccs *icc, struct sn_error *err);

/*
 * Bland & Altman 1986 (Lancet 1:307): differences b - a. Limits bias -+ 1.96 sd; their intervals are exact under
 * normality, from the non-central t distribution (Carkeet 2015, Optom Vis Sci 92:e71). slope: of the differences on the means,
 * whether they grow with size.
 */
struct sn_bland_altman {
    size_t n;
    double bias, bias_lo, bias_hi, sd;
    double lower, lower_lo, lower_hi; /* limit of agreement, its interval */
    double upper, upper_lo, upper_hi;
    double slope, slope_p;            /* NaN when all means are equal, or n is 2 */
};
int sn_bland_altman(const double *a, const double *b, size_t n, double level, struct sn_bland_altman *ba, struct sn_error *err);

#endif
