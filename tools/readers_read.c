/* readers_read.c: a table of reads and a table of predictions, joined by case and checked. */
#include "tools/readers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- a table's rows by key ------------------------------------------------------------------------------------- */

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

static int index_rows(const struct sn_table *t, const char *column, struct keyed **out, struct sn_error *err)
{
    int col = sn_csv_column(&t->csv, column);

    *out = calloc(t->csv.rows + 1, sizeof **out);
    if (!*out)
        return SN_NOMEM(err, "a table's index");
    for (size_t i = 0; i < t->csv.rows; i++) {
        (*out)[i] = (struct keyed){ sn_csv_cell(&t->csv, i, col), i };
        if (sn_csv_is_na((*out)[i].key))
            return sn_table_fault(t, i, col, err, "empty");
    }
    qsort(*out, t->csv.rows, sizeof **out, by_key);
    return SN_OK;
}

static size_t find(const struct keyed *index, size_t n, const char *key)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(index[mid].key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && strcmp(index[lo].key, key) == 0 ? lo : n;
}

static int open_table(const char *path, const struct sn_readers_options *opt, struct sn_table *t, struct sn_error *err)
{
    SN_TRY(sn_table_read(path, opt->encoding, t, err));
    return t->csv.rows ? SN_OK : SN_FAIL(err, SN_EFORMAT, "%s: no rows below the header line", t->file);
}

static int need_column(const struct sn_table *t, const char *name, struct sn_error *err)
{
    int col;

    return sn_table_column(t, name, &col, err);
}

/* Yes or no, in words or as 0 and 1; -1 for a missing value. */
static int yes_or_no(const struct sn_table *t, size_t row, int col, int *v, struct sn_error *err)
{
    static const char *const no[] = { "no", "false" }, *const yes[] = { "yes", "true" };
    const char *cell = sn_csv_cell(&t->csv, row, col);

    for (size_t i = 0; i < SN_COUNT(no); i++)
        if (strcmp(cell, no[i]) == 0 || strcmp(cell, yes[i]) == 0) {
            *v = strcmp(cell, yes[i]) == 0;
            return SN_OK;
        }
    return sn_table_flag(t, row, col, v, err);
}

/* ---- cases --------------------------------------------------------------------------------------------------------- */

/* A case may stand on several lines (images of a patient); they must agree. */
static int outcomes(struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_table *t, const struct keyed *index,
                    bool predictions, struct sn_error *err)
{
    int outcome = sn_csv_column(&t->csv, opt->outcome), score = sn_csv_column(&t->csv, opt->score);
    size_t rows = t->csv.rows;

    for (size_t c = 0; c < s->n; c++) {
        struct sn_read_case *k = &s->cases[c];
        size_t i = find(index, rows, k->id);
        bool first = true;

        for (; i < rows && strcmp(index[i].key, k->id) == 0; i++) {
            int y;
            double x = NAN;

            SN_TRY(sn_table_flag(t, index[i].row, outcome, &y, err));
            if (y >= 0 && k->y >= 0 && y != k->y)
                return sn_table_fault(t, index[i].row, outcome, err, "the outcome of '%.80s' is %d here and %d elsewhere", k->id, y, k->y);
            k->y = y >= 0 ? y : k->y;
            if (!predictions)
                continue;
            SN_TRY(sn_table_number(t, index[i].row, score, &x, err));
            if (!first && !(x == k->score || (isnan(x) && isnan(k->score))))
                return sn_table_fault(t, index[i].row, score, err, "a second value for '%.80s'; give --key patient, or one line a case", k->id);
            k->score = x;
            first = false;
        }
    }
    return SN_OK;
}

/* Numbers the clusters: cases that share a value of the cluster column. */
static int clusters(struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_csv *t, const struct keyed *index,
                    struct sn_error *err)
{
    int col = sn_csv_column(t, opt->cluster);
    struct keyed *k;

    s->by_cluster = col >= 0;
    s->n_clusters = s->n;
    for (size_t c = 0; c < s->n; c++)
        s->cases[c].cluster = c;
    if (col < 0)
        return SN_OK;
    k = calloc(s->n + 1, sizeof *k);
    if (!k)
        return SN_NOMEM(err, "clusters");
    for (size_t c = 0; c < s->n; c++) {
        const char *cell = sn_csv_cell(t, index[find(index, t->rows, s->cases[c].id)].row, col);

        k[c] = (struct keyed){ sn_csv_is_na(cell) ? s->cases[c].id : cell, c };
    }
    qsort(k, s->n, sizeof *k, by_key);
    s->n_clusters = 0;
    for (size_t c = 0; c < s->n; c++) {
        s->n_clusters += c == 0 || strcmp(k[c].key, k[c - 1].key) != 0;
        s->cases[k[c].row].cluster = s->n_clusters - 1;
    }
    free(k);
    return SN_OK;
}

