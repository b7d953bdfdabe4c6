/*
 * dicom_image.c: one frame as a viewer shows it, in 8 bits, cut to the ultrasound region, with its physical
 * scale and what a person should know about it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/dicom_parts.h"

/* ---- stored values to 8 bits ------------------------------------------------------------------ */

static void apply_palette(const struct sn_dicom_pixels *p, const struct sn_dicom_palette *lut, const void *stored, uint8_t *out)
{
    size_t pixels = (size_t)p->rows * p->cols;

    for (size_t i = 0; i < pixels; i++, out += 3) {
        long k = (long)sn_dicom_sample(p, sn_dicom_raw(p, stored, i)) - lut->first;

        for (int c = 0; c < 3; c++)
            out[c] = lut->colour[c][k < 0 ? 0 : (size_t)k >= lut->n[c] ? lut->n[c] - 1 : (size_t)k];
    }
}

static int palette_frame(struct sn_dicom *d, const struct sn_dicom_pixels *p, const void *stored, uint8_t *out, struct sn_error *err)
{
    struct sn_dicom_palette lut;

    SN_TRY(sn_dicom_palette_read(d, p, &lut, err));
    apply_palette(p, &lut, stored, out);
    sn_dicom_palette_free(&lut);
    return SN_OK;
}

/* The upper 8 of the bits stored; fewer than 8 are stretched. */
static int colour_frame(const struct sn_dicom_pixels *p, const void *stored, uint8_t *out, struct sn_error *err)
{
    size_t pixels = (size_t)p->rows * p->cols, n = 3 * pixels;
    unsigned bits = (unsigned)p->bits_stored, low = (unsigned)p->high_bit + 1 - bits;
    uint32_t most = bits >= 32 ? UINT32_MAX : ((uint32_t)1 << bits) - 1;

    if (p->photometric != SN_DICOM_RGB && bits != 8)
        return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: YBR colour of %u bits", bits);
    if (p->is_signed)
        return SN_FAIL(err, SN_EUNSUPPORTED, "dicom: signed colour samples");
    if (p->bytes == 1 && bits == 8) { /* nearly all of them */
        memcpy(out, stored, n);
        n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t v = sn_dicom_raw(p, stored, i) >> low & most;

        out[i] = (uint8_t)(bits >= 8 ? v >> (bits - 8) : v * 255 / most);
    }
    if (p->rgb_from_jpeg)
        return SN_OK;
    if (p->photometric == SN_DICOM_YBR_PARTIAL_422)
        sn_dicom_studio_to_rgb(out, pixels);
    else if (p->photometric != SN_DICOM_RGB)
        sn_dicom_ycc_to_rgb(out, pixels);
    return SN_OK;
}

static int show_frame(struct sn_dicom *d, const struct sn_dicom_pixels *p, uint32_t frame, struct sn_image *im, struct sn_error *err)
{
    size_t bytes;
    void *stored;
    int rc;

    SN_TRY(sn_size_mul3(&bytes, (size_t)p->rows * p->cols, (size_t)p->samples, (size_t)p->bytes, err));
    SN_TRY(sn_image_alloc(im, p->cols, p->rows, p->samples == 3 || p->photometric == SN_DICOM_PALETTE ? 3 : 1, 8, err));
    stored = malloc(bytes);
    if (!stored)
        return SN_NOMEM(err, "a DICOM frame");
    rc = sn_dicom_stored(d, p, frame, stored, err);
    if (!rc) {
        if (p->photometric == SN_DICOM_PALETTE)
            rc = palette_frame(d, p, stored, im->data, err);
        else if (p->samples == 3)
            rc = colour_frame(p, stored, im->data, err);
        else
            rc = sn_dicom_grey(d, p, frame, stored, im->data, err);
    }
    free(stored);
    return rc;
}

/* ---- frame and region -------------------------------------------------------------------------- */

static int choose_frame(const struct sn_dicom_pixels *p, long asked, uint32_t *frame, struct sn_image *im, struct sn_error *err)
{
    if (asked == SN_FRAME_ONLY || asked == SN_FRAME_MID) {
        *frame = p->frames / 2;
        if (asked == SN_FRAME_ONLY && p->frames > 1)
            im->warnings |= SN_WARN_FRAMES;
        return SN_OK;
    }
    if (asked < 0 || (unsigned long)asked >= p->frames)
        return SN_FAIL(err, SN_EINVAL, "dicom: frame %ld asked for, the file has 1 to %u", asked + 1, p->frames);
    *frame = (uint32_t)asked;
    return SN_OK;
}

static int cut_out(const struct sn_dicom_region *r, struct sn_image *im, struct sn_error *err)
{
    struct sn_image part;

    SN_TRY(sn_image_crop(im, r->x0, r->y0, r->x1 - r->x0 + 1, r->y1 - r->y0 + 1, &part, err));
    sn_image_free(im);
    *im = part;
    return SN_OK;
}

