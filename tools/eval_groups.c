/* eval_groups.c: the first model in subgroups, and against readers. */
#include "tools/eval_parts.h"

#include "io/io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_LEVELS 12 /* a column with more values is a number and needs cuts */
#define MOST_CUTS 6

static const struct sn_eval_ci none = { (double)NAN, (double)NAN, (double)NAN };

/* ---- subgroups ------------------------------------------------------------------------------------- */

/* One subgroup column: a level for each case of the set. */
struct grouping {
    const char *column;
    uint32_t *code;             /* [n]; levels: missing */
    const char *level[MOST_LEVELS];
    uint32_t levels;
};

/* "age:50:65": levels below 50, 50 to below 65, 65 and above. */
static int by_cuts(struct sn_eval *e, const struct sn_eval_result *r, int col, const char *cuts, struct grouping *g, struct sn_error *err)
{
    double cut[MOST_CUTS], v;
    char text[120], shown[2][48];
    size_t n = 0;

    while (*cuts) {
        size_t len = strcspn(cuts, ":");

        if (n == MOST_CUTS || !sn_parse_double_n(cuts, len, &cut[n]) || (n && cut[n] <= cut[n - 1]))
            return SN_FAIL(err, SN_EINVAL, "--subgroup %.40s: cuts are at most %d ascending numbers, found '%.40s'", g->column, MOST_CUTS, cuts);
        n++;
        cuts += len + (cuts[len] == ':');
    }
    g->levels = (uint32_t)n + 1;
    for (size_t k = 0; k <= n; k++) {
        if (k == 0)
            (void)snprintf(text, sizeof text, "below %s", sn_format_double(cut[0], shown[0]));
        else if (k == n)
            (void)snprintf(text, sizeof text, "%s and above", sn_format_double(cut[n - 1], shown[0]));
        else
            (void)snprintf(text, sizeof text, "%s to below %s", sn_format_double(cut[k - 1], shown[0]), sn_format_double(cut[k], shown[1]));
        g->level[k] = sn_arena_strdup(&e->arena, text, strlen(text), err);
        if (!g->level[k])
            return SN_NOMEM(err, "a name");
    }
    for (size_t i = 0; i < r->n; i++) {
        SN_TRY(sn_table_number(&e->d->table, e->d->row[r->unit[i]], col, &v, err));
        g->code[i] = isnan(v) ? g->levels : 0;
        for (size_t k = 0; k < n && !isnan(v); k++)
            g->code[i] += v >= cut[k];
    }
    return SN_OK;
}

static int by_levels(struct sn_eval *e, const struct sn_eval_result *r, int col, struct grouping *g, struct sn_error *err)
{
    struct sn_factor f;
    int rc = sn_table_factor(&e->d->table, col, &f, err);

    if (rc)
        return rc;
    if (f.n_levels > MOST_LEVELS)
        rc = SN_FAIL(err, SN_EINVAL, "--subgroup %.60s has %zu values; give cuts, as in %.40s:50:65", g->column, f.n_levels, g->column);
    for (size_t k = 0; k < f.n_levels && !rc; k++)
        g->level[k] = f.level[k];
    g->levels = (uint32_t)SN_MIN(f.n_levels, (size_t)MOST_LEVELS);
    for (size_t i = 0; i < r->n && !rc; i++) {
        int code = f.code[e->d->row[r->unit[i]]];

        g->code[i] = code < 0 ? g->levels : (uint32_t)code;
    }
    sn_factor_free(&f);
    return rc;
}

/* Cases of one level, compacted. */
struct slice {
    double *score, *y;
    uint8_t *y8;
    size_t n, events;
    uint64_t true_positive, true_negative;
};

static void take(const struct sn_eval *e, const struct sn_eval_result *r, const struct grouping *g, uint32_t level, struct slice *s)
{
    s->n = s->events = 0;
    s->true_positive = s->true_negative = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (g->code[i] != level)
            continue;
        s->score[s->n] = r->score[0][i];
        s->y[s->n] = r->y[i];
        s->y8[s->n++] = r->y[i];
        s->events += r->y[i];
        if (r->y[i])
            s->true_positive += sn_eval_positive(e, r, 0, i);
        else
            s->true_negative += !sn_eval_positive(e, r, 0, i);
    }
}

static struct sn_eval_ci share(const struct sn_eval *e, uint64_t x, size_t n)
{
    struct sn_interval ci = sn_proportion_ci(x, n, SN_EVAL_LEVEL, e->o->proportions);

    return n ? (struct sn_eval_ci){ (double)x / (double)n, ci.lo, ci.hi } : none;
}

