/* check_predict.c: the main job end to end, with random networks on phantoms. */
#include "tests/unit/predict_run.h"

#include <math.h>

#define MANIFEST "--manifest %s/phantoms/manifest.csv"
#define DIR sn_test_tmpdir()

/* ---- what comes out -------------------------------------------------------------------------- */

START_TEST(outputs_are_complete)
{
    static const char *const files[] = { "result.json", "report.html",       "mask.png",           "overlay.png",
                                         "cam.png",     "cam_resnet101.png", "cam_densenet121.png" };
    struct sn_error err = { 0 };

    ck_run(1, "predict --pack %s " MANIFEST " -o %s --quiet", at("pack"), DIR, at("out"));
    for (int k = 1; k <= 4; k++)
        for (size_t i = 0; i < SN_COUNT(files); i++)
            ck_assert_msg(exists(at("out/phantom_%05d/%s", k, files[i])), "%s", files[i]);
    for (size_t i = 2; i < SN_COUNT(files); i++) {
        struct sn_image im = { 0 };

        sn_ck_ok(sn_image_read(at("out/phantom_00001/%s", files[i]), &im, &err), &err);
        ck_assert_uint_ge(im.width, 8);
        if (i < 4) { /* the image's size; activation maps have the crop's */
            ck_assert_uint_eq(im.width, 120);
            ck_assert_uint_eq(im.height, 96);
        }
        sn_image_free(&im);
    }
    ck_assert(exists(at("out/predictions.csv")));
    ck_assert(exists(at("out/report.html")));
}
END_TEST

START_TEST(result_adds_up)
{
    const struct sn_json_value *r;
    double lp, sum;

    ck_run(1, "predict --pack %s " MANIFEST " -o %s", at("pack"), DIR, at("out"));
    r = result("out", "phantom_00002");
    ck_assert_str_eq(string(r, "format"), "sentinode-result");
    ck_assert(dig(r, "research_use_only")->boolean);
    ck_assert_ptr_nonnull(strstr(string(r, "label"), "predicts nothing"));
    ck_assert_uint_eq(strlen(string(r, "pack.conf_sha256")), 64);
    for (int k = 0; k < 3; k++) {
        char path[64];
        double score, bias, mean, residual, scale, p, logit;

        (void)snprintf(path, sizeof path, "classifiers.%d.cam", k);
        score = number(dig(r, path), "score");
        bias = number(dig(r, path), "bias");
        mean = number(dig(r, path), "mean");
        residual = number(dig(r, path), "residual");
        scale = fabs(score) + fabs(bias) + fabs(mean);
        ck_assert_double_le(fabs(residual), 1e-5 * scale);
        ck_assert(residual == score - bias - mean);
        (void)snprintf(path, sizeof path, "classifiers.%d.p", k);
        p = number(r, path);
        logit = log(p / (1 - p)); /* with one class or two, the decomposed score is the probability's logit */
        ck_assert_double_le(fabs(logit - score), 1e-9 * (1 + fabs(score)));
    }
    sum = number(r, "logistic.intercept");
    for (const struct sn_json_value *t = dig(r, "logistic.terms")->first; t; t = t->next) {
        ck_assert(number(t, "contribution") == number(t, "coefficient") * number(t, "value"));
        sum += number(t, "contribution");
    }
    lp = number(r, "logistic.linear_predictor");
    ck_assert(sum == lp);
    ck_assert_double_le(fabs(number(r, "risk") - 1 / (1 + exp(-lp))), 1e-15);
    ck_assert(number(r, "dl_sig.value") == number(r, "logistic.terms.0.value"));
    ck_assert_double_le(fabs(number(r, "dl_sig.value") - number(r, "classifiers.0.cam.score")), 1e-9);
}
END_TEST

START_TEST(digests_are_of_the_files)
{
    const struct sn_json_value *r;
    uint8_t digest[32];
    char hex[SN_SHA256_HEX], *data;
    size_t n;

    ck_run(1, "predict --pack %s " MANIFEST " -o %s", at("pack"), DIR, at("out"));
    r = result("out", "phantom_00003");
    data = slurp(at("phantoms/phantom_00003.png"), &n);
    sn_sha256(data, n, digest);
    sn_hex(digest, 32, hex);
    ck_assert_str_eq(string(r, "input.sha256"), hex);
    data = slurp(at("pack/resnet101.snw"), &n);
    sn_sha256(data, n, digest);
    sn_hex(digest, 32, hex);
    ck_assert_str_eq(string(r, "classifiers.1.sha256"), hex);
}
END_TEST

