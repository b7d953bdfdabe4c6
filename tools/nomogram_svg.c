/* nomogram_svg.c: a nomogram drawn. Four units a millimetre of an A4 page, landscape. */
#include "tools/nomogram_svg.h"
#include "tools/html.h"

#include <math.h>

enum { WIDTH = 1188, MOST_HEIGHT = 840, LEFT = 262, RIGHT = 1146, TOP = 92, BOTTOM = 730, CHAR = 8 /* of a tick's label */ };

struct row {
    struct sn_buf *b;
    double y;
    double busy[2];  /* right end of the last label below and above the line */
};

static const char *num(double v, char *buf) { return sn_fixed(v, 2, buf); }

static void text(struct sn_buf *b, double x, double y, const char *attributes, const char *s)
{
    char at[2][48];

    sn_buf_printf(b, "<text x=\"%s\" y=\"%s\"%s>", num(x, at[0]), num(y, at[1]), attributes);
    sn_html_text(b, s);
    sn_buf_puts(b, "</text>\n");
}

static void line(struct sn_buf *b, double x0, double y0, double x1, double y1)
{
    char at[4][48];

    sn_buf_printf(b, "<path d=\"M%s %sL%s %s\"/>\n", num(x0, at[0]), num(y0, at[1]), num(x1, at[2]), num(y1, at[3]));
}

static struct row row(struct sn_buf *b, double y, const char *name, double x0, double x1)
{
    text(b, LEFT - 24, y + 5, " text-anchor=\"end\" font-weight=\"bold\"", name);
    line(b, x0, y, x1, y);
    return (struct row){ .b = b, .y = y, .busy = { 0, 0 } };
}

/* A tick; its label stands where there is room: below, or above when allowed, or nowhere. */
static void tick(struct row *r, double x, const char *label, bool above)
{
    double half = (double)(CHAR * strlen(label)) / 2;
    int side = x - half >= r->busy[0] ? 0 : above && x - half >= r->busy[1] ? 1 : -1;

    line(r->b, x, r->y - (side == 1 ? 7 : 0), x, r->y + (side == 1 ? 0 : 7));
    if (side < 0)
        return;
    text(r->b, x, side ? r->y - 12 : r->y + 23, " text-anchor=\"middle\" font-size=\"14\"", label);
    r->busy[side] = x + half + CHAR;
}

/* A patient's place on an axis, clamped to it. */
static void mark(struct row *r, double x, const char *label)
{
    char at[4][48];

    x = SN_MIN(SN_MAX(x, (double)LEFT), (double)RIGHT);
    sn_buf_printf(r->b, "<path d=\"M%s %sl-7 -13h14z\" fill=\"#000\"/>\n", num(x, at[0]), num(r->y - 1, at[1]));
    text(r->b, x, r->y - 18, " text-anchor=\"middle\" font-size=\"14\" font-weight=\"bold\"", label);
}

static double at_points(double p) { return LEFT + p / 100 * (RIGHT - LEFT); }

static void predictor(struct sn_buf *b, const struct sn_nomogram *n, int k, double y, const double *lp)
{
    const struct sn_nomogram_axis *a = &n->axis[k];
    double lo = INFINITY, hi = -INFINITY;
    char label[48];
    struct row r;

    for (int i = 0; i < a->n; i++) {
        lo = SN_MIN(lo, a->points[i]);
        hi = SN_MAX(hi, a->points[i]);
    }
    r = row(b, y, a->column, at_points(lo), at_points(hi));
    for (int step = 0; step < a->n; step++) { /* from left to right, so that labels know what is beside them */
        int i = a->factor || a->coefficient >= 0 ? step : a->n - 1 - step;

        tick(&r, at_points(a->points[i]), a->factor ? (a->level[i] ? a->level[i] : "other") : sn_format_double(a->value[i], label), a->factor && !lp);
    }
    if (lp) {
        double p = sn_nomogram_points(n, k, lp[k]);

        mark(&r, at_points(p), sn_fixed(p, 1, label));
    }
}

