/*
 * fuzz_json.c: any bytes as JSON and as a logistic model; what parses is written back and must
 * parse to the same tree.
 */
#include "io/io.h"
#include "stats/stats.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good)
        abort();
}

static void write_value(struct sn_json *j, const struct sn_json_value *v)
{
    switch (v->type) {
    case SN_JSON_NULL:
        sn_json_null(j);
        break;
    case SN_JSON_BOOL:
        sn_json_bool(j, v->boolean);
        break;
    case SN_JSON_NUMBER:
        sn_json_number(j, v->number);
        break;
    case SN_JSON_STRING:
        sn_json_string(j, v->string);
        break;
    case SN_JSON_ARRAY:
        sn_json_array(j);
        for (const struct sn_json_value *c = v->first; c; c = c->next)
            write_value(j, c);
        sn_json_end_array(j);
        break;
    case SN_JSON_OBJECT:
        sn_json_object(j);
        for (const struct sn_json_value *c = v->first; c; c = c->next) {
            sn_json_key(j, c->key);
            write_value(j, c);
        }
        sn_json_end_object(j);
        break;
    }
}

static void same(const struct sn_json_value *a, const struct sn_json_value *b)
{
    require(a->type == b->type && a->count == b->count && a->boolean == b->boolean);
    require(memcmp(&a->number, &b->number, sizeof a->number) == 0);
    require(!a->string == !b->string && (!a->string || strcmp(a->string, b->string) == 0));
    require(!a->key == !b->key && (!a->key || strcmp(a->key, b->key) == 0));
    for (a = a->first, b = b->first; a && b; a = a->next, b = b->next)
        same(a, b);
    require(!a && !b);
}

/* Terms from columns, and the model as points. */
static void use_columns(const struct sn_logistic *m)
{
    struct sn_logistic_value v[32];
    struct sn_nomogram n;

    if (m->n_columns > SN_COUNT(v))
        return;
    for (size_t c = 0; c < m->n_columns; c++)
        v[c] = (struct sn_logistic_value){ 1.5, m->columns[c].factor && m->columns[c].n_levels > 1 ? m->columns[c].levels[1] : "none" };
    for (size_t t = 0; t < m->n_terms; t++)
        (void)sn_logistic_term_x(m, t, v);
    if (sn_nomogram_build(m, NULL, &n, NULL))
        return;
    require(n.scale > 0 && n.n_axes > 0);
    for (size_t g = 0; g < n.n_groups; g++) {
        int axis = sn_nomogram_axis_of(&n, g, v);

        require(axis < n.n_axes && (axis < 0 || n.axis[axis].group == g));
    }
    sn_nomogram_free(&n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sn_json_doc d, again;
    struct sn_logistic m;
    struct sn_error err;
    struct sn_json j;

    if (sn_json_parse(data, size, &d, &err))
        return 0;
    sn_json_init(&j, (int)(size % 3));
    write_value(&j, d.root);
    require(sn_json_parse(j.buf.data, j.buf.len, &again, &err) == SN_OK);
    same(d.root, again.root);
    sn_json_doc_free(&again);
    sn_json_doc_free(&d);
    sn_json_free(&j);
    if (sn_logistic_parse(data, size, &m, &err) == SN_OK) {
        double x[32] = { 0.5, -3, 1e3 }, lp, risk;

        if (m.n_terms <= SN_COUNT(x) && sn_logistic_apply(&m, x, &lp, &risk, &err) == SN_OK)
            require(risk >= 0.0 && risk <= 1.0);
        use_columns(&m);
        sn_logistic_free(&m);
    }
    return 0;
}
