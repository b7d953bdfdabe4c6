/* twosample.c: Wilcoxon, Welch, chi-square, Fisher. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

/* ---- numbers -------------------------------------------------------------------------------- */

static int check(const char *test, const double *x, size_t n, size_t least, const char *which, struct sn_error *err)
{
    if (n < least)
        return SN_FAIL(err, SN_EINVAL, "%s: %zu values in the %s group, expected at least %zu", test, n, which, least);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return SN_FAIL(err, SN_EINVAL, "%s: value %zu of the %s group is %g, expected a finite number", test, i + 1, which, x[i]);
    return SN_OK;
}

/* The ROC curve of "belongs to x" holds the ranks already: pairs won, and the sizes of ties. */
int sn_wilcoxon(const double *x, size_t nx, const double *y, size_t ny, struct sn_two_sample *t, struct sn_error *err)
{
    double m = (double)nx, n = (double)ny, all = m + n, ties = 0, d, *value, *is_x;
    struct sn_roc r;
    size_t bytes;
    int rc;

    SN_TRY(check("Wilcoxon's test", x, nx, 1, "first", err));
    SN_TRY(check("Wilcoxon's test", y, ny, 1, "second", err));
    SN_TRY(sn_size_mul3(&bytes, nx + ny, 2, sizeof *value, err));
    value = malloc(bytes);
    if (!value)
        return SN_NOMEM(err, "Wilcoxon's test");
    is_x = value + nx + ny;
    for (size_t i = 0; i < nx + ny; i++) {
        value[i] = i < nx ? x[i] : y[i - nx];
        is_x[i] = i < nx;
    }
    rc = sn_roc_build(value, is_x, nx + ny, &r, err);
    free(value);
    if (rc)
        return rc;
    for (size_t k = 0; k < r.levels; k++) {
        double same = (double)(r.tp[k] - r.tp[k + 1]) + (double)(r.fp[k] - r.fp[k + 1]);

        ties += same * same * same - same;
    }
    *t = (struct sn_two_sample){ round(2 * r.auc * m * n) / 2, NAN, NAN };
    d = t->statistic - m * n / 2;
    d -= d > 0 ? 0.5 : d < 0 ? -0.5 : 0;
    if (r.levels > 1)
        t->p = SN_MIN(1, 2 * sn_norm_sf(fabs(d) / sqrt(m * n / 12 * (all + 1 - ties / (all * (all - 1))))));
    sn_roc_free(&r);
    return SN_OK;
}

/* The mean, and the variance of the mean. */
static double mean_of(const double *x, size_t n, double *variance)
{
    double mean = 0, squares = 0;

    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    *variance = squares / (double)(n - 1) / (double)n;
    return mean;
}

int sn_welch(const double *x, size_t nx, const double *y, size_t ny, struct sn_two_sample *t, struct sn_error *err)
{
    double vx, vy, diff;

    SN_TRY(check("Welch's test", x, nx, 2, "first", err));
    SN_TRY(check("Welch's test", y, ny, 2, "second", err));
    diff = mean_of(x, nx, &vx);
    diff -= mean_of(y, ny, &vy);
    t->statistic = diff / sqrt(vx + vy);
    t->df = (vx + vy) * (vx + vy) / (vx * vx / (double)(nx - 1) + vy * vy / (double)(ny - 1));
    t->p = 2 * sn_t_sf(fabs(t->statistic), t->df);
    return SN_OK;
}

/* ---- counts --------------------------------------------------------------------------------- */

static double row_sum(const uint64_t *count, size_t cols, size_t i)
{
    double sum = 0;

    for (size_t j = 0; j < cols; j++)
        sum += (double)count[i * cols + j];
    return sum;
}

static double col_sum(const uint64_t *count, size_t rows, size_t cols, size_t j)
{
    double sum = 0;

    for (size_t i = 0; i < rows; i++)
        sum += (double)count[i * cols + j];
    return sum;
}

void sn_chisq_table(const uint64_t *count, size_t rows, size_t cols, bool yates, struct sn_two_sample *t, double *least)
{
    double total = 0, q = 0, smallest = INFINITY;
    size_t used_rows = 0, used_cols = 0;

    for (size_t i = 0; i < rows; i++) {
        total += row_sum(count, cols, i);
        used_rows += row_sum(count, cols, i) > 0;
    }
    for (size_t j = 0; j < cols; j++)
        used_cols += col_sum(count, rows, cols, j) > 0;
    for (size_t j = 0; j < cols; j++) {
        double column = col_sum(count, rows, cols, j);

        for (size_t i = 0; i < rows; i++) {
            double expected = row_sum(count, cols, i) * column / total, d = fabs((double)count[i * cols + j] - expected);

            if (!(expected > 0))
                continue;
            smallest = SN_MIN(smallest, expected);
            if (yates && used_rows == 2 && used_cols == 2)
                d -= SN_MIN(0.5, d);
            q += d * d / expected;
        }
    }
    if (least)
        *least = smallest;
    *t = (struct sn_two_sample){ NAN, NAN, NAN };
    if (used_rows < 2 || used_cols < 2)
        return;
    t->statistic = q;
    t->df = (double)((used_rows - 1) * (used_cols - 1));
    t->p = sn_chisq_sf(q, t->df);
}

