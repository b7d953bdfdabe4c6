/*
 * resize.c: the resize rules a model may have been trained with. They differ by several grey
 * levels on the same picture, so each is reproduced as its library computes it:
 *
 * - Pillow (libImaging's Resample.c): separable filter whose support grows when shrinking, weights
 *   normalised in double, then rounded to 22 bits; rounded to 8 bits after each pass, rows first.
 *   As Image.resize does, pictures with alpha are filtered with colours multiplied by alpha, and a
 *   picture that has the wanted size already is copied.
 * - torch.nn.functional.interpolate(mode="bilinear", align_corners=False) in float: two taps.
 * - OpenCV's INTER_LINEAR on bytes: two taps a side with 11-bit weights; the low bits are dropped
 *   in the middle as its vector code does. (resize_opencv.c)
 * - nearest: floor(dst * in / out).
 */
#include <stdlib.h>

#include "io/resize_parts.h"

static const char *const names[] = {
    [SN_RESIZE_PILLOW_BILINEAR] = "pillow-bilinear", [SN_RESIZE_PILLOW_BICUBIC] = "pillow-bicubic",
    [SN_RESIZE_TORCH_BILINEAR] = "torch-bilinear",   [SN_RESIZE_OPENCV_LINEAR] = "opencv-linear",
    [SN_RESIZE_NEAREST] = "nearest"
};

bool sn_resize_parse(const char *name, enum sn_resize *r)
{
    for (size_t i = 0; i < SN_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *r = (enum sn_resize)i;
            return true;
        }
    }
    return false;
}

const char *sn_resize_name(enum sn_resize r)
{
    return (unsigned)r < SN_COUNT(names) ? names[r] : "unknown";
}

/* ---- nearest ------------------------------------------------------------------------------ */

static uint32_t nearest_index(uint32_t dst, uint32_t in, uint32_t out)
{
    return (uint32_t)((uint64_t)dst * in / out);
}

static void nearest_u8(const struct sn_image *in, struct sn_image *out)
{
    size_t pixel = (size_t)in->channels;
    uint8_t *dst = out->data;

    for (uint32_t y = 0; y < out->height; y++) {
        const uint8_t *row = (const uint8_t *)in->data +
                             (size_t)nearest_index(y, in->height, out->height) * in->width * pixel;

        for (uint32_t x = 0; x < out->width; x++, dst += pixel)
            memcpy(dst, row + nearest_index(x, in->width, out->width) * pixel, pixel);
    }
}

/* ---- torch bilinear ----------------------------------------------------------------------- */

/* The two source positions of one output position and the weight of each. */
struct tap {
    uint32_t i0, i1;
    float w0, w1;
};

static struct tap *torch_taps(uint32_t in, uint32_t out)
{
    struct tap *t = calloc(out, sizeof *t);
    float scale = (float)in / (float)out;

    for (uint32_t d = 0; t && d < out; d++) {
        double src = (double)scale * (d + 0.5) - 0.5;

        src = src < 0.0 ? 0.0 : src;
        t[d].i0 = SN_MIN((uint32_t)src, in - 1);
        t[d].i1 = SN_MIN(t[d].i0 + 1, in - 1);
        t[d].w1 = (float)(src - t[d].i0);
        t[d].w1 = t[d].w1 > 1.0f ? 1.0f : t[d].w1;
        t[d].w0 = 1.0f - t[d].w1;
    }
    return t;
}

/*
 * The chain of torch 1.13's AVX2 code for several channels is fmaf(a, wa, b * wb), with positions
 * in double as above. The product of two floats is exact in double, so the sum there, rounded to
 * float, is that fmaf save for double rounding (once in 2^29), and needs no FMA hardware.
 */
static float mix(float a, float b, float wa, float wb)
{
    return (float)((double)a * (double)wa + (double)(b * wb));
}

/* Values lie in [0, 255]; the fraction of a float below 2^23 is exact. */
static uint8_t round_half_even(float v)
{
    unsigned whole = (unsigned)v;
    float rest = v - (float)whole;

    if (rest > 0.5f || (rest == 0.5f && (whole & 1)))
        whole++;
    return (uint8_t)SN_MIN(whole, 255u);
}

