/*
 * distance.c: the exact Euclidean distance transform. Columns first: each pixel learns the row of the nearest
 * feature in its column, by one pass down and one up. Then each row takes the lower envelope of the parabolas
 * f_v(x) = g_v^2 + (sx (x - v))^2, where g_v is column v's distance.
 */
#include "stats/surface.h"

#include <math.h>
#include <stdlib.h>

#define NONE (-1)

/* nearest[y][x]: row of the nearest feature in column x; NONE. Ties: the upper one. */
static void columns(const uint8_t *feature, int w, int h, int32_t *nearest)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            size_t i = (size_t)y * (size_t)w + (size_t)x;

            nearest[i] = feature[i] ? y : y ? nearest[i - (size_t)w] : NONE;
        }
    for (int y = h - 2; y >= 0; y--)
        for (int x = 0; x < w; x++) {
            size_t i = (size_t)y * (size_t)w + (size_t)x;
            int32_t below = nearest[i + (size_t)w];

            if (below != NONE && (nearest[i] == NONE || below - y < y - nearest[i]))
                nearest[i] = below;
        }
}

/* The envelope's parabolas, by column, and from which x on each is the lowest. */
struct envelope {
    int *vertex;
    double *from, *height2;
};

/* Where the parabola of column q passes below that of column v < q. */
static double crossing(const struct envelope *e, int v, int q, double sx2)
{
    return 0.5 * ((e->height2[q] - e->height2[v]) / (sx2 * (q - v)) + q + v);
}

static void one_row(const int32_t *nearest, int w, int y, const double spacing[2], struct envelope *e, double *out)
{
    double sx2 = spacing[1] * spacing[1];
    int n = 0;

    for (int x = 0; x < w; x++) {
        double at, g;

        if (nearest[x] == NONE)
            continue;
        g = (nearest[x] - y) * spacing[0];
        e->height2[x] = g * g;
        at = -INFINITY;
        while (n && (at = crossing(e, e->vertex[n - 1], x, sx2)) <= e->from[n - 1])
            n--;
        e->vertex[n] = x;
        e->from[n] = n ? at : -INFINITY;
        n++;
    }
    for (int x = 0, k = 0; x < w; x++) {
        double dx;

        if (!n) {
            out[x] = INFINITY;
            continue;
        }
        while (k + 1 < n && e->from[k + 1] < x)
            k++;
        dx = (x - e->vertex[k]) * spacing[1];
        out[x] = sqrt(e->height2[e->vertex[k]] + dx * dx);
    }
}

int sn_distance_transform(const uint8_t *feature, int w, int h, const double spacing[2], double *distance,
                          struct sn_error *err)
{
    struct envelope e = { 0 };
    int32_t *nearest;
    int rc = SN_OK;

    if (w < 1 || h < 1 || w > SN_SURFACE_MAX_SIDE || h > SN_SURFACE_MAX_SIDE)
        return SN_FAIL(err, SN_EINVAL, "distance transform: %dx%d pixels, expected 1 to %d each way", w, h,
                       SN_SURFACE_MAX_SIDE);
    for (int k = 0; k < 2; k++)
        if (!(spacing[k] >= SN_SPACING_MIN && spacing[k] <= SN_SPACING_MAX))
            return SN_FAIL(err, SN_EINVAL, "distance transform: a spacing of %g mm, expected %g to %g", spacing[k],
                           SN_SPACING_MIN, SN_SPACING_MAX);
    nearest = malloc((size_t)w * (size_t)h * sizeof *nearest);
    e.vertex = malloc((size_t)w * sizeof *e.vertex);
    e.from = malloc((size_t)w * sizeof *e.from);
    e.height2 = malloc((size_t)w * sizeof *e.height2);
    if (!nearest || !e.vertex || !e.from || !e.height2) {
        rc = SN_NOMEM(err, "a distance map");
    } else {
        columns(feature, w, h, nearest);
        for (int y = 0; y < h; y++)
            one_row(nearest + (size_t)y * (size_t)w, w, y, spacing, &e, distance + (size_t)y * (size_t)w);
    }
    free(nearest);
    free(e.vertex);
    free(e.from);
    free(e.height2);
    return rc;
}
