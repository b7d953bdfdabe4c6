/* mrmc.c: Obuchowski-Rockette analysis of variance on figures of merit whose covariances are known. */
#include "stats/mrmc.h"
#include "stats/tails.h"

#include <math.h>
#include <stdlib.h>

/* ---- placements ----------------------------------------------------------------------------------------- */

struct ranked {
    double x;
    size_t at;     /* case */
    bool diseased;
};

static int by_score(const void *a, const void *b)
{
    const struct ranked *p = a, *q = b;

    return (p->x > q->x) - (p->x < q->x);
}

/*
 * One sort: walking up the groups of equal scores, the diseased lie above all others so far and half of those in
 * the group; the same the other way round. Whole and half numbers, so nothing is rounded before the division.
 */
int sn_placements(const int *y, const double *x, size_t n, double *v1, double *v0, double *auc, struct sn_error *err)
{
    struct ranked *r = malloc((n + 1) * sizeof *r);
    double *v = malloc((n + 1) * sizeof *v), sum = 0, n1 = 0, n0 = 0, below1 = 0, below0 = 0;
    size_t k1 = 0, k0 = 0;

    if (!r || !v) {
        free(r);
        free(v);
        return SN_NOMEM(err, "placements");
    }
    for (size_t i = 0; i < n; i++) {
        r[i] = (struct ranked){ x[i], i, y[i] != 0 };
        n1 += y[i] != 0;
        n0 += y[i] == 0;
    }
    qsort(r, n, sizeof *r, by_score);
    for (size_t i = 0, end; i < n; i = end) {
        double in1 = 0, in0 = 0;

        for (end = i; end < n && r[end].x == r[i].x; end++) {
            in1 += r[end].diseased;
            in0 += !r[end].diseased;
        }
        for (size_t k = i; k < end; k++)
            v[r[k].at] = r[k].diseased ? (below0 + in0 / 2) / n0 : (n1 - below1 - in1 / 2) / n1;
        sum += in1 * (below0 + in0 / 2);
        below1 += in1;
        below0 += in0;
    }
    for (size_t i = 0; i < n; i++) {
        if (y[i])
            v1[k1++] = v[i];
        else
            v0[k0++] = v[i];
    }
    *auc = sum / (n1 * n0);
    free(r);
    free(v);
    return SN_OK;
}

/* ---- covariances ------------------------------------------------------------------------------------------ */

/* Sum over k of (a - mean a)(b - mean b). */
static double products(const double *a, double mean_a, const double *b, double mean_b, size_t n)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++)
        sum += (a[k] - mean_a) * (b[k] - mean_b);
    return sum;
}

/*
 * Every merit here is a mean of components v1 over the diseased and of v0 over the others (AUC), or of one of them
 * (sensitivity, specificity; the other's components are all equal to the merit, so they add nothing). Left out of n1,
 * component i changes the mean by (merit - v1[i]) / (n1 - 1): the jackknife needs no second estimate.
 */
static void covariances(enum sn_mrmc_cov how, const double *v1, const double *v0, const double *merit, size_t n1,
                        size_t n0, int m, double *cov)
{
    double a1 = (double)n1, a0 = (double)n0, n = a1 + a0;
    double c1 = how == SN_COV_DELONG ? 1 / (a1 * (a1 - 1)) : (n - 1) / n / ((a1 - 1) * (a1 - 1));
    double c0 = how == SN_COV_DELONG ? 1 / (a0 * (a0 - 1)) : (n - 1) / n / ((a0 - 1) * (a0 - 1));

    for (int i = 0; i < m; i++)
        for (int k = i; k < m; k++) {
            double s = c1 * products(v1 + (size_t)i * n1, merit[i], v1 + (size_t)k * n1, merit[k], n1) +
                       c0 * products(v0 + (size_t)i * n0, merit[i], v0 + (size_t)k * n0, merit[k], n0);

            cov[i * m + k] = cov[k * m + i] = s;
        }
}

