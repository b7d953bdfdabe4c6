/* figures_rows.c: rows, boxes and tables: risks by outcome, forest plot, 2x2 table, flow of participants. */
#include "tools/figures.h"
#include "tools/figures_parts.h"

#include "io/io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- risks by outcome ------------------------------------------------------------------------- */

/* Type 7, as R draws its boxes' ends from n = 4 k + 1 on. */
static double quantile(const double *v, size_t n, double prob)
{
    double at = prob * (double)(n - 1);
    size_t k = (size_t)at;

    return k + 1 < n ? v[k] + (at - (double)k) * (v[k + 1] - v[k]) : v[n - 1];
}

#define DENSITY 128

/*
 * Gaussian kernel density at DENSITY + 1 points of [lo, hi], on counts in fine bins; Silverman's rule of thumb
 * (1986, eq. 3.31). Mass near the ends of a unit range is reflected, so that a violin does not leak past 0 and 1.
 */
static void density(const double *v, size_t n, double lo, double hi, double *out)
{
    double bin[4 * DENSITY + 1] = { 0 }, mean = 0, ss = 0, width, iqr, h, step = (hi - lo) / (4 * DENSITY);

    for (size_t i = 0; i < n; i++) {
        double at = (v[i] - lo) / step;

        mean += v[i] / (double)n;
        bin[(size_t)SN_MIN(SN_MAX(at + 0.5, 0.0), 4.0 * DENSITY)] += 1.0;
    }
    for (size_t i = 0; i < n; i++)
        ss += (v[i] - mean) * (v[i] - mean);
    width = n > 1 ? sqrt(ss / (double)(n - 1)) : 0.0;
    iqr = (quantile(v, n, 0.75) - quantile(v, n, 0.25)) / 1.349;
    if (iqr > 0.0 && iqr < width)
        width = iqr;
    h = 0.9 * width * pow((double)n, -0.2);
    h = SN_MAX(h, 0.012 * (hi - lo));
    for (int i = 0; i <= DENSITY; i++) {
        double at = lo + (hi - lo) * i / DENSITY, sum = 0;

        for (int k = 0; k <= 4 * DENSITY; k++) {
            double c = lo + step * k, z[3] = { (at - c) / h, (at - 2 * lo + c) / h, (2 * hi - c - at) / h };

            for (int m = 0; m < 3 && bin[k] > 0; m++)
                sum += bin[k] * exp(-0.5 * z[m] * z[m]);
        }
        out[i] = sum;
    }
}

/* One group: violin, box, and points while they can be told apart. */
static void draw_group(const struct sn_plot *p, const struct sn_fig_group *g, double x, double half)
{
    double q1, q2, q3, low, high, d[DENSITY + 1], px[2 * (DENSITY + 1)], py[2 * (DENSITY + 1)], most = 0;
    const struct sn_pen body = { .colour = "#000", .width = 0.8, .fill = g->event ? "#7f8c99" : "#e4e8ec" }, box = { .colour = "#000", .width = 1.1, .fill = "#fff" };
    size_t a = 0, z = g->n;

    if (g->n == 0)
        return;
    density(g->v, g->n, p->up.lo, p->up.hi, d);
    for (int i = 0; i <= DENSITY; i++)
        most = SN_MAX(most, d[i]);
    for (int i = 0; i <= DENSITY; i++) {
        double v = p->up.lo + (p->up.hi - p->up.lo) * i / DENSITY, w = d[i] < 0.004 * most ? 0.0 : half * d[i] / most;

        px[i] = x - w;
        px[2 * DENSITY + 1 - i] = x + w;
        py[i] = py[2 * DENSITY + 1 - i] = sn_plot_y(p, v);
    }
    sn_svg_polygon(p->svg, px, py, SN_COUNT(px), &body);
    q1 = quantile(g->v, g->n, 0.25);
    q2 = quantile(g->v, g->n, 0.5);
    q3 = quantile(g->v, g->n, 0.75);
    while (a < g->n && g->v[a] < q1 - 1.5 * (q3 - q1))
        a++;
    while (z > a + 1 && g->v[z - 1] > q3 + 1.5 * (q3 - q1))
        z--;
    low = SN_MIN(g->v[a], q1);
    high = SN_MAX(g->v[z - 1], q3);
    if (g->n <= 300)
        for (size_t i = 0; i < g->n; i++) /* spread by a fixed low-discrepancy sequence: the golden ratio's multiples */
            sn_svg_marker(p->svg, SN_CIRCLE, x + half * 0.62 * (2 * fmod(0.6180339887498949 * (double)(i + 1), 1.0) - 1), sn_plot_y(p, g->v[i]), 0.9, &(struct sn_pen){ .fill = "#000", .opacity = 0.45 });
    sn_svg_line(p->svg, x, sn_plot_y(p, low), x, sn_plot_y(p, high), &box);
    sn_svg_rect(p->svg, x - 4, sn_plot_y(p, q3), 8, sn_plot_y(p, q1) - sn_plot_y(p, q3), &box);
    sn_svg_line(p->svg, x - 4, sn_plot_y(p, q2), x + 4, sn_plot_y(p, q2), &(struct sn_pen){ .colour = "#000", .width = 2.4 });
}

