/* eval_figures.c: an evaluation's numbers as the arrays that figures.h draws. */
#include "tools/eval_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DOT " \xc2\xb7 "

/* Title, footer and id of one figure; ids differ by kind, set and model. */
struct names {
    struct sn_fig f;
    char id[64], title[240], footer[300];
};

static void name_it(struct names *n, const char *kind, int set, size_t model, const char *title)
{
    (void)snprintf(n->id, sizeof n->id, "fig-%s-%d-%zu", kind, set, model);
    (void)snprintf(n->title, sizeof n->title, "%s", title);
    n->f = (struct sn_fig){ n->id, n->title, n->footer };
}

static void foot(struct names *n, const struct sn_eval_result *r, const char *more)
{
    (void)snprintf(n->footer, sizeof n->footer, "%.40s: n = %zu, %zu events%s%s" DOT "95 %% CI" DOT "research use only", r->name, r->n, r->events,
                   *more ? DOT : "", more);
}

static void foot_all(const struct sn_eval *e, struct names *n)
{
    size_t events = 0;

    for (size_t i = 0; i < e->d->n; i++)
        events += e->d->y[i];
    (void)snprintf(n->footer, sizeof n->footer, "n = %zu, %zu events in all" DOT "95 %% CI" DOT "research use only", e->d->n, events);
}

/* ---- discrimination ---------------------------------------------------------------------------------- */

/* Corners as 1 - specificity and sensitivity, from (0, 0) on. */
static bool corners(const struct sn_roc *roc, double **x, double **y)
{
    size_t n = (size_t)roc->levels + 1;

    *x = malloc(2 * n * sizeof **x);
    if (!*x)
        return false;
    *y = *x + n;
    for (size_t i = 0; i < n; i++) {
        (*x)[i] = 1.0 - sn_roc_spec(roc, n - 1 - i);
        (*y)[i] = sn_roc_sens(roc, n - 1 - i);
    }
    return true;
}

#define MOST_POINTS 64

static int reader_points(const struct sn_eval_result *r, struct sn_fig_point *p, char (*label)[120])
{
    const char *group[4];
    int n = 0, groups = 0;

    for (size_t k = 0; k < r->n_readers && n < MOST_POINTS; k++) {
        const struct sn_eval_reader *q = &r->reader[k];
        int g = 0;

        while (g < groups && strcmp(group[g], q->group) != 0)
            g++;
        p[n] = (struct sn_fig_point){ .x = 1 - q->specificity.v, .y = q->sensitivity.v, .x_lo = 1 - q->specificity.hi, .x_hi = 1 - q->specificity.lo,
                                      .y_lo = q->sensitivity.lo, .y_hi = q->sensitivity.hi, .group = g };
        if (g == groups && groups < 4) {
            group[groups++] = q->group;
            (void)snprintf(label[g], sizeof label[g], "Readers: %.60s", q->group);
            p[n].label = label[g];
        }
        n++;
    }
    return n;
}

bool sn_eval_fig_roc(const struct sn_eval *e, int set, struct sn_buf *b)
{
    const struct sn_eval_result *r = &e->set[set];
    struct sn_fig_curve curve[SN_EVAL_MODELS];
    struct sn_fig_point point[MOST_POINTS];
    double *x[SN_EVAL_MODELS] = { NULL }, *y, grid[SN_EVAL_BAND];
    char label[SN_EVAL_MODELS][200], reader[4][120], ci[160], title[160];
    int n = 0, points = 0;
    struct names names = { .id = "" };

    if (!r->usable)
        return false;
    for (int i = 0; i < SN_EVAL_BAND; i++)
        grid[i] = (double)i / (SN_EVAL_BAND - 1);
    for (size_t k = 0; k < e->d->n_scores; k++, n++) { /* recalibrated: the same curve */
        const struct sn_eval_model *m = &r->model[k];

        if (!corners(&r->roc[k], &x[k], &y)) {
            b->failed = true;
            break;
        }
        (void)snprintf(label[k], sizeof label[k], "%.60s: AUC %s", e->d->model[k], sn_eval_show(m->auc, 3, ci));
        curve[n] = (struct sn_fig_curve){ .label = label[k], .x = x[k], .y = y, .n = (size_t)r->roc[k].levels + 1, .mark_x = 1 - m->cut.m[SN_M_SPECIFICITY].v,
                                          .mark_y = m->cut.m[SN_M_SENSITIVITY].v };
        if (k == 0 && m->band_lo) {
            curve[n].band_x = grid;
            curve[n].lo = m->band_lo;
            curve[n].hi = m->band_hi;
            curve[n].n_band = SN_EVAL_BAND;
        }
    }
    points = reader_points(r, point, reader);
    (void)snprintf(title, sizeof title, "ROC curves, %.60s", r->name);
    name_it(&names, "roc", set, 0, title);
    foot(&names, r, isnan(e->threshold[0]) ? "" : "dot: operating point");
    if (!b->failed)
        sn_fig_roc(b, &names.f, curve, n, point, points);
    for (size_t k = 0; k < SN_EVAL_MODELS; k++)
        free(x[k]);
    return true;
}

