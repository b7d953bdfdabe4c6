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
    float *direct;          /* winograd, i16: [threads][k * 32], a group before its transform */
    const struct sn_step *step;
    const struct sn_planes *x;
    atomic_int *bad;
};

/*
 * The n-th layer's values of a prepacked file, of `bytes` bytes. They are the kernels' own where the machine
 * stores the lowest byte first; elsewhere they are copied.
 */
static int find_packed(const struct sn_net *net, struct sn_step *s, int n, size_t bytes, struct sn_error *err)
{
    const struct sn_model *m = net->graph.model;
    const struct sn_tensor *t;
    struct sn_buf name = { 0 };

    sn_buf_printf(&name, SN_PACKED "%d.%s", n, s->node->name);
    t = name.failed ? NULL : sn_model_find(m, name.data);
    sn_buf_free(&name);
    if (!t || t->dtype != SN_F32 || t->bytes != bytes)
        return SN_FAIL(err, SN_EMODEL, "layer '%s': the prepacked file has no values of %zu bytes for it: it was made for another network or plan",
                       s->node->name, bytes);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    s->weights = (void *)(uintptr_t)t->data; /* never written to */
    s->borrowed = true;
#else
    s->weights = sn_alloc_aligned(bytes);
    if (!s->weights)
        return SN_NOMEM(err, "prepacked weights");
    sn_tensor_to_f32(t, 0, t->count, s->weights);
#endif
    return SN_OK;
}

static void store(size_t elem, void *dst, size_t i, double v)
{
    if (elem == 8) {
        ((double *)dst)[i] = fabs(v) < DBL_MIN ? 0.0 : v;
    } else {
        ((float *)dst)[i] = sn_flush((float)v);
    }
}

void sn_step_transform(const struct sn_net *net, const struct sn_step *s, const float *w, float *u)
{
    for (int c0 = 0; c0 < s->x.n; c0 += SN_CHUNK) {
        struct sn_winograd_weights t = { .w = w, .u = u, .stride = s->wino.u_stride, .points = sn_piece_points(s->wino.kind) };

        for (int c = c0; c < SN_MIN(c0 + SN_CHUNK, s->x.n); c++)
            t.n += (size_t)s->x.lanes[c] * SN_GROUP;
        net->kernels.winograd_weights(&t);
        w += 9 * t.n;
        u += t.n;
    }
}

/* The kept form of group g: transformed for Winograd, or 16-bit words and scales. False (i16): its sums could overflow. */
static bool keep_group(const struct sn_net *net, const struct sn_step *s, const float *w, size_t g, size_t groups, float *dst)
{
    float *z = dst + groups * sn_i16_words(s) + g * sn_i16_scales(s);

    if (s->i16)
        return sn_i16_pack_group(s, w, (int32_t *)(void *)dst + g * sn_i16_words(s), z, NULL) == SN_OK;
    sn_step_transform(net, s, w, dst + g * s->wino.group_stride);
    return true;
}

/*
 * dst[k * 32] = row[source[k] - first] * scale for n weights of one output channel, rounded once and
 * flushed; false when one is not finite. By bits: a float is below FLT_MIN exactly when its exponent is 0.
 */
static bool interleave(float *dst, const double *row, const uint32_t *source, uint32_t first, size_t n, double scale)
{
    uint32_t bad = 0;

    for (size_t k = 0; k < n; k++) {
        float f = (float)(row[source[k] - first] * scale);
        uint32_t u, exponent;

        memcpy(&u, &f, sizeof u);
        exponent = u & 0x7f800000u;
        bad |= exponent == 0x7f800000u;
        u = exponent ? u : 0;
        memcpy(dst + k * SN_GROUP, &u, sizeof u);
    }
    return !bad;
}

static bool interleave64(double *dst, const double *row, const uint32_t *source, uint32_t first, size_t n, double scale)
{
    bool ok = true;

    for (size_t k = 0; k < n; k++) {
        store(8, dst, k * SN_GROUP, row[source[k] - first] * scale);
        ok &= isfinite(dst[k * SN_GROUP]);
    }
    return ok;
}

