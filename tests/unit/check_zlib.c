/* check_zlib.c: zlib streams from another encoder, ours both ways, and damaged ones. */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "tests/support/support.h"

static void inflate_is(const char *stream, size_t n, const char *want, size_t want_n)
{
    struct sn_error err = { 0 };
    char out[512];

    sn_ck_ok(sn_zlib_inflate(stream, n, out, want_n, &err), &err);
    ck_assert_mem_eq(out, want, want_n);
}

/* Python's zlib.compress at level 0, with Z_FIXED, and at level 9 with codes of its own. */
START_TEST(other_encoder)
{
    inflate_is("\x78\x01\x01\x05\x00\xfa\xff" "hello\x06\x2c\x02\x15", 16, "hello", 5);
    inflate_is("\x78\x01\x4b\x4c\x4a\x4e\x44\x45\x15\x00\x48\xd9\x07\x5d", 14, "abcabcabcabcabcabcx", 19);
    inflate_is("\x78\xda\x1d\xc9\xc1\x0d\x00\x00\x08\xc2\xc0\x59\x5b\xdc\x7f\x06"
               "\xd1\x0f\x49\x0f\x1c\x01\xed\x06\x1a\xe1\xc9\xda\x49\xee\x86\x05"
               "\x39\x7f\x0f\x46", 36,
               "abdbaaabbbaacaadbacabdbaababbacaacbaaaaa", 40);
    inflate_is("\x78\x9c\x03\x00\x00\x00\x00\x01", 8, "", 0);
}
END_TEST

START_TEST(adler)
{
    uint8_t all[25600];

    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    ck_assert_uint_eq(sn_adler32("", 0), 1);
    ck_assert_uint_eq(sn_adler32("hello", 5), 0x062c0215);
    ck_assert_uint_eq(sn_adler32(all, sizeof all), 0x747fd0e0);
}
END_TEST

/* ---- damaged streams ---------------------------------------------------------------------------- */

static void fails(const char *stream, size_t n, size_t out_n, const char *text)
{
    struct sn_error err = { 0 };
    char *in = malloc(n ? n : 1), *out = malloc(out_n ? out_n : 1); /* exact sizes for a sanitizer */
    int rc;

    memcpy(in, stream, n);
    rc = sn_zlib_inflate(in, n, out, out_n, &err);
    ck_assert_msg(rc != SN_OK && strstr(err.msg, text), "expected '%s', found %d: %s", text, rc, err.msg);
    free(in);
    free(out);
}