void sn_fig_risks(struct sn_buf *b, const struct sn_fig *f, const char *axis, bool unit_range, double threshold, const struct sn_fig_group *g, int n)
{
    double lo = 0, hi = 1, each = SN_MIN(20.0, SN_MAX(12.0, 74.0 / SN_MAX(n, 1))) * SN_MM;
    struct sn_svg s;
    struct sn_plot p;
    char count[64];

    for (int k = 0; k < n && !unit_range; k++)
        if (g[k].n) {
            lo = k ? SN_MIN(lo, g[k].v[0]) : g[k].v[0];
            hi = k ? SN_MAX(hi, g[k].v[g[k].n - 1]) : g[k].v[g[k].n - 1];
        }
    if (!(hi > lo))
        hi = lo + 1;
    sn_fig_frame(&s, b, f, SN_MAX(95.0, 15 + each * n / SN_MM + 6), 11 + 66 + 19);
    p = (struct sn_plot){ .svg = &s, .x = 15 * SN_MM, .y = 11 * SN_MM, .w = SN_MAX(74 * SN_MM, each * n), .h = 66 * SN_MM };
    p.across = (struct sn_axis){ 0, n, .no_ticks = true };
    p.up = (struct sn_axis){ lo, hi, .grid = true, .label = axis };
    if (!unit_range) {
        p.up.lo -= 0.04 * (hi - lo);
        p.up.hi += 0.04 * (hi - lo);
    }
    sn_plot_frame(&p);
    for (int k = 0; k < n; k++) {
        double x = p.x + p.w * (k + 0.5) / n;

        draw_group(&p, &g[k], x, 0.4 * p.w / n);
        if (k == 0 || strcmp(g[k].label, g[k - 1].label) != 0) { /* once below neighbours of one name */
            int same = 1;

            while (k + same < n && strcmp(g[k + same].label, g[k].label) == 0)
                same++;
            sn_svg_text_within(&s, x + p.w * (same - 1) / 2 / n, p.y + p.h + 14, &(struct sn_text){ .size = 9, .anchor = SN_MIDDLE }, g[k].label, p.w * same / n - 4);
        }
        (void)snprintf(count, sizeof count, "n = %zu", g[k].n);
        sn_svg_text(&s, x, p.y + p.h + 25, &(struct sn_text){ .size = 9, .anchor = SN_MIDDLE, .bold = g[k].event }, g[k].event ? "event" : "no event");
        sn_svg_text(&s, x, p.y + p.h + 36, &(struct sn_text){ .size = 9, .anchor = SN_MIDDLE }, count);
    }
    if (isfinite(threshold)) {
        sn_plot_line(&p, (double[]){ 0, n }, (double[]){ threshold, threshold }, 2, &(struct sn_pen){ .colour = "#d55e00", .width = 1.3, .dash = "5 3" });
        sn_svg_text(&s, p.x + p.w, p.y - 4, &(struct sn_text){ .size = 8.5, .anchor = SN_END, .colour = "#a34700" }, "dashed: operating point");
    }
    sn_svg_end(&s);
}

/* ---- forest plot -------------------------------------------------------------------------------- */

