/*
 * dicom_rle.c: RLE Lossless, PS3.5 annex G. A frame is up to 15 segments of PackBits, each one byte
 * plane of one sample, the most significant plane first; every pixel's bytes are spread over the
 * segments.
 */
#include "io/dicom_parts.h"

enum { HEADER = 64, MAX_SEGMENTS = 15 };

/* One segment into every `step`-th byte of out, `want` bytes; bytes behind them are padding. */
static int unpack(const uint8_t *in, size_t size, uint8_t *out, size_t step, size_t want, unsigned segment, struct sn_error *err)
{
    size_t pos = 0, done = 0;

    while (done < want) {
        unsigned code;
        size_t run;

        if (pos >= size)
            return SN_FAIL(err, SN_EFORMAT, "dicom: RLE segment %u of %zu bytes holds %zu of %zu values", segment, size, done, want);
        code = in[pos++];
        if (code == 128)
            continue;
        run = code < 128 ? code + 1u : 257u - code;
        if (pos + (code < 128 ? run : 1) > size)
            return SN_FAIL(err, SN_EFORMAT, "dicom: RLE segment %u ends at byte %zu inside a run", segment, size);
        if (run > want - done) /* encoders may round up to a whole run at the end */
            run = want - done;
        for (size_t i = 0; i < run; i++, done++)
            out[done * step] = code < 128 ? in[pos + i] : in[pos];
        pos += code < 128 ? code + 1u : 1;
    }
    return SN_OK;
}

/* Where byte plane `plane` (0: most significant) of a sample lies in host order. */
static size_t plane_offset(int bytes, size_t plane)
{
    const uint16_t probe = 1;
    bool little = *(const uint8_t *)&probe == 1;

    return little ? (size_t)bytes - 1 - plane : plane;
}

int sn_dicom_rle(const struct sn_dicom_pixels *p, const uint8_t *data, size_t size, void *out, struct sn_error *err)
{
    size_t pixels = (size_t)p->rows * p->cols, bytes = (size_t)p->bytes, samples = (size_t)p->samples;
    size_t want = samples * bytes, offset[MAX_SEGMENTS + 1];
    uint32_t segments;

    if (size < HEADER)
        return SN_FAIL(err, SN_EFORMAT, "dicom: RLE frame of %zu bytes, its header alone has 64", size);
    segments = sn_le32(data);
    if (segments != want)
        return SN_FAIL(err, SN_EFORMAT, "dicom: RLE frame of %u segments, %d samples of %d bits need %zu", segments, p->samples,
                       p->bits_allocated, want);
    for (size_t i = 0; i < segments; i++) {
        offset[i] = sn_le32(data + 4 + 4 * i);
        if (offset[i] < (i ? offset[i - 1] : HEADER) || offset[i] > size)
            return SN_FAIL(err, SN_EFORMAT, "dicom: RLE segment %zu at byte %zu of %zu", i + 1, offset[i], size);
    }
    offset[segments] = size;
    for (size_t i = 0; i < segments; i++) {
        size_t sample = i / bytes, place = sample * bytes + plane_offset(p->bytes, i % bytes);

        SN_TRY(unpack(data + offset[i], offset[i + 1] - offset[i], (uint8_t *)out + place, samples * bytes, pixels,
                      (unsigned)i + 1, err));
    }
    return SN_OK;
}
