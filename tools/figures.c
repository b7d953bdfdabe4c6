/* figures.c: curves: ROC, decision curve, clinical impact, calibration. Bars and boxes are in figures_rows.c. */
#include "tools/figures.h"
#include "tools/figures_parts.h"

#include "io/io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void sn_fig_frame(struct sn_svg *s, struct sn_buf *b, const struct sn_fig *f, double w_mm, double h_mm)
{
    sn_svg_begin(s, b, f->id, w_mm, h_mm, f->title, f->footer);
    sn_svg_text_within(s, 4 * SN_MM, 6.5 * SN_MM, &(struct sn_text){ .bold = true, .size = 12 }, f->title, s->width - 8 * SN_MM);
    sn_svg_text_within(s, 4 * SN_MM, s->height - 2.2 * SN_MM, &(struct sn_text){ .size = 8.5, .colour = "#444" }, f->footer, s->width - 8 * SN_MM);
}

static struct sn_pen band_of(struct sn_pen line)
{
    return (struct sn_pen){ .fill = line.colour, .opacity = 0.15 };
}

#define AREA_LEFT (15 * SN_MM)
#define AREA_TOP (11 * SN_MM)

/* A plot that leaves `below_mm` for axis, legend and footer. */
static struct sn_plot area(struct sn_svg *s, double w_mm, double h_mm)
{
    return (struct sn_plot){ .svg = s, .x = AREA_LEFT, .y = AREA_TOP, .w = w_mm * SN_MM, .h = h_mm * SN_MM };
}

static const struct sn_pen thin_grey = { .colour = "#888", .width = 1, .dash = "3 3" };

/* ---- ROC ------------------------------------------------------------------------------------- */

static void whiskers(const struct sn_plot *p, const struct sn_fig_point *q)
{
    const struct sn_pen pen = { .colour = "#555", .width = 0.9 };

    if (isfinite(q->x_lo) && isfinite(q->x_hi))
        sn_svg_line(p->svg, sn_plot_x(p, q->x_lo), sn_plot_y(p, q->y), sn_plot_x(p, q->x_hi), sn_plot_y(p, q->y), &pen);
    if (isfinite(q->y_lo) && isfinite(q->y_hi))
        sn_svg_line(p->svg, sn_plot_x(p, q->x), sn_plot_y(p, q->y_lo), sn_plot_x(p, q->x), sn_plot_y(p, q->y_hi), &pen);
}

static struct sn_pen reader_pen(const struct sn_fig_point *q)
{
    static const char *const fill[] = { "#fff", "#555", "#bbb", "#888" };

    return (struct sn_pen){ .colour = "#000", .width = 1.1, .fill = q->mean ? "#000" : fill[q->group % 4] };
}

static enum sn_marker reader_marker(int group)
{
    static const enum sn_marker m[] = { SN_DIAMOND, SN_SQUARE, SN_TRIANGLE, SN_TRIANGLE_DOWN };

    return m[group % 4];
}

static void reader_point(const struct sn_plot *p, const struct sn_fig_point *q)
{
    static const struct sn_pen thin = { .colour = "#000", .width = 0.8 };
    struct sn_pen pen = reader_pen(q);

    if (q->moved)
        sn_svg_line(p->svg, sn_plot_x(p, q->from_x), sn_plot_y(p, q->from_y), sn_plot_x(p, q->x), sn_plot_y(p, q->y), &thin);
    if (q->ring)
        sn_plot_marker(p, SN_CIRCLE, q->x, q->y, 6.2, &thin);
    sn_plot_marker(p, reader_marker(q->group), q->x, q->y, q->mean ? 5 : 3.6, &pen);
}

/* Rows for the curves, their bands and the points that have a label. */
static int legend_rows(const struct sn_fig_curve *curve, int n_curves, int first, const struct sn_fig_point *point, int n_points,
                       struct sn_legend_row *row)
{
    int n = 0;

    for (int k = 0; k < n_curves && n < SN_FIG_LEGEND; k++)
        row[n++] = (struct sn_legend_row){ .text = curve[k].label, .has_line = true, .has_band = curve[k].n_band > 0, .pen = sn_series(first + k), .band = band_of(sn_series(first + k)) };
    for (int k = 0; k < n_points && n < SN_FIG_LEGEND; k++)
        if (point[k].label)
            row[n++] = (struct sn_legend_row){ .text = point[k].label, .has_marker = true, .pen = reader_pen(&point[k]), .marker = reader_marker(point[k].group) };
    return n;
}

static void draw_band(const struct sn_plot *p, const struct sn_fig_curve *c, int series)
{
    struct sn_pen band = band_of(sn_series(series));

    if (c->n_band)
        sn_plot_band(p, c->band_x, c->lo, c->hi, c->n_band, &band);
}

