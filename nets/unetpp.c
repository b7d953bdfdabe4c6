/*
 * unetpp.c: Zhou et al. 2018, "UNet++: a nested U-Net architecture", as 4uiiurz1/pytorch-nested-unet
 * builds it: x(i,j) = VGG(x(i,0), ..., x(i,j-1), up(x(i+1,j-1))), fig. 1(a) and eq. (1); bilinear
 * upsampling with align_corners = true; convolutions have a bias beside the BatchNorm.
 * Deep supervision: four heads; the metadata key deep_supervision picks "final4" (default) or "mean".
 */
#include "nets/engine/graph.h"

#define DEPTH 5

static sn_val vgg(struct sn_graph *g, sn_val x, int i, int j)
{
    const char *name = sn_name(g, "conv%d_%d", i, j);

    x = sn_relu(g, sn_conv_bn(g, x, name, "conv1", "bn1", (struct sn_conv){ 0 }));
    return sn_relu(g, sn_conv_bn(g, x, name, "conv2", "bn2", (struct sn_conv){ 0 }));
}

static sn_val head(struct sn_graph *g, sn_val x[DEPTH][DEPTH])
{
    const char *rule = sn_model_meta(g->model, "deep_supervision");
    sn_val sum;

    if (!sn_has(g, "", "final4.weight"))
        return sn_conv_layer(g, x[0][4], "", "final", (struct sn_conv){ 0 });
    if (!rule || strcmp(rule, "final4") == 0)
        return sn_conv_layer(g, x[0][4], "", "final4", (struct sn_conv){ 0 });
    if (strcmp(rule, "mean") != 0) {
        sn_graph_fail(g, "metadata deep_supervision is '%s', expected final4 or mean", rule);
        return -1;
    }
    sum = sn_conv_layer(g, x[0][1], "", "final1", (struct sn_conv){ 0 });
    for (int k = 2; k < DEPTH; k++)
        sum = sn_add_vals(g, sum, sn_conv_layer(g, x[0][k], "", sn_name(g, "final%d", k), (struct sn_conv){ 0 }));
    return sn_scale(g, sum, 0.25);
}

static sn_val build(struct sn_graph *g, struct sn_net_info *info)
{
    sn_val x[DEPTH][DEPTH], y;

    if (sn_height(g, g->input) % 16 || sn_width(g, g->input) % 16)
        sn_graph_fail(g, "input height and width must be multiples of 16, found %d x %d", sn_height(g, g->input), sn_width(g, g->input));
    for (int i = 0; i < DEPTH; i++)
        x[i][0] = vgg(g, i == 0 ? g->input : sn_maxpool(g, x[i - 1][0], 2, 2, 0, false), i, 0);
    for (int j = 1; j < DEPTH; j++) {
        for (int i = 0; i + j < DEPTH; i++) {
            sn_val part[DEPTH];

            for (int k = 0; k < j; k++)
                part[k] = x[i][k];
            part[j] = sn_upsample_to(g, x[i + 1][j - 1], sn_height(g, x[i][0]), sn_width(g, x[i][0]), false, true);
            x[i][j] = vgg(g, sn_concat(g, j + 1, part), i, j);
        }
    }
    y = head(g, x);
    info->task = SN_TASK_SEGMENT;
    info->architecture = "unetpp";
    info->classes = y >= 0 ? g->nodes[y].c : 0;
    return y;
}

const struct sn_builder sn_builder_unetpp = {
    .families = { "nested-unet" }, .build = build,
    .keys = { "conv0_0.conv1.weight", "conv0_4.conv2.weight" },
    .ignore = { "final1.", "final2.", "final3." }
};
