/*
 * check_nets.c: networks as their users see them: which builder a model gets, what is refused and in
 * which words, and what a run promises. The networks are the narrow ones of the golden tests.
 * Linked with malloc and its kin wrapped (Makefile), to count what a run allocates.
 */
#define _GNU_SOURCE
#include "tests/golden/synth.h"
#include "tests/support/alloc.h"
#include "tests/support/support.h"

#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* ---- models with one thing changed ------------------------------------------------------------ */

struct change {
    const char *tensor;      /* left out; or, with shape, reshaped */
    int rank;
    uint64_t shape[4];
    const char *extra;       /* added, one element */
};

static void changed(struct sn_model *dst, const struct sn_model *src, const struct change *c)
{
    static const float one[1] = { 1 };
    struct sn_error err = { 0 };
    uint64_t single[1] = { 1 };

    sn_model_init(dst);
    for (size_t i = 0; i < src->n_meta; i++)
        sn_ck_ok(sn_model_set_meta(dst, src->meta[i].key, src->meta[i].value, &err), &err);
    for (size_t i = 0; i < src->n_tensors; i++) {
        const struct sn_tensor *t = &src->tensors[i];
        bool hit = c->tensor && strcmp(t->name, c->tensor) == 0;
        void *data = NULL;

        if (hit && c->rank) {
            size_t n = 1;

            for (int k = 0; k < c->rank; k++)
                n *= (size_t)c->shape[k];
            data = calloc(n, sizeof(float));
            ck_assert(data != NULL);
            sn_ck_ok(sn_model_add(dst, t->name, SN_F32, c->rank, c->shape, data, true, &err), &err);
            free(data);
        } else if (!hit) {
            sn_ck_ok(sn_model_add(dst, t->name, t->dtype, t->rank, t->shape, t->data, false, &err), &err);
        }
    }
    if (c->extra)
        sn_ck_ok(sn_model_add(dst, c->extra, SN_F32, 1, single, one, true, &err), &err);
}

static float *element(struct golden_net *g, const char *tensor, size_t i)
{
    const struct sn_tensor *t = sn_model_find(&g->model, tensor);

    ck_assert_msg(t != NULL && i < t->count, "%s", tensor);
    return g->data + ((const float *)t->data - g->data) + i;
}

static void load(struct golden_net *g, const char *name, unsigned flags)
{
    struct sn_error err = { 0 };

    sn_ck_ok(golden_net_load(g, name, flags, &err), &err);
}

/* ---- families --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    unsigned flags;
    const char *family, *arch;
    enum sn_task task;
    int channels, classes;
} models[] = {
    { "narrow_resnet18", 0, "torchvision", "resnet18", SN_TASK_CLASSIFY, 1, 3 },
    { "narrow_resnet50", 0, "torchvision", "resnet50", SN_TASK_CLASSIFY, 1, 5 },
    { "narrow_resnet50_width24", 0, "torchvision", "resnet50", SN_TASK_CLASSIFY, 3, 2 },
    { "narrow_densenet121", 0, "torchvision", "densenet121", SN_TASK_CLASSIFY, 1, 3 },
    { "narrow_densenet121", GOLDEN_OLD_KEYS, "torchvision", "densenet121", SN_TASK_CLASSIFY, 1, 3 },
    { "narrow_deeplabv3", 0, "torchvision", "deeplabv3_resnet50", SN_TASK_SEGMENT, 1, 2 },
    { "narrow_deeplabv3", GOLDEN_NO_AUX, "torchvision", "deeplabv3_resnet50", SN_TASK_SEGMENT, 1, 2 },
    { "narrow_unet", 0, "milesial", "unet", SN_TASK_SEGMENT, 1, 3 },
    { "narrow_unet_bilinear", 0, "milesial", "unet", SN_TASK_SEGMENT, 1, 1 },
    { "narrow_nested_unet", 0, "nested-unet", "unetpp", SN_TASK_SEGMENT, 1, 2 },
    { "narrow_nested_unet_ds", 0, "nested-unet", "unetpp", SN_TASK_SEGMENT, 3, 1 },
    { "narrow_nested_unet_mean", GOLDEN_MEAN, "nested-unet", "unetpp", SN_TASK_SEGMENT, 1, 2 },
};

START_TEST(test_identify)
{
    const char *ask[] = { NULL, models[_i].family };
    struct sn_error err = { 0 };
    struct golden_net g;

    load(&g, models[_i].name, models[_i].flags);
    for (int named = 0; named < 2; named++) /* from the metadata, and from the caller */
        for (size_t k = 0; k < SN_COUNT(ask); k++) {
            struct sn_net_info info;

            sn_ck_ok(sn_net_identify(&g.model, ask[k], &info, &err), &err);
            ck_assert_str_eq(info.family, models[_i].family);
            ck_assert_str_eq(info.architecture, models[_i].arch);
            ck_assert_int_eq(info.task, models[_i].task);
            ck_assert_int_eq(info.in_channels, models[_i].channels);
            ck_assert_int_eq(info.classes, models[_i].classes);
            g.model.n_meta = named ? g.model.n_meta : 0; /* the second time round: from the tensors' names */
        }
    golden_net_free(&g);
}
END_TEST

