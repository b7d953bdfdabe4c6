/* check_fit_terms.c: what terms may say, and the splines they name, with Hmisc's knots. */
#include "tests/unit/fit_run.h"

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

/* ---- splines ---------------------------------------------------------------------------------------- */

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

static Suite *suite_fit_terms(void)
{
    Suite *s = suite_create("fit_terms");
    TCase *t = tcase_create("fit_terms");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_formula);
    tcase_add_test(t, test_formula_refused);
    tcase_add_loop_test(t, test_knots, 0, 8);
    tcase_add_test(t, test_spline);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_fit_terms)
