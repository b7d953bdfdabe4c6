/* draw.h: the pictures predict and segment write. Input sizes must agree; outputs are new images. */
#ifndef SN_TOOLS_DRAW_H
#define SN_TOOLS_DRAW_H

#include "fusion/fusion.h"
#include "io/io.h"

extern const uint8_t sn_draw_automatic[3], sn_draw_manual[3]; /* yellow, cyan */

/* mask[w * h] of 0/1 as an image of 0/255. */
int sn_draw_mask(const uint8_t *mask, uint32_t w, uint32_t h, struct sn_image *out, struct sn_error *err);
/*
 * The image with the mask's contour (yellow) and, when box is not NULL, the crop box (dashed, cyan).
 * Line width: one pixel per 300 of the longer side, at least one; the contour lies on the mask's
 * own border pixels and inwards.
 */
int sn_draw_overlay(const struct sn_image *rgb, const uint8_t *mask, const struct sn_box *box, struct sn_image *out,
                    struct sn_error *err);
/*
 * The image with a black band under it that holds lines of text, as large as its width allows and at most
 * twice the font's size for each 500 pixels; a narrow image gets black at its right.
 */
int sn_draw_caption(const struct sn_image *rgb, const char *const *lines, size_t n, struct sn_image *out,
                    struct sn_error *err);
/* The mask's border pixels, `thick` inwards, in an RGB image of the mask's size. */
void sn_draw_contour(struct sn_image *rgb, const uint8_t *mask, int thick, const uint8_t colour[3]);
/*
 * An activation map over the crop: red raises the score, blue lowers it, colourless is zero; the
 * scale is symmetric and ends at `limit` on both sides, drawn as a bar at the right. The opacity
 * grows linearly with the value, so no threshold hides anything. Crops smaller than 224 pixels are
 * shown enlarged by a whole factor, so that no pixel is invented.
 */
int sn_draw_cam(const struct sn_image *crop, const float *map, int mw, int mh, double limit, struct sn_image *out,
                struct sn_error *err);

#endif
