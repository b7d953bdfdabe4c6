/* check_dist.c: the distributions against R's, and what must hold between them. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>

#include "stats/stats.h"

static double call(const char *fn, double x, double a, double b)
{
    static const struct {
        const char *name;
        double (*f1)(double), (*f2)(double, double), (*f3)(double, double, double);
    } table[] = {
        { "norm_cdf", sn_norm_cdf, NULL, NULL },
        { "norm_sf", sn_norm_sf, NULL, NULL },
        { "norm_pdf", sn_norm_pdf, NULL, NULL },
        { "norm_quantile", sn_norm_quantile, NULL, NULL },
        { "lgamma", sn_lgamma, NULL, NULL },
        { "chisq_cdf", NULL, sn_chisq_cdf, NULL },
        { "chisq_sf", NULL, sn_chisq_sf, NULL },
        { "chisq_quantile", NULL, sn_chisq_quantile, NULL },
        { "t_cdf", NULL, sn_t_cdf, NULL },
        { "t_sf", NULL, sn_t_sf, NULL },
        { "t_quantile", NULL, sn_t_quantile, NULL },
        { "beta_cdf", NULL, NULL, sn_beta_cdf },
        { "beta_sf", NULL, NULL, sn_beta_sf },
        { "beta_quantile", NULL, NULL, sn_beta_quantile },
        { "f_cdf", NULL, NULL, sn_f_cdf },
        { "f_sf", NULL, NULL, sn_f_sf },
        { "f_quantile", NULL, NULL, sn_f_quantile },
        { "binom_pmf", NULL, NULL, sn_binom_pmf },
        { "binom_cdf", NULL, NULL, sn_binom_cdf },
        { "binom_sf", NULL, NULL, sn_binom_sf },
    };

    for (size_t i = 0; i < SN_COUNT(table); i++)
        if (strcmp(table[i].name, fn) == 0)
            return table[i].f1 ? table[i].f1(x) : table[i].f2 ? table[i].f2(x, a) : table[i].f3(x, a, b);
    ck_abort_msg("no function %s", fn);
    return 0;
}

/* tools/golden/make_dist_golden.R, R 4.2.2 */
START_TEST(test_as_r)
{
    struct sn_error err = { 0 };
    struct sn_csv t;
    double v[4], got;

    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/stats/dist.csv"), &t, &err), &err);
    ck_assert_uint_ge(t.rows, 700);
    for (size_t i = 0; i < t.rows; i++) {
        for (int k = 0; k < 4; k++) {
            v[k] = 0;
            ck_assert(sn_csv_cell(&t, i, k + 1)[0] == 0 || sn_parse_double(sn_csv_cell(&t, i, k + 1), &v[k]));
        }
        got = call(sn_csv_cell(&t, i, 0), v[0], v[1], v[2]);
        ck_assert_msg(fabs(got - v[3]) <= 1e-13 * fabs(v[3]), "line %zu, %s(%.17g, %.17g, %.17g): %.17g, R has %.17g, relative %.2g", t.lines[i],
                      sn_csv_cell(&t, i, 0), v[0], v[1], v[2], got, v[3], fabs(got / v[3] - 1));
    }
    sn_csv_free(&t);
}
END_TEST

/* A quantile's cdf is p again, for tails of every size; cdf and sf add to one; both are monotone. */
START_TEST(test_inverse)
{
    struct sn_rng rng = { 7 };

    for (int i = 0; i < 3000; i++) {
        double a = sn_exp(8 * sn_rng_uniform(&rng) - 1), b = sn_exp(8 * sn_rng_uniform(&rng) - 1);
        double p = i % 2 ? sn_rng_uniform(&rng) : sn_exp(-40 * sn_rng_uniform(&rng)), x;

        x = sn_beta_quantile(p, a, b);
        if (x > 1e-280 && x < 1 - 1e-6) /* nearer to 1 the double x itself is too coarse */
            ck_assert_msg(fabs(sn_beta_cdf(x, a, b) - p) <= 1e-12 * p + 1e-15 + 3e-16 * a / (1 - x), "beta %.17g %.17g %.17g -> %.17g", p, a, b, x);
        x = sn_chisq_quantile(p, a);
        ck_assert_msg(x < 1e-280 || fabs(sn_chisq_cdf(x, a) - p) <= 1e-12 * p, "chisq %.17g %.17g -> %.17g", p, a, x);
        x = sn_t_quantile(p, a);
        ck_assert_msg(fabs(sn_t_cdf(x, a) - p) <= 1e-12 * p, "t %.17g %.17g -> %.17g", p, a, x);
        x = sn_f_quantile(p, a, b);
        ck_assert_msg(!(x > 1e-280 && x < 1e6) || fabs(sn_f_cdf(x, a, b) - p) <= 2e-12 * p, "F %.17g %.17g %.17g -> %.17g", p, a, b, x);
        x = sn_norm_quantile(p);
        ck_assert_msg(fabs(sn_norm_cdf(x) - p) <= 2e-15 * (1 + x * x) * p, "normal %.17g -> %.17g", p, x);
        ck_assert_double_eq_tol(sn_beta_cdf(0.3, a, b) + sn_beta_sf(0.3, a, b), 1, 1e-14);
        ck_assert_double_eq_tol(sn_gamma_p(a, b) + sn_gamma_q(a, b), 1, 1e-14);
        ck_assert(sn_t_sf(1.5, a) > sn_t_sf(1.6, a) && sn_f_sf(1.5, a, b) > sn_f_sf(1.6, a, b));
    }
}
END_TEST

