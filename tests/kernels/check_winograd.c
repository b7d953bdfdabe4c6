/*
 * check_winograd.c: the three parts of the Winograd convolution, each row of kernels.def against
 * its twin bit by bit; and the twins, put together, against the direct convolution in double.
 */
#include "tests/kernels/harness.h"

struct wino_case {
    int ic[4];
    int oc, dil, h, w, piece; /* piece: the kind of the big ones */
    bool mixed;
    bool bias, res, at_end, part;
    bool up; /* some planes are interpolated from smaller ones */
    enum data_kind kind;
    struct sn_activation act;
    uint64_t seed;
};

struct wino_data {
    struct planes x, res, y, want, pool, want_pool; /* pool: of no planes, where the case has none */
    struct smaller smaller;
    struct sn_guard ug, bg, vg, mg, cg, wantv; /* cg: one chunk's transformed weights */
    float *w;          /* [chunk][3][3][lanes][32] of every group */
    int32_t *start;    /* the pieces of the rows, then of the columns */
    size_t k;          /* input channels */
    struct sn_winograd p;
    struct sn_winograd_span span;
    int tiles;
};

static const char *describe(const struct wino_case *c, const struct sn_winograd_span *s)
{
    static char text[240];

    (void)snprintf(text, sizeof text, "ic %d+%d+%d oc %d dil %d, %d x %d, pieces of kind %d mixed %d, bias %d res %d act %d up %d at_end %d data %d, tiles %d..%d planes %d..%d, seed %llu",
                   c->ic[0], c->ic[1], c->ic[2], c->oc, c->dil, c->h, c->w, c->piece, c->mixed, c->bias, c->res, (int)c->act.kind, c->up, c->at_end, (int)c->kind,
                   s->t0, s->t1, s->c0, s->c1, (unsigned long long)c->seed);
    return text;
}

/* The twin's transform of every group's weights, chunk by chunk. */
static void transform(struct wino_data *d, sn_winograd_weights_fn *fn, float *u)
{
    const float *w = d->w;

    for (int g = 0; g < (d->p.oc + SN_GROUP - 1) / SN_GROUP; g++)
        for (int c0 = 0; c0 < d->x.n; c0 += SN_CHUNK) {
            struct sn_winograd_weights t = { .w = w, .u = u, .stride = d->p.u_stride, .points = sn_piece_points(d->p.kind) };

            for (int c = c0; c < SN_MIN(c0 + SN_CHUNK, d->x.n); c++)
                t.n += (size_t)d->x.lanes[c] * SN_GROUP;
            fn(&t);
            w += 9 * t.n;
            u += t.n;
        }
}

