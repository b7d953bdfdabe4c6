/* svg_plot.c: axes, data in their coordinates, legends; see svg.h. */
#include "io/svg.h"

#include "io/io.h"

#include <math.h>
#include <stdlib.h>

#define TICK 5.0
static const struct sn_pen axis_pen = { .colour = "#000", .width = 0.9 }, grid_pen = { .colour = "#e2e5e9", .width = 0.8 };

/* ---- ticks ----------------------------------------------------------------------------------- */

int sn_ticks(double lo, double hi, int most, double *first, double *step)
{
    static const double factor[] = { 1, 2, 5, 10 };
    double rough, power = 1.0;
    size_t k = 0;

    *first = lo;
    *step = 1.0;
    if (!isfinite(lo) || !isfinite(hi) || !(hi > lo) || most < 1)
        return 0;
    rough = (hi - lo) / most;
    if (!(rough > 1e-290 && rough < 1e290))
        return 0;
    while (power > rough)
        power /= 10.0;
    while (power * 10.0 <= rough)
        power *= 10.0;
    while (k < 3 && factor[k] * power < rough * (1.0 - 1e-9))
        k++;
    *step = factor[k] * power;
    *first = ceil(lo / *step - 1e-9) * *step;
    return (int)floor((hi - *first) / *step + 1e-9) + 1;
}

/* Decimals a multiple of step needs. */
static int decimals_of(double step)
{
    int d = 0;

    while (d < 9 && fabs(step - floor(step + 0.5)) > 1e-6 * step) {
        step *= 10.0;
        d++;
    }
    return d;
}

static const char *tick_label(const struct sn_axis *a, double v, double step, char *buf)
{
    double scale = a->percent ? 100.0 : 1.0;

    if (a->log || fabs(v) >= 1e7 || step * scale < 1e-7)
        return sn_format_double(v * scale, buf);
    return sn_fixed(v * scale, decimals_of(step * scale), buf);
}

/* Values of a logarithmic axis: 1, 2, 5 times powers of ten, or the powers alone when they are many. */
static int log_ticks(const struct sn_axis *a, double *v, int most)
{
    bool powers_only = a->hi / a->lo > 300.0;
    double p = 1.0;
    int n = 0;

    while (p > a->lo && p > 1e-300)
        p /= 10.0;
    for (; p <= a->hi && n < most && p < 1e300; p *= 10.0)
        for (int k = 0; k < (powers_only ? 1 : 3) && n < most; k++) {
            double t = p * (k == 0 ? 1.0 : k == 1 ? 2.0 : 5.0);

            if (t >= a->lo * (1.0 - 1e-9) && t <= a->hi * (1.0 + 1e-9))
                v[n++] = t < 1.0 ? 1.0 / floor(1.0 / t + 0.5) : t; /* 0.1, not 0.1000...01 */
        }
    return n;
}

/* At most 64 ticks. */
static int ticks_of(const struct sn_axis *a, double *v, double *step)
{
    double first;
    int n;

    if (a->no_ticks)
        return 0;
    *step = 1.0;
    if (a->log)
        return log_ticks(a, v, 64);
    n = sn_ticks(a->lo, a->hi, a->most_ticks > 0 ? a->most_ticks : 6, &first, step);
    n = SN_MIN(n, 64);
    for (int i = 0; i < n; i++)
        v[i] = first + i * *step;
    return n;
}

/* ---- coordinates and frame ------------------------------------------------------------------- */

static double share(const struct sn_axis *a, double v)
{
    return a->log ? log(v / a->lo) / log(a->hi / a->lo) : (v - a->lo) / (a->hi - a->lo);
}

double sn_plot_x(const struct sn_plot *p, double v) { return p->x + p->w * share(&p->across, v); }

double sn_plot_y(const struct sn_plot *p, double v) { return p->y + p->h * (1.0 - share(&p->up, v)); }

