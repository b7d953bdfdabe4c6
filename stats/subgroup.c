/* subgroup.c: the same measure in several groups, and whether it differs between them. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

struct sn_heterogeneity sn_heterogeneity(const double *estimate, const double *variance, size_t k)
{
    struct sn_heterogeneity h = { .chisq = NAN, .p = NAN, .pooled = NAN };
    double weights = 0, sum = 0, q = 0;

    for (size_t i = 0; i < k; i++)
        if (isfinite(estimate[i]) && variance[i] > 0 && isfinite(variance[i])) {
            weights += 1 / variance[i];
            sum += estimate[i] / variance[i];
            h.used++;
        }
    if (h.used == 0)
        return h;
    h.pooled = sum / weights;
    if (h.used < 2)
        return h;
    for (size_t i = 0; i < k; i++)
        if (isfinite(estimate[i]) && variance[i] > 0 && isfinite(variance[i]))
            q += (estimate[i] - h.pooled) * (estimate[i] - h.pooled) / variance[i];
    h.chisq = q;
    h.df = (int)h.used - 1;
    h.p = sn_chisq_sf(q, h.df);
    return h;
}

struct sn_heterogeneity sn_proportions_test(const uint64_t *x, const uint64_t *n, size_t k)
{
    struct sn_heterogeneity h = { .chisq = NAN, .p = NAN, .pooled = NAN };
    double hits = 0, total = 0, q = 0;

    for (size_t i = 0; i < k; i++) {
        hits += (double)x[i];
        total += (double)n[i];
        h.used += n[i] > 0;
    }
    if (h.used == 0)
        return h;
    h.pooled = hits / total;
    if (h.used < 2)
        return h;
    for (size_t i = 0; i < k && hits > 0 && hits < total; i++) {
        double d = (double)x[i] - (double)n[i] * h.pooled;

        if (n[i] > 0)
            q += d * d / ((double)n[i] * h.pooled * (1 - h.pooled));
    }
    h.chisq = q;
    h.df = (int)h.used - 1;
    h.p = sn_chisq_sf(q, h.df);
    return h;
}

/* ---- areas in groups ------------------------------------------------------------------------ */

/* The cases of one group, packed: scratch of three columns of n. */
struct part {
    double *column[3];
    size_t n, n_pos;
};

static int part_init(struct part *p, const uint32_t *group, size_t n, size_t k, struct sn_error *err)
{
    size_t bytes;

    *p = (struct part){ 0 };
    for (size_t i = 0; i < n; i++)
        if (group[i] > k)
            return SN_FAIL(err, SN_EINVAL, "subgroups: observation %zu is of group %u, expected at most %zu", i + 1, (unsigned)group[i], k);
    SN_TRY(sn_size_mul3(&bytes, n + 1, 3, sizeof(double), err));
    p->column[0] = malloc(bytes);
    if (!p->column[0])
        return SN_NOMEM(err, "subgroups");
    p->column[1] = p->column[0] + n;
    p->column[2] = p->column[1] + n;
    return SN_OK;
}

/* second may be NULL. */
static void part_take(struct part *p, const double *y, const double *first, const double *second, const uint32_t *group, size_t n, uint32_t g)
{
    p->n = p->n_pos = 0;
    for (size_t i = 0; i < n; i++)
        if (group[i] == g) {
            p->column[0][p->n] = y[i];
            p->column[1][p->n] = first[i];
            if (second)
                p->column[2][p->n] = second[i];
            p->n_pos += y[i] == 1;
            p->n++;
        }
}

int sn_subgroup_auc(const double *score, const double *y, const uint32_t *group, size_t n, size_t k, double level, struct sn_subgroup *out,
                    struct sn_heterogeneity *interaction, struct sn_error *err)
{
    double *estimate = calloc(2 * k + 1, sizeof *estimate);
    struct part p = { 0 };
    int rc = estimate ? part_init(&p, group, n, k, err) : SN_NOMEM(err, "subgroups");

    for (uint32_t g = 0; !rc && g < k; g++) {
        struct sn_roc r;

        part_take(&p, y, score, NULL, group, n, g);
        out[g] = (struct sn_subgroup){ p.n, p.n_pos, NAN, NAN, { NAN, NAN } };
        if (p.n_pos > 0 && p.n_pos < p.n) {
            rc = sn_roc_build(p.column[1], p.column[0], p.n, &r, err);
            if (rc)
                break;
            out[g].auc = r.auc;
            out[g].variance = sn_roc_variance(&r);
            out[g].ci = sn_auc_ci(r.auc, out[g].variance, level, SN_AUC_PLAIN);
            sn_roc_free(&r);
        }
        estimate[g] = out[g].auc;
        estimate[k + g] = out[g].variance;
    }
    if (!rc)
        *interaction = sn_heterogeneity(estimate, estimate + k, k);
    free(p.column[0]);
    free(estimate);
    return rc;
}

/* One group's paired test; all NaN when it lacks a class. */
static int part_difference(const struct part *p, double level, struct sn_auc_test *t, struct sn_error *err)
{
    struct sn_roc a = { 0 }, b = { 0 };
    int rc = SN_OK;

    *t = (struct sn_auc_test){ NAN, NAN, NAN, NAN, NAN, { NAN, NAN } };
    if (p->n_pos == 0 || p->n_pos == p->n)
        return SN_OK;
    SN_TRY_OUT(sn_roc_build(p->column[1], p->column[0], p->n, &a, err));
    SN_TRY_OUT(sn_roc_build(p->column[2], p->column[0], p->n, &b, err));
    rc = sn_auc_test_paired(&a, &b, level, t, err);
out:
    sn_roc_free(&a);
    sn_roc_free(&b);
    return rc;
}

int sn_subgroup_diff(const double *first, const double *second, const double *y, const uint32_t *group, size_t n, size_t k, double level, struct sn_auc_test *diff,
                     struct sn_heterogeneity *interaction, struct sn_error *err)
{
    double *estimate = calloc(2 * k + 1, sizeof *estimate);
    struct part p = { 0 };
    int rc = estimate ? part_init(&p, group, n, k, err) : SN_NOMEM(err, "subgroups");

    for (uint32_t g = 0; !rc && g < k; g++) {
        part_take(&p, y, first, second, group, n, g);
        rc = part_difference(&p, level, &diff[g], err);
        estimate[g] = diff[g].diff;
        estimate[k + g] = diff[g].sd * diff[g].sd;
    }
    if (!rc)
        *interaction = sn_heterogeneity(estimate, estimate + k, k);
    free(p.column[0]);
    free(estimate);
    return rc;
}
