/*
 * readers_svg.c: the model's ROC curve with each reader's point on it. Groups differ by shape, not by colour, so that the
 * figure reads in grey: the first group filled circles, the second open squares, then triangles and diamonds.
 */
#include "tools/html.h"
#include "tools/readers.h"

#include <math.h>
#include <stdio.h>

enum { LEFT = 70, TOP = 40, SIDE = 480, WIDTH = 860, HEIGHT = 600, LEGEND = 580 };

static double px(double fpr) { return LEFT + SIDE * fpr; }
static double py(double tpr) { return TOP + SIDE * (1 - tpr); }
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

static int group_of(const struct sn_reads *s, const char *group)
{
    for (int g = 0; g < s->n_groups; g++)
        if (strcmp(s->groups[g], group) == 0)
            return g;
    return 0;
}

/* Shape by group; assisted ones grey inside. */
static void marker(struct sn_buf *b, double x, double y, int group, bool assisted)
{
    static const char *const paths[] = { "m-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z", "m-5.5 -5.5h11v11h-11z", "m0 -7l6.5 11.5h-13z", "m0 -7.5l7 7.5l-7 7.5l-7 -7.5z" };
    char at[2][48];

    sn_buf_printf(b, "<path d=\"M%s %s%s\" fill=\"%s\" stroke=\"#000\" stroke-width=\"1.4\"/>\n", num(x, at[0]), num(y, at[1]),
                  paths[group % 4], assisted ? "#aaa" : group == 0 ? "#000" : "#fff");
}

