/*
 * tails.c: distribution functions by the incomplete beta and gamma functions' continued fractions; quantiles by
 * Newton steps kept inside a bracket, which needs no tables and ends at the function's own precision.
 */
#include "stats/tails.h"

#include <float.h>
#include <math.h>

#define PI 3.14159265358979323846

double sn_tail_normal(double z) { return 0.5 * erfc(z * sqrt(0.5)); }

/*
 * Start: Hastings' rational approximation (Abramowitz & Stegun 26.2.23, error below 4.5e-4); then Halley steps on
 * the smaller tail, each of which triples the digits.
 */
double sn_tail_normal_q(double p)
{
    double tail = p < 0.5 ? p : 1 - p, t, z;

    if (!(p >= 0 && p <= 1))
        return NAN;
    if (tail == 0)
        return p < 0.5 ? -INFINITY : INFINITY;
    t = sqrt(-2 * log(tail));
    z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (int i = 0; i < 3; i++) {
        double step = (sn_tail_normal(z) - tail) * sqrt(2 * PI) * exp(z * z / 2);

        z += step / (1 + z * step / 2);
    }
    return p < 0.5 ? -z : z;
}

/* ---- beta -------------------------------------------------------------------------------------------- */

/* Continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8) by Lentz's method. */
static double beta_fraction(double x, double a, double b)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1), value;

    d = 1 / (fabs(d) < tiny ? tiny : d);
    value = d;
    for (int m = 1; m < 100000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), change;

        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        value *= d * c;
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        change = d * c;
        value *= change;
        if (fabs(change - 1) < DBL_EPSILON)
            break;
    }
    return value;
}

/* log of x^a (1 - x)^b / B(a, b), y = 1 - x given apart so that neither end cancels. */
static double beta_log_front(double x, double y, double a, double b)
{
    return a * log(x) + b * log(y) + lgamma(a + b) - lgamma(a) - lgamma(b);
}

/* Both tails at once: P(B <= x) and P(B > x), y = 1 - x. */
static void beta_tails(double x, double y, double a, double b, double *below, double *above)
{
    double front;

    if (!(x > 0) || !(y > 0)) {
        *below = x > 0;
        *above = 1 - *below;
        return;
    }
    front = exp(beta_log_front(x, y, a, b));
    if (x < (a + 1) / (a + b + 2)) {
        *below = front * beta_fraction(x, a, b) / a;
        *above = 1 - *below;
    } else {
        *above = front * beta_fraction(y, b, a) / b;
        *below = 1 - *above;
    }
}

double sn_tail_beta(double x, double a, double b)
{
    double below, above;

    if (!(a > 0 && b > 0) || isnan(x))
        return NAN;
    beta_tails(x, 1 - x, a, b, &below, &above);
    return below;
}

/* x with P(B <= x) = p, for x at most about 1/2: relative precision there is what counts. */
static double beta_lower_q(double p, double a, double b)
{
    double lo = 0, hi = 1, x = a / (a + b);

    for (int i = 0; i < 400; i++) {
        double below, above, density, next;

        beta_tails(x, 1 - x, a, b, &below, &above);
        if (below > p)
            hi = x;
        else
            lo = x;
        density = exp(beta_log_front(x, 1 - x, a, b)) / (x * (1 - x));
        next = x - (below - p) / density;
        if (!(next > lo && next < hi))
            next = lo > 0 ? (hi > 4 * lo ? sqrt(lo * hi) : (lo + hi) / 2) : hi / 16;
        if (fabs(next - x) <= 2 * DBL_EPSILON * x)
            return next;
        x = next;
    }
    return x;
}

/* x and 1 - x, whichever is small to full relative precision. */
static double beta_q(double p, double a, double b, double *complement)
{
    double x, below, above;

    if (p <= 0 || p >= 1) {
        x = p >= 1;
        *complement = 1 - x;
        return x;
    }
    beta_tails(0.5, 0.5, a, b, &below, &above);
    if (below >= p) {
        x = beta_lower_q(p, a, b);
        *complement = 1 - x;
    } else {
        *complement = beta_lower_q(1 - p, b, a);
        x = 1 - *complement;
    }
    return x;
}

double sn_tail_beta_q(double p, double a, double b)
{
    double complement;

    return p >= 0 && p <= 1 && a > 0 && b > 0 ? beta_q(p, a, b, &complement) : (double)NAN;
}

/* ---- t and F ------------------------------------------------------------------------------------------ */

double sn_tail_t2(double t, double df)
{
    double below, above;

    if (!(df > 0) || isnan(t))
        return NAN;
    if (isinf(df))
        return 2 * sn_tail_normal(fabs(t));
    if (isinf(t))
        return 0;
    beta_tails(df / (df + t * t), t * t / (df + t * t), df / 2, 0.5, &below, &above);
    return below;
}

double sn_tail_t_q(double p, double df)
{
    double x, y, tail = p < 0.5 ? p : 1 - p;

    if (!(p >= 0 && p <= 1 && df > 0))
        return NAN;
    if (isinf(df))
        return sn_tail_normal_q(p);
    x = beta_q(2 * tail, df / 2, 0.5, &y);
    x = sqrt(df * y / x);
    return p < 0.5 ? -x : x;
}

double sn_tail_f(double f, double df1, double df2)
{
    double below, above;

    if (!(df1 > 0 && df2 > 0) || isnan(f))
        return NAN;
    if (isinf(df2))
        return sn_tail_chi2(df1 * f, df1);
    if (f <= 0)
        return 1;
    if (isinf(f))
        return 0;
    beta_tails(df2 / (df2 + df1 * f), df1 * f / (df2 + df1 * f), df2 / 2, df1 / 2, &below, &above);
    return below;
}

double sn_tail_f_q(double p, double df1, double df2)
{
    double x, y;

    if (!(p >= 0 && p <= 1 && df1 > 0 && df2 > 0))
        return NAN;
    x = beta_q(p, df1 / 2, df2 / 2, &y);
    return df2 * x / (df1 * y);
}

/* ---- chi-squared --------------------------------------------------------------------------------------- */

/* Upper incomplete gamma ratio: series below a + 1, continued fraction (A & S 6.5.31) above. */
double sn_tail_chi2(double x, double df)
{
    double a = df / 2, front;

    if (!(df > 0) || isnan(x))
        return NAN;
    x /= 2;
    if (x <= 0)
        return 1;
    if (isinf(x))
        return 0;
    front = exp(a * log(x) - x - lgamma(a));
    if (x < a + 1) {
        double term = 1 / a, sum = term;

        for (int n = 1; n < 100000 && term > sum * DBL_EPSILON / 4; n++)
            sum += term *= x / (a + n);
        return 1 - front * sum;
    } else {
        double b = x + 1 - a, c = 1e300, d = 1 / b, value = d;

        for (int n = 1; n < 100000; n++) {
            double an = -n * (n - a), change;

            b += 2;
            d = 1 / (an * d + b);
            c = b + an / c;
            change = c * d;
            value *= change;
            if (fabs(change - 1) < DBL_EPSILON)
                break;
        }
        return front * value;
    }
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
