/* check_calibration.c: calibration against R (glm, rms, Hmisc, loess), scikit-learn, statsmodels; identities. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats/stats.h"
#include "tests/unit/calibration_golden.h"

/* ---- summaries ------------------------------------------------------------------------------------- */

START_TEST(summaries)
{
    struct sn_error err = { 0 };
    struct sn_calibration c;
    struct sn_risks r;
    struct sample s;

    load(&s, _i);
    init(&s, &r);
    sn_ck_ok(sn_calibration(&r, 0.95, &c, &err), &err);
    ck_assert(c.slope_defined && c.n == s.n && c.clamped == 0 && c.level == 0.95);
    const struct {
        const char *name;
        double got, tol;
    } rows[] = {
        { "citl", c.in_the_large.value, 1e-8 },       { "citl_se", c.in_the_large.se, 1e-8 },
        { "intercept", c.recalibration_intercept.value, 1e-8 }, { "intercept_se", c.recalibration_intercept.se, 1e-8 },
        { "slope", c.slope.value, 1e-8 },             { "slope_se", c.slope.se, 1e-8 },
        { "cox_chisq", c.cox_chisq, 1e-8 },           { "cox_p", c.cox_p, 1e-8 },
        { "lr_chisq", c.lr_chisq, 1e-8 },             { "val.prob_D", c.d, 1e-6 },
        { "val.prob_D:Chi-sq", c.lr_chisq, 1e-6 },    { "val.prob_U", c.u, 1e-6 },
        { "val.prob_U:Chi-sq", c.cox_chisq, 1e-6 },   { "val.prob_Q", c.q, 1e-6 },
        { "val.prob_Brier", c.brier.value, 1e-12 },   { "val.prob_Intercept", c.recalibration_intercept.value, 1e-5 },
        { "val.prob_Slope", c.slope.value, 1e-5 },    { "val.prob_S:z", c.spiegelhalter_z, 1e-10 },
        { "val.prob_S:p", c.spiegelhalter_p, 1e-10 }, { "brier_se", c.brier.se, 1e-10 },
        { "brier_scaled", c.brier_scaled.value, 1e-10 }, { "brier_scaled_se", c.brier_scaled.se, 1e-10 },
        { "oe", c.oe.value, 1e-12 },                  { "oe_lo", c.oe.lo, 1e-10 },
        { "discrimination", c.discrimination_slope.value, 1e-10 }, { "discrimination_se", c.discrimination_slope.se, 1e-10 },
    };
    for (size_t i = 0; i < SN_COUNT(rows); i++)
        close_to(rows[i].got, want(&s.values, s.name, rows[i].name), rows[i].tol, s.name, rows[i].name);
    close_to(c.brier.value, want(&s.py, s.name, "brier"), 1e-12, s.name, "sklearn brier");
    close_to(c.in_the_large.value, want(&s.py, s.name, "citl"), 1e-8, s.name, "statsmodels citl");
    close_to(c.in_the_large.se, want(&s.py, s.name, "citl_se"), 1e-8, s.name, "statsmodels citl_se");
    close_to(c.slope.value, want(&s.py, s.name, "slope"), 1e-8, s.name, "statsmodels slope");
    close_to(c.slope.se, want(&s.py, s.name, "slope_se"), 1e-8, s.name, "statsmodels slope_se");
    ck_assert_double_eq_tol(c.slope.hi - c.slope.lo, 2 * 1.959963984540054 * c.slope.se, 1e-12);
    sn_risks_free(&r);
    unload(&s);
}
END_TEST

