/*
 * check_graph.c: single nodes of the network graph through its private interface, compiled and run as
 * networks are, against plain loops in double over [C][H][W]: instance norm, leaky ReLU, upsampling
 * rules, pooling rules, padding, concatenations whose parts leave unused lanes.
 */
#include "nets/engine/graph.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A graph under construction: its model of named random tensors, and [C][H][W] values in double. */
struct bench {
    struct sn_model m;
    struct sn_net *net;
    struct sn_error err;
    float *in;
    int c, h, w;
};

struct value {
    int c, h, w;
    double *x;
};

static void tensor(struct bench *b, const char *name, int rank, const uint64_t *shape, float offset, float scale)
{
    uint64_t stream = sn_rng_name(11, name);
    size_t n = 1;
    float *x;

    for (int i = 0; i < rank; i++)
        n *= (size_t)shape[i];
    x = malloc(n * sizeof *x);
    ck_assert(x != NULL);
    for (size_t i = 0; i < n; i++)
        x[i] = offset + scale * sn_rng_weight(stream, i);
    sn_ck_ok(sn_model_add(&b->m, name, SN_F32, rank, shape, x, true, &b->err), &b->err);
    free(x);
}

static void begin(struct bench *b, int c, int h, int w)
{
    *b = (struct bench){ .c = c, .h = h, .w = w };
    sn_model_init(&b->m);
    b->in = malloc((size_t)(c * h * w) * sizeof *b->in);
    ck_assert(b->in != NULL);
    for (int i = 0; i < c * h * w; i++)
        b->in[i] = 2 * sn_rng_weight(5, (uint64_t)i);
}

/* After the tensors: the graph itself. */
static struct sn_graph *graph(struct bench *b)
{
    b->net = calloc(1, sizeof *b->net);
    ck_assert(b->net != NULL);
    sn_ck_ok(sn_graph_init(&b->net->graph, &b->m, b->c, b->h, b->w, &b->err), &b->err);
    return &b->net->graph;
}

/* Compiles and runs under one set of options; returns the output [C][H][W]. */
static float *run(struct bench *b, sn_val out, enum sn_isa isa, bool fuse, int *n)
{
    struct sn_net *net = b->net;
    struct sn_node *node;
    float *y;

    net->opt.isa = isa;
    net->elem = 4;
    sn_ck_ok(sn_kernels_pick(&net->kernels, isa, false, &b->err), &b->err);
    sn_ck_ok(sn_graph_finish(&net->graph, out, &b->err), &b->err);
    sn_graph_fold_bn(&net->graph);
    if (fuse) {
        sn_graph_fuse(&net->graph);
        sn_net_inline_upsampling(net);
    }
    sn_ck_ok(sn_net_plan_memory(net, &b->err), &b->err);
    sn_ck_ok(sn_net_make_steps(net, &b->err), &b->err);
    sn_ck_ok(sn_net_pack_weights(net, &b->err), &b->err);
    memset(net->arena, 0xff, net->arena_bytes); /* NaN everywhere: whoever reads what nobody wrote shows */
    node = &net->graph.nodes[net->graph.output];
    *n = node->c * node->h * node->w;
    y = malloc((size_t)*n * sizeof *y);
    ck_assert(y != NULL);
    sn_ck_ok(sn_net_run(net, b->in, y, &b->err), &b->err);
    return y;
}

static void end(struct bench *b)
{
    sn_net_free(b->net);
    sn_model_close(&b->m);
    free(b->in);
}

