/* fit_dca.c: what acting on the fitted model would be worth, and how much of that is optimism. */
#include "tools/fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct refit {
    const struct sn_logit_data *d;
    const struct sn_recipe *recipe;
    uint64_t seed;
};

/* The whole recipe on the rows drawn, selection included; risks of all rows. */
static int refit(void *ctx, const uint32_t *weight, double *risk, struct sn_error *err)
{
    const struct refit *f = ctx;
    const struct sn_logit_data *d = f->d;
    size_t rows = 0;
    double *beta, *x, *y;
    struct sn_logit_data drawn;
    int rc;

    for (size_t i = 0; i < d->n; i++)
        rows += weight[i];
    beta = malloc((d->p + rows * (d->p + 1)) * sizeof *beta);
    if (!beta)
        return SN_NOMEM(err, "a refit");
    x = beta + d->p;
    y = x + rows * d->p;
    drawn = sn_logit_repeated(d, weight, rows, x, y);
    rc = sn_recipe_fit(&drawn, f->recipe, f->seed, beta, NULL, err);
    for (size_t i = 0; i < d->n && !rc; i++) {
        double lp = 0;

        for (size_t j = 0; j < d->p; j++)
            lp += beta[j] * d->x[j * d->n + i];
        risk[i] = sn_sigmoid(lp);
    }
    free(beta);
    return rc;
}

static int curves(struct sn_fit_dca *c, const struct sn_fit_report *r, uint8_t *y, struct sn_dca_point *all, struct sn_pool *pool, struct sn_error *err)
{
    struct refit f = { &r->data, &r->o->recipe, r->o->seed };
    const struct sn_dca d = { .y = y, .n = r->data.n, .t = c->t, .m = c->m, .prevalence = (double)NAN };
    const struct sn_dca_validate v = { .fit = refit, .ctx = &f, .seed = r->o->seed, .folds = c->folds, .repeats = c->repeats, .replicates = c->replicates, .pool = pool };

    for (size_t i = 0; i < r->data.n; i++)
        y[i] = r->data.y[i] > 0.5;
    SN_TRY(sn_dca_reference(&d, true, all, err));
    for (size_t k = 0; k < c->m; k++)
        c->all[k] = all[k].net_benefit;
    SN_TRY(sn_dca_optimism(&d, &v, c->apparent, c->corrected, err));
    return sn_dca_cross_validated(&d, &v, c->cross, err);
}

/* Refits that cannot be made (a resample that separates) leave the curves out, saying why; the model stands. */
int sn_fit_decide(struct sn_fit_report *r, struct sn_pool *pool, struct sn_error *err)
{
    const struct sn_dca_thresholds range = sn_dca_range(r->o->range_lo, r->o->range_hi);
    struct sn_fit_dca *c = &r->dca;
    size_t smaller = SN_MIN(r->d->events, r->d->n - r->d->events);
    struct sn_error why = { 0 };
    struct sn_dca_point *all = NULL;
    uint8_t *y = NULL;
    double *room;
    int rc;

    if (r->o->range_hi == 0)
        return SN_OK;
    c->asked = true;
    if (r->d->cluster) {
        (void)snprintf(c->why_not, sizeof c->why_not, "rows of one patient would be on both sides of a fold");
        return SN_OK;
    }
    room = sn_arena_get(&r->arena, 5 * 1001 * sizeof *room, err);
    if (!room)
        return SN_ENOMEM;
    c->t = room;
    SN_TRY(sn_dca_thresholds(&range, c->t, 1001, &c->m, err));
    c->all = room + c->m;
    c->apparent = room + 2 * c->m;
    c->cross = room + 3 * c->m;
    c->corrected = room + 4 * c->m;
    c->folds = SN_MIN(r->o->recipe.folds, smaller);
    c->repeats = SN_FIT_DCA_REPEATS;
    c->replicates = SN_MAX(r->o->boot, 1u);
    y = malloc(r->data.n);
    all = malloc(c->m * sizeof *all);
    rc = y && all ? curves(c, r, y, all, pool, &why) : SN_NOMEM(&why, "decision curves");
    free(y);
    free(all);
    if (rc == SN_EFORMAT || rc == SN_EINVAL)
        (void)snprintf(c->why_not, sizeof c->why_not, "%.280s", why.msg);
    else if (rc)
        return SN_FAIL(err, rc, "%s", why.msg);
    c->has = !rc;
    return SN_OK;
}

void sn_fit_dca_json(struct sn_json *w, const struct sn_fit_dca *c)
{
    sn_json_key(w, "decision_curve");
    if (!c->asked) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv(w, "left_out", c->has ? NULL : c->why_not);
    sn_json_kv_int(w, "folds", (int64_t)c->folds);
    sn_json_kv_int(w, "repeats", (int64_t)c->repeats);
    sn_json_kv_int(w, "replicates", (int64_t)c->replicates);
    sn_json_key(w, "net_benefit");
    sn_json_array(w);
    for (size_t i = 0; i < c->m && c->has; i++) {
        sn_json_object(w);
        sn_json_kv_number(w, "threshold", c->t[i]);
        sn_json_kv_number(w, "treat_all", c->all[i]);
        sn_json_kv_number(w, "apparent", c->apparent[i]);
        sn_json_kv_number(w, "cross_validated", c->cross[i]);
        sn_json_kv_number(w, "optimism_corrected", c->corrected[i]);
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
    sn_json_end_object(w);
}

/* At the ends, the quarters and the middle of the range. */
void sn_fit_dca_print(const struct sn_fit_dca *c)
{
    char b[5][48];

    if (!c->asked)
        return;
    if (!c->has) {
        (void)printf("\nno decision curve: %s\n", c->why_not);
        return;
    }
    (void)printf("\nnet benefit: %zu bootstrap replicates; %zu times %zu-fold cross-validation\n  %9s %10s %10s %10s %16s\n", c->replicates, c->repeats, c->folds,
                 "threshold", "treat all", "apparent", "corrected", "cross-validated");
    for (size_t k = 0; k < 5; k++) {
        size_t i = k * (c->m - 1) / 4;

        (void)printf("  %9s %10s %10s %10s %16s\n", sn_fixed(c->t[i], 3, b[0]), sn_fixed(c->all[i], 4, b[1]), sn_fixed(c->apparent[i], 4, b[2]),
                     sn_fixed(c->corrected[i], 4, b[3]), sn_fixed(c->cross[i], 4, b[4]));
    }
}
