/* check_roc_boot.c: the bootstrap of ROC curves: each replicate against a curve built from the resample, pROC, threads. */
#include "tests/support/support.h"

#include <math.h>
#include <stdlib.h>

#include "stats/stats.h"

#define N 90
static struct sn_error err;
static double y[N], score[2][N];
static uint32_t cluster[N];

/* Three images a patient, one outcome a patient; the second score has many ties. */
static void make_cases(void)
{
    struct sn_rng rng = { 31 };

    for (int i = 0; i < N; i++) {
        cluster[i] = 100 - (uint32_t)(i / 3);
        y[i] = i / 3 % 5 < 2;
        score[0][i] = sn_rng_normal(&rng) + 0.8 * y[i];
        score[1][i] = floor(2 * (sn_rng_normal(&rng) + 0.5 * y[i]));
    }
}

static void build(struct sn_roc *r, const double *s)
{
    sn_ck_ok(sn_roc_build(s, y, N, r, &err), &err);
}

/* A curve from the cases that replicate `rep` draws, each as often as it is drawn. */
static void replicate_curve(const struct sn_roc *first, const struct sn_roc_boot *b, uint64_t rep, const double *s, struct sn_roc *out)
{
    struct sn_rng rng = sn_rng_stream(b->seed, rep);
    uint32_t stratum[N], unit[N], scratch[N], weight[N];
    double es[N], ey[N];
    struct sn_resample plan;
    size_t n = 0;

    for (int i = 0; i < N; i++) { /* in the order of the first score, as roc_boot.c says */
        stratum[i] = y[first->order[i]] == 1;
        unit[i] = cluster[first->order[i]];
    }
    sn_ck_ok(sn_resample_init(&plan, N, b->unstratified ? NULL : stratum, b->cluster ? unit : NULL, &err), &err);
    sn_resample_draw(&plan, &rng, scratch, weight);
    for (int i = 0; i < N; i++)
        for (uint32_t k = 0; k < weight[i]; k++) {
            es[n] = s[first->order[i]];
            ey[n++] = y[first->order[i]];
        }
    ck_assert_uint_eq(n, N);
    sn_ck_ok(sn_roc_build(es, ey, n, out, &err), &err);
    sn_resample_free(&plan);
}

/* The mean of two replicates is known from their two curves. */
START_TEST(test_replicates)
{
    struct sn_roc r[2], e[2][2]; /* [replicate][score] */
    const struct sn_roc *both[2] = { &r[0], &r[1] };
    struct sn_boot_ci ci[4], diff[2];
    struct sn_pauc range = { false, 0.6, 0.95, true };
    struct sn_cut_rule rule = { .kind = SN_CUT_YOUDEN };
    struct sn_cut cut[2];
    double at[] = { -INFINITY, 0.3, 1.1 }, grid[] = { 0, 0.35, 0.5, 0.9, 1 }, v[2];

    make_cases();
    build(&r[0], score[0]);
    build(&r[1], score[1]);
    for (int kind = 0; kind < 4; kind++) {
        struct sn_roc_boot b = { .seed = 77 + (uint64_t)kind, .replicates = 2, .level = 0.9, .unstratified = kind & 1, .cluster = kind & 2 ? cluster : NULL };
        struct sn_boot_ci sens[5], spec[3];

        for (int k = 0; k < 2; k++)
            for (int j = 0; j < 2; j++)
                replicate_curve(&r[0], &b, (uint64_t)k, score[j], &e[k][j]);
        sn_ck_ok(sn_roc_boot_auc(both, 2, &b, ci, diff, &err), &err);
        for (int j = 0; j < 2; j++)
            ck_assert_double_eq_tol(ci[j].mean, (e[0][j].auc + e[1][j].auc) / 2, 1e-15);
        ck_assert_double_eq_tol(diff[1].sd, fabs(e[0][0].auc - e[0][1].auc - e[1][0].auc + e[1][1].auc) / sqrt(2), 1e-14);
        for (int j = 0; j < 2; j++) { /* each score alone: its own order, so its own replicates */
            struct sn_roc f[2];

            for (int k = 0; k < 2; k++) {
                replicate_curve(&r[j], &b, (uint64_t)k, score[j], &f[k]);
                sn_ck_ok(sn_roc_pauc(&f[k], &range, &v[k], &err), &err);
                sn_ck_ok(sn_roc_cut(&f[k], &rule, &cut[k], &err), &err);
            }
            sn_ck_ok(sn_roc_boot_pauc(&r[j], &range, &b, &ci[0], &err), &err);
            ck_assert((isnan(v[0]) || isnan(v[1])) ? ci[0].dropped > 0 : fabs(ci[0].mean - (v[0] + v[1]) / 2) < 1e-14);
            sn_ck_ok(sn_roc_boot_cut(&r[j], &rule, &b, &ci[0], &ci[1], &ci[2], &err), &err);
            ck_assert_double_eq_tol(ci[0].mean, (cut[0].threshold + cut[1].threshold) / 2, 1e-14);
            ck_assert_double_eq_tol(ci[1].mean, (cut[0].sens + cut[1].sens) / 2, 1e-14);
            ck_assert_double_eq_tol(ci[2].mean, (cut[0].spec + cut[1].spec) / 2, 1e-14);
            sn_ck_ok(sn_roc_boot_band(&r[j], grid, 5, &b, sens, &err), &err);
            for (int i = 0; i < 5; i++)
                ck_assert_double_eq_tol(sens[i].mean, (sn_roc_sens_at(&f[0], grid[i]) + sn_roc_sens_at(&f[1], grid[i])) / 2, 1e-14);
            sn_ck_ok(sn_roc_boot_at(&r[j], at, 3, &b, sens, spec, &err), &err);
            for (int i = 0; i < 3; i++) {
                size_t p = sn_roc_find(&f[0], at[i]), q = sn_roc_find(&f[1], at[i]);

                ck_assert_double_eq_tol(sens[i].mean, (sn_roc_sens(&f[0], p) + sn_roc_sens(&f[1], q)) / 2, 1e-14);
                ck_assert_double_eq_tol(spec[i].mean, (sn_roc_spec(&f[0], p) + sn_roc_spec(&f[1], q)) / 2, 1e-14);
            }
            sn_roc_free(&f[0]);
            sn_roc_free(&f[1]);
        }
        for (int k = 0; k < 4; k++)
            sn_roc_free(&e[k / 2][k % 2]);
    }
    sn_roc_free(&r[0]);
    sn_roc_free(&r[1]);
}
END_TEST

