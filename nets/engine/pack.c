/*
 * pack.c: weights into the order of use ([group][chunk][kh][kw][lane][32], kernels.h), BatchNorm
 * folded in double and rounded once: w' = w * s, b' = (b - mean) * s + beta, s = gamma / sqrt(var + eps)
 * (Ioffe & Szegedy 2015, at inference).
 */
#include "nets/engine/graph.h"

#include <math.h>
#include <stdlib.h>

struct pack {
    struct sn_net *net;
    const struct sn_node *node;
    const double *scale;    /* [oc] or NULL */
    const uint32_t *source; /* [k] offset of the k-th used weight in its output channel's row */
    size_t k;
    double *rows;           /* [threads][longest row] */
    size_t row;
    void *dst;
    atomic_int *bad;
};

static void store(const struct sn_net *net, void *dst, size_t i, double v)
{
    if (net->elem == 8) {
        ((double *)dst)[i] = fabs(v) < DBL_MIN ? 0.0 : v;
    } else {
        ((float *)dst)[i] = sn_flush((float)v);
    }
}

/* One weight group; for a transposed convolution (dy, dx) = quad / 2, quad % 2 of the 2x2 kernel. */
static void pack_group(void *ctx, size_t unit, int thread)
{
    const struct pack *p = ctx;
    const struct sn_node *node = p->node;
    size_t groups = ((size_t)node->c + SN_GROUP - 1) / SN_GROUP, base = unit * p->k * SN_GROUP;
    size_t quad = unit / groups, oc0 = unit % groups * SN_GROUP;
    double *row = p->rows + (size_t)thread * p->row;
    bool ok = true;

    for (size_t o = 0; o < SN_GROUP; o++) {
        size_t oc = oc0 + o;
        double s = p->scale && oc < (size_t)node->c ? p->scale[oc] : 1.0;

        if (oc < (size_t)node->c && node->up == 1)
            sn_tensor_to_f64(node->weight, oc * p->row, p->row, row);
        for (size_t k = 0; k < p->k; k++) {
            double v = 0;

            if (oc < (size_t)node->c) {
                if (node->up == 1)
                    v = row[p->source[k]] * s;
                else
                    sn_tensor_to_f64(node->weight, (p->source[k] * (size_t)node->c + oc) * 4 + quad, 1, &v), v *= s;
            }
            ok &= isfinite(v) && (p->net->elem == 8 || isfinite((float)v));
            store(p->net, p->dst, base + k * SN_GROUP + o, v);
        }
    }
    if (!ok)
        atomic_store(p->bad, 1);
}

/* k-th weight in the order of use -> its place in PyTorch's [IC][KH][KW] row. */
static size_t source_order(const struct sn_node *node, const struct sn_planes *x, uint32_t *source)
{
    size_t n = 0, taps = (size_t)node->kh * (size_t)node->kw;
    uint32_t first = 0; /* input channel of the chunk's first lane */

    for (int c0 = 0; c0 < x->n; c0 += SN_CHUNK) {
        int c1 = SN_MIN(c0 + SN_CHUNK, x->n);
        uint32_t channel = first;

        for (size_t t = 0; t < taps; t++) {
            channel = first;
            for (int c = c0; c < c1; c++)
                for (int l = 0; l < x->lanes[c]; l++)
                    source[n++] = channel++ * (uint32_t)taps + (uint32_t)t;
        }
        first = channel;
    }
    return n;
}

/* s and the folded bias of every output channel, in double. */
static int fold(const struct sn_node *node, double *scale, double *bias, struct sn_error *err)
{
    size_t n = (size_t)node->c;
    double *t = malloc(4 * n * sizeof *t);

    if (!t)
        return SN_NOMEM(err, "batch normalisation");
    for (size_t i = 0; i < n; i++) {
        scale[i] = node->has_bn && !node->bn.gamma ? node->bn.factor : 1.0;
        bias[i] = 0;
    }
    if (node->bias)
        sn_tensor_to_f64(node->bias, 0, n, bias);
    if (node->has_bn && node->bn.gamma) {
        sn_tensor_to_f64(node->bn.gamma, 0, n, t);
        sn_tensor_to_f64(node->bn.beta, 0, n, t + n);
        sn_tensor_to_f64(node->bn.mean, 0, n, t + 2 * n);
        sn_tensor_to_f64(node->bn.var, 0, n, t + 3 * n);
        for (size_t i = 0; i < n; i++) {
            scale[i] = t[i] / sqrt(t[3 * n + i] + SN_BN_EPS);
            bias[i] = (bias[i] - t[2 * n + i]) * scale[i] + t[n + i];
        }
    }
    free(t);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(scale[i]) || !isfinite((float)scale[i]) || !isfinite(bias[i]) || !isfinite((float)bias[i]))
            return SN_FAIL(err, SN_EMODEL, "layer '%s': channel %zu has a non-finite weight, bias or variance", node->name, i);
    return SN_OK;
}

