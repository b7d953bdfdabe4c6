/* loess.c: local regression of one variable: neighbourhoods, local fits, the k-d tree and its blending. */
#include "stats/loess_parts.h"

#include <math.h>
#include <stdlib.h>

#define MAX_COLUMNS 3 /* 1, x, x^2 */
/* Singular values below this share of the largest are taken for zero (pseudo-inverse), as dloess does: 100 units of rounding. */
#define SINGULAR (100.0 * DBL_EPSILON)

/*
 * A point whose distance is the radius but for rounding weighs nothing. Counting such a weight (1e-46) would let rounding
 * decide, among tied x, whether a slope exists; R does count it, and its operator then contradicts its own fit.
 */
#define RIM (1.0 - 1e-12)

/* ---- neighbourhoods --------------------------------------------------------------------------- */

/* The first of the `q` points nearest to `at`; x ascends, so they are consecutive. */
static size_t window(const double *x, size_t n, size_t q, double at)
{
    size_t lo = 0, hi = n - q; /* the answer is in [lo, hi] */

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (at - x[mid] > x[mid + q] - at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Tricube weights' square roots; returns the neighbourhood's radius. */
static double root_weights(const struct sn_loess *f, double at, size_t first, double *rw)
{
    size_t q = f->in_span;
    double far = fmax(fabs(at - f->x[first]), fabs(f->x[first + q - 1] - at)), radius;

    radius = f->options.span > 1.0 ? far * sqrt(f->options.span) : far; /* dloess scales the squared distance */
    for (size_t i = 0; i < q; i++) {
        double r = fabs(f->x[first + i] - at) / radius, t = 1.0 - r * r * r;

        rw[i] = r < RIM ? sqrt(t * t * t) : 0.0;
    }
    return radius;
}

/* ---- local least squares ------------------------------------------------------------------------ */

/*
 * One-sided Jacobi on the k x k matrix a (columns): a becomes U S, v the rotations; then
 * pinv(a)' c = U S^+ V' c for each right-hand side. Three columns need a handful of sweeps.
 */
static void jacobi(double a[MAX_COLUMNS][MAX_COLUMNS], double v[MAX_COLUMNS][MAX_COLUMNS], int k)
{
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++)
            v[i][j] = i == j;
    for (int sweep = 0; sweep < 30; sweep++) {
        bool turned = false;

        for (int p = 0; p < k; p++)
            for (int q = p + 1; q < k; q++) {
                double app = 0.0, aqq = 0.0, apq = 0.0, zeta, t, c, s;

                for (int i = 0; i < k; i++) {
                    app += a[p][i] * a[p][i];
                    aqq += a[q][i] * a[q][i];
                    apq += a[p][i] * a[q][i];
                }
                if (fabs(apq) <= DBL_EPSILON * sqrt(app * aqq))
                    continue;
                turned = true;
                zeta = (aqq - app) / (2.0 * apq);
                t = (zeta < 0.0 ? -1.0 : 1.0) / (fabs(zeta) + sqrt(1.0 + zeta * zeta));
                c = 1.0 / sqrt(1.0 + t * t);
                s = c * t;
                for (int i = 0; i < k; i++) {
                    double x = a[p][i], y = v[p][i];

                    a[p][i] = c * x - s * a[q][i];
                    a[q][i] = s * x + c * a[q][i];
                    v[p][i] = c * y - s * v[q][i];
                    v[q][i] = s * y + c * v[q][i];
                }
            }
        if (!turned)
            return;
    }
}

/* out = U S^+ V' c, where a's columns are U S after jacobi and v's columns are V's. */
static void pseudo_solve(double a[MAX_COLUMNS][MAX_COLUMNS], double v[MAX_COLUMNS][MAX_COLUMNS], int k, const double *c, double *out)
{
    double s2[MAX_COLUMNS], largest = 0.0;

    for (int j = 0; j < k; j++) {
        s2[j] = 0.0;
        for (int i = 0; i < k; i++)
            s2[j] += a[j][i] * a[j][i];
        largest = fmax(largest, s2[j]);
    }
    for (int i = 0; i < k; i++)
        out[i] = 0.0;
    for (int j = 0; j < k; j++) {
        double along = 0.0;

        if (sqrt(s2[j]) <= SINGULAR * sqrt(largest))
            continue;
        for (int i = 0; i < k; i++)
            along += v[j][i] * c[i];
        for (int i = 0; i < k; i++)
            out[i] += a[j][i] * along / s2[j];
    }
}

/* Modified Gram-Schmidt of the k columns of q[k][n], in place; r[column][row], upper triangular. A zero column stays zero. */
static void gram_schmidt(double *q, size_t n, int k, double r[MAX_COLUMNS][MAX_COLUMNS])
{
    memset(r, 0, sizeof(double[MAX_COLUMNS][MAX_COLUMNS]));
    for (int j = 0; j < k; j++) {
        double *qj = q + (size_t)j * n, norm = 0.0;

        for (int p = 0; p < j; p++) {
            const double *qp = q + (size_t)p * n;
            double dot = 0.0;

            for (size_t i = 0; i < n; i++)
                dot += qp[i] * qj[i];
            for (size_t i = 0; i < n; i++)
                qj[i] -= dot * qp[i];
            r[j][p] = dot;
        }
        for (size_t i = 0; i < n; i++)
            norm += qj[i] * qj[i];
        r[j][j] = norm = sqrt(norm);
        for (size_t i = 0; i < n && norm > 0.0; i++)
            qj[i] /= norm;
    }
}

/* Columns sqrt(w) (x - at)^j, each scaled to length 1; scale[j] their lengths. */
static void design(const struct sn_loess *f, double at, size_t first, const double *rw, int k, double *q, double *scale)
{
    size_t n = f->in_span;

    for (int j = 0; j < k; j++) {
        double *col = q + (size_t)j * n, norm = 0.0;

        for (size_t i = 0; i < n; i++) {
            double d = f->x[first + i] - at;

            col[i] = j == 0 ? rw[i] : j == 1 ? rw[i] * d : rw[i] * d * d;
            norm += col[i] * col[i];
        }
        scale[j] = norm > 0.0 ? sqrt(norm) : 1.0;
        for (size_t i = 0; i < n; i++)
            col[i] /= scale[j];
    }
}

int sn_loess_row(const struct sn_loess *f, double at, double *work, size_t *first, double *value_row, double *slope_row,
                 struct sn_error *err)
{
    int k = f->options.degree + 1;
    size_t n = f->in_span;
    double *rw = work, *q = work + n, scale[MAX_COLUMNS];
    double r[MAX_COLUMNS][MAX_COLUMNS], v[MAX_COLUMNS][MAX_COLUMNS], c[MAX_COLUMNS], out[MAX_COLUMNS];

    *first = window(f->x, f->n, n, at);
    if (!(root_weights(f, at, *first, rw) > 0.0))
        return SN_FAIL(err, SN_EINVAL, "loess: the %zu points nearest to %g are all there; make the span larger", n, at);
    design(f, at, *first, rw, k, q, scale);
    gram_schmidt(q, n, k, r);
    jacobi(r, v, k);
    for (int order = 0; order < 2; order++) { /* value, then slope: coefficients 0 and 1 of the polynomial around `at` */
        double *row = order ? slope_row : value_row;

        if (!row)
            continue;
        memset(c, 0, sizeof c);
        if (order < k)
            c[order] = 1.0 / scale[order];
        pseudo_solve(r, v, k, c, out);
        for (size_t i = 0; i < n; i++) {
            double sum = 0.0;

            for (int j = 0; j < k; j++)
                sum += out[j] * q[(size_t)j * n + i];
            row[i] = sum * rw[i];
        }
    }
    return SN_OK;
}

double sn_loess_dot(const struct sn_loess *f, size_t first, const double *row)
{
    double sum = 0.0;

    for (size_t i = 0; i < f->in_span; i++)
        sum += row[i] * f->y[first + i];
    return sum;
}

/* ---- the tree: in one dimension, ascending vertices ----------------------------------------------- */

struct tree {
    const double *x;
    double *vertex;
    size_t cell, n, room;
};

/*
 * Where the cell's points l..u (inclusive) are cut: at their median, or at the nearest point to it that
 * differs from its successor (ties never straddle a cut; B. Tyner's correction of dloess, 2006).
 */
static size_t cut_at(const double *x, size_t l, size_t u)
{
    size_t m = (l + u) / 2;

    for (ptrdiff_t off = 0;; off = off > 0 ? -off : 1 - off) { /* 0, 1, -1, 2, -2, ... until one leaves the cell */
        ptrdiff_t at = (ptrdiff_t)m + off;

        if (at >= (ptrdiff_t)u || at < (ptrdiff_t)l)
            return m;
        if (x[at] != x[at + 1])
            return (size_t)at;
    }
}

/* Points l..end - 1, in a cell from lo to hi. */
static void grow(struct tree *t, size_t l, size_t end, double lo, double hi)
{
    size_t m;

    if (end - l <= t->cell || hi - lo <= 0.0 || t->n == t->room)
        return;
    m = cut_at(t->x, l, end - 1);
    if (t->x[m] == lo || t->x[m] == hi)
        return;
    grow(t, l, m + 1, lo, t->x[m]);
    if (t->n < t->room)
        t->vertex[t->n++] = t->x[m];
    grow(t, m + 1, end, t->x[m], hi);
}

/* The box is the data's range widened by half a percent on each side, as dloess does. */
static int build_tree(struct sn_loess *f, struct sn_error *err)
{
    double lo = f->x[0], hi = f->x[f->n - 1], widest = fmax(hi - lo, 1e-10 * fmax(fabs(lo), fabs(hi)) + 1e-30), margin = 0.005 * widest;
    struct tree t = { .x = f->x, .n = 1 };

    t.cell = (size_t)((double)f->n * (f->options.span * f->options.cell));
    t.room = SN_MAX(f->n, (size_t)200);
    f->vertex = malloc((t.room + 1) * sizeof *f->vertex);
    if (!f->vertex)
        return SN_NOMEM(err, "loess");
    t.vertex = f->vertex;
    t.vertex[0] = lo - margin;
    grow(&t, 0, f->n, lo - margin, hi + margin);
    t.vertex[t.n++] = hi + margin;
    f->n_vertices = t.n;
    return SN_OK;
}

static int fit_vertices(struct sn_loess *f, struct sn_error *err)
{
    size_t nv = f->n_vertices, q = f->in_span, first, bytes;
    double *work, *value_row, *slope_row;
    int rc = SN_OK;

    f->value = malloc(nv * sizeof *f->value);
    f->slope = malloc(nv * sizeof *f->slope);
    SN_TRY(sn_size_mul3(&bytes, q, MAX_COLUMNS + 3, sizeof *work, err));
    work = malloc(bytes);
    if (f->options.se) {
        SN_TRY_OUT(sn_size_mul3(&bytes, 2 * nv, f->n, sizeof *f->rows, err));
        f->rows = calloc(1, bytes);
    }
    if (!f->value || !f->slope || !work || (f->options.se && !f->rows)) {
        rc = SN_NOMEM(err, "loess");
        goto out;
    }
    value_row = work + (MAX_COLUMNS + 1) * q;
    slope_row = value_row + q;
    for (size_t k = 0; k < nv; k++) {
        SN_TRY_OUT(sn_loess_row(f, f->vertex[k], work, &first, value_row, slope_row, err));
        f->value[k] = sn_loess_dot(f, first, value_row);
        f->slope[k] = sn_loess_dot(f, first, slope_row);
        if (f->rows) {
            memcpy(f->rows + k * f->n + first, value_row, q * sizeof *value_row);
            memcpy(f->rows + (nv + k) * f->n + first, slope_row, q * sizeof *slope_row);
        }
    }
out:
    free(work);
    return rc;
}

/* Cubic Hermite between the two vertices around `at`: weights of value, value, slope, slope. */
size_t sn_loess_blend(const struct sn_loess *f, double at, double b[4])
{
    size_t lo = 0, hi = f->n_vertices - 1;
    double width, h, g;

    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;

        if (at <= f->vertex[mid])
            hi = mid;
        else
            lo = mid;
    }
    width = f->vertex[hi] - f->vertex[lo];
    h = (at - f->vertex[lo]) / width;
    g = 1.0 - h;
    b[0] = g * g * (1.0 + 2.0 * h);
    b[1] = h * h * (1.0 + 2.0 * g);
    b[2] = h * g * g * width;
    b[3] = -h * h * g * width;
    return lo;
}

