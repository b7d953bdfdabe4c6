/* check_mrmc.c: covariances of figures of merit, Obuchowski-Rockette tests, agreement with DBM. */
#include "io/io.h"
#include "stats/mrmc.h"
#include "stats/tails.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct sn_error err;

#define near(got, expected, relative)                                                                                  \
    do {                                                                                                               \
        double g_ = (got), e_ = (expected);                                                                            \
        ck_assert_msg(fabs(g_ - e_) <= (relative) * fabs(e_), "%s = %.17g, expected %.17g", #got, g_, e_);             \
    } while (0)

/* ---- covariances --------------------------------------------------------------------------------------------- */

/* A row of reference_values.csv. */
static double reference(const char *dataset, const char *quantity)
{
    static struct sn_csv t;
    double v = NAN;

    if (!t.header)
        sn_ck_ok(sn_csv_read(sn_test_data("stats/reference_values.csv"), &t, &err), &err);
    for (size_t i = 0; i < t.rows; i++)
        if (strcmp(sn_csv_cell(&t, i, 0), dataset) == 0 && strcmp(sn_csv_cell(&t, i, 1), quantity) == 0)
            sn_ck_ok(sn_csv_number(&t, i, 2, &v, &err), &err);
    ck_assert_msg(!isnan(v), "no %s", quantity);
    return v;
}

START_TEST(delong_on_asah)
{
    static const char *const names[] = { "s100b", "ndka", "wfns" };
    const char *path = sn_test_data("stats/aSAH.csv");
    double x[3][113], merit[3], cov[9], var;
    const double *sets[3] = { x[0], x[1], x[2] };
    struct sn_csv t;
    int y[113];

    if (!path)
        return;
    sn_ck_ok(sn_csv_read(path, &t, &err), &err);
    ck_assert_uint_eq(t.rows, 113);
    for (size_t i = 0; i < t.rows; i++) {
        y[i] = strcmp(sn_csv_cell(&t, i, sn_csv_column(&t, "outcome")), "Poor") == 0;
        for (int k = 0; k < 3; k++)
            sn_ck_ok(sn_csv_number(&t, i, sn_csv_column(&t, names[k]), &x[k][i], &err), &err);
    }
    sn_ck_ok(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, y, 113, sets, 3, merit, cov, &err), &err);
    near(merit[0], reference("aSAH", "auc_s100b"), 1e-11);
    near(merit[1], reference("aSAH", "auc_ndka"), 1e-11);
    near(cov[0], reference("aSAH", "auc_s100b_delong_var"), 1e-11);
    near(cov[4], reference("aSAH", "auc_ndka_delong_var"), 1e-11);
    var = cov[0] + cov[4] - 2 * cov[1];
    near((merit[0] - merit[1]) / sqrt(var), reference("aSAH", "delong_paired_Z_s100b_vs_ndka"), 1e-11);
    var = cov[0] + cov[8] - 2 * cov[2];
    near((merit[0] - merit[2]) / sqrt(var), reference("aSAH", "delong_paired_Z_s100b_vs_wfns"), 1e-11);
    near(2 * sn_tail_normal(fabs((merit[0] - merit[2]) / sqrt(var))), reference("aSAH", "delong_paired_p_s100b_vs_wfns"), 1e-11);
    sn_csv_free(&t);
}
END_TEST

struct study {
    int y[60];
    double score[12][60], call[12][60];
    const double *scores[12], *calls[12];
};

/* t tests x r readers on n cases, scores with ties. */
static void make_study(struct study *s, struct sn_rng *rng, int m, int n)
{
    for (int i = 0; i < n; i++)
        s->y[i] = i % 5 < 2;
    for (int i = 0; i < n; i++) {
        double ease = sn_rng_normal(rng);

        for (int k = 0; k < m; k++) {
            s->score[k][i] = floor(3 * (s->y[i] + ease + sn_rng_normal(rng) + 0.05 * k));
            s->call[k][i] = s->score[k][i] > 2;
            s->scores[k] = s->score[k];
            s->calls[k] = s->call[k];
        }
    }
}

