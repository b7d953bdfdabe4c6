/*
 * check_image_data.c: every PNG, BMP and PNM file of the shared material against the tables of
 * expected pixels made by tools/golden/make_image_golden.py, and PngSuite against its published
 * pixel values. Needs SENTINODE_DATA.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "tests/support/support.h"

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

/* A rejected file's message says what is wrong: a byte position, a field or a kind of content. */
static void check_reject(const char *file, int rc, const struct sn_error *err)
{
    ck_assert_msg(rc == SN_EFORMAT || rc == SN_EUNSUPPORTED || rc == SN_ELIMIT,
                  "%s: expected a refusal, found code %d", file, rc);
    ck_assert_msg(sn_exit_code(rc) == 3 && strlen(err->msg) > 20 && strchr(err->msg, ':'),
                  "%s: poor message '%s'", file, err->msg);
}

static void check_row(const struct sn_csv *t, size_t row, const char *path)
{
    const char *file = sn_csv_cell(t, row, 0);
    char hex[SN_SHA256_HEX], shape[64], want[64];
    struct sn_error err = { 0 };
    struct sn_image im;
    int rc = sn_image_read(path, &im, &err);

    if (strcmp(sn_csv_cell(t, row, 1), "reject") == 0) {
        check_reject(file, rc, &err);
        return;
    }
    ck_assert_msg(rc == SN_OK, "%s: %s", file, err.msg);
    snprintf(shape, sizeof shape, "%u %u %d %d", im.width, im.height, im.channels, im.depth);
    snprintf(want, sizeof want, "%s %s %s %s", sn_csv_cell(t, row, 2), sn_csv_cell(t, row, 3),
             sn_csv_cell(t, row, 4), sn_csv_cell(t, row, 5));
    ck_assert_msg(strcmp(shape, want) == 0, "%s: shape %s, expected %s", file, shape, want);
    pixel_digest(&im, hex);
    ck_assert_msg(strcmp(hex, sn_csv_cell(t, row, 6)) == 0, "%s: pixels differ (%s)", file,
                  im.detail);
    sn_image_free(&im);
}

static void check_table(const char *table, size_t least)
{
    struct sn_error err = { 0 };
    struct sn_csv t;
    size_t seen = 0;

    sn_ck_ok(sn_csv_read(sn_test_file(table), &t, &err), &err);
    for (size_t row = 0; row < t.rows; row++) {
        const char *path = sn_test_data(sn_csv_cell(&t, row, 0));

        if (!path)
            break;
        check_row(&t, row, path);
        seen++;
    }
    ck_assert_msg(seen == 0 || seen >= least, "%s: only %zu rows", table, seen);
    sn_csv_free(&t);
}

START_TEST(png_files)
{
    check_table("tests/unit/data/image/png.csv", 300);
}
END_TEST

START_TEST(bmp_files)
{
    check_table("tests/unit/data/image/bmp.csv", 70);
}
END_TEST

START_TEST(pnm_files)
{
    check_table("tests/unit/data/image/pnm.csv", 15);
}
END_TEST

/* ---- PngSuite's published values ------------------------------------------------------------ */

/* [r, g, b, a, ...] of every pixel; grey is repeated, missing alpha is full. */
static unsigned published_sample(const struct sn_image *im, size_t pixel, unsigned k)
{
    unsigned c = (unsigned)im->channels, full = im->depth == 16 ? 65535 : 255;
    unsigned at = k == 3 ? c - 1 : c < 3 ? 0 : k;
    size_t i = pixel * c + at;

    if (k == 3 && c % 2 == 1)
        return full;
    return im->depth == 16 ? ((const uint16_t *)im->data)[i] : ((const uint8_t *)im->data)[i];
}

static void check_published(const char *name, const char *json_path, const char *png_path)
{
    struct sn_error err = { 0 };
    const struct sn_json_value *v;
    struct sn_json_doc doc;
    struct sn_image im;
    size_t i = 0;

    sn_ck_ok(sn_json_read(json_path, &doc, &err), &err);
    sn_ck_ok(sn_image_read(png_path, &im, &err), &err);
    ck_assert_uint_eq(doc.root->count, (size_t)im.width * im.height * 4);
    for (v = doc.root->first; v; v = v->next, i++) {
        unsigned found = published_sample(&im, i / 4, i % 4);

        ck_assert_msg(v->number == found, "%s: pixel %zu channel %zu is %u, published %g", name,
                      i / 4, i % 4, found, v->number);
    }
    sn_json_doc_free(&doc);
    sn_image_free(&im);
}

START_TEST(pngsuite_published)
{
    struct sn_error err = { 0 };
    struct sn_csv t;
    unsigned compared = 0;
    bool data = true;

    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/image/png.csv"), &t, &err), &err);
    for (size_t row = 0; data && row < t.rows; row++) {
        const char *file = sn_csv_cell(&t, row, 0), *name = strrchr(file, '/');
        char json[256], png[256];
        const char *path;
        FILE *f;

        if (strncmp(file, "png/pngsuite/", 13) != 0)
            continue;
        snprintf(json, sizeof json, "png/pngsuite_ref_json/%.*s.json", (int)strlen(name) - 5, name + 1);
        path = sn_test_data(json);
        data = path != NULL;
        f = data ? fopen(path, "rb") : NULL;
        if (!f) /* published values lie there for half of the suite */
            continue;
        fclose(f);
        snprintf(png, sizeof png, "%s", sn_test_data(file));
        check_published(name, path, png);
        compared++;
    }
    ck_assert_msg(!data || compared >= 60, "only %u files compared", compared);
    sn_csv_free(&t);
}
END_TEST

static Suite *suite_image_data(void)
{
    Suite *s = suite_create("image files");
    TCase *tc = tcase_create("tables");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, png_files);
    tcase_add_test(tc, bmp_files);
    tcase_add_test(tc, pnm_files);
    tcase_add_test(tc, pngsuite_published);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_image_data)
