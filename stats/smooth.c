/* smooth.c: interpolation; lowess. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

/* ---- interpolation --------------------------------------------------------------------------- */

/* Mean of y over the ties of x[i]; *lo and *hi are set to their ends, inclusive. */
static double tie_mean(const double *x, const double *y, size_t n, size_t i, size_t *lo, size_t *hi)
{
    double sum = 0.0;

    *lo = *hi = i;
    while (*lo > 0 && x[*lo - 1] == x[i])
        --*lo;
    while (*hi + 1 < n && x[*hi + 1] == x[i])
        ++*hi;
    if (*lo == *hi)
        return y[i];
    for (size_t k = *lo; k <= *hi; k++)
        sum += y[k];
    return sum / (double)(*hi - *lo + 1);
}

double sn_interpolate(const double *x, const double *y, size_t n, double at)
{
    size_t a = 0, b = n - 1, lo, hi, next;
    double y0, y1;

    if (!(at > x[0]) || !(at < x[n - 1]))
        return at != at ? at : tie_mean(x, y, n, at > x[0] ? n - 1 : 0, &lo, &hi);
    while (b - a > 1) { /* x[a] <= at < x[b] */
        size_t mid = a + (b - a) / 2;

        if (x[mid] <= at)
            a = mid;
        else
            b = mid;
    }
    y0 = tie_mean(x, y, n, a, &lo, &hi);
    if (x[a] == at)
        return y0;
    next = b;
    y1 = tie_mean(x, y, n, next, &lo, &hi);
    return y0 + (y1 - y0) * ((at - x[a]) / (x[next] - x[a]));
}

/* ---- lowess --------------------------------------------------------------------------------- */

static double cube(double v) { return v * v * v; }
static double square(double v) { return v * v; }

struct lowess {
    const double *x, *y, *robust; /* robust NULL in the first round */
    size_t n;
    double *w;
};

/*
 * The weighted line at x[i] from the neighbours first..last (inclusive), where more that are as near may follow.
 * False: no weight anywhere. The order of operations is that of Cleveland's program, to the last bit.
 */
static bool fit_at(const struct lowess *s, size_t i, size_t first, size_t last, double *fit)
{
    double at = s->x[i], range = s->x[s->n - 1] - s->x[0], h = fmax(at - s->x[first], s->x[last] - at);
    double far = 0.999 * h, near = 0.001 * h, sum = 0.0, a = 0.0, b, c = 0.0;
    size_t end = first; /* one behind the last weighted point */

    for (; end < s->n; end++) {
        double r = fabs(s->x[end] - at);

        s->w[end] = 0.0;
        if (r <= far) {
            s->w[end] = r <= near ? 1.0 : cube(1.0 - cube(r / h));
            if (s->robust)
                s->w[end] *= s->robust[end];
            sum += s->w[end];
        } else if (s->x[end] > at) {
            break;
        }
    }
    if (!(sum > 0.0))
        return false;
    for (size_t j = first; j < end; j++)
        s->w[j] /= sum;
    if (h > 0.0) {
        for (size_t j = first; j < end; j++)
            a += s->w[j] * s->x[j];
        b = at - a;
        for (size_t j = first; j < end; j++)
            c += s->w[j] * square(s->x[j] - a);
        if (sqrt(c) > 0.001 * range) { /* the points are spread enough for a slope */
            b /= c;
            for (size_t j = first; j < end; j++)
                s->w[j] *= b * (s->x[j] - a) + 1.0;
        }
    }
    *fit = 0.0;
    for (size_t j = first; j < end; j++)
        *fit += s->w[j] * s->y[j];
    return true;
}

