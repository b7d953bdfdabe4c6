/*
 * roc_boot.c: bootstrap of everything a ROC curve shows.
 *
 * Scores are sorted once. Weights count the cases in the order of the (first) score, so that a replicate is one sweep
 * without a sort; equal scores of one class are alike, so with strata the order of the input does not matter.
 */
#include "stats/stats.h"

#include "stats/roc_parts.h"

#include <math.h>
#include <stdlib.h>

/* ---- what all share --------------------------------------------------------------------------- */

static int check(const struct sn_roc_boot *b, struct sn_error *err)
{
    if (b->replicates == 0)
        return SN_FAIL(err, SN_EINVAL, "bootstrap: 0 replicates, expected at least 1");
    if (!(b->level > 0 && b->level < 1))
        return SN_FAIL(err, SN_EINVAL, "bootstrap: confidence level is %g, expected a number between 0 and 1", b->level);
    return SN_OK;
}

static void *room(size_t a, size_t b, size_t c, size_t size)
{
    size_t count, bytes;

    if (sn_size_mul3(&count, a, b, c, NULL) || sn_size_mul(&bytes, count, size, NULL))
        return NULL;
    return malloc(SN_MAX(bytes, 1));
}

/* Strata and clusters in the order of r's scores. */
static int resample(const struct sn_roc *r, const struct sn_roc_boot *b, struct sn_resample *s, struct sn_error *err)
{
    uint32_t *stratum = NULL, *cluster = NULL;
    int rc = SN_OK;

    *s = (struct sn_resample){ 0 };
    if (!b->unstratified) {
        stratum = room(r->n, 1, 1, sizeof *stratum);
        if (!stratum)
            return SN_NOMEM(err, "resampling");
        for (size_t i = 0; i < r->n; i++)
            stratum[i] = r->mark[i] & SN_ROC_POSITIVE;
    }
    if (b->cluster) {
        cluster = room(r->n, 1, 1, sizeof *cluster);
        for (size_t i = 0; cluster && i < r->n; i++)
            cluster[i] = b->cluster[r->order[i]];
        if (!cluster)
            rc = SN_NOMEM(err, "resampling");
    }
    if (!rc)
        rc = sn_resample_init(s, r->n, stratum, cluster, err);
    free(stratum);
    free(cluster);
    return rc;
}

static int replicates(const struct sn_roc *r, const struct sn_roc_boot *b, size_t k, sn_boot_fn *fn, void *ctx, double **rep, struct sn_error *err)
{
    struct sn_resample s;
    int rc;

    *rep = room(b->replicates, k, 1, sizeof **rep);
    if (!*rep)
        return SN_NOMEM(err, "bootstrap replicates");
    SN_TRY(resample(r, b, &s, err));
    rc = sn_boot_run(&(struct sn_boot){ &s, b->seed, b->replicates, k, fn, ctx, b->pool }, *rep, err);
    sn_resample_free(&s);
    return rc;
}

/* Percentile intervals of k statistics. */
static int intervals(const double *rep, size_t k, const struct sn_roc_boot *b, struct sn_boot_ci *ci, struct sn_error *err)
{
    for (size_t j = 0; j < k; j++)
        SN_TRY(sn_boot_percentile(rep + j * b->replicates, b->replicates, b->level, &ci[j], err));
    return SN_OK;
}

/* ---- areas ------------------------------------------------------------------------------------ */

struct areas {
    const struct sn_roc *const *roc;
    int k;
    uint32_t **at; /* [k] where in the first score's order the j-th's i-th case stands; NULL for the first */
};

/* NaN when the resample lacks a class. */
static double weighted_auc(const uint8_t *mark, const uint32_t *at, const uint32_t *weight, size_t n)
{
    uint64_t twice = 0, below = 0, pos = 0, pos_here = 0, neg_here = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t w = weight[at ? at[i] : i], w_pos = w & (0 - (uint64_t)(mark[i] & SN_ROC_POSITIVE));

        pos_here += w_pos;
        neg_here += w - w_pos;
        if (mark[i] & SN_ROC_LAST) {
            twice += pos_here * (2 * below + neg_here);
            pos += pos_here;
            below += neg_here;
            pos_here = neg_here = 0;
        }
    }
    return pos && below ? 0.5 * (double)twice / ((double)pos * (double)below) : NAN;
}

