/* check_surface.c: distance transform, boundary distances in three packages' ways, overlap of masks. */
#include "io/io.h"
#include "stats/surface.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct sn_error err;
static const double unit[2] = { 1, 1 };

static void near(double got, double expected, double relative, const char *what)
{
    ck_assert_msg(got == expected || fabs(got - expected) <= relative * fabs(expected), "%s: %.17g, expected %.17g", what,
                  got, expected);
}

/* ---- the transform ------------------------------------------------------------------------------------ */

/* Every pixel against every feature. */
static double brute(const uint8_t *f, int w, int h, const double s[2], int x, int y)
{
    double best = INFINITY;

    for (int v = 0; v < h; v++)
        for (int u = 0; u < w; u++)
            if (f[v * w + u]) {
                double dy = (v - y) * s[0], dx = (u - x) * s[1];

                best = SN_MIN(best, sqrt(dy * dy + dx * dx));
            }
    return best;
}

START_TEST(transform_equals_brute_force)
{
    static const double spacings[][2] = { { 1, 1 }, { 0.5, 0.2 }, { 0.07, 0.07 }, { 3, 0.01 }, { 0.1234, 0.777 } };
    struct sn_rng rng = { 77 };

    for (int round = 0; round < 300; round++) {
        int w = 1 + (int)sn_rng_below(&rng, 24), h = 1 + (int)sn_rng_below(&rng, 24);
        const double *s = spacings[round % 5];
        double density = pow(sn_rng_uniform(&rng), 3);
        uint8_t f[24 * 24];
        double d[24 * 24];

        for (int i = 0; i < w * h; i++)
            f[i] = sn_rng_uniform(&rng) < density;
        sn_ck_ok(sn_distance_transform(f, w, h, s, d, &err), &err);
        for (int i = 0; i < w * h; i++) {
            double expected = brute(f, w, h, s, i % w, i / w);

            ck_assert_msg(d[i] == expected || fabs(d[i] - expected) <= 1e-14 * expected, "round %d, %d,%d: %.17g not %.17g",
                          round, i % w, i / w, d[i], expected);
            if (s[0] == 1)
                ck_assert(d[i] == expected);
        }
    }
}
END_TEST

START_TEST(transform_refuses)
{
    uint8_t f[1] = { 1 };
    double d[1];

    sn_ck_fails(sn_distance_transform(f, 0, 1, unit, d, &err), SN_EINVAL, &err, "0x1 pixels");
    sn_ck_fails(sn_distance_transform(f, 1, 70000, unit, d, &err), SN_EINVAL, &err, "1x70000 pixels");
    sn_ck_fails(sn_distance_transform(f, 1, 1, (double[]){ 1, 0 }, d, &err), SN_EINVAL, &err, "spacing of 0 mm");
    sn_ck_fails(sn_distance_transform(f, 1, 1, (double[]){ NAN, 1 }, d, &err), SN_EINVAL, &err, "spacing of nan mm");
    sn_ck_fails(sn_distance_transform(f, 1, 1, (double[]){ 1, INFINITY }, d, &err), SN_EINVAL, &err, "spacing of inf mm");
}
END_TEST

/* ---- against numpy and scipy ----------------------------------------------------------------------------- */

static double field(const struct sn_json_value *v, const char *key)
{
    const struct sn_json_value *x = sn_json_get(v, key);

    ck_assert_msg(x && x->type == SN_JSON_NUMBER, "no number '%s'", key);
    return x->number;
}

static uint8_t *unpack(const char *hex, size_t n)
{
    uint8_t *mask = malloc(n);

    ck_assert_ptr_nonnull(mask);
    for (size_t i = 0; i < n; i++) {
        char c = hex[i / 4];
        int v = c <= '9' ? c - '0' : c - 'a' + 10;

        mask[i] = (uint8_t)(v >> (3 - i % 4) & 1);
    }
    return mask;
}

