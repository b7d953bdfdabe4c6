/*
 * dicom.h: DICOM files (PS3.5, PS3.10) in. Included by io.h; stands on base only.
 *
 * Three layers: sn_dicom_parse turns bytes into a tree of elements (nothing is copied: values point
 * into the file or into the inflated data set); sn_dicom_describe reads what the pixels are;
 * sn_dicom_stored and sn_dicom_image decode frames, the first as they are stored, the second as a
 * viewer shows them. Every length is checked before use.
 *
 * Privacy: no message, note or detail made here holds a value that could name a person: only tags,
 * positions, numbers, and words of the standard.
 */
#ifndef SN_DICOM_H
#define SN_DICOM_H

#include "base/base.h"

#define SN_DICOM_TAG(group, element) ((uint32_t)(group) << 16 | (uint32_t)(element))
#define SN_DICOM_GROUP(tag)   ((unsigned)((tag) >> 16))
#define SN_DICOM_ELEMENT(tag) ((unsigned)((tag) & 0xffffu))

/* Stated limits; beyond them SN_ELIMIT. */
#define SN_DICOM_MAX_DEPTH 32                    /* sequences within sequences; SR templates need about 12 */
#define SN_DICOM_MAX_NODES ((size_t)1 << 26)     /* bytes of tree: about 900,000 elements */
#define SN_DICOM_MAX_INFLATED ((size_t)1 << 29)  /* bytes of a deflated data set */
#define SN_DICOM_MAX_STORED ((size_t)1 << 31)    /* bytes of all frames decoded at once */
#define SN_DICOM_MAX_REGIONS 32                  /* ultrasound regions looked at */

struct sn_dicom_item;

/*
 * One data element. `value` holds `length` bytes as they lie in the file, in the byte order
 * `big_endian` says; for a sequence the items with their headers, without the delimiter. Elements
 * of a data set are a list in file order.
 */
struct sn_dicom_element {
    uint32_t tag;
    char vr[3];               /* as stored, or from the dictionary ("UN": neither) when vr_stored is false */
    bool vr_stored;
    bool big_endian;
    bool undefined;           /* the length field said FFFFFFFF */
    bool encapsulated;        /* items are fragments without elements, the first the offset table */
    const uint8_t *start;     /* of the tag; [start, start + total) is the whole element, */
    size_t total;             /* delimiters included: what a copy takes over */
    const uint8_t *value;
    size_t length;
    struct sn_dicom_item *items; /* of a sequence or of encapsulated data; NULL otherwise */
    size_t n_items;
    struct sn_dicom_element *next;
};

/* A data set: the file's, its meta group, or one item of a sequence; or one fragment. */
struct sn_dicom_item {
    struct sn_dicom_element *first, *last;
    size_t count;
    const uint8_t *start;     /* of the item's tag; of the first element for a file's data set */
    size_t total;
    const uint8_t *value;     /* content without header and delimiter */
    size_t length;
    struct sn_dicom_item *next;
};

enum sn_dicom_codec {
    SN_DICOM_NATIVE,
    SN_DICOM_RLE,
    SN_DICOM_JPEG,       /* ISO 10918-1: 4.50, 4.51, 4.57, 4.70 */
    SN_DICOM_UNSUPPORTED /* a syntax whose pixels we do not decode; the elements were still read */
};

/* A transfer syntax (dicom_syntax.c). */
struct sn_dicom_syntax {
    const char *uid, *name;
    bool explicit_vr, big_endian, deflated;
    enum sn_dicom_codec codec;
    const char *convert; /* command that makes a file we read; NULL when there is none to name */
};

struct sn_dicom {
    const uint8_t *file;   /* borrowed: must outlive this */
    size_t size;
    bool has_preamble;     /* 128 bytes and DICM */
    struct sn_dicom_item meta; /* group 0002, explicit little endian; empty when the file has none */
    struct sn_dicom_item set;  /* the data set */
    const struct sn_dicom_syntax *syntax;
    bool syntax_guessed;   /* none was stated, or the bytes contradict the stated one */
    uint8_t *inflated;     /* a deflated data set's bytes, which the elements point into; else NULL */
    size_t inflated_size;
    bool lenient;          /* set by the caller after parsing: damaged JPEG frames are decoded as far as they go; */
    bool damaged;          /* then true when there was one, with a note */
    char notes[400];       /* oddities accepted, for people, "; " between them; no patient data */
    const struct sn_dicom_item **frame_first; /* private: [frames + 1], encapsulated only */
    struct sn_arena arena;
};

/* ---- elements (dicom.c) ------------------------------------------------------------------- */

/* True for what sn_dicom_parse takes on: a preamble, a bare meta group, or a plausible first element. */
bool sn_dicom_recognise(const void *data, size_t size);
/* On failure d is empty. SN_EFORMAT names the byte (in the inflated data set when deflated). */
int sn_dicom_parse(const void *data, size_t size, struct sn_dicom *d, struct sn_error *err);
void sn_dicom_free(struct sn_dicom *d); /* a zeroed one is fine */

/* First element with this tag directly in this item; NULL: none. No descent into sequences. */
const struct sn_dicom_element *sn_dicom_find(const struct sn_dicom_item *item, uint32_t tag);
/* Item k (from 0) of a sequence; NULL beyond its end or when el is NULL. */
const struct sn_dicom_item *sn_dicom_item(const struct sn_dicom_element *el, size_t k);

/* ---- values (dicom_value.c); el may be NULL (absent), then as if empty -------------------------- */

