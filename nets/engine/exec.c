/* exec.c: runs one step as pure units shared out by the pool. Nothing is allocated here. */
#include "nets/engine/graph.h"

#include <math.h>

struct job {
    struct sn_net *net;
    struct sn_step *s;
};

void sn_net_note(struct sn_net *net, bool finite)
{
    if (!finite)
        atomic_store_explicit(&net->bad, 1, memory_order_relaxed);
}

/* Non-finite results are looked for while they are still in the cache; convolutions do so themselves. */
static void check(struct sn_net *net, const void *x, size_t n)
{
    struct sn_rowop op = { .x = x, .c = 1, .n = n };

    sn_net_note(net, net->kernels.finite(&op));
}

static void *at(const struct sn_net *net, void *plane, size_t pixel)
{
    return (char *)plane + pixel * SN_LANES * net->elem;
}

/* The pixels a strided 1x1 reads of one plane, side by side: no row ends, and nothing else is fetched with them. */
static void gather_unit(void *ctx, size_t plane, int thread)
{
    const struct job *j = ctx;
    const struct sn_step *s = j->s;
    size_t line = SN_LANES * j->net->elem;
    char *to = j->net->scratch + s->v_bytes * plane;

    (void)thread;
    ((void **)(void *)(j->net->scratch + s->v_bytes * (size_t)s->x.n))[plane] = to;
    for (int y = 0; y < s->node->h; y++)
        for (int x = 0; x < s->node->w; x++, to += line)
            memcpy(to, at(j->net, s->x.p[plane], (size_t)(y * s->sub) * (size_t)s->sub_iw + (size_t)(x * s->sub)), line);
}

static void conv_unit(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    const struct sn_conv2d *c = &j->s->conv;
    size_t per = j->s->units / (size_t)j->s->blocks;
    int all = c->groups * c->up * c->up, g0 = (int)(unit % per) * j->s->unit_groups, p0 = (int)(unit / per) * j->s->block;
    struct sn_conv_span span = { .g0 = g0, .g1 = SN_MIN(g0 + j->s->unit_groups, all), .p0 = p0, .p1 = SN_MIN(p0 + j->s->block, c->oh * c->ow) };

    (void)thread;
    sn_net_note(j->net, j->net->kernels.conv2d(c, &span));
}

static void run_gathered(struct sn_net *net, const struct sn_step *s)
{
    struct sn_step here = *s;
    struct job j = { net, &here };

    here.conv.x = (const void *const *)(void *)(net->scratch + s->v_bytes * (size_t)s->x.n);
    sn_pool_run(net->opt.pool, gather_unit, &j, (size_t)s->x.n);
    sn_pool_run(net->opt.pool, conv_unit, &j, s->units);
}

/* The products of the constant planes' first pixel, and the bias, are the bias of the others. */
static void run_with_constants(struct sn_net *net, const struct sn_step *s)
{
    struct sn_step here = *s;
    struct sn_conv2d *c = &here.conv, one = s->conv;
    struct job j = { net, &here };
    int groups = c->groups, varying = c->planes - s->constant;
    size_t lanes = 0, bytes = (size_t)groups * SN_GROUP * net->elem;
    void **y = (void **)(void *)(net->scratch + bytes);

    for (int k = 0; k < varying; k++)
        lanes += c->lanes[k];
    for (int k = 0; k < s->y.n; k++)
        y[k] = at(net, net->scratch, (size_t)k);
    memset(net->scratch, 0, bytes);
    one.x += varying;
    one.lanes += varying;
    one.planes = s->constant;
    one.w = (const char *)c->w + lanes * SN_GROUP * net->elem; /* a 1x1's channels follow each other */
    one.res = NULL;
    one.y = y;
    one.ih = one.iw = one.oh = one.ow = 1;
    one.act = (struct sn_activation){ 0 };
    sn_net_note(net, net->kernels.conv2d(&one, &(struct sn_conv_span){ .g1 = groups, .p1 = 1 }));
    c->planes = varying;
    c->bias = net->scratch;
    sn_pool_run(net->opt.pool, conv_unit, &j, s->units);
}