static void area_statistics(void *ctx, const uint32_t *weight, int thread, double *out)
{
    const struct areas *a = ctx;

    (void)thread;
    for (int j = 0; j < a->k; j++)
        out[j] = weighted_auc(a->roc[j]->mark, a->at[j], weight, a->roc[j]->n);
}

static void areas_free(struct areas *a)
{
    for (int j = 0; a->at && j < a->k; j++)
        free(a->at[j]);
    free(a->at);
}

static int areas_init(struct areas *a, const struct sn_roc *const *roc, int k, struct sn_error *err)
{
    size_t n = roc[0]->n;
    uint32_t *rank = k > 1 ? room(n, 1, 1, sizeof *rank) : NULL;
    int rc = SN_OK;

    *a = (struct areas){ roc, k, calloc((size_t)k, sizeof *a->at) };
    if (!a->at || (k > 1 && !rank)) {
        rc = SN_NOMEM(err, "the bootstrap of several scores");
        goto out;
    }
    for (size_t i = 0; rank && i < n; i++)
        rank[roc[0]->order[i]] = (uint32_t)i;
    for (int j = 1; j < k; j++) {
        bool same = roc[j]->n == n;

        for (size_t i = 0; same && i < n; i++)
            same = ((roc[0]->mark[rank[roc[j]->order[i]]] ^ roc[j]->mark[i]) & SN_ROC_POSITIVE) == 0;
        if (!same) {
            rc = SN_FAIL(err, SN_EINVAL, "ROC: scores 1 and %d are not of the same cases with the same outcomes", j + 1);
            goto out;
        }
        a->at[j] = room(n, 1, 1, sizeof *a->at[j]);
        if (!a->at[j]) {
            rc = SN_NOMEM(err, "the bootstrap of several scores");
            goto out;
        }
        for (size_t i = 0; i < n; i++)
            a->at[j][i] = rank[roc[j]->order[i]];
    }
out:
    free(rank);
    if (rc)
        areas_free(a);
    return rc;
}

/* ---- jackknife of the area, for BCa ------------------------------------------------------------ */

/* The area without one unit, from how much of the pairs' sum goes with it; in the order of the first score. */
struct jackknife {
    const struct sn_resample *s;
    const uint8_t *mark; /* of the first score */
    double *placement;   /* [n] of score j */
    double *score;       /* [n] ranks of score j: equal for equal scores */
};

/* Pairs within a cluster, which leave the sum once though both members' placements count them. */
static double pairs_within(const struct jackknife *j, size_t unit)
{
    double sum = 0;

    for (uint32_t a = j->s->member_first[unit]; a < j->s->member_first[unit + 1]; a++)
        for (uint32_t b = j->s->member_first[unit]; b < j->s->member_first[unit + 1]; b++) {
            uint32_t p = j->s->member[a], q = j->s->member[b];

            if ((j->mark[p] & SN_ROC_POSITIVE) && !(j->mark[q] & SN_ROC_POSITIVE))
                sum += j->score[p] > j->score[q] ? 1 : j->score[p] == j->score[q] ? 0.5 : 0;
        }
    return sum;
}

static double without(const struct jackknife *j, const struct sn_roc *r, size_t unit)
{
    double m = r->n_pos, n = r->n_neg, gone = 0, gone_pos = 0, gone_neg = 0;
    uint32_t first = j->s->member ? j->s->member_first[unit] : (uint32_t)unit, last = j->s->member ? j->s->member_first[unit + 1] : first + 1;

    for (uint32_t i = first; i < last; i++) {
        uint32_t at = j->s->member ? j->s->member[i] : i;
        bool pos = j->mark[at] & SN_ROC_POSITIVE;

        gone += j->placement[at] * (pos ? n : m);
        gone_pos += pos;
        gone_neg += !pos;
    }
    if (j->s->member)
        gone -= pairs_within(j, unit);
    return gone_pos < m && gone_neg < n ? (r->auc * m * n - gone) / ((m - gone_pos) * (n - gone_neg)) : NAN;
}

