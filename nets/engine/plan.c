/*
 * plan.c: fold BatchNorm, fuse additions and activations, lay out every value's lifetime in one
 * arena. In each rewrite the consumer absorbs its only producer: the consumer's number stays valid
 * for whoever refers to it, and the fused step runs where the consumer stood, when all its inputs
 * are known.
 */
#include "nets/engine/graph.h"

#include <stdlib.h>

static void count_uses(struct sn_graph *g)
{
    for (int i = 0; i < g->n; i++)
        g->nodes[i].uses = 0;
    for (int i = 0; i < g->n; i++) {
        const struct sn_node *node = &g->nodes[i];

        if (node->op >= SN_NODE_INLINE)
            continue;
        for (int k = 0; k < node->n_in; k++)
            g->nodes[node->in[k]].uses++;
        if (node->res >= 0)
            g->nodes[node->res].uses++;
    }
}

/* True when node x may disappear into its only consumer. */
static bool absorbable(const struct sn_node *x)
{
    return x->uses == 1 && !x->keep && x->act.kind == SN_ACT_NONE;
}

/* Node `into` becomes a copy of node `from`, keeping its own standing in the graph. */
static struct sn_node *absorb(struct sn_graph *g, int into, int from)
{
    struct sn_node *dst = &g->nodes[into], *src = &g->nodes[from], old = *dst;

    *dst = *src;
    dst->keep = old.keep;
    dst->uses = old.uses;
    src->op = SN_NODE_DEAD;
    return dst;
}

void sn_graph_fold_bn(struct sn_graph *g)
{
    count_uses(g);
    for (int i = 0; i < g->n; i++) {
        struct sn_node *bn = &g->nodes[i];
        struct sn_bn tensors = bn->bn;
        const char *name = bn->name;

        if (bn->op != SN_NODE_AFFINE || !bn->bn.gamma)
            continue;
        if (g->nodes[bn->in[0]].op != SN_NODE_CONV || !absorbable(&g->nodes[bn->in[0]]) || g->nodes[bn->in[0]].has_bn)
            continue;
        bn = absorb(g, i, bn->in[0]);
        bn->name = name;
        bn->has_bn = true;
        bn->bn = tensors;
    }
}

static bool fuse_add(struct sn_graph *g, int i)
{
    for (int k = 0; k < 2; k++) {
        int conv = g->nodes[i].in[k], other = g->nodes[i].in[1 - k];
        const struct sn_node *c = &g->nodes[conv];

        if (conv != other && c->op == SN_NODE_CONV && absorbable(c) && c->res < 0 && c->pre < 0 && c->up == 1) {
            absorb(g, i, conv)->res = other;
            return true;
        }
    }
    return false;
}

/*
 * A normalisation that only a 1x1 convolution or an average pooling reads (DenseNet's norm1, its transitions' norm) is
 * applied to a block of pixels at a time, in the cache, just before they are read: the tensor is never stored.
 */
static void fuse_input(struct sn_graph *g, struct sn_node *node)
{
    struct sn_node *bn = &g->nodes[node->in[0]];

    if (bn->op != SN_NODE_AFFINE || bn->uses != 1 || bn->keep || node->pad != 0)
        return;
    if (node->op == SN_NODE_CONV && (node->kh != 1 || node->kw != 1 || node->stride != 1 || node->up != 1))
        return;
    node->pre = node->in[0];
    node->in[0] = bn->in[0];
    bn->op = SN_NODE_INLINE;
}

/* An input of one channel or three that only convolutions of the same padding read has it stored around the image. */
static void choose_border(struct sn_graph *g)
{
    struct sn_node *input = &g->nodes[g->input];

    input->border = -1;
    input->bordered = input->c == 1 || input->c == 3;
    for (int i = 0; i < g->n; i++) {
        const struct sn_node *node = &g->nodes[i];

        if (node->op == SN_NODE_DEAD)
            continue;
        if (node->res == g->input)
            input->bordered = false;
        for (int k = 0; k < node->n_in; k++) {
            if (node->in[k] != g->input)
                continue;
            if (node->op != SN_NODE_CONV || node->pre >= 0 || node->up != 1 || node->stride > 2 || node->dil != 1 || node->kh > 32 ||
                (input->border >= 0 && node->pad != input->border))
                input->bordered = false;
            input->border = node->pad;
        }
    }
    input->bordered = input->bordered && input->border >= 0;
}