static void axes(struct sn_buf *b)
{
    char label[48];

    for (int k = 0; k <= 5; k++) {
        double v = k / 5.0;

        line(b, px(v), py(0), px(v), py(1), " stroke=\"#ddd\" stroke-width=\"0.7\"");
        line(b, px(0), py(v), px(1), py(v), " stroke=\"#ddd\" stroke-width=\"0.7\"");
        text(b, px(v), py(0) + 20, " text-anchor=\"middle\"", sn_fixed(1 - v, 1, label));
        text(b, px(0) - 10, py(v) + 5, " text-anchor=\"end\"", sn_fixed(v, 1, label));
    }
    line(b, px(0), py(0), px(1), py(1), " stroke=\"#888\" stroke-dasharray=\"2 4\"");
    sn_buf_printf(b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#000\"/>\n", LEFT, TOP, SIDE, SIDE);
    text(b, px(0.5), py(0) + 44, " text-anchor=\"middle\"", "specificity");
    sn_buf_printf(b, "<text transform=\"translate(%d %d) rotate(-90)\" text-anchor=\"middle\">sensitivity</text>\n", LEFT - 46, TOP + SIDE / 2);
}

static void roc(struct sn_buf *b, const struct sn_readers_results *r)
{
    char at[2][48];

    if (!r->roc_n)
        return;
    sn_buf_puts(b, "<path fill=\"none\" stroke=\"#000\" stroke-width=\"1.8\" d=\"");
    for (size_t i = 0; i < r->roc_n; i++)
        sn_buf_printf(b, "%s%s %s", i ? "L" : "M", num(px(r->roc_fpr[i]), at[0]), num(py(r->roc_tpr[i]), at[1]));
    sn_buf_puts(b, "\"/>\n");
    if (r->model_sensitivity.n) { /* the operating point: a cross */
        double x = px(1 - r->model_specificity.value), y = py(r->model_sensitivity.value);

        line(b, x - 7, y - 7, x + 7, y + 7, " stroke=\"#000\" stroke-width=\"2.4\"");
        line(b, x - 7, y + 7, x + 7, y - 7, " stroke=\"#000\" stroke-width=\"2.4\"");
    }
}

/* Intervals first, so that no point is covered; an arrow from a reader's point to the assisted one. */
static void readers(struct sn_buf *b, const struct sn_reads *s, const struct sn_readers_results *r)
{
    for (size_t i = 0; i < r->n_r; i++) {
        const struct sn_proportion *se = &r->r[i].sensitivity, *sp = &r->r[i].specificity;

        if (!se->n || !sp->n)
            continue;
        line(b, px(1 - sp->lo), py(se->value), px(1 - sp->hi), py(se->value), " stroke=\"#777\" stroke-width=\"0.8\"");
        line(b, px(1 - sp->value), py(se->lo), px(1 - sp->value), py(se->hi), " stroke=\"#777\" stroke-width=\"0.8\"");
        for (size_t k = 0; k < i; k++)
            if (r->r[k].reader == r->r[i].reader && r->r[k].sensitivity.n && r->r[k].specificity.n)
                line(b, px(1 - r->r[k].specificity.value), py(r->r[k].sensitivity.value), px(1 - sp->value), py(se->value),
                     " stroke=\"#000\" stroke-width=\"1\" stroke-dasharray=\"5 3\" marker-end=\"url(#tip)\"");
    }
    for (size_t i = 0; i < r->n_r; i++)
        if (r->r[i].sensitivity.n && r->r[i].specificity.n)
            marker(b, px(1 - r->r[i].specificity.value), py(r->r[i].sensitivity.value),
                   group_of(s, s->readers[r->r[i].reader].group), r->r[i].assisted != 0);
}

static void legend(struct sn_buf *b, const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r)
{
    char label[400], v[5][48];
    double y = TOP + 12;

    if (opt->predictions) {
        line(b, LEGEND, y - 4, LEGEND + 24, y - 4, " stroke=\"#000\" stroke-width=\"1.8\"");
        (void)snprintf(label, sizeof label, "%.60s: AUC %s", opt->score, sn_fixed(r->auc, 3, v[0]));
        text(b, LEGEND + 32, y, "", label);
        (void)snprintf(label, sizeof label, "(%s to %s)", sn_fixed(r->auc_lo, 3, v[0]), sn_fixed(r->auc_hi, 3, v[1]));
        text(b, LEGEND + 32, y + 18, "", label);
        (void)snprintf(label, sizeof label, "%zu cases, %zu events", r->model_n, r->model_events);
        text(b, LEGEND + 32, y + 36, "", label);
        y += 60;
        if (r->model_sensitivity.n) {
            line(b, LEGEND + 5, y - 11, LEGEND + 19, y + 3, " stroke=\"#000\" stroke-width=\"2.4\"");
            line(b, LEGEND + 5, y + 3, LEGEND + 19, y - 11, " stroke=\"#000\" stroke-width=\"2.4\"");
            (void)snprintf(label, sizeof label, "at threshold %s", sn_fixed(opt->threshold, 3, v[0]));
            text(b, LEGEND + 32, y, "", label);
            y += 26;
        }
    }
    for (size_t i = 0; i < r->n_r && y < HEIGHT - 60; i++) {
        char name[160];

        marker(b, LEGEND + 12, y - 4, group_of(s, s->readers[r->r[i].reader].group), r->r[i].assisted != 0);
        (void)snprintf(label, sizeof label, "%.30s", sn_reader_label(s, &r->r[i], name));
        text(b, LEGEND + 32, y, "", label);
        y += 22;
    }
    text(b, LEGEND, y + 10, " font-size=\"12\"", "lines through points: 95 % Wilson intervals");
}

void sn_readers_svg(struct sn_buf *b, const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r)
{
    sn_buf_printf(b,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
                  "font-size=\"14\">\n<title>Readers and the model's ROC curve</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                  "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"13\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
                  "<path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
                  WIDTH, HEIGHT, WIDTH, HEIGHT);
    axes(b);
    roc(b, r);
    readers(b, s, r);
    legend(b, s, opt, r);
    text(b, LEFT, HEIGHT - 18, " font-size=\"12\"", "Research use only.");
    sn_buf_puts(b, "</svg>\n");
}
