/* check_image.c: PNM and BMP pictures made here, format recognition, and the pixel operations. */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "tests/support/support.h"

/* Decodes a copy of exactly this size, so that a sanitizer sees an overread. */
static int decode(const void *data, size_t n, struct sn_image *im, struct sn_error *err)
{
    uint8_t *copy = malloc(n ? n : 1);
    int rc;

    memcpy(copy, data, n);
    rc = sn_image_decode(copy, n, im, err);
    free(copy);
    return rc;
}

static void pixels_are(const void *data, size_t n, const char *format, uint32_t w, uint32_t h, int channels,
                       int depth, const void *want)
{
    struct sn_error err = { 0 };
    struct sn_image im;

    sn_ck_ok(decode(data, n, &im, &err), &err);
    ck_assert_str_eq(im.format, format);
    ck_assert_uint_eq(im.width, w);
    ck_assert_uint_eq(im.height, h);
    ck_assert_int_eq(im.channels, channels);
    ck_assert_int_eq(im.depth, depth);
    ck_assert_mem_eq(im.data, want, sn_image_bytes(&im));
    sn_image_free(&im);
}

static void refused(const void *data, size_t n, int code, const char *text)
{
    struct sn_error err = { 0 };
    struct sn_image im;

    sn_ck_fails(decode(data, n, &im, &err), code, &err, text);
    ck_assert_ptr_null(im.data);
}

/* Every truncation and every changed byte: an error or a picture, nothing worse. */
static void sweep(const uint8_t *data, size_t n)
{
    uint8_t *p = malloc(n);
    struct sn_error err = { 0 };
    struct sn_image im;

    memcpy(p, data, n);
    for (size_t k = 0; k < n; k++) {
        (void)decode(p, k, &im, &err);
        sn_image_free(&im);
    }
    for (size_t i = 0; i < n; i++) {
        for (int v = 0; v < 256; v++) {
            p[i] = (uint8_t)v;
            if (sn_image_decode(p, n, &im, &err) == SN_OK)
                ck_assert_uint_le(sn_image_bytes(&im), 3000000);
            sn_image_free(&im);
        }
        p[i] = data[i];
    }
    free(p);
}

/* ---- PNM -------------------------------------------------------------------------------------- */

#define PNM(text) text, sizeof(text) - 1

START_TEST(pnm_kinds)
{
    static const uint16_t wide[3] = { 0, 65535, 0x1234 };
    static const uint16_t scaled[2] = { 65535, 32768 };

    pixels_are(PNM("P1\n3 2\n1 0 1\n010"), "pbm", 3, 2, 1, 8, "\0\xff\0\xff\0\xff");
    pixels_are(PNM("P4 10 2\n\xa0\x40\x5f\xbf"), "pbm", 10, 2, 1, 8,
               "\0\xff\0\xff\xff\xff\xff\xff\xff\0" "\xff\0\xff\0\0\0\0\0\0\xff");
    pixels_are(PNM("P2\n2 1 255\n7\t200\n"), "pgm", 2, 1, 1, 8, "\x07\xc8");
    pixels_are(PNM("P3 1 2\n255\n1 2 3\n4 5 6"), "ppm", 1, 2, 3, 8, "\1\2\3\4\5\6");
    pixels_are(PNM("P5\n2 2\n255\n\0\1\2\3"), "pgm", 2, 2, 1, 8, "\0\1\2\3");
    pixels_are(PNM("P6\n1 1\n255\nabc"), "ppm", 1, 1, 3, 8, "abc");
    pixels_are(PNM("P5 3 1 65535\n\0\0\xff\xff\x12\x34"), "pgm", 3, 1, 1, 16, wide);
    pixels_are(PNM("P5 2 1 1000\n\x03\xe8\x01\xf4"), "pgm", 2, 1, 1, 16, scaled);
    pixels_are(PNM("P2 2 1 1000 1000 500"), "pgm", 2, 1, 1, 16, scaled);
}
END_TEST

