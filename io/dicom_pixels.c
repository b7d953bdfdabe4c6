/*
 * dicom_pixels.c: what the pixels are: the attributes of PS3.3 C.7.6.3 (Image Pixel) read, checked
 * against each other and against the data they describe.
 */
#include <inttypes.h>

#include "io/dicom_parts.h"

#define TAG28(e) SN_DICOM_TAG(0x0028, (e))

/* ---- refusals ------------------------------------------------------------------------------ */

/* SOP classes that hold images of another kind than a picture (PS3.4 annex B.5). */
static int check_class(const struct sn_dicom *d, struct sn_error *err)
{
    static const struct {
        const char *uid, *what;
    } refused[] = {
        { "1.2.840.10008.5.1.4.1.1.6.2", "Enhanced US Volume is a volume of slices, not a picture; export the 2D images" },
        { "1.2.840.10008.1.3.10", "a DICOMDIR lists files and holds no picture" },
    };
    const struct sn_dicom_element *el = sn_dicom_find(&d->set, SN_DICOM_TAG(8, 0x16));

    if (!el)
        el = sn_dicom_find(&d->meta, SN_DICOM_TAG(2, 2));
    for (size_t i = 0; i < SN_COUNT(refused); i++) {
        if (sn_dicom_is(el, 0, refused[i].uid))
            return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: SOP class %s: %s", refused[i].uid, refused[i].what);
    }
    return SN_OK;
}

static int check_syntax(const struct sn_dicom *d, struct sn_error *err)
{
    const struct sn_dicom_syntax *s = d->syntax;

    if (s->codec != SN_DICOM_UNSUPPORTED)
        return SN_OK;
    if (s->convert)
        return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: pixels in %s (%s) are not decoded; convert first: %s", s->name, s->uid,
                       s->convert);
    return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: pixels in %s (%s) are not decoded; export as JPEG or uncompressed", s->name, s->uid);
}

/* ---- attributes ----------------------------------------------------------------------------- */

/* An attribute within [lo, hi]; absent: *v stays, unless required. */
static int attribute(const struct sn_dicom *d, uint32_t tag, int64_t lo, int64_t hi, bool required, int64_t *v,
                     struct sn_error *err)
{
    const struct sn_dicom_element *el = sn_dicom_find(&d->set, tag);
    const struct sn_dicom_entry *e = sn_dicom_lookup(tag);
    int64_t found;

    if (!el || el->length == 0) {
        if (required)
            return SN_FAIL(err, SN_EFORMAT, "dicom: %s (%04X,%04X) is missing", e->name, SN_DICOM_GROUP(tag), SN_DICOM_ELEMENT(tag));
        return SN_OK;
    }
    if (!sn_dicom_int(el, 0, &found))
        return SN_FAIL(err, SN_EFORMAT, "dicom: %s (%04X,%04X) of VR %s is no whole number", e->name, SN_DICOM_GROUP(tag),
                       SN_DICOM_ELEMENT(tag), el->vr);
    if (found < lo || found > hi)
        return SN_FAIL(err, SN_EFORMAT, "dicom: %s (%04X,%04X) is %" PRId64 ", expected %" PRId64 " to %" PRId64, e->name,
                       SN_DICOM_GROUP(tag), SN_DICOM_ELEMENT(tag), found, lo, hi);
    *v = found;
    return SN_OK;
}

/* Two elements of one tag with different values would let two readers see two pictures. */
static int no_second(const struct sn_dicom *d, struct sn_error *err)
{
    static const uint32_t deciding[] = { TAG28(2), TAG28(4), TAG28(6), TAG28(8), TAG28(0x10), TAG28(0x11), TAG28(0x100),
                                         TAG28(0x101), TAG28(0x102), TAG28(0x103), SN_DICOM_PIXEL_DATA };

    for (size_t i = 0; i < SN_COUNT(deciding); i++) {
        const struct sn_dicom_element *a = sn_dicom_find(&d->set, deciding[i]);

        for (const struct sn_dicom_element *b = a ? a->next : NULL; b; b = b->next) {
            if (b->tag == a->tag && (b->length != a->length || memcmp(b->value, a->value, a->length) != 0))
                return SN_FAIL(err, SN_EFORMAT, "dicom: element (%04X,%04X) occurs twice with different values",
                               SN_DICOM_GROUP(a->tag), SN_DICOM_ELEMENT(a->tag));
        }
    }
    return SN_OK;
}

