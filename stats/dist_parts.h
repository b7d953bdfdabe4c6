/* dist_parts.h: private to stats/dist*.c: densities by the saddle point, and the two-sided inverses. */
#ifndef SN_DIST_PARTS_H
#define SN_DIST_PARTS_H

/* x^a exp(-x) / gamma(a + 1), a > 0, x > 0. */
double sn_poisson_raw(double a, double x);
/* gamma(a + b + 1) / (gamma(a + 1) gamma(b + 1)) x^a y^b, with y = 1 - x; all > 0. */
double sn_binom_raw(double a, double b, double x, double y);

/* Lower (into *p) and upper (into *q) tail of the gamma and the beta distribution. */
void sn_gamma_tails(double a, double x, double *p, double *q);
void sn_beta_tails(double a, double b, double x, double y, double *p, double *q);

/* The x at which the lower tail is p and the upper q = 1 - p; beta also gives y = 1 - x. p, q in [0, 1]. */
double sn_gamma_inverse(double a, double p, double q);
void sn_beta_inverse(double a, double b, double p, double q, double *x, double *y);

#endif