/* The cases somebody read, by name. */
static int list_cases(struct sn_reads *s, const struct keyed *reads, struct sn_error *err)
{
    s->cases = calloc(s->reads.csv.rows, sizeof *s->cases);
    if (!s->cases)
        return SN_NOMEM(err, "the cases");
    for (size_t i = 0; i < s->reads.csv.rows; i++)
        if (i == 0 || strcmp(reads[i].key, reads[i - 1].key) != 0)
            s->cases[s->n++] = (struct sn_read_case){ reads[i].key, -1, NAN, 0 };
    return SN_OK;
}

static int join(struct sn_reads *s, const struct sn_readers_options *opt, const struct keyed *reads, struct sn_error *err)
{
    bool in_reads = sn_csv_column(&s->reads.csv, opt->outcome) >= 0;
    struct keyed *preds = NULL;
    int rc = SN_OK;

    SN_TRY(list_cases(s, reads, err));
    if (in_reads)
        SN_TRY(outcomes(s, opt, &s->reads, reads, false, err));
    if (!opt->predictions) {
        if (!in_reads)
            return SN_FAIL(err, SN_EFORMAT, "%s: line 1: column '%s' is missing, and there are no --predictions that hold it", s->reads.file, opt->outcome);
        return clusters(s, opt, &s->reads.csv, reads, err);
    }
    SN_TRY_OUT(index_rows(&s->preds, opt->key, &preds, err));
    for (size_t i = 0; i < s->reads.csv.rows; i++)
        if (find(preds, s->preds.csv.rows, reads[i].key) == s->preds.csv.rows) {
            rc = sn_table_fault(&s->reads, reads[i].row, sn_csv_column(&s->reads.csv, opt->key), err, "'%.80s' is not in %.80s", reads[i].key, s->preds.file);
            goto out;
        }
    SN_TRY_OUT(outcomes(s, opt, &s->preds, preds, true, err));
    rc = clusters(s, opt, &s->preds.csv, preds, err);
out:
    free(preds);
    return rc;
}

/* ---- reads ------------------------------------------------------------------------------------------------------------ */

static int add_group(struct sn_reads *s, const char *group, size_t row, int col, struct sn_error *err)
{
    for (int g = 0; g < s->n_groups; g++)
        if (strcmp(s->groups[g], group) == 0)
            return SN_OK;
    if (s->n_groups == SN_GROUPS_MAX)
        return sn_table_fault(&s->reads, row, col, err, "more than %d groups", SN_GROUPS_MAX);
    s->groups[s->n_groups++] = group;
    return SN_OK;
}

/* Finds or makes a reader; his or her group must stay the same. */
static int reader_of(struct sn_reads *s, size_t row, int *at, struct sn_error *err)
{
    int name_col = sn_csv_column(&s->reads.csv, "reader"), col = sn_csv_column(&s->reads.csv, "group");
    const char *name = sn_csv_cell(&s->reads.csv, row, name_col), *group = col >= 0 ? sn_csv_cell(&s->reads.csv, row, col) : "";
    struct sn_reader *r;

    if (sn_csv_is_na(name))
        return sn_table_fault(&s->reads, row, name_col, err, "empty");
    for (*at = 0; *at < s->n_readers; ++*at)
        if (strcmp(s->readers[*at].name, name) == 0) {
            if (strcmp(s->readers[*at].group, group) != 0)
                return sn_table_fault(&s->reads, row, col, err, "reader '%.40s' is '%.40s' here and '%.40s' before", name, group, s->readers[*at].group);
            return SN_OK;
        }
    if (s->n_readers == SN_READERS_MAX)
        return sn_table_fault(&s->reads, row, name_col, err, "more than %d readers", SN_READERS_MAX);
    r = &s->readers[s->n_readers++];
    r->name = name;
    r->group = group;
    return add_group(s, group, row, col, err);
}

static int room_for(struct sn_reader *r, int assisted, size_t n, struct sn_error *err)
{
    if (r->call[assisted])
        return SN_OK;
    r->call[assisted] = malloc(n * sizeof *r->call[assisted]);
    r->score[assisted] = malloc(n * sizeof *r->score[assisted]);
    if (!r->call[assisted] || !r->score[assisted])
        return SN_NOMEM(err, "reads");
    for (size_t i = 0; i < n; i++) {
        r->call[assisted][i] = -2; /* nothing yet */
        r->score[assisted][i] = NAN;
    }
    return SN_OK;
}

