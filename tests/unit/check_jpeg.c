/*
 * check_jpeg.c: the JPEG reader on files: every shared one and the self-made ones of the fuzz corpus against
 * tables of expected pixels (tools/golden/make_image_golden.py, make_jpeg_corpus.py), what is refused and
 * why, damage, colour choices, bounds. Lossless streams of every kind are in the corpus too.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "tests/support/support.h"

#define CORPUS "tests/fuzz/corpus/jpeg/"

static void pixel_digest(const struct sn_image *im, char hex[SN_SHA256_HEX])
{
    size_t n = (size_t)im->width * im->height * (size_t)im->channels;
    uint8_t digest[32], *bytes = malloc(2 * n);

    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < n; i++) {
        if (im->depth == 8)
            bytes[i] = ((const uint8_t *)im->data)[i];
        else
            sn_put_le16(bytes + 2 * i, ((const uint16_t *)im->data)[i]);
    }
    sn_sha256(bytes, n * (size_t)(im->depth / 8), digest);
    sn_hex(digest, sizeof digest, hex);
    free(bytes);
}

/* ---- tables of files ------------------------------------------------------------------------ */

static void check_pixels(const struct sn_csv *t, size_t row, const struct sn_map *map, bool lenient, bool scalar)
{
    const struct sn_jpeg_options opt = { .lenient = lenient, .full_range = true, .scalar = scalar };
    const char *file = sn_csv_cell(t, row, 0);
    char hex[SN_SHA256_HEX], shape[64], want[64];
    struct sn_error err = { 0 };
    struct sn_image im;

    ck_assert_msg(sn_jpeg_decode(map->data, map->size, &opt, &im, &err) == SN_OK, "%s: %s", file, err.msg);
    snprintf(shape, sizeof shape, "%u %u %d %d", im.width, im.height, im.channels, im.depth);
    snprintf(want, sizeof want, "%s %s %s %s", sn_csv_cell(t, row, 2), sn_csv_cell(t, row, 3), sn_csv_cell(t, row, 4),
             sn_csv_cell(t, row, 5));
    ck_assert_msg(strcmp(shape, want) == 0, "%s: shape %s, expected %s", file, shape, want);
    pixel_digest(&im, hex);
    ck_assert_msg(strcmp(hex, sn_csv_cell(t, row, 6)) == 0, "%s: pixels differ (%s)", file, im.detail);
    ck_assert_msg(im.damaged == (strcmp(sn_csv_cell(t, row, 1), "lenient") == 0), "%s: damaged %d", file, im.damaged);
    ck_assert_msg(!im.damaged || strstr(im.detail, "DAMAGED (byte "), "%s: detail %s", file, im.detail);
    sn_image_free(&im);
}

static void check_refused(const char *file, const struct sn_map *map)
{
    struct sn_error err = { 0 };
    struct sn_image im;
    int rc = sn_jpeg_decode(map->data, map->size, NULL, &im, &err);

    ck_assert_msg(rc == SN_EFORMAT || rc == SN_EUNSUPPORTED || rc == SN_ELIMIT, "%s: expected a refusal, found %d", file, rc);
    ck_assert_msg(strncmp(err.msg, "jpeg: ", 6) == 0 && (strstr(err.msg, "byte") || rc == SN_ELIMIT), "%s: poor message '%s'", file, err.msg);
}

static void check_row(const struct sn_csv *t, size_t row, const char *path)
{
    const char *verdict = sn_csv_cell(t, row, 1);
    struct sn_error err = { 0 };
    struct sn_map map;

    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    if (strcmp(verdict, "decode") != 0)
        check_refused(sn_csv_cell(t, row, 0), &map);
    if (strcmp(verdict, "reject") != 0) {
        check_pixels(t, row, &map, strcmp(verdict, "lenient") == 0, false);
        check_pixels(t, row, &map, true, true);
    }
    sn_map_close(&map);
}

