/*
 * figures.h: the figures of an evaluation, drawn from plain arrays; appended to a buffer as SVG documents
 * (sticky failure). Every figure carries `footer`: cases, events, set, research use. `id` is unique on a page.
 */
#ifndef SN_TOOLS_FIGURES_H
#define SN_TOOLS_FIGURES_H

#include "io/svg.h"

struct sn_fig {
    const char *id, *title, *footer;
};

struct sn_fig_curve {
    const char *label;                /* of the legend */
    const double *x, *y;
    size_t n;
    bool steps;
    const double *band_x, *lo, *hi;   /* confidence band, [n_band]; n_band 0: none */
    size_t n_band;
    double mark_x, mark_y;            /* the operating point on it; NaN: none */
};
struct sn_fig_point {
    const char *label;                /* NULL: no legend row of its own (same reader group as the one before) */
    double x, y;
    double x_lo, x_hi, y_lo, y_hi;    /* whiskers; NaN: none */
    int group;                        /* marker */
    bool mean;                        /* of the group: larger and black */
    bool ring;                        /* a circle around it: a second condition (with assistance) ... */
    double from_x, from_y;            /* ... and with `moved` a line from the same reader's first one */
    bool moved;
};

/* 1 - specificity against sensitivity. */
void sn_fig_roc(struct sn_buf *b, const struct sn_fig *f, const struct sn_fig_curve *curve, int n_curves, const struct sn_fig_point *point,
                int n_points);

/* Net benefit against threshold probability in [lo, hi]; constant classifiers (readers) are curves too. */
void sn_fig_dca(struct sn_buf *b, const struct sn_fig *f, double lo, double hi, double prevalence, const struct sn_fig_curve *curve, int n_curves);

/* Flagged, and flagged with the event, per 1000 patients. */
void sn_fig_impact(struct sn_buf *b, const struct sn_fig *f, double lo, double hi, const double *t, const double *flagged, const double *true_flagged,
                   size_t n);

struct sn_fig_calibration {
    const char *smoother, *band;      /* named in the legend; band NULL: none */
    const double *x, *y, *lo, *hi;    /* [n]; lo NULL: no band */
    size_t n;
    const double *line_x, *line_y;    /* logistic recalibration curve, [n_line]; 0: none */
    size_t n_line;
    const double *group_p, *group_y, *group_lo, *group_hi; /* [n_groups] */
    size_t n_groups;
    const double *risk0, *risk1;      /* risks without and with the event, for the histograms */
    size_t n0, n1;
    const char *note[5];              /* lines inside the plot; NULL ends */
};
void sn_fig_calibration(struct sn_buf *b, const struct sn_fig *f, const struct sn_fig_calibration *c);

/* Risks by outcome: violins with boxes (quartiles, whiskers to the last point within 1.5 of them) and, when few, points. */
struct sn_fig_group {
    const char *label;                /* "external: no event" */
    const double *v;                  /* ascending */
    size_t n;
    bool event;
};
void sn_fig_risks(struct sn_buf *b, const struct sn_fig *f, const char *axis, bool unit_range, double threshold, const struct sn_fig_group *g, int n);

/* Estimates with intervals, one row each. */
struct sn_fig_row {
    const char *label, *detail;       /* detail: "n = 113, 47 events"; heading rows have no estimate (NaN) */
    double v, lo, hi;
    bool heading, summary;            /* summary: drawn as a diamond */
};
void sn_fig_forest(struct sn_buf *b, const struct sn_fig *f, const char *axis, const char *detail_head, double reference, bool unit_range,
                   const struct sn_fig_row *row, int n);

/* A 2x2 table as a picture; label: "risk >= 0.31". */
void sn_fig_confusion(struct sn_buf *b, const struct sn_fig *f, const char *label, size_t tp, size_t fp, size_t fn, size_t tn);

/* STARD's flow of participants: boxes from top to bottom, exclusions to the side, one column a set. Positive is test >= cut. */
struct sn_fig_flow_set {
    const char *name;
    size_t n, events;
    bool tested;                      /* there is a threshold */
    size_t tp, fp, fn, tn;
};
void sn_fig_flow(struct sn_buf *b, const struct sn_fig *f, const char *start, const char *const *excluded, int n_excluded, const char *analysed,
                 const char *test, const char *cut, const struct sn_fig_flow_set *set, int n_sets);

#endif
