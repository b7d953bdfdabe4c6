/*
 * check_precision.c: the 16-bit mode on whole networks: how far its logits are from those in double (narrow networks)
 * and in fp32 (full width), which layers it takes, and that how a network is compiled does not change its bits.
 */
#include "tests/golden/digest.h"

#include <math.h>

struct precision_case {
    const char *name;
    int h, w;
};

static const struct precision_case narrow[] = {
    { "narrow_resnet18", 65, 49 },       { "narrow_resnet50", 65, 49 },       { "narrow_resnet50_width24", 47, 60 },
    { "narrow_densenet121", 65, 49 },    { "narrow_deeplabv3", 57, 73 },      { "narrow_unet", 53, 38 },
    { "narrow_unet_bilinear", 37, 50 },  { "narrow_nested_unet", 48, 80 },    { "narrow_nested_unet_ds", 32, 48 },
};
static const struct precision_case full[] = {
    { "resnet50", 224, 224 },             { "resnet101", 224, 224 }, { "densenet121", 224, 224 },
    { "deeplabv3_resnet50", 97, 131 }, { "unet", 97, 131 },      { "nested_unet", 112, 144 },
};

/* The logits, in double; the caller frees. */
static double *logits(const struct sn_model *m, uint64_t seed, int h, int w, struct sn_net_options opt, size_t *n)
{
    struct sn_error err = { 0 };
    struct sn_net *net;
    double *out;
    float *in;
    int oc, oh, ow;

    sn_ck_ok(sn_net_create(&net, m, h, w, &opt, &err), &err);
    sn_net_output_shape(net, &oc, &oh, &ow);
    *n = (size_t)oc * (size_t)oh * (size_t)ow;
    in = golden_input(seed, sn_net_get_info(net)->in_channels, h, w);
    out = malloc(*n * sizeof *out);
    ck_assert(in && out);
    sn_ck_ok(sn_net_run_f64(net, in, out, &err), &err);
    free(in);
    sn_net_free(net);
    return out;
}

/* The gates of the mode: rms 1e-3, largest 5e-3 of the largest logit; better than 1e-7 would not be 16 bits. */
static void compare(const struct precision_case *c, const double *got, const double *want, size_t n)
{
    const char *path = getenv("SN_GOLDEN_REPORT");
    double peak = 0, most = 0, sum = 0, rms;
    FILE *f = path && *path ? fopen(path, "a") : NULL;

    for (size_t i = 0; i < n; i++) {
        peak = fmax(peak, fabs(want[i]));
        most = fmax(most, fabs(got[i] - want[i]));
        sum += (got[i] - want[i]) * (got[i] - want[i]);
    }
    rms = sqrt(sum / (double)n) / peak;
    most /= peak;
    if (f) {
        (void)fprintf(f, "%s,%dx%d,i16,rms %.3g,largest %.3g\n", c->name, c->h, c->w, rms, most);
        (void)fclose(f);
    }
    ck_assert_msg(rms <= 1e-3 && most <= 5e-3, "%s %dx%d: error %.3g rms, %.3g at most, of the largest logit", c->name, c->h, c->w, rms, most);
    ck_assert_msg(most > 1e-7, "%s %dx%d: error %.3g: nothing ran in 16 bits", c->name, c->h, c->w, most);
}

START_TEST(test_narrow_against_double)
{
    const struct precision_case *c = &narrow[_i];
    struct sn_error err = { 0 };
    struct golden_net g;
    double *want, *got;
    size_t n;

    sn_ck_ok(golden_net_load(&g, c->name, 0, &err), &err);
    want = logits(&g.model, g.seed, c->h, c->w, (struct sn_net_options){ .isa = SN_ISA_AUTO, .precision = SN_FP64 }, &n);
    got = logits(&g.model, g.seed, c->h, c->w, (struct sn_net_options){ .isa = SN_ISA_AUTO, .precision = SN_I16 }, &n);
    compare(c, got, want, n);
    free(want);
    free(got);
    golden_net_free(&g);
}
END_TEST

START_TEST(test_full_against_fp32)
{
    const struct precision_case *c = &full[_i];
    struct sn_net_options opt = { .isa = SN_ISA_AUTO };
    struct sn_error err = { 0 };
    struct golden_net g;
    double *want, *got;
    size_t n;

    sn_ck_ok(sn_pool_create(&opt.pool, SN_MIN(sn_cpu_count(), 4), &err), &err);
    sn_ck_ok(golden_net_load(&g, c->name, 0, &err), &err);
    want = logits(&g.model, g.seed, c->h, c->w, opt, &n);
    opt.precision = SN_I16;
    got = logits(&g.model, g.seed, c->h, c->w, opt, &n);
    compare(c, got, want, n);
    free(want);
    free(got);
    golden_net_free(&g);
    sn_pool_free(opt.pool);
}
END_TEST

