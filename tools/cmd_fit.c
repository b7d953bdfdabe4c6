/* cmd_fit.c: a logistic model from a table. */
#include "tools/cli.h"
#include "tools/fit.h"
#include "tools/html.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: sentinode fit TABLE.csv --terms TERMS [-o model.json] [options]\n"
    "\n"
    "Fits a logistic model and says what it is worth: univariable and multivariable tables of odds ratios (profile-likelihood\n"
    "and Wald intervals, Wald and likelihood-ratio tests), VIF, AIC, BIC, R2, optimism by bootstrap, Riley's sample size.\n"
    "Separation is an error that names the term. The model feeds predict, nomogram and evaluate.\n"
    "\n"
    "  --terms TERMS     \"dl_sig, age, rcs(size, 3), factor(grade, 1), us_node * her2\": columns; rcs: restricted\n"
    "                    cubic spline with so many knots; factor: categories, with the reference; *: interaction\n"
    "  --where COL=VAL   only rows with this text in that column (set=train); repeatable\n"
    "  --split SHARE     fit that share of the rows (0.7), drawn at random within each outcome\n"
    "  --split-out FILE  the table with a column that says train or test\n"
    "  --all-rows        keep all rows of a patient; default: they must agree, and count once\n"
    "  --firth           Firth's penalised likelihood: small samples, rare categories, separation\n"
    "  --flic, --flac    the same, with risks whose mean is right\n"
    "  --lasso min|1se   LASSO; lambda by cross-validation (--folds N, default 10)\n"
    "  --select p|aic    backward elimination (--p-out P, default 0.05); not recommended, and the output says why\n"
    "  --screen P        only terms with univariable p below P; not recommended either\n"
    "  --boot N          bootstrap replicates for the optimism (default 200; 0: none)\n"
    "  --threshold-range LO:HI   net benefit of the model over these threshold probabilities: on the cases fitted,\n"
    "                    corrected for optimism, and cross-validated (--folds, 20 times)\n"
    "  --seed S          of split, folds and bootstrap (default 1)\n"
    "  --level L         of the intervals (default 0.95)\n"
    "  --no-univariable  leave the one-term-at-a-time table out\n"
    "  --cluster NAME    column whose equal rows the bootstrap draws together; implies --all-rows\n"
    "  -o FILE           the model\n" SN_TABLE_HELP;

enum {
    RANGE = 'R', TERMS = 't', WHERE = 'w', SPLIT = 's', SPLIT_OUT = 'S', ALL = 'a', FIRTH = 'f', FLIC = 'i', FLAC = 'c', LASSO = 'l', FOLDS = 'k',
    SELECT = 'b', P_OUT = 'p', SCREEN = 'u', BOOT = 'n', SEED = 'r', LEVEL = 'L', NO_UNI = 'U', OUTPUT = 'o'
};

static const struct sn_opt opts[] = {
    SN_TABLE_OPTIONS,
    { "--terms", TERMS, true }, { "--where", WHERE, true }, { "--split", SPLIT, true }, { "--split-out", SPLIT_OUT, true },
    { "--all-rows", ALL, false }, { "--firth", FIRTH, false }, { "--flic", FLIC, false }, { "--flac", FLAC, false }, { "--lasso", LASSO, true },
    { "--folds", FOLDS, true }, { "--select", SELECT, true }, { "--p-out", P_OUT, true }, { "--screen", SCREEN, true }, { "--boot", BOOT, true },
    { "--seed", SEED, true }, { "--level", LEVEL, true }, { "--threshold-range", RANGE, true }, { "--no-univariable", NO_UNI, false }, { "-o,--output", OUTPUT, true }, { NULL, 0, false },
};

struct job {
    struct sn_args args;
    struct sn_fit_options o;
    const char *model, *split_out;
};

static int print_json(const struct sn_fit_report *r, struct sn_error *err)
{
    const struct sn_logistic *m = &r->d->design.model;
    struct sn_json w;
    int rc;

    sn_json_init(&w, 2);
    sn_json_object(&w);
    sn_json_kv(&w, "format", "sentinode-fit");
    sn_json_kv_int(&w, "version", 1);
    sn_json_kv_bool(&w, "research_use_only", true);
    sn_json_kv(&w, "notice", SN_RESEARCH_NOTICE);
    sn_json_key(&w, "model");
    sn_json_object(&w);
    sn_json_kv_number(&w, "intercept", r->beta[0]);
    for (size_t t = 0; t < m->n_terms; t++)
        if (r->beta[t + 1] != 0)
            sn_json_kv_number(&w, m->terms[t].name, r->beta[t + 1]);
    sn_json_end_object(&w);
    sn_fit_json(&w, r);
    sn_json_end_object(&w);
    rc = w.buf.failed ? SN_NOMEM(err, "the report") : SN_OK;
    if (!rc)
        (void)printf("%s\n", w.buf.data);
    sn_json_free(&w);
    return rc;
}

