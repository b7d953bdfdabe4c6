/* check_agreement.c: distributions, kappa, AC1, ICC and Bland-Altman against textbooks, R and statsmodels. */
#include "stats/agreement.h"
#include "stats/tails.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>

static struct sn_error err;

#define near(got, expected, relative)                                                                                  \
    do {                                                                                                               \
        double g_ = (got), e_ = (expected);                                                                            \
        ck_assert_msg(fabs(g_ - e_) <= (relative) * fabs(e_), "%s = %.17g, expected %.17g", #got, g_, e_);             \
    } while (0)

/*
 * Rscript -e 'options(digits=17); c(qnorm(.975), qnorm(1e-10), pnorm(-5), qbeta(.025,45,6), qbeta(.975,46,5),
 *   qbeta(.975,1,20), qbeta(1e-8,.3,.4), 2*pt(-2.2,15.06611), qt(.975,15.06611), qt(.025,1.2),
 *   pf(4.484854,1,15.06611,lower=F), qf(.975,5,18), qf(.975,699,3.7), pchisq(3.84,1,lower=F), pchisq(50,20,lower=F))'
 */
START_TEST(distributions)
{
    near(sn_tail_normal_q(0.975), 1.9599639845400536, 1e-15);
    near(sn_tail_normal_q(1e-10), -6.3613409024040557, 1e-15);
    near(sn_tail_normal(5), 2.8665157187919391e-07, 1e-14);
    near(sn_tail_beta_q(0.025, 45, 6), 0.78186463356579772, 1e-13);
    near(sn_tail_beta_q(0.975, 46, 5), 0.96672490641097752, 1e-13);
    near(sn_tail_beta_q(0.975, 1, 20), 0.16843347098308536, 1e-13);
    near(sn_tail_beta_q(1e-8, 0.3, 0.4), 8.9618878577758999e-27, 1e-13);
    near(sn_tail_t2(2.2, 15.06611), 0.043821761350348987, 1e-13);
    near(sn_tail_t_q(0.975, 15.06611), 2.1306352346312312, 1e-13);
    near(sn_tail_t_q(0.025, 1.2), -8.6488265107488740, 1e-13);
    near(sn_tail_f(4.484854, 1, 15.06611), 0.051233035768043465, 1e-13);
    near(sn_tail_f_q(0.975, 5, 18), 3.3819678058752429, 1e-13);
    near(sn_tail_f_q(0.975, 699, 3.7), 9.3858815530179331, 1e-12);
    near(sn_tail_chi2(3.84, 1), 0.050043521248705224, 1e-14);
    near(sn_tail_chi2(50, 20), 0.00022147663824878360, 1e-13);
    /* R's qt(., ncp) states an accuracy of 1e-11 or so */
    near(sn_tail_nct_q(0.025, 9, 1.96 * 3.1622776601683795), 3.6783890207578658, 1e-10);
    near(sn_tail_nct_q(0.975, 9, 1.96 * 3.1622776601683795), 12.019705899138053, 1e-8);
    /* the reference table: binom.test's and prop.test's ends by their definitions */
    near(sn_tail_beta_q(0.025, 20, 1), 0.831566529017, 1e-11);
    ck_assert(isinf(sn_tail_normal_q(1)) && isnan(sn_tail_normal_q(1.1)) && isnan(sn_tail_t_q(0.5, -1)));
    ck_assert(sn_tail_t2(INFINITY, 3) == 0 && sn_tail_f(0, 2, 3) == 1);
    near(sn_tail_t2(1.5, INFINITY), 2 * sn_tail_normal(1.5), 1e-15);
    near(sn_tail_f(3.1, 4, INFINITY), sn_tail_chi2(12.4, 4), 1e-15);
}
END_TEST

/* Quantiles undo probabilities. */
START_TEST(inverses)
{
    struct sn_rng rng = { 3 };

    for (int i = 0; i < 2000; i++) {
        double p = sn_rng_uniform(&rng), a = exp(8 * sn_rng_uniform(&rng) - 2), b = exp(8 * sn_rng_uniform(&rng) - 2);
        double a1 = a + 1, b1 = b + 1; /* with less than 1, x near 1 cannot say how near */

        p = 0.001 + 0.998 * p;
        near(sn_tail_beta(sn_tail_beta_q(p, a1, b1), a1, b1), p, 1e-10);
        near(1 - sn_tail_f(sn_tail_f_q(p, a, b), a, b), p, 1e-10);
        near(1 - sn_tail_normal(sn_tail_normal_q(p)), p, 1e-12);
        near(sn_tail_t2(sn_tail_t_q(p, a), a), 2 * fmin(p, 1 - p), 1e-10);
    }
}
END_TEST

/* ---- kappa -------------------------------------------------------------------------------------------------- */

static size_t spread(const int *table, int q, int *a, int *b)
{
    size_t n = 0;

    for (int i = 0; i < q; i++)
        for (int j = 0; j < q; j++)
            for (int k = 0; k < table[i * q + j]; k++, n++) {
                a[n] = i;
                b[n] = j;
            }
    return n;
}

/* statsmodels 0.13.5, cohens_kappa(np.array([[20,5,2,0],[3,15,6,1],[1,4,18,7],[0,2,5,11]]), wt=...): kappa, std_kappa, std_kappa0 */
START_TEST(cohen)
{
    static const int table[] = { 20, 5, 2, 0, 3, 15, 6, 1, 1, 4, 18, 7, 0, 2, 5, 11 };
    static const double expected[3][3] = {
        { 0.5154777927321669, 0.06474495247010435, 0.058273835141006744 },
        { 0.6446700507614214, 0.0538190867520065, 0.07065933932135761 },
        { 0.7598932859048466, 0.04768074201644094, 0.09983077816605429 },
    };
    int a[100], b[100];
    size_t n = spread(table, 4, a, b);
    struct sn_agreement k, swapped;

    ck_assert_uint_eq(n, 100);
    for (int w = 0; w < 3; w++) {
        sn_ck_ok(sn_cohen_kappa(a, b, n, 4, (enum sn_kappa_weights)w, 0.95, &k, &err), &err);
        near(k.value, expected[w][0], 1e-13);
        near(k.se, expected[w][1], 1e-13);
        near(k.z, expected[w][0] / expected[w][2], 1e-13);
        near(k.lo, expected[w][0] - 1.9599639845400536 * expected[w][1], 1e-13);
        sn_ck_ok(sn_cohen_kappa(b, a, n, 4, (enum sn_kappa_weights)w, 0.95, &swapped, &err), &err);
        near(swapped.value, k.value, 1e-14);
        near(swapped.se, k.se, 1e-13);
    }
    /* two categories: weights make no difference */
    sn_ck_ok(sn_cohen_kappa((int[]){ 0, 0, 1, 1, 1 }, (int[]){ 0, 1, 1, 1, 0 }, 5, 2, SN_KAPPA_QUADRATIC, 0.95, &k, &err), &err);
    near(k.value, (0.6 - 0.52) / 0.48, 1e-14);
    /* perfect agreement: 1, no width; one category: nothing to say */
    sn_ck_ok(sn_cohen_kappa(a, a, n, 4, SN_KAPPA_LINEAR, 0.95, &k, &err), &err);
    ck_assert(fabs(k.value - 1) < 1e-15 && k.se < 1e-7 && k.observed == 1);
    sn_ck_ok(sn_cohen_kappa((int[]){ 1, 1, 1 }, (int[]){ 1, 1, 1 }, 3, 2, SN_KAPPA_LINEAR, 0.95, &k, &err), &err);
    ck_assert(isnan(k.value) && isnan(k.lo) && isnan(k.p));
    sn_ck_fails(sn_cohen_kappa(a, b, 1, 4, 0, 0.95, &k, &err), SN_EINVAL, &err, "1 subjects");
    sn_ck_fails(sn_cohen_kappa(a, b, n, 3, 0, 0.95, &k, &err), SN_EINVAL, &err, "category 3, expected 0 to 2");
    sn_ck_fails(sn_cohen_kappa(a, b, n, 1, 0, 0.95, &k, &err), SN_EINVAL, &err, "1 categories");
    sn_ck_fails(sn_cohen_kappa(a, b, n, 4, 0, 1, &k, &err), SN_EINVAL, &err, "confidence level of 1");
}
END_TEST

/* Fleiss 1971, table 1: thirty patients, six psychiatrists, five diagnoses (as rows of diagnoses). */
static const int fleiss_1971[30][6] = {
    { 4, 4, 4, 4, 4, 4 }, { 2, 2, 2, 5, 5, 5 }, { 2, 3, 3, 3, 3, 5 }, { 5, 5, 5, 5, 5, 5 }, { 2, 2, 2, 4, 4, 4 },
    { 1, 1, 3, 3, 3, 3 }, { 3, 3, 3, 3, 5, 5 }, { 1, 1, 3, 3, 3, 4 }, { 1, 1, 4, 4, 4, 4 }, { 5, 5, 5, 5, 5, 5 },
    { 1, 4, 4, 4, 4, 4 }, { 1, 2, 4, 4, 4, 4 }, { 2, 2, 2, 3, 3, 3 }, { 1, 4, 4, 4, 4, 4 }, { 2, 2, 4, 4, 4, 5 },
    { 3, 3, 3, 3, 3, 5 }, { 1, 1, 1, 4, 5, 5 }, { 1, 1, 1, 1, 1, 2 }, { 2, 2, 4, 4, 4, 4 }, { 1, 3, 3, 5, 5, 5 },
    { 5, 5, 5, 5, 5, 5 }, { 2, 4, 4, 4, 4, 4 }, { 2, 2, 4, 5, 5, 5 }, { 1, 1, 4, 4, 4, 4 }, { 1, 4, 4, 4, 4, 5 },
    { 2, 2, 2, 2, 2, 4 }, { 1, 1, 1, 1, 5, 5 }, { 2, 2, 4, 4, 4, 4 }, { 1, 3, 3, 3, 3, 3 }, { 5, 5, 5, 5, 5, 5 },
};

/*
 * Values: statsmodels fleiss_kappa; published 0.430, z 17.65 (R irr prints 17.7). Standard errors: the infinitesimal
 * jackknife over subjects by finite differences of the coefficients in numpy, which Gwet's formulas equal.
 */
START_TEST(fleiss_and_gwet)
{
    static const int wiki[10][5] = { { 0, 0, 0, 0, 14 }, { 0, 2, 6, 4, 2 }, { 0, 0, 3, 5, 6 }, { 0, 3, 9, 2, 0 },
                                     { 2, 2, 8, 1, 1 },  { 7, 7, 0, 0, 0 }, { 3, 2, 6, 3, 0 }, { 2, 5, 3, 2, 2 },
                                     { 6, 5, 2, 1, 0 },  { 0, 2, 2, 3, 7 } };
    int counts[30 * 5] = { 0 };
    struct sn_agreement k;

    for (int i = 0; i < 30; i++)
        for (int j = 0; j < 6; j++)
            counts[i * 5 + fleiss_1971[i][j] - 1]++;
    sn_ck_ok(sn_fleiss_kappa(counts, 30, 5, 0.95, &k, &err), &err);
    near(k.value, 0.43024452006014074, 1e-14);
    near(k.z, 17.65183058299137, 1e-13);
    near(k.se, 0.05419893544539217, 1e-8);
    near(k.hi - k.value, 2.0452296421327034 * k.se, 1e-12); /* qt(.975, 29) */
    ck_assert_int_eq(k.raters, 6);
    sn_ck_ok(sn_gwet_ac1(counts, 30, 5, 0.95, &k, &err), &err);
    near(k.value, 0.447884515844564, 1e-13);
    near(k.se, 0.05566214157420381, 1e-8);
    sn_ck_ok(sn_fleiss_kappa(&wiki[0][0], 10, 5, 0.95, &k, &err), &err);
    near(k.value, 0.20993070442195522, 1e-14);
    near(k.z, 12.374291059190464, 1e-13);
    near(k.se, 0.09237111155727083, 1e-8);
    sn_ck_ok(sn_gwet_ac1(&wiki[0][0], 10, 5, 0.95, &k, &err), &err);
    near(k.value, 0.22561415081662822, 1e-13);
    near(k.se, 0.09332407443506989, 1e-8);
    counts[1]++;
    sn_ck_fails(sn_fleiss_kappa(counts, 30, 5, 0.95, &k, &err), SN_EINVAL, &err, "subject 2 has 6 ratings, expected as many as the first");
    counts[1] = -1;
    sn_ck_fails(sn_gwet_ac1(counts, 30, 5, 0.95, &k, &err), SN_EINVAL, &err, "subject 1 has a count of -1");
}
END_TEST

/* The paradox AC1 was made for (Feinstein & Cicchetti 1990): 98 of 100 alike, one category rare. */
START_TEST(rare_category)
{
    int a[100] = { 0 }, b[100] = { 0 }, counts[200];
    struct sn_agreement k;

    a[0] = b[1] = 1;
    for (int i = 0; i < 100; i++) {
        counts[2 * i + 1] = a[i] + b[i];
        counts[2 * i] = 2 - a[i] - b[i];
    }
    sn_ck_ok(sn_cohen_kappa(a, b, 100, 2, 0, 0.95, &k, &err), &err);
    near(k.value, (0.98 - 0.9802) / 0.0198, 1e-11); /* -0.0101 */
    sn_ck_ok(sn_gwet_ac1(counts, 100, 2, 0.95, &k, &err), &err);
    near(k.value, (0.98 - 0.0198) / 0.9802, 1e-13); /* 0.9796 */
    for (int i = 0; i < 100; i++) {
        counts[2 * i] = 2;
        counts[2 * i + 1] = 0;
    }
    sn_ck_ok(sn_gwet_ac1(counts, 100, 2, 0.95, &k, &err), &err);
    ck_assert(k.value == 1 && k.se == 0);
    sn_ck_ok(sn_fleiss_kappa(counts, 100, 2, 0.95, &k, &err), &err);
    ck_assert(isnan(k.value) && isnan(k.p));
}
END_TEST

/* ---- ICC ------------------------------------------------------------------------------------------------------ */

/* Shrout & Fleiss 1979, table 2; they print .17 .29 .71 .44 .62 .91. Digits: R psych 2.2.9, ICC(x, lmer = FALSE). */
START_TEST(shrout_and_fleiss)
{
    static const double x[] = { 9, 2, 5, 8, 6, 1, 3, 2, 8, 4, 6, 8, 7, 1, 2, 6, 10, 5, 6, 9, 6, 2, 4, 7 };
    static const double expected[6][3] = {
        { 0.16574176840548, -0.132932324874751, 0.72256006232812 }, { 0.28976377952756, 0.018786513374712, 0.76108436964895 },
        { 0.71484071484071, 0.342464765033925, 0.94585825995536 },  { 0.44279713367927, -0.884442155238122, 0.91241542034078 },
        { 0.62005054759899, 0.071136815302503, 0.92723204016772 },  { 0.90931554237707, 0.675674713816304, 0.98589167816906 },
    };
    struct sn_iccs r;

    sn_ck_ok(sn_icc(x, 6, 4, 0.95, &r, &err), &err);
    near(r.ms_subjects, 11.241666666667, 1e-12);
    near(r.ms_raters, 32.486111111111, 1e-12);
    near(r.ms_error, 1.019444444444, 1e-12);
    for (int i = 0; i < 6; i++) {
        const struct sn_icc *c = i < 3 ? &r.single[i] : &r.mean[i - 3];

        near(c->value, expected[i][0], 1e-12);
        near(c->lo, expected[i][1], 1e-11);
        near(c->hi, expected[i][2], 1e-11);
    }
    near(r.single[0].p, 0.16476880834464008, 1e-12);
    near(r.single[2].p, 0.00013456651648434, 1e-12);
}
END_TEST

START_TEST(icc_properties)
{
    struct sn_rng rng = { 9 };
    double x[90], y[90];
    struct sn_iccs r, s;

    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 30; i++)
            for (int j = 0; j < 3; j++)
                x[3 * i + j] = i % 7 + j + 2 * sn_rng_normal(&rng);
        for (int i = 0; i < 90; i++)
            y[i] = 1e6 + 8 * x[i]; /* neither unit nor origin counts */
        sn_ck_ok(sn_icc(x, 30, 3, 0.95, &r, &err), &err);
        sn_ck_ok(sn_icc(y, 30, 3, 0.95, &s, &err), &err);
        for (int m = 0; m < 3; m++) {
            ck_assert_double_eq_tol(r.single[m].value, s.single[m].value, 1e-8);
            ck_assert_double_eq_tol(r.mean[m].lo, s.mean[m].lo, 1e-7);
            ck_assert(r.single[m].lo < r.single[m].value && r.single[m].value < r.single[m].hi && r.single[m].hi < 1);
            near(r.mean[m].value, 3 * r.single[m].value / (1 + 2 * r.single[m].value), 1e-9); /* Spearman-Brown */
        }
    }
    sn_ck_ok(sn_icc((double[]){ 1, 1, 1, 1 }, 2, 2, 0.95, &r, &err), &err);
    ck_assert(isnan(r.single[0].value) && isnan(r.single[1].lo));
    sn_ck_fails(sn_icc(x, 1, 3, 0.95, &r, &err), SN_EINVAL, &err, "1 subjects");
    x[4] = NAN;
    sn_ck_fails(sn_icc(x, 30, 3, 0.95, &r, &err), SN_EINVAL, &err, "subject 2, rater 2: not a finite number");
}
END_TEST

