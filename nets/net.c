/* net.c: the public face: compile a model for one input size, run it, look inside. */
#include "nets/engine/graph.h"

#include <stdlib.h>

static int compile(struct sn_net *net, const struct sn_model *m, int height, int width, struct sn_error *err)
{
    const struct sn_builder *b;
    struct sn_graph *g = &net->graph;

    SN_TRY(sn_net_find_builder(m, net->opt.family, &b, &net->info, err));
    SN_TRY(sn_kernels_pick(&net->kernels, net->opt.isa, net->opt.precision == SN_FP64, err));
    net->elem = net->opt.precision == SN_FP64 ? 8 : 4;
    SN_TRY(sn_graph_init(g, m, net->info.in_channels, height, width, err));
    SN_TRY(sn_graph_finish(g, b->build(g, &net->info), err));
    if (net->opt.keep_features && g->features >= 0)
        g->nodes[g->features].keep = true;
    sn_graph_fold_bn(g);
    if (!net->opt.no_fuse) {
        sn_graph_fuse(g);
        sn_net_inline_upsampling(net);
    }
    SN_TRY(sn_net_plan_memory(net, err));
    SN_TRY(sn_net_make_steps(net, err));
    return sn_net_pack_weights(net, err);
}

/* The last linear layer's tensors as float, for class activation maps. */
static int copy_head(struct sn_net *net, struct sn_error *err)
{
    const struct sn_graph *g = &net->graph;
    const struct sn_node *node = g->head >= 0 ? &g->nodes[g->head] : NULL;

    if (!node || g->features < 0)
        return SN_OK;
    net->head = calloc(node->weight->count + (size_t)node->c, sizeof *net->head);
    if (!net->head)
        return SN_NOMEM(err, "the classifier's weights");
    sn_tensor_to_f32(node->weight, 0, node->weight->count, net->head);
    if (node->bias)
        sn_tensor_to_f32(node->bias, 0, (size_t)node->c, net->head + node->weight->count);
    return SN_OK;
}

int sn_net_create(struct sn_net **out, const struct sn_model *m, int height, int width, const struct sn_net_options *opt,
                  struct sn_error *err)
{
    struct sn_net *net = calloc(1, sizeof *net);
    struct sn_fpenv env;
    int rc;

    *out = NULL;
    if (!net)
        return SN_NOMEM(err, "a network");
    if (opt)
        net->opt = *opt;
    else
        net->opt.isa = SN_ISA_AUTO;
    sn_fp_enter(&env); /* folding rounds */
    rc = compile(net, m, height, width, err);
    if (!rc)
        rc = copy_head(net, err);
    sn_fp_leave(&env);
    if (rc) {
        sn_net_free(net);
        return rc;
    }
    *out = net;
    return SN_OK;
}

void sn_net_free(struct sn_net *net)
{
    if (!net)
        return;
    for (int i = 0; i < net->n_steps; i++) {
        if (!net->steps[i].borrowed)
            sn_free_aligned(net->steps[i].weights);
        free(net->steps[i].tables);
    }
    free(net->steps);
    sn_free_aligned(net->arena);
    sn_free_aligned(net->scratch);
    sn_free_aligned(net->u);
    free(net->head);
    sn_graph_free(&net->graph);
    free(net);
}

const struct sn_net_info *sn_net_get_info(const struct sn_net *net)
{
    return &net->info;
}

static void shape(const struct sn_net *net, sn_val v, int *c, int *h, int *w)
{
    const struct sn_node *node = &net->graph.nodes[v];

    *c = node->c;
    *h = node->h;
    *w = node->w;
}

void sn_net_output_shape(const struct sn_net *net, int *c, int *h, int *w)
{
    shape(net, net->graph.output, c, h, w);
}

