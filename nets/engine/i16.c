/*
 * i16.c: the 16-bit mode (--precision i16, kernels/i16.h) of convolutions: which layers, how they are cut, their
 * weights, running them. What is around them stays float.
 *
 * A layer's input is quantised by the layer itself: a 1x1's many pixels block by block in each thread's second-level
 * cache, before all weight groups pass over them; otherwise the whole input first, into scratch that the threads
 * share, and then a unit is one group's pass over a block.
 */
#include "nets/engine/graph.h"

#define LEAST_CHANNELS 16               /* fewer, in or out, and a layer is no product of matrices worth it */
#define BLOCK_BYTES ((size_t)256 << 10) /* a block's words: a quarter of a server core's second-level cache */
#define BLOCK_PIXELS 56                 /* a multiple of the register tile's */
#define WEIGHTS_BYTES ((size_t)1 << 20) /* a group's, more than which come from memory for each block: ASPP */
#define WIDE_PIXELS ((size_t)448)       /* so their blocks have as many at least, as in float */
#define LEAST_BLOCKS 8                  /* for threads to share; fewer, and they share the weight groups */
#define TILES_BYTES ((size_t)512 << 10) /* of a block of transformed tiles, multiples of the register tile's 14 */
#define SHARED_TILES 112                /* a unit's at most, when the whole input is transformed first */
#define QUANTISE_PIXELS 128             /* a unit, when the whole input is quantised first */

/* A function of the layer's shape only, like Winograd's choice. Linear layers, few channels: float. */
bool sn_i16_layer(const struct sn_net *net, const struct sn_node *node)
{
    return net->opt.precision == SN_I16 && node->weight->rank == 4 && net->graph.nodes[node->in[0]].c >= LEAST_CHANNELS &&
           node->c >= LEAST_CHANNELS;
}

/* Of a pixel: words and scales. */
static size_t pixel_bytes(int planes)
{
    return (size_t)sn_i16_pairs(planes) * SN_LANES * sizeof(int32_t) + (size_t)sn_i16_chunks(planes) * sizeof(float);
}

/* Parts of a layer's weights: of Winograd's positions, or of taps. */
static size_t positions(const struct sn_step *s)
{
    return (size_t)(s->winograd ? sn_winograd_positions(&s->wino) : s->node->kh * s->node->kw);
}

static size_t round64(size_t n) { return (n + 63) & ~(size_t)63; }

void sn_i16_cut_conv(struct sn_net *net, struct sn_step *s)
{
    struct sn_conv2d *c = &s->conv;
    size_t in, out, block, per = pixel_bytes(c->planes);

    s->sub = 1;
    if (c->kh * c->kw == 1 && c->stride > 1 && c->pad_h + c->pad_w == 0) { /* from here on as without stride */
        s->sub = c->stride;
        s->sub_iw = c->iw;
        c->stride = c->ih = 1;
        c->iw = c->ow *= c->oh;
        c->oh = 1;
    }
    in = (size_t)c->ih * (size_t)c->iw;
    out = (size_t)c->oh * (size_t)c->ow;
    block = SN_MAX(SN_MIN(BLOCK_BYTES / per, out / LEAST_BLOCKS) / BLOCK_PIXELS, (size_t)1) * BLOCK_PIXELS;
    if ((size_t)(c->kh * c->kw * sn_i16_pairs(c->planes)) * SN_LANES * SN_GROUP * sizeof(int32_t) > WEIGHTS_BYTES)
        block = SN_MAX(block, WIDE_PIXELS);
    if (c->oh > 1 || c->up > 1) /* whole rows */
        block = SN_MAX(block / (size_t)c->ow, (size_t)1) * (size_t)c->ow;
    s->kernel = net->kernels.i16_conv2d_name;
    s->block = (int)SN_MIN(block, out);
    s->blocks = (int)((out + (size_t)s->block - 1) / (size_t)s->block);
    s->shared = c->kh * c->kw > 1 || c->stride > 1 || c->pad_h || c->pad_w || s->blocks < LEAST_BLOCKS;
    s->units = s->shared ? (size_t)(c->groups * c->up * c->up) * (size_t)s->blocks : (size_t)s->blocks;
    s->v_bytes = round64((s->shared ? in : (size_t)s->block) * per);
    if (s->shared)
        net->scratch_bytes = SN_MAX(net->scratch_bytes, s->v_bytes);
    if (s->node->pre >= 0)
        s->pre_bytes = (s->shared ? QUANTISE_PIXELS : (size_t)s->block) * SN_LANES * sizeof(float);
    net->scratch_thread = SN_MAX(net->scratch_thread, (s->shared ? 0 : s->v_bytes) + s->pre_bytes * (size_t)c->planes +
                                                          (size_t)(c->planes + 2 * s->y.n) * sizeof(void *));
}

