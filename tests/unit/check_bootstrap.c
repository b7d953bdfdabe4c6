/* check_bootstrap.c: sorting, quantiles, resampling, replicates over threads, intervals. */
#include "tests/support/support.h"

#include <math.h>
#include <stdlib.h>

#include "stats/stats.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Against qsort, around the size where the method changes, with ties, signed zeros, infinities and tiny numbers. */
START_TEST(test_sort)
{
    static const size_t sizes[] = { 0, 1, 2, 127, 128, 129, 5000, 40000 };
    struct sn_rng rng = { 3 };
    struct sn_error err = { 0 };

    for (size_t s = 0; s < SN_COUNT(sizes); s++) {
        size_t n = sizes[s];
        double *x = malloc((n + 1) * sizeof *x), *y = malloc((n + 1) * sizeof *y);
        uint32_t *order = malloc((n + 1) * sizeof *order);

        for (size_t i = 0; i < n; i++) {
            static const double odd[] = { 0.0, -0.0, INFINITY, -INFINITY, 5e-324, -5e-324, 1.0, -1.0 };

            x[i] = i % 3 == 0 ? odd[sn_rng_below(&rng, 8)] : i % 3 == 1 ? (double)sn_rng_below(&rng, 20) : sn_rng_normal(&rng) * 1e3;
        }
        sn_ck_ok(sn_sort_order(x, n, order, &err), &err);
        for (size_t i = 1; i < n; i++)
            ck_assert(x[order[i - 1]] < x[order[i]] || (x[order[i - 1]] == x[order[i]] && order[i - 1] < order[i]));
        memcpy(y, x, n * sizeof *x);
        if (n)
            qsort(y, n, sizeof *y, ascending);
        sn_ck_ok(sn_sort(x, n, &err), &err);
        for (size_t i = 0; i < n; i++)
            ck_assert(x[i] == y[i]);
        free(x);
        free(y);
        free(order);
    }
}
END_TEST

/* R 4.2.2: quantile(c(3.1,-2,7.25,7.25,0,11,4.5,-0.3,2.2), p, type = 7), type = 1 */
START_TEST(test_quantile)
{
    static const double want[][3] = {
        { 0, -2, -2 },
        { 0.025000000000000001, -1.6600000000000001, -2 },
        { 0.10000000000000001, -0.6399999999999999, -2 },
        { 0.25, 0, 0 },
        { 0.33333333333333331, 1.4666666666666666, 0 },
        { 0.5, 3.1000000000000001, 3.1000000000000001 },
        { 0.90000000000000002, 7.9999999999999973, 11 },
        { 0.97499999999999998, 10.250000000000004, 11 },
        { 1, 11, 11 },
    };
    double x[] = { 3.1, -2, 7.25, 7.25, 0, 11, 4.5, -0.3, 2.2 };
    struct sn_error err = { 0 };

    sn_ck_ok(sn_sort(x, SN_COUNT(x), &err), &err);
    for (size_t i = 0; i < SN_COUNT(want); i++) {
        ck_assert_double_eq_tol(sn_quantile7(x, SN_COUNT(x), want[i][0]), want[i][1], 1e-14);
        ck_assert_double_eq(sn_quantile1(x, SN_COUNT(x), want[i][0]), want[i][2]);
    }
    ck_assert(isnan(sn_quantile7(x, 0, 0.5)) && isnan(sn_quantile7(x, 3, 1.1)) && isnan(sn_quantile1(x, 3, NAN)));
    ck_assert(sn_quantile7(x, 1, 0.3) == x[0] && sn_quantile1(x, 1, 0.3) == x[0]);
}
END_TEST

/* Each stratum keeps its size, members of a cluster their common count, and every unit is drawn once on average. */
START_TEST(test_resample)
{
    uint32_t stratum[60], cluster[60], scratch[60], weight[60], total[60];
    struct sn_error err = { 0 };

    for (uint32_t i = 0; i < 60; i++) {
        stratum[i] = i % 4 == 0 ? 900 : 5;
        cluster[i] = 4000000000u - i % 12 * 7; /* 12 clusters of 5, of one stratum each as 4 divides 12 */
    }
    for (int kind = 0; kind < 4; kind++) {
        struct sn_resample s;
        struct sn_rng rng = { 11 };
        int rounds = 20000;

        memset(total, 0, sizeof total);
        sn_ck_ok(sn_resample_init(&s, 60, kind & 1 ? stratum : NULL, kind & 2 ? cluster : NULL, &err), &err);
        ck_assert_uint_eq(s.units, kind & 2 ? 12 : 60);
        ck_assert_uint_eq(s.strata, kind & 1 ? 2 : 1);
        for (int r = 0; r < rounds; r++) {
            uint32_t sum = 0, high = 0;

            sn_resample_draw(&s, &rng, scratch, weight);
            for (int i = 0; i < 60; i++) {
                sum += weight[i];
                high += stratum[i] == 900 ? weight[i] : 0;
                total[i] += weight[i];
                ck_assert(!(kind & 2) || weight[i] == weight[i % 12]);
            }
            ck_assert_uint_eq(sum, 60);
            ck_assert(!(kind & 1) || high == 15);
        }
        for (int i = 0; i < 60; i++) /* a count's variance is below 1: five standard errors */
            ck_assert_double_eq_tol((double)total[i] / rounds, 1, 5 / sqrt(rounds));
        sn_resample_free(&s);
    }
    cluster[1] = cluster[0];
    struct sn_resample s;
    sn_ck_fails(sn_resample_init(&s, 60, stratum, cluster, &err), SN_EINVAL, &err, "of one cluster but of two strata");
    sn_ck_fails(sn_resample_init(&s, 0, NULL, NULL, &err), SN_EINVAL, &err, "0 observations");
}
END_TEST