/* The definition: all pairs, leaving out case `skip`. */
static double auc_by_pairs(const int *y, const double *x, int n, int skip)
{
    double sum = 0, pairs = 0;

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            if (y[i] && !y[j] && i != skip && j != skip) {
                sum += x[i] > x[j] ? 1 : x[i] == x[j] ? 0.5 : 0;
                pairs++;
            }
    return sum / pairs;
}

static double proportion(const int *y, const double *x, int n, int skip, int of)
{
    double sum = 0, count = 0;

    for (int i = 0; i < n; i++)
        if (y[i] == of && i != skip) {
            sum += of ? x[i] : 1 - x[i];
            count++;
        }
    return sum / count;
}

/* The jackknife as it is defined, with every estimate made anew. */
START_TEST(jackknife_by_leaving_out)
{
    enum { M = 4, N = 31 };
    struct sn_rng rng = { 12 };
    struct study s;

    for (int what = 0; what < 3; what++)
        for (int round = 0; round < 5; round++) {
            double merit[M], cov[M * M], out[M][N], mean[M] = { 0 };

            make_study(&s, &rng, M, N);
            sn_ck_ok(sn_mrmc_covariance((enum sn_mrmc_merit)what, SN_COV_JACKKNIFE, s.y, N, what ? s.calls : s.scores, M, merit,
                                        cov, &err), &err);
            for (int k = 0; k < M; k++)
                for (int i = -1; i < N; i++) {
                    double v = what == 0 ? auc_by_pairs(s.y, s.score[k], N, i) : proportion(s.y, s.call[k], N, i, what == 1);

                    if (i < 0) {
                        near(merit[k], v, 1e-14);
                    } else {
                        out[k][i] = v;
                        mean[k] += v / N;
                    }
                }
            for (int a = 0; a < M; a++)
                for (int b = 0; b < M; b++) {
                    double sum = 0;

                    for (int i = 0; i < N; i++)
                        sum += (out[a][i] - mean[a]) * (out[b][i] - mean[b]);
                    ck_assert_double_eq_tol(cov[a * M + b], sum * (N - 1) / N, 1e-14);
                }
        }
}
END_TEST

START_TEST(properties)
{
    enum { M = 4, N = 60 };
    struct sn_rng rng = { 8 };
    struct study s;
    double merit[M], cov[M * M], merit2[M], cov2[M * M];

    for (int round = 0; round < 20; round++) {
        make_study(&s, &rng, M, N);
        sn_ck_ok(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, s.y, N, s.scores, M, merit, cov, &err), &err);
        for (int k = 0; k < M; k++) /* AUC(-x) = 1 - AUC(x), exp is monotone */
            for (int i = 0; i < N; i++)
                s.score[k][i] = k % 2 ? -s.score[k][i] : exp(s.score[k][i] / 8);
        sn_ck_ok(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, s.y, N, s.scores, M, merit2, cov2, &err), &err);
        for (int a = 0; a < M; a++) {
            near(merit2[a], a % 2 ? 1 - merit[a] : merit[a], 1e-14);
            for (int b = 0; b < M; b++)
                ck_assert_double_eq_tol(cov2[a * M + b], (a + b) % 2 ? -cov[a * M + b] : cov[a * M + b], 1e-15);
        }
        /* a call as a score: AUC is the mean of sensitivity and specificity */
        sn_ck_ok(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, s.y, N, s.calls, M, merit, cov, &err), &err);
        for (int k = 0; k < M; k++)
            near(merit[k], (proportion(s.y, s.call[k], N, -1, 1) + proportion(s.y, s.call[k], N, -1, 0)) / 2, 1e-14);
    }
    s.call[2][7] = 0.5;
    sn_ck_fails(sn_mrmc_covariance(SN_MERIT_SENSITIVITY, SN_COV_DELONG, s.y, N, s.calls, M, merit, cov, &err), SN_EINVAL, &err,
                "set 3, case 8: 0.5 is not a call");
    s.score[0][3] = NAN;
    sn_ck_fails(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, s.y, N, s.scores, M, merit, cov, &err), SN_EINVAL, &err,
                "set 1, case 4");
    memset(s.y, 0, sizeof s.y);
    s.y[3] = 1;
    sn_ck_fails(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, s.y, N, s.scores, M, merit, cov, &err), SN_EINVAL, &err,
                "1 cases with and 59 without");
}
END_TEST

