/* check_fit.c: `fit` against R: estimates, intervals, tests, selection, Firth's penalty; the gold case. */
#include "tests/unit/fit_run.h"

static const struct sn_fit_row *row_of(const struct fitted *f, const char *term)
{
    for (size_t i = 0; i < f->r.n_rows; i++)
        if (strcmp(f->r.row[i].name, term) == 0)
            return &f->r.row[i];
    ck_abort_msg("no term '%s'", term);
    return NULL;
}

static const struct sn_fit_effect *effect_of(const struct fitted *f, const char *name)
{
    for (size_t i = 0; i < f->r.data.n_effects; i++)
        if (strcmp(f->r.effect[i].name, name) == 0)
            return &f->r.effect[i];
    return NULL;
}

/* What the report has under a golden row's quantity. */
static double reported(const struct fitted *f, const char *quantity, const char *term)
{
    static const struct {
        const char *name;
        size_t at;
    } of_row[] = {
        { "coef", offsetof(struct sn_fit_row, beta) },       { "se", offsetof(struct sn_fit_row, se) },
        { "z", offsetof(struct sn_fit_row, z) },             { "p", offsetof(struct sn_fit_row, p) },
        { "wald_lo", offsetof(struct sn_fit_row, wald_lo) }, { "wald_hi", offsetof(struct sn_fit_row, wald_hi) },
        { "profile_lo", offsetof(struct sn_fit_row, lo) },   { "profile_hi", offsetof(struct sn_fit_row, hi) },
    };
    static const struct {
        const char *name;
        size_t at;
    } of_report[] = {
        { "loglik", offsetof(struct sn_fit_report, quality.loglik) },       { "null_loglik", offsetof(struct sn_fit_report, quality.null_loglik) },
        { "aic", offsetof(struct sn_fit_report, quality.aic) },             { "bic", offsetof(struct sn_fit_report, quality.bic) },
        { "lr_all", offsetof(struct sn_fit_report, all.chisq) },            { "lr_all_p", offsetof(struct sn_fit_report, all.p) },
        { "cox_snell", offsetof(struct sn_fit_report, quality.cox_snell) }, { "nagelkerke", offsetof(struct sn_fit_report, quality.nagelkerke) },
        { "brier", offsetof(struct sn_fit_report, quality.brier) },         { "auc", offsetof(struct sn_fit_report, quality.auc) },
        { "max_cook", offsetof(struct sn_fit_report, max_cook) },
    };
    const struct sn_fit_effect *e = effect_of(f, term);
    double v;

    for (size_t i = 0; i < SN_COUNT(of_row); i++)
        if (strcmp(quantity, of_row[i].name) == 0) {
            memcpy(&v, (const char *)row_of(f, term) + of_row[i].at, sizeof v);
            return v;
        }
    for (size_t i = 0; i < SN_COUNT(of_report); i++)
        if (strcmp(quantity, of_report[i].name) == 0) {
            memcpy(&v, (const char *)&f->r + of_report[i].at, sizeof v);
            return v;
        }
    if (!e) /* Firth's table names a factor's tests by its only column */
        e = &f->r.effect[row_of(f, term)->effect];
    return strcmp(quantity, "lr") == 0     ? e->lr.chisq
           : strcmp(quantity, "lr_p") == 0 ? e->lr.p
           : strcmp(quantity, "wald") == 0 ? e->wald.chisq
           : strcmp(quantity, "gvif") == 0 ? e->gvif
                                           : (double)NAN;
}