/* As steps.c cuts: few tiles, a unit is a weight group with a block of them; many, a block of tiles with all groups. */
void sn_i16_cut_winograd(struct sn_net *net, struct sn_step *s)
{
    size_t words = (size_t)sn_i16_pairs(s->x.n) * SN_LANES * sizeof(int32_t), tiles;
    int groups = (s->node->c + SN_GROUP - 1) / SN_GROUP, threads = sn_pool_threads(net->opt.pool), most = SHARED_TILES;

    s->kernel = net->kernels.i16_winograd_output_name;
    s->transform = SN_AT_PACKING; /* half as many bytes as in float: always kept */
    if (!s->shared) /* at least 28: the weights are read once a block */
        most = (int)SN_MAX((size_t)2, SN_MIN((size_t)4, TILES_BYTES / (positions(s) * words * 14))) * 14;
    s->blocks = (s->tiles + most - 1) / most;
    if (!s->shared || groups < threads)
        s->blocks = SN_MIN((s->blocks + threads - 1) / threads * threads, s->tiles);
    s->block = (s->tiles + s->blocks - 1) / s->blocks;
    s->blocks = (s->tiles + s->block - 1) / s->block;
    s->units = (size_t)s->blocks * (s->shared ? (size_t)groups : 1);
    tiles = (size_t)(s->shared ? s->tiles : s->block);
    s->v_bytes = positions(s) * (tiles * words + SN_LANES * sizeof(int32_t)) + round64(tiles * (size_t)sn_i16_chunks(s->x.n) * sizeof(float));
    s->m_bytes = ((size_t)SN_MIN(s->block, s->tiles) * SN_GROUP + SN_LANES) * positions(s) * sizeof(float);
    net->scratch_thread = SN_MAX(net->scratch_thread, s->m_bytes + (s->shared ? 0 : s->v_bytes));
    if (s->shared)
        net->scratch_bytes = SN_MAX(net->scratch_bytes, s->v_bytes);
}

/* ---- weights --------------------------------------------------------------------------------------- */

size_t sn_i16_words(const struct sn_step *s)
{
    return positions(s) * (size_t)sn_i16_pairs(s->x.n) * SN_LANES * SN_GROUP;
}

size_t sn_i16_scales(const struct sn_step *s)
{
    return positions(s) * (size_t)sn_i16_chunks(s->x.n) * SN_GROUP;
}

int sn_i16_pack_group(const struct sn_step *s, const float *plain, int32_t *w, float *z, struct sn_error *err)
{
    int taps = s->node->kh * s->node->kw;

    for (int c0 = 0; c0 < s->x.n; c0 += SN_CHUNK) {
        int planes = SN_MIN(SN_CHUNK, s->x.n - c0);
        size_t words = (size_t)sn_i16_pairs(planes) * SN_LANES * SN_GROUP;
        struct sn_i16_weights p = { .f = plain, .lanes = s->x.lanes + c0, .planes = planes, .taps = taps, .kind = s->winograd ? s->wino.kind : 0, .w = w, .z = z,
                                    .w_step = words, .z_step = SN_GROUP };

        if (s->winograd) { /* the chunks of a position follow each other */
            p.w_step = sn_i16_words(s) / positions(s);
            p.z_step = sn_i16_scales(s) / positions(s);
        }
        SN_TRY(sn_i16_weights(&p, err));
        for (int c = c0; c < c0 + planes; c++)
            plain += (size_t)(s->x.lanes[c] * taps) * SN_GROUP;
        w += s->winograd ? words : (size_t)taps * words;
        z += s->winograd ? (size_t)SN_GROUP : (size_t)taps * SN_GROUP;
    }
    return SN_OK;
}