/* Every instruction set, fused or not: the same bits, and near the formula. */
static void expect(void (*setup)(struct bench *), sn_val (*build)(struct sn_graph *), const struct value *want, double bound, const char *what)
{
    float *first = NULL;

    for (int isa = 0; isa < SN_ISA_COUNT; isa++)
        for (int fuse = 0; fuse < 2 && sn_isa_usable((enum sn_isa)isa); fuse++) {
            struct bench b;
            int n;
            float *y;

            setup(&b);
            y = run(&b, build(graph(&b)), (enum sn_isa)isa, fuse, &n);
            ck_assert_int_eq(n, want->c * want->h * want->w);
            for (int i = 0; i < n; i++)
                if (!(fabs((double)y[i] - want->x[i]) <= bound))
                    ck_abort_msg("%s, %s, fused %d: element %d is %.9g, expected %.9g", what, sn_isa_name((enum sn_isa)isa), fuse, i, (double)y[i],
                                 want->x[i]);
            ck_assert_msg(!first || memcmp(first, y, (size_t)n * sizeof *y) == 0, "%s: other bits, %s, fused %d", what,
                          sn_isa_name((enum sn_isa)isa), fuse);
            if (first)
                free(y);
            else
                first = y;
            end(&b);
        }
    free(first);
}

static struct value zeros(int c, int h, int w)
{
    struct value v = { c, h, w, calloc((size_t)(c * h * w), sizeof(double)) };

    ck_assert(v.x != NULL);
    return v;
}

static double *at(const struct value *v, int c, int y, int x)
{
    return v->x + (c * v->h + y) * v->w + x;
}

static struct value input(const struct bench *b)
{
    struct value v = zeros(b->c, b->h, b->w);

    for (int i = 0; i < b->c * b->h * b->w; i++)
        v.x[i] = (double)b->in[i];
    return v;
}

static double param(const struct bench *b, const char *name, size_t i)
{
    double d;

    sn_tensor_to_f64(sn_model_find(&b->m, name), i, 1, &d);
    return d;
}

/* ---- instance norm, leaky ReLU ----------------------------------------------------------------- */

static void setup_norm(struct bench *b)
{
    begin(b, 19, 7, 5);
    tensor(b, "norm.weight", 1, (uint64_t[]){ 38 }, 1, 0.5f);
    tensor(b, "norm.bias", 1, (uint64_t[]){ 38 }, 0, 0.5f);
}

/* Two parts of 19 channels: the second starts in a plane of its own, at lane 0. */
static sn_val build_norm_affine(struct sn_graph *g)
{
    sn_val x[2] = { g->input, sn_maxpool(g, g->input, 1, 1, 0, false) };

    return sn_leaky_relu(g, sn_instance_norm(g, sn_concat(g, 2, x), "", "norm"), 0.1f);
}

static sn_val build_norm_plain(struct sn_graph *g) { return sn_instance_norm(g, g->input, "", "other"); }

/* (x - mean) / sqrt(var + 1e-5) * gamma + beta over each channel's pixels, var biased: Ulyanov et al. 2016. */
static void normalise(struct value *v, const struct bench *b, bool affine)
{
    int n = v->h * v->w;

    for (int c = 0; c < v->c; c++) {
        double mean = 0, var = 0, *x = at(v, c, 0, 0);

        for (int i = 0; i < n; i++)
            mean += x[i] / n;
        for (int i = 0; i < n; i++)
            var += (x[i] - mean) * (x[i] - mean) / n;
        for (int i = 0; i < n; i++) {
            x[i] = (x[i] - mean) / sqrt(var + 1e-5);
            if (affine)
                x[i] = x[i] * param(b, "norm.weight", (size_t)c) + param(b, "norm.bias", (size_t)c);
        }
    }
}

START_TEST(test_instance_norm)
{
    struct value want, x;
    struct bench b;

    setup_norm(&b);
    x = input(&b);
    want = zeros(38, 7, 5);
    for (int i = 0; i < 38 * 35; i++)
        want.x[i] = x.x[i % (19 * 35)];
    normalise(&want, &b, true);
    for (int i = 0; i < 38 * 35; i++)
        want.x[i] = want.x[i] < 0 ? want.x[i] * (double)0.1f : want.x[i];
    expect(setup_norm, build_norm_affine, &want, 2e-6, "instance norm over a concatenation, leaky ReLU");
    normalise(&x, &b, false);
    expect(setup_norm, build_norm_plain, &x, 2e-6, "instance norm without weights");
    free(want.x);
    free(x.x);
    sn_model_close(&b.m);
    free(b.in);
}
END_TEST

