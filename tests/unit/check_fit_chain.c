/* check_fit_chain.c: predict makes the table, fit makes the model, predict applies it: splines, categories, interactions. */
#include "tests/unit/predict_run.h"

#include <math.h>

#include "stats/stats.h"

#define CASES 48
#define DIR sn_test_tmpdir()

static void make(void)
{
    ck_run(0, "pack --random -o %s --width 2 --size 32 --seed 3", at("pack"));
    ck_run(0, "phantom -o %s --count %d --seed 11 --size 64x64", at("phantoms"), CASES);
}

/* The pack with its logistic model replaced; the new digest goes into pack.conf. */
static void adopt(const char *name, const char *model)
{
    char *conf = slurp(at("pack/pack.conf"), NULL), *place = strstr(conf, "logistic.sha256"), hex[SN_SHA256_HEX], line[128], *end;
    uint8_t digest[32];
    size_t n;
    char *text = slurp(model, &n);

    sn_sha256(text, n, digest);
    sn_hex(digest, sizeof digest, hex);
    (void)snprintf(line, sizeof line, "logistic.sha256 = %s", hex);
    ck_assert_ptr_nonnull(place);
    end = strchr(place, '\n');
    ck_assert_ptr_nonnull(end);
    *end = 0;
    (void)pack_variant(name, sn_arena_strdup(&kept, place, strlen(place), NULL), line);
    ck_assert_int_eq(unlink(at("%s/model.json", name)), 0);
    write_text(at("%s/model.json", name), text);
}

/* The risks of the second predict are the fitted model's on the first one's table, to the bit. */
START_TEST(test_chain)
{
    static const char *const terms[] = { "rcs(dl_sig,3),age,factor(us_node),grade", "dl_sig*factor(us_node),rcs(age,4)", "dl_sig:age,dl_sig,age" };
    struct sn_error err = { 0 };
    struct sn_logistic m;
    struct sn_csv before, after;
    char name[16];

    (void)snprintf(name, sizeof name, "fitted%d", _i);
    ck_run(1, "predict --pack %s --manifest %s/phantoms/manifest.csv --no-risk --quiet -o %s", at("pack"), DIR, at("first%d", _i));
    ck_run(0, "fit %s/first%d/predictions.csv --terms %s --flic --boot 0 -o %s", DIR, _i, terms[_i], at("%s.json", name));
    adopt(name, at("%s.json", name));
    ck_run(1, "predict --pack %s --manifest %s/phantoms/manifest.csv --quiet -o %s", at("%s", name), DIR, at("second%d", _i));
    ck_assert(exists(at("second%d/report.html", _i)));
    sn_ck_ok(sn_logistic_read(at("%s.json", name), &m, &err), &err);
    sn_ck_ok(sn_csv_read(at("first%d/predictions.csv", _i), &before, &err), &err);
    sn_ck_ok(sn_csv_read(at("second%d/predictions.csv", _i), &after, &err), &err);
    ck_assert_uint_eq(after.rows, before.rows);
    for (size_t i = 0; i < after.rows; i++) {
        struct sn_logistic_value v[8];
        double x[16], lp, risk, printed;

        for (size_t c = 0; c < m.n_columns; c++) {
            v[c].text = sn_csv_cell(&before, i, sn_csv_column(&before, m.columns[c].name));
            (void)sn_parse_double(v[c].text, &v[c].number);
        }
        for (size_t t = 0; t < m.n_terms; t++)
            x[t] = sn_logistic_term_x(&m, t, v);
        sn_ck_ok(sn_logistic_apply(&m, x, &lp, &risk, &err), &err);
        sn_ck_ok(sn_csv_number(&after, i, sn_csv_column(&after, "risk"), &printed, &err), &err);
        ck_assert(risk == printed);
    }
    if (_i == 1) {
        const struct sn_json_value *r = result("second1", "phantom_00003");
        double sum = number(r, "logistic.intercept");

        for (const struct sn_json_value *t = dig(r, "logistic.terms")->first; t; t = t->next)
            sum += number(t, "contribution");
        ck_assert(fabs(sum - number(r, "logistic.linear_predictor")) < 1e-12);
        ck_assert_ptr_nonnull(strstr(slurp(at("second1/phantom_00003/report.html"), NULL), "dl_sig (us_node=1)"));
        ck_run(0, "nomogram %s --patient %s/first1/predictions.csv --case phantom_00003", at("%s.json", name), DIR);
    }
    sn_csv_free(&before);
    sn_csv_free(&after);
    sn_logistic_free(&m);
}
END_TEST

/* A category the model has not seen is not silently its reference. */
START_TEST(test_unknown_category)
{
    struct sn_error err = { 0 };
    struct sn_buf b = { 0 };
    struct sn_csv t;

    ck_run(1, "predict --pack %s --manifest %s/phantoms/manifest.csv --no-risk --quiet -o %s", at("pack"), DIR, at("first"));
    ck_run(0, "fit %s/first/predictions.csv --terms dl_sig,factor(us_node) --firth --boot 0 -o %s", DIR, at("m.json"));
    adopt("known", at("m.json"));
    sn_ck_ok(sn_csv_read(at("phantoms/manifest.csv"), &t, &err), &err);
    for (size_t i = 0; i <= t.rows; i++)
        for (size_t c = 0; c < t.cols; c++) {
            sn_csv_put(&b, i == 0 ? t.header[c] : i == 1 && (int)c == sn_csv_column(&t, "us_node") ? "7" : sn_csv_cell(&t, i - 1, (int)c));
            sn_buf_puts(&b, c + 1 < t.cols ? "," : "\n");
        }
    write_text(at("phantoms/unknown.csv"), b.data);
    sn_buf_free(&b);
    sn_csv_free(&t);
    ck_run(3, "predict --pack %s --manifest %s/phantoms/unknown.csv --quiet -o %s", at("known"), DIR, at("unknown"));
    ck_says("'7' is not a category the model knows: 0, 1");
}
END_TEST

static Suite *suite_fit_chain(void)
{
    Suite *s = suite_create("fit_chain");
    TCase *t = tcase_create("fit_chain");

    tcase_add_unchecked_fixture(t, make, NULL);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, test_chain, 0, 3);
    tcase_add_test(t, test_unknown_category);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_fit_chain)
