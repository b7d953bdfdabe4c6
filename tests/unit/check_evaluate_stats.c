/*
 * check_evaluate_stats.c: every statistic of `evaluate` reaches results.json, and is the library's, which other programs hold
 * against R; what the options change.
 */
#include "tests/unit/evaluate_run.h"

/* ---- reference values by the command -------------------------------------------------------------------- */

/* pROC's numbers of aSAH (reference_values.csv) by the command, from the table as it is. */
START_TEST(asah)
{
    static const struct {
        const char *path;
        double value;
    } want[] = {
        { "sets.0.models.0.auc.value", 0.731368563686 },  { "sets.0.models.0.auc.lo", 0.630118211762 },    { "sets.0.models.0.auc.hi", 0.83261891561 },
        { "sets.0.models.1.auc.value", 0.61195799458 },   { "sets.0.models.1.auc.lo", 0.501244999272 },    { "sets.0.models.1.auc.hi", 0.722670989888 },
        { "models.0.threshold", 0.205 },                  { "sets.0.models.0.operating_point.sensitivity.value", 0.634146341463 },
        { "models.1.threshold", 11.08 },                  { "sets.0.models.0.operating_point.specificity.value", 0.805555555556 },
        { "sets.0.comparisons.0.auc_difference.p", 0.164295175223 },
        { "sets.0.comparisons.1.auc_difference.p", 0.0271757822292 },
    };
    const char *path = sn_test_data("stats/aSAH.csv");
    const struct sn_json_value *v;

    if (!path)
        return;
    ck_run(0, "evaluate %s --outcome outcome --positive Poor --score s100b,ndka,wfns --threshold-range 0.05:0.5 --threshold-from all --boot 0 -o %s", path,
           at("asah"));
    v = results("asah");
    for (size_t i = 0; i < SN_COUNT(want); i++) {
        double got = number(v, want[i].path);

        ck_assert_msg(fabs(got - want[i].value) <= 6e-12 * fabs(want[i].value), "%s: %.15g, expected %.12g", want[i].path, got, want[i].value);
    }
    ck_assert_ptr_nonnull(strstr(caught_out, "s100b"));
}
END_TEST

/* The table of patients: R's tests (reference_values.csv), from the table as it is. */
START_TEST(characteristics)
{
    static const struct {
        const char *path;
        double value;
    } want[] = {
        { "0.p_wilcoxon", 4.50920257633e-05 }, { "1.p_welch", 0.0244247102159 },      { "2.p_chisq", 0.0845028380349 },
        { "0.with_event.n", 41 },              { "2.without_event.counts.0", 50 },    { "2.without_event.counts.1", 22 },
        { "2.with_event.counts.0", 21 },       { "2.with_event.counts.1", 20 },       { "0.without_event.quartiles.1", 0.11 },
    };
    const char *path = sn_test_data("stats/aSAH.csv");
    const struct sn_json_value *v;

    if (path) {
        ck_run(0, "evaluate %s --outcome outcome --positive Poor --score s100b --characteristics s100b,age,gender --threshold-range 0.05:0.5 --boot 0 -o %s", path,
               at("traits"));
        v = dig(results("traits"), "sets.0.characteristics");
        for (size_t i = 0; i < SN_COUNT(want); i++) {
            double got = number(v, want[i].path);

            ck_assert_msg(fabs(got - want[i].value) <= 6e-12 * fabs(want[i].value), "%s: %.15g, expected %.12g", want[i].path, got, want[i].value);
        }
        ck_assert_str_eq(string(v, "2.categories.0"), "Female");
        ck_assert(dig(v, "2.p_fisher")->type == SN_JSON_NULL);
    }
    write_text(at("few.csv"), "outcome,risk,a,b,c\n0,0.1,x,1.5,\n0,0.2,y,2.5,q\n1,0.6,x,3.5,q\n1,0.7,x,4.5,r\n1,0.3,x,,q\n0,0.4,y,7,q\n0,0.4,y,8,q\n1,0.9,x,9,q\n");
    ck_run(0, "evaluate %s --score risk --characteristics a,b,c --threshold-range 0.05:0.5 --boot 0 -o %s", at("few.csv"), at("few"));
    v = dig(results("few"), "sets.0.characteristics");
    ck_assert_double_eq_tol(number(v, "0.p_fisher"), 1 / 7.0, 1e-12); /* [[1, 4], [3, 0]]: (5 + 3) / 56 */
    ck_assert(number(v, "1.with_event.missing") == 1 && number(v, "2.without_event.missing") == 1 && number(v, "1.with_event.n") == 3);
    ck_run(3, "evaluate %s --score risk --characteristics a,nothing --threshold-range 0.05:0.5 --boot 0 -o %s", at("few.csv"), at("few"));
    ck_says("column 'nothing' is missing");
}
END_TEST

