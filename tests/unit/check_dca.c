/* check_dca.c: decision curves against plain counting in R, intervals against theory, validation against known models. */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats/stats.h"

#define M 99

static double cell(const struct sn_csv *t, size_t row, const char *column)
{
    struct sn_error err = { 0 };
    int c = sn_csv_column(t, column);
    double v;

    ck_assert_msg(c >= 0, "no column %s", column);
    if (strcmp(sn_csv_cell(t, row, c), "TRUE") == 0 || strcmp(sn_csv_cell(t, row, c), "FALSE") == 0)
        return sn_csv_cell(t, row, c)[0] == 'T';
    sn_ck_ok(sn_csv_number(t, row, c, &v, &err), &err);
    return v;
}

static void close_to(double got, double expected, const char *what, size_t i)
{
    ck_assert_msg(fabs(got - expected) <= 1e-10 * fmax(fabs(expected), 1e-2), "%s at %zu: %.17g, expected %.17g", what, i, got, expected);
}

/* One of dcurves' tables: outcome, marker risk, family history. */
struct table {
    size_t n;
    uint8_t y[1024];
    double marker[1024], family[1024], rounded[1024], t[M];
};

static bool load(struct table *d, const char *file, const char *outcome)
{
    const char *path = sn_test_data(file);
    struct sn_error err = { 0 };
    struct sn_csv t;

    if (!path)
        return false;
    sn_ck_ok(sn_csv_read(path, &t, &err), &err);
    d->n = t.rows;
    ck_assert_uint_eq(d->n, 750);
    for (size_t i = 0; i < d->n; i++) {
        d->y[i] = (uint8_t)cell(&t, i, outcome);
        d->marker[i] = cell(&t, i, "cancerpredmarker");
        d->family[i] = cell(&t, i, "famhistory");
        d->rounded[i] = round(d->marker[i] * 100) / 100;
    }
    for (size_t k = 0; k < M; k++)
        d->t[k] = (double)(k + 1) / 100;
    sn_csv_free(&t);
    return true;
}

static struct sn_dca_point *curves_of(const struct sn_dca *d)
{
    struct sn_dca_point *p = malloc(d->n_strategies * d->m * sizeof *p);
    struct sn_error err = { 0 };

    sn_ck_ok(sn_dca_curves(d, p, &err), &err);
    return p;
}

/* ---- against R ------------------------------------------------------------------------------- */

START_TEST(dcurves_data)
{
    struct sn_error err = { 0 };
    struct table d;
    struct sn_csv golden;

    if (!load(&d, "stats/dcurves_df_binary.csv", "cancer"))
        return;
    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/dca.csv"), &golden, &err), &err);
    const struct sn_dca_strategy s[] = { { "marker", d.marker, false }, { "family", d.family, true }, { "rounded", d.rounded, false } };
    struct sn_dca in = { .y = d.y, .n = d.n, .strategies = s, .n_strategies = 3, .t = d.t, .m = M, .prevalence = (double)NAN };
    struct sn_dca_point *ge = curves_of(&in), *gt, all[M], none[M], fixed[M];

    in.tie = SN_DCA_GT;
    gt = curves_of(&in);
    sn_ck_ok(sn_dca_reference(&in, true, all, &err), &err);
    sn_ck_ok(sn_dca_reference(&in, false, none, &err), &err);
    sn_ck_ok(sn_dca_fixed(ge[M].se, ge[M].sp, 0.14, d.t, M, fixed, &err), &err);
    for (size_t k = 0; k < M; k++) {
        double w = d.t[k] / (1 - d.t[k]);

        close_to(ge[k].net_benefit, cell(&golden, k, "marker_ge"), "marker", k);
        close_to(ge[M + k].net_benefit, cell(&golden, k, "family"), "family", k);
        close_to(gt[M + k].net_benefit, cell(&golden, k, "family"), "family with gt", k);
        close_to(fixed[k].net_benefit, cell(&golden, k, "family"), "family as (se, sp)", k);
        close_to(ge[2 * M + k].net_benefit, cell(&golden, k, "rounded_ge"), "rounded, ge", k);
        close_to(gt[2 * M + k].net_benefit, cell(&golden, k, "rounded_gt"), "rounded, gt", k);
        close_to(all[k].net_benefit, cell(&golden, k, "all"), "all", k);
        ck_assert(none[k].net_benefit == 0 && none[k].flagged == 0 && all[k].flagged == 1000);
        close_to(ge[k].opt_out, cell(&golden, k, "opt_out"), "opt-out", k);
        close_to(ge[k].flagged, cell(&golden, k, "flagged"), "flagged", k);
        close_to(ge[k].flagged_events, cell(&golden, k, "flagged_events"), "flagged events", k);
        close_to(ge[k].standardised, ge[k].net_benefit / 0.14, "standardised", k);
        close_to(ge[k].avoided, (ge[k].net_benefit - all[k].net_benefit) / w, "avoided", k);
        close_to(ge[k].opt_out_standardised, ge[k].opt_out / 0.86, "opt-out standardised", k);
        /* the two policies differ by what treating all is worth: NB - NB_all = w (opt-out) */
        close_to(w * ge[k].opt_out, ge[k].net_benefit - all[k].net_benefit, "policies", k);
    }
    free(ge);
    free(gt);
    sn_csv_free(&golden);
}
END_TEST

