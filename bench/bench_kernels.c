/*
 * bench_kernels.c: every row of kernels.def on layers of real networks, one thread. The rows of one
 * operation take turns on the same data, so that a change of the machine's speed meets all alike.
 * The data stays warm: what a layer costs inside a network is `bench MODEL --layers`.
 */
#include "bench/bench.h"
#include "bench/shapes.h"
#include "kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>

enum op {
#define SN_OP(op) OP_##op,
#include "kernels/ops.def"
#undef SN_OP
};

static const struct row {
    enum op op;
    int isa;
    const char *name;
    void (*fn)(void); /* cast back to the operation's own type to be called */
} rows[] = {
#define SN_KERNEL(op, ISA, fn) { OP_##op, SN_ROW_##ISA, #fn, (void (*)(void))fn },
#include "kernels/kernels.def"
#undef SN_KERNEL
};
#define MAX_ROWS 8 /* of one operation */

#define REF_MACS 40e6 /* the scalar kernels are timed where one run stays below some 0.1 s */
#define MAX_PLANES 256

/* One operation on one shape; memory for everything it reads and writes. */
struct job {
    enum op op;
    char what[64];
    double flops, bytes;    /* multiply-adds count twice; bytes read and written once */
    struct sn_conv2d conv;
    struct sn_conv_span span;
    const void *x[MAX_PLANES];
    void *y[MAX_PLANES];
    uint8_t lanes[MAX_PLANES];
    struct sn_winograd wino;
    struct sn_winograd_span tiles;
    struct sn_i16_quantise quantise;
    struct sn_i16_conv2d i16_conv;
    struct sn_i16_winograd i16_wino;
    struct sn_i16_span i16_tiles;
    int32_t *start; /* winograd: the pieces */
    float *in, *out, *w, *v; /* v: winograd's, or the 16-bit mode's weights, input and products */
    float aux[2 * SN_LANES];
    double mean[SN_LANES], var[SN_LANES];
    int32_t at[4][512];
    float frac[512];
    int side;               /* of the plane the spatial operations work on */
};

/* ---- jobs ----------------------------------------------------------------------------------- */

static float *noise(size_t n, const char *name, struct sn_error *err)
{
    float *p = sn_alloc_aligned(n * sizeof *p);
    uint64_t stream = sn_rng_name(1, name);

    if (!p)
        (void)SN_NOMEM(err, "the benchmark's data");
    for (size_t i = 0; p && i < n; i++)
        p[i] = sn_rng_weight(stream, i);
    return p;
}

static int conv_job(struct job *j, const struct conv_shape *s, struct sn_error *err)
{
    int oh = (s->h - 1) / s->stride + 1, ow = (s->w - 1) / s->stride + 1, groups = (s->oc + SN_GROUP - 1) / SN_GROUP;
    size_t in = (size_t)(s->h * s->w) * SN_LANES, out = (size_t)(oh * ow * s->up * s->up) * SN_LANES;
    int planes = (s->ic + SN_LANES - 1) / SN_LANES, oplanes = (s->oc + SN_LANES - 1) / SN_LANES;
    size_t k = (size_t)(s->ic * s->k * s->k), nw = k * (size_t)(groups * s->up * s->up) * SN_GROUP;

    j->in = noise(in * (size_t)planes, "in", err);
    j->out = noise(out * (size_t)oplanes, "out", err);
    j->w = noise(nw + (size_t)groups * SN_GROUP, "w", err);
    if (!j->in || !j->out || !j->w)
        return SN_ENOMEM;
    for (int i = 0; i < planes; i++) {
        j->x[i] = j->in + (size_t)i * in;
        j->lanes[i] = (uint8_t)SN_MIN(SN_LANES, s->ic - i * SN_LANES);
    }
    for (int i = 0; i < oplanes; i++)
        j->y[i] = j->out + (size_t)i * out;
    j->conv = (struct sn_conv2d){
        .x = j->x, .lanes = j->lanes, .planes = planes, .w = j->w, .group_stride = k * SN_GROUP, .bias = j->w + nw, .y = j->y,
        .oc = s->oc, .groups = groups, .up = s->up, .ih = s->h, .iw = s->w, .oh = oh, .ow = ow, .kh = s->k, .kw = s->k,
        .stride = s->stride, .dil = s->dil, .pad_h = s->dil * (s->k - 1) / 2, .pad_w = s->dil * (s->k - 1) / 2,
        .act = { SN_ACT_RELU, 0 },
    };
    j->span = (struct sn_conv_span){ 0, groups * s->up * s->up, 0, oh * ow };
    j->flops = 2.0 * (double)k * s->oc * oh * ow * s->up * s->up;
    j->bytes = 4.0 * ((double)in * planes + (double)out * oplanes + (double)nw);
    (void)snprintf(j->what, sizeof j->what, "%s %d>%d @%dx%d", s->what, s->ic, s->oc, s->h, s->w);
    return SN_OK;
}

