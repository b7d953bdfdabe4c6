/* calibration_golden.h: the golden samples of check_calibration.c and check_recalibrate.c. */
#ifndef SN_CALIBRATION_GOLDEN_H
#define SN_CALIBRATION_GOLDEN_H

/* ---- golden data: tools/golden/make_calibration_golden.R, .py ------------------------------------ */

#define SAMPLES 3
static const char *const sample_names[SAMPLES] = { "mixed", "graded", "small" };

struct sample {
    const char *name;
    size_t n;
    double p[256];
    uint8_t y[256];
    struct sn_csv values, curves, py;
};

static inline void read_csv(struct sn_csv *t, const char *file)
{
    struct sn_error err = { 0 };
    char path[128];

    (void)snprintf(path, sizeof path, "tests/unit/data/%s", file);
    sn_ck_ok(sn_csv_read(sn_test_file(path), t, &err), &err);
}

static inline double cell(const struct sn_csv *t, size_t row, const char *column)
{
    int c = sn_csv_column(t, column);
    struct sn_error err = { 0 };
    double v;

    ck_assert_msg(c >= 0, "no column %s", column);
    if (sn_csv_is_na(sn_csv_cell(t, row, c)))
        return (double)NAN;
    sn_ck_ok(sn_csv_number(t, row, c, &v, &err), &err);
    return v;
}

static inline void load(struct sample *s, int i)
{
    struct sn_csv t;

    s->name = sample_names[i];
    s->n = 0;
    read_csv(&t, "calibration.csv");
    read_csv(&s->values, "calibration_values.csv");
    read_csv(&s->curves, "calibration_curves.csv");
    read_csv(&s->py, "calibration_py.csv");
    for (size_t r = 0; r < t.rows; r++)
        if (strcmp(sn_csv_cell(&t, r, 0), s->name) == 0) {
            s->p[s->n] = cell(&t, r, "p");
            s->y[s->n++] = (uint8_t)cell(&t, r, "y");
        }
    sn_csv_free(&t);
    ck_assert_uint_ge(s->n, 25);
}

static inline void unload(struct sample *s)
{
    sn_csv_free(&s->values);
    sn_csv_free(&s->curves);
    sn_csv_free(&s->py);
}

static inline bool find(const struct sn_csv *t, const char *sample, const char *name, double *v)
{
    for (size_t r = 0; r < t->rows; r++)
        if (strcmp(sn_csv_cell(t, r, 0), sample) == 0 && strcmp(sn_csv_cell(t, r, 1), name) == 0) {
            *v = cell(t, r, "value");
            return true;
        }
    return false;
}

static inline double want(const struct sn_csv *t, const char *sample, const char *name)
{
    double v = 0;

    ck_assert_msg(find(t, sample, name, &v), "no golden %s of %s", name, sample);
    return v;
}

static inline void close_to(double got, double expected, double tol, const char *sample, const char *what)
{
    ck_assert_msg(fabs(got - expected) <= tol * fmax(fabs(expected), 1e-3), "%s, %s: %.17g, expected %.17g (relative %g)", sample, what, got, expected,
                  (got - expected) / expected);
}

static inline void init(const struct sample *s, struct sn_risks *r)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_risks_init(r, s->p, s->y, s->n, SN_EXTREME_REFUSE, &err), &err);
}

#endif
