/* check_reclass.c: net reclassification and integrated discrimination improvement. */
#include "tests/support/support.h"

#include <math.h>
#include <stdlib.h>

#include "stats/stats.h"

static struct sn_error err;
static const double cuts[] = { 0.3, 0.6 };

static double *column(const struct sn_csv *t, const char *name)
{
    double *v = malloc(t->rows * sizeof *v);

    for (size_t i = 0; i < t->rows; i++)
        sn_ck_ok(sn_csv_number(t, i, sn_csv_column(t, name), &v[i], &err), &err);
    return v;
}

static double ours(const struct sn_reclass *r, const char *what)
{
    const struct { const char *name; double v; } entries[] = {
        { "nri", r->nri.value }, { "se.nri", r->nri.se }, { "nri.ev", r->nri_event.value }, { "se.nri.ev", r->nri_event.se },
        { "nri.ne", r->nri_nonevent.value }, { "se.nri.ne", r->nri_nonevent.se }, { "idi", r->idi.value }, { "se.idi", r->idi.se },
        { "improveSens", r->idi_event.value }, { "improveSpec", r->idi_nonevent.value },
    };

    for (size_t i = 0; i < SN_COUNT(entries); i++)
        if (strcmp(entries[i].name, what) == 0)
            return entries[i].v;
    ck_abort_msg("no quantity %s", what);
    return 0;
}

/* Hmisc 4.8-0, improveProb: tools/golden/make_roc_golden.R */
START_TEST(test_as_hmisc)
{
    struct sn_csv data, gold;
    struct sn_reclass any, category;
    double *y, *before, *after;
    int seen = 0;

    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/stats/roc_data.csv"), &data, &err), &err);
    sn_ck_ok(sn_csv_read(sn_test_file("tests/unit/data/stats/roc_golden.csv"), &gold, &err), &err);
    y = column(&data, "y");
    before = column(&data, "old");
    after = column(&data, "new");
    sn_ck_ok(sn_reclassify(before, after, y, data.rows, NULL, 0, 0.95, NULL, &any, &err), &err);
    sn_ck_ok(sn_reclassify(before, after, y, data.rows, cuts, 2, 0.95, NULL, &category, &err), &err);
    for (size_t i = 0; i < gold.rows; i++) {
        bool continuous = strcmp(sn_csv_cell(&gold, i, 0), "continuous") == 0;
        double want, got;

        if (!continuous && strcmp(sn_csv_cell(&gold, i, 0), "categorical") != 0)
            continue;
        sn_ck_ok(sn_csv_number(&gold, i, 2, &want, &err), &err);
        got = ours(continuous ? &any : &category, sn_csv_cell(&gold, i, 1));
        ck_assert_msg(fabs(got - want) <= 1e-12 * fabs(want), "line %zu, %s: %.17g, Hmisc has %.17g", gold.lines[i], sn_csv_cell(&gold, i, 1), got, want);
        seen++;
    }
    ck_assert_int_eq(seen, 16);
    ck_assert_double_eq_tol(any.nri.p, 2 * sn_norm_sf(any.nri.value / any.nri.se), 1e-16);
    ck_assert_double_eq_tol(any.nri.ci.hi - any.nri.ci.lo, 2 * sn_norm_z(0.95) * any.nri.se, 1e-14);
    ck_assert(isnan(any.nri.boot.lo) && any.nri.boot.used == 0);
    ck_assert_uint_eq(any.up_event + any.down_event, any.events); /* no equal risks here */
    free(y);
    free(before);
    free(after);
    sn_csv_free(&data);
    sn_csv_free(&gold);
}
END_TEST

