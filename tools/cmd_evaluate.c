/* cmd_evaluate.c: predictions judged as a reviewer would. */
#include "tools/cli.h"
#include "tools/eval_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: sentinode evaluate PREDICTIONS.csv [--model NAME=model.json]... [--score NAME,...] --threshold-range LO:HI -o DIR\n"
    "\n"
    "Judges predictions as STRATOS, TRIPOD+AI, CLAIM and STARD ask: discrimination, calibration, net benefit and\n"
    "the risks of each outcome, with intervals, for each set (train, internal, external) by itself; thresholds\n"
    "chosen on train and frozen; models compared on the same cases, and what the data let one claim. DIR gets\n"
    "report.html, results.json, tables (CSV) and figures (SVG). Research use only.\n"
    "\n"
    "ROC: AUC (DeLong, plain and logit; bootstrap), DeLong's tests, paired (models) and unpaired (sets). Threshold: sensitivity,\n"
    "specificity, PPV, NPV, likelihood ratios, DOR, accuracy, balanced accuracy, MCC, F1; McNemar, Kosinski, Holm. Calibration: in\n"
    "the large, slope, Cox, Brier, Spiegelhalter, Hosmer-Lemeshow, curve, ICI, E50, E90, Emax. Net benefit, standardised,\n"
    "interventions avoided, opt-out, clinical impact.\n"
    "\n"
    "  --model NAME=FILE     a model of `fit`, applied to the table's columns; may be repeated\n"
    "  --score NAMES         columns of risks or scores, higher = positive. The first model, or else score, is the one\n"
    "                        judged; all others are compared with it\n"
    "  --threshold-range LO:HI   threshold probabilities that patients and doctors may hold, as 0.05:0.4; the\n"
    "                        decision curve's range is a clinical argument, so there is no default\n"
    "  --threshold T         operating point stated beforehand: T for all, or NAME=T,NAME=T\n"
    "  --threshold-from SET  choose it on this set; default: train, when there is one\n"
    "  --threshold-rule R    youden (default), closest, sens:0.95, spec:0.9; youden:COST:PREVALENCE, closest:COST:PREVALENCE:\n"
    "                        where a missed event costs COST false alarms\n"
    "  --partial-auc R       spec:0.8:1 or sens:0.9:1: area over that range too, plain and by McClish\n"
    "  --proportions M       intervals of rates: wilson (default), clopper-pearson, jeffreys\n"
    "  --paired M            intervals of paired differences of rates: tango (default), newcombe\n"
    "  --patient-rule R      a patient's several rows: mean (default), max, or none (rows are the cases)\n"
    "  --cluster NAME        rows are the cases, and those of one cluster (patient) belong together\n"
    "  --boot N --seed S     bootstrap replicates (default 2000; 0: none) and their seed (default 1)\n"
    "  --boot-interval M     of AUCs and their differences: percentile (default; type 7), bca\n"
    "  --smoother M          of calibration curves: loess, loess-direct, lowess, rcs; default: loess up to 5000 cases, then rcs\n"
    "  --groups G            of risk, for Hosmer-Lemeshow and the plot (default 10)\n"
    "  --clamp               risks of exactly 0 or 1 become 1e-8 and 1 - 1e-8, and are counted; without it their set has no\n"
    "                        calibration\n"
    "  --prevalence P        of the population meant: PPV, NPV and net benefit are given for it\n"
    "  --characteristics COL,...   the table of patients: columns by outcome, with tests (Wilcoxon, Welch; chi-square, Fisher);\n"
    "                        up to 6 distinct numbers count as categories\n"
    "  --subgroup COL        by a column's levels, or COL:50:65 for a number; may be repeated\n"
    "  --reads CSV           readers: reader, case, call, optionally group and assisted\n"
    "  --recalibrate M       intercept, platt, isotonic, temperature: fitted on train, shown beside the original\n"
    "  --claim NAME          judge the claim that this model is best; default: the one with the highest AUC\n"
    "  --margin D            non-inferiority margin, in AUC, accuracy, sensitivity and specificity\n"
    "  --reclassification OLD,NEW[:CUT...]   NRI and IDI, with their criticism; categories parted by CUTs, or by OLD's threshold\n"
    "  --dca-ties ge|gt      risk >= t is treated (default, dcurves), or risk > t (rmda)\n" SN_TABLE_HELP;

