/* cases.c: joins images, manifest and clinical table. */
#include "tools/cases.h"

#include "tools/cli.h"
#include "tools/image_dicom.h"
#include "tools/table.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- a table's rows by key ----------------------------------------------------------------- */

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

/* Sorted rows of a column; `last_part` compares image names, not paths. */
static int index_rows(const struct sn_csv *t, int col, bool last_part, struct keyed **out, struct sn_error *err)
{
    *out = malloc((t->rows + 1) * sizeof **out);
    if (!*out)
        return SN_NOMEM(err, "a table's index");
    for (size_t i = 0; i < t->rows; i++) {
        const char *cell = sn_csv_cell(t, i, col);

        (*out)[i] = (struct keyed){ last_part ? sn_basename(cell) : cell, i };
    }
    qsort(*out, t->rows, sizeof **out, by_key);
    return SN_OK;
}

static const struct keyed *find(const struct keyed *index, size_t n, const char *key)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(index[mid].key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && strcmp(index[lo].key, key) == 0 ? &index[lo] : NULL;
}

/* Two rows with one key would make the choice between them arbitrary. */
static int check_unique(const struct sn_csv *t, const char *file, const char *column, const struct keyed *index,
                        struct sn_error *err)
{
    for (size_t i = 1; i < t->rows; i++)
        if (*index[i].key && strcmp(index[i].key, index[i - 1].key) == 0)
            return SN_FAIL(err, SN_EFORMAT, "%s: line %zu, column '%s': '%.80s' is also on line %zu", file,
                           t->lines[index[i].row], column, index[i].key, t->lines[index[i - 1].row]);
    return SN_OK;
}

/* ---- cases --------------------------------------------------------------------------------- */

/* A case names a folder. */
static bool usable_id(const char *id)
{
    size_t n = strlen(id);

    if (n == 0 || n > 120 || id[0] == '.')
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)id[i] < 0x20 || id[i] == '/' || id[i] == '\\' || id[i] == 0x7f)
            return false;
    return true;
}

static const char *join_folder(struct sn_cases *c, const char *table, const char *image, struct sn_error *err)
{
    const char *slash = strrchr(table, '/');
    size_t n = slash && image[0] != '/' ? (size_t)(slash - table) + 1 : 0, m = strlen(image);
    char *path = sn_arena_get(&c->arena, n + m + 1, err);

    if (path) {
        memcpy(path, table, n);
        memcpy(path + n, image, m + 1);
    }
    return path;
}

static int rows_from_manifest(struct sn_cases *c, const char *manifest, struct sn_error *err)
{
    const struct sn_csv *t = &c->manifest;
    int id = sn_csv_column(t, c->names.id), patient = sn_csv_column(t, c->names.patient),
        image = sn_csv_column(t, c->names.image);
    struct keyed *index = NULL;
    int rc;

    if (id < 0 || image < 0)
        return SN_FAIL(err, SN_EFORMAT, "%s: column '%s' is missing", c->manifest_name,
                       id < 0 ? c->names.id : c->names.image);
    for (size_t i = 0; i < t->rows; i++) {
        struct sn_case_row *r = &c->rows[i];
        const char *cell = sn_csv_cell(t, i, image);

        *r = (struct sn_case_row){ .id = sn_csv_cell(t, i, id), .manifest_row = i };
        r->patient = patient >= 0 ? sn_csv_cell(t, i, patient) : "";
        if (!usable_id(r->id))
            return SN_FAIL(err, SN_EFORMAT, "%s: line %zu, column '%s': '%.80s' cannot name a folder", c->manifest_name,
                           t->lines[i], c->names.id, r->id);
        if (!*cell)
            return SN_FAIL(err, SN_EFORMAT, "%s: line %zu, column '%s' is empty", c->manifest_name, t->lines[i],
                           c->names.image);
        r->path = join_folder(c, manifest, cell, err);
        if (!r->path)
            return SN_NOMEM(err, "a path");
        r->image = sn_basename(r->path);
    }
    SN_TRY(index_rows(t, id, false, &index, err));
    rc = check_unique(t, c->manifest_name, c->names.id, index, err);
    free(index);
    return rc;
}

/* case1.png is case case1; cine.dcm#3 is cine-frame3. */
static char *case_id(struct sn_cases *c, const char *name, struct sn_error *err)
{
    const char *mark = strrchr(name, '#'), *end = name + strlen(name), *dot;
    struct sn_buf id = { 0 };
    char *kept;
    long frame;

    if (mark && sn_frame_parse(mark + 1, &frame))
        end = mark;
    else
        mark = NULL;
    for (dot = end; dot > name && *dot != '.'; dot--)
        ;
    sn_buf_add(&id, name, (size_t)((dot > name ? dot : end) - name));
    if (mark)
        sn_buf_printf(&id, "-frame%s", mark + 1);
    kept = id.failed ? NULL : sn_arena_strdup(&c->arena, id.data, id.len, err);
    sn_buf_free(&id);
    return kept;
}

