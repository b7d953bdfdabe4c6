/*
 * check_conv.c: every conv2d row of kernels.def against its scalar twin, bit by bit: shapes around
 * every tile and group border, parts of the output, values that are hard on float arithmetic.
 */
#include "tests/kernels/harness.h"

struct conv_case {
    int ic[4];         /* channel counts of the concatenated inputs, ends with 0 */
    int oc, k, stride, dil, pad, h, w, up;
    bool bordered;     /* ic[0] channels, 1 or 3, side by side; the padding stored */
    bool bias, res, at_end, part;
    enum data_kind kind;
    struct sn_activation act;
    uint64_t seed;
};

struct conv_data {
    struct planes x, res, y, want;
    struct sn_guard wg, bg;
    struct sn_conv2d p;
    struct sn_conv_span span;
};

static const char *describe(const struct conv_case *c, const struct sn_conv_span *s)
{
    static char text[320];

    (void)snprintf(text, sizeof text,
                   "ic %d+%d+%d bordered %d oc %d k %d stride %d dil %d pad %d, %d x %d, up %d, bias %d res %d act %d at_end %d data %d, "
                   "groups %d..%d pixels %d..%d, seed %llu", c->ic[0], c->ic[1], c->ic[2], c->bordered, c->oc, c->k, c->stride, c->dil, c->pad,
                   c->h, c->w, c->up, c->bias, c->res, (int)c->act.kind, c->at_end, (int)c->kind, s->g0, s->g1, s->p0, s->p1,
                   (unsigned long long)c->seed);
    return text;
}

static int out_size(int in, const struct conv_case *c)
{
    return (in + 2 * c->pad - c->dil * (c->k - 1) - 1) / c->stride + 1;
}

static void choose_span(struct conv_data *d, const struct conv_case *c, struct sn_rng *r)
{
    int groups = d->p.groups * c->up * c->up, pixels = d->p.oh * d->p.ow;

    d->span = (struct sn_conv_span){ 0, groups, 0, pixels };
    if (!c->part)
        return;
    d->span.g0 = rnd(r, 0, groups - 1);
    d->span.g1 = rnd(r, d->span.g0, groups);
    d->span.p0 = rnd(r, 0, pixels - 1);
    d->span.p1 = rnd(r, d->span.p0, pixels);
}

static void conv_setup(struct conv_data *d, const struct conv_case *c)
{
    struct sn_rng r = { c->seed };
    int oh = out_size(c->h, c), ow = out_size(c->w, c), groups = (c->oc + SN_GROUP - 1) / SN_GROUP;
    size_t ic = (size_t)(c->ic[0] + c->ic[1] + c->ic[2]), k = ic * (size_t)(c->k * c->k), out = (size_t)(oh * ow * c->up * c->up);
    size_t nw = k * (size_t)(groups * c->up * c->up) * SN_GROUP, nb = (size_t)groups * SN_GROUP;
    float *w, *b;

    *d = (struct conv_data){ 0 };
    if (c->bordered) {
        size_t row = (size_t)(c->w + 2 * c->pad) * ic;

        d->x = (struct planes){ .n = 1, .floats = (size_t)(c->h + 2 * c->pad) * row };
        d->x.lanes[0] = (uint8_t)ic;
        d->x.p[0] = guarded(&d->x.g[0], d->x.floats, c->at_end);
        memset(d->x.p[0], 0, d->x.floats * sizeof(float));
        for (int y = 0; y < c->h; y++)
            fill(&r, c->kind, false, (float *)d->x.p[0] + (size_t)(y + c->pad) * row + (size_t)c->pad * ic, (size_t)c->w * ic);
    } else {
        planes_alloc(&d->x, c->ic, (size_t)(c->h * c->w), c->at_end);
        planes_fill(&d->x, &r, c->kind, false);
    }
    planes_alloc(&d->y, (const int[]){ c->oc, 0 }, out, c->at_end);
    planes_alloc(&d->want, (const int[]){ c->oc, 0 }, out, c->at_end);
    if (c->res) {
        planes_alloc(&d->res, (const int[]){ c->oc, 0 }, out, c->at_end);
        planes_fill(&d->res, &r, c->kind, false);
    }
    w = guarded(&d->wg, nw, c->at_end);
    /* the contract's weights are finite: taps in the padding may be multiplied by +0 or left out */
    fill(&r, c->kind, true, w, nw);
    for (size_t i = 0; i < nw; i++) /* output channels that do not exist */
        if (i / (k * SN_GROUP) % (size_t)groups * SN_GROUP + i % SN_GROUP >= (size_t)c->oc)
            w[i] = 0;
    b = guarded(&d->bg, nb, c->at_end);
    fill(&r, c->kind, false, b, nb);
    for (size_t i = (size_t)c->oc; i < nb; i++)
        b[i] = 0;
    d->p = (struct sn_conv2d){
        .x = (const void *const *)d->x.p, .lanes = d->x.lanes, .planes = d->x.n, .w = w, .group_stride = k * SN_GROUP,
        .bias = c->bias ? b : NULL, .res = c->res ? (const void *const *)d->res.p : NULL, .y = d->y.p,
        .oc = c->oc, .groups = groups, .up = c->up, .ih = c->h, .iw = c->w, .oh = oh, .ow = ow,
        .kh = c->k, .kw = c->k, .stride = c->stride, .dil = c->dil, .pad_h = c->pad, .pad_w = c->pad, .bordered = c->bordered, .act = c->act,
    };
    choose_span(d, c, &r);
}