START_TEST(shared_files)
{
    struct sn_error err = { 0 };
    struct sn_csv t;
    size_t seen = 0;

    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/image/jpeg.csv"), &t, &err), &err);
    for (size_t row = 0; row < t.rows; row++) {
        const char *path = sn_test_data(sn_csv_cell(&t, row, 0));

        if (!path)
            break;
        check_row(&t, row, path);
        seen++;
    }
    ck_assert_msg(seen == 0 || seen >= 190, "only %zu rows", seen);
    sn_csv_free(&t);
}
END_TEST

START_TEST(corpus_files)
{
    struct sn_error err = { 0 };
    struct sn_csv t;

    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/image/jpeg_corpus.csv"), &t, &err), &err);
    ck_assert_uint_ge(t.rows, 55);
    for (size_t row = 0; row < t.rows; row++) {
        char path[256];

        snprintf(path, sizeof path, CORPUS "%s", sn_csv_cell(&t, row, 0));
        check_row(&t, row, sn_test_file(path));
    }
    sn_csv_free(&t);
}
END_TEST

/* ---- one file at a time --------------------------------------------------------------------- */

struct file {
    uint8_t bytes[4096];
    size_t size;
};

static void load(struct file *f, const char *name)
{
    struct sn_error err = { 0 };
    struct sn_map map;
    char path[256];

    snprintf(path, sizeof path, CORPUS "%s.jpg", name);
    sn_ck_ok(sn_map_file(sn_test_file(path), &map, &err), &err);
    ck_assert_uint_le(map.size, sizeof f->bytes);
    memcpy(f->bytes, map.data, map.size);
    f->size = map.size;
    sn_map_close(&map);
}

/* The offset of marker ff`m`. */
static size_t find(const struct file *f, unsigned m)
{
    for (size_t i = 0; i + 1 < f->size; i++)
        if (f->bytes[i] == 0xff && f->bytes[i + 1] == m)
            return i;
    ck_abort_msg("no marker ff%02x", m);
    return 0;
}

static int decode(const struct file *f, bool lenient, struct sn_image *im, struct sn_error *err)
{
    const struct sn_jpeg_options opt = { .lenient = lenient };

    return sn_jpeg_decode(f->bytes, f->size, &opt, im, err);
}

START_TEST(refused_by_name)
{
    static const struct {
        const char *file, *text;
        int code;
    } cases[] = {
        { "refused_arithmetic", "arithmetic coding", SN_EUNSUPPORTED },
        { "refused_arithmetic_progressive", "progressive arithmetic coding", SN_EUNSUPPORTED },
        { "refused_arithmetic_lossless", "lossless arithmetic coding", SN_EUNSUPPORTED },
        { "refused_hierarchical", "hierarchical", SN_EUNSUPPORTED },
        { "refused_12_bits", "12-bit", SN_EUNSUPPORTED },
        { "refused_ratio", "sampling factors 2 x 1 beside 3 x 1", SN_EUNSUPPORTED },
        { "refused_claim", "cannot hold a picture of 16000 x 8000", SN_EFORMAT },
        { "cut", "byte 726", SN_EFORMAT },
        { "stray_bytes", "5 bytes that belong to nothing", SN_EFORMAT },
        { "wrong_restart", "marker ffd5 where restart ffd2 is due", SN_EFORMAT },
        { "no_end", "before an end of image", SN_EFORMAT },
        { "bad_code", "impossible code", SN_EFORMAT }
    };
    struct sn_error err = { 0 };
    struct sn_image im;
    struct file f;

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        load(&f, cases[i].file);
        sn_ck_fails(decode(&f, false, &im, &err), cases[i].code, &err, cases[i].text);
        ck_assert_ptr_null(im.data);
    }
}
END_TEST

