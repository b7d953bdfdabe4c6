/*
 * check_long.c (`make check-long`): the scalar twins on every full-width network at its full size:
 * the same digest as from every other instruction set this machine has. It took 20 minutes on two
 * busy cores, so it is no part of `make check`.
 */
#include "tests/golden/digest.h"

static const struct {
    const char *name;
    int h, w;
} full[] = {
    { "resnet18", 224, 224 },
    { "resnet34", 224, 224 },
    { "resnet50", 224, 224 },
    { "resnet101", 224, 224 },
    { "resnet152", 224, 224 },
    { "densenet121", 224, 224 },
    { "densenet169", 224, 224 },
    { "densenet201", 224, 224 },
    { "densenet161", 224, 224 },
    { "deeplabv3_resnet50", 256, 256 },
    { "deeplabv3_resnet50", 97, 131 },
    { "deeplabv3_resnet101", 256, 256 },
    { "deeplabv3_resnet101", 97, 131 },
    { "unet", 256, 256 },
    { "unet", 97, 131 },
    { "unet_bilinear", 256, 256 },
    { "unet_bilinear", 97, 131 },
    { "nested_unet", 256, 256 },
    { "nested_unet", 112, 144 },
    { "nested_unet_ds", 256, 256 },
};

START_TEST(test_ref)
{
    char want[SN_SHA256_HEX], got[SN_SHA256_HEX];
    struct sn_error err = { 0 };
    struct golden_net g;

    sn_ck_ok(golden_net_load(&g, full[_i].name, 0, &err), &err);
    golden_digest(&g, full[_i].h, full[_i].w, SN_FP32, SN_ISA_REF, sn_cpu_count(), want);
    golden_digest_report(full[_i].name, full[_i].h, full[_i].w, SN_FP32, want);
    for (int isa = SN_ISA_REF + 1; isa < SN_ISA_COUNT; isa++) {
        if (!sn_isa_usable((enum sn_isa)isa))
            continue;
        golden_digest(&g, full[_i].h, full[_i].w, SN_FP32, (enum sn_isa)isa, sn_cpu_count(), got);
        ck_assert_msg(strcmp(got, want) == 0, "%s %dx%d: %s gives %s, ref %s", full[_i].name, full[_i].h,
                      full[_i].w, sn_isa_name((enum sn_isa)isa), got, want);
    }
    printf("%s %dx%d: %s\n", full[_i].name, full[_i].h, full[_i].w, want);
    golden_net_free(&g);
}
END_TEST

static Suite *suite_long(void)
{
    Suite *s = suite_create("long");
    TCase *tc = tcase_create("long");

    tcase_set_timeout(tc, 7200);
    tcase_add_loop_test(tc, test_ref, 0, (int)SN_COUNT(full));
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_long)
