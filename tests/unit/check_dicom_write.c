/* check_dicom_write.c: the DICOM writer, and the objects made with it, read back. */
#include <stdio.h>

#include "tests/unit/dicom_samples.h"

/* ---- writer ---------------------------------------------------------------------------------- */

START_TEST(bytes)
{
    static const char head[] = "\x28\x00\x10\x00"
                               "US\x02\x00\x34\x12";
    struct sn_buf b = { 0 };
    struct sn_dicom_writer w;
    struct sn_error err = { 0 };

    sn_dicom_writer_begin(&w, &b);
    sn_dicom_put_text(&w, 0x00080005, "CS", "ISO_IR 100");
    sn_dicom_put_text(&w, 0x00080018, "UI", "1.2");
    sn_dicom_open_one(&w, 0x00081140);
    sn_dicom_put_text(&w, 0x00081150, "LO", "abc");
    sn_dicom_close_one(&w);
    sn_dicom_put_us(&w, 0x00280010, 0x1234);
    sn_ck_ok(sn_dicom_writer_end(&w, &err), &err);
    ck_assert_uint_eq(b.len, 18 + 12 + 12 + 8 + 12 + 10);
    ck_assert_mem_eq(b.data, "\x08\0\x05\0CS\x0a\0ISO_IR 100", 18);
    ck_assert_mem_eq(b.data + 18,
                     "\x08\0\x18\0UI\x04\0"
                     "1.2\0",
                     12);
    ck_assert_mem_eq(b.data + 30, "\x08\0\x40\x11SQ\0\0\x14\0\0\0", 12);
    ck_assert_mem_eq(b.data + 42, "\xfe\xff\0\xe0\x0c\0\0\0", 8);
    ck_assert_mem_eq(b.data + 50, "\x08\0\x50\x11LO\x04\0abc ", 12);
    ck_assert_mem_eq(b.data + 62, head, 10);
    sn_buf_free(&b);
}
END_TEST

/* Each mistake is reported with its tag, whatever follows it. */
static void mistake(int which, struct sn_dicom_writer *w)
{
    switch (which) {
    case 0:
        sn_dicom_put_us(w, 0x00280010, 1);
        sn_dicom_put_us(w, 0x00280002, 1);
        break;
    case 1:
        sn_dicom_put_us(w, 0x00280010, 1);
        sn_dicom_put_us(w, 0x00280010, 1);
        break;
    case 2: sn_dicom_put_text(w, 0x00280010, "CS", "lower case"); break;
    case 3: sn_dicom_put_text(w, 0x00280010, "SH", "seventeen letters"); break;
    case 4: sn_dicom_put_text(w, 0x00280010, "UI", "1.2.a"); break;
    case 5: sn_dicom_put_us(w, 0x00280010, 65536); break;
    case 6: sn_dicom_open_sequence(w, 0x00280010); break;
    case 7:
        sn_dicom_open_sequence(w, 0x00280009);
        sn_dicom_put_us(w, 0x00280010, 1);
        sn_dicom_close(w);
        break;
    case 8: sn_dicom_put(w, 0x00280010, "ZZ", "", 0); break;
    case 9: sn_dicom_put_text(w, 0x00280010, "LO", "line\nbreak"); break;
    case 10: sn_dicom_put_text(w, 0x00280010, "DA", "2024.01.01"); break;
    default:
        sn_dicom_put_is(w, 0x00280009, 1);
        sn_dicom_close(w);
        break;
    }
    sn_dicom_put_us(w, 0x00300000, 1);
}

START_TEST(mistakes)
{
    struct sn_buf b = { 0 };
    struct sn_dicom_writer w;
    struct sn_error err = { 0 };

    sn_dicom_writer_begin(&w, &b);
    mistake(_i, &w);
    sn_ck_fails(sn_dicom_writer_end(&w, &err), SN_EINTERNAL, &err,
                _i == 0    ? "(0028,0002)"
                : _i == 11 ? "(fffe,e000)"
                : _i == 6  ? "(0030,0000)"
                           : "(0028,0010)");
    sn_buf_free(&b);
}
END_TEST