#define N 500
static void mean_and_more(void *ctx, const uint32_t *weight, int thread, double *out)
{
    const double *x = ctx;
    double sum = 0, n = 0;

    (void)thread;
    for (int i = 0; i < N; i++) {
        sum += weight[i] * x[i];
        n += weight[i];
    }
    out[0] = sum / n;
    out[1] = weight[0] > 2 ? NAN : sum;
}

/* The bootstrap of a mean has a known variance; any number of threads gives the same bits. */
START_TEST(test_run)
{
    enum { R = 4000 };
    static const int threads[] = { 1, 2, 3, 7 };
    static double x[N], out[SN_COUNT(threads)][2 * R];
    struct sn_rng rng = { 5 };
    struct sn_error err = { 0 };
    struct sn_resample s;
    struct sn_boot_ci ci;
    double mean = 0, var = 0;

    for (int i = 0; i < N; i++)
        mean += (x[i] = sn_rng_normal(&rng)) / N;
    for (int i = 0; i < N; i++)
        var += (x[i] - mean) * (x[i] - mean) / N / N;
    sn_ck_ok(sn_resample_init(&s, N, NULL, NULL, &err), &err);
    for (size_t t = 0; t < SN_COUNT(threads); t++) {
        struct sn_boot b = { .resample = &s, .seed = 42, .replicates = R, .k = 2, .fn = mean_and_more, .ctx = x };

        sn_ck_ok(sn_pool_create(&b.pool, threads[t], &err), &err);
        sn_ck_ok(sn_boot_run(&b, out[t], &err), &err);
        ck_assert_msg(memcmp(out[t], out[0], sizeof out[0]) == 0, "%d threads differ from 1", threads[t]);
        sn_pool_free(b.pool);
    }
    sn_ck_ok(sn_boot_percentile(out[0], R, 0.95, &ci, &err), &err);
    ck_assert_uint_eq(ci.used, R);
    ck_assert_double_eq_tol(ci.mean, mean, 5 * sqrt(var / R));
    ck_assert_double_eq_tol(ci.sd, sqrt(var), 5 * sqrt(var / (2 * R)));
    ck_assert_double_eq_tol(ci.lo, mean - 1.96 * sqrt(var), 0.22 * sqrt(var)); /* 5 standard errors of a 2.5 % quantile: 5 sqrt(.025 .975 / R) / .0584 */
    ck_assert_double_eq_tol(ci.hi, mean + 1.96 * sqrt(var), 0.22 * sqrt(var));
    sn_ck_ok(sn_boot_percentile(out[0] + R, R, 0.95, &ci, &err), &err);
    ck_assert_double_eq_tol((double)ci.dropped / R, 0.0801, 5 * sqrt(0.08 / R)); /* P(Binomial(500, 1/500) > 2) */
    sn_ck_fails(sn_boot_run(&(struct sn_boot){ .resample = &s, .k = 1 }, out[0], &err), SN_EINVAL, &err, "0 replicates");
    sn_resample_free(&s);
}
END_TEST

