/*
 * check_image_sweep.c: damaged JPEG, PNG, BMP and PNM files by the thousand: prefixes and changed bytes of every
 * shared file and of the JPEG fuzz corpus. No crash, no picture beyond the stated memory, no run beyond two seconds
 * of processor time; JPEG strictly and leniently, with the same verdict and pixels from SIMD and scalar code.
 * SN_SWEEP_ROUNDS in the environment: damages a file (default 12).
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "io/io.h"
#include "tests/support/alloc.h"
#include "tests/support/support.h"

static struct sn_rng rng = { 6 };
static unsigned long runs, pictures;
static double slowest;

/* What holds of every answer that took since `start`; at most `bytes` may have been asked for, given back or not. */
static void bounded(clock_t start, size_t bytes, int rc, const struct sn_image *im, const struct sn_error *err, const char *name)
{
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    size_t taken = sn_alloc_stop().asked;

    slowest = seconds > slowest ? seconds : slowest;
    runs++;
    ck_assert_msg(taken <= bytes, "%s: %zu bytes, at most %zu", name, taken, bytes);
    ck_assert_msg(seconds < 2.0, "%s: %g s", name, seconds);
    ck_assert_msg(rc == SN_OK || sn_exit_code(rc) == 3, "%s: %s", name, err->msg);
    ck_assert_msg(rc == SN_OK || (im->data == NULL && err->msg[0]), "%s: '%s'", name, err->msg);
}

static int one(const uint8_t *data, size_t size, struct sn_jpeg_options opt, const char *name, uint8_t digest[32])
{
    struct sn_error err = { 0 };
    struct sn_image im;
    clock_t start = clock();
    int rc;

    sn_alloc_watch(0);
    rc = sn_jpeg_decode(data, size, &opt, &im, &err);
    bounded(start, ((size_t)64 << 20) + 4096 * size, rc, &im, &err, name);
    ck_assert_msg(rc == SN_OK || strncmp(err.msg, "jpeg: ", 6) == 0, "%s: '%s'", name, err.msg);
    if (rc == SN_OK) {
        ck_assert_msg(opt.lenient || !im.damaged, "%s: strict, yet damaged", name);
        sn_sha256(im.data, sn_image_bytes(&im), digest);
        pictures++;
    }
    sn_image_free(&im);
    return rc;
}

static void all_ways(const uint8_t *data, size_t size, const char *name)
{
    uint8_t strict[32], lenient[32], scalar[32], *exact = malloc(size ? size : 1);
    int rc, rl;

    ck_assert_ptr_nonnull(exact); /* a block of the very size, so that a sanitizer sees an overread */
    memcpy(exact, data, size);
    rc = one(exact, size, (struct sn_jpeg_options){ 0 }, name, strict);
    rl = one(exact, size, (struct sn_jpeg_options){ .lenient = true }, name, lenient);
    ck_assert_msg(rc != SN_OK || (rl == SN_OK && memcmp(strict, lenient, 32) == 0), "%s: lenient differs from strict", name);
    ck_assert_int_eq(rl, one(exact, size, (struct sn_jpeg_options){ .lenient = true, .scalar = true }, name, scalar));
    ck_assert_msg(rl != SN_OK || memcmp(lenient, scalar, 32) == 0, "%s: scalar differs", name);
    free(exact);
}

/*
 * The others, by content. A PNG's picture is at most 32 bytes for one of its rows' (1-bit palette with alpha), these at
 * most 1032 for one of the file's. A BMP's or PNM's is at most 383 for one (a run of 255 pixels in two bytes).
 */
static void as_image(const uint8_t *data, size_t size, const char *name)
{
    uint8_t digest[32], *exact = malloc(size ? size : 1);
    bool png = size > 0 && data[0] == 0x89;
    struct sn_error err = { 0 };
    struct sn_image im;
    clock_t start;
    int rc;

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, data, size);
    start = clock();
    sn_alloc_watch(0);
    rc = sn_image_decode(exact, size, &im, &err);
    bounded(start, ((size_t)1 << 20) + (png ? 34100 : 512) * size, rc, &im, &err, name);
    if (rc == SN_OK) {
        sn_sha256(im.data, sn_image_bytes(&im), digest);
        pictures++;
    }
    sn_image_free(&im);
    free(exact);
}

/* So that damage reaches what lies behind the check: the CRC of each chunk made true again. */
static void true_crcs(uint8_t *p, size_t n)
{
    for (size_t at = 8; at + 12 <= n;) {
        size_t length = sn_be32(p + at);

        if (length > n - at - 12)
            return;
        sn_put_be32(p + at + 8 + length, sn_crc32(0, p + at + 4, length + 4));
        at += length + 12;
    }
}

