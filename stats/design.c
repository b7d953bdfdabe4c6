/* design.c: from a formula and a table to the columns of a design matrix. */
#include "stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_LEVELS 64 /* more categories than that are a number, a date or a name */
#define FEW_VALUES 10 /* distinct values of a number that are kept: rms::datadist's n.unique */

/* The state of building one design. */
struct builder {
    const struct sn_formula *f;
    const struct sn_design_column *data;
    size_t n;
    struct sn_design *d;
    struct sn_arena *arena;      /* the model's */
    size_t *width;               /* [n_vars] basis functions of a variable */
    const double **knots;        /* [n_vars] or NULL */
    size_t *n_knots;
    struct sn_error *err;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_number(const void *a, const void *b)
{
    double x, y;

    if (!sn_parse_double(*(const char *const *)a, &x) || !sn_parse_double(*(const char *const *)b, &y) || x == y)
        return by_text(a, b);
    return (x > y) - (x < y);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int factor_column(struct builder *b, size_t v, struct sn_logistic_column *c)
{
    const char *const *text = b->data[v].text, *reference = b->f->vars[v].reference;
    bool numbers = true;
    double number;

    c->levels = sn_arena_get(b->arena, MAX_LEVELS * sizeof *c->levels, b->err);
    if (!c->levels)
        return SN_ENOMEM;
    for (size_t i = 0; i < b->n; i++) {
        if (c->n_levels && sn_logistic_level(c, text[i]) >= 0)
            continue;
        if (c->n_levels == MAX_LEVELS)
            return SN_FAIL(b->err, SN_EFORMAT, "'%.60s' has more than %d categories", c->name, MAX_LEVELS);
        c->levels[c->n_levels] = sn_arena_strdup(b->arena, text[i], strlen(text[i]), b->err);
        if (!c->levels[c->n_levels])
            return SN_ENOMEM;
        numbers = numbers && sn_parse_double(text[i], &number);
        c->n_levels++;
    }
    if (c->n_levels < 2)
        return SN_FAIL(b->err, SN_EFORMAT, "'%.60s' has one value only, '%.40s'", c->name, c->n_levels ? c->levels[0] : "");
    qsort(c->levels, c->n_levels, sizeof *c->levels, numbers ? by_number : by_text);
    if (reference) {
        int at = sn_logistic_level(c, reference);
        const char *level;

        if (at < 0)
            return SN_FAIL(b->err, SN_EFORMAT, "'%.60s' has no category '%.40s' to compare with", c->name, reference);
        level = c->levels[at];
        memmove(c->levels + 1, c->levels, (size_t)at * sizeof *c->levels);
        c->levels[0] = level;
    }
    b->width[v] = c->n_levels - 1;
    return SN_OK;
}

/* As rms::datadist: range, quartiles, and the values themselves when they are few. */
static int describe_number(struct builder *b, const double *x, struct sn_logistic_column *c)
{
    double *sorted = malloc(b->n * sizeof *sorted), *values;
    size_t k = 0;
    int rc = SN_OK;

    if (!sorted)
        return SN_NOMEM(b->err, "a column");
    memcpy(sorted, x, b->n * sizeof *x);
    qsort(sorted, b->n, sizeof *sorted, ascending);
    c->min = sorted[0];
    c->max = sorted[b->n - 1];
    for (int q = 0; q < 3; q++)
        c->quartile[q] = sn_quantile7(sorted, b->n, 0.25 * (q + 1));
    for (size_t i = 0; i < b->n && k <= FEW_VALUES; i++)
        if (k == 0 || sorted[i] != sorted[k - 1])
            sorted[k++] = sorted[i];
    if (k <= FEW_VALUES) {
        c->values = values = sn_arena_get(b->arena, k * sizeof *values, b->err);
        if (values) {
            memcpy(values, sorted, k * sizeof *values);
            c->n_values = k;
        } else {
            rc = SN_ENOMEM;
        }
    }
    free(sorted);
    if (!rc && k < 2)
        return SN_FAIL(b->err, SN_EFORMAT, "'%.60s' has one value only", c->name);
    return rc;
}

static int number_column(struct builder *b, size_t v, struct sn_logistic_column *c)
{
    const double *x = b->data[v].number;
    double knots[SN_RCS_MAX_KNOTS], *kept;
    int n;

    b->width[v] = 1;
    for (size_t i = 0; i < b->n; i++)
        if (!isfinite(x[i]))
            return SN_FAIL(b->err, SN_EINVAL, "'%.60s' of row %zu is not finite", c->name, i + 1);
    SN_TRY(describe_number(b, x, c));
    if (b->f->vars[v].kind != SN_FORMULA_RCS)
        return SN_OK;
    if (sn_rcs_knots(x, b->n, b->f->vars[v].knots, knots, &n, b->err))
        return sn_fail_context(b->err, SN_EFORMAT, "'%.60s'", c->name);
    kept = sn_arena_get(b->arena, (size_t)n * sizeof *kept, b->err);
    if (!kept)
        return SN_ENOMEM;
    memcpy(kept, knots, (size_t)n * sizeof *kept);
    b->knots[v] = kept;
    b->n_knots[v] = (size_t)n;
    b->width[v] = (size_t)n - 1;
    return SN_OK;
}

static int make_columns(struct builder *b)
{
    struct sn_logistic *m = &b->d->model;

    m->columns = sn_arena_get(b->arena, b->f->n_vars * sizeof *m->columns, b->err);
    if (!m->columns)
        return SN_ENOMEM;
    for (size_t v = 0; v < b->f->n_vars; v++) {
        const struct sn_formula_var *var = &b->f->vars[v];
        struct sn_logistic_column *c = &m->columns[m->n_columns++];

        *c = (struct sn_logistic_column){ .factor = b->data[v].text != NULL, .min = NAN, .max = NAN, .quartile = { NAN, NAN, NAN } };
        c->name = sn_arena_strdup(b->arena, var->name, strlen(var->name), b->err);
        if (!c->name)
            return SN_ENOMEM;
        if (c->factor && var->kind == SN_FORMULA_RCS)
            return SN_FAIL(b->err, SN_EFORMAT, "'%.60s' is not a number, a spline needs one", var->name);
        SN_TRY(c->factor ? factor_column(b, v, c) : number_column(b, v, c));
    }
    return SN_OK;
}

/* The k-th basis function of a variable, and its name. */
static struct sn_logistic_part part_of(const struct builder *b, size_t v, size_t k)
{
    const struct sn_logistic_column *c = &b->d->model.columns[v];
    struct sn_logistic_part p = { .column = v };

