/* dist.c: normal distribution, densities by the saddle point, and the tails of the gamma and beta distributions. */
#include "stats/stats.h"

#include "stats/dist_parts.h"

#include <math.h>

#define HALF_LOG_2PI 0.91893853320467274178
#define SQRT_2PI     2.50662827463100050242
/* More steps than any fraction or series takes for parameters below 1e12 (about 10 sqrt(parameter)). */
#define MAX_STEPS 10000000

/* ---- normal --------------------------------------------------------------------------------- */

double sn_norm_pdf(double x)
{
    double hi = fabs(x), lo;

    if (hi > 40)
        return isnan(x) ? x : 0.0;
    /* exp(-x^2/2) with x^2 split: rounding it would cost x^2 / 2 ulps */
    lo = fma(hi, hi, -hi * hi);
    return exp(-0.5 * hi * hi) * (1 - 0.5 * lo) / SQRT_2PI;
}

/* erfc(x / sqrt 2) / 2, the rounding of the quotient made good to first order: far out it would cost x^2 ulps. */
double sn_norm_sf(double x)
{
    static const double hi = 0.70710678118654757274, lo = -4.8336466567264567e-17; /* sqrt(1/2) */
    double h = x * hi, l = fma(x, hi, -h) + x * lo;

    if (!(fabs(h) < 28))
        return isnan(x) ? x : x > 0 ? 0.0 : 1.0;
    return 0.5 * erfc(h) - l * sn_norm_pdf(h * 1.41421356237309504880) * 1.41421356237309504880;
}

double sn_norm_cdf(double x)
{
    return sn_norm_sf(-x);
}

/*
 * Abramowitz & Stegun 26.2.23 (error below 4.5e-4), then two steps of Halley's method, whose error is the
 * cube of the last: 1e-10, then rounding. Near the middle on cdf - 1/2, so that it stays relative there.
 */
double sn_norm_quantile(double p)
{
    double q = p - 0.5, tail = q < 0 ? p : 1 - p, t, x;
    bool middle = fabs(q) < 0.3;

    if (!(p >= 0 && p <= 1))
        return NAN;
    if (tail == 0)
        return q < 0 ? -INFINITY : INFINITY;
    if (q == 0)
        return 0;
    t = sqrt(-2 * log(tail));
    x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int i = 0; i < 2; i++) {
        double e = middle ? (fabs(q) - 0.5 * erf(x * 0.70710678118654752440)) : sn_norm_sf(x) - tail;

        e /= sn_norm_pdf(x);
        x += e / (1 - 0.5 * x * e);
    }
    return q < 0 ? -x : x;
}

double sn_norm_z(double level)
{
    return level > 0 && level < 1 ? -sn_norm_quantile(0.5 * (1 - level)) : NAN;
}

/* ---- densities by the saddle point: Loader 2000, "Fast and accurate computation of binomial probabilities" ---- */

/*
 * The error of Stirling's formula, log(gamma(x + 1)) - (x + 1/2) log x + x - log(2 pi)/2. Its asymptotic series
 * (DLMF 5.11.1) from 16 on; below, e(x) = e(x + 1) + (x + 1/2) log(1 + 1/x) - 1, which follows from gamma(x + 2) = (x + 1) gamma(x + 1).
 */
static double stirling_error(double x)
{
    double sum = 0, r;

    for (; x < 16; x += 1)
        sum += (x + 0.5) * log1p(1 / x) - 1;
    r = 1 / (x * x);
    return sum + (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188 - r * (691.0 / 360360)))))) / x;
}

double sn_lgamma(double x)
{
    return x > 0 ? stirling_error(x) + (x - 0.5) * log(x) - x + HALF_LOG_2PI : NAN;
}

/* x log(x / m) + m - x >= 0 without cancellation near x = m; the mean is m + low. */
static double deviance(double x, double m, double low)
{
    double d = x - m, v = d / (x + m), sum, term, old;

    if (fabs(d) > 0.5 * (x + m)) /* there x log(x / m) is no longer large against the sum */
        return x * log(x / m) + m - x + low * (1 - x / m);
    sum = d * v; /* log(x / m) = 2 atanh(v): its first term joined with m - x */
    term = 2 * x * v;
    for (int k = 3;; k += 2) {
        term *= v * v;
        old = sum;
        sum += term / k;
        if (sum == old)
            return sum - low * d / m;
    }
}

