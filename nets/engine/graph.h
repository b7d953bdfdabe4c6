/*
 * graph.h (private to nets): the description a builder writes, and the compiled form it becomes.
 *
 * Builders carry a sticky error: after the first failure each call does nothing and returns an
 * invalid value; sn_graph_finish reports it. So builders hold no checks.
 */
#ifndef SN_GRAPH_H
#define SN_GRAPH_H

#include <stdatomic.h>

#include "kernels/kernels.h"
#include "nets/nets.h"

typedef int sn_val; /* index of the node that produces it; negative: invalid */

enum sn_node_op {
    SN_NODE_INPUT, SN_NODE_CONV, SN_NODE_AFFINE, SN_NODE_ACT, SN_NODE_ADD, SN_NODE_CONCAT, SN_NODE_MAXPOOL,
    SN_NODE_AVGPOOL, SN_NODE_GAP, SN_NODE_INSTNORM, SN_NODE_UPSAMPLE, SN_NODE_PAD,
    SN_NODE_BETWEEN /* an upsampling that the convolution behind it does as it reads */,
    SN_NODE_INLINE /* an affine that its 1x1 convolution applies while reading */, SN_NODE_DEAD
};
const char *sn_node_op_name(enum sn_node_op op);

/* BatchNorm's tensors (running statistics), or a constant factor when gamma is NULL. */
struct sn_bn {
    const struct sn_tensor *gamma, *beta, *mean, *var;
    double factor;
};
#define SN_BN_EPS 1e-5 /* every network here: DOMAIN.md F.2 */

#define SN_MAX_INPUTS 64 /* of a concatenation: DenseNet-201's third block needs 49 */

struct sn_node {
    enum sn_node_op op;
    const char *name;
    int n_in;
    sn_val *in;
    int c, h, w;                        /* output */
    /* conv: weight [OC][IC][KH][KW], linear [OC][IC], transposed (up = 2) [IC][OC][2][2] */
    const struct sn_tensor *weight, *bias;
    int kh, kw, stride, dil, pad, up;
    bool has_bn;
    struct sn_bn bn;                    /* folded into the conv, or the affine's own */
    sn_val res;                         /* residual input of a fused conv; -1: none */
    sn_val pre;                         /* the inlined affine on a conv's input; -1: none */
    sn_val pool;                        /* conv: the 2x2 pooling of its result that its kernel does as well; -1: none */
    struct sn_activation act;
    /* pooling */
    int k;
    bool count_pad;
    /* upsample */
    bool nearest, align_corners;
    /* pad: rows above, columns left; the rest below and right */
    int top, left;
    /* fusing */
    int uses;
    bool keep;                          /* a result: stays alive to the end */
    bool in_place;                      /* its result takes the place of its residual */
    bool bordered;                      /* an input in the form of kernels.h's bordered x, with this padding */
    int border;
};

struct sn_graph {
    const struct sn_model *model;
    struct sn_node *nodes;
    int n, cap;
    bool *used;                         /* [n_tensors] touched by the builder */
    sn_val input, output, features;     /* features: the map that feeds the last global pooling, or -1 */
    sn_val head;                        /* the final linear layer, or -1 */
    struct sn_arena arena;
    struct sn_error err;                /* sticky */
    int rc;
};

/* Zero means the usual value: stride 1, dilation 1, size-keeping padding (dil * (k - 1) / 2). */
struct sn_conv {
    int stride, dil;
    bool no_bias;      /* refuse a bias tensor */
};

int sn_graph_init(struct sn_graph *g, const struct sn_model *m, int c, int h, int w, struct sn_error *err);
int sn_graph_finish(struct sn_graph *g, sn_val output, struct sn_error *err);
void sn_graph_free(struct sn_graph *g);
/* Records the builder's own complaint. */
void sn_graph_fail(struct sn_graph *g, const char *fmt, ...) SN_PRINTF(2, 3);

/* Names are joined with '.', empty parts left out; strings are copied. */
sn_val sn_conv_layer(struct sn_graph *g, sn_val x, const char *prefix, const char *name, struct sn_conv opt);
sn_val sn_bn_layer(struct sn_graph *g, sn_val x, const char *prefix, const char *name);
/* conv then BatchNorm; folded by the planner */
sn_val sn_conv_bn(struct sn_graph *g, sn_val x, const char *prefix, const char *conv, const char *bn, struct sn_conv opt);
sn_val sn_deconv2(struct sn_graph *g, sn_val x, const char *prefix, const char *name);
sn_val sn_linear(struct sn_graph *g, sn_val x, const char *prefix, const char *name);
sn_val sn_relu(struct sn_graph *g, sn_val x);
sn_val sn_leaky_relu(struct sn_graph *g, sn_val x, float slope);
sn_val sn_add_vals(struct sn_graph *g, sn_val a, sn_val b);
sn_val sn_scale(struct sn_graph *g, sn_val x, double factor);
sn_val sn_concat(struct sn_graph *g, int n, const sn_val *x);
sn_val sn_maxpool(struct sn_graph *g, sn_val x, int k, int stride, int pad, bool ceil_mode);
sn_val sn_avgpool(struct sn_graph *g, sn_val x, int k, int stride, int pad, bool ceil_mode, bool count_pad);
sn_val sn_global_avgpool(struct sn_graph *g, sn_val x);
sn_val sn_instance_norm(struct sn_graph *g, sn_val x, const char *prefix, const char *name);
sn_val sn_upsample_to(struct sn_graph *g, sn_val x, int h, int w, bool nearest, bool align_corners);
/* zero padding to h x w, `top` rows above and `left` columns to the left */
sn_val sn_pad_to(struct sn_graph *g, sn_val x, int h, int w, int top, int left);

