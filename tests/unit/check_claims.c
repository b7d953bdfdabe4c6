/*
 * check_claims.c: what evaluate says of "the best model": the paper's 0.763 against 0.765, a claim the data support, one
 * they do not, one they contradict; non-inferiority; nothing claimed on train; the same words in text, JSON and report.
 */
#include "tests/unit/predict_run.h"

#include <math.h>

enum { POS = 100, NEG = 100, N = POS + NEG };

struct cohort {
    int y[N];
    double a[N], b[N];
};

/* (positives above negatives + ties / 2) out of 10,000 */
static long concordant(const int *y, const double *x)
{
    long twice = 0;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            if (y[i] && !y[j])
                twice += x[i] > x[j] ? 2 : x[i] == x[j];
    return twice / 2;
}

/* Exchanges neighbours in rank, of different outcome, until the AUC is target / 10,000. */
static void reach(const int *y, double *x, long target, struct sn_rng *rng)
{
    int at[N];
    long now = concordant(y, x);

    for (int i = 0; i < N; i++)
        at[i] = i;
    for (int i = 1; i < N; i++) /* by rank */
        for (int j = i; j > 0 && x[at[j]] < x[at[j - 1]]; j--) {
            int t = at[j];

            at[j] = at[j - 1];
            at[j - 1] = t;
        }
    while (now != target) {
        size_t k = sn_rng_below(rng, N - 1);
        int lo = at[k], hi = at[k + 1];
        double t = x[lo];

        if (y[lo] == y[hi] || (y[lo] < y[hi]) == (now < target))
            continue;
        x[lo] = x[hi];
        x[hi] = t;
        at[k] = hi;
        at[k + 1] = lo;
        now += y[hi] ? -1 : 1;
    }
    ck_assert_int_eq(concordant(y, x), target);
}

/* Two scores that share `shared` of their variance. */
static void make(struct cohort *c, long auc_a, long auc_b, double shared, uint64_t seed)
{
    struct sn_rng rng = { seed };

    for (int i = 0; i < N; i++) {
        double common = sn_rng_normal(&rng);

        c->y[i] = i < POS;
        c->a[i] = sn_sigmoid(c->y[i] + sqrt(shared) * common + sqrt(1 - shared) * sn_rng_normal(&rng));
        c->b[i] = sn_sigmoid(c->y[i] + sqrt(shared) * common + sqrt(1 - shared) * sn_rng_normal(&rng));
    }
    reach(c->y, c->a, auc_a, &rng);
    reach(c->y, c->b, auc_b, &rng);
}

static const char *table(const struct cohort *c, const char *set)
{
    struct sn_buf t = { 0 };

    sn_buf_puts(&t, "case,outcome,set,integrated,resnet50\n");
    for (int i = 0; i < N; i++)
        sn_buf_printf(&t, "p%d,%d,%s,%.17g,%.17g\n", i, c->y[i], set, c->a[i], c->b[i]);
    ck_assert(!t.failed);
    write_text(at("claims.csv"), t.data);
    sn_buf_free(&t);
    return at("claims.csv");
}

static const struct sn_json_value *evaluated(const char *options)
{
    struct sn_error err = { 0 };

    ck_run(0, "evaluate %s --score integrated,resnet50 --threshold-range 0.1:0.4 --boot 0 --json -o %s%s", at("claims.csv"), at("claims"), options);
    read_before[n_before++ % SN_COUNT(read_before)] = json;
    sn_ck_ok(sn_json_parse(caught_out, strlen(caught_out), &json, &err), &err);
    return dig(json.root, "sets.0");
}

/* DeLong's difference by its definition: placements, their covariance. */
static void delong(const struct cohort *c, double *diff, double *se)
{
    double v[2][N], mean[2][2] = { { 0, 0 }, { 0, 0 } }, var = 0;
    const int of[2] = { NEG, POS };

    for (int m = 0; m < 2; m++)
        for (int i = 0; i < N; i++) {
            const double *x = m ? c->b : c->a;

            v[m][i] = 0;
            for (int j = 0; j < N; j++)
                if (c->y[i] != c->y[j]) {
                    double hi = c->y[i] ? x[i] : x[j], lo = c->y[i] ? x[j] : x[i];

                    v[m][i] += (hi > lo ? 1 : hi == lo ? 0.5 : 0) / of[c->y[j]];
                }
            mean[m][c->y[i]] += v[m][i] / of[c->y[i]];
        }
    for (int i = 0; i < N; i++) {
        int y = c->y[i];
        double d = v[0][i] - v[1][i] - (mean[0][y] - mean[1][y]);

        var += d * d / (of[y] - 1) / of[y];
    }
    *diff = mean[0][1] - mean[1][1];
    *se = sqrt(var);
}

