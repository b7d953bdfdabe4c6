/* line_simd.h: Winograd's one-dimensional transforms (kernels/ref/winograd_line.h) on a tier's vectors. */
#ifndef SN_LINE_SIMD_H
#define SN_LINE_SIMD_H

#include "kernels/ref/winograd_line.h"
#include "kernels/simd/simd.h"

#define FMA(a, b, c) v_fma((a), (b), (c))
#define MUL(a, b) v_mul((a), (b))
#define ADD(a, b) v_add((a), (b))
#define SUB(a, b) v_sub((a), (b))
#define SET(x) v_set1((float)(x))
SN_WINOGRAD_LINES(V)

#endif
