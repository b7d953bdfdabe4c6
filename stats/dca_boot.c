/* dca_boot.c: bootstrap intervals of decision curves and of their differences. */
#include "stats/dca_parts.h"

#include <math.h>
#include <stdlib.h>

struct boot {
    const struct sn_dca *d;
    const struct sn_dca_boot *b;
    const enum sn_dca_measure *measure;
    size_t n_measures;
    double prevalence;     /* NaN: each resample's own */
    uint16_t *reach;       /* [n_strategies][n] how many thresholds treat the patient */
    uint32_t *tally;       /* [threads][2 (m + 1)] */
};

/* One strategy on one resample; reach NULL: treat all. out[m] of each measure, `stride` apart. */
static void curve(const struct boot *c, const uint16_t *reach, const uint32_t *weight, uint32_t *tally, const double of[2], double *out,
                  size_t stride)
{
    size_t m = c->d->m;
    double treated[2] = { 0.0, 0.0 }, prevalence = isnan(c->prevalence) ? of[1] / (of[0] + of[1]) : c->prevalence;

    memset(tally, 0, 2 * (m + 1) * sizeof *tally);
    for (size_t i = 0; i < c->d->n; i++)
        tally[c->d->y[i] * (m + 1) + (reach ? reach[i] : m)] += weight[i];
    for (size_t k = m; k-- > 0;) {
        struct sn_dca_point p;

        treated[0] += tally[k + 1];
        treated[1] += tally[m + 1 + k + 1];
        p = sn_dca_make(c->d->t[k], treated[1] / of[1], 1.0 - treated[0] / of[0], prevalence);
        for (size_t j = 0; j < c->n_measures; j++)
            out[j * stride + k] = sn_dca_value(&p, c->measure[j]);
    }
}

static void replicate(void *ctx, const uint32_t *weight, int thread, double *out)
{
    const struct boot *c = ctx;
    size_t m = c->d->m, n = c->d->n, rows = c->d->n_strategies + 1;
    uint32_t *tally = c->tally + (size_t)thread * 2 * (m + 1);
    double of[2] = { 0.0, 0.0 };

    for (size_t i = 0; i < n; i++)
        of[c->d->y[i]] += weight[i];
    for (size_t s = 0; s < rows; s++)
        if (of[0] > 0.0 && of[1] > 0.0)
            curve(c, s + 1 < rows ? c->reach + s * n : NULL, weight, tally, of, out + s * m, rows * m);
        else
            for (size_t j = 0; j < c->n_measures; j++)
                for (size_t k = 0; k < m; k++)
                    out[(j * rows + s) * m + k] = (double)NAN;
}

/* Percentile interval of one statistic's replicates, which are overwritten. */
static int interval(const struct sn_dca_boot *b, double *rep, struct sn_dca_band *band, size_t *used, struct sn_error *err)
{
    size_t n = 0;

    for (size_t r = 0; r < b->replicates; r++)
        if (!isnan(rep[r]))
            rep[n++] = rep[r];
    *used = n;
    *band = (struct sn_dca_band){ (double)NAN, (double)NAN };
    if (n < 2)
        return SN_OK;
    SN_TRY(sn_sort(rep, n, err));
    band->lo = (b->quantile == 1 ? sn_quantile1 : sn_quantile7)(rep, n, 0.5 - b->level / 2.0);
    band->hi = (b->quantile == 1 ? sn_quantile1 : sn_quantile7)(rep, n, 0.5 + b->level / 2.0);
    return SN_OK;
}

/* Differences first: intervals sort the replicates in place. */
static int summarise(const struct boot *c, double *rep, struct sn_dca_band *band, struct sn_dca_band *diff, size_t *dropped, struct sn_error *err)
{
    size_t m = c->d->m, s = c->d->n_strategies, reps = c->b->replicates, used, pair = 0;
    double *delta = malloc(reps * sizeof *delta);
    int rc = SN_OK;

    if (!delta)
        return SN_NOMEM(err, "decision-curve differences");
    for (size_t i = 0; i < s && diff; i++)
        for (size_t j = i + 1; j < s; j++, pair++)
            for (size_t k = 0; k < m; k++) {
                for (size_t r = 0; r < reps; r++)
                    delta[r] = rep[(i * m + k) * reps + r] - rep[(j * m + k) * reps + r];
                SN_TRY_OUT(interval(c->b, delta, &diff[pair * m + k], &used, err));
            }
    for (size_t i = 0; i < c->n_measures * (s + 1) * m; i++)
        SN_TRY_OUT(interval(c->b, rep + i * reps, &band[i], &used, err));
    if (dropped)
        *dropped = reps - used; /* of treat all at the last threshold, which is always defined but for lost classes */
out:
    free(delta);
    return rc;
}

