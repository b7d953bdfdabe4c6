/*
 * check_png.c: the PNG reader on pictures made here, in every colour type, depth, filter and
 * interlace, by a writer that works pixel by pixel and shares nothing with the reader but
 * deflate; its refusals; the PNG writer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "tests/support/support.h"

/* ---- a plain PNG maker ----------------------------------------------------------------------- */

struct spec {
    uint32_t w, h;
    unsigned depth, colour;
    bool interlaced;
    int filter;        /* 0..4, or 5: another one each row */
    size_t idat_piece; /* bytes per IDAT chunk; 0: all in one */
    unsigned palette;  /* colours */
    size_t trns_size;
    uint8_t trns[256];
    const char *extra; /* name of an ancillary chunk put before IDAT, with extra_data */
    const uint8_t *extra_data;
    size_t extra_size;
};

static unsigned spp(const struct spec *s)
{
    return s->colour == 2 ? 3 : s->colour == 4 ? 2 : s->colour == 6 ? 4 : 1;
}

static void chunk(struct sn_buf *b, const char *name, const void *data, size_t n)
{
    uint8_t word[4];
    uint32_t crc = sn_crc32(sn_crc32(0, name, 4), data, n);

    sn_put_be32(word, (uint32_t)n);
    sn_buf_add(b, word, 4);
    sn_buf_add(b, name, 4);
    sn_buf_add(b, data, n);
    sn_put_be32(word, crc);
    sn_buf_add(b, word, 4);
}

/* Which Adam7 pass a pixel belongs to, as the standard draws it. */
static int pass_of(uint32_t x, uint32_t y)
{
    static const char grid[8][9] = { "16462646", "77777777", "56565656", "77777777",
                                     "36463646", "77777777", "56565656", "77777777" };

    return grid[y % 8][x % 8] - '0';
}

static void add_filtered(struct sn_buf *b, const uint8_t *row, const uint8_t *up, size_t n, size_t bpp,
                         int filter)
{
    uint8_t v = (uint8_t)filter;

    sn_buf_add(b, &v, 1);
    for (size_t i = 0; i < n; i++) {
        int a = i >= bpp ? row[i - bpp] : 0, u = up[i], c = i >= bpp ? up[i - bpp] : 0;
        int pa = abs(u - c), pb = abs(a - c), pc = abs(a + u - 2 * c);
        int guess[5] = { 0, a, u, (a + u) / 2, pa <= pb && pa <= pc ? a : pb <= pc ? u : c };

        v = (uint8_t)(row[i] - guess[filter]);
        sn_buf_add(b, &v, 1);
    }
}

/* The rows of one pass (0: all pixels), packed and filtered. samples: [h][w][spp]. */
static void add_pass(struct sn_buf *b, const struct spec *s, const uint16_t *samples, int pass)
{
    size_t bits = spp(s) * s->depth, room = (s->w * bits + 7) / 8 + 1, bpp = bits < 8 ? 1 : bits / 8;
    uint8_t *row = calloc(2, room), *up = row + room;

    for (uint32_t y = 0; y < s->h; y++) {
        size_t at = 0;

        memset(row, 0, room);
        for (uint32_t x = 0; x < s->w; x++) {
            if (pass && pass_of(x, y) != pass)
                continue;
            for (unsigned k = 0; k < spp(s); k++) {
                unsigned v = samples[((size_t)y * s->w + x) * spp(s) + k];

                for (unsigned bit = s->depth; bit-- > 0; at++)
                    row[at / 8] = (uint8_t)(row[at / 8] | (v >> bit & 1) << (7 - at % 8));
            }
        }
        if (at == 0)
            continue;
        add_filtered(b, row, up, (at + 7) / 8, bpp, s->filter == 5 ? (int)(y * 7 % 5) : s->filter);
        memcpy(up, row, room);
    }
    free(row);
}

static void add_idat(struct sn_buf *b, const struct spec *s, const struct sn_buf *rows)
{
    struct sn_error err = { 0 };
    struct sn_buf z = { 0 };
    size_t piece;

    sn_ck_ok(sn_zlib_deflate(rows->data, rows->len, &z, &err), &err);
    piece = s->idat_piece ? s->idat_piece : z.len;
    for (size_t at = 0; at < z.len; at += piece)
        chunk(b, "IDAT", z.data + at, SN_MIN(piece, z.len - at));
    sn_buf_free(&z);
}

static struct sn_buf make_png(const struct spec *s, const uint16_t *samples)
{
    struct sn_buf b = { 0 }, rows = { 0 };
    uint8_t ihdr[13] = { 0 }, palette[768];

