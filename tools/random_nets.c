/*
 * random_nets.c: tensor lists of the six networks at any width. Names and topology are those of the
 * published checkpoints, so that what runs here runs as it will with trained weights.
 */
#include "tools/random_nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct sn_random_builder builder;

/* offset + scale * u, two roundings, as tests/golden/README.md. */
static void tensor(builder *b, const char *prefix, const char *leaf, int rank, const uint64_t *shape, float offset,
                   float scale, float last)
{
    char name[160];
    size_t n = 1;
    uint64_t stream;
    float *x;

    if (b->rc)
        return;
    for (int i = 0; i < rank; i++)
        n *= (size_t)shape[i]; /* widths are at most 64 */
    (void)snprintf(name, sizeof name, "%s.%s", prefix, leaf);
    x = malloc(n * sizeof *x);
    if (!x) {
        b->rc = SN_NOMEM(b->err, "weights");
        return;
    }
    stream = sn_rng_name(b->seed, name);
    for (size_t i = 0; i < n; i++)
        x[i] = (offset + scale * sn_rng_weight(stream, i)) * last;
    if (strcmp(leaf, "bias") == 0 && last == 1.0f && offset == 0.0f && b->shift != 0.0 && n == (size_t)b->classes &&
        (strcmp(prefix, "classifier.4") == 0 || strcmp(prefix, "outc.conv") == 0 || strcmp(prefix, "final") == 0))
        x[n - 1] = (float)((double)x[n - 1] + b->shift);
    b->rc = sn_model_add(b->model, name, SN_F32, rank, shape, x, true, b->err);
    free(x);
}

static void weight(builder *b, const char *name, int a, int c, int k, double gain, int fan_in)
{
    const uint64_t shape[] = { (uint64_t)a, (uint64_t)c, (uint64_t)k, (uint64_t)k };

    tensor(b, name, "weight", k ? 4 : 2, shape, 0.0f, (float)sqrt(gain / fan_in), 1.0f);
}

static void vector(builder *b, const char *name, const char *leaf, int n, float offset, float scale, float last)
{
    const uint64_t shape = (uint64_t)n;

    tensor(b, name, leaf, 1, &shape, offset, scale, last);
}

static void conv(builder *b, const char *name, int oc, int ic, int k) { weight(b, name, oc, ic, k, 6.0, ic * k * k); }

static void conv_bias(builder *b, const char *name, int oc, int ic, int k)
{
    conv(b, name, oc, ic, k);
    vector(b, name, "bias", oc, 0.0f, 0.1f, 1.0f);
}

static void deconv(builder *b, const char *name, int ic, int oc)
{
    weight(b, name, ic, oc, 2, 6.0, ic);
    vector(b, name, "bias", oc, 0.0f, 0.1f, 1.0f);
}

static void linear(builder *b, const char *name, int out, int in)
{
    weight(b, name, out, in, 0, 3.0, in);
    vector(b, name, "bias", out, 0.0f, 0.1f, 1.0f);
}

/* last_of_block: weight times 0.3, which keeps stacks of residual blocks tame. */
static void norm(builder *b, const char *name, int c, bool last_of_block)
{
    vector(b, name, "weight", c, 1.0f, 0.2f, last_of_block ? 0.3f : 1.0f);
    vector(b, name, "bias", c, 0.0f, 0.1f, 1.0f);
    vector(b, name, "running_mean", c, 0.0f, 0.2f, 1.0f);
    vector(b, name, "running_var", c, 1.0f, 0.5f, 1.0f);
}

static const char *name(char buf[96], const char *fmt, ...) SN_PRINTF(2, 3);
static const char *name(char buf[96], const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(buf, 96, fmt, ap);
    va_end(ap);
    return buf;
}

/* prefix.convN, prefix.bnN */
static void conv_norm(builder *b, const char *prefix, int n, int oc, int ic, int k, bool last)
{
    char s[96];

    conv(b, name(s, "%s.conv%d", prefix, n), oc, ic, k);
    norm(b, name(s, "%s.bn%d", prefix, n), oc, last);
}

static int resnet_trunk(builder *b, const char *prefix, const int blocks[4])
{
    int in = b->width;
    char s[96], t[96];

    conv(b, name(s, "%sconv1", prefix), in, 3, 7);
    norm(b, name(s, "%sbn1", prefix), in, false);
    for (int l = 0; l < 4; l++) {
        int mid = b->width << l;

        for (int i = 0; i < blocks[l]; i++) {
            (void)name(s, "%slayer%d.%d", prefix, l + 1, i);
            conv_norm(b, s, 1, mid, in, 1, false);
            conv_norm(b, s, 2, mid, mid, 3, false);
            conv_norm(b, s, 3, 4 * mid, mid, 1, true);
            if (i == 0) {
                conv(b, name(t, "%s.downsample.0", s), 4 * mid, in, 1);
                norm(b, name(t, "%s.downsample.1", s), 4 * mid, false);
            }
            in = 4 * mid;
        }
    }
    return in;
}

static void resnet50(builder *b) { linear(b, "fc", b->classes, resnet_trunk(b, "", (const int[]){ 3, 4, 6, 3 })); }

static void resnet101(builder *b) { linear(b, "fc", b->classes, resnet_trunk(b, "", (const int[]){ 3, 4, 23, 3 })); }

