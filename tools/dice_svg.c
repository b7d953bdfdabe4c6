/*
 * dice_svg.c: mask agreement on one page: Dice of every case beside its quartiles, and the longest diameter by both masks as
 * Bland and Altman draw it. Black on white, told apart by shape.
 */
#include "tools/dice.h"
#include "tools/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 960, HEIGHT = 480, TOP = 50, BOTTOM = 400, LEFT = 70, DICE_RIGHT = 400, BA_LEFT = 500, BA_RIGHT = 930 };

static const char *num(double v, char *buf) { return sn_fixed(v, 2, buf); }

static void text(struct sn_buf *b, double x, double y, const char *attributes, const char *s)
{
    char at[2][48];

    sn_buf_printf(b, "<text x=\"%s\" y=\"%s\"%s>", num(x, at[0]), num(y, at[1]), attributes);
    sn_html_text(b, s);
    sn_buf_puts(b, "</text>\n");
}

static void line(struct sn_buf *b, double x0, double y0, double x1, double y1, const char *attributes)
{
    char at[4][48];

    sn_buf_printf(b, "<path d=\"M%s %sL%s %s\"%s/>\n", num(x0, at[0]), num(y0, at[1]), num(x1, at[2]), num(y1, at[3]), attributes);
}

static void dot(struct sn_buf *b, double x, double y)
{
    char at[2][48];

    sn_buf_printf(b, "<circle cx=\"%s\" cy=\"%s\" r=\"3\" fill=\"none\" stroke=\"#000\"/>\n", num(x, at[0]), num(y, at[1]));
}

