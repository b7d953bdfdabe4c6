/* i16_dot_avx2.c: kernels/simd/i16_simd.h in this tier's registers, with its 16-bit dot product. */
#include "kernels/kernels.h"
#define SN_DOT16
#include "kernels/x86/int_avx2.h"
#undef SN_SIMD
#define SN_SIMD(op) sn_##op##_dot_avx2

#include "kernels/simd/i16_simd.h"