/* mask.png, result.json's numbers and the mask's digest are three views of one mask. */
START_TEST(mask_is_the_mask)
{
    const struct sn_json_value *r;
    struct sn_error err = { 0 };
    struct sn_image im = { 0 };
    uint8_t digest[32], *px;
    char hex[SN_SHA256_HEX];
    size_t area = 0;

    ck_run(1, "predict --pack %s " MANIFEST " -o %s", at("pack"), DIR, at("out"));
    r = result("out", "phantom_00001");
    sn_ck_ok(sn_image_read(at("out/phantom_00001/mask.png"), &im, &err), &err);
    px = im.data;
    for (size_t i = 0; i < 120 * 96; i++) {
        ck_assert(px[i] == 0 || px[i] == 255);
        px[i] /= 255;
        area += px[i];
    }
    sn_sha256(px, 120 * 96, digest);
    sn_hex(digest, 32, hex);
    ck_assert_str_eq(string(r, "cleaning.mask_sha256"), hex);
    ck_assert(number(r, "cleaning.area_px") == (double)area);
    ck_assert_uint_gt(area, 0);
    sn_image_free(&im);
}
END_TEST

START_TEST(report_is_self_contained)
{
    char *page;

    ck_run(1, "predict --pack %s " MANIFEST " -o %s", at("pack"), DIR, at("out"));
    page = slurp(at("out/phantom_00001/report.html"), NULL);
    ck_assert_ptr_nonnull(strstr(page, "RESEARCH USE ONLY"));
    ck_assert_ptr_nonnull(strstr(page, "predicts nothing"));
    ck_assert_ptr_nonnull(strstr(page, "Needs human review"));
    ck_assert_ptr_nonnull(strstr(page, "src=\"data:image/png;base64,iVBORw0KGgo"));
    ck_assert_ptr_null(strstr(page, "http:"));
    ck_assert_ptr_null(strstr(page, "https:"));
    ck_assert_ptr_null(strstr(page, "<script"));
    ck_assert_ptr_null(strstr(page, DIR)); /* no folders */
    ck_assert_ptr_null(strstr(slurp(at("out/phantom_00001/result.json"), NULL), DIR));
}
END_TEST

START_TEST(predictions_table)
{
    struct sn_error err = { 0 };
    struct sn_csv t;
    double v;

    ck_run(1, "predict --pack %s " MANIFEST " -o %s", at("pack"), DIR, at("out"));
    sn_ck_ok(sn_csv_read(at("out/predictions.csv"), &t, &err), &err);
    ck_assert_uint_eq(t.rows, 4);
    ck_assert_str_eq(t.header[0], "case");
    ck_assert_str_eq(t.header[1], "patient");
    ck_assert_str_eq(t.header[2], "image");
    ck_assert_str_eq(t.header[3], "outcome");
    ck_assert_int_ge(sn_csv_column(&t, "age"), 0);
    ck_assert_str_eq(sn_csv_cell(&t, 2, sn_csv_column(&t, "review")), "1");
    sn_ck_ok(sn_csv_number(&t, 2, sn_csv_column(&t, "p_densenet121"), &v, &err), &err);
    ck_assert(v == number(result("out", "phantom_00003"), "classifiers.2.p"));
    sn_ck_ok(sn_csv_number(&t, 2, sn_csv_column(&t, "risk"), &v, &err), &err);
    ck_assert(v == number(json.root, "risk"));
    sn_csv_free(&t);
}
END_TEST

START_TEST(json_summary)
{
    struct sn_error err = { 0 };
    struct sn_json_doc doc;

    ck_run(1, "predict --pack %s " MANIFEST " -o %s --json --quiet", at("pack"), DIR, at("out"));
    sn_ck_ok(sn_json_parse(caught_out, strlen(caught_out), &doc, &err), &err);
    ck_assert(number(doc.root, "exit_code") == 1);
    ck_assert_uint_eq(dig(doc.root, "cases")->count, 4);
    ck_assert_str_eq(string(doc.root, "cases.3.case"), "phantom_00004");
    ck_assert_str_eq(caught_err, "");
    sn_json_doc_free(&doc);
}
END_TEST