START_TEST(decimal_strings)
{
    static const double rows[] = {
        0.0, 12.5, 1.0 / 3.0, -1.0 / 3.0, 123456789.123456789, 1e300, -1.2345678901234567e-200
    };
    char text[17];

    for (size_t i = 0; i < SN_COUNT(rows); i++) {
        double back;

        (void)sn_dicom_ds(rows[i], text);
        ck_assert_uint_le(strlen(text), 16);
        ck_assert(sn_parse_double(text, &back));
        ck_assert_double_le(back > rows[i] ? back - rows[i] : rows[i] - back,
                            1e-9 * (rows[i] < 0 ? -rows[i] : rows[i]));
    }
    ck_assert_str_eq(sn_dicom_ds(12.5, text), "12.5");
    ck_assert_str_eq(sn_dicom_ds(0.1, text), "0.1");
    ck_assert_str_eq(sn_dicom_ds(123456789.123456789, text), "123456789.123457");
}
END_TEST

START_TEST(labels)
{
    static const char want[] = "\x08\0\x50\0SH\x10\0a?b??0123456789";
    struct sn_buf b = { 0 };
    struct sn_dicom_writer w;
    struct sn_error err = { 0 };

    sn_dicom_writer_begin(&w, &b);
    sn_dicom_put_label(&w, 0x00080050, "SH",
                       "a\\b\xc3\xa9"
                       "0123456789xyz");
    sn_ck_ok(sn_dicom_writer_end(&w, &err), &err);
    ck_assert_uint_eq(b.len, 24);
    ck_assert_mem_eq(b.data, want, 8 + 15);
    ck_assert_int_eq(b.data[23], 'x');
    sn_buf_free(&b);
}
END_TEST

/* python3 -c 'import hashlib,uuid; d=bytearray(hashlib.sha256(b"abc").digest()[:16]); d[6]=d[6]&15|128; d[8]=d[8]&63|128; print(uuid.UUID(bytes=bytes(d)).int)' */
START_TEST(uids)
{
    static const char *const parts[] = { "abc", "" };
    uint8_t digest[32];
    char uid[SN_DICOM_UID], other[SN_DICOM_UID];

    sn_sha256("abc", 3, digest);
    sn_dicom_uid(digest, uid);
    ck_assert_str_eq(uid, "2.25.247859944228867097191300499870369849891");
    memset(digest, 0xff, sizeof digest);
    sn_dicom_uid(digest, uid);
    ck_assert_str_eq(uid, "2.25.340282366920937934553716840013076889599");
    memset(digest, 0, sizeof digest);
    sn_dicom_uid(digest, uid);
    ck_assert_str_eq(uid, "2.25.604472133179351442128896");
    sn_dicom_uid_of(parts, 1, uid);
    sn_dicom_uid_of(parts, 2, other);
    ck_assert_str_ne(uid, other);
}
END_TEST

/* ---- objects ------------------------------------------------------------------------------------ */

static const struct sn_dicom_maker maker = {
    .pack = "demo\\pack",
    .pack_digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    .label = "demonstration weights",
};

struct fixture {
    struct sn_buf file;
    struct sn_dicom d;
    struct sn_dicom_source source;
    struct sn_dicom_context c;
};

static void set_up(struct fixture *f, const struct sample *s)
{
    struct sn_error err = { 0 };

    f->file = sample_file(s);
    ck_parse(&f->file, &f->d);
    sn_ck_ok(sn_dicom_source_read(&f->source, &f->d, &err), &err);
    f->c = (struct sn_dicom_context){ &f->source, &maker, SN_DICOM_BREAST_LESION };
}

static void tear_down(struct fixture *f)
{
    sn_dicom_free(&f->d);
    sn_buf_free(&f->file);
}

