/* validate.c: Harrell's optimism bootstrap of a whole recipe; a stratified split. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

/* How a linear predictor performs on an outcome. SN_EFORMAT: one class only. Slope and intercept NaN: separated. */
static int performance(const double *eta, const double *y, size_t n, double out[SN_VALID_COUNT], struct sn_error *err)
{
    struct sn_logit_options o = { .brief = true };
    double *x, lo = eta[0], hi = eta[0], brier = 0;
    struct sn_logit f;
    int rc;

    SN_TRY(sn_concordance(eta, y, n, &out[SN_VALID_AUC], err));
    for (size_t i = 0; i < n; i++) {
        double e = y[i] - sn_sigmoid(eta[i]);

        brier += e * e;
        lo = SN_MIN(lo, eta[i]);
        hi = SN_MAX(hi, eta[i]);
    }
    out[SN_VALID_BRIER] = brier / (double)n;
    if (lo == hi) { /* an empty model ranks nobody: slope 0, the intercept that of the data */
        double events = 0;

        for (size_t i = 0; i < n; i++)
            events += y[i];
        out[SN_VALID_SLOPE] = 0;
        out[SN_VALID_INTERCEPT] = sn_logit(events / (double)n);
        return isfinite(out[SN_VALID_INTERCEPT]) ? SN_OK : SN_FAIL(err, SN_EFORMAT, "one class only");
    }
    x = malloc(2 * n * sizeof *x);
    if (!x)
        return SN_NOMEM(err, "calibration");
    for (size_t i = 0; i < n; i++) {
        x[i] = 1;
        x[n + i] = eta[i];
    }
    rc = sn_logit_fit_with(x, n, 2, y, NULL, NULL, &o, &f, err);
    free(x);
    if (f.separated) { /* it ranks everyone right: AUC and Brier are good numbers, slope and intercept are none */
        out[SN_VALID_SLOPE] = out[SN_VALID_INTERCEPT] = NAN;
        return SN_OK;
    }
    if (rc)
        return rc;
    out[SN_VALID_INTERCEPT] = f.beta[0];
    out[SN_VALID_SLOPE] = f.beta[1];
    sn_logit_free(&f);
    return SN_OK;
}

static void predictor(const double *x, size_t n, size_t p, const double *beta, double *eta)
{
    memset(eta, 0, n * sizeof *eta);
    for (size_t j = 0; j < p; j++)
        if (beta[j] != 0)
            for (size_t i = 0; i < n; i++)
                eta[i] += beta[j] * x[j * n + i];
}

/* What one replicate leaves: its optimism and what it kept, or that it failed. */
struct replicate {
    double optimism[SN_VALID_COUNT];
    int rc; /* SN_OK, SN_EFORMAT: no fit; else the error that ends it all */
};
struct job {
    const struct sn_logit_data *d;
    const struct sn_recipe *r;
    const struct sn_resample *resample;
    uint64_t seed;
    struct replicate *replicates;
    bool *kept; /* [replicates][n_effects] */
};

struct sn_logit_data sn_logit_repeated(const struct sn_logit_data *d, const uint32_t *weight, size_t rows, double *x, double *y)
{
    struct sn_logit_data out = *d;

    for (size_t i = 0, k = 0; i < d->n; i++)
        for (uint32_t c = 0; c < weight[i]; c++, k++) {
            for (size_t j = 0; j < d->p; j++)
                x[j * rows + k] = d->x[j * d->n + i];
            y[k] = d->y[i];
        }
    out.n = rows;
    out.x = x;
    out.y = y;
    return out;
}

/* weight[n] says how often each row was drawn; m: eta[n or rows], beta[p], x[rows][p], y[rows]. */
static int one_replicate(const struct job *j, size_t unit, struct sn_rng *rng, const uint32_t *weight, size_t rows, double *m)
{
    const struct sn_logit_data *d = j->d;
    double *eta = m, *beta = eta + SN_MAX(d->n, rows), *x = beta + d->p, *y = x + rows * d->p, here[SN_VALID_COUNT], there[SN_VALID_COUNT];
    const struct sn_logit_data drawn = sn_logit_repeated(d, weight, rows, x, y);

    SN_TRY(sn_recipe_fit(&drawn, j->r, sn_rng_next(rng), beta, j->kept + unit * d->n_effects, NULL));
    predictor(x, rows, d->p, beta, eta);
    SN_TRY(performance(eta, y, rows, here, NULL));
    predictor(d->x, d->n, d->p, beta, eta);
    SN_TRY(performance(eta, d->y, d->n, there, NULL));
    for (int k = 0; k < SN_VALID_COUNT; k++)
        j->replicates[unit].optimism[k] = here[k] - there[k];
    return SN_OK;
}

