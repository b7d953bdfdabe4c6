/* check_cmd_image.c: `sentinode image`: files written, properties printed, exit codes. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/io.h"
#include "tests/support/support.h"
#include "tools/cli.h"

static const char *scratch(const char *name)
{
    static char buf[4][512];
    static unsigned turn;
    char *b = buf[turn++ % 4];

    snprintf(b, sizeof buf[0], "%s/%s", sn_test_tmpdir(), name);
    return b;
}

static int run(const char *a, const char *b, const char *c, const char *d)
{
    char words[6][512];
    char *argv[7];
    const char *in[6] = { "sentinode", "image", a, b, c, d };
    int argc = 0;

    for (int i = 0; i < 6 && in[i]; i++) {
        snprintf(words[i], sizeof words[i], "%s", in[i]);
        argv[argc++] = words[i];
    }
    argv[argc] = NULL;
    return sn_main(argc, argv);
}

/* 3 x 2 grey, 16 bits, EXIF orientation 6, made by hand: stored deflate block. */
static const char *turned_picture(void)
{
    static const uint8_t exif[] = { 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0 };
    static const uint8_t rows[] = { 0, 0x10, 1, 0x20, 2, 0x30, 3, 0, 0x40, 4, 0x50, 5, 0x60, 6 };
    static const uint8_t ihdr[] = { 0, 0, 0, 3, 0, 0, 0, 2, 16, 0, 0, 0, 0 };
    struct sn_buf z = { 0 }, b = { 0 };
    struct sn_error err = { 0 };
    const char *path = scratch("turned.png");
    struct {
        const char *name;
        const void *data;
        size_t n;
    } chunks[4] = { { "IHDR", ihdr, sizeof ihdr }, { "eXIf", exif, sizeof exif }, { "IDAT", NULL, 0 }, { "IEND", "", 0 } };

    sn_ck_ok(sn_zlib_deflate(rows, sizeof rows, &z, &err), &err);
    chunks[2].data = z.data;
    chunks[2].n = z.len;
    sn_buf_add(&b, "\x89PNG\r\n\x1a\n", 8);
    for (int i = 0; i < 4; i++) {
        uint8_t word[4];

        sn_put_be32(word, (uint32_t)chunks[i].n);
        sn_buf_add(&b, word, 4);
        sn_buf_add(&b, chunks[i].name, 4);
        sn_buf_add(&b, chunks[i].data, chunks[i].n);
        sn_put_be32(word, sn_crc32(sn_crc32(0, chunks[i].name, 4), chunks[i].data, chunks[i].n));
        sn_buf_add(&b, word, 4);
    }
    sn_ck_ok(sn_file_write(path, b.data, b.len, &err), &err);
    sn_buf_free(&b);
    sn_buf_free(&z);
    return path;
}

/* .npy: the samples as they are; .png: upright and 8 bits. */
START_TEST(outputs)
{
    static const uint16_t want[6] = { 0x1001, 0x2002, 0x3003, 0x4004, 0x5005, 0x6006 };
    const char *in = turned_picture();
    struct sn_error err = { 0 };
    struct sn_image im;
    struct sn_npy a;

    ck_assert_int_eq(run(in, "-o", scratch("out.npy"), "--quiet"), 0);
    sn_ck_ok(sn_npy_read(scratch("out.npy"), &a, &err), &err);
    ck_assert_int_eq(a.type, SN_NPY_U2);
    ck_assert_int_eq(a.ndim, 2);
    ck_assert_uint_eq(a.shape[0], 2);
    ck_assert_uint_eq(a.shape[1], 3);
    ck_assert_mem_eq(a.data, want, sizeof want);
    sn_npy_free(&a);
    ck_assert_int_eq(run(in, "-o", scratch("out.png"), "--quiet"), 0);
    sn_ck_ok(sn_image_read(scratch("out.png"), &im, &err), &err);
    ck_assert_uint_eq(im.width, 2);
    ck_assert_uint_eq(im.height, 3);
    ck_assert_int_eq(im.depth, 8);
    ck_assert_mem_eq(im.data, "\x40\x10\x50\x20\x60\x30", 6);
    sn_image_free(&im);
}
END_TEST

