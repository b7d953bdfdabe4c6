/* fit_run.c: everything `fit` computes. */
#include "tools/fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *sn_fit_method(const struct sn_fit_options *o)
{
    static const char *const firth[] = { "Firth's penalised likelihood", "Firth's penalised likelihood, intercept by FLIC",
                                         "Firth's penalised likelihood, risks by FLAC" };

    if (o->recipe.rule == SN_SELECT_LASSO_MIN)
        return "LASSO at lambda.min";
    if (o->recipe.rule == SN_SELECT_LASSO_1SE)
        return "LASSO at lambda.1se";
    return o->firth ? firth[o->recipe.correction] : "maximum likelihood";
}

static bool is_lasso(const struct sn_fit_options *o)
{
    return o->recipe.rule == SN_SELECT_LASSO_MIN || o->recipe.rule == SN_SELECT_LASSO_1SE;
}

static void warn(struct sn_fit_report *r, const char *fmt, ...) SN_PRINTF(2, 3);
static void warn(struct sn_fit_report *r, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    if (r->n_warnings == SN_FIT_MAX_WARNINGS)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->warning[r->n_warnings] = sn_arena_strdup(&r->arena, text, strlen(text), NULL);
    r->n_warnings += r->warning[r->n_warnings] != NULL;
}

/* ---- tables ------------------------------------------------------------------------------------ */

static void wald(struct sn_fit_row *row, double level)
{
    double z = sn_norm_z(level);

    row->wald_lo = row->beta - z * row->se;
    row->wald_hi = row->beta + z * row->se;
    row->z = row->beta / row->se;
    row->p = 2 * sn_norm_sf(fabs(row->z));
}

/* Rows of one fit; profile intervals on request. */
static int rows_of(const struct sn_fit_report *r, const struct sn_logit_data *d, const struct sn_logit *fit, struct sn_fit_row *row, size_t *n,
                   struct sn_error *err)
{
    for (size_t j = 0; j < d->p; j++) {
        struct sn_fit_row *w = &row[(*n)++];
        double ci[2];

        *w = (struct sn_fit_row){ .name = d->names[j], .effect = d->effect[j], .beta = fit->beta[j], .se = fit->se[j] };
        wald(w, r->o->level);
        SN_TRY(sn_logit_profile(d, fit, j, r->o->level, ci, err));
        w->lo = ci[0];
        w->hi = ci[1];
    }
    return SN_OK;
}

/* LASSO has no standard errors worth printing. */
static void rows_of_lasso(struct sn_fit_report *r)
{
    for (size_t j = 0; j < r->data.p; j++) {
        if (r->beta[j] == 0 && j > 0)
            continue;
        r->row[r->n_rows++] = (struct sn_fit_row){ .name = r->data.names[j], .effect = r->data.effect[j], .beta = r->beta[j], .se = NAN,
                                                   .wald_lo = NAN, .wald_hi = NAN, .lo = NAN, .hi = NAN, .z = NAN, .p = NAN };
    }
}

static int effects(struct sn_fit_report *r, struct sn_error *err)
{
    static const struct sn_logit_test none = { NAN, NAN, NAN };

    for (size_t e = 0; e < r->data.n_effects; e++) {
        struct sn_fit_effect *f = &r->effect[e];

        *f = (struct sn_fit_effect){ .name = r->d->design.effect_names[e], .kept = r->keep[e], .lr = none, .wald = none, .gvif = NAN };
        for (size_t j = 0; j < r->data.p; j++)
            f->columns += r->data.effect[j] == e;
        if (!f->kept || is_lasso(r->o))
            continue;
        SN_TRY(sn_logit_drop(&r->kept.d, &r->fit, e, &f->lr, err));
        SN_TRY(sn_logit_wald(&r->kept.d, &r->fit, e, &f->wald, err));
        if (r->kept.d.p > f->columns + 1)
            SN_TRY(sn_logit_gvif(&r->kept.d, &r->fit, e, &f->gvif, &f->columns, err));
    }
    return SN_OK;
}

/* Each effect alone (interactions are left out: alone they mean nothing), on the same rows. */
static int univariable(struct sn_fit_report *r, struct sn_error *err)
{
    bool *one = calloc(r->data.n_effects + 1, sizeof *one);
    int rc = one ? SN_OK : SN_NOMEM(err, "univariable models");

    for (size_t e = 0; !rc && e < r->data.n_effects; e++) {
        struct sn_fit_uni *u = &r->uni[e];
        struct sn_logit_subset s;
        struct sn_error why = { 0 };
        struct sn_logit fit;

        if (r->data.effects[e].n_vars > 1)
            continue;
        memset(one, 0, r->data.n_effects);
        one[e] = true;
        rc = sn_logit_subset(&r->data, one, &s, err);
        if (rc)
            break;
        rc = sn_logit_fit_data(&s.d, &fit, &why);
        u->first = r->n_uni_rows;
        if (rc == SN_EFORMAT) { /* one factor that separates does not end the table */
            u->error = sn_arena_strdup(&r->arena, why.msg, strlen(why.msg), err);
            rc = u->error ? SN_OK : SN_ENOMEM;
        } else if (!rc) {
            rc = rows_of(r, &s.d, &fit, r->uni_row, &r->n_uni_rows, err);
            rc = rc ? rc : sn_logit_drop(&s.d, &fit, e, &u->lr, err);
            u->n = r->n_uni_rows - u->first;
            sn_logit_free(&fit);
        } else {
            rc = SN_FAIL(err, rc, "%s", why.msg);
        }
        sn_logit_subset_free(&s);
    }
    free(one);
    return rc;
}

