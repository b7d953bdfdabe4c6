/* cmd_infer.c: `sentinode infer`: raw arrays through a network, and what every layer made of them. */
#include "tools/cli.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "weights/weights.h"

static const char help[] =
    "Usage: sentinode infer MODEL.snw IN.npy -o OUT.npy [--trace DIR] [--trace-tensors]\n"
    "\n"
    "Runs a network on float32 arrays [N][C][H][W], already resized and normalised, and writes its raw\n"
    "outputs (before sigmoid or softmax): [N][classes] or [N][classes][H][W]. float64 with\n"
    "--precision fp64.\n"
    "\n"
    "  -o, --output FILE  where the outputs go\n"
    "  --trace DIR        for one image: DIR/trace.csv with each layer's shape, least, mean and greatest\n"
    "                     value and SHA-256\n"
    "  --trace-tensors    also each layer's values as DIR/INDEX_NAME.npy\n";

static const struct sn_opt opts[] = { { "-o,--output", 'o', true }, { "--trace", 't', true }, { "--trace-tensors", 'T', false }, { 0 } };

#define MAX_SIDE 16384 /* the networks' own limit, as an int */

struct request {
    const char *model, *in, *out, *trace;
    bool tensors;
};

/* ---- tracing -------------------------------------------------------------------------------- */

struct tracer {
    const char *dir;
    bool tensors;
    struct sn_buf csv;
};

/* SHA-256 of the values' little-endian bytes, the same on every machine. */
static void digest(const struct sn_net_step *s, size_t n, char hex[SN_SHA256_HEX])
{
    struct sn_sha256 sha;
    uint8_t bytes[8], sum[32];

    sn_sha256_init(&sha);
    for (size_t i = 0; i < n; i++) {
        if (s->data64) {
            uint64_t u;

            memcpy(&u, &s->data64[i], sizeof u);
            sn_put_le64(bytes, u);
        } else {
            uint32_t u;

            memcpy(&u, &s->data[i], sizeof u);
            sn_put_le32(bytes, u);
        }
        sn_sha256_update(&sha, bytes, s->data64 ? 8 : 4);
    }
    sn_sha256_final(&sha, sum);
    sn_hex(sum, sizeof sum, hex);
}

static int write_tensor(const struct tracer *t, const struct sn_net_step *s, struct sn_error *err)
{
    const size_t shape[3] = { (size_t)s->c, (size_t)s->h, (size_t)s->w };
    struct sn_buf path = { 0 };
    int rc;

    sn_buf_printf(&path, "%s/%03zu_", t->dir, s->index);
    for (const char *c = s->name; *c; c++) { /* names come from files: keep the harmless characters */
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '.' || *c == '-';

        sn_buf_add(&path, plain ? c : "_", 1);
    }
    sn_buf_puts(&path, ".npy");
    if (path.failed)
        rc = SN_NOMEM(err, "a file name");
    else
        rc = s->data64 ? sn_npy_write(path.data, SN_NPY_F8, 3, shape, s->data64, err)
                       : sn_npy_write(path.data, SN_NPY_F4, 3, shape, s->data, err);
    sn_buf_free(&path);
    return rc;
}

static int trace_step(void *ctx, const struct sn_net_step *s, struct sn_error *err)
{
    struct tracer *t = ctx;
    size_t n = (size_t)s->c * (size_t)s->h * (size_t)s->w;
    double least = 0, most = 0, sum = 0;
    char hex[SN_SHA256_HEX], a[32], b[32], c[32];

    for (size_t i = 0; i < n; i++) {
        double v = s->data64 ? s->data64[i] : (double)s->data[i];

        least = i == 0 || v < least ? v : least;
        most = i == 0 || v > most ? v : most;
        sum += v;
    }
    digest(s, n, hex);
    sn_buf_printf(&t->csv, "%zu,", s->index);
    sn_csv_put(&t->csv, s->name);
    sn_buf_printf(&t->csv, ",%s,%dx%dx%d,%s,%s,%s,%s\n", s->op, s->c, s->h, s->w, sn_format_double(least, a),
                  sn_format_double(sum / (double)n, b), sn_format_double(most, c), hex);
    return t->tensors ? write_tensor(t, s, err) : SN_OK;
}

static int run_traced(struct sn_net *net, const struct request *q, const float *in, float *out, struct sn_error *err)
{
    struct tracer t = { .dir = q->trace, .tensors = q->tensors };
    struct sn_buf path = { 0 };
    int rc;

    SN_TRY(sn_mkdirs(q->trace, err));
    sn_buf_puts(&t.csv, "index,name,op,shape,min,mean,max,sha256\n");
    sn_buf_printf(&path, "%s/trace.csv", q->trace);
    SN_TRY_OUT(sn_net_run_traced(net, in, out, trace_step, &t, err));
    if (t.csv.failed || path.failed)
        rc = SN_NOMEM(err, "the trace");
    else
        rc = sn_file_write(path.data, t.csv.data, t.csv.len, err);
out:
    sn_buf_free(&path);
    sn_buf_free(&t.csv);
    return rc;
}

/* ---- running -------------------------------------------------------------------------------- */

