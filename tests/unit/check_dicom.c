/*
 * check_dicom.c: elements, values and text of DICOM files made by hand; what is refused, and in which
 * words. Pixels: check_dicom_pixels.c; real files: check_dicom_data.c.
 */
#include <time.h>

#include "tests/unit/dicom_make.h"

/* ---- the tree ------------------------------------------------------------------------------- */

/* The same nest in every style: a sequence with an empty item, and one within. */
static void nest(struct maker *m, bool undefined)
{
    struct maker inner = { .implicit = m->implicit, .big = m->big }, item = inner;

    text(&item, TAG(8, 0x100), "SH", "113031");
    bytes(&inner, TAG(0x40, 0xa170), "SQ", NULL, 0);
    inner.b.len -= 4;
    put32(&inner, undefined ? 0xffffffffu : (uint32_t)item.b.len + 8);
    header(&inner, TAG(0xfffe, 0xe000), "", undefined ? 0xffffffffu : (uint32_t)item.b.len);
    sn_buf_add(&inner.b, item.b.data, item.b.len);
    if (undefined) {
        header(&inner, TAG(0xfffe, 0xe00d), "", 0);
        header(&inner, TAG(0xfffe, 0xe0dd), "", 0);
    }
    header(m, TAG(8, 0x2112), "SQ", undefined ? 0xffffffffu : (uint32_t)inner.b.len + 16);
    header(m, TAG(0xfffe, 0xe000), "", 0);
    header(m, TAG(0xfffe, 0xe000), "", undefined ? 0xffffffffu : (uint32_t)inner.b.len);
    sn_buf_add(&m->b, inner.b.data, inner.b.len);
    if (undefined) {
        header(m, TAG(0xfffe, 0xe00d), "", 0);
        header(m, TAG(0xfffe, 0xe0dd), "", 0);
    }
    sn_buf_free(&inner.b);
    sn_buf_free(&item.b);
}

static void check_nest(const struct sn_dicom *d)
{
    const struct sn_dicom_element *outer = sn_dicom_find(&d->set, TAG(8, 0x2112)), *inner, *leaf;

    ck_assert_ptr_nonnull(outer);
    ck_assert_str_eq(outer->vr, "SQ");
    ck_assert_uint_eq(outer->n_items, 2);
    ck_assert_ptr_null(sn_dicom_item(outer, 0)->first);
    inner = sn_dicom_find(sn_dicom_item(outer, 1), TAG(0x40, 0xa170));
    ck_assert_ptr_nonnull(inner);
    ck_assert_uint_eq(inner->n_items, 1);
    leaf = sn_dicom_find(sn_dicom_item(inner, 0), TAG(8, 0x100));
    ck_assert(sn_dicom_is(leaf, 0, "113031"));
    ck_assert_ptr_null(sn_dicom_item(outer, 2));
    ck_assert_ptr_null(sn_dicom_find(&d->set, TAG(8, 0x100)));
    /* what a copy takes over is the whole element, no more */
    ck_assert_ptr_eq(outer->start + outer->total, outer->next->start);
}

START_TEST(nested_sequences)
{
    static const char *const syntaxes[] = { "", ".1", ".2" };

    for (size_t i = 0; i < SN_COUNT(syntaxes); i++) {
        for (int undefined = 0; undefined < 2; undefined++) {
            struct maker m = begin(syntaxes[i]);
            struct made x;

            nest(&m, undefined);
            text(&m, TAG(0x10, 0x10), "PN", "A^B");
            make(&x, &m);
            sn_ck_fails(x.rc, SN_EFORMAT, &x.err, "no pixel data");
            check_nest(&x.d);
            ck_assert_str_eq(x.d.notes, "");
            drop(&x);
        }
    }
}
END_TEST

/* A sequence under UN holds implicit elements, whatever surrounds it; private bytes that only begin as one stay bytes. */
START_TEST(sequences_under_un)
{
    struct maker m = begin(".1"), in = { .implicit = true };
    const struct sn_dicom_element *el;
    struct made x;

    header(&in, TAG(0xfffe, 0xe000), "", 14);
    text(&in, TAG(8, 0x100), "SH", "ABCDEF");
    bytes(&m, TAG(8, 0x2112), "UN", in.b.data, in.b.len);
    header(&m, TAG(9, 0x1001), "UN", 0xffffffffu);
    sn_buf_add(&m.b, in.b.data, in.b.len);
    header(&m, TAG(0xfffe, 0xe0dd), "", 0);
    bytes(&m, TAG(9, 0x1002), "UN", in.b.data, in.b.len - 2);
    make(&x, &m);
    sn_ck_fails(x.rc, SN_EFORMAT, &x.err, "no pixel data");
    for (unsigned i = 0; i < 2; i++) {
        el = sn_dicom_find(&x.d.set, i ? TAG(9, 0x1001) : TAG(8, 0x2112));
        ck_assert_str_eq(el->vr, "SQ");
        ck_assert(sn_dicom_is(sn_dicom_find(sn_dicom_item(el, 0), TAG(8, 0x100)), 0, "ABCDEF"));
    }
    el = sn_dicom_find(&x.d.set, TAG(9, 0x1002));
    ck_assert_str_eq(el->vr, "UN");
    ck_assert_ptr_null(el->items);
    ck_assert_uint_eq(el->length, in.b.len - 2);
    sn_buf_free(&in.b);
    drop(&x);
}
END_TEST

