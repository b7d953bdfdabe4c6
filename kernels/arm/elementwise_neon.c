/* elementwise_neon.c: kernels/simd/elementwise_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/arm/vec_neon.h"

#include "kernels/simd/elementwise_simd.h"
