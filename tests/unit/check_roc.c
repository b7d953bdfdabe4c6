/* check_roc.c: ROC curves against pROC, identities on random data, degenerate input. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats/stats.h"

static struct sn_error err;

/* A column as numbers; fails the test on anything else. */
static double *column(const struct sn_csv *t, const char *name)
{
    int c = sn_csv_column(t, name);
    double *v = malloc(t->rows * sizeof *v);

    ck_assert_msg(c >= 0, "no column %s", name);
    for (size_t i = 0; i < t->rows; i++)
        sn_ck_ok(sn_csv_number(t, i, c, &v[i], &err), &err);
    return v;
}

/* ---- pROC on random cases: tools/golden/make_roc_golden.R ---------------------------------------- */

enum { SMOOTH, COARSE, WEAK, SCORES };
static const char *const names[SCORES] = { "smooth", "coarse", "weak" };

static struct {
    struct sn_csv csv;
    double *y, *score[SCORES], *group;
    struct sn_roc roc[SCORES];
    struct sn_roc part[2][SCORES]; /* group 0; the others */
} gold;

static void subset(struct sn_roc *r, const double *score, bool first)
{
    double s[200], y[200];
    size_t n = 0;

    for (size_t i = 0; i < gold.csv.rows; i++)
        if ((gold.group[i] == 0) == first) {
            s[n] = score[i];
            y[n++] = gold.y[i];
        }
    sn_ck_ok(sn_roc_build(s, y, n, r, &err), &err);
}

static void load(void)
{
    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/stats/roc_data.csv"), &gold.csv, &err), &err);
    gold.y = column(&gold.csv, "y");
    gold.group = column(&gold.csv, "group");
    for (int j = 0; j < SCORES; j++) {
        gold.score[j] = column(&gold.csv, names[j]);
        sn_ck_ok(sn_roc_build(gold.score[j], gold.y, gold.csv.rows, &gold.roc[j], &err), &err);
        subset(&gold.part[0][j], gold.score[j], true);
        subset(&gold.part[1][j], gold.score[j], false);
    }
}

static void unload(void)
{
    for (int j = 0; j < SCORES; j++) {
        sn_roc_free(&gold.roc[j]);
        sn_roc_free(&gold.part[0][j]);
        sn_roc_free(&gold.part[1][j]);
        free(gold.score[j]);
    }
    free(gold.y);
    free(gold.group);
    sn_csv_free(&gold.csv);
}

static int score_named(const char *name, int length)
{
    for (int j = 0; j < SCORES; j++)
        if (strncmp(names[j], name, (size_t)length) == 0 && names[j][length] == 0)
            return j;
    ck_abort_msg("no score %.*s", length, name);
    return 0;
}

/* What our functions say to one row of the golden file. */
static double one_score(const char *what, const char *rest, const struct sn_roc *r)
{
    double a = 0, b = 0, v;
    char word[40] = "";
    int flag = 0;

    if (strcmp(what, "auc") == 0)
        return r->auc;
    if (strcmp(what, "var") == 0)
        return sn_roc_variance(r);
    if (strcmp(what, "lo") == 0)
        return sn_auc_ci(r->auc, sn_roc_variance(r), 0.95, SN_AUC_PLAIN).lo;
    if (strcmp(what, "hi") == 0)
        return sn_auc_ci(r->auc, sn_roc_variance(r), 0.95, SN_AUC_PLAIN).hi;
    if (strcmp(what, "hi99") == 0)
        return sn_auc_ci(r->auc, sn_roc_variance(r), 0.99, SN_AUC_PLAIN).hi;
    if (strcmp(what, "thresholds") == 0)
        return r->levels + 1.0;
    if (strcmp(what, "threshold") == 0)
        return r->threshold[atoi(rest)];
    if (strcmp(what, "sens") == 0)
        return sn_roc_sens(r, (size_t)atoi(rest));
    if (strcmp(what, "spec") == 0)
        return sn_roc_spec(r, (size_t)atoi(rest));
    if (strcmp(what, "sens_at") == 0)
        return sn_roc_sens_at(r, strtod(rest, NULL));
    ck_assert_int_ge(sscanf(rest, "%39s %lf %lf %d", word, &a, &b, &flag), 3);
    if (strcmp(what, "pauc") == 0) {
        sn_ck_ok(sn_roc_pauc(r, &(struct sn_pauc){ word[1] == 'e', a, b, flag }, &v, &err), &err);
        return v;
    }
    struct sn_cut cut;
    sn_ck_ok(sn_roc_cut(r, &(struct sn_cut_rule){ word[0] == 'y' ? SN_CUT_YOUDEN : SN_CUT_CLOSEST, a, b, 0 }, &cut, &err), &err);
    ck_assert(cut.threshold == r->threshold[cut.k] && cut.sens == sn_roc_sens(r, cut.k) && cut.spec == sn_roc_spec(r, cut.k));
    return strcmp(what, "cut") == 0 ? cut.threshold : cut.spec;
}

