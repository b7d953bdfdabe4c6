/* winograd_avx512.c: kernels/simd/winograd_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/x86/vec_avx512.h"

#include "kernels/simd/winograd_simd.h"
