/* jpeg_avx2.c: jpeg_ops.h's operations with AVX2: the twins' results, 8 to 32 samples at a time. */
#include "io/jpeg_ops.h"

#if defined(__x86_64__)
#include <immintrin.h>

static inline __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

static inline __m256i load32(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

static inline void store16(void *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)p, v);
}

static inline void store32(void *p, __m256i v)
{
    _mm256_storeu_si256((__m256i *)p, v);
}

static inline __m256i join(__m128i lo, __m128i hi)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(lo), hi, 1);
}

/* ---- inverse DCT ---------------------------------------------------------------------------- */

/* a k + b l for eight 16-bit a and b, in 32 bits. */
static inline __m256i pairs(__m128i a, __m128i b)
{
    return join(_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b));
}

static inline __m256i dot(__m256i ab, int k, int l)
{
    return _mm256_madd_epi16(ab, _mm256_set1_epi32((int)((uint32_t)l << 16 | (uint32_t)(uint16_t)k)));
}

/* Numbers of transform() in jpeg_ref.c: twelve constants of it combined. */
enum {
    C0 = 4433, C1 = 4433 - 15137, D0 = 4433 + 6270, P0 = 9633 - 16069, P1 = 9633, Q1 = 9633 - 3196,
    S0 = 12299 - 7373, S1 = -7373, S2 = 2446 - 7373, T0 = 25172 - 20995, T1 = -20995, T2 = 16819 - 20995
};

/*
 * Eight transforms side by side: x[k] holds element k of each. Writes their results turned over, in
 * 16 bits: y[k] is transform k's eight elements in the low half and transform k + 4's in the high one.
 */
static inline void transforms(const __m128i x[8], __m256i y[4], int shift)
{
    const __m256i half = _mm256_set1_epi32(1 << (shift - 1));
    __m256i x26 = pairs(x[2], x[6]), x71 = pairs(x[7], x[1]), x53 = pairs(x[5], x[3]);
    __m256i st = pairs(_mm_add_epi16(x[7], x[3]), _mm_add_epi16(x[5], x[1]));
    __m256i a = _mm256_slli_epi32(_mm256_cvtepi16_epi32(_mm_add_epi16(x[0], x[4])), 13);
    __m256i b = _mm256_slli_epi32(_mm256_cvtepi16_epi32(_mm_sub_epi16(x[0], x[4])), 13);
    __m256i c = dot(x26, C0, C1), d = dot(x26, D0, C0), p = dot(st, P0, P1), q = dot(st, P1, Q1);
    __m256i odd[4] = { _mm256_add_epi32(dot(x71, S1, S0), q), _mm256_add_epi32(dot(x53, T1, T0), p),
                       _mm256_add_epi32(dot(x53, T2, T1), q), _mm256_add_epi32(dot(x71, S2, S1), p) };
    __m256i even[4], r[8], lo01, hi01, lo23, hi23, e, f;

    a = _mm256_add_epi32(a, half);
    b = _mm256_add_epi32(b, half);
    even[0] = _mm256_add_epi32(a, d);
    even[1] = _mm256_add_epi32(b, c);
    even[2] = _mm256_sub_epi32(b, c);
    even[3] = _mm256_sub_epi32(a, d);
    for (int k = 0; k < 4; k++) {
        r[k] = _mm256_srai_epi32(_mm256_add_epi32(even[k], odd[k]), shift);
        r[7 - k] = _mm256_srai_epi32(_mm256_sub_epi32(even[k], odd[k]), shift);
    }
    /* In each half, four transforms' elements k and k + 4; then words, double words, quad words are zipped. */
    for (int k = 0; k < 4; k++)
        r[k] = _mm256_packs_epi32(r[k], r[k + 4]);
    lo01 = _mm256_unpacklo_epi16(r[0], r[1]);
    hi01 = _mm256_unpackhi_epi16(r[0], r[1]);
    lo23 = _mm256_unpacklo_epi16(r[2], r[3]);
    hi23 = _mm256_unpackhi_epi16(r[2], r[3]);
    e = _mm256_unpacklo_epi32(lo01, lo23);
    f = _mm256_unpacklo_epi32(hi01, hi23);
    y[0] = _mm256_unpacklo_epi64(e, f);
    y[1] = _mm256_unpackhi_epi64(e, f);
    e = _mm256_unpackhi_epi32(lo01, lo23);
    f = _mm256_unpackhi_epi32(hi01, hi23);
    y[2] = _mm256_unpacklo_epi64(e, f);
    y[3] = _mm256_unpackhi_epi64(e, f);
}