/* Acceleration from curves built anew without each case, or each patient. */
START_TEST(test_jackknife)
{
    struct sn_roc r[2], less;
    const struct sn_roc *both[2] = { &r[0], &r[1] };
    struct sn_boot_ci ci[2], diff[2];

    make_cases();
    for (int i = 0; i < N; i += 7) /* two patients in seven of both outcomes */
        y[i] = 1 - y[i];
    build(&r[0], score[0]);
    build(&r[1], score[1]);
    for (int kind = 0; kind < 3; kind++) { /* stratified cases, cases, clusters */
        struct sn_roc_boot b = { .seed = 5, .replicates = 500, .level = 0.95, .bca = true, .unstratified = kind > 0, .cluster = kind == 2 ? cluster : NULL };
        double jack[3][N];
        uint32_t stratum[N], units = kind == 2 ? N / 3 : N;

        for (uint32_t u = 0; u < units; u++) {
            for (int j = 0; j < 2; j++) {
                double s[N], o[N];
                size_t n = 0;

                for (uint32_t i = 0; i < N; i++)
                    if ((kind == 2 ? i / 3 : i) != u) {
                        s[n] = score[j][i];
                        o[n++] = y[i];
                    }
                sn_ck_ok(sn_roc_build(s, o, n, &less, &err), &err);
                jack[j][u] = less.auc;
                sn_roc_free(&less);
            }
            jack[2][u] = jack[0][u] - jack[1][u];
            stratum[u] = y[u] == 1;
        }
        sn_ck_ok(sn_roc_boot_auc(both, 2, &b, ci, diff, &err), &err);
        for (int j = 0; j < 3; j++)
            ck_assert_double_eq_tol((j < 2 ? &ci[j] : &diff[1])->accel, sn_boot_acceleration(jack[j], units, kind ? NULL : stratum, 2), 1e-12);
        ck_assert(ci[0].lo < r[0].auc && r[0].auc < ci[0].hi && ci[0].lo > 0.4 && ci[0].hi < 0.95);
    }
    sn_ck_fails(sn_roc_boot_auc(both, 1, &(struct sn_roc_boot){ .replicates = 10, .level = 0.95, .cluster = cluster }, ci, NULL, &err), SN_EINVAL, &err,
                "of one cluster but of two strata");
    sn_roc_free(&r[0]);
    sn_roc_free(&r[1]);
}
END_TEST