static const struct claim {
    long a, b;
    double shared;
    const char *options, *verdict, *says[4], *never;
} claims[] = {
    /* the paper's: 0.763 was called the most effective beside 0.765 */
    { 7630, 7650, 0.6, " --claim integrated", "reversed",
      { "integrated is claimed to be the best model; its AUC is 0.763 (", "Against resnet50: AUC -0.002 (",
        "The data do not support the claim: another model did as well or better, within chance.", "Nor are the models shown to be alike: true differences from -" },
      "With the margin" },
    { 7630, 7650, 0.6, "", "not supported", { "resnet50 has the highest AUC, 0.765 (", "Against integrated: AUC +0.002 (",
      "The data do not support calling it the best: not every difference is shown to be beyond chance.", "Nor are" }, "claimed" },
    { 9200, 7650, 0.6, " --claim integrated", "supported", { "its AUC is 0.920 (", "Against resnet50: AUC +0.155 (", ", p < 0.001, Holm < 0.001", "The data support it: each difference is beyond chance" }, "Nor are" },
    { 8000, 7650, 0.3, " --claim integrated", "not supported", { "AUC +0.035 (", "The data do not support the claim: not every difference is shown to be beyond chance.", "Nor are", "" }, "within chance" },
    { 7000, 9000, 0.6, " --claim integrated", "contradicted", { "AUC -0.200 (", "The data contradict the claim: another model is better beyond chance.", "", "" }, "Nor are" },
    { 7630, 7630, 0.6, " --claim integrated", "reversed", { "AUC 0.000 (", ", p = 1.00, Holm 1.00", "another model did as well or better", "" }, "contradict" },
    /* the margin was stated beforehand: not better, and yet not much worse; or unknown; or worse */
    { 7630, 7650, 0.995, " --claim integrated --margin 0.05", "reversed", { "With the margin of 0.050 against resnet50: non-inferior.", "", "", "" }, "inconclusive" },
    { 7630, 7650, 0.1, " --claim integrated --margin 0.05", "reversed", { "With the margin of 0.050 against resnet50: inconclusive.", "", "", "" }, "non-inferior." },
    { 7000, 9000, 0.6, " --claim integrated --margin 0.05", "contradicted", { "With the margin of 0.050 against resnet50: inferior.", "", "", "" }, "non-inferior" },
    { 9200, 7650, 0.6, " --claim integrated --margin 0.05", "supported", { "With the margin of 0.050 against resnet50: superior.", "", "", "" }, "inconclusive" },
};

START_TEST(words)
{
    const struct claim *k = &claims[_i];
    static struct cohort c;
    const struct sn_json_value *set;
    const char *text, *page;
    double diff, se, z = 1.9599639845400542, p;
    bool turned;

    make(&c, k->a, k->b, k->shared, 17);
    (void)table(&c, "external");
    set = evaluated(k->options);
    text = string(set, "claim.text");
    ck_assert_msg(strcmp(string(set, "claim.verdict"), k->verdict) == 0, "%s: %s", string(set, "claim.verdict"), text);
    for (size_t i = 0; i < SN_COUNT(k->says); i++)
        ck_assert_msg(strstr(text, k->says[i]) != NULL, "'%s' is not in: %s", k->says[i], text);
    ck_assert_msg(strstr(text, k->never) == NULL, "'%s' is in: %s", k->never, text);
    /* the numbers, by the definition */
    delong(&c, &diff, &se);
    turned = strcmp(string(set, "comparisons.0.a"), "integrated") != 0;
    ck_assert_double_eq_tol(number(set, "comparisons.0.auc_difference.value"), turned ? -diff : diff, 1e-12);
    if (!turned) {
        ck_assert_double_eq_tol(number(set, "comparisons.0.auc_difference.lo"), diff - z * se, 1e-12);
        ck_assert_double_eq_tol(number(set, "comparisons.0.auc_difference.hi"), diff + z * se, 1e-12);
    }
    p = erfc(fabs(diff) / se / sqrt(2));
    ck_assert_double_eq_tol(number(set, "comparisons.0.auc_difference.p"), p, 1e-12);
    ck_assert_double_eq_tol(number(set, "comparisons.0.auc_difference.p_holm"), p, 1e-12); /* one pair */
    /* the same sentence in the report, and on the terminal */
    page = slurp(at("claims/report.html"), NULL);
    ck_assert(strstr(page, k->says[0]) || strchr(k->says[0], '<') || strchr(k->says[0], '+'));
    ck_assert_ptr_nonnull(strstr(page, k->verdict));
    ck_run(0, "evaluate %s --score integrated,resnet50 --threshold-range 0.1:0.4 --boot 0 -o %s%s", at("claims.csv"), at("claims"), k->options);
    ck_assert_ptr_nonnull(strstr(caught_out, text));
}
END_TEST

