/* vec_neon.h: the few vector operations kernels/simd/ is written in, for AArch64's Advanced SIMD. */
#ifndef SN_VEC_NEON_H
#define SN_VEC_NEON_H

#include <arm_neon.h>

#define SN_SIMD(op) sn_##op##_neon
#define VN 4          /* floats in a vector */
#define TILE_PIXELS 6 /* register tile: 6 pixels x 16 channels = 24 accumulators of 32 registers */
#define TILE_WIDE 0
#define TILE_OC 16

typedef float32x4_t V;
typedef uint32x4_t VM; /* a mask: all ones or zeros per lane */

static inline V v_load(const float *p) { return vld1q_f32(p); }
static inline void v_store(float *p, V v) { vst1q_f32(p, v); }
static inline V v_set1(float x) { return vdupq_n_f32(x); }
static inline V v_zero(void) { return vdupq_n_f32(0.0f); }
static inline V v_fma(V a, V b, V c) { return vfmaq_f32(c, a, b); }
static inline V v_add(V a, V b) { return vaddq_f32(a, b); }
static inline V v_sub(V a, V b) { return vsubq_f32(a, b); }
static inline V v_mul(V a, V b) { return vmulq_f32(a, b); }
static inline V v_div(V a, V b) { return vdivq_f32(a, b); }
static inline V v_at_least(V y, V least) { return vbslq_f32(vcltq_f32(y, least), least, y); } /* NaN stays NaN */
static inline V v_neg(V a) { return vnegq_f32(a); }
static inline VM v_lt(V a, V b) { return vcltq_f32(a, b); }
static inline VM v_nan(V a) { return vmvnq_u32(vceqq_f32(a, a)); }
static inline VM v_or(VM a, VM b) { return vorrq_u32(a, b); }
static inline V v_select(VM m, V yes, V no) { return vbslq_f32(m, yes, no); }
/* |y| < FLT_MIN becomes +0; NaN compares "not less" and stays. */
static inline V v_flush(V y)
{
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(y), vcltq_f32(vabsq_f32(y), vdupq_n_f32(FLT_MIN))));
}
static inline V v_flush_add(V y, V z) { return v_add(v_flush(y), z); }
static inline V v_flush_at_least(V y, V least) { return v_at_least(v_flush(y), least); }
/* 2^k for the integral floats -126 <= k <= 127 */
static inline V v_pow2(V k)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(k), vdupq_n_s32(127)), 23));
}
static inline bool v_all_finite(V x) /* every exponent below 255 */
{
    uint32x4_t m = vdupq_n_u32(0x7f800000);

    return vmaxvq_u32(vceqq_u32(vandq_u32(vreinterpretq_u32_f32(x), m), m)) == 0;
}

/* Doubles, for the moments of a plane. */
#define VDN 2
typedef float64x2_t VD;
static inline VD vd_zero(void) { return vdupq_n_f64(0.0); }
static inline VD vd_load(const double *p) { return vld1q_f64(p); }
static inline void vd_store(double *p, VD v) { vst1q_f64(p, v); }
static inline VD vd_widen(const float *p) { return vcvt_f64_f32(vld1_f32(p)); }
static inline VD vd_add(VD a, VD b) { return vaddq_f64(a, b); }
static inline VD vd_sub(VD a, VD b) { return vsubq_f64(a, b); }
static inline VD vd_mul(VD a, VD b) { return vmulq_f64(a, b); }

#endif
