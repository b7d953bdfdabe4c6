/* table.c: tables as found in the wild; see table.h. */
#include "tools/table.h"

#include "tools/cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- reading --------------------------------------------------------------------------------- */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static bool same_word(const char *a, const char *b)
{
    while (*a && lower(*a) == *b) {
        a++;
        b++;
    }
    return !*a && !*b;
}

bool sn_encoding_parse(const char *name, enum sn_encoding *e)
{
    static const struct {
        const char *name;
        enum sn_encoding e;
    } words[] = {
        { "auto", SN_ENCODING_AUTO },      { "utf-8", SN_ENCODING_UTF8 }, { "utf8", SN_ENCODING_UTF8 },
        { "gb18030", SN_ENCODING_GB18030 }, { "gbk", SN_ENCODING_GB18030 }, { "gb2312", SN_ENCODING_GB18030 },
    };

    for (size_t i = 0; i < SN_COUNT(words); i++)
        if (same_word(name, words[i].name)) {
            *e = words[i].e;
            return true;
        }
    return false;
}

static size_t line_of(const uint8_t *p, size_t pos)
{
    size_t line = 1;

    for (size_t i = 0; i < pos; i++)
        line += p[i] == '\n' || (p[i] == '\r' && p[i + 1] != '\n');
    return line;
}

static int parse(const void *data, size_t size, struct sn_csv *csv, struct sn_error *err)
{
    struct sn_error e = { 0 };
    int rc = sn_csv_parse(data, size, csv, &e);

    if (rc && strstr(e.msg, "fields, the header has")) /* 0,42 in a comma table is two fields */
        return SN_FAIL(err, rc, "%s; decimal commas are not understood: write numbers with a decimal point", e.msg);
    return rc ? SN_FAIL(err, rc, "%s", e.msg) : SN_OK;
}

static int parse_as(const struct sn_map *m, enum sn_encoding e, struct sn_csv *csv, enum sn_encoding *used, struct sn_error *err)
{
    struct sn_buf text = { 0 };
    struct sn_error why = { 0 };
    bool wide = m->size >= 2 && (sn_be16(m->data) == 0xfffe || sn_be16(m->data) == 0xfeff); /* UTF-16: io refuses it */
    size_t bad = 0;
    int rc;

    if (wide || (e != SN_ENCODING_GB18030 && sn_utf8_valid(m->data, m->size, &bad))) {
        *used = SN_ENCODING_UTF8;
        return parse(m->data, m->size, csv, err);
    }
    if (e == SN_ENCODING_UTF8)
        return SN_FAIL(err, SN_EFORMAT, "line %zu, byte %zu: 0x%02x is not UTF-8; see --encoding", line_of(m->data, bad), bad, m->data[bad]);
    *used = SN_ENCODING_GB18030;
    rc = sn_gb18030_to_utf8(m->data, m->size, &text, &why);
    if (rc == SN_EFORMAT && e == SN_ENCODING_AUTO)
        rc = SN_FAIL(err, rc, "line %zu, byte %zu: 0x%02x is not UTF-8, and the file is not GB 18030 either; save it as UTF-8", line_of(m->data, bad),
                     bad, m->data[bad]);
    else if (rc)
        rc = SN_FAIL(err, rc, "%s", why.msg);
    else
        rc = parse(text.data ? text.data : "", text.len, csv, err);
    sn_buf_free(&text);
    return rc;
}

int sn_table_csv(const char *path, enum sn_encoding e, struct sn_csv *csv, char sha256[SN_SHA256_HEX], enum sn_encoding *used,
                 struct sn_error *err)
{
    struct sn_map map = { 0 };
    enum sn_encoding found;
    uint8_t digest[32];
    int rc;

    memset(csv, 0, sizeof *csv);
    SN_TRY(sn_map_file(path, &map, err));
    sn_sha256(map.data, map.size, digest);
    sn_hex(digest, sizeof digest, sha256);
    rc = parse_as(&map, e, csv, used ? used : &found, err);
    sn_map_close(&map);
    return rc ? sn_fail_context(err, rc, "%s", sn_basename(path)) : SN_OK;
}

