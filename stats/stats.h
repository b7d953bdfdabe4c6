/*
 * stats.h: statistics. Here: applying a fitted logistic model; the rest has its own headers, included below.
 * Stands on base (and on io's JSON for its model files).
 */
#ifndef SN_STATS_H
#define SN_STATS_H

#include "base/base.h"
#include "io/io.h"

/*
 * A logistic model: logit(risk) = intercept + sum of coefficient * term. A term is a product of parts,
 * mostly of one; a part is a numeric column, one function of a spline of it, or one level of a categorical
 * column (1 when the column equals the level, else 0).
 * File format: tools/README.md, "model.json". Read-only once loaded.
 */
struct sn_logistic_column {
    const char *name;     /* of a table column, or "dl_sig" */
    bool factor;
    size_t n_levels;
    const char **levels;  /* factor: levels[0] is the reference; NULL there (version 1): whatever the model does not name */
    double min, max;      /* number: range seen in training; NaN when not stated. Outside: a quality warning */
    double quartile[3];   /* number: NaN when not stated */
    size_t n_values;      /* number: the distinct values seen in training, when they are few; else 0 */
    const double *values;
};
struct sn_logistic_part {
    size_t column;        /* of the model's columns */
    const char *level;    /* NULL: numeric */
    size_t n_knots;       /* 0: no spline */
    const double *knots;
    size_t basis;         /* which function of the spline (rcs.h); 0: the value itself */
};
struct sn_logistic_term {
    const char *name;     /* unique, e.g. "dl_sig", "age", "grade=3", "size'", "grade=3:her2=1" */
    const char *column;   /* the column of a term of one part; NULL: several */
    const char *level;    /* the level of a term of one part; NULL: numeric, or several */
    double coefficient;
    double min, max;      /* as its column has them; NaN unless the term is the numeric column itself */
    size_t n_parts;
    const struct sn_logistic_part *parts;
};
struct sn_logistic {
    double intercept;
    size_t n_terms;
    struct sn_logistic_term *terms;
    size_t n_columns;
    struct sn_logistic_column *columns; /* in the order in which the terms use them */
    double threshold;     /* frozen operating point on the risk; NaN when not stated */
    const char *outcome, *trained_on;
    struct sn_json_doc doc; /* owns the strings */
};
/* What a table holds in a column for one patient: the number of a numeric column, the text of a factor. */
struct sn_logistic_value {
    double number;
    const char *text;
};
int sn_logistic_read(const char *path, struct sn_logistic *m, struct sn_error *err);
int sn_logistic_parse(const void *json, size_t size, struct sn_logistic *m, struct sn_error *err);
void sn_logistic_free(struct sn_logistic *m);
/* x[n_terms] are the term values in order, finite (else SN_EINVAL naming the term); lp receives the linear predictor; risk sn_sigmoid(lp). */
int sn_logistic_apply(const struct sn_logistic *m, const double *x, double *lp, double *risk, struct sn_error *err);
/* A term's value from values[n_columns]. */
double sn_logistic_term_x(const struct sn_logistic *m, size_t term, const struct sn_logistic_value *values);
/* Index of a text among a factor's levels; 0 (the reference) for any other text when the reference has no name; else -1. */
int sn_logistic_level(const struct sn_logistic_column *c, const char *text);

#include "stats/dist.h"
#include "stats/quantile.h"
#include "stats/bootstrap.h"
#include "stats/rcs.h"
#include "stats/glm.h"
#include "stats/formula.h"
#include "stats/infer.h"
#include "stats/roc.h"
#include "stats/proportions.h"
#include "stats/reclass.h"
#include "stats/twosample.h"
#include "stats/nomogram.h"
#include "stats/smooth.h"
#include "stats/calibration.h"
#include "stats/recalibrate.h"
#include "stats/dca.h"
#include "stats/agreement.h"
#include "stats/mrmc.h"
#include "stats/matched.h"
#include "stats/surface.h"

#endif
