/* bench_error.c: how far a network's values are from those of the same network in double precision, layer by layer. */
#include "bench/bench.h"

#include <math.h>
#include <stdlib.h>

struct compare {
    float **kept;  /* [rows] each layer's output in the precision asked about */
    size_t rows;
    struct sn_bench_error *e; /* [rows + 1], the last one of the outputs */
};

static int keep(void *ctx, const struct sn_net_step *s, struct sn_error *err)
{
    struct compare *c = ctx;
    size_t n = (size_t)s->c * (size_t)s->h * (size_t)s->w;

    c->kept[s->index] = malloc(n * sizeof(float));
    if (!c->kept[s->index])
        return SN_NOMEM(err, "a layer's values");
    memcpy(c->kept[s->index], s->data, n * sizeof(float));
    return SN_OK;
}

static struct sn_bench_error distance(const float *x, const double *exact, size_t n)
{
    struct sn_bench_error e = { 0 };
    double errors = 0, squares = 0;

    for (size_t i = 0; i < n; i++) {
        double d = fabs(x[i] - exact[i]);

        errors += d * d;
        squares += exact[i] * exact[i];
        e.most = SN_MAX(e.most, d);
        e.largest = SN_MAX(e.largest, fabs(exact[i]));
    }
    e.rms = sqrt(errors / (double)n);
    e.size = sqrt(squares / (double)n);
    return e;
}

static int compare(void *ctx, const struct sn_net_step *s, struct sn_error *err)
{
    struct compare *c = ctx;

    (void)err;
    c->e[s->index] = distance(c->kept[s->index], s->data64, (size_t)s->c * (size_t)s->h * (size_t)s->w);
    return SN_OK;
}

int sn_bench_errors(struct sn_net *net, struct sn_net *exact, const float *in, struct sn_bench_error *e, struct sn_error *err)
{
    struct compare c = { .rows = sn_net_plan_rows(net), .e = e };
    int channels, h, w, rc;
    double *out64 = NULL;
    float *out = NULL;
    size_t n;

    sn_net_output_shape(net, &channels, &h, &w);
    n = (size_t)channels * (size_t)h * (size_t)w;
    c.kept = calloc(c.rows, sizeof *c.kept);
    out = malloc(n * sizeof *out);
    out64 = malloc(n * sizeof *out64);
    if (!c.kept || !out || !out64) {
        rc = SN_NOMEM(err, "the layers' values");
        goto out;
    }
    SN_TRY_OUT(sn_net_run_traced(net, in, out, keep, &c, err));
    /* a traced run gives floats: the double outputs come from a run of their own */
    SN_TRY_OUT(sn_net_run_f64(exact, in, out64, err));
    e[c.rows] = distance(out, out64, n);
    free(out64);
    out64 = NULL;
    SN_TRY_OUT(sn_net_run_traced(exact, in, out, compare, &c, err));
out:
    for (size_t i = 0; i < c.rows && c.kept; i++)
        free(c.kept[i]);
    free(c.kept);
    free(out);
    free(out64);
    return rc;
}
