/* check_nomogram.c: R's pretty(); rms::nomogram's scaling; the command. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats/stats.h"
#include "tools/cli.h"
#include "tools/fit.h"
#include "tools/nomogram_svg.h"

/* lo, hi, n; first value, last value, number of values: pretty(c(lo, hi), n) of R 4.2.2 */
static const struct {
    double lo, hi;
    int n;
    double first, last;
    int count;
} cases[] = {
    { 18, 81, 10, 15, 85, 15 },
    { 0.029999999999999999, 2.0699999999999998, 10, 0, 2.2000000000000002, 12 },
    { 0, 140.59999999999999, 10, 0, 160, 9 },
    { -3.2000000000000002, 4.0999999999999996, 10, -4, 5, 10 },
    { 5, 5, 10, 3, 6, 4 },
    { 0, 0, 10, -0.40000000000000002, 0.20000000000000001, 4 },
    { -7, -7, 5, -10, -5, 2 },
    { 1.0000000000000001e-05, 3.0000000000000001e-05, 7, 9.9999999999999991e-06, 3.0000000000000001e-05, 5 },
    { 1000000, 1000000.1, 10, 1000000, 1000000.1, 11 },
    { -1, 0, 3, -1, 0, 3 },
    { 0, 1, 1, 0, 1, 2 },
    { 99.5, 100.5, 6, 99.400000000000006, 100.60000000000001, 7 },
    { -0.001, 0.002, 12, -0.001, 0.002, 16 },
    { 123, 129, 20, 123, 129, 13 },
    { 0, 1e-300, 10, 0, 1e-300, 11 },
    { 2, 3, 2, 2, 3, 3 },
    { 2287, 4482, 3, 2000, 5000, 4 },
    { -41.229999999999997, 39.990000000000002, 5, -60, 40, 6 },
    { 0.219, 0.22774, 5, 0.218, 0.22800000000000001, 6 },
    { 0.046769999999999999, 0.065439999999999998, 3, 0.044999999999999998, 0.070000000000000007, 6 },
    { 8085, 8085.5990000000002, 1, 8085, 8086, 3 },
    { 1.306, 1.3692600000000001, 17, 1.3049999999999999, 1.3700000000000001, 14 },
    { 0.00018420000000000001, 25.5501842, 17, 0, 26, 14 },
    { -888.20000000000005, -886.27800000000002, 17, -888.20000000000005, -886.20000000000005, 21 },
    { 110.7, 110.70926800000001, 5, 110.7, 110.71000000000001, 6 },
    { 307.69999999999999, 307.79966999999999, 17, 307.69999999999999, 307.80000000000001, 21 },
    { 11680, 12924, 10, 11600, 13000, 15 },
    { -0.0039100000000000003, 42.346090000000004, 3, -20, 60, 5 },
    { 18.140000000000001, 666.34000000000003, 1, 0, 1000, 3 },
    { -3.456, 25.193999999999999, 10, -5, 30, 8 },
    { -0.17199999999999999, 0.19750000000000001, 10, -0.20000000000000001, 0.20000000000000001, 9 },
    { 0.00031829999999999998, 0.00089689999999999995, 10, 0.00030000000000000003, 0.00090000000000000008, 13 },
    { 763.70000000000005, 763.70160900000008, 1, 763.70000000000005, 763.702, 2 },
    { -123.59999999999999, -67.780000000000001, 5, -130, -60, 8 },
    { 4.0590000000000002, 55.708999999999996, 1, 0, 100, 3 },
    { 0.00158, 1931.0015800000001, 3, 0, 2000, 5 },
    { 1840, 1840.01882, 10, 1840, 1840.02, 11 },
    { -624, -623.99937780000005, 17, -624, -623.99935000000005, 14 },
    { 0.004248, 4.9322479999999995, 5, 0, 5, 6 },
    { -7.9269999999999996, -7.9213069999999997, 10, -7.9270000000000005, -7.9210000000000003, 13 },
};

