/*
 * check_snw.c: models in memory, .snw round trips, and a reader that refuses every other file.
 */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "weights/snw.h"

/* ---- a small model and its file ----------------------------------------------------------- */

static const float values[6] = { 1.0f, -2.0f, 0.5f, 3.25f, -0.0f, 1e-40f };

static void build(struct sn_model *m)
{
    uint8_t le[24]; /* tensors are little-endian, on every machine */
    struct sn_error err;
    uint64_t s23[2] = { 2, 3 }, s3[1] = { 3 }, s0[2] = { 0, 7 };

    for (size_t i = 0; i < 6; i++) {
        uint32_t u;

        memcpy(&u, &values[i], 4);
        sn_put_le32(le + 4 * i, u);
    }
    sn_model_init(m);
    sn_ck_ok(sn_model_add(m, "conv.weight", SN_F32, 2, s23, le, true, &err), &err);
    sn_ck_ok(sn_model_add(m, "b\xc3\xbc", SN_F16, 1, s3, le, true, &err), &err);
    sn_ck_ok(sn_model_add(m, "empty", SN_F32, 2, s0, NULL, true, &err), &err);
    sn_ck_ok(sn_model_add(m, "a", SN_BF16, 0, NULL, le, true, &err), &err);
    sn_ck_ok(sn_model_set_meta(m, "family", "torchvision", &err), &err);
    sn_ck_ok(sn_model_set_meta(m, "architecture", "?", &err), &err);
    sn_ck_ok(sn_model_set_meta(m, "architecture", "res net\n50", &err), &err); /* replaces */
    sn_ck_ok(sn_model_set_meta(m, "note", "", &err), &err);
}

/* The bytes of the small model's file, malloc'd. */
static uint8_t *file_bytes(size_t *size)
{
    struct sn_model m;
    struct sn_error err;
    struct sn_map map;
    char path[512];
    uint8_t *p;

    (void)snprintf(path, sizeof path, "%s/small.snw", sn_test_tmpdir());
    build(&m);
    sn_ck_ok(sn_model_write(&m, path, &err), &err);
    sn_model_close(&m);
    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    p = malloc(map.size);
    memcpy(p, map.data, map.size);
    *size = map.size;
    sn_map_close(&map);
    return p;
}

/* After an edit: makes all three checksums right again, so that only the edit can be found. */
static void reseal(uint8_t *p, size_t size)
{
    uint64_t data_at = sn_le64(p + 48);

    if (data_at >= SNW_HEADER && data_at <= size)
        sn_put_le32(p + 56, sn_crc32c(0, p + SNW_HEADER, (size_t)data_at - SNW_HEADER));
    sn_put_le32(p + 60, sn_crc32c(0, p, 60));
    sn_sha256(p, size - 32, p + size - 32);
}

/* Parses an exact-size copy, so that a sanitizer sees any overread. */
static int parse(const uint8_t *p, size_t size, int verify, struct sn_error *err)
{
    uint8_t *copy = malloc(size ? size : 1);
    struct sn_model m;
    int rc;

    memcpy(copy, p, size);
    rc = sn_model_parse(&m, copy, size, verify, err);
    if (rc)
        ck_assert_uint_eq(m.n_tensors + m.n_meta, 0);
    else
        for (size_t i = 0; i < m.n_tensors; i++) {
            double v[6];

            sn_tensor_to_f64(&m.tensors[i], 0, SN_MIN(m.tensors[i].count, (size_t)6), v);
        }
    sn_model_close(&m);
    free(copy);
    return rc;
}

/* ---- round trip --------------------------------------------------------------------------- */

