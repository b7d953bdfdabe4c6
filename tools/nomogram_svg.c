/* nomogram_svg.c: a nomogram drawn. Four units a millimetre of an A4 page, landscape. */
#include "tools/nomogram_svg.h"

#include "io/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_HEIGHT = 840, LEFT = 290, RIGHT = 1146, TOP = 92, BOTTOM = 730, ROOMY = 62 /* between axes */ };

static const struct sn_pen line = { .colour = "#000", .width = 1.4 }, filled = { .fill = "#000" };

struct row {
    struct sn_svg *s;
    double y, k;     /* k: size of everything, 1 where there is room */
    double busy[2];  /* right end of the last label below and above the line */
    double mark;     /* where a patient's mark will stand, above the line; NaN: none */
};

/* A name too long for its place is cut, at a character's beginning. */
static void row_name(struct row *r, const char *name)
{
    char text[96];
    size_t n = strlen(name);
    double size = 16 * r->k;

    n = SN_MIN(n, sizeof text - 4);
    memcpy(text, name, n);
    text[n] = 0;
    while (size > 11 * r->k && sn_svg_text_width(text, size, true) > LEFT - 40)
        size -= 1;
    while (n > 4 && (name[n] || sn_svg_text_width(text, size, true) > LEFT - 40)) {
        for (n--; n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80;)
            n--;
        memcpy(text + n, "...", 4);
        if (sn_svg_text_width(text, size, true) <= LEFT - 40)
            break;
    }
    sn_svg_text(r->s, LEFT - 24, r->y + 5 * r->k, &(struct sn_text){ .size = size, .bold = true, .anchor = SN_END }, text);
}

static struct row row(struct sn_svg *s, double y, double k, const char *name, double x0, double x1)
{
    struct row r = { .s = s, .y = y, .k = k, .busy = { 0, 0 }, .mark = NAN };

    row_name(&r, name);
    sn_svg_line(s, x0, y, x1, y, &line);
    return r;
}

enum side { BELOW, ABOVE, EITHER };

/* A tick; its label stands where there is room on its side, or nowhere. */
static void tick(struct row *r, double x, const char *label, enum side side)
{
    double size = 14 * r->k, half = sn_svg_text_width(label, size, false) / 2 + 2;
    int where = side == ABOVE ? 1 : 0;
    bool fits = x - half >= r->busy[where];

    if (!fits && side == EITHER && x - half >= r->busy[1]) {
        where = 1;
        fits = true;
    }
    sn_svg_line(r->s, x, r->y, x, r->y + (where ? -7 : 7) * r->k, &line);
    if (!fits || (where && fabs(x - r->mark) < half + 20 * r->k))
        return;
    sn_svg_text(r->s, x, r->y + (where ? -11 : 22) * r->k, &(struct sn_text){ .size = size, .anchor = SN_MIDDLE }, label);
    r->busy[where] = x + half + 4;
}

/* A patient's place on an axis, clamped to it. */
static void mark(struct row *r, double x, const char *label)
{
    double at, k = r->k;

    x = SN_MIN(SN_MAX(x, (double)LEFT), (double)RIGHT);
    at = r->y - 1;
    sn_svg_polygon(r->s, (const double[]){ x, x - 7 * k, x + 7 * k }, (const double[]){ at, at - 13 * k, at - 13 * k }, 3, &filled);
    sn_svg_text(r->s, x, at - 17 * k, &(struct sn_text){ .size = 14 * k, .bold = true, .anchor = SN_MIDDLE }, label);
}

static double at_points(double p) { return LEFT + p / 100 * (RIGHT - LEFT); }

struct place {
    double points;
    int tick;
    bool falling;
};

static int by_points(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return x->points != y->points ? (x->points > y->points) - (x->points < y->points) : x->tick - y->tick;
}

/* Ticks from left to right, so that labels know what is beside them. */
static void axis_ticks(struct row *r, const struct sn_nomogram_axis *a, bool patient)
{
    struct place *p = calloc((size_t)a->n + 1, sizeof *p);
    bool turns = false;
    char label[48];

    if (!p) {
        r->s->b->failed = true;
        return;
    }
    for (int i = 0; i < a->n; i++) {
        int from = i ? i - 1 : 0, to = i ? i : SN_MIN(1, a->n - 1);

        p[i] = (struct place){ a->points[i], i, a->points[to] < a->points[from] };
        turns = turns || p[i].falling != p[0].falling;
    }
    qsort(p, (size_t)a->n, sizeof *p, by_points);
    for (int i = 0; i < a->n; i++) {
        int t = p[i].tick;

        tick(r, at_points(p[i].points), a->factor ? (a->level[t] ? a->level[t] : "other") : sn_format_double(a->value[t], label),
             a->factor ? (patient ? BELOW : EITHER) : turns && p[i].falling ? ABOVE : BELOW);
    }
    free(p);
}

