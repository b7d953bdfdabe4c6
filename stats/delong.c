/*
 * delong.c: variance and tests of AUCs.
 *
 * Sun & Xu get the placement values from mid-ranks in the pooled sample and in each class. Here the curve's corners hold
 * the same counts already: at one score, negatives below are n_neg - fp[k], positives above tp[k + 1], equals the differences.
 */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

static double placement_of_positive(const struct sn_roc *r, size_t k)
{
    return ((double)(r->n_neg - r->fp[k]) + 0.5 * (double)(r->fp[k] - r->fp[k + 1])) / r->n_neg;
}

static double placement_of_negative(const struct sn_roc *r, size_t k)
{
    return ((double)r->tp[k + 1] + 0.5 * (double)(r->tp[k] - r->tp[k + 1])) / r->n_pos;
}

void sn_roc_placements(const struct sn_roc *r, double *v)
{
    size_t k = 0;

    for (size_t i = 0; i < r->n; i++) {
        v[r->order[i]] = r->mark[i] & SN_ROC_POSITIVE ? placement_of_positive(r, k) : placement_of_negative(r, k);
        k += (r->mark[i] & SN_ROC_LAST) != 0;
    }
}

/* Sums of squared (or crossed) deviations of each class, as the variance of a mean; NaN for a class of one. */
static double combine(const struct sn_roc *r, double pos, double neg)
{
    double m = r->n_pos, n = r->n_neg;

    return m > 1 && n > 1 ? pos / (m * (m - 1)) + neg / (n * (n - 1)) : NAN;
}

double sn_roc_variance(const struct sn_roc *r)
{
    double pos = 0, neg = 0;

    for (size_t k = 0; k < r->levels; k++) {
        double dp = placement_of_positive(r, k) - r->auc, dn = placement_of_negative(r, k) - r->auc;

        pos += (double)(r->tp[k] - r->tp[k + 1]) * dp * dp;
        neg += (double)(r->fp[k] - r->fp[k + 1]) * dn * dn;
    }
    return combine(r, pos, neg);
}

/* Outcomes by observation, and that all curves agree on them. *label is fresh memory. */
static int labels(const struct sn_roc *const *roc, int k, uint8_t **label, struct sn_error *err)
{
    size_t n = roc[0]->n;

    *label = malloc(n);
    if (!*label)
        return SN_NOMEM(err, "DeLong's covariance");
    for (size_t i = 0; i < n; i++)
        (*label)[roc[0]->order[i]] = roc[0]->mark[i] & SN_ROC_POSITIVE;
    for (int j = 1; j < k; j++) {
        bool same = roc[j]->n == n;

        for (size_t i = 0; same && i < n; i++)
            same = (*label)[roc[j]->order[i]] == (roc[j]->mark[i] & SN_ROC_POSITIVE);
        if (!same) {
            free(*label);
            return SN_FAIL(err, SN_EINVAL, "ROC: scores 1 and %d are not of the same cases with the same outcomes", j + 1);
        }
    }
    return SN_OK;
}

int sn_roc_covariance(const struct sn_roc *const *roc, int k, double *cov, struct sn_error *err)
{
    size_t n, bytes;
    uint8_t *label;
    double *v;

    if (k < 1)
        return SN_FAIL(err, SN_EINVAL, "ROC: covariance of %d scores, expected at least 1", k);
    n = roc[0]->n;
    SN_TRY(sn_size_mul3(&bytes, n, (size_t)k, sizeof *v, err));
    SN_TRY(labels(roc, k, &label, err));
    v = malloc(bytes);
    if (!v) {
        free(label);
        return SN_NOMEM(err, "DeLong's covariance");
    }
    for (int j = 0; j < k; j++)
        sn_roc_placements(roc[j], v + (size_t)j * n);
    for (int a = 0; a < k; a++)
        for (int b = a; b < k; b++) {
            const double *va = v + (size_t)a * n, *vb = v + (size_t)b * n;
            double sum[2] = { 0, 0 };

            for (size_t i = 0; i < n; i++)
                sum[label[i]] += (va[i] - roc[a]->auc) * (vb[i] - roc[b]->auc);
            cov[a * k + b] = cov[b * k + a] = combine(roc[0], sum[1], sum[0]);
        }
    free(v);
    free(label);
    return SN_OK;
}

struct sn_interval sn_auc_ci(double auc, double var, double level, enum sn_auc_scale scale)
{
    double sd = sqrt(var), z = sn_norm_z(level);

    if (isnan(sd) || isnan(z) || isnan(auc))
        return (struct sn_interval){ NAN, NAN };
    if (scale == SN_AUC_PLAIN)
        return (struct sn_interval){ SN_MAX(auc - z * sd, 0), SN_MIN(auc + z * sd, 1) };
    if (!(auc > 0 && auc < 1))
        return (struct sn_interval){ NAN, NAN };
    z *= sd / (auc * (1 - auc));
    return (struct sn_interval){ sn_sigmoid(sn_logit(auc) - z), sn_sigmoid(sn_logit(auc) + z) };
}

/* From diff, sd and df: the rest. */
static void finish(struct sn_auc_test *t, double level)
{
    double q = isinf(t->df) ? sn_norm_z(level) : -sn_t_quantile(0.5 * (1 - level), t->df);

    t->statistic = t->diff == 0 && t->sd == 0 ? 0 : t->diff / t->sd;
    t->p = 2 * (isinf(t->df) ? sn_norm_sf(fabs(t->statistic)) : sn_t_sf(fabs(t->statistic), t->df));
    t->ci = (struct sn_interval){ t->diff - q * t->sd, t->diff + q * t->sd };
}

/* The difference's own placements, so that two alike scores lose nothing to cancellation. */
int sn_auc_test_paired(const struct sn_roc *a, const struct sn_roc *b, double level, struct sn_auc_test *t, struct sn_error *err)
{
    const struct sn_roc *both[2] = { a, b };
    double *v, sum[2] = { 0, 0 };
    size_t bytes, n = a->n;
    uint8_t *label;

    SN_TRY(sn_size_mul3(&bytes, n, 2, sizeof *v, err));
    SN_TRY(labels(both, 2, &label, err));
    v = malloc(bytes);
    if (!v) {
        free(label);
        return SN_NOMEM(err, "DeLong's test");
    }
    sn_roc_placements(a, v);
    sn_roc_placements(b, v + n);
    *t = (struct sn_auc_test){ .diff = a->auc - b->auc, .df = INFINITY };
    for (size_t i = 0; i < n; i++) {
        double d = (v[i] - v[n + i]) - t->diff;

        sum[label[i]] += d * d;
    }
    t->sd = sqrt(combine(a, sum[1], sum[0]));
    finish(t, level);
    free(v);
    free(label);
    return SN_OK;
}

void sn_auc_test_unpaired(const struct sn_roc *a, const struct sn_roc *b, double level, struct sn_auc_test *t)
{
    double va = sn_roc_variance(a), vb = sn_roc_variance(b), sum = va + vb;

    *t = (struct sn_auc_test){ .diff = a->auc - b->auc, .sd = sqrt(sum) };
    t->df = sum > 0 ? sum * sum / (va * va / (double)(a->n - 1) + vb * vb / (double)(b->n - 1)) : sum == 0 ? INFINITY : NAN;
    finish(t, level);
}