/* Frames and scans that contradict themselves; each is one changed byte of a good file. */
START_TEST(contradictions)
{
    static const struct {
        unsigned marker;
        size_t at; /* behind the marker's first byte */
        uint8_t value;
        const char *text;
    } cases[] = {
        { 0xc0, 4, 9, "9 bits a sample" },      { 0xc0, 9, 4, "number of components" }, { 0xc0, 11, 0x51, "factors 5 and 1" },
        { 0xc0, 11, 0x10, "factors 1 and 0" },  { 0xc0, 12, 3, "quantisation table 3" }, { 0xdb, 4, 4, "number above 3" },
        { 0xdb, 3, 60, "too short" },           { 0xc4, 4, 0x20, "class above 1" },     { 0xc4, 5, 3, "more symbols than fit" },
        { 0xda, 5, 9, "names component 9" },    { 0xda, 4, 0, "number of components" }, { 0xda, 6, 0x22, "table 2" },
        { 0xda, 11, 1, "progressive parameters" }, { 0xe0, 1, 0x02, "not defined here" }, { 0xe0, 1, 0xd8, "second start" },
        { 0xe0, 1, 0xde, "hierarchical" },      { 0xc0, 2, 0xff, "remain" },            { 0xc4, 21, 16, "no prefix code" }
    };
    struct sn_error err = { 0 };
    struct sn_image im;
    struct file f;

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        load(&f, "baseline_420");
        f.bytes[find(&f, cases[i].marker) + cases[i].at] = cases[i].value;
        ck_assert_msg(decode(&f, false, &im, &err) != SN_OK && strstr(err.msg, cases[i].text), "case %zu: '%s' expected, found %s",
                      i, cases[i].text, err.msg);
        ck_assert_ptr_null(im.data);
    }
}
END_TEST

/* Strict: every prefix is refused. Lenient: from the first coded byte on, the picture's shape and a mark. */
START_TEST(prefixes)
{
    static const char *const names[] = { "baseline_420", "progressive_restart", "scans", "lossless_16", "cmyk" };

    for (size_t k = 0; k < SN_COUNT(names); k++) {
        struct sn_error err = { 0 };
        struct file whole, *f;
        struct sn_image im;
        size_t data;

        load(&whole, names[k]);
        data = find(&whole, 0xda) + 2 + sn_be16(whole.bytes + find(&whole, 0xda) + 2);
        for (size_t n = 0; n < whole.size; n++) {
            f = malloc(sizeof *f);
            ck_assert_ptr_nonnull(f);
            memcpy(f->bytes, whole.bytes, n);
            f->size = n;
            ck_assert_msg(decode(f, false, &im, &err) == SN_EFORMAT && strlen(err.msg) > 20, "%s: %zu bytes: %s", names[k], n, err.msg);
            ck_assert_int_eq(decode(f, true, &im, &err) == SN_OK, n >= data);
            ck_assert(n < data || (im.damaged && im.width == 29 && im.height == 21));
            sn_image_free(&im);
            free(f);
        }
    }
}
END_TEST

/* A lost restart interval costs its MCUs and no others: the rows below are those of the whole file. */
START_TEST(resynchronisation)
{
    struct sn_image whole, hurt;
    struct sn_error err = { 0 };
    struct file f;
    size_t from, to;

    load(&f, "restart");
    sn_ck_ok(decode(&f, false, &whole, &err), &err);
    from = find(&f, 0xd0);
    to = find(&f, 0xd1);
    memmove(f.bytes + from, f.bytes + to, f.size - to);
    f.size -= to - from;
    sn_ck_ok(decode(&f, true, &hurt, &err), &err);
    ck_assert(hurt.damaged);
    /* 29 x 21 at 4:2:0 is 2 x 2 MCUs; the lost one is the second: below row 17 nothing of it is seen */
    ck_assert_mem_eq((uint8_t *)whole.data + 18 * 29 * 3, (uint8_t *)hurt.data + 18 * 29 * 3, 3 * 29 * 3);
    ck_assert(memcmp(whole.data, hurt.data, 29 * 21 * 3) != 0);
    sn_image_free(&whole);
    sn_image_free(&hurt);
}
END_TEST

/* ---- what others ask of it ------------------------------------------------------------------ */