/* (v * 255 + max / 2) / max: for maximum 15 exactly 17 v; halves go up (3 of 6 is 127.5 -> 128). */
START_TEST(pnm_scaling)
{
    pixels_are(PNM("P5 4 1 15\n\0\1\2\x0f"), "pgm", 4, 1, 1, 8, "\0\x11\x22\xff");
    pixels_are(PNM("P2 4 1 6 0 3 1 6"), "pgm", 4, 1, 1, 8, "\0\x80\x2b\xff");
    pixels_are(PNM("P5 3 1 254\n\x7f\xfe\1"), "pgm", 3, 1, 1, 8, "\x80\xff\1");
    pixels_are(PNM("P2 2 1 1 1 0"), "pgm", 2, 1, 1, 8, "\xff\0");
}
END_TEST

START_TEST(pnm_comments)
{
    pixels_are(PNM("P5#made here\n# two\n1 #w\n#\n1\n#max\n255\n#"), "pgm", 1, 1, 1, 8, "#");
    pixels_are(PNM("P5\n1 1 255#behind the number\nx"), "pgm", 1, 1, 1, 8, "x");
    pixels_are(PNM("P2\n2 1 9 # one\n 9 # two\n 0"), "pgm", 2, 1, 1, 8, "\xff\0");
    pixels_are(PNM("P1 2 1 1#c\n0"), "pbm", 2, 1, 1, 8, "\0\xff");
}
END_TEST

START_TEST(pnm_refusals)
{
    refused(PNM("P5"), SN_EFORMAT, "begin with");
    refused(PNM("P5x"), SN_EFORMAT, "begin with");
    refused(PNM("P5 "), SN_EFORMAT, "ends at byte 3, the width");
    refused(PNM("P5 -1 1 255 x"), SN_EFORMAT, "byte 3 is 0x2d, the width");
    refused(PNM("P5 1x 1 255 x"), SN_EFORMAT, "byte 4 is 0x78, white space");
    refused(PNM("P5 0 1 255 x"), SN_EFORMAT, "0 x 1");
    refused(PNM("P5 99999999999 1 255 x"), SN_EFORMAT, "larger than");
    refused(PNM("P5 70000 1 255 x"), SN_ELIMIT, "at most 65535");
    refused(PNM("P5 65535 65535 255 x"), SN_ELIMIT, "at most 65535");
    refused(PNM("P5 1 1 0 x"), SN_EFORMAT, "maximum sample value 0");
    refused(PNM("P5 1 1 65536 xx"), SN_EFORMAT, "the maximum at byte 7 is larger");
    refused(PNM("P5 2 2 255 abc"), SN_EFORMAT, "need at least 4 bytes, 3 remain");
    refused(PNM("P6 1 1 256 abcde"), SN_EFORMAT, "need at least 6 bytes, 5 remain");
    refused(PNM("P2 60000 2000 255 1 2 3"), SN_EFORMAT, "need at least 239999999 bytes");
    refused(PNM("P2 2 1 255 1  "), SN_EFORMAT, "ends at byte 14, a sample");
    refused(PNM("P2 2 1 9 1 10"), SN_EFORMAT, "sample 10 at byte 11 is larger than the maximum 9");
    refused(PNM("P5 1 1 9 a"), SN_EFORMAT, "sample 97 at byte 9");
    refused(PNM("P1 2 1 1 2"), SN_EFORMAT, "0 or 1");
    refused(PNM("P1 3 1 1  0"), SN_EFORMAT, "ends at byte 11, a pixel");
}
END_TEST

START_TEST(pnm_sweep)
{
    static const char *const files[] = { "P1\n3 2\n1 0 1\n010", "P2 2 2 7 # x\n1 2\n3 4", "P3 1 1 255 1 2 3",
                                         "P4 9 1 ab", "P5 3 2 200 abcdef", "P6 1 1 900 abcdef" };

    for (size_t i = 0; i < SN_COUNT(files); i++)
        sweep((const uint8_t *)files[i], strlen(files[i]));
}
END_TEST

/* ---- BMP -------------------------------------------------------------------------------------- */