static void wino_setup(struct wino_data *d, const struct wino_case *c)
{
    struct sn_rng r = { c->seed };
    size_t groups = ((size_t)c->oc + SN_GROUP - 1) / SN_GROUP, k = (size_t)(c->ic[0] + c->ic[1] + c->ic[2]), pixels = (size_t)(c->h * c->w);
    int32_t *start = malloc((size_t)(c->h + c->w) * sizeof *start);
    int n;
    size_t nv, positions;
    float *b;

    *d = (struct wino_data){ .k = k, .start = start };
    planes_alloc(&d->x, c->ic, pixels, c->at_end);
    planes_fill(&d->x, &r, c->kind, false);
    planes_alloc(&d->y, (const int[]){ c->oc, 0 }, pixels, c->at_end);
    planes_alloc(&d->want, (const int[]){ c->oc, 0 }, pixels, c->at_end);
    if (c->piece == 4 && !c->mixed && c->dil == 1 && c->h % 2 == 0 && c->w % 2 == 0) {
        planes_alloc(&d->pool, (const int[]){ c->oc, 0 }, pixels / 4, c->at_end);
        planes_alloc(&d->want_pool, (const int[]){ c->oc, 0 }, pixels / 4, c->at_end);
    }
    if (c->res) {
        planes_alloc(&d->res, (const int[]){ c->oc, 0 }, pixels, c->at_end);
        planes_fill(&d->res, &r, c->kind, false);
    }
    d->w = malloc(groups * k * 9 * SN_GROUP * sizeof(float));
    fill(&r, c->kind, true, d->w, groups * k * 9 * SN_GROUP);
    for (size_t i = 0; i < groups * k * 9 * SN_GROUP; i++)
        if (i / (k * 9 * SN_GROUP) * SN_GROUP + i % SN_GROUP >= (size_t)c->oc)
            d->w[i] = 0;
    b = guarded(&d->bg, groups * SN_GROUP, c->at_end);
    fill(&r, c->kind, false, b, groups * SN_GROUP);
    d->p = (struct sn_winograd){ .x = (const void *const *)d->x.p, .lanes = d->x.lanes, .planes = d->x.n,
                                 .group_stride = k * SN_GROUP, .u_stride = groups * k * SN_GROUP + SN_LANES, .direct = d->w,
                                 .bias = c->bias ? b : NULL, .res = c->res ? (const void *const *)d->res.p : NULL, .y = d->y.p,
                                 .oc = c->oc, .h = c->h, .w = c->w, .dil = c->dil, .kind = c->piece, .act = c->act };
    sn_winograd_cut(c->h, c->dil, c->piece, c->mixed, &d->p.rows, start);
    sn_winograd_cut(c->w, c->dil, c->piece, c->mixed, &d->p.cols, start + c->h);
    d->tiles = d->p.rows.n * d->p.cols.n;
    positions = (size_t)sn_winograd_positions(&d->p);
    d->p.u = guarded(&d->ug, positions * d->p.u_stride, c->at_end);
    memset(d->ug.data, UNTOUCHED, positions * d->p.u_stride * sizeof(float)); /* the lines between positions */
    transform(d, sn_winograd_weights_ref, d->ug.data);
    d->span.t1 = n = d->tiles;
    if (c->part) {
        d->span.t0 = rnd(&r, 0, n - 1);
        d->span.t1 = rnd(&r, d->span.t0 + 1, n);
    }
    d->span.c1 = d->x.n;
    d->span.base = rnd(&r, 0, d->span.t0);
    sn_winograd_place(&d->p, &d->span, SN_MIN(d->span.t1 + rnd(&r, 0, 3), d->tiles));
    nv = d->span.plane * (size_t)d->x.n;
    d->span.v = guarded(&d->vg, nv, c->at_end);
    (void)guarded(&d->wantv, nv, c->at_end);
    d->span.m = guarded(&d->mg, groups * positions * ((size_t)(d->span.t1 - d->span.t0) * SN_GROUP + SN_LANES), c->at_end);
    d->span.u = guarded(&d->cg, positions * (SN_CHUNK * SN_LANES * SN_GROUP + SN_LANES), c->at_end);
    memset(d->vg.data, UNTOUCHED, nv * sizeof(float));
    memset(d->wantv.data, UNTOUCHED, nv * sizeof(float));
    if (c->up) {
        smaller_alloc(&d->smaller, &r, &d->x, c->ic, c->h, c->w, c->kind, c->at_end);
        d->p.x = d->smaller.x;
        d->p.up = d->smaller.ups;
    }
}

static void wino_free(struct wino_data *d)
{
    planes_free(&d->x);
    smaller_free(&d->smaller);
    planes_free(&d->res);
    planes_free(&d->y);
    planes_free(&d->want);
    planes_free(&d->pool);
    planes_free(&d->want_pool);
    sn_guard_free(&d->ug);
    sn_guard_free(&d->bg);
    sn_guard_free(&d->vg);
    sn_guard_free(&d->wantv);
    sn_guard_free(&d->mg);
    sn_guard_free(&d->cg);
    free(d->w);
    free(d->start);
}

static bool by_chunks(const struct wino_data *d, sn_winograd_output_fn *output)
{
    struct sn_winograd_span s = d->span;
    struct sn_winograd p = d->p;
    bool finite = true;

    for (s.c0 = 0; s.c0 < d->x.n; s.c0 = s.c1) {
        s.c1 = SN_MIN(s.c0 + SN_CHUNK, d->x.n);
        s.v = (float *)d->span.v + (size_t)s.c0 * s.plane;
        p.u = s.c0 / SN_CHUNK % 2 ? NULL : d->p.u; /* any chunk may come with plain weights */
        finite &= output(&p, &s);
    }
    return finite;
}