static void variant(const struct sn_json_value *c, const char *name, const uint8_t *m, const uint8_t *a, int w, int h,
                    const double s[2])
{
    const struct sn_json_value *v = sn_json_get(c, name);
    const char *title = sn_json_get(c, "name")->string;
    enum sn_surface_variant which;
    struct sn_surface got;
    char what[120];

    ck_assert(sn_surface_parse(name, &which));
    sn_ck_ok(sn_mask_surface(m, a, w, h, s, which, field(c, "tau"), &got, &err), &err);
    (void)snprintf(what, sizeof what, "%s, %s, spacing %g", title, name, s[0]);
    /* of 3-4-5 and 0-5-5 scipy may take the other one: with spacings that round, one unit in the last place */
    near(got.hd, field(v, "hd"), s[0] == 1 ? 0 : 2.3e-16, what);
    near(got.hd95, field(v, "hd95"), s[0] == 1 ? 0 : 2.3e-16, what);
    near(got.assd, field(v, "assd"), s[0] == 1 ? 0 : 4.5e-16, what);
    near(got.nsd, field(v, "nsd"), 0, what);
}

START_TEST(packages)
{
    struct sn_json_doc doc;
    size_t n = 0;

    sn_ck_ok(sn_json_read(sn_test_file("tests/unit/data/surface.json"), &doc, &err), &err);
    for (const struct sn_json_value *c = sn_json_get(doc.root, "cases")->first; c; c = c->next, n++) {
        int w = (int)field(c, "w"), h = (int)field(c, "h");
        uint8_t *m = unpack(sn_json_get(c, "manual")->string, (size_t)w * (size_t)h);
        uint8_t *a = unpack(sn_json_get(c, "automatic")->string, (size_t)w * (size_t)h);
        const struct sn_json_value *s = sn_json_get(c, "spacing")->first, *o = sn_json_get(c, "overlap");
        double spacing[2] = { s->number, s->next->number };
        const char *title = sn_json_get(c, "name")->string;
        struct sn_overlap got;

        variant(c, "monai", m, a, w, h, spacing);
        variant(c, "deepmind", m, a, w, h, spacing);
        variant(c, "medpy", m, a, w, h, spacing);
        sn_ck_ok(sn_mask_overlap(m, a, w, h, spacing, SN_EMPTY_ONE, &got, &err), &err);
        near(got.dice, field(o, "dice"), 0, title);
        near(got.iou, field(o, "iou"), 0, title);
        near(got.box_iou, field(o, "box_iou"), 0, title);
        near(got.boundary_iou, field(o, "boundary_iou"), 0, title);
        near(got.area_error, field(o, "area_error"), 0, title);
        ck_assert_double_eq_tol(got.centroid_mm, field(o, "centroid_mm"), 1e-12);
        near(got.length_manual, field(o, "length_manual"), 1e-14, title); /* scipy subtracts coordinates that are rounded */
        near(got.length_automatic, field(o, "length_automatic"), 1e-14, title); /* scipy subtracts coordinates that are rounded */
        free(m);
        free(a);
    }
    ck_assert_uint_ge(n, 50);
    sn_json_doc_free(&doc);
}
END_TEST

/*
 * What DeepMind's own tests state of their package (surface_distance_test.py): two pixels two columns apart
 * with spacing (2, 1), and two squares one of which is a row longer.
 */
START_TEST(deepmind_published)
{
    uint8_t a[128 * 128] = { 0 }, b[128 * 128] = { 0 };
    const double s[2] = { 2, 1 };
    struct sn_surface got;

    a[50 * 128 + 70] = b[50 * 128 + 72] = 1;
    sn_ck_ok(sn_mask_surface(a, b, 128, 128, s, SN_SURFACE_DEEPMIND, 1, &got, &err), &err);
    near(got.asd_manual, 1.5, 0, "asd");
    near(got.asd_automatic, 1.5, 0, "asd");
    near(got.hd, 2, 0, "hd");
    near(got.hd95, 2, 0, "hd95");
    near(got.nsd, 0.5, 0, "nsd");
    ck_assert_uint_eq(got.n_manual, 4);
}
END_TEST

/* ---- empty masks ------------------------------------------------------------------------------------------ */

