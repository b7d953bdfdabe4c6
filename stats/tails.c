/*
 * tails.c: the distributions of dist.c as agreement and reader studies name them, infinite degrees of freedom
 * included; and the non-central t that exact limits of agreement need.
 */
#include "stats/tails.h"

#include <math.h>

#include "stats/stats.h"

double sn_tail_normal(double z) { return sn_norm_sf(z); }
double sn_tail_normal_q(double p) { return sn_norm_quantile(p); }
double sn_tail_beta(double x, double a, double b) { return sn_beta_cdf(x, a, b); }
double sn_tail_beta_q(double p, double a, double b) { return sn_beta_quantile(p, a, b); }
double sn_tail_t2(double t, double df) { return 2 * sn_t_sf(fabs(t), df); }
double sn_tail_t_q(double p, double df) { return sn_t_quantile(p, df); }
double sn_tail_chi2(double x, double df) { return sn_chisq_sf(x, df); }

double sn_tail_f(double f, double df1, double df2)
{
    return isinf(df2) ? sn_chisq_sf(f * df1, df1) : sn_f_sf(f, df1, df2);
}

double sn_tail_f_q(double p, double df1, double df2)
{
    return isinf(df2) ? sn_chisq_quantile(p, df1) / df1 : sn_f_quantile(p, df1, df2);
}

/* ---- non-central t ---------------------------------------------------------------------------------------- */

/*
 * P(T <= t) = E[Phi(t s - delta)], s = sqrt(chi2(df) / df). s has mean about 1 and variance about 1 / (2 df);
 * beyond 12 of its deviations nothing is left in double. Simpson's rule: the integrand is smooth.
 */
static double nct(double t, double df, double delta)
{
    enum { STEPS = 4000 };
    double spread = 12 / sqrt(2 * df), lo = 1 - spread > 0 ? 1 - spread : 0, hi = 1 + spread + 3 / df;
    double step = (hi - lo) / STEPS, sum = 0;
    double log_front = log(2) + df / 2 * log(df / 2) - lgamma(df / 2);

    for (int i = 0; i <= STEPS; i++) {
        double s = lo + i * step, density = s > 0 ? exp(log_front + (df - 1) * log(s) - df * s * s / 2) : df == 1 ? exp(log_front) : 0;

        sum += (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2) * density * sn_tail_normal(delta - t * s);
    }
    return sum * step / 3;
}

double sn_tail_nct_q(double p, double df, double delta)
{
    double lo = delta - 1, hi = delta + 1;

    if (!(p > 0 && p < 1 && df >= 1))
        return NAN;
    for (double step = 1; nct(lo, df, delta) > p && step < 1e6; step *= 2)
        lo -= step;
    for (double step = 1; nct(hi, df, delta) < p && step < 1e6; step *= 2)
        hi += step;
    for (int i = 0; i < 80 && hi - lo > 4 * DBL_EPSILON * (fabs(lo) + fabs(hi)); i++) {
        double mid = (lo + hi) / 2;

        if (nct(mid, df, delta) < p)
            lo = mid;
        else
            hi = mid;
    }
    return (lo + hi) / 2;
}
