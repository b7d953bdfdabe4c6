/* vec_avx512.h: the few vector operations kernels/simd/ is written in, for AVX-512 (F, DQ, BW, VL). */
#ifndef SN_VEC_AVX512_H
#define SN_VEC_AVX512_H

#include <immintrin.h>

#define SN_SIMD(op) sn_##op##_avx512
#define VN 16          /* floats in a vector */
#define TILE_PIXELS 14 /* register tile: 14 pixels x 32 channels = 28 accumulators of 32 registers */
#define TILE_OC 32
#define TILE_WIDE 7    /* or 7 pixels x 64 channels, for rows of at most so many */

typedef __m512 V;
typedef __mmask16 VM;

static inline V v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, V v) { _mm512_storeu_ps(p, v); }
static inline V v_set1(float x) { return _mm512_set1_ps(x); }
static inline V v_zero(void) { return _mm512_setzero_ps(); }
static inline V v_fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
static inline V v_add(V a, V b) { return _mm512_add_ps(a, b); }
static inline V v_sub(V a, V b) { return _mm512_sub_ps(a, b); }
static inline V v_mul(V a, V b) { return _mm512_mul_ps(a, b); }
static inline V v_div(V a, V b) { return _mm512_div_ps(a, b); }
static inline V v_at_least(V y, V least) { return _mm512_max_ps(least, y); } /* y < least ? least : y; NaN stays NaN */
static inline V v_neg(V a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
static inline VM v_lt(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
static inline VM v_nan(V a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
static inline VM v_or(VM a, VM b) { return (VM)(a | b); }
static inline V v_select(VM m, V yes, V no) { return _mm512_mask_blend_ps(m, no, yes); }
/* |y| < FLT_MIN becomes +0: its exponent is 0. */
static inline VM v_kept(V y) { return _mm512_test_epi32_mask(_mm512_castps_si512(y), _mm512_set1_epi32(0x7f800000)); }
static inline V v_flush(V y) { return _mm512_maskz_mov_ps(v_kept(y), y); }
/* v_flush(y) + z, where z is no -0; at least `least`, which is 0 or less */
static inline V v_flush_add(V y, V z) { return _mm512_mask_add_ps(z, v_kept(y), y, z); }
static inline V v_flush_at_least(V y, V least) { return _mm512_maskz_max_ps(v_kept(y), least, y); }
/* 2^k for the integral floats -126 <= k <= 127 */
static inline V v_pow2(V k)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(_mm512_cvttps_epi32(k), _mm512_set1_epi32(127)), 23));
}
static inline bool v_all_finite(V x) /* every exponent below 255 */
{
    __m512i m = _mm512_set1_epi32(0x7f800000);

    return _mm512_cmpeq_epi32_mask(_mm512_and_si512(_mm512_castps_si512(x), m), m) == 0;
}

/* Doubles, for the moments of a plane. */
#define VDN 8
typedef __m512d VD;
static inline VD vd_zero(void) { return _mm512_setzero_pd(); }
static inline VD vd_load(const double *p) { return _mm512_loadu_pd(p); }
static inline void vd_store(double *p, VD v) { _mm512_storeu_pd(p, v); }
static inline VD vd_widen(const float *p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
static inline VD vd_add(VD a, VD b) { return _mm512_add_pd(a, b); }
static inline VD vd_sub(VD a, VD b) { return _mm512_sub_pd(a, b); }
static inline VD vd_mul(VD a, VD b) { return _mm512_mul_pd(a, b); }

#endif
