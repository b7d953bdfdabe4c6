/* eval_json.c: results.json. Its keys are documented in tools/README.md; stable, new ones may be added. */
#include "tools/eval_out.h"

#include "tools/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void put_limits(struct sn_json *w, struct sn_eval_ci c)
{
    sn_json_kv_number(w, "value", c.v);
    sn_json_kv_number(w, "lo", c.lo);
    sn_json_kv_number(w, "hi", c.hi);
}

/* { "value", "lo", "hi" } */
static void put_ci(struct sn_json *w, const char *key, struct sn_eval_ci c)
{
    sn_json_key(w, key);
    sn_json_object(w);
    put_limits(w, c);
    sn_json_end_object(w);
}

static void put_test(struct sn_json *w, const char *key, struct sn_eval_ci c, double p)
{
    sn_json_key(w, key);
    sn_json_object(w);
    put_limits(w, c);
    sn_json_kv_number(w, "p", p);
    sn_json_end_object(w);
}

/* ---- what went in --------------------------------------------------------------------------------- */

static void put_table(struct sn_json *w, const char *key, const struct sn_table *t)
{
    sn_json_key(w, key);
    if (!t->file) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv(w, "file", t->file);
    sn_json_kv(w, "sha256", t->sha256);
    sn_json_kv(w, "encoding", t->encoding == SN_ENCODING_GB18030 ? "gb18030" : "utf-8");
    sn_json_kv_int(w, "rows", (int64_t)t->csv.rows);
    sn_json_end_object(w);
}

