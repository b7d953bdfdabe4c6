/*
 * simd.h: what the SIMD kernels share, on top of a tier's vec_*.h. A kernel is written once, in
 * kernels/simd/, in those vector operations; each tier's file includes its vec_*.h and then the
 * kernel. Lanes run across channels, so the vector width never enters an output's arithmetic.
 */
#ifndef SN_SIMD_H
#define SN_SIMD_H

#include "kernels/kernels.h"

/* gcc and clang each ignore the other's pragma; without it, register tiles live on the stack. */
#if defined(__clang__)
#define SN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define SN_UNROLL _Pragma("GCC unroll 32")
#endif
/* An address the compiler shall not put together with others: it would keep dozens of sums on the stack. */
#define SN_HIDE(p) __asm__("" : "+r"(p))
#define SN_INLINE static inline __attribute__((always_inline))

/* A window's largest value so far and one more: as in kernels.h, maxpool. */
SN_INLINE V v_largest(V s, V v) { return v_select(v_or(v_lt(s, v), v_nan(v)), v, s); }

SN_INLINE V v_activate(V y, enum sn_act kind, V slope)
{
    if (kind == SN_ACT_RELU)
        return v_at_least(y, v_zero());
    if (kind == SN_ACT_LEAKY)
        return v_select(v_lt(y, v_zero()), v_flush(v_mul(y, slope)), y);
    return y;
}

#endif
