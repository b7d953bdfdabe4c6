/* nomogram.c: a logistic model as axes of points. */
#include "stats/stats.h"

#include <math.h>

/*
 * R 4's pretty() with its default biases (h = 1.5 towards larger steps, h5 = 0.5 + 1.5 h for the step of
 * five), shrink 0.75 and at least n / 3 intervals; without correction of the ends. 1e-10 of a step is rounding.
 */
int sn_pretty(double lo, double hi, int n, double *first, double *step)
{
    static const double h = 1.5, h5 = 0.5 + 1.5 * 1.5, round_off = 1e-10;
    int least = n / 3, k;
    double largest = SN_MAX(fabs(lo), fabs(hi)), cell = largest, width = hi - lo, base, unit, a, b;
    bool small = width < cell * (1 + 1 / (1 + h)) * SN_MAX(1, n) * DBL_EPSILON * 3;

    if (largest == 0) {
        cell = 1;
        small = true;
    }
    if (small) {
        if (cell > 10)
            cell = 9 + cell / 10;
        cell *= 0.75;
        if (least > 1)
            cell /= least;
    } else {
        cell = width / SN_MAX(1, n);
    }
    cell = SN_MIN(SN_MAX(cell, 20 * DBL_MIN), DBL_MAX / 10);
    base = pow(10, floor(log10(cell)));
    unit = base;
    if (2 * base - cell < h * (cell - unit)) {
        unit = 2 * base;
        if (5 * base - cell < h5 * (cell - unit)) {
            unit = 5 * base;
            if (10 * base - cell < h * (cell - unit))
                unit = 10 * base;
        }
    }
    a = floor(lo / unit + round_off);
    b = ceil(hi / unit - round_off);
    while (a * unit > lo + round_off * unit)
        a--;
    while (b * unit < hi - round_off * unit)
        b++;
    k = (int)(0.5 + b - a);
    if (k < least) { /* too few intervals: widen on both sides, or away from a natural zero */
        k = least - k;
        if (lo == 0 && a == 0 && hi != 0) {
            b += k;
        } else if (hi == 0 && b == 0 && lo != 0) {
            a -= k;
        } else if (a >= 0) {
            b += k / 2;
            a -= k / 2 + k % 2;
        } else {
            a -= k / 2;
            b += k / 2 + k % 2;
        }
        k = least;
    }
    *first = a * unit;
    *step = unit;
    return k + 1;
}

double sn_pretty_value(double first, double step, int i)
{
    double k = floor(first / step + 0.5) + i; /* 3 / 5 is 0.6; 3 * 0.2 is not */

    return step < 1 && step > 1e-15 ? k / floor(1 / step + 0.5) : k * step;
}

/* ---- axes ------------------------------------------------------------------------------------ */

#define MAX_AXES 64

/* The state of building: which group each column is in, and values at which the model is looked at. */
struct builder {
    const struct sn_logistic *m;
    const struct sn_nomogram_options *o;
    struct sn_nomogram *n;
    size_t *root;                     /* [n_columns] union-find */
    struct sn_logistic_value *at;     /* [n_columns] */
    struct sn_error *err;
};

static void *room(struct builder *b, size_t count, size_t size)
{
    return sn_arena_get(&b->n->arena, (count + 1) * size, b->err);
}

static size_t find(const struct builder *b, size_t c)
{
    while (b->root[c] != c)
        c = b->root[c];
    return c;
}

/* Settings of a column that interacts: levels, distinct values, or quartiles. */
static size_t settings(const struct sn_logistic_column *c)
{
    return c->factor ? c->n_levels : c->n_values ? c->n_values : 3;
}

static struct sn_logistic_value setting(const struct sn_logistic_column *c, size_t i)
{
    struct sn_logistic_value v = { 0, NULL };

    if (c->factor)
        v.text = c->levels[i] ? c->levels[i] : ""; /* no level of the model is called that: levels are not empty */
    else
        v.number = c->n_values ? c->values[i] : c->quartile[i];
    return v;
}