/* ---- ROC ---------------------------------------------------------------------------------------------------- */

/* Areas, intervals, partial areas, thresholds by cost with their spread, sets against each other. */
START_TEST(roc)
{
    struct cases c, train;
    struct sn_roc r[3], t;
    const struct sn_roc *one = &r[0];
    struct sn_roc_boot boot = { .seed = 7, .replicates = 150, .level = 0.95 };
    struct sn_boot_ci ci, sens, spec;
    struct sn_pauc range = { .from = 0.7, .to = 0.95 };
    const struct sn_cut_rule rule = { .kind = SN_CUT_CLOSEST, .cost = 3, .prevalence = 0.4 };
    struct sn_cut cut;
    struct sn_auc_test test;
    struct sn_interval in;
    const struct sn_json_value *v, *set;
    double area;

    make_cases("roc.csv", 5);
    ck_run(0, "evaluate %s --score risk,p_other --threshold-range 0.1:0.4 --threshold-rule closest:3:0.4 --partial-auc spec:0.7:0.95 --boot-interval bca "
              "--boot 150 --seed 7 -o %s", at("roc.csv"), at("roc"));
    v = results("roc");
    set = dig(v, "sets.1");
    ck_assert_str_eq(string(set, "name"), "internal");
    take("roc.csv", "internal", &c);
    take("roc.csv", "train", &train);
    sn_ck_ok(sn_roc_build(c.a, c.y, c.n, &r[0], &err), &err);
    sn_ck_ok(sn_roc_build(train.a, train.y, train.n, &t, &err), &err);
    in = sn_auc_ci(r[0].auc, sn_roc_variance(&r[0]), 0.95, SN_AUC_PLAIN);
    same_ci(set, "models.0.auc", r[0].auc, in.lo, in.hi);
    in = sn_auc_ci(r[0].auc, sn_roc_variance(&r[0]), 0.95, SN_AUC_LOGIT);
    same_ci(set, "models.0.auc_logit", r[0].auc, in.lo, in.hi);
    ck_assert(number(set, "models.0.auc_se") == sqrt(sn_roc_variance(&r[0])));
    boot.bca = true;
    sn_ck_ok(sn_roc_boot_auc(&one, 1, &boot, &ci, NULL, &err), &err);
    same_ci(set, "models.0.auc_bootstrap", ci.median, ci.lo, ci.hi);
    ck_assert(ci.z0 != 0 && ci.accel != 0);
    boot.bca = false;
    for (int corrected = 0; corrected < 2; corrected++) {
        range.corrected = corrected;
        sn_ck_ok(sn_roc_pauc(&r[0], &range, &area, &err), &err);
        sn_ck_ok(sn_roc_boot_pauc(&r[0], &range, &boot, &ci, &err), &err);
        same_ci(set, corrected ? "models.0.partial_auc_corrected" : "models.0.partial_auc", area, ci.lo, ci.hi);
    }
    sn_ck_ok(sn_roc_cut(&t, &rule, &cut, &err), &err);
    sn_ck_ok(sn_roc_boot_cut(&t, &rule, &boot, &ci, &sens, &spec, &err), &err);
    ck_assert(number(v, "models.0.threshold") == cut.threshold);
    same_ci(v, "models.0.threshold_bootstrap", cut.threshold, ci.lo, ci.hi);
    ck_assert_ptr_nonnull(strstr(string(v, "settings.threshold_origin"), "a missed event costs 3.00 false alarms, prevalence 0.400"));
    sn_ck_ok(sn_roc_boot_at(&r[0], &cut.threshold, 1, &boot, &sens, &spec, &err), &err);
    same_ci(set, "models.0.operating_point.sensitivity_bootstrap", number(set, "models.0.operating_point.sensitivity.value"), sens.lo, sens.hi);
    same_ci(set, "models.0.operating_point.specificity_bootstrap", number(set, "models.0.operating_point.specificity.value"), spec.lo, spec.hi);
    sn_auc_test_unpaired(&t, &r[0], 0.95, &test);
    ck_assert_str_eq(string(v, "between_sets.0.a"), "train");
    ck_assert_str_eq(string(v, "between_sets.0.b"), "internal");
    same_ci(v, "between_sets.0.auc_difference", test.diff, test.ci.lo, test.ci.hi);
    ck_assert(number(v, "between_sets.0.auc_difference.p") == test.p && number(v, "between_sets.0.auc_difference.df") == test.df);
    ck_assert_uint_eq(dig(v, "between_sets")->count, 2 * 3);
    {
        struct sn_table2 x = sn_table2_count(train.a, train.y, train.n, cut.threshold), y = sn_table2_count(c.a, c.y, c.n, cut.threshold);

        in = sn_difference_newcombe(x.tp, x.tp + x.fn, y.tp, y.tp + y.fn, 0.95);
        same_ci(v, "between_sets.0.sensitivity_difference", (double)x.tp / (double)(x.tp + x.fn) - (double)y.tp / (double)(y.tp + y.fn), in.lo, in.hi);
        in = sn_difference_newcombe(x.tp + x.tn, train.n, y.tp + y.tn, c.n, 0.95);
        same_ci(v, "between_sets.0.accuracy_difference", (double)(x.tp + x.tn) / (double)train.n - (double)(y.tp + y.tn) / (double)c.n, in.lo, in.hi);
    }
    ck_assert_ptr_nonnull(strstr(caught_out, "risk: AUC on train less that on internal"));
    sn_roc_free(&r[0]);
    sn_roc_free(&t);
}
END_TEST

