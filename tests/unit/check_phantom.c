/* check_phantom.c: synthetic images are the same bytes everywhere, and what they claim to be. */
#include "io/io.h"
#include "tests/support/support.h"
#include "tools/cli.h"
#include "tools/phantom.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct sn_error err;

static void digest(const struct sn_phantom *p, char hex[SN_SHA256_HEX])
{
    struct sn_sha256 s;
    uint8_t hash[32];

    sn_sha256_init(&s);
    sn_sha256_update(&s, p->image.data, sn_image_bytes(&p->image));
    sn_sha256_update(&s, p->mask.data, sn_image_bytes(&p->mask));
    sn_sha256_final(&s, hash);
    sn_hex(hash, sizeof hash, hex);
}

/* Image then mask, SHA-256. They change only when the generator is changed on purpose. */
START_TEST(same_bytes)
{
    static const struct {
        uint64_t seed;
        uint32_t index, w, h;
        const char *sha256;
    } known[] = {
        { 1, 0, 600, 450, "aecdeee6a1f05ac47888afc41bbf98bf89cfd62139701f60d87287d66ee587ef" },
        { 1, 5, 600, 450, "f0bfddb9f7e9ccfe3138f4584c33de14dab5bd6b69df0b1f4e26486b8edb0773" },
        { 7, 2, 129, 97, "298748d70ac2902b6955474b3bcbe2c554eea954fbc491849e72759da1149120" },
        { 18446744073709551615u, 4000000000u, 64, 64,
          "0f44eeb327635c900f9dd98de1b18413520a544a881e35495b0852891f28ae23" },
    };
    char hex[SN_SHA256_HEX];

    for (size_t i = 0; i < SN_COUNT(known); i++) {
        struct sn_phantom p;

        sn_ck_ok(sn_phantom_make(known[i].seed, known[i].index, known[i].w, known[i].h, &p, &err),
                 &err);
        digest(&p, hex);
        ck_assert_str_eq(hex, known[i].sha256);
        sn_phantom_free(&p);
    }
}
END_TEST

/* The mask is one solid region away from the border; the lesion is darker than the gland. */
START_TEST(sane)
{
    int malignant = 0;

    for (uint32_t i = 0; i < 40; i++) {
        struct sn_phantom p;
        const uint8_t *px, *mask;
        size_t area = 0, bright = 0, black = 0, white = 0, wrong = 0;
        double inside = 0, all = 0;

        sn_ck_ok(sn_phantom_make(3, i, 240, 180, &p, &err), &err);
        px = p.image.data;
        mask = p.mask.data;
        for (size_t k = 0; k < 240 * 180; k++) {
            size_t x = k % 240, y = k / 240;

            wrong += mask[k] != 0 && mask[k] != 255;
            wrong += mask[k] && (x == 0 || y == 0 || x == 239 || y == 179);
            area += mask[k] != 0;
            inside += mask[k] ? px[k] : 0;
            if (y > 45 && y < 100 && !mask[k]) {
                bright++;
                all += px[k];
            }
            black += px[k] == 0;
            white += px[k] == 255;
        }
        ck_assert_uint_eq(wrong, 0);
        ck_assert_uint_eq(area, p.area);
        ck_assert(area > 0.005 * 240 * 180 && area < 0.3 * 240 * 180);
        ck_assert(inside / area + 15 < all / bright);
        ck_assert(black < 240 * 180 / 4 && white < 240 * 180 / 50);
        ck_assert(p.diameter_mm > 5.0 && p.diameter_mm < 35.0);
        ck_assert(fabs(p.image.spacing_mm[0] * 180 - 40.0) < 1e-12);
        malignant += p.law.malignant;
        sn_phantom_free(&p);
    }
    ck_assert(malignant >= 10 && malignant <= 26); /* 18 expected */
}
END_TEST

/* Shares of what is drawn, within four standard errors of the stated law. */
START_TEST(law)
{
    enum { N = 4000 };
    int malignant = 0, positive[2] = { 0 }, external = 0, taller[2] = { 0 },
        wrong = 0;

    for (uint32_t i = 0; i < N; i++) {
        struct sn_phantom_law l;

        sn_phantom_draw(12, i, 53.3, &l);
        malignant += l.malignant;
        positive[l.malignant] += l.outcome;
        taller[l.malignant] += l.half_height_mm > l.half_width_mm;
        external += strcmp(l.set, "external") == 0;
        wrong += l.age < 22 || l.age > 88 || l.ki67 < 1 || l.ki67 > 95;
        wrong += l.grade < 1 || l.grade > 3 || (l.us_node != 0 && l.us_node != 1);
    }
    ck_assert_int_eq(wrong, 0);
    ck_assert(abs(malignant - 1800) < 126);
    ck_assert(fabs(positive[1] / (double)malignant - 0.8) < 0.038);
    ck_assert(fabs(positive[0] / (double)(N - malignant) - 0.15) < 0.031);
    ck_assert(abs(external - 800) < 102);
    ck_assert_int_eq(taller[0], 0);
    ck_assert(fabs(taller[1] / (double)malignant - 0.6) < 0.047);
}
END_TEST

