/* image_parts.h: what the image readers of this folder share. Private to io. */
#ifndef SN_IMAGE_PARTS_H
#define SN_IMAGE_PARTS_H

#include "io/io.h"

/* Appends to im->detail, after ", " unless it is empty; cut at the field's end. */
void sn_image_note(struct sn_image *im, const char *fmt, ...) SN_PRINTF(2, 3);

/* SN_ELIMIT or SN_EFORMAT when a picture of this size is none we read; `who` begins the message. */
int sn_image_check_size(const char *who, uint32_t w, uint32_t h, struct sn_error *err);

/*
 * Orientation 1..8 from an EXIF block (TIFF header first, as in PNG's eXIf chunk). 1 when there is
 * none or the block is damaged: a broken comment does not spoil a picture.
 */
int sn_exif_orientation(const uint8_t *tiff, size_t size);

#endif
