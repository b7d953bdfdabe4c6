/* nomogram.c: a logistic model as axes of points. */
#include "stats/stats.h"

#include <math.h>

/*
 * R 4's pretty() with its default biases (h = 1.5 towards larger steps, h5 = 0.5 + 1.5 h for the step of
 * five), shrink 0.75 and at least n / 3 intervals; without correction of the ends. 1e-10 of a step is rounding.
 */
int sn_pretty(double lo, double hi, int n, double *first, double *step)
{
    static const double h = 1.5, h5 = 0.5 + 1.5 * 1.5, round_off = 1e-10;
    int least = n / 3, k;
    double largest = SN_MAX(fabs(lo), fabs(hi)), cell = largest, width = hi - lo, base, unit, a, b;
    bool small = width < cell * (1 + 1 / (1 + h)) * SN_MAX(1, n) * DBL_EPSILON * 3;

    if (largest == 0) {
        cell = 1;
        small = true;
    }
    if (small) {
        if (cell > 10)
            cell = 9 + cell / 10;
        cell *= 0.75;
        if (least > 1)
            cell /= least;
    } else {
        cell = width / SN_MAX(1, n);
    }
    cell = SN_MIN(SN_MAX(cell, 20 * DBL_MIN), DBL_MAX / 10);
    base = pow(10, floor(log10(cell)));
    unit = base;
    if (2 * base - cell < h * (cell - unit)) {
        unit = 2 * base;
        if (5 * base - cell < h5 * (cell - unit)) {
            unit = 5 * base;
            if (10 * base - cell < h * (cell - unit))
                unit = 10 * base;
        }
    }
    a = floor(lo / unit + round_off);
    b = ceil(hi / unit - round_off);
    while (a * unit > lo + round_off * unit)
        a--;
    while (b * unit < hi - round_off * unit)
        b++;
    k = (int)(0.5 + b - a);
    if (k < least) { /* too few intervals: widen on both sides, or away from a natural zero */
        k = least - k;
        if (lo == 0 && a == 0 && hi != 0) {
            b += k;
        } else if (hi == 0 && b == 0 && lo != 0) {
            a -= k;
        } else if (a >= 0) {
            b += k / 2;
            a -= k / 2 + k % 2;
        } else {
            a -= k / 2;
            b += k / 2 + k % 2;
        }
        k = least;
    }
    *first = a * unit;
    *step = unit;
    return k + 1;
}

double sn_pretty_value(double first, double step, int i)
{
    double k = floor(first / step + 0.5) + i; /* 3 / 5 is 0.6; 3 * 0.2 is not */

    return step < 1 && step > 1e-15 ? k / floor(1 / step + 0.5) : k * step;
}

/* ---- axes ------------------------------------------------------------------------------------ */

static void *room(struct sn_nomogram *n, size_t count, size_t size, struct sn_error *err)
{
    return sn_arena_get(&n->arena, (count + 1) * size, err);
}

static int allocate(struct sn_nomogram *n, struct sn_nomogram_axis *a, struct sn_error *err)
{
    size_t count = (size_t)a->n;

    a->value = room(n, count, sizeof *a->value, err);
    a->level = room(n, count, sizeof *a->level, err);
    a->lp = room(n, count, sizeof *a->lp, err);
    a->points = room(n, count, sizeof *a->points, err);
    return a->value && a->level && a->lp && a->points ? SN_OK : SN_ENOMEM;
}

static int numeric_axis(struct sn_nomogram *n, struct sn_nomogram_axis *a, const struct sn_logistic_term *t, enum sn_nomogram_range range,
                        struct sn_error *err)
{
    double first, step, lo = t->min, hi = t->max;
    int k, skip = 0;

    if (!isfinite(lo) || !isfinite(hi))
        return SN_FAIL(err, SN_EINVAL, "nomogram: term \"%.40s\" states no range (\"min\" and \"max\"), so its axis has no ends", t->name);
    k = sn_pretty(lo, hi, 10, &first, &step);
    a->lo = range == SN_NOMOGRAM_PRETTY ? first : lo;
    a->hi = range == SN_NOMOGRAM_PRETTY ? sn_pretty_value(first, step, k - 1) : hi;
    a->n = k + 2;
    SN_TRY(allocate(n, a, err));
    a->n = 0;
    for (int i = 0; i < k; i++) { /* with the data's range: its ends, and the round values between */
        double v = sn_pretty_value(first, step, i);

        if (range == SN_NOMOGRAM_DATA && (v <= lo || v >= hi)) {
            skip++;
            continue;
        }
        if (range == SN_NOMOGRAM_DATA && a->n == 0)
            a->value[a->n++] = lo;
        a->value[a->n++] = v;
    }
    if (range == SN_NOMOGRAM_DATA) {
        if (skip == k)
            a->value[a->n++] = lo;
        a->value[a->n++] = hi;
    }
    a->coefficient = t->coefficient;
    for (int i = 0; i < a->n; i++)
        a->lp[i] = t->coefficient * a->value[i];
    a->min_lp = SN_MIN(t->coefficient * a->lo, t->coefficient * a->hi);
    return SN_OK;
}