START_TEST(test_pretty)
{
    double first, step, last;
    int n = sn_pretty(cases[_i].lo, cases[_i].hi, cases[_i].n, &first, &step);

    last = sn_pretty_value(first, step, n - 1);
    ck_assert_msg(n == cases[_i].count && fabs(sn_pretty_value(first, step, 0) - cases[_i].first) <= 4 * DBL_EPSILON * SN_MAX(step, fabs(first)) &&
                      fabs(last - cases[_i].last) <= 4 * DBL_EPSILON * SN_MAX(step, fabs(last)),
                  "pretty(%g, %g, %d): %d values from %.17g to %.17g, R has %d from %.17g to %.17g", cases[_i].lo, cases[_i].hi, cases[_i].n, n,
                  first, last, cases[_i].count, cases[_i].first, cases[_i].last);
}
END_TEST

/* rms 6.5-0, lrm(Poor ~ age + s100b + gender) on pROC's aSAH data, n = 113; ranges of the data */
static const char model[] =
    "{\"format\":\"sentinode-logistic\",\"version\":1,\"outcome\":\"poor outcome\",\"intercept\":-2.7604906745931,\"terms\":["
    "{\"name\":\"age\",\"column\":\"age\",\"coefficient\":0.0339191713837,\"min\":18,\"max\":81},"
    "{\"name\":\"s100b\",\"column\":\"s100b\",\"coefficient\":4.6286171918422,\"min\":0.03,\"max\":2.07},"
    "{\"name\":\"gender=Female\",\"column\":\"gender\",\"level\":\"Female\",\"coefficient\":-1.1542158981647}]}";

static void load(const char *json, struct sn_logistic *m)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_logistic_parse(json, strlen(json), m, &err), &err);
}

START_TEST(test_as_rms)
{
    struct sn_error err = { 0 };
    struct sn_nomogram n;
    struct sn_logistic m;
    const struct sn_nomogram_axis *a;

    load(model, &m);
    sn_ck_ok(sn_nomogram_build(&m, NULL, &n, &err), &err);
    ck_assert_int_eq(n.n_axes, 3);
    ck_assert_double_eq_tol(n.scale, 9.82032939226, 1e-10);
    ck_assert_double_eq_tol(n.intercept, -3.405919002, 1e-9);
    a = &n.axis[0];
    ck_assert(a->value[0] == 15 && a->value[a->n - 1] == 85);
    ck_assert_double_eq_tol(a->points[a->n - 1], 23.31682, 5e-6);
    a = &n.axis[1];
    ck_assert(a->value[0] == 0 && a->value[a->n - 1] == 2.2 && fabs(a->points[a->n - 1] - 100) < 1e-12);
    a = &n.axis[2];
    ck_assert(a->factor && a->n == 2 && a->level[0] == NULL && fabs(a->points[1]) < 1e-12);
    ck_assert_double_eq_tol(a->points[0], 11.33478, 5e-6);
    /* (qlogis(0.1) + 3.405919002) * 9.82032939226; rms interpolates between 1000 points and has 11.86970 */
    ck_assert_double_eq_tol(sn_nomogram_total(&n, 0.1), 11.86977734, 1e-7);
    sn_nomogram_free(&n);
    sn_logistic_free(&m);
}
END_TEST

