/* check_gb18030.c: every code against digests of Python's codec, and what must be refused. */
#include "io/io.h"
#include "tests/support/support.h"

#include <stdio.h>

/* Appends a code and a line feed; returns 1. */
static size_t add(struct sn_buf *b, const uint8_t *code, size_t n)
{
    sn_buf_add(b, code, n);
    sn_buf_puts(b, "\n");
    return 1;
}

static void same_as_python(struct sn_buf *codes, const char *expected)
{
    struct sn_error err = { 0 };
    struct sn_buf text = { 0 };
    char hex[SN_SHA256_HEX];
    uint8_t digest[32];

    sn_ck_ok(sn_gb18030_to_utf8(codes->data, codes->len, &text, &err), &err);
    ck_assert(sn_utf8_valid(text.data, text.len, NULL));
    sn_sha256(text.data, text.len, digest);
    sn_hex(digest, sizeof digest, hex);
    ck_assert_str_eq(hex, expected);
    sn_buf_free(&text);
    sn_buf_free(codes);
}

/* Counts and digests: python3 tools/golden/gb18030_chart.py >/dev/null (Python 3.11). */
START_TEST(every_two_byte_code)
{
    struct sn_buf codes = { 0 };
    size_t n = 0;

    for (unsigned a = 0x81; a <= 0xfe; a++)
        for (unsigned b = 0x40; b <= 0xfe; b++)
            if (b != 0x7f)
                n += add(&codes, (uint8_t[]){ (uint8_t)a, (uint8_t)b }, 2);
    ck_assert_uint_eq(n, 23940);
    same_as_python(&codes, "a5fd1c9cd7f3ff1251d26f402072905bf342a76eabed1e40f6cf7c35b5cd3bc3");
}
END_TEST

static void code_of(uint32_t linear, uint8_t code[4])
{
    code[3] = (uint8_t)(0x30 + linear % 10);
    code[2] = (uint8_t)(0x81 + linear / 10 % 126);
    code[1] = (uint8_t)(0x30 + linear / 1260 % 10);
    code[0] = (uint8_t)(0x81 + linear / 12600);
}

START_TEST(every_four_byte_code)
{
    struct sn_buf codes = { 0 };
    size_t n = 0;
    uint8_t code[4];

    for (uint32_t k = 0; k < 39420; k++) {
        code_of(k, code);
        n += add(&codes, code, 4);
    }
    for (uint32_t k = 189000; k < 189000 + 0x100000; k++) {
        code_of(k, code);
        n += add(&codes, code, 4);
    }
    ck_assert_uint_eq(n, 1087996);
    same_as_python(&codes, "61d75624500caa551012c575452da7c622af4f25f590e11f4bdf2305e9e10ec5");
}
END_TEST

static void refused(const void *bytes, size_t n, const char *message)
{
    struct sn_error err = { 0 };
    struct sn_buf text = { 0 };
    int rc = sn_gb18030_to_utf8(bytes, n, &text, &err);

    sn_ck_fails(rc, SN_EFORMAT, &err, message);
    sn_buf_free(&text);
}

START_TEST(what_is_no_code)
{
    uint8_t code[4];

    refused("a\x80z", 3, "byte 1: 0x80");
    refused("ab\xff\xff", 4, "byte 2: 0xff");
    refused("\x81", 1, "byte 0: 0x81"); /* cut off */
    refused("\x81\x7f", 2, "byte 0");
    refused("\x81\x2f", 2, "byte 0");
    refused("\x81\xff", 2, "byte 0");
    refused("\x81\x30\x81", 3, "byte 0");
    refused("\x81\x30\x80\x30", 4, "byte 0");
    refused("\x81\x30\x81\x3a", 4, "byte 0");
    refused("\xe9,", 2, "byte 0: 0xe9"); /* Latin-1's e acute before a comma */
    for (uint32_t k = 39420; k < 189000; k += k < 39500 || k > 188900 ? 1 : 997) {
        code_of(k, code);
        refused(code, 4, "begins no GB 18030 code");
    }
    code_of(189000 + 0x100000, code);
    refused(code, 4, "byte 0: 0xe3");
}
END_TEST

START_TEST(plain_text_stays)
{
    struct sn_error err = { 0 };
    struct sn_buf text = { 0 };
    size_t bad;

    sn_ck_ok(sn_gb18030_to_utf8("age,\xc4\xea\xc1\xe4,7", 10, &text, &err), &err);
    ck_assert_str_eq(text.data, "age,\xe5\xb9\xb4\xe9\xbe\x84,7"); /* nian ling */
    sn_buf_free(&text);
    sn_ck_ok(sn_gb18030_to_utf8("", 0, &text, &err), &err);
    ck_assert_uint_eq(text.len, 0);
    ck_assert(!sn_utf8_valid("ab\xc4\xea", 4, &bad));
    ck_assert_uint_eq(bad, 2);
}
END_TEST

/* The header of a real table, against the copy its publishers made in UTF-8. */
START_TEST(a_real_table)
{
    const char *path[] = { sn_test_data("stats/nsln_229_gb18030.csv"), sn_test_data("stats/nsln_229_utf8.csv") };
    struct sn_error err = { 0 };
    struct sn_map in, expected;
    struct sn_buf text = { 0 };

    if (!path[0])
        return;
    sn_ck_ok(sn_map_file(path[0], &in, &err), &err);
    sn_ck_ok(sn_map_file(path[1], &expected, &err), &err);
    sn_ck_ok(sn_gb18030_to_utf8(in.data, in.size, &text, &err), &err);
    ck_assert_uint_eq(text.len, expected.size);
    ck_assert_int_eq(memcmp(text.data, expected.data, text.len), 0);
    sn_buf_free(&text);
    sn_map_close(&in);
    sn_map_close(&expected);
}
END_TEST

static Suite *suite_gb18030(void)
{
    Suite *s = suite_create("gb18030");
    TCase *c = tcase_create("gb18030");

    tcase_add_test(c, every_two_byte_code);
    tcase_add_test(c, every_four_byte_code);
    tcase_add_test(c, what_is_no_code);
    tcase_add_test(c, plain_text_stays);
    tcase_add_test(c, a_real_table);
    suite_add_tcase(s, c);
    return s;
}

SN_CHECK_MAIN(suite_gb18030)
