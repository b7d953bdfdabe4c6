/* paired.c: intervals and tests for proportions of the same cases; Holm's adjustment; cluster bootstrap. */
#include "stats/paired.h"
#include "stats/surface.h"
#include "stats/tails.h"

#include <math.h>
#include <stdlib.h>

struct sn_proportion sn_proportion(size_t k, size_t n, double level)
{
    struct sn_proportion r = { k, n, NAN, NAN, NAN };
    double z = sn_tail_normal_q((1 + level) / 2), nd = (double)n, p = (double)k / nd, centre, half;

    if (!n)
        return r;
    centre = (p + z * z / (2 * nd)) / (1 + z * z / nd);
    half = z * sqrt(p * (1 - p) / nd + z * z / (4 * nd * nd)) / (1 + z * z / nd);
    r.value = p;
    r.lo = k == 0 ? 0 : centre - half;
    r.hi = k == n ? 1 : centre + half;
    return r;
}

/* ---- pairs ------------------------------------------------------------------------------------------------- */

/* Two-sided binomial(b + c, 1/2) test. P(X <= min) is an incomplete beta value; mid-P takes half of the point itself. */
static double mcnemar(size_t b, size_t c, bool mid)
{
    double least = (double)SN_MIN(b, c), n = (double)(b + c), tail, point;

    if (b == c)
        return 1;
    tail = sn_tail_beta(0.5, n - least, least + 1);
    point = exp(lgamma(n + 1) - lgamma(least + 1) - lgamma(n - least + 1) - n * log(2));
    return fmin(2 * (mid ? tail - point / 2 : tail), 1);
}

/* Score statistic for a true difference d in (-1, 1): variance under the maximum likelihood estimate with that difference. */
static double tango(double b, double c, double n, double d)
{
    double half = -b - c + (2 * n - b + c) * d;
    double q = (sqrt(fmax(half * half + 8 * n * c * d * (1 - d), 0)) - half) / (4 * n);
    double variance = n * (2 * q + d * (1 - d));

    return variance > 0 ? (b - c - n * d) / sqrt(variance) : b - c > n * d ? INFINITY : b - c < n * d ? -INFINITY : 0;
}

/* The statistic falls as d rises: where it crosses `z`. */
static double tango_limit(double b, double c, double n, double z)
{
    double lo = -1, hi = 1;

    for (int i = 0; i < 100; i++) {
        double mid = (lo + hi) / 2;

        if (tango(b, c, n, mid) > z)
            lo = mid;
        else
            hi = mid;
    }
    return (lo + hi) / 2;
}

struct sn_paired sn_paired_compare(const struct sn_pairs *pairs, double level, double margin)
{
    struct sn_paired r = { *pairs, NAN, NAN, NAN, NAN, false, NAN, NAN };
    double b = (double)pairs->first, c = (double)pairs->second, n = b + c + (double)pairs->both + (double)pairs->neither;
    double z = sn_tail_normal_q((1 + level) / 2);

    if (!(n > 0))
        return r;
    r.diff = (b - c) / n;
    r.lo = tango_limit(b, c, n, z);
    r.hi = tango_limit(b, c, n, -z);
    r.mid_p = pairs->first + pairs->second >= SN_MCNEMAR_EXACT_BELOW;
    r.p = mcnemar(pairs->first, pairs->second, r.mid_p);
    if (margin > 0 && margin < 1) {
        r.z_margin = tango(b, c, n, -margin);
        r.p_noninferior = sn_tail_normal(r.z_margin);
    }
    return r;
}

/* ---- several tests ------------------------------------------------------------------------------------------- */

int sn_holm(const double *p, size_t n, double *adjusted, struct sn_error *err)
{
    size_t order[SN_HOLM_MAX], m = 0;
    double most = 0;

    if (n > SN_HOLM_MAX)
        return SN_FAIL(err, SN_ELIMIT, "Holm: %zu tests, at most %d are adjusted together", n, SN_HOLM_MAX);
    for (size_t i = 0; i < n; i++) {
        size_t k = m;

        adjusted[i] = p[i];
        if (isnan(p[i]))
            continue;
        for (; k > 0 && p[order[k - 1]] > p[i]; k--)
            order[k] = order[k - 1];
        order[k] = i;
        m++;
    }
    for (size_t k = 0; k < m; k++) {
        most = fmax(most, fmin((double)(m - k) * p[order[k]], 1));
        adjusted[order[k]] = most;
    }
    return SN_OK;
}

/* ---- bootstrap --------------------------------------------------------------------------------------------------- */

struct boot {
    size_t n, k;
    uint64_t seed;
    sn_boot_fn *fn;
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

int sn_boot_clusters(size_t n, size_t replicates, uint64_t seed, sn_boot_fn *fn, const void *ctx, size_t k, double level,
                     struct sn_pool *pool, struct sn_boot *out, struct sn_error *err)
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
        out[s] = (struct sn_boot){ NAN, NAN, replicates - m };
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