/* 400 ranges and interval counts, R's ends and number of values; tools/golden/make_nomogram_golden.R */
START_TEST(test_pretty_table)
{
    struct sn_error err = { 0 };
    struct sn_csv t;
    double v[3];
    int compared = 0;

    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/stats/nomogram.csv"), &t, &err), &err);
    for (size_t i = 0; i + 2 < t.rows; i++) {
        double lo, hi, first, step, last, close;
        int want, n;

        if (strcmp(sn_csv_cell(&t, i, 0), "pretty") != 0 || strcmp(sn_csv_cell(&t, i, 2), "first") != 0)
            continue;
        ck_assert_int_eq(sscanf(sn_csv_cell(&t, i, 1), "%lf %lf %d", &lo, &hi, &want), 3);
        for (size_t k = 0; k < 3; k++)
            ck_assert(sn_parse_double(sn_csv_cell(&t, i + k, 3), &v[k]));
        n = sn_pretty(lo, hi, want, &first, &step);
        last = sn_pretty_value(first, step, n - 1);
        close = 4 * DBL_EPSILON * SN_MAX(step, SN_MAX(fabs(v[0]), fabs(v[1])));
        ck_assert_msg(n == (int)v[2] && fabs(sn_pretty_value(first, step, 0) - v[0]) <= close && fabs(last - v[1]) <= close,
                      "pretty(%.17g, %.17g, %d): %d from %.17g to %.17g, R has %g from %.17g to %.17g", lo, hi, want, n,
                      sn_pretty_value(first, step, 0), last, v[2], v[0], v[1]);
        compared++;
    }
    ck_assert_int_eq(compared, 400);
    sn_csv_free(&t);
}
END_TEST

/* Models fitted, written, read and made into a nomogram: every tick of rms's, splines and interactions included. */
static const struct {
    const char *id, *file, *outcome, *positive, *terms;
} models[] = {
    { "aSAH", "stats/aSAH.csv", "outcome", "Poor", "age, s100b, gender" },
    { "aSAH_rcs", "stats/aSAH.csv", "outcome", "Poor", "rcs(age, 4), s100b, gender" },
    { "aSAH_interaction", "stats/aSAH.csv", "outcome", "Poor", "age * gender, s100b" },
    { "birthwt", "stats/MASS_birthwt.csv", "low", NULL, "age, lwt, factor(race), smoke, ptl" },
    { "birthwt_interaction", "stats/MASS_birthwt.csv", "low", NULL, "rcs(age, 3) * factor(race), lwt * smoke" },
};

static void fit_model(const char *file, const char *outcome, const char *positive, const char *terms, struct sn_logistic *m)
{
    struct sn_fit_options o = { .file = file, .terms = terms, .names = SN_TABLE_NAMES_DEFAULT, .level = 0.95 };
    struct sn_error err = { 0 };
    struct sn_fit_data d;
    struct sn_fit_report r;
    char path[256];

    o.names.outcome = outcome;
    o.names.positive = positive;
    (void)snprintf(path, sizeof path, "%s/fitted.json", sn_test_tmpdir());
    sn_ck_ok(sn_fit_read(&o, &d, &err), &err);
    sn_ck_ok(sn_fit_run(&o, &d, NULL, &r, &err), &err);
    sn_ck_ok(sn_fit_write_model(&r, path, &err), &err);
    sn_ck_ok(sn_logistic_read(path, m, &err), &err);
    sn_fit_report_free(&r);
    sn_fit_data_free(&d);
}

START_TEST(test_rms_ticks)
{
    const char *path = sn_test_data(models[_i].file);
    struct sn_error err = { 0 };
    struct sn_nomogram n;
    struct sn_logistic m;
    struct sn_csv t;
    int compared = 0, ticks = 0;

    if (!path)
        return;
    fit_model(path, models[_i].outcome, models[_i].positive, models[_i].terms, &m);
    sn_ck_ok(sn_nomogram_build(&m, NULL, &n, &err), &err);
    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/stats/nomogram.csv"), &t, &err), &err);
    for (size_t i = 0; i < t.rows; i++) {
        const char *axis = sn_csv_cell(&t, i, 1), *tick = sn_csv_cell(&t, i, 2);
        double v, value = NAN;
        bool found = false;

        if (strcmp(sn_csv_cell(&t, i, 0), models[_i].id) != 0)
            continue;
        ck_assert(sn_parse_double(sn_csv_cell(&t, i, 3), &v));
        if (strcmp(axis, "scale") == 0) {
            ck_assert_double_eq_tol(n.scale, v, 1e-8 * v);
            continue;
        }
        (void)sn_parse_double(tick, &value);
        for (int k = 0; k < n.n_axes; k++)
            for (int j = 0; j < n.axis[k].n && strcmp(n.axis[k].label, axis) == 0; j++)
                if (n.axis[k].factor ? strcmp(n.axis[k].level[j], tick) == 0 : fabs(n.axis[k].value[j] - value) < 1e-9) {
                    ck_assert_msg(fabs(n.axis[k].points[j] - v) < 1e-6, "%s at %s: %.12g points, rms has %.12g", axis, tick, n.axis[k].points[j], v);
                    found = true;
                    compared++;
                }
        ck_assert_msg(found, "%s has no tick %s", axis, tick);
    }
    for (int k = 0; k < n.n_axes; k++)
        ticks += n.axis[k].n;
    ck_assert_int_eq(compared, ticks); /* nor more ticks than rms */
    sn_csv_free(&t);
    sn_nomogram_free(&n);
    sn_logistic_free(&m);
}
END_TEST

