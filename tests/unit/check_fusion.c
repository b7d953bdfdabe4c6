/* check_fusion.c: combining maps, STAPLE, signature, quality. */
#include "fusion/fusion.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct sn_error err;

/* ---- rules ----------------------------------------------------------------------------------- */

static const float map_a[4] = { 0.9f, 0.2f, 0.5f, 0.0f };
static const float map_b[4] = { 0.6f, 0.7f, 0.25f, 0.0f };
static const float map_c[4] = { 0.3f, 0.8f, 0.0f, 1.0f };
static const float *const maps3[3] = { map_a, map_b, map_c };

static void fuse3(const struct sn_fuse *f, const double *value, const char *mask)
{
    float fused[4];
    uint8_t got[4];

    sn_ck_ok(sn_fuse_maps(f, 3, maps3, 4, fused, got, NULL, &err), &err);
    for (int i = 0; i < 4; i++) {
        ck_assert_msg(fabs((double)fused[i] - value[i]) < 1e-7, "pixel %d: %.9g, expected %.9g", i,
                      (double)fused[i], value[i]);
        ck_assert_int_eq(got[i], mask[i] - '0');
    }
}

START_TEST(rules_by_hand)
{
    struct sn_fuse f;

    sn_fuse_defaults(&f);
    ck_assert_int_eq(f.rule, SN_FUSE_MEAN);
    fuse3(&f, (double[]){ 0.6, 1.7 / 3, 0.25, 1.0 / 3 }, "1100");
    f.rule = SN_FUSE_WEIGHTED;
    f.weight[0] = 2.0;
    f.weight[1] = 0.0;
    f.weight[2] = 6.0; /* normalised: 1/4, 0, 3/4 */
    fuse3(&f, (double[]){ 0.45, 0.65, 0.125, 0.75 }, "0101");
    f.rule = SN_FUSE_VOTE;
    fuse3(&f, (double[]){ 2.0 / 3, 2.0 / 3, 1.0 / 3, 1.0 / 3 }, "1100");
    f.cut = 1.0 / 3 - 1e-6; /* one vote suffices */
    fuse3(&f, (double[]){ 2.0 / 3, 2.0 / 3, 1.0 / 3, 1.0 / 3 }, "1111");
    f.cut = 0.5;
    f.threshold[0] = 0.95;
    fuse3(&f, (double[]){ 1.0 / 3, 2.0 / 3, 0, 1.0 / 3 }, "0100");
    f.threshold[0] = 0.5;
    f.rule = SN_FUSE_UNION;
    fuse3(&f, (double[]){ 1, 1, 1, 1 }, "1111");
    f.rule = SN_FUSE_INTERSECTION;
    f.threshold[2] = 0.3;
    f.threshold[1] = 0.25;
    fuse3(&f, (double[]){ 1, 0, 0, 0 }, "1000");
    f.rule = SN_FUSE_STACK;
    f.stack_intercept = -1.0;
    f.stack[0] = 1.0;
    f.stack[1] = 0.5;
    f.stack[2] = 0.0;
    /* odds: exp(-1) * (p/(1-p)) * sqrt(q/(1-q)); the last pixel is clamped at 1e-6 twice */
    {
        double odds[4] = { exp(-1) * 9 * sqrt(1.5), exp(-1) * 0.25 * sqrt(7.0 / 3),
                           exp(-1) * sqrt(1.0 / 3), exp(-1) * pow(1e-6 / (1 - 1e-6), 1.5) };

        for (int i = 0; i < 4; i++)
            odds[i] /= 1 + odds[i];
        fuse3(&f, odds, "1000");
    }
}
END_TEST