/* 2x2 pooling of a convolution's result, which its kernel can do while the result is in registers: steps.c decides. */
static void choose_pool(struct sn_graph *g)
{
    for (int i = 0; i < g->n; i++) {
        const struct sn_node *pool = &g->nodes[i];

        if (pool->op == SN_NODE_MAXPOOL && pool->k == 2 && pool->stride == 2 && pool->pad == 0) {
            struct sn_node *conv = &g->nodes[pool->in[0]];

            if (conv->op == SN_NODE_CONV && conv->h % 2 == 0 && conv->w % 2 == 0)
                conv->pool = i;
        }
    }
}

void sn_graph_fuse(struct sn_graph *g)
{
    count_uses(g);
    for (int i = 0; i < g->n; i++) {
        struct sn_node *node = &g->nodes[i];

        if (node->op == SN_NODE_ADD)
            (void)fuse_add(g, i);
        if (node->op == SN_NODE_CONV || node->op == SN_NODE_AVGPOOL)
            fuse_input(g, node);
        if (node->op == SN_NODE_ACT) {
            const struct sn_node *x = &g->nodes[node->in[0]];
            struct sn_activation act = node->act;

            if (absorbable(x) && (x->op == SN_NODE_CONV || x->op == SN_NODE_ADD || x->op == SN_NODE_AFFINE ||
                                  x->op == SN_NODE_INSTNORM))
                absorb(g, i, node->in[0])->act = act;
        }
    }
    choose_border(g);
    choose_pool(g);
}

/* The only node that reads x, and as its input; or -1. */
static int only_reader(const struct sn_graph *g, int x)
{
    int reader = -1, reads = g->nodes[x].keep;

    for (int i = 0; i < g->n; i++) {
        const struct sn_node *node = &g->nodes[i];

        if (node->op >= SN_NODE_INLINE)
            continue;
        reads += node->res == x;
        for (int k = 0; k < node->n_in; k++)
            if (node->in[k] == x) {
                reader = i;
                reads++;
            }
    }
    return reads == 1 ? reader : -1;
}

/* Whether a convolution can read an upsampling's result without its being stored. */
static bool interpolates(const struct sn_net *net, const struct sn_node *conv, int x)
{
    const struct sn_node *up = &net->graph.nodes[x], *in = &net->graph.nodes[up->in[0]];

    if (conv->op != SN_NODE_CONV)
        return false;
    return sn_net_constant_part(net, conv) == x ||
           (sn_net_is_winograd(net, conv) && conv->dil == 1 && !up->nearest && up->h >= in->h && up->w >= in->w);
}

/*
 * An upsampling that only one Winograd convolution reads, alone or in a concatenation, is never stored: the convolution interpolates
 * what a run of tiles reads. U-Net++: 5 to 8 % of the time, a quarter of the activations, though rows between two runs are made twice.
 */
void sn_net_inline_upsampling(struct sn_net *net)
{
    struct sn_graph *g = &net->graph;

    for (int i = 0; i < g->n; i++) {
        int reader = g->nodes[i].op == SN_NODE_UPSAMPLE ? only_reader(g, i) : -1;

        if (reader >= 0 && g->nodes[reader].op == SN_NODE_CONCAT)
            reader = only_reader(g, reader);
        if (reader >= 0 && interpolates(net, &g->nodes[reader], i))
            g->nodes[i].op = SN_NODE_BETWEEN;
    }
}

/* ---- memory ------------------------------------------------------------------------------- */

struct life {
    int val;         /* and those that take its place one after the other (in_place) */
    int first, last; /* node numbers */
    size_t bytes, offset;
};

static void touch(const struct sn_graph *g, int *last, int v, int when)
{
    last[v] = SN_MAX(last[v], when);
    if (sn_node_is_view(&g->nodes[v]))
        for (int k = 0; k < g->nodes[v].n_in; k++)
            touch(g, last, g->nodes[v].in[k], when);
}

static bool holds(const struct sn_graph *g, int v, int x)
{
    bool found = v == x;

    for (int k = 0; sn_node_is_view(&g->nodes[v]) && k < g->nodes[v].n_in; k++)
        found |= holds(g, g->nodes[v].in[k], x);
    return found;
}

