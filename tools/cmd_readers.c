/* cmd_readers.c: `sentinode readers`, people against the model and with it. */
#include "tools/cli.h"
#include "tools/outputs.h"
#include "tools/readers.h"

#include <math.h>
#include <stdio.h>

static const char help[] =
    "usage: sentinode readers READS.csv [--predictions PRED.csv --score NAME --threshold T] [-o DIR]\n"
    "\n"
    "What readers make of the cases, alone, in groups, with and without assistance, and against a model: rates with\n"
    "intervals, McNemar, the model at the reader's own sensitivity and specificity, agreement (kappa, AC1), DeLong where\n"
    "readers gave scores, multi-reader analysis (Obuchowski-Rockette, Hillis). Holm's p beside the raw one. Research use only.\n"
    "\n"
    "  READS.csv          columns reader, case, call (0/1); optional group (senior, junior), assisted (0/1), score\n"
    "                     (higher: more suspicious), outcome (0/1) where there are no predictions\n"
    "  --predictions CSV  the model: columns case, outcome and the score's; as predict writes it\n"
    "  --score NAME       the model's column (risk)\n"
    "  --threshold T      the model's frozen cut: score >= T is positive; without it no McNemar against the model\n"
    "  --margin D         non-inferiority of the model by a difference of D in accuracy, sensitivity, specificity\n"
    "  --binary-auc       compare AUCs also where readers gave only calls; they are low against a score\n"
    "  --dca LO:HI[:STEP] decision curves over these thresholds (step 0.01), readers as fixed calls\n"
    "  --key NAME         column that names a case in both tables (case); patient: predictions of several images, one risk\n"
    "  --outcome NAME, --cluster NAME   columns (outcome, patient); bootstrap draws whole clusters\n"
    "  --encoding E       utf-8 or gb18030; default: found out from the bytes\n"
    "  --boot N, --seed S bootstrap replicates (2000), 0: none; seed (1)\n"
    "  -o DIR             writes results.json, readers.csv, roc.svg and, with --dca, decision_curve.csv and .svg\n";

enum { PREDICTIONS = 'p', SCORE = 's', THRESHOLD = 't', MARGIN = 'm', BINARY = 'b', DCA = 'd', KEY = 'k', OUTCOME = 'O', CLUSTER = 'c', BOOT = 'B', SEED = 'S', OUTPUT = 'o', ENCODING = 'e' };

static const struct sn_opt opts[] = {
    { "--predictions", PREDICTIONS, true }, { "--score", SCORE, true },     { "--threshold", THRESHOLD, true }, { "--margin", MARGIN, true },
    { "--binary-auc", BINARY, false },      { "--dca", DCA, true },         { "--key", KEY, true },             { "--outcome", OUTCOME, true },
    { "--cluster", CLUSTER, true },         { "--boot", BOOT, true },       { "--seed", SEED, true },           { "-o,--output", OUTPUT, true },
    { "--encoding", ENCODING, true },
    { NULL, 0, false },
};

struct job {
    struct sn_args args;
    struct sn_readers_options opt;
    const char *out;
};

/* "LO:HI" or "LO:HI:STEP" */
static bool range(const char *text, struct sn_readers_options *o)
{
    double v[3] = { NAN, NAN, 0.01 };
    int n = 0;

    for (const char *s = text; s && n < 4; n++) {
        size_t len = strcspn(s, ":");

        if (n == 3 || !sn_parse_double_n(s, len, &v[n]))
            return false;
        s = s[len] ? s + len + 1 : NULL;
    }
    o->dca_lo = v[0];
    o->dca_hi = v[1];
    o->dca_step = v[2];
    return n >= 2 && v[0] >= 0 && v[1] < 1 && v[0] < v[1] && v[2] > 0 && (v[1] - v[0]) / v[2] < 10000;
}

static bool number(struct job *j, const char *name, double lo, double hi, double *v)
{
    if (sn_parse_double(j->args.value, v) && *v > lo && *v < hi)
        return true;
    (void)sn_args_usage(&j->args, "%s needs a number, found '%s'", name, j->args.value);
    return false;
}

