/*
 * deidentify.c: walks a data set, element by element, and writes what the rules leave of it as explicit
 * little endian. Nothing of the old file is copied that was not looked at: no preamble, no meta group.
 */
#include "io/deidentify.h"

#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"

#define PIXEL_DATA 0x7fe00010u

struct walk {
    struct sn_deid *s;
    struct sn_dicom *d;
    struct sn_dicom_writer w;
    struct sn_deid_pixels pixels;
    struct sn_deid_file *file;
    struct sn_error *err;
    bool enhanced;    /* an object of functional groups */
    char patient[13]; /* pseudonym */
    char class[SN_DICOM_UID];
    int rc; /* the first failure; the walk then ends */
};

void sn_deid_free(struct sn_deid *s)
{
    sn_arena_free(&s->arena);
    *s = (struct sn_deid){ .keep = 0 };
}

/* ---- record --------------------------------------------------------------------------------------- */

static int record(struct sn_deid *s, uint32_t tag, enum sn_deid_action action, struct sn_error *err)
{
    void *table = s->changes;
    size_t i = 0;

    while (i < s->n_changes && (s->changes[i].tag < tag || (s->changes[i].tag == tag && s->changes[i].action < action)))
        i++;
    if (i < s->n_changes && s->changes[i].tag == tag && s->changes[i].action == action) {
        s->changes[i].count++;
        return SN_OK;
    }
    SN_TRY(sn_arena_grow(&s->arena, &table, s->n_changes, &s->cap, sizeof *s->changes, err));
    s->changes = table;
    memmove(&s->changes[i + 1], &s->changes[i], (s->n_changes - i) * sizeof *s->changes);
    s->changes[i] = (struct sn_deid_change){ tag, action, 1 };
    s->n_changes++;
    return SN_OK;
}

/* ---- new values ------------------------------------------------------------------------------------- */

/* SHA-256 over salt, role and the old value. */
static void salted(const struct sn_deid *s, const char *role, const void *value, size_t n, uint8_t digest[32])
{
    struct sn_sha256 h;

    sn_sha256_init(&h);
    sn_sha256_update(&h, s->salt, sizeof s->salt);
    sn_sha256_update(&h, role, strlen(role) + 1);
    sn_sha256_update(&h, value, n);
    sn_sha256_final(&h, digest);
}

static void new_uid(const struct sn_deid *s, const char *old, size_t n, char uid[SN_DICOM_UID])
{
    uint8_t digest[32];

    salted(s, "uid", old, n, digest);
    sn_dicom_uid(digest, uid);
}

/* Two files with the same patient ID get the same name; without an ID, those of the same study. */
static void name_patient(struct walk *k)
{
    const char *id = "";
    size_t n = 0;
    uint8_t digest[32];

    if (!sn_dicom_bytes(sn_dicom_find(&k->d->set, 0x00100020), 0, &id, &n))
        (void)sn_dicom_bytes(sn_dicom_find(&k->d->set, 0x0020000d), 0, &id, &n);
    salted(k->s, "patient", id, n, digest);
    sn_hex(digest, 6, k->patient);
}

static void put_uids(struct walk *k, const struct sn_dicom_element *el)
{
    size_t n = sn_dicom_count(el);
    struct sn_buf text = { 0 };

    for (size_t i = 0; i < n; i++) {
        char uid[SN_DICOM_UID] = "";
        const char *s;
        size_t len;

        if (sn_dicom_bytes(el, i, &s, &len))
            new_uid(k->s, s, len, uid);
        sn_buf_puts(&text, i ? "\\" : "");
        sn_buf_puts(&text, uid);
    }
    if (text.failed)
        k->rc = SN_NOMEM(k->err, "UIDs");
    else if (text.len > 0xfffe)
        k->rc = SN_FAIL(k->err, SN_ELIMIT, "element (%04x,%04x) has %zu UIDs", SN_DICOM_GROUP(el->tag),
                        SN_DICOM_ELEMENT(el->tag), n);
    else
        sn_dicom_put(&k->w, el->tag, "UI", text.data, text.len);
    sn_buf_free(&text);
}