/* The sum of the points leads to the model's own risk, whatever the axes' ends, also with splines and interactions. */
START_TEST(test_same_risk)
{
    struct sn_nomogram_span span = { "age", 20, 70 };
    const struct sn_nomogram_options as[] = { { SN_NOMOGRAM_PRETTY, 0, NULL }, { SN_NOMOGRAM_DATA, 0, NULL }, { SN_NOMOGRAM_PRETTY, 1, &span } };
    const char *path = _i ? sn_test_data(models[_i].file) : NULL;
    struct sn_error err = { 0 };
    struct sn_logistic m;

    if (_i && !path)
        return;
    if (path)
        fit_model(path, models[_i].outcome, models[_i].positive, models[_i].terms, &m);
    else
        load(model, &m);
    for (size_t range = 0; range < SN_COUNT(as); range++) {
        struct sn_nomogram n;

        sn_ck_ok(sn_nomogram_build(&m, &as[range], &n, &err), &err);
        for (int i = 0; i < 50; i++) {
            struct sn_logistic_value v[8];
            double x[32], lp, risk, total = 0;

            for (size_t c = 0; c < m.n_columns; c++) {
                const struct sn_logistic_column *k = &m.columns[c];
                const char *level = k->factor ? k->levels[(size_t)i % k->n_levels] : NULL;

                v[c] = (struct sn_logistic_value){ k->factor ? 0 : k->min - 1 + (k->max - k->min + 2) * i / 49, level ? level : "else" };
            }
            for (size_t t = 0; t < m.n_terms; t++)
                x[t] = sn_logistic_term_x(&m, t, v);
            sn_ck_ok(sn_logistic_apply(&m, x, &lp, &risk, &err), &err);
            for (size_t g = 0; g < n.n_groups; g++)
                total += sn_nomogram_points(&n, g, sn_nomogram_lp(&n, g, v));
            ck_assert_double_eq_tol(sn_nomogram_risk(&n, total), risk, 1e-12);
            ck_assert_double_eq_tol(n.intercept + total / n.scale, lp, 1e-11 * (1 + fabs(lp)));
        }
        sn_nomogram_free(&n);
    }
    sn_logistic_free(&m);
}
END_TEST

START_TEST(test_refusals)
{
#define MODEL(terms) "{\"format\":\"sentinode-logistic\",\"version\":1,\"intercept\":0,\"terms\":[" terms "]}"
    static const char *const bad[][2] = {
        { MODEL("{\"name\":\"a\",\"column\":\"a\",\"coefficient\":1}"), "states no range" },
        { MODEL("{\"name\":\"a\",\"column\":\"a\",\"coefficient\":0,\"min\":0,\"max\":1}"), "changes the risk" },
        { MODEL("{\"name\":\"a\",\"column\":\"a\",\"coefficient\":1,\"min\":0,\"max\":1},{\"name\":\"b\",\"column\":\"a\",\"level\":\"x\",\"coefficient\":1}"),
          "both a number and a category" },
        { MODEL("{\"name\":\"b\",\"column\":\"a\",\"level\":\"x\",\"coefficient\":1},{\"name\":\"a\",\"column\":\"a\",\"coefficient\":1,\"min\":0,\"max\":1}"),
          "both a number and a category" },
        { MODEL(""), "changes the risk" },
    };

    for (size_t i = 0; i < SN_COUNT(bad); i++) {
        struct sn_error err = { 0 };
        struct sn_nomogram n;
        struct sn_logistic m;

        load(bad[i][0], &m);
        sn_ck_fails(sn_nomogram_build(&m, NULL, &n, &err), SN_EINVAL, &err, bad[i][1]);
        sn_logistic_free(&m);
    }
}
END_TEST

