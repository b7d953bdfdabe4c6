/*
 * dicom_make.h: the DICOM objects that results become, each referring to the image it was made from:
 * Segmentation (PS3.3, A.51), Secondary Capture (A.8.1), Comprehensive 3D SR (A.35.13) by TID 1500.
 *
 * The same input gives the same bytes, always: no clock is read and no number drawn. Dates and times are
 * the source's, and an instance's UID is derived from its whole content (dicom_write.h). Own text is
 * ASCII, so it stands in whatever character set the source's attributes have; those are copied as they
 * are, but dropped where they hold other bytes than ASCII and no character set is named.
 */
#ifndef SN_DICOM_MAKE_H
#define SN_DICOM_MAKE_H

#include "io/dicom_write.h"
#include "io/io.h"

#define SN_DICOM_NOTICE "RESEARCH USE ONLY"

/* ---- what an object is made from (dicom_source.c) ------------------------------------------------ */

/* The image a result belongs to. d is borrowed and must outlive this. */
struct sn_dicom_source {
    const struct sn_dicom *d;
    char sop_class[SN_DICOM_UID], instance[SN_DICOM_UID], series[SN_DICOM_UID], study[SN_DICOM_UID];
    uint32_t rows, cols, frames;
    char date[9], time[15]; /* of its content, acquisition, series or study; 19000101, 000000 when it has none */
    bool lossy;             /* pixels were compressed with loss at some time */
    double lossy_ratio;     /* of its present compression; 0: not known, or stated by the source itself */
};
/* SN_EFORMAT: a UID that references need is missing or malformed, or the image has no size; the tag is named. */
int sn_dicom_source_read(struct sn_dicom_source *s, const struct sn_dicom *d, struct sn_error *err);

/* Who made it: the same for every object of a run. All borrowed, any text. */
struct sn_dicom_maker {
    const char *pack, *pack_digest; /* name and SHA-256 of the pack; the digest becomes the device's serial number */
    const char *label;              /* the pack's own words */
    const char *precision;          /* of the networks, where it is not the usual one; NULL */
};

/* What was outlined. */
enum sn_dicom_target { SN_DICOM_BREAST_LESION, SN_DICOM_LYMPH_NODE };

/* A finished file, and what others need to refer to it. */
struct sn_dicom_object {
    struct sn_buf file;
    const char *sop_class;
    char instance[SN_DICOM_UID], series[SN_DICOM_UID];
};
void sn_dicom_object_free(struct sn_dicom_object *o); /* a zeroed one is fine */

/* The lesion's identity in all objects made from the same frames of the same image. */
struct sn_dicom_tracking {
    char id[65], uid[SN_DICOM_UID];
};

/* What every object needs. */
struct sn_dicom_context {
    const struct sn_dicom_source *source;
    const struct sn_dicom_maker *maker;
    enum sn_dicom_target target;
};

/* ---- segmentation (dicom_seg.c) ------------------------------------------------------------------- */

/* One outlined frame. */
struct sn_dicom_mask {
    uint32_t frame;       /* of the source, from 0 */
    const uint8_t *mask;  /* [height][width] of 0/1; for BINARY */
    const float *p;       /* [height][width] in [0, 1]; for FRACTIONAL */
};

struct sn_dicom_seg {
    uint32_t x, y, width, height; /* part of the source's frame the masks cover; the rest is background */
    size_t n;                     /* at least 1, frames ascending */
    const struct sn_dicom_mask *masks;
    bool fractional;              /* probability, 0..255; else one bit per pixel */
    const char *description;      /* of the segment: how it came about */
};
/* Full frames, one segment, no frame of reference. SN_EINVAL: part outside the frame, frames out of order. */
int sn_dicom_make_seg(const struct sn_dicom_context *c, const struct sn_dicom_seg *seg, struct sn_dicom_object *o,
                      struct sn_error *err);
