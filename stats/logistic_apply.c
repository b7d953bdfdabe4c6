/* logistic_apply.c: reads a fitted logistic model (tools/README.md, "model.json"), applies it. */
#include "stats/stats.h"

#include <math.h>
#include <stdio.h>

#define MAX_TERMS 4096 /* far above any model we could explain; bounds the duplicate search */

/* What a key may hold; anything else is refused, so that a misspelt key is never ignored. */
struct key_rule {
    const char *key;
    enum sn_json_type type;
    bool required, or_null;
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

static bool same_level(const struct sn_logistic_term *a, const struct sn_logistic_term *b)
{
    return strcmp(a->column, b->column) == 0 &&
           (a->level && b->level ? strcmp(a->level, b->level) == 0 : a->level == b->level);
}

static int read_term(const struct sn_json_value *v, struct sn_logistic *m, struct sn_error *err)
{
    static const struct key_rule rules[] = {
        { "name", SN_JSON_STRING, true, false },    { "column", SN_JSON_STRING, true, false },
        { "level", SN_JSON_STRING, false, true },   { "coefficient", SN_JSON_NUMBER, true, false },
        { "min", SN_JSON_NUMBER, false, true },     { "max", SN_JSON_NUMBER, false, true },
    };
    struct sn_logistic_term *t = &m->terms[m->n_terms];
    char where[32];

    snprintf(where, sizeof where, "term %zu", m->n_terms + 1);
    if (v->type != SN_JSON_OBJECT)
        return SN_FAIL(err, SN_EFORMAT, "logistic model: %s is %s, expected an object", where,
                       type_name(v->type));
    SN_TRY(check_keys(v, where, rules, SN_COUNT(rules), err));
    t->name = string_or(v, "name", "");
    t->column = string_or(v, "column", "");
    t->level = string_or(v, "level", NULL);
    t->coefficient = number_or_nan(v, "coefficient");
    t->min = number_or_nan(v, "min");
    t->max = number_or_nan(v, "max");
    if (!t->name[0] || !t->column[0])
        return SN_FAIL(err, SN_EFORMAT, "logistic model: term %zu has an empty name or column",
                       m->n_terms + 1);
    if (t->min > t->max)
        return SN_FAIL(err, SN_EFORMAT, "logistic model: term \"%.40s\" has min above max",
                       t->name);
    for (size_t i = 0; i < m->n_terms; i++)
        if (strcmp(m->terms[i].name, t->name) == 0 || same_level(&m->terms[i], t))
            return SN_FAIL(err, SN_EFORMAT,
                           "logistic model: terms %zu and %zu (\"%.40s\") are the same", i + 1,
                           m->n_terms + 1, t->name);
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
    };
    const struct sn_json_value *root = m->doc.root, *terms;

    if (strcmp(string_or(root, "format", ""), "sentinode-logistic") != 0)
        return SN_FAIL(err, SN_EFORMAT,
                       "logistic model: expected \"format\": \"sentinode-logistic\" in an object");
    if (number_or_nan(root, "version") != 1.0)
        return SN_FAIL(err, SN_EUNSUPPORTED,
                       "logistic model: \"version\" is not 1, the only one known");
    SN_TRY(check_keys(root, "the model", rules, SN_COUNT(rules), err));
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
    for (const struct sn_json_value *v = terms->first; v; v = v->next)
        SN_TRY(read_term(v, m, err));
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

int sn_logistic_apply(const struct sn_logistic *m, const double *x, double *lp, double *risk,
                      struct sn_error *err)
{
    double sum = m->intercept;

    for (size_t i = 0; i < m->n_terms; i++) {
        if (!isfinite(x[i]))
            return SN_FAIL(err, SN_EINVAL, "logistic model: term \"%.40s\" has no finite value",
                           m->terms[i].name);
        sum += m->terms[i].coefficient * x[i];
    }
    if (!isfinite(sum))
        return SN_FAIL(err, SN_EINVAL, "logistic model: the linear predictor is not finite");
    *lp = sum;
    *risk = sn_sigmoid(sum);
    return SN_OK;
}
