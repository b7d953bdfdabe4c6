/* logistic_read.c: reads a fitted logistic model (tools/README.md, "model.json"). */
#include "stats/stats.h"

#include <math.h>
#include <stdio.h>

#define MAX_TERMS  4096 /* far above any model we could explain; bounds the duplicate search */
#define MAX_LEVELS 4096
#define MAX_PARTS  SN_FORMULA_MAX_ORDER

/* What a key may hold; anything else is refused, so that a misspelt key is never ignored. */
struct key_rule {
    const char *key;
    enum sn_json_type type;
    bool required, or_null;
};

/* The model being read; version 1 states no columns, they follow from the terms. */
struct reader {
    struct sn_logistic *m;
    int version;
    size_t columns_cap;
    struct sn_error *err;
};

static const char *type_name(enum sn_json_type t)
{
    static const char *const names[] = { "null",     "a boolean", "a number",
                                         "a string", "an array",  "an object" };

    return names[t];
}

static int check_keys(const struct sn_json_value *object, const char *where,
                      const struct key_rule *rules, size_t n, struct sn_error *err)
{
    if (object->type != SN_JSON_OBJECT)
        return SN_FAIL(err, SN_EFORMAT, "logistic model: %s is %s, expected an object", where,
                       type_name(object->type));
    for (const struct sn_json_value *m = object->first; m; m = m->next) {
        size_t i = 0;

        while (i < n && strcmp(rules[i].key, m->key) != 0)
            i++;
        if (i == n)
            return SN_FAIL(err, SN_EFORMAT, "logistic model: %s has an unknown key \"%.40s\"",
                           where, m->key);
        if (m->type != rules[i].type && !(rules[i].or_null && m->type == SN_JSON_NULL))
            return SN_FAIL(err, SN_EFORMAT, "logistic model: %s: \"%s\" is %s, expected %s", where,
                           m->key, type_name(m->type), type_name(rules[i].type));
    }
    for (size_t i = 0; i < n; i++)
        if (rules[i].required && !sn_json_get(object, rules[i].key))
            return SN_FAIL(err, SN_EFORMAT, "logistic model: %s lacks \"%s\"", where, rules[i].key);
    return SN_OK;
}

static double number_or_nan(const struct sn_json_value *object, const char *key)
{
    const struct sn_json_value *v = sn_json_get(object, key);

    return v && v->type == SN_JSON_NUMBER ? v->number : (double)NAN;
}

static const char *string_or(const struct sn_json_value *object, const char *key,
                             const char *otherwise)
{
    const struct sn_json_value *v = sn_json_get(object, key);

    return v && v->type == SN_JSON_STRING ? v->string : otherwise;
}

/* An array of increasing numbers; *n 0 when the key is absent or null. */
static int numbers(struct reader *r, const struct sn_json_value *object, const char *where, const char *key,
                   size_t most, const double **out, size_t *n)
{
    const struct sn_json_value *a = sn_json_get(object, key);
    double *v;

    *n = 0;
    *out = NULL;
    if (!a || a->type == SN_JSON_NULL)
        return SN_OK;
    if (a->count == 0 || a->count > most)
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s: \"%s\" holds %zu numbers, 1 to %zu are read", where, key,
                       a->count, most);
    v = sn_arena_get(&r->m->doc.arena, a->count * sizeof *v, r->err);
    if (!v)
        return SN_ENOMEM;
    for (const struct sn_json_value *e = a->first; e; e = e->next) {
        if (e->type != SN_JSON_NUMBER || (*n && !(e->number > v[*n - 1])))
            return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s: \"%s\" is not a list of increasing numbers", where, key);
        v[(*n)++] = e->number;
    }
    *out = v;
    return SN_OK;
}

/* ---- columns ----------------------------------------------------------------------------- */

static int find_column(const struct sn_logistic *m, const char *name, bool factor)
{
    for (size_t i = 0; i < m->n_columns; i++)
        if (m->columns[i].factor == factor && strcmp(m->columns[i].name, name) == 0)
            return (int)i;
    return -1;
}

static struct sn_logistic_column *new_column(struct reader *r, const char *name, bool factor)
{
    void *table = r->m->columns;
    struct sn_logistic_column *c;

    if (sn_arena_grow(&r->m->doc.arena, &table, r->m->n_columns, &r->columns_cap, sizeof *c, r->err))
        return NULL;
    r->m->columns = table;
    c = &r->m->columns[r->m->n_columns++];
    *c = (struct sn_logistic_column){ .name = name, .factor = factor, .min = NAN, .max = NAN, .quartile = { NAN, NAN, NAN } };
    return c;
}

