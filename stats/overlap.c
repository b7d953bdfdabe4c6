/* overlap.c: how much of two masks is common, how their boxes, centres and lengths compare. */
#include "stats/surface.h"
#include "stats/surface_parts.h"

#include <math.h>
#include <stdlib.h>

static const char *const empty_names[] = { "one", "nan", "ignore" };

bool sn_empty_parse(const char *name, enum sn_empty_rule *r)
{
    for (size_t i = 0; i < SN_COUNT(empty_names); i++)
        if (strcmp(name, empty_names[i]) == 0) {
            *r = (enum sn_empty_rule)i;
            return true;
        }
    return false;
}

const char *sn_empty_name(enum sn_empty_rule r) { return empty_names[r]; }

int sn_mask_check(int w, int h, const double spacing[2], struct sn_error *err)
{
    if (w < 1 || h < 1 || w > SN_SURFACE_MAX_SIDE || h > SN_SURFACE_MAX_SIDE)
        return SN_FAIL(err, SN_EINVAL, "mask: %dx%d pixels, expected 1 to %d each way", w, h, SN_SURFACE_MAX_SIDE);
    for (int k = 0; k < 2; k++)
        if (!(spacing[k] >= SN_SPACING_MIN && spacing[k] <= SN_SPACING_MAX))
            return SN_FAIL(err, SN_EINVAL, "mask: a spacing of %g mm, expected %g to %g", spacing[k], SN_SPACING_MIN,
                           SN_SPACING_MAX);
    return SN_OK;
}

/* ---- boxes ------------------------------------------------------------------------------------------- */

bool sn_crop_union(struct sn_crop *c, const uint8_t *a, const uint8_t *b, int w, int h)
{
    int x0 = w, x1 = -1, y0 = h, y1 = -1;

    for (int y = 0; y < h; y++) {
        const uint8_t *p = a + (size_t)y * (size_t)w, *q = b + (size_t)y * (size_t)w;

        for (int x = 0; x < w; x++)
            if (p[x] | q[x]) {
                x0 = SN_MIN(x0, x);
                x1 = SN_MAX(x1, x);
                y0 = SN_MIN(y0, y);
                y1 = y;
            }
    }
    *c = (struct sn_crop){ x0, y0, x1 - x0 + 1, y1 - y0 + 1, w };
    return x1 >= 0;
}

bool sn_crop_mask(struct sn_crop *c, const uint8_t *mask, int w, int h) { return sn_crop_union(c, mask, mask, w, h); }

/* Intersection over union of two boxes; both exist. */
static double box_iou(const struct sn_crop *a, const struct sn_crop *b)
{
    int w = SN_MIN(a->x0 + a->w, b->x0 + b->w) - SN_MAX(a->x0, b->x0);
    int h = SN_MIN(a->y0 + a->h, b->y0 + b->h) - SN_MAX(a->y0, b->y0);
    double common = (double)SN_MAX(w, 0) * SN_MAX(h, 0);

    return common / ((double)a->w * a->h + (double)b->w * b->h - common);
}

/* ---- boundary IoU ------------------------------------------------------------------------------------ */

/*
 * depth[h][w]: chessboard distance to the nearest pixel that is not lesion (outside the image counts), capped at
 * `most`; 0 off the mask. Two passes are exact for this metric (Rosenfeld & Pfaltz 1966).
 */
