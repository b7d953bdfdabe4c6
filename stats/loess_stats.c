/*
 * loess_stats.c: degrees of freedom and standard errors of local regression, exactly.
 *
 * The fit is linear in y: fitted = L y. With M = (I - L)(I - L)', delta1 = tr(M), delta2 = tr(M^2)
 * (Cleveland & Devlin 1988, section 4). R computes L in full, or fits formulas to simulations; the tree makes L a
 * product B V of n x r and r x n (r = twice the vertices), so everything follows from three r x r matrices,
 * C = V B, G = V V', H = B'B, in n r^2 operations:
 *   tr(L) = tr(C)        tr(LL') = tr(GH)
 *   M = I - E, E = L + L' - LL':   tr(E^2) = 2 tr(C^2) + 2 tr(GH) + tr(GHGH) - 4 tr(CGH)
 */
#include "stats/loess_parts.h"

#include <math.h>
#include <stdlib.h>

double sn_loess_norm(const double *row, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += row[i] * row[i];
    return sqrt(sum);
}

double sn_loess_blend_norm(const struct sn_loess *f, double at)
{
    size_t nv = f->n_vertices, r = 2 * nv, at_k[4];
    double b[4], sum = 0.0;
    size_t k = sn_loess_blend(f, at, b);

    at_k[0] = k;
    at_k[1] = k + 1;
    at_k[2] = nv + k;
    at_k[3] = nv + k + 1;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            sum += b[i] * b[j] * f->gram[at_k[i] * r + at_k[j]];
    return sqrt(fmax(sum, 0.0));
}

static double trace_of_product(const double *a, const double *b, size_t r)
{
    double sum = 0.0;

    for (size_t i = 0; i < r; i++)
        for (size_t j = 0; j < r; j++)
            sum += a[i * r + j] * b[j * r + i];
    return sum;
}

static void multiply(const double *a, const double *b, size_t r, double *out)
{
    for (size_t i = 0; i < r; i++)
        for (size_t j = 0; j < r; j++) {
            double sum = 0.0;

            for (size_t k = 0; k < r; k++)
                sum += a[i * r + k] * b[k * r + j];
            out[i * r + j] = sum;
        }
}

/* Residual standard error and degrees of freedom from the deltas and the residuals' sum of squares. */
static void finish(struct sn_loess *f, double rss)
{
    f->s = f->delta1 > 0.0 ? sqrt(rss / f->delta1) : (double)NAN;
    f->df = isnan(f->delta2) ? (double)INFINITY : f->delta1 * f->delta1 / f->delta2;
}

/* C = V B and H = B'B, row i of B holding the four blending weights of point i. */
static double blend_products(const struct sn_loess *f, double *c, double *h)
{
    size_t nv = f->n_vertices, r = 2 * nv;
    double rss = 0.0;

    for (size_t i = 0; i < f->n; i++) {
        double b[4], fit = 0.0;
        size_t k = sn_loess_blend(f, f->x[i], b), at[4] = { k, k + 1, nv + k, nv + k + 1 };

        for (int p = 0; p < 4; p++) {
            fit += b[p] * (p < 2 ? f->value[at[p]] : f->slope[at[p] - nv]);
            for (size_t v = 0; v < r; v++)
                c[v * r + at[p]] += f->rows[v * f->n + i] * b[p];
            for (int q = 0; q < 4; q++)
                h[at[p] * r + at[q]] += b[p] * b[q];
        }
        rss += (f->y[i] - fit) * (f->y[i] - fit);
    }
    return rss;
}

static int tree_statistics(struct sn_loess *f, struct sn_error *err)
{
    size_t r = 2 * f->n_vertices, bytes;
    double *c, *h, *gh, *cg, rss;

    SN_TRY(sn_size_mul3(&bytes, r, r, sizeof *c, err));
    f->gram = calloc(1, bytes);
    SN_TRY(sn_size_mul(&bytes, bytes, 4, err));
    c = calloc(1, bytes);
    if (!f->gram || !c) {
        free(c);
        return SN_NOMEM(err, "loess");
    }
    h = c + r * r;
    gh = h + r * r;
    cg = gh + r * r;
    for (size_t a = 0; a < r; a++)
        for (size_t b = a; b < r; b++) {
            double sum = 0.0;

            for (size_t i = 0; i < f->n; i++)
                sum += f->rows[a * f->n + i] * f->rows[b * f->n + i];
            f->gram[a * r + b] = f->gram[b * r + a] = sum;
        }
    rss = blend_products(f, c, h);
    multiply(f->gram, h, r, gh);
    multiply(c, f->gram, r, cg);
    f->trace = 0.0;
    for (size_t i = 0; i < r; i++)
        f->trace += c[i * r + i];
    {
        double t_gh = 0.0, e2;

        for (size_t i = 0; i < r; i++)
            t_gh += gh[i * r + i];
        e2 = 2.0 * trace_of_product(c, c, r) + 2.0 * t_gh + trace_of_product(gh, gh, r) - 4.0 * trace_of_product(cg, h, r);
        f->delta1 = (double)f->n - 2.0 * f->trace + t_gh;
        f->delta2 = (double)f->n - 2.0 * (2.0 * f->trace - t_gh) + e2;
    }
    finish(f, rss);
    free(c);
    return SN_OK;
}

/* A fit at every point: row by row for delta1; the rows are kept for delta2 only where that is affordable. */
static int direct_statistics(struct sn_loess *f, struct sn_error *err)
{
    size_t n = f->n, q = f->in_span, first, bytes;
    bool keep = n <= SN_LOESS_DIRECT_DF_MAX;
    double *work = malloc(5 * q * sizeof *work), *row, *full = NULL, rss = 0.0;
    int rc;

    SN_TRY_OUT(sn_size_mul3(&bytes, n, n, sizeof *full, err));
    if (keep)
        full = calloc(1, bytes);
    if (!work || (keep && !full)) {
        rc = SN_NOMEM(err, "loess");
        goto out;
    }
    row = work + 4 * q;
    f->trace = f->delta1 = 0.0;
    for (size_t i = 0; i < n; i++) {
        double fit, norm;

        SN_TRY_OUT(sn_loess_row(f, f->x[i], work, &first, row, NULL, err));
        fit = sn_loess_dot(f, first, row);
        rss += (f->y[i] - fit) * (f->y[i] - fit);
        if (i >= first && i < first + q)
            f->trace += row[i - first];
        norm = sn_loess_norm(row, q);
        f->delta1 += 1.0 + norm * norm - 2.0 * (i >= first && i < first + q ? row[i - first] : 0.0);
        for (size_t j = 0; j < q && keep; j++)
            full[i * n + first + j] = -row[j];
        if (keep)
            full[i * n + i] += 1.0;
    }
    if (keep)
        f->delta2 = 0.0;
    for (size_t i = 0; i < n && keep; i++)
        for (size_t j = i; j < n; j++) {
            double sum = 0.0;

            for (size_t k = 0; k < n; k++)
                sum += full[i * n + k] * full[j * n + k];
            f->delta2 += sum * sum * (i == j ? 1.0 : 2.0);
        }
    finish(f, rss);
out:
    free(work);
    free(full);
    return rc;
}

int sn_loess_statistics(struct sn_loess *f, struct sn_error *err)
{
    return f->options.surface == SN_LOESS_DIRECT ? direct_statistics(f, err) : tree_statistics(f, err);
}
