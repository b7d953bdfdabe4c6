/*
 * check_i16.c: the 16-bit mode: its weights' bound and exactness, every row of kernels.def against its twin bit by
 * bit, and the twins against sums in double.
 */
#include "tests/kernels/harness.h"

#include "kernels/ref/i16_scale.h"

struct i16_case {
    int ic[4];         /* channel counts of the concatenated inputs, ends with 0 */
    int oc, k, stride, dil, pad, h, w, up;
    int winograd;      /* the kind of its big pieces; 0: a direct convolution */
    bool mixed, bias, res, at_end, part, smaller; /* smaller: Winograd's planes are interpolated, some of them */
    enum data_kind kind;
    struct sn_activation act;
    uint64_t seed;
};

struct i16_data {
    struct planes x, res, y, want, pool, want_pool; /* pool: of no planes, where the case has none */
    struct smaller smaller;
    struct sn_guard qg, tg, wg, zg, bg, mg, q2, t2;
    float *f;          /* fp32 weights, [groups][chunk][taps][used lanes][32] */
    size_t k, nq, nt;  /* input channels; words of q (or v), floats of t */
    struct sn_i16_quantise quantise;
    struct sn_i16_conv2d conv;
    struct sn_conv_span part;
    struct sn_i16_winograd wino;
    struct sn_i16_span span;
    int32_t *start;    /* Winograd's pieces */
};

static const char *describe(const struct i16_case *c)
{
    static char text[300];

    (void)snprintf(text, sizeof text, "ic %d+%d+%d oc %d k %d stride %d dil %d pad %d, %d x %d, up %d, bias %d res %d act %d at_end %d part %d "
                   "winograd %d mixed %d smaller %d data %d seed %llu", c->ic[0], c->ic[1], c->ic[2], c->oc, c->k, c->stride, c->dil, c->pad, c->h, c->w, c->up,
                   c->bias, c->res, (int)c->act.kind, c->at_end, c->part, c->winograd, c->mixed, c->smaller, (int)c->kind, (unsigned long long)c->seed);
    return text;
}

static int out_size(int in, const struct i16_case *c)
{
    return (in + 2 * c->pad - c->dil * (c->k - 1) - 1) / c->stride + 1;
}

/* Used lanes of the chunk that begins at plane c0. */
static size_t chunk_lanes(const struct planes *x, int c0)
{
    size_t n = 0;

    for (int c = c0; c < SN_MIN(c0 + SN_CHUNK, x->n); c++)
        n += x->lanes[c];
    return n;
}

static size_t positions_of(int winograd, int taps) { return (size_t)(winograd ? sn_piece_points(winograd) * sn_piece_points(winograd) : taps); }

static void make_weights(struct i16_data *d, int groups, int taps, int winograd, int32_t *w, float *z)
{
    const float *f = d->f;
    struct sn_error err = { 0 };
    size_t positions = positions_of(winograd, taps), all = (size_t)sn_i16_pairs(d->x.n) * SN_LANES * SN_GROUP;

    for (int g = 0; g < groups; g++) {
        for (int c0 = 0; c0 < d->x.n; c0 += SN_CHUNK) {
            int planes = SN_MIN(SN_CHUNK, d->x.n - c0);
            size_t words = (size_t)sn_i16_pairs(planes) * SN_LANES * SN_GROUP;
            struct sn_i16_weights p = { .f = f, .lanes = d->x.lanes + c0, .planes = planes, .taps = taps, .kind = winograd, .w = w, .z = z,
                                        .w_step = winograd ? all : words,
                                        .z_step = winograd ? (size_t)sn_i16_chunks(d->x.n) * SN_GROUP : SN_GROUP };

            sn_ck_ok(sn_i16_weights(&p, &err), &err);
            f += (size_t)taps * chunk_lanes(&d->x, c0) * SN_GROUP;
            w += winograd ? words : positions * words;
            z += winograd ? SN_GROUP : positions * SN_GROUP;
        }
        if (winograd) { /* the chunks of the first position are behind; on to the next group */
            w += (positions - 1) * all;
            z += (positions - 1) * (size_t)sn_i16_chunks(d->x.n) * SN_GROUP;
        }
    }
}