static const struct {
    const char *id, *file, *outcome, *positive, *terms;
    bool firth;
} models[] = {
    { "birthwt", "stats/MASS_birthwt.csv", "low", NULL, "age, lwt, factor(race), smoke, ptl, ht, ui", false },
    { "birthwt_rcs", "stats/MASS_birthwt.csv", "low", NULL, "rcs(age, 4) + lwt + factor(race) * smoke", false },
    { "aSAH", "stats/aSAH.csv", "outcome", "Poor", "age, s100b, gender", false },
    { "aSAH_rcs", "stats/aSAH.csv", "outcome", "Poor", "rcs(age, 3), rcs(s100b,5)", false },
    { "Pima", "stats/MASS_Pima.tr.csv", "type", "Yes", "npreg+glu+bp+skin+bmi+ped+age", false },
    { "biopsy", "stats/MASS_biopsy.csv", "class", "malignant", "V1,V2,V3,V4,V5,V6,V7,V8,V9", false },
    { "aSAH_firth", "stats/aSAH.csv", "outcome", "Poor", "age, s100b, gender", true },
    { "birthwt_firth", "stats/MASS_birthwt.csv", "low", NULL, "lwt, factor(race), ht", true },
};

/* Everything R printed for a model. */
START_TEST(test_as_r)
{
    const char *path = sn_test_data(models[_i].file);
    struct fitted f = { .o = { 0 } };
    size_t compared = 0;

    if (!path)
        return;
    load_golden("tests/unit/data/stats/fit.csv");
    f.o = options(path, models[_i].outcome, models[_i].positive, models[_i].terms);
    f.o.firth = models[_i].firth;
    run(&f);
    for (size_t i = 0; i < golden.rows; i++) {
        const char *quantity = cell(i, 1), *term = cell(i, 2);
        double beta[16];
        struct sn_error err = { 0 };

        if (strcmp(cell(i, 0), models[_i].id) != 0)
            continue;
        if (strcmp(quantity, "flic") == 0) {
            sn_ck_ok(sn_logit_flic(&f.r.kept.d, &f.r.fit, beta, &err), &err);
            same(beta[0], value(i), 1e-8, models[_i].id, quantity, term);
        } else if (strcmp(quantity, "flac") == 0) {
            sn_ck_ok(sn_logit_flac(&f.r.kept.d, &f.r.fit, beta, &err), &err);
            same(beta[row_of(&f, term) - f.r.row], value(i), 1e-8, models[_i].id, quantity, term);
        } else if (strcmp(quantity, "lr") == 0 && models[_i].firth && strstr(term, "race=")) {
            continue; /* one level of a factor alone; the program tests the factor */
        } else {
            same(reported(&f, quantity, term), value(i), 1e-8, models[_i].id, quantity, term);
        }
        compared++;
    }
    ck_assert_uint_gt(compared, 20);
    done(&f);
    free_golden();
}
END_TEST

/* DOMAIN B.6: rms::lrm(Poor ~ age + s100b + gender); its reference is Male, ours is chosen to be. */
START_TEST(test_gold_case)
{
    static const double beta[] = { -2.7604906745931, 0.0339191713837, 4.6286171918422, -1.1542158981647 };
    static const double se[] = { 0.9369661159333, 0.0180659158499, 1.2111977399324, 0.4949304209773 };
    const char *path = sn_test_data("stats/aSAH.csv");
    struct sn_error err = { 0 };
    double binned[113], c;
    struct fitted f;

    if (!path)
        return;
    f.o = options(path, "outcome", "Poor", "age, s100b, factor(gender, Male)");
    run(&f);
    for (size_t j = 0; j < 4; j++) {
        same(f.r.row[j].beta, beta[j], 1e-11, "aSAH", "coefficient", f.r.row[j].name);
        same(f.r.row[j].se, se[j], 1e-11, "aSAH", "standard error", f.r.row[j].name);
    }
    same(f.r.all.chisq, 31.81198987, 1e-9, "aSAH", "chi-square", "");
    for (size_t i = 0; i < 113; i++) /* rms cuts risks to 1/2000 before it counts pairs, and so finds more ties */
        binned[i] = floor(2000 * f.r.fit.mu[i]);
    sn_ck_ok(sn_concordance(binned, f.d.y, 113, &c, &err), &err);
    same(c, 0.7825203252, 1e-10, "aSAH", "C", "");
    same(f.r.quality.auc, 0.782350948509, 1e-11, "aSAH", "AUC", ""); /* Hmisc::somers2 */
    same(f.r.quality.nagelkerke, 0.3360270922, 1e-9, "aSAH", "R2", "");
    same(f.r.quality.brier, 0.1694026512, 1e-9, "aSAH", "Brier", "");
    done(&f);
}
END_TEST

