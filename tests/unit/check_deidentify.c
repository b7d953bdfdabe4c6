/* check_deidentify.c: what de-identification takes out, what it leaves, and pixels around the picture. */
#include <dirent.h>
#include <stdio.h>

#include "io/deidentify.h"
#include "tests/unit/dicom_samples.h"
#include "tests/unit/predict_run.h"

static struct sn_deid settings(unsigned keep)
{
    struct sn_deid s = { .keep = keep };

    memset(s.salt, 7, sizeof s.salt);
    return s;
}

/* De-identifies and parses; the caller frees out and d. */
static struct sn_deid_file ck_deid(struct sn_deid *s, const struct sn_buf *in, struct sn_buf *out, struct sn_dicom *d)
{
    struct sn_deid_file r;
    struct sn_error err = { 0 };

    *out = (struct sn_buf){ 0 };
    sn_ck_ok(sn_deidentify(s, in->data, in->len, out, &r, &err), &err);
    sn_ck_ok(sn_dicom_parse(out->data, out->len, d, &err), &err);
    ck_item(&d->meta);
    ck_item(&d->set);
    return r;
}

static bool holds(const struct sn_buf *b, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= b->len; i++)
        if (memcmp(b->data + i, text, n) == 0)
            return true;
    return false;
}

/* ---- elements ----------------------------------------------------------------------------------- */

/* One of every kind, with SECRET in whatever can hold it. */
static struct sn_buf loaded_file(bool enhanced)
{
    struct sn_buf set = { 0 }, file = { 0 };
    struct sn_error err = { 0 };
    struct sn_dicom_writer w;
    static const uint8_t px[4] = { 1, 2, 3, 4 };

    sn_dicom_writer_begin(&w, &set);
    sn_dicom_put_text(&w, 0x00080008, "CS", "ORIGINAL\\PRIMARY");
    sn_dicom_put_text(&w, 0x00080016, "UI", US_CLASS);
    sn_dicom_put_text(&w, 0x00080018, "UI", US_INSTANCE);
    sn_dicom_put_text(&w, 0x00080020, "DA", "20240229");
    sn_dicom_put_text(&w, 0x00080021, "DA", "20240229");
    sn_dicom_put_text(&w, 0x00080023, "DA", "20240229");
    sn_dicom_put_text(&w, 0x0008002a, "DT", "20240229101112");
    sn_dicom_put_text(&w, 0x00080050, "SH", "SECRET");
    sn_dicom_put_text(&w, 0x00080060, "CS", "US");
    sn_dicom_put_text(&w, 0x00080070, "LO", "Maker");
    sn_dicom_put_text(&w, 0x00080080, "LO", "SECRET");
    sn_dicom_put_text(&w, 0x00080090, "PN", "SECRET");
    sn_dicom_put_text(&w, 0x00081010, "SH", "SECRET");
    sn_dicom_put_text(&w, 0x0008103e, "LO", "SECRET");
    sn_dicom_open_one(&w, 0x00081140); /* references inside a sequence */
    sn_dicom_put_text(&w, 0x00081150, "UI", US_CLASS);
    sn_dicom_put_text(&w, 0x00081155, "UI", US_INSTANCE);
    sn_dicom_put_text(&w, 0x00090010, "LO", "SECRET");
    sn_dicom_open_one(&w, 0x00101002); /* in which a patient's ID is nested */
    sn_dicom_put_text(&w, 0x00100020, "LO", "SECRET");
    sn_dicom_close_one(&w);
    sn_dicom_close_one(&w);
    sn_dicom_put_text(&w, 0x00090010, "LO", "SECRET");
    sn_dicom_put_text(&w, 0x00091001, "LO", "SECRET");
    sn_dicom_put_text(&w, 0x00100010, "PN", "SECRET");
    sn_dicom_put_text(&w, 0x00100020, "LO", "SECRET");
    sn_dicom_put_text(&w, 0x00100030, "DA", "19700101");
    sn_dicom_put_text(&w, 0x00100040, "CS", "F");
    sn_dicom_put_text(&w, 0x00101010, "AS", "054Y");
    sn_dicom_put_text(&w, 0x00101030, "DS", "61");
    sn_dicom_put_text(&w, 0x00104000, "LT", "SECRET");
    sn_dicom_put_text(&w, 0x00120062, "CS", "NO");
    sn_dicom_put_text(&w, 0x00120063, "LO", "SECRET");
    sn_dicom_put_text(&w, 0x00181000, "LO", "SECRET");
    sn_dicom_put_text(&w, 0x00181030, "LO", "SECRET");
    sn_dicom_put(&w, 0x00189abc, "CS", "SECRET name", 11); /* text in disguise, unknown tags */
    sn_dicom_put(&w, 0x00189abd, "DS", "SECRET", 6);
    sn_dicom_put(&w, 0x00189abe, "UN", "SECRET", 6);
    sn_dicom_put(&w, 0x00189abf, "OB", "SECRET", 6);
    sn_dicom_put_text(&w, 0x00189ac0, "LO", "SECRET");
    sn_dicom_put_us(&w, 0x00189ac1, 77);
    sn_dicom_put(&w, 0x00189ac2, "UI", "1.2.840.10008.SECRET", 20);
    sn_dicom_put_text(&w, 0x0020000d, "UI", US_STUDY);
    sn_dicom_put_text(&w, 0x0020000e, "UI", US_SERIES);
    sn_dicom_put_text(&w, 0x00200010, "SH", "SECRET");
    sn_dicom_put_text(&w, 0x00204000, "LT", "SECRET");
    sn_dicom_put_us(&w, 0x00280002, 1);
    sn_dicom_put_text(&w, 0x00280004, "CS", "MONOCHROME2");
    sn_dicom_put_us(&w, 0x00280010, 2);
    sn_dicom_put_us(&w, 0x00280011, 2);
    sn_dicom_put_us(&w, 0x00280100, 8);
    sn_dicom_put_us(&w, 0x00280101, 8);
    sn_dicom_put_us(&w, 0x00280102, 7);
    sn_dicom_put_us(&w, 0x00280103, 0);
    sn_dicom_put_text(&w, 0x00321032, "PN", "SECRET");
    sn_dicom_put_text(&w, 0x00400254, "LO", "SECRET");
    if (enhanced) {
        sn_dicom_open_one(&w, 0x52009229);
        sn_dicom_close_one(&w);
    }
    sn_dicom_put(&w, 0x60003000, "OB", "SECRET", 6);
    sn_dicom_put(&w, 0x7fe00010, "OB", px, sizeof px);
    sn_dicom_put(&w, 0xfffcfffc, "OB", "SECRET", 6);
    sn_ck_ok(sn_dicom_writer_end(&w, &err), &err);
    sn_ck_ok(sn_dicom_file(US_CLASS, US_INSTANCE, NULL, &set, &file, &err), &err);
    memcpy(file.data, "SECRET", 6); /* the preamble */
    sn_buf_free(&set);
    return file;
}