/* ---- rates and their comparison -------------------------------------------------------------------------------- */

static size_t pair_of(const struct cases *c, int outcome, struct sn_paired *p)
{
    *p = (struct sn_paired){ 0, 0, 0, 0 };
    for (size_t i = 0; i < c->n; i++) {
        bool a = (c->a[i] >= 0.35) == (c->y[i] > 0), b = (c->b[i] >= 0.4) == (c->y[i] > 0);

        if (outcome < 0 || c->y[i] == outcome)
            *(a && b ? &p->both : a ? &p->first : b ? &p->second : &p->neither) += 1;
    }
    return c->n;
}

START_TEST(rates)
{
    static const char *const names[] = { "wilson", "clopper-pearson", "jeffreys" };
    const char *dir = at("rates%d", _i);
    const struct sn_json_value *v, *m, *pair;
    struct sn_operating o;
    struct sn_predictive ppv, npv;
    struct sn_paired p;
    struct sn_interval in;
    struct cases c;
    struct sn_table2 two;
    double call[2][MOST];

    make_cases("rates.csv", 6);
    ck_run(0, "evaluate %s --score risk,p_other --threshold-range 0.1:0.4 --threshold risk=0.35,p_other=0.4 --proportions %s --paired %s --margin 0.1 "
              "--prevalence 0.25 --boot 0 -o %s", at("rates.csv"), names[_i], _i ? "newcombe" : "tango", dir);
    v = results(strrchr(dir, '/') + 1);
    m = dig(v, "sets.2.models.0.operating_point");
    take("rates.csv", "external", &c);
    two = sn_table2_count(c.a, c.y, c.n, 0.35);
    sn_ck_ok(sn_operating_point(&two, 0.95, (enum sn_proportion_method)_i, 0.25, &o, &err), &err);
    const struct {
        const char *key;
        struct sn_estimate e;
    } all[] = { { "sensitivity", o.sens }, { "specificity", o.spec }, { "ppv", o.ppv },         { "npv", o.npv },   { "ppv_at_prevalence", o.ppv_at },
                { "npv_at_prevalence", o.npv_at }, { "lr_positive", o.lr_pos }, { "lr_negative", o.lr_neg }, { "dor", o.dor }, { "youden", o.youden },
                { "accuracy", o.accuracy }, { "balanced_accuracy", o.balanced } };
    for (size_t i = 0; i < SN_COUNT(all); i++)
        same_ci(m, all[i].key, all[i].e.value, all[i].e.ci.lo, all[i].e.ci.hi);
    ck_assert(number(m, "mcc.value") == o.mcc && number(m, "f1.value") == o.f1);
    ck_assert(number(m, "tp") == (double)two.tp && number(m, "tn") == (double)two.tn);

    pair = dig(v, "sets.2.comparisons.0");
    for (int k = -1; k < 2; k++) {
        const char *key = k < 0 ? "accuracy_difference" : k ? "sensitivity_difference" : "specificity_difference";
        double n;

        (void)pair_of(&c, k, &p);
        n = (double)(p.both + p.first + p.second + p.neither);
        in = _i ? sn_paired_newcombe(&p, 0.95) : sn_paired_tango(&p, 0.95);
        same_ci(pair, key, ((double)p.first - (double)p.second) / n, in.lo, in.hi);
        ck_assert(number(dig(pair, key), "p") == sn_mcnemar(p.first, p.second).p);
        ck_assert_str_eq(string(dig(pair, "noninferiority"), k < 0 ? "accuracy" : k ? "sensitivity" : "specificity"), sn_verdict_text(sn_noninferiority(in, 0.1)));
    }
    for (size_t i = 0; i < c.n; i++) {
        call[0][i] = c.a[i] >= 0.35;
        call[1][i] = c.b[i] >= 0.4;
    }
    sn_compare_predictive(call[0], call[1], c.y, c.n, &ppv, &npv);
    ck_assert(number(pair, "ppv_difference.value") == ppv.diff && number(pair, "ppv_difference.p") == ppv.p);
    ck_assert(number(pair, "npv_difference.value") == npv.diff && number(pair, "npv_difference.p") == npv.p);
}
END_TEST