static void random_weights(struct i16_data *d, const struct i16_case *c, struct sn_rng *r, int groups, int taps)
{
    size_t n = (size_t)groups * d->k * (size_t)taps * SN_GROUP;
    int oc_groups = (c->oc + SN_GROUP - 1) / SN_GROUP;

    d->f = malloc(n * sizeof *d->f);
    ck_assert(d->f != NULL);
    fill(r, c->kind, true, d->f, n);
    for (size_t i = 0; i < n; i++) { /* as packing does: no denormals, nothing for channels that do not exist */
        size_t oc = i / (d->k * (size_t)taps * SN_GROUP) % (size_t)oc_groups * SN_GROUP + i % SN_GROUP;

        d->f[i] = oc < (size_t)c->oc ? sn_flush(d->f[i]) : 0;
    }
}

static void setup(struct i16_data *d, const struct i16_case *c)
{
    struct sn_rng r = { c->seed };
    int oh = c->winograd ? c->h : out_size(c->h, c), ow = c->winograd ? c->w : out_size(c->w, c);
    int groups = (c->oc + SN_GROUP - 1) / SN_GROUP, all = groups * c->up * c->up, taps = c->k * c->k, tiles;
    struct sn_winograd_axis rows, cols;
    int32_t *start = malloc((size_t)(c->h + c->w) * sizeof *start);
    size_t pixels = (size_t)(c->h * c->w), out = (size_t)(oh * ow * c->up * c->up), positions = positions_of(c->winograd, taps);
    size_t gw, gz;
    float *b;

    *d = (struct i16_data){ .k = (size_t)(c->ic[0] + c->ic[1] + c->ic[2]), .start = start };
    sn_winograd_cut(c->h, c->dil, c->winograd ? c->winograd : 4, c->mixed, &rows, start);
    sn_winograd_cut(c->w, c->dil, c->winograd ? c->winograd : 4, c->mixed, &cols, start + c->h);
    tiles = rows.n * cols.n;
    planes_alloc(&d->x, c->ic, pixels, c->at_end);
    planes_fill(&d->x, &r, c->kind, false);
    planes_alloc(&d->y, (const int[]){ c->oc, 0 }, out, c->at_end);
    planes_alloc(&d->want, (const int[]){ c->oc, 0 }, out, c->at_end);
    if (c->winograd == 4 && !c->mixed && c->dil == 1 && c->h % 2 == 0 && c->w % 2 == 0) {
        planes_alloc(&d->pool, (const int[]){ c->oc, 0 }, pixels / 4, c->at_end);
        planes_alloc(&d->want_pool, (const int[]){ c->oc, 0 }, pixels / 4, c->at_end);
    }
    if (c->res) {
        planes_alloc(&d->res, (const int[]){ c->oc, 0 }, out, c->at_end);
        planes_fill(&d->res, &r, c->kind, false);
    }
    gw = positions * (size_t)sn_i16_pairs(d->x.n) * SN_LANES * SN_GROUP;
    gz = positions * (size_t)sn_i16_chunks(d->x.n) * SN_GROUP;
    random_weights(d, c, &r, all, taps);
    (void)guarded(&d->wg, gw * (size_t)all, c->at_end);
    (void)guarded(&d->zg, gz * (size_t)all, c->at_end);
    make_weights(d, all, taps, c->winograd, d->wg.data, d->zg.data);
    b = guarded(&d->bg, (size_t)groups * SN_GROUP, c->at_end);
    fill(&r, c->kind, false, b, (size_t)groups * SN_GROUP);
    for (size_t i = (size_t)c->oc; i < (size_t)groups * SN_GROUP; i++)
        b[i] = 0;
    if (c->winograd) {
        struct sn_i16_span s = { .t1 = tiles, .c1 = d->x.n };

        if (c->part) {
            s.t0 = rnd(&r, 0, tiles - 1);
            s.t1 = rnd(&r, s.t0 + 1, tiles);
        }
        s.base = rnd(&r, 0, s.t0);
        s.tiles = s.t1 - s.base + rnd(&r, 0, 3);
        s.stride = ((size_t)s.tiles * (size_t)sn_i16_pairs(d->x.n) + (size_t)rnd(&r, 0, 1)) * SN_LANES;
        d->nq = (positions - 1) * s.stride + (size_t)s.tiles * (size_t)sn_i16_pairs(d->x.n) * SN_LANES;
        d->nt = (size_t)s.tiles * (size_t)sn_i16_chunks(d->x.n);
        s.m = guarded(&d->mg, positions * ((size_t)(s.t1 - s.t0) * SN_GROUP + SN_LANES), c->at_end);
        d->span = s;
    } else {
        d->nq = pixels * (size_t)sn_i16_pairs(d->x.n) * SN_LANES;
        d->nt = pixels * (size_t)sn_i16_chunks(d->x.n);
        (void)guarded(&d->mg, 1, true);
    }
    (void)guarded(&d->qg, d->nq, c->at_end);
    (void)guarded(&d->q2, d->nq, c->at_end);
    (void)guarded(&d->tg, d->nt, c->at_end);
    (void)guarded(&d->t2, d->nt, c->at_end);
    d->quantise = (struct sn_i16_quantise){ .x = (const void *const *)d->x.p, .planes = d->x.n, .step = 1, .n = pixels, .pixels = pixels };
    if (c->part && !c->winograd) { /* some of the pixels, elsewhere */
        d->quantise.first = (size_t)rnd(&r, 0, c->h * c->w - 1);
        d->quantise.n = (size_t)rnd(&r, 0, c->h * c->w - (int)d->quantise.first);
        d->quantise.step = (size_t)rnd(&r, 1, 3);
        d->quantise.n = (d->quantise.n + d->quantise.step - 1) / d->quantise.step;
        d->quantise.at = (size_t)rnd(&r, 0, c->h * c->w - (int)d->quantise.n);
    }
    d->conv = (struct sn_i16_conv2d){
        .c = { .planes = d->x.n, .bias = c->bias ? b : NULL, .res = c->res ? (const void *const *)d->res.p : NULL, .y = d->y.p, .oc = c->oc,
               .groups = groups, .up = c->up, .ih = c->h, .iw = c->w, .oh = oh, .ow = ow, .kh = c->k, .kw = c->k, .stride = c->stride,
               .dil = c->dil, .pad_h = c->pad, .pad_w = c->pad, .act = c->act },
        .q = d->qg.data, .t = d->tg.data, .w = d->wg.data, .z = d->zg.data, .group_stride = gw, .z_stride = gz,
    };
    d->part = (struct sn_conv_span){ 0, all, 0, oh * ow };
    if (c->part) {
        d->part.g0 = rnd(&r, 0, all - 1);
        d->part.g1 = rnd(&r, d->part.g0, all);
        d->part.p0 = rnd(&r, 0, oh * ow - 1);
        d->part.p1 = rnd(&r, d->part.p0, oh * ow);
    }
    d->wino = (struct sn_i16_winograd){
        .c = { .x = (const void *const *)d->x.p, .lanes = d->x.lanes, .planes = d->x.n, .bias = c->bias ? b : NULL,
               .res = c->res ? (const void *const *)d->res.p : NULL, .y = d->y.p, .oc = c->oc, .h = c->h, .w = c->w, .dil = c->dil,
               .kind = c->winograd, .rows = rows, .cols = cols, .act = c->act },
        .u = d->wg.data, .z = d->zg.data, .group_stride = gw, .z_stride = gz,
    };
    if (c->smaller) {
        smaller_alloc(&d->smaller, &r, &d->x, c->ic, c->h, c->w, c->kind, c->at_end);
        d->wino.c.x = d->smaller.x;
        d->wino.c.up = d->smaller.ups;
    }
}