bool sn_eval_fig_auc(const struct sn_eval *e, struct sn_buf *b)
{
    size_t room = e->d->n_scores * (e->d->n_sets + 1);
    struct sn_fig_row *row = calloc(room, sizeof *row);
    char(*detail)[80] = calloc(room, sizeof *detail);
    struct names names = { .id = "" };
    int n = 0;

    if (!row || !detail) {
        b->failed = true;
    } else {
        for (size_t k = 0; k < e->d->n_scores; k++) {
            row[n++] = (struct sn_fig_row){ .label = e->d->model[k], .heading = true, .v = (double)NAN, .lo = (double)NAN, .hi = (double)NAN };
            for (size_t s = 0; s < e->d->n_sets; s++, n++) {
                const struct sn_eval_result *r = &e->set[s];
                struct sn_eval_ci c = { (double)NAN, (double)NAN, (double)NAN };

                if (r->usable)
                    c = r->model[k].auc;
                (void)snprintf(detail[n], sizeof detail[n], "n = %zu, %zu events", r->n, r->events);
                row[n] = (struct sn_fig_row){ .label = r->name, .detail = detail[n], .v = c.v, .lo = c.lo, .hi = c.hi };
            }
        }
        name_it(&names, "auc", 0, 0, "AUC by model and set");
        foot_all(e, &names);
        sn_fig_forest(b, &names.f, "AUC", "Cases", 0.5, true, row, n);
    }
    free(row);
    free(detail);
    return true;
}

/* ---- calibration ---------------------------------------------------------------------------------------- */

bool sn_eval_fig_calibration(const struct sn_eval *e, int set, size_t k, struct sn_buf *b)
{
    const struct sn_eval_result *r = &e->set[set];
    const struct sn_eval_curve *c = r->usable ? &r->model[k].calibration : NULL;
    struct sn_fig_calibration f = { .smoother = NULL };
    double gp[SN_EVAL_GROUPS], gy[SN_EVAL_GROUPS], lo[SN_EVAL_GROUPS], hi[SN_EVAL_GROUPS], lx[99], ly[99];
    char note[5][160], text[2][160], title[200];
    struct names names = { .id = "" };

    if (!c || !c->has)
        return false;
    for (int i = 0; i < c->n_groups; i++) {
        gp[i] = c->group[i].mean_risk;
        gy[i] = c->group[i].rate;
        lo[i] = c->group[i].lo;
        hi[i] = c->group[i].hi;
    }
    for (int i = 0; i < 99; i++) {
        lx[i] = (i + 1) / 100.0;
        ly[i] = sn_sigmoid(c->c.recalibration_intercept.value + c->c.slope.value * sn_logit(lx[i]));
    }
    f.group_p = gp;
    f.group_y = gy;
    f.group_lo = lo;
    f.group_hi = hi;
    f.n_groups = (size_t)c->n_groups;
    if (c->c.slope_defined) {
        f.line_x = lx;
        f.line_y = ly;
        f.n_line = 99;
    }
    if (c->has_curve) {
        bool band = *c->curve.band != '\0';

        f.smoother = c->curve.smoother;
        f.band = c->curve.band;
        f.x = c->curve.at;
        f.y = c->curve.observed;
        f.lo = band ? c->curve.lo : NULL;
        f.hi = c->curve.hi;
        f.n = c->curve.points;
    }
    f.risk0 = r->model[k].risk[0];
    f.risk1 = r->model[k].risk[1];
    f.n0 = r->n - r->events;
    f.n1 = r->events;
#define OF(x) ((struct sn_eval_ci){ (x).value, (x).lo, (x).hi })
    (void)snprintf(note[0], sizeof note[0], "In the large %.70s", sn_eval_show(OF(c->c.in_the_large), 2, text[0]));
    (void)snprintf(note[1], sizeof note[1], "Slope %.70s", sn_eval_show(OF(c->c.slope), 2, text[0]));
    (void)snprintf(note[2], sizeof note[2], "Brier %.20s, scaled %.20s", sn_fixed(c->c.brier.value, 3, text[0]), sn_fixed(c->c.brier_scaled.value, 3, text[1]));
    (void)snprintf(note[3], sizeof note[3], "ICI %.20s, E90 %.20s", c->has_curve ? sn_fixed(c->curve.e.ici, 3, text[0]) : "-",
                   c->has_curve ? sn_fixed(c->curve.e.e90, 3, text[1]) : "-");
    (void)snprintf(note[4], sizeof note[4], r->events < 200 ? "%zu events: curve uncertain" : "%zu events", r->events);
    for (int i = 0; i < 5; i++)
        f.note[i] = note[i];
    (void)snprintf(title, sizeof title, "Calibration of %.80s, %.60s", e->d->model[k], r->name);
    name_it(&names, "calibration", set, k, title);
    foot(&names, r, "");
    sn_fig_calibration(b, &names.f, &f);
    return true;
}

