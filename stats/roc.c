/* roc.c: the curve's corners, partial area, cut-offs. */
#include "stats/stats.h"

#include "stats/roc_parts.h"

#include <math.h>
#include <stdlib.h>

double sn_threshold_between(double lower, double higher)
{
    double mid = (lower + higher) / 2;

    if (fabs(mid) > 1e100)
        mid = lower / 2 + higher / 2;
    return mid == lower ? higher : mid;
}

/* ---- building ------------------------------------------------------------------------------- */

static int check(const double *score, const double *y, size_t n, struct sn_roc *r, struct sn_error *err)
{
    if (n > UINT32_MAX - 2)
        return SN_FAIL(err, SN_ELIMIT, "ROC: %zu observations, at most %u", n, (unsigned)UINT32_MAX - 2);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(score[i]))
            return SN_FAIL(err, SN_EINVAL, "ROC: score of observation %zu is %g, expected a finite number", i + 1, score[i]);
        if (y[i] != 0 && y[i] != 1)
            return SN_FAIL(err, SN_EINVAL, "ROC: outcome of observation %zu is %g, expected 0 or 1", i + 1, y[i]);
        r->n_pos += y[i] == 1;
    }
    r->n_neg = (uint32_t)n - r->n_pos;
    if (r->n_pos == 0 || r->n_neg == 0)
        return SN_FAIL(err, SN_EINVAL, "ROC: %u positive and %u negative cases, expected at least one of each", (unsigned)r->n_pos, (unsigned)r->n_neg);
    return SN_OK;
}

/* The marks along the order, and the number of distinct scores. */
static void mark(struct sn_roc *r, const double *score, const double *y)
{
    for (size_t i = 0; i < r->n; i++) {
        bool last = i + 1 == r->n || score[r->order[i]] != score[r->order[i + 1]];

        r->mark[i] = (uint8_t)((y[r->order[i]] == 1 ? SN_ROC_POSITIVE : 0) | (last ? SN_ROC_LAST : 0));
        r->levels += last;
    }
}

/* Corners from below: what is not yet passed is at or above the threshold. The area in halves of pairs. */
static void corners(struct sn_roc *r, const double *score)
{
    uint32_t tp = r->n_pos, fp = r->n_neg, k = 0;
    uint64_t twice = 0; /* at most 2 n_pos n_neg < 2^63 */

    r->tp[0] = tp;
    r->fp[0] = fp;
    for (size_t i = 0; i < r->n; i++) {
        if (r->mark[i] & SN_ROC_POSITIVE)
            tp--;
        else
            fp--;
        if (!(r->mark[i] & SN_ROC_LAST))
            continue;
        r->value[k] = score[r->order[i]];
        r->threshold[k] = k ? sn_threshold_between(r->value[k - 1], r->value[k]) : -INFINITY;
        twice += (uint64_t)(r->tp[k] - tp) * (2 * (uint64_t)(r->n_neg - r->fp[k]) + (r->fp[k] - fp));
        k++;
        r->tp[k] = tp;
        r->fp[k] = fp;
    }
    r->threshold[k] = INFINITY;
    r->auc = 0.5 * (double)twice / ((double)r->n_pos * (double)r->n_neg);
}

int sn_roc_build(const double *score, const double *y, size_t n, struct sn_roc *r, struct sn_error *err)
{
    size_t bytes, corner;
    int rc;

    *r = (struct sn_roc){ .n = n };
    SN_TRY(check(score, y, n, r, err));
    SN_TRY(sn_size_mul(&bytes, n, sizeof *r->order, err));
    r->order = malloc(bytes);
    r->mark = malloc(n);
    if (!r->order || !r->mark) {
        rc = SN_NOMEM(err, "a ROC curve");
        goto out;
    }
    SN_TRY_OUT(sn_sort_order(score, n, r->order, err));
    mark(r, score, y);
    SN_TRY_OUT(sn_size_mul(&bytes, (size_t)r->levels + 1, sizeof *r->value, err));
    corner = ((size_t)r->levels + 1) * sizeof *r->tp;
    r->value = malloc(bytes);
    r->threshold = malloc(bytes);
    r->tp = malloc(corner);
    r->fp = malloc(corner);
    if (!r->value || !r->threshold || !r->tp || !r->fp) {
        rc = SN_NOMEM(err, "a ROC curve");
        goto out;
    }
    corners(r, score);
out:
    if (rc)
        sn_roc_free(r);
    return rc;
}

void sn_roc_free(struct sn_roc *r)
{
    free(r->value);
    free(r->threshold);
    free(r->tp);
    free(r->fp);
    free(r->order);
    free(r->mark);
    *r = (struct sn_roc){ 0 };
}

