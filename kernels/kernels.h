/*
 * kernels.h: the arithmetic of the networks. Every operation is defined by its scalar twin in
 * kernels/ref/; a SIMD kernel gives the same bits (DESIGN 2). A kernel sees no file, no graph and
 * no thread: it gets one of the structs below and the part of the output it has to write.
 *
 * Layout: a tensor is a table of planes of 16 channels, each plane [H][W][16]. Concatenation is
 * concatenating tables. Lanes beyond a tensor's channels hold +0. `lanes[i]` says how many lanes of
 * plane i are in use. Planes are 64-byte aligned, unpadded, and hold no NaN, infinity, denormal
 * or -0 unless a test puts them there.
 *
 * Data pointers are float; in the twins compiled with SN_FP64 they are double (`sn_real`).
 *
 * Every result passes sn_flush (|y| < FLT_MIN becomes +0) at each point where the unfused network
 * would store it: after the sum and bias, after the residual addition, after the activation.
 * So fusing never changes a bit.
 */
#ifndef SN_KERNELS_H
#define SN_KERNELS_H

#include "base/base.h"

#define SN_LANES 16 /* channels in a plane */
#define SN_GROUP 32 /* output channels in a weight group: two planes */
#define SN_CHUNK 4  /* planes in a chunk of the channel sum: 64 channels */

enum sn_act { SN_ACT_NONE, SN_ACT_RELU, SN_ACT_LEAKY };

/* relu(y) = y < 0 ? 0 : y; leaky(y) = y < 0 ? slope * y : y; NaN stays NaN. */
struct sn_activation {
    enum sn_act kind;
    float slope;
};

/*
 * conv2d: y = act(conv(x, w) + bias + residual); dilation as in Chen et al. 2017, eq. (1).
 *   x      `planes` planes [ih][iw][16]; padding is implied, not stored. bordered (a network's input): one plane
 *          [ih + 2 pad_h][iw + 2 pad_w][lanes[0]] of one channel or three, with its padding of zeros; stride 1 or 2,
 *          dil = 1 and kh <= 32 then
 *   w      [groups][chunk][kh][kw][used lanes of the chunk][32]: the order of use; lanes of output
 *          channels beyond oc are zero. group_stride elements from group to group
 *   taps   0; or of a 1x1 the taps that lie in w, kh kw of a wider kernel, whose middle one is used: a dilation as large as
 *          the image leaves nothing else
 *   bias   [groups * 32], zero beyond oc, or NULL
 *   res    planes shaped as y, or NULL
 *   y      ceil(oc / 16) planes [oh * up][ow * up][16]
 *   up     1; or 2 for a transposed convolution 2x2 stride 2: kh = kw = stride = 1 then, the weights
 *          hold 4 * groups groups, and group (2 a + b) * groups + g writes pixels (2 y + a, 2 x + b)
 * Order, for one output: total; for each chunk of 4 planes: acc = 0; for kh, kw, ic: acc =
 * fma(x, w, acc), taps outside the image skipped; total = acc for the first chunk, total + acc after.
 * Then + bias; + residual; activation.
 * Reads no byte outside x, w, bias, res; y overlaps none of them, but may be res.
 */
struct sn_conv2d {
    const void *const *x;
    const uint8_t *lanes;
    int planes;
    const void *w;
    size_t group_stride;
    const void *bias;
    const void *const *res;
    void *const *y;
    int oc, groups, up;
    int ih, iw, oh, ow, kh, kw, taps, stride, dil, pad_h, pad_w;
    bool bordered;
    struct sn_activation act;
};
/* Taps in w, and the first of those used. */
static inline int sn_conv_taps(const struct sn_conv2d *p) { return p->taps ? p->taps : p->kh * p->kw; }
static inline int sn_conv_first(const struct sn_conv2d *p) { return p->taps / 2; }
/* Output pixels p0 <= p < p1 (p = row * ow + column, before `up`) of weight groups g0 <= g < g1. */
struct sn_conv_span {
    int g0, g1;
    int p0, p1;
};
/* true when every sum it stored was finite, before the activation */
typedef bool sn_conv2d_fn(const struct sn_conv2d *p, const struct sn_conv_span *span);

