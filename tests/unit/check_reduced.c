/*
 * check_reduced.c: `predict --precision i16` on the built-in pack: every record names the mode, and the fused masks
 * agree with fp32's, Dice 0.999 or more, on phantoms and, with SENTINODE_DATA, on ultrasound images.
 */
#include "tests/unit/predict_run.h"

#include <math.h>

#define LABEL "i16 (reduced precision, deterministic)"

static double dice(const char *a, const char *b)
{
    struct sn_error err = { 0 };
    struct sn_image x, y;
    size_t both = 0, sum = 0;

    sn_ck_ok(sn_image_read(a, &x, &err), &err);
    sn_ck_ok(sn_image_read(b, &y, &err), &err);
    ck_assert(x.width == y.width && x.height == y.height);
    for (size_t i = 0; i < (size_t)x.width * x.height; i++) {
        bool p = ((const uint8_t *)x.data)[i] > 127, q = ((const uint8_t *)y.data)[i] > 127;

        both += p && q;
        sum += (size_t)p + q;
    }
    sn_image_free(&x);
    sn_image_free(&y);
    return sum ? 2.0 * (double)both / (double)sum : 1.0;
}

static void compare(const char *id)
{
    double d = dice(at("fp32/%s/mask.png", id), at("i16/%s/mask.png", id));

    ck_assert_msg(d >= 0.999, "%s: Dice of the fused masks, fp32 and i16: %.6f", id, d);
}

static bool has(const char *path, const char *text)
{
    return strstr(slurp(path, NULL), text) != NULL;
}

START_TEST(masks_of_phantoms)
{
    struct sn_error err = { 0 };
    struct sn_csv t;

    ck_run(0, "phantom -o %s --count 6 --seed 21", at("p"));
    for (int i16 = 0; i16 < 2; i16++) {
        const char *mode = i16 ? "i16" : "fp32";
        int code = run("predict --precision %s --no-risk --json %s %s %s %s %s %s -o %s", mode, at("p/phantom_00001.png"), at("p/phantom_00002.png"),
                       at("p/phantom_00003.png"), at("p/phantom_00004.png"), at("p/phantom_00005.png"), at("p/phantom_00006.png"), at("%s", mode));

        ck_assert_msg(code <= 1, "%d: %s", code, caught_err);
        ck_assert(strstr(caught_out, i16 ? "\"precision\": \"" LABEL "\"" : "\"precision\": \"fp32\"") != NULL);
    }
    for (int i = 1; i <= 6; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "phantom_%05d", i);
        compare(id);
        ck_assert(has(at("i16/%s/result.json", id), "\"precision\": \"" LABEL "\""));
        ck_assert(has(at("i16/%s/report.html", id), LABEL) && !has(at("fp32/%s/report.html", id), "Precision"));
    }
    ck_assert(has(at("i16/report.html"), LABEL) && !has(at("fp32/report.html"), "Precision"));
    sn_ck_ok(sn_csv_read(at("i16/predictions.csv"), &t, &err), &err);
    for (size_t r = 0; r < t.rows; r++)
        ck_assert_str_eq(sn_csv_cell(&t, r, sn_csv_column(&t, "precision")), LABEL);
    ck_assert_uint_eq(t.rows, 6);
    sn_csv_free(&t);
    sn_ck_ok(sn_csv_read(at("fp32/predictions.csv"), &t, &err), &err);
    ck_assert_int_lt(sn_csv_column(&t, "precision"), 0);
    sn_csv_free(&t);
}
END_TEST

/* ---- the pack's segmenters, logit by logit ------------------------------------------------------- */

#define SIDE 128
#define IMAGES 8

/* A phantom as the pack's metadata wants it: grey / 255, mean 0.32, deviation 0.2. */
static void phantom(int number, float *x)
{
    struct sn_error err = { 0 };
    struct sn_image im;

    sn_ck_ok(sn_image_read(at("small/phantom_%05d.png", number), &im, &err), &err);
    ck_assert(im.width == SIDE && im.height == SIDE);
    for (size_t i = 0; i < SIDE * SIDE; i++)
        x[i] = ((float)((const uint8_t *)im.data)[i * (size_t)im.channels] / 255.0f - 0.32f) / 0.2f;
    sn_image_free(&im);
}

static void logits(const struct sn_model *m, enum sn_precision precision, double *out)
{
    struct sn_net_options opt = { .isa = SN_ISA_AUTO, .precision = precision };
    struct sn_error err = { 0 };
    static float x[SIDE * SIDE];
    struct sn_net *net;

    sn_ck_ok(sn_net_create(&net, m, SIDE, SIDE, &opt, &err), &err);
    for (int i = 0; i < IMAGES; i++) {
        phantom(i + 1, x);
        sn_ck_ok(sn_net_run_f64(net, x, out + (size_t)i * SIDE * SIDE, &err), &err);
    }
    sn_net_free(net);
}