START_TEST(case_control_prevalence)
{
    struct sn_error err = { 0 };
    struct table d;
    struct sn_csv golden;

    if (!load(&d, "stats/dcurves_dca.csv", "casecontrol"))
        return;
    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/dca.csv"), &golden, &err), &err);
    const struct sn_dca_strategy s[] = { { "marker", d.marker, false } };
    struct sn_dca in = { .y = d.y, .n = d.n, .strategies = s, .n_strategies = 1, .t = d.t, .m = M, .prevalence = 0.15 };
    struct sn_dca_point *p = curves_of(&in);

    for (size_t k = 0; k < M; k++)
        close_to(p[k].net_benefit, cell(&golden, k, "external"), "external prevalence", k);
    free(p);
    sn_csv_free(&golden);
}
END_TEST

/* aSAH's wfns / 6 at 1/6: every patient has at least that (DOMAIN B.4): 0.2354 with ge, 0.2832 with gt. */
START_TEST(graded_score)
{
    const char *path = sn_test_data("stats/aSAH.csv");
    struct sn_error err = { 0 };
    struct sn_csv t;
    double risk[128], at = 1.0 / 6;
    uint8_t y[128];

    if (!path)
        return;
    sn_ck_ok(sn_csv_read(path, &t, &err), &err);
    for (size_t i = 0; i < t.rows; i++) {
        risk[i] = cell(&t, i, "wfns") / 6;
        y[i] = strcmp(sn_csv_cell(&t, i, sn_csv_column(&t, "outcome")), "Poor") == 0;
    }
    const struct sn_dca_strategy s[] = { { "wfns", risk, false } };
    struct sn_dca in = { .y = y, .n = t.rows, .strategies = s, .n_strategies = 1, .t = &at, .m = 1, .prevalence = (double)NAN };
    struct sn_dca_point p;

    sn_ck_ok(sn_dca_curves(&in, &p, &err), &err);
    ck_assert_double_eq_tol(p.net_benefit, 0.2354, 5e-5);
    in.tie = SN_DCA_GT;
    sn_ck_ok(sn_dca_curves(&in, &p, &err), &err);
    ck_assert_double_eq_tol(p.net_benefit, 0.2832, 5e-5);
    sn_csv_free(&t);
}
END_TEST

/* ---- thresholds -------------------------------------------------------------------------------- */

