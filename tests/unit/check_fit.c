/* check_fit.c: `fit` against R, scikit-learn and statsmodels; splines, selection, LASSO, validation, model.json, refusals. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats/stats.h"
#include "tools/cli.h"
#include "tools/fit.h"

/* ---- golden numbers: tools/golden/make_fit_golden.R, make_lasso_golden.py ------------------------- */

static struct sn_csv golden;

static void load_golden(const char *name)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_csv_read(sn_test_file(name), &golden, &err), &err);
}

static void free_golden(void) { sn_csv_free(&golden); }
static const char *cell(size_t row, int col) { return sn_csv_cell(&golden, row, col); }

static double value(size_t row)
{
    double v;

    ck_assert(sn_parse_double(cell(row, 3), &v));
    return v;
}

static void same(double found, double expected, double relative, const char *model, const char *what, const char *term)
{
    ck_assert_msg(fabs(found - expected) <= relative * SN_MAX(fabs(expected), 1e-4), "%s: %s of '%s': found %.17g, expected %.17g", model, what, term,
                  found, expected);
}

/* ---- fits -------------------------------------------------------------------------------------------- */

struct fitted {
    struct sn_fit_options o;
    struct sn_fit_data d;
    struct sn_fit_report r;
};

static struct sn_fit_options options(const char *file, const char *outcome, const char *event, const char *terms)
{
    struct sn_fit_options o = { .file = file, .terms = terms, .event = event, .names = SN_TABLE_NAMES_DEFAULT, .seed = 1, .level = 0.95,
                                .recipe = { .limit = 0.05, .folds = 10 } };

    o.names.outcome = outcome;
    return o;
}

static void run(struct fitted *f)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_fit_read(&f->o, &f->d, &err), &err);
    sn_ck_ok(sn_fit_run(&f->o, &f->d, NULL, &f->r, &err), &err);
}

static void done(struct fitted *f)
{
    sn_fit_report_free(&f->r);
    sn_fit_data_free(&f->d);
}

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
    const char *id, *file, *outcome, *event, *terms;
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
    f.o = options(path, models[_i].outcome, models[_i].event, models[_i].terms);
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

/*
 * Where R's glm stops by default: from mu = (y + 1/2) / 2 until the deviance changes by less than 1e-8 of itself; its
 * standard errors are of the weights before the last step. That is up to 2e-5 from the maximum's in the data below.
 */
static void as_r_stops(const struct sn_logit_data *d, double *beta, double *se)
{
    size_t n = d->n, p = d->p;
    double *a = malloc(n * p * sizeof *a), *tau = malloc(p * sizeof *tau), *z = malloc(n * sizeof *z), *eta = malloc(n * sizeof *eta),
           *cov = malloc(p * p * sizeof *cov), before = INFINITY, now;

    ck_assert(a && tau && z && eta && cov);
    for (size_t i = 0; i < n; i++)
        eta[i] = sn_logit((d->y[i] + 0.5) / 2);
    now = -2 * sn_logit_loglik(eta, d->y, NULL, n);
    while (fabs(now - before) / (fabs(now) + 0.1) >= 1e-8) {
        for (size_t i = 0; i < n; i++) {
            double mu = sn_sigmoid(eta[i]), v = mu * (1 - mu), root = sqrt(v);

            for (size_t j = 0; j < p; j++)
                a[j * n + i] = root * d->x[j * n + i];
            z[i] = root * (eta[i] + (d->y[i] - mu) / v);
        }
        ck_assert_uint_eq(sn_qr_factor(a, n, p, tau, SN_RANK_TOLERANCE), p);
        sn_qr_qty(a, n, p, tau, z);
        sn_qr_solve(a, n, p, z);
        memcpy(beta, z, p * sizeof *beta);
        memset(eta, 0, n * sizeof *eta);
        for (size_t j = 0; j < p; j++)
            for (size_t i = 0; i < n; i++)
                eta[i] += beta[j] * d->x[j * n + i];
        before = now;
        now = -2 * sn_logit_loglik(eta, d->y, NULL, n);
    }
    sn_qr_inverse(a, n, p, cov);
    for (size_t j = 0; j < p; j++)
        se[j] = sqrt(cov[j * p + j]);
    free(a);
    free(tau);
    free(z);
    free(eta);
    free(cov);
}