START_TEST(sizes)
{
    struct sn_phantom p;

    sn_ck_fails(sn_phantom_make(1, 0, 63, 100, &p, &err), SN_EINVAL, &err, "63x100");
    sn_ck_fails(sn_phantom_make(1, 0, 100, 2049, &p, &err), SN_EINVAL, &err, "100x2049");
    sn_ck_ok(sn_phantom_make(1, 0, 64, 2048, &p, &err), &err); /* the narrowest, at the finest */
    ck_assert(p.area > 0);
    sn_phantom_free(&p);
    sn_ck_ok(sn_phantom_make(1, 1, 2048, 64, &p, &err), &err);
    ck_assert(p.area > 0);
    sn_phantom_free(&p);
}
END_TEST

/* The command writes what the library draws, and its manifest reads back. */
START_TEST(manifest)
{
    char dir[256], path[400];
    struct sn_csv t;
    double v;

    snprintf(dir, sizeof dir, "%s/phantoms", sn_test_tmpdir());
    ck_assert_int_eq(sn_cmd_phantom(9, (char *[]){ "phantom", "-o", dir, "--count", "3", "--seed",
                                                   "9", "--size", "96x72", NULL }),
                     0);
    snprintf(path, sizeof path, "%s/manifest.csv", dir);
    sn_ck_ok(sn_csv_read(path, &t, &err), &err);
    ck_assert_uint_eq(t.rows, 3);
    for (size_t i = 0; i < t.rows; i++) {
        struct sn_phantom p;
        struct sn_image im;

        sn_ck_ok(sn_phantom_make(9, (uint32_t)i, 96, 72, &p, &err), &err);
        for (int k = 0; k < 2; k++) {
            int col = sn_csv_column(&t, k ? "mask" : "image");

            snprintf(path, sizeof path, "%s/%s", dir, sn_csv_cell(&t, i, col));
            sn_ck_ok(sn_image_read(path, &im, &err), &err);
            ck_assert(im.width == 96 && im.height == 72 && im.channels == 1 && im.depth == 8);
            ck_assert(memcmp(im.data, k ? p.mask.data : p.image.data, 96 * 72) == 0);
            sn_image_free(&im);
        }
        sn_ck_ok(sn_csv_number(&t, i, sn_csv_column(&t, "outcome"), &v, &err), &err);
        ck_assert((int)v == p.law.outcome);
        sn_ck_ok(sn_csv_number(&t, i, sn_csv_column(&t, "diameter_mm"), &v, &err), &err);
        ck_assert(fabs(v - p.diameter_mm) <= 0.05 + 1e-12);
        sn_ck_ok(sn_csv_number(&t, i, sn_csv_column(&t, "age"), &v, &err), &err);
        ck_assert((int)v == p.law.age);
        ck_assert_str_eq(sn_csv_cell(&t, i, sn_csv_column(&t, "set")), p.law.set);
        sn_phantom_free(&p);
    }
    sn_csv_free(&t);
}
END_TEST

START_TEST(usage)
{
    ck_assert_int_eq(sn_cmd_phantom(1, (char *[]){ "phantom", NULL }), 2);
    ck_assert_int_eq(sn_cmd_phantom(5, (char *[]){ "phantom", "-o", "x", "--size", "63x64", NULL }),
                     2);
    ck_assert_int_eq(sn_cmd_phantom(5, (char *[]){ "phantom", "-o", "x", "--size", "64", NULL }),
                     2);
    ck_assert_int_eq(sn_cmd_phantom(5, (char *[]){ "phantom", "-o", "x", "--count", "0", NULL }),
                     2);
    ck_assert_int_eq(sn_cmd_phantom(5, (char *[]){ "phantom", "-o", "x", "--seed",
                                                   "18446744073709551616", NULL }),
                     2);
}
END_TEST

static Suite *suite_phantom(void)
{
    Suite *s = suite_create("phantom");
    TCase *c = tcase_create("phantom");

    tcase_add_test(c, same_bytes);
    tcase_add_test(c, sane);
    tcase_add_test(c, law);
    tcase_add_test(c, sizes);
    tcase_add_test(c, manifest);
    tcase_add_test(c, usage);
    suite_add_tcase(s, c);
    return s;
}

SN_CHECK_MAIN(suite_phantom)
