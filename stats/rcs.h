/*
 * rcs.h: restricted cubic splines, as R's Hmisc::rcspline.eval (Harrell, Regression Modeling Strategies,
 * 2nd ed. 2015, section 2.4.5): cubic between the knots, linear beyond the outer ones. Included by stats.h.
 */
#ifndef SN_RCS_H
#define SN_RCS_H

#include "base/base.h"

#define SN_RCS_MAX_KNOTS 10

/*
 * Knots from data: quantiles (type 7) at 0.1, 0.5, 0.9 for k = 3; k = 4 to 6 equally spaced probabilities from
 * 0.05 to 0.95; k >= 7 from 0.025 to 0.975. As Hmisc: with fewer than 100 values the outer knots are the
 * 5th smallest and 5th largest; when an end value alone makes up 5 % of the data (and none in between does), the
 * knot there lies on the neighbouring value and the others are spread over the rest; with k + 2 distinct values
 * or fewer, the interior distinct values are the knots; and where ties leave fewer than three, 2 k quantiles are tried. x[n] finite, any order; k in [3, SN_RCS_MAX_KNOTS].
 * Writes `*found` knots (3 <= found <= SN_RCS_MAX_KNOTS, increasing). SN_EFORMAT: fewer than 6 values, or fewer than 3 distinct knots.
 */
int sn_rcs_knots(const double *x, size_t n, int k, double knots[SN_RCS_MAX_KNOTS], int *found, struct sn_error *err);

/*
 * Basis function `which` at x: 0 is x itself; j = 1 .. k - 2 the j-th nonlinear one, with t = knots:
 *   ((x - t_j)+^3 - (x - t_(k-1))+^3 (t_k - t_j) / (t_k - t_(k-1)) + (x - t_k)+^3 (t_(k-1) - t_j) / (t_k - t_(k-1))) / (t_k - t_1)^2
 */
double sn_rcs_basis(double x, const double *knots, size_t k, size_t which);

#endif