void sn_net_normalise(const struct sn_net *net, const struct sn_step *s, size_t p0, size_t n, char *mine, void **x)
{
    for (int k = 0; k < s->x.n; k++) {
        struct sn_affine a = { .x = at(net, s->x.p[k], p0), .y = x[k] = mine + s->pre_bytes * (size_t)k, .n = n,
                               .scale = at(net, s->scale, (size_t)k), .shift = at(net, s->shift, (size_t)k),
                               .act = net->graph.nodes[s->node->pre].act };

        net->kernels.affine(&a);
    }
}

/* A block of pixels, normalised into scratch planes, then multiplied with every weight group. */
static void normalised_conv_unit(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    const struct sn_step *s = j->s;
    struct sn_net *net = j->net;
    struct sn_conv2d c = s->conv;
    char *mine = net->scratch + net->scratch_bytes + (size_t)thread * net->scratch_thread;
    void **x = (void **)(void *)(mine + s->pre_bytes * (size_t)c.planes), **y = x + c.planes;
    size_t p0 = unit * (size_t)s->block, n = SN_MIN((size_t)s->block, (size_t)c.ow - p0);
    struct sn_conv_span span = { .g1 = c.groups, .p1 = (int)n };

    sn_net_normalise(net, s, p0, n, mine, x);
    for (int k = 0; k < s->y.n; k++)
        y[k] = at(net, s->y.p[k], p0);
    c.x = (const void *const *)x;
    c.y = y;
    c.iw = c.ow = (int)n;
    sn_net_note(net, net->kernels.conv2d(&c, &span));
}

/* Global pooling and instance norm: the sums of one plane. */
static void moments_unit(const struct job *j, size_t plane)
{
    const struct sn_node *node = j->s->node, *in = &j->net->graph.nodes[node->in[0]];
    double mean[SN_LANES], var[SN_LANES];
    bool norm = node->op == SN_NODE_INSTNORM;
    struct sn_moments m = { .x = j->s->x.p[plane], .h = in->h, .w = in->w, .mean = mean, .var = norm ? var : NULL };
    struct sn_affine a = { .x = j->s->x.p[plane], .y = j->s->y.p[plane], .n = (size_t)node->h * (size_t)node->w, .act = node->act };
    double gamma[SN_LANES], beta[SN_LANES];
    size_t first = 0;

    j->net->kernels.moments(&m);
    if (!norm) {
        for (int l = 0; l < SN_LANES; l++) {
            if (j->net->elem == 8)
                ((double *)j->s->y.p[plane])[l] = mean[l];
            else
                ((float *)j->s->y.p[plane])[l] = sn_flush((float)mean[l]);
        }
        return;
    }
    for (size_t k = 0; k < plane; k++)
        first += j->s->x.lanes[k];
    for (int l = 0; l < SN_LANES; l++) {
        bool used = l < j->s->x.lanes[plane];
        double scale, shift;

        gamma[l] = 1;
        beta[l] = 0;
        if (used && node->bn.gamma) {
            sn_tensor_to_f64(node->bn.gamma, first + (size_t)l, 1, &gamma[l]);
            sn_tensor_to_f64(node->bn.beta, first + (size_t)l, 1, &beta[l]);
        }
        /* (x - mean) / sqrt(var + eps) * gamma + beta as one fma; var is the biased one */
        scale = used ? gamma[l] / sqrt(var[l] + SN_BN_EPS) : 0;
        shift = used ? beta[l] - mean[l] * scale : 0;
        if (j->net->elem == 8) {
            ((double *)j->s->scale)[plane * SN_LANES + (size_t)l] = scale;
            ((double *)j->s->shift)[plane * SN_LANES + (size_t)l] = shift;
        } else {
            ((float *)j->s->scale)[plane * SN_LANES + (size_t)l] = sn_flush((float)scale);
            ((float *)j->s->shift)[plane * SN_LANES + (size_t)l] = sn_flush((float)shift);
        }
    }
    a.scale = at(j->net, j->s->scale, plane);
    a.shift = at(j->net, j->s->shift, plane);
    j->net->kernels.affine(&a);
}