START_TEST(rules_refuse)
{
    struct sn_fuse f;
    const float bad[4] = { 0.5f, (float)NAN, 0.0f, 0.0f }, large[4] = { 0.0f, 0.0f, 0.0f, 1.5f };
    const float *maps[2] = { map_a, bad };
    float fused[4];
    uint8_t mask[4];

    sn_fuse_defaults(&f);
    sn_ck_fails(sn_fuse_maps(&f, 2, maps, 4, fused, mask, NULL, &err), SN_EINVAL, &err,
                "map 2, pixel 1");
    maps[1] = large;
    sn_ck_fails(sn_fuse_maps(&f, 2, maps, 4, fused, mask, NULL, &err), SN_EINVAL, &err,
                "map 2, pixel 3");
    sn_ck_fails(sn_fuse_maps(&f, 0, maps, 4, fused, mask, NULL, &err), SN_EINVAL, &err, "0 maps");
    sn_ck_fails(sn_fuse_maps(&f, 9, maps, 4, fused, mask, NULL, &err), SN_EINVAL, &err, "9 maps");
    f.rule = SN_FUSE_WEIGHTED;
    f.weight[0] = -1.0;
    sn_ck_fails(sn_fuse_maps(&f, 1, maps, 4, fused, mask, NULL, &err), SN_EINVAL, &err, "weight 1");
    f.weight[0] = 0.0;
    sn_ck_fails(sn_fuse_maps(&f, 1, maps, 4, fused, mask, NULL, &err), SN_EINVAL, &err, "zero");
    f.rule = SN_FUSE_STACK;
    f.stack[0] = (double)NAN;
    sn_ck_fails(sn_fuse_maps(&f, 1, maps, 4, fused, mask, NULL, &err), SN_EINVAL, &err, "finite");
}
END_TEST

START_TEST(rule_names)
{
    for (int r = SN_FUSE_MEAN; r <= SN_FUSE_STAPLE; r++) {
        enum sn_fuse_rule back;

        ck_assert(sn_fuse_parse(sn_fuse_name((enum sn_fuse_rule)r), &back) && (int)back == r);
    }
    for (int r = SN_DLSIG_PROB; r <= SN_DLSIG_STACK; r++) {
        enum sn_dlsig_rule back;

        ck_assert(sn_dlsig_parse(sn_dlsig_name((enum sn_dlsig_rule)r), &back) && (int)back == r);
    }
    ck_assert(!sn_fuse_parse("Mean", &(enum sn_fuse_rule){ 0 }));
    ck_assert(!sn_dlsig_parse("", &(enum sn_dlsig_rule){ 0 }));
}
END_TEST

/* union >= vote >= intersection, per pixel; STAPLE lies in [0, 1]; the mean of one map is itself. */
START_TEST(rules_order)
{
    struct sn_rng r = { 11 };
    enum { N = 200 };
    float map[SN_FUSE_MAX][N], fused[N];
    const float *maps[SN_FUSE_MAX];
    uint8_t low[N], mid[N], high[N], any[N];

    for (int j = 0; j < SN_FUSE_MAX; j++)
        maps[j] = map[j];
    for (int round = 0; round < 40; round++) {
        int n = 1 + round % SN_FUSE_MAX;
        struct sn_fuse f;

        sn_fuse_defaults(&f);
        for (int j = 0; j < n; j++) {
            f.threshold[j] = sn_rng_uniform(&r);
            for (int i = 0; i < N; i++)
                map[j][i] = (float)sn_rng_uniform(&r);
        }
        f.rule = SN_FUSE_INTERSECTION;
        sn_ck_ok(sn_fuse_maps(&f, n, maps, N, fused, low, NULL, &err), &err);
        f.rule = SN_FUSE_VOTE;
        sn_ck_ok(sn_fuse_maps(&f, n, maps, N, fused, mid, NULL, &err), &err);
        f.rule = SN_FUSE_UNION;
        sn_ck_ok(sn_fuse_maps(&f, n, maps, N, fused, high, NULL, &err), &err);
        f.rule = SN_FUSE_STAPLE;
        sn_ck_ok(sn_fuse_maps(&f, n, maps, N, fused, any, NULL, &err), &err);
        for (int i = 0; i < N; i++) {
            ck_assert(low[i] <= mid[i] && mid[i] <= high[i]);
            ck_assert(fused[i] >= 0.0f && fused[i] <= 1.0f && any[i] <= 1);
        }
        f.rule = SN_FUSE_MEAN;
        sn_ck_ok(sn_fuse_maps(&f, 1, maps, N, fused, any, NULL, &err), &err);
        ck_assert(memcmp(fused, map[0], sizeof fused) == 0);
    }
}
END_TEST

/* ---- STAPLE ---------------------------------------------------------------------------------- */

static void same(const char *what, double got, double expected)
{
    ck_assert_msg(fabs(got - expected) <= 1e-9, "%s: %.15g, expected %.15g", what, got, expected);
}