enum {
    SCORE = 's', RANGE = 'r', THRESHOLD = 't', FROM = 'f', RULE = 'R', PATIENT = 'P', BOOT = 'b', SEED = 'S', PREVALENCE = 'v',
    TRAITS = 'h', PAUC = 'a', PROPORTIONS = 'w', PAIRED = 'q', INTERVAL = 'B', SMOOTHER = 'l', GROUPS = 'G', CLAMP = 'x',
    MODEL = 'M', SUBGROUP = 'g', READS = 'd', RECALIBRATE = 'c', CLAIM = 'C', MARGIN = 'm', RECLASS = 'n', TIES = 'i', OUTPUT = 'o'
};

static const struct sn_opt opts[] = {
    { "--model", MODEL, true },
    { "--score", SCORE, true },           { "--threshold-range", RANGE, true },
    { "--threshold", THRESHOLD, true },   { "--threshold-from", FROM, true },
    { "--threshold-rule", RULE, true },   { "--partial-auc", PAUC, true },
    { "--proportions", PROPORTIONS, true }, { "--paired", PAIRED, true },
    { "--boot-interval", INTERVAL, true }, { "--smoother", SMOOTHER, true },
    { "--groups", GROUPS, true },         { "--clamp", CLAMP, false },
    { "--characteristics", TRAITS, true },
    { "--patient-rule", PATIENT, true },  { "--boot", BOOT, true },
    { "--seed", SEED, true },             { "--prevalence", PREVALENCE, true },
    { "--subgroup", SUBGROUP, true },     { "--reads", READS, true },
    { "--recalibrate", RECALIBRATE, true }, { "--claim", CLAIM, true },
    { "--margin", MARGIN, true },         { "--reclassification", RECLASS, true },
    { "--dca-ties", TIES, true },         { "-o,--output", OUTPUT, true },
    SN_TABLE_OPTIONS,                     { NULL, 0, false },
};

/* ---- options ------------------------------------------------------------------------------------------ */

static bool read_rule(const struct sn_args *a, struct sn_eval_options *o)
{
    static const struct {
        const char *name;
        enum sn_cut_kind kind;
    } rules[] = { { "youden", SN_CUT_YOUDEN }, { "closest", SN_CUT_CLOSEST }, { "sens", SN_CUT_SENSITIVITY }, { "spec", SN_CUT_SPECIFICITY } };
    size_t n = strcspn(a->value, ":");
    const char *rest = a->value[n] ? a->value + n + 1 : NULL;

    for (size_t k = 0; k < SN_COUNT(rules); k++) {
        struct sn_cut_rule c = { .kind = rules[k].kind };
        bool target = c.kind == SN_CUT_SENSITIVITY || c.kind == SN_CUT_SPECIFICITY, good;

        if (strlen(rules[k].name) != n || strncmp(a->value, rules[k].name, n) != 0)
            continue;
        good = target ? rest && sn_parse_double(rest, &c.target) && c.target >= 0 && c.target <= 1
                      : !rest || (sn_parse_pair(rest, &c.cost, &c.prevalence) && c.cost > 0 && c.prevalence > 0 && c.prevalence < 1);
        o->cut = c;
        if (good)
            return true;
    }
    (void)sn_args_usage(a, "--threshold-rule is youden, closest, either with :COST:PREVALENCE, or sens:X or spec:X with X from 0 to 1, not '%s'", a->value);
    return false;
}