static void pad_unit(const struct job *j, size_t plane)
{
    const struct sn_node *node = j->s->node, *in = &j->net->graph.nodes[node->in[0]];
    size_t line = (size_t)in->w * SN_LANES * j->net->elem;

    memset(j->s->y.p[plane], 0, (size_t)node->h * (size_t)node->w * SN_LANES * j->net->elem);
    for (int r = 0; r < in->h; r++)
        memcpy(at(j->net, j->s->y.p[plane], (size_t)(r + node->top) * (size_t)node->w + (size_t)node->left),
               at(j->net, j->s->x.p[plane], (size_t)r * (size_t)in->w), line);
}

/* Rows r0 <= r < r1 of a plane that is normalised on its way into the average. No padding: fuse_input in plan.c. */
static void normalised_pool(const struct job *j, size_t plane, int r0, int r1, int thread)
{
    const struct sn_step *s = j->s;
    const struct sn_net *net = j->net;
    struct sn_pool2d p = s->pool;
    int y0 = r0 * p.stride;
    struct sn_affine a = { .x = at(net, s->x.p[plane], (size_t)y0 * (size_t)p.iw),
                           .y = net->scratch + net->scratch_bytes + (size_t)thread * net->scratch_thread,
                           .scale = at(net, s->scale, plane), .shift = at(net, s->shift, plane), .act = net->graph.nodes[s->node->pre].act };

    p.ih = SN_MIN((r1 - 1) * p.stride + p.k, p.ih) - y0;
    a.n = (size_t)(p.ih * p.iw);
    net->kernels.affine(&a);
    p.x = a.y;
    p.y = at(net, s->y.p[plane], (size_t)r0 * (size_t)p.ow);
    p.r0 = 0;
    p.r1 = r1 - r0;
    net->kernels.avgpool(&p);
}

static void row_unit(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    struct sn_step *s = j->s;
    const struct sn_kernels *k = &j->net->kernels;
    size_t plane = unit / (size_t)s->blocks;
    int r0 = (int)(unit % (size_t)s->blocks) * s->block, r1 = SN_MIN(r0 + s->block, s->node->h);
    size_t first = (size_t)r0 * (size_t)s->node->w, n = (size_t)(r1 - r0) * (size_t)s->node->w;

    switch (s->node->op) {
    case SN_NODE_MAXPOOL:
    case SN_NODE_AVGPOOL: {
        struct sn_pool2d p = s->pool;

        if (s->node->pre >= 0) {
            normalised_pool(j, plane, r0, r1, thread);
            break;
        }
        p.x = s->x.p[plane];
        p.y = s->y.p[plane];
        p.r0 = r0;
        p.r1 = r1;
        (s->node->op == SN_NODE_MAXPOOL ? k->maxpool : k->avgpool)(&p);
        break;
    }
    case SN_NODE_UPSAMPLE: {
        struct sn_upsample p = s->up;

        p.x = s->x.p[plane];
        p.y = s->y.p[plane];
        p.r0 = r0;
        p.r1 = r1;
        k->upsample(&p);
        break;
    }
    case SN_NODE_GAP:
    case SN_NODE_INSTNORM:
        moments_unit(j, plane);
        break;
    case SN_NODE_PAD:
        pad_unit(j, plane);
        break;
    case SN_NODE_AFFINE: {
        struct sn_affine a = { .x = at(j->net, s->x.p[plane], first), .y = at(j->net, s->y.p[plane], first),
                               .scale = at(j->net, s->scale, plane), .shift = at(j->net, s->shift, plane),
                               .n = n, .act = s->node->act };

        k->affine(&a);
        break;
    }
    default: {
        struct sn_add a = { .a = at(j->net, s->x.p[plane], first), .y = at(j->net, s->y.p[plane], first),
                            .b = s->res.p ? at(j->net, s->res.p[plane], first) : NULL, .n = n * SN_LANES, .act = s->node->act };

        k->add(&a);
        break;
    }
    }
    check(j->net, at(j->net, s->y.p[plane], first), n * SN_LANES);
}