static inline void halves(const __m256i y[4], __m128i x[8])
{
    for (int k = 0; k < 4; k++) {
        x[k] = _mm256_castsi256_si128(y[k]);
        x[k + 4] = _mm256_extracti128_si256(y[k], 1);
    }
}

static inline void store8(uint8_t *out, size_t stride, __m128i two_rows)
{
    _mm_storel_epi64((__m128i *)(void *)out, two_rows);
    _mm_storel_epi64((__m128i *)(void *)(out + stride), _mm_unpackhi_epi64(two_rows, two_rows));
}

void sn_jpeg_idct_avx2(const int16_t *coef, const uint16_t *quant, uint8_t *out, size_t stride)
{
    __m128i x[8], rest = _mm_setzero_si128();
    __m256i y[4], a, b;

    for (int k = 0; k < 8; k++) {
        x[k] = load16(coef + 8 * k);
        rest = k ? _mm_or_si128(rest, x[k]) : rest;
        x[k] = _mm_mullo_epi16(x[k], load16(quant + 8 * k));
    }
    if (_mm_testz_si128(rest, rest)) { /* all rows alike: element k of each is 4 x[0]'s element k */
        __m128i w = _mm_slli_epi16(x[0], 2), lo = _mm_unpacklo_epi16(w, w), hi = _mm_unpackhi_epi16(w, w);

        x[0] = _mm_shuffle_epi32(lo, 0x00);
        x[1] = _mm_shuffle_epi32(lo, 0x55);
        x[2] = _mm_shuffle_epi32(lo, 0xaa);
        x[3] = _mm_shuffle_epi32(lo, 0xff);
        x[4] = _mm_shuffle_epi32(hi, 0x00);
        x[5] = _mm_shuffle_epi32(hi, 0x55);
        x[6] = _mm_shuffle_epi32(hi, 0xaa);
        x[7] = _mm_shuffle_epi32(hi, 0xff);
    } else {
        transforms(x, y, 13 - 2);
        halves(y, x);
    }
    transforms(x, y, 13 + 2 + 3);
    a = _mm256_xor_si256(_mm256_packs_epi16(y[0], y[1]), _mm256_set1_epi8(-128)); /* rows 0 1, 4 5 */
    b = _mm256_xor_si256(_mm256_packs_epi16(y[2], y[3]), _mm256_set1_epi8(-128)); /* rows 2 3, 6 7 */
    store8(out, stride, _mm256_castsi256_si128(a));
    store8(out + 2 * stride, stride, _mm256_castsi256_si128(b));
    store8(out + 4 * stride, stride, _mm256_extracti128_si256(a, 1));
    store8(out + 6 * stride, stride, _mm256_extracti128_si256(b, 1));
}

/* ---- upsampling ----------------------------------------------------------------------------- */

/* 3 a + b of 32 bytes in 16 bits: lo has samples 0..7 and 16..23, hi 8..15 and 24..31. */
struct wide {
    __m256i lo, hi;
};

static inline struct wide three_to_one(__m256i a, __m256i b)
{
    const __m256i k = _mm256_set1_epi16(0x0103);

    return (struct wide){ _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, b), k),
                          _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, b), k) };
}

static inline __m256i round_shift(__m256i v, int add, int shift)
{
    return _mm256_srli_epi16(_mm256_add_epi16(v, _mm256_set1_epi16((short)add)), shift);
}

/* Results below 256 of the even and the odd outputs, zipped, to 64 bytes. */
static inline void store_zipped(uint8_t *out, struct wide even, struct wide odd)
{
    __m256i lo = _mm256_or_si256(even.lo, _mm256_slli_epi16(odd.lo, 8));
    __m256i hi = _mm256_or_si256(even.hi, _mm256_slli_epi16(odd.hi, 8));

    store32(out, _mm256_permute2x128_si256(lo, hi, 0x20));
    store32(out + 32, _mm256_permute2x128_si256(lo, hi, 0x31));
}

