/* bootstrap.c: resampling by counts, replicates over threads, intervals. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

/* ---- what is drawn -------------------------------------------------------------------------- */

static uint32_t *table(size_t count)
{
    size_t bytes;

    return sn_size_mul(&bytes, count + 1, sizeof(uint32_t), NULL) ? NULL : malloc(bytes);
}

/*
 * Positions 0 .. n-1 by ascending id, and where each id's run begins: first[runs + 1], order[n].
 * Two fresh tables; ids are numbers below 2^32 and so exact as doubles.
 */
static int group(const uint32_t *id, size_t n, uint32_t **first, uint32_t **order, size_t *runs, struct sn_error *err)
{
    size_t bytes, k = 0;
    double *x;
    int rc;

    SN_TRY(sn_size_mul(&bytes, n, sizeof *x, err));
    x = malloc(bytes);
    *first = table(n + 1);
    *order = table(n);
    if (!x || !*first || !*order) {
        free(x);
        return SN_NOMEM(err, "resampling");
    }
    for (size_t i = 0; i < n; i++)
        x[i] = id[i];
    rc = sn_sort_order(x, n, *order, err);
    free(x);
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || id[(*order)[i]] != id[(*order)[i - 1]])
            (*first)[k++] = (uint32_t)i;
    (*first)[k] = (uint32_t)n;
    *runs = k;
    return SN_OK;
}

/* Strata of the units: each cluster's own, which all its members share. */
static int unit_strata(const struct sn_resample *s, const uint32_t *stratum, uint32_t *of, struct sn_error *err)
{
    for (size_t u = 0; u < s->units; u++) {
        of[u] = stratum[s->member[s->member_first[u]]];
        for (uint32_t i = s->member_first[u]; i < s->member_first[u + 1]; i++)
            if (stratum[s->member[i]] != of[u])
                return SN_FAIL(err, SN_EINVAL,
                               "bootstrap: observations %u and %u are of one cluster but of two strata; resample without strata",
                               (unsigned)s->member[s->member_first[u]] + 1, (unsigned)s->member[i] + 1);
    }
    return SN_OK;
}

int sn_resample_init(struct sn_resample *s, size_t n, const uint32_t *stratum, const uint32_t *cluster, struct sn_error *err)
{
    uint32_t *of = NULL;
    int rc = SN_OK;

    *s = (struct sn_resample){ .n = n, .units = n, .strata = 1 };
    if (n == 0 || n > UINT32_MAX - 2)
        return SN_FAIL(err, n ? SN_ELIMIT : SN_EINVAL, "bootstrap: %zu observations, expected 1 to %u", n, (unsigned)UINT32_MAX - 2);
    if (cluster)
        SN_TRY_OUT(group(cluster, n, &s->member_first, &s->member, &s->units, err));
    if (stratum) {
        if (cluster) {
            of = table(s->units);
            if (!of) {
                rc = SN_NOMEM(err, "resampling");
                goto out;
            }
            SN_TRY_OUT(unit_strata(s, stratum, of, err));
        }
        SN_TRY_OUT(group(of ? of : stratum, s->units, &s->stratum_first, &s->unit_of, &s->strata, err));
    } else {
        s->stratum_first = table(2);
        if (!s->stratum_first) {
            rc = SN_NOMEM(err, "resampling");
            goto out;
        }
        s->stratum_first[0] = 0;
        s->stratum_first[1] = (uint32_t)s->units;
    }
out:
    free(of);
    if (rc)
        sn_resample_free(s);
    return rc;
}

void sn_resample_free(struct sn_resample *s)
{
    free(s->stratum_first);
    free(s->unit_of);
    free(s->member_first);
    free(s->member);
    *s = (struct sn_resample){ 0 };
}

/*
 * Uniform on [0, size). Lemire 2019, "Fast random integer generation in an interval": the high half of a product of 32-bit
 * numbers, without a division and without bias; two draws from each number of the generator.
 */
struct draws {
    struct sn_rng rng;
    uint64_t bits;
    bool half;
};

static inline uint32_t draw(struct draws *d, uint32_t size, uint32_t floor)
{
    uint64_t m;

    do {
        d->bits = d->half ? d->bits >> 32 : sn_splitmix64(&d->rng.state);
        d->half = !d->half;
        m = (d->bits & UINT32_MAX) * size;
    } while ((uint32_t)m < floor); /* floor = 2^32 mod size */
    return (uint32_t)(m >> 32);
}