/* ---- fit, predict ---------------------------------------------------------------------------------- */

static int check(const double *x, const double *y, size_t n, const struct sn_loess_options *o, struct sn_error *err)
{
    if (!(o->span > 0.0 && o->span <= 100.0) || o->degree < 0 || o->degree > 2 || !(o->cell > 0.0 && o->cell <= 100.0))
        return SN_FAIL(err, SN_EINVAL, "loess: span %g, degree %d, cell %g: expected 0 < span, cell <= 100 and degree 0 to 2", o->span, o->degree,
                       o->cell);
    if (n < (size_t)o->degree + 2)
        return SN_FAIL(err, SN_EINVAL, "loess of degree %d: %zu points, at least %d are needed", o->degree, n, o->degree + 2);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]) || !isfinite(y[i]))
            return SN_FAIL(err, SN_EINVAL, "loess: point %zu is not finite", i + 1);
    return SN_OK;
}

static int sort_points(const double *x, const double *y, size_t n, struct sn_loess *f, struct sn_error *err)
{
    size_t bytes;
    uint32_t *order;
    int rc;

    SN_TRY(sn_size_mul(&bytes, n, sizeof *order, err));
    order = malloc(bytes);
    f->x = malloc(n * sizeof *f->x);
    f->y = malloc(n * sizeof *f->y);
    rc = order && f->x && f->y ? sn_sort_order(x, n, order, err) : SN_NOMEM(err, "loess");
    for (size_t i = 0; i < n && !rc; i++) {
        f->x[i] = x[order[i]];
        f->y[i] = y[order[i]];
    }
    free(order);
    return rc;
}

