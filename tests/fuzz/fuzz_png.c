/*
 * fuzz_png.c: the PNG reader, and what every decoded picture must satisfy. Each input is read as
 * it is and once more with the CRC of every chunk mended, since few changed files would get past
 * those.
 */
#include <stdlib.h>

#include "io/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_once(const uint8_t *data, size_t size)
{
    struct sn_error err = { 0 };
    struct sn_image im;
    int rc = sn_png_decode(data, size, &im, &err);
    uint8_t digest[32];

    if (rc != SN_OK && (im.data != NULL || err.msg[0] == '\0' || rc == SN_EINTERNAL))
        abort();
    if (rc == SN_OK)
        sn_sha256(im.data, sn_image_bytes(&im), digest); /* touches every sample it claims to have */
    sn_image_free(&im);
}

static void mend(uint8_t *p, size_t size)
{
    size_t at = 8;

    while (size >= 20 && at <= size - 12) {
        uint32_t n = sn_be32(p + at);

        if (n > size - at - 12)
            break;
        sn_put_be32(p + at + 8 + n, sn_crc32(0, p + at + 4, (size_t)n + 4));
        at += (size_t)n + 12;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    read_once(data, size);
    if (copy && size) {
        memcpy(copy, data, size);
        mend(copy, size);
        read_once(copy, size);
    }
    free(copy);
    return 0;
}
