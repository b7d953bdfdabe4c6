/* dicom_parts.h: what the DICOM reader's files share. Private to io. */
#ifndef SN_DICOM_PARTS_H
#define SN_DICOM_PARTS_H

#include "io/image_parts.h"

#define SN_DICOM_PIXEL_DATA SN_DICOM_TAG(0x7fe0, 0x0010)
#define SN_DICOM_UNDEFINED  0xffffffffu

/* Appends to d->notes after "; "; the same note is added once. Never a value from the file that is text. */
void sn_dicom_note(struct sn_dicom *d, const char *fmt, ...) SN_PRINTF(2, 3);

/* dicom_syntax.c: NULL when the UID is in no list; n bytes, padding already cut. */
const struct sn_dicom_syntax *sn_dicom_syntax_find(const char *uid, size_t n);

/* dicom_charset.c: byte b (A0..FF) of the single-byte set with ISO-IR number `ir` as Unicode; 0: none. */
uint16_t sn_dicom_charset_high(int ir, unsigned b);

/* ---- pixels --------------------------------------------------------------------------------- */

/* The bytes of one encapsulated frame: a fragment where it lies, or several joined in `joined`. */
struct sn_dicom_stream {
    const uint8_t *data;
    size_t size;
    struct sn_buf joined;
};
/* dicom_frames.c. Which fragments begin which frame, found once: sn_dicom_describe ends with it. */
int sn_dicom_index(struct sn_dicom *d, const struct sn_dicom_pixels *p, struct sn_error *err);
int sn_dicom_stream_get(const struct sn_dicom *d, uint32_t frame, struct sn_dicom_stream *s, struct sn_error *err);
void sn_dicom_stream_free(struct sn_dicom_stream *s);

/* dicom_native.c: one frame of native pixels into out as sn_dicom_stored promises. */
void sn_dicom_native(const struct sn_dicom_pixels *p, uint32_t frame, void *out);
/* Values of `bits` bits without padding, lowest bit first, from value number `first` on; into p->bytes each. */
void sn_dicom_unpack_bits(const uint8_t *data, unsigned bits, size_t first, size_t n, int bytes, void *out);

/* dicom_rle.c: PS3.5 annex G, one frame. */
int sn_dicom_rle(const struct sn_dicom_pixels *p, const uint8_t *data, size_t size, void *out, struct sn_error *err);

/* dicom_jpeg.c: one frame; colour comes out as RGB. Notes what was decided about the colour space. */
int sn_dicom_jpeg(struct sn_dicom *d, const struct sn_dicom_pixels *p, const uint8_t *data, size_t size, void *out,
                  struct sn_error *err);

/* dicom_colour.c: YCbCr of full range to RGB, in place, with libjpeg's rounding; and of CCIR 601 studio range. */
void sn_dicom_ycc_to_rgb(uint8_t *px, size_t pixels);
void sn_dicom_studio_to_rgb(uint8_t *px, size_t pixels);

/*
 * dicom_palette.c: red, green, blue of the first mapped value and the following, 8 bits each.
 * Indices outside clamp to the table's ends (PS3.3 C.7.6.3.1.5).
 */
struct sn_dicom_palette {
    long first;
    size_t n[3];
    uint8_t *colour[3]; /* [n] */
    uint8_t *memory;
};
int sn_dicom_palette_read(struct sn_dicom *d, const struct sn_dicom_pixels *p, struct sn_dicom_palette *lut, struct sn_error *err);
void sn_dicom_palette_free(struct sn_dicom_palette *lut);

/* dicom_voi.c: stored grey values of one frame to 8 bits as shown, MONOCHROME1 inverted. */
int sn_dicom_grey(struct sn_dicom *d, const struct sn_dicom_pixels *p, uint32_t frame, const void *stored, uint8_t *out,
                  struct sn_error *err);
/* The values of a look-up table's (0028,3006) as numbers of `bits` bits; new array of *n entries. */
int sn_dicom_lut_values(const struct sn_dicom_element *data, size_t entries, int bits, uint16_t **values, struct sn_error *err);

/* A stored sample as the number it stands for: `bits_stored` bits below and at the high bit, with sign. */
int32_t sn_dicom_sample(const struct sn_dicom_pixels *p, uint32_t raw);
/* Sample i of an array of p->bytes each. */
static inline uint32_t sn_dicom_raw(const struct sn_dicom_pixels *p, const void *stored, size_t i)
{
    return p->bytes == 1   ? ((const uint8_t *)stored)[i]
           : p->bytes == 2 ? ((const uint16_t *)stored)[i]
                           : ((const uint32_t *)stored)[i];
}

/* dicom_marks.c: heuristics on the 8-bit picture (region already cut out); sets im->warnings, adds notes. */
void sn_dicom_marks(struct sn_dicom *d, struct sn_image *im);

/* dicom_spacing.c: im->spacing_mm and SN_WARN_SPACING; r NULL: no region was chosen. */
void sn_dicom_spacing(struct sn_dicom *d, const struct sn_dicom_pixels *p, const struct sn_dicom_region *r, struct sn_image *im);

static inline uint16_t sn_dicom_u16(const uint8_t *p, bool big) { return big ? sn_be16(p) : sn_le16(p); }
static inline uint32_t sn_dicom_u32(const uint8_t *p, bool big) { return big ? sn_be32(p) : sn_le32(p); }

#endif
