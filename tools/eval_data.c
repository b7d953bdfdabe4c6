/* eval_data.c: from a table to units of analysis: one per patient, in sets that share none. */
#include "tools/eval.h"
#include "tools/eval_parts.h"

#include <math.h>
#include <stdlib.h>

/* ---- columns to use ---------------------------------------------------------------------------- */

struct columns {
    int outcome, patient, set, cluster; /* -1: none */
    int *score;
    char **names;
    size_t n;
    struct sn_eval_fitted fitted[SN_EVAL_FITTED]; /* scores 0 .. n_fitted - 1; those of columns follow */
    size_t n_fitted;
};

static int find_columns(struct sn_eval_data *d, const struct sn_eval_options *o, struct columns *c, struct sn_error *err)
{
    const struct sn_table *t = &d->table;

    c->patient = sn_csv_column(&t->csv, o->names.patient);
    if (c->patient < 0)
        c->patient = sn_csv_column(&t->csv, o->names.id);
    c->set = sn_csv_column(&t->csv, o->names.set);
    c->cluster = -1;
    SN_TRY(sn_table_column(t, o->names.outcome, &c->outcome, err));
    if (o->names.cluster)
        SN_TRY(sn_table_column(t, o->names.cluster, &c->cluster, err));
    for (int k = 0; k < o->n_models; k++) {
        SN_TRY(sn_eval_fitted_open(t, o->models[k], &c->fitted[c->n_fitted++], err));
        for (size_t i = 0; i + 1 < c->n_fitted; i++)
            if (strcmp(c->fitted[i].name, c->fitted[c->n_fitted - 1].name) == 0)
                return SN_FAIL(err, SN_EINVAL, "--model: two are named '%.60s'; give them names, as in a=FILE", c->fitted[i].name);
    }
    if (o->scores)
        SN_TRY(sn_table_columns(t, o->scores, &c->score, &c->names, &c->n, err));
    if (c->n + c->n_fitted > SN_EVAL_MODELS)
        return SN_FAIL(err, SN_ELIMIT, "at most %d scores, found %zu", SN_EVAL_MODELS, c->n + c->n_fitted);
    return SN_OK;
}

/* Rows with an outcome, a set where there are sets, and every score: the same cases for all models. */
static int complete(struct sn_eval_data *d, const struct columns *c, struct sn_error *err)
{
    SN_TRY(sn_keep_init(&d->keep, &d->table, err));
    SN_TRY(sn_keep_present(&d->keep, c->outcome, err));
    if (c->set >= 0)
        SN_TRY(sn_keep_present(&d->keep, c->set, err));
    if (c->cluster >= 0)
        SN_TRY(sn_keep_present(&d->keep, c->cluster, err));
    for (size_t k = 0; k < c->n_fitted; k++)
        for (size_t i = 0; i < c->fitted[k].m.n_columns; i++)
            SN_TRY(sn_keep_present(&d->keep, c->fitted[k].cols[i], err));
    for (size_t k = 0; k < c->n; k++)
        SN_TRY(sn_keep_present(&d->keep, c->score[k], err));
    SN_TRY(sn_keep_finish(&d->keep, err));
    if (d->keep.n == 0)
        return SN_FAIL(err, SN_EFORMAT, "%s: no row has an outcome and every score", d->table.file);
    return SN_OK;
}

/* ---- units --------------------------------------------------------------------------------------- */

struct keyed {
    const char *key;
    size_t row;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    int d = strcmp(x->key, y->key);

    return d ? d : (x->row > y->row) - (x->row < y->row);
}

static int by_first_row(const void *a, const void *b)
{
    const struct keyed *const *x = a, *const *y = b;

    return ((*x)->row > (*y)->row) - ((*x)->row < (*y)->row);
}

/*
 * Groups kept rows by the text of a column: group[i] for the i-th kept row, numbered by first appearance.
 * col < 0: each row by itself.
 */
static int group_rows(const struct sn_eval_data *d, int col, uint32_t *group, uint32_t *n_groups, struct sn_error *err)
{
    size_t n = d->keep.n, m = 0;
    struct keyed *k = malloc(n * sizeof *k), **first = malloc(n * sizeof *first);
    uint32_t *rank = malloc(n * sizeof *rank);
    int rc = k && first && rank ? SN_OK : SN_NOMEM(err, "the patients");

    if (n > UINT32_MAX)
        rc = SN_FAIL(err, SN_ELIMIT, "more than 2^32 - 1 rows");
    for (size_t i = 0; i < n && !rc; i++) {
        const char *cell = col >= 0 ? sn_csv_cell(&d->table.csv, d->keep.row[i], col) : "";

        k[i] = (struct keyed){ cell, i };
    }
    if (!rc) {
        qsort(k, n, sizeof *k, by_key);
        for (size_t i = 0; i < n; i++) { /* a row without a name stands for itself */
            if (i == 0 || !*k[i].key || strcmp(k[i].key, k[i - 1].key) != 0)
                first[m++] = &k[i];
            rank[i] = (uint32_t)m - 1;
        }
        for (size_t i = 0; i < n; i++)
            group[k[i].row] = rank[i];
        qsort(first, m, sizeof *first, by_first_row);
        for (size_t g = 0; g < m; g++)
            rank[group[first[g]->row]] = (uint32_t)g; /* rank is free now: new number of an old one */
        for (size_t i = 0; i < n; i++)
            group[i] = rank[group[i]];
        *n_groups = (uint32_t)m;
    }
    free(k);
    free(first);
    free(rank);
    return rc;
}

