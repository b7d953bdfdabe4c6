/* eval_roc.c: ROC curves: areas, partial areas, bands, intervals at thresholds, and a model on two sets. */
#include "tools/eval_parts.h"

#include <math.h>
#include <stdlib.h>

static const struct sn_eval_ci none = { (double)NAN, (double)NAN, (double)NAN };

struct sn_roc_boot sn_eval_boot(const struct sn_eval *e, const struct sn_eval_result *r, struct sn_pool *pool)
{
    return (struct sn_roc_boot){ .seed = e->o->seed, .replicates = e->o->boot, .level = SN_EVAL_LEVEL, .unstratified = r->cluster != NULL,
                                 .cluster = r->cluster, .pool = pool };
}

static int area(struct sn_eval *e, struct sn_eval_result *r, size_t k, struct sn_roc_boot b, struct sn_error *err)
{
    struct sn_eval_model *m = &r->model[k];
    const struct sn_roc *roc = &r->roc[k];
    double var = sn_roc_variance(roc);
    struct sn_interval plain = sn_auc_ci(roc->auc, var, SN_EVAL_LEVEL, SN_AUC_PLAIN), logit = sn_auc_ci(roc->auc, var, SN_EVAL_LEVEL, SN_AUC_LOGIT);
    struct sn_boot_ci ci;

    m->auc_se = sqrt(var);
    m->auc_delong = m->auc = (struct sn_eval_ci){ roc->auc, plain.lo, plain.hi };
    m->auc_logit = (struct sn_eval_ci){ roc->auc, logit.lo, logit.hi };
    m->auc_boot = none;
    if (roc->auc == 1.0 || roc->auc == 0.0)
        sn_eval_note(e, "Set %s: %s separates the outcomes completely; its AUC's interval has no width, which says little at n = %zu.", r->name,
                     e->d->model[k], r->n);
    if (!b.replicates)
        return SN_OK;
    b.bca = e->o->bca;
    SN_TRY(sn_roc_boot_auc(&roc, 1, &b, &ci, NULL, err));
    m->auc_boot = (struct sn_eval_ci){ ci.median, ci.lo, ci.hi };
    if (r->cluster) {
        m->auc.lo = ci.lo;
        m->auc.hi = ci.hi;
    }
    if (ci.dropped)
        sn_eval_note(e, "Set %s: %zu of %zu bootstrap replicates had one outcome only and were left out.", r->name, ci.dropped, b.replicates);
    return SN_OK;
}

/* The area over the range asked for, plain and with McClish's correction; intervals by bootstrap only, as pROC. */
static int partial_area(struct sn_eval *e, struct sn_eval_result *r, size_t k, const struct sn_roc_boot *b, struct sn_error *err)
{
    struct sn_eval_ci *out[2] = { &r->model[k].pauc, &r->model[k].pauc_corrected };

    *out[0] = *out[1] = none;
    for (int corrected = 0; corrected < 2 && e->o->has_pauc; corrected++) {
        struct sn_pauc range = e->o->pauc;
        struct sn_boot_ci ci;

        range.corrected = corrected;
        SN_TRY(sn_roc_pauc(&r->roc[k], &range, &out[corrected]->v, err));
        if (!b->replicates)
            continue;
        SN_TRY(sn_roc_boot_pauc(&r->roc[k], &range, b, &ci, err));
        out[corrected]->lo = ci.lo;
        out[corrected]->hi = ci.hi;
    }
    return SN_OK;
}

static int band(struct sn_eval_result *r, size_t k, const struct sn_roc_boot *b, struct sn_error *err)
{
    struct sn_eval_model *m = &r->model[k];
    struct sn_boot_ci ci[SN_EVAL_BAND];
    double spec[SN_EVAL_BAND];

    m->band_lo = malloc(SN_EVAL_BAND * sizeof *m->band_lo);
    m->band_hi = malloc(SN_EVAL_BAND * sizeof *m->band_hi);
    if (!m->band_lo || !m->band_hi)
        return SN_NOMEM(err, "a confidence band");
    for (int i = 0; i < SN_EVAL_BAND; i++)
        spec[i] = 1.0 - (double)i / (SN_EVAL_BAND - 1);
    SN_TRY(sn_roc_boot_band(&r->roc[k], spec, SN_EVAL_BAND, b, ci, err));
    for (int i = 0; i < SN_EVAL_BAND; i++) {
        m->band_lo[i] = ci[i].lo;
        m->band_hi[i] = ci[i].hi;
    }
    return SN_OK;
}

