/*
 * deeplabv3.c: Chen et al. 2017, "Rethinking atrous convolution for semantic image segmentation",
 * as torchvision builds it: ResNet at output stride 8, ASPP rates 12, 24, 36, bilinear upsampling
 * of the class logits with align_corners = false. The auxiliary head is for training only.
 */
#include "nets/engine/graph.h"

static sn_val aspp(struct sn_graph *g, sn_val x)
{
    static const int rates[] = { 12, 24, 36 };
    sn_val part[5];

    part[0] = sn_relu(g, sn_conv_bn(g, x, "classifier.0.convs.0", "0", "1", (struct sn_conv){ 0 }));
    for (int i = 0; i < 3; i++)
        part[i + 1] = sn_relu(g, sn_conv_bn(g, x, sn_name(g, "classifier.0.convs.%d", i + 1), "0", "1",
                                            (struct sn_conv){ .dil = rates[i] }));
    /* image-level features: one value per channel, spread over the map again */
    part[4] = sn_relu(g, sn_conv_bn(g, sn_global_avgpool(g, x), "classifier.0.convs.4", "1", "2", (struct sn_conv){ 0 }));
    part[4] = sn_upsample_to(g, part[4], sn_height(g, x), sn_width(g, x), false, false);
    return sn_relu(g, sn_conv_bn(g, sn_concat(g, 5, part), "classifier.0.project", "0", "1", (struct sn_conv){ 0 }));
}

static sn_val build(struct sn_graph *g, struct sn_net_info *info)
{
    int blocks[4] = { 0 };
    bool deep;
    sn_val x = sn_resnet_trunk(g, "backbone", true, blocks, &deep);

    x = aspp(g, x);
    x = sn_relu(g, sn_conv_bn(g, x, "classifier", "1", "2", (struct sn_conv){ 0 }));
    x = sn_conv_layer(g, x, "classifier", "4", (struct sn_conv){ 0 });
    info->task = SN_TASK_SEGMENT;
    info->architecture = blocks[2] == 6 ? "deeplabv3_resnet50" : blocks[2] == 23 ? "deeplabv3_resnet101" : "deeplabv3";
    info->classes = x >= 0 ? g->nodes[x].c : 0;
    return sn_upsample_to(g, x, sn_height(g, g->input), sn_width(g, g->input), false, false);
}

const struct sn_builder sn_builder_deeplabv3 = {
    .families = { "torchvision" }, .build = build,
    .keys = { "backbone.conv1.weight", "classifier.0.convs.0.0.weight" },
    .ignore = { "aux_classifier." }
};
