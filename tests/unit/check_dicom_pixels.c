/*
 * check_dicom_pixels.c: stored values, frames, grey scales, palettes, colour, regions and spacing of
 * DICOM files made by hand, and what is refused.
 */
#include "tests/unit/dicom_make.h"

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define NATIVE(m, ...) bytes((m), TAG(0x7fe0, 0x10), "OW", BYTES(__VA_ARGS__))

static void expect_stored(struct made *x, uint32_t frame, const void *want, size_t n)
{
    uint8_t *out = malloc(n);

    sn_ck_ok(x->rc, &x->err);
    ck_assert_uint_eq(n, (size_t)x->p.rows * x->p.cols * (size_t)x->p.samples * (size_t)x->p.bytes);
    ck_assert_ptr_nonnull(out);
    sn_ck_ok(sn_dicom_stored(&x->d, &x->p, frame, out, &x->err), &x->err);
    ck_assert_mem_eq(out, want, n);
    free(out);
}

static void expect_shown(struct made *x, const void *want, size_t n)
{
    struct sn_image im;

    sn_ck_ok(x->rc, &x->err);
    sn_ck_ok(show(x, 0, &im), &x->err);
    ck_assert_uint_eq(n, sn_image_bytes(&im));
    ck_assert_mem_eq(im.data, want, n);
    sn_image_free(&im);
}

static void expect_refused(struct maker *m, int code, const char *message)
{
    struct sn_image im;
    struct made x;

    make(&x, m);
    if (!x.rc)
        x.rc = show(&x, 0, &im);
    sn_ck_fails(x.rc, code, &x.err, message);
    drop(&x);
}

/* ---- native ---------------------------------------------------------------------------------- */

START_TEST(packed_bits)
{
    struct maker m = begin(".1");
    struct made x;

    image(&m, &(struct shape){ .rows = 1, .cols = 5, .allocated = 1, .stored = 1, .frames = "3" });
    NATIVE(&m, 0x35, 0x4b); /* 10101 100 | 11 01001 0, lowest bit first */
    make(&x, &m);
    expect_stored(&x, 0, BYTES(1, 0, 1, 0, 1));
    expect_stored(&x, 1, BYTES(1, 0, 0, 1, 1));
    expect_stored(&x, 2, BYTES(0, 1, 0, 0, 1));
    expect_shown(&x, BYTES(255, 0, 255, 0, 255));
    drop(&x);
    m = begin("");
    image(&m, &(struct shape){ .rows = 1, .cols = 2, .allocated = 12, .stored = 12 });
    NATIVE(&m, 0xbc, 0x3a, 0x12, 0);
    make(&x, &m);
    expect_stored(&x, 0, (const uint16_t[]){ 0xabc, 0x123 }, 4);
    drop(&x);
}
END_TEST

START_TEST(byte_orders_and_planes)
{
    static const char *const syntaxes[] = { "", ".1", ".2" };

    for (size_t i = 0; i < SN_COUNT(syntaxes); i++) {
        struct maker m = begin(syntaxes[i]);
        struct made x;

        image(&m, &(struct shape){ .rows = 1, .cols = 2, .samples = 3, .allocated = 16, .stored = 16, .planar = 1, .photometric = "RGB" });
        header(&m, TAG(0x7fe0, 0x10), "OW", 12);
        for (unsigned k = 1; k <= 6; k++)
            put16(&m, 0x1000 * k);
        make(&x, &m);
        expect_stored(&x, 0, (const uint16_t[]){ 0x1000, 0x3000, 0x5000, 0x2000, 0x4000, 0x6000 }, 12);
        expect_shown(&x, BYTES(0x10, 0x30, 0x50, 0x20, 0x40, 0x60));
        drop(&x);
    }
}
END_TEST