START_TEST(damaged)
{
    fails("", 0, 0, "at least 6");
    fails("\x79\x9c\x03\x00\x00\x00\x00\x01", 8, 0, "79 9c are not a stream header");
    fails("\x78\x9d\x03\x00\x00\x00\x00\x01", 8, 0, "not a stream header");
    fails("\x78\xbb\x00\x00\x00\x00\x03\x00", 8, 0, "preset dictionary");
    fails("\x78\x9c\x07\x00\x00\x00\x00\x01", 8, 0, "invalid block type 3");
    fails("\x78\x01\x01\x05\x00\xfa\xfe" "hello\x06\x2c\x02\x15", 16, 5, "disagree");
    fails("\x78\x01\x01\x05\x00\xfa\xff" "hello\x06\x2c\x02\x16", 16, 5, "Adler-32 at byte 12 is 062c0216");
    fails("\x78\x01\x01\x05\x00\xfa\xff" "hello\x06\x2c\x02\x15", 15, 5, "checksum at byte 12 is cut off");
    fails("\x78\x01\x01\x05\x00\xfa\xff" "hello\x06\x2c\x02\x15!", 17, 5, "1 bytes follow");
    fails("\x78\x01\x01\x05\x00\xfa\xff" "hell", 11, 5, "end at byte 11 inside a block");
    fails("\x78\x01\x01\x05\x00\xfa\xff" "hello\x06\x2c\x02\x15", 16, 4, "more than the 4 bytes");
    fails("\x78\x01\x01\x05\x00\xfa\xff" "hello\x06\x2c\x02\x15", 16, 6, "ends after 5 bytes, 6 expected");
    /* fixed codes: match of 3 at distance 1 with nothing before it; then distance symbol 30 */
    fails("\x78\x9c\x03\x02\x00\x00\x00\x00\x01", 9, 9, "reaches back 1 bytes, only 0");
    fails("\x78\x9c\x03\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 19, 400, "reaches back 1 bytes, only 0"); /* fast loop */
    fails("\x78\x9c\x4b\x04\x3e\x00\x00\x00\x00\x01", 10, 9, "invalid code");
    /* a dynamic block of 287 literal codes */
    fails("\x78\x9c\xf5\x00\x00\x00\x00\x00\x00\x01", 10, 9, "at most 286 and 30");
}
END_TEST

/* ---- both ways ---------------------------------------------------------------------------------- */

static size_t make_data(uint8_t *p, size_t n, int kind, uint64_t seed)
{
    struct sn_rng rng = { seed };

    for (size_t i = 0; i < n; i++) {
        switch (kind) {
        case 0:
            p[i] = (uint8_t)sn_rng_next(&rng);
            break;
        case 1:
            p[i] = 0;
            break;
        case 2:
            p[i] = (uint8_t)(sn_rng_below(&rng, 4) * 60);
            break;
        case 3: /* repeats from any distance up to the whole window and beyond */
            p[i] = i > 40000 && i % 50 ? p[i - 1 - (i / 50 * 977) % 40000] : (uint8_t)sn_rng_next(&rng);
            break;
        default: /* skewed frequencies: long codes */
            p[i] = (uint8_t)(sn_rng_below(&rng, 1u << sn_rng_below(&rng, 8)));
            break;
        }
    }
    return n;
}

START_TEST(both_ways)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 4, 257, 258, 259, 1000, 32768, 32769, 65535, 65536, 200000 };
    uint8_t *data = malloc(200000), *back = malloc(200000);
    struct sn_error err = { 0 };

    for (size_t i = 0; i < SN_COUNT(sizes); i++) {
        size_t n = make_data(data, sizes[i], _i, i);
        struct sn_buf z = { 0 };

        sn_ck_ok(sn_zlib_deflate(data, n, &z, &err), &err);
        ck_assert_uint_le(z.len, n + n / 1000 + 32);
        if (_i == 1 && n > 60000) /* zeros: close to the format's 1032 to 1 */
            ck_assert_uint_lt(z.len, n / 700);
        memset(back, 0xaa, n);
        sn_ck_ok(sn_zlib_inflate(z.data, z.len, back, n, &err), &err);
        ck_assert_mem_eq(back, data, n);
        if (n)
            fails(z.data, z.len, n - 1, "zlib");
        fails(z.data, z.len - 1, n, "zlib");
        sn_buf_free(&z);
    }
    free(data);
    free(back);
}
END_TEST

/*
 * Every truncation fails. A changed byte fails too, save where 32 bits of Adler happen to fit the
 * other data (Python's zlib accepts the same ones): rare, and never out of bounds.
 */
START_TEST(mutations)
{
    uint8_t data[3000], back[3000];
    struct sn_error err = { 0 };
    struct sn_buf z = { 0 };
    unsigned tried = 0, accepted = 0;

    make_data(data, sizeof data, 4, 7);
    sn_ck_ok(sn_zlib_deflate(data, sizeof data, &z, &err), &err);
    for (size_t n = 0; n < z.len; n++)
        fails(z.data, n, sizeof data, "zlib");
    for (size_t i = 0; i < z.len; i++) {
        char old = z.data[i];

        for (int v = 1; v < 256; v += 6, tried++) {
            z.data[i] = (char)(old ^ v);
            accepted += sn_zlib_inflate(z.data, z.len, back, sizeof back, &err) == SN_OK;
        }
        z.data[i] = old;
    }
    ck_assert_msg(accepted * 1000 < tried, "%u of %u changes accepted", accepted, tried);
    sn_buf_free(&z);
}
END_TEST

static Suite *suite_zlib(void)
{
    Suite *s = suite_create("zlib");
    TCase *tc = tcase_create("streams");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, other_encoder);
    tcase_add_test(tc, adler);
    tcase_add_test(tc, damaged);
    tcase_add_loop_test(tc, both_ways, 0, 5);
    tcase_add_test(tc, mutations);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_zlib)
