/*
 * svg.h: figures as SVG: shapes, text, and plots with axes, bands, markers and a legend. The same
 * picture gives the same bytes. All lengths are units of a quarter millimetre (SN_MM), y runs
 * downwards. Everything appends to a buffer whose failure is sticky; nothing else can fail.
 *
 * Figures are to be read in grey and by readers who tell few colours apart: each series differs by
 * dash and marker too (sn_series). Text is escaped; bytes that are no UTF-8 become '?'.
 */
#ifndef SN_IO_SVG_H
#define SN_IO_SVG_H

#include "base/base.h"

#define SN_MM 4.0         /* units per millimetre */
#define SN_SVG_TEXT 11.3  /* 8 pt, the usual size of text in journals' figures */
#define SN_SVG_SMALL 9.9  /* 7 pt */

struct sn_svg {
    struct sn_buf *b;
    const char *id;       /* prefix of clip paths' names: unique among the figures of a page */
    double width, height;
    int clips;
};

/* title and description are for screen readers and search; description may be NULL. White background. */
void sn_svg_begin(struct sn_svg *s, struct sn_buf *b, const char *id, double width_mm, double height_mm, const char *title,
                  const char *description);
void sn_svg_end(struct sn_svg *s);

/* ---- shapes -------------------------------------------------------------------------------- */

struct sn_pen {
    const char *colour;   /* NULL: no line */
    double width;
    const char *dash;     /* SVG dash array; NULL: solid */
    const char *fill;     /* NULL: not filled */
    double opacity;       /* of the filling; 0 means 1 */
};

/* Points that are not finite interrupt a line and are left out of an area. */
void sn_svg_line(struct sn_svg *s, double x0, double y0, double x1, double y1, const struct sn_pen *pen);
void sn_svg_polyline(struct sn_svg *s, const double *x, const double *y, size_t n, const struct sn_pen *pen);
void sn_svg_polygon(struct sn_svg *s, const double *x, const double *y, size_t n, const struct sn_pen *pen);
void sn_svg_rect(struct sn_svg *s, double x, double y, double w, double h, const struct sn_pen *pen);

enum sn_marker { SN_CIRCLE, SN_SQUARE, SN_TRIANGLE, SN_DIAMOND, SN_TRIANGLE_DOWN, SN_CROSS, SN_PLUS, SN_STAR, SN_MARKERS };
void sn_svg_marker(struct sn_svg *s, enum sn_marker m, double x, double y, double r, const struct sn_pen *pen);

/* Series k of a figure, k >= 0: a line (no filling) and a marker; eight differ, then they repeat in half the width. */
struct sn_pen sn_series(int k);
enum sn_marker sn_series_marker(int k);

/* What is drawn between these two stays inside the rectangle. Not nested. */
void sn_svg_clip(struct sn_svg *s, double x, double y, double w, double h);
void sn_svg_unclip(struct sn_svg *s);

/* ---- text ---------------------------------------------------------------------------------- */

enum sn_anchor { SN_START, SN_MIDDLE, SN_END };
struct sn_text {
    double size;          /* 0: SN_SVG_TEXT */
    enum sn_anchor anchor;
    bool bold, italic;
    double turn;          /* degrees, clockwise, about (x, y) */
    const char *colour;   /* NULL: black */
};
/* One line with its baseline at y. style may be NULL. */
void sn_svg_text(struct sn_svg *s, double x, double y, const struct sn_text *style, const char *text);
/* The same in at most `width`, as sn_svg_text_width sees it: the size shrinks to no less than two thirds, then the end is cut. */
void sn_svg_text_within(struct sn_svg *s, double x, double y, const struct sn_text *style, const char *text, double width);
/* An estimate within some 10 %, from Helvetica's widths: to leave room, not to align. */
double sn_svg_text_width(const char *text, double size, bool bold);
/* Appends text as XML character data. */
void sn_svg_escape(struct sn_buf *b, const char *text);

/* ---- plots (svg_plot.c) ---------------------------------------------------------------------- */

struct sn_axis {
    double lo, hi;        /* lo < hi; positive when log */
    bool log;
    bool grid, no_ticks, percent; /* percent: 0.25 is written 25 % */
    const char *label;
    int most_ticks;       /* 0: 6 */
};
struct sn_plot {
    struct sn_svg *svg;
    double x, y, w, h;    /* the plotting area */
    struct sn_axis across, up;
    const char *title;    /* above; NULL: none */
};

/* 1, 2 or 5 times a power of ten: *step, and the first multiple of it from lo on; returns how many, at most `most` + 1. */
int sn_ticks(double lo, double hi, int most, double *first, double *step);

double sn_plot_x(const struct sn_plot *p, double v);
double sn_plot_y(const struct sn_plot *p, double v);
void sn_plot_frame(const struct sn_plot *p); /* grid, axes, ticks, labels; what follows is drawn over it */

/* In data coordinates, cut off at the plotting area; points too close to be told apart are left out. */
void sn_plot_line(const struct sn_plot *p, const double *x, const double *y, size_t n, const struct sn_pen *pen);
void sn_plot_steps(const struct sn_plot *p, const double *x, const double *y, size_t n, const struct sn_pen *pen); /* across, then up */
void sn_plot_band(const struct sn_plot *p, const double *x, const double *lo, const double *hi, size_t n, const struct sn_pen *pen);
void sn_plot_bar(const struct sn_plot *p, double x0, double x1, double y0, double y1, const struct sn_pen *pen);
void sn_plot_marker(const struct sn_plot *p, enum sn_marker m, double x, double y, double r, const struct sn_pen *pen);

struct sn_legend_row {
    const char *text;
    bool has_line, has_band, has_marker;
    struct sn_pen pen;    /* of the line, or of the marker */
    struct sn_pen band;
    enum sn_marker marker;
};
/* Rows from the top left corner on, over a white ground; size 0: SN_SVG_SMALL. The second gives its extent. */
void sn_svg_legend(struct sn_svg *s, double x, double y, double size, const struct sn_legend_row *row, int n);
void sn_svg_legend_size(double size, const struct sn_legend_row *row, int n, double *w, double *h);

#endif