static void torch_rows_u8(const struct sn_image *in, struct sn_image *out, const struct tap *tx,
                          const struct tap *ty)
{
    size_t c = (size_t)in->channels, stride = in->width * c;
    uint8_t *dst = out->data;

    for (uint32_t y = 0; y < out->height; y++) {
        const uint8_t *top = (const uint8_t *)in->data + ty[y].i0 * stride;
        const uint8_t *low = (const uint8_t *)in->data + ty[y].i1 * stride;

        for (uint32_t x = 0; x < out->width; x++) {
            struct tap t = tx[x];

            for (size_t k = 0; k < c; k++) {
                float a = mix(top[t.i0 * c + k], top[t.i1 * c + k], t.w0, t.w1);
                float b = mix(low[t.i0 * c + k], low[t.i1 * c + k], t.w0, t.w1);

                *dst++ = round_half_even(mix(a, b, ty[y].w0, ty[y].w1));
            }
        }
    }
}

static int torch_u8(const struct sn_image *in, struct sn_image *out, struct sn_error *err)
{
    struct tap *tx = torch_taps(in->width, out->width);
    struct tap *ty = torch_taps(in->height, out->height);
    int rc = tx && ty ? SN_OK : SN_NOMEM(err, "resize positions");

    if (!rc)
        torch_rows_u8(in, out, tx, ty);
    free(tx);
    free(ty);
    return rc;
}

/* ---- dispatch ----------------------------------------------------------------------------- */

static int run_rule(const struct sn_image *in, struct sn_image *out, enum sn_resize rule,
                    struct sn_error *err)
{
    switch (rule) {
    case SN_RESIZE_PILLOW_BILINEAR:
    case SN_RESIZE_PILLOW_BICUBIC:
        return sn_resize_pillow(in, out, rule == SN_RESIZE_PILLOW_BICUBIC, err);
    case SN_RESIZE_TORCH_BILINEAR:
        return torch_u8(in, out, err);
    case SN_RESIZE_OPENCV_LINEAR:
        return sn_resize_opencv(in, out, err);
    default:
        nearest_u8(in, out);
        return SN_OK;
    }
}

int sn_resize_u8(const struct sn_image *in, uint32_t w, uint32_t h, enum sn_resize rule,
                 struct sn_image *out, struct sn_error *err)
{
    int rc;

    memset(out, 0, sizeof *out);
    if (in->depth != 8 || (unsigned)rule >= SN_COUNT(names))
        return SN_FAIL(err, SN_EINVAL, "resize: %d-bit image with rule %d, expected 8 bits",
                       in->depth, (int)rule);
    if (w == 0 || h == 0)
        return SN_FAIL(err, SN_EINVAL, "resize: to %u x %u pixels", w, h);
    SN_TRY(sn_image_alloc(out, w, h, in->channels, 8, err));
    out->orientation = in->orientation;
    memcpy(out->format, in->format, sizeof out->format);
    memcpy(out->detail, in->detail, sizeof out->detail);
    out->spacing_mm[0] = in->spacing_mm[0] * in->height / h;
    out->spacing_mm[1] = in->spacing_mm[1] * in->width / w;
    rc = run_rule(in, out, rule, err);
    if (rc)
        sn_image_free(out);
    return rc;
}

int sn_resize_f32(const float *in, uint32_t iw, uint32_t ih, float *out, uint32_t ow, uint32_t oh,
                  enum sn_resize rule, struct sn_error *err)
{
    struct tap *tx, *ty;
    int rc;

    if (rule != SN_RESIZE_TORCH_BILINEAR && rule != SN_RESIZE_NEAREST)
        return SN_FAIL(err, SN_EINVAL, "resize: %s of a float plane, expected torch-bilinear or "
                       "nearest", sn_resize_name(rule));
    if (!iw || !ih || !ow || !oh)
        return SN_FAIL(err, SN_EINVAL, "resize: from %u x %u to %u x %u", iw, ih, ow, oh);
    if (rule == SN_RESIZE_NEAREST) {
        for (uint32_t y = 0; y < oh; y++) {
            const float *row = in + (size_t)nearest_index(y, ih, oh) * iw;

            for (uint32_t x = 0; x < ow; x++)
                *out++ = row[nearest_index(x, iw, ow)];
        }
        return SN_OK;
    }
    tx = torch_taps(iw, ow);
    ty = torch_taps(ih, oh);
    rc = tx && ty ? SN_OK : SN_NOMEM(err, "resize positions");
    for (uint32_t y = 0; !rc && y < oh; y++) {
        const float *top = in + (size_t)ty[y].i0 * iw, *low = in + (size_t)ty[y].i1 * iw;

        for (uint32_t x = 0; x < ow; x++) {
            struct tap t = tx[x];

            *out++ = mix(mix(top[t.i0], top[t.i1], t.w0, t.w1),
                         mix(low[t.i0], low[t.i1], t.w0, t.w1), ty[y].w0, ty[y].w1);
        }
    }
    free(tx);
    free(ty);
    return rc;
}