static void conv_free(struct conv_data *d)
{
    planes_free(&d->x);
    planes_free(&d->res);
    planes_free(&d->y);
    planes_free(&d->want);
    sn_guard_free(&d->wg);
    sn_guard_free(&d->bg);
}

/* Whether the span covers this pixel of this output plane. */
static bool covered(const struct conv_data *d, int plane, int pixel)
{
    const struct sn_conv2d *p = &d->p;
    int width = p->ow * p->up, y = pixel / width, x = pixel % width;
    int quad = p->up == 2 ? y % 2 * 2 + x % 2 : 0, at = y / p->up * p->ow + x / p->up;
    int group = quad * p->groups + plane * SN_LANES / SN_GROUP;

    return group >= d->span.g0 && group < d->span.g1 && at >= d->span.p0 && at < d->span.p1;
}

/* A run leaves what is outside its span alone. */
static void check_untouched(const struct conv_data *d, const char *name, const struct conv_case *c)
{
    unsigned char pattern[SN_LANES * sizeof(float)];

    memset(pattern, UNTOUCHED, sizeof pattern);
    for (int i = 0; i < d->y.n; i++)
        for (int px = 0; px < d->p.oh * d->p.ow * d->p.up * d->p.up; px++)
            if (!covered(d, i, px))
                ck_assert_msg(memcmp((const float *)d->y.p[i] + (size_t)px * SN_LANES, pattern, sizeof pattern) == 0,
                              "%s wrote plane %d pixel %d outside its span: %s", name, i, px, describe(c, &d->span));
}

/* A result in the place of its residual: the same, and what is outside the span stays the residual. */
static void check_in_place(struct conv_data *d, const char *name, sn_conv2d_fn *fn, const struct conv_case *c)
{
    for (int k = 0; k < d->y.n; k++)
        memcpy(d->y.p[k], d->res.p[k], d->y.floats * sizeof(float));
    d->p.res = (const void *const *)d->y.p;
    fn(&d->p, &d->span);
    d->p.res = (const void *const *)d->res.p;
    for (int k = 0; k < d->y.n; k++)
        for (int px = 0; px < d->p.oh * d->p.ow * d->p.up * d->p.up; px++) {
            const struct planes *want = covered(d, k, px) ? &d->want : &d->res;
            size_t at = (size_t)px * SN_LANES;

            ck_assert_msg(differs((float *)d->y.p[k] + at, (float *)want->p[k] + at, SN_LANES) < 0, "%s in place, plane %d pixel %d: %s", name, k, px,
                          describe(c, &d->span));
        }
}

static void check_rows(struct conv_data *d, const struct conv_case *c)
{
    for (int i = 0; i < conv2d_count; i++) {
        planes_reset(&d->y);
        conv2d_rows[i].fn(&d->p, &d->span);
        check_untouched(d, conv2d_rows[i].name, c);
        for (int k = 0; k < d->y.n; k++) {
            long at = differs(d->y.p[k], d->want.p[k], d->y.floats);

            ck_assert_msg(at < 0, "%s, plane %d element %ld: %a, the twin has %a: %s", conv2d_rows[i].name, k, at,
                          (double)((float *)d->y.p[k])[at], (double)((float *)d->want.p[k])[at], describe(c, &d->span));
        }
        if (c->res)
            check_in_place(d, conv2d_rows[i].name, conv2d_rows[i].fn, c);
    }
}

static void run_case(const struct conv_case *c)
{
    struct conv_data d;

    conv_setup(&d, c);
    planes_reset(&d.want);
    d.p.y = d.want.p;
    sn_conv2d_ref(&d.p, &d.span);
    d.p.y = d.y.p;
    check_rows(&d, c);
    if (middle_tap(&d.p)) /* the same as a 1x1 */
        check_rows(&d, c);
    conv_free(&d);
}

/* Cases cost about a nanosecond per multiplication in the twin: keep each below a few milliseconds. */
#define MAX_MACS 1500000.0

static double macs(const struct conv_case *c)
{
    return (double)out_size(c->h, c) * out_size(c->w, c) * (c->ic[0] + c->ic[1] + c->ic[2]) * c->k * c->k *
           ((c->oc + 31) / 32 * 32) * c->up * c->up;
}

