/* dice_read.c: a table of masks, each pair read and measured. */
#include "tools/cli.h"
#include "tools/dice.h"
#include "tools/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Where a message's fault lies. */
struct place {
    const struct sn_dice_set *d;
    size_t row;
    const char *column;
};

static int fault(const struct place *at, struct sn_error *err, int rc)
{
    return sn_fail_context(err, rc, "%s: line %zu, column '%s'", at->d->table.file, at->d->table.csv.lines[at->row], at->column);
}

/* ---- masks ------------------------------------------------------------------------------------------------ */

struct mask {
    uint8_t *on; /* 0/1 */
    uint32_t w, h;
    double spacing[2]; /* the file's own, or 0 */
};

/*
 * Lesion is what lies above half of white. Files that hold only 0 and 1 are label images: 1 is lesion there. (Bits of a
 * 1-bit PNG are read as 0 and 255 already.)
 */
static void add_lesion(struct mask *m, const struct sn_image *grey)
{
    const uint8_t *px = grey->data;
    size_t n = (size_t)m->w * m->h;
    uint8_t most = 0, cut = 127;

    for (size_t i = 0; i < n; i++)
        most = SN_MAX(most, px[i]);
    if (most == 1)
        cut = 0;
    for (size_t i = 0; i < n; i++)
        m->on[i] |= px[i] > cut;
}

static int add_file(struct mask *m, const char *path, struct sn_error *err)
{
    const char *name = sn_basename(path);
    struct sn_input in = { .bytes = 0 };
    int rc;

    SN_TRY(sn_input_read(path, name, false, &in, err));
    if (!m->on) {
        m->w = in.grey.width;
        m->h = in.grey.height;
        memcpy(m->spacing, in.spacing_mm, sizeof m->spacing);
        m->on = calloc(m->h, m->w);
    }
    if (!m->on)
        rc = SN_NOMEM(err, "a mask");
    else if (m->w != in.grey.width || m->h != in.grey.height)
        rc = SN_FAIL(err, SN_EFORMAT, "%s has %ux%u pixels, the one before it %ux%u", name, in.grey.width, in.grey.height,
                     m->w, m->h);
    else
        rc = SN_OK;
    if (!rc)
        add_lesion(m, &in.grey);
    sn_input_free(&in);
    return rc;
}

/* A cell: one file, or several separated by ';' which are united; paths are relative to the table. */
static int read_mask(const char *table, const char *cell, struct mask *m, struct sn_error *err)
{
    const char *slash = strrchr(table, '/');

    if (sn_csv_is_na(cell))
        return SN_FAIL(err, SN_EFORMAT, "no file is named");
    while (*cell) {
        size_t n = strcspn(cell, ";");
        struct sn_buf path = { 0 };
        int rc = SN_OK;

        if (n) {
            if (slash && *cell != '/')
                sn_buf_add(&path, table, (size_t)(slash - table) + 1);
            sn_buf_add(&path, cell, n);
            rc = path.failed ? SN_NOMEM(err, "a path") : add_file(m, path.data, err);
            sn_buf_free(&path);
        }
        SN_TRY(rc);
        cell += n + (cell[n] == ';');
    }
    return m->on ? SN_OK : SN_FAIL(err, SN_EFORMAT, "no file is named");
}

/* What predict left for a case. */
static int read_result(const char *dir, const char *id, struct mask *m, struct sn_error *err)
{
    struct sn_buf path = { 0 };
    int rc;

    sn_buf_printf(&path, "%s/%s/mask.png", dir, id);
    rc = path.failed ? SN_NOMEM(err, "a path") : add_file(m, path.data, err);
    sn_buf_free(&path);
    return rc ? sn_fail_context(err, rc, "case %.80s of --results", id) : SN_OK;
}

/* ---- one case ------------------------------------------------------------------------------------------------ */

