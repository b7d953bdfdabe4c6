/* check_smooth.c: lowess and loess against R, isotonic regression against scikit-learn, and their identities. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats/stats.h"

#define SAMPLES 5
static const char *const sample_names[SAMPLES] = { "plain", "graded", "few", "clumps", "large" };

/* Golden values of one sample: tools/golden/make_smooth_golden.R */
struct sample {
    struct sn_csv t;
    size_t n, *row;
    double *x, *y;
};

static void load(struct sample *s, const char *name)
{
    struct sn_error err = { 0 };
    int cx, cy;

    memset(s, 0, sizeof *s);
    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/smooth.csv"), &s->t, &err), &err);
    s->row = malloc(s->t.rows * sizeof *s->row);
    s->x = malloc(s->t.rows * sizeof *s->x);
    s->y = malloc(s->t.rows * sizeof *s->y);
    cx = sn_csv_column(&s->t, "x");
    cy = sn_csv_column(&s->t, "y");
    for (size_t r = 0; r < s->t.rows; r++)
        if (strcmp(sn_csv_cell(&s->t, r, 0), name) == 0) {
            s->row[s->n] = r;
            sn_ck_ok(sn_csv_number(&s->t, r, cx, &s->x[s->n], &err), &err);
            sn_ck_ok(sn_csv_number(&s->t, r, cy, &s->y[s->n], &err), &err);
            s->n++;
        }
    ck_assert_uint_gt(s->n, 0);
}

static void unload(struct sample *s)
{
    free(s->row);
    free(s->x);
    free(s->y);
    sn_csv_free(&s->t);
}

/* NaN where R has NA. */
static double golden(const struct sn_csv *t, size_t row, const char *column)
{
    struct sn_error err = { 0 };
    int c = sn_csv_column(t, column);
    double v;

    ck_assert_msg(c >= 0, "no column %s", column);
    if (sn_csv_is_na(sn_csv_cell(t, row, c)))
        return (double)NAN;
    sn_ck_ok(sn_csv_number(t, row, c, &v, &err), &err);
    return v;
}

static void close_to(double got, double want, double tol, const char *sample, const char *what, size_t i)
{
    ck_assert_msg(isnan(want) ? isnan(got) : fabs(got - want) <= tol * fmax(1.0, fabs(want)), "%s, %s at %zu: %.17g, R has %.17g (%g)", sample,
                  what, i, got, want, got - want);
}

/* quantile(c(1, 2, 4, 8, 16.5, 17), c(0, .1, .333, .5, .9, 1)), type = 7 and 1; approx(c(1,2,2,3), c(0,1,3,4), ..., ties = mean) */
START_TEST(quantiles_and_lines)
{
    static const double x[] = { 1, 2, 4, 8, 16.5, 17 }, prob[] = { 0, 0.1, 0.333, 0.5, 0.9, 1 };
    static const double type7[] = { 1, 1.5, 3.33, 6, 16.75, 17 }, type1[] = { 1, 1, 2, 4, 17, 17 };
    static const double lx[] = { 1, 2, 2, 3 }, ly[] = { 0, 1, 3, 4 };
    static const double at[] = { 0, 1, 1.5, 2, 2.5, 3, 9 }, want[] = { 0, 0, 1, 2, 3, 4, 4 };

    for (size_t i = 0; i < SN_COUNT(prob); i++) {
        ck_assert_double_eq_tol(sn_quantile7(x, 6, prob[i]), type7[i], 1e-14);
        ck_assert_double_eq_tol(sn_quantile1(x, 6, prob[i]), type1[i], 1e-15);
    }
    for (size_t i = 0; i < SN_COUNT(at); i++)
        ck_assert_double_eq_tol(sn_interpolate(lx, ly, 4, at[i]), want[i], 1e-15);
    ck_assert(isnan(sn_interpolate(lx, ly, 4, (double)NAN)));
    ck_assert(sn_quantile7(x, 1, 0.7) == 1 && sn_interpolate(x, x, 1, 5) == 1);
}
END_TEST

/* ---- lowess ---------------------------------------------------------------------------------- */

