/*
 * fuzz_deidentify.c: de-identification, and the objects made from a source, of whatever the DICOM reader
 * accepts. What comes out must be in order, readable, and without private elements, text of unknown
 * attributes, or a name.
 */
#include <stdlib.h>

#include "io/deidentify.h"
#include "io/dicom_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct sn_dicom_item *item)
{
    uint32_t last = 0;

    for (const struct sn_dicom_element *el = item->first; el; el = el->next) {
        if ((last && el->tag <= last) || SN_DICOM_GROUP(el->tag) & 1)
            abort();
        if (strcmp(el->vr, "LT") == 0 || strcmp(el->vr, "ST") == 0 || strcmp(el->vr, "UN") == 0 ||
            strcmp(el->vr, "PN") == 0)
            if (el->length && el->tag != 0x00100010)
                abort();
        last = el->tag;
        for (const struct sn_dicom_item *it = el->encapsulated ? NULL : el->items; it; it = it->next)
            check(it);
    }
}

static void deidentify(const uint8_t *data, size_t size, unsigned keep, bool again)
{
    struct sn_deid s = { .keep = keep, .salt = { 1 } };
    struct sn_buf out = { 0 };
    struct sn_deid_file r;
    struct sn_error err = { 0 };
    struct sn_dicom d;
    int rc = sn_deidentify(&s, data, size, &out, &r, &err);

    if (rc) {
        if (err.msg[0] == '\0' || rc == SN_EINTERNAL || again)
            abort();
    } else {
        if (sn_dicom_parse(out.data, out.len, &d, &err))
            abort();
        check(&d.set);
        if (!sn_dicom_is(sn_dicom_find(&d.set, 0x00120062), 0, "YES"))
            abort();
        sn_dicom_free(&d);
        if (!again) /* what came out is an image like any other */
            deidentify((const uint8_t *)out.data, out.len, keep, true);
    }
    sn_buf_free(&out);
    sn_deid_free(&s);
}

static void make(const uint8_t *data, size_t size)
{
    static const struct sn_dicom_maker maker = { "pack", "0123456789abcdef0", "label" };
    static const uint8_t mask[1] = { 1 };
    const struct sn_dicom_mask frame = { 0, mask, NULL };
    const struct sn_dicom_seg seg = { .width = 1, .height = 1, .n = 1, .masks = &frame, .description = "" };
    struct sn_dicom_source source;
    const struct sn_dicom_context c = { &source, &maker, SN_DICOM_BREAST_LESION };
    struct sn_dicom_object o, report;
    struct sn_dicom_sr sr = { .seg = &o, .found = true };
    struct sn_error err = { 0 };
    struct sn_dicom d, made;

    if (sn_dicom_parse(data, size, &d, &err))
        return;
    if (!sn_dicom_source_read(&source, &d, &err) && (size_t)source.rows * source.cols < 1u << 20) {
        if (sn_dicom_make_seg(&c, &seg, &o, &err) || sn_dicom_make_sr(&c, &sr, &report, &err))
            abort();
        if (sn_dicom_parse(o.file.data, o.file.len, &made, &err))
            abort();
        sn_dicom_free(&made);
        if (sn_dicom_parse(report.file.data, report.file.len, &made, &err))
            abort();
        sn_dicom_free(&made);
        sn_dicom_object_free(&o);
        sn_dicom_object_free(&report);
    }
    sn_dicom_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    deidentify(data, size, 0, false);
    deidentify(data, size, SN_DEID_KEEP_DATES | SN_DEID_KEEP_PATIENT, false);
    make(data, size);
    return 0;
}