/* The region asked for; *which -1: the whole frame. */
static int choose_region(const struct sn_dicom_region *r, size_t n, int asked, int *which, struct sn_image *im, struct sn_error *err)
{
    int tissue = 0;

    *which = -1;
    if (asked == SN_REGION_NONE)
        return SN_OK;
    if (asked >= 0) {
        if ((size_t)asked >= n)
            return SN_FAIL(err, SN_EINVAL, "dicom: region %d asked for, the file has %zu", asked + 1, n);
        *which = asked;
        return SN_OK;
    }
    *which = sn_dicom_choose_region(r, n, &tissue);
    if (tissue > 1)
        im->warnings |= SN_WARN_REGIONS;
    return SN_OK;
}

static unsigned overlays(const struct sn_dicom *d)
{
    unsigned n = 0;

    for (const struct sn_dicom_element *el = d->set.first; el; el = el->next)
        n += SN_DICOM_GROUP(el->tag) >= 0x6000 && SN_DICOM_GROUP(el->tag) <= 0x601e && SN_DICOM_ELEMENT(el->tag) == 0x10;
    return n;
}

static void describe(struct sn_dicom *d, const struct sn_dicom_pixels *p, uint32_t frame, const struct sn_dicom_region *r, int which,
                     size_t regions, struct sn_image *im)
{
    static const char *const names[] = { "MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB",
                                         "YBR_FULL",    "YBR_FULL_422", "YBR_PARTIAL_422" };

    strcpy(im->format, "dicom");
    sn_image_note(im, "%d-bit %s", p->bits_stored, names[p->photometric]);
    if (d->syntax->codec != SN_DICOM_NATIVE || d->syntax->deflated)
        sn_image_note(im, "%s", d->syntax->name);
    if (p->frames > 1)
        sn_image_note(im, "frame %u of %u%s", frame + 1, p->frames, im->warnings & SN_WARN_FRAMES ? " (middle)" : "");
    if (r)
        sn_image_note(im, "region %d of %zu at %u,%u of %u x %u", which + 1, regions, r->x0, r->y0, p->cols, p->rows);
    if (overlays(d))
        sn_dicom_note(d, "%u overlays not drawn", overlays(d));
    if (d->notes[0])
        sn_image_note(im, "%s", d->notes);
}

/* Burnt-in text is stated for the whole frame; a region cut out leaves it behind, mostly. */
static void stated_marks(struct sn_dicom *d, const struct sn_dicom_region *r, struct sn_image *im)
{
    if (!r && sn_dicom_is(sn_dicom_find(&d->set, SN_DICOM_TAG(0x28, 0x301)), 0, "YES")) {
        im->warnings |= SN_WARN_MARKS;
        sn_dicom_note(d, "burnt-in annotation is stated");
    }
}

static int make_picture(struct sn_dicom *d, const struct sn_dicom_view *view, struct sn_image *im, struct sn_error *err)
{
    struct sn_dicom_region regions[SN_DICOM_MAX_REGIONS];
    const struct sn_dicom_region *r;
    struct sn_dicom_pixels p;
    unsigned warnings;
    uint32_t frame = 0;
    size_t n;
    int which;

    SN_TRY(sn_dicom_describe(d, &p, err));
    n = sn_dicom_regions(d, &p, regions);
    SN_TRY(choose_frame(&p, view->frame, &frame, im, err));
    SN_TRY(choose_region(regions, n, view->region, &which, im, err));
    warnings = im->warnings; /* sn_image_alloc starts over */
    r = which >= 0 ? &regions[which] : NULL;
    SN_TRY(show_frame(d, &p, frame, im, err));
    im->warnings = warnings | (d->damaged ? SN_WARN_DAMAGED : 0);
    im->damaged = d->damaged;
    if (r)
        SN_TRY(cut_out(r, im, err));
    im->frame = frame;
    im->x = r ? r->x0 : 0;
    im->y = r ? r->y0 : 0;
    sn_dicom_spacing(d, &p, r, im);
    stated_marks(d, r, im);
    sn_dicom_marks(d, im);
    describe(d, &p, frame, r, which, n, im);
    return SN_OK;
}

int sn_dicom_image(struct sn_dicom *d, const struct sn_dicom_view *view, struct sn_image *im, struct sn_error *err)
{
    static const struct sn_dicom_view usual = { SN_FRAME_ONLY, SN_REGION_AUTO };
    int rc;

    memset(im, 0, sizeof *im);
    rc = make_picture(d, view ? view : &usual, im, err);
    if (rc)
        sn_image_free(im);
    return rc;
}

int sn_dicom_decode(const void *data, size_t size, const struct sn_image_options *opt, struct sn_image *im, struct sn_error *err)
{
    struct sn_dicom d = { 0 };
    int rc;

    memset(im, 0, sizeof *im);
    SN_TRY(sn_dicom_parse(data, size, &d, err));
    d.lenient = opt && opt->lenient;
    rc = sn_dicom_image(&d, opt ? opt->dicom : NULL, im, err);
    sn_dicom_free(&d);
    return rc;
}