static void teardown(struct i16_data *d)
{
    struct sn_guard *g[] = { &d->qg, &d->tg, &d->wg, &d->zg, &d->bg, &d->mg, &d->q2, &d->t2 };

    for (size_t i = 0; i < SN_COUNT(g); i++)
        sn_guard_free(g[i]);
    planes_free(&d->x);
    smaller_free(&d->smaller);
    planes_free(&d->res);
    planes_free(&d->y);
    planes_free(&d->want);
    planes_free(&d->pool);
    planes_free(&d->want_pool);
    free(d->f);
    free(d->start);
}

static void blank(struct i16_data *d, struct sn_guard *q, struct sn_guard *t)
{
    memset(q->data, UNTOUCHED, d->nq * sizeof(int32_t));
    memset(t->data, UNTOUCHED, d->nt * sizeof(float));
}

/*
 * Words and scales of a row against the twin's; words whose scale is NaN are free. `line` words in a row share
 * a scale: word i belongs to scale of[i / line % per] of its chunk of pairs.
 */
static void same_words(const struct i16_data *d, const char *name, size_t per, size_t stride, const struct i16_case *c)
{
    const int32_t *got = d->qg.data, *want = d->q2.data;
    const float *t = d->t2.data;

    ck_assert_msg(differs(d->tg.data, t, d->nt) < 0, "%s, scales: %s", name, describe(c));
    for (size_t i = 0; i < d->nq; i++) {
        size_t line = i % stride / SN_LANES, scale = line / per / SN_I16_PAIRS * per + line % per;

        ck_assert_msg(got[i] == want[i] || (scale < d->nt && t[scale] != t[scale]), "%s, word %zu: %x, the twin has %x: %s", name, i,
                      (unsigned)got[i], (unsigned)want[i], describe(c));
    }
}