void sn_i16_set_weights(struct sn_step *s, size_t groups)
{
    const float *z = (const float *)s->weights + groups * sn_i16_words(s);

    if (s->winograd) {
        s->i16_wino.u = s->weights;
        s->i16_wino.z = z;
        s->i16_wino.group_stride = sn_i16_words(s);
        s->i16_wino.z_stride = sn_i16_scales(s);
    } else {
        s->i16_conv.w = s->weights;
        s->i16_conv.z = z;
        s->i16_conv.group_stride = sn_i16_words(s);
        s->i16_conv.z_stride = sn_i16_scales(s);
    }
}

/* ---- running --------------------------------------------------------------------------------------- */

struct job {
    struct sn_net *net;
    const struct sn_step *s;
};

static char *scratch(const struct job *j, int thread)
{
    return j->net->scratch + j->net->scratch_bytes + (size_t)thread * j->net->scratch_thread;
}

/* The scales lie behind the words of `pixels` pixels. */
static float *scales_behind(void *q, int planes, size_t pixels)
{
    return (float *)(void *)((char *)q + (size_t)sn_i16_pairs(planes) * pixels * SN_LANES * sizeof(int32_t));
}

/* Pixels p0 <= p < p0 + n of the input to words at q and scales behind `pixels` of them; mine: scratch for a normalisation. */
static void quantise(const struct job *j, size_t p0, size_t n, size_t at, size_t pixels, void *q, char *mine)
{
    const struct sn_step *s = j->s;
    struct sn_i16_quantise k = { .x = (const void *const *)s->x.p, .planes = s->x.n, .step = (size_t)s->sub, .pixels = pixels, .q = q };
    size_t row = s->sub > 1 ? (size_t)s->node->w : p0 + n; /* of pixels in one line */

    k.t = scales_behind(q, s->x.n, pixels);
    if (s->node->pre >= 0) {
        void **x = (void **)(void *)(mine + s->pre_bytes * (size_t)s->x.n);

        sn_net_normalise(j->net, s, p0, n, mine, x);
        k.x = (const void *const *)x;
        k.n = n;
        k.at = at;
        j->net->kernels.i16_quantise(&k);
        return;
    }
    for (size_t p = p0; p < p0 + n; p += k.n) {
        k.first = (p / row * (size_t)s->sub_iw + p % row) * (size_t)s->sub;
        k.n = SN_MIN(row - p % row, p0 + n - p);
        k.at = at + p - p0;
        j->net->kernels.i16_quantise(&k);
    }
}

static void quantise_unit(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    size_t pixels = (size_t)j->s->conv.ih * (size_t)j->s->conv.iw, p0 = unit * QUANTISE_PIXELS;

    quantise(j, p0, SN_MIN((size_t)QUANTISE_PIXELS, pixels - p0), p0, pixels, j->net->scratch, scratch(j, thread));
}

/* One group's pass over a block of the whole input. */
static void group_unit(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    struct sn_i16_conv2d c = j->s->i16_conv;
    size_t groups = j->s->units / (size_t)j->s->blocks;
    int g0 = (int)(unit % groups), p0 = (int)(unit / groups) * j->s->block;
    struct sn_conv_span span = { .g0 = g0, .g1 = g0 + 1, .p0 = p0, .p1 = SN_MIN(p0 + j->s->block, c.c.oh * c.c.ow) };

    (void)thread;
    c.q = (const int32_t *)(const void *)j->net->scratch;
    c.t = scales_behind(j->net->scratch, c.c.planes, (size_t)(c.c.ih * c.c.iw));
    sn_net_note(j->net, j->net->kernels.i16_conv2d(&c, &span));
}