/* reference_values.csv of the data folder: R's glm as it stops, rms's lrm, with 12 digits. */
START_TEST(test_reference_values)
{
    static const struct {
        const char *name;
        size_t at;
    } whole[] = {
        { "logit_loglik", offsetof(struct sn_fit_report, quality.loglik) }, { "logit_aic", offsetof(struct sn_fit_report, quality.aic) },
        { "brier", offsetof(struct sn_fit_report, quality.brier) },         { "auc", offsetof(struct sn_fit_report, quality.auc) },
        { "lrm_Model L.R.", offsetof(struct sn_fit_report, all.chisq) },    { "lrm_d.f.", offsetof(struct sn_fit_report, all.df) },
        { "lrm_P", offsetof(struct sn_fit_report, all.p) },                 { "lrm_C", offsetof(struct sn_fit_report, quality.auc) },
        { "lrm_R2", offsetof(struct sn_fit_report, quality.nagelkerke) },   { "lrm_R2(189)", offsetof(struct sn_fit_report, quality.cox_snell) },
    };
    const char *path = sn_test_data("stats/MASS_birthwt.csv"), *values = sn_test_data("stats/reference_values.csv");
    struct sn_error err = { 0 };
    struct fitted f;
    struct sn_csv t;
    double beta[9], se[9];
    size_t compared = 0;

    if (!path)
        return;
    f.o = options(path, "low", NULL, models[0].terms);
    run(&f);
    as_r_stops(&f.r.data, beta, se);
    sn_ck_ok(sn_csv_read(values, &t, &err), &err);
    for (size_t i = 0; i < t.rows; i++) {
        const char *quantity = sn_csv_cell(&t, i, 1), *term;
        double v, found = NAN;

        if (strcmp(sn_csv_cell(&t, i, 0), "birthwt") != 0 || !sn_parse_double(sn_csv_cell(&t, i, 2), &v))
            continue;
        if (strcmp(quantity, "logit_deviance") == 0)
            found = -2 * f.r.quality.loglik;
        else if (strcmp(quantity, "logit_null_deviance") == 0)
            found = -2 * f.r.quality.null_loglik;
        for (size_t k = 0; k < SN_COUNT(whole); k++)
            if (strcmp(quantity, whole[k].name) == 0)
                memcpy(&found, (const char *)&f.r + whole[k].at, sizeof found);
        if (!isnan(found)) { /* functions of the likelihood: flat at the maximum, so where one stops is unseen; Brier is not quite */
            same(found, v, strcmp(quantity, "brier") == 0 ? 1e-8 : 2e-11, "birthwt", quantity, "");
            compared++;
        }
        if (strncmp(quantity, "logit_coef_", 11) == 0 || strncmp(quantity, "logit_se_", 9) == 0 || strncmp(quantity, "logit_p_", 8) == 0) {
            const struct sn_fit_row *row;
            size_t j;

            term = strchr(quantity + 6, '_') + 1;
            term = strcmp(term, "(Intercept)") == 0 ? "(intercept)" : strcmp(term, "race2") == 0 ? "race=2" : strcmp(term, "race3") == 0 ? "race=3" : term;
            row = row_of(&f, term);
            j = (size_t)(row - f.r.row);
            same(quantity[6] == 'c'   ? beta[j]
                 : quantity[6] == 's' ? se[j]
                                      : 2 * sn_norm_sf(fabs(beta[j] / se[j])), v, 2e-11, "birthwt, stopped as R", quantity, "");
            same(quantity[6] == 'c' ? row->beta : quantity[6] == 's' ? row->se : row->p, v, 1e-4, "birthwt", quantity, "");
            compared++;
        }
    }
    ck_assert_uint_eq(compared, 27 + 12);
    sn_csv_free(&t);
    done(&f);
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
        const char *id, *file, *outcome, *event, *terms;
    } m[] = { { "birthwt_select", "stats/MASS_birthwt.csv", "low", NULL, "age, lwt, factor(race), smoke, ptl, ht, ui" },
              { "Pima_select", "stats/MASS_Pima.tr.csv", "type", "Yes", "npreg, glu, bp, skin, bmi, ped, age" } };
    const char *path = sn_test_data(m[_i / 2].file);
    struct fitted f;
    size_t compared = 0;

    if (!path)
        return;
    load_golden("tests/unit/data/stats/fit.csv");
    f.o = options(path, m[_i / 2].outcome, m[_i / 2].event, m[_i / 2].terms);
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