static void horizontal_axis(const struct sn_plot *p)
{
    const struct sn_text middle = { .anchor = SN_MIDDLE }, small = { .size = SN_SVG_SMALL, .anchor = SN_MIDDLE };
    double v[64], step;
    int n = ticks_of(&p->across, v, &step);
    char label[48];

    for (int i = 0; i < n && p->across.grid; i++)
        sn_svg_line(p->svg, sn_plot_x(p, v[i]), p->y, sn_plot_x(p, v[i]), p->y + p->h, &grid_pen);
    for (int i = 0; i < n; i++) {
        sn_svg_line(p->svg, sn_plot_x(p, v[i]), p->y + p->h, sn_plot_x(p, v[i]), p->y + p->h + TICK, &axis_pen);
        sn_svg_text(p->svg, sn_plot_x(p, v[i]), p->y + p->h + TICK + 11, &small, tick_label(&p->across, v[i], step, label));
    }
    if (p->across.label)
        sn_svg_text(p->svg, p->x + p->w / 2, p->y + p->h + TICK + (p->across.no_ticks ? 10 : 27), &middle, p->across.label);
}

static void vertical_axis(const struct sn_plot *p)
{
    const struct sn_text turned = { .anchor = SN_MIDDLE, .turn = -90 }, small = { .size = SN_SVG_SMALL, .anchor = SN_END };
    double v[64], step, widest = 0.0;
    int n = ticks_of(&p->up, v, &step);
    char label[48];

    for (int i = 0; i < n && p->up.grid; i++)
        sn_svg_line(p->svg, p->x, sn_plot_y(p, v[i]), p->x + p->w, sn_plot_y(p, v[i]), &grid_pen);
    for (int i = 0; i < n; i++) {
        const char *text = tick_label(&p->up, v[i], step, label);
        double w = sn_svg_text_width(text, SN_SVG_SMALL, false);

        widest = SN_MAX(widest, w);
        sn_svg_line(p->svg, p->x - TICK, sn_plot_y(p, v[i]), p->x, sn_plot_y(p, v[i]), &axis_pen);
        sn_svg_text(p->svg, p->x - TICK - 2.5, sn_plot_y(p, v[i]) + 3.4, &small, text);
    }
    if (p->up.label)
        sn_svg_text(p->svg, p->x - TICK - widest - 10, p->y + p->h / 2, &turned, p->up.label);
}

void sn_plot_frame(const struct sn_plot *p)
{
    horizontal_axis(p);
    vertical_axis(p);
    sn_svg_polyline(p->svg, (double[]){ p->x, p->x, p->x + p->w }, (double[]){ p->y, p->y + p->h, p->y + p->h }, 3, &axis_pen);
    if (p->title)
        sn_svg_text(p->svg, p->x, p->y - 8, &(struct sn_text){ .bold = true }, p->title);
}

/* ---- data ------------------------------------------------------------------------------------ */

#define SAME 0.15 /* units: under 0.04 mm apart, points are one */

static void clip(const struct sn_plot *p) { sn_svg_clip(p->svg, p->x - 1, p->y - 1, p->w + 2, p->h + 2); }

/* Page coordinates without the points that fall on the one before; the last always stays. Returns how many. */
static size_t thin(const struct sn_plot *p, const double *x, const double *y, size_t n, bool steps, double *px, double *py)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++) {
        double a = sn_plot_x(p, x[i]), b = sn_plot_y(p, y[i]);

        if (m > 0 && i + 1 < n && isfinite(a) && isfinite(b) && fabs(a - px[m - 1]) < SAME && fabs(b - py[m - 1]) < SAME)
            continue;
        if (steps && m > 0) {
            px[m] = a;
            py[m] = py[m - 1];
            m++;
        }
        px[m] = a;
        py[m] = b;
        m++;
    }
    return m;
}

static void draw_line(const struct sn_plot *p, const double *x, const double *y, size_t n, bool steps, const struct sn_pen *pen)
{
    double *px = n < SIZE_MAX / 32 ? malloc((2 * n + 1) * sizeof *px) : NULL, *py = px ? malloc((2 * n + 1) * sizeof *py) : NULL;

    if (py) {
        size_t m = thin(p, x, y, n, steps, px, py);

        clip(p);
        sn_svg_polyline(p->svg, px, py, m, pen);
        sn_svg_unclip(p->svg);
    } else {
        p->svg->b->failed = true;
    }
    free(px);
    free(py);
}

