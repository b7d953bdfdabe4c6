/* calibration_curve.c: smooth calibration curves and the distance of risks from them. */
#include "stats/calibration_curve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DIRECT_MAX 20000 /* patients for a fit at every risk: n^2 / 2 operations of some 50 flops, ten seconds */
#define BAND_MAX 200000  /* patients for loess' band: twice the vertices (about 20) doubles for each */
#define MAX_POINTS 100001

static const char *const names[] = { "lowess", "loess", "loess-direct", "rcs" };

bool sn_smoother_parse(const char *name, enum sn_smoother *s)
{
    for (size_t i = 0; i < SN_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0) {
            *s = (enum sn_smoother)i;
            return true;
        }
    return false;
}

const char *sn_smoother_name(enum sn_smoother s) { return names[s]; }

int sn_curve_plan(const struct sn_risks *r, const struct sn_curve_options *o, struct sn_curve_plan *plan, struct sn_error *err)
{
    bool loess = o->smoother == SN_SMOOTHER_LOESS || o->smoother == SN_SMOOTHER_LOESS_DIRECT;

    *plan = (struct sn_curve_plan){ .smoother = o->smoother,
                                    .span = o->span != 0.0 ? o->span : loess ? 0.75 : 2.0 / 3.0,
                                    .level = o->level != 0.0 ? o->level : 0.95,
                                    .degree = o->degree ? o->degree : 2,
                                    .knots = o->knots ? o->knots : 5 };
    if (!(plan->level > 0.0 && plan->level < 1.0))
        return SN_FAIL(err, SN_EINVAL, "calibration curve: confidence level %g, expected between 0 and 1", plan->level);
    if (o->smoother == SN_SMOOTHER_RCS && (plan->knots < 3 || plan->knots > 5))
        return SN_FAIL(err, SN_EINVAL, "calibration curve: %d knots, expected 3 to 5", plan->knots);
    if (o->smoother == SN_SMOOTHER_LOESS_DIRECT && r->n > DIRECT_MAX)
        return SN_FAIL(err, SN_ELIMIT, "calibration curve: loess with a fit at every risk is for at most %d patients, there are %zu; use loess or rcs",
                       DIRECT_MAX, r->n);
    if (r->p[0] == r->p[r->n - 1])
        return SN_FAIL(err, SN_EFORMAT, "calibration curve: all risks are %g; there is no curve to draw", r->p[0]);
    plan->band = o->smoother == SN_SMOOTHER_RCS || (loess && r->n <= BAND_MAX);
    return SN_OK;
}

/* ---- the smoothers ------------------------------------------------------------------------------ */

static int run_lowess(const struct sn_curve_plan *plan, struct sn_curve_job *j, struct sn_error *err)
{
    SN_TRY(sn_lowess(j->p, j->y, j->n, plan->span, 0, -1.0, j->smooth, err));
    for (size_t i = 0; i < j->m; i++)
        j->observed[i] = sn_interpolate(j->p, j->smooth, j->n, j->at[i]);
    return SN_OK;
}

/* At each distinct risk once. */
static int loess_at_risks(const struct sn_loess *f, struct sn_curve_job *j, struct sn_error *err)
{
    for (size_t a = 0, b; a < j->n; a = b) {
        SN_TRY(sn_loess_predict(f, &j->p[a], 1, &j->smooth[a], NULL, err));
        for (b = a + 1; b < j->n && j->p[b] == j->p[a]; b++)
            j->smooth[b] = j->smooth[a];
    }
    return SN_OK;
}