/* Unfused, from a prepacked file, in every memory mode, without Winograd: which of these keep the bits. */
START_TEST(test_one_answer)
{
    const struct precision_case *c = &narrow[_i];
    struct sn_net_options opt = { .isa = SN_ISA_AUTO, .precision = SN_I16 };
    struct sn_error err = { 0 };
    struct sn_model packed;
    struct sn_net *lean;
    struct golden_net g;
    double *want, *got;
    size_t n;

    sn_ck_ok(golden_net_load(&g, c->name, 0, &err), &err);
    want = logits(&g.model, g.seed, c->h, c->w, opt, &n);
    opt.no_fuse = true;
    got = logits(&g.model, g.seed, c->h, c->w, opt, &n);
    ck_assert_msg(memcmp(got, want, n * sizeof *want) == 0, "%s: fusing changes bits", c->name);
    free(got);
    opt.no_fuse = false;
    sn_ck_ok(sn_net_create(&lean, &g.model, c->h, c->w, &(struct sn_net_options){ .isa = SN_ISA_AUTO, .memory = SN_MEMORY_LEAN }, &err), &err);
    sn_ck_ok(sn_net_prepack(lean, &g.model, &packed, &err), &err);
    for (int mode = 0; mode < 3; mode++) {
        opt.memory = (enum sn_memory)mode;
        got = logits(&packed, g.seed, c->h, c->w, opt, &n);
        ck_assert_msg(memcmp(got, want, n * sizeof *want) == 0, "%s: the prepacked file gives other bits in memory mode %d", c->name, mode);
        free(got);
    }
    sn_model_close(&packed);
    sn_net_free(lean);
    opt.memory = SN_MEMORY_LEAN; /* a network of 16-bit weights is not the source of a prepacked file */
    sn_ck_ok(sn_net_create(&lean, &g.model, c->h, c->w, &opt, &err), &err);
    sn_ck_fails(sn_net_prepack(lean, &g.model, &packed, &err), SN_EINVAL, &err, "float32 network");
    sn_net_free(lean);
    free(want);
    golden_net_free(&g);
}
END_TEST

/* The plan says which layers are 16-bit: those with at least 16 channels in and out, but for linear ones. */
START_TEST(test_plan)
{
    struct sn_net_options opt = { .isa = SN_ISA_AUTO, .precision = _i ? SN_I16 : SN_FP32 };
    struct sn_error err = { 0 };
    struct sn_plan_row row;
    struct golden_net g;
    struct sn_net *net;
    size_t dense = 0, words = 0;

    sn_ck_ok(golden_net_load(&g, "resnet50", 0, &err), &err);
    sn_ck_ok(sn_net_create(&net, &g.model, 64, 64, &opt, &err), &err);
    for (size_t i = 0; i < sn_net_plan_rows(net); i++) {
        bool i16;

        sn_net_plan_row(net, i, &row);
        i16 = strncmp(row.kernel, "sn_i16_", 7) == 0;
        dense += row.macs > 0;
        words += i16;
        if (strcmp(row.name, "bn1") == 0 || strcmp(row.name, "fc") == 0)
            ck_assert_msg(!i16, "%s runs %s", row.name, row.kernel);
    }
    ck_assert_uint_eq(dense, 54);
    ck_assert_uint_eq(words, _i ? 52 : 0);
    sn_net_free(net);
    golden_net_free(&g);
}
END_TEST

START_TEST(test_names)
{
    static const char *const names[] = { "fp32", "fp64", "i16" };
    enum sn_precision p = SN_FP64;

    for (int i = 0; i < 3; i++) {
        ck_assert(sn_precision_parse(names[i], &p) && (int)p == i);
        ck_assert_msg(strncmp(sn_precision_label(p), names[i], strlen(names[i])) == 0, "%s", sn_precision_label(p));
    }
    ck_assert_str_eq(sn_precision_label(SN_I16), "i16 (reduced precision, deterministic)");
    ck_assert(!sn_precision_parse("int16", &p) && !sn_precision_parse("", &p));
    ck_assert((struct sn_net_options){ 0 }.precision == SN_FP32); /* never the default */
}
END_TEST

static Suite *suite_precision(void)
{
    Suite *s = suite_create("precision");
    TCase *small = tcase_create("narrow"), *large = tcase_create("full"); /* CK_RUN_CASE picks one */

    tcase_set_timeout(small, 300);
    tcase_set_timeout(large, 300);
    tcase_add_test(small, test_names);
    tcase_add_loop_test(small, test_narrow_against_double, 0, (int)SN_COUNT(narrow));
    tcase_add_loop_test(small, test_one_answer, 0, (int)SN_COUNT(narrow));
    tcase_add_loop_test(large, test_plan, 0, 2);
    tcase_add_loop_test(large, test_full_against_fp32, 0, (int)SN_COUNT(full));
    suite_add_tcase(s, small);
    suite_add_tcase(s, large);
    return s;
}

SN_CHECK_MAIN(suite_precision)
