/* conv_avx512.c: kernels/simd/conv_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/x86/vec_avx512.h"

#include "kernels/simd/conv_simd.h"
