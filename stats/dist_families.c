/* dist_families.c: chi-square, beta, t, F and binomial, and the inverses of the gamma and beta distributions. */
#include "stats/stats.h"

#include "stats/dist_parts.h"

#include <math.h>

/* ---- inverses ------------------------------------------------------------------------------- */

/*
 * Where a tail of a log-concave distribution equals a target: Newton's method on log(tail) over u = log(x), nearly a
 * straight line far out, with a bracket that any step outside of is replaced by bisection.
 */
struct tail {
    double a, b;   /* b == 0: gamma(a) */
    bool upper;    /* which tail: the smaller one, where log(tail) tells x apart */
    double target; /* in (0, 1) */
};

/* log(tail / target) at x = exp(u); *slope its derivative by u. */
static double misfit(const struct tail *t, double u, double *slope)
{
    double x = exp(u), p, q, density, tail;

    if (t->b == 0) {
        sn_gamma_tails(t->a, x, &p, &q);
        density = t->a * sn_poisson_raw(t->a, x);
    } else {
        double y = -expm1(u);

        sn_beta_tails(t->a, t->b, x, y, &p, &q);
        density = sn_binom_raw(t->a, t->b, x, y) * t->a * t->b / (t->a + t->b) / y;
    }
    tail = t->upper ? q : p;
    *slope = (t->upper ? -density : density) / tail;
    return log(tail / t->target);
}

static double solve(const struct tail *t, double u, double lo, double hi)
{
    for (int i = 0; i < 400; i++) {
        double slope, f, next;

        if (!(u > lo && u < hi))
            u = 0.5 * (lo + hi);
        f = misfit(t, u, &slope);
        if ((f > 0) != t->upper)
            hi = u;
        else
            lo = u;
        next = u - f / slope;
        if (f == 0 || fabs(next - u) <= 0.25 * DBL_EPSILON * SN_MAX(1, fabs(u)) || hi - lo <= DBL_EPSILON * fabs(lo))
            return f == 0 || !(next > lo && next < hi) ? u : next;
        u = next;
    }
    return u;
}

double sn_gamma_inverse(double a, double p, double q)
{
    struct tail t = { a, 0, q < p, q < p ? q : p };
    double z, w, u;

    if (p <= 0 || q <= 0)
        return p <= 0 ? 0 : INFINITY;
    /* Wilson & Hilferty 1931: the cube root is nearly normal; far down the series' first term */
    z = q < p ? -sn_norm_quantile(q) : sn_norm_quantile(p);
    w = 1 - 1 / (9 * a) + z / (3 * sqrt(a));
    u = w > 0.3 ? log(a) + 3 * log(w) : (log(p) + sn_lgamma(a + 1)) / a;
    if (u < -740) /* below the smallest double: 0 by underflow */
        return exp(u);
    return exp(solve(&t, u, -745, log(a + 1500 + 60 * sqrt(a))));
}

void sn_beta_inverse(double a, double b, double p, double q, double *x, double *y)
{
    double half_p, half_q, u;

    if (p <= 0 || q <= 0) {
        *x = p <= 0 ? 0 : 1;
        *y = 1 - *x;
        return;
    }
    sn_beta_tails(a, b, 0.5, 0.5, &half_p, &half_q);
    if (half_p < p) { /* the answer is above 1/2: find the small 1 - x instead */
        sn_beta_inverse(b, a, q, p, y, x);
        return;
    }
    if (q < p) {
        u = log(SN_MIN(a / (a + b), 0.5));
    } else { /* I_x is about x^a / (a B(a, b)) */
        u = (log(p) + log(a) + sn_lgamma(a) + sn_lgamma(b) - sn_lgamma(a + b)) / a;
    }
    if (u < -740)
        *x = exp(u);
    else
        *x = exp(solve(&(struct tail){ a, b, q < p, SN_MIN(p, q) }, SN_MIN(u, log(0.5)), -745, log(0.5) + DBL_EPSILON));
    *y = 1 - *x;
}

/* ---- gamma, chi-square ---------------------------------------------------------------------- */

double sn_gamma_p(double a, double x)
{
    double p = NAN, q;

    if (a > 0 && x >= 0 && isfinite(a))
        sn_gamma_tails(a, x, &p, &q);
    return p;
}

double sn_gamma_q(double a, double x)
{
    double p, q = NAN;

    if (a > 0 && x >= 0 && isfinite(a))
        sn_gamma_tails(a, x, &p, &q);
    return q;
}

double sn_chisq_cdf(double x, double df)
{
    return x < 0 && df > 0 ? 0 : sn_gamma_p(0.5 * df, 0.5 * x);
}

double sn_chisq_sf(double x, double df)
{
    return x < 0 && df > 0 ? 1 : sn_gamma_q(0.5 * df, 0.5 * x);
}

double sn_chisq_quantile(double p, double df)
{
    if (!(p >= 0 && p <= 1 && df > 0 && isfinite(df)))
        return NAN;
    return 2 * sn_gamma_inverse(0.5 * df, p, 1 - p);
}

