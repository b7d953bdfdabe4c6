/* check_recalibrate.c: recalibration maps against R and scikit-learn, their files; risks by outcome class. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats/stats.h"
#include "tests/unit/calibration_golden.h"
#include "tools/cli.h"

/* ---- distributions by class --------------------------------------------------------------------------- */

START_TEST(spread_as_r)
{
    static const char *const parts[] = { "min", "q05", "q25", "median", "q75", "q95", "max", "sd", "bw" };
    struct sn_error err = { 0 };
    struct sn_risk_spread of[2];
    struct sn_risks r;
    struct sample s;
    char name[64];

    load(&s, _i);
    init(&s, &r);
    sn_ck_ok(sn_risk_spread(&r, of, &err), &err);
    for (int c = 0; c < 2; c++) {
        const double got[] = { of[c].min, of[c].q05, of[c].q25, of[c].median, of[c].q75, of[c].q95, of[c].max, of[c].sd, of[c].bandwidth };
        double area = 0, direct = 0, h = of[c].bandwidth;
        size_t in_bins = 0;

        for (size_t k = 0; k < SN_COUNT(parts); k++) {
            (void)snprintf(name, sizeof name, "spread_%d_%s", c, parts[k]);
            close_to(got[k], want(&s.values, s.name, name), 1e-10, s.name, name);
        }
        for (int i = 0; i < SN_SPREAD_POINTS; i++)
            area += of[c].density[i] * (i == 0 || i == SN_SPREAD_POINTS - 1 ? 0.5 : 1) / (SN_SPREAD_POINTS - 1);
        ck_assert_double_eq_tol(area, 1, 1e-3);
        for (size_t i = 0; i < r.n; i++) /* the density at 0.3, by its formula */
            if (r.y[i] == c)
                for (int m = 0; m < 3; m++) {
                    double d = m == 0 ? 0.3 - r.p[i] : m == 1 ? 0.3 + r.p[i] : 1.7 - r.p[i];

                    direct += exp(-d * d / (2 * h * h)) / (h * sqrt(2 * acos(-1)) * (double)of[c].n);
                }
        ck_assert_double_eq_tol(of[c].density[60], direct, 1e-3 * direct);
        for (int i = 0; i < SN_SPREAD_BINS; i++)
            in_bins += of[c].bin[i];
        ck_assert_uint_eq(in_bins, of[c].n);
    }
    ck_assert_uint_eq(of[0].n + of[1].n, s.n);
    sn_risks_free(&r);
    unload(&s);
}
END_TEST

/* ---- recalibration -------------------------------------------------------------------------------------- */

START_TEST(recalibration_mends)
{
    struct sn_error err = { 0 };
    struct sample s;
    struct sn_risks r, q;
    double out[256];

    load(&s, _i);
    init(&s, &r);
    for (int k = 0; k < 4; k++) {
        enum sn_recal_method method;
        struct sn_calibration c;
        struct sn_recal m;
        double mean = 0;

        ck_assert(sn_recal_parse_method(sn_recal_method_name((enum sn_recal_method)k), &method) && (int)method == k);
        sn_ck_ok(sn_recal_fit(&r, method, &m, &err), &err);
        sn_ck_ok(sn_recal_apply(&m, s.p, s.n, out, NULL, &err), &err);
        for (size_t i = 0; i < s.n; i++)
            mean += out[i] / (double)s.n;
        if (method != SN_RECAL_TEMPERATURE)
            ck_assert_double_eq_tol(mean, r.prevalence, 1e-10);
        if (method == SN_RECAL_TEMPERATURE)
            close_to(m.slope, want(&s.values, s.name, "temperature_slope"), 1e-8, s.name, "temperature");
        if (method == SN_RECAL_PLATT) { /* what is recalibrated needs no recalibration */
            sn_ck_ok(sn_risks_init(&q, out, s.y, s.n, SN_EXTREME_REFUSE, &err), &err);
            sn_ck_ok(sn_calibration(&q, 0.95, &c, &err), &err);
            ck_assert(fabs(c.slope.value - 1) < 1e-9 && fabs(c.recalibration_intercept.value) < 1e-9 && c.cox_chisq < 1e-9);
            close_to(m.slope, want(&s.values, s.name, "slope"), 1e-8, s.name, "platt slope");
            sn_risks_free(&q);
        }
        if (method == SN_RECAL_ISOTONIC) {
            static const double at[] = { 0, 0.011, 0.123, 0.3, 0.4, 0.55, 0.777, 0.93, 1 };

            ck_assert_uint_eq(m.knots, (size_t)want(&s.py, s.name, "isotonic_knots"));
            sn_ck_ok(sn_recal_apply(&m, at, SN_COUNT(at), out, NULL, &err), &err);
            for (size_t i = 0; i < SN_COUNT(at); i++) {
                char name[32];

                (void)snprintf(name, sizeof name, "isotonic_%g", at[i]);
                close_to(out[i], want(&s.py, s.name, name), 1e-10, s.name, name);
            }
        }
        sn_recal_free(&m);
    }
    sn_risks_free(&r);
    unload(&s);
}
END_TEST

