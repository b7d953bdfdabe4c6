/* dca_validate.c: decision curves of a model fitted on the same patients: cross-validation, optimism. */
#include "stats/dca_parts.h"

#include <math.h>
#include <stdlib.h>

/*
 * Units (repeats, resamples) are independent and write their own row; rows are added in order afterwards, so the
 * number of threads changes nothing. Streams: repeat or resample r draws from sn_rng_stream(seed, r).
 */
struct validation {
    const struct sn_dca *d;
    const struct sn_dca_validate *v;
    const struct sn_resample *resample; /* NULL: cross-validation */
    double *rows;                       /* [units][m] */
    int *status;                        /* [units] */
    struct sn_error *errors;            /* [units] */
};

struct scratch {
    uint32_t *weight, *fold; /* [n] each; fold also serves the draw */
    double *risk, *out, *tally;
};

static void *scratch_alloc(struct scratch *s, size_t n, size_t m)
{
    size_t bytes;

    memset(s, 0, sizeof *s);
    if (sn_size_mul(&bytes, n, 2 * sizeof *s->risk, NULL))
        return NULL;
    s->weight = malloc(n * sizeof *s->weight);
    s->fold = malloc(n * sizeof *s->fold);
    s->risk = malloc(bytes);
    s->tally = malloc((2 * (m + 1) + m) * sizeof *s->tally);
    s->out = s->risk ? s->risk + n : NULL;
    return s->weight && s->fold && s->risk && s->tally ? s : NULL;
}

static void scratch_free(struct scratch *s)
{
    free(s->weight);
    free(s->fold);
    free(s->risk);
    free(s->tally);
}

static int checked_fit(const struct validation *c, const uint32_t *weight, double *risk, struct sn_error *err)
{
    SN_TRY(c->v->fit(c->v->ctx, weight, risk, err));
    for (size_t i = 0; i < c->d->n; i++)
        if (!(risk[i] >= 0.0 && risk[i] <= 1.0))
            return SN_FAIL(err, SN_EINVAL, "decision curve: a refitted model predicts %g for patient %zu", risk[i], i + 1);
    return SN_OK;
}

/* ---- cross-validation ------------------------------------------------------------------------------- */

/* Each class shuffled (Fisher & Yates) and dealt out; the second class goes on where the first ended, so folds differ by one at most. */
static void deal(const struct sn_dca *d, size_t folds, struct sn_rng *rng, uint32_t *fold, uint32_t *work)
{
    size_t next = 0;

    for (int class = 0; class < 2; class++) {
        size_t k = 0;

        for (size_t i = 0; i < d->n; i++)
            if (d->y[i] == class)
                work[k++] = (uint32_t)i;
        for (size_t i = k; i > 1; i--) {
            size_t j = (size_t)sn_rng_below(rng, i);
            uint32_t swap = work[i - 1];

            work[i - 1] = work[j];
            work[j] = swap;
        }
        for (size_t i = 0; i < k; i++, next++)
            fold[work[i]] = (uint32_t)(next % folds);
    }
}

static int one_repeat(const struct validation *c, size_t unit, struct scratch *s, struct sn_error *err)
{
    struct sn_rng rng = sn_rng_stream(c->v->seed, unit);

    deal(c->d, c->v->folds, &rng, s->fold, s->weight);
    for (uint32_t f = 0; f < c->v->folds; f++) {
        for (size_t i = 0; i < c->d->n; i++)
            s->weight[i] = s->fold[i] != f;
        SN_TRY(checked_fit(c, s->weight, s->risk, err));
        for (size_t i = 0; i < c->d->n; i++)
            if (s->fold[i] == f)
                s->out[i] = s->risk[i];
    }
    (void)sn_dca_net_benefit(c->d, s->out, NULL, s->tally, c->rows + unit * c->d->m);
    return SN_OK;
}

/* ---- optimism ------------------------------------------------------------------------------------------ */

