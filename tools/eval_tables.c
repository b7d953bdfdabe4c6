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
    sn_buf_puts(b, "<div class=\"scroll\"><table class=\"tight\"><thead><tr>");
    for (int i = 0; *heads; i++) {
        size_t n = strcspn(heads, "|");

        sn_buf_puts(b, i < text_columns ? "<th>" : "<th class=\"n\">");
        sn_buf_add(b, heads, n);
        sn_buf_puts(b, "</th>");
        heads += n + (heads[n] == '|');
    }
    sn_buf_puts(b, "</tr></thead><tbody>\n");
}

static void end(struct sn_buf *b) { sn_buf_puts(b, "</tbody></table></div>\n"); }

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

/* The value, and its limits on a line of their own: columns stay narrow enough for paper. */
static void open_interval(struct sn_buf *b, struct sn_eval_ci c, int decimals)
{
    char t[3][48];

    sn_buf_puts(b, "<td class=\"n\">");
    sn_html_text(b, isnan(c.v) ? "-" : sn_fixed(c.v, decimals, t[0]));
    if (!isnan(c.v) && !isnan(c.lo) && !isnan(c.hi)) {
        sn_buf_puts(b, "<span class=\"ci\">");
        sn_html_text(b, sn_fixed(c.lo, decimals, t[1])); /* may be "> 1e9" */
        sn_buf_puts(b, " to ");
        sn_html_text(b, sn_fixed(c.hi, decimals, t[2]));
        sn_buf_puts(b, "</span>");
    }
}

static void interval(struct sn_buf *b, struct sn_eval_ci c, int decimals)
{
    open_interval(b, c, decimals);
    sn_buf_puts(b, "</td>");
}

/* A difference with its p, and Holm's when that is one. */
static void tested(struct sn_buf *b, struct sn_eval_ci c, int decimals, double p, double holm)
{
    char t[2][60];

    open_interval(b, c, decimals);
    if (!isnan(p)) {
        sn_buf_puts(b, "<span class=\"ci\">p ");
        sn_html_text(b, sn_eval_p(p, t[0]));
        if (!isnan(holm)) {
            sn_buf_puts(b, ", Holm ");
            sn_html_text(b, sn_eval_p(holm, t[1]));
        }
        sn_buf_puts(b, "</span>");
    }
    sn_buf_puts(b, "</td>");
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

/* What to know first: STRATOS' essentials and the operating point of the model judged, a set a row. */
void sn_table_key(const struct sn_eval *e, struct sn_buf *b)
{
    size_t mid = e->n_thresholds / 2;
    char t[48];

    sn_buf_puts(b, "<div class=\"scroll\"><table class=\"tight\"><thead><tr><th>Set</th><th class=\"n\">n</th><th class=\"n\">Events</th><th class=\"n\">AUC</th>"
                   "<th class=\"n\">Calibration in the large</th><th class=\"n\">Slope</th>");
    sn_buf_printf(b, "<th class=\"n\">Net benefit at %s %%</th><th class=\"n\">Treat all</th><th class=\"n\">Sensitivity</th><th class=\"n\">Specificity</th></tr></thead><tbody>\n",
                  sn_fixed(100 * e->t[mid], 1, t));
    for (size_t s = 0; s < e->d->n_sets; s++) {
        const struct sn_eval_result *r = &e->set[s];
        const struct sn_eval_model *m = r->model;
        const struct sn_eval_ci none = { (double)NAN, (double)NAN, (double)NAN };

        sn_buf_puts(b, "<tr>");
        words(b, r->name);
        count(b, r->n);
        count(b, r->events);
        if (!r->usable) {
            sn_buf_puts(b, "<td colspan=\"7\">one outcome only</td></tr>\n");
            continue;
        }
        interval(b, m->auc, 3);
        interval(b, m->calibration.has ? OF(m->calibration.c.in_the_large) : none, 2);
        interval(b, m->calibration.has ? OF(m->calibration.c.slope) : none, 2);
        interval(b, m->dca ? (struct sn_eval_ci){ m->dca[mid].net_benefit, m->dca_band ? m->dca_band[mid].lo : (double)NAN, m->dca_band ? m->dca_band[mid].hi : (double)NAN } : none, 3);
        figure(b, sn_fixed(r->treat_all[mid].net_benefit, 3, t));
        interval(b, m->cut.m[SN_M_SENSITIVITY], 3);
        interval(b, m->cut.m[SN_M_SPECIFICITY], 3);
        sn_buf_puts(b, "</tr>\n");
    }
    end(b);
}

void sn_table_auc(const struct sn_eval *e, struct sn_buf *b)
{
    begin(b, e->o->has_pauc ? "Set|Model|n|Events|AUC (95 % CI)|Logit scale|Bootstrap|Partial AUC|McClish" : "Set|Model|n|Events|AUC (95 % CI)|Logit scale|Bootstrap", 2);
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
                if (e->o->has_pauc) {
                    interval(b, r->model[k].pauc, 4);
                    interval(b, r->model[k].pauc_corrected, 3);
                }
            } else {
                sn_buf_puts(b, "<td class=\"n\">one outcome only</td><td></td><td></td>");
            }
            sn_buf_puts(b, "</tr>\n");
        }
    }
    end(b);
}