/* Calibration-in-the-large of a level; nothing when it has one outcome only. */
static int in_the_large(const struct sn_eval *e, const struct slice *s, struct sn_eval_ci *out, struct sn_error *err)
{
    struct sn_risks risks = { .n = 0 };
    struct sn_error why = { 0 };
    struct sn_calibration c;
    int rc;

    *out = none;
    if (!e->d->probability[0] || s->events == 0 || s->events == s->n)
        return SN_OK;
    rc = sn_risks_init(&risks, s->score, s->y8, s->n, e->o->extreme, &why);
    if (rc) /* risks of 0 and 1: the set's calibration says so */
        return rc == SN_EINVAL ? SN_OK : SN_FAIL(err, rc, "%s", why.msg);
    rc = sn_calibration(&risks, SN_EVAL_LEVEL, &c, err);
    if (!rc)
        *out = (struct sn_eval_ci){ c.in_the_large.value, c.in_the_large.lo, c.in_the_large.hi };
    sn_risks_free(&risks);
    return rc;
}

static int measure(struct sn_eval *e, struct sn_eval_result *r, const struct grouping *g, struct slice *s, struct sn_error *err)
{
    struct sn_eval_subgroup *sub = &r->subgroup[r->n_subgroups++];
    struct sn_subgroup part[MOST_LEVELS];
    struct sn_auc_test diff[MOST_LEVELS];
    struct sn_heterogeneity alike, diff_alike = { .p = (double)NAN };
    uint64_t tp[MOST_LEVELS], tn[MOST_LEVELS], pos[MOST_LEVELS], neg[MOST_LEVELS];
    bool cut = !isnan(e->threshold[0]);

    *sub = (struct sn_eval_subgroup){ .first = r->n_groups, .n = (int)g->levels };
    SN_TRY(sn_subgroup_auc(r->score[0], r->yd, g->code, r->n, g->levels, SN_EVAL_LEVEL, part, &alike, err));
    if (e->d->n_scores > 1)
        SN_TRY(sn_subgroup_diff(r->score[0], r->score[1], r->yd, g->code, r->n, g->levels, SN_EVAL_LEVEL, diff, &diff_alike, err));
    for (uint32_t k = 0; k < g->levels; k++) {
        struct sn_eval_group *out = &r->group[r->n_groups++];

        take(e, r, g, k, s);
        *out = (struct sn_eval_group){ .column = g->column, .level = g->level[k], .n = s->n, .events = s->events,
                                       .auc = { part[k].auc, part[k].ci.lo, part[k].ci.hi }, .auc_difference = none, .p_auc_difference = (double)NAN,
                                       .sensitivity = none, .specificity = none };
        if (e->d->n_scores > 1) {
            out->auc_difference = (struct sn_eval_ci){ diff[k].diff, diff[k].ci.lo, diff[k].ci.hi };
            out->p_auc_difference = diff[k].p;
        }
        tp[k] = s->true_positive;
        tn[k] = s->true_negative;
        pos[k] = s->events;
        neg[k] = s->n - s->events;
        if (cut) {
            out->sensitivity = share(e, tp[k], s->events);
            out->specificity = share(e, tn[k], s->n - s->events);
        }
        SN_TRY(in_the_large(e, s, &out->in_the_large, err));
    }
    sub->p_auc = alike.p;
    sub->p_auc_difference = diff_alike.p;
    sub->p_sensitivity = cut ? sn_proportions_test(tp, pos, g->levels).p : (double)NAN;
    sub->p_specificity = cut ? sn_proportions_test(tn, neg, g->levels).p : (double)NAN;
    return SN_OK;
}

static int one_subgroup(struct sn_eval *e, struct sn_eval_result *r, const char *spec, struct slice *s, uint32_t *code, struct sn_error *err)
{
    size_t n = strcspn(spec, ":");
    struct grouping g = { .code = code };
    int col;

    g.column = sn_arena_strdup(&e->arena, spec, n, err);
    if (!g.column)
        return SN_NOMEM(err, "a name");
    SN_TRY(sn_table_column(&e->d->table, g.column, &col, err));
    SN_TRY(spec[n] ? by_cuts(e, r, col, spec + n + 1, &g, err) : by_levels(e, r, col, &g, err));
    return measure(e, r, &g, s, err);
}

