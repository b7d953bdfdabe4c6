/*
 * png_write.c: 8-bit PNG, any channel count. The filter of each row is the one whose bytes, taken
 * as signed, have the smallest sum of magnitudes (the standard's own suggestion, 12.7); the same
 * picture always gives the same file.
 */
#include <stdlib.h>

#include "io/png_parts.h"

static uint8_t nearest_of_three(int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);

    return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* Filter `type` of one row into dst; returns the sum of magnitudes. up NULL: a row of zeros. */
static uint64_t filter_row(int type, const uint8_t *row, const uint8_t *up, size_t n, size_t bpp,
                           uint8_t *dst)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        int a = i >= bpp ? row[i - bpp] : 0;
        int b = up ? up[i] : 0;
        int c = up && i >= bpp ? up[i - bpp] : 0;
        int guess = 0;

        switch (type) {
        case 1:
            guess = a;
            break;
        case 2:
            guess = b;
            break;
        case 3:
            guess = (a + b) >> 1;
            break;
        case 4:
            guess = nearest_of_three(a, b, c);
            break;
        default:
            break;
        }
        dst[i] = (uint8_t)(row[i] - guess);
        sum += dst[i] < 128 ? dst[i] : 256u - dst[i];
    }
    return sum;
}

/* All rows, each after its filter byte. `work` has room for one row. */
static void filter_image(const struct sn_image *im, uint8_t *dst, uint8_t *work)
{
    size_t bpp = (size_t)im->channels, n = bpp * im->width;
    const uint8_t *row = im->data, *up = NULL;

    for (uint32_t y = 0; y < im->height; y++) {
        uint64_t best = UINT64_MAX;

        for (int type = 0; type <= 4; type++) {
            uint64_t sum = filter_row(type, row, up, n, bpp, work);

            if (sum >= best)
                continue;
            best = sum;
            dst[0] = (uint8_t)type;
            memcpy(dst + 1, work, n);
        }
        up = row;
        row += n;
        dst += n + 1;
    }
}

static void add_chunk(struct sn_buf *out, const char *name, const uint8_t *data, size_t n)
{
    uint8_t head[8], tail[4];

    sn_put_be32(head, (uint32_t)n);
    memcpy(head + 4, name, 4);
    sn_put_be32(tail, sn_crc32(sn_crc32(0, name, 4), data, n));
    sn_buf_add(out, head, sizeof head);
    if (n)
        sn_buf_add(out, data, n);
    sn_buf_add(out, tail, sizeof tail);
}

static int compress_image(const struct sn_image *im, struct sn_buf *zlib, struct sn_error *err)
{
    size_t n = (size_t)im->channels * im->width, total;
    uint8_t *rows = NULL, *work = NULL;
    int rc;

    SN_TRY(sn_size_mul(&total, n + 1, im->height, err));
    rows = malloc(total);
    work = malloc(n);
    if (rows && work) {
        filter_image(im, rows, work);
        rc = sn_zlib_deflate_from(rows, total, 6, zlib, err);
    } else {
        rc = SN_NOMEM(err, "PNG rows");
    }
    free(rows);
    free(work);
    return rc;
}

int sn_png_encode(const struct sn_image *im, struct sn_buf *out, struct sn_error *err)
{
    static const uint8_t colour[5] = { 0, SN_PNG_GREY, SN_PNG_GREY_ALPHA, SN_PNG_RGB, SN_PNG_RGBA };
    static const uint8_t magic[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    struct sn_buf zlib = { 0 };
    uint8_t ihdr[13] = { 0 };
    int rc;

    if (im->depth != 8 || im->channels < 1 || im->channels > 4)
        return SN_FAIL(err, SN_EINVAL, "png: cannot write %d channels of %d bits", im->channels,
                       im->depth);
    SN_TRY_OUT(compress_image(im, &zlib, err));
    if (zlib.len > INT32_MAX) { /* a chunk's length has 31 bits */
        rc = SN_FAIL(err, SN_ELIMIT, "png: %zu bytes of picture data in one chunk", zlib.len);
        goto out;
    }
    sn_put_be32(ihdr, im->width);
    sn_put_be32(ihdr + 4, im->height);
    ihdr[8] = 8;
    ihdr[9] = colour[im->channels];
    sn_buf_add(out, magic, sizeof magic);
    add_chunk(out, "IHDR", ihdr, sizeof ihdr);
    add_chunk(out, "IDAT", (const uint8_t *)zlib.data, zlib.len);
    add_chunk(out, "IEND", NULL, 0);
    if (out->failed)
        rc = SN_NOMEM(err, "PNG file");
out:
    sn_buf_free(&zlib);
    return rc;
}

int sn_png_write(const char *path, const struct sn_image *im, struct sn_error *err)
{
    struct sn_buf buf = { 0 };
    int rc = sn_png_encode(im, &buf, err);

    if (!rc)
        rc = sn_file_write(path, buf.data, buf.len, err);
    sn_buf_free(&buf);
    return rc;
}