/* R 4.2.2, r <- (1:199)^1.5/100; t0 <- 9.5; d <- mean(j) - j; the formulas of the header with quantile(type = 7) */
START_TEST(test_intervals)
{
    static const double jack[] = { 9, 9.2, 10, 9.9, 8, 9.7, 9.6 };
    static const uint32_t stratum[] = { 1, 0, 0, 1 };
    double r[199], same[3] = { 2, 2, 2 };
    struct sn_boot_ci ci;
    struct sn_error err = { 0 };
    double a = sn_boot_acceleration(jack, SN_COUNT(jack), NULL, 1);

    for (int i = 0; i < 199; i++)
        r[i] = pow(199 - i, 1.5) / 100;
    ck_assert_double_eq_tol(a, 0.066440212347667407, 1e-15);
    sn_ck_ok(sn_boot_bca(r, 199, 9.5, a, 0.95, &ci, &err), &err);
    ck_assert_double_eq_tol(ci.z0, -0.044100717822928015, 1e-15);
    ck_assert_double_eq_tol(ci.lo, 0.22291705061962233, 1e-13);
    ck_assert_double_eq_tol(ci.hi, 27.415974602327026, 1e-13);
    sn_ck_ok(sn_boot_percentile(r, 199, 0.95, &ci, &err), &err);
    ck_assert_double_eq_tol(ci.lo, 0.14521108528239063, 1e-14);
    ck_assert_double_eq_tol(ci.median, 10, 1e-14);
    ck_assert_double_eq_tol(ci.hi, 27.0315329991178, 1e-13);
    ck_assert_double_eq_tol(ci.mean, 11.29958284920891, 1e-13);
    ck_assert_double_eq_tol(ci.sd, 8.4663821412878413, 1e-13);
    sn_ck_ok(sn_boot_bca(r, 199, 1e9, 0, 0.95, &ci, &err), &err); /* the estimate lies outside */
    ck_assert(isnan(ci.lo) && isnan(ci.hi));
    sn_ck_ok(sn_boot_bca(same, 3, 2, 0, 0.95, &ci, &err), &err);
    ck_assert(ci.lo == 2 && ci.hi == 2);
    sn_ck_ok(sn_boot_percentile(same, 1, 0.95, &ci, &err), &err);
    ck_assert(isnan(ci.lo) && ci.used == 1);
    sn_ck_fails(sn_boot_percentile(r, 199, 95, &ci, &err), SN_EINVAL, &err, "level is 95");
    ck_assert(sn_boot_acceleration(same, 3, NULL, 1) == 0);
    /* two strata of two: d = +-1/4 and +-3/4 cancel in the cubes */
    ck_assert_double_eq_tol(sn_boot_acceleration((const double[]){ 1, 2, 3, 4 }, 4, stratum, 2), 0, 1e-16);
}
END_TEST

/* Over the clusters drawn: mean of 0 .. 199, and a statistic that is not defined when cluster 0 was not drawn. Two rows a cluster. */
static void mean_of_drawn(void *ctx, const uint32_t *weight, int thread, double *out)
{
    double sum = 0;

    (void)ctx;
    (void)thread;
    for (size_t i = 0; i < 400; i++)
        sum += weight[i] * (double)(i / 2);
    out[0] = sum / 400;
    out[1] = weight[0] ? 1 : (double)NAN;
}

START_TEST(test_against_theory)
{
    double sd = sqrt((200.0 * 200.0 - 1) / 12 / 200); /* of the mean of 200 draws from 0..199 */
    struct sn_boot_ci one[2], many[2], other[2];
    struct sn_pool *pool = NULL;
    struct sn_error err = { 0 };
    struct sn_resample s;
    struct sn_boot b = { .resample = &s, .seed = 7, .replicates = 10000, .k = 2, .fn = mean_of_drawn };
    uint32_t cluster[400];

    for (uint32_t i = 0; i < 400; i++)
        cluster[i] = i / 2;
    sn_ck_ok(sn_resample_init(&s, 400, NULL, cluster, &err), &err);
    sn_ck_ok(sn_boot_intervals(&b, 0.95, one, &err), &err);
    sn_ck_ok(sn_pool_create(&pool, 3, &err), &err);
    b.pool = pool;
    sn_ck_ok(sn_boot_intervals(&b, 0.95, many, &err), &err);
    b.seed = 8;
    sn_ck_ok(sn_boot_intervals(&b, 0.95, other, &err), &err);
    b.pool = NULL;
    sn_pool_free(pool);
    ck_assert(one[0].lo == many[0].lo && one[0].hi == many[0].hi && one[1].dropped == many[1].dropped && one[0].lo != other[0].lo);
    /* theory: normal, Monte Carlo error of a 2.5 % quantile is about 0.027 sd */
    ck_assert_double_eq_tol(one[0].lo, 99.5 - 1.96 * sd, 0.12 * sd);
    ck_assert_double_eq_tol(one[0].hi, 99.5 + 1.96 * sd, 0.12 * sd);
    ck_assert_double_eq_tol(one[0].sd, sd, 0.03 * sd);
    /* a cluster is missed with probability (1 - 1/n)^n = 0.367: 3670, standard deviation 48 */
    ck_assert(one[1].dropped > 3430 && one[1].dropped < 3910 && one[1].lo == 1);
    b.replicates = 0;
    sn_ck_fails(sn_boot_intervals(&b, 0.95, one, &err), SN_EINVAL, &err, "0 replicates");
    sn_resample_free(&s);
}
END_TEST

static Suite *suite_bootstrap(void)
{
    Suite *s = suite_create("bootstrap");
    TCase *t = tcase_create("all");

    tcase_add_test(t, test_sort);
    tcase_add_test(t, test_quantile);
    tcase_add_test(t, test_resample);
    tcase_add_test(t, test_run);
    tcase_add_test(t, test_against_theory);
    tcase_add_test(t, test_intervals);
    suite_add_tcase(s, t);
    return s;
}
SN_CHECK_MAIN(suite_bootstrap)