int sn_eval_subgroups(struct sn_eval *e, struct sn_eval_result *r, struct sn_error *err)
{
    struct slice s = { .n = 0 };
    uint32_t *code = NULL;
    int rc = SN_OK;

    if (!r->usable || e->o->n_subgroups == 0)
        return SN_OK;
    r->group = calloc((size_t)e->o->n_subgroups * MOST_LEVELS, sizeof *r->group);
    r->subgroup = calloc((size_t)e->o->n_subgroups, sizeof *r->subgroup);
    code = malloc(r->n * sizeof *code);
    s.score = malloc(r->n * sizeof *s.score);
    s.y = malloc(r->n * sizeof *s.y);
    s.y8 = malloc(r->n);
    if (!r->group || !r->subgroup || !code || !s.score || !s.y || !s.y8)
        rc = SN_NOMEM(err, "the subgroups");
    for (int k = 0; k < e->o->n_subgroups && !rc; k++)
        rc = one_subgroup(e, r, e->o->subgroups[k], &s, code, err);
    free(code);
    free(s.score);
    free(s.y);
    free(s.y8);
    return rc;
}

/* ---- readers ------------------------------------------------------------------------------------------ */

struct key {
    const char *text;
    size_t unit;
};

static int by_text(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int d = strcmp(x->text, y->text);

    return d ? d : (x->unit > y->unit) - (x->unit < y->unit);
}

/* Cases, and patients when each is one unit, by name. */
static int index_units(const struct sn_eval *e, struct key **out, size_t *n, struct sn_error *err)
{
    const struct sn_csv *t = &e->d->table.csv;
    int cols[2] = { sn_csv_column(t, e->o->names.id), sn_csv_column(t, e->o->names.patient) };

    *n = 0;
    *out = malloc((2 * e->d->n + 1) * sizeof **out);
    if (!*out)
        return SN_NOMEM(err, "the cases' names");
    for (int c = 0; c < 2; c++)
        for (size_t u = 0; u < e->d->n && cols[c] >= 0; u++)
            (*out)[(*n)++] = (struct key){ sn_csv_cell(t, e->d->row[u], cols[c]), u };
    qsort(*out, *n, sizeof **out, by_text);
    return SN_OK;
}

static size_t find_unit(const struct key *k, size_t n, const char *text)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(k[mid].text, text) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && strcmp(k[lo].text, text) == 0 ? k[lo].unit : SIZE_MAX;
}

struct reads {
    int reader, group, id, assisted, call;
    struct sn_factor who;
    const char **group_of;   /* [who.n_levels] */
    signed char *called;     /* [who.n_levels][units] -1: not read */
};

/* 0, 1, yes, no. */
static int read_assisted(const struct sn_table *t, size_t row, int col, int *v, struct sn_error *err)
{
    const char *cell = sn_csv_cell(&t->csv, row, col);

    if (strcmp(cell, "yes") != 0 && strcmp(cell, "no") != 0)
        return sn_table_flag(t, row, col, v, err);
    *v = cell[0] == 'y';
    return SN_OK;
}

static int collect(struct sn_eval *e, struct reads *q, struct sn_error *err)
{
    const struct sn_table *t = &e->reads;
    struct key *key;
    size_t n_key;
    int rc = index_units(e, &key, &n_key, err);

    for (size_t i = 0; i < t->csv.rows && !rc; i++) {
        int call, assisted = 0;
        size_t u = find_unit(key, n_key, sn_csv_cell(&t->csv, i, q->id));
        signed char *c;

        rc = sn_table_flag(t, i, q->call, &call, err);
        if (!rc && q->assisted >= 0)
            rc = read_assisted(t, i, q->assisted, &assisted, err);
        if (rc)
            break;
        if (assisted > 0) {
            e->reads_assisted++;
            continue;
        }
        if (u == SIZE_MAX || call < 0 || q->who.code[i] < 0) {
            e->reads_unmatched++;
            continue;
        }
        c = &q->called[(size_t)q->who.code[i] * e->d->n + u];
        if (*c >= 0)
            rc = sn_table_fault(t, i, q->id, err, "'%.40s' was read before by the same reader; one call a case", sn_csv_cell(&t->csv, i, q->id));
        *c = (signed char)call;
        if (q->group >= 0)
            q->group_of[q->who.code[i]] = sn_csv_cell(&t->csv, i, q->group);
    }
    free(key);
    return rc;
}

/* One reader on one set, and the first model on the same cases. */
static int compare_reader(struct sn_eval *e, struct sn_eval_result *r, const signed char *called, struct sn_eval_reader *out, double *score, double *y,
                          struct sn_error *err)
{
    struct sn_paired with = { 0, 0, 0, 0 }, without = { 0, 0, 0, 0 }, all;
    struct sn_roc roc = { .n = 0 };

