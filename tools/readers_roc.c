/* readers_roc.c: the model's ROC curve, a reader beside it, and what both are worth at a threshold. */
#include "tools/readers.h"
#include "stats/tails.h"

#include <math.h>
#include <stdlib.h>

/* Cases with a model's score, and a reader's call where there is a reader; the model's best first. */
struct list {
    size_t n, n1;
    int *y;
    double *score, *reader_score;
    int8_t *call;
    size_t *cluster;
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

/* reader < 0: the model alone. */
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
        if (s->cases[i].y >= 0 && isfinite(s->cases[i].score) && (reader < 0 || sn_reads_counts(s, reader, assisted, i)))
            order[l->n++] = (struct item){ s->cases[i].score, i };
    qsort(order, l->n, sizeof *order, best_first);
    for (size_t k = 0; k < l->n; k++) {
        const struct sn_read_case *c = &s->cases[order[k].at];

        l->y[k] = c->y;
        l->n1 += c->y == 1;
        l->score[k] = c->score;
        l->cluster[k] = c->cluster;
        l->call[k] = reader >= 0 ? s->readers[reader].call[assisted][order[k].at] : (int8_t)0;
        l->reader_score[k] = reader >= 0 ? s->readers[reader].score[assisted][order[k].at] : (double)NAN;
    }
    free(order);
    return SN_OK;
}

/* ---- the model alone ------------------------------------------------------------------------------------------- */

static int curve(const struct list *l, struct sn_readers_results *out, struct sn_error *err)
{
    size_t tp = 0, fp = 0;

    out->roc_fpr = calloc(l->n + 1, sizeof *out->roc_fpr);
    out->roc_tpr = calloc(l->n + 1, sizeof *out->roc_tpr);
    if (!out->roc_fpr || !out->roc_tpr)
        return SN_NOMEM(err, "a ROC curve");
    out->roc_n = 1;
    for (size_t i = 0; i < l->n; i++) {
        tp += l->y[i] == 1;
        fp += l->y[i] == 0;
        if (i + 1 < l->n && l->score[i + 1] == l->score[i])
            continue; /* equal scores come together */
        out->roc_fpr[out->roc_n] = (double)fp / (double)(l->n - l->n1);
        out->roc_tpr[out->roc_n++] = (double)tp / (double)l->n1;
    }
    return SN_OK;
}

int sn_readers_model(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_readers_results *out,
                     struct sn_error *err)
{
    size_t tp = 0, tn = 0;
    double var, half;
    const double *sets[1];
    struct list l;
    int rc = SN_OK;

    SN_TRY(make_list(s, -1, 0, &l, err));
    out->model_n = l.n;
    out->model_events = l.n1;
    for (size_t i = 0; i < l.n; i++) {
        tp += l.y[i] == 1 && l.score[i] >= opt->threshold;
        tn += l.y[i] == 0 && !(l.score[i] >= opt->threshold);
    }
    out->model_sensitivity = sn_proportion(isnan(opt->threshold) ? 0 : tp, isnan(opt->threshold) ? 0 : l.n1, opt->level);
    out->model_specificity = sn_proportion(isnan(opt->threshold) ? 0 : tn, isnan(opt->threshold) ? 0 : l.n - l.n1, opt->level);
    out->model_accuracy = sn_proportion(isnan(opt->threshold) ? 0 : tp + tn, isnan(opt->threshold) ? 0 : l.n, opt->level);
    if (l.n1 >= 2 && l.n - l.n1 >= 2) {
        sets[0] = l.score;
        SN_TRY_OUT(sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, l.y, l.n, sets, 1, &out->auc, &var, err));
        half = sn_tail_normal_q((1 + opt->level) / 2) * sqrt(var);
        out->auc_lo = fmax(out->auc - half, 0);
        out->auc_hi = fmin(out->auc + half, 1);
    }
    if (l.n1 && l.n > l.n1)
        rc = curve(&l, out, err);
out:
    list_free(&l);
    return rc;
}

/* ---- at the reader's own sensitivity, and specificity ------------------------------------------------------------ */

/*
 * Where the model's ROC curve has the reader's sensitivity, straight between its points as pROC's coords() has it, and
 * the specificity there; the other way round likewise. Where the curve is upright or level, the better end. Counts
 * are weighted by how often a case's cluster was drawn.
 */
