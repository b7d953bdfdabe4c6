/*
 * check_golden.c: every network family against PyTorch in double precision. The unfused network is
 * compared layer by layer, so a failure names the first layer that differs; the fused one must then
 * give the same logits to the bit; narrow networks also run in double, where only an error of
 * topology can be left. SN_GOLDEN_REPORT=FILE appends the differences found, as CSV.
 */
#include "tests/golden/synth.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TOLERANCE 1e-4     /* of the largest magnitude in the layer, or among the logits */
#define TOLERANCE_F64 1e-6 /* references are stored as float32: 2^-24 of their own rounding */
#define SECONDS 600        /* per test; a guard against hanging, not a speed requirement */

struct golden_case {
    const char *name;
    int h, w;
    unsigned flags;
};

static const struct golden_case full[] = {
    { "resnet18", 224, 224, 0 },
    { "resnet34", 224, 224, 0 },
    { "resnet50", 224, 224, 0 },
    { "resnet101", 224, 224, 0 },
    { "resnet152", 224, 224, 0 },
    { "densenet121", 224, 224, 0 },
    { "densenet121", 224, 224, GOLDEN_OLD_KEYS },
    { "densenet169", 224, 224, 0 },
    { "densenet201", 224, 224, 0 },
    { "densenet161", 224, 224, 0 },
    { "deeplabv3_resnet50", 256, 256, 0 },
    { "deeplabv3_resnet50", 97, 131, GOLDEN_NO_AUX },
    { "deeplabv3_resnet101", 256, 256, GOLDEN_NO_AUX },
    { "deeplabv3_resnet101", 97, 131, 0 },
    { "unet", 256, 256, 0 },
    { "unet", 97, 131, 0 },
    { "unet_bilinear", 256, 256, 0 },
    { "unet_bilinear", 97, 131, 0 },
    { "nested_unet", 256, 256, 0 },
    { "nested_unet", 112, 144, 0 },
    { "nested_unet_ds", 256, 256, 0 },
    { "nested_unet_ds", 112, 144, 0 },
};

static const struct golden_case narrow[] = {
    { "narrow_resnet18", 65, 49, 0 },
    { "narrow_resnet50", 65, 49, 0 },
    { "narrow_resnet50", 31, 94, 0 },
    { "narrow_resnet50_width24", 47, 60, 0 },
    { "narrow_densenet121", 65, 49, 0 },
    { "narrow_densenet121", 96, 64, 0 },
    { "narrow_densenet121", 96, 64, GOLDEN_OLD_KEYS },
    { "narrow_deeplabv3", 57, 73, 0 },
    { "narrow_deeplabv3", 128, 88, 0 },
    { "narrow_unet", 53, 38, 0 },
    { "narrow_unet", 64, 48, 0 },
    { "narrow_unet_bilinear", 37, 50, 0 },
    { "narrow_nested_unet", 48, 80, 0 },
    { "narrow_nested_unet_ds", 32, 48, 0 },
    { "narrow_nested_unet_mean", 64, 32, GOLDEN_MEAN },
};

/* ---- comparing --------------------------------------------------------------------------- */

struct compare {
    struct golden_ref *ref;
    double tolerance;
    double worst;          /* largest difference of a sample, over its layer's largest magnitude */
    char first[256];       /* the first layer that differs; empty: none did */
    char what[400];
};

static void differs(struct compare *c, const struct golden_layer *l, const char *fmt, ...) SN_PRINTF(3, 4);
static void differs(struct compare *c, const struct golden_layer *l, const char *fmt, ...)
{
    va_list ap;

    if (*c->first)
        return;
    (void)snprintf(c->first, sizeof c->first, "%s", l->name);
    va_start(ap, fmt);
    (void)vsnprintf(c->what, sizeof c->what, fmt, ap);
    va_end(ap);
}

static int compare_step(void *ctx, const struct sn_net_step *step, struct sn_error *err)
{
    struct compare *c = ctx;
    struct golden_layer *l = golden_ref_find(c->ref, step->name);

    (void)err;
    if (!l)
        return SN_OK;
    if (l->seen)
        differs(c, l, "two steps have this name");
    l->seen = true;
    if (step->c != (int)l->c || step->h != (int)l->h || step->w != (int)l->w) {
        differs(c, l, "shape %dx%dx%d, expected %ux%ux%u", step->c, step->h, step->w, l->c, l->h, l->w);
        return SN_OK;
    }
    for (unsigned i = 0; i < l->samples; i++) {
        double got = step->data ? (double)step->data[l->at[i]] : step->data64[l->at[i]];
        double e = fabs(got - l->want[i]) / l->peak;

        c->worst = SN_MAX(c->worst, e);
        if (!(e <= c->tolerance))
            differs(c, l, "element %zu (%s) is %.9g, expected %.9g; largest magnitude %.9g", l->at[i],
                    step->op, got, l->want[i], l->peak);
    }
    return SN_OK;
}

