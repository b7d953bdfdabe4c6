/* random_nets.h: the six networks' tensors, drawn by the law of tests/golden/README.md. */
#ifndef SN_TOOLS_RANDOM_NETS_H
#define SN_TOOLS_RANDOM_NETS_H

#include "weights/weights.h"

struct sn_random_builder {
    struct sn_model *model;
    uint64_t seed;
    int width, classes;
    double shift; /* added to the last layer's bias of the positive class */
    int rc;       /* sticky */
    struct sn_error *err;
};

struct sn_random_net {
    const char *name, *family, *architecture;
    int classes;
    void (*build)(struct sn_random_builder *b);
};

extern const struct sn_random_net sn_random_nets[];
#define SN_RANDOM_NETS 6 /* segmenters first, three of each */

/* Fills an empty model with tensors and the metadata family, architecture, classes, task, name. */
int sn_random_net_build(const struct sn_random_net *net, uint64_t seed, int width, double shift, struct sn_model *m,
                        struct sn_error *err);

#endif
