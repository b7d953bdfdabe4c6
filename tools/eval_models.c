/* eval_models.c: one model on one set: operating point, calibration, net benefit, risks by outcome. */
#include "tools/eval_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *key, *name;
} metrics[SN_METRICS] = {
    [SN_M_SENSITIVITY] = { "sensitivity", "Sensitivity" },
    [SN_M_SPECIFICITY] = { "specificity", "Specificity" },
    [SN_M_PPV] = { "ppv", "PPV" },
    [SN_M_NPV] = { "npv", "NPV" },
    [SN_M_PPV_AT] = { "ppv_at_prevalence", "PPV at the stated prevalence" },
    [SN_M_NPV_AT] = { "npv_at_prevalence", "NPV at the stated prevalence" },
    [SN_M_LR_POS] = { "lr_positive", "LR+" },
    [SN_M_LR_NEG] = { "lr_negative", "LR\xe2\x88\x92" },
    [SN_M_DOR] = { "dor", "Diagnostic odds ratio" },
    [SN_M_YOUDEN] = { "youden", "Youden index" },
    [SN_M_ACCURACY] = { "accuracy", "Accuracy" },
    [SN_M_BALANCED] = { "balanced_accuracy", "Balanced accuracy" },
    [SN_M_MCC] = { "mcc", "MCC" },
    [SN_M_F1] = { "f1", "F1" },
};

const char *sn_metric_key(enum sn_metric m) { return metrics[m].key; }
const char *sn_metric_name(enum sn_metric m) { return metrics[m].name; }

/* ---- operating point --------------------------------------------------------------------------------- */

static int operating(const struct sn_eval *e, const struct sn_eval_result *r, size_t k, struct sn_eval_cut *c, struct sn_error *err)
{
    struct sn_operating o;
    struct sn_table2 t;

    c->t = e->threshold[k];
    c->sens_boot = c->spec_boot = (struct sn_eval_ci){ (double)NAN, (double)NAN, (double)NAN };
    for (int i = 0; i < SN_METRICS; i++)
        c->m[i] = (struct sn_eval_ci){ (double)NAN, (double)NAN, (double)NAN };
    if (isnan(c->t))
        return SN_OK;
    t = sn_table2_count(r->score[k], r->yd, r->n, c->t);
    c->tp = (size_t)t.tp;
    c->fp = (size_t)t.fp;
    c->fn = (size_t)t.fn;
    c->tn = (size_t)t.tn;
    SN_TRY(sn_operating_point(&t, SN_EVAL_LEVEL, e->o->proportions, e->o->prevalence, &o, err));
#define TAKE(which, from) c->m[which] = (struct sn_eval_ci){ o.from.value, o.from.ci.lo, o.from.ci.hi }
    TAKE(SN_M_SENSITIVITY, sens);
    TAKE(SN_M_SPECIFICITY, spec);
    TAKE(SN_M_PPV, ppv);
    TAKE(SN_M_NPV, npv);
    TAKE(SN_M_PPV_AT, ppv_at);
    TAKE(SN_M_NPV_AT, npv_at);
    TAKE(SN_M_LR_POS, lr_pos);
    TAKE(SN_M_LR_NEG, lr_neg);
    TAKE(SN_M_DOR, dor);
    TAKE(SN_M_YOUDEN, youden);
    TAKE(SN_M_ACCURACY, accuracy);
    TAKE(SN_M_BALANCED, balanced);
#undef TAKE
    c->m[SN_M_MCC].v = o.mcc;
    c->m[SN_M_F1].v = o.f1;
    return SN_OK;
}

/* ---- calibration ---------------------------------------------------------------------------------------- */

/* Unless one is asked for: loess up to 5000 cases, splines beyond: the rule of R's CalibrationCurves. */
#define LOESS_MOST 5000

/* The curve and how far risks are from it; too few or too equal risks leave it out, saying so. */
static int curve(struct sn_eval *e, struct sn_eval_result *r, const struct sn_risks *risks, struct sn_eval_curve *c, struct sn_pool *pool,
                 struct sn_error *err)
{
    const struct sn_curve_options o = { .smoother = e->o->has_smoother     ? e->o->smoother
                                                     : r->n <= LOESS_MOST ? SN_SMOOTHER_LOESS
                                                                          : SN_SMOOTHER_RCS, .level = SN_EVAL_LEVEL };
    struct sn_error why = { 0 };
    int rc = sn_calibration_curve(risks, &o, &c->curve, &why);

    if (rc == SN_EINVAL || rc == SN_EFORMAT) {
        (void)snprintf(c->curve_why_not, sizeof c->curve_why_not, "%.190s", why.msg);
        return SN_OK;
    }
    if (rc)
        return SN_FAIL(err, rc, "%s", why.msg);
    c->has_curve = true;
    c->boot = (struct sn_calibration_boot){ .seed = e->o->seed, .replicates = SN_MIN(e->o->boot, SN_EVAL_CURVE_BOOT), .level = SN_EVAL_LEVEL,
                                            .cluster = r->cluster, .pool = pool };
    if (!c->boot.replicates)
        return SN_OK;
    return sn_calibration_curve_boot(risks, &o, &c->curve, &c->boot, err);
}