/*
 * winograd: the convolution 3x3, stride 1, any dilation, padding = dilation, in tiles. Rows and columns are each cut
 * into pieces (sn_winograd_cut), a dilation's phases each on its own; neighbouring outputs of a piece are `dil` pixels
 * apart. Pieces have a kind, and the first `big` of an axis are one larger than the others; kind: of the big ones.
 *   4, 3, 2  as many outputs from two inputs more, F(kind, 3), on the points 0, 5/8, -5/8, 3/2, -3/2, infinity: 4 on all,
 *            3 on all but infinity, 2 on the four in the middle
 *   1, 0     a whole phase of two pixels, or of one, for dilations of half the image and more: 2 outputs from 2 inputs
 *            by three products (winograd_line.h), of which 1 output from 1 input is the first; these are the points
 * A tile is a piece of the rows with a piece of the columns. kind 4 and 3, 3 and 2, or 1 and 0 go together: so one set of
 * weights serves tiles of every kind. Position p = across * i + j: the rows' point i, the columns' point j of `across`; a tile has
 * values at those of its points only. Tiles in order (winograd_tiles.h): small rows x big columns; big x big;
 * big rows x small columns; small x small; each row by row. So the tiles that use a position are neighbours.
 * Three parts:
 *   weights  [3][3][n] -> [positions][n], n = used lanes of a chunk * 32, by winograd_filter twice; position p of u
 *            at p * stride; the first `points` points, 6 or 5, or the three of kind 1
 *   input    tiles t0 <= t < t1 of planes c0 <= c < c1 -> v[c - c0][plane], position across * i + j of tile t at
 *            at[i] + j * step[i] + (t - base) * 16;
 *            pixels outside the image are 0; where up[c] is not NULL, the image of plane c is x[c] interpolated (upsample,
 *            not nearest, to no fewer rows or columns, rows and columns in order; its x, y, r0, r1 are not used); dil is 1 then
 *   output   groups g0 <= g < g1, tiles t0 <= t < t1: m[p] = sum over chunks of (acc = 0; for ic: acc =
 *            fma(v, u, acc)), then winograd_output twice, then bias, residual, activation as conv2d. Of planes c0 <= c < c1,
 *            whole chunks, their sums join those in m (from 0 on: become them); the rest follows with the last plane
 * Each two-dimensional transform runs down the columns first, then along the rows. Outputs beyond the image are dropped.
 *   u        [positions][groups][used lanes of all planes][32], u_stride elements from position to position; or NULL:
 *            `output` makes each chunk's in the span's u, positions * (64 * 32 + 16) floats, from `direct`, laid out as
 *            conv2d's w: the same bits
 *   up       of each plane; or NULL
 *   group_stride  used lanes of all planes * 32: elements of a group at one position of u, or at one tap of direct
 *   pool     planes [h / 2][w / 2][16] for y's maxima of 2 x 2 pixels, maxpool's of k = stride = 2; or NULL. Where all pieces
 *            are of 4, h and w are even and dil is 1
 *   m        scratch, (g1 - g0) * positions * ((t1 - t0) * 32 + 16) floats
 * A line of 16 floats more between positions, of v too (sn_winograd_place): at strides of a power of two, all streams would share a cache set.
 */
struct sn_winograd_axis {
    int n, big;
    const int32_t *start; /* [n] a piece's first pixel */
};
struct sn_upsample;
struct sn_winograd {
    const void *const *x;
    const struct sn_upsample *const *up;
    const uint8_t *lanes;
    int planes;
    const void *u, *direct;
    size_t group_stride, u_stride;
    const void *bias;
    const void *const *res;
    void *const *y;
    void *const *pool;
    int oc, h, w, dil, kind;
    struct sn_winograd_axis rows, cols;
    struct sn_activation act;
};
struct sn_winograd_span {
    int t0, t1, c0, c1, g0, g1;
    int base;
    void *v, *m, *u;
    size_t plane, step[6];
    ptrdiff_t at[6];
};
struct sn_winograd_weights {
    const void *w;
    void *u;
    size_t n, stride;
    int points;
};
static inline const struct sn_upsample *sn_winograd_up(const struct sn_winograd *p, int c) { return p->up ? p->up[c] : NULL; }
static inline int sn_piece_outputs(int kind) { return kind >= 2 ? kind : kind + 1; }
static inline int sn_piece_points(int kind) { return kind >= 2 ? kind + 2 : 2 * kind + 1; }
/* Positions of a row, and all: of big tiles, which have every point. */
static inline int sn_winograd_across(const struct sn_winograd *p) { return sn_piece_points(p->kind); }
static inline int sn_winograd_positions(const struct sn_winograd *p) { return sn_piece_points(p->kind) * sn_piece_points(p->kind); }
/*
 * Cuts an axis of n pixels (kind 1: at most 2 * dil): each phase into the fewest pieces, as many big ones as it takes; not
 * mixed: big ones only. start: room for n pieces; NULL: they are counted only.
 */
void sn_winograd_cut(int n, int dil, int kind, bool mixed, struct sn_winograd_axis *axis, int32_t *start);
/* Sets plane, step and at for a v that holds tiles base <= t < end: for each of the rows' points, those that use it. */
void sn_winograd_place(const struct sn_winograd *p, struct sn_winograd_span *s, int end);
/* Positions along an axis, of all pieces: the products of a tile row or column. */
static inline size_t sn_winograd_points(const struct sn_winograd_axis *axis, int kind)
{
    return (size_t)(axis->big * sn_piece_points(kind) + (axis->n - axis->big) * sn_piece_points(kind - 1));
}
typedef void sn_winograd_weights_fn(const struct sn_winograd_weights *p);
typedef void sn_winograd_input_fn(const struct sn_winograd *p, const struct sn_winograd_span *s);
/* true when every sum it stored was finite, before the activation */
typedef bool sn_winograd_output_fn(const struct sn_winograd *p, const struct sn_winograd_span *s);