struct bmp {
    uint32_t header;
    int32_t w, h;
    unsigned bits, compression, colours;
    const void *after; /* masks or palette: what lies between header and pixels */
    size_t after_size;
    const void *pixels;
    size_t size;
    uint32_t mask[4]; /* in headers of 52 bytes and more */
};

static size_t make_bmp(const struct bmp *s, uint8_t *out)
{
    uint8_t *h = out + 14;

    memset(out, 0, 14 + s->header);
    memcpy(out, "BM", 2);
    sn_put_le32(out + 10, (uint32_t)(14 + s->header + s->after_size));
    sn_put_le32(h, s->header);
    if (s->header == 12) {
        sn_put_le16(h + 4, (uint16_t)s->w);
        sn_put_le16(h + 6, (uint16_t)s->h);
        sn_put_le16(h + 8, 1);
        sn_put_le16(h + 10, (uint16_t)s->bits);
    } else {
        sn_put_le32(h + 4, (uint32_t)s->w);
        sn_put_le32(h + 8, (uint32_t)s->h);
        sn_put_le16(h + 12, 1);
        sn_put_le16(h + 14, (uint16_t)s->bits);
    }
    if (s->header >= 40) {
        sn_put_le32(h + 16, s->compression);
        sn_put_le32(h + 32, s->colours);
    }
    for (unsigned i = 0; i < 4 && s->header >= 56; i++)
        sn_put_le32(h + 40 + 4 * i, s->mask[i]);
    if (s->after_size)
        memcpy(h + s->header, s->after, s->after_size);
    memcpy(h + s->header + s->after_size, s->pixels, s->size);
    return 14 + s->header + s->after_size + s->size;
}

static void bmp_is(const struct bmp *s, uint32_t w, uint32_t h, int channels, const void *want)
{
    uint8_t file[1024];
    size_t n = make_bmp(s, file);

    pixels_are(file, n, "bmp", w, h, channels, 8, want);
    sweep(file, n);
}

static void bmp_refused(const struct bmp *s, int code, const char *text)
{
    uint8_t file[1024];

    refused(file, make_bmp(s, file), code, text);
}

#define RED_GREEN_BLUE_WHITE "\0\0\xff\0\0\xff\0\0\xff\0\0\0\xff\xff\xff\0" /* palette: B G R 0 */
#define R "\xff\0\0"
#define G "\0\xff\0"
#define B "\0\0\xff"
#define W "\xff\xff\xff"
#define K "\0\0\0"

START_TEST(bmp_palettes)
{
    struct bmp s = { .header = 40, .w = 5, .h = 2, .bits = 2, .after = RED_GREEN_BLUE_WHITE, .after_size = 16,
                     .pixels = "\x1b\x40\0\0\xe4\x80\0\0", .size = 8 };

    bmp_is(&s, 5, 2, 3, W B G R B R G B W G);
    s.h = -2;
    bmp_is(&s, 5, 2, 3, R G B W G W B G R B);
    s = (struct bmp){ .header = 12, .w = 9, .h = 1, .bits = 1, .after = "\0\0\xff\xff\0\0", .after_size = 6,
                      .pixels = "\xa5\x80\0\0", .size = 4 };
    bmp_is(&s, 9, 1, 3, B R B R R B R B B);
    s = (struct bmp){ .header = 40, .w = 3, .h = 1, .bits = 4, .after = RED_GREEN_BLUE_WHITE, .after_size = 16,
                      .colours = 4, .pixels = "\x01\x30\0\0", .size = 4 };
    bmp_is(&s, 3, 1, 3, R G W);
    s.pixels = "\x01\xf0\0\0"; /* index 15 of 4 colours: black */
    bmp_is(&s, 3, 1, 3, R G K);
    s = (struct bmp){ .header = 16, .w = 2, .h = 1, .bits = 8, .after = RED_GREEN_BLUE_WHITE, .after_size = 16,
                      .pixels = "\2\1", .size = 2 }; /* last row's padding left out */
    bmp_is(&s, 2, 1, 3, B G);
}
END_TEST

