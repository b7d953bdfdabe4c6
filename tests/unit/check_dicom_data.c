/*
 * check_dicom_data.c: every DICOM file of the shared material against the table made by
 * tools/golden/make_dicom_golden.py, then damaged in many ways. Needs SENTINODE_DATA.
 *
 * Bounds that hold for every input, checked here: no crash, no answer later than 2 s, no more memory than
 * 64 MiB + 4096 times the file's size (here 1 GiB at most), no patient's name or number in any message. SN_SLOW=1
 * tries 50 times as many damages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "io/io.h"
#include "tests/support/support.h"

#if defined(__SANITIZE_ADDRESS__)
#define LIMIT_MEMORY 0 /* the shadow memory counts as address space */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIMIT_MEMORY 0
#endif
#endif
#ifndef LIMIT_MEMORY
#define LIMIT_MEMORY 1
#endif

enum { FILE_, VERDICT, MESSAGE, SHAPE, TYPE, STORED, PICTURE };

static const char *in_data(const char *file)
{
    char name[512];

    snprintf(name, sizeof name, "dicom/%s", file);
    return sn_test_data(name);
}

/* ---- what the table says --------------------------------------------------------------------------- */

static void put_sample(uint8_t *out, const struct sn_dicom_pixels *p, const void *in, size_t i)
{
    if (p->bytes == 1)
        out[i] = ((const uint8_t *)in)[i];
    else if (p->bytes == 2)
        sn_put_le16(out + 2 * i, ((const uint16_t *)in)[i]);
    else
        sn_put_le32(out + 4 * i, ((const uint32_t *)in)[i]);
}

static int hash_stored(struct sn_dicom *d, const struct sn_dicom_pixels *p, char hex[SN_SHA256_HEX], struct sn_error *err)
{
    size_t n = (size_t)p->rows * p->cols * (size_t)p->samples;
    uint8_t *frame = malloc(n * (size_t)p->bytes), *bytes = malloc(n * (size_t)p->bytes), digest[32];
    struct sn_sha256 s;
    int rc = SN_OK;

    ck_assert(frame && bytes);
    sn_sha256_init(&s);
    for (uint32_t f = 0; f < p->frames && !rc; f++) {
        rc = sn_dicom_stored(d, p, f, frame, err);
        for (size_t i = 0; i < n; i++)
            put_sample(bytes, p, frame, i);
        sn_sha256_update(&s, bytes, n * (size_t)p->bytes);
    }
    sn_sha256_final(&s, digest);
    sn_hex(digest, sizeof digest, hex);
    free(frame);
    free(bytes);
    return rc;
}

static void check_shape(const struct sn_csv *t, size_t row, const struct sn_dicom_pixels *p)
{
    char shape[96], type[8];
    int n = 0;

    if (p->frames > 1)
        n = snprintf(shape, sizeof shape, "%ux", p->frames);
    n += snprintf(shape + n, sizeof shape - (size_t)n, "%ux%u", p->rows, p->cols);
    if (p->samples > 1)
        snprintf(shape + n, sizeof shape - (size_t)n, "x%d", p->samples);
    snprintf(type, sizeof type, "%c%d", p->is_signed ? 'i' : 'u', p->bytes);
    ck_assert_msg(strcmp(shape, sn_csv_cell(t, row, SHAPE)) == 0, "%s: shape %s", sn_csv_cell(t, row, FILE_), shape);
    ck_assert_msg(strcmp(type, sn_csv_cell(t, row, TYPE)) == 0, "%s: type %s", sn_csv_cell(t, row, FILE_), type);
}