START_TEST(round_trip)
{
    size_t size;
    uint8_t *p = file_bytes(&size), digest[32];
    struct sn_model m;
    struct sn_error err;
    const struct sn_tensor *t;
    float got[6];

    sn_ck_ok(sn_model_parse(&m, p, size, SN_VERIFY_CRC | SN_VERIFY_SHA256, &err), &err);
    ck_assert_uint_eq(m.n_meta, 3);
    ck_assert_str_eq(m.meta[0].key, "architecture");
    ck_assert_str_eq(sn_model_meta(&m, "architecture"), "res net\n50");
    ck_assert_str_eq(sn_model_meta(&m, "family"), "torchvision");
    ck_assert_str_eq(sn_model_meta(&m, "note"), "");
    ck_assert_ptr_null(sn_model_meta(&m, "notes"));
    ck_assert_uint_eq(m.n_tensors, 4);
    t = &m.tensors[0];
    ck_assert_str_eq(t->name, "conv.weight");
    ck_assert(t->dtype == SN_F32 && t->rank == 2 && t->shape[0] == 2 && t->shape[1] == 3);
    ck_assert(t->count == 6 && t->bytes == 24);
    sn_tensor_to_f32(t, 0, 6, got);
    ck_assert_mem_eq(got, values, sizeof values);
    ck_assert_ptr_eq(sn_model_find(&m, "conv.weight"), t);
    t = sn_model_find(&m, "a");
    ck_assert(t == &m.tensors[3] && t->rank == 0 && t->count == 1 && t->dtype == SN_BF16);
    ck_assert_uint_eq(sn_model_find(&m, "empty")->count, 0);
    ck_assert_ptr_nonnull(sn_model_find(&m, "b\xc3\xbc"));
    ck_assert_ptr_null(sn_model_find(&m, "b"));
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq((size_t)((const uint8_t *)m.tensors[i].data - p) % 64, 0);
        sn_ck_ok(sn_tensor_verify(&m.tensors[i], &err), &err);
    }
    sn_sha256(p, size - 32, digest);
    ck_assert_mem_eq(digest, m.sha256, 32);
    sn_model_close(&m);
    free(p);
}
END_TEST

/* The same bytes again, from a model built in another order of keys, and from the model just read. */
START_TEST(deterministic)
{
    size_t size;
    uint8_t *p = file_bytes(&size);
    struct sn_model m, n;
    struct sn_error err;
    struct sn_map map;
    char path[512];

    (void)snprintf(path, sizeof path, "%s/again.snw", sn_test_tmpdir());
    sn_ck_ok(sn_model_parse(&m, p, size, 0, &err), &err);
    sn_ck_ok(sn_model_write(&m, path, &err), &err);
    sn_model_close(&m);
    sn_ck_ok(sn_model_open(&n, path, SN_VERIFY_SHA256, &err), &err);
    ck_assert_uint_eq(n.map.size, size);
    ck_assert_mem_eq(n.map.data, p, size);
    sn_model_close(&n);

    build(&m);
    sn_ck_ok(sn_model_set_meta(&m, "note", "x", &err), &err);
    sn_ck_ok(sn_model_set_meta(&m, "note", "", &err), &err);
    sn_ck_ok(sn_model_write(&m, path, &err), &err);
    sn_model_close(&m);
    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    ck_assert_uint_eq(map.size, size);
    ck_assert_mem_eq(map.data, p, size);
    sn_map_close(&map);
    free(p);
}
END_TEST

/* The digest of one file, so that a change of the format cannot go unnoticed. */
START_TEST(pinned_bytes)
{
    size_t size;
    uint8_t *p = file_bytes(&size);
    char hex[65];

    sn_hex(p + size - 32, 32, hex);
    ck_assert_uint_eq(size, 544);
    ck_assert_str_eq(hex, "8eaafe5c8215c41f00e87c18d2aad4998b1ad0ea6aeba881f51539f7a711411f");
    free(p);
}
END_TEST

/* No tensors, no metadata: header, no body, digest. */
START_TEST(smallest)
{
    struct sn_model m;
    struct sn_error err;
    char path[512];

    (void)snprintf(path, sizeof path, "%s/none.snw", sn_test_tmpdir());
    sn_model_init(&m);
    sn_ck_ok(sn_model_write(&m, path, &err), &err);
    sn_ck_ok(sn_model_open(&m, path, SN_VERIFY_CRC | SN_VERIFY_SHA256, &err), &err);
    ck_assert_uint_eq(m.map.size, 96);
    ck_assert_ptr_null(sn_model_find(&m, "a"));
    ck_assert_ptr_null(sn_model_meta(&m, "a"));
    sn_model_close(&m);
    sn_ck_fails(sn_model_open(&m, "/nonexistent/x.snw", 0, &err), SN_EIO, &err, "x.snw");
    ck_assert_int_eq(sn_model_write(&m, "/nonexistent/x.snw", &err), SN_EMACHINE);
}
END_TEST