static size_t case_of(const struct sn_reads *s, const char *id)
{
    size_t lo = 0, hi = s->n;

    while (lo < hi) { /* the cases are sorted by name */
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(s->cases[mid].id, id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static int one_read(struct sn_reads *s, const struct sn_readers_options *opt, size_t row, struct sn_error *err)
{
    const struct sn_table *t = &s->reads;
    int key = sn_csv_column(&t->csv, opt->key), score = sn_csv_column(&t->csv, "score"), with = sn_csv_column(&t->csv, "assisted");
    int assisted = 0, call = -1, at = 0;
    const char *id = sn_csv_cell(&t->csv, row, key);
    size_t c = case_of(s, id);
    struct sn_reader *r;

    SN_TRY(reader_of(s, row, &at, err));
    r = &s->readers[at];
    if (with >= 0)
        SN_TRY(yes_or_no(t, row, with, &assisted, err));
    if (assisted < 0)
        return sn_table_fault(t, row, with, err, "empty");
    SN_TRY(sn_table_flag(t, row, sn_csv_column(&t->csv, "call"), &call, err));
    SN_TRY(room_for(r, assisted, s->n, err));
    if (r->call[assisted][c] != -2)
        return sn_table_fault(t, row, key, err, "reader '%.40s' read '%.80s' %s assistance twice", r->name, id, assisted ? "with" : "without");
    r->call[assisted][c] = (int8_t)call;
    r->read[assisted] |= call >= 0;
    s->dropped_calls += call < 0;
    return score >= 0 ? sn_table_number(t, row, score, &r->score[assisted][c], err) : SN_OK;
}

static void tidy(struct sn_reads *s, const struct sn_readers_options *opt)
{
    for (int k = 0; k < s->n_readers; k++)
        for (int a = 0; a < 2; a++)
            for (size_t i = 0; i < s->n && s->readers[k].call[a]; i++)
                if (s->readers[k].call[a][i] < 0)
                    s->readers[k].call[a][i] = -1;
    for (size_t i = 0; i < s->n; i++) {
        s->no_outcome += s->cases[i].y < 0;
        s->no_score += opt->predictions && s->cases[i].y >= 0 && isnan(s->cases[i].score);
    }
}

/* A study in which nothing can be judged is a mistake in the tables, or in a column's name. */
static int anything_left(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_error *err)
{
    if (s->no_outcome == s->n)
        return SN_FAIL(err, SN_EFORMAT, "%s: column '%s': none of the %zu cases read has an outcome", opt->predictions ? s->preds.file : s->reads.file,
                       opt->outcome, s->n);
    if (opt->predictions && s->no_score + s->no_outcome == s->n)
        return SN_FAIL(err, SN_EFORMAT, "%s: column '%s' has no value for any of the %zu cases read; --score names another", s->preds.file, opt->score, s->n);
    return SN_OK;
}

int sn_reads_load(struct sn_reads *s, const struct sn_readers_options *opt, struct sn_error *err)
{
    struct keyed *reads = NULL;
    int rc;

    memset(s, 0, sizeof *s);
    SN_TRY_OUT(open_table(opt->reads, opt, &s->reads, err));
    SN_TRY_OUT(need_column(&s->reads, "reader", err));
    SN_TRY_OUT(need_column(&s->reads, opt->key, err));
    SN_TRY_OUT(need_column(&s->reads, "call", err));
    if (opt->predictions) {
        SN_TRY_OUT(open_table(opt->predictions, opt, &s->preds, err));
        SN_TRY_OUT(need_column(&s->preds, opt->key, err));
        SN_TRY_OUT(need_column(&s->preds, opt->score, err));
        SN_TRY_OUT(need_column(&s->preds, opt->outcome, err));
    }
    SN_TRY_OUT(index_rows(&s->reads, opt->key, &reads, err));
    SN_TRY_OUT(join(s, opt, reads, err));
    for (size_t i = 0; i < s->reads.csv.rows && !rc; i++)
        rc = one_read(s, opt, i, err);
    tidy(s, opt);
    if (!rc)
        rc = anything_left(s, opt, err);
out:
    free(reads);
    if (rc)
        sn_reads_free(s);
    return rc;
}

void sn_reads_free(struct sn_reads *s)
{
    for (int k = 0; k < s->n_readers; k++)
        for (int a = 0; a < 2; a++) {
            free(s->readers[k].call[a]);
            free(s->readers[k].score[a]);
        }
    free(s->cases);
    sn_table_free(&s->reads);
    sn_table_free(&s->preds);
    memset(s, 0, sizeof *s);
}
