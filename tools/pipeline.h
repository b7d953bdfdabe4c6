/*
 * pipeline.h: one image through a pack's networks: pixels, maps, mask, region, scores, activation
 * maps. What follows per patient (signature, logistic model) is in risk.h. Networks are compiled
 * once and reused over images; a pipeline belongs to one thread.
 */
#ifndef SN_TOOLS_PIPELINE_H
#define SN_TOOLS_PIPELINE_H

#include "tools/pack.h"

/* The image as read and as shown to the networks. */
struct sn_input {
    char sha256[SN_SHA256_HEX];        /* of the file */
    char pixels_sha256[SN_SHA256_HEX]; /* of the decoded samples, 16-bit ones low byte first */
    size_t bytes;
    uint32_t width, height; /* as stored, before orientation */
    int channels, depth, orientation;
    char format[16], detail[SN_IMAGE_DETAIL];
    double spacing_mm[2];
    unsigned warnings; /* SN_WARN_...: become reasons for review */
    uint32_t frame, x, y; /* DICOM: the frame used, from 0, and where in it the picture begins */
    struct sn_image rgb, grey; /* 8-bit, orientation applied */
};
/*
 * `name` is what errors say; codes as sn_image_decode. A path that names no file but ends in #K or #mid
 * is a frame of a DICOM file: cine.dcm#12, counted from 1. lenient: a damaged JPEG is decoded as far as it goes.
 */
int sn_input_read(const char *path, const char *name, bool lenient, struct sn_input *in, struct sn_error *err);
void sn_input_free(struct sn_input *in); /* a zeroed one is fine */
/* The file behind such a path, and the frame its end asks for (else *frame stays). */
int sn_input_open(const char *path, const char *name, struct sn_map *map, long *frame, struct sn_error *err);

/*
 * What a network with `net`'s settings gets for an image: resized, normalised, [C][H][W] of
 * net->info.in_channels x net->height x net->width. out holds that many floats.
 */
int sn_input_tensor(const struct sn_pack_net *net, const struct sn_image *rgb, const struct sn_image *grey, float *out,
                    struct sn_error *err);
/* Probability of net's positive class from its logits, plane-wise: logits[classes][n], p[n]. */
void sn_output_probability(const struct sn_pack_net *net, const float *logits, size_t n, float *p);
double sn_output_one(const struct sn_pack_net *net, const float *logits, size_t n,
                     size_t i); /* of element i, in double */
/* SHA-256 over little-endian bytes. */
void sn_digest_f32(const float *x, size_t n, char hex[SN_SHA256_HEX]);
void sn_digest_bytes(const void *x, size_t n, char hex[SN_SHA256_HEX]);

struct sn_seg_result {
    char input_sha256[SN_SHA256_HEX], logits_sha256[SN_SHA256_HEX]; /* at network size */
    char probability_sha256[SN_SHA256_HEX];                         /* at image size */
    uint8_t *mask;                                                  /* 0/1, its own threshold, image size */
    size_t area;
};

/*
 * The class activation map (Zhou et al. 2016), exact for networks that end in global average
 * pooling and one linear layer: score - bias = mean over the map of sum_k w_k f_k(x, y).
 * The score is the positive class's logit; under softmax of two classes the difference of the
 * logits, whose sigmoid is the probability.
 */
struct sn_cam {
    bool difference;
    int h, w;
    float *map;               /* [h][w], contribution per cell before the mean */
    double score, bias, mean; /* mean of the map */
    double residual;          /* score - bias - mean: the sum check */
    double low, high;
    char sha256[SN_SHA256_HEX];
};

struct sn_cls_result {
    char input_sha256[SN_SHA256_HEX];
    float logits[SN_PACK_CLASSES];
    double p;
    size_t n_features;
    double *features; /* pooled; malloc'd */
    struct sn_cam cam;
};

struct sn_analysis {
    struct sn_input in;
    struct sn_seg_result seg[SN_PACK_NETS];
    float *fused; /* fused probability, image size */
    char fused_sha256[SN_SHA256_HEX];
    size_t fused_area;
    struct sn_staple staple;
    struct sn_clean_report clean;
    uint8_t *mask; /* 0/1 after cleaning */
    char mask_sha256[SN_SHA256_HEX];
    double dice[SN_PACK_NETS][SN_PACK_NETS];
    bool found; /* a lesion: tight, box, crop and cls are filled */
    struct sn_box tight, box;
    struct sn_image crop; /* RGB, as cut out (masked when the pack says so) */
    char crop_sha256[SN_SHA256_HEX];
    struct sn_cls_result cls[SN_PACK_NETS];
    struct sn_quality quality;
};
void sn_analysis_free(struct sn_analysis *a); /* a zeroed one is fine */

struct sn_pipeline;
/* Compiles the networks `opt` and the pack ask for. pack is borrowed. segment_only leaves the classifiers out. */
int sn_pipeline_create(struct sn_pipeline **p, const struct sn_pack *pack, const struct sn_net_options *opt,
                       bool segment_only, struct sn_error *err);
void sn_pipeline_free(struct sn_pipeline *p); /* NULL is fine */
/* On failure a is empty. lenient: as sn_input_read. */
int sn_pipeline_run(struct sn_pipeline *p, const char *path, const char *name, bool lenient, struct sn_analysis *a,
                    struct sn_error *err);

/* One classifier on an image already cut out. */
int sn_classify_image(const struct sn_pack_net *pn, struct sn_net *net, const struct sn_image *rgb,
                      const struct sn_image *grey, float *in, struct sn_cls_result *r, struct sn_error *err);
/* One segmenter; p[width * height] receives the positive class's probability at image size. */
int sn_segment_image(const struct sn_pack_net *pn, struct sn_net *net, const struct sn_input *img, bool map_logits,
                     enum sn_resize rule, float *p, struct sn_seg_result *r, struct sn_error *err);

#endif
