/*
 * steps.c: one step per node that computes something: the kernel's arguments, the tables it needs,
 * and how its output is cut into units. A unit is a block of pixels of one weight group (or of rows
 * of one plane); the cut follows from the shape, and no result depends on it.
 */
#include "nets/engine/graph.h"

#include <stdlib.h>

#define CACHE_BYTES ((size_t)2 << 20) /* second-level cache of a recent server core */
#define BLOCK_BYTES (CACHE_BYTES / 4)

static size_t channels(const struct sn_planes *x)
{
    size_t n = 0;

    for (int i = 0; i < x->n; i++)
        n += x->lanes[i];
    return n;
}

/* A number of blocks that keeps all threads busy to the end, of a layer of n pixels, rows or tiles. */
static int share_out(int blocks, int threads, int n) { return SN_MIN((blocks + threads - 1) / threads * threads, n); }

/*
 * How a convolution is cut: blocks of pixels whose input stays in the second-level cache while all weight groups
 * pass over it, one after the other; a unit is one group's pass. So the input is read from further away once, the
 * weights once a block. (Groups outside, pixels inside would read a 2 MB input 64 times for 2048 channels.)
 * Threads start with equal parts of the units (pool.c). Where pixels are more than weights, the blocks are a multiple of the
 * threads, so that one works on the same part of the image from layer to layer: what it reads lies in its own cache.
 */
static void cut_conv(struct sn_step *s, int threads)
{
    struct sn_conv2d *c = &s->conv;
    size_t ic = channels(&s->x), groups = (size_t)c->groups * (size_t)(c->up * c->up);
    size_t group = (size_t)(c->kh * c->kw) * ic * SN_GROUP * sizeof(float), line = ic * sizeof(float) * (size_t)(c->stride * c->stride);
    int pixels = c->oh * c->ow, block = SN_MAX(56, (int)(BLOCK_BYTES / line)), unit = c->oh > 1 ? c->ow : 14; /* rows, or register tiles */

    if (group > CACHE_BYTES / 2) /* from memory for each block: ASPP */
        block = SN_MAX(block, 448);
    s->blocks = (pixels + block - 1) / block;
    if (groups * group < (size_t)pixels * (line + groups * SN_GROUP * sizeof(float)) || groups < (size_t)threads)
        s->blocks = share_out(SN_MAX(s->blocks, pixels / 1568), threads, pixels);
    s->block = (pixels + s->blocks - 1) / s->blocks;
    s->block = (s->block + unit - 1) / unit * unit;
    s->blocks = (pixels + s->block - 1) / s->block;
    /* short rows: two groups share their input pixels in the kernel */
    s->unit_groups = c->ow <= 7 && c->kh > 1 && groups > 1 ? 2 : 1;
    s->units = (groups + (size_t)s->unit_groups - 1) / (size_t)s->unit_groups * (size_t)s->blocks;
}

#define U_BYTES ((size_t)36 * (SN_CHUNK * SN_LANES * SN_GROUP + SN_LANES) * sizeof(float)) /* a chunk's transformed weights */
#define SHARED_TILES 196 /* of 36 products; fewer: threads share the weight groups, if there are several, not the tiles */
#define SHARED_WIDE 257  /* the same for wide layers: the products of 256 tiles still fit the second-level cache */

/* How a layer is cut into Winograd tiles (kernels.h), and the products of that for a pair of channels. */
struct tiling {
    int kind;
    bool mixed;
    size_t products;
};

static struct tiling tiling_of(const struct sn_node *node, int kind, bool mixed)
{
    struct sn_winograd_axis rows, cols;

    sn_winograd_cut(node->h, node->dil, kind, mixed, &rows, NULL);
    sn_winograd_cut(node->w, node->dil, kind, mixed, &cols, NULL);
    return (struct tiling){ kind, mixed, sn_winograd_points(&rows, kind) * sn_winograd_points(&cols, kind) };
}

/*
 * The tiling of fewest products. Large maps keep tiles of one kind: a strip of smaller ones along two borders would be
 * worked through apart from the rest, for less than a twentieth. 16-bit layers
 * mix 4 and 3 nowhere: tiles of 4 in a row share the transform of their columns.
 */