/* Written and read, a map gives the same bits; the digest names the data. */
START_TEST(recalibration_files)
{
    struct sn_error err = { 0 };
    struct sample s;
    struct sn_risks r;
    double a[256], b[256];
    char path[512], digest[SN_SHA256_HEX] = "";

    load(&s, 0);
    init(&s, &r);
    (void)snprintf(path, sizeof path, "%s/recal.json", sn_test_tmpdir());
    for (int k = 0; k < 4; k++) {
        struct sn_recal m, back;

        sn_ck_ok(sn_recal_fit(&r, (enum sn_recal_method)k, &m, &err), &err);
        (void)snprintf(m.trained_on, sizeof m.trained_on, "made-up patients, \"mixed\"");
        sn_ck_ok(sn_recal_write(&m, path, &err), &err);
        sn_ck_ok(sn_recal_read(path, &back, &err), &err);
        sn_ck_ok(sn_recal_apply(&m, s.p, s.n, a, NULL, &err), &err);
        sn_ck_ok(sn_recal_apply(&back, s.p, s.n, b, NULL, &err), &err);
        ck_assert_mem_eq(a, b, s.n * sizeof *a);
        ck_assert(back.n == s.n && back.events == r.events && back.clamp == 0);
        ck_assert_str_eq(back.trained_on, m.trained_on);
        ck_assert_str_eq(back.data_sha256, m.data_sha256);
        if (*digest)
            ck_assert_str_eq(digest, m.data_sha256);
        memcpy(digest, m.data_sha256, sizeof digest);
        sn_recal_free(&m);
        sn_recal_free(&back);
    }
    s.p[7] = 0.5;
    sn_risks_free(&r);
    init(&s, &r);
    {
        struct sn_recal m;

        sn_ck_ok(sn_recal_fit(&r, SN_RECAL_PLATT, &m, &err), &err);
        ck_assert_str_ne(digest, m.data_sha256);
        sn_recal_free(&m);
    }
    sn_risks_free(&r);
    unload(&s);
}
END_TEST

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MAP(rest) "{\"format\":\"sentinode-recalibration\",\"version\":1," rest ",\"n\":10,\"events\":4,\"data_sha256\":\"" HEX "\",\"trained_on\":\"\"}"
#define LINE "\"intercept\":0.5,\"slope\":0.9"

