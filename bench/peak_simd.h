/*
 * peak_simd.h: fused multiply-adds on registers alone, in one tier's vectors. The multiplier comes
 * from memory the compiler may not look into and the sum is returned, so the loop cannot be removed;
 * it lies in a file of its own, so it cannot be moved out of the clock's reach either.
 */
#include "bench/bench.h"
#include "kernels/simd/simd.h"

float SN_SIMD(peak)(size_t rounds)
{
    volatile float seed = 0.5f;
    V a = v_set1(seed), acc[SN_PEAK_VECTORS], sum = v_zero();
    float out[VN], total = 0;

    SN_UNROLL
    for (int i = 0; i < SN_PEAK_VECTORS; i++)
        acc[i] = v_set1((float)i);
    for (size_t r = 0; r < rounds; r++) {
        SN_UNROLL
        for (int i = 0; i < SN_PEAK_VECTORS; i++)
            acc[i] = v_fma(acc[i], a, a); /* tends to 1: neither denormals nor overflow */
    }
    SN_UNROLL
    for (int i = 0; i < SN_PEAK_VECTORS; i++)
        sum = v_add(sum, acc[i]);
    v_store(out, sum);
    for (int i = 0; i < VN; i++)
        total += out[i];
    return total;
}
