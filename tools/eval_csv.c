/* eval_csv.c: tidy tables: one observation a row, numbers with all their digits, empty where not defined. */
#include "tools/eval_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void text(struct sn_buf *b, const char *s)
{
    sn_csv_put(b, s);
    sn_buf_puts(b, ",");
}

/* A number and the character after it. */
static void number(struct sn_buf *b, double v, char after)
{
    char t[32];

    if (isfinite(v))
        sn_buf_puts(b, sn_format_double(v, t));
    else if (!isnan(v))
        sn_buf_puts(b, v > 0 ? "Inf" : "-Inf");
    sn_buf_add(b, &after, 1);
}

/* ---- every summary ---------------------------------------------------------------------------------- */

struct where {
    struct sn_buf *b;
    const char *set, *model;
};

static void row(const struct where *w, const char *measure, struct sn_eval_ci c, double p)
{
    text(w->b, w->set);
    text(w->b, w->model);
    text(w->b, measure);
    number(w->b, c.v, ',');
    number(w->b, c.lo, ',');
    number(w->b, c.hi, ',');
    number(w->b, p, '\n');
}

static void only(const struct where *w, const char *measure, double v)
{
    row(w, measure, (struct sn_eval_ci){ v, (double)NAN, (double)NAN }, (double)NAN);
}

#define OF(x) ((struct sn_eval_ci){ (x).value, (x).lo, (x).hi })

static void calibration_rows(const struct where *w, const struct sn_eval_curve *c)
{
    const double no = (double)NAN;

    row(w, "observed_expected", OF(c->c.oe), no);
    row(w, "in_the_large", OF(c->c.in_the_large), no);
    row(w, "slope", OF(c->c.slope), no);
    row(w, "recalibration_intercept", OF(c->c.recalibration_intercept), no);
    row(w, "cox_chisq", (struct sn_eval_ci){ c->c.cox_chisq, no, no }, c->c.cox_p);
    row(w, "brier", OF(c->c.brier), no);
    row(w, "brier_scaled", OF(c->c.brier_scaled), no);
    row(w, "spiegelhalter_z", (struct sn_eval_ci){ c->c.spiegelhalter_z, no, no }, c->c.spiegelhalter_p);
    row(w, "hosmer_lemeshow_chisq", (struct sn_eval_ci){ c->hl.chisq, no, no }, c->hl.p);
    row(w, "discrimination_slope", OF(c->c.discrimination_slope), no);
    if (c->has_curve) {
        bool boot = c->boot.replicates > 0;
        const double value[] = { c->curve.e.ici, c->curve.e.e50, c->curve.e.e90, c->curve.e.emax };
        const struct sn_boot_ci *ci[] = { &c->boot.ici, &c->boot.e50, &c->boot.e90, &c->boot.emax };
        static const char *const name[] = { "ici", "e50", "e90", "emax" };

        for (int i = 0; i < 4; i++)
            row(w, name[i], (struct sn_eval_ci){ value[i], boot ? ci[i]->lo : no, boot ? ci[i]->hi : no }, no);
    }
}

void sn_eval_csv_metrics(const struct sn_eval *e, struct sn_buf *b)
{
    sn_buf_puts(b, "set,model,measure,value,lo,hi,p\n");
    for (size_t s = 0; s < e->d->n_sets; s++) {
        const struct sn_eval_result *r = &e->set[s];

        for (size_t k = 0; k < e->d->n_models; k++) {
            const struct where w = { b, r->name, e->d->model[k] };
            const struct sn_eval_model *m = &r->model[k];

            only(&w, "n", (double)r->n);
            only(&w, "events", (double)r->events);
            if (!r->usable)
                continue;
            row(&w, "auc", m->auc, (double)NAN);
            row(&w, "auc_logit", m->auc_logit, (double)NAN);
            row(&w, "auc_bootstrap", m->auc_boot, (double)NAN);
            if (e->o->has_pauc) {
                row(&w, "partial_auc", m->pauc, (double)NAN);
                row(&w, "partial_auc_corrected", m->pauc_corrected, (double)NAN);
            }
            if (!isnan(m->cut.t)) {
                only(&w, "threshold", m->cut.t);
                only(&w, "tp", (double)m->cut.tp);
                only(&w, "fp", (double)m->cut.fp);
                only(&w, "fn", (double)m->cut.fn);
                only(&w, "tn", (double)m->cut.tn);
                for (int i = 0; i < SN_METRICS; i++)
                    row(&w, sn_metric_key((enum sn_metric)i), m->cut.m[i], (double)NAN);
                row(&w, "sensitivity_bootstrap", m->cut.sens_boot, (double)NAN);
                row(&w, "specificity_bootstrap", m->cut.spec_boot, (double)NAN);
            }
            if (m->calibration.has)
                calibration_rows(&w, &m->calibration);
        }
    }
}