/* Every row, part by part: the whole buffers are compared, so a stray write shows as well. */
static void run_case(const struct wino_case *c)
{
    struct wino_data d;
    size_t nv, nu;
    int groups = (c->oc + SN_GROUP - 1) / SN_GROUP;
    float *u;

    wino_setup(&d, c);
    nv = d.span.plane * (size_t)d.x.n;
    nu = (size_t)sn_winograd_positions(&d.p) * d.p.u_stride;
    u = malloc(nu * sizeof(float));
    memset(u, UNTOUCHED, nu * sizeof(float));
    for (int i = 0; i < winograd_weights_count; i++) {
        transform(&d, winograd_weights_rows[i].fn, u);
        ck_assert_msg(differs(u, d.ug.data, nu) < 0, "%s: %s", winograd_weights_rows[i].name, describe(c, &d.span));
    }
    free(u);
    d.span.v = d.wantv.data;
    sn_winograd_input_ref(&d.p, &d.span);
    d.span.v = d.vg.data;
    if (c->up) { /* the same as interpolating first */
        struct sn_winograd plain = d.p;

        plain.x = (const void *const *)d.x.p;
        plain.up = NULL;
        sn_winograd_input_ref(&plain, &d.span);
        ck_assert_msg(differs(d.vg.data, d.wantv.data, nv) < 0, "the twin, interpolating: %s", describe(c, &d.span));
    }
    for (int i = 0; i < winograd_input_count; i++) {
        memset(d.vg.data, UNTOUCHED, nv * sizeof(float));
        winograd_input_rows[i].fn(&d.p, &d.span);
        ck_assert_msg(differs(d.vg.data, d.wantv.data, nv) < 0, "%s: %s", winograd_input_rows[i].name, describe(c, &d.span));
    }
    for (int g = 0; g < groups; g = d.span.g1) {
        bool finite;

        d.span.g0 = g;
        d.span.g1 = SN_MIN(groups, g + (c->part ? 1 : 2));
        planes_reset(&d.want);
        planes_reset(&d.want_pool);
        d.p.y = d.want.p;
        d.p.pool = d.pool.n ? d.want_pool.p : NULL;
        d.p.u = d.ug.data;
        finite = sn_winograd_output_ref(&d.p, &d.span);
        d.p.y = d.y.p;
        d.p.pool = d.pool.n ? d.pool.p : NULL;
        for (int i = 0; i < 3 * winograd_output_count; i++) { /* with the transformed weights, with the plain ones, chunk by chunk */
            int row = i % winograd_output_count, way = i / winograd_output_count;

            d.p.u = way != 1 ? d.ug.data : NULL;
            planes_reset(&d.y);
            planes_reset(&d.pool);
            ck_assert_msg((way == 2 ? by_chunks(&d, winograd_output_rows[row].fn) : winograd_output_rows[row].fn(&d.p, &d.span)) == finite, "%s says %s: %s", winograd_output_rows[row].name,
                          finite ? "not finite" : "finite", describe(c, &d.span));
            for (int k = 0; k < d.y.n; k++) {
                long at = differs(d.y.p[k], d.want.p[k], d.y.floats);

                ck_assert_msg(at < 0, "%s, group %d plane %d element %ld: %a, the twin has %a: %s", winograd_output_rows[row].name, g, k, at,
                              (double)((float *)d.y.p[k])[at], (double)((float *)d.want.p[k])[at], describe(c, &d.span));
            }
            for (int k = 0; k < d.pool.n; k++)
                ck_assert_msg(differs(d.pool.p[k], d.want_pool.p[k], d.pool.floats) < 0, "%s, group %d plane %d, pooled: %s",
                              winograd_output_rows[row].name, g, k, describe(c, &d.span));
        }
    }
    wino_free(&d);
}