static void same_planes(const struct i16_data *d, const char *name, const struct i16_case *c)
{
    for (int k = 0; k < d->y.n; k++) { /* whole planes: what lies outside the span stays as it was */
        long at = differs(d->y.p[k], d->want.p[k], d->y.floats);

        ck_assert_msg(at < 0, "%s, plane %d element %ld: %a, the twin has %a: %s", name, k, at, (double)((float *)d->y.p[k])[at],
                      (double)((float *)d->want.p[k])[at], describe(c));
    }
}

static void run_conv(struct i16_data *d, const struct i16_case *c)
{
    blank(d, &d->q2, &d->t2);
    d->quantise.q = d->q2.data;
    d->quantise.t = d->t2.data;
    sn_i16_quantise_ref(&d->quantise);
    for (int i = 0; i < i16_quantise_count; i++) {
        blank(d, &d->qg, &d->tg);
        d->quantise.q = d->qg.data;
        d->quantise.t = d->tg.data;
        i16_quantise_rows[i].fn(&d->quantise);
        same_words(d, i16_quantise_rows[i].name, d->quantise.pixels, d->nq, c);
    }
    d->quantise.first = d->quantise.at = 0;
    d->quantise.step = 1;
    d->quantise.n = d->quantise.pixels;
    sn_i16_quantise_ref(&d->quantise);
    planes_reset(&d->want);
    d->conv.c.y = d->want.p;
    sn_i16_conv2d_ref(&d->conv, &d->part);
    d->conv.c.y = d->y.p;
    do { /* as it is; then, where only the middle tap sees the image, the same as a 1x1 */
        for (int i = 0; i < i16_conv2d_count; i++) {
            planes_reset(&d->y);
            i16_conv2d_rows[i].fn(&d->conv, &d->part);
            same_planes(d, i16_conv2d_rows[i].name, c);
        }
    } while (middle_tap(&d->conv.c));
}