START_TEST(test_wrong_family)
{
    struct sn_error err = { 0 };
    struct sn_net_info info;
    struct sn_net_options opt = { .isa = SN_ISA_AUTO, .family = "milesial" };
    struct sn_net *net = (struct sn_net *)&info;
    struct sn_model empty;
    struct golden_net g;

    load(&g, "narrow_resnet18", 0);
    sn_ck_fails(sn_net_identify(&g.model, "milesial", &info, &err), SN_EMODEL, &err, "family 'milesial'");
    ck_assert(strstr(err.msg, "'conv1.weight'") != NULL); /* the first that does not fit */
    sn_ck_fails(sn_net_identify(&g.model, "resnet", &info, &err), SN_EMODEL, &err, "unknown family 'resnet'");
    sn_ck_fails(sn_net_create(&net, &g.model, 64, 64, &opt, &err), SN_EMODEL, &err, "milesial");
    ck_assert(net == NULL);
    golden_net_free(&g);
    sn_model_init(&empty);
    sn_ck_fails(sn_net_identify(&empty, NULL, &info, &err), SN_EMODEL, &err, "no supported family");
    sn_model_close(&empty);
}
END_TEST

static const struct {
    const char *name;
    struct change change;
    const char *said[3];
} refused[] = {
    { "narrow_resnet18", { .tensor = "conv1.weight" }, { "" } },
    { "narrow_resnet18", { .tensor = "layer1.0.bn2.running_var" }, { "'layer1.0.bn2.running_var'", "missing" } },
    { "narrow_resnet18", { .tensor = "layer3.0.downsample.1.weight" }, { "'layer3.0.downsample.1.weight'", "missing" } },
    { "narrow_resnet18", { .tensor = "fc.weight" }, { "" } },
    { "narrow_densenet121", { .tensor = "features.denseblock2.denselayer3.conv2.weight" }, { "'features.denseblock2.denselayer3.conv2.weight'", "missing" } },
    { "narrow_densenet121", { .tensor = "features.transition1.norm.bias" }, { "'features.transition1.norm.bias'", "missing" } },
    { "narrow_deeplabv3", { .tensor = "classifier.0.convs.4.1.weight" }, { "'classifier.0.convs.4.1.weight'", "missing" } },
    { "narrow_unet", { .tensor = "down3.maxpool_conv.1.double_conv.4.running_mean" }, { "'down3.maxpool_conv.1.double_conv.4.running_mean'", "missing" } },
    { "narrow_nested_unet", { .tensor = "conv2_1.bn1.weight" }, { "'conv2_1.bn1.weight'", "missing" } },
    { "narrow_resnet18", { .tensor = "layer1.0.conv2.weight", .rank = 4, .shape = { 10, 11, 3, 3 } }, { "'layer1.0.conv2.weight'", "size 11 in dimension 1", "expected 10" } },
    { "narrow_resnet18", { .tensor = "layer1.0.conv2.weight", .rank = 4, .shape = { 10, 10, 3, 2 } }, { "'layer1.0.conv2.weight'", "3 x 2", "odd square" } },
    { "narrow_resnet18", { .tensor = "bn1.bias", .rank = 1, .shape = { 9 } }, { "'bn1.bias'", "size 9", "expected 10" } },
    { "narrow_resnet18", { .tensor = "bn1.bias", .rank = 2, .shape = { 10, 1 } }, { "'bn1.bias'", "2 dimensions", "expected 1" } },
    { "narrow_resnet18", { .tensor = "fc.weight", .rank = 2, .shape = { 3, 51 } }, { "'fc.weight'", "size 51", "expected 50" } },
    { "narrow_resnet18", { .tensor = "fc.bias", .rank = 1, .shape = { 4 } }, { "'fc.bias'", "size 4", "expected 3" } },
    { "narrow_resnet18", { .tensor = "conv1.weight", .rank = 4, .shape = { 10, 0, 7, 7 } }, { "'conv1.weight'" } },
    { "narrow_unet", { .tensor = "up2.up.weight", .rank = 4, .shape = { 96, 48, 3, 3 } }, { "'up2.up.weight'", "size 3 in dimension 2", "expected 2" } },
    { "narrow_unet", { .extra = "up5.conv.double_conv.0.weight" }, { "'up5.conv.double_conv.0.weight'", "no layer" } },
    { "narrow_resnet18", { .extra = "layer4.2.conv3.weight" }, { "layer4.2" } },
    { "narrow_nested_unet", { .extra = "attention.weight" }, { "'attention.weight'", "no layer" } },
};

