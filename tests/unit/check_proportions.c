/* check_proportions.c: proportions, 2x2 tables, paired tests, subgroups. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats/stats.h"

static struct sn_error err;

/* ---- statsmodels, scipy, scikit-learn: tools/golden/make_proportions_golden.py ------------------------ */

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static double end(struct sn_interval ci, const char *what)
{
    return is(what + strlen(what) - 3, "_lo") ? ci.lo : ci.hi;
}

/* Case i of the predictive values' rule. */
static void predictive_case(int i, double *a, double *b, double *y)
{
    *a = i % 5 < 2 || i % 11 == 0;
    *b = i % 7 < 3;
    *y = i % 2 ? i % 5 < 3 : i % 7 < 2;
}

static double kosinski(const char *what)
{
    static double a[160], b[160], y[160];
    struct sn_predictive ppv, npv;

    for (int i = 0; i < 160; i++)
        predictive_case(i, &a[i], &b[i], &y[i]);
    sn_compare_predictive(a, b, y, 160, &ppv, &npv);
    return is(what, "kosinski_ppv") ? ppv.chisq : is(what, "kosinski_ppv_p") ? ppv.p : is(what, "kosinski_npv") ? npv.chisq : npv.p;
}

static double groups(const char *what)
{
    static const double est[] = { 0.71, 0.80, NAN, 0.66, 0.78, 0.9 }, var[] = { 0.002, 0.0015, 1, 0.004, 0.001, 0 }; /* two are not usable */
    static const uint64_t x[] = { 10, 25, 0, 7 }, n[] = { 30, 40, 0, 20 };
    struct sn_heterogeneity q = sn_heterogeneity(est, var, 6), c = sn_proportions_test(x, n, 4);

    ck_assert(q.df == 3 && q.used == 4 && c.df == 2 && c.used == 3);
    return is(what, "q") ? q.chisq : is(what, "q_p") ? q.p : is(what, "q_mean") ? q.pooled : is(what, "pearson") ? c.chisq : c.p;
}

static double table(const char *what, const uint64_t *v)
{
    struct sn_operating o;
    const struct { const char *name; const struct sn_estimate *e; } entries[] = {
        { "accuracy", &o.accuracy }, { "balanced", &o.balanced }, { "ppv", &o.ppv }, { "sens", &o.sens }, { "lr_pos", &o.lr_pos },
        { "lr_neg", &o.lr_neg }, { "dor", &o.dor }, { "ppv_at", &o.ppv_at }, { "npv_at", &o.npv_at },
    };

    sn_ck_ok(sn_operating_point(&(struct sn_table2){ v[0], v[1], v[2], v[3] }, 0.95, SN_WILSON, 0.2, &o, &err), &err);
    if (is(what, "mcc") || is(what, "f1"))
        return what[0] == 'm' ? o.mcc : o.f1;
    for (size_t i = 0; i < SN_COUNT(entries); i++) {
        size_t n = strlen(entries[i].name);

        if (strncmp(what, entries[i].name, n) == 0 && (what[n] == 0 || is(what + n, "_lo") || is(what + n, "_hi")))
            return what[n] ? end(entries[i].e->ci, what) : entries[i].e->value;
    }
    ck_abort_msg("no quantity %s", what);
    return 0;
}

static double ours(const char *what, const double *a, int args)
{
    static const double p[] = { 0.04, 0.001, 0.5, 0.02, 0.02, 0.9, 0.012 };
    uint64_t v[5] = { 0 };

    for (int i = 0; i < args; i++)
        v[i] = a[i] >= 1 ? (uint64_t)a[i] : 0;
    if (strncmp(what, "wilson", 6) == 0)
        return end(sn_proportion_ci(v[0], v[1], a[2], SN_WILSON), what);
    if (strncmp(what, "exact", 5) == 0)
        return end(sn_proportion_ci(v[0], v[1], a[2], SN_CLOPPER_PEARSON), what);
    if (strncmp(what, "jeffreys", 8) == 0)
        return end(sn_proportion_ci(v[0], v[1], a[2], SN_JEFFREYS), what);
    if (strncmp(what, "newcombe2", 9) == 0)
        return end(sn_difference_newcombe(v[0], v[1], v[2], v[3], 0.95), what);
    if (strncmp(what, "mcnemar", 7) == 0)
        return is(what, "mcnemar_exact") ? sn_mcnemar(v[0], v[1]).exact : sn_mcnemar(v[0], v[1]).midp;
    if (strncmp(what, "tango", 5) == 0) {
        struct sn_paired t = { v[0], v[1], v[2], v[3] };

        return is(what, "tango_z") ? sn_paired_tango_z(&t, a[4]) : end(sn_paired_tango(&t, 0.95), what);
    }
    if (strncmp(what, "newcombe", 8) == 0)
        return end(sn_paired_newcombe(&(struct sn_paired){ v[0], v[1], v[2], v[3] }, 0.95), what);
    if (is(what, "holm")) {
        double adjusted[7];

        sn_ck_ok(sn_holm(p, 7, adjusted, &err), &err);
        return adjusted[v[0]];
    }
    if (strncmp(what, "kosinski", 8) == 0)
        return kosinski(what);
    return args == 0 ? groups(what) : table(what, v);
}