START_TEST(train_is_no_evidence)
{
    static struct cohort c;
    const struct sn_json_value *set;

    make(&c, 9200, 7650, 0.6, 17);
    (void)table(&c, "train");
    set = evaluated(" --claim integrated");
    ck_assert_str_eq(string(set, "claim.verdict"), "not judged");
    ck_assert_str_eq(string(set, "claim.text"), "");
    ck_run(2, "evaluate %s --score integrated,resnet50 --threshold-range 0.1:0.4 --claim best -o %s", at("claims.csv"), at("claims"));
    ck_says("best");
}
END_TEST

/* Images of the same patients without a bootstrap: nothing was tested, and the words say so. */
START_TEST(untested)
{
    static struct cohort c;
    const struct sn_json_value *set;

    make(&c, 9200, 7650, 0.6, 17);
    (void)table(&c, "external");
    set = evaluated(" --claim integrated --cluster case --patient-rule none");
    ck_assert_str_eq(string(set, "claim.verdict"), "not supported");
    ck_assert_ptr_nonnull(strstr(string(set, "claim.text"), "not tested (clusters without --boot"));
}
END_TEST

/* Sixteen models with long names: no sentence is lost, the conclusion least of all. Holm counts all 120 pairs. */
START_TEST(many_models)
{
    struct sn_buf t = { 0 }, line = { 0 };
    struct sn_rng rng = { 4 };
    struct sn_error err = { 0 };
    const char *text;

    sn_buf_puts(&t, "case,outcome,set");
    for (int k = 0; k < 16; k++) {
        sn_buf_printf(&t, ",a_model_with_a_name_as_long_as_people_give_to_their_models_%02d", k);
        sn_buf_printf(&line, "%sa_model_with_a_name_as_long_as_people_give_to_their_models_%02d", k ? "," : "", k);
    }
    sn_buf_puts(&t, "\n");
    for (int i = 0; i < N; i++) {
        sn_buf_printf(&t, "p%d,%d,external", i, i < POS);
        for (int k = 0; k < 16; k++)
            sn_buf_printf(&t, ",%.6f", sn_sigmoid((i < POS) + sn_rng_normal(&rng)));
        sn_buf_puts(&t, "\n");
    }
    write_text(at("claims.csv"), t.data);
    ck_run(0, "evaluate %s --score %s --threshold-range 0.1:0.4 --boot 0 --margin 0.05 --json -o %s", at("claims.csv"), line.data, at("claims"));
    read_before[n_before++ % SN_COUNT(read_before)] = json;
    sn_ck_ok(sn_json_parse(caught_out, strlen(caught_out), &json, &err), &err);
    ck_assert_uint_eq(dig(json.root, "sets.0.comparisons")->count, 120);
    text = string(json.root, "sets.0.claim.text");
    ck_assert_ptr_nonnull(strstr(text, "The data do not support calling it the best"));
    ck_assert_ptr_nonnull(strstr(text, "in AUC fit the data."));
    sn_buf_free(&t);
    sn_buf_free(&line);
}
END_TEST

static Suite *suite_claims(void)
{
    Suite *s = suite_create("claims");
    TCase *t = tcase_create("claims");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, words, 0, (int)SN_COUNT(claims));
    tcase_add_test(t, train_is_no_evidence);
    tcase_add_test(t, untested);
    tcase_add_test(t, many_models);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_claims)
