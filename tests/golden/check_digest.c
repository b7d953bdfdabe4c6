/*
 * check_digest.c: the numeric contract, end to end: the logits' bits are the same from every
 * instruction set this machine has and from 1, 2, 3 and 7 threads. Narrow networks, whose channel
 * counts are no multiples of 16, on small and odd inputs against the scalar twins; full-width ones
 * AVX2 against AVX-512 (the twins on those: check_long.c).
 */
#include "tests/golden/digest.h"

struct digest_case {
    const char *name;
    int h, w;
};

static const struct digest_case narrow[] = {
    { "narrow_resnet18", 65, 49 },
    { "narrow_resnet18", 1, 1 },
    { "narrow_resnet50", 65, 49 },
    { "narrow_resnet50", 32, 33 },
    { "narrow_resnet50_width24", 47, 60 },
    { "narrow_densenet121", 65, 49 },
    { "narrow_densenet121", 32, 33 },
    { "narrow_deeplabv3", 57, 73 },
    { "narrow_deeplabv3", 9, 17 },
    { "narrow_deeplabv3", 217, 225 }, /* ASPP at 28 x 29: pieces of 3 and 2, and of a pair */
    { "narrow_unet", 53, 38 },
    { "narrow_unet", 16, 17 },
    { "narrow_unet_bilinear", 37, 50 },
    { "narrow_unet_bilinear", 33, 16 },
    { "narrow_nested_unet", 48, 80 },
    { "narrow_nested_unet_ds", 32, 48 },
    { "narrow_nested_unet_ds", 16, 32 },
    { "narrow_nested_unet_mean", 64, 32 },
};

static const struct digest_case full[] = {
    { "resnet50", 224, 224 },
    { "resnet101", 224, 224 },
    { "densenet121", 224, 224 },
    { "deeplabv3_resnet50", 97, 131 },
    { "unet", 97, 131 },
    { "nested_unet", 112, 144 },
};

static const int thread_counts[] = { 1, 2, 3, 7 };

/* fp32, then the 16-bit mode: its bits are the same everywhere too, and not fp32's. */
static void same_everywhere(const struct digest_case *c, enum sn_precision precision)
{
    char want[SN_SHA256_HEX], got[SN_SHA256_HEX];
    struct sn_error err = { 0 };
    struct golden_net g;

    sn_ck_ok(golden_net_load(&g, c->name, 0, &err), &err);
    golden_digest(&g, c->h, c->w, precision, SN_ISA_REF, 1, want);
    golden_digest_report(c->name, c->h, c->w, precision, want);
    for (int isa = SN_ISA_REF; isa < SN_ISA_COUNT; isa++)
        for (size_t t = 0; t < SN_COUNT(thread_counts) && sn_isa_usable((enum sn_isa)isa); t++) {
            golden_digest(&g, c->h, c->w, precision, (enum sn_isa)isa, thread_counts[t], got);
            ck_assert_msg(strcmp(got, want) == 0, "%s %dx%d %s: %s with %d threads gives %s, ref with one %s", c->name, c->h, c->w,
                          sn_precision_label(precision), sn_isa_name((enum sn_isa)isa), thread_counts[t], got, want);
        }
    if (precision == SN_I16) {
        golden_digest(&g, c->h, c->w, SN_FP32, SN_ISA_AUTO, 1, got);
        ck_assert_str_ne(got, want);
    }
    golden_net_free(&g);
}

START_TEST(test_isa_and_threads)
{
    same_everywhere(&narrow[_i], SN_FP32);
}
END_TEST

START_TEST(test_i16_isa_and_threads)
{
    same_everywhere(&narrow[_i], SN_I16);
}
END_TEST

/* Different inputs and weights must give different digests, or equality above means nothing. */
START_TEST(test_digest_sees_change)
{
    char a[SN_SHA256_HEX], b[SN_SHA256_HEX];
    struct sn_error err = { 0 };
    struct golden_net g;

    sn_ck_ok(golden_net_load(&g, "narrow_resnet18", 0, &err), &err);
    golden_digest(&g, 65, 49, SN_FP32, SN_ISA_AUTO, 1, a);
    g.data[0] += 0x1p-10f;
    golden_digest(&g, 65, 49, SN_FP32, SN_ISA_AUTO, 1, b);
    ck_assert_str_ne(a, b);
    golden_net_free(&g);
}
END_TEST