static int run_loess(const struct sn_curve_plan *plan, struct sn_curve_job *j, struct sn_error *err)
{
    struct sn_loess_options o = SN_LOESS_DEFAULT;
    struct sn_loess f;
    int rc;

    o.span = plan->span;
    o.degree = plan->degree;
    o.surface = plan->smoother == SN_SMOOTHER_LOESS_DIRECT ? SN_LOESS_DIRECT : SN_LOESS_INTERPOLATE;
    o.se = plan->band;
    SN_TRY(sn_loess_fit(j->p, j->y, j->n, &o, &f, err));
    rc = sn_loess_predict(&f, j->at, j->m, j->observed, plan->band ? j->hi : NULL, err);
    if (!rc)
        rc = loess_at_risks(&f, j, err);
    if (!rc && plan->band) {
        double t = isinf(f.df) ? sn_norm_z(plan->level) : sn_t_quantile(0.5 + plan->level / 2.0, f.df);

        for (size_t i = 0; i < j->m; i++) { /* hi holds the standard errors */
            double half = t * j->hi[i];

            j->lo[i] = j->observed[i] - half;
            j->hi[i] = j->observed[i] + half;
        }
    }
    j->df = f.df;
    sn_loess_free(&f);
    return rc;
}

/* Linear predictor and, with se, its standard error at the logit x. */
static double rcs_predict(const struct sn_logit *f, const double *knots, size_t k, double x, double *se)
{
    double row[SN_RCS_MAX_KNOTS + 1] = { 1.0 }, lp = 0.0, var = 0.0;

    for (size_t c = 0; c + 1 < k; c++)
        row[c + 1] = sn_rcs_basis(x, knots, k, c);
    for (size_t a = 0; a < k; a++) {
        lp += row[a] * f->beta[a];
        for (size_t b = 0; b < k && se; b++)
            var += row[a] * row[b] * f->cov[a * k + b];
    }
    if (se)
        *se = sqrt(var);
    return lp;
}

static int run_rcs(const struct sn_curve_plan *plan, struct sn_curve_job *j, struct sn_error *err)
{
    double knots[SN_RCS_MAX_KNOTS], *design, z = sn_norm_z(plan->level);
    struct sn_logit_options options = { .brief = !plan->band };
    struct sn_logit f;
    size_t k, bytes;
    int rc;

    SN_TRY(sn_rcs_knots(j->lp, j->n, plan->knots, knots, &j->knots_found, err));
    k = (size_t)j->knots_found; /* intercept and k - 1 basis functions */
    SN_TRY(sn_size_mul3(&bytes, j->n, k, sizeof *design, err));
    design = malloc(bytes);
    if (!design)
        return SN_NOMEM(err, "the spline");
    for (size_t i = 0; i < j->n; i++) {
        design[i] = 1.0;
        for (size_t c = 0; c + 1 < k; c++)
            design[(c + 1) * j->n + i] = sn_rcs_basis(j->lp[i], knots, k, c);
    }
    rc = sn_logit_fit_with(design, j->n, k, j->y, NULL, NULL, &options, &f, err);
    free(design);
    if (rc)
        return rc;
    for (size_t i = 0; i < j->n; i++)
        j->smooth[i] = f.mu[i];
    for (size_t i = 0; i < j->m; i++) {
        double se = 0.0, lp = rcs_predict(&f, knots, k, sn_logit(j->at[i]), plan->band ? &se : NULL);

        j->observed[i] = sn_sigmoid(lp);
        if (plan->band) {
            j->lo[i] = sn_sigmoid(lp - z * se);
            j->hi[i] = sn_sigmoid(lp + z * se);
        }
    }
    sn_logit_free(&f);
    return SN_OK;
}

int sn_curve_run(const struct sn_curve_plan *plan, struct sn_curve_job *j, struct sn_error *err)
{
    int rc = plan->smoother == SN_SMOOTHER_LOWESS ? run_lowess(plan, j, err) : plan->smoother == SN_SMOOTHER_RCS ? run_rcs(plan, j, err) : run_loess(plan, j, err);

    if (rc)
        return sn_fail_context(err, rc, "calibration curve");
    for (size_t i = 0; i < j->m; i++)
        if (!(j->at[i] >= j->p[0] && j->at[i] <= j->p[j->n - 1]))
            j->observed[i] = (double)NAN; /* no smoother is asked beyond what it has seen */
    return SN_OK;
}