static void predictor(struct sn_svg *s, const struct sn_nomogram *n, int index, double y, double k, const struct sn_logistic_value *values)
{
    const struct sn_nomogram_axis *a = &n->axis[index];
    const struct sn_nomogram_group *g = &n->group[a->group];
    double lo = INFINITY, hi = -INFINITY;
    int own = values ? sn_nomogram_axis_of(n, a->group, values) : -1;
    bool here = values && (own == index || (own < 0 && (size_t)index == g->first)); /* between the axes of its group: on the first */
    double p = here ? sn_nomogram_points(n, a->group, sn_nomogram_lp(n, a->group, values)) : 0;
    char label[48];
    struct row r;

    for (int i = 0; i < a->n; i++) {
        lo = SN_MIN(lo, a->points[i]);
        hi = SN_MAX(hi, a->points[i]);
    }
    r = row(s, y, k, a->label, at_points(lo), at_points(hi));
    if (here)
        r.mark = SN_MIN(SN_MAX(at_points(p), (double)LEFT), (double)RIGHT);
    axis_ticks(&r, a, values != NULL);
    if (here)
        mark(&r, at_points(p), sn_fixed(p, 1, label));
}

/* Total points and the risk below, on one scale from 0 to the next round number. */
static void totals(struct sn_svg *s, const struct sn_nomogram *n, const struct sn_logistic *m, double y, double gap, double k,
                   const struct sn_logistic_value *values)
{
    static const double risks[] = { 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999 };
    double first, step, most, total = 0;
    int count = sn_pretty(0, n->max_points, 10, &first, &step), low = -1, high = -1;
    char label[48], name[480];
    struct row r;

    most = sn_pretty_value(first, step, count - 1);
#define AT(t) (LEFT + (t) / most * (RIGHT - LEFT))
    r = row(s, y, k, "Total points", LEFT, RIGHT);
    for (int i = 0; i < count; i++)
        tick(&r, AT(sn_pretty_value(first, step, i)), sn_format_double(sn_pretty_value(first, step, i), label), BELOW);
    for (size_t g = 0; values && g < n->n_groups; g++)
        total += sn_nomogram_points(n, g, sn_nomogram_lp(n, g, values));
    if (values)
        mark(&r, AT(total), sn_fixed(total, 1, label));
    for (int i = 0; i < (int)SN_COUNT(risks); i++) {
        double t = sn_nomogram_total(n, risks[i]);

        if (t < 0 || t > most)
            continue;
        low = low < 0 ? i : low;
        high = i;
    }
    r = row(s, y + gap, k, "Risk", low < 0 ? LEFT : AT(sn_nomogram_total(n, risks[low])), low < 0 ? LEFT : AT(sn_nomogram_total(n, risks[high])));
    for (int i = low; i >= 0 && i <= high; i++)
        tick(&r, AT(sn_nomogram_total(n, risks[i])), sn_format_double(risks[i], label), values ? BELOW : EITHER);
    if (values)
        mark(&r, AT(total), sn_fixed(sn_nomogram_risk(n, total), 3, label));
#undef AT
    (void)snprintf(name, sizeof name, "Risk of %.200s%s%.200s", *m->outcome ? m->outcome : "the model's outcome", *m->trained_on ? "; fitted on " : "", m->trained_on);
    sn_svg_text_within(s, LEFT, y + gap + 52, &(struct sn_text){ .size = 14 }, name, RIGHT - LEFT);
}

void sn_nomogram_svg(struct sn_buf *b, const struct sn_nomogram *n, const struct sn_logistic *m, const struct sn_logistic_value *values, bool page)
{
    double gap = SN_MIN(96.0, (double)(BOTTOM - TOP) / (n->n_axes + 2)), k = SN_MIN(1.0, gap / ROOMY);
    double height = SN_MIN((double)MOST_HEIGHT, TOP + gap * (n->n_axes + 2) + 110); /* no emptier than it must be */
    struct sn_svg s;
    struct row r;

    sn_svg_begin(&s, b, "nomogram", 297, floor(height / SN_MM), "Nomogram", m->outcome);
    if (page)
        sn_buf_puts(b, "<style>@page{size:A4 landscape;margin:0}</style>\n");
    sn_svg_text(&s, LEFT, 42, &(struct sn_text){ .size = 20, .bold = true }, "Nomogram");
    sn_svg_text(&s, s.width - 42, s.height - 26, &(struct sn_text){ .size = 14, .anchor = SN_END },
                "Points of each line are added; the total leads to the risk. Research use only, not a medical device.");
    r = row(&s, TOP, 1, "Points", LEFT, RIGHT);
    for (int p = 0; p <= 100; p += 5) {
        char label[48];

        if (p % 10 == 0)
            tick(&r, at_points(p), sn_format_double(p, label), BELOW);
        else
            sn_svg_line(&s, at_points(p), TOP, at_points(p), TOP + 4, &line);
    }
    for (int i = 0; i < n->n_axes; i++)
        predictor(&s, n, i, TOP + gap * (i + 1), k, values);
    totals(&s, n, m, TOP + gap * (n->n_axes + 1), gap, k, values);
    sn_svg_end(&s);
}