/* The mode's gates on trained segmenters, against fp32: rms 1e-4 of the largest logit, 3 pixels in 100,000, Dice 0.998. */
START_TEST(trained_segmenters)
{
    static const char *const names[] = { "weights/demo/unet.snw", "weights/demo/nested-unet.snw", "weights/demo/deeplabv3.snw" };
    static double want[IMAGES * SIDE * SIDE], got[IMAGES * SIDE * SIDE];
    struct sn_error err = { 0 };
    double peak = 0, sum = 0;
    size_t flips = 0;
    struct sn_model m;

    ck_run(0, "phantom -o %s --count %d --seed 77 --size 128x128", at("small"), IMAGES);
    sn_ck_ok(sn_model_open(&m, names[_i], SN_VERIFY_CRC, &err), &err);
    logits(&m, SN_FP32, want);
    logits(&m, SN_I16, got);
    for (size_t k = 0; k < IMAGES; k++) {
        size_t both = 0, either = 0;

        for (size_t i = k * SIDE * SIDE; i < (k + 1) * SIDE * SIDE; i++) {
            peak = fmax(peak, fabs(want[i]));
            sum += (got[i] - want[i]) * (got[i] - want[i]);
            flips += (got[i] > 0) != (want[i] > 0);
            both += got[i] > 0 && want[i] > 0;
            either += (size_t)(got[i] > 0) + (want[i] > 0);
        }
        ck_assert_msg(either == 0 || 2.0 * (double)both / (double)either >= 0.998, "%s, phantom %zu: Dice %zu / %zu", names[_i], k, 2 * both, either);
    }
    ck_assert_msg(sqrt(sum / (IMAGES * SIDE * SIDE)) <= 1e-4 * peak, "%s: rms error %g of %g", names[_i], sqrt(sum / (IMAGES * SIDE * SIDE)), peak);
    ck_assert_msg((double)flips <= 3e-5 * IMAGES * SIDE * SIDE, "%s: %zu of %d pixels flipped", names[_i], flips, IMAGES * SIDE * SIDE);
    ck_assert(sum > 0);
    sn_model_close(&m);
}
END_TEST

/* One command each: what it prints names the mode. */
START_TEST(other_commands)
{
    const char *image = at("p/phantom_00001.png"), *model;

    make_material();
    ck_run(0, "phantom -o %s --count 1 --seed 21", at("p"));
    model = at("pack/resnet50.snw");
    ck_assert_int_le(run("segment --pack %s --precision i16 --json %s -o %s", at("pack"), image, at("m.png")), 1);
    ck_assert(strstr(caught_out, LABEL) != NULL);
    ck_assert_int_le(run("segment --pack %s --precision i16 %s -o %s", at("pack"), image, at("m.png")), 1);
    ck_assert(strstr(caught_out, LABEL) != NULL);
    ck_run(0, "classify %s %s --precision i16 --json", model, image);
    ck_assert(strstr(caught_out, LABEL) != NULL);
    ck_run(0, "classify %s %s --precision i16", model, image);
    ck_assert(strstr(caught_out, LABEL) != NULL);
    ck_run(0, "classify %s %s", model, image);
    ck_assert(strstr(caught_out, "precision") == NULL);
    ck_run(0, "bench %s --precision i16 --size 32 32 --seconds 0.01 --json", model);
    ck_assert(strstr(caught_out, LABEL) != NULL);
    ck_run(0, "inspect %s --plan 32 32 --precision i16", model);
    ck_assert(strstr(caught_out, LABEL) != NULL && strstr(caught_out, "sn_i16_") != NULL);
    ck_run(0, "inspect %s --plan 32 32", model);
    ck_assert(strstr(caught_out, "fp32") != NULL && strstr(caught_out, "sn_i16_") == NULL);
    ck_run(2, "inspect %s --precision int16", model);
}
END_TEST

/* bench --errors: each layer, then the outputs; i16's are far above fp32's, and both far below the values. */
START_TEST(errors_against_double)
{
    double worst[2] = { 0, 0 };

    for (int i16 = 0; i16 < 2; i16++) {
        const struct sn_json_value *e;
        struct sn_error err = { 0 };
        struct sn_json_doc doc;
        const char *line;

        ck_run(0, "bench %s --precision %s --size 64 64 --seconds 0 --min-runs 1 --errors --json", "weights/demo/resnet50.snw", i16 ? "i16" : "fp32");
        line = strstr(caught_out, "{\"");
        ck_assert_ptr_nonnull(line);
        sn_ck_ok(sn_json_parse(line, strlen(line), &doc, &err), &err);
        e = dig(doc.root, "errors");
        ck_assert_uint_gt(e->count, 50);
        for (e = e->first; e; e = e->next) {
            double share = number(e, "largest_error") / number(e, "largest");

            ck_assert_msg(share >= 0 && share < 0.05, "%s: %g", string(e, "name"), share);
            worst[i16] = share > worst[i16] ? share : worst[i16];
            if (!e->next)
                ck_assert_str_eq(string(e, "name"), "outputs");
        }
        sn_json_doc_free(&doc);
    }
    ck_assert_msg(worst[0] > 0 && worst[0] < 1e-4 && worst[1] > 3 * worst[0], "fp32 %g, i16 %g", worst[0], worst[1]);
    ck_run(2, "bench weights/demo/resnet50.snw --errors --precision fp64");
    ck_run(2, "bench --errors");
}
END_TEST

/* Breast ultrasound with lesions of all sizes. */
START_TEST(masks_of_pictures)
{
    static const char *const ids[] = { "case005", "case006", "case007", "case008", "case010", "case014", "case017", "case020" };
    const char *data = sn_test_data("ultrasound/breast_tcia");

    if (!data)
        return;
    for (size_t i = 0; i < SN_COUNT(ids); i++) {
        for (int i16 = 0; i16 < 2; i16++) {
            const char *mode = i16 ? "i16" : "fp32";
            int code = run("predict --precision %s --no-risk %s/%s.png -o %s", mode, data, ids[i], at("%s", mode));

            ck_assert_msg(code <= 1, "%d: %s", code, caught_err);
        }
        compare(ids[i]);
    }
}
END_TEST

static Suite *suite_reduced(void)
{
    Suite *s = suite_create("predict --precision i16");
    TCase *tc = tcase_create("reduced");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, masks_of_phantoms);
    tcase_add_test(tc, errors_against_double);
    tcase_add_loop_test(tc, trained_segmenters, 0, 3);
    tcase_add_test(tc, other_commands);
    tcase_add_test(tc, masks_of_pictures);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_reduced)
