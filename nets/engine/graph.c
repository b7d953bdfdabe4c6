/* graph.c: builder calls: find the tensors, infer the shape, append a node. */
#include "nets/engine/graph.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_SIDE 16384 /* pixels; planes stay far below 2^31 elements per row */

const char *sn_node_op_name(enum sn_node_op op)
{
    static const char *const names[] = { "input", "conv2d", "affine", "activation", "add", "concat", "maxpool",
                                         "avgpool", "global_avgpool", "instance_norm", "upsample", "pad", "between", "inline", "dead" };
    return names[op];
}

static void vfail(struct sn_graph *g, int code, const char *fmt, va_list ap)
{
    char msg[400];

    if (g->rc)
        return;
    (void)vsnprintf(msg, sizeof msg, fmt, ap);
    g->rc = SN_FAIL(&g->err, code, "%s", msg);
}

void sn_graph_fail(struct sn_graph *g, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfail(g, SN_EMODEL, fmt, ap);
    va_end(ap);
}

static bool valid(const struct sn_graph *g, sn_val x)
{
    return !g->rc && x >= 0 && x < g->n;
}

/* A new node with its inputs; NULL after a failure. The pointer is good until the next call. */
static struct sn_node *append(struct sn_graph *g, enum sn_node_op op, const char *name, int n_in, const sn_val *in)
{
    struct sn_node *node;

    for (int i = 0; i < n_in; i++)
        if (!valid(g, in[i]))
            return NULL;
    if (g->rc)
        return NULL;
    if (g->n == g->cap) {
        int cap = g->cap ? 2 * g->cap : 256;
        struct sn_node *p = realloc(g->nodes, (size_t)cap * sizeof *p);

        if (!p) {
            g->rc = SN_NOMEM(&g->err, "the network graph");
            return NULL;
        }
        g->nodes = p;
        g->cap = cap;
    }
    node = &g->nodes[g->n];
    *node = (struct sn_node){ .op = op, .name = name, .n_in = n_in, .res = -1, .pre = -1, .pool = -1, .stride = 1, .dil = 1, .up = 1 };
    if (n_in) {
        node->in = sn_arena_get(&g->arena, (size_t)n_in * sizeof *in, &g->err);
        if (!node->in) {
            g->rc = g->err.code;
            return NULL;
        }
        memcpy(node->in, in, (size_t)n_in * sizeof *in);
        node->c = g->nodes[in[0]].c;
        node->h = g->nodes[in[0]].h;
        node->w = g->nodes[in[0]].w;
    }
    return node;
}

/* Accepts the node appended last. */
static sn_val commit(struct sn_graph *g)
{
    const struct sn_node *node = &g->nodes[g->n];

    if (g->rc)
        return -1;
    if (node->c < 1 || node->h < 1 || node->w < 1 || node->h > MAX_SIDE || node->w > MAX_SIDE) {
        sn_graph_fail(g, "%s: the input is too small or too large for this network: %d x %d pixels would remain here",
                      node->name, node->h, node->w);
        return -1;
    }
    return g->n++;
}

const char *sn_name(struct sn_graph *g, const char *fmt, ...)
{
    char buf[256];
    va_list ap;
    char *s;

    va_start(ap, fmt);
    (void)vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    s = sn_arena_strdup(&g->arena, buf, strlen(buf), &g->err);
    if (!s && !g->rc)
        g->rc = g->err.code;
    return s ? s : "";
}

static const char *join(struct sn_graph *g, const char *prefix, const char *name)
{
    return sn_name(g, "%s%s%s", prefix, *prefix && *name ? "." : "", name);
}

static const struct sn_tensor *find(const struct sn_graph *g, const char *prefix, const char *name, const char *leaf)
{
    char buf[320];

    (void)snprintf(buf, sizeof buf, "%s%s%s%s%s", prefix, *prefix ? "." : "", name, *name && *leaf ? "." : "", leaf);
    return sn_model_find(g->model, buf);
}

bool sn_has(const struct sn_graph *g, const char *prefix, const char *name)
{
    return find(g, prefix, name, "") != NULL;
}

int sn_height(const struct sn_graph *g, sn_val x) { return valid(g, x) ? g->nodes[x].h : 1; }
int sn_width(const struct sn_graph *g, sn_val x) { return valid(g, x) ? g->nodes[x].w : 1; }