/* Growth is half the first layer's width, as published (32 of 64). */
static void densenet121(builder *b)
{
    static const int layers[4] = { 6, 12, 24, 16 };
    int grow = b->width / 2, c = b->width;
    char s[96], t[96];

    conv(b, "features.conv0", c, 3, 7);
    norm(b, "features.norm0", c, false);
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < layers[k]; i++) {
            (void)name(s, "features.denseblock%d.denselayer%d", k + 1, i + 1);
            norm(b, name(t, "%s.norm1", s), c, false);
            conv(b, name(t, "%s.conv1", s), 4 * grow, c, 1);
            norm(b, name(t, "%s.norm2", s), 4 * grow, false);
            conv(b, name(t, "%s.conv2", s), grow, 4 * grow, 3);
            c += grow;
        }
        if (k < 3) {
            norm(b, name(t, "features.transition%d.norm", k + 1), c, false);
            conv(b, name(t, "features.transition%d.conv", k + 1), c / 2, c, 1);
            c /= 2;
        }
    }
    norm(b, "features.norm5", c, false);
    linear(b, "classifier", b->classes, c);
}

static void deeplabv3(builder *b)
{
    int in = resnet_trunk(b, "backbone.", (const int[]){ 3, 4, 6, 3 }), mid = 4 * b->width;
    char s[96];

    for (int i = 0; i < 5; i++) { /* 1x1, three rates, image pooling (whose conv is number 1) */
        conv(b, name(s, "classifier.0.convs.%d.%d", i, i == 4), mid, in, i == 0 || i == 4 ? 1 : 3);
        norm(b, name(s, "classifier.0.convs.%d.%d", i, 1 + (i == 4)), mid, false);
    }
    conv(b, "classifier.0.project.0", mid, 5 * mid, 1);
    norm(b, "classifier.0.project.1", mid, false);
    conv(b, "classifier.1", mid, mid, 3);
    norm(b, "classifier.2", mid, false);
    conv_bias(b, "classifier.4", b->classes, mid, 1);
}

static void double_conv(builder *b, const char *prefix, int in, int out)
{
    char s[96];

    for (int i = 0; i < 2; i++) {
        conv(b, name(s, "%s.double_conv.%d", prefix, 3 * i), out, i ? out : in, 3);
        norm(b, name(s, "%s.double_conv.%d", prefix, 3 * i + 1), out, false);
    }
}

static void unet(builder *b)
{
    int w = b->width;
    char s[96];

    double_conv(b, "inc", 3, w);
    for (int i = 1; i < 5; i++)
        double_conv(b, name(s, "down%d.maxpool_conv.1", i), w << (i - 1), w << i);
    for (int i = 1; i < 5; i++) {
        int in = w << (5 - i);

        deconv(b, name(s, "up%d.up", i), in, in / 2);
        double_conv(b, name(s, "up%d.conv", i), in, in / 2);
    }
    conv_bias(b, "outc.conv", b->classes, w, 1);
}

/* Half U-Net's width, as published (32 of 64). */
static void unetpp(builder *b)
{
    int w = b->width / 2;
    char s[96];

    for (int j = 0; j < 5; j++)
        for (int i = 0; i + j < 5; i++) {
            int out = w << i, in = j ? j * out + 2 * out : i ? out / 2 : 3;

            for (int k = 1; k <= 2; k++) {
                conv_bias(b, name(s, "conv%d_%d.conv%d", i, j, k), out, k == 1 ? in : out, 3);
                norm(b, name(s, "conv%d_%d.bn%d", i, j, k), out, false);
            }
        }
    conv_bias(b, "final", b->classes, w, 1);
}

/* Class counts differ so that sigmoid and softmax heads are both exercised. */
const struct sn_random_net sn_random_nets[SN_RANDOM_NETS] = {
    { "deeplabv3", "torchvision", "deeplabv3_resnet50", 1, deeplabv3 },
    { "unet", "milesial", "unet", 2, unet },
    { "unetpp", "nested-unet", "unetpp", 1, unetpp },
    { "resnet50", "torchvision", "resnet50", 2, resnet50 },
    { "resnet101", "torchvision", "resnet101", 2, resnet101 },
    { "densenet121", "torchvision", "densenet121", 1, densenet121 },
};

int sn_random_net_build(const struct sn_random_net *net, uint64_t seed, int width, double shift, struct sn_model *m,
                        struct sn_error *err)
{
    /* the same tensor names occur in several networks: each gets its own stream */
    builder b = { .model = m,
                  .seed = sn_rng_name(seed, net->name),
                  .width = width,
                  .classes = net->classes,
                  .shift = shift,
                  .err = err };
    const bool segments = net < sn_random_nets + SN_RANDOM_NETS / 2;
    const char *const meta[][2] = { { "name", net->name },
                                    { "family", net->family },
                                    { "architecture", net->architecture },
                                    { "classes", net->classes == 1 ? "1" : "2" },
                                    { "task", segments ? "segment" : "classify" },
                                    { "trained_on", "nothing: random weights" } };

    for (size_t i = 0; i < SN_COUNT(meta) && !b.rc; i++)
        b.rc = sn_model_set_meta(m, meta[i][0], meta[i][1], err);
    net->build(&b);
    return b.rc;
}
