/*
 * png.c: PNG reader (ISO/IEC 15948): chunks, checks, and the way from compressed data to pixels.
 *
 * Strict where a file contradicts itself: every chunk's CRC, the zlib stream's length and Adler-32,
 * chunk order and sizes. Ancillary chunks that would only tint the picture (gamma, ICC, background)
 * are checked for their CRC, not used, and named in `detail`. Row filters and the expansion of
 * packed pixels are in png_rows.c.
 */
#include <stdlib.h>

#include "io/png_parts.h"

static const uint8_t signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

struct reader {
    struct sn_bytes in;
    struct sn_png png;
    bool seen_ihdr, seen_plte, seen_trns, seen_idat, idat_over, seen_iend, animated;
    int orientation;
    const uint8_t *idat; /* the one IDAT chunk's data, or joined.data */
    size_t idat_size;
    struct sn_buf joined;
    uint32_t ignored; /* bits: index into ignored_chunks */
    struct sn_error *err;
};

struct chunk {
    size_t at; /* of its length field, for messages */
    char name[5];
    const uint8_t *data;
    size_t size;
};

static const char *const ignored_chunks[] = { "gAMA", "cHRM", "sRGB", "iCCP", "cICP", "bKGD",
                                              "sBIT", "pHYs", "sPLT", "hIST" };

/* ---- single chunks ------------------------------------------------------------------------ */

static int wrong_size(struct reader *r, const struct chunk *c, const char *expected)
{
    return SN_FAIL(r->err, SN_EFORMAT, "png: %s at byte %zu holds %zu bytes, expected %s", c->name,
                   c->at, c->size, expected);
}

static int wrong_place(struct reader *r, const struct chunk *c, const char *why)
{
    return SN_FAIL(r->err, SN_EFORMAT, "png: %s at byte %zu %s", c->name, c->at, why);
}

/* Which bit depths a colour type has, as a set of bits (table 11.1 of the standard). */
static unsigned depths_of(unsigned colour)
{
    switch (colour) {
    case SN_PNG_GREY:
        return 1 | 2 | 4 | 8 | 16;
    case SN_PNG_PALETTE:
        return 1 | 2 | 4 | 8;
    case SN_PNG_RGB:
    case SN_PNG_GREY_ALPHA:
    case SN_PNG_RGBA:
        return 8 | 16;
    default:
        return 0;
    }
}

static int read_ihdr(struct reader *r, const struct chunk *c)
{
    struct sn_png *p = &r->png;
    const uint8_t *d = c->data;

    if (r->seen_ihdr)
        return wrong_place(r, c, "is the second one");
    if (c->size != 13)
        return wrong_size(r, c, "13");
    p->width = sn_be32(d);
    p->height = sn_be32(d + 4);
    p->depth = d[8];
    p->colour = d[9];
    p->interlaced = d[12] == 1;
    SN_TRY(sn_image_check_size("png", p->width, p->height, r->err));
    if (depths_of(p->colour) == 0)
        return SN_FAIL(r->err, SN_EFORMAT,
                       "png: colour type %u at byte 25, expected 0, 2, 3, 4 or 6", p->colour);
    if (p->depth > 16 || (p->depth & (p->depth - 1u)) != 0 ||
        (depths_of(p->colour) & p->depth) == 0)
        return SN_FAIL(r->err, SN_EFORMAT,
                       "png: bit depth %u at byte 24 is not one of colour type %u", p->depth,
                       p->colour);
    if (d[10] != 0 || d[11] != 0 || d[12] > 1)
        return SN_FAIL(r->err, SN_EFORMAT,
                       "png: methods of compression %u, filter %u, interlace %u at byte 26, "
                       "expected 0, 0 and 0 or 1",
                       d[10], d[11], d[12]);
    r->seen_ihdr = true;
    return SN_OK;
}

static int read_plte(struct reader *r, const struct chunk *c)
{
    struct sn_png *p = &r->png;

    if (r->seen_plte)
        return wrong_place(r, c, "is the second one");
    if (r->seen_idat || r->seen_trns)
        return wrong_place(r, c, "comes after the data it belongs before");
    if (p->colour == SN_PNG_GREY || p->colour == SN_PNG_GREY_ALPHA)
        return wrong_place(r, c, "is a palette in a grey picture");
    if (c->size == 0 || c->size % 3 != 0 || c->size > sizeof p->palette)
        return wrong_size(r, c, "3 to 768 in threes");
    if (p->colour == SN_PNG_PALETTE && c->size / 3 > 1u << p->depth)
        return SN_FAIL(r->err, SN_EFORMAT, "png: PLTE at byte %zu has %zu colours, %u-bit pixels "
                       "address at most %u", c->at, c->size / 3, p->depth, 1u << p->depth);
    memcpy(p->palette, c->data, c->size);
    p->palette_size = (unsigned)(c->size / 3);
    r->seen_plte = true;
    return SN_OK;
}

