/* eval_tables.c: the tables of report.html: one row a set and model. */
#include "tools/eval_tables.h"
#include "tools/eval_out.h"

#include "tools/html.h"

#include <math.h>
#include <stdio.h>

#define OF(x) ((struct sn_eval_ci){ (x).value, (x).lo, (x).hi })

/* Headings separated by '|'; the first `text_columns` are words. */
static void begin(struct sn_buf *b, const char *heads, int text_columns)
{
    sn_buf_puts(b, "<div class=\"scroll\"><table><tr>");
    for (int i = 0; *heads; i++) {
        size_t n = strcspn(heads, "|");

        sn_buf_puts(b, i < text_columns ? "<th>" : "<th class=\"n\">");
        sn_buf_add(b, heads, n);
        sn_buf_puts(b, "</th>");
        heads += n + (heads[n] == '|');
    }
    sn_buf_puts(b, "</tr>\n");
}

static void end(struct sn_buf *b) { sn_buf_puts(b, "</table></div>\n"); }

static void words(struct sn_buf *b, const char *s)
{
    sn_buf_puts(b, "<td>");
    sn_html_text(b, s);
    sn_buf_puts(b, "</td>");
}

static void figure(struct sn_buf *b, const char *s)
{
    sn_buf_puts(b, "<td class=\"n\">");
    sn_html_text(b, s);
    sn_buf_puts(b, "</td>");
}

static void interval(struct sn_buf *b, struct sn_eval_ci c, int decimals)
{
    char t[160];

    figure(b, sn_eval_show(c, decimals, t));
}

static void count(struct sn_buf *b, size_t n) { sn_buf_printf(b, "<td class=\"n\">%zu</td>", n); }

static void p_value(struct sn_buf *b, double p)
{
    char t[60];
    const char *s = sn_eval_p(p, t);

    figure(b, s[0] == '=' ? s + 2 : s);
}

static void row_of(struct sn_buf *b, const char *set, const char *model)
{
    sn_buf_puts(b, "<tr>");
    words(b, set);
    words(b, model);
}

void sn_table_auc(const struct sn_eval *e, struct sn_buf *b)
{
    begin(b, "Set|Model|n|Events|AUC (95 % CI)|Logit scale|Bootstrap", 2);
    for (size_t s = 0; s < e->d->n_sets; s++) {
        const struct sn_eval_result *r = &e->set[s];

        for (size_t k = 0; k < e->d->n_scores; k++) {
            row_of(b, r->name, e->d->model[k]);
            count(b, r->n);
            count(b, r->events);
            if (r->usable) {
                interval(b, r->model[k].auc, 3);
                interval(b, r->model[k].auc_logit, 3);
                interval(b, r->model[k].auc_boot, 3);
            } else {
                sn_buf_puts(b, "<td class=\"n\">one outcome only</td><td></td><td></td>");
            }
            sn_buf_puts(b, "</tr>\n");
        }
    }
    end(b);
}

void sn_table_calibration(const struct sn_eval *e, struct sn_buf *b)
{
    begin(b, "Set|Model|Observed / expected|In the large|Slope|Brier|Scaled|ICI|E90|Spiegelhalter p|Hosmer-Lemeshow p", 2);
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->d->n_models && e->set[s].usable; k++) {
            const struct sn_eval_curve *c = &e->set[s].model[k].calibration;
            char t[80];

            if (!c->has)
                continue;
            row_of(b, e->set[s].name, e->d->model[k]);
            interval(b, OF(c->c.oe), 2);
            interval(b, OF(c->c.in_the_large), 2);
            interval(b, OF(c->c.slope), 2);
            interval(b, OF(c->c.brier), 3);
            interval(b, (struct sn_eval_ci){ c->c.brier_scaled.value, (double)NAN, (double)NAN }, 3);
            interval(b, (struct sn_eval_ci){ c->has_curve ? c->curve.e.ici : (double)NAN, (double)NAN, (double)NAN }, 3);
            interval(b, (struct sn_eval_ci){ c->has_curve ? c->curve.e.e90 : (double)NAN, (double)NAN, (double)NAN }, 3);
            p_value(b, c->c.spiegelhalter_p);
            (void)snprintf(t, sizeof t, "%d groups: ", c->hl.groups);
            sn_buf_puts(b, "<td class=\"n\">");
            sn_html_text(b, t);
            sn_html_text(b, sn_eval_p(c->hl.p, t));
            sn_buf_puts(b, "</td></tr>\n");
        }
    end(b);
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->d->n_models && e->set[s].usable; k++)
            if (e->set[s].model[k].calibration.curve_why_not[0]) {
                sn_buf_puts(b, "<p class=\"small\">No curve for ");
                sn_html_text(b, e->d->model[k]);
                sn_buf_puts(b, " on ");
                sn_html_text(b, e->set[s].name);
                sn_buf_puts(b, ": ");
                sn_html_text(b, e->set[s].model[k].calibration.curve_why_not);
                sn_buf_puts(b, "</p>\n");
            }
}

