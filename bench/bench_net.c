/* bench_net.c: one model: how long it takes to load, the first run, further runs, each layer. */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_RUNS 1000000
#define MAX_SIDE 16384

/* Everything one measurement holds. */
struct bench {
    const struct sn_args *a;
    const struct sn_bench_request *q;
    struct sn_model model;
    struct sn_net *net;
    struct sn_pool *pool;
    struct sn_npy input;       /* from a file, or empty */
    float *in, *out;           /* in: borrowed from input, or owned */
    size_t n_in, n_out;
    int h, w;
    double load_ms, first_ms;
    struct sn_times times;
    struct sn_times *layers;   /* [plan rows] */
    struct sn_bench_error *errors; /* [plan rows + 1] */
    double mark;               /* when the last step ended */
};

/* The image's size: the request's, the array's, or a usual one. */
static int choose_size(struct bench *b, const struct sn_net_info *info, struct sn_error *err)
{
    const size_t *s = b->input.shape;

    b->h = b->w = info->task == SN_TASK_SEGMENT ? 256 : 224;
    if (b->q->height) {
        b->h = b->q->height;
        b->w = b->q->width;
    }
    if (!b->q->input)
        return SN_OK;
    if (b->input.type != SN_NPY_F4 || b->input.ndim != 4 || s[0] != 1 || s[1] != (size_t)info->in_channels || b->input.count == 0)
        return SN_FAIL(err, SN_EFORMAT, "%s: expected one float32 image [1][%d][H][W]", sn_basename(b->q->input), info->in_channels);
    if (s[2] > MAX_SIDE || s[3] > MAX_SIDE)
        return SN_FAIL(err, SN_ELIMIT, "%s: an image of %zu x %zu, expected at most %d on a side", sn_basename(b->q->input), s[2], s[3], MAX_SIDE);
    if (b->q->height && (s[2] != (size_t)b->h || s[3] != (size_t)b->w))
        return SN_FAIL(err, SN_EINVAL, "--size %d %d differs from the array's %zu x %zu", b->h, b->w, s[2], s[3]);
    b->h = (int)s[2];
    b->w = (int)s[3];
    return SN_OK;
}

/* Noise like a normalised image: uniform with variance 1. */
static int make_input(struct bench *b, struct sn_error *err)
{
    uint64_t stream = sn_rng_name(1, "bench");

    if (b->input.data) {
        b->in = b->input.data;
        return SN_OK;
    }
    b->in = malloc(b->n_in * sizeof *b->in);
    if (!b->in)
        return SN_NOMEM(err, "the input");
    for (size_t i = 0; i < b->n_in; i++)
        b->in[i] = 1.7320508f * sn_rng_weight(stream, i);
    return SN_OK;
}

static int load(struct bench *b, struct sn_error *err)
{
    struct sn_net_options opt;
    struct sn_net_info info;
    int c, h, w;
    double t0;

    if (b->q->input)
        SN_TRY(sn_npy_read(b->q->input, &b->input, err));
    t0 = sn_bench_now();
    SN_TRY(sn_model_open(&b->model, b->q->model, SN_VERIFY_CRC, err));
    SN_TRY(sn_net_identify(&b->model, NULL, &info, err));
    SN_TRY(choose_size(b, &info, err));
    SN_TRY(sn_cli_pool(&b->a->common, &b->pool, err));
    opt = sn_cli_net_options(&b->a->common, b->pool);
    SN_TRY(sn_net_create(&b->net, &b->model, b->h, b->w, &opt, err));
    b->load_ms = sn_bench_now() - t0;
    sn_net_output_shape(b->net, &c, &h, &w);
    b->n_in = (size_t)info.in_channels * (size_t)b->h * (size_t)b->w;
    b->n_out = (size_t)c * (size_t)h * (size_t)w;
    b->out = malloc(b->n_out * sizeof *b->out);
    if (!b->out)
        return SN_NOMEM(err, "the output");
    return make_input(b, err);
}

static int time_runs(struct bench *b, struct sn_error *err)
{
    double t0 = sn_bench_now(), t = t0, end;

    SN_TRY(sn_net_run(b->net, b->in, b->out, err));
    end = sn_bench_now();
    b->first_ms = end - t0;
    t0 = end;
    while ((b->times.n < b->q->min_runs || end - t0 < b->q->seconds * 1e3) && b->times.n < MAX_RUNS && !b->times.failed) {
        t = end;
        SN_TRY(sn_net_run(b->net, b->in, b->out, err));
        end = sn_bench_now();
        sn_times_add(&b->times, end - t);
    }
    return b->times.failed ? SN_NOMEM(err, "the times") : SN_OK;
}

static int step_done(void *ctx, const struct sn_net_step *s, struct sn_error *err)
{
    struct bench *b = ctx;
    double now = sn_bench_now();

    (void)err;
    sn_times_add(&b->layers[s->index], now - b->mark);
    b->mark = sn_bench_now();
    return SN_OK;
}

