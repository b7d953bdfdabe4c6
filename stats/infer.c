/* infer.c: intervals and tests of a logistic fit, and how well it fits. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

int sn_logit_fit_data(const struct sn_logit_data *d, struct sn_logit *out, struct sn_error *err)
{
    struct sn_logit_options o = { .firth = d->firth, .names = d->names };

    return sn_logit_fit_with(d->x, d->n, d->p, d->y, NULL, NULL, &o, out, err);
}

/* ---- with some coefficients held ------------------------------------------------------------ */

/* The largest (penalised) likelihood with the marked coefficients at start[]; start[] becomes where it is. */
static int maximum(const struct sn_logit_data *d, const bool *fixed, double *start, double *loglik, struct sn_error *err)
{
    struct sn_logit_options o = { .firth = d->firth, .fixed = fixed, .start = start, .names = d->names, .brief = true };
    struct sn_logit f;

    SN_TRY(sn_logit_fit_with(d->x, d->n, d->p, d->y, NULL, NULL, &o, &f, err));
    *loglik = f.loglik + f.penalty;
    memcpy(start, f.beta, d->p * sizeof *start);
    sn_logit_free(&f);
    return SN_OK;
}

/* One profile: coefficient j moves, the others follow. */
struct profile {
    const struct sn_logit_data *d;
    const struct sn_logit *fit;
    size_t j;
    bool *fixed;
    double *start;
    struct sn_error *err;
};

/* Square root of twice the fall of the likelihood when coefficient j is b: nearly linear in b. */
static int root_at(struct profile *f, double b, double *root)
{
    double moved = b - f->fit->beta[f->j], v = f->fit->cov[f->j * f->d->p + f->j], loglik, fall;

    for (size_t k = 0; k < f->d->p; k++)
        f->start[k] = f->fit->beta[k] + (k == f->j ? moved : f->fit->cov[f->j * f->d->p + k] / v * moved);
    SN_TRY(maximum(f->d, f->fixed, f->start, &loglik, f->err));
    fall = 2 * (f->fit->loglik + f->fit->penalty - loglik);
    *root = fall > 0 ? __builtin_sqrt(fall) : 0;
    return SN_OK;
}

/*
 * Finds where the root is z, on one side. The root function is smooth and increasing away from the estimate, so
 * the chord from the estimate hits almost at once; a bracket keeps the iteration safe where it bends.
 */
static int profile_side(struct profile *f, double side, double z, double *end)
{
    const double estimate = f->fit->beta[f->j], se = f->fit->se[f->j];
    double inner = 0, inner_root = 0, outer = INFINITY, outer_root = INFINITY, at = z;

    for (int k = 0; k < 200; k++) { /* distances in standard errors */
        double root, next;

        SN_TRY(root_at(f, estimate + side * at * se, &root));
        if (fabs(root - z) <= 1e-11 * z)
            break;
        if (root < z) {
            inner = at;
            inner_root = root;
        } else {
            outer = at;
            outer_root = root;
        }
        if (!isfinite(outer)) {
            next = root > 0.01 * z ? SN_MIN(inner * z / root * 1.02, 4 * inner) : 4 * inner;
            if (next > 1e6) {
                *end = side * (double)INFINITY;
                return SN_OK;
            }
        } else {
            next = inner + (outer - inner) * (z - inner_root) / (outer_root - inner_root);
            if (outer - inner <= 1e-13 * outer)
                break;
            if (k % 4 == 3) /* the chord may creep in from one side for long */
                next = inner + (outer - inner) / 2;
        }
        at = next;
    }
    *end = estimate + side * at * se;
    return SN_OK;
}

