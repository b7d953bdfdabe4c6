/* image_dicom.h: what `sentinode image` does with DICOM files beyond pictures: stored values, tags. */
#ifndef SN_TOOLS_IMAGE_DICOM_H
#define SN_TOOLS_IMAGE_DICOM_H

#include "io/io.h"

#define SN_FRAME_ALL (-3L)

/*
 * --frame K|mid|all: K counts from 1 in text, from 0 in *frame. false: none of these.
 */
bool sn_frame_parse(const char *text, long *frame);

/*
 * The stored values as .npy: [frames][rows][cols][samples], frames and samples left out when there is one,
 * as pydicom's pixel_array. frame: from 0, SN_FRAME_MID, SN_FRAME_ALL; one frame alone has no frame axis.
 */
int sn_dicom_write_raw(struct sn_dicom *d, long frame, const char *path, struct sn_error *err);
/* All frames as shown, 8 bits: one .npy, or one PNG each, OUT-0001.png and so on. */
int sn_dicom_write_all(struct sn_dicom *d, int region, const char *path, struct sn_error *err);

/* The elements as lines of text on stdout; phi: values that may identify a person too. */
int sn_dicom_print_tags(const struct sn_dicom *d, bool phi, struct sn_error *err);

/* "; "-separated words for SN_WARN_ flags; empty for none. Static storage. */
const char *sn_warning_text(unsigned warnings, char *buf, size_t n);

#endif
