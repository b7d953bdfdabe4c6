/* eval_pairs.c: models against each other, what may be claimed of the best one, and reclassification. */
#include "tools/eval_parts.h"

#include "tools/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ALPHA (1.0 - SN_EVAL_LEVEL)

/* ---- differences of AUC ---------------------------------------------------------------------------- */

static int compare_auc(const struct sn_eval *e, const struct sn_eval_result *r, struct sn_eval_pair *p, struct sn_pool *pool, struct sn_error *err)
{
    const struct sn_roc *const roc[2] = { &r->roc[p->a], &r->roc[p->b] };
    struct sn_roc_boot b = sn_eval_boot(e, r, pool);
    struct sn_boot_ci ci[2], diff[2];
    struct sn_auc_test t;

    SN_TRY(sn_auc_test_paired(roc[0], roc[1], SN_EVAL_LEVEL, &t, err));
    p->diff = (struct sn_eval_ci){ t.diff, t.ci.lo, t.ci.hi };
    p->p = t.p;
    if (!r->cluster)
        return SN_OK;
    p->diff.lo = p->diff.hi = p->p = (double)NAN;
    if (!b.replicates)
        return SN_OK;
    b.bca = e->o->bca;
    SN_TRY(sn_roc_boot_auc(roc, 2, &b, ci, diff, err));
    p->diff.lo = diff[1].lo;
    p->diff.hi = diff[1].hi;
    /* normal, with the bootstrap's standard deviation; no difference without spread is p = 1 */
    p->p = diff[1].sd > 0.0 ? 2.0 * sn_norm_sf(fabs(t.diff) / diff[1].sd) : t.diff == 0.0 ? 1.0 : (double)NAN;
    return SN_OK;
}

/* ---- differences at the thresholds -------------------------------------------------------------------- */

/* Counts over cases of one outcome (0, 1), or both (-1): is each test right? */
static struct sn_paired count_right(const struct sn_eval *e, const struct sn_eval_result *r, const struct sn_eval_pair *p, int outcome)
{
    struct sn_paired t = { 0, 0, 0, 0 };

    for (size_t i = 0; i < r->n; i++) {
        bool a = sn_eval_positive(e, r, (size_t)p->a, i) == (r->y[i] == 1), b = sn_eval_positive(e, r, (size_t)p->b, i) == (r->y[i] == 1);

        if (outcome >= 0 && r->y[i] != outcome)
            continue;
        *(a && b ? &t.both : a ? &t.first : b ? &t.second : &t.neither) += 1;
    }
    return t;
}

struct sn_eval_ci sn_eval_paired(const struct sn_eval *e, const struct sn_paired *t, double *p)
{
    double n = (double)(t->both + t->first + t->second + t->neither);
    struct sn_interval ci = (e->o->newcombe ? sn_paired_newcombe : sn_paired_tango)(t, SN_EVAL_LEVEL);

    *p = sn_mcnemar(t->first, t->second).p;
    return (struct sn_eval_ci){ ((double)t->first - (double)t->second) / n, ci.lo, ci.hi };
}

/* PPV and NPV have different cases below the line, so McNemar does not apply: Kosinski's weighted generalised score. */
static int compare_predictive(const struct sn_eval *e, const struct sn_eval_result *r, struct sn_eval_pair *p, struct sn_error *err)
{
    double *call = malloc(2 * r->n * sizeof *call);

    if (!call)
        return SN_NOMEM(err, "the calls");
    for (size_t i = 0; i < r->n; i++) {
        call[i] = sn_eval_positive(e, r, (size_t)p->a, i);
        call[r->n + i] = sn_eval_positive(e, r, (size_t)p->b, i);
    }
    sn_compare_predictive(call, call + r->n, r->yd, r->n, &p->ppv, &p->npv);
    free(call);
    return SN_OK;
}