static void put_dummy(struct walk *k, const struct sn_dicom_element *el)
{
    const char *vr = el->vr, *value = "REMOVED";

    if (strcmp(vr, "DA") == 0)
        value = "19000101";
    else if (strcmp(vr, "TM") == 0)
        value = "000000";
    else if (strcmp(vr, "DT") == 0)
        value = "19000101000000";
    else if (!strstr("LO LT SH ST UC UT", vr))
        value = ""; /* no text: nothing stands for it */
    sn_dicom_put_value(&k->w, el, value, strlen(value));
}

static void put_empty(struct walk *k, const struct sn_dicom_element *el)
{
    if (strcmp(el->vr, "SQ") == 0) {
        sn_dicom_open_sequence(&k->w, el->tag);
        sn_dicom_close(&k->w);
    } else {
        sn_dicom_put_value(&k->w, el, "", 0);
    }
}

/* ANON^<hex> as a name, ANON-<hex> as an ID. */
static void put_patient(struct walk *k, const struct sn_dicom_element *el)
{
    bool name = el->tag == 0x00100010;
    char text[24];

    (void)snprintf(text, sizeof text, "ANON%c%s", name ? '^' : '-', k->patient);
    sn_dicom_put_text(&k->w, el->tag, name ? "PN" : "LO", text);
}

/* ---- elements ------------------------------------------------------------------------------------------ */

static void put_item(struct walk *k, const struct sn_dicom_item *item, bool top);

static void put_sequence(struct walk *k, const struct sn_dicom_element *el)
{
    sn_dicom_open_sequence(&k->w, el->tag);
    for (const struct sn_dicom_item *it = el->items; it && !k->rc; it = it->next) {
        sn_dicom_open_item(&k->w);
        put_item(k, it, false);
        sn_dicom_close(&k->w);
    }
    sn_dicom_close(&k->w);
}

/* Compressed pixels that stay: offset table and fragments with their headers, which are little endian already. */
static void put_fragments(struct walk *k, const struct sn_dicom_element *el)
{
    static const uint8_t head[12] = { 0xe0, 0x7f, 0x10, 0x00, 'O', 'B', 0, 0, 0xff, 0xff, 0xff, 0xff },
                         tail[8] = { 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0 };
    uint8_t item[8] = { 0xfe, 0xff, 0x00, 0xe0 };

    sn_buf_add(k->w.out, head, sizeof head);
    for (const struct sn_dicom_item *it = el->items; it; it = it->next) {
        sn_put_le32(item + 4, (uint32_t)(it->length + (it->length & 1)));
        sn_buf_add(k->w.out, item, sizeof item);
        sn_buf_add(k->w.out, it->value, it->length);
        if (it->length & 1)
            sn_buf_add(k->w.out, "", 1);
    }
    sn_buf_add(k->w.out, tail, sizeof tail);
}

static void put_kept(struct walk *k, const struct sn_dicom_element *el)
{
    if (el->encapsulated)
        put_fragments(k, el);
    else if (strcmp(el->vr, "SQ") == 0)
        put_sequence(k, el);
    else
        sn_dicom_put_value(&k->w, el, el->value, el->length);
}

static void put_element(struct walk *k, const struct sn_dicom_element *el)
{
    enum sn_deid_action a = sn_deid_rule(el, k->s->keep, k->enhanced);
    bool odd = SN_DICOM_GROUP(el->tag) & 1;

    if (SN_DICOM_ELEMENT(el->tag) == 0) /* group lengths, which would be wrong */
        return;
    if (a == SN_DEID_KEEP && el->encapsulated && el->tag != PIXEL_DATA)
        a = SN_DEID_REMOVE; /* bytes of no known meaning */
    if (a == SN_DEID_EMPTY && el->length == 0)
        a = SN_DEID_KEEP; /* nothing to tell */
    if (a != SN_DEID_KEEP)
        k->rc = record(k->s, odd ? el->tag & 0xffff0000u : el->tag, a, k->err);
    switch (a) {
    case SN_DEID_KEEP: put_kept(k, el); break;
    case SN_DEID_EMPTY: put_empty(k, el); break;
    case SN_DEID_DUMMY: put_dummy(k, el); break;
    case SN_DEID_UID: put_uids(k, el); break;
    case SN_DEID_PATIENT: put_patient(k, el); break;
    default: break;
    }
}

