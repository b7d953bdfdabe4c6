/* dicom_colour.c: the YBR colour spaces of PS3.3 C.7.6.3.1.2 to RGB, in fixed point of 16 bits. */
#include "io/dicom_parts.h"

static uint8_t clamp(int32_t v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* v / 2^16 rounded down, for v above -2^25: a shift of a negative number is the compiler's choice. */
static int32_t floor_shift(int32_t v)
{
    return ((v + (512 << 16)) >> 16) - 512;
}

/*
 * R = Y + 1.402 (Cr - 128), G = Y - 0.344136 (Cb - 128) - 0.714136 (Cr - 128), B = Y + 1.772 (Cb - 128):
 * coefficients times 2^16, half added before the shift, as libjpeg does, so that a picture has the same
 * colours native and as JPEG.
 */
void sn_dicom_ycc_to_rgb(uint8_t *px, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++, px += 3) {
        int32_t y = px[0], cb = px[1] - 128, cr = px[2] - 128;

        px[0] = clamp(y + floor_shift(91881 * cr + 32768));
        px[1] = clamp(y + floor_shift(-22554 * cb - 46802 * cr + 32768));
        px[2] = clamp(y + floor_shift(116130 * cb + 32768));
    }
}

/* Y in 16..235, Cb and Cr in 16..240: 255/219 and 255/224 times the coefficients above. */
void sn_dicom_studio_to_rgb(uint8_t *px, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++, px += 3) {
        int32_t y = 76309 * (px[0] - 16) + 32768, cb = px[1] - 128, cr = px[2] - 128;

        px[0] = clamp(floor_shift(y + 104597 * cr));
        px[1] = clamp(floor_shift(y - 25675 * cb - 53279 * cr));
        px[2] = clamp(floor_shift(y + 132201 * cb));
    }
}