static void forest_range(const struct sn_fig_row *row, int n, double reference, bool unit_range, struct sn_axis *a)
{
    double lo = (double)INFINITY, hi = (double)-INFINITY, pad;

    for (int i = 0; i < n; i++) {
        double each[3] = { row[i].v, row[i].lo, row[i].hi };

        for (int k = 0; k < 3; k++)
            if (isfinite(each[k])) {
                lo = SN_MIN(lo, each[k]);
                hi = SN_MAX(hi, each[k]);
            }
    }
    if (isfinite(reference)) {
        lo = SN_MIN(lo, reference);
        hi = SN_MAX(hi, reference);
    }
    if (!(hi > lo)) {
        lo = isfinite(lo) ? lo - 0.5 : 0;
        hi = lo + 1;
    }
    pad = 0.05 * (hi - lo);
    a->lo = unit_range ? SN_MAX(lo - pad, 0.0) : lo - pad;
    a->hi = unit_range ? SN_MIN(hi + pad, 1.0) : hi + pad;
}

static void interval_text(const struct sn_fig_row *r, char *text, size_t room)
{
    char v[3][48];

    if (!isfinite(r->v))
        (void)snprintf(text, room, "%s", r->heading ? "" : "not estimable");
    else if (!isfinite(r->lo))
        (void)snprintf(text, room, "%s", sn_fixed(r->v, 3, v[0]));
    else
        (void)snprintf(text, room, "%s (%s to %s)", sn_fixed(r->v, 3, v[0]), sn_fixed(r->lo, 3, v[1]), sn_fixed(r->hi, 3, v[2]));
}

static void forest_mark(const struct sn_plot *p, const struct sn_fig_row *r, double y)
{
    const struct sn_pen line = { .colour = "#000", .width = 1.3 }, dot = { .fill = "#000" };
    double x = sn_plot_x(p, r->v), a = sn_plot_x(p, r->lo), z = sn_plot_x(p, r->hi);

    if (!isfinite(r->v))
        return;
    if (r->summary && isfinite(a) && isfinite(z)) {
        sn_svg_polygon(p->svg, (double[]){ a, x, z, x }, (double[]){ y, y - 5, y, y + 5 }, 4, &dot);
        return;
    }
    if (isfinite(a) && isfinite(z)) {
        sn_svg_line(p->svg, a, y, z, y, &line);
        sn_svg_line(p->svg, a, y - 3, a, y + 3, &line);
        sn_svg_line(p->svg, z, y - 3, z, y + 3, &line);
    }
    sn_svg_marker(p->svg, SN_SQUARE, x, y, 3.6, &dot);
}

void sn_fig_forest(struct sn_buf *b, const struct sn_fig *f, const char *axis, const char *detail_head, double reference, bool unit_range,
                   const struct sn_fig_row *row, int n)
{
    const double line = 4.6 * SN_MM;
    double names = 20 * SN_MM, details = sn_svg_text_width(detail_head, 9, true), y;
    struct sn_svg s;
    struct sn_plot p;
    char text[200];

    for (int i = 0; i < n; i++) {
        double w = sn_svg_text_width(row[i].label, SN_SVG_SMALL, row[i].heading) + (row[i].heading ? 0 : 8);
        double d = row[i].detail ? sn_svg_text_width(row[i].detail, 9, false) : 0;

        names = SN_MAX(names, w);
        details = SN_MAX(details, d);
    }
    names = SN_MIN(names, 62 * SN_MM);
    details = SN_MIN(details, 40 * SN_MM);
    sn_fig_frame(&s, b, f, 174, 16 + n * line / SN_MM + 22);
    p = (struct sn_plot){ .svg = &s, .x = 4 * SN_MM + names + details + 8 * SN_MM, .y = 16 * SN_MM, .h = n * line + 8 };
    p.w = s.width - p.x - 43 * SN_MM;
    p.across = (struct sn_axis){ .grid = true, .label = axis, .most_ticks = 5 };
    forest_range(row, n, reference, unit_range, &p.across);
    p.up = (struct sn_axis){ 0, 1, .no_ticks = true };
    sn_plot_frame(&p);
    sn_svg_text(&s, 4 * SN_MM + names + 4 * SN_MM, p.y - 6, &(struct sn_text){ .size = 9, .bold = true }, detail_head);
    sn_svg_text(&s, s.width - 40 * SN_MM, p.y - 6, &(struct sn_text){ .size = 9, .bold = true }, "Estimate (95 % CI)");
    if (isfinite(reference))
        sn_svg_line(&s, sn_plot_x(&p, reference), p.y, sn_plot_x(&p, reference), p.y + p.h, &(struct sn_pen){ .colour = "#555", .width = 1.1, .dash = "4 3" });
    for (int i = 0; i < n; i++) {
        y = p.y + 4 + line * (i + 0.5);
        sn_svg_text(&s, 4 * SN_MM + (row[i].heading ? 0 : 8), y + 3.5, &(struct sn_text){ .size = SN_SVG_SMALL, .bold = row[i].heading }, row[i].label);
        if (row[i].detail)
            sn_svg_text(&s, 4 * SN_MM + names + 4 * SN_MM, y + 3.5, &(struct sn_text){ .size = 9, .colour = "#333" }, row[i].detail);
        interval_text(&row[i], text, sizeof text);
        sn_svg_text(&s, s.width - 40 * SN_MM, y + 3.5, &(struct sn_text){ .size = 9 }, text);
        forest_mark(&p, &row[i], y);
    }
    sn_svg_end(&s);
}

