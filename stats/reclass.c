/* reclass.c: net reclassification and integrated discrimination improvement. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

const char sn_reclass_caveat[] =
    "Net reclassification can be positive for a marker that adds nothing, and weighs events and non-events without regard to how many there are or "
    "what a wrong call costs (Hilden & Gerds 2014, Pepe et al. 2015): read the two parts apart, and net benefit instead. The test of the IDI is not "
    "valid when one model contains the other (Kerr et al. 2011).";

enum { NRI_EVENT, NRI_NONEVENT, NRI, IDI_EVENT, IDI_NONEVENT, IDI, PARTS };

/* One case: -1, 0, 1 for the category's or the risk's fall, stay, rise; and the change of the risk. */
struct moves {
    size_t n;
    const double *y;
    int8_t *step;
    double *change;
};

static int category(double risk, const double *cut, size_t cuts)
{
    int k = 0;

    while ((size_t)k < cuts && risk >= cut[k])
        k++;
    return k;
}

static int check(const double *old_risk, const double *new_risk, const double *y, size_t n, const double *cut, size_t cuts, double level, struct sn_error *err)
{
    if (!(level > 0 && level < 1))
        return SN_FAIL(err, SN_EINVAL, "confidence level is %g, expected a number between 0 and 1", level);
    for (size_t i = 0; i < cuts; i++)
        if (!(cut[i] > 0 && cut[i] < 1) || (i && cut[i] <= cut[i - 1]))
            return SN_FAIL(err, SN_EINVAL, "reclassification: cut %zu is %g, expected rising numbers between 0 and 1", i + 1, cut[i]);
    for (size_t i = 0; i < n; i++) {
        if (!(old_risk[i] >= 0 && old_risk[i] <= 1 && new_risk[i] >= 0 && new_risk[i] <= 1))
            return SN_FAIL(err, SN_EINVAL, "reclassification: risks of observation %zu are %g and %g, expected 0 to 1", i + 1, old_risk[i], new_risk[i]);
        if (y[i] != 0 && y[i] != 1)
            return SN_FAIL(err, SN_EINVAL, "reclassification: outcome of observation %zu is %g, expected 0 or 1", i + 1, y[i]);
    }
    return SN_OK;
}

/* The six values of one weighting of the cases; NaN without one of the classes. */
static void values(void *ctx, const uint32_t *weight, int thread, double *v)
{
    const struct moves *m = ctx;
    double n[2] = { 0, 0 }, step[2] = { 0, 0 }, change[2] = { 0, 0 };

    (void)thread;
    for (size_t i = 0; i < m->n; i++) {
        double w = weight ? weight[i] : 1;
        int is = m->y[i] == 1;

        n[is] += w;
        step[is] += w * m->step[i];
        change[is] += w * m->change[i];
    }
    v[NRI_EVENT] = step[1] / n[1];
    v[NRI_NONEVENT] = -step[0] / n[0];
    v[NRI] = v[NRI_EVENT] + v[NRI_NONEVENT];
    v[IDI_EVENT] = change[1] / n[1];
    v[IDI_NONEVENT] = -change[0] / n[0];
    v[IDI] = v[IDI_EVENT] + v[IDI_NONEVENT];
}

static void finish(struct sn_reclass_part *p, double value, double se, double level)
{
    double z = sn_norm_z(level);

    *p = (struct sn_reclass_part){ .value = value, .se = se, .p = value == 0 && se == 0 ? 1 : 2 * sn_norm_sf(fabs(value / se)),
                                   .ci = { value - z * se, value + z * se },
                                   .boot = { .lo = NAN, .hi = NAN, .median = NAN, .mean = NAN, .sd = NAN } };
}

/*
 * Standard errors from the cases of each class: for the NRI of the steps -1, 0, 1, whose variance is P(up) + P(down) - (P(up) -
 * P(down))^2; for the IDI the standard error of the mean change. The classes are independent, so variances add.
 */
