/* matched.c: what two readers of the same cases are compared by; cluster bootstrap of several statistics at once. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

struct sn_proportion sn_proportion(size_t k, size_t n, double level)
{
    struct sn_interval ci = sn_proportion_ci(k, n, level, SN_WILSON);

    return (struct sn_proportion){ k, n, n ? (double)k / (double)n : (double)NAN, ci.lo, ci.hi };
}

struct sn_match sn_match_compare(const struct sn_paired *pairs, double level, double margin)
{
    struct sn_match r = { *pairs, NAN, NAN, NAN, NAN, false, NAN, NAN };
    double b = (double)pairs->first, c = (double)pairs->second, n = b + c + (double)pairs->both + (double)pairs->neither;
    struct sn_interval ci;
    struct sn_mcnemar m;

    if (!(n > 0))
        return r;
    ci = sn_paired_tango(pairs, level);
    m = sn_mcnemar(pairs->first, pairs->second);
    r.diff = (b - c) / n;
    r.lo = ci.lo;
    r.hi = ci.hi;
    r.p = m.p;
    r.mid_p = !m.is_exact;
    if (margin > 0 && margin < 1) {
        r.z_margin = sn_paired_tango_z(pairs, -margin);
        r.p_noninferior = sn_norm_sf(r.z_margin);
    }
    return r;
}

/* ---- bootstrap --------------------------------------------------------------------------------------------------- */

struct boot {
    size_t n, k;
    uint64_t seed;
    sn_cluster_fn *fn;
    const void *ctx;
    uint32_t *times; /* [threads][n] */
    double *values;  /* [replicates][k] */
};

static void replicate(void *ctx, size_t r, int thread)
{
    struct boot *b = ctx;
    uint32_t *times = b->times + (size_t)thread * b->n;
    struct sn_rng rng = { b->seed };

    rng.state = sn_rng_next(&rng) ^ (r + 1) * 0x9E3779B97F4A7C15u; /* hash(seed, r): odd multiplier, then the generator's mixing */
    rng.state = sn_rng_next(&rng);
    memset(times, 0, b->n * sizeof *times);
    for (size_t i = 0; i < b->n; i++)
        times[sn_rng_below(&rng, b->n)]++;
    b->fn(b->ctx, times, b->values + r * b->k);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int sn_boot_clusters(size_t n, size_t replicates, uint64_t seed, sn_cluster_fn *fn, const void *ctx, size_t k, double level,
                     struct sn_pool *pool, struct sn_cluster_ci *out, struct sn_error *err)
{
    struct boot b = { .n = n, .k = k, .seed = seed, .fn = fn, .ctx = ctx };
    double *sorted = NULL;
    int rc = SN_OK;

    if (!n || !k || !replicates)
        return SN_FAIL(err, SN_EINVAL, "bootstrap: nothing to draw");
    b.times = calloc((size_t)(pool ? sn_pool_threads(pool) : 1) * n, sizeof *b.times);
    b.values = replicates <= SIZE_MAX / k / sizeof *b.values ? calloc(replicates * k, sizeof *b.values) : NULL;
    sorted = calloc(replicates, sizeof *sorted);
    if (!b.times || !b.values || !sorted) {
        rc = SN_NOMEM(err, "bootstrap replicates");
        goto out;
    }
    sn_pool_run(pool, replicate, &b, replicates);
    for (size_t s = 0; s < k; s++) {
        size_t m = 0;

        for (size_t r = 0; r < replicates; r++)
            if (!isnan(b.values[r * k + s]))
                sorted[m++] = b.values[r * k + s];
        qsort(sorted, m, sizeof *sorted, ascending);
        out[s] = (struct sn_cluster_ci){ NAN, NAN, replicates - m };
        if (m) {
            out[s].lo = sn_percentile_sorted(sorted, m, 50 * (1 - level));
            out[s].hi = sn_percentile_sorted(sorted, m, 50 * (1 + level));
        }
    }
out:
    free(b.times);
    free(b.values);
    free(sorted);
    return rc;
}
