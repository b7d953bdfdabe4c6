/* fuzz_jpeg.c: the JPEG reader, strict and lenient, and what every decoded picture must satisfy. */
#include <stdlib.h>

#include "io/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void digest(const struct sn_image *im, uint8_t out[32])
{
    sn_sha256(im->data, sn_image_bytes(im), out); /* touches every sample it claims to have */
}

/* True: decoded. */
static bool read_once(const uint8_t *data, size_t size, const struct sn_jpeg_options *opt, uint8_t out[32])
{
    struct sn_error err = { 0 };
    struct sn_image im;
    int rc = sn_jpeg_decode(data, size, opt, &im, &err);

    if (rc != SN_OK && (im.data != NULL || err.msg[0] == '\0' || rc == SN_EINTERNAL))
        abort();
    if (rc == SN_OK && (sn_image_bytes(&im) > ((size_t)64 << 20) + 4096 * size || (im.damaged && !opt->lenient)))
        abort();
    if (rc == SN_OK)
        digest(&im, out);
    sn_image_free(&im);
    return rc == SN_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sn_jpeg_options opt = { 0 };
    uint8_t strict[32], lenient[32], scalar[32];
    struct sn_jpeg_info info;
    bool whole;

    /* small pictures are enough to find what there is to find; check_image_sweep.c has large claims */
    if (sn_jpeg_read_info(data, size, &info, NULL) == SN_OK && (size_t)info.width * info.height > 1 << 17)
        return 0;
    whole = read_once(data, size, &opt, strict);
    opt.lenient = true;
    if (!read_once(data, size, &opt, lenient)) {
        if (whole)
            abort();
        return 0;
    }
    if (whole && memcmp(strict, lenient, 32) != 0)
        abort();
    opt.scalar = true;
    if (!read_once(data, size, &opt, scalar) || memcmp(lenient, scalar, 32) != 0)
        abort();
    opt.colour = SN_JPEG_COMPONENTS;
    opt.full_range = true;
    if (!read_once(data, size, &opt, lenient) || sn_jpeg_read_info(data, size, &info, NULL) == SN_EINTERNAL)
        abort();
    return 0;
}