START_TEST(thresholds)
{
    struct sn_error err = { 0 };
    struct sn_dca_thresholds r = { 0.05, 0.4, 0.01 };
    double t[64];
    size_t m;

    sn_ck_ok(sn_dca_thresholds(&r, t, 64, &m, &err), &err);
    ck_assert_uint_eq(m, 36);
    ck_assert(t[0] == 0.05 && t[7] == 0.12 && t[10] == 0.15 && t[25] == 0.3 && t[35] == 0.4); /* the doubles people type */
    r = (struct sn_dca_thresholds){ 0.2, 0.2, 0.1 };
    sn_ck_ok(sn_dca_thresholds(&r, t, 64, &m, &err), &err);
    ck_assert(m == 1 && t[0] == 0.2);
    r = (struct sn_dca_thresholds){ 0, 0.99, 0.01 };
    sn_ck_fails(sn_dca_thresholds(&r, t, 64, &m, &err), SN_ELIMIT, &err, "100 thresholds");
    r = (struct sn_dca_thresholds){ 0, 1, 0.1 };
    sn_ck_fails(sn_dca_thresholds(&r, t, 64, &m, &err), SN_EINVAL, &err, "from 0 to 1");
    r = (struct sn_dca_thresholds){ 0.5, 0.4, 0.1 };
    sn_ck_fails(sn_dca_thresholds(&r, t, 64, &m, &err), SN_EINVAL, &err, "from 0.5 to 0.4");
    r = (struct sn_dca_thresholds){ 0.1, 0.4, 0 };
    sn_ck_fails(sn_dca_thresholds(&r, t, 64, &m, &err), SN_EINVAL, &err, "by 0");
    r = (struct sn_dca_thresholds){ 0.1, (double)NAN, 0.1 };
    sn_ck_fails(sn_dca_thresholds(&r, t, 64, &m, &err), SN_EINVAL, &err, "expected");
}
END_TEST

/* ---- a made-up cohort ----------------------------------------------------------------------------- */

#define N 400
static const double few[] = { 0.1, 0.2, 0.3, 0.5 };

static void simulate(double *p, double *q, uint8_t *y)
{
    struct sn_rng rng = { 21 };

    for (size_t i = 0; i < N; i++) {
        double lp = -1 + 1.2 * sn_rng_normal(&rng);

        p[i] = sn_sigmoid(lp);
        q[i] = sn_sigmoid(lp + sn_rng_normal(&rng));
        y[i] = sn_rng_uniform(&rng) < p[i];
    }
}

/* Percentile limits are near estimate +- 1.96 of the theoretical standard error: NB is a mean (cohort) or two proportions (case-control). */
START_TEST(intervals_as_theory)
{
    struct sn_error err = { 0 };
    double p[N], q[N], events = 0;
    uint8_t y[N];

    simulate(p, q, y);
    for (size_t i = 0; i < N; i++)
        events += y[i];
    const struct sn_dca_strategy s[] = { { "p", p, false }, { "q", q, false } };
    struct sn_dca d = { .y = y, .n = N, .strategies = s, .n_strategies = 2, .t = few, .m = 4, .prevalence = (double)NAN };
    struct sn_dca_boot b = { .replicates = 4000, .seed = 9, .level = 0.95, .case_control = _i == 1 };
    struct sn_dca_point *point = curves_of(&d);
    struct sn_dca_band band[12], diff[4];
    size_t dropped = 99;

    sn_ck_ok(sn_dca_bootstrap(&d, SN_DCA_NET_BENEFIT, &b, band, diff, &dropped, &err), &err);
    ck_assert_uint_eq(dropped, 0);
    for (size_t k = 0; k < 4; k++) {
        const struct sn_dca_point *a = &point[k];
        double w = few[k] / (1 - few[k]), pi = events / N, ss = 0, dss = 0, dmean = 0, se, dse;

        for (size_t i = 0; i < N; i++) {
            double worth = y[i] ? 1 : -w, z = (p[i] >= few[k]) * worth, v = z - (q[i] >= few[k]) * worth;

            ss += (z - a->net_benefit) * (z - a->net_benefit);
            dss += v * v;
            dmean += v / N;
        }
        se = sqrt(ss) / N;
        if (b.case_control)
            se = sqrt(pi * pi * a->se * (1 - a->se) / events + (1 - pi) * (1 - pi) * w * w * a->sp * (1 - a->sp) / (N - events));
        dse = sqrt(dss - N * dmean * dmean) / N;
        /* half a patient more: counts are whole */
        ck_assert_double_eq_tol(band[k].lo, a->net_benefit - 1.96 * se, 0.2 * se + 0.5 / N);
        ck_assert_double_eq_tol(band[k].hi, a->net_benefit + 1.96 * se, 0.2 * se + 0.5 / N);
        if (!b.case_control) {
            ck_assert_double_eq_tol(diff[k].lo, dmean - 1.96 * dse, 0.2 * dse);
            ck_assert_double_eq_tol(diff[k].hi, dmean + 1.96 * dse, 0.2 * dse);
            ck_assert(band[8 + k].lo < pi - (1 - pi) * w && band[8 + k].hi > pi - (1 - pi) * w);
        } else { /* with the prevalence fixed, treating all has no uncertainty */
            ck_assert(band[8 + k].hi - band[8 + k].lo < 1e-12);
        }
    }
    free(point);
}
END_TEST

