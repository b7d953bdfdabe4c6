/* dice_sum.c: means over cases, values pooled over pixels, and their bootstrap intervals by patient. */
#include "tools/dice.h"

#include <math.h>
#include <stdlib.h>

const char *const sn_dice_metric_names[SN_DICE_METRICS + SN_DICE_POOLED] = {
    "dice", "iou", "box_iou", "boundary_iou", "hd", "hd95", "assd", "nsd", "area_error", "centroid", "pooled_dice", "pooled_iou",
};

double sn_dice_metric(const struct sn_dice_measure *m, int k)
{
    const double v[SN_DICE_METRICS] = { m->o.dice, m->o.iou,  m->o.box_iou, m->o.boundary_iou, m->s.hd,
                                        m->s.hd95, m->s.assd, m->s.nsd,     m->o.area_error,   m->o.centroid_mm };

    return v[k];
}

/* What one replicate looks at: the rows of the set, ordered as in the table. */
struct view {
    const struct sn_dice_set *d;
    const size_t *rows;
    const size_t *cluster; /* [n] 0.. of each row */
    size_t n;
    int a, b;              /* comparisons; b: of the difference */
};

/* Statistics of weighted rows; times NULL: each once. */
static void statistics(const void *ctx, const uint32_t *times, double *out)
{
    const struct view *v = ctx;
    double sum[SN_DICE_METRICS] = { 0 }, count[SN_DICE_METRICS] = { 0 }, common = 0, both = 0;

    for (size_t i = 0; i < v->n; i++) {
        const struct sn_dice_measure *m = &v->d->cases[v->rows[i]].m[v->a];
        double w = times ? (double)times[v->cluster[i]] : 1;

        if (w == 0)
            continue;
        for (int k = 0; k < SN_DICE_METRICS; k++) {
            double x = sn_dice_metric(m, k);

            if (isfinite(x)) {
                sum[k] += w * x;
                count[k] += w;
            }
        }
        common += w * (double)m->o.common;
        both += w * ((double)m->o.manual + (double)m->o.automatic);
    }
    for (int k = 0; k < SN_DICE_METRICS; k++)
        out[k] = count[k] > 0 ? sum[k] / count[k] : (double)NAN;
    out[SN_DICE_METRICS] = both > 0 ? 2 * common / both : (double)NAN;
    out[SN_DICE_METRICS + 1] = both > 0 ? common / (both - common) : (double)NAN;
}

static void difference(const void *ctx, const uint32_t *times, double *out)
{
    const struct view *v = ctx;
    double sum = 0, count = 0;

    for (size_t i = 0; i < v->n; i++) {
        const struct sn_dice_case *c = &v->d->cases[v->rows[i]];
        double x = c->m[v->a].o.dice - c->m[v->b].o.dice, w = times ? (double)times[v->cluster[i]] : 1;

        if (isfinite(x)) {
            sum += w * x;
            count += w;
        }
    }
    *out = count > 0 ? sum / count : (double)NAN;
}

/* Rows of a set, and their patients numbered anew without gaps. */
static int select_rows(const struct sn_dice_set *d, const char *set, struct view *v, size_t *patients, struct sn_error *err)
{
    size_t *rows = calloc(d->n, sizeof *rows), *cluster = calloc(d->n, sizeof *cluster);
    size_t *number = calloc(d->n_patients, sizeof *number);

    *patients = 0;
    v->rows = rows;
    v->cluster = cluster;
    v->n = 0;
    if (!rows || !cluster || !number) {
        free(number);
        return SN_NOMEM(err, "a set's cases");
    }
    for (size_t i = 0; i < d->n; i++) {
        size_t p = d->cases[i].patient;

        if (set && strcmp(d->cases[i].set, set) != 0)
            continue;
        if (!number[p])
            number[p] = ++*patients;
        rows[v->n] = i;
        cluster[v->n++] = number[p] - 1;
    }
    free(number);
    return SN_OK;
}

