/* draw_caption.c: lines of text under a picture, as part of its pixels. */
#include "tools/draw.h"
#include "tools/font.h"

enum { MARGIN = 4 }; /* around the text, in font pixels */

int sn_draw_caption(const struct sn_image *rgb, const char *const *lines, size_t n, struct sn_image *out,
                    struct sn_error *err)
{
    static const uint8_t white[3] = { 255, 255, 255 };
    size_t longest = 1;
    uint32_t scale, need, width, line;
    uint8_t *px;

    for (size_t i = 0; i < n; i++)
        longest = SN_MAX(longest, strlen(lines[i]));
    need = (uint32_t)SN_MIN(longest, 1000u) * SN_FONT_STEP + 2 * MARGIN; /* at scale 1 */
    scale = SN_MAX(1u, SN_MIN(rgb->width / need, 1 + rgb->width / 500));
    width = SN_MAX(rgb->width, need);
    line = (SN_FONT_HEIGHT + MARGIN) * scale;
    SN_TRY(sn_image_alloc(out, width, rgb->height + (uint32_t)n * line + MARGIN * scale, 3, 8, err));
    px = out->data;
    memset(px, 0, sn_image_bytes(out));
    for (uint32_t y = 0; y < rgb->height; y++)
        memcpy(px + 3 * (size_t)y * width, (const uint8_t *)rgb->data + 3 * (size_t)y * rgb->width,
               3 * (size_t)rgb->width);
    for (size_t i = 0; i < n; i++)
        sn_draw_text(out, (int)(MARGIN * scale), (int)(rgb->height + MARGIN * scale + (uint32_t)i * line), (int)scale,
                     (int)(width - 2 * MARGIN * scale), lines[i], white);
    return SN_OK;
}
