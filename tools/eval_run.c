/* eval_run.c: an evaluation from beginning to end: thresholds frozen first, then each set by itself. */
#include "tools/eval.h"
#include "tools/eval_parts.h"

#include "tools/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void sn_eval_note(struct sn_eval *e, const char *fmt, ...)
{
    char text[600];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    sn_buf_puts(&e->notes, text);
    sn_buf_puts(&e->notes, "\n");
}

/* ---- sets ---------------------------------------------------------------------------------------- */

static int fill_set(const struct sn_eval_data *d, int set, struct sn_eval_result *r, struct sn_error *err)
{
    for (size_t u = 0; u < d->n; u++)
        r->n += d->set[u] == set;
    r->name = d->set_name[set];
    r->unit = malloc(SN_MAX(r->n, 1u) * sizeof *r->unit);
    r->y = malloc(SN_MAX(r->n, 1u));
    r->yd = malloc(SN_MAX(r->n, 1u) * sizeof *r->yd);
    if (d->cluster)
        r->cluster = malloc(SN_MAX(r->n, 1u) * sizeof *r->cluster);
    r->model = calloc(d->n_models, sizeof *r->model);
    if (!r->unit || !r->y || !r->yd || (d->cluster && !r->cluster) || !r->model)
        return SN_NOMEM(err, "a set");
    r->n = 0;
    for (size_t u = 0; u < d->n; u++) {
        if (d->set[u] != set)
            continue;
        r->unit[r->n] = u;
        r->y[r->n] = d->y[u];
        r->yd[r->n] = d->y[u];
        if (d->cluster)
            r->cluster[r->n] = d->cluster[u];
        r->events += d->y[u];
        r->n++;
    }
    for (size_t k = 0; k < d->n_models; k++) {
        r->score[k] = malloc(SN_MAX(r->n, 1u) * sizeof *r->score[k]);
        if (!r->score[k])
            return SN_NOMEM(err, "a set");
        for (size_t i = 0; i < r->n; i++)
            r->score[k][i] = d->score[k][r->unit[i]];
    }
    r->usable = r->events > 0 && r->events < r->n;
    r->prevalence = r->n ? (double)r->events / (double)r->n : (double)NAN;
    return SN_OK;
}

/* A set without both outcomes shows counts only; an evaluation needs at least one that has two cases of each, for an interval. */
static int build_sets(struct sn_eval *e, struct sn_error *err)
{
    struct sn_eval_data *d = e->d;
    size_t usable = 0, enough = 0, events = 0;

    e->set = calloc(d->n_sets, sizeof *e->set);
    if (!e->set)
        return SN_NOMEM(err, "the sets");
    for (size_t s = 0; s < d->n_sets; s++) {
        struct sn_eval_result *r = &e->set[s];

        SN_TRY(fill_set(d, (int)s, r, err));
        usable += r->usable;
        enough += r->events >= 2 && r->n - r->events >= 2;
        events += r->events;
        if (!r->usable)
            sn_eval_note(e, "Set %s: all %zu cases have outcome %d; only counts are shown.", r->name, r->n, r->events > 0);
    }
    if (!usable)
        return SN_FAIL(err, SN_EFORMAT, "%s: column '%s': the %zu usable cases all have outcome %d; both outcomes are needed", d->table.file,
                       e->o->names.outcome, d->n, d->y[0]);
    if (!enough)
        return SN_FAIL(err, SN_EFORMAT, "%s: column '%s': %zu usable cases, %zu with the event: too few; a set needs two of each outcome", d->table.file,
                       e->o->names.outcome, d->n, events);
    for (size_t s = 0; s < d->n_sets; s++)
        for (size_t k = 0; k < d->n_models && e->set[s].usable; k++)
            SN_TRY(sn_roc_build(e->set[s].score[k], e->set[s].yd, e->set[s].n, &e->set[s].roc[k], err));
    return SN_OK;
}

/* ---- recalibration ---------------------------------------------------------------------------------- */