/* ---- curves -------------------------------------------------------------------------------------------- */

void sn_eval_csv_roc(const struct sn_eval *e, struct sn_buf *b)
{
    sn_buf_puts(b, "set,model,threshold,tp,fp,sensitivity,specificity\n");
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->d->n_models && e->set[s].usable; k++) {
            const struct sn_roc *roc = &e->set[s].roc[k];

            for (size_t i = 0; i <= roc->levels; i++) {
                text(b, e->set[s].name);
                text(b, e->d->model[k]);
                number(b, roc->threshold[i], ',');
                sn_buf_printf(b, "%lu,%lu,", (unsigned long)roc->tp[i], (unsigned long)roc->fp[i]);
                number(b, sn_roc_sens(roc, i), ',');
                number(b, sn_roc_spec(roc, i), '\n');
            }
        }
}

void sn_eval_csv_calibration(const struct sn_eval *e, struct sn_buf *b)
{
    sn_buf_puts(b, "set,model,kind,predicted,observed,lo,hi,n\n");
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->d->n_models && e->set[s].usable; k++) {
            const struct sn_eval_curve *c = &e->set[s].model[k].calibration;

            for (int i = 0; c->has && i < c->n_groups; i++) {
                text(b, e->set[s].name);
                text(b, e->d->model[k]);
                sn_buf_puts(b, "group,");
                number(b, c->group[i].mean_risk, ',');
                number(b, c->group[i].rate, ',');
                number(b, c->group[i].lo, ',');
                number(b, c->group[i].hi, ',');
                sn_buf_printf(b, "%zu\n", c->group[i].n);
            }
            for (size_t i = 0; c->has_curve && i < c->curve.points; i++) {
                text(b, e->set[s].name);
                text(b, e->d->model[k]);
                sn_buf_puts(b, "curve,");
                number(b, c->curve.at[i], ',');
                number(b, c->curve.observed[i], ',');
                number(b, c->curve.lo[i], ',');
                number(b, c->curve.hi[i], ',');
                sn_buf_puts(b, "\n");
            }
        }
}

static void dca_rows(struct sn_buf *b, const struct sn_eval *e, const char *set, const char *model, const struct sn_dca_point *p, const struct sn_dca_band *band)
{
    for (size_t i = 0; i < e->n_thresholds; i++) {
        text(b, set);
        text(b, model);
        number(b, e->t[i], ',');
        number(b, p[i].net_benefit, ',');
        number(b, band ? band[i].lo : (double)NAN, ',');
        number(b, band ? band[i].hi : (double)NAN, ',');
        number(b, p[i].standardised, ',');
        number(b, p[i].avoided, ',');
        number(b, p[i].opt_out, ',');
        number(b, p[i].flagged, ',');
        number(b, p[i].flagged_events, ',');
        number(b, p[i].opt_out_standardised, ',');
        for (size_t m = 1; m < SN_DCA_MEASURES; m++) {
            const struct sn_dca_band *of = band ? &band[m * e->n_thresholds + i] : NULL;

            number(b, of ? of->lo : (double)NAN, ',');
            number(b, of ? of->hi : (double)NAN, m + 1 < SN_DCA_MEASURES ? ',' : '\n');
        }
    }
}

static double prevalence(const struct sn_eval *e, const struct sn_eval_result *r) { return isnan(e->o->prevalence) ? r->prevalence : e->o->prevalence; }