/* Every result, bit by bit, for 1, 2, 3 and 7 threads. */
START_TEST(test_threads)
{
    static const int threads[] = { 1, 2, 3, 7 };
    static struct sn_boot_ci all[SN_COUNT(threads)][16];
    struct sn_roc r[2];
    const struct sn_roc *both[2] = { &r[0], &r[1] };
    double at[] = { 0.3, 1.1 }, grid[] = { 0.2, 0.9 };

    make_cases();
    build(&r[0], score[0]);
    build(&r[1], score[1]);
    for (size_t t = 0; t < SN_COUNT(threads); t++) {
        struct sn_roc_boot b = { .seed = 9, .replicates = 300, .level = 0.95, .cluster = cluster };
        struct sn_boot_ci *c = all[t];

        sn_ck_ok(sn_pool_create(&b.pool, threads[t], &err), &err);
        sn_ck_ok(sn_roc_boot_auc(both, 2, &b, c, c + 2, &err), &err);
        sn_ck_ok(sn_roc_boot_pauc(&r[0], &(struct sn_pauc){ true, 0.5, 1, false }, &b, c + 4, &err), &err);
        sn_ck_ok(sn_roc_boot_at(&r[0], at, 2, &b, c + 5, c + 7, &err), &err);
        sn_ck_ok(sn_roc_boot_cut(&r[0], &(struct sn_cut_rule){ .kind = SN_CUT_CLOSEST }, &b, c + 9, c + 10, c + 11, &err), &err);
        sn_ck_ok(sn_roc_boot_band(&r[1], grid, 2, &b, c + 12, &err), &err);
        b.bca = true;
        sn_ck_ok(sn_roc_boot_auc(both, 2, &b, c + 14, NULL, &err), &err);
        ck_assert_msg(memcmp(all[t], all[0], sizeof all[0]) == 0, "%d threads differ from 1", threads[t]);
        sn_pool_free(b.pool);
    }
    sn_roc_free(&r[0]);
    sn_roc_free(&r[1]);
}
END_TEST

/*
 * pROC 1.18.0, aSAH, s100b (and ndka), boot.n = 20000 (cut-off: 5000), set.seed(1): ci.auc, ci.se, ci.thresholds, ci.coords(x = "best"), roc.test.
 * A 2.5 % quantile of 20000 has a standard error near 0.007 sd; the tolerances are five of both sides' together, and the grid of rates.
 */
START_TEST(test_as_proc)
{
    const char *path = sn_test_data("stats/aSAH.csv");
    struct sn_roc_boot b = { .seed = 2025, .replicates = 20000, .level = 0.95 };
    struct sn_csv t;
    struct sn_roc r[2];
    const struct sn_roc *both[2] = { &r[0], &r[1] };
    struct sn_boot_ci ci[3], diff[2], spec[2];
    double *s, *o;

    if (!path)
        return;
    sn_ck_ok(sn_csv_read(path, &t, &err), &err);
    s = malloc(t.rows * sizeof *s);
    o = malloc(t.rows * sizeof *o);
    for (int j = 0; j < 2; j++) {
        for (size_t i = 0; i < t.rows; i++) {
            o[i] = strcmp(sn_csv_cell(&t, i, sn_csv_column(&t, "outcome")), "Poor") == 0;
            sn_ck_ok(sn_csv_number(&t, i, sn_csv_column(&t, j ? "ndka" : "s100b"), &s[i], &err), &err);
        }
        sn_ck_ok(sn_roc_build(s, o, t.rows, &r[j], &err), &err);
    }
    sn_ck_ok(sn_roc_boot_auc(both, 2, &b, ci, diff, &err), &err);
    ck_assert_double_eq_tol(ci[0].lo, 0.625169, 0.005);
    ck_assert_double_eq_tol(ci[0].hi, 0.826393, 0.005);
    ck_assert_double_eq_tol(ci[0].sd, sqrt(sn_roc_variance(&r[0])), 0.002); /* DeLong's */
    ck_assert_double_eq_tol((r[0].auc - r[1].auc) / diff[1].sd, 1.4033, 0.06);
    sn_ck_ok(sn_roc_boot_pauc(&r[0], &(struct sn_pauc){ false, 0.8, 1, true }, &b, ci, &err), &err);
    ck_assert_double_eq_tol(ci[0].lo, 0.585215, 0.005);
    ck_assert_double_eq_tol(ci[0].hi, 0.765884, 0.005);
    sn_ck_ok(sn_roc_boot_band(&r[0], (double[]){ 0.5, 0.9 }, 2, &b, ci, &err), &err);
    ck_assert_double_eq_tol(ci[0].lo, 0.597561, 0.0125);
    ck_assert_double_eq_tol(ci[0].median, 0.773519, 0.0125);
    ck_assert_double_eq_tol(ci[0].hi, 0.902439, 0.0125);
    ck_assert_double_eq_tol(ci[1].lo, 0.219512, 0.0125);
    ck_assert_double_eq_tol(ci[1].hi, 0.609756, 0.0125);
    sn_ck_ok(sn_roc_boot_at(&r[0], (double[]){ 0.205, 0.4 }, 2, &b, ci, spec, &err), &err);
    ck_assert_double_eq_tol(ci[0].lo, 0.487805, 0.0125);
    ck_assert_double_eq_tol(ci[0].hi, 0.780488, 0.0125);
    ck_assert_double_eq_tol(spec[1].lo, 0.805556, 0.0140); /* one of 72: P(X <= 58) is 0.026, on the edge */
    ck_assert_double_eq_tol(spec[1].hi, 0.958333, 0.0140);
    b.replicates = 5000;
    sn_ck_ok(sn_roc_boot_cut(&r[0], &(struct sn_cut_rule){ .kind = SN_CUT_YOUDEN }, &b, &ci[0], &ci[1], &ci[2], &err), &err);
    ck_assert_double_eq_tol(ci[0].median, 0.205, 0.0101);
    ck_assert_double_eq_tol(ci[0].lo, 0.12, 0.0151);
    ck_assert_double_eq_tol(ci[0].hi, 0.51, 0.0151);
    ck_assert_double_eq_tol(ci[1].median, 0.634146, 0.0251);
    ck_assert_double_eq_tol(ci[2].median, 0.819444, 0.0151);
    b.replicates = 20000;
    b.unstratified = true;
    sn_ck_ok(sn_roc_boot_auc(both, 1, &b, ci, NULL, &err), &err);
    ck_assert_double_eq_tol(ci[0].lo, 0.625463, 0.005);
    ck_assert_double_eq_tol(ci[0].hi, 0.827084, 0.005);
    sn_roc_free(&r[0]);
    sn_roc_free(&r[1]);
    free(s);
    free(o);
    sn_csv_free(&t);
}
END_TEST