/* ---- Van Dyke et al. 1993, as MRMCaov 0.2.0's article prints it ---------------------------------------------------- */

/* AUCs in counts of 45 x 69 pairs, from the printed seven digits. */
static const double van_dyke[10] = { 2855.5 / 3105, 2666.5 / 3105, 2806.5 / 3105, 3021.5 / 3105, 2576.5 / 3105,
                                     2943.0 / 3105, 2811.0 / 3105, 2862.0 / 3105, 3103.0 / 3105, 2887.5 / 3105 };

static void blocks(double *cov, int t, int r, double var, double c1, double c2, double c3)
{
    for (int i = 0; i < t * r; i++)
        for (int k = 0; k < t * r; k++)
            cov[i * t * r + k] = i == k ? var : i % r == k % r ? c1 : i / r == k / r ? c2 : c3;
}

START_TEST(van_dyke_published)
{
    double cov[100];
    struct sn_mrmc m;

    /* DeLong, random readers and cases */
    blocks(cov, 2, 5, 0.0007921325, 0.0003420090, 0.0003395265, 0.0002358497);
    sn_ck_ok(sn_mrmc_compare(van_dyke, cov, 2, 5, 0.95, &m, &err), &err);
    near(m.ms_test, 0.004796171, 1e-6);
    near(m.ms_test_reader, 0.0005510306, 1e-6);
    near(m.cov2, 0.0003395265, 1e-12);
    near(m.random_both.f, 4.484854, 1e-6);
    near(m.random_both.df2, 15.06611, 1e-6);
    near(m.random_both.p, 0.05123303, 2e-6);
    near(m.random_both.p_diff, m.random_both.p, 1e-10); /* two tests: F is t squared */
    near(m.diff, 0.04380032, 1e-6);
    near(m.random_both.se, 0.0206825, 1e-6);
    near(m.random_both.hi, 0.0878671960, 1e-6);
    ck_assert_double_eq_tol(m.random_both.lo, -0.0002665519, 1e-8);
    /* jackknife, fixed readers: chi-squared 5.475953 on 1 df */
    blocks(cov, 2, 5, 0.0008022883, 0.0003466137, 0.0003440748, 0.0002390284);
    sn_ck_ok(sn_mrmc_compare(van_dyke, cov, 2, 5, 0.95, &m, &err), &err);
    near(m.fixed_readers.f, 5.475953, 1e-6);
    near(m.fixed_readers.p, 0.01927984, 2e-6);
    near(m.fixed_readers.se, 0.01871748, 1e-6);
    near(m.fixed_readers.lo, 0.00711473, 2e-6);
    /* fixed cases */
    near(m.fixed_cases.f, 8.704, 1e-6);
    near(m.fixed_cases.p, 0.04195875, 1e-6);
    near(m.fixed_cases.hi, 0.08502022, 1e-6);
    ck_assert(!m.few_readers);
}
END_TEST

