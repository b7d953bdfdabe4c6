/* svg.c: documents, shapes and text; see svg.h. Plots are in svg_plot.c. */
#include "io/svg.h"

#include "io/io.h"
#include "io/utf8.h"

#include <math.h>

/* A hundredth of a unit is 2.5 micrometres. Anything outside 10 m of paper is a mistake and is held at its edge. */
static const char *num(double v, char *buf)
{
    size_t n;

    (void)sn_fixed(SN_MIN(SN_MAX(v, -40000.0), 40000.0), 2, buf);
    n = strlen(buf);
    while (buf[n - 1] == '0')
        buf[--n] = '\0';
    if (buf[n - 1] == '.')
        buf[--n] = '\0';
    return buf;
}

static void attribute(struct sn_buf *b, const char *name, double v)
{
    char text[48];

    sn_buf_printf(b, " %s=\"%s\"", name, num(v, text));
}

void sn_svg_escape(struct sn_buf *b, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        size_t n = sn_utf8_length((const uint8_t *)text, left);

        if (*text == '&')
            sn_buf_puts(b, "&amp;");
        else if (*text == '<')
            sn_buf_puts(b, "&lt;");
        else if (*text == '>')
            sn_buf_puts(b, "&gt;");
        else if (*text == '"')
            sn_buf_puts(b, "&quot;");
        else if (n == 0 || (n == 1 && ((unsigned char)*text < 0x20 || *text == 0x7f)) ||
                 (n == 3 && memcmp(text, "\xef\xbf\xbe", 2) == 0 && (unsigned char)text[2] >= 0xbe)) /* U+FFFE, U+FFFF: no XML characters */
            sn_buf_puts(b, "?");
        else
            sn_buf_add(b, text, n);
        n = SN_MAX(n, 1u);
        text += n;
        left -= n;
    }
}

/* ---- the document ---------------------------------------------------------------------------- */

void sn_svg_begin(struct sn_svg *s, struct sn_buf *b, const char *id, double width_mm, double height_mm, const char *title,
                  const char *description)
{
    char w[48], h[48];

    *s = (struct sn_svg){ .b = b, .id = id, .width = width_mm * SN_MM, .height = height_mm * SN_MM };
    sn_buf_printf(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\"", num(s->width, w), num(s->height, h));
    sn_buf_printf(b, " width=\"%smm\" height=\"%smm\" font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\"",
                  num(width_mm, w), num(height_mm, h));
    sn_buf_printf(b, " font-size=\"%s\" text-rendering=\"geometricPrecision\" role=\"img\">\n<title>", num(SN_SVG_TEXT, w));
    sn_svg_escape(b, title);
    sn_buf_puts(b, "</title>\n");
    if (description) {
        sn_buf_puts(b, "<desc>");
        sn_svg_escape(b, description);
        sn_buf_puts(b, "</desc>\n");
    }
    sn_svg_rect(s, 0, 0, s->width, s->height, &(struct sn_pen){ .fill = "#fff" });
}

void sn_svg_end(struct sn_svg *s) { sn_buf_puts(s->b, "</svg>\n"); }

/* ---- shapes ---------------------------------------------------------------------------------- */

/* Closes the tag of a shape with its pen. */
static void finish(struct sn_svg *s, const struct sn_pen *pen)
{
    sn_buf_printf(s->b, " fill=\"%s\"", pen->fill ? pen->fill : "none");
    if (pen->fill && pen->opacity > 0.0 && pen->opacity < 1.0)
        attribute(s->b, "fill-opacity", pen->opacity);
    if (pen->colour) {
        sn_buf_printf(s->b, " stroke=\"%s\"", pen->colour);
        attribute(s->b, "stroke-width", pen->width);
        if (pen->dash)
            sn_buf_printf(s->b, " stroke-dasharray=\"%s\"", pen->dash);
        else
            sn_buf_puts(s->b, " stroke-linejoin=\"round\"");
    }
    sn_buf_puts(s->b, "/>\n");
}

static void point(struct sn_buf *b, char command, double x, double y)
{
    char at[2][48];

    sn_buf_printf(b, "%c%s %s", command, num(x, at[0]), num(y, at[1]));
}

/* M and L commands; returns how many points there were. */
static size_t outline(struct sn_svg *s, const double *x, const double *y, size_t n, bool interrupt)
{
    size_t used = 0;
    bool drawing = false;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) {
            drawing &= !interrupt;
            continue;
        }
        point(s->b, drawing ? 'L' : 'M', x[i], y[i]);
        drawing = true;
        used++;
    }
    return used;
}