static struct conv_case random_case(struct sn_rng *r)
{
    static const int ocs[] = { 1, 15, 16, 17, 31, 32, 33, 64, 80, 96 }, ics[] = { 1, 3, 15, 16, 17, 64, 65, 130 };
    static const int concats[][4] = { { 15, 17 }, { 1, 1, 1 }, { 64, 3 }, { 3, 64 }, { 33, 31 }, { 16, 48, 16 }, { 50, 50, 50 } };
    static const int ks[] = { 1, 1, 3, 3, 3, 5, 7 };

    for (;;) {
        struct conv_case c = { .oc = PICK(r, ocs), .k = PICK(r, ks), .stride = rnd(r, 1, 3), .dil = rnd(r, 0, 3) ? 1 : rnd(r, 2, 6),
                               .h = rnd(r, 1, 12), .w = rnd(r, 1, 40), .up = 1, .bias = rnd(r, 0, 1), .res = rnd(r, 0, 1),
                               .at_end = rnd(r, 0, 3) != 0, .part = rnd(r, 0, 1), .kind = (enum data_kind)rnd(r, 0, DATA_KINDS - 1),
                               .act = rnd_act(r), .seed = sn_rng_next(r) };

        if (rnd(r, 0, 2))
            c.ic[0] = PICK(r, ics);
        else
            memcpy(c.ic, PICK(r, concats), sizeof c.ic);
        if (c.ic[0] <= 3 && c.ic[1] == 0) {
            c.bordered = rnd(r, 0, 1) && c.stride <= 2 && c.dil == 1;
            c.ic[0] = c.bordered ? rnd(r, 0, 1) * 2 + 1 : c.ic[0];
        }
        if (c.k == 1 && rnd(r, 0, 2) == 0) { /* as the planner does: the image as one long row */
            c.w *= c.h;
            c.h = 1;
        }
        if (c.k == 1 && !c.bordered && rnd(r, 0, 2) == 0) {
            c.up = 2;
            c.stride = 1;
            c.res = false;
        }
        c.pad = rnd(r, 0, 3) ? c.dil * (c.k - 1) / 2 : rnd(r, 0, c.dil * (c.k - 1));
        if (c.k > 1 && c.stride == 1 && !c.bordered && rnd(r, 0, 5) == 0) { /* the middle tap sees the image, the others padding */
            c.dil = SN_MAX(c.h, c.w) + rnd(r, 0, 2);
            c.pad = c.dil * (c.k - 1) / 2;
        }
        if (out_size(c.h, &c) >= 1 && out_size(c.w, &c) >= 1 && c.h + 2 * c.pad > c.dil * (c.k - 1) &&
            c.w + 2 * c.pad > c.dil * (c.k - 1) && macs(&c) <= MAX_MACS)
            return c;
    }
}

#define BATCHES 8
#define PER_BATCH 250

START_TEST(test_random_shapes)
{
    struct sn_rng r = { 0xC0417000u + (uint64_t)_i };

    for (int i = 0; i < PER_BATCH; i++) {
        struct conv_case c = random_case(&r);

        run_case(&c);
    }
}
END_TEST

/* Every width up to three tiles and a rest, each kind of data: tile borders, balanced remainders. */
START_TEST(test_every_width)
{
    enum data_kind kind = (enum data_kind)_i;

    for (int w = 1; w <= 48; w++)
        for (int k = 1; k <= 3; k += 2)
            for (int stride = 1; stride <= 2; stride++) {
                struct conv_case c = { .ic = { 19 }, .oc = 33, .k = k, .stride = stride, .dil = 1, .pad = k / 2, .h = 2, .w = w, .up = 1,
                                       .bias = true, .at_end = true, .kind = kind, .act = { SN_ACT_RELU, 0 },
                                       .seed = (uint64_t)(w * 8 + k * 2 + stride) };

                run_case(&c);
            }
}
END_TEST

/* Every output channel count around the borders of lanes and groups with every input remainder. */
START_TEST(test_every_channel_remainder)
{
    static const int ocs[] = { 1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65 };

    for (size_t i = 0; i < SN_COUNT(ocs); i++)
        for (int ic = 1; ic <= 68; ic += ic < 18 || ic > 62 ? 1 : 7) {
            struct conv_case c = { .ic = { ic }, .oc = ocs[i], .k = 1, .stride = 1, .dil = 1, .h = 1, .w = 9, .up = 1, .res = true,
                                   .bias = ic % 2 == 0, .at_end = true, .kind = ic % 3 ? DATA_INTEGER : DATA_UNIT,
                                   .seed = (uint64_t)(ic * 100 + ocs[i]) };

            run_case(&c);
        }
}
END_TEST