/* Y Y Cb Cr; at full size under the same label; and in studio range. */
START_TEST(subsampled_colour)
{
    struct maker m = begin(".1");
    struct made x;

    image(&m, &(struct shape){ .rows = 1, .cols = 2, .samples = 3, .allocated = 8, .stored = 8, .photometric = "YBR_FULL_422" });
    NATIVE(&m, 100, 200, 118, 138);
    make(&x, &m);
    expect_stored(&x, 0, BYTES(100, 118, 138, 200, 118, 138));
    /* R = Y + 14.02, G = Y + 3.44 - 7.14, B = Y - 17.72 */
    expect_shown(&x, BYTES(114, 96, 82, 214, 196, 182));
    drop(&x);
    m = begin(".1");
    image(&m, &(struct shape){ .rows = 1, .cols = 2, .samples = 3, .allocated = 8, .stored = 8, .photometric = "YBR_FULL_422" });
    NATIVE(&m, 76, 85, 255, 150, 44, 21);
    make(&x, &m);
    expect_stored(&x, 0, BYTES(76, 85, 255, 150, 44, 21));
    ck_assert_ptr_nonnull(strstr(x.d.notes, "full chroma"));
    expect_shown(&x, BYTES(254, 0, 0, 0, 255, 1)); /* R = 76 + 1.402 * 127 and so on: red and green of PS3.3 */
    drop(&x);
    m = begin(".1");
    image(&m, &(struct shape){ .rows = 1, .cols = 2, .samples = 3, .allocated = 8, .stored = 8, .photometric = "YBR_PARTIAL_422" });
    NATIVE(&m, 16, 235, 128, 128);
    make(&x, &m);
    expect_shown(&x, BYTES(0, 0, 0, 255, 255, 255));
    drop(&x);
}
END_TEST

/* ---- RLE and fragments ------------------------------------------------------------------------- */

/* One segment, 4 x 1 pixels: a run and literals. */
static void rle_frame(uint8_t out[70], uint8_t a, uint8_t b)
{
    memset(out, 0, 70);
    out[0] = 1;
    out[4] = 64;
    out[64] = 255; /* two of a */
    out[65] = a;
    out[66] = 1;   /* two literals */
    out[67] = b;
    out[68] = (uint8_t)(b + 1);
    out[69] = 128; /* no operation */
}

START_TEST(rle)
{
    uint8_t two[64 + 6] = { 2, 0, 0, 0, 64, 0, 0, 0, 67 };
    struct maker m = begin(".5");
    struct made x;

    /* 16 bits: high bytes, then low ones */
    memcpy(two + 64, "\1\x12\x34\xff\x56\x80", 6);
    image(&m, &(struct shape){ .rows = 1, .cols = 2, .allocated = 16, .stored = 16 });
    fragments(&m, (const struct fragment[]){ { NULL, 0 }, { two, 70 } }, 2, true);
    make(&x, &m);
    expect_stored(&x, 0, (const uint16_t[]){ 0x1256, 0x3456 }, 4);
    drop(&x);
    for (int k = 0; k < 5; k++) {
        static const char *const message[] = { "2 segments|3 segments", "segment 2 at byte", "holds 0 of 2", "inside a run", "header alone has 64" };
        uint8_t bad[70];

        memcpy(bad, two, 70);
        bad[0] = k == 0 ? 3 : 2;
        bad[8] = k == 1 ? 63 : 67;
        bad[67] = k == 2 ? 128 : k == 3 ? 9 : 255;
        bad[68] = k == 2 ? 128 : 0x56;
        m = begin(".5");
        image(&m, &(struct shape){ .rows = 1, .cols = 2, .allocated = 16, .stored = 16 });
        fragments(&m, (const struct fragment[]){ { NULL, 0 }, { bad, k == 4 ? 62 : 70 } }, 2, true);
        expect_refused(&m, SN_EFORMAT, k == 0 ? "3 segments" : message[k]);
    }
}
END_TEST