static void draw_curve(const struct sn_plot *p, const struct sn_fig_curve *c, int series)
{
    struct sn_pen pen = sn_series(series);

    if (c->steps)
        sn_plot_steps(p, c->x, c->y, c->n, &pen);
    else
        sn_plot_line(p, c->x, c->y, c->n, &pen);
    if (isfinite(c->mark_x) && isfinite(c->mark_y))
        sn_plot_marker(p, SN_CIRCLE, c->mark_x, c->mark_y, 3.4, &(struct sn_pen){ .colour = "#fff", .width = 1.2, .fill = pen.colour });
}

void sn_fig_roc(struct sn_buf *b, const struct sn_fig *f, const struct sn_fig_curve *curve, int n_curves, const struct sn_fig_point *point, int n_points)
{
    struct sn_legend_row row[SN_FIG_LEGEND];
    int rows = legend_rows(curve, n_curves, 0, point, n_points, row);
    struct sn_svg s;
    struct sn_plot p;
    double w, h;

    sn_svg_legend_size(0, row, rows, &w, &h);
    sn_fig_frame(&s, b, f, 95, 11 + 74 + 12 + h / SN_MM + 8);
    p = area(&s, 74, 74);
    p.across = (struct sn_axis){ 0, 1, .grid = true, .label = "1 \xe2\x88\x92 specificity" };
    p.up = (struct sn_axis){ 0, 1, .grid = true, .label = "Sensitivity" };
    sn_plot_frame(&p);
    sn_plot_line(&p, (double[]){ 0, 1 }, (double[]){ 0, 1 }, 2, &thin_grey);
    for (int k = 0; k < n_curves; k++)
        draw_band(&p, &curve[k], k);
    for (int k = n_curves - 1; k >= 0; k--)
        draw_curve(&p, &curve[k], k);
    for (int k = 0; k < n_points; k++)
        whiskers(&p, &point[k]);
    for (int k = 0; k < n_points; k++)
        reader_point(&p, &point[k]);
    sn_svg_legend(&s, p.x - 4, p.y + p.h + 12 * SN_MM, 0, row, rows);
    sn_svg_end(&s);
}

/* ---- decision curves -------------------------------------------------------------------------- */

#define ALL_POINTS 201

/* Lowest and highest net benefit worth showing: everything a model reaches, treat-all only down to a little below zero. */
static void benefit_range(const struct sn_fig_curve *curve, int n, double prevalence, double lo, double *least, double *most)
{
    double top = prevalence - (1 - prevalence) * lo / (1 - lo), bottom = 0.0;

    for (int k = 0; k < n; k++)
        for (size_t i = 0; i < curve[k].n; i++)
            if (isfinite(curve[k].y[i])) {
                top = SN_MAX(top, curve[k].y[i]);
                bottom = SN_MIN(bottom, curve[k].y[i]);
            }
    for (int k = 0; k < n; k++)
        for (size_t i = 0; i < curve[k].n_band; i++)
            if (isfinite(curve[k].hi[i]))
                top = SN_MAX(top, curve[k].hi[i]);
    top = top > 0.0 ? top : 0.01;
    *most = 1.06 * top;
    *least = SN_MAX(bottom, -0.35 * top) - 0.06 * top;
}

void sn_fig_dca(struct sn_buf *b, const struct sn_fig *f, double lo, double hi, double prevalence, const struct sn_fig_curve *curve, int n_curves)
{
    static const struct sn_pen none = { .colour = "#555", .width = 1.1 }, all = { .colour = "#555", .width = 1.3, .dash = "1.5 2.5" };
    struct sn_legend_row row[SN_FIG_LEGEND + 2];
    int rows = legend_rows(curve, n_curves, 0, NULL, 0, row);
    double t[ALL_POINTS], nb[ALL_POINTS], w, h;
    struct sn_svg s;
    struct sn_plot p;

    row[rows++] = (struct sn_legend_row){ .text = "Treat all", .has_line = true, .pen = all };
    row[rows++] = (struct sn_legend_row){ .text = "Treat none", .has_line = true, .pen = none };
    sn_svg_legend_size(0, row, rows, &w, &h);
    sn_fig_frame(&s, b, f, 95, 11 + 66 + 12 + h / SN_MM + 8);
    p = area(&s, 74, 66);
    p.across = (struct sn_axis){ lo, hi, .grid = true, .percent = true, .label = "Threshold probability (%)" };
    p.up = (struct sn_axis){ 0, 1, .grid = true, .label = "Net benefit per patient" };
    benefit_range(curve, n_curves, prevalence, lo, &p.up.lo, &p.up.hi);
    sn_plot_frame(&p);
    for (int i = 0; i < ALL_POINTS; i++) {
        t[i] = lo + (hi - lo) * i / (ALL_POINTS - 1);
        nb[i] = prevalence - (1 - prevalence) * t[i] / (1 - t[i]);
    }
    sn_plot_line(&p, (double[]){ lo, hi }, (double[]){ 0, 0 }, 2, &none);
    sn_plot_line(&p, t, nb, ALL_POINTS, &all);
    for (int k = 0; k < n_curves; k++)
        draw_band(&p, &curve[k], k);
    for (int k = n_curves - 1; k >= 0; k--)
        draw_curve(&p, &curve[k], k);
    sn_svg_legend(&s, p.x - 4, p.y + p.h + 12 * SN_MM, 0, row, rows);
    sn_svg_end(&s);
}