static void run_winograd(struct i16_data *d, const struct i16_case *c)
{
    blank(d, &d->q2, &d->t2);
    d->span.v = d->q2.data;
    d->span.t = d->t2.data;
    sn_i16_winograd_input_ref(&d->wino, &d->span);
    d->span.v = d->qg.data;
    d->span.t = d->tg.data;
    if (c->smaller) { /* the same as interpolating first */
        struct sn_i16_winograd plain = d->wino;

        plain.c.x = (const void *const *)d->x.p;
        plain.c.up = NULL;
        blank(d, &d->qg, &d->tg);
        sn_i16_winograd_input_ref(&plain, &d->span);
        same_words(d, "the twin, interpolating", (size_t)d->span.tiles, d->span.stride, c);
    }
    for (int i = 0; i < i16_winograd_input_count; i++) {
        blank(d, &d->qg, &d->tg);
        i16_winograd_input_rows[i].fn(&d->wino, &d->span);
        same_words(d, i16_winograd_input_rows[i].name, (size_t)d->span.tiles, d->span.stride, c);
    }
    for (int g = 0; g * SN_GROUP < c->oc; g++) {
        bool finite;

        d->span.g = g;
        planes_reset(&d->want);
        planes_reset(&d->want_pool);
        d->wino.c.y = d->want.p;
        d->wino.c.pool = d->pool.n ? d->want_pool.p : NULL;
        finite = sn_i16_winograd_output_ref(&d->wino, &d->span);
        d->wino.c.y = d->y.p;
        d->wino.c.pool = d->pool.n ? d->pool.p : NULL;
        for (int i = 0; i < i16_winograd_output_count; i++) {
            planes_reset(&d->y);
            planes_reset(&d->pool);
            ck_assert_msg(i16_winograd_output_rows[i].fn(&d->wino, &d->span) == finite, "%s says %s: %s", i16_winograd_output_rows[i].name,
                          finite ? "not finite" : "finite", describe(c));
            same_planes(d, i16_winograd_output_rows[i].name, c);
            for (int k = 0; k < d->pool.n; k++)
                ck_assert_msg(differs(d->pool.p[k], d->want_pool.p[k], d->pool.floats) < 0, "%s, plane %d, pooled: %s",
                              i16_winograd_output_rows[i].name, k, describe(c));
        }
    }
}

static void run_case(const struct i16_case *c)
{
    struct i16_data d;

    setup(&d, c);
    if (c->winograd)
        run_winograd(&d, c);
    else
        run_conv(&d, c);
    teardown(&d);
}

#define MAX_MACS 1000000.0

static struct i16_case random_case(struct sn_rng *r, int winograd)
{
    static const int ocs[] = { 1, 15, 16, 17, 31, 32, 33, 64, 80 }, ics[] = { 1, 3, 15, 16, 17, 33, 48, 64, 65, 130 };
    static const int concats[][4] = { { 15, 17 }, { 1, 1, 1 }, { 64, 3 }, { 3, 64 }, { 33, 31 }, { 16, 48, 16 }, { 50, 50, 50 } };
    static const int ks[] = { 1, 1, 3, 3, 5 };

    for (;;) {
        struct i16_case c = { .oc = PICK(r, ocs), .k = winograd ? 3 : PICK(r, ks), .stride = winograd ? 1 : rnd(r, 1, 3),
                              .dil = rnd(r, 0, 3) ? 1 : rnd(r, 2, 4), .h = rnd(r, 1, 12), .w = rnd(r, 1, 40), .up = 1, .bias = rnd(r, 0, 1),
                              .res = rnd(r, 0, 1), .at_end = rnd(r, 0, 3) != 0, .part = rnd(r, 0, 1), .winograd = winograd, .mixed = winograd == 1 || rnd(r, 0, 1),
                              .kind = (enum data_kind)rnd(r, 0, DATA_KINDS - 1), .act = rnd_act(r), .seed = sn_rng_next(r) };
        double macs;

        if (rnd(r, 0, 2))
            c.ic[0] = PICK(r, ics);
        else
            memcpy(c.ic, PICK(r, concats), sizeof c.ic);
        if (c.k == 1 && rnd(r, 0, 2) == 0) {
            c.up = 2;
            c.stride = 1;
            c.res = false;
        }
        if (winograd == 1) /* phases of two pixels and of one */
            c.dil = rnd(r, (SN_MAX(c.h, c.w) + 1) / 2, SN_MAX(c.h, c.w) + 1);
        c.smaller = winograd && c.dil == 1 && rnd(r, 0, 1);
        c.pad = rnd(r, 0, 3) || winograd ? c.dil * (c.k - 1) / 2 : rnd(r, 0, c.dil * (c.k - 1));
        if (c.k > 1 && c.stride == 1 && !winograd && rnd(r, 0, 5) == 0) { /* the middle tap sees the image, the others padding */
            c.dil = SN_MAX(c.h, c.w) + rnd(r, 0, 2);
            c.pad = c.dil * (c.k - 1) / 2;
        }
        if (out_size(c.h, &c) < 1 || out_size(c.w, &c) < 1 || c.h + 2 * c.pad <= c.dil * (c.k - 1) || c.w + 2 * c.pad <= c.dil * (c.k - 1))
            continue;
        macs = (double)out_size(c.h, &c) * out_size(c.w, &c) * (c.ic[0] + c.ic[1] + c.ic[2]) * c.k * c.k * ((c.oc + 31) / 32 * 32) * c.up * c.up;
        if (macs <= MAX_MACS)
            return c;
    }
}

