/* quality.c: reasons why a person must look at a result before anyone uses it. */
#include "fusion/fusion.h"

#include <math.h>
#include <stdio.h>

void sn_quality_defaults(struct sn_quality_limits *q)
{
    *q = (struct sn_quality_limits){
        .min_pair_dice = 0.6,
        .min_area_frac = 0.002,
        .max_area_frac = 0.6,
        .max_components = 1,
        .min_width = 64,
        .min_height = 64,
        .max_width = 8192,
        .max_height = 8192,
        .min_range = 32,
    };
}

void sn_quality_add(struct sn_quality *q, const char *code, const char *fmt, ...)
{
    va_list ap;

    if (q->n == SN_QUALITY_MAX) /* more reasons would not change what has to happen */
        return;
    q->reason[q->n].code = code;
    va_start(ap, fmt);
    (void)vsnprintf(q->reason[q->n].text, sizeof q->reason[q->n].text, fmt, ap);
    va_end(ap);
    q->n++;
}

/* Four decimals are enough for people and do not depend on the locale. */
static const char *show(double v, char *buf)
{
    return sn_format_double(floor(v * 1e4 + 0.5) / 1e4, buf);
}

static void check_image(const struct sn_quality_limits *lim, const struct sn_image *grey,
                        struct sn_quality *q)
{
    const uint8_t *px = grey->data;
    size_t n = (size_t)grey->width * grey->height;
    uint8_t low = 255, high = 0;
    char limit[32];

    if (grey->width < lim->min_width || grey->height < lim->min_height ||
        grey->width > lim->max_width || grey->height > lim->max_height)
        sn_quality_add(q, "image-size", "the image is %ux%u pixels, accepted are %ux%u to %ux%u",
                       grey->width, grey->height, lim->min_width, lim->min_height, lim->max_width,
                       lim->max_height);
    for (size_t i = 0; i < n; i++) {
        low = SN_MIN(low, px[i]);
        high = SN_MAX(high, px[i]);
    }
    if (high - low < lim->min_range)
        sn_quality_add(q, "image-range",
                       "grey values span only %d to %d, the least accepted span is %s", low, high,
                       show(lim->min_range, limit));
}

static bool touches_border(const uint8_t *mask, size_t w, size_t h)
{
    for (size_t x = 0; x < w; x++)
        if (mask[x] || mask[(h - 1) * w + x])
            return true;
    for (size_t y = 0; y < h; y++)
        if (mask[y * w] || mask[y * w + w - 1])
            return true;
    return false;
}

static void check_mask(const struct sn_quality_limits *lim, const uint8_t *mask, size_t w, size_t h,
                       const struct sn_clean_report *clean, struct sn_quality *q)
{
    size_t area = 0;
    double frac;
    char found[32], low[32], high[32];

    for (size_t i = 0; i < w * h; i++)
        area += mask[i] != 0;
    if (area == 0) { /* the other checks would only repeat it */
        sn_quality_add(q, "empty-mask", "no lesion was found");
        return;
    }
    if (clean->components > lim->max_components)
        sn_quality_add(q, "several-components",
                       "%d separate regions before cleaning, accepted are at most %d",
                       clean->components, lim->max_components);
    if (touches_border(mask, w, h))
        sn_quality_add(q, "touches-border",
                       "the lesion reaches the edge of the image, so it may be cut off");
    frac = (double)area / ((double)w * (double)h);
    if (frac < lim->min_area_frac || frac > lim->max_area_frac)
        sn_quality_add(q, "area-range", "the lesion covers %s of the image, accepted are %s to %s",
                       show(frac, found), show(lim->min_area_frac, low),
                       show(lim->max_area_frac, high));
}

/* The worst pair speaks for all. */
static void check_agreement(const struct sn_quality_limits *lim, size_t n, int n_masks,
                            const uint8_t *const *masks, struct sn_quality *q)
{
    double worst = 2.0;
    int a = 0, b = 0;
    char found[32], limit[32];

    for (int i = 0; i < n_masks; i++)
        for (int k = i + 1; k < n_masks; k++) {
            double dice = sn_mask_dice(masks[i], masks[k], n);

            if (dice < worst) {
                worst = dice;
                a = i + 1;
                b = k + 1;
            }
        }
    if (worst < lim->min_pair_dice)
        sn_quality_add(q, "networks-disagree",
                       "segmentation networks %d and %d agree with Dice %s, the limit is %s", a, b,
                       show(worst, found), show(lim->min_pair_dice, limit));
}

void sn_quality_check(const struct sn_quality_limits *lim, const struct sn_image *grey,
                      const uint8_t *fused_clean, const struct sn_clean_report *clean, int n_masks,
                      const uint8_t *const *masks, struct sn_quality *q)
{
    size_t w = grey->width, h = grey->height;

    check_image(lim, grey, q);
    check_mask(lim, fused_clean, w, h, clean, q);
    check_agreement(lim, w * h, n_masks, masks, q);
}