bool sn_has(const struct sn_graph *g, const char *prefix, const char *name); /* tensor prefix.name exists */
int sn_height(const struct sn_graph *g, sn_val x);
int sn_width(const struct sn_graph *g, sn_val x);
/* "layer%d.%d" and the like, in the graph's arena; never NULL (an empty string after a failure). */
const char *sn_name(struct sn_graph *g, const char *fmt, ...) SN_PRINTF(2, 3);

/* ---- plan.c: fold and fuse, in place ------------------------------------------------------- */

void sn_graph_fold_bn(struct sn_graph *g);
void sn_graph_fuse(struct sn_graph *g);

/* ---- the compiled form (exec.c runs it) ---------------------------------------------------- */

/* The planes of a value: a table of pointers and how many lanes of each are in use; up: kernels.h, struct sn_winograd. */
struct sn_planes {
    int n;
    void **p;
    uint8_t *lanes;
    const struct sn_upsample **up;
};

/* A value without memory of its own: its planes are those of its inputs. */
static inline bool sn_node_is_view(const struct sn_node *node) { return node->op == SN_NODE_CONCAT || node->op == SN_NODE_BETWEEN; }

struct sn_step {
    const struct sn_node *node;
    sn_val val;
    const char *kernel;
    bool winograd, i16;
    enum sn_weights_at { SN_AT_PACKING, SN_AT_STEP, SN_AT_USE } transform; /* winograd: when weights are transformed */
    bool shared;                        /* winograd, i16: the whole input is transformed first, then groups are units */
    int tiles;                          /* winograd: in all */
    int sub, sub_iw;                    /* a strided 1x1 gathers (i16: quantises) every sub-th pixel of rows of sub_iw first */
    int constant;                       /* a 1x1's last planes that have one value all over (sn_net_constant_part) */
    int unit_groups, unit_planes;       /* conv: weight groups of a unit; winograd: planes that are multiplied at a time, too */
    size_t pre_bytes;                   /* conv, pooling with an inlined affine: a block of a plane of its input */
    size_t v_bytes, m_bytes;            /* winograd, i16: of one block (or the whole input when shared), and of the products */
    struct sn_planes x, res, y;
    union {
        struct sn_conv2d conv;
        struct sn_winograd wino;
        struct sn_i16_conv2d i16_conv;   /* begins with conv */
        struct sn_i16_winograd i16_wino; /* begins with wino */
        struct sn_pool2d pool;
        struct sn_upsample up;
    };
    void *weights;                      /* owned: a conv's packed weights and bias, or scale and shift */
    void *scale, *shift;                /* affine, instance norm: [planes * 16], inside weights */
    void *tables;                       /* owned: winograd's pieces */
    size_t weight_bytes;
    bool borrowed;                      /* weights lie in a prepacked file */
    size_t units;                       /* pure, assigned dynamically: (groups or planes) * blocks */
    int blocks, block;                  /* blocks of `block` pixels or rows */
};

struct sn_net {
    struct sn_graph graph;
    struct sn_net_info info;
    struct sn_net_options opt;
    struct sn_kernels kernels;
    struct sn_step *steps;
    int n_steps;
    size_t elem;                        /* 4, or 8 in fp64 */
    struct sn_planes *vals;             /* [graph.n] */
    void *arena;
    size_t arena_bytes, weight_bytes;
    char *scratch;                      /* transforms: shared input first, then a piece a thread */
    size_t scratch_bytes, scratch_thread;
    float *u;                           /* winograd: the running step's weights when transformed AT_STEP */
    size_t u_bytes;
    float *head;                        /* [classes][C] then [classes] */
    atomic_int bad;                     /* a unit of the running step met a non-finite value */
};

