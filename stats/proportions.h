/*
 * proportions.h: proportions, 2x2 tables, paired proportions, subgroups. Included by stats.h.
 * Counts are whole numbers; a quantity whose denominator is 0 is NaN, with NaN limits.
 */
#ifndef SN_PROPORTIONS_H
#define SN_PROPORTIONS_H

enum sn_proportion_method {
    SN_WILSON,          /* Wilson 1927, without continuity correction; the default */
    SN_CLOPPER_PEARSON, /* exact, 1934 */
    SN_JEFFREYS         /* beta(x + 1/2, n - x + 1/2) quantiles; 0 at x = 0 and 1 at x = n (Brown, Cai & DasGupta 2001) */
};
const char *sn_proportion_method_name(enum sn_proportion_method m); /* "Wilson", ... */
/* Limits for x of n; NaN unless 0 <= x <= n, n > 0 and level in (0, 1). */
struct sn_interval sn_proportion_ci(uint64_t x, uint64_t n, double level, enum sn_proportion_method m);

struct sn_estimate {
    double value;
    struct sn_interval ci;
    uint64_t x, n;      /* the counts behind a proportion; 0 of 0 where there are none */
};

/* ---- one test ------------------------------------------------------------------------------- */

struct sn_table2 {
    uint64_t tp, fp, fn, tn;
};
struct sn_operating {
    struct sn_estimate sens, spec, ppv, npv, accuracy; /* proportions, by the method asked for */
    struct sn_estimate prevalence;                     /* of the sample */
    struct sn_estimate balanced, youden;               /* (sens + spec) / 2, sens + spec - 1; MOVER from those limits (Zou & Donner 2008) */
    struct sn_estimate lr_pos, lr_neg;                 /* log-normal limits: Simel, Samsa & Matchar 1991; NaN with an empty cell */
    struct sn_estimate dor;                            /* tp tn / (fp fn); Woolf 1955 */
    struct sn_estimate ppv_at, npv_at;                 /* at the stated prevalence; logit limits of Mercaldo, Lau & Zhou 2007 */
    bool adjusted;                                     /* an empty cell: those limits are Mercaldo's adjusted ones */
    double mcc;                                        /* Matthews' correlation; NaN when a margin is empty */
    double f1;                                         /* neither proper nor focused on net benefit (Van Calster 2025): appendix only */
};
/* prevalence in (0, 1), or NaN: ppv_at and npv_at are NaN. SN_EINVAL: level, prevalence. */
int sn_operating_point(const struct sn_table2 *t, double level, enum sn_proportion_method m, double prevalence, struct sn_operating *o, struct sn_error *err);
/* score >= threshold against y (0 or 1); no NaN. */
struct sn_table2 sn_table2_count(const double *score, const double *y, size_t n, double threshold);

/* ---- two tests on the same cases ---------------------------------------------------------------- */

struct sn_mcnemar {
    double exact;   /* two-sided binomial p */
    double midp;    /* Fagerland, Lydersen & Laake 2013 */
    double p;       /* exact for b + c < 25, else mid-P */
    bool is_exact;
};
struct sn_mcnemar sn_mcnemar(uint64_t b, uint64_t c); /* b, c: cases on which only one of the two is right */

/* Both right (or positive), only the first, only the second, neither. */
struct sn_paired {
    uint64_t both, first, second, neither;
};
/* First minus second proportion. Newcombe 1998 (Stat Med 17:2635), method 10; Tango 1998 (Stat Med 17:891), score. */
struct sn_interval sn_paired_newcombe(const struct sn_paired *t, double level);
struct sn_interval sn_paired_tango(const struct sn_paired *t, double level);
double sn_paired_tango_z(const struct sn_paired *t, double delta); /* score statistic for first - second = delta in [-1, 1] */
/* x1/n1 - x2/n2 of different cases: Newcombe 1998 (Stat Med 17:873), method 10. */
struct sn_interval sn_difference_newcombe(uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2, double level);

/* What an interval of (new - reference), higher is better, says about a margin > 0 stated beforehand. */
enum sn_verdict { SN_SUPERIOR, SN_NONINFERIOR, SN_INCONCLUSIVE, SN_INFERIOR, SN_NO_VERDICT };
enum sn_verdict sn_noninferiority(struct sn_interval diff, double margin); /* SN_NO_VERDICT: NaN limits or margin <= 0 */
const char *sn_verdict_text(enum sn_verdict v); /* "non-inferior", ... */

/* Positive and negative predictive values of two tests on the same cases. Calls are 0 or 1. */
struct sn_predictive {
    double first, second, diff;    /* the values and first - second */
    double chisq, p;               /* weighted generalised score, 1 df: Kosinski 2013, Stat Med 32:964 */
};
void sn_compare_predictive(const double *first, const double *second, const double *y, size_t n, struct sn_predictive *ppv, struct sn_predictive *npv);

/* Holm 1979: adjusted[i] of p[i], in the order given; NaN stays NaN and does not count. In place is fine. */
int sn_holm(const double *p, size_t n, double *adjusted, struct sn_error *err);

/* ---- subgroups ------------------------------------------------------------------------------------ */

struct sn_heterogeneity {
    double chisq, p, pooled;       /* Cochran's Q, its p on df, and the inverse-variance mean */
    int df;
    size_t used;                   /* groups with a finite estimate and a variance above 0 */
};
/* Are k independent estimates (AUCs, differences of AUCs, ...) the same? NaN with fewer than two usable. */
struct sn_heterogeneity sn_heterogeneity(const double *estimate, const double *variance, size_t k);
/* Are k independent proportions the same? Pearson's chi-square, no continuity correction; groups with n = 0 do not count. */
struct sn_heterogeneity sn_proportions_test(const uint64_t *x, const uint64_t *n, size_t k);

struct sn_subgroup {
    size_t n, n_pos;
    double auc, variance;          /* NaN when a class is missing, or has one case (variance) */
    struct sn_interval ci;         /* plain DeLong */
};
/* AUC in each group (group[i] < k; k: in none), and whether they differ: the interaction test of model and subgroup. */
int sn_subgroup_auc(const double *score, const double *y, const uint32_t *group, size_t n, size_t k, double level, struct sn_subgroup *out,
                    struct sn_heterogeneity *interaction, struct sn_error *err);
/* Second model too: difference first - second in each group (paired DeLong), and whether the differences differ. diff[k]. */
int sn_subgroup_diff(const double *first, const double *second, const double *y, const uint32_t *group, size_t n, size_t k, double level, struct sn_auc_test *diff,
                     struct sn_heterogeneity *interaction, struct sn_error *err);

#endif