int sn_table_read(const char *path, enum sn_encoding e, struct sn_table *t, struct sn_error *err)
{
    memset(t, 0, sizeof *t);
    t->file = sn_basename(path);
    return sn_table_csv(path, e, &t->csv, t->sha256, &t->encoding, err);
}

void sn_table_free(struct sn_table *t)
{
    sn_csv_free(&t->csv);
    memset(t, 0, sizeof *t);
}

int sn_table_option(struct sn_table_names *n, int id, const char *value)
{
    switch (id) {
    case '1': n->id = value; return 1;
    case '2': n->patient = value; return 1;
    case '3': n->outcome = value; return 1;
    case '4': n->cluster = value; return 1;
    case '5': n->set = value; return 1;
    case '6': return sn_encoding_parse(value, &n->encoding) ? 1 : -1;
    case '7': n->positive = value; return 1;
    default: return 0;
    }
}

bool sn_args_encoding(const struct sn_args *a, enum sn_encoding *e)
{
    if (sn_encoding_parse(a->value, e))
        return true;
    (void)sn_args_usage(a, "--encoding is utf-8 or gb18030, not '%s'", a->value);
    return false;
}

/* ---- columns --------------------------------------------------------------------------------- */

int sn_table_column(const struct sn_table *t, const char *name, int *col, struct sn_error *err)
{
    char list[240] = "";
    size_t used = 0;

    *col = sn_csv_column(&t->csv, name);
    if (*col >= 0)
        return SN_OK;
    for (size_t i = 0; i < t->csv.cols && used + 1 < sizeof list; i++) {
        int n = snprintf(list + used, sizeof list - used, "%s%.40s", i ? ", " : "", t->csv.header[i]);

        used += n > 0 ? (size_t)n : 0;
    }
    return SN_FAIL(err, SN_EFORMAT, "%s: line 1: column '%.60s' is missing; the header has: %s%s", t->file, name, list, used >= sizeof list ? "..." : "");
}

int sn_table_columns(const struct sn_table *t, const char *list, int **cols, char ***names, size_t *n, struct sn_error *err)
{
    char *text = malloc(strlen(list) + 1), *p = text;
    size_t count = 1, k = 0;
    int rc = SN_OK;

    for (const char *c = list; *c; c++)
        count += *c == ',';
    *cols = malloc(count * sizeof **cols);
    *names = malloc(count * sizeof **names);
    if (!text || !*cols || !*names) {
        free(text);
        free(*cols);
        free(*names);
        *cols = NULL;
        *names = NULL;
        return SN_NOMEM(err, "column names");
    }
    strcpy(text, list);
    for (; k < count && !rc; k++) {
        size_t len = strcspn(p, ",");

        p[len] = '\0';
        (*names)[k] = p;
        rc = sn_table_column(t, p, &(*cols)[k], err);
        for (size_t i = 0; i < k && !rc; i++)
            if ((*cols)[i] == (*cols)[k])
                rc = SN_FAIL(err, SN_EINVAL, "column '%.60s' is named twice", p);
        p += len + 1;
    }
    *n = count;
    if (rc) {
        sn_table_names_free(*cols, *names);
        *cols = NULL;
        *names = NULL;
    }
    return rc;
}

void sn_table_names_free(int *cols, char **names)
{
    if (names)
        free(names[0]);
    free(names);
    free(cols);
}

int sn_table_fault(const struct sn_table *t, size_t row, int col, struct sn_error *err, const char *fmt, ...)
{
    char what[240];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return SN_FAIL(err, SN_EFORMAT, "%s: line %zu, column '%.60s': %s", t->file, t->csv.lines[row], t->csv.header[col], what);
}

/* 0,42 or 1.234,5: digits, signs and one comma. */
static bool decimal_comma(const char *s)
{
    const char *comma = strchr(s, ',');

    return comma && comma[1] >= '0' && comma[1] <= '9' && strspn(s, " +-.0123456789") == (size_t)(comma - s) &&
           strspn(comma + 1, "eE+- 0123456789") == strlen(comma + 1);
}