/*
 * A sum whose residual nobody reads any more is written over it: each element is read just before, and lines that are
 * already in the cache are not fetched once more to be written.
 */
static bool in_place(const struct sn_net *net, int i, int last_of_residual)
{
    const struct sn_node *node = &net->graph.nodes[i];

    return node->res >= 0 && last_of_residual == i && !sn_node_is_view(&net->graph.nodes[node->res]) &&
           !net->graph.nodes[node->res].bordered && net->vals[node->res].n == net->vals[i].n && !holds(&net->graph, node->in[0], node->res);
}

static int by_size(const void *a, const void *b)
{
    const struct life *p = a, *q = b;

    if (p->bytes != q->bytes)
        return p->bytes < q->bytes ? 1 : -1;
    return p->val - q->val;
}

static int by_offset(const void *a, const void *b)
{
    const struct life *p = *(const struct life *const *)a, *q = *(const struct life *const *)b;

    if (p->offset != q->offset)
        return p->offset < q->offset ? -1 : 1;
    return p->val - q->val;
}

/* Largest first, each at the lowest place free for its whole life; returns the arena's size. */
static size_t place(struct life *l, int n, struct life **busy)
{
    size_t total = 0;

    qsort(l, (size_t)n, sizeof *l, by_size);
    for (int i = 0; i < n; i++) {
        size_t at = 0;
        int nb = 0;

        for (int j = 0; j < i; j++)
            if (l[j].first <= l[i].last && l[i].first <= l[j].last)
                busy[nb++] = &l[j];
        qsort(busy, (size_t)nb, sizeof *busy, by_offset);
        for (int j = 0; j < nb; j++) {
            if (at + l[i].bytes <= busy[j]->offset)
                break;
            at = SN_MAX(at, busy[j]->offset + busy[j]->bytes);
        }
        l[i].offset = at;
        total = SN_MAX(total, at + l[i].bytes);
    }
    return total;
}

/* How a view's planes are interpolated, if any of them is. */
static int make_ups(struct sn_net *net, const struct sn_node *node, struct sn_planes *v, struct sn_error *err)
{
    struct sn_upsample *up = NULL;

    v->up = sn_arena_get(&net->graph.arena, (size_t)v->n * sizeof *v->up, err);
    if (node->op == SN_NODE_BETWEEN && v->up) {
        up = sn_arena_get(&net->graph.arena, sizeof *up, err);
        if (up)
            SN_TRY(sn_net_upsample(net, node, up, err));
    }
    if (!v->up || (node->op == SN_NODE_BETWEEN && !up))
        return SN_ENOMEM;
    for (int k = 0, at = 0; k < node->n_in; k++)
        for (int i = 0; i < net->vals[node->in[k]].n; i++, at++)
            v->up[at] = up ? up : net->vals[node->in[k]].up ? net->vals[node->in[k]].up[i] : NULL;
    return SN_OK;
}

/* Tables of planes; pointers hold offsets until the arena exists. */
static int make_tables(struct sn_net *net, struct sn_error *err)
{
    struct sn_graph *g = &net->graph;

    for (int i = 0; i < g->n; i++) {
        const struct sn_node *node = &g->nodes[i];
        struct sn_planes *v = &net->vals[i];

        if (node->op >= SN_NODE_INLINE)
            continue;
        /* channel-wise operations keep the gaps that a concatenation of odd widths leaves */
        v->n = (node->c + SN_LANES - 1) / SN_LANES;
        if (node->op != SN_NODE_CONV && node->op != SN_NODE_INPUT)
            v->n = net->vals[node->in[0]].n;
        for (int k = 1; node->op == SN_NODE_CONCAT && k < node->n_in; k++)
            v->n += net->vals[node->in[k]].n;
        v->p = sn_arena_get(&g->arena, (size_t)v->n * sizeof *v->p, err);
        v->lanes = v->p ? sn_arena_get(&g->arena, (size_t)v->n, err) : NULL;
        if (!v->lanes)
            return SN_ENOMEM;
        for (int k = 0; k < v->n; k++)
            v->lanes[k] = (uint8_t)SN_MIN(SN_LANES, node->c - k * SN_LANES);
        if (node->op == SN_NODE_CONV || node->op == SN_NODE_INPUT)
            continue;
        for (int k = 0, at = 0; k < (node->op == SN_NODE_CONCAT ? node->n_in : 1); at += net->vals[node->in[k]].n, k++)
            memcpy(v->lanes + at, net->vals[node->in[k]].lanes, (size_t)net->vals[node->in[k]].n);
        if (sn_node_is_view(node))
            SN_TRY(make_ups(net, node, v, err));
    }
    return SN_OK;
}