static int read_photometric(struct sn_dicom *d, struct sn_dicom_pixels *p, struct sn_error *err)
{
    static const struct {
        const char *name;
        enum sn_dicom_photometric value;
        int samples;
    } known[] = { { "MONOCHROME1", SN_DICOM_MONOCHROME1, 1 },   { "MONOCHROME2", SN_DICOM_MONOCHROME2, 1 },
                  { "PALETTE COLOR", SN_DICOM_PALETTE, 1 },     { "RGB", SN_DICOM_RGB, 3 },
                  { "YBR_FULL", SN_DICOM_YBR_FULL, 3 },         { "YBR_FULL_422", SN_DICOM_YBR_FULL_422, 3 },
                  { "YBR_PARTIAL_422", SN_DICOM_YBR_PARTIAL_422, 3 } };
    static const char *const others[] = { "YBR_RCT", "YBR_ICT", "YBR_PARTIAL_420", "HSV", "ARGB", "CMYK", "XYB" };
    const struct sn_dicom_element *el = sn_dicom_find(&d->set, TAG28(4));

    if (!el || el->length == 0) { /* ACR-NEMA 1 and 2 knew grey only */
        if (p->samples != 1)
            return SN_FAIL(err, SN_EFORMAT, "dicom: PhotometricInterpretation (0028,0004) is missing");
        sn_dicom_note(d, "no photometric interpretation, taken as MONOCHROME2");
        p->photometric = SN_DICOM_MONOCHROME2;
        return SN_OK;
    }
    for (size_t i = 0; i < SN_COUNT(known); i++) {
        if (!sn_dicom_is(el, 0, known[i].name))
            continue;
        if (known[i].samples != p->samples)
            return SN_FAIL(err, SN_EFORMAT, "dicom: %s with %d samples a pixel, expected %d", known[i].name, p->samples, known[i].samples);
        p->photometric = known[i].value;
        return SN_OK;
    }
    for (size_t i = 0; i < SN_COUNT(others); i++) {
        if (sn_dicom_is(el, 0, others[i]))
            return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: photometric interpretation %s %s", others[i],
                           i < 2 ? "belongs to JPEG 2000, whose pixels are not decoded; convert first: gdcmconv --raw IN OUT"
                                 : "is not supported");
    }
    return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: unknown photometric interpretation (0028,0004)");
}

static int read_bits(struct sn_dicom *d, struct sn_dicom_pixels *p, struct sn_error *err)
{
    int64_t allocated = 0, stored, high, is_signed = 0;

    SN_TRY(attribute(d, TAG28(0x100), 1, 64, true, &allocated, err));
    stored = allocated;
    SN_TRY(attribute(d, TAG28(0x101), 1, 64, false, &stored, err));
    high = stored - 1;
    SN_TRY(attribute(d, TAG28(0x102), 0, 63, false, &high, err));
    SN_TRY(attribute(d, TAG28(0x103), 0, 1, false, &is_signed, err));
    if (allocated != 1 && allocated != 8 && allocated != 12 && allocated != 16 && allocated != 32)
        return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: %d bits allocated, supported are 1, 8, 12, 16 and 32", (int)allocated);
    if (stored > allocated || high >= allocated || high < stored - 1)
        return SN_FAIL(err, SN_EFORMAT, "dicom: %d bits stored, high bit %d do not fit %d bits allocated", (int)stored, (int)high, (int)allocated);
    if (high != stored - 1)
        sn_dicom_note(d, "high bit %d of %d bits stored", (int)high, (int)stored);
    if (allocated == 12 && d->syntax->codec != SN_DICOM_NATIVE)
        return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: 12 bits allocated in %s", d->syntax->name);
    p->bits_allocated = (int)allocated;
    p->bits_stored = (int)stored;
    p->high_bit = (int)high;
    p->is_signed = is_signed != 0 && allocated != 1;
    p->bytes = allocated <= 8 ? 1 : allocated <= 16 ? 2 : 4;
    return SN_OK;
}

static int read_shape(struct sn_dicom *d, struct sn_dicom_pixels *p, struct sn_error *err)
{
    int64_t rows = 0, cols = 0, frames = 1, samples = 1, planar = 0;

    SN_TRY(attribute(d, TAG28(0x10), 1, 65535, true, &rows, err));
    SN_TRY(attribute(d, TAG28(0x11), 1, 65535, true, &cols, err));
    SN_TRY(attribute(d, TAG28(2), 1, 4, false, &samples, err));
    SN_TRY(attribute(d, TAG28(6), 0, 1, false, &planar, err));
    SN_TRY(attribute(d, TAG28(8), 0, INT32_MAX, false, &frames, err));
    if (samples != 1 && samples != 3)
        return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: %d samples a pixel, supported are 1 and 3", (int)samples);
    if (frames == 0) {
        sn_dicom_note(d, "NumberOfFrames is 0, taken as 1");
        frames = 1;
    }
    SN_TRY(sn_image_check_size("dicom", (uint32_t)cols, (uint32_t)rows, err));
    p->rows = (uint32_t)rows;
    p->cols = (uint32_t)cols;
    p->frames = (uint32_t)frames;
    p->samples = (int)samples;
    p->planar = samples == 3 && planar == 1;
    return SN_OK;
}

/* ---- native data ---------------------------------------------------------------------------- */

/*
 * Bytes of a frame (bits where pixels are packed), and whether all frames are there. A 4:2:2 label on
 * full-size data is seen in the wild: the length decides, as in pydicom.
 */
