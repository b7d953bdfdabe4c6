/* region.c: from a mask to the box that the classifiers see. */
#include "fusion/fusion.h"

#include <math.h>

bool sn_mask_box(const uint8_t *mask, int w, int h, struct sn_box *tight)
{
    int x0 = w, x1 = -1, y0 = h, y1 = -1;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            if (mask[(size_t)y * (size_t)w + (size_t)x]) {
                x0 = SN_MIN(x0, x);
                x1 = SN_MAX(x1, x);
                y0 = SN_MIN(y0, y);
                y1 = y;
            }
    if (x1 < 0)
        return false;
    *tight = (struct sn_box){ x0, y0, x1 - x0 + 1, y1 - y0 + 1 };
    return true;
}

/* One axis: [*pos, *pos + *len) is shifted into [0, size) if asked to, then clipped. */
static void fit(int *pos, int *len, int size, bool shift)
{
    int end;

    if (shift && *pos + *len > size)
        *pos = size - *len;
    if (shift && *pos < 0) { /* also when it does not fit: then it covers all there is */
        *len = SN_MIN(*len, size);
        *pos = 0;
    }
    end = SN_MIN(*pos + *len, size);
    *pos = SN_MAX(*pos, 0);
    *len = end - *pos;
}

void sn_region_box(const struct sn_box *tight, int w, int h, const struct sn_region_rule *rule,
                   struct sn_box *out)
{
    struct sn_box b = *tight;
    double most = (double)w + (double)h,
           margin = rule->margin_px + rule->margin_frac * SN_MAX(b.w, b.h);
    int m, side;

    /* halves round up; a margin past the image is the whole image; a negative or NaN one is none */
    m = (int)floor((margin > 0.0 ? SN_MIN(margin, most) : 0.0) + 0.5);
    b.x -= m;
    b.y -= m;
    b.w += 2 * m;
    b.h += 2 * m;
    if (rule->square) {
        side = SN_MAX(b.w, b.h);
        b.x -= (side - b.w) / 2; /* of an odd difference the extra pixel goes right, or below */
        b.y -= (side - b.h) / 2;
        b.w = b.h = side;
    }
    fit(&b.x, &b.w, w, rule->square);
    fit(&b.y, &b.h, h, rule->square);
    *out = b;
}

int sn_region_crop(const struct sn_image *im, const uint8_t *mask, const struct sn_box *box,
                   const struct sn_region_rule *rule, struct sn_image *out, struct sn_error *err)
{
    uint32_t w = im->width, h = im->height;
    int colours = im->channels - (im->channels % 2 == 0); /* alpha stays */
    uint8_t *px;

    memset(out, 0, sizeof *out);
    if (im->depth != 8)
        return SN_FAIL(err, SN_EINVAL, "region: %d-bit image, expected 8-bit", im->depth);
    if (box->x < 0 || box->y < 0 || box->w < 1 || box->h < 1 || (uint32_t)box->x >= w ||
        (uint32_t)box->y >= h || (uint32_t)box->w > w - (uint32_t)box->x ||
        (uint32_t)box->h > h - (uint32_t)box->y)
        return SN_FAIL(err, SN_EINVAL, "region: box %d,%d %dx%d is not inside the %ux%u image",
                       box->x, box->y, box->w, box->h, w, h);
    SN_TRY(sn_image_crop(im, (uint32_t)box->x, (uint32_t)box->y, (uint32_t)box->w, (uint32_t)box->h,
                         out, err));
    if (!rule->masked)
        return SN_OK;
    px = out->data;
    for (int y = 0; y < box->h; y++)
        for (int x = 0; x < box->w; x++, px += im->channels)
            if (!mask[(size_t)(box->y + y) * w + (size_t)(box->x + x)])
                memset(px, rule->background, (size_t)colours);
    return SN_OK;
}
