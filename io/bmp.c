/*
 * bmp.c: Windows and OS/2 bitmaps: headers of 12 to 124 bytes, 1 to 32 bits, palettes, bit fields,
 * run lengths, either row order. Palettes give RGB; an alpha field of the bit fields gives RGBA;
 * the fourth byte of a plain 32-bit picture is padding and ignored, as everywhere.
 */
#include "io/bmp_parts.h"

enum {
    FILE_HEADER = 14,
    CORE = 12,    /* OS/2 1.x: 16-bit sizes, palette of three bytes a colour */
    OS2_SHORT = 16,
    INFO = 40,
    INFO_V2 = 52, /* with RGB masks */
    INFO_V3 = 56, /* with an alpha mask */
    OS2_LONG = 64,
    INFO_V4 = 108,
    INFO_V5 = 124
};

enum { RAW = 0, RLE8 = 1, RLE4 = 2, FIELDS = 3, RLE24_OR_JPEG = 4, PNG = 5, ALPHA_FIELDS = 6 };

static bool has_rle(const struct sn_bmp *b)
{
    return b->compression == RLE8 || b->compression == RLE4 || b->compression == RLE24_OR_JPEG;
}

/* ---- header ------------------------------------------------------------------------------- */

static int read_sizes(struct sn_bmp *b)
{
    const uint8_t *h = b->data + FILE_HEADER;
    uint32_t w, rows;
    unsigned planes;

    if (b->header == CORE) {
        w = sn_le16(h + 4);
        rows = sn_le16(h + 6);
        planes = sn_le16(h + 8);
        b->bits = sn_le16(h + 10);
    } else {
        w = sn_le32(h + 4);
        rows = sn_le32(h + 8);
        planes = sn_le16(h + 12);
        b->bits = sn_le16(h + 14);
    }
    if (rows & 0x80000000u) { /* negative: rows top to bottom */
        b->top_down = true;
        rows = 0u - rows;
    }
    if (w & 0x80000000u)
        return SN_FAIL(b->err, SN_EFORMAT, "bmp: negative width at byte 18");
    b->width = w;
    b->height = rows;
    SN_TRY(sn_image_check_size("bmp", w, rows, b->err));
    if (planes > 1)
        return SN_FAIL(b->err, SN_EFORMAT, "bmp: %u colour planes at byte %d, expected 1", planes,
                       b->header == CORE ? 22 : 26);
    return SN_OK;
}

static int check_kind(struct sn_bmp *b)
{
    static const struct {
        unsigned compression;
        uint64_t depths; /* bit n: n bits per pixel */
    } kinds[] = {
        { RAW, 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16 | 1u << 24 | (uint64_t)1 << 32 },
        { RLE8, 1u << 8 },
        { RLE4, 1u << 4 },
        { FIELDS, 1u << 16 | (uint64_t)1 << 32 },
        { RLE24_OR_JPEG, 1u << 24 },
        { ALPHA_FIELDS, 1u << 16 | (uint64_t)1 << 32 }
    };

    b->os2 = b->header == OS2_SHORT || b->header == OS2_LONG;
    if ((b->compression == RLE24_OR_JPEG && !b->os2) || b->compression == PNG)
        return SN_FAIL(b->err, SN_EUNSUPPORTED, "bmp: embedded %s pictures are not read",
                       b->compression == PNG ? "PNG" : "JPEG");
    if (b->compression == FIELDS && b->os2)
        return SN_FAIL(b->err, SN_EUNSUPPORTED, "bmp: OS/2 Huffman compression is not read");
    for (size_t i = 0; i < SN_COUNT(kinds); i++) {
        if (kinds[i].compression == b->compression && b->bits <= 32 &&
            (kinds[i].depths >> b->bits & 1)) {
            if (has_rle(b) && b->top_down)
                return SN_FAIL(b->err, SN_EFORMAT, "bmp: compressed rows from top to bottom");
            return SN_OK;
        }
    }
    return SN_FAIL(b->err, SN_EFORMAT,
                   "bmp: %u bits per pixel with compression %u at byte 28 is no known combination",
                   b->bits, b->compression);
}

/* A field is one run of set bits; fields do not overlap and lie inside the pixel. */
static int check_masks(struct sn_bmp *b)
{
    uint32_t all = 0;

    for (int i = 0; i < 4; i++) {
        uint32_t m = b->mask[i], low = m & (0u - m);
        bool one_run = m == 0 || (m & (m + low)) == 0; /* adding the lowest bit carries through */

        if (!one_run || (m & all) || (b->bits == 16 && m > 0xffff))
            return SN_FAIL(b->err, SN_EFORMAT, "bmp: bit field %08x of channel %d is no run of "
                           "bits of its own", m, i);
        all |= m;
    }
    if ((b->mask[0] | b->mask[1] | b->mask[2]) == 0)
        return SN_FAIL(b->err, SN_EFORMAT, "bmp: bit fields without a colour");
    return SN_OK;
}