/* ---- subgroups --------------------------------------------------------------------------------------------------- */

START_TEST(subgroups)
{
    const struct sn_json_value *v, *sub;
    struct cases c;
    struct sn_csv t;
    uint32_t group[MOST];
    struct sn_subgroup part[2];
    struct sn_auc_test diff[2];
    struct sn_heterogeneity alike;
    struct sn_interval in;
    double age;
    size_t n = 0, hit = 0, of = 0;

    make_cases("sub.csv", 14);
    ck_run(0, "evaluate %s --score risk,p_other --threshold-range 0.1:0.4 --threshold 0.4 --subgroup age:55 --boot 0 -o %s", at("sub.csv"), at("sub"));
    v = results("sub");
    take("sub.csv", "external", &c);
    sn_ck_ok(sn_csv_read(at("sub.csv"), &t, &err), &err);
    for (size_t i = 0; i < t.rows; i++)
        if (strcmp(sn_csv_cell(&t, i, 1), "external") == 0) {
            sn_ck_ok(sn_csv_number(&t, i, 5, &age, &err), &err);
            group[n++] = age >= 55;
        }
    sn_csv_free(&t);
    sub = dig(v, "sets.2.subgroups.0");
    sn_ck_ok(sn_subgroup_auc(c.a, c.y, group, c.n, 2, 0.95, part, &alike, &err), &err);
    ck_assert(number(sub, "interaction_p_auc") == alike.p);
    for (int k = 0; k < 2; k++)
        same_ci(sub, text("levels.%d.auc", k), part[k].auc, part[k].ci.lo, part[k].ci.hi);
    sn_ck_ok(sn_subgroup_diff(c.a, c.b, c.y, group, c.n, 2, 0.95, diff, &alike, &err), &err);
    ck_assert(number(sub, "interaction_p_auc_difference") == alike.p && number(sub, "levels.1.auc_difference.p") == diff[1].p);
    same_ci(sub, "levels.0.auc_difference", diff[0].diff, diff[0].ci.lo, diff[0].ci.hi);
    for (size_t i = 0; i < c.n; i++)
        if (group[i] == 1 && c.y[i] > 0) {
            of++;
            hit += c.a[i] >= 0.4;
        }
    in = sn_proportion_ci(hit, of, 0.95, SN_WILSON);
    same_ci(sub, "levels.1.sensitivity", (double)hit / (double)of, in.lo, in.hi);
}
END_TEST