START_TEST(information)
{
    struct sn_error err = { 0 };
    struct sn_jpeg_info i;
    struct sn_image im;
    struct file f;

    load(&f, "exif_6");
    sn_ck_ok(sn_jpeg_read_info(f.bytes, f.size, &i, &err), &err);
    ck_assert(i.width == 29 && i.height == 21 && i.components == 3 && i.precision == 8 && i.process == SN_JPEG_BASELINE);
    ck_assert(i.jfif && i.adobe_transform == -1 && i.ycc && i.orientation == 6 && i.h[0] == 2 && i.v[0] == 2 && i.id[2] == 3);
    sn_ck_ok(decode(&f, false, &im, &err), &err);
    ck_assert_int_eq(im.orientation, 6);
    ck_assert_str_eq(im.format, "jpeg");
    ck_assert_str_eq(im.detail, "baseline, 8-bit YCbCr, sampled 2x2, 1x1, 1x1, EXIF orientation 6");
    sn_image_free(&im);
    load(&f, "rgb");
    sn_ck_ok(sn_jpeg_read_info(f.bytes, f.size, &i, &err), &err);
    ck_assert(!i.jfif && !i.ycc && i.id[0] == 'R' && i.id[1] == 'G' && i.id[2] == 'B');
    load(&f, "ycck");
    sn_ck_ok(sn_jpeg_read_info(f.bytes, f.size, &i, &err), &err);
    ck_assert(i.components == 4 && i.adobe_transform == 2 && i.ycc);
    load(&f, "height_behind");
    sn_ck_ok(sn_jpeg_read_info(f.bytes, f.size, &i, &err), &err);
    ck_assert_uint_eq(i.height, 21);
    load(&f, "lossless_12_shift_2");
    sn_ck_ok(sn_jpeg_read_info(f.bytes, f.size, &i, &err), &err);
    ck_assert(i.process == SN_JPEG_LOSSLESS && i.precision == 12 && i.components == 1);
    load(&f, "refused_arithmetic");
    ck_assert_int_eq(sn_jpeg_read_info(f.bytes, f.size, &i, &err), SN_EUNSUPPORTED);
}
END_TEST

/* Components as stored, and converted on demand: AUTO of a YCbCr file is YCC of its components. */
START_TEST(colour_choice)
{
    struct sn_jpeg_options opt = { .colour = SN_JPEG_COMPONENTS };
    struct sn_image ycc, rgb, forced;
    struct sn_error err = { 0 };
    struct file f;

    load(&f, "sampled_2x1");
    sn_ck_ok(sn_jpeg_decode(f.bytes, f.size, &opt, &ycc, &err), &err);
    sn_ck_ok(decode(&f, false, &rgb, &err), &err);
    ck_assert_int_eq(ycc.channels, 3);
    for (size_t i = 0; i < (size_t)29 * 21; i++) {
        const uint8_t *c = (const uint8_t *)ycc.data + 3 * i, *p = (const uint8_t *)rgb.data + 3 * i;
        double r = c[0] + 1.402 * (c[2] - 128);

        ck_assert_msg(p[0] >= (r > 255 ? 255 : r) - 0.52 && p[0] <= (r < 0 ? 0 : r) + 0.52, "pixel %zu: %u, %g", i, p[0], r);
    }
    sn_image_free(&ycc);
    sn_image_free(&rgb);

    load(&f, "rgb"); /* AUTO leaves it alone; told that it is YCbCr, it is converted */
    opt.colour = SN_JPEG_YCC;
    sn_ck_ok(sn_jpeg_decode(f.bytes, f.size, &opt, &forced, &err), &err);
    opt.colour = SN_JPEG_COMPONENTS;
    sn_ck_ok(sn_jpeg_decode(f.bytes, f.size, &opt, &ycc, &err), &err);
    sn_ck_ok(decode(&f, false, &rgb, &err), &err);
    ck_assert_mem_eq(ycc.data, rgb.data, 29 * 21 * 3);
    ck_assert(memcmp(forced.data, rgb.data, 29 * 21 * 3) != 0);
    sn_image_free(&ycc);
    sn_image_free(&rgb);
    sn_image_free(&forced);

    load(&f, "cmyk");
    sn_ck_ok(sn_jpeg_decode(f.bytes, f.size, &opt, &ycc, &err), &err);
    ck_assert_int_eq(ycc.channels, 4);
    sn_image_free(&ycc);
}
END_TEST