static void staple_case(const struct sn_json_value *c)
{
    const struct sn_json_value *votes = sn_json_get(c, "votes")->first, *v;
    const struct sn_json_value *p = sn_json_get(c, "sensitivity")->first;
    const struct sn_json_value *q = sn_json_get(c, "specificity")->first;
    int n = (int)sn_json_get(c, "votes")->count, j = 0;
    size_t npix = strlen(votes->string), i = 0;
    float *map[SN_FUSE_MAX], *fused = malloc(npix * sizeof *fused);
    uint8_t *mask = malloc(npix);
    struct sn_fuse f;
    struct sn_staple s;

    ck_assert(fused && mask && n >= 2 && n <= SN_FUSE_MAX);
    for (v = votes; v; v = v->next, j++) {
        ck_assert_uint_eq(strlen(v->string), npix);
        map[j] = malloc(npix * sizeof *map[j]);
        ck_assert_ptr_nonnull(map[j]);
        for (i = 0; i < npix; i++)
            map[j][i] = v->string[i] == '1' ? 0.75f : 0.25f;
    }
    sn_fuse_defaults(&f);
    f.rule = SN_FUSE_STAPLE;
    sn_ck_ok(sn_fuse_maps(&f, n, (const float *const *)map, npix, fused, mask, &s, &err), &err);
    same("prior", s.prior, sn_json_get(c, "prior")->number);
    for (j = 0; j < n; j++, p = p->next, q = q->next) {
        same("sensitivity", s.sensitivity[j], p->number);
        same("specificity", s.specificity[j], q->number);
    }
    ck_assert_int_eq(s.iterations, (int)sn_json_get(c, "iterations")->number);
    ck_assert(s.converged);
    for (i = 0, v = sn_json_get(c, "posterior")->first; v; v = v->next, i++) {
        ck_assert_msg(fabs((double)fused[i] - v->number) < 1e-7, "posterior of pixel %zu", i);
        ck_assert_int_eq(mask[i], (double)fused[i] >= 0.5);
    }
    ck_assert_uint_eq(i, npix);
    for (j = 0; j < n; j++)
        free(map[j]);
    free(fused);
    free(mask);
}

START_TEST(staple_golden)
{
    struct sn_json_doc d;
    const struct sn_json_value *cases;

    sn_ck_ok(sn_json_read(sn_test_file("tests/golden/staple.json"), &d, &err), &err);
    cases = sn_json_get(d.root, "cases");
    ck_assert_uint_eq(cases->count, 5);
    for (const struct sn_json_value *c = cases->first; c; c = c->next)
        staple_case(c);
    sn_json_doc_free(&d);
}
END_TEST

START_TEST(staple_degenerate)
{
    static const float zero[6] = { 0 }, one[6] = { 1, 1, 1, 1, 1, 1 };
    static const float left[6] = { 1, 1, 1, 0, 0, 0 }, right[6] = { 0, 0, 0, 1, 1, 1 };
    static const float some[6] = { 1, 1, 0, 0, 0, 0 };
    const float *maps[3] = { zero, zero, zero };
    float fused[6];
    uint8_t mask[6];
    struct sn_fuse f;
    struct sn_staple s;

    sn_fuse_defaults(&f);
    f.rule = SN_FUSE_STAPLE;
    sn_ck_ok(sn_fuse_maps(&f, 3, maps, 6, fused, mask, &s, &err), &err);
    ck_assert(s.converged && s.prior == 0.0 && isnan(s.sensitivity[2]) && s.specificity[2] == 1.0);
    ck_assert(fused[0] == 0.0f && mask[5] == 0);
    maps[0] = maps[1] = maps[2] = one;
    sn_ck_ok(sn_fuse_maps(&f, 3, maps, 6, fused, mask, &s, &err), &err);
    ck_assert(s.prior == 1.0 && isnan(s.specificity[0]) && s.sensitivity[0] == 1.0);
    ck_assert(fused[3] == 1.0f && mask[0] == 1);
    /* all agree: that is the answer */
    maps[0] = maps[1] = maps[2] = some;
    sn_ck_ok(sn_fuse_maps(&f, 3, maps, 6, fused, mask, &s, &err), &err);
    ck_assert(s.converged);
    for (int i = 0; i < 6; i++)
        ck_assert(fabsf(fused[i] - some[i]) < 1e-12f && mask[i] == (some[i] > 0.5f));
    same("sensitivity", s.sensitivity[1], 1.0);
    /* one map against itself, and two that contradict each other everywhere: finite numbers */
    sn_ck_ok(sn_fuse_maps(&f, 1, maps, 6, fused, mask, &s, &err), &err);
    for (int i = 0; i < 6; i++)
        ck_assert(isfinite(fused[i]) && mask[i] == (some[i] > 0.5f));
    maps[0] = left;
    maps[1] = right;
    sn_ck_ok(sn_fuse_maps(&f, 2, maps, 6, fused, mask, &s, &err), &err);
    for (int i = 0; i < 6; i++)
        ck_assert(isfinite(fused[i]));
}
END_TEST

