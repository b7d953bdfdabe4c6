/* calibration_curve.h: what calibration_curve.c and calibration_boot.c share. */
#ifndef SN_CALIBRATION_CURVE_H
#define SN_CALIBRATION_CURVE_H

#include "stats/stats.h"

/* Options with the defaults filled in. */
struct sn_curve_plan {
    enum sn_smoother smoother;
    double span, level;
    int degree, knots;
    bool band;
};

/* One smooth through n patients, ascending by p. */
struct sn_curve_job {
    const double *p, *lp, *y;      /* [n] */
    size_t n;
    const double *at;              /* [m] grid, in (0, 1) */
    size_t m;
    double *observed;              /* [m] NaN outside the range of p */
    double *lo, *hi;               /* [m], with plan->band */
    double *smooth;                /* [n] */
    int knots_found;
    double df;
};
int sn_curve_run(const struct sn_curve_plan *plan, struct sn_curve_job *j, struct sn_error *err);
/* |p - smooth| summed up; error[n] is overwritten. */
int sn_curve_ici(const double *p, const double *smooth, size_t n, double *error, struct sn_ici *e, struct sn_error *err);
int sn_curve_plan(const struct sn_risks *r, const struct sn_curve_options *o, struct sn_curve_plan *plan, struct sn_error *err);

#endif