START_TEST(groups)
{
    static const char *const parts[] = { "n", "mean", "rate", "lo", "hi" };
    struct sn_error err = { 0 };
    struct sn_hosmer_lemeshow h;
    struct sn_risk_group g[10];
    struct sn_risks r;
    struct sample s;
    char name[64];
    size_t sum = 0;
    int found;

    load(&s, _i);
    init(&s, &r);
    for (int k = 5; k <= 10; k += 5) {
        sn_ck_ok(sn_hosmer_lemeshow(&r, k, false, &h, &err), &err);
        (void)snprintf(name, sizeof name, "hl_groups_%d", k);
        ck_assert_int_eq(h.groups, (int)want(&s.values, s.name, name));
        ck_assert_int_eq(h.df, h.groups - 2);
        (void)snprintf(name, sizeof name, "hl_chisq_%d", k);
        close_to(h.chisq, want(&s.values, s.name, name), 1e-10, s.name, name);
        (void)snprintf(name, sizeof name, "hl_p_%d", k);
        close_to(h.p, want(&s.values, s.name, name), 1e-10, s.name, name);
        sn_ck_ok(sn_hosmer_lemeshow(&r, k, true, &h, &err), &err);
        (void)snprintf(name, sizeof name, "hl_external_p_%d", k);
        close_to(h.p, want(&s.values, s.name, name), 1e-10, s.name, name);
    }
    sn_ck_ok(sn_risk_groups(&r, 5, 0.95, g, &found, &err), &err);
    for (int i = 0; i < found; i++) {
        const double got[] = { (double)g[i].n, g[i].mean_risk, g[i].rate, g[i].lo, g[i].hi };

        sum += g[i].n;
        for (size_t k = 0; k < SN_COUNT(parts); k++) {
            (void)snprintf(name, sizeof name, "group_%d_%s", i + 1, parts[k]);
            close_to(got[k], want(&s.values, s.name, name), 1e-10, s.name, name);
        }
    }
    ck_assert_uint_eq(sum, s.n);
    sn_ck_fails(sn_risk_groups(&r, 1, 0.95, g, &found, &err), SN_EINVAL, &err, "1 groups");
    sn_ck_fails(sn_hosmer_lemeshow(&r, 5000, false, &h, &err), SN_EINVAL, &err, "5000 groups");
    sn_risks_free(&r);
    unload(&s);
}
END_TEST

/* ---- curves ------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    struct sn_curve_options o;
} curves[] = {
    { "lowess", { .smoother = SN_SMOOTHER_LOWESS, .points = 21 } },
    { "loess", { .smoother = SN_SMOOTHER_LOESS, .points = 21 } },
    { "loess-direct", { .smoother = SN_SMOOTHER_LOESS_DIRECT, .points = 21 } },
    { "rcs3", { .smoother = SN_SMOOTHER_RCS, .knots = 3, .points = 21 } },
    { "rcs4", { .smoother = SN_SMOOTHER_RCS, .knots = 4, .points = 21 } },
    { "rcs5", { .smoother = SN_SMOOTHER_RCS, .points = 21 } },
};

/* Fits that R iterates (rcs) to 1e-8, the others to 1e-10. */
static void compare_curve(const struct sample *s, const struct sn_risks *r, size_t k)
{
    static const char *const measures[] = { "ici", "e50", "e90", "emax" };
    double tol = strncmp(curves[k].name, "rcs", 3) == 0 ? 1e-8 : 1e-10;
    struct sn_error err = { 0 };
    struct sn_calibration_curve c;
    size_t row = 0;
    char name[64];

    sn_ck_ok(sn_calibration_curve(r, &curves[k].o, &c, &err), &err);
    while (strcmp(sn_csv_cell(&s->curves, row, 0), s->name) != 0)
        row++;
    ck_assert(c.points == 21 && c.n == s->n && c.events == r->events);
    for (size_t i = 0; i < 21; i++) {
        close_to(c.at[i], cell(&s->curves, row + i, "at"), 1e-14, s->name, "grid");
        close_to(c.observed[i], cell(&s->curves, row + i, curves[k].name), tol, s->name, curves[k].name);
        if (k == 0) {
            ck_assert(isnan(c.lo[i]) && isnan(c.hi[i]));
            continue;
        }
        (void)snprintf(name, sizeof name, "%s_lo", curves[k].name);
        close_to(c.lo[i], cell(&s->curves, row + i, name), tol, s->name, name);
        (void)snprintf(name, sizeof name, "%s_hi", curves[k].name);
        close_to(c.hi[i], cell(&s->curves, row + i, name), tol, s->name, name);
    }
    for (size_t m = 0; m < 4; m++) {
        const double got[] = { c.e.ici, c.e.e50, c.e.e90, c.e.emax };

        (void)snprintf(name, sizeof name, "%s_%s", curves[k].name, measures[m]);
        close_to(got[m], want(&s->values, s->name, name), tol, s->name, name);
    }
    ck_assert((c.band[0] != 0) == (k != 0));
    if (k == 0) {
        close_to(c.e.emax, want(&s->values, s->name, "val.prob_Emax"), 1e-10, s->name, "val.prob_Emax");
        close_to(c.e.e90, want(&s->values, s->name, "val.prob_E90"), 1e-10, s->name, "val.prob_E90");
        close_to(c.e.ici, want(&s->values, s->name, "val.prob_Eavg"), 1e-10, s->name, "val.prob_Eavg");
    }
    sn_calibration_curve_free(&c);
}