static void set_pointers(struct sn_net *net, const struct life *lives, int n)
{
    struct sn_graph *g = &net->graph;

    for (int i = 0; i < n; i++) {
        struct sn_planes *v = &net->vals[lives[i].val];

        for (int k = 0; k < v->n; k++)
            v->p[k] = (char *)net->arena + lives[i].offset + lives[i].bytes / (size_t)v->n * (size_t)k;
    }
    for (int i = 0; i < g->n; i++) {
        const struct sn_node *node = &g->nodes[i];

        if (node->in_place)
            memcpy(net->vals[i].p, net->vals[node->res].p, (size_t)net->vals[i].n * sizeof(void *));
        for (int k = 0, at = 0; sn_node_is_view(node) && k < node->n_in; at += net->vals[node->in[k]].n, k++)
            memcpy(net->vals[i].p + at, net->vals[node->in[k]].p, (size_t)net->vals[node->in[k]].n * sizeof(void *));
    }
}

int sn_net_plan_memory(struct sn_net *net, struct sn_error *err)
{
    struct sn_graph *g = &net->graph;
    struct life *lives = calloc((size_t)g->n, sizeof *lives), **busy = calloc((size_t)g->n, sizeof *busy);
    int *last = calloc((size_t)g->n, sizeof *last), *home = calloc((size_t)g->n, sizeof *home), n = 0, rc = SN_OK;

    net->vals = sn_arena_get(&g->arena, (size_t)g->n * sizeof *net->vals, err);
    if (!lives || !busy || !last || !home || !net->vals) {
        rc = SN_NOMEM(err, "the memory plan");
        goto out;
    }
    SN_TRY_OUT(make_tables(net, err));
    for (int i = 0; i < g->n; i++) {
        const struct sn_node *node = &g->nodes[i];

        touch(g, last, i, node->keep ? g->n : i); /* a kept concatenation keeps its parts */
        if (node->op >= SN_NODE_INLINE || sn_node_is_view(node))
            continue;
        for (int k = 0; k < node->n_in; k++)
            touch(g, last, node->in[k], i);
        if (node->res >= 0)
            touch(g, last, node->res, i);
    }
    for (int i = 0; i < g->n; i++) {
        struct sn_node *node = &g->nodes[i];
        struct sn_plane_form form = sn_node_form(node);
        size_t bytes;
        int first;

        if (node->op >= SN_NODE_INLINE || sn_node_is_view(node))
            continue;
        node->in_place = node->res >= 0 && in_place(net, i, last[node->res]);
        if (node->in_place) {
            home[i] = home[node->res];
            lives[home[i]].last = last[i];
            continue;
        }
        home[i] = n;
        SN_TRY_OUT(sn_size_mul3(&bytes, form.rows, form.row, net->elem, err));
        if (bytes % 4096 == 0) /* planes a power of two apart would meet in the same sets of the caches */
            bytes += 5 * 64;
        SN_TRY_OUT(sn_size_mul(&bytes, bytes, (size_t)net->vals[i].n, err));
        first = node->op == SN_NODE_MAXPOOL && g->nodes[node->in[0]].pool == i ? node->in[0] : i;
        lives[n++] = (struct life){ .val = i, .first = first, .last = last[i], .bytes = bytes };
    }
    net->arena_bytes = place(lives, n, busy);
    net->arena = sn_alloc_aligned(net->arena_bytes);
    if (!net->arena)
        rc = SN_FAIL(err, SN_ENOMEM, "out of memory: the activations need %zu bytes", net->arena_bytes);
    else
        set_pointers(net, lives, n);
out:
    free(lives);
    free(busy);
    free(last);
    free(home);
    return rc;
}
