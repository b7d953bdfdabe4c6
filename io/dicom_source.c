/*
 * dicom_source.c: what an object takes over from the image it was made from, and the modules all our
 * objects share: patient, study, series, equipment, SOP common (PS3.3, C.7, C.12).
 */
#include "io/dicom_make.h"

#include <stdio.h>
#include <stdlib.h>

/* PS3.16: contexts 7150 and 7159 (segmentation categories and lesions), 7203 (derivation), 7202 (purpose). */
const struct sn_dicom_code sn_dicom_breast = { "76752008", "SCT", "Breast" };
const struct sn_dicom_code sn_dicom_segmentation = { "113076", "DCM", "Segmentation" };
const struct sn_dicom_code sn_dicom_source_purpose = { "121322", "DCM", "Source image for image processing operation" };

const struct sn_dicom_code *sn_dicom_target_category(enum sn_dicom_target t)
{
    static const struct sn_dicom_code abnormal = { "49755003", "SCT", "Morphologically Abnormal Structure" },
                                      anatomical = { "123037004", "SCT", "Anatomical Structure" };

    return t == SN_DICOM_LYMPH_NODE ? &anatomical : &abnormal;
}

const struct sn_dicom_code *sn_dicom_target_type(enum sn_dicom_target t)
{
    static const struct sn_dicom_code lesion = { "52988006", "SCT", "Lesion" },
                                      node = { "59441001", "SCT", "Lymph node" };

    return t == SN_DICOM_LYMPH_NODE ? &node : &lesion;
}

void sn_dicom_object_free(struct sn_dicom_object *o)
{
    sn_buf_free(&o->file);
    *o = (struct sn_dicom_object){ .sop_class = NULL };
}

/* ---- reading the source ------------------------------------------------------------------------- */

static int need_uid(const struct sn_dicom *d, uint32_t tag, const char *name, char uid[SN_DICOM_UID],
                    struct sn_error *err)
{
    const char *s;
    size_t n;

    if (!sn_dicom_bytes(sn_dicom_find(&d->set, tag), 0, &s, &n))
        return SN_FAIL(err, SN_EFORMAT, "no %s (%04x,%04x): nothing can refer to this image", name, SN_DICOM_GROUP(tag),
                       SN_DICOM_ELEMENT(tag));
    for (size_t i = 0; i < n; i++)
        if (n >= SN_DICOM_UID || ((s[i] < '0' || s[i] > '9') && s[i] != '.'))
            return SN_FAIL(err, SN_EFORMAT, "%s (%04x,%04x) is not a UID", name, SN_DICOM_GROUP(tag),
                           SN_DICOM_ELEMENT(tag));
    memcpy(uid, s, n);
    uid[n] = '\0';
    return SN_OK;
}

static uint32_t count_of(const struct sn_dicom *d, uint32_t tag, uint32_t absent)
{
    int64_t v;

    return sn_dicom_int(sn_dicom_find(&d->set, tag), 0, &v) && v > 0 && v <= UINT32_MAX ? (uint32_t)v : absent;
}

/* The first of the tags whose value is `least` to `most` characters of digits, and in times a fraction. */
static void first_of(const struct sn_dicom *d, const uint32_t *tags, size_t least, size_t most, char *out,
                     const char *absent)
{
    const char *s;
    size_t n;

    (void)snprintf(out, most + 1, "%s", absent);
    for (; *tags; tags++) {
        bool fine = sn_dicom_bytes(sn_dicom_find(&d->set, *tags), 0, &s, &n) && n >= least && n <= most;

        for (size_t i = 0; fine && i < n; i++)
            fine = (s[i] >= '0' && s[i] <= '9') || (s[i] == '.' && i == 6 && n > 7);
        if (fine) {
            memcpy(out, s, n);
            out[n] = '\0';
            return;
        }
    }
}

/* Bytes of the frames as they would be without compression, over those they take. */
static double compression(const struct sn_dicom *d, const struct sn_dicom_source *s)
{
    const struct sn_dicom_element *px = sn_dicom_find(&d->set, 0x7fe00010);
    double plain =
        (double)s->rows * s->cols * s->frames * count_of(d, 0x00280002, 1) * ((count_of(d, 0x00280100, 8) + 7) / 8);
    double taken = 0.0;

    for (const struct sn_dicom_item *f = px && px->encapsulated ? px->items : NULL; f; f = f->next)
        if (f != px->items) /* the offset table */
            taken += (double)f->length;
    return taken > 0.0 ? plain / taken : 0.0;
}

