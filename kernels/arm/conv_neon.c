/* conv_neon.c: kernels/simd/conv_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/arm/vec_neon.h"

#include "kernels/simd/conv_simd.h"