bool sn_eval_reader_dca(const struct sn_eval *e, const struct sn_eval_result *r, const struct sn_eval_reader *q, struct sn_dca_point *point)
{
    return !isnan(q->sensitivity.v) && !isnan(q->specificity.v) &&
           sn_dca_fixed(q->sensitivity.v, q->specificity.v, prevalence(e, r), e->t, e->n_thresholds, point, NULL) == SN_OK;
}

void sn_eval_csv_dca(const struct sn_eval *e, struct sn_buf *b)
{
    char name[170];
    struct sn_dca_point *point = calloc(e->n_thresholds, sizeof *point); /* of treating no one, then of readers */

    b->failed |= !point;
    sn_buf_puts(b, "set,model,threshold,net_benefit,lo,hi,standardised,interventions_avoided,opt_out,flagged_per_1000,flagged_with_event_per_1000,"
                   "opt_out_standardised,standardised_lo,standardised_hi,interventions_avoided_lo,interventions_avoided_hi,opt_out_lo,opt_out_hi,"
                   "opt_out_standardised_lo,opt_out_standardised_hi\n");
    for (size_t s = 0; s < e->d->n_sets; s++) {
        const struct sn_eval_result *r = &e->set[s];

        if (!r->usable || !point)
            continue;
        for (size_t k = 0; k < e->d->n_models; k++)
            if (r->model[k].dca)
                dca_rows(b, e, r->name, e->d->model[k], r->model[k].dca, r->model[k].dca_band);
        dca_rows(b, e, r->name, "treat all", r->treat_all, r->treat_all_band);
        if (sn_dca_fixed(0.0, 1.0, prevalence(e, r), e->t, e->n_thresholds, point, NULL) == SN_OK)
            dca_rows(b, e, r->name, "treat none", point, NULL);
        for (size_t k = 0; k < r->n_readers; k++) {
            (void)snprintf(name, sizeof name, "reader %.150s", r->reader[k].name);
            if (sn_eval_reader_dca(e, r, &r->reader[k], point))
                dca_rows(b, e, r->name, name, point, NULL);
        }
    }
    free(point);
}

void sn_eval_csv_dca_differences(const struct sn_eval *e, struct sn_buf *b)
{
    sn_buf_puts(b, "set,a,b,threshold,difference,lo,hi\n");
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->set[s].n_pairs; k++) {
            const struct sn_eval_pair *p = &e->set[s].pair[k];
            const struct sn_dca_point *x = e->set[s].model[p->a].dca, *y = e->set[s].model[p->b].dca;

            for (size_t i = 0; i < e->n_thresholds && x && y; i++) {
                text(b, e->set[s].name);
                text(b, e->d->model[p->a]);
                text(b, e->d->model[p->b]);
                number(b, e->t[i], ',');
                number(b, x[i].net_benefit - y[i].net_benefit, ',');
                number(b, p->dca ? p->dca[i].lo : (double)NAN, ',');
                number(b, p->dca ? p->dca[i].hi : (double)NAN, '\n');
            }
        }
}

void sn_eval_csv_between(const struct sn_eval *e, struct sn_buf *b)
{
    sn_buf_puts(b, "model,a,b,measure,difference,lo,hi,t,df,p\n");
    for (size_t k = 0; k < e->n_between; k++) {
        const struct sn_eval_between *q = &e->between[k];

        const struct sn_eval_ci of[] = { { q->t.diff, q->t.ci.lo, q->t.ci.hi }, q->accuracy, q->sensitivity, q->specificity };
        static const char *const name[] = { "auc", "accuracy", "sensitivity", "specificity" };

        for (int m = 0; m < 4; m++) {
            if (isnan(of[m].v))
                continue;
            text(b, e->d->model[q->model]);
            text(b, e->set[q->a].name);
            text(b, e->set[q->b].name);
            text(b, name[m]);
            number(b, of[m].v, ',');
            number(b, of[m].lo, ',');
            number(b, of[m].hi, ',');
            number(b, m ? (double)NAN : q->t.statistic, ',');
            number(b, m ? (double)NAN : q->t.df, ',');
            number(b, m ? (double)NAN : q->t.p, '\n');
        }
    }
}