int sn_logit_profile(const struct sn_logit_data *d, const struct sn_logit *fit, size_t j, double level, double ci[2], struct sn_error *err)
{
    struct profile f = { .d = d, .fit = fit, .j = j, .err = err };
    double z = sn_norm_z(level);
    int rc;

    if (!(z > 0) || !isfinite(z))
        return SN_FAIL(err, SN_EINVAL, "a confidence level lies between 0 and 1");
    f.fixed = calloc(d->p, sizeof *f.fixed);
    f.start = calloc(d->p, sizeof *f.start);
    if (!f.fixed || !f.start) {
        rc = SN_NOMEM(err, "a profile");
        goto out;
    }
    f.fixed[j] = true;
    SN_TRY_OUT(profile_side(&f, -1, z, &ci[0]));
    SN_TRY_OUT(profile_side(&f, 1, z, &ci[1]));
out:
    free(f.fixed);
    free(f.start);
    return rc;
}

/* ---- tests ------------------------------------------------------------------------------------ */

/* effect SIZE_MAX: all of them. */
static int drop(const struct sn_logit_data *d, const struct sn_logit *fit, size_t effect, struct sn_logit_test *t, struct sn_error *err)
{
    bool *fixed = calloc(d->p, sizeof *fixed);
    double *start = calloc(d->p, sizeof *start), loglik;
    int rc;

    *t = (struct sn_logit_test){ 0 };
    if (!fixed || !start) {
        rc = SN_NOMEM(err, "a likelihood-ratio test");
        goto out;
    }
    for (size_t j = 0; j < d->p; j++) {
        fixed[j] = d->effect[j] != SIZE_MAX && (effect == SIZE_MAX || d->effect[j] == effect);
        start[j] = fixed[j] || effect == SIZE_MAX ? 0 : fit->beta[j];
        t->df += fixed[j];
    }
    SN_TRY_OUT(maximum(d, fixed, start, &loglik, err));
    t->chisq = SN_MAX(0.0, 2 * (fit->loglik + fit->penalty - loglik));
    t->p = sn_chisq_sf(t->chisq, t->df);
out:
    free(fixed);
    free(start);
    return rc;
}

int sn_logit_drop(const struct sn_logit_data *d, const struct sn_logit *fit, size_t effect, struct sn_logit_test *t, struct sn_error *err)
{
    return drop(d, fit, effect, t, err);
}

int sn_logit_drop_all(const struct sn_logit_data *d, const struct sn_logit *fit, struct sn_logit_test *t, struct sn_error *err)
{
    return drop(d, fit, SIZE_MAX, t, err);
}

/* The symmetric sub-matrix of the fit's covariance over columns that are, or are not, of an effect; the intercept never. */
static size_t covariance_of(const struct sn_logit_data *d, const struct sn_logit *fit, size_t effect, bool of_it, bool correlation, double *out)
{
    size_t k = 0;

    for (size_t i = 0; i < d->p; i++) {
        if (d->effect[i] == SIZE_MAX || (effect != SIZE_MAX && (d->effect[i] == effect) != of_it))
            continue;
        for (size_t j = 0; j < d->p; j++) {
            if (d->effect[j] == SIZE_MAX || (effect != SIZE_MAX && (d->effect[j] == effect) != of_it))
                continue;
            *out++ = fit->cov[i * d->p + j] / (correlation ? fit->se[i] * fit->se[j] : 1);
        }
        k++;
    }
    return k;
}

/* Cholesky, lower triangle in place; false: not positive definite. */
static bool cholesky(double *a, size_t k)
{
    for (size_t j = 0; j < k; j++)
        for (size_t i = j; i < k; i++) {
            double sum = a[i * k + j];

            for (size_t c = 0; c < j; c++)
                sum -= a[i * k + c] * a[j * k + c];
            if (i == j && !(sum > 0))
                return false;
            a[i * k + j] = i == j ? __builtin_sqrt(sum) : sum / a[j * k + j];
        }
    return true;
}