static struct tiling best_tiling(const struct sn_node *node, bool i16)
{
    struct tiling one = tiling_of(node, 4, false), four = i16 ? one : tiling_of(node, 4, true), three = tiling_of(node, 3, true);
    struct tiling best = three.products <= four.products ? three : four;

    if (SN_MAX(node->h, node->w) <= 2 * node->dil) /* no phase has three pixels: fewer products than by any other */
        return tiling_of(node, 1, true);
    return best.products * 20 > one.products * 19 ? one : best;
}

/* Taps inside the image, over all outputs along an axis of n pixels. */
static size_t useful_taps(int n, int dil) { return (size_t)(n + 2 * SN_MAX(n - dil, 0)); }

/*
 * Winograd or direct: a function of the layer's shape only, since it decides the result's bits (DESIGN 2.3).
 * Cycles per (input, output) channel pair, at 32 multiply-adds a cycle and 6 bytes a cycle of weights that
 * come from memory: the tiles' products and 36, 25 or 9 weights, against the taps inside the image and 9 weights.
 *                        products  taps
 *   14x14                    484   1600   Winograd
 *   7x7                      121    361   direct: the transformed weights would be read for too little
 *   32x32, dilation 12      3136   5184   Winograd, in pieces of 3 and 2
 *   32x32, dilation 24      1600   2304   Winograd, in pieces of 2 and 1
 *   32x32, dilation 36      1024   1024   direct: the same products, a 1x1 convolution
 */
static bool wants_winograd(const struct sn_net *net, const struct sn_node *node, const struct sn_node *in, bool i16, struct tiling *tiling)
{
    size_t taps, positions;
    int points;

    if (net->elem != 4 || net->opt.direct || node->kh != 3 || node->kw != 3 || node->stride != 1 || node->up != 1 ||
        node->pad != node->dil || in->c < SN_LANES || node->c < SN_LANES)
        return false;
    *tiling = best_tiling(node, i16);
    points = sn_piece_points(tiling->kind);
    positions = (size_t)(points * points);
    taps = useful_taps(node->h, node->dil) * useful_taps(node->w, node->dil);
    return tiling->products * 6 + (positions - 9) * 4 * 32 < taps * 6; /* both sides times 32 * 6 */
}

bool sn_net_is_winograd(const struct sn_net *net, const struct sn_node *node)
{
    struct tiling tiling;

    return wants_winograd(net, node, &net->graph.nodes[node->in[0]], sn_i16_layer(net, node), &tiling);
}

/* Whether a block of tiles' transformed input and one group's weights do not fit the second-level cache together. */
static bool is_wide(const struct sn_step *s)
{
    return (14 + SN_GROUP) * channels(&s->x) * 36 * sizeof(float) > CACHE_BYTES / 4 * 3;
}

static bool is_few(const struct sn_step *s)
{
    const struct sn_winograd *p = &s->wino;
    size_t limit = is_wide(s) && !s->i16 ? SHARED_WIDE : SHARED_TILES;

    return sn_winograd_points(&p->rows, p->kind) * sn_winograd_points(&p->cols, p->kind) < 36 * limit;
}

/*
 * When a layer's weights are transformed: a question of memory and time, not of bits. Few tiles: each group's
 * by the thread that multiplies with it, chunk by chunk in its second-level cache. Many: the whole layer's
 * before its tiles; kept where they are few. Reading four times the weights from memory costs more than
 * transforming them in a cache: bench/RESULTS.md, "when Winograd's weights are transformed".
 */
static enum sn_weights_at when_transformed(const struct sn_net *net, const struct sn_step *s)
{
    size_t kept = (size_t)(s->wino.oc * sn_winograd_positions(&s->wino)) * channels(&s->x) * sizeof(float);

    if (net->opt.memory == SN_MEMORY_FAST || (net->opt.memory == SN_MEMORY_BALANCED && !is_few(s) && kept <= (size_t)1 << 20))
        return SN_AT_PACKING;
    return is_few(s) ? SN_AT_USE : SN_AT_STEP;
}