START_TEST(intervals_reproduce)
{
    static const enum sn_dca_measure measures[] = { SN_DCA_STANDARDISED, SN_DCA_AVOIDED, SN_DCA_OPT_OUT, SN_DCA_OPT_OUT_STANDARDISED };
    struct sn_error err = { 0 };
    struct sn_pool *pool;
    double p[N], q[N], call[N];
    uint8_t y[N];
    uint32_t cluster[N];

    simulate(p, q, y);
    for (size_t i = 0; i < N; i++) {
        call[i] = q[i] > 0.4;
        cluster[i] = (uint32_t)(i / 3);
    }
    sn_ck_ok(sn_pool_create(&pool, 4, &err), &err);
    const struct sn_dca_strategy s[] = { { "p", p, false }, { "reader", call, true }, { "q", q, false } };
    struct sn_dca d = { .y = y, .n = N, .strategies = s, .n_strategies = 3, .t = few, .m = 4, .prevalence = (double)NAN };
    struct sn_dca_point *point = curves_of(&d);

    for (size_t m = 0; m < SN_COUNT(measures); m++) {
        struct sn_dca_boot one = { .replicates = 300, .seed = 4, .level = 0.9, .quantile = m % 2 ? 1 : 7, .cluster = m == 2 ? cluster : NULL }, many = one;
        struct sn_dca_band a[16], b[16], da[12], db[12];

        many.pool = pool;
        sn_ck_ok(sn_dca_bootstrap(&d, measures[m], &one, a, da, NULL, &err), &err);
        sn_ck_ok(sn_dca_bootstrap(&d, measures[m], &many, b, db, NULL, &err), &err);
        ck_assert_mem_eq(a, b, sizeof a);
        ck_assert_mem_eq(da, db, sizeof da);
        for (size_t i = 0; i < 12; i++)
            ck_assert(a[i].lo < sn_dca_value(&point[i], measures[m]) && a[i].hi > sn_dca_value(&point[i], measures[m]));
        if (m == 1) { /* several measures of the same resamples */
            struct sn_dca_band both[2 * 16];

            sn_ck_ok(sn_dca_bootstrap_measures(&d, (const enum sn_dca_measure[]){ measures[m], SN_DCA_NET_BENEFIT }, 2, &one, both, db, NULL, &err), &err);
            ck_assert_mem_eq(both, a, sizeof a);
            ck_assert_mem_eq(db, da, sizeof da);
            sn_ck_ok(sn_dca_bootstrap(&d, SN_DCA_NET_BENEFIT, &one, b, NULL, NULL, &err), &err);
            ck_assert_mem_eq(both + 16, b, sizeof b);
        }
        many.seed = 5;
        sn_ck_ok(sn_dca_bootstrap(&d, measures[m], &many, b, NULL, NULL, &err), &err);
        ck_assert(memcmp(a, b, sizeof a) != 0);
    }
    sn_pool_free(pool);
    free(point);
}
END_TEST

