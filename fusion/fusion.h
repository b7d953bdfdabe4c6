/*
 * fusion.h: from three probability maps to one mask, one region and one risk (Liu et al. 2025,
 * what the abstract states; what it leaves open is a switch with a stated default, DOMAIN.md A.3).
 */
#ifndef SN_FUSION_H
#define SN_FUSION_H

#include "base/base.h"
#include "io/io.h"
#include "stats/stats.h"

/* ---- combining maps (fuse.c, staple.c) ---------------------------------------------------- */

enum sn_fuse_rule { SN_FUSE_MEAN, SN_FUSE_WEIGHTED, SN_FUSE_VOTE, SN_FUSE_UNION, SN_FUSE_INTERSECTION, SN_FUSE_STACK, SN_FUSE_STAPLE };
bool sn_fuse_parse(const char *name, enum sn_fuse_rule *r); /* "mean", "weighted", "vote", "union", "intersection", "stack", "staple" */
const char *sn_fuse_name(enum sn_fuse_rule r);

#define SN_FUSE_MAX 8
struct sn_fuse {
    enum sn_fuse_rule rule;
    double threshold[SN_FUSE_MAX]; /* per map, for vote, union, intersection, staple: p >= threshold is a vote for lesion */
    double cut;                    /* on the fused map; default 0.5 */
    double weight[SN_FUSE_MAX];    /* weighted: >= 0, not all zero, normalised by their sum */
    double stack_intercept, stack[SN_FUSE_MAX]; /* stack: sigmoid(intercept + sum stack_i * logit(p_i)), p clamped to [1e-6, 1 - 1e-6] */
};
void sn_fuse_defaults(struct sn_fuse *f); /* mean, 0.5 everywhere, weights 1 */

/*
 * What STAPLE estimated (Warfield et al. 2004), for the record. NaN: nothing to estimate it from (a
 * sensitivity when no map shows lesion, a specificity when none shows background).
 */
struct sn_staple {
    double sensitivity[SN_FUSE_MAX], specificity[SN_FUSE_MAX], prior;
    int iterations;
    bool converged;
};
/*
 * maps[n] of npix probabilities each, n in [1, SN_FUSE_MAX]; fused[npix] the fused probability;
 * mask[npix] 0/1 = fused >= cut. staple may be NULL unless wanted. SN_EINVAL: NaN or outside [0,1].
 * Computed in double per pixel, rounded to float once. Under the rules that only look at votes the
 * fused value is: vote the share of votes (with cut 0.5 an even split is lesion), union and
 * intersection 0 or 1, staple the posterior.
 */
int sn_fuse_maps(const struct sn_fuse *f, int n, const float *const *maps, size_t npix, float *fused, uint8_t *mask, struct sn_staple *staple, struct sn_error *err);

/* ---- mask cleaning and measures (masks.c) -------------------------------------------------- */

struct sn_clean {
    bool largest;        /* keep the largest component (8-connected; ties: the first in raster order) */
    bool fill_holes;     /* background not 4-connected to the border becomes lesion */
    size_t min_area;     /* components smaller than this many pixels are removed */
};
struct sn_clean_report {
    int components;      /* of at least min_area pixels, before cleaning */
    size_t removed, filled, area; /* pixels */
};
int sn_mask_clean(uint8_t *mask, int w, int h, const struct sn_clean *opt, struct sn_clean_report *rep, struct sn_error *err);
/* 2 |a and b| / (|a| + |b|); 1 when both are empty, 0 when one is (MONAI's ignore_empty=False). */
double sn_mask_dice(const uint8_t *a, const uint8_t *b, size_t n);
/* Labels 1..*n_labels in raster order of each component's first pixel, 0 background; connectivity 4 or 8. */
int sn_mask_label(const uint8_t *mask, int w, int h, int connectivity, int *labels, int *n_labels, struct sn_error *err);

/* ---- region (region.c) ---------------------------------------------------------------------- */

