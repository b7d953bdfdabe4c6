/* i16_scale.h: the 16-bit mode's constants and its scale (kernels/i16.h), for the twins and for the SIMD kernels. */
#ifndef SN_I16_SCALE_H
#define SN_I16_SCALE_H

#include <math.h>

#include "kernels/kernels.h"

/*
 * r_i: the L1 norms of the rows of the input's transform, A = 25/64, B = 9/4. At +-b a piece of 2 amplifies more than one
 * of 3 (at +-a less); of the three products of kind 1 one has a sum of two inputs.
 */
#define SN_I16_ROW0 (1157.0 / 225.0)      /* (1 + (A + B) + A B) / (A B) */
#define SN_I16_ROW1 (10816.0 / 2975.0)    /* (1 + a + B + a B) / |2 A (A - B)| */
#define SN_I16_ROW3 (445.0 / 1071.0)      /* (1 + b + A + b A) / |2 B (B - A)| */
#define SN_I16_ROW3_OF_2 (445.0 / 714.0)  /* (1 + A) (1 + 1 / b) / (2 (B - A)) */
#define SN_I16_ROW5 (1157.0 / 256.0)      /* A B + (A + B) + 1 */
#define SN_I16_RB(i, j) (float)(1.0 / ((i) * (j)))
#define SN_I16_RB4(i)                                                                             \
    SN_I16_RB(i, SN_I16_ROW0), SN_I16_RB(i, SN_I16_ROW1), SN_I16_RB(i, SN_I16_ROW1), SN_I16_RB(i, SN_I16_ROW3), \
    SN_I16_RB(i, SN_I16_ROW3), SN_I16_RB(i, SN_I16_ROW5)
#define SN_I16_RB3(i)                                                                             \
    SN_I16_RB(i, SN_I16_ROW0), SN_I16_RB(i, SN_I16_ROW1), SN_I16_RB(i, SN_I16_ROW1), SN_I16_RB(i, SN_I16_ROW3_OF_2), \
    SN_I16_RB(i, SN_I16_ROW3_OF_2)
static const float sn_i16_rb4[36] = {
    SN_I16_RB4(SN_I16_ROW0), SN_I16_RB4(SN_I16_ROW1), SN_I16_RB4(SN_I16_ROW1),
    SN_I16_RB4(SN_I16_ROW3), SN_I16_RB4(SN_I16_ROW3), SN_I16_RB4(SN_I16_ROW5),
};
static const float sn_i16_rb3[25] = {
    SN_I16_RB3(SN_I16_ROW0), SN_I16_RB3(SN_I16_ROW1), SN_I16_RB3(SN_I16_ROW1), SN_I16_RB3(SN_I16_ROW3_OF_2), SN_I16_RB3(SN_I16_ROW3_OF_2),
};
static const float sn_i16_rb1[9] = { 0.25f, 0.5f, 0.5f, 0.5f, 1, 1, 0.5f, 1, 1 };

/* rb of a layer whose big pieces are of that kind. */
static inline const float *sn_i16_rb(int kind) { return kind == 4 ? sn_i16_rb4 : kind == 3 ? sn_i16_rb3 : sn_i16_rb1; }

/* s and t of a chunk whose largest magnitude has these bits. */
static inline float sn_i16_scale(uint32_t max_bits, float *t)
{
    float a;

    memcpy(&a, &max_bits, sizeof a);
    if (!(a - a == 0)) {
        *t = NAN;
        return NAN;
    }
    a = a < SN_I16_LEAST ? SN_I16_LEAST : a;
    *t = a * (1.0f / SN_I16_INPUT);
    return SN_I16_INPUT / a;
}

#endif