static void asymptotic(struct moves *m, double level, struct sn_reclass_part *const part[PARTS], struct sn_reclass *out)
{
    double v[PARTS], n[2] = { (double)out->nonevents, (double)out->events }, step[2], squares[2] = { 0, 0 };

    values(m, NULL, 0, v);
    for (size_t i = 0; i < m->n; i++) {
        int is = m->y[i] == 1;
        double d = m->change[i] - (is ? v[IDI_EVENT] : -v[IDI_NONEVENT]);

        squares[is] += d * d;
    }
    step[1] = (double)(out->up_event + out->down_event) / n[1] - v[NRI_EVENT] * v[NRI_EVENT];
    step[0] = (double)(out->up_nonevent + out->down_nonevent) / n[0] - v[NRI_NONEVENT] * v[NRI_NONEVENT];
    for (int is = 0; is < 2; is++) {
        step[is] = SN_MAX(0, step[is]) / n[is];
        squares[is] /= n[is] * (n[is] - 1); /* NaN for one case: 0 / 0 */
    }
    finish(part[NRI_EVENT], v[NRI_EVENT], sqrt(step[1]), level);
    finish(part[NRI_NONEVENT], v[NRI_NONEVENT], sqrt(step[0]), level);
    finish(part[NRI], v[NRI], sqrt(step[0] + step[1]), level);
    finish(part[IDI_EVENT], v[IDI_EVENT], sqrt(squares[1]), level);
    finish(part[IDI_NONEVENT], v[IDI_NONEVENT], sqrt(squares[0]), level);
    finish(part[IDI], v[IDI], sqrt(squares[0] + squares[1]), level);
}

static int bootstrap(struct moves *m, const struct sn_roc_boot *b, struct sn_reclass_part *const part[PARTS], struct sn_error *err)
{
    struct sn_resample s = { 0 };
    uint32_t *stratum = NULL;
    double *rep = NULL;
    size_t bytes;
    int rc;

    SN_TRY(sn_size_mul3(&bytes, b->replicates, PARTS, sizeof *rep, err));
    rep = malloc(SN_MAX(bytes, 1));
    if (!b->unstratified)
        stratum = malloc((m->n + 1) * sizeof *stratum);
    if (!rep || (!b->unstratified && !stratum)) {
        rc = SN_NOMEM(err, "bootstrap replicates");
        goto out;
    }
    for (size_t i = 0; stratum && i < m->n; i++)
        stratum[i] = m->y[i] == 1;
    SN_TRY_OUT(sn_resample_init(&s, m->n, stratum, b->cluster, err));
    SN_TRY_OUT(sn_boot_run(&(struct sn_boot){ &s, b->seed, b->replicates, PARTS, values, m, b->pool }, rep, err));
    for (int j = 0; j < PARTS; j++)
        SN_TRY_OUT(sn_boot_percentile(rep + (size_t)j * b->replicates, b->replicates, b->level, &part[j]->boot, err));
out:
    sn_resample_free(&s);
    free(stratum);
    free(rep);
    return rc;
}

int sn_reclassify(const double *old_risk, const double *new_risk, const double *y, size_t n, const double *cut, size_t cuts, double level,
                  const struct sn_roc_boot *boot, struct sn_reclass *out, struct sn_error *err)
{
    struct sn_reclass_part *const part[PARTS] = { &out->nri_event, &out->nri_nonevent, &out->nri, &out->idi_event, &out->idi_nonevent, &out->idi };
    struct moves m = { n, y, NULL, NULL };
    size_t bytes;
    int rc = SN_OK;

    *out = (struct sn_reclass){ 0 };
    SN_TRY(check(old_risk, new_risk, y, n, cut, cuts, level, err));
    SN_TRY(sn_size_mul(&bytes, n + 1, sizeof *m.change, err));
    m.step = malloc(n + 1);
    m.change = malloc(bytes);
    if (!m.step || !m.change) {
        rc = SN_NOMEM(err, "reclassification");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        int before = category(old_risk[i], cut, cuts), after = category(new_risk[i], cut, cuts);
        int step = cuts ? (after > before) - (after < before) : (new_risk[i] > old_risk[i]) - (new_risk[i] < old_risk[i]);

        m.step[i] = (int8_t)step;
        m.change[i] = new_risk[i] - old_risk[i];
        out->events += y[i] == 1;
        out->up_event += step > 0 && y[i] == 1;
        out->down_event += step < 0 && y[i] == 1;
        out->up_nonevent += step > 0 && y[i] == 0;
        out->down_nonevent += step < 0 && y[i] == 0;
    }
    out->nonevents = n - out->events;
    if (out->events == 0 || out->nonevents == 0) {
        rc = SN_FAIL(err, SN_EINVAL, "reclassification: %zu events and %zu non-events, expected at least one of each", out->events, out->nonevents);
        goto out;
    }
    asymptotic(&m, level, part, out);
    if (boot)
        rc = bootstrap(&m, boot, part, err);
out:
    free(m.step);
    free(m.change);
    return rc;
}