START_TEST(test_refused_models)
{
    struct sn_error err = { 0 };
    struct sn_net_info info;
    struct sn_model m;
    struct golden_net g;
    int rc;

    load(&g, refused[_i].name, 0);
    changed(&m, &g.model, &refused[_i].change);
    rc = sn_net_identify(&m, NULL, &info, &err);
    for (size_t k = 0; k < 3 && refused[_i].said[k]; k++)
        ck_assert_msg(rc == SN_EMODEL && strstr(err.msg, refused[_i].said[k]), "expected '%s', found %d: %s", refused[_i].said[k], rc, err.msg);
    sn_model_close(&m);
    golden_net_free(&g);
}
END_TEST

/* Whichever tensor is missing: refused (or, a bias, done without), never a crash, never a success by chance. */
START_TEST(test_any_tensor_missing)
{
    static const char *const names[] = { "narrow_resnet18", "narrow_unet", "narrow_nested_unet_ds" };
    struct golden_net g;
    size_t named = 0;

    load(&g, names[_i], 0);
    for (size_t i = 0; i < g.model.n_tensors; i++) {
        const char *name = g.model.tensors[i].name, *dot = strrchr(name, '.');
        bool optional = strcmp(dot, ".bias") == 0 || strncmp(name, "final1.", 7) == 0 || strncmp(name, "final2.", 7) == 0 ||
                        strncmp(name, "final3.", 7) == 0;
        struct sn_error err = { 0 };
        struct sn_net_info info;
        struct sn_model m;
        int rc;

        changed(&m, &g.model, &(struct change){ .tensor = name });
        rc = sn_net_identify(&m, NULL, &info, &err);
        ck_assert_msg(rc == SN_EMODEL || (rc == SN_OK && optional), "without '%s': %d, %s", name, rc, err.msg);
        named += rc && strstr(err.msg, name) != NULL;
        sn_model_close(&m);
    }
    /* all but the few by whose presence a network's shape is read off are named */
    ck_assert_msg(named * 10 > g.model.n_tensors * 7, "only %zu of %zu are named", named, g.model.n_tensors);
    golden_net_free(&g);
}
END_TEST