/* Net benefit on the resample less that on the patients; classes are kept by stratified draws. */
static int one_resample(const struct validation *c, size_t unit, struct scratch *s, struct sn_error *err)
{
    struct sn_rng rng = sn_rng_stream(c->v->seed, unit);
    double *row = c->rows + unit * c->d->m, *original = s->tally + 2 * (c->d->m + 1);

    sn_resample_draw(c->resample, &rng, s->fold, s->weight);
    SN_TRY(checked_fit(c, s->weight, s->risk, err));
    (void)sn_dca_net_benefit(c->d, s->risk, s->weight, s->tally, row);
    (void)sn_dca_net_benefit(c->d, s->risk, NULL, s->tally, original);
    for (size_t k = 0; k < c->d->m; k++)
        row[k] -= original[k];
    return SN_OK;
}

/* ---- both ------------------------------------------------------------------------------------------------ */

static void unit(void *ctx, size_t u, int thread)
{
    const struct validation *c = ctx;
    struct scratch s;

    (void)thread;
    if (!scratch_alloc(&s, c->d->n, c->d->m))
        c->status[u] = SN_NOMEM(&c->errors[u], "a validation");
    else
        c->status[u] = (c->resample ? one_resample : one_repeat)(c, u, &s, &c->errors[u]);
    scratch_free(&s);
}

/* mean[m] over the units' rows; the first failure in order of units is the one reported. */
static int run(struct validation *c, size_t units, double *mean, struct sn_error *err)
{
    size_t bytes, m = c->d->m;
    int rc;

    SN_TRY(sn_size_mul3(&bytes, units, m, sizeof *c->rows, err));
    c->rows = malloc(bytes);
    c->status = calloc(units, sizeof *c->status);
    c->errors = calloc(units, sizeof *c->errors);
    rc = c->rows && c->status && c->errors ? SN_OK : SN_NOMEM(err, "a validation");
    if (!rc)
        sn_pool_run(c->v->pool, unit, c, units);
    for (size_t u = 0; u < units && !rc; u++)
        if (c->status[u])
            rc = SN_FAIL(err, c->status[u], "decision curve, %s %zu: %.400s", c->resample ? "resample" : "repeat", u + 1, c->errors[u].msg);
    for (size_t k = 0; k < m && !rc; k++) {
        mean[k] = 0.0;
        for (size_t u = 0; u < units; u++)
            mean[k] += c->rows[u * m + k];
        mean[k] /= (double)units;
    }
    free(c->rows);
    free(c->status);
    free(c->errors);
    return rc;
}

int sn_dca_cross_validated(const struct sn_dca *d, const struct sn_dca_validate *v, double *net_benefit, struct sn_error *err)
{
    struct validation c = { .d = d, .v = v };
    size_t events = 0;

    SN_TRY(sn_dca_check(d, err));
    for (size_t i = 0; i < d->n; i++)
        events += d->y[i];
    if (v->folds < 2 || v->folds > SN_MIN(events, d->n - events) || !v->repeats)
        return SN_FAIL(err, SN_EINVAL, "cross-validation: %zu folds, %zu repeats: expected 2 folds to as many as the smaller class has patients (%zu), 1 repeat or more",
                       v->folds, v->repeats, SN_MIN(events, d->n - events));
    return run(&c, v->repeats, net_benefit, err);
}

int sn_dca_optimism(const struct sn_dca *d, const struct sn_dca_validate *v, double *apparent, double *corrected, struct sn_error *err)
{
    struct sn_resample resample = { 0 };
    struct validation c = { .d = d, .v = v, .resample = &resample };
    struct scratch s = { 0 };
    int rc;

    SN_TRY(sn_dca_check(d, err));
    if (!v->replicates)
        return SN_FAIL(err, SN_EINVAL, "optimism: no replicates");
    if (!scratch_alloc(&s, d->n, d->m)) {
        rc = SN_NOMEM(err, "a validation");
        goto out;
    }
    for (size_t i = 0; i < d->n; i++) {
        s.fold[i] = d->y[i];
        s.weight[i] = 1;
    }
    SN_TRY_OUT(sn_resample_init(&resample, d->n, s.fold, NULL, err));
    SN_TRY_OUT(checked_fit(&c, s.weight, s.risk, err));
    (void)sn_dca_net_benefit(d, s.risk, NULL, s.tally, apparent);
    SN_TRY_OUT(run(&c, v->replicates, corrected, err));
    for (size_t k = 0; k < d->m; k++)
        corrected[k] = apparent[k] - corrected[k];
out:
    scratch_free(&s);
    sn_resample_free(&resample);
    return rc;
}