static int group_columns(struct builder *b, size_t root, struct sn_nomogram_group *g)
{
    const struct sn_logistic *m = b->m;

    g->column = room(b, m->n_columns, sizeof *g->column);
    if (!g->column)
        return SN_ENOMEM;
    for (size_t c = 0; c < m->n_columns; c++)
        if (find(b, c) == root)
            g->column[g->n_columns++] = c;
    for (size_t k = 0; k < g->n_columns; k++) { /* as rms: the first number of many values leads, else the first */
        size_t lead = g->column[k];

        if (m->columns[lead].factor || m->columns[lead].n_values)
            continue;
        for (; k > 0; k--)
            g->column[k] = g->column[k - 1];
        g->column[0] = lead;
        break;
    }
    g->lead = g->column[0];
    return SN_OK;
}

static int allocate(struct builder *b, struct sn_nomogram_axis *a, size_t count)
{
    a->value = room(b, count, sizeof *a->value);
    a->level = room(b, count, sizeof *a->level);
    a->lp = room(b, count, sizeof *a->lp);
    a->points = room(b, count, sizeof *a->points);
    return a->value && a->level && a->lp && a->points ? SN_OK : SN_ENOMEM;
}

/* Both ends, and the round values between them. */
static int exact_ticks(struct builder *b, struct sn_nomogram_axis *a, double lo, double hi)
{
    double first, step;
    int k = sn_pretty(lo, hi, 10, &first, &step);

    SN_TRY(allocate(b, a, (size_t)k + 2));
    a->value[a->n++] = lo;
    for (int i = 0; i < k; i++) {
        double v = sn_pretty_value(first, step, i);

        if (v > lo && v < hi)
            a->value[a->n++] = v;
    }
    if (hi > lo)
        a->value[a->n++] = hi;
    return SN_OK;
}

static int numeric_ticks(struct builder *b, struct sn_nomogram_axis *a, const struct sn_logistic_column *c)
{
    double first, step;
    int k;

    for (size_t i = 0; i < b->o->n_spans; i++)
        if (strcmp(b->o->span[i].column, c->name) == 0)
            return exact_ticks(b, a, b->o->span[i].lo, b->o->span[i].hi);
    if (!isfinite(c->min) || !isfinite(c->max))
        return SN_FAIL(b->err, SN_EINVAL, "nomogram: '%.40s' states no range (\"min\" and \"max\"), so its axis has no ends", c->name);
    if (b->o->range == SN_NOMOGRAM_DATA)
        return exact_ticks(b, a, c->min, c->max);
    if (c->n_values) {
        SN_TRY(allocate(b, a, c->n_values));
        for (size_t i = 0; i < c->n_values; i++)
            a->value[a->n++] = c->values[i];
        return SN_OK;
    }
    k = sn_pretty(c->min, c->max, 10, &first, &step);
    SN_TRY(allocate(b, a, (size_t)k));
    for (int i = 0; i < k; i++)
        a->value[a->n++] = sn_pretty_value(first, step, i);
    return SN_OK;
}

/* Ticks of the lead, and the group's contribution at each, the other columns being at b->at. */
static int fill_axis(struct builder *b, struct sn_nomogram_axis *a, size_t g, size_t lead)
{
    const struct sn_logistic_column *c = &b->m->columns[lead];

    a->column = c->name;
    a->group = g;
    a->factor = c->factor;
    if (c->factor) {
        SN_TRY(allocate(b, a, c->n_levels));
        for (size_t i = 0; i < c->n_levels; i++)
            a->level[a->n++] = c->levels[i];
    } else {
        SN_TRY(numeric_ticks(b, a, c));
        a->lo = a->value[0];
        a->hi = a->value[a->n - 1];
    }
    for (int i = 0; i < a->n; i++) {
        if (c->factor)
            b->at[lead] = setting(c, (size_t)i);
        else
            b->at[lead].number = a->value[i];
        a->lp[i] = sn_nomogram_lp(b->n, g, b->at);
    }
    return SN_OK;
}