/* ---- decisions -------------------------------------------------------------------------------------------- */

/* A group of readers as one classifier: mean sensitivity and specificity. */
static int reader_strategies(const struct sn_eval *e, const struct sn_eval_result *r, struct sn_fig_curve *curve, int n, double *y, char (*label)[160])
{
    double pi = isnan(e->o->prevalence) ? r->prevalence : e->o->prevalence;
    int groups = 0;

    for (size_t k = 0; k < r->n_readers && groups < 4; k++) {
        double se = 0, sp = 0, count = 0;
        bool seen = false;

        for (size_t i = 0; i < r->n_readers; i++) {
            if (strcmp(r->reader[i].group, r->reader[k].group) != 0 || isnan(r->reader[i].sensitivity.v) || isnan(r->reader[i].specificity.v))
                continue;
            seen |= i < k;
            se += r->reader[i].sensitivity.v;
            sp += r->reader[i].specificity.v;
            count += 1;
        }
        if (seen || count == 0)
            continue;
        for (size_t i = 0; i < e->n_thresholds; i++)
            y[i] = se / count * pi - (1 - sp / count) * (1 - pi) * e->t[i] / (1 - e->t[i]);
        (void)snprintf(label[groups], sizeof label[groups], "Readers: %.60s (mean of %.0f)", r->reader[k].group, count);
        curve[n] = (struct sn_fig_curve){ .label = label[groups], .x = e->t, .y = y, .n = e->n_thresholds, .mark_x = (double)NAN, .mark_y = (double)NAN };
        groups++;
        n++;
        y += e->n_thresholds;
    }
    return n;
}

