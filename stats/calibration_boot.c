/* calibration_boot.c: bootstrap of a calibration curve and of the distance of risks from it. */
#include "stats/calibration_curve.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { ICI, E50, E90, EMAX, SUMMARIES };

struct boot {
    const struct sn_risks *r;
    const struct sn_curve_plan *plan;
    const double *at;
    size_t m;
    atomic_bool no_memory; /* not a property of the resample: fails the whole */
};

static size_t drawn(const uint32_t *weight, size_t n)
{
    size_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += weight[i];
    return sum;
}

/* One resample, written out patient by patient: the originals ascend, so it does too. work[5 n]. */
static int resampled(const struct boot *b, const uint32_t *weight, double *work, size_t n, double *out)
{
    struct sn_curve_job j = { .p = work, .lp = work + n, .y = work + 2 * n, .n = n, .at = b->at, .m = b->m, .observed = out + SUMMARIES };
    double *p = work, *lp = p + n, *y = lp + n, *smooth = y + n, *error = smooth + n;
    struct sn_ici e;
    size_t k = 0, events = 0;

    for (size_t i = 0; i < b->r->n; i++)
        for (uint32_t w = 0; w < weight[i]; w++, k++) {
            p[k] = b->r->p[i];
            lp[k] = b->r->lp[i];
            y[k] = b->r->y[i];
            events += b->r->y[i];
        }
    if (events == 0 || events == n)
        return SN_EFORMAT;
    j.smooth = smooth;
    SN_TRY(sn_curve_run(b->plan, &j, NULL));
    SN_TRY(sn_curve_ici(p, smooth, n, error, &e, NULL));
    out[ICI] = e.ici;
    out[E50] = e.e50;
    out[E90] = e.e90;
    out[EMAX] = e.emax;
    return SN_OK;
}

static void replicate(void *ctx, const uint32_t *weight, int thread, double *out)
{
    struct boot *b = ctx;
    size_t n = drawn(weight, b->r->n), bytes;
    double *work = !sn_size_mul(&bytes, n + 1, 5 * sizeof *work, NULL) ? malloc(bytes) : NULL;
    int rc = !work ? SN_ENOMEM : n == 0 ? SN_EFORMAT : resampled(b, weight, work, n, out);

    (void)thread;
    for (size_t i = 0; i < SUMMARIES + b->m && rc; i++)
        out[i] = (double)NAN;
    if (rc == SN_ENOMEM)
        atomic_store(&b->no_memory, true);
    free(work);
}

/* Intervals from rep[SUMMARIES + m][replicates]. */
static int intervals(struct sn_calibration_curve *c, struct sn_calibration_boot *b, const double *rep, struct sn_error *err)
{
    struct sn_boot_ci *of[SUMMARIES] = { &b->ici, &b->e50, &b->e90, &b->emax }, ci;

    for (size_t k = 0; k < SUMMARIES; k++)
        SN_TRY(sn_boot_percentile(rep + k * b->replicates, b->replicates, b->level, of[k], err));
    b->dropped = b->ici.dropped;
    for (size_t i = 0; i < c->points; i++) {
        SN_TRY(sn_boot_percentile(rep + (SUMMARIES + i) * b->replicates, b->replicates, b->level, &ci, err));
        c->lo[i] = c->hi[i] = (double)NAN;
        if (2 * ci.used >= b->replicates) {
            c->lo[i] = ci.lo;
            c->hi[i] = ci.hi;
        }
    }
    (void)snprintf(c->band, sizeof c->band, "pointwise %g %% percentile interval, %zu bootstrap samples%s", 100.0 * b->level, b->replicates,
                   b->cluster ? " of clusters" : "");
    return SN_OK;
}

int sn_calibration_curve_boot(const struct sn_risks *r, const struct sn_curve_options *o, struct sn_calibration_curve *c, struct sn_calibration_boot *b,
                              struct sn_error *err)
{
    struct sn_curve_plan plan;
    struct boot ctx = { .r = r, .plan = &plan, .at = c->at, .m = c->points };
    struct sn_resample s = { 0 };
    struct sn_boot boot = { .resample = &s, .seed = b->seed, .replicates = b->replicates, .k = SUMMARIES + c->points, .fn = replicate, .ctx = &ctx, .pool = b->pool };
    uint32_t *cluster = NULL;
    double *rep = NULL;
    size_t bytes;
    int rc;

    if (!(b->level > 0.0 && b->level < 1.0) || !b->replicates || c->n != r->n)
        return SN_FAIL(err, SN_EINVAL, "calibration bootstrap: level %g, %zu replicates, a curve of %zu patients for %zu", b->level, b->replicates, c->n, r->n);
    SN_TRY(sn_curve_plan(r, o, &plan, err));
    plan.band = false;
    if (b->cluster) {
        cluster = malloc(r->n * sizeof *cluster);
        if (!cluster)
            return SN_NOMEM(err, "the clusters");
        for (size_t i = 0; i < r->n; i++)
            cluster[i] = b->cluster[r->from[i]];
    }
    SN_TRY_OUT(sn_resample_init(&s, r->n, NULL, cluster, err));
    SN_TRY_OUT(sn_size_mul3(&bytes, boot.k, b->replicates, sizeof *rep, err));
    rep = malloc(bytes);
    if (!rep) {
        rc = SN_NOMEM(err, "bootstrap replicates");
        goto out;
    }
    SN_TRY_OUT(sn_boot_run(&boot, rep, err));
    if (atomic_load(&ctx.no_memory)) {
        rc = SN_NOMEM(err, "a bootstrap sample's curve");
        goto out;
    }
    rc = intervals(c, b, rep, err);
out:
    free(rep);
    free(cluster);
    sn_resample_free(&s);
    return rc;
}
