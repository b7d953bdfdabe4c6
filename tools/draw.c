/* draw.c: contour, box, heat map. */
#include "tools/draw.h"

#include <stdlib.h>

const uint8_t sn_draw_automatic[3] = { 255, 214, 10 }, sn_draw_manual[3] = { 70, 200, 255 };

int sn_draw_mask(const uint8_t *mask, uint32_t w, uint32_t h, struct sn_image *out, struct sn_error *err)
{
    uint8_t *px;

    SN_TRY(sn_image_alloc(out, w, h, 1, 8, err));
    px = out->data;
    for (size_t i = 0; i < (size_t)w * h; i++)
        px[i] = mask[i] ? 255 : 0;
    return SN_OK;
}

/* Is there background, or the image's end, within distance r along a row or column? */
static bool near_edge(const uint8_t *mask, int w, int h, int x, int y, int r)
{
    if (x < r || y < r || x + r >= w || y + r >= h)
        return true;
    for (int d = 1; d <= r; d++)
        if (!mask[(size_t)y * (size_t)w + (size_t)(x - d)] || !mask[(size_t)y * (size_t)w + (size_t)(x + d)] ||
            !mask[(size_t)(y - d) * (size_t)w + (size_t)x] || !mask[(size_t)(y + d) * (size_t)w + (size_t)x])
            return true;
    return false;
}

static void set(struct sn_image *im, int x, int y, const uint8_t colour[3])
{
    if (x >= 0 && y >= 0 && x < (int)im->width && y < (int)im->height)
        memcpy((uint8_t *)im->data + 3 * ((size_t)y * im->width + (size_t)x), colour, 3);
}

/* Dashes of 6 line widths; `thick` grows inwards. */
static void draw_box(struct sn_image *im, const struct sn_box *b, int thick)
{
    for (int t = 0; t < thick; t++) {
        for (int x = 0; x < b->w; x++)
            if (x / (6 * thick) % 2 == 0) {
                set(im, b->x + x, b->y + t, sn_draw_manual);
                set(im, b->x + x, b->y + b->h - 1 - t, sn_draw_manual);
            }
        for (int y = 0; y < b->h; y++)
            if (y / (6 * thick) % 2 == 0) {
                set(im, b->x + t, b->y + y, sn_draw_manual);
                set(im, b->x + b->w - 1 - t, b->y + y, sn_draw_manual);
            }
    }
}

void sn_draw_contour(struct sn_image *rgb, const uint8_t *mask, int thick, const uint8_t colour[3])
{
    int w = (int)rgb->width, h = (int)rgb->height;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            if (mask[(size_t)y * (size_t)w + (size_t)x] && near_edge(mask, w, h, x, y, thick))
                set(rgb, x, y, colour);
}

int sn_draw_overlay(const struct sn_image *rgb, const uint8_t *mask, const struct sn_box *box, struct sn_image *out,
                    struct sn_error *err)
{
    int w = (int)rgb->width, h = (int)rgb->height, thick = SN_MAX(1, SN_MAX(w, h) / 300);

    SN_TRY(sn_image_alloc(out, rgb->width, rgb->height, 3, 8, err));
    memcpy(out->data, rgb->data, (size_t)w * (size_t)h * 3);
    if (box)
        draw_box(out, box, thick);
    sn_draw_contour(out, mask, thick, sn_draw_automatic);
    return SN_OK;
}

/* t in [-1, 1] over a pixel: red above zero, blue below, the more opaque the further from it. */
static void tint(const uint8_t *under, double t, uint8_t *out)
{
    static const double hot[3] = { 226, 32, 24 }, cold[3] = { 28, 92, 232 };
    const double *colour = t > 0 ? hot : cold;
    double alpha = 0.75 * (t < 0 ? -t : t);

    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)(under[c] + alpha * (colour[c] - under[c]) + 0.5);
}

static double scaled(double v, double limit)
{
    double t = limit > 0.0 ? v / limit : 0.0;

    return t < -1.0 ? -1.0 : t > 1.0 ? 1.0 : t;
}

/* The colour scale: top +limit, middle 0, bottom -limit, over mid grey. */
static void draw_bar(struct sn_image *im, uint32_t x0)
{
    static const uint8_t grey[3] = { 128, 128, 128 }, white[3] = { 255, 255, 255 }, black[3] = { 0, 0, 0 };

    for (uint32_t y = 0; y < im->height; y++) {
        double t = im->height > 1 ? 1.0 - 2.0 * y / (im->height - 1.0) : 0.0;
        uint8_t colour[3];

        tint(grey, t, colour);
        for (uint32_t x = x0; x < im->width; x++)
            set(im, (int)x, (int)y, x < x0 + 6 ? white : y == im->height / 2 ? black : colour);
    }
}

int sn_draw_cam(const struct sn_image *crop, const float *map, int mw, int mh, double limit, struct sn_image *out,
                struct sn_error *err)
{
    uint32_t side = SN_MAX(crop->width, crop->height), k = side < 224 ? (224 + side - 1) / side : 1;
    uint32_t w = crop->width * k, h = crop->height * k;
    const uint8_t *px = crop->data;
    float *heat;
    size_t n;
    int rc;

    SN_TRY(sn_size_mul3(&n, w, h, sizeof *heat, err));
    heat = malloc(n);
    if (!heat)
        return SN_NOMEM(err, "a heat map");
    SN_TRY_OUT(sn_resize_f32(map, (uint32_t)mw, (uint32_t)mh, heat, w, h, SN_RESIZE_TORCH_BILINEAR, err));
    SN_TRY_OUT(sn_image_alloc(out, w + 22, h, 3, 8, err));
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            tint(px + 3 * ((size_t)(y / k) * crop->width + x / k), scaled((double)heat[(size_t)y * w + x], limit),
                 (uint8_t *)out->data + 3 * ((size_t)y * out->width + x));
    draw_bar(out, w);
out:
    free(heat);
    return rc;
}