/* jack[k][units]; stratum[units], or NULL. */
static int jackknife_all(const struct areas *a, const struct sn_resample *s, double *jack, struct sn_error *err)
{
    const struct sn_roc *r0 = a->roc[0];
    size_t n = r0->n;
    struct jackknife j = { s, r0->mark, room(n, 1, 1, sizeof(double)), room(n, 1, 1, sizeof(double)) };
    double *by_case = room(n, 1, 1, sizeof *by_case);
    int rc = j.placement && j.score && by_case ? SN_OK : SN_NOMEM(err, "the jackknife");

    for (int m = 0; !rc && m < a->k; m++) {
        const struct sn_roc *r = a->roc[m];
        double level = 0;

        sn_roc_placements(r, by_case);
        for (size_t i = 0; i < n; i++)
            j.placement[i] = by_case[r0->order[i]];
        for (size_t i = 0; i < n; i++) {
            j.score[a->at[m] ? a->at[m][i] : i] = level;
            level += (r->mark[i] & SN_ROC_LAST) != 0;
        }
        for (size_t u = 0; u < s->units; u++)
            jack[(size_t)m * s->units + u] = without(&j, r, u);
    }
    free(j.placement);
    free(j.score);
    free(by_case);
    return rc;
}

/* BCa intervals of the areas (or of their differences from the first) in place of percentile ones. */
static int bca(const struct areas *a, const struct sn_roc_boot *b, const double *rep, struct sn_boot_ci *ci, struct sn_boot_ci *diff, struct sn_error *err)
{
    struct sn_resample s;
    uint32_t *stratum = NULL;
    double *jack = NULL;
    int rc;

    SN_TRY(resample(a->roc[0], b, &s, err));
    jack = room((size_t)a->k, s.units, 1, sizeof *jack);
    stratum = room(s.units, 1, 1, sizeof *stratum);
    if (!jack || !stratum) {
        rc = SN_NOMEM(err, "the jackknife");
        goto out;
    }
    for (size_t u = 0; u < s.units; u++)
        stratum[u] = b->unstratified ? 0 : a->roc[0]->mark[s.member ? s.member[s.member_first[u]] : u] & SN_ROC_POSITIVE;
    SN_TRY_OUT(jackknife_all(a, &s, jack, err));
    for (int j = 0; j < a->k; j++)
        SN_TRY_OUT(sn_boot_bca(rep + (size_t)j * b->replicates, b->replicates, a->roc[j]->auc, sn_boot_acceleration(jack + (size_t)j * s.units, s.units, stratum, 2),
                               b->level, &ci[j], err));
    for (int j = 1; diff && j < a->k; j++) { /* rep holds the differences behind the areas */
        for (size_t u = 0; u < s.units; u++)
            jack[(size_t)j * s.units + u] = jack[u] - jack[(size_t)j * s.units + u];
        SN_TRY_OUT(sn_boot_bca(rep + (size_t)(a->k + j) * b->replicates, b->replicates, a->roc[0]->auc - a->roc[j]->auc,
                               sn_boot_acceleration(jack + (size_t)j * s.units, s.units, stratum, 2), b->level, &diff[j], err));
    }
out:
    free(jack);
    free(stratum);
    sn_resample_free(&s);
    return rc;
}

