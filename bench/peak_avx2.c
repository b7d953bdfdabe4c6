/* peak_avx2.c: bench/peak_simd.h in this tier's registers. */
#include "kernels/kernels.h"
#include "kernels/x86/vec_avx2.h"

#include "bench/peak_simd.h"
