/* check_svg.c: figures: well formed whatever goes in, the same bytes each time, ticks where people expect them. */
#include "io/svg.h"

#include "io/io.h"
#include "tests/support/support.h"
#include "tests/unit/markup.h"

#include <math.h>
#include <stdio.h>

static void ticks(double lo, double hi, int most, int n, double first, double step)
{
    double f, s;

    ck_assert_int_eq(sn_ticks(lo, hi, most, &f, &s), n);
    ck_assert_double_eq_tol(f, first, 1e-12 * fabs(step));
    ck_assert_double_eq_tol(s, step, 1e-12 * fabs(step));
}

START_TEST(ticks_are_round)
{
    double f, s;

    ticks(0, 1, 6, 6, 0, 0.2);
    ticks(0.05, 0.4, 6, 4, 0.1, 0.1);
    ticks(-0.03, 0.31, 6, 4, 0, 0.1);
    ticks(13, 87, 6, 4, 20, 20);
    ticks(0, 1e6, 5, 6, 0, 2e5);
    ticks(1e-9, 9e-9, 4, 4, 2e-9, 2e-9);
    ck_assert_int_eq(sn_ticks(1, 1, 6, &f, &s), 0);
    ck_assert_int_eq(sn_ticks(0, (double)INFINITY, 6, &f, &s), 0);
    ck_assert_int_eq(sn_ticks((double)NAN, 1, 6, &f, &s), 0);
}
END_TEST

/* Never more than most + 1, always inside, always ascending. */
START_TEST(ticks_of_any_range)
{
    struct sn_rng r = { 7 };

    for (int i = 0; i < 20000; i++) {
        double lo = sn_rng_normal(&r) * pow(10, (double)sn_rng_below(&r, 13) - 6), w = pow(10, (double)sn_rng_below(&r, 9) - 4), hi = lo + w, f, s;
        int most = 1 + (int)sn_rng_below(&r, 12), n = sn_ticks(lo, hi, most, &f, &s);

        ck_assert_int_le(n, most + 1);
        if (n > 0) {
            ck_assert_double_ge(f, lo - 1e-6 * s);
            ck_assert_double_le(f + (n - 1) * s, hi + 1e-6 * s);
        }
    }
}
END_TEST

/* Draws with every function, on data that are partly nonsense. */
static void everything(struct sn_buf *b)
{
    static const double x[] = { 0.0, 0.1, (double)NAN, 0.5, 1.0, 1e300, -1e300 }, y[] = { 0.0, 0.5, 0.2, (double)INFINITY, 0.9, 0.5, 1e-300 };
    const struct sn_pen fill = { .fill = "#000", .opacity = 0.2 };
    struct sn_legend_row rows[8] = { { .text = "a < b & \"c\" \xff\x01 \xef\xbf\xbf \xe4\xb8\xad", .has_line = true } };
    struct sn_svg s;
    struct sn_plot p = { .svg = &s, .x = 60, .y = 40, .w = 240, .h = 240, .across = { 0, 1, .grid = true, .label = "1 - specificity" },
                         .up = { 0, 1, .grid = true, .percent = true, .label = "sensitivity" }, .title = "t <t>" };

    sn_svg_begin(&s, b, "f1", 85, 85, "title & <more>", "description > \"x\"");
    sn_plot_frame(&p);
    p.across = (struct sn_axis){ 0.01, 30, .log = true };
    sn_plot_frame(&p);
    for (int k = 0; k < 10; k++) {
        struct sn_pen pen = sn_series(k);

        sn_plot_line(&p, x, y, SN_COUNT(x), &pen);
        sn_plot_steps(&p, x, y, SN_COUNT(x), &pen);
        sn_plot_marker(&p, sn_series_marker(k), x[k % 7], y[k % 7], 4, &pen);
        if (k % 8)
            rows[k % 8] = (struct sn_legend_row){ .text = "row", .has_line = true, .has_band = true, .has_marker = true, .pen = pen, .band = fill };
    }
    sn_plot_line(&p, x, y, 0, &fill);
    sn_plot_band(&p, x, y, x, SN_COUNT(x), &fill);
    sn_plot_band(&p, x, y, x, 0, &fill);
    sn_plot_bar(&p, 0.1, 0.2, (double)NAN, 3, &fill);
    sn_svg_polygon(&s, x, y, SN_COUNT(x), &fill);
    sn_svg_text(&s, 10, 10, &(struct sn_text){ .bold = true, .italic = true, .turn = 12.345, .anchor = SN_END, .colour = "#123" }, "caf\xc3\xa9 <");
    sn_svg_text(&s, (double)NAN, 10, NULL, "never");
    sn_svg_legend(&s, 10, 10, 0, rows, 8);
    sn_svg_end(&s);
}

