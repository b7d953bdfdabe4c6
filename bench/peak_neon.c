/* peak_neon.c: bench/peak_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/arm/vec_neon.h"

#include "bench/peak_simd.h"
