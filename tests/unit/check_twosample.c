/* check_twosample.c: Wilcoxon, Welch, chi-square, Fisher, against R and by definition. */
#include "tests/support/support.h"

#include <math.h>
#include <stdlib.h>

#include "stats/stats.h"

static struct sn_error err;

/* R 4.2.2: fisher.test(matrix(cells, 2, byrow = TRUE)); chisq.test(..., correct = TRUE), correct = FALSE */
static const struct {
    uint64_t cell[4];
    double p, odds, lo, hi, yates, pearson;
} tables[] = {
    { { 3, 1, 1, 3 }, 0.48571428571428582, 6.408308867, 0.2117329153, 621.9337505, 0.5, 2 },
    { { 10, 2, 3, 15 }, 0.00053672411914343593, 21.30533128, 2.753438366, 300.6827874, 10.45814479638009, 13.031674208144796 },
    { { 0, 5, 7, 2 }, 0.020979020979020973, 0, 0, 0.6899018875, 4.9777777777777779, 7.7777777777777777 },
    { { 5, 0, 2, 9 }, 0.0048076923076923054, INFINITY, 1.925979239, INFINITY, 6.3215007215007217, 9.3506493506493502 },
    { { 120, 300, 80, 500 }, 1.0568402631716378e-08, 2.497618046, 1.799347338, 3.480606921, 32.334000410509027, 33.251231527093594 },
    { { 1, 40, 9, 33 }, 0.014631444843432023, 0.09384221685, 0.002046571304, 0.7371671692, 5.3818837207452317, 7.0602095365376361 },
    { { 3, 3, 3, 3 }, 1, 1, 0.06392033106, 15.64447467, 0, 0 },
};

/* R finds the odds ratio, or its inverse when above 1, within uniroot's 1.22e-4; exactness is test_fisher_defines' business. */
static void about(double got, double want)
{
    bool above = want > 1;

    ck_assert_msg(got == want || fabs((above ? 1 / got : got) - (above ? 1 / want : want)) < 1.3e-4, "%.12g, R has %.12g", got, want);
}

START_TEST(test_tables)
{
    const uint64_t *cell = tables[_i].cell;
    struct sn_fisher f, turned;
    struct sn_two_sample t;

    sn_ck_ok(sn_fisher_exact(cell[0], cell[1], cell[2], cell[3], 0.95, &f, &err), &err);
    ck_assert_double_eq_tol(f.p / tables[_i].p, 1, 1e-11);
    about(f.odds_ratio, tables[_i].odds);
    about(f.ci.lo, tables[_i].lo);
    about(f.ci.hi, tables[_i].hi);
    sn_chisq_table(cell, 2, 2, true, &t, NULL);
    ck_assert_double_eq_tol(t.statistic, tables[_i].yates, 1e-12 * tables[_i].yates + 1e-15);
    sn_chisq_table(cell, 2, 2, false, &t, NULL);
    ck_assert_double_eq_tol(t.statistic, tables[_i].pearson, 1e-12 * tables[_i].pearson + 1e-15);
    ck_assert(t.df == 1);
    /* rows swapped: the odds ratio's inverse */
    sn_ck_ok(sn_fisher_exact(cell[2], cell[3], cell[0], cell[1], 0.95, &turned, &err), &err);
    ck_assert_double_eq_tol(turned.p, f.p, 1e-12 * f.p);
    ck_assert(turned.odds_ratio == 1 / f.odds_ratio || fabs(turned.odds_ratio * f.odds_ratio - 1) < 1e-12);
    ck_assert(turned.ci.lo == 1 / f.ci.hi || fabs(turned.ci.lo * f.ci.hi - 1) < 1e-11);
}
END_TEST

/* [[10, 2], [3, 15]] by whole numbers: the mean at the odds ratio is 10, the tails at the limits 2.5 %. */
START_TEST(test_fisher_defines)
{
    struct sn_fisher f;
    double sum, mean, tail[2], at[3];

    sn_ck_ok(sn_fisher_exact(10, 2, 3, 15, 0.95, &f, &err), &err);
    at[0] = f.odds_ratio;
    at[1] = f.ci.lo;
    at[2] = f.ci.hi;
    for (int k = 0; k < 3; k++) {
        sum = mean = tail[0] = tail[1] = 0;
        for (int x = 0; x <= 12; x++) { /* choose(12, x) choose(18, 13 - x) odds^x */
            double w = pow(at[k], x);

            for (int i = 0; i < x; i++)
                w *= (12.0 - i) / (i + 1);
            for (int i = 0; i < 13 - x; i++)
                w *= (18.0 - i) / (i + 1);
            sum += w;
            mean += w * x;
            tail[0] += x <= 10 ? w : 0;
            tail[1] += x >= 10 ? w : 0;
        }
        ck_assert_double_eq_tol(k == 0 ? mean / sum : k == 1 ? tail[1] / sum : tail[0] / sum, k ? 0.025 : 10, 1e-12);
    }
}
END_TEST