/* "age (her2=1, grade=2)" */
static int label(struct builder *b, struct sn_nomogram_axis *a, const struct sn_nomogram_group *g)
{
    struct sn_buf s = { 0 };
    char number[32];

    sn_buf_puts(&s, b->m->columns[g->lead].name);
    for (size_t k = 1; k < g->n_columns; k++) {
        const struct sn_logistic_column *c = &b->m->columns[g->column[k]];
        const struct sn_logistic_value *v = &b->at[g->column[k]];

        sn_buf_printf(&s, "%s%s=%s", k > 1 ? ", " : " (", c->name, !c->factor ? sn_format_double(v->number, number) : v->text[0] ? v->text : "other");
    }
    sn_buf_puts(&s, g->n_columns > 1 ? ")" : "");
    a->label = s.failed ? NULL : sn_arena_strdup(&b->n->arena, s.data, s.len, b->err);
    sn_buf_free(&s);
    return a->label ? SN_OK : SN_NOMEM(b->err, "an axis");
}

static int group_axes(struct builder *b, size_t index)
{
    struct sn_nomogram_group *g = &b->n->group[index];
    size_t combinations = 1;

    for (size_t k = 1; k < g->n_columns; k++) {
        combinations *= settings(&b->m->columns[g->column[k]]);
        if (combinations > MAX_AXES)
            break;
    }
    if ((size_t)b->n->n_axes + combinations > MAX_AXES)
        return SN_FAIL(b->err, SN_EINVAL, "nomogram: more than %d axes; the interactions of '%.40s' make too many", MAX_AXES, b->m->columns[g->lead].name);
    g->first = (size_t)b->n->n_axes;
    g->n_axes = combinations;
    g->min_lp = INFINITY;
    for (size_t combo = 0; combo < combinations; combo++) {
        struct sn_nomogram_axis *a = &b->n->axis[b->n->n_axes++];
        size_t rest = combo;

        for (size_t k = 1; k < g->n_columns; k++) {
            const struct sn_logistic_column *c = &b->m->columns[g->column[k]];

            b->at[g->column[k]] = setting(c, rest % settings(c));
            if (!c->factor && !isfinite(b->at[g->column[k]].number))
                return SN_FAIL(b->err, SN_EINVAL, "nomogram: '%.40s' interacts and states neither its values nor its quartiles", c->name);
            rest /= settings(c);
        }
        SN_TRY(label(b, a, g));
        SN_TRY(fill_axis(b, a, index, g->lead));
        for (int i = 0; i < a->n; i++)
            g->min_lp = SN_MIN(g->min_lp, a->lp[i]);
    }
    return SN_OK;
}

static int check_spans(const struct builder *b)
{
    for (size_t i = 0; i < b->o->n_spans; i++) {
        const struct sn_nomogram_span *s = &b->o->span[i];
        size_t c = 0;

        while (c < b->m->n_columns && (b->m->columns[c].factor || strcmp(b->m->columns[c].name, s->column) != 0))
            c++;
        if (c == b->m->n_columns)
            return SN_FAIL(b->err, SN_EINVAL, "nomogram: the model has no number '%.40s' to give a range to", s->column);
        if (!(s->lo < s->hi) || !isfinite(s->lo) || !isfinite(s->hi))
            return SN_FAIL(b->err, SN_EINVAL, "nomogram: the range of '%.40s' is empty", s->column);
    }
    return SN_OK;
}

/* Columns that meet in a term belong together. */
static int make_groups(struct builder *b)
{
    const struct sn_logistic *m = b->m;

    for (size_t c = 0; c < m->n_columns; c++) {
        b->root[c] = c;
        for (size_t k = 0; k < c; k++)
            if (strcmp(m->columns[c].name, m->columns[k].name) == 0)
                return SN_FAIL(b->err, SN_EINVAL, "nomogram: column \"%.40s\" is both a number and a category", m->columns[c].name);
    }
    for (size_t t = 0; t < m->n_terms; t++)
        for (size_t k = 1; k < m->terms[t].n_parts; k++) {
            size_t x = find(b, m->terms[t].parts[0].column), y = find(b, m->terms[t].parts[k].column);

            b->root[SN_MAX(x, y)] = SN_MIN(x, y);
        }
    for (size_t c = 0; c < m->n_columns; c++)
        if (b->root[c] == c)
            SN_TRY(group_columns(b, c, &b->n->group[b->n->n_groups++]));
    return SN_OK;
}