/* Three frames; each kind of table, and what is done without or with a wrong one. */
START_TEST(offset_tables)
{
    static const struct {
        uint32_t basic[3];
        uint64_t extended[3];
        size_t n_basic, n_extended;
        bool split, empty, delimiter, found;
        const char *note;
    } cases[] = {
        { { 0 }, { 0 }, 0, 0, false, false, true, true, "" },
        { { 0 }, { 0 }, 0, 0, false, false, false, true, "no delimiter" },
        { { 0 }, { 0 }, 0, 0, false, true, true, true, "" },               /* an empty fragment between */
        { { 0, 78, 156 }, { 0 }, 3, 0, false, false, true, true, "" },
        { { 0, 78 }, { 0 }, 2, 0, false, false, true, true, "offset table does not fit" },
        { { 0, 80, 156 }, { 0 }, 3, 0, false, false, true, true, "offset table does not fit" },
        { { 0, 156, 78 }, { 0 }, 3, 0, false, false, true, true, "offset table does not fit" },
        { { 0 }, { 0, 78, 156 }, 0, 3, false, false, true, true, "" },
        { { 0 }, { 0, 78, 1ull << 60 }, 0, 3, false, false, true, true, "extended offset table does not fit" },
        { { 0, 86, 172 }, { 0 }, 3, 0, true, false, true, true, "" },      /* frames of two fragments */
        { { 0 }, { 0, 86, 172 }, 0, 3, true, false, true, true, "" },
        { { 0 }, { 0 }, 0, 0, true, false, true, false, "" },              /* not to be told apart */
    };
    uint8_t frame[3][70], table[12], extended[24];

    for (uint8_t f = 0; f < 3; f++)
        rle_frame(frame[f], (uint8_t)(10 * f), (uint8_t)(100 + f));
    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct fragment list[10] = { { table, 4 * cases[i].n_basic } };
        struct maker m = begin(".5");
        struct made x;
        size_t n = 1;

        for (size_t f = 0; f < 3; f++) {
            sn_put_le32(table + 4 * f, cases[i].basic[f]);
            sn_put_le64(extended + 8 * f, cases[i].extended[f]);
            list[n++] = (struct fragment){ frame[f], cases[i].split ? 66 : 70 };
            if (cases[i].split)
                list[n++] = (struct fragment){ frame[f] + 66, 4 };
            if (cases[i].empty && f == 1)
                list[n++] = (struct fragment){ NULL, 0 };
        }
        image(&m, &(struct shape){ .rows = 1, .cols = 4, .allocated = 8, .stored = 8, .frames = "3" });
        if (cases[i].n_extended)
            bytes(&m, TAG(0x7fe0, 1), "OV", extended, 24);
        fragments(&m, list, n, cases[i].delimiter);
        make(&x, &m);
        if (!cases[i].found)
            sn_ck_fails(x.rc, SN_EFORMAT, &x.err, "6 fragments cannot be told apart into 3 frames");
        for (uint8_t f = 0; f < 3 && cases[i].found; f++) {
            uint8_t want[4] = { (uint8_t)(10 * f), (uint8_t)(10 * f), (uint8_t)(100 + f), (uint8_t)(101 + f) };

            expect_stored(&x, f, want, 4);
        }
        ck_assert_msg(cases[i].note[0] ? strstr(x.d.notes, cases[i].note) != NULL : !strstr(x.d.notes, "offset"), "%zu: '%s'", i, x.d.notes);
        drop(&x);
    }
}
END_TEST

/* Offsets that fit fragments but leave the first one out. */
START_TEST(table_skips_a_fragment)
{
    static const uint8_t table[8] = { 78, 0, 0, 0, 156, 0, 0, 0 };
    struct maker m = begin(".5");
    uint8_t frame[70];

    rle_frame(frame, 1, 2);
    image(&m, &(struct shape){ .rows = 1, .cols = 4, .allocated = 8, .stored = 8, .frames = "2" });
    fragments(&m, (const struct fragment[]){ { table, 8 }, { frame, 70 }, { frame, 70 }, { frame, 70 } }, 4, true);
    expect_refused(&m, SN_EFORMAT, "3 fragments cannot be told apart into 2 frames");
}
END_TEST

/* ---- JPEG ------------------------------------------------------------------------------------ */

static struct made jpeg_file(const char *name, const char *photometric)
{
    struct maker m = begin(".4.50");
    struct sn_error err = { 0 };
    struct sn_map map;
    struct made x;

