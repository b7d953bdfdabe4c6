/*
 * math.c: exp, log and their kin from +, -, *, / alone, so that they give the same bits on every
 * machine. Coefficients are those of the Taylor series: the reduced arguments are small enough
 * that fitted polynomials would save two terms and cost the reader a derivation.
 */
#include "base/base.h"

#include <math.h>

/* ln 2 in two parts: the first has 21 trailing zero bits, so k * LN2_HI is exact for |k| < 2^20. */
#define LN2_HI 0x1.62e42feep-1
#define LN2_LO 0x1.a39ef35793c76p-33

static double from_bits(uint64_t u)
{
    double d;

    memcpy(&d, &u, sizeof d);
    return d;
}

static uint64_t to_bits(double d)
{
    uint64_t u;

    memcpy(&u, &d, sizeof u);
    return u;
}

static double pow2(int k) /* 2^k for -1022 <= k <= 1023 */
{
    return from_bits((uint64_t)(k + 1023) << 52);
}

/* exp(x) = 2^k exp(r), |r| <= ln 2 / 2; the tail of r is kept, the series ends at r^14 / 14! < 2^-59. */
double sn_exp(double x)
{
    static const double c[] = { /* 1 / n!, n = 2 .. 13 */
        1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880,
        1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0
    };
    double hi, lo, r, p = 0, y;
    int k;

    if (!(x > -745.2)) /* below half of the smallest denormal, and NaN */
        return x != x ? x : 0.0;
    if (x > 709.79)
        return (double)INFINITY;
    k = (int)(x * 0x1.71547652b82fep+0 + (x < 0 ? -0.5 : 0.5)); /* log2(e) */
    hi = x - k * LN2_HI;
    lo = k * LN2_LO;
    r = hi - lo;
    for (size_t i = SN_COUNT(c); i-- > 0;)
        p = c[i] + r * p;
    p = r * r * p - ((r - hi) + lo); /* (hi - lo) - r, what rounding r dropped */
    y = 1.0 + (r + p);
    if (k > 1023)
        return y * 2.0 * pow2(k - 1);
    if (k < -1021)
        return y * pow2(k + 100) * 0x1p-100;
    return y * pow2(k);
}

/*
 * log(2^k (1 + f)), sqrt(1/2) <= 1 + f < sqrt(2): with s = f / (2 + f),
 * log(1 + f) = 2 atanh(s) = f - f^2/2 + s (f^2/2 + R), R = 2 (s^2/3 + s^4/5 + ...),
 * the form in which the leading term f carries no rounding error. |s| < 0.1716.
 */
double sn_log(double x)
{
    uint64_t u = to_bits(x);
    double f, s, s2, half, R = 0;
    int k = 0;

    if (!(x > 0))
        return x == 0 ? -(double)INFINITY : (double)NAN;
    if (u >= 0x7ff0000000000000u)
        return x;
    if (u < 0x0010000000000000u) { /* denormal */
        u = to_bits(x * 0x1p54);
        k = -54;
    }
    k += (int)(u >> 52) - 1023;
    u = (u & 0x000fffffffffffffu) | 0x3ff0000000000000u;
    if (u >= 0x3ff6a09e667f3bcdu) { /* sqrt(2) */
        u -= (uint64_t)1 << 52;
        k++;
    }
    f = from_bits(u) - 1.0;
    s = f / (2.0 + f);
    s2 = s * s;
    half = 0.5 * f * f;
    for (int n = 12; n >= 1; n--) /* 0.0295^12 / 25 < 2^-65 */
        R = s2 * (2.0 / (2 * n + 1) + R);
    return k * LN2_HI - ((half - (s * (half + R) + k * LN2_LO)) - f);
}

double sn_sigmoid(double x)
{
    double e;

    if (x >= 0)
        return 1.0 / (1.0 + sn_exp(-x));
    e = sn_exp(x);
    return e / (1.0 + e);
}

double sn_logit(double p)
{
    return sn_log(p / (1.0 - p));
}

double sn_cos2pi(double t)
{
    int q = (int)(4.0 * t + 0.5);              /* nearest quarter turn */
    double x = (t - 0.25 * q) * 0x1.921fb54442d18p+2, x2 = x * x, y = 0; /* 2 pi; |x| <= pi / 4 */

    if (q & 1) { /* cos(x + q pi/2) = -+ sin(x) */
        for (int n = 17; n >= 3; n -= 2) /* x - x^3/3! + ... - x^19/19!, nested */
            y = (1.0 - y) * x2 / (n * (n - 1));
        y = x - x * y;
        return (q & 2) ? y : -y;
    }
    for (int n = 18; n >= 2; n -= 2)
        y = (1.0 - y) * x2 / (n * (n - 1));
    y = 1.0 - y;
    return (q & 2) ? -y : y;
}

/*
 * The float chain, step by step what the SIMD kernels do. k is x / ln 2 rounded to nearest by
 * adding 1.5 * 2^23; the series ends at r^7 / 7! (next term < 2^-27).
 */
float sn_expf(float x)
{
    const float magic = 12582912.0f;
    float t, k, r, p;
    int32_t i;
    float scale;

    if (!(x > -87.0f)) /* exp(-87) is the last above FLT_MIN: smaller results are flushed */
        return x != x ? x : 0.0f;
    x = x > 88.375f ? 88.375f : x; /* below 127.5 ln 2, so k <= 127: saturates at 2.4e38 instead of overflowing */
    t = sn_fmaf(x, 0x1.715476p+0f, magic);
    k = t - magic;
    r = sn_fmaf(k, -0x1.62e4p-1f, x); /* ln 2 with 9 trailing zero bits: exact product for |k| <= 128 */
    r = sn_fmaf(k, -0x1.7f7d1cp-20f, r);
    p = 1.0f / 5040.0f;
    p = sn_fmaf(p, r, 1.0f / 720.0f);
    p = sn_fmaf(p, r, 1.0f / 120.0f);
    p = sn_fmaf(p, r, 1.0f / 24.0f);
    p = sn_fmaf(p, r, 1.0f / 6.0f);
    p = sn_fmaf(p, r, 0.5f);
    p = sn_fmaf(p, r, 1.0f);
    p = sn_fmaf(p, r, 1.0f);
    i = ((int32_t)k + 127) * (1 << 23); /* 2^k for -126 <= k <= 127 */
    memcpy(&scale, &i, sizeof scale);
    return p * scale;
}

float sn_sigmoidf(float x)
{
    float e = sn_expf(x < 0 ? x : -x);

    return (x < 0 ? e : 1.0f) / (1.0f + e);
}