START_TEST(curves_as_r)
{
    struct sn_risks r;
    struct sample s;

    load(&s, _i);
    init(&s, &r);
    for (size_t k = 0; k < SN_COUNT(curves); k++)
        if (_i != 2 || k < 5) /* 25 patients are too few for 5 knots in R's golden data */
            compare_curve(&s, &r, k);
    sn_risks_free(&r);
    unload(&s);
}
END_TEST

/* The description states what makes the number: defaults filled in. */
START_TEST(curve_descriptions)
{
    static const char *const texts[] = { "lowess, f 0.667, no robustness rounds, delta 1 % of the range", "loess, degree 2, span 0.75, interpolated (cell 0.2)",
                                         "loess, degree 2, span 0.75, direct", "restricted cubic spline of the logit, 3 knots" };
    struct sn_error err = { 0 };
    struct sn_calibration_curve c;
    struct sn_risks r;
    struct sample s;

    load(&s, 0);
    init(&s, &r);
    for (size_t k = 0; k < SN_COUNT(texts); k++) {
        sn_ck_ok(sn_calibration_curve(&r, &curves[k].o, &c, &err), &err);
        ck_assert_str_eq(c.smoother, texts[k]);
        sn_calibration_curve_free(&c);
    }
    sn_risks_free(&r);
    unload(&s);
}
END_TEST

START_TEST(curve_bootstrap)
{
    struct sn_error err = { 0 };
    struct sn_pool *pool;
    struct sn_risks r;
    struct sample s;
    uint32_t cluster[256];

    load(&s, 0);
    init(&s, &r);
    for (size_t i = 0; i < s.n; i++)
        cluster[i] = (uint32_t)(i / 2);
    sn_ck_ok(sn_pool_create(&pool, 3, &err), &err);
    for (size_t k = 0; k < SN_COUNT(curves); k += 1 + (k == 1)) {
        struct sn_calibration_curve a, b;
        struct sn_calibration_boot one = { .seed = 5, .replicates = 120, .level = 0.9 }, many = one;

        if (k == 4)
            one.cluster = many.cluster = cluster;
        many.pool = pool;
        sn_ck_ok(sn_calibration_curve(&r, &curves[k].o, &a, &err), &err);
        sn_ck_ok(sn_calibration_curve(&r, &curves[k].o, &b, &err), &err);
        sn_ck_ok(sn_calibration_curve_boot(&r, &curves[k].o, &a, &one, &err), &err);
        sn_ck_ok(sn_calibration_curve_boot(&r, &curves[k].o, &b, &many, &err), &err);
        ck_assert_mem_eq(a.lo, b.lo, 21 * sizeof *a.lo);
        ck_assert_mem_eq(a.hi, b.hi, 21 * sizeof *a.hi);
        ck_assert_mem_eq(&one.ici, &many.ici, sizeof one.ici);
        ck_assert_ptr_nonnull(strstr(a.band, k == 4 ? "90 % percentile interval, 120 bootstrap samples of clusters" : "120 bootstrap samples"));
        ck_assert(one.ici.lo < one.ici.hi && one.ici.lo > 0 && one.e50.lo <= one.e90.hi && one.e90.lo <= one.emax.hi);
        for (size_t i = 5; i < 16; i++)
            ck_assert_msg(a.lo[i] < a.observed[i] && a.observed[i] < a.hi[i] && a.hi[i] - a.lo[i] < 0.6, "%s at %zu: %g in %g..%g", curves[k].name, i, a.observed[i],
                          a.lo[i], a.hi[i]);
        sn_calibration_curve_free(&a);
        sn_calibration_curve_free(&b);
    }
    sn_pool_free(pool);
    sn_risks_free(&r);
    unload(&s);
}
END_TEST

/* ---- identities ------------------------------------------------------------------------------------ */

#define MANY 20000
static void simulate(double *p, uint8_t *y, size_t n, double shift, double factor, uint64_t seed)
{
    struct sn_rng rng = { seed };

    for (size_t i = 0; i < n; i++) {
        double lp = -1 + 1.5 * sn_rng_normal(&rng);

        p[i] = sn_sigmoid(lp);
        y[i] = sn_rng_uniform(&rng) < sn_sigmoid(shift + factor * lp);
    }
}

