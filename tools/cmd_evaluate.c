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
    "  --model NAME=FILE     a model of `fit`, applied to the table's columns; may be repeated\n"
    "  --score NAMES         columns of risks or scores, higher = positive. The first model, or else score, is the one\n"
    "                        judged; all others are compared with it\n"
    "  --threshold-range LO:HI   threshold probabilities that patients and doctors may hold, as 0.05:0.4; the\n"
    "                        decision curve's range is a clinical argument, so there is no default\n"
    "  --threshold T         operating point stated beforehand: T for all, or NAME=T,NAME=T\n"
    "  --threshold-from SET  choose it on this set; default: train, when there is one\n"
    "  --threshold-rule R    youden (default), closest, sens:0.95, spec:0.9\n"
    "  --positive TEXT       the outcome that counts as the event, when the column is not 0/1\n"
    "  --patient-rule R      a patient's several rows: mean (default), max, or none (rows are the cases)\n"
    "  --cluster NAME        rows are the cases, and those of one cluster (patient) belong together\n"
    "  --boot N --seed S     bootstrap replicates (default 2000; 0: none) and their seed (default 1)\n"
    "  --prevalence P        of the population meant: PPV, NPV and net benefit are given for it\n"
    "  --subgroup COL        by a column's levels, or COL:50:65 for a number; may be repeated\n"
    "  --reads CSV           readers: reader, case, call, optionally group and assisted\n"
    "  --recalibrate M       intercept, platt, isotonic, temperature: fitted on train, shown beside the original\n"
    "  --claim NAME          judge the claim that this model is best; default: the one with the highest AUC\n"
    "  --margin D            non-inferiority margin in AUC\n"
    "  --reclassification OLD,NEW   NRI and IDI, with their criticism\n"
    "  --dca-ties ge|gt      risk >= t is treated (default, dcurves), or risk > t (rmda)\n" SN_TABLE_HELP;

enum {
    SCORE = 's', RANGE = 'r', THRESHOLD = 't', FROM = 'f', RULE = 'R', POSITIVE = 'p', PATIENT = 'P', BOOT = 'b', SEED = 'S', PREVALENCE = 'v',
    MODEL = 'M', SUBGROUP = 'g', READS = 'd', RECALIBRATE = 'c', CLAIM = 'C', MARGIN = 'm', RECLASS = 'n', TIES = 'i', OUTPUT = 'o'
};

static const struct sn_opt opts[] = {
    { "--model", MODEL, true },
    { "--score", SCORE, true },           { "--threshold-range", RANGE, true },
    { "--threshold", THRESHOLD, true },   { "--threshold-from", FROM, true },
    { "--threshold-rule", RULE, true },   { "--positive", POSITIVE, true },
    { "--patient-rule", PATIENT, true },  { "--boot", BOOT, true },
    { "--seed", SEED, true },             { "--prevalence", PREVALENCE, true },
    { "--subgroup", SUBGROUP, true },     { "--reads", READS, true },
    { "--recalibrate", RECALIBRATE, true }, { "--claim", CLAIM, true },
    { "--margin", MARGIN, true },         { "--reclassification", RECLASS, true },
    { "--dca-ties", TIES, true },         { "-o,--output", OUTPUT, true },
    SN_TABLE_OPTIONS,                     { NULL, 0, false },
};

/* ---- options ------------------------------------------------------------------------------------------ */

static bool read_range(const struct sn_args *a, struct sn_eval_options *o)
{
    size_t n = strcspn(a->value, ":");

    if (a->value[n] && sn_parse_double_n(a->value, n, &o->range_lo) && sn_parse_double(a->value + n + 1, &o->range_hi) && o->range_lo >= 0 &&
        o->range_hi > o->range_lo && o->range_hi < 1)
        return true;
    (void)sn_args_usage(a, "--threshold-range needs LO:HI with 0 <= LO < HI < 1, as 0.05:0.4, found '%s'", a->value);
    return false;
}

static bool read_rule(const struct sn_args *a, struct sn_eval_options *o)
{
    bool sens = strncmp(a->value, "sens:", 5) == 0, spec = strncmp(a->value, "spec:", 5) == 0;

    if (strcmp(a->value, "youden") == 0 || strcmp(a->value, "closest") == 0) {
        o->cut.kind = a->value[0] == 'y' ? SN_CUT_YOUDEN : SN_CUT_CLOSEST;
        return true;
    }
    o->cut.kind = sens ? SN_CUT_SENSITIVITY : SN_CUT_SPECIFICITY;
    if ((sens || spec) && sn_parse_double(a->value + 5, &o->cut.target) && o->cut.target >= 0 && o->cut.target <= 1)
        return true;
    (void)sn_args_usage(a, "--threshold-rule is youden, closest, sens:X or spec:X with X from 0 to 1, not '%s'", a->value);
    return false;
}

static bool read_number(const struct sn_args *a, const char *name, double lo, double hi, double *v)
{
    if (sn_parse_double(a->value, v) && *v > lo && *v < hi)
        return true;
    (void)sn_args_usage(a, "%s needs a number between %g and %g, found '%s'", name, lo, hi, a->value);
    return false;
}

static bool read_patient_rule(const struct sn_args *a, struct sn_eval_options *o)
{
    static const char *const rule[] = { "mean", "max", "none" };

    for (int i = 0; i < 3; i++)
        if (strcmp(a->value, rule[i]) == 0) {
            o->patient = (enum sn_patient_rule)i;
            return true;
        }
    (void)sn_args_usage(a, "--patient-rule is mean, max or none, not '%s'", a->value);
    return false;
}

/* One option; false after a usage error. */
static bool take(struct sn_args *a, struct sn_eval_options *o, int c)
{
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
    case RANGE: return read_range(a, o);
    case THRESHOLD: o->threshold = a->value; return true;
    case FROM: o->threshold_from = a->value; return true;
    case RULE: return read_rule(a, o);
    case POSITIVE: o->positive = a->value; return true;
    case PATIENT: return read_patient_rule(a, o);
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
    case CLAIM: o->claim = a->value; return true;
    case RECLASS: o->reclass = a->value; return true;
    case TIES:
        o->ties_gt = strcmp(a->value, "gt") == 0;
        if (o->ties_gt || strcmp(a->value, "ge") == 0)
            return true;
        (void)sn_args_usage(a, "--dca-ties is ge or gt, not '%s'", a->value);
        return false;
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
    struct sn_eval_options o = { .names = SN_TABLE_NAMES_DEFAULT, .boot = 2000, .seed = 1, .prevalence = (double)NAN, .margin = (double)NAN };
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
