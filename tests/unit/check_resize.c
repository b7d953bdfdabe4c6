/*
 * check_resize.c: every resize rule against its library, by digests of the results on self-made
 * pictures (tests/unit/data/image/resize.csv, made by tools/golden/make_image_golden.py with
 * Pillow 9.4, torch 1.13 and OpenCV 4.6), and the float planes against small exact cases.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "tests/support/support.h"

/* The pictures of make_image_golden.py's picture(). */
static void fill(struct sn_image *im, const char *kind, uint64_t seed)
{
    size_t n = sn_image_bytes(im), c = (size_t)im->channels;
    struct sn_rng rng = { seed };
    uint8_t *p = im->data;
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++, v >>= 8) {
        size_t x = i / c % im->width, y = i / c / im->width;

        if (i % 8 == 0)
            v = sn_rng_next(&rng);
        if (strcmp(kind, "ramp") == 0)
            p[i] = (uint8_t)(7 * x + 3 * y + 50 * (i % c));
        else
            p[i] = strcmp(kind, "noise") == 0 ? (uint8_t)v : (v & 0x80) ? 255 : 0;
    }
}

static unsigned cell(const struct sn_csv *t, size_t row, const char *name)
{
    double v = 0.0;
    struct sn_error err = { 0 };

    sn_ck_ok(sn_csv_number(t, row, sn_csv_column(t, name), &v, &err), &err);
    return (unsigned)v;
}

START_TEST(against_libraries)
{
    struct sn_error err = { 0 };
    unsigned per_rule[5] = { 0 };
    struct sn_csv t;

    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/image/resize.csv"), &t, &err), &err);
    for (size_t row = 0; row < t.rows; row++) {
        const char *rule_name = sn_csv_cell(&t, row, sn_csv_column(&t, "rule"));
        const char *kind = sn_csv_cell(&t, row, sn_csv_column(&t, "picture"));
        char hex[SN_SHA256_HEX];
        struct sn_image in, out;
        enum sn_resize rule;
        uint8_t digest[32];

        ck_assert(sn_resize_parse(rule_name, &rule));
        ck_assert_str_eq(sn_resize_name(rule), rule_name);
        sn_ck_ok(sn_image_alloc(&in, cell(&t, row, "iw"), cell(&t, row, "ih"),
                                (int)cell(&t, row, "channels"), 8, &err), &err);
        fill(&in, kind, cell(&t, row, "seed"));
        sn_ck_ok(sn_resize_u8(&in, cell(&t, row, "ow"), cell(&t, row, "oh"), rule, &out, &err), &err);
        sn_sha256(out.data, sn_image_bytes(&out), digest);
        sn_hex(digest, sizeof digest, hex);
        ck_assert_msg(strcmp(hex, sn_csv_cell(&t, row, sn_csv_column(&t, "sha256"))) == 0,
                      "%s of a %s picture, line %zu of the table: pixels differ", rule_name, kind,
                      t.lines[row]);
        per_rule[rule]++;
        sn_image_free(&in);
        sn_image_free(&out);
    }
    for (int i = 0; i < 5; i++)
        ck_assert_uint_ge(per_rule[i], 80);
    sn_csv_free(&t);
}
END_TEST

/* Doubling [0 1; 2 3]: weights 1, 3/4, 1/4 are exact in float, so the expected values are too. */
START_TEST(float_plane)
{
    static const float in[4] = { 0, 1, 2, 3 };
    static const float want[16] = { 0, .25f, .75f, 1, .5f, .75f, 1.25f, 1.5f,
                                    1.5f, 1.75f, 2.25f, 2.5f, 2, 2.25f, 2.75f, 3 };
    static const float want_nearest[16] = { 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3 };
    struct sn_error err = { 0 };
    float out[16];

    sn_ck_ok(sn_resize_f32(in, 2, 2, out, 4, 4, SN_RESIZE_TORCH_BILINEAR, &err), &err);
    ck_assert_mem_eq(out, want, sizeof want);
    sn_ck_ok(sn_resize_f32(in, 2, 2, out, 4, 4, SN_RESIZE_NEAREST, &err), &err);
    ck_assert_mem_eq(out, want_nearest, sizeof want_nearest);
    sn_ck_ok(sn_resize_f32(in, 2, 2, out, 1, 1, SN_RESIZE_TORCH_BILINEAR, &err), &err);
    ck_assert(out[0] == 1.5f);
    sn_ck_fails(sn_resize_f32(in, 2, 2, out, 4, 4, SN_RESIZE_PILLOW_BICUBIC, &err), SN_EINVAL, &err,
                "pillow-bicubic");
    sn_ck_fails(sn_resize_f32(in, 0, 2, out, 4, 4, SN_RESIZE_NEAREST, &err), SN_EINVAL, &err, "0 x 2");
}
END_TEST