    if (c->factor) {
        p.level = c->levels[k + 1];
    } else if (k > 0) {
        p.knots = b->knots[v];
        p.n_knots = b->n_knots[v];
        p.basis = k;
    }
    return p;
}

static void part_name(struct sn_buf *s, const struct sn_logistic *m, const struct sn_logistic_part *p)
{
    sn_buf_puts(s, m->columns[p->column].name);
    if (p->level)
        sn_buf_printf(s, "=%s", p->level);
    for (size_t i = 0; i < p->basis; i++)
        sn_buf_puts(s, "'");
}

static char *keep(struct builder *b, struct sn_buf *s)
{
    char *text = NULL;

    if (s->failed)
        (void)SN_NOMEM(b->err, "a term's name");
    else
        text = sn_arena_strdup(b->arena, s->data, s->len, b->err);
    sn_buf_free(s);
    return text;
}

/* One term: product of basis functions pick[] of the effect's variables. */
static int make_term(struct builder *b, const struct sn_formula_effect *e, const size_t *pick)
{
    struct sn_logistic *m = &b->d->model;
    struct sn_logistic_term *t = &m->terms[m->n_terms];
    struct sn_logistic_part *parts = sn_arena_get(b->arena, e->n_vars * sizeof *parts, b->err);
    struct sn_buf name = { 0 };

    if (!parts)
        return SN_ENOMEM;
    for (size_t i = 0; i < e->n_vars; i++) {
        parts[i] = part_of(b, e->var[i], pick[i]);
        sn_buf_puts(&name, i ? ":" : "");
        part_name(&name, m, &parts[i]);
    }
    *t = (struct sn_logistic_term){ .parts = parts, .n_parts = e->n_vars, .min = NAN, .max = NAN };
    t->name = keep(b, &name);
    if (!t->name)
        return SN_ENOMEM;
    if (e->n_vars == 1) {
        t->column = m->columns[parts[0].column].name;
        t->level = parts[0].level;
        if (!t->level && parts[0].basis == 0) {
            t->min = m->columns[parts[0].column].min;
            t->max = m->columns[parts[0].column].max;
        }
    }
    m->n_terms++;
    return SN_OK;
}

static int effect_name(struct builder *b, const struct sn_formula_effect *e, const char **out)
{
    struct sn_buf name = { 0 };

    for (size_t i = 0; i < e->n_vars; i++) {
        const char *column = b->d->model.columns[e->var[i]].name;

        sn_buf_puts(&name, i ? ":" : "");
        sn_buf_printf(&name, b->n_knots[e->var[i]] ? "rcs(%s)" : "%s", column);
    }
    *out = keep(b, &name);
    return *out ? SN_OK : SN_ENOMEM;
}

static int make_terms(struct builder *b)
{
    struct sn_design *d = b->d;
    size_t total = 0;

    for (size_t i = 0; i < b->f->n_effects; i++) {
        size_t k = 1;

        for (size_t j = 0; j < b->f->effects[i].n_vars; j++)
            k *= b->width[b->f->effects[i].var[j]]; /* at most 64^4 */
        total += k;
        if (total > 1000)
            return SN_FAIL(b->err, SN_ELIMIT, "the terms make more than 1000 coefficients");
    }
    d->p = total + 1;
    d->model.terms = sn_arena_get(b->arena, (total + 1) * sizeof *d->model.terms, b->err);
    d->names = sn_arena_get(b->arena, d->p * sizeof *d->names, b->err);
    d->effect = sn_arena_get(b->arena, d->p * sizeof *d->effect, b->err);
    d->effect_names = sn_arena_get(b->arena, (b->f->n_effects + 1) * sizeof *d->effect_names, b->err);
    d->effects = sn_arena_get(b->arena, (b->f->n_effects + 1) * sizeof *d->effects, b->err);
    if (!d->model.terms || !d->names || !d->effect || !d->effect_names || !d->effects)
        return SN_ENOMEM;
    d->names[0] = "(intercept)";
    d->effect[0] = SIZE_MAX;
    for (size_t i = 0; i < b->f->n_effects; i++) {
        const struct sn_formula_effect *e = &b->f->effects[i];
        size_t pick[SN_FORMULA_MAX_ORDER] = { 0 }, j;

        d->effects[i] = *e;
        SN_TRY(effect_name(b, e, &d->effect_names[i]));
        do { /* the first variable's basis runs fastest, as in R */
            d->effect[d->model.n_terms + 1] = i;
            SN_TRY(make_term(b, e, pick));
            d->names[d->model.n_terms] = d->model.terms[d->model.n_terms - 1].name;
            for (j = 0; j < e->n_vars && ++pick[j] == b->width[e->var[j]]; j++)
                pick[j] = 0;
        } while (j < e->n_vars);
    }
    d->n_effects = b->f->n_effects;
    return SN_OK;
}

static int fill(struct builder *b)
{
    struct sn_design *d = b->d;
    struct sn_logistic_value *row = calloc(b->f->n_vars + 1, sizeof *row);
    size_t bytes;

    if (!row)
        return SN_NOMEM(b->err, "a design matrix");
    d->x = sn_size_mul3(&bytes, b->n, d->p, sizeof *d->x, b->err) ? NULL : malloc(bytes + 1);
    if (!d->x) {
        free(row);
        return SN_NOMEM(b->err, "a design matrix");
    }
    for (size_t i = 0; i < b->n; i++) {
        for (size_t v = 0; v < b->f->n_vars; v++)
            row[v] = (struct sn_logistic_value){ .number = b->data[v].number ? b->data[v].number[i] : 0,
                                                 .text = b->data[v].text ? b->data[v].text[i] : NULL };
        d->x[i] = 1;
        for (size_t t = 0; t < d->model.n_terms; t++)
            d->x[(t + 1) * b->n + i] = sn_logistic_term_x(&d->model, t, row);
    }
    free(row);
    return SN_OK;
}

int sn_design_build(const struct sn_formula *f, const struct sn_design_column *data, size_t n, struct sn_design *d, struct sn_error *err)
{
    struct builder b = { .f = f, .data = data, .n = n, .d = d, .err = err };
    int rc;

    *d = (struct sn_design){ .n = n };
    d->model.threshold = NAN;
    d->model.outcome = d->model.trained_on = "";
    b.arena = &d->model.doc.arena;
    if (n == 0)
        return SN_FAIL(err, SN_EFORMAT, "no complete rows");
    b.width = calloc(f->n_vars + 1, sizeof *b.width);
    b.knots = calloc(f->n_vars + 1, sizeof *b.knots);
    b.n_knots = calloc(f->n_vars + 1, sizeof *b.n_knots);
    rc = b.width && b.knots && b.n_knots ? SN_OK : SN_NOMEM(err, "a design");
    rc = rc ? rc : make_columns(&b);
    rc = rc ? rc : make_terms(&b);
    rc = rc ? rc : fill(&b);
    free(b.width);
    free(b.knots);
    free(b.n_knots);
    if (rc)
        sn_design_free(d);
    return rc;
}

void sn_design_free(struct sn_design *d)
{
    free(d->x);
    sn_logistic_free(&d->model);
    *d = (struct sn_design){ 0 };
}