#define BLOCKS 1024u
#define BLOCK  8192u /* counts of 32 KB: a first-level cache */

/* `total` draws from [0, size), counted. */
static void draw_counts(struct draws *d, uint32_t total, uint32_t size, uint32_t *count)
{
    uint32_t floor = (0 - size) % size;

    memset(count, 0, size * sizeof *count);
    for (uint32_t i = 0; i < total; i++)
        count[draw(d, size, floor)]++;
}

/*
 * As many draws as there are units. Counting a million at random places misses the caches, so a large stratum is drawn twice: first
 * only how many draws fall into each block of units, then where in the block. The counts' distribution is the same. Ten
 * million units: 30 ms instead of 180; a million, where the counts fit the second-level cache: no slower.
 */
static void draw_stratum(struct draws *d, uint32_t size, uint32_t *count)
{
    uint32_t into[BLOCKS] = { 0 }, block = SN_MAX(BLOCK, size / BLOCKS + 1), floor = (0 - size) % size, shift = 0;

    if (size <= BLOCK) {
        draw_counts(d, size, size, count);
        return;
    }
    while (1u << shift < block)
        shift++;
    for (uint32_t i = 0; i < size; i++)
        into[draw(d, size, floor) >> shift]++;
    for (uint32_t b = 0; b <= (size - 1) >> shift; b++)
        draw_counts(d, into[b], SN_MIN(size - (b << shift), 1u << shift), count + ((size_t)b << shift));
}

void sn_resample_draw(const struct sn_resample *s, struct sn_rng *rng, uint32_t *scratch, uint32_t *weight)
{
    uint32_t *count = s->unit_of || s->member ? scratch : weight;
    struct draws d = { .rng = *rng };

    for (size_t h = 0; h < s->strata; h++)
        draw_stratum(&d, s->stratum_first[h + 1] - s->stratum_first[h], count + s->stratum_first[h]);
    *rng = d.rng;
    if (!s->unit_of && !s->member)
        return;
    for (size_t j = 0; j < s->units; j++) {
        uint32_t u = s->unit_of ? s->unit_of[j] : (uint32_t)j;

        if (!s->member) {
            weight[u] = count[j];
            continue;
        }
        for (uint32_t i = s->member_first[u]; i < s->member_first[u + 1]; i++)
            weight[s->member[i]] = count[j];
    }
}

/* ---- replicates ----------------------------------------------------------------------------- */

struct run {
    const struct sn_boot *b;
    double *out;
    uint32_t *memory; /* [threads][units + n] */
    double *values;   /* [threads][k] */
};

static void replicate(void *ctx, size_t r, int thread)
{
    const struct run *run = ctx;
    const struct sn_boot *b = run->b;
    const struct sn_resample *s = b->resample;
    uint32_t *scratch = run->memory + (size_t)thread * (s->units + s->n), *weight = scratch + s->units;
    double *values = run->values + (size_t)thread * b->k;
    struct sn_rng rng = sn_rng_stream(b->seed, r);

    sn_resample_draw(s, &rng, scratch, weight);
    b->fn(b->ctx, weight, thread, values);
    for (size_t j = 0; j < b->k; j++)
        run->out[j * b->replicates + r] = values[j];
}

int sn_boot_run(const struct sn_boot *b, double *out, struct sn_error *err)
{
    size_t threads = (size_t)sn_pool_threads(b->pool), bytes, value_bytes;
    struct run run = { .b = b, .out = out };
    int rc = SN_OK;

    if (b->replicates == 0 || b->k == 0)
        return SN_FAIL(err, SN_EINVAL, "bootstrap: %zu replicates of %zu statistics, expected at least 1 of each", b->replicates, b->k);
    SN_TRY(sn_size_mul3(&bytes, threads, b->resample->units + b->resample->n, sizeof *run.memory, err));
    SN_TRY(sn_size_mul3(&value_bytes, threads, b->k, sizeof *run.values, err));
    run.memory = malloc(bytes);
    run.values = malloc(value_bytes);
    if (run.memory && run.values)
        sn_pool_run(b->pool, replicate, &run, b->replicates);
    else
        rc = SN_NOMEM(err, "bootstrap replicates");
    free(run.values);
    free(run.memory);
    return rc;
}

/* ---- intervals ------------------------------------------------------------------------------ */