/* What every object takes over, and what says who made it. */
static void ck_common(const struct sn_dicom *d, const struct sn_dicom_object *o, const char *modality)
{
    struct sn_buf name = { 0 };

    ck_assert_str_eq(text_at(d, "00080016"), o->sop_class);
    ck_assert_str_eq(text_at(d, "00080018"), o->instance);
    ck_assert(sn_dicom_is(sn_dicom_find(&d->meta, 0x00020003), 0, o->instance));
    ck_assert(sn_dicom_is(sn_dicom_find(&d->meta, 0x00020002), 0, o->sop_class));
    ck_assert_str_eq(text_at(d, "00080060"), modality);
    ck_assert_str_eq(text_at(d, "0020000d"), US_STUDY);
    ck_assert_str_eq(text_at(d, "0020000e"), o->series);
    ck_assert_str_ne(o->series, US_SERIES);
    ck_assert_str_eq(text_at(d, "00100020"), "PID-42");
    ck_assert(sn_dicom_text(element_at(d, "00100010"), element_at(d, "00080005"), &name));
    ck_assert_str_eq(name.data, "M\xc3\xbcller^Anna");
    sn_buf_free(&name);
    ck_assert_str_eq(text_at(d, "00080023"), "20240229");
    ck_assert_str_eq(text_at(d, "00080033"), "101112");
    ck_assert_str_eq(text_at(d, "00189004"), "RESEARCH");
    ck_assert_ptr_nonnull(strstr(text_at(d, "0008103e"), "RESEARCH USE ONLY"));
    ck_assert_str_eq(text_at(d, "00181000"), "0123456789abcdef");
    ck_assert_uint_eq(sn_dicom_count(element_at(d, "00181020")), 2);
    ck_assert_ptr_null(element_at(d, "00080080")); /* another device made this, elsewhere */
}

static void ck_reference(const struct sn_dicom *d, const char *item, bool cine, int frame)
{
    char path[128];
    int64_t v;

    (void)snprintf(path, sizeof path, "%s/00081155", item);
    ck_assert_str_eq(text_at(d, path), US_INSTANCE);
    (void)snprintf(path, sizeof path, "%s/00081150", item);
    ck_assert_str_eq(text_at(d, path), cine ? CINE_CLASS : US_CLASS);
    (void)snprintf(path, sizeof path, "%s/00081160", item);
    if (cine) {
        ck_assert(sn_dicom_int(element_at(d, path), 0, &v));
        ck_assert_int_eq(v, frame);
    } else {
        ck_assert_ptr_null(element_at(d, path));
    }
}

static int64_t int_at(const struct sn_dicom *d, const char *path, size_t k)
{
    int64_t v = -1;

    ck_assert_msg(sn_dicom_int(element_at(d, path), k, &v), "no number at %s", path);
    return v;
}

enum { W = 13, H = 9, X = 5, Y = 3, ROWS = 17, COLS = 23, FRAMES = 4 };

static void make_mask(uint8_t *m, float *p, unsigned seed)
{
    struct sn_rng r = { seed };

    for (size_t i = 0; i < W * H; i++) {
        m[i] = sn_rng_below(&r, 2) != 0;
        p[i] = (float)sn_rng_uniform(&r);
    }
}

/* Every pixel of every frame, inside and outside the part. */
static void ck_bits(const struct sn_dicom_element *px, const uint8_t *const *masks, size_t n)
{
    ck_assert_uint_eq(px->length, ((ROWS * COLS * n + 7) / 8 + 1) / 2 * 2);
    for (size_t at = 0; at < ROWS * COLS * n; at++) {
        size_t k = at / (ROWS * COLS), y = at / COLS % ROWS, x = at % COLS;
        bool in = x >= X && x < X + W && y >= Y && y < Y + H;
        int want = in ? masks[k][(y - Y) * W + x - X] : 0;

        ck_assert_msg((px->value[at / 8] >> at % 8 & 1) == want, "frame %zu, pixel %zu,%zu", k, x, y);
    }
}