int sn_curve_ici(const double *p, const double *smooth, size_t n, double *error, struct sn_ici *e, struct sn_error *err)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++) {
        error[i] = fabs(p[i] - smooth[i]);
        sum += error[i];
    }
    SN_TRY(sn_sort(error, n, err));
    e->ici = sum / (double)n;
    e->e50 = sn_quantile7(error, n, 0.5);
    e->e90 = sn_quantile7(error, n, 0.9);
    e->emax = error[n - 1];
    return SN_OK;
}

/* ---- a curve --------------------------------------------------------------------------------------- */

static void describe(const struct sn_curve_plan *plan, const struct sn_curve_job *j, struct sn_calibration_curve *c)
{
    double percent = 100.0 * plan->level;

    switch (plan->smoother) {
    case SN_SMOOTHER_LOWESS:
        (void)snprintf(c->smoother, sizeof c->smoother, "lowess, f %.3g, no robustness rounds, delta 1 %% of the range", plan->span);
        break;
    case SN_SMOOTHER_RCS:
        (void)snprintf(c->smoother, sizeof c->smoother, "restricted cubic spline of the logit, %d knots", j->knots_found);
        (void)snprintf(c->band, sizeof c->band, "pointwise %g %% Wald interval on the logit", percent);
        break;
    default:
        (void)snprintf(c->smoother, sizeof c->smoother, "loess, degree %d, span %.3g, %s", plan->degree, plan->span,
                       plan->smoother == SN_SMOOTHER_LOESS ? "interpolated (cell 0.2)" : "direct");
        if (plan->band)
            (void)snprintf(c->band, sizeof c->band, "pointwise %g %% %s interval, exact standard errors", percent, isinf(j->df) ? "normal" : "t");
    }
}

/* Grid of `points` risks from the smallest to the largest. */
static void make_grid(const struct sn_risks *r, struct sn_calibration_curve *c)
{
    double lo = r->p[0], hi = r->p[r->n - 1];

    for (size_t i = 0; i < c->points; i++)
        c->at[i] = i + 1 == c->points ? hi : lo + (hi - lo) * ((double)i / (double)(c->points - 1));
}

int sn_calibration_curve(const struct sn_risks *r, const struct sn_curve_options *o, struct sn_calibration_curve *c, struct sn_error *err)
{
    struct sn_curve_plan plan;
    struct sn_curve_job j = { .p = r->p, .lp = r->lp, .n = r->n };
    double *y = NULL;
    size_t m = o->points ? o->points : 101, bytes;
    int rc;

    memset(c, 0, sizeof *c);
    if (m < 2 || m > MAX_POINTS)
        return SN_FAIL(err, SN_EINVAL, "calibration curve: %zu points, expected 2 to %d", m, MAX_POINTS);
    SN_TRY(sn_curve_plan(r, o, &plan, err));
    SN_TRY(sn_size_mul(&bytes, r->n, 2 * sizeof *y, err));
    y = malloc(bytes);
    c->at = malloc(4 * m * sizeof *c->at);
    c->smooth = malloc(r->n * sizeof *c->smooth);
    if (!y || !c->at || !c->smooth) {
        rc = SN_NOMEM(err, "a calibration curve");
        goto out;
    }
    c->points = m;
    c->n = r->n;
    c->events = r->events;
    c->observed = c->at + m;
    c->lo = c->observed + m;
    c->hi = c->lo + m;
    make_grid(r, c);
    for (size_t i = 0; i < m; i++)
        c->lo[i] = c->hi[i] = (double)NAN;
    for (size_t i = 0; i < r->n; i++)
        y[i] = r->y[i];
    j.y = y;
    j.at = c->at;
    j.m = m;
    j.observed = c->observed;
    j.lo = c->lo;
    j.hi = c->hi;
    j.smooth = c->smooth;
    SN_TRY_OUT(sn_curve_run(&plan, &j, err));
    describe(&plan, &j, c);
    rc = sn_curve_ici(r->p, c->smooth, r->n, y + r->n, &c->e, err);
out:
    free(y);
    if (rc)
        sn_calibration_curve_free(c);
    return rc;
}

void sn_calibration_curve_free(struct sn_calibration_curve *c)
{
    free(c->at);
    free(c->smooth);
    memset(c, 0, sizeof *c);
}