START_TEST(lowess_as_r)
{
    static const struct {
        double f;
        int iter;
        double delta;
    } settings[] = { { 2.0 / 3, 0, -1 }, { 2.0 / 3, 3, -1 }, { 0.4, 2, 0 } };
    struct sn_error err = { 0 };
    struct sample s;

    load(&s, sample_names[_i]);
    for (size_t k = 0; k < SN_COUNT(settings); k++) {
        uint32_t *order = malloc(s.n * sizeof *order);
        double *x = malloc(s.n * sizeof *x), *y = malloc(s.n * sizeof *y), *fit = malloc(s.n * sizeof *fit);
        char column[64];

        sn_ck_ok(sn_sort_order(s.x, s.n, order, &err), &err);
        for (size_t i = 0; i < s.n; i++) {
            x[i] = s.x[order[i]];
            y[i] = s.y[order[i]];
        }
        sn_ck_ok(sn_lowess(x, y, s.n, settings[k].f, settings[k].iter, settings[k].delta, fit, &err), &err);
        (void)snprintf(column, sizeof column, "lowess_%.2f_%d_%g", settings[k].f, settings[k].iter, settings[k].delta);
        for (size_t i = 0; i < s.n; i++)
            close_to(fit[i], golden(&s.t, s.row[order[i]], column), 1e-14, sample_names[_i], column, i);
        free(order);
        free(x);
        free(y);
        free(fit);
    }
    unload(&s);
}
END_TEST

START_TEST(lowess_edges)
{
    static const double x[] = { 1, 1, 1, 1 }, y[] = { 0, 1, 1, 0 }, down[] = { 2, 1 }, nan_x[] = { 0, NAN };
    struct sn_error err = { 0 };
    double fit[4];

    sn_ck_ok(sn_lowess(x, y, 4, 2.0 / 3, 3, -1, fit, &err), &err); /* lowess(c(1,1,1,1), c(0,1,1,0)): 0.5 four times */
    for (int i = 0; i < 4; i++)
        ck_assert(fit[i] == 0.5);
    sn_ck_ok(sn_lowess(x, y, 1, 2.0 / 3, 0, -1, fit, &err), &err);
    ck_assert(fit[0] == 0);
    sn_ck_fails(sn_lowess(x, y, 0, 0.5, 0, -1, fit, &err), SN_EINVAL, &err, "no points");
    sn_ck_fails(sn_lowess(x, y, 4, 0.0, 0, -1, fit, &err), SN_EINVAL, &err, "0 < f <= 1");
    sn_ck_fails(sn_lowess(x, y, 4, 0.5, -1, -1, fit, &err), SN_EINVAL, &err, "iter >= 0");
    sn_ck_fails(sn_lowess(down, y, 2, 0.5, 0, -1, fit, &err), SN_EINVAL, &err, "descends at point 2");
    sn_ck_fails(sn_lowess(nan_x, y, 2, 0.5, 0, -1, fit, &err), SN_EINVAL, &err, "point 2 is not finite");
}
END_TEST

/* ---- loess ----------------------------------------------------------------------------------- */

static const struct {
    int degree;
    double span;
} fits[] = { { 2, 0.75 }, { 1, 0.75 }, { 0, 0.9 }, { 2, 1.5 }, { 1, 0.4 } };

static size_t stats_row(const struct sn_csv *t, const char *sample, const char *fit)
{
    for (size_t r = 0; r < t->rows; r++)
        if (strcmp(sn_csv_cell(t, r, 0), sample) == 0 && strcmp(sn_csv_cell(t, r, 1), fit) == 0)
            return r;
    ck_abort_msg("no row %s %s", sample, fit);
    return 0;
}