/* ---- sizes and values -------------------------------------------------------------------------- */

START_TEST(test_refused_sizes)
{
    static const struct {
        const char *name;
        int h, w, code;
        const char *said;
    } cases[] = {
        { "narrow_resnet18", 0, 64, SN_EINVAL, "0 x 64" },
        { "narrow_resnet18", 64, -5, SN_EINVAL, "64 x -5" },
        { "narrow_resnet18", 16385, 64, SN_EINVAL, "16385 x 64" },
        { "narrow_densenet121", 16, 64, SN_EMODEL, "too small" },
        { "narrow_densenet121", 64, 28, SN_EMODEL, "too small" },
        { "narrow_unet", 15, 64, SN_EMODEL, "too small" },
        { "narrow_nested_unet", 40, 64, SN_EMODEL, "multiples of 16, found 40 x 64" },
        { "narrow_nested_unet", 64, 72, SN_EMODEL, "multiples of 16, found 64 x 72" },
    };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct sn_error err = { 0 };
        struct sn_net *net;
        struct golden_net g;

        load(&g, cases[i].name, 0);
        sn_ck_fails(sn_net_create(&net, &g.model, cases[i].h, cases[i].w, NULL, &err), cases[i].code, &err, cases[i].said);
        ck_assert(net == NULL);
        golden_net_free(&g);
    }
}
END_TEST

START_TEST(test_refused_values)
{
    static const struct {
        const char *tensor;
        size_t at;
        float value;
        const char *layer;
    } cases[] = {
        { "conv1.weight", 17, NAN, "'bn1'" },
        { "layer2.1.conv2.weight", 100, -INFINITY, "'layer2.1.bn2'" },
        { "layer1.0.bn1.running_var", 3, -1.0f, "'layer1.0.bn1'" }, /* the root of a negative variance */
        { "layer1.0.bn1.running_var", 3, NAN, "'layer1.0.bn1'" },
        { "layer3.0.bn2.bias", 0, INFINITY, "'layer3.0.bn2'" },
        { "layer4.0.bn1.weight", 0, 3e38f, "'layer4.0.bn1'" },      /* overflows when folded */
        { "fc.weight", 1, NAN, "'fc'" },
        { "fc.bias", 1, NAN, "'fc'" },
    };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct sn_error err = { 0 };
        struct sn_net *net;
        struct golden_net g;

        load(&g, "narrow_resnet18", 0);
        *element(&g, cases[i].tensor, cases[i].at) = cases[i].value;
        if (cases[i].value == 3e38f)
            *element(&g, "layer4.0.bn1.running_var", 0) = 1e-6f;
        sn_ck_fails(sn_net_create(&net, &g.model, 33, 33, NULL, &err), SN_EMODEL, &err, cases[i].layer);
        ck_assert(strstr(err.msg, "non-finite") != NULL && net == NULL);
        golden_net_free(&g);
    }
}
END_TEST

static float *new_output(const struct sn_net *net, size_t *n)
{
    int c, h, w;
    float *out;

    sn_net_output_shape(net, &c, &h, &w);
    *n = (size_t)c * (size_t)h * (size_t)w;
    out = malloc(*n * sizeof *out);
    ck_assert(out != NULL);
    return out;
}