/* ---- calibration --------------------------------------------------------------------------------------------------- */

START_TEST(calibration)
{
    static const char *const names[] = { "lowess", "loess", "loess-direct", "rcs" };
    const char *dir = at("cal%d", _i);
    const struct sn_json_value *m;
    struct cases c;
    struct sn_risks r;
    struct sn_calibration k;
    struct sn_calibration_curve curve;
    struct sn_hosmer_lemeshow h;
    struct sn_curve_options o = { .level = 0.95 };

    make_cases("cal.csv", 8);
    ck_run(0, "evaluate %s --score risk --threshold-range 0.1:0.4 --smoother %s --groups 6 --boot 0 -o %s", at("cal.csv"), names[_i], dir);
    m = dig(results(strrchr(dir, '/') + 1), "sets.2.models.0.calibration");
    take("cal.csv", "external", &c);
    ck_assert(sn_smoother_parse(names[_i], &o.smoother));
    sn_ck_ok(sn_risks_init(&r, c.a, c.y8, c.n, SN_EXTREME_REFUSE, &err), &err);
    sn_ck_ok(sn_calibration(&r, 0.95, &k, &err), &err);
    sn_ck_ok(sn_calibration_curve(&r, &o, &curve, &err), &err);
    sn_ck_ok(sn_hosmer_lemeshow(&r, 6, true, &h, &err), &err);
    const struct {
        const char *key;
        struct sn_cal_estimate e;
    } all[] = { { "observed_expected", k.oe }, { "in_the_large", k.in_the_large }, { "slope", k.slope }, { "recalibration_intercept", k.recalibration_intercept },
                { "brier", k.brier }, { "brier_scaled", k.brier_scaled }, { "discrimination_slope", k.discrimination_slope } };
    for (size_t i = 0; i < SN_COUNT(all); i++)
        same_ci(m, all[i].key, all[i].e.value, all[i].e.lo, all[i].e.hi);
    ck_assert(number(m, "cox_chisq") == k.cox_chisq && number(m, "cox_p") == k.cox_p && number(m, "spiegelhalter_z") == k.spiegelhalter_z);
    ck_assert(number(m, "hosmer_lemeshow.chisq") == h.chisq && number(m, "hosmer_lemeshow.df") == 6 && number(m, "hosmer_lemeshow.groups") == 6);
    ck_assert_str_eq(string(m, "curve.smoother"), curve.smoother);
    {
        struct sn_risk_spread s[2];

        sn_ck_ok(sn_risk_spread(&r, s, &err), &err);
        m = dig(json.root, "sets.2.models.0.risks");
        ck_assert(number(m, "with_event.n") == (double)s[1].n && number(m, "with_event.mean") == s[1].mean && number(m, "without_event.quantiles.3") == s[0].median &&
                  number(m, "without_event.bins.10") == (double)s[0].bin[10] && dig(m, "with_event.bins")->count == SN_SPREAD_BINS);
        m = dig(json.root, "sets.2.models.0.calibration");
    }
    ck_assert(number(m, "curve.ici.value") == curve.e.ici && number(m, "curve.e50.value") == curve.e.e50 && number(m, "curve.e90.value") == curve.e.e90 &&
              number(m, "curve.emax.value") == curve.e.emax);
    sn_calibration_curve_free(&curve);
    sn_risks_free(&r);
}
END_TEST