void sn_fig_impact(struct sn_buf *b, const struct sn_fig *f, double lo, double hi, const double *t, const double *flagged, const double *true_flagged,
                   size_t n)
{
    struct sn_pen one = sn_series(0), two = sn_series(1);
    const struct sn_legend_row row[] = { { .text = "Flagged per 1000 patients", .has_line = true, .pen = one },
                                         { .text = "Flagged per 1000, with the event", .has_line = true, .pen = two } };
    struct sn_svg s;
    struct sn_plot p;
    double w, h;

    sn_svg_legend_size(0, row, 2, &w, &h);
    sn_fig_frame(&s, b, f, 95, 11 + 66 + 12 + h / SN_MM + 8);
    p = area(&s, 74, 66);
    p.across = (struct sn_axis){ lo, hi, .grid = true, .percent = true, .label = "Threshold probability (%)" };
    p.up = (struct sn_axis){ 0, 1000, .grid = true, .label = "Patients per 1000" };
    sn_plot_frame(&p);
    sn_plot_steps(&p, t, flagged, n, &one);
    sn_plot_steps(&p, t, true_flagged, n, &two);
    sn_svg_legend(&s, p.x - 4, p.y + p.h + 12 * SN_MM, 0, row, 2);
    sn_svg_end(&s);
}

/* ---- calibration ------------------------------------------------------------------------------- */

#define BINS 40

/* Histograms of risk: with the event upwards, without downwards from the middle. */
static void histograms(struct sn_svg *s, const struct sn_plot *above, const struct sn_fig_calibration *c)
{
    const struct sn_pen event = { .fill = "#000" }, other = { .fill = "#9aa3ad" }, axis = { .colour = "#000", .width = 0.8 };
    const struct sn_text small = { .size = 8.5, .colour = "#444", .anchor = SN_START };
    double count[2][BINS] = { { 0 } }, most = 1.0, y = above->y + above->h + 17.5 * SN_MM, half = 6.2 * SN_MM;
    char text[40];

    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < (k ? c->n1 : c->n0); i++) {
            double v = (k ? c->risk1 : c->risk0)[i];
            int bin = (int)SN_MIN(SN_MAX(v * BINS, 0.0), BINS - 1.0);

            count[k][bin] += 1.0;
            most = SN_MAX(most, count[k][bin]);
        }
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < BINS; i++)
            if (count[k][i] > 0) {
                double h = half * count[k][i] / most, x0 = sn_plot_x(above, (double)i / BINS), x1 = sn_plot_x(above, (i + 1.0) / BINS);

                sn_svg_rect(s, x0 + 0.4, k ? y - h : y, x1 - x0 - 0.8, h, k ? &event : &other);
            }
    sn_svg_line(s, above->x, y, above->x + above->w, y, &axis);
    for (int k = 0; k < 2; k++) { /* the scale: cases in the tallest bar */
        double end = k ? y - half : y + half;

        sn_svg_line(s, above->x - 4, end, above->x, end, &axis);
        (void)snprintf(text, sizeof text, "%.0f", most);
        sn_svg_text(s, above->x - 6, end + 3, &(struct sn_text){ .size = 8.5, .colour = "#444", .anchor = SN_END }, text);
        (void)snprintf(text, sizeof text, "n = %zu", k ? c->n1 : c->n0);
        sn_svg_text(s, above->x + above->w + 3, k ? y - 14 : y + 12, &small, k ? "event" : "no event");
        sn_svg_text(s, above->x + above->w + 3, k ? y - 4 : y + 22, &small, text);
    }
    sn_svg_line(s, above->x, y - half, above->x, y + half, &axis);
    sn_svg_text(s, above->x - 11 * SN_MM, y, &(struct sn_text){ .size = 8.5, .colour = "#444", .anchor = SN_MIDDLE, .turn = -90 }, "Cases");
}

