/* icc.c: agreement of measurements: intraclass correlation and Bland-Altman. */
#include "stats/agreement.h"
#include "stats/tails.h"

#include <math.h>

static int check_level(const char *what, double level, struct sn_error *err)
{
    if (!(level > 0 && level < 1))
        return SN_FAIL(err, SN_EINVAL, "%s: a confidence level of %g, expected one between 0 and 1", what, level);
    return SN_OK;
}

/* ---- intraclass correlation --------------------------------------------------------------------------------- */

/* Mean squares of the two-way table; deviations from means, so that large values do not cancel. */
static void mean_squares(const double *x, size_t n, int k, struct sn_iccs *r)
{
    double grand = 0, rows = 0, cols = 0, within = 0, nd = (double)n;

    for (size_t i = 0; i < n * (size_t)k; i++)
        grand += x[i] / (nd * k);
    for (size_t i = 0; i < n; i++) {
        double mean = 0;

        for (int j = 0; j < k; j++)
            mean += x[i * (size_t)k + (size_t)j] / k;
        rows += k * (mean - grand) * (mean - grand);
        for (int j = 0; j < k; j++) {
            double d = x[i * (size_t)k + (size_t)j] - mean;

            within += d * d;
        }
    }
    for (int j = 0; j < k; j++) {
        double mean = 0;

        for (size_t i = 0; i < n; i++)
            mean += x[i * (size_t)k + (size_t)j] / nd;
        cols += nd * (mean - grand) * (mean - grand);
    }
    r->ms_subjects = rows / (nd - 1);
    r->ms_raters = cols / (k - 1);
    r->ms_within = within / (nd * (k - 1));
    r->ms_error = fmax(within - cols, 0) / ((nd - 1) * (k - 1));
}

/* Models 1 and 3: a ratio of mean squares has an F distribution, so the interval is exact. */
static void by_ratio(double ms, double ms_error, double df1, double df2, int k, double level, struct sn_icc *single,
                     struct sn_icc *mean)
{
    double f = ms / ms_error, q = (1 + level) / 2;
    double lo = f / sn_tail_f_q(q, df1, df2), hi = f * sn_tail_f_q(q, df2, df1);

    *single = (struct sn_icc){ (ms - ms_error) / (ms + (k - 1) * ms_error), (lo - 1) / (lo + k - 1),
                               (hi - 1) / (hi + k - 1), f, df1, df2, sn_tail_f(f, df1, df2) };
    *mean = *single;
    mean->value = (ms - ms_error) / ms;
    mean->lo = 1 - 1 / lo;
    mean->hi = 1 - 1 / hi;
}

static double spearman_brown(double r, int k) { return k * r / (1 + (k - 1) * r); }

/* Model 2: Satterthwaite's degrees of freedom for a mixture of mean squares. */
static void absolute(const struct sn_iccs *r, double level, struct sn_icc *single, struct sn_icc *mean)
{
    double n = (double)r->n, k = r->k, msr = r->ms_subjects, msc = r->ms_raters, mse = r->ms_error;
    double rho = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n), a, b, v, low, high, rest;

    a = k * rho / (n * (1 - rho));
    b = 1 + k * rho * (n - 1) / (n * (1 - rho));
    v = (a * msc + b * mse) * (a * msc + b * mse) /
        (a * msc * a * msc / (k - 1) + b * mse * b * mse / ((n - 1) * (k - 1)));
    low = sn_tail_f_q((1 + level) / 2, n - 1, v);
    high = sn_tail_f_q((1 + level) / 2, v, n - 1);
    rest = k * msc + (k * n - k - n) * mse;
    *single = (struct sn_icc){ rho,
                               n * (msr - low * mse) / (low * rest + n * msr),
                               n * (high * msr - mse) / (rest + n * high * msr),
                               msr / mse,
                               n - 1,
                               (n - 1) * (k - 1),
                               sn_tail_f(msr / mse, n - 1, (n - 1) * (k - 1)) };
    *mean = *single;
    mean->value = (msr - mse) / (msr + (msc - mse) / n);
    mean->lo = spearman_brown(single->lo, r->k);
    mean->hi = spearman_brown(single->hi, r->k);
}