int sn_dicom_source_read(struct sn_dicom_source *s, const struct sn_dicom *d, struct sn_error *err)
{
    static const uint32_t dates[] = { 0x00080023, 0x00080022, 0x00080021, 0x00080020, 0 },
                          times[] = { 0x00080033, 0x00080032, 0x00080031, 0x00080030, 0 };
    const struct sn_dicom_element *lossy = sn_dicom_find(&d->set, 0x00282110);
    const char *syntax = d->syntax ? d->syntax->uid : "";

    *s = (struct sn_dicom_source){ .d = d };
    SN_TRY(need_uid(d, 0x00080016, "SOP Class UID", s->sop_class, err));
    SN_TRY(need_uid(d, 0x00080018, "SOP Instance UID", s->instance, err));
    SN_TRY(need_uid(d, 0x0020000d, "Study Instance UID", s->study, err));
    SN_TRY(need_uid(d, 0x0020000e, "Series Instance UID", s->series, err));
    s->rows = count_of(d, 0x00280010, 0);
    s->cols = count_of(d, 0x00280011, 0);
    s->frames = count_of(d, 0x00280008, 1);
    if (!s->rows || !s->cols || s->rows > 0xffff || s->cols > 0xffff)
        return SN_FAIL(err, SN_EFORMAT, "Rows (0028,0010) or Columns (0028,0011) missing or out of range");
    first_of(d, dates, 8, 8, s->date, "19000101");
    first_of(d, times, 2, 13, s->time, "000000");
    s->lossy = sn_dicom_is(lossy, 0, "01") || strcmp(syntax, "1.2.840.10008.1.2.4.50") == 0 ||
               strcmp(syntax, "1.2.840.10008.1.2.4.51") == 0;
    if (s->lossy && !sn_dicom_find(&d->set, 0x00282112))
        s->lossy_ratio = compression(d, s);
    return SN_OK;
}

/* ---- pieces --------------------------------------------------------------------------------------- */

void sn_dicom_put_code(struct sn_dicom_writer *w, uint32_t tag, const struct sn_dicom_code *code)
{
    sn_dicom_open_one(w, tag);
    sn_dicom_put_text(w, 0x00080100, "SH", code->value);
    sn_dicom_put_text(w, 0x00080102, "SH", code->scheme);
    sn_dicom_put_label(w, 0x00080104, "LO", code->meaning);
    sn_dicom_close_one(w);
}

void sn_dicom_put_reference(struct sn_dicom_writer *w, const struct sn_dicom_source *s, uint32_t frame)
{
    sn_dicom_put_text(w, 0x00081150, "UI", s->sop_class);
    sn_dicom_put_text(w, 0x00081155, "UI", s->instance);
    if (s->frames > 1)
        sn_dicom_put_is(w, 0x00081160, (long)frame + 1);
}

void sn_dicom_put_source_image(struct sn_dicom_writer *w, const struct sn_dicom_source *s, uint32_t frame)
{
    sn_dicom_open_one(w, 0x00082112);
    sn_dicom_put_reference(w, s, frame);
    sn_dicom_put_code(w, 0x0040a170, &sn_dicom_source_purpose);
    sn_dicom_close_one(w);
}

/* Bytes above ASCII mean nothing without a character set: such a value is left empty. */
static bool readable(const struct sn_dicom_source *s, const struct sn_dicom_element *el)
{
    if (sn_dicom_find(&s->d->set, 0x00080005))
        return true;
    for (size_t i = 0; i < el->length; i++)
        if (el->value[i] > 126)
            return false;
    return true;
}

/* As stated, but for the dash that some scanners write into ISO_IR. */
static void put_charset(struct sn_dicom_writer *w, const struct sn_dicom_source *s)
{
    const struct sn_dicom_element *el = sn_dicom_find(&s->d->set, 0x00080005);
    char text[257];

    if (!el || !el->length || el->length >= sizeof text)
        return;
    for (size_t i = 0; i < el->length; i++)
        text[i] = el->value[i] == '-' ? '_' : (char)el->value[i];
    sn_dicom_put(w, 0x00080005, "CS", text, el->length);
}

