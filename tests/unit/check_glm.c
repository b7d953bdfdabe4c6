/* check_glm.c: logistic regression against R; separation; Firth. */
#include "tests/support/support.h"

#include <math.h>
#include <stdlib.h>

#include "stats/stats.h"

#define N 20
static const double x1[N] = { 2.1, 3.4, 1.2, 5.6, 4.4, 3.3, 2.8, 6.1, 0.5, 4.9, 3.7, 2.2, 5.1, 1.9, 4.0, 3.1, 2.6, 5.8, 1.1, 4.6 };
static const double x2[N] = { 1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1 };
static const double y[N] = { 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1 };
static const double w[N] = { 1, 2, 1, 3, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 4, 1, 1, 1, 1, 0.5 };
static const char *const names[] = { "(intercept)", "x1", "x2" };

static void design(double x[3 * N])
{
    for (int i = 0; i < N; i++) {
        x[i] = 1;
        x[N + i] = x1[i];
        x[2 * N + i] = x2[i];
    }
}

static void same(double found, double expected, double relative, const char *what)
{
    ck_assert_msg(fabs(found - expected) <= relative * SN_MAX(fabs(expected), 1e-3), "%s: found %.17g, R has %.17g", what, found, expected);
}

/* R 4.2.2: f <- glm(y ~ x1 + x2, binomial, control = glm.control(1e-16, 50)); coef, vcov, deviance, hatvalues, cooks.distance */
struct reference {
    double beta[3], cov[9], deviance, leverage[3], cook[3];
};
static const struct reference plain = {
    { -1.864698457844802, 0.53602285136456185, 0.0615227985888721 },
    { 1.5296890443704196, -0.37907476969261988, 0.007176159496673465, -0.37907476969261988, 0.13484658147300332, -0.16762745238967069,
      0.007176159496673465, -0.16762745238967069, 1.151371111692288 },
    24.533937381276296,
    { 0.22201571897062816, 0.16888121775391191, 0.11651581351193341 },
    { 0.062097525688600212, 0.11026208379238955, 0.025652705114092376 },
};
/* weights = w, offset = seq(-0.5, 0.45, by = 0.05) */
static const struct reference weighted = {
    { -1.9502757526070593, 0.40598825499523805, 1.1560134061378238 },
    { 1.375133294173331, -0.33561387546924104, -0.023670276963523838, -0.33561387546924104, 0.10675411584801768, -0.094267753536142501,
      -0.023670276963523838, -0.094267753536142501, 0.80735049572838335 },
    34.653563165705997,
    { 0.19065572127005842, 0.28095041764460948, 0.032265442726006982 },
    { 0.062379193276049689, 0.3141461286224983, 0.0012517575091323765 },
};

static void as_reference(const struct sn_logit *f, const struct reference *r)
{
    static const int at[3] = { 0, 6, 19 };

    for (int j = 0; j < 3; j++) {
        same(f->beta[j], r->beta[j], 1e-10, "coefficient");
        same(f->se[j], sqrt(r->cov[j * 4]), 1e-10, "standard error");
        same(f->leverage[at[j]], r->leverage[j], 1e-10, "leverage");
        same(f->cook[at[j]], r->cook[j], 1e-10, "Cook's distance");
    }
    for (int j = 0; j < 9; j++)
        same(f->cov[j], r->cov[j], 1e-9, "covariance");
    same(f->deviance, r->deviance, 1e-13, "deviance");
}

START_TEST(test_plain)
{
    struct sn_error err = { 0 };
    struct sn_logit f;
    double x[3 * N];

    design(x);
    sn_ck_ok(sn_logit_fit(x, N, 3, y, NULL, NULL, &f, &err), &err);
    as_reference(&f, &plain);
    ck_assert_int_lt(f.iterations, 8);
    sn_logit_free(&f);
}
END_TEST

START_TEST(test_weights_offset)
{
    struct sn_error err = { 0 };
    struct sn_logit f;
    double x[3 * N], offset[N];

    design(x);
    for (int i = 0; i < N; i++)
        offset[i] = -0.5 + 0.05 * i;
    sn_ck_ok(sn_logit_fit(x, N, 3, y, offset, w, &f, &err), &err);
    as_reference(&f, &weighted);
    sn_logit_free(&f);
}
END_TEST

