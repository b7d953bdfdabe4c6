/* cmd_nomogram.c: a logistic model as a table of points, a worked sum, and a page to print. */
#include "tools/cli.h"
#include "tools/html.h"
#include "tools/nomogram_svg.h"
#include "tools/pack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: sentinode nomogram [MODEL.json | --pack PACK] [--value NAME=VALUE]... [-o FILE.svg]\n"
    "\n"
    "A logistic model as points, scaled as R's rms::nomogram does: the term that can change the risk most\n"
    "spans 0 to 100 points; the points add up to the risk. Prints the points of each value, the risk of each\n"
    "total, and, with a --value for every column, one patient's sum. Research use only.\n"
    "\n"
    "  --pack PACK          take its model; default: the pack beside or in this program\n"
    "  --value NAME=VALUE   one patient's value of a column (dl_sig: the deep-learning signature)\n"
    "  --axis pretty|data   ends of numeric axes: round values around the range seen in training, as rms does\n"
    "                       (default), or that range itself\n"
    "  -o FILE.svg          the nomogram on one A4 page; with values, the patient is marked on it\n";

enum { PACK = 'p', VALUE = 'v', AXIS = 'a', OUTPUT = 'o' };

static const struct sn_opt opts[] = {
    { "--pack", PACK, true }, { "--value", VALUE, true }, { "--axis", AXIS, true }, { "-o,--output", OUTPUT, true }, { NULL, 0, false },
};

struct job {
    struct sn_args args;
    const char *model, *pack_dir, *svg;
    enum sn_nomogram_range range;
    const char *values[64]; /* "name=value", of argv */
    size_t n_values;
    struct sn_nomogram n;
    const struct sn_logistic *m;
    double *x, *lp;         /* [n_axes] a patient's values (levels: 0) and contributions */
    const char **given;     /* [n_axes] the value's text */
    bool patient;
    double total;
};

/* The patient's contribution on an axis. */
static int contribution(struct job *j, int k, const char *value, struct sn_error *err)
{
    const struct sn_nomogram_axis *a = &j->n.axis[k];

    j->given[k] = value;
    if (!a->factor) {
        if (!sn_parse_double(value, &j->x[k]))
            return SN_FAIL(err, SN_EINVAL, "--value %s: '%.40s' is not a number", a->column, value);
        j->lp[k] = a->coefficient * j->x[k];
        return SN_OK;
    }
    j->lp[k] = 0; /* a level the model does not name is the reference */
    for (int i = 1; i < a->n; i++)
        if (strcmp(a->level[i], value) == 0)
            j->lp[k] = a->lp[i];
    return SN_OK;
}

static int read_patient(struct job *j, struct sn_error *err)
{
    for (size_t i = 0; i < j->n_values; i++) {
        size_t len = strcspn(j->values[i], "=");
        int k = 0;

        if (!j->values[i][len])
            return SN_FAIL(err, SN_EINVAL, "--value needs NAME=VALUE, found '%.60s'", j->values[i]);
        while (k < j->n.n_axes && (strlen(j->n.axis[k].column) != len || strncmp(j->n.axis[k].column, j->values[i], len) != 0))
            k++;
        if (k == j->n.n_axes)
            return SN_FAIL(err, SN_EINVAL, "--value: the model has no column '%.*s'", (int)SN_MIN(len, 60u), j->values[i]);
        SN_TRY(contribution(j, k, j->values[i] + len + 1, err));
    }
    for (int k = 0; k < j->n.n_axes; k++) {
        if (!j->given[k])
            return SN_FAIL(err, SN_EINVAL, "a patient's sum needs a --value for '%.60s' too", j->n.axis[k].column);
        j->total += sn_nomogram_points(&j->n, k, j->lp[k]);
    }
    j->patient = true;
    return SN_OK;
}

/* ---- for people ------------------------------------------------------------------------------ */