static int compare_calls(const struct sn_eval *e, const struct sn_eval_result *r, struct sn_eval_pair *p, struct sn_error *err)
{
    const struct sn_eval_ci none = { (double)NAN, (double)NAN, (double)NAN };
    const double no = (double)NAN;
    struct sn_paired t;

    p->accuracy = p->sensitivity = p->specificity = none;
    p->p_accuracy = p->p_sensitivity = p->p_specificity = no;
    p->ppv = p->npv = (struct sn_predictive){ no, no, no, no, no };
    if (isnan(e->threshold[p->a]) || isnan(e->threshold[p->b]))
        return SN_OK;
    t = count_right(e, r, p, -1);
    p->accuracy = sn_eval_paired(e, &t, &p->p_accuracy);
    t = count_right(e, r, p, 1);
    p->sensitivity = sn_eval_paired(e, &t, &p->p_sensitivity);
    t = count_right(e, r, p, 0);
    p->specificity = sn_eval_paired(e, &t, &p->p_specificity);
    return compare_predictive(e, r, p, err);
}

/* ---- the claim ------------------------------------------------------------------------------------------ */

/* The pair of two models seen from a: difference a - b. */
struct view {
    struct sn_eval_ci diff, accuracy;
    double p, p_holm, p_accuracy;
};

static struct sn_eval_ci turned(struct sn_eval_ci c) { return (struct sn_eval_ci){ -c.v, -c.hi, -c.lo }; }

static struct view view_of(const struct sn_eval_result *r, int a, int b)
{
    struct view v = { { (double)NAN, (double)NAN, (double)NAN }, { (double)NAN, (double)NAN, (double)NAN }, (double)NAN, (double)NAN, (double)NAN };

    for (size_t k = 0; k < r->n_pairs; k++) {
        const struct sn_eval_pair *p = &r->pair[k];

        if (p->a == a && p->b == b)
            v = (struct view){ p->diff, p->accuracy, p->p, p->p_holm, p->p_accuracy };
        else if (p->a == b && p->b == a)
            v = (struct view){ turned(p->diff), turned(p->accuracy), p->p, p->p_holm, p->p_accuracy };
    }
    return v;
}

const char *sn_claim_key(enum sn_claim_verdict v)
{
    static const char *const key[] = { "not judged", "supported", "not supported", "reversed", "contradicted" };

    return key[v];
}

const char *sn_eval_p(double p, char *buf)
{
    if (isnan(p))
        return strcpy(buf, "-");
    if (p < 0.001)
        return strcpy(buf, "< 0.001");
    buf[0] = '=';
    buf[1] = ' ';
    (void)sn_fixed(p, p < 0.1 ? 3 : 2, buf + 2);
    return buf;
}

static void add(struct sn_eval_claim *c, const char *fmt, ...) SN_PRINTF(2, 3);
static void add(struct sn_eval_claim *c, const char *fmt, ...)
{
    size_t n = strlen(c->text);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(c->text + n, sizeof c->text - n, fmt, ap);
    va_end(ap);
}

static void add_interval(struct sn_eval_claim *c, struct sn_eval_ci v, double scale, int decimals, bool sign)
{
    char t[3][48];

    add(c, "%s%s (%s to %s)", sign && v.v > 0 ? "+" : "", sn_fixed(scale * v.v, decimals, t[0]), sn_fixed(scale * v.lo, decimals, t[1]),
        sn_fixed(scale * v.hi, decimals, t[2]));
}

/* One sentence a rival. Returns what it says of the claim. */
static enum sn_claim_verdict against(const struct sn_eval *e, const struct sn_eval_result *r, struct sn_eval_claim *c, int rival)
{
    struct view v = view_of(r, c->model, rival);
    bool significant = v.p_holm < ALPHA;
    char p[2][60];