START_TEST(nothing_left)
{
    struct sn_buf in = loaded_file(false), out;
    struct sn_deid s = settings(0);
    struct sn_deid_file r;
    struct sn_dicom d;

    r = ck_deid(&s, &in, &out, &d);
    ck_assert(holds(&in, "SECRET") && holds(&in, US_INSTANCE) && holds(&in, "20240229"));
    ck_assert(!holds(&out, "SECRET"));
    ck_assert(!holds(&out, "2024") && !holds(&out, "1970"));
    ck_assert(!holds(&out, US_INSTANCE) && !holds(&out, US_STUDY) && !holds(&out, US_SERIES));
    /* what is kept, emptied, renamed */
    ck_assert_str_eq(text_at(&d, "00080070"), "Maker");
    ck_assert_str_eq(text_at(&d, "00080016"), US_CLASS);
    ck_assert_uint_eq(element_at(&d, "00080020")->length, 0);
    ck_assert_uint_eq(element_at(&d, "00080023")->length, 0);
    ck_assert_uint_eq(element_at(&d, "00080050")->length, 0);
    ck_assert_ptr_null(element_at(&d, "00080021"));
    ck_assert_ptr_null(element_at(&d, "00101010"));
    ck_assert_ptr_null(element_at(&d, "00090010"));
    ck_assert_ptr_nonnull(element_at(&d, "00189ac1"));
    ck_assert_str_eq(text_at(&d, "00080018"), r.instance);
    ck_assert(sn_dicom_is(sn_dicom_find(&d.meta, 0x00020003), 0, r.instance));
    ck_assert_str_eq(text_at(&d, "00081140/0/00081155"), r.instance); /* the same new UID wherever it stands */
    ck_assert_str_eq(text_at(&d, "00081140/0/00081150"), US_CLASS);
    ck_assert_int_eq(strncmp(text_at(&d, "00100010"), "ANON^", 5), 0);
    ck_assert_int_eq(strncmp(text_at(&d, "00100020"), "ANON-", 5), 0);
    ck_assert_str_eq(text_at(&d, "00120062"), "YES");
    ck_assert_uint_eq(element_at(&d, "00120064")->n_items, 1);
    ck_assert_str_eq(text_at(&d, "00120064/0/00080100"), "113100");
    ck_assert_str_eq(text_at(&d, "00280303"), "REMOVED");
    ck_assert_mem_eq(element_at(&d, "7fe00010")->value, "\1\2\3\4", 4);
    ck_assert(r.regions == 0 && r.may_show_text && r.blanked == 0);
    sn_dicom_free(&d);
    sn_buf_free(&out);
    sn_buf_free(&in);
    sn_deid_free(&s);
}
END_TEST

