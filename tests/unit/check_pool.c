/* check_pool.c: threads run every unit exactly once, in the contract's floating-point environment; CPU questions. */
#define _GNU_SOURCE
#include "tests/support/support.h"

#include <fenv.h>
#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static const int thread_counts[] = { 1, 2, 3, 7 };

struct tally {
    atomic_int *runs; /* [units] */
    int threads;
    atomic_int bad;
    atomic_int in_use[16];
};

static void count_unit(void *ctx, size_t unit, int thread)
{
    struct tally *t = ctx;

    if (thread < 0 || thread >= t->threads || atomic_fetch_add(&t->in_use[thread], 1) != 0)
        atomic_store(&t->bad, 1); /* two units at once with one thread's scratch memory */
    atomic_fetch_add(&t->runs[unit], 1);
    if (thread >= 0 && thread < t->threads)
        atomic_fetch_sub(&t->in_use[thread], 1);
}

START_TEST(test_every_unit_once)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 6, 7, 8, 64, 1000 };
    struct sn_error err = { 0 };
    struct sn_pool *pool;
    struct tally t = { .threads = thread_counts[_i], .runs = calloc(1000, sizeof(atomic_int)) };

    ck_assert(t.runs != NULL);
    sn_ck_ok(sn_pool_create(&pool, t.threads, &err), &err);
    ck_assert_int_eq(sn_pool_threads(pool), t.threads);
    for (int round = 0; round < 50; round++)
        for (size_t s = 0; s < SN_COUNT(sizes); s++) {
            for (size_t u = 0; u < 1000; u++)
                atomic_store(&t.runs[u], 0);
            sn_pool_run(pool, count_unit, &t, sizes[s]);
            for (size_t u = 0; u < 1000; u++)
                if (atomic_load(&t.runs[u]) != (u < sizes[s]))
                    ck_abort_msg("%d threads, %zu units: unit %zu ran %d times", t.threads, sizes[s], u, atomic_load(&t.runs[u]));
        }
    ck_assert_int_eq(atomic_load(&t.bad), 0);
    sn_pool_free(pool);
    free(t.runs);
}
END_TEST

