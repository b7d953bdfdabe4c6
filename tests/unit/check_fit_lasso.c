/* check_fit_lasso.c: LASSO against scikit-learn, and its conditions of optimality. */
#include "tests/unit/fit_run.h"

START_TEST(test_lasso)
{
    static const struct {
        const char *file, *path, *outcome, *positive, *terms;
    } m[] = { { "MASS_biopsy.csv", "stats/MASS_biopsy.csv", "class", "malignant", "V1,V2,V3,V4,V5,V6,V7,V8,V9" },
              { "MASS_Pima.tr.csv", "stats/MASS_Pima.tr.csv", "type", "Yes", "npreg, glu, bp, skin, bmi, ped, age" } };
    const char *path = sn_test_data(m[_i].path);
    struct sn_error err = { 0 };
    struct fitted f;
    struct sn_lasso path_, l;

    if (!path)
        return;
    load_golden("tests/unit/data/stats/lasso.csv");
    f.o = options(path, m[_i].outcome, m[_i].positive, m[_i].terms);
    run(&f);
    sn_ck_ok(sn_lasso_path(&f.r.data, NULL, 0, &path_, &err), &err);
    for (size_t i = 0; i < golden.rows; i++) {
        double lambda;
        size_t j = 0;

        if (strcmp(cell(i, 0), m[_i].file) != 0)
            continue;
        ck_assert(sn_parse_double(cell(i, 1), &lambda));
        if (strcmp(cell(i, 2), "lambda_max") == 0) {
            same(path_.lambda[0], value(i), 1e-12, m[_i].file, "lambda", "max");
            continue;
        }
        while (strcmp(f.r.data.names[j], cell(i, 2)) != 0)
            j++;
        sn_ck_ok(sn_lasso_path(&f.r.data, &lambda, 1, &l, &err), &err);
        same(l.beta[j], value(i), 1e-8, m[_i].file, cell(i, 1), cell(i, 2));
        sn_lasso_free(&l);
    }
    ck_assert_uint_eq(path_.nonzero[0], 0);
    same(path_.lambda[99] / path_.lambda[0], 1e-4, 1e-12, m[_i].file, "lambda", "ratio");
    sn_lasso_free(&path_);
    done(&f);
    free_golden();
}
END_TEST

/* Karush-Kuhn-Tucker: |gradient| is lambda where a coefficient is not 0, at most lambda elsewhere; on random data, n < p too. */
START_TEST(test_lasso_optimal)
{
    struct sn_rng r = { 7 + (uint64_t)_i };
    size_t n = 20 + (size_t)sn_rng_below(&r, 80), p = 2 + (size_t)sn_rng_below(&r, 40);
    double *x = malloc(n * p * sizeof *x), *y = malloc(n * sizeof *y), *eta = malloc(n * sizeof *eta);
    size_t *effect = malloc(p * sizeof *effect);
    struct sn_logit_data d = { .n = n, .p = p, .x = x, .y = y, .effect = effect, .n_effects = p - 1 };
    struct sn_error err = { 0 };
    struct sn_lasso l;

    for (size_t j = 0; j < p; j++) {
        effect[j] = j ? j - 1 : SIZE_MAX;
        for (size_t i = 0; i < n; i++)
            x[j * n + i] = j == 0 ? 1 : j == 3 ? 5 : 10 * sn_rng_normal(&r) + (double)j; /* a constant column among them */
    }
    for (size_t i = 0; i < n; i++)
        y[i] = sn_rng_uniform(&r) < sn_sigmoid(0.1 * (x[n + i] - 1)) || i == 0;
    y[1] = 0;
    sn_ck_ok(sn_lasso_path(&d, NULL, 0, &l, &err), &err);
    for (size_t k = 0; k < SN_LASSO_STEPS; k++) {
        const double *b = l.beta + k * p;

        for (size_t i = 0; i < n; i++) {
            eta[i] = 0;
            for (size_t j = 0; j < p; j++)
                eta[i] += b[j] * x[j * n + i];
        }
        for (size_t j = 1; j < p; j++) {
            double gradient = 0, mean = 0, square = 0, sd;

            for (size_t i = 0; i < n; i++)
                mean += x[j * n + i] / (double)n;
            for (size_t i = 0; i < n; i++)
                square += (x[j * n + i] - mean) * (x[j * n + i] - mean) / (double)n;
            sd = sqrt(square);
            if (sd < 1e-9) {
                ck_assert(b[j] == 0);
                continue;
            }
            for (size_t i = 0; i < n; i++)
                gradient += (x[j * n + i] - mean) / sd * (y[i] - sn_sigmoid(eta[i])) / (double)n;
            ck_assert_msg(b[j] == 0 ? fabs(gradient) <= l.lambda[k] + 1e-9 : fabs(gradient - (b[j] > 0 ? 1 : -1) * l.lambda[k]) < 1e-9,
                          "step %zu, column %zu: gradient %.12g, lambda %.12g, coefficient %g", k, j, gradient, l.lambda[k], b[j]);
        }
    }
    sn_lasso_free(&l);
    free(x);
    free(y);
    free(eta);
    free(effect);
}
END_TEST

static Suite *suite_fit_lasso(void)
{
    Suite *s = suite_create("fit_lasso");
    TCase *t = tcase_create("fit_lasso");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_lasso, 0, 2);
    tcase_add_loop_test(t, test_lasso_optimal, 0, 8);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_fit_lasso)