static void check_decode(const struct sn_csv *t, size_t row, const struct sn_map *map)
{
    static const struct sn_dicom_view whole = { 0, SN_REGION_NONE };
    const char *file = sn_csv_cell(t, row, FILE_);
    char hex[SN_SHA256_HEX];
    struct sn_error err = { 0 };
    struct sn_dicom_pixels p;
    struct sn_image im;
    struct sn_dicom d;
    uint8_t digest[32];

    ck_assert(sn_dicom_recognise(map->data, map->size));
    ck_assert_msg(sn_dicom_parse(map->data, map->size, &d, &err) == SN_OK, "%s: %s", file, err.msg);
    ck_assert_msg(sn_dicom_describe(&d, &p, &err) == SN_OK, "%s: %s", file, err.msg);
    check_shape(t, row, &p);
    ck_assert_msg(hash_stored(&d, &p, hex, &err) == SN_OK, "%s: %s", file, err.msg);
    ck_assert_msg(strcmp(hex, sn_csv_cell(t, row, STORED)) == 0, "%s: stored values differ", file);
    ck_assert_msg(sn_dicom_image(&d, &whole, &im, &err) == SN_OK, "%s: %s", file, err.msg);
    sn_sha256(im.data, sn_image_bytes(&im), digest);
    sn_hex(digest, sizeof digest, hex);
    ck_assert_msg(strcmp(hex, sn_csv_cell(t, row, PICTURE)) == 0, "%s: picture differs (%s)", file, im.detail);
    sn_image_free(&im);
    sn_dicom_free(&d);
}

/* One of the alternatives between bars is in the message. */
static bool says(const char *msg, const char *alternatives)
{
    char part[160];

    while (*alternatives) {
        size_t n = strcspn(alternatives, "|");

        snprintf(part, sizeof part, "%.*s", (int)n, alternatives);
        if (strstr(msg, part))
            return true;
        alternatives += n + (alternatives[n] == '|');
    }
    return false;
}

static void check_row(const struct sn_csv *t, size_t row, const char *path)
{
    const char *file = sn_csv_cell(t, row, FILE_), *text = sn_csv_cell(t, row, MESSAGE);
    struct sn_error err = { 0 };
    struct sn_image im;
    struct sn_map map;
    int rc;

    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    rc = sn_image_decode(map.data, map.size, &im, &err);
    if (strcmp(sn_csv_cell(t, row, VERDICT), "decode") == 0) {
        ck_assert_msg(rc == SN_OK, "%s: %s", file, err.msg);
        check_decode(t, row, &map);
    } else {
        ck_assert_msg(sn_exit_code(rc) == 3, "%s: code %d, a refusal expected", file, rc);
        ck_assert_msg(says(err.msg, text), "%s: '%s' does not say '%s'", file, err.msg, text);
    }
    sn_image_free(&im);
    sn_map_close(&map);
}

static void load_table(struct sn_csv *t)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/dicom/files.csv"), t, &err), &err);
    ck_assert_uint_gt(t->rows, 160);
}

START_TEST(shared_files)
{
    struct sn_csv t;

    load_table(&t);
    for (size_t row = 0; row < t.rows; row++) {
        const char *path = in_data(sn_csv_cell(&t, row, FILE_));

        if (!path)
            break;
        check_row(&t, row, path);
    }
    sn_csv_free(&t);
}
END_TEST

/* ---- damaged files -------------------------------------------------------------------------------- */

/* What must not appear in a message: name, id and birth date of this file, where long enough to tell. */
struct secrets {
    char text[3][80];
};

static void collect(const uint8_t *data, size_t size, struct secrets *s)
{
    static const uint32_t tags[3] = { SN_DICOM_TAG(0x10, 0x10), SN_DICOM_TAG(0x10, 0x20), SN_DICOM_TAG(0x10, 0x30) };
    struct sn_dicom d;

    memset(s, 0, sizeof *s);
    if (sn_dicom_parse(data, size, &d, NULL) != SN_OK)
        return;
    for (int i = 0; i < 3; i++)
        sn_dicom_ascii(sn_dicom_find(&d.set, tags[i]), 0, s->text[i], sizeof s->text[i]);
    sn_dicom_free(&d);
}

