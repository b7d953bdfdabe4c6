/* peak_avx512.c: bench/peak_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/x86/vec_avx512.h"

#include "bench/peak_simd.h"