static int components(enum sn_mrmc_merit what, const int *y, size_t n, const double *x, size_t n1, size_t n0, double *v1,
                      double *v0, double *merit, struct sn_error *err)
{
    double sum = 0;
    size_t k1 = 0, k0 = 0;
    bool sensitivity = what == SN_MERIT_SENSITIVITY;

    if (what == SN_MERIT_AUC)
        return sn_placements(y, x, n, v1, v0, merit, err);
    for (size_t i = 0; i < n; i++) {
        if (y[i])
            v1[k1++] = x[i];
        else
            v0[k0++] = 1 - x[i];
    }
    for (size_t k = 0; k < (sensitivity ? n1 : n0); k++)
        sum += sensitivity ? v1[k] : v0[k];
    *merit = sum / (double)(sensitivity ? n1 : n0);
    for (size_t k = 0; k < (sensitivity ? n0 : n1); k++)
        (sensitivity ? v0 : v1)[k] = *merit;
    return SN_OK;
}

static int check_input(enum sn_mrmc_merit what, const int *y, size_t n, const double *const *x, int m, size_t *n1,
                       struct sn_error *err)
{
    *n1 = 0;
    for (size_t i = 0; i < n; i++)
        *n1 += y[i] != 0;
    if (*n1 < 2 || n - *n1 < 2)
        return SN_FAIL(err, SN_EINVAL, "readers: %zu cases with and %zu without disease, at least 2 of each are needed", *n1,
                       n - *n1);
    for (int k = 0; k < m; k++)
        for (size_t i = 0; i < n; i++)
            if (!isfinite(x[k][i]) || (what != SN_MERIT_AUC && x[k][i] != 0 && x[k][i] != 1))
                return SN_FAIL(err, SN_EINVAL, "readers: set %d, case %zu: %g is not %s", k + 1, i + 1, x[k][i],
                               what == SN_MERIT_AUC ? "a finite score" : "a call of 0 or 1");
    return SN_OK;
}

int sn_mrmc_covariance(enum sn_mrmc_merit what, enum sn_mrmc_cov how, const int *y, size_t n, const double *const *x,
                       int m, double *merit, double *cov, struct sn_error *err)
{
    double *v1 = NULL, *v0 = NULL;
    size_t n1, n0;
    int rc;

    SN_TRY(check_input(what, y, n, x, m, &n1, err));
    n0 = n - n1;
    v1 = calloc((size_t)m * n1, sizeof *v1);
    v0 = calloc((size_t)m * n0, sizeof *v0);
    rc = v1 && v0 ? SN_OK : SN_NOMEM(err, "placements");
    for (int k = 0; k < m && !rc; k++)
        rc = components(what, y, n, x[k], n1, n0, v1 + (size_t)k * n1, v0 + (size_t)k * n0, &merit[k], err);
    if (!rc)
        covariances(how, v1, v0, merit, n1, n0, m, cov);
    free(v1);
    free(v0);
    return rc;
}

/* ---- analysis of variance ------------------------------------------------------------------------------------ */

static void mean_squares(const double *merit, int t, int r, struct sn_mrmc *m)
{
    double grand = 0, st = 0, sr = 0, all = 0;

    for (int i = 0; i < t * r; i++)
        grand += merit[i] / (t * r);
    for (int i = 0; i < t; i++) {
        double mean = 0;

        for (int k = 0; k < r; k++)
            mean += merit[i * r + k] / r;
        st += r * (mean - grand) * (mean - grand);
        m->diff += i == 1 ? mean : i == 0 ? -mean : 0;
    }
    for (int k = 0; k < r; k++) {
        double mean = 0;

        for (int i = 0; i < t; i++)
            mean += merit[i * r + k] / t;
        sr += t * (mean - grand) * (mean - grand);
        for (int i = 0; i < t; i++)
            all += (merit[i * r + k] - mean) * (merit[i * r + k] - mean);
    }
    m->ms_test = st / (t - 1);
    m->ms_reader = r > 1 ? sr / (r - 1) : (double)NAN;
    m->ms_test_reader = r > 1 ? fmax(all - st, 0) / ((t - 1) * (r - 1)) : (double)NAN;
}

/* Averages of the covariance matrix's four kinds of entries. */
static void mean_covariances(const double *cov, int t, int r, struct sn_mrmc *m)
{
    double sum[4] = { 0 };
    long n[4] = { 0 };

    for (int i = 0; i < t * r; i++)
        for (int k = 0; k < t * r; k++) {
            int kind = (i / r == k / r ? 0 : 1) + (i % r == k % r ? 0 : 2);

            sum[kind] += cov[i * t * r + k];
            n[kind]++;
        }
    m->var = sum[0] / (double)n[0];
    m->cov1 = sum[1] / (double)n[1];
    m->cov2 = n[2] ? sum[2] / (double)n[2] : 0;
    m->cov3 = n[3] ? sum[3] / (double)n[3] : 0;
}