START_TEST(segmentation)
{
    bool cine = _i == 1;
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = cine ? FRAMES : 1 };
    uint8_t m[2][W * H];
    float p[2][W * H];
    const uint8_t *const masks[2] = { m[0], m[1] };
    struct sn_dicom_mask frames[2] = { { cine ? 1 : 0, m[0], NULL }, { 3, m[1], NULL } };
    struct sn_dicom_seg seg = {
        .x = X, .y = Y, .width = W, .height = H, .n = cine ? 2 : 1, .masks = frames, .description = "fused"
    };
    struct sn_dicom_object o = { .sop_class = NULL };
    struct sn_error err = { 0 };
    struct sn_dicom_tracking track;
    struct fixture f;
    struct sn_dicom d;

    make_mask(m[0], p[0], 1);
    make_mask(m[1], p[1], 2);
    set_up(&f, &s);
    sn_ck_ok(sn_dicom_make_seg(&f.c, &seg, &o, &err), &err);
    ck_parse(&o.file, &d);
    ck_common(&d, &o, "SEG");
    ck_assert_str_eq(o.sop_class, "1.2.840.10008.5.1.4.1.1.66.4");
    ck_assert_str_eq(text_at(&d, "00620001"), "BINARY");
    ck_assert_int_eq(int_at(&d, "00280010", 0), ROWS);
    ck_assert_int_eq(int_at(&d, "00280011", 0), COLS);
    ck_assert_int_eq(int_at(&d, "00280008", 0), (int)seg.n);
    ck_assert_int_eq(int_at(&d, "00280100", 0), 1);
    ck_assert_str_eq(text_at(&d, "00282110"), "00");
    ck_assert_str_eq(text_at(&d, "00620002/0/00620008"), "AUTOMATIC");
    ck_assert_str_eq(text_at(&d, "00620002/0/00620009"), "sentinode, pack demo?pack");
    ck_assert_str_eq(text_at(&d, "00620002/0/00620003/0/00080100"), "49755003");
    ck_assert_str_eq(text_at(&d, "00620002/0/0062000f/0/00080100"), "52988006");
    ck_assert_ptr_nonnull(strstr(text_at(&d, "00700081"), "RESEARCH USE ONLY"));
    ck_assert_str_eq(text_at(&d, "00700080"), "LESION");
    sn_dicom_track(&f.source, frames[0].frame, &track);
    ck_assert_str_eq(text_at(&d, "00620002/0/00620021"), track.uid);
    /* the source, for those who look for its series and for those who look frame by frame */
    ck_assert_str_eq(text_at(&d, "00081115/0/0020000e"), US_SERIES);
    ck_assert_str_eq(text_at(&d, "00081115/0/0008114a/0/00081155"), US_INSTANCE);
    ck_assert_uint_eq(element_at(&d, "52009230")->n_items, seg.n);
    ck_reference(&d, "52009230/0/00089124/0/00082112/0", cine, 2);
    if (cine)
        ck_reference(&d, "52009230/1/00089124/0/00082112/0", cine, 4);
    ck_assert_str_eq(text_at(&d, "52009230/0/00089124/0/00089215/0/00080100"), "113076");
    ck_assert_int_eq(int_at(&d, "52009230/0/0062000a/0/0062000b", 0), 1);
    /* as many index values as dimensions */
    ck_assert_uint_eq(element_at(&d, "00209222")->n_items, cine ? 2 : 1);
    ck_assert_uint_eq(sn_dicom_count(element_at(&d, "52009230/0/00209111/0/00209157")), cine ? 2 : 1);
    if (cine)
        ck_assert_int_eq(int_at(&d, "52009230/1/00209111/0/00209157", 1), 2);
    /* no frame of reference, and nothing that would need one */
    ck_assert_ptr_null(element_at(&d, "00200052"));
    ck_assert_ptr_null(element_at(&d, "52009229/0/00209116"));
    ck_bits(element_at(&d, "7fe00010"), masks, seg.n);
    sn_dicom_free(&d);
    sn_dicom_object_free(&o);
    tear_down(&f);
}
END_TEST

START_TEST(probability)
{
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = 1 };
    uint8_t m[W * H];
    float p[W * H];
    struct sn_dicom_mask frame = { 0, NULL, p };
    struct sn_dicom_seg seg = {
        .x = X, .y = Y, .width = W, .height = H, .n = 1, .masks = &frame, .fractional = true, .description = ""
    };
    struct sn_dicom_object o = { .sop_class = NULL };
    const struct sn_dicom_element *px;
    struct sn_error err = { 0 };
    struct fixture f;
    struct sn_dicom d;

    make_mask(m, p, 3);
    p[0] = 0.0f;
    p[1] = 1.0f;
    set_up(&f, &s);
    sn_ck_ok(sn_dicom_make_seg(&f.c, &seg, &o, &err), &err);
    ck_parse(&o.file, &d);
    ck_common(&d, &o, "SEG");
    ck_assert_str_eq(text_at(&d, "00620001"), "FRACTIONAL");
    ck_assert_str_eq(text_at(&d, "00620010"), "PROBABILITY");
    ck_assert_int_eq(int_at(&d, "0062000e", 0), 255);
    px = element_at(&d, "7fe00010");
    ck_assert_uint_eq(px->length, (ROWS * COLS + 1) / 2 * 2);
    for (int y = 0; y < ROWS; y++)
        for (int x = 0; x < COLS; x++) {
            bool in = x >= X && x < X + W && y >= Y && y < Y + H;
            int want = in ? (int)((double)p[(y - Y) * W + x - X] * 255.0 + 0.5) : 0;

            ck_assert_int_eq(px->value[y * COLS + x], want);
        }
    ck_assert_int_eq(px->value[Y * COLS + X + 1], 255);
    sn_dicom_free(&d);
    sn_dicom_object_free(&o);
    tear_down(&f);
}
END_TEST

