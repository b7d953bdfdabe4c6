/* fit_run.h: what the tests of `fit` share: a fit of a table, and comparison with golden numbers. */
#ifndef SN_TEST_FIT_RUN_H
#define SN_TEST_FIT_RUN_H

#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats/stats.h"
#include "tools/fit.h"

struct fitted {
    struct sn_fit_options o;
    struct sn_fit_data d;
    struct sn_fit_report r;
};

static inline struct sn_fit_options options(const char *file, const char *outcome, const char *positive, const char *terms)
{
    struct sn_fit_options o = { .file = file, .terms = terms, .names = SN_TABLE_NAMES_DEFAULT, .seed = 1, .level = 0.95,
                                .recipe = { .limit = 0.05, .folds = 10 } };

    o.names.outcome = outcome;
    o.names.positive = positive;
    return o;
}

static inline void run(struct fitted *f)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_fit_read(&f->o, &f->d, &err), &err);
    sn_ck_ok(sn_fit_run(&f->o, &f->d, NULL, &f->r, &err), &err);
}

static inline void done(struct fitted *f)
{
    sn_fit_report_free(&f->r);
    sn_fit_data_free(&f->d);
}

static inline void same(double found, double expected, double relative, const char *model, const char *what, const char *term)
{
    ck_assert_msg(fabs(found - expected) <= relative * SN_MAX(fabs(expected), 1e-4), "%s: %s of '%s': found %.17g, expected %.17g", model, what, term,
                  found, expected);
}

/* ---- golden numbers: tools/golden/make_fit_golden.R, make_lasso_golden.py ------------------------- */

static struct sn_csv golden;

static inline void load_golden(const char *name)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_csv_read(sn_test_file(name), &golden, &err), &err);
}

static inline void free_golden(void) { sn_csv_free(&golden); }
static inline const char *cell(size_t row, int col) { return sn_csv_cell(&golden, row, col); }

static inline double value(size_t row)
{
    double v;

    ck_assert(sn_parse_double(cell(row, 3), &v));
    return v;
}

/* ---- a table with one real term and noise ----------------------------------------------------------- */

static inline void made_up(const char *file, size_t n, uint64_t seed)
{
    struct sn_rng r = { seed };
    struct sn_buf b = { 0 };
    struct sn_error err = { 0 };

    sn_buf_puts(&b, "case,patient,outcome,a,b,c,grade,set\n");
    for (size_t i = 0; i < n; i++) {
        double x = sn_rng_normal(&r), u = sn_rng_normal(&r), v = sn_rng_normal(&r);

        sn_buf_printf(&b, "%zu,p%zu,%d,%.6f,%.6f,%.6f,%c,%s\n", i, i, sn_rng_uniform(&r) < sn_sigmoid(x - 0.3), x, u, v, "xyz"[sn_rng_below(&r, 3)],
                      i % 4 ? "train" : "test");
    }
    sn_ck_ok(sn_file_write(file, b.data, b.len, &err), &err);
    sn_buf_free(&b);
}

static inline const char *made_up_file(void)
{
    static char file[256];

    (void)snprintf(file, sizeof file, "%s/made_up.csv", sn_test_tmpdir());
    made_up(file, 240, 11);
    return file;
}

#endif
