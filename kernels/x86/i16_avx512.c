/* i16_avx512.c: kernels/simd/i16_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/x86/int_avx512.h"

#include "kernels/simd/i16_simd.h"