/* R 4.2.2: wilcox.test(x, y, exact = FALSE), t.test(x, y), chisq.test(matrix(c(12,5,7,8,9,20), 2, byrow = TRUE)) */
START_TEST(test_numbers)
{
    const double x[] = { 1.1, 2, 2, 3.5, 7, 9, 2 }, y[] = { 2, 3, 4, 4, 11, -1 }, same[] = { 5, 5, 5 }, bad[] = { 1, NAN };
    const uint64_t wide[] = { 12, 5, 0, 7, 8, 9, 0, 20, 0, 0, 0, 0 }; /* an empty column and an empty row more */
    struct sn_two_sample t;
    double least;

    sn_ck_ok(sn_wilcoxon(x, 7, y, 6, &t, &err), &err);
    ck_assert(t.statistic == 18.5 && isnan(t.df));
    ck_assert_double_eq_tol(t.p, 0.7717154279217302, 1e-14);
    sn_ck_ok(sn_wilcoxon(y, 6, x, 7, &t, &err), &err);
    ck_assert(t.statistic == 42 - 18.5 && fabs(t.p - 0.7717154279217302) < 1e-14);
    sn_ck_ok(sn_welch(x, 7, y, 6, &t, &err), &err);
    ck_assert_double_eq_tol(t.statistic, -0.016830424592728415, 1e-15);
    ck_assert_double_eq_tol(t.df, 9.2663841268703706, 1e-13);
    ck_assert_double_eq_tol(t.p, 0.98692872598158654, 1e-14);
    sn_chisq_table(wide, 3, 4, true, &t, &least);
    ck_assert_double_eq_tol(t.statistic, 5.690054935888269, 1e-14);
    ck_assert_double_eq_tol(t.p, 0.05813266993296097, 1e-15);
    ck_assert_double_eq_tol(least, 5.5081967213114753, 1e-14);
    ck_assert(t.df == 2);
    sn_ck_ok(sn_wilcoxon(same, 3, same, 2, &t, &err), &err);
    ck_assert(t.statistic == 3 && isnan(t.p));
    sn_ck_ok(sn_welch(same, 3, same, 2, &t, &err), &err);
    ck_assert(isnan(t.p));
    sn_chisq_table(wide, 1, 3, true, &t, NULL);
    ck_assert(isnan(t.p));
    sn_chisq_table(wide, 0, 0, true, &t, &least);
    ck_assert(isnan(t.p) && isinf(least));
    sn_ck_fails(sn_wilcoxon(x, 7, bad, 2, &t, &err), SN_EINVAL, &err, "value 2 of the second group");
    sn_ck_fails(sn_wilcoxon(x, 0, y, 2, &t, &err), SN_EINVAL, &err, "0 values in the first group");
    sn_ck_fails(sn_welch(x, 7, y, 1, &t, &err), SN_EINVAL, &err, "expected at least 2");
    struct sn_fisher f;
    sn_ck_fails(sn_fisher_exact(UINT64_MAX, 1, 1, 1, 0.95, &f, &err), SN_ELIMIT, &err, "more than 2147483648");
    sn_ck_fails(sn_fisher_exact(1, 1, 1, 1, 1, &f, &err), SN_EINVAL, &err, "level is 1");
    sn_ck_ok(sn_fisher_exact(0, 0, 3, 4, 0.95, &f, &err), &err);
    ck_assert(f.p == 1 && isnan(f.odds_ratio) && isnan(f.ci.lo));
    sn_ck_ok(sn_fisher_exact(0, 0, 0, 0, 0.95, &f, &err), &err);
    ck_assert(f.p == 1);
}
END_TEST

static Suite *suite_twosample(void)
{
    Suite *s = suite_create("twosample");
    TCase *t = tcase_create("all");

    tcase_add_loop_test(t, test_tables, 0, SN_COUNT(tables));
    tcase_add_test(t, test_fisher_defines);
    tcase_add_test(t, test_numbers);
    suite_add_tcase(s, t);
    return s;
}
SN_CHECK_MAIN(suite_twosample)