/* ---- convolution with its epilogues ------------------------------------------------------------ */

static void setup_conv(struct bench *b)
{
    begin(b, 5, 6, 9);
    tensor(b, "c.weight", 4, (uint64_t[]){ 21, 10, 3, 3 }, 0, 0.3f);
    tensor(b, "c.bias", 1, (uint64_t[]){ 21 }, 0, 0.5f);
    tensor(b, "s.weight", 4, (uint64_t[]){ 21, 5, 1, 1 }, 0, 0.3f);
}

/* conv over two concatenated parts of 5, plus a 1x1 of the input, leaky: all fused into one step. */
static sn_val build_conv(struct sn_graph *g)
{
    sn_val skip = sn_conv_layer(g, g->input, "", "s", (struct sn_conv){ 0 }); /* first: must outlive what follows */
    sn_val same = sn_maxpool(g, sn_upsample_to(g, g->input, 12, 18, true, false), 2, 2, 0, false); /* by way of a larger value */
    sn_val x[2] = { g->input, sn_maxpool(g, same, 3, 1, 1, false) };
    sn_val y = sn_conv_layer(g, sn_concat(g, 2, x), "", "c", (struct sn_conv){ .dil = 2 });

    return sn_leaky_relu(g, sn_add_vals(g, y, skip), 0.25f);
}

static double window_max(const struct value *v, int c, int y, int x)
{
    double m = -(double)INFINITY;

    for (int i = SN_MAX(y - 1, 0); i <= SN_MIN(y + 1, v->h - 1); i++)
        for (int j = SN_MAX(x - 1, 0); j <= SN_MIN(x + 1, v->w - 1); j++)
            m = fmax(m, *at(v, c, i, j));
    return m;
}

START_TEST(test_conv_add_leaky)
{
    struct value x, two, want = zeros(21, 6, 9);
    struct bench b;

    setup_conv(&b);
    x = input(&b);
    two = zeros(10, 6, 9);
    for (int c = 0; c < 10; c++)
        for (int p = 0; p < 54; p++)
            two.x[c * 54 + p] = c < 5 ? x.x[c * 54 + p] : window_max(&x, c - 5, p / 9, p % 9);
    for (int o = 0; o < 21; o++)
        for (int p = 0; p < 54; p++) {
            double v = param(&b, "c.bias", (size_t)o);

            for (int c = 0; c < 10; c++)
                for (int t = 0; t < 9; t++) {
                    int iy = p / 9 + 2 * (t / 3 - 1), ix = p % 9 + 2 * (t % 3 - 1);

                    if (iy >= 0 && iy < 6 && ix >= 0 && ix < 9)
                        v += *at(&two, c, iy, ix) * param(&b, "c.weight", (size_t)((o * 10 + c) * 9 + t));
                }
            for (int c = 0; c < 5; c++)
                v += x.x[c * 54 + p] * param(&b, "s.weight", (size_t)(o * 5 + c));
            want.x[o * 54 + p] = v < 0 ? v / 4 : v;
        }
    expect(setup_conv, build_conv, &want, 4e-6, "convolution over a concatenation, sum, leaky ReLU");
    free(x.x);
    free(two.x);
    free(want.x);
    sn_model_close(&b.m);
    free(b.in);
}
END_TEST

/* ---- sums in the place of their residual --------------------------------------------------------- */

static void setup_sums(struct bench *b)
{
    begin(b, 5, 6, 9);
    tensor(b, "s.weight", 4, (uint64_t[]){ 21, 5, 1, 1 }, 0, 0.3f);
    tensor(b, "t.weight", 4, (uint64_t[]){ 21, 21, 3, 3 }, 0, 0.1f);
    tensor(b, "u.weight", 4, (uint64_t[]){ 21, 42, 1, 1 }, 0, 0.1f);
}