/* buf NULL: only that the step is done */
static int trace(struct sn_net *net, const struct sn_step *s, size_t index, void *buf, sn_net_trace_fn *fn, void *ctx, struct sn_error *err)
{
    struct sn_net_step step = { .index = index, .name = s->node->name, .op = sn_node_op_name(s->node->op) };

    shape(net, s->val, &step.c, &step.h, &step.w);
    if (buf)
        sn_net_unpack(net, s->val, buf, net->elem == 8);
    if (net->elem == 8)
        step.data64 = buf;
    else
        step.data = buf;
    return fn(ctx, &step, err);
}

static int run_steps(struct sn_net *net, const float *in, void *buf, sn_net_trace_fn *fn, void *ctx, struct sn_error *err)
{
    int c, h, w;
    size_t n;

    shape(net, net->graph.input, &c, &h, &w);
    n = (size_t)c * (size_t)h * (size_t)w;
    for (size_t i = net->elem == 4 && net->kernels.finite(&(struct sn_rowop){ .x = in, .c = 1, .n = n }) ? n : 0; i < n; i++)
        if (!(in[i] - in[i] == 0))
            return SN_FAIL(err, SN_EFORMAT, "input element %zu is not a finite number", i);
    sn_net_load_input(net, in);
    atomic_store_explicit(&net->bad, 0, memory_order_relaxed);
    for (int i = 0; i < net->n_steps; i++) {
        struct sn_step *s = &net->steps[i];

        sn_net_run_step(net, s);
        if (atomic_load_explicit(&net->bad, memory_order_relaxed))
            return SN_FAIL(err, SN_EMODEL, "layer '%s' (%s) produced a value that is not finite", s->node->name,
                           sn_node_op_name(s->node->op));
        if (fn)
            SN_TRY(trace(net, s, (size_t)i, buf, fn, ctx, err));
    }
    return SN_OK;
}

/* In the contract's floating-point environment; `out` is double when wide. */
static int run(struct sn_net *net, const float *in, void *out, bool wide, void *buf, sn_net_trace_fn *fn, void *ctx, struct sn_error *err)
{
    struct sn_fpenv env;
    int rc;

    sn_fp_enter(&env);
    rc = run_steps(net, in, buf, fn, ctx, err);
    if (!rc)
        sn_net_unpack(net, net->graph.output, out, wide);
    sn_fp_leave(&env);
    return rc;
}

int sn_net_run(struct sn_net *net, const float *in, float *out, struct sn_error *err)
{
    return run(net, in, out, false, NULL, NULL, NULL, err);
}

int sn_net_run_f64(struct sn_net *net, const float *in, double *out, struct sn_error *err)
{
    return run(net, in, out, true, NULL, NULL, NULL, err);
}

int sn_net_run_traced(struct sn_net *net, const float *in, float *out, sn_net_trace_fn *fn, void *ctx, struct sn_error *err)
{
    size_t most = 1;
    void *buf;
    int rc;

    for (int i = 0; i < net->n_steps; i++) {
        int c, h, w;

        shape(net, net->steps[i].val, &c, &h, &w);
        most = SN_MAX(most, (size_t)c * (size_t)h * (size_t)w);
    }
    buf = sn_alloc_aligned(most * net->elem);
    if (!buf)
        return SN_NOMEM(err, "a layer's trace");
    rc = run(net, in, out, false, buf, fn, ctx, err);
    sn_free_aligned(buf);
    return rc;
}

int sn_net_run_watched(struct sn_net *net, const float *in, float *out, sn_net_trace_fn *fn, void *ctx, struct sn_error *err)
{
    return run(net, in, out, false, NULL, fn, ctx, err);
}

bool sn_net_features(const struct sn_net *net, int *c, int *h, int *w)
{
    if (net->graph.features < 0 || !net->opt.keep_features)
        return false;
    shape(net, net->graph.features, c, h, w);
    return true;
}

int sn_net_get_features(const struct sn_net *net, float *out, struct sn_error *err)
{
    if (net->graph.features < 0 || !net->opt.keep_features)
        return SN_FAIL(err, SN_EINVAL, "this network keeps no feature map");
    sn_net_unpack(net, net->graph.features, out, false);
    return SN_OK;
}

