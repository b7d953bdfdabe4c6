/*
 * pnm.c: the Netpbm formats P1 to P6. Samples of a maxval other than 255 or 65535 are scaled to
 * the full range, (v * full + maxval / 2) / maxval: round to nearest, half up.
 */
#include "io/image_parts.h"

struct pnm {
    struct sn_bytes in;
    unsigned kind; /* 1..6 */
    uint32_t width, height, maxval;
    struct sn_error *err;
};

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * The next character, -1 at the end. A comment, from '#' to the end of its line, reads as that
 * line end: this is Netpbm's rule, and makes a comment directly behind a number end the number.
 */
static int next_char(struct pnm *p)
{
    int c;

    if (!sn_left(&p->in))
        return -1;
    c = p->in.data[p->in.pos++];
    if (c == '#') {
        while (sn_left(&p->in) && c != '\n' && c != '\r')
            c = p->in.data[p->in.pos++];
        c = '\n';
    }
    return c;
}

static int cut_off(struct pnm *p, const char *what)
{
    return SN_FAIL(p->err, SN_EFORMAT, "pnm: file ends at byte %zu, %s expected", p->in.size, what);
}

/* A decimal number after white space; the one character behind it is consumed too. */
static int read_number(struct pnm *p, const char *what, uint32_t limit, uint32_t *value)
{
    uint32_t v = 0;
    int c;
    size_t at;

    do
        c = next_char(p);
    while (is_space(c));
    at = p->in.pos;
    if (c < 0)
        return cut_off(p, what);
    if (c < '0' || c > '9')
        return SN_FAIL(p->err, SN_EFORMAT, "pnm: byte %zu is 0x%02x, %s expected", at - 1,
                       (unsigned)c, what);
    for (; c >= '0' && c <= '9'; c = next_char(p)) {
        v = v * 10 + (uint32_t)(c - '0');
        if (v > limit)
            return SN_FAIL(p->err, SN_EFORMAT, "pnm: %s at byte %zu is larger than %u", what,
                           at - 1, limit);
    }
    if (c >= 0 && !is_space(c))
        return SN_FAIL(p->err, SN_EFORMAT, "pnm: byte %zu is 0x%02x, white space expected after %s",
                       p->in.pos - 1, (unsigned)c, what);
    *value = v;
    return SN_OK;
}

/* ---- rasters ------------------------------------------------------------------------------ */

/* P1: digits that need no space between them; 1 is black. */
static int read_plain_bits(struct pnm *p, uint8_t *dst, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int c;

        do
            c = next_char(p);
        while (is_space(c));
        if (c < 0)
            return cut_off(p, "a pixel");
        if (c != '0' && c != '1')
            return SN_FAIL(p->err, SN_EFORMAT, "pnm: byte %zu is 0x%02x, 0 or 1 expected",
                           p->in.pos - 1, (unsigned)c);
        dst[i] = c == '1' ? 0 : 255;
    }
    return SN_OK;
}

static void read_packed_bits(struct pnm *p, uint8_t *dst)
{
    const uint8_t *row = p->in.data + p->in.pos;
    size_t stride = ((size_t)p->width + 7) / 8;

    for (uint32_t y = 0; y < p->height; y++, row += stride) {
        for (uint32_t x = 0; x < p->width; x++)
            *dst++ = row[x / 8] >> (7 - x % 8) & 1 ? 0 : 255;
    }
    p->in.pos += stride * p->height;
}

static uint32_t scale(const struct pnm *p, uint32_t v, uint32_t full)
{
    return p->maxval == full ? v : (v * full + p->maxval / 2) / p->maxval;
}

static int too_large(struct pnm *p, uint32_t v, size_t at)
{
    return SN_FAIL(p->err, SN_EFORMAT,
                   "pnm: sample %u at byte %zu is larger than the maximum %u", v, at, p->maxval);
}