/* Tags and counts, in order; no values. */
START_TEST(counted)
{
    static const struct sn_deid_change some[] = {
        { 0x00080018, SN_DEID_UID, 1 },    { 0x00080050, SN_DEID_EMPTY, 1 },   { 0x00081155, SN_DEID_UID, 1 },
        { 0x00090000, SN_DEID_REMOVE, 3 }, { 0x00100010, SN_DEID_PATIENT, 1 }, { 0x00101002, SN_DEID_REMOVE, 1 },
        { 0x60003000, SN_DEID_REMOVE, 1 },
    };
    struct sn_buf in = loaded_file(false), out;
    struct sn_deid s = settings(0);
    struct sn_dicom d;
    size_t at = 0;

    (void)ck_deid(&s, &in, &out, &d);
    for (size_t i = 1; i < s.n_changes; i++)
        ck_assert_uint_gt(s.changes[i].tag, s.changes[i - 1].tag);
    for (size_t i = 0; i < s.n_changes && at < SN_COUNT(some); i++)
        if (s.changes[i].tag == some[at].tag) {
            ck_assert_int_eq(s.changes[i].action, some[at].action);
            ck_assert_uint_eq(s.changes[i].count, some[at].count);
            at++;
        }
    ck_assert_uint_eq(at, SN_COUNT(some));
    sn_dicom_free(&d);
    sn_buf_free(&out);
    sn_buf_free(&in);
    sn_deid_free(&s);
}
END_TEST

START_TEST(options)
{
    struct sn_buf in = loaded_file(false), out;
    struct sn_deid s = settings(_i);
    struct sn_dicom d;
    bool dates = _i & SN_DEID_KEEP_DATES, patient = _i & SN_DEID_KEEP_PATIENT;
    bool device = _i & SN_DEID_KEEP_DEVICE, uids = _i & SN_DEID_KEEP_UIDS;

    (void)ck_deid(&s, &in, &out, &d);
    ck_assert_str_eq(text_at(&d, "00080020"), dates ? "20240229" : "");
    ck_assert_str_eq(text_at(&d, "00080021"), dates ? "20240229" : "");
    ck_assert_str_eq(text_at(&d, "0008002a"), dates ? "20240229101112" : "");
    ck_assert_str_eq(text_at(&d, "00280303"), dates ? "UNMODIFIED" : "REMOVED");
    ck_assert_str_eq(text_at(&d, "00100030"), "");
    ck_assert_str_eq(text_at(&d, "00100040"), patient ? "F" : "");
    ck_assert_str_eq(text_at(&d, "00101010"), patient ? "054Y" : "");
    ck_assert_str_eq(text_at(&d, "00101030"), patient ? "61" : "");
    ck_assert_str_eq(text_at(&d, "00181000"), device ? "SECRET" : "");
    ck_assert_str_eq(text_at(&d, "00081010"), device ? "SECRET" : "");
    ck_assert_int_eq(strcmp(text_at(&d, "00080018"), US_INSTANCE) == 0, uids);
    ck_assert_int_eq(strcmp(text_at(&d, "0020000d"), US_STUDY) == 0, uids);
    ck_assert_uint_eq(element_at(&d, "00120064")->n_items, 1u + dates + patient + device + uids);
    sn_dicom_free(&d);
    sn_buf_free(&out);
    sn_buf_free(&in);
    sn_deid_free(&s);
}
END_TEST