/* The reference first, then the levels in the model's order. */
static int factor_axis(struct sn_nomogram *n, struct sn_nomogram_axis *a, const struct sn_logistic *m, size_t first, struct sn_error *err)
{
    const char *column = m->terms[first].column;

    a->factor = true;
    a->n = 1;
    for (size_t i = first; i < m->n_terms; i++)
        a->n += strcmp(m->terms[i].column, column) == 0;
    SN_TRY(allocate(n, a, err));
    a->n = 1;
    a->lp[0] = 0;
    a->level[0] = NULL;
    for (size_t i = first; i < m->n_terms; i++) {
        const struct sn_logistic_term *t = &m->terms[i];

        if (strcmp(t->column, column) != 0)
            continue;
        if (!t->level)
            return SN_FAIL(err, SN_EINVAL, "nomogram: column \"%.40s\" is both a number and a category", column);
        a->level[a->n] = t->level;
        a->lp[a->n++] = t->coefficient;
    }
    for (int i = 0; i < a->n; i++)
        a->min_lp = SN_MIN(a->min_lp, a->lp[i]);
    return SN_OK;
}

static double widest(const struct sn_nomogram *n)
{
    double most = 0;

    for (int k = 0; k < n->n_axes; k++) {
        const struct sn_nomogram_axis *a = &n->axis[k];
        double top = a->min_lp;

        for (int i = 0; i < a->n; i++)
            top = SN_MAX(top, a->lp[i]);
        if (!a->factor)
            top = SN_MAX(a->coefficient * a->lo, a->coefficient * a->hi);
        most = SN_MAX(most, top - a->min_lp);
    }
    return most;
}

static int make_axes(const struct sn_logistic *m, enum sn_nomogram_range range, struct sn_nomogram *n, struct sn_error *err)
{
    double most;

    n->axis = room(n, m->n_terms, sizeof *n->axis, err);
    if (!n->axis)
        return SN_ENOMEM;
    n->intercept = m->intercept;
    for (size_t i = 0; i < m->n_terms; i++) {
        const struct sn_logistic_term *t = &m->terms[i];
        struct sn_nomogram_axis *a = &n->axis[n->n_axes];
        int seen = sn_nomogram_find(n, t->column);

        if (seen >= 0 && t->level && n->axis[seen].factor)
            continue;
        if (seen >= 0)
            return SN_FAIL(err, SN_EINVAL, "nomogram: column \"%.40s\" enters the model twice", t->column);
        *a = (struct sn_nomogram_axis){ .column = t->column };
        SN_TRY(t->level ? factor_axis(n, a, m, i, err) : numeric_axis(n, a, t, range, err));
        n->intercept += a->min_lp;
        n->n_axes++;
    }
    most = widest(n);
    if (!(most > 0))
        return SN_FAIL(err, SN_EINVAL, "nomogram: no term of the model changes the risk");
    n->scale = 100 / most;
    for (int k = 0; k < n->n_axes; k++) {
        struct sn_nomogram_axis *a = &n->axis[k];
        double top = 0;

        for (int i = 0; i < a->n; i++) {
            a->points[i] = sn_nomogram_points(n, k, a->lp[i]);
            top = SN_MAX(top, a->points[i]);
        }
        n->max_points += top;
    }
    return SN_OK;
}

int sn_nomogram_build(const struct sn_logistic *m, enum sn_nomogram_range range, struct sn_nomogram *n, struct sn_error *err)
{
    int rc;

    memset(n, 0, sizeof *n);
    rc = make_axes(m, range, n, err);
    if (rc)
        sn_nomogram_free(n);
    return rc;
}

void sn_nomogram_free(struct sn_nomogram *n)
{
    sn_arena_free(&n->arena);
    memset(n, 0, sizeof *n);
}

int sn_nomogram_find(const struct sn_nomogram *n, const char *column)
{
    for (int k = 0; k < n->n_axes; k++)
        if (strcmp(n->axis[k].column, column) == 0)
            return k;
    return -1;
}

double sn_nomogram_points(const struct sn_nomogram *n, int axis, double lp)
{
    return (lp - n->axis[axis].min_lp) * n->scale;
}

double sn_nomogram_risk(const struct sn_nomogram *n, double total)
{
    return sn_sigmoid(n->intercept + total / n->scale);
}

double sn_nomogram_total(const struct sn_nomogram *n, double risk)
{
    return (sn_logit(risk) - n->intercept) * n->scale;
}