static int read_trns(struct reader *r, const struct chunk *c)
{
    struct sn_png *p = &r->png;
    size_t want = p->colour == SN_PNG_GREY ? 2 : 6;

    if (r->seen_trns)
        return wrong_place(r, c, "is the second one");
    if (r->seen_idat)
        return wrong_place(r, c, "comes after the data it belongs before");
    if (p->colour == SN_PNG_GREY_ALPHA || p->colour == SN_PNG_RGBA)
        return wrong_place(r, c, "gives transparency to a picture that has alpha");
    r->seen_trns = true;
    if (p->colour == SN_PNG_PALETTE) {
        if (!r->seen_plte)
            return wrong_place(r, c, "comes before the palette");
        if (c->size == 0 || c->size > p->palette_size)
            return wrong_size(r, c, "one for each palette colour at most");
        memcpy(p->alpha, c->data, c->size);
        p->has_alpha = true;
        return SN_OK;
    }
    if (c->size != want)
        return wrong_size(r, c, want == 2 ? "2" : "6");
    for (size_t i = 0; i < want / 2; i++)
        p->key[i] = sn_be16(c->data + 2 * i);
    p->has_key = true;
    return SN_OK;
}

/* The IDAT chunks are one stream: a single one is used where it lies, several are joined. */
static int read_idat(struct reader *r, const struct chunk *c)
{
    if (r->idat_over)
        return wrong_place(r, c, "follows other chunks after the picture data");
    if (r->png.colour == SN_PNG_PALETTE && !r->seen_plte)
        return wrong_place(r, c, "comes before the palette");
    r->seen_idat = true;
    if (c->size == 0)
        return SN_OK;
    if (r->idat_size == 0) {
        r->idat = c->data;
        r->idat_size = c->size;
        return SN_OK;
    }
    if (r->joined.len == 0)
        sn_buf_add(&r->joined, r->idat, r->idat_size);
    sn_buf_add(&r->joined, c->data, c->size);
    if (r->joined.failed)
        return SN_NOMEM(r->err, "PNG data");
    r->idat = (const uint8_t *)r->joined.data;
    r->idat_size = r->joined.len;
    return SN_OK;
}

/* Bit 5 of the first letter: lower case means the picture is whole without this chunk. */
static int read_other(struct reader *r, const struct chunk *c)
{
    if (!(c->name[0] & 0x20)) {
        const char *hint = strcmp(c->name, "CgBI") == 0 ? " (an iPhone-only variant of PNG)" : "";

        return SN_FAIL(r->err, SN_EUNSUPPORTED, "png: unknown critical chunk %s at byte %zu%s",
                       c->name, c->at, hint);
    }
    if (strcmp(c->name, "eXIf") == 0)
        r->orientation = sn_exif_orientation(c->data, c->size);
    if (strcmp(c->name, "acTL") == 0)
        r->animated = true;
    for (size_t i = 0; i < SN_COUNT(ignored_chunks); i++) {
        if (strcmp(c->name, ignored_chunks[i]) == 0)
            r->ignored |= 1u << i;
    }
    return SN_OK;
}

/* ---- the file ----------------------------------------------------------------------------- */

static int check_signature(struct reader *r)
{
    if (r->in.size < 8)
        return SN_FAIL(r->err, SN_EFORMAT, "png: file of %zu bytes, shorter than its signature",
                       r->in.size);
    for (size_t i = 0; i < 8; i++) {
        if (r->in.data[i] != signature[i])
            return SN_FAIL(r->err, SN_EFORMAT,
                           "png: damaged signature: byte %zu is %02x, expected %02x%s", i,
                           r->in.data[i], signature[i],
                           i >= 4 ? " (line ends changed by a text-mode transfer)" : "");
    }
    r->in.pos = 8;
    return SN_OK;
}

static int next_chunk(struct reader *r, struct chunk *c)
{
    const uint8_t *p = r->in.data + r->in.pos;
    uint32_t size, crc, found;

    c->at = r->in.pos;
    if (sn_left(&r->in) < 12)
        return SN_FAIL(r->err, SN_EFORMAT, "png: file ends at byte %zu, before its IEND chunk",
                       r->in.size);
    size = sn_be32(p);
    memcpy(c->name, p + 4, 4);
    c->name[4] = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char letter = (unsigned char)(p[4 + i] | 0x20);

        if (letter < 'a' || letter > 'z')
            return SN_FAIL(r->err, SN_EFORMAT,
                           "png: chunk name %02x %02x %02x %02x at byte %zu, expected four letters",
                           p[4], p[5], p[6], p[7], c->at + 4);
    }
    if (size > sn_left(&r->in) - 12)
        return SN_FAIL(r->err, SN_EFORMAT, "png: %s at byte %zu needs %u bytes, %zu remain",
                       c->name, c->at, size, sn_left(&r->in) - 12);
    c->data = p + 8;
    c->size = size;
    found = sn_be32(p + 8 + size);
    crc = sn_crc32(0, p + 4, (size_t)size + 4);
    if (found != crc)
        return SN_FAIL(r->err, SN_EFORMAT, "png: %s at byte %zu has CRC %08x, its data's is %08x",
                       c->name, c->at, found, crc);
    r->in.pos += (size_t)size + 12;
    return SN_OK;
}