static int read_levels(struct reader *r, const struct sn_json_value *v, const char *where, struct sn_logistic_column *c)
{
    const struct sn_json_value *a = sn_json_get(v, "levels");

    if (!a || a->type != SN_JSON_ARRAY || a->count < 2 || a->count > MAX_LEVELS)
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s needs 2 to %d \"levels\", the reference first", where, MAX_LEVELS);
    c->levels = sn_arena_get(&r->m->doc.arena, a->count * sizeof *c->levels, r->err);
    if (!c->levels)
        return SN_ENOMEM;
    for (const struct sn_json_value *e = a->first; e; e = e->next) {
        if (e->type != SN_JSON_STRING || sn_logistic_level(c, e->string) >= 0)
            return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s: \"levels\" are not distinct strings", where);
        c->levels[c->n_levels++] = e->string;
    }
    return SN_OK;
}

static int read_column(struct reader *r, const struct sn_json_value *v)
{
    static const struct key_rule rules[] = {
        { "name", SN_JSON_STRING, true, false },      { "kind", SN_JSON_STRING, true, false },
        { "levels", SN_JSON_ARRAY, false, true },     { "min", SN_JSON_NUMBER, false, true },
        { "max", SN_JSON_NUMBER, false, true },       { "quartiles", SN_JSON_ARRAY, false, true },
        { "values", SN_JSON_ARRAY, false, true },
    };
    struct sn_logistic_column *c;
    const char *name, *kind;
    char where[32];
    const struct sn_json_value *q;
    size_t n = 0;

    (void)snprintf(where, sizeof where, "column %zu", r->m->n_columns + 1);
    SN_TRY(check_keys(v, where, rules, SN_COUNT(rules), r->err));
    name = string_or(v, "name", "");
    kind = string_or(v, "kind", "");
    if (!name[0] || find_column(r->m, name, false) >= 0 || find_column(r->m, name, true) >= 0)
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s has an empty name, or that of another column", where);
    if (strcmp(kind, "number") != 0 && strcmp(kind, "factor") != 0)
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s: \"kind\" is neither \"number\" nor \"factor\"", where);
    c = new_column(r, name, kind[0] == 'f');
    if (!c)
        return SN_ENOMEM;
    if (c->factor)
        return read_levels(r, v, where, c);
    c->min = number_or_nan(v, "min");
    c->max = number_or_nan(v, "max");
    if (c->min > c->max)
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s has min above max", where);
    q = sn_json_get(v, "quartiles");
    if (q && q->type == SN_JSON_ARRAY)
        for (const struct sn_json_value *e = q->first; e && n < 3; e = e->next)
            c->quartile[n++] = e->type == SN_JSON_NUMBER ? e->number : (double)NAN;
    return numbers(r, v, where, "values", MAX_LEVELS, &c->values, &c->n_values);
}

/* Version 1: a column is what its terms say. */
static int implied_column(struct reader *r, const char *name, const char *level, size_t *index)
{
    int found = find_column(r->m, name, level != NULL);
    struct sn_logistic_column *c = found >= 0 ? &r->m->columns[found] : new_column(r, name, level != NULL);
    const char **levels;

    if (!c)
        return SN_ENOMEM;
    *index = (size_t)(c - r->m->columns);
    if (!level)
        return SN_OK;
    if ((c->n_levels & (c->n_levels - 1)) == 0) { /* none, or a full table of a power of two */
        levels = sn_arena_get(&r->m->doc.arena, SN_MAX(2, 2 * c->n_levels) * sizeof *levels, r->err);
        if (!levels)
            return SN_ENOMEM;
        if (c->n_levels)
            memcpy(levels, c->levels, c->n_levels * sizeof *levels);
        else
            c->n_levels = 1; /* the reference, without a name */
        c->levels = levels;
    }
    c->levels[c->n_levels++] = level;
    return SN_OK;
}

/* ---- terms ------------------------------------------------------------------------------- */