static sn_val build_sums(struct sn_graph *g)
{
    struct sn_conv plain = { 0 };
    sn_val a = sn_conv_layer(g, g->input, "", "s", plain);
    sn_val b = sn_relu(g, sn_add_vals(g, sn_conv_layer(g, a, "", "t", plain), a));          /* not in place: a is read by the same step */
    sn_val c = sn_relu(g, sn_add_vals(g, sn_conv_layer(g, b, "", "t", plain), a));          /* in a's */
    sn_val two[2] = { b, c };
    sn_val d = sn_add_vals(g, sn_conv_layer(g, sn_concat(g, 2, two), "", "u", plain), c);   /* not in place: c is part of what is read */
    sn_val e = sn_relu(g, sn_add_vals(g, sn_conv_layer(g, d, "", "t", plain), b));          /* in b's */
    sn_val f = sn_add_vals(g, sn_conv_layer(g, d, "", "t", plain), e);                      /* not in place: e is read once more */

    return sn_add_vals(g, sn_conv_layer(g, f, "", "t", plain), e);                          /* in e's, which is b's */
}

/* Fused and not, on every instruction set: the same bits; `count` nodes are fused as meant. */
static void same_when_fused(void (*setup)(struct bench *), sn_val (*build)(struct sn_graph *), int (*fused)(const struct bench *), int count)
{
    struct bench b;
    float *want, *got;
    int n;

    setup(&b);
    want = run(&b, build(graph(&b)), SN_ISA_REF, false, &n);
    end(&b);
    for (int isa = 0; isa < SN_ISA_COUNT; isa++) {
        if (!sn_isa_usable((enum sn_isa)isa))
            continue;
        setup(&b);
        got = run(&b, build(graph(&b)), (enum sn_isa)isa, true, &n);
        ck_assert_msg(memcmp(want, got, (size_t)n * sizeof *got) == 0, "fused, other bits: %s", sn_isa_name((enum sn_isa)isa));
        ck_assert_int_eq(fused(&b), count);
        free(got);
        end(&b);
    }
    free(want);
}

static int in_place(const struct bench *b)
{
    int found = 0;

    for (int i = 0; i < b->net->graph.n; i++) {
        const struct sn_node *node = &b->net->graph.nodes[i];

        if (node->op != SN_NODE_CONV || node->res < 0)
            continue;
        ck_assert_int_eq(node->in_place, b->net->vals[i].p[0] == b->net->vals[node->res].p[0]);
        found += node->in_place;
    }
    return found;
}

START_TEST(test_in_place)
{
    same_when_fused(setup_sums, build_sums, in_place, 3);
}
END_TEST

/* ---- pooling with a convolution ------------------------------------------------------------------ */

static const struct pooled {
    int h, w, pooled; /* convolutions that pool; tiles of 4 and even sizes are wanted */
} pool_sizes[] = { { 12, 20, 2 }, { 16, 8, 2 }, { 13, 9, 0 }, { 12, 9, 0 } };
static const struct pooled *size;

static void setup_pools(struct bench *b)
{
    begin(b, 21, size->h, size->w);
    tensor(b, "t.weight", 4, (uint64_t[]){ 21, 21, 3, 3 }, 0, 0.2f);
    tensor(b, "u.weight", 4, (uint64_t[]){ 35, 21, 3, 3 }, 0, 0.2f);
}

static sn_val build_pools(struct sn_graph *g)
{
    sn_val a = sn_relu(g, sn_conv_layer(g, g->input, "", "t", (struct sn_conv){ 0 }));
    sn_val b = sn_maxpool(g, a, 2, 2, 0, false);
    sn_val c = sn_maxpool(g, sn_conv_layer(g, a, "", "u", (struct sn_conv){ 0 }), 2, 2, 0, false); /* of a result without activation */
    sn_val d = sn_conv_layer(g, sn_upsample_to(g, b, size->h, size->w, true, false), "", "t", (struct sn_conv){ 0 });
    sn_val parts[4] = { d, a, sn_upsample_to(g, c, size->h, size->w, true, false), sn_maxpool(g, a, 3, 1, 1, false) };

    return sn_concat(g, 4, parts);
}