/* Weights are frequencies: a case of weight 3 is three cases. A weight of 0 is no case. */
START_TEST(test_frequencies)
{
    struct sn_error err = { 0 };
    struct sn_logit a, b;
    double x[3 * N], wide[3 * 60], many[60], count[N];
    size_t n = 0;

    design(x);
    for (int i = 0; i < N; i++) {
        count[i] = i % 4;
        n += (size_t)count[i];
    }
    for (size_t j = 0; j < 3; j++)
        for (size_t i = 0, k = 0; i < N; i++)
            for (int c = 0; c < count[i]; c++) {
                many[k] = y[i];
                wide[j * n + k++] = x[j * N + i];
            }
    sn_ck_ok(sn_logit_fit(x, N, 3, y, NULL, count, &a, &err), &err);
    sn_ck_ok(sn_logit_fit(wide, n, 3, many, NULL, NULL, &b, &err), &err);
    for (int j = 0; j < 3; j++) {
        same(a.beta[j], b.beta[j], 1e-11, "coefficient");
        same(a.se[j], b.se[j], 1e-11, "standard error");
    }
    sn_logit_free(&a);
    sn_logit_free(&b);
}
END_TEST

/* The maximum of the penalised likelihood, by R's optim and Newton on its gradient (tools/golden/make_fit_golden.R). */
START_TEST(test_firth)
{
    static const double beta[3] = { -1.5514166215653451, 0.4425559356847113, 0.082145586333754531 };
    static const double se[3] = { 1.1832675329314066, 0.3533307873008924, 1.0586792502852747 };
    struct sn_logit_options o = { .firth = true, .names = names };
    struct sn_error err = { 0 };
    struct sn_logit f;
    double x[3 * N];

    design(x);
    sn_ck_ok(sn_logit_fit_with(x, N, 3, y, NULL, NULL, &o, &f, &err), &err);
    for (int j = 0; j < 3; j++) {
        same(f.beta[j], beta[j], 1e-9, "Firth's coefficient");
        same(f.se[j], se[j], 1e-9, "Firth's standard error");
    }
    same(f.loglik + f.penalty, -10.468059777871403, 1e-13, "penalised likelihood");
    sn_logit_free(&f);
}
END_TEST

/* A binary term alone: Firth's estimate is the log odds ratio with half a case added to each cell (Firth 1993). */
START_TEST(test_firth_two_by_two)
{
    struct sn_logit_options o = { .firth = true };
    double x[2 * 30], outcome[30];

    for (int events = 0; events <= 12; events++) {
        struct sn_error err = { 0 };
        struct sn_logit f;

        for (int i = 0; i < 30; i++) {
            x[i] = 1;
            x[30 + i] = i < 12;
            outcome[i] = i < 12 ? i < events : i < 17;
        }
        sn_ck_ok(sn_logit_fit_with(x, 30, 2, outcome, NULL, NULL, &o, &f, &err), &err);
        same(f.beta[0], log(5.5 / 13.5), 1e-10, "intercept");
        same(f.beta[1], log((events + 0.5) / (12.5 - events)) - log(5.5 / 13.5), 1e-10, "log odds ratio");
        sn_logit_free(&f);
    }
}
END_TEST

/* y = x1 > 3.5: no finite maximum without the penalty. */
START_TEST(test_separation)
{
    struct sn_logit_options o = { .names = names }, firth = { .names = names, .firth = true };
    struct sn_error err = { 0 };
    double x[3 * N], s[N], quasi[N];
    struct sn_logit f;

    design(x);
    for (int i = 0; i < N; i++) {
        s[i] = x1[i] > 3.5;
        quasi[i] = x2[i] > 0.5 ? 1 : y[i];
    }
    sn_ck_fails(sn_logit_fit_with(x, N, 2, s, NULL, NULL, &o, &f, &err), SN_EFORMAT, &err, "'x1' perfectly separates");
    ck_assert(f.separated && f.complete && !f.beta);
    sn_ck_fails(sn_logit_fit_with(x, N, 3, quasi, NULL, NULL, &o, &f, &err), SN_EFORMAT, &err, "'x2' perfectly predicts some");
    ck_assert(f.separated && !f.complete);
    sn_ck_ok(sn_logit_fit_with(x, N, 2, s, NULL, NULL, &firth, &f, &err), &err);
    same(f.beta[0], -12.198077022258168, 1e-9, "intercept");
    same(f.beta[1], 3.3582099494371476, 1e-9, "slope");
    same(f.se[0], 6.3974184022330203, 1e-9, "standard error");
    sn_logit_free(&f);
}
END_TEST