static int read_part(struct reader *r, const struct sn_json_value *v, const char *where, struct sn_logistic_part *p)
{
    const char *column = string_or(v, "column", "");
    const struct sn_json_value *basis = sn_json_get(v, "basis");
    int found;

    p->level = string_or(v, "level", NULL);
    if (!column[0])
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s has an empty name or column", where);
    SN_TRY(numbers(r, v, where, "knots", SN_RCS_MAX_KNOTS, &p->knots, &p->n_knots));
    if (basis && basis->type == SN_JSON_NUMBER) {
        if (!(basis->number >= 1 && basis->number + 2 <= (double)p->n_knots) || basis->number != floor(basis->number))
            return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s: \"basis\" is a whole number from 1 to the number of knots less 2", where);
        p->basis = (size_t)basis->number;
    }
    if ((p->n_knots != 0) != (p->basis != 0) || (p->n_knots && p->level))
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s: \"knots\" and \"basis\" go together, and not with \"level\"", where);
    if (r->version == 1)
        return implied_column(r, column, p->level, &p->column);
    found = find_column(r->m, column, p->level != NULL);
    if (found < 0)
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s: no %s \"%.40s\" among the columns", where, p->level ? "factor" : "number", column);
    p->column = (size_t)found;
    if (p->level && sn_logistic_level(&r->m->columns[found], p->level) < 1)
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s: \"%.40s\" is not a level of \"%.40s\", or its reference", where, p->level, column);
    return SN_OK;
}

static int read_parts(struct reader *r, const struct sn_json_value *v, const char *where, struct sn_logistic_term *t)
{
    static const struct key_rule rules[] = {
        { "column", SN_JSON_STRING, true, false }, { "level", SN_JSON_STRING, false, true },
        { "knots", SN_JSON_ARRAY, false, true },   { "basis", SN_JSON_NUMBER, false, true },
    };
    const struct sn_json_value *list = sn_json_get(v, "parts");
    struct sn_logistic_part *parts;

    if (list && list->type == SN_JSON_NULL)
        list = NULL;
    if (list && (list->count < 2 || list->count > MAX_PARTS || sn_json_get(v, "column")))
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s: \"parts\" are 2 to %d, and stand instead of \"column\"", where, MAX_PARTS);
    t->n_parts = list ? list->count : 1;
    parts = sn_arena_get(&r->m->doc.arena, t->n_parts * sizeof *parts, r->err);
    if (!parts)
        return SN_ENOMEM;
    t->parts = parts;
    if (!list)
        return read_part(r, v, where, parts);
    for (const struct sn_json_value *e = list->first; e; e = e->next) {
        SN_TRY(check_keys(e, where, rules, SN_COUNT(rules), r->err));
        SN_TRY(read_part(r, e, where, parts++));
    }
    return SN_OK;
}

static bool same_parts(const struct sn_logistic_term *a, const struct sn_logistic_term *b)
{
    if (a->n_parts != b->n_parts)
        return false;
    for (size_t i = 0; i < a->n_parts; i++) {
        const struct sn_logistic_part *p = &a->parts[i], *q = &b->parts[i];

        if (p->column != q->column || p->basis != q->basis || (p->level && strcmp(p->level, q->level) != 0))
            return false;
    }
    return true;
}

static int read_term(struct reader *r, const struct sn_json_value *v)
{
    static const struct key_rule rules[] = {
        { "name", SN_JSON_STRING, true, false },    { "coefficient", SN_JSON_NUMBER, true, false },
        { "column", SN_JSON_STRING, false, false }, { "level", SN_JSON_STRING, false, true },
        { "min", SN_JSON_NUMBER, false, true },     { "max", SN_JSON_NUMBER, false, true },
        { "parts", SN_JSON_ARRAY, false, true },    { "knots", SN_JSON_ARRAY, false, true },
        { "basis", SN_JSON_NUMBER, false, true },
    };
    struct sn_logistic *m = r->m;
    struct sn_logistic_term *t = &m->terms[m->n_terms];
    struct sn_logistic_column *c;
    char where[32];

    (void)snprintf(where, sizeof where, "term %zu", m->n_terms + 1);
    SN_TRY(check_keys(v, where, rules, r->version == 1 ? 6 : SN_COUNT(rules), r->err));
    if (r->version == 1 && !sn_json_get(v, "column"))
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s lacks \"column\"", where);
    t->name = string_or(v, "name", "");
    t->coefficient = number_or_nan(v, "coefficient");
    t->min = number_or_nan(v, "min");
    t->max = number_or_nan(v, "max");
    if (!t->name[0])
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: %s has an empty name or column", where);
    if (t->min > t->max)
        return SN_FAIL(r->err, SN_EFORMAT, "logistic model: term \"%.40s\" has min above max", t->name);
    SN_TRY(read_parts(r, v, where, t));
    c = &m->columns[t->parts[0].column];
    if (t->n_parts == 1) {
        t->column = c->name;
        t->level = t->parts[0].level;
        if (r->version == 1 && !c->factor) {
            c->min = t->min;
            c->max = t->max;
        } else if (!c->factor && t->parts[0].basis == 0) {
            t->min = c->min;
            t->max = c->max;
        }
    }
    for (size_t i = 0; i < m->n_terms; i++)
        if (strcmp(m->terms[i].name, t->name) == 0 || same_parts(&m->terms[i], t))
            return SN_FAIL(r->err, SN_EFORMAT, "logistic model: terms %zu and %zu (\"%.40s\") are the same", i + 1, m->n_terms + 1, t->name);
    m->n_terms++;
    return SN_OK;
}

