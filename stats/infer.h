/*
 * infer.h: what a logistic fit lets one say: intervals, tests, selection, quality of fit, sample size.
 * Included by stats.h.
 */
#ifndef SN_INFER_H
#define SN_INFER_H

#include "stats/glm.h"

/* A regression to be fitted: a design matrix and its outcome. Borrowed, column-major, intercept in column 0. */
struct sn_logit_data {
    size_t n, p;
    const double *x, *y;
    const char *const *names;  /* [p] */
    const size_t *effect;      /* [p] which effect a column belongs to (sn_design); SIZE_MAX: the intercept */
    size_t n_effects;
    const struct sn_formula_effect *effects; /* [n_effects], or NULL: no interactions */
    bool firth;
};
int sn_logit_fit_data(const struct sn_logit_data *d, struct sn_logit *out, struct sn_error *err);

/*
 * Profile-likelihood interval of coefficient j: the values at which twice the fall of the maximised likelihood
 * (penalised under Firth, whose penalty keeps the whole information: Heinze & Schemper 2002) is the chi-square
 * quantile. `fit` is d's. A side without such a value within 1e6 standard errors is infinite.
 */
int sn_logit_profile(const struct sn_logit_data *d, const struct sn_logit *fit, size_t j, double level, double ci[2], struct sn_error *err);

/* Likelihood-ratio test of an effect: its coefficients held at 0, the others refitted. (Penalised under Firth.) */
struct sn_logit_test {
    double chisq, df, p;
};
int sn_logit_drop(const struct sn_logit_data *d, const struct sn_logit *fit, size_t effect, struct sn_logit_test *t, struct sn_error *err);
/* The same of all effects together: the model against its intercept. */
int sn_logit_drop_all(const struct sn_logit_data *d, const struct sn_logit *fit, struct sn_logit_test *t, struct sn_error *err);
/* Wald's chi-square of an effect: b' V^-1 b over its columns. */
int sn_logit_wald(const struct sn_logit_data *d, const struct sn_logit *fit, size_t effect, struct sn_logit_test *t, struct sn_error *err);

/*
 * Firth's penalty pulls predicted risks towards 1/2. Puhr et al. 2017, Stat Med 36:2302:
 * FLIC replaces the intercept by the maximum-likelihood one, given the other coefficients (the mean risk is the
 * prevalence then); FLAC refits with the penalty's pseudo-observations and a column that marks them. beta[p].
 */
int sn_logit_flic(const struct sn_logit_data *d, const struct sn_logit *firth, double *beta, struct sn_error *err);
int sn_logit_flac(const struct sn_logit_data *d, const struct sn_logit *firth, double *beta, struct sn_error *err);

/* Quality of fit on the data fitted. Of the likelihood without penalty. */
struct sn_logit_quality {
    double null_loglik, loglik, lr;      /* lr = 2 (loglik - null_loglik) */
    double aic, bic;
    double cox_snell, nagelkerke, mcfadden;
    double brier, auc;
};
int sn_logit_quality(const struct sn_logit_data *d, const double *beta, struct sn_logit_quality *q, struct sn_error *err);
/* Probability that a random case has the larger value, ties half: AUC. NaN without both classes. SN_ENOMEM. */
int sn_concordance(const double *value, const double *y, size_t n, double *auc, struct sn_error *err);

/*
 * Generalised variance inflation of an effect (Fox & Monette 1992, JASA 87:178), from the coefficients' covariance
 * without the intercept, as R's car::vif: det(R_effect) det(R_others) / det(R). One column: the usual VIF.
 * *gvif, and *df, its columns; compare gvif^(1 / (2 df)).
 */
int sn_logit_gvif(const struct sn_logit_data *d, const struct sn_logit *fit, size_t effect, double *gvif, size_t *df, struct sn_error *err);

/* ---- selection (select.c) ------------------------------------------------------------------- */

/*
 * Backward elimination. by p: the effect with the largest likelihood-ratio p leaves while that is above `limit`;
 * by AIC: the effect whose leaving lowers AIC most, as R's step(direction = "backward"). An effect stays while an
 * interaction it is part of stays. keep[n_effects] in: candidates; out: what remains.
 */
enum sn_selection { SN_SELECT_NONE, SN_SELECT_P, SN_SELECT_AIC, SN_SELECT_LASSO_MIN, SN_SELECT_LASSO_1SE };
int sn_logit_backward(const struct sn_logit_data *d, enum sn_selection rule, double limit, bool *keep, struct sn_error *err);
/* d restricted to the intercept and the kept effects; owns its memory: sn_logit_subset_free. column[] maps to d's. */
struct sn_logit_subset {
    struct sn_logit_data d;
    size_t *column;
};
int sn_logit_subset(const struct sn_logit_data *d, const bool *keep, struct sn_logit_subset *s, struct sn_error *err);
void sn_logit_subset_free(struct sn_logit_subset *s);