START_TEST(depth_limit)
{
    for (int depth = SN_DICOM_MAX_DEPTH - 2; depth < SN_DICOM_MAX_DEPTH + 3; depth++) {
        struct maker m = begin(".1");
        struct made x;

        for (int i = 0; i < depth; i++) {
            header(&m, TAG(8, 0x2112), "SQ", 0xffffffffu);
            header(&m, TAG(0xfffe, 0xe000), "", 0xffffffffu);
        }
        for (int i = 0; i < depth; i++) {
            header(&m, TAG(0xfffe, 0xe00d), "", 0);
            header(&m, TAG(0xfffe, 0xe0dd), "", 0);
        }
        make(&x, &m);
        if (depth <= SN_DICOM_MAX_DEPTH)
            sn_ck_fails(x.rc, SN_EFORMAT, &x.err, "no pixel data");
        else
            sn_ck_fails(x.rc, SN_ELIMIT, &x.err, "nested deeper than 32");
        drop(&x);
    }
}
END_TEST

/* Files without a preamble, a meta group, or a transfer syntax, and with one that is not true. */
START_TEST(guessed_styles)
{
    static const char *const want[] = { "Explicit VR Little Endian", "Implicit VR Little Endian", "Explicit VR Big Endian" };

    for (int kind = 0; kind < 3; kind++) {
        for (int stated = 0; stated < 3; stated++) { /* 0: bare; 1: meta group without preamble; 2: another syntax */
            struct maker m = { 0 };
            struct made x;

            if (stated == 2)
                m = begin(kind == 0 ? "" : ".1");
            else if (stated == 1)
                text(&m, TAG(2, 0x12), "UI", "1.2.3");
            m.implicit = kind == 1;
            m.big = kind == 2;
            text(&m, TAG(8, 8), "CS", "ORIGINAL");
            text(&m, TAG(8, 0x60), "CS", "US");
            image(&m, &(struct shape){ .rows = 1, .cols = 2, .allocated = 8, .stored = 8 });
            bytes(&m, TAG(0x7fe0, 0x10), "OB", "\1\2", 2);
            make(&x, &m);
            sn_ck_ok(x.rc, &x.err);
            ck_assert_str_eq(x.d.syntax->name, want[kind]);
            ck_assert(x.d.syntax_guessed);
            ck_assert(x.d.notes[0] != 0);
            drop(&x);
        }
    }
}
END_TEST

START_TEST(not_dicom)
{
    static const char *const others[] = { "", "DICM", "P5\n1 1\n255\nx", "{\"a\": 1, \"b\": [1, 2, 3]}", "BM........................" };
    struct sn_error err = { 0 };
    struct sn_dicom d;

    for (size_t i = 0; i < SN_COUNT(others); i++) {
        ck_assert(!sn_dicom_recognise(others[i], strlen(others[i])));
        sn_ck_fails(sn_dicom_parse(others[i], strlen(others[i]), &d, &err), SN_EFORMAT, &err, "neither DICM");
    }
}
END_TEST

/* Lengths that lie are told with the byte they are at. */
START_TEST(bad_lengths)
{
    static const struct {
        uint32_t tag, length;
        const char *vr, *message;
    } cases[] = {
        { TAG(8, 0x60), 100, "CS", "element (0008,0060) at byte 160 needs 100 bytes, 2 remain" },
        { TAG(8, 0x60), 1, "CS", "too few for an element" },
        { TAG(8, 0x2112), 0xffffffffu, "SQ", "without its delimiter" },
        { TAG(8, 0x2112), 2, "SQ", "without its delimiter" },
        { TAG(9, 1), 0xffffffffu, "UT", "of VR UT has no length" },
        { TAG(0xfffe, 0xe000), 0, "", "expected an element" },
        { TAG(0x7fe0, 0x10), 0xfffffffeu, "OW", "needs 4294967294 bytes" },
    };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct maker m = begin(".1");
        struct made x;

        header(&m, cases[i].tag, cases[i].vr, cases[i].length);
        sn_buf_add(&m.b, "xx", 2);
        make(&x, &m);
        sn_ck_fails(x.rc, SN_EFORMAT, &x.err, cases[i].message);
        drop(&x);
    }
}
END_TEST