/* ---- Bland-Altman ------------------------------------------------------------------------------------------------ */

/*
 * Bland & Altman 1986, table 1: peak flow by two meters, first readings (bias -2.1, sd 38.8 for Wright minus mini). R:
 * m -+ qt(.975, 16) s / sqrt(17); m -+ qnorm(.975) s; qt(c(.025, .975), 16, qnorm(.975) sqrt(17)) s / sqrt(17); lm(d ~ mean).
 */
START_TEST(peak_flow)
{
    static const double wright[] = { 494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427 };
    static const double mini[] = { 512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451 };
    struct sn_bland_altman r, back;

    sn_ck_ok(sn_bland_altman(wright, mini, 17, 0.95, &r, &err), &err);
    near(r.bias, 2.11764705882353, 1e-13);
    near(r.sd, 38.76512987360738, 1e-13);
    near(r.bias_lo, -17.81354357899811, 1e-12);
    near(r.bias_hi, 22.04883769664517, 1e-12);
    near(r.lower, -73.8606113494646, 1e-13);
    near(r.upper, 78.0959054671117, 1e-13);
    near(r.lower_lo, -119.9255041771925, 1e-9);
    near(r.lower_hi, -48.8596372990951, 1e-9);
    near(r.upper_lo, 53.0949314167422, 1e-9);
    near(r.upper_hi, 124.1607982948396, 1e-9);
    near(r.slope, -0.0286874451525493, 1e-11);
    near(r.slope_p, 0.7494985336492939, 1e-11);
    sn_ck_ok(sn_bland_altman(mini, wright, 17, 0.95, &back, &err), &err);
    ck_assert(back.bias == -r.bias && fabs(back.upper_hi + r.lower_lo) < 1e-9);
    sn_ck_ok(sn_bland_altman(mini, mini, 17, 0.95, &back, &err), &err);
    ck_assert(back.bias == 0 && back.sd == 0 && back.upper_hi == 0 && isnan(back.slope_p));
    sn_ck_fails(sn_bland_altman(mini, wright, 1, 0.95, &r, &err), SN_EINVAL, &err, "1 pairs");
}
END_TEST

static Suite *suite_agreement(void)
{
    Suite *s = suite_create("agreement");
    TCase *t = tcase_create("agreement");

    tcase_add_test(t, distributions);
    tcase_add_test(t, inverses);
    tcase_add_test(t, cohen);
    tcase_add_test(t, fleiss_and_gwet);
    tcase_add_test(t, rare_category);
    tcase_add_test(t, shrout_and_fleiss);
    tcase_add_test(t, icc_properties);
    tcase_add_test(t, peak_flow);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_agreement)
