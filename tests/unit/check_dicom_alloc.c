/*
 * check_dicom_alloc.c: the DICOM reader when memory runs out: over the fuzzer's corpus the n-th allocation
 * fails, for every n. Each time the answer is "out of memory" (a note cut short does no harm), nothing is left
 * in the image, and everything was given back. All that one file asked for, freed or
 * not, stays below the stated 64 MiB + 4096 times its size.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "tests/support/alloc.h"
#include "tests/support/support.h"

static struct sn_alloc last;

static int decode(const struct sn_map *map, unsigned long fail, struct sn_image *im, struct sn_error *err)
{
    int rc;

    sn_alloc_watch(fail);
    rc = sn_image_decode(map->data, map->size, im, err);
    last = sn_alloc_stop();
    return rc;
}

static void one_file(const char *path, unsigned long *failures)
{
    struct sn_error err = { 0 };
    struct sn_image im;
    struct sn_map map;
    unsigned long n;
    int rc;

    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    rc = decode(&map, 0, &im, &err); /* or refused: then what was taken before is made to fail */
    ck_assert_msg(rc == SN_OK || sn_exit_code(rc) == 3, "%s: %s", path, err.msg);
    sn_image_free(&im);
    ck_assert_uint_le(last.asked, ((size_t)64 << 20) + 4096 * map.size);
    n = last.seen;
    ck_assert(rc != SN_OK || n > 1);
    for (unsigned long k = 1; k <= n; k++, ++*failures) {
        rc = decode(&map, k, &im, &err);
        ck_assert_msg(rc == SN_ENOMEM, "%s: allocation %lu of %lu failed, code %d: %s", path, k, n, rc, err.msg);
        ck_assert_ptr_null(im.data);
        ck_assert_uint_eq(last.alive, 0);
        sn_image_free(&im);
    }
    sn_map_close(&map);
}

START_TEST(every_allocation)
{
    static const char folder[] = "tests/fuzz/corpus/dicom";
    DIR *d = opendir(folder);
    unsigned long failures = 0;
    struct dirent *e;
    size_t files = 0;

    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d)) != NULL) {
        char path[512];

        if (e->d_name[0] == '.' || strncmp(e->d_name, "found", 5) == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        one_file(path, &failures);
        files++;
    }
    closedir(d);
    ck_assert_uint_ge(files, 40);
    printf("%zu files, %lu allocations made to fail in turn\n", files, failures);
}
END_TEST

static Suite *suite_dicom_alloc(void)
{
    Suite *s = suite_create("dicom_alloc");
    TCase *t = tcase_create("memory");

    tcase_add_test(t, every_allocation);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_dicom_alloc)
