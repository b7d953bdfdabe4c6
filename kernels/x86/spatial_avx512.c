/* spatial_avx512.c: kernels/simd/spatial_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/x86/vec_avx512.h"

#include "kernels/simd/spatial_simd.h"