static const char *tick_name(const struct sn_nomogram_axis *a, int i, char *buf)
{
    if (!a->factor)
        return sn_format_double(a->value[i], buf);
    return a->level[i] ? a->level[i] : "(any other)";
}

static void print_axes(const struct job *j)
{
    char v[48], p[48];

    for (int k = 0; k < j->n.n_axes; k++) {
        const struct sn_nomogram_axis *a = &j->n.axis[k];

        (void)printf("\n%-24s points\n", a->column);
        for (int i = 0; i < a->n; i++)
            (void)printf("  %-22s %6s\n", tick_name(a, i, v), sn_fixed(a->points[i], 1, p));
    }
}

static void print_risks(const struct job *j)
{
    double first, step;
    int n = sn_pretty(0, j->n.max_points, 10, &first, &step);
    char t[48], r[48];

    (void)printf("\n%-24s risk\n", "total points");
    for (int i = 0; i < n; i++) {
        double total = sn_pretty_value(first, step, i);

        (void)printf("  %-22s %6s\n", sn_format_double(total, t), sn_fixed(sn_nomogram_risk(&j->n, total), 3, r));
    }
}

static void print_sum(const struct job *j)
{
    char p[48], lp[48], r[48];

    if (!j->patient)
        return;
    (void)printf("\nthe sum\n");
    for (int k = 0; k < j->n.n_axes; k++)
        (void)printf("  %-12s = %-8s %6s points\n", j->n.axis[k].column, j->given[k], sn_fixed(sn_nomogram_points(&j->n, k, j->lp[k]), 1, p));
    (void)printf("  %-23s %6s points\n", "total", sn_fixed(j->total, 1, p));
    (void)printf("  log odds %s, risk %s\n", sn_fixed(j->n.intercept + j->total / j->n.scale, 4, lp), sn_fixed(sn_nomogram_risk(&j->n, j->total), 4, r));
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void put_axis(struct sn_json *w, const struct sn_nomogram_axis *a)
{
    sn_json_object(w);
    sn_json_kv(w, "column", a->column);
    sn_json_kv(w, "kind", a->factor ? "factor" : "number");
    sn_json_key(w, "ticks");
    sn_json_array(w);
    for (int i = 0; i < a->n; i++) {
        sn_json_object(w);
        if (a->factor)
            sn_json_kv(w, "level", a->level[i]);
        else
            sn_json_kv_number(w, "value", a->value[i]);
        sn_json_kv_number(w, "lp", a->lp[i]);
        sn_json_kv_number(w, "points", a->points[i]);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
    sn_json_end_object(w);
}

static void put_patient(struct sn_json *w, const struct job *j)
{
    sn_json_key(w, "patient");
    if (!j->patient) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_key(w, "points");
    sn_json_object(w);
    for (int k = 0; k < j->n.n_axes; k++)
        sn_json_kv_number(w, j->n.axis[k].column, sn_nomogram_points(&j->n, k, j->lp[k]));
    sn_json_end_object(w);
    sn_json_kv_number(w, "total", j->total);
    sn_json_kv_number(w, "lp", j->n.intercept + j->total / j->n.scale);
    sn_json_kv_number(w, "risk", sn_nomogram_risk(&j->n, j->total));
    sn_json_end_object(w);
}

static int print_json(const struct job *j, struct sn_error *err)
{
    struct sn_json w;
    int rc = SN_OK;

    sn_json_init(&w, 0);
    sn_json_object(&w);
    sn_json_kv(&w, "outcome", j->m->outcome);
    sn_json_kv_number(&w, "points_per_lp", j->n.scale);
    sn_json_kv_number(&w, "lp_at_zero_points", j->n.intercept);
    sn_json_kv_number(&w, "max_points", j->n.max_points);
    sn_json_key(&w, "axes");
    sn_json_array(&w);
    for (int k = 0; k < j->n.n_axes; k++)
        put_axis(&w, &j->n.axis[k]);
    sn_json_end_array(&w);
    put_patient(&w, j);
    sn_json_kv(&w, "notice", SN_RESEARCH_NOTICE);
    sn_json_end_object(&w);
    if (w.buf.failed)
        rc = SN_NOMEM(err, "the points");
    else
        (void)printf("%s\n", w.buf.data);
    sn_json_free(&w);
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int write_svg(const struct job *j, struct sn_error *err)
{
    struct sn_buf b = { 0 };
    int rc;

    sn_nomogram_svg(&b, &j->n, j->m->outcome, j->patient ? j->lp : NULL);
    rc = b.failed ? SN_NOMEM(err, "the nomogram") : sn_file_write(j->svg, b.data, b.len, err);
    sn_buf_free(&b);
    return rc;
}

static int show(struct job *j, const struct sn_logistic *m, struct sn_error *err)
{
    size_t n;
    int rc;

    j->m = m;
    SN_TRY(sn_nomogram_build(j->m, j->range, &j->n, err));
    n = (size_t)j->n.n_axes;
    j->x = calloc(n, sizeof *j->x);
    j->lp = calloc(n, sizeof *j->lp);
    j->given = calloc(n, sizeof *j->given);
    rc = j->x && j->lp && j->given ? SN_OK : SN_NOMEM(err, "a patient's points");
    if (!rc && j->n_values)
        rc = read_patient(j, err);
    if (!rc && j->svg)
        rc = write_svg(j, err);
    if (!rc && j->args.common.json) {
        rc = print_json(j, err);
    } else if (!rc) {
        (void)printf("risk of: %s\nresearch use only\n", *j->m->outcome ? j->m->outcome : "(the model does not say)");
        print_axes(j);
        print_risks(j);
        print_sum(j);
    }
    free(j->x);
    free(j->lp);
    free(j->given);
    sn_nomogram_free(&j->n);
    return rc;
}

static int run(struct job *j, struct sn_error *err)
{
    struct sn_logistic m;
    struct sn_pack pack;
    int rc;

    if (j->model) {
        SN_TRY(sn_logistic_read(j->model, &m, err));
        rc = show(j, &m, err);
        sn_logistic_free(&m);
        return rc;
    }
    SN_TRY(sn_pack_open(&pack, j->pack_dir, err));
    rc = pack.has_logistic ? show(j, &pack.logistic, err) : SN_FAIL(err, SN_EMODEL, "the pack has no logistic model");
    sn_pack_close(&pack);
    return rc;
}

int sn_cmd_nomogram(int argc, char **argv)
{
    struct job j = { 0 };
    struct sn_error err = { 0 };
    int opt;

    sn_args_init(&j.args, help, opts, argc, argv);
    while ((opt = sn_args_next(&j.args)) != 0) {
        switch (opt) {
        case PACK:
            j.pack_dir = j.args.value;
            break;
        case VALUE:
            if (j.n_values == SN_COUNT(j.values))
                return sn_args_usage(&j.args, "at most %zu values", SN_COUNT(j.values));
            j.values[j.n_values++] = j.args.value;
            break;
        case AXIS:
            if (strcmp(j.args.value, "pretty") != 0 && strcmp(j.args.value, "data") != 0)
                return sn_args_usage(&j.args, "--axis does not know '%s'", j.args.value);
            j.range = strcmp(j.args.value, "data") == 0 ? SN_NOMOGRAM_DATA : SN_NOMOGRAM_PRETTY;
            break;
        case OUTPUT:
            j.svg = j.args.value;
            break;
        case '.':
            if (j.model)
                return sn_args_usage(&j.args, "one model, found another: '%s'", j.args.value);
            j.model = j.args.value;
            break;
        default:
            return sn_args_exit(&j.args);
        }
    }
    if (j.model && j.pack_dir)
        return sn_args_usage(&j.args, "either a model file or --pack");
    return sn_report(&j.args, run(&j, &err), &err);
}
