/*
 * deidentify.h: takes the patient out of DICOM images: the Basic Application Level Confidentiality Profile
 * (PS3.15, annex E), as far as it concerns images, and beyond it: text is kept only where a row of the
 * table names it (deidentify_rules.c), and pixels outside the ultrasound regions are blanked. Not for
 * reports, presentation states or documents, whose text is their content: they are refused.
 */
#ifndef SN_DEIDENTIFY_H
#define SN_DEIDENTIFY_H

#include "io/dicom_write.h"

/* The profile's actions (PS3.15, table E.1-1a), and what we do with them. */
enum sn_deid_action {
    SN_DEID_KEEP,    /* K: unchanged; a sequence is walked */
    SN_DEID_REMOVE,  /* X */
    SN_DEID_EMPTY,   /* Z */
    SN_DEID_DUMMY,   /* D: a fixed value, by VR */
    SN_DEID_UID,     /* U: each UID by its salted hash */
    SN_DEID_PATIENT, /* D: the patient's pseudonym, from the salted hash of the patient's ID */
    SN_DEID_ACTIONS
};
const char *sn_deid_action_name(enum sn_deid_action a); /* "kept", "removed", "emptied", ... */

/* Options of the profile (PS3.15, E.3). */
enum {
    SN_DEID_KEEP_DATES = 1,   /* retain longitudinal temporal information with full dates */
    SN_DEID_KEEP_PATIENT = 2, /* retain patient characteristics: sex, age, size, weight */
    SN_DEID_KEEP_DEVICE = 4,  /* retain device identity: serial number, station */
    SN_DEID_KEEP_UIDS = 8     /* retain UIDs */
};

/* How often something was done to a tag; private elements are counted under their group, as (gggg,0000). */
struct sn_deid_change {
    uint32_t tag;
    enum sn_deid_action action;
    size_t count;
};

/* One call's settings and record: the same salt gives the same new UIDs and pseudonyms in all its files. */
struct sn_deid {
    unsigned keep;                  /* SN_DEID_KEEP_... */
    uint8_t salt[32];
    uint32_t box[4];                /* x, y, width, height of the picture in files without regions; width 0: none given */
    struct sn_deid_change *changes; /* [n_changes], by tag, then action */
    size_t n_changes, cap;
    struct sn_arena arena;
};
void sn_deid_free(struct sn_deid *s); /* a zeroed one is fine */

/* What was done to one file, besides its elements. */
struct sn_deid_file {
    char instance[SN_DICOM_UID];       /* the new SOP Instance UID */
    size_t regions;                    /* ultrasound regions, or the box, left as they were; 0: no pixel was touched */
    size_t blanked;                    /* pixels outside them, over all frames */
    bool recoded;                      /* compressed pixels are uncompressed now */
    bool may_show_text;                /* nothing was blanked, or the source says that text is burnt in */
};

/*
 * Appends the de-identified file to out. SN_EUNSUPPORTED: no image, a kind of object whose text is its
 * content, or pixels that would have to be blanked but cannot be decoded (the message names the syntax and
 * what converts it). SN_EFORMAT: also an attribute of the pixels that is stored as something else. Else as sn_dicom_parse. out holds nothing useful after a failure.
 */
int sn_deidentify(struct sn_deid *s, const void *data, size_t size, struct sn_buf *out, struct sn_deid_file *r,
                  struct sn_error *err);

/* ---- parts (deidentify_rules.c, deidentify_pixels.c) ------------------------------------------- */

/* enhanced: an object of functional groups, whose dates and serial numbers are of type 1. */
enum sn_deid_action sn_deid_rule(const struct sn_dicom_element *el, unsigned keep, bool enhanced);

/* Pixels decoded and blanked, or data.data NULL when they stay as they are. */
struct sn_deid_pixels {
    struct sn_buf data;       /* little endian, interleaved, frame after frame */
    int samples, bits;        /* of one sample: 8, 16 or 32 */
    const char *photometric;  /* of the decoded pixels; NULL: as it was */
};
int sn_deid_blank(const struct sn_deid *s, struct sn_dicom *d, struct sn_deid_pixels *p, struct sn_deid_file *r,
                  struct sn_error *err);

#endif
