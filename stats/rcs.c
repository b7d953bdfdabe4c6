/* rcs.c: restricted cubic splines. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts and drops repetitions; returns how many remain. */
static size_t distinct(double *x, size_t n)
{
    size_t k = 0;

    qsort(x, n, sizeof *x, ascending);
    for (size_t i = 0; i < n; i++)
        if (k == 0 || x[i] != x[k - 1])
            x[k++] = x[i];
    return k;
}

/* Largest share of a value strictly inside sorted x[n]; *first, *last those of the ends. */
static double shares(const double *x, size_t n, double *first, double *last)
{
    double inside = 0;
    size_t run;

    for (size_t i = 0; i < n; i += run) {
        double share;

        for (run = 1; i + run < n && x[i + run] == x[i];)
            run++;
        share = (double)run / (double)n;
        if (i == 0)
            *first = share;
        if (i + run == n)
            *last = share;
        if (i != 0 && i + run != n)
            inside = SN_MAX(inside, share);
    }
    return inside;
}

static void spread(const double *x, size_t n, int k, double outer, double *knots)
{
    for (int i = 0; i < k; i++) {
        double from = k == 2 ? 0.5 : outer;

        knots[i] = sn_quantile7(x, n, k == 1 ? 0.5 : from + (1 - outer - from) * i / (k - 1));
    }
}

/* Fewer distinct ones among k ascending knots than a spline needs, or than were asked for. */
static bool too_few(const double *knots, int k)
{
    int different = 1;

    for (int i = 1; i < k; i++)
        different += knots[i] != knots[i - 1];
    return different < SN_MIN(k, 3);
}

/* Knots of sorted x with enough distinct values: up to 2 k + 2. */
static int place(const double *x, size_t n, int k, double *knots)
{
    const double tied = 0.05, outer = k > 6 ? 0.025 : k > 3 ? 0.05 : 0.1;
    double first = 0, last = 0, ends[2] = { 0, 0 };
    bool low = false, high = false;
    int found = 0;

    if (shares(x, n, &first, &last) < tied) { /* a knot just inside a heaped end, the others over the rest */
        low = first >= tied;
        if (low) {
            size_t i = 0;

            while (x[i] == x[0])
                i++;
            ends[0] = x[i];
            while (n > 0 && x[0] <= ends[0]) {
                x++;
                n--;
            }
        }
        high = n > 0 && last >= tied;
        if (high) {
            size_t i = n;

            while (i > 0 && x[i - 1] == x[n - 1])
                i--;
            ends[1] = i > 0 ? x[i - 1] : x[0];
            while (n > 0 && x[n - 1] >= ends[1])
                n--;
        }
    }
    k -= low + high;
    if (low)
        knots[found++] = ends[0];
    if (n > 0) {
        spread(x, n, k, outer, knots + found);
        if (k > 1 && too_few(knots + found, k)) { /* Hmisc's second attempt: twice as many, of which the distinct ones stay */
            k *= 2;
            spread(x, n, k, outer, knots + found);
        }
        if (n < 100 && n >= 5 && k > 1) {
            if (!low)
                knots[found] = x[4];
            if (!high)
                knots[found + k - 1] = x[n - 5];
        }
        found += k;
    }
    if (high)
        knots[found++] = ends[1];
    return found;
}

int sn_rcs_knots(const double *x, size_t n, int k, double knots[SN_RCS_MAX_KNOTS], int *found, struct sn_error *err)
{
    double *sorted, *different, many[2 * SN_RCS_MAX_KNOTS + 2];
    size_t unique;

    if (k < 3 || k > SN_RCS_MAX_KNOTS)
        return SN_FAIL(err, SN_EINVAL, "spline: %d knots, from 3 to %d are possible", k, SN_RCS_MAX_KNOTS);
    if (n < 6)
        return SN_FAIL(err, SN_EFORMAT, "spline: %zu values are too few to place knots", n);
    sorted = malloc(n * sizeof *sorted);
    different = malloc(n * sizeof *different);
    if (!sorted || !different) {
        free(sorted);
        free(different);
        return SN_NOMEM(err, "a spline's knots");
    }
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *sorted, ascending);
    memcpy(different, sorted, n * sizeof *sorted);
    unique = distinct(different, n);
    if (unique <= (size_t)k + 2) {
        *found = unique > 2 ? (int)(unique - 2) : 0;
        for (int i = 0; i < *found; i++)
            many[i] = different[i + 1];
    } else {
        *found = place(sorted, n, k, many);
    }
    *found = SN_MIN((int)distinct(many, (size_t)*found), SN_RCS_MAX_KNOTS);
    for (int i = 0; i < *found; i++)
        knots[i] = many[i];
    free(sorted);
    free(different);
    if (*found < 3)
        return SN_FAIL(err, SN_EFORMAT, "spline: only %d distinct knots among %zu distinct values, at least 3 are needed", *found, unique);
    return SN_OK;
}

static double cube_above(double x, double t)
{
    double d = x - t;

    return d > 0 ? d * d * d : 0;
}

double sn_rcs_basis(double x, const double *t, size_t k, size_t which)
{
    double last, before, first, own;

    if (which == 0)
        return x; /* t may be NULL */
    last = t[k - 1];
    before = t[k - 2];
    first = t[0];
    own = t[which - 1];
    return (cube_above(x, own) + ((before - own) * cube_above(x, last) - (last - own) * cube_above(x, before)) / (last - before)) /
           ((last - first) * (last - first));
}