static int training_set(const struct sn_eval *e, const char *why, int *set, struct sn_error *err)
{
    const char *name = e->o->threshold_from ? e->o->threshold_from : "train";

    *set = sn_eval_set(e->d, name);
    if (*set < 0)
        return SN_FAIL(err, SN_EINVAL, "%s needs a set '%.60s', and %s has none; see --set and --threshold-from", why, name, e->d->table.file);
    return SN_OK;
}

/* A further model: the first one's risks, recalibrated on the training set. */
static int recalibrate(struct sn_eval *e, struct sn_error *err)
{
    struct sn_eval_data *d = e->d;
    enum sn_recal_method method;
    struct sn_risks risks = { .n = 0 };
    double *p = NULL, *q;
    uint8_t *y = NULL;
    size_t n = 0;
    char name[200];
    int set, rc;

    if (!e->o->recalibrate)
        return SN_OK;
    if (!sn_recal_parse_method(e->o->recalibrate, &method))
        return SN_FAIL(err, SN_EINVAL, "--recalibrate does not know '%.40s'", e->o->recalibrate);
    if (!d->probability[0])
        return SN_FAIL(err, SN_EINVAL, "--recalibrate: '%.60s' is not a risk: it has values outside 0 to 1", d->model[0]);
    if (d->n_models == SN_EVAL_MODELS)
        return SN_FAIL(err, SN_ELIMIT, "--recalibrate: at most %d scores", SN_EVAL_MODELS - 1);
    SN_TRY(training_set(e, "--recalibrate", &set, err));
    p = malloc(d->n * sizeof *p);
    y = malloc(d->n);
    q = d->score[d->n_models] = malloc(d->n * sizeof *q);
    if (!p || !y || !q) {
        rc = SN_NOMEM(err, "the recalibration");
        goto out;
    }
    for (size_t u = 0; u < d->n; u++)
        if (d->set[u] == set) {
            p[n] = d->score[0][u];
            y[n++] = d->y[u];
        }
    SN_TRY_OUT(sn_risks_init(&risks, p, y, n, e->o->extreme, err));
    SN_TRY_OUT(sn_recal_fit(&risks, method, &e->recal, err));
    SN_TRY_OUT(sn_recal_apply(&e->recal, d->score[0], d->n, q, NULL, err));
    (void)snprintf(e->recal.trained_on, sizeof e->recal.trained_on, "%.60s of %.60s", d->set_name[set], d->table.file);
    (void)snprintf(name, sizeof name, "%.60s (%s)", d->model[0], sn_recal_method_name(method));
    d->model[d->n_models] = sn_arena_strdup(&d->arena, name, strlen(name), err);
    if (!d->model[d->n_models]) {
        rc = SN_NOMEM(err, "a name");
        goto out;
    }
    d->probability[d->n_models++] = true;
    (void)snprintf(e->recal_text, sizeof e->recal_text, "%s recalibration of %.60s fitted on %.60s (n = %zu)", sn_recal_method_name(method), d->model[0],
                   d->set_name[set], n);
out:
    sn_risks_free(&risks);
    free(p);
    free(y);
    return rc ? sn_fail_context(err, rc, "recalibration") : SN_OK;
}

/* ---- thresholds ------------------------------------------------------------------------------------- */

/* "0.3", or "risk=0.3,p_a=0.5". */
static int stated_thresholds(struct sn_eval *e, struct sn_error *err)
{
    const char *p = e->o->threshold;
    double v;

    if (sn_parse_double(p, &v)) {
        for (size_t k = 0; k < e->d->n_models; k++)
            e->threshold[k] = v;
        return SN_OK;
    }
    while (*p) {
        size_t n = strcspn(p, ","), eq = strcspn(p, "=");
        char name[200];
        int k;

        (void)snprintf(name, sizeof name, "%.*s", (int)SN_MIN(eq, n), p);
        k = sn_eval_model(e->d, name);
        if (eq >= n || !sn_parse_double_n(p + eq + 1, n - eq - 1, &v))
            return SN_FAIL(err, SN_EINVAL, "--threshold needs a number, or NAME=NUMBER for each score, found '%.60s'", e->o->threshold);
        if (k < 0)
            return SN_FAIL(err, SN_EINVAL, "--threshold: '%.60s' is none of the scores", name);
        e->threshold[k] = v;
        p += n + (p[n] == ',');
    }
    return SN_OK;
}

