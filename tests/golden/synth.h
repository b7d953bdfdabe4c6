/*
 * synth.h: the networks of the golden tests: weights made from names and a seed, and the reference
 * outputs stored for them. Layouts and the law of the weights: tests/golden/README.md.
 */
#ifndef SN_GOLDEN_SYNTH_H
#define SN_GOLDEN_SYNTH_H

#include "nets/nets.h"

enum {
    GOLDEN_NO_AUX = 1,   /* leave out DeepLabV3's auxiliary head, as files saved without it do */
    GOLDEN_OLD_KEYS = 2, /* DenseNet's tensor names of 2017: denselayer1.norm.1 for denselayer1.norm1 */
    GOLDEN_MEAN = 4      /* deep_supervision = mean in the metadata: U-Net++ averages its four heads */
};

struct golden_net {
    char family[24], arch[32];
    uint64_t seed;
    struct sn_model model; /* borrows `data` */
    float *data;
};

/* tests/golden/data/NAME.net with its weights; the caller frees. */
int golden_net_load(struct golden_net *g, const char *name, unsigned flags, struct sn_error *err);
void golden_net_free(struct golden_net *g); /* a zeroed one is fine */

/* The input image [channels][h][w] under g's seed; malloc'd, NULL when memory ran out. */
float *golden_input(uint64_t seed, int channels, int h, int w);

#define GOLDEN_SAMPLES 16

struct golden_layer {
    char name[256];
    uint32_t c, h, w;
    double peak;                      /* max |x| over the layer */
    unsigned samples;
    size_t at[GOLDEN_SAMPLES];        /* positions in [C][H][W] */
    double want[GOLDEN_SAMPLES];
    bool seen;                        /* for the caller */
};

struct golden_ref {
    uint64_t seed;
    uint32_t in_c, in_h, in_w, c, h, w;
    double peak;                      /* max |logit| */
    size_t stored;
    size_t *at;                       /* positions of the stored logits in [c][h][w] */
    double *want;
    size_t n_layers;
    struct golden_layer *layers;
};

/* tests/golden/data/NAME_HxW.gold; the caller frees. */
int golden_ref_load(struct golden_ref *r, const char *name, int h, int w, struct sn_error *err);
void golden_ref_free(struct golden_ref *r); /* a zeroed one is fine */
struct golden_layer *golden_ref_find(struct golden_ref *r, const char *name); /* NULL: not stored */

#endif
