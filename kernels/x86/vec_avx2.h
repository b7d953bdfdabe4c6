/* vec_avx2.h: the few vector operations kernels/simd/ is written in, for AVX2 with FMA. */
#ifndef SN_VEC_AVX2_H
#define SN_VEC_AVX2_H

#include <immintrin.h>

#define SN_SIMD(op) sn_##op##_avx2
#define VN 8         /* floats in a vector */
#define TILE_PIXELS 6 /* register tile: 6 pixels x 16 channels = 12 accumulators of 16 registers */
#define TILE_WIDE 0
#define TILE_OC 16

typedef __m256 V;
typedef __m256 VM; /* a mask: all ones or zeros per lane */

static inline V v_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void v_store(float *p, V v) { _mm256_storeu_ps(p, v); }
static inline V v_set1(float x) { return _mm256_set1_ps(x); }
static inline V v_zero(void) { return _mm256_setzero_ps(); }
static inline V v_fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
static inline V v_add(V a, V b) { return _mm256_add_ps(a, b); }
static inline V v_sub(V a, V b) { return _mm256_sub_ps(a, b); }
static inline V v_mul(V a, V b) { return _mm256_mul_ps(a, b); }
static inline V v_div(V a, V b) { return _mm256_div_ps(a, b); }
static inline V v_at_least(V y, V least) { return _mm256_max_ps(least, y); } /* y < least ? least : y; NaN stays NaN */
static inline V v_neg(V a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
static inline VM v_lt(V a, V b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
static inline VM v_nan(V a) { return _mm256_cmp_ps(a, a, _CMP_UNORD_Q); }
static inline VM v_or(VM a, VM b) { return _mm256_or_ps(a, b); }
static inline V v_select(VM m, V yes, V no) { return _mm256_blendv_ps(no, yes, m); }
/* |y| < FLT_MIN becomes +0; NaN compares "not less" and stays. */
static inline V v_flush(V y)
{
    V magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), y);

    return _mm256_and_ps(y, _mm256_cmp_ps(magnitude, _mm256_set1_ps(FLT_MIN), _CMP_NLT_UQ));
}
static inline V v_flush_add(V y, V z) { return v_add(v_flush(y), z); }
static inline V v_flush_at_least(V y, V least) { return v_at_least(v_flush(y), least); }
/* 2^k for the integral floats -126 <= k <= 127 */
static inline V v_pow2(V k)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvttps_epi32(k), _mm256_set1_epi32(127)), 23));
}
static inline bool v_all_finite(V x) /* every exponent below 255 */
{
    __m256i m = _mm256_set1_epi32(0x7f800000);
    __m256i bad = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_castps_si256(x), m), m);

    return _mm256_testz_si256(bad, bad);
}

/* Doubles, for the moments of a plane. */
#define VDN 4
typedef __m256d VD;
static inline VD vd_zero(void) { return _mm256_setzero_pd(); }
static inline VD vd_load(const double *p) { return _mm256_loadu_pd(p); }
static inline void vd_store(double *p, VD v) { _mm256_storeu_pd(p, v); }
static inline VD vd_widen(const float *p) { return _mm256_cvtps_pd(_mm_loadu_ps(p)); }
static inline VD vd_add(VD a, VD b) { return _mm256_add_pd(a, b); }
static inline VD vd_sub(VD a, VD b) { return _mm256_sub_pd(a, b); }
static inline VD vd_mul(VD a, VD b) { return _mm256_mul_pd(a, b); }

#endif
