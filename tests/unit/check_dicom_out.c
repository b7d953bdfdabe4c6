/* check_dicom_out.c: `predict --dicom`: what stands beside the other results, and when it does not. */
#include "tests/unit/dicom_samples.h"
#include "tests/unit/predict_run.h"
#include "tools/draw.h"

enum { ROWS = 90, COLS = 110, X0 = 4, Y0 = 2, X1 = COLS - 3, Y1 = ROWS - 2 };

static void write_sample(const char *path, const struct sample *s)
{
    struct sn_buf file = sample_file(s);
    struct sn_error err = { 0 };

    sn_ck_ok(sn_file_write(path, file.data, file.len, &err), &err);
    sn_buf_free(&file);
}

/* Reads and parses one of a case's objects; the bytes stay. */
static void open_object(struct sn_dicom *d, const char *dir, const char *id, const char *name)
{
    struct sn_error err = { 0 };
    size_t n;
    char *data = slurp(at("%s/%s/%s", dir, id, name), &n);

    sn_ck_ok(sn_dicom_parse(data, n, d, &err), &err);
    ck_item(&d->set);
}

static int bit_at(const struct sn_dicom_element *px, size_t i) { return px->value[i / 8] >> i % 8 & 1; }

/* The segmentation is mask.png at its place in the whole frame. */
static void ck_mask(const char *dir, const char *id, const struct sn_dicom *seg, bool cut)
{
    const struct sn_dicom_element *px = element_at(seg, "7fe00010");
    uint32_t x0 = cut ? X0 : 0, y0 = cut ? Y0 : 0;
    struct sn_error err = { 0 };
    struct sn_image mask;
    size_t set = 0;

    sn_ck_ok(sn_image_read(at("%s/%s/mask.png", dir, id), &mask, &err), &err);
    ck_assert_uint_eq(mask.width, cut ? X1 - X0 + 1 : COLS);
    ck_assert_uint_eq(mask.height, cut ? Y1 - Y0 + 1 : ROWS);
    for (uint32_t y = 0; y < ROWS; y++)
        for (uint32_t x = 0; x < COLS; x++) {
            bool inside = x >= x0 && y >= y0 && x < x0 + mask.width && y < y0 + mask.height;
            int want = inside && ((const uint8_t *)mask.data)[(size_t)(y - y0) * mask.width + x - x0] > 127;

            ck_assert_int_eq(bit_at(px, (size_t)y * COLS + x), want);
            set += (size_t)want;
        }
    ck_assert_uint_gt(set, 0);
    sn_image_free(&mask);
}

START_TEST(beside_the_others)
{
    bool cut = _i == 0, cine = _i == 1;
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = cine ? 3 : 1, .region = cut };
    const char *id = cine ? "us-frame2" : "us";
    const struct sn_json_value *v;
    struct sn_dicom seg, probability, overlay, report;
    int code;

    make_material();
    write_sample(at("us.dcm"), &s);
    code = run("predict --pack %s --no-risk --dicom %s%s -o %s", at("pack"), at("us.dcm"), cine ? "#2" : "", at("out"));
    ck_assert_msg(code == 0 || code == 1, "%d: %s", code, caught_err); /* random networks: reviews are likely */
    open_object(&seg, "out", id, "seg.dcm");
    ck_mask("out", id, &seg, cut);
    open_object(&probability, "out", id, "probability.dcm");
    ck_assert_uint_eq(element_at(&probability, "7fe00010")->length, ROWS * COLS);
    open_object(&overlay, "out", id, "overlay.dcm");
    ck_assert_str_eq(text_at(&overlay, "00280301"), "YES");
    open_object(&report, "out", id, "report.dcm");
    ck_assert_str_eq(text_at(&report, "0040a375/0/00081115/1/00081199/0/00081155"), text_at(&seg, "00080018"));
    ck_assert_str_eq(text_at(&seg, "52009230/0/00089124/0/00082112/0/00081160"), cine ? "2" : "");
    v = result("out", id);
    ck_assert_int_eq(dig(v, "dicom.not_written_because")->type, SN_JSON_NULL);
    ck_assert_uint_eq(dig(v, "dicom.files")->count, 4);
    ck_assert_str_eq(string(v, "dicom.files.0.file"), "seg.dcm");
    sn_dicom_free(&seg);
    sn_dicom_free(&probability);
    sn_dicom_free(&overlay);
    sn_dicom_free(&report);
}
END_TEST

