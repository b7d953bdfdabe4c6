/* surface_parts.h: what surface.c and overlap.c share: the box that holds both masks. Private to stats. */
#ifndef SN_SURFACE_PARTS_H
#define SN_SURFACE_PARTS_H

#include "base/base.h"

/* A window of a mask; outside it, and outside the image, is background. */
struct sn_crop {
    int x0, y0, w, h, stride;
};

static inline unsigned sn_crop_at(const struct sn_crop *c, const uint8_t *mask, int x, int y)
{
    if (x < 0 || y < 0 || x >= c->w || y >= c->h)
        return 0;
    return mask[(size_t)(c->y0 + y) * (size_t)c->stride + (size_t)(c->x0 + x)] != 0;
}

/* The tight box of a mask; false: empty. */
bool sn_crop_mask(struct sn_crop *c, const uint8_t *mask, int w, int h);
/* Of both masks together. */
bool sn_crop_union(struct sn_crop *c, const uint8_t *a, const uint8_t *b, int w, int h);
/* SN_EINVAL: sides or spacing out of range. */
int sn_mask_check(int w, int h, const double spacing[2], struct sn_error *err);

#endif