/* Weights of 1e30 in two layers: the second one's sums overflow, in whichever kernel, and are named. */
START_TEST(test_overflow_names_the_layer)
{
    for (int isa = 0; isa < SN_ISA_COUNT; isa++)
        for (int no_fuse = 0; no_fuse < 2; no_fuse++) {
            struct sn_net_options opt = { .isa = (enum sn_isa)isa, .no_fuse = no_fuse };
            struct sn_error err = { 0 };
            struct sn_net *net;
            struct golden_net g;
            float *in, *out;
            size_t n;

            if (!sn_isa_usable(opt.isa))
                continue;
            load(&g, "narrow_resnet18", 0);
            for (size_t i = 0; i < sn_model_find(&g.model, "layer2.0.conv1.weight")->count; i++)
                *element(&g, "layer2.0.conv1.weight", i) *= 1e30f;
            for (size_t i = 0; i < sn_model_find(&g.model, "layer2.0.conv2.weight")->count; i++)
                *element(&g, "layer2.0.conv2.weight", i) *= 1e30f;
            sn_ck_ok(sn_net_create(&net, &g.model, 40, 40, &opt, &err), &err);
            in = golden_input(1, 1, 40, 40);
            out = new_output(net, &n);
            sn_ck_fails(sn_net_run(net, in, out, &err), SN_EMODEL, &err, "layer 'layer2.0.bn2'");
            ck_assert(strstr(err.msg, "not finite") != NULL);
            in[777] = INFINITY;
            sn_ck_fails(sn_net_run(net, in, out, &err), SN_EFORMAT, &err, "input element 777");
            in[777] = NAN;
            sn_ck_fails(sn_net_run(net, in, out, &err), SN_EFORMAT, &err, "input element 777");
            free(in);
            free(out);
            sn_net_free(net);
            golden_net_free(&g);
        }
}
END_TEST

/* ---- what a run promises ------------------------------------------------------------------------ */

struct running {
    struct golden_net g;
    struct sn_net *net;
    struct sn_pool *pool;
    float *in, *out;
    size_t n;
};

static const int sizes[][2] = { { 33, 40 }, { 33, 40 }, { 33, 40 }, { 40, 33 }, { 40, 33 }, { 33, 40 }, { 33, 40 }, { 37, 20 }, { 37, 20 }, { 32, 16 }, { 32, 16 }, { 32, 16 } };
_Static_assert(SN_COUNT(sizes) == SN_COUNT(models), "one size for each model");

/* The caller's floating-point environment while a network is compiled and run. */
static void no_change(void) { }
static void (*environment)(void) = no_change;

static void start(struct running *r, int model, struct sn_net_options opt, int threads)
{
    struct sn_error err = { 0 };
    fenv_t usual;

    *r = (struct running){ 0 };
    load(&r->g, models[model].name, models[model].flags);
    sn_ck_ok(sn_pool_create(&r->pool, threads, &err), &err);
    opt.pool = r->pool;
    r->in = golden_input(r->g.seed, models[model].channels, sizes[model][0], sizes[model][1]);
    ck_assert(r->in && fegetenv(&usual) == 0);
    environment();
    sn_ck_ok(sn_net_create(&r->net, &r->g.model, sizes[model][0], sizes[model][1], &opt, &err), &err);
    r->out = new_output(r->net, &r->n);
    sn_ck_ok(sn_net_run(r->net, r->in, r->out, &err), &err);
    (void)fesetenv(&usual);
}

static void stop(struct running *r)
{
    free(r->in);
    free(r->out);
    sn_net_free(r->net);
    sn_pool_free(r->pool);
    golden_net_free(&r->g);
}

START_TEST(test_run_allocates_nothing)
{
    struct sn_error err = { 0 };
    struct running r;
    unsigned long built, seen;
    int rc = SN_OK;

    sn_alloc_watch(0);
    start(&r, _i / 2, (struct sn_net_options){ .isa = SN_ISA_AUTO, .precision = _i % 2 ? SN_I16 : SN_FP32 }, 3);
    built = sn_alloc_now().seen;
    sn_alloc_watch(0);
    for (int i = 0; i < 3 && !rc; i++) /* no ck_assert in here: it allocates itself */
        rc = sn_net_run(r.net, r.in, r.out, &err);
    seen = sn_alloc_stop().seen;
    sn_ck_ok(rc, &err);
    ck_assert_uint_gt(built, 50); /* the counter counts: building the network allocated */
    ck_assert_msg(seen == 0, "%s: %lu allocations in three runs", models[_i / 2].name, seen);
    stop(&r);
}
END_TEST