/* Every stored layer must have been met, or the comparison would prove nothing. */
static void compare_end(struct compare *c, const char *name)
{
    ck_assert_msg(!*c->first, "%s: first layer that differs: %s: %s", name, c->first, c->what);
    for (size_t i = 0; i < c->ref->n_layers; i++)
        ck_assert_msg(c->ref->layers[i].seen, "%s: no step is named %s", name, c->ref->layers[i].name);
}

/* Largest difference of the stored logits, over the largest logit. NaN gives infinity. */
static double logit_error(const struct golden_ref *r, const float *f32, const double *f64)
{
    double worst = 0.0;

    for (size_t i = 0; i < r->stored; i++) {
        double e = fabs((f32 ? (double)f32[r->at[i]] : f64[r->at[i]]) - r->want[i]) / r->peak;

        worst = e <= worst ? worst : e == e ? e : (double)INFINITY;
    }
    return worst;
}

/* ---- one network ------------------------------------------------------------------------- */

struct bench {
    const struct golden_case *c;
    struct golden_net g;
    struct golden_ref r;
    struct sn_pool *pool;
    float *in, *out;
    size_t n; /* logits */
};

static void bench_open(struct bench *b, const struct golden_case *c)
{
    struct sn_error err = { 0 };
    struct sn_net_info info;

    memset(b, 0, sizeof *b);
    b->c = c;
    sn_ck_ok(golden_net_load(&b->g, c->name, c->flags, &err), &err);
    sn_ck_ok(golden_ref_load(&b->r, c->name, c->h, c->w, &err), &err);
    sn_ck_ok(sn_pool_create(&b->pool, SN_MIN(sn_cpu_count(), 4), &err), &err);
    sn_ck_ok(sn_net_identify(&b->g.model, NULL, &info, &err), &err);
    ck_assert_str_eq(info.family, b->g.family);
    ck_assert_str_eq(info.architecture, b->g.arch);
    ck_assert_int_eq(info.classes, (int)b->r.c);
    ck_assert_int_eq(info.in_channels, (int)b->r.in_c);
    b->n = (size_t)b->r.c * b->r.h * b->r.w;
    b->in = golden_input(b->g.seed, (int)b->r.in_c, c->h, c->w);
    b->out = malloc(b->n * sizeof *b->out);
    ck_assert(b->in && b->out);
}

static void bench_close(struct bench *b)
{
    free(b->in);
    free(b->out);
    sn_pool_free(b->pool);
    golden_ref_free(&b->r);
    golden_net_free(&b->g);
}

static struct sn_net *compile(struct bench *b, enum sn_precision precision, bool no_fuse)
{
    struct sn_net_options opt = { .isa = SN_ISA_AUTO, .precision = precision, .pool = b->pool, .no_fuse = no_fuse };
    struct sn_error err = { 0 };
    struct sn_net *net = NULL;
    int c, h, w;

    sn_ck_ok(sn_net_create(&net, &b->g.model, b->c->h, b->c->w, &opt, &err), &err);
    sn_net_output_shape(net, &c, &h, &w);
    ck_assert_msg(c == (int)b->r.c && h == (int)b->r.h && w == (int)b->r.w,
                  "%s: output is %dx%dx%d, expected %ux%ux%u", b->c->name, c, h, w, b->r.c, b->r.h, b->r.w);
    return net;
}

static void traced(struct bench *b, enum sn_precision precision, struct compare *c)
{
    struct sn_net *net = compile(b, precision, true);
    struct sn_error err = { 0 };

    for (size_t i = 0; i < b->r.n_layers; i++)
        b->r.layers[i].seen = false;
    sn_ck_ok(sn_net_run_traced(net, b->in, b->out, compare_step, c, &err), &err);
    sn_net_free(net);
}

