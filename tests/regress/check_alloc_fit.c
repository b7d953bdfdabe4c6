/* check_alloc_fit.c: fit and nomogram with every allocation failing in turn: an error that says so, or none; never a crash. */
#include "tests/support/alloc.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "stats/stats.h"
#include "tools/fit.h"
#include "tools/nomogram_svg.h"

static const char *table(void)
{
    static char file[256];
    struct sn_rng r = { 5 };
    struct sn_error err = { 0 };
    struct sn_buf b = { 0 };

    (void)snprintf(file, sizeof file, "%s/alloc.csv", sn_test_tmpdir());
    sn_buf_puts(&b, "patient,outcome,a,b,g\n");
    for (int i = 0; i < 60; i++) {
        double a = sn_rng_normal(&r), c = sn_rng_normal(&r);

        sn_buf_printf(&b, "%d,%d,%.4f,%.4f,%c\n", i, sn_rng_uniform(&r) < sn_sigmoid(a), a, c, "xy"[i % 2]);
    }
    sn_ck_ok(sn_file_write(file, b.data, b.len, &err), &err);
    sn_buf_free(&b);
    return file;
}

static int work(const struct sn_fit_options *o, const char *model, struct sn_error *err)
{
    struct sn_fit_report r = { 0 };
    struct sn_fit_data d = { 0 };
    struct sn_nomogram n = { 0 };
    struct sn_logistic m = { 0 };
    struct sn_buf svg = { 0 };
    int rc;

    SN_TRY_OUT(sn_fit_read(o, &d, err));
    SN_TRY_OUT(sn_fit_run(o, &d, NULL, &r, err));
    SN_TRY_OUT(sn_fit_write_model(&r, model, err));
    SN_TRY_OUT(sn_fit_write_split(&r, model, err));
    SN_TRY_OUT(sn_fit_write_model(&r, model, err));
    SN_TRY_OUT(sn_logistic_read(model, &m, err));
    SN_TRY_OUT(sn_nomogram_build(&m, NULL, &n, err));
    sn_nomogram_svg(&svg, &n, &m, NULL, true);
    rc = svg.failed ? SN_NOMEM(err, "the picture") : SN_OK;
out:
    sn_buf_free(&svg);
    sn_nomogram_free(&n);
    sn_logistic_free(&m);
    sn_fit_report_free(&r);
    sn_fit_data_free(&d);
    return rc;
}

static const struct {
    const char *terms;
    bool firth;
    enum sn_selection rule;
    int correction;
} runs[] = {
    { "rcs(a, 3) * g, b", false, SN_SELECT_NONE, 0 },
    { "a, b, g", true, SN_SELECT_P, 1 },
    { "a, b, g", true, SN_SELECT_AIC, 2 },
    { "a, b", false, SN_SELECT_LASSO_MIN, 0 },
};

START_TEST(test_every_allocation)
{
    struct sn_fit_options o = { .file = table(), .terms = runs[_i].terms, .names = SN_TABLE_NAMES_DEFAULT, .univariable = true, .boot = 2, .seed = 1,
                                .split = 0.8, .level = 0.95, .firth = runs[_i].firth, .range_lo = 0.3, .range_hi = _i == 0 ? 0.35 : 0,
                                .recipe = { .rule = runs[_i].rule, .limit = 0.5, .screen = runs[_i].firth ? 0.99 : 0, .folds = 3 } };
    struct sn_error err = { 0 };
    unsigned long total, step;
    int whole;
    char model[256];

    o.recipe.correction = (int)runs[_i].correction == 1 ? SN_PREDICT_FLIC : runs[_i].correction == 2 ? SN_PREDICT_FLAC : SN_PREDICT_PLAIN;
    (void)snprintf(model, sizeof model, "%s/alloc%d.json", sn_test_tmpdir(), _i);
    sn_alloc_watch(0);
    whole = work(&o, model, &err);
    total = sn_alloc_stop().seen;
    sn_ck_ok(whole, &err);
    ck_assert_uint_gt(total, 100);
    step = total / 250 + 1; /* profiles alone make thousands */
    for (unsigned long n = 1; n <= total; n += n < 100 ? 1 : step) {
        size_t alive;
        int rc;

        sn_alloc_watch(n);
        rc = work(&o, model, &err);
        alive = sn_alloc_stop().alive;
        ck_assert_msg(rc == SN_ENOMEM || rc == SN_OK, "allocation %lu of %lu: %d '%s'", n, total, rc, err.msg);
        ck_assert_msg(alive == 0, "allocation %lu of %lu: %zu blocks were not freed", n, total, alive);
    }
}
END_TEST

static Suite *suite_alloc_fit(void)
{
    Suite *s = suite_create("alloc_fit");
    TCase *t = tcase_create("alloc_fit");

    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, test_every_allocation, 0, (int)SN_COUNT(runs));
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_alloc_fit)