bool sn_eval_fig_dca(const struct sn_eval *e, int set, struct sn_buf *b)
{
    const struct sn_eval_result *r = &e->set[set];
    struct sn_fig_curve curve[SN_EVAL_MODELS + 4];
    size_t m = e->n_thresholds;
    double *room, *y, pi = isnan(e->o->prevalence) ? r->prevalence : e->o->prevalence;
    char reader[4][160], title[200], more[80], v[48];
    struct names names = { .id = "" };
    int n = 0;

    if (!r->usable)
        return false;
    room = y = malloc((SN_EVAL_MODELS * 3 + 4) * m * sizeof *room);
    if (!room) {
        b->failed = true;
        return true;
    }
    for (size_t k = 0; k < e->d->n_models; k++) {
        const struct sn_eval_model *q = &r->model[k];

        if (!q->dca)
            continue;
        curve[n] = (struct sn_fig_curve){ .label = e->d->model[k], .x = e->t, .y = y, .n = m, .mark_x = (double)NAN, .mark_y = (double)NAN };
        for (size_t i = 0; i < m; i++) {
            y[i] = q->dca[i].net_benefit;
            y[m + i] = q->dca_band ? q->dca_band[i].lo : 0;
            y[2 * m + i] = q->dca_band ? q->dca_band[i].hi : 0;
        }
        if (n == 0 && q->dca_band) {
            curve[n].band_x = e->t;
            curve[n].lo = y + m;
            curve[n].hi = y + 2 * m;
            curve[n].n_band = m;
        }
        y += 3 * m;
        n++;
    }
    if (n == 0) {
        free(room);
        return false;
    }
    n = reader_strategies(e, r, curve, n, y, reader);
    (void)snprintf(title, sizeof title, "Decision curves, %.60s", r->name);
    name_it(&names, "dca", set, 0, title);
    more[0] = '\0';
    if (!isnan(e->o->prevalence))
        (void)snprintf(more, sizeof more, "at prevalence %s", sn_fixed(e->o->prevalence, 3, v));
    foot(&names, r, more);
    sn_fig_dca(b, &names.f, e->o->range_lo, e->o->range_hi, pi, curve, n);
    free(room);
    return true;
}

bool sn_eval_fig_impact(const struct sn_eval *e, int set, struct sn_buf *b)
{
    const struct sn_eval_result *r = &e->set[set];
    size_t m = e->n_thresholds;
    char title[200];
    struct names names = { .id = "" };
    double *y;

    if (!r->usable || !r->model[0].dca)
        return false;
    y = malloc(2 * m * sizeof *y);
    if (!y) {
        b->failed = true;
        return true;
    }
    for (size_t i = 0; i < m; i++) {
        y[i] = r->model[0].dca[i].flagged;
        y[m + i] = r->model[0].dca[i].flagged_events;
    }
    (void)snprintf(title, sizeof title, "Clinical impact of %.80s, %.60s", e->d->model[0], r->name);
    name_it(&names, "impact", set, 0, title);
    foot(&names, r, "");
    sn_fig_impact(b, &names.f, e->o->range_lo, e->o->range_hi, e->t, y, y + m, m);
    free(y);
    return true;
}

/* ---- distributions, counts --------------------------------------------------------------------------------- */

bool sn_eval_fig_risks(const struct sn_eval *e, size_t k, struct sn_buf *b)
{
    struct sn_fig_group *g = calloc(2 * e->d->n_sets, sizeof *g);
    char title[200];
    struct names names = { .id = "" };
    int n = 0;

    if (!g) {
        b->failed = true;
        return true;
    }
    for (size_t s = 0; s < e->d->n_sets && s < 6; s++)
        for (int c = 0; c < 2 && e->set[s].usable; c++, n++)
            g[n] = (struct sn_fig_group){ .label = e->set[s].name, .v = e->set[s].model[k].risk[c], .n = c ? e->set[s].events : e->set[s].n - e->set[s].events, .event = c == 1 };
    (void)snprintf(title, sizeof title, "%.80s by outcome", e->d->model[k]);
    name_it(&names, "risks", 0, k, title);
    foot_all(e, &names);
    sn_fig_risks(b, &names.f, e->d->probability[k] ? "Predicted risk" : "Score", e->d->probability[k], e->threshold[k], g, n);
    free(g);
    return true;
}

static void test_name(const struct sn_eval *e, char *text, size_t room)
{
    char v[48];

    (void)snprintf(text, room, "%.24s \xe2\x89\xa5 %s", e->d->model[0], sn_fixed(e->threshold[0], 3, v));
}

bool sn_eval_fig_confusion(const struct sn_eval *e, int set, struct sn_buf *b)
{
    const struct sn_eval_result *r = &e->set[set];
    const struct sn_eval_cut *c = r->usable ? &r->model[0].cut : NULL;
    char title[200], label[120];
    struct names names = { .id = "" };

    if (!c || isnan(c->t))
        return false;
    (void)snprintf(title, sizeof title, "Calls of %.80s, %.60s", e->d->model[0], r->name);
    test_name(e, label, sizeof label);
    name_it(&names, "calls", set, 0, title);
    foot(&names, r, "");
    sn_fig_confusion(b, &names.f, label, c->tp, c->fp, c->fn, c->tn);
    return true;
}

