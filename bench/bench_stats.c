/* bench_stats.c: `sentinode bench --stats`: areas under ROC curves, their variance and bootstrap, on made-up cases. */
#include "bench/bench.h"
#include "stats/stats.h"

#include <stdio.h>
#include <stdlib.h>

#define SEED 20251 /* bench/peers/stats_peers.py makes the same cases */

/*
 * Case i takes numbers 4 i + 1 .. 4 i + 4 of splitmix64(SEED): a quarter are positive; the score is a sum of three uniforms, plus
 * 0.35 for positives. Only additions of 53-bit numbers: the same doubles in any language.
 */
struct cases {
    size_t n;
    double *score, *other, *y;
};

static int make_cases(struct cases *c, size_t n, struct sn_error *err)
{
    struct sn_rng rng = { SEED };

    *c = (struct cases){ n, malloc(n * sizeof(double)), malloc(n * sizeof(double)), malloc(n * sizeof(double)) };
    if (!c->score || !c->other || !c->y)
        return SN_NOMEM(err, "the cases");
    for (size_t i = 0; i < n; i++) {
        double u[4];

        for (int k = 0; k < 4; k++)
            u[k] = sn_rng_uniform(&rng);
        c->y[i] = u[0] < 0.25;
        c->score[i] = u[1] + u[2] + u[3] + 0.35 * c->y[i];
        c->other[i] = u[1] + u[2] + 0.35 * c->y[i];
    }
    return SN_OK;
}

static void free_cases(struct cases *c)
{
    free(c->score);
    free(c->other);
    free(c->y);
}

enum work { DELONG, PAIRED, BOOTSTRAP };
struct job {
    const char *what;
    enum work work;
    size_t n, replicates, full; /* full: replicates to which the time is extrapolated; 0: none */
};
static const struct job jobs[] = {
    { "AUC and DeLong's interval", DELONG, 700, 0, 0 },
    { "AUC and DeLong's interval", DELONG, 1000000, 0, 0 },
    { "DeLong's paired test", PAIRED, 1000000, 0, 0 },
    { "bootstrap of the AUC", BOOTSTRAP, 700, 10000, 0 },
    { "bootstrap of the AUC", BOOTSTRAP, 1000000, 200, 10000 }, /* sorting once more or less in 200 replicates is 5 % */
};

/* The whole way from scores to an interval, sorting included; *result is what a peer should find too. */
static int run(const struct job *j, const struct cases *c, struct sn_pool *pool, double *result, struct sn_error *err)
{
    struct sn_roc a = { 0 }, b = { 0 };
    const struct sn_roc *one = &a;
    struct sn_roc_boot boot = { .seed = SEED, .replicates = j->replicates, .level = 0.95, .pool = pool };
    struct sn_auc_test test;
    struct sn_boot_ci ci;
    int rc;

    SN_TRY_OUT(sn_roc_build(c->score, c->y, c->n, &a, err));
    *result = a.auc;
    switch (j->work) {
    case DELONG:
        *result = sn_auc_ci(a.auc, sn_roc_variance(&a), 0.95, SN_AUC_PLAIN).lo;
        break;
    case PAIRED:
        SN_TRY_OUT(sn_roc_build(c->other, c->y, c->n, &b, err));
        SN_TRY_OUT(sn_auc_test_paired(&a, &b, 0.95, &test, err));
        *result = test.statistic;
        break;
    case BOOTSTRAP:
        SN_TRY_OUT(sn_roc_boot_auc(&one, 1, &boot, &ci, NULL, err));
        *result = ci.lo;
        break;
    }
out:
    sn_roc_free(&a);
    sn_roc_free(&b);
    return rc;
}

static const char *result_name(enum work w)
{
    return w == PAIRED ? "z" : "lower limit";
}

static void print(const struct sn_args *a, struct sn_json *json, const struct job *j, const struct sn_stat *s, double result)
{
    double scale = j->full ? (double)j->full / (double)j->replicates : 0;

    if (a->common.json) {
        sn_json_object(json);
        sn_json_kv(json, "what", j->what);
        sn_json_kv_int(json, "n", (int64_t)j->n);
        sn_json_kv_int(json, "replicates", (int64_t)j->replicates);
        sn_json_kv_number(json, "min_ms", s->min);
        sn_json_kv_number(json, "median_ms", s->median);
        sn_json_kv_number(json, "spread", s->spread);
        if (j->full) {
            sn_json_kv_int(json, "extrapolated_to", (int64_t)j->full);
            sn_json_kv_number(json, "extrapolated_ms", s->median * scale);
        }
        sn_json_kv_number(json, "result", result);
        sn_json_end_object(json);
        return;
    }
    (void)printf("%-26s %8zu %10zu %10.3f %10.3f %5.1f %%  %s %.9g", j->what, j->n, j->replicates, s->min, s->median, 100 * s->spread, result_name(j->work),
                 result);
    if (j->full)
        (void)printf("; %zu replicates: %.1f s, extrapolated", j->full, s->median * scale * 1e-3);
    (void)putchar('\n');
}

static int time_job(const struct sn_args *a, const struct sn_bench_request *q, struct sn_json *json, const struct job *j, struct sn_pool *pool, struct sn_error *err)
{
    struct sn_times times = { 0 };
    struct cases c;
    double until, result = 0;
    int rc = make_cases(&c, j->n, err);

    if (!rc)
        rc = run(j, &c, pool, &result, err); /* warm up */
    until = sn_bench_now() + q->seconds * 1e3;
    for (size_t round = 0; !rc && (round < q->min_runs || sn_bench_now() < until); round++) {
        double t0 = sn_bench_now();

        rc = run(j, &c, pool, &result, err);
        sn_times_add(&times, sn_bench_now() - t0);
        if (!rc && times.failed)
            rc = SN_NOMEM(err, "the times");
    }
    if (!rc) {
        struct sn_stat s = sn_times_stat(&times);

        print(a, json, j, &s, result);
    }
    sn_times_free(&times);
    free_cases(&c);
    return rc;
}

int sn_bench_stats(const struct sn_args *a, const struct sn_bench_request *q, struct sn_error *err)
{
    struct sn_bench_machine machine;
    struct sn_json json = { 0 };
    struct sn_pool *pool;
    int rc = SN_OK;

    SN_TRY(sn_cli_pool(&a->common, &pool, err));
    sn_bench_measure(&machine, &a->common, pool);
    if (a->common.json) {
        sn_json_init(&json, 0);
        sn_json_object(&json);
        sn_bench_json_header(&json, &machine);
        sn_json_key(&json, "stats");
        sn_json_array(&json);
    } else {
        sn_bench_print_header(&machine);
        (void)printf("%-26s %8s %10s %10s %10s %7s\n", "statistic", "cases", "replicates", "least ms", "median", "spread");
    }
    for (size_t i = 0; i < SN_COUNT(jobs) && !rc; i++)
        rc = time_job(a, q, &json, &jobs[i], pool, err);
    if (a->common.json) {
        sn_json_end_array(&json);
        sn_json_end_object(&json);
        if (!rc && json.buf.failed)
            rc = SN_NOMEM(err, "the summary");
        if (!rc)
            (void)printf("%s%s", json.buf.data, json.buf.data[json.buf.len - 1] == '\n' ? "" : "\n");
    }
    sn_json_free(&json);
    sn_pool_free(pool);
    return rc;
}