START_TEST(perfect_risks)
{
    double *p = malloc(MANY * sizeof *p);
    uint8_t *y = malloc(MANY);
    struct sn_error err = { 0 };
    struct sn_calibration c;
    struct sn_hosmer_lemeshow h;
    struct sn_risks r;

    simulate(p, y, MANY, 0, 1, 11);
    sn_ck_ok(sn_risks_init(&r, p, y, MANY, SN_EXTREME_REFUSE, &err), &err);
    sn_ck_ok(sn_calibration(&r, 0.999, &c, &err), &err);
    ck_assert(c.in_the_large.lo < 0 && c.in_the_large.hi > 0 && c.slope.lo < 1 && c.slope.hi > 1 && c.oe.lo < 1 && c.oe.hi > 1);
    ck_assert(c.cox_p > 0.001 && c.spiegelhalter_p > 0.001 && fabs(c.slope.value - 1) < 0.05);
    sn_ck_ok(sn_hosmer_lemeshow(&r, 10, true, &h, &err), &err);
    ck_assert(h.p > 0.001 && h.df == 10);
    for (int k = 0; k < 4; k++) {
        struct sn_curve_options o = { .smoother = (enum sn_smoother)k };
        struct sn_calibration_curve curve;

        sn_ck_ok(sn_calibration_curve(&r, &o, &curve, &err), &err);
        ck_assert_msg(curve.e.ici < 0.015 && curve.e.e50 <= curve.e.e90 && curve.e.e90 <= curve.e.emax, "%s: ICI %g", curve.smoother, curve.e.ici);
        sn_calibration_curve_free(&curve);
        if (k == 1)
            k++; /* direct at 20,000 takes too long here */
    }
    sn_risks_free(&r);
    simulate(p, y, MANY, 0.5, 0.6, 12); /* and what is wrong is found */
    sn_ck_ok(sn_risks_init(&r, p, y, MANY, SN_EXTREME_REFUSE, &err), &err);
    sn_ck_ok(sn_calibration(&r, 0.999, &c, &err), &err);
    ck_assert(c.slope.lo < 0.6 && c.slope.hi > 0.6 && c.slope.hi < 1 && c.recalibration_intercept.lo < 0.5 && c.recalibration_intercept.hi > 0.5 && c.cox_p < 1e-10);
    sn_risks_free(&r);
    free(p);
    free(y);
}
END_TEST

/* The order of patients changes no bit. */
START_TEST(permutations)
{
    struct sn_error err = { 0 };
    struct sn_calibration a, b;
    struct sn_risks r, q;
    struct sn_rng rng = { 3 };
    struct sample s;

    load(&s, _i);
    init(&s, &r);
    sn_ck_ok(sn_calibration(&r, 0.95, &a, &err), &err);
    for (size_t i = s.n; i > 1; i--) {
        size_t j = (size_t)sn_rng_below(&rng, i);
        double p = s.p[i - 1];
        uint8_t y = s.y[i - 1];

        s.p[i - 1] = s.p[j];
        s.y[i - 1] = s.y[j];
        s.p[j] = p;
        s.y[j] = y;
    }
    init(&s, &q);
    sn_ck_ok(sn_calibration(&q, 0.95, &b, &err), &err);
    ck_assert_mem_eq(r.p, q.p, s.n * sizeof *r.p);
    ck_assert_mem_eq(r.y, q.y, s.n);
    for (size_t i = 0; i < s.n; i++)
        ck_assert(s.p[q.from[i]] == q.p[i] && s.y[q.from[i]] == q.y[i]);
    ck_assert(a.slope.value == b.slope.value && a.in_the_large.value == b.in_the_large.value && a.brier.value == b.brier.value &&
              a.brier_scaled.se == b.brier_scaled.se && a.spiegelhalter_z == b.spiegelhalter_z && a.oe.value == b.oe.value);
    sn_risks_free(&r);
    sn_risks_free(&q);
    unload(&s);
}
END_TEST

/* ---- degenerate and wrong input ------------------------------------------------------------------------ */

