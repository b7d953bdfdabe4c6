/*
 * fuzz_dicom.c: the DICOM reader: elements, text, pixels, pictures of the first and last frame, and
 * what every answer must satisfy.
 */
#include <stdlib.h>

#include "io/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every pointer of the tree lies inside the data; values of any element may be asked for. */
static void walk(const struct sn_dicom *d, const struct sn_dicom_item *set, const struct sn_dicom_element *charset, size_t *budget)
{
    const uint8_t *base = d->inflated ? d->inflated : d->file, *end = base + (d->inflated ? d->inflated_size : d->size);

    for (const struct sn_dicom_element *el = set->first; el && *budget; el = el->next, --*budget) {
        struct sn_buf text = { 0 };
        char ascii[16];
        int64_t i;
        double v;

        if (el->start < base || el->start + el->total > end || el->value < el->start || el->value + el->length > end)
            abort();
        (void)sn_dicom_count(el);
        (void)sn_dicom_int(el, 0, &i);
        (void)sn_dicom_real(el, 1, &v);
        (void)sn_dicom_ascii(el, 0, ascii, sizeof ascii);
        if (el->length < 65536)
            (void)sn_dicom_text(el, charset, &text);
        sn_buf_free(&text);
        for (const struct sn_dicom_item *item = el->items; item; item = item->next)
            walk(d, item, charset, budget);
    }
}

static void picture(struct sn_dicom *d, long frame, int region)
{
    struct sn_dicom_view view = { frame, region };
    struct sn_error err = { 0 };
    struct sn_image im;
    uint8_t digest[32];
    int rc = sn_dicom_image(d, &view, &im, &err);

    if (rc != SN_OK && (im.data != NULL || err.msg[0] == '\0' || rc == SN_EINTERNAL))
        abort();
    if (rc == SN_OK)
        sn_sha256(im.data, sn_image_bytes(&im), digest); /* touches every sample it claims to have */
    sn_image_free(&im);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sn_error err = { 0 };
    struct sn_dicom_pixels p;
    size_t budget = 20000;
    struct sn_dicom d;
    int rc = sn_dicom_parse(data, size, &d, &err);

    if (rc != SN_OK) {
        if (err.msg[0] == '\0' || rc == SN_EINTERNAL || d.file || d.inflated)
            abort();
        return 0;
    }
    if (!sn_dicom_recognise(data, size))
        abort();
    if (!d.inflated)
        walk(&d, &d.meta, NULL, &budget);
    walk(&d, &d.set, sn_dicom_find(&d.set, SN_DICOM_TAG(8, 5)), &budget);
    /* pictures of a few Mpixel are enough to find what there is to find */
    if (sn_dicom_describe(&d, &p, &err) == SN_OK && (size_t)p.rows * p.cols < 1 << 20) {
        picture(&d, SN_FRAME_ONLY, SN_REGION_AUTO);
        if (d.damaged)
            abort();
        d.lenient = true;
        picture(&d, (long)p.frames - 1, SN_REGION_NONE);
    }
    sn_dicom_free(&d);
    return 0;
}