static int time_layers(struct bench *b, struct sn_error *err)
{
    size_t runs = SN_MAX(b->times.n / 2, (size_t)5);

    b->layers = calloc(sn_net_plan_rows(b->net), sizeof *b->layers);
    if (!b->layers)
        return SN_NOMEM(err, "the layers' times");
    for (size_t i = 0; i < runs; i++) {
        b->mark = sn_bench_now();
        SN_TRY(sn_net_run_watched(b->net, b->in, b->out, step_done, b, err));
    }
    for (size_t i = 0; i < sn_net_plan_rows(b->net); i++)
        if (b->layers[i].failed)
            return SN_NOMEM(err, "the layers' times");
    return SN_OK;
}

static int measure_errors(struct bench *b, struct sn_error *err)
{
    struct sn_net_options opt = sn_cli_net_options(&b->a->common, b->pool);
    struct sn_net *exact = NULL;
    int rc;

    opt.isa = SN_ISA_AUTO;
    opt.precision = SN_FP64;
    b->errors = calloc(sn_net_plan_rows(b->net) + 1, sizeof *b->errors);
    if (!b->errors)
        return SN_NOMEM(err, "the layers' errors");
    rc = sn_net_create(&exact, &b->model, b->h, b->w, &opt, err);
    if (!rc)
        rc = sn_bench_errors(b->net, exact, b->in, b->errors, err);
    sn_net_free(exact);
    return rc;
}

static void digest(const struct bench *b, char hex[SN_SHA256_HEX])
{
    struct sn_sha256 sha;
    uint8_t bytes[4], sum[32];

    sn_sha256_init(&sha);
    for (size_t i = 0; i < b->n_out; i++) {
        uint32_t u;

        memcpy(&u, &b->out[i], sizeof u);
        sn_put_le32(bytes, u);
        sn_sha256_update(&sha, bytes, sizeof bytes);
    }
    sn_sha256_final(&sha, sum);
    sn_hex(sum, sizeof sum, hex);
}

static double gflops(uint64_t macs, double ms)
{
    return ms > 0 ? 2e-6 * (double)macs / ms : 0;
}

static void json_layers(struct sn_json *j, struct bench *b)
{
    sn_json_key(j, "layers");
    sn_json_array(j);
    for (size_t i = 0; i < sn_net_plan_rows(b->net); i++) {
        struct sn_stat s = sn_times_stat(&b->layers[i]);
        struct sn_plan_row r;

        sn_net_plan_row(b->net, i, &r);
        sn_json_object(j);
        sn_json_kv(j, "name", r.name);
        sn_json_kv(j, "op", r.op);
        sn_json_kv(j, "kernel", r.kernel);
        sn_json_kv_int(j, "macs", (int64_t)r.macs);
        sn_json_kv_number(j, "min_ms", s.min);
        sn_json_kv_number(j, "median_ms", s.median);
        sn_json_end_object(j);
    }
    sn_json_end_array(j);
}

static void json_errors(struct sn_json *j, const struct bench *b)
{
    size_t rows = sn_net_plan_rows(b->net);

    sn_json_key(j, "errors");
    sn_json_array(j);
    for (size_t i = 0; i <= rows; i++) {
        struct sn_plan_row r = { .name = "outputs" };

        if (i < rows)
            sn_net_plan_row(b->net, i, &r);
        sn_json_object(j);
        sn_json_kv(j, "name", r.name);
        sn_json_kv_number(j, "rms_error", b->errors[i].rms);
        sn_json_kv_number(j, "largest_error", b->errors[i].most);
        sn_json_kv_number(j, "rms", b->errors[i].size);
        sn_json_kv_number(j, "largest", b->errors[i].largest);
        sn_json_end_object(j);
    }
    sn_json_end_array(j);
}

/* Shares of a layer's root mean square; of the outputs also of the largest, which is what the bound is about. */
static void print_errors(const struct bench *b)
{
    size_t rows = sn_net_plan_rows(b->net);
    const struct sn_bench_error *e = &b->errors[rows];

    (void)printf("\n%4s  %-34s %-14s %11s %11s\n", "", "layer", "op", "rms error", "largest");
    for (size_t i = 0; i < rows; i++) {
        struct sn_plan_row r;

        sn_net_plan_row(b->net, i, &r);
        (void)printf("%4zu  %-34s %-14s", i, r.name, r.op);
        if (b->errors[i].size > 0)
            (void)printf(" %11.2e %11.2e", b->errors[i].rms / b->errors[i].size, b->errors[i].most / b->errors[i].size);
        (void)putchar('\n');
    }
    if (e->largest > 0)
        (void)printf("\noutputs   rms error %.2e, largest %.2e of the largest output, against double precision\n", e->rms / e->largest, e->most / e->largest);
}

