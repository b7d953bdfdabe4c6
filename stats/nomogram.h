/*
 * nomogram.h: a logistic model as axes of points, scaled as R's rms::nomogram does (Harrell, Regression
 * Modeling Strategies, 2nd ed., 2015, section 5.3): the term whose contribution can vary most spans 100
 * points. Included by stats.h.
 */
#ifndef SN_NOMOGRAM_H
#define SN_NOMOGRAM_H

/*
 * R's pretty(c(lo, hi), n): equally spaced round values, steps of 1, 2 or 5 times a power of ten, that
 * cover [lo, hi] in about n intervals. lo <= hi, both finite, n >= 1. *first, *step and the number of
 * values (>= 2, returned) describe them; value i is *first + i * *step, which sn_pretty_value gives without rounding error.
 */
int sn_pretty(double lo, double hi, int n, double *first, double *step);
double sn_pretty_value(double first, double step, int i);

/*
 * One axis: values of a column. A column that interacts with none has one; columns that interact form a group, whose
 * lead (the first number of many values, else the first) has one axis for each combination of the others' values, and
 * whose points are the whole group's. Interacting numbers stand at their distinct values when those are few, else at
 * their quartiles; a patient between them has points, but no axis.
 */
struct sn_nomogram_axis {
    const char *label;      /* "age", "age (her2=1)" */
    const char *column;     /* what its ticks are values of */
    size_t group;
    bool factor;            /* its points belong to levels, else to values on a line */
    double lo, hi;          /* ends of the axis; of a number */
    int n;                  /* ticks */
    double *value;          /* [n] numeric */
    const char **level;     /* [n] factor; NULL: any other value, the reference (model.json version 1) */
    double *lp, *points;    /* [n] contribution to the linear predictor; points */
};
struct sn_nomogram_group {
    size_t lead, n_columns;
    size_t *column;         /* [n_columns] of the model's columns, the lead first */
    size_t first, n_axes;   /* of the axes */
    double min_lp;          /* smallest contribution on its axes: 0 points */
    double max_points;
};
struct sn_nomogram {
    const struct sn_logistic *m;
    int n_axes;
    struct sn_nomogram_axis *axis;
    size_t n_groups;
    struct sn_nomogram_group *group;
    double scale;           /* points per unit of the linear predictor */
    double intercept;       /* linear predictor at a total of 0 points: lp = intercept + total / scale */
    double max_points;      /* the largest total */
    struct sn_arena arena;
};

enum sn_nomogram_range {
    SN_NOMOGRAM_PRETTY,     /* as rms: the distinct values seen in training when they are few (model.json keeps up to ten),
                               else pretty() of the range seen, n = 10 */
    SN_NOMOGRAM_DATA        /* the range itself */
};
struct sn_nomogram_span {   /* a range of one's own for a column */
    const char *column;
    double lo, hi;
};
struct sn_nomogram_options {
    enum sn_nomogram_range range;
    size_t n_spans;
    const struct sn_nomogram_span *span;
};

/*
 * SN_EINVAL: a numeric term without a stated range, a column that is number and category, more than 64 axes, a span that
 * names no column or is empty, or no term that varies. options may be NULL: as rms.
 * The model must outlive the nomogram (names are its own). Free with sn_nomogram_free.
 */
int sn_nomogram_build(const struct sn_logistic *m, const struct sn_nomogram_options *options, struct sn_nomogram *n, struct sn_error *err);
void sn_nomogram_free(struct sn_nomogram *n);
/* One patient: values[m->n_columns]. Contribution and points of a group; points lie below 0 or above 100 past its axes' ends. */
double sn_nomogram_lp(const struct sn_nomogram *n, size_t group, const struct sn_logistic_value *values);
double sn_nomogram_points(const struct sn_nomogram *n, size_t group, double lp);
/* The axis of the group on which the patient lies, or -1. */
int sn_nomogram_axis_of(const struct sn_nomogram *n, size_t group, const struct sn_logistic_value *values);
/* Risk at a total of points, and back; risk in (0, 1). */
double sn_nomogram_risk(const struct sn_nomogram *n, double total);
double sn_nomogram_total(const struct sn_nomogram *n, double risk);

#endif