/* The same bytes in another run with another number of threads; an earlier result is replaced, .dcm and all. */
START_TEST(again)
{
    static const char *const names[] = { "seg.dcm", "probability.dcm", "overlay.dcm", "report.dcm" };
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = 1, .region = true };
    size_t n[2];

    make_material();
    write_sample(at("us.dcm"), &s);
    (void)run("predict --pack %s --no-risk --dicom %s -o %s --threads 1", at("pack"), at("us.dcm"), at("a"));
    (void)run("predict --pack %s --no-risk --dicom %s -o %s --threads 2", at("pack"), at("us.dcm"), at("b"));
    for (size_t i = 0; i < SN_COUNT(names); i++) {
        const char *a = slurp(at("a/us/%s", names[i]), &n[0]), *b = slurp(at("b/us/%s", names[i]), &n[1]);

        ck_assert_uint_eq(n[0], n[1]);
        ck_assert_mem_eq(a, b, n[0]);
    }
    ck_assert_int_le(run("predict --pack %s --no-risk %s -o %s", at("pack"), at("us.dcm"), at("a")), 1);
    ck_assert(!exists(at("a/us/seg.dcm")));
    ck_assert_int_eq(dig(result("a", "us"), "dicom")->type, SN_JSON_NULL);
}
END_TEST

/* Another precision: said in every object, and another series, for its content may differ. */
START_TEST(precision)
{
    static const char *const names[] = { "seg.dcm", "probability.dcm", "overlay.dcm", "report.dcm" };
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = 1, .region = true };

    make_material();
    write_sample(at("us.dcm"), &s);
    (void)run("predict --pack %s --no-risk --dicom %s -o %s", at("pack"), at("us.dcm"), at("a"));
    (void)run("predict --pack %s --no-risk --dicom %s -o %s --precision i16", at("pack"), at("us.dcm"), at("b"));
    for (size_t i = 0; i < SN_COUNT(names); i++) {
        struct sn_dicom a, b;
        char text[80];

        open_object(&a, "a", "us", names[i]);
        open_object(&b, "b", "us", names[i]);
        ck_assert_str_eq(sn_dicom_ascii(element_at(&a, "00181020"), 2, text, sizeof text), "");
        ck_assert_str_eq(sn_dicom_ascii(element_at(&b, "00181020"), 2, text, sizeof text), "i16 (reduced precision, deterministic)");
        ck_assert_str_ne(text_at(&a, "0020000e"), text_at(&b, "0020000e"));
        ck_assert_str_ne(text_at(&a, "00080018"), text_at(&b, "00080018"));
        sn_dicom_free(&a);
        sn_dicom_free(&b);
    }
}
END_TEST

START_TEST(why_not)
{
    const struct sample s = { .rows = ROWS, .cols = COLS, .frames = 1, .without = "study" };

    make_material();
    write_sample(at("us.dcm"), &s);
    ck_assert_int_le(run("predict --pack %s --no-risk --dicom %s -o %s", at("pack"), at("us.dcm"), at("out")), 1);
    ck_says("(0020,000d)");
    ck_assert(!exists(at("out/us/seg.dcm")) && exists(at("out/us/mask.png")));
    ck_assert_ptr_nonnull(strstr(string(result("out", "us"), "dicom.not_written_because"), "Study Instance UID"));
    ck_assert_int_le(
        run("predict --pack %s --no-risk --dicom %s -o %s", at("pack"), at("phantoms/phantom_00001.png"), at("out")),
        1);
    ck_says("not DICOM");
    ck_assert(!exists(at("out/phantom_00001/seg.dcm")) && exists(at("out/phantom_00001/mask.png")));
}
END_TEST

/* The picture is unchanged above its caption; a narrow one is widened, and the words fit. */
START_TEST(caption)
{
    static const char *const lines[] = { "RESEARCH USE ONLY", "SECOND" };
    static const uint32_t widths[] = { 5, 300, 1700 };
    uint32_t w = widths[_i], h = 20;
    struct sn_image im, out;
    struct sn_error err = { 0 };
    size_t lit = 0;

    sn_ck_ok(sn_image_alloc(&im, w, h, 3, 8, &err), &err);
    memset(im.data, 77, sn_image_bytes(&im));
    sn_ck_ok(sn_draw_caption(&im, lines, SN_COUNT(lines), &out, &err), &err);
    ck_assert_uint_eq(out.width, w < 110 ? 110 : w);
    ck_assert_uint_ge(out.height, h + 2 * 7);
    for (uint32_t y = 0; y < out.height; y++)
        for (uint32_t x = 0; x < out.width; x++) {
            const uint8_t *p = (const uint8_t *)out.data + 3 * ((size_t)y * out.width + x);

            if (y < h)
                ck_assert_int_eq(p[0], x < w ? 77 : 0);
            else
                lit += p[0] == 255;
        }
    ck_assert_uint_gt(lit, 150); /* pixels of 23 letters */
    sn_image_free(&im);
    sn_image_free(&out);
}
END_TEST

static Suite *suite_dicom_out(void)
{
    Suite *s = suite_create("predict --dicom");
    TCase *tc = tcase_create("objects");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, beside_the_others, 0, 3);
    tcase_add_test(tc, again);
    tcase_add_test(tc, precision);
    tcase_add_test(tc, why_not);
    tcase_add_loop_test(tc, caption, 0, 3);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_dicom_out)