static int pooling(const struct bench *b)
{
    int found = 0;

    for (int i = 0; i < b->net->graph.n; i++)
        found += b->net->graph.nodes[i].op == SN_NODE_CONV && b->net->graph.nodes[i].pool >= 0;
    return found;
}

START_TEST(test_pools)
{
    size = &pool_sizes[_i];
    same_when_fused(setup_pools, build_pools, pooling, size->pooled);
}
END_TEST

/* ---- upsampling with a convolution --------------------------------------------------------------- */

static void setup_between(struct bench *b)
{
    begin(b, 21, 12, 17);
    tensor(b, "t.weight", 4, (uint64_t[]){ 21, 21, 3, 3 }, 0, 0.1f);
    tensor(b, "u.weight", 4, (uint64_t[]){ 21, 42, 3, 3 }, 0, 0.1f);
    tensor(b, "s.weight", 4, (uint64_t[]){ 21, 21, 1, 1 }, 0, 0.3f);
    tensor(b, "v.weight", 4, (uint64_t[]){ 21, 42, 1, 1 }, 0, 0.3f);
}

/* Reads `a` upsampled to the input's size beside the input. */
static sn_val beside(struct sn_graph *g, sn_val a, bool nearest)
{
    sn_val two[2] = { g->input, sn_upsample_to(g, a, 12, 17, nearest, true) };

    return sn_concat(g, 2, two);
}

static sn_val build_between(struct sn_graph *g)
{
    struct sn_conv plain = { 0 };
    sn_val small = sn_maxpool(g, g->input, 2, 2, 0, false);
    sn_val a = sn_conv_layer(g, sn_upsample_to(g, small, 13, 15, false, false), "", "t", plain);       /* inlined */
    sn_val b = sn_conv_layer(g, beside(g, a, true), "", "u", plain);                                   /* nearest */
    sn_val c = sn_conv_layer(g, beside(g, small, false), "", "u", plain);                              /* inlined */
    sn_val d = sn_conv_layer(g, sn_upsample_to(g, c, 9, 11, false, true), "", "t", plain);             /* to fewer */
    sn_val e = sn_conv_layer(g, sn_upsample_to(g, d, 12, 17, false, true), "", "t", (struct sn_conv){ .dil = 2 }); /* dilated */
    sn_val f = sn_conv_layer(g, sn_upsample_to(g, d, 12, 17, false, true), "", "s", plain);            /* 1x1 */
    sn_val twice = beside(g, d, false);                                                                /* read twice */
    sn_val h = sn_add_vals(g, sn_conv_layer(g, twice, "", "u", plain), sn_conv_layer(g, twice, "", "u", plain));
    sn_val up = sn_upsample_to(g, d, 12, 17, false, true);                                             /* read and added */
    sn_val i = sn_add_vals(g, sn_conv_layer(g, up, "", "t", plain), up);
    sn_val j = sn_conv_layer(g, beside(g, sn_global_avgpool(g, d), false), "", "v", plain);            /* inlined: a constant part */
    sn_val back[2] = { j, g->input };
    sn_val k = sn_conv_layer(g, sn_concat(g, 2, back), "", "v", plain);                                /* the input last */
    sn_val all[8] = { b, c, e, f, h, i, j, k };

    return sn_concat(g, 8, all);
}

static int between(const struct bench *b)
{
    int found = 0;

    for (int i = 0; i < b->net->graph.n; i++)
        found += b->net->graph.nodes[i].op == SN_NODE_BETWEEN;
    return found;
}