static struct sn_winograd_span tiles(const struct job *j, int block, int thread)
{
    const struct sn_step *s = j->s;
    char *mine = j->net->scratch + j->net->scratch_bytes + (size_t)thread * j->net->scratch_thread;
    int t0 = block * s->block, t1 = SN_MIN(t0 + s->block, s->tiles);
    struct sn_winograd_span span = { .t0 = t0, .t1 = t1, .c1 = s->wino.planes, .base = s->shared ? 0 : t0,
                                     .m = mine,
                                     .v = s->shared ? j->net->scratch : mine + s->m_bytes,
                                     .u = mine + s->m_bytes + (s->shared ? 0 : s->v_bytes) };

    sn_winograd_place(&s->wino, &span, s->shared ? s->tiles : t1);
    return span;
}

static void multiply(const struct job *j, struct sn_winograd_span *span, int g0, int n)
{
    span->g0 = g0;
    span->g1 = SN_MIN(g0 + n, (j->s->wino.oc + SN_GROUP - 1) / SN_GROUP);
    sn_net_note(j->net, j->net->kernels.winograd_output(&j->s->wino, span));
}

/* Many tiles: a thread transforms a block of them and multiplies it with every weight group. */
static void winograd_block(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    struct sn_winograd_span span = tiles(j, (int)unit, thread);

    for (int c = 0; c < j->s->wino.planes; c += j->s->unit_planes) {
        span.c0 = c;
        span.c1 = SN_MIN(c + j->s->unit_planes, j->s->wino.planes);
        j->net->kernels.winograd_input(&j->s->wino, &span);
        for (int g = 0; g * SN_GROUP < j->s->wino.oc; g += j->s->unit_groups)
            multiply(j, &span, g, j->s->unit_groups);
    }
}

/* Few tiles: all are transformed first, plane by plane; then every group's weights are read once. */
static void winograd_plane(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    struct sn_winograd_span span = tiles(j, 0, thread);

    span.t1 = j->s->tiles;
    span.c0 = (int)unit;
    span.c1 = (int)unit + 1;
    span.v = (float *)span.v + unit * span.plane;
    j->net->kernels.winograd_input(&j->s->wino, &span);
}

static void winograd_group(void *ctx, size_t unit, int thread)
{
    const struct job *j = ctx;
    struct sn_winograd_span span = tiles(j, (int)(unit % (size_t)j->s->blocks), thread);

    multiply(j, &span, (int)(unit / (size_t)j->s->blocks) * j->s->unit_groups, j->s->unit_groups);
}

/* One weight group of a layer whose weights are transformed before its tiles. */
static void winograd_weights_unit(void *ctx, size_t g, int thread)
{
    const struct job *j = ctx;

    (void)thread;
    sn_step_transform(j->net, j->s, (const float *)j->s->wino.direct + 9 * g * j->s->wino.group_stride, j->net->u + g * j->s->wino.group_stride);
}

static void run_winograd(struct sn_net *net, struct sn_step *s)
{
    struct sn_step here = *s; /* with the weights where they are now */
    struct job j = { net, &here };

    if (s->transform == SN_AT_STEP) {
        sn_pool_run(net->opt.pool, winograd_weights_unit, &j, ((size_t)s->wino.oc + SN_GROUP - 1) / SN_GROUP);
        here.wino.u = net->u;
    }
    if (s->shared)
        sn_pool_run(net->opt.pool, winograd_plane, &j, (size_t)s->x.n);
    sn_pool_run(net->opt.pool, s->shared ? winograd_group : winograd_block, &j, s->units);
}