void sn_jpeg_h2v1_avx2(const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 1; i + 1 < n; i += 32) {
        __m256i here = load32(in + i);
        struct wide l = three_to_one(here, load32(in + i - 1)), r = three_to_one(here, load32(in + i + 1));

        l.lo = round_shift(l.lo, 1, 2);
        l.hi = round_shift(l.hi, 1, 2);
        r.lo = round_shift(r.lo, 2, 2);
        r.hi = round_shift(r.hi, 2, 2);
        store_zipped(out + 2 * i, l, r);
    }
    out[0] = in[0];
    out[1] = (uint8_t)((3 * in[0] + in[1] + 2) >> 2);
    out[2 * n - 2] = (uint8_t)((3 * in[n - 1] + in[n - 2] + 1) >> 2);
    out[2 * n - 1] = in[n - 1];
}

void sn_jpeg_h1v2_avx2(const uint8_t *near, const uint8_t *far, size_t n, unsigned bias, uint8_t *out)
{
    for (size_t i = 0; i < n; i += 32) {
        struct wide s = three_to_one(load32(near + i), load32(far + i));

        store32(out + i, _mm256_packus_epi16(round_shift(s.lo, (int)bias, 2), round_shift(s.hi, (int)bias, 2)));
    }
}

/* (3 s + side + add) >> 4 */
static inline __m256i lean(__m256i s, __m256i side, int add)
{
    return round_shift(_mm256_add_epi16(_mm256_add_epi16(_mm256_add_epi16(s, s), s), side), add, 4);
}

void sn_jpeg_h2v2_avx2(const uint8_t *near, const uint8_t *far, size_t n, uint8_t *out)
{
    int s0 = 3 * near[0] + far[0], s1 = 3 * near[1] + far[1];
    int t0 = 3 * near[n - 1] + far[n - 1], t1 = 3 * near[n - 2] + far[n - 2];

    for (size_t i = 1; i + 1 < n; i += 32) {
        struct wide s = three_to_one(load32(near + i), load32(far + i));
        struct wide l = three_to_one(load32(near + i - 1), load32(far + i - 1));
        struct wide r = three_to_one(load32(near + i + 1), load32(far + i + 1));

        l.lo = lean(s.lo, l.lo, 8);
        l.hi = lean(s.hi, l.hi, 8);
        r.lo = lean(s.lo, r.lo, 7);
        r.hi = lean(s.hi, r.hi, 7);
        store_zipped(out + 2 * i, l, r);
    }
    out[0] = (uint8_t)((4 * s0 + 8) >> 4);
    out[1] = (uint8_t)((3 * s0 + s1 + 7) >> 4);
    out[2 * n - 2] = (uint8_t)((3 * t0 + t1 + 8) >> 4);
    out[2 * n - 1] = (uint8_t)((4 * t0 + 7) >> 4);
}

/* ---- colour --------------------------------------------------------------------------------- */

/* Where byte j of the k-th 16 of 48 comes from in a plane: 3 i + plane == 16 k + j; else none. */
#define FROM(k, plane, j) (char)((16 * (k) + (j) - (plane)) % 3 == 0 ? (16 * (k) + (j) - (plane)) / 3 : -1)
#define PATTERN(k, plane)                                                                                              \
    _mm256_setr_epi8(FROM(k, plane, 0), FROM(k, plane, 1), FROM(k, plane, 2), FROM(k, plane, 3), FROM(k, plane, 4),    \
                     FROM(k, plane, 5), FROM(k, plane, 6), FROM(k, plane, 7), FROM(k, plane, 8), FROM(k, plane, 9),    \
                     FROM(k, plane, 10), FROM(k, plane, 11), FROM(k, plane, 12), FROM(k, plane, 13),                   \
                     FROM(k, plane, 14), FROM(k, plane, 15), FROM(k, plane, 0), FROM(k, plane, 1), FROM(k, plane, 2),  \
                     FROM(k, plane, 3), FROM(k, plane, 4), FROM(k, plane, 5), FROM(k, plane, 6), FROM(k, plane, 7),    \
                     FROM(k, plane, 8), FROM(k, plane, 9), FROM(k, plane, 10), FROM(k, plane, 11),                     \
                     FROM(k, plane, 12), FROM(k, plane, 13), FROM(k, plane, 14), FROM(k, plane, 15))
#define THIRD(k)                                                                                                       \
    _mm256_or_si256(_mm256_or_si256(_mm256_shuffle_epi8(r, PATTERN(k, 0)), _mm256_shuffle_epi8(g, PATTERN(k, 1))),     \
                    _mm256_shuffle_epi8(b, PATTERN(k, 2)))