/* Unit 0 waits for unit 1, which lies in the same thread's part: only another thread can free it. */
static void wait_for_help(void *ctx, size_t unit, int thread)
{
    atomic_int *done = ctx;

    (void)thread;
    for (int ms = 0; unit == 0 && !atomic_load(&done[1]) && ms < 5000; ms++)
        (void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    if (unit != 0 || atomic_load(&done[1]))
        atomic_store(&done[unit], 1);
}

START_TEST(test_threads_help_each_other)
{
    struct sn_error err = { 0 };
    struct sn_pool *pool;

    sn_ck_ok(sn_pool_create(&pool, 2, &err), &err);
    for (int round = 0; round < 20; round++) {
        atomic_int done[4] = { 0 };

        sn_pool_run(pool, wait_for_help, done, 4);
        for (int i = 0; i < 4; i++)
            ck_assert_msg(atomic_load(&done[i]), "round %d: unit %d waited in vain", round, i);
    }
    sn_pool_free(pool);
}
END_TEST

/* Short runs back to back: a worker that is late for one must not disturb the next. */
static void add_unit(void *ctx, size_t unit, int thread)
{
    (void)thread;
    atomic_fetch_add((atomic_long *)ctx, (long)unit + 1);
}

START_TEST(test_many_short_runs)
{
    struct sn_error err = { 0 };
    struct sn_pool *pool;

    sn_ck_ok(sn_pool_create(&pool, thread_counts[_i], &err), &err);
    for (int i = 0; i < 3000; i++) {
        atomic_long sum = 0; /* on this stack frame: a straggler would write into the next run's */
        size_t n = (size_t)(i % 9);

        sn_pool_run(pool, add_unit, &sum, n);
        if (atomic_load(&sum) != (long)(n * (n + 1) / 2))
            ck_abort_msg("run %d of %zu units: sum %ld", i, n, atomic_load(&sum));
        if (i % 500 == 0)
            (void)sched_yield();
    }
    sn_pool_free(pool);
}
END_TEST

START_TEST(test_create_and_free)
{
    struct sn_error err = { 0 };
    struct sn_pool *pool = NULL;
    atomic_long sum = 0;

    for (int i = 0; i < 100; i++) { /* also pools that never run */
        sn_ck_ok(sn_pool_create(&pool, 1 + i % 4, &err), &err);
        if (i % 2)
            sn_pool_run(pool, add_unit, &sum, 3);
        sn_pool_free(pool);
    }
    ck_assert_int_eq(atomic_load(&sum), 50 * 6);
    sn_ck_fails(sn_pool_create(&pool, 0, &err), SN_EINVAL, &err, "threads must be 1 to 1024, found 0");
    ck_assert(pool == NULL);
    sn_ck_fails(sn_pool_create(&pool, 1025, &err), SN_EINVAL, &err, "1025");
    sn_pool_run(NULL, add_unit, &sum, 4); /* no pool: this thread */
    ck_assert_int_eq(atomic_load(&sum), 50 * 6 + 10);
    ck_assert_int_eq(sn_pool_threads(NULL), 1);
    sn_pool_free(NULL);
}
END_TEST

/* ---- the floating-point environment ---------------------------------------------------------- */

/* Denormals, the rounding direction and signed zero all show in these bits. */
static void fp_probe(void *ctx, size_t unit, int thread)
{
    volatile float tiny = 0x1p-140f, three = 3.0f, one = 1.0f, big = 0x1p-100f;
    float out[4];

    (void)thread;
    out[0] = tiny * 0.5f;
    out[1] = one / three;
    out[2] = -one / three;
    out[3] = big * big; /* underflows to zero, not to the smallest denormal as when rounding up */
    memcpy((float *)ctx + unit * 4, out, sizeof out);
}

static void check_probe(int threads, const char *what)
{
    static const float want[4] = { 0x1p-141f, 0x1.555556p-2f, -0x1.555556p-2f, 0.0f };
    struct sn_error err = { 0 };
    struct sn_pool *pool;
    float got[64 * 4];

    sn_ck_ok(sn_pool_create(&pool, threads, &err), &err); /* threads inherit the caller's registers */
    memset(got, 0, sizeof got);
    sn_pool_run(pool, fp_probe, got, 64);
    for (int i = 0; i < 64; i++)
        ck_assert_msg(memcmp(got + i * 4, want, sizeof want) == 0, "%s, %d threads, unit %d: %a %a %a %a", what, threads, i,
                      (double)got[i * 4], (double)got[i * 4 + 1], (double)got[i * 4 + 2], (double)got[i * 4 + 3]);
    sn_pool_free(pool);
}

START_TEST(test_rounding_is_reset)
{
#if defined(FE_UPWARD) && defined(FE_TOWARDZERO)
    static const int modes[] = { FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST };

    for (size_t i = 0; i < SN_COUNT(modes); i++) {
        ck_assert_int_eq(fesetround(modes[i]), 0);
        check_probe(thread_counts[_i], "rounding");
        ck_assert_int_eq(fegetround(), modes[i]); /* and put back */
    }
#endif
}
END_TEST

#if defined(__x86_64__)
START_TEST(test_flush_to_zero_is_reset)
{
    unsigned old = _mm_getcsr(), set = old | 0x8040; /* FTZ, DAZ */
    struct sn_fpenv saved;

    _mm_setcsr(set);
    check_probe(thread_counts[_i], "FTZ and DAZ");
    ck_assert_uint_eq(_mm_getcsr() & 0x8040, 0x8040);
    sn_fp_enter(&saved);
    ck_assert_uint_eq(_mm_getcsr() & 0x8040, 0);
    ck_assert_uint_eq(_mm_getcsr() & 0x1f80, 0x1f80); /* every exception masked */
    sn_fp_leave(&saved);
    ck_assert_uint_eq(_mm_getcsr() & 0x8040, 0x8040);
    _mm_setcsr(old);
}
END_TEST
#endif

/* ---- the machine ----------------------------------------------------------------------------- */

START_TEST(test_isa)
{
    static const char *const names[] = { "ref", "avx2", "avx512", "neon", "auto" };
    enum sn_isa isa;

    for (int i = 0; i <= SN_ISA_AUTO; i++) {
        ck_assert_str_eq(sn_isa_name((enum sn_isa)i), names[i]);
        ck_assert(sn_isa_parse(names[i], &isa) && (int)isa == i);
    }
    ck_assert(!sn_isa_parse("AVX2", &isa) && !sn_isa_parse("", &isa) && !sn_isa_parse("avx", &isa) && !sn_isa_parse("avx5120", &isa));
    ck_assert(sn_isa_usable(SN_ISA_REF) && sn_isa_usable(sn_isa_best()));
    ck_assert(!(sn_isa_usable(SN_ISA_NEON) && sn_isa_usable(SN_ISA_AVX2)));
    ck_assert(!sn_isa_usable(SN_ISA_AVX512) || sn_isa_usable(SN_ISA_AVX2));
#if defined(__x86_64__) && defined(__GNUC__)
    /* the compiler's own detection knows nothing of the other four bits of ours: one direction only */
    ck_assert(!sn_isa_usable(SN_ISA_AVX2) || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")));
    ck_assert(!sn_isa_usable(SN_ISA_AVX512) || (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")));
#endif
}
END_TEST

START_TEST(test_machine)
{
    char name[100] = "", tiny[4];
    cpu_set_t set;

    ck_assert_str_ne(sn_cpu_name(name, sizeof name), "");
    ck_assert_uint_lt(strlen(sn_cpu_name(tiny, sizeof tiny)), sizeof tiny);
    ck_assert_int_ge(sn_cpu_count(), 1);
    ck_assert(sched_getaffinity(0, sizeof set, &set) == 0);
    ck_assert_int_le(sn_cpu_count(), CPU_COUNT(&set));
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) {
            CPU_ZERO(&set);
            CPU_SET(i, &set);
            break;
        }
    ck_assert(sched_setaffinity(0, sizeof set, &set) == 0);
    ck_assert_int_eq(sn_cpu_count(), 1);
}
END_TEST

static Suite *suite_pool(void)
{
    Suite *s = suite_create("pool");
    TCase *t = tcase_create("pool");
    int n = (int)SN_COUNT(thread_counts);

    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_threads_help_each_other);
    tcase_add_loop_test(t, test_every_unit_once, 0, n);
    tcase_add_loop_test(t, test_many_short_runs, 0, n);
    tcase_add_test(t, test_create_and_free);
    tcase_add_loop_test(t, test_rounding_is_reset, 0, n);
#if defined(__x86_64__)
    tcase_add_loop_test(t, test_flush_to_zero_is_reset, 0, n);
#endif
    tcase_add_test(t, test_isa);
    tcase_add_test(t, test_machine);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_pool)
