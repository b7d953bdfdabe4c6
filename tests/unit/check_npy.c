/* check_npy.c: NumPy arrays in and out: headers as several writers make them, byte orders, refusals. */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "tests/support/support.h"

/* Preamble, the given dictionary, data. version 1 to 3. */
static struct sn_buf make_npy(int version, const char *dict, const void *data, size_t n)
{
    struct sn_buf b = { 0 };
    size_t len = strlen(dict);
    uint8_t head[12] = { 0x93, 'N', 'U', 'M', 'P', 'Y', (uint8_t)version, 0 };

    head[8] = (uint8_t)len;
    head[9] = (uint8_t)(len >> 8);
    sn_buf_add(&b, head, version == 1 ? 10 : 12);
    sn_buf_add(&b, dict, len);
    sn_buf_add(&b, data, n);
    return b;
}

static int decode(int version, const char *dict, const void *data, size_t n, struct sn_npy *a, struct sn_error *err)
{
    struct sn_buf b = make_npy(version, dict, data, n);
    char *exact = malloc(b.len); /* so that a sanitizer sees an overread */
    int rc;

    memcpy(exact, b.data, b.len);
    rc = sn_npy_decode(exact, b.len, a, err);
    free(exact);
    sn_buf_free(&b);
    return rc;
}

START_TEST(headers_in_the_wild)
{
    static const struct {
        int version;
        const char *dict;
        enum sn_npy_type type;
        int ndim;
        size_t shape[3];
    } cases[] = {
        { 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }      \n", SN_NPY_U1, 2, { 2, 3 } },
        { 2, "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }\n", SN_NPY_U1, 1, { 6 } },
        { 3, "{'descr': 'i1', 'fortran_order': False, 'shape': (6,)}", SN_NPY_I1, 1, { 6 } },
        { 1, "{\"shape\":(1,2,3),\"descr\":\"<u1\",\"fortran_order\":False}", SN_NPY_U1, 3, { 1, 2, 3 } },
        { 1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3L, 2L)}", SN_NPY_B1, 2, { 3, 2 } },
    };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct sn_error err = { 0 };
        struct sn_npy a;

        sn_ck_ok(decode(cases[i].version, cases[i].dict, "\1\2\3\4\5\6", 6, &a, &err), &err);
        ck_assert_int_eq(a.type, cases[i].type);
        ck_assert_int_eq(a.ndim, cases[i].ndim);
        ck_assert_mem_eq(a.shape, cases[i].shape, sizeof(size_t) * (size_t)a.ndim);
        ck_assert_uint_eq(a.count, 6);
        ck_assert_mem_eq(a.data, "\1\2\3\4\5\6", 6);
        sn_npy_free(&a);
        ck_assert_ptr_null(a.data);
    }
}
END_TEST

