/*
 * dice_svg.c: mask agreement on one page: Dice of every case beside its quartiles, and the longest diameter by both masks as
 * Bland and Altman draw it. Black on white, told apart by shape.
 */
#include "tools/dice.h"
#include "tools/figures_parts.h"
#include "tools/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct sn_pen ring = { .colour = "#000", .width = 0.9 }, box = { .colour = "#000", .width = 1.3 }, thick = { .colour = "#000", .width = 2.4 },
                           dashed = { .colour = "#000", .width = 1.2, .dash = "7 4" }, grey = { .fill = "#bbb", .opacity = 0.5 };

/* ---- Dice -------------------------------------------------------------------------------------------------------- */

/* Box of quartiles, a line at the median, every case as a ring, spread sideways by its place in the table. */
static void column(const struct sn_plot *p, const struct sn_dice_set *d, int k, double *v)
{
    const double x = k + 0.5, room = SN_MIN(p->w / d->n_comparisons, 30 * SN_MM), half = 0.35 * room / p->w * d->n_comparisons;
    const struct sn_text small = { .size = SN_SVG_SMALL, .anchor = SN_MIDDLE };
    char label[100];
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++) {
        double dice = d->cases[i].m[k].o.dice;

        if (!isfinite(dice))
            continue;
        sn_plot_marker(p, SN_CIRCLE, x + ((double)(i * 7 % 11) / 10 - 0.5) * 1.4 * half, dice, 2.6, &ring);
        v[n++] = dice;
    }
    sn_svg_text_within(p->svg, sn_plot_x(p, x), p->y + p->h + 14, &small, d->names[k], room - 4);
    (void)snprintf(label, sizeof label, "n = %zu", n);
    sn_svg_text(p->svg, sn_plot_x(p, x), p->y + p->h + 27, &small, label);
    if (n && sn_sort(v, n, NULL))
        p->svg->b->failed = true;
    if (!n || p->svg->b->failed)
        return;
    sn_plot_bar(p, x - half, x + half, sn_percentile_sorted(v, n, 25), sn_percentile_sorted(v, n, 75), &box);
    for (int side = 0; side < 2; side++) /* whiskers to the last case, as every case is shown */
        sn_svg_line(p->svg, sn_plot_x(p, x), sn_plot_y(p, side ? v[n - 1] : v[0]), sn_plot_x(p, x), sn_plot_y(p, sn_percentile_sorted(v, n, side ? 75 : 25)), &box);
    sn_svg_line(p->svg, sn_plot_x(p, x - half), sn_plot_y(p, sn_percentile_sorted(v, n, 50)), sn_plot_x(p, x + half),
                sn_plot_y(p, sn_percentile_sorted(v, n, 50)), &thick);
}

static void dice(struct sn_svg *s, const struct sn_dice_set *d, double *v)
{
    struct sn_plot p = { .svg = s, .x = 15 * SN_MM, .y = 19 * SN_MM, .w = 62 * SN_MM, .h = 66 * SN_MM, .across = { 0, d->n_comparisons, .no_ticks = true },
                         .up = { 0, 1, .grid = true, .label = "Dice" } };

    sn_svg_text_within(s, p.x, p.y - 10, &(struct sn_text){ .bold = true }, "Dice against the manual mask, per case", p.w);
    sn_plot_frame(&p);
    for (int k = 0; k < d->n_comparisons; k++)
        column(&p, d, k, v);
}

/* ---- Bland-Altman --------------------------------------------------------------------------------------------------- */

static void level(const struct sn_plot *p, double v, double lo, double hi, const struct sn_pen *pen)
{
    char label[48];

    if (isfinite(lo) && hi > lo)
        sn_plot_bar(p, p->across.lo, p->across.hi, lo, hi, &grey);
    sn_svg_line(p->svg, p->x, sn_plot_y(p, v), p->x + p->w, sn_plot_y(p, v), pen);
    sn_svg_text(p->svg, p->x + p->w + 4, sn_plot_y(p, v) + 3.5, &(struct sn_text){ .size = SN_SVG_SMALL }, sn_fixed(v, 2, label));
}

/* Ends of an axis around lo..hi, with some room. */
static void around(struct sn_axis *a, double lo, double hi)
{
    double room = hi > lo ? 0.05 * (hi - lo) : SN_MAX(0.05 * fabs(lo), 0.5);

    a->lo = lo - room;
    a->hi = hi + room;
}

static bool both(const struct sn_overlap *o, double *mean, double *diff)
{
    *mean = (o->length_manual + o->length_automatic) / 2;
    *diff = o->length_automatic - o->length_manual;
    return o->manual && o->automatic;
}

static void bland_altman(struct sn_svg *s, const struct sn_dice_set *d, const struct sn_dice_size *z)
{
    const char *unit = d->physical ? "mm" : "pixels";
    double lo = INFINITY, hi = -INFINITY, least = z->ba.lower_lo, most = z->ba.upper_hi, mean, diff;
    char title[200], across[100], up[100];
    struct sn_plot p = { .svg = s, .x = 98 * SN_MM, .y = 19 * SN_MM, .w = 62 * SN_MM, .h = 66 * SN_MM, .across = { .label = across }, .up = { .label = up } };

    for (size_t i = 0; i < d->n; i++)
        if (both(&d->cases[i].m[0].o, &mean, &diff)) {
            lo = SN_MIN(lo, mean);
            hi = SN_MAX(hi, mean);
            least = SN_MIN(least, diff);
            most = SN_MAX(most, diff);
        }
    around(&p.across, lo, hi);
    around(&p.up, least, most);
    (void)snprintf(title, sizeof title, "Longest diameter, bias and limits of agreement");
    (void)snprintf(across, sizeof across, "Mean of both (%s)", unit);
    (void)snprintf(up, sizeof up, "%.30s minus manual (%s)", d->names[0], unit);
    sn_svg_text_within(s, p.x, p.y - 10, &(struct sn_text){ .bold = true }, title, p.w);
    sn_plot_frame(&p);
    level(&p, z->ba.lower, z->ba.lower_lo, z->ba.lower_hi, &dashed);
    level(&p, z->ba.upper, z->ba.upper_lo, z->ba.upper_hi, &dashed);
    level(&p, z->ba.bias, z->ba.bias_lo, z->ba.bias_hi, &box);
    for (size_t i = 0; i < d->n; i++)
        if (both(&d->cases[i].m[0].o, &mean, &diff))
            sn_plot_marker(&p, SN_CIRCLE, mean, diff, 2.6, &ring);
}

int sn_dice_svg(struct sn_buf *b, const struct sn_dice_set *d, const struct sn_dice_options *opt, struct sn_error *err)
{
    double *v = calloc(d->n + 1, sizeof *v);
    struct sn_dice_size z;
    struct sn_svg s;
    char foot[200];
    int rc = v ? sn_dice_sizes(d, opt, 0, NULL, 1, &z, err) : SN_NOMEM(err, "a figure");

    if (!rc) {
        (void)snprintf(foot, sizeof foot, "%zu cases \xc2\xb7 rings: cases; boxes: quartiles and median; grey: 95 %% CI%s \xc2\xb7 research use only", d->n,
                       z.ok && z.n < d->n ? "; sizes where both masks show a lesion" : "");
        sn_fig_frame(&s, b, &(struct sn_fig){ "dice", "Agreement of masks", foot }, 174, 108);
        dice(&s, d, v);
        if (z.ok)
            bland_altman(&s, d, &z);
        sn_svg_end(&s);
        rc = b->failed ? SN_NOMEM(err, "a figure") : SN_OK;
    }
    free(v);
    return rc;
}