/* ---- values --------------------------------------------------------------------------------- */

START_TEST(values)
{
    static const char *const syntaxes[] = { "", ".1", ".2" };

    for (size_t i = 0; i < SN_COUNT(syntaxes); i++) {
        struct maker m = begin(syntaxes[i]);
        const struct sn_dicom_item *s;
        struct made x;
        int64_t v = 0;
        double r = 0;
        char buf[8];

        text(&m, TAG(8, 0x18), "UI", "1.2.3");
        text(&m, TAG(8, 0x2142), "IS", " +12\\-3 ");
        text(&m, TAG(8, 0x2144), "IS", "1.5");
        header(&m, TAG(0x18, 0x6020), "SL", 4);
        put32(&m, (uint32_t)-7);
        fd(&m, TAG(0x18, 0x602c), -0.25);
        header(&m, TAG(0x28, 9), "AT", 4);
        put16(&m, 0x18);
        put16(&m, 0x1063);
        us3(&m, TAG(0x28, 0x1101), 1, 65535, 16);
        text(&m, TAG(0x28, 0x1050), "DS", "1e2\\ -4.5");
        make(&x, &m);
        s = &x.d.set;
        ck_assert(sn_dicom_is(sn_dicom_find(s, TAG(8, 0x18)), 0, "1.2.3"));
        ck_assert_str_eq(sn_dicom_ascii(sn_dicom_find(s, TAG(8, 0x18)), 0, buf, 4), "1.2");
        ck_assert_uint_eq(sn_dicom_count(sn_dicom_find(s, TAG(8, 0x2142))), 2);
        ck_assert(sn_dicom_int(sn_dicom_find(s, TAG(8, 0x2142)), 0, &v) && v == 12);
        ck_assert(sn_dicom_int(sn_dicom_find(s, TAG(8, 0x2142)), 1, &v) && v == -3);
        ck_assert(!sn_dicom_int(sn_dicom_find(s, TAG(8, 0x2142)), 2, &v));
        ck_assert(!sn_dicom_int(sn_dicom_find(s, TAG(8, 0x2144)), 0, &v));
        ck_assert(sn_dicom_int(sn_dicom_find(s, TAG(0x18, 0x6020)), 0, &v) && v == -7);
        ck_assert(sn_dicom_real(sn_dicom_find(s, TAG(0x18, 0x602c)), 0, &r) && r == -0.25);
        ck_assert(!sn_dicom_int(sn_dicom_find(s, TAG(0x18, 0x602c)), 0, &v));
        ck_assert(sn_dicom_int(sn_dicom_find(s, TAG(0x28, 9)), 0, &v) && v == TAG(0x18, 0x1063));
        ck_assert(sn_dicom_int(sn_dicom_find(s, TAG(0x28, 0x1101)), 1, &v) && v == 65535);
        ck_assert(sn_dicom_real(sn_dicom_find(s, TAG(0x28, 0x1050)), 1, &r) && r == -4.5);
        ck_assert(!sn_dicom_int(NULL, 0, &v) && !sn_dicom_real(NULL, 0, &r) && sn_dicom_count(NULL) == 0);
        ck_assert_str_eq(sn_dicom_ascii(NULL, 0, buf, sizeof buf), "");
        drop(&x);
    }
}
END_TEST

/* The dictionary is sorted, which finding depends on, and tells the VR where the file does not. */
START_TEST(dictionary)
{
    ck_assert_str_eq(sn_dicom_lookup(TAG(0x28, 0x10))->name, "Rows");
    ck_assert_str_eq(sn_dicom_lookup(TAG(2, 0))->name, "FileMetaInformationGroupLength");
    ck_assert_str_eq(sn_dicom_lookup(TAG(0xfffc, 0xfffc))->name, "DataSetTrailingPadding");
    ck_assert_str_eq(sn_dicom_lookup(TAG(0x6012, 0x3000))->name, "OverlayData");
    ck_assert_ptr_null(sn_dicom_lookup(TAG(0x6011, 0x3000)));
    ck_assert_ptr_null(sn_dicom_lookup(TAG(9, 0x1001)));
    ck_assert(sn_dicom_lookup(TAG(0x10, 0x10))->phi && sn_dicom_lookup(TAG(0x20, 0x0d))->phi);
    ck_assert(!sn_dicom_lookup(TAG(8, 0x60))->phi);
    for (uint32_t group = 8; group <= 0x20; group += 8)
        for (uint32_t e = 0; e < 0x10000; e++) {
            const struct sn_dicom_entry *x = sn_dicom_lookup(TAG(group, e));

            ck_assert(!x || (x->tag == TAG(group, e) && strlen(x->vr) == 2));
        }
}
END_TEST