START_TEST(many_tensors)
{
    struct sn_model m;
    struct sn_error err;
    char name[32];
    float v = 1;

    sn_model_init(&m);
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "t%u", (i * 7919) % 1000); /* 7919 is prime: all names, shuffled */
        sn_ck_ok(sn_model_add(&m, name, SN_F32, 0, NULL, &v, false, &err), &err);
    }
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "t%u", i);
        ck_assert_ptr_nonnull(sn_model_find(&m, name));
        ck_assert_str_eq(sn_model_find(&m, name)->name, name);
        sn_ck_fails(sn_model_add(&m, name, SN_F32, 0, NULL, &v, false, &err), SN_EFORMAT, &err, "occurs twice");
    }
    ck_assert_uint_eq(m.n_tensors, 1000);
    sn_model_close(&m);
}
END_TEST

START_TEST(builder_refuses)
{
    struct sn_model m;
    struct sn_error err;
    uint64_t huge[3] = { (uint64_t)1 << 40, (uint64_t)1 << 40, 1 };
    char name[1200];
    float v = 1;

    sn_model_init(&m);
    memset(name, 'x', sizeof name);
    name[1024] = '\0';
    sn_ck_fails(sn_model_add(&m, name, SN_F32, 0, NULL, &v, true, &err), SN_EFORMAT, &err, "longer than 1023");
    sn_ck_fails(sn_model_add(&m, "", SN_F32, 0, NULL, &v, true, &err), SN_EFORMAT, &err, "empty");
    sn_ck_fails(sn_model_add(&m, "a\nb", SN_F32, 0, NULL, &v, true, &err), SN_EFORMAT, &err, "control");
    sn_ck_fails(sn_model_add(&m, "a\xc2\x85", SN_F32, 0, NULL, &v, true, &err), SN_EFORMAT, &err, "control");
    sn_ck_fails(sn_model_add(&m, "\xc0\x80", SN_F32, 0, NULL, &v, true, &err), SN_EFORMAT, &err, "UTF-8");
    sn_ck_fails(sn_model_add(&m, "\xed\xa0\x80", SN_F32, 0, NULL, &v, true, &err), SN_EFORMAT, &err, "UTF-8");
    sn_ck_fails(sn_model_add(&m, "\xf4\x90\x80\x80", SN_F32, 0, NULL, &v, true, &err), SN_EFORMAT, &err, "UTF-8");
    sn_ck_fails(sn_model_add(&m, "\xe2\x82", SN_F32, 0, NULL, &v, true, &err), SN_EFORMAT, &err, "UTF-8");
    sn_ck_fails(sn_model_add(&m, "a", (enum sn_dtype)9, 0, NULL, &v, true, &err), SN_EINVAL, &err, "dtype");
    sn_ck_fails(sn_model_add(&m, "a", SN_F32, 9, huge, &v, true, &err), SN_EUNSUPPORTED, &err, "rank 9");
    ck_assert_int_eq(sn_model_add(&m, "a", SN_F32, 3, huge, &v, true, &err), SN_ELIMIT);
    sn_ck_fails(sn_model_set_meta(&m, "", "v", &err), SN_EINVAL, &err, "empty");
    sn_ck_fails(sn_model_set_meta(&m, "a b", "v", &err), SN_EINVAL, &err, "character");
    sn_ck_fails(sn_model_set_meta(&m, "a", "\x1b[2J", &err), SN_EINVAL, &err, "control");
    ck_assert_uint_eq(m.n_tensors + m.n_meta, 0);
    ck_assert_int_eq(sn_model_add(&m, "a", SN_F32, 9, huge, &v, true, NULL), SN_EUNSUPPORTED);
    sn_model_close(&m);
}
END_TEST

/* ---- values ------------------------------------------------------------------------------- */