START_TEST(test_between)
{
    same_when_fused(setup_between, build_between, between, 3);
}
END_TEST

static void setup_constant(struct bench *b)
{
    begin(b, 5, 6, 9);
    tensor(b, "c.weight", 4, (uint64_t[]){ 40, 10, 1, 1 }, 0, 0.3f);
    tensor(b, "c.bias", 1, (uint64_t[]){ 40 }, 0, 0.5f);
    tensor(b, "s.weight", 4, (uint64_t[]){ 40, 5, 1, 1 }, 0, 0.3f);
}

static sn_val build_constant(struct sn_graph *g)
{
    sn_val two[2] = { g->input, sn_upsample_to(g, sn_global_avgpool(g, g->input), 6, 9, false, false) };
    sn_val c = sn_conv_layer(g, sn_concat(g, 2, two), "", "c", (struct sn_conv){ 0 });

    return sn_relu(g, sn_add_vals(g, c, sn_conv_layer(g, g->input, "", "s", (struct sn_conv){ 0 })));
}

/* A constant part's share of the sums, joined with the bias. */
START_TEST(test_constant_part)
{
    struct bench b;
    struct value x, want = zeros(40, 6, 9);

    setup_constant(&b);
    x = input(&b);
    for (int o = 0; o < 40; o++)
        for (int p = 0; p < 54; p++) {
            double v = param(&b, "c.bias", (size_t)o);

            for (int c = 0; c < 5; c++) {
                double mean = 0;

                for (int q = 0; q < 54; q++)
                    mean += x.x[c * 54 + q] / 54;
                v += x.x[c * 54 + p] * (param(&b, "c.weight", (size_t)(o * 10 + c)) + param(&b, "s.weight", (size_t)(o * 5 + c)));
                v += mean * param(&b, "c.weight", (size_t)(o * 10 + 5 + c));
            }
            want.x[o * 54 + p] = v < 0 ? 0 : v;
        }
    expect(setup_constant, build_constant, &want, 3e-6, "1x1 convolution with a constant part");
    free(x.x);
    free(want.x);
    sn_model_close(&b.m);
    free(b.in);
}
END_TEST

/* ---- sizes: upsampling, padding, pooling --------------------------------------------------------- */

static const struct resize {
    int ih, iw, oh, ow;
    bool nearest, corners;
} resizes[] = {
    { 3, 4, 6, 8, false, true },  { 3, 4, 6, 8, false, false }, { 3, 4, 7, 5, true, false }, { 1, 1, 5, 4, false, true },
    { 1, 1, 5, 4, false, false }, { 1, 3, 4, 1, false, true },  { 5, 6, 1, 1, false, true }, { 5, 6, 1, 1, false, false },
    { 6, 7, 3, 2, false, false }, { 2, 2, 31, 33, false, true }, { 4, 4, 4, 4, false, false }, { 2, 5, 9, 3, true, false },
};
static const struct resize *current;

static void setup_resize(struct bench *b) { begin(b, 17, current->ih, current->iw); }
static sn_val build_resize(struct sn_graph *g)
{
    return sn_upsample_to(g, g->input, current->oh, current->ow, current->nearest, current->corners);
}

/* PyTorch's interpolate, in double: position of output i among `in` inputs. */
static double position(int i, int in, int out)
{
    if (current->nearest)
        return floor((double)i * in / out);
    if (current->corners)
        return out > 1 ? (double)i * (in - 1) / (out - 1) : 0;
    return fmax((i + 0.5) * in / out - 0.5, 0);
}