/* The bootstrap's spread is the asymptotic one; the same bits for 1 and 3 threads; swapped models swap signs. */
START_TEST(test_bootstrap)
{
    enum { N = 400 };
    static double y[N], before[N], after[N];
    struct sn_roc_boot b = { .seed = 3, .replicates = 4000, .level = 0.95 };
    struct sn_rng rng = { 12 };
    struct sn_reclass one, three, back;
    const struct sn_reclass_part *parts[] = { &one.nri_event, &one.nri_nonevent, &one.nri, &one.idi_event, &one.idi_nonevent, &one.idi };

    for (int i = 0; i < N; i++) {
        double lp = sn_rng_normal(&rng), more = sn_rng_normal(&rng);

        y[i] = sn_rng_uniform(&rng) < sn_sigmoid(lp + 0.7 * more);
        before[i] = sn_sigmoid(lp);
        after[i] = sn_sigmoid(lp + 0.7 * more);
    }
    memset(&one, 0, sizeof one);
    memset(&three, 0, sizeof three);
    sn_ck_ok(sn_reclassify(before, after, y, N, cuts, 2, 0.95, &b, &one, &err), &err);
    sn_ck_ok(sn_pool_create(&b.pool, 3, &err), &err);
    sn_ck_ok(sn_reclassify(before, after, y, N, cuts, 2, 0.95, &b, &three, &err), &err);
    ck_assert(memcmp(&one, &three, sizeof one) == 0);
    sn_pool_free(b.pool);
    for (size_t k = 0; k < SN_COUNT(parts); k++) {
        ck_assert_double_eq_tol(parts[k]->boot.mean, parts[k]->value, 5 * parts[k]->se / sqrt(4000));
        ck_assert_double_eq_tol(parts[k]->boot.sd / parts[k]->se, 1, 5 / sqrt(2 * 4000.0));
        ck_assert(parts[k]->boot.lo < parts[k]->value && parts[k]->value < parts[k]->boot.hi && parts[k]->boot.dropped == 0);
    }
    sn_ck_ok(sn_reclassify(after, before, y, N, cuts, 2, 0.95, NULL, &back, &err), &err);
    ck_assert(back.nri.value == -one.nri.value && back.up_event == one.down_event && fabs(back.idi.value + one.idi.value) < 1e-15);
    sn_ck_ok(sn_reclassify(before, before, y, N, NULL, 0, 0.95, NULL, &back, &err), &err);
    ck_assert(back.nri.value == 0 && back.nri.se == 0 && back.nri.p == 1 && back.idi.p == 1);
}
END_TEST

START_TEST(test_refused)
{
    double risk[] = { 0.1, 0.3, 0.9 }, y[] = { 0, 1, 1 }, bad[] = { 0.1, 1.2, 0.3 }, falling[] = { 0.5, 0.4 }, one[] = { 1, 1, 1 };
    struct sn_reclass r;

    sn_ck_fails(sn_reclassify(risk, bad, y, 3, NULL, 0, 0.95, NULL, &r, &err), SN_EINVAL, &err, "risks of observation 2 are 0.3 and 1.2");
    sn_ck_fails(sn_reclassify(risk, risk, bad, 3, NULL, 0, 0.95, NULL, &r, &err), SN_EINVAL, &err, "outcome of observation 1 is 0.1");
    sn_ck_fails(sn_reclassify(risk, risk, y, 3, falling, 2, 0.95, NULL, &r, &err), SN_EINVAL, &err, "cut 2 is 0.4");
    sn_ck_fails(sn_reclassify(risk, risk, one, 3, NULL, 0, 0.95, NULL, &r, &err), SN_EINVAL, &err, "3 events and 0 non-events");
    sn_ck_fails(sn_reclassify(risk, risk, y, 0, NULL, 0, 0.95, NULL, &r, &err), SN_EINVAL, &err, "0 events and 0 non-events");
    sn_ck_fails(sn_reclassify(risk, risk, y, 3, NULL, 0, 1.95, NULL, &r, &err), SN_EINVAL, &err, "level is 1.95");
    /* a risk on the cut belongs above it */
    sn_ck_ok(sn_reclassify((double[]){ 0.29, 0.29, 0.3 }, risk, y, 3, cuts, 2, 0.95, NULL, &r, &err), &err);
    ck_assert(r.up_event == 2 && r.up_nonevent == 0 && r.down_nonevent == 0);
    ck_assert(isnan(r.idi_nonevent.se)); /* one non-event */
    ck_assert(strstr(sn_reclass_caveat, "net benefit") != NULL);
}
END_TEST

static Suite *suite_reclass(void)
{
    Suite *s = suite_create("reclass");
    TCase *t = tcase_create("all");

    tcase_add_test(t, test_as_hmisc);
    tcase_add_test(t, test_bootstrap);
    tcase_add_test(t, test_refused);
    suite_add_tcase(s, t);
    return s;
}
SN_CHECK_MAIN(suite_reclass)