/* Objects of functional groups need dates and a serial number: dummies stand there. */
START_TEST(required_values)
{
    struct sn_buf in = loaded_file(true), out;
    struct sn_deid s = settings(0);
    struct sn_dicom d;

    (void)ck_deid(&s, &in, &out, &d);
    ck_assert_str_eq(text_at(&d, "00080023"), "19000101");
    ck_assert_str_eq(text_at(&d, "00181000"), "REMOVED");
    ck_assert(!holds(&out, "SECRET") && !holds(&out, "2024"));
    sn_dicom_free(&d);
    sn_buf_free(&out);
    sn_buf_free(&in);
    sn_deid_free(&s);
}
END_TEST

/* One salt: one answer; another: other UIDs and another pseudonym. */
START_TEST(salts)
{
    struct sn_buf in = loaded_file(false), out[3];
    struct sn_deid s = settings(0);
    struct sn_dicom d[3];

    (void)ck_deid(&s, &in, &out[0], &d[0]);
    (void)ck_deid(&s, &in, &out[1], &d[1]);
    s.salt[31] ^= 1;
    (void)ck_deid(&s, &in, &out[2], &d[2]);
    ck_assert_uint_eq(out[0].len, out[1].len);
    ck_assert_mem_eq(out[0].data, out[1].data, out[0].len);
    ck_assert_str_ne(text_at(&d[0], "00080018"), text_at(&d[2], "00080018"));
    ck_assert_str_ne(text_at(&d[0], "00100020"), text_at(&d[2], "00100020"));
    for (int i = 0; i < 3; i++) {
        sn_dicom_free(&d[i]);
        sn_buf_free(&out[i]);
    }
    sn_buf_free(&in);
    sn_deid_free(&s);
}
END_TEST

/* ---- pixels ------------------------------------------------------------------------------------------- */

START_TEST(blanked)
{
    const struct sample sample = {
        .rows = 11, .cols = 16, .frames = 3, .rgb = _i == 1, .region = true, .burned_in = "NO"
    };
    struct sn_buf in = sample_file(&sample), out;
    struct sn_deid s = settings(0);
    struct sn_deid_file r;
    const struct sn_dicom_element *px;
    size_t samples = sample.rgb ? 3 : 1, outside = 0;
    struct sn_dicom d;

    r = ck_deid(&s, &in, &out, &d);
    px = element_at(&d, "7fe00010");
    ck_assert_uint_eq(px->length, 11 * 16 * 3 * samples);
    for (size_t i = 0; i < px->length; i++) {
        size_t at = i / samples, x = at % 16, y = at / 16 % 11;
        bool in_region = x >= 4 && x <= 13 && y >= 2 && y <= 9;

        outside += !in_region;
        ck_assert_int_eq(px->value[i], in_region ? sample_pixel(i) : 0);
    }
    ck_assert_uint_eq(r.blanked, outside / samples);
    ck_assert(r.regions == 1 && !r.recoded && !r.may_show_text);
    ck_assert_ptr_nonnull(strstr(text_at(&d, "00120063"), "sentinode"));
    ck_assert_uint_eq(sn_dicom_count(element_at(&d, "00120063")), 2);
    sn_dicom_free(&d);
    sn_buf_free(&out);
    sn_buf_free(&in);
    sn_deid_free(&s);
}
END_TEST

/* Without regions the caller says where the picture lies; what reaches beyond the image is cut. */
START_TEST(box)
{
    static const uint32_t boxes[][4] = { { 3, 1, 5, 4 }, { 10, 6, 100, 0xffffffff }, { 16, 0, 1, 1 } };
    static const uint32_t want[][4] = { { 3, 1, 7, 4 }, { 10, 6, 15, 10 }, { 0, 0, 15, 10 } }; /* kept, inclusive */
    const struct sample sample = { .rows = 11, .cols = 16, .frames = 1 };
    const uint32_t *k = want[_i];
    struct sn_buf in = sample_file(&sample), out;
    struct sn_deid s = settings(0);
    const struct sn_dicom_element *px;
    struct sn_deid_file r;
    struct sn_dicom d;

    memcpy(s.box, boxes[_i], sizeof s.box);
    r = ck_deid(&s, &in, &out, &d);
    px = element_at(&d, "7fe00010");
    for (uint32_t i = 0; i < 11 * 16; i++) {
        bool kept = i % 16 >= k[0] && i % 16 <= k[2] && i / 16 >= k[1] && i / 16 <= k[3];

        ck_assert_int_eq(px->value[i], kept ? sample_pixel(i) : 0);
    }
    ck_assert_int_eq(r.may_show_text, _i == 2);
    sn_dicom_free(&d);
    sn_buf_free(&out);
    sn_buf_free(&in);
    sn_deid_free(&s);
}
END_TEST