struct sn_box {
    int x, y, w, h;
};
struct sn_region_rule {
    double margin_px, margin_frac; /* added on each side, the sum rounded: pixels, and a fraction of the box's longer side */
    bool square;                   /* grow the shorter side about the centre, then shift inside the image */
    bool masked;                   /* pixels outside the mask are set to `background` in the crop */
    uint8_t background;
};
bool sn_mask_box(const uint8_t *mask, int w, int h, struct sn_box *tight); /* false: empty mask */
/* The crop box: margin, then square, then clipped to the image (a square that does not fit loses its shape). */
void sn_region_box(const struct sn_box *tight, int w, int h, const struct sn_region_rule *rule, struct sn_box *out);
/* Crop of an 8-bit image, background masked when the rule says so (alpha stays). mask covers the whole image. */
int sn_region_crop(const struct sn_image *im, const uint8_t *mask, const struct sn_box *box, const struct sn_region_rule *rule, struct sn_image *out, struct sn_error *err);

/* ---- signature (signature.c), DOMAIN.md A.3 "DL Sig" ---------------------------------------- */

enum sn_dlsig_rule {
    SN_DLSIG_PROB,   /* i: positive-class probability of the named network */
    SN_DLSIG_LOGIT,  /* ii (default): its logit */
    SN_DLSIG_LASSO,  /* iii: intercept + sum coefficient * pooled feature of the named network, standardised */
    SN_DLSIG_STACK   /* iv: intercept + sum coefficient * logit(p) over the networks */
};
bool sn_dlsig_parse(const char *name, enum sn_dlsig_rule *r); /* "prob", "logit", "lasso", "stack" */
const char *sn_dlsig_name(enum sn_dlsig_rule r);
struct sn_dlsig {
    enum sn_dlsig_rule rule;
    int network;                     /* index of the named network (prob, logit, lasso) */
    double intercept;
    size_t n_coef;
    double *coef, *mean, *sd;        /* lasso: [n_coef] pooled features; stack: coef[networks], mean and sd NULL */
};
/* p[n] positive-class probabilities; logits clamp p to [1e-6, 1 - 1e-6]. features[n_features] the named network's pooled features (lasso only). */
int sn_dlsig_apply(const struct sn_dlsig *d, int n, const double *p, const double *features, size_t n_features, double *sig, struct sn_error *err);

/* ---- size (measure.c) -------------------------------------------------------------------------- */

/* Millimetres, between edges of pixels, as callipers are set. */
struct sn_size_mm {
    double width, height; /* of the box */
    double longest;       /* largest distance between two points of the outline (Feret's diameter) */
    double across;        /* extent at right angles to it */
    double area;          /* mm^2 */
};
/* mask of rows of `width` pixels; tight: its box. spacing_mm: row, column, above 0, else SN_EINVAL. */
int sn_mask_size_mm(const uint8_t *mask, size_t width, const struct sn_box *tight, const double spacing_mm[2], struct sn_size_mm *s, struct sn_error *err);

/* ---- quality (quality.c) ---------------------------------------------------------------------- */

struct sn_quality_limits {
    double min_pair_dice;            /* below: the networks disagree. Default 0.6 */
    double min_area_frac, max_area_frac; /* fused mask area / image area. Defaults 0.002, 0.6 */
    int max_components;              /* before cleaning, of at least min_area pixels. Default 1 */
    uint32_t min_width, min_height, max_width, max_height; /* image size. Defaults 64, 64, 8192, 8192 */
    double min_range;                /* smallest accepted (max - min) of the grey image. Default 32 */
};
void sn_quality_defaults(struct sn_quality_limits *q);
#define SN_QUALITY_MAX 16
struct sn_quality {
    int n;                           /* reasons; 0: accepted */
    struct sn_quality_reason { const char *code; char text[160]; } reason[SN_QUALITY_MAX]; /* code: stable, e.g. "empty-mask" */
};
void sn_quality_add(struct sn_quality *q, const char *code, const char *fmt, ...) SN_PRINTF(3, 4);
/*
 * Adds to q. Codes: image-size image-range empty-mask several-components touches-border area-range
 * networks-disagree. grey is 8-bit, one channel; masks[n_masks] the networks' own, of its size. An
 * empty mask is reported alone, without the checks that would only repeat it.
 */
void sn_quality_check(const struct sn_quality_limits *lim, const struct sn_image *grey, const uint8_t *fused_clean, const struct sn_clean_report *clean, int n_masks, const uint8_t *const *masks, struct sn_quality *q);

#endif
