/*
 * shapes.h: layers of the six networks, one of each kind that matters: what the kernels are timed on.
 * Inputs of 224 x 224 (classifiers) and 256 x 256 (segmenters).
 */
#ifndef SN_BENCH_SHAPES_H
#define SN_BENCH_SHAPES_H

struct conv_shape {
    const char *what;
    int ic, oc, k, stride, dil, h, w, up; /* h, w: the input's */
};

static const struct conv_shape conv_shapes[] = {
    { "stem 7x7 /2", 3, 64, 7, 2, 1, 224, 224, 1 },
    { "resnet 3x3", 64, 64, 3, 1, 1, 56, 56, 1 },
    { "resnet 3x3", 128, 128, 3, 1, 1, 28, 28, 1 },
    { "resnet 3x3", 256, 256, 3, 1, 1, 14, 14, 1 },
    { "resnet 3x3", 512, 512, 3, 1, 1, 7, 7, 1 },
    { "resnet 3x3 /2", 128, 128, 3, 2, 1, 56, 56, 1 },
    { "resnet 1x1", 64, 256, 1, 1, 1, 1, 3136, 1 },
    { "resnet 1x1", 256, 64, 1, 1, 1, 1, 3136, 1 },
    { "resnet 1x1", 1024, 256, 1, 1, 1, 1, 196, 1 },
    { "resnet 1x1", 512, 2048, 1, 1, 1, 1, 49, 1 },
    { "resnet 1x1 /2", 512, 1024, 1, 2, 1, 28, 28, 1 },
    { "resnet linear", 2048, 2, 1, 1, 1, 1, 1, 1 },
    { "densenet 1x1", 480, 128, 1, 1, 1, 1, 784, 1 },
    { "densenet 3x3", 128, 32, 3, 1, 1, 28, 28, 1 },
    { "densenet 3x3", 128, 32, 3, 1, 1, 7, 7, 1 },
    { "deeplab 3x3 dil 2", 256, 256, 3, 1, 2, 32, 32, 1 },
    { "deeplab 3x3 dil 12", 512, 256, 3, 1, 12, 32, 32, 1 },
    { "unet 3x3", 64, 64, 3, 1, 1, 128, 128, 1 },
    { "unet 3x3", 512, 256, 3, 1, 1, 32, 32, 1 },
    { "unet deconv 2x2", 512, 256, 1, 1, 1, 32, 32, 2 },
    { "unet 1x1 out", 64, 1, 1, 1, 1, 1, 65536, 1 },
};

#endif