const char *sn_not_a_number(const char *cell)
{
    return decimal_comma(cell) ? "has a decimal comma; write numbers with a decimal point" : "is not a number";
}

int sn_table_number(const struct sn_table *t, size_t row, int col, double *v, struct sn_error *err)
{
    const char *cell = sn_csv_cell(&t->csv, row, col);

    *v = (double)NAN;
    if (sn_csv_is_na(cell) || sn_csv_number(&t->csv, row, col, v, NULL) == SN_OK)
        return SN_OK;
    return sn_table_fault(t, row, col, err, "'%.40s' %s", cell, sn_not_a_number(cell));
}

int sn_table_flag(const struct sn_table *t, size_t row, int col, int *v, struct sn_error *err)
{
    double x;

    *v = -1;
    if (sn_csv_is_na(sn_csv_cell(&t->csv, row, col)))
        return SN_OK;
    if (sn_csv_number(&t->csv, row, col, &x, NULL) == SN_OK && (x == 0.0 || x == 1.0)) {
        *v = x == 1.0;
        return SN_OK;
    }
    return sn_table_fault(t, row, col, err, "'%.40s' is neither 0 nor 1", sn_csv_cell(&t->csv, row, col));
}

int sn_table_outcome(const struct sn_table *t, size_t row, struct sn_outcome *o, int *y, struct sn_error *err)
{
    const char *cell = sn_csv_cell(&t->csv, row, o->col);

    if (!o->positive) {
        if (sn_table_flag(t, row, o->col, y, NULL) != SN_OK || *y < 0)
            return sn_table_fault(t, row, o->col, err, "'%.40s' is neither 0 nor 1; --positive TEXT says which text is the event", cell);
    } else {
        *y = strcmp(cell, o->positive) == 0;
        if (!*y && o->other && strcmp(cell, o->other) != 0)
            return sn_table_fault(t, row, o->col, err, "a third outcome '%.40s', beside '%.40s' and '%.40s'", cell, o->positive, o->other);
        if (!*y)
            o->other = cell;
    }
    o->seen |= *y == 1;
    return SN_OK;
}

int sn_table_numbers(const struct sn_table *t, int col, double **v, struct sn_error *err)
{
    int rc = SN_OK;

    *v = malloc(SN_MAX(t->csv.rows, 1u) * sizeof **v);
    if (!*v)
        return SN_NOMEM(err, "a column");
    for (size_t i = 0; i < t->csv.rows && !rc; i++)
        rc = sn_table_number(t, i, col, &(*v)[i], err);
    if (rc) {
        free(*v);
        *v = NULL;
    }
    return rc;
}

int sn_table_flags(const struct sn_table *t, int col, int **v, struct sn_error *err)
{
    int rc = SN_OK;

    *v = malloc(SN_MAX(t->csv.rows, 1u) * sizeof **v);
    if (!*v)
        return SN_NOMEM(err, "a column");
    for (size_t i = 0; i < t->csv.rows && !rc; i++)
        rc = sn_table_flag(t, i, col, &(*v)[i], err);
    if (rc) {
        free(*v);
        *v = NULL;
    }
    return rc;
}

/* ---- categories ------------------------------------------------------------------------------ */

struct cell {
    const char *text;
    size_t row;
    double number;
    bool numeric; /* of the whole column */
};

static int by_level(const void *a, const void *b)
{
    const struct cell *x = a, *y = b;
    int d = x->numeric ? (x->number > y->number) - (x->number < y->number) : strcmp(x->text, y->text);

    return d ? d : (x->row > y->row) - (x->row < y->row);
}