START_TEST(empty_masks)
{
    static const enum sn_surface_variant all[] = { SN_SURFACE_MONAI, SN_SURFACE_DEEPMIND, SN_SURFACE_MEDPY };
    uint8_t none[30] = { 0 }, some[30] = { 0 };
    struct sn_surface s;
    struct sn_overlap o;

    some[7] = 255;
    for (size_t i = 0; i < 3; i++) {
        sn_ck_ok(sn_mask_surface(none, none, 6, 5, unit, all[i], 1, &s, &err), &err);
        ck_assert(isnan(s.assd) && isnan(s.nsd) && isnan(s.asd_manual));
        ck_assert(all[i] == SN_SURFACE_DEEPMIND ? isinf(s.hd) && isinf(s.hd95) : isnan(s.hd) && isnan(s.hd95));
        sn_ck_ok(sn_mask_surface(some, none, 6, 5, unit, all[i], 1, &s, &err), &err);
        if (all[i] == SN_SURFACE_MEDPY)
            ck_assert(isnan(s.hd) && isnan(s.hd95) && isnan(s.assd) && isnan(s.nsd));
        else
            ck_assert(isinf(s.hd) && isinf(s.hd95) && isinf(s.assd) && s.nsd == 0 && isinf(s.asd_manual) && isnan(s.asd_automatic));
        ck_assert_uint_eq(s.n_automatic, 0);
    }
    for (int rule = SN_EMPTY_ONE; rule <= SN_EMPTY_IGNORE; rule++) {
        enum sn_empty_rule back;

        ck_assert(sn_empty_parse(sn_empty_name((enum sn_empty_rule)rule), &back) && (int)back == rule);
        sn_ck_ok(sn_mask_overlap(none, none, 6, 5, unit, back, &o, &err), &err);
        ck_assert(rule == SN_EMPTY_ONE ? o.dice == 1 && o.iou == 1 && o.box_iou == 1 : isnan(o.dice) && isnan(o.iou));
        sn_ck_ok(sn_mask_overlap(some, none, 6, 5, unit, back, &o, &err), &err);
        ck_assert(o.dice == 0 && o.boundary_iou == 0 && o.area_error == -1 && isnan(o.centroid_mm));
        sn_ck_ok(sn_mask_overlap(none, some, 6, 5, unit, back, &o, &err), &err);
        ck_assert(rule == SN_EMPTY_IGNORE ? isnan(o.dice) : o.dice == 0);
        ck_assert(isnan(o.area_error) && o.length_manual == 0 && o.length_automatic == 1);
    }
    ck_assert(!sn_empty_parse("zero", &(enum sn_empty_rule){ 0 }));
    ck_assert(!sn_surface_parse("MONAI", &(enum sn_surface_variant){ 0 }));
    sn_ck_fails(sn_mask_surface(some, some, 6, 5, unit, SN_SURFACE_MONAI, -1, &s, &err), SN_EINVAL, &err, "tolerance of -1");
    sn_ck_fails(sn_mask_overlap(some, some, 6, 5, (double[]){ -1, 1 }, SN_EMPTY_ONE, &o, &err), SN_EINVAL, &err, "spacing of -1");
}
END_TEST

/* ---- what must always hold ----------------------------------------------------------------------------------- */

static void random_mask(struct sn_rng *rng, uint8_t *m, int w, int h)
{
    int cx = (int)sn_rng_below(rng, (uint64_t)w), cy = (int)sn_rng_below(rng, (uint64_t)h);
    int r = 2 + (int)sn_rng_below(rng, 9);

    for (int i = 0; i < w * h; i++) {
        int dx = i % w - cx, dy = i / w - cy;

        m[i] = dx * dx + dy * dy < r * r || sn_rng_uniform(rng) < 0.01;
    }
}