/* ---- signature ------------------------------------------------------------------------------- */

START_TEST(signatures)
{
    double p[3] = { 0.8, 0.5, 0.25 }, coef[3] = { 1.0, 5.0, 2.0 }, sig;
    double mean[3] = { 1, 2, 3 }, sd[3] = { 2, 1, 0.5 }, feature[3] = { 3, 1, 3.25 };
    struct sn_dlsig d = { .rule = SN_DLSIG_PROB, .network = 2 };

    sn_ck_ok(sn_dlsig_apply(&d, 3, p, NULL, 0, &sig, &err), &err);
    ck_assert(sig == 0.25);
    d.rule = SN_DLSIG_LOGIT;
    sn_ck_ok(sn_dlsig_apply(&d, 3, p, NULL, 0, &sig, &err), &err);
    same("logit", sig, -log(3.0));
    p[2] = 1.0; /* clamped, not infinite */
    sn_ck_ok(sn_dlsig_apply(&d, 3, p, NULL, 0, &sig, &err), &err);
    same("clamped logit", sig, log((1 - 1e-6) / 1e-6));
    p[2] = 0.25;
    d.rule = SN_DLSIG_STACK;
    d.intercept = 0.5;
    d.coef = coef;
    d.n_coef = 3;
    sn_ck_ok(sn_dlsig_apply(&d, 3, p, NULL, 0, &sig, &err), &err);
    same("stack", sig, 0.5 + log(4.0) - 2 * log(3.0));
    sn_ck_fails(sn_dlsig_apply(&d, 2, p, NULL, 0, &sig, &err), SN_EMODEL, &err,
                "3 coefficients for 2 networks");
    d.rule = SN_DLSIG_LASSO;
    sn_ck_ok(sn_dlsig_apply(&d, 3, p, feature, 3, &sig, &err), &err);
    ck_assert(sig == 0.5 + 3 + 5 + 6.5); /* not standardised */
    d.mean = mean;
    d.sd = sd;
    sn_ck_ok(sn_dlsig_apply(&d, 3, p, feature, 3, &sig, &err), &err);
    ck_assert(sig == 0.5 + 1.0 - 5.0 + 1.0);
    sn_ck_fails(sn_dlsig_apply(&d, 3, p, feature, 2, &sig, &err), SN_EMODEL, &err,
                "3 coefficients for 2 pooled features");
    sd[1] = 0.0;
    sn_ck_fails(sn_dlsig_apply(&d, 3, p, feature, 3, &sig, &err), SN_EMODEL, &err, "feature 1");
    d.network = 3;
    sn_ck_fails(sn_dlsig_apply(&d, 3, p, feature, 3, &sig, &err), SN_EMODEL, &err,
                "network 4 of 3");
    p[0] = (double)NAN;
    sn_ck_fails(sn_dlsig_apply(&d, 3, p, feature, 3, &sig, &err), SN_EINVAL, &err, "network 1");
}
END_TEST

/* ---- quality --------------------------------------------------------------------------------- */

enum { QW = 100, QH = 80, QN = QW * QH };

struct patient {
    uint8_t px[QN], mask[QN], net[3][QN];
    struct sn_image im;
    struct sn_clean_report clean;
    struct sn_quality_limits lim;
};

static void block(uint8_t *mask, int x, int y, int w, int h)
{
    memset(mask, 0, QN);
    for (int i = y; i < y + h; i++)
        memset(mask + i * QW + x, 1, (size_t)w);
}

/* One that passes every check. */
static void healthy(struct patient *c)
{
    for (int i = 0; i < QN; i++)
        c->px[i] = (uint8_t)(i % 200);
    block(c->mask, 30, 30, 20, 20);
    for (int j = 0; j < 3; j++)
        block(c->net[j], 30 + j, 30, 20, 20);
    c->im =
        (struct sn_image){ .width = QW, .height = QH, .channels = 1, .depth = 8, .data = c->px };
    c->clean = (struct sn_clean_report){ 1, 0, 0, 400 };
    sn_quality_defaults(&c->lim);
}