/* The tensor prefix.name.leaf with the given shape; a dimension of 0 accepts any size. */
static const struct sn_tensor *want(struct sn_graph *g, const char *prefix, const char *name, const char *leaf, int rank,
                                    const int *shape)
{
    const struct sn_tensor *t;

    if (g->rc)
        return NULL;
    t = find(g, prefix, name, leaf);
    if (!t) {
        sn_graph_fail(g, "tensor '%s%s%s.%s' is missing", prefix, *prefix ? "." : "", name, leaf);
        return NULL;
    }
    g->used[t - g->model->tensors] = true;
    if (t->rank != rank) {
        sn_graph_fail(g, "tensor '%s' has %d dimensions, expected %d", t->name, t->rank, rank);
        return NULL;
    }
    for (int i = 0; i < rank; i++) {
        if (t->shape[i] < 1 || t->shape[i] > 65536 || (shape[i] && t->shape[i] != (uint64_t)shape[i])) {
            sn_graph_fail(g, "tensor '%s' has size %llu in dimension %d, expected %d", t->name,
                          (unsigned long long)t->shape[i], i, shape[i]);
            return NULL;
        }
    }
    return t;
}

/* An optional bias of n elements. */
static const struct sn_tensor *maybe_bias(struct sn_graph *g, const char *prefix, const char *name, int n)
{
    if (g->rc || !find(g, prefix, name, "bias"))
        return NULL;
    return want(g, prefix, name, "bias", 1, (const int[]){ n });
}

static int pooled(int in, int k, int stride, int pad, bool ceil_mode)
{
    int span = in + 2 * pad - k, out;

    if (span < 0)
        return 0;
    out = span / stride + 1;
    /* ceil: one more window, unless it would start in the padding behind the image (as PyTorch) */
    if (ceil_mode && span % stride && out * stride < in + pad)
        out++;
    return out;
}

sn_val sn_conv_layer(struct sn_graph *g, sn_val x, const char *prefix, const char *name, struct sn_conv opt)
{
    struct sn_node *node = append(g, SN_NODE_CONV, join(g, prefix, name), 1, &x);

    if (!node)
        return -1;
    node->weight = want(g, prefix, name, "weight", 4, (const int[]){ 0, node->c, 0, 0 });
    if (!node->weight)
        return -1;
    node->c = (int)node->weight->shape[0];
    node->kh = (int)node->weight->shape[2];
    node->kw = (int)node->weight->shape[3];
    node->bias = maybe_bias(g, prefix, name, node->c);
    node->stride = opt.stride ? opt.stride : 1;
    node->dil = opt.dil ? opt.dil : 1;
    if (node->kh != node->kw || node->kh % 2 == 0 || node->kh > 31) {
        sn_graph_fail(g, "tensor '%s' is a %d x %d kernel, expected an odd square", node->weight->name, node->kh, node->kw);
        return -1;
    }
    node->pad = node->dil * (node->kh - 1) / 2;
    node->h = pooled(node->h, node->dil * (node->kh - 1) + 1, node->stride, node->pad, false);
    node->w = pooled(node->w, node->dil * (node->kw - 1) + 1, node->stride, node->pad, false);
    return commit(g);
}

static void want_bn(struct sn_graph *g, const char *prefix, const char *name, int c, struct sn_bn *bn)
{
    const int shape[1] = { c };

    bn->gamma = want(g, prefix, name, "weight", 1, shape);
    bn->beta = want(g, prefix, name, "bias", 1, shape);
    bn->mean = want(g, prefix, name, "running_mean", 1, shape);
    bn->var = want(g, prefix, name, "running_var", 1, shape);
}

sn_val sn_bn_layer(struct sn_graph *g, sn_val x, const char *prefix, const char *name)
{
    struct sn_node *node = append(g, SN_NODE_AFFINE, join(g, prefix, name), 1, &x);

    if (!node)
        return -1;
    node->has_bn = true;
    want_bn(g, prefix, name, node->c, &node->bn);
    return commit(g);
}

sn_val sn_conv_bn(struct sn_graph *g, sn_val x, const char *prefix, const char *conv, const char *bn, struct sn_conv opt)
{
    return sn_bn_layer(g, sn_conv_layer(g, x, prefix, conv, opt), prefix, bn);
}