START_TEST(recalibration_refusals)
{
    static const struct {
        const char *json;
        int code;
        const char *text;
    } bad[] = {
        { "[]", SN_EFORMAT, "sentinode-recalibration" },
        { "{\"format\":\"x\"}", SN_EFORMAT, "sentinode-recalibration" },
        { "{\"format\":\"sentinode-recalibration\",\"version\":2}", SN_EUNSUPPORTED, "not 1" },
        { MAP("\"method\":\"spline\"," LINE), SN_EFORMAT, "intercept, platt, temperature or isotonic" },
        { MAP("\"method\":\"platt\",\"intercept\":0.5"), SN_EFORMAT, "\"slope\"" },
        { MAP("\"method\":\"platt\",\"intercept\":0.5,\"slope\":-1"), SN_EFORMAT, "\"slope\"" },
        { MAP("\"method\":\"platt\",\"intercept\":\"a\",\"slope\":1"), SN_EFORMAT, "\"intercept\"" },
        { MAP("\"method\":\"platt\",\"other\":1," LINE), SN_EFORMAT, "unknown key \"other\"" },
        { MAP("\"method\":\"intercept\"," LINE), SN_EFORMAT, "do not belong to method intercept" },
        { MAP("\"method\":\"temperature\"," LINE), SN_EFORMAT, "do not belong to method temperature" },
        { MAP("\"method\":\"isotonic\"," LINE), SN_EFORMAT, "does not belong" },
        { MAP("\"method\":\"platt\",\"knots\":[[0.1,0.2]]," LINE), SN_EFORMAT, "does not belong" },
        { MAP("\"method\":\"isotonic\""), SN_EFORMAT, "\"knots\"" },
        { MAP("\"method\":\"isotonic\",\"knots\":[]"), SN_EFORMAT, "\"knots\"" },
        { MAP("\"method\":\"isotonic\",\"knots\":[[0.1]]"), SN_EFORMAT, "pairs of numbers" },
        { MAP("\"method\":\"isotonic\",\"knots\":[[0.1,0.2],[0.1,0.3]]"), SN_EFORMAT, "knot 2" },
        { MAP("\"method\":\"isotonic\",\"knots\":[[0.1,0.2],[0.2,0.1]]"), SN_EFORMAT, "knot 2" },
        { MAP("\"method\":\"isotonic\",\"knots\":[[0.1,1.2]]"), SN_EFORMAT, "knot 1" },
        { MAP("\"method\":\"platt\",\"clamp\":0.5," LINE), SN_EFORMAT, "\"clamp\"" },
        { "{\"format\":\"sentinode-recalibration\",\"version\":1,\"method\":\"platt\"," LINE ",\"n\":10,\"events\":4,\"data_sha256\":\"12\",\"trained_on\":\"\"}", SN_EFORMAT,
          "data_sha256" },
        { "{\"format\":\"sentinode-recalibration\",\"version\":1,\"method\":\"platt\"," LINE ",\"n\":10,\"events\":14}", SN_EFORMAT, "\"events\"" },
        { "{", SN_EFORMAT, "json" },
    };
    static const double p[] = { 0.2, 0, 1 }, out_of_range[] = { 1.01 }, same[] = { 0.3, 0.3, 0.3, 0.3 }, reverse[] = { 0.9, 0.5, 0.6, 0.1, 0.2, 0.85 };
    static const uint8_t y[] = { 0, 0, 1, 1, 1, 0 };
    struct sn_error err = { 0 };
    struct sn_recal m;
    struct sn_risks r;
    double q[3];
    size_t moved;

    for (size_t i = 0; i < SN_COUNT(bad); i++) {
        sn_ck_fails(sn_recal_parse(bad[i].json, strlen(bad[i].json), &m, &err), bad[i].code, &err, bad[i].text);
        ck_assert_ptr_null(m.x);
    }
    sn_ck_ok(sn_recal_parse(MAP("\"method\":\"platt\"," LINE), strlen(MAP("\"method\":\"platt\"," LINE)), &m, &err), &err);
    sn_ck_fails(sn_recal_apply(&m, p, 3, q, NULL, &err), SN_EINVAL, &err, "risk 2 is exactly 0");
    sn_ck_fails(sn_recal_apply(&m, out_of_range, 1, q, NULL, &err), SN_EINVAL, &err, "1.01");
    m.clamp = 1e-8;
    sn_ck_ok(sn_recal_apply(&m, p, 3, q, &moved, &err), &err);
    ck_assert(moved == 2 && q[1] > 0 && q[1] < q[0] && q[0] < q[2] && q[2] < 1);
    sn_recal_free(&m);
    sn_ck_ok(sn_risks_init(&r, same, y, 4, SN_EXTREME_REFUSE, &err), &err);
    sn_ck_fails(sn_recal_fit(&r, SN_RECAL_PLATT, &m, &err), SN_EFORMAT, &err, "all risks are 0.3");
    sn_ck_ok(sn_recal_fit(&r, SN_RECAL_INTERCEPT, &m, &err), &err);
    sn_recal_free(&m);
    sn_risks_free(&r);
    sn_ck_ok(sn_risks_init(&r, reverse, y, 6, SN_EXTREME_REFUSE, &err), &err);
    sn_ck_fails(sn_recal_fit(&r, SN_RECAL_PLATT, &m, &err), SN_EFORMAT, &err, "the slope is -");
    sn_risks_free(&r);
}
END_TEST

/* ---- the command ------------------------------------------------------------------------------------------ */

static int command(const char *const *words)
{
    char *argv[20];
    int argc = 0;

    argv[argc++] = "sentinode";
    argv[argc++] = "recalibrate";
    while (words[argc - 2]) {
        argv[argc] = (char *)words[argc - 2];
        argc++;
    }
    return sn_main(argc, argv);
}
#define RUN(...) command((const char *const[]){ __VA_ARGS__, "--quiet", NULL })

