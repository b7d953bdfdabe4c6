/*
 * bmp_rle.c: the run-length codes of bitmaps. A pair (n, v) with n > 0 repeats v; (0, 0) ends the
 * row, (0, 1) the picture, (0, 2) moves on by two more bytes (right, up), (0, n) is followed by n
 * literal pixels, padded to 16 bits. RLE4 packs two pixels in a byte and alternates them in runs;
 * RLE24 has three bytes where the others have one.
 */
#include "io/bmp_parts.h"

struct rle {
    struct sn_bmp *b;
    uint8_t *pixels;
    struct sn_bytes in;
    uint32_t x, y; /* y counts from the bottom */
};

static int cut_off(struct rle *r)
{
    return SN_FAIL(r->b->err, SN_EFORMAT, "bmp: run-length data end at byte %zu in row %u of %u",
                   r->in.size, r->y, r->b->height);
}

/*
 * Pixel i of a run or of literals whose data start at p, to the next place. What goes past the
 * row's end is dropped and noted: known writers (ImageMagick) emit such runs.
 */
static void put(struct rle *r, const uint8_t *p, unsigned i, bool run)
{
    struct sn_bmp *b = r->b;
    uint8_t *dst;
    unsigned k;

    if (r->x >= b->width) {
        b->clipped_run = true;
        return;
    }
    dst = r->pixels + ((size_t)(b->height - 1 - r->y) * b->width + r->x++) * 3;
    if (b->bits == 24) {
        p += run ? 0 : 3 * (size_t)i;
        dst[0] = p[2];
        dst[1] = p[1];
        dst[2] = p[0];
        return;
    }
    if (b->bits == 8)
        k = p[run ? 0 : i];
    else
        k = p[run ? 0 : i / 2] >> (i % 2 ? 0 : 4) & 15;
    b->beyond_palette |= k >= b->palette_size;
    memcpy(dst, b->palette[k], 3);
}

/* n pixels; `bytes` is what their data take in the file. */
static int put_pixels(struct rle *r, unsigned n, bool run, size_t bytes)
{
    const uint8_t *p = r->in.data + r->in.pos;

    if (bytes > sn_left(&r->in))
        return cut_off(r);
    if (r->y >= r->b->height)
        return SN_FAIL(r->b->err, SN_EFORMAT, "bmp: byte %zu: pixels above the top row", r->in.pos);
    for (unsigned i = 0; i < n; i++)
        put(r, p, i, run);
    r->in.pos += bytes;
    return SN_OK;
}

static int escape(struct rle *r, unsigned code, bool *done)
{
    size_t bits = (size_t)code * r->b->bits, bytes;

    switch (code) {
    case 0:
        r->x = 0;
        r->y++;
        return SN_OK;
    case 1:
        *done = true;
        return SN_OK;
    case 2:
        if (sn_left(&r->in) < 2)
            return cut_off(r);
        r->x += r->in.data[r->in.pos];
        r->y += r->in.data[r->in.pos + 1];
        r->in.pos += 2;
        if (r->x > r->b->width || r->y > r->b->height)
            return SN_FAIL(r->b->err, SN_EFORMAT, "bmp: byte %zu: move out of the picture",
                           r->in.pos - 2);
        return SN_OK;
    default:
        bytes = (bits + 7) / 8;
        return put_pixels(r, code, false, (bytes + 1) / 2 * 2);
    }
}

int sn_bmp_rle(struct sn_bmp *b, struct sn_image *im)
{
    struct rle r = { .b = b, .pixels = im->data, .in = { b->data, b->size, b->offset } };
    bool done = false;

    /* some writers leave the end code out once the last row is full */
    while (!done && !(r.y == b->height || (r.y == b->height - 1 && r.x == b->width))) {
        unsigned n, code;

        if (sn_left(&r.in) < 2)
            return cut_off(&r);
        n = r.in.data[r.in.pos];
        if (n) {
            r.in.pos++;
            SN_TRY(put_pixels(&r, n, true, b->bits == 24 ? 3 : 1));
            continue;
        }
        code = r.in.data[r.in.pos + 1];
        r.in.pos += 2;
        SN_TRY(escape(&r, code, &done));
    }
    return SN_OK;
}