static int spacing_of(struct sn_dice_set *d, const struct sn_dice_options *opt, size_t row, const struct mask *m,
                      double spacing[2], struct sn_error *err)
{
    int column = sn_csv_column(&d->table.csv, "spacing_mm");
    const char *from = "none (pixels)";

    spacing[0] = spacing[1] = 1;
    if (opt->spacing[0] > 0) {
        memcpy(spacing, opt->spacing, sizeof opt->spacing);
        from = "--spacing";
    } else if (column >= 0 && !sn_csv_is_na(sn_csv_cell(&d->table.csv, row, column))) {
        SN_TRY(sn_table_number(&d->table, row, column, &spacing[0], err));
        if (!(spacing[0] >= SN_SPACING_MIN && spacing[0] <= SN_SPACING_MAX))
            return sn_table_fault(&d->table, row, column, err, "%g mm a pixel, expected %g to %g", spacing[0], SN_SPACING_MIN, SN_SPACING_MAX);
        spacing[1] = spacing[0];
        from = "column spacing_mm";
    } else if (m->spacing[0] >= SN_SPACING_MIN && m->spacing[1] >= SN_SPACING_MIN) {
        memcpy(spacing, m->spacing, sizeof m->spacing);
        from = "the mask files";
    }
    if (d->spacing_from && strcmp(d->spacing_from, from) != 0)
        return SN_FAIL(err, SN_EFORMAT, "%s: line %zu: spacing from %s, but from %s on the lines before; distances would mix units",
                       d->table.file, d->table.csv.lines[row], from, d->spacing_from);
    d->spacing_from = from;
    d->physical = strcmp(from, "none (pixels)") != 0;
    return SN_OK;
}

static int measure(struct sn_dice_set *d, const struct sn_dice_options *opt, size_t row, int k, const struct mask *manual,
                   struct sn_error *err)
{
    struct sn_dice_case *c = &d->cases[row];
    bool annotator = d->annotators && k == d->n_comparisons - 1;
    struct place at = { d, row, annotator ? opt->second : opt->results ? opt->id : opt->pred[k] };
    struct mask m = { 0 };
    int rc;

    if (opt->results && !annotator)
        rc = read_result(opt->results, c->id, &m, err);
    else
        rc = read_mask(opt->manifest, sn_csv_cell(&d->table.csv, row, sn_csv_column(&d->table.csv, at.column)), &m, err);
    if (!rc && (m.w != manual->w || m.h != manual->h))
        rc = SN_FAIL(err, SN_EFORMAT, "this mask has %ux%u pixels, the manual one %ux%u", m.w, m.h, manual->w, manual->h);
    if (!rc)
        rc = sn_mask_overlap(manual->on, m.on, (int)m.w, (int)m.h, c->spacing, opt->empty, &c->m[k].o, err);
    if (!rc)
        rc = sn_mask_surface(manual->on, m.on, (int)m.w, (int)m.h, c->spacing, opt->surface, opt->tau, &c->m[k].s, err);
    free(m.on);
    return rc ? fault(&at, err, rc) : SN_OK;
}

