/* font.h: a built-in alphabet of 5x7 pixels, for labels inside pictures. */
#ifndef SN_TOOLS_FONT_H
#define SN_TOOLS_FONT_H

#include "io/io.h"

#define SN_FONT_STEP 6   /* from one letter to the next, unscaled pixels */
#define SN_FONT_HEIGHT 7

/*
 * Draws text into an RGB image, the first letter's top left corner at x, y, each font pixel
 * `scale` pixels wide. Letters are capitals in any case; what the alphabet lacks is a box. Pixels
 * outside the image, and everything from `width` pixels on, are left out.
 */
void sn_draw_text(struct sn_image *im, int x, int y, int scale, int width, const char *text, const uint8_t colour[3]);

#endif
