/*
 * resnet.c: He et al. 2016, "Deep residual learning for image recognition", as torchvision names
 * and builds it (v1.5: the stride is on the 3x3; the paper has it on the first 1x1). Any depth:
 * blocks are counted from the tensor names, channels are the tensors' own.
 */
#include "nets/engine/graph.h"

/* fig. 5 right, [C,H,W] -> [OC,H/stride,W/stride]. */
static sn_val bottleneck(struct sn_graph *g, sn_val x, const char *name, int stride, int dil)
{
    sn_val skip = x, y;

    y = sn_conv_bn(g, x, name, "conv1", "bn1", (struct sn_conv){ 0 });
    y = sn_relu(g, y);
    y = sn_conv_bn(g, y, name, "conv2", "bn2", (struct sn_conv){ .stride = stride, .dil = dil });
    y = sn_relu(g, y);
    y = sn_conv_bn(g, y, name, "conv3", "bn3", (struct sn_conv){ 0 });
    if (sn_has(g, name, "downsample.0.weight"))
        skip = sn_conv_bn(g, x, name, "downsample.0", "downsample.1", (struct sn_conv){ .stride = stride });
    return sn_relu(g, sn_add_vals(g, y, skip));
}

/* fig. 5 left. */
static sn_val basic(struct sn_graph *g, sn_val x, const char *name, int stride)
{
    sn_val skip = x, y;

    y = sn_conv_bn(g, x, name, "conv1", "bn1", (struct sn_conv){ .stride = stride });
    y = sn_relu(g, y);
    y = sn_conv_bn(g, y, name, "conv2", "bn2", (struct sn_conv){ 0 });
    if (sn_has(g, name, "downsample.0.weight"))
        skip = sn_conv_bn(g, x, name, "downsample.0", "downsample.1", (struct sn_conv){ .stride = stride });
    return sn_relu(g, sn_add_vals(g, y, skip));
}

/*
 * With `dilate` (DeepLabV3, output stride 8) layers 3 and 4 replace their stride by dilation 2 and
 * 4, but each layer's first block still has the dilation before it: torchvision's rule.
 */
sn_val sn_resnet_trunk(struct sn_graph *g, const char *prefix, bool dilate, int blocks[4], bool *deep)
{
    const char *dot = *prefix ? "." : "";
    sn_val x;

    x = sn_conv_bn(g, g->input, prefix, "conv1", "bn1", (struct sn_conv){ .stride = 2 });
    x = sn_maxpool(g, sn_relu(g, x), 3, 2, 1, false);
    *deep = sn_has(g, prefix, "layer1.0.conv3.weight");
    for (int layer = 0; layer < 4; layer++) {
        int before = dilate && layer == 3 ? 2 : 1, after = dilate && layer >= 2 ? 2 * before : before;

        for (blocks[layer] = 0;; blocks[layer]++) {
            bool first = blocks[layer] == 0;
            int stride = first && layer > 0 && !(dilate && layer >= 2) ? 2 : 1;
            const char *name = sn_name(g, "%s%slayer%d.%d", prefix, dot, layer + 1, blocks[layer]);

            if (g->rc || !sn_has(g, name, "conv1.weight"))
                break;
            x = *deep ? bottleneck(g, x, name, stride, first ? before : after) : basic(g, x, name, stride);
        }
        if (blocks[layer] == 0)
            sn_graph_fail(g, "tensor '%s%slayer%d.0.conv1.weight' is missing", prefix, dot, layer + 1);
    }
    return x;
}

static const struct {
    const char *name;
    int blocks[4];
    bool deep;
} known[] = {
    { "resnet18", { 2, 2, 2, 2 }, false },  { "resnet34", { 3, 4, 6, 3 }, false }, { "resnet50", { 3, 4, 6, 3 }, true },
    { "resnet101", { 3, 4, 23, 3 }, true }, { "resnet152", { 3, 8, 36, 3 }, true },
};

static sn_val build(struct sn_graph *g, struct sn_net_info *info)
{
    int blocks[4] = { 0 };
    bool deep;
    sn_val x = sn_resnet_trunk(g, "", false, blocks, &deep), y;

    g->features = x;
    y = sn_linear(g, sn_global_avgpool(g, x), "", "fc");
    info->task = SN_TASK_CLASSIFY;
    info->architecture = "resnet";
    for (size_t i = 0; i < SN_COUNT(known); i++)
        if (known[i].deep == deep && memcmp(known[i].blocks, blocks, sizeof blocks) == 0)
            info->architecture = known[i].name;
    info->classes = y >= 0 ? g->nodes[y].c : 0;
    return y;
}

const struct sn_builder sn_builder_resnet = {
    .families = { "torchvision", "timm" }, .build = build,
    .keys = { "conv1.weight", "layer1.0.conv1.weight", "layer4.0.conv1.weight", "fc.weight" }
};