/* Close to separation, but not: one case on the wrong side, however little. */
START_TEST(test_nearly_separated)
{
    struct sn_error err = { 0 };
    struct sn_logit f;
    double x[2 * N], s[N];

    for (int i = 0; i < N; i++) {
        x[i] = 1;
        x[N + i] = i;
        s[i] = i >= 10;
    }
    x[N + 10] = 8.999; /* y = 1 just below the largest 0 */
    sn_ck_ok(sn_logit_fit(x, N, 2, s, NULL, NULL, &f, &err), &err);
    ck_assert(f.beta[1] > 1 && f.beta[1] < 20);
    sn_logit_free(&f);
}
END_TEST

START_TEST(test_refusals)
{
    struct sn_logit_options o = { .names = names };
    struct sn_error err = { 0 };
    double x[3 * N], bad[N], ones[N];
    struct sn_logit f;

    design(x);
    memcpy(bad, y, sizeof bad);
    for (int i = 0; i < N; i++)
        ones[i] = 1;
    bad[3] = 0.5;
    sn_ck_fails(sn_logit_fit_with(x, N, 3, bad, NULL, NULL, &o, &f, &err), SN_EINVAL, &err, "outcome 4 is not 0 or 1");
    sn_ck_fails(sn_logit_fit_with(x, N, 3, ones, NULL, NULL, &o, &f, &err), SN_EFORMAT, &err, "every outcome is 1");
    sn_ck_fails(sn_logit_fit_with(x, 2, 3, y, NULL, NULL, &o, &f, &err), SN_EFORMAT, &err, "too few for 3");
    for (int i = 0; i < N; i++)
        x[2 * N + i] = 3 - 2 * x[N + i];
    sn_ck_fails(sn_logit_fit_with(x, N, 3, y, NULL, NULL, &o, &f, &err), SN_EFORMAT, &err, "'x2' is constant or a combination");
    x[N + 5] = NAN;
    sn_ck_fails(sn_logit_fit_with(x, N, 3, y, NULL, NULL, &o, &f, &err), SN_EINVAL, &err, "'x1' of observation 6 is not finite");
    design(x);
    memcpy(bad, w, sizeof bad);
    bad[7] = -1;
    sn_ck_fails(sn_logit_fit_with(x, N, 3, y, NULL, bad, &o, &f, &err), SN_EINVAL, &err, "weight 8 is negative");
}
END_TEST

/* Fixed coefficients: fixing one where the free fit put it changes nothing; elsewhere the likelihood is lower. */
START_TEST(test_fixed)
{
    static const bool fixed[3] = { false, true, false };

    for (int firth = 0; firth < 2; firth++) {
        struct sn_logit_options o = { .firth = firth != 0 };
        struct sn_error err = { 0 };
        struct sn_logit free_, held;
        double x[3 * N], start[3];

        design(x);
        sn_ck_ok(sn_logit_fit_with(x, N, 3, y, NULL, NULL, &o, &free_, &err), &err);
        start[0] = start[2] = 0;
        start[1] = free_.beta[1];
        o.fixed = fixed;
        o.start = start;
        sn_ck_ok(sn_logit_fit_with(x, N, 3, y, NULL, NULL, &o, &held, &err), &err);
        same(held.beta[2], free_.beta[2], 1e-8, "other coefficient");
        same(held.loglik + held.penalty, free_.loglik + free_.penalty, 1e-13, "likelihood");
        ck_assert(held.beta[1] == start[1] && held.se[1] == 0);
        sn_logit_free(&held);
        start[1] = 0;
        sn_ck_ok(sn_logit_fit_with(x, N, 3, y, NULL, NULL, &o, &held, &err), &err);
        ck_assert(held.loglik + held.penalty < free_.loglik + free_.penalty);
        sn_logit_free(&held);
        sn_logit_free(&free_);
    }
}
END_TEST

