/*
 * resize_pillow.c: Pillow 9's Image.resize with BILINEAR and BICUBIC, bit for bit. The order of
 * the double operations is Pillow's, since the last bit of a weight can decide a rounding.
 */
#include <stdlib.h>

#include "io/resize_parts.h"

enum { WEIGHT_BITS = 22 }; /* 32 - 8 sample bits - 2 of head room for bicubic's overshoot */

/* Weights of one direction: output i is the sum of k[i * width + j] * in[first[i] + j]. */
struct weights {
    uint32_t *first, *count;
    int32_t *k;
    size_t width;
};

static double triangle(double x)
{
    x = x < 0.0 ? -x : x;
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys 1981 with a = -0.5. */
static double cubic(double x)
{
    const double a = -0.5;

    x = x < 0.0 ? -x : x;
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static size_t ceil_size(double v)
{
    size_t n = (size_t)v;

    return (double)n < v ? n + 1 : n;
}

static void free_weights(struct weights *w)
{
    free(w->first);
    free(w->count);
    free(w->k);
    memset(w, 0, sizeof *w);
}

/* Rounds half away from zero; `v` is at most a few units, so the product fits. */
static int32_t fixed_weight(double v)
{
    double scaled = v * (double)(1 << WEIGHT_BITS);

    return (int32_t)(v < 0.0 ? scaled - 0.5 : scaled + 0.5);
}

/* The weights of output i, in double in `line`, then in fixed point in w. */
static void weigh(struct weights *w, uint32_t i, uint32_t in, double scale, double filter_scale,
                  double support, bool bicubic, double *line)
{
    double center = (i + 0.5) * scale, sum = 0.0, inverse = 1.0 / filter_scale;
    double low = center - support + 0.5, high = center + support + 0.5;
    uint32_t first = low < 0.0 ? 0 : (uint32_t)low;
    uint32_t end = high > (double)in ? in : (uint32_t)high;

    w->first[i] = first;
    w->count[i] = end - first;
    for (uint32_t j = 0; j < end - first; j++) {
        double x = (j + (double)first - center + 0.5) * inverse;

        line[j] = bicubic ? cubic(x) : triangle(x);
        sum += line[j];
    }
    for (uint32_t j = 0; j < end - first; j++) {
        if (sum != 0.0)
            line[j] /= sum;
        w->k[i * w->width + j] = fixed_weight(line[j]);
    }
}

static int make_weights(struct weights *w, uint32_t in, uint32_t out, bool bicubic,
                        struct sn_error *err)
{
    double scale = (double)in / out, filter_scale = scale < 1.0 ? 1.0 : scale;
    double support = (bicubic ? 2.0 : 1.0) * filter_scale;
    double *line;
    size_t cells;

    memset(w, 0, sizeof *w);
    w->width = ceil_size(support) * 2 + 1;
    SN_TRY(sn_size_mul3(&cells, w->width, out, sizeof *w->k, err));
    w->first = calloc(out, sizeof *w->first);
    w->count = calloc(out, sizeof *w->count);
    w->k = malloc(cells);
    line = calloc(w->width, sizeof *line);
    if (w->first && w->count && w->k && line) {
        for (uint32_t i = 0; i < out; i++)
            weigh(w, i, in, scale, filter_scale, support, bicubic, line);
        free(line);
        return SN_OK;
    }
    free(line);
    free_weights(w);
    return SN_NOMEM(err, "resize weights");
}

static uint8_t clip8(int32_t v)
{
    v = v >= 0 ? v >> WEIGHT_BITS : 0; /* a negative sum is clipped whatever its rounding */
    return (uint8_t)SN_MIN(v, 255);
}

/* Along the rows: in [h][iw][c] to out [h][ow][c]. */
static void horizontal(const uint8_t *in, uint32_t iw, uint32_t h, size_t c,
                       const struct weights *w, uint8_t *out, uint32_t ow)
{
    for (uint32_t y = 0; y < h; y++, in += iw * c) {
        for (uint32_t x = 0; x < ow; x++) {
            const int32_t *k = w->k + x * w->width;
            const uint8_t *src = in + w->first[x] * c;

            for (size_t ch = 0; ch < c; ch++) {
                int32_t sum = 1 << (WEIGHT_BITS - 1);

                for (uint32_t j = 0; j < w->count[x]; j++)
                    sum += src[j * c + ch] * k[j];
                *out++ = clip8(sum);
            }
        }
    }
}

/* Down the columns: in [..][n] to out [oh][n]; `sums` holds a row. */
static void vertical(const uint8_t *in, size_t n, const struct weights *w, uint8_t *out,
                     uint32_t oh, int32_t *sums)
{
    for (uint32_t y = 0; y < oh; y++, out += n) {
        const int32_t *k = w->k + y * w->width;
        const uint8_t *row = in + w->first[y] * n;

        for (size_t i = 0; i < n; i++)
            sums[i] = 1 << (WEIGHT_BITS - 1);
        for (uint32_t j = 0; j < w->count[y]; j++, row += n) {
            for (size_t i = 0; i < n; i++)
                sums[i] += row[i] * k[j];
        }
        for (size_t i = 0; i < n; i++)
            out[i] = clip8(sums[i]);
    }
}

/* Either pass is left out when its length does not change. `src` has in's shape. */
static int two_passes(const uint8_t *src, const struct sn_image *in, struct sn_image *out,
                      bool bicubic, struct sn_error *err)
{
    size_t c = (size_t)in->channels, n = out->width * c;
    bool rows = out->width != in->width, columns = out->height != in->height;
    struct weights wx = { 0 }, wy = { 0 };
    int32_t *sums = NULL;
    uint8_t *middle = NULL;
    int rc = SN_OK;

    if (rows) {
        SN_TRY_OUT(make_weights(&wx, in->width, out->width, bicubic, err));
        if (columns && !(middle = malloc(n * in->height))) {
            rc = SN_NOMEM(err, "resized rows");
            goto out;
        }
        horizontal(src, in->width, in->height, c, &wx, columns ? middle : out->data, out->width);
    }
    if (columns) {
        SN_TRY_OUT(make_weights(&wy, in->height, out->height, bicubic, err));
        sums = malloc(n * sizeof *sums);
        if (!sums) {
            rc = SN_NOMEM(err, "resize sums");
            goto out;
        }
        vertical(rows ? middle : src, n, &wy, out->data, out->height, sums);
    }
out:
    free_weights(&wx);
    free_weights(&wy);
    free(sums);
    free(middle);
    return rc;
}

/* a * b / 255 rounded to nearest, exactly (Blinn 1995, "Three wrongs make a right"). */
static uint8_t mul_div_255(unsigned a, unsigned b)
{
    unsigned t = a * b + 128;

    return (uint8_t)(((t >> 8) + t) >> 8);
}

static void multiply_alpha(const uint8_t *src, uint8_t *dst, size_t n, size_t c)
{
    for (size_t i = 0; i < n; i++, src += c, dst += c) {
        unsigned alpha = src[c - 1];

        for (size_t k = 0; k + 1 < c; k++)
            dst[k] = mul_div_255(src[k], alpha);
        dst[c - 1] = (uint8_t)alpha;
    }
}

static void divide_alpha(uint8_t *p, size_t n, size_t c)
{
    for (size_t i = 0; i < n; i++, p += c) {
        unsigned alpha = p[c - 1];

        for (size_t k = 0; k + 1 < c && alpha != 0 && alpha != 255; k++)
            p[k] = (uint8_t)SN_MIN(255u * p[k] / alpha, 255u);
    }
}

int sn_resize_pillow(const struct sn_image *in, struct sn_image *out, bool bicubic,
                     struct sn_error *err)
{
    size_t c = (size_t)in->channels, pixels = (size_t)in->width * in->height;
    uint8_t *multiplied;
    int rc;

    if (in->width == out->width && in->height == out->height) {
        memcpy(out->data, in->data, pixels * c);
        return SN_OK;
    }
    if (c == 1 || c == 3)
        return two_passes(in->data, in, out, bicubic, err);
    multiplied = malloc(pixels * c);
    if (!multiplied)
        return SN_NOMEM(err, "picture multiplied by alpha");
    multiply_alpha(in->data, multiplied, pixels, c);
    rc = two_passes(multiplied, in, out, bicubic, err);
    free(multiplied);
    if (!rc)
        divide_alpha(out->data, (size_t)out->width * out->height, c);
    return rc;
}
