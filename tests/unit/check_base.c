/* check_base.c: errors, sizes, memory, hashes, files and buffers. Mathematics: check_math.c; threads: check_pool.c. */
#define _XOPEN_SOURCE 700
#include "tests/support/support.h"
#include "base/hash_parts.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- errors --------------------------------------------------------------------------------- */

START_TEST(test_errors)
{
    struct sn_error err = { 0 };
    char big[2000];

    ck_assert_int_eq(SN_FAIL(&err, SN_EFORMAT, "byte %d", 7), SN_EFORMAT);
    ck_assert_int_eq(err.code, SN_EFORMAT);
    ck_assert_str_eq(err.msg, "byte 7");
    ck_assert_int_eq(sn_fail_context(&err, SN_EINTERNAL, "file %s", "a.png"), SN_EFORMAT); /* the first code stays */
    ck_assert_str_eq(err.msg, "file a.png: byte 7");
    ck_assert_int_eq(SN_FAIL(NULL, SN_EIO, "unseen"), SN_EIO);
    ck_assert_int_eq(sn_fail_context(NULL, SN_EIO, "unseen"), SN_EIO);
    ck_assert_int_eq(SN_NOMEM(&err, "a test"), SN_ENOMEM);
    ck_assert_str_eq(err.msg, "out of memory for a test");
    (void)SN_FAIL(&err, SN_EINVAL, "name 'a\nb\tc\x1b[31m'");
    ck_assert_str_eq(err.msg, "name 'a?b?c?[31m'"); /* one line, whatever a file's names hold */
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    (void)SN_FAIL(&err, SN_EINVAL, "%s", big);
    ck_assert_uint_eq(strlen(err.msg), sizeof err.msg - 1);
    (void)sn_fail_context(&err, SN_EINVAL, "%s", big);
    ck_assert_uint_lt(strlen(err.msg), sizeof err.msg);
}
END_TEST

START_TEST(test_exit_codes)
{
    static const int want[] = { 0, 2, 3, 3, 3, 3, 4, 5, 5, 70 };

    for (int i = SN_OK; i <= SN_EINTERNAL; i++)
        ck_assert_int_eq(sn_exit_code(i), want[i]);
    ck_assert_int_eq(sn_exit_code(12345), 70);
}
END_TEST

/* ---- sizes and memory ----------------------------------------------------------------------- */

START_TEST(test_sizes)
{
    struct sn_error err = { 0 };
    size_t n = 99;

    ck_assert_int_eq(sn_size_mul(&n, SIZE_MAX / 3, 3, &err), SN_OK);
    ck_assert_uint_eq(n, SIZE_MAX / 3 * 3);
    sn_ck_fails(sn_size_mul(&n, SIZE_MAX / 3 + 1, 3, &err), SN_ELIMIT, &err, "too large");
    ck_assert_uint_eq(n, SIZE_MAX / 3 * 3); /* nothing is stored */
    ck_assert_int_eq(sn_size_mul(&n, 0, SIZE_MAX, &err), SN_OK);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(sn_size_mul(&n, SIZE_MAX, 1, &err), SN_OK);
    ck_assert_int_eq(sn_size_mul3(&n, 1000, 1000, 1000, &err), SN_OK);
    ck_assert_uint_eq(n, 1000000000u);
    ck_assert_int_eq(sn_size_mul3(&n, SIZE_MAX / 2, 2, 2, &err), SN_ELIMIT);
    ck_assert_int_eq(sn_size_mul3(&n, 2, SIZE_MAX / 2, 2, &err), SN_ELIMIT);
    ck_assert_int_eq(sn_size_add(&n, SIZE_MAX - 1, 1, &err), SN_OK);
    ck_assert_uint_eq(n, SIZE_MAX);
    sn_ck_fails(sn_size_add(&n, SIZE_MAX, 1, &err), SN_ELIMIT, &err, "too large");
    ck_assert_int_eq(sn_size_mul(&n, SIZE_MAX, 2, NULL), SN_ELIMIT);
}
END_TEST

