/* recalibrate.c: fitting and applying recalibration maps. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

static const char *const names[] = { "intercept", "platt", "temperature", "isotonic" };

bool sn_recal_parse_method(const char *name, enum sn_recal_method *m)
{
    for (size_t i = 0; i < SN_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0) {
            *m = (enum sn_recal_method)i;
            return true;
        }
    return false;
}

const char *sn_recal_method_name(enum sn_recal_method m) { return names[m]; }

static void digest(const struct sn_risks *r, char hex[SN_SHA256_HEX])
{
    struct sn_sha256 s;
    uint8_t row[9], out[32];

    sn_sha256_init(&s);
    for (size_t i = 0; i < r->n; i++) {
        uint64_t bits;

        memcpy(&bits, &r->p[i], sizeof bits);
        sn_put_le64(row, bits);
        row[8] = r->y[i];
        sn_sha256_update(&s, row, sizeof row);
    }
    sn_sha256_final(&s, out);
    sn_hex(out, sizeof out, hex);
}

/* Columns: ones (with an intercept), logit p; the logit as offset where its factor is fixed at 1. */
static int fit_line(const struct sn_risks *r, struct sn_recal *m, struct sn_error *err)
{
    bool has_slope = m->method != SN_RECAL_INTERCEPT, has_intercept = m->method != SN_RECAL_TEMPERATURE;
    double *design, *y;
    struct sn_logit fit;
    size_t bytes;
    int rc;

    if (has_slope && r->p[0] == r->p[r->n - 1])
        return SN_FAIL(err, SN_EFORMAT, "recalibration (%s): all risks are %g; only the intercept can be fitted", names[m->method], r->p[0]);
    SN_TRY(sn_size_mul3(&bytes, r->n, 3, sizeof *design, err));
    design = malloc(bytes);
    if (!design)
        return SN_NOMEM(err, "recalibration");
    y = design + 2 * r->n;
    for (size_t i = 0; i < r->n; i++) {
        design[i] = has_intercept ? 1.0 : r->lp[i];
        design[r->n + i] = r->lp[i];
        y[i] = r->y[i];
    }
    rc = sn_logit_fit(design, r->n, (size_t)has_slope + has_intercept, y, has_slope ? NULL : r->lp, NULL, &fit, err);
    free(design);
    if (rc)
        return sn_fail_context(err, rc, "recalibration (%s)", names[m->method]);
    if (has_intercept)
        m->intercept = fit.beta[0];
    if (has_slope)
        m->slope = fit.beta[has_intercept];
    sn_logit_free(&fit);
    if (!(m->slope > 0.0))
        return SN_FAIL(err, SN_EFORMAT, "recalibration (%s): the slope is %g; higher risks go with fewer events here, which no recalibration mends", names[m->method],
                       m->slope);
    return SN_OK;
}

static int fit_isotonic(const struct sn_risks *r, struct sn_recal *m, struct sn_error *err)
{
    double *y = malloc(r->n * sizeof *y);
    int rc = SN_OK;

    m->x = malloc(r->n * sizeof *m->x);
    m->y = malloc(r->n * sizeof *m->y);
    if (!y || !m->x || !m->y) {
        rc = SN_NOMEM(err, "isotonic recalibration");
    } else {
        for (size_t i = 0; i < r->n; i++)
            y[i] = r->y[i];
        rc = sn_isotonic(r->p, y, NULL, r->n, m->x, m->y, &m->knots, err);
    }
    free(y);
    return rc;
}

int sn_recal_fit(const struct sn_risks *r, enum sn_recal_method method, struct sn_recal *m, struct sn_error *err)
{
    int rc;

    memset(m, 0, sizeof *m);
    m->method = method;
    m->slope = 1.0;
    m->clamp = r->clamped ? SN_EXTREME_EPS : 0.0;
    m->n = r->n;
    m->events = r->events;
    digest(r, m->data_sha256);
    rc = method == SN_RECAL_ISOTONIC ? fit_isotonic(r, m, err) : fit_line(r, m, err);
    if (rc)
        sn_recal_free(m);
    return rc;
}

void sn_recal_free(struct sn_recal *m)
{
    free(m->x);
    free(m->y);
    memset(m, 0, sizeof *m);
}

/* ---- application: base's own functions and +, -, *, / only, so that every machine gives the same risk -- */

int sn_recal_apply(const struct sn_recal *m, const double *p, size_t n, double *q, size_t *clamped, struct sn_error *err)
{
    size_t moved = 0;

    for (size_t i = 0; i < n; i++) {
        double v = p[i];

        if (!(v >= 0.0 && v <= 1.0))
            return SN_FAIL(err, SN_EINVAL, "recalibration: risk %zu is %g, expected 0 to 1", i + 1, v);
        if (m->clamp > 0.0) {
            v = fmin(fmax(v, m->clamp), 1.0 - m->clamp);
            moved += v != p[i];
        }
        if (m->method == SN_RECAL_ISOTONIC) {
            q[i] = sn_interpolate(m->x, m->y, m->knots, v);
            continue;
        }
        if (v == 0.0 || v == 1.0)
            return SN_FAIL(err, SN_EINVAL, "recalibration: risk %zu is exactly %g; this map was fitted without clamping", i + 1, v);
        q[i] = sn_sigmoid(m->intercept + m->slope * sn_logit(v));
    }
    if (clamped)
        *clamped = moved;
    return SN_OK;
}