/* By content, with the general reader's options; a turned photograph keeps its orientation through it. */
START_TEST(as_an_image)
{
    const struct sn_image_options lenient = { .lenient = true };
    struct sn_image im, upright;
    struct sn_error err = { 0 };
    struct file f;

    load(&f, "exif_6");
    sn_ck_ok(sn_image_decode(f.bytes, f.size, &im, &err), &err);
    sn_ck_ok(sn_image_orient(&im, &upright, &err), &err);
    ck_assert(upright.width == 21 && upright.height == 29);
    sn_image_free(&im);
    sn_image_free(&upright);
    load(&f, "cut");
    ck_assert_int_eq(sn_image_decode(f.bytes, f.size, &im, &err), SN_EFORMAT);
    sn_ck_ok(sn_image_decode_with(f.bytes, f.size, &lenient, &im, &err), &err);
    ck_assert(im.damaged);
    sn_ck_ok(sn_image_crop(&im, 0, 0, 5, 5, &upright, &err), &err);
    ck_assert(upright.damaged); /* the mark stays with what is made of it */
    sn_image_free(&im);
    sn_image_free(&upright);
    load(&f, "lossless_2"); /* 2 bits fill the range of 8 */
    sn_ck_ok(sn_image_decode(f.bytes, f.size, &im, &err), &err);
    for (size_t i = 0; i < (size_t)29 * 21; i++)
        ck_assert_uint_eq(((const uint8_t *)im.data)[i] % 85, 0);
    sn_image_free(&im);
}
END_TEST

/* ---- bounds --------------------------------------------------------------------------------- */

/* A progressive file that repeats a scan of nothing: one bit a block is all it needs to ask for work. */
START_TEST(scans_are_bounded)
{
    struct sn_error err = { 0 };
    struct sn_buf b = { 0 };
    struct sn_image im;
    struct file f;
    size_t sos, end;

    load(&f, "progressive_grey");
    sos = find(&f, 0xda);
    end = sos + 2;
    while (f.bytes[end] != 0xff || f.bytes[end + 1] == 0)
        end++;
    sn_buf_add(&b, f.bytes, end);
    for (int i = 0; i < 300; i++) {
        static const uint8_t refine[] = { 0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0x10, 0, 0 };
        uint8_t scan[sizeof refine];

        memcpy(scan, refine, sizeof scan);
        sn_buf_add(&b, scan, sizeof scan);
    }
    sn_buf_add(&b, "\xff\xd9", 2);
    for (int lenient = 0; lenient < 2; lenient++) {
        const struct sn_jpeg_options opt = { .lenient = lenient };
        int rc = sn_jpeg_decode(b.data, b.len, &opt, &im, &err);

        ck_assert_msg(lenient ? rc == SN_OK && im.damaged : rc != SN_OK, "lenient %d: %d %s", lenient, rc, err.msg);
        sn_image_free(&im);
    }
    sn_buf_free(&b);
}
END_TEST

static Suite *suite_jpeg(void)
{
    Suite *s = suite_create("jpeg");
    TCase *tc = tcase_create("files");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, shared_files);
    tcase_add_test(tc, corpus_files);
    tcase_add_test(tc, refused_by_name);
    tcase_add_test(tc, contradictions);
    tcase_add_test(tc, prefixes);
    tcase_add_test(tc, resynchronisation);
    tcase_add_test(tc, information);
    tcase_add_test(tc, colour_choice);
    tcase_add_test(tc, as_an_image);
    tcase_add_test(tc, scans_are_bounded);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_jpeg)
