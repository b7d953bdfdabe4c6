/*
 * roc.h: ROC curves: area, DeLong, thresholds, partial area, cut-offs, bootstrap. Included by stats.h.
 *
 * Direction is never guessed: a higher score means positive, and a case is called positive when score >= threshold. A
 * model that works the other way round shows an AUC below 1/2.
 */
#ifndef SN_ROC_H
#define SN_ROC_H

/*
 * The curve's corners from (1, 1) down to (0, 0): threshold k lies midway between the k-th and the (k+1)-th distinct
 * score, as pROC sets them: -inf first, +inf last; a midpoint that rounds onto a score becomes the higher score, which
 * parts the cases in the same way; beyond 1e100 halves are added, so that nothing overflows.
 */
struct sn_roc {
    size_t n;
    uint32_t n_pos, n_neg;
    double auc;               /* P(positive > negative) + P(equal) / 2, from exact integer counts */
    uint32_t levels;          /* distinct scores */
    double *value;            /* [levels] them, ascending */
    double *threshold;        /* [levels + 1] */
    uint32_t *tp, *fp;        /* [levels + 1] positives, negatives with score >= threshold */
    uint32_t *order;          /* [n] observations by ascending score, ties in input order */
    uint8_t *mark;            /* [n] in that order: SN_ROC_POSITIVE, SN_ROC_LAST of its score */
};
#define SN_ROC_POSITIVE 1
#define SN_ROC_LAST     2
/*
 * O(n): scores are sorted by radix. n at most 2^32 - 3. SN_EINVAL: a score that is not finite, an outcome other than 0 and 1 (both name
 * the observation, from 1), or only one class.
 */
int sn_roc_build(const double *score, const double *y, size_t n, struct sn_roc *roc, struct sn_error *err);
void sn_roc_free(struct sn_roc *roc); /* a zeroed one is fine */
static inline double sn_roc_sens(const struct sn_roc *r, size_t k) { return (double)r->tp[k] / r->n_pos; }
static inline double sn_roc_spec(const struct sn_roc *r, size_t k) { return (double)(r->n_neg - r->fp[k]) / r->n_neg; }
/* The corner that calls the same cases positive as score >= t; t not NaN. O(log levels). */
size_t sn_roc_find(const struct sn_roc *r, double t);
/* Sensitivity at a specificity in [0, 1]: on the line between corners; the highest where the curve is upright. */
double sn_roc_sens_at(const struct sn_roc *r, double spec);

/* ---- DeLong (delong.c): DeLong, DeLong & Clarke-Pearson 1988; fast as Sun & Xu 2014, IEEE Signal Process Lett 21:1389 ---- */

/*
 * Placement values by observation: for a positive the share of negatives below it (ties 1/2), V10; for a negative
 * the share of positives above it, V01. The AUC is the mean of either.
 */
void sn_roc_placements(const struct sn_roc *r, double *v);
/* Variance of the AUC: var(V10) / n_pos + var(V01) / n_neg. NaN when a class has a single case. No memory. */
double sn_roc_variance(const struct sn_roc *r);
/* Covariance of k AUCs of the same cases, cov[k][k]. SN_EINVAL: other cases or outcomes. 8 n (k + 1) bytes of scratch. */
int sn_roc_covariance(const struct sn_roc *const *roc, int k, double *cov, struct sn_error *err);

enum sn_auc_scale {
    SN_AUC_PLAIN, /* AUC +- z sd, clipped to [0, 1], as pROC */
    SN_AUC_LOGIT  /* on the logit (Pepe 2003, section 5.2.5), always inside (0, 1); NaN for an AUC of 0 or 1 */
};
/* NaN limits when var is NaN. With an AUC of 1 (or 0) the plain interval has no width, which misleads: say so. */
struct sn_interval sn_auc_ci(double auc, double var, double level, enum sn_auc_scale scale);

struct sn_auc_test {
    double diff, sd;          /* first minus second AUC, its standard error */
    double statistic, df, p;  /* z when df is infinite, else t; two-sided */
    struct sn_interval ci;    /* of diff, at `level` */
};
/*
 * Two scores of the same cases; normal. No difference with no variance is statistic 0, p 1. Not valid for nested models
 * fitted to these very cases (Demler, Pencina & D'Agostino 2012): use their likelihood-ratio test.
 */
