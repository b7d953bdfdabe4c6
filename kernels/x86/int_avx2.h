/* int_avx2.h: the integer operations of the 16-bit mode for AVX2; with SN_DOT16, by AVX-VNNI. */
#ifndef SN_INT_AVX2_H
#define SN_INT_AVX2_H

#include "kernels/x86/vec_avx2.h"

typedef __m256i I; /* 8 words */

static inline I i_zero(void) { return _mm256_setzero_si256(); }
static inline I i_load(const int32_t *p) { return _mm256_loadu_si256((const void *)p); }
static inline void i_store(int32_t *p, I a) { _mm256_storeu_si256((void *)p, a); }
static inline I i_set1(int32_t x) { return _mm256_set1_epi32(x); }
static inline V i_to_float(I a) { return _mm256_cvtepi32_ps(a); }
static inline I i_bits(V x) { return _mm256_castps_si256(x); }
static inline V i_as_float(I a) { return _mm256_castsi256_ps(a); }
static inline I i_magnitude(V x) { return _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7fffffff)); }
static inline I i_max(I a, I b) { return _mm256_max_epu32(a, b); }
static inline uint32_t i_largest(I a)
{
    __m128i m = _mm_max_epu32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));

    m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0x4e));
    m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0xb1));
    return (uint32_t)_mm_cvtsi128_si32(m);
}
/* the low halves of a, and those of b above them */
static inline I i_pair(V a, V b)
{
    return _mm256_blend_epi16(_mm256_castps_si256(a), _mm256_slli_epi32(_mm256_castps_si256(b), 16), 0xaa);
}
/*
 * acc + both products of each word's halves. In assembly language, because gcc 12 moves accumulators of the intrinsics
 * through the stack: it reorders products and sums until the registers run out.
 */
static inline I i_dot(I acc, I x, I w)
{
#ifdef SN_DOT16
    __asm__("%{vex%} vpdpwssd %2, %1, %0" : "+x"(acc) : "x"(x), "x"(w));
#else
    I products;

    __asm__("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(acc), "=&x"(products) : "x"(x), "x"(w));
#endif
    return acc;
}

#endif