/* ACR-NEMA's 1994.01.30 and 11:25:01 (PS3.5, 6.2, notes to DA and TM) without their separators. */
static bool old_style(const struct sn_dicom_element *el, const char *vr, char text[17])
{
    char separator = vr[0] == 'D' ? '.' : ':';
    size_t n = 0;

    if ((strcmp(vr, "DA") != 0 && strcmp(vr, "TM") != 0) || el->length > 16 ||
        !memchr(el->value, separator, el->length))
        return false;
    for (size_t i = 0; i < el->length; i++)
        if (el->value[i] != (uint8_t)separator)
            text[n++] = (char)el->value[i];
    text[n] = '\0';
    return true;
}

void sn_dicom_put_copy(struct sn_dicom_writer *w, const struct sn_dicom_source *s, uint32_t tag, const char *vr,
                       bool needed)
{
    const struct sn_dicom_element *el = sn_dicom_find(&s->d->set, tag);
    char text[17];

    if (!el || el->items || !el->length || el->length > 0xfffe || !readable(s, el)) {
        if (needed)
            sn_dicom_put(w, tag, vr, "", 0);
    } else if (old_style(el, vr, text)) {
        sn_dicom_put(w, tag, vr, text, strlen(text));
    } else {
        sn_dicom_put(w, tag, vr, el->value, el->length);
    }
}

void sn_dicom_put_lossy(struct sn_dicom_writer *w, const struct sn_dicom_source *s)
{
    sn_dicom_put_text(w, 0x00282110, "CS", s->lossy ? "01" : "00");
    if (!s->lossy)
        return;
    if (s->lossy_ratio > 0.0) {
        char text[17];

        (void)sn_dicom_ds((double)(long)(s->lossy_ratio * 100.0 + 0.5) / 100.0, text);
        sn_dicom_put_text(w, 0x00282112, "DS", text);
        sn_dicom_put_text(w, 0x00282114, "CS", "ISO_10918_1");
    } else {
        sn_dicom_put_copy(w, s, 0x00282112, "DS", false);
        sn_dicom_put_copy(w, s, 0x00282114, "CS", false);
    }
}

/* ---- shared modules --------------------------------------------------------------------------------- */

static void put_scheme(struct sn_dicom_writer *w, const struct sn_dicom_code *scheme)
{
    sn_dicom_open_one(w, 0x00080110);
    sn_dicom_put_text(w, 0x00080102, "SH", scheme->scheme);
    sn_dicom_put_text(w, 0x00080115, "ST", scheme->meaning);
    sn_dicom_close_one(w);
}

/* Group 0008 up to the manufacturer's model. */
static void put_identity(struct sn_dicom_writer *w, const struct sn_dicom_context *c, const struct sn_dicom_head *h,
                         const char *instance)
{
    const struct sn_dicom_source *s = c->source;

    put_charset(w, s);
    if (h->image_type)
        sn_dicom_put_text(w, 0x00080008, "CS", h->image_type);
    sn_dicom_put_text(w, 0x00080016, "UI", h->sop_class);
    sn_dicom_put_text(w, 0x00080018, "UI", instance);
    sn_dicom_put_copy(w, s, 0x00080020, "DA", true);
    sn_dicom_put_text(w, 0x00080023, "DA", s->date);
    sn_dicom_put_copy(w, s, 0x00080030, "TM", true);
    sn_dicom_put_text(w, 0x00080033, "TM", s->time);
    sn_dicom_put_copy(w, s, 0x00080050, "SH", true);
    sn_dicom_put_text(w, 0x00080060, "CS", h->modality);
    if (h->conversion)
        sn_dicom_put_text(w, 0x00080064, "CS", h->conversion);
    sn_dicom_put_text(w, 0x00080070, "LO", "sentinode");
    sn_dicom_put_copy(w, s, 0x00080090, "PN", true);
    if (h->scheme)
        put_scheme(w, h->scheme);
    sn_dicom_put_copy(w, s, 0x00081030, "LO", false);
    sn_dicom_put_text(w, 0x0008103e, "LO", h->series_description);
    sn_dicom_put_text(w, 0x00081090, "LO", "sentinode");
}