int sn_logit_wald(const struct sn_logit_data *d, const struct sn_logit *fit, size_t effect, struct sn_logit_test *t, struct sn_error *err)
{
    double *v = malloc((d->p * d->p + d->p) * sizeof *v), *b;
    size_t k, at = 0;

    *t = (struct sn_logit_test){ 0 };
    if (!v)
        return SN_NOMEM(err, "a Wald test");
    b = v + d->p * d->p;
    k = covariance_of(d, fit, effect, true, false, v);
    for (size_t j = 0; j < d->p; j++)
        if (d->effect[j] == effect)
            b[at++] = fit->beta[j];
    if (!cholesky(v, k)) {
        free(v);
        return SN_FAIL(err, SN_EFORMAT, "the covariance of an effect is singular");
    }
    for (size_t i = 0; i < k; i++) { /* |L^-1 b|^2 */
        for (size_t c = 0; c < i; c++)
            b[i] -= v[i * k + c] * b[c];
        b[i] /= v[i * k + i];
        t->chisq += b[i] * b[i];
    }
    t->df = (double)k;
    t->p = sn_chisq_sf(t->chisq, t->df);
    free(v);
    return SN_OK;
}

static bool log_determinant(double *a, size_t k, double *out)
{
    *out = 0;
    if (!cholesky(a, k))
        return false;
    for (size_t i = 0; i < k; i++)
        *out += 2 * sn_log(a[i * k + i]);
    return true;
}

int sn_logit_gvif(const struct sn_logit_data *d, const struct sn_logit *fit, size_t effect, double *gvif, size_t *df, struct sn_error *err)
{
    double *v = malloc((d->p * d->p + 1) * sizeof *v), det[3];
    bool good;

    if (!v)
        return SN_NOMEM(err, "a variance inflation factor");
    *df = covariance_of(d, fit, effect, true, true, v);
    good = log_determinant(v, *df, &det[0]);
    good = log_determinant(v, covariance_of(d, fit, effect, false, true, v), &det[1]) && good;
    good = log_determinant(v, covariance_of(d, fit, SIZE_MAX, true, true, v), &det[2]) && good;
    *gvif = good ? sn_exp(det[0] + det[1] - det[2]) : (double)INFINITY;
    free(v);
    return SN_OK;
}

/* ---- Firth's risks ---------------------------------------------------------------------------- */

int sn_logit_flic(const struct sn_logit_data *d, const struct sn_logit *firth, double *beta, struct sn_error *err)
{
    struct sn_logit_options o = { .brief = true };
    double *offset = malloc(d->n * sizeof *offset);
    struct sn_logit f;
    int rc;

    if (!offset)
        return SN_NOMEM(err, "FLIC");
    for (size_t i = 0; i < d->n; i++)
        offset[i] = firth->eta[i] - firth->beta[0];
    rc = sn_logit_fit_with(d->x, d->n, 1, d->y, offset, NULL, &o, &f, err);
    free(offset);
    if (rc)
        return rc;
    memcpy(beta, firth->beta, d->p * sizeof *beta);
    beta[0] = f.beta[0];
    sn_logit_free(&f);
    return SN_OK;
}

/* Each row thrice: itself, then with weight h / 2 and both outcomes, marked. */
int sn_logit_flac(const struct sn_logit_data *d, const struct sn_logit *firth, double *beta, struct sn_error *err)
{
    struct sn_logit_options o = { .brief = true };
    size_t n = d->n, wide = 3 * n, bytes;
    double *m, *x, *y, *w;
    struct sn_logit f;
    int rc;

    SN_TRY(sn_size_mul3(&bytes, wide, d->p + 3, sizeof *m, err));
    m = malloc(bytes);
    if (!m)
        return SN_NOMEM(err, "FLAC");
    x = m;
    y = x + wide * (d->p + 1);
    w = y + wide;
    for (size_t j = 0; j <= d->p; j++)
        for (size_t i = 0; i < wide; i++)
            x[j * wide + i] = j == d->p ? i >= n : d->x[j * n + i % n];
    for (size_t i = 0; i < wide; i++) {
        y[i] = i < n ? d->y[i] : i < 2 * n ? d->y[i - n] : 1 - d->y[i - 2 * n];
        w[i] = i < n ? 1 : firth->leverage[i % n] / 2;
    }
    rc = sn_logit_fit_with(x, wide, d->p + 1, y, NULL, w, &o, &f, err);
    free(m);
    if (rc)
        return rc;
    memcpy(beta, f.beta, d->p * sizeof *beta);
    sn_logit_free(&f);
    return SN_OK;
}

