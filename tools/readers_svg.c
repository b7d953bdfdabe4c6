/*
 * readers_svg.c: the readers on the model's ROC curve, and what both are worth at a threshold. Groups differ by shape and
 * fill, not by colour, so that the figures read in grey.
 */
#include "tools/figures.h"
#include "tools/html.h"
#include "tools/readers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_POINTS = 2 * SN_READERS_MAX + 2 * (SN_GROUPS_MAX + 1), MOST_LINES = 7, /* series that differ, beside the model's */
       MOST_WHISKERS = 4 };                                                      /* beyond them only groups' means have some: they would hide the points */

static int group_of(const struct sn_reads *s, const char *group)
{
    for (int g = 0; g < s->n_groups; g++)
        if (strcmp(s->groups[g], group) == 0)
            return g;
    return 0;
}

/* Every reader and condition; the first of a group names it. A line leads from a reader alone to the same one assisted. */
static int reader_points(const struct sn_reads *s, const struct sn_readers_results *r, struct sn_fig_point *p, char (*label)[120])
{
    bool named[SN_GROUPS_MAX] = { false };
    int n = 0;

    for (size_t i = 0; i < r->n_r; i++) {
        const struct sn_proportion *se = &r->r[i].sensitivity, *sp = &r->r[i].specificity;
        const struct sn_reader *k = &s->readers[r->r[i].reader];
        int g = group_of(s, k->group);

        if (!se->n || !sp->n)
            continue;
        p[n] = (struct sn_fig_point){ .x = 1 - sp->value, .y = se->value, .x_lo = (double)NAN, .y_lo = (double)NAN, .group = g, .ring = r->r[i].assisted != 0 };
        if (r->n_r <= MOST_WHISKERS) {
            p[n].x_lo = 1 - sp->hi;
            p[n].x_hi = 1 - sp->lo;
            p[n].y_lo = se->lo;
            p[n].y_hi = se->hi;
        }
        for (size_t j = 0; j < i; j++)
            if (r->r[j].reader == r->r[i].reader && r->r[j].sensitivity.n && r->r[j].specificity.n) {
                p[n].moved = true;
                p[n].from_x = 1 - r->r[j].specificity.value;
                p[n].from_y = r->r[j].sensitivity.value;
            }
        if (!named[g]) {
            (void)snprintf(label[g], sizeof label[g], "Readers%s%.60s", *k->group ? ": " : "", k->group);
            p[n].label = label[g];
            named[g] = true;
        }
        n++;
    }
    return n;
}

/* Means of groups of two and more, with the intervals for these readers and other cases; a group's first one names it. */
static int group_points(const struct sn_reads *s, const struct sn_readers_results *r, struct sn_fig_point *p, char (*label)[120])
{
    int n = 0;

    for (int i = 0; i < r->n_group; i++) {
        const struct sn_group_result *g = &r->group[i];
        const struct sn_mrmc_interval *se = &g->sensitivity.fixed_readers, *sp = &g->specificity.fixed_readers;

        if (g->readers < 2 || (!g->group && s->n_groups > 1))
            continue;
        (void)snprintf(label[n], sizeof label[n], "%.60s, mean of %d", g->group ? g->group : "Readers", g->readers);
        p[n] = (struct sn_fig_point){ .label = label[n], .x = 1 - g->specificity.mean, .y = g->sensitivity.mean, .x_lo = fmax(1 - sp->hi, 0),
                                      .x_hi = fmin(1 - sp->lo, 1), .y_lo = fmax(se->lo, 0), .y_hi = fmin(se->hi, 1),
                                      .group = g->group ? group_of(s, g->group) : 0, .mean = true, .ring = g->assisted != 0 };
        for (int k = 0; k < n; k++)
            if (p[k].group == p[n].group)
                p[n].label = NULL;
        n++;
    }
    return n;
}

static void footer(char *out, size_t room, const struct sn_readers_results *r, const struct sn_reads *s, const char *more)
{
    size_t n = 0, events = 0;

    for (size_t i = 0; i < s->n; i++) {
        n += s->cases[i].y >= 0;
        events += s->cases[i].y == 1;
    }
    if (r->model_n) {
        n = r->model_n;
        events = r->model_events;
    }
    (void)snprintf(out, room, "n = %zu, %zu events \xc2\xb7 %s \xc2\xb7 research use only", n, events, more);
}

