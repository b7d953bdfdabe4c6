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

/* One column of the table the model reads. */
struct sn_nomogram_axis {
    const char *column;
    bool factor;            /* its points belong to levels, else to values on a line */
    double lo, hi;          /* ends of the axis */
    double coefficient;     /* log odds per unit */
    int n;                  /* ticks */
    double *value;          /* [n] numeric */
    const char **level;     /* [n] factor; NULL: any other value, the reference */
    double *lp, *points;    /* [n] contribution to the linear predictor; points */
    double min_lp;          /* smallest contribution on the axis: 0 points */
};
struct sn_nomogram {
    int n_axes;
    struct sn_nomogram_axis *axis;
    double scale;           /* points per unit of the linear predictor */
    double intercept;       /* linear predictor at a total of 0 points: lp = intercept + total / scale */
    double max_points;      /* the largest total */
    struct sn_arena arena;
};

enum sn_nomogram_range {
    SN_NOMOGRAM_PRETTY,     /* as rms: pretty() of the range seen in training, n = 10 */
    SN_NOMOGRAM_DATA        /* the range itself */
};

/*
 * SN_EINVAL: a numeric term without a stated range, more than one numeric term of a column, or no term that varies.
 * The model must outlive the nomogram (names are its own). Free with sn_nomogram_free.
 */
int sn_nomogram_build(const struct sn_logistic *m, enum sn_nomogram_range range, struct sn_nomogram *n, struct sn_error *err);
void sn_nomogram_free(struct sn_nomogram *n);
int sn_nomogram_find(const struct sn_nomogram *n, const char *column); /* axis, or -1 */
/* Points of a contribution lp (coefficient * value, or a level's coefficient); below 0 or above 100 past the axis' ends. */
double sn_nomogram_points(const struct sn_nomogram *n, int axis, double lp);
/* Risk at a total of points, and back; risk in (0, 1). */
double sn_nomogram_risk(const struct sn_nomogram *n, double total);
double sn_nomogram_total(const struct sn_nomogram *n, double risk);

#endif
