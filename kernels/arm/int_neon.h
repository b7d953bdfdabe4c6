/* int_neon.h: the integer operations of the 16-bit mode for AArch64's Advanced SIMD. */
#ifndef SN_INT_NEON_H
#define SN_INT_NEON_H

#include "kernels/arm/vec_neon.h"

typedef int32x4_t I; /* 4 words */

static inline I i_zero(void) { return vdupq_n_s32(0); }
static inline I i_load(const int32_t *p) { return vld1q_s32(p); }
static inline void i_store(int32_t *p, I a) { vst1q_s32(p, a); }
static inline I i_set1(int32_t x) { return vdupq_n_s32(x); }
static inline V i_to_float(I a) { return vcvtq_f32_s32(a); }
static inline I i_bits(V x) { return vreinterpretq_s32_f32(x); }
static inline V i_as_float(I a) { return vreinterpretq_f32_s32(a); }
static inline I i_magnitude(V x) { return vandq_s32(vreinterpretq_s32_f32(x), vdupq_n_s32(0x7fffffff)); }
static inline I i_max(I a, I b) { return vmaxq_s32(a, b); } /* magnitudes are not negative */
static inline uint32_t i_largest(I a) { return (uint32_t)vmaxvq_s32(a); }
/* the low halves of a, and those of b above them */
static inline I i_pair(V a, V b) { return vsliq_n_s32(vreinterpretq_s32_f32(a), vreinterpretq_s32_f32(b), 16); }
/* acc + both products of each word's halves: neighbouring products are added, then they join the sums */
static inline I i_dot(I acc, I x, I w)
{
    int16x8_t xs = vreinterpretq_s16_s32(x), ws = vreinterpretq_s16_s32(w);

    return vaddq_s32(acc, vpaddq_s32(vmull_s16(vget_low_s16(xs), vget_low_s16(ws)), vmull_high_s16(xs, ws)));
}

#endif