/* 32 pixels to 96 bytes. */
static inline void store_triples(uint8_t *rgb, __m256i r, __m256i g, __m256i b)
{
    __m256i o0 = THIRD(0), o1 = THIRD(1), o2 = THIRD(2);

    store16(rgb, _mm256_castsi256_si128(o0));
    store16(rgb + 16, _mm256_castsi256_si128(o1));
    store16(rgb + 32, _mm256_castsi256_si128(o2));
    store16(rgb + 48, _mm256_extracti128_si256(o0, 1));
    store16(rgb + 64, _mm256_extracti128_si256(o1, 1));
    store16(rgb + 80, _mm256_extracti128_si256(o2, 1));
}

struct rgb16 {
    __m256i r, g, b;
};

/*
 * 16 pixels. The coefficients of the definition are taken apart so that 16 bits hold their parts: 91881 =
 * 65536 + 26345, 116130 = 131072 - 14942, -46802 = -65536 + 18734. ((2 v k >> 16) + 1) >> 1 is
 * (v k + 32768) >> 16 exactly, since two floors in a row are one.
 */
static inline struct rgb16 convert(const uint8_t *y, const uint8_t *cb, const uint8_t *cr)
{
    const __m256i one = _mm256_set1_epi16(1), half = _mm256_set1_epi32(32768), middle = _mm256_set1_epi16(128);
    const __m256i kg = _mm256_set1_epi32((int)((uint32_t)18734 << 16 | (uint32_t)(uint16_t)-22554));
    __m256i l = _mm256_cvtepu8_epi16(load16(y));
    __m256i b = _mm256_sub_epi16(_mm256_cvtepu8_epi16(load16(cb)), middle);
    __m256i r = _mm256_sub_epi16(_mm256_cvtepu8_epi16(load16(cr)), middle);
    __m256i b2 = _mm256_add_epi16(b, b), r2 = _mm256_add_epi16(r, r);
    __m256i tr = _mm256_srai_epi16(_mm256_add_epi16(_mm256_mulhi_epi16(r2, _mm256_set1_epi16(26345)), one), 1);
    __m256i tb = _mm256_srai_epi16(_mm256_add_epi16(_mm256_mulhi_epi16(b2, _mm256_set1_epi16(-14942)), one), 1);
    __m256i lo = _mm256_madd_epi16(_mm256_unpacklo_epi16(b, r), kg), hi = _mm256_madd_epi16(_mm256_unpackhi_epi16(b, r), kg);
    __m256i g = _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(lo, half), 16),
                                   _mm256_srai_epi32(_mm256_add_epi32(hi, half), 16));

    return (struct rgb16){ _mm256_add_epi16(l, _mm256_add_epi16(r, tr)), _mm256_add_epi16(l, _mm256_sub_epi16(g, r)),
                           _mm256_add_epi16(l, _mm256_add_epi16(b2, tb)) };
}

static inline __m256i bytes(__m256i a, __m256i b)
{
    return _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8);
}

static inline void ycc32(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, uint8_t *rgb)
{
    struct rgb16 a = convert(y, cb, cr), b = convert(y + 16, cb + 16, cr + 16);

    store_triples(rgb, bytes(a.r, b.r), bytes(a.g, b.g), bytes(a.b, b.b));
}

void sn_jpeg_ycc_avx2(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, size_t n, uint8_t *rgb)
{
    uint8_t last[96];
    size_t i = 0;

    for (; i + 32 <= n; i += 32)
        ycc32(y + i, cb + i, cr + i, rgb + 3 * i);
    if (i < n) {
        ycc32(y + i, cb + i, cr + i, last);
        memcpy(rgb + 3 * i, last, 3 * (n - i));
    }
}

void sn_jpeg_rgb_avx2(const uint8_t *r, const uint8_t *g, const uint8_t *b, size_t n, uint8_t *rgb)
{
    uint8_t last[96];
    size_t i = 0;

    for (; i + 32 <= n; i += 32)
        store_triples(rgb + 3 * i, load32(r + i), load32(g + i), load32(b + i));
    if (i < n) {
        store_triples(last, load32(r + i), load32(g + i), load32(b + i));
        memcpy(rgb + 3 * i, last, 3 * (n - i));
    }
}
#endif