/* ---- text ----------------------------------------------------------------------------------- */

/* Bytes and characters: pydicom 2.3.1, charset.encode_string(text, convert_encodings(term)). */
START_TEST(character_sets)
{
    static const struct {
        const char *term, *stored, *want;
        bool good;
    } cases[] = {
        { NULL, "Smith^John", "Smith^John", true },
        { "ISO_IR 100", "M\xfcller^J\xf6rg", "Müller^Jörg", true },
        { "ISO-IR 100", "M\xfcller^J\xf6rg", "Müller^Jörg", true },
        { "ISO_IR 101", "Dvo\xf8\xe1k^\xaeofie", "Dvořák^Žofie", true },
        { "ISO_IR 109", "\xd8is^\xa1" "al", "Ĝis^Ħal", true },
        { "ISO_IR 110", "\xa6ieldiena^\xab", "Ļieldiena^Ģ", true },
        { "ISO_IR 144", "\xbb\xee\xda\xe1\xd5\xdc\xd1\xe3\xe0\xd3", "Люксембург", true },
        { "ISO_IR 127", "\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار", true },
        { "ISO_IR 126", "\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος", true },
        { "ISO_IR 138", "\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה", true },
        { "ISO_IR 148", "\xc7" "avu\xfeo\xf0lu", "Çavuşoğlu", true },
        { "ISO_IR 166", "\xb9\xd2\xc1\xca\xa1\xd8\xc5", "นามสกุล", true },
        { "ISO_IR 13", "\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ", true },
        { "ISO_IR 192", "\xe7\x8e\x8b^\xe5\xb0\x8f\xe4\xb8\x9c", "王^小东", true },
        /* code extension: G1 sets by escape, and back to the first set after a delimiter */
        { "ISO 2022 IR 100\\ISO 2022 IR 126", "\xfc\x1b-F\xc4\xe9^\xfc", "üΔι^ü", true },
        { "\\ISO 2022 IR 144", "Luxemburg=\x1b-L\xbb\xee\xda", "Luxemburg=Люк", true },
        /* what cannot be decoded is said, and takes no neighbour with it */
        { NULL, "M\xfcller^Jo", "[text in an unstated character set not decoded]^Jo", false },
        { "ISO_IR 192", "a\xff\xfe^b", "[text in malformed UTF-8 not decoded]^b", false },
        { "ISO_IR 192", "a\xc2\x9b" "31m", "[text in malformed UTF-8 not decoded]", false },
        { "KOI8", "\xc1\xc2", "[text in an unknown character set not decoded]", false },
        { "GB18030", "Wang=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang=王^小东", true },
        { "GBK", "\x81\x5c" "A", "乗A", true }, /* 5C within a character is no delimiter */
        { "GB18030", "a\x81", "[text in GB18030 not decoded]", false }, /* ends within a character */
        { "\\ISO 2022 IR 87", "Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada^Tarou=[text in ISO 2022 IR 87 not decoded]^[text in ISO 2022 IR 87 not decoded]", false },
        { "\\ISO 2022 IR 87", "\x1b$B%\\%=\x1b(B", "[text in ISO 2022 IR 87 not decoded]", false }, /* 5C and 3D within */
        { "\\ISO 2022 IR 149", "Hong=\x1b$)C\xfb\xf3", "Hong=[text in ISO 2022 IR 149 not decoded]", false },
        { "\\ISO 2022 IR 58", "Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab", "Zhang^XiaoDong=张^小东", true }, /* PS3.5 K.2 */
        { "\\ISO 2022 IR 58", "1\x1b$)A\xb5\xda" "2\xd0\xd0\r\n\xb5\xda", "1第2行\r\n[text in an unstated character set not decoded]", false },
        { "\\ISO 2022 IR 58", "\x1b$)A\x81\x40", "[text in ISO 2022 IR 58 not decoded]", false }, /* GBK, not GB 2312 */
        { "\\ISO 2022 IR 58", "\x1b$)A\xaa\xa1^b", "[text in ISO 2022 IR 58 not decoded]^b", false }, /* unassigned */
        { "\\ISO 2022 IR 58", "\x1b$)A\xcd", "[text in ISO 2022 IR 58 not decoded]", false },
        { "GB18030", "\xaa\xa1", "[text in GB18030 not decoded]", false }, /* private use */
        { "GB18030", "\x81\x30\x83\x37^\x90\x30\x81\x30", "[text in GB18030 not decoded]^𐀀", false }, /* a control character */
        { "GB18030", "\xff^b", "[text in GB18030 not decoded]^b", false },
        { "ISO_IR 100", "a\x1b[31mb", "[text in an unknown character set not decoded]", false },
        { "ISO_IR 100", "a\x07z", "[text in an unknown character set not decoded]", false },
    };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct maker m = begin(".1");
        struct sn_buf out = { 0 };
        struct made x;
        bool good;

        if (cases[i].term)
            text(&m, TAG(8, 5), "CS", cases[i].term);
        text(&m, TAG(0x10, 0x10), "PN", cases[i].stored);
        make(&x, &m);
        good = sn_dicom_text(sn_dicom_find(&x.d.set, TAG(0x10, 0x10)), sn_dicom_find(&x.d.set, TAG(8, 5)), &out);
        ck_assert_msg(out.data && strcmp(out.data, cases[i].want) == 0, "%zu: '%s', expected '%s'", i, out.data, cases[i].want);
        ck_assert_int_eq(good, cases[i].good);
        sn_buf_free(&out);
        drop(&x);
    }
}
END_TEST