static struct wino_case random_case(struct sn_rng *r)
{
    static const int ocs[] = { 1, 15, 16, 17, 31, 32, 33, 64, 80 }, ics[] = { 1, 3, 15, 16, 17, 64, 65, 100 };
    static const int concats[][4] = { { 15, 17 }, { 1, 1, 1 }, { 33, 31 }, { 16, 48, 16 }, { 50, 50 } };
    struct wino_case c = { .oc = PICK(r, ocs), .dil = rnd(r, 0, 2) ? 1 : rnd(r, 2, 4), .h = rnd(r, 1, 21), .w = rnd(r, 1, 33),
                           .piece = rnd(r, 3, 4), .mixed = rnd(r, 0, 3) != 0,
                           .bias = rnd(r, 0, 1), .res = rnd(r, 0, 1), .at_end = rnd(r, 0, 3) != 0, .part = rnd(r, 0, 1),
                           .kind = (enum data_kind)rnd(r, 0, DATA_KINDS - 1), .act = rnd_act(r), .seed = sn_rng_next(r) };

    if (rnd(r, 0, 2))
        c.ic[0] = PICK(r, ics);
    else
        memcpy(c.ic, PICK(r, concats), sizeof c.ic);
    if (rnd(r, 0, 3) == 0) { /* pooled as well */
        c.piece = 4;
        c.mixed = false;
        c.dil = 1;
        c.h += c.h % 2;
        c.w += c.w % 2;
    }
    if (rnd(r, 0, 3) == 0) { /* phases of two pixels and of one */
        c.piece = 1;
        c.mixed = true;
        c.dil = rnd(r, (SN_MAX(c.h, c.w) + 1) / 2, SN_MAX(c.h, c.w) + 1);
    }
    c.up = c.dil == 1 && rnd(r, 0, 1);
    return c;
}

START_TEST(test_random_shapes)
{
    struct sn_rng r = { 0x31060000u + (uint64_t)_i };

    for (int i = 0; i < 25; i++) {
        struct wino_case c = random_case(&r);

        run_case(&c);
    }
}
END_TEST

/* Each pixel belongs to one piece, in the fewest pieces, the big ones first and no longer than need be. */
START_TEST(test_cut)
{
    for (int n = 1; n <= 40; n++)
        for (int dil = 1; dil <= 15; dil++)
            for (int kind = n <= 2 * dil ? 1 : 3; kind <= 4; kind += kind == 1 ? 2 : 1)
                for (int mixed = kind == 1; mixed < 2; mixed++) {
                    struct sn_winograd_axis a, counted;
                    int32_t start[40];
                    int times[40] = { 0 }, least = 0, over = 0, size = sn_piece_outputs(kind);

                    sn_winograd_cut(n, dil, kind, mixed, &a, start);
                    sn_winograd_cut(n, dil, kind, mixed, &counted, NULL);
                    ck_assert(counted.n == a.n && counted.big == a.big && (mixed || a.big == a.n));
                    for (int i = 0; i < a.n; i++)
                        for (int k = 0; k < (i < a.big ? size : size - 1); k++) {
                            int pixel = start[i] + k * dil;

                            if (pixel < n)
                                times[pixel]++;
                            else
                                over++;
                        }
                    for (int i = 0; i < n; i++)
                        ck_assert_msg(times[i] == 1, "%d pixels, dilation %d, pieces of %d: pixel %d is in %d", n, dil, size, i, times[i]);
                    for (int phase = 0; phase < SN_MIN(dil, n); phase++)
                        least += ((n - phase + dil - 1) / dil + size - 1) / size;
                    ck_assert_int_eq(a.n, least);
                    ck_assert(over == 0 || (kind != 1 && (!mixed || a.big == 0 || dil > 1)));
                }
}
END_TEST

