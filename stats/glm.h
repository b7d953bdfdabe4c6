/*
 * glm.h: logistic regression by iteratively reweighted least squares, plain and with Firth's penalty.
 * Included by stats.h. Matrices are column-major: column j of x[n][p] begins at x + j * n.
 */
#ifndef SN_GLM_H
#define SN_GLM_H

#include "base/base.h"

/* ---- QR (qr.c) ---------------------------------------------------------------------------- */

/*
 * Householder QR in place: a[n][p] becomes R (on and above the diagonal) and the reflectors below it,
 * tau[p] their factors. Returns p; or the first column whose part outside the columns before it is
 * shorter than `tolerance` times the whole: the matrix has no full rank then and a is not to be used.
 */
size_t sn_qr_factor(double *a, size_t n, size_t p, double *tau, double tolerance);
void sn_qr_qty(const double *a, size_t n, size_t p, const double *tau, double *y); /* y[n] <- Q'y */
void sn_qr_solve(const double *a, size_t n, size_t p, double *x);                  /* x[p] <- R^-1 x */
void sn_qr_thin(const double *a, size_t n, size_t p, const double *tau, double *q);/* q[n][p], the first p columns of Q */
void sn_qr_inverse(const double *a, size_t n, size_t p, double *inverse);          /* (R'R)^-1, [p][p] */
#define SN_RANK_TOLERANCE 1e-11 /* as R's glm */

/* ---- the fit (glm.c) ---------------------------------------------------------------------- */

struct sn_logit_options {
    bool firth;               /* Jeffreys' prior as penalty: Firth 1993, Biometrika 80:27; Heinze & Schemper 2002 */
    const double *start;      /* [p] where to begin, or NULL: zeros */
    const bool *fixed;        /* [p] these stay at their start, or NULL: none. The penalty keeps the whole information */
    const char *const *names; /* [p] for messages, or NULL: "column 3" */
    bool brief;               /* coefficients, likelihood, eta and mu only: no covariance, leverage, Cook */
};

/*
 * logit P(y = 1) = offset + x beta; weights are prior weights (frequencies), not necessarily whole.
 * Everything is owned by the result: sn_logit_free.
 */
struct sn_logit {
    size_t n, p;
    double *beta, *se;        /* [p] se 0 where fixed */
    double *cov;              /* [p][p] inverse information, rows and columns of fixed ones 0 */
    double *eta, *mu;         /* [n] linear predictor (offset included), probability */
    double *leverage;         /* [n] diagonal of the hat matrix */
    double *cook;             /* [n] Cook's distance as R's cooks.distance(glm) has it (dispersion 1) */
    double loglik;            /* without the penalty */
    double penalty;           /* log det(X'WX) / 2 under Firth, else 0; loglik + penalty is what was maximised */
    double deviance;          /* -2 loglik */
    int iterations;
    bool separated, complete; /* (quasi-)complete separation: no finite maximum exists; the fit then fails */
};

/*
 * Maximises the (penalised) likelihood. Newton steps by QR of W^1/2 X, halved while the likelihood would
 * fall; ends when the deviance a step can still gain is below 1e-14 (plain: what remains is its square) or
 * 1e-22 (Firth's steps converge linearly).
 *   x [n][p], a column of ones for the intercept included; y 0 or 1; offset, weight [n] or NULL
 * SN_EINVAL: a value not finite, y not 0 or 1, a negative weight. SN_EFORMAT, each with the term's name: separation
 * (out->separated is set), a column that is a combination of others,
 * fewer observations than columns, no convergence. On failure out holds nothing else and needs no free.
 */
int sn_logit_fit_with(const double *x, size_t n, size_t p, const double *y, const double *offset, const double *weight,
                      const struct sn_logit_options *options, struct sn_logit *out, struct sn_error *err);
int sn_logit_fit(const double *x, size_t n, size_t p, const double *y, const double *offset, const double *weight,
                 struct sn_logit *out, struct sn_error *err);
void sn_logit_free(struct sn_logit *f); /* a zeroed one is fine */

/* Sum of weight * log-likelihood of y at linear predictor eta; stable for any finite eta. weight NULL: 1. */
double sn_logit_loglik(const double *eta, const double *y, const double *weight, size_t n);

#endif