/* ---- what is written anew --------------------------------------------------------------------------------- */

static void put_code(struct sn_dicom_writer *w, const char *value, const char *meaning)
{
    sn_dicom_open_item(w);
    sn_dicom_put_text(w, 0x00080100, "SH", value);
    sn_dicom_put_text(w, 0x00080102, "SH", "DCM");
    sn_dicom_put_text(w, 0x00080104, "LO", meaning);
    sn_dicom_close(w);
}

/* PS3.16, context 7050. */
static void put_method_codes(struct walk *k)
{
    unsigned keep = k->s->keep;

    sn_dicom_open_sequence(&k->w, 0x00120064);
    put_code(&k->w, "113100", "Basic Application Confidentiality Profile");
    if (keep & SN_DEID_KEEP_DATES)
        put_code(&k->w, "113106", "Retain Longitudinal Temporal Information Full Dates Option");
    if (keep & SN_DEID_KEEP_PATIENT)
        put_code(&k->w, "113108", "Retain Patient Characteristics Option");
    if (keep & SN_DEID_KEEP_DEVICE)
        put_code(&k->w, "113109", "Retain Device Identity Option");
    if (keep & SN_DEID_KEEP_UIDS)
        put_code(&k->w, "113110", "Retain UIDs Option");
    sn_dicom_close(&k->w);
}

/* Attributes that do not come from the source: in its order, instead of its own. */
static const uint32_t anew[] = { 0x00080016, 0x00080018, 0x00120062, 0x00120063, 0x00120064, 0x00280004,
                                 0x00280006, 0x00280100, 0x00280303, 0x00282110, PIXEL_DATA };

/* Does this one replace the source's? Those about pixels only when the pixels are new. */
static bool replaced(const struct walk *k, uint32_t tag)
{
    const char *syntax = k->d->syntax->uid;
    bool decoded = k->pixels.data.data != NULL;

    switch (tag) {
    case 0x00080016:
    case 0x00080018:
    case 0x00120062:
    case 0x00120063:
    case 0x00120064:
    case 0x00280303: return true;
    case 0x00280004: return decoded && k->pixels.photometric;
    case 0x00280006: return decoded && k->pixels.samples > 1;
    case 0x00280100:
    case PIXEL_DATA: return decoded;
    case 0x00282110:
        return decoded &&
               (strcmp(syntax, "1.2.840.10008.1.2.4.50") == 0 || strcmp(syntax, "1.2.840.10008.1.2.4.51") == 0);
    default: return false;
    }
}

static void put_anew(struct walk *k, uint32_t tag)
{
    char text[200];

    switch (tag) {
    case 0x00080016: sn_dicom_put_text(&k->w, tag, "UI", k->class); break;
    case 0x00080018:
        if (!(k->s->keep & SN_DEID_KEEP_UIDS))
            k->rc = record(k->s, tag, SN_DEID_UID, k->err);
        sn_dicom_put_text(&k->w, tag, "UI", k->file->instance);
        break;
    case 0x00120062: sn_dicom_put_text(&k->w, tag, "CS", "YES"); break;
    case 0x00120063:
        (void)snprintf(text, sizeof text, "sentinode " SN_VERSION ", PS3.15 basic profile%s",
                       !k->file->regions ? "" : "\\Pixels outside the picture blanked");
        sn_dicom_put_text(&k->w, tag, "LO", text);
        break;
    case 0x00120064: put_method_codes(k); break;
    case 0x00280004: sn_dicom_put_text(&k->w, tag, "CS", k->pixels.photometric); break;
    case 0x00280006: sn_dicom_put_us(&k->w, tag, 0); break;
    case 0x00280100: sn_dicom_put_us(&k->w, tag, (unsigned)k->pixels.bits); break;
    case 0x00280303:
        sn_dicom_put_text(&k->w, tag, "CS", k->s->keep & SN_DEID_KEEP_DATES ? "UNMODIFIED" : "REMOVED");
        break;
    case 0x00282110: sn_dicom_put_text(&k->w, tag, "CS", "01"); break;
    default: sn_dicom_put(&k->w, tag, k->pixels.bits > 8 ? "OW" : "OB", k->pixels.data.data, k->pixels.data.len); break;
    }
}