START_TEST(refusals)
{
    static const double risk[] = { 0.1, 0.6, 0.9, 0.4 }, bad[] = { 0.1, -0.1, 0.9, 0.4 }, half[] = { 0, 1, 0.5, 0 }, down[] = { 0.3, 0.2 }, one[] = { 1.0 };
    static const uint8_t y[] = { 0, 1, 1, 0 }, zeros[4] = { 0 }, odd[] = { 0, 1, 3, 0 };
    struct sn_dca_strategy s = { "model", risk, false };
    const struct sn_dca good = { .y = y, .n = 4, .strategies = &s, .n_strategies = 1, .t = few, .m = 4, .prevalence = (double)NAN };
    struct sn_dca_boot b = { .replicates = 10, .level = 0.95 };
    struct sn_dca_band band[8];
    struct sn_dca_point p[4];
    struct sn_error err = { 0 };
    struct sn_dca d = good;

    sn_ck_ok(sn_dca_curves(&d, p, &err), &err);
    ck_assert(p[0].se == 1 && p[0].sp == 0 && p[3].se == 1 && p[3].sp == 1 && p[3].net_benefit == 0.5);
    d.y = zeros;
    sn_ck_fails(sn_dca_curves(&d, p, &err), SN_EINVAL, &err, "0 events in 4 patients");
    d.y = odd;
    sn_ck_fails(sn_dca_curves(&d, p, &err), SN_EINVAL, &err, "outcome 3 is 3");
    d = good;
    d.t = down;
    d.m = 2;
    sn_ck_fails(sn_dca_curves(&d, p, &err), SN_EINVAL, &err, "threshold 2 is 0.2");
    d.t = one;
    d.m = 1;
    sn_ck_fails(sn_dca_curves(&d, p, &err), SN_EINVAL, &err, "threshold 1 is 1");
    d.m = 0;
    sn_ck_fails(sn_dca_curves(&d, p, &err), SN_EINVAL, &err, "no thresholds");
    d = good;
    d.prevalence = 1;
    sn_ck_fails(sn_dca_curves(&d, p, &err), SN_EINVAL, &err, "prevalence 1");
    d = good;
    s.risk = bad;
    sn_ck_fails(sn_dca_curves(&d, p, &err), SN_EINVAL, &err, "model: value 2 is -0.1");
    s.risk = half;
    s.call = true;
    sn_ck_fails(sn_dca_curves(&d, p, &err), SN_EINVAL, &err, "value 3 is 0.5, expected a call");
    s = (struct sn_dca_strategy){ "model", risk, false };
    b.quantile = 6;
    sn_ck_fails(sn_dca_bootstrap(&d, SN_DCA_NET_BENEFIT, &b, band, NULL, NULL, &err), SN_EINVAL, &err, "quantile type 6");
    b.quantile = 7;
    b.replicates = 0;
    sn_ck_fails(sn_dca_bootstrap(&d, SN_DCA_NET_BENEFIT, &b, band, NULL, NULL, &err), SN_EINVAL, &err, "0 replicates");
    sn_ck_fails(sn_dca_fixed(1.1, 0.5, 0.3, few, 4, p, &err), SN_EINVAL, &err, "sensitivity 1.1");
    b.replicates = 200; /* four patients: some resamples have one class only, and say so */
    size_t dropped;
    sn_ck_ok(sn_dca_bootstrap(&d, SN_DCA_NET_BENEFIT, &b, band, NULL, &dropped, &err), &err);
    ck_assert(dropped > 5 && dropped < 60); /* 2 / 16 of them */
    ck_assert(isfinite(band[0].lo) && band[0].lo <= band[0].hi);
}
END_TEST

/* ---- validation --------------------------------------------------------------------------------------- */

struct cohort {
    const double *p;
    const uint8_t *y;
    size_t folds, left_out[2]; /* for the check of stratification */
};

/* A model that learns nothing. */
static int refit_constant(void *ctx, const uint32_t *weight, double *risk, struct sn_error *err)
{
    const struct cohort *c = ctx;

    (void)weight;
    (void)err;
    memcpy(risk, c->p, N * sizeof *risk);
    return SN_OK;
}

/* A model that learns by heart: certain of whom it has seen, the prevalence for others. */
static int refit_by_heart(void *ctx, const uint32_t *weight, double *risk, struct sn_error *err)
{
    const struct cohort *c = ctx;
    double n = 0, events = 0;

    (void)err;
    for (size_t i = 0; i < N; i++) {
        n += weight[i];
        events += weight[i] * c->y[i];
    }
    for (size_t i = 0; i < N; i++)
        risk[i] = weight[i] ? c->y[i] : events / n;
    return SN_OK;
}

/* Folds are 0/1 weights that leave out about N / folds, with the cohort's share of events. */
static int refit_checking(void *ctx, const uint32_t *weight, double *risk, struct sn_error *err)
{
    struct cohort *c = ctx;
    size_t out = 0, events = 0, all = 0;

    for (size_t i = 0; i < N; i++) {
        if (weight[i] > 1)
            return SN_FAIL(err, SN_EINVAL, "weight %u", (unsigned)weight[i]);
        out += !weight[i];
        events += !weight[i] && c->y[i];
        all += c->y[i];
    }
    if (out < N / c->folds || out > N / c->folds + 1 || events < all / c->folds || events > all / c->folds + 1)
        return SN_FAIL(err, SN_EINVAL, "fold of %zu with %zu events", out, events);
    return refit_constant(ctx, weight, risk, err);
}