/* A 1x1's block: quantised, then multiplied with every weight group. */
static void block_unit(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    const struct sn_step *s = j->s;
    struct sn_i16_conv2d c = s->i16_conv;
    char *mine = scratch(j, thread), *rest = mine + s->v_bytes;
    void **y = (void **)(void *)(rest + s->pre_bytes * (size_t)c.c.planes) + c.c.planes, **res = y + s->y.n;
    size_t p0 = unit * (size_t)s->block, n = SN_MIN((size_t)s->block, (size_t)c.c.oh * (size_t)c.c.ow - p0);
    size_t first = p0 * (size_t)(c.c.up * c.c.up) * SN_LANES;
    struct sn_conv_span span = { .g1 = c.c.groups * c.c.up * c.c.up, .p1 = (int)n };

    quantise(j, p0, n, 0, n, mine, rest);
    for (int k = 0; k < s->y.n; k++) {
        y[k] = (float *)s->y.p[k] + first;
        res[k] = c.c.res ? (float *)s->res.p[k] + first : NULL;
    }
    c.c.y = y;
    c.c.res = c.c.res ? (const void *const *)res : NULL;
    if (c.c.oh > 1)
        c.c.ih = c.c.oh = (int)n / c.c.ow;
    else
        c.c.iw = c.c.ow = (int)n;
    c.q = (const int32_t *)(const void *)mine;
    c.t = scales_behind(mine, c.c.planes, n);
    sn_net_note(j->net, j->net->kernels.i16_conv2d(&c, &span));
}

static struct sn_i16_span tiles(const struct job *j, int block, int thread)
{
    const struct sn_step *s = j->s;
    char *mine = scratch(j, thread);
    int t0 = block * s->block, t1 = SN_MIN(t0 + s->block, s->tiles);
    struct sn_i16_span span = { .t0 = t0, .t1 = t1, .c1 = s->x.n, .base = s->shared ? 0 : t0, .tiles = s->shared ? s->tiles : t1 - t0,
                                .m = (float *)(void *)mine, .v = (int32_t *)(void *)(s->shared ? j->net->scratch : mine + s->m_bytes) };

    span.stride = ((size_t)span.tiles * (size_t)sn_i16_pairs(s->x.n) + 1) * SN_LANES;
    span.t = (float *)(void *)((char *)span.v + positions(s) * span.stride * sizeof(int32_t));
    return span;
}

static void product_group(const struct job *j, struct sn_i16_span *span, int g)
{
    span->g = g;
    sn_net_note(j->net, j->net->kernels.i16_winograd_output(&j->s->i16_wino, span));
}

/* Many tiles: a thread transforms a block of them and multiplies it with every weight group. */
static void winograd_block(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    struct sn_i16_span span = tiles(j, (int)unit, thread);

    j->net->kernels.i16_winograd_input(&j->s->i16_wino, &span);
    for (int g = 0; g * SN_GROUP < j->s->wino.oc; g++)
        product_group(j, &span, g);
}

/* Few tiles: all are transformed first, a chunk of planes a unit. */
static void winograd_chunk(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    struct sn_i16_span span = tiles(j, 0, thread);

    span.t1 = j->s->tiles;
    span.c0 = (int)unit * SN_CHUNK;
    span.c1 = SN_MIN(span.c0 + SN_CHUNK, j->s->x.n);
    j->net->kernels.i16_winograd_input(&j->s->i16_wino, &span);
}

static void winograd_group(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    struct sn_i16_span span = tiles(j, (int)(unit % (size_t)j->s->blocks), thread);

    product_group(j, &span, (int)(unit / (size_t)j->s->blocks));
}

void sn_i16_run_step(struct sn_net *net, const struct sn_step *s)
{
    struct job j = { net, s };
    size_t pixels = (size_t)s->conv.ih * (size_t)s->conv.iw;

    if (s->winograd) {
        if (s->shared)
            sn_pool_run(net->opt.pool, winograd_chunk, &j, (size_t)sn_i16_chunks(s->x.n));
        sn_pool_run(net->opt.pool, s->shared ? winograd_group : winograd_block, &j, s->units);
        return;
    }
    if (!s->shared) {
        sn_pool_run(net->opt.pool, block_unit, &j, s->units);
        return;
    }
    sn_pool_run(net->opt.pool, quantise_unit, &j, (pixels + QUANTISE_PIXELS - 1) / QUANTISE_PIXELS);
    sn_pool_run(net->opt.pool, group_unit, &j, s->units);
}