static void depths(const uint8_t *mask, int w, int h, uint16_t most, uint16_t *depth)
{
    size_t n = (size_t)w * (size_t)h;

    for (size_t i = 0; i < n; i++) {
        int x = (int)(i % (size_t)w), y = (int)(i / (size_t)w);
        unsigned least = 0;

        if (!mask[i]) {
            depth[i] = 0;
            continue;
        }
        if (x > 0 && y > 0 && x < w - 1) {
            const uint16_t *up = depth + i - (size_t)w;

            least = SN_MIN(most - 1u, SN_MIN(SN_MIN(up[-1], up[0]), SN_MIN(up[1], depth[i - 1])));
        }
        depth[i] = (uint16_t)(least + 1);
    }
    for (size_t i = n; i-- > 0;) {
        int x = (int)(i % (size_t)w), y = (int)(i / (size_t)w);
        unsigned least = 0;

        if (!depth[i])
            continue;
        if (x > 0 && x < w - 1 && y < h - 1) {
            const uint16_t *down = depth + i + (size_t)w;

            least = SN_MIN(SN_MIN(down[-1], down[0]), SN_MIN(down[1], depth[i + 1]));
        }
        depth[i] = (uint16_t)SN_MIN(depth[i], least + 1);
    }
}

static int boundary_iou(const uint8_t *a, const uint8_t *b, int w, int h, int within, double *iou, struct sn_error *err)
{
    size_t n = (size_t)w * (size_t)h, common = 0, either = 0;
    uint16_t most = (uint16_t)(within + 1), *da = malloc(n * sizeof *da), *db = malloc(n * sizeof *db);
    int rc = SN_OK;

    if (!da || !db) {
        rc = SN_NOMEM(err, "a boundary");
    } else {
        depths(a, w, h, most, da);
        depths(b, w, h, most, db);
        for (size_t i = 0; i < n; i++) {
            bool in_a = da[i] && da[i] <= within, in_b = db[i] && db[i] <= within;

            common += in_a && in_b;
            either += in_a || in_b;
        }
        *iou = (double)common / (double)either;
    }
    free(da);
    free(db);
    return rc;
}

/* ---- the longest diameter ------------------------------------------------------------------------------ */

struct point {
    double x, y;
};

/* Twice the area of the triangle; > 0: a turn to the left. */
static double turn(struct point a, struct point b, struct point c)
{
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/* Andrew's chain (1979) for points ascending in y: one side of their hull, in place of `hull`; sign +1 or -1. */
static size_t half_hull(const struct point *p, size_t n, double sign, struct point *hull)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        while (k >= 2 && sign * turn(hull[k - 2], hull[k - 1], p[i]) >= 0)
            k--;
        hull[k++] = p[i];
    }
    return k;
}

/*
 * Only the outermost side midpoints of each row can be on the hull: (x -+ 1/2, y), and (x, y - 1/2), (x, y + 1/2)
 * of its first and last pixel. Left ends and right ends are kept apart, each ascending in y.
 */
static size_t outline(const uint8_t *mask, const struct sn_crop *c, const double spacing[2], struct point *left,
                      struct point *right)
{
    size_t n = 0;

    for (int y = 0; y < c->h; y++) {
        int first = 0, last = c->w - 1;

        while (first < c->w && !sn_crop_at(c, mask, first, y))
            first++;
        if (first == c->w)
            continue;
        while (!sn_crop_at(c, mask, last, y))
            last--;
        for (int k = -1; k <= 1; k++, n++) {
            double out = k == 0 ? 0.5 : 0, at = (y + 0.5 * k) * spacing[0];

            left[n] = (struct point){ (first - out) * spacing[1], at };
            right[n] = (struct point){ (last + out) * spacing[1], at };
        }
    }
    return n;
}

int sn_mask_diameter(const uint8_t *mask, int w, int h, const double spacing[2], double *mm, struct sn_error *err)
{
    struct sn_crop c;
    struct point *p;
    size_t room, n, nl, nr;
    double most = 0;

    *mm = 0;
    SN_TRY(sn_mask_check(w, h, spacing, err));
    if (!sn_crop_mask(&c, mask, w, h))
        return SN_OK;
    room = 3 * (size_t)c.h;
    p = malloc(4 * room * sizeof *p);
    if (!p)
        return SN_NOMEM(err, "an outline");
    n = outline(mask, &c, spacing, p, p + room);
    nl = half_hull(p, n, 1, p + 2 * room);
    nr = half_hull(p + room, n, -1, p + 3 * room);
    memmove(p, p + 2 * room, nl * sizeof *p);
    memmove(p + nl, p + 3 * room, nr * sizeof *p);
    for (size_t i = 0; i < nl + nr; i++) /* a hull on a grid has few corners: about side^(2/3) */
        for (size_t k = i + 1; k < nl + nr; k++) {
            double dx = p[i].x - p[k].x, dy = p[i].y - p[k].y;

            most = SN_MAX(most, dx * dx + dy * dy);
        }
    free(p);
    *mm = sqrt(most);
    return SN_OK;
}