static bool has_winograd(const struct conv_shape *s)
{
    return s->k == 3 && s->stride == 1 && s->dil * 3 < s->h;
}

/* The same layer by tiles of one kind. Rates stay those of the direct convolution's multiply-adds. */
static int winograd_job(struct job *j, const struct conv_shape *s, struct sn_error *err)
{
    struct sn_winograd_axis down, across;
    size_t u, v;
    int tiles;

    SN_TRY(conv_job(j, s, err));
    j->start = malloc((size_t)(s->h + s->w) * sizeof *j->start);
    if (!j->start)
        return SN_NOMEM(err, "a layer's tiles");
    sn_winograd_cut(s->h, s->dil, 4, false, &down, j->start);
    sn_winograd_cut(s->w, s->dil, 4, false, &across, j->start + s->h);
    tiles = down.n * across.n;
    u = 36 * ((size_t)j->conv.groups * j->conv.group_stride / 9 + SN_LANES);
    v = 36 * ((size_t)tiles + 1) * (size_t)j->conv.planes * SN_LANES;
    j->v = noise(u + v + 36 * ((size_t)tiles * SN_GROUP + SN_LANES) * (size_t)j->conv.groups, "v", err);
    if (!j->v)
        return SN_ENOMEM;
    j->wino = (struct sn_winograd){ .x = j->x, .lanes = j->lanes, .planes = j->conv.planes, .u = j->v,
                                    .group_stride = j->conv.group_stride / 9, .u_stride = u / 36, .bias = j->conv.bias, .y = j->y, .oc = s->oc, .h = s->h, .w = s->w, .dil = s->dil,
                                    .kind = 4, .rows = down, .cols = across, .act = j->conv.act };
    j->tiles = (struct sn_winograd_span){ .t1 = tiles, .c1 = j->conv.planes, .g1 = j->conv.groups, .v = j->v + u,
                                          .m = j->v + u + v };
    sn_winograd_place(&j->wino, &j->tiles, tiles);
    if (j->op != OP_winograd_output && j->op != OP_i16_winograd_output)
        j->flops = 0;
    j->bytes = 4.0 * (double)v; /* of the input's transform: what it writes */
    if (j->op == OP_winograd_weights)
        j->bytes = 4.0 * (double)u;
    return SN_OK;
}

/* The same layers in 16 bits, direct or by tiles: weights, then quantised input and scales, then products. */
static int i16_job(struct job *j, const struct conv_shape *s, struct sn_error *err)
{
    bool wino = j->op == OP_i16_winograd_input || j->op == OP_i16_winograd_output;
    size_t positions = wino ? 36 : (size_t)(s->k * s->k), pairs, chunks, pixels, stride, words, z, u, q;

    SN_TRY(wino ? winograd_job(j, s, err) : conv_job(j, s, err));
    pairs = (size_t)sn_i16_pairs(j->conv.planes);
    chunks = (size_t)sn_i16_chunks(j->conv.planes);
    pixels = wino ? (size_t)j->tiles.t1 : (size_t)(s->h * s->w);
    stride = (pixels * pairs + 1) * SN_LANES;
    words = positions * pairs * SN_LANES * SN_GROUP;
    z = positions * chunks * SN_GROUP;
    u = (size_t)j->span.g1 * (words + z);
    q = (wino ? positions : 1) * stride + pixels * chunks;
    sn_free_aligned(j->v);
    j->v = noise(u + q + 36 * (pixels * SN_GROUP + SN_LANES), "v", err);
    if (!j->v)
        return SN_ENOMEM;
    j->quantise = (struct sn_i16_quantise){ .x = j->x, .planes = j->conv.planes, .step = 1, .n = pixels, .pixels = pixels, .q = (int32_t *)(void *)(j->v + u) };
    j->quantise.t = j->v + u + (wino ? positions : 1) * stride;
    j->i16_conv = (struct sn_i16_conv2d){ .c = j->conv, .q = j->quantise.q, .t = j->quantise.t, .w = (const int32_t *)(void *)j->v,
                                          .z = j->v + (size_t)j->span.g1 * words, .group_stride = words, .z_stride = z };
    j->i16_wino = (struct sn_i16_winograd){ .c = j->wino, .u = j->i16_conv.w, .z = j->i16_conv.z, .group_stride = words, .z_stride = z };
    j->i16_tiles = (struct sn_i16_span){ .t1 = j->tiles.t1, .c1 = j->conv.planes, .tiles = j->tiles.t1, .v = j->quantise.q, .t = j->quantise.t,
                                         .m = j->v + u + q, .stride = stride };
    if (!wino)
        sn_i16_quantise_ref(&j->quantise);
    if (j->op == OP_i16_quantise)
        j->flops = 0;
    j->bytes = wino ? 4.0 * (double)q : 6.0 * (double)pixels * j->conv.planes * SN_LANES; /* floats in, half as many bytes out */
    return SN_OK;
}