START_TEST(properties)
{
    enum { W = 31, H = 27 };
    struct sn_rng rng = { 5 };
    uint8_t a[W * H], b[W * H], at[W * H], bt[W * H];

    for (int round = 0; round < 100; round++) {
        const double s[2] = { 0.3, 0.11 }, st[2] = { 0.11, 0.3 }, s2[2] = { 0.6, 0.22 };

        random_mask(&rng, a, W, H);
        random_mask(&rng, b, W, H);
        for (int i = 0; i < W * H; i++) {
            at[i % W * H + i / W] = a[i];
            bt[i % W * H + i / W] = b[i];
        }
        for (int v = 0; v < 3; v++) {
            enum sn_surface_variant var = (enum sn_surface_variant)v;
            struct sn_surface ab, ba, t, twice, self;
            struct sn_overlap o, p;

            sn_ck_ok(sn_mask_surface(a, b, W, H, s, var, 0.5, &ab, &err), &err);
            sn_ck_ok(sn_mask_surface(b, a, W, H, s, var, 0.5, &ba, &err), &err);
            sn_ck_ok(sn_mask_surface(at, bt, H, W, st, var, 0.5, &t, &err), &err);
            sn_ck_ok(sn_mask_surface(a, b, W, H, s2, var, 1.0, &twice, &err), &err);
            sn_ck_ok(sn_mask_surface(a, a, W, H, s, var, 0, &self, &err), &err);
            ck_assert(ab.hd == ba.hd && ab.hd95 == ba.hd95 && ab.asd_manual == ba.asd_automatic);
            near(t.hd, ab.hd, 1e-15, "transposed hd");
            near(t.assd, ab.assd, 1e-13, "transposed assd");
            ck_assert(twice.hd == 2 * ab.hd && twice.hd95 == 2 * ab.hd95 && twice.nsd == ab.nsd);
            ck_assert(self.hd == 0 && self.assd == 0 && self.nsd == 1);
            ck_assert(ab.hd95 <= ab.hd && ab.assd <= ab.hd && ab.nsd >= 0 && ab.nsd <= 1);
            sn_ck_ok(sn_mask_overlap(a, b, W, H, s, SN_EMPTY_ONE, &o, &err), &err);
            sn_ck_ok(sn_mask_overlap(b, a, W, H, s, SN_EMPTY_ONE, &p, &err), &err);
            ck_assert(o.dice == p.dice && o.iou == p.iou && o.box_iou == p.box_iou && o.boundary_iou == p.boundary_iou);
            near(o.iou, o.dice / (2 - o.dice), 1e-15, "J = D / (2 - D)");
        }
    }
}
END_TEST

/* Large masks: the answer of a small one, scaled; well under a second even with sanitizers. */
START_TEST(large)
{
    enum { N = 1000 };
    uint8_t *a = calloc(N, N), *b = calloc(N, N);
    struct sn_surface s;
    struct sn_overlap o;

    ck_assert(a && b);
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++) {
            a[y * N + x] = x >= 100 && x < 900 && y >= 100 && y < 900;
            b[y * N + x] = x >= 100 && x < 900 && y >= 130 && y < 930;
        }
    for (int v = 0; v < 3; v++) {
        sn_ck_ok(sn_mask_surface(a, b, N, N, unit, (enum sn_surface_variant)v, 1, &s, &err), &err);
        ck_assert(s.hd == 30 && s.hd95 == 30);
    }
    sn_ck_ok(sn_mask_overlap(a, b, N, N, unit, SN_EMPTY_ONE, &o, &err), &err);
    near(o.dice, 770.0 / 800, 0, "dice");
    near(o.centroid_mm, 30, 0, "centroid");
    near(o.length_manual, sqrt(800 * 800 + 799.0 * 799), 1e-15, "diameter");
    free(a);
    free(b);
}
END_TEST

START_TEST(numpy_helpers)
{
    double x[1000], sum = 0;

    for (size_t i = 0; i < 1000; i++) {
        x[i] = (double)(i + 1);
        sum += x[i];
        ck_assert(sn_sum_pairwise(x, i + 1) == sum); /* whole numbers: exact in any order */
    }
    near(sn_percentile_sorted(x, 1000, 95), 950.05, 1e-15, "percentile");
    near(sn_percentile_sorted(x, 1, 95), 1, 0, "of one");
    near(sn_percentile_sorted(x, 1000, 100), 1000, 0, "the last");
    near(sn_percentile_sorted(x, 1000, 0), 1, 0, "the first");
    /* np.sum([0.1] * 100) and of 1000: not what a plain loop gives (9.99999999999998) */
    for (size_t i = 0; i < 1000; i++)
        x[i] = 0.1;
    near(sn_sum_pairwise(x, 100), 9.999999999999998, 0, "sum of 100");
    near(sn_sum_pairwise(x, 1000), 100.00000000000001, 0, "sum of 1000");
}
END_TEST

static Suite *suite_surface(void)
{
    Suite *s = suite_create("surface");
    TCase *t = tcase_create("surface");

    tcase_add_test(t, transform_equals_brute_force);
    tcase_add_test(t, transform_refuses);
    tcase_add_test(t, packages);
    tcase_add_test(t, deepmind_published);
    tcase_add_test(t, empty_masks);
    tcase_add_test(t, properties);
    tcase_add_test(t, large);
    tcase_add_test(t, numpy_helpers);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_surface)