/* ---- all of it ------------------------------------------------------------------------------------------ */

static void count(const uint8_t *a, const uint8_t *b, int w, int h, struct sn_overlap *o, struct point centre[2])
{
    double sum[2][2] = { { 0 } }; /* whole numbers below 2^53: exact */

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            size_t i = (size_t)y * (size_t)w + (size_t)x;
            bool in[2] = { a[i] != 0, b[i] != 0 };

            o->manual += in[0];
            o->automatic += in[1];
            o->common += in[0] && in[1];
            for (int k = 0; k < 2; k++)
                if (in[k]) {
                    sum[k][0] += x;
                    sum[k][1] += y;
                }
        }
    for (int k = 0; k < 2; k++) {
        double n = (double)(k ? o->automatic : o->manual);

        centre[k] = (struct point){ sum[k][0] / n, sum[k][1] / n };
    }
}

/* Masks of which at least one is empty. */
static void degenerate(struct sn_overlap *o, enum sn_empty_rule empty)
{
    bool both = !o->manual && !o->automatic;
    double v = both ? (empty == SN_EMPTY_ONE ? 1.0 : (double)NAN) : (!o->manual && empty == SN_EMPTY_IGNORE ? (double)NAN : 0.0);

    o->dice = o->iou = o->box_iou = o->boundary_iou = v;
    o->centroid_mm = NAN;
    o->area_error = o->manual ? -1.0 : (double)NAN;
}

int sn_mask_overlap(const uint8_t *manual, const uint8_t *automatic, int w, int h, const double spacing[2],
                    enum sn_empty_rule empty, struct sn_overlap *o, struct sn_error *err)
{
    struct point centre[2];
    struct sn_crop box[2];
    double pixel, dx, dy;

    memset(o, 0, sizeof *o);
    SN_TRY(sn_mask_check(w, h, spacing, err));
    pixel = spacing[0] * spacing[1];
    count(manual, automatic, w, h, o, centre);
    o->area_manual = (double)o->manual * pixel;
    o->area_automatic = (double)o->automatic * pixel;
    o->boundary_px = SN_MAX(1, (int)nearbyint(0.02 * sqrt((double)w * w + (double)h * h)));
    SN_TRY(sn_mask_diameter(manual, w, h, spacing, &o->length_manual, err));
    SN_TRY(sn_mask_diameter(automatic, w, h, spacing, &o->length_automatic, err));
    if (!o->manual || !o->automatic) {
        degenerate(o, empty);
        return SN_OK;
    }
    o->dice = 2.0 * (double)o->common / (double)(o->manual + o->automatic);
    o->iou = (double)o->common / (double)(o->manual + o->automatic - o->common);
    (void)sn_crop_mask(&box[0], manual, w, h);
    (void)sn_crop_mask(&box[1], automatic, w, h);
    o->box_iou = box_iou(&box[0], &box[1]);
    o->area_error = ((double)o->automatic - (double)o->manual) / (double)o->manual;
    dx = (centre[0].x - centre[1].x) * spacing[1];
    dy = (centre[0].y - centre[1].y) * spacing[0];
    o->centroid_mm = sqrt(dx * dx + dy * dy);
    return boundary_iou(manual, automatic, w, h, o->boundary_px, &o->boundary_iou, err);
}