void sn_table_between(const struct sn_eval *e, struct sn_buf *b)
{
    begin(b, "Model|Set|Less set|AUC|Sensitivity|Specificity|Accuracy", 3);
    for (size_t k = 0; k < e->n_between; k++) {
        const struct sn_eval_between *q = &e->between[k];

        row_of(b, e->d->model[q->model], e->set[q->a].name);
        words(b, e->set[q->b].name);
        tested(b, (struct sn_eval_ci){ q->t.diff, q->t.ci.lo, q->t.ci.hi }, 3, q->t.p, (double)NAN);
        interval(b, q->sensitivity, 3);
        interval(b, q->specificity, 3);
        interval(b, q->accuracy, 3);
        sn_buf_puts(b, "</tr>\n");
    }
    end(b);
}

void sn_table_calibration(const struct sn_eval *e, struct sn_buf *b)
{
    begin(b, "Set|Model|Observed / expected|In the large|Slope|Brier|Scaled Brier|ICI|E90|Spiegelhalter p|Hosmer-Lemeshow p", 2);
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->d->n_models && e->set[s].usable; k++) {
            const struct sn_eval_curve *c = &e->set[s].model[k].calibration;

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
            p_value(b, c->hl.p);
            sn_buf_puts(b, "</tr>\n");
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

    sn_buf_puts(b, "<div class=\"scroll\"><table class=\"tight\"><thead><tr><th>Set</th><th>Model</th>");
    for (int i = 0; i < 5; i++)
        sn_buf_printf(b, "<th class=\"n\">at %s %%</th>", sn_fixed(100 * e->t[at[i]], 1, t));
    sn_buf_puts(b, "</tr></thead><tbody>\n");
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

    sn_buf_puts(b, "<div class=\"scroll\"><table class=\"tight\"><thead><tr><th>Set</th><th>Model</th><th class=\"n\">Threshold</th>");
    for (int m = (int)first; m <= (int)last; m++)
        if ((m != SN_M_PPV_AT && m != SN_M_NPV_AT) || !isnan(e->o->prevalence))
            sn_buf_printf(b, "<th class=\"n\">%s</th>", sn_metric_name((enum sn_metric)m));
    sn_buf_puts(b, "</tr></thead><tbody>\n");
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

/* What each interval says about the margin. */
static void verdicts(struct sn_buf *b, const struct sn_eval_pair *p, double margin)
{
    const struct sn_eval_ci of[] = { p->diff, p->sensitivity, p->specificity, p->accuracy };
    static const char *const name[] = { "AUC", "sensitivity", "specificity", "accuracy" };

    sn_buf_puts(b, "<td>");
    for (int i = 0; i < 4; i++) {
        enum sn_verdict v = sn_noninferiority((struct sn_interval){ of[i].lo, of[i].hi }, margin);

        if (v != SN_NO_VERDICT)
            sn_buf_printf(b, "%s%s: %s", i ? "; " : "", name[i], sn_verdict_text(v));
    }
    sn_buf_puts(b, "</td>");
}

void sn_table_pairs(const struct sn_eval *e, struct sn_buf *b)
{
    begin(b, e->o->margin > 0.0 ? "Set|First|Second|AUC|Sensitivity|Specificity|Accuracy|PPV|NPV|Non-inferiority" : "Set|First|Second|AUC|Sensitivity|Specificity|Accuracy|PPV|NPV", 3);
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->set[s].n_pairs; k++) {
            const struct sn_eval_pair *p = &e->set[s].pair[k];

            row_of(b, e->set[s].name, e->d->model[p->a]);
            words(b, e->d->model[p->b]);
            tested(b, p->diff, 3, p->p, p->p_holm);
            tested(b, p->sensitivity, 3, p->p_sensitivity, (double)NAN);
            tested(b, p->specificity, 3, p->p_specificity, (double)NAN);
            tested(b, p->accuracy, 3, p->p_accuracy, (double)NAN);
            tested(b, (struct sn_eval_ci){ p->ppv.diff, (double)NAN, (double)NAN }, 3, p->ppv.p, (double)NAN);
            tested(b, (struct sn_eval_ci){ p->npv.diff, (double)NAN, (double)NAN }, 3, p->npv.p, (double)NAN);
            if (e->o->margin > 0.0)
                verdicts(b, p, e->o->margin);
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
    begin(b, "Set|Reader|Group|n|Sensitivity|Specificity|Model's sensitivity there|Model &minus; reader: sensitivity|specificity|accuracy", 3);
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->set[s].n_readers; k++) {
            const struct sn_eval_reader *q = &e->set[s].reader[k];

            row_of(b, e->set[s].name, q->name);
            words(b, q->group);
            count(b, q->n);
            interval(b, q->sensitivity, 3);
            interval(b, q->specificity, 3);
            interval(b, (struct sn_eval_ci){ q->model_sensitivity, (double)NAN, (double)NAN }, 3);
            tested(b, q->d_sensitivity, 3, q->p_sensitivity, (double)NAN);
            tested(b, q->d_specificity, 3, q->p_specificity, (double)NAN);
            tested(b, q->d_accuracy, 3, q->p_accuracy, q->p_holm);
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
