/* calibration.c: risks checked and ordered; calibration in one number each. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

/* ---- risks ---------------------------------------------------------------------------------- */

static int check_risks(const double *p, const uint8_t *y, size_t n, enum sn_extreme extreme, struct sn_error *err)
{
    size_t events = 0, extremes = 0;

    if (!n)
        return SN_FAIL(err, SN_EINVAL, "calibration: no patients");
    if (n > UINT32_MAX)
        return SN_FAIL(err, SN_ELIMIT, "calibration: %zu patients, at most %u", n, UINT32_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!(p[i] >= 0.0 && p[i] <= 1.0))
            return SN_FAIL(err, SN_EINVAL, "calibration: risk %zu is %g, expected 0 to 1", i + 1, p[i]);
        if (y[i] > 1)
            return SN_FAIL(err, SN_EINVAL, "calibration: outcome %zu is %d, expected 0 or 1", i + 1, y[i]);
        events += y[i];
        extremes += p[i] == 0.0 || p[i] == 1.0;
    }
    if (events == 0 || events == n)
        return SN_FAIL(err, SN_EINVAL, "calibration: all %zu patients have outcome %d; both outcomes are needed", n, events != 0);
    if (extremes && extreme == SN_EXTREME_REFUSE)
        return SN_FAIL(err, SN_EINVAL, "calibration: %zu of %zu risks are exactly 0 or 1, which no model can justify; clamping must be asked for", extremes, n);
    return SN_OK;
}

/* first: indices without event, then with, so that a stable sort leaves ties in that order. Fills p, y, lp, from. */
static int order_risks(struct sn_risks *r, const double *p, const uint8_t *y, enum sn_extreme extreme, struct sn_error *err)
{
    uint32_t *first = malloc(r->n * sizeof *first), *order = r->from;
    size_t k = 0;
    int rc = first ? SN_OK : SN_NOMEM(err, "the risks");

    for (int class = 0; class < 2 && !rc; class++)
        for (size_t i = 0; i < r->n; i++)
            if (y[i] == class)
                first[k++] = (uint32_t)i;
    for (size_t i = 0; i < r->n && !rc; i++) { /* clamped before sorting: clamped risks are ties */
        double v = p[first[i]];

        r->lp[i] = extreme == SN_EXTREME_CLAMP ? fmin(fmax(v, SN_EXTREME_EPS), 1.0 - SN_EXTREME_EPS) : v;
        r->clamped += r->lp[i] != v;
    }
    if (!rc)
        rc = sn_sort_order(r->lp, r->n, order, err);
    for (size_t i = 0; i < r->n && !rc; i++) {
        r->p[i] = r->lp[order[i]];
        r->from[i] = first[order[i]];
        r->y[i] = y[r->from[i]];
    }
    free(first);
    return rc;
}

int sn_risks_init(struct sn_risks *r, const double *p, const uint8_t *y, size_t n, enum sn_extreme extreme, struct sn_error *err)
{
    int rc;

    memset(r, 0, sizeof *r);
    SN_TRY(check_risks(p, y, n, extreme, err));
    r->n = n;
    r->p = malloc(n * sizeof *r->p);
    r->lp = malloc(n * sizeof *r->lp);
    r->y = malloc(n);
    r->from = malloc(n * sizeof *r->from);
    rc = r->p && r->lp && r->y && r->from ? order_risks(r, p, y, extreme, err) : SN_NOMEM(err, "the risks");
    if (rc) {
        sn_risks_free(r);
        return rc;
    }
    for (size_t i = 0; i < n; i++) {
        r->lp[i] = sn_logit(r->p[i]);
        r->mean += r->p[i];
        r->events += r->y[i];
    }
    r->mean /= (double)n;
    r->prevalence = (double)r->events / (double)n;
    return SN_OK;
}

void sn_risks_free(struct sn_risks *r)
{
    free(r->p);
    free(r->lp);
    free(r->y);
    free(r->from);
    memset(r, 0, sizeof *r);
}

/* ---- summaries -------------------------------------------------------------------------------- */

static const struct sn_cal_estimate undefined = { (double)NAN, (double)NAN, (double)NAN, (double)NAN };

static struct sn_cal_estimate wald(double value, double se, double z)
{
    return (struct sn_cal_estimate){ value, se, value - z * se, value + z * se };
}