static int size_native(struct sn_dicom *d, struct sn_dicom_pixels *p, struct sn_error *err)
{
    bool packed = p->bits_allocated == 1 || p->bits_allocated == 12;
    size_t pixels = (size_t)p->rows * p->cols, unit = packed ? (size_t)p->bits_allocated : (size_t)p->bytes;
    size_t frame, need, have = p->data->length;
    bool half = p->photometric == SN_DICOM_YBR_FULL_422 || p->photometric == SN_DICOM_YBR_PARTIAL_422;

    SN_TRY(sn_size_mul3(&frame, pixels, (size_t)p->samples, unit, err));
    SN_TRY(sn_size_mul(&need, frame, p->frames, err));
    if (half && have < need) {
        if (p->bits_allocated != 8)
            return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: subsampled colour of %d bits", p->bits_allocated);
        if (p->cols % 2 != 0 || p->planar)
            return SN_FAIL(err, SN_EFORMAT, "dicom: subsampled colour with %s", p->planar ? "planes" : "an odd number of columns");
        p->subsampled = true;
        frame = pixels * 2;
        need = frame * p->frames;
    } else if (half) {
        sn_dicom_note(d, "labelled 4:2:2, stored at full chroma");
    }
    p->native_frame = frame;
    if (packed)
        need = need / 8 + (need % 8 != 0);
    if (have < need)
        return SN_FAIL(err, SN_EFORMAT, "dicom: pixel data of %zu bytes, %u frames of %u x %u pixels need %zu", have, p->frames,
                       p->cols, p->rows, need);
    if (have > need + (need & 1))
        sn_dicom_note(d, "%zu bytes more than the frames need", have - need);
    return SN_OK;
}

/*
 * Compressed data that cannot hold the frames are refused before memory is taken for them. RLE
 * yields at most 128 bytes from 2; JPEG at most an 8 x 8 block from one bit of each scan's data.
 */
static int size_encapsulated(const struct sn_dicom *d, const struct sn_dicom_pixels *p, struct sn_error *err)
{
    bool rle = d->syntax->codec == SN_DICOM_RLE;
    size_t pixels = (size_t)p->rows * p->cols, need, most;

    SN_TRY(sn_size_mul3(&need, pixels, rle ? (size_t)(p->samples * p->bytes) : 1, p->frames, err));
    SN_TRY(sn_size_mul(&most, p->data->length, rle ? 64 : 512, err));
    if (need > most)
        return SN_FAIL(err, SN_EFORMAT, "dicom: %zu bytes of compressed pixel data cannot hold %u frames of %u x %u pixels",
                       p->data->length, p->frames, p->cols, p->rows);
    return SN_OK;
}

/* The lossless JPEG processes keep components as they were given. */
static bool lossy_jpeg(const struct sn_dicom_syntax *s)
{
    return s->codec == SN_DICOM_JPEG && strstr(s->name, "Lossless") == NULL;
}

static int find_data(struct sn_dicom *d, struct sn_dicom_pixels *p, struct sn_error *err)
{
    p->data = sn_dicom_find(&d->set, SN_DICOM_PIXEL_DATA);
    if (p->data && (p->data->length || p->data->items))
        return SN_OK;
    if (sn_dicom_find(&d->set, SN_DICOM_TAG(0x7fe0, 8)) || sn_dicom_find(&d->set, SN_DICOM_TAG(0x7fe0, 9)))
        return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: pixels as floating-point numbers are not supported");
    return SN_FAIL(err, SN_EFORMAT, "dicom: no pixel data (7FE0,0010)");
}

int sn_dicom_describe(struct sn_dicom *d, struct sn_dicom_pixels *p, struct sn_error *err)
{
    memset(p, 0, sizeof *p);
    SN_TRY(check_class(d, err));
    SN_TRY(find_data(d, p, err));
    SN_TRY(check_syntax(d, err));
    SN_TRY(no_second(d, err));
    SN_TRY(read_shape(d, p, err));
    SN_TRY(read_bits(d, p, err));
    SN_TRY(read_photometric(d, p, err));
    if (d->syntax->codec == SN_DICOM_NATIVE && p->data->encapsulated)
        return SN_FAIL(err, SN_EFORMAT, "dicom: encapsulated pixel data in the native syntax %s", d->syntax->name);
    if (d->syntax->codec != SN_DICOM_NATIVE && !p->data->encapsulated)
        return SN_FAIL(err, SN_EFORMAT, "dicom: native pixel data in the encapsulated syntax %s", d->syntax->name);
    if (d->syntax->codec == SN_DICOM_NATIVE)
        return size_native(d, p, err);
    if (p->bits_allocated == 1)
        return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: 1 bit allocated in %s", d->syntax->name);
    p->rgb_from_jpeg = lossy_jpeg(d->syntax) && p->samples == 3;
    SN_TRY(size_encapsulated(d, p, err));
    return sn_dicom_index(d, p, err);
}