/* The codes found, joined by a blank. */
static const char *codes(const struct patient *c)
{
    static char text[256];
    const uint8_t *nets[3] = { c->net[0], c->net[1], c->net[2] };
    struct sn_quality q = { 0 };

    sn_quality_check(&c->lim, &c->im, c->mask, &c->clean, 3, nets, &q);
    text[0] = '\0';
    for (int i = 0; i < q.n; i++) {
        ck_assert(strlen(q.reason[i].text) > 10);
        strcat(strcat(text, i ? " " : ""), q.reason[i].code);
    }
    return text;
}

START_TEST(quality_codes)
{
    static struct patient c;

    healthy(&c);
    ck_assert_str_eq(codes(&c), "");
    c.lim.min_width = QW + 1;
    ck_assert_str_eq(codes(&c), "image-size");
    c.lim.min_width = 64;
    c.lim.max_height = QH - 1;
    ck_assert_str_eq(codes(&c), "image-size");
    healthy(&c);
    for (int i = 0; i < QN; i++)
        c.px[i] = (uint8_t)(100 + i % 32); /* span 31, one below the limit */
    ck_assert_str_eq(codes(&c), "image-range");
    c.px[0] = 132;
    ck_assert_str_eq(codes(&c), "");
    healthy(&c);
    memset(c.mask, 0, QN);
    ck_assert_str_eq(codes(&c), "empty-mask");
    healthy(&c);
    c.clean.components = 2;
    ck_assert_str_eq(codes(&c), "several-components");
    for (int side = 0; side < 4; side++) {
        healthy(&c);
        block(c.mask,
              side == 0   ? 0
              : side == 1 ? QW - 20
                          : 40,
              side == 2   ? 0
              : side == 3 ? QH - 20
                          : 30,
              20, 20);
        ck_assert_str_eq(codes(&c), "touches-border");
    }
    healthy(&c);
    block(c.mask, 30, 30, 4, 3); /* 12 pixels, 0.0015 */
    ck_assert_str_eq(codes(&c), "area-range");
    block(c.mask, 30, 30, 4, 4); /* 0.002 is accepted */
    ck_assert_str_eq(codes(&c), "");
    block(c.mask, 1, 1, 98, 50); /* 0.6125 */
    ck_assert_str_eq(codes(&c), "area-range");
    healthy(&c);
    block(c.net[2], 39, 30, 20, 20); /* 11 of 20 columns with the first: Dice 0.55 */
    ck_assert_str_eq(codes(&c), "networks-disagree");
    block(c.net[2], 38, 30, 20, 20); /* 0.6: at the limit is accepted */
    ck_assert_str_eq(codes(&c), "");
}
END_TEST

START_TEST(quality_texts)
{
    static struct patient c;
    struct sn_quality q = { 0 };
    const uint8_t *nets[3] = { c.net[0], c.net[1], c.net[2] };

    healthy(&c);
    block(c.net[2], 39, 30, 20, 20);
    sn_quality_check(&c.lim, &c.im, c.mask, &c.clean, 3, nets, &q);
    ck_assert_str_eq(q.reason[0].text,
                     "segmentation networks 1 and 3 agree with Dice 0.55, the limit is 0.6");
    for (int i = 0; i < 30; i++) /* more than fit are dropped */
        sn_quality_add(&q, "x", "%0200d", i);
    ck_assert_int_eq(q.n, SN_QUALITY_MAX);
    ck_assert_uint_eq(strlen(q.reason[5].text), sizeof q.reason[5].text - 1);
}
END_TEST

static Suite *suite_fusion(void)
{
    Suite *s = suite_create("fusion");
    TCase *rules = tcase_create("rules"), *rest = tcase_create("signature and quality");

    tcase_add_test(rules, rules_by_hand);
    tcase_add_test(rules, rules_refuse);
    tcase_add_test(rules, rule_names);
    tcase_add_test(rules, rules_order);
    tcase_add_test(rules, staple_golden);
    tcase_add_test(rules, staple_degenerate);
    tcase_add_test(rest, signatures);
    tcase_add_test(rest, quality_codes);
    tcase_add_test(rest, quality_texts);
    suite_add_tcase(s, rules);
    suite_add_tcase(s, rest);
    return s;
}

SN_CHECK_MAIN(suite_fusion)