/* P2, P3 (text) and P5, P6 (bytes, or two bytes with the high one first). */
static int read_samples(struct pnm *p, struct sn_image *im, size_t n)
{
    bool text = p->kind <= 3, wide = im->depth == 16;
    uint8_t *dst8 = im->data;
    uint16_t *dst16 = im->data;

    for (size_t i = 0; i < n; i++) {
        size_t at = p->in.pos;
        uint32_t v = 0;

        if (text) {
            SN_TRY(read_number(p, "a sample", 65535, &v));
        } else if (wide) {
            v = sn_be16(p->in.data + at);
            p->in.pos += 2;
        } else {
            v = p->in.data[at];
            p->in.pos++;
        }
        if (v > p->maxval)
            return too_large(p, v, at);
        if (wide)
            dst16[i] = (uint16_t)scale(p, v, 65535);
        else
            dst8[i] = (uint8_t)scale(p, v, 255);
    }
    return SN_OK;
}

/* ---- the file ----------------------------------------------------------------------------- */

/* The fewest bytes the raster can take, so that nothing is allocated for a file too short. */
static size_t least_bytes(const struct pnm *p, size_t samples)
{
    switch (p->kind) {
    case 1:
        return samples;
    case 2:
    case 3:
        return 2 * samples - 1; /* a digit each and a space between */
    case 4:
        return ((size_t)p->width + 7) / 8 * p->height;
    default:
        return samples * (p->maxval > 255 ? 2 : 1);
    }
}

static int read_pnm(struct pnm *p, struct sn_image *im)
{
    static const char *const formats[3] = { "pbm", "pgm", "ppm" };
    bool bits = p->kind == 1 || p->kind == 4;
    size_t samples, least, raster;

    SN_TRY(read_number(p, "the width", UINT32_MAX / 10 - 1, &p->width));
    SN_TRY(read_number(p, "the height", UINT32_MAX / 10 - 1, &p->height));
    p->maxval = 1;
    if (!bits)
        SN_TRY(read_number(p, "the maximum", 65535, &p->maxval));
    if (p->maxval == 0)
        return SN_FAIL(p->err, SN_EFORMAT, "pnm: maximum sample value 0, expected 1 to 65535");
    SN_TRY(sn_image_check_size("pnm", p->width, p->height, p->err));
    samples = (size_t)p->width * p->height * (p->kind % 3 == 0 ? 3 : 1);
    raster = p->in.pos;
    least = least_bytes(p, samples);
    if (least > sn_left(&p->in))
        return SN_FAIL(p->err, SN_EFORMAT,
                       "pnm: %u x %u pixels from byte %zu on need at least %zu bytes, %zu remain",
                       p->width, p->height, raster, least, sn_left(&p->in));
    SN_TRY(sn_image_alloc(im, p->width, p->height, p->kind % 3 == 0 ? 3 : 1,
                          p->maxval > 255 ? 16 : 8, p->err));
    if (p->kind == 1)
        SN_TRY(read_plain_bits(p, im->data, samples));
    else if (p->kind == 4)
        read_packed_bits(p, im->data);
    else
        SN_TRY(read_samples(p, im, samples));
    strcpy(im->format, formats[(p->kind - 1) % 3]);
    sn_image_note(im, "%s P%u", p->kind <= 3 ? "plain" : "raw", p->kind);
    if (!bits)
        sn_image_note(im, "maximum %u", p->maxval);
    if (p->kind > 3 && sn_left(&p->in))
        sn_image_note(im, "%zu bytes after the picture ignored", sn_left(&p->in));
    return SN_OK;
}

int sn_pnm_decode(const void *data, size_t size, struct sn_image *im, struct sn_error *err)
{
    struct pnm p = { .in = { data, size, 2 }, .err = err };
    const uint8_t *d = data;
    int rc;

    memset(im, 0, sizeof *im);
    if (size < 3 || d[0] != 'P' || d[1] < '1' || d[1] > '6' || (!is_space(d[2]) && d[2] != '#'))
        return SN_FAIL(err, SN_EFORMAT, "pnm: file does not begin with P1 to P6 and white space");
    p.kind = (unsigned)(d[1] - '0');
    rc = read_pnm(&p, im);
    if (rc)
        sn_image_free(im);
    return rc;
}