/* Depends on the source and the frame only. */
void sn_dicom_track(const struct sn_dicom_source *s, uint32_t frame, struct sn_dicom_tracking *t);

/* ---- secondary capture (dicom_sc.c) ------------------------------------------------------------------ */

struct sn_dicom_sc {
    const struct sn_image *rgb; /* 8-bit, with the notice in its pixels */
    uint32_t frame;             /* of the source, from 0 */
    double spacing_mm[2];       /* row, column; 0: not known */
    const char *description;    /* how it was derived */
};
int sn_dicom_make_sc(const struct sn_dicom_context *c, const struct sn_dicom_sc *sc, struct sn_dicom_object *o,
                     struct sn_error *err);

/* ---- measurement report (dicom_sr.c) ------------------------------------------------------------------- */

struct sn_dicom_measure {
    bool in_mm;                  /* long_axis, short_axis in mm and area in mm2; else in pixels */
    double long_axis, short_axis, area;
};

struct sn_dicom_sr {
    uint32_t frame;                      /* of the source, from 0 */
    const struct sn_dicom_object *seg;   /* its first frame shows this lesion */
    bool found;                          /* false: nothing was outlined; the fields below are not used */
    struct sn_dicom_measure measure;
    bool has_signature, has_risk;
    double signature, risk;              /* risk in [0, 1] */
    const char *risk_of;                 /* what risk is the risk of */
    const char *review;                  /* why a person must look; NULL or "": no reason */
};
int sn_dicom_make_sr(const struct sn_dicom_context *c, const struct sn_dicom_sr *sr, struct sn_dicom_object *o,
                     struct sn_error *err);

/* ---- parts of the above, shared by these files (dicom_source.c) ------------------------------------------ */

struct sn_dicom_code {
    const char *value, *scheme, *meaning;
};
void sn_dicom_put_code(struct sn_dicom_writer *w, uint32_t tag, const struct sn_dicom_code *code);
extern const struct sn_dicom_code sn_dicom_breast, sn_dicom_segmentation, sn_dicom_source_purpose;
/* Property category and type, or finding, of what was outlined. */
const struct sn_dicom_code *sn_dicom_target_category(enum sn_dicom_target t);
const struct sn_dicom_code *sn_dicom_target_type(enum sn_dicom_target t);

/* What differs between the objects in the modules they share. NULL: left out. */
struct sn_dicom_head {
    const char *sop_class, *image_type, *modality, *conversion, *series_description;
    const struct sn_dicom_code *scheme; /* own codes: identified by the scheme's name and meaning */
    long series_number;
};
/*
 * Writes the data set twice, first under a placeholder for the instance's UID: its digest then gives the
 * UID. fill writes everything but what `head` covers, in two parts: group 0008 from (0008,1111) on, then
 * from (0020,0020) on.
 */
typedef int sn_dicom_fill_fn(const void *ctx, struct sn_dicom_writer *w, int part, struct sn_error *err);
int sn_dicom_object_make(const struct sn_dicom_context *c, const struct sn_dicom_head *head, sn_dicom_fill_fn *fill,
                         const void *ctx, struct sn_dicom_object *o, struct sn_error *err);
/* Class, instance and, for a multi-frame source, the frame, into an item that is open. */
void sn_dicom_put_reference(struct sn_dicom_writer *w, const struct sn_dicom_source *s, uint32_t frame);
/* SourceImageSequence of one item: reference and purpose. */
void sn_dicom_put_source_image(struct sn_dicom_writer *w, const struct sn_dicom_source *s, uint32_t frame);
/* The source's own value under this VR. Absent or unreadable: empty when needed, else left out. Not for sequences. */
void sn_dicom_put_copy(struct sn_dicom_writer *w, const struct sn_dicom_source *s, uint32_t tag, const char *vr,
                       bool needed);
/* (0028,2110) and, after loss, ratio and method. */
void sn_dicom_put_lossy(struct sn_dicom_writer *w, const struct sn_dicom_source *s);

#endif
