/* fuzz_bmp.c: the BMP reader, and what every decoded picture must satisfy. */
#include <stdlib.h>

#include "io/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sn_error err = { 0 };
    struct sn_image im;
    int rc = sn_bmp_decode(data, size, &im, &err);
    uint8_t digest[32];

    if (rc != SN_OK && (im.data != NULL || err.msg[0] == '\0' || rc == SN_EINTERNAL))
        abort();
    if (rc == SN_OK)
        sn_sha256(im.data, sn_image_bytes(&im), digest); /* touches every sample it claims to have */
    sn_image_free(&im);
    return 0;
}