START_TEST(test_byte_order)
{
    static const uint8_t b[8] = { 0x80, 0x01, 0xfe, 0x7f, 0xff, 0x10, 0x20, 0xc3 };
    uint8_t o[8];

    ck_assert_uint_eq(sn_le16(b), 0x0180);
    ck_assert_uint_eq(sn_be16(b), 0x8001);
    ck_assert_uint_eq(sn_le32(b), 0x7ffe0180u);
    ck_assert_uint_eq(sn_be32(b), 0x8001fe7fu);
    ck_assert(sn_le64(b) == 0xc32010ff7ffe0180u);
    sn_put_le16(o, 0x0180);
    ck_assert(memcmp(o, b, 2) == 0);
    sn_put_le32(o, 0x7ffe0180u);
    ck_assert(memcmp(o, b, 4) == 0);
    sn_put_le64(o, 0xc32010ff7ffe0180u);
    ck_assert(memcmp(o, b, 8) == 0);
    sn_put_be32(o, 0x8001fe7fu);
    ck_assert(memcmp(o, b, 4) == 0);
}
END_TEST

static bool all(const unsigned char *p, size_t n, unsigned char v)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != v)
            return false;
    return true;
}

START_TEST(test_arena)
{
    struct sn_error err = { 0 };
    struct sn_arena a;
    unsigned char *p[300];
    size_t total = 0;

    sn_arena_init(&a, 0);
    for (size_t i = 0; i < SN_COUNT(p); i++) {
        size_t n = i * 37 % 1000 + (i % 50 == 0 ? 100000 : 0);

        p[i] = sn_arena_get(&a, n, &err);
        ck_assert(p[i] != NULL);
        ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
        ck_assert(all(p[i], n, 0));
        memset(p[i], (int)i & 255, n); /* overlapping pieces would show as non-zero */
        total += n;
    }
    ck_assert_uint_ge(a.used, total);
    for (size_t i = 0; i < SN_COUNT(p); i++)
        ck_assert(all(p[i], i * 37 % 1000, (unsigned char)i));
    ck_assert_str_eq(sn_arena_strdup(&a, "abcdef", 3, &err), "abc");
    ck_assert_str_eq(sn_arena_strdup(&a, NULL, 0, &err), "");
    ck_assert(sn_arena_get(&a, SIZE_MAX - 4, &err) == NULL);
    sn_arena_free(&a);
    sn_arena_free(&a);
    ck_assert_uint_eq(a.used, 0);
}
END_TEST

START_TEST(test_arena_limit)
{
    struct sn_error err = { 0 };
    struct sn_arena a;

    sn_arena_init(&a, 1000);
    ck_assert(sn_arena_get(&a, 1001, &err) == NULL);
    ck_assert_int_eq(err.code, SN_ELIMIT);
    ck_assert(strstr(err.msg, "1000") != NULL);
    ck_assert(sn_arena_get(&a, 960, &err) != NULL);
    ck_assert(sn_arena_get(&a, 100, &err) == NULL);
    ck_assert(sn_arena_get(&a, 40, &err) != NULL);
    ck_assert(sn_arena_get(&a, 16, NULL) == NULL);
    sn_arena_free(&a);
}
END_TEST

START_TEST(test_aligned)
{
    for (size_t n = 1; n < 5000; n += 77) {
        char *p = sn_alloc_aligned(n);

        ck_assert(p != NULL);
        ck_assert_uint_eq((uintptr_t)p % 64, 0);
        memset(p, 1, n);
        sn_free_aligned(p);
    }
    ck_assert(sn_alloc_aligned(0) == NULL);
    ck_assert(sn_alloc_aligned(SIZE_MAX - 5) == NULL);
    sn_free_aligned(NULL);
}
END_TEST

START_TEST(test_buf)
{
    struct sn_buf b = { 0 };

    for (int i = 0; i < 1000; i++)
        sn_buf_printf(&b, "%d,", i);
    sn_buf_puts(&b, "end");
    sn_buf_add(&b, "\0x", 2);
    sn_buf_add(&b, NULL, 0);
    ck_assert(!b.failed);
    ck_assert_uint_eq(b.len, 10 * 2 + 90 * 3 + 900 * 4 + 3 + 2);
    ck_assert(strncmp(b.data, "0,1,2,", 6) == 0 && strstr(b.data, "998,999,end") != NULL);
    ck_assert_int_eq(b.data[b.len], '\0');
    sn_buf_add(&b, "y", SIZE_MAX / 2); /* impossible: fails at once, keeps the prefix, and stays failed */
    ck_assert(b.failed);
    sn_buf_puts(&b, "more");
    ck_assert(b.failed && b.len == 3895);
    sn_buf_free(&b);
    ck_assert(b.data == NULL && b.len == 0);
}
END_TEST

