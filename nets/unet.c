/*
 * unet.c: Ronneberger et al. 2015, "U-Net", as milesial/Pytorch-UNet builds it: padded 3x3
 * convolutions with BatchNorm, and a way up by transposed convolution or by bilinear upsampling
 * with align_corners = true. Concatenation is [skip, up].
 */
#include "nets/engine/graph.h"

/* conv-BN-ReLU twice; older files have biases beside the BatchNorm, which folding takes along. */
static sn_val double_conv(struct sn_graph *g, sn_val x, const char *name)
{
    x = sn_relu(g, sn_conv_bn(g, x, name, "double_conv.0", "double_conv.1", (struct sn_conv){ 0 }));
    return sn_relu(g, sn_conv_bn(g, x, name, "double_conv.3", "double_conv.4", (struct sn_conv){ 0 }));
}

static sn_val up(struct sn_graph *g, sn_val x, sn_val skip, int level)
{
    const char *name = sn_name(g, "up%d", level);
    int h = sn_height(g, skip), w = sn_width(g, skip);

    if (sn_has(g, name, "up.weight"))
        x = sn_deconv2(g, x, name, "up");
    else
        x = sn_upsample_to(g, x, 2 * sn_height(g, x), 2 * sn_width(g, x), false, true);
    /* odd sizes: half of what pooling dropped goes above and left, the rest below and right */
    x = sn_pad_to(g, x, h, w, (h - sn_height(g, x)) / 2, (w - sn_width(g, x)) / 2);
    return double_conv(g, sn_concat(g, 2, (const sn_val[]){ skip, x }), sn_name(g, "up%d.conv", level));
}

static sn_val build(struct sn_graph *g, struct sn_net_info *info)
{
    sn_val x[5], y;

    x[0] = double_conv(g, g->input, "inc");
    for (int i = 1; i < 5; i++)
        x[i] = double_conv(g, sn_maxpool(g, x[i - 1], 2, 2, 0, false), sn_name(g, "down%d.maxpool_conv.1", i));
    y = x[4];
    for (int i = 1; i < 5; i++)
        y = up(g, y, x[4 - i], i);
    y = sn_conv_layer(g, y, "outc", "conv", (struct sn_conv){ 0 });
    info->task = SN_TASK_SEGMENT;
    info->architecture = "unet";
    info->classes = y >= 0 ? g->nodes[y].c : 0;
    return y;
}

const struct sn_builder sn_builder_unet = {
    .families = { "milesial" }, .build = build,
    .keys = { "inc.double_conv.0.weight", "outc.conv.weight" }
};