static void frame(struct sn_buf *b, int left, int right)
{
    sn_buf_printf(b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#000\"/>\n", left, TOP, right - left, BOTTOM - TOP);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* ---- Dice -------------------------------------------------------------------------------------------------------- */

static double dice_y(double v) { return BOTTOM - v * (BOTTOM - TOP); }

/* Box of quartiles, a line at the median, every case as a ring, spread sideways by its place in the table. */
static void column(struct sn_buf *b, const struct sn_dice_set *d, int k, double x, double room, double *v)
{
    char label[100], at[4][48];
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++) {
        double dice = d->cases[i].m[k].o.dice;

        if (!isfinite(dice))
            continue;
        dot(b, x + ((double)(i * 7 % 11) / 10 - 0.5) * 0.5 * room, dice_y(dice));
        v[n++] = dice;
    }
    (void)snprintf(label, sizeof label, "%.20s", d->names[k]);
    text(b, x, BOTTOM + 20, " text-anchor=\"middle\"", label);
    (void)snprintf(label, sizeof label, "n = %zu", n);
    text(b, x, BOTTOM + 38, " text-anchor=\"middle\" font-size=\"12\"", label);
    if (!n)
        return;
    qsort(v, n, sizeof *v, ascending);
    sn_buf_printf(b, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"none\" stroke=\"#000\" stroke-width=\"1.6\"/>\n",
                  num(x - 0.35 * room, at[0]), num(dice_y(sn_percentile_sorted(v, n, 75)), at[1]), num(0.7 * room, at[2]),
                  num(dice_y(sn_percentile_sorted(v, n, 25)) - dice_y(sn_percentile_sorted(v, n, 75)), at[3]));
    line(b, x - 0.35 * room, dice_y(sn_percentile_sorted(v, n, 50)), x + 0.35 * room, dice_y(sn_percentile_sorted(v, n, 50)),
         " stroke=\"#000\" stroke-width=\"2.6\"");
}

static void dice(struct sn_buf *b, const struct sn_dice_set *d, double *v)
{
    double room = (double)(DICE_RIGHT - LEFT) / d->n_comparisons;
    char label[48];

    for (int k = 0; k <= 5; k++) {
        line(b, LEFT, dice_y(k / 5.0), DICE_RIGHT, dice_y(k / 5.0), " stroke=\"#ddd\" stroke-width=\"0.7\"");
        text(b, LEFT - 8, dice_y(k / 5.0) + 5, " text-anchor=\"end\"", sn_fixed(k / 5.0, 1, label));
    }
    frame(b, LEFT, DICE_RIGHT);
    for (int k = 0; k < d->n_comparisons; k++)
        column(b, d, k, LEFT + room * (k + 0.5), SN_MIN(room, 140.0), v);
    text(b, LEFT, TOP - 14, " font-weight=\"bold\"", "Dice against the manual mask, per case");
}

/* ---- Bland-Altman --------------------------------------------------------------------------------------------------- */

struct scale {
    double lo, hi, from, to;
};
static double at(const struct scale *s, double v) { return s->from + (v - s->lo) / (s->hi - s->lo) * (s->to - s->from); }

/* Round values around the data, ticks included. */
static struct scale scale(struct sn_buf *b, double lo, double hi, double from, double to, bool upright)
{
    double first, step;
    int n = sn_pretty(lo, hi, 5, &first, &step);
    struct scale s = { first, sn_pretty_value(first, step, n - 1), from, to };
    char label[48];

    for (int i = 0; i < n; i++) {
        double v = sn_pretty_value(first, step, i);

        if (upright)
            text(b, BA_LEFT - 8, at(&s, v) + 5, " text-anchor=\"end\"", sn_format_double(v, label));
        else
            text(b, at(&s, v), BOTTOM + 20, " text-anchor=\"middle\"", sn_format_double(v, label));
    }
    return s;
}

static void level(struct sn_buf *b, const struct scale *y, double v, double lo, double hi, const char *attributes)
{
    char n[4][48], label[48];

    if (isfinite(lo) && hi > lo)
        sn_buf_printf(b, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"#ccc\" fill-opacity=\"0.6\"/>\n", num(BA_LEFT, n[0]),
                      num(at(y, hi), n[1]), num(BA_RIGHT - BA_LEFT, n[2]), num(at(y, lo) - at(y, hi), n[3]));
    line(b, BA_LEFT, at(y, v), BA_RIGHT, at(y, v), attributes);
    text(b, BA_RIGHT - 4, at(y, v) - 4, " text-anchor=\"end\" font-size=\"12\"", sn_fixed(v, 2, label));
}

static void bland_altman(struct sn_buf *b, const struct sn_dice_set *d, const struct sn_dice_size *z)
{
    const char *unit = d->physical ? "mm" : "pixels";
    double lo = INFINITY, hi = -INFINITY;
    struct scale x, y;
    char label[200];

    for (size_t i = 0; i < d->n; i++) {
        const struct sn_overlap *o = &d->cases[i].m[0].o;
        double mean = (o->length_manual + o->length_automatic) / 2;

        if (!o->manual || !o->automatic)
            continue;
        lo = SN_MIN(lo, mean);
        hi = SN_MAX(hi, mean);
    }
    x = scale(b, lo, hi > lo ? hi : lo + 1, BA_LEFT, BA_RIGHT, false);
    y = scale(b, z->ba.lower_lo, z->ba.upper_hi > z->ba.lower_lo ? z->ba.upper_hi : z->ba.lower_lo + 1, BOTTOM, TOP, true);
    level(b, &y, z->ba.lower, z->ba.lower_lo, z->ba.lower_hi, " stroke=\"#000\" stroke-dasharray=\"7 4\"");
    level(b, &y, z->ba.upper, z->ba.upper_lo, z->ba.upper_hi, " stroke=\"#000\" stroke-dasharray=\"7 4\"");
    level(b, &y, z->ba.bias, z->ba.bias_lo, z->ba.bias_hi, " stroke=\"#000\" stroke-width=\"1.6\"");
    for (size_t i = 0; i < d->n; i++) {
        const struct sn_overlap *o = &d->cases[i].m[0].o;
        double diff = o->length_automatic - o->length_manual;

        if (o->manual && o->automatic && diff >= y.lo && diff <= y.hi)
            dot(b, at(&x, (o->length_manual + o->length_automatic) / 2), at(&y, diff));
        else if (o->manual && o->automatic) /* beyond the limits' own intervals: at the edge, as a short line */
            line(b, at(&x, (o->length_manual + o->length_automatic) / 2), diff > 0 ? TOP : BOTTOM - 8,
                 at(&x, (o->length_manual + o->length_automatic) / 2), diff > 0 ? TOP + 8 : BOTTOM, " stroke=\"#000\" stroke-width=\"2\"");
    }
    frame(b, BA_LEFT, BA_RIGHT);
    (void)snprintf(label, sizeof label, "Longest diameter, %.20s minus manual, %s", d->names[0], unit);
    text(b, BA_LEFT, TOP - 14, " font-weight=\"bold\"", label);
    (void)snprintf(label, sizeof label, "mean of both, %s; %zu cases; bias, limits of agreement, grey: their intervals", unit, z->n);
    text(b, (BA_LEFT + BA_RIGHT) / 2.0, BOTTOM + 40, " text-anchor=\"middle\" font-size=\"12\"", label);
}

int sn_dice_svg(struct sn_buf *b, const struct sn_dice_set *d, const struct sn_dice_options *opt, struct sn_error *err)
{
    double *v = calloc(d->n + 1, sizeof *v);
    struct sn_dice_size z;
    int rc = v ? sn_dice_sizes(d, opt, 0, NULL, 1, &z, err) : SN_NOMEM(err, "a figure");

    if (!rc) {
        sn_buf_printf(b,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
                      "font-size=\"14\">\n<title>Agreement of masks</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                      WIDTH, HEIGHT, WIDTH, HEIGHT);
        dice(b, d, v);
        if (z.ok)
            bland_altman(b, d, &z);
        text(b, LEFT, HEIGHT - 14, " font-size=\"12\"", "Research use only. Boxes: quartiles and median; rings: cases.");
        sn_buf_puts(b, "</svg>\n");
        rc = b->failed ? SN_NOMEM(err, "a figure") : SN_OK;
    }
    free(v);
    return rc;
}