/* At the ends, the quarters and the middle of the range. */
void sn_table_net_benefit(const struct sn_eval *e, struct sn_buf *b)
{
    size_t last = e->n_thresholds - 1, at[5] = { 0, last / 4, last / 2, last - last / 4, last };
    char t[160];

    sn_buf_puts(b, "<div class=\"scroll\"><table><tr><th>Set</th><th>Model</th>");
    for (int i = 0; i < 5; i++)
        sn_buf_printf(b, "<th class=\"n\">at %s %%</th>", sn_fixed(100 * e->t[at[i]], 1, t));
    sn_buf_puts(b, "</tr>\n");
    for (size_t s = 0; s < e->d->n_sets; s++) {
        const struct sn_eval_result *r = &e->set[s];

        if (!r->usable)
            continue;
        for (size_t k = 0; k < e->d->n_models; k++) {
            const struct sn_eval_model *m = &r->model[k];

            if (!m->dca)
                continue;
            row_of(b, r->name, e->d->model[k]);
            for (int i = 0; i < 5; i++)
                interval(b, (struct sn_eval_ci){ m->dca[at[i]].net_benefit, m->dca_band ? m->dca_band[at[i]].lo : (double)NAN, m->dca_band ? m->dca_band[at[i]].hi : (double)NAN }, 3);
            sn_buf_puts(b, "</tr>\n");
        }
        row_of(b, r->name, "treat all");
        for (int i = 0; i < 5; i++)
            figure(b, sn_fixed(r->treat_all[at[i]].net_benefit, 3, t));
        sn_buf_puts(b, "</tr>\n");
    }
    end(b);
}

void sn_table_operating(const struct sn_eval *e, struct sn_buf *b, enum sn_metric first, enum sn_metric last)
{
    char t[48];

    sn_buf_puts(b, "<div class=\"scroll\"><table><tr><th>Set</th><th>Model</th><th class=\"n\">Threshold</th>");
    for (int m = (int)first; m <= (int)last; m++)
        if ((m != SN_M_PPV_AT && m != SN_M_NPV_AT) || !isnan(e->o->prevalence))
            sn_buf_printf(b, "<th class=\"n\">%s</th>", sn_metric_name(m));
    sn_buf_puts(b, "</tr>\n");
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->d->n_models && e->set[s].usable; k++) {
            const struct sn_eval_cut *c = &e->set[s].model[k].cut;

            if (isnan(c->t))
                continue;
            row_of(b, e->set[s].name, e->d->model[k]);
            figure(b, sn_fixed(c->t, 4, t));
            for (int m = (int)first; m <= (int)last; m++)
                if ((m != SN_M_PPV_AT && m != SN_M_NPV_AT) || !isnan(e->o->prevalence))
                    interval(b, c->m[m], m == SN_M_LR_POS || m == SN_M_LR_NEG || m == SN_M_DOR ? 2 : 3);
            sn_buf_puts(b, "</tr>\n");
        }
    end(b);
}

void sn_table_pairs(const struct sn_eval *e, struct sn_buf *b)
{
    begin(b, "Set|First|Second|AUC difference|p|Holm|Accuracy|p|Sensitivity|p|Specificity|p", 3);
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->set[s].n_pairs; k++) {
            const struct sn_eval_pair *p = &e->set[s].pair[k];

            row_of(b, e->set[s].name, e->d->model[p->a]);
            words(b, e->d->model[p->b]);
            interval(b, p->diff, 3);
            p_value(b, p->p);
            p_value(b, p->p_holm);
            interval(b, p->accuracy, 3);
            p_value(b, p->p_accuracy);
            interval(b, p->sensitivity, 3);
            p_value(b, p->p_sensitivity);
            interval(b, p->specificity, 3);
            p_value(b, p->p_specificity);
            sn_buf_puts(b, "</tr>\n");
        }
    end(b);
}