bool sn_eval_fig_flow(const struct sn_eval *e, struct sn_buf *b)
{
    const struct sn_eval_data *d = e->d;
    struct sn_fig_flow_set *set = calloc(d->n_sets, sizeof *set);
    char start[120], analysed[120], cut[48] = "", reason[16][120];
    const char *excluded[16];
    struct names names = { .id = "" };
    int n = 0;

    if (!set) {
        b->failed = true;
        return true;
    }
    for (size_t i = 0; i < d->keep.n_reasons && n < 16; i++, n++) {
        (void)snprintf(reason[n], sizeof reason[n], "%zu without '%.60s'", d->keep.reason[i].n, d->keep.reason[i].column);
        excluded[n] = reason[n];
    }
    for (size_t s = 0; s < d->n_sets; s++) {
        const struct sn_eval_result *r = &e->set[s];

        set[s] = (struct sn_fig_flow_set){ .name = r->name, .n = r->n, .events = r->events, .tested = r->usable && !isnan(e->threshold[0]) };
        if (set[s].tested) {
            set[s].tp = r->model[0].cut.tp;
            set[s].fp = r->model[0].cut.fp;
            set[s].fn = r->model[0].cut.fn;
            set[s].tn = r->model[0].cut.tn;
        }
    }
    (void)snprintf(start, sizeof start, "%zu rows in %.60s", d->table.csv.rows, d->table.file);
    (void)snprintf(analysed, sizeof analysed, "%zu patients, %zu units of analysis", d->patients, d->n);
    if (!isnan(e->threshold[0]))
        (void)sn_fixed(e->threshold[0], 3, cut);
    name_it(&names, "flow", 0, 0, "Flow of participants (STARD)");
    foot_all(e, &names);
    sn_fig_flow(b, &names.f, start, excluded, n, analysed, d->model[0], cut, set, (int)d->n_sets);
    free(set);
    return true;
}

bool sn_eval_fig_subgroups(const struct sn_eval *e, int set, struct sn_buf *b)
{
    const struct sn_eval_result *r = &e->set[set];
    size_t room = (size_t)(r->n_groups + r->n_subgroups + 1);
    struct sn_fig_row *row;
    char(*text)[200], title[200], p[60];
    struct names names = { .id = "" };
    int n = 0;

    if (!r->usable || r->n_subgroups == 0)
        return false;
    row = calloc(room, sizeof *row);
    text = calloc(room, sizeof *text);
    if (row && text) {
        (void)snprintf(text[n], sizeof text[n], "n = %zu, %zu events", r->n, r->events);
        row[n] = (struct sn_fig_row){ .label = "All", .detail = text[n], .v = r->model[0].auc.v, .lo = r->model[0].auc.lo, .hi = r->model[0].auc.hi, .summary = true };
        n++;
        for (int s = 0; s < r->n_subgroups; s++) {
            const struct sn_eval_subgroup *g = &r->subgroup[s];

            (void)snprintf(text[n], sizeof text[n], "%.60s, interaction%s%s", r->group[g->first].column, isnan(g->p_auc) ? " not testable" : " p ",
                           isnan(g->p_auc) ? "" : sn_eval_p(g->p_auc, p));
            row[n] = (struct sn_fig_row){ .label = text[n], .heading = true, .v = (double)NAN, .lo = (double)NAN, .hi = (double)NAN };
            n++;
            for (int i = g->first; i < g->first + g->n; i++, n++) {
                (void)snprintf(text[n], sizeof text[n], "n = %zu, %zu events", r->group[i].n, r->group[i].events);
                row[n] = (struct sn_fig_row){ .label = r->group[i].level, .detail = text[n], .v = r->group[i].auc.v, .lo = r->group[i].auc.lo, .hi = r->group[i].auc.hi };
            }
        }
        (void)snprintf(title, sizeof title, "AUC of %.60s in subgroups, %.60s", e->d->model[0], r->name);
        name_it(&names, "subgroups", set, 0, title);
        foot(&names, r, "");
        sn_fig_forest(b, &names.f, "AUC", "Cases", r->model[0].auc.v, true, row, n);
    } else {
        b->failed = true;
    }
    free(row);
    free(text);
    return true;
}
