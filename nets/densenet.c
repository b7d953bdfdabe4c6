/*
 * densenet.c: Huang et al. 2017, "Densely connected convolutional networks", as torchvision names
 * and builds it (with the ReLU after the last normalisation, which the paper does not draw).
 * Files from before torchvision 0.2 write norm.1, conv.1 where newer ones write norm1, conv1.
 */
#include "nets/engine/graph.h"

#define MAX_LAYERS (SN_MAX_INPUTS - 1)

/* Pre-activation bottleneck: BN-ReLU-1x1-BN-ReLU-3x3 on everything the block has produced so far. */
static sn_val dense_layer(struct sn_graph *g, const sn_val *parts, int n, const char *name)
{
    bool old = sn_has(g, name, "norm.1.weight");
    sn_val x = n > 1 ? sn_concat(g, n, parts) : parts[0];

    x = sn_relu(g, sn_bn_layer(g, x, name, old ? "norm.1" : "norm1"));
    x = sn_conv_bn(g, x, name, old ? "conv.1" : "conv1", old ? "norm.2" : "norm2", (struct sn_conv){ 0 });
    return sn_conv_layer(g, sn_relu(g, x), name, old ? "conv.2" : "conv2", (struct sn_conv){ 0 });
}

static sn_val dense_block(struct sn_graph *g, sn_val x, int block, int *layers)
{
    sn_val parts[MAX_LAYERS + 1] = { x };

    for (*layers = 0;; ++*layers) {
        const char *name = sn_name(g, "features.denseblock%d.denselayer%d", block, *layers + 1);

        if (g->rc || (!sn_has(g, name, "conv1.weight") && !sn_has(g, name, "conv.1.weight")))
            break;
        if (*layers == MAX_LAYERS) {
            sn_graph_fail(g, "'%s': more than %d layers in a dense block", name, MAX_LAYERS);
            break;
        }
        parts[*layers + 1] = dense_layer(g, parts, *layers + 1, name);
    }
    return *layers ? sn_concat(g, *layers + 1, parts) : x;
}

/*
 * Averages and a 1x1 convolution without bias are linear, so the order may be changed: averaged first, a quarter of the
 * pixels are left to multiply. (In the original the convolution is first.)
 */
static sn_val transition(struct sn_graph *g, sn_val x, int block)
{
    const char *name = sn_name(g, "features.transition%d", block);

    x = sn_relu(g, sn_bn_layer(g, x, name, "norm"));
    x = sn_avgpool(g, x, 2, 2, 0, false, true);
    return sn_conv_layer(g, x, name, "conv", (struct sn_conv){ 0 });
}

static const struct {
    const char *name;
    int layers[4];
} known[] = {
    { "densenet121", { 6, 12, 24, 16 } }, { "densenet169", { 6, 12, 32, 32 } },
    { "densenet201", { 6, 12, 48, 32 } }, { "densenet161", { 6, 12, 36, 24 } },
};

static sn_val build(struct sn_graph *g, struct sn_net_info *info)
{
    int layers[4] = { 0 };
    sn_val x, y;

    x = sn_conv_bn(g, g->input, "features", "conv0", "norm0", (struct sn_conv){ .stride = 2 });
    x = sn_maxpool(g, sn_relu(g, x), 3, 2, 1, false);
    for (int b = 0; b < 4; b++) {
        x = dense_block(g, x, b + 1, &layers[b]);
        if (layers[b] == 0)
            sn_graph_fail(g, "tensor 'features.denseblock%d.denselayer1.conv1.weight' is missing", b + 1);
        if (b < 3)
            x = transition(g, x, b + 1);
    }
    x = sn_relu(g, sn_bn_layer(g, x, "features", "norm5"));
    g->features = x;
    y = sn_linear(g, sn_global_avgpool(g, x), "", "classifier");
    info->task = SN_TASK_CLASSIFY;
    info->architecture = "densenet";
    for (size_t i = 0; i < SN_COUNT(known); i++)
        if (memcmp(known[i].layers, layers, sizeof layers) == 0)
            info->architecture = known[i].name;
    info->classes = y >= 0 ? g->nodes[y].c : 0;
    return y;
}

const struct sn_builder sn_builder_densenet = {
    .families = { "torchvision", "timm" }, .build = build,
    .keys = { "features.conv0.weight", "features.norm5.weight", "classifier.weight" }
};
