/* int_avx512.h: the integer operations of the 16-bit mode for AVX-512; with SN_DOT16, by VNNI. */
#ifndef SN_INT_AVX512_H
#define SN_INT_AVX512_H

#include "kernels/x86/vec_avx512.h"

typedef __m512i I; /* 16 words */

static inline I i_zero(void) { return _mm512_setzero_si512(); }
static inline I i_load(const int32_t *p) { return _mm512_loadu_si512(p); }
static inline void i_store(int32_t *p, I a) { _mm512_storeu_si512(p, a); }
static inline I i_set1(int32_t x) { return _mm512_set1_epi32(x); }
static inline V i_to_float(I a) { return _mm512_cvtepi32_ps(a); }
static inline I i_bits(V x) { return _mm512_castps_si512(x); }
static inline V i_as_float(I a) { return _mm512_castsi512_ps(a); }
static inline I i_magnitude(V x) { return _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff)); }
static inline I i_max(I a, I b) { return _mm512_max_epu32(a, b); }
static inline uint32_t i_largest(I a) { return _mm512_reduce_max_epu32(a); }
/* the low halves of a, and those of b above them */
static inline I i_pair(V a, V b)
{
    return _mm512_mask_blend_epi16(0xaaaaaaaau, _mm512_castps_si512(a), _mm512_slli_epi32(_mm512_castps_si512(b), 16));
}
/*
 * acc + both products of each word's halves. In assembly language, because gcc 12 moves accumulators of the intrinsics
 * through the stack: it reorders products and sums until the registers run out.
 */
static inline I i_dot(I acc, I x, I w)
{
#ifdef SN_DOT16
    __asm__("vpdpwssd %2, %1, %0" : "+v"(acc) : "v"(x), "v"(w));
#else
    I products;

    __asm__("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+v"(acc), "=&v"(products) : "v"(x), "v"(w));
#endif
    return acc;
}

#endif