static void run_replicate(void *ctx, size_t unit, int thread)
{
    struct job *j = ctx;
    const struct sn_logit_data *d = j->d;
    uint32_t *draw = malloc((d->n + j->resample->units) * sizeof *draw);
    struct sn_rng rng = sn_rng_stream(j->seed, unit);
    double *m = NULL;
    size_t rows = 0;

    (void)thread;
    if (draw) {
        sn_resample_draw(j->resample, &rng, draw + d->n, draw);
        for (size_t i = 0; i < d->n; i++)
            rows += draw[i];
        m = malloc((SN_MAX(d->n, rows) + d->p + rows * (d->p + 1)) * sizeof *m);
    }
    j->replicates[unit].rc = m ? one_replicate(j, unit, &rng, draw, rows, m) : SN_ENOMEM;
    free(m);
    free(draw);
}

/* Replicates are added in order, whoever made them. */
static int add_up(const struct job *j, size_t n, struct sn_validation *v, struct sn_error *err)
{
    size_t good[SN_VALID_COUNT] = { 0 };

    for (size_t r = 0; r < n; r++) {
        if (j->replicates[r].rc && j->replicates[r].rc != SN_EFORMAT)
            return SN_FAIL(err, j->replicates[r].rc, "validation: replicate %zu failed", r);
        if (j->replicates[r].rc) {
            v->failed++;
            continue;
        }
        for (int k = 0; k < SN_VALID_COUNT; k++) {
            if (isnan(j->replicates[r].optimism[k]))
                continue;
            v->optimism[k] += j->replicates[r].optimism[k];
            good[k]++;
        }
        v->undefined += isnan(j->replicates[r].optimism[SN_VALID_SLOPE]) ? 1 : 0;
        for (size_t e = 0; e < j->d->n_effects; e++)
            v->kept[e] += j->kept[r * j->d->n_effects + e];
    }
    for (int k = 0; k < SN_VALID_COUNT; k++) {
        v->optimism[k] = good[k] ? v->optimism[k] / (double)good[k] : (double)NAN;
        v->corrected[k] = v->apparent[k] - v->optimism[k];
    }
    return SN_OK;
}

int sn_logit_validate(const struct sn_logit_data *d, const struct sn_recipe *r, const double *beta, const uint32_t *cluster, size_t replicates,
                      uint64_t seed, struct sn_pool *pool, struct sn_validation *v, struct sn_error *err)
{
    struct sn_resample resample = { 0 };
    struct job j = { .d = d, .r = r, .resample = &resample, .seed = seed };
    double *eta = malloc(d->n * sizeof *eta);
    size_t bytes;
    int rc;

    *v = (struct sn_validation){ .replicates = replicates };
    j.replicates = calloc(replicates + 1, sizeof *j.replicates);
    j.kept = sn_size_mul(&bytes, replicates + 1, d->n_effects + 1, err) ? NULL : calloc(bytes, sizeof *j.kept);
    v->kept = calloc(d->n_effects + 1, sizeof *v->kept);
    if (!eta || !j.replicates || !j.kept || !v->kept) {
        rc = SN_NOMEM(err, "validation");
        goto out;
    }
    SN_TRY_OUT(sn_resample_init(&resample, d->n, NULL, cluster, err));
    predictor(d->x, d->n, d->p, beta, eta);
    SN_TRY_OUT(performance(eta, d->y, d->n, v->apparent, err));
    sn_pool_run(pool, run_replicate, &j, replicates);
    SN_TRY_OUT(add_up(&j, replicates, v, err));
out:
    sn_resample_free(&resample);
    free(eta);
    free(j.replicates);
    free(j.kept);
    if (rc)
        sn_validation_free(v);
    return rc;
}

void sn_validation_free(struct sn_validation *v)
{
    free(v->kept);
    *v = (struct sn_validation){ 0 };
}

int sn_split_stratified(const double *y, size_t n, double share, uint64_t seed, bool *in, struct sn_error *err)
{
    size_t *order = malloc((n + 1) * sizeof *order);
    struct sn_rng r = sn_rng_stream(seed, 0);

    if (!(share > 0 && share < 1)) {
        free(order);
        return SN_FAIL(err, SN_EINVAL, "a split's share lies between 0 and 1");
    }
    if (!order)
        return SN_NOMEM(err, "a split");
    for (int c = 1; c >= 0; c--) {
        size_t k = 0, take;

        for (size_t i = 0; i < n; i++)
            if ((y[i] > 0.5) == c)
                order[k++] = i;
        take = (size_t)floor(share * (double)k + 0.5);
        for (size_t i = 0; i < k; i++) { /* the first `take` of a Fisher-Yates shuffle */
            size_t j = i + (size_t)sn_rng_below(&r, k - i), t = order[i];

            order[i] = order[j];
            order[j] = t;
            in[order[i]] = i < take;
        }
    }
    free(order);
    return SN_OK;
}
