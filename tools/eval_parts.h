/* eval_parts.h: private to eval_run*.c: the parts of an evaluation of one set. */
#ifndef SN_TOOLS_EVAL_PARTS_H
#define SN_TOOLS_EVAL_PARTS_H

#include "tools/eval.h"

/* eval_fitted.c: a model file applied to rows. */
struct sn_eval_fitted {
    char name[80];
    struct sn_logistic m;
    int *cols;                    /* [m.n_columns] of the table */
    struct sn_logistic_value *values;
    double *x;
};
/* "NAME=FILE", or "FILE", named after it. SN_EINVAL: the table has a column of that name; SN_EFORMAT: it lacks one the model needs. */
int sn_eval_fitted_open(const struct sn_table *t, const char *spec, struct sn_eval_fitted *f, struct sn_error *err);
void sn_eval_fitted_close(struct sn_eval_fitted *f); /* a zeroed one is fine */
int sn_eval_fitted_risk(const struct sn_table *t, size_t row, struct sn_eval_fitted *f, double *risk, struct sn_error *err);

/* eval_roc.c: AUCs, partial areas, bands; a model on two sets; how far chosen thresholds move. */
int sn_eval_roc(struct sn_eval *e, struct sn_eval_result *r, size_t k, struct sn_pool *pool, struct sn_error *err);
int sn_eval_at_threshold(struct sn_eval *e, struct sn_eval_result *r, size_t k, struct sn_pool *pool, struct sn_error *err);
int sn_eval_threshold_ci(struct sn_eval *e, const struct sn_eval_result *r, size_t k, struct sn_pool *pool, struct sn_error *err);
int sn_eval_between_sets(struct sn_eval *e, struct sn_error *err);
/* eval_models.c: each model by itself. */
int sn_eval_models(struct sn_eval *e, struct sn_eval_result *r, struct sn_pool *pool, struct sn_error *err);
/* eval_pairs.c: models against each other, and what may be claimed. */
int sn_eval_pairs(struct sn_eval *e, struct sn_eval_result *r, struct sn_pool *pool, struct sn_error *err);
int sn_eval_reclassify(struct sn_eval *e, struct sn_eval_result *r, struct sn_pool *pool, struct sn_error *err);
/* eval_traits.c: the table of patients. */
int sn_eval_characteristics(struct sn_eval *e, struct sn_error *err);
/* eval_groups.c: subgroups and readers. */
int sn_eval_subgroups(struct sn_eval *e, struct sn_eval_result *r, struct sn_error *err);
int sn_eval_readers(struct sn_eval *e, struct sn_error *err);

/* Difference of two paired proportions with Tango's or Newcombe's interval; *p McNemar's, exact or mid-P. */
struct sn_eval_ci sn_eval_paired(const struct sn_eval *e, const struct sn_paired *t, double *p);
/* The bootstrap as asked for, on a set. */
struct sn_roc_boot sn_eval_boot(const struct sn_eval *e, const struct sn_eval_result *r, struct sn_pool *pool);
/* Called positive by model k at its threshold? */
static inline bool sn_eval_positive(const struct sn_eval *e, const struct sn_eval_result *r, size_t k, size_t i)
{
    return r->score[k][i] >= e->threshold[k];
}

#endif
