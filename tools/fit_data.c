/* fit_data.c: from a table to the rows and columns of a fit. */
#include "tools/fit.h"

#include <math.h>
#include <stdlib.h>

/* ---- the outcome ----------------------------------------------------------------------------- */

static int outcomes(const struct sn_fit_options *o, struct sn_fit_data *d, int col, double *y, struct sn_error *err)
{
    struct sn_outcome outcome = { .col = col, .positive = o->names.positive };

    for (size_t i = 0; i < d->keep.n; i++) {
        int flag;

        SN_TRY(sn_table_outcome(&d->table, d->keep.row[i], &outcome, &flag, err));
        y[i] = flag;
    }
    if (outcome.positive && !outcome.seen && d->keep.n)
        return SN_FAIL(err, SN_EFORMAT, "%s: column '%.60s' has no '%.40s' in the rows used", d->table.file, o->names.outcome, outcome.positive);
    return SN_OK;
}

/* ---- which rows ------------------------------------------------------------------------------ */

static int filter(const struct sn_fit_options *o, struct sn_fit_data *d, char **copies, struct sn_error *err)
{
    for (size_t i = 0; i < o->n_where; i++) {
        size_t len = strcspn(o->where[i], "=");
        char *name = copies[i];
        int col;

        memcpy(name, o->where[i], strlen(o->where[i]) + 1);
        if (!name[len] || len == 0)
            return SN_FAIL(err, SN_EINVAL, "--where needs COLUMN=VALUE, found '%.60s'", o->where[i]);
        name[len] = 0;
        SN_TRY(sn_table_column(&d->table, name, &col, err));
        SN_TRY(sn_keep_equal(&d->keep, col, o->where[i] + len + 1, err));
    }
    return SN_OK;
}

/* Cells of the columns of the model in two rows. */
static bool same_cells(const struct sn_fit_data *d, const int *cols, size_t n, size_t a, size_t b, size_t *differs)
{
    for (*differs = 0; *differs < n; ++*differs)
        if (strcmp(sn_csv_cell(&d->table.csv, a, cols[*differs]), sn_csv_cell(&d->table.csv, b, cols[*differs])) != 0)
            return false;
    return true;
}

struct owner {
    const char *patient;
    size_t at; /* index into keep.row */
};

static int by_patient(const void *a, const void *b)
{
    const struct owner *x = a, *y = b;
    int c = strcmp(x->patient, y->patient);

    return c ? c : (x->at > y->at) - (x->at < y->at);
}

/*
 * A patient's rows count once: predict writes one row per image, each with the patient's signature. cols: outcome and
 * terms. Under all_rows they all stay, and are numbered for the bootstrap, which draws patients.
 */
static int unite(const struct sn_fit_options *o, struct sn_fit_data *d, const int *cols, size_t n_cols, bool *first, struct sn_error *err)
{
    int col = sn_csv_column(&d->table.csv, o->names.cluster ? o->names.cluster : o->names.patient);
    struct owner *list;
    uint32_t number = 0;
    int rc = SN_OK;

    for (size_t i = 0; i < d->keep.n; i++)
        first[i] = true;
    if (o->names.cluster && col < 0)
        return sn_table_column(&d->table, o->names.cluster, &col, err);
    if (col < 0)
        return SN_OK;
    list = malloc((d->keep.n + 1) * sizeof *list);
    d->cluster = malloc((d->keep.n + 1) * sizeof *d->cluster);
    if (!list || !d->cluster) {
        free(list);
        return SN_NOMEM(err, "patients");
    }
    for (size_t i = 0; i < d->keep.n; i++)
        list[i] = (struct owner){ sn_csv_cell(&d->table.csv, d->keep.row[i], col), i };
    qsort(list, d->keep.n, sizeof *list, by_patient);
    for (size_t i = 0; i < d->keep.n && !rc; i++) {
        size_t differs, before = i ? list[i - 1].at : 0, at = list[i].at;
        bool again = i && !sn_csv_is_na(list[i].patient) && strcmp(list[i].patient, list[i - 1].patient) == 0;

        number += !again;
        d->cluster[at] = number;
        if (!again || o->all_rows || o->names.cluster)
            continue;
        d->by_patient = true;
        d->repeated++;
        first[at] = false;
        if (!same_cells(d, cols, n_cols, d->keep.row[before], d->keep.row[at], &differs))
            rc = sn_table_fault(&d->table, d->keep.row[at], cols[differs], err,
                                "differs from line %zu, which is of the same patient; --all-rows takes rows as they are",
                                d->table.csv.lines[d->keep.row[before]]);
    }
    free(list);
    if (!(o->all_rows || o->names.cluster)) {
        free(d->cluster);
        d->cluster = NULL;
    }
    return rc;
}