/* Curve, standard errors, degrees of freedom, number of vertices. */
static void compare_fit(const struct sample *s, const struct sn_csv *stats, const char *name, const struct sn_loess_options *o)
{
    struct sn_error err = { 0 };
    double *fit = malloc(s->n * sizeof *fit), *se = malloc(s->n * sizeof *se);
    char column[64], se_column[72];
    struct sn_loess f;
    size_t r;

    (void)snprintf(column, sizeof column, "%s_%d_%.2f", o->surface == SN_LOESS_DIRECT ? "direct" : "interpolate", o->degree, o->span);
    (void)snprintf(se_column, sizeof se_column, "se_%s", column);
    r = stats_row(stats, name, column);
    sn_ck_ok(sn_loess_fit(s->x, s->y, s->n, o, &f, &err), &err);
    ck_assert_msg((double)f.n_vertices == golden(stats, r, "vertices"), "%s %s: %zu vertices", name, column, f.n_vertices);
    sn_ck_ok(sn_loess_predict(&f, s->x, s->n, fit, se, &err), &err);
    for (size_t i = 0; i < s->n; i++)
        close_to(fit[i], golden(&s->t, s->row[i], column), 1e-11, name, column, i);
    if (golden(stats, r, "self_error") > 1e-9) { /* R's statistics contradict R's fit */
        ck_assert_msg(strcmp(name, "graded") == 0 && strcmp(column, "interpolate_1_0.40") == 0, "%s %s: R contradicts itself", name, column);
        goto out;
    }
    close_to(f.trace, golden(stats, r, "trace"), 1e-10, name, column, 1001);
    close_to(f.delta1, golden(stats, r, "delta1"), 1e-10, name, column, 1002);
    close_to(f.delta2, golden(stats, r, "delta2"), 1e-10, name, column, 1003);
    if (f.delta1 > 1e-9) { /* else the curve goes through every point and R divides rounding by rounding */
        close_to(f.s, golden(stats, r, "s"), 1e-10, name, column, 1004);
        for (size_t i = 0; i < s->n; i++)
            close_to(se[i], golden(&s->t, s->row[i], se_column), 1e-10, name, se_column, i);
    }
out:
    sn_loess_free(&f);
    free(fit);
    free(se);
}

START_TEST(loess_as_r)
{
    struct sn_error err = { 0 };
    struct sn_csv stats;
    struct sample s;

    load(&s, sample_names[_i]);
    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/smooth_stats.csv"), &stats, &err), &err);
    for (int surface = 0; surface < 2; surface++)
        for (size_t k = 0; k < SN_COUNT(fits); k++) {
            struct sn_loess_options o = { fits[k].span, fits[k].degree, (enum sn_loess_surface)surface, 0.2, true };

            compare_fit(&s, &stats, sample_names[_i], &o);
        }
    sn_csv_free(&stats);
    unload(&s);
}
END_TEST

START_TEST(loess_outside_and_refusals)
{
    static const double x[] = { 3, 1, 2, 4, 5 }, y[] = { 0, 1, 1, 0, 1 }, same[] = { 2, 2, 2, 2, 2 };
    struct sn_loess_options o = SN_LOESS_DEFAULT;
    struct sn_error err = { 0 };
    double at[] = { 0.99, 1, 5, 5.01, NAN }, fit[5], se[5];
    struct sn_loess f;

    sn_ck_ok(sn_loess_fit(x, y, 5, &o, &f, &err), &err);
    sn_ck_ok(sn_loess_predict(&f, at, 5, fit, NULL, &err), &err);
    ck_assert(isnan(fit[0]) && isfinite(fit[1]) && isfinite(fit[2]) && isnan(fit[3]) && isnan(fit[4]));
    sn_ck_fails(sn_loess_predict(&f, at, 5, fit, se, &err), SN_EINVAL, &err, "not prepared");
    sn_loess_free(&f);
    sn_loess_free(&f);
    sn_ck_fails(sn_loess_fit(x, y, 3, &o, &f, &err), SN_EINVAL, &err, "at least 4");
    sn_ck_fails(sn_loess_fit(same, y, 5, &o, &f, &err), SN_EINVAL, &err, "make the span larger");
    o.span = 0.3;
    sn_ck_fails(sn_loess_fit(x, y, 5, &o, &f, &err), SN_EINVAL, &err, "holds 1 of 5 points");
    o.span = 0;
    sn_ck_fails(sn_loess_fit(x, y, 5, &o, &f, &err), SN_EINVAL, &err, "span 0");
    o.span = 0.75;
    o.degree = 3;
    sn_ck_fails(sn_loess_fit(x, y, 5, &o, &f, &err), SN_EINVAL, &err, "degree 3");
    o = (struct sn_loess_options){ 0.75, 2, SN_LOESS_DIRECT, 0.2, true };
    sn_ck_fails(sn_loess_fit(same, y, 5, &o, &f, &err), SN_EINVAL, &err, "make the span larger");
}
END_TEST