/* All 65536 of each, against the definition: sign, 2^exponent, fraction (ldexp is exact here). */
START_TEST(half_values)
{
    static uint8_t f16[65536 * 2];
    static float got[65536];
    static double got64[65536];
    uint64_t shape[1] = { 65536 };
    struct sn_model m;
    struct sn_error err;

    for (unsigned i = 0; i < 65536; i++)
        sn_put_le16(f16 + 2 * i, (uint16_t)i);
    sn_model_init(&m);
    sn_ck_ok(sn_model_add(&m, "h", SN_F16, 1, shape, f16, false, &err), &err);
    sn_ck_ok(sn_model_add(&m, "b", SN_BF16, 1, shape, f16, false, &err), &err);
    for (int bf = 0; bf < 2; bf++) {
        int frac_bits = bf ? 7 : 10, bias = bf ? 127 : 15, top = bf ? 255 : 31;

        sn_tensor_to_f32(&m.tensors[bf], 0, 65536, got);
        sn_tensor_to_f64(&m.tensors[bf], 0, 65536, got64);
        for (int i = 0; i < 65536; i++) {
            int exp = (i & 0x7fff) >> frac_bits, frac = i & ((1 << frac_bits) - 1);
            double want = exp ? ldexp((1 << frac_bits) + frac, exp - bias - frac_bits)
                              : ldexp(frac, 1 - bias - frac_bits);

            if (exp == top && frac) {
                ck_assert(isnan(got[i]) && isnan(got64[i]));
                continue;
            }
            if (exp == top)
                want = INFINITY;
            ck_assert_msg((double)got[i] == copysign(want, i & 0x8000 ? -1.0 : 1.0), "%04x: %a", (unsigned)i, got[i]);
            ck_assert_int_eq(signbit(got[i]) != 0, (i & 0x8000) != 0);
            ck_assert(got64[i] == (double)got[i]);
        }
    }
    sn_tensor_to_f32(&m.tensors[0], 0x3c00, 1, got); /* a window */
    ck_assert(got[0] == 1.0f);
    sn_model_close(&m);
}
END_TEST

/* ---- refusals ----------------------------------------------------------------------------- */

START_TEST(truncated)
{
    size_t size;
    uint8_t *p = file_bytes(&size);
    struct sn_error err;

    for (size_t n = 0; n < size; n++)
        ck_assert_msg(parse(p, n, SN_VERIFY_NONE, &err) != SN_OK, "cut at byte %zu was taken", n);
    p = realloc(p, size + 1);
    p[size] = 0;
    ck_assert_int_ne(parse(p, size + 1, SN_VERIFY_NONE, &err), SN_OK);
    free(p);
}
END_TEST

/* Any changed byte is found with SHA-256; without it only tensor data and the digest may differ. */
START_TEST(every_byte)
{
    size_t size, data_at;
    uint8_t *p = file_bytes(&size);
    struct sn_error err;

    data_at = (size_t)sn_le64(p + 48);
    for (size_t i = 0; i < size; i++)
        for (int v = 1; v < 256; v++) {
            int rc;

            p[i] ^= (uint8_t)v;
            ck_assert_msg(parse(p, size, SN_VERIFY_SHA256, &err) != SN_OK, "byte %zu ^ %d was taken", i, v);
            rc = parse(p, size, SN_VERIFY_NONE, &err);
            ck_assert_msg(rc != SN_OK || i >= data_at, "byte %zu ^ %d was taken without SHA-256", i, v);
            ck_assert_int_eq(sn_exit_code(rc), rc ? 3 : 0);
            p[i] ^= (uint8_t)v;
        }
    free(p);
}
END_TEST

/* The same with the checksums put right, as a forger would: never a crash; structure still holds. */
START_TEST(every_byte_resealed)
{
    size_t size, data_at;
    uint8_t *p = file_bytes(&size), *q = malloc(size);
    struct sn_error err;

    data_at = (size_t)sn_le64(p + 48);
    for (size_t i = 0; i < data_at; i++)
        for (int v = 1; v < 256; v++) {
            memcpy(q, p, size);
            q[i] ^= (uint8_t)v;
            reseal(q, size);
            (void)parse(q, size, SN_VERIFY_CRC | SN_VERIFY_SHA256, &err);
        }
    free(q);
    free(p);
}
END_TEST

/* Positions inside the small file: entries are walked as FORMAT.md says. */
static size_t entry_at(const uint8_t *p, int index)
{
    size_t at = (size_t)sn_le64(p + 40);

    for (int i = 0; i < index; i++)
        at = (at + 24 + 8u * p[at + 23] + sn_le16(p + at + 20) + 1 + 7) / 8 * 8;
    return at;
}

struct edit {
    const char *what;   /* part of the expected message */
    int code;
    int entry;          /* -1: `at` counts from the start of the file, else from that tensor's entry */
    size_t at;
    unsigned width;     /* bytes of the value: 1, 2, 4, 8 */
    uint64_t value;
};