/* From the mean square a test's is compared with, and its degrees of freedom. */
static struct sn_mrmc_test test(const struct sn_mrmc *m, double denominator, double df2, double level)
{
    struct sn_mrmc_test r = { .df1 = m->tests - 1, .df2 = df2 };
    double half;

    r.f = m->ms_test / denominator;
    r.p = sn_tail_f(r.f, r.df1, df2);
    r.se = sqrt(2 * denominator / m->readers);
    r.df = df2;
    half = sn_tail_t_q((1 + level) / 2, df2) * r.se;
    r.lo = m->diff - half;
    r.hi = m->diff + half;
    r.p_diff = sn_tail_t2(m->diff / r.se, df2);
    if (!(denominator > 0)) /* no variance at all: nothing to test with */
        r = (struct sn_mrmc_test){ NAN, r.df1, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
    return r;
}

static int check_design(int t, int r, double level, struct sn_error *err)
{
    if (t < 1 || r < 1 || t > 1000 || r > 1000)
        return SN_FAIL(err, SN_EINVAL, "readers: %d tests and %d readers, expected at least one of each", t, r);
    if (!(level > 0 && level < 1))
        return SN_FAIL(err, SN_EINVAL, "readers: a confidence level of %g, expected one between 0 and 1", level);
    return SN_OK;
}

int sn_mrmc_compare(const double *merit, const double *cov, int t, int r, double level, struct sn_mrmc *m,
                    struct sn_error *err)
{
    double extra, d, cells = (double)(t - 1) * (r - 1);

    *m = (struct sn_mrmc){ .tests = t, .readers = r, .few_readers = r < SN_MRMC_ENOUGH_READERS };
    SN_TRY(check_design(t, r, level, err));
    if (t < 2)
        return SN_FAIL(err, SN_EINVAL, "readers: one test only, at least 2 are needed to compare");
    mean_squares(merit, t, r, m);
    mean_covariances(cov, t, r, m);
    extra = r * fmax(m->cov2 - m->cov3, 0);
    d = m->ms_test_reader + extra;
    m->random_both = test(m, d, d * d / (m->ms_test_reader * m->ms_test_reader / cells), level);
    m->fixed_cases = test(m, m->ms_test_reader, cells, level);
    m->fixed_readers = test(m, m->var - m->cov1 + (r - 1) * fmax(m->cov2 - m->cov3, 0), INFINITY, level);
    return SN_OK;
}

static struct sn_mrmc_interval interval(double mean, double null, double variance, double df, double level)
{
    struct sn_mrmc_interval r = { NAN, NAN, NAN, NAN, NAN };

    if (!(variance > 0))
        return r;
    r.se = sqrt(variance);
    r.df = df;
    r.lo = mean - sn_tail_t_q((1 + level) / 2, df) * r.se;
    r.hi = mean + sn_tail_t_q((1 + level) / 2, df) * r.se;
    r.p = sn_tail_t2((mean - null) / r.se, df);
    return r;
}

int sn_mrmc_one(const double *merit, const double *cov, int r, double null, double level, struct sn_mrmc_mean *m,
                struct sn_error *err)
{
    double shared, total;

    *m = (struct sn_mrmc_mean){ .few_readers = r < SN_MRMC_ENOUGH_READERS };
    SN_TRY(check_design(1, r, level, err));
    for (int k = 0; k < r; k++) {
        m->mean += merit[k] / r;
        for (int i = 0; i < r; i++)
            *(i == k ? &m->var : &m->cov2) += cov[k * r + i] / (i == k ? r : (double)r * (r - 1));
    }
    for (int k = 0; k < r; k++)
        m->ms_reader += (merit[k] - m->mean) * (merit[k] - m->mean) / (r - 1); /* one reader: 0 / 0 */
    if (r == 1)
        m->ms_reader = NAN;
    shared = fmax(m->cov2, 0);
    total = m->ms_reader + r * shared;
    m->random_both = interval(m->mean, null, total / r, total * total / (m->ms_reader * m->ms_reader / (r - 1)), level);
    m->fixed_cases = interval(m->mean, null, m->ms_reader / r, r - 1, level);
    m->fixed_readers = interval(m->mean, null, (m->var + (r - 1) * shared) / r, INFINITY, level);
    return SN_OK;
}