static int rows_from_images(struct sn_cases *c, char *const *images, struct sn_error *err)
{
    for (size_t i = 0; i < c->n_rows; i++) {
        struct sn_case_row *r = &c->rows[i];
        const char *name = sn_basename(images[i]);

        *r = (struct sn_case_row){ .path = images[i], .image = name, .patient = "", .manifest_row = SN_NO_ROW };
        r->id = case_id(c, name, err);
        if (!r->id)
            return SN_NOMEM(err, "a case");
        if (!usable_id(r->id))
            return SN_FAIL(err, SN_EINVAL, "'%.80s' cannot name a case; use --manifest", name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->rows[k].id, r->id) == 0)
                return SN_FAIL(err, SN_EINVAL, "images %zu and %zu would both be case '%.80s'; use --manifest", k + 1,
                               i + 1, r->id);
    }
    return SN_OK;
}

static int join_clinical(struct sn_cases *c, struct sn_error *err)
{
    const struct sn_csv *t = &c->clinical;
    int id = sn_csv_column(t, c->names.id), patient = sn_csv_column(t, c->names.patient),
        image = sn_csv_column(t, c->names.image);
    int key = id >= 0 ? id : image >= 0 ? image : patient;
    const char *key_name = id >= 0 ? c->names.id : image >= 0 ? c->names.image : c->names.patient;
    struct keyed *index = NULL;
    int rc;

    if (key < 0)
        return SN_FAIL(err, SN_EFORMAT, "%s: has none of the columns '%s', '%s', '%s' to match cases by",
                       c->clinical_name, c->names.id, c->names.image, c->names.patient);
    SN_TRY(index_rows(t, key, key == image, &index, err));
    rc = check_unique(t, c->clinical_name, key_name, index, err);
    for (size_t i = 0; i < c->n_rows && !rc; i++) {
        struct sn_case_row *r = &c->rows[i];
        const char *want = key == id ? r->id : key == image ? r->image : *r->patient ? r->patient : r->id;
        const struct keyed *k = find(index, t->rows, want);

        if (!k)
            continue;
        r->clinical_row = k->row;
        if (patient >= 0 && !*r->patient)
            r->patient = sn_csv_cell(t, k->row, patient);
    }
    free(index);
    return rc;
}

/* Links the rows of each patient in their order. */
static int group(struct sn_cases *c, struct sn_error *err)
{
    struct keyed *k = malloc((c->n_rows + 1) * sizeof *k);

    if (!k)
        return SN_NOMEM(err, "the patients");
    for (size_t i = 0; i < c->n_rows; i++) {
        struct sn_case_row *r = &c->rows[i];

        if (!*r->patient)
            r->patient = r->id;
        r->first = true;
        r->next = SN_NO_ROW;
        k[i] = (struct keyed){ r->patient, i };
    }
    qsort(k, c->n_rows, sizeof *k, by_key);
    for (size_t i = 1; i < c->n_rows; i++)
        if (strcmp(k[i].key, k[i - 1].key) == 0) {
            c->rows[k[i - 1].row].next = k[i].row;
            c->rows[k[i].row].first = false;
        }
    free(k);
    return SN_OK;
}

/* ---- columns ------------------------------------------------------------------------------- */

static int add_columns(struct sn_cases *c, const struct sn_csv *t, const char *file, bool clinical,
                       struct sn_error *err)
{
    static const char *const ours[] = { "dl_sig", "risk", "review", "case", "patient", "image", "outcome" };

    for (size_t i = 0; i < t->cols; i++) {
        const char *name = t->header[i];
        int at;

        if (!*name || strcmp(name, c->names.id) == 0 || strcmp(name, c->names.patient) == 0 ||
            strcmp(name, c->names.image) == 0)
            continue;
        /* a mapped column takes the standard name, so no other column may have it */
        for (size_t k = 0; k < SN_COUNT(ours); k++)
            if (strcmp(name, c->names.outcome) != 0 && (strcmp(name, ours[k]) == 0 || strncmp(name, "p_", 2) == 0))
                return SN_FAIL(err, SN_EFORMAT, "%s: column '%.60s' has the name of one that predict writes", file,
                               name);
        at = sn_cases_column(c, name);
        if (at < 0) {
            at = (int)c->n_columns++;
            c->columns[at] = (struct sn_case_column){ name, -1, -1 };
        }
        if (clinical)
            c->columns[at].clinical_col = (int)i;
        else
            c->columns[at].manifest_col = (int)i;
    }
    return SN_OK;
}