static void put_input(struct sn_json *w, const struct sn_eval *e)
{
    static const char *const rule[] = { "mean", "max", "none" };
    const struct sn_eval_data *d = e->d;

    put_table(w, "predictions", &d->table);
    put_table(w, "reads", &e->reads);
    sn_json_key(w, "cases");
    sn_json_object(w);
    sn_json_kv_int(w, "rows", (int64_t)d->table.csv.rows);
    sn_json_kv_int(w, "rows_used", (int64_t)d->keep.n);
    sn_json_kv_int(w, "units", (int64_t)d->n);
    sn_json_kv_int(w, "patients", (int64_t)d->patients);
    sn_json_kv(w, "unit", d->cluster || e->o->patient == SN_PATIENT_NONE ? "row" : "patient");
    sn_json_kv(w, "patient_rule", rule[e->o->patient]);
    sn_json_kv(w, "cluster", e->o->names.cluster);
    sn_json_key(w, "left_out");
    sn_json_array(w);
    for (size_t i = 0; i < d->keep.n_reasons; i++) {
        sn_json_object(w);
        sn_json_kv(w, "reason", "missing");
        sn_json_kv(w, "column", d->keep.reason[i].column);
        sn_json_kv_int(w, "rows", (int64_t)d->keep.reason[i].n);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
    sn_json_end_object(w);
}

static void put_settings(struct sn_json *w, const struct sn_eval *e)
{
    const struct sn_eval_options *o = e->o;

    sn_json_key(w, "settings");
    sn_json_object(w);
    sn_json_kv(w, "outcome", o->names.outcome);
    sn_json_kv(w, "positive", o->names.positive ? o->names.positive : "1");
    sn_json_kv_number(w, "level", SN_EVAL_LEVEL);
    sn_json_kv_int(w, "bootstrap", (int64_t)o->boot);
    sn_json_kv_seed(w, o->seed);
    sn_json_kv(w, "bootstrap_interval", o->bca ? "bca" : "percentile");
    sn_json_kv(w, "proportions", sn_proportion_method_name(o->proportions));
    sn_json_kv(w, "paired_differences", o->newcombe ? "Newcombe" : "Tango");
    sn_json_kv_bool(w, "clamp", o->extreme == SN_EXTREME_CLAMP);
    sn_json_kv(w, "partial_auc_of", !o->has_pauc ? NULL : o->pauc.sensitivity ? "sensitivity" : "specificity");
    sn_json_kv_number(w, "partial_auc_lo", o->has_pauc ? o->pauc.from : (double)NAN);
    sn_json_kv_number(w, "partial_auc_hi", o->has_pauc ? o->pauc.to : (double)NAN);
    sn_json_kv_number(w, "prevalence", o->prevalence);
    sn_json_kv_number(w, "margin", o->margin);
    sn_json_kv_number(w, "range_lo", o->range_lo);
    sn_json_kv_number(w, "range_hi", o->range_hi);
    sn_json_kv(w, "dca_ties", sn_dca_tie_name(o->tie));
    sn_json_kv(w, "smoother", o->has_smoother ? sn_smoother_name(o->smoother) : NULL);
    sn_json_kv_int(w, "groups", o->groups);
    sn_json_kv(w, "threshold_origin", e->threshold_origin);
    sn_json_kv(w, "recalibration", e->recal_text[0] ? e->recal_text : NULL);
    sn_json_end_object(w);
    sn_json_key(w, "models");
    sn_json_array(w);
    for (size_t k = 0; k < e->d->n_models; k++) {
        sn_json_object(w);
        sn_json_kv(w, "name", e->d->model[k]);
        sn_json_kv_bool(w, "is_risk", e->d->probability[k]);
        sn_json_kv_bool(w, "recalibrated", k >= e->d->n_scores);
        sn_json_kv_number(w, "threshold", e->threshold[k]);
        put_ci(w, "threshold_bootstrap", e->threshold_ci[k]);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

/* ---- one model -------------------------------------------------------------------------------------- */

static void put_cut(struct sn_json *w, const struct sn_eval_cut *c)
{
    sn_json_key(w, "operating_point");
    if (isnan(c->t)) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv_number(w, "threshold", c->t);
    sn_json_kv_int(w, "tp", (int64_t)c->tp);
    sn_json_kv_int(w, "fp", (int64_t)c->fp);
    sn_json_kv_int(w, "fn", (int64_t)c->fn);
    sn_json_kv_int(w, "tn", (int64_t)c->tn);
    for (int m = 0; m < SN_METRICS; m++)
        put_ci(w, sn_metric_key((enum sn_metric)m), c->m[m]);
    put_ci(w, "sensitivity_bootstrap", c->sens_boot);
    put_ci(w, "specificity_bootstrap", c->spec_boot);
    sn_json_end_object(w);
}

static struct sn_eval_ci of_boot(double v, const struct sn_boot_ci *b, bool has)
{
    return (struct sn_eval_ci){ v, has ? b->lo : (double)NAN, has ? b->hi : (double)NAN };
}

#define OF(x) ((struct sn_eval_ci){ (x).value, (x).lo, (x).hi })

static void put_calibration(struct sn_json *w, const struct sn_eval_curve *c)
{
    bool boot = c->boot.replicates > 0;

    sn_json_key(w, "calibration");
    if (!c->has) {
        sn_json_null(w);
        sn_json_kv(w, "calibration_left_out", c->why_not);
        return;
    }
    sn_json_object(w);
    put_ci(w, "observed_expected", OF(c->c.oe));
    put_ci(w, "in_the_large", OF(c->c.in_the_large));
    put_ci(w, "slope", OF(c->c.slope));
    put_ci(w, "recalibration_intercept", OF(c->c.recalibration_intercept));
    sn_json_kv_number(w, "cox_chisq", c->c.cox_chisq);
    sn_json_kv_number(w, "cox_p", c->c.cox_p);
    put_ci(w, "brier", OF(c->c.brier));
    put_ci(w, "brier_scaled", OF(c->c.brier_scaled));
    sn_json_kv_number(w, "spiegelhalter_z", c->c.spiegelhalter_z);
    sn_json_kv_number(w, "spiegelhalter_p", c->c.spiegelhalter_p);
    put_ci(w, "discrimination_slope", OF(c->c.discrimination_slope));
    sn_json_kv_int(w, "clamped", (int64_t)c->c.clamped);
    sn_json_key(w, "hosmer_lemeshow");
    sn_json_object(w);
    sn_json_kv(w, "grouping", "quantiles of risk (type 7), upper limits included, ties together; df: groups on external data, groups - 2 on train");
    sn_json_kv_int(w, "groups", c->hl.groups);
    sn_json_kv_number(w, "chisq", c->hl.chisq);
    sn_json_kv_int(w, "df", c->hl.df);
    sn_json_kv_number(w, "p", c->hl.p);
    sn_json_end_object(w);
    sn_json_key(w, "curve");
    if (c->has_curve) {
        sn_json_object(w);
        sn_json_kv(w, "smoother", c->curve.smoother);
        sn_json_kv(w, "band", c->curve.band);
        put_ci(w, "ici", of_boot(c->curve.e.ici, &c->boot.ici, boot));
        put_ci(w, "e50", of_boot(c->curve.e.e50, &c->boot.e50, boot));
        put_ci(w, "e90", of_boot(c->curve.e.e90, &c->boot.e90, boot));
        put_ci(w, "emax", of_boot(c->curve.e.emax, &c->boot.emax, boot));
        sn_json_kv_int(w, "bootstrap", (int64_t)c->boot.replicates);
        sn_json_end_object(w);
    } else {
        sn_json_null(w);
        sn_json_kv(w, "curve_left_out", c->curve_why_not);
    }
    sn_json_end_object(w);
}

/* A strategy's curve; the band NULL: without intervals. */
static void put_decision(struct sn_json *w, const char *key, const struct sn_eval *e, const struct sn_dca_point *p, const struct sn_dca_band *band)
{
    static const char *const name[SN_DCA_MEASURES] = { NULL, "standardised", "interventions_avoided", "opt_out", "opt_out_standardised" };

    sn_json_key(w, key);
    if (!p) {
        sn_json_null(w);
        return;
    }
    sn_json_array(w);
    for (size_t i = 0; i < e->n_thresholds; i++) {
        sn_json_object(w);
        sn_json_kv_number(w, "threshold", e->t[i]);
        put_limits(w, (struct sn_eval_ci){ p[i].net_benefit, band ? band[i].lo : (double)NAN, band ? band[i].hi : (double)NAN });
        for (size_t m = 1; m < SN_DCA_MEASURES; m++) {
            const struct sn_dca_band *of = band ? &band[m * e->n_thresholds + i] : NULL;

            put_ci(w, name[m], (struct sn_eval_ci){ sn_dca_value(&p[i], (enum sn_dca_measure)m), of ? of->lo : (double)NAN, of ? of->hi : (double)NAN });
        }
        sn_json_kv_number(w, "flagged_per_1000", p[i].flagged);
        sn_json_kv_number(w, "flagged_with_event_per_1000", p[i].flagged_events);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

/* The risks of each outcome: what STRATOS asks to see. */
static void put_spread(struct sn_json *w, const struct sn_eval_model *m)
{
    sn_json_key(w, "risks");
    if (!m->has_spread) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    for (int y = 0; y < 2; y++) {
        const struct sn_risk_spread *s = &m->spread[y];

        sn_json_key(w, y ? "with_event" : "without_event");
        sn_json_object(w);
        sn_json_kv_int(w, "n", (int64_t)s->n);
        sn_json_kv_number(w, "mean", s->mean);
        sn_json_kv_number(w, "sd", s->sd);
        sn_json_kv_numbers(w, "quantiles", (const double[]){ s->min, s->q05, s->q25, s->median, s->q75, s->q95, s->max }, 7);
        sn_json_key(w, "bins");
        sn_json_array(w);
        for (int i = 0; i < SN_SPREAD_BINS; i++)
            sn_json_int(w, (int64_t)s->bin[i]);
        sn_json_end_array(w);
        sn_json_end_object(w);
    }
    sn_json_end_object(w);
}

static void put_model(struct sn_json *w, const struct sn_eval *e, const struct sn_eval_result *r, size_t k)
{
    const struct sn_eval_model *m = &r->model[k];

    sn_json_object(w);
    sn_json_kv(w, "name", e->d->model[k]);
    put_ci(w, "auc", m->auc);
    sn_json_kv(w, "auc_interval", r->cluster ? "cluster bootstrap" : "DeLong");
    sn_json_kv_number(w, "auc_se", m->auc_se);
    put_ci(w, "auc_delong", m->auc_delong);
    put_ci(w, "auc_logit", m->auc_logit);
    put_ci(w, "auc_bootstrap", m->auc_boot);
    if (e->o->has_pauc) {
        put_ci(w, "partial_auc", m->pauc);
        put_ci(w, "partial_auc_corrected", m->pauc_corrected);
    }
    put_ci(w, "median_without_event", m->median[0]);
    put_ci(w, "median_with_event", m->median[1]);
    put_spread(w, m);
    put_cut(w, &m->cut);
    put_calibration(w, &m->calibration);
    put_decision(w, "net_benefit", e, m->dca, m->dca_band);
    sn_json_end_object(w);
}

/* ---- comparisons --------------------------------------------------------------------------------------- */

static void put_predictive(struct sn_json *w, const char *key, const struct sn_predictive *p)
{
    sn_json_key(w, key);
    sn_json_object(w);
    sn_json_kv_number(w, "value", p->diff);
    sn_json_kv_number(w, "chisq", p->chisq);
    sn_json_kv_number(w, "p", p->p);
    sn_json_end_object(w);
}

static void put_verdict(struct sn_json *w, const char *key, struct sn_eval_ci c, double margin)
{
    enum sn_verdict v = sn_noninferiority((struct sn_interval){ c.lo, c.hi }, margin);

    sn_json_kv(w, key, v == SN_NO_VERDICT ? NULL : sn_verdict_text(v));
}

/* Net benefit of a less that of b. */
static void put_difference_curve(struct sn_json *w, const struct sn_eval *e, const struct sn_eval_result *r, const struct sn_eval_pair *p)
{
    const struct sn_dca_point *a = r->model[p->a].dca, *b = r->model[p->b].dca;

    sn_json_key(w, "net_benefit_difference");
    if (!a || !b) {
        sn_json_null(w);
        return;
    }
    sn_json_array(w);
    for (size_t i = 0; i < e->n_thresholds; i++) {
        sn_json_object(w);
        sn_json_kv_number(w, "threshold", e->t[i]);
        put_limits(w, (struct sn_eval_ci){ a[i].net_benefit - b[i].net_benefit, p->dca ? p->dca[i].lo : (double)NAN, p->dca ? p->dca[i].hi : (double)NAN });
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

static void put_pair(struct sn_json *w, const struct sn_eval *e, const struct sn_eval_result *r, const struct sn_eval_pair *p)
{
    sn_json_object(w);
    sn_json_kv(w, "a", e->d->model[p->a]);
    sn_json_kv(w, "b", e->d->model[p->b]);
    sn_json_key(w, "auc_difference");
    sn_json_object(w);
    put_limits(w, p->diff);
    sn_json_kv_number(w, "p", p->p);
    sn_json_kv_number(w, "p_holm", p->p_holm);
    sn_json_end_object(w);
    put_test(w, "accuracy_difference", p->accuracy, p->p_accuracy);
    put_test(w, "sensitivity_difference", p->sensitivity, p->p_sensitivity);
    put_test(w, "specificity_difference", p->specificity, p->p_specificity);
    put_predictive(w, "ppv_difference", &p->ppv);
    put_predictive(w, "npv_difference", &p->npv);
    if (e->o->margin > 0.0) {
        sn_json_key(w, "noninferiority");
        sn_json_object(w);
        put_verdict(w, "auc", p->diff, e->o->margin);
        put_verdict(w, "accuracy", p->accuracy, e->o->margin);
        put_verdict(w, "sensitivity", p->sensitivity, e->o->margin);
        put_verdict(w, "specificity", p->specificity, e->o->margin);
        sn_json_end_object(w);
    }
    put_difference_curve(w, e, r, p);
    sn_json_end_object(w);
}

static void put_claim(struct sn_json *w, const struct sn_eval *e, const struct sn_eval_claim *c)
{
    sn_json_key(w, "claim");
    sn_json_object(w);
    sn_json_kv(w, "model", e->d->model[c->model]);
    sn_json_kv_bool(w, "stated", c->stated);
    sn_json_kv(w, "verdict", sn_claim_key(c->verdict));
    sn_json_kv(w, "text", c->text);
    sn_json_end_object(w);
}

static void put_subgroups(struct sn_json *w, const struct sn_eval_result *r)
{
    sn_json_key(w, "subgroups");
    sn_json_array(w);
    for (int s = 0; s < r->n_subgroups; s++) {
        const struct sn_eval_subgroup *g = &r->subgroup[s];

        sn_json_object(w);
        sn_json_kv(w, "column", r->group[g->first].column);
        sn_json_kv_number(w, "interaction_p_auc", g->p_auc);
        sn_json_kv_number(w, "interaction_p_auc_difference", g->p_auc_difference);
        sn_json_kv_number(w, "interaction_p_sensitivity", g->p_sensitivity);
        sn_json_kv_number(w, "interaction_p_specificity", g->p_specificity);
        sn_json_key(w, "levels");
        sn_json_array(w);
        for (int i = g->first; i < g->first + g->n; i++) {
            sn_json_object(w);
            sn_json_kv(w, "level", r->group[i].level);
            sn_json_kv_int(w, "n", (int64_t)r->group[i].n);
            sn_json_kv_int(w, "events", (int64_t)r->group[i].events);
            put_ci(w, "auc", r->group[i].auc);
            put_ci(w, "sensitivity", r->group[i].sensitivity);
            put_ci(w, "specificity", r->group[i].specificity);
            put_ci(w, "in_the_large", r->group[i].in_the_large);
            put_test(w, "auc_difference", r->group[i].auc_difference, r->group[i].p_auc_difference);
            sn_json_end_object(w);
        }
        sn_json_end_array(w);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

static void put_readers(struct sn_json *w, const struct sn_eval *e, const struct sn_eval_result *r)
{
    struct sn_dca_point *point = malloc(e->n_thresholds * sizeof *point);

    w->buf.failed |= !point;
    sn_json_key(w, "readers");
    sn_json_array(w);
    for (size_t k = 0; k < r->n_readers && point; k++) {
        const struct sn_eval_reader *q = &r->reader[k];

        sn_json_object(w);
        sn_json_kv(w, "reader", q->name);
        sn_json_kv(w, "group", q->group);
        sn_json_kv_int(w, "n", (int64_t)q->n);
        sn_json_kv_int(w, "tp", (int64_t)q->tp);
        sn_json_kv_int(w, "fp", (int64_t)q->fp);
        sn_json_kv_int(w, "fn", (int64_t)q->fn);
        sn_json_kv_int(w, "tn", (int64_t)q->tn);
        put_ci(w, "sensitivity", q->sensitivity);
        put_ci(w, "specificity", q->specificity);
        sn_json_kv_number(w, "model_sensitivity_at_this_specificity", q->model_sensitivity);
        put_test(w, "model_minus_reader_sensitivity", q->d_sensitivity, q->p_sensitivity);
        put_test(w, "model_minus_reader_specificity", q->d_specificity, q->p_specificity);
        put_test(w, "model_minus_reader_accuracy", q->d_accuracy, q->p_accuracy);
        sn_json_kv_number(w, "p_holm_accuracy", q->p_holm);
        put_decision(w, "net_benefit", e, sn_eval_reader_dca(e, r, q, point) ? point : NULL, NULL);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
    free(point);
}

static void put_part(struct sn_json *w, const char *key, const struct sn_reclass_part *p, bool boot)
{
    sn_json_key(w, key);
    sn_json_object(w);
    sn_json_kv_number(w, "value", p->value);
    sn_json_kv_number(w, "se", p->se);
    sn_json_kv_number(w, "lo", p->ci.lo);
    sn_json_kv_number(w, "hi", p->ci.hi);
    sn_json_kv_number(w, "p", p->p);
    sn_json_kv_number(w, "bootstrap_lo", boot ? p->boot.lo : (double)NAN);
    sn_json_kv_number(w, "bootstrap_hi", boot ? p->boot.hi : (double)NAN);
    sn_json_end_object(w);
}

static void put_reclass(struct sn_json *w, const struct sn_eval *e, const struct sn_eval_reclass *c)
{
    bool boot = e->o->boot > 0;

    sn_json_key(w, "reclassification");
    if (!c->has) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv(w, "old", e->d->model[c->old_model]);
    sn_json_kv(w, "new", e->d->model[c->new_model]);
    sn_json_kv(w, "caveat", sn_reclass_caveat);
    put_part(w, "continuous_nri_event", &c->continuous.nri_event, boot);
    put_part(w, "continuous_nri_nonevent", &c->continuous.nri_nonevent, boot);
    put_part(w, "continuous_nri", &c->continuous.nri, boot);
    put_part(w, "idi_event", &c->continuous.idi_event, boot);
    put_part(w, "idi_nonevent", &c->continuous.idi_nonevent, boot);
    put_part(w, "idi", &c->continuous.idi, boot);
    sn_json_kv_numbers(w, "cuts", c->cut, c->n_cuts);
    if (c->has_categories) {
        put_part(w, "nri_event", &c->categories.nri_event, boot);
        put_part(w, "nri_nonevent", &c->categories.nri_nonevent, boot);
        put_part(w, "nri", &c->categories.nri, boot);
    }
    sn_json_end_object(w);
}

static void put_set(struct sn_json *w, const struct sn_eval *e, const struct sn_eval_result *r)
{
    sn_json_object(w);
    sn_json_kv(w, "name", r->name);
    sn_json_kv_int(w, "n", (int64_t)r->n);
    sn_json_kv_int(w, "events", (int64_t)r->events);
    sn_json_kv_number(w, "prevalence", r->prevalence);
    sn_json_kv_bool(w, "evaluated", r->usable);
    sn_json_key(w, "models");
    sn_json_array(w);
    for (size_t k = 0; k < e->d->n_models && r->usable; k++)
        put_model(w, e, r, k);
    sn_json_end_array(w);
    sn_json_key(w, "comparisons");
    sn_json_array(w);
    for (size_t k = 0; k < r->n_pairs; k++)
        put_pair(w, e, r, &r->pair[k]);
    sn_json_end_array(w);
    if (r->usable) {
        sn_eval_traits_json(r, w);
        put_decision(w, "treat_all", e, r->treat_all, r->treat_all_band);
        put_claim(w, e, &r->claim);
        put_subgroups(w, r);
        put_readers(w, e, r);
        put_reclass(w, e, &r->reclass);
    }
    sn_json_end_object(w);
}

static void put_between(struct sn_json *w, const struct sn_eval *e)
{
    sn_json_key(w, "between_sets");
    sn_json_array(w);
    for (size_t k = 0; k < e->n_between; k++) {
        const struct sn_eval_between *q = &e->between[k];

        sn_json_object(w);
        sn_json_kv(w, "model", e->d->model[q->model]);
        sn_json_kv(w, "a", e->set[q->a].name);
        sn_json_kv(w, "b", e->set[q->b].name);
        sn_json_key(w, "auc_difference");
        sn_json_object(w);
        put_limits(w, (struct sn_eval_ci){ q->t.diff, q->t.ci.lo, q->t.ci.hi });
        sn_json_kv_number(w, "t", q->t.statistic);
        sn_json_kv_number(w, "df", q->t.df);
        sn_json_kv_number(w, "p", q->t.p);
        sn_json_end_object(w);
        put_ci(w, "accuracy_difference", q->accuracy);
        put_ci(w, "sensitivity_difference", q->sensitivity);
        put_ci(w, "specificity_difference", q->specificity);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

static void put_notes(struct sn_json *w, const struct sn_eval *e)
{
    const char *p = e->notes.data ? e->notes.data : "";
    char line[600];

    sn_json_key(w, "notes");
    sn_json_array(w);
    while (*p) {
        size_t n = strcspn(p, "\n");

        (void)snprintf(line, sizeof line, "%.*s", (int)n, p);
        sn_json_string(w, line);
        p += n + (p[n] == '\n');
    }
    sn_json_end_array(w);
}

void sn_eval_json(const struct sn_eval *e, struct sn_json *w)
{
    sn_json_object(w);
    sn_json_kv(w, "format", "sentinode-evaluation");
    sn_json_kv_int(w, "version", 1);
    sn_json_kv(w, "program", "sentinode " SN_VERSION);
    sn_json_kv_bool(w, "research_use_only", true);
    sn_json_kv(w, "notice", SN_RESEARCH_NOTICE);
    put_input(w, e);
    put_settings(w, e);
    sn_json_key(w, "sets");
    sn_json_array(w);
    for (size_t s = 0; s < e->d->n_sets; s++)
        put_set(w, e, &e->set[s]);
    sn_json_end_array(w);
    put_between(w, e);
    put_notes(w, e);
    sn_json_end_object(w);
}