static const char *rule_name(const struct sn_cut_rule *c, char *buf, size_t room)
{
    char v[2][48], weights[120] = "";

    if (c->cost > 0.0)
        (void)snprintf(weights, sizeof weights, ", a missed event costs %s false alarms, prevalence %s", sn_fixed(c->cost, 2, v[0]), sn_fixed(c->prevalence, 3, v[1]));

    switch (c->kind) {
    case SN_CUT_CLOSEST: (void)snprintf(buf, room, "closest to perfect%s", weights); break;
    case SN_CUT_SENSITIVITY: (void)snprintf(buf, room, "sensitivity at least %s", sn_fixed(c->target, 3, v[0])); break;
    case SN_CUT_SPECIFICITY: (void)snprintf(buf, room, "specificity at least %s", sn_fixed(c->target, 3, v[0])); break;
    default: (void)snprintf(buf, room, "largest Youden index%s", weights); break;
    }
    return buf;
}

static int chosen_thresholds(struct sn_eval *e, int set, struct sn_pool *pool, struct sn_error *err)
{
    const struct sn_eval_result *r = &e->set[set];
    char rule[200];

    if (!r->usable)
        return SN_FAIL(err, SN_EFORMAT, "%s: set '%.60s' has one outcome only; no threshold can be chosen on it", e->d->table.file, r->name);
    for (size_t k = 0; k < e->d->n_models; k++) {
        struct sn_cut cut;

        SN_TRY(sn_roc_cut(&r->roc[k], &e->o->cut, &cut, err));
        if (isfinite(cut.threshold)) {
            e->threshold[k] = cut.threshold;
            SN_TRY(sn_eval_threshold_ci(e, r, k, pool, err));
        } else {
            sn_eval_note(e, "%s: the rule finds no finite threshold on %s.", e->d->model[k], r->name);
        }
    }
    (void)snprintf(e->threshold_origin, sizeof e->threshold_origin, "chosen on %.40s (%s, n = %zu) and frozen", r->name,
                   rule_name(&e->o->cut, rule, sizeof rule), r->n);
    return SN_OK;
}

static int thresholds(struct sn_eval *e, struct sn_pool *pool, struct sn_error *err)
{
    int set;

    for (size_t k = 0; k < SN_EVAL_MODELS; k++)
        e->threshold[k] = e->threshold_ci[k].v = e->threshold_ci[k].lo = e->threshold_ci[k].hi = (double)NAN;
    if (e->o->threshold) {
        (void)snprintf(e->threshold_origin, sizeof e->threshold_origin, "stated beforehand");
        return stated_thresholds(e, err);
    }
    set = sn_eval_set(e->d, "train");
    if (e->o->threshold_from)
        SN_TRY(training_set(e, "--threshold-from", &set, err));
    if (set >= 0 && (e->o->threshold_from || e->set[set].usable))
        return chosen_thresholds(e, set, pool, err);
    (void)snprintf(e->threshold_origin, sizeof e->threshold_origin, "none");
    sn_eval_note(e, "No threshold was stated and there is no set to choose one on: operating points are left out. One chosen on the "
                    "cases it is judged by would flatter the model; see --threshold and --threshold-from.");
    return SN_OK;
}

/* ---- all together -------------------------------------------------------------------------------------- */

static int decision_thresholds(struct sn_eval *e, struct sn_error *err)
{
    const struct sn_dca_thresholds range = sn_dca_range(e->o->range_lo, e->o->range_hi);

    e->t = malloc(1001 * sizeof *e->t);
    if (!e->t)
        return SN_NOMEM(err, "the thresholds");
    return sn_dca_thresholds(&range, e->t, 1001, &e->n_thresholds, err);
}