/* One line, in the order of measuring; times_ms before anything sorts them. */
static int print_json(struct bench *b, const struct sn_bench_machine *m, const char *hex, struct sn_error *err)
{
    struct sn_json j;
    bool failed;

    sn_json_init(&j, 0);
    sn_json_object(&j);
    sn_bench_json_header(&j, m);
    sn_json_kv(&j, "model", sn_basename(b->q->model));
    sn_json_kv(&j, "architecture", sn_net_get_info(b->net)->architecture);
    sn_json_kv_int(&j, "height", b->h);
    sn_json_kv_int(&j, "width", b->w);
    sn_json_kv_int(&j, "macs", (int64_t)sn_net_macs(b->net));
    sn_json_kv_number(&j, "load_ms", b->load_ms);
    sn_json_kv_number(&j, "first_ms", b->first_ms);
    sn_json_key(&j, "times_ms");
    sn_json_array(&j);
    for (size_t i = 0; i < b->times.n; i++)
        sn_json_number(&j, b->times.ms[i]);
    sn_json_end_array(&j);
    if (b->layers)
        json_layers(&j, b);
    if (b->errors)
        json_errors(&j, b);
    sn_json_kv_int(&j, "peak_bytes", (int64_t)sn_bench_peak_bytes());
    sn_json_kv(&j, "digest", hex);
    sn_json_end_object(&j);
    failed = j.buf.failed;
    if (!failed)
        (void)printf("%s%s", j.buf.data, j.buf.data[j.buf.len - 1] == '\n' ? "" : "\n");
    sn_json_free(&j);
    return failed ? SN_NOMEM(err, "the summary") : SN_OK;
}

static void print_text(struct bench *b, const struct sn_bench_machine *m, const char *hex)
{
    uint64_t macs = sn_net_macs(b->net);
    struct sn_stat s = sn_times_stat(&b->times);

    sn_bench_print_header(m);
    (void)printf("%s, %s, %d x %d, %.3f GMAC\n", sn_basename(b->q->model), sn_net_get_info(b->net)->architecture, b->h, b->w, (double)macs * 1e-9);
    (void)printf("load      %10.2f ms\n", b->load_ms);
    (void)printf("first run %10.2f ms\n", b->first_ms);
    (void)printf("further   %10.2f ms least, %.2f ms median, spread %.1f %% (interquartile), %zu runs\n", s.min, s.median, 100 * s.spread, b->times.n);
    (void)printf("speed     %10.2f images/s, %.1f GFLOP/s: %.0f %% of the FMA peak (median)\n", s.median > 0 ? 1e3 / s.median : 0,
                 gflops(macs, s.median), 100 * gflops(macs, s.median) / m->peak_gflops);
    (void)printf("memory    %10.1f MB at most (activations %.1f MB, packed weights %.1f MB, work space %.1f MB)\n", (double)sn_bench_peak_bytes() * 1e-6,
                 (double)sn_net_arena_bytes(b->net) * 1e-6, (double)sn_net_weight_bytes(b->net) * 1e-6, (double)sn_net_work_bytes(b->net) * 1e-6);
    (void)printf("digest    %s\n", hex);
    if (!b->layers)
        return;
    (void)printf("\n%4s  %-34s %-14s %9s %9s %9s %9s %6s\n", "", "layer", "op", "M MAC", "least ms", "median ms", "GFLOP/s", "peak");
    for (size_t i = 0; i < sn_net_plan_rows(b->net); i++) {
        struct sn_plan_row r;

        sn_net_plan_row(b->net, i, &r);
        s = sn_times_stat(&b->layers[i]);
        (void)printf("%4zu  %-34s %-14s %9.2f %9.4f %9.4f", i, r.name, r.op, (double)r.macs * 1e-6, s.min, s.median);
        if (r.macs)
            (void)printf(" %9.1f %4.0f %%", gflops(r.macs, s.median), 100 * gflops(r.macs, s.median) / m->peak_gflops);
        (void)putchar('\n');
    }
}

int sn_bench_net(const struct sn_args *a, const struct sn_bench_request *q, struct sn_error *err)
{
    struct bench b = { .a = a, .q = q };
    struct sn_bench_machine m;
    char hex[SN_SHA256_HEX];
    size_t rows = 0;
    int rc;

    SN_TRY_OUT(load(&b, err));
    rows = sn_net_plan_rows(b.net);
    SN_TRY_OUT(time_runs(&b, err));
    if (q->layers)
        SN_TRY_OUT(time_layers(&b, err));
    if (q->errors)
        SN_TRY_OUT(measure_errors(&b, err));
    digest(&b, hex);
    sn_bench_measure(&m, &a->common, b.pool);
    if (a->common.json)
        rc = print_json(&b, &m, hex, err);
    else
        print_text(&b, &m, hex);
    if (b.errors && !a->common.json)
        print_errors(&b);
out:
    for (size_t i = 0; b.layers && i < rows; i++)
        sn_times_free(&b.layers[i]);
    free(b.layers);
    free(b.errors);
    sn_times_free(&b.times);
    if (b.in != b.input.data)
        free(b.in);
    free(b.out);
    sn_npy_free(&b.input);
    sn_net_free(b.net);
    sn_pool_free(b.pool);
    sn_model_close(&b.model);
    return rc;
}