/*
 * One weight group; for a transposed convolution (dy, dx) = quad / 2, quad % 2 of the 2x2 kernel.
 * Chunk by chunk, so that the 32 interleaved rows stay in the cache while they are filled.
 */
static void pack_group(void *ctx, size_t unit, int thread)
{
    const struct pack *p = ctx;
    const struct sn_node *node = p->node;
    size_t groups = ((size_t)node->c + SN_GROUP - 1) / SN_GROUP, quad = unit / groups, oc0 = unit % groups * SN_GROUP;
    size_t live = SN_MIN((size_t)SN_GROUP, (size_t)node->c - oc0), wide = p->net->elem;
    char *dst = p->direct ? (char *)(p->direct + (size_t)thread * p->k * SN_GROUP)
                          : (char *)p->dst + unit * p->k * SN_GROUP * wide;
    double *row = p->rows + (size_t)thread * p->row;
    bool ok = true;

    for (size_t k0 = 0, k1 = 0, c = 0; k0 < p->k; k0 = k1) {
        uint32_t first = p->source[k0];

        for (size_t end = SN_MIN(c + SN_CHUNK, (size_t)p->x->n); c < end; c++)
            k1 += (size_t)p->x->lanes[c] * (size_t)node->kh * (size_t)node->kw;
        for (size_t o = 0; o < live; o++) {
            double scale = p->scale ? p->scale[oc0 + o] : 1.0;
            char *to = dst + (k0 * SN_GROUP + o) * wide;

            if (node->up == 1) /* a chunk's weights lie together in their channel's row */
                sn_tensor_to_f64(node->weight, (oc0 + o) * p->row + first, k1 - k0, row);
            else
                for (size_t k = k0; k < k1; k++)
                    sn_tensor_to_f64(node->weight, (p->source[k] * (size_t)node->c + oc0 + o) * 4 + quad, 1, &row[p->source[k] - first]);
            ok &= wide == 8 ? interleave64((double *)(void *)to, row, p->source + k0, first, k1 - k0, scale)
                            : interleave((float *)(void *)to, row, p->source + k0, first, k1 - k0, scale);
        }
        for (size_t k = k0; k < k1; k++)
            memset(dst + (k * SN_GROUP + live) * wide, 0, (SN_GROUP - live) * wide);
    }
    if (p->direct && !keep_group(p->net, p->step, (float *)(void *)dst, unit, groups * (size_t)(node->up * node->up), p->dst))
        atomic_store(p->bad, 2);
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

/* Fills scale and shift, [planes * 16], lane by lane: concatenations of odd widths leave gaps. */
static int spread(struct sn_net *net, struct sn_step *s, const struct sn_node *bn, struct sn_error *err)
{
    size_t n = (size_t)bn->c;
    double *fb = malloc(2 * n * sizeof *fb);
    int rc = fb ? fold(bn, fb, fb + n, err) : SN_NOMEM(err, "normalisation weights");

    for (int c = 0, plane = 0; !rc && plane < s->x.n; plane++)
        for (int l = 0; l < s->x.lanes[plane]; l++, c++) {
            store(net->elem, s->scale, (size_t)plane * SN_LANES + (size_t)l, fb[c]);
            store(net->elem, s->shift, (size_t)plane * SN_LANES + (size_t)l, fb[n + (size_t)c]);
        }
    free(fb);
    return rc;
}

/* Where the parts of a layer's values lie, in elements: weights, bias, scale and shift of a normalisation before it. */
struct parts {
    size_t groups, k;        /* weight groups, weights of an output channel */
    size_t weights, bias, pre;
    size_t stored;           /* the weights as they are kept: transformed, 16-bit, or as `weights` */
    bool made;               /* that form is made of the plain one */
};

static struct parts parts_of(const struct sn_step *s, size_t k)
{
    const struct sn_node *node = s->node;
    size_t quads = (size_t)(node->up * node->up), groups = ((size_t)node->c + SN_GROUP - 1) / SN_GROUP;
    size_t weights = quads * groups * SN_GROUP * k;

    return (struct parts){ .groups = quads * groups, .k = k, .weights = weights, .stored = weights, .bias = groups * SN_GROUP,
                           .pre = node->pre >= 0 ? 2 * (size_t)s->x.n * SN_LANES : 0 };
}

static int overflow(const struct sn_step *s, struct sn_error *err)
{
    return SN_FAIL(err, SN_EINTERNAL, "layer '%s': its 16-bit sums could overflow", s->node->name);
}

/* A prepacked layer whose transformed weights are kept: made from the plain ones in the file. */
static int transform_packed(struct sn_net *net, struct sn_step *s, const struct parts *n, struct sn_error *err)
{
    const float *plain = s->weights;
    float *dst = sn_alloc_aligned(s->weight_bytes);
    bool ok = true;

    if (!dst)
        return SN_FAIL(err, SN_ENOMEM, "out of memory: layer '%s' needs %zu bytes of weights", s->node->name, s->weight_bytes);
    for (size_t g = 0; g < n->groups; g++)
        ok &= keep_group(net, s, plain + g * n->k * SN_GROUP, g, n->groups, dst);
    memcpy(dst + n->stored, plain + n->weights, (n->bias + n->pre) * sizeof *dst);
    if (!s->borrowed)
        sn_free_aligned(s->weights);
    s->weights = dst;
    s->borrowed = false;
    return ok ? SN_OK : overflow(s, err);
}

static int fill_conv(struct sn_net *net, struct sn_step *s, struct pack *p, const struct parts *n, struct sn_error *err)
{
    const struct sn_node *node = s->node;
    size_t threads = (size_t)sn_pool_threads(net->opt.pool);
    double *fb = malloc(2 * n->bias * sizeof *fb);
    char *dst;
    int rc;

    p->rows = malloc(threads * p->row * sizeof *p->rows);
    p->direct = n->made ? sn_alloc_aligned(threads * p->row * SN_GROUP * sizeof(float)) : NULL;
    if (!fb || !p->rows || (n->made && !p->direct)) {
        rc = SN_NOMEM(err, "packing weights");
        goto out;
    }
    SN_TRY_OUT(fold(node, fb, fb + n->bias, err));
    p->scale = node->has_bn ? fb : NULL;
    dst = sn_alloc_aligned(s->weight_bytes);
    if (!dst) {
        rc = SN_FAIL(err, SN_ENOMEM, "out of memory: layer '%s' needs %zu bytes of weights", node->name, s->weight_bytes);
        goto out;
    }
    s->weights = dst;
    p->dst = dst;
    sn_pool_run(net->opt.pool, pack_group, p, n->groups);
    if (atomic_load(p->bad)) {
        rc = atomic_load(p->bad) == 2 ? overflow(s, err) : SN_FAIL(err, SN_EMODEL, "layer '%s' has a non-finite weight", node->name);
        goto out;
    }
    dst += n->stored * net->elem;
    for (size_t i = 0; i < n->bias; i++)
        store(net->elem, dst, i, i < (size_t)node->c ? fb[n->bias + i] : 0.0);
    if (n->pre) {
        s->scale = dst + n->bias * net->elem;
        s->shift = (char *)s->scale + n->pre / 2 * net->elem;
        memset(s->scale, 0, n->pre * net->elem);
        SN_TRY_OUT(spread(net, s, &net->graph.nodes[node->pre], err));
    }
out:
    free(fb);
    free(p->rows);
    sn_free_aligned(p->direct);
    return rc;
}

static int pack_conv(struct sn_net *net, struct sn_step *s, int index, struct sn_error *err)
{
    const struct sn_node *node = s->node;
    size_t row = (size_t)node->weight->count / (size_t)node->c;
    uint32_t *source = malloc((row ? row : 1) * sizeof *source);
    atomic_int bad = 0;
    struct pack p = { .net = net, .node = node, .row = row, .step = s, .x = &s->x, .source = source, .bad = &bad };
    struct parts n;
    char *bias;
    int rc = source ? SN_OK : SN_NOMEM(err, "packing weights");

    if (rc)
        return rc;
    p.k = source_order(node, &s->x, source);
    n = parts_of(s, p.k);
    if (s->winograd) {
        s->wino.group_stride = n.k / 9 * SN_GROUP;
        s->wino.u_stride = n.groups * s->wino.group_stride + SN_LANES;
    }
    n.made = s->i16 || (s->winograd && s->transform == SN_AT_PACKING);
    if (n.made)
        n.stored = s->i16 ? n.groups * (sn_i16_words(s) + sn_i16_scales(s)) : (size_t)sn_winograd_positions(&s->wino) * s->wino.u_stride;
    s->weight_bytes = (n.stored + n.bias + n.pre) * net->elem;
    if (sn_net_is_prepacked(net)) {
        rc = find_packed(net, s, index, (n.weights + n.bias + n.pre) * net->elem, err);
        if (!rc && n.made)
            rc = transform_packed(net, s, &n, err);
    } else {
        rc = fill_conv(net, s, &p, &n, err);
    }
    free(source);
    if (rc)
        return rc;
    bias = (char *)s->weights + n.stored * net->elem;
    if (n.pre) {
        s->scale = bias + n.bias * net->elem;
        s->shift = (char *)s->scale + n.pre / 2 * net->elem;
    }
    if (s->winograd) {
        s->wino.u = n.made ? s->weights : NULL;
        s->wino.direct = s->weights;
        s->wino.bias = node->bias || node->has_bn ? bias : NULL;
    } else {
        s->conv.w = s->weights;
        s->conv.group_stride = n.k * SN_GROUP;
        s->conv.bias = node->bias || node->has_bn ? bias : NULL;
    }
    if (s->i16)
        sn_i16_set_weights(s, n.groups);
    return SN_OK;
}

/*
 * scale and shift of a BatchNorm that stays, by itself or inlined in a pooling, or room for an instance norm's. Lanes, not
 * channels: concatenations leave gaps.
 */
static int pack_affine(struct sn_net *net, struct sn_step *s, int index, struct sn_error *err)
{
    const struct sn_node *node = s->node->pre >= 0 ? &net->graph.nodes[s->node->pre] : s->node;
    size_t lanes = (size_t)s->x.n * SN_LANES;

    s->weight_bytes = 2 * lanes * net->elem;
    if (node->op != SN_NODE_INSTNORM && sn_net_is_prepacked(net)) {
        SN_TRY(find_packed(net, s, index, s->weight_bytes, err));
        s->scale = s->weights;
        s->shift = (char *)s->scale + lanes * net->elem;
        return SN_OK;
    }
    s->scale = s->weights = sn_alloc_aligned(s->weight_bytes);
    if (!s->scale)
        return SN_NOMEM(err, "normalisation weights");
    memset(s->scale, 0, s->weight_bytes);
    s->shift = (char *)s->scale + lanes * net->elem;
    return node->op == SN_NODE_INSTNORM ? SN_OK : spread(net, s, node, err);
}

int sn_net_pack_weights(struct sn_net *net, struct sn_error *err)
{
    const char *version = sn_model_meta(net->graph.model, "prepacked");
    int index = 0;

    if (version && strcmp(version, SN_PREPACKED) != 0)
        return SN_FAIL(err, SN_EUNSUPPORTED, "prepacked layout '%.20s', this program reads " SN_PREPACKED ": prepack the plain file again", version);
    if (version && net->elem != 4)
        return SN_FAIL(err, SN_EMODEL, "a prepacked file holds float32 values: --precision fp64 needs the plain file it was made from");
    for (int i = 0; i < net->n_steps; i++) {
        struct sn_step *s = &net->steps[i];

        if (s->node->op == SN_NODE_CONV)
            SN_TRY(pack_conv(net, s, index, err));
        else if (s->node->op == SN_NODE_AFFINE || s->node->op == SN_NODE_INSTNORM || s->node->pre >= 0)
            SN_TRY(pack_affine(net, s, index, err));
        index += sn_step_has_weights(s);
        net->weight_bytes += s->weight_bytes;
    }
    return SN_OK;
}