START_TEST(test_golden)
{
    struct sn_csv t;

    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/stats/proportions.csv"), &t, &err), &err);
    ck_assert_uint_ge(t.rows, 230);
    for (size_t i = 0; i < t.rows; i++) {
        const char *what = sn_csv_cell(&t, i, 0), *s = sn_csv_cell(&t, i, 1);
        double a[5], want = strtod(sn_csv_cell(&t, i, 2), NULL), got;
        int args = 0;
        char *stop;

        for (; *s && args < 5; s = stop)
            a[args++] = strtod(s, &stop);
        got = ours(what, a, args);
        ck_assert_msg(fabs(got - want) <= 1e-12 * fabs(want) + 1e-14, "line %zu, %s of %s: %.17g, expected %.17g", t.lines[i], what, sn_csv_cell(&t, i, 1), got, want);
    }
    sn_csv_free(&t);
}
END_TEST

/* DOMAIN A.2: the accuracies that the method's paper prints, as counts: R's prop.test(correct = FALSE). (0.6115 is 0.612 there.) */
START_TEST(test_paper)
{
    static const struct {
        uint64_t x, n;
        double lo, hi;
    } rows[] = { { 84, 113, 0.655761320, 0.814962005 }, { 78, 113, 0.5999367510, 0.7680833031 }, { 118, 174, 0.6055426558, 0.7430824646 },
                 { 119, 174, 0.6114861255, 0.7483849665 } };

    for (size_t i = 0; i < SN_COUNT(rows); i++) {
        struct sn_interval ci = sn_proportion_ci(rows[i].x, rows[i].n, 0.95, SN_WILSON);

        ck_assert_msg(fabs(ci.lo - rows[i].lo) <= 6e-10 && fabs(ci.hi - rows[i].hi) <= 6e-10, "row %zu: %g to %g", i, ci.lo, ci.hi);
    }
}
END_TEST

/* ---- what must hold --------------------------------------------------------------------------------- */

/* Mirror images, coverage of the estimate, Clopper-Pearson's defining tails, for all x of many n. */
START_TEST(test_intervals)
{
    for (uint64_t n = 1; n < 80; n += 6)
        for (uint64_t x = 0; x <= n; x++)
            for (int m = SN_WILSON; m <= SN_JEFFREYS; m++) {
                struct sn_interval a = sn_proportion_ci(x, n, 0.95, (enum sn_proportion_method)m), b = sn_proportion_ci(n - x, n, 0.95, (enum sn_proportion_method)m);
                double p = (double)x / (double)n;

                ck_assert_double_eq_tol(a.lo, 1 - b.hi, 1e-14);
                ck_assert(a.lo <= p && p <= a.hi && a.lo >= 0 && a.hi <= 1 && a.lo < a.hi);
                if (m == SN_CLOPPER_PEARSON && x > 0)
                    ck_assert_double_eq_tol(sn_binom_sf((double)x - 1, (double)n, a.lo), 0.025, 1e-13);
            }
    ck_assert(isnan(sn_proportion_ci(1, 0, 0.95, SN_WILSON).lo) && isnan(sn_proportion_ci(2, 1, 0.95, SN_WILSON).lo) && isnan(sn_proportion_ci(0, 1, 1, SN_JEFFREYS).hi));
}
END_TEST