/* Hmisc's knots, ties and small samples included. */
START_TEST(test_knots)
{
    static const char *const where[][2] = { { "age", "stats/MASS_birthwt.csv" }, { "lwt", "stats/MASS_birthwt.csv" }, { "ftv", "stats/MASS_birthwt.csv" },
                                            { "s100b", "stats/aSAH.csv" },       { "ndka", "stats/aSAH.csv" },        { "skin", "stats/MASS_Pima.tr.csv" },
                                            { "V1", "stats/MASS_biopsy.csv" },   { "V7", "stats/MASS_biopsy.csv" } };
    const char *path = sn_test_data(where[_i][1]);
    struct sn_error err = { 0 };
    struct sn_csv t;
    double x[700], knots[SN_RCS_MAX_KNOTS];
    size_t n = 0;
    int found;

    if (!path)
        return;
    load_golden("tests/unit/data/stats/fit.csv");
    sn_ck_ok(sn_csv_read(path, &t, &err), &err);
    for (size_t i = 0; i < t.rows; i++) {
        bool complete = true;

        for (size_t c = 0; c < t.cols; c++)
            complete = complete && !sn_csv_is_na(sn_csv_cell(&t, i, (int)c));
        if (complete)
            ck_assert(n < SN_COUNT(x) && sn_parse_double(sn_csv_cell(&t, i, sn_csv_column(&t, where[_i][0])), &x[n++]));
    }
    for (int k = 3; k <= 7; k++) {
        char id[40];
        int at = 0;

        (void)snprintf(id, sizeof id, "knots_%s_%d", where[_i][0], k);
        sn_ck_ok(sn_rcs_knots(x, n, k, knots, &found, &err), &err);
        for (size_t i = 0; i < golden.rows; i++)
            if (strcmp(cell(i, 0), id) == 0) {
                ck_assert_msg(at < found, "%s: R has more than %d knots", id, found);
                same(knots[at++], value(i), 1e-14, id, "knot", cell(i, 2));
            }
        ck_assert_msg(at == found, "%s: %d knots, R has %d", id, found, at);
    }
    sn_csv_free(&t);
    free_golden();
}
END_TEST

/* Linear beyond the outer knots, twice differentiable at every knot. */
START_TEST(test_spline)
{
    static const double t[] = { -2, 0.5, 1, 4 };
    const double h = 1e-4;

    for (size_t j = 1; j <= 2; j++) {
        ck_assert(sn_rcs_basis(-5, t, 4, j) == 0 && sn_rcs_basis(-2, t, 4, j) == 0);
        for (double x = 4.5; x < 100; x *= 2) {
            double bend = sn_rcs_basis(x - 0.25, t, 4, j) - 2 * sn_rcs_basis(x, t, 4, j) + sn_rcs_basis(x + 0.25, t, 4, j);

            ck_assert(fabs(bend) < 1e-12 * x * x * x);
        }
        for (int k = 0; k < 4; k++) {
            double left = sn_rcs_basis(t[k] - 2 * h, t, 4, j) - 2 * sn_rcs_basis(t[k] - h, t, 4, j) + sn_rcs_basis(t[k], t, 4, j);
            double right = sn_rcs_basis(t[k], t, 4, j) - 2 * sn_rcs_basis(t[k] + h, t, 4, j) + sn_rcs_basis(t[k] + 2 * h, t, 4, j);

            ck_assert(fabs(left - right) / (h * h) < 0.01);
        }
    }
}
END_TEST

/* ---- LASSO ------------------------------------------------------------------------------------------- */

START_TEST(test_lasso)
{
    static const struct {
        const char *file, *path, *outcome, *event, *terms;
    } m[] = { { "MASS_biopsy.csv", "stats/MASS_biopsy.csv", "class", "malignant", "V1,V2,V3,V4,V5,V6,V7,V8,V9" },
              { "MASS_Pima.tr.csv", "stats/MASS_Pima.tr.csv", "type", "Yes", "npreg, glu, bp, skin, bmi, ped, age" } };
    const char *path = sn_test_data(m[_i].path);
    struct sn_error err = { 0 };
    struct fitted f;
    struct sn_lasso path_, l;

    if (!path)
        return;
    load_golden("tests/unit/data/stats/lasso.csv");
    f.o = options(path, m[_i].outcome, m[_i].event, m[_i].terms);
    run(&f);
    sn_ck_ok(sn_lasso_path(&f.r.data, NULL, 0, &path_, &err), &err);
    for (size_t i = 0; i < golden.rows; i++) {
        double lambda;
        size_t j = 0;

        if (strcmp(cell(i, 0), m[_i].file) != 0)
            continue;
        ck_assert(sn_parse_double(cell(i, 1), &lambda));
        if (strcmp(cell(i, 2), "lambda_max") == 0) {
            same(path_.lambda[0], value(i), 1e-12, m[_i].file, "lambda", "max");
            continue;
        }
        while (strcmp(f.r.data.names[j], cell(i, 2)) != 0)
            j++;
        sn_ck_ok(sn_lasso_path(&f.r.data, &lambda, 1, &l, &err), &err);
        same(l.beta[j], value(i), 1e-8, m[_i].file, cell(i, 1), cell(i, 2));
        sn_lasso_free(&l);
    }
    ck_assert_uint_eq(path_.nonzero[0], 0);
    same(path_.lambda[99] / path_.lambda[0], 1e-4, 1e-12, m[_i].file, "lambda", "ratio");
    sn_lasso_free(&path_);
    done(&f);
    free_golden();
}
END_TEST