START_TEST(test_upsample)
{
    struct value x, want;
    struct bench b;

    current = &resizes[_i];
    setup_resize(&b);
    x = input(&b);
    want = zeros(17, current->oh, current->ow);
    for (int c = 0; c < 17; c++)
        for (int i = 0; i < current->oh; i++)
            for (int j = 0; j < current->ow; j++) {
                double py = position(i, x.h, current->oh), px = position(j, x.w, current->ow), fy = py - floor(py), fx = px - floor(px);
                int y0 = (int)py, x0 = (int)px, y1 = SN_MIN(y0 + 1, x.h - 1), x1 = SN_MIN(x0 + 1, x.w - 1);

                *at(&want, c, i, j) = (1 - fy) * ((1 - fx) * *at(&x, c, y0, x0) + fx * *at(&x, c, y0, x1)) +
                                      fy * ((1 - fx) * *at(&x, c, y1, x0) + fx * *at(&x, c, y1, x1));
            }
    expect(setup_resize, build_resize, &want, current->nearest ? 0 : 5e-7, "upsampling");
    free(x.x);
    free(want.x);
    free(b.in);
    sn_model_close(&b.m);
}
END_TEST

static void setup_size(struct bench *b) { begin(b, 18, 7, 10); }
static sn_val build_pad(struct sn_graph *g) { return sn_pad_to(g, g->input, 11, 12, 3, 0); }
static sn_val build_ceil(struct sn_graph *g) { return sn_avgpool(g, g->input, 2, 2, 0, true, false); }
static sn_val build_counted(struct sn_graph *g) { return sn_avgpool(g, g->input, 3, 2, 1, false, true); }
static sn_val build_max_ceil(struct sn_graph *g) { return sn_maxpool(g, g->input, 3, 3, 1, true); }
static sn_val build_gap(struct sn_graph *g) { return sn_scale(g, sn_global_avgpool(g, g->input), -0.5); }

/* k x k at stride from pad before the edge, divided by the pixels inside or by k * k; or the greatest. */
static struct value pooled(const struct value *x, int oh, int ow, int k, int stride, int pad, bool counted, bool max)
{
    struct value v = zeros(x->c, oh, ow);

    for (int c = 0; c < x->c; c++)
        for (int p = 0; p < oh * ow; p++) {
            double sum = 0, most = -(double)INFINITY;
            int n = 0;

            for (int i = 0; i < k * k; i++) {
                int iy = p / ow * stride - pad + i / k, ix = p % ow * stride - pad + i % k;

                if (iy >= 0 && iy < x->h && ix >= 0 && ix < x->w) {
                    sum += *at(x, c, iy, ix);
                    most = fmax(most, *at(x, c, iy, ix));
                    n++;
                }
            }
            v.x[c * oh * ow + p] = max ? most : sum / (counted ? k * k : n);
        }
    return v;
}

START_TEST(test_pad_and_pool)
{
    struct value x, pad = zeros(18, 11, 12), v[4];
    struct bench b;

    setup_size(&b);
    x = input(&b);
    for (int c = 0; c < 18; c++)
        for (int i = 0; i < 7; i++)
            for (int j = 0; j < 10; j++)
                *at(&pad, c, i + 3, j) = *at(&x, c, i, j);
    v[0] = pooled(&x, 4, 5, 2, 2, 0, false, false);
    v[1] = pooled(&x, 4, 5, 3, 2, 1, true, false);
    v[2] = pooled(&x, 3, 4, 3, 3, 1, false, true); /* PyTorch: ceil((7 + 2 - 3) / 3) + 1, ceil((10 + 2 - 3) / 3) + 1 */
    v[3] = zeros(18, 1, 1);
    for (int i = 0; i < 18 * 70; i++)
        v[3].x[i / 70] -= 0.5 * x.x[i] / 70;
    expect(setup_size, build_pad, &pad, 0, "padding");
    expect(setup_size, build_ceil, &v[0], 5e-7, "average pooling, ceil");
    expect(setup_size, build_counted, &v[1], 5e-7, "average pooling, padding counted");
    expect(setup_size, build_max_ceil, &v[2], 0, "max pooling, ceil");
    expect(setup_size, build_gap, &v[3], 5e-7, "global pooling, scaled");
    for (int i = 0; i < 4; i++)
        free(v[i].x);
    free(pad.x);
    free(x.x);
    free(b.in);
    sn_model_close(&b.m);
}
END_TEST