/*
 * How a Winograd layer is cut. Few tiles: a unit is one weight group with all of them, since each unit transforms its
 * weights again (a block of them where there are fewer groups than threads). Many, or a single group: a unit is a block of
 * tiles, of two register tiles. Where its transformed input and one group's weights fit the second-level cache together,
 * groups follow each other. The sums of one group or two fit as well, so then a block is worked through chunk by chunk: a
 * chunk's transformed input takes the place of the one before in the cache, beside all weights, and blocks may be of three
 * register tiles. Wider layers stream either one: position by position, with all groups, reads the input once and
 * the weights once a block, which is of four register tiles then: weights of 2048 channels come at half the rate.
 */
static void cut_tiles(const struct sn_net *net, struct sn_step *s, int groups)
{
    int threads = sn_pool_threads(net->opt.pool), most;
    bool narrow = !s->shared && groups <= 2 && s->wino.planes > SN_CHUNK;

    most = is_few(s) ? s->tiles : narrow ? 42 : is_wide(s) ? 56 : 28;
    s->unit_groups = narrow || (!is_few(s) && is_wide(s)) ? groups : 1;
    s->unit_planes = narrow ? SN_CHUNK : s->wino.planes;
    s->blocks = (s->tiles + most - 1) / most;
    if (!s->shared || groups < threads)
        s->blocks = share_out(s->blocks, threads, s->tiles);
    s->block = (s->tiles + s->blocks - 1) / s->blocks;
    s->blocks = (s->tiles + s->block - 1) / s->block;
    s->units = (size_t)s->blocks * (s->shared ? (size_t)groups : 1);
}

/* Whether a Winograd layer pools as well: kernels.h. */
static bool pools(const struct sn_node *node, const struct tiling *t)
{
    return t->kind == 4 && node->dil == 1 && (!t->mixed || (node->h % 4 == 0 && node->w % 4 == 0));
}

static int make_winograd(struct sn_net *net, struct sn_step *s, const struct tiling *tiling, struct sn_error *err)
{
    const struct sn_node *node = s->node;
    struct sn_winograd *p = &s->wino;
    struct sn_winograd_span all = { 0 };
    int groups = (node->c + SN_GROUP - 1) / SN_GROUP;
    size_t positions;
    int32_t *start = malloc((size_t)(node->h + node->w) * sizeof *start);

    if (!start)
        return SN_NOMEM(err, "a layer's tiles");
    s->tables = start;
    *p = (struct sn_winograd){
        .x = (const void *const *)s->x.p, .up = s->x.up, .lanes = s->x.lanes, .planes = s->x.n, .y = s->y.p,
        .res = node->res >= 0 ? (const void *const *)s->res.p : NULL, .oc = node->c, .h = node->h, .w = node->w,
        .dil = node->dil, .kind = tiling->kind, .act = node->act,
    };
    sn_winograd_cut(node->h, node->dil, tiling->kind, tiling->mixed, &p->rows, start);
    sn_winograd_cut(node->w, node->dil, tiling->kind, tiling->mixed, &p->cols, start + node->h);
    if (node->pool >= 0)
        p->pool = net->vals[node->pool].p;
    s->winograd = true;
    s->tiles = p->rows.n * p->cols.n;
    s->shared = is_few(s) && (s->i16 || groups > 1); /* a thread's own input need not come from another's cache */
    if (s->i16) {
        sn_i16_cut_winograd(net, s);
        return SN_OK;
    }
    s->kernel = net->kernels.winograd_output_name;
    cut_tiles(net, s, groups);
    sn_winograd_place(p, &all, s->tiles);
    positions = (size_t)sn_winograd_positions(p);
    s->v_bytes = (size_t)s->unit_planes * (s->shared ? all.plane : (size_t)(s->block + 1) * positions * SN_LANES) * sizeof(float);
    s->m_bytes = ((size_t)s->block * SN_GROUP + SN_LANES) * positions * sizeof(float) * (size_t)s->unit_groups;
    s->transform = when_transformed(net, s);
    net->scratch_thread = SN_MAX(net->scratch_thread, s->m_bytes + (s->shared ? 0 : s->v_bytes) + (s->transform == SN_AT_USE ? U_BYTES : 0));
    if (s->shared)
        net->scratch_bytes = SN_MAX(net->scratch_bytes, s->v_bytes);
    return SN_OK;
}