/* Karush-Kuhn-Tucker: |gradient| is lambda where a coefficient is not 0, at most lambda elsewhere; on random data, n < p too. */
START_TEST(test_lasso_optimal)
{
    struct sn_rng r = { 7 + (uint64_t)_i };
    size_t n = 20 + (size_t)sn_rng_below(&r, 80), p = 2 + (size_t)sn_rng_below(&r, 40);
    double *x = malloc(n * p * sizeof *x), *y = malloc(n * sizeof *y), *eta = malloc(n * sizeof *eta);
    size_t *effect = malloc(p * sizeof *effect);
    struct sn_logit_data d = { .n = n, .p = p, .x = x, .y = y, .effect = effect, .n_effects = p - 1 };
    struct sn_error err = { 0 };
    struct sn_lasso l;

    for (size_t j = 0; j < p; j++) {
        effect[j] = j ? j - 1 : SIZE_MAX;
        for (size_t i = 0; i < n; i++)
            x[j * n + i] = j == 0 ? 1 : j == 3 ? 5 : 10 * sn_rng_normal(&r) + (double)j; /* a constant column among them */
    }
    for (size_t i = 0; i < n; i++)
        y[i] = sn_rng_uniform(&r) < sn_sigmoid(0.1 * (x[n + i] - 1)) || i == 0;
    y[1] = 0;
    sn_ck_ok(sn_lasso_path(&d, NULL, 0, &l, &err), &err);
    for (size_t k = 0; k < SN_LASSO_STEPS; k++) {
        const double *b = l.beta + k * p;

        for (size_t i = 0; i < n; i++) {
            eta[i] = 0;
            for (size_t j = 0; j < p; j++)
                eta[i] += b[j] * x[j * n + i];
        }
        for (size_t j = 1; j < p; j++) {
            double gradient = 0, mean = 0, square = 0, sd;

            for (size_t i = 0; i < n; i++)
                mean += x[j * n + i] / (double)n;
            for (size_t i = 0; i < n; i++)
                square += (x[j * n + i] - mean) * (x[j * n + i] - mean) / (double)n;
            sd = sqrt(square);
            if (sd < 1e-9) {
                ck_assert(b[j] == 0);
                continue;
            }
            for (size_t i = 0; i < n; i++)
                gradient += (x[j * n + i] - mean) / sd * (y[i] - sn_sigmoid(eta[i])) / (double)n;
            ck_assert_msg(b[j] == 0 ? fabs(gradient) <= l.lambda[k] + 1e-9 : fabs(gradient - (b[j] > 0 ? 1 : -1) * l.lambda[k]) < 1e-9,
                          "step %zu, column %zu: gradient %.12g, lambda %.12g, coefficient %g", k, j, gradient, l.lambda[k], b[j]);
        }
    }
    sn_lasso_free(&l);
    free(x);
    free(y);
    free(eta);
    free(effect);
}
END_TEST

/* ---- validation, splits ---------------------------------------------------------------------------- */

/* A table with one real term and noise. */
static void made_up(const char *file, size_t n, uint64_t seed)
{
    struct sn_rng r = { seed };
    struct sn_buf b = { 0 };
    struct sn_error err = { 0 };

    sn_buf_puts(&b, "case,patient,outcome,a,b,c,grade,set\n");
    for (size_t i = 0; i < n; i++) {
        double x = sn_rng_normal(&r), u = sn_rng_normal(&r), v = sn_rng_normal(&r);

        sn_buf_printf(&b, "%zu,p%zu,%d,%.6f,%.6f,%.6f,%c,%s\n", i, i, sn_rng_uniform(&r) < sn_sigmoid(x - 0.3), x, u, v, "xyz"[sn_rng_below(&r, 3)],
                      i % 4 ? "train" : "test");
    }
    sn_ck_ok(sn_file_write(file, b.data, b.len, &err), &err);
    sn_buf_free(&b);
}

