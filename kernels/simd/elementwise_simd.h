/* elementwise_simd.h: affine, add, sigmoid, softmax, finite. Tails run the scalar formula. */
#include "kernels/simd/simd.h"

SN_INLINE float activate1(float y, const struct sn_activation *act)
{
    if (act->kind == SN_ACT_RELU)
        return y < 0 ? 0 : y;
    if (act->kind == SN_ACT_LEAKY && y < 0)
        return sn_flush(y * act->slope);
    return y;
}

void SN_SIMD(affine)(const struct sn_affine *p)
{
    const float *x = p->x, *scale = p->scale, *shift = p->shift;
    float *y = p->y;
    V slope = v_set1(p->act.slope);

    for (int l = 0; l < SN_LANES; l += VN) {
        V a = v_load(scale + l), b = v_load(shift + l);

        for (size_t i = 0; i < p->n; i++)
            v_store(y + i * SN_LANES + l,
                    v_activate(v_flush(v_fma(v_load(x + i * SN_LANES + l), a, b)), p->act.kind, slope));
    }
}

void SN_SIMD(add)(const struct sn_add *p)
{
    const float *a = p->a, *b = p->b;
    float *y = p->y;
    V slope = v_set1(p->act.slope);
    size_t i = 0;

    for (; i + VN <= p->n; i += VN) {
        V v = v_load(a + i);

        v_store(y + i, v_activate(v_flush(b ? v_add(v, v_load(b + i)) : v), p->act.kind, slope));
    }
    for (; i < p->n; i++)
        y[i] = activate1(sn_flush(b ? a[i] + b[i] : a[i]), &p->act);
}

/* sn_expf (base/math.c), step by step. */
SN_INLINE V v_exp(V x)
{
    const V magic = v_set1(12582912.0f), top = v_set1(88.375f);
    VM normal = v_lt(v_set1(-87.0f), x); /* not at -87 itself, not for NaN */
    V t, k, r, p, safe;

    safe = v_select(v_lt(top, x), top, x);
    safe = v_select(normal, safe, v_zero());
    t = v_fma(safe, v_set1(0x1.715476p+0f), magic);
    k = v_sub(t, magic);
    r = v_fma(k, v_set1(-0x1.62e4p-1f), safe);
    r = v_fma(k, v_set1(-0x1.7f7d1cp-20f), r);
    p = v_set1(1.0f / 5040.0f);
    p = v_fma(p, r, v_set1(1.0f / 720.0f));
    p = v_fma(p, r, v_set1(1.0f / 120.0f));
    p = v_fma(p, r, v_set1(1.0f / 24.0f));
    p = v_fma(p, r, v_set1(1.0f / 6.0f));
    p = v_fma(p, r, v_set1(0.5f));
    p = v_fma(p, r, v_set1(1.0f));
    p = v_fma(p, r, v_set1(1.0f));
    p = v_mul(p, v_pow2(k));
    return v_select(v_nan(x), x, v_select(normal, p, v_zero()));
}

void SN_SIMD(sigmoid)(const struct sn_rowop *p)
{
    const float *x = p->x;
    float *y = p->y;
    size_t n = p->c * p->n, i = 0;

    for (; i + VN <= n; i += VN) {
        V v = v_load(x + i), one = v_set1(1.0f);
        VM negative = v_lt(v, v_zero());
        V e = v_exp(v_select(negative, v, v_neg(v)));

        v_store(y + i, v_flush(v_div(v_select(negative, e, one), v_add(one, e))));
    }
    for (; i < n; i++)
        y[i] = sn_flush(sn_sigmoidf(x[i]));
}

SN_INLINE void softmax1(const float *x, float *y, size_t c, size_t n)
{
    float m = x[0], s = 0;

    for (size_t k = 1; k < c; k++)
        m = x[k * n] > m || x[k * n] != x[k * n] ? x[k * n] : m;
    for (size_t k = 0; k < c; k++) {
        y[k * n] = sn_expf(x[k * n] - m);
        s += y[k * n];
    }
    for (size_t k = 0; k < c; k++)
        y[k * n] = sn_flush(y[k * n] / s);
}

void SN_SIMD(softmax)(const struct sn_rowop *p)
{
    const float *x = p->x;
    float *y = p->y;
    size_t n = p->n, i = 0;

    for (; i + VN <= n; i += VN) {
        V m = v_load(x + i), s = v_zero();

        for (size_t k = 1; k < p->c; k++) {
            V v = v_load(x + k * n + i);

            m = v_select(v_or(v_lt(m, v), v_nan(v)), v, m);
        }
        for (size_t k = 0; k < p->c; k++) {
            V e = v_exp(v_sub(v_load(x + k * n + i), m));

            v_store(y + k * n + i, e);
            s = v_add(s, e);
        }
        for (size_t k = 0; k < p->c; k++)
            v_store(y + k * n + i, v_flush(v_div(v_load(y + k * n + i), s)));
    }
    for (; i < n; i++)
        softmax1(x + i, y + i, p->c, n);
}

bool SN_SIMD(finite)(const struct sn_rowop *p)
{
    const float *x = p->x;
    size_t n = p->c * p->n, i = 0;
    bool ok = true;

    for (; i + VN <= n; i += VN)
        ok &= v_all_finite(v_load(x + i));
    for (; i < n; i++)
        ok &= x[i] - x[i] == 0;
    return ok;
}