void sn_svg_polyline(struct sn_svg *s, const double *x, const double *y, size_t n, const struct sn_pen *pen)
{
    struct sn_pen line = *pen;

    line.fill = NULL;
    sn_buf_puts(s->b, "<path d=\"");
    if (outline(s, x, y, n, true) == 0)
        point(s->b, 'M', 0, 0); /* an empty path is an error to some readers */
    sn_buf_puts(s->b, "\"");
    finish(s, &line);
}

void sn_svg_polygon(struct sn_svg *s, const double *x, const double *y, size_t n, const struct sn_pen *pen)
{
    sn_buf_puts(s->b, "<path d=\"");
    if (outline(s, x, y, n, false) == 0)
        point(s->b, 'M', 0, 0);
    sn_buf_puts(s->b, "Z\"");
    finish(s, pen);
}

void sn_svg_line(struct sn_svg *s, double x0, double y0, double x1, double y1, const struct sn_pen *pen)
{
    sn_svg_polyline(s, (double[]){ x0, x1 }, (double[]){ y0, y1 }, 2, pen);
}

void sn_svg_rect(struct sn_svg *s, double x, double y, double w, double h, const struct sn_pen *pen)
{
    if (!isfinite(x) || !isfinite(y) || !(w >= 0.0) || !(h >= 0.0))
        return;
    sn_buf_puts(s->b, "<rect");
    attribute(s->b, "x", x);
    attribute(s->b, "y", y);
    attribute(s->b, "width", w);
    attribute(s->b, "height", h);
    finish(s, pen);
}

/* Corners on a circle of r, the first straight up; every second one at `inner` when that is not 0. */
static void star(struct sn_svg *s, int corners, double from, double x, double y, double r, double inner, const struct sn_pen *pen)
{
    double px[16], py[16];

    for (int i = 0; i < corners; i++) {
        double t = from + (double)i / corners, radius = inner != 0.0 && i % 2 ? inner : r;

        t -= floor(t);
        px[i] = x + radius * sn_cos2pi(t < 0.25 ? t + 0.75 : t - 0.25); /* sine */
        py[i] = y - radius * sn_cos2pi(t);
    }
    sn_svg_polygon(s, px, py, (size_t)corners, pen);
}

void sn_svg_marker(struct sn_svg *s, enum sn_marker m, double x, double y, double r, const struct sn_pen *pen)
{
    double d = 0.8 * r;

    if (!isfinite(x) || !isfinite(y))
        return;
    switch (m) {
    case SN_SQUARE: sn_svg_rect(s, x - 0.88 * r, y - 0.88 * r, 1.76 * r, 1.76 * r, pen); break;
    case SN_TRIANGLE: star(s, 3, 0, x, y, 1.25 * r, 0, pen); break;
    case SN_TRIANGLE_DOWN: star(s, 3, 0.5, x, y, 1.25 * r, 0, pen); break;
    case SN_DIAMOND: star(s, 4, 0, x, y, 1.25 * r, 0, pen); break;
    case SN_STAR: star(s, 10, 0, x, y, 1.3 * r, 0.6 * r, pen); break;
    case SN_CROSS:
        sn_svg_line(s, x - d, y - d, x + d, y + d, pen);
        sn_svg_line(s, x - d, y + d, x + d, y - d, pen);
        break;
    case SN_PLUS:
        sn_svg_line(s, x - r, y, x + r, y, pen);
        sn_svg_line(s, x, y - r, x, y + r, pen);
        break;
    default:
        sn_buf_puts(s->b, "<circle");
        attribute(s->b, "cx", x);
        attribute(s->b, "cy", y);
        attribute(s->b, "r", r);
        finish(s, pen);
        break;
    }
}

/*
 * Okabe & Ito's colours (Color Universal Design, 2008), ordered so that neighbours differ in lightness
 * too, with dashes that stay apart at a line width of 1.6.
 */
static const struct {
    const char *colour, *dash;
} series[] = {
    { "#000000", NULL },  { "#0072b2", "9 3.5" },      { "#d55e00", "2.4 2.6" },      { "#009e73", "9 3 2.4 3" },
    { "#cc79a7", "15 4" }, { "#56b4e9", "5 2.5" }, { "#e69f00", "9 3 2.4 3 2.4 3" }, { "#777777", NULL },
};