/* ---- data sets ------------------------------------------------------------------------------------------------ */

static int by_tag(const void *a, const void *b)
{
    const struct sn_dicom_element *const *x = a, *const *y = b;

    if ((*x)->tag != (*y)->tag)
        return (*x)->tag < (*y)->tag ? -1 : 1;
    return (*x)->start < (*y)->start ? -1 : (*x)->start > (*y)->start;
}

/* In ascending order whatever the file's; of elements with the same tag the first. */
static void put_item(struct walk *k, const struct sn_dicom_item *item, bool top)
{
    const struct sn_dicom_element **list = malloc((item->count ? item->count : 1) * sizeof *list);
    size_t n = 0, next = 0;

    if (!list) {
        k->rc = SN_NOMEM(k->err, "elements");
        return;
    }
    for (const struct sn_dicom_element *el = item->first; el; el = el->next)
        list[n++] = el;
    qsort(list, n, sizeof *list, by_tag);
    for (size_t i = 0; i <= n && !k->rc; i++) {
        uint32_t tag = i < n ? list[i]->tag : UINT32_MAX;

        for (; top && next < SN_COUNT(anew) && anew[next] <= tag; next++)
            if (replaced(k, anew[next]))
                put_anew(k, anew[next]);
        if (i == n || (i && list[i - 1]->tag == tag) || (top && replaced(k, tag)))
            continue;
        if (top && k->pixels.data.data && tag > 0x7fe00000 && tag < PIXEL_DATA)
            continue; /* offset tables of compressed pixels */
        put_element(k, list[i]);
    }
    free(list);
}

/* ---- a file ------------------------------------------------------------------------------------------------------ */

/* What the rules would take away though the pixels cannot be read without it: by its VR it is something else. */
static int need_pixel_attributes(const struct walk *k)
{
    static const uint32_t needed[] = { 0x00280002, 0x00280004, 0x00280006, 0x00280008, 0x00280010,
                                       0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103 };

    for (size_t i = 0; i < SN_COUNT(needed); i++) {
        const struct sn_dicom_element *el = sn_dicom_find(&k->d->set, needed[i]);

        if (el && el->length && sn_deid_rule(el, k->s->keep, k->enhanced) != SN_DEID_KEEP)
            return SN_FAIL(k->err, SN_EFORMAT, "element (%04x,%04x), which the pixels cannot do without, is of VR %s, expected %s",
                           SN_DICOM_GROUP(el->tag), SN_DICOM_ELEMENT(el->tag), el->vr, sn_dicom_lookup(el->tag)->vr);
    }
    return SN_OK;
}

/* Objects whose text is their content; and bits of overlays that lie among the pixels. */
static int refuse(const struct sn_dicom *d, struct sn_error *err)
{
    static const struct {
        const char *root, *what;
    } refused[] = { { "1.2.840.10008.5.1.4.1.1.88.", "a report" },
                    { "1.2.840.10008.5.1.4.1.1.104.", "a document" },
                    { "1.2.840.10008.5.1.4.1.1.11.", "a presentation state" },
                    { "1.2.840.10008.1.3.10", "a list of files" } };
    const struct sn_dicom_element *class = sn_dicom_find(&d->set, 0x00080016), *px = sn_dicom_find(&d->set, PIXEL_DATA);
    const char *s;
    size_t n;

    for (size_t i = 0; i < SN_COUNT(refused); i++)
        if (sn_dicom_bytes(class, 0, &s, &n) && n >= strlen(refused[i].root) &&
            memcmp(s, refused[i].root, strlen(refused[i].root)) == 0)
            return SN_FAIL(err, SN_EUNSUPPORTED, "%s, whose text is its content: only images are de-identified",
                           refused[i].what);
    if (!px)
        return SN_FAIL(err, SN_EUNSUPPORTED, "no pixel data: only images are de-identified");
    if (strcmp(px->vr, "OB") != 0 && strcmp(px->vr, "OW") != 0)
        return SN_FAIL(err, SN_EFORMAT, "pixel data of VR %.2s, expected OB or OW", px->vr);
    if (px->encapsulated != (d->syntax->codec != SN_DICOM_NATIVE))
        return SN_FAIL(err, SN_EFORMAT, "pixel data are %sin fragments, which contradicts transfer syntax %s",
                       px->encapsulated ? "" : "not ", d->syntax->uid);
    for (const struct sn_dicom_element *el = d->set.first; el; el = el->next) {
        int64_t bit;

        if ((el->tag & 0xff00ffffu) == 0x60000102u && sn_dicom_int(el, 0, &bit) && bit != 0)
            return SN_FAIL(err, SN_EUNSUPPORTED, "an overlay lies in unused bits of the pixels (%04x,0102)",
                           SN_DICOM_GROUP(el->tag));
    }
    return SN_OK;
}