static int same_in_unit(const struct sn_eval_data *d, int col, size_t row, size_t first, const char *what, struct sn_error *err)
{
    const char *a = sn_csv_cell(&d->table.csv, row, col), *b = sn_csv_cell(&d->table.csv, first, col);

    if (strcmp(a, b) == 0)
        return SN_OK;
    return sn_table_fault(&d->table, row, col, err, "%s '%.40s', but line %zu of the same patient has '%.40s'", what, a, d->table.csv.lines[first], b);
}

static int unite(struct sn_eval_data *d, const struct sn_eval_options *o, struct columns *c, const uint32_t *unit, struct sn_error *err)
{
    struct sn_outcome outcome = { .col = c->outcome, .positive = o->names.positive };

    for (size_t i = 0; i < d->keep.n; i++) {
        size_t row = d->keep.row[i], u = unit[i];
        int y;

        SN_TRY(sn_table_outcome(&d->table, row, &outcome, &y, err));
        if (d->rows_of[u]++ == 0) {
            d->row[u] = row;
            d->y[u] = (uint8_t)y;
        } else {
            SN_TRY(same_in_unit(d, c->outcome, row, d->row[u], "outcome", err));
            d->united = true;
        }
        for (size_t k = 0; k < d->n_scores; k++) {
            double v, *s = &d->score[k][u];

            SN_TRY(k < c->n_fitted ? sn_eval_fitted_risk(&d->table, row, &c->fitted[k], &v, err)
                                   : sn_table_number(&d->table, row, c->score[k - c->n_fitted], &v, err));
            *s = d->rows_of[u] == 1 ? v : o->patient == SN_PATIENT_MAX ? SN_MAX(*s, v) : *s + v;
        }
    }
    for (size_t k = 0; k < d->n_scores; k++) {
        d->probability[k] = true;
        for (size_t u = 0; u < d->n; u++) {
            if (o->patient != SN_PATIENT_MAX && d->rows_of[u] > 1)
                d->score[k][u] /= (double)d->rows_of[u];
            d->probability[k] &= d->score[k][u] >= 0.0 && d->score[k][u] <= 1.0;
        }
    }
    return SN_OK;
}

/* No patient in two sets: that would let the answer leak from training into testing. */
static int check_leak(const struct sn_eval_data *d, const struct columns *c, const uint32_t *patient, uint32_t n_patients, struct sn_error *err)
{
    size_t *first = malloc(n_patients * sizeof *first);
    int rc = first ? SN_OK : SN_NOMEM(err, "the patients");

    for (uint32_t p = 0; p < n_patients && !rc; p++)
        first[p] = SIZE_MAX;
    for (size_t i = 0; i < d->keep.n && !rc; i++) {
        size_t row = d->keep.row[i], *f = &first[patient[i]];

        if (*f == SIZE_MAX)
            *f = row;
        else if (c->set >= 0)
            rc = same_in_unit(d, c->set, row, *f, "set", err);
    }
    free(first);
    return rc;
}

static int name_sets(struct sn_eval_data *d, const struct columns *c, struct sn_error *err)
{
    struct sn_factor f;
    size_t *at;

    d->has_sets = c->set >= 0;
    if (!d->has_sets) {
        d->set_name = sn_arena_get(&d->arena, sizeof *d->set_name, err);
        if (!d->set_name)
            return SN_NOMEM(err, "a name");
        d->set_name[0] = "all";
        d->n_sets = 1;
        return SN_OK;
    }
    SN_TRY(sn_table_factor(&d->table, c->set, &f, err));
    d->set_name = sn_arena_get(&d->arena, SN_MAX(f.n_levels, 1u) * sizeof *d->set_name, err);
    at = malloc(SN_MAX(f.n_levels, 1u) * sizeof *at);
    if (!d->set_name || !at) {
        free(at);
        sn_factor_free(&f);
        return SN_NOMEM(err, "the sets");
    }
    for (size_t k = 0; k < f.n_levels; k++) {
        at[k] = SIZE_MAX;
        if (strcmp(f.level[k], "train") == 0) {
            at[k] = d->n_sets;
            d->set_name[d->n_sets++] = f.level[k];
        }
    }
    for (size_t u = 0; u < d->n; u++) {
        size_t k = (size_t)f.code[d->row[u]];

        if (at[k] == SIZE_MAX) {
            at[k] = d->n_sets;
            d->set_name[d->n_sets++] = f.level[k];
        }
        d->set[u] = (int)at[k];
    }
    free(at);
    sn_factor_free(&f);
    return SN_OK;
}

