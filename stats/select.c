/* select.c: parts of a regression, backward elimination, and a model's whole recipe. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

int sn_logit_subset(const struct sn_logit_data *d, const bool *keep, struct sn_logit_subset *s, struct sn_error *err)
{
    const char **names;
    size_t *effect, k = 0, bytes;
    double *x;

    *s = (struct sn_logit_subset){ .d = *d };
    SN_TRY(sn_size_mul3(&bytes, d->n, d->p, sizeof *x, err));
    s->d.x = x = malloc(bytes + 1);
    s->d.names = names = malloc(d->p * sizeof *names);
    s->d.effect = effect = malloc(d->p * sizeof *effect);
    s->column = malloc(d->p * sizeof *s->column);
    if (!x || !names || !effect || !s->column) {
        sn_logit_subset_free(s);
        return SN_NOMEM(err, "part of a regression");
    }
    for (size_t j = 0; j < d->p; j++) {
        if (d->effect[j] != SIZE_MAX && !keep[d->effect[j]])
            continue;
        memcpy(x + k * d->n, d->x + j * d->n, d->n * sizeof *x);
        names[k] = d->names ? d->names[j] : "";
        effect[k] = d->effect[j];
        s->column[k++] = j;
    }
    if (!d->names) {
        free(names);
        s->d.names = NULL;
    }
    s->d.p = k;
    return SN_OK;
}

void sn_logit_subset_free(struct sn_logit_subset *s)
{
    free((void *)(uintptr_t)s->d.x);
    free((void *)(uintptr_t)s->d.names);
    free((void *)(uintptr_t)s->d.effect);
    free(s->column);
    *s = (struct sn_logit_subset){ 0 };
}

/* Is effect e part of an interaction that is still there? */
static bool held(const struct sn_logit_data *d, const bool *keep, size_t e)
{
    for (size_t i = 0; d->effects && i < d->n_effects; i++) {
        size_t found = 0;

        if (!keep[i] || d->effects[i].n_vars <= d->effects[e].n_vars)
            continue;
        for (size_t a = 0; a < d->effects[e].n_vars; a++)
            for (size_t b = 0; b < d->effects[i].n_vars; b++)
                found += d->effects[e].var[a] == d->effects[i].var[b];
        if (found == d->effects[e].n_vars)
            return true;
    }
    return false;
}

/*
 * What an effect's leaving is worth, larger leaving first: its p, or the fall of AIC. A fresh fit without the
 * effect serves both kinds; under Firth the penalty then is the smaller model's, as selection compares models.
 */
static int worth(const struct sn_logit_data *d, const struct sn_logit *fit, enum sn_selection rule, size_t effect, double *out, struct sn_error *err)
{
    struct sn_logit_test t;

    SN_TRY(sn_logit_drop(d, fit, effect, &t, err));
    *out = rule == SN_SELECT_AIC ? 2 * t.df - t.chisq : t.p;
    return SN_OK;
}

/* One step: drops an effect from keep, or none (*dropped false). */
static int step(const struct sn_logit_data *all, enum sn_selection rule, double limit, bool *keep, bool *dropped, struct sn_error *err)
{
    double most = rule == SN_SELECT_AIC ? 0 : limit;
    struct sn_logit_subset s;
    size_t weakest = SIZE_MAX;
    struct sn_logit fit = { 0 };
    int rc;

    *dropped = false;
    SN_TRY(sn_logit_subset(all, keep, &s, err));
    SN_TRY_OUT(sn_logit_fit_data(&s.d, &fit, err));
    for (size_t e = 0; e < all->n_effects; e++) {
        double v;

        if (!keep[e] || held(all, keep, e))
            continue;
        SN_TRY_OUT(worth(&s.d, &fit, rule, e, &v, err));
        if (v > most) {
            most = v;
            weakest = e;
        }
    }
    if (weakest != SIZE_MAX) {
        keep[weakest] = false;
        *dropped = true;
    }
out:
    sn_logit_free(&fit);
    sn_logit_subset_free(&s);
    return rc;
}

int sn_logit_backward(const struct sn_logit_data *d, enum sn_selection rule, double limit, bool *keep, struct sn_error *err)
{
    bool dropped = true;

    while (dropped)
        SN_TRY(step(d, rule, limit, keep, &dropped, err));
    return SN_OK;
}