static int need_uid(const struct sn_dicom *d, uint32_t tag, const char **s, size_t *n, struct sn_error *err)
{
    if (!sn_dicom_bytes(sn_dicom_find(&d->set, tag), 0, s, n) || *n >= SN_DICOM_UID)
        return SN_FAIL(err, SN_EFORMAT,
                       "element (%04x,%04x), which a DICOM file cannot do without, is missing or malformed",
                       SN_DICOM_GROUP(tag), SN_DICOM_ELEMENT(tag));
    for (size_t i = 0; i < *n; i++)
        if (((*s)[i] < '0' || (*s)[i] > '9') && (*s)[i] != '.')
            return SN_FAIL(err, SN_EFORMAT, "element (%04x,%04x) is no UID", SN_DICOM_GROUP(tag),
                           SN_DICOM_ELEMENT(tag));
    return SN_OK;
}

static int write_file(struct walk *k, struct sn_buf *set, struct sn_buf *out)
{
    const struct sn_dicom_element *px = sn_dicom_find(&k->d->set, PIXEL_DATA);
    const char *syntax = px->encapsulated && !k->pixels.data.data ? k->d->syntax->uid : NULL, *s;
    size_t n;

    SN_TRY(need_uid(k->d, 0x00080016, &s, &n, k->err));
    memcpy(k->class, s, n);
    k->class[n] = '\0';
    SN_TRY(need_uid(k->d, 0x00080018, &s, &n, k->err));
    if (k->s->keep & SN_DEID_KEEP_UIDS) {
        memcpy(k->file->instance, s, n);
        k->file->instance[n] = '\0';
    } else {
        new_uid(k->s, s, n, k->file->instance);
    }
    sn_dicom_writer_begin(&k->w, set);
    name_patient(k);
    put_item(k, &k->d->set, true);
    SN_TRY(k->rc);
    SN_TRY(sn_dicom_writer_end(&k->w, k->err));
    return sn_dicom_file(k->class, k->file->instance, syntax, set, out, k->err);
}

int sn_deidentify(struct sn_deid *s, const void *data, size_t size, struct sn_buf *out, struct sn_deid_file *r,
                  struct sn_error *err)
{
    struct walk k = { .s = s, .file = r, .err = err };
    struct sn_buf set = { 0 };
    struct sn_dicom d = { 0 };
    int rc;

    *r = (struct sn_deid_file){ .regions = 0 };
    SN_TRY(sn_dicom_parse(data, size, &d, err));
    k.d = &d;
    k.enhanced = sn_dicom_find(&d.set, 0x52009229) != NULL;
    SN_TRY_OUT(refuse(&d, err));
    SN_TRY_OUT(need_pixel_attributes(&k));
    SN_TRY_OUT(sn_deid_blank(s, &d, &k.pixels, r, err));
    rc = write_file(&k, &set, out);
out:
    sn_buf_free(&k.pixels.data);
    sn_buf_free(&set);
    sn_dicom_free(&d);
    return rc;
}