    sn_put_be32(ihdr, s->w);
    sn_put_be32(ihdr + 4, s->h);
    ihdr[8] = (uint8_t)s->depth;
    ihdr[9] = (uint8_t)s->colour;
    ihdr[12] = s->interlaced;
    sn_buf_add(&b, "\x89PNG\r\n\x1a\n", 8);
    chunk(&b, "IHDR", ihdr, 13);
    for (unsigned i = 0; i < 768; i++)
        palette[i] = (uint8_t)(i * 37 + 11);
    if (s->palette)
        chunk(&b, "PLTE", palette, 3 * s->palette);
    if (s->trns_size)
        chunk(&b, "tRNS", s->trns, s->trns_size);
    if (s->extra)
        chunk(&b, s->extra, s->extra_data, s->extra_size);
    for (int pass = s->interlaced; pass <= (s->interlaced ? 7 : 0); pass++)
        add_pass(&rows, s, samples, pass);
    add_idat(&b, s, &rows);
    chunk(&b, "IEND", "", 0);
    sn_buf_free(&rows);
    return b;
}

static uint16_t *make_samples(const struct spec *s, uint64_t seed)
{
    size_t n = (size_t)s->w * s->h * spp(s);
    uint16_t *p = malloc(n * sizeof *p);
    struct sn_rng rng = { seed };
    unsigned range = s->colour == 3 ? s->palette : 1u << s->depth;

    for (size_t i = 0; i < n; i++) /* smooth and noisy parts, so that every filter has work */
        p[i] = (uint16_t)((i % 5 ? i * 3 : sn_rng_below(&rng, range)) % range);
    return p;
}

/* What the decoded image must hold: channel k of pixel i. */
static unsigned expected_sample(const struct spec *s, const uint16_t *samples, size_t i, unsigned k)
{
    const uint16_t *p = samples + i * spp(s);
    unsigned full = s->depth == 16 ? 65535 : 255;
    bool same = true;

    if (s->colour == 3)
        return k == 3 ? (p[0] < s->trns_size ? s->trns[p[0]] : 255) : (uint8_t)((p[0] * 3 + k) * 37 + 11);
    if (k < spp(s))
        return s->depth < 8 ? p[k] * 255u / ((1u << s->depth) - 1) : p[k];
    for (unsigned c = 0; c < spp(s); c++)
        same = same && p[c] == sn_be16(s->trns + 2 * c);
    return same ? 0 : full;
}

static void check_spec(const struct spec *s, uint64_t seed)
{
    unsigned channels = (s->colour == 3 ? 3 : spp(s)) + (s->trns_size > 0);
    uint16_t *samples = make_samples(s, seed);
    struct sn_buf b;
    struct sn_error err = { 0 };
    struct sn_image im;
    struct spec with_key = *s;

    if (s->trns_size && s->colour != 3) { /* make the key a colour that occurs */
        for (unsigned k = 0; k < spp(s); k++) {
            with_key.trns[2 * k] = (uint8_t)(samples[k] >> 8);
            with_key.trns[2 * k + 1] = (uint8_t)samples[k];
        }
        if (s->colour == 2 && s->w > 1) { /* and one that differs from it in one channel only */
            memcpy(samples + 3, samples, 3 * sizeof *samples);
            samples[3] ^= 1;
        }
        s = &with_key;
    }
    b = make_png(s, samples);
    sn_ck_ok(sn_png_decode(b.data, b.len, &im, &err), &err);
    ck_assert_uint_eq(im.width, s->w);
    ck_assert_uint_eq(im.height, s->h);
    ck_assert_int_eq(im.channels, (int)channels);
    ck_assert_int_eq(im.depth, s->depth == 16 ? 16 : 8);
    ck_assert_str_eq(im.format, "png");
    for (size_t i = 0; i < (size_t)s->w * s->h * channels; i++) {
        unsigned want = expected_sample(s, samples, i / channels, (unsigned)(i % channels));
        unsigned got = im.depth == 16 ? ((uint16_t *)im.data)[i] : ((uint8_t *)im.data)[i];

        ck_assert_msg(got == want, "colour %u depth %u lace %d filter %d %ux%u: sample %zu is %u, not %u",
                      s->colour, s->depth, s->interlaced, s->filter, s->w, s->h, i, got, want);
    }
    sn_image_free(&im);
    sn_buf_free(&b);
    free(samples);
}

static const struct {
    unsigned colour, depth;
} kinds[] = { { 0, 1 }, { 0, 2 }, { 0, 4 }, { 0, 8 }, { 0, 16 }, { 2, 8 }, { 2, 16 }, { 3, 1 },
              { 3, 2 }, { 3, 4 }, { 3, 8 }, { 4, 8 }, { 4, 16 }, { 6, 8 }, { 6, 16 } };