START_TEST(capture)
{
    static const char *const stated[] = { NULL, "YES", "NO" };
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = FRAMES, .burned_in = stated[_i] };
    struct sn_image im = { .data = NULL };
    struct sn_dicom_sc sc = { .rgb = &im, .frame = 2, .spacing_mm = { 0.25, 0.125 }, .description = "Outline drawn" };
    struct sn_dicom_object o = { .sop_class = NULL };
    struct sn_error err = { 0 };
    struct fixture f;
    struct sn_dicom d;

    sn_ck_ok(sn_image_alloc(&im, 31, 7, 3, 8, &err), &err);
    for (size_t i = 0; i < sn_image_bytes(&im); i++)
        ((uint8_t *)im.data)[i] = sample_pixel(i + 9);
    set_up(&f, &s);
    sn_ck_ok(sn_dicom_make_sc(&f.c, &sc, &o, &err), &err);
    ck_parse(&o.file, &d);
    ck_common(&d, &o, "OT");
    ck_assert_str_eq(text_at(&d, "00080064"), "WSD");
    ck_assert_str_eq(text_at(&d, "00280301"), _i == 2 ? "NO" : "YES");
    ck_reference(&d, "00082112/0", true, 3);
    ck_assert_str_eq(text_at(&d, "00082111"), "Outline drawn");
    ck_assert_str_eq(text_at(&d, "00280030"), "0.25");
    ck_assert_uint_eq(sn_dicom_count(element_at(&d, "00280030")), 2);
    ck_assert_uint_eq(element_at(&d, "7fe00010")->length, 31 * 7 * 3 + 1);
    ck_assert_mem_eq(element_at(&d, "7fe00010")->value, im.data, 31 * 7 * 3);
    sn_dicom_free(&d);
    sn_dicom_object_free(&o);
    im.channels = 1;
    sn_ck_fails(sn_dicom_make_sc(&f.c, &sc, &o, &err), SN_EINVAL, &err, "RGB");
    sn_image_free(&im);
    tear_down(&f);
}
END_TEST

/* ---- report --------------------------------------------------------------------------------------------- */

/* The first content item below `item` whose concept has this code. */
static const struct sn_dicom_item *find_concept(const struct sn_dicom_item *item, const char *code)
{
    const struct sn_dicom_element *kids = sn_dicom_find(item, 0x0040a730);

    for (const struct sn_dicom_item *it = kids ? kids->items : NULL; it; it = it->next) {
        const struct sn_dicom_item *name = sn_dicom_item(sn_dicom_find(it, 0x0040a043), 0), *below;

        if (name && sn_dicom_is(sn_dicom_find(name, 0x00080100), 0, code))
            return it;
        below = find_concept(it, code);
        if (below)
            return below;
    }
    return NULL;
}

static void ck_number(const struct sn_dicom *d, const char *code, double v, const char *unit)
{
    const struct sn_dicom_item *it = find_concept(&d->set, code), *value, *units;
    double got;

    ck_assert_msg(it != NULL, "no %s", code);
    ck_assert(sn_dicom_is(sn_dicom_find(it, 0x0040a040), 0, "NUM"));
    value = sn_dicom_item(sn_dicom_find(it, 0x0040a300), 0);
    ck_assert(sn_dicom_real(sn_dicom_find(value, 0x0040a161), 0, &got));
    ck_assert(got == v);
    ck_assert(sn_dicom_real(sn_dicom_find(value, 0x0040a30a), 0, &got));
    ck_assert_double_eq_tol(got, v, 1e-10);
    units = sn_dicom_item(sn_dicom_find(value, 0x004008ea), 0);
    ck_assert(sn_dicom_is(sn_dicom_find(units, 0x00080100), 0, unit));
    ck_assert(sn_dicom_is(sn_dicom_find(units, 0x00080102), 0, "UCUM"));
}

