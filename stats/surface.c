/* surface.c: boundary distances between two masks as MONAI, DeepMind's surface-distance and MedPy compute them. */
#include "stats/surface.h"
#include "stats/surface_parts.h"

#include <math.h>
#include <stdlib.h>

static const char *const variant_names[] = { "monai", "deepmind", "medpy" };

bool sn_surface_parse(const char *name, enum sn_surface_variant *v)
{
    for (size_t i = 0; i < SN_COUNT(variant_names); i++)
        if (strcmp(name, variant_names[i]) == 0) {
            *v = (enum sn_surface_variant)i;
            return true;
        }
    return false;
}

const char *sn_surface_name(enum sn_surface_variant v) { return variant_names[v]; }

/*
 * numpy's add.reduce: up to 8 values one after another; up to 128 in eight interleaved sums; longer arrays in
 * halves whose first is a multiple of 8. The order is what makes the last bits equal.
 */
double sn_sum_pairwise(const double *x, size_t n)
{
    double r[8], sum;
    size_t half, i;

    if (n < 8) {
        sum = 0;
        for (i = 0; i < n; i++)
            sum += x[i];
        return sum;
    }
    if (n > 128) {
        half = n / 2 - n / 2 % 8;
        return sn_sum_pairwise(x, half) + sn_sum_pairwise(x + half, n - half);
    }
    for (i = 0; i < 8; i++)
        r[i] = x[i];
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            r[k] += x[i + k];
    sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

/* numpy's "linear": the upper half of a step is reached from its upper end. */
double sn_percentile_sorted(const double *x, size_t n, double percent)
{
    double at = percent / 100 * (double)(n - 1), t;
    size_t k = (size_t)at;

    if (k + 1 >= n)
        return x[n - 1];
    t = at - (double)k;
    if (isinf(x[k + 1]))
        return t > 0 ? x[k + 1] : x[k];
    return t >= 0.5 ? x[k + 1] - (x[k + 1] - x[k]) * (1 - t) : x[k] + (x[k + 1] - x[k]) * t;
}

/* ---- surfaces ---------------------------------------------------------------------------------------- */

/* One mask's surface on the working grid, and how far the other one's elements are from it. */
struct side {
    uint8_t *on;       /* [h][w] grid points that belong to the surface */
    double *length;    /* [h][w] deepmind: contour length at each; else NULL */
    double *to;        /* [h][w] distance to this surface */
    size_t n;          /* surface elements */
    double *d, *len;   /* [n] distances to the other surface, with lengths; ascending */
    double *raw;       /* [n] what is averaged, in the package's order: distances by rows; deepmind: length * distance as sorted */
    double sum;        /* of raw */
};

/*
 * Length of contour for the four pixels around a corner, bits 8 upper left, 4 upper right, 2 lower left, 1 lower
 * right: one pixel unlike the others cuts the corner by half a diagonal; two beside each other give a straight
 * side; two across two half diagonals.
 */
static void contour_lengths(const double spacing[2], double length[16])
{
    double vertical = spacing[0], horizontal = spacing[1];
    double diagonal = 0.5 * sqrt(vertical * vertical + horizontal * horizontal);

    for (int code = 0; code < 16; code++) {
        int up = code >> 2 & 3, down = code & 3;

        if (code == 0 || code == 15)
            length[code] = 0;
        else if (up == down)
            length[code] = vertical;
        else if ((up == 0 || up == 3) && (down == 0 || down == 3))
            length[code] = horizontal;
        else
            length[code] = (up ^ down) == 3 ? 2 * diagonal : diagonal;
    }
}

/* Grid of (w + 1) x (h + 1) corners; corner (x, y) lies at the upper left of pixel (x, y). */
static void corner_surface(struct side *s, const struct sn_crop *c, const uint8_t *mask, const double spacing[2])
{
    double length[16];
    size_t i = 0;

    contour_lengths(spacing, length);
    for (int y = 0; y <= c->h; y++)
        for (int x = 0; x <= c->w; x++, i++) {
            unsigned code = 8u * sn_crop_at(c, mask, x - 1, y - 1) + 4u * sn_crop_at(c, mask, x, y - 1) +
                            2u * sn_crop_at(c, mask, x - 1, y) + sn_crop_at(c, mask, x, y);

            s->on[i] = code != 0 && code != 15;
            s->length[i] = length[code];
            s->n += s->on[i];
        }
}

static void pixel_surface(struct side *s, const struct sn_crop *c, const uint8_t *mask)
{
    size_t i = 0;

    for (int y = 0; y < c->h; y++)
        for (int x = 0; x < c->w; x++, i++) {
            s->on[i] = sn_crop_at(c, mask, x, y) &&
                       !(sn_crop_at(c, mask, x - 1, y) && sn_crop_at(c, mask, x + 1, y) &&
                         sn_crop_at(c, mask, x, y - 1) && sn_crop_at(c, mask, x, y + 1));
            s->n += s->on[i];
        }
}

struct element {
    double d, len;
};

static int by_distance_then_length(const void *a, const void *b)
{
    const struct element *p = a, *q = b;

    if (p->d != q->d)
        return p->d < q->d ? -1 : 1;
    return (p->len > q->len) - (p->len < q->len);
}

/* Fills the lists from the other surface's distance map. */
static int collect(struct side *s, const double *to_other, size_t cells, struct sn_error *err)
{
    struct element *e = calloc(s->n, sizeof *e);
    size_t n = 0;

    s->d = calloc(s->n, sizeof *s->d);
    s->len = calloc(s->n, sizeof *s->len);
    s->raw = calloc(s->n, sizeof *s->raw);
    if (!e || !s->d || !s->len || !s->raw) {
        free(e);
        return SN_NOMEM(err, "surface distances");
    }
    for (size_t i = 0; i < cells; i++)
        if (s->on[i]) {
            s->raw[n] = to_other[i];
            e[n++] = (struct element){ to_other[i], s->length ? s->length[i] : 1.0 };
        }
    qsort(e, n, sizeof *e, by_distance_then_length);
    for (size_t i = 0; i < n; i++) {
        s->d[i] = e[i].d;
        s->len[i] = e[i].len;
        if (s->length)
            s->raw[i] = e[i].d * e[i].len;
    }
    s->sum = sn_sum_pairwise(s->raw, n);
    free(e);
    return SN_OK;
}

static int side_alloc(struct side *s, size_t cells, bool lengths, struct sn_error *err)
{
    s->on = malloc(cells);
    s->to = malloc(cells * sizeof *s->to);
    s->length = lengths ? malloc(cells * sizeof *s->length) : NULL;
    return s->on && s->to && (s->length || !lengths) ? SN_OK : SN_NOMEM(err, "a surface");
}

static void side_free(struct side *s)
{
    free(s->on);
    free(s->to);
    free(s->length);
    free(s->d);
    free(s->len);
    free(s->raw);
}

/* ---- the numbers ------------------------------------------------------------------------------------- */

/* The first distance at which the cumulated length reaches 95 % (numpy.searchsorted, left). */
static double weighted_percentile(const struct side *s, double percent)
{
    double total = sn_sum_pairwise(s->len, s->n), cumulated = 0;

    for (size_t i = 0; i < s->n; i++) {
        cumulated += s->len[i];
        if (cumulated / total >= percent / 100)
            return s->d[i];
    }
    return s->d[s->n - 1];
}

/* Length (deepmind) or number of elements within tau. */
static double within(const struct side *s, double tau)
{
    size_t n = 0;

    while (n < s->n && s->d[n] <= tau)
        n++;
    return sn_sum_pairwise(s->len, n);
}

/* Both directions' distances, ascending. */
static void merge(const struct side *a, const struct side *b, double *out)
{
    size_t i = 0, k = 0;

    while (i < a->n || k < b->n)
        if (k == b->n || (i < a->n && a->d[i] <= b->d[k])) {
            out[i + k] = a->d[i];
            i++;
        } else {
            out[i + k] = b->d[k];
            k++;
        }
}

static int numbers(const struct side *m, const struct side *a, enum sn_surface_variant variant, double tau,
                   struct sn_surface *s, struct sn_error *err)
{
    double *both = malloc((m->n + a->n) * sizeof *both), length[2];

    if (!both)
        return SN_NOMEM(err, "surface distances");
    length[0] = sn_sum_pairwise(m->len, m->n);
    length[1] = sn_sum_pairwise(a->len, a->n);
    s->asd_manual = m->sum / length[0];
    s->asd_automatic = a->sum / length[1];
    s->hd = SN_MAX(m->d[m->n - 1], a->d[a->n - 1]);
    if (variant == SN_SURFACE_MEDPY) {
        merge(m, a, both);
        s->hd95 = sn_percentile_sorted(both, m->n + a->n, 95);
        s->assd = (s->asd_manual + s->asd_automatic) / 2;
    } else if (variant == SN_SURFACE_MONAI) {
        memcpy(both, a->raw, a->n * sizeof *both);
        memcpy(both + a->n, m->raw, m->n * sizeof *both);
        s->hd95 = SN_MAX(sn_percentile_sorted(m->d, m->n, 95), sn_percentile_sorted(a->d, a->n, 95));
        s->assd = sn_sum_pairwise(both, m->n + a->n) / (length[0] + length[1]);
    } else {
        s->hd95 = SN_MAX(weighted_percentile(m, 95), weighted_percentile(a, 95));
        s->assd = (m->sum + a->sum) / (length[0] + length[1]);
    }
    if (!isnan(tau))
        s->nsd = (within(m, tau) + within(a, tau)) / (length[0] + length[1]);
    free(both);
    return SN_OK;
}

/* What there is to say when at least one mask is empty. */
static void without_surface(enum sn_surface_variant variant, double tau, struct sn_surface *s)
{
    bool one = s->n_manual || s->n_automatic;

    if (variant == SN_SURFACE_MEDPY || (!one && variant == SN_SURFACE_MONAI))
        return;
    s->hd = s->hd95 = INFINITY;
    if (!one)
        return;
    s->assd = INFINITY;
    if (s->n_manual)
        s->asd_manual = INFINITY;
    else
        s->asd_automatic = INFINITY;
    if (!isnan(tau))
        s->nsd = 0;
}

int sn_mask_surface(const uint8_t *manual, const uint8_t *automatic, int w, int h, const double spacing[2],
                    enum sn_surface_variant variant, double tau, struct sn_surface *s, struct sn_error *err)
{
    struct side m = { 0 }, a = { 0 };
    bool corners = variant == SN_SURFACE_DEEPMIND;
    struct sn_crop c;
    size_t cells;
    int rc, gw, gh;

    *s = (struct sn_surface){ NAN, NAN, NAN, NAN, NAN, NAN, 0, 0 };
    SN_TRY(sn_mask_check(w, h, spacing, err));
    if (!isnan(tau) && !(tau >= 0))
        return SN_FAIL(err, SN_EINVAL, "surface distances: a tolerance of %g mm, expected 0 or more", tau);
    if (!sn_crop_union(&c, manual, automatic, w, h)) {
        without_surface(variant, tau, s);
        return SN_OK;
    }
    gw = c.w + corners;
    gh = c.h + corners;
    cells = (size_t)gw * (size_t)gh;
    SN_TRY_OUT(side_alloc(&m, cells, corners, err));
    SN_TRY_OUT(side_alloc(&a, cells, corners, err));
    if (corners) {
        corner_surface(&m, &c, manual, spacing);
        corner_surface(&a, &c, automatic, spacing);
    } else {
        pixel_surface(&m, &c, manual);
        pixel_surface(&a, &c, automatic);
    }
    s->n_manual = m.n;
    s->n_automatic = a.n;
    if (!m.n || !a.n) {
        without_surface(variant, tau, s);
        goto out;
    }
    SN_TRY_OUT(sn_distance_transform(m.on, gw, gh, spacing, m.to, err));
    SN_TRY_OUT(sn_distance_transform(a.on, gw, gh, spacing, a.to, err));
    SN_TRY_OUT(collect(&m, a.to, cells, err));
    SN_TRY_OUT(collect(&a, m.to, cells, err));
    rc = numbers(&m, &a, variant, tau, s, err);
out:
    side_free(&m);
    side_free(&a);
    return rc;
}
