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
    size_t *rows;
    size_t n;
    struct sn_resample draw; /* of patients */
    int a, b;                /* comparisons; b: of the difference */
};

/* Statistics of weighted rows; weight NULL: each once. */
static void statistics(void *ctx, const uint32_t *weight, int thread, double *out)
{
    const struct view *v = ctx;
    double sum[SN_DICE_METRICS] = { 0 }, count[SN_DICE_METRICS] = { 0 }, common = 0, both = 0;

    (void)thread;
    for (size_t i = 0; i < v->n; i++) {
        const struct sn_dice_measure *m = &v->d->cases[v->rows[i]].m[v->a];
        double w = weight ? (double)weight[i] : 1;

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

static void difference(void *ctx, const uint32_t *weight, int thread, double *out)
{
    const struct view *v = ctx;
    double sum = 0, count = 0;

    (void)thread;
    for (size_t i = 0; i < v->n; i++) {
        const struct sn_dice_case *c = &v->d->cases[v->rows[i]];
        double x = c->m[v->a].o.dice - c->m[v->b].o.dice, w = weight ? (double)weight[i] : 1;

        if (isfinite(x)) {
            sum += w * x;
            count += w;
        }
    }
    *out = count > 0 ? sum / count : (double)NAN;
}

/* Rows of a set, and how its patients are drawn. */
static int select_rows(const struct sn_dice_set *d, const char *set, struct view *v, struct sn_error *err)
{
    uint32_t *patient = calloc(d->n, sizeof *patient);
    int rc;

    v->rows = calloc(d->n, sizeof *v->rows);
    if (!v->rows || !patient) {
        free(patient);
        return SN_NOMEM(err, "a set's cases");
    }
    for (size_t i = 0; i < d->n; i++)
        if (!set || strcmp(d->cases[i].set, set) == 0) {
            patient[v->n] = (uint32_t)d->cases[i].patient;
            v->rows[v->n++] = i;
        }
    rc = sn_resample_init(&v->draw, v->n, NULL, patient, err);
    free(patient);
    return rc;
}

static void release(struct view *v)
{
    free(v->rows);
    sn_resample_free(&v->draw);
}

/* Percentile intervals of fn's k statistics; NaN without a bootstrap, or with one patient. */
static int intervals(struct view *v, const struct sn_dice_options *opt, struct sn_pool *pool, sn_boot_fn *fn, size_t k, struct sn_boot_ci *ci,
                     struct sn_error *err)
{
    struct sn_boot boot = { .resample = &v->draw, .seed = opt->seed, .replicates = opt->boot, .k = k, .fn = fn, .ctx = v, .pool = pool };

    for (size_t i = 0; i < k; i++)
        ci[i] = (struct sn_boot_ci){ .lo = NAN, .hi = NAN };
    return opt->boot && v->draw.units > 1 ? sn_boot_intervals(&boot, opt->level, ci, err) : SN_OK;
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
    struct sn_boot_ci ci[K];
    double value[K], *room = NULL;
    int rc;

    memset(s, 0, sizeof *s);
    SN_TRY_OUT(select_rows(d, set, &v, err));
    s->patients = v.draw.units;
    room = calloc(v.n + 1, sizeof *room);
    if (!room) {
        rc = SN_NOMEM(err, "a set's cases");
        goto out;
    }
    s->n = v.n;
    statistics(&v, NULL, 0, value);
    SN_TRY_OUT(intervals(&v, opt, pool, statistics, K, ci, err));
    for (int k = 0; k < K; k++) {
        s->stat[k].value = value[k];
        s->stat[k].median = s->stat[k].sd = NAN;
        if (k < SN_DICE_METRICS)
            spread(&v, k, room, &s->stat[k]);
        else
            s->stat[k].n = v.n;
        s->stat[k].lo = ci[k].lo;
        s->stat[k].hi = ci[k].hi;
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
    struct sn_boot_ci ci;
    int rc;

    *diff = (struct sn_dice_stat){ .median = NAN, .sd = NAN };
    SN_TRY_OUT(select_rows(d, set, &v, err));
    difference(&v, NULL, 0, &diff->value);
    for (size_t i = 0; i < v.n; i++)
        diff->n += isfinite(d->cases[v.rows[i]].m[a].o.dice - d->cases[v.rows[i]].m[b].o.dice) != 0;
    SN_TRY_OUT(intervals(&v, opt, pool, difference, 1, &ci, err));
    diff->lo = ci.lo;
    diff->hi = ci.hi;
out:
    release(&v);
    return rc;
}

int sn_dice_sizes(const struct sn_dice_set *d, const struct sn_dice_options *opt, int comparison, const char *set, int what,
                  struct sn_dice_size *size, struct sn_error *err)
{
    struct view v = { .d = d };
    double *x = NULL;
    size_t n = 0;
    int rc;

    memset(size, 0, sizeof *size);
    SN_TRY_OUT(select_rows(d, set, &v, err));
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