/* ---- one answer ------------------------------------------------------------------------------ */

/* Everything before the "run" object, which comes last. */
static char *without_run(const char *dir, const char *id)
{
    char *text = slurp(at("%s/%s/result.json", dir, id), NULL), *run_object = strstr(text, "\n  \"run\": {");

    ck_assert_ptr_nonnull(run_object);
    *run_object = '\0';
    return text;
}

static void compare(const char *a, const char *b)
{
    static const char *const files[] = { "mask.png",          "overlay.png",         "cam.png",
                                         "cam_resnet101.png", "cam_densenet121.png", "report.html" };

    for (int k = 1; k <= 4; k++) {
        char id[32];

        (void)snprintf(id, sizeof id, "phantom_%05d", k);
        ck_assert_str_eq(without_run(a, id), without_run(b, id));
        for (size_t i = 0; i < SN_COUNT(files); i++) {
            size_t n, m;
            char *x = slurp(at("%s/%s/%s", a, id, files[i]), &n), *y = slurp(at("%s/%s/%s", b, id, files[i]), &m);

            ck_assert_msg(n == m && memcmp(x, y, n) == 0, "%s of %s differs", files[i], id);
        }
    }
    ck_assert_str_eq(slurp(at("%s/predictions.csv", a), NULL), slurp(at("%s/predictions.csv", b), NULL));
}

START_TEST(same_bytes_everywhere)
{
    static const enum sn_isa isas[] = { SN_ISA_REF, SN_ISA_AVX2, SN_ISA_AVX512, SN_ISA_NEON };

    ck_run(1, "predict --pack %s " MANIFEST " -o %s --isa ref --threads 1", at("pack"), DIR, at("first"));
    ck_assert_str_eq(string(result("first", "phantom_00001"), "run.isa"), "ref");
    for (size_t i = 0; i < SN_COUNT(isas); i++) {
        if (!sn_isa_usable(isas[i]))
            continue;
        for (int threads = 1; threads <= 3; threads++) {
            ck_run(1, "predict --pack %s " MANIFEST " -o %s --isa %s --threads %d", at("pack"), DIR, at("second"),
                   sn_isa_name(isas[i]), threads);
            compare("first", "second");
        }
    }
}
END_TEST

/* Several patients at once: the same files, and the same words in the same order. */
START_TEST(same_bytes_in_any_number_of_jobs)
{
    static const char *const jobs[] = { "2", "3 --threads 5", "0 --threads 2", "1000 --threads 1" };
    char *out;

    ck_run(1, "predict --pack %s " MANIFEST " -o %s --threads 1", at("pack"), DIR, at("first"));
    out = strdup(caught_out);
    for (size_t i = 0; i < SN_COUNT(jobs); i++) {
        ck_run(1, "predict --pack %s " MANIFEST " -o %s --jobs %s", at("pack"), DIR, at("second"), jobs[i]);
        compare("first", "second");
        ck_assert_str_eq(caught_out, out);
    }
    free(out);
    ck_run(2, "predict --pack %s " MANIFEST " -o %s --jobs -1", at("pack"), DIR, at("second"));
}
END_TEST

/* The single-stage commands are the pipeline's own stages. */
START_TEST(stages_agree_with_the_whole)
{
    const struct sn_json_value *r, *box;
    struct sn_error err = { 0 };
    struct sn_json_doc doc;
    size_t n, m;
    char *a, *b;

    ck_run(1, "predict --pack %s " MANIFEST " -o %s", at("pack"), DIR, at("out"));
    ck_run(1, "segment --pack %s %s -o %s --overlay %s", at("pack"), at("phantoms/phantom_00002.png"), at("mask.png"),
           at("overlay.png"));
    a = slurp(at("mask.png"), &n);
    b = slurp(at("out/phantom_00002/mask.png"), &m);
    ck_assert(n == m && memcmp(a, b, n) == 0);
    r = result("out", "phantom_00002");
    box = dig(r, "region.crop");
    ck_run(0, "classify %s %s --box %d %d %d %d --json", at("pack/resnet101.snw"), at("phantoms/phantom_00002.png"),
           (int)number(box, "x"), (int)number(box, "y"), (int)number(box, "width"), (int)number(box, "height"));
    sn_ck_ok(sn_json_parse(caught_out, strlen(caught_out), &doc, &err), &err);
    ck_assert(number(doc.root, "p") == number(r, "classifiers.1.p"));
    ck_assert(number(doc.root, "logits.1") == number(r, "classifiers.1.logits.1"));
    sn_json_doc_free(&doc);
}
END_TEST

