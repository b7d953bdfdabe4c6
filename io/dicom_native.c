/*
 * dicom_native.c: uncompressed pixels (PS3.5 chapter 8): byte order, planes, packed bits, and pixels
 * that share their chroma. Sizes were checked by sn_dicom_describe.
 */
#include "io/dicom_parts.h"

void sn_dicom_unpack_bits(const uint8_t *data, unsigned bits, size_t first, size_t n, int bytes, void *out)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t at = (uint64_t)(first + i) * bits;
        const uint8_t *p = data + at / 8;
        unsigned shift = (unsigned)(at % 8), v = p[0] >> shift;

        if (shift + bits > 8)
            v |= (unsigned)p[1] << (8 - shift);
        if (shift + bits > 16)
            v |= (unsigned)p[2] << (16 - shift);
        v &= (1u << bits) - 1;
        if (bytes == 1)
            ((uint8_t *)out)[i] = (uint8_t)v;
        else
            ((uint16_t *)out)[i] = (uint16_t)v;
    }
}

/* Y1 Y2 Cb Cr to Y1 Cb Cr Y2 Cb Cr (PS3.3 C.7.6.3.1.2). */
static void full_chroma(const uint8_t *in, size_t pixels, uint8_t *out)
{
    for (size_t i = 0; i < pixels / 2; i++, in += 4, out += 6) {
        out[0] = in[0];
        out[3] = in[1];
        out[1] = out[4] = in[2];
        out[2] = out[5] = in[3];
    }
}

/* One plane or all interleaved samples: n values from `in`, every `step`-th of out. */
static void copy_samples(const struct sn_dicom_pixels *p, const uint8_t *in, size_t n, size_t first, size_t step, void *out)
{
    bool big = p->data->big_endian;

    if (p->bytes == 1 && step == 1) {
        memcpy((uint8_t *)out + first, in, n);
    } else if (p->bytes == 1) {
        for (size_t i = 0; i < n; i++)
            ((uint8_t *)out)[first + i * step] = in[i];
    } else if (p->bytes == 2) {
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)out)[first + i * step] = sn_dicom_u16(in + 2 * i, big);
    } else {
        for (size_t i = 0; i < n; i++)
            ((uint32_t *)out)[first + i * step] = sn_dicom_u32(in + 4 * i, big);
    }
}

void sn_dicom_native(const struct sn_dicom_pixels *p, uint32_t frame, void *out)
{
    size_t pixels = (size_t)p->rows * p->cols, samples = (size_t)p->samples;
    const uint8_t *in = p->data->value;

    if (p->bits_allocated == 1 || p->bits_allocated == 12) {
        /* frames follow each other without padding to a byte */
        sn_dicom_unpack_bits(in, (unsigned)p->bits_allocated, frame * pixels * samples, pixels * samples, p->bytes, out);
        return;
    }
    in += frame * p->native_frame;
    if (p->subsampled) {
        full_chroma(in, pixels, out);
    } else if (p->planar) {
        for (size_t s = 0; s < samples; s++)
            copy_samples(p, in + s * pixels * (size_t)p->bytes, pixels, s, samples, out);
    } else {
        copy_samples(p, in, pixels * samples, 0, 1, out);
    }
}