START_TEST(test_separated_firth)
{
    static const char text[] = "s100b,y\n";
    const char *path = sn_test_data("stats/aSAH.csv");
    struct sn_buf b = { 0 };
    struct sn_error err = { 0 };
    struct sn_csv t;
    struct fitted f;
    char file[256];
    int col;

    if (!path)
        return;
    sn_ck_ok(sn_csv_read(path, &t, &err), &err);
    col = sn_csv_column(&t, "s100b");
    sn_buf_puts(&b, text);
    for (size_t i = 0; i < t.rows; i++) {
        double v;

        ck_assert(sn_parse_double(sn_csv_cell(&t, i, col), &v));
        sn_buf_printf(&b, "%s,%d\n", sn_csv_cell(&t, i, col), v > 0.3);
    }
    sn_csv_free(&t);
    (void)snprintf(file, sizeof file, "%s/separated.csv", sn_test_tmpdir());
    sn_ck_ok(sn_file_write(file, b.data, b.len, &err), &err);
    sn_buf_free(&b);
    load_golden("tests/unit/data/stats/fit.csv");
    f.o = options(file, "y", NULL, "s100b");
    sn_ck_ok(sn_fit_read(&f.o, &f.d, &err), &err);
    sn_ck_fails(sn_fit_run(&f.o, &f.d, NULL, &f.r, &err), SN_EFORMAT, &err, "separated.csv: logistic fit: 's100b' perfectly separates");
    sn_fit_data_free(&f.d);
    f.o.firth = true;
    run(&f);
    for (size_t i = 0; i < golden.rows; i++)
        if (strcmp(cell(i, 0), "separated_firth") == 0 && strncmp(cell(i, 1), "fl", 2) != 0)
            same(reported(&f, cell(i, 1), cell(i, 2)), value(i), 1e-8, "separated", cell(i, 1), cell(i, 2));
    done(&f);
    free_golden();
}
END_TEST

START_TEST(test_selection)
{
    static const struct {
        const char *id, *file, *outcome, *positive, *terms;
    } m[] = { { "birthwt_select", "stats/MASS_birthwt.csv", "low", NULL, "age, lwt, factor(race), smoke, ptl, ht, ui" },
              { "Pima_select", "stats/MASS_Pima.tr.csv", "type", "Yes", "npreg, glu, bp, skin, bmi, ped, age" } };
    const char *path = sn_test_data(m[_i / 2].file);
    struct fitted f;
    size_t compared = 0;

    if (!path)
        return;
    load_golden("tests/unit/data/stats/fit.csv");
    f.o = options(path, m[_i / 2].outcome, m[_i / 2].positive, m[_i / 2].terms);
    f.o.recipe.rule = _i % 2 ? SN_SELECT_AIC : SN_SELECT_P;
    run(&f);
    for (size_t i = 0; i < golden.rows; i++)
        if (strcmp(cell(i, 0), m[_i / 2].id) == 0 && strcmp(cell(i, 1), _i % 2 ? "kept_aic" : "kept_p") == 0) {
            ck_assert_int_eq(effect_of(&f, cell(i, 2))->kept, value(i) > 0.5);
            compared++;
        }
    ck_assert_uint_eq(compared, 7);
    ck_assert(f.r.n_warnings > 0 && strstr(f.r.warning[0], "backward elimination") != NULL);
    done(&f);
    free_golden();
}
END_TEST

static Suite *suite_fit(void)
{
    Suite *s = suite_create("fit");
    TCase *t = tcase_create("fit");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_as_r, 0, (int)SN_COUNT(models));
    tcase_add_test(t, test_gold_case);
    tcase_add_test(t, test_separated_firth);
    tcase_add_loop_test(t, test_selection, 0, 4);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_fit)