static void round_upward(void) { (void)fesetround(FE_UPWARD); }
static void round_to_zero(void) { (void)fesetround(FE_TOWARDZERO); }
#if defined(__x86_64__)
static void flush_to_zero(void) { _mm_setcsr(_mm_getcsr() | 0x8040); } /* FTZ and DAZ */
#endif
static void (*const environments[])(void) = {
    round_upward, round_to_zero,
#if defined(__x86_64__)
    flush_to_zero,
#endif
};

/* Fusing, where weights are kept, and the environment the caller happens to be in change no bit. */
START_TEST(test_same_bits)
{
    struct running want, got;

    start(&want, _i, (struct sn_net_options){ .isa = SN_ISA_AUTO }, 1);
    start(&got, _i, (struct sn_net_options){ .isa = SN_ISA_AUTO, .no_fuse = true }, 2);
    ck_assert(want.n == got.n && memcmp(want.out, got.out, want.n * sizeof *want.out) == 0);
    ck_assert_uint_ge(sn_net_plan_rows(got.net), sn_net_plan_rows(want.net));
    stop(&got);
    for (int m = SN_MEMORY_LEAN; m <= SN_MEMORY_FAST; m++) {
        start(&got, _i, (struct sn_net_options){ .isa = SN_ISA_AUTO, .memory = (enum sn_memory)m }, 2);
        ck_assert_msg(memcmp(want.out, got.out, want.n * sizeof *want.out) == 0, "%s: other bits in memory mode %d", models[_i].name, m);
        stop(&got);
    }
    for (size_t i = 0; i < SN_COUNT(environments); i++) {
        environment = environments[i];
        start(&got, _i, (struct sn_net_options){ .isa = SN_ISA_AUTO }, 2);
        ck_assert_msg(memcmp(want.out, got.out, want.n * sizeof *want.out) == 0, "%s: other bits in environment %zu", models[_i].name, i);
        stop(&got);
    }
    stop(&want);
}
END_TEST

/* --precision fp64 tells how exact fp32 is: close, and not the same. */
START_TEST(test_fp64)
{
    struct sn_error err = { 0 };
    struct running a, b;
    double peak = 0, worst = 0, *wide;

    start(&a, _i, (struct sn_net_options){ .isa = SN_ISA_AUTO }, 2);
    start(&b, _i, (struct sn_net_options){ .isa = SN_ISA_AUTO, .precision = SN_FP64 }, 2);
    wide = malloc(b.n * sizeof *wide);
    ck_assert(wide != NULL);
    sn_ck_ok(sn_net_run_f64(b.net, b.in, wide, &err), &err);
    for (size_t i = 0; i < b.n; i++) {
        ck_assert((float)wide[i] == b.out[i]);
        peak = SN_MAX(peak, fabs(wide[i]));
        worst = SN_MAX(worst, fabs(wide[i] - (double)a.out[i]));
    }
    ck_assert_msg(worst > 0 && worst <= 1e-5 * peak, "%s: largest difference %g of %g", models[_i].name, worst, peak);
    sn_ck_ok(sn_net_run_f64(a.net, a.in, wide, &err), &err); /* fp32 results, widened */
    for (size_t i = 0; i < a.n; i++)
        ck_assert(wide[i] == (double)a.out[i]);
    free(wide);
    stop(&a);
    stop(&b);
}
END_TEST

