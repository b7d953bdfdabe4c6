/* winograd_neon.c: kernels/simd/winograd_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/arm/vec_neon.h"

#include "kernels/simd/winograd_simd.h"