static const struct edit edits[] = {
    { "magic differs at byte 0", SN_EFORMAT, -1, 0, 1, 'S' },
    { "magic differs at byte 4", SN_EFORMAT, -1, 4, 1, '\n' },
    { "version 2 at byte 8", SN_EUNSUPPORTED, -1, 8, 4, 2 },
    { "header size 128 at byte 12", SN_EFORMAT, -1, 12, 4, 128 },
    { "byte 16 says 735", SN_EFORMAT, -1, 16, 8, 735 },
    { "byte 16 says 18446744073709551615", SN_EFORMAT, -1, 16, 8, UINT64_MAX },
    { "4097 metadata entries", SN_EFORMAT, -1, 24, 4, 4097 },
    { "metadata entry at byte", SN_EFORMAT, -1, 24, 4, 4 },
    { "metadata ends at byte", SN_EFORMAT, -1, 24, 4, 2 },
    { "65537 tensors", SN_EFORMAT, -1, 28, 4, 65537 },
    { "padding byte", SN_EFORMAT, -1, 28, 4, 3 },
    { "metadata offset 72", SN_EFORMAT, -1, 32, 8, 72 },
    { "table offset 4 ", SN_EFORMAT, -1, 40, 8, 4 },
    { "table offset 8000", SN_EFORMAT, -1, 40, 8, 8000 },
    { "data offset 0 ", SN_EFORMAT, -1, 48, 8, 0 },
    { "data offset 18446744073709551552", SN_EFORMAT, -1, 48, 8, UINT64_MAX - 63 },
    { "metadata key of 256", SN_EFORMAT, -1, 64, 4, 256 },
    { "metadata key of 4294967295", SN_EFORMAT, -1, 64, 4, UINT32_MAX },
    { "metadata value of 4294967295", SN_EFORMAT, -1, 68, 4, UINT32_MAX },
    { "is not followed by a zero at byte 72", SN_EFORMAT, -1, 64, 4, 0 },
    { "metadata key at byte 64 has a character", SN_EFORMAT, -1, 72, 1, ' ' },
    { "not above the one before", SN_EFORMAT, -1, 72, 1, 'z' },
    { "is not followed by a zero at byte 84", SN_EFORMAT, -1, 84, 1, 'x' },
    { "has a control character", SN_EFORMAT, -1, 85, 1, 7 },
    { "is not UTF-8", SN_EFORMAT, -1, 85, 1, 0xff },
    { "no multiple of 64", SN_EFORMAT, 0, 0, 8, 8 },
    { "leaves a gap", SN_EFORMAT, 0, 0, 8, UINT64_MAX - 63 },
    { "overlaps", SN_EFORMAT, 1, 0, 8, 64 },
    { "its shape needs 24", SN_EFORMAT, 0, 8, 8, 25 },
    { "its shape needs 24", SN_EFORMAT, 0, 8, 8, UINT64_MAX },
    { "has CRC-32C", SN_EFORMAT, 0, 16, 4, 1 },
    { "tensor name of 65535 bytes", SN_EFORMAT, 0, 20, 2, 65535 },
    { "is not followed by a zero", SN_EFORMAT, 3, 20, 2, 0 },
    { "unknown dtype 0", SN_EFORMAT, 0, 22, 1, 0 },
    { "unknown dtype 5", SN_EFORMAT, 0, 22, 1, 5 },
    { "rank 9", SN_EFORMAT, 0, 23, 1, 9 },
    { "rank 255", SN_EFORMAT, 0, 23, 1, 255 },
    { "tensor \"conv.weight\"", SN_ELIMIT, 0, 24, 8, UINT64_MAX },
    { "its shape needs 12", SN_EFORMAT, 0, 24, 8, 1 },
    { "has a control character", SN_EFORMAT, 0, 40, 1, 0x1b },
    { "is not UTF-8", SN_EFORMAT, 0, 40, 1, 0x80 },
    { "has a control character", SN_EFORMAT, 0, 40, 1, 0 },
    { "padding byte", SN_EFORMAT, 0, 40 + 12, 1, 1 },
};

START_TEST(each_field)
{
    size_t size;
    uint8_t *p = file_bytes(&size), *q = malloc(size);
    const struct edit *e = &edits[_i];
    size_t at = e->at + (e->entry < 0 ? 0 : entry_at(p, e->entry));
    struct sn_error err = { 0 };
    int rc;

    memcpy(q, p, size);
    for (unsigned i = 0; i < e->width; i++)
        q[at + i] = (uint8_t)(e->value >> 8 * i);
    reseal(q, size);
    rc = parse(q, size, SN_VERIFY_CRC | SN_VERIFY_SHA256, &err);
    ck_assert_msg(rc == e->code && strstr(err.msg, e->what), "edit %d: code %d, expected %d '%s': %s", _i, rc, e->code,
                  e->what, err.msg);
    free(q);
    free(p);
}
END_TEST