START_TEST(test_random_convolutions)
{
    struct sn_rng r = { 0x16C0000u + (uint64_t)_i };

    for (int i = 0; i < 120; i++) {
        struct i16_case c = random_case(&r, 0);

        run_case(&c);
    }
}
END_TEST

START_TEST(test_random_winograd)
{
    struct sn_rng r = { 0x1631000u + (uint64_t)_i };

    for (int i = 0; i < 40; i++) {
        static const int kinds[] = { 4, 4, 3, 1 };
        struct i16_case c = random_case(&r, kinds[i % 4]);

        run_case(&c);
    }
}
END_TEST

/* Every width up to three register tiles and a rest, and every number of Winograd tiles. */
START_TEST(test_every_width)
{
    for (int w = 1; w <= 45; w++)
        for (int k = 1; k <= 3; k += 2)
            for (int stride = 1; stride <= 2; stride++) {
                struct i16_case c = { .ic = { 70 }, .oc = 33, .k = k, .stride = stride, .dil = 1, .pad = k / 2, .h = 2, .w = w, .up = 1,
                                      .bias = true, .at_end = true, .act = { SN_ACT_RELU, 0 }, .seed = (uint64_t)(w * 8 + k * 2 + stride) };

                run_case(&c);
            }
    for (int w = 1; w <= 124; w += 4) {
        struct i16_case c = { .ic = { 17, 60 }, .oc = 33, .k = 3, .stride = 1, .dil = 1, .pad = 1, .h = 4, .w = w, .up = 1, .bias = true,
                              .at_end = true, .smaller = w % 8 == 1, .winograd = 4, .act = { SN_ACT_RELU, 0 }, .seed = (uint64_t)w };

        run_case(&c);
    }
}
END_TEST

/* ---- weights --------------------------------------------------------------------------------------- */

static int half(int32_t word, int which)
{
    return which ? word >> 16 : (int16_t)(word & 0xffff);
}

/*
 * One chunk: integers within their bounds, each within half a step of its weight (in double), words of missing lanes
 * zero; and the largest input there is, with each weight's sign, gives a sum that 32 bits hold.
 */
static void check_chunk(struct sn_rng *r, const uint8_t *lanes, int planes, enum data_kind kind)
{
    float f[SN_CHUNK * SN_LANES * SN_GROUP], z[SN_GROUP];
    int32_t w[SN_I16_PAIRS * SN_LANES * SN_GROUP];
    struct sn_error err = { 0 };
    struct sn_i16_weights p = { .f = f, .lanes = lanes, .planes = planes, .taps = 1, .w = w, .z = z };

    fill(r, kind, true, f, SN_COUNT(f));
    for (size_t i = 0; i < SN_COUNT(f); i++) /* among them: all the same, and one that dwarfs the others */
        f[i] = i % SN_GROUP == 0 ? 1 : i % SN_GROUP == 1 && i != 1 ? 0x1p-20f : i % SN_GROUP == 2 ? 0 : sn_flush(f[i]);
    sn_ck_ok(sn_i16_weights(&p, &err), &err);
    for (int o = 0; o < SN_GROUP; o++) {
        int64_t sum = 0, most = 0;
        const float *weight = f + o;

        for (int c = 0; c < planes; c++)
            for (int l = 0; l < SN_LANES; l++) {
                int q = half(w[(c / 2 * SN_LANES + l) * SN_GROUP + o], c % 2);

                if (l >= lanes[c]) {
                    ck_assert_int_eq(q, 0);
                    continue;
                }
                ck_assert_int_le(abs(q), SN_I16_WEIGHT);
                if (z[o] > 0)
                    ck_assert_msg(fabs((double)*weight - q * (double)z[o]) <= 0.5001 * (double)z[o] + 1e-7 * fabs((double)*weight),
                                  "weight %a became %d of %a", (double)*weight, q, (double)z[o]);
                sum += abs(q);
                most += (int64_t)q * (q < 0 ? -SN_I16_INPUT : SN_I16_INPUT);
                weight += SN_GROUP;
            }
        ck_assert_int_le(sum, SN_I16_SUM);
        ck_assert_int_le(most, INT32_MAX);
        ck_assert(o != 0 || sum > SN_I16_SUM - SN_CHUNK * SN_LANES || sum == (int64_t)SN_I16_WEIGHT * lanes[0]); /* the range is used */
    }
}