static double sum_of(const double *x, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

/* Standard error of the mean of x, from its sample variance. */
static double mean_se(const double *x, size_t n)
{
    double mean = sum_of(x, n) / (double)n, ss = 0.0;

    for (size_t i = 0; i < n; i++)
        ss += (x[i] - mean) * (x[i] - mean);
    return n > 1 ? sqrt(ss / (double)(n - 1) / (double)n) : (double)NAN;
}

/* Brier and its scaled form; work[n]. */
static void brier(const struct sn_risks *r, double z, struct sn_calibration *c, double *work)
{
    double prev = r->prevalence, v = prev * (1.0 - prev), b;

    for (size_t i = 0; i < r->n; i++)
        work[i] = (r->p[i] - r->y[i]) * (r->p[i] - r->y[i]);
    b = sum_of(work, r->n) / (double)r->n;
    c->brier = wald(b, mean_se(work, r->n), z);
    for (size_t i = 0; i < r->n; i++) /* influence on 1 - B / (prev (1 - prev)) */
        work[i] = b / (v * v) * (1.0 - 2.0 * prev) * (r->y[i] - prev) - work[i] / v;
    c->brier_scaled = wald(1.0 - b / v, mean_se(work, r->n), z);
}

static void spiegelhalter(const struct sn_risks *r, struct sn_calibration *c)
{
    double num = 0.0, var = 0.0;

    for (size_t i = 0; i < r->n; i++) {
        double p = r->p[i], k = 1.0 - 2.0 * p;

        num += (r->y[i] - p) * k;
        var += k * k * p * (1.0 - p);
    }
    c->spiegelhalter_z = var > 0.0 ? num / sqrt(var) : (double)NAN; /* all risks 1/2: says nothing */
    c->spiegelhalter_p = 2.0 * sn_norm_sf(fabs(c->spiegelhalter_z));
}

/* Difference of mean risks; variances of the two groups apart (Welch). work[n]. */
static void discrimination(const struct sn_risks *r, double z, struct sn_calibration *c, double *work)
{
    double mean[2], se[2];

    for (int k = 0; k < 2; k++) {
        size_t m = 0;

        for (size_t i = 0; i < r->n; i++)
            if (r->y[i] == k)
                work[m++] = r->p[i];
        mean[k] = sum_of(work, m) / (double)m;
        se[k] = mean_se(work, m);
    }
    c->discrimination_slope = wald(mean[1] - mean[0], sqrt(se[0] * se[0] + se[1] * se[1]), z);
}

/* The two logistic fits. Separation or constant risk leaves the slope undefined: a finding, not a failure. */
static int logistic(const struct sn_risks *r, double z, struct sn_calibration *c, double *design, double *y, struct sn_error *err)
{
    double null = (double)r->events * sn_log(r->prevalence) + (double)(r->n - r->events) * sn_log(1.0 - r->prevalence), as_is;
    struct sn_logit fit;
    struct sn_error why = { 0 };
    int rc;

    for (size_t i = 0; i < r->n; i++) {
        design[i] = 1.0;
        design[r->n + i] = r->lp[i];
        y[i] = r->y[i];
    }
    as_is = sn_logit_loglik(r->lp, y, NULL, r->n);
    SN_TRY(sn_logit_fit(design, r->n, 1, y, r->lp, NULL, &fit, err));
    c->in_the_large = wald(fit.beta[0], fit.se[0], z);
    sn_logit_free(&fit);
    c->slope = c->recalibration_intercept = undefined;
    c->cox_chisq = c->cox_p = c->u = c->q = (double)NAN;
    c->lr_chisq = 2.0 * (as_is - null);
    c->d = (c->lr_chisq - 1.0) / (double)r->n;
    if (r->p[0] == r->p[r->n - 1])
        return SN_OK;
    rc = sn_logit_fit(design, r->n, 2, y, NULL, NULL, &fit, &why);
    if (rc == SN_EFORMAT)
        return SN_OK;
    if (rc)
        return SN_FAIL(err, rc, "calibration slope: %s", why.msg);
    c->slope_defined = true;
    c->recalibration_intercept = wald(fit.beta[0], fit.se[0], z);
    c->slope = wald(fit.beta[1], fit.se[1], z);
    c->cox_chisq = fmax(0.0, 2.0 * (fit.loglik - as_is));
    c->cox_p = sn_chisq_sf(c->cox_chisq, 2.0);
    c->u = (c->cox_chisq - 2.0) / (double)r->n;
    c->q = c->d - c->u;
    sn_logit_free(&fit);
    return SN_OK;
}

int sn_calibration(const struct sn_risks *r, double level, struct sn_calibration *c, struct sn_error *err)
{
    double z = sn_norm_z(level), expected = r->mean * (double)r->n, log_se, *work;
    size_t bytes;
    int rc;

    memset(c, 0, sizeof *c);
    if (!(level > 0.0 && level < 1.0))
        return SN_FAIL(err, SN_EINVAL, "calibration: confidence level %g, expected between 0 and 1", level);
    SN_TRY(sn_size_mul3(&bytes, r->n, 3, sizeof *work, err));
    work = malloc(bytes);
    if (!work)
        return SN_NOMEM(err, "calibration");
    c->n = r->n;
    c->events = r->events;
    c->clamped = r->clamped;
    c->level = level;
    c->mean_risk = r->mean;
    c->prevalence = r->prevalence;
    log_se = sqrt((1.0 - r->prevalence) / (double)r->events);
    c->oe.value = (double)r->events / expected;
    c->oe.se = log_se;
    c->oe.lo = c->oe.value * exp(-z * log_se);
    c->oe.hi = c->oe.value * exp(z * log_se);
    brier(r, z, c, work);
    spiegelhalter(r, c);
    discrimination(r, z, c, work);
    rc = logistic(r, z, c, work, work + 2 * r->n, err);
    free(work);
    return rc;
}