static int allocate(struct sn_eval_data *d, size_t n_scores, struct sn_error *err)
{
    d->row = calloc(d->n, sizeof *d->row);
    d->rows_of = calloc(d->n, sizeof *d->rows_of);
    d->y = calloc(d->n, sizeof *d->y);
    d->set = calloc(d->n, sizeof *d->set);
    for (size_t k = 0; k < n_scores; k++) {
        d->score[k] = calloc(d->n, sizeof *d->score[k]);
        if (!d->score[k])
            return SN_NOMEM(err, "the scores");
    }
    return d->row && d->rows_of && d->y && d->set ? SN_OK : SN_NOMEM(err, "the cases");
}

static int make_clusters(struct sn_eval_data *d, const struct columns *c, const uint32_t *unit, struct sn_error *err)
{
    uint32_t *group = malloc(d->keep.n * sizeof *group);
    int rc = group ? group_rows(d, c->cluster, group, &d->n_clusters, err) : SN_NOMEM(err, "the clusters");

    d->cluster = calloc(d->n, sizeof *d->cluster);
    if (!rc && !d->cluster)
        rc = SN_NOMEM(err, "the clusters");
    for (size_t i = 0; i < d->keep.n && !rc; i++)
        d->cluster[unit[i]] = group[i];
    free(group);
    return rc;
}

static int build(struct sn_eval_data *d, const struct sn_eval_options *o, struct columns *c, uint32_t *patient, uint32_t *unit,
                 struct sn_error *err)
{
    uint32_t n_patients, n_units;

    SN_TRY(group_rows(d, c->patient, patient, &n_patients, err));
    SN_TRY(check_leak(d, c, patient, n_patients, err));
    d->patients = n_patients;
    n_units = n_patients;
    /* images are units when clusters say which of them belong together, or when that is asked for */
    if (o->patient == SN_PATIENT_NONE || c->cluster >= 0)
        SN_TRY(group_rows(d, -1, unit, &n_units, err));
    else
        memcpy(unit, patient, d->keep.n * sizeof *unit);
    d->n = n_units;
    d->n_scores = d->n_models = c->n_fitted + c->n;
    SN_TRY(allocate(d, d->n_scores, err));
    SN_TRY(unite(d, o, c, unit, err));
    SN_TRY(name_sets(d, c, err));
    if (c->cluster >= 0)
        SN_TRY(make_clusters(d, c, unit, err));
    for (size_t k = 0; k < d->n_scores; k++) {
        const char *name = k < c->n_fitted ? c->fitted[k].name : c->names[k - c->n_fitted];

        d->model[k] = sn_arena_strdup(&d->arena, name, strlen(name), err);
        if (!d->model[k])
            return SN_NOMEM(err, "a name");
    }
    return SN_OK;
}

int sn_eval_load(struct sn_eval_data *d, const struct sn_eval_options *o, struct sn_error *err)
{
    struct columns c = { .score = NULL, .n_fitted = 0 };
    uint32_t *patient = NULL, *unit = NULL;
    int rc;

    *d = (struct sn_eval_data){ .n = 0 };
    sn_arena_init(&d->arena, 0);
    SN_TRY_OUT(sn_table_read(o->path, o->names.encoding, &d->table, err));
    SN_TRY_OUT(find_columns(d, o, &c, err));
    SN_TRY_OUT(complete(d, &c, err));
    patient = malloc(d->keep.n * sizeof *patient);
    unit = malloc(d->keep.n * sizeof *unit);
    rc = patient && unit ? build(d, o, &c, patient, unit, err) : SN_NOMEM(err, "the cases");
out:
    free(patient);
    free(unit);
    sn_table_names_free(c.score, c.names);
    for (size_t k = 0; k < c.n_fitted; k++)
        sn_eval_fitted_close(&c.fitted[k]);
    if (rc)
        sn_eval_data_free(d);
    return rc;
}

void sn_eval_data_free(struct sn_eval_data *d)
{
    sn_keep_free(&d->keep);
    free(d->row);
    free(d->rows_of);
    free(d->y);
    free(d->set);
    free(d->cluster);
    for (size_t k = 0; k < SN_EVAL_MODELS; k++)
        free(d->score[k]);
    sn_arena_free(&d->arena);
    sn_table_free(&d->table);
    *d = (struct sn_eval_data){ .n = 0 };
}

int sn_eval_set(const struct sn_eval_data *d, const char *name)
{
    for (size_t i = 0; i < d->n_sets; i++)
        if (strcmp(d->set_name[i], name) == 0)
            return (int)i;
    return -1;
}

int sn_eval_model(const struct sn_eval_data *d, const char *name)
{
    for (size_t i = 0; i < d->n_models; i++)
        if (strcmp(d->model[i], name) == 0)
            return (int)i;
    return -1;
}