void sn_readers_roc_svg(struct sn_buf *b, const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r)
{
    struct sn_fig_point point[MOST_POINTS];
    char label[SN_GROUPS_MAX + 2 * (SN_GROUPS_MAX + 1)][120], model[160], foot[200], v[3][48];
    struct sn_fig_curve curve = { .label = model, .x = r->roc_fpr, .y = r->roc_tpr, .n = r->roc_n, .mark_x = (double)NAN, .mark_y = (double)NAN };
    double band_x[SN_READERS_BAND];
    bool assisted = false;
    int n = reader_points(s, r, point, label);

    for (size_t i = 0; i < r->n_r; i++)
        assisted |= r->r[i].assisted != 0;
    n += group_points(s, r, point + n, label + SN_GROUPS_MAX);
    footer(foot, sizeof foot, r, s, assisted ? "95 % CI \xc2\xb7 ring: with assistance" : "95 % CI");
    (void)snprintf(model, sizeof model, "%.60s: AUC %s (%s to %s)", opt->score, sn_fixed(r->auc, 3, v[0]), sn_fixed(r->auc_lo, 3, v[1]), sn_fixed(r->auc_hi, 3, v[2]));
    if (r->model_sensitivity.n && r->model_specificity.n) {
        curve.mark_x = 1 - r->model_specificity.value;
        curve.mark_y = r->model_sensitivity.value;
    }
    for (int i = 0; i < SN_READERS_BAND; i++)
        band_x[i] = (double)i / (SN_READERS_BAND - 1);
    if (r->has_band) {
        curve.band_x = band_x;
        curve.lo = r->band_lo;
        curve.hi = r->band_hi;
        curve.n_band = SN_READERS_BAND;
    }
    sn_fig_roc(b, &(struct sn_fig){ "roc", r->roc_n ? "Readers and the model" : "Readers", foot }, &curve, r->roc_n > 0, point, n);
}

/* ---- decision curves ---------------------------------------------------------------------------------------------- */

/* Mean net benefit of the readers of a group in a condition; how many there are. */
static int group_benefit(const struct sn_reads *s, const struct sn_readers_results *r, int group, int assisted, double *y)
{
    int n = 0;

    for (size_t i = 0; i < r->n_r; i++) {
        const struct sn_dca_point *p = r->dca_reader + i * r->dca_n;

        if (r->r[i].assisted != assisted || group_of(s, s->readers[r->r[i].reader].group) != group || isnan(p->net_benefit))
            continue;
        n++;
        for (size_t k = 0; k < r->dca_n; k++)
            y[k] = (n > 1 ? y[k] : 0) + (p[k].net_benefit - (n > 1 ? y[k] : 0)) / n;
    }
    return n;
}

void sn_readers_dca_svg(struct sn_buf *b, const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r)
{
    double *y = calloc((MOST_LINES + 1) * r->dca_n, sizeof *y);
    char label[MOST_LINES][160], foot[200];
    struct sn_fig_curve curve[MOST_LINES + 1];
    int n = 0, lines = 0;

    if (!y) {
        b->failed = true;
        return;
    }
    for (size_t k = 0; k < r->dca_n && r->dca_has_model; k++)
        y[k] = r->dca_model[k].net_benefit;
    if (r->dca_has_model) {
        curve[n] = (struct sn_fig_curve){ .label = opt->score, .x = r->dca_t, .y = y, .n = r->dca_n, .mark_x = (double)NAN, .mark_y = (double)NAN };
        n++;
    }
    for (int g = 0; g < SN_MAX(s->n_groups, 1); g++)
        for (int a = 0; a < 2 && lines < MOST_LINES; a++) {
            double *mean = y + (size_t)n * r->dca_n;
            int readers = group_benefit(s, r, g, a, mean);

            if (!readers)
                continue;
            (void)snprintf(label[lines], sizeof label[0], "Readers%s%.60s (mean of %d%s)", s->n_groups ? ": " : "", s->n_groups ? s->groups[g] : "", readers,
                           a ? ", assisted" : "");
            curve[n] = (struct sn_fig_curve){ .label = label[lines], .x = r->dca_t, .y = mean, .n = r->dca_n, .mark_x = (double)NAN, .mark_y = (double)NAN };
            n++;
            lines++;
        }
    footer(foot, sizeof foot, r, s, "a score equal to the threshold is treated");
    sn_fig_dca(b, &(struct sn_fig){ "dca", "Decision curves, readers as fixed calls", foot }, r->dca_t[0], r->dca_t[r->dca_n - 1],
               r->dca_all[0].tp, curve, n);
    free(y);
}