int sn_loess_fit(const double *x, const double *y, size_t n, const struct sn_loess_options *o, struct sn_loess *f, struct sn_error *err)
{
    int rc;

    memset(f, 0, sizeof *f);
    SN_TRY(check(x, y, n, o, err));
    f->options = *o;
    f->n = n;
    f->in_span = o->span >= 1.0 ? n : (size_t)((double)n * o->span + 1e-5); /* as R rounds it */
    f->trace = f->delta1 = f->delta2 = f->s = f->df = (double)NAN;
    if (f->in_span < (size_t)o->degree + 1)
        return SN_FAIL(err, SN_EINVAL, "loess: span %g holds %zu of %zu points, degree %d needs %d", o->span, f->in_span, n, o->degree, o->degree + 1);
    SN_TRY_OUT(sort_points(x, y, n, f, err));
    if (o->surface == SN_LOESS_INTERPOLATE) {
        SN_TRY_OUT(build_tree(f, err));
        SN_TRY_OUT(fit_vertices(f, err));
    }
    if (o->se)
        SN_TRY_OUT(sn_loess_statistics(f, err));
out:
    if (rc)
        sn_loess_free(f);
    return rc;
}

static double blended(const struct sn_loess *f, double at)
{
    double b[4];
    size_t k = sn_loess_blend(f, at, b);

    return b[0] * f->value[k] + b[1] * f->value[k + 1] + b[2] * f->slope[k] + b[3] * f->slope[k + 1];
}