static const char *made_up_file(void)
{
    static char file[256];

    (void)snprintf(file, sizeof file, "%s/made_up.csv", sn_test_tmpdir());
    made_up(file, 240, 11);
    return file;
}

/* The same bits for one, two and three threads, with selection and with LASSO. */
START_TEST(test_validation_threads)
{
    static const enum sn_selection rules[] = { SN_SELECT_NONE, SN_SELECT_AIC, SN_SELECT_LASSO_1SE };
    struct sn_validation first = { 0 };
    struct sn_error err = { 0 };
    struct fitted f;

    f.o = options(made_up_file(), "outcome", NULL, "a, b, c, grade");
    f.o.recipe.rule = rules[_i];
    f.o.recipe.folds = 5;
    run(&f);
    for (int threads = 1; threads <= 3; threads++) {
        struct sn_validation v;
        struct sn_pool *pool;

        sn_ck_ok(sn_pool_create(&pool, threads, &err), &err);
        sn_ck_ok(sn_logit_validate(&f.r.data, &f.o.recipe, f.r.beta, NULL, _i == 2 ? 6 : 30, 5, pool, &v, &err), &err);
        sn_pool_free(pool);
        if (threads == 1)
            first = v;
        else
            ck_assert(memcmp(v.corrected, first.corrected, sizeof v.corrected) == 0 &&
                      memcmp(v.kept, first.kept, f.r.data.n_effects * sizeof *v.kept) == 0);
        if (threads > 1)
            sn_validation_free(&v);
    }
    ck_assert(first.failed == 0 && first.optimism[SN_VALID_AUC] > 0 && first.optimism[SN_VALID_BRIER] < 0);
    ck_assert_double_eq_tol(first.apparent[SN_VALID_AUC], f.r.quality.auc, 1e-12);
    if (_i == 0)
        ck_assert(fabs(first.apparent[SN_VALID_SLOPE] - 1) < 1e-9 && fabs(first.apparent[SN_VALID_INTERCEPT]) < 1e-9);
    sn_validation_free(&first);
    done(&f);
}
END_TEST

/* Patients with several rows: they are drawn together; one row a patient is the plain bootstrap. */
START_TEST(test_validation_clusters)
{
    struct sn_validation a, b;
    struct sn_error err = { 0 };
    struct fitted f;
    uint32_t own[240], pairs[240];

    f.o = options(made_up_file(), "outcome", NULL, "a, b");
    run(&f);
    for (uint32_t i = 0; i < 240; i++) {
        own[i] = i;
        pairs[i] = i / 2;
    }
    sn_ck_ok(sn_logit_validate(&f.r.data, &f.o.recipe, f.r.beta, own, 10, 5, NULL, &a, &err), &err);
    sn_ck_ok(sn_logit_validate(&f.r.data, &f.o.recipe, f.r.beta, pairs, 10, 5, NULL, &b, &err), &err);
    ck_assert(a.optimism[0] != b.optimism[0] && a.failed == 0 && b.failed == 0);
    sn_validation_free(&a);
    sn_validation_free(&b);
    done(&f);
}
END_TEST

START_TEST(test_split)
{
    double y[100];
    bool in[100], again[100], other[100];
    struct sn_error err = { 0 };
    int ones = 0, all = 0;

    for (int i = 0; i < 100; i++)
        y[i] = i < 23;
    sn_ck_ok(sn_split_stratified(y, 100, 0.7, 4, in, &err), &err);
    sn_ck_ok(sn_split_stratified(y, 100, 0.7, 4, again, &err), &err);
    sn_ck_ok(sn_split_stratified(y, 100, 0.7, 5, other, &err), &err);
    for (int i = 0; i < 100; i++) {
        all += in[i];
        ones += in[i] && i < 23;
    }
    ck_assert_int_eq(ones, 16); /* 0.7 * 23 = 16.1; 0.7 * 77 = 53.9 */
    ck_assert_int_eq(all, 16 + 54);
    ck_assert(memcmp(in, again, sizeof in) == 0 && memcmp(in, other, sizeof in) != 0);
    sn_ck_fails(sn_split_stratified(y, 100, 1, 4, in, &err), SN_EINVAL, &err, "between 0 and 1");
}
END_TEST