    sn_ck_ok(sn_map_file(sn_test_file(name), &map, &err), &err);
    image(&m, &(struct shape){ .rows = 16, .cols = 16, .samples = 3, .allocated = 8, .stored = 8, .photometric = photometric });
    fragments(&m, (const struct fragment[]){ { NULL, 0 }, { map.data, map.size } }, 2, true);
    make(&x, &m);
    sn_map_close(&map);
    return x;
}

/* The picture is grey with one red corner, whatever it is labelled and however it is stored. */
START_TEST(jpeg_colour_from_the_stream)
{
    static const struct {
        const char *file, *label, *note;
    } cases[] = { { "rgb", "RGB", "" }, { "ycc", "RGB", "looks like YCbCr" }, { "ycc", "YBR_FULL", "" }, { "ycc", "YBR_FULL_422", "" } };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        char name[64];
        const uint8_t *px;
        struct sn_image im;
        struct made x;

        snprintf(name, sizeof name, "tests/unit/data/dicom/unmarked_%s.jpg", cases[i].file);
        x = jpeg_file(name, cases[i].label);
        sn_ck_ok(x.rc, &x.err);
        sn_ck_ok(show(&x, 0, &im), &x.err);
        px = im.data;
        ck_assert_msg(px[0] > 150 && px[1] < 90 && px[2] < 90, "%zu: corner %u %u %u", i, px[0], px[1], px[2]);
        px += 3 * (16 * 12 + 12);
        ck_assert_msg(px[0] > 95 && px[0] < 135 && abs(px[0] - px[1]) < 8 && abs(px[0] - px[2]) < 8, "%zu: middle %u %u %u", i, px[0], px[1], px[2]);
        ck_assert_msg(cases[i].note[0] ? strstr(x.d.notes, cases[i].note) != NULL : x.d.notes[0] == 0, "%zu: '%s'", i, x.d.notes);
        sn_image_free(&im);
        drop(&x);
    }
}
END_TEST

/* A frame whose stream stops early: an error that names the place; leniently the rows there are, and a mark. */
START_TEST(jpeg_cut_short)
{
    static const struct shape shape = { .rows = 21, .cols = 29, .samples = 3, .allocated = 8, .stored = 8, .photometric = "YBR_FULL_422" };
    struct maker m[2] = { begin(".4.50"), begin(".4.50") };
    struct sn_error err = { 0 };
    struct sn_image im[2];
    struct sn_map map;
    struct made x;

    sn_ck_ok(sn_map_file(sn_test_file("tests/fuzz/corpus/jpeg/baseline_420.jpg"), &map, &err), &err);
    for (unsigned cut = 0; cut < 2; cut++) {
        image(&m[cut], &shape);
        fragments(&m[cut], (const struct fragment[]){ { NULL, 0 }, { map.data, map.size - 40 * cut } }, 2, true);
        make(&x, &m[cut]);
        sn_ck_ok(x.rc, &x.err);
        if (cut)
            sn_ck_fails(show(&x, 0, &im[1]), SN_EFORMAT, &x.err, "lenient reading would go on");
        x.d.lenient = cut;
        sn_ck_ok(show(&x, 0, &im[cut]), &x.err);
        drop(&x);
    }
    sn_map_close(&map);
    ck_assert(!im[0].damaged && im[0].warnings == 0);
    ck_assert(im[1].damaged && im[1].warnings == SN_WARN_DAMAGED && strstr(im[1].detail, "DAMAGED (byte "));
    ck_assert_mem_eq(im[1].data, im[0].data, 3 * 29 * 12); /* the upper rows are those of the whole picture */
    ck_assert_mem_ne(im[1].data, im[0].data, 3 * 29 * 21);
    sn_image_free(&im[0]);
    sn_image_free(&im[1]);
}
END_TEST

/* ---- grey ------------------------------------------------------------------------------------ */

/* One row of 16-bit values through what `add` puts into the file. */
static void grey(void (*add)(struct maker *), bool is_signed, unsigned stored, const char *photometric, const uint16_t *in, size_t n,
                 const uint8_t *want)
{
    struct maker m = begin(".1");
    struct made x;

    image(&m, &(struct shape){ .rows = 1, .cols = (unsigned)n, .allocated = 16, .stored = stored, .is_signed = is_signed, .photometric = photometric });
    if (add)
        add(&m);
    header(&m, TAG(0x7fe0, 0x10), "OW", (uint32_t)(2 * n));
    for (size_t i = 0; i < n; i++)
        put16(&m, in[i]);
    make(&x, &m);
    expect_shown(&x, want, n);
    drop(&x);
}

