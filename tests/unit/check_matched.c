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

/* Mean of 0..n-1 over the drawn clusters; the second statistic is undefined when cluster 0 was not drawn. */
static void mean_of_drawn(const void *ctx, const uint32_t *times, double *out)
{
    size_t n = *(const size_t *)ctx;
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)times[i] * (double)i;
    out[0] = sum / (double)n;
    out[1] = times[0] ? 1 : NAN;
}

START_TEST(bootstrap)
{
    size_t n = 200;
    struct sn_cluster_ci one[2], many[2], other[2];
    struct sn_pool *pool = NULL;
    double sd = sqrt(((double)n * (double)n - 1) / 12 / (double)n); /* of the mean of n draws from 0..n-1 */

    sn_ck_ok(sn_boot_clusters(n, 10000, 7, mean_of_drawn, &n, 2, 0.95, NULL, one, &err), &err);
    sn_ck_ok(sn_pool_create(&pool, 3, &err), &err);
    sn_ck_ok(sn_boot_clusters(n, 10000, 7, mean_of_drawn, &n, 2, 0.95, pool, many, &err), &err);
    sn_ck_ok(sn_boot_clusters(n, 10000, 8, mean_of_drawn, &n, 2, 0.95, pool, other, &err), &err);
    sn_pool_free(pool);
    ck_assert(one[0].lo == many[0].lo && one[0].hi == many[0].hi && one[1].undefined == many[1].undefined);
    ck_assert(one[0].lo != other[0].lo);
    /* theory: normal, Monte Carlo error of a 2.5 % quantile is about 0.027 sd */
    ck_assert_double_eq_tol(one[0].lo, 99.5 - 1.96 * sd, 0.12 * sd);
    ck_assert_double_eq_tol(one[0].hi, 99.5 + 1.96 * sd, 0.12 * sd);
    /* a cluster is missed with probability (1 - 1/n)^n = 0.367: 3670, standard deviation 48 */
    ck_assert(one[1].undefined > 3430 && one[1].undefined < 3910 && one[1].lo == 1);
    sn_ck_fails(sn_boot_clusters(0, 1, 1, mean_of_drawn, &n, 1, 0.95, NULL, one, &err), SN_EINVAL, &err, "nothing to draw");
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
    tcase_add_test(t, bootstrap);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_paired)