static void release(struct view *v)
{
    free((void *)(uintptr_t)v->rows);
    free((void *)(uintptr_t)v->cluster);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median and standard deviation of the finite values; how many others there are. */
static void spread(const struct view *v, int k, double *room, struct sn_dice_stat *s)
{
    double ss = 0;

    s->median = s->sd = NAN;
    for (size_t i = 0; i < v->n; i++) {
        double x = sn_dice_metric(&v->d->cases[v->rows[i]].m[v->a], k);

        if (isfinite(x))
            room[s->n++] = x;
        s->infinite += isinf(x) != 0;
        s->undefined += isnan(x) != 0;
    }
    if (!s->n)
        return;
    qsort(room, s->n, sizeof *room, ascending);
    s->median = sn_percentile_sorted(room, s->n, 50);
    for (size_t i = 0; i < s->n; i++)
        ss += (room[i] - s->value) * (room[i] - s->value);
    if (s->n > 1)
        s->sd = sqrt(ss / (double)(s->n - 1));
}

int sn_dice_summarise(const struct sn_dice_set *d, const struct sn_dice_options *opt, int comparison, const char *set,
                      struct sn_pool *pool, struct sn_dice_summary *s, struct sn_error *err)
{
    enum { K = SN_DICE_METRICS + SN_DICE_POOLED };
    struct view v = { .d = d, .a = comparison };
    struct sn_cluster_ci boot[K];
    double value[K], *room = NULL;
    int rc;

    memset(s, 0, sizeof *s);
    SN_TRY_OUT(select_rows(d, set, &v, &s->patients, err));
    room = calloc(v.n + 1, sizeof *room);
    if (!room) {
        rc = SN_NOMEM(err, "a set's cases");
        goto out;
    }
    s->n = v.n;
    statistics(&v, NULL, value);
    for (int k = 0; k < K; k++) {
        boot[k] = (struct sn_cluster_ci){ NAN, NAN, 0 };
        s->stat[k].value = value[k];
        s->stat[k].median = s->stat[k].sd = NAN;
        if (k < SN_DICE_METRICS)
            spread(&v, k, room, &s->stat[k]);
        else
            s->stat[k].n = v.n;
    }
    if (opt->boot && s->patients > 1)
        rc = sn_boot_clusters(s->patients, opt->boot, opt->seed, statistics, &v, K, opt->level, pool, boot, err);
    for (int k = 0; k < K; k++) {
        s->stat[k].lo = boot[k].lo;
        s->stat[k].hi = boot[k].hi;
    }
out:
    free(room);
    release(&v);
    return rc;
}

int sn_dice_difference(const struct sn_dice_set *d, const struct sn_dice_options *opt, int a, int b, const char *set,
                       struct sn_pool *pool, struct sn_dice_stat *diff, struct sn_error *err)
{
    struct view v = { .d = d, .a = a, .b = b };
    struct sn_cluster_ci boot = { NAN, NAN, 0 };
    size_t patients;
    int rc;

    *diff = (struct sn_dice_stat){ .median = NAN, .sd = NAN };
    SN_TRY_OUT(select_rows(d, set, &v, &patients, err));
    difference(&v, NULL, &diff->value);
    for (size_t i = 0; i < v.n; i++)
        diff->n += isfinite(d->cases[v.rows[i]].m[a].o.dice - d->cases[v.rows[i]].m[b].o.dice) != 0;
    if (opt->boot && patients > 1)
        rc = sn_boot_clusters(patients, opt->boot, opt->seed, difference, &v, 1, opt->level, pool, &boot, err);
    diff->lo = boot.lo;
    diff->hi = boot.hi;
out:
    release(&v);
    return rc;
}

int sn_dice_sizes(const struct sn_dice_set *d, const struct sn_dice_options *opt, int comparison, const char *set, int what,
                  struct sn_dice_size *size, struct sn_error *err)
{
    struct view v = { .d = d };
    double *x = NULL;
    size_t patients, n = 0;
    int rc;

    memset(size, 0, sizeof *size);
    SN_TRY_OUT(select_rows(d, set, &v, &patients, err));
    x = calloc(4 * (v.n + 1), sizeof *x);
    if (!x) {
        rc = SN_NOMEM(err, "sizes");
        goto out;
    }
    for (size_t i = 0; i < v.n; i++) { /* x: manual, then automatic, then the two side by side */
        const struct sn_overlap *o = &d->cases[v.rows[i]].m[comparison].o;

        if (!o->manual || !o->automatic)
            continue;
        x[n] = what ? o->length_manual : o->area_manual;
        x[v.n + n] = what ? o->length_automatic : o->area_automatic;
        x[2 * v.n + 2 * n] = x[n];
        x[2 * v.n + 2 * n + 1] = x[v.n + n];
        n++;
    }
    size->n = n;
    size->ok = n >= 2;
    if (size->ok) {
        SN_TRY_OUT(sn_bland_altman(x, x + v.n, n, opt->level, &size->ba, err));
        rc = sn_icc(x + 2 * v.n, n, 2, opt->level, &size->icc, err);
    }
out:
    free(x);
    release(&v);
    return rc;
}