/* ---- 2x2 table ------------------------------------------------------------------------------------ */

static void cell(struct sn_svg *s, double x, double y, double w, double h, size_t count, size_t of, bool right, const char *name)
{
    const struct sn_text big = { .size = 18, .anchor = SN_MIDDLE, .bold = true }, small = { .size = 9, .anchor = SN_MIDDLE };
    char text[64], share[48];

    sn_svg_rect(s, x, y, w, h, &(struct sn_pen){ .colour = "#000", .width = 0.9, .fill = right ? "#e4e8ec" : "#fff" });
    (void)snprintf(text, sizeof text, "%zu", count);
    sn_svg_text(s, x + w / 2, y + h / 2 + 2, &big, text);
    (void)snprintf(text, sizeof text, "%s, %s %% of row", name, of ? sn_fixed(100.0 * (double)count / (double)of, 1, share) : "-");
    sn_svg_text(s, x + w / 2, y + h / 2 + 18, &small, text);
}

void sn_fig_confusion(struct sn_buf *b, const struct sn_fig *f, const char *label, size_t tp, size_t fp, size_t fn, size_t tn)
{
    const double x = 22 * SN_MM, y = 18 * SN_MM, w = 34 * SN_MM, h = 17 * SN_MM;
    struct sn_svg s;

    sn_fig_frame(&s, b, f, 95, 62);
    sn_svg_text(&s, x + w, y - 18, &(struct sn_text){ .anchor = SN_MIDDLE, .bold = true }, label);
    sn_svg_text(&s, x + w / 2, y - 5, &(struct sn_text){ .anchor = SN_MIDDLE }, "positive");
    sn_svg_text(&s, x + 1.5 * w, y - 5, &(struct sn_text){ .anchor = SN_MIDDLE }, "negative");
    sn_svg_text(&s, x - 6, y + h / 2 + 4, &(struct sn_text){ .anchor = SN_END }, "event");
    sn_svg_text(&s, x - 6, y + 1.5 * h + 4, &(struct sn_text){ .anchor = SN_END }, "no event");
    cell(&s, x, y, w, h, tp, tp + fn, true, "true positive");
    cell(&s, x + w, y, w, h, fn, tp + fn, false, "false negative");
    cell(&s, x, y + h, w, h, fp, fp + tn, false, "false positive");
    cell(&s, x + w, y + h, w, h, tn, fp + tn, true, "true negative");
    sn_svg_end(&s);
}

/* ---- flow of participants --------------------------------------------------------------------------- */

#define FLOW_LINE 12.0

static const struct sn_pen flow_pen = { .colour = "#000", .width = 1 };

/* A box of lines of text, the first bold; returns its lower edge. */
static double flow_box(struct sn_svg *s, double x, double y, double w, const char *const *line, int n)
{
    double h = n * FLOW_LINE + 8;

    sn_svg_rect(s, x, y, w, h, &(struct sn_pen){ .colour = "#000", .width = 1, .fill = "#fff" });
    for (int i = 0; i < n; i++)
        sn_svg_text_within(s, x + w / 2, y + 4 + FLOW_LINE * (i + 0.78), &(struct sn_text){ .size = 9, .anchor = SN_MIDDLE, .bold = i == 0 }, line[i], w - 6);
    return y + h;
}

static void arrow(struct sn_svg *s, double x0, double y0, double x1, double y1)
{
    double dx = x1 > x0 ? 1 : x1 < x0 ? -1 : 0, dy = y1 > y0 ? 1 : 0;

    sn_svg_line(s, x0, y0, x1 - 4 * dx, y1 - 4 * dy, &flow_pen);
    sn_svg_polygon(s, (double[]){ x1, x1 - 6 * dx - 3 * dy, x1 - 6 * dx + 3 * dy }, (double[]){ y1, y1 - 6 * dy + 3 * dx, y1 - 6 * dy - 3 * dx }, 3, &(struct sn_pen){ .fill = "#000" });
}

