/*
 * digest_tool.c: prints digests that must be the same on every machine: the elementary functions, a
 * .snw file, and the narrow golden networks under each usable instruction set. Needs no test library,
 * so tests/cross.sh can run it on other architectures, big-endian ones included.
 *
 *     digest_tool SCRATCH_FILE
 */
#include "tests/golden/synth.h"
#include "weights/weights.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    int h, w;
} nets[] = {
    { "narrow_resnet18", 33, 25 },  { "narrow_resnet50", 32, 33 },      { "narrow_densenet121", 32, 33 },   { "narrow_deeplabv3", 25, 33 },
    { "narrow_unet", 37, 22 },      { "narrow_unet_bilinear", 21, 34 }, { "narrow_nested_unet", 32, 16 },   { "narrow_nested_unet_mean", 16, 32 },
    { "narrow_deeplabv3", 217, 225 }, /* ASPP at 28 x 29: pieces of 3 and 2, and of a pair */
};

static void die(const char *what, const struct sn_error *err)
{
    (void)fprintf(stderr, "digest_tool: %s: %s\n", what, err->msg);
    exit(1);
}

static void add_f32(struct sn_sha256 *s, float v)
{
    uint8_t b[4];
    uint32_t u;

    memcpy(&u, &v, sizeof u);
    sn_put_le32(b, u);
    sn_sha256_update(s, b, sizeof b);
}

static void add_f64(struct sn_sha256 *s, double v)
{
    uint8_t b[8];
    uint64_t u;

    memcpy(&u, &v, sizeof u);
    sn_put_le64(b, u);
    sn_sha256_update(s, b, sizeof b);
}

static void print(struct sn_sha256 *s, const char *what)
{
    char hex[SN_SHA256_HEX];
    uint8_t sum[32];

    sn_sha256_final(s, sum);
    sn_hex(sum, sizeof sum, hex);
    (void)printf("%s %s\n", what, hex);
}

/* Finite arguments and results only: NaN's payload and sign are the machine's own. */
static void functions(void)
{
    struct sn_rng r = { 77 };
    struct sn_sha256 s;

    sn_sha256_init(&s);
    for (int i = 0; i < 20000; i++) {
        double x = sn_rng_normal(&r) * 200, u = sn_rng_uniform(&r);

        add_f64(&s, sn_exp(SN_MIN(x, 700.0)));
        add_f64(&s, sn_log(u + 0x1p-60));
        add_f64(&s, sn_sigmoid(x));
        add_f64(&s, sn_cos2pi(u));
        add_f32(&s, sn_expf((float)(x / 2)));
        add_f32(&s, sn_sigmoidf((float)(x / 20)));
        add_f32(&s, sn_fmaf((float)x, (float)u, (float)(-x * u)));
        add_f64(&s, (double)sn_rng_below(&r, 1000003));
    }
    print(&s, "functions");
}

/* Writing and reading back gives the same bytes and the same values. */
static void file(const char *path)
{
    struct sn_error err = { 0 };
    struct sn_model m = { 0 };
    struct golden_net g;
    struct sn_sha256 s;
    struct sn_map map;

    if (golden_net_load(&g, "narrow_resnet18", 0, &err) || sn_model_write(&g.model, path, &err) ||
        sn_model_open(&m, path, SN_VERIFY_CRC | SN_VERIFY_SHA256, &err) || sn_map_file(path, &map, &err))
        die("weights file", &err);
    sn_sha256_init(&s);
    sn_sha256_update(&s, map.data, map.size);
    print(&s, "file");
    sn_sha256_init(&s);
    for (size_t i = 0; i < m.n_tensors; i++)
        for (size_t k = 0; k < m.tensors[i].count; k++) {
            float f;

            sn_tensor_to_f32(&m.tensors[i], k, 1, &f);
            add_f32(&s, f);
        }
    print(&s, "values");
    sn_map_close(&map);
    sn_model_close(&m);
    golden_net_free(&g);
}

static void network(size_t i, struct sn_net_options opt, int threads)
{
    struct sn_error err = { 0 };
    struct golden_net g;
    struct sn_net *net;
    struct sn_sha256 s;
    char what[120];
    double *out;
    float *in;
    size_t n;
    int c, h, w;

    if (golden_net_load(&g, nets[i].name, strstr(nets[i].name, "mean") ? GOLDEN_MEAN : 0, &err) || sn_pool_create(&opt.pool, threads, &err) ||
        sn_net_create(&net, &g.model, nets[i].h, nets[i].w, &opt, &err))
        die(nets[i].name, &err);
    sn_net_output_shape(net, &c, &h, &w);
    n = (size_t)c * (size_t)h * (size_t)w;
    in = golden_input(g.seed, sn_net_get_info(net)->in_channels, nets[i].h, nets[i].w);
    out = malloc(n * sizeof *out);
    if (!in || !out || sn_net_run_f64(net, in, out, &err))
        die(nets[i].name, &err);
    sn_sha256_init(&s);
    for (size_t k = 0; k < n; k++)
        add_f64(&s, out[k]);
    /* the instruction set is a comment: cross.sh drops it before comparing */
    (void)snprintf(what, sizeof what, "%s %dx%d %s # %s, %d threads:", nets[i].name, nets[i].h, nets[i].w,
                   opt.precision == SN_FP64 ? "fp64" : opt.precision == SN_I16 ? "i16" : "fp32", sn_isa_name(opt.isa), threads);
    print(&s, what);
    free(in);
    free(out);
    sn_net_free(net);
    sn_pool_free(opt.pool);
    golden_net_free(&g);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: digest_tool SCRATCH_FILE\n");
        return 2;
    }
    functions();
    file(argv[1]);
    for (size_t i = 0; i < SN_COUNT(nets); i++) {
        for (int isa = 0; isa < SN_ISA_COUNT; isa++)
            if (sn_isa_usable((enum sn_isa)isa))
                for (int i16 = 0; i16 < 2; i16++)
                    network(i, (struct sn_net_options){ .isa = (enum sn_isa)isa, .precision = i16 ? SN_I16 : SN_FP32 }, 1 + (int)i % 3);
        network(i, (struct sn_net_options){ .isa = SN_ISA_REF, .precision = SN_FP64 }, 1);
    }
    return 0;
}