/* The score is zero at the maximum, for random data of random size. */
START_TEST(test_score)
{
    struct sn_rng r = { 20 + (uint64_t)_i };
    size_t n = 30 + (size_t)sn_rng_below(&r, 300), p = 1 + (size_t)sn_rng_below(&r, 6);
    double *x = malloc(n * p * sizeof *x), *o = malloc(n * sizeof *o);
    struct sn_error err = { 0 };
    struct sn_logit f;

    ck_assert(x && o);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < p; j++)
            x[j * n + i] = j ? sn_rng_normal(&r) * pow(10, (double)j - 2) : 1;
    for (size_t i = 0; i < n; i++)
        o[i] = sn_rng_uniform(&r) < sn_sigmoid(-0.4 + (p > 1 ? 5 * x[n + i] : 0));
    sn_ck_ok(sn_logit_fit(x, n, p, o, NULL, NULL, &f, &err), &err);
    for (size_t j = 0; j < p; j++) {
        double score = 0, size = 0;

        for (size_t i = 0; i < n; i++) {
            score += x[j * n + i] * (o[i] - f.mu[i]);
            size += fabs(x[j * n + i]);
        }
        ck_assert_msg(fabs(score) < 1e-11 * size, "score %zu is %g", j, score);
    }
    sn_logit_free(&f);
    free(x);
    free(o);
}
END_TEST

/* Random data: rows in another order, columns on another scale, the outcome turned round. Plain and Firth. */
START_TEST(test_invariance)
{
    enum { M = 120, P = 4 };
    struct sn_rng r = { 900 + (uint64_t)_i };
    static double x[P * M], q[P * M], out[M], turned[M];
    const double scale[P] = { 1, 1000, 0.004, -3 };
    const struct sn_logit_options o = { .firth = _i % 2 };
    struct sn_error err = { 0 };
    struct sn_logit a, b;
    size_t order[M];

    for (size_t i = 0; i < M; i++) {
        double lp = -0.3;

        for (size_t j = 0; j < P; j++) {
            x[j * M + i] = j ? sn_rng_normal(&r) : 1;
            lp += j ? 0.6 * x[j * M + i] : 0;
        }
        out[i] = sn_rng_uniform(&r) < sn_sigmoid(lp);
        order[i] = i;
    }
    for (size_t i = M - 1; i > 0; i--) {
        size_t j = sn_rng_below(&r, i + 1), t = order[i];

        order[i] = order[j];
        order[j] = t;
    }
    for (size_t i = 0; i < M; i++) {
        for (size_t j = 0; j < P; j++)
            q[j * M + i] = scale[j] * x[j * M + order[i]];
        turned[i] = 1 - out[order[i]];
    }
    sn_ck_ok(sn_logit_fit_with(x, M, P, out, NULL, NULL, &o, &a, &err), &err);
    sn_ck_ok(sn_logit_fit_with(q, M, P, turned, NULL, NULL, &o, &b, &err), &err);
    same(b.loglik, a.loglik, 1e-12, "log-likelihood");
    for (size_t j = 0; j < P; j++) {
        same(-b.beta[j] * scale[j], a.beta[j], 1e-9, "coefficient");
        same(b.se[j] * fabs(scale[j]), a.se[j], 1e-9, "standard error");
    }
    for (size_t i = 0; i < M; i++)
        ck_assert_double_eq_tol(1 - b.mu[i], a.mu[order[i]], 1e-10);
    sn_logit_free(&a);
    sn_logit_free(&b);
}
END_TEST

static Suite *suite_glm(void)
{
    Suite *s = suite_create("glm");
    TCase *t = tcase_create("glm");

    tcase_add_test(t, test_plain);
    tcase_add_test(t, test_weights_offset);
    tcase_add_test(t, test_frequencies);
    tcase_add_test(t, test_firth);
    tcase_add_test(t, test_firth_two_by_two);
    tcase_add_test(t, test_separation);
    tcase_add_test(t, test_nearly_separated);
    tcase_add_test(t, test_refusals);
    tcase_add_test(t, test_fixed);
    tcase_add_loop_test(t, test_score, 0, 20);
    tcase_add_loop_test(t, test_invariance, 0, 20);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_glm)
