/*
 * check_alloc_stats.c: calibration, recalibration and decision curves under memory that runs out: the n-th allocation
 * fails, for every n. Each call must end with SN_ENOMEM, never with a number; under AddressSanitizer nothing may leak.
 */
#include "tests/support/alloc.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdlib.h>

#include "stats/stats.h"

#define N 60
static double p[N];
static uint8_t y[N];
static const double t[] = { 0.1, 0.3 };

static void cohort(void)
{
    struct sn_rng rng = { 8 };

    for (int i = 0; i < N; i++) {
        p[i] = 0.02 + 0.95 * sn_rng_uniform(&rng);
        y[i] = sn_rng_uniform(&rng) < p[i];
    }
}

static int summaries(struct sn_error *err)
{
    struct sn_risks r;
    struct sn_calibration c;
    struct sn_hosmer_lemeshow h;
    struct sn_risk_spread spread[2];
    int rc;

    SN_TRY(sn_risks_init(&r, p, y, N, SN_EXTREME_REFUSE, err));
    rc = sn_calibration(&r, 0.95, &c, err);
    if (!rc)
        rc = sn_hosmer_lemeshow(&r, 10, true, &h, err);
    if (!rc)
        rc = sn_risk_spread(&r, spread, err);
    sn_risks_free(&r);
    return rc;
}

static int curve(enum sn_smoother smoother, struct sn_error *err)
{
    struct sn_curve_options o = { .smoother = smoother, .points = 11 };
    struct sn_calibration_boot b = { .seed = 1, .replicates = 5, .level = 0.9 };
    struct sn_calibration_curve c = { .n = 0 };
    struct sn_risks r;
    int rc;

    SN_TRY(sn_risks_init(&r, p, y, N, SN_EXTREME_REFUSE, err));
    rc = sn_calibration_curve(&r, &o, &c, err);
    if (!rc)
        rc = sn_calibration_curve_boot(&r, &o, &c, &b, err);
    sn_calibration_curve_free(&c);
    sn_risks_free(&r);
    return rc;
}

static int lowess(struct sn_error *err) { return curve(SN_SMOOTHER_LOWESS, err); }
static int loess(struct sn_error *err) { return curve(SN_SMOOTHER_LOESS, err); }
static int direct(struct sn_error *err) { return curve(SN_SMOOTHER_LOESS_DIRECT, err); }
static int rcs(struct sn_error *err) { return curve(SN_SMOOTHER_RCS, err); }

static int robust_lowess(struct sn_error *err)
{
    static const double x[] = { 1, 2, 3, 4, 5, 6 }, v[] = { 1, 3, 2, 5, 4, 9 };
    double fit[6];

    return sn_lowess(x, v, 6, 0.7, 3, -1, fit, err);
}

static int maps(struct sn_error *err)
{
    static const char json[] = "{\"format\":\"sentinode-recalibration\",\"version\":1,\"method\":\"isotonic\",\"knots\":[[0.1,0.2],[0.5,0.6]],\"n\":10,\"events\":4,"
                               "\"data_sha256\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"trained_on\":\"\"}";
    struct sn_recal m;
    struct sn_risks r;
    int rc = SN_OK;

    SN_TRY(sn_recal_parse(json, sizeof json - 1, &m, err));
    sn_recal_free(&m);
    SN_TRY(sn_risks_init(&r, p, y, N, SN_EXTREME_REFUSE, err));
    for (int k = 0; k < 4 && !rc; k++) {
        rc = sn_recal_fit(&r, (enum sn_recal_method)k, &m, err);
        if (!rc)
            sn_recal_free(&m);
    }
    sn_risks_free(&r);
    return rc;
}

static int refit(void *ctx, const uint32_t *weight, double *risk, struct sn_error *err)
{
    (void)ctx;
    (void)weight;
    (void)err;
    memcpy(risk, p, sizeof p);
    return SN_OK;
}

static int decisions(struct sn_error *err)
{
    const struct sn_dca_strategy s[] = { { "a", p, false }, { "b", p, false } };
    struct sn_dca d = { .y = y, .n = N, .strategies = s, .n_strategies = 2, .t = t, .m = 2, .prevalence = (double)NAN };
    struct sn_dca_boot b = { .replicates = 10, .seed = 1, .level = 0.9, .case_control = true };
    struct sn_dca_validate v = { .fit = refit, .seed = 1, .folds = 3, .repeats = 2, .replicates = 3 };
    struct sn_dca_point point[4];
    struct sn_dca_band band[6], diff[2];
    double nb[2], apparent[2];

    SN_TRY(sn_dca_curves(&d, point, err));
    SN_TRY(sn_dca_bootstrap(&d, SN_DCA_NET_BENEFIT, &b, band, diff, NULL, err));
    SN_TRY(sn_dca_cross_validated(&d, &v, nb, err));
    return sn_dca_optimism(&d, &v, apparent, nb, err);
}

static const struct {
    const char *name;
    int (*run)(struct sn_error *err);
    unsigned long at_least; /* allocations, so that the sweep cannot go empty */
} jobs[] = { { "summaries", summaries, 8 }, { "lowess", lowess, 12 }, { "loess", loess, 40 }, { "loess-direct", direct, 30 },
             { "rcs", rcs, 40 },            { "robust lowess", robust_lowess, 4 },    { "maps", maps, 15 },  { "decisions", decisions, 30 } };

START_TEST(nth_allocation_fails)
{
    struct sn_error err = { 0 };
    unsigned long total;
    int whole;

    cohort();
    sn_alloc_watch(0);
    whole = jobs[_i].run(&err);
    total = sn_alloc_stop().seen; /* before Check allocates */
    sn_ck_ok(whole, &err);
    ck_assert_msg(total >= jobs[_i].at_least, "%s: only %lu allocations", jobs[_i].name, total);
    for (unsigned long n = 1; n <= total; n++) {
        int rc;
        struct sn_alloc a;

        err.msg[0] = 0;
        sn_alloc_watch(n);
        rc = jobs[_i].run(&err);
        a = sn_alloc_stop();
        ck_assert_msg(rc == SN_ENOMEM && err.code == SN_ENOMEM && *err.msg, "%s, allocation %lu of %lu: code %d, '%s'", jobs[_i].name, n, total, rc, err.msg);
        ck_assert_msg(a.alive == 0, "%s, allocation %lu of %lu: %zu blocks were not freed", jobs[_i].name, n, total, a.alive);
    }
}
END_TEST

static Suite *suite_alloc_stats(void)
{
    Suite *s = suite_create("statistics without memory");
    TCase *tc = tcase_create("allocation");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, nth_allocation_fails, 0, (int)SN_COUNT(jobs));
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_alloc_stats)