static void silent_about(const struct secrets *s, const char *text, const char *file)
{
    for (int i = 0; i < 3; i++)
        ck_assert_msg(strlen(s->text[i]) < 6 || !strstr(text, s->text[i]), "%s: a message names the patient", file);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t tries, decoded;

static void try_one(const uint8_t *data, size_t size, const struct secrets *s, const char *file)
{
    struct sn_error err = { 0 };
    double start = now();
    struct sn_image im;
    int rc = sn_image_decode(data, size, &im, &err);

    tries++;
    decoded += rc == SN_OK;
    ck_assert_msg(now() - start < 2.0, "%s: took %.1f s", file, now() - start);
    ck_assert_msg(rc == SN_OK || sn_exit_code(rc) == 3, "%s: code %d: %s", file, rc, err.msg);
    ck_assert_msg(rc == SN_OK || (im.data == NULL && err.msg[0]), "%s: code %d", file, rc);
    silent_about(s, rc ? err.msg : im.detail, file);
    sn_image_free(&im);
}

/* Address space from here on: what is there, and `more`. */
static void limit_memory(size_t more)
{
    unsigned long pages = 0;
    struct rlimit r;
    FILE *f = fopen("/proc/self/statm", "r");

    if (!f || !LIMIT_MEMORY) /* not a Linux, or a sanitizer */
        return;
    ck_assert_int_eq(fscanf(f, "%lu", &pages), 1);
    fclose(f);
    getrlimit(RLIMIT_AS, &r);
    r.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + more;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &r), 0);
}

static void damage(const uint8_t *data, size_t size, const char *file, struct sn_rng *rng, size_t effort)
{
    static const uint8_t telling[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
    size_t head = SN_MIN(size, (size_t)6000), n = SN_MIN(effort / (size + 1) + 8, effort / 16000);
    uint8_t *copy = malloc(size);
    struct secrets s;

    ck_assert_ptr_nonnull(copy);
    collect(data, size, &s);
    for (size_t i = 0; i < n; i++) { /* ends early: exact size, so that a sanitizer sees an overread */
        size_t cut = i % 2 ? sn_rng_below(rng, size) : sn_rng_below(rng, head);
        uint8_t *part = malloc(cut ? cut : 1);

        ck_assert_ptr_nonnull(part);
        memcpy(part, data, cut);
        try_one(part, cut, &s, file);
        free(part);
    }
    for (size_t i = 0; i < n; i++) { /* up to three bytes changed, mostly in the header */
        memcpy(copy, data, size);
        for (size_t k = 0; k <= i % 3; k++) {
            size_t where = sn_rng_below(rng, 4) ? sn_rng_below(rng, head) : sn_rng_below(rng, size);

            copy[where] = sn_rng_below(rng, 2) ? telling[sn_rng_below(rng, sizeof telling)] : (uint8_t)sn_rng_next(rng);
        }
        try_one(copy, size, &s, file);
    }
    free(copy);
}

START_TEST(damaged_files)
{
    size_t effort = getenv("SN_SLOW") ? 100000000 : 2000000;
    struct sn_rng rng = { 20251125 };
    struct sn_csv t;

    load_table(&t);
    for (size_t row = 0; row < t.rows; row++) {
        const char *file = sn_csv_cell(&t, row, FILE_), *path = in_data(file);
        struct sn_error err = { 0 };
        struct sn_map map;

        if (!path)
            break;
        sn_ck_ok(sn_map_file(path, &map, &err), &err);
        limit_memory(SN_MIN(((size_t)64 << 20) + 4096 * map.size, (size_t)1 << 30) + map.size + (16 << 20));
        damage(map.data, map.size, file, &rng, effort);
        sn_map_close(&map);
    }
    printf("%zu damaged files tried, %zu still decoded\n", tries, decoded);
    sn_csv_free(&t);
}
END_TEST

static Suite *suite_dicom_data(void)
{
    Suite *s = suite_create("dicom_data");
    TCase *t = tcase_create("files");

    tcase_add_test(t, shared_files);
    tcase_add_test(t, damaged_files);
    if (getenv("SN_SLOW"))
        tcase_set_timeout(t, 3600);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_dicom_data)