/* One positive among three: a third of the unstratified resamples lack it ((2/3)^3), and few must not pass unseen. */
START_TEST(test_few)
{
    double s[] = { 1, 2, 3 }, o[] = { 0, 1, 0 };
    struct sn_roc r;
    const struct sn_roc *one = &r;
    struct sn_boot_ci ci, sens, spec;
    struct sn_roc_boot b = { .seed = 1, .replicates = 3000, .level = 0.95, .unstratified = true };

    sn_ck_ok(sn_roc_build(s, o, 3, &r, &err), &err);
    sn_ck_ok(sn_roc_boot_auc(&one, 1, &b, &ci, NULL, &err), &err);
    ck_assert_double_eq_tol((double)ci.dropped / 3000, 9.0 / 27, 5 * sqrt(2.0 / 9 / 3000)); /* 8 without the positive, 1 with nothing else */
    sn_ck_ok(sn_roc_boot_cut(&r, &(struct sn_cut_rule){ .kind = SN_CUT_YOUDEN }, &b, &ci, &sens, &spec, &err), &err);
    ck_assert(ci.dropped > 900 && ci.used + ci.dropped == 3000);
    b.bca = true;
    sn_ck_ok(sn_roc_boot_auc(&one, 1, &b, &ci, NULL, &err), &err); /* no jackknife without the only positive */
    ck_assert(isnan(ci.accel) && isnan(ci.lo) && isnan(ci.hi));
    sn_ck_fails(sn_roc_boot_auc(&one, 0, &b, &ci, NULL, &err), SN_EINVAL, &err, "0 scores");
    b.level = 95;
    sn_ck_fails(sn_roc_boot_auc(&one, 1, &b, &ci, NULL, &err), SN_EINVAL, &err, "level is 95");
    b.level = 0.95;
    b.replicates = 0;
    sn_ck_fails(sn_roc_boot_auc(&one, 1, &b, &ci, NULL, &err), SN_EINVAL, &err, "0 replicates");
    b.replicates = 10;
    sn_ck_fails(sn_roc_boot_band(&r, (double[]){ 1.5 }, 1, &b, &ci, &err), SN_EINVAL, &err, "specificity 1 is 1.5");
    sn_ck_fails(sn_roc_boot_at(&r, (double[]){ NAN }, 1, &b, &ci, &spec, &err), SN_EINVAL, &err, "threshold 1 is not a number");
    sn_roc_free(&r);
}
END_TEST

static Suite *suite_roc_boot(void)
{
    Suite *s = suite_create("roc_boot");
    TCase *t = tcase_create("all");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_replicates);
    tcase_add_test(t, test_jackknife);
    tcase_add_test(t, test_threads);
    tcase_add_test(t, test_as_proc);
    tcase_add_test(t, test_few);
    suite_add_tcase(s, t);
    return s;
}
SN_CHECK_MAIN(suite_roc_boot)