int sn_eval_roc(struct sn_eval *e, struct sn_eval_result *r, size_t k, struct sn_pool *pool, struct sn_error *err)
{
    const struct sn_roc_boot b = sn_eval_boot(e, r, pool);

    SN_TRY(area(e, r, k, b, err));
    SN_TRY(partial_area(e, r, k, &b, err));
    return b.replicates ? band(r, k, &b, err) : SN_OK;
}

/* ---- thresholds --------------------------------------------------------------------------------------- */

/* Bootstrap beside the binomial intervals: it follows clusters, which those do not. */
int sn_eval_at_threshold(struct sn_eval *e, struct sn_eval_result *r, size_t k, struct sn_pool *pool, struct sn_error *err)
{
    struct sn_eval_cut *c = &r->model[k].cut;
    const struct sn_roc_boot b = sn_eval_boot(e, r, pool);
    struct sn_boot_ci sens, spec;

    if (!b.replicates || isnan(c->t))
        return SN_OK;
    SN_TRY(sn_roc_boot_at(&r->roc[k], &c->t, 1, &b, &sens, &spec, err));
    c->sens_boot = (struct sn_eval_ci){ c->m[SN_M_SENSITIVITY].v, sens.lo, sens.hi };
    c->spec_boot = (struct sn_eval_ci){ c->m[SN_M_SPECIFICITY].v, spec.lo, spec.hi };
    return SN_OK;
}

int sn_eval_threshold_ci(struct sn_eval *e, const struct sn_eval_result *r, size_t k, struct sn_pool *pool, struct sn_error *err)
{
    const struct sn_roc_boot b = sn_eval_boot(e, r, pool);
    struct sn_boot_ci t, sens, spec;

    if (!b.replicates)
        return SN_OK;
    SN_TRY(sn_roc_boot_cut(&r->roc[k], &e->o->cut, &b, &t, &sens, &spec, err));
    e->threshold_ci[k] = (struct sn_eval_ci){ e->threshold[k], t.lo, t.hi };
    return SN_OK;
}

/* ---- between sets ------------------------------------------------------------------------------------- */

static struct sn_eval_ci rate_difference(size_t x1, size_t n1, size_t x2, size_t n2)
{
    struct sn_interval ci = sn_difference_newcombe(x1, n1, x2, n2, SN_EVAL_LEVEL);

    return (struct sn_eval_ci){ (double)x1 / (double)n1 - (double)x2 / (double)n2, ci.lo, ci.hi };
}

static void rates(struct sn_eval_between *t, const struct sn_eval_cut *a, const struct sn_eval_cut *b)
{
    t->accuracy = t->sensitivity = t->specificity = none;
    if (isnan(a->t))
        return;
    t->sensitivity = rate_difference(a->tp, a->tp + a->fn, b->tp, b->tp + b->fn);
    t->specificity = rate_difference(a->tn, a->tn + a->fp, b->tn, b->tn + b->fp);
    t->accuracy = rate_difference(a->tp + a->tn, a->tp + a->fp + a->fn + a->tn, b->tp + b->tn, b->tp + b->fp + b->fn + b->tn);
}

/* Each model on each pair of sets, which share no patient: DeLong's unpaired test. */
int sn_eval_between_sets(struct sn_eval *e, struct sn_error *err)
{
    size_t n = e->d->n_sets;

    if (e->d->cluster) /* DeLong takes the cases as independent */
        return SN_OK;
    e->between = malloc((e->d->n_scores * n * (n - 1) / 2 + 1) * sizeof *e->between);
    if (!e->between)
        return SN_NOMEM(err, "the sets' comparison");
    for (size_t k = 0; k < e->d->n_scores; k++)
        for (size_t a = 0; a < n; a++)
            for (size_t b = a + 1; b < n; b++) {
                struct sn_eval_between *t = &e->between[e->n_between];

                if (!e->set[a].usable || !e->set[b].usable)
                    continue;
                *t = (struct sn_eval_between){ .model = (int)k, .a = (int)a, .b = (int)b };
                sn_auc_test_unpaired(&e->set[a].roc[k], &e->set[b].roc[k], SN_EVAL_LEVEL, &t->t);
                rates(t, &e->set[a].model[k].cut, &e->set[b].model[k].cut);
                e->n_between++;
            }
    return SN_OK;
}