START_TEST(properties)
{
    const char *in = turned_picture(), *text = scratch("stdout.json");
    static const uint8_t samples[12] = { 1, 0x10, 2, 0x20, 3, 0x30, 4, 0x40, 5, 0x50, 6, 0x60 };
    const struct sn_json_value *v;
    struct sn_error err = { 0 };
    char hex[SN_SHA256_HEX];
    struct sn_json_doc doc;
    uint8_t digest[32];

    ck_assert_ptr_nonnull(freopen(text, "w", stdout)); /* this child's own */
    ck_assert_int_eq(run(in, "--json", NULL, NULL), 0);
    fflush(stdout);
    sn_ck_ok(sn_json_read(text, &doc, &err), &err);
    ck_assert_str_eq(sn_json_get(doc.root, "file")->string, "turned.png");
    ck_assert_str_eq(sn_json_get(doc.root, "format")->string, "png");
    ck_assert_str_eq(sn_json_get(doc.root, "detail")->string, "16-bit grey, EXIF orientation 6");
    ck_assert(sn_json_get(doc.root, "width")->number == 3);
    ck_assert(sn_json_get(doc.root, "height")->number == 2);
    ck_assert(sn_json_get(doc.root, "channels")->number == 1);
    ck_assert(sn_json_get(doc.root, "depth")->number == 16);
    ck_assert(sn_json_get(doc.root, "orientation")->number == 6);
    ck_assert_int_eq(sn_json_get(doc.root, "spacing_mm")->type, SN_JSON_NULL);
    ck_assert_uint_eq(strlen(sn_json_get(doc.root, "file_sha256")->string), 64);
    sn_sha256(samples, sizeof samples, digest);
    sn_hex(digest, sizeof digest, hex);
    v = sn_json_get(doc.root, "pixels_sha256");
    ck_assert_str_eq(v->string, hex);
    sn_json_doc_free(&doc);
}
END_TEST

START_TEST(exit_codes)
{
    struct sn_error err = { 0 };
    const char *bad = scratch("bad.png");

    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    sn_ck_ok(sn_file_write(bad, "\x89PNG\r\n\x1a\n", 8, &err), &err);
    ck_assert_int_eq(run(bad, "-o", scratch("never.png"), NULL), 3);
    ck_assert_int_ne(access(scratch("never.png"), F_OK), 0);
    ck_assert_int_eq(run(scratch("absent.png"), NULL, NULL, NULL), 3);
    ck_assert_int_eq(run(NULL, NULL, NULL, NULL), 2);
    ck_assert_int_eq(run(bad, "-o", "x.jpg", NULL), 2);
    ck_assert_int_eq(run(bad, bad, NULL, NULL), 2);
    ck_assert_int_eq(run(turned_picture(), "-o", "/nonexistent/x.png", "--quiet"), 5);
    ck_assert_int_eq(run(turned_picture(), "-o", "/nonexistent/x.npy", "--quiet"), 5);
}
END_TEST

/* A JPEG that ends early: refused; with --lenient written, marked, and exit code 1. */
START_TEST(damaged_pictures)
{
    const char *cut = sn_test_file("tests/fuzz/corpus/jpeg/cut.jpg"), *out = scratch("cut.png"), *text = scratch("stdout.json");
    struct sn_error err = { 0 };
    struct sn_json_doc doc;

    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    ck_assert_int_eq(run(cut, "-o", out, NULL), 3);
    ck_assert_int_ne(access(out, F_OK), 0);
    ck_assert_ptr_nonnull(freopen(text, "w", stdout)); /* this child's own */
    ck_assert_int_eq(run(cut, "--lenient", "--json", NULL), 1);
    fflush(stdout);
    sn_ck_ok(sn_json_read(text, &doc, &err), &err);
    ck_assert(sn_json_get(doc.root, "damaged")->boolean);
    ck_assert_ptr_nonnull(strstr(sn_json_get(doc.root, "warnings")->string, "damaged"));
    ck_assert_ptr_nonnull(strstr(sn_json_get(doc.root, "detail")->string, "DAMAGED (byte "));
    sn_json_doc_free(&doc);
    ck_assert_int_eq(run(sn_test_file("tests/fuzz/corpus/jpeg/exif_6.jpg"), "--lenient", NULL, NULL), 0);
    ck_assert_int_eq(run(turned_picture(), "--lenient", NULL, NULL), 0);
    ck_assert_int_eq(run(cut, "--lenient", "--tags", NULL), 2);
}
END_TEST

static Suite *suite_cmd_image(void)
{
    Suite *s = suite_create("sentinode image");
    TCase *tc = tcase_create("command");

    tcase_add_test(tc, outputs);
    tcase_add_test(tc, properties);
    tcase_add_test(tc, exit_codes);
    tcase_add_test(tc, damaged_pictures);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_cmd_image)
