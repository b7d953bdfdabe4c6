/* bench.c: clock, order statistics, the machine. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#ifndef SN_BUILD_FLAGS
#define SN_BUILD_FLAGS "unknown"
#endif

double sn_bench_now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

size_t sn_bench_peak_bytes(void)
{
    struct rusage u;

    if (getrusage(RUSAGE_SELF, &u) != 0)
        return 0;
    return (size_t)u.ru_maxrss * 1024; /* Linux counts kilobytes */
}

void sn_times_add(struct sn_times *t, double ms)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 64;
        double *p = realloc(t->ms, cap * sizeof *p);

        if (!p) {
            t->failed = true;
            return;
        }
        t->ms = p;
        t->cap = cap;
    }
    t->ms[t->n++] = ms;
}

void sn_times_free(struct sn_times *t)
{
    free(t->ms);
    *t = (struct sn_times){ 0 };
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The q-quantile of sorted values, interpolated (type 7 of Hyndman & Fan 1996, R's default). */
static double quantile(const struct sn_times *t, double q)
{
    double at = q * (double)(t->n - 1);
    size_t i = (size_t)at;

    return i + 1 < t->n ? t->ms[i] + (at - (double)i) * (t->ms[i + 1] - t->ms[i]) : t->ms[i];
}

struct sn_stat sn_times_stat(struct sn_times *t)
{
    struct sn_stat s = { 0 };

    if (t->n == 0)
        return s;
    qsort(t->ms, t->n, sizeof *t->ms, ascending);
    s.min = t->ms[0];
    s.median = quantile(t, 0.5);
    s.spread = s.median > 0 ? (quantile(t, 0.75) - quantile(t, 0.25)) / s.median : 0;
    return s;
}

/* ---- the machine ---------------------------------------------------------------------------- */

struct peak_job {
    float (*fn)(size_t rounds);
    size_t rounds;
    float *sink; /* [threads] */
};

static void peak_unit(void *ctx, size_t unit, int thread)
{
    const struct peak_job *j = ctx;

    (void)thread;
    j->sink[unit] = j->fn(j->rounds);
}

/*
 * The best set of this machine, whichever kernels run: the share is of what the machine can do.
 * All threads at once, so that shared clocks and cores count; the best of several short runs.
 */
static double measure_peak(struct sn_pool *pool)
{
    float sink[1024], (*fn)(size_t) = sn_peak_ref;
    int width = 1, threads = sn_pool_threads(pool);
    struct peak_job j = { .rounds = 20000, .sink = sink };
    double best = 0, until = sn_bench_now() + 200;

#if defined(__x86_64__)
    if (sn_isa_usable(SN_ISA_AVX512)) {
        fn = sn_peak_avx512;
        width = 16;
    } else if (sn_isa_usable(SN_ISA_AVX2)) {
        fn = sn_peak_avx2;
        width = 8;
    }
#elif defined(SN_HAVE_NEON)
    fn = sn_peak_neon;
    width = 4;
#endif
    j.fn = fn;
    while (sn_bench_now() < until) {
        double t0 = sn_bench_now(), ms;

        sn_pool_run(pool, peak_unit, &j, (size_t)threads);
        ms = sn_bench_now() - t0;
        if (ms > 2) /* long enough for the clock, and for the hand-out not to count */
            best = SN_MAX(best, 2.0 * SN_PEAK_VECTORS * width * threads * (double)j.rounds / ms * 1e-6);
        else
            j.rounds *= 2;
    }
    return best;
}

void sn_bench_measure(struct sn_bench_machine *m, const struct sn_common *c, struct sn_pool *pool)
{
    (void)sn_cpu_name(m->cpu, sizeof m->cpu);
    m->isa = c->isa == SN_ISA_AUTO ? c->precision == SN_FP64 ? SN_ISA_REF : sn_isa_best() : c->isa;
    m->precision = c->precision;
    m->threads = c->threads;
    m->peak_gflops = measure_peak(pool);
}

static const char *compiler(void)
{
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown compiler";
#endif
}

static const char *threading(void)
{
#if defined(SN_OPENMP)
    return "OpenMP";
#else
    return "own pool";
#endif
}

void sn_bench_print_header(const struct sn_bench_machine *m)
{
    (void)printf("sentinode %s; %s; %s; %s\n", SN_VERSION, compiler(), SN_BUILD_FLAGS, threading());
    (void)printf("%s, %d cores usable; %s kernels, %s, %d thread%s; FMA peak measured %.1f GFLOP/s\n\n", m->cpu, sn_cpu_count(),
                 sn_isa_name(m->isa), sn_precision_label(m->precision), m->threads, m->threads == 1 ? "" : "s", m->peak_gflops);
}

void sn_bench_json_header(struct sn_json *j, const struct sn_bench_machine *m)
{
    sn_json_kv(j, "version", SN_VERSION);
    sn_json_kv(j, "compiler", compiler());
    sn_json_kv(j, "flags", SN_BUILD_FLAGS);
    sn_json_kv(j, "threading", threading());
    sn_json_kv(j, "cpu", m->cpu);
    sn_json_kv_int(j, "cores", sn_cpu_count());
    sn_json_kv(j, "isa", sn_isa_name(m->isa));
    sn_json_kv(j, "precision", sn_precision_label(m->precision));
    sn_json_kv_int(j, "threads", m->threads);
    sn_json_kv_number(j, "fma_peak_gflops", m->peak_gflops);
}

/* The portable loop: what a machine without one of our instruction sets is measured by. */
float sn_peak_ref(size_t rounds)
{
    volatile float seed = 0.5f; /* unknown to the compiler */
    float a = seed, acc[SN_PEAK_VECTORS], sum = 0;

    for (int i = 0; i < SN_PEAK_VECTORS; i++)
        acc[i] = (float)i;
    for (size_t r = 0; r < rounds; r++)
        for (int i = 0; i < SN_PEAK_VECTORS; i++)
            acc[i] = sn_fmaf(acc[i], a, a); /* tends to 1 */
    for (int i = 0; i < SN_PEAK_VECTORS; i++)
        sum += acc[i];
    return sum;
}