/* The other operations work on one plane of 56 x 56 pixels, in the first level cache's neighbourhood. */
static int plane_job(struct job *j, struct sn_error *err)
{
    size_t n;

    j->side = 56;
    n = (size_t)(j->side * j->side) * SN_LANES;
    j->in = noise(n, "in", err);
    j->out = noise(4 * n, "out", err);
    if (!j->in || !j->out)
        return SN_ENOMEM;
    for (int i = 0; i < 2 * SN_LANES; i++)
        j->aux[i] = 0.5f;
    for (int i = 0; i < 2 * j->side; i++) { /* to twice the size */
        double pos = SN_MAX((i + 0.5) / 2 - 0.5, 0.0);

        j->at[0][i] = (int32_t)pos;
        j->at[1][i] = SN_MIN((int32_t)pos + 1, j->side - 1);
        j->frac[i] = (float)(pos - (int32_t)pos);
    }
    j->bytes = 8.0 * (double)n; /* read and write once, or (moments) read twice */
    if (j->op == OP_finite)
        j->bytes = 4.0 * (double)n;
    if (j->op == OP_upsample)
        j->bytes = 20.0 * (double)n;
    if (j->op == OP_maxpool || j->op == OP_avgpool)
        j->bytes = 5.0 * (double)n;
    (void)snprintf(j->what, sizeof j->what, "one plane of 56x56");
    return SN_OK;
}

static void job_free(struct job *j)
{
    free(j->start);
    sn_free_aligned(j->in);
    sn_free_aligned(j->out);
    sn_free_aligned(j->w);
    sn_free_aligned(j->v);
}