size_t sn_roc_find(const struct sn_roc *r, double t)
{
    size_t lo = 0, hi = r->levels;

    while (lo < hi) { /* the first value >= t */
        size_t mid = lo + (hi - lo) / 2;

        if (r->value[mid] >= t)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

/* ---- along the curve ------------------------------------------------------------------------ */

double sn_curve_sens_at(const struct sn_curve *c, double spec)
{
    size_t lo = 0, hi = c->levels;
    double a, b;

    while (lo < hi) { /* the first corner with at least this specificity: the last has 1 */
        size_t mid = lo + (hi - lo) / 2;

        if (sn_curve_spec(c, mid) >= spec)
            hi = mid;
        else
            lo = mid + 1;
    }
    b = sn_curve_spec(c, lo);
    if (lo == 0 || b <= spec)
        return sn_curve_sens(c, lo);
    a = sn_curve_spec(c, lo - 1);
    return sn_curve_sens(c, lo) + (b - spec) / (b - a) * (sn_curve_sens(c, lo - 1) - sn_curve_sens(c, lo));
}

double sn_roc_sens_at(const struct sn_roc *r, double spec)
{
    return sn_curve_sens_at(&(struct sn_curve){ r->levels, r->tp, r->fp }, spec);
}

int sn_pauc_check(const struct sn_pauc *p, struct sn_error *err)
{
    if (!(p->from >= 0 && p->from < p->to && p->to <= 1))
        return SN_FAIL(err, SN_EINVAL, "partial AUC: range %g to %g, expected 0 <= from < to <= 1", p->from, p->to);
    return SN_OK;
}

/* Trapezoids of one rate over the other, cut off at the range's ends. */
double sn_curve_pauc(const struct sn_curve *c, const struct sn_pauc *p)
{
    double area = 0, width = p->to - p->from, chance = width * (1 - (p->from + p->to) / 2);

    for (size_t k = 0; k < c->levels; k++) {
        double sens[2] = { sn_curve_sens(c, k), sn_curve_sens(c, k + 1) }, spec[2] = { sn_curve_spec(c, k), sn_curve_spec(c, k + 1) };
        double x0 = p->sensitivity ? sens[1] : spec[0], x1 = p->sensitivity ? sens[0] : spec[1];
        double y0 = p->sensitivity ? spec[1] : sens[0], y1 = p->sensitivity ? spec[0] : sens[1];
        double from = SN_MAX(x0, p->from), to = SN_MIN(x1, p->to);

        if (from < to)
            area += (to - from) * (y0 + ((from + to) / 2 - x0) / (x1 - x0) * (y1 - y0));
    }
    if (!p->corrected)
        return area;
    return area < chance ? NAN : (1 + (area - chance) / (width - chance)) / 2;
}

int sn_roc_pauc(const struct sn_roc *r, const struct sn_pauc *range, double *area, struct sn_error *err)
{
    SN_TRY(sn_pauc_check(range, err));
    *area = sn_curve_pauc(&(struct sn_curve){ r->levels, r->tp, r->fp }, range);
    return SN_OK;
}

/* ---- cut-offs ------------------------------------------------------------------------------- */

int sn_cut_check(const struct sn_cut_rule *u, struct sn_error *err)
{
    if (!(u->cost >= 0 && isfinite(u->cost)))
        return SN_FAIL(err, SN_EINVAL, "cut-off: a false negative costs %g, expected a number above 0", u->cost);
    if (!(u->prevalence >= 0 && u->prevalence < 1))
        return SN_FAIL(err, SN_EINVAL, "cut-off: prevalence is %g, expected a number between 0 and 1", u->prevalence);
    if (!(u->target >= 0 && u->target <= 1))
        return SN_FAIL(err, SN_EINVAL, "cut-off: target is %g, expected a number from 0 to 1", u->target);
    return SN_OK;
}

/* Higher is better. */
static double merit(const struct sn_cut_rule *u, double weight, double sens, double spec)
{
    switch (u->kind) {
    case SN_CUT_YOUDEN:
        return sens + weight * spec;
    case SN_CUT_CLOSEST:
        return -((1 - sens) * (1 - sens) + weight * (1 - spec) * (1 - spec));
    case SN_CUT_SENSITIVITY:
        return sens >= u->target ? spec : -1;
    case SN_CUT_SPECIFICITY:
        return spec >= u->target ? sens : -1;
    }
    return -1;
}

/*
 * Corners are walked towards higher specificity, so the last of equals is the one wanted. Merits that differ by less than
 * their rounding are equal: two corners' true Youden indices differ by at least 1 / (n_pos n_neg), or not at all.
 */
struct sn_cut sn_curve_cut(const struct sn_curve *c, const struct sn_cut_rule *u)
{
    double cost = u->cost == 0 ? 1 : u->cost, prevalence = u->prevalence == 0 ? 0.5 : u->prevalence;
    double weight = (1 - prevalence) / (cost * prevalence), fuzz = 2 * DBL_EPSILON * (1 + weight);
    struct sn_cut cut = { .criterion = -INFINITY };

    for (size_t k = 0; k <= c->levels; k++) {
        double sens = sn_curve_sens(c, k), spec = sn_curve_spec(c, k), m = merit(u, weight, sens, spec);

        if (m < cut.criterion - fuzz)
            continue;
        /* a corner twice, which a resample may hold, is no tie */
        if (m > cut.criterion + fuzz)
            cut.ties = 0;
        else if (sens != cut.sens || spec != cut.spec)
            cut.ties++;
        cut.criterion = SN_MAX(m, cut.criterion);
        cut.k = k;
        cut.sens = sens;
        cut.spec = spec;
    }
    if (u->kind == SN_CUT_CLOSEST)
        cut.criterion = -cut.criterion;
    return cut;
}

int sn_roc_cut(const struct sn_roc *r, const struct sn_cut_rule *rule, struct sn_cut *cut, struct sn_error *err)
{
    SN_TRY(sn_cut_check(rule, err));
    *cut = sn_curve_cut(&(struct sn_curve){ r->levels, r->tp, r->fp }, rule);
    cut->threshold = r->threshold[cut->k];
    return SN_OK;
}