sn_val sn_scale(struct sn_graph *g, sn_val x, double factor)
{
    struct sn_node *node = append(g, SN_NODE_AFFINE, sn_name(g, "scale"), 1, &x);

    if (!node)
        return -1;
    node->has_bn = true;
    node->bn.factor = factor;
    return commit(g);
}

sn_val sn_instance_norm(struct sn_graph *g, sn_val x, const char *prefix, const char *name)
{
    struct sn_node *node = append(g, SN_NODE_INSTNORM, join(g, prefix, name), 1, &x);

    if (!node)
        return -1;
    if (find(g, prefix, name, "weight")) {
        node->bn.gamma = want(g, prefix, name, "weight", 1, &node->c);
        node->bn.beta = want(g, prefix, name, "bias", 1, &node->c);
    }
    return commit(g);
}

sn_val sn_deconv2(struct sn_graph *g, sn_val x, const char *prefix, const char *name)
{
    struct sn_node *node = append(g, SN_NODE_CONV, join(g, prefix, name), 1, &x);

    if (!node)
        return -1;
    node->weight = want(g, prefix, name, "weight", 4, (const int[]){ node->c, 0, 2, 2 });
    if (!node->weight)
        return -1;
    node->c = (int)node->weight->shape[1];
    node->bias = maybe_bias(g, prefix, name, node->c);
    node->kh = node->kw = 1;
    node->up = 2;
    node->h *= 2;
    node->w *= 2;
    return commit(g);
}

sn_val sn_linear(struct sn_graph *g, sn_val x, const char *prefix, const char *name)
{
    struct sn_node *node = append(g, SN_NODE_CONV, join(g, prefix, name), 1, &x);

    if (!node)
        return -1;
    node->weight = want(g, prefix, name, "weight", 2, (const int[]){ 0, node->c });
    if (!node->weight)
        return -1;
    node->c = (int)node->weight->shape[0];
    node->bias = maybe_bias(g, prefix, name, node->c);
    node->kh = node->kw = 1;
    g->head = g->n;
    return commit(g);
}

static sn_val activation(struct sn_graph *g, sn_val x, struct sn_activation act)
{
    struct sn_node *node = append(g, SN_NODE_ACT, valid(g, x) ? sn_name(g, "%s.relu", g->nodes[x].name) : "", 1, &x);

    if (!node)
        return -1;
    node->act = act;
    return commit(g);
}

sn_val sn_relu(struct sn_graph *g, sn_val x)
{
    return activation(g, x, (struct sn_activation){ SN_ACT_RELU, 0 });
}

sn_val sn_leaky_relu(struct sn_graph *g, sn_val x, float slope)
{
    return activation(g, x, (struct sn_activation){ SN_ACT_LEAKY, slope });
}

static bool same_size(struct sn_graph *g, const char *what, sn_val a, sn_val b)
{
    const struct sn_node *p = &g->nodes[a], *q = &g->nodes[b];

    if (p->h == q->h && p->w == q->w)
        return true;
    sn_graph_fail(g, "%s of '%s' (%d x %d) and '%s' (%d x %d): sizes differ; the network does not accept this input size",
                  what, p->name, p->h, p->w, q->name, q->h, q->w);
    return false;
}

sn_val sn_add_vals(struct sn_graph *g, sn_val a, sn_val b)
{
    struct sn_node *node = append(g, SN_NODE_ADD, valid(g, a) ? sn_name(g, "%s.add", g->nodes[a].name) : "", 2,
                                  (const sn_val[]){ a, b });

    if (!node || !same_size(g, "sum", a, b))
        return -1;
    if (g->nodes[a].c != g->nodes[b].c)
        sn_graph_fail(g, "sum of '%s' (%d channels) and '%s' (%d channels)", g->nodes[a].name, g->nodes[a].c,
                      g->nodes[b].name, g->nodes[b].c);
    return commit(g);
}

sn_val sn_concat(struct sn_graph *g, int n, const sn_val *x)
{
    struct sn_node *node = append(g, SN_NODE_CONCAT, "concat", n, x);

    if (!node)
        return -1;
    for (int i = 1; i < n; i++) {
        if (!same_size(g, "concatenation", x[0], x[i]))
            return -1;
        node->c += g->nodes[x[i]].c;
    }
    return commit(g);
}

