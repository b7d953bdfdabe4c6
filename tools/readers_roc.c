/* readers_roc.c: the model's ROC curve, a reader beside it, and what both are worth at a threshold. */
#include "tools/readers.h"

#include <math.h>
#include <stdlib.h>

/* Cases with a model's score, and a reader's call where there is a reader; the model's best first. */
struct list {
    size_t n, n1;
    double *y;             /* 0 or 1 */
    double *score, *reader_score;
    int8_t *call;
    uint32_t *cluster;
};

static void list_free(struct list *l)
{
    free(l->y);
    free(l->score);
    free(l->reader_score);
    free(l->call);
    free(l->cluster);
}

struct item {
    double score;
    size_t at;
};

/* Descending; equal scores in the table's order, so that nothing depends on the sort. */
static int best_first(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* reader -1: the model alone, on all cases with its score; -2: all cases with an outcome. */
static int make_list(const struct sn_reads *s, int reader, int assisted, struct list *l, struct sn_error *err)
{
    struct item *order = calloc(s->n + 1, sizeof *order);

    memset(l, 0, sizeof *l);
    l->y = calloc(s->n + 1, sizeof *l->y);
    l->score = calloc(s->n + 1, sizeof *l->score);
    l->reader_score = calloc(s->n + 1, sizeof *l->reader_score);
    l->call = calloc(s->n + 1, sizeof *l->call);
    l->cluster = calloc(s->n + 1, sizeof *l->cluster);
    if (!order || !l->y || !l->score || !l->reader_score || !l->call || !l->cluster) {
        free(order);
        list_free(l);
        return SN_NOMEM(err, "a reader's cases");
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->cases[i].y >= 0 && (reader == -2 || isfinite(s->cases[i].score)) && (reader < 0 || sn_reads_counts(s, reader, assisted, i)))
            order[l->n++] = (struct item){ reader == -2 ? 0 : s->cases[i].score, i };
    qsort(order, l->n, sizeof *order, best_first);
    for (size_t k = 0; k < l->n; k++) {
        const struct sn_read_case *c = &s->cases[order[k].at];

        l->y[k] = c->y;
        l->n1 += c->y == 1;
        l->score[k] = c->score;
        l->cluster[k] = (uint32_t)c->cluster;
        l->call[k] = reader >= 0 ? s->readers[reader].call[assisted][order[k].at] : (int8_t)0;
        l->reader_score[k] = reader >= 0 ? s->readers[reader].score[assisted][order[k].at] : (double)NAN;
    }
    free(order);
    return SN_OK;
}

/* ---- the model alone ------------------------------------------------------------------------------------------- */

/* Corners from (0, 0) up; sensitivities' interval at 1 - specificity i / 100. */
static int curve(const struct list *l, const struct sn_readers_options *opt, struct sn_pool *pool, const struct sn_roc *roc,
                 struct sn_readers_results *out, struct sn_error *err)
{
    struct sn_roc_boot boot = { .seed = opt->seed, .replicates = opt->boot, .level = opt->level, .unstratified = true, .cluster = l->cluster, .pool = pool };
    struct sn_boot_ci band[SN_READERS_BAND];
    double spec[SN_READERS_BAND];

    out->roc_n = (size_t)roc->levels + 1;
    out->roc_fpr = calloc(out->roc_n, sizeof *out->roc_fpr);
    out->roc_tpr = calloc(out->roc_n, sizeof *out->roc_tpr);
    if (!out->roc_fpr || !out->roc_tpr)
        return SN_NOMEM(err, "a ROC curve");
    for (size_t k = 0; k < out->roc_n; k++) {
        out->roc_fpr[out->roc_n - 1 - k] = (double)roc->fp[k] / roc->n_neg;
        out->roc_tpr[out->roc_n - 1 - k] = sn_roc_sens(roc, k);
    }
    if (!opt->boot)
        return SN_OK;
    for (int i = 0; i < SN_READERS_BAND; i++)
        spec[i] = 1 - (double)i / (SN_READERS_BAND - 1);
    SN_TRY(sn_roc_boot_band(roc, spec, SN_READERS_BAND, &boot, band, err));
    for (int i = 0; i < SN_READERS_BAND; i++) {
        out->band_lo[i] = band[i].lo;
        out->band_hi[i] = band[i].hi;
    }
    out->has_band = isfinite(band[0].lo) && isfinite(band[SN_READERS_BAND - 1].lo);
    return SN_OK;
}

int sn_readers_model(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_pool *pool, struct sn_readers_results *out,
                     struct sn_error *err)
{
    struct sn_table2 t = { 0, 0, 0, 0 };
    struct sn_roc roc = { 0 };
    struct sn_interval ci;
    struct list l;
    int rc = SN_OK;

    SN_TRY(make_list(s, -1, 0, &l, err));
    out->model_n = l.n;
    out->model_events = l.n1;
    if (!isnan(opt->threshold))
        t = sn_table2_count(l.score, l.y, l.n, opt->threshold);
    out->model_sensitivity = sn_proportion(t.tp, t.tp + t.fn, opt->level);
    out->model_specificity = sn_proportion(t.tn, t.tn + t.fp, opt->level);
    out->model_accuracy = sn_proportion(t.tp + t.tn, t.tp + t.fp + t.fn + t.tn, opt->level);
    if (!l.n1 || l.n1 == l.n)
        goto out;
    SN_TRY_OUT(sn_roc_build(l.score, l.y, l.n, &roc, err));
    ci = sn_auc_ci(roc.auc, sn_roc_variance(&roc), opt->level, SN_AUC_PLAIN);
    out->auc = roc.auc;
    out->auc_lo = ci.lo;
    out->auc_hi = ci.hi;
    rc = curve(&l, opt, pool, &roc, out, err);
out:
    sn_roc_free(&roc);
    list_free(&l);
    return rc;
}

/* ---- at the reader's own sensitivity, and specificity ------------------------------------------------------------ */

/*
 * Where the model's ROC curve has the reader's sensitivity, straight between its points as pROC's coords() has it, and
 * the specificity there; the other way round likewise. Where the curve is upright or level, the better end. Counts
 * are weighted by how often a case was drawn; weight NULL: once.
 */
static void matched(void *ctx, const uint32_t *weight, int thread, double *out)
{
    const struct list *l = ctx;
    double n1 = 0, n0 = 0, r1 = 0, r0 = 0, tp = 0, fp = 0, tp0 = 0, fp0 = 0, at_tp = NAN, at_fp = 0;
    bool found = false;

    (void)thread;
    for (size_t i = 0; i < l->n; i++) {
        double w = weight ? (double)weight[i] : 1;

        *(l->y[i] > 0 ? &n1 : &n0) += w;
        if (l->call[i])
            *(l->y[i] > 0 ? &r1 : &r0) += w;
    }
    if (!(n1 > 0 && n0 > 0)) {
        out[0] = out[1] = out[2] = out[3] = out[4] = out[5] = NAN;
        return;
    }
    found = r1 == 0; /* at no sensitivity at all: the curve's start */
    for (size_t i = 0; i < l->n; i++) {
        double w = weight ? (double)weight[i] : 1;

        *(l->y[i] > 0 ? &tp : &fp) += w;
        if (i + 1 < l->n && l->score[i + 1] == l->score[i])
            continue;
        if (!found && tp >= r1) {
            at_fp = fp0 + (tp > tp0 ? (fp - fp0) * (r1 - tp0) / (tp - tp0) : 0);
            found = true;
        }
        if (isnan(at_tp) && fp > r0)
            at_tp = tp0 + (tp - tp0) * (r0 - fp0) / (fp - fp0);
        tp0 = tp;
        fp0 = fp;
    }
    if (isnan(at_tp))
        at_tp = tp0; /* the reader calls everyone without disease positive: the curve's end */
    out[0] = 1 - at_fp / n0; /* model's specificity at the reader's sensitivity, the reader's, their difference */
    out[1] = 1 - r0 / n0;
    out[2] = out[0] - out[1];
    out[3] = at_tp / n1;     /* model's sensitivity at the reader's specificity */
    out[4] = r1 / n1;
    out[5] = out[3] - out[4];
}

static int match(const struct sn_readers_options *opt, struct sn_pool *pool, struct list *l, struct sn_reader_result *r, struct sn_error *err)
{
    struct sn_resample draw;
    struct sn_boot boot = { .resample = &draw, .seed = opt->seed, .replicates = opt->boot, .k = 6, .fn = matched, .ctx = l, .pool = pool };
    struct sn_boot_ci ci[6];
    double v[6];
    int rc = SN_OK;

    matched(l, NULL, 0, v);
    for (int k = 0; k < 6; k++)
        ci[k] = (struct sn_boot_ci){ .lo = NAN, .hi = NAN };
    SN_TRY(sn_resample_init(&draw, l->n, NULL, l->cluster, err));
    if (opt->boot && draw.units > 1)
        rc = sn_boot_intervals(&boot, opt->level, ci, err);
    sn_resample_free(&draw);
    r->specificity_at_sensitivity = (struct sn_matched){ v[0], v[1], v[2], ci[2].lo, ci[2].hi };
    r->sensitivity_at_specificity = (struct sn_matched){ v[3], v[4], v[5], ci[5].lo, ci[5].hi };
    return rc;
}

/* ---- at the frozen threshold ------------------------------------------------------------------------------------------- */

/* Right or wrong, the model first. of < 0: all cases, else those with this outcome. */
static struct sn_paired pairs(const struct list *l, double threshold, int of)
{
    struct sn_paired p = { 0, 0, 0, 0 };

    for (size_t i = 0; i < l->n; i++) {
        bool model = (l->score[i] >= threshold) == (l->y[i] == 1), reader = l->call[i] == l->y[i];

        if (of < 0 || l->y[i] == of)
            ++*(model ? (reader ? &p.both : &p.first) : reader ? &p.second : &p.neither);
    }
    return p;
}

/* DeLong's paired test of the model's scores against the reader's (or, when asked for, against the calls). */
static int delong(const struct sn_readers_options *opt, const struct list *l, bool ordinal, struct sn_auc_pair *d,
                  struct sn_error *err)
{
    double *calls = calloc(l->n + 1, sizeof *calls);
    struct sn_roc model = { 0 }, reader = { 0 };
    struct sn_auc_test t;
    int rc;

    if (!calls)
        return SN_NOMEM(err, "calls");
    for (size_t i = 0; i < l->n; i++)
        calls[i] = l->call[i];
    SN_TRY_OUT(sn_roc_build(l->score, l->y, l->n, &model, err));
    SN_TRY_OUT(sn_roc_build(ordinal ? l->reader_score : calls, l->y, l->n, &reader, err));
    SN_TRY_OUT(sn_auc_test_paired(&model, &reader, opt->level, &t, err));
    *d = (struct sn_auc_pair){ model.auc, reader.auc, t.diff, t.ci.lo, t.ci.hi, t.statistic, t.p };
out:
    sn_roc_free(&model);
    sn_roc_free(&reader);
    free(calls);
    return rc;
}

int sn_readers_against_model(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_pool *pool,
                             struct sn_reader_result *r, struct sn_error *err)
{
    struct list l;
    int rc = SN_OK;

    r->delong = (struct sn_auc_pair){ NAN, NAN, NAN, NAN, NAN, NAN, NAN };
    r->delong_adjusted = NAN;
    r->specificity_at_sensitivity = r->sensitivity_at_specificity = (struct sn_matched){ NAN, NAN, NAN, NAN, NAN };
    for (int k = 0; k < 3; k++) {
        r->test[k] = sn_match_compare(&(struct sn_paired){ 0, 0, 0, 0 }, opt->level, opt->margin);
        r->adjusted[k] = NAN;
    }
    if (!opt->predictions)
        return SN_OK;
    SN_TRY(make_list(s, r->reader, r->assisted, &l, err));
    r->n_model = l.n;
    if (!isnan(opt->threshold))
        for (int k = 0; k < 3; k++) {
            struct sn_paired p = pairs(&l, opt->threshold, k == 0 ? -1 : k == 1 ? 1 : 0);

            r->test[k] = sn_match_compare(&p, opt->level, opt->margin);
        }
    if (l.n1 && l.n > l.n1)
        SN_TRY_OUT(match(opt, pool, &l, r, err));
    if ((r->ordinal || opt->binary_auc) && l.n1 >= 2 && l.n - l.n1 >= 2)
        rc = delong(opt, &l, r->ordinal, &r->delong, err);
out:
    list_free(&l);
    return rc;
}

/* ---- decision curves ----------------------------------------------------------------------------------------------------- */

/* The model's curve, and treating everyone: on the cases with a score, or all cases where there is no model. */
static int model_curve(const struct list *l, struct sn_readers_results *out, bool model, struct sn_error *err)
{
    uint8_t *y = calloc(l->n + 1, sizeof *y);
    struct sn_dca_strategy risk = { "the model", l->score, false };
    struct sn_dca d = { .y = y, .n = l->n, .strategies = &risk, .n_strategies = 1, .t = out->dca_t, .m = out->dca_n, .prevalence = NAN };
    int rc = SN_OK;

    if (!y)
        return SN_NOMEM(err, "decision curves");
    for (size_t i = 0; i < l->n; i++)
        y[i] = l->y[i] > 0;
    d.n_strategies = model;
    SN_TRY_OUT(sn_dca_reference(&d, true, out->dca_all, err));
    if (model)
        rc = sn_dca_curves(&d, out->dca_model, err);
out:
    free(y);
    return rc;
}

/* A reader is a test with one pair of rates: the same calls are worth something else at every threshold. */
int sn_readers_dca(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_readers_results *out,
                   struct sn_error *err)
{
    const struct sn_dca_thresholds range = { opt->dca_lo, opt->dca_hi, opt->dca_step };
    struct list l;
    int rc = SN_OK;

    out->dca_t = calloc(SN_DCA_MAX_THRESHOLDS, sizeof *out->dca_t);
    if (!out->dca_t)
        return SN_NOMEM(err, "decision curves");
    SN_TRY(sn_dca_thresholds(&range, out->dca_t, SN_DCA_MAX_THRESHOLDS, &out->dca_n, err));
    out->dca_all = calloc(out->dca_n, sizeof *out->dca_all);
    out->dca_model = calloc(out->dca_n, sizeof *out->dca_model);
    out->dca_reader = calloc(out->dca_n * (out->n_r + 1), sizeof *out->dca_reader);
    if (!out->dca_all || !out->dca_model || !out->dca_reader)
        return SN_NOMEM(err, "decision curves");
    SN_TRY(make_list(s, opt->predictions ? -1 : -2, 0, &l, err));
    out->dca_cases = l.n;
    out->dca_ok = l.n1 && l.n1 < l.n;
    out->dca_has_model = opt->predictions != NULL;
    for (size_t i = 0; i < l.n && out->dca_has_model; i++)
        out->dca_has_model = l.score[i] >= 0 && l.score[i] <= 1;
    if (out->dca_ok)
        rc = model_curve(&l, out, out->dca_has_model, err);
    for (size_t j = 0; j < out->n_r && out->dca_ok && !rc; j++) {
        const struct sn_reader_result *r = &out->r[j];

        if (r->sensitivity.n && r->specificity.n)
            rc = sn_dca_fixed(r->sensitivity.value, r->specificity.value, (double)r->events / (double)r->n, out->dca_t, out->dca_n,
                              out->dca_reader + j * out->dca_n, err);
        else /* no case of one outcome: nothing is known */
            for (size_t k = 0; k < out->dca_n; k++)
                out->dca_reader[j * out->dca_n + k].net_benefit = NAN;
    }
    list_free(&l);
    return rc;
}
