/* i16_quantise_neon.c: kernels/simd/i16_quantise_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/arm/int_neon.h"

#include "kernels/simd/i16_quantise_simd.h"
