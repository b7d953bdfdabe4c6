/* size.c: sizes that come from files are multiplied and added only here. */
#include "base/base.h"

int sn_size_mul(size_t *out, size_t a, size_t b, struct sn_error *err)
{
    if (a && b > SIZE_MAX / a)
        return SN_FAIL(err, SN_ELIMIT, "size %zu x %zu is too large", a, b);
    *out = a * b;
    return SN_OK;
}

int sn_size_mul3(size_t *out, size_t a, size_t b, size_t c, struct sn_error *err)
{
    size_t ab = 0;

    SN_TRY(sn_size_mul(&ab, a, b, err));
    return sn_size_mul(out, ab, c, err);
}

int sn_size_add(size_t *out, size_t a, size_t b, struct sn_error *err)
{
    if (b > SIZE_MAX - a)
        return SN_FAIL(err, SN_ELIMIT, "size %zu + %zu is too large", a, b);
    *out = a + b;
    return SN_OK;
}