static void add_linear(struct maker *m)
{
    text(m, TAG(0x28, 0x1050), "DS", "2048\\9");
    text(m, TAG(0x28, 0x1051), "DS", "4096\\9");
}

/* PS3.3 C.11.2.1.2.1, note 3: c = 2048, w = 1 shows 0 below and at 2047.5 and the maximum above. */
static void add_threshold(struct maker *m)
{
    text(m, TAG(0x28, 0x1050), "DS", "2048");
    text(m, TAG(0x28, 0x1051), "DS", "1");
}

static void add_narrow(struct maker *m)
{
    text(m, TAG(0x28, 0x1050), "DS", "10");
    text(m, TAG(0x28, 0x1051), "DS", "5");
}

static void add_exact(struct maker *m)
{
    add_linear(m);
    text(m, TAG(0x28, 0x1056), "CS", "LINEAR_EXACT");
}

static void add_sigmoid(struct maker *m)
{
    text(m, TAG(0x28, 0x1050), "DS", "0");
    text(m, TAG(0x28, 0x1051), "DS", "4");
    text(m, TAG(0x28, 0x1056), "CS", "SIGMOID");
}

static void add_rescale(struct maker *m)
{
    text(m, TAG(0x28, 0x1052), "DS", "-100");
    text(m, TAG(0x28, 0x1053), "DS", "2");
    text(m, TAG(0x28, 0x1050), "DS", "128");
    text(m, TAG(0x28, 0x1051), "DS", "256");
}

/* A table of three values from 10 on, 8 of 16 bits. */
static void add_table(struct maker *m)
{
    struct maker item = { 0 };

    us3(&item, TAG(0x28, 0x3002), 3, 10, 16);
    us3(&item, TAG(0x28, 0x3006), 0, 0x8080, 0xffff);
    header(m, TAG(0x28, 0x3010), "SQ", (uint32_t)item.b.len + 8);
    header(m, TAG(0xfffe, 0xe000), "", (uint32_t)item.b.len);
    sn_buf_add(&m->b, item.b.data, item.b.len);
    sn_buf_free(&item.b);
}

START_TEST(grey_scales)
{
    static const uint16_t all[] = { 0, 1, 2047, 2048, 4094, 4095 }, high[] = { 0xf000, 0x0fff, 0x8000 };
    static const uint16_t sig[] = { 0xfffc, 0xffff, 0, 1, 4 }, res[] = { 0, 50, 100, 178, 300 }, lut[] = { 0, 10, 11, 12, 99 };

    /* the formulas of PS3.3 C.11.2.1.2 by hand, halves up */
    grey(add_linear, false, 12, NULL, all, 6, (const uint8_t[]){ 0, 0, 127, 128, 255, 255 });
    /* (x - 9.5) / 4 + 1/2 of 255 */
    grey(add_narrow, false, 12, NULL, (const uint16_t[]){ 7, 8, 9, 10, 11, 12 }, 6, (const uint8_t[]){ 0, 32, 96, 159, 223, 255 });
    grey(add_threshold, false, 12, NULL, all, 6, (const uint8_t[]){ 0, 0, 0, 255, 255, 255 });
    grey(add_exact, false, 12, NULL, all, 6, (const uint8_t[]){ 0, 0, 127, 128, 255, 255 });
    grey(add_linear, false, 12, "MONOCHROME1", all, 6, (const uint8_t[]){ 255, 255, 128, 127, 0, 0 });
    /* 255 / (1 + exp(-x)) at -4, -1, 0, 1, 4 */
    grey(add_sigmoid, true, 16, NULL, sig, 5, (const uint8_t[]){ 5, 69, 128, 186, 250 });
    grey(add_rescale, false, 16, NULL, res, 5, (const uint8_t[]){ 0, 0, 100, 255, 255 });
    grey(add_table, false, 16, NULL, lut, 5, (const uint8_t[]){ 0, 0, 128, 255, 255 });
    /* no window: the range of the bits; what lies above them (overlays) is masked */
    grey(NULL, false, 12, NULL, all, 6, (const uint8_t[]){ 0, 0, 127, 128, 255, 255 });
    grey(NULL, false, 12, NULL, high, 3, (const uint8_t[]){ 0, 255, 0 });
    grey(NULL, true, 12, NULL, (const uint16_t[]){ 0x800, 0xfff, 0, 0x7ff }, 4, (const uint8_t[]){ 0, 127, 128, 255 });
}
END_TEST