/* Dilations at which some taps, whole rows of taps, or all but the middle one lie outside. */
START_TEST(test_dilation_past_the_edge)
{
    for (int dil = 1; dil <= 14; dil++)
        for (int h = 1; h <= 9; h += 4)
            for (int w = 1; w <= 29; w += 7)
                for (int stride = 1; stride <= 2; stride++) {
                    struct conv_case c = { .ic = { 17 }, .oc = 17, .k = 3, .stride = stride, .dil = dil, .pad = dil, .h = h, .w = w,
                                           .up = 1, .bias = true, .at_end = true, .kind = (enum data_kind)(dil % DATA_KINDS),
                                           .act = { SN_ACT_LEAKY, 0.01f }, .seed = (uint64_t)(dil * 1000 + h * 100 + w * 2 + stride) };

                    run_case(&c);
                }
}
END_TEST

START_TEST(test_transposed)
{
    static const int ocs[] = { 1, 16, 17, 33, 64 };

    for (size_t i = 0; i < SN_COUNT(ocs); i++)
        for (int w = 1; w <= 17; w++) {
            struct conv_case c = { .ic = { 65 }, .oc = ocs[i], .k = 1, .stride = 1, .dil = 1, .h = 3, .w = w, .up = 2, .bias = w % 2,
                                   .at_end = true, .part = w % 3 == 0, .kind = (enum data_kind)(w % DATA_KINDS),
                                   .seed = (uint64_t)(w * 100 + ocs[i]) };

            run_case(&c);
        }
}
END_TEST

/* A unit of work may be any part: parts put together are the whole. */
START_TEST(test_parts_make_the_whole)
{
    struct conv_case c = { .ic = { 50, 50 }, .oc = 70, .k = 3, .stride = 1, .dil = 1, .pad = 1, .h = 7, .w = 23, .up = 1, .bias = true,
                           .res = true, .at_end = true, .kind = DATA_UNIT, .act = { SN_ACT_RELU, 0 }, .seed = 7 };
    struct conv_data d;

    for (int i = 0; i < conv2d_count; i++)
        for (int step = 1; step <= 161; step += 32) {
            conv_setup(&d, &c);
            planes_reset(&d.y);
            d.p.y = d.want.p;
            sn_conv2d_ref(&d.p, &d.span);
            d.p.y = d.y.p;
            for (int g = 0; g < d.p.groups; g++)
                for (int p = 0; p < d.p.oh * d.p.ow; p += step) {
                    struct sn_conv_span s = { g, g + 1, p, SN_MIN(p + step, d.p.oh * d.p.ow) };

                    conv2d_rows[i].fn(&d.p, &s);
                }
            for (int k = 0; k < d.y.n; k++)
                ck_assert_msg(differs(d.y.p[k], d.want.p[k], d.y.floats) < 0, "%s in parts of %d pixels", conv2d_rows[i].name, step);
            conv_free(&d);
        }
}
END_TEST

/* The comparison itself: a wrong bit, a wrong tap and a stray byte are seen. */
START_TEST(test_differences_are_seen)
{
    struct conv_case c = { .ic = { 130 }, .oc = 17, .k = 3, .stride = 1, .dil = 1, .pad = 1, .h = 5, .w = 6, .up = 1, .at_end = true,
                           .kind = DATA_INTEGER, .seed = 3 };
    struct conv_data d;
    float *y, *w;

    conv_setup(&d, &c);
    sn_conv2d_ref(&d.p, &d.span);
    d.p.y = d.want.p;
    sn_conv2d_ref(&d.p, &d.span);
    ck_assert_int_eq(differs(d.y.p[0], d.want.p[0], d.y.floats), -1);
    y = d.y.p[0];
    y[5] = nextafterf(y[5], INFINITY);
    ck_assert_int_eq(differs(d.y.p[0], d.want.p[0], d.y.floats), 5);
    w = (float *)d.wg.data + (130 * 9 - 1) * SN_GROUP; /* the last tap of the last channel, output channel 0 */
    w[0] += 1;
    sn_conv2d_ref(&d.p, &d.span);
    ck_assert_int_ge(differs(d.y.p[0], d.want.p[0], d.y.floats), 0);
    conv_free(&d);
}
END_TEST

static Suite *suite_conv(void)
{
    Suite *s = suite_create("conv");
    TCase *t = tcase_create("conv2d");

    rows_init();
    tcase_set_timeout(t, 300);
    tcase_add_test(t, test_differences_are_seen);
    tcase_add_loop_test(t, test_every_width, 0, DATA_KINDS);
    tcase_add_test(t, test_every_channel_remainder);
    tcase_add_test(t, test_dilation_past_the_edge);
    tcase_add_test(t, test_transposed);
    tcase_add_test(t, test_parts_make_the_whole);
    tcase_add_loop_test(t, test_random_shapes, 0, BATCHES);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_conv)