static void job_run(struct job *j, const struct row *row)
{
    size_t pixels = (size_t)(j->side * j->side);
    struct sn_activation relu = { SN_ACT_RELU, 0 };
    struct sn_rowop op = { j->in, j->out, 4, pixels * SN_LANES / 4 };
    struct sn_pool2d pool = { .x = j->in, .y = j->out, .ih = j->side, .iw = j->side, .oh = j->side / 2, .ow = j->side / 2, .k = 3,
                              .stride = 2, .pad = 1, .r1 = j->side / 2 };

    switch (j->op) {
    case OP_conv2d:
        ((sn_conv2d_fn *)row->fn)(&j->conv, &j->span);
        break;
    case OP_winograd_weights:
        ((sn_winograd_weights_fn *)row->fn)(&(struct sn_winograd_weights){ j->w, j->v, j->wino.u_stride - SN_LANES, j->wino.u_stride, 6 });
        break;
    case OP_winograd_input:
        ((sn_winograd_input_fn *)row->fn)(&j->wino, &j->tiles);
        break;
    case OP_winograd_output:
        (void)((sn_winograd_output_fn *)row->fn)(&j->wino, &j->tiles);
        break;
    case OP_i16_quantise:
        ((sn_i16_quantise_fn *)row->fn)(&j->quantise);
        break;
    case OP_i16_conv2d:
        ((sn_i16_conv2d_fn *)row->fn)(&j->i16_conv, &j->span);
        break;
    case OP_i16_winograd_input:
        ((sn_i16_winograd_input_fn *)row->fn)(&j->i16_wino, &j->i16_tiles);
        break;
    case OP_i16_winograd_output:
        for (j->i16_tiles.g = 0; j->i16_tiles.g < j->conv.groups; j->i16_tiles.g++)
            (void)((sn_i16_winograd_output_fn *)row->fn)(&j->i16_wino, &j->i16_tiles);
        break;
    case OP_affine:
        ((sn_affine_fn *)row->fn)(&(struct sn_affine){ j->in, j->out, j->aux, j->aux + SN_LANES, pixels, relu });
        break;
    case OP_add:
        ((sn_add_fn *)row->fn)(&(struct sn_add){ j->in, j->out, j->out, pixels * SN_LANES, relu });
        break;
    case OP_maxpool:
        ((sn_maxpool_fn *)row->fn)(&pool);
        break;
    case OP_avgpool:
        ((sn_avgpool_fn *)row->fn)(&pool);
        break;
    case OP_moments:
        ((sn_moments_fn *)row->fn)(&(struct sn_moments){ j->in, j->side, j->side, j->mean, j->var });
        break;
    case OP_upsample:
        ((sn_upsample_fn *)row->fn)(&(struct sn_upsample){ j->in, j->out, j->side, j->side, 2 * j->side, 2 * j->side, j->at[0], j->at[1],
                                                           j->at[0], j->at[1], j->frac, j->frac, 0, 2 * j->side });
        break;
    case OP_sigmoid:
        ((sn_sigmoid_fn *)row->fn)(&op);
        break;
    case OP_softmax:
        ((sn_softmax_fn *)row->fn)(&op);
        break;
    case OP_finite:
        (void)((sn_finite_fn *)row->fn)(&op);
        break;
    }
}

/* ---- timing and printing -------------------------------------------------------------------- */

struct table {
    const struct sn_args *a;
    const struct sn_bench_request *q;
    struct sn_bench_machine machine;
    struct sn_json json;
};

/* The rows of the job's operation that this machine and --isa allow. */
static int choose_rows(const struct table *t, const struct job *j, const struct row *out[MAX_ROWS])
{
    enum sn_isa only = t->a->common.isa;
    int n = 0;

    for (size_t i = 0; i < SN_COUNT(rows) && n < MAX_ROWS; i++) {
        if (rows[i].op != j->op || !sn_row_usable(rows[i].isa))
            continue;
        if (rows[i].isa == SN_ROW_REF ? j->flops > 2 * REF_MACS && only != SN_ISA_REF
                                      : only != SN_ISA_AUTO && (int)only != sn_row_isa(rows[i].isa))
            continue;
        out[n++] = &rows[i];
    }
    return n;
}

/* Rates and ratios are those of the least times: a shared machine's medians tell of its neighbours. */
static void print_row(struct table *t, const struct job *j, const struct row *row, const struct sn_stat *s, double ref_ms)
{
    double gflops = j->flops / s->min * 1e-6, gbytes = j->bytes / s->min * 1e-6;

    if (t->a->common.json) {
        sn_json_object(&t->json);
        sn_json_kv(&t->json, "kernel", row->name);
        sn_json_kv(&t->json, "shape", j->what);
        sn_json_kv_number(&t->json, "flops", j->flops);
        sn_json_kv_number(&t->json, "min_ms", s->min);
        sn_json_kv_number(&t->json, "median_ms", s->median);
        sn_json_kv_number(&t->json, "spread", s->spread);
        if (ref_ms > 0)
            sn_json_kv_number(&t->json, "speedup_over_ref", ref_ms / s->min);
        sn_json_end_object(&t->json);
        return;
    }
    (void)printf("%-20s %-34s %9.4f %9.4f %5.1f %%", row->name, j->what, s->min, s->median, 100 * s->spread);
    if (j->flops > 0)
        (void)printf(" %8.1f GFLOP/s %4.0f %%", gflops, 100 * gflops / t->machine.peak_gflops);
    else
        (void)printf(" %8.1f GB/s          ", gbytes);
    if (ref_ms > 0)
        (void)printf(" %7.1fx", ref_ms / s->min);
    (void)putchar('\n');
}