int sn_table_factor(const struct sn_table *t, int col, struct sn_factor *f, struct sn_error *err)
{
    size_t rows = t->csv.rows, n = 0;
    struct cell *cell = malloc(SN_MAX(rows, 1u) * sizeof *cell);
    bool numeric = true;

    *f = (struct sn_factor){ 0 };
    f->code = malloc(SN_MAX(rows, 1u) * sizeof *f->code);
    f->level = malloc(SN_MAX(rows, 1u) * sizeof *f->level);
    if (!cell || !f->code || !f->level) {
        free(cell);
        sn_factor_free(f);
        return SN_NOMEM(err, "categories");
    }
    for (size_t i = 0; i < rows; i++) {
        const char *text = sn_csv_cell(&t->csv, i, col);

        f->code[i] = -1;
        if (sn_csv_is_na(text))
            continue;
        cell[n] = (struct cell){ .text = text, .row = i };
        numeric &= sn_parse_double(text, &cell[n++].number);
    }
    for (size_t i = 0; i < n; i++)
        cell[i].numeric = numeric;
    qsort(cell, n, sizeof *cell, by_level);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || (numeric ? cell[i].number != cell[i - 1].number : strcmp(cell[i].text, cell[i - 1].text) != 0))
            f->level[f->n_levels++] = cell[i].text;
        f->code[cell[i].row] = (int)f->n_levels - 1;
    }
    free(cell);
    return SN_OK;
}

void sn_factor_free(struct sn_factor *f)
{
    free(f->level);
    free(f->code);
    *f = (struct sn_factor){ 0 };
}

/* ---- complete cases -------------------------------------------------------------------------- */

int sn_keep_init(struct sn_keep *k, const struct sn_table *t, struct sn_error *err)
{
    *k = (struct sn_keep){ .t = t };
    k->gone = calloc(SN_MAX(t->csv.rows, 1u), 1);
    return k->gone ? SN_OK : SN_NOMEM(err, "the list of rows");
}

void sn_keep_free(struct sn_keep *k)
{
    free(k->gone);
    free(k->row);
    *k = (struct sn_keep){ 0 };
}

static int drop(struct sn_keep *k, int col, const char *value, struct sn_error *err)
{
    size_t n = 0;

    if (k->n_reasons == SN_KEEP_REASONS)
        return SN_FAIL(err, SN_ELIMIT, "more than %d columns to be complete in", SN_KEEP_REASONS);
    for (size_t i = 0; i < k->t->csv.rows; i++) {
        const char *cell = sn_csv_cell(&k->t->csv, i, col);

        if (k->gone[i] || (value ? strcmp(cell, value) == 0 : !sn_csv_is_na(cell)))
            continue;
        k->gone[i] = 1;
        n++;
    }
    if (n) {
        k->reason[k->n_reasons].column = k->t->csv.header[col];
        k->reason[k->n_reasons].value = value;
        k->reason[k->n_reasons++].n = n;
    }
    return SN_OK;
}

int sn_keep_present(struct sn_keep *k, int col, struct sn_error *err) { return drop(k, col, NULL, err); }

int sn_keep_equal(struct sn_keep *k, int col, const char *value, struct sn_error *err) { return drop(k, col, value, err); }

int sn_keep_finish(struct sn_keep *k, struct sn_error *err)
{
    free(k->row);
    k->n = 0;
    k->row = malloc(SN_MAX(k->t->csv.rows, 1u) * sizeof *k->row);
    if (!k->row)
        return SN_NOMEM(err, "the list of rows");
    for (size_t i = 0; i < k->t->csv.rows; i++)
        if (!k->gone[i])
            k->row[k->n++] = i;
    return SN_OK;
}

void sn_keep_describe(const struct sn_keep *k, struct sn_buf *b)
{
    sn_buf_printf(b, "%zu rows", k->t->csv.rows);
    for (size_t i = 0; i < k->n_reasons; i++) {
        sn_buf_puts(b, i ? ", " : "; left out: ");
        if (k->reason[i].value)
            sn_buf_printf(b, "%zu whose '%s' is not '%s'", k->reason[i].n, k->reason[i].column, k->reason[i].value);
        else
            sn_buf_printf(b, "%zu without '%s'", k->reason[i].n, k->reason[i].column);
    }
    sn_buf_printf(b, "; %zu used", k->n);
}
