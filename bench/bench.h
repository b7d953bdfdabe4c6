/*
 * bench.h: measuring time: a clock, order statistics, the machine's fused multiply-add peak, and the
 * header without which a speed claim does not count.
 */
#ifndef SN_BENCH_H
#define SN_BENCH_H

#include "io/io.h"
#include "tools/cli.h"

double sn_bench_now(void); /* milliseconds of a monotonic clock */
size_t sn_bench_peak_bytes(void); /* largest resident memory of this process so far */

/* Times of one thing, in milliseconds. */
struct sn_times {
    double *ms;
    size_t n, cap;
    bool failed;           /* memory ran out: later times are not kept */
};
void sn_times_add(struct sn_times *t, double ms);
void sn_times_free(struct sn_times *t);

struct sn_stat {
    double min, median;
    double spread;         /* interquartile range over the median */
};
struct sn_stat sn_times_stat(struct sn_times *t); /* sorts t; zeros when empty */

/* What the numbers were measured on. */
struct sn_bench_machine {
    char cpu[100];
    enum sn_isa isa;       /* of the kernels */
    enum sn_precision precision;
    int threads;
    double peak_gflops;    /* measured: all `threads` at once in a register-only loop of the best set */
};
/* Takes about 0.2 s for the peak. */
void sn_bench_measure(struct sn_bench_machine *m, const struct sn_common *c, struct sn_pool *pool);
void sn_bench_print_header(const struct sn_bench_machine *m);
void sn_bench_json_header(struct sn_json *j, const struct sn_bench_machine *m);

/* `rounds` times SN_PEAK_VECTORS fused multiply-adds of whole vectors; the result only keeps the loop from being removed. */
float sn_peak_ref(size_t rounds);
float sn_peak_avx2(size_t rounds);
float sn_peak_avx512(size_t rounds);
float sn_peak_neon(size_t rounds);
#define SN_PEAK_VECTORS 12 /* independent chains: two units of latency 4 or 5 need 8 to 10 */

struct sn_bench_request {
    const char *model, *input;  /* input NULL: noise of height x width */
    int height, width;          /* 0: 224 for classifiers, 256 for segmenters */
    double seconds;
    size_t min_runs;
    bool layers, errors;
    bool stats;                 /* statistics instead of kernels */
};
/* Root mean square and largest difference from double precision; the exact values' own root mean square and largest. */
struct sn_bench_error {
    double rms, most, size, largest;
};
/* Of each of net's layers, and of its outputs behind them: e[plan rows + 1]. exact: the same network in SN_FP64. */
int sn_bench_errors(struct sn_net *net, struct sn_net *exact, const float *in, struct sn_bench_error *e, struct sn_error *err);

/* Every kernel on real layer shapes (bench_kernels.c); one model (bench_net.c); ROC curves (bench_stats.c). They print to stdout. */
int sn_bench_kernels(const struct sn_args *a, const struct sn_bench_request *q, struct sn_error *err);
int sn_bench_net(const struct sn_args *a, const struct sn_bench_request *q, struct sn_error *err);
int sn_bench_stats(const struct sn_args *a, const struct sn_bench_request *q, struct sn_error *err);

#endif
