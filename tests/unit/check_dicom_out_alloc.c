/*
 * check_dicom_out_alloc.c: de-identification and the objects we write when memory runs out: the n-th
 * allocation fails, for every n. Each time the answer is "out of memory" and everything
 * was given back.
 */
#include <dirent.h>
#include <stdio.h>

#include "io/deidentify.h"
#include "tests/support/alloc.h"
#include "tests/unit/dicom_samples.h"

static int deidentify(const void *data, size_t size, struct sn_error *err)
{
    struct sn_deid s = { .salt = { 1 } };
    struct sn_buf out = { 0 };
    struct sn_deid_file r;
    int rc = sn_deidentify(&s, data, size, &out, &r, err);

    sn_buf_free(&out);
    sn_deid_free(&s);
    return rc;
}

/* Segmentations of both kinds, a capture and a report of one source. */
static int make(const void *data, size_t size, struct sn_error *err)
{
    static const struct sn_dicom_maker maker = { "p", "0123456789abcdef0", "l" };
    static const uint8_t m[6] = { 1, 0, 1, 1, 1, 0 };
    static const float p[6] = { 0.5f, 1.0f };
    struct sn_dicom_mask mask = { 0, m, p };
    struct sn_dicom_seg seg = { .width = 3, .height = 2, .n = 1, .masks = &mask, .description = "d" };
    uint8_t rgb[18] = { 0 };
    struct sn_image im = { .width = 3, .height = 2, .channels = 3, .depth = 8, .data = rgb };
    struct sn_dicom_sc sc = { .rgb = &im, .description = "d" };
    struct sn_dicom_object o[4] = { { .sop_class = NULL } };
    struct sn_dicom_sr sr = { .seg = &o[0], .found = true };
    struct sn_dicom_source source;
    struct sn_dicom_context c = { &source, &maker, SN_DICOM_LYMPH_NODE };
    struct sn_dicom d;
    int rc;

    SN_TRY(sn_dicom_parse(data, size, &d, err));
    SN_TRY_OUT(sn_dicom_source_read(&source, &d, err));
    SN_TRY_OUT(sn_dicom_make_seg(&c, &seg, &o[0], err));
    seg.fractional = true;
    SN_TRY_OUT(sn_dicom_make_seg(&c, &seg, &o[1], err));
    SN_TRY_OUT(sn_dicom_make_sc(&c, &sc, &o[2], err));
    rc = sn_dicom_make_sr(&c, &sr, &o[3], err);
out:
    for (size_t i = 0; i < SN_COUNT(o); i++)
        sn_dicom_object_free(&o[i]);
    sn_dicom_free(&d);
    return rc;
}

/* The n-th allocation of fn fails, for every n; the number of them. */
static unsigned long sweep(int (*fn)(const void *data, size_t size, struct sn_error *err), const char *name,
                           const void *data, size_t size)
{
    struct sn_error err = { 0 };
    unsigned long n;
    bool refused;

    sn_alloc_watch(0);
    refused = fn(data, size, &err) != SN_OK;
    n = sn_alloc_stop().seen;
    if (refused)
        return 0;
    for (unsigned long k = 1; k <= n; k++) {
        size_t alive;
        int rc;

        sn_alloc_watch(k);
        rc = fn(data, size, &err);
        alive = sn_alloc_stop().alive;
        ck_assert_uint_eq(alive, 0);
        ck_assert_msg(rc == SN_ENOMEM, "%s: allocation %lu of %lu failed, code %d: %s", name, k, n, rc, err.msg);
    }
    return n;
}

START_TEST(anonymous)
{
    static const char folder[] = "tests/fuzz/corpus/deidentify";
    const struct dirent *e;
    DIR *d = opendir(folder);
    unsigned long failures = 0;

    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d)) != NULL) {
        struct sn_error err = { 0 };
        struct sn_map map;
        char path[512];

        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        sn_ck_ok(sn_map_file(path, &map, &err), &err);
        failures += sweep(deidentify, e->d_name, map.data, map.size);
        sn_map_close(&map);
    }
    (void)closedir(d);
    ck_assert_uint_gt(failures, 200);
    printf("%lu allocations made to fail in turn\n", failures);
}
END_TEST

START_TEST(objects)
{
    const struct sample s = { .rows = 9, .cols = 11, .frames = _i ? 3 : 1, .region = true };
    struct sn_buf file = sample_file(&s);

    ck_assert_uint_gt(sweep(make, "sample", file.data, file.len), 20);
    sn_buf_free(&file);
}
END_TEST

static Suite *suite_dicom_out_alloc(void)
{
    Suite *s = suite_create("DICOM out, memory");
    TCase *tc = tcase_create("memory");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, anonymous);
    tcase_add_loop_test(tc, objects, 0, 2);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_dicom_out_alloc)