/* Two networks of one model at once do not share anything they write. */
START_TEST(test_two_nets_one_model)
{
    struct sn_error err = { 0 };
    struct running a;
    struct sn_net *other;
    float *in, *out, *again;
    size_t n;

    start(&a, 7, (struct sn_net_options){ .isa = SN_ISA_AUTO }, 1);
    sn_ck_ok(sn_net_create(&other, &a.g.model, 48, 64, NULL, &err), &err);
    in = golden_input(99, 1, 48, 64);
    out = new_output(other, &n);
    again = malloc(a.n * sizeof *again);
    ck_assert(in && again);
    sn_ck_ok(sn_net_run(other, in, out, &err), &err);
    sn_ck_ok(sn_net_run(a.net, a.in, again, &err), &err);
    ck_assert(memcmp(again, a.out, a.n * sizeof *again) == 0);
    sn_net_free(other);
    sn_ck_ok(sn_net_run(a.net, a.in, again, &err), &err);
    ck_assert(memcmp(again, a.out, a.n * sizeof *again) == 0);
    free(in);
    free(out);
    free(again);
    stop(&a);
}
END_TEST

/* The class activation map's identity: the head applied to the features' mean is the logit. */
START_TEST(test_features_and_head)
{
    struct sn_error err = { 0 };
    const float *weight, *bias;
    struct running r;
    float *map;
    int c, h, w;

    start(&r, _i, (struct sn_net_options){ .isa = SN_ISA_AUTO, .keep_features = true }, 1);
    if (models[_i].task == SN_TASK_SEGMENT) {
        stop(&r);
        return;
    }
    ck_assert(sn_net_features(r.net, &c, &h, &w) && sn_net_head(r.net, &weight, &bias));
    map = malloc((size_t)(c * h * w) * sizeof *map);
    ck_assert(map != NULL);
    sn_ck_ok(sn_net_get_features(r.net, map, &err), &err);
    for (int k = 0; k < models[_i].classes; k++) {
        double logit = (double)bias[k];

        for (int i = 0; i < c * h * w; i++)
            logit += (double)weight[k * c + i / (h * w)] * (double)map[i] / (h * w);
        ck_assert_double_eq_tol(logit, (double)r.out[k], 1e-5);
    }
    free(map);
    stop(&r);
    start(&r, _i, (struct sn_net_options){ .isa = SN_ISA_AUTO }, 1);
    ck_assert(!sn_net_features(r.net, &c, &h, &w));
    ck_assert_int_eq(sn_net_get_features(r.net, NULL, &err), SN_EINVAL);
    stop(&r);
}
END_TEST

/* No dense layer runs a scalar twin when the machine has better; the plan's figures add up. */
START_TEST(test_plan)
{
    struct running r;
    uint64_t macs = 0;

    start(&r, _i, (struct sn_net_options){ .isa = SN_ISA_AUTO }, 1);
    for (size_t i = 0; i < sn_net_plan_rows(r.net); i++) {
        struct sn_plan_row row;

        sn_net_plan_row(r.net, i, &row);
        ck_assert(row.name && *row.name && row.op && row.kernel && row.out_bytes > 0);
        macs += row.macs;
        if (row.macs)
            ck_assert_msg(strstr(row.kernel, sn_isa_name(sn_isa_best())) != NULL, "%s runs %s", row.name, row.kernel);
    }
    ck_assert(macs == sn_net_macs(r.net) && macs > 0);
    ck_assert_uint_gt(sn_net_arena_bytes(r.net), 0);
    stop(&r);
}
END_TEST

