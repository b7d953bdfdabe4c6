/* elementwise_ref.c: the definitions of affine, add, sigmoid, softmax and finite. */
#include "kernels/ref/ref.h"

void SN_REF(affine)(const struct sn_affine *p)
{
    const sn_real *x = p->x, *scale = p->scale, *shift = p->shift;
    sn_real *y = p->y;

    for (size_t i = 0; i < p->n * SN_LANES; i++)
        y[i] = activate(flush_real(fma_real(x[i], scale[i % SN_LANES], shift[i % SN_LANES])), &p->act);
}

void SN_REF(add)(const struct sn_add *p)
{
    const sn_real *a = p->a, *b = p->b;
    sn_real *y = p->y;

    for (size_t i = 0; i < p->n; i++)
        y[i] = activate(flush_real(b ? a[i] + b[i] : a[i]), &p->act);
}

#ifdef SN_FP64
static double exp_real(double x) { return sn_exp(x); }
static double sigmoid_real(double x) { return sn_sigmoid(x); }
#else
static float exp_real(float x) { return sn_expf(x); }
static float sigmoid_real(float x) { return sn_sigmoidf(x); }
#endif

void SN_REF(sigmoid)(const struct sn_rowop *p)
{
    const sn_real *x = p->x;
    sn_real *y = p->y;

    for (size_t i = 0; i < p->c * p->n; i++)
        y[i] = flush_real(sigmoid_real(x[i]));
}

void SN_REF(softmax)(const struct sn_rowop *p)
{
    const sn_real *x = p->x;
    sn_real *y = p->y;

    for (size_t i = 0; i < p->n; i++) {
        sn_real m = x[i], s = 0;

        for (size_t c = 1; c < p->c; c++)
            m = x[c * p->n + i] > m || x[c * p->n + i] != x[c * p->n + i] ? x[c * p->n + i] : m;
        for (size_t c = 0; c < p->c; c++) {
            y[c * p->n + i] = exp_real(x[c * p->n + i] - m);
            s += y[c * p->n + i];
        }
        for (size_t c = 0; c < p->c; c++)
            y[c * p->n + i] = flush_real(y[c * p->n + i] / s);
    }
}

bool SN_REF(finite)(const struct sn_rowop *p)
{
    const sn_real *x = p->x;
    bool ok = true;

    for (size_t i = 0; i < p->c * p->n; i++)
        ok &= x[i] - x[i] == 0; /* inf - inf and NaN - NaN are NaN */
    return ok;
}