static struct sn_dicom_object some_seg(const struct fixture *f)
{
    static const uint8_t m[4] = { 1, 1, 0, 1 };
    struct sn_dicom_mask frame = { 0, m, NULL };
    struct sn_dicom_seg seg = { .width = 2, .height = 2, .n = 1, .masks = &frame, .description = "" };
    struct sn_dicom_object o;
    struct sn_error err = { 0 };

    sn_ck_ok(sn_dicom_make_seg(&f->c, &seg, &o, &err), &err);
    return o;
}

START_TEST(report)
{
    bool in_mm = _i == 0;
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = 1 };
    struct sn_dicom_sr sr = { .found = true,
                              .measure = { in_mm, 12.000000000000123, 7.5, 71.25 },
                              .has_risk = true,
                              .has_signature = true,
                              .risk = 0.25,
                              .signature = -0.75,
                              .risk_of = "node metastasis",
                              .review = "networks disagree" };
    const struct sn_dicom_item *it;
    struct sn_dicom_object seg, o;
    struct sn_error err = { 0 };
    struct sn_dicom_tracking track;
    struct fixture f;
    struct sn_dicom d;
    char text[256];

    set_up(&f, &s);
    seg = some_seg(&f);
    sr.seg = &seg;
    sn_ck_ok(sn_dicom_make_sr(&f.c, &sr, &o, &err), &err);
    ck_parse(&o.file, &d);
    ck_common(&d, &o, "SR");
    ck_assert_str_eq(text_at(&d, "0040a504/0/0040db00"), "1500");
    ck_assert_str_eq(text_at(&d, "0040a493"), "UNVERIFIED");
    ck_number(&d, "103339001", 12.000000000000123, in_mm ? "mm" : "{pixels}");
    ck_number(&d, "103340004", 7.5, in_mm ? "mm" : "{pixels}");
    ck_number(&d, "42798000", 71.25, in_mm ? "mm2" : "{pixels}");
    ck_number(&d, "dl_sig", -0.75, "1");
    ck_number(&d, "risk", 25.0, "%");
    it = find_concept(&d.set, "112040");
    sn_dicom_track(&f.source, 0, &track);
    ck_assert(sn_dicom_is(sn_dicom_find(it, 0x0040a124), 0, track.uid));
    it = sn_dicom_item(sn_dicom_find(find_concept(&d.set, "121214"), 0x00081199), 0);
    ck_assert(sn_dicom_is(sn_dicom_find(it, 0x00081155), 0, seg.instance));
    it = sn_dicom_item(sn_dicom_find(find_concept(&d.set, "121233"), 0x00081199), 0);
    ck_assert(sn_dicom_is(sn_dicom_find(it, 0x00081155), 0, US_INSTANCE));
    it = find_concept(&d.set, "121013");
    ck_assert(sn_dicom_is(sn_dicom_find(it, 0x0040a160), 0, "sentinode " SN_VERSION));
    it = find_concept(&d.set, "121106");
    ck_assert_ptr_nonnull(
        strstr(sn_dicom_ascii(sn_dicom_find(it, 0x0040a160), 0, text, sizeof text), "RESEARCH USE ONLY"));
    /* evidence names both */
    ck_assert_str_eq(text_at(&d, "0040a375/0/0020000d"), US_STUDY);
    ck_assert_str_eq(text_at(&d, "0040a375/0/00081115/0/00081199/0/00081155"), US_INSTANCE);
    ck_assert_str_eq(text_at(&d, "0040a375/0/00081115/1/00081199/0/00081155"), seg.instance);
    ck_assert_str_eq(text_at(&d, "0040a375/0/00081115/1/0020000e"), seg.series);
    sn_dicom_free(&d);
    sn_dicom_object_free(&o);
    sn_dicom_object_free(&seg);
    tear_down(&f);
}
END_TEST

START_TEST(report_without_lesion)
{
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = 1 };
    struct sn_dicom_sr sr = { .found = false };
    struct sn_dicom_object o;
    struct sn_error err = { 0 };
    struct fixture f;
    struct sn_dicom d;

    set_up(&f, &s);
    sn_ck_ok(sn_dicom_make_sr(&f.c, &sr, &o, &err), &err);
    ck_parse(&o.file, &d);
    ck_assert_ptr_null(find_concept(&d.set, "126010"));
    ck_assert_ptr_nonnull(find_concept(&d.set, "121106"));
    ck_assert_uint_eq(element_at(&d, "0040a375/0/00081115")->n_items, 1);
    sn_dicom_free(&d);
    sn_dicom_object_free(&o);
    tear_down(&f);
}
END_TEST

