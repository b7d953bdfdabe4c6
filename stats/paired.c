/* paired.c: two tests on the same cases; differences of proportions; many p-values. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

/* ---- McNemar -------------------------------------------------------------------------------- */

struct sn_mcnemar sn_mcnemar(uint64_t b, uint64_t c)
{
    double few = (double)SN_MIN(b, c), n = (double)b + (double)c, tail = sn_binom_cdf(few, n, 0.5);
    struct sn_mcnemar m = { .exact = SN_MIN(1, 2 * tail), .is_exact = n < 25 };

    m.midp = 2 * tail - sn_binom_pmf(few, n, 0.5);
    if (b == c) /* both tails hold the middle; without discordant pairs there is nothing to judge */
        m.midp = n > 0 ? 1 - sn_binom_pmf(few, n, 0.5) / 2 : 1;
    m.p = m.is_exact ? m.exact : m.midp;
    return m;
}

/* ---- intervals of a difference -------------------------------------------------------------- */

/* Square-and-add of two Wilson intervals, their estimates correlated by phi. */
static struct sn_interval square_and_add(double p1, struct sn_interval w1, double p2, struct sn_interval w2, double phi)
{
    double down1 = p1 - w1.lo, up1 = w1.hi - p1, down2 = p2 - w2.lo, up2 = w2.hi - p2;

    return (struct sn_interval){ p1 - p2 - sqrt(SN_MAX(0, down1 * down1 - 2 * phi * down1 * up2 + up2 * up2)),
                                 p1 - p2 + sqrt(SN_MAX(0, up1 * up1 - 2 * phi * up1 * down2 + down2 * down2)) };
}

struct sn_interval sn_difference_newcombe(uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2, double level)
{
    return square_and_add((double)x1 / (double)n1, sn_proportion_ci(x1, n1, level, SN_WILSON), (double)x2 / (double)n2,
                          sn_proportion_ci(x2, n2, level, SN_WILSON), 0);
}

struct sn_interval sn_paired_newcombe(const struct sn_paired *t, double level)
{
    uint64_t n = t->both + t->first + t->second + t->neither;
    double a = (double)t->both, b = (double)t->first, c = (double)t->second, d = (double)t->neither;
    double cross = a * d - b * c, margins = (a + b) * (c + d) * (a + c) * (b + d), phi = 0;

    if (cross > 0) /* method 10: a continuity correction of a positive correlation */
        cross = SN_MAX(0, cross - (double)n / 2);
    if (margins > 0)
        phi = cross / sqrt(margins);
    return square_and_add((a + b) / (double)n, sn_proportion_ci(t->both + t->first, n, level, SN_WILSON), (a + c) / (double)n,
                          sn_proportion_ci(t->both + t->second, n, level, SN_WILSON), phi);
}

/* The nuisance parameter is P(only second) at its maximum likelihood given the difference: a root of a quadratic (Tango 1998, eq. 9). */
double sn_paired_tango_z(const struct sn_paired *t, double delta)
{
    double b = (double)t->first, c = (double)t->second, n = (double)t->both + b + c + (double)t->neither;
    double lin = (2 * n - b + c) * delta - b - c, root, q, top, variance;

    if (!(n > 0) || !(delta >= -1 && delta <= 1))
        return NAN;
    root = sqrt(SN_MAX(0, lin * lin + 8 * n * c * delta * (1 - delta)));
    /* of the two forms of the root the one without cancellation */
    q = lin <= 0 ? (root - lin) / (4 * n) : root + lin > 0 ? 2 * c * delta * (1 - delta) / (root + lin) : 0;
    top = b - c - n * delta;
    variance = n * (2 * q + delta * (1 - delta));
    if (top == 0)
        return 0;
    return variance > 0 ? top / sqrt(variance) : top > 0 ? INFINITY : -INFINITY;
}

/* Where the statistic, which falls in delta, passes z; by bisection to the last bit that matters. */
static double tango_limit(const struct sn_paired *t, double lo, double hi, double z)
{
    while (hi - lo > 1e-15) {
        double mid = lo + (hi - lo) / 2;

        if (mid <= lo || mid >= hi)
            break;
        if (sn_paired_tango_z(t, mid) > z)
            lo = mid;
        else
            hi = mid;
    }
    return lo + (hi - lo) / 2;
}