START_TEST(bmp_direct_colours)
{
    struct bmp s = { .header = 40, .w = 1, .h = 2, .bits = 24, .pixels = "\1\2\3\0\4\5\6\0", .size = 8 };

    bmp_is(&s, 1, 2, 3, "\6\5\4\3\2\1");
    s = (struct bmp){ .header = 40, .w = 1, .h = -2, .bits = 32, .pixels = "\1\2\3\x77\4\5\6\x77", .size = 8 };
    bmp_is(&s, 1, 2, 3, "\3\2\1\6\5\4");
    s = (struct bmp){ .header = 40, .w = 2, .h = 1, .bits = 16, .pixels = "\xff\x7f\x61\x0c", .size = 4 };
    bmp_is(&s, 2, 1, 3, W "\x18\x18\x08"); /* 3, 3, 1 of 31: floor(3 * 255 / 31) = 24 */
    s = (struct bmp){ .header = 40, .w = 1, .h = 1, .bits = 16, .compression = 3, .pixels = "\xe0\x07\0\0", .size = 4,
                      .after = "\0\xf8\0\0\xe0\x07\0\0\x1f\0\0\0", .after_size = 12 };
    bmp_is(&s, 1, 1, 3, G);
    s = (struct bmp){ .header = 108, .w = 2, .h = 1, .bits = 16, .compression = 3, .pixels = "\x21\x43\x0f\xf0", .size = 4,
                      .mask = { 0xf00, 0xf0, 0xf, 0xf000 } };
    bmp_is(&s, 2, 1, 4, "\x33\x22\x11\x44" "\0\0\xff\xff");
    s = (struct bmp){ .header = 56, .w = 1, .h = 1, .bits = 32, .compression = 3, .pixels = "\xff\xff\xff\x7f", .size = 4,
                      .mask = { 0xffe00000, 0x1ffc00, 0x3ff, 0 } };
    bmp_is(&s, 1, 1, 3, "\x7f\xff\xff"); /* 1023 of 2047: 127.4 */
    s = (struct bmp){ .header = 40, .w = 1, .h = 1, .bits = 32, .compression = 6, .pixels = "\1\2\3\4", .size = 4,
                      .after = "\xff\0\0\0\0\xff\0\0\0\0\xff\0\0\0\0\xff", .after_size = 16 };
    bmp_is(&s, 1, 1, 4, "\1\2\3\4");
}
END_TEST

START_TEST(bmp_run_lengths)
{
    /* literals 0 1 2, padded; end of row; two of 1; end: rows from the bottom, the rest is black */
    struct bmp s = { .header = 40, .w = 4, .h = 2, .bits = 8, .compression = 1, .after = RED_GREEN_BLUE_WHITE,
                     .after_size = 16, .pixels = "\0\3\0\1\2\0\0\0\2\1\0\1", .size = 12 };

    bmp_is(&s, 4, 2, 3, G G K K R G B K);
    s.pixels = "\1\3\0\2\1\1\1\2\0\1"; /* 3; one right, one up; 2; end */
    s.size = 10;
    bmp_is(&s, 4, 2, 3, K K B K W K K K);
    s.pixels = "\6\1\0\0\4\2"; /* a run past the row's end is cut; a full last row needs no end code */
    s.size = 6;
    bmp_is(&s, 4, 2, 3, B B B B G G G G);
    s = (struct bmp){ .header = 40, .w = 5, .h = 1, .bits = 4, .compression = 2, .after = RED_GREEN_BLUE_WHITE,
                      .after_size = 16, .pixels = "\2\x12\0\3\x30\x10\0\1", .size = 8 };
    bmp_is(&s, 5, 1, 3, G B W R G);
    s = (struct bmp){ .header = 64, .w = 4, .h = 1, .bits = 24, .compression = 4,
                      .pixels = "\1\1\2\3\0\3\1\0\0\0\1\0\0\0\1\0\0\1", .size = 18 };
    bmp_is(&s, 4, 1, 3, "\3\2\1" "\0\0\1" "\0\1\0" "\1\0\0");
}
END_TEST