    add(c, " Against %.60s: AUC ", e->d->model[rival]);
    add_interval(c, v.diff, 1, 3, true);
    add(c, ", p %s, Holm %s", sn_eval_p(v.p, p[0]), sn_eval_p(v.p_holm, p[1]) + (p[1][0] == '=' ? 2 : 0));
    if (isfinite(v.accuracy.v)) {
        add(c, "; accuracy ");
        add_interval(c, v.accuracy, 100, 1, true);
        add(c, " points, p %s", sn_eval_p(v.p_accuracy, p[0]));
    }
    add(c, isnan(v.p) ? "; not tested (clusters without --boot, or too few cases)." : ".");
    if (v.diff.v < 0)
        return significant ? SN_CLAIM_CONTRADICTED : SN_CLAIM_REVERSED;
    if (v.diff.v == 0)
        return SN_CLAIM_REVERSED;
    return significant ? SN_CLAIM_SUPPORTED : SN_CLAIM_UNSUPPORTED;
}

static const char *conclusion(enum sn_claim_verdict v, bool stated)
{
    switch (v) {
    case SN_CLAIM_SUPPORTED:
        return " The data support it: each difference is beyond chance after correction for their number.";
    case SN_CLAIM_UNSUPPORTED:
        return stated ? " The data do not support the claim: not every difference is shown to be beyond chance." : " The data do not support calling it the best: "
                                                                                                        "not every difference is shown to be beyond chance.";
    case SN_CLAIM_REVERSED:
        return " The data do not support the claim: another model did as well or better, within chance.";
    default:
        return " The data contradict the claim: another model is better beyond chance.";
    }
}

/* A difference inside chance is no proof that there is none. */
static void what_is_not_shown(const struct sn_eval *e, const struct sn_eval_result *r, struct sn_eval_claim *c, int rivals)
{
    double widest = 0.0, least = 0.0;
    char t[2][48];

    for (int k = 0; k < rivals; k++) {
        struct view v = view_of(r, c->model, k);

        if (k == c->model || isnan(v.diff.lo))
            continue;
        widest = SN_MAX(widest, v.diff.hi);
        least = SN_MIN(least, v.diff.lo);
        if (e->o->margin > 0.0)
            add(c, " With the margin of %s against %.60s: %s.", sn_fixed(e->o->margin, 3, t[0]), e->d->model[k],
                sn_verdict_text(sn_noninferiority((struct sn_interval){ v.diff.lo, v.diff.hi }, e->o->margin)));
    }
    if (c->verdict == SN_CLAIM_UNSUPPORTED || c->verdict == SN_CLAIM_REVERSED)
        add(c, " Nor are the models shown to be alike: true differences from %s to +%s in AUC fit the data.", sn_fixed(least, 3, t[0]),
            sn_fixed(widest, 3, t[1]));
}

static void judge(const struct sn_eval *e, struct sn_eval_result *r)
{
    struct sn_eval_claim *c = &r->claim;
    int n = (int)e->d->n_scores;

    *c = (struct sn_eval_claim){ .verdict = SN_CLAIM_NONE, .stated = e->o->claim != NULL };
    if (e->o->claim)
        c->model = sn_eval_model(e->d, e->o->claim);
    for (int k = 1; k < n && !e->o->claim; k++)
        if (r->model[k].auc.v > r->model[c->model].auc.v)
            c->model = k;
    if (n < 2 || c->model >= n || strcmp(r->name, "train") == 0) /* nothing can be claimed from the cases a model was fitted on */
        return;
    add(c, c->stated ? "%.60s is claimed to be the best model; its AUC is " : "%.60s has the highest AUC, ", e->d->model[c->model]);
    add_interval(c, r->model[c->model].auc, 1, 3, false);
    add(c, ".");
    c->verdict = SN_CLAIM_SUPPORTED;
    for (int k = 0; k < n; k++)
        if (k != c->model) {
            enum sn_claim_verdict v = against(e, r, c, k);

            c->verdict = SN_MAX(c->verdict, v); /* the worst counts */
        }
    add(c, "%s", conclusion(c->verdict, c->stated));
    what_is_not_shown(e, r, c, n);
}