/* Total points and the risk below, on one scale from `least` (0, or less when a patient needs it) to `most`. */
static void totals(struct sn_buf *b, const struct sn_nomogram *n, const char *outcome, double y, double gap, const double *lp)
{
    static const double risks[] = { 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999 };
    double first, step, most, total = 0;
    int count = sn_pretty(0, n->max_points, 10, &first, &step), low = -1, high = -1;
    char label[48];
    struct row r;

    most = sn_pretty_value(first, step, count - 1);
#define AT(t) (LEFT + (t) / most * (RIGHT - LEFT))
    r = row(b, y, "Total points", LEFT, RIGHT);
    for (int i = 0; i < count; i++)
        tick(&r, AT(sn_pretty_value(first, step, i)), sn_format_double(sn_pretty_value(first, step, i), label), false);
    for (int k = 0; lp && k < n->n_axes; k++)
        total += sn_nomogram_points(n, k, lp[k]);
    if (lp)
        mark(&r, AT(total), sn_fixed(total, 1, label));
    for (int i = 0; i < (int)SN_COUNT(risks); i++) {
        double t = sn_nomogram_total(n, risks[i]);

        if (t < 0 || t > most)
            continue;
        low = low < 0 ? i : low;
        high = i;
    }
    r = row(b, y + gap, "Risk", low < 0 ? LEFT : AT(sn_nomogram_total(n, risks[low])), low < 0 ? LEFT : AT(sn_nomogram_total(n, risks[high])));
    for (int i = low; i >= 0 && i <= high; i++)
        tick(&r, AT(sn_nomogram_total(n, risks[i])), sn_format_double(risks[i], label), !lp);
    if (lp)
        mark(&r, AT(total), sn_fixed(sn_nomogram_risk(n, total), 3, label));
#undef AT
    text(b, LEFT, y + gap + 52, " font-size=\"14\"", outcome);
}

void sn_nomogram_svg(struct sn_buf *b, const struct sn_nomogram *n, const char *outcome, const double *lp)
{
    double gap = SN_MIN(96.0, (double)(BOTTOM - TOP) / (n->n_axes + 2));
    int height = SN_MIN(MOST_HEIGHT, TOP + (int)(gap * (n->n_axes + 2)) + 110); /* no emptier than it must be */
    struct row r;

    sn_buf_printf(b,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"297mm\" height=\"%dmm\" style=\"max-width:100%%;height:auto\" "
                  "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"16\" fill=\"#000\" role=\"img\">\n"
                  "<title>Nomogram</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<g stroke=\"#000\" stroke-width=\"1.4\" "
                  "fill=\"none\"><g stroke=\"none\" fill=\"#000\">\n",
                  WIDTH, height, height / 4, WIDTH, height);
    text(b, LEFT, 42, " font-size=\"20\" font-weight=\"bold\"", "Nomogram");
    text(b, WIDTH - 42, height - 26, " text-anchor=\"end\" font-size=\"14\"",
         "Points of each line are added; the total leads to the risk. Research use only, not a medical device.");
    sn_buf_puts(b, "</g>\n<style>text{stroke:none;fill:#000}</style>\n");
    r = row(b, TOP, "Points", LEFT, RIGHT);
    for (int p = 0; p <= 100; p += 5) {
        char label[48];

        if (p % 10 == 0)
            tick(&r, at_points(p), sn_format_double(p, label), false);
        else
            line(b, at_points(p), TOP, at_points(p), TOP + 4);
    }
    for (int k = 0; k < n->n_axes; k++)
        predictor(b, n, k, TOP + gap * (k + 1), lp);
    totals(b, n, outcome, TOP + gap * (n->n_axes + 1), gap, lp);
    sn_buf_puts(b, "</g></svg>\n");
}