struct sn_interval sn_paired_tango(const struct sn_paired *t, double level)
{
    double n = (double)(t->both + t->first + t->second + t->neither), z = sn_norm_z(level), d;

    if (!(n > 0) || isnan(z))
        return (struct sn_interval){ NAN, NAN };
    d = ((double)t->first - (double)t->second) / n;
    return (struct sn_interval){ d <= -1 ? -1 : tango_limit(t, -1, d, z), d >= 1 ? 1 : tango_limit(t, d, 1, -z) };
}

enum sn_verdict sn_noninferiority(struct sn_interval diff, double margin)
{
    if (isnan(diff.lo) || isnan(diff.hi) || !(margin > 0))
        return SN_NO_VERDICT;
    if (diff.lo > 0)
        return SN_SUPERIOR;
    if (diff.lo > -margin)
        return SN_NONINFERIOR;
    return diff.hi < -margin ? SN_INFERIOR : SN_INCONCLUSIVE;
}

const char *sn_verdict_text(enum sn_verdict v)
{
    static const char *const text[] = { "superior", "non-inferior", "inconclusive", "inferior", "no verdict" };

    return text[(unsigned)v < SN_COUNT(text) ? v : SN_NO_VERDICT];
}

/* ---- predictive values ---------------------------------------------------------------------- */

/*
 * Of the cases that each test calls `call`, the share that is so. The score's variance under equality: each test's calls have
 * variance p (1 - p), and those that both tests call are counted twice with the same outcome (Kosinski 2013, eq. 8).
 */
static struct sn_predictive predictive(const double *first, const double *second, const double *y, size_t n, double call)
{
    double n1 = 0, n2 = 0, right1 = 0, right2 = 0, both_right = 0, both_wrong = 0, p, shared, variance;
    struct sn_predictive r;

    for (size_t i = 0; i < n; i++) {
        bool a = (first[i] != 0) == (call != 0), b = (second[i] != 0) == (call != 0), is = (y[i] != 0) == (call != 0);

        n1 += a;
        n2 += b;
        right1 += a && is;
        right2 += b && is;
        both_right += a && b && is;
        both_wrong += a && b && !is;
    }
    r.first = n1 > 0 ? right1 / n1 : NAN;
    r.second = n2 > 0 ? right2 / n2 : NAN;
    r.diff = r.first - r.second;
    p = (right1 + right2) / (n1 + n2);
    shared = (both_right * (1 - p) * (1 - p) + both_wrong * p * p) / (n1 + n2);
    variance = (p * (1 - p) - 2 * shared) * (1 / n1 + 1 / n2);
    r.chisq = r.diff == 0 ? 0 : r.diff * r.diff / variance;
    r.p = sn_chisq_sf(r.chisq, 1);
    return r;
}

void sn_compare_predictive(const double *first, const double *second, const double *y, size_t n, struct sn_predictive *ppv, struct sn_predictive *npv)
{
    *ppv = predictive(first, second, y, n, 1);
    *npv = predictive(first, second, y, n, 0);
}

/* ---- Holm ----------------------------------------------------------------------------------- */

int sn_holm(const double *p, size_t n, double *adjusted, struct sn_error *err)
{
    size_t bytes, k = 0;
    uint32_t *order = NULL, *from = NULL;
    double *valid, running = 0;
    int rc = SN_OK;

    if (n == 0)
        return SN_OK;
    SN_TRY(sn_size_mul(&bytes, n, sizeof *valid, err));
    valid = malloc(bytes);
    order = malloc(bytes);
    from = malloc(bytes);
    if (!valid || !order || !from) {
        rc = SN_NOMEM(err, "Holm's adjustment");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        if (!isnan(p[i])) {
            valid[k] = p[i];
            from[k++] = (uint32_t)i;
        } else {
            adjusted[i] = NAN;
        }
    }
    SN_TRY_OUT(sn_sort_order(valid, k, order, err));
    for (size_t j = 0; j < k; j++) {
        running = SN_MAX(running, SN_MIN(1, (double)(k - j) * valid[order[j]]));
        adjusted[from[order[j]]] = running;
    }
out:
    free(valid);
    free(order);
    free(from);
    return rc;
}
