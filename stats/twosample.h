/*
 * twosample.h: is a characteristic distributed alike in two groups? What a table of patients prints. Included by stats.h.
 * p-values are two-sided. Values as R's wilcox.test(exact = FALSE), t.test, chisq.test and fisher.test give them.
 */
#ifndef SN_TWOSAMPLE_H
#define SN_TWOSAMPLE_H

struct sn_two_sample {
    double statistic, df, p;   /* df NaN where the reference is the normal distribution */
};
/*
 * Wilcoxon's rank sum: W = pairs in which x exceeds y, ties 1/2; normal with the variance for ties and a continuity correction of
 * 1/2. SN_EINVAL: an empty sample, or NaN (naming the value, from 1). p is NaN when all values are equal.
 */
int sn_wilcoxon(const double *x, size_t nx, const double *y, size_t ny, struct sn_two_sample *t, struct sn_error *err);
/* Welch 1947: mean of x minus mean of y. SN_EINVAL: fewer than two of either, or a value that is not finite. p is NaN when neither varies. */
int sn_welch(const double *x, size_t nx, const double *y, size_t ny, struct sn_two_sample *t, struct sn_error *err);
/*
 * Pearson's chi-square of count[rows][cols]; Yates' correction (at most |observed - expected|) only in 2 x 2. Empty rows and columns do
 * not count. *least: the smallest expected count (below 5: prefer Fisher); may be NULL. p is NaN with fewer than two rows or columns left.
 */
void sn_chisq_table(const uint64_t *count, size_t rows, size_t cols, bool yates, struct sn_two_sample *t, double *least);

struct sn_fisher {
    double p;                  /* tables no likelier than this one (within 1e-7, relatively) */
    double odds_ratio;         /* conditional maximum likelihood; 0, infinity at the ends; NaN when a margin is empty */
    struct sn_interval ci;     /* exact, of the odds ratio */
};
/* Table [[a, b], [c, d]]. SN_EINVAL: level. SN_ELIMIT: more than 2^31 cases. O(smallest margin). */
int sn_fisher_exact(uint64_t a, uint64_t b, uint64_t c, uint64_t d, double level, struct sn_fisher *f, struct sn_error *err);

#endif
