/* winograd_avx2.c: kernels/simd/winograd_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/x86/vec_avx2.h"

#include "kernels/simd/winograd_simd.h"