START_TEST(byte_orders)
{
    struct sn_error err = { 0 };
    struct sn_npy a;
    float f = 1.5f;
    double d = -2.0;
    uint16_t u = 0x1234;

    sn_ck_ok(decode(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "\0\0\xc0\x3f", 4, &a, &err), &err);
    ck_assert_mem_eq(a.data, &f, 4);
    sn_npy_free(&a);
    sn_ck_ok(decode(1, "{'descr': '>f4', 'fortran_order': False, 'shape': ()}", "\x3f\xc0\0\0", 4, &a, &err), &err);
    ck_assert_int_eq(a.ndim, 0);
    ck_assert_mem_eq(a.data, &f, 4);
    sn_npy_free(&a);
    sn_ck_ok(decode(1, "{'descr': '>f8', 'fortran_order': False, 'shape': (1, 1)}", "\xc0\0\0\0\0\0\0\0", 8, &a, &err), &err);
    ck_assert_mem_eq(a.data, &d, 8);
    sn_npy_free(&a);
    sn_ck_ok(decode(1, "{'descr': '>u2', 'fortran_order': False, 'shape': (1,)}", "\x12\x34", 2, &a, &err), &err);
    ck_assert_mem_eq(a.data, &u, 2);
    sn_npy_free(&a);
    sn_ck_ok(decode(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (0, 5)}", "", 0, &a, &err), &err);
    ck_assert_uint_eq(a.count, 0);
    sn_npy_free(&a);
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        const char *dict;
        int code;
        const char *text;
    } cases[] = {
        { "{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", SN_EUNSUPPORTED, "Fortran order" },
        { "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", SN_EUNSUPPORTED, "type at header byte 20" },
        { "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", SN_EUNSUPPORTED, "type at" },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", SN_EUNSUPPORTED, "structured" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", SN_EFORMAT, "need 8 bytes, 4 follow" },
        { "{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", SN_EFORMAT, "need 3 bytes, 4 follow" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': ()}x", SN_EFORMAT, "found 'x', expected nothing" },
        { "{'descr': '<f4', 'fortran_order': False}", SN_EFORMAT, "lacks one of" },
        { "{'descr': '<f4', 'descr': '<f4'}", SN_EFORMAT, "unknown or doubled" },
        { "{'descr': '<f4', 'order': False}", SN_EFORMAT, "unknown or doubled" },
        { "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", SN_EFORMAT, "expected True or False" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", SN_EFORMAT, "',' after the one" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", SN_EFORMAT, "expected a dimension" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}", SN_EFORMAT, "',' or ')'" },
        { "{'descr': '<f4' 'shape': (1,)}", SN_EFORMAT, "',' or '}'" },
        { "{'descr': '<f4", SN_EFORMAT, "closing quote" },
        { "{'descr'", SN_EFORMAT, "the header's end, expected ':'" },
        { "", SN_EFORMAT, "expected '{'" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", SN_ELIMIT, "more than 8" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}", SN_ELIMIT, "" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,4294967296)}", SN_ELIMIT, "" },
        { "{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904,)}", SN_ELIMIT, "" },
    };
    struct sn_error err = { 0 };
    struct sn_npy a;

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        sn_ck_fails(decode(1, cases[i].dict, "abcd", 4, &a, &err), cases[i].code, &err, cases[i].text);
        ck_assert_ptr_null(a.data);
    }
    sn_ck_fails(sn_npy_decode("\x93NUMPX\1\0\0\0", 10, &a, &err), SN_EFORMAT, &err, "magic");
    sn_ck_fails(sn_npy_decode("", 0, &a, &err), SN_EFORMAT, &err, "file of 0 bytes");
    sn_ck_fails(sn_npy_decode("\x93NUMPY\4\0\0\0", 10, &a, &err), SN_EUNSUPPORTED, &err, "version 4.0");
    sn_ck_fails(sn_npy_decode("\x93NUMPY\1\0\1\0", 10, &a, &err), SN_EFORMAT, &err, "header of 1 bytes, 0 remain");
    sn_ck_fails(sn_npy_decode("\x93NUMPY\2\0\1\0", 10, &a, &err), SN_EFORMAT, &err, "preamble");
    sn_ck_fails(sn_npy_read("/nonexistent.npy", &a, &err), SN_EIO, &err, "nonexistent");
}
END_TEST

/* The bytes NumPy 1.24 writes for np.save(f, np.arange(6, dtype=np.uint16).reshape(2, 3)). */
START_TEST(written_as_numpy)
{
    static const char want[] = "\x93NUMPY\1\0v\0{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3), }"
                               "                                                          \n"
                               "\0\0\1\0\2\0\3\0\4\0\5";
    static const uint16_t data[6] = { 0, 1, 2, 3, 4, 5 };
    static const size_t shape[2] = { 2, 3 };
    struct sn_error err = { 0 };
    struct sn_map map;
    char path[512];

    snprintf(path, sizeof path, "%s/a.npy", sn_test_tmpdir());
    sn_ck_ok(sn_npy_write(path, SN_NPY_U2, 2, shape, data, &err), &err);
    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    ck_assert_uint_eq(map.size, sizeof want);
    ck_assert_mem_eq(map.data, want, sizeof want);
    sn_map_close(&map);
}
END_TEST