/* ---- beta, t, F ----------------------------------------------------------------------------- */

static bool beta_fits(double a, double b)
{
    return a > 0 && b > 0 && isfinite(a) && isfinite(b);
}

double sn_beta_cdf(double x, double a, double b)
{
    double p, q;

    if (!beta_fits(a, b) || isnan(x))
        return NAN;
    sn_beta_tails(a, b, x, 1 - x, &p, &q);
    return p;
}

double sn_beta_sf(double x, double a, double b)
{
    double p, q;

    if (!beta_fits(a, b) || isnan(x))
        return NAN;
    sn_beta_tails(a, b, x, 1 - x, &p, &q);
    return q;
}

double sn_beta_quantile(double p, double a, double b)
{
    double x, y;

    if (!beta_fits(a, b) || !(p >= 0 && p <= 1))
        return NAN;
    sn_beta_inverse(a, b, p, 1 - p, &x, &y);
    return x;
}

/* Beyond this many degrees of freedom t differs from the normal by less than 1e-15, relatively, for |t| < 38. */
#define NORMAL_DF 1e21

double sn_t_sf(double t, double df)
{
    double outer, inner, s = t * t;

    if (!(df > 0) || isnan(t))
        return NAN;
    if (df > NORMAL_DF)
        return sn_norm_sf(t);
    if (isinf(s))
        return isinf(t) ? t > 0 ? 0.0 : 1.0 : sn_t_sf(t > 0 ? 1.3e154 : -1.3e154, df);
    /* P(|T| > t) = I_x(df/2, 1/2), x = df / (df + t^2), DLMF 8.17 */
    sn_beta_tails(0.5 * df, 0.5, df / (df + s), s / (df + s), &outer, &inner);
    return t > 0 ? 0.5 * outer : 0.5 + 0.5 * inner;
}

double sn_t_cdf(double t, double df)
{
    return sn_t_sf(-t, df);
}

double sn_t_quantile(double p, double df)
{
    double tail = p < 0.5 ? p : 1 - p, x, y, t;

    if (!(df > 0) || !(p >= 0 && p <= 1))
        return NAN;
    if (df > NORMAL_DF)
        return sn_norm_quantile(p);
    sn_beta_inverse(0.5 * df, 0.5, 2 * tail, 2 * (0.5 - tail), &x, &y);
    t = sqrt(df) * sqrt(y / x);
    return p < 0.5 ? -t : t;
}

double sn_f_cdf(double x, double d1, double d2)
{
    double p, q;

    if (!beta_fits(d1, d2) || isnan(x))
        return NAN;
    if (x <= 0 || isinf(x))
        return x <= 0 ? 0 : 1;
    sn_beta_tails(0.5 * d1, 0.5 * d2, d1 * x / (d2 + d1 * x), d2 / (d2 + d1 * x), &p, &q);
    return p;
}

double sn_f_sf(double x, double d1, double d2)
{
    double p, q;

    if (!beta_fits(d1, d2) || isnan(x))
        return NAN;
    if (x <= 0 || isinf(x))
        return x <= 0 ? 1 : 0;
    sn_beta_tails(0.5 * d1, 0.5 * d2, d1 * x / (d2 + d1 * x), d2 / (d2 + d1 * x), &p, &q);
    return q;
}

double sn_f_quantile(double p, double d1, double d2)
{
    double x, y;

    if (!beta_fits(d1, d2) || !(p >= 0 && p <= 1))
        return NAN;
    sn_beta_inverse(0.5 * d1, 0.5 * d2, p, 1 - p, &x, &y);
    return d2 / d1 * (x / y);
}

/* ---- binomial ------------------------------------------------------------------------------- */

static bool binom_fits(double k, double n, double p)
{
    return n >= 0 && n == floor(n) && isfinite(n) && p >= 0 && p <= 1 && !isnan(k);
}

double sn_binom_pmf(double k, double n, double p)
{
    if (!binom_fits(k, n, p))
        return NAN;
    if (k < 0 || k > n || k != floor(k))
        return 0;
    if (p == 0 || p == 1)
        return k == (p == 0 ? 0 : n) ? 1 : 0;
    if (k == 0)
        return exp(n * log1p(-p));
    if (k == n)
        return exp(n * log(p));
    return sn_binom_raw(k, n - k, p, 1 - p);
}

double sn_binom_cdf(double k, double n, double p)
{
    double lower, upper;

    if (!binom_fits(k, n, p))
        return NAN;
    k = floor(k);
    if (k < 0 || k >= n)
        return k < 0 ? 0 : 1;
    sn_beta_tails(k + 1, n - k, p, 1 - p, &lower, &upper); /* P(X > k) = I_p(k + 1, n - k), DLMF 8.17.5 */
    return upper;
}

double sn_binom_sf(double k, double n, double p)
{
    double lower, upper;

    if (!binom_fits(k, n, p))
        return NAN;
    k = floor(k);
    if (k < 0 || k >= n)
        return k < 0 ? 1 : 0;
    sn_beta_tails(k + 1, n - k, p, 1 - p, &lower, &upper);
    return lower;
}