static bool read_pauc(const struct sn_args *a, struct sn_eval_options *o)
{
    o->pauc.sensitivity = strncmp(a->value, "sens:", 5) == 0;
    o->has_pauc = (o->pauc.sensitivity || strncmp(a->value, "spec:", 5) == 0) && sn_parse_pair(a->value + 5, &o->pauc.from, &o->pauc.to) && o->pauc.from >= 0 &&
                  o->pauc.from < o->pauc.to && o->pauc.to <= 1;
    if (!o->has_pauc)
        (void)sn_args_usage(a, "--partial-auc is sens:LO:HI or spec:LO:HI with 0 <= LO < HI <= 1, not '%s'", a->value);
    return o->has_pauc;
}

/* Index of the value among words separated by '|'; -1 after a usage error. */
static int one_of(const struct sn_args *a, const char *name, const char *words)
{
    const char *p = words;

    for (int k = 0; *p; k++) {
        size_t n = strcspn(p, "|");

        if (strlen(a->value) == n && strncmp(a->value, p, n) == 0)
            return k;
        p += n + (p[n] == '|');
    }
    (void)sn_args_usage(a, "%s is one of %s, not '%s'", name, words, a->value);
    return -1;
}

static bool read_number(const struct sn_args *a, const char *name, double lo, double hi, double *v)
{
    if (sn_parse_double(a->value, v) && *v > lo && *v < hi)
        return true;
    (void)sn_args_usage(a, "%s needs a number between %g and %g, found '%s'", name, lo, hi, a->value);
    return false;
}

/* Options with a word from a list, and what belongs to them; false after a usage error. */
static bool take_word(struct sn_args *a, struct sn_eval_options *o, int c)
{
    int k;

    switch (c) {
    case PATIENT:
        k = one_of(a, "--patient-rule", "mean|max|none");
        o->patient = (enum sn_patient_rule)k;
        return k >= 0;
    case PROPORTIONS:
        k = one_of(a, "--proportions", "wilson|clopper-pearson|jeffreys");
        o->proportions = (enum sn_proportion_method)k;
        return k >= 0;
    case PAIRED:
        k = one_of(a, "--paired", "tango|newcombe");
        o->newcombe = k == 1;
        return k >= 0;
    case INTERVAL:
        k = one_of(a, "--boot-interval", "percentile|bca");
        o->bca = k == 1;
        return k >= 0;
    case SMOOTHER:
        o->has_smoother = sn_smoother_parse(a->value, &o->smoother);
        return o->has_smoother || one_of(a, "--smoother", "loess|loess-direct|lowess|rcs") >= 0;
    default:
        return sn_dca_tie_parse(a->value, &o->tie) || one_of(a, "--dca-ties", "ge|gt") >= 0;
    }
}

/* One option; false after a usage error. */
static bool take(struct sn_args *a, struct sn_eval_options *o, int c)
{
    long n;
    int mapped = sn_table_option(&o->names, c, a->value);

    if (mapped < 0)
        (void)sn_args_usage(a, "--encoding is utf-8 or gb18030, not '%s'", a->value);
    if (mapped)
        return mapped > 0;
    switch (c) {
    case MODEL:
        if (o->n_models == SN_EVAL_FITTED) {
            (void)sn_args_usage(a, "at most %d --model", SN_EVAL_FITTED);
            return false;
        }
        o->models[o->n_models++] = a->value;
        return true;
    case SCORE: o->scores = a->value; return true;
    case RANGE: return sn_args_threshold_range(a, &o->range_lo, &o->range_hi);
    case THRESHOLD: o->threshold = a->value; return true;
    case FROM: o->threshold_from = a->value; return true;
    case RULE: return read_rule(a, o);
    case PAUC: return read_pauc(a, o);
    case PATIENT:
    case PROPORTIONS:
    case PAIRED:
    case INTERVAL:
    case SMOOTHER:
    case TIES: return take_word(a, o, c);
    case GROUPS:
        if (!sn_args_int(a, "--groups", 2, SN_EVAL_GROUPS, &n))
            return false;
        o->groups = (int)n;
        return true;
    case CLAMP: o->extreme = SN_EXTREME_CLAMP; return true;
    case BOOT: return sn_args_replicates(a, &o->boot);
    case SEED: return sn_args_seed(a, &o->seed);
    case PREVALENCE: return read_number(a, "--prevalence", 0, 1, &o->prevalence);
    case MARGIN: return read_number(a, "--margin", 0, 1, &o->margin);
    case SUBGROUP:
        if (o->n_subgroups == SN_EVAL_SUBGROUPS) {
            (void)sn_args_usage(a, "at most %d --subgroup", SN_EVAL_SUBGROUPS);
            return false;
        }
        o->subgroups[o->n_subgroups++] = a->value;
        return true;
    case READS: o->reads = a->value; return true;
    case RECALIBRATE: o->recalibrate = a->value; return true;
    case TRAITS: o->characteristics = a->value; return true;
    case CLAIM: o->claim = a->value; return true;
    case RECLASS: o->reclass = a->value; return true;
    case OUTPUT: o->dir = a->value; return true;
    case '.':
        if (!o->path) {
            o->path = a->value;
            return true;
        }
        (void)sn_args_usage(a, "one table, found another: '%s'", a->value);
        return false;
    default: return false;
    }
}

