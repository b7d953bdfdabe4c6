/* agreement.c: kappa, weighted and of many raters, and AC1. */
#include "stats/agreement.h"
#include "stats/tails.h"

#include <math.h>
#include <stdlib.h>

static int check_sizes(const char *what, size_t n, int q, double level, struct sn_error *err)
{
    if (n < 2)
        return SN_FAIL(err, SN_EINVAL, "%s: %zu subjects, at least 2 are needed", what, n);
    if (q < 2 || q > SN_MAX_CATEGORIES)
        return SN_FAIL(err, SN_EINVAL, "%s: %d categories, expected 2 to %d", what, q, SN_MAX_CATEGORIES);
    if (!(level > 0 && level < 1))
        return SN_FAIL(err, SN_EINVAL, "%s: a confidence level of %g, expected one between 0 and 1", what, level);
    return SN_OK;
}

static void normal_test(struct sn_agreement *k, double null_se)
{
    k->z = k->value / null_se;
    k->p = 2 * sn_tail_normal(fabs(k->z));
    if (!isfinite(k->z))
        k->z = k->p = NAN;
}

/* ---- two raters ---------------------------------------------------------------------------------------- */

static double weight(int i, int j, int q, enum sn_kappa_weights rule)
{
    double d = (double)abs(i - j) / (q - 1);

    if (rule == SN_KAPPA_UNWEIGHTED)
        return i == j;
    return rule == SN_KAPPA_LINEAR ? 1 - d : 1 - d * d;
}

/* Table of proportions p[q][q], its margins, and each category's mean weight under the other rater's margin. */
struct kappa_table {
    double p[SN_MAX_CATEGORIES][SN_MAX_CATEGORIES];
    double row[SN_MAX_CATEGORIES], col[SN_MAX_CATEGORIES], w_row[SN_MAX_CATEGORIES], w_col[SN_MAX_CATEGORIES];
};

static void fill(struct kappa_table *t, const int *a, const int *b, size_t n, int q, enum sn_kappa_weights rule)
{
    for (size_t i = 0; i < n; i++)
        t->p[a[i]][b[i]] += 1;
    for (int i = 0; i < q; i++)
        for (int j = 0; j < q; j++) {
            t->p[i][j] /= (double)n;
            t->row[i] += t->p[i][j];
            t->col[j] += t->p[i][j];
        }
    for (int i = 0; i < q; i++)
        for (int j = 0; j < q; j++) {
            t->w_row[i] += t->col[j] * weight(i, j, q, rule);
            t->w_col[i] += t->row[j] * weight(j, i, q, rule);
        }
}

static void kappa(const struct kappa_table *t, int q, enum sn_kappa_weights rule, double level, struct sn_agreement *k)
{
    double spread = 0, null = 0, z = sn_tail_normal_q((1 + level) / 2), centre, n = (double)k->n, room;

    for (int i = 0; i < q; i++)
        for (int j = 0; j < q; j++) {
            k->observed += weight(i, j, q, rule) * t->p[i][j];
            k->expected += weight(i, j, q, rule) * t->row[i] * t->col[j];
        }
    room = 1 - k->expected;
    if (!(room > 1e-12)) { /* one category throughout: nothing but rounding is left */
        k->value = k->se = k->lo = k->hi = k->z = k->p = NAN;
        return;
    }
    k->value = (k->observed - k->expected) / room;
    for (int i = 0; i < q; i++)
        for (int j = 0; j < q; j++) {
            double w = weight(i, j, q, rule), mean = t->w_row[i] + t->w_col[j];
            double d = w - mean * (1 - k->value), d0 = w - mean;

            spread += t->p[i][j] * d * d;
            null += t->row[i] * t->col[j] * d0 * d0;
        }
    centre = k->value - k->expected * (1 - k->value);
    k->se = sqrt(fmax(spread - centre * centre, 0) / n) / room;
    k->lo = k->value - z * k->se;
    k->hi = k->value + z * k->se;
    normal_test(k, sqrt(fmax(null - k->expected * k->expected, 0) / n) / room);
}

int sn_cohen_kappa(const int *a, const int *b, size_t n, int q, enum sn_kappa_weights weights, double level,
                   struct sn_agreement *k, struct sn_error *err)
{
    struct kappa_table *t;

    *k = (struct sn_agreement){ .n = n, .raters = 2, .categories = q };
    SN_TRY(check_sizes("Cohen's kappa", n, q, level, err));
    for (size_t i = 0; i < n; i++)
        if (a[i] < 0 || a[i] >= q || b[i] < 0 || b[i] >= q)
            return SN_FAIL(err, SN_EINVAL, "Cohen's kappa: subject %zu has category %d, expected 0 to %d", i + 1,
                           a[i] < 0 || a[i] >= q ? a[i] : b[i], q - 1);
    t = calloc(1, sizeof *t);
    if (!t)
        return SN_NOMEM(err, "a table of ratings");
    fill(t, a, b, n, q, weights);
    kappa(t, q, weights, level, k);
    free(t);
    return SN_OK;
}