/* ---- columns ----------------------------------------------------------------------------------- */

/* A column is a factor when it is declared one, or holds a text that is no number. */
static int read_column(struct sn_fit_data *d, size_t v, int col, double *number, const char **text, bool *factor, struct sn_error *err)
{
    const struct sn_formula_var *var = &d->formula.vars[v];
    size_t texts = 0, seen = 0;

    for (size_t i = 0; i < d->n; i++) {
        text[i] = sn_csv_cell(&d->table.csv, d->row[i], col);
        if (sn_parse_double(text[i], &number[i]))
            continue;
        seen = i;
        texts++;
    }
    *factor = var->kind == SN_FORMULA_FACTOR || texts == d->n;
    if (*factor || texts == 0)
        return SN_OK;
    if (var->kind == SN_FORMULA_RCS || texts * 10 < d->n) /* a slip in a column of numbers */
        return sn_table_number(&d->table, d->row[seen], col, &number[seen], err);
    *factor = true;
    return SN_OK;
}

static int make_design(struct sn_fit_data *d, const int *cols, struct sn_error *err)
{
    size_t vars = d->formula.n_vars, bytes;
    struct sn_design_column *data = calloc(vars + 1, sizeof *data);
    double *number = NULL;
    const char **text = NULL;
    int rc;

    SN_TRY_OUT(sn_size_mul3(&bytes, vars, d->n + 1, sizeof *number, err));
    number = malloc(bytes);
    text = malloc(bytes); /* pointers are no wider than doubles */
    if (!data || !number || !text) {
        rc = SN_NOMEM(err, "the terms' columns");
        goto out;
    }
    for (size_t v = 0; v < vars; v++) {
        double *x = number + v * d->n;
        const char **t = text + v * d->n;
        bool factor;

        SN_TRY_OUT(read_column(d, v, cols[v + 1], x, t, &factor, err));
        if (factor)
            data[v].text = t;
        else
            data[v].number = x;
    }
    rc = sn_design_build(&d->formula, data, d->n, &d->design, err);
    if (rc)
        rc = sn_fail_context(err, rc, "%s", d->table.file);
out:
    free(data);
    free(number);
    free(text);
    return rc;
}

/* Rows that remain, split or not, with their outcome and patient. */
static int choose_rows(const struct sn_fit_options *o, struct sn_fit_data *d, const bool *first, double *y, struct sn_error *err)
{
    size_t n = 0;
    bool *in;
    int rc;

    d->row = malloc((d->keep.n + 1) * sizeof *d->row);
    d->set = calloc(d->table.csv.rows + 1, 1);
    in = malloc(d->keep.n + 1);
    if (!d->row || !d->set || !in) {
        free(in);
        return SN_NOMEM(err, "the rows");
    }
    for (size_t i = 0; i < d->keep.n; i++) { /* in place: n <= i */
        if (!first[i])
            continue;
        d->row[n] = d->keep.row[i];
        y[n] = y[i];
        if (d->cluster)
            d->cluster[n] = d->cluster[i];
        in[n++] = true;
    }
    rc = o->split > 0 ? sn_split_stratified(y, n, o->split, o->seed, in, err) : SN_OK;
    for (size_t i = 0; i < n; i++) {
        d->set[d->row[i]] = in[i] ? 1 : 2;
        d->others += !in[i];
        if (!in[i])
            continue;
        d->row[d->n] = d->row[i];
        y[d->n] = y[i];
        if (d->cluster)
            d->cluster[d->n] = d->cluster[i];
        d->events += y[i] > 0.5;
        d->n++;
    }
    free(in);
    d->y = y;
    return rc;
}