START_TEST(one_segmenter)
{
    struct sn_error err = { 0 };
    struct sn_image im = { 0 };
    struct sn_npy p;

    ck_run(0, "segment %s %s -o %s --prob %s", at("pack/unet.snw"), at("phantoms/phantom_00001.png"), at("m.png"),
           at("p.npy"));
    sn_ck_ok(sn_image_read(at("m.png"), &im, &err), &err);
    sn_ck_ok(sn_npy_read(at("p.npy"), &p, &err), &err);
    ck_assert_int_eq(p.ndim, 2);
    ck_assert_uint_eq(p.shape[0], 96);
    ck_assert_uint_eq(p.shape[1], 120);
    for (size_t i = 0; i < p.count; i++) {
        float v = ((const float *)p.data)[i];

        ck_assert(v >= 0.0f && v <= 1.0f);
        ck_assert_int_eq(((const uint8_t *)im.data)[i], v >= 0.5f ? 255 : 0);
    }
    sn_npy_free(&p);
    sn_image_free(&im);
    ck_run(4, "segment %s %s -o %s", at("pack/resnet50.snw"), at("phantoms/phantom_00001.png"), at("m2.png"));
    ck_run(4, "classify %s %s", at("pack/unet.snw"), at("phantoms/phantom_00001.png"));
    ck_run(2, "classify %s %s --box 100 0 50 50", at("pack/resnet50.snw"), at("phantoms/phantom_00001.png"));
    ck_run(2, "segment %s", at("phantoms/phantom_00001.png"));
}
END_TEST

/* A damaged file fails its case; with --lenient it is used, and says why a person must look. */
START_TEST(damaged_pictures)
{
    const char *cut = sn_test_file("tests/fuzz/corpus/jpeg/cut.jpg");
    const struct sn_json_value *r, *reasons;
    bool said = false;

    ck_run(3, "predict --pack %s --no-risk -o %s %s", at("pack"), at("cut"), cut);
    ck_says("lenient");
    ck_assert(!exists(at("cut/cut")));
    ck_run(1, "predict --pack %s --no-risk --lenient -o %s %s", at("pack"), at("cut"), cut);
    r = result("cut", "cut");
    ck_assert_ptr_nonnull(strstr(string(r, "input.detail"), "DAMAGED"));
    reasons = dig(r, "quality.reasons");
    for (const struct sn_json_value *v = reasons->first; v; v = v->next)
        said |= strcmp(string(v, "code"), "damaged") == 0;
    ck_assert(said);
}
END_TEST

static Suite *suite_predict(void)
{
    Suite *s = suite_create("predict");
    TCase *out = tcase_create("outputs"), *same = tcase_create("one answer");

    tcase_add_unchecked_fixture(out, make_material, NULL);
    tcase_set_timeout(out, 120);
    tcase_add_test(out, outputs_are_complete);
    tcase_add_test(out, result_adds_up);
    tcase_add_test(out, digests_are_of_the_files);
    tcase_add_test(out, mask_is_the_mask);
    tcase_add_test(out, report_is_self_contained);
    tcase_add_test(out, predictions_table);
    tcase_add_test(out, json_summary);
    tcase_add_test(out, damaged_pictures);
    suite_add_tcase(s, out);
    tcase_set_timeout(same, 300);
    tcase_add_test(same, same_bytes_everywhere);
    tcase_add_test(same, same_bytes_in_any_number_of_jobs);
    tcase_add_test(same, stages_agree_with_the_whole);
    tcase_add_test(same, one_segmenter);
    suite_add_tcase(s, same);
    return s;
}

SN_CHECK_MAIN(suite_predict)