static int make_axes(struct builder *b)
{
    struct sn_nomogram *n = b->n;
    double most = 0;

    n->axis = room(b, MAX_AXES, sizeof *n->axis);
    n->group = room(b, b->m->n_columns, sizeof *n->group);
    b->root = room(b, b->m->n_columns, sizeof *b->root);
    b->at = room(b, b->m->n_columns, sizeof *b->at);
    if (!n->axis || !n->group || !b->root || !b->at)
        return SN_ENOMEM;
    SN_TRY(check_spans(b));
    SN_TRY(make_groups(b));
    n->intercept = b->m->intercept;
    for (size_t g = 0; g < n->n_groups; g++) {
        SN_TRY(group_axes(b, g));
        n->intercept += n->group[g].min_lp;
    }
    for (int k = 0; k < n->n_axes; k++)
        for (int i = 0; i < n->axis[k].n; i++)
            most = SN_MAX(most, n->axis[k].lp[i] - n->group[n->axis[k].group].min_lp);
    if (!(most > 0) || !isfinite(most))
        return SN_FAIL(b->err, SN_EINVAL, "nomogram: no term of the model changes the risk");
    n->scale = 100 / most;
    for (int k = 0; k < n->n_axes; k++)
        for (int i = 0; i < n->axis[k].n; i++) {
            struct sn_nomogram_group *g = &n->group[n->axis[k].group];

            n->axis[k].points[i] = sn_nomogram_points(n, n->axis[k].group, n->axis[k].lp[i]);
            g->max_points = SN_MAX(g->max_points, n->axis[k].points[i]);
        }
    for (size_t g = 0; g < n->n_groups; g++)
        n->max_points += n->group[g].max_points;
    return SN_OK;
}

int sn_nomogram_build(const struct sn_logistic *m, const struct sn_nomogram_options *options, struct sn_nomogram *n, struct sn_error *err)
{
    static const struct sn_nomogram_options as_rms = { SN_NOMOGRAM_PRETTY, 0, NULL };
    struct builder b = { .m = m, .o = options ? options : &as_rms, .n = n, .err = err };
    int rc;

    memset(n, 0, sizeof *n);
    n->m = m;
    rc = make_axes(&b);
    if (rc)
        sn_nomogram_free(n);
    return rc;
}

void sn_nomogram_free(struct sn_nomogram *n)
{
    sn_arena_free(&n->arena);
    memset(n, 0, sizeof *n);
}

double sn_nomogram_lp(const struct sn_nomogram *n, size_t group, const struct sn_logistic_value *values)
{
    const struct sn_nomogram_group *g = &n->group[group];
    double lp = 0;

    for (size_t t = 0; t < n->m->n_terms; t++) /* a term's columns are all in one group */
        for (size_t k = 0; k < g->n_columns; k++)
            if (n->m->terms[t].parts[0].column == g->column[k])
                lp += n->m->terms[t].coefficient * sn_logistic_term_x(n->m, t, values);
    return lp;
}

double sn_nomogram_points(const struct sn_nomogram *n, size_t group, double lp)
{
    return (lp - n->group[group].min_lp) * n->scale;
}

int sn_nomogram_axis_of(const struct sn_nomogram *n, size_t group, const struct sn_logistic_value *values)
{
    const struct sn_nomogram_group *g = &n->group[group];
    size_t axis = g->first, stride = 1;

    for (size_t k = 1; k < g->n_columns; k++) {
        const struct sn_logistic_column *c = &n->m->columns[g->column[k]];
        const struct sn_logistic_value *v = &values[g->column[k]];
        size_t i = 0;

        if (c->factor) {
            int level = sn_logistic_level(c, v->text);

            if (level < 0)
                return -1;
            i = (size_t)level;
        } else {
            while (i < settings(c) && setting(c, i).number != v->number)
                i++;
            if (i == settings(c))
                return -1;
        }
        axis += stride * i;
        stride *= settings(c);
    }
    return (int)axis;
}

double sn_nomogram_risk(const struct sn_nomogram *n, double total)
{
    return sn_sigmoid(n->intercept + total / n->scale);
}

double sn_nomogram_total(const struct sn_nomogram *n, double risk)
{
    return (sn_logit(risk) - n->intercept) * n->scale;
}