START_TEST(bmp_refusals)
{
    struct bmp ok = { .header = 40, .w = 2, .h = 2, .bits = 24, .pixels = "0123456789abcdef", .size = 16 }, s;

    bmp_is(&ok, 2, 2, 3, "\x61" "98" "dcb" "210" "543");
    s = ok, s.header = 66;
    bmp_refused(&s, SN_EUNSUPPORTED, "header of 66 bytes");
    s = ok, s.w = -2;
    bmp_refused(&s, SN_EFORMAT, "negative width");
    s = ok, s.h = 0;
    bmp_refused(&s, SN_EFORMAT, "2 x 0");
    s = ok, s.h = INT32_MIN;
    bmp_refused(&s, SN_ELIMIT, "2147483648");
    s = ok, s.bits = 23;
    bmp_refused(&s, SN_EFORMAT, "23 bits per pixel with compression 0");
    s = ok, s.compression = 1;
    bmp_refused(&s, SN_EFORMAT, "24 bits per pixel with compression 1");
    s = ok, s.compression = 4;
    bmp_refused(&s, SN_EUNSUPPORTED, "JPEG");
    s = ok, s.compression = 5;
    bmp_refused(&s, SN_EUNSUPPORTED, "PNG");
    s = ok, s.h = 3;
    bmp_refused(&s, SN_EFORMAT, "from byte 54 on need 22 bytes, 16 remain");
    s = ok, s.h = 40000, s.w = 3000;
    bmp_refused(&s, SN_EFORMAT, "16 remain");
    s = ok, s.bits = 8;
    bmp_refused(&s, SN_EFORMAT, "no palette");
    s = ok, s.bits = 8, s.colours = 9, s.after = RED_GREEN_BLUE_WHITE, s.after_size = 16;
    bmp_refused(&s, SN_EFORMAT, "9 palette colours do not fit");
    s = ok, s.header = 108, s.bits = 32, s.compression = 3;
    bmp_refused(&s, SN_EFORMAT, "without a colour");
    s.mask[0] = 0xff, s.mask[1] = 0x180;
    bmp_refused(&s, SN_EFORMAT, "no run of bits of its own");
    s.mask[1] = 0x500;
    bmp_refused(&s, SN_EFORMAT, "no run of bits of its own");
    s = ok, s.bits = 8, s.compression = 1, s.after = RED_GREEN_BLUE_WHITE, s.after_size = 16;
    s.h = -2;
    bmp_refused(&s, SN_EFORMAT, "top to bottom");
    s.h = 2, s.pixels = "\1\0\0\2\5\5", s.size = 6;
    bmp_refused(&s, SN_EFORMAT, "byte 74: move out of the picture");
    s.pixels = "\1\0\0\0\1\0", s.size = 6;
    bmp_refused(&s, SN_EFORMAT, "end at byte 76 in row 1 of 2");
    s.pixels = "\0\5\1\2", s.size = 4;
    bmp_refused(&s, SN_EFORMAT, "end at byte 74");
    s.w = 60000, s.h = 2000;
    bmp_refused(&s, SN_EFORMAT, "need 937500 bytes, 4 remain");
    refused("BM", 2, SN_EFORMAT, "file of 2 bytes");
}
END_TEST

/* ---- recognition ------------------------------------------------------------------------------ */

START_TEST(recognition)
{
    static const uint8_t dicom[140] = { [128] = 'D', [129] = 'I', [130] = 'C', [131] = 'M' };

    refused("", 0, SN_EFORMAT, "empty file");
    refused("\xff\xd8\xff\xe0", 4, SN_EFORMAT, "jpeg");
    refused(dicom, sizeof dicom, SN_EFORMAT, "dicom: (0000,0000) at byte 132");
    refused("GIF89a..", 8, SN_EUNSUPPORTED, "GIF");
    refused("x", 1, SN_EUNSUPPORTED, "78 00");
    refused("hello world", 11, SN_EUNSUPPORTED, "68 65");
    refused("\x09PNG\r\n\x1a\n", 8, SN_EFORMAT, "byte 0 is 09, expected 89");
    refused("\x89PNG\n\x1a\n\0", 8, SN_EFORMAT, "text-mode");
}
END_TEST