/* Every mix of pieces of up to four of either kind, with every register tile that makes. */
START_TEST(test_every_mix)
{
    for (int h = 1; h <= 13; h++)
        for (int w = 1; w <= 14; w++)
            for (int dil = 1; dil <= 3; dil++) {
                static const int kinds[] = { 4, 3, 1 };
                struct wino_case c = { .ic = { 18 }, .oc = 17, .dil = dil, .h = h, .w = w, .piece = kinds[_i], .mixed = true, .bias = true,
                                       .at_end = true, .part = (h + w) % 3 == 0, .kind = DATA_UNIT, .act = { SN_ACT_RELU, 0 },
                                       .seed = (uint64_t)(h * 64 + w * 4 + dil) };

                if (c.piece == 1)
                    c.dil = (SN_MAX(h, w) + 1) / 2 + dil - 1;
                c.up = c.dil == 1 && (h + w) % 2 == 0;
                run_case(&c);
            }
}
END_TEST

/* Every number of tiles around the register tiles' borders. */
START_TEST(test_every_tile_count)
{
    for (int w = 1; w <= 124; w += 4) {
        struct wino_case c = { .ic = { 17 }, .oc = 33, .dil = 1, .h = 4, .w = w, .piece = 4, .bias = true, .at_end = true, .up = w % 8 == 1,
                               .kind = DATA_UNIT, .act = { SN_ACT_RELU, 0 }, .seed = (uint64_t)w };

        run_case(&c);
    }
}
END_TEST

/*
 * The twins together against plain loops in double: half an ulp of what enters a sum, times
 * what the transforms amplify, stays below 1e-6 of sum |x w| (5e-7 measured); a wrong tap or sign would be of its order.
 */
START_TEST(test_against_double)
{
    static const int kinds[] = { 4, 4, 3, 1 }; /* the first of big pieces only */
    struct wino_case c = { .ic = { 20, 50 }, .oc = 40, .dil = (_i < 9 ? 1 : 12) + _i % 3, .h = 18, .w = 23, .piece = kinds[_i / 3], .mixed = _i >= 3, .bias = true, .at_end = true, .kind = DATA_UNIT,
                           .seed = 99 + (uint64_t)_i };
    struct wino_data d;
    double worst = 0;

    wino_setup(&d, &c);
    sn_winograd_input_ref(&d.p, &d.span);
    d.span.g1 = 2;
    ck_assert(sn_winograd_output_ref(&d.p, &d.span));
    for (int o = 0; o < c.oc; o++)
        for (int y = 0; y < c.h; y++)
            for (int x = 0; x < c.w; x++) {
                const float *w = d.w + (size_t)(o / SN_GROUP) * d.k * 9 * SN_GROUP + o % SN_GROUP;
                double sum = (double)((const float *)d.bg.data)[o], size = fabs(sum);

                for (int c0 = 0; c0 < d.x.n; c0 += SN_CHUNK)
                    for (int tap = 0; tap < 9; tap++)
                        for (int p = c0; p < SN_MIN(c0 + SN_CHUNK, d.x.n); p++)
                            for (int l = 0; l < d.x.lanes[p]; l++, w += SN_GROUP) {
                                int iy = y + (tap / 3 - 1) * c.dil, ix = x + (tap % 3 - 1) * c.dil;

                                if (iy >= 0 && iy < c.h && ix >= 0 && ix < c.w) {
                                    double v = (double)*w * (double)((const float *)d.x.p[p])[(iy * c.w + ix) * SN_LANES + l];

                                    sum += v;
                                    size += fabs(v);
                                }
                            }
                worst = fmax(worst, fabs(sum - (double)((const float *)d.y.p[o / SN_LANES])[(y * c.w + x) * SN_LANES + o % SN_LANES]) / size);
            }
    ck_assert_msg(worst < 1e-6, "error %g of sum |x w|", worst);
    wino_free(&d);
}
END_TEST

static Suite *suite_winograd(void)
{
    Suite *s = suite_create("winograd");
    TCase *t = tcase_create("winograd");

    rows_init();
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, test_against_double, 0, 12);
    tcase_add_test(t, test_cut);
    tcase_add_loop_test(t, test_every_mix, 0, 3);
    tcase_add_test(t, test_every_tile_count);
    tcase_add_loop_test(t, test_random_shapes, 0, 8);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_winograd)
