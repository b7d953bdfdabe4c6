/*
 * png_write.c: 8-bit PNG, any channel count. The filter of each row is None, Sub or Paeth: the one
 * whose bytes, taken as signed, have the smallest sum of magnitudes (the standard's own suggestion,
 * 12.7); the same picture always gives the same file.
 */
#include <stdlib.h>

#include "io/png_parts.h"

enum { LANES = 16 }; /* inner loops of a fixed count, which compilers turn into vector code */

/* In 16 bits, so that eight of them fit the smallest vector. */
static inline int16_t distance(int16_t v)
{
    return (int16_t)(v < 0 ? -v : v);
}

static inline uint8_t nearest_of_three(uint8_t a, uint8_t b, uint8_t c)
{
    int16_t da = (int16_t)(b - c), db = (int16_t)(a - c);
    int16_t pa = distance(da), pb = distance(db), pc = distance((int16_t)(da + db));
    int16_t bc = pb <= pc ? b : c, any = ((pa <= pb) & (pa <= pc)) ? a : bc;

    return (uint8_t)any;
}

/* The bytes of one row and its neighbours (PNG, 9.2): left, up, and left of up. */
struct row {
    const uint8_t *x, *a, *b, *c;
    size_t n;
};

/* LANES bytes at a time through a buffer of their own, which no pointer can alias; then what is left. */
#define FILTER(guess)                                                                              \
    for (size_t at = 0; at < r->n;) {                                                              \
        const uint8_t *x = r->x + at, *a = r->a + at, *b = r->b + at, *c = r->c + at;              \
        uint8_t out[LANES];                                                                        \
                                                                                                   \
        (void)b;                                                                                   \
        (void)c;                                                                                   \
        if (at + LANES > r->n) {                                                                   \
            enum { k = 0 };                                                                        \
            dst[at++] = (uint8_t)(x[k] - (guess));                                                 \
            continue;                                                                              \
        }                                                                                          \
        for (int k = 0; k < LANES; k++)                                                            \
            out[k] = (uint8_t)(x[k] - (guess));                                                    \
        memcpy(dst + at, out, LANES);                                                              \
        at += LANES;                                                                               \
    }

static void filter_row(int type, const struct row *r, uint8_t *dst)
{
    if (type == 1) {
        FILTER(a[k])
    } else if (type == 4) {
        FILTER(nearest_of_three(a[k], b[k], c[k]))
    } else {
        memcpy(dst, r->x, r->n);
    }
}

static uint64_t magnitudes(const uint8_t *v, size_t n)
{
    uint64_t sum = 0;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        uint32_t part = 0;

        for (size_t k = i; k < i + LANES; k++)
            part += (uint32_t)abs((int8_t)v[k]);
        sum += part;
    }
    for (; i < n; i++)
        sum += (uint64_t)abs((int8_t)v[i]);
    return sum;
}

/*
 * All rows, each after its filter byte. `work` has room for two rows of pixels with bpp zeros in
 * front of each, and one filtered row: with the zeros, no byte is without neighbours.
 */
static void filter_image(const struct sn_image *im, uint8_t *dst, uint8_t *work)
{
    static const uint8_t types[] = { 0, 1, 4 }; /* Up and Average win no row of an overlay */
    size_t bpp = (size_t)im->channels, n = bpp * im->width;
    uint8_t *row = work + bpp, *up = row + n + bpp, *filtered = up + n;

    memset(work, 0, 2 * (n + bpp));
    for (uint32_t y = 0; y < im->height; y++) {
        struct row r = { .x = row, .a = row - bpp, .b = up, .c = up - bpp, .n = n };
        uint64_t best = UINT64_MAX;
        uint8_t *swap = up;

        memcpy(row, (const uint8_t *)im->data + y * n, n);
        for (size_t i = 0; i < SN_COUNT(types); i++) {
            uint64_t sum;

            filter_row(types[i], &r, filtered);
            sum = magnitudes(filtered, n);
            if (sum >= best)
                continue;
            best = sum;
            dst[0] = types[i];
            memcpy(dst + 1, filtered, n);
        }
        up = row;
        row = swap;
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
    size_t bpp = (size_t)im->channels, n = bpp * im->width, total;
    uint8_t *rows = NULL, *work = NULL;
    int rc;

    SN_TRY(sn_size_mul(&total, n + 1, im->height, err));
    rows = malloc(total);
    work = malloc(3 * n + 2 * bpp);
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