/* Riley et al. 2020's example in R's pmsampsize: Cox-Snell R2 0.288, 24 parameters, prevalence 0.174: 623, 662, 221. */
START_TEST(test_riley)
{
    struct sn_riley r = sn_riley_sample(24, 0.288, 0.174);

    ck_assert(r.shrinkage == 623 && r.r2 == 662 && r.overall == 221 && r.needed == 662 && r.events == 116);
    ck_assert(isnan(sn_riley_sample(24, -0.1, 0.174).needed) && isnan(sn_riley_sample(24, 0.9, 0.174).needed));
}
END_TEST

/* ---- terms ------------------------------------------------------------------------------------------- */

START_TEST(test_formula)
{
    struct sn_error err = { 0 };
    struct sn_formula f;

    sn_ck_ok(sn_formula_parse(" dl_sig, `odd, name` + rcs( size ,3)*factor(her2,neg) : ", &f, &err) == SN_EINVAL ? SN_OK : SN_EINTERNAL, &err);
    sn_ck_ok(sn_formula_parse("dl_sig, `odd, name` + rcs( size ,3)*factor(her2, neg), dl_sig", &f, &err), &err);
    ck_assert(f.n_vars == 4 && f.n_effects == 5 && strcmp(f.vars[1].name, "odd, name") == 0 && f.vars[2].knots == 3);
    ck_assert(strcmp(f.vars[3].name, "her2") == 0 && strcmp(f.vars[3].reference, "neg") == 0);
    ck_assert(f.effects[4].n_vars == 2 && f.effects[4].var[0] == 2 && f.effects[4].var[1] == 3);
    sn_formula_free(&f);
    sn_ck_ok(sn_formula_parse("a*b*c", &f, &err), &err);
    ck_assert(f.n_effects == 7 && f.effects[2].n_vars == 1 && f.effects[6].n_vars == 3);
    sn_formula_free(&f);
}
END_TEST

START_TEST(test_formula_refused)
{
    static const char *const bad[][2] = {
        { "", "a name expected" },          { "a,,b", "a name expected" },     { "a b, rcs(a b)", "number of knots" },
        { "rcs(a, 2)", "3 to 10 knots" },   { "rcs(a, 3x)", "3 to 10 knots" }, { "rcs(a, 3", "')' expected" },
        { "a:b", "lacks an effect" },       { "a, rcs(a,3)", "two different" },{ "a*a", "interact with itself" },
        { "a*b:c", "'*' and ':'" },         { "`a", "closing backquote" },     { "a)b", "',' or '+' expected" },
        { "a*b*c*d*e", "more than 4" },     { "factor(a, 1, 2)", "')'" },
    };

    for (size_t i = 0; i < SN_COUNT(bad); i++) {
        struct sn_error err = { 0 };
        struct sn_formula f;
        int rc = sn_formula_parse(bad[i][0], &f, &err);

        ck_assert_msg(rc && strstr(err.msg, bad[i][1]), "'%s': %s", bad[i][0], err.msg);
    }
}
END_TEST

/* ---- the file ---------------------------------------------------------------------------------------- */

/* What was fitted is what is applied: every row's risk from model.json equals the fit's, for every kind of term. */
START_TEST(test_model_file)
{
    static const char *const terms[] = { "a, b", "rcs(a, 4), grade", "rcs(a,3) * grade + b", "factor(grade, z) * b", "a*b, c" };
    char path[256];
    struct sn_error err = { 0 };
    struct sn_logistic m;
    struct fitted f;

    f.o = options(made_up_file(), "outcome", NULL, terms[_i]);
    f.o.boot = 3;
    f.o.univariable = true;
    run(&f);
    (void)snprintf(path, sizeof path, "%s/model%d.json", sn_test_tmpdir(), _i);
    sn_ck_ok(sn_fit_write_model(&f.r, path, &err), &err);
    sn_ck_ok(sn_logistic_read(path, &m, &err), &err);
    ck_assert_uint_eq(m.n_terms, f.r.data.p - 1);
    ck_assert(m.threshold == f.r.threshold);
    for (size_t i = 0; i < f.d.n; i++) {
        struct sn_logistic_value v[8];
        double x[40], lp, risk;

        for (size_t c = 0; c < m.n_columns; c++) {
            v[c].text = sn_csv_cell(&f.d.table.csv, f.d.row[i], sn_csv_column(&f.d.table.csv, m.columns[c].name));
            (void)sn_parse_double(v[c].text, &v[c].number);
        }
        for (size_t t = 0; t < m.n_terms; t++)
            x[t] = sn_logistic_term_x(&m, t, v);
        sn_ck_ok(sn_logistic_apply(&m, x, &lp, &risk, &err), &err);
        ck_assert_double_eq_tol(risk, f.r.fit.mu[i], 1e-14);
    }
    sn_logistic_free(&m);
    done(&f);
}
END_TEST