/* Risks of exactly 0 and 1: no calibration, saying why; moved and counted under --clamp. */
START_TEST(extremes)
{
    const struct sn_json_value *v;

    write_text(at("ends.csv"), "outcome,risk\n0,0\n0,0.2\n1,0.4\n0,0.5\n1,0.6\n0,0.7\n1,0.8\n1,1\n1,0.9\n0,0.3\n");
    ck_run(0, "evaluate %s --score risk --threshold-range 0.1:0.4 --boot 0 -o %s", at("ends.csv"), at("ends"));
    v = results("ends");
    ck_assert(dig(v, "sets.0.models.0.calibration")->type == SN_JSON_NULL);
    ck_assert_ptr_nonnull(strstr(string(v, "sets.0.models.0.calibration_left_out"), "2 of 10 risks are exactly 0 or 1"));
    ck_assert_ptr_nonnull(strstr(caught_out, "no calibration of risk: calibration: 2 of 10"));
    ck_run(0, "evaluate %s --score risk --threshold-range 0.1:0.4 --boot 0 --clamp -o %s", at("ends.csv"), at("ends"));
    ck_assert(number(results("ends"), "sets.0.models.0.calibration.clamped") == 2);
}
END_TEST

/* ---- decision curves ---------------------------------------------------------------------------------------------------- */

START_TEST(decision_curves)
{
    static const char *const keys[] = { NULL, "standardised", "interventions_avoided", "opt_out", "opt_out_standardised" };
    const struct sn_json_value *v, *set;
    struct cases c;
    double t[61];
    struct sn_dca_point point[2 * 61], all[61], reader[61];
    struct sn_dca_band band[3 * 61], diff[61];
    size_t m;
    struct sn_csv csv;

    make_cases("dca.csv", 9);
    {
        struct sn_buf reads = { 0 };

        sn_buf_puts(&reads, "reader,case,call\n");
        for (int i = 230; i < 330; i++)
            sn_buf_printf(&reads, "r,c%d,%d\n", i, i % 3 == 0);
        write_text(at("dca_reads.csv"), reads.data);
        sn_buf_free(&reads);
    }
    ck_run(0, "evaluate %s --score risk,p_other --threshold-range 0.1:0.4 --dca-ties gt --reads %s --boot 80 --seed 3 -o %s", at("dca.csv"), at("dca_reads.csv"),
           at("dca"));
    v = results("dca");
    set = dig(v, "sets.2");
    take("dca.csv", "external", &c);
    sn_ck_ok(sn_dca_thresholds(&(struct sn_dca_thresholds){ 0.1, 0.4, 0.005 }, t, 61, &m, &err), &err);
    ck_assert_uint_eq(m, 61);
    const struct sn_dca_strategy s[] = { { "risk", c.a, false }, { "p_other", c.b, false } };
    const struct sn_dca d = { .y = c.y8, .n = c.n, .strategies = s, .n_strategies = 2, .t = t, .m = m, .tie = SN_DCA_GT, .prevalence = (double)NAN };
    const struct sn_dca_boot b = { .replicates = 80, .seed = 3, .level = 0.95 };
    sn_ck_ok(sn_dca_curves(&d, point, &err), &err);
    sn_ck_ok(sn_dca_reference(&d, true, all, &err), &err);
    for (int k = 0; k < SN_DCA_MEASURES; k++) {
        sn_ck_ok(sn_dca_bootstrap(&d, (enum sn_dca_measure)k, &b, band, k ? NULL : diff, NULL, &err), &err);
        for (size_t i = 0; i < m; i += 20) {
            const struct sn_json_value *of = dig(set, text("models.1.net_benefit.%zu", i));
            const struct sn_json_value *al = dig(set, text("treat_all.%zu", i));
            const struct sn_dca_band *q = &band[m + i];

            if (k == 0) {
                const struct sn_json_value *delta = dig(set, text("comparisons.0.net_benefit_difference.%zu", i));

                ck_assert(number(of, "threshold") == t[i] && number(of, "value") == point[m + i].net_benefit && number(of, "lo") == q->lo && number(of, "hi") == q->hi);
                ck_assert(number(al, "value") == all[i].net_benefit && number(al, "lo") == band[2 * m + i].lo);
                ck_assert(number(delta, "value") == point[i].net_benefit - point[m + i].net_benefit && number(delta, "lo") == diff[i].lo && number(delta, "hi") == diff[i].hi);
            } else {
                same_ci(of, keys[k], sn_dca_value(&point[m + i], (enum sn_dca_measure)k), q->lo, q->hi);
            }
        }
    }
    ck_assert(number(set, "models.1.net_benefit.20.flagged_per_1000") == point[m + 20].flagged);
    sn_ck_ok(sn_dca_fixed(number(set, "readers.0.sensitivity.value"), number(set, "readers.0.specificity.value"), (double)c.events / (double)c.n, t, m, reader, &err), &err);
    ck_assert(number(set, "readers.0.net_benefit.7.value") == reader[7].net_benefit);
    sn_ck_ok(sn_csv_read(at("dca/dca.csv"), &csv, &err), &err); /* per set: two models, all, none; and a reader */
    ck_assert_uint_eq(csv.rows, (3 * 4 + 1) * 61);
    sn_csv_free(&csv);
}
END_TEST