sn_val sn_net_constant_part(const struct sn_net *net, const struct sn_node *node)
{
    const struct sn_node *in = &net->graph.nodes[node->in[0]], *last, *pixel;
    sn_val part;

    if (node->kh != 1 || node->kw != 1 || node->stride != 1 || node->up != 1 || node->pre >= 0 || in->op != SN_NODE_CONCAT || in->n_in < 2 ||
        sn_i16_layer(net, node))
        return -1;
    part = in->in[in->n_in - 1];
    last = &net->graph.nodes[part];
    if (last->op != SN_NODE_UPSAMPLE && last->op != SN_NODE_BETWEEN)
        return -1;
    pixel = &net->graph.nodes[last->in[0]];
    return pixel->h == 1 && pixel->w == 1 ? part : -1;
}

static void make_conv(struct sn_net *net, struct sn_step *s)
{
    const struct sn_node *node = s->node, *in = &net->graph.nodes[node->in[0]];
    struct sn_conv2d *c = &s->conv;

    *c = (struct sn_conv2d){
        .x = (const void *const *)s->x.p, .lanes = s->x.lanes, .planes = s->x.n, .y = s->y.p,
        .res = node->res >= 0 ? (const void *const *)s->res.p : NULL,
        .oc = node->c, .groups = (node->c + SN_GROUP - 1) / SN_GROUP, .up = node->up,
        .ih = in->h, .iw = in->w, .oh = node->h / node->up, .ow = node->w / node->up,
        .kh = node->kh, .kw = node->kw, .stride = node->stride, .dil = node->dil,
        .pad_h = node->pad, .pad_w = node->pad, .bordered = in->bordered, .act = node->act,
    };
    if (c->kh * c->kw > 1 && c->stride == 1 && c->dil >= SN_MAX(c->ih, c->iw) && c->pad_h == c->dil * (c->kh - 1) / 2 && !c->bordered) { /* ASPP: 36 on 32x32 */
        c->taps = c->kh * c->kw;
        c->kh = c->kw = c->dil = 1;
        c->pad_h = c->pad_w = 0;
    }
    if (!s->i16 && c->kh * c->kw == 1 && c->stride > 1 && c->pad_h + c->pad_w == 0 && node->pre < 0 && !c->bordered) { /* gathered first */
        s->sub = c->stride;
        s->sub_iw = c->iw;
        c->stride = 1;
        c->ih = c->oh;
        c->iw = c->ow;
        s->v_bytes = (size_t)(c->oh * c->ow) * SN_LANES * net->elem; /* of a plane */
        net->scratch_bytes = SN_MAX(net->scratch_bytes, (s->v_bytes + sizeof(void *)) * (size_t)c->planes);
    }
    if (c->kh == 1 && c->kw == 1 && c->stride == 1 && c->up == 1) { /* no neighbours: one long row */
        c->iw *= c->ih;
        c->ow *= c->oh;
        c->ih = c->oh = 1;
    }
    if (s->i16) {
        sn_i16_cut_conv(net, s);
        return;
    }
    if (sn_net_constant_part(net, node) >= 0) {
        s->constant = net->vals[sn_net_constant_part(net, node)].n;
        net->scratch_bytes = SN_MAX(net->scratch_bytes, (size_t)s->y.n * (SN_LANES * net->elem + sizeof(void *)) + SN_LANES * net->elem);
    }
    s->kernel = net->kernels.conv2d_name;
    cut_conv(s, sn_pool_threads(net->opt.pool));
    if (node->pre >= 0) { /* a unit normalises a block of pixels once, for all groups */
        s->blocks = share_out((c->ow + 111) / 112, sn_pool_threads(net->opt.pool), c->ow);
        s->block = (c->ow + s->blocks - 1) / s->blocks;
        s->blocks = (c->ow + s->block - 1) / s->block;
        s->units = (size_t)s->blocks;
        s->pre_bytes = (size_t)s->block * SN_LANES * net->elem; /* of a plane */
        net->scratch_thread = SN_MAX(net->scratch_thread, s->pre_bytes * (size_t)c->planes + (size_t)(c->planes + s->y.n) * sizeof(void *));
    }
}

