/*
 * dist.h: the distributions that tests and intervals need, in double. Included by stats.h.
 *
 * Every function is pure and may be called from any thread. An argument outside its range, or NaN, gives NaN.
 * cdf is P(X <= x), sf is P(X > x), computed on its own and so accurate far out, where 1 - cdf would be 0.
 * Relative error, against R 4.2.2 and against 50-digit arithmetic: below 1e-13 for parameters up to 1e4 (tests/unit/
 * check_dist.c); it grows like the distance from the mean times 1e-16 for larger ones.
 */
#ifndef SN_DIST_H
#define SN_DIST_H

/* Confidence limits; NaN where they are not defined. */
struct sn_interval {
    double lo, hi;
};

/* Standard normal; sf to its underflow at 38.5. */
double sn_norm_pdf(double x);
double sn_norm_cdf(double x);
double sn_norm_sf(double x);
double sn_norm_quantile(double p); /* p in [0, 1]; -inf, +inf at the ends; error about 1e-15 relative */
double sn_norm_z(double level);    /* the two-sided critical value: 1.959963984540054 at level 0.95; level in (0, 1) */

double sn_lgamma(double x);        /* log of the gamma function, x > 0; absolute error 1e-15 near 1 and 2, thread-safe unlike C's */

/* Regularised incomplete gamma functions, P + Q = 1; a > 0, x >= 0. DLMF 8.2.4. */
double sn_gamma_p(double a, double x);
double sn_gamma_q(double a, double x);
/* Chi-square; df > 0, any x. */
double sn_chisq_cdf(double x, double df);
double sn_chisq_sf(double x, double df);
double sn_chisq_quantile(double p, double df);

/* Beta(a, b): its cdf is the regularised incomplete beta function I_x(a, b), DLMF 8.17.2; a, b > 0. */
double sn_beta_cdf(double x, double a, double b);
double sn_beta_sf(double x, double a, double b);
double sn_beta_quantile(double p, double a, double b);
/* Student's t; df > 0, not necessarily whole; infinity is the normal. */
double sn_t_cdf(double t, double df);
double sn_t_sf(double t, double df);
double sn_t_quantile(double p, double df);
/* F with d1, d2 > 0 degrees of freedom. */
double sn_f_cdf(double x, double d1, double d2);
double sn_f_sf(double x, double d1, double d2);
double sn_f_quantile(double p, double d1, double d2);

/* Binomial(n, p): n a whole number >= 0, p in [0, 1]. pmf is 0 unless k is whole; cdf and sf use floor(k). */
double sn_binom_pmf(double k, double n, double p);
double sn_binom_cdf(double k, double n, double p);
double sn_binom_sf(double k, double n, double p);

#endif
