/* cmd_readers.c: `sentinode readers`, people against the model and with it. */
#include "tools/cli.h"
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
    "  --boot N, --seed S bootstrap replicates (2000), 0: none; seed (1)\n"
    "  -o DIR             writes results.json, readers.csv, roc.svg and, with --dca, decision_curve.csv\n";

enum { PREDICTIONS = 'p', SCORE = 's', THRESHOLD = 't', MARGIN = 'm', BINARY = 'b', DCA = 'd', KEY = 'k', OUTCOME = 'O', CLUSTER = 'c', BOOT = 'B', SEED = 'S', OUTPUT = 'o' };

static const struct sn_opt opts[] = {
    { "--predictions", PREDICTIONS, true }, { "--score", SCORE, true },     { "--threshold", THRESHOLD, true }, { "--margin", MARGIN, true },
    { "--binary-auc", BINARY, false },      { "--dca", DCA, true },         { "--key", KEY, true },             { "--outcome", OUTCOME, true },
    { "--cluster", CLUSTER, true },         { "--boot", BOOT, true },       { "--seed", SEED, true },           { "-o,--output", OUTPUT, true },
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
    long n = 0;

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
    case BOOT:
        if (!sn_args_int(&j->args, "--boot", 0, 1000000, &n))
            return false;
        o->boot = (size_t)n;
        return true;
    default:
        if (!sn_args_int(&j->args, "--seed", 0, INT32_MAX, &n))
            return false;
        o->seed = (uint64_t)n;
        return true;
    }
}

static int write_file(const char *dir, const char *name, const struct sn_buf *b, struct sn_error *err)
{
    struct sn_buf path = { 0 };
    int rc;

    sn_buf_printf(&path, "%s/%s", dir, name);
    rc = path.failed || b->failed ? SN_NOMEM(err, name) : sn_file_write(path.data, b->data, b->len, err);
    sn_buf_free(&path);
    return rc;
}

static int write_all(const struct job *j, const struct sn_reads *s, const struct sn_readers_results *r, const struct sn_json *w,
                     struct sn_error *err)
{
    struct sn_buf svg = { 0 };
    int rc;

    SN_TRY(sn_mkdirs(j->out, err));
    SN_TRY(sn_readers_write_csv(s, r, j->out, err));
    sn_readers_svg(&svg, s, &j->opt, r);
    rc = write_file(j->out, "roc.svg", &svg, err);
    sn_buf_free(&svg);
    return rc ? rc : write_file(j->out, "results.json", &w->buf, err);
}

static int run(struct job *j, struct sn_error *err)
{
    struct sn_pool *pool = NULL;
    struct sn_readers_results r = { .n_r = 0 };
    struct sn_reads s;
    struct sn_json w;
    int rc;

    SN_TRY(sn_reads_load(&s, &j->opt, err));
    sn_json_init(&w, 1);
    SN_TRY_OUT(sn_cli_pool(&j->args.common, &pool, err));
    SN_TRY_OUT(sn_readers_analyse(&s, &j->opt, pool, &r, err));
    SN_TRY_OUT(sn_readers_json(&s, &j->opt, &r, &w, err));
    if (j->out)
        SN_TRY_OUT(write_all(j, &s, &r, &w, err));
    if (j->args.common.json)
        (void)printf("%s\n", w.buf.data);
    else if (!j->args.common.quiet)
        sn_readers_say(&s, &j->opt, &r);
out:
    sn_readers_results_free(&r);
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