static int one_case(struct sn_dice_set *d, const struct sn_dice_options *opt, size_t row, struct sn_error *err)
{
    struct sn_dice_case *c = &d->cases[row];
    struct place at = { d, row, opt->mask };
    struct mask manual = { 0 };
    int rc = read_mask(opt->manifest, sn_csv_cell(&d->table.csv, row, sn_csv_column(&d->table.csv, opt->mask)), &manual, err);

    if (!rc && (manual.w > SN_SURFACE_MAX_SIDE || manual.h > SN_SURFACE_MAX_SIDE))
        rc = SN_FAIL(err, SN_ELIMIT, "%ux%u pixels are too many", manual.w, manual.h);
    if (rc) {
        free(manual.on);
        return fault(&at, err, rc);
    }
    c->width = manual.w;
    c->height = manual.h;
    rc = spacing_of(d, opt, row, &manual, c->spacing, err);
    for (int k = 0; k < d->n_comparisons && !rc; k++)
        rc = measure(d, opt, row, k, &manual, err);
    free(manual.on);
    return rc;
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

static int need_column(const struct sn_dice_set *d, const char *name, struct sn_error *err)
{
    int col;

    return sn_table_column(&d->table, name, &col, err);
}

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

/* Sorts the rows by a column: finds duplicate cases, numbers the patients. */
static int keys(struct sn_dice_set *d, const char *column, bool unique, struct sn_error *err)
{
    struct keyed *k = calloc(d->n, sizeof *k);
    int col = sn_csv_column(&d->table.csv, column), rc = SN_OK;

    if (!k)
        return SN_NOMEM(err, "a table's index");
    for (size_t i = 0; i < d->n; i++)
        k[i] = (struct keyed){ sn_csv_cell(&d->table.csv, i, col), i };
    qsort(k, d->n, sizeof *k, by_key);
    d->n_patients = 0;
    for (size_t i = 0; i < d->n && !rc; i++) {
        bool same = i && strcmp(k[i].key, k[i - 1].key) == 0;

        if (sn_csv_is_na(k[i].key))
            rc = sn_table_fault(&d->table, k[i].row, col, err, "empty");
        else if (same && unique)
            rc = sn_table_fault(&d->table, k[i].row, col, err, "'%.80s' is also on line %zu", k[i].key, d->table.csv.lines[k[i - 1].row]);
        d->n_patients += !same;
        d->cases[k[i].row].patient = d->n_patients - 1;
    }
    free(k);
    return rc;
}

static int name_sets(struct sn_dice_set *d, const char *column, struct sn_error *err)
{
    int col = sn_csv_column(&d->table.csv, column);

    for (size_t i = 0; i < d->n && col >= 0; i++) {
        const char *v = sn_csv_cell(&d->table.csv, i, col);
        int k = 0;

        while (k < d->n_sets && strcmp(d->sets[k], v) != 0)
            k++;
        if (k == d->n_sets) {
            if (d->n_sets == (int)SN_COUNT(d->sets))
                return sn_table_fault(&d->table, i, col, err, "more than %zu different sets", SN_COUNT(d->sets));
            d->sets[d->n_sets++] = v;
        }
        d->cases[i].set = d->sets[k];
    }
    return SN_OK;
}

static int read_table(struct sn_dice_set *d, const struct sn_dice_options *opt, struct sn_error *err)
{
    SN_TRY(sn_table_read(opt->manifest, opt->encoding, &d->table, err));
    d->n = d->table.csv.rows;
    if (!d->n)
        return SN_FAIL(err, SN_EFORMAT, "%s: no cases below the header line", d->table.file);
    SN_TRY(need_column(d, opt->id, err));
    SN_TRY(need_column(d, opt->mask, err));
    for (int k = 0; k < opt->n_pred && !opt->results; k++)
        SN_TRY(need_column(d, opt->pred[k], err));
    if (opt->second)
        SN_TRY(need_column(d, opt->second, err));
    return SN_OK;
}

int sn_dice_read(struct sn_dice_set *d, const struct sn_dice_options *opt, struct sn_error *err)
{
    int rc;

    memset(d, 0, sizeof *d);
    SN_TRY_OUT(read_table(d, opt, err));
    d->cases = calloc(d->n, sizeof *d->cases);
    if (!d->cases) {
        rc = SN_NOMEM(err, "the cases");
        goto out;
    }
    d->n_comparisons = opt->results ? 1 : opt->n_pred;
    for (int k = 0; k < d->n_comparisons; k++)
        d->names[k] = opt->results ? "automatic" : opt->pred[k];
    d->annotators = opt->second != NULL;
    if (d->annotators)
        d->names[d->n_comparisons++] = opt->second;
    for (size_t i = 0; i < d->n; i++) {
        d->cases[i].id = sn_csv_cell(&d->table.csv, i, sn_csv_column(&d->table.csv, opt->id));
        d->cases[i].line = d->table.csv.lines[i];
    }
    SN_TRY_OUT(keys(d, opt->id, true, err));
    d->by_patient = sn_csv_column(&d->table.csv, opt->patient) >= 0;
    if (d->by_patient)
        SN_TRY_OUT(keys(d, opt->patient, false, err));
    SN_TRY_OUT(name_sets(d, opt->set, err));
    for (size_t i = 0; i < d->n && !rc; i++)
        rc = one_case(d, opt, i, err);
    if (!rc && !isnan(opt->tau) && !d->physical)
        rc = SN_FAIL(err, SN_EINVAL, "--tau is in mm, but %s and its masks state no spacing; give --spacing or a column spacing_mm",
                     d->table.file);
out:
    if (rc)
        sn_dice_free(d);
    return rc;
}

void sn_dice_free(struct sn_dice_set *d)
{
    free(d->cases);
    sn_table_free(&d->table);
    memset(d, 0, sizeof *d);
}