/* Option c; false after a usage error. */
static bool option(struct job *j, int c)
{
    struct sn_readers_options *o = &j->opt;
    const char *value = j->args.value;

    switch (c) {
    case PREDICTIONS: o->predictions = value; return true;
    case SCORE: o->score = value; return true;
    case KEY: o->key = value; return true;
    case OUTCOME: o->outcome = value; return true;
    case CLUSTER: o->cluster = value; return true;
    case OUTPUT: j->out = value; return true;
    case BINARY: o->binary_auc = true; return true;
    case THRESHOLD: return number(j, "--threshold", -INFINITY, INFINITY, &o->threshold);
    case MARGIN: return number(j, "--margin", 0, 1, &o->margin);
    case DCA:
        if (range(value, o))
            return true;
        (void)sn_args_usage(&j->args, "--dca needs LO:HI or LO:HI:STEP with 0 <= LO < HI < 1, found '%s'", value);
        return false;
    case ENCODING: return sn_args_encoding(&j->args, &o->encoding);
    case BOOT: return sn_args_replicates(&j->args, &o->boot);
    default: return sn_args_seed(&j->args, &o->seed);
    }
}

/* results.json comes last: a folder that has one is complete. */
static int write_all(const struct job *j, const struct sn_reads *s, const struct sn_readers_results *r, struct sn_json *w,
                     struct sn_error *err)
{
    struct sn_outputs files = { 0 };
    struct sn_buf b = { 0 };
    int rc;

    sn_readers_csv(s, r, &b);
    sn_outputs_take(&files, "readers.csv", &b);
    sn_readers_roc_svg(&b, s, &j->opt, r);
    sn_outputs_take(&files, "roc.svg", &b);
    if (r->dca_n && r->dca_ok) {
        sn_readers_dca_csv(s, r, &b);
        sn_outputs_take(&files, "decision_curve.csv", &b);
        sn_readers_dca_svg(&b, s, &j->opt, r);
        sn_outputs_take(&files, "decision_curve.svg", &b);
    }
    sn_outputs_take(&files, "results.json", &w->buf);
    rc = sn_outputs_write(&files, j->out, err);
    sn_outputs_free(&files);
    return rc;
}

static int run(struct job *j, struct sn_error *err)
{
    struct sn_pool *pool = NULL;
    struct sn_readers_results r = { .n_r = 0 };
    struct sn_buf say = { 0 };
    struct sn_reads s;
    struct sn_json w;
    int rc;

    SN_TRY(sn_reads_load(&s, &j->opt, err));
    sn_json_init(&w, 1);
    SN_TRY_OUT(sn_cli_pool(&j->args.common, &pool, err));
    SN_TRY_OUT(sn_readers_analyse(&s, &j->opt, pool, &r, err));
    SN_TRY_OUT(sn_readers_json(&s, &j->opt, &r, &w, err));
    if (j->args.common.json)
        sn_buf_printf(&say, "%s\n", w.buf.data);
    else if (!j->args.common.quiet)
        sn_readers_say(&say, &s, &j->opt, &r);
    if (say.failed)
        rc = SN_NOMEM(err, "the summary");
    if (!rc && j->out)
        SN_TRY_OUT(write_all(j, &s, &r, &w, err));
    if (!rc && say.len)
        (void)fwrite(say.data, 1, say.len, stdout);
out:
    sn_readers_results_free(&r);
    sn_buf_free(&say);
    sn_json_free(&w);
    sn_pool_free(pool);
    sn_reads_free(&s);
    return rc;
}

int sn_cmd_readers(int argc, char **argv)
{
    struct job j = { .opt = { .key = "case", .outcome = "outcome", .score = "risk", .cluster = "patient", .threshold = NAN, .margin = NAN,
                              .dca_lo = NAN, .dca_hi = NAN, .dca_step = NAN, .boot = 2000, .seed = 1, .level = 0.95 } };
    struct sn_error err = { 0 };
    struct sn_fpenv env;
    int c, rc;

    sn_args_init(&j.args, help, opts, argc, argv);
    while ((c = sn_args_next(&j.args)) != 0) {
        if (c == '!')
            return sn_args_exit(&j.args);
        if (c != '.') {
            if (!option(&j, c))
                return 2;
        } else if (j.opt.reads) {
            return sn_args_usage(&j.args, "unexpected argument '%s'", j.args.value);
        } else {
            j.opt.reads = j.args.value;
        }
    }
    if (!j.opt.reads)
        return sn_args_usage(&j.args, "a table of reads is missing");
    if (!j.opt.predictions && (!isnan(j.opt.threshold) || !isnan(j.opt.margin)))
        return sn_args_usage(&j.args, "--threshold and --margin are the model's: --predictions is missing");
    if (!isnan(j.opt.margin) && isnan(j.opt.threshold))
        return sn_args_usage(&j.args, "--margin needs --threshold");
    sn_fp_enter(&env);
    rc = run(&j, &err);
    sn_fp_leave(&env);
    return sn_report(&j.args, rc, &err);
}