static int time_job(struct table *t, struct job *j, struct sn_error *err)
{
    const struct row *row[MAX_ROWS];
    struct sn_times times[MAX_ROWS] = { { 0 } };
    int n = choose_rows(t, j, row);
    double until, ref_ms = 0;
    bool failed = false;

    for (int i = 0; i < n; i++)
        job_run(j, row[i]); /* warm up */
    until = sn_bench_now() + t->q->seconds * 1e3 * n;
    for (size_t round = 0; n && (round < t->q->min_runs || sn_bench_now() < until) && !failed; round++)
        for (int i = 0; i < n; i++) {
            double t0 = sn_bench_now();

            job_run(j, row[i]);
            sn_times_add(&times[i], sn_bench_now() - t0);
            failed |= times[i].failed;
        }
    for (int i = 0; i < n && !failed; i++) {
        struct sn_stat s = sn_times_stat(&times[i]);

        if (row[i]->isa == SN_ROW_REF)
            ref_ms = s.min;
        print_row(t, j, row[i], &s, ref_ms);
    }
    for (int i = 0; i < n; i++)
        sn_times_free(&times[i]);
    return failed ? SN_NOMEM(err, "the times") : SN_OK;
}

static int time_all(struct table *t, struct sn_error *err)
{
    static struct job j; /* too large for the stack */
    int rc = SN_OK;

    for (size_t i = 0; i < SN_COUNT(conv_shapes) && !rc; i++) {
        j = (struct job){ .op = OP_conv2d };
        rc = conv_job(&j, &conv_shapes[i], err);
        if (!rc)
            rc = time_job(t, &j, err);
        job_free(&j);
    }
    for (int op = OP_winograd_weights; op <= OP_winograd_output; op++)
        for (size_t i = 0; i < SN_COUNT(conv_shapes) && !rc; i++) {
            if (!has_winograd(&conv_shapes[i]))
                continue;
            j = (struct job){ .op = (enum op)op };
            rc = winograd_job(&j, &conv_shapes[i], err);
            if (!rc)
                rc = time_job(t, &j, err);
            job_free(&j);
        }
    for (int op = OP_i16_quantise; op <= OP_i16_winograd_output; op++)
        for (size_t i = 0; i < SN_COUNT(conv_shapes) && !rc; i++) {
            if (conv_shapes[i].ic < SN_LANES || (op >= OP_i16_winograd_input && !has_winograd(&conv_shapes[i])))
                continue;
            j = (struct job){ .op = (enum op)op };
            rc = i16_job(&j, &conv_shapes[i], err);
            if (!rc)
                rc = time_job(t, &j, err);
            job_free(&j);
        }
    for (int op = OP_winograd_output + 1; op <= OP_finite && !rc; op++) {
        j = (struct job){ .op = (enum op)op };
        rc = plane_job(&j, err);
        if (!rc)
            rc = time_job(t, &j, err);
        job_free(&j);
    }
    return rc;
}

int sn_bench_kernels(const struct sn_args *a, const struct sn_bench_request *q, struct sn_error *err)
{
    struct table t = { .a = a, .q = q };
    struct sn_common one = a->common;
    struct sn_kernels usable;
    int rc;

    one.threads = 1;
    SN_TRY(sn_kernels_pick(&usable, a->common.isa, false, err)); /* refuses what this machine has not */
    sn_bench_measure(&t.machine, &one, NULL);
    if (a->common.json) {
        sn_json_init(&t.json, 0);
        sn_json_object(&t.json);
        sn_bench_json_header(&t.json, &t.machine);
        sn_json_key(&t.json, "kernels");
        sn_json_array(&t.json);
    } else {
        sn_bench_print_header(&t.machine);
        (void)printf("%-20s %-34s %9s %9s %7s %17s %6s %8s\n", "kernel", "shape", "least ms", "median", "spread", "at the least time", "peak", "over ref");
    }
    rc = time_all(&t, err);
    if (a->common.json) {
        sn_json_end_array(&t.json);
        sn_json_end_object(&t.json);
        if (!rc && t.json.buf.failed)
            rc = SN_NOMEM(err, "the summary");
        if (!rc)
            (void)printf("%s%s", t.json.buf.data, t.json.buf.data[t.json.buf.len - 1] == '\n' ? "" : "\n");
        sn_json_free(&t.json);
    }
    return rc;
}