/* What must be there; 0, or the exit code. */
static int complete(const struct sn_args *a, const struct sn_eval_options *o)
{
    if (!o->path)
        return sn_args_usage(a, "give a table of predictions");
    if (!o->scores && !o->n_models)
        return sn_args_usage(a, "--score or --model is missing: what is to be judged");
    if (!o->dir)
        return sn_args_usage(a, "-o DIR is missing");
    if (o->range_hi == 0)
        return sn_args_usage(a, "--threshold-range is missing: which threshold probabilities are held in practice, as 0.05:0.4");
    if (o->threshold && o->threshold_from)
        return sn_args_usage(a, "either --threshold or --threshold-from");
    return 0;
}

/* ---- the job -------------------------------------------------------------------------------------------- */

static int summary(const struct sn_args *a, const struct sn_eval *e, struct sn_buf *b, struct sn_error *err)
{
    struct sn_json w;

    if (a->common.json) {
        sn_json_init(&w, 0);
        sn_eval_json(e, &w);
        *b = w.buf;
        sn_buf_puts(b, "\n");
    } else if (!a->common.quiet) {
        sn_eval_text(e, b);
    }
    return b->failed ? SN_NOMEM(err, "the summary") : SN_OK;
}

static int run(const struct sn_args *a, const struct sn_eval_options *o, struct sn_error *err)
{
    struct sn_eval_data d = { .n = 0 };
    struct sn_eval e = { .o = NULL };
    struct sn_pool *pool = NULL;
    struct sn_buf say = { 0 };
    int rc;

    SN_TRY(sn_cli_pool(&a->common, &pool, err));
    SN_TRY_OUT(sn_eval_load(&d, o, err));
    if (d.table.encoding == SN_ENCODING_GB18030)
        sn_note(a, "%s: read as GB 18030", d.table.file);
    SN_TRY_OUT(sn_eval_run(&e, o, &d, pool, err));
    SN_TRY_OUT(summary(a, &e, &say, err));
    SN_TRY_OUT(sn_eval_write(&e, err));
    if (say.len)
        (void)fwrite(say.data, 1, say.len, stdout);
out:
    sn_buf_free(&say);
    sn_eval_free(&e);
    sn_eval_data_free(&d);
    sn_pool_free(pool);
    return rc;
}

int sn_cmd_evaluate(int argc, char **argv)
{
    struct sn_eval_options o = { .names = SN_TABLE_NAMES_DEFAULT, .boot = 2000, .seed = 1, .prevalence = (double)NAN, .margin = (double)NAN, .groups = 10 };
    struct sn_error err = { 0 };
    struct sn_args a;
    struct sn_fpenv env;
    int c, rc;

    sn_args_init(&a, help, opts, argc, argv);
    while ((c = sn_args_next(&a)) != 0) {
        if (c == '!')
            return sn_args_exit(&a);
        if (!take(&a, &o, c))
            return 2;
    }
    c = complete(&a, &o);
    if (c)
        return c;
    sn_fp_enter(&env);
    rc = run(&a, &o, &err);
    sn_fp_leave(&env);
    return sn_report(&a, rc, &err);
}