/* ---- LASSO (lasso.c) ------------------------------------------------------------------------ */

#define SN_LASSO_STEPS 100
/*
 * Minimises -loglik / n + lambda sum |beta_j| over standardised columns (population standard deviation), the
 * intercept free: glmnet's objective (Friedman, Hastie & Tibshirani 2010, J Stat Softw 33:1), by coordinate descent on
 * Newton's quadratic. lambda: SN_LASSO_STEPS values, equal in the logarithm, from the smallest that leaves every
 * coefficient at 0 down to 1e-4 of it (1e-2 when n < p). Cross-validated deviance over `folds` stratified folds,
 * drawn from `seed`; lambda.min has the smallest mean; lambda.1se is the largest whose mean is within one standard error of that.
 */
struct sn_lasso {
    size_t n_lambda, folds;
    double lambda[SN_LASSO_STEPS], deviance[SN_LASSO_STEPS], se[SN_LASSO_STEPS]; /* cross-validated, per observation */
    size_t nonzero[SN_LASSO_STEPS];
    size_t at_min, at_1se;   /* indices */
    double *beta;            /* [SN_LASSO_STEPS][p] on the columns' own scale, intercept first */
};
int sn_lasso_path(const struct sn_logit_data *d, const double *lambda, size_t n_lambda, struct sn_lasso *out, struct sn_error *err);
int sn_lasso_cv(const struct sn_logit_data *d, size_t folds, uint64_t seed, struct sn_lasso *out, struct sn_error *err);
void sn_lasso_free(struct sn_lasso *l);

/* ---- validation (validate.c) ---------------------------------------------------------------- */

/* How a model was made: everything a bootstrap replicate has to repeat. */
struct sn_recipe {
    enum sn_selection rule;
    double limit;            /* of SN_SELECT_P */
    double screen;           /* univariable p below which an effect is a candidate; 0: no screening */
    size_t folds;            /* LASSO */
    enum { SN_PREDICT_PLAIN, SN_PREDICT_FLIC, SN_PREDICT_FLAC } correction; /* under Firth */
};
/* beta[p], 0 where an effect did not remain; keep[n_effects] or NULL. */
int sn_recipe_fit(const struct sn_logit_data *d, const struct sn_recipe *r, uint64_t seed, double *beta, bool *keep, struct sn_error *err);

/* d with row i taken weight[i] times, `rows` in all: x[rows][p], y[rows] are filled. */
struct sn_logit_data sn_logit_repeated(const struct sn_logit_data *d, const uint32_t *weight, size_t rows, double *x, double *y);

enum { SN_VALID_AUC, SN_VALID_SLOPE, SN_VALID_INTERCEPT, SN_VALID_BRIER, SN_VALID_COUNT };
/*
 * Harrell's optimism bootstrap (Harrell, Lee & Mark 1996, Stat Med 15:361): replicate r draws n rows (or, with
 * cluster[n], as many clusters as there are) with replacement from the stream of (seed, r), repeats the whole recipe,
 * and compares its performance there and on the data; the mean difference is subtracted from the apparent one. Slope and
 * intercept: of y on the replicate's linear predictor (both free).
 * The same for any number of threads. Replicates without a fit (one class, separation) are counted in `failed` and left out.
 */
struct sn_validation {
    size_t replicates, failed, undefined; /* undefined: without slope and intercept, as their predictor separates the outcomes */
    double apparent[SN_VALID_COUNT], optimism[SN_VALID_COUNT], corrected[SN_VALID_COUNT];
    size_t *kept;            /* [n_effects] in how many replicates an effect remained */
};
int sn_logit_validate(const struct sn_logit_data *d, const struct sn_recipe *r, const double *beta, const uint32_t *cluster, size_t replicates,
                      uint64_t seed, struct sn_pool *pool, struct sn_validation *v, struct sn_error *err);
void sn_validation_free(struct sn_validation *v);

/* in[n]: true for round(share n_c) random rows of each class c; the order of draws is fixed by the seed. */
int sn_split_stratified(const double *y, size_t n, double share, uint64_t seed, bool *in, struct sn_error *err);

/*
 * Riley et al. 2020, BMJ 368:m441: sample size for a logistic prediction model with `parameters` coefficients,
 * anticipated Cox-Snell R2 and prevalence: shrinkage at least 0.9; apparent minus adjusted Nagelkerke R2 at most 0.05;
 * the overall risk known to within 0.05. Whole persons, each rounded up; NaN where undefined (R2 not in (0, its maximum)).
 */
struct sn_riley {
    double shrinkage, r2, overall, needed; /* by criterion, and their largest */
    double events;                         /* needed * prevalence */
    double max_r2;                         /* largest Cox-Snell R2 at this prevalence */
};
struct sn_riley sn_riley_sample(double parameters, double cox_snell, double prevalence);

#endif
