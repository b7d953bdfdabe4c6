/*
 * jpeg_ops.h: the JPEG reader's inner operations. Each has a scalar twin that defines it and may have
 * SIMD versions with the same results, listed in jpeg_ops.def. Private to io (and its test).
 */
#ifndef SN_JPEG_OPS_H
#define SN_JPEG_OPS_H

#include "base/base.h"

/*
 * idct: one block. coef[64] row-major int16, quant[64]; writes 8 rows of 8 samples, `stride` apart.
 *
 * The 13-bit integer transform of Loeffler, Ligtenberg & Moschytz 1989 (11 multiplications, fig. 1)
 * as libjpeg's "islow": columns first, with 2 more bits kept, then rows. The word lengths are those
 * of libjpeg-turbo's SIMD code, which differs from its C code only where coefficients are beyond any
 * picture's: products with quant, sums of two inputs and the columns' results (saturated) have 16
 * bits, everything else 32 bits that wrap; results are saturated to -128..127 and moved by 128. When
 * coefficients 8..63 are all zero, the columns' results are 4 times the first row's, in 16 bits that wrap.
 */
typedef void sn_jpeg_idct_fn(const int16_t *coef, const uint16_t *quant, uint8_t *out, size_t stride);
/*
 * h2v1: n >= 3 samples to 2n; each output is 3/4 the nearer sample and 1/4 the farther one: rounding is
 *   (3 a + b + 1) >> 2 towards the left, (3 a + b + 2) >> 2 towards the right; the ends are copied.
 * h1v2: n samples of the nearer and the farther row to n: (3 a + b + bias) >> 2; bias 1 above, 2 below.
 * h2v2: n >= 3; s = 3 near + far, then (3 s + left + 8) >> 4 and (3 s + right + 7) >> 4; ends (4 s + 8 or 7) >> 4.
 * All may read and write up to SN_JPEG_ROW_PAD bytes past their rows' ends; `out` overlaps nothing.
 */
typedef void sn_jpeg_h2v1_fn(const uint8_t *in, size_t n, uint8_t *out);
typedef void sn_jpeg_h1v2_fn(const uint8_t *near, const uint8_t *far, size_t n, unsigned bias, uint8_t *out);
typedef void sn_jpeg_h2v2_fn(const uint8_t *near, const uint8_t *far, size_t n, uint8_t *out);
/*
 * ycc: n pixels of Y, Cb, Cr to RGB triples. With b = Cb - 128, r = Cr - 128, each clamped to 0..255
 * (T.871, 7; coefficients times 2^16):
 *   R = Y + ((91881 r + 32768) >> 16)   G = Y + ((-22554 b - 46802 r + 32768) >> 16)   B = Y + ((116130 b + 32768) >> 16)
 * rgb: n pixels of three planes to triples. Both write exactly 3n bytes, and may read
 * SN_JPEG_ROW_PAD bytes past the inputs' ends.
 */
typedef void sn_jpeg_ycc_fn(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, size_t n, uint8_t *rgb);
typedef void sn_jpeg_rgb_fn(const uint8_t *r, const uint8_t *g, const uint8_t *b, size_t n, uint8_t *rgb);

enum { SN_JPEG_ROW_PAD = 64 };

struct sn_jpeg_ops {
    sn_jpeg_idct_fn *idct;
    sn_jpeg_h2v1_fn *h2v1;
    sn_jpeg_h1v2_fn *h1v2;
    sn_jpeg_h2v2_fn *h2v2;
    sn_jpeg_ycc_fn *ycc;
    sn_jpeg_rgb_fn *rgb;
};
/* The best of this machine, or the twins. */
void sn_jpeg_ops_pick(struct sn_jpeg_ops *ops, bool scalar);

#define SN_JPEG_OP(op, isa, fn) sn_jpeg_##op##_fn fn;
#include "io/jpeg_ops.def"
#undef SN_JPEG_OP

#endif