START_TEST(test_paired)
{
    struct sn_rng rng = { 4 };

    for (int round = 0; round < 400; round++) {
        struct sn_paired t = { sn_rng_below(&rng, 40), sn_rng_below(&rng, 12), sn_rng_below(&rng, 12), 1 + sn_rng_below(&rng, 40) };
        struct sn_paired back = { t.both, t.second, t.first, t.neither };
        struct sn_interval a = sn_paired_tango(&t, 0.95), b = sn_paired_tango(&back, 0.95);
        double n = (double)(t.both + t.first + t.second + t.neither), d = ((double)t.first - (double)t.second) / n, z = sn_norm_z(0.95);

        ck_assert_double_eq_tol(a.lo, -b.hi, 1e-12);
        ck_assert(a.lo < d && d < a.hi);
        ck_assert_double_eq_tol(sn_paired_tango_z(&t, a.lo), z, 1e-10); /* the limits solve their equation */
        ck_assert_double_eq_tol(sn_paired_tango_z(&t, a.hi), -z, 1e-10);
        a = sn_paired_newcombe(&t, 0.95);
        b = sn_paired_newcombe(&back, 0.95);
        ck_assert_double_eq_tol(a.lo, -b.hi, 1e-12);
        ck_assert(a.lo <= d && d <= a.hi && a.lo >= -1 && a.hi <= 1);
        ck_assert(sn_mcnemar(t.first, t.second).p == sn_mcnemar(t.second, t.first).p && sn_mcnemar(t.first, t.second).midp <= sn_mcnemar(t.first, t.second).exact);
    }
    ck_assert(sn_paired_tango(&(struct sn_paired){ 0, 5, 0, 0 }, 0.95).hi == 1 && sn_paired_tango(&(struct sn_paired){ 0, 0, 5, 0 }, 0.95).lo == -1);
    ck_assert(isnan(sn_paired_tango(&(struct sn_paired){ 0 }, 0.95).lo) && isnan(sn_paired_newcombe(&(struct sn_paired){ 0 }, 0.95).lo));
    ck_assert(sn_mcnemar(12, 12).is_exact && !sn_mcnemar(12, 13).is_exact && sn_mcnemar(12, 13).p == sn_mcnemar(12, 13).midp && sn_mcnemar(0, 0).p == 1);
    /* Fagerland et al. 2013, additional file: 1 - f / 2 where both counts are equal; f = C(30, 15) / 2^30 */
    ck_assert_double_eq_tol(sn_mcnemar(15, 15).midp, 1 - 155117520.0 / 1073741824 / 2, 1e-15);
    ck_assert(sn_mcnemar(0, 0).midp == 1);
}
END_TEST

START_TEST(test_verdict)
{
    ck_assert(sn_noninferiority((struct sn_interval){ 0.01, 0.2 }, 0.05) == SN_SUPERIOR);
    ck_assert(sn_noninferiority((struct sn_interval){ 0, 0.2 }, 0.05) == SN_NONINFERIOR);
    ck_assert(sn_noninferiority((struct sn_interval){ -0.049, 0.1 }, 0.05) == SN_NONINFERIOR);
    ck_assert(sn_noninferiority((struct sn_interval){ -0.05, 0.1 }, 0.05) == SN_INCONCLUSIVE); /* the limit itself does not exclude the margin */
    ck_assert(sn_noninferiority((struct sn_interval){ -0.2, -0.06 }, 0.05) == SN_INFERIOR);
    ck_assert(sn_noninferiority((struct sn_interval){ -0.2, 0.06 }, 0) == SN_NO_VERDICT && sn_noninferiority((struct sn_interval){ NAN, 0.06 }, 0.1) == SN_NO_VERDICT);
    ck_assert_str_eq(sn_verdict_text(SN_NONINFERIOR), "non-inferior");
}
END_TEST