/* ---- palettes -------------------------------------------------------------------------------- */

static void add_palette(struct maker *m, unsigned n, unsigned first, unsigned bits, const void *data, size_t size, bool parts)
{
    for (unsigned c = 0; c < 3; c++)
        us3(m, TAG(0x28, 0x1101 + c), n, first, bits);
    for (unsigned c = 0; c < 3; c++)
        bytes(m, TAG(0x28, (parts ? 0x1221 : 0x1201) + c), "OW", data, size);
}

static void palette(unsigned n, unsigned first, unsigned bits, const void *data, size_t size, bool parts, const uint8_t *in, size_t pixels,
                    const uint8_t *want)
{
    struct maker m = begin(".1");
    const uint8_t *px;
    struct sn_image im;
    struct made x;

    image(&m, &(struct shape){ .rows = 1, .cols = (unsigned)pixels, .allocated = 8, .stored = 8, .photometric = "PALETTE COLOR" });
    add_palette(&m, n, first, bits, data, size, parts);
    bytes(&m, TAG(0x7fe0, 0x10), "OB", in, pixels);
    make(&x, &m);
    sn_ck_ok(x.rc, &x.err);
    sn_ck_ok(show(&x, 0, &im), &x.err);
    ck_assert_int_eq(im.channels, 3);
    px = im.data;
    for (size_t i = 0; i < pixels; i++)
        ck_assert_msg(px[3 * i] == want[i] && px[3 * i + 1] == want[i] && px[3 * i + 2] == want[i], "pixel %zu: %u, expected %u", i, px[3 * i], want[i]);
    sn_image_free(&im);
    drop(&x);
}

START_TEST(palettes)
{
    static const uint8_t in[6] = { 0, 4, 5, 6, 7, 255 };
    /* 0: three values; 1: three steps to 700; 2: the first segment again */
    static const uint16_t codes[] = { 0, 3, 0x1000, 0x2000, 0x4000, 1, 4, 0x8000, 2, 1, 0, 0, 0, 1, 0xff00 };
    static const uint16_t wide[4] = { 0x1000, 0x2080, 0xc0ff, 0xffff }, small[4] = { 10, 20, 30, 255 };
    static const uint8_t narrow[4] = { 1, 2, 3, 4 };
    uint8_t le[30];

    for (size_t i = 0; i < 4; i++)
        sn_put_le16(le + 2 * i, wide[i]);
    palette(4, 4, 16, le, 8, false, in, 6, (const uint8_t[]){ 0x10, 0x10, 0x20, 0xc0, 0xff, 0xff });
    palette(4, 4, 8, narrow, 4, false, in, 6, (const uint8_t[]){ 1, 1, 2, 3, 4, 4 });
    for (size_t i = 0; i < 4; i++)
        sn_put_le16(le + 2 * i, small[i]);
    palette(4, 4, 16, le, 8, false, in, 6, (const uint8_t[]){ 10, 10, 20, 30, 255, 255 });
    palette(4, 4, 8, le, 8, false, in, 6, (const uint8_t[]){ 10, 10, 20, 30, 255, 255 });
    for (size_t i = 0; i < SN_COUNT(codes); i++)
        sn_put_le16(le + 2 * i, codes[i]);
    palette(11, 0, 16, le, 30, true, (const uint8_t[]){ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 }, 12,
            (const uint8_t[]){ 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x80, 0x10, 0x20, 0x40, 0xff, 0xff });
}
END_TEST