/*
 * affine: y = act(fma(x, scale, shift)), per lane: BatchNorm that could not be folded, and the last
 * step of instance norm. scale, shift [16]; n pixels.
 */
struct sn_affine {
    const void *x;
    void *y;
    const void *scale, *shift;
    size_t n;
    struct sn_activation act;
};
typedef void sn_affine_fn(const struct sn_affine *p);

/* add: y = act(a + b); b NULL: y = act(a). n elements; y may be a or b itself. */
struct sn_add {
    const void *a, *b;
    void *y;
    size_t n;
    struct sn_activation act;
};
typedef void sn_add_fn(const struct sn_add *p);

/*
 * maxpool, avgpool of one plane, output rows r0 <= r < r1. Window k x k at stride, padded by pad.
 * max: starts at -inf; max(m, x) = (x > m || x != x) ? x : m, row by row; a window always holds a pixel.
 * avg: sum row by row from +0, divided by the pixels inside the image, or by k * k with count_pad.
 */
struct sn_pool2d {
    const void *x;
    void *y;
    int ih, iw, oh, ow, k, stride, pad;
    bool count_pad;
    int r0, r1;
};
typedef void sn_maxpool_fn(const struct sn_pool2d *p);
typedef void sn_avgpool_fn(const struct sn_pool2d *p);

/*
 * moments of one plane, per lane: each row summed in double from left to right, the row sums added
 * from top to bottom, divided by h * w. mean[16]; and, unless var is NULL, the mean of
 * (x - mean)^2, products and sums in double in the same order (a second pass).
 */
struct sn_moments {
    const void *x;
    int h, w;
    double *mean, *var;
};
typedef void sn_moments_fn(const struct sn_moments *p);

/*
 * upsample of one plane to output rows r0 <= r < r1. Row r reads rows y0[r], y1[r] with weights
 * 1 - fy[r], fy[r]; columns alike (tables by the planner, from double arithmetic):
 *   top = fma(fx, b, gx * a), bottom = fma(fx, d, gx * c), y = fma(fy, bottom, gy * top),
 * g = 1 - f rounded. Nearest: the tables' y1, x1 are NULL and a is copied.
 */
struct sn_upsample {
    const void *x;
    void *y;
    int ih, iw, oh, ow;
    const int32_t *y0, *y1, *x0, *x1;
    const void *fy, *fx;
    int r0, r1;
};
typedef void sn_upsample_fn(const struct sn_upsample *p);

/* sigmoid: y[i] = sn_sigmoidf(x[i]). softmax over c channels of n pixels, [c][n]: with m = max over
 * channels, e = sn_expf(x - m), s = sum of e in channel order, y = e / s. y may be x itself. */
struct sn_rowop {
    const void *x;
    void *y;
    size_t c, n;
};
typedef void sn_sigmoid_fn(const struct sn_rowop *p);
typedef void sn_softmax_fn(const struct sn_rowop *p);

/* finite: true when all c * n elements of x are finite (y unused). */
typedef bool sn_finite_fn(const struct sn_rowop *p);

#include "kernels/i16.h"

/*
 * A row's ISA in kernels.def: an instruction set, or one with its 16-bit dot product (sn_isa_has_dot16);
 * F64: the twins in double.
 */
enum {
    SN_ROW_REF = SN_ISA_REF, SN_ROW_AVX2 = SN_ISA_AVX2, SN_ROW_AVX512 = SN_ISA_AVX512, SN_ROW_NEON = SN_ISA_NEON,
    SN_ROW_F64 = 8, SN_ROW_DOT16 = 16, SN_ROW_AVX2_DOT16 = SN_ISA_AVX2 | SN_ROW_DOT16, SN_ROW_AVX512_DOT16 = SN_ISA_AVX512 | SN_ROW_DOT16
};
static inline int sn_row_isa(int row) { return row & ~SN_ROW_DOT16; }
/* this machine and build can run it; never true of F64 */
static inline bool sn_row_usable(int row)
{
    enum sn_isa isa = (enum sn_isa)sn_row_isa(row);

    return row != SN_ROW_F64 && sn_isa_usable(isa) && (!(row & SN_ROW_DOT16) || sn_isa_has_dot16(isa));
}

/* One function per operation, chosen for one machine; owned by a network, so no global to race on. */
struct sn_kernels {
    enum sn_isa isa;
    bool fp64;
#define SN_OP(op) sn_##op##_fn *op; const char *op##_name;
#include "kernels/ops.def"
#undef SN_OP
};

/* SN_EMACHINE when this machine (or build) has no such instruction set. fp64 needs isa ref or auto. */
int sn_kernels_pick(struct sn_kernels *k, enum sn_isa isa, bool fp64, struct sn_error *err);

/* Every row of kernels.def, for tests and benchmarks. */
#define SN_KERNEL(op, ISA, fn) sn_##op##_fn fn;
#include "kernels/kernels.def"
#undef SN_KERNEL

#ifdef SN_FP64
typedef double sn_real;
#define SN_REF(op) sn_##op##_ref64
#else
typedef float sn_real;
#define SN_REF(op) sn_##op##_ref
#endif

#endif