int sn_icc(const double *x, size_t n, int k, double level, struct sn_iccs *r, struct sn_error *err)
{
    double df = (double)n - 1;

    *r = (struct sn_iccs){ .n = n, .k = k };
    if (n < 2 || k < 2)
        return SN_FAIL(err, SN_EINVAL, "ICC: %zu subjects and %d raters, at least 2 of each are needed", n, k);
    SN_TRY(check_level("ICC", level, err));
    for (size_t i = 0; i < n * (size_t)k; i++)
        if (!isfinite(x[i]))
            return SN_FAIL(err, SN_EINVAL, "ICC: subject %zu, rater %zu: not a finite number", i / (size_t)k + 1,
                           i % (size_t)k + 1);
    mean_squares(x, n, k, r);
    by_ratio(r->ms_subjects, r->ms_within, df, (double)n * (k - 1), k, level, &r->single[0], &r->mean[0]);
    absolute(r, level, &r->single[1], &r->mean[1]);
    by_ratio(r->ms_subjects, r->ms_error, df, df * (k - 1), k, level, &r->single[2], &r->mean[2]);
    return SN_OK;
}

/* ---- Bland-Altman -------------------------------------------------------------------------------------------- */

/* Differences on means: slope and its two-sided p. */
static void proportional(const double *a, const double *b, size_t n, struct sn_bland_altman *r)
{
    double mean = 0, sxx = 0, sxy = 0, rest = 0;

    for (size_t i = 0; i < n; i++)
        mean += (a[i] + b[i]) / 2 / (double)n;
    for (size_t i = 0; i < n; i++) {
        double x = (a[i] + b[i]) / 2 - mean;

        sxx += x * x;
        sxy += x * (b[i] - a[i] - r->bias);
    }
    r->slope = r->slope_p = NAN;
    if (!(sxx > 0) || n < 3)
        return;
    r->slope = sxy / sxx;
    for (size_t i = 0; i < n; i++) {
        double e = b[i] - a[i] - r->bias - r->slope * ((a[i] + b[i]) / 2 - mean);

        rest += e * e;
    }
    r->slope_p = rest > 0 ? sn_tail_t2(r->slope / sqrt(rest / (double)(n - 2) / sxx), (double)(n - 2)) : (double)NAN;
}

int sn_bland_altman(const double *a, const double *b, size_t n, double level, struct sn_bland_altman *r,
                    struct sn_error *err)
{
    double nd = (double)n, z = sn_tail_normal_q(0.975), ss = 0, t, inner, outer;

    *r = (struct sn_bland_altman){ .n = n };
    if (n < 2)
        return SN_FAIL(err, SN_EINVAL, "Bland-Altman: %zu pairs, at least 2 are needed", n);
    SN_TRY(check_level("Bland-Altman", level, err));
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i]))
            return SN_FAIL(err, SN_EINVAL, "Bland-Altman: pair %zu: not finite numbers", i + 1);
        r->bias += (b[i] - a[i]) / nd;
    }
    for (size_t i = 0; i < n; i++)
        ss += (b[i] - a[i] - r->bias) * (b[i] - a[i] - r->bias);
    r->sd = sqrt(ss / (nd - 1));
    t = sn_tail_t_q((1 + level) / 2, nd - 1) * r->sd / sqrt(nd);
    r->bias_lo = r->bias - t;
    r->bias_hi = r->bias + t;
    /* (limit - bias) sqrt(n) / sd is a non-central t with non-centrality 1.96 sqrt(n) */
    inner = sn_tail_nct_q((1 - level) / 2, nd - 1, z * sqrt(nd)) / sqrt(nd) * r->sd;
    outer = sn_tail_nct_q((1 + level) / 2, nd - 1, z * sqrt(nd)) / sqrt(nd) * r->sd;
    r->lower = r->bias - z * r->sd;
    r->upper = r->bias + z * r->sd;
    r->lower_lo = r->bias - outer;
    r->lower_hi = r->bias - inner;
    r->upper_lo = r->bias + inner;
    r->upper_hi = r->bias + outer;
    proportional(a, b, n, r);
    return SN_OK;
}