static int fit(const char *table, const char *const *more, size_t n)
{
    char *argv[24] = { "sentinode", "fit", (char *)table, "--quiet" };

    for (size_t i = 0; i < n; i++)
        argv[4 + i] = (char *)more[i];
    return sn_main((int)(4 + n), argv);
}
#define FIT(table, ...) fit(table, (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

START_TEST(test_command)
{
    char model[256], split[256];
    struct sn_error err = { 0 };
    struct sn_csv t;
    int counts[3] = { 0 };

    (void)snprintf(model, sizeof model, "%s/command.json", sn_test_tmpdir());
    (void)snprintf(split, sizeof split, "%s/split.csv", sn_test_tmpdir());
    ck_assert_int_eq(FIT(made_up_file(), "--terms", "a, b, grade", "--where", "set=train", "--boot", "5", "-o", model), 0);
    ck_assert_int_eq(FIT(made_up_file(), "--terms", "a, b", "--split", "0.7", "--split-out", split, "--boot", "0", "--json"), 0);
    ck_assert_int_eq(FIT(made_up_file(), "--terms", "a, b", "--lasso", "min", "--boot", "2"), 0);
    ck_assert_int_eq(FIT(made_up_file(), "--terms", "a, b", "--flic", "--boot", "2"), 0);
    ck_assert_int_eq(FIT(made_up_file(), "--terms", "a, b, c", "--screen", "0.2", "--select", "p", "--boot", "2"), 0);
    sn_ck_ok(sn_csv_read(split, &t, &err), &err);
    for (size_t i = 0; i < t.rows; i++) {
        const char *s = sn_csv_cell(&t, i, (int)t.cols - 1);

        counts[strcmp(s, "train") == 0 ? 0 : strcmp(s, "test") == 0 ? 1 : 2]++;
    }
    ck_assert(counts[0] == 168 && counts[1] == 72 && counts[2] == 0);
    ck_assert_str_eq(t.header[t.cols - 1], "fit_set"); /* the table has a column `set` */
    sn_csv_free(&t);
    ck_assert_int_eq(FIT(made_up_file(), "--boot", "0"), 2);
    ck_assert_int_eq(FIT(made_up_file(), "--terms", "a", "--lasso", "best"), 2);
    ck_assert_int_eq(FIT(made_up_file(), "--terms", "a", "--lasso", "min", "--firth"), 2);
    ck_assert_int_eq(FIT(made_up_file(), "--terms", "a", "--split-out", split), 2);
    ck_assert_int_eq(FIT(made_up_file(), "--terms", "rcs(a)"), 2);
    ck_assert_int_eq(FIT(made_up_file(), "--terms", "nothing"), 3);
}
END_TEST