static int check_input(const struct sn_npy *x, const struct request *q, const struct sn_net_info *info, struct sn_error *err)
{
    const char *name = sn_basename(q->in);

    if (x->type != SN_NPY_F4)
        return SN_FAIL(err, SN_EFORMAT, "%s: the array is not float32", name);
    if (x->ndim != 4)
        return SN_FAIL(err, SN_EFORMAT, "%s: the array has %d dimensions, expected 4: [N][%d][H][W]", name, x->ndim, info->in_channels);
    if (x->shape[1] != (size_t)info->in_channels)
        return SN_FAIL(err, SN_EFORMAT, "%s: the array has %zu channels, %s takes %d", name, x->shape[1], info->architecture,
                       info->in_channels);
    if (x->count == 0)
        return SN_FAIL(err, SN_EFORMAT, "%s: the array is empty", name);
    if (x->shape[2] > MAX_SIDE || x->shape[3] > MAX_SIDE)
        return SN_FAIL(err, SN_ELIMIT, "%s: images of %zu x %zu, expected at most %d on a side", name, x->shape[2], x->shape[3],
                       MAX_SIDE);
    if (q->trace && x->shape[0] != 1)
        return SN_FAIL(err, SN_EINVAL, "%s: --trace takes one image, the array holds %zu", name, x->shape[0]);
    return SN_OK;
}

/* All images of the batch, one after the other; `out` is float or double as `wide`. */
static int run_batch(struct sn_net *net, const struct request *q, const struct sn_npy *x, size_t per_out, bool wide, void *out,
                     struct sn_error *err)
{
    size_t per_in = x->count / x->shape[0];
    const float *in = x->data;
    int rc = SN_OK;

    for (size_t i = 0; i < x->shape[0] && !rc; i++) {
        if (q->trace) /* one image: its float outputs, replaced below when doubles are wanted */
            rc = run_traced(net, q, in, out, err);
        if (wide && !rc)
            rc = sn_net_run_f64(net, in + i * per_in, (double *)out + i * per_out, err);
        else if (!q->trace)
            rc = sn_net_run(net, in + i * per_in, (float *)out + i * per_out, err);
        if (rc && x->shape[0] > 1)
            rc = sn_fail_context(err, rc, "image %zu of %zu", i + 1, x->shape[0]);
    }
    return rc;
}

static int infer(const struct sn_args *a, const struct request *q, struct sn_net *net, const struct sn_npy *x, struct sn_error *err)
{
    const struct sn_net_info *info = sn_net_get_info(net);
    bool wide = a->common.precision == SN_FP64;
    size_t shape[4] = { x->shape[0] }, per, count, bytes;
    int c, h, w, rc;
    void *out;

    sn_net_output_shape(net, &c, &h, &w);
    shape[1] = (size_t)c;
    shape[2] = (size_t)h;
    shape[3] = (size_t)w;
    SN_TRY(sn_size_mul3(&per, shape[1], shape[2], shape[3], err));
    SN_TRY(sn_size_mul(&count, per, shape[0], err));
    SN_TRY(sn_size_mul(&bytes, count, wide ? sizeof(double) : sizeof(float), err));
    out = malloc(bytes);
    if (!out)
        return SN_NOMEM(err, "the outputs");
    rc = run_batch(net, q, x, per, wide, out, err);
    if (!rc)
        rc = sn_npy_write(q->out, wide ? SN_NPY_F8 : SN_NPY_F4, info->task == SN_TASK_SEGMENT ? 4 : 2, shape, out, err);
    free(out);
    return rc;
}

static int run(const struct sn_args *a, const struct request *q, struct sn_error *err)
{
    struct sn_model m = { 0 };
    struct sn_npy x = { 0 };
    struct sn_net_info info;
    struct sn_net_options opt;
    struct sn_net *net = NULL;
    struct sn_pool *pool = NULL;
    int rc;

    SN_TRY_OUT(sn_model_open(&m, q->model, SN_VERIFY_CRC, err));
    SN_TRY_OUT(sn_net_identify(&m, NULL, &info, err));
    SN_TRY_OUT(sn_npy_read(q->in, &x, err));
    SN_TRY_OUT(check_input(&x, q, &info, err));
    SN_TRY_OUT(sn_cli_pool(&a->common, &pool, err));
    opt = sn_cli_net_options(&a->common, pool);
    SN_TRY_OUT(sn_net_create(&net, &m, (int)x.shape[2], (int)x.shape[3], &opt, err));
    SN_TRY_OUT(infer(a, q, net, &x, err));
    if (sn_cli_precision(&a->common)) /* an array has no place for words */
        sn_note(a, "precision of the outputs: %s", sn_cli_precision(&a->common));
out:
    sn_net_free(net);
    sn_pool_free(pool);
    sn_npy_free(&x);
    sn_model_close(&m);
    return rc;
}

int sn_cmd_infer(int argc, char **argv)
{
    struct request q = { 0 };
    struct sn_error err = { 0 };
    struct sn_args a;
    int c;

    sn_args_init(&a, help, opts, argc, argv);
    while ((c = sn_args_next(&a)) != 0) {
        switch (c) {
        case 'o':
            q.out = a.value;
            break;
        case 't':
            q.trace = a.value;
            break;
        case 'T':
            q.tensors = true;
            break;
        case '.':
            if (q.in)
                return sn_args_usage(&a, "a model and one array, found '%s' too", a.value);
            *(q.model ? &q.in : &q.model) = a.value;
            break;
        default:
            return sn_args_exit(&a);
        }
    }
    if (!q.in)
        return sn_args_usage(&a, "a model and an array are needed");
    if (!q.out)
        return sn_args_usage(&a, "-o FILE is missing");
    if (q.tensors && !q.trace)
        return sn_args_usage(&a, "--trace-tensors needs --trace DIR");
    return sn_report(&a, run(&a, &q, &err), &err);
}