/* One set's column: cases, then test positive and negative with their outcomes. */
static double flow_set(struct sn_svg *s, const struct sn_fig_flow_set *t, const char *test, const char *cut, double x, double y, double w)
{
    char text[3][120];
    double half = (w - 10) / 2, bottom;

    (void)snprintf(text[0], sizeof text[0], "%.60s", t->name);
    (void)snprintf(text[1], sizeof text[1], "n = %zu", t->n);
    (void)snprintf(text[2], sizeof text[2], "%zu with, %zu without event", t->events, t->n - t->events);
    bottom = flow_box(s, x, y, w, (const char *const[]){ text[0], text[1], text[2] }, 3);
    if (!t->tested)
        return bottom;
    for (int k = 0; k < 2; k++) {
        double left = x + k * (half + 10), mid = left + half / 2;
        size_t with = k ? t->fn : t->tp, without = k ? t->tn : t->fp;

        arrow(s, mid, bottom, mid, bottom + 26);
        (void)snprintf(text[0], sizeof text[0], "%s %.40s: n = %zu", k ? "<" : "\xe2\x89\xa5", cut, with + without);
        (void)snprintf(text[1], sizeof text[1], "event: %zu (%s)", with, k ? "FN" : "TP");
        (void)snprintf(text[2], sizeof text[2], "no event: %zu (%s)", without, k ? "TN" : "FP");
        (void)flow_box(s, left, bottom + 26, half, (const char *const[]){ test, text[0], text[1], text[2] }, 4);
    }
    return bottom + 26 + 4 * FLOW_LINE + 8;
}

void sn_fig_flow(struct sn_buf *b, const struct sn_fig *f, const char *start, const char *const *excluded, int n_excluded, const char *analysed,
                 const char *test, const char *cut, const struct sn_fig_flow_set *set, int n_sets)
{
    const int per_row = SN_MIN(n_sets, 3), rows = per_row ? (n_sets + per_row - 1) / per_row : 0;
    const double middle = (n_excluded ? 60 : 87) * SN_MM, width = 62 * SN_MM, tall = 4 * SN_MM + 3 * FLOW_LINE + 8 + 26 + 4 * FLOW_LINE + 8 + 24;
    double y = 11 * SN_MM, gap = SN_MAX(30.0, (n_excluded + 1) * FLOW_LINE + 8 + 16), w;
    struct sn_svg s;

    sn_fig_frame(&s, b, f, 174, (y + 2 * (FLOW_LINE + 8) + gap + rows * tall) / SN_MM + 8);
    y = flow_box(&s, middle - width / 2, y, width, &start, 1);
    if (n_excluded) {
        const char *line[32] = { "Left out" };
        int n = 1;

        for (int i = 0; i < n_excluded && n < 32; i++)
            line[n++] = excluded[i];
        sn_svg_line(&s, middle, y + gap / 2, middle + 20 * SN_MM, y + gap / 2, &flow_pen);
        arrow(&s, middle, y + gap / 2, middle + 40 * SN_MM, y + gap / 2);
        (void)flow_box(&s, middle + 40 * SN_MM, y + 8, 66 * SN_MM, line, n);
    }
    arrow(&s, middle, y, middle, y + gap);
    y = flow_box(&s, middle - width / 2, y + gap, width, &analysed, 1);
    w = per_row ? (s.width - 8 * SN_MM - (per_row - 1) * 5 * SN_MM) / per_row : 0;
    for (int k = 0; k < n_sets; k++) {
        double x = 4 * SN_MM + k % per_row * (w + 5 * SN_MM), top = y + k / per_row * tall;

        if (k / per_row == 0) {
            sn_svg_line(&s, SN_MIN(middle, x + w / 2), y + 14, SN_MAX(middle, x + w / 2), y + 14, &flow_pen);
            arrow(&s, x + w / 2, y + 14, x + w / 2, top + 30);
        }
        (void)flow_set(&s, &set[k], test, cut, x, top + 30, w);
    }
    sn_svg_line(&s, middle, y, middle, y + 14, &flow_pen);
    sn_svg_end(&s);
}
