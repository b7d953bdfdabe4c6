/* bmp_parts.h: what bmp.c hands to bmp_rle.c. Private to io. */
#ifndef SN_BMP_PARTS_H
#define SN_BMP_PARTS_H

#include "io/image_parts.h"

struct sn_bmp {
    const uint8_t *data;
    size_t size;
    size_t offset; /* of the pixel data */
    uint32_t header, width, height;
    bool top_down;
    unsigned bits, compression;
    bool os2; /* OS/2 version 2 header: its compressions 3 and 4 mean other things */
    uint8_t palette[256][3]; /* RGB */
    unsigned palette_size;
    uint32_t mask[4]; /* R, G, B, A; 0: no such field */
    bool beyond_palette, clipped_run;
    struct sn_error *err;
};

/* RLE8, RLE4 and OS/2's RLE24 into an RGB image; pixels the data skip stay black. */
int sn_bmp_rle(struct sn_bmp *b, struct sn_image *im);

#endif