/* Signed pixels: the first value mapped is signed too, whatever the descriptor's VR. */
START_TEST(signed_palette)
{
    static const uint8_t colours[4] = { 50, 60, 70, 80 };
    struct maker m = begin(".1");
    struct made x;

    image(&m, &(struct shape){ .rows = 1, .cols = 6, .allocated = 8, .stored = 8, .is_signed = 1, .photometric = "PALETTE COLOR" });
    add_palette(&m, 4, 0xfffe, 8, colours, 4, false);
    NATIVE(&m, 0x80, 0xfe, 0xff, 0, 1, 2);
    make(&x, &m);
    expect_shown(&x, BYTES(50, 50, 50, 50, 50, 50, 60, 60, 60, 70, 70, 70, 80, 80, 80, 80, 80, 80));
    drop(&x);
}
END_TEST

START_TEST(bad_palettes)
{
    static const uint16_t loop[] = { 2, 1, 0, 0 }, early[] = { 1, 3, 5, 0 }, beyond[] = { 0, 200, 1, 2 };
    static const struct {
        unsigned n, bits;
        const void *data;
        size_t size;
        bool parts;
        const char *message;
    } cases[] = { { 4, 16, loop, 6, false, "4 values need 8" },     { 4, 12, loop, 8, false, "expected 8 or 16" },
                  { 4, 16, loop, 8, true, "does not fit" },         { 4, 16, early, 8, true, "does not fit" },
                  { 4, 16, beyond, 8, true, "does not fit" },       { 4, 16, loop, 0, true, "makes 0 of 4" } };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct maker m = begin(".1");

        image(&m, &(struct shape){ .rows = 1, .cols = 2, .allocated = 8, .stored = 8, .photometric = "PALETTE COLOR" });
        add_palette(&m, cases[i].n, 0, cases[i].bits, cases[i].data, cases[i].size, cases[i].parts);
        bytes(&m, TAG(0x7fe0, 0x10), "OB", "\0\1", 2);
        expect_refused(&m, SN_EFORMAT, cases[i].message);
    }
}
END_TEST

/* ---- refusals --------------------------------------------------------------------------------- */

START_TEST(refused_syntaxes)
{
    static const struct {
        const char *syntax, *message;
    } cases[] = { { ".4.80", "JPEG-LS Lossless (1.2.840.10008.1.2.4.80) are not decoded; convert first: dcmdjpls IN OUT" },
                  { ".4.81", "JPEG-LS Near-Lossless" },
                  { ".4.90", "JPEG 2000 Lossless (1.2.840.10008.1.2.4.90) are not decoded; convert first: gdcmconv --raw" },
                  { ".4.91", "JPEG 2000" },
                  { ".4.201", "High-Throughput JPEG 2000" },
                  { ".4.103", "MPEG-4" },
                  { ".4.108", "HEVC" },
                  { ".99.1", "unknown transfer syntax 1.2.840.10008.1.2.99.1" } };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct maker m = begin(cases[i].syntax);

        image(&m, &(struct shape){ .rows = 1, .cols = 2, .allocated = 8, .stored = 8 });
        fragments(&m, (const struct fragment[]){ { NULL, 0 }, { "xx", 2 } }, 2, true);
        expect_refused(&m, SN_EUNSUPPORTED, cases[i].message);
    }
}
END_TEST