/* Univariable screening: an effect alone must reach p < screen; the parts of an interaction come with it. */
static int screening(const struct sn_logit_data *d, double screen, bool *keep, struct sn_error *err)
{
    bool *one = calloc(d->n_effects + 1, sizeof *one);
    int rc = one ? SN_OK : SN_NOMEM(err, "screening");

    for (size_t e = 0; !rc && e < d->n_effects; e++) {
        struct sn_logit_subset s;
        struct sn_logit fit;
        struct sn_logit_test t;

        if (d->effects && d->effects[e].n_vars > 1)
            continue; /* alone an interaction means nothing */
        memset(one, 0, d->n_effects);
        one[e] = true;
        rc = sn_logit_subset(d, one, &s, err);
        if (rc)
            break;
        rc = sn_logit_fit_data(&s.d, &fit, err);
        if (!rc) {
            rc = sn_logit_drop(&s.d, &fit, e, &t, err);
            keep[e] = t.p < screen;
            sn_logit_free(&fit);
        }
        sn_logit_subset_free(&s);
    }
    free(one);
    for (size_t e = 0; !rc && d->effects && e < d->n_effects; e++) /* an interaction needs all its main effects */
        for (size_t i = 0; i < d->n_effects; i++)
            if (d->effects[e].n_vars > 1 && d->effects[i].n_vars == 1 && !keep[i])
                for (size_t a = 0; a < d->effects[e].n_vars; a++)
                    if (d->effects[e].var[a] == d->effects[i].var[0])
                        keep[e] = false;
    return rc;
}

static int penalised(const struct sn_logit_data *d, const struct sn_recipe *r, uint64_t seed, double *beta, bool *keep, struct sn_error *err)
{
    struct sn_lasso l;
    size_t at;

    SN_TRY(sn_lasso_cv(d, r->folds, seed, &l, err));
    at = r->rule == SN_SELECT_LASSO_MIN ? l.at_min : l.at_1se;
    memcpy(beta, l.beta + at * d->p, d->p * sizeof *beta);
    memset(keep, 0, d->n_effects * sizeof *keep);
    for (size_t j = 0; j < d->p; j++)
        if (d->effect[j] != SIZE_MAX && beta[j] != 0)
            keep[d->effect[j]] = true;
    sn_lasso_free(&l);
    return SN_OK;
}

static int fitted(const struct sn_logit_data *d, const struct sn_recipe *r, const bool *keep, double *beta, struct sn_error *err)
{
    struct sn_logit_subset s;
    struct sn_logit fit = { 0 };
    double *b = NULL;
    int rc;

    SN_TRY(sn_logit_subset(d, keep, &s, err));
    b = malloc((s.d.p + 1) * sizeof *b);
    if (!b) {
        rc = SN_NOMEM(err, "coefficients");
        goto out;
    }
    SN_TRY_OUT(sn_logit_fit_data(&s.d, &fit, err));
    memcpy(b, fit.beta, s.d.p * sizeof *b);
    if (d->firth && r->correction == SN_PREDICT_FLIC)
        SN_TRY_OUT(sn_logit_flic(&s.d, &fit, b, err));
    if (d->firth && r->correction == SN_PREDICT_FLAC)
        SN_TRY_OUT(sn_logit_flac(&s.d, &fit, b, err));
    memset(beta, 0, d->p * sizeof *beta);
    for (size_t k = 0; k < s.d.p; k++)
        beta[s.column[k]] = b[k];
out:
    free(b);
    sn_logit_free(&fit);
    sn_logit_subset_free(&s);
    return rc;
}

int sn_recipe_fit(const struct sn_logit_data *d, const struct sn_recipe *r, uint64_t seed, double *beta, bool *keep, struct sn_error *err)
{
    bool *mine = malloc((d->n_effects + 1) * sizeof *mine);
    int rc = SN_OK;

    if (!mine)
        return SN_NOMEM(err, "a model");
    for (size_t e = 0; e < d->n_effects; e++)
        mine[e] = true;
    if (r->rule == SN_SELECT_LASSO_MIN || r->rule == SN_SELECT_LASSO_1SE) {
        rc = penalised(d, r, seed, beta, mine, err);
    } else {
        if (r->screen > 0)
            rc = screening(d, r->screen, mine, err);
        if (!rc && r->rule != SN_SELECT_NONE)
            rc = sn_logit_backward(d, r->rule, r->limit, mine, err);
        if (!rc)
            rc = fitted(d, r, mine, beta, err);
    }
    if (!rc && keep)
        memcpy(keep, mine, d->n_effects * sizeof *keep);
    free(mine);
    return rc;
}