START_TEST(every_kind)
{
    static const uint32_t sizes[][2] = { { 1, 1 }, { 2, 3 }, { 3, 1 }, { 5, 5 }, { 8, 8 }, { 9, 17 },
                                         { 33, 2 }, { 1, 40 } };
    unsigned colour = kinds[_i].colour, depth = kinds[_i].depth;

    for (size_t z = 0; z < SN_COUNT(sizes); z++) {
        for (int variant = 0; variant < 6 * 2 * 2; variant++) {
            struct spec s = { .w = sizes[z][0], .h = sizes[z][1], .depth = depth, .colour = colour,
                              .interlaced = variant & 1, .filter = variant / 4,
                              .idat_piece = z % 3 == 1 ? 3 : 0 };

            if (colour == 3)
                s.palette = SN_MIN(1u << depth, 200u);
            if ((variant & 2) && colour < 4) {
                s.trns_size = colour == 3 ? (s.palette + 1) / 2 : colour == 0 ? 2 : 6;
                for (size_t i = 0; i < s.trns_size; i++)
                    s.trns[i] = (uint8_t)(i * 5 + 1);
            }
            check_spec(&s, (uint64_t)(100 * z) + (unsigned)variant);
        }
    }
}
END_TEST

/* ---- what is ignored, and what is read beside the pixels --------------------------------------- */

START_TEST(details)
{
    static const uint8_t exif_le[] = { 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0 };
    static const uint8_t exif_be[] = { 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0 };
    static const uint8_t exif_bad[] = { 'I', 'I', 42, 0, 255, 255, 255, 255, 1, 0 };
    static const uint8_t exif_two[] = { 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 2, 0, 0, 0, 6, 0, 6, 0 };
    static const uint8_t gamma[] = { 0, 0, 0xb1, 0x8f };
    static const struct {
        const char *name;
        const uint8_t *data;
        size_t size;
        int orientation;
        const char *detail;
    } cases[] = { { "eXIf", exif_le, sizeof exif_le, 6, "8-bit grey, EXIF orientation 6" },
                  { "eXIf", exif_be, sizeof exif_be, 8, "8-bit grey, EXIF orientation 8" },
                  { "eXIf", exif_bad, sizeof exif_bad, 1, "8-bit grey" },
                  { "eXIf", exif_two, sizeof exif_two, 1, "8-bit grey" },
                  { "eXIf", exif_le, 12, 1, "8-bit grey" },
                  { "eXIf", exif_le, 9, 1, "8-bit grey" },
                  { "gAMA", gamma, sizeof gamma, 1, "8-bit grey, gAMA ignored" },
                  { "prVt", gamma, sizeof gamma, 1, "8-bit grey" } };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct spec s = { .w = 3, .h = 2, .depth = 8, .extra = cases[i].name,
                          .extra_data = cases[i].data, .extra_size = cases[i].size };
        static const uint16_t samples[6] = { 1, 2, 3, 4, 5, 6 };
        struct sn_buf b = make_png(&s, samples);
        struct sn_error err = { 0 };
        struct sn_image im;

        sn_buf_add(&b, "tail", 4);
        sn_ck_ok(sn_image_decode(b.data, b.len, &im, &err), &err);
        ck_assert_int_eq(im.orientation, cases[i].orientation);
        ck_assert_msg(strncmp(im.detail, cases[i].detail, strlen(cases[i].detail)) == 0, "%s", im.detail);
        ck_assert_ptr_nonnull(strstr(im.detail, "4 bytes after IEND ignored"));
        sn_image_free(&im);
        sn_buf_free(&b);
    }
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

static struct sn_buf small_png(struct spec *s)
{
    static const uint16_t samples[64] = { 3, 1, 2 };

    return make_png(s, samples);
}

static void refused(struct sn_buf *b, int code, const char *text)
{
    struct sn_error err = { 0 };
    struct sn_image im;

    sn_ck_fails(sn_png_decode(b->data, b->len, &im, &err), code, &err, text);
    ck_assert_ptr_null(im.data);
    sn_buf_free(b);
}

/* Sets a byte of a chunk and mends its CRC. */
static void patch(struct sn_buf *b, size_t chunk_at, size_t offset, uint8_t value)
{
    uint8_t *p = (uint8_t *)b->data + chunk_at;
    uint32_t n = sn_be32(p);

    p[8 + offset] = value;
    sn_put_be32(p + 8 + n, sn_crc32(0, p + 4, n + 4));
}

