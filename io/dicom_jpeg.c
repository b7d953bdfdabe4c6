/*
 * dicom_jpeg.c: a frame that is a JPEG stream. The stream says what the samples are; the DICOM
 * attributes are checked against it, and where they disagree about colour the stream is followed:
 * files whose label says RGB and whose samples are YCbCr are common in old ultrasound archives.
 */
#include "io/dicom_parts.h"

/* ---- colour ---------------------------------------------------------------------------------- */

enum colour { IS_RGB, IS_YCC, UNDECIDED };

static enum colour by_markers(const struct sn_jpeg_info *j)
{
    if (j->adobe_transform >= 0)
        return j->adobe_transform == 0 ? IS_RGB : IS_YCC;
    if (j->jfif)
        return IS_YCC;
    if (j->id[0] == 'R' && j->id[1] == 'G' && j->id[2] == 'B')
        return IS_RGB;
    for (int c = 1; c < 3; c++) { /* nobody subsamples green and blue */
        if (j->h[c] != j->h[0] || j->v[c] != j->v[0])
            return IS_YCC;
    }
    return UNDECIDED;
}

/*
 * Ultrasound is grey nearly everywhere. Grey as YCbCr has its second and third component at 128, as RGB
 * it has three equal ones: whichever is closer.
 */
static enum colour by_content(const uint8_t *px, size_t pixels)
{
    uint64_t chroma = 0, spread = 0;

    for (size_t i = 0; i < pixels; i++, px += 3) {
        chroma += (uint64_t)(px[1] > 128 ? px[1] - 128 : 128 - px[1]) + (uint64_t)(px[2] > 128 ? px[2] - 128 : 128 - px[2]);
        spread += (uint64_t)(px[1] > px[0] ? px[1] - px[0] : px[0] - px[1]) + (uint64_t)(px[2] > px[0] ? px[2] - px[0] : px[0] - px[2]);
    }
    return chroma < spread ? IS_YCC : IS_RGB;
}

/* The options to decode with; *look: the decision needs the samples. */
static enum sn_jpeg_colour colour_mode(struct sn_dicom *d, const struct sn_dicom_pixels *p, const struct sn_jpeg_info *j, bool *look)
{
    enum colour c;

    *look = false;
    if (!p->rgb_from_jpeg || j->components != 3)
        return SN_JPEG_COMPONENTS;
    c = j->process == SN_JPEG_LOSSLESS ? UNDECIDED : by_markers(j);
    if (c == UNDECIDED && p->photometric == SN_DICOM_RGB) {
        *look = true;
        return SN_JPEG_COMPONENTS;
    }
    if (c == IS_YCC && p->photometric == SN_DICOM_RGB)
        sn_dicom_note(d, "labelled RGB, the JPEG stream is YCbCr");
    if (c == IS_RGB && p->photometric != SN_DICOM_RGB)
        sn_dicom_note(d, "labelled YBR, the JPEG stream is RGB");
    return c == IS_RGB ? SN_JPEG_COMPONENTS : SN_JPEG_YCC;
}

/* ---- the frame ------------------------------------------------------------------------------- */

static int check(const struct sn_dicom *d, const struct sn_dicom_pixels *p, const struct sn_jpeg_info *j, struct sn_error *err)
{
    if (j->width != p->cols || j->height != p->rows)
        return SN_FAIL(err, SN_EFORMAT, "JPEG of %u x %u pixels, the attributes say %u x %u", j->width, j->height, p->cols, p->rows);
    if (j->components != p->samples)
        return SN_FAIL(err, SN_EFORMAT, "JPEG of %d components, the attributes say %d samples a pixel", j->components, p->samples);
    if (j->precision > 8 * p->bytes)
        return SN_FAIL(err, SN_EFORMAT, "JPEG of %d bits, the attributes allocate %d", j->precision, p->bits_allocated);
    (void)d;
    return SN_OK;
}

static void store(const struct sn_dicom_pixels *p, const struct sn_image *im, void *out)
{
    size_t n = (size_t)im->width * im->height * (size_t)im->channels;

    if (im->depth == 8 * p->bytes) {
        memcpy(out, im->data, n * (size_t)p->bytes);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t v = im->depth == 8 ? ((const uint8_t *)im->data)[i] : ((const uint16_t *)im->data)[i];

        if (p->bytes == 1)
            ((uint8_t *)out)[i] = (uint8_t)v; /* a precision of at most 8 bits, kept in 16 */
        else if (p->bytes == 2)
            ((uint16_t *)out)[i] = (uint16_t)v;
        else
            ((uint32_t *)out)[i] = v;
    }
}

int sn_dicom_jpeg(struct sn_dicom *d, const struct sn_dicom_pixels *p, const uint8_t *data, size_t size, void *out,
                  struct sn_error *err)
{
    struct sn_jpeg_options opt = { .lenient = d->lenient };
    struct sn_jpeg_info info;
    struct sn_image im = { 0 };
    bool look;
    int rc;

    rc = sn_jpeg_read_info(data, size, &info, err);
    if (!rc)
        rc = check(d, p, &info, err);
    if (!rc) {
        opt.colour = colour_mode(d, p, &info, &look);
        rc = sn_jpeg_decode(data, size, &opt, &im, err);
    }
    if (rc) {
        sn_image_free(&im);
        if (rc == SN_EUNSUPPORTED && d->syntax->convert)
            return sn_fail_context(err, rc, "%s (convert first: %s)", d->syntax->name, d->syntax->convert);
        return rc;
    }
    if (im.damaged) {
        d->damaged = true;
        sn_dicom_note(d, "%s", im.detail);
    }
    if (look && im.depth == 8 && by_content(im.data, (size_t)im.width * im.height) == IS_YCC) {
        sn_dicom_note(d, "labelled RGB, the JPEG stream looks like YCbCr and has no marker");
        sn_dicom_ycc_to_rgb(im.data, (size_t)im.width * im.height);
    }
    store(p, &im, out);
    sn_image_free(&im);
    return SN_OK;
}
