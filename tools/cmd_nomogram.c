/* cmd_nomogram.c: a logistic model as a table of points, a worked sum, and a page to print. */
#include "tools/cli.h"
#include "tools/html.h"
#include "tools/nomogram_svg.h"
#include "tools/pack.h"
#include "tools/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: sentinode nomogram [MODEL.json | --pack PACK] [--value NAME=VALUE]... [-o FILE.svg]\n"
    "\n"
    "A logistic model as points, scaled as R's rms::nomogram does: the term that can change the risk most\n"
    "spans 0 to 100 points; the points add up to the risk. Prints the points of each value, the risk of each\n"
    "total, and one patient's sum. Research use only.\n"
    "\n"
    "  --pack PACK          take its model; default: the pack beside or in this program\n"
    "  --value NAME=VALUE   one patient's value of a column (dl_sig: the deep-learning signature)\n"
    "  --patient CSV        take the patient's values from a table with the model's columns (--value wins)\n"
    "  --case ID            the row of that table; --case-name NAME: its key column (default: case)\n"
    "  --axis pretty|data   ends of numeric axes: round values around the range seen in training, as rms does\n"
    "                       (default), or that range itself\n"
    "  --range NAME=LO:HI   ends of one numeric axis\n"
    "  -o FILE.svg          the nomogram on one A4 page; with a patient, marked on it\n";

enum { PACK = 'p', VALUE = 'v', PATIENT = 't', CASE = 'c', CASE_NAME = 'n', AXIS = 'a', RANGE = 'r', OUTPUT = 'o' };

static const struct sn_opt opts[] = {
    { "--pack", PACK, true }, { "--value", VALUE, true },   { "--patient", PATIENT, true }, { "--case", CASE, true },
    { "--case-name", CASE_NAME, true }, { "--axis", AXIS, true }, { "--range", RANGE, true }, { "-o,--output", OUTPUT, true }, { NULL, 0, false },
};

#define MAX_VALUES 64

struct job {
    struct sn_args args;
    const char *model, *pack_dir, *svg, *table_file, *id, *id_column;
    struct sn_nomogram_options o;
    struct sn_nomogram_span span[MAX_VALUES];
    char names[MAX_VALUES][64];       /* of the spans */
    const char *given[MAX_VALUES];    /* "name=value", of argv */
    size_t n_given;
    struct sn_table table;
    struct sn_nomogram n;
    const struct sn_logistic *m;
    struct sn_logistic_value *values; /* [m->n_columns] */
    const char **text;                /* [m->n_columns] the values as given */
    bool patient;
    double total;
};

/* A patient's value in a column; `where` names its source in messages. */
static int take_value(struct job *j, size_t c, const char *text, const char *where, struct sn_error *err)
{
    const struct sn_logistic_column *k = &j->m->columns[c];

    j->text[c] = text;
    j->values[c] = (struct sn_logistic_value){ 0, text };
    if (k->factor && sn_logistic_level(k, text) < 0)
        return SN_FAIL(err, SN_EINVAL, "%s: '%.40s' is not a category of '%.60s'", where, text, k->name);
    if (!k->factor && !sn_parse_double(text, &j->values[c].number))
        return SN_FAIL(err, SN_EINVAL, "%s: '%.40s' %s", where, text, sn_not_a_number(text));
    return SN_OK;
}

static int from_options(struct job *j, struct sn_error *err)
{
    for (size_t i = 0; i < j->n_given; i++) {
        size_t len = strcspn(j->given[i], "="), c = 0;

        if (!j->given[i][len])
            return SN_FAIL(err, SN_EINVAL, "--value needs NAME=VALUE, found '%.60s'", j->given[i]);
        while (c < j->m->n_columns && (strlen(j->m->columns[c].name) != len || strncmp(j->m->columns[c].name, j->given[i], len) != 0))
            c++;
        if (c == j->m->n_columns)
            return SN_FAIL(err, SN_EINVAL, "--value: the model has no column '%.*s'", (int)SN_MIN(len, 60u), j->given[i]);
        SN_TRY(take_value(j, c, j->given[i] + len + 1, "--value", err));
    }
    return SN_OK;
}