/* Sensitivity of the same study's calls; the ten are counts of 45. */
START_TEST(van_dyke_sensitivity)
{
    static const int hits[10] = { 40, 35, 37, 42, 31, 44, 37, 41, 45, 40 };
    double cov[100], merit[10];
    struct sn_mrmc m;
    struct sn_mrmc_mean one;

    for (int i = 0; i < 10; i++)
        merit[i] = hits[i] / 45.0;
    blocks(cov, 2, 5, 0.0023681257, 0.0009943883, 0.0010145903, 0.0006604938);
    sn_ck_ok(sn_mrmc_compare(merit, cov, 2, 5, 0.95, &m, &err), &err);
    near(m.ms_test, 0.0239012, 1e-5);
    near(m.ms_reader, 0.0124198, 1e-5);
    near(m.ms_test_reader, 0.001802469, 1e-6);
    near(m.random_both.f, 6.689493, 1e-6);
    near(m.random_both.df2, 15.71732, 1e-6);
    near(m.random_both.p, 0.02008822, 1e-6);
    near(m.random_both.se, 0.03780451, 1e-6);
    near(m.random_both.hi, 0.1780371, 1e-6);
    /* each treatment by itself */
    blocks(cov, 1, 5, 0.002, 0, 0.001646465, 0);
    sn_ck_ok(sn_mrmc_one(merit, cov, 5, 0.5, 0.95, &one, &err), &err);
    near(one.mean, 0.8222222, 1e-7);
    near(one.ms_reader, 0.009135802, 1e-6);
    near(one.random_both.se, 0.05893747, 1e-6);
    near(one.random_both.df, 14.456811, 1e-6);
    near(one.random_both.lo, 0.6961876, 1e-6);
    near(one.random_both.hi, 0.9482568, 1e-6);
    /* AUC of treatment 2, fixed readers */
    blocks(cov, 1, 5, 0.0005904738, 0, 0.0002041879, 0);
    sn_ck_ok(sn_mrmc_one(van_dyke + 5, cov, 5, 0.5, 0.95, &one, &err), &err);
    near(one.fixed_readers.se, 0.01677632, 1e-6);
    near(one.fixed_readers.lo, 0.9079564, 1e-6);
    near(one.fixed_cases.lo, 0.8959894, 1e-6);
}
END_TEST

/* ---- DBM --------------------------------------------------------------------------------------------------------- */

/*
 * Dorfman, Berbaum & Metz 1992 with Hillis' corrections: analysis of variance of the jackknife's pseudovalues, test x reader
 * x case. F = MS(T) / (MS(TR) + max(MS(TC) - MS(TRC), 0)), and its denominator's df over MS(TR) alone.
 */
static double dbm(const struct study *s, int t, int r, int n, double *df2)
{
    static double p[12][60], tr[12], tc[3][60], tm[3], rm[6], cm[60];
    double grand = 0, ms_t = 0, ms_tr = 0, ms_tc = 0, ms_trc = 0, d;

    memset(tr, 0, sizeof tr);
    memset(tc, 0, sizeof tc);
    memset(tm, 0, sizeof tm);
    memset(rm, 0, sizeof rm);
    memset(cm, 0, sizeof cm);
    static double rc[6][60];
    memset(rc, 0, sizeof rc);
    for (int k = 0; k < t * r; k++)
        for (int i = 0; i < n; i++) {
            p[k][i] = n * auc_by_pairs(s->y, s->score[k], n, -1) - (n - 1) * auc_by_pairs(s->y, s->score[k], n, i);
            tr[k] += p[k][i] / n;
            tc[k / r][i] += p[k][i] / r;
            rc[k % r][i] += p[k][i] / t;
            tm[k / r] += p[k][i] / (r * n);
            rm[k % r] += p[k][i] / (t * n);
            cm[i] += p[k][i] / (t * r);
            grand += p[k][i] / (t * r * n);
        }
    for (int a = 0; a < t; a++) {
        ms_t += r * n * pow(tm[a] - grand, 2) / (t - 1);
        for (int i = 0; i < n; i++)
            ms_tc += r * pow(tc[a][i] - tm[a] - cm[i] + grand, 2) / ((t - 1) * (n - 1));
    }
    for (int k = 0; k < t * r; k++) {
        ms_tr += n * pow(tr[k] - tm[k / r] - rm[k % r] + grand, 2) / ((t - 1) * (r - 1));
        for (int i = 0; i < n; i++)
            ms_trc += pow(p[k][i] - tr[k] - tc[k / r][i] - rc[k % r][i] + tm[k / r] + rm[k % r] + cm[i] - grand, 2) /
                      ((t - 1) * (r - 1) * (n - 1));
    }
    d = ms_tr + fmax(ms_tc - ms_trc, 0);
    *df2 = d * d / (ms_tr * ms_tr / ((t - 1) * (r - 1)));
    return ms_t / d;
}