/* ---- reclassification ------------------------------------------------------------------------------------------------------- */

START_TEST(reclassification)
{
    const struct sn_json_value *v;
    struct cases c;
    const double cuts[] = { 0.2, 0.5 };
    struct sn_reclass r;
    const struct sn_roc_boot boot = { .seed = 2, .replicates = 60, .level = 0.95 };

    make_cases("nri.csv", 10);
    ck_run(0, "evaluate %s --score risk,p_other --threshold-range 0.1:0.4 --reclassification p_other,risk:0.2:0.5 --boot 60 --seed 2 -o %s", at("nri.csv"), at("nri"));
    v = dig(results("nri"), "sets.1.reclassification");
    take("nri.csv", "internal", &c);
    sn_ck_ok(sn_reclassify(c.b, c.a, c.y, c.n, cuts, 2, 0.95, &boot, &r, &err), &err);
    same_ci(v, "nri_event", r.nri_event.value, r.nri_event.ci.lo, r.nri_event.ci.hi);
    same_ci(v, "nri_nonevent", r.nri_nonevent.value, r.nri_nonevent.ci.lo, r.nri_nonevent.ci.hi);
    same_ci(v, "idi", r.idi.value, r.idi.ci.lo, r.idi.ci.hi);
    ck_assert(number(v, "nri.bootstrap_lo") == r.nri.boot.lo && number(v, "nri.se") == r.nri.se && number(v, "cuts.1") == 0.5);
    ck_assert_ptr_nonnull(strstr(string(v, "caveat"), "Hilden & Gerds"));
    ck_assert_ptr_nonnull(strstr(caught_out, "caution: Net reclassification can be positive")); /* the terminal too */
    ck_run(2, "evaluate %s --score risk,p_other --threshold-range 0.1:0.4 --reclassification p_other,risk:x --boot 0 -o %s", at("nri.csv"), at("nri"));
    ck_says("found 'x'");
}
END_TEST

static Suite *suite_evaluate_stats(void)
{
    Suite *s = suite_create("evaluate: statistics");
    TCase *c = tcase_create("evaluate");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, asah);
    tcase_add_test(c, characteristics);
    tcase_add_test(c, roc);
    tcase_add_loop_test(c, rates, 0, 3);
    tcase_add_test(c, subgroups);
    tcase_add_loop_test(c, calibration, 0, 4);
    tcase_add_test(c, extremes);
    tcase_add_test(c, decision_curves);
    tcase_add_test(c, reclassification);
    suite_add_tcase(s, c);
    return s;
}

SN_CHECK_MAIN(suite_evaluate_stats)
