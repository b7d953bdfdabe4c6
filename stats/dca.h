/*
 * dca.h: decision curves: what acting on a risk is worth at each threshold. Included by stats.h.
 *
 * With odds w = t / (1 - t) of a threshold t: net benefit = TP/n - FP/n w (Vickers & Elkin 2006, Med Decis Making 26:565), in
 * true positives per patient. The range of thresholds is a clinical argument, never a default: callers pass it.
 */
#ifndef SN_DCA_H
#define SN_DCA_H

#include "base/base.h"

enum sn_dca_tie {
    SN_DCA_GE, /* risk >= t is treated: the definition, and R's dcurves */
    SN_DCA_GT  /* risk > t: R's rmda; a graded score can differ a lot */
};
bool sn_dca_tie_parse(const char *name, enum sn_dca_tie *t); /* "ge", "gt" */
const char *sn_dca_tie_name(enum sn_dca_tie t);

struct sn_dca_thresholds {
    double from, to;   /* 0 <= from <= to < 1 */
    double step;       /* > 0; the last threshold is the last from + i step <= to (with room for rounding) */
};
/* Writes up to `room` thresholds, each from + i step rounded to 12 decimals; *m how many there are. SN_EINVAL: range or step; SN_ELIMIT: more than room. */
#define SN_DCA_MAX_THRESHOLDS 10001
/* Steps of 0.005; 20 of them in a range narrower than 0.1. */
struct sn_dca_thresholds sn_dca_range(double from, double to);
int sn_dca_thresholds(const struct sn_dca_thresholds *range, double *t, size_t room, size_t *m, struct sn_error *err);

/* One strategy: treat by a model's risk, or by a yes/no call that no threshold changes (a reader, a test). */
struct sn_dca_strategy {
    const char *name;     /* borrowed */
    const double *risk;   /* [n] in [0, 1]; for a call: 0 or 1 */
    bool call;
};
/* Patients and how to count. Everything borrowed. */
struct sn_dca {
    const uint8_t *y;     /* [n] 0 or 1, both present */
    size_t n;
    const struct sn_dca_strategy *strategies;
    size_t n_strategies;
    const double *t;      /* [m] ascending, in [0, 1) */
    size_t m;
    enum sn_dca_tie tie;
    double prevalence;    /* of the population meant; NaN: the sample's. With one, TP/n is se pi and FP/n (1 - sp)(1 - pi) */
};

struct sn_dca_point {
    double t;
    double tp, fp;        /* per patient: true and false positives */
    double se, sp;
    double net_benefit;
    double standardised;  /* net_benefit / prevalence */
    double avoided;       /* net interventions avoided per patient: (net_benefit - treat all's) / w; NaN at t = 0 */
    double opt_out;       /* TN/n - FN/n / w, for "whom to spare" (rmda's opt-out); NaN at t = 0 */
    double opt_out_standardised; /* opt_out / (1 - prevalence) */
    double flagged, flagged_events; /* of 1000 patients: treated; treated and with event (clinical impact) */
};
/* point[n_strategies][m]. SN_EINVAL: a risk not in [0, 1], a call not 0 or 1, y, one class only, thresholds. */
int sn_dca_curves(const struct sn_dca *d, struct sn_dca_point *point, struct sn_error *err);
/* The same for everyone treated (all = true) or no one. */
int sn_dca_reference(const struct sn_dca *d, bool all, struct sn_dca_point *point, struct sn_error *err);
/* A published or human (se, sp), the same at every threshold; no patients needed. point[m]. */
int sn_dca_fixed(double se, double sp, double prevalence, const double *t, size_t m, struct sn_dca_point *point, struct sn_error *err);

/* ---- intervals (dca_boot.c) ----------------------------------------------------------------------- */

enum sn_dca_measure { SN_DCA_NET_BENEFIT, SN_DCA_STANDARDISED, SN_DCA_AVOIDED, SN_DCA_OPT_OUT, SN_DCA_OPT_OUT_STANDARDISED, SN_DCA_MEASURES };
double sn_dca_value(const struct sn_dca_point *p, enum sn_dca_measure m);

struct sn_dca_boot {
    size_t replicates;
    uint64_t seed;
    double level;
    bool case_control;    /* resample cases and controls apart, prevalence fixed (rmda's "case-control"); else the cohort, and its prevalence varies */
    const uint32_t *cluster; /* [n] patients of several rows, or NULL; not with case_control when one has both outcomes */
    int quantile;         /* 7 (0 means 7), or 1 as rmda */
    struct sn_pool *pool; /* NULL: this thread alone; the result is the same */
};
struct sn_dca_band {
    double lo, hi;        /* percentile interval; NaN when undefined */
};
/*
 * Pointwise intervals of one measure: band[n_strategies + 1][m], the last row being treat all. With diff (may be
 * NULL), those of the differences first - second for every pair of strategies (1,2), (1,3), ..., (2,3), ...:
 * diff[n_strategies (n_strategies - 1) / 2][m], drawn jointly. p values on net benefit are not offered: Vickers et al. 2023
 * advise against them. *dropped (or NULL): replicates with one outcome class only.
 */
int sn_dca_bootstrap(const struct sn_dca *d, enum sn_dca_measure measure, const struct sn_dca_boot *b, struct sn_dca_band *band,
                     struct sn_dca_band *diff, size_t *dropped, struct sn_error *err);
/* Several measures of the same resamples: band[n_measures][n_strategies + 1][m]; diff is the first measure's. */
int sn_dca_bootstrap_measures(const struct sn_dca *d, const enum sn_dca_measure *measure, size_t n_measures, const struct sn_dca_boot *b,
                              struct sn_dca_band *band, struct sn_dca_band *diff, size_t *dropped, struct sn_error *err);

/* ---- curves of a model fitted on the same patients (dca_validate.c) ----------------------------------- */

/*
 * Fits the model on the patients with weight > 0 (each counting so often) and predicts all n. Called from several threads
 * when a pool is given. A failure ends the validation.
 */
typedef int sn_dca_refit(void *ctx, const uint32_t *weight, double *risk, struct sn_error *err);
struct sn_dca_validate {
    sn_dca_refit *fit;
    void *ctx;
    uint64_t seed;
    size_t folds, repeats;    /* cross-validation: folds >= 2 and at most the smaller class; 10 and 20, say */
    size_t replicates;        /* optimism: bootstrap resamples, 200, say */
    struct sn_pool *pool;
};
/*
 * Net benefit of risks predicted by models that had not seen the patient: folds stratified by outcome, curve
 * of the pooled predictions, mean over repeats (Vickers et al. 2008, BMC Med Inform Decis Mak 8:53). d's own strategies are not
 * used. net_benefit[m].
 */
int sn_dca_cross_validated(const struct sn_dca *d, const struct sn_dca_validate *v, double *net_benefit, struct sn_error *err);
/*
 * Harrell's optimism: apparent[m] of the model fitted on all, less the mean over resamples of (its net benefit on
 * the resample - on the patients): corrected[m]. Resamples are drawn within outcome classes.
 */
int sn_dca_optimism(const struct sn_dca *d, const struct sn_dca_validate *v, double *apparent, double *corrected, struct sn_error *err);

#endif