/* ---- hashes --------------------------------------------------------------------------------- */

static void sha_hex(const void *data, size_t n, char *hex)
{
    uint8_t out[32];

    sn_sha256(data, n, out);
    sn_hex(out, sizeof out, hex);
}

/* FIPS 180-4's examples, and the usual million. */
START_TEST(test_sha256)
{
    static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const char four[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
    char hex[SN_SHA256_HEX], *million = malloc(1000000);

    ck_assert(million != NULL);
    memset(million, 'a', 1000000);
    sha_hex("", 0, hex);
    ck_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha_hex("abc", 3, hex);
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha_hex(two, strlen(two), hex);
    ck_assert_str_eq(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    sha_hex(four, strlen(four), hex);
    ck_assert_str_eq(hex, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    sha_hex(million, 1000000, hex);
    ck_assert_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}
END_TEST

START_TEST(test_sha256_in_pieces)
{
    uint8_t data[300], whole[32], parts[32];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    for (size_t n = 0; n <= sizeof data; n += n < 140 ? 1 : 31)
        for (size_t step = 1; step <= 130; step += 1 + step / 3) {
            struct sn_sha256 s;

            sn_sha256(data, n, whole);
            sn_sha256_init(&s);
            for (size_t at = 0; at < n; at += step)
                sn_sha256_update(&s, data + at, SN_MIN(step, n - at));
            sn_sha256_update(&s, NULL, 0);
            sn_sha256_final(&s, parts);
            ck_assert_msg(memcmp(whole, parts, sizeof whole) == 0, "%zu bytes in pieces of %zu", n, step);
        }
}
END_TEST

#if defined(__x86_64__)
START_TEST(test_sha256_instructions)
{
    struct sn_guard g;
    uint32_t a[8], b[8];
    struct sn_rng rng = { 5 };

    if (!sn_cpu_has_sha())
        return;
    sn_guard_alloc(&g, 64 * 9, true);
    for (size_t i = 0; i < 64 * 9; i++)
        ((uint8_t *)g.data)[i] = (uint8_t)sn_rng_next(&rng);
    for (size_t blocks = 0; blocks <= 9; blocks++) {
        const uint8_t *p = (const uint8_t *)g.data + 64 * (9 - blocks);

        for (int i = 0; i < 8; i++)
            a[i] = b[i] = (uint32_t)sn_rng_next(&rng);
        sn_sha256_blocks_ref(a, p, blocks);
        sn_sha256_blocks_x86(b, p, blocks);
        ck_assert_mem_eq(a, b, sizeof a);
    }
    sn_guard_free(&g);
}
END_TEST

/* Against the bit-by-bit definition (RFC 3720, appendix B.4): polynomial 0x82f63b78, reflected. */
START_TEST(test_crc32c_instructions)
{
    uint8_t data[70];

    if (!sn_cpu_has_crc32c())
        return;
    for (size_t n = 0; n <= sizeof data; n++) {
        uint32_t want = ~(uint32_t)n;

        for (size_t i = 0; i < n; i++) {
            data[i] = (uint8_t)(i * 37 + n);
            want ^= data[i];
            for (int k = 0; k < 8; k++)
                want = want & 1 ? 0x82f63b78u ^ want >> 1 : want >> 1;
        }
        ck_assert_uint_eq(sn_crc32c_x86((uint32_t)n, data, n), ~want);
    }
}
END_TEST
#endif

/* Check values of the CRC catalogue ("123456789"), and RFC 3720 appendix B.4. */
START_TEST(test_crc)
{
    uint8_t b[32] = { 0 };
    uint32_t c = 0, k = 0;

    ck_assert_uint_eq(sn_crc32(0, "123456789", 9), 0xcbf43926u);
    ck_assert_uint_eq(sn_crc32c(0, "123456789", 9), 0xe3069283u);
    ck_assert_uint_eq(sn_crc32(0, NULL, 0), 0);
    ck_assert_uint_eq(sn_crc32c(0, b, 32), 0x8a9136aau);
    memset(b, 0xff, 32);
    ck_assert_uint_eq(sn_crc32c(0, b, 32), 0x62a8ab43u);
    for (int i = 0; i < 32; i++)
        b[i] = (uint8_t)i;
    ck_assert_uint_eq(sn_crc32c(0, b, 32), 0x46dd794eu);
    for (int i = 0; i < 32; i++)
        b[i] = (uint8_t)(31 - i);
    ck_assert_uint_eq(sn_crc32c(0, b, 32), 0x113fdb5cu);
    for (size_t i = 0; i < 32; i += 5) { /* in pieces */
        c = sn_crc32c(c, b + i, SN_MIN(5, 32 - i));
        k = sn_crc32(k, b + i, SN_MIN(5, 32 - i));
    }
    ck_assert_uint_eq(c, 0x113fdb5cu);
    ck_assert_uint_eq(k, sn_crc32(0, b, 32));
}
END_TEST

/* ---- files ---------------------------------------------------------------------------------- */

static const char *in_tmp(const char *name)
{
    static char path[4][400];
    static unsigned turn;
    char *p = path[turn++ % 4];

    (void)snprintf(p, sizeof path[0], "%s/%s", sn_test_tmpdir(), name);
    return p;
}

static int entries(const char *dir)
{
    DIR *d = opendir(dir);
    int n = 0;

    ck_assert(d != NULL);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    (void)closedir(d);
    return n;
}

START_TEST(test_write_and_map)
{
    struct sn_error err = { 0 };
    struct sn_map map = { 0 };
    struct sn_out *out;
    char dir[400], file[420];

    (void)snprintf(dir, sizeof dir, "%s", in_tmp("write"));
    (void)snprintf(file, sizeof file, "%s/out.txt", dir);
    sn_ck_ok(sn_mkdirs(dir, &err), &err);
    sn_ck_ok(sn_file_write(file, "first", 5, &err), &err);
    sn_ck_ok(sn_out_open(&out, file, &err), &err);
    sn_out_printf(out, "%s %d\n", "second", 2);
    sn_out_write(out, "\0end", 4);
    sn_ck_ok(sn_map_file(file, &map, &err), &err); /* not there before commit */
    ck_assert(map.size == 5 && memcmp(map.data, "first", 5) == 0);
    sn_map_close(&map);
    sn_ck_ok(sn_out_commit(out, &err), &err);
    sn_ck_ok(sn_map_file(file, &map, &err), &err);
    ck_assert(map.size == 13 && memcmp(map.data, "second 2\n\0end", 13) == 0);
    sn_map_close(&map);
    ck_assert(map.data == NULL);
    sn_ck_ok(sn_out_open(&out, file, &err), &err);
    sn_out_printf(out, "third");
    ck_assert_int_eq(entries(dir), 2);
    sn_out_abort(out);
    sn_out_abort(NULL);
    sn_ck_ok(sn_map_file(file, &map, &err), &err);
    ck_assert_uint_eq(map.size, 13);
    sn_map_close(&map);
    sn_ck_ok(sn_file_write(file, NULL, 0, &err), &err);
    sn_ck_ok(sn_map_file(file, &map, &err), &err);
    ck_assert(map.size == 0 && map.data == NULL);
    sn_map_close(&map);
    ck_assert_int_eq(entries(dir), 1); /* no temporary file is left */
}
END_TEST

START_TEST(test_file_failures)
{
    struct sn_error err = { 0 };
    struct sn_map map;
    char dir[400];

    sn_ck_fails(sn_map_file(in_tmp("absent"), &map, &err), SN_EIO, &err, "absent: cannot open: No such file");
    sn_ck_fails(sn_map_file(sn_test_tmpdir(), &map, &err), SN_EIO, &err, "not a regular file");
    ck_assert(map.data == NULL && map.size == 0);
    sn_ck_fails(sn_file_write(in_tmp("no/such/dir/x"), "x", 1, &err), SN_EMACHINE, &err, "no/such/dir/x: cannot create");
    /* the target is a folder: the rename fails, the temporary file goes */
    (void)snprintf(dir, sizeof dir, "%s", in_tmp("outer/inner"));
    sn_ck_ok(sn_mkdirs(dir, &err), &err);
    sn_ck_fails(sn_file_write(dir, "x", 1, &err), SN_EMACHINE, &err, "cannot write");
    ck_assert_int_eq(entries(in_tmp("outer")), 1);
}
END_TEST

/* A disk that fills up, here by a limit on the size of files: reported by commit, nothing is left. */
START_TEST(test_full_disk)
{
    struct rlimit limit = { 100000, 100000 };
    struct sn_error err = { 0 };
    char dir[400], file[420], block[1000] = { 0 };
    struct sn_out *out;

    (void)snprintf(dir, sizeof dir, "%s", in_tmp("full"));
    (void)snprintf(file, sizeof file, "%s/out", dir);
    sn_ck_ok(sn_mkdirs(dir, &err), &err);
    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0); /* of this test's process alone */
    sn_ck_ok(sn_out_open(&out, file, &err), &err);
    for (int i = 0; i < 300; i++) {
        sn_out_write(out, block, sizeof block);
        sn_out_printf(out, "%d", i);
    }
    sn_ck_fails(sn_out_commit(out, &err), SN_EMACHINE, &err, "out: cannot write");
    ck_assert_int_eq(entries(dir), 0);
}
END_TEST

START_TEST(test_unwritable_folder)
{
    struct sn_error err = { 0 };
    char dir[400], file[420];

    if (geteuid() == 0) /* root may write anywhere: /proc refuses even root */
        (void)snprintf(dir, sizeof dir, "/proc");
    else {
        (void)snprintf(dir, sizeof dir, "%s", in_tmp("locked"));
        sn_ck_ok(sn_mkdirs(dir, &err), &err);
        ck_assert_int_eq(chmod(dir, 0500), 0);
    }
    (void)snprintf(file, sizeof file, "%s/out", dir);
    sn_ck_fails(sn_file_write(file, "x", 1, &err), SN_EMACHINE, &err, "cannot create");
    (void)snprintf(file, sizeof file, "%s/sub/sub", dir);
    sn_ck_fails(sn_mkdirs(file, &err), SN_EMACHINE, &err, "cannot create this folder");
    (void)chmod(dir, 0700);
}
END_TEST

START_TEST(test_mkdirs)
{
    struct sn_error err = { 0 };
    struct stat st;
    char path[400];

    (void)snprintf(path, sizeof path, "%s", in_tmp("a/b//c/"));
    sn_ck_ok(sn_mkdirs(path, &err), &err);
    sn_ck_ok(sn_mkdirs(path, &err), &err);
    ck_assert(stat(path, &st) == 0 && S_ISDIR(st.st_mode));
    sn_ck_ok(sn_mkdirs("/", &err), &err);
    sn_ck_ok(sn_mkdirs(".", &err), &err);
    sn_ck_ok(sn_file_write(in_tmp("a/file"), "x", 1, &err), &err);
    sn_ck_fails(sn_mkdirs(in_tmp("a/file"), &err), SN_EMACHINE, &err, "a/file");
    sn_ck_fails(sn_mkdirs(in_tmp("a/file/below"), &err), SN_EMACHINE, &err, "cannot create this folder");
    sn_ck_fails(sn_mkdirs("", &err), SN_EMACHINE, &err, "cannot create");
}
END_TEST

static Suite *suite_base(void)
{
    Suite *s = suite_create("base");
    TCase *t = tcase_create("base");

    tcase_add_test(t, test_errors);
    tcase_add_test(t, test_exit_codes);
    tcase_add_test(t, test_sizes);
    tcase_add_test(t, test_byte_order);
    tcase_add_test(t, test_arena);
    tcase_add_test(t, test_arena_limit);
    tcase_add_test(t, test_aligned);
    tcase_add_test(t, test_buf);
    tcase_add_test(t, test_sha256);
    tcase_add_test(t, test_sha256_in_pieces);
#if defined(__x86_64__)
    tcase_add_test(t, test_sha256_instructions);
    tcase_add_test(t, test_crc32c_instructions);
#endif
    tcase_add_test(t, test_crc);
    tcase_add_test(t, test_write_and_map);
    tcase_add_test(t, test_file_failures);
    tcase_add_test(t, test_full_disk);
    tcase_add_test(t, test_unwritable_folder);
    tcase_add_test(t, test_mkdirs);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_base)