/* Empty cells: values that exist, limits that do not, Mercaldo's adjustment. */
START_TEST(test_empty_cells)
{
    struct sn_operating o, plain;

    sn_ck_ok(sn_operating_point(&(struct sn_table2){ 10, 0, 3, 20 }, 0.95, SN_CLOPPER_PEARSON, 0.2, &o, &err), &err);
    ck_assert(o.spec.value == 1 && o.spec.ci.hi == 1 && isinf(o.lr_pos.value) && isnan(o.lr_pos.ci.lo) && isinf(o.dor.value) && isnan(o.dor.ci.hi));
    ck_assert(o.adjusted && o.ppv_at.value == 1 && o.ppv_at.ci.lo > 0.3 && o.ppv_at.ci.hi < 1 && o.npv_at.ci.lo < o.npv_at.value && o.npv_at.value < o.npv_at.ci.hi);
    /* the adjusted limits are the plain ones of a table with z^2 / 2 more in each cell: z^2 = 4 */
    sn_ck_ok(sn_operating_point(&(struct sn_table2){ 10, 0, 3, 20 }, 1 - 2 * sn_norm_sf(2), SN_WILSON, 0.3, &o, &err), &err);
    sn_ck_ok(sn_operating_point(&(struct sn_table2){ 12, 2, 5, 22 }, 1 - 2 * sn_norm_sf(2), SN_WILSON, 0.3, &plain, &err), &err);
    ck_assert(!plain.adjusted);
    ck_assert_double_eq_tol(o.ppv_at.ci.lo, plain.ppv_at.ci.lo, 1e-12);
    ck_assert_double_eq_tol(o.npv_at.ci.hi, plain.npv_at.ci.hi, 1e-12);
    sn_ck_ok(sn_operating_point(&(struct sn_table2){ 0, 0, 5, 5 }, 0.95, SN_WILSON, NAN, &o, &err), &err); /* nobody called positive */
    ck_assert(isnan(o.ppv.value) && isnan(o.ppv.ci.lo) && o.npv.value == 0.5 && isnan(o.mcc) && o.f1 == 0 && isnan(o.ppv_at.value) && isnan(o.lr_pos.value));
    ck_assert(o.balanced.value == 0.5 && o.balanced.ci.lo < 0.5 && o.youden.value == 0);
    sn_ck_ok(sn_operating_point(&(struct sn_table2){ 5, 5, 0, 0 }, 0.95, SN_WILSON, 0.1, &o, &err), &err); /* everybody */
    ck_assert_double_eq_tol(o.ppv_at.value, 0.1, 1e-15);
    ck_assert(isnan(o.npv_at.value) && isnan(o.npv.value));
    sn_ck_ok(sn_operating_point(&(struct sn_table2){ 5, 0, 2, 0 }, 0.95, SN_WILSON, NAN, &o, &err), &err); /* no negatives at all */
    ck_assert(isnan(o.spec.value) && isnan(o.balanced.value) && isnan(o.youden.ci.lo));
    sn_ck_fails(sn_operating_point(&(struct sn_table2){ 1, 1, 1, 1 }, 0.95, SN_WILSON, 20, &o, &err), SN_EINVAL, &err, "prevalence is 20");
    sn_ck_fails(sn_operating_point(&(struct sn_table2){ 1, 1, 1, 1 }, 95, SN_WILSON, 0.2, &o, &err), SN_EINVAL, &err, "level is 95");
    sn_ck_ok(sn_operating_point(&(struct sn_table2){ 3000000000u, 2000000000u, 1000000000u, 4000000000u }, 0.95, SN_WILSON, 0.2, &o, &err), &err);
    ck_assert_double_eq_tol(o.mcc, 5.0 / sqrt(5 * 4 * 6 * 5) * 2, 1e-14); /* (12 - 2) / sqrt(600) */
}
END_TEST

START_TEST(test_holm)
{
    double p[] = { 0.01, NAN, 0.04, 0.03 }, a[4];

    sn_ck_ok(sn_holm(p, 4, a, &err), &err); /* R: p.adjust(c(0.01, NA, 0.04, 0.03), "holm") is 0.03 NA 0.06 0.06 */
    ck_assert_double_eq_tol(a[0], 0.03, 1e-16);
    ck_assert(isnan(a[1]));
    ck_assert_double_eq_tol(a[2], 0.06, 1e-16);
    ck_assert_double_eq_tol(a[3], 0.06, 1e-16);
    sn_ck_ok(sn_holm(p, 4, p, &err), &err);
    ck_assert(p[0] == a[0] && isnan(p[1]) && p[2] == a[2]);
    sn_ck_ok(sn_holm(p, 0, a, &err), &err);
}
END_TEST

/* Under equality the score test's p is uniform: 5 % below 0.05, for tests that share half of their calls. */
START_TEST(test_kosinski_null)
{
    enum { ROUNDS = 2000, N = 300 };
    struct sn_rng rng = { 8 };
    int below[2] = { 0, 0 };

    for (int round = 0; round < ROUNDS; round++) {
        double a[N], b[N], y[N];
        struct sn_predictive v[2];

        for (int i = 0; i < N; i++) {
            y[i] = sn_rng_uniform(&rng) < 0.4;
            a[i] = sn_rng_uniform(&rng) < (y[i] == 1 ? 0.7 : 0.2);
            b[i] = sn_rng_uniform(&rng) < 0.5 ? a[i] : (double)(sn_rng_uniform(&rng) < (y[i] == 1 ? 0.7 : 0.2));
        }
        sn_compare_predictive(a, b, y, N, &v[0], &v[1]);
        below[0] += v[0].p < 0.05;
        below[1] += v[1].p < 0.05;
    }
    for (int k = 0; k < 2; k++) /* 5 standard errors of a share of 2000 */
        ck_assert_double_eq_tol((double)below[k] / ROUNDS, 0.05, 5 * sqrt(0.05 * 0.95 / ROUNDS));
}
END_TEST