static int calibration(struct sn_eval *e, struct sn_eval_result *r, size_t k, struct sn_pool *pool, struct sn_error *err)
{
    struct sn_eval_curve *c = &r->model[k].calibration;
    struct sn_risks risks = { .n = 0 };
    struct sn_error why = { 0 };
    int rc;

    if (!e->d->probability[k]) {
        (void)snprintf(c->why_not, sizeof c->why_not, "not a risk: values outside 0 to 1");
        return SN_OK;
    }
    rc = sn_risks_init(&risks, r->score[k], r->y, r->n, e->o->extreme, &why);
    if (rc == SN_EINVAL) { /* of the set's cases only risks of 0 and 1 can still be wrong */
        (void)snprintf(c->why_not, sizeof c->why_not, "%.180s (--clamp)", why.msg);
        sn_eval_note(e, "Set %s: no calibration of %s: %s (--clamp).", r->name, e->d->model[k], why.msg);
        return SN_OK;
    }
    if (rc)
        return SN_FAIL(err, rc, "%s", why.msg);
    SN_TRY_OUT(sn_calibration(&risks, SN_EVAL_LEVEL, &c->c, err));
    SN_TRY_OUT(sn_risk_groups(&risks, e->o->groups, SN_EVAL_LEVEL, c->group, &c->n_groups, err));
    SN_TRY_OUT(sn_hosmer_lemeshow(&risks, e->o->groups, strcmp(r->name, "train") != 0, &c->hl, err));
    SN_TRY_OUT(curve(e, r, &risks, c, pool, err));
    c->has = true;
    if (risks.clamped)
        sn_eval_note(e, "Set %s: %zu risks of %s were 0 or 1 (or nearer than 1e-8); their logit is infinite, so they were moved by 1e-8.", r->name,
                     risks.clamped, e->d->model[k]);
out:
    sn_risks_free(&risks);
    return rc;
}

/* ---- risks by outcome -------------------------------------------------------------------------------------- */

/* Of risks also their distribution in 50 bins; 0 and 1 have a place there. */
static int distribution(const struct sn_eval_result *r, size_t k, struct sn_eval_model *m, struct sn_error *err)
{
    struct sn_risks risks = { .n = 0 };
    int rc = sn_risks_init(&risks, r->score[k], r->y, r->n, SN_EXTREME_CLAMP, err);

    if (!rc)
        rc = sn_risk_spread(&risks, m->spread, err);
    m->has_spread = !rc;
    sn_risks_free(&risks);
    return rc;
}

static int spread(const struct sn_eval_result *r, size_t k, struct sn_eval_model *m, struct sn_error *err)
{
    for (int c = 0; c < 2; c++) {
        size_t n = c ? r->events : r->n - r->events, at = 0;

        m->risk[c] = malloc(SN_MAX(n, 1u) * sizeof *m->risk[c]);
        if (!m->risk[c])
            return SN_NOMEM(err, "the risks");
        for (size_t i = 0; i < r->n; i++)
            if (r->y[i] == c)
                m->risk[c][at++] = r->score[k][i];
        SN_TRY(sn_sort(m->risk[c], n, err));
        m->median[c] = (struct sn_eval_ci){ sn_quantile7(m->risk[c], n, 0.5), sn_quantile7(m->risk[c], n, 0.25), sn_quantile7(m->risk[c], n, 0.75) };
    }
    return SN_OK;
}

/* ---- decision curves: all models at once, so that differences are on the same resamples --------------------- */

/* The k-th of n strategies' bands of each measure. */
static struct sn_dca_band *take_bands(const struct sn_dca_band *band_of, size_t k, size_t n, size_t m)
{
    struct sn_dca_band *out = malloc(SN_DCA_MEASURES * m * sizeof *out);

    for (size_t j = 0; out && j < SN_DCA_MEASURES; j++)
        memcpy(out + j * m, band_of + (j * n + k) * m, m * sizeof *out);
    return out;
}

static int take_curves(struct sn_eval *e, struct sn_eval_result *r, const size_t *which, size_t n, const struct sn_dca_point *point,
                       const struct sn_dca_band *band_of, struct sn_error *err)
{
    size_t m = e->n_thresholds;

    if (band_of && !(r->treat_all_band = take_bands(band_of, n, n + 1, m)))
        return SN_NOMEM(err, "a decision curve");

    for (size_t k = 0; k < n; k++) {
        struct sn_eval_model *model = &r->model[which[k]];

        model->dca = malloc(m * sizeof *model->dca);
        model->dca_band = band_of ? take_bands(band_of, k, n + 1, m) : NULL;
        if (!model->dca || (band_of && !model->dca_band))
            return SN_NOMEM(err, "a decision curve");
        memcpy(model->dca, point + k * m, m * sizeof *point);
    }
    return SN_OK;
}

