/* fuzz_safetensors.c: any bytes as a safetensors file; also with the header length put right. */
#include <stdlib.h>

#include "weights/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void import(const uint8_t *data, size_t size)
{
    struct sn_import_options opt = { .store = size & 1 ? SN_F16 : 0 };
    struct sn_model m;
    struct sn_error err;

    (void)sn_import_bytes(data, size, &opt, &m, NULL, &err);
    sn_model_close(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *p = malloc(size ? size : 1);

    if (!p)
        return 0;
    memcpy(p, data, size);
    import(p, size);
    if (size > 9) {
        const uint8_t *end = memchr(p + 8, '\n', size - 8); /* the fuzzer says with a newline where the header ends */

        sn_put_le64(p, end ? (uint64_t)(end - p) - 8 : size - 8);
        p[8] = '{';
        import(p, size);
    }
    free(p);
    return 0;
}
