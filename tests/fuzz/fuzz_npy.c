/* fuzz_npy.c: the .npy reader. */
#include <stdlib.h>

#include "io/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sn_error err = { 0 };
    struct sn_npy a;
    int rc = sn_npy_decode(data, size, &a, &err);

    if (rc != SN_OK && (a.data != NULL || err.msg[0] == '\0'))
        abort();
    if (rc == SN_OK && (a.count > size || a.ndim < 0 || a.ndim > SN_NPY_MAX_DIMS))
        abort();
    sn_npy_free(&a);
    return 0;
}