/* Steps that work on planes, cut into blocks of rows. What a unit wrote is looked through for non-finite values after it: 32 KB
 * of 16 floats a pixel are still in the first-level cache then. */
#define ROW_PIXELS 512
static void cut_rows(struct sn_step *s, int rows_per_block)
{
    int h = s->node->h;

    s->block = SN_MIN(h, SN_MAX(rows_per_block, 1));
    s->blocks = (h + s->block - 1) / s->block;
    s->units = (size_t)s->y.n * (size_t)s->blocks;
}

static void put(const struct sn_net *net, void *t, int i, double v)
{
    if (net->elem == 8)
        ((double *)t)[i] = v;
    else
        ((float *)t)[i] = (float)v;
}

/*
 * Where output i of `out` reads among `in` inputs: PyTorch's interpolate. align_corners: i * (in - 1)
 * / (out - 1); else (i + 1/2) * in / out - 1/2, clamped at 0; nearest: floor(i * in / out). In double
 * (PyTorch computes the position in the tensor's type, which is less exact).
 */
static void axis(const struct sn_net *net, const struct sn_node *node, int in, int out, int32_t *i0, int32_t *i1, void *f)
{
    for (int i = 0; i < out; i++) {
        double pos;

        if (node->nearest) {
            i0[i] = (int32_t)((int64_t)i * in / out);
            continue;
        }
        if (node->align_corners)
            pos = out > 1 ? (double)i * (in - 1) / (out - 1) : 0;
        else
            pos = (i + 0.5) * in / out - 0.5;
        pos = pos < 0 ? 0 : pos;
        i0[i] = SN_MIN((int32_t)pos, in - 1);
        i1[i] = SN_MIN(i0[i] + 1, in - 1);
        put(net, f, i, pos - i0[i]);
    }
}

int sn_net_upsample(struct sn_net *net, const struct sn_node *node, struct sn_upsample *up, struct sn_error *err)
{
    const struct sn_node *in = &net->graph.nodes[node->in[0]];
    size_t n = (size_t)node->h + (size_t)node->w;
    char *f = sn_arena_get(&net->graph.arena, n * (2 * sizeof(int32_t) + net->elem), err);
    int32_t *i0;

    if (!f)
        return SN_ENOMEM;
    i0 = (int32_t *)(void *)(f + n * net->elem); /* the wider type first: alignment */
    *up = (struct sn_upsample){
        .ih = in->h, .iw = in->w, .oh = node->h, .ow = node->w,
        .y0 = i0, .x0 = i0 + node->h, .y1 = node->nearest ? NULL : i0 + n, .x1 = node->nearest ? NULL : i0 + n + node->h,
        .fy = f, .fx = f + (size_t)node->h * net->elem,
    };
    axis(net, node, in->h, node->h, i0, i0 + n, f);
    axis(net, node, in->w, node->w, i0 + node->h, i0 + n + node->h, f + (size_t)node->h * net->elem);
    return SN_OK;
}

static void make_pool(struct sn_net *net, struct sn_step *s)
{
    const struct sn_node *node = s->node, *in = &net->graph.nodes[node->in[0]];

    s->pool = (struct sn_pool2d){ .ih = in->h, .iw = in->w, .oh = node->h, .ow = node->w,
                                  .k = node->k, .stride = node->stride, .pad = node->pad, .count_pad = node->count_pad };
    s->kernel = node->op == SN_NODE_MAXPOOL ? net->kernels.maxpool_name : net->kernels.avgpool_name;
    cut_rows(s, ROW_PIXELS / node->w);
    if (node->pre >= 0) {
        s->pre_bytes = (size_t)(((s->block - 1) * node->stride + node->k) * in->w) * SN_LANES * net->elem;
        net->scratch_thread = SN_MAX(net->scratch_thread, s->pre_bytes);
    }
}

