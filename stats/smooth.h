/*
 * smooth.h: smooth curves through (x, y): lowess and loess as R computes them, isotonic regression as
 * scikit-learn does. A calibration curve's name and settings are part of every number taken from it, so each
 * function says which it is. Included by stats.h.
 */
#ifndef SN_SMOOTH_H
#define SN_SMOOTH_H

#include "base/base.h"

/* ---- interpolation (smooth.c) --------------------------------------------------------------- */

/* Line through points of ascending x[n] (n >= 1, ties allowed: their mean counts), as R's approx(ties = mean); the end values beyond both ends. */
double sn_interpolate(const double *x, const double *y, size_t n, double at);

/* ---- lowess (smooth.c) --------------------------------------------------------------------- */

/*
 * Locally weighted line with robustness weights: Cleveland 1979 (JASA 74:829), his program's steps, thus
 * R's lowess(x, y, f, iter, delta). Points nearer than `delta` to the last fitted one are interpolated.
 *   x[n] ascending, y[n]; f in (0, 1] share of the points in a neighbourhood; iter >= 0 robustness rounds;
 *   delta >= 0, or negative: 1 % of the range, R's default. fitted[n].
 * A neighbourhood with one distinct x gets its weighted mean. SN_EINVAL: n == 0, x not ascending, a value not finite.
 */
int sn_lowess(const double *x, const double *y, size_t n, double f, int iter, double delta, double *fitted, struct sn_error *err);

/* ---- loess (loess.c, loess_stats.c) --------------------------------------------------------- */

enum sn_loess_surface {
    SN_LOESS_INTERPOLATE, /* fits at the vertices of a k-d tree, cubic Hermite between: R's default */
    SN_LOESS_DIRECT       /* a fit at every point: R's surface = "direct" */
};
struct sn_loess_options {
    double span;     /* > 0; share of the points in a neighbourhood. R: 0.75 */
    int degree;      /* 0, 1 or 2 (R: 2) */
    enum sn_loess_surface surface;
    double cell;     /* > 0; a tree cell holds at most floor(n * span * cell) points. R: 0.2 */
    bool se;         /* prepare standard errors */
};
#define SN_LOESS_DEFAULT { 0.75, 2, SN_LOESS_INTERPOLATE, 0.2, false }
#define SN_LOESS_DIRECT_DF_MAX 1000 /* points up to which a direct surface's degrees of freedom are computed: n^3 operations */

/*
 * Local regression, Cleveland & Devlin 1988 (JASA 83:596), tricube weights, family "gaussian", one predictor:
 * R's loess(y ~ x, span, degree, control = loess.control(surface, statistics = "exact", cell)).
 */
struct sn_loess {
    struct sn_loess_options options;
    size_t n, in_span;       /* points; points in a neighbourhood */
    double *x, *y;           /* [n] ascending by x; private */
    size_t n_vertices;       /* 0 for a direct surface */
    double *vertex, *value, *slope; /* [n_vertices] */
    double *rows;            /* with se: [2 n_vertices][n] how each value, then each slope, depends on y; private */
    double *gram;            /* with se: their products, [2 n_vertices][2 n_vertices]; private */
    /* with se, else NaN */
    double trace;            /* of the operator: equivalent parameters */
    double delta1, delta2;   /* tr(M), tr(M^2), M = (I - L)(I - L)'; exact, not R's interpolated approximation; delta2 NaN: not computed */
    double s;                /* residual standard error: sqrt(RSS / delta1) */
    double df;               /* delta1^2 / delta2, for t intervals; +inf (normal intervals) when delta2 was not computed */
};
/*
 * x[n], y[n] in any order. SN_EINVAL: n < degree + 2, an option out of range, a value not finite, a span with
 * fewer points than the degree needs, a neighbourhood of zero width ("make the span larger"). Memory with se and
 * interpolation: 2 n_vertices n doubles. On failure f holds nothing.
 */
int sn_loess_fit(const double *x, const double *y, size_t n, const struct sn_loess_options *o, struct sn_loess *f, struct sn_error *err);
/* fitted[m] (and se[m] unless NULL, which needs options.se) at x0[m]; NaN outside the data's range, as R has it. */
int sn_loess_predict(const struct sn_loess *f, const double *x0, size_t m, double *fitted, double *se, struct sn_error *err);
void sn_loess_free(struct sn_loess *f); /* a zeroed one is fine */

/* ---- isotonic regression (isotonic.c) --------------------------------------------------------- */

/*
 * Least-squares nondecreasing function of x by pooling adjacent violators; tied x are averaged first (their
 * weights added). weight[n] > 0 or NULL. As scikit-learn's IsotonicRegression: knots are the ends of each
 * constant stretch, and sn_interpolate over them is the function (flat beyond the ends).
 *   knot_x[n], knot_y[n] with room for n, ascending; *knots how many were written
 */
int sn_isotonic(const double *x, const double *y, const double *weight, size_t n, double *knot_x, double *knot_y, size_t *knots, struct sn_error *err);

#endif