START_TEST(equals_dbm)
{
    enum { T = 2, R = 4, N = 40 };
    struct sn_rng rng = { 99 };
    struct study s;

    for (int round = 0; round < 10; round++) {
        double merit[T * R], cov[T * R * T * R], df2, f;
        struct sn_mrmc m;

        make_study(&s, &rng, T * R, N);
        sn_ck_ok(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_JACKKNIFE, s.y, N, s.scores, T * R, merit, cov, &err), &err);
        sn_ck_ok(sn_mrmc_compare(merit, cov, T, R, 0.95, &m, &err), &err);
        f = dbm(&s, T, R, N, &df2);
        near(m.random_both.f, f, 1e-9);
        near(m.random_both.df2, df2, 1e-9);
    }
}
END_TEST

/* ---- few readers ----------------------------------------------------------------------------------------------------- */

START_TEST(few_readers)
{
    enum { N = 50 };
    struct sn_rng rng = { 4 };
    struct study s;
    struct sn_mrmc m;
    struct sn_mrmc_mean one;
    double merit[4], cov[16], var;

    make_study(&s, &rng, 4, N);
    sn_ck_ok(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, s.y, N, s.scores, 2, merit, cov, &err), &err);
    sn_ck_ok(sn_mrmc_compare(merit, cov, 2, 1, 0.95, &m, &err), &err); /* one reader: DeLong's paired test */
    var = cov[0] + cov[3] - 2 * cov[1];
    ck_assert(m.few_readers && isnan(m.random_both.p) && isnan(m.fixed_cases.p));
    near(m.fixed_readers.se, sqrt(var), 1e-12);
    near(m.fixed_readers.p, 2 * sn_tail_normal(fabs(merit[1] - merit[0]) / sqrt(var)), 1e-10);
    sn_ck_ok(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, s.y, N, s.scores, 4, merit, cov, &err), &err);
    sn_ck_ok(sn_mrmc_compare(merit, cov, 2, 2, 0.95, &m, &err), &err);
    ck_assert(m.few_readers && isfinite(m.fixed_readers.p));
    sn_ck_ok(sn_mrmc_one(merit, cov, 1, 0.5, 0.95, &one, &err), &err);
    ck_assert(one.few_readers && isnan(one.random_both.lo));
    near(one.fixed_readers.se, sqrt(cov[0]), 1e-14);
    /* the same set four times: no variance, no test */
    for (int k = 0; k < 4; k++)
        s.scores[k] = s.score[0];
    sn_ck_ok(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, s.y, N, s.scores, 4, merit, cov, &err), &err);
    sn_ck_ok(sn_mrmc_compare(merit, cov, 2, 2, 0.95, &m, &err), &err);
    ck_assert(m.diff == 0 && !(m.random_both.p < 1));
    sn_ck_fails(sn_mrmc_compare(merit, cov, 1, 2, 0.95, &m, &err), SN_EINVAL, &err, "one test only");
    sn_ck_fails(sn_mrmc_compare(merit, cov, 2, 2, 0, &m, &err), SN_EINVAL, &err, "confidence level of 0");
    sn_ck_fails(sn_mrmc_one(merit, cov, 0, 0, 0.95, &one, &err), SN_EINVAL, &err, "0 readers");
}
END_TEST

static Suite *suite_mrmc(void)
{
    Suite *s = suite_create("mrmc");
    TCase *t = tcase_create("mrmc");

    tcase_add_test(t, delong_on_asah);
    tcase_add_test(t, jackknife_by_leaving_out);
    tcase_add_test(t, properties);
    tcase_add_test(t, van_dyke_published);
    tcase_add_test(t, van_dyke_sensitivity);
    tcase_add_test(t, equals_dbm);
    tcase_add_test(t, few_readers);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_mrmc)