START_TEST(command_fits_and_applies)
{
    struct sn_buf b = { 0 };
    struct sn_error err = { 0 };
    struct sample s;
    struct sn_risks r;
    struct sn_recal m, direct;
    struct sn_csv out;
    char csv[512], map[512], table[512], number[32];
    double q[256];

    load(&s, 0);
    (void)snprintf(csv, sizeof csv, "%s/p.csv", sn_test_tmpdir());
    (void)snprintf(map, sizeof map, "%s/map.json", sn_test_tmpdir());
    (void)snprintf(table, sizeof table, "%s/out.csv", sn_test_tmpdir());
    sn_buf_puts(&b, "case,set,outcome,note,risk\n");
    for (size_t i = 0; i < s.n; i++) /* every other set; the test rows' outcomes are wrong on purpose and must not matter */
        sn_buf_printf(&b, "a%zu,train,%d,\"x, y\",%s\nb%zu,test,%d,z,%s\n", i, s.y[i], sn_format_double(s.p[i], number), i, !s.y[i], sn_format_double(s.p[i], number));
    sn_buf_puts(&b, "c1,train,1,,NA\nc2,train,,,0.3\n");
    sn_ck_ok(sn_file_write(csv, b.data, b.len, &err), &err);
    sn_buf_free(&b);
    ck_assert_int_eq(RUN(csv, "--method", "platt", "-o", map), 2); /* which set? */
    ck_assert_int_eq(RUN(csv, "--method", "platt", "--on", "train", "-o", map), 0);
    sn_ck_ok(sn_recal_read(map, &m, &err), &err);
    init(&s, &r);
    sn_ck_ok(sn_recal_fit(&r, SN_RECAL_PLATT, &direct, &err), &err);
    ck_assert(m.slope == direct.slope && m.intercept == direct.intercept && m.n == s.n);
    ck_assert_str_eq(m.data_sha256, direct.data_sha256);
    ck_assert_str_eq(m.trained_on, "risk of p.csv, set train");
    ck_assert_int_eq(RUN(csv, "--method", "platt", "--on", "train", "--positive", "0", "-o", map), 3); /* turned round: the slope would be below 0 */
    ck_assert_int_eq(RUN(csv, "--apply", map, "-o", table), 0);
    sn_ck_ok(sn_csv_read(table, &out, &err), &err);
    sn_ck_ok(sn_recal_apply(&m, s.p, s.n, q, NULL, &err), &err);
    ck_assert_uint_eq(out.rows, 2 * s.n + 2);
    ck_assert_int_eq(sn_csv_column(&out, "risk_recal"), 5);
    ck_assert_str_eq(sn_csv_cell(&out, 0, 3), "x, y");
    for (size_t i = 0; i < 2 * s.n; i++)
        ck_assert(cell(&out, i, "risk_recal") == q[i / 2]);
    ck_assert_str_eq(sn_csv_cell(&out, 2 * s.n, 5), "");
    ck_assert_int_eq(RUN(table, "--apply", map, "-o", map), 3); /* the column is there already */
    sn_csv_free(&out);
    sn_recal_free(&m);
    sn_recal_free(&direct);
    sn_risks_free(&r);
    unload(&s);
}
END_TEST

START_TEST(command_refusals)
{
    static const char *const tables[][2] = {
        { "outcome,risk\n1,0.2\n0,1.2\n", "above 1" }, { "outcome,risk\n1,0.2\n2,0.3\n", "outcome 2" }, { "outcome,risk\n1,0.2\n1,0.3\n", "one class" },
        { "outcome,risk\n1,0\n0,0.3\n", "zero" },      { "outcome,score\n1,0.2\n", "no column" },      { "outcome,risk\n1,0.7\n0,0.3\n", "separated" },
    };
    struct sn_error err = { 0 };
    char csv[512], map[512];

    (void)snprintf(csv, sizeof csv, "%s/bad.csv", sn_test_tmpdir());
    (void)snprintf(map, sizeof map, "%s/no.json", sn_test_tmpdir());
    for (size_t i = 0; i < SN_COUNT(tables); i++) {
        struct sn_map file;

        sn_ck_ok(sn_file_write(csv, tables[i][0], strlen(tables[i][0]), &err), &err);
        ck_assert_msg(RUN(csv, "--method", "platt", "-o", map) == 3, "%s", tables[i][1]);
        ck_assert_int_ne(sn_map_file(map, &file, NULL), SN_OK); /* nothing was written */
    }
    ck_assert_int_eq(RUN(csv, "--method", "spline", "-o", map), 2);
    ck_assert_int_eq(RUN(csv, "--method", "platt"), 2);
    ck_assert_int_eq(RUN(csv, "-o", map), 2);
    ck_assert_int_eq(RUN(csv, "--method", "platt", "--apply", csv, "-o", map), 2);
    ck_assert_int_eq(RUN(csv, "--apply", csv, "--clamp", "-o", map), 2);
    ck_assert_int_eq(RUN(csv, "--apply", csv, "-o", map), 3); /* no map */
    ck_assert_int_eq(RUN("--method", "platt", "-o", map), 2);
}
END_TEST

static Suite *suite_recalibrate(void)
{
    Suite *s = suite_create("recalibration");
    TCase *tc = tcase_create("recalibration");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, spread_as_r, 0, SAMPLES);
    tcase_add_loop_test(tc, recalibration_mends, 0, SAMPLES);
    tcase_add_test(tc, recalibration_files);
    tcase_add_test(tc, recalibration_refusals);
    tcase_add_test(tc, command_fits_and_applies);
    tcase_add_test(tc, command_refusals);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_recalibrate)