/* Masks lie in the header from version 2 on, behind an INFO header. *palette: where that begins. */
static int read_masks(struct sn_bmp *b, size_t *palette)
{
    static const uint32_t rgb555[4] = { 0x7c00, 0x3e0, 0x1f, 0 };
    static const uint32_t rgb888[4] = { 0xff0000, 0xff00, 0xff, 0 };
    int n;

    *palette = FILE_HEADER + b->header;
    if (b->compression != FIELDS && b->compression != ALPHA_FIELDS) {
        memcpy(b->mask, b->bits == 16 ? rgb555 : rgb888, sizeof b->mask);
        return SN_OK;
    }
    if (b->header == INFO) {
        n = b->compression == ALPHA_FIELDS ? 4 : 3;
        *palette += 4 * (size_t)n;
        if (*palette > b->size)
            return SN_FAIL(b->err, SN_EFORMAT, "bmp: file ends at byte %zu in its bit fields",
                           b->size);
    } else {
        n = b->header >= INFO_V3 ? 4 : 3;
    }
    for (int i = 0; i < n; i++)
        b->mask[i] = sn_le32(b->data + FILE_HEADER + INFO + 4 * i);
    return check_masks(b);
}

static int read_palette(struct sn_bmp *b, size_t at)
{
    size_t entry = b->header == CORE ? 3 : 4;
    size_t most = (size_t)1 << b->bits, room = (b->offset - at) / entry;
    uint32_t used = b->header >= INFO ? sn_le32(b->data + FILE_HEADER + 32) : 0;

    if (used > room)
        return SN_FAIL(b->err, SN_EFORMAT,
                       "bmp: %u palette colours do not fit between bytes %zu and %zu", used, at,
                       b->offset);
    /* OS/2 files store fewer colours than the depth allows and do not say how many */
    most = SN_MIN(most, used ? used : room);
    if (most == 0)
        return SN_FAIL(b->err, SN_EFORMAT, "bmp: no palette between bytes %zu and %zu", at,
                       b->offset);
    for (size_t i = 0; i < most; i++) {
        const uint8_t *c = b->data + at + i * entry;

        b->palette[i][0] = c[2];
        b->palette[i][1] = c[1];
        b->palette[i][2] = c[0];
    }
    b->palette_size = (unsigned)most;
    return SN_OK;
}

static int read_header(struct sn_bmp *b)
{
    static const uint8_t known[] = { CORE, OS2_SHORT, INFO, INFO_V2, INFO_V3, OS2_LONG, INFO_V4,
                                     INFO_V5 };
    size_t palette = 0, i = 0;

    if (b->size < FILE_HEADER + CORE || b->data[0] != 'B' || b->data[1] != 'M')
        return SN_FAIL(b->err, SN_EFORMAT, "bmp: file of %zu bytes has no bitmap header", b->size);
    b->offset = sn_le32(b->data + 10);
    b->header = sn_le32(b->data + FILE_HEADER);
    while (i < SN_COUNT(known) && known[i] != b->header)
        i++;
    if (i == SN_COUNT(known))
        return SN_FAIL(b->err, SN_EUNSUPPORTED, "bmp: header of %u bytes at byte 14 is of no known "
                       "kind", b->header);
    if (b->size < FILE_HEADER + b->header)
        return SN_FAIL(b->err, SN_EFORMAT, "bmp: header of %u bytes, %zu remain", b->header,
                       b->size - FILE_HEADER);
    SN_TRY(read_sizes(b));
    b->compression = b->header >= INFO ? sn_le32(b->data + FILE_HEADER + 16) : RAW;
    SN_TRY(check_kind(b));
    SN_TRY(read_masks(b, &palette));
    if (b->offset < palette || b->offset > b->size)
        return SN_FAIL(b->err, SN_EFORMAT, "bmp: pixel data at byte %zu, expected %zu to %zu",
                       b->offset, palette, b->size);
    return b->bits <= 8 ? read_palette(b, palette) : SN_OK;
}

/* ---- pixels ------------------------------------------------------------------------------- */

static void palette_row(struct sn_bmp *b, const uint8_t *row, uint8_t *dst)
{
    unsigned per = 8 / b->bits, last = (1u << b->bits) - 1;

    for (uint32_t x = 0; x < b->width; x++, dst += 3) {
        unsigned k = (unsigned)row[x / per] >> (8 - b->bits * (x % per + 1)) & last;

        b->beyond_palette |= k >= b->palette_size;
        memcpy(dst, b->palette[k], 3); /* colours beyond the palette are zero: black */
    }
}