static void report(const struct bench *b, const char *precision, double layers, double logits)
{
    const char *path = getenv("SN_GOLDEN_REPORT");
    FILE *f = path && *path ? fopen(path, "a") : NULL;

    if (!f)
        return;
    (void)fprintf(f, "%s,%dx%d,%s,%s,%.3g,%.3g\n", b->c->name, b->c->h, b->c->w,
                  b->c->flags & GOLDEN_OLD_KEYS ? "old keys" : b->c->flags & GOLDEN_NO_AUX ? "no aux" : "",
                  precision, layers, logits);
    (void)fclose(f);
}

/*
 * DenseNet's old keys: layers are named by the tensors they got, so names differ from the
 * reference's; the logits decide.
 */
static void check_f32(struct bench *b)
{
    struct compare c = { .ref = &b->r, .tolerance = TOLERANCE };
    struct sn_error err = { 0 };
    float *fused = malloc(b->n * sizeof *fused);
    struct sn_net *net;
    double e;

    ck_assert_ptr_nonnull(fused);
    traced(b, SN_FP32, &c);
    if (!(b->c->flags & GOLDEN_OLD_KEYS))
        compare_end(&c, b->c->name);
    net = compile(b, SN_FP32, false);
    sn_ck_ok(sn_net_run(net, b->in, fused, &err), &err);
    sn_net_free(net);
    ck_assert_msg(memcmp(fused, b->out, b->n * sizeof *fused) == 0,
                  "%s: the fused network's logits differ from the unfused one's", b->c->name);
    e = logit_error(&b->r, fused, NULL);
    report(b, sn_isa_name(sn_isa_best()), c.worst, e);
    ck_assert_msg(e <= TOLERANCE, "%s: logits differ by %.3g of the largest, allowed %.0e", b->c->name, e, TOLERANCE);
    free(fused);
}

static void check_f64(struct bench *b)
{
    struct compare c = { .ref = &b->r, .tolerance = TOLERANCE_F64 };
    struct sn_error err = { 0 };
    double *out = malloc(b->n * sizeof *out), e;
    struct sn_net *net;

    ck_assert_ptr_nonnull(out);
    traced(b, SN_FP64, &c);
    if (!(b->c->flags & GOLDEN_OLD_KEYS))
        compare_end(&c, b->c->name);
    net = compile(b, SN_FP64, false);
    sn_ck_ok(sn_net_run_f64(net, b->in, out, &err), &err);
    sn_net_free(net);
    e = logit_error(&b->r, NULL, out);
    report(b, "fp64", c.worst, e);
    ck_assert_msg(e <= TOLERANCE_F64, "%s: logits in double differ by %.3g of the largest, allowed %.0e",
                  b->c->name, e, TOLERANCE_F64);
    free(out);
}

START_TEST(test_full)
{
    struct bench b;

    bench_open(&b, &full[_i]);
    check_f32(&b);
    bench_close(&b);
}
END_TEST

START_TEST(test_narrow)
{
    struct bench b;

    bench_open(&b, &narrow[_i]);
    check_f32(&b);
    check_f64(&b);
    bench_close(&b);
}
END_TEST

/* A check that cannot fail checks nothing: one layer's bias off by 1 must be found, and there. */
START_TEST(test_names_first_layer)
{
    static const struct golden_case c = { "narrow_unet", 53, 38, 0 };
    struct compare found = { .tolerance = TOLERANCE };
    const struct sn_tensor *t;
    struct bench b;

    bench_open(&b, &c);
    found.ref = &b.r;
    t = sn_model_find(&b.g.model, "down2.maxpool_conv.1.double_conv.4.bias");
    ck_assert_ptr_nonnull(t);
    for (size_t i = 0, at = (size_t)((const float *)t->data - b.g.data); i < t->count; i++)
        b.g.data[at + i] += 1.0f;
    traced(&b, SN_FP32, &found);
    ck_assert_str_eq(found.first, "down2.maxpool_conv.1.double_conv.4");
    ck_assert(logit_error(&b.r, b.out, NULL) > TOLERANCE);
    bench_close(&b);
}
END_TEST

static Suite *suite_golden(void)
{
    Suite *s = suite_create("golden");
    TCase *small = tcase_create("narrow"), *large = tcase_create("full"); /* CK_RUN_CASE picks one */

    tcase_set_timeout(small, SECONDS);
    tcase_set_timeout(large, SECONDS);
    tcase_add_test(small, test_names_first_layer);
    tcase_add_loop_test(small, test_narrow, 0, (int)SN_COUNT(narrow));
    tcase_add_loop_test(large, test_full, 0, (int)SN_COUNT(full));
    suite_add_tcase(s, small);
    suite_add_tcase(s, large);
    return s;
}

SN_CHECK_MAIN(suite_golden)