/* Values known exactly: t with 1 and 2 degrees of freedom, chi-square with 2, beta(1, b). */
START_TEST(test_closed_forms)
{
    ck_assert_double_eq_tol(sn_t_sf(1, 1), 0.25, 1e-15);
    ck_assert_double_eq_tol(sn_t_cdf(sqrt(2.0), 2), 0.5 + sqrt(2.0) / 4, 1e-15);
    ck_assert_double_eq_tol(sn_chisq_sf(10, 2), sn_exp(-5.0), 1e-17);
    ck_assert_double_eq_tol(sn_beta_cdf(0.25, 1, 3), 1 - 27.0 / 64, 1e-15);
    ck_assert_double_eq_tol(sn_norm_z(0.95), 1.9599639845400542, 5e-16);
    ck_assert_double_eq(sn_norm_quantile(0.5), 0);
    ck_assert_double_eq(sn_t_quantile(0.5, 7), 0);
    ck_assert_double_eq_tol(sn_binom_cdf(3, 5, 0.5), 26.0 / 32, 1e-15);
    ck_assert_double_eq(sn_binom_pmf(0, 0, 0.3), 1);
    ck_assert_double_eq_tol(sn_t_sf(2, 1e30), sn_norm_sf(2), 1e-17);
    ck_assert_double_eq_tol(sn_t_sf(2, 1e12), sn_norm_sf(2), 1e-12);
    ck_assert_double_eq_tol(sn_beta_cdf(0.5, 5e6, 5e6), 0.5, 1e-13); /* ten million cases */
}
END_TEST

START_TEST(test_ranges)
{
    const double bad[] = { sn_chisq_cdf(1, 0), sn_chisq_cdf(NAN, 1), sn_chisq_quantile(1.5, 2), sn_t_sf(1, -1), sn_t_quantile(NAN, 3), sn_beta_cdf(0.5, 0, 1),
                           sn_beta_quantile(-0.1, 1, 1), sn_f_cdf(1, INFINITY, 2), sn_norm_quantile(2), sn_norm_cdf(NAN), sn_norm_pdf(NAN), sn_norm_z(1), sn_lgamma(0),
                           sn_binom_pmf(1, 2.5, 0.5), sn_binom_cdf(1, 2, 1.5), sn_binom_sf(NAN, 2, 0.5), sn_gamma_p(1, -1), sn_gamma_q(NAN, 1), sn_beta_sf(NAN, 1, 1) };

    for (size_t i = 0; i < SN_COUNT(bad); i++)
        ck_assert_msg(isnan(bad[i]), "case %zu gives %g", i, bad[i]);
    ck_assert(sn_norm_cdf(INFINITY) == 1 && sn_norm_sf(INFINITY) == 0 && sn_norm_cdf(-INFINITY) == 0);
    ck_assert(isinf(sn_norm_quantile(1)) && sn_norm_quantile(0) < 0 && isinf(sn_chisq_quantile(1, 3)) && sn_chisq_quantile(0, 3) == 0);
    ck_assert(sn_beta_quantile(0, 2, 3) == 0 && sn_beta_quantile(1, 2, 3) == 1 && sn_beta_cdf(-1, 2, 3) == 0 && sn_beta_cdf(2, 2, 3) == 1);
    ck_assert(isinf(sn_f_quantile(1, 2, 3)) && isinf(sn_t_quantile(1, 3)) && sn_t_quantile(0, 3) < 0);
    ck_assert(sn_t_sf(INFINITY, 3) == 0 && sn_t_sf(1e200, 1) > 0 && sn_f_sf(INFINITY, 1, 1) == 0 && sn_chisq_sf(INFINITY, 3) == 0);
    ck_assert(sn_binom_cdf(-1, 3, 0.5) == 0 && sn_binom_cdf(3, 3, 0.5) == 1 && sn_binom_sf(2.5, 3, 0.5) == sn_binom_sf(2, 3, 0.5));
    ck_assert(sn_binom_pmf(4, 3, 0.5) == 0 && sn_binom_pmf(1.5, 3, 0.5) == 0 && sn_binom_pmf(3, 3, 1) == 1 && sn_binom_pmf(0, 3, 0) == 1);
}
END_TEST

static Suite *suite_dist(void)
{
    Suite *s = suite_create("dist");
    TCase *t = tcase_create("all");

    tcase_add_test(t, test_as_r);
    tcase_add_test(t, test_inverse);
    tcase_add_test(t, test_closed_forms);
    tcase_add_test(t, test_ranges);
    suite_add_tcase(s, t);
    return s;
}
SN_CHECK_MAIN(suite_dist)