/* A polynomial of the fit's degree is reproduced, whatever the points' order; both surfaces; the trace is between degree + 1 and n. */
START_TEST(loess_reproduces_polynomials)
{
    enum { N = 300 };
    struct sn_rng rng = { 77 };
    struct sn_error err = { 0 };
    double x[N], y[N], fit[N];

    for (int degree = 1; degree <= 2; degree++)
        for (int surface = 0; surface < 2; surface++) {
            struct sn_loess_options o = { 0.5, degree, (enum sn_loess_surface)surface, 0.2, true };
            struct sn_loess f;

            for (int i = 0; i < N; i++) {
                x[i] = sn_rng_uniform(&rng);
                y[i] = 1 - 2 * x[i] + (degree == 2 ? 3 * x[i] * x[i] : 0);
            }
            sn_ck_ok(sn_loess_fit(x, y, N, &o, &f, &err), &err);
            sn_ck_ok(sn_loess_predict(&f, x, N, fit, NULL, &err), &err);
            for (int i = 0; i < N; i++)
                ck_assert_double_eq_tol(fit[i], y[i], 1e-11);
            ck_assert(f.s < 1e-11 && f.trace > degree + 1 && f.trace < N && f.df > 1 && f.df < N);
            sn_loess_free(&f);
        }
}
END_TEST

/* ---- isotonic regression ------------------------------------------------------------------------ */

/*
 * from sklearn.isotonic import IsotonicRegression  (1.2.1)
 * m = IsotonicRegression(out_of_bounds="clip").fit(x, y, sample_weight=w); m.X_thresholds_, m.y_thresholds_
 */
START_TEST(isotonic_as_sklearn)
{
    static const double x[] = { 0.1, 0.3, 0.2, 0.3, 0.5, 0.4, 0.9, 0.7, 0.6, 0.8, 0.05, 0.95 };
    static const double y[] = { 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1 }, w[] = { 1, 2, 1, 1, 3, 1, 1, 2, 1, 1, 1, 2 };
    static const double plain_x[] = { 0.05, 0.1, 0.2, 0.8, 0.9, 0.95 }, plain_y[] = { 0, 0, 0.5, 0.5, 1, 1 };
    static const double weighted_x[] = { 0.05, 0.1, 0.2, 0.6, 0.7, 0.8, 0.9, 0.95 };
    static const double weighted_y[] = { 0, 0, 4.0 / 9, 4.0 / 9, 2.0 / 3, 2.0 / 3, 1, 1 };
    struct sn_error err = { 0 };
    double kx[12], ky[12], sum = 0, total = 0;
    size_t n;

    sn_ck_ok(sn_isotonic(x, y, NULL, 12, kx, ky, &n, &err), &err);
    ck_assert_uint_eq(n, SN_COUNT(plain_x));
    for (size_t i = 0; i < n; i++)
        ck_assert(kx[i] == plain_x[i] && fabs(ky[i] - plain_y[i]) < 1e-15);
    sn_ck_ok(sn_isotonic(x, y, w, 12, kx, ky, &n, &err), &err);
    ck_assert_uint_eq(n, SN_COUNT(weighted_x));
    for (size_t i = 0; i < n; i++)
        ck_assert(kx[i] == weighted_x[i] && fabs(ky[i] - weighted_y[i]) < 1e-15);
    for (size_t i = 0; i < 12; i++) { /* the weighted mean stays */
        sum += w[i] * sn_interpolate(kx, ky, n, x[i]);
        total += w[i] * y[i];
    }
    ck_assert_double_eq_tol(sum, total, 1e-12);
    sn_ck_fails(sn_isotonic(x, y, NULL, 0, kx, ky, &n, &err), SN_EINVAL, &err, "no points");
    sn_ck_fails(sn_isotonic(x, y, y, 12, kx, ky, &n, &err), SN_EINVAL, &err, "point 1 is not finite, or its weight not positive");
}
END_TEST

static Suite *suite_smooth(void)
{
    Suite *s = suite_create("smooth curves");
    TCase *tc = tcase_create("smooth");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, quantiles_and_lines);
    tcase_add_loop_test(tc, lowess_as_r, 0, SAMPLES);
    tcase_add_test(tc, lowess_edges);
    tcase_add_loop_test(tc, loess_as_r, 0, SAMPLES);
    tcase_add_test(tc, loess_outside_and_refusals);
    tcase_add_test(tc, loess_reproduces_polynomials);
    tcase_add_test(tc, isotonic_as_sklearn);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_smooth)