static void bgr_row(const struct sn_bmp *b, const uint8_t *row, uint8_t *dst)
{
    size_t step = b->bits / 8;

    for (uint32_t x = 0; x < b->width; x++, row += step, dst += 3) {
        dst[0] = row[2];
        dst[1] = row[1];
        dst[2] = row[0];
    }
}

/* Fields of n bits become floor(v * 255 / (2^n - 1)). */
static void fields_row(const struct sn_bmp *b, const uint8_t *row, uint8_t *dst, int channels)
{
    unsigned shift[4] = { 0 };
    uint64_t most[4];

    for (int i = 0; i < channels; i++) {
        while (b->mask[i] && !(b->mask[i] >> shift[i] & 1))
            shift[i]++;
        most[i] = b->mask[i] ? b->mask[i] >> shift[i] : 1;
    }
    for (uint32_t x = 0; x < b->width; x++, row += b->bits / 8) {
        uint32_t v = b->bits == 16 ? sn_le16(row) : sn_le32(row);

        for (int i = 0; i < channels; i++)
            *dst++ = (uint8_t)((uint64_t)((v & b->mask[i]) >> shift[i]) * 255 / most[i]);
    }
}

static int read_rows(struct sn_bmp *b, struct sn_image *im)
{
    size_t row_bytes = ((size_t)b->width * b->bits + 7) / 8, stride = (row_bytes + 3) / 4 * 4;
    size_t out_bytes = (size_t)b->width * (size_t)im->channels;
    bool plain = b->bits >= 24 && b->compression == RAW;

    for (uint32_t y = 0; y < b->height; y++) {
        const uint8_t *row = b->data + b->offset + y * stride;
        uint8_t *dst = (uint8_t *)im->data + (b->top_down ? y : b->height - 1 - y) * out_bytes;

        if (b->bits <= 8)
            palette_row(b, row, dst);
        else if (plain)
            bgr_row(b, row, dst);
        else
            fields_row(b, row, dst, im->channels);
    }
    return SN_OK;
}

/*
 * Refuses a picture its data cannot hold before memory is taken for it. Two bytes of run-length
 * code set at most 255 pixels; files that skip over more than that are not pictures we expect.
 */
static int check_data(struct sn_bmp *b)
{
    size_t row_bytes = ((size_t)b->width * b->bits + 7) / 8, stride = (row_bytes + 3) / 4 * 4;
    size_t left = b->size - b->offset, need;

    if (has_rle(b))
        need = (size_t)b->width * b->height / 128;
    else
        need = stride * (b->height - 1) + row_bytes; /* the last row's padding may be missing */
    if (left < need)
        return SN_FAIL(b->err, SN_EFORMAT,
                       "bmp: %u x %u pixels of %u bits from byte %zu on need %zu bytes, %zu remain",
                       b->width, b->height, b->bits, b->offset, need, left);
    return SN_OK;
}

static void describe(const struct sn_bmp *b, struct sn_image *im)
{
    strcpy(im->format, "bmp");
    sn_image_note(im, "%u-bit%s", b->bits, b->bits <= 8 ? " palette" : "");
    sn_image_note(im, "header of %u bytes", b->header);
    if (has_rle(b))
        sn_image_note(im, "run lengths");
    if (b->compression == FIELDS || b->compression == ALPHA_FIELDS)
        sn_image_note(im, "bit fields");
    if (b->top_down)
        sn_image_note(im, "top-down");
    if (b->bits == 32 && b->compression == RAW)
        sn_image_note(im, "fourth byte ignored");
    if (b->beyond_palette)
        sn_image_note(im, "indices beyond the palette shown black");
    if (b->clipped_run)
        sn_image_note(im, "runs past the row's end cut");
}

static int read_bmp(struct sn_bmp *b, struct sn_image *im)
{
    SN_TRY(read_header(b));
    SN_TRY(check_data(b));
    SN_TRY(sn_image_alloc(im, b->width, b->height, b->mask[3] ? 4 : 3, 8, b->err));
    SN_TRY(has_rle(b) ? sn_bmp_rle(b, im) : read_rows(b, im));
    describe(b, im);
    return SN_OK;
}

int sn_bmp_decode(const void *data, size_t size, struct sn_image *im, struct sn_error *err)
{
    struct sn_bmp b = { .data = data, .size = size, .err = err };
    int rc;

    memset(im, 0, sizeof *im);
    rc = read_bmp(&b, im);
    if (rc)
        sn_image_free(im);
    return rc;
}