/* ---- the operating point ------------------------------------------------------------------------ */

/* Youden's: as evaluate chooses it, of several the one of highest specificity. */
static int youden(struct sn_fit_report *r, struct sn_error *err)
{
    size_t n = r->d->n;
    double *risk = calloc(n, sizeof *risk);
    struct sn_roc roc = { 0 };
    struct sn_cut cut;
    int rc = risk ? SN_OK : SN_NOMEM(err, "the operating point");

    for (size_t j = 0; !rc && j < r->data.p; j++)
        for (size_t i = 0; i < n; i++)
            risk[i] += r->beta[j] * r->data.x[j * n + i];
    for (size_t i = 0; !rc && i < n; i++)
        risk[i] = sn_sigmoid(risk[i]);
    rc = rc ? rc : sn_roc_build(risk, r->d->y, n, &roc, err);
    rc = rc ? rc : sn_roc_cut(&roc, &(struct sn_cut_rule){ .kind = SN_CUT_YOUDEN }, &cut, err);
    if (!rc) {
        bool any = isfinite(cut.threshold);

        r->threshold = any ? cut.threshold : (double)NAN;
        r->sensitivity = any ? cut.sens : (double)NAN;
        r->specificity = any ? cut.spec : (double)NAN;
    }
    sn_roc_free(&roc);
    free(risk);
    return rc;
}

/* ---- what the reader must know ----------------------------------------------------------------- */

static void warnings(struct sn_fit_report *r)
{
    const struct sn_fit_options *o = r->o;
    const struct sn_logistic *m = &r->d->design.model;
    double rare = (double)SN_MIN(r->d->events, r->d->n - r->d->events), candidates = (double)(r->data.p - 1);

    if (o->recipe.screen > 0)
        warn(r, "terms were screened by univariable p < %g: this drops terms that matter together, keeps chance findings, and makes the p values and "
                "intervals below too small; it is not recommended (TRIPOD+AI, PROBAST)", o->recipe.screen);
    if (o->recipe.rule == SN_SELECT_P || o->recipe.rule == SN_SELECT_AIC)
        warn(r, "terms were selected by backward elimination (%s): coefficients are too large, standard errors and p values too small; the bootstrap "
                "below repeats the selection, the table does not know of it", o->recipe.rule == SN_SELECT_AIC ? "AIC" : "p");
    if (is_lasso(o))
        warn(r, "LASSO coefficients are shrunk on purpose; no standard errors, intervals or p values are valid for them, and none are given");
    if (rare < 10 * candidates)
        warn(r, "%.0f %s for %.0f candidate coefficients: %.1f each, fewer than 10", rare, r->d->events * 2 <= r->d->n ? "events" : "non-events", candidates,
             rare / candidates);
    if (isnan(r->riley.needed))
        warn(r, "Riley's sample size cannot be computed: the model's R2, less its expected optimism, is not above 0");
    else if ((double)r->d->n < r->riley.needed)
        warn(r, "%zu cases; Riley's criteria ask for %.0f at this R2, prevalence and number of coefficients", r->d->n, r->riley.needed);
    for (size_t e = 0; e < r->data.n_effects; e++)
        if (r->effect[e].kept && r->data.effects[e].n_vars == 1 && pow(r->effect[e].gvif, 1 / (double)r->effect[e].columns) > 10)
            warn(r, "'%.60s' is nearly a combination of other terms (variance inflation %.1f)", r->effect[e].name, r->effect[e].gvif);
    for (size_t k = 0; k < m->n_columns; k++) {
        bool whole = m->columns[k].n_values > 2 && m->columns[k].n_values <= 6;

        for (size_t i = 0; i < m->columns[k].n_values; i++)
            whole = whole && m->columns[k].values[i] == floor(m->columns[k].values[i]);
        if (whole)
            warn(r, "'%.60s' has %zu values and enters as a number; factor(%.60s) makes categories of it", m->columns[k].name, m->columns[k].n_values,
                 m->columns[k].name);
    }
    if (r->has_validation && r->validation.failed)
        warn(r, "%zu of %zu bootstrap replicates had no fit (separation, or one outcome only) and were left out", r->validation.failed,
             r->validation.replicates);
    if (r->has_validation && r->validation.undefined)
        warn(r, "%zu of %zu bootstrap replicates separate the outcomes and have no calibration slope", r->validation.undefined, r->validation.replicates);
    if (r->max_cook > 1)
        warn(r, "line %zu alone moves the model (Cook's distance %.2f)", r->d->table.csv.lines[r->max_cook_row], r->max_cook);
}

