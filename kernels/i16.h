/*
 * i16.h: the 16-bit mode (--precision i16), part of kernels.h. Products of 16-bit integers, summed exactly
 * in 32 bits, so the order of a sum is free; every scale comes from the layer's own input or weights.
 *
 * Input, per chunk (four planes, at most 64 channels) of one pixel, or of one Winograd tile:
 *   a = max over the chunk's values (and the tile's positions p) of |v| * rb[p], by comparing the bits with the
 *       sign cleared, which sees NaN; at least 2^-100
 *   s = 16383 / a; t = a * fl(1 / 16383); where a is not finite both are NaN, and so is the output
 *   q = the low 16 bits, as a signed number, of fma(v, s * rb[p], 12582912.0f): rounded to nearest even, |q| <= 16383
 * Weights (sn_i16_weights, in double, once): per output channel, chunk and tap (or position), n = used channels:
 *   S = min(32767 / max|u|, (131080 - n / 2) / sum|u|), w = rint(u S), z = fl(r[p] / S)
 *   so sum|w| <= 131080 = floor((2^31 - 1) / 16383): no input can overflow a sum
 * Output: m = 0; for each chunk, in a chunk for each tap inside the image: m = fma(fl(float(sum q w) * t), z, m).
 * Then the back-transform (Winograd), bias, residual and activation of the fp32 mode.
 * rb[p] = fl(1 / r[p]), r[p] = r_i r_j for Winograd's position p = across * i + j, r_i the L1 norm of row i of the input's
 * transform (winograd_line.h): how far it can amplify, of the layer's two kinds of pieces the further. Without Winograd r = rb = 1.
 *
 * Integers lie in pairs: a 32-bit word holds lane l of planes 2k (low half) and 2k + 1 (high half, 0 if there is none).
 */
#ifndef SN_I16_H
#define SN_I16_H

#define SN_I16_INPUT 16383             /* largest |q| */
#define SN_I16_WEIGHT 32767            /* largest |w| */
#define SN_I16_SUM 131080              /* largest sum of |w| over a chunk */
#define SN_I16_LEAST 0x1p-100f         /* smallest a */
#define SN_I16_ROUND 12582912.0f       /* 1.5 * 2^23: added, it leaves the integer in the low bits */
#define SN_I16_PAIRS (SN_CHUNK / 2)    /* of a chunk */

static inline int sn_i16_pairs(int planes) { return (planes + 1) / 2; }
static inline int sn_i16_chunks(int planes) { return (planes + SN_CHUNK - 1) / SN_CHUNK; }

/*
 * The weights of one group of 32 output channels in one chunk, from the fp32 mode's packed ones.
 *   f        [taps][k][32], k = used lanes of the chunk
 *   w        [taps or positions] of [pairs of the chunk][16][32] words, w_step words from one to the next
 *   z        [taps or positions] of [32], z_step floats apart
 * z is finite for all finite f (64 weights of FLT_MAX, amplified by 26: 0.3 FLT_MAX). SN_EINTERNAL: the sums' bound is broken (never).
 */
struct sn_i16_weights {
    const float *f;
    const uint8_t *lanes;
    int planes, taps;  /* planes of this chunk */
    int kind;          /* of Winograd's big pieces, taps = 9: u = G g G' first; 0: none */
    int32_t *w;
    float *z;
    size_t w_step, z_step;
};
int sn_i16_weights(const struct sn_i16_weights *p, struct sn_error *err);

/*
 * Pixels first + i * step, i < n, of every plane -> q[pair][pixels][16] and t[chunk][pixels], from pixel `at` on.
 */
struct sn_i16_quantise {
    const void *const *x;
    int planes;
    size_t first, step, n, at, pixels;
    int32_t *q;
    float *t;
};
typedef void sn_i16_quantise_fn(const struct sn_i16_quantise *p);

/*
 * i16_conv2d: conv2d (kernels.h) of quantised pixels; c.x, c.lanes and c.w are not used.
 *   q, t     [pair][ih * iw][16], [chunk][ih * iw]
 *   w        [groups][chunk][kh][kw][pairs of the chunk][16][32] words, group_stride words from group to group
 *   z        [groups][chunk][kh][kw][32], z_stride floats from group to group
 */
struct sn_i16_conv2d {
    struct sn_conv2d c;
    const int32_t *q, *w;
    const float *t, *z;
    size_t group_stride, z_stride;
};
/* true when every sum it stored was finite, before the activation */
typedef bool sn_i16_conv2d_fn(const struct sn_i16_conv2d *p, const struct sn_conv_span *span);

/*
 * The parts of a Winograd convolution (kernels.h):
 *   input    tiles t0 <= t < t1 of planes c0 <= c < c1, whole chunks -> words v[positions][pairs][tiles][16], position p
 *            at p * stride words, written where the tile has that point; t[chunk][tiles]
 *   output   group g, tiles t0 <= t < t1; m: scratch, positions * ((t1 - t0) * 32 + 16) floats
 *   u        [groups][positions][pairs][16][32] words; z [groups][positions][chunk][32]; c.u, c.direct not used
 */
struct sn_i16_winograd {
    struct sn_winograd c;
    const int32_t *u;
    const float *z;
    size_t group_stride, z_stride;
};
struct sn_i16_span {
    int t0, t1, c0, c1, g;
    int base, tiles;    /* tile t lies at t - base of v's `tiles` */
    int32_t *v;
    float *t, *m;
    size_t stride;
};
typedef void sn_i16_winograd_input_fn(const struct sn_i16_winograd *p, const struct sn_i16_span *s);
/* true when every value it stored is finite */
typedef bool sn_i16_winograd_output_fn(const struct sn_i16_winograd *p, const struct sn_i16_span *s);

#endif