static int read_chunk(struct reader *r, const struct chunk *c)
{
    if (strcmp(c->name, "IHDR") == 0)
        return read_ihdr(r, c);
    if (!r->seen_ihdr && strcmp(c->name, "CgBI") != 0)
        return wrong_place(r, c, "comes before IHDR");
    if (strcmp(c->name, "IDAT") == 0)
        return read_idat(r, c);
    r->idat_over = r->seen_idat;
    if (strcmp(c->name, "PLTE") == 0)
        return read_plte(r, c);
    if (strcmp(c->name, "tRNS") == 0)
        return read_trns(r, c);
    if (strcmp(c->name, "IEND") == 0) {
        r->seen_iend = true;
        return c->size == 0 ? SN_OK : wrong_size(r, c, "0");
    }
    return read_other(r, c);
}

static void describe(const struct reader *r, struct sn_image *im)
{
    static const char *const names[7] = { "grey", "", "RGB", "palette", "grey+alpha", "", "RGBA" };
    const struct sn_png *p = &r->png;

    strcpy(im->format, "png");
    im->orientation = r->orientation;
    sn_image_note(im, "%u-bit %s", p->depth, names[p->colour]);
    if (p->interlaced)
        sn_image_note(im, "interlaced");
    if (p->has_alpha || p->has_key)
        sn_image_note(im, "tRNS as alpha");
    if (p->beyond_palette)
        sn_image_note(im, "indices beyond the palette shown black");
    if (r->orientation != 1)
        sn_image_note(im, "EXIF orientation %d", r->orientation);
    if (r->animated)
        sn_image_note(im, "animation ignored");
    for (size_t i = 0; i < SN_COUNT(ignored_chunks); i++) {
        if (r->ignored >> i & 1)
            sn_image_note(im, "%s ignored", ignored_chunks[i]);
    }
    if (sn_left(&r->in))
        sn_image_note(im, "%zu bytes after IEND ignored", sn_left(&r->in));
}

/* Inflates into the filtered rows, then turns those into pixels. */
static int decode_pixels(struct reader *r, struct sn_image *im)
{
    size_t bytes = sn_png_filtered_bytes(&r->png);
    uint8_t *rows;
    int rc;

    /* Deflate's densest code is 258 bytes in 2 bits: no stream expands beyond 1032 to 1. */
    if (bytes / 1032 > r->idat_size)
        return SN_FAIL(r->err, SN_EFORMAT,
                       "png: %zu bytes of IDAT cannot hold a picture of %u x %u pixels",
                       r->idat_size, r->png.width, r->png.height);
    rows = malloc(bytes);
    if (!rows)
        return SN_NOMEM(r->err, "PNG rows");
    rc = sn_zlib_inflate(r->idat, r->idat_size, rows, bytes, r->err);
    if (rc)
        sn_fail_context(r->err, rc, "png: IDAT");
    if (!rc)
        rc = sn_image_alloc(im, r->png.width, r->png.height, sn_png_channels(&r->png),
                            r->png.depth == 16 ? 16 : 8, r->err);
    if (!rc)
        rc = sn_png_rows(&r->png, rows, im, r->err);
    free(rows);
    return rc;
}

static int read_png(struct reader *r, struct sn_image *im)
{
    struct chunk c;

    SN_TRY(check_signature(r));
    while (!r->seen_iend) {
        SN_TRY(next_chunk(r, &c));
        SN_TRY(read_chunk(r, &c));
    }
    if (!r->seen_idat)
        return SN_FAIL(r->err, SN_EFORMAT, "png: no IDAT chunk before IEND at byte %zu", c.at);
    SN_TRY(decode_pixels(r, im));
    describe(r, im);
    return SN_OK;
}

int sn_png_decode(const void *data, size_t size, struct sn_image *im, struct sn_error *err)
{
    struct reader r;
    int rc;

    memset(&r, 0, sizeof r);
    memset(r.png.alpha, 255, sizeof r.png.alpha);
    r.in.data = data;
    r.in.size = size;
    r.orientation = 1;
    r.err = err;
    memset(im, 0, sizeof *im);
    rc = read_png(&r, im);
    sn_buf_free(&r.joined);
    if (rc)
        sn_image_free(im);
    return rc;
}
