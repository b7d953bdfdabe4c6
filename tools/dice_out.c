/* dice_out.c: what `sentinode dice` writes: a row per case, results.json, a summary for people. */
#include "tools/dice.h"
#include "tools/html.h"

#include <math.h>
#include <stdio.h>

static const char *const size_names[] = { "area", "longest_diameter" };

/* ---- dice.csv ------------------------------------------------------------------------------------------------ */

static void put_number(struct sn_buf *b, double v)
{
    char text[32];

    sn_buf_printf(b, ",%s", isnan(v) ? "" : sn_format_double(v, text)); /* empty: undefined; inf: a mask is empty */
}

static void put_row(struct sn_buf *b, const struct sn_dice_set *d, const struct sn_dice_case *c, int k)
{
    const struct sn_dice_measure *m = &c->m[k];

    sn_csv_put(b, c->id);
    if (d->n_sets) {
        sn_buf_puts(b, ",");
        sn_csv_put(b, c->set);
    }
    sn_buf_puts(b, ",");
    sn_csv_put(b, d->names[k]);
    for (int i = 0; i < SN_DICE_METRICS; i++)
        put_number(b, sn_dice_metric(m, i));
    put_number(b, m->o.area_manual);
    put_number(b, m->o.area_automatic);
    put_number(b, m->o.length_manual);
    put_number(b, m->o.length_automatic);
    sn_buf_printf(b, ",%zu,%zu,%zu,%u,%u", m->o.manual, m->o.automatic, m->o.common, c->width, c->height);
    put_number(b, d->physical ? c->spacing[0] : (double)NAN);
    put_number(b, d->physical ? c->spacing[1] : (double)NAN);
    sn_buf_puts(b, "\n");
}

