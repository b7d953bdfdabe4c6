/* check_fit_validate.c: optimism bootstrap, random split, sample size. */
#include "tests/unit/fit_run.h"

/* The same bits for one, two and three threads, with selection and with LASSO. */
START_TEST(test_validation_threads)
{
    static const enum sn_selection rules[] = { SN_SELECT_NONE, SN_SELECT_AIC, SN_SELECT_LASSO_1SE };
    struct sn_validation first = { 0 };
    struct sn_error err = { 0 };
    struct fitted f;

    f.o = options(made_up_file(), "outcome", NULL, "a, b, c, grade");
    f.o.recipe.rule = rules[_i];
    f.o.recipe.folds = 5;
    run(&f);
    for (int threads = 1; threads <= 3; threads++) {
        struct sn_validation v;
        struct sn_pool *pool;

        sn_ck_ok(sn_pool_create(&pool, threads, &err), &err);
        sn_ck_ok(sn_logit_validate(&f.r.data, &f.o.recipe, f.r.beta, NULL, _i == 2 ? 6 : 30, 5, pool, &v, &err), &err);
        sn_pool_free(pool);
        if (threads == 1)
            first = v;
        else
            ck_assert(memcmp(v.corrected, first.corrected, sizeof v.corrected) == 0 &&
                      memcmp(v.kept, first.kept, f.r.data.n_effects * sizeof *v.kept) == 0);
        if (threads > 1)
            sn_validation_free(&v);
    }
    ck_assert(first.failed == 0 && first.optimism[SN_VALID_AUC] > 0 && first.optimism[SN_VALID_BRIER] < 0);
    ck_assert_double_eq_tol(first.apparent[SN_VALID_AUC], f.r.quality.auc, 1e-12);
    if (_i == 0)
        ck_assert(fabs(first.apparent[SN_VALID_SLOPE] - 1) < 1e-9 && fabs(first.apparent[SN_VALID_INTERCEPT]) < 1e-9);
    sn_validation_free(&first);
    done(&f);
}
END_TEST

/* Patients with several rows: they are drawn together; one row a patient is the plain bootstrap. */
START_TEST(test_validation_clusters)
{
    struct sn_validation a, b;
    struct sn_error err = { 0 };
    struct fitted f;
    uint32_t own[240], pairs[240];

    f.o = options(made_up_file(), "outcome", NULL, "a, b");
    run(&f);
    for (uint32_t i = 0; i < 240; i++) {
        own[i] = i;
        pairs[i] = i / 2;
    }
    sn_ck_ok(sn_logit_validate(&f.r.data, &f.o.recipe, f.r.beta, own, 10, 5, NULL, &a, &err), &err);
    sn_ck_ok(sn_logit_validate(&f.r.data, &f.o.recipe, f.r.beta, pairs, 10, 5, NULL, &b, &err), &err);
    ck_assert(a.optimism[0] != b.optimism[0] && a.failed == 0 && b.failed == 0);
    sn_validation_free(&a);
    sn_validation_free(&b);
    done(&f);
}
END_TEST

