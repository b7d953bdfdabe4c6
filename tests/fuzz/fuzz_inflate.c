/*
 * fuzz_inflate.c: zlib streams. The first two bytes choose the size of the output; the rest is the
 * stream. What decodes must survive our own encoder and decoder.
 */
#include <stdlib.h>

#include "io/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n = size >= 2 ? sn_le16(data) : 0;
    uint8_t *out = malloc(n ? n : 1), *back = malloc(n ? n : 1);
    struct sn_error err = { 0 };
    struct sn_buf z = { 0 };

    if (out && back && size >= 2 && sn_zlib_inflate(data + 2, size - 2, out, n, &err) == SN_OK) {
        if (sn_zlib_deflate(out, n, &z, &err) != SN_OK ||
            sn_zlib_inflate(z.data, z.len, back, n, &err) != SN_OK || (n && memcmp(out, back, n) != 0))
            abort();
    }
    sn_buf_free(&z);
    free(out);
    free(back);
    return 0;
}