/* A plane in memory: rows, and in elements where the image's first pixel lies, from row to row, from pixel to pixel. */
struct sn_plane_form {
    size_t rows, first, row, pixel;
};
static inline struct sn_plane_form sn_node_form(const struct sn_node *node)
{
    size_t border = node->bordered ? (size_t)node->border : 0, pixel = node->bordered ? (size_t)node->c : SN_LANES;
    size_t row = ((size_t)node->w + 2 * border) * pixel;

    return (struct sn_plane_form){ .rows = (size_t)node->h + 2 * border, .first = border * (row + pixel), .row = row, .pixel = pixel };
}
void sn_net_inline_upsampling(struct sn_net *net);                  /* plan.c, after fusing */
/* steps.c: whether a convolution is done by Winograd; an upsampling's tables, in the graph's arena */
bool sn_net_is_winograd(const struct sn_net *net, const struct sn_node *node);
/*
 * steps.c: of what a 1x1 convolution reads, the last part where that is one pixel, upsampled (ASPP's image-level features), or -1.
 * Its share of the sums is the same for all outputs: it is added to the bias, fused or not.
 */
sn_val sn_net_constant_part(const struct sn_net *net, const struct sn_node *node);
int sn_net_upsample(struct sn_net *net, const struct sn_node *node, struct sn_upsample *up, struct sn_error *err);
int sn_net_plan_memory(struct sn_net *net, struct sn_error *err);  /* plan.c: vals, arena */
int sn_net_pack_weights(struct sn_net *net, struct sn_error *err); /* pack.c */
/* pack.c: one group's weights, [chunk][3][3][lanes][32] -> its part of wino.u (kernels.h) */
void sn_step_transform(const struct sn_net *net, const struct sn_step *s, const float *w, float *u);
static inline bool sn_net_is_prepacked(const struct sn_net *net) { return sn_model_meta(net->graph.model, "prepacked") != NULL; }
static inline bool sn_step_has_weights(const struct sn_step *s)
{
    return s->node->op == SN_NODE_CONV || s->node->op == SN_NODE_AFFINE || s->node->pre >= 0;
}
#define SN_PREPACKED "2"                                           /* layout of a prepacked file: what its tensors are, in which order */
#define SN_PACKED "packed."                                        /* prefix of a prepacked file's own tensors */
int sn_net_make_steps(struct sn_net *net, struct sn_error *err);   /* steps.c */
void sn_net_run_step(struct sn_net *net, struct sn_step *s);       /* exec.c */
void sn_net_load_input(struct sn_net *net, const float *in);       /* exec.c: [C][H][W] -> planes, flushed */
/* exec.c: n pixels from p0 on through the normalisation before a conv, into scratch planes x at `mine` */
void sn_net_normalise(const struct sn_net *net, const struct sn_step *s, size_t p0, size_t n, char *mine, void **x);
void sn_net_note(struct sn_net *net, bool finite);                 /* exec.c: what a kernel says of its outputs */
/* exec.c: planes -> [C][H][W]; out is float, or double when wide (widened or kept) */
void sn_net_unpack(const struct sn_net *net, sn_val v, void *out, bool wide);

/* ---- i16.c: the 16-bit mode's convolutions ----------------------------------------------- */

bool sn_i16_layer(const struct sn_net *net, const struct sn_node *node);
void sn_i16_cut_conv(struct sn_net *net, struct sn_step *s);
void sn_i16_cut_winograd(struct sn_net *net, struct sn_step *s);
size_t sn_i16_words(const struct sn_step *s);  /* weights of a group, */
size_t sn_i16_scales(const struct sn_step *s); /* and their scales; in floats' size both */
/* a group's packed fp32 weights to words and scales */
int sn_i16_pack_group(const struct sn_step *s, const float *plain, int32_t *w, float *z, struct sn_error *err);
void sn_i16_set_weights(struct sn_step *s, size_t groups); /* all groups' words, then their scales, lie at s->weights */
void sn_i16_run_step(struct sn_net *net, const struct sn_step *s);

/* ---- families (registry.c and the builders) ------------------------------------------------ */

struct sn_builder {
    const char *families[3];            /* accepted --family values, the first is reported */
    /* tensors that its networks have and no other family has all of; the first is the stem, whose second
     * dimension is the input's channels */
    const char *keys[5];
    /* Builds for the graph's input; fills architecture, task, classes. */
    sn_val (*build)(struct sn_graph *g, struct sn_net_info *info);
    const char *ignore[4];              /* tensor name prefixes that may stay unused */
};
/* Finds the builder and fills info's family and in_channels. */
int sn_net_find_builder(const struct sn_model *m, const char *family, const struct sn_builder **b, struct sn_net_info *info,
                        struct sn_error *err);
extern const struct sn_builder sn_builder_resnet, sn_builder_densenet, sn_builder_deeplabv3, sn_builder_unet, sn_builder_unetpp;

/* resnet.c, shared with DeepLabV3: the trunk up to layer4. dilate: layers 3 and 4 keep their size. */
sn_val sn_resnet_trunk(struct sn_graph *g, const char *prefix, bool dilate, int blocks[4], bool *bottleneck);

#endif