int sn_cases_column(const struct sn_cases *c, const char *name)
{
    for (size_t i = 0; i < c->n_columns; i++)
        if (strcmp(c->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

int sn_cases_cell(const struct sn_cases *c, const struct sn_case_row *row, int column, const char **cell, char *where,
                  struct sn_error *err)
{
    const struct sn_case_column *col = &c->columns[column];
    const char *m = NULL, *k = NULL;

    *cell = "";
    if (col->manifest_col >= 0 && row->manifest_row != SN_NO_ROW)
        m = sn_csv_cell(&c->manifest, row->manifest_row, col->manifest_col);
    if (col->clinical_col >= 0 && row->clinical_row != SN_NO_ROW)
        k = sn_csv_cell(&c->clinical, row->clinical_row, col->clinical_col);
    if (where) {
        if (k)
            (void)snprintf(where, 200, "%.80s: line %zu, column '%.60s'", c->clinical_name,
                           c->clinical.lines[row->clinical_row], col->name);
        else if (m)
            (void)snprintf(where, 200, "%.80s: line %zu, column '%.60s'", c->manifest_name,
                           c->manifest.lines[row->manifest_row], col->name);
        else
            (void)snprintf(where, 200, "%.80s: no row for case '%.60s'",
                           c->clinical_name ? c->clinical_name : c->manifest_name, row->id);
    }
    if (m && k && strcmp(m, k) != 0 && !sn_csv_is_na(m) && !sn_csv_is_na(k))
        return SN_FAIL(err, SN_EFORMAT, "%s: line %zu, column '%.60s' differs from line %zu of %s", c->clinical_name,
                       c->clinical.lines[row->clinical_row], col->name, c->manifest.lines[row->manifest_row],
                       c->manifest_name);
    if (m && (!k || sn_csv_is_na(k)))
        *cell = m;
    else if (k)
        *cell = k;
    return SN_OK;
}

/* ---- all together -------------------------------------------------------------------------- */

static int load(struct sn_cases *c, const char *manifest, const char *clinical, char *const *images, size_t n_images,
                struct sn_error *err)
{
    if (manifest) {
        c->manifest_name = sn_basename(manifest);
        SN_TRY(sn_table_csv(manifest, SN_ENCODING_AUTO, &c->manifest, c->manifest_sha256, NULL, err));
    }
    if (clinical) {
        c->clinical_name = sn_basename(clinical);
        SN_TRY(sn_table_csv(clinical, SN_ENCODING_AUTO, &c->clinical, c->clinical_sha256, NULL, err));
    }
    c->n_rows = manifest ? c->manifest.rows : n_images;
    if (c->n_rows == 0)
        return SN_FAIL(err, SN_EFORMAT, "%s: no rows", c->manifest_name ? c->manifest_name : "command line");
    c->rows = calloc(c->n_rows, sizeof *c->rows);
    c->columns = calloc(c->manifest.cols + c->clinical.cols + 1, sizeof *c->columns);
    if (!c->rows || !c->columns)
        return SN_NOMEM(err, "the cases");
    SN_TRY(manifest ? rows_from_manifest(c, manifest, err) : rows_from_images(c, images, err));
    for (size_t i = 0; i < c->n_rows; i++)
        c->rows[i].clinical_row = SN_NO_ROW;
    if (clinical)
        SN_TRY(join_clinical(c, err));
    if (manifest)
        SN_TRY(add_columns(c, &c->manifest, c->manifest_name, false, err));
    if (clinical)
        SN_TRY(add_columns(c, &c->clinical, c->clinical_name, true, err));
    return group(c, err);
}

int sn_cases_load(struct sn_cases *c, const struct sn_case_names *names, const char *manifest, const char *clinical,
                  char *const *images, size_t n_images, struct sn_error *err)
{
    int rc;

    *c = (struct sn_cases){ .names = *names };
    sn_arena_init(&c->arena, 0);
    rc = load(c, manifest, clinical, images, n_images, err);
    if (rc)
        sn_cases_free(c);
    return rc;
}

void sn_cases_free(struct sn_cases *c)
{
    sn_csv_free(&c->manifest);
    sn_csv_free(&c->clinical);
    free(c->rows);
    free(c->columns);
    sn_arena_free(&c->arena);
    *c = (struct sn_cases){ 0 };
}