/* Text as long as a file can be: the time is that of its length, not of tables made for each character. */
START_TEST(long_chinese_text)
{
    enum { CHARS = 500000 };
    static const char wang[] = "\xcd\xf5";
    struct maker m = begin(".1");
    struct sn_buf out = { 0 };
    struct made x;
    clock_t start;

    text(&m, TAG(8, 5), "CS", "GB18030");
    header(&m, TAG(0x40, 0xa160), "UT", 2 * CHARS);
    for (size_t i = 0; i < CHARS; i++)
        sn_buf_add(&m.b, wang, 2);
    make(&x, &m);
    start = clock();
    ck_assert(sn_dicom_text(sn_dicom_find(&x.d.set, TAG(0x40, 0xa160)), sn_dicom_find(&x.d.set, TAG(8, 5)), &out));
    ck_assert_msg(clock() - start < 2 * CLOCKS_PER_SEC, "took %g s", (double)(clock() - start) / CLOCKS_PER_SEC);
    ck_assert_uint_eq(out.len, 3 * CHARS);
    ck_assert_str_eq(out.data + out.len - 6, "王王");
    sn_buf_free(&out);
    drop(&x);
}
END_TEST

/* ---- privacy -------------------------------------------------------------------------------- */

/* A file full of names, damaged at every byte and cut at every length: no message, note or detail has them. */
START_TEST(no_names_in_messages)
{
    struct maker m = begin(".1");
    size_t n;
    uint8_t *file;

    text(&m, TAG(8, 0x60), "CS", "US");
    text(&m, TAG(8, 0x80), "LO", "SECRETHOSPITAL");
    text(&m, TAG(0x10, 0x10), "PN", "SECRETNAME^X");
    text(&m, TAG(0x10, 0x20), "LO", "SECRET123");
    image(&m, &(struct shape){ .rows = 2, .cols = 2, .allocated = 8, .stored = 8, .frames = "2" });
    bytes(&m, TAG(0x7fe0, 0x10), "OB", "SECRET78", 8);
    file = finish(&m, &n);
    for (size_t i = 0; i < 2 * n; i++) {
        uint8_t old = file[i % n];
        struct sn_error err = { 0 };
        struct sn_image im;
        int rc;

        file[i % n] = i < n ? 0xff : file[i % n];
        rc = sn_image_decode(file, i < n ? n : i - n, &im, &err);
        ck_assert(!strstr(rc ? err.msg : im.detail, "SECRET"));
        file[i % n] = old;
        sn_image_free(&im);
    }
    free(file);
}
END_TEST

static Suite *suite_dicom(void)
{
    Suite *s = suite_create("dicom");
    TCase *t = tcase_create("elements");

    tcase_add_test(t, nested_sequences);
    tcase_add_test(t, sequences_under_un);
    tcase_add_test(t, depth_limit);
    tcase_add_test(t, guessed_styles);
    tcase_add_test(t, not_dicom);
    tcase_add_test(t, bad_lengths);
    tcase_add_test(t, values);
    tcase_add_test(t, dictionary);
    tcase_add_test(t, character_sets);
    tcase_add_test(t, long_chinese_text);
    tcase_add_test(t, no_names_in_messages);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_dicom)
