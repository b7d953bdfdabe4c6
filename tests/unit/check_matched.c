/* check_matched.c: proportions, paired proportions, Holm, cluster bootstrap. */
#include "stats/stats.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>

static struct sn_error err;

#define near(got, expected, relative)                                                                                  \
    do {                                                                                                               \
        double g_ = (got), e_ = (expected);                                                                            \
        ck_assert_msg(fabs(g_ - e_) <= (relative) * fabs(e_), "%s = %.17g, expected %.17g", #got, g_, e_);             \
    } while (0)

/* R: prop.test(k, n, correct = FALSE)$conf.int; rows wilson_* of the reference table. */
START_TEST(wilson)
{
    struct sn_proportion p = sn_proportion(45, 50, 0.95);

    near(p.value, 0.9, 1e-15);
    near(p.lo, 0.786397685625, 1e-11);
    near(p.hi, 0.956524235068, 1e-11);
    p = sn_proportion(0, 20, 0.95);
    ck_assert(p.lo == 0);
    near(p.hi, 0.161125158053, 1e-11);
    p = sn_proportion(20, 20, 0.95);
    near(p.lo, 0.838874841947, 1e-11);
    ck_assert(p.hi == 1);
    p = sn_proportion(0, 0, 0.95);
    ck_assert(isnan(p.value) && isnan(p.lo) && isnan(p.hi));
}
END_TEST

/*
 * Tango's interval from its definition in R: the trinomial likelihood maximised by optimize() under p - q = d, the score
 * statistic's crossings of -+ qnorm(.975) by uniroot(). McNemar: binom.test; mid-P 2 (pbinom - dbinom / 2).
 */
START_TEST(tango_and_mcnemar)
{
    struct sn_match r = sn_match_compare(&(struct sn_paired){ 36, 12, 2, 0 }, 0.95, NAN);

    near(r.diff, 0.2, 1e-15);
    near(r.lo, 0.0611124076334911, 1e-7); /* optimize() finds a maximum to about 1e-8 */
    near(r.hi, 0.3447087482384549, 1e-7);
    near(r.p, 0.012939453125, 1e-12);
    ck_assert(!r.mid_p && isnan(r.p_noninferior));
    r = sn_match_compare(&(struct sn_paired){ 100, 3, 9, 117 }, 0.95, 0.1);
    near(r.lo, -0.06176786996686066, 1e-7);
    near(r.hi, 0.00403613069519042, 1e-6);
    near(r.p, 0.14599609375, 1e-12);
    near(r.z_margin, 3.45038169863397, 1e-7);
    r = sn_match_compare(&(struct sn_paired){ 43, 1, 0, 0 }, 0.95, NAN);
    near(r.lo, -0.0593932311125244, 1e-7);
    near(r.hi, 0.1180770969821485, 1e-7);
    r = sn_match_compare(&(struct sn_paired){ 50, 12, 28, 50 }, 0.95, NAN);
    ck_assert(r.mid_p);
    near(r.p, 0.0115077897353331, 1e-12);
    r = sn_match_compare(&(struct sn_paired){ 0, 0, 0, 0 }, 0.95, 0.1);
    ck_assert(isnan(r.diff) && isnan(r.lo) && isnan(r.p));
    r = sn_match_compare(&(struct sn_paired){ 30, 0, 0, 10 }, 0.95, 0.05);
    ck_assert(r.diff == 0 && r.p == 1 && r.lo < 0 && r.hi > 0);
}
END_TEST

/* Swapping the methods mirrors everything; the interval and the margin's test say the same thing. */
START_TEST(paired_properties)
{
    struct sn_rng rng = { 31 };

    for (int i = 0; i < 300; i++) {
        struct sn_paired p = { sn_rng_below(&rng, 40), sn_rng_below(&rng, 30), sn_rng_below(&rng, 30), 1 + sn_rng_below(&rng, 40) };
        struct sn_paired q = { p.both, p.second, p.first, p.neither };
        struct sn_match a = sn_match_compare(&p, 0.95, 0.1), b = sn_match_compare(&q, 0.95, NAN);

        ck_assert_double_eq_tol(a.lo, -b.hi, 1e-12);
        ck_assert(a.diff == -b.diff && a.p == b.p && a.p > 0 && a.p <= 1);
        ck_assert(a.lo <= a.diff && a.diff <= a.hi && a.lo >= -1 && a.hi <= 1);
        ck_assert((a.lo > -0.1) == (a.p_noninferior < 0.025));
    }
}
END_TEST

/* R: p.adjust(c(.01, .04, .03, NA, .005, .9), "holm") */
START_TEST(holm)
{
    static const double expected[] = { 0.040, 0.090, 0.090, NAN, 0.025, 0.900 };
    double p[] = { 0.01, 0.04, 0.03, NAN, 0.005, 0.9 }, adjusted[6];

    sn_ck_ok(sn_holm(p, 6, adjusted, &err), &err);
    for (int i = 0; i < 6; i++)
        ck_assert(isnan(expected[i]) ? isnan(adjusted[i]) : fabs(adjusted[i] - expected[i]) < 1e-15);
}
END_TEST

static Suite *suite_paired(void)
{
    Suite *s = suite_create("paired");
    TCase *t = tcase_create("paired");

    tcase_add_test(t, wilson);
    tcase_add_test(t, tango_and_mcnemar);
    tcase_add_test(t, paired_properties);
    tcase_add_test(t, holm);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_paired)