/* Net benefit: apparent is that of the fitted risks, what remains is less; whatever the threads. Why there is none is said. */
START_TEST(test_decision_curve)
{
    struct sn_error err = { 0 };
    struct fitted f[3], other;
    struct sn_dca_point point[101];
    uint8_t y[240];
    double apparent = 0, corrected = 0, cross = 0;

    for (int k = 0; k < 3; k++) {
        struct sn_pool *pool;

        f[k].o = options(made_up_file(), "outcome", NULL, "a, b, rcs(c, 5), grade, a:b");
        f[k].o.range_lo = 0.2;
        f[k].o.range_hi = 0.7;
        f[k].o.boot = 30;
        f[k].o.recipe.rule = SN_SELECT_AIC;
        sn_ck_ok(sn_pool_create(&pool, k + 1, &err), &err);
        sn_ck_ok(sn_fit_read(&f[k].o, &f[k].d, &err), &err);
        sn_ck_ok(sn_fit_run(&f[k].o, &f[k].d, pool, &f[k].r, &err), &err);
        sn_pool_free(pool);
        ck_assert(f[k].r.dca.has && f[k].r.dca.m == 101 && f[k].r.dca.folds == 10);
        ck_assert_mem_eq(f[k].r.dca.all, f[0].r.dca.all, 4 * 101 * sizeof(double));
    }
    for (size_t i = 0; i < f[0].d.n; i++)
        y[i] = f[0].d.y[i] > 0;
    const struct sn_dca_strategy s[] = { { "fit", f[0].r.fit.mu, false } };
    const struct sn_dca d = { .y = y, .n = f[0].d.n, .strategies = s, .n_strategies = 1, .t = f[0].r.dca.t, .m = 101, .prevalence = NAN };
    sn_ck_ok(sn_dca_curves(&d, point, &err), &err);
    for (int i = 0; i < 101; i++) {
        ck_assert_double_eq_tol(f[0].r.dca.apparent[i], point[i].net_benefit, 1e-12);
        apparent += f[0].r.dca.apparent[i];
        corrected += f[0].r.dca.corrected[i];
        cross += f[0].r.dca.cross[i];
    }
    ck_assert_msg(corrected < apparent && cross < apparent, "%g, %g, %g", apparent, corrected, cross);
    for (int k = 0; k < 3; k++)
        done(&f[k]);

    other.o = options(made_up_file(), "outcome", NULL, "a");
    other.o.range_lo = 0.2;
    other.o.range_hi = 0.7;
    other.o.all_rows = true;
    run(&other);
    ck_assert(other.r.dca.asked && !other.r.dca.has && strstr(other.r.dca.why_not, "both sides of a fold"));
    done(&other);
}
END_TEST

START_TEST(test_split)
{
    double y[100];
    bool in[100], again[100], other[100];
    struct sn_error err = { 0 };
    int ones = 0, all = 0;

    for (int i = 0; i < 100; i++)
        y[i] = i < 23;
    sn_ck_ok(sn_split_stratified(y, 100, 0.7, 4, in, &err), &err);
    sn_ck_ok(sn_split_stratified(y, 100, 0.7, 4, again, &err), &err);
    sn_ck_ok(sn_split_stratified(y, 100, 0.7, 5, other, &err), &err);
    for (int i = 0; i < 100; i++) {
        all += in[i];
        ones += in[i] && i < 23;
    }
    ck_assert_int_eq(ones, 16); /* 0.7 * 23 = 16.1; 0.7 * 77 = 53.9 */
    ck_assert_int_eq(all, 16 + 54);
    ck_assert(memcmp(in, again, sizeof in) == 0 && memcmp(in, other, sizeof in) != 0);
    sn_ck_fails(sn_split_stratified(y, 100, 1, 4, in, &err), SN_EINVAL, &err, "between 0 and 1");
}
END_TEST

/* Riley et al. 2020's example in R's pmsampsize: Cox-Snell R2 0.288, 24 parameters, prevalence 0.174: 623, 662, 221. */
START_TEST(test_riley)
{
    struct sn_riley r = sn_riley_sample(24, 0.288, 0.174);

    ck_assert(r.shrinkage == 623 && r.r2 == 662 && r.overall == 221 && r.needed == 662 && r.events == 116);
    ck_assert(isnan(sn_riley_sample(24, -0.1, 0.174).needed) && isnan(sn_riley_sample(24, 0.9, 0.174).needed));
}
END_TEST

static Suite *suite_fit_validate(void)
{
    Suite *s = suite_create("fit_validate");
    TCase *t = tcase_create("fit_validate");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_validation_threads, 0, 3);
    tcase_add_test(t, test_validation_clusters);
    tcase_add_test(t, test_decision_curve);
    tcase_add_test(t, test_split);
    tcase_add_test(t, test_riley);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_fit_validate)