int sn_auc_test_paired(const struct sn_roc *a, const struct sn_roc *b, double level, struct sn_auc_test *t, struct sn_error *err);
/* Different cases; Welch's t with df (Va + Vb)^2 / (Va^2 / (na - 1) + Vb^2 / (nb - 1)), as pROC. */
void sn_auc_test_unpaired(const struct sn_roc *a, const struct sn_roc *b, double level, struct sn_auc_test *t);

/* ---- partial area ------------------------------------------------------------------------------ */

struct sn_pauc {
    bool sensitivity;         /* the range is of sensitivity, else of specificity */
    double from, to;          /* 0 <= from < to <= 1 */
    bool corrected;           /* McClish 1989: 1/2 for chance, 1 for perfect; NaN for a curve below chance there, as pROC */
};
/* SN_EINVAL: the range. */
int sn_roc_pauc(const struct sn_roc *r, const struct sn_pauc *range, double *area, struct sn_error *err);

/* ---- cut-offs ---------------------------------------------------------------------------------- */

enum sn_cut_kind {
    SN_CUT_YOUDEN,      /* largest sens + r spec;                  r = (1 - prevalence) / (cost * prevalence), 1 by default */
    SN_CUT_CLOSEST,     /* smallest (1 - sens)^2 + r (1 - spec)^2 */
    SN_CUT_SENSITIVITY, /* highest specificity with sens >= target */
    SN_CUT_SPECIFICITY  /* highest sensitivity with spec >= target */
};
struct sn_cut_rule {
    enum sn_cut_kind kind;
    double cost;        /* of a false negative, in false positives; 0: 1 */
    double prevalence;  /* in (0, 1); 0: 1/2 */
    double target;      /* [0, 1] */
};
struct sn_cut {
    size_t k;           /* corner of the curve */
    double threshold, sens, spec;
    double criterion;   /* what was optimised; for fixed targets the other rate */
    size_t ties;        /* other corners as good: of all optima the one of highest specificity is taken */
};
/* The threshold may be -inf or +inf (a score of no use). SN_EINVAL: the rule's numbers. */
int sn_roc_cut(const struct sn_roc *r, const struct sn_cut_rule *rule, struct sn_cut *cut, struct sn_error *err);

/* ---- bootstrap (roc_boot.c) -------------------------------------------------------------------- */

struct sn_roc_boot {
    uint64_t seed;
    size_t replicates;        /* 2000 as pROC, 10000 for print */
    double level;             /* 0.95 */
    bool unstratified;        /* default: positives and negatives keep their numbers, as pROC */
    const uint32_t *cluster;  /* [n] patient of each observation, or NULL; patients with both outcomes need `unstratified` */
    bool bca;                 /* AUC and differences only; other statistics have percentile intervals */
    struct sn_pool *pool;
};
/*
 * AUCs of k scores of the same cases, ci[k]; diff (may be NULL): of the first minus each other, ci of diff[0] unused.
 * Scores are sorted once; a replicate is a sweep over counts, O(n k).
 */
int sn_roc_boot_auc(const struct sn_roc *const *roc, int k, const struct sn_roc_boot *b, struct sn_boot_ci *ci, struct sn_boot_ci *diff, struct sn_error *err);
int sn_roc_boot_pauc(const struct sn_roc *r, const struct sn_pauc *range, const struct sn_roc_boot *b, struct sn_boot_ci *ci, struct sn_error *err);
/* Sensitivity and specificity of score >= threshold[i]. */
int sn_roc_boot_at(const struct sn_roc *r, const double *threshold, size_t n, const struct sn_roc_boot *b, struct sn_boot_ci *sens, struct sn_boot_ci *spec,
                   struct sn_error *err);
/* The rule applied anew in each replicate: how far the cut-off itself would move. Infinite thresholds count as such. */
int sn_roc_boot_cut(const struct sn_roc *r, const struct sn_cut_rule *rule, const struct sn_roc_boot *b, struct sn_boot_ci *threshold, struct sn_boot_ci *sens,
                    struct sn_boot_ci *spec, struct sn_error *err);
/* Band: sensitivity at each specificity spec[i], pointwise. */
int sn_roc_boot_band(const struct sn_roc *r, const double *spec, size_t n, const struct sn_roc_boot *b, struct sn_boot_ci *sens, struct sn_error *err);

#endif
