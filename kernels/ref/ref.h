/* ref.h: what the scalar twins share. The double build (SN_FP64) has the same loops. */
#ifndef SN_REF_H
#define SN_REF_H

#include "kernels/kernels.h"

#ifdef SN_FP64
static inline double fma_real(double a, double b, double c) { return a * b + c; } /* the yardstick needs no fused bit */
static inline double flush_real(double y) { return (y < DBL_MIN && y > -DBL_MIN) ? 0.0 : y; }
#else
static inline float fma_real(float a, float b, float c) { return sn_fmaf(a, b, c); }
static inline float flush_real(float y) { return sn_flush(y); }
#endif

static inline sn_real activate(sn_real y, const struct sn_activation *act)
{
    if (act->kind == SN_ACT_RELU)
        return y < 0 ? 0 : y;
    if (act->kind == SN_ACT_LEAKY && y < 0)
        return flush_real(y * (sn_real)act->slope);
    return y;
}

#endif