bool sn_net_head(const struct sn_net *net, const float **weight, const float **bias)
{
    if (!net->head)
        return false;
    *weight = net->head;
    *bias = net->head + net->graph.nodes[net->graph.head].weight->count;
    return true;
}

/* ---- the plan, for people ----------------------------------------------------------------- */

size_t sn_net_plan_rows(const struct sn_net *net)
{
    return (size_t)net->n_steps;
}

void sn_net_plan_row(const struct sn_net *net, size_t i, struct sn_plan_row *row)
{
    static const char *const fused[2][2][3] = { { { "", "relu", "leaky" }, { "add", "add+relu", "add+leaky" } },
                                                { { "pool", "relu+pool", "leaky+pool" }, { "add+pool", "add+relu+pool", "add+leaky+pool" } } };
    const struct sn_step *s = &net->steps[i];
    const struct sn_node *node = s->node, *in = &net->graph.nodes[node->in[0]];

    *row = (struct sn_plan_row){ .name = node->name, .op = sn_node_op_name(node->op), .kernel = s->kernel,
                                 .fused = fused[node->pool >= 0][node->res >= 0][node->act.kind], .ic = in->c, .oc = node->c,
                                 .kh = node->kh, .kw = node->kw, .stride = node->stride, .dil = node->dil,
                                 .ih = in->h, .iw = in->w, .oh = node->h, .ow = node->w, .weight_bytes = s->weight_bytes };
    for (int k = 0; k < s->x.n && s->x.up; k++)
        row->upsamples |= s->x.up[k] != NULL;
    row->out_bytes = (size_t)node->h * (size_t)node->w * (size_t)s->y.n * SN_LANES * net->elem;
    if (node->op == SN_NODE_CONV) {
        row->macs = (uint64_t)node->weight->count * (uint64_t)(node->h * node->w);
        if (node->up == 2) {
            row->kh = row->kw = row->stride = 2;
            row->op = "deconv2x2";
            row->macs /= 4; /* each output pixel uses one of the four taps */
        }
    } else if (node->k) {
        row->kh = row->kw = node->k;
    }
}

size_t sn_net_arena_bytes(const struct sn_net *net) { return net->arena_bytes; }
size_t sn_net_work_bytes(const struct sn_net *net)
{
    return net->scratch_bytes + net->scratch_thread * (size_t)sn_pool_threads(net->opt.pool) + net->u_bytes;
}

size_t sn_net_weight_bytes(const struct sn_net *net) { return net->weight_bytes; }

uint64_t sn_net_macs(const struct sn_net *net)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < (size_t)net->n_steps; i++) {
        struct sn_plan_row row;

        sn_net_plan_row(net, i, &row);
        sum += row.macs;
    }
    return sum;
}

static const char *const precisions[][2] = {
    { "fp32", "fp32" }, { "fp64", "fp64" }, { "i16", "i16 (reduced precision, deterministic)" },
};

bool sn_precision_parse(const char *name, enum sn_precision *p)
{
    for (size_t i = 0; i < SN_COUNT(precisions); i++)
        if (strcmp(name, precisions[i][0]) == 0) {
            *p = (enum sn_precision)i;
            return true;
        }
    return false;
}

const char *sn_precision_label(enum sn_precision p)
{
    return precisions[p][1];
}

bool sn_memory_parse(const char *name, enum sn_memory *m)
{
    static const char *const names[] = { "balanced", "lean", "fast" };

    for (size_t i = 0; i < SN_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0) {
            *m = (enum sn_memory)i;
            return true;
        }
    return false;
}

void sn_net_sigmoid(const struct sn_net *net, const float *x, float *y, size_t n)
{
    struct sn_rowop op = { .x = x, .y = y, .c = 1, .n = n };

    if (!net->kernels.fp64) {
        net->kernels.sigmoid(&op);
        return;
    }
    for (size_t i = 0; i < n; i++) /* the kernels work on doubles there */
        y[i] = sn_sigmoidf(x[i]);
}