/* The replicates with a value, ascending, in fresh memory; ci's moments and counts. */
static int sorted_copy(const double *rep, size_t n, double level, double **copy, struct sn_boot_ci *ci, struct sn_error *err)
{
    size_t bytes, k = 0;
    double sum = 0, squares = 0;
    int rc;

    *ci = (struct sn_boot_ci){ .lo = NAN, .hi = NAN, .median = NAN, .mean = NAN, .sd = NAN };
    if (!(level > 0 && level < 1))
        return SN_FAIL(err, SN_EINVAL, "confidence level is %g, expected a number between 0 and 1", level);
    SN_TRY(sn_size_mul(&bytes, n + 1, sizeof **copy, err));
    *copy = malloc(bytes);
    if (!*copy)
        return SN_NOMEM(err, "bootstrap replicates");
    for (size_t i = 0; i < n; i++)
        if (!isnan(rep[i]))
            (*copy)[k++] = rep[i];
    ci->used = k;
    ci->dropped = n - k;
    rc = sn_sort(*copy, k, err);
    if (rc) {
        free(*copy);
        return rc;
    }
    if (k < 2)
        return SN_OK;
    for (size_t i = 0; i < k; i++)
        sum += (*copy)[i];
    ci->mean = sum / (double)k;
    for (size_t i = 0; i < k; i++)
        squares += ((*copy)[i] - ci->mean) * ((*copy)[i] - ci->mean);
    ci->sd = sqrt(squares / (double)(k - 1));
    ci->median = sn_quantile7(*copy, k, 0.5);
    return SN_OK;
}

int sn_boot_percentile(const double *rep, size_t n, double level, struct sn_boot_ci *ci, struct sn_error *err)
{
    double *x;

    SN_TRY(sorted_copy(rep, n, level, &x, ci, err));
    if (ci->used >= 2) {
        ci->lo = sn_quantile7(x, ci->used, (1 - level) / 2);
        ci->hi = sn_quantile7(x, ci->used, (1 + level) / 2);
    }
    free(x);
    return SN_OK;
}

int sn_boot_intervals(const struct sn_boot *b, double level, struct sn_boot_ci *ci, struct sn_error *err)
{
    double *rep;
    size_t bytes;
    int rc;

    SN_TRY(sn_size_mul3(&bytes, b->replicates, b->k, sizeof *rep, err));
    rep = malloc(bytes + 1);
    if (!rep)
        return SN_NOMEM(err, "bootstrap replicates");
    rc = sn_boot_run(b, rep, err);
    for (size_t j = 0; j < b->k && !rc; j++)
        rc = sn_boot_percentile(rep + j * b->replicates, b->replicates, level, &ci[j], err);
    free(rep);
    return rc;
}

int sn_boot_bca(const double *rep, size_t n, double estimate, double accel, double level, struct sn_boot_ci *ci, struct sn_error *err)
{
    size_t below = 0;
    double *x, z;

    SN_TRY(sorted_copy(rep, n, level, &x, ci, err));
    while (below < ci->used && x[below] < estimate)
        below++;
    ci->accel = accel;
    if (ci->used >= 2 && x[0] == estimate && x[ci->used - 1] == estimate) {
        ci->lo = ci->hi = estimate;
    } else if (ci->used >= 2 && below > 0 && below < ci->used) {
        ci->z0 = sn_norm_quantile((double)below / (double)ci->used);
        z = sn_norm_z(level);
        ci->lo = sn_quantile7(x, ci->used, sn_norm_cdf(ci->z0 + (ci->z0 - z) / (1 - accel * (ci->z0 - z))));
        ci->hi = sn_quantile7(x, ci->used, sn_norm_cdf(ci->z0 + (ci->z0 + z) / (1 - accel * (ci->z0 + z))));
    }
    free(x);
    return SN_OK;
}

double sn_boot_acceleration(const double *jack, size_t n, const uint32_t *stratum, uint32_t strata)
{
    double squares = 0, cubes = 0;

    for (uint32_t h = 0; h < (stratum ? strata : 1); h++) {
        double mean = 0, count = 0;

        for (size_t i = 0; i < n; i++)
            if (!stratum || stratum[i] == h) {
                count += 1;
                mean += (jack[i] - mean) / count;
            }
        for (size_t i = 0; i < n; i++)
            if (!stratum || stratum[i] == h) {
                double d = (mean - jack[i]) * (count - 1) / count;

                squares += d * d;
                cubes += d * d * d;
            }
    }
    return squares == 0 ? 0 : cubes / (6 * squares * sqrt(squares));
}