/* Nonzero padding in the data, a name that occurs twice, checksums one by one. */
START_TEST(padding_duplicate_checksums)
{
    size_t size, data_at, name;
    uint8_t *p = file_bytes(&size);
    struct sn_error err;

    data_at = (size_t)sn_le64(p + 48);
    p[data_at + 24] = 1; /* after the 24 bytes of conv.weight */
    reseal(p, size);
    sn_ck_fails(parse(p, size, 0, &err), SN_EFORMAT, &err, "padding byte");
    p[data_at + 24] = 0;
    p[size - 33] = 1; /* after the last tensor */
    reseal(p, size);
    sn_ck_fails(parse(p, size, 0, &err), SN_EFORMAT, &err, "padding byte");
    p[size - 33] = 0;

    name = entry_at(p, 3) + 24; /* "a" */
    p[name] = 0; /* and one less */
    p[entry_at(p, 3) + 20] = 0;
    reseal(p, size);
    sn_ck_fails(parse(p, size, 0, &err), SN_EFORMAT, &err, "is empty");
    free(p);

    p = file_bytes(&size);
    p[name] = 'b'; /* "b" is new, so this is fine ... */
    reseal(p, size);
    sn_ck_ok(parse(p, size, SN_VERIFY_SHA256, &err), &err);
    p[name] ^= 1;
    sn_ck_fails(parse(p, size, 0, &err), SN_EFORMAT, &err, "byte 56 says");
    reseal(p, size);
    p[58] ^= 1;
    sn_ck_fails(parse(p, size, 0, &err), SN_EFORMAT, &err, "byte 60 says");
    p[58] ^= 1;
    p[size - 1] ^= 1;
    sn_ck_ok(parse(p, size, SN_VERIFY_CRC, &err), &err);
    sn_ck_fails(parse(p, size, SN_VERIFY_SHA256, &err), SN_EFORMAT, &err, "SHA-256");
    p[size - 1] ^= 1;
    p[data_at] ^= 1;
    sn_ck_ok(parse(p, size, SN_VERIFY_NONE, &err), &err);
    sn_ck_fails(parse(p, size, SN_VERIFY_CRC, &err), SN_EFORMAT, &err, "conv.weight");
    free(p);
}
END_TEST

START_TEST(duplicate_name)
{
    struct sn_model m;
    struct sn_error err;
    struct sn_map map;
    char path[512];
    uint8_t *p;
    float v = 1;

    (void)snprintf(path, sizeof path, "%s/two.snw", sn_test_tmpdir());
    sn_model_init(&m);
    sn_ck_ok(sn_model_add(&m, "x1", SN_F32, 0, NULL, &v, false, &err), &err);
    sn_ck_ok(sn_model_add(&m, "x2", SN_F32, 0, NULL, &v, false, &err), &err);
    sn_ck_ok(sn_model_write(&m, path, &err), &err);
    sn_model_close(&m);
    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    p = malloc(map.size);
    memcpy(p, map.data, map.size);
    p[entry_at(p, 1) + 25] = '1';
    reseal(p, map.size);
    sn_ck_fails(parse(p, map.size, 0, &err), SN_EFORMAT, &err, "\"x1\" at byte 96 occurs twice");
    free(p);
    sn_map_close(&map);
}
END_TEST

static Suite *suite_snw(void)
{
    Suite *s = suite_create("snw");
    TCase *c = tcase_create("snw");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, round_trip);
    tcase_add_test(c, deterministic);
    tcase_add_test(c, pinned_bytes);
    tcase_add_test(c, smallest);
    tcase_add_test(c, many_tensors);
    tcase_add_test(c, builder_refuses);
    tcase_add_test(c, half_values);
    tcase_add_test(c, truncated);
    tcase_add_test(c, every_byte);
    tcase_add_test(c, every_byte_resealed);
    tcase_add_loop_test(c, each_field, 0, (int)(sizeof edits / sizeof *edits));
    tcase_add_test(c, padding_duplicate_checksums);
    tcase_add_test(c, duplicate_name);
    suite_add_tcase(s, c);
    return s;
}

SN_CHECK_MAIN(suite_snw)