int sn_loess_predict(const struct sn_loess *f, const double *x0, size_t m, double *fitted, double *se, struct sn_error *err)
{
    size_t q = f->in_span, first;
    double *work = NULL, *row;
    int rc = SN_OK;

    if (se && !f->options.se)
        return SN_FAIL(err, SN_EINVAL, "loess: standard errors were not prepared");
    if (f->options.surface == SN_LOESS_DIRECT && !(work = malloc((MAX_COLUMNS + 2) * q * sizeof *work)))
        return SN_NOMEM(err, "loess");
    row = work ? work + (MAX_COLUMNS + 1) * q : NULL;
    for (size_t i = 0; i < m; i++) {
        if (!(x0[i] >= f->x[0] && x0[i] <= f->x[f->n - 1])) {
            fitted[i] = (double)NAN;
            if (se)
                se[i] = (double)NAN;
        } else if (work) {
            SN_TRY_OUT(sn_loess_row(f, x0[i], work, &first, row, NULL, err));
            fitted[i] = sn_loess_dot(f, first, row);
            if (se)
                se[i] = f->s * sn_loess_norm(row, q);
        } else {
            fitted[i] = blended(f, x0[i]);
            if (se)
                se[i] = f->s * sn_loess_blend_norm(f, x0[i]);
        }
    }
out:
    free(work);
    return rc;
}

void sn_loess_free(struct sn_loess *f)
{
    free(f->x);
    free(f->y);
    free(f->vertex);
    free(f->value);
    free(f->slope);
    free(f->rows);
    free(f->gram);
    memset(f, 0, sizeof *f);
}