/* Each names file, line and column where there is one. */
START_TEST(test_tables_refused)
{
    static const struct {
        const char *text, *terms, *event, *says;
    } bad[] = {
        { "outcome,a\n1,2\n0,x\n0,3\n1,4\n0,5\n1,6\n0,7\n1,8\n0,9\n1,9\n0,1\n1,3\n", "a", NULL, "bad.csv: line 3, column 'a': 'x' is not a number" },
        { "outcome,a\n1,2\n2,3\n", "a", NULL, "bad.csv: line 3, column 'outcome': '2' is neither 0 nor 1" },
        { "outcome,a\nyes,2\nno,3\nmaybe,3\n", "a", "yes", "line 4, column 'outcome': a third outcome 'maybe'" },
        { "outcome,a\nno,2\nno,3\n", "a", "yes", "has no 'yes'" },
        { "outcome,a\n1,2\n1,3\n", "a", NULL, "all 2 rows that are fitted have the outcome 1" },
        { "outcome,a\n1,2\n0,3\n", "a", NULL, "2 complete rows are too few for 2 coefficients" },
        { "outcome,a\n1,\n0,NA\n", "a", NULL, "no complete rows: 2 rows; left out: 2 without 'a'" },
        { "outcome,a\n1,2\n0,2\n1,2\n0,2\n", "a", NULL, "'a' has one value only" },
        { "outcome,b\n1,2\n0,2\n1,2\n0,2\n", "a", NULL, "column 'a' is missing; the header has: outcome, b" },
        { "outcome,a\n1,2\n0,3\n1,2\n0,4\n", "outcome", NULL, "'outcome' is the outcome" },
        { "outcome,a\n1,x\n0,y\n1,x\n0,y\n1,y\n0,x\n", "factor(a, q)", NULL, "'a' has no category 'q'" },
        { "outcome,a\n1,x\n0,y\n1,x\n0,y\n1,y\n0,x\n", "rcs(a, 3)", NULL, "'a' is not a number, a spline needs one" },
        { "outcome,a\n1,1\n0,2\n1,1\n0,2\n1,2\n0,1\n1,2\n", "rcs(a, 3)", NULL, "only 0 distinct knots" },
        { "patient,outcome,a\np,1,2\np,1,3\nq,0,2\nr,0,2\ns,1,1\n", "a", NULL, "line 3, column 'a': differs from line 2, which is of the same patient" },
        { "outcome,a\n1,1e999\n0,2\n1,1\n0,2\n1,2\n0,1\n1,2\n0,1\n1,2\n0,1\n1,2\n", "a", NULL, "line 2, column 'a': '1e999' is not a number" },
        { "outcome;a\n1;0,5\n0;2\n1;1\n0;2\n1;2\n0;1\n1;2\n0;1\n1;2\n0;1\n1;2\n", "a", NULL, "decimal comma" },
    };
    char file[256];

    (void)snprintf(file, sizeof file, "%s/bad.csv", sn_test_tmpdir());
    for (size_t i = 0; i < SN_COUNT(bad); i++) {
        struct sn_fit_options o = options(file, "outcome", bad[i].event, bad[i].terms);
        struct sn_error err = { 0 };
        struct sn_fit_data d;
        int rc;

        sn_ck_ok(sn_file_write(file, bad[i].text, strlen(bad[i].text), &err), &err);
        rc = sn_fit_read(&o, &d, &err);
        ck_assert_msg(rc && strstr(err.msg, bad[i].says), "table %zu: found %d '%s', expected '%s'", i, rc, err.msg, bad[i].says);
    }
}
END_TEST

/* Rows of one patient that agree count once; what is left out is counted. */
START_TEST(test_patients)
{
    static const char text[] = "patient,case,outcome,a,image\np,1,1,2,x\np,2,1,2,y\nq,3,0,1,x\nr,4,0,3,x\nr,5,0,3,z\ns,6,1,1,x\nt,7,1,,x\n";
    struct sn_error err = { 0 };
    struct sn_fit_options o;
    struct sn_fit_data d;
    char file[256];

    (void)snprintf(file, sizeof file, "%s/patients.csv", sn_test_tmpdir());
    sn_ck_ok(sn_file_write(file, text, sizeof text - 1, &err), &err);
    o = options(file, "outcome", NULL, "a");
    sn_ck_ok(sn_fit_read(&o, &d, &err), &err);
    ck_assert(d.n == 4 && d.events == 2 && d.repeated == 2 && d.keep.n == 6 && d.keep.reason[0].n == 1 && !d.cluster);
    sn_fit_data_free(&d);
    o.all_rows = true;
    sn_ck_ok(sn_fit_read(&o, &d, &err), &err);
    ck_assert(d.n == 6 && d.events == 3 && d.cluster && d.cluster[0] == d.cluster[1] && d.cluster[1] != d.cluster[2] && d.cluster[3] == d.cluster[4]);
    sn_fit_data_free(&d);
}
END_TEST

static Suite *suite_fit(void)
{
    Suite *s = suite_create("fit");
    TCase *t = tcase_create("fit");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_as_r, 0, (int)SN_COUNT(models));
    tcase_add_test(t, test_reference_values);
    tcase_add_test(t, test_gold_case);
    tcase_add_test(t, test_separated_firth);
    tcase_add_loop_test(t, test_selection, 0, 4);
    tcase_add_loop_test(t, test_knots, 0, 8);
    tcase_add_test(t, test_spline);
    tcase_add_loop_test(t, test_lasso, 0, 2);
    tcase_add_loop_test(t, test_lasso_optimal, 0, 8);
    tcase_add_loop_test(t, test_validation_threads, 0, 3);
    tcase_add_test(t, test_validation_clusters);
    tcase_add_test(t, test_split);
    tcase_add_test(t, test_riley);
    tcase_add_test(t, test_formula);
    tcase_add_test(t, test_formula_refused);
    tcase_add_loop_test(t, test_model_file, 0, 5);
    tcase_add_test(t, test_command);
    tcase_add_test(t, test_tables_refused);
    tcase_add_test(t, test_patients);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_fit)