int sn_eval_pairs(struct sn_eval *e, struct sn_eval_result *r, struct sn_pool *pool, struct sn_error *err)
{
    double *p;
    size_t n = r->n_pairs;
    int rc = SN_OK;

    if (!r->usable)
        return SN_OK;
    p = calloc(n + 1, sizeof *p);
    if (!p)
        return SN_NOMEM(err, "the comparisons");
    for (size_t k = 0; k < n && !rc; k++) {
        rc = compare_auc(e, r, &r->pair[k], pool, err);
        if (!rc)
            rc = compare_calls(e, r, &r->pair[k], err);
        p[k] = r->pair[k].p;
    }
    if (!rc)
        rc = sn_holm(p, n, p, err);
    for (size_t k = 0; k < n && !rc; k++)
        r->pair[k].p_holm = p[k];
    free(p);
    if (!rc)
        judge(e, r);
    return rc;
}

/* ---- reclassification --------------------------------------------------------------------------------------- */

/* ":0.1:0.3", or the old model's threshold where nothing is stated. */
static int borders(const struct sn_eval *e, struct sn_eval_reclass *c, const char *p, struct sn_error *err)
{
    double t = e->threshold[c->old_model];

    while (*p == ':') {
        size_t len = strcspn(p + 1, ":");

        if (c->n_cuts == SN_EVAL_CUTS || !sn_parse_double_n(p + 1, len, &c->cut[c->n_cuts]))
            return SN_FAIL(err, SN_EINVAL, "--reclassification: categories are parted by at most %d ascending numbers, found '%.40s'", SN_EVAL_CUTS, p + 1);
        c->n_cuts++;
        p += 1 + len;
    }
    if (!c->n_cuts && t > 0.0 && t < 1.0)
        c->cut[c->n_cuts++] = t;
    return SN_OK;
}

int sn_eval_reclassify(struct sn_eval *e, struct sn_eval_result *r, struct sn_pool *pool, struct sn_error *err)
{
    struct sn_eval_reclass *c = &r->reclass;
    const char *list = e->o->reclass;
    struct sn_roc_boot b = sn_eval_boot(e, r, pool);
    size_t n = list ? strcspn(list, ",") : 0, m;
    const struct sn_roc_boot *boot = b.replicates ? &b : NULL;
    char name[200];

    if (!list || !r->usable)
        return SN_OK;
    (void)snprintf(name, sizeof name, "%.*s", (int)n, list);
    c->old_model = sn_eval_model(e->d, name);
    m = list[n] ? strcspn(list + n + 1, ":") : 0;
    (void)snprintf(name, sizeof name, "%.*s", (int)m, list + n + (list[n] == ','));
    c->new_model = sn_eval_model(e->d, name);
    if (c->old_model < 0 || c->new_model < 0)
        return SN_FAIL(err, SN_EINVAL, "--reclassification needs two of the scores, OLD,NEW or OLD,NEW:CUT:CUT; found '%.60s'", list);
    if (!e->d->probability[c->old_model] || !e->d->probability[c->new_model])
        return SN_FAIL(err, SN_EINVAL, "--reclassification needs risks; '%.60s' has values outside 0 to 1", list);
    SN_TRY(sn_reclassify(r->score[c->old_model], r->score[c->new_model], r->yd, r->n, NULL, 0, SN_EVAL_LEVEL, boot, &c->continuous, err));
    c->has = true;
    SN_TRY(borders(e, c, list + n + 1 + m, err));
    c->has_categories = c->n_cuts > 0;
    if (c->has_categories)
        SN_TRY(sn_reclassify(r->score[c->old_model], r->score[c->new_model], r->yd, r->n, c->cut, c->n_cuts, SN_EVAL_LEVEL, boot, &c->categories, err));
    return SN_OK;
}
