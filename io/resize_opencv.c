/*
 * resize_opencv.c: cv2.resize(INTER_LINEAR) of bytes, bit for bit to OpenCV 4. Positions are
 * float, weights are rounded to 11 bits. Across a row the sums are exact; down the columns each
 * product loses its low bits first: ((S0 >> 4) * b0 >> 16) + ((S1 >> 4) * b1 >> 16), then
 * (+ 2) >> 2. Halving both sides goes through INTER_AREA there. With weights of one half the steps
 * above are that mean, (sum + 2) >> 2; only for two channels OpenCV's area code takes its general
 * path, whose mean rounds half to even.
 */
#include <stdlib.h>

#include "io/resize_parts.h"

enum { ONE = 2048 };

struct tap {
    int32_t i0, i1; /* source positions, inside the picture */
    int32_t w0, w1;
};

/* Rounds half to even; v in [0, 2048], and its fraction is exact. */
static int32_t round_even(float v)
{
    int32_t whole = (int32_t)v;
    float rest = v - (float)whole;

    return whole + (rest > 0.5f || (rest == 0.5f && (whole & 1)));
}

/* Past either end a row's taps are its last pixel with the whole weight; a column's keep theirs. */
static struct tap *make_taps(uint32_t in, uint32_t out, bool row)
{
    struct tap *t = calloc(out, sizeof *t);
    double scale = 1.0 / ((double)out / in);
    int32_t last = (int32_t)in - 1;

    for (uint32_t d = 0; t && d < out; d++) {
        float f = (float)((d + 0.5) * scale - 0.5);
        int32_t i = (int32_t)f;

        i -= (float)i > f; /* floor */
        f -= (float)i;
        if (row && (i < 0 || i >= last)) {
            i = i < 0 ? 0 : last;
            f = 0.0f;
        }
        t[d].i0 = SN_MIN(SN_MAX(i, 0), last);
        t[d].i1 = SN_MIN(SN_MAX(i + 1, 0), last);
        t[d].w0 = round_even((1.0f - f) * ONE);
        t[d].w1 = round_even(f * ONE);
    }
    return t;
}

static void mix_row(const uint8_t *row, size_t c, const struct tap *t, uint32_t n, int32_t *dst)
{
    for (uint32_t x = 0; x < n; x++, t++) {
        const uint8_t *a = row + (size_t)t->i0 * c, *b = row + (size_t)t->i1 * c;

        for (size_t k = 0; k < c; k++)
            *dst++ = a[k] * t->w0 + b[k] * t->w1;
    }
}

static void mix_columns(const int32_t *top, const int32_t *low, size_t n, const struct tap *t,
                        uint8_t *dst)
{
    for (size_t i = 0; i < n; i++) {
        int32_t v = ((top[i] >> 4) * t->w0 >> 16) + ((low[i] >> 4) * t->w1 >> 16);

        dst[i] = (uint8_t)((v + 2) >> 2);
    }
}

static void halve_two_channels(const struct sn_image *in, struct sn_image *out)
{
    size_t stride = (size_t)in->width * 2;
    uint8_t *dst = out->data;

    for (uint32_t y = 0; y < out->height; y++) {
        const uint8_t *p = (const uint8_t *)in->data + 2 * y * stride;

        for (size_t i = 0; i < (size_t)out->width * 2; i++) {
            const uint8_t *q = p + i / 2 * 4 + i % 2;
            int sum = q[0] + q[2] + q[stride] + q[stride + 2];

            *dst++ = (uint8_t)(sum / 4 + (sum % 4 == 3 || (sum % 4 == 2 && sum / 4 % 2)));
        }
    }
}

int sn_resize_opencv(const struct sn_image *in, struct sn_image *out, struct sn_error *err)
{
    size_t c = (size_t)in->channels, n = out->width * c, stride = in->width * c;
    struct tap *tx, *ty;
    int32_t *rows;
    int32_t have[2] = { -1, -1 }; /* which source row each half of `rows` holds */
    int rc;

    if (c == 2 && in->width == 2 * out->width && in->height == 2 * out->height) {
        halve_two_channels(in, out);
        return SN_OK;
    }
    tx = make_taps(in->width, out->width, true);
    ty = make_taps(in->height, out->height, false);
    rows = malloc(2 * n * sizeof *rows);
    rc = tx && ty && rows ? SN_OK : SN_NOMEM(err, "resize rows");
    for (uint32_t y = 0; !rc && y < out->height; y++) {
        int32_t want[2] = { ty[y].i0, ty[y].i1 };

        for (int i = 0; i < 2; i++) { /* even source rows in the first half, odd in the second */
            int half = want[i] & 1;

            if (have[half] != want[i])
                mix_row((const uint8_t *)in->data + (size_t)want[i] * stride, c, tx, out->width,
                        rows + (size_t)half * n);
            have[half] = want[i];
        }
        mix_columns(rows + (size_t)(want[0] & 1) * n, rows + (size_t)(want[1] & 1) * n, n, &ty[y],
                    (uint8_t *)out->data + y * n);
    }
    free(tx);
    free(ty);
    free(rows);
    return rc;
}