START_TEST(reading_names_the_file)
{
    struct sn_error err = { 0 };
    struct sn_image im;
    char path[512];

    snprintf(path, sizeof path, "%s/picture.bin", sn_test_tmpdir());
    sn_ck_ok(sn_file_write(path, "P5 1 1 255 x", 12, &err), &err);
    sn_ck_ok(sn_image_read(path, &im, &err), &err);
    ck_assert_str_eq(im.format, "pgm");
    sn_image_free(&im);
    sn_ck_ok(sn_file_write(path, "P5 1 1 255 ", 11, &err), &err);
    sn_ck_fails(sn_image_read(path, &im, &err), SN_EFORMAT, &err, "picture.bin: pnm: ");
    sn_ck_fails(sn_image_read("/nonexistent.png", &im, &err), SN_EIO, &err, "/nonexistent.png");
}
END_TEST

/* ---- operations ------------------------------------------------------------------------------- */

static void make_image(struct sn_image *im, uint32_t w, uint32_t h, int c, int depth, const void *data)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_image_alloc(im, w, h, c, depth, &err), &err);
    memcpy(im->data, data, sn_image_bytes(im));
}

/* EXIF 2.3, table 6: what lies at the top left and which way the rows run, drawn out. */
START_TEST(orientations)
{
    static const char *const want[9] = { "", "abcdef", "cbafed", "fedcba", "defabc", "adbecf", "daebfc", "fcebda", "cfbead" };

    for (int o = 1; o <= 8; o++) {
        struct sn_error err = { 0 };
        struct sn_image in, out;

        make_image(&in, 3, 2, 1, 8, "abcdef");
        in.orientation = o;
        in.spacing_mm[0] = 1;
        in.spacing_mm[1] = 2;
        sn_ck_ok(sn_image_orient(&in, &out, &err), &err);
        ck_assert_uint_eq(out.width, o < 5 ? 3 : 2);
        ck_assert_uint_eq(out.height, o < 5 ? 2 : 3);
        ck_assert_mem_eq(out.data, want[o], 6);
        ck_assert_int_eq(out.orientation, 1);
        ck_assert(out.spacing_mm[0] == (o < 5 ? 1 : 2));
        sn_image_free(&in);
        sn_image_free(&out);
    }
}
END_TEST

START_TEST(conversions)
{
    static const uint16_t wide[2] = { 0xff00, 0x12ff };
    struct sn_error err = { 0 };
    struct sn_image in, out;

    make_image(&in, 2, 1, 1, 16, wide);
    sn_ck_ok(sn_image_to_8bit(&in, &out, &err), &err);
    ck_assert_mem_eq(out.data, "\xff\x12", 2);
    sn_image_free(&out);
    sn_ck_fails(sn_image_to_rgb(&in, &out, &err), SN_EINVAL, &err, "16-bit");
    sn_ck_fails(sn_image_to_grey(&in, &out, &err), SN_EINVAL, &err, "16-bit");
    sn_image_free(&in);
    make_image(&in, 2, 1, 4, 8, "\xff\0\0\1\x0a\x14\x1e\2");
    sn_ck_ok(sn_image_to_grey(&in, &out, &err), &err);
    ck_assert_mem_eq(out.data, "\x4c\x12", 2); /* 0.299 * 255 = 76.2; 2.99 + 11.74 + 3.42 = 18.15 */
    sn_image_free(&out);
    sn_ck_ok(sn_image_to_rgb(&in, &out, &err), &err);
    ck_assert_mem_eq(out.data, "\xff\0\0\x0a\x14\x1e", 6);
    sn_image_free(&out);
    sn_image_free(&in);
    make_image(&in, 2, 1, 2, 8, "\5\1\6\2");
    sn_ck_ok(sn_image_to_rgb(&in, &out, &err), &err);
    ck_assert_mem_eq(out.data, "\5\5\5\6\6\6", 6);
    sn_image_free(&out);
    sn_ck_ok(sn_image_to_grey(&in, &out, &err), &err);
    ck_assert_mem_eq(out.data, "\5\6", 2);
    sn_image_free(&out);
    sn_image_free(&in);
}
END_TEST