static double two_scores(const char *what, int a, int b)
{
    struct sn_auc_test t;

    if (strcmp(what, "cov") == 0) {
        const struct sn_roc *both[2] = { &gold.roc[a], &gold.roc[b] };
        double cov[4];

        sn_ck_ok(sn_roc_covariance(both, 2, cov, &err), &err);
        ck_assert_double_eq_tol(cov[0], sn_roc_variance(both[0]), 1e-15);
        ck_assert_double_eq(cov[1], cov[2]);
        return cov[1];
    }
    if (what[0] == 'p')
        sn_ck_ok(sn_auc_test_paired(&gold.roc[a], &gold.roc[b], 0.95, &t, &err), &err);
    else
        sn_auc_test_unpaired(&gold.part[0][a], &gold.part[1][b], 0.95, &t);
    what = strchr(what, '_') + 1;
    return strcmp(what, "p") == 0 ? t.p : strcmp(what, "df") == 0 ? t.df : strcmp(what, "lo") == 0 ? t.ci.lo : strcmp(what, "hi") == 0 ? t.ci.hi : t.statistic;
}

START_TEST(test_as_proc)
{
    struct sn_csv t;
    size_t seen = 0;

    load();
    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/stats/roc_golden.csv"), &t, &err), &err);
    for (size_t i = 0; i < t.rows; i++) {
        const char *what = sn_csv_cell(&t, i, 0), *arg = sn_csv_cell(&t, i, 1), *value = sn_csv_cell(&t, i, 2);
        int length = (int)strcspn(arg, " ");
        double want = strtod(value, NULL), got;

        if (strcmp(what, "continuous") == 0 || strcmp(what, "categorical") == 0) /* check_reclass.c */
            continue;
        if (strcmp(what, "cov") == 0 || (strchr("pu", what[0]) && strchr(what, '_')))
            got = two_scores(what, score_named(arg, length), score_named(arg + length + 1, (int)strlen(arg + length + 1)));
        else
            got = one_score(what, arg[length] ? arg + length + 1 : "", &gold.roc[score_named(arg, length)]);
        ck_assert_msg(got == want || fabs(got - want) <= 1e-12 * fabs(want), "line %zu, %s of %s: %.17g, pROC has %s", t.lines[i], what, arg, got, value);
        seen++;
    }
    ck_assert_uint_ge(seen, 200);
    sn_csv_free(&t);
    unload();
}
END_TEST

/* ---- identities on random cases ----------------------------------------------------------------- */

#define MANY 400
struct cases {
    size_t n;
    double score[MANY], y[MANY];
};

/* Coarse scores half of the time, so that ties are common; both classes at least twice. */
static void random_cases(struct cases *c, struct sn_rng *rng)
{
    double grid = sn_rng_below(rng, 2) ? 2 : 1000;

    c->n = 4 + sn_rng_below(rng, MANY - 3);
    for (size_t i = 0; i < c->n; i++) {
        c->y[i] = i < 4 ? (double)(i % 2) : (double)(sn_rng_uniform(rng) < 0.3);
        c->score[i] = (double)(long)(grid * (sn_rng_normal(rng) + c->y[i]));
    }
}

