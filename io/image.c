/* image.c: the image type, decoding by content, and the small pixel operations. */
#include <stdio.h>
#include <stdlib.h>

#include "io/image_parts.h"

/* ---- the type ----------------------------------------------------------------------------- */

void sn_image_free(struct sn_image *im)
{
    if (!im)
        return;
    free(im->data);
    memset(im, 0, sizeof *im);
}

size_t sn_image_bytes(const struct sn_image *im)
{
    return (size_t)im->width * im->height * (size_t)im->channels * (size_t)(im->depth / 8);
}

int sn_image_check_size(const char *who, uint32_t w, uint32_t h, struct sn_error *err)
{
    if (w == 0 || h == 0)
        return SN_FAIL(err, SN_EFORMAT, "%s: picture of %u x %u pixels", who, w, h);
    if (w > SN_IMAGE_MAX_SIDE || h > SN_IMAGE_MAX_SIDE || (size_t)w * h > SN_IMAGE_MAX_PIXELS)
        return SN_FAIL(err, SN_ELIMIT,
                       "%s: picture of %u x %u pixels, at most %u a side and %zu in all", who, w, h,
                       SN_IMAGE_MAX_SIDE, SN_IMAGE_MAX_PIXELS);
    return SN_OK;
}

int sn_image_alloc(struct sn_image *im, uint32_t w, uint32_t h, int channels, int depth,
                   struct sn_error *err)
{
    memset(im, 0, sizeof *im);
    if (channels < 1 || channels > 4 || (depth != 8 && depth != 16))
        return SN_FAIL(err, SN_EINVAL, "image: %d channels of %d bits", channels, depth);
    SN_TRY(sn_image_check_size("image", w, h, err));
    /* at most 2^27 pixels of 8 bytes: no overflow where size_t has 32 bits */
    im->data = calloc((size_t)w * h, (size_t)channels * (size_t)(depth / 8));
    if (!im->data)
        return SN_NOMEM(err, "image");
    im->width = w;
    im->height = h;
    im->channels = channels;
    im->depth = depth;
    im->orientation = 1;
    return SN_OK;
}

void sn_image_note(struct sn_image *im, const char *fmt, ...)
{
    size_t used = strlen(im->detail);
    va_list ap;

    if (used && used + 2 < sizeof im->detail) {
        memcpy(im->detail + used, ", ", 3);
        used += 2;
    }
    va_start(ap, fmt);
    vsnprintf(im->detail + used, sizeof im->detail - used, fmt, ap);
    va_end(ap);
}

/* ---- decoding by content -------------------------------------------------------------------- */

static bool starts(const uint8_t *p, size_t n, size_t at, const char *magic, size_t len)
{
    return n >= at + len && memcmp(p + at, magic, len) == 0;
}