START_TEST(test_weights)
{
    struct sn_rng r = { 0x1600u + (uint64_t)_i };
    uint8_t lanes[SN_CHUNK];

    for (int i = 0; i < 60; i++) {
        int planes = rnd(&r, 1, SN_CHUNK);

        for (int c = 0; c < SN_CHUNK; c++)
            lanes[c] = (uint8_t)rnd(&r, c ? 0 : 1, SN_LANES);
        if (i % 3 == 0) {
            planes = SN_CHUNK;
            memset(lanes, SN_LANES, sizeof lanes);
        } else if (i % 3 == 1) {
            planes = 1;
            lanes[0] = (uint8_t)rnd(&r, 1, 4);
        }
        for (int c = 1; c < planes && i % 3 == 2; c++)
            lanes[c] = SN_LANES;
        check_chunk(&r, lanes, planes, (enum data_kind)_i);
    }
}
END_TEST

/*
 * No input overflows: the largest ones there are, each with its weight's sign, in every row; the exact sum is
 * computed in 64 bits. 64 equal weights fill the bound (2048 * 64 = 131072, * 16383 = 2^31 - 1 - ...).
 */
START_TEST(test_worst_input)
{
    struct i16_case c = { .ic = { 64 }, .oc = 32, .k = 1, .stride = 1, .dil = 1, .h = 1, .w = 33, .up = 1, .at_end = true, .seed = 1 };
    struct i16_data d;
    int64_t exact[SN_GROUP] = { 0 };

    setup(&d, &c);
    for (size_t i = 0; i < 64 * SN_GROUP; i++)
        d.f[i] = (i / SN_GROUP + (size_t)_i) % 3 ? 1.0f : -1.0f;
    make_weights(&d, 1, 1, false, d.wg.data, d.zg.data);
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < c.w; i++)
            for (int l = 0; l < SN_LANES; l++)
                ((float *)d.x.p[k])[i * SN_LANES + l] = 3 * d.f[(k * SN_LANES + l) * SN_GROUP];
    run_conv(&d, &c); /* every row against the twin */
    for (int o = 0; o < SN_GROUP; o++) {
        for (int i = 0; i < SN_I16_PAIRS * SN_LANES; i++)
            for (int h = 0; h < 2; h++)
                exact[o] += (int64_t)half(d.conv.q[(i / SN_LANES * c.w) * SN_LANES + i % SN_LANES], h) * half(d.conv.w[i * SN_GROUP + o], h);
        ck_assert_int_le(exact[o], INT32_MAX);
        ck_assert_int_gt(exact[o], INT32_MAX - (1 << 20));
        ck_assert_msg(((float *)d.want.p[o / SN_LANES])[o % SN_LANES] == (float)exact[o] * d.conv.t[0] * d.conv.z[o], "sum %lld", (long long)exact[o]);
    }
    teardown(&d);
}
END_TEST

/* ---- accuracy and special values --------------------------------------------------------------------- */

/* Sum over the taps in double, of the fp32 weights. */
static double exact(const struct i16_data *d, const struct i16_case *c, int o, int y, int x)
{
    const float *f = d->f + (size_t)(o / SN_GROUP) * d->k * (size_t)(c->k * c->k) * SN_GROUP + o % SN_GROUP;
    double sum = 0;

    for (int c0 = 0; c0 < d->x.n; c0 += SN_CHUNK)
        for (int tap = 0; tap < c->k * c->k; tap++)
            for (int p = c0; p < SN_MIN(c0 + SN_CHUNK, d->x.n); p++)
                for (int l = 0; l < d->x.lanes[p]; l++, f += SN_GROUP) {
                    int iy = y * c->stride - c->pad + tap / c->k * c->dil, ix = x * c->stride - c->pad + tap % c->k * c->dil;

                    if (iy >= 0 && iy < c->h && ix >= 0 && ix < c->w)
                        sum += (double)*f * (double)((const float *)d->x.p[p])[(iy * c->w + ix) * SN_LANES + l];
                }
    return sum;
}