void sn_net_run_step(struct sn_net *net, struct sn_step *s)
{
    struct job j = { net, s };

    if (s->i16) {
        sn_i16_run_step(net, s);
        return;
    }
    if (s->winograd) {
        run_winograd(net, s);
        return;
    }
    if (s->node->op != SN_NODE_CONV) {
        sn_pool_run(net->opt.pool, row_unit, &j, s->units);
        return;
    }
    if (s->sub > 1) {
        run_gathered(net, s);
        return;
    }
    if (s->constant) {
        run_with_constants(net, s);
        return;
    }
    sn_pool_run(net->opt.pool, s->node->pre >= 0 ? normalised_conv_unit : conv_unit, &j, s->units);
}

/* n pixels of `channels` channels, `plane` floats apart, as neighbours in memory, `pixel` floats from one to the next. */
static inline void load_row(const float *in, size_t plane, const size_t channels, size_t n, float *to, const size_t pixel)
{
    for (size_t x = 0; x < n; x++)
        for (size_t l = 0; l < channels; l++)
            to[x * pixel + l] = sn_flush(in[l * plane + x]);
}

struct load {
    struct sn_net *net;
    const float *in;
};

/* One row of the input, borders included. */
static void load_unit(void *ctx, size_t y, int thread)
{
    const struct load *l = ctx;
    const struct sn_net *net = l->net;
    const struct sn_planes *v = &net->vals[net->graph.input];
    const struct sn_node *node = &net->graph.nodes[net->graph.input];
    struct sn_plane_form form = sn_node_form(node);
    size_t w = (size_t)node->w, plane = (size_t)node->h * w, border = form.first / (form.row + form.pixel);
    size_t image_y = y - border; /* wraps above the image */

    (void)thread;
    for (int k = 0; k < v->n; k++) {
        char *row = (char *)v->p[k] + y * form.row * net->elem;
        float *to = (float *)(void *)row + border * form.pixel;
        const float *in = l->in;

        memset(row, 0, form.row * net->elem);
        if (image_y >= (size_t)node->h)
            continue;
        in += (size_t)k * SN_LANES * plane + image_y * w;
        if (net->elem == 8)
            for (size_t c = 0; c < v->lanes[k]; c++)
                for (size_t x = 0; x < w; x++)
                    ((double *)(void *)row)[(border + x) * form.pixel + c] = (double)sn_flush(in[c * plane + x]);
        else if (form.pixel == 3)
            load_row(in, plane, 3, w, to, 3);
        else if (form.pixel == 1)
            load_row(in, plane, 1, w, to, 1);
        else
            load_row(in, plane, v->lanes[k], w, to, SN_LANES);
    }
}

void sn_net_load_input(struct sn_net *net, const float *in)
{
    sn_pool_run(net->opt.pool, load_unit, &(struct load){ net, in }, sn_node_form(&net->graph.nodes[net->graph.input]).rows);
}

void sn_net_unpack(const struct sn_net *net, sn_val val, void *out, bool wide)
{
    const struct sn_planes *v = &net->vals[val];
    const struct sn_node *node = &net->graph.nodes[val];
    struct sn_plane_form form = sn_node_form(node);
    size_t w = (size_t)node->w, n = (size_t)node->h * w, o = 0;

    for (int k = 0; k < v->n; k++)
        for (size_t l = 0; l < v->lanes[k]; l++)
            for (size_t i = 0; i < n; i++, o++) {
                size_t at = form.first + i / w * form.row + i % w * form.pixel + l;
                double d = net->elem == 8 ? ((const double *)v->p[k])[at] : (double)((const float *)v->p[k])[at];

                if (wide)
                    ((double *)out)[o] = d;
                else
                    ((float *)out)[o] = (float)d;
            }
}