START_TEST(refusals)
{
    static const double p[] = { 0.1, 0.5, 0.9, 0.3 }, ends[] = { 0, 0.5, 1, 0.3 }, above[] = { 0.1, 1.5, 0.2, 0.3 }, nan_p[] = { 0.1, NAN, 0.2, 0.3 };
    static const uint8_t y[] = { 0, 1, 1, 0 }, ones[] = { 1, 1, 1, 1 }, odd[] = { 0, 1, 2, 0 };
    struct sn_error err = { 0 };
    struct sn_calibration c;
    struct sn_risks r;

    sn_ck_fails(sn_risks_init(&r, p, y, 0, SN_EXTREME_REFUSE, &err), SN_EINVAL, &err, "no patients");
    sn_ck_fails(sn_risks_init(&r, p, ones, 4, SN_EXTREME_REFUSE, &err), SN_EINVAL, &err, "all 4 patients have outcome 1");
    sn_ck_fails(sn_risks_init(&r, p, odd, 4, SN_EXTREME_REFUSE, &err), SN_EINVAL, &err, "outcome 3 is 2");
    sn_ck_fails(sn_risks_init(&r, above, y, 4, SN_EXTREME_REFUSE, &err), SN_EINVAL, &err, "risk 2 is 1.5");
    sn_ck_fails(sn_risks_init(&r, nan_p, y, 4, SN_EXTREME_CLAMP, &err), SN_EINVAL, &err, "risk 2 is nan");
    sn_ck_fails(sn_risks_init(&r, ends, y, 4, SN_EXTREME_REFUSE, &err), SN_EINVAL, &err, "2 of 4 risks are exactly 0 or 1");
    sn_ck_ok(sn_risks_init(&r, ends, y, 4, SN_EXTREME_CLAMP, &err), &err);
    ck_assert(r.clamped == 2 && r.p[0] == 1e-8 && r.p[3] == 1.0 - 1e-8);
    sn_ck_fails(sn_calibration(&r, 1.0, &c, &err), SN_EINVAL, &err, "level 1");
    sn_risks_free(&r);
    sn_risks_free(&r);
}
END_TEST

START_TEST(degenerate)
{
    static const double same[] = { 0.3, 0.3, 0.3, 0.3, 0.3 }, apart[] = { 0.1, 0.2, 0.3, 0.8, 0.9 };
    static const uint8_t y[] = { 0, 0, 0, 1, 1 };
    struct sn_error err = { 0 };
    struct sn_curve_options o = { .smoother = SN_SMOOTHER_LOESS };
    struct sn_calibration_curve curve;
    struct sn_hosmer_lemeshow h;
    struct sn_risk_group g[10];
    struct sn_calibration c;
    struct sn_risk_spread spread[2];
    struct sn_risks r;
    int found;

    sn_ck_ok(sn_risks_init(&r, same, y, 5, SN_EXTREME_REFUSE, &err), &err); /* a constant risk */
    sn_ck_ok(sn_calibration(&r, 0.95, &c, &err), &err);
    ck_assert(!c.slope_defined && isnan(c.slope.value) && isnan(c.cox_p));
    ck_assert_double_eq_tol(c.in_the_large.value, log(2.0 / 3) - log(3.0 / 7), 1e-12);
    sn_ck_ok(sn_risk_groups(&r, 10, 0.95, g, &found, &err), &err);
    ck_assert(found == 1 && g[0].n == 5 && g[0].events == 2);
    sn_ck_ok(sn_hosmer_lemeshow(&r, 10, false, &h, &err), &err);
    ck_assert(h.groups == 1 && h.df == -1 && isnan(h.p));
    for (int k = 0; k < 4; k++) {
        o.smoother = (enum sn_smoother)k;
        sn_ck_fails(sn_calibration_curve(&r, &o, &curve, &err), SN_EFORMAT, &err, "all risks are 0.3");
    }
    sn_ck_ok(sn_risk_spread(&r, spread, &err), &err);
    ck_assert(spread[0].sd == 0 && spread[0].bandwidth > 0 && spread[1].n == 2);
    sn_risks_free(&r);

    sn_ck_ok(sn_risks_init(&r, apart, y, 5, SN_EXTREME_REFUSE, &err), &err); /* perfectly separated */
    sn_ck_ok(sn_calibration(&r, 0.95, &c, &err), &err);
    ck_assert(!c.slope_defined && isfinite(c.in_the_large.value) && isfinite(c.brier_scaled.value));
    o.smoother = SN_SMOOTHER_RCS;
    sn_ck_fails(sn_calibration_curve(&r, &o, &curve, &err), SN_EFORMAT, &err, "calibration curve");
    o.smoother = SN_SMOOTHER_LOESS; /* five patients are enough for loess, such as it is */
    sn_ck_ok(sn_calibration_curve(&r, &o, &curve, &err), &err);
    sn_calibration_curve_free(&curve);
    o.smoother = SN_SMOOTHER_LOWESS;
    sn_ck_ok(sn_calibration_curve(&r, &o, &curve, &err), &err);
    sn_calibration_curve_free(&curve);
    o.points = 1;
    sn_ck_fails(sn_calibration_curve(&r, &o, &curve, &err), SN_EINVAL, &err, "1 points");
    o = (struct sn_curve_options){ .smoother = SN_SMOOTHER_RCS, .knots = 6 };
    sn_ck_fails(sn_calibration_curve(&r, &o, &curve, &err), SN_EINVAL, &err, "6 knots");
    sn_risks_free(&r);
}
END_TEST

