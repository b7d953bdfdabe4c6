/* cmd_bench.c: `sentinode bench`: times a network, every kernel, or the statistics, on this machine. */
#include "bench/bench.h"
#include "tools/cli.h"

static const char help[] =
    "Usage: sentinode bench [MODEL.snw [--input X.npy | --size H W]] [--seconds S] [--min-runs K] [--layers] [--errors] [--stats]\n"
    "\n"
    "With a model: time to load it, the first run, further runs, memory, SHA-256 of the outputs. Without:\n"
    "every kernel on layers of real networks, one thread, against the scalar kernels.\n"
    "\n"
    "  --input X.npy   a float32 image [1][C][H][W]; default: noise\n"
    "  --size H W      rows and columns; default 224 x 224, or 256 x 256 for segmenters\n"
    "  --seconds S     time to spend on further runs (default 3), or on each kernel and shape (0.2)\n"
    "  --min-runs K    at least so many (default 5)\n"
    "  --layers        also each layer, in runs of their own\n"
    "  --errors        also each layer's and the outputs' difference from a run in double precision, which takes its time\n"
    "  --stats         instead of kernels: ROC curves of made-up cases, DeLong's variance, bootstrap (bench/peers times others)\n"
    "\n"
    "With --json, the last line is one object: load_ms, first_ms, times_ms, peak_bytes, digest, ...\n";

static const struct sn_opt opts[] = { { "--input", 'i', true },    { "--size", 's', true },    { "--seconds", 'S', true },
                                      { "--min-runs", 'k', true }, { "--layers", 'l', false }, { "--errors", 'e', false },
                                      { "--stats", 't', false },   { 0 } };

static bool seconds_option(const struct sn_args *a, double *seconds)
{
    if (sn_parse_double(a->value, seconds) && *seconds >= 0 && *seconds <= 86400)
        return true;
    (void)sn_args_usage(a, "--seconds needs a number from 0 to 86400, found '%s'", a->value);
    return false;
}

static bool size_option(struct sn_args *a, struct sn_bench_request *q)
{
    long h, w;

    if (!sn_args_int(a, "--size", 1, 16384, &h))
        return false;
    a->value = sn_args_word(a);
    if (!a->value) {
        (void)sn_args_usage(a, "--size needs two numbers, rows and columns");
        return false;
    }
    if (!sn_args_int(a, "--size", 1, 16384, &w))
        return false;
    q->height = (int)h;
    q->width = (int)w;
    return true;
}

/* false: usage error reported */
static bool option(struct sn_args *a, int c, struct sn_bench_request *q)
{
    long n;

    switch (c) {
    case 'i':
        q->input = a->value;
        return true;
    case 's':
        return size_option(a, q);
    case 'S':
        return seconds_option(a, &q->seconds);
    case 'k':
        if (!sn_args_int(a, "--min-runs", 1, 1000000, &n))
            return false;
        q->min_runs = (size_t)n;
        return true;
    case 'l':
        q->layers = true;
        return true;
    case 'e':
        q->errors = true;
        return true;
    case 't':
        q->stats = true;
        return true;
    default:
        if (q->model) {
            (void)sn_args_usage(a, "one model at a time, found '%s' too", a->value);
            return false;
        }
        q->model = a->value;
        return true;
    }
}

int sn_cmd_bench(int argc, char **argv)
{
    struct sn_bench_request q = { .seconds = -1, .min_runs = 5 };
    struct sn_error err = { 0 };
    struct sn_args a;
    int c;

    sn_args_init(&a, help, opts, argc, argv);
    while ((c = sn_args_next(&a)) != 0) {
        if (c == '!')
            return sn_args_exit(&a);
        if (!option(&a, c, &q))
            return 2;
    }
    if (!q.model && (q.input || q.height || q.layers || q.errors))
        return sn_args_usage(&a, "--input, --size, --layers and --errors need a model");
    if (q.errors && a.common.precision == SN_FP64)
        return sn_args_usage(&a, "--errors are against --precision fp64: choose another precision");
    if (q.model && q.stats)
        return sn_args_usage(&a, "--stats has no use for a model");
    if (q.seconds < 0)
        q.seconds = q.model ? 3 : 0.2;
    if (q.stats)
        return sn_report(&a, sn_bench_stats(&a, &q, &err), &err);
    return sn_report(&a, q.model ? sn_bench_net(&a, &q, &err) : sn_bench_kernels(&a, &q, &err), &err);
}