void sn_dice_csv(const struct sn_dice_set *d, struct sn_buf *b)
{
    sn_buf_puts(b, d->n_sets ? "case,set,mask" : "case,mask");
    for (int i = 0; i < SN_DICE_METRICS; i++)
        sn_buf_printf(b, ",%s", sn_dice_metric_names[i]);
    sn_buf_puts(b, ",area_manual,area_automatic,length_manual,length_automatic,pixels_manual,pixels_automatic,"
                   "pixels_common,width,height,spacing_row_mm,spacing_column_mm\n");
    for (size_t i = 0; i < d->n; i++)
        for (int k = 0; k < d->n_comparisons; k++)
            put_row(b, d, &d->cases[i], k);
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static const char *range(double lo, double hi, int decimals, char *buf)
{
    char a[48], b[48];

    if (isnan(lo))
        return "";
    (void)snprintf(buf, 100, "%s to %s", sn_fixed(lo, decimals, a), sn_fixed(hi, decimals, b));
    return buf;
}

static void say_summary(struct sn_buf *say, const struct sn_dice_set *d, const char *name, const char *set, const struct sn_dice_summary *s)
{
    static const char *const labels[SN_DICE_METRICS + SN_DICE_POOLED] = {
        "Dice",  "IoU",  "box IoU",    "boundary IoU", "HD",          "HD95",
        "ASSD",  "NSD",  "area error", "centroid",     "pooled Dice", "pooled IoU",
    };
    const char *unit = d->physical ? "mm" : "pixels";
    char v[48], m[48], r[100];

    sn_buf_printf(say, "\n%s against the manual mask, %s: %zu cases, %zu %s\n", name, set ? set : "all", s->n, s->patients,
                 d->by_patient ? "patients" : "cases drawn");
    sn_buf_printf(say, "  %-20s %9s  %-20s %9s\n", "", "mean", "95 % interval", "median");
    for (int k = 0; k < SN_DICE_METRICS + SN_DICE_POOLED; k++) {
        const struct sn_dice_stat *t = &s->stat[k];
        bool length = (k >= 4 && k <= 6) || k == 9;
        char label[48];

        if ((k == SN_DICE_NSD && t->undefined == s->n) || (set && k != SN_DICE_DICE && k != SN_DICE_HD95 && k != SN_DICE_METRICS))
            continue; /* no tolerance was given; of a part of the cases the main figures, the rest is in results.json */
        (void)snprintf(label, sizeof label, "%s%s%s", labels[k], length ? ", " : "", length ? unit : "");
        sn_buf_printf(say, "  %-20s %9s  %-20s %9s", label, sn_fixed(t->value, 3, v), range(t->lo, t->hi, 3, r),
                     k < SN_DICE_METRICS ? sn_fixed(t->median, 3, m) : "");
        if (t->infinite + t->undefined)
            sn_buf_printf(say, "  (%zu infinite, %zu undefined left out)", t->infinite, t->undefined);
        sn_buf_printf(say, "\n");
    }
}

static void say_size(struct sn_buf *say, const struct sn_dice_set *d, int what, const struct sn_dice_size *z)
{
    char b[5][48], r[100];

    if (!z->ok)
        return;
    sn_buf_printf(say, "  %s, %s: bias %s, limits of agreement %s to %s; ICC(2,1) %s (%s), %zu cases\n",
                 what ? "longest diameter" : "area", d->physical ? (what ? "mm" : "mm2") : (what ? "pixels" : "pixels2"),
                 sn_fixed(z->ba.bias, 2, b[0]), sn_fixed(z->ba.lower, 2, b[1]), sn_fixed(z->ba.upper, 2, b[2]),
                 sn_fixed(z->icc.single[1].value, 3, b[3]), range(z->icc.single[1].lo, z->icc.single[1].hi, 3, r), z->n);
}

/* ---- results.json ------------------------------------------------------------------------------------------------- */

static void put_summary(struct sn_json *w, const struct sn_dice_summary *s)
{
    sn_json_kv_int(w, "cases", (int64_t)s->n);
    sn_json_kv_int(w, "patients", (int64_t)s->patients);
    sn_json_key(w, "metrics");
    sn_json_object(w);
    for (int k = 0; k < SN_DICE_METRICS + SN_DICE_POOLED; k++) {
        const struct sn_dice_stat *t = &s->stat[k];

        sn_json_key(w, sn_dice_metric_names[k]);
        sn_json_object(w);
        sn_json_kv_number(w, k < SN_DICE_METRICS ? "mean" : "value", t->value);
        sn_json_kv_number(w, "lo", t->lo);
        sn_json_kv_number(w, "hi", t->hi);
        if (k < SN_DICE_METRICS) {
            sn_json_kv_number(w, "median", t->median);
            sn_json_kv_number(w, "sd", t->sd);
            sn_json_kv_int(w, "n", (int64_t)t->n);
            sn_json_kv_int(w, "infinite", (int64_t)t->infinite);
            sn_json_kv_int(w, "undefined", (int64_t)t->undefined);
        }
        sn_json_end_object(w);
    }
    sn_json_end_object(w);
}

static void put_icc(struct sn_json *w, const char *key, const struct sn_icc *c)
{
    sn_json_key(w, key);
    sn_json_object(w);
    sn_json_kv_number(w, "value", c->value);
    sn_json_kv_number(w, "lo", c->lo);
    sn_json_kv_number(w, "hi", c->hi);
    sn_json_end_object(w);
}

static void put_size(struct sn_json *w, const char *name, const struct sn_dice_size *z)
{
    const struct sn_bland_altman *b = &z->ba;

    sn_json_key(w, name);
    if (!z->ok) {
        sn_json_null(w);
        return;
    }
    sn_json_object(w);
    sn_json_kv_int(w, "n", (int64_t)z->n);
    sn_json_kv_number(w, "bias", b->bias);
    sn_json_kv_number(w, "bias_lo", b->bias_lo);
    sn_json_kv_number(w, "bias_hi", b->bias_hi);
    sn_json_kv_number(w, "sd", b->sd);
    sn_json_kv_number(w, "lower_limit", b->lower);
    sn_json_kv_number(w, "lower_limit_lo", b->lower_lo);
    sn_json_kv_number(w, "lower_limit_hi", b->lower_hi);
    sn_json_kv_number(w, "upper_limit", b->upper);
    sn_json_kv_number(w, "upper_limit_lo", b->upper_lo);
    sn_json_kv_number(w, "upper_limit_hi", b->upper_hi);
    sn_json_kv_number(w, "slope", b->slope);
    sn_json_kv_number(w, "slope_p", b->slope_p);
    put_icc(w, "icc_1_1", &z->icc.single[0]);
    put_icc(w, "icc_2_1", &z->icc.single[1]);
    put_icc(w, "icc_3_1", &z->icc.single[2]);
    sn_json_end_object(w);
}

/* One comparison in one set. */
static int put_comparison(const struct sn_dice_set *d, const struct sn_dice_options *opt, int k, const char *set,
                          struct sn_pool *pool, struct sn_json *w, struct sn_buf *say, struct sn_error *err)
{
    struct sn_dice_summary s;
    struct sn_dice_size size;

    SN_TRY(sn_dice_summarise(d, opt, k, set, pool, &s, err));
    if (say)
        say_summary(say, d, d->names[k], set, &s);
    sn_json_object(w);
    sn_json_kv(w, "mask", d->names[k]);
    sn_json_kv_bool(w, "second_annotator", d->annotators && k == d->n_comparisons - 1);
    sn_json_kv(w, "set", set);
    put_summary(w, &s);
    sn_json_key(w, "size");
    sn_json_object(w);
    for (int what = 0; what < 2; what++) {
        SN_TRY(sn_dice_sizes(d, opt, k, set, what, &size, err));
        put_size(w, size_names[what], &size);
        if (say && !set)
            say_size(say, d, what, &size);
    }
    sn_json_end_object(w);
    sn_json_end_object(w);
    return SN_OK;
}

/* Every pair of comparisons: a model against the next one, and against the second annotator, the ceiling. */
static int put_differences(const struct sn_dice_set *d, const struct sn_dice_options *opt, struct sn_pool *pool,
                           struct sn_json *w, struct sn_buf *say, struct sn_error *err)
{
    char v[48], r[100];

    sn_json_key(w, "differences");
    sn_json_array(w);
    for (int a = 0; a < d->n_comparisons; a++)
        for (int b = a + 1; b < d->n_comparisons; b++) {
            struct sn_dice_stat diff;
            bool crosses;

            SN_TRY(sn_dice_difference(d, opt, a, b, NULL, pool, &diff, err));
            crosses = !(diff.lo > 0 || diff.hi < 0);
            sn_json_object(w);
            sn_json_kv(w, "first", d->names[a]);
            sn_json_kv(w, "second", d->names[b]);
            sn_json_kv_int(w, "n", (int64_t)diff.n);
            sn_json_kv_number(w, "mean_dice_difference", diff.value);
            sn_json_kv_number(w, "lo", diff.lo);
            sn_json_kv_number(w, "hi", diff.hi);
            sn_json_end_object(w);
            if (say)
                sn_buf_printf(say, "\nDice of %s minus %s%s: %s (%s)%s\n", d->names[a], d->names[b],
                             d->annotators && b == d->n_comparisons - 1 ? " (second annotator: the ceiling)" : "",
                             sn_fixed(diff.value, 3, v), range(diff.lo, diff.hi, 3, r),
                             isnan(diff.lo) ? "" : crosses ? ": these data do not show which is better" : "");
        }
    sn_json_end_array(w);
    return SN_OK;
}

static void put_settings(const struct sn_dice_set *d, const struct sn_dice_options *opt, struct sn_json *w)
{
    sn_json_kv(w, "format", "sentinode-dice");
    sn_json_kv_int(w, "version", 1);
    sn_json_kv(w, "program", SN_VERSION);
    sn_json_kv_bool(w, "research_use_only", true);
    sn_json_kv(w, "table", d->table.file);
    sn_json_kv(w, "table_sha256", d->table.sha256);
    sn_json_kv(w, "surface", sn_surface_name(opt->surface));
    sn_json_kv(w, "empty", sn_empty_name(opt->empty));
    sn_json_kv_number(w, "tau_mm", opt->tau);
    sn_json_kv(w, "unit", d->physical ? "mm" : "pixels");
    sn_json_kv(w, "spacing_from", d->spacing_from);
    sn_json_kv(w, "cluster", d->by_patient ? opt->patient : opt->id);
    sn_json_kv_number(w, "level", opt->level);
    sn_json_kv_int(w, "bootstrap_replicates", (int64_t)opt->boot);
    sn_json_kv_seed(w, opt->seed);
}

int sn_dice_results(const struct sn_dice_set *d, const struct sn_dice_options *opt, struct sn_pool *pool, struct sn_json *w,
                    struct sn_buf *say, struct sn_error *err)
{
    sn_json_object(w);
    put_settings(d, opt, w);
    if (say)
        sn_buf_printf(say, "%s: %zu cases; surfaces as %s; spacing from %s; both masks empty: %s\nresearch use only\n", d->table.file, d->n,
                     sn_surface_name(opt->surface), d->spacing_from, sn_empty_name(opt->empty));
    sn_json_key(w, "comparisons");
    sn_json_array(w);
    for (int k = 0; k < d->n_comparisons; k++) {
        SN_TRY(put_comparison(d, opt, k, NULL, pool, w, say, err));
        for (int s = 0; s < d->n_sets && d->n_sets > 1; s++)
            SN_TRY(put_comparison(d, opt, k, d->sets[s], pool, w, say, err));
    }
    sn_json_end_array(w);
    SN_TRY(put_differences(d, opt, pool, w, say, err));
    sn_json_end_object(w);
    if (say && opt->boot)
        sn_buf_printf(say, "\nintervals: %zu bootstrap replicates drawn by %s, seed %llu\n", opt->boot, d->by_patient ? "patient" : "case",
                     (unsigned long long)opt->seed);
    return w->buf.failed || (say && say->failed) ? SN_NOMEM(err, "the results") : SN_OK;
}