/* Values in the element: by size for binary VRs, by backslashes for text. 0: absent or empty. */
size_t sn_dicom_count(const struct sn_dicom_element *el);
/* Value k from US SS UL SL UV SV AT, IS, or OB OW UN by the dictionary. false: absent, or not a number. */
bool sn_dicom_int(const struct sn_dicom_element *el, size_t k, int64_t *v);
/* The same from DS FL FD and all of the above; finite numbers only. */
bool sn_dicom_real(const struct sn_dicom_element *el, size_t k, double *v);
/*
 * Bytes of text value k without padding (leading and trailing spaces, trailing NULs), undecoded, as
 * a pointer into the file. false: absent, empty, or not text. For codes and UIDs, which are ASCII.
 */
bool sn_dicom_bytes(const struct sn_dicom_element *el, size_t k, const char **s, size_t *n);
/* True when text value k is exactly `s`. */
bool sn_dicom_is(const struct sn_dicom_element *el, size_t k, const char *s);
/* Text value k as a string; characters outside printable ASCII become '?', cut to fit. Empty when absent. */
const char *sn_dicom_ascii(const struct sn_dicom_element *el, size_t k, char *buf, size_t n);

/* ---- dictionary (dicom_dict.c): the part of PS3.6 that images and reports meet ---------------------- */

struct sn_dicom_entry {
    uint32_t tag;
    char vr[3];
    bool phi;         /* may name, date or place a person or a study: hidden unless asked for */
    const char *name; /* keyword of PS3.6: "PatientName" */
};
const struct sn_dicom_entry *sn_dicom_lookup(uint32_t tag); /* NULL: not in it; 60xx as 6000 */

/* ---- text (dicom_text.c) ------------------------------------------------------------------ */

/*
 * Appends the element's text as UTF-8, values still separated by backslashes, by the character
 * sets that `charset` (Specific Character Set (0008,0005), NULL: ASCII) names. What cannot be
 * decoded (JIS X 0208 and 0212, KS X 1001, malformed text) is replaced as a whole by "[text in ISO 2022 IR 149
 * not decoded]", never passed on as other characters. PS3.3 C.12.1.1.2, PS3.5 6.1. Returns false when something was replaced.
 */
bool sn_dicom_text(const struct sn_dicom_element *el, const struct sn_dicom_element *charset, struct sn_buf *out);

/* ---- pixels (dicom_pixels.c, dicom_frames.c, dicom_image.c) ------------------------------------- */

enum sn_dicom_photometric {
    SN_DICOM_MONOCHROME1,
    SN_DICOM_MONOCHROME2,
    SN_DICOM_PALETTE,
    SN_DICOM_RGB,
    SN_DICOM_YBR_FULL,
    SN_DICOM_YBR_FULL_422,
    SN_DICOM_YBR_PARTIAL_422
};

struct sn_dicom_pixels {
    uint32_t rows, cols, frames;
    int samples;                       /* 1 or 3 */
    int bits_allocated;                /* 1, 8, 12 (packed), 16, 32 */
    int bits_stored, high_bit;
    bool is_signed;
    bool planar;                       /* colour by plane */
    enum sn_dicom_photometric photometric;
    int bytes;                         /* of one decoded sample: 1, 2 or 4 */
    const struct sn_dicom_element *data; /* (7FE0,0010) */
    size_t native_frame;               /* bytes of one native frame (bits for bits_allocated 1 and 12); 0: encapsulated */
    bool subsampled;                   /* native data have one Cb and Cr for two pixels */
    bool rgb_from_jpeg;                /* lossy JPEG: colour leaves the decoder as RGB, whatever photometric says */
};

/*
 * Reads and cross-checks the image attributes. Codes: SN_EFORMAT (contradictory, missing, pixel data
 * missing or too short), SN_EUNSUPPORTED (a syntax, SOP class or bit depth we do not decode, named),
 * SN_ELIMIT. Adds to d->notes.
 */
int sn_dicom_describe(struct sn_dicom *d, struct sn_dicom_pixels *p, struct sn_error *err);

/*
 * Frame `frame` (from 0) as stored: [rows][cols][samples] of p->bytes each in host order, the
 * values of pydicom's pixel_array: high bits not masked, no rescale, palettes not applied, colour not
 * converted, native 4:2:2 brought to full chroma by repetition, JPEG colour as libjpeg gives it (RGB).
 * out holds rows * cols * samples * bytes. p comes from sn_dicom_describe of the same d.
 */
int sn_dicom_stored(struct sn_dicom *d, const struct sn_dicom_pixels *p, uint32_t frame, void *out, struct sn_error *err);

/* ---- ultrasound regions (dicom_us.c), PS3.3 C.8.5.5 ------------------------------------------------ */

struct sn_dicom_region {
    int spatial_format;      /* 1: 2D, 2: M-mode, 3: spectral, 4: wave form, 5: graphics */
    int data_type;           /* 1: tissue, 2: colour flow, ... */
    uint32_t x0, y0, x1, y1; /* inclusive, inside the image (clipped to it) */
    bool clipped;
    int units_x, units_y;    /* 3: cm */
    double delta_x, delta_y; /* per pixel, signed as stored */
};
/* How many were stored in r[SN_DICOM_MAX_REGIONS]; regions without area or coordinates are left out. */
size_t sn_dicom_regions(const struct sn_dicom *d, const struct sn_dicom_pixels *p, struct sn_dicom_region *r);
/*
 * The region to work on, or -1: the largest of spatial format 2D and data type tissue; of equal ones
 * the first. *tissue counts those at least half as large (2 and more: panes side by side).
 */
int sn_dicom_choose_region(const struct sn_dicom_region *r, size_t n, int *tissue);

#endif