/* The definition, in O(n^2): area, placements and their variance. */
static void by_definition(const struct cases *c, double *auc, double *var)
{
    double v[MANY] = { 0 }, m = 0, n = 0, sum[2] = { 0 };

    *auc = 0;
    for (size_t i = 0; i < c->n; i++) {
        m += c->y[i];
        n += 1 - c->y[i];
    }
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j < c->n; j++)
            if (c->y[i] == 1 && c->y[j] == 0) {
                double h = c->score[i] > c->score[j] ? 1 : c->score[i] == c->score[j] ? 0.5 : 0;

                *auc += h; /* halves: exact */
                v[i] += h;
                v[j] += h;
            }
    *auc /= m * n;
    for (size_t i = 0; i < c->n; i++)
        v[i] /= c->y[i] == 1 ? n : m;
    for (size_t i = 0; i < c->n; i++)
        sum[(int)c->y[i]] += (v[i] - *auc) * (v[i] - *auc);
    *var = sum[1] / (m * (m - 1)) + sum[0] / (n * (n - 1));
}

START_TEST(test_identities)
{
    struct sn_rng rng = { 20250 };
    static struct cases c, other;

    for (int round = 0; round < 300; round++) {
        struct sn_roc r, q;
        struct sn_auc_test t, back;
        double auc, var, whole, halves[2];

        random_cases(&c, &rng);
        other = c;
        sn_ck_ok(sn_roc_build(c.score, c.y, c.n, &r, &err), &err);
        by_definition(&c, &auc, &var);
        ck_assert_double_eq_tol(r.auc, auc, 1e-13);
        ck_assert_double_eq_tol(sn_roc_variance(&r), var, 1e-13);
        sn_ck_ok(sn_roc_pauc(&r, &(struct sn_pauc){ false, 0, 1, false }, &whole, &err), &err);
        ck_assert_double_eq_tol(whole, auc, 1e-13);
        for (int k = 0; k < 2; k++)
            sn_ck_ok(sn_roc_pauc(&r, &(struct sn_pauc){ true, k ? 0.37 : 0, k ? 1 : 0.37, false }, &halves[k], &err), &err);
        ck_assert_double_eq_tol(halves[0] + halves[1], auc, 1e-13);
        ck_assert(r.threshold[0] == -INFINITY && r.threshold[r.levels] == INFINITY && r.tp[r.levels] == 0 && r.fp[r.levels] == 0);
        for (size_t k = 0; k <= r.levels; k++) {
            struct sn_table2 two = sn_table2_count(c.score, c.y, c.n, r.threshold[k]);

            ck_assert(two.tp == r.tp[k] && two.fp == r.fp[k] && sn_roc_find(&r, r.threshold[k]) == k);
        }
        /* another order, another scale: the same bits */
        for (size_t i = c.n - 1; i > 0; i--) {
            size_t j = sn_rng_below(&rng, i + 1);
            double s = other.score[i], y = other.y[i];

            other.score[i] = other.score[j];
            other.y[i] = other.y[j];
            other.score[j] = s;
            other.y[j] = y;
        }
        for (size_t i = 0; i < c.n; i++)
            other.score[i] = sn_exp(other.score[i] / 2000) * 3 - 7;
        sn_ck_ok(sn_roc_build(other.score, other.y, c.n, &q, &err), &err);
        ck_assert(q.auc == r.auc && sn_roc_variance(&q) == sn_roc_variance(&r) && q.levels == r.levels);
        ck_assert(memcmp(q.tp, r.tp, (r.levels + 1) * sizeof *r.tp) == 0);
        sn_roc_free(&q);
        /* negated scores */
        for (size_t i = 0; i < c.n; i++)
            other.score[i] = -c.score[i];
        sn_ck_ok(sn_roc_build(other.score, c.y, c.n, &q, &err), &err);
        ck_assert_double_eq_tol(q.auc, 1 - r.auc, 1e-15);
        ck_assert_double_eq_tol(sn_roc_variance(&q), sn_roc_variance(&r), 1e-15);
        sn_ck_ok(sn_auc_test_paired(&r, &q, 0.9, &t, &err), &err);
        sn_ck_ok(sn_auc_test_paired(&q, &r, 0.9, &back, &err), &err);
        ck_assert(t.statistic == -back.statistic && t.p == back.p); /* infinite when the classes are apart */
        ck_assert_double_eq_tol(t.sd * t.sd, 4 * var, 1e-12); /* the differences are twice the placements */
        sn_ck_ok(sn_auc_test_paired(&r, &r, 0.9, &t, &err), &err);
        ck_assert(t.statistic == 0 && t.p == 1 && t.sd == 0);
        sn_roc_free(&q);
        sn_roc_free(&r);
    }
}
END_TEST