static int make_step(struct sn_net *net, int i, struct sn_step *s, struct sn_error *err)
{
    const struct sn_node *node = &net->graph.nodes[i];
    struct tiling tiling;
    bool winograd;

    s->node = node;
    s->val = i;
    s->x = net->vals[node->in[0]];
    s->y = net->vals[i];
    if (node->res >= 0 || node->op == SN_NODE_ADD) {
        s->res = net->vals[node->res >= 0 ? node->res : node->in[1]];
        if (s->res.n != s->y.n || memcmp(s->res.lanes, s->y.lanes, (size_t)s->y.n) != 0)
            return SN_FAIL(err, SN_EINTERNAL, "layer '%s': the summands' channels lie differently in their planes", node->name);
    }
    switch (node->op) {
    case SN_NODE_CONV:
        s->i16 = sn_i16_layer(net, node);
        winograd = wants_winograd(net, node, &net->graph.nodes[node->in[0]], s->i16, &tiling);
        if (!winograd || !pools(node, &tiling))
            net->graph.nodes[i].pool = -1;
        if (winograd)
            return make_winograd(net, s, &tiling, err);
        make_conv(net, s);
        break;
    case SN_NODE_UPSAMPLE:
        s->kernel = net->kernels.upsample_name;
        cut_rows(s, ROW_PIXELS / node->w);
        return sn_net_upsample(net, node, &s->up, err);
    case SN_NODE_MAXPOOL:
    case SN_NODE_AVGPOOL:
        if (net->graph.nodes[node->in[0]].pool == i)
            s->kernel = "with the convolution"; /* no units */
        else
            make_pool(net, s);
        break;
    case SN_NODE_GAP:
    case SN_NODE_INSTNORM:
        s->kernel = net->kernels.moments_name;
        cut_rows(s, node->h); /* a plane is one unit: its sums have one order */
        break;
    case SN_NODE_AFFINE:
        s->kernel = net->kernels.affine_name;
        cut_rows(s, ROW_PIXELS / node->w);
        break;
    case SN_NODE_PAD:
        s->kernel = "copy";
        cut_rows(s, node->h);
        break;
    default: /* activation, addition */
        s->kernel = net->kernels.add_name;
        cut_rows(s, ROW_PIXELS / node->w);
        break;
    }
    return SN_OK;
}

int sn_net_make_steps(struct sn_net *net, struct sn_error *err)
{
    struct sn_graph *g = &net->graph;

    net->steps = calloc((size_t)g->n, sizeof *net->steps);
    if (!net->steps)
        return SN_NOMEM(err, "the network's steps");
    for (int i = 0; i < g->n; i++) {
        enum sn_node_op op = g->nodes[i].op;

        if (op < SN_NODE_INLINE && !sn_node_is_view(&g->nodes[i]) && op != SN_NODE_INPUT)
            SN_TRY(make_step(net, i, &net->steps[net->n_steps++], err));
    }
    net->scratch_thread = (net->scratch_thread + 63) & ~(size_t)63;
    net->scratch_bytes = (net->scratch_bytes + 63) & ~(size_t)63;
    for (const struct sn_step *s = net->steps; s < net->steps + net->n_steps; s++)
        if (s->winograd && s->transform == SN_AT_STEP) {
            size_t groups = ((size_t)s->node->c + SN_GROUP - 1) / SN_GROUP, stride = groups * SN_GROUP * channels(&s->x) + SN_LANES;

            net->u_bytes = SN_MAX(net->u_bytes, (size_t)sn_winograd_positions(&s->wino) * stride * sizeof(float));
        }
    if (net->u_bytes) {
        net->u = sn_alloc_aligned(net->u_bytes);
        if (!net->u)
            return SN_NOMEM(err, "a layer's transformed weights");
    }
    if (net->scratch_bytes + net->scratch_thread) {
        net->scratch = sn_alloc_aligned(net->scratch_bytes + net->scratch_thread * (size_t)sn_pool_threads(net->opt.pool));
        if (!net->scratch)
            return SN_NOMEM(err, "the convolutions' scratch memory");
    }
    return SN_OK;
}