/* One round over all points: fits at some, lines between them. */
static void lowess_round(const struct lowess *s, size_t q, double delta, double *fitted)
{
    const double *x = s->x;
    size_t first = 0, last = q - 1, done = 0, i = 0; /* window; one behind the last point that has its value */

    for (;;) {
        double cut;

        while (last + 1 < s->n && x[i] - x[first] > x[last + 1] - x[i]) {
            first++;
            last++;
        }
        if (!fit_at(s, i, first, last, &fitted[i]))
            fitted[i] = s->y[i];
        if (done > 0 && done < i) { /* skipped points: on the line between their fitted neighbours */
            double width = x[i] - x[done - 1];

            for (size_t j = done; j < i; j++) {
                double alpha = (x[j] - x[done - 1]) / width;

                fitted[j] = alpha * fitted[i] + (1.0 - alpha) * fitted[done - 1];
            }
        }
        done = i + 1;
        cut = x[i] + delta;
        for (i = done; i < s->n && x[i] <= cut; i++)
            if (x[i] == x[done - 1]) {
                fitted[i] = fitted[done - 1];
                done = i + 1;
            }
        if (done >= s->n)
            return;
        i = SN_MAX(done, i - 1);
    }
}

/* Bisquare weights of the residuals, scaled by six medians; *done: the residuals are as good as zero. */
static int robust_weights(const double *y, const double *fitted, size_t n, double *w, double *scratch, bool *done, struct sn_error *err)
{
    double mean = 0.0, six_mad;

    for (size_t i = 0; i < n; i++) {
        w[i] = fabs(y[i] - fitted[i]);
        mean += w[i];
    }
    mean /= (double)n;
    memcpy(scratch, w, n * sizeof *w);
    SN_TRY(sn_sort(scratch, n, err));
    six_mad = n % 2 ? 6.0 * scratch[n / 2] : 3.0 * (scratch[n / 2] + scratch[n - n / 2 - 1]);
    *done = six_mad < 1e-7 * mean;
    for (size_t i = 0; i < n; i++)
        w[i] = w[i] <= 0.001 * six_mad ? 1.0 : w[i] <= 0.999 * six_mad ? square(1.0 - square(w[i] / six_mad)) : 0.0;
    return SN_OK;
}

static int check_xy(const char *what, const double *x, const double *y, size_t n, struct sn_error *err)
{
    if (!n)
        return SN_FAIL(err, SN_EINVAL, "%s: no points", what);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i]))
            return SN_FAIL(err, SN_EINVAL, "%s: point %zu is not finite", what, i + 1);
        if (i && x[i] < x[i - 1])
            return SN_FAIL(err, SN_EINVAL, "%s: x descends at point %zu", what, i + 1);
    }
    return SN_OK;
}

int sn_lowess(const double *x, const double *y, size_t n, double f, int iter, double delta, double *fitted, struct sn_error *err)
{
    struct lowess s = { .x = x, .y = y, .n = n };
    double *robust, *scratch;
    bool done = false;
    size_t q, bytes;
    int rc = SN_OK;

    SN_TRY(check_xy("lowess", x, y, n, err));
    if (!(f > 0.0 && f <= 1.0) || iter < 0 || delta != delta)
        return SN_FAIL(err, SN_EINVAL, "lowess: f %g, iter %d: expected 0 < f <= 1 and iter >= 0", f, iter);
    if (n == 1) {
        fitted[0] = y[0];
        return SN_OK;
    }
    if (delta < 0.0)
        delta = 0.01 * (x[n - 1] - x[0]);
    q = SN_MAX((size_t)2, SN_MIN(n, (size_t)(f * (double)n + 1e-7)));
    SN_TRY(sn_size_mul3(&bytes, 3, n, sizeof *s.w, err));
    s.w = malloc(bytes);
    if (!s.w)
        return SN_NOMEM(err, "lowess");
    robust = s.w + n;
    scratch = robust + n;
    for (int k = 0; k <= iter && !done && !rc; k++) {
        lowess_round(&s, q, delta, fitted);
        if (k < iter)
            rc = robust_weights(y, fitted, n, robust, scratch, &done, err);
        s.robust = robust;
    }
    free(s.w);
    return rc;
}