static int run(struct job *j, struct sn_error *err)
{
    struct sn_fit_data d = { 0 };
    struct sn_fit_report r = { 0 };
    struct sn_pool *pool = NULL;
    int rc;

    SN_TRY_OUT(sn_fit_read(&j->o, &d, err));
    if (j->o.boot || j->o.range_hi > 0)
        SN_TRY_OUT(sn_cli_pool(&j->args.common, &pool, err));
    SN_TRY_OUT(sn_fit_run(&j->o, &d, pool, &r, err));
    if (j->model)
        SN_TRY_OUT(sn_fit_write_model(&r, j->model, err));
    if (j->split_out)
        SN_TRY_OUT(sn_fit_write_split(&r, j->split_out, err));
    if (j->args.common.json)
        SN_TRY_OUT(print_json(&r, err));
    else
        sn_fit_print(&r);
    for (size_t i = 0; j->args.common.json && i < r.n_warnings; i++)
        sn_note(&j->args, "%s", r.warning[i]);
out:
    sn_pool_free(pool);
    sn_fit_report_free(&r);
    sn_fit_data_free(&d);
    return rc;
}

/* A number within (lo, hi), or hi itself when `closed`. */
static bool share(struct job *j, const char *name, double hi, double *v)
{
    if (sn_parse_double(j->args.value, v) && *v > 0 && *v < hi)
        return true;
    (void)sn_args_usage(&j->args, "%s is a number between 0 and %g, not '%s'", name, hi, j->args.value);
    return false;
}

/* 0, or the exit code of a usage error. */
static int numeric_option(struct job *j, int opt)
{
    long v;

    switch (opt) {
    case SPLIT: return share(j, "--split", 1, &j->o.split) ? 0 : 2;
    case P_OUT: return share(j, "--p-out", 1, &j->o.recipe.limit) ? 0 : 2;
    case SCREEN: return share(j, "--screen", 1, &j->o.recipe.screen) ? 0 : 2;
    case LEVEL: return share(j, "--level", 1, &j->o.level) ? 0 : 2;
    case FOLDS:
        if (!sn_args_int(&j->args, "--folds", 3, 1000, &v))
            return 2;
        j->o.recipe.folds = (size_t)v;
        return 0;
    case BOOT: return sn_args_replicates(&j->args, &j->o.boot) ? 0 : 2;
    default: return sn_args_seed(&j->args, &j->o.seed) ? 0 : 2;
    }
}

static int choice(struct job *j, const char *name, const char *a, enum sn_selection is_a, const char *b, enum sn_selection is_b)
{
    if (j->o.recipe.rule != SN_SELECT_NONE)
        return sn_args_usage(&j->args, "one of --lasso and --select, once");
    if (strcmp(j->args.value, a) == 0)
        j->o.recipe.rule = is_a;
    else if (strcmp(j->args.value, b) == 0)
        j->o.recipe.rule = is_b;
    else
        return sn_args_usage(&j->args, "%s is %s or %s, not '%s'", name, a, b, j->args.value);
    return 0;
}

static int option(struct job *j, int opt)
{
    struct sn_fit_options *o = &j->o;
    int taken = sn_table_option(&o->names, opt, j->args.value);

    if (taken)
        return taken > 0 ? 0 : sn_args_usage(&j->args, "--encoding does not know '%s'", j->args.value);
    switch (opt) {
    case TERMS: o->terms = j->args.value; return 0;
    case WHERE:
        if (o->n_where == SN_FIT_MAX_WHERE)
            return sn_args_usage(&j->args, "at most %d times --where", SN_FIT_MAX_WHERE);
        o->where[o->n_where++] = j->args.value;
        return 0;
    case SPLIT_OUT: j->split_out = j->args.value; return 0;
    case ALL: o->all_rows = true; return 0;
    case FIRTH: o->firth = true; return 0;
    case FLIC: o->firth = true; o->recipe.correction = SN_PREDICT_FLIC; return 0;
    case FLAC: o->firth = true; o->recipe.correction = SN_PREDICT_FLAC; return 0;
    case LASSO: return choice(j, "--lasso", "min", SN_SELECT_LASSO_MIN, "1se", SN_SELECT_LASSO_1SE);
    case SELECT: return choice(j, "--select", "p", SN_SELECT_P, "aic", SN_SELECT_AIC);
    case RANGE: return sn_args_threshold_range(&j->args, &o->range_lo, &o->range_hi) ? 0 : 2;
    case NO_UNI: o->univariable = false; return 0;
    case OUTPUT: j->model = j->args.value; return 0;
    case '.':
        if (o->file)
            return sn_args_usage(&j->args, "one table, found another: '%s'", j->args.value);
        o->file = j->args.value;
        return 0;
    default: return numeric_option(j, opt);
    }
}

int sn_cmd_fit(int argc, char **argv)
{
    struct job j = { .o = { .names = SN_TABLE_NAMES_DEFAULT, .univariable = true, .boot = 200, .seed = 1, .level = 0.95,
                            .recipe = { .limit = 0.05, .folds = 10 } } };
    struct sn_error err = { 0 };
    int opt, code;

    sn_args_init(&j.args, help, opts, argc, argv);
    while ((opt = sn_args_next(&j.args)) != 0) {
        if (opt == '!')
            return sn_args_exit(&j.args);
        code = option(&j, opt);
        if (code)
            return code;
    }
    if (!j.o.file || !j.o.terms)
        return sn_args_usage(&j.args, "a table and --terms are needed");
    if (j.o.firth && j.o.recipe.rule >= SN_SELECT_LASSO_MIN)
        return sn_args_usage(&j.args, "one penalty: --firth or --lasso");
    if (j.split_out && !(j.o.split > 0))
        return sn_args_usage(&j.args, "--split-out needs --split");
    return sn_report(&j.args, run(&j, &err), &err);
}