/* ---- subgroups ------------------------------------------------------------------------------------- */

START_TEST(test_subgroups)
{
    enum { N = 240 };
    double first[N], second[N], y[N], part[3][N];
    uint32_t group[N];
    struct sn_subgroup out[4];
    struct sn_auc_test diff[4];
    struct sn_heterogeneity h;
    struct sn_rng rng = { 6 };

    for (uint32_t i = 0; i < N; i++) {
        group[i] = i % 4;
        y[i] = group[i] == 3 ? 1 : (double)(sn_rng_uniform(&rng) < 0.4); /* the last group has one class */
        first[i] = sn_rng_normal(&rng) + y[i];
        second[i] = first[i] + sn_rng_normal(&rng);
    }
    sn_ck_ok(sn_subgroup_auc(first, y, group, N, 4, 0.95, out, &h, &err), &err);
    ck_assert(h.used == 3 && h.df == 2 && isnan(out[3].auc) && isnan(out[3].ci.lo) && out[3].n == 60 && out[3].n_pos == 60);
    ck_assert(h.p > 0 && h.p < 1 && h.pooled > SN_MIN(out[0].auc, SN_MIN(out[1].auc, out[2].auc)));
    for (uint32_t g = 0; g < 3; g++) {
        struct sn_roc a, b;
        struct sn_auc_test t;
        size_t n = 0;

        for (int i = 0; i < N; i++)
            if (group[i] == g) {
                part[0][n] = first[i];
                part[1][n] = second[i];
                part[2][n++] = y[i];
            }
        sn_ck_ok(sn_roc_build(part[0], part[2], n, &a, &err), &err);
        sn_ck_ok(sn_roc_build(part[1], part[2], n, &b, &err), &err);
        ck_assert(out[g].auc == a.auc && out[g].variance == sn_roc_variance(&a) && out[g].n == n && out[g].n_pos == a.n_pos);
        sn_ck_ok(sn_auc_test_paired(&a, &b, 0.9, &t, &err), &err);
        sn_ck_ok(sn_subgroup_diff(first, second, y, group, N, 4, 0.9, diff, &h, &err), &err);
        ck_assert(diff[g].p == t.p && diff[g].ci.lo == t.ci.lo && isnan(diff[3].p) && h.used == 3);
        sn_roc_free(&a);
        sn_roc_free(&b);
    }
    group[7] = 4; /* in none */
    sn_ck_ok(sn_subgroup_auc(first, y, group, N, 4, 0.95, out, &h, &err), &err);
    ck_assert(out[3].n == 59 && h.used == 3);
    group[7] = 5;
    sn_ck_fails(sn_subgroup_auc(first, y, group, N, 4, 0.95, out, &h, &err), SN_EINVAL, &err, "observation 8 is of group 5");
    ck_assert(isnan(sn_heterogeneity(first, first, 0).p) && isnan(sn_proportions_test((uint64_t[]){ 1 }, (uint64_t[]){ 2 }, 1).chisq));
    h = sn_proportions_test((uint64_t[]){ 3, 4 }, (uint64_t[]){ 3, 4 }, 2); /* everyone everywhere */
    ck_assert(h.chisq == 0 && h.p == 1 && h.pooled == 1);
}
END_TEST

static Suite *suite_proportions(void)
{
    Suite *s = suite_create("proportions");
    TCase *t = tcase_create("all");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_golden);
    tcase_add_test(t, test_paper);
    tcase_add_test(t, test_intervals);
    tcase_add_test(t, test_paired);
    tcase_add_test(t, test_verdict);
    tcase_add_test(t, test_empty_cells);
    tcase_add_test(t, test_holm);
    tcase_add_test(t, test_kosinski_null);
    tcase_add_test(t, test_subgroups);
    suite_add_tcase(s, t);
    return s;
}
SN_CHECK_MAIN(suite_proportions)