static int refit_fails(void *ctx, const uint32_t *weight, double *risk, struct sn_error *err)
{
    (void)ctx;
    (void)weight;
    (void)risk;
    return SN_FAIL(err, SN_EFORMAT, "no convergence");
}

START_TEST(validation)
{
    struct sn_error err = { 0 };
    struct sn_pool *pool;
    double p[N], q[N], nb[4], again[4], apparent[4], corrected[4];
    uint8_t y[N];

    simulate(p, q, y);
    struct cohort c = { p, y, 7, { 0, 0 } };
    const struct sn_dca_strategy s[] = { { "p", p, false } };
    struct sn_dca d = { .y = y, .n = N, .strategies = s, .n_strategies = 1, .t = few, .m = 4, .prevalence = (double)NAN };
    struct sn_dca_validate v = { .fit = refit_constant, .ctx = &c, .seed = 1, .folds = 10, .repeats = 5, .replicates = 50 };
    struct sn_dca_point *point = curves_of(&d), all[4];

    sn_ck_ok(sn_pool_create(&pool, 3, &err), &err);
    sn_ck_ok(sn_dca_reference(&d, true, all, &err), &err);
    sn_ck_ok(sn_dca_cross_validated(&d, &v, nb, &err), &err); /* nothing learned, nothing lost */
    for (size_t k = 0; k < 4; k++)
        ck_assert_double_eq_tol(nb[k], point[k].net_benefit, 1e-14);
    sn_ck_ok(sn_dca_optimism(&d, &v, apparent, corrected, &err), &err);
    for (size_t k = 0; k < 4; k++) {
        ck_assert_double_eq_tol(apparent[k], point[k].net_benefit, 1e-15);
        ck_assert_double_eq_tol(corrected[k], apparent[k], 0.01); /* differences of resamples around the patients: mean zero */
    }
    v.fit = refit_by_heart;
    sn_ck_ok(sn_dca_cross_validated(&d, &v, nb, &err), &err);
    sn_ck_ok(sn_dca_optimism(&d, &v, apparent, corrected, &err), &err);
    for (size_t k = 0; k < 4; k++) {
        double prevalence = all[k].tp;

        ck_assert_double_eq_tol(apparent[k], prevalence, 1e-14); /* it seems perfect ... */
        ck_assert_double_eq_tol(nb[k], few[k] <= 0.2 ? all[k].net_benefit : few[k] >= 0.5 ? 0 : nb[k], 1e-12); /* ... and is treat all, or none */
        ck_assert(corrected[k] < apparent[k]);
    }
    v.pool = pool;
    sn_ck_ok(sn_dca_cross_validated(&d, &v, again, &err), &err);
    ck_assert_mem_eq(nb, again, sizeof nb);
    memcpy(nb, corrected, sizeof nb);
    sn_ck_ok(sn_dca_optimism(&d, &v, apparent, again, &err), &err);
    ck_assert_mem_eq(nb, again, sizeof nb);
    v.fit = refit_checking;
    v.folds = 7;
    sn_ck_ok(sn_dca_cross_validated(&d, &v, nb, &err), &err);
    v.fit = refit_fails;
    sn_ck_fails(sn_dca_cross_validated(&d, &v, nb, &err), SN_EFORMAT, &err, "repeat 1: no convergence");
    sn_ck_fails(sn_dca_optimism(&d, &v, apparent, nb, &err), SN_EFORMAT, &err, "no convergence");
    v.folds = 1;
    sn_ck_fails(sn_dca_cross_validated(&d, &v, nb, &err), SN_EINVAL, &err, "1 folds");
    v.folds = 300;
    sn_ck_fails(sn_dca_cross_validated(&d, &v, nb, &err), SN_EINVAL, &err, "the smaller class");
    sn_pool_free(pool);
    free(point);
}
END_TEST

static Suite *suite_dca(void)
{
    Suite *s = suite_create("decision curves");
    TCase *tc = tcase_create("dca");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, dcurves_data);
    tcase_add_test(tc, case_control_prevalence);
    tcase_add_test(tc, graded_score);
    tcase_add_test(tc, thresholds);
    tcase_add_loop_test(tc, intervals_as_theory, 0, 2);
    tcase_add_test(tc, intervals_reproduce);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, validation);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_dca)