/* Also a PNG whose signature went through a text-mode transfer: its reader then says so. */
static bool looks_like_png(const uint8_t *p, size_t n)
{
    static const uint8_t magic[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    int same = 0;

    for (size_t i = 0; i < 8 && i < n; i++)
        same += p[i] == magic[i];
    return same >= 5 || starts(p, n, 1, "PNG", 3);
}

static const char *foreign_format(const uint8_t *p, size_t n)
{
    static const struct {
        size_t at, len;
        const char *magic, *name;
    } known[] = {
        { 0, 4, "GIF8", "GIF" },             { 0, 4, "II*\0", "TIFF" },
        { 0, 4, "MM\0*", "TIFF" },           { 8, 4, "WEBP", "WebP" },
        { 0, 6, "\x93NUMPY", "NumPy array" }, { 0, 2, "BA", "OS/2 bitmap array" },
        { 0, 2, "P7", "PAM" },               { 0, 2, "PF", "PFM" },
        { 0, 2, "Pf", "PFM" },               { 4, 4, "jP  ", "JPEG 2000" },
        { 4, 4, "ftyp", "HEIF or video" },   { 0, 4, "\x8aMNG", "MNG" },
        { 0, 4, "%PDF", "PDF" },             { 0, 4, "PK\3\4", "zip archive" }
    };

    for (size_t i = 0; i < SN_COUNT(known); i++) {
        if (starts(p, n, known[i].at, known[i].magic, known[i].len))
            return known[i].name;
    }
    return NULL;
}

int sn_image_decode(const void *data, size_t size, struct sn_image *im, struct sn_error *err)
{
    return sn_image_decode_with(data, size, NULL, im, err);
}

int sn_image_decode_with(const void *data, size_t size, const struct sn_image_options *opt, struct sn_image *im,
                         struct sn_error *err)
{
    const struct sn_jpeg_options jpeg = { .lenient = opt && opt->lenient, .full_range = true };
    const uint8_t *p = data;
    const char *foreign;

    memset(im, 0, sizeof *im);
    if (size == 0)
        return SN_FAIL(err, SN_EFORMAT, "image: empty file");
    if (starts(p, size, 128, "DICM", 4)) /* the bytes before may be another format's, for its readers */
        return sn_dicom_decode(data, size, opt, im, err);
    foreign = foreign_format(p, size);
    if (foreign)
        return SN_FAIL(err, SN_EUNSUPPORTED, "image: %s is not an image format we read", foreign);
    if (looks_like_png(p, size))
        return sn_png_decode(data, size, im, err);
    if (starts(p, size, 0, "\xff\xd8\xff", 3))
        return sn_jpeg_decode(data, size, &jpeg, im, err);
    if (starts(p, size, 0, "BM", 2))
        return sn_bmp_decode(data, size, im, err);
    if (size >= 2 && p[0] == 'P' && p[1] >= '1' && p[1] <= '6')
        return sn_pnm_decode(data, size, im, err);
    if (sn_dicom_recognise(data, size))
        return sn_dicom_decode(data, size, opt, im, err);
    return SN_FAIL(err, SN_EUNSUPPORTED,
                   "image: content starting %02x %02x is no known image format (PNG, JPEG, BMP, PNM, DICOM)",
                   p[0], size > 1 ? p[1] : 0);
}

int sn_image_read(const char *path, struct sn_image *im, struct sn_error *err)
{
    struct sn_map map;
    int rc;

    memset(im, 0, sizeof *im);
    SN_TRY(sn_map_file(path, &map, err));
    rc = sn_image_decode(map.data, map.size, im, err);
    sn_map_close(&map);
    return rc ? sn_fail_context(err, rc, "%s", path) : SN_OK;
}

/* ---- operations --------------------------------------------------------------------------- */

/* A new image of another shape with the same description. */
static int derive(const struct sn_image *in, struct sn_image *out, uint32_t w, uint32_t h,
                  int channels, int depth, struct sn_error *err)
{
    SN_TRY(sn_image_alloc(out, w, h, channels, depth, err));
    out->orientation = in->orientation;
    out->damaged = in->damaged;
    memcpy(out->format, in->format, sizeof out->format);
    memcpy(out->detail, in->detail, sizeof out->detail);
    memcpy(out->spacing_mm, in->spacing_mm, sizeof out->spacing_mm);
    out->warnings = in->warnings;
    return SN_OK;
}

static int need_8bit(const struct sn_image *in, const char *what, struct sn_error *err)
{
    if (in->depth != 8)
        return SN_FAIL(err, SN_EINVAL, "image: %s of a %d-bit image, 8 expected", what, in->depth);
    return SN_OK;
}

/*
 * EXIF orientation o as: out(x, y) = in(u, v), where (u, v) is (x, y), swapped for o >= 5, then
 * counted from the right (u) or from the bottom (v).
 */
int sn_image_orient(const struct sn_image *in, struct sn_image *out, struct sn_error *err)
{
    int o = in->orientation >= 1 && in->orientation <= 8 ? in->orientation : 1;
    bool swap = o >= 5;
    bool flip_u = o == 2 || o == 3 || o == 7 || o == 8;
    bool flip_v = o == 3 || o == 4 || o == 6 || o == 7;
    size_t pixel = (size_t)in->channels * (size_t)(in->depth / 8);
    const uint8_t *src = in->data;
    uint8_t *dst;

    SN_TRY(derive(in, out, swap ? in->height : in->width, swap ? in->width : in->height,
                  in->channels, in->depth, err));
    out->orientation = 1;
    if (swap) {
        out->spacing_mm[0] = in->spacing_mm[1];
        out->spacing_mm[1] = in->spacing_mm[0];
    }
    dst = out->data;
    for (uint32_t y = 0; y < out->height; y++) {
        for (uint32_t x = 0; x < out->width; x++, dst += pixel) {
            uint32_t u = swap ? y : x, v = swap ? x : y;

            u = flip_u ? in->width - 1 - u : u;
            v = flip_v ? in->height - 1 - v : v;
            memcpy(dst, src + ((size_t)v * in->width + u) * pixel, pixel);
        }
    }
    return SN_OK;
}

int sn_image_to_8bit(const struct sn_image *in, struct sn_image *out, struct sn_error *err)
{
    size_t n = (size_t)in->width * in->height * (size_t)in->channels;
    uint8_t *dst;

    SN_TRY(derive(in, out, in->width, in->height, in->channels, 8, err));
    dst = out->data;
    if (in->depth == 8) {
        memcpy(dst, in->data, n);
    } else {
        const uint16_t *src = in->data;

        for (size_t i = 0; i < n; i++)
            dst[i] = (uint8_t)(src[i] >> 8);
    }
    return SN_OK;
}

int sn_image_to_rgb(const struct sn_image *in, struct sn_image *out, struct sn_error *err)
{
    size_t n = (size_t)in->width * in->height, step = (size_t)in->channels;
    const uint8_t *src = in->data;
    uint8_t *dst;

    SN_TRY(need_8bit(in, "RGB form", err));
    SN_TRY(derive(in, out, in->width, in->height, 3, 8, err));
    dst = out->data;
    for (size_t i = 0; i < n; i++, src += step, dst += 3) {
        dst[0] = src[0];
        dst[1] = src[step >= 3 ? 1 : 0];
        dst[2] = src[step >= 3 ? 2 : 0];
    }
    return SN_OK;
}

int sn_image_to_grey(const struct sn_image *in, struct sn_image *out, struct sn_error *err)
{
    size_t n = (size_t)in->width * in->height, step = (size_t)in->channels;
    const uint8_t *src = in->data;
    uint8_t *dst;

    SN_TRY(need_8bit(in, "grey form", err));
    SN_TRY(derive(in, out, in->width, in->height, 1, 8, err));
    dst = out->data;
    for (size_t i = 0; i < n; i++, src += step) {
        if (step < 3)
            dst[i] = src[0];
        else /* BT.601 luma, 0.299 0.587 0.114 times 2^16 */
            dst[i] = (uint8_t)((19595u * src[0] + 38470u * src[1] + 7471u * src[2] + 32768u) >> 16);
    }
    return SN_OK;
}

int sn_image_crop(const struct sn_image *in, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
                  struct sn_image *out, struct sn_error *err)
{
    size_t pixel = (size_t)in->channels * (size_t)(in->depth / 8);

    memset(out, 0, sizeof *out);
    if (w == 0 || h == 0 || x > in->width || y > in->height || w > in->width - x ||
        h > in->height - y)
        return SN_FAIL(err, SN_EINVAL, "image: crop of %u x %u at (%u, %u) from %u x %u pixels", w,
                       h, x, y, in->width, in->height);
    SN_TRY(derive(in, out, w, h, in->channels, in->depth, err));
    for (uint32_t row = 0; row < h; row++)
        memcpy((uint8_t *)out->data + (size_t)row * w * pixel,
               (const uint8_t *)in->data + ((size_t)(y + row) * in->width + x) * pixel, w * pixel);
    return SN_OK;
}