static sn_val pool(struct sn_graph *g, enum sn_node_op op, sn_val x, int k, int stride, int pad, bool ceil_mode, bool count_pad)
{
    struct sn_node *node = append(g, op, valid(g, x) ? sn_name(g, "%s.pool", g->nodes[x].name) : "", 1, &x);

    if (!node)
        return -1;
    node->k = k;
    node->stride = stride;
    node->pad = pad;
    node->count_pad = count_pad;
    node->h = pooled(node->h, k, stride, pad, ceil_mode);
    node->w = pooled(node->w, k, stride, pad, ceil_mode);
    return commit(g);
}

sn_val sn_maxpool(struct sn_graph *g, sn_val x, int k, int stride, int pad, bool ceil_mode)
{
    return pool(g, SN_NODE_MAXPOOL, x, k, stride, pad, ceil_mode, false);
}

sn_val sn_avgpool(struct sn_graph *g, sn_val x, int k, int stride, int pad, bool ceil_mode, bool count_pad)
{
    return pool(g, SN_NODE_AVGPOOL, x, k, stride, pad, ceil_mode, count_pad);
}

sn_val sn_global_avgpool(struct sn_graph *g, sn_val x)
{
    struct sn_node *node = append(g, SN_NODE_GAP, "global_avgpool", 1, &x);

    if (!node)
        return -1;
    node->h = node->w = 1;
    return commit(g);
}

sn_val sn_upsample_to(struct sn_graph *g, sn_val x, int h, int w, bool nearest, bool align_corners)
{
    struct sn_node *node = append(g, SN_NODE_UPSAMPLE, valid(g, x) ? sn_name(g, "%s.up", g->nodes[x].name) : "", 1, &x);

    if (!node)
        return -1;
    node->h = h;
    node->w = w;
    node->nearest = nearest;
    node->align_corners = align_corners;
    return commit(g);
}

sn_val sn_pad_to(struct sn_graph *g, sn_val x, int h, int w, int top, int left)
{
    struct sn_node *node;

    if (valid(g, x) && g->nodes[x].h == h && g->nodes[x].w == w)
        return x;
    node = append(g, SN_NODE_PAD, valid(g, x) ? sn_name(g, "%s.pad", g->nodes[x].name) : "", 1, &x);
    if (!node)
        return -1;
    if (top < 0 || left < 0 || node->h + top > h || node->w + left > w)
        sn_graph_fail(g, "'%s' (%d x %d) is larger than the %d x %d it is joined with", node->name, node->h, node->w, h, w);
    node->h = h;
    node->w = w;
    node->top = top;
    node->left = left;
    return commit(g);
}

int sn_graph_init(struct sn_graph *g, const struct sn_model *m, int c, int h, int w, struct sn_error *err)
{
    struct sn_node *node;

    *g = (struct sn_graph){ .model = m, .output = -1, .features = -1, .head = -1 };
    sn_arena_init(&g->arena, 0);
    if (c < 1 || c > 65536 || h < 1 || w < 1 || h > MAX_SIDE || w > MAX_SIDE)
        return SN_FAIL(err, SN_EINVAL, "input of %d channels, %d x %d pixels: sides must be 1 to %d", c, h, w, MAX_SIDE);
    g->used = calloc(m->n_tensors ? m->n_tensors : 1, sizeof *g->used);
    if (!g->used)
        return SN_NOMEM(err, "the network graph");
    node = append(g, SN_NODE_INPUT, "input", 0, NULL);
    if (!node) {
        if (err)
            *err = g->err;
        return g->rc;
    }
    node->c = c;
    node->h = h;
    node->w = w;
    g->input = commit(g);
    return SN_OK;
}

int sn_graph_finish(struct sn_graph *g, sn_val output, struct sn_error *err)
{
    if (!g->rc && !valid(g, output))
        g->rc = SN_FAIL(&g->err, SN_EINTERNAL, "the network has no output");
    if (g->rc) {
        if (err)
            *err = g->err;
        return g->rc;
    }
    g->output = output;
    g->nodes[output].keep = true;
    return SN_OK;
}

void sn_graph_free(struct sn_graph *g)
{
    free(g->nodes);
    free(g->used);
    sn_arena_free(&g->arena);
    *g = (struct sn_graph){ 0 };
}
