/*
 * check_evaluate_rules.c: what holds for any table: the order of rows does not matter, degenerate ones end in numbers or an error,
 * and each command that draws writes the same bytes for any number of threads.
 */
#include "tests/unit/evaluate_run.h"

/* ---- what must hold ----------------------------------------------------------------------------------------------------------- */

/* From `key` on; a table's digest is another one when its rows are. */
static const char *from(const char *whole, const char *key)
{
    const char *p = strstr(whole, key);

    ck_assert_msg(p != NULL, "no %s", key);
    return p;
}

/* Rows in another order: everything but the draws is the same. */
START_TEST(permutation)
{
    const char *first, *second;
    char *rows, *line[MOST];
    struct sn_rng r = { 77 };
    struct sn_buf b = { 0 };
    size_t n = 0;

    make_cases("order.csv", 12);
    rows = slurp(at("order.csv"), NULL);
    for (char *p = strtok(rows, "\n"); p; p = strtok(NULL, "\n"))
        line[n++] = p;
    sn_buf_printf(&b, "%s\n", line[0]);
    for (int round = 0; round < 3; round++) /* sets keep their order of appearance: rows move within them */
        for (size_t from_row = round == 0 ? 1 : round == 1 ? 131 : 231, to = round == 0 ? 131 : round == 1 ? 231 : n, i = to - 1; i > from_row; i--) {
            size_t j = from_row + sn_rng_below(&r, i - from_row + 1);
            char *swap = line[i];

            line[i] = line[j];
            line[j] = swap;
        }
    for (size_t i = 1; i < n; i++)
        sn_buf_printf(&b, "%s\n", line[i]);
    write_text(at("order2.csv"), b.data);
    sn_buf_free(&b);
    ck_run(0, "evaluate %s --score risk,p_other --threshold-range 0.1:0.4 --subgroup age:50 --recalibrate platt --boot 0 -o %s", at("order.csv"), at("order1"));
    ck_run(0, "evaluate %s --score risk,p_other --threshold-range 0.1:0.4 --subgroup age:50 --recalibrate platt --boot 0 -o %s", at("order2.csv"), at("order2"));
    first = from(slurp(at("order1/results.json"), NULL), "\"sets\"");
    second = from(slurp(at("order2/results.json"), NULL), "\"sets\"");
    ck_assert_str_eq(first, second);
    ck_assert_str_eq(slurp(at("order1/metrics.csv"), NULL), slurp(at("order2/metrics.csv"), NULL));
    ck_assert_str_eq(slurp(at("order1/dca.csv"), NULL), slurp(at("order2/dca.csv"), NULL));
}
END_TEST

/* One class, all ties, separation: an error, or numbers with a warning; never a crash. */
START_TEST(degenerate)
{
    const struct sn_json_value *v;

    write_text(at("one.csv"), "outcome,risk\n1,0.2\n1,0.3\n1,0.4\n");
    ck_run(3, "evaluate %s --score risk --threshold-range 0.1:0.4 -o %s", at("one.csv"), at("one"));
    ck_says("one.csv: column 'outcome': the 3 usable cases all have outcome 1; both outcomes are needed");
    write_text(at("tied.csv"), "outcome,risk\n1,0.5\n0,0.5\n1,0.5\n0,0.5\n1,0.5\n0,0.5\n");
    ck_run(0, "evaluate %s --score risk --threshold-range 0.1:0.4 --threshold 0.5 --boot 20 -o %s", at("tied.csv"), at("tied"));
    v = results("tied");
    ck_assert(number(v, "sets.0.models.0.auc.value") == 0.5 && dig(v, "sets.0.models.0.calibration.slope.value")->type == SN_JSON_NULL);
    write_text(at("apart.csv"), "outcome,risk\n0,0.1\n0,0.2\n0,0.3\n1,0.6\n1,0.7\n1,0.9\n0,0.15\n1,0.8\n");
    ck_run(0, "evaluate %s --score risk --threshold-range 0.1:0.4 --threshold 0.5 --boot 20 --boot-interval bca -o %s", at("apart.csv"), at("apart"));
    v = results("apart");
    ck_assert(number(v, "sets.0.models.0.auc.value") == 1 && dig(v, "sets.0.models.0.calibration.slope.value")->type == SN_JSON_NULL);
    ck_assert_ptr_nonnull(strstr(caught_out, "separates the outcomes completely"));
    ck_run(3, "fit %s --terms risk --boot 0", at("apart.csv"));
    ck_says("'risk' perfectly separates");
}
END_TEST