/* Differences of net benefit, kept in the pairs (made here, completed by eval_pairs.c). */
static int take_differences(struct sn_eval *e, struct sn_eval_result *r, const size_t *which, size_t n, const struct sn_dca_band *diff, struct sn_error *err)
{
    size_t m = e->n_thresholds, at = 0;

    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++, at++)
            for (size_t p = 0; p < r->n_pairs; p++) {
                struct sn_eval_pair *pair = &r->pair[p];

                if (pair->a != (int)which[a] || pair->b != (int)which[b])
                    continue;
                pair->dca = malloc(m * sizeof *pair->dca);
                if (!pair->dca)
                    return SN_NOMEM(err, "a decision curve");
                memcpy(pair->dca, diff + at * m, m * sizeof *diff);
            }
    return SN_OK;
}

/* Every measure's intervals, all at once, or one at a time where the replicates would take half a gigabyte: the draws are the same. */
static int bands(const struct sn_dca *d, const struct sn_dca_boot *b, struct sn_dca_band *band_of, struct sn_dca_band *diff, struct sn_error *err)
{
    static const enum sn_dca_measure every[SN_DCA_MEASURES] = { SN_DCA_NET_BENEFIT, SN_DCA_STANDARDISED, SN_DCA_AVOIDED, SN_DCA_OPT_OUT, SN_DCA_OPT_OUT_STANDARDISED };
    size_t one = (d->n_strategies + 1) * d->m, at_once = one * b->replicates <= ((size_t)1 << 26) / SN_DCA_MEASURES ? SN_DCA_MEASURES : 1;

    for (size_t j = 0; j < SN_DCA_MEASURES; j += at_once)
        SN_TRY(sn_dca_bootstrap_measures(d, every + j, at_once, b, band_of + j * one, j ? NULL : diff, NULL, err));
    return SN_OK;
}

static int decision_curves(struct sn_eval *e, struct sn_eval_result *r, struct sn_pool *pool, struct sn_error *err)
{
    struct sn_dca_strategy strategy[SN_EVAL_MODELS];
    size_t which[SN_EVAL_MODELS], n = 0, m = e->n_thresholds;
    struct sn_dca d = { .y = r->y, .n = r->n, .strategies = strategy, .t = e->t, .m = m, .tie = e->o->tie,
                        .prevalence = e->o->prevalence };
    const struct sn_dca_boot b = { .replicates = e->o->boot, .seed = e->o->seed, .level = SN_EVAL_LEVEL, .cluster = r->cluster, .pool = pool };
    struct sn_dca_point *point = NULL;
    struct sn_dca_band *band_of = NULL, *diff = NULL;
    int rc = SN_OK;

    for (size_t k = 0; k < e->d->n_models; k++)
        if (e->d->probability[k]) {
            strategy[n] = (struct sn_dca_strategy){ .name = e->d->model[k], .risk = r->score[k] };
            which[n++] = k;
        }
    r->treat_all = malloc(m * sizeof *r->treat_all);
    point = malloc(SN_MAX(n, 1u) * m * sizeof *point);
    band_of = b.replicates ? malloc(SN_DCA_MEASURES * (n + 1) * m * sizeof *band_of) : NULL;
    diff = b.replicates ? malloc((n * n / 2 + 1) * m * sizeof *diff) : NULL;
    if (!r->treat_all || !point || (b.replicates && (!band_of || !diff))) {
        rc = SN_NOMEM(err, "decision curves");
        goto out;
    }
    d.n_strategies = n;
    SN_TRY_OUT(sn_dca_reference(&d, true, r->treat_all, err));
    if (n == 0)
        goto out;
    SN_TRY_OUT(sn_dca_curves(&d, point, err));
    if (b.replicates)
        SN_TRY_OUT(bands(&d, &b, band_of, diff, err));
    SN_TRY_OUT(take_curves(e, r, which, n, point, band_of, err));
    if (b.replicates)
        SN_TRY_OUT(take_differences(e, r, which, n, diff, err));
out:
    free(point);
    free(band_of);
    free(diff);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------------------------ */

static int make_pairs(struct sn_eval *e, struct sn_eval_result *r, struct sn_error *err)
{
    size_t n = e->d->n_scores; /* a recalibrated model ranks as the one it comes from */

    r->pair = calloc(n * (n - 1) / 2 + 1, sizeof *r->pair);
    if (!r->pair)
        return SN_NOMEM(err, "the comparisons");
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++)
            r->pair[r->n_pairs++] = (struct sn_eval_pair){ .a = (int)a, .b = (int)b };
    return SN_OK;
}

int sn_eval_models(struct sn_eval *e, struct sn_eval_result *r, struct sn_pool *pool, struct sn_error *err)
{
    if (!r->usable)
        return SN_OK;
    SN_TRY(make_pairs(e, r, err));
    for (size_t k = 0; k < e->d->n_models; k++) {
        SN_TRY(sn_eval_roc(e, r, k, pool, err));
        SN_TRY(operating(e, r, k, &r->model[k].cut, err));
        SN_TRY(sn_eval_at_threshold(e, r, k, pool, err));
        SN_TRY(calibration(e, r, k, pool, err));
        SN_TRY(spread(r, k, &r->model[k], err));
        if (e->d->probability[k])
            SN_TRY(distribution(r, k, &r->model[k], err));
    }
    return decision_curves(e, r, pool, err);
}