/* Fixed targets by brute force; ties by brute force. */
START_TEST(test_cuts)
{
    struct sn_rng rng = { 99 };
    static struct cases c;

    for (int round = 0; round < 300; round++) {
        struct sn_roc r;
        struct sn_cut cut;

        random_cases(&c, &rng);
        sn_ck_ok(sn_roc_build(c.score, c.y, c.n, &r, &err), &err);
        for (int kind = SN_CUT_YOUDEN; kind <= SN_CUT_SPECIFICITY; kind++) {
            struct sn_cut_rule rule = { .kind = (enum sn_cut_kind)kind, .target = 0.05 * (double)sn_rng_below(&rng, 21) };
            double best = -1;
            size_t at = 0, same = 0;

            sn_ck_ok(sn_roc_cut(&r, &rule, &cut, &err), &err);
            for (size_t k = 0; k <= r.levels; k++) { /* in integers where sens + spec is compared */
                double a = sn_roc_sens(&r, k), b = sn_roc_spec(&r, k), v;

                v = kind == SN_CUT_YOUDEN        ? (double)r.tp[k] * r.n_neg + (double)(r.n_neg - r.fp[k]) * r.n_pos
                    : kind == SN_CUT_CLOSEST     ? 1e6 - (1 - a) * (1 - a) - (1 - b) * (1 - b)
                    : kind == SN_CUT_SENSITIVITY ? (a >= rule.target ? b : -1)
                                                 : (b >= rule.target ? a : -1);
                same = v > best ? 0 : v == best ? same + 1 : same;
                if (v >= best) {
                    best = v;
                    at = k;
                }
            }
            ck_assert_msg(cut.k == at && (kind != SN_CUT_YOUDEN || cut.ties == same), "rule %d: corner %zu, expected %zu; %zu ties, expected %zu", kind, cut.k,
                          at, cut.ties, same);
        }
        sn_roc_free(&r);
    }
}
END_TEST

/* ---- the ends ------------------------------------------------------------------------------------- */

START_TEST(test_degenerate)
{
    struct sn_roc r, q;
    struct sn_auc_test t;
    struct sn_interval ci;
    struct sn_cut cut;
    double s[] = { 1, 2, 3, 4 }, y[] = { 0, 0, 1, 1 }, one[] = { 1, 1, 1, 1 }, bad[] = { 0, 1, 0.5, 1 }, tied[] = { 7, 7, 7, 7 }, v;

    sn_ck_fails(sn_roc_build(s, one, 4, &r, &err), SN_EINVAL, &err, "4 positive and 0 negative cases");
    sn_ck_fails(sn_roc_build(s, y, 0, &r, &err), SN_EINVAL, &err, "0 positive and 0 negative cases");
    sn_ck_fails(sn_roc_build(s, bad, 4, &r, &err), SN_EINVAL, &err, "outcome of observation 3 is 0.5");
    s[1] = NAN;
    sn_ck_fails(sn_roc_build(s, y, 4, &r, &err), SN_EINVAL, &err, "score of observation 2 is");
    s[1] = INFINITY;
    sn_ck_fails(sn_roc_build(s, y, 4, &r, &err), SN_EINVAL, &err, "score of observation 2 is inf");
    s[1] = 2;
    sn_ck_ok(sn_roc_build(s, y, 4, &r, &err), &err); /* perfect */
    ck_assert(r.auc == 1 && sn_roc_variance(&r) == 0);
    ci = sn_auc_ci(1, 0, 0.95, SN_AUC_PLAIN);
    ck_assert(ci.lo == 1 && ci.hi == 1 && isnan(sn_auc_ci(1, 0, 0.95, SN_AUC_LOGIT).lo) && isnan(sn_auc_ci(0.7, NAN, 0.95, SN_AUC_PLAIN).lo));
    ck_assert(r.threshold[2] == 2.5 && sn_roc_find(&r, 2.5) == 2 && sn_roc_find(&r, 3) == 2 && sn_roc_find(&r, 3.1) == 3);
    sn_ck_ok(sn_roc_build(tied, y, 4, &q, &err), &err);
    ck_assert(q.auc == 0.5 && sn_roc_variance(&q) == 0 && q.levels == 1 && sn_roc_sens_at(&q, 0.25) == 0.75);
    sn_ck_ok(sn_roc_cut(&q, &(struct sn_cut_rule){ .kind = SN_CUT_YOUDEN }, &cut, &err), &err);
    ck_assert(cut.threshold == INFINITY && cut.spec == 1 && cut.ties == 1);
    sn_auc_test_unpaired(&r, &r, 0.95, &t);
    ck_assert(t.statistic == 0 && t.p == 1);
    y[2] = 0;
    sn_roc_free(&q);
    sn_ck_ok(sn_roc_build(s, y, 4, &q, &err), &err); /* one positive */
    ck_assert(isnan(sn_roc_variance(&q)));
    sn_ck_fails(sn_auc_test_paired(&r, &q, 0.95, &t, &err), SN_EINVAL, &err, "not of the same cases");
    sn_auc_test_unpaired(&r, &q, 0.95, &t);
    ck_assert(isnan(t.p) && isnan(t.ci.lo));
    sn_ck_fails(sn_roc_pauc(&r, &(struct sn_pauc){ false, 0.9, 0.9, false }, &v, &err), SN_EINVAL, &err, "range 0.9 to 0.9");
    sn_ck_fails(sn_roc_cut(&r, &(struct sn_cut_rule){ SN_CUT_YOUDEN, -1, 0, 0 }, &cut, &err), SN_EINVAL, &err, "costs -1");
    sn_ck_fails(sn_roc_cut(&r, &(struct sn_cut_rule){ SN_CUT_YOUDEN, 1, 1, 0 }, &cut, &err), SN_EINVAL, &err, "prevalence is 1");
    sn_ck_fails(sn_roc_cut(&r, &(struct sn_cut_rule){ SN_CUT_SENSITIVITY, 1, 0, 1.5 }, &cut, &err), SN_EINVAL, &err, "target is 1.5");
    sn_roc_free(&r);
    sn_roc_free(&q);
}
END_TEST

