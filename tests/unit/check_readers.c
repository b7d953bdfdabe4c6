/* check_readers.c: `sentinode readers`, from tables to tests, and what it says of bad tables. */
#include "tests/unit/predict_run.h"

#include <math.h>

#include "stats/stats.h"

static struct sn_json_doc doc;
static struct sn_error err;

static const struct sn_json_value *said(void)
{
    read_before[n_before++ % SN_COUNT(read_before)] = doc;
    sn_ck_ok(sn_json_parse(caught_out, strlen(caught_out), &doc, &err), &err);
    return doc.root;
}

static bool is_null(const struct sn_json_value *r, const char *path)
{
    const struct sn_json_value *v = dig(r, path);

    ck_assert_msg(v != NULL, "nothing at %s", path);
    return v->type == SN_JSON_NULL;
}

#define near(got, expected, relative)                                                                                  \
    do {                                                                                                               \
        double g_ = (got), e_ = (expected);                                                                            \
        ck_assert_msg(fabs(g_ - e_) <= (relative) * fabs(e_), "%s = %.17g, expected %.17g", #got, g_, e_);             \
    } while (0)

/* ---- against R ---------------------------------------------------------------------------------------------------- */

/* aSAH as a reader study: the model is s100b, one reader's score wfns with a call from 4 on, another's call ndka >= 11.08. */
static bool asah_tables(void)
{
    const char *path = sn_test_data("stats/aSAH.csv");
    struct sn_buf pred = { 0 }, reads = { 0 };
    struct sn_csv t;

    if (!path)
        return false;
    sn_ck_ok(sn_csv_read(path, &t, &err), &err);
    sn_buf_puts(&pred, "case,outcome,s100b\n");
    sn_buf_puts(&reads, "reader,group,case,call,score\n");
    for (size_t i = 0; i < t.rows; i++) {
        const char *wfns = sn_csv_cell(&t, i, sn_csv_column(&t, "wfns"));
        double ndka;

        sn_ck_ok(sn_csv_number(&t, i, sn_csv_column(&t, "ndka"), &ndka, &err), &err);
        sn_buf_printf(&pred, "c%zu,%d,%s\n", i, strcmp(sn_csv_cell(&t, i, sn_csv_column(&t, "outcome")), "Poor") == 0,
                      sn_csv_cell(&t, i, sn_csv_column(&t, "s100b")));
        sn_buf_printf(&reads, "W,senior,c%zu,%d,%s\nN,junior,c%zu,%d,\n", i, *wfns >= '4', wfns, i, ndka >= 11.08);
    }
    write_text(at("pred.csv"), pred.data);
    write_text(at("reads.csv"), reads.data);
    sn_buf_free(&pred);
    sn_buf_free(&reads);
    sn_csv_free(&t);
    return true;
}

/*
 * R 4.2.2: pROC 1.18.0 coords(roc(y, s100b), x = 26/41, input = "sensitivity"), (x = 60/72, "specificity"); binom.test of the
 * discordant pairs; roc.test(delong, paired); ci.auc(wfns); psych 2.2.9 cohen.kappa (estimate); net benefit by hand.
 */
START_TEST(asah_against_r)
{
    const struct sn_json_value *r;

    if (!asah_tables())
        return;
    ck_run(0, "readers %s --predictions %s --score s100b --threshold 0.205 --dca 0.1:0.3:0.1 --json --boot 200", at("reads.csv"),
           at("pred.csv"));
    r = said();
    near(number(r, "model.auc"), 0.731368563686, 1e-11);
    near(number(r, "model.auc_lo"), 0.630118211762, 1e-11);
    near(number(r, "model.sensitivity.value"), 0.634146341463, 1e-11);
    near(number(r, "model.specificity.value"), 0.805555555556, 1e-11);
    ck_assert_str_eq(string(r, "readers.0.reader"), "W");
    near(number(r, "readers.0.sensitivity.value"), 26.0 / 41, 1e-15);
    near(number(r, "readers.0.specificity.value"), 60.0 / 72, 1e-15);
    near(number(r, "readers.0.against_model.specificity_at_sensitivity.model"), 0.805555555555556, 1e-13);
    near(number(r, "readers.0.against_model.sensitivity_at_specificity.model"), 0.512195121951220, 1e-13);
    near(number(r, "readers.0.against_model.accuracy.p"), 0.79052734375, 1e-11);
    ck_assert(number(r, "readers.0.against_model.accuracy.only_first_right") == 6);
    ck_assert(number(r, "readers.0.against_model.accuracy.only_second_right") == 8);
    near(number(r, "readers.0.against_model.sensitivity.p"), 1, 1e-15);
    near(number(r, "readers.0.against_model.specificity.p"), 0.6875, 1e-12);
    near(number(r, "readers.0.against_model.delong.z"), -2.20898359144, 1e-11);
    near(number(r, "readers.0.against_model.delong.p"), 0.0271757822292, 1e-11);
    near(number(r, "readers.0.auc_lo"), 0.748534887819, 1e-11);
    near(number(r, "readers.0.auc_hi"), 0.898822835758, 1e-11);
    ck_assert(is_null(r, "readers.1.against_model.delong") && is_null(r, "readers.1.auc")); /* calls only */
    near(number(r, "pairs.0.kappa.value"), -0.085559891924347, 1e-12);
    near(number(r, "decision_curve.readers.0.net_benefit.1"), 0.20353982300885, 1e-12);
    near(number(r, "decision_curve.treat_all.1"), 41.0 / 113 - 72.0 / 113 * 0.25, 1e-12);
    ck_assert(number(r, "readers.0.against_model.specificity_at_sensitivity.lo") < 0 && number(r, "readers.0.against_model.specificity_at_sensitivity.hi") > 0);
    /* calls as a score, when asked for: AUC is the mean of the two rates */
    ck_run(0, "readers %s --predictions %s --score s100b --json --boot 0 --binary-auc", at("reads.csv"), at("pred.csv"));
    r = said();
    near(number(r, "readers.1.auc"), (number(r, "readers.1.sensitivity.value") + number(r, "readers.1.specificity.value")) / 2, 1e-14);
    ck_assert(dig(r, "readers.1.against_model.delong.of_calls")->boolean && !dig(r, "readers.0.against_model.delong.of_calls")->boolean);
    ck_assert(is_null(r, "readers.0.against_model.accuracy.p")); /* no threshold */
    ck_assert(is_null(r, "readers.0.against_model.specificity_at_sensitivity.lo"));
}
END_TEST

/* ---- a study made by rule ---------------------------------------------------------------------------------------------- */

enum { CASES = 40 };

static int outcome_of(int i) { return i % 3 == 0; }
static int call_of(int i, int reader, int assisted) { return (i * 7 + reader * 5) % 10 < (assisted ? 2 : 4) ? !outcome_of(i) : outcome_of(i); }

static void make_study(int readers, bool scores)
{
    struct sn_buf pred = { 0 }, reads = { 0 };

    sn_buf_puts(&pred, "case,patient,outcome,risk\n");
    sn_buf_puts(&reads, "case,reader,group,assisted,call,score\n");
    for (int i = 0; i < CASES; i++) {
        sn_buf_printf(&pred, "c%02d,p%d,%d,0.%02d\n", i, i / 2, outcome_of(i), (i * 37) % 60 + 30 * outcome_of(i));
        for (int k = 0; k < readers; k++)
            for (int a = 0; a < 2; a++)
                sn_buf_printf(&reads, "c%02d,R%d,%s,%s,%d,%s\n", i, k, k % 2 ? "junior" : "senior", a ? "yes" : "no", call_of(i, k, a),
                              !scores ? "" : call_of(i, k, a) ? (i % 2 ? "4" : "5") : (i % 2 ? "1" : "2"));
    }
    write_text(at("pred.csv"), pred.data);
    write_text(at("reads.csv"), reads.data);
    sn_buf_free(&pred);
    sn_buf_free(&reads);
}

START_TEST(assistance)
{
    const struct sn_json_value *r;
    struct sn_paired p = { 0, 0, 0, 0 };
    struct sn_match t;

    make_study(5, true);
    ck_run(0, "readers %s --predictions %s --threshold 0.5 --json --boot 100", at("reads.csv"), at("pred.csv"));
    r = said();
    ck_assert_uint_eq(dig(r, "readers")->count, 10);
    ck_assert_uint_eq(dig(r, "assistance")->count, 5);
    ck_assert(number(r, "clusters") == CASES / 2);
    for (int i = 0; i < CASES; i++) {
        bool with = call_of(i, 2, 1) == outcome_of(i), without = call_of(i, 2, 0) == outcome_of(i);

        ++*(with ? (without ? &p.both : &p.first) : without ? &p.second : &p.neither);
    }
    t = sn_match_compare(&p, 0.95, NAN);
    near(number(r, "assistance.2.accuracy.difference"), t.diff, 1e-15);
    near(number(r, "assistance.2.accuracy.lo"), t.lo, 1e-12);
    near(number(r, "assistance.2.accuracy.p"), t.p, 1e-12);
    ck_assert(number(r, "assistance.2.accuracy.p_holm") >= number(r, "assistance.2.accuracy.p"));
    for (int k = 0; k < 3; k++) { /* multi-reader: the mean of the readers' differences, a random-reader answer for five */
        static const char *const merits[] = { "sensitivity", "specificity", "auc" };
        const struct sn_json_value *m = sn_json_get(dig(r, "mrmc_assistance"), merits[k]);

        ck_assert(number(m, "readers") == 5 && isfinite(number(m, "random_readers_and_cases.p")));
        ck_assert(!dig(m, "few_readers")->boolean);
    }
    near(number(r, "mrmc_assistance.sensitivity.difference"),
         (number(r, "assistance.0.sensitivity.difference") + number(r, "assistance.1.sensitivity.difference") +
          number(r, "assistance.2.sensitivity.difference") + number(r, "assistance.3.sensitivity.difference") +
          number(r, "assistance.4.sensitivity.difference")) / 5, 1e-12);
    ck_assert_uint_eq(dig(r, "groups")->count, 6); /* all, senior, junior; without and with */
    ck_assert(number(r, "groups.1.readers") == 3 && number(r, "groups.2.readers") == 2);
    ck_assert_uint_eq(dig(r, "readers_minus_model")->count, 6);
    ck_assert_uint_eq(dig(r, "pairs")->count, 20);
    ck_assert(number(r, "pairs.0.kappa_quadratic_scores.n") == CASES);
}
END_TEST

/* Two readers: the words that go with it, and no random-reader claim by one. */
START_TEST(two_readers)
{
    make_study(2, false);
    ck_run(0, "readers %s --predictions %s --threshold 0.5 --margin 0.2", at("reads.csv"), at("pred.csv"));
    ck_assert_ptr_nonnull(strstr(caught_out, "with fewer than 4 readers, conclusions about other readers have next to no power"));
    ck_assert_ptr_nonnull(strstr(caught_out, "research use only"));
    ck_assert_ptr_nonnull(strstr(caught_out, "non-inferior by 0.2"));
    ck_assert_ptr_nonnull(strstr(caught_out, "this reader gave calls only"));
    ck_assert_ptr_nonnull(strstr(caught_out, "40 cases of 20 patients"));
    make_study(1, true);
    ck_run(0, "readers %s --predictions %s --threshold 0.5", at("reads.csv"), at("pred.csv"));
    ck_assert_ptr_null(strstr(caught_out, "readers like these"));
    ck_run(0, "readers %s --predictions %s --threshold 0.5 --json", at("reads.csv"), at("pred.csv"));
    ck_assert(is_null(said(), "mrmc_assistance.auc.random_readers_and_cases.p"));
    ck_assert(isfinite(number(doc.root, "mrmc_assistance.auc.fixed_readers.p")));
}
END_TEST

START_TEST(reproducible)
{
    const char *first;

    make_study(3, true);
    ck_run(0, "readers %s --predictions %s --threshold 0.5 --json --threads 1", at("reads.csv"), at("pred.csv"));
    first = caught_out;
    ck_run(0, "readers %s --predictions %s --threshold 0.5 --json --threads 3", at("reads.csv"), at("pred.csv"));
    ck_assert_str_eq(first, caught_out);
    ck_run(0, "readers %s --predictions %s --threshold 0.5 --json --seed 3", at("reads.csv"), at("pred.csv"));
    ck_assert_str_ne(first, caught_out);
}
END_TEST

START_TEST(files_written)
{
    char *svg;
    struct sn_csv t;

    make_study(3, true);
    ck_run(0, "readers %s --predictions %s --threshold 0.5 --dca 0.05:0.4 -o %s --quiet", at("reads.csv"), at("pred.csv"), at("out/r"));
    ck_assert_str_eq(caught_out, "");
    svg = slurp(at("out/r/roc.svg"), NULL);
    ck_assert(strncmp(svg, "<svg", 4) == 0 && strstr(svg, "</svg>") && strstr(svg, "senior, mean of 2") && strstr(svg, "ring: with assistance"));
    ck_assert_ptr_nonnull(strstr(svg, "n = 40, 14 events"));
    ck_assert_ptr_null(strstr(svg, "nan"));
    svg = slurp(at("out/r/decision_curve.svg"), NULL);
    ck_assert(strstr(svg, "Readers: senior (mean of 2, assisted)") && strstr(svg, "Treat all") && !strstr(svg, "nan"));
    sn_ck_ok(sn_csv_read(at("out/r/readers.csv"), &t, &err), &err);
    ck_assert_uint_eq(t.rows, 6);
    sn_csv_free(&t);
    sn_ck_ok(sn_csv_read(at("out/r/decision_curve.csv"), &t, &err), &err);
    ck_assert_uint_eq(t.rows, 36);
    ck_assert_uint_eq(t.cols, 4 + 6);
    sn_csv_free(&t);
    ck_assert_ptr_null(strstr(slurp(at("out/r/results.json"), NULL), sn_test_tmpdir()));
}
END_TEST

/* Without a model; incomplete reads are counted, never guessed. */
START_TEST(no_model)
{
    const struct sn_json_value *r;

    write_text(at("r.csv"), "reader,case,call,outcome\nA,c1,1,1\nA,c2,0,0\nA,c3,,1\nA,c4,1,0\nA,c5,1,NA\nA,c6,0,0\nA,c7,1,1\n"
                            "B,c1,1,1\nB,c2,0,0\nB,c4,0,0\nB,c6,0,0\nB,c7,0,1\n");
    ck_run(0, "readers %s --json", at("r.csv"));
    r = said();
    ck_assert(is_null(r, "model") && is_null(r, "predictions") && is_null(r, "readers.0.against_model"));
    ck_assert(number(r, "reads_without_call") == 1 && number(r, "cases_without_outcome") == 1);
    ck_assert(number(r, "readers.0.n") == 5 && number(r, "readers.0.sensitivity.value") == 1);
    near(number(r, "readers.0.specificity.value"), 2.0 / 3, 1e-15);
    ck_assert(number(r, "readers.1.sensitivity.value") == 0.5);
    ck_assert(number(r, "pairs.0.kappa.n") == 5);
    ck_run(0, "readers %s", at("r.csv"));
    ck_assert_ptr_nonnull(strstr(caught_out, "left out: 1 reads without a call, 1 cases without outcome"));
    /* one class only: rates are undefined, not invented */
    write_text(at("r.csv"), "reader,case,call,outcome\nA,c1,1,1\nA,c2,0,1\n");
    ck_run(0, "readers %s --json --dca 0.1:0.2", at("r.csv"));
    ck_assert(is_null(said(), "readers.0.specificity.value") && number(doc.root, "readers.0.sensitivity.value") == 0.5);
    ck_run(0, "readers %s", at("r.csv"));
}
END_TEST

/*
 * Scores of three readers. scikit-learn 1.x: cohen_kappa_score(a, b, weights = "linear"), "quadratic"; numpy: the mean squares of
 * Shrout & Fleiss 1979 by their definitions. One more case, which C did not score, counts for A and B only.
 */
START_TEST(scores_agree)
{
    static const char *const scores[] = { "121", "545", "332", "444", "213", "554", "112", "243", "455", "321", "111", "534" };
    struct sn_buf b = { 0 };
    const struct sn_json_value *r;

    sn_buf_puts(&b, "reader,case,call,score,outcome\n");
    for (int i = 0; i < 12; i++)
        for (int k = 0; k < 3; k++)
            sn_buf_printf(&b, "%c,c%d,%d,%c,%d\n", 'A' + k, i, scores[i][k] > '2', scores[i][k], i % 2);
    sn_buf_puts(&b, "C,c99,1,NA,NA\n");
    write_text(at("scores.csv"), b.data);
    sn_buf_free(&b);
    ck_run(0, "readers %s --json", at("scores.csv"));
    r = said();
    near(number(r, "pairs.0.kappa_linear_scores.value"), 0.5537190082644629, 1e-12);
    near(number(r, "pairs.0.kappa_quadratic_scores.value"), 0.7547169811320754, 1e-12);
    near(number(r, "agreement.0.icc_scores.icc_1_1.value"), 0.7854046242774566, 1e-12);
    near(number(r, "agreement.0.icc_scores.icc_2_1.value"), 0.7840785169029444, 1e-12);
    near(number(r, "agreement.0.icc_scores.icc_3_1.value"), 0.7698072805139186, 1e-12);
    ck_assert(number(r, "agreement.0.icc_scores.readers") == 3 && number(r, "agreement.0.icc_scores.n") == 12);
    make_study(3, false);
    ck_run(0, "readers %s --predictions %s --json --boot 0", at("reads.csv"), at("pred.csv"));
    ck_assert(is_null(said(), "agreement.0.icc_scores") && is_null(doc.root, "pairs.0.kappa_linear_scores"));
}
END_TEST

/* Decision curves stand on dca.h: a score that is no risk gets none, one outcome alone neither; the rest of the study is told. */
START_TEST(no_decision_curve)
{
    const struct sn_json_value *r;

    write_text(at("p.csv"), "case,outcome,risk\nc1,1,3.5\nc2,0,0.2\nc3,1,0.7\nc4,0,0.1\n");
    write_text(at("r.csv"), "reader,case,call\nA,c1,1\nA,c2,0\nA,c3,0\nA,c4,0\n");
    ck_run(0, "readers %s --predictions %s --dca 0.1:0.2:0.1 --json", at("r.csv"), at("p.csv"));
    r = said();
    ck_assert(is_null(r, "decision_curve.model.0") && number(r, "decision_curve.treat_all.0") > 0);
    near(number(r, "decision_curve.readers.0.net_benefit.0"), 0.25, 1e-15);
    ck_run(0, "readers %s --predictions %s --dca 0.1:0.2:0.1", at("r.csv"), at("p.csv"));
    ck_assert_ptr_nonnull(strstr(caught_out, "no decision curve of risk: its values are not risks from 0 to 1"));
    write_text(at("p.csv"), "case,outcome,risk\nc1,1,0.5\nc2,1,0.2\nc3,1,0.7\nc4,1,0.1\n");
    ck_run(0, "readers %s --predictions %s --dca 0.1:0.2:0.1 -o %s", at("r.csv"), at("p.csv"), at("one"));
    ck_assert_ptr_nonnull(strstr(caught_out, "no decision curves: they need cases with and without the event"));
    ck_assert(!exists(at("one/decision_curve.csv")) && exists(at("one/roc.svg")));
}
END_TEST

/* Several images of a patient have one risk. */
START_TEST(by_patient)
{
    write_text(at("p.csv"), "case,patient,outcome,risk\ni1,p1,1,0.9\ni2,p1,1,0.9\ni3,p2,0,0.1\ni4,p3,0,0.3\ni5,p4,1,0.8\n");
    write_text(at("r.csv"), "reader,patient,call\nA,p1,1\nA,p2,0\nA,p3,1\nA,p4,1\n");
    ck_run(0, "readers %s --predictions %s --key patient --json", at("r.csv"), at("p.csv"));
    ck_assert(number(said(), "model.n") == 4 && number(doc.root, "model.auc") == 1);
    write_text(at("p.csv"), "case,patient,outcome,risk\ni1,p1,1,0.9\ni2,p1,1,0.8\ni3,p2,0,0.1\ni4,p3,0,0.3\ni5,p4,1,0.8\n");
    ck_run(3, "readers %s --predictions %s --key patient --json", at("r.csv"), at("p.csv"));
    ck_says("p.csv: line 3, column 'risk': a second value for 'p1'");
}
END_TEST

/* ---- bad tables ----------------------------------------------------------------------------------------------------------- */

static void refuses(const char *reads, const char *says)
{
    write_text(at("x.csv"), reads);
    ck_run(3, "readers %s --predictions %s", at("x.csv"), at("good.csv"));
    ck_says(says);
}

START_TEST(bad_tables)
{
    write_text(at("good.csv"), "case,outcome,risk\nc1,1,0.9\nc2,0,0.2\n");
    refuses("reader,case\nA,c1\n", "x.csv: line 1: column 'call' is missing");
    refuses("case,call\nc1,1\n", "x.csv: line 1: column 'reader' is missing");
    refuses("reader,case,call\nA,c1,1\nA,c9,1\n", "x.csv: line 3, column 'case': 'c9' is not in good.csv");
    refuses("reader,case,call\nA,c1,1\nA,c2,0\nA,c1,0\n", "x.csv: line 4, column 'case': reader 'A' read 'c1' without assistance twice");
    refuses("reader,case,call\nA,c1,1\nA,c2,2\n", "x.csv: line 3, column 'call': '2' is neither 0 nor 1");
    refuses("reader,case,call\nA,c1,yes\n", "x.csv: line 2, column 'call': 'yes' is neither 0 nor 1");
    refuses("reader,case,call,assisted\nA,c1,1,maybe\n", "x.csv: line 2, column 'assisted': 'maybe' is neither 0 nor 1");
    refuses("reader,case,call,assisted\nA,c1,1,\n", "x.csv: line 2, column 'assisted': empty");
    refuses("reader,case,call,group\nA,c1,1,senior\nA,c2,1,junior\n", "x.csv: line 3, column 'group': reader 'A' is 'junior' here and 'senior' before");
    refuses("reader,case,call,score\nA,c1,1,high\n", "score");
    refuses("reader,case,call\n,c1,1\n", "x.csv: line 2, column 'reader': empty");
    refuses("reader,case,call\nA,,1\n", "x.csv: line 2, column 'case': empty");
    refuses("reader,case,call,outcome\nA,c1,1,0\n", "the outcome of 'c1' is 1 here and 0 elsewhere");
    refuses("reader,case,call\n", "x.csv: no rows below");
    write_text(at("x.csv"), "reader,case,call\nA,c1,1\n");
    ck_run(3, "readers %s", at("x.csv"));
    ck_says("x.csv: line 1: column 'outcome' is missing, and there are no --predictions");
    ck_run(3, "readers %s --predictions %s --score p_other", at("x.csv"), at("good.csv"));
    ck_says("good.csv: line 1: column 'p_other' is missing");
    write_text(at("bad.csv"), "case,outcome,risk\nc1,3,0.9\n");
    ck_run(3, "readers %s --predictions %s", at("x.csv"), at("bad.csv"));
    ck_says("bad.csv: line 2, column 'outcome': '3' is neither 0 nor 1");
    write_text(at("bad.csv"), "case,outcome,risk\nc1,1,\"0,9\"\n");
    ck_run(3, "readers %s --predictions %s", at("x.csv"), at("bad.csv"));
    ck_says("bad.csv");
    ck_run(3, "readers %s", at("nowhere.csv"));
    write_text(at("bad.csv"), "case,outcome,risk\nc1,1,\nc2,0,0.4\n");
    ck_run(3, "readers %s --predictions %s", at("x.csv"), at("bad.csv"));
    ck_says("bad.csv: column 'risk' has no value for any of the 1 cases read; --score names another");
    write_text(at("bad.csv"), "case,outcome,risk\nc1,NA,0.2\nc2,0,0.4\n");
    ck_run(3, "readers %s --predictions %s", at("x.csv"), at("bad.csv"));
    ck_says("bad.csv: column 'outcome': none of the 1 cases read has an outcome");
}
END_TEST

START_TEST(usage)
{
    write_text(at("x.csv"), "reader,case,call,outcome\nA,c1,1,1\n");
    ck_run(2, "readers");
    ck_run(2, "readers %s %s", at("x.csv"), at("x.csv"));
    ck_run(2, "readers %s --threshold 0.5", at("x.csv"));
    ck_run(2, "readers %s --predictions %s --margin 0.1", at("x.csv"), at("x.csv"));
    ck_run(2, "readers %s --margin 1.5", at("x.csv"));
    ck_run(2, "readers %s --threshold high", at("x.csv"));
    ck_run(2, "readers %s --dca 0.1", at("x.csv"));
    ck_run(2, "readers %s --dca 0.5:0.1", at("x.csv"));
    ck_run(2, "readers %s --dca 0.1:0.2:0.1:4", at("x.csv"));
    ck_run(2, "readers %s --dca 0.1:1", at("x.csv"));
    ck_run(2, "readers %s --boot -1", at("x.csv"));
    ck_run(0, "readers --help");
    ck_assert(!exists(at("never")));
}
END_TEST

static Suite *suite_readers(void)
{
    Suite *s = suite_create("readers");
    TCase *t = tcase_create("readers");

    tcase_add_test(t, asah_against_r);
    tcase_add_test(t, assistance);
    tcase_add_test(t, two_readers);
    tcase_add_test(t, reproducible);
    tcase_add_test(t, files_written);
    tcase_add_test(t, no_model);
    tcase_add_test(t, scores_agree);
    tcase_add_test(t, no_decision_curve);
    tcase_add_test(t, by_patient);
    tcase_add_test(t, bad_tables);
    tcase_add_test(t, usage);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_readers)