/* ---- quality ------------------------------------------------------------------------------------ */

struct ranked {
    double value, y;
};

static int by_value(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->value, y = ((const struct ranked *)b)->value;

    return (x > y) - (x < y);
}

int sn_concordance(const double *value, const double *y, size_t n, double *auc, struct sn_error *err)
{
    struct ranked *r = malloc((n + 1) * sizeof *r);
    double below = 0, sum = 0, ones = 0;

    if (!r)
        return SN_NOMEM(err, "a concordance");
    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){ value[i], y[i] };
    qsort(r, n, sizeof *r, by_value);
    for (size_t i = 0, end; i < n; i = end) { /* a run of equal values */
        double zeros = 0, events = 0;

        for (end = i; end < n && r[end].value == r[i].value; end++) {
            zeros += r[end].y < 0.5;
            events += r[end].y > 0.5;
        }
        sum += events * (below + zeros / 2);
        below += zeros;
        ones += events;
    }
    *auc = ones > 0 && below > 0 ? sum / (ones * below) : (double)NAN;
    free(r);
    return SN_OK;
}

int sn_logit_quality(const struct sn_logit_data *d, const double *beta, struct sn_logit_quality *q, struct sn_error *err)
{
    double *eta = calloc(d->n + 1, sizeof *eta), n = (double)d->n, events = 0;
    int rc;

    if (!eta)
        return SN_NOMEM(err, "the quality of a fit");
    *q = (struct sn_logit_quality){ 0 };
    for (size_t j = 0; j < d->p; j++)
        for (size_t i = 0; i < d->n; i++)
            eta[i] += beta[j] * d->x[j * d->n + i];
    for (size_t i = 0; i < d->n; i++) {
        double e = d->y[i] - sn_sigmoid(eta[i]);

        q->brier += e * e / n;
        events += d->y[i];
    }
    q->loglik = sn_logit_loglik(eta, d->y, NULL, d->n);
    q->null_loglik = events * sn_log(events / n) + (n - events) * sn_log((n - events) / n);
    q->lr = 2 * (q->loglik - q->null_loglik);
    q->aic = -2 * q->loglik + 2 * (double)d->p;
    q->bic = -2 * q->loglik + sn_log(n) * (double)d->p;
    q->cox_snell = 1 - sn_exp(-q->lr / n);
    q->nagelkerke = q->cox_snell / (1 - sn_exp(2 * q->null_loglik / n));
    q->mcfadden = 1 - q->loglik / q->null_loglik;
    rc = sn_concordance(eta, d->y, d->n, &q->auc, err);
    free(eta);
    return rc;
}

struct sn_riley sn_riley_sample(double parameters, double cox_snell, double prevalence)
{
    const double s = 0.9, delta = 0.05, margin = 0.05;
    struct sn_riley r = { NAN, NAN, NAN, NAN, NAN, NAN };
    double s2, z = sn_norm_z(0.95);

    if (!(prevalence > 0 && prevalence < 1) || !(parameters > 0))
        return r;
    r.max_r2 = 1 - sn_exp(2 * (prevalence * sn_log(prevalence) + (1 - prevalence) * sn_log(1 - prevalence)));
    r.overall = ceil(z * z / (margin * margin) * prevalence * (1 - prevalence));
    if (cox_snell > 0 && cox_snell < s && cox_snell < r.max_r2) {
        s2 = cox_snell / (cox_snell + delta * r.max_r2);
        r.shrinkage = ceil(parameters / ((s - 1) * sn_log(1 - cox_snell / s)));
        r.r2 = ceil(parameters / ((s2 - 1) * sn_log(1 - cox_snell / s2)));
        r.needed = SN_MAX(SN_MAX(r.shrinkage, r.r2), r.overall);
        r.events = ceil(r.needed * prevalence);
    }
    return r;
}