START_TEST(refused)
{
    const struct sample sample = { .rows = 4, .cols = 4, .frames = 1 };
    struct sn_dicom_maker maker = { "p", "0", "l" };
    struct sn_dicom_source source;
    struct sn_dicom_context c = { &source, &maker, SN_DICOM_BREAST_LESION };
    struct sn_dicom_sr sr = { .found = false };
    struct sn_dicom_object report;
    struct sn_buf in = sample_file(&sample), out = { 0 };
    struct sn_deid s = settings(0);
    struct sn_deid_file r;
    struct sn_error err = { 0 };
    struct sn_dicom d;

    ck_parse(&in, &d);
    sn_ck_ok(sn_dicom_source_read(&source, &d, &err), &err);
    sn_ck_ok(sn_dicom_make_sr(&c, &sr, &report, &err), &err);
    sn_ck_fails(sn_deidentify(&s, report.file.data, report.file.len, &out, &r, &err), SN_EUNSUPPORTED, &err,
                "a report");
    ck_assert(!strstr(err.msg, "PID-42"));
    sn_ck_fails(sn_deidentify(&s, "GIF89a", 6, &out, &r, &err), SN_EFORMAT, &err, "");
    for (size_t i = 0; i + 6 < in.len; i++) /* as text it would be removed, and the pixels could not be read */
        if (memcmp(in.data + i, "\x28\0\4\0CS", 6) == 0)
            memcpy(in.data + i + 4, "ST", 2);
    sn_ck_fails(sn_deidentify(&s, in.data, in.len, &out, &r, &err), SN_EFORMAT, &err, "(0028,0004), which the pixels cannot do without, is of VR ST, expected CS");
    sn_dicom_object_free(&report);
    sn_dicom_free(&d);
    sn_buf_free(&out);
    sn_buf_free(&in);
    sn_deid_free(&s);
}
END_TEST

/* ---- real files --------------------------------------------------------------------------------------------- */

/* Without regions every stored value of the first frame is the source's, whatever byte order and syntax. */
static void ck_stored(struct sn_dicom *a, struct sn_dicom *b)
{
    struct sn_dicom_pixels pa, pb;
    struct sn_error err = { 0 };
    size_t n;
    void *va, *vb;

    if (sn_dicom_describe(a, &pa, &err))
        return;
    sn_ck_ok(sn_dicom_describe(b, &pb, &err), &err);
    n = (size_t)pa.rows * pa.cols * (size_t)pa.samples * (size_t)pa.bytes;
    va = malloc(n);
    vb = malloc(n);
    ck_assert(va && vb && pa.frames == pb.frames);
    if (sn_dicom_stored(a, &pa, 0, va, &err) == SN_OK) {
        sn_ck_ok(sn_dicom_stored(b, &pb, 0, vb, &err), &err);
        ck_assert_mem_eq(va, vb, n);
    }
    free(va);
    free(vb);
}

/* Decoded pixels inside the regions are the source's; all files of these folders come out or say why not. */
static void one_real(const char *path, size_t *fine)
{
    struct sn_map map;
    struct sn_error err = { 0 };
    struct sn_deid s = settings(0);
    struct sn_deid_file r;
    struct sn_buf out = { 0 };
    struct sn_dicom a, b;

    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    if (sn_deidentify(&s, map.data, map.size, &out, &r, &err) == SN_OK) {
        const struct sn_dicom_element *id;
        const char *text;
        size_t n;

        sn_ck_ok(sn_dicom_parse(map.data, map.size, &a, &err), &err);
        sn_ck_ok(sn_dicom_parse(out.data, out.len, &b, &err), &err);
        id = sn_dicom_find(&a.set, 0x00100010);
        if (sn_dicom_bytes(id, 0, &text, &n) && n > 4 && n < 200) {
            char name[200];

            memcpy(name, text, n);
            name[n] = '\0';
            ck_assert_msg(!holds(&out, name), "%s still names the patient", sn_basename(path));
        }
        if (!r.regions)
            ck_stored(&a, &b);
        if (r.regions && !sn_dicom_find(&b.set, 0x00280008)) {
            struct sn_image before, after;

            sn_ck_ok(sn_dicom_image(&a, NULL, &before, &err), &err);
            sn_ck_ok(sn_dicom_image(&b, NULL, &after, &err), &err);
            ck_assert_uint_eq(sn_image_bytes(&before), sn_image_bytes(&after));
            ck_assert_mem_eq(before.data, after.data, sn_image_bytes(&after));
            sn_image_free(&before);
            sn_image_free(&after);
        }
        (*fine)++;
        sn_dicom_free(&a);
        sn_dicom_free(&b);
    } else {
        ck_assert_int_ne(err.code, SN_EINTERNAL);
        ck_assert(err.msg[0] != '\0');
    }
    sn_buf_free(&out);
    sn_deid_free(&s);
    sn_map_close(&map);
}

