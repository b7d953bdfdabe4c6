/*
 * surface.h: agreement of two binary masks: overlap, boundary distances, sizes. Included by stats.h.
 *
 * A mask is [h][w] bytes, row by row, nonzero = lesion; everything outside the image is background.
 * Spacing is mm per pixel: spacing[0] between rows (y), spacing[1] between columns (x). Costs are
 * linear in the pixels of the smallest box that holds both masks (plus a sort of the boundary).
 */
#ifndef SN_SURFACE_H
#define SN_SURFACE_H

#include "base/base.h"

#define SN_SURFACE_MAX_SIDE 65535 /* pixels; keeps every coordinate and count far inside int */
#define SN_SPACING_MIN 1e-6       /* mm per pixel; between these no square over- or underflows */
#define SN_SPACING_MAX 1e6

/*
 * Exact Euclidean distance from each pixel's centre to that of the nearest nonzero pixel of `feature`, in mm
 * (Felzenszwalb & Huttenlocher 2012, Theory of Computing 8:415, sections 2.1 and 2.2): lower envelopes of
 * parabolas along rows over nearest rows in columns. The nearest pixel is found, then sqrt((dy sy)^2 + (dx sx)^2)
 * is taken of whole numbers dy, dx, so that no error accumulates. distance[h][w]; +inf everywhere when there
 * is no feature. SN_EINVAL: a side < 1 or too long, a spacing out of range; SN_ENOMEM.
 */
int sn_distance_transform(const uint8_t *feature, int w, int h, const double spacing[2], double *distance, struct sn_error *err);

/* What a ratio is when the masks leave it undefined. One mask empty, the other not: 0 (but see IGNORE). */
enum sn_empty_rule {
    SN_EMPTY_ONE,   /* both empty: 1, perfect agreement (MONAI, ignore_empty=False) */
    SN_EMPTY_NAN,   /* both empty: NaN (DeepMind) */
    SN_EMPTY_IGNORE /* manual mask empty: NaN whatever the automatic one shows (MONAI, ignore_empty=True) */
};
bool sn_empty_parse(const char *name, enum sn_empty_rule *r); /* "one", "nan", "ignore" */
const char *sn_empty_name(enum sn_empty_rule r);

struct sn_overlap {
    size_t manual, automatic, common; /* pixels */
    double dice;            /* 2 common / (manual + automatic) */
    double iou;             /* common / (manual + automatic - common) */
    double box_iou;         /* of the two tight bounding boxes: the crop is what classifiers see */
    double boundary_iou;    /* Cheng et al. 2021 (CVPR), eq. 2: IoU of each mask's pixels within boundary_px of its edge */
    int boundary_px;        /* chessboard distance: 2 % of the image diagonal, rounded, at least 1, as its authors' code has it */
    double area_manual, area_automatic; /* mm^2 */
    double area_error;      /* (automatic - manual) / manual; NaN for an empty manual mask */
    double centroid_mm;     /* distance of the centres of mass; NaN when a mask is empty */
    double length_manual, length_automatic; /* mm: sn_mask_diameter; 0 for an empty mask */
};
/* SN_EINVAL as above; SN_ENOMEM. */
int sn_mask_overlap(const uint8_t *manual, const uint8_t *automatic, int w, int h, const double spacing[2],
                    enum sn_empty_rule empty, struct sn_overlap *o, struct sn_error *err);
/*
 * Longest diameter in mm (maximum Feret): the largest distance between two points of the outline through the
 * middles of the mask's outer pixel sides (one pixel: one spacing), over the whole mask. 0 when it is empty.
 */
int sn_mask_diameter(const uint8_t *mask, int w, int h, const double spacing[2], double *mm, struct sn_error *err);

/*
 * Three packages, three answers to "HD95". Same names, their numbers:
 *
 *            surface                          HD95                                    ASSD
 * monai      lesion pixels with a 4-neighbour 95th percentile (linear) of each        mean of both directions'
 *            outside the lesion               direction, the larger                   distances taken together
 * medpy      the same                         95th percentile (linear) of both        mean of the two
 *                                             directions' distances taken together    directions' means
 * deepmind   pixel corners where the four     per direction the first distance at     mean of all, weighted
 *            pixels around are not alike,     which the cumulated length reaches      by length
 *            each with the length of contour  95 %, the larger
 *            it stands for (marching squares)
 *
 * HD is the largest distance of both directions. NSD (surface Dice, Nikolov et al. 2021, J Med Internet Res
 * 23:e26151): the share of both surfaces that lies within tau of the other one, by length in deepmind, by
 * pixels in the others (MONAI's SurfaceDice without subvoxels; MedPy has none). Sums are added pairwise as NumPy
 * does, and percentiles interpolated as numpy.percentile does, so doubles agree to the last bit but
 * where two pixels are equally near and the order of rounding differs (MONAI itself may work in float32).
 * Undefined: both masks empty: all NaN (deepmind: hd, hd95 +inf). One empty: hd, hd95, assd +inf, nsd 0
 * (medpy raises an error there: NaN).
 */
enum sn_surface_variant { SN_SURFACE_MONAI, SN_SURFACE_DEEPMIND, SN_SURFACE_MEDPY };
bool sn_surface_parse(const char *name, enum sn_surface_variant *v); /* "monai", "deepmind", "medpy" */
const char *sn_surface_name(enum sn_surface_variant v);

struct sn_surface {
    double hd, hd95, assd;                 /* mm */
    double asd_manual, asd_automatic;      /* mean distance from this mask's surface to the other's; NaN: no such surface */
    double nsd;                            /* [0, 1]; NaN when tau is NaN */
    size_t n_manual, n_automatic;          /* surface elements */
};
/* tau in mm, >= 0, or NaN for none. SN_EINVAL as above; SN_ENOMEM. */
int sn_mask_surface(const uint8_t *manual, const uint8_t *automatic, int w, int h, const double spacing[2],
                    enum sn_surface_variant variant, double tau, struct sn_surface *s, struct sn_error *err);

/* numpy's pairwise sum, and its linear percentile (0..100) of ascending values; n >= 1. */
double sn_sum_pairwise(const double *x, size_t n);
double sn_percentile_sorted(const double *x, size_t n, double percent);

#endif
