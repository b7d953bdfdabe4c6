/* measure.c: the lesion's size in millimetres, from its mask and the pixels' spacing. */
#include "fusion/fusion.h"

#include <math.h>
#include <stdlib.h>

/* First pixel and one past the last of each row of the box; first == last: none. */
struct row {
    int first, last;
};

static void find_rows(const uint8_t *mask, size_t width, const struct sn_box *b, struct row *rows)
{
    for (int y = 0; y < b->h; y++) {
        const uint8_t *p = mask + (size_t)(b->y + y) * width + b->x;
        struct row *r = &rows[y];

        *r = (struct row){ 0, b->w };
        while (r->last > 0 && !p[r->last - 1])
            r->last--;
        while (r->first < r->last && !p[r->first])
            r->first++;
    }
}

/* The two corners farthest apart lie at ends of rows; rows y <= z, upper edge of y to lower edge of z. */
static void longest(const struct row *rows, int h, const double mm[2], double *dx, double *dy)
{
    double best = 0.0;

    for (int y = 0; y < h; y++) {
        for (int z = y; z < h && rows[y].last > rows[y].first; z++) {
            double right = (double)(rows[z].last - rows[y].first) * mm[1], left = (double)(rows[y].last - rows[z].first) * mm[1];
            double down = (double)(z + 1 - y) * mm[0], x = right > left ? right : -left;

            if (rows[z].last > rows[z].first && x * x + down * down > best) {
                best = x * x + down * down;
                *dx = x;
                *dy = down;
            }
        }
    }
}

/* Extent along the unit vector (ux, uy). */
static double extent(const struct row *rows, int h, const double mm[2], double ux, double uy)
{
    double low = INFINITY, high = -INFINITY;

    for (int y = 0; y < h; y++) {
        for (int corner = 0; corner < 4 && rows[y].last > rows[y].first; corner++) {
            double x = (double)(corner & 1 ? rows[y].last : rows[y].first) * mm[1];
            double at = ux * x + uy * (double)(y + (corner >> 1)) * mm[0];

            low = at < low ? at : low;
            high = at > high ? at : high;
        }
    }
    return high > low ? high - low : 0.0;
}

int sn_mask_size_mm(const uint8_t *mask, size_t width, const struct sn_box *tight, const double spacing_mm[2],
                    struct sn_size_mm *s, struct sn_error *err)
{
    double dx = 0.0, dy = 0.0;
    size_t area = 0;
    struct row *rows;

    *s = (struct sn_size_mm){ 0 };
    if (!(spacing_mm[0] > 0.0) || !(spacing_mm[1] > 0.0) || tight->w <= 0 || tight->h <= 0)
        return SN_FAIL(err, SN_EINVAL, "size in mm: box of %d x %d pixels, a spacing above 0 expected", tight->w, tight->h);
    rows = malloc((size_t)tight->h * sizeof *rows);
    if (!rows)
        return SN_NOMEM(err, "the lesion's outline");
    find_rows(mask, width, tight, rows);
    for (int y = 0; y < tight->h; y++) {
        for (int x = 0; x < tight->w; x++)
            area += mask[(size_t)(tight->y + y) * width + (size_t)(tight->x + x)] != 0;
    }
    s->width = (double)tight->w * spacing_mm[1];
    s->height = (double)tight->h * spacing_mm[0];
    s->area = (double)area * spacing_mm[0] * spacing_mm[1];
    longest(rows, tight->h, spacing_mm, &dx, &dy);
    s->longest = sqrt(dx * dx + dy * dy);
    if (s->longest > 0.0)
        s->across = extent(rows, tight->h, spacing_mm, -dy / s->longest, dx / s->longest);
    free(rows);
    return SN_OK;
}