    for (size_t i = 0; i < r->n; i++) {
        int call = called[r->unit[i]];
        bool reader = call == r->y[i], model = sn_eval_positive(e, r, 0, i) == (r->y[i] == 1);
        struct sn_paired *p = r->y[i] ? &with : &without;

        if (call < 0)
            continue;
        score[out->n] = r->score[0][i];
        y[out->n++] = r->y[i];
        out->events += r->y[i];
        *(r->y[i] ? call ? &out->tp : &out->fn : call ? &out->fp : &out->tn) += 1;
        *(model && reader ? &p->both : model ? &p->first : reader ? &p->second : &p->neither) += 1;
    }
    out->sensitivity = share(e, out->tp, out->events);
    out->specificity = share(e, out->tn, out->n - out->events);
    out->d_sensitivity = out->d_specificity = out->d_accuracy = none;
    out->p_sensitivity = out->p_specificity = out->p_accuracy = out->model_sensitivity = (double)NAN;
    if (!isnan(e->threshold[0]) && out->n > 0) {
        all = (struct sn_paired){ with.both + without.both, with.first + without.first, with.second + without.second, with.neither + without.neither };
        out->d_accuracy = sn_eval_paired(e, &all, &out->p_accuracy);
        if (out->events > 0)
            out->d_sensitivity = sn_eval_paired(e, &with, &out->p_sensitivity);
        if (out->events < out->n)
            out->d_specificity = sn_eval_paired(e, &without, &out->p_specificity);
    }
    if (out->events > 0 && out->events < out->n) {
        SN_TRY(sn_roc_build(score, y, out->n, &roc, err));
        out->model_sensitivity = sn_roc_sens_at(&roc, out->specificity.v);
        sn_roc_free(&roc);
    }
    return SN_OK;
}

static int readers_of_set(struct sn_eval *e, struct sn_eval_result *r, const struct reads *q, struct sn_error *err)
{
    double *score = malloc(SN_MAX(r->n, 1u) * sizeof *score), *y = malloc(SN_MAX(r->n, 1u) * sizeof *y), *p = calloc(q->who.n_levels + 1, sizeof *p);
    int rc = SN_OK;

    r->reader = calloc(q->who.n_levels + 1, sizeof *r->reader);
    if (!score || !y || !p || !r->reader)
        rc = SN_NOMEM(err, "the readers");
    for (size_t k = 0; k < q->who.n_levels && !rc; k++) {
        struct sn_eval_reader *out = &r->reader[r->n_readers];

        *out = (struct sn_eval_reader){ .name = q->who.level[k], .group = q->group_of[k] };
        rc = compare_reader(e, r, q->called + k * e->d->n, out, score, y, err);
        p[r->n_readers] = out->p_accuracy;
        r->n_readers += out->n > 0;
    }
    if (!rc)
        rc = sn_holm(p, r->n_readers, p, err);
    for (size_t k = 0; k < r->n_readers && !rc; k++)
        r->reader[k].p_holm = p[k];
    free(score);
    free(y);
    free(p);
    return rc;
}

int sn_eval_readers(struct sn_eval *e, struct sn_error *err)
{
    const struct sn_table *t = &e->reads;
    struct reads q = { .group = sn_csv_column(&t->csv, "group"), .assisted = sn_csv_column(&t->csv, "assisted") };
    size_t cells;
    int rc;

    SN_TRY(sn_table_column(t, "reader", &q.reader, err));
    SN_TRY(sn_table_column(t, e->o->names.id, &q.id, err));
    SN_TRY(sn_table_column(t, "call", &q.call, err));
    SN_TRY(sn_table_factor(t, q.reader, &q.who, err));
    rc = sn_size_mul(&cells, SN_MAX(q.who.n_levels, 1u), e->d->n, err);
    if (!rc) {
        q.group_of = calloc(q.who.n_levels + 1, sizeof *q.group_of);
        q.called = malloc(cells);
        rc = q.group_of && q.called ? SN_OK : SN_NOMEM(err, "the reads");
    }
    if (!rc) {
        memset(q.called, -1, cells);
        for (size_t k = 0; k < q.who.n_levels; k++)
            q.group_of[k] = "readers";
        rc = collect(e, &q, err);
    }
    for (size_t s = 0; s < e->d->n_sets && !rc; s++)
        if (e->set[s].usable)
            rc = readers_of_set(e, &e->set[s], &q, err);
    free(q.group_of);
    free(q.called);
    sn_factor_free(&q.who);
    if (!rc && e->reads_unmatched)
        sn_eval_note(e, "%s: %zu reads are of cases that are not evaluated, or have no call.", t->file, e->reads_unmatched);
    if (!rc && e->reads_assisted)
        sn_eval_note(e, "%s: %zu assisted reads are left to `sentinode readers`.", t->file, e->reads_assisted);
    return rc;
}
