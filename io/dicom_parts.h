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

static inline uint16_t sn_dicom_u16(const uint8_t *p, bool big) { return big ? sn_be16(p) : sn_le16(p); }
static inline uint32_t sn_dicom_u32(const uint8_t *p, bool big) { return big ? sn_be32(p) : sn_le32(p); }

#endif
