/* readers_json.c: results.json of `sentinode readers`; keys in tools/README.md. */
#include "tools/html.h"
#include "tools/readers.h"

#include <math.h>

static const char *const merit_names[] = { "sensitivity", "specificity", "auc" };
static const char *const test_names[] = { "accuracy", "sensitivity", "specificity" };

static void put_proportion(struct sn_json *w, const char *key, const struct sn_proportion *p)
{
    sn_json_key(w, key);
    sn_json_object(w);
    sn_json_kv_int(w, "k", (int64_t)p->k);
    sn_json_kv_int(w, "n", (int64_t)p->n);
    sn_json_kv_number(w, "value", p->value);
    sn_json_kv_number(w, "lo", p->lo);
    sn_json_kv_number(w, "hi", p->hi);
    sn_json_end_object(w);
}

static void put_paired(struct sn_json *w, const char *key, const struct sn_match *t, double adjusted)
{
    sn_json_key(w, key);
    sn_json_object(w);
    sn_json_kv_int(w, "both_right", (int64_t)t->pairs.both);
    sn_json_kv_int(w, "only_first_right", (int64_t)t->pairs.first);
    sn_json_kv_int(w, "only_second_right", (int64_t)t->pairs.second);
    sn_json_kv_int(w, "neither_right", (int64_t)t->pairs.neither);
    sn_json_kv_number(w, "difference", t->diff);
    sn_json_kv_number(w, "lo", t->lo);
    sn_json_kv_number(w, "hi", t->hi);
    sn_json_kv_number(w, "p", t->p);
    sn_json_kv_number(w, "p_holm", adjusted);
    sn_json_kv(w, "method", isnan(t->p) ? NULL : t->mid_p ? "McNemar mid-P" : "McNemar exact");
    sn_json_kv_number(w, "p_noninferior", t->p_noninferior);
    sn_json_end_object(w);
}

static void put_matched(struct sn_json *w, const char *key, const struct sn_matched *m)
{
    sn_json_key(w, key);
    sn_json_object(w);
    sn_json_kv_number(w, "model", m->model);
    sn_json_kv_number(w, "reader", m->reader);
    sn_json_kv_number(w, "difference", m->diff);
    sn_json_kv_number(w, "lo", m->lo);
    sn_json_kv_number(w, "hi", m->hi);
    sn_json_end_object(w);
}

static void put_against_model(struct sn_json *w, const struct sn_reader_result *r)
{
    sn_json_key(w, "against_model");
    if (!r->n_model) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv_int(w, "n", (int64_t)r->n_model);
    for (int t = 0; t < 3; t++)
        put_paired(w, test_names[t], &r->test[t], r->adjusted[t]);
    put_matched(w, "specificity_at_sensitivity", &r->specificity_at_sensitivity);
    put_matched(w, "sensitivity_at_specificity", &r->sensitivity_at_specificity);
    sn_json_key(w, "delong");
    if (isnan(r->delong.diff)) {
        sn_json_null(w);
    } else {
        sn_json_object(w);
        sn_json_kv_number(w, "auc_model", r->delong.model);
        sn_json_kv_number(w, "auc_reader", r->delong.reader);
        sn_json_kv_number(w, "difference", r->delong.diff);
        sn_json_kv_number(w, "lo", r->delong.lo);
        sn_json_kv_number(w, "hi", r->delong.hi);
        sn_json_kv_number(w, "z", r->delong.z);
        sn_json_kv_number(w, "p", r->delong.p);
        sn_json_kv_number(w, "p_holm", r->delong_adjusted);
        sn_json_kv_bool(w, "of_calls", !r->ordinal);
        sn_json_end_object(w);
    }
    sn_json_end_object(w);
}

