/*
 * dicom_sc.c: Secondary Capture images (PS3.3, A.8.1): a picture that shows a result on any workstation,
 * also one that knows no segmentations.
 */
#include "io/dicom_make.h"

struct job {
    const struct sn_dicom_context *c;
    const struct sn_dicom_sc *sc;
};

/*
 * The picture holds the source's pixels: what is burnt into those is burnt into it. NO only when the source
 * says so (C.7.6.1.1.4): a scanner that says nothing may have written the patient's name.
 */
static const char *burned_in(const struct sn_dicom_source *s)
{
    return sn_dicom_is(sn_dicom_find(&s->d->set, 0x00280301), 0, "NO") ? "NO" : "YES";
}

static void put_image(struct sn_dicom_writer *w, const struct job *j)
{
    const struct sn_image *im = j->sc->rgb;
    const double *mm = j->sc->spacing_mm;

    sn_dicom_put_us(w, 0x00280002, 3);
    sn_dicom_put_text(w, 0x00280004, "CS", "RGB");
    sn_dicom_put_us(w, 0x00280006, 0);
    sn_dicom_put_us(w, 0x00280010, im->height);
    sn_dicom_put_us(w, 0x00280011, im->width);
    if (mm[0] > 0.0 && mm[1] > 0.0)
        sn_dicom_put_ds2(w, 0x00280030, mm[0], mm[1]);
    sn_dicom_put_us(w, 0x00280100, 8);
    sn_dicom_put_us(w, 0x00280101, 8);
    sn_dicom_put_us(w, 0x00280102, 7);
    sn_dicom_put_us(w, 0x00280103, 0);
    sn_dicom_put_text(w, 0x00280301, "CS", burned_in(j->c->source));
    sn_dicom_put_lossy(w, j->c->source);
}

static int fill(const void *ctx, struct sn_dicom_writer *w, int part, struct sn_error *err)
{
    const struct job *j = ctx;

    (void)err;
    if (part == 0) {
        sn_dicom_put_label(w, 0x00082111, "ST", j->sc->description);
        sn_dicom_put_source_image(w, j->c->source, j->sc->frame);
        sn_dicom_put_code(w, 0x00089215, &sn_dicom_segmentation);
        return SN_OK;
    }
    sn_dicom_put(w, 0x00200020, "CS", "", 0);
    if (sn_dicom_find(&j->c->source->d->set, 0x00200062)) { /* of the image, else of its series */
        sn_dicom_put_copy(w, j->c->source, 0x00200060, "CS", false);
        sn_dicom_put_copy(w, j->c->source, 0x00200062, "CS", false);
    } else {
        sn_dicom_put_copy(w, j->c->source, 0x00200060, "CS", true);
    }
    sn_dicom_put_text(w, 0x00204000, "LT", SN_DICOM_NOTICE);
    put_image(w, j);
    sn_dicom_put(w, 0x7fe00010, "OB", j->sc->rgb->data, sn_image_bytes(j->sc->rgb));
    return SN_OK;
}

int sn_dicom_make_sc(const struct sn_dicom_context *c, const struct sn_dicom_sc *sc, struct sn_dicom_object *o,
                     struct sn_error *err)
{
    const struct sn_dicom_head head = { .sop_class = "1.2.840.10008.5.1.4.1.1.7",
                                        .image_type = "DERIVED\\SECONDARY",
                                        .modality = "OT",
                                        .conversion = "WSD",
                                        .series_description = SN_DICOM_NOTICE ": overlay",
                                        .series_number = 9003 };
    struct job j = { c, sc };

    *o = (struct sn_dicom_object){ .sop_class = head.sop_class };
    if (sc->rgb->channels != 3 || sc->rgb->depth != 8)
        return SN_FAIL(err, SN_EINVAL, "a secondary capture needs an 8-bit RGB image");
    return sn_dicom_object_make(c, &head, fill, &j, o, err);
}