/* ---- identity and refusals ---------------------------------------------------------------------------------- */

START_TEST(same_bytes)
{
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = FRAMES };
    uint8_t m[W * H];
    float p[W * H];
    struct sn_dicom_mask frame = { 1, m, p };
    struct sn_dicom_seg seg = { .x = X, .y = Y, .width = W, .height = H, .n = 1, .masks = &frame, .description = "a" };
    struct sn_dicom_object a, b, changed;
    struct sn_dicom_tracking t[2];
    struct sn_error err = { 0 };
    struct fixture f;

    make_mask(m, p, 4);
    set_up(&f, &s);
    sn_ck_ok(sn_dicom_make_seg(&f.c, &seg, &a, &err), &err);
    sn_ck_ok(sn_dicom_make_seg(&f.c, &seg, &b, &err), &err);
    ck_assert_uint_eq(a.file.len, b.file.len);
    ck_assert_mem_eq(a.file.data, b.file.data, a.file.len);
    m[7] ^= 1;
    sn_ck_ok(sn_dicom_make_seg(&f.c, &seg, &changed, &err), &err);
    ck_assert_str_ne(changed.instance, a.instance);
    ck_assert_str_eq(changed.series, a.series);
    sn_dicom_track(&f.source, 1, &t[0]);
    sn_dicom_track(&f.source, 2, &t[1]);
    ck_assert_str_ne(t[0].uid, t[1].uid);
    sn_dicom_object_free(&a);
    sn_dicom_object_free(&b);
    sn_dicom_object_free(&changed);
    tear_down(&f);
}
END_TEST

START_TEST(refusals)
{
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = 2 },
                        no_study = { .rows = 4, .cols = 4, .frames = 1, .without = "study" };
    uint8_t m[W * H] = { 0 };
    struct sn_dicom_mask frames[2] = { { 1, m, NULL }, { 1, m, NULL } };
    struct sn_dicom_seg seg = {
        .x = COLS - W + 1, .y = 0, .width = W, .height = H, .n = 1, .masks = frames, .description = ""
    };
    struct sn_dicom_object o;
    struct sn_dicom_source source;
    struct sn_error err = { 0 };
    struct sn_buf file = sample_file(&no_study);
    struct fixture f;
    struct sn_dicom d;

    ck_parse(&file, &d);
    sn_ck_fails(sn_dicom_source_read(&source, &d, &err), SN_EFORMAT, &err, "(0020,000d)");
    sn_dicom_free(&d);
    sn_buf_free(&file);
    set_up(&f, &s);
    sn_ck_fails(sn_dicom_make_seg(&f.c, &seg, &o, &err), SN_EINVAL, &err, "does not lie");
    seg.x = 0;
    seg.n = 2;
    sn_ck_fails(sn_dicom_make_seg(&f.c, &seg, &o, &err), SN_EINVAL, &err, "out of order");
    frames[1].frame = 2;
    sn_ck_fails(sn_dicom_make_seg(&f.c, &seg, &o, &err), SN_EINVAL, &err, "frame 3 of 2");
    seg.n = 0;
    sn_ck_fails(sn_dicom_make_seg(&f.c, &seg, &o, &err), SN_EINVAL, &err, "without frames");
    tear_down(&f);
}
END_TEST

static Suite *suite_dicom_write(void)
{
    Suite *s = suite_create("DICOM out");
    TCase *tc = tcase_create("writer");

    tcase_add_test(tc, bytes);
    tcase_add_loop_test(tc, mistakes, 0, 12);
    tcase_add_test(tc, decimal_strings);
    tcase_add_test(tc, labels);
    tcase_add_test(tc, uids);
    suite_add_tcase(s, tc);
    tc = tcase_create("objects");
    tcase_add_loop_test(tc, segmentation, 0, 2);
    tcase_add_test(tc, probability);
    tcase_add_loop_test(tc, capture, 0, 3);
    tcase_add_loop_test(tc, report, 0, 2);
    tcase_add_test(tc, report_without_lesion);
    tcase_add_test(tc, same_bytes);
    tcase_add_test(tc, refusals);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_dicom_write)
