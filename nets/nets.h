/*
 * nets.h: networks: which builder a model needs, compiling it for one input size, running it.
 *
 * A struct sn_net is one compiled network for one input size and belongs to one thread; the model
 * it was compiled from may be shared by several, and stays open as long as they live.
 */
#ifndef SN_NETS_H
#define SN_NETS_H

#include "base/base.h"
#include "weights/weights.h"

enum sn_task { SN_TASK_CLASSIFY = 1, SN_TASK_SEGMENT = 2 };
/*
 * SN_FP64: the twins compiled for double, the yardstick. SN_I16: 16-bit products in the convolutions (kernels/i16.h),
 * reduced precision with the same bits everywhere; results made with it must say so.
 */
enum sn_precision { SN_FP32, SN_FP64, SN_I16 };
bool sn_precision_parse(const char *name, enum sn_precision *p); /* "fp32", "fp64", "i16" */
const char *sn_precision_label(enum sn_precision p); /* for records: "fp32", "fp64", "i16 (reduced precision, deterministic)" */

/* What the tensor names and shapes say. Strings are static. */
struct sn_net_info {
    const char *family;       /* "torchvision", "milesial", "nested-unet", "smp", "monai", "timm" */
    const char *architecture; /* "resnet50", "densenet121", "deeplabv3_resnet50", "unet", "unetpp" */
    enum sn_task task;
    int in_channels;
    int classes;
};

/*
 * Finds family and architecture. `family` NULL: from the metadata key "family", else from the
 * tensor names where they decide it. SN_EMODEL names the first key that does not fit.
 */
int sn_net_identify(const struct sn_model *m, const char *family, struct sn_net_info *info, struct sn_error *err);
/* The --family values, NULL-terminated. */
extern const char *const sn_net_families[];

/*
 * Winograd's transformed weights are four times the plain ones. SN_MEMORY_FAST keeps them; LEAN keeps the
 * plain ones and transforms in every run; BALANCED (default) keeps what pays (nets/engine/steps.c).
 */
enum sn_memory { SN_MEMORY_BALANCED, SN_MEMORY_LEAN, SN_MEMORY_FAST };
bool sn_memory_parse(const char *name, enum sn_memory *m); /* "balanced", "lean", "fast" */

struct sn_net_options {
    enum sn_isa isa;             /* SN_ISA_AUTO: the best of this machine */
    enum sn_precision precision;
    struct sn_pool *pool;        /* borrowed; NULL: one thread */
    const char *family;          /* NULL: as sn_net_identify */
    bool direct;                 /* the direct convolution everywhere (--conv direct) */
    enum sn_memory memory;       /* where Winograd's weights are; same bits */
    bool no_fuse;                /* keep ReLU and additions as steps of their own (same bits): tests and traces */
    bool keep_features;          /* keep the map that feeds global pooling, for class activation maps */
};

struct sn_net;
int sn_net_create(struct sn_net **net, const struct sn_model *m, int height, int width, const struct sn_net_options *opt, struct sn_error *err);
void sn_net_free(struct sn_net *net); /* NULL is fine */

const struct sn_net_info *sn_net_get_info(const struct sn_net *net);
/* Output shape of one image: classifiers [classes], 1, 1; segmenters [classes], height, width. */
void sn_net_output_shape(const struct sn_net *net, int *c, int *h, int *w);

/*
 * One image: in [C][H][W] float32, out [c][h][w] logits (before sigmoid or softmax). Allocates
 * nothing. SN_EFORMAT: a non-finite input; SN_EMODEL: a layer produced a non-finite value (named).
 */
int sn_net_run(struct sn_net *net, const float *in, float *out, struct sn_error *err);
/* The same, results in double (--precision fp64; widened otherwise). */
int sn_net_run_f64(struct sn_net *net, const float *in, double *out, struct sn_error *err);

/*
 * A prepacked model (weights/FORMAT.md) of `from`, the plain one this network was made of: *out is built in
 * memory and borrows the network's weights, so write it before freeing either. The network must not keep
 * transformed weights: made with SN_MEMORY_LEAN, fp32. SN_EMODEL: `from` is prepacked itself.
 */
int sn_net_prepack(const struct sn_net *net, const struct sn_model *from, struct sn_model *out, struct sn_error *err);

/* y = sn_sigmoidf(x), n values, by the network's kernels; y may be x. Logits to a probability map. */
void sn_net_sigmoid(const struct sn_net *net, const float *x, float *y, size_t n);

/* The feature map kept by keep_features: [C][H][W] of the last run; false when the network has none. */
bool sn_net_features(const struct sn_net *net, int *c, int *h, int *w);
int sn_net_get_features(const struct sn_net *net, float *out, struct sn_error *err);
/* The final linear layer's tensors, for class activation maps: weight [classes][C], bias [classes]. */
bool sn_net_head(const struct sn_net *net, const float **weight, const float **bias);

/* Called after every step with the step's output, [C][H][W]; `data` lives until the callback returns. */
struct sn_net_step {
    size_t index;
    const char *name;     /* the tensor prefix the layer got its weights from, or the builder's name */
    const char *op;       /* "conv2d", "maxpool", ... */
    int c, h, w;
    const float *data;    /* NULL in fp64 runs */
    const double *data64; /* NULL in fp32 runs */
};
typedef int sn_net_trace_fn(void *ctx, const struct sn_net_step *step, struct sn_error *err);
int sn_net_run_traced(struct sn_net *net, const float *in, float *out, sn_net_trace_fn *fn, void *ctx, struct sn_error *err);

/* The same without the data (both pointers NULL), so that the time between calls is the step's own. */
int sn_net_run_watched(struct sn_net *net, const float *in, float *out, sn_net_trace_fn *fn, void *ctx, struct sn_error *err);

/* The plan, for inspect --plan. */
struct sn_plan_row {
    const char *name, *op, *kernel, *fused; /* kernel: the function that runs it */
    int ic, oc, kh, kw, stride, dil;
    int ih, iw, oh, ow;
    uint64_t macs;
    size_t out_bytes, weight_bytes;
    bool upsamples; /* some of its input, while reading it */
};
size_t sn_net_plan_rows(const struct sn_net *net);
void sn_net_plan_row(const struct sn_net *net, size_t i, struct sn_plan_row *row);
size_t sn_net_arena_bytes(const struct sn_net *net);  /* activations */
size_t sn_net_work_bytes(const struct sn_net *net);   /* transforms: for the threads of its pool, and a layer's weights */
size_t sn_net_weight_bytes(const struct sn_net *net); /* packed weights */
uint64_t sn_net_macs(const struct sn_net *net);

#endif