START_TEST(test_command)
{
    char json[512], svg[512], *argv[] = { "sentinode", "nomogram", json, "--value", "age=50", "--value", "s100b=0.3", "--value", "gender=Male",
                                          "--quiet", "-o", svg };
    char table[512], *from_table[] = { "sentinode", "nomogram", json, "--patient", table, "--case", "c2", "--quiet", "--range", "age=20:90", "--json" };
    char *no_case[] = { "sentinode", "nomogram", json, "--patient", table, "--case", "c9" };
    char *missing[] = { "sentinode", "nomogram", json, "--patient", table, "--case", "c3" };
    char *no_range[] = { "sentinode", "nomogram", json, "--range", "gender=1:2" }, *empty[] = { "sentinode", "nomogram", json, "--range", "age=9:2" };
    static const char rows[] = "case,age,s100b,gender\nc1,50,0.3,Male\nc2,60,0.4,Female\nc3,60,,Female\n";
    char *lacks[] = { "sentinode", "nomogram", json, "--value", "age=50" }, *unknown[] = { "sentinode", "nomogram", json, "--value", "height=1" };
    struct sn_error err = { 0 };
    struct sn_map map = { 0 };

    (void)snprintf(json, sizeof json, "%s/model.json", sn_test_tmpdir());
    (void)snprintf(svg, sizeof svg, "%s/model.svg", sn_test_tmpdir());
    sn_ck_ok(sn_file_write(json, model, sizeof model - 1, &err), &err);
    ck_assert_int_eq(sn_main((int)SN_COUNT(argv), argv), 0);
    sn_ck_ok(sn_map_file(svg, &map, &err), &err);
    ck_assert(map.size > 1000 && memcmp(map.data, "<svg", 4) == 0 && memcmp((const char *)map.data + map.size - 7, "</svg>\n", 7) == 0);
    sn_map_close(&map);
    (void)snprintf(table, sizeof table, "%s/patients.csv", sn_test_tmpdir());
    sn_ck_ok(sn_file_write(table, rows, sizeof rows - 1, &err), &err);
    ck_assert_int_eq(sn_main((int)SN_COUNT(from_table), from_table), 0);
    ck_assert_int_eq(sn_main((int)SN_COUNT(no_case), no_case), 3);
    ck_assert_int_eq(sn_main((int)SN_COUNT(missing), missing), 3);
    ck_assert_int_eq(sn_main((int)SN_COUNT(no_range), no_range), 2);
    ck_assert_int_eq(sn_main((int)SN_COUNT(empty), empty), 2);
    ck_assert_int_eq(sn_main((int)SN_COUNT(lacks), lacks), 2);
    ck_assert_int_eq(sn_main((int)SN_COUNT(unknown), unknown), 2);
}
END_TEST

static Suite *suite_nomogram(void)
{
    Suite *s = suite_create("nomogram");
    TCase *t = tcase_create("nomogram");

    tcase_add_loop_test(t, test_pretty, 0, (int)SN_COUNT(cases));
    tcase_add_test(t, test_pretty_table);
    tcase_add_test(t, test_as_rms);
    tcase_add_loop_test(t, test_rms_ticks, 0, (int)SN_COUNT(models));
    tcase_add_loop_test(t, test_same_risk, 0, (int)SN_COUNT(models));
    tcase_add_test(t, test_refusals);
    tcase_add_test(t, test_command);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_nomogram)