/* Groups 0010 to 0020, up to the instance's number. */
static void put_patient(struct sn_dicom_writer *w, const struct sn_dicom_context *c, const struct sn_dicom_head *h,
                        const char *series)
{
    const struct sn_dicom_source *s = c->source;
    char text[160], *cut;
    int64_t number;

    sn_dicom_put_copy(w, s, 0x00100010, "PN", true);
    sn_dicom_put_copy(w, s, 0x00100020, "LO", true);
    sn_dicom_put_copy(w, s, 0x00100021, "LO", false);
    sn_dicom_put_copy(w, s, 0x00100030, "DA", true);
    sn_dicom_put_copy(w, s, 0x00100040, "CS", true);
    sn_dicom_put_copy(w, s, 0x00101010, "AS", false);
    if (h->image_type) /* an attribute of images */
        sn_dicom_put_copy(w, s, 0x00180015, "CS", false);
    (void)snprintf(text, sizeof text, "%.16s", c->maker->pack_digest);
    sn_dicom_put_label(w, 0x00181000, "LO", text);
    (void)snprintf(text, sizeof text, SN_VERSION "\\pack %.58s", c->maker->pack);
    for (cut = strchr(text, '\\') + 1; *cut; cut++)
        if (*cut < ' ' || *cut > 126 || *cut == '\\')
            *cut = '?';
    if (c->maker->precision)
        (void)snprintf(cut, sizeof text - (size_t)(cut - text), "\\%.64s", c->maker->precision);
    sn_dicom_put_text(w, 0x00181020, "LO", text);
    sn_dicom_put_text(w, 0x00189004, "CS", "RESEARCH");
    sn_dicom_put_text(w, 0x0020000d, "UI", s->study);
    sn_dicom_put_text(w, 0x0020000e, "UI", series);
    sn_dicom_put_copy(w, s, 0x00200010, "SH", true);
    sn_dicom_put_is(w, 0x00200011, h->series_number);
    if (!sn_dicom_int(sn_dicom_find(&s->d->set, 0x00200013), 0, &number) || number < 0 || number > INT32_MAX)
        number = 1;
    sn_dicom_put_is(w, 0x00200013, (long)number);
}

static int write_set(const struct sn_dicom_context *c, const struct sn_dicom_head *h, sn_dicom_fill_fn *fill,
                     const void *ctx, const char *instance, const char *series, struct sn_buf *set,
                     struct sn_error *err)
{
    struct sn_dicom_writer w;

    set->len = 0;
    sn_dicom_writer_begin(&w, set);
    put_identity(&w, c, h, instance);
    SN_TRY(fill(ctx, &w, 0, err));
    put_patient(&w, c, h, series);
    SN_TRY(fill(ctx, &w, 1, err));
    return sn_dicom_writer_end(&w, err);
}

int sn_dicom_object_make(const struct sn_dicom_context *c, const struct sn_dicom_head *h, sn_dicom_fill_fn *fill,
                         const void *ctx, struct sn_dicom_object *o, struct sn_error *err)
{
    /* one series per source series, kind of object, pack and precision: its number and description are the same throughout */
    const char *const of[] = { "sentinode " SN_VERSION, "series",
                               c->source->series,       h->sop_class,
                               h->series_description,   c->maker->pack_digest,
                               c->maker->precision };
    struct sn_buf set = { 0 };
    uint8_t digest[32];
    int rc;

    *o = (struct sn_dicom_object){ .sop_class = h->sop_class };
    sn_dicom_uid_of(of, SN_COUNT(of) - !c->maker->precision, o->series);
    SN_TRY_OUT(write_set(c, h, fill, ctx, "2.25.0", o->series, &set, err));
    sn_sha256(set.data, set.len, digest);
    sn_dicom_uid(digest, o->instance);
    SN_TRY_OUT(write_set(c, h, fill, ctx, o->instance, o->series, &set, err));
    rc = sn_dicom_file(h->sop_class, o->instance, NULL, &set, &o->file, err);
out:
    sn_buf_free(&set);
    if (rc)
        sn_dicom_object_free(o);
    return rc;
}