int sn_roc_boot_auc(const struct sn_roc *const *roc, int k, const struct sn_roc_boot *b, struct sn_boot_ci *ci, struct sn_boot_ci *diff, struct sn_error *err)
{
    struct sn_resample s = { 0 };
    struct areas a = { 0 };
    double *rep = NULL;
    size_t count = b->replicates;
    int rc;

    SN_TRY(check(b, err));
    if (k < 1)
        return SN_FAIL(err, SN_EINVAL, "ROC: bootstrap of %d scores, expected at least 1", k);
    SN_TRY(areas_init(&a, roc, k, err));
    rep = room(count, (size_t)k, 2, sizeof *rep);
    if (!rep) {
        rc = SN_NOMEM(err, "bootstrap replicates");
        goto out;
    }
    SN_TRY_OUT(resample(roc[0], b, &s, err));
    SN_TRY_OUT(sn_boot_run(&(struct sn_boot){ &s, b->seed, count, (size_t)k, area_statistics, &a, b->pool }, rep, err));
    for (size_t j = 0; j < (size_t)k; j++)
        for (size_t i = 0; i < count; i++)
            rep[((size_t)k + j) * count + i] = rep[i] - rep[j * count + i];
    if (b->bca) {
        rc = bca(&a, b, rep, ci, diff, err);
    } else {
        SN_TRY_OUT(intervals(rep, (size_t)k, b, ci, err));
        if (diff)
            rc = intervals(rep + (size_t)k * count, (size_t)k, b, diff, err);
    }
out:
    free(rep);
    sn_resample_free(&s);
    areas_free(&a);
    return rc;
}

/* ---- curves ----------------------------------------------------------------------------------- */

struct curves {
    const struct sn_roc *r;
    uint32_t *memory;                /* [threads][2][levels + 1] */
    const struct sn_pauc *range;
    const struct sn_cut_rule *rule;
    const double *spec;              /* [n] band */
    size_t *corner;                  /* [n] thresholds */
    size_t n;
};

/* The resample's corners; false when it lacks a class. */
static bool resampled(const struct curves *c, const uint32_t *weight, int thread, struct sn_curve *out)
{
    const struct sn_roc *r = c->r;
    size_t corners = (size_t)r->levels + 1, k = corners - 1;
    uint32_t *tp = c->memory + (size_t)thread * 2 * corners, *fp = tp + corners;
    uint32_t pos = 0, neg = 0;

    for (size_t i = r->n; i-- > 0;) { /* from the highest score down */
        if (r->mark[i] & SN_ROC_LAST) {
            tp[k] = pos;
            fp[k] = neg;
            k--;
        }
        if (r->mark[i] & SN_ROC_POSITIVE)
            pos += weight[i];
        else
            neg += weight[i];
    }
    tp[0] = pos;
    fp[0] = neg;
    *out = (struct sn_curve){ r->levels, tp, fp };
    return pos && neg;
}

static void pauc_statistic(void *ctx, const uint32_t *weight, int thread, double *out)
{
    const struct curves *c = ctx;
    struct sn_curve curve;

    out[0] = resampled(c, weight, thread, &curve) ? sn_curve_pauc(&curve, c->range) : NAN;
}

static void rates_at(void *ctx, const uint32_t *weight, int thread, double *out)
{
    const struct curves *c = ctx;
    struct sn_curve curve;
    bool ok = resampled(c, weight, thread, &curve);

    for (size_t i = 0; i < c->n; i++) {
        out[i] = ok ? sn_curve_sens(&curve, c->corner[i]) : NAN;
        out[c->n + i] = ok ? sn_curve_spec(&curve, c->corner[i]) : NAN;
    }
}

static void band(void *ctx, const uint32_t *weight, int thread, double *out)
{
    const struct curves *c = ctx;
    struct sn_curve curve;
    bool ok = resampled(c, weight, thread, &curve);

    for (size_t i = 0; i < c->n; i++)
        out[i] = ok ? sn_curve_sens_at(&curve, c->spec[i]) : NAN;
}

