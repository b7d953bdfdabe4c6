/* evaluate_run.h: what the tests of `evaluate` share: made-up cases, results.json, comparison with the library. Included once a program. */
#ifndef SN_TEST_EVALUATE_RUN_H
#define SN_TEST_EVALUATE_RUN_H

#include "tests/unit/predict_run.h"

#include <math.h>

#include "stats/stats.h"

static struct sn_error err;

/* A formatted string, in one of 16 rotating buffers. */
static const char *text(const char *fmt, ...) SN_PRINTF(1, 2);
SN_UNUSED static const char *text(const char *fmt, ...)
{
    static char buf[16][1024];
    static unsigned turn;
    char *b = buf[turn++ % 16];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(b, sizeof buf[0], fmt, ap);
    va_end(ap);
    return b;
}

#define MOST 400
struct cases {
    size_t n, events;
    double a[MOST], b[MOST], y[MOST];
    uint8_t y8[MOST];
};

/* Two risks of made-up cases, in sets train, internal and external; written as table `name`. */
static void make_cases(const char *name, uint64_t seed)
{
    struct sn_rng r = { seed };
    struct sn_buf t = { 0 };

    sn_buf_puts(&t, "case,set,outcome,risk,p_other,age\n");
    for (int i = 0; i < 330; i++) {
        double x = sn_rng_normal(&r), noise = sn_rng_normal(&r), risk = sn_sigmoid(1.2 * x - 0.6), other = sn_sigmoid(0.7 * x + 0.8 * noise - 0.5);

        sn_buf_printf(&t, "c%d,%s,%d,%.5f,%.3f,%d\n", i, i < 130 ? "train" : i < 230 ? "internal" : "external", sn_rng_uniform(&r) < risk, risk, other,
                      30 + (int)sn_rng_below(&r, 50));
    }
    write_text(at("%s", name), t.data);
    sn_buf_free(&t);
}

/* The cases of a set, as evaluate should see them. */
SN_UNUSED static void take(const char *name, const char *set, struct cases *c)
{
    struct sn_csv t;

    sn_ck_ok(sn_csv_read(at("%s", name), &t, &err), &err);
    c->n = c->events = 0;
    for (size_t i = 0; i < t.rows; i++) {
        if (strcmp(sn_csv_cell(&t, i, 1), set) != 0)
            continue;
        sn_ck_ok(sn_csv_number(&t, i, 2, &c->y[c->n], &err), &err);
        sn_ck_ok(sn_csv_number(&t, i, 3, &c->a[c->n], &err), &err);
        sn_ck_ok(sn_csv_number(&t, i, 4, &c->b[c->n], &err), &err);
        c->y8[c->n] = c->y[c->n] > 0;
        c->events += c->y8[c->n++];
    }
    sn_csv_free(&t);
}

SN_UNUSED static const struct sn_json_value *results(const char *dir)
{
    read_before[n_before++ % SN_COUNT(read_before)] = json;
    sn_ck_ok(sn_json_read(at("%s/results.json", dir), &json, &err), &err);
    return json.root;
}

/* value, lo and hi below a path are these, to the last bit. */
SN_UNUSED static void same_ci(const struct sn_json_value *v, const char *path, double value, double lo, double hi)
{
    const double want[] = { value, lo, hi };
    static const char *const name[] = { "value", "lo", "hi" };

    for (int i = 0; i < 3; i++) {
        double got = number(v, text("%s.%s", path, name[i]));

        ck_assert_msg(got == want[i], "%s.%s: %.17g, the library has %.17g", path, name[i], got, want[i]);
    }
}

#endif