/* ---- comparisons ------------------------------------------------------------------------------------------ */

static void difference(struct sn_buf *b, const char *set, const char *a, const char *c, const char *measure, struct sn_eval_ci v, double p, double holm)
{
    text(b, set);
    text(b, a);
    text(b, c);
    text(b, measure);
    number(b, v.v, ',');
    number(b, v.lo, ',');
    number(b, v.hi, ',');
    number(b, p, ',');
    number(b, holm, '\n');
}

void sn_eval_csv_comparisons(const struct sn_eval *e, struct sn_buf *b)
{
    const double no = (double)NAN;

    sn_buf_puts(b, "set,a,b,measure,difference,lo,hi,p,p_holm\n");
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->set[s].n_pairs; k++) {
            const struct sn_eval_pair *p = &e->set[s].pair[k];
            const char *set = e->set[s].name, *a = e->d->model[p->a], *c = e->d->model[p->b];

            difference(b, set, a, c, "auc", p->diff, p->p, p->p_holm);
            if (isnan(p->accuracy.v))
                continue;
            difference(b, set, a, c, "accuracy", p->accuracy, p->p_accuracy, no);
            difference(b, set, a, c, "sensitivity", p->sensitivity, p->p_sensitivity, no);
            difference(b, set, a, c, "specificity", p->specificity, p->p_specificity, no);
            difference(b, set, a, c, "ppv", (struct sn_eval_ci){ p->ppv.diff, no, no }, p->ppv.p, no);
            difference(b, set, a, c, "npv", (struct sn_eval_ci){ p->npv.diff, no, no }, p->npv.p, no);
        }
}

void sn_eval_csv_subgroups(const struct sn_eval *e, struct sn_buf *b)
{
    sn_buf_puts(b, "set,column,level,n,events,measure,value,lo,hi,interaction_p\n");
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (int g = 0; g < e->set[s].n_subgroups; g++) {
            const struct sn_eval_subgroup *sub = &e->set[s].subgroup[g];

            for (int i = sub->first; i < sub->first + sub->n; i++) {
                const struct sn_eval_group *q = &e->set[s].group[i];
                const struct sn_eval_ci v[] = { q->auc, q->sensitivity, q->specificity, q->in_the_large, q->auc_difference };
                const double p[] = { sub->p_auc, sub->p_sensitivity, sub->p_specificity, (double)NAN, sub->p_auc_difference };
                static const char *const name[] = { "auc", "sensitivity", "specificity", "in_the_large", "auc_difference" };

                for (int m = 0; m < 5; m++) {
                    text(b, e->set[s].name);
                    text(b, q->column);
                    text(b, q->level);
                    sn_buf_printf(b, "%zu,%zu,%s,", q->n, q->events, name[m]);
                    number(b, v[m].v, ',');
                    number(b, v[m].lo, ',');
                    number(b, v[m].hi, ',');
                    number(b, p[m], '\n');
                }
            }
        }
}

void sn_eval_csv_readers(const struct sn_eval *e, struct sn_buf *b)
{
    sn_buf_puts(b, "set,reader,group,n,tp,fp,fn,tn,measure,reader_value,lo,hi,model_minus_reader,diff_lo,diff_hi,p\n");
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t k = 0; k < e->set[s].n_readers; k++) {
            const struct sn_eval_reader *q = &e->set[s].reader[k];
            const struct sn_eval_ci own[] = { q->sensitivity, q->specificity }, diff[] = { q->d_sensitivity, q->d_specificity };
            const double p[] = { q->p_sensitivity, q->p_specificity };

            for (int m = 0; m < 2; m++) {
                text(b, e->set[s].name);
                text(b, q->name);
                text(b, q->group);
                sn_buf_printf(b, "%zu,%zu,%zu,%zu,%zu,%s,", q->n, q->tp, q->fp, q->fn, q->tn, m ? "specificity" : "sensitivity");
                number(b, own[m].v, ',');
                number(b, own[m].lo, ',');
                number(b, own[m].hi, ',');
                number(b, diff[m].v, ',');
                number(b, diff[m].lo, ',');
                number(b, diff[m].hi, ',');
                number(b, p[m], '\n');
            }
        }
}