/* The threshold lies between the neighbours that the resample holds. */
static void best_cut(void *ctx, const uint32_t *weight, int thread, double *out)
{
    const struct curves *c = ctx;
    struct sn_curve v;
    struct sn_cut cut;
    size_t below, above;

    if (!resampled(c, weight, thread, &v)) {
        out[0] = out[1] = out[2] = NAN;
        return;
    }
    cut = sn_curve_cut(&v, c->rule);
    for (below = cut.k; below > 0 && v.tp[below - 1] == v.tp[below] && v.fp[below - 1] == v.fp[below];)
        below--;
    for (above = cut.k; above < v.levels && v.tp[above + 1] == v.tp[above] && v.fp[above + 1] == v.fp[above];)
        above++;
    if (below == 0 || above == v.levels)
        out[0] = below == 0 ? -INFINITY : INFINITY;
    else
        out[0] = sn_threshold_between(c->r->value[below - 1], c->r->value[above]);
    out[1] = cut.sens;
    out[2] = cut.spec;
}

/* k statistics by fn, percentile intervals into ci[k]. */
static int run(struct curves *c, const struct sn_roc_boot *b, size_t k, sn_boot_fn *fn, struct sn_boot_ci *ci, struct sn_error *err)
{
    double *rep = NULL;
    int rc;

    SN_TRY(check(b, err));
    c->memory = room((size_t)sn_pool_threads(b->pool), 2, (size_t)c->r->levels + 1, sizeof *c->memory);
    rc = c->memory ? replicates(c->r, b, k, fn, c, &rep, err) : SN_NOMEM(err, "bootstrap replicates");
    if (!rc)
        rc = intervals(rep, k, b, ci, err);
    free(rep);
    free(c->memory);
    return rc;
}

int sn_roc_boot_pauc(const struct sn_roc *r, const struct sn_pauc *range, const struct sn_roc_boot *b, struct sn_boot_ci *ci, struct sn_error *err)
{
    struct curves c = { .r = r, .range = range };

    SN_TRY(sn_pauc_check(range, err));
    return run(&c, b, 1, pauc_statistic, ci, err);
}

int sn_roc_boot_at(const struct sn_roc *r, const double *threshold, size_t n, const struct sn_roc_boot *b, struct sn_boot_ci *sens, struct sn_boot_ci *spec,
                   struct sn_error *err)
{
    struct curves c = { .r = r, .n = n, .corner = room(n, 1, 1, sizeof *c.corner) };
    struct sn_boot_ci *ci = room(n, 2, 1, sizeof *ci);
    int rc = SN_OK;

    if (!c.corner || !ci)
        rc = SN_NOMEM(err, "bootstrap at thresholds");
    for (size_t i = 0; !rc && i < n; i++) {
        if (isnan(threshold[i]))
            rc = SN_FAIL(err, SN_EINVAL, "bootstrap: threshold %zu is not a number", i + 1);
        else
            c.corner[i] = sn_roc_find(r, threshold[i]);
    }
    if (!rc && n)
        rc = run(&c, b, 2 * n, rates_at, ci, err);
    for (size_t i = 0; !rc && i < n; i++) {
        sens[i] = ci[i];
        spec[i] = ci[n + i];
    }
    free(ci);
    free(c.corner);
    return rc;
}

int sn_roc_boot_cut(const struct sn_roc *r, const struct sn_cut_rule *rule, const struct sn_roc_boot *b, struct sn_boot_ci *threshold, struct sn_boot_ci *sens,
                    struct sn_boot_ci *spec, struct sn_error *err)
{
    struct curves c = { .r = r, .rule = rule };
    struct sn_boot_ci ci[3];

    SN_TRY(sn_cut_check(rule, err));
    SN_TRY(run(&c, b, 3, best_cut, ci, err));
    *threshold = ci[0];
    *sens = ci[1];
    *spec = ci[2];
    return SN_OK;
}

int sn_roc_boot_band(const struct sn_roc *r, const double *spec, size_t n, const struct sn_roc_boot *b, struct sn_boot_ci *sens, struct sn_error *err)
{
    struct curves c = { .r = r, .spec = spec, .n = n };

    for (size_t i = 0; i < n; i++)
        if (!(spec[i] >= 0 && spec[i] <= 1))
            return SN_FAIL(err, SN_EINVAL, "bootstrap: specificity %zu is %g, expected a number from 0 to 1", i + 1, spec[i]);
    return n ? run(&c, b, n, band, sens, err) : SN_OK;
}