static int from_table(struct job *j, struct sn_error *err)
{
    size_t row = 0;
    int key;

    SN_TRY(sn_table_read(j->table_file, SN_ENCODING_AUTO, &j->table, err));
    SN_TRY(sn_table_column(&j->table, j->id_column, &key, err));
    while (row < j->table.csv.rows && strcmp(sn_csv_cell(&j->table.csv, row, key), j->id) != 0)
        row++;
    if (row == j->table.csv.rows)
        return SN_FAIL(err, SN_EFORMAT, "%s: no row whose '%.60s' is the one asked for", j->table.file, j->id_column);
    for (size_t c = 0; c < j->m->n_columns; c++) {
        const char *name = j->m->columns[c].name, *cell;
        int col = sn_csv_column(&j->table.csv, name);
        struct sn_error why = { 0 };

        if (j->text[c] || col < 0)
            continue; /* given by an option; or missed below */
        cell = sn_csv_cell(&j->table.csv, row, col);
        if (sn_csv_is_na(cell))
            return sn_table_fault(&j->table, row, col, err, "the value is missing");
        if (take_value(j, c, cell, "value", &why))
            return sn_table_fault(&j->table, row, col, err, "%.200s", why.msg);
    }
    return SN_OK;
}

static int read_patient(struct job *j, struct sn_error *err)
{
    SN_TRY(from_options(j, err));
    if (j->table_file)
        SN_TRY(from_table(j, err));
    for (size_t c = 0; c < j->m->n_columns; c++)
        if (!j->text[c])
            return SN_FAIL(err, SN_EINVAL, "a patient's sum needs a value for '%.60s' too", j->m->columns[c].name);
    for (size_t g = 0; g < j->n.n_groups; g++)
        j->total += sn_nomogram_points(&j->n, g, sn_nomogram_lp(&j->n, g, j->values));
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

        (void)printf("\n%-24s points\n", a->label);
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

/* "age = 50, her2 = 1" */
static void print_group(const struct job *j, size_t g)
{
    const struct sn_nomogram_group *p = &j->n.group[g];
    int used = 0;

    (void)printf("  ");
    for (size_t k = 0; k < p->n_columns; k++)
        used += printf("%s%s = %s", k ? ", " : "", j->m->columns[p->column[k]].name, j->text[p->column[k]]);
    (void)printf("%*s", SN_MAX(1, 24 - used), "");
}

static void print_sum(const struct job *j)
{
    char p[48], lp[48], r[48];

    if (!j->patient)
        return;
    (void)printf("\nthe sum\n");
    for (size_t g = 0; g < j->n.n_groups; g++) {
        print_group(j, g);
        (void)printf("%6s points\n", sn_fixed(sn_nomogram_points(&j->n, g, sn_nomogram_lp(&j->n, g, j->values)), 1, p));
    }
    (void)printf("  %-24s%6s points\n", "total", sn_fixed(j->total, 1, p));
    (void)printf("  log odds %s, risk %s\n", sn_fixed(j->n.intercept + j->total / j->n.scale, 4, lp), sn_fixed(sn_nomogram_risk(&j->n, j->total), 4, r));
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void put_axis(struct sn_json *w, const struct sn_nomogram_axis *a)
{
    sn_json_object(w);
    sn_json_kv(w, "label", a->label);
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
    for (size_t g = 0; g < j->n.n_groups; g++) /* under the lead's name */
        sn_json_kv_number(w, j->m->columns[j->n.group[g].lead].name, sn_nomogram_points(&j->n, g, sn_nomogram_lp(&j->n, g, j->values)));
    sn_json_end_object(w);
    sn_json_kv_number(w, "total", j->total);
    sn_json_kv_number(w, "lp", j->n.intercept + j->total / j->n.scale);
    sn_json_kv_number(w, "risk", sn_nomogram_risk(&j->n, j->total));
    sn_json_end_object(w);
}

/* Where round risks lie on the scale of total points: the logit, not an interpolation of it. */
static void put_risks(struct sn_json *w, const struct job *j)
{
    static const double risks[] = { 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99 };

    sn_json_key(w, "risks");
    sn_json_array(w);
    for (size_t i = 0; i < SN_COUNT(risks); i++) {
        sn_json_object(w);
        sn_json_kv_number(w, "risk", risks[i]);
        sn_json_kv_number(w, "total", sn_nomogram_total(&j->n, risks[i]));
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
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
    put_risks(&w, j);
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

    sn_nomogram_svg(&b, &j->n, j->m, j->patient ? j->values : NULL, true);
    rc = b.failed ? SN_NOMEM(err, "the nomogram") : sn_file_write(j->svg, b.data, b.len, err);
    sn_buf_free(&b);
    return rc;
}

static int show(struct job *j, const struct sn_logistic *m, struct sn_error *err)
{
    int rc;

    j->m = m;
    SN_TRY(sn_nomogram_build(j->m, &j->o, &j->n, err));
    j->values = calloc(m->n_columns + 1, sizeof *j->values);
    j->text = calloc(m->n_columns + 1, sizeof *j->text);
    rc = j->values && j->text ? SN_OK : SN_NOMEM(err, "a patient's points");
    if (!rc && (j->n_given || j->table_file))
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
    free(j->values);
    free(j->text);
    sn_table_free(&j->table);
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

/* NAME=LO:HI */
static bool take_range(struct job *j, const char *text)
{
    size_t len = strcspn(text, "="), lo = text[len] ? strcspn(text + len + 1, ":") : 0;
    struct sn_nomogram_span *s = &j->span[j->o.n_spans];

    if (j->o.n_spans == MAX_VALUES || !text[len] || len >= sizeof j->names[0] || !text[len + 1 + lo] ||
        !sn_parse_double_n(text + len + 1, lo, &s->lo) || !sn_parse_double(text + len + 2 + lo, &s->hi))
        return false;
    memcpy(j->names[j->o.n_spans], text, len);
    s->column = j->names[j->o.n_spans++];
    return true;
}

int sn_cmd_nomogram(int argc, char **argv)
{
    struct job j = { .id_column = "case" };
    struct sn_error err = { 0 };
    int opt;

    j.o.span = j.span;
    sn_args_init(&j.args, help, opts, argc, argv);
    while ((opt = sn_args_next(&j.args)) != 0) {
        switch (opt) {
        case PACK: j.pack_dir = j.args.value; break;
        case PATIENT: j.table_file = j.args.value; break;
        case CASE: j.id = j.args.value; break;
        case CASE_NAME: j.id_column = j.args.value; break;
        case OUTPUT: j.svg = j.args.value; break;
        case VALUE:
            if (j.n_given == SN_COUNT(j.given))
                return sn_args_usage(&j.args, "at most %zu values", SN_COUNT(j.given));
            j.given[j.n_given++] = j.args.value;
            break;
        case RANGE:
            if (!take_range(&j, j.args.value))
                return sn_args_usage(&j.args, "--range needs NAME=LO:HI, found '%s'", j.args.value);
            break;
        case AXIS:
            if (strcmp(j.args.value, "pretty") != 0 && strcmp(j.args.value, "data") != 0)
                return sn_args_usage(&j.args, "--axis does not know '%s'", j.args.value);
            j.o.range = strcmp(j.args.value, "data") == 0 ? SN_NOMOGRAM_DATA : SN_NOMOGRAM_PRETTY;
            break;
        case '.':
            if (j.model)
                return sn_args_usage(&j.args, "one model, found another: '%s'", j.args.value);
            j.model = j.args.value;
            break;
        default: return sn_args_exit(&j.args);
        }
    }
    if (j.model && j.pack_dir)
        return sn_args_usage(&j.args, "either a model file or --pack");
    if (!j.table_file != !j.id)
        return sn_args_usage(&j.args, "--patient and --case go together");
    return sn_report(&j.args, run(&j, &err), &err);
}