/* ---- many raters ------------------------------------------------------------------------------------------- */

/* Number of raters, shares of the categories. */
static int margins(const char *what, const int *counts, size_t n, int q, double *share, int *raters, struct sn_error *err)
{
    for (size_t i = 0; i < n; i++) {
        long sum = 0;

        for (int c = 0; c < q; c++) {
            int count = counts[i * (size_t)q + (size_t)c];

            if (count < 0)
                return SN_FAIL(err, SN_EINVAL, "%s: subject %zu has a count of %d", what, i + 1, count);
            sum += count;
            share[c] += count;
        }
        if (i == 0)
            *raters = (int)SN_MIN(sum, 1000000);
        if (sum < 2 || sum != *raters)
            return SN_FAIL(err, SN_EINVAL, "%s: subject %zu has %ld ratings, expected %s", what, i + 1, sum,
                           i ? "as many as the first" : "2 or more");
    }
    for (int c = 0; c < q; c++)
        share[c] /= (double)n * *raters;
    return SN_OK;
}

/* A subject's agreement among its raters: pairs alike over all pairs. */
static double pairs_alike(const int *counts, int q, int raters)
{
    double sum = 0;

    for (int c = 0; c < q; c++)
        sum += (double)counts[c] * (counts[c] - 1);
    return sum / ((double)raters * (raters - 1));
}

/*
 * Both coefficients are (observed - expected) / (1 - expected), with expected = sum of chance[c] * share[c]; chance is the
 * share (Fleiss) or (1 - share) / (q - 1) (Gwet). The variance is that of the mean of each subject's linearised value.
 */
static int chance_corrected(const char *what, const int *counts, size_t n, int q, double level, bool gwet,
                            double *share, struct sn_agreement *k, struct sn_error *err)
{
    double chance[SN_MAX_CATEGORIES], sum = 0, t;
    int m = 0;

    *k = (struct sn_agreement){ .n = n, .categories = q };
    SN_TRY(check_sizes(what, n, q, level, err));
    SN_TRY(margins(what, counts, n, q, share, &m, err));
    k->raters = m;
    for (int c = 0; c < q; c++) {
        chance[c] = gwet ? (1 - share[c]) / (q - 1) : share[c];
        k->expected += chance[c] * share[c];
    }
    for (size_t i = 0; i < n; i++)
        k->observed += pairs_alike(counts + i * (size_t)q, q, m);
    k->observed /= (double)n;
    k->value = k->se = k->lo = k->hi = k->z = k->p = NAN;
    if (!(1 - k->expected > 1e-12))
        return SN_OK;
    k->value = (k->observed - k->expected) / (1 - k->expected);
    for (size_t i = 0; i < n; i++) {
        const int *row = counts + i * (size_t)q;
        double expected = 0, d;

        for (int c = 0; c < q; c++)
            expected += chance[c] * row[c] / m;
        d = (pairs_alike(row, q, m) - k->expected) / (1 - k->expected) -
            2 * (1 - k->value) * (expected - k->expected) / (1 - k->expected) - k->value;
        sum += d * d;
    }
    k->se = sqrt(sum / ((double)n * (double)(n - 1)));
    t = sn_tail_t_q((1 + level) / 2, (double)(n - 1));
    k->lo = k->value - t * k->se;
    k->hi = k->value + t * k->se;
    return SN_OK;
}

int sn_fleiss_kappa(const int *counts, size_t n, int q, double level, struct sn_agreement *k, struct sn_error *err)
{
    double share[SN_MAX_CATEGORIES] = { 0 }, spread = 0, skew = 0;

    SN_TRY(chance_corrected("Fleiss' kappa", counts, n, q, level, false, share, k, err));
    for (int c = 0; c < q; c++) {
        spread += share[c] * (1 - share[c]);
        skew += share[c] * (1 - share[c]) * (1 - 2 * share[c]);
    }
    normal_test(k, sqrt(2 * (spread * spread - skew) / ((double)n * k->raters * (k->raters - 1))) / spread);
    return SN_OK;
}

int sn_gwet_ac1(const int *counts, size_t n, int q, double level, struct sn_agreement *k, struct sn_error *err)
{
    double share[SN_MAX_CATEGORIES] = { 0 };

    return chance_corrected("AC1", counts, n, q, level, true, share, k, err);
}