/* ---- transposed convolution, linear -------------------------------------------------------------- */

static void setup_deconv(struct bench *b)
{
    begin(b, 18, 3, 5);
    tensor(b, "u.weight", 4, (uint64_t[]){ 18, 35, 2, 2 }, 0, 0.3f);
    tensor(b, "u.bias", 1, (uint64_t[]){ 35 }, 0, 0.5f);
}
static sn_val build_deconv(struct sn_graph *g) { return sn_relu(g, sn_deconv2(g, g->input, "", "u")); }

START_TEST(test_deconv)
{
    struct value x, want = zeros(35, 6, 10);
    struct bench b;

    setup_deconv(&b);
    x = input(&b);
    for (int o = 0; o < 35; o++)
        for (int i = 0; i < 6; i++)
            for (int j = 0; j < 10; j++) {
                double v = param(&b, "u.bias", (size_t)o);

                for (int c = 0; c < 18; c++)
                    v += *at(&x, c, i / 2, j / 2) * param(&b, "u.weight", (size_t)(((c * 35 + o) * 2 + i % 2) * 2 + j % 2));
                *at(&want, o, i, j) = fmax(v, 0);
            }
    expect(setup_deconv, build_deconv, &want, 3e-6, "transposed convolution");
    free(x.x);
    free(want.x);
    free(b.in);
    sn_model_close(&b.m);
}
END_TEST

/* ---- the sticky error ---------------------------------------------------------------------------- */

START_TEST(test_sticky_error)
{
    struct sn_error err = { 0 };
    struct sn_graph *g;
    struct bench b;
    sn_val x, y;

    setup_conv(&b);
    g = graph(&b);
    x = sn_conv_layer(g, g->input, "", "absent", (struct sn_conv){ 0 });
    ck_assert_int_lt(x, 0);
    y = sn_relu(g, sn_add_vals(g, sn_conv_layer(g, g->input, "", "s", (struct sn_conv){ 0 }), x)); /* does nothing, harms nothing */
    ck_assert_int_lt(y, 0);
    sn_graph_fail(g, "a later complaint");
    sn_ck_fails(sn_graph_finish(g, y, &err), SN_EMODEL, &err, "'absent.weight' is missing");
    end(&b);
    setup_conv(&b);
    g = graph(&b);
    sn_ck_fails(sn_graph_finish(g, -1, &err), SN_EINTERNAL, &err, "no output");
    end(&b);
    setup_conv(&b);
    g = graph(&b);
    x = sn_maxpool(g, g->input, 2, 2, 0, false);
    sn_ck_fails(sn_graph_finish(g, sn_concat(g, 2, (const sn_val[]){ g->input, x }), &err), SN_EMODEL, &err, "6 x 9");
    end(&b);
    setup_conv(&b);
    g = graph(&b);
    x = sn_conv_layer(g, g->input, "", "s", (struct sn_conv){ 0 });
    sn_ck_fails(sn_graph_finish(g, sn_add_vals(g, g->input, x), &err), SN_EMODEL, &err, "21 channels");
    end(&b);
}
END_TEST

static Suite *suite_graph(void)
{
    Suite *s = suite_create("graph");
    TCase *t = tcase_create("graph");

    tcase_add_test(t, test_instance_norm);
    tcase_add_test(t, test_conv_add_leaky);
    tcase_add_test(t, test_in_place);
    tcase_add_test(t, test_between);
    tcase_add_test(t, test_constant_part);
    tcase_add_loop_test(t, test_pools, 0, (int)SN_COUNT(pool_sizes));
    tcase_add_loop_test(t, test_upsample, 0, (int)SN_COUNT(resizes));
    tcase_add_test(t, test_pad_and_pool);
    tcase_add_test(t, test_deconv);
    tcase_add_test(t, test_sticky_error);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_graph)