/* A prepacked file gives the plain one's bits, at another size than it was made at, in every memory mode and on every tier. */
START_TEST(test_prepacked)
{
    struct sn_model packed, read;
    struct sn_error err = { 0 };
    struct running want;
    struct sn_net *lean = NULL, *net = NULL;
    char path[512];
    float *out;

    start(&want, _i, (struct sn_net_options){ .isa = SN_ISA_AUTO }, 1);
    sn_ck_ok(sn_net_create(&lean, &want.g.model, 64, 64, &(struct sn_net_options){ .isa = SN_ISA_AUTO, .memory = SN_MEMORY_LEAN }, &err), &err);
    sn_ck_ok(sn_net_prepack(lean, &want.g.model, &packed, &err), &err);
    (void)snprintf(path, sizeof path, "%s/packed%d.snw", sn_test_tmpdir(), _i);
    sn_ck_ok(sn_model_write(&packed, path, &err), &err);
    sn_model_close(&packed);
    sn_ck_ok(sn_model_open(&read, path, SN_VERIFY_CRC | SN_VERIFY_SHA256, &err), &err);
    out = malloc(want.n * sizeof *out);
    for (int k = 0; k < 2 * 3; k++) {
        struct sn_net_options opt = { .isa = k % 2 ? SN_ISA_REF : SN_ISA_AUTO, .memory = (enum sn_memory)(k / 2) };

        sn_ck_ok(sn_net_create(&net, &read, sizes[_i][0], sizes[_i][1], &opt, &err), &err);
        sn_ck_ok(sn_net_run(net, want.in, out, &err), &err);
        ck_assert_msg(memcmp(want.out, out, want.n * sizeof *out) == 0, "%s: other bits, isa %s, memory mode %d", models[_i].name,
                      sn_isa_name(opt.isa), (int)opt.memory);
        sn_net_free(net);
    }
    sn_ck_fails(sn_net_create(&net, &read, sizes[_i][0], sizes[_i][1], &(struct sn_net_options){ .precision = SN_FP64, .isa = SN_ISA_AUTO }, &err),
                SN_EMODEL, &err, "--precision fp64 needs the plain file");
    sn_ck_ok(sn_net_create(&net, &read, sizes[_i][0], sizes[_i][1], &(struct sn_net_options){ .isa = SN_ISA_AUTO, .memory = SN_MEMORY_LEAN }, &err), &err);
    sn_ck_fails(sn_net_prepack(net, &read, &packed, &err), SN_EMODEL, &err, "prepacked already");
    sn_net_free(net);
    sn_ck_ok(sn_model_set_meta(&read, "prepacked", "1", &err), &err);
    sn_ck_fails(sn_net_create(&net, &read, sizes[_i][0], sizes[_i][1], NULL, &err), SN_EUNSUPPORTED, &err, "layout '1'");
    sn_ck_ok(sn_model_set_meta(&read, "prepacked", "2", &err), &err);
    read.tensors[read.n_tensors - 1].bytes -= 4; /* the last layer's values are those of another network */
    sn_ck_fails(sn_net_create(&net, &read, sizes[_i][0], sizes[_i][1], NULL, &err), SN_EMODEL, &err, "made for another network");
    sn_model_close(&read);
    sn_net_free(lean);
    free(out);
    stop(&want);
}
END_TEST

static Suite *suite_nets(void)
{
    Suite *s = suite_create("nets");
    TCase *t = tcase_create("models"), *u = tcase_create("runs");

    tcase_set_timeout(t, 120);
    tcase_set_timeout(u, 120);
    tcase_add_loop_test(t, test_identify, 0, (int)SN_COUNT(models));
    tcase_add_test(t, test_wrong_family);
    tcase_add_loop_test(t, test_refused_models, 0, (int)SN_COUNT(refused));
    tcase_add_loop_test(t, test_any_tensor_missing, 0, 3);
    tcase_add_test(t, test_refused_sizes);
    tcase_add_test(t, test_refused_values);
    tcase_add_test(u, test_overflow_names_the_layer);
    tcase_add_loop_test(u, test_run_allocates_nothing, 0, 2 * (int)SN_COUNT(models));
    tcase_add_loop_test(u, test_same_bits, 0, (int)SN_COUNT(models));
    tcase_add_loop_test(u, test_prepacked, 0, (int)SN_COUNT(models));
    tcase_add_loop_test(u, test_fp64, 0, (int)SN_COUNT(models));
    tcase_add_test(u, test_two_nets_one_model);
    tcase_add_loop_test(u, test_features_and_head, 0, (int)SN_COUNT(models));
    tcase_add_loop_test(u, test_plan, 0, (int)SN_COUNT(models));
    suite_add_tcase(s, t);
    suite_add_tcase(s, u);
    return s;
}

SN_CHECK_MAIN(suite_nets)