START_TEST(refusals)
{
    static const char *const bad[][2] = {
        { "--threshold-rule youden:0:0.5", "--threshold-rule is youden" }, { "--threshold-rule closest:2", "--threshold-rule is youden" },
        { "--threshold-rule sens", "--threshold-rule is youden" },         { "--threshold-rule spec:1.2", "--threshold-rule is youden" },
        { "--partial-auc 0.8:1", "--partial-auc is sens:LO:HI" },          { "--partial-auc spec:0.9:0.8", "--partial-auc is sens:LO:HI" },
        { "--proportions wald", "one of wilson|clopper-pearson|jeffreys" },{ "--paired wald", "one of tango|newcombe" },
        { "--boot-interval basic", "one of percentile|bca" },              { "--smoother spline", "one of loess|loess-direct|lowess|rcs" },
        { "--groups 1", "--groups" },                                      { "--dca-ties eq", "one of ge|gt" },
        { "--patient-rule median", "one of mean|max|none" },
    };

    make_cases("bad.csv", 1);
    for (size_t i = 0; i < SN_COUNT(bad); i++) {
        ck_run(2, "evaluate %s --score risk --threshold-range 0.1:0.4 %s -o %s", at("bad.csv"), bad[i][0], at("bad"));
        ck_says(bad[i][1]);
    }
    ck_run(2, "evaluate %s --score risk -o %s", at("bad.csv"), at("bad"));
    ck_says("--threshold-range is missing");
    ck_assert(!exists(at("bad/results.json")));
}
END_TEST

/* ---- threads -------------------------------------------------------------------------------------------------------------------- */

/* Each command that draws: the same bytes for 1, 2 and 3 threads, other ones for another seed. */
START_TEST(threads)
{
    const char *line[4], *first = NULL, *other;

    make_cases("threads.csv", 21);
    ck_run(0, "phantom -o %s --count 12 --seed 4 --size 64x64", at("shapes"));
    {
        struct sn_csv t;
        struct sn_buf b = { 0 };

        sn_ck_ok(sn_csv_read(at("shapes/manifest.csv"), &t, &err), &err);
        sn_buf_puts(&b, "case,mask,pred\n"); /* the neighbour's mask stands in for a prediction */
        for (size_t i = 0; i < t.rows; i++)
            sn_buf_printf(&b, "%s,%s,%s\n", sn_csv_cell(&t, i, 0), sn_csv_cell(&t, i, 3), sn_csv_cell(&t, (i + 1) % t.rows, 3));
        write_text(at("shapes/pairs.csv"), b.data);
        sn_buf_free(&b);
        sn_csv_free(&t);
    }
    line[0] = text("evaluate %s --score risk,p_other --threshold-range 0.1:0.4 --partial-auc sens:0.8:1 --boot-interval bca --reclassification p_other,risk "
                 "--boot 100 --json -o %s", at("threads.csv"), at("threads"));
    line[1] = text("fit %s --terms risk,p_other,age --where set=train --select aic --boot 40 --threshold-range 0.1:0.4 --json", at("threads.csv"));
    line[2] = text("readers %s --predictions %s --score age --threshold 50 --boot 100 --json", at("shapes/reads.csv"), at("shapes/manifest.csv"));
    line[3] = text("dice %s --boot 100 --json", at("shapes/pairs.csv"));
    for (int n = 1; n <= 3; n++) {
        ck_run(0, "%s --seed 5 --threads %d --quiet", line[_i], n);
        if (n == 1)
            first = caught_out;
        ck_assert_msg(strlen(first) > 200 && strcmp(first, caught_out) == 0, "%d threads: %s", n, line[_i]);
    }
    ck_run(0, "%s --seed 6 --threads 2 --quiet", line[_i]);
    other = caught_out;
    ck_assert_msg(strstr(first, "\"seed\"") && strcmp(from(first, "\"seed\"") + 14, from(other, "\"seed\"") + 14) != 0, "the seed changes nothing: %s", line[_i]);
}
END_TEST

static Suite *suite_evaluate_rules(void)
{
    Suite *s = suite_create("evaluate: rules");
    TCase *c = tcase_create("evaluate");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, permutation);
    tcase_add_test(c, degenerate);
    tcase_add_test(c, refusals);
    tcase_add_loop_test(c, threads, 0, 4);
    suite_add_tcase(s, c);
    return s;
}

SN_CHECK_MAIN(suite_evaluate_rules)