static void put_readers(struct sn_json *w, const struct sn_reads *s, const struct sn_readers_results *out)
{
    sn_json_key(w, "readers");
    sn_json_array(w);
    for (size_t i = 0; i < out->n_r; i++) {
        const struct sn_reader_result *r = &out->r[i];

        sn_json_object(w);
        sn_json_kv(w, "reader", s->readers[r->reader].name);
        sn_json_kv(w, "group", s->readers[r->reader].group);
        sn_json_kv_bool(w, "assisted", r->assisted != 0);
        sn_json_kv_int(w, "n", (int64_t)r->n);
        sn_json_kv_int(w, "events", (int64_t)r->events);
        put_proportion(w, "sensitivity", &r->sensitivity);
        put_proportion(w, "specificity", &r->specificity);
        put_proportion(w, "accuracy", &r->accuracy);
        put_proportion(w, "ppv", &r->ppv);
        put_proportion(w, "npv", &r->npv);
        sn_json_kv_bool(w, "ordinal_scores", r->ordinal);
        sn_json_kv_number(w, "auc", r->auc);
        sn_json_kv_number(w, "auc_lo", r->auc_lo);
        sn_json_kv_number(w, "auc_hi", r->auc_hi);
        put_against_model(w, r);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

/* ---- several readers ---------------------------------------------------------------------------------------------- */

static void put_interval(struct sn_json *w, const char *key, const struct sn_mrmc_interval *i)
{
    sn_json_key(w, key);
    sn_json_object(w);
    sn_json_kv_number(w, "se", i->se);
    sn_json_kv_number(w, "df", i->df);
    sn_json_kv_number(w, "lo", i->lo);
    sn_json_kv_number(w, "hi", i->hi);
    sn_json_kv_number(w, "p", i->p);
    sn_json_end_object(w);
}

static void put_mean(struct sn_json *w, const struct sn_mrmc_mean *m, bool tested)
{
    struct sn_mrmc_interval i[3] = { m->fixed_readers, m->random_both, m->fixed_cases };

    for (int k = 0; k < 3 && !tested; k++)
        i[k].p = NAN; /* a mean rate alone is tested against nothing */
    sn_json_kv_number(w, "mean", m->mean);
    put_interval(w, "fixed_readers", &i[0]);
    put_interval(w, "random_readers_and_cases", &i[1]);
    put_interval(w, "fixed_cases", &i[2]);
    sn_json_kv_bool(w, "few_readers", m->few_readers);
}

static void put_groups(struct sn_json *w, const struct sn_readers_results *out)
{
    sn_json_key(w, "groups");
    sn_json_array(w);
    for (int i = 0; i < out->n_group; i++) {
        const struct sn_group_result *g = &out->group[i];

        sn_json_object(w);
        sn_json_kv(w, "group", g->group);
        sn_json_kv_bool(w, "assisted", g->assisted != 0);
        sn_json_kv_int(w, "readers", g->readers);
        sn_json_kv_int(w, "n", (int64_t)g->n);
        sn_json_key(w, "sensitivity");
        sn_json_object(w);
        put_mean(w, &g->sensitivity, false);
        sn_json_end_object(w);
        sn_json_key(w, "specificity");
        sn_json_object(w);
        put_mean(w, &g->specificity, false);
        sn_json_end_object(w);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

static void put_kappa(struct sn_json *w, const char *key, const struct sn_agreement *k)
{
    sn_json_key(w, key);
    if (!k->n) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv_int(w, "n", (int64_t)k->n);
    sn_json_kv_number(w, "observed", k->observed);
    sn_json_kv_number(w, "expected", k->expected);
    sn_json_kv_number(w, "value", k->value);
    sn_json_kv_number(w, "lo", k->lo);
    sn_json_kv_number(w, "hi", k->hi);
    sn_json_end_object(w);
}

static void put_iccs(struct sn_json *w, const struct sn_iccs *icc)
{
    static const char *const names[] = { "icc_1_1", "icc_2_1", "icc_3_1" };

    sn_json_key(w, "icc_scores");
    if (!icc->n) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv_int(w, "readers", icc->k);
    sn_json_kv_int(w, "n", (int64_t)icc->n);
    for (int i = 0; i < 3; i++) {
        sn_json_key(w, names[i]);
        sn_json_object(w);
        sn_json_kv_number(w, "value", icc->single[i].value);
        sn_json_kv_number(w, "lo", icc->single[i].lo);
        sn_json_kv_number(w, "hi", icc->single[i].hi);
        sn_json_end_object(w);
    }
    sn_json_end_object(w);
}

static void put_agreement(struct sn_json *w, const struct sn_reads *s, const struct sn_readers_results *out)
{
    sn_json_key(w, "agreement");
    sn_json_array(w);
    for (int a = 0; a < 2; a++)
        if (out->agreement[a].ok) {
            sn_json_object(w);
            sn_json_kv_bool(w, "assisted", a != 0);
            sn_json_kv_int(w, "readers", out->agreement[a].readers);
            put_kappa(w, "fleiss_kappa", &out->agreement[a].fleiss);
            put_kappa(w, "gwet_ac1", &out->agreement[a].ac1);
            put_iccs(w, &out->agreement[a].icc);
            sn_json_end_object(w);
        }
    sn_json_end_array(w);
    sn_json_key(w, "pairs");
    sn_json_array(w);
    for (size_t i = 0; i < out->n_pair; i++) {
        sn_json_object(w);
        sn_json_kv(w, "first", s->readers[out->pair[i].a].name);
        sn_json_kv(w, "second", s->readers[out->pair[i].b].name);
        sn_json_kv_bool(w, "assisted", out->pair[i].assisted != 0);
        put_kappa(w, "kappa", &out->pair[i].kappa);
        put_kappa(w, "kappa_linear_scores", &out->pair[i].linear);
        put_kappa(w, "kappa_quadratic_scores", &out->pair[i].quadratic);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

static void put_assistance(struct sn_json *w, const struct sn_reads *s, const struct sn_readers_results *out)
{
    sn_json_key(w, "assistance");
    sn_json_array(w);
    for (size_t i = 0; i < out->n_assist; i++) {
        sn_json_object(w);
        sn_json_kv(w, "reader", s->readers[out->assist[i].reader].name);
        sn_json_kv_int(w, "n", (int64_t)out->assist[i].n);
        for (int t = 0; t < 3; t++)
            put_paired(w, test_names[t], &out->assist[i].test[t], out->assist[i].adjusted[t]);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

static void put_test(struct sn_json *w, const char *key, const struct sn_mrmc_test *t)
{
    sn_json_key(w, key);
    sn_json_object(w);
    sn_json_kv_number(w, "f", t->f);
    sn_json_kv_number(w, "df1", t->df1);
    sn_json_kv_number(w, "df2", t->df2); /* null: infinite, chi-squared */
    sn_json_kv_number(w, "p", t->p);
    sn_json_kv_number(w, "se", t->se);
    sn_json_kv_number(w, "lo", t->lo);
    sn_json_kv_number(w, "hi", t->hi);
    sn_json_end_object(w);
}

static void put_mrmc(struct sn_json *w, const struct sn_readers_results *out)
{
    sn_json_key(w, "mrmc_assistance");
    sn_json_object(w);
    for (int k = 0; k < 3; k++) {
        const struct sn_mrmc *m = &out->mrmc[k].m;

        sn_json_key(w, merit_names[k]);
        if (!out->mrmc[k].ok) {
            sn_json_null(w);
            continue;
        }
        sn_json_object(w);
        sn_json_kv_int(w, "readers", out->mrmc[k].readers);
        sn_json_kv_int(w, "n", (int64_t)out->mrmc[k].n);
        sn_json_kv_number(w, "difference", m->diff);
        sn_json_kv_number(w, "ms_test", m->ms_test);
        sn_json_kv_number(w, "ms_test_reader", m->ms_test_reader);
        sn_json_kv_number(w, "var", m->var);
        sn_json_kv_number(w, "cov1", m->cov1);
        sn_json_kv_number(w, "cov2", m->cov2);
        sn_json_kv_number(w, "cov3", m->cov3);
        put_test(w, "fixed_readers", &m->fixed_readers);
        put_test(w, "random_readers_and_cases", &m->random_both);
        put_test(w, "fixed_cases", &m->fixed_cases);
        sn_json_kv_bool(w, "few_readers", m->few_readers);
        sn_json_end_object(w);
    }
    sn_json_end_object(w);
}

static void put_versus(struct sn_json *w, const struct sn_readers_results *out)
{
    sn_json_key(w, "readers_minus_model");
    sn_json_array(w);
    for (int a = 0; a < 2; a++)
        for (int k = 0; k < 3; k++) {
            const struct sn_model_result *v = &out->versus[a][k];

            if (!v->ok)
                continue;
            sn_json_object(w);
            sn_json_kv(w, "merit", merit_names[k]);
            sn_json_kv_bool(w, "assisted", a != 0);
            sn_json_kv_int(w, "readers", v->readers);
            sn_json_kv_int(w, "n", (int64_t)v->n);
            sn_json_kv_number(w, "model", v->model);
            put_mean(w, &v->m, true);
            sn_json_end_object(w);
        }
    sn_json_end_array(w);
}

/* ---- the model, curves ------------------------------------------------------------------------------------------------ */

static void put_model(struct sn_json *w, const struct sn_readers_options *opt, const struct sn_readers_results *out)
{
    sn_json_key(w, "model");
    if (!opt->predictions) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv(w, "score", opt->score);
    sn_json_kv_int(w, "n", (int64_t)out->model_n);
    sn_json_kv_int(w, "events", (int64_t)out->model_events);
    sn_json_kv_number(w, "auc", out->auc);
    sn_json_kv_number(w, "auc_lo", out->auc_lo);
    sn_json_kv_number(w, "auc_hi", out->auc_hi);
    sn_json_kv_number(w, "threshold", opt->threshold);
    put_proportion(w, "sensitivity", &out->model_sensitivity);
    put_proportion(w, "specificity", &out->model_specificity);
    put_proportion(w, "accuracy", &out->model_accuracy);
    sn_json_key(w, "roc");
    sn_json_object(w);
    for (int k = 0; k < 2; k++) {
        sn_json_key(w, k ? "true_positive_rate" : "false_positive_rate");
        sn_json_array(w);
        for (size_t i = 0; i < out->roc_n; i++)
            sn_json_number(w, (k ? out->roc_tpr : out->roc_fpr)[i]);
        sn_json_end_array(w);
    }
    sn_json_end_object(w);
    sn_json_end_object(w);
}

static void put_dca(struct sn_json *w, const struct sn_reads *s, const struct sn_readers_results *out)
{
    char label[160];

    sn_json_key(w, "decision_curve");
    if (!out->dca_n || !out->dca_ok) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    for (int k = 0; k < 3; k++) {
        static const char *const keys[] = { "threshold", "treat_all", "model" };

        sn_json_key(w, keys[k]);
        sn_json_array(w);
        for (size_t i = 0; i < out->dca_n; i++)
            sn_json_number(w, k == 0 ? out->dca_t[i] : k == 1 ? out->dca_all[i].net_benefit : out->dca_has_model ? out->dca_model[i].net_benefit : (double)NAN);
        sn_json_end_array(w);
    }
    sn_json_key(w, "readers");
    sn_json_array(w);
    for (size_t r = 0; r < out->n_r; r++) {
        sn_json_object(w);
        sn_json_kv(w, "reader", sn_reader_label(s, &out->r[r], label));
        sn_json_key(w, "net_benefit");
        sn_json_array(w);
        for (size_t i = 0; i < out->dca_n; i++)
            sn_json_number(w, out->dca_reader[r * out->dca_n + i].net_benefit);
        sn_json_end_array(w);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
    sn_json_end_object(w);
}

int sn_readers_json(const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r,
                    struct sn_json *w, struct sn_error *err)
{
    sn_json_object(w);
    sn_json_kv(w, "format", "sentinode-readers");
    sn_json_kv_int(w, "version", 1);
    sn_json_kv(w, "program", SN_VERSION);
    sn_json_kv_bool(w, "research_use_only", true);
    sn_json_kv(w, "reads", s->reads.file);
    sn_json_kv(w, "reads_sha256", s->reads.sha256);
    sn_json_kv(w, "predictions", s->preds.file);
    sn_json_kv(w, "predictions_sha256", s->preds.file ? s->preds.sha256 : NULL);
    sn_json_kv_int(w, "cases", (int64_t)s->n);
    sn_json_kv_int(w, "clusters", (int64_t)s->n_clusters);
    sn_json_kv(w, "cluster", s->by_cluster ? opt->cluster : opt->key);
    sn_json_kv_int(w, "reads_without_call", (int64_t)s->dropped_calls);
    sn_json_kv_int(w, "cases_without_outcome", (int64_t)s->no_outcome);
    sn_json_kv_int(w, "cases_without_score", (int64_t)s->no_score);
    sn_json_kv_number(w, "margin", opt->margin);
    sn_json_kv_number(w, "level", opt->level);
    sn_json_kv_int(w, "bootstrap_replicates", (int64_t)opt->boot);
    sn_json_kv_seed(w, opt->seed);
    sn_json_kv(w, "covariances", "jackknife");
    put_model(w, opt, r);
    put_readers(w, s, r);
    put_groups(w, r);
    put_agreement(w, s, r);
    put_assistance(w, s, r);
    put_mrmc(w, r);
    put_versus(w, r);
    put_dca(w, s, r);
    sn_json_end_object(w);
    return w->buf.failed ? SN_NOMEM(err, "the results") : SN_OK;
}
