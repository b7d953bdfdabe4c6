/* fit_json.c: the report for programs; model.json; the table with its split. */
#include "tools/cli.h"
#include "tools/fit.h"

#include <math.h>
#include <stdio.h>

static void put_test(struct sn_json *w, const char *key, const struct sn_logit_test *t)
{
    sn_json_key(w, key);
    sn_json_object(w);
    sn_json_kv_number(w, "chisq", t->chisq);
    sn_json_kv_number(w, "df", t->df);
    sn_json_kv_number(w, "p", t->p);
    sn_json_end_object(w);
}

static void put_data(struct sn_json *w, const struct sn_fit_report *r)
{
    const struct sn_fit_data *d = r->d;

    sn_json_key(w, "data");
    sn_json_object(w);
    sn_json_kv(w, "file", d->table.file);
    sn_json_kv(w, "sha256", d->table.sha256);
    sn_json_kv(w, "encoding", d->table.encoding == SN_ENCODING_GB18030 ? "gb18030" : "utf-8");
    sn_json_kv_int(w, "rows", (int64_t)d->table.csv.rows);
    sn_json_key(w, "left_out");
    sn_json_array(w);
    for (size_t i = 0; i < d->keep.n_reasons; i++) {
        sn_json_object(w);
        sn_json_kv(w, "column", d->keep.reason[i].column);
        sn_json_kv(w, "reason", d->keep.reason[i].value ? "other value" : "missing");
        sn_json_kv(w, "value", d->keep.reason[i].value);
        sn_json_kv_int(w, "rows", (int64_t)d->keep.reason[i].n);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
    sn_json_kv_int(w, "repeated_rows_of_a_patient", (int64_t)d->repeated);
    sn_json_kv_int(w, "set_aside_by_split", (int64_t)d->others);
    sn_json_kv(w, "outcome", r->o->names.outcome);
    sn_json_kv(w, "positive", r->o->names.positive ? r->o->names.positive : "1");
    sn_json_kv_int(w, "n", (int64_t)d->n);
    sn_json_kv_int(w, "events", (int64_t)d->events);
    sn_json_end_object(w);
}

static void put_options(struct sn_json *w, const struct sn_fit_options *o)
{
    static const char *const rules[] = { "none", "backward by p", "backward by AIC", "LASSO, lambda.min", "LASSO, lambda.1se" };

    sn_json_key(w, "options");
    sn_json_object(w);
    sn_json_kv(w, "terms", o->terms);
    sn_json_kv(w, "method", sn_fit_method(o));
    sn_json_kv(w, "selection", rules[o->recipe.rule]);
    sn_json_kv_number(w, "selection_p", o->recipe.rule == SN_SELECT_P ? o->recipe.limit : (double)NAN);
    sn_json_kv_number(w, "screening_p", o->recipe.screen > 0 ? o->recipe.screen : (double)NAN);
    sn_json_key(w, "where");
    sn_json_array(w);
    for (size_t i = 0; i < o->n_where; i++)
        sn_json_string(w, o->where[i]);
    sn_json_end_array(w);
    sn_json_kv_number(w, "level", o->level);
    sn_json_kv_number(w, "split", o->split > 0 ? o->split : (double)NAN);
    sn_json_kv_int(w, "bootstrap_replicates", (int64_t)o->boot);
    sn_json_kv_seed(w, o->seed);
    sn_json_end_object(w);
}

static void put_row(struct sn_json *w, const struct sn_fit_row *row)
{
    sn_json_object(w);
    sn_json_kv(w, "term", row->name);
    sn_json_kv_number(w, "coefficient", row->beta);
    sn_json_kv_number(w, "se", row->se);
    sn_json_kv_number(w, "wald_z", row->z);
    sn_json_kv_number(w, "wald_p", row->p);
    sn_json_kv_number(w, "wald_low", row->wald_lo);
    sn_json_kv_number(w, "wald_high", row->wald_hi);
    sn_json_kv_number(w, "profile_low", row->lo);
    sn_json_kv_number(w, "profile_high", row->hi);
    if (row->effect != SIZE_MAX) {
        sn_json_kv_number(w, "odds_ratio", sn_exp(row->beta));
        sn_json_kv_number(w, "odds_ratio_low", sn_exp(row->lo));
        sn_json_kv_number(w, "odds_ratio_high", sn_exp(row->hi));
    }
    sn_json_end_object(w);
}

static void put_rows(struct sn_json *w, const char *key, const struct sn_fit_row *row, size_t n)
{
    sn_json_key(w, key);
    sn_json_array(w);
    for (size_t i = 0; i < n; i++)
        put_row(w, &row[i]);
    sn_json_end_array(w);
}

static void put_effects(struct sn_json *w, const struct sn_fit_report *r)
{
    sn_json_key(w, "effects");
    sn_json_array(w);
    for (size_t e = 0; e < r->data.n_effects; e++) {
        const struct sn_fit_effect *f = &r->effect[e];

        sn_json_object(w);
        sn_json_kv(w, "effect", f->name);
        sn_json_kv_bool(w, "kept", f->kept);
        put_test(w, "likelihood_ratio", &f->lr);
        put_test(w, "wald", &f->wald);
        sn_json_kv_number(w, "gvif", f->gvif);
        sn_json_kv_number(w, "gvif_per_df", pow(f->gvif, 0.5 / (double)f->columns));
        if (r->has_validation)
            sn_json_kv_int(w, "kept_in_replicates", (int64_t)r->validation.kept[e]);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

static void put_univariable(struct sn_json *w, const struct sn_fit_report *r)
{
    sn_json_key(w, "univariable");
    sn_json_array(w);
    for (size_t e = 0; r->o->univariable && e < r->data.n_effects; e++) {
        const struct sn_fit_uni *u = &r->uni[e];

        if (r->data.effects[e].n_vars > 1)
            continue;
        sn_json_object(w);
        sn_json_kv(w, "effect", r->effect[e].name);
        sn_json_kv(w, "error", u->error);
        if (!u->error) {
            put_test(w, "likelihood_ratio", &u->lr);
            put_rows(w, "coefficients", r->uni_row + u->first, u->n);
        }
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

static void put_quality(struct sn_json *w, const struct sn_fit_report *r)
{
    const struct sn_logit_quality *q = &r->quality;

    sn_json_key(w, "quality");
    sn_json_object(w);
    sn_json_kv_number(w, "loglik", q->loglik);
    sn_json_kv_number(w, "null_loglik", q->null_loglik);
    sn_json_kv_number(w, "deviance", -2 * q->loglik);
    put_test(w, "likelihood_ratio", &r->all);
    sn_json_kv_number(w, "aic", q->aic);
    sn_json_kv_number(w, "bic", q->bic);
    sn_json_kv_number(w, "r2_cox_snell", q->cox_snell);
    sn_json_kv_number(w, "r2_nagelkerke", q->nagelkerke);
    sn_json_kv_number(w, "r2_mcfadden", q->mcfadden);
    sn_json_kv_number(w, "brier", q->brier);
    sn_json_kv_number(w, "auc", q->auc);
    sn_json_kv_number(w, "largest_cook", r->has_lasso ? (double)NAN : r->max_cook);
    sn_json_end_object(w);
}

static void put_covariance(struct sn_json *w, const struct sn_fit_report *r)
{
    size_t p = r->fit.p;

    sn_json_key(w, "covariance");
    sn_json_array(w);
    for (size_t i = 0; i < p; i++) {
        sn_json_array(w);
        for (size_t j = 0; j < p; j++)
            sn_json_number(w, r->fit.cov[i * p + j]);
        sn_json_end_array(w);
    }
    sn_json_end_array(w);
}

static void put_lasso(struct sn_json *w, const struct sn_fit_report *r)
{
    const struct sn_lasso *l = &r->lasso;

    sn_json_key(w, "lasso");
    if (!r->has_lasso) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv_int(w, "folds", (int64_t)l->folds);
    sn_json_kv_number(w, "lambda_min", l->lambda[l->at_min]);
    sn_json_kv_number(w, "lambda_1se", l->lambda[l->at_1se]);
    sn_json_kv_numbers(w, "lambda", l->lambda, l->n_lambda);
    sn_json_kv_numbers(w, "deviance", l->deviance, l->n_lambda);
    sn_json_kv_numbers(w, "deviance_se", l->se, l->n_lambda);
    sn_json_key(w, "nonzero");
    sn_json_array(w);
    for (size_t i = 0; i < l->n_lambda; i++)
        sn_json_int(w, (int64_t)l->nonzero[i]);
    sn_json_end_array(w);
    sn_json_end_object(w);
}

static void put_validation(struct sn_json *w, const struct sn_fit_report *r)
{
    static const char *const names[SN_VALID_COUNT] = { "auc", "slope", "intercept", "brier" };
    const struct sn_validation *v = &r->validation;

    sn_json_key(w, "validation");
    if (!r->has_validation) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv(w, "method", "optimism bootstrap of the whole recipe");
    sn_json_kv_int(w, "replicates", (int64_t)v->replicates);
    sn_json_kv_int(w, "failed", (int64_t)v->failed);
    sn_json_kv_int(w, "without_slope", (int64_t)v->undefined);
    for (int k = 0; k < SN_VALID_COUNT; k++) {
        sn_json_key(w, names[k]);
        sn_json_object(w);
        sn_json_kv_number(w, "apparent", v->apparent[k]);
        sn_json_kv_number(w, "optimism", v->optimism[k]);
        sn_json_kv_number(w, "corrected", v->corrected[k]);
        sn_json_end_object(w);
    }
    sn_json_end_object(w);
}

static void put_riley(struct sn_json *w, const struct sn_fit_report *r)
{
    sn_json_key(w, "sample_size");
    sn_json_object(w);
    sn_json_kv(w, "source", "Riley et al. 2020, BMJ 368:m441");
    sn_json_kv_int(w, "parameters", (int64_t)(r->data.p - 1));
    sn_json_kv_number(w, "r2_cox_snell_adjusted", r->riley_r2);
    sn_json_kv_number(w, "largest_r2", r->riley.max_r2);
    sn_json_kv_number(w, "for_shrinkage", r->riley.shrinkage);
    sn_json_kv_number(w, "for_r2", r->riley.r2);
    sn_json_kv_number(w, "for_overall_risk", r->riley.overall);
    sn_json_kv_number(w, "needed", r->riley.needed);
    sn_json_kv_number(w, "events_needed", r->riley.events);
    sn_json_end_object(w);
}

void sn_fit_json(struct sn_json *w, const struct sn_fit_report *r)
{
    sn_json_kv(w, "program", "sentinode " SN_VERSION);
    put_data(w, r);
    put_options(w, r->o);
    sn_json_key(w, "warnings");
    sn_json_array(w);
    for (size_t i = 0; i < r->n_warnings; i++)
        sn_json_string(w, r->warning[i]);
    sn_json_end_array(w);
    put_rows(w, "coefficients", r->row, r->n_rows);
    put_effects(w, r);
    put_univariable(w, r);
    put_covariance(w, r);
    put_quality(w, r);
    sn_json_key(w, "operating_point");
    sn_json_object(w);
    sn_json_kv(w, "rule", "largest sensitivity + specificity on the data fitted; risk >= threshold is positive");
    sn_json_kv_number(w, "threshold", r->threshold);
    sn_json_kv_number(w, "sensitivity", r->sensitivity);
    sn_json_kv_number(w, "specificity", r->specificity);
    sn_json_end_object(w);
    put_lasso(w, r);
    put_validation(w, r);
    sn_fit_dca_json(w, &r->dca);
    put_riley(w, r);
}

/* ---- model.json ------------------------------------------------------------------------------- */

static void put_part(struct sn_json *w, const struct sn_logistic *m, const struct sn_logistic_part *p)
{
    sn_json_kv(w, "column", m->columns[p->column].name);
    if (p->level)
        sn_json_kv(w, "level", p->level);
    if (!p->n_knots)
        return;
    sn_json_kv_numbers(w, "knots", p->knots, p->n_knots);
    sn_json_kv_int(w, "basis", (int64_t)p->basis);
}

static void put_term(struct sn_json *w, const struct sn_logistic *m, const struct sn_logistic_term *t, double coefficient)
{
    sn_json_object(w);
    sn_json_kv(w, "name", t->name);
    if (t->n_parts == 1) {
        put_part(w, m, t->parts);
    } else {
        sn_json_key(w, "parts");
        sn_json_array(w);
        for (size_t k = 0; k < t->n_parts; k++) {
            sn_json_object(w);
            put_part(w, m, &t->parts[k]);
            sn_json_end_object(w);
        }
        sn_json_end_array(w);
    }
    sn_json_kv_number(w, "coefficient", coefficient);
    sn_json_end_object(w);
}

static void put_column(struct sn_json *w, const struct sn_logistic_column *c)
{
    sn_json_object(w);
    sn_json_kv(w, "name", c->name);
    sn_json_kv(w, "kind", c->factor ? "factor" : "number");
    if (c->factor) {
        sn_json_key(w, "levels");
        sn_json_array(w);
        for (size_t i = 0; i < c->n_levels; i++)
            sn_json_string(w, c->levels[i]);
        sn_json_end_array(w);
    } else {
        sn_json_kv_number(w, "min", c->min);
        sn_json_kv_number(w, "max", c->max);
        sn_json_kv_numbers(w, "quartiles", c->quartile, 3);
        if (c->n_values)
            sn_json_kv_numbers(w, "values", c->values, c->n_values);
    }
    sn_json_end_object(w);
}

/* Does a term that remained use the column? */
static bool used(const struct sn_fit_report *r, size_t column)
{
    const struct sn_logistic *m = &r->d->design.model;

    for (size_t t = 0; t < m->n_terms; t++)
        for (size_t k = 0; r->beta[t + 1] != 0 && k < m->terms[t].n_parts; k++)
            if (m->terms[t].parts[k].column == column)
                return true;
    return false;
}

int sn_fit_write_model(const struct sn_fit_report *r, const char *path, struct sn_error *err)
{
    const struct sn_logistic *m = &r->d->design.model;
    char trained[200], outcome[200];
    struct sn_json w;
    int rc;

    (void)snprintf(trained, sizeof trained, "%.100s: %zu cases, %zu events", r->d->table.file, r->d->n, r->d->events);
    (void)snprintf(outcome, sizeof outcome, "%.90s%s%.90s", r->o->names.outcome, r->o->names.positive ? " = " : "", r->o->names.positive ? r->o->names.positive : "");
    sn_json_init(&w, 2);
    sn_json_object(&w);
    sn_json_kv(&w, "format", "sentinode-logistic");
    sn_json_kv_int(&w, "version", 2);
    sn_json_kv(&w, "outcome", outcome);
    sn_json_kv(&w, "trained_on", trained);
    sn_json_kv_number(&w, "intercept", r->beta[0]);
    sn_json_kv_number(&w, "threshold", r->threshold);
    sn_json_key(&w, "columns");
    sn_json_array(&w);
    for (size_t k = 0; k < m->n_columns; k++)
        if (used(r, k))
            put_column(&w, &m->columns[k]);
    sn_json_end_array(&w);
    sn_json_key(&w, "terms");
    sn_json_array(&w);
    for (size_t t = 0; t < m->n_terms; t++)
        if (r->beta[t + 1] != 0)
            put_term(&w, m, &m->terms[t], r->beta[t + 1]);
    sn_json_end_array(&w);
    sn_json_key(&w, "fit");
    sn_json_object(&w);
    sn_fit_json(&w, r);
    sn_json_end_object(&w);
    sn_json_end_object(&w);
    sn_buf_puts(&w.buf, "\n");
    rc = w.buf.failed ? SN_NOMEM(err, "the model file") : sn_file_write(path, w.buf.data, w.buf.len, err);
    sn_json_free(&w);
    return rc;
}

int sn_fit_write_split(const struct sn_fit_report *r, const char *path, struct sn_error *err)
{
    const struct sn_csv *t = &r->d->table.csv;
    struct sn_buf b = { 0 };
    int rc;

    for (size_t c = 0; c < t->cols; c++) {
        sn_csv_put(&b, t->header[c]);
        sn_buf_puts(&b, ",");
    }
    sn_buf_puts(&b, sn_csv_column(t, "set") < 0 ? "set\n" : "fit_set\n");
    for (size_t i = 0; i < t->rows; i++) {
        static const char *const names[] = { "", "train", "test" };

        for (size_t c = 0; c < t->cols; c++) {
            sn_csv_put(&b, sn_csv_cell(t, i, (int)c));
            sn_buf_puts(&b, ",");
        }
        sn_buf_printf(&b, "%s\n", names[r->d->set[i]]);
    }
    rc = b.failed ? SN_NOMEM(err, "the table") : sn_file_write(path, b.data, b.len, err);
    sn_buf_free(&b);
    return rc;
}