/* ---- DOMAIN's three ICIs ------------------------------------------------------------ */

/* Fitted risks of logit(y) ~ x (columns by name; "race2" is race = 2, "gender" Female = 1) on a real table. */
static size_t fit_table(const char *file, const char *outcome, const char *event, const char *const *columns, size_t k, double *p, uint8_t *y)
{
    const char *path = sn_test_data(file);
    struct sn_error err = { 0 };
    struct sn_logit f;
    struct sn_csv t;
    double *x, *out;
    size_t n;

    if (!path)
        return 0;
    sn_ck_ok(sn_csv_read(path, &t, &err), &err);
    n = t.rows;
    x = malloc((k + 2) * n * sizeof *x);
    out = x + (k + 1) * n;
    for (size_t i = 0; i < n; i++) {
        y[i] = strcmp(sn_csv_cell(&t, i, sn_csv_column(&t, outcome)), event) == 0;
        out[i] = y[i];
        x[i] = 1;
        for (size_t c = 0; c < k; c++) {
            double *v = &x[(c + 1) * n + i];

            if (strncmp(columns[c], "race", 4) == 0)
                *v = strcmp(sn_csv_cell(&t, i, sn_csv_column(&t, "race")), columns[c] + 4) == 0;
            else if (strcmp(columns[c], "gender") == 0)
                *v = strcmp(sn_csv_cell(&t, i, sn_csv_column(&t, "gender")), "Female") == 0;
            else
                *v = cell(&t, i, columns[c]);
        }
    }
    sn_ck_ok(sn_logit_fit(x, n, k + 1, out, NULL, NULL, &f, &err), &err);
    memcpy(p, f.mu, n * sizeof *p);
    sn_logit_free(&f);
    sn_csv_free(&t);
    free(x);
    return n;
}

/* lrm(Poor ~ age + s100b + gender), n = 113: loess interpolated 0.02758, direct 0.02925, lowess 0.02102 (DOMAIN B.3) */
START_TEST(three_icis)
{
    static const char *const columns[] = { "age", "s100b", "gender" };
    static const double ici[] = { 0.02102, 0.02758, 0.02925 };
    struct sn_error err = { 0 };
    struct sn_risks r;
    double p[128];
    uint8_t y[128];
    size_t n = fit_table("stats/aSAH.csv", "outcome", "Poor", columns, SN_COUNT(columns), p, y);

    if (!n)
        return;
    ck_assert_uint_eq(n, 113);
    sn_ck_ok(sn_risks_init(&r, p, y, n, SN_EXTREME_REFUSE, &err), &err);
    for (int k = 0; k < 3; k++) {
        struct sn_curve_options o = { .smoother = (enum sn_smoother)k };
        struct sn_calibration_curve c;

        sn_ck_ok(sn_calibration_curve(&r, &o, &c, &err), &err);
        ck_assert_double_eq_tol(c.e.ici, ici[k], 5.01e-6);
        sn_calibration_curve_free(&c);
    }
    sn_risks_free(&r);
}
END_TEST

static Suite *suite_calibration(void)
{
    Suite *s = suite_create("calibration");
    TCase *tc = tcase_create("calibration");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, summaries, 0, SAMPLES);
    tcase_add_loop_test(tc, groups, 0, SAMPLES);
    tcase_add_loop_test(tc, curves_as_r, 0, SAMPLES);
    tcase_add_test(tc, curve_descriptions);
    tcase_add_test(tc, curve_bootstrap);
    tcase_add_test(tc, perfect_risks);
    tcase_add_loop_test(tc, permutations, 0, SAMPLES);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, degenerate);
    tcase_add_test(tc, three_icis);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_calibration)