START_TEST(refused_headers)
{
    static const struct {
        size_t offset;
        uint8_t value;
        int code;
        const char *text;
    } cases[] = { { 3, 0, SN_EFORMAT, "picture of 0 x 4" },       { 0, 1, SN_ELIMIT, "at most 65535 a side" },
                  { 8, 3, SN_EFORMAT, "bit depth 3 at byte 24" }, { 8, 32, SN_EFORMAT, "bit depth 32" },
                  { 9, 1, SN_EFORMAT, "colour type 1 at byte 25" }, { 9, 4, SN_OK, "" },
                  { 10, 1, SN_EFORMAT, "compression 1" },          { 11, 1, SN_EFORMAT, "filter 1" },
                  { 12, 2, SN_EFORMAT, "interlace 2" },            { 6, 255, SN_EFORMAT, "cannot hold" },
                  { 7, 5, SN_EFORMAT, "zlib: stream ends after" }, { 7, 3, SN_EFORMAT, "more than the" } };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct spec s = { .w = 4, .h = 4, .depth = 8 };
        struct sn_buf b = small_png(&s);

        patch(&b, 8, cases[i].offset, cases[i].value);
        if (cases[i].code != SN_OK)
            refused(&b, cases[i].code, cases[i].text);
        else
            refused(&b, SN_EFORMAT, "zlib"); /* a legal header the data do not fit */
    }
}
END_TEST

START_TEST(refused_files)
{
    struct spec s = { .w = 4, .h = 4, .depth = 8 };
    struct sn_buf b;

    b = small_png(&s); /* one byte of the signature, as a text-mode transfer leaves it */
    b.data[5] = '\r';
    refused(&b, SN_EFORMAT, "text-mode");
    b = small_png(&s);
    b.data[8 + 8 + 3]++;
    refused(&b, SN_EFORMAT, "IHDR at byte 8 has CRC");
    b = small_png(&s);
    b.data[33 + 10]++;
    refused(&b, SN_EFORMAT, "IDAT at byte 33 has CRC");
    b = small_png(&s);
    b.data[33] = 1;
    refused(&b, SN_EFORMAT, "IDAT at byte 33 needs 167772");
    b = small_png(&s);
    b.data[33 + 4] = '?';
    refused(&b, SN_EFORMAT, "expected four letters");
    b = small_png(&s);
    b.len -= 12;
    refused(&b, SN_EFORMAT, "before its IEND");
    b = small_png(&s);
    b.len = 5;
    refused(&b, SN_EFORMAT, "shorter than its signature");
    s.extra = "CgBI";
    b = small_png(&s);
    refused(&b, SN_EUNSUPPORTED, "CgBI at byte 33");
    s.extra = "IHDR";
    b = small_png(&s);
    refused(&b, SN_EFORMAT, "second one");
    s.extra = "PLTE";
    b = small_png(&s);
    refused(&b, SN_EFORMAT, "palette in a grey picture");
    s.extra = "IEND";
    b = small_png(&s);
    refused(&b, SN_EFORMAT, "no IDAT chunk");
}
END_TEST

START_TEST(refused_palettes)
{
    struct spec s = { .w = 4, .h = 4, .depth = 2, .colour = 3 };
    static const uint16_t samples[16] = { 0, 1, 2, 3 };
    struct sn_error err = { 0 };
    struct sn_image im;
    struct sn_buf b = small_png(&s);

    refused(&b, SN_EFORMAT, "IDAT at byte 33 comes before the palette");
    s.palette = 5;
    b = small_png(&s);
    refused(&b, SN_EFORMAT, "5 colours, 2-bit pixels");
    s.palette = 2;
    s.trns_size = 3;
    b = small_png(&s);
    refused(&b, SN_EFORMAT, "tRNS at byte 51 holds 3 bytes");
    s.trns_size = 0;
    s.extra = "PLTE";
    s.extra_data = s.trns;
    s.extra_size = 4;
    s.palette = 0;
    b = small_png(&s);
    refused(&b, SN_EFORMAT, "holds 4 bytes, expected 3 to 768");
    s = (struct spec){ .w = 4, .h = 4, .depth = 2, .colour = 3, .palette = 2 };
    b = make_png(&s, samples); /* indices 2 and 3 have no colour: black, and said so */
    sn_ck_ok(sn_png_decode(b.data, b.len, &im, &err), &err);
    ck_assert_mem_eq((uint8_t *)im.data + 6, "\0\0\0\0\0\0", 6);
    ck_assert_ptr_nonnull(strstr(im.detail, "beyond the palette"));
    sn_image_free(&im);
    sn_buf_free(&b);
    s = (struct spec){ .w = 4, .h = 4, .depth = 8, .colour = 6, .trns_size = 6 };
    b = small_png(&s);
    refused(&b, SN_EFORMAT, "picture that has alpha");
    s = (struct spec){ .w = 4, .h = 4, .depth = 8, .trns_size = 1 };
    b = small_png(&s);
    refused(&b, SN_EFORMAT, "expected 2");
}
END_TEST