double sn_poisson_raw(double a, double x)
{
    return exp(-stirling_error(a) - deviance(a, x, 0)) / (SQRT_2PI * sqrt(a));
}

double sn_binom_raw(double a, double b, double x, double y)
{
    double n = a + b, n_low = a > b ? b - (n - a) : a - (n - b), mx = n * x, my = n * y;
    double d = deviance(a, mx, fma(n, x, -mx) + n_low * x) + deviance(b, my, fma(n, y, -my) + n_low * y);

    return exp(stirling_error(n) - stirling_error(a) - stirling_error(b) - d) * sqrt(n / a / b) / SQRT_2PI;
}

/* ---- incomplete gamma ----------------------------------------------------------------------- */

/* DLMF 8.11.4: all terms positive; converges fast for x below a + 1. */
static double gamma_series(double a, double x)
{
    double term = 1, sum = 1;

    for (int k = 1; k < MAX_STEPS && term > sum * 0.25 * DBL_EPSILON; k++) {
        term *= x / (a + k);
        sum += term;
    }
    return sum * sn_poisson_raw(a, x);
}

/* DLMF 8.9.2, even part, by Lentz's method as Thompson & Barnett 1986 modify it. */
static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a, c = 1 / DBL_MIN, d = 1 / b, h = d;

    for (int i = 1; i < MAX_STEPS; i++) {
        double an = -i * (i - a), step;

        b += 2;
        d = an * d + b;
        c = b + an / c;
        if (fabs(d) < DBL_MIN)
            d = DBL_MIN;
        if (fabs(c) < DBL_MIN)
            c = DBL_MIN;
        d = 1 / d;
        step = d * c;
        h *= step;
        if (fabs(step - 1) <= DBL_EPSILON)
            break;
    }
    return h * a * sn_poisson_raw(a, x);
}

void sn_gamma_tails(double a, double x, double *p, double *q)
{
    if (x <= 0 || isinf(x)) {
        *p = x <= 0 ? 0 : 1;
        *q = 1 - *p;
    } else if (x < a + 1) {
        *p = gamma_series(a, x);
        *q = 1 - *p;
    } else {
        *q = gamma_fraction(a, x);
        *p = 1 - *q;
    }
}

/* ---- incomplete beta ------------------------------------------------------------------------ */

/*
 * The even part of the continued fraction DLMF 8.17.22, as Didonato & Morris 1992, "Significant digit computation of the
 * incomplete beta function ratios", give it; by the modified Lentz method. Written with lambda = a - (a + b) x, which is
 * small near the mean and exact in y when x is near 1, so that nothing cancels. For x below a / (a + b).
 */
static double beta_fraction(double a, double b, double x, double y)
{
    double lambda = a > b ? (a + b) * y - b : a - (a + b) * x;
    double h = a / (a + 1) * (lambda + 1), c = h, d = 0, step;

    for (int i = 1; i < MAX_STEPS; i++) {
        double n = i, s = a + 2 * n - 1;
        double an = (a + n - 1) / s * ((a + b + n - 1) / s) * (n * (b - n)) * x * x;
        double bn = n + n * (b - n) * x / s + (a + n) / (s + 2) * (lambda + 1 + n * (1 + y));

        d = bn + an * d;
        c = bn + an / c;
        if (fabs(d) < DBL_MIN)
            d = DBL_MIN;
        if (fabs(c) < DBL_MIN)
            c = DBL_MIN;
        d = 1 / d;
        step = c * d;
        h *= step;
        if (fabs(step - 1) <= DBL_EPSILON)
            break;
    }
    return sn_binom_raw(a, b, x, y) * (a / (a + b)) * b / h; /* x^a y^b / B(a, b) = raw * a b / (a + b) */
}

void sn_beta_tails(double a, double b, double x, double y, double *p, double *q)
{
    if (x <= 0 || y <= 0) {
        *p = x <= 0 ? 0 : 1;
        *q = 1 - *p;
    } else if (a > b ? (a + b) * y > b : (a + b) * x < a) {
        *p = beta_fraction(a, b, x, y);
        *q = 1 - *p;
    } else {
        *q = beta_fraction(b, a, y, x);
        *p = 1 - *q;
    }
}
