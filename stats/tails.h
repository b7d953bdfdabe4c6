/*
 * tails.h: the distributions that intervals and tests of agreement and of readers need: normal, beta, t, F and
 * non-central t. Private to stats and tools. Relative error of probabilities about 1e-13, of quantiles 1e-12,
 * against R in tests/unit/check_agreement.c. Probabilities outside [0, 1], degrees of freedom not > 0: NaN.
 */
#ifndef SN_TAILS_H
#define SN_TAILS_H

double sn_tail_normal(double z);                         /* P(Z > z) */
double sn_tail_normal_q(double p);                       /* z with P(Z <= z) = p */
double sn_tail_beta(double x, double a, double b);       /* P(B <= x), the regularised incomplete beta function */
double sn_tail_beta_q(double p, double a, double b);
double sn_tail_t2(double t, double df);                  /* P(|T| > |t|); df may be infinite */
double sn_tail_t_q(double p, double df);
double sn_tail_f(double f, double df1, double df2);      /* P(F > f); df2 may be infinite */
double sn_tail_f_q(double p, double df1, double df2);    /* P(F <= f) = p */
double sn_tail_chi2(double x, double df);                /* P(X > x) */
double sn_tail_nct_q(double p, double df, double delta); /* non-central t; df >= 1 */

#endif