static int check(const struct sn_dca *d, const struct sn_dca_boot *b, struct sn_error *err)
{
    SN_TRY(sn_dca_check(d, err));
    if (d->m > SN_DCA_MAX_THRESHOLDS)
        return SN_FAIL(err, SN_ELIMIT, "decision-curve bootstrap: %zu thresholds, at most %d", d->m, SN_DCA_MAX_THRESHOLDS);
    if (!b->replicates || !(b->level > 0.0 && b->level < 1.0) || (b->quantile != 0 && b->quantile != 1 && b->quantile != 7))
        return SN_FAIL(err, SN_EINVAL, "decision-curve bootstrap: %zu replicates, level %g, quantile type %d", b->replicates, b->level, b->quantile);
    return SN_OK;
}

int sn_dca_bootstrap(const struct sn_dca *d, enum sn_dca_measure measure, const struct sn_dca_boot *b, struct sn_dca_band *band, struct sn_dca_band *diff,
                     size_t *dropped, struct sn_error *err)
{
    return sn_dca_bootstrap_measures(d, &measure, 1, b, band, diff, dropped, err);
}

int sn_dca_bootstrap_measures(const struct sn_dca *d, const enum sn_dca_measure *measure, size_t n_measures, const struct sn_dca_boot *b,
                              struct sn_dca_band *band, struct sn_dca_band *diff, size_t *dropped, struct sn_error *err)
{
    struct boot c = { .d = d, .b = b, .measure = measure, .n_measures = n_measures, .prevalence = d->prevalence };
    struct sn_resample s = { 0 };
    struct sn_boot boot = { .resample = &s, .seed = b->seed, .replicates = b->replicates, .k = n_measures * (d->n_strategies + 1) * d->m, .fn = replicate, .ctx = &c, .pool = b->pool };
    uint32_t *stratum = NULL;
    double *rep = NULL, events = 0.0;
    size_t bytes, threads = b->pool ? (size_t)sn_pool_threads(b->pool) : 1;
    int rc;

    SN_TRY(check(d, b, err));
    SN_TRY_OUT(sn_size_mul3(&bytes, boot.k, b->replicates, sizeof *rep, err));
    rep = malloc(bytes);
    SN_TRY_OUT(sn_size_mul3(&bytes, d->n_strategies + 1, d->n, sizeof *c.reach, err));
    c.reach = malloc(bytes);
    c.tally = malloc(threads * 2 * (d->m + 1) * sizeof *c.tally);
    stratum = malloc(d->n * sizeof *stratum);
    if (!rep || !c.reach || !c.tally || !stratum) {
        rc = SN_NOMEM(err, "the decision-curve bootstrap");
        goto out;
    }
    for (size_t i = 0; i < d->n; i++) {
        stratum[i] = d->y[i];
        events += d->y[i];
        for (size_t k = 0; k < d->n_strategies; k++) {
            const struct sn_dca_strategy *st = &d->strategies[k];

            c.reach[k * d->n + i] = (uint16_t)(st->call ? (st->risk[i] == 1.0 ? d->m : 0) : sn_dca_reach(st->risk[i], d->t, d->m, d->tie));
        }
    }
    if (b->case_control && isnan(c.prevalence))
        c.prevalence = events / (double)d->n;
    SN_TRY_OUT(sn_resample_init(&s, d->n, b->case_control ? stratum : NULL, b->cluster, err));
    SN_TRY_OUT(sn_boot_run(&boot, rep, err));
    rc = summarise(&c, rep, band, diff, dropped, err);
out:
    free(rep);
    free(c.reach);
    free(c.tally);
    free(stratum);
    sn_resample_free(&s);
    return rc;
}