/* ---- writer ----------------------------------------------------------------------------------- */

START_TEST(write_and_read)
{
    for (int c = 1; c <= 4; c++) {
        for (uint32_t w = 1; w < 70; w += 23) {
            struct sn_image im, back;
            struct sn_buf a = { 0 }, b = { 0 };
            struct sn_error err = { 0 };
            struct sn_rng rng = { w };

            sn_ck_ok(sn_image_alloc(&im, w, 41, c, 8, &err), &err);
            for (size_t i = 0; i < sn_image_bytes(&im); i++)
                ((uint8_t *)im.data)[i] = (uint8_t)(w == 1 ? sn_rng_next(&rng) : i / 3 + i % 7);
            sn_ck_ok(sn_png_encode(&im, &a, &err), &err);
            sn_ck_ok(sn_png_encode(&im, &b, &err), &err);
            ck_assert_uint_eq(a.len, b.len);
            ck_assert_mem_eq(a.data, b.data, a.len);
            sn_ck_ok(sn_png_decode(a.data, a.len, &back, &err), &err);
            ck_assert_int_eq(back.channels, c);
            ck_assert_mem_eq(back.data, im.data, sn_image_bytes(&im));
            sn_image_free(&im);
            sn_image_free(&back);
            sn_buf_free(&a);
            sn_buf_free(&b);
        }
    }
}
END_TEST

START_TEST(write_refusals)
{
    struct sn_error err = { 0 };
    struct sn_buf b = { 0 };
    struct sn_image im;

    sn_ck_ok(sn_image_alloc(&im, 2, 2, 1, 16, &err), &err);
    sn_ck_fails(sn_png_encode(&im, &b, &err), SN_EINVAL, &err, "16 bits");
    ck_assert_ptr_null(b.data);
    sn_image_free(&im);
    sn_ck_ok(sn_image_alloc(&im, 2, 2, 1, 8, &err), &err);
    sn_ck_fails(sn_png_write("/nonexistent/folder/x.png", &im, &err), SN_EMACHINE, &err, "x.png");
    sn_image_free(&im);
}
END_TEST

/* ---- hostile: nothing but an error, whatever is cut off or changed ------------------------------ */

START_TEST(truncation_and_mutation)
{
    struct spec s = { .w = 9, .h = 7, .depth = kinds[_i].depth, .colour = kinds[_i].colour, .interlaced = _i % 2,
                      .filter = 5, .palette = kinds[_i].colour == 3 ? 1u << kinds[_i].depth : 0, .idat_piece = 40 };
    uint16_t *samples = make_samples(&s, 5);
    struct sn_buf b = make_png(&s, samples);
    struct sn_error err = { 0 };
    struct sn_image im;

    for (size_t n = 0; n < b.len; n++) {
        char *copy = malloc(n ? n : 1); /* of exact size, so that a sanitizer sees an overread */

        memcpy(copy, b.data, n);
        ck_assert_msg(sn_png_decode(copy, n, &im, &err) != SN_OK, "accepted %zu of %zu bytes", n, b.len);
        ck_assert_ptr_null(im.data);
        free(copy);
    }
    for (size_t i = 0; i < b.len; i++) {
        char old = b.data[i];

        for (int bit = 0; bit < 8; bit++) { /* every single bit is under a CRC, a length or a name */
            b.data[i] = (char)(old ^ 1 << bit);
            ck_assert_msg(sn_png_decode(b.data, b.len, &im, &err) != SN_OK, "accepted a change of byte %zu", i);
        }
        b.data[i] = old;
    }
    sn_buf_free(&b);
    free(samples);
}
END_TEST

static Suite *suite_png(void)
{
    Suite *s = suite_create("PNG");
    TCase *tc = tcase_create("reader and writer");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, every_kind, 0, (int)SN_COUNT(kinds));
    tcase_add_test(tc, details);
    tcase_add_test(tc, refused_headers);
    tcase_add_test(tc, refused_files);
    tcase_add_test(tc, refused_palettes);
    tcase_add_test(tc, write_and_read);
    tcase_add_test(tc, write_refusals);
    tcase_add_loop_test(tc, truncation_and_mutation, 0, (int)SN_COUNT(kinds));
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_png)