static int read_model(struct sn_logistic *m, struct sn_error *err)
{
    static const struct key_rule rules[] = {
        { "format", SN_JSON_STRING, true, false },    { "version", SN_JSON_NUMBER, true, false },
        { "outcome", SN_JSON_STRING, false, true },   { "trained_on", SN_JSON_STRING, false, true },
        { "intercept", SN_JSON_NUMBER, true, false }, { "threshold", SN_JSON_NUMBER, false, true },
        { "terms", SN_JSON_ARRAY, true, false },      { "fit", SN_JSON_OBJECT, false, true },
        { "columns", SN_JSON_ARRAY, true, false },
    };
    struct reader r = { .m = m, .err = err };
    const struct sn_json_value *root = m->doc.root, *terms;
    double version = number_or_nan(root, "version");

    if (strcmp(string_or(root, "format", ""), "sentinode-logistic") != 0)
        return SN_FAIL(err, SN_EFORMAT,
                       "logistic model: expected \"format\": \"sentinode-logistic\" in an object");
    if (version != 1.0 && version != 2.0)
        return SN_FAIL(err, SN_EUNSUPPORTED,
                       "logistic model: \"version\" is not 1 or 2, the only ones known");
    r.version = (int)version;
    SN_TRY(check_keys(root, "the model", rules, SN_COUNT(rules) - (r.version == 1), err));
    terms = sn_json_get(root, "terms");
    if (terms->count > MAX_TERMS)
        return SN_FAIL(err, SN_ELIMIT, "logistic model: %zu terms, at most %d are read",
                       terms->count, MAX_TERMS);
    m->terms = sn_arena_get(&m->doc.arena, (terms->count + 1) * sizeof *m->terms, err);
    if (!m->terms)
        return err ? err->code : SN_ENOMEM;
    m->intercept = number_or_nan(root, "intercept");
    m->threshold = number_or_nan(root, "threshold");
    m->outcome = string_or(root, "outcome", "");
    m->trained_on = string_or(root, "trained_on", "");
    if (m->threshold < 0 || m->threshold > 1)
        return SN_FAIL(err, SN_EFORMAT, "logistic model: \"threshold\" is a risk in [0, 1]");
    if (r.version == 2)
        for (const struct sn_json_value *v = sn_json_get(root, "columns")->first; v; v = v->next) {
            if (m->n_columns == MAX_TERMS)
                return SN_FAIL(err, SN_ELIMIT, "logistic model: more than %d columns", MAX_TERMS);
            SN_TRY(read_column(&r, v));
        }
    for (const struct sn_json_value *v = terms->first; v; v = v->next)
        SN_TRY(read_term(&r, v));
    return SN_OK;
}

int sn_logistic_parse(const void *json, size_t size, struct sn_logistic *m, struct sn_error *err)
{
    int rc;

    memset(m, 0, sizeof *m);
    SN_TRY(sn_json_parse(json, size, &m->doc, err));
    rc = read_model(m, err);
    if (rc)
        sn_logistic_free(m);
    return rc;
}

int sn_logistic_read(const char *path, struct sn_logistic *m, struct sn_error *err)
{
    struct sn_map map = { 0 };
    int rc;

    memset(m, 0, sizeof *m);
    SN_TRY(sn_map_file(path, &map, err));
    rc = sn_logistic_parse(map.data, map.size, m, err);
    sn_map_close(&map);
    return rc ? sn_fail_context(err, rc, "%s", path) : SN_OK;
}

void sn_logistic_free(struct sn_logistic *m)
{
    sn_json_doc_free(&m->doc);
    memset(m, 0, sizeof *m);
}