static void matched(const void *ctx, const uint32_t *times, double *out)
{
    const struct list *l = ctx;
    double n1 = 0, n0 = 0, r1 = 0, r0 = 0, tp = 0, fp = 0, tp0 = 0, fp0 = 0, at_tp = NAN, at_fp = 0;
    bool found = false;

    for (size_t i = 0; i < l->n; i++) {
        double w = times ? (double)times[l->cluster[i]] : 1;

        *(l->y[i] ? &n1 : &n0) += w;
        if (l->call[i])
            *(l->y[i] ? &r1 : &r0) += w;
    }
    if (!(n1 > 0 && n0 > 0)) {
        out[0] = out[1] = out[2] = out[3] = out[4] = out[5] = NAN;
        return;
    }
    found = r1 == 0; /* at no sensitivity at all: the curve's start */
    for (size_t i = 0; i < l->n; i++) {
        double w = times ? (double)times[l->cluster[i]] : 1;

        *(l->y[i] ? &tp : &fp) += w;
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

static int match(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_pool *pool, const struct list *l,
                 struct sn_reader_result *r, struct sn_error *err)
{
    struct sn_cluster_ci boot[6];
    double v[6];

    matched(l, NULL, v);
    for (int k = 0; k < 6; k++)
        boot[k] = (struct sn_cluster_ci){ NAN, NAN, 0 };
    if (opt->boot && s->n_clusters > 1)
        SN_TRY(sn_boot_clusters(s->n_clusters, opt->boot, opt->seed, matched, l, 6, opt->level, pool, boot, err));
    r->specificity_at_sensitivity = (struct sn_matched){ v[0], v[1], v[2], boot[2].lo, boot[2].hi };
    r->sensitivity_at_specificity = (struct sn_matched){ v[3], v[4], v[5], boot[5].lo, boot[5].hi };
    return SN_OK;
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
    double *calls = calloc(l->n + 1, sizeof *calls), merit[2], cov[4], se;
    const double *sets[2] = { l->score, ordinal ? l->reader_score : calls };
    int rc;

    if (!calls)
        return SN_NOMEM(err, "calls");
    for (size_t i = 0; i < l->n; i++)
        calls[i] = l->call[i];
    rc = sn_mrmc_covariance(SN_MERIT_AUC, SN_COV_DELONG, l->y, l->n, sets, 2, merit, cov, err);
    free(calls);
    SN_TRY(rc);
    se = sqrt(fmax(cov[0] + cov[3] - 2 * cov[1], 0));
    d->model = merit[0];
    d->reader = merit[1];
    d->diff = merit[0] - merit[1];
    d->z = se > 0 ? d->diff / se : d->diff == 0 ? 0 : (double)NAN; /* 0/0: no difference, as pROC */
    d->p = 2 * sn_tail_normal(fabs(d->z));
    d->lo = d->diff - sn_tail_normal_q((1 + opt->level) / 2) * se;
    d->hi = d->diff + sn_tail_normal_q((1 + opt->level) / 2) * se;
    return SN_OK;
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
        SN_TRY_OUT(match(s, opt, pool, &l, r, err));
    if ((r->ordinal || opt->binary_auc) && l.n1 >= 2 && l.n - l.n1 >= 2)
        rc = delong(opt, &l, r->ordinal, &r->delong, err);
out:
    list_free(&l);
    return rc;
}

/* ---- decision curves ----------------------------------------------------------------------------------------------------- */

/* Net benefit of treating the positives: TP/n - FP/n t/(1-t) (Vickers & Elkin 2006). */
static double net_benefit(double tp, double fp, double n, double t) { return tp / n - fp / n * t / (1 - t); }

/* A reader is a test with one pair of rates: the same calls are worth something else at every threshold. */
int sn_readers_dca(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_readers_results *out,
                   struct sn_error *err)
{
    struct list l;
    int rc = SN_OK;

    out->dca_n = (size_t)floor((opt->dca_hi - opt->dca_lo) / opt->dca_step + 1e-9) + 1;
    out->dca = calloc(out->dca_n, sizeof *out->dca);
    out->dca_reader = calloc(out->dca_n * (out->n_r + 1), sizeof *out->dca_reader);
    if (!out->dca || !out->dca_reader)
        return SN_NOMEM(err, "decision curves");
    SN_TRY(make_list(s, -1, 0, &l, err));
    out->dca_cases = l.n;
    for (size_t k = 0; k < out->dca_n; k++) {
        struct sn_reader_net_benefit *p = &out->dca[k];
        double t = opt->dca_lo + (double)k * opt->dca_step, tp = 0, fp = 0, n1 = 0, n = 0;

        for (size_t i = 0; i < l.n; i++) {
            tp += l.y[i] && l.score[i] >= t;
            fp += !l.y[i] && l.score[i] >= t;
        }
        for (size_t i = 0; i < s->n; i++) {
            bool counts = s->cases[i].y >= 0 && (!opt->predictions || isfinite(s->cases[i].score));

            n += counts;
            n1 += counts && s->cases[i].y == 1;
        }
        *p = (struct sn_reader_net_benefit){ t, net_benefit(n1, n - n1, n, t), l.n ? net_benefit(tp, fp, (double)l.n, t) : (double)NAN };
        for (size_t j = 0; j < out->n_r; j++) {
            const struct sn_reader_result *r = &out->r[j];

            out->dca_reader[k * out->n_r + j] = net_benefit((double)r->sensitivity.k, (double)(r->specificity.n - r->specificity.k),
                                                            (double)r->n, t);
        }
    }
    list_free(&l);
    return rc;
}