void sn_table_subgroups(const struct sn_eval *e, struct sn_buf *b)
{
    begin(b, "Set|Subgroup|Level|n|Events|AUC|Sensitivity|Specificity|Calibration in the large|Interaction p: AUC|sens.|spec.", 3);
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (int g = 0; g < e->set[s].n_subgroups; g++) {
            const struct sn_eval_subgroup *sub = &e->set[s].subgroup[g];

            for (int i = sub->first; i < sub->first + sub->n; i++) {
                const struct sn_eval_group *q = &e->set[s].group[i];

                row_of(b, e->set[s].name, q->column);
                words(b, q->level);
                count(b, q->n);
                count(b, q->events);
                interval(b, q->auc, 3);
                interval(b, q->sensitivity, 3);
                interval(b, q->specificity, 3);
                interval(b, q->in_the_large, 2);
                if (i == sub->first) {
                    p_value(b, sub->p_auc);
                    p_value(b, sub->p_sensitivity);
                    p_value(b, sub->p_specificity);
                } else {
                    sn_buf_puts(b, "<td></td><td></td><td></td>");
                }
                sn_buf_puts(b, "</tr>\n");
            }
        }
    end(b);
}

void sn_table_readers(const struct sn_eval *e, struct sn_buf *b)
{
    begin(b, "Set|Reader|Group|n|Sensitivity|Specificity|Model's sensitivity at this specificity|Model minus reader: sensitivity|p|specificity|p|accuracy|p|Holm", 3);
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->set[s].n_readers; k++) {
            const struct sn_eval_reader *q = &e->set[s].reader[k];

            row_of(b, e->set[s].name, q->name);
            words(b, q->group);
            count(b, q->n);
            interval(b, q->sensitivity, 3);
            interval(b, q->specificity, 3);
            interval(b, (struct sn_eval_ci){ q->model_sensitivity, (double)NAN, (double)NAN }, 3);
            interval(b, q->d_sensitivity, 3);
            p_value(b, q->p_sensitivity);
            interval(b, q->d_specificity, 3);
            p_value(b, q->p_specificity);
            interval(b, q->d_accuracy, 3);
            p_value(b, q->p_accuracy);
            p_value(b, q->p_holm);
            sn_buf_puts(b, "</tr>\n");
        }
    end(b);
}

static void part(struct sn_buf *b, const struct sn_eval *e, const struct sn_eval_result *r, const char *name, const struct sn_reclass_part *p)
{
    sn_buf_puts(b, "<tr>");
    words(b, r->name);
    words(b, name);
    interval(b, (struct sn_eval_ci){ p->value, p->ci.lo, p->ci.hi }, 3);
    p_value(b, p->p);
    interval(b, (struct sn_eval_ci){ p->value, e->o->boot ? p->boot.lo : (double)NAN, e->o->boot ? p->boot.hi : (double)NAN }, 3);
    sn_buf_puts(b, "</tr>\n");
}

void sn_table_reclass(const struct sn_eval *e, struct sn_buf *b)
{
    begin(b, "Set|Measure|Asymptotic (95 % CI)|p|Bootstrap", 2);
    for (size_t s = 0; s < e->d->n_sets; s++) {
        const struct sn_eval_result *r = &e->set[s];
        const struct sn_eval_reclass *c = &r->reclass;

        if (!c->has)
            continue;
        if (c->has_categories) {
            part(b, e, r, "NRI at the threshold: events", &c->categories.nri_event);
            part(b, e, r, "NRI at the threshold: non-events", &c->categories.nri_nonevent);
        }
        part(b, e, r, "Continuous NRI: events", &c->continuous.nri_event);
        part(b, e, r, "Continuous NRI: non-events", &c->continuous.nri_nonevent);
        part(b, e, r, "IDI: events", &c->continuous.idi_event);
        part(b, e, r, "IDI: non-events", &c->continuous.idi_nonevent);
        part(b, e, r, "IDI", &c->continuous.idi);
    }
    end(b);
}