START_TEST(real_files)
{
    static const char *const folders[] = { "explicit_be",   "explicit_le",       "implicit_le", "jpeg_baseline",
                                           "jpeg_lossless", "jpeg_lossless_sv1", "rle",         "deflated",
                                           "j2k",           "nopixels",          "other" };
    static const size_t least[] = { 10, 20, 10, 10, 1, 3, 10, 2, 1, 0, 0 };
    const char *root = sn_test_data("dicom");
    char path[1024];
    size_t fine = 0;
    const struct dirent *e;
    DIR *d;

    if (!root)
        return;
    (void)snprintf(path, sizeof path, "%s/%s", root, folders[_i]);
    d = opendir(path);
    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.') {
            (void)snprintf(path, sizeof path, "%s/%s/%s", root, folders[_i], e->d_name);
            one_real(path, &fine);
        }
    (void)closedir(d);
    ck_assert_uint_ge(fine, least[_i]);
}
END_TEST

/* ---- command -------------------------------------------------------------------------------------------------- */

START_TEST(command)
{
    const struct sample sample = { .rows = 11, .cols = 16, .frames = 1, .region = true };
    struct sn_buf file = sample_file(&sample);
    struct sn_error err = { 0 };
    size_t n = 0;
    const struct dirent *e;
    char *first = NULL;
    DIR *d;

    sn_ck_ok(sn_file_write(at("in.dcm"), file.data, file.len, &err), &err);
    write_text(at("not.dcm"), "hello");
    ck_run(0, "deidentify %s -o %s --salt a", at("in.dcm"), at("out"));
    ck_assert(!strstr(caught_out, "PID-42") && !strstr(caught_err, "PID-42"));
    ck_assert_ptr_nonnull(strstr(caught_out, "(0010,0010) pseudonym"));
    d = opendir(at("out"));
    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.') {
            n++;
            first = slurp(at("out/%s", e->d_name), NULL);
        }
    (void)closedir(d);
    ck_assert_uint_eq(n, 1);
    ck_assert_mem_eq(first + 128, "DICM", 4);
    /* the same file twice: one name for two; another kind of file: named; nothing else is lost */
    ck_run(3, "deidentify %s %s %s -o %s --json --quiet", at("in.dcm"), at("in.dcm"), at("not.dcm"), at("out2"));
    ck_says("not written twice");
    ck_says("not.dcm");
    ck_assert_ptr_nonnull(strstr(caught_out, "\"exit_code\": 3"));
    ck_run(2, "deidentify -o %s", at("out"));
    ck_run(2, "deidentify -o %s --picture 1,2,3 %s", at("out"), at("in.dcm"));
    ck_run(2, "deidentify -o %s --picture 1,2,3,0 %s", at("out"), at("in.dcm"));
    ck_run(0, "deidentify -o %s --picture 1,2,3,4 %s --quiet", at("out3"), at("in.dcm"));
    ck_run(2, "deidentify %s", at("in.dcm"));
    sn_buf_free(&file);
}
END_TEST

static Suite *suite_deidentify(void)
{
    Suite *s = suite_create("de-identification");
    TCase *tc = tcase_create("elements");

    tcase_add_test(tc, nothing_left);
    tcase_add_test(tc, counted);
    tcase_add_loop_test(tc, options, 0, 16);
    tcase_add_test(tc, required_values);
    tcase_add_test(tc, salts);
    suite_add_tcase(s, tc);
    tc = tcase_create("pixels");
    tcase_add_loop_test(tc, blanked, 0, 2);
    tcase_add_loop_test(tc, box, 0, 3);
    tcase_add_test(tc, refused);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, real_files, 0, 11);
    suite_add_tcase(s, tc);
    tc = tcase_create("command");
    tcase_add_test(tc, command);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_deidentify)