/* ---- Fisher: a given all margins is hypergeometric, with an odds ratio noncentral ------------------- */

struct hyper {
    uint64_t lo, hi, a; /* range of the first cell, and what it is */
    double *log_weight; /* [hi - lo + 1] log of the central probability, up to a constant */
};

/* Sums of weight * odds^x over all x, over x <= a, over x >= a, and of x; scaled by the largest term. */
static void sums(const struct hyper *h, double log_odds, double *all, double *below, double *above, double *mean)
{
    double top = -INFINITY;

    *all = *below = *above = *mean = 0;
    for (uint64_t x = h->lo; x <= h->hi; x++)
        top = SN_MAX(top, h->log_weight[x - h->lo] + (double)x * log_odds);
    for (uint64_t x = h->lo; x <= h->hi; x++) {
        double w = exp(h->log_weight[x - h->lo] + (double)x * log_odds - top);

        *all += w;
        *below += x <= h->a ? w : 0;
        *above += x >= h->a ? w : 0;
        *mean += w * (double)x;
    }
    *mean /= *all;
}

enum target { MEAN, LOWER, UPPER };

/* Is u above the log odds ratio at which the mean is a, or the tail that rises (LOWER) or falls (UPPER) with it is alpha? */
static bool above_answer(const struct hyper *h, enum target what, double alpha, double u)
{
    double all, below, above, mean;

    sums(h, u, &all, &below, &above, &mean);
    return what == MEAN ? mean > (double)h->a : what == LOWER ? above / all > alpha : below / all < alpha;
}

/* All three are monotone: bisection, from an interval doubled until it holds the answer. */
static double solve(const struct hyper *h, enum target what, double alpha)
{
    double lo = -1, hi = 1;

    while (above_answer(h, what, alpha, lo) && lo > -1000)
        lo *= 2;
    while (!above_answer(h, what, alpha, hi) && hi < 1000)
        hi *= 2;
    for (;;) {
        double mid = lo + (hi - lo) / 2;

        if (mid <= lo || mid >= hi)
            return mid;
        if (above_answer(h, what, alpha, mid))
            hi = mid;
        else
            lo = mid;
    }
}

/* From one x to the next the hypergeometric probability changes by a ratio: no factorials. */
static void weights(struct hyper *h, double row, double col, double total)
{
    h->log_weight[0] = 0;
    for (uint64_t x = h->lo; x < h->hi; x++) {
        double k = (double)x;

        h->log_weight[x + 1 - h->lo] = h->log_weight[x - h->lo] + log((row - k) / (k + 1) * ((col - k) / (total - row - col + k + 1)));
    }
}

int sn_fisher_exact(uint64_t a, uint64_t b, uint64_t c, uint64_t d, double level, struct sn_fisher *f, struct sn_error *err)
{
    static const uint64_t limit = (uint64_t)1 << 31;
    double all, below, above, mean, top = -INFINITY, as_likely = 0;
    struct hyper h = { .a = a };
    uint64_t row = a + b, col = a + c, n = row + c + d;

    *f = (struct sn_fisher){ NAN, NAN, { NAN, NAN } };
    if (!(level > 0 && level < 1))
        return SN_FAIL(err, SN_EINVAL, "confidence level is %g, expected a number between 0 and 1", level);
    if (a > limit || b > limit || c > limit || d > limit || n > limit)
        return SN_FAIL(err, SN_ELIMIT, "Fisher's test: more than %llu cases", (unsigned long long)limit);
    h.lo = row + col > n ? row + col - n : 0;
    h.hi = SN_MIN(row, col);
    h.log_weight = malloc((size_t)(h.hi - h.lo + 1) * sizeof *h.log_weight);
    if (!h.log_weight)
        return SN_NOMEM(err, "Fisher's test");
    weights(&h, (double)row, (double)col, (double)n);
    sums(&h, 0, &all, &below, &above, &mean);
    for (uint64_t x = h.lo; x <= h.hi; x++)
        top = SN_MAX(top, h.log_weight[x - h.lo]);
    for (uint64_t x = h.lo; x <= h.hi; x++)
        if (h.log_weight[x - h.lo] <= h.log_weight[a - h.lo] + log1p(1e-7))
            as_likely += exp(h.log_weight[x - h.lo] - top);
    f->p = SN_MIN(1, as_likely / all);
    if (h.lo < h.hi) {
        f->odds_ratio = a == h.lo ? 0 : a == h.hi ? INFINITY : exp(solve(&h, MEAN, 0));
        f->ci.lo = a == h.lo ? 0 : exp(solve(&h, LOWER, (1 - level) / 2));
        f->ci.hi = a == h.hi ? INFINITY : exp(solve(&h, UPPER, (1 - level) / 2));
    }
    free(h.log_weight);
    return SN_OK;
}