/* Neighbouring doubles, huge and tiny scores: every threshold still parts the cases, as pROC's do. */
START_TEST(test_thresholds)
{
    double s[] = { -1.7e308, -1e200, -5e-324, 0, 5e-324, 1, 0, 0, 1e200, 1.7e308 }, y[10] = { 0, 1, 0, 1, 0, 1, 0, 1, 0, 1 };
    struct sn_roc r;

    s[6] = nextafter(1, 2);
    s[7] = nextafter(s[6], 2);
    sn_ck_ok(sn_roc_build(s, y, 10, &r, &err), &err);
    for (size_t k = 1; k < r.levels; k++)
        ck_assert(r.threshold[k] > r.value[k - 1] && r.threshold[k] <= r.value[k]);
    ck_assert(isfinite(r.threshold[1]) && isfinite(r.threshold[r.levels - 1]));
    sn_roc_free(&r);
}
END_TEST

/* Ten million cases: products of counts need 64 bits. Scores i, outcome of i mod 4 == 3: the area is known exactly. */
START_TEST(test_ten_million)
{
    enum { M = 10000000 };
    double *s = malloc(M * sizeof *s), *y = malloc(M * sizeof *y), m = M / 4;
    struct sn_roc r;

    for (size_t i = 0; i < M; i++) {
        s[i] = (double)(i >> 1); /* pairs tie */
        y[i] = i % 4 == 3;
    }
    sn_ck_ok(sn_roc_build(s, y, M, &r, &err), &err);
    /* the q-th positive, from 0, has 3 q + 2 negatives below and one beside */
    ck_assert_double_eq_tol(r.auc, (3 * m * (m - 1) / 2 + 2.5 * m) / (m * 3 * m), 1e-15);
    /* placements are (3 q + 2.5) / 3 m: variance (m + 1) / (12 m) each class, in the limit */
    ck_assert_double_eq_tol(sn_roc_variance(&r) * m, 1.0 / 12 * (1 + 1.0 / 3), 1e-6);
    sn_roc_free(&r);
    free(s);
    free(y);
}
END_TEST

static Suite *suite_roc(void)
{
    Suite *s = suite_create("roc");
    TCase *t = tcase_create("all");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_as_proc);
    tcase_add_test(t, test_identities);
    tcase_add_test(t, test_cuts);
    tcase_add_test(t, test_degenerate);
    tcase_add_test(t, test_thresholds);
    tcase_add_test(t, test_ten_million);
    suite_add_tcase(s, t);
    return s;
}
SN_CHECK_MAIN(suite_roc)