/* The gate per layer: an error of at most 1.5e-3 of the output's root mean square (3e-4 measured; a wrong tap: 0.1). */
START_TEST(test_against_double)
{
    static const struct { int k, stride, dil, winograd; bool mixed; } how[] = {
        { 1, 1, 1, 0, false }, { 3, 2, 1, 0, false }, { 3, 1, 1, 0, false }, { 3, 1, 1, 4, false }, { 3, 1, 2, 4, false }, { 3, 1, 1, 4, true },
        { 3, 1, 1, 3, true }, { 3, 1, 4, 3, true }, { 3, 1, 12, 1, true },
    };
    struct i16_case c = { .ic = { 64, 20, 50 }, .oc = 40, .k = how[_i].k, .stride = how[_i].stride, .dil = how[_i].dil, .h = 19, .w = 23,
                          .pad = how[_i].k / 2 * how[_i].dil, .up = 1, .at_end = true, .winograd = how[_i].winograd, .mixed = how[_i].mixed,
                          .seed = 5 + (uint64_t)_i };
    double error = 0, size = 0;
    struct i16_data d;

    setup(&d, &c);
    if (c.winograd)
        run_winograd(&d, &c); /* leaves the last group's outputs; the first is run again */
    else
        run_conv(&d, &c);
    for (int g = 0; g < (c.winograd ? 1 : 0); g++) {
        d.span.g = g;
        ck_assert(sn_i16_winograd_output_ref(&d.wino, &d.span));
    }
    for (int o = 0; o < SN_GROUP; o++)
        for (int y = 0; y < d.conv.c.oh; y++)
            for (int x = 0; x < d.conv.c.ow; x++) {
                double want = exact(&d, &c, o, y, x);
                double got = (double)((const float *)d.y.p[o / SN_LANES])[(y * d.conv.c.ow + x) * SN_LANES + o % SN_LANES];

                error += (got - want) * (got - want);
                size += want * want;
            }
    ck_assert_msg(sqrt(error / size) < 1.5e-3, "rms error %g of the output's", sqrt(error / size));
    ck_assert_msg(sqrt(error / size) > 1e-6, "rms error %g: not 16 bits", sqrt(error / size));
    teardown(&d);
}
END_TEST

/* A pixel that is not finite gives NaN where it is used and nowhere else, whatever the integers are. */
START_TEST(test_not_finite)
{
    static const float bad[] = { NAN, INFINITY, -INFINITY };
    struct i16_case c = { .ic = { 80 }, .oc = 32, .k = 1, .stride = 1, .dil = 1, .h = 1, .w = 20, .up = 1, .at_end = true, .seed = 3 };
    struct i16_data d;

    setup(&d, &c);
    ((float *)d.x.p[_i % 2 ? 4 : 1])[7 * SN_LANES + 2] = bad[_i];
    run_conv(&d, &c);
    for (int i = 0; i < c.w; i++)
        for (int l = 0; l < SN_LANES; l++) {
            float y = ((float *)d.want.p[0])[i * SN_LANES + l];

            ck_assert((y != y) == (i == 7));
        }
    teardown(&d);
}
END_TEST

static Suite *suite_i16(void)
{
    Suite *s = suite_create("i16");
    TCase *t = tcase_create("i16");

    rows_init();
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, test_weights, 0, DATA_KINDS);
    tcase_add_loop_test(t, test_worst_input, 0, 3);
    tcase_add_loop_test(t, test_against_double, 0, 9);
    tcase_add_loop_test(t, test_not_finite, 0, 3);
    tcase_add_test(t, test_every_width);
    tcase_add_loop_test(t, test_random_convolutions, 0, 8);
    tcase_add_loop_test(t, test_random_winograd, 0, 8);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_i16)