struct sn_pen sn_series(int k)
{
    const size_t i = (size_t)k % SN_COUNT(series);

    return (struct sn_pen){ .colour = series[i].colour, .width = (size_t)k < SN_COUNT(series) ? 1.8 : 0.9, .dash = series[i].dash };
}

enum sn_marker sn_series_marker(int k) { return (enum sn_marker)(k % SN_MARKERS); }

void sn_svg_clip(struct sn_svg *s, double x, double y, double w, double h)
{
    int k = s->clips++;

    sn_buf_printf(s->b, "<clipPath id=\"%s-clip%d\"><rect", s->id, k);
    attribute(s->b, "x", x);
    attribute(s->b, "y", y);
    attribute(s->b, "width", w);
    attribute(s->b, "height", h);
    sn_buf_printf(s->b, "/></clipPath>\n<g clip-path=\"url(#%s-clip%d)\">\n", s->id, k);
}

void sn_svg_unclip(struct sn_svg *s) { sn_buf_puts(s->b, "</g>\n"); }

/* ---- text ------------------------------------------------------------------------------------ */

void sn_svg_text(struct sn_svg *s, double x, double y, const struct sn_text *style, const char *text)
{
    static const char *const anchors[] = { "start", "middle", "end" };
    const struct sn_text plain = { 0 }, *t = style ? style : &plain;
    char at[3][48];

    if (!isfinite(x) || !isfinite(y))
        return;
    sn_buf_printf(s->b, "<text x=\"%s\" y=\"%s\"", num(x, at[0]), num(y, at[1]));
    if (t->size > 0.0)
        attribute(s->b, "font-size", t->size);
    if (t->anchor != SN_START)
        sn_buf_printf(s->b, " text-anchor=\"%s\"", anchors[t->anchor]);
    if (t->bold)
        sn_buf_puts(s->b, " font-weight=\"bold\"");
    if (t->italic)
        sn_buf_puts(s->b, " font-style=\"italic\"");
    if (t->turn != 0.0)
        sn_buf_printf(s->b, " transform=\"rotate(%s %s %s)\"", num(t->turn, at[2]), at[0], at[1]);
    if (t->colour)
        sn_buf_printf(s->b, " fill=\"%s\"", t->colour);
    sn_buf_puts(s->b, ">");
    sn_svg_escape(s->b, text);
    sn_buf_puts(s->b, "</text>\n");
}

void sn_svg_text_within(struct sn_svg *s, double x, double y, const struct sn_text *style, const char *text, double width)
{
    struct sn_text t = style ? *style : (struct sn_text){ 0 };
    double size = t.size > 0.0 ? t.size : SN_SVG_TEXT, w = sn_svg_text_width(text, size, t.bold);
    char cut[256];
    size_t n = strlen(text);

    t.size = fmin(fmax(size * width / w, size * 2.0 / 3.0), size);
    if (n < sizeof cut - 4 && !(sn_svg_text_width(text, t.size, t.bold) > width * 1.000001)) {
        sn_svg_text(s, x, y, &t, text);
        return;
    }
    n = SN_MIN(n, sizeof cut - 4);
    memcpy(cut, text, n);
    do {
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) /* whole characters only */
            n--;
        memcpy(cut + n, "...", 4);
    } while (n > 0 && sn_svg_text_width(cut, t.size, t.bold) > width && n--);
    sn_svg_text(s, x, y, &t, cut);
}

/* Thousandths of the size: Helvetica's widths, by class. */
static double character_width(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return 556;
    if (strchr("ijl|'", c))
        return 222;
    if (strchr(" .,:;!/()[]ftI-", c))
        return 278;
    if (strchr("mM%W@", c))
        return 870;
    if (strchr("wCDGHNOQRU&=+<>~", c) || (c >= 'A' && c <= 'Z'))
        return 690;
    return c == 'r' ? 333 : 540;
}

double sn_svg_text_width(const char *text, double size, bool bold)
{
    size_t left = strlen(text);
    double w = 0.0;

    while (left > 0) {
        size_t n = SN_MAX(sn_utf8_length((const uint8_t *)text, left), 1u);

        w += n == 1 ? character_width((unsigned char)*text) : n == 2 ? 600 : 1000; /* from three bytes on mostly ideographs */
        text += n;
        left -= n;
    }
    return w * size * (bold ? 1.06 : 1.0) / 1000.0;
}