/* A plane as floats gives, rounded, what the byte form gives. */
START_TEST(float_agrees_with_bytes)
{
    static const unsigned sizes[][4] = { { 13, 9, 40, 31 }, { 40, 31, 13, 9 }, { 1, 7, 5, 5 } };
    struct sn_error err = { 0 };

    for (size_t i = 0; i < SN_COUNT(sizes); i++) {
        const unsigned *s = sizes[i];
        struct sn_image in, out;
        float *fin, *fout;

        sn_ck_ok(sn_image_alloc(&in, s[0], s[1], 1, 8, &err), &err);
        fill(&in, "noise", i);
        fin = malloc(sizeof *fin * s[0] * s[1]);
        fout = malloc(sizeof *fout * s[2] * s[3]);
        for (size_t k = 0; k < (size_t)s[0] * s[1]; k++)
            fin[k] = ((uint8_t *)in.data)[k];
        sn_ck_ok(sn_resize_u8(&in, s[2], s[3], SN_RESIZE_TORCH_BILINEAR, &out, &err), &err);
        sn_ck_ok(sn_resize_f32(fin, s[0], s[1], fout, s[2], s[3], SN_RESIZE_TORCH_BILINEAR, &err), &err);
        for (size_t k = 0; k < (size_t)s[2] * s[3]; k++) {
            float d = fout[k] - (float)((uint8_t *)out.data)[k];

            ck_assert_msg(d <= 0.5f && d >= -0.5f, "size %zu pixel %zu: %g", i, k, (double)d);
        }
        free(fin);
        free(fout);
        sn_image_free(&in);
        sn_image_free(&out);
    }
}
END_TEST

START_TEST(refusals)
{
    struct sn_error err = { 0 };
    struct sn_image in, out;
    enum sn_resize rule;

    ck_assert(!sn_resize_parse("bilinear", &rule));
    ck_assert_str_eq(sn_resize_name((enum sn_resize)99), "unknown");
    sn_ck_ok(sn_image_alloc(&in, 4, 4, 1, 16, &err), &err);
    sn_ck_fails(sn_resize_u8(&in, 2, 2, SN_RESIZE_NEAREST, &out, &err), SN_EINVAL, &err, "16-bit");
    ck_assert_ptr_null(out.data);
    sn_image_free(&in);
    sn_ck_ok(sn_image_alloc(&in, 4, 4, 1, 8, &err), &err);
    sn_ck_fails(sn_resize_u8(&in, 0, 2, SN_RESIZE_NEAREST, &out, &err), SN_EINVAL, &err, "0 x 2");
    sn_ck_fails(sn_resize_u8(&in, 70000, 2, SN_RESIZE_NEAREST, &out, &err), SN_ELIMIT, &err, "70000");
    sn_image_free(&in);
}
END_TEST

/* The pixel grid grows, so its spacing shrinks. */
START_TEST(spacing_follows)
{
    struct sn_error err = { 0 };
    struct sn_image in, out;

    sn_ck_ok(sn_image_alloc(&in, 40, 20, 1, 8, &err), &err);
    in.spacing_mm[0] = 0.5;
    in.spacing_mm[1] = 0.25;
    sn_ck_ok(sn_resize_u8(&in, 10, 40, SN_RESIZE_PILLOW_BILINEAR, &out, &err), &err);
    ck_assert(out.spacing_mm[0] == 0.25 && out.spacing_mm[1] == 1.0);
    sn_image_free(&in);
    sn_image_free(&out);
}
END_TEST

static Suite *suite_resize(void)
{
    Suite *s = suite_create("resize");
    TCase *tc = tcase_create("rules");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, against_libraries);
    tcase_add_test(tc, float_plane);
    tcase_add_test(tc, float_agrees_with_bytes);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, spacing_follows);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_resize)