static void calibration_groups(const struct sn_plot *p, const struct sn_fig_calibration *c)
{
    const struct sn_pen pen = { .colour = "#000", .width = 0.9, .fill = "#fff" };

    for (size_t i = 0; i < c->n_groups; i++) {
        if (isfinite(c->group_lo[i]))
            sn_svg_line(p->svg, sn_plot_x(p, c->group_p[i]), sn_plot_y(p, c->group_lo[i]), sn_plot_x(p, c->group_p[i]), sn_plot_y(p, c->group_hi[i]), &pen);
        sn_plot_marker(p, SN_CIRCLE, c->group_p[i], c->group_y[i], 2.8, &pen);
    }
}

/* Is the upper left corner of this size emptier than the lower right one? */
static bool roomier(const struct sn_plot *p, const struct sn_fig_calibration *c, double w, double h)
{
    double across = w / p->w, up = h / p->h;
    size_t top = 0, bottom = 0;

    for (size_t i = 0; i < c->n; i++) {
        top += c->x[i] < across && c->y[i] > 1 - up;
        bottom += c->x[i] > 1 - across && c->y[i] < up;
    }
    for (size_t i = 0; i < c->n_groups; i++) {
        top += c->group_p[i] < across && c->group_hi[i] > 1 - up ? 5 : 0;
        bottom += c->group_p[i] > 1 - across && c->group_lo[i] < up ? 5 : 0;
    }
    return top <= bottom;
}

void sn_fig_calibration(struct sn_buf *b, const struct sn_fig *f, const struct sn_fig_calibration *c)
{
    struct sn_pen curve = sn_series(1), logistic = sn_series(2);
    struct sn_legend_row row[5];
    int rows = 0, notes = 0;
    struct sn_svg s;
    struct sn_plot p;
    double w, h, widest = 0, x, y;
    bool top;

    curve.dash = NULL;
    row[rows++] = (struct sn_legend_row){ .text = "Ideal", .has_line = true, .pen = thin_grey };
    if (c->n)
        row[rows++] = (struct sn_legend_row){ .text = c->smoother, .has_line = true, .pen = curve };
    if (c->n && c->lo)
        row[rows++] = (struct sn_legend_row){ .text = c->band, .has_band = true, .band = band_of(curve) };
    if (c->n_line)
        row[rows++] = (struct sn_legend_row){ .text = "Logistic recalibration", .has_line = true, .pen = logistic };
    if (c->n_groups)
        row[rows++] = (struct sn_legend_row){ .text = "Groups of equal size, Wilson 95 % CI", .has_marker = true, .marker = SN_CIRCLE, .pen = { .colour = "#000", .width = 0.9, .fill = "#fff" } };
    sn_svg_legend_size(0, row, rows, &w, &h);
    sn_fig_frame(&s, b, f, 104, 11 + 74 + 26 + h / SN_MM + 8);
    p = area(&s, 74, 74);
    p.across = (struct sn_axis){ 0, 1, .grid = true, .label = "Predicted risk" };
    p.up = (struct sn_axis){ 0, 1, .grid = true, .label = "Observed proportion" };
    sn_plot_frame(&p);
    sn_plot_line(&p, (double[]){ 0, 1 }, (double[]){ 0, 1 }, 2, &thin_grey);
    if (c->lo)
        sn_plot_band(&p, c->x, c->lo, c->hi, c->n, &(struct sn_pen){ .fill = curve.colour, .opacity = 0.15 });
    if (c->n_line)
        sn_plot_line(&p, c->line_x, c->line_y, c->n_line, &logistic);
    if (c->n)
        sn_plot_line(&p, c->x, c->y, c->n, &curve);
    calibration_groups(&p, c);
    for (int i = 0; i < 5 && c->note[i]; i++, notes++) {
        double width = sn_svg_text_width(c->note[i], 9, false);

        widest = SN_MAX(widest, width);
    }
    top = roomier(&p, c, widest + 8, 11.5 * notes + 6);
    x = top ? p.x + 5 : p.x + p.w - widest - 5;
    y = top ? p.y + 12 : p.y + p.h - 11.5 * notes + 4;
    sn_svg_rect(&s, x - 2, y - 10, widest + 6, 11.5 * notes + 3, &(struct sn_pen){ .fill = "#fff", .opacity = 0.8 });
    for (int i = 0; i < notes; i++)
        sn_svg_text(&s, x, y + 11.5 * i, &(struct sn_text){ .size = 9 }, c->note[i]);
    histograms(&s, &p, c);
    sn_svg_legend(&s, p.x - 4, p.y + p.h + 26 * SN_MM, 0, row, rows);
    sn_svg_end(&s);
}
