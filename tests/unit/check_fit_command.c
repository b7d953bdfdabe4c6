/* check_fit_command.c: model.json, the command, tables it refuses. */
#include "tests/unit/fit_run.h"
#include "tools/cli.h"

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
        const char *text, *terms, *positive, *says;
    } bad[] = {
        { "outcome,a\n1,2\n0,x\n0,3\n1,4\n0,5\n1,6\n0,7\n1,8\n0,9\n1,9\n0,1\n1,3\n", "a", NULL, "bad.csv: line 3, column 'a': 'x' is not a number" },
        { "outcome,a\n1,2\n2,3\n", "a", NULL, "bad.csv: line 3, column 'outcome': '2' is neither 0 nor 1; --positive TEXT" },
        { "outcome,a\nyes,2\nno,3\nmaybe,3\n", "a", "yes", "line 4, column 'outcome': a third outcome 'maybe', beside 'yes' and 'no'" },
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
        struct sn_fit_options o = options(file, "outcome", bad[i].positive, bad[i].terms);
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

static Suite *suite_fit_command(void)
{
    Suite *s = suite_create("fit_command");
    TCase *t = tcase_create("fit_command");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_model_file, 0, 5);
    tcase_add_test(t, test_command);
    tcase_add_test(t, test_tables_refused);
    tcase_add_test(t, test_patients);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_fit_command)