START_TEST(both_ways)
{
    static const size_t shapes[][3] = { { 5, 1, 3 }, { 7, 0, 2 }, { 1, 1, 1 } };
    const uint16_t one = 1;
    char path[512];
    uint8_t data[15 * 8];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    snprintf(path, sizeof path, "%s/b.npy", sn_test_tmpdir());
    for (int type = SN_NPY_U1; type <= SN_NPY_F8; type++) {
        for (int ndim = 0; ndim <= 3; ndim++) {
            for (size_t s = 0; s < SN_COUNT(shapes); s++) {
                struct sn_error err = { 0 };
                struct sn_map map;
                struct sn_npy a;

                sn_ck_ok(sn_npy_write(path, (enum sn_npy_type)type, ndim, shapes[s], data, &err), &err);
                sn_ck_ok(sn_npy_read(path, &a, &err), &err);
                sn_ck_ok(sn_map_file(path, &map, &err), &err);
                ck_assert_int_eq((int)a.type, type);
                ck_assert_int_eq(a.ndim, ndim);
                ck_assert_mem_eq(a.shape, shapes[s], (size_t)ndim * sizeof(size_t));
                ck_assert_uint_ge(map.size, 128);
                if (sn_le16((const uint8_t *)&one) == one) /* little-endian host: data are written as they lie */
                    ck_assert_mem_eq(map.data + 128, data, map.size - 128);
                if (a.count)
                    ck_assert_mem_eq(a.data, data, map.size - 128);
                sn_map_close(&map);
                sn_npy_free(&a);
            }
        }
    }
}
END_TEST

START_TEST(write_refusals)
{
    static const size_t shape[2] = { (size_t)-1, 3 };
    struct sn_error err = { 0 };
    uint8_t v = 0;

    sn_ck_fails(sn_npy_write("x.npy", SN_NPY_U1, 2, shape, &v, &err), SN_ELIMIT, &err, "");
    sn_ck_fails(sn_npy_write("x.npy", SN_NPY_U1, 9, shape, &v, &err), SN_EINVAL, &err, "9 dimensions");
    sn_ck_fails(sn_npy_write("/nonexistent/x.npy", SN_NPY_U1, 0, shape, &v, &err), SN_EMACHINE, &err, "x.npy");
}
END_TEST

START_TEST(truncation_and_mutation)
{
    struct sn_buf b = make_npy(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3), }  \n", "0123456789ab", 12);
    struct sn_error err = { 0 };
    struct sn_npy a;

    for (size_t n = 0; n < b.len; n++) {
        char *copy = malloc(n ? n : 1);

        memcpy(copy, b.data, n);
        ck_assert_int_ne(sn_npy_decode(copy, n, &a, &err), SN_OK);
        ck_assert_ptr_null(a.data);
        free(copy);
    }
    for (size_t i = 0; i < b.len - 12; i++) {
        char old = b.data[i];

        for (int v = 0; v < 256; v++) {
            b.data[i] = (char)v;
            if (sn_npy_decode(b.data, b.len, &a, &err) == SN_OK)
                ck_assert_uint_le(a.count, 12);
            sn_npy_free(&a);
        }
        b.data[i] = old;
    }
    sn_buf_free(&b);
}
END_TEST

static Suite *suite_npy(void)
{
    Suite *s = suite_create("npy");
    TCase *tc = tcase_create("arrays");

    tcase_add_test(tc, headers_in_the_wild);
    tcase_add_test(tc, byte_orders);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, written_as_numpy);
    tcase_add_test(tc, both_ways);
    tcase_add_test(tc, write_refusals);
    tcase_add_test(tc, truncation_and_mutation);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_npy)