static int pack_conv(struct sn_net *net, struct sn_step *s, struct sn_error *err)
{
    const struct sn_node *node = s->node;
    struct sn_conv2d *c = &s->conv;
    size_t quads = (size_t)(node->up * node->up), padded = (size_t)c->groups * SN_GROUP;
    size_t row = (size_t)node->weight->count / (size_t)node->c;
    atomic_int bad = 0;
    struct pack p = { .net = net, .node = node, .row = row, .bad = &bad };
    double *fb = malloc(2 * padded * sizeof *fb), *rows = NULL;
    uint32_t *source = malloc((row ? row : 1) * sizeof *source);
    int threads = sn_pool_threads(net->opt.pool), rc = SN_OK;
    char *dst = NULL;

    rows = malloc((size_t)threads * row * sizeof *rows);
    if (!fb || !rows || !source) {
        rc = SN_NOMEM(err, "packing weights");
        goto out;
    }
    SN_TRY_OUT(fold(node, fb, fb + padded, err));
    p.k = source_order(node, &s->x, source);
    p.rows = rows;
    p.source = source;
    p.scale = node->has_bn ? fb : NULL;
    c->group_stride = p.k * SN_GROUP;
    s->weight_bytes = (quads * padded * p.k + padded) * net->elem;
    dst = sn_alloc_aligned(s->weight_bytes);
    if (!dst) {
        rc = SN_FAIL(err, SN_ENOMEM, "out of memory: layer '%s' needs %zu bytes of weights", node->name, s->weight_bytes);
        goto out;
    }
    s->weights = dst;
    p.dst = dst;
    c->w = dst;
    sn_pool_run(net->opt.pool, pack_group, &p, quads * (size_t)c->groups);
    if (atomic_load(&bad)) {
        rc = SN_FAIL(err, SN_EMODEL, "layer '%s' has a non-finite weight", node->name);
        goto out;
    }
    dst += quads * padded * p.k * net->elem;
    for (size_t i = 0; i < padded; i++)
        store(net, dst, i, i < (size_t)node->c ? fb[padded + i] : 0.0);
    c->bias = node->bias || node->has_bn ? dst : NULL;
out:
    free(fb);
    free(rows);
    free(source);
    return rc;
}

/* scale and shift of a BatchNorm that stays, or room for an instance norm's. Lanes, not channels: concatenations leave gaps. */
static int pack_affine(struct sn_net *net, struct sn_step *s, struct sn_error *err)
{
    const struct sn_node *node = s->node;
    size_t lanes = (size_t)s->x.n * SN_LANES, n = (size_t)node->c;
    double *fb = malloc(2 * n * sizeof *fb);
    int rc = SN_OK;

    s->weight_bytes = 2 * lanes * net->elem;
    s->scale = s->weights = sn_alloc_aligned(s->weight_bytes);
    if (!fb || !s->scale) {
        rc = SN_NOMEM(err, "normalisation weights");
        goto out;
    }
    memset(s->scale, 0, s->weight_bytes);
    s->shift = (char *)s->scale + lanes * net->elem;
    if (node->op == SN_NODE_INSTNORM)
        goto out;
    SN_TRY_OUT(fold(node, fb, fb + n, err));
    for (int c = 0, plane = 0; plane < s->x.n; plane++)
        for (int l = 0; l < s->x.lanes[plane]; l++, c++) {
            store(net, s->scale, (size_t)plane * SN_LANES + (size_t)l, fb[c]);
            store(net, s->shift, (size_t)plane * SN_LANES + (size_t)l, fb[n + (size_t)c]);
        }
out:
    free(fb);
    return rc;
}

int sn_net_pack_weights(struct sn_net *net, struct sn_error *err)
{
    for (int i = 0; i < net->n_steps; i++) {
        struct sn_step *s = &net->steps[i];

        if (s->node->op == SN_NODE_CONV)
            SN_TRY(pack_conv(net, s, err));
        else if (s->node->op == SN_NODE_AFFINE || s->node->op == SN_NODE_INSTNORM)
            SN_TRY(pack_affine(net, s, err));
        net->weight_bytes += s->weight_bytes;
    }
    return SN_OK;
}