static void damage(const struct sn_map *map, const char *name, unsigned rounds, bool jpeg)
{
    uint8_t *copy = malloc(map->size ? map->size : 1);

    ck_assert_ptr_nonnull(copy);
    for (unsigned k = 0; k < rounds; k++) {
        size_t n = map->size, changes = k % 3 ? 1 + sn_rng_below(&rng, 8) : 0;
        /* headers are short, so half of the changes go there */
        size_t span = k % 2 ? SN_MIN(n, 700) : n;

        memcpy(copy, map->data, map->size);
        for (size_t i = 0; i < changes && span; i++) {
            size_t at = sn_rng_below(&rng, span);

            copy[at] = i % 2 ? (uint8_t)sn_rng_next(&rng) : (uint8_t)(copy[at] ^ 1u << sn_rng_below(&rng, 8));
        }
        if (k % 3 == 0)
            n = sn_rng_below(&rng, n + 1);
        if (jpeg) {
            all_ways(copy, n, name);
            continue;
        }
        if (k % 4 && n > 8 && copy[0] == 0x89)
            true_crcs(copy, n);
        as_image(copy, n, name);
    }
    free(copy);
}

static unsigned rounds_for(size_t size)
{
    const char *s = getenv("SN_SWEEP_ROUNDS");
    unsigned n = s ? (unsigned)atoi(s) : 12;

    return size > 60000 ? (n + 3) / 4 : n;
}

static void damage_file(const char *path, bool jpeg)
{
    struct sn_error err = { 0 };
    struct sn_map map;

    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    damage(&map, path, rounds_for(map.size), jpeg);
    sn_map_close(&map);
}

START_TEST(shared_files)
{
    static const char *const tables[] = { "jpeg", "png", "bmp", "pnm" };
    struct sn_error err = { 0 };
    char name[64];
    struct sn_csv t;

    (void)snprintf(name, sizeof name, "tests/unit/data/image/%s.csv", tables[_i]);
    sn_ck_ok(sn_csv_read(sn_test_file(name), &t, &err), &err);
    for (size_t row = 0; row < t.rows; row++) {
        const char *path = sn_test_data(sn_csv_cell(&t, row, 0));

        if (!path)
            break;
        damage_file(path, _i == 0);
    }
    printf("%s: %lu runs, %lu pictures, slowest %.2f s\n", tables[_i], runs, pictures, slowest);
    sn_csv_free(&t);
}
END_TEST

START_TEST(corpus_files)
{
    DIR *d = opendir(sn_test_file("tests/fuzz/corpus/jpeg"));
    struct dirent *e;
    unsigned files = 0;

    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d)) != NULL) {
        char path[512];

        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", sn_test_file("tests/fuzz/corpus/jpeg"), e->d_name);
        damage_file(path, true);
        files++;
    }
    closedir(d);
    ck_assert_uint_ge(files, 50);
    ck_assert_uint_gt(pictures, 100);
}
END_TEST

/* Claims far beyond the data: refused before the memory is taken, however the size is put. */
START_TEST(claims)
{
    static const uint16_t sides[] = { 0xffff, 0xfff0, 16000, 8192, 4096, 2048 };
    static const char *const names[] = { "baseline_420", "progressive", "lossless_rgb", "ycck", "sampled_4x1_1x1_2x1" };
    struct sn_error err = { 0 };

    for (size_t k = 0; k < SN_COUNT(names); k++)
        for (size_t i = 0; i < SN_COUNT(sides); i++)
            for (size_t j = 0; j < SN_COUNT(sides); j++) {
                uint8_t digest[32], copy[4096];
                struct sn_map map;
                char path[256];
                size_t at = 2;

                snprintf(path, sizeof path, "tests/fuzz/corpus/jpeg/%s.jpg", names[k]);
                sn_ck_ok(sn_map_file(sn_test_file(path), &map, &err), &err);
                ck_assert_uint_le(map.size, sizeof copy);
                memcpy(copy, map.data, map.size);
                while (copy[at + 1] < 0xc0 || copy[at + 1] > 0xc3)
                    at += 2u + sn_be16(copy + at + 2);
                copy[at + 5] = (uint8_t)(sides[i] >> 8);
                copy[at + 6] = (uint8_t)sides[i];
                copy[at + 7] = (uint8_t)(sides[j] >> 8);
                copy[at + 8] = (uint8_t)sides[j];
                ck_assert_int_ne(one(copy, map.size, (struct sn_jpeg_options){ 0 }, path, digest), SN_OK);
                (void)one(copy, map.size, (struct sn_jpeg_options){ .lenient = true }, path, digest);
                sn_map_close(&map);
            }
}
END_TEST

static Suite *suite_image_sweep(void)
{
    Suite *s = suite_create("damaged images");
    TCase *tc = tcase_create("sweep");

    tcase_set_timeout(tc, 600);
    tcase_add_loop_test(tc, shared_files, 0, 4);
    tcase_add_test(tc, corpus_files);
    tcase_add_test(tc, claims);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_image_sweep)