/* 16384 random colours: the digest is that of Pillow's convert("L"). */
START_TEST(grey_as_pillow)
{
    struct sn_error err = { 0 };
    struct sn_rng rng = { 601 };
    char hex[SN_SHA256_HEX];
    struct sn_image in, out;
    uint8_t digest[32];

    sn_ck_ok(sn_image_alloc(&in, 128, 128, 3, 8, &err), &err);
    for (size_t i = 0; i < sn_image_bytes(&in); i += 8)
        sn_put_le64((uint8_t *)in.data + i, sn_rng_next(&rng));
    sn_ck_ok(sn_image_to_grey(&in, &out, &err), &err);
    sn_sha256(out.data, sn_image_bytes(&out), digest);
    sn_hex(digest, sizeof digest, hex);
    ck_assert_str_eq(hex, "82c7628801350311309772fa110b365a72e1b921d006a30b7fbfad65d281aa0f");
    sn_image_free(&in);
    sn_image_free(&out);
}
END_TEST

START_TEST(cropping)
{
    struct sn_error err = { 0 };
    struct sn_image in, out;

    make_image(&in, 3, 3, 2, 8, "aAbBcCdDeEfFgGhHiI");
    sn_ck_ok(sn_image_crop(&in, 1, 1, 2, 2, &out, &err), &err);
    ck_assert_mem_eq(out.data, "eEfFhHiI", 8);
    sn_image_free(&out);
    sn_ck_fails(sn_image_crop(&in, 2, 0, 2, 1, &out, &err), SN_EINVAL, &err, "2 x 1 at (2, 0)");
    sn_ck_fails(sn_image_crop(&in, 0, UINT32_MAX, 1, 2, &out, &err), SN_EINVAL, &err, "crop");
    sn_ck_fails(sn_image_crop(&in, 0, 0, 0, 1, &out, &err), SN_EINVAL, &err, "crop");
    sn_image_free(&in);
}
END_TEST

START_TEST(allocation_limits)
{
    struct sn_error err = { 0 };
    struct sn_image im;

    sn_ck_fails(sn_image_alloc(&im, 65536, 1, 1, 8, &err), SN_ELIMIT, &err, "65536 x 1");
    sn_ck_fails(sn_image_alloc(&im, 16384, 8193, 1, 8, &err), SN_ELIMIT, &err, "134217728");
    sn_ck_fails(sn_image_alloc(&im, 0, 1, 1, 8, &err), SN_EFORMAT, &err, "0 x 1");
    sn_ck_fails(sn_image_alloc(&im, 1, 1, 5, 8, &err), SN_EINVAL, &err, "5 channels");
    sn_ck_fails(sn_image_alloc(&im, 1, 1, 1, 12, &err), SN_EINVAL, &err, "12 bits");
    ck_assert_ptr_null(im.data);
    sn_image_free(NULL);
}
END_TEST

static Suite *suite_image(void)
{
    Suite *s = suite_create("images");
    TCase *tc = tcase_create("formats"), *ops = tcase_create("operations");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, pnm_kinds);
    tcase_add_test(tc, pnm_scaling);
    tcase_add_test(tc, pnm_comments);
    tcase_add_test(tc, pnm_refusals);
    tcase_add_test(tc, pnm_sweep);
    tcase_add_test(tc, bmp_palettes);
    tcase_add_test(tc, bmp_direct_colours);
    tcase_add_test(tc, bmp_run_lengths);
    tcase_add_test(tc, bmp_refusals);
    tcase_add_test(tc, recognition);
    tcase_add_test(tc, reading_names_the_file);
    tcase_add_test(ops, orientations);
    tcase_add_test(ops, conversions);
    tcase_add_test(ops, grey_as_pillow);
    tcase_add_test(ops, cropping);
    tcase_add_test(ops, allocation_limits);
    suite_add_tcase(s, tc);
    suite_add_tcase(s, ops);
    return s;
}

SN_CHECK_MAIN(suite_image)