START_TEST(refused_attributes)
{
    static const struct {
        struct shape s;
        const char *sop, *message;
        int code;
    } cases[] = {
        { { .rows = 1, .cols = 2, .allocated = 8, .stored = 8 }, "1.2.840.10008.5.1.4.1.1.6.2", "Enhanced US Volume", SN_EUNSUPPORTED },
        { { .rows = 1, .cols = 2, .samples = 4, .allocated = 8, .stored = 8, .photometric = "ARGB" }, NULL, "4 samples", SN_EUNSUPPORTED },
        { { .rows = 1, .cols = 2, .samples = 3, .allocated = 8, .stored = 8, .photometric = "YBR_RCT" }, NULL, "YBR_RCT belongs to JPEG 2000", SN_EUNSUPPORTED },
        { { .rows = 1, .cols = 2, .samples = 3, .allocated = 8, .stored = 8, .photometric = "YBR_ICT" }, NULL, "YBR_ICT belongs to JPEG 2000", SN_EUNSUPPORTED },
        { { .rows = 1, .cols = 2, .samples = 3, .allocated = 8, .stored = 8, .photometric = "MONOCHROME2" }, NULL, "with 3 samples", SN_EFORMAT },
        { { .rows = 1, .cols = 2, .allocated = 64, .stored = 64 }, NULL, "64 bits allocated", SN_EUNSUPPORTED },
        { { .rows = 1, .cols = 2, .allocated = 8, .stored = 12 }, NULL, "do not fit", SN_EFORMAT },
        { { .rows = 0, .cols = 2, .allocated = 8, .stored = 8 }, NULL, "Rows (0028,0010) is 0", SN_EFORMAT },
        { { .rows = 65535, .cols = 65535, .allocated = 8, .stored = 8 }, NULL, "at most 65535 a side", SN_ELIMIT },
        { { .rows = 3, .cols = 3, .allocated = 8, .stored = 8 }, NULL, "pixel data of 8 bytes", SN_EFORMAT },
        { { .rows = 2, .cols = 2, .allocated = 8, .stored = 8, .frames = "3" }, NULL, "3 frames of 2 x 2 pixels need 12", SN_EFORMAT },
        { { .rows = 1, .cols = 2, .allocated = 8, .stored = 8, .frames = "x" }, NULL, "no whole number", SN_EFORMAT },
        { { .rows = 1, .cols = 3, .samples = 3, .allocated = 8, .stored = 8, .photometric = "YBR_FULL_422" }, NULL, "odd number", SN_EFORMAT },
    };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct maker m = begin(".1");

        if (cases[i].sop)
            text(&m, TAG(8, 0x16), "UI", cases[i].sop);
        image(&m, &cases[i].s);
        NATIVE(&m, 1, 2, 3, 4, 5, 6, 7, 8);
        expect_refused(&m, cases[i].code, cases[i].message);
    }
    for (int twice = 0; twice < 2; twice++) { /* two readers would see two pictures */
        struct maker m = begin(".1");

        image(&m, &(struct shape){ .rows = 1, .cols = 2, .allocated = 8, .stored = 8 });
        us(&m, TAG(0x28, 0x10), 2);
        if (twice)
            NATIVE(&m, 1, 2, 3, 4);
        expect_refused(&m, SN_EFORMAT, twice ? "(0028,0010) occurs twice" : "no pixel data");
    }
}
END_TEST

/* Compressed data that cannot hold what the attributes promise: refused before memory is taken. */
START_TEST(refused_promises)
{
    static const char *const syntaxes[] = { ".5", ".4.50" };

    for (size_t i = 0; i < SN_COUNT(syntaxes); i++) {
        struct maker m = begin(syntaxes[i]);

        image(&m, &(struct shape){ .rows = 11000, .cols = 11000, .allocated = 8, .stored = 8 });
        fragments(&m, (const struct fragment[]){ { NULL, 0 }, { "xxxxxxxxxxxxxxxx", 16 } }, 2, true);
        expect_refused(&m, SN_EFORMAT, "cannot hold 1 frames of 11000 x 11000");
    }
}
END_TEST

static Suite *suite_dicom_pixels(void)
{
    Suite *s = suite_create("dicom_pixels");
    TCase *t = tcase_create("pixels");

    tcase_add_test(t, packed_bits);
    tcase_add_test(t, byte_orders_and_planes);
    tcase_add_test(t, subsampled_colour);
    tcase_add_test(t, rle);
    tcase_add_test(t, offset_tables);
    tcase_add_test(t, jpeg_colour_from_the_stream);
    tcase_add_test(t, jpeg_cut_short);
    tcase_add_test(t, grey_scales);
    tcase_add_test(t, palettes);
    tcase_add_test(t, signed_palette);
    tcase_add_test(t, bad_palettes);
    tcase_add_test(t, table_skips_a_fragment);
    tcase_add_test(t, refused_syntaxes);
    tcase_add_test(t, refused_attributes);
    tcase_add_test(t, refused_promises);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_dicom_pixels)