void sn_plot_line(const struct sn_plot *p, const double *x, const double *y, size_t n, const struct sn_pen *pen)
{
    draw_line(p, x, y, n, false, pen);
}

void sn_plot_steps(const struct sn_plot *p, const double *x, const double *y, size_t n, const struct sn_pen *pen)
{
    draw_line(p, x, y, n, true, pen);
}

void sn_plot_band(const struct sn_plot *p, const double *x, const double *lo, const double *hi, size_t n, const struct sn_pen *pen)
{
    double *px = n < SIZE_MAX / 32 ? malloc((2 * n + 1) * sizeof *px) : NULL, *py = px ? malloc((2 * n + 1) * sizeof *py) : NULL;

    if (py) {
        size_t m = thin(p, x, hi, n, false, px, py), k = thin(p, x, lo, n, false, px + m, py + m);

        for (size_t i = 0; i < k / 2; i++) { /* there, and back along the other side */
            double tx = px[m + i], ty = py[m + i];

            px[m + i] = px[m + k - 1 - i];
            py[m + i] = py[m + k - 1 - i];
            px[m + k - 1 - i] = tx;
            py[m + k - 1 - i] = ty;
        }
        clip(p);
        sn_svg_polygon(p->svg, px, py, m + k, pen);
        sn_svg_unclip(p->svg);
    } else {
        p->svg->b->failed = true;
    }
    free(px);
    free(py);
}

void sn_plot_bar(const struct sn_plot *p, double x0, double x1, double y0, double y1, const struct sn_pen *pen)
{
    double a = sn_plot_x(p, x0), b = sn_plot_x(p, x1), c = sn_plot_y(p, y0), d = sn_plot_y(p, y1);

    sn_svg_rect(p->svg, SN_MIN(a, b), SN_MIN(c, d), fabs(b - a), fabs(d - c), pen);
}

void sn_plot_marker(const struct sn_plot *p, enum sn_marker m, double x, double y, double r, const struct sn_pen *pen)
{
    sn_svg_marker(p->svg, m, sn_plot_x(p, x), sn_plot_y(p, y), r, pen);
}

/* ---- legend ---------------------------------------------------------------------------------- */

enum { KEY = 34, PAD = 6 };

void sn_svg_legend_size(double size, const struct sn_legend_row *row, int n, double *w, double *h)
{
    double widest = 0.0;

    size = size > 0.0 ? size : SN_SVG_SMALL;
    for (int i = 0; i < n; i++) {
        double text = sn_svg_text_width(row[i].text, size, false);

        widest = SN_MAX(widest, text);
    }
    *w = PAD + KEY + widest + PAD;
    *h = n * size * 1.35 + PAD;
}

void sn_svg_legend(struct sn_svg *s, double x, double y, double size, const struct sn_legend_row *row, int n)
{
    double w, h;

    size = size > 0.0 ? size : SN_SVG_SMALL;
    sn_svg_legend_size(size, row, n, &w, &h);
    sn_svg_rect(s, x, y, w, h, &(struct sn_pen){ .fill = "#fff", .opacity = 0.85 });
    for (int i = 0; i < n; i++) {
        double middle = y + PAD / 2.0 + (i + 0.5) * size * 1.35, left = x + PAD, right = left + KEY - 8;

        if (row[i].has_band)
            sn_svg_rect(s, left, middle - size * 0.42, right - left, size * 0.84, &row[i].band);
        if (row[i].has_line)
            sn_svg_line(s, left, middle, right, middle, &row[i].pen);
        if (row[i].has_marker)
            sn_svg_marker(s, row[i].marker, (left + right) / 2, middle, size * 0.34, &row[i].pen);
        sn_svg_text_within(s, x + PAD + KEY - 2, middle + size * 0.35, &(struct sn_text){ .size = size }, row[i].text, s->width - x - 2 * PAD - KEY);
    }
}