START_TEST(well_formed_and_the_same_twice)
{
    struct sn_buf a = { 0 }, b = { 0 };

    everything(&a);
    everything(&b);
    ck_assert(!a.failed);
    ck_assert_uint_gt(markup_check(a.data, a.len, false), 60);
    ck_assert_str_eq(a.data, b.data);
    ck_assert_ptr_null(strstr(a.data, "nan"));
    ck_assert_ptr_null(strstr(a.data, "inf"));
    ck_assert_ptr_null(strstr(a.data, "never"));
    ck_assert_ptr_nonnull(strstr(a.data, "a &lt; b &amp; &quot;c&quot; ?? ? \xe4\xb8\xad")); /* as each stands */
    sn_buf_free(&a);
    sn_buf_free(&b);
}
END_TEST

/* In grey, neighbours must still differ: dash, or marker, and lightness. */
START_TEST(series_differ)
{
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < i; k++) {
            struct sn_pen a = sn_series(i), b = sn_series(k);

            ck_assert_int_ne(sn_series_marker(i), sn_series_marker(k));
            ck_assert_str_ne(a.colour, b.colour);
            if (a.dash && b.dash)
                ck_assert_str_ne(a.dash, b.dash);
        }
    ck_assert_str_eq(sn_series(8).colour, sn_series(0).colour);
}
END_TEST

/* A staircase of a million steps fits into a page. */
START_TEST(many_points)
{
    static double x[1000000], y[1000000];
    const struct sn_pen pen = sn_series(0);
    struct sn_buf b = { 0 };
    struct sn_svg s;
    struct sn_plot p = { .svg = &s, .x = 60, .y = 40, .w = 240, .h = 240, .across = { 0, 1 }, .up = { 0, 1 } };

    for (size_t i = 0; i < 1000000; i++)
        x[i] = (double)i / 999999, y[i] = sqrt(x[i]);
    sn_svg_begin(&s, &b, "m", 85, 85, "m", NULL);
    sn_plot_steps(&p, x, y, 1000000, &pen);
    sn_svg_end(&s);
    ck_assert(!b.failed);
    ck_assert_uint_lt(b.len, 100000);
    ck_assert_ptr_nonnull(strstr(b.data, "L300 40\"")); /* the last point */
    sn_buf_free(&b);
}
END_TEST

START_TEST(widths)
{
    /* Helvetica: "0123456789" is 10 x 556 */
    ck_assert_double_eq_tol(sn_svg_text_width("0123456789", 10, false), 55.6, 1e-9);
    ck_assert_double_eq_tol(sn_svg_text_width("\xe4\xb8\xad\xe5\x9b\xbd", 10, false), 20, 1e-9);
    ck_assert_double_gt(sn_svg_text_width("abc", 10, true), sn_svg_text_width("abc", 10, false));
    ck_assert_double_gt(sn_svg_text_width("\xff\xff", 10, false), 0);
}
END_TEST

/* Every text stays in its width, shrunk first, cut at a whole character then. */
START_TEST(texts_within)
{
    static const struct {
        const char *text, *ends;
        double width;
    } c[] = {
        { "n = 32", "n = 32", 80 },
        { "integrated from 0.489 positive", "positive", 125 },
        { "integrated from 0.489 positive", "...", 60 },
        { "\xe6\xa8\xa1\xe5\x9e\x8b\xe9\xa2\x84\xe6\xb5\x8b\xe6\xa6\x82\xe7\x8e\x87", "...", 30 },
        { "", "", 10 },
        { "W", "...", 1 },
    };

    for (size_t i = 0; i < SN_COUNT(c); i++) {
        struct sn_buf b = { 0 };
        struct sn_svg s = { .b = &b };
        char got[200] = "";
        double size = 0;
        const char *text;

        sn_svg_text_within(&s, 5, 5, &(struct sn_text){ .size = 9, .bold = true }, c[i].text, c[i].width);
        ck_assert_int_eq(sscanf(strstr(b.data, "font-size"), "font-size=\"%lf\"", &size), 1);
        text = strchr(b.data, '>') + 1;
        memcpy(got, text, (size_t)(strchr(text, '<') - text));
        ck_assert_msg(sn_svg_text_width(got, size, true) <= c[i].width + 0.5 || strcmp(got, "...") == 0, "'%s' at %g", got, size);
        ck_assert_str_eq(got + strlen(got) - strlen(c[i].ends), c[i].ends);
        ck_assert(size >= 5.99 && size <= 9);
        sn_buf_free(&b);
    }
}
END_TEST

static Suite *suite_svg(void)
{
    Suite *s = suite_create("svg");
    TCase *c = tcase_create("svg");

    tcase_add_test(c, ticks_are_round);
    tcase_add_test(c, ticks_of_any_range);
    tcase_add_test(c, well_formed_and_the_same_twice);
    tcase_add_test(c, series_differ);
    tcase_add_test(c, many_points);
    tcase_add_test(c, widths);
    tcase_add_test(c, texts_within);
    suite_add_tcase(s, c);
    return s;
}

SN_CHECK_MAIN(suite_svg)
