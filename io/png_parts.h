/* png_parts.h: what png.c hands to png_rows.c. Private to io. */
#ifndef SN_PNG_PARTS_H
#define SN_PNG_PARTS_H

#include "io/image_parts.h"

enum {
    SN_PNG_GREY = 0,
    SN_PNG_RGB = 2,
    SN_PNG_PALETTE = 3,
    SN_PNG_GREY_ALPHA = 4,
    SN_PNG_RGBA = 6
};

struct sn_png {
    uint32_t width, height;
    uint8_t depth, colour;
    bool interlaced;
    uint8_t palette[256 * 3];
    unsigned palette_size;
    uint8_t alpha[256]; /* of the palette's colours */
    bool has_alpha;     /* alpha[] comes from a tRNS chunk */
    bool has_key;       /* pixels equal to key are transparent */
    uint16_t key[3];
    bool beyond_palette; /* found by sn_png_rows: some index has no colour, its pixel is black */
};

/* Channels of the decoded image. */
int sn_png_channels(const struct sn_png *p);
/* Bytes of all rows with their filter bytes, over all interlace passes. Fits: size was checked. */
size_t sn_png_filtered_bytes(const struct sn_png *p);
/* Undoes the filters in `rows` (in place); stores the pixels in im, which has the right shape. */
int sn_png_rows(struct sn_png *p, uint8_t *rows, struct sn_image *im, struct sn_error *err);

/*
 * sn_zlib_deflate with matches shorter than min_match (3..) left as literals: filtered pictures
 * are noise of few values, where short matches cost more than they save.
 */
int sn_zlib_deflate_from(const void *in, size_t n, unsigned min_match, struct sn_buf *out,
                         struct sn_error *err);

#endif
