/*
 * stats.h: statistics. Part 1 holds what the main job needs: applying a fitted logistic model.
 * Stands on base (and on io's JSON for its model files).
 */
#ifndef SN_STATS_H
#define SN_STATS_H

#include "base/base.h"
#include "io/io.h"

/*
 * A logistic model: logit(risk) = intercept + sum of coefficient * term. A term is a numeric
 * column, or one level of a categorical column (1 when the column equals `level`, else 0).
 * File format: tools/README.md, "model.json". Read-only once loaded.
 */
struct sn_logistic_term {
    const char *name;     /* unique, e.g. "dl_sig", "age", "grade=3" */
    const char *column;   /* table column, or "dl_sig" */
    const char *level;    /* NULL: numeric */
    double coefficient;
    double min, max;      /* range seen in training; NaN when not stated. Outside: a quality warning */
};
struct sn_logistic {
    double intercept;
    size_t n_terms;
    struct sn_logistic_term *terms;
    double threshold;     /* frozen operating point on the risk; NaN when not stated */
    const char *outcome, *trained_on;
    struct sn_json_doc doc; /* owns the strings */
};
int sn_logistic_read(const char *path, struct sn_logistic *m, struct sn_error *err);
int sn_logistic_parse(const void *json, size_t size, struct sn_logistic *m, struct sn_error *err);
void sn_logistic_free(struct sn_logistic *m);
/* x[n_terms] are the term values in order, finite (else SN_EINVAL naming the term); lp receives the linear predictor; risk sn_sigmoid(lp). */
int sn_logistic_apply(const struct sn_logistic *m, const double *x, double *lp, double *risk, struct sn_error *err);


#include "stats/dist.h"
#include "stats/quantile.h"
#include "stats/bootstrap.h"
#include "stats/roc.h"
#include "stats/proportions.h"
#include "stats/reclass.h"
#include "stats/twosample.h"
#include "stats/nomogram.h"

#endif