/* ---- all of it --------------------------------------------------------------------------------- */

static int allocate(struct sn_fit_report *r, struct sn_error *err)
{
    size_t p = r->data.p, e = r->data.n_effects;

    r->beta = sn_arena_get(&r->arena, p * sizeof *r->beta, err);
    r->keep = sn_arena_get(&r->arena, (e + 1) * sizeof *r->keep, err);
    r->row = sn_arena_get(&r->arena, p * sizeof *r->row, err);
    r->uni_row = sn_arena_get(&r->arena, (p + e) * sizeof *r->uni_row, err);
    r->effect = sn_arena_get(&r->arena, (e + 1) * sizeof *r->effect, err);
    r->uni = sn_arena_get(&r->arena, (e + 1) * sizeof *r->uni, err);
    return r->beta && r->keep && r->row && r->uni_row && r->effect && r->uni ? SN_OK : SN_ENOMEM;
}

/* Inference on what remained, as if it had been chosen beforehand; the warnings say so. */
static int infer(struct sn_fit_report *r, struct sn_error *err)
{
    SN_TRY(sn_logit_subset(&r->data, r->keep, &r->kept, err));
    if (is_lasso(r->o)) {
        rows_of_lasso(r);
        r->all = (struct sn_logit_test){ NAN, NAN, NAN };
        return SN_OK;
    }
    SN_TRY(sn_logit_fit_data(&r->kept.d, &r->fit, err));
    SN_TRY(rows_of(r, &r->kept.d, &r->fit, r->row, &r->n_rows, err));
    SN_TRY(sn_logit_drop_all(&r->kept.d, &r->fit, &r->all, err));
    for (size_t i = 0; i < r->fit.n; i++)
        if (r->fit.cook[i] > r->max_cook) {
            r->max_cook = r->fit.cook[i];
            r->max_cook_row = r->d->row[i];
        }
    if (r->kept.d.p == 1) /* nothing remained */
        r->all.p = NAN;
    return SN_OK;
}

static int compute(struct sn_fit_report *r, struct sn_pool *pool, struct sn_error *err)
{
    const struct sn_fit_options *o = r->o;
    double parameters = (double)(r->data.p - 1);

    SN_TRY(allocate(r, err));
    SN_TRY(sn_recipe_fit(&r->data, &o->recipe, o->seed, r->beta, r->keep, err));
    if (is_lasso(o)) {
        SN_TRY(sn_lasso_cv(&r->data, o->recipe.folds, o->seed, &r->lasso, err)); /* once more, to show it */
        r->has_lasso = true;
    }
    SN_TRY(infer(r, err));
    SN_TRY(effects(r, err));
    for (size_t j = 1; j < r->data.p; j++)
        r->parameters += r->beta[j] != 0;
    SN_TRY(sn_logit_quality(&r->data, r->beta, &r->quality, err));
    r->quality.aic = -2 * r->quality.loglik + 2 * (double)(r->parameters + 1); /* of what remained */
    r->quality.bic = -2 * r->quality.loglik + sn_log((double)r->d->n) * (double)(r->parameters + 1);
    r->riley_r2 = (1 - parameters / r->quality.lr) * r->quality.cox_snell; /* van Houwelingen & le Cessie's shrinkage */
    r->riley = sn_riley_sample(parameters, r->riley_r2, (double)r->d->events / (double)r->d->n);
    SN_TRY(youden(r, err));
    if (o->univariable)
        SN_TRY(univariable(r, err));
    if (o->boot) {
        SN_TRY(sn_logit_validate(&r->data, &o->recipe, r->beta, r->d->cluster, o->boot, o->seed, pool, &r->validation, err));
        r->has_validation = true;
    }
    SN_TRY(sn_fit_decide(r, pool, err));
    warnings(r);
    return SN_OK;
}

int sn_fit_run(const struct sn_fit_options *o, const struct sn_fit_data *d, struct sn_pool *pool, struct sn_fit_report *r, struct sn_error *err)
{
    int rc;

    memset(r, 0, sizeof *r);
    r->o = o;
    r->d = d;
    r->data = (struct sn_logit_data){ .n = d->n, .p = d->design.p, .x = d->design.x, .y = d->y, .names = d->design.names,
                                      .effect = d->design.effect, .n_effects = d->design.n_effects, .effects = d->design.effects, .firth = o->firth };
    rc = compute(r, pool, err);
    if (rc) {
        sn_fit_report_free(r);
        return sn_fail_context(err, rc, "%s", d->table.file);
    }
    return SN_OK;
}

void sn_fit_report_free(struct sn_fit_report *r)
{
    sn_logit_subset_free(&r->kept);
    sn_logit_free(&r->fit);
    sn_lasso_free(&r->lasso);
    sn_validation_free(&r->validation);
    sn_arena_free(&r->arena);
    memset(r, 0, sizeof *r);
}