static int read_all(const struct sn_fit_options *o, struct sn_fit_data *d, char **copies, int *cols, struct sn_error *err)
{
    struct sn_buf why = { 0 };
    double *y;
    bool *first;
    int rc;

    SN_TRY(sn_table_column(&d->table, o->names.outcome, &cols[0], err));
    for (size_t v = 0; v < d->formula.n_vars; v++) {
        SN_TRY(sn_table_column(&d->table, d->formula.vars[v].name, &cols[v + 1], err));
        if (cols[v + 1] == cols[0])
            return SN_FAIL(err, SN_EINVAL, "terms: '%.60s' is the outcome", o->names.outcome);
    }
    SN_TRY(sn_keep_init(&d->keep, &d->table, err));
    SN_TRY(filter(o, d, copies, err));
    for (size_t v = 0; v <= d->formula.n_vars; v++)
        SN_TRY(sn_keep_present(&d->keep, cols[v], err));
    SN_TRY(sn_keep_finish(&d->keep, err));
    if (d->keep.n == 0) {
        sn_keep_describe(&d->keep, &why);
        rc = SN_FAIL(err, SN_EFORMAT, "%s: no complete rows: %.300s", d->table.file, why.data ? why.data : "");
        sn_buf_free(&why);
        return rc;
    }
    y = malloc((d->keep.n + 1) * sizeof *y);
    first = malloc(d->keep.n + 1);
    rc = y && first ? SN_OK : SN_NOMEM(err, "the outcome");
    rc = rc ? rc : outcomes(o, d, cols[0], y, err);
    rc = rc ? rc : unite(o, d, cols, d->formula.n_vars + 1, first, err);
    rc = rc ? rc : choose_rows(o, d, first, y, err);
    if (rc)
        free(d->y == y ? NULL : y);
    free(first);
    return rc;
}

int sn_fit_read(const struct sn_fit_options *o, struct sn_fit_data *d, struct sn_error *err)
{
    char *copies[SN_FIT_MAX_WHERE] = { NULL };
    int *cols = NULL, rc;

    memset(d, 0, sizeof *d);
    SN_TRY_OUT(sn_formula_parse(o->terms, &d->formula, err));
    SN_TRY_OUT(sn_table_read(o->file, o->names.encoding, &d->table, err));
    cols = malloc((d->formula.n_vars + 1) * sizeof *cols);
    rc = cols ? SN_OK : SN_NOMEM(err, "columns");
    for (size_t i = 0; i < o->n_where && !rc; i++) {
        copies[i] = malloc(strlen(o->where[i]) + 1);
        rc = copies[i] ? SN_OK : SN_NOMEM(err, "a filter");
    }
    rc = rc ? rc : read_all(o, d, copies, cols, err);
    if (!rc && (d->events == 0 || d->events == d->n))
        rc = SN_FAIL(err, SN_EFORMAT, "%s: all %zu rows that are fitted have the outcome %d", d->table.file, d->n, d->events > 0);
    rc = rc ? rc : make_design(d, cols, err);
    if (!rc && d->n <= d->design.p)
        rc = SN_FAIL(err, SN_EFORMAT, "%s: %zu complete rows are too few for %zu coefficients", d->table.file, d->n, d->design.p);
out:
    for (size_t i = 0; i < SN_FIT_MAX_WHERE; i++)
        free(copies[i]);
    free(cols);
    if (rc)
        sn_fit_data_free(d);
    return rc;
}

void sn_fit_data_free(struct sn_fit_data *d)
{
    sn_design_free(&d->design);
    sn_formula_free(&d->formula);
    sn_keep_free(&d->keep);
    sn_table_free(&d->table);
    free(d->row);
    free(d->y);
    free(d->cluster);
    free(d->set);
    memset(d, 0, sizeof *d);
}