static void cautions(struct sn_eval *e)
{
    for (size_t s = 0; s < e->d->n_sets; s++) {
        const struct sn_eval_result *r = &e->set[s];

        if (!r->usable)
            continue;
        if (strcmp(r->name, "train") == 0)
            sn_eval_note(e, "Set train: these cases were used to fit the models; every figure on them is optimistic.");
        else if (r->events < 100 || r->n - r->events < 100)
            sn_eval_note(e, "Set %s: %zu cases with and %zu without the event; external validation wants at least 100 of each (Collins 2016).",
                         r->name, r->events, r->n - r->events);
    }
    if (e->d->cluster)
        sn_eval_note(e, "Cases in one cluster are not independent: AUC intervals and tests, and the bootstrap ones of rates, are of clusters; the other intervals of "
                        "rates, McNemar's test and calibration take cases as independent and are too narrow.");
    for (size_t k = 0; k < e->d->n_models; k++)
        if (!e->d->probability[k])
            sn_eval_note(e, "%s has values outside 0 to 1, so it is no risk: calibration and net benefit are left out for it.", e->d->model[k]);
}

int sn_eval_run(struct sn_eval *e, const struct sn_eval_options *o, struct sn_eval_data *d, struct sn_pool *pool, struct sn_error *err)
{
    int rc;

    *e = (struct sn_eval){ .o = o, .d = d };
    sn_arena_init(&e->arena, 0);
    if (o->claim && sn_eval_model(d, o->claim) < 0)
        return SN_FAIL(err, SN_EINVAL, "--claim: '%.60s' is none of the scores", o->claim);
    SN_TRY_OUT(recalibrate(e, err));
    SN_TRY_OUT(decision_thresholds(e, err));
    SN_TRY_OUT(build_sets(e, err));
    SN_TRY_OUT(thresholds(e, pool, err));
    cautions(e);
    if (o->reads)
        SN_TRY_OUT(sn_table_read(o->reads, o->names.encoding, &e->reads, err));
    for (size_t s = 0; s < d->n_sets; s++) {
        SN_TRY_OUT(sn_eval_models(e, &e->set[s], pool, err));
        SN_TRY_OUT(sn_eval_pairs(e, &e->set[s], pool, err));
        SN_TRY_OUT(sn_eval_subgroups(e, &e->set[s], err));
        SN_TRY_OUT(sn_eval_reclassify(e, &e->set[s], pool, err));
    }
    SN_TRY_OUT(sn_eval_between_sets(e, err));
    SN_TRY_OUT(sn_eval_characteristics(e, err));
    if (o->reads)
        SN_TRY_OUT(sn_eval_readers(e, err));
    if (e->notes.failed)
        rc = SN_NOMEM(err, "the notes");
out:
    if (rc)
        sn_eval_free(e);
    return rc;
}

static void free_model(struct sn_eval_model *m)
{
    free(m->band_lo);
    free(m->band_hi);
    free(m->dca);
    free(m->dca_band);
    free(m->risk[0]);
    free(m->risk[1]);
    sn_calibration_curve_free(&m->calibration.curve);
}

void sn_eval_free(struct sn_eval *e)
{
    for (size_t s = 0; e->set && s < e->d->n_sets; s++) {
        struct sn_eval_result *r = &e->set[s];

        for (size_t k = 0; r->model && k < e->d->n_models; k++)
            free_model(&r->model[k]);
        for (size_t k = 0; k < SN_EVAL_MODELS; k++) {
            free(r->score[k]);
            sn_roc_free(&r->roc[k]);
        }
        for (size_t k = 0; k < r->n_pairs; k++)
            free(r->pair[k].dca);
        free(r->unit);
        free(r->y);
        free(r->yd);
        free(r->cluster);
        free(r->model);
        free(r->pair);
        free(r->group);
        free(r->subgroup);
        free(r->reader);
        free(r->treat_all);
        free(r->treat_all_band);
    }
    free(e->set);
    free(e->between);
    free(e->t);
    sn_recal_free(&e->recal);
    sn_buf_free(&e->notes);
    sn_table_free(&e->reads);
    sn_arena_free(&e->arena);
    *e = (struct sn_eval){ .o = NULL };
}