/* What a run leaves in the arena (borders, unused lanes) must not reach the next one. */
START_TEST(test_runs_are_independent)
{
    const struct digest_case *c = &narrow[_i];
    struct sn_net_options opt = { .isa = SN_ISA_AUTO };
    struct sn_error err = { 0 };
    struct sn_net *net = NULL;
    struct golden_net g;
    float *in[2], *out[3];
    int oc, oh, ow;
    size_t n;

    sn_ck_ok(golden_net_load(&g, c->name, 0, &err), &err);
    sn_ck_ok(sn_net_create(&net, &g.model, c->h, c->w, &opt, &err), &err);
    sn_net_output_shape(net, &oc, &oh, &ow);
    n = (size_t)oc * (size_t)oh * (size_t)ow;
    for (uint64_t i = 0; i < 2; i++)
        in[i] = golden_input(g.seed + i, sn_net_get_info(net)->in_channels, c->h, c->w);
    for (int i = 0; i < 3; i++) {
        out[i] = malloc(n * sizeof *out[i]);
        ck_assert(in[i % 2] && out[i]);
        sn_ck_ok(sn_net_run(net, in[i % 2], out[i], &err), &err);
    }
    ck_assert(memcmp(out[0], out[1], n * sizeof *out[0]) != 0);
    ck_assert(memcmp(out[0], out[2], n * sizeof *out[0]) == 0);
    for (int i = 0; i < 3; i++)
        free(out[i]);
    free(in[0]);
    free(in[1]);
    sn_net_free(net);
    golden_net_free(&g);
}
END_TEST

START_TEST(test_full_width)
{
    const struct digest_case *c = &full[_i % (int)SN_COUNT(full)];
    enum sn_precision precision = _i < (int)SN_COUNT(full) ? SN_FP32 : SN_I16;
    char want[SN_SHA256_HEX] = "", got[SN_SHA256_HEX];
    struct sn_error err = { 0 };
    struct golden_net g;

    sn_ck_ok(golden_net_load(&g, c->name, 0, &err), &err);
    for (int isa = SN_ISA_REF + 1; isa < SN_ISA_COUNT; isa++) {
        if (!sn_isa_usable((enum sn_isa)isa))
            continue;
        golden_digest(&g, c->h, c->w, precision, (enum sn_isa)isa, SN_MIN(sn_cpu_count(), 4), got);
        if (!*want)
            memcpy(want, got, sizeof want);
        ck_assert_msg(strcmp(got, want) == 0, "%s %dx%d: %s gives %s, a lower set %s", c->name, c->h, c->w,
                      sn_isa_name((enum sn_isa)isa), got, want);
    }
    golden_digest_report(c->name, c->h, c->w, precision, want);
    golden_net_free(&g);
}
END_TEST

static Suite *suite_digest(void)
{
    Suite *s = suite_create("digest");
    TCase *small = tcase_create("narrow"), *large = tcase_create("full"); /* CK_RUN_CASE picks one */

    tcase_set_timeout(small, 600);
    tcase_set_timeout(large, 600);
    tcase_add_test(small, test_digest_sees_change);
    tcase_add_loop_test(small, test_isa_and_threads, 0, (int)SN_COUNT(narrow));
    tcase_add_loop_test(small, test_i16_isa_and_threads, 0, (int)SN_COUNT(narrow));
    tcase_add_loop_test(small, test_runs_are_independent, 0, (int)SN_COUNT(narrow));
    tcase_add_loop_test(large, test_full_width, 0, 2 * (int)SN_COUNT(full));
    suite_add_tcase(s, small);
    suite_add_tcase(s, large);
    return s;
}

SN_CHECK_MAIN(suite_digest)
