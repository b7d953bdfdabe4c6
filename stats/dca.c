/* dca.c: decision curves. */
#include "stats/dca_parts.h"

#include <math.h>
#include <stdlib.h>

bool sn_dca_tie_parse(const char *name, enum sn_dca_tie *t)
{
    *t = strcmp(name, "gt") == 0 ? SN_DCA_GT : SN_DCA_GE;
    return strcmp(name, "ge") == 0 || strcmp(name, "gt") == 0;
}

const char *sn_dca_tie_name(enum sn_dca_tie t) { return t == SN_DCA_GT ? "gt" : "ge"; }

int sn_dca_thresholds(const struct sn_dca_thresholds *range, double *t, size_t room, size_t *m, struct sn_error *err)
{
    double count;

    if (!(range->from >= 0.0 && range->from <= range->to && range->to < 1.0) || !(range->step > 0.0 && range->step <= 1.0))
        return SN_FAIL(err, SN_EINVAL, "decision curve: thresholds from %g to %g by %g: expected 0 <= from <= to < 1 and a positive step", range->from, range->to,
                       range->step);
    count = floor((range->to - range->from) / range->step * (1.0 + 1e-12) + 1e-9) + 1.0;
    if (count > (double)room)
        return SN_FAIL(err, SN_ELIMIT, "decision curve: %.0f thresholds, at most %zu", count, room);
    *m = (size_t)count;
    for (size_t i = 0; i < *m; i++) /* 0.05 + 7 * 0.01 is to be the double nearest to 0.12, which risks may equal */
        t[i] = round((range->from + (double)i * range->step) * 1e12) / 1e12;
    return SN_OK;
}

/* ---- one point ---------------------------------------------------------------------------------- */

struct sn_dca_point sn_dca_make(double t, double se, double sp, double prevalence)
{
    double w = t / (1.0 - t), all = prevalence - (1.0 - prevalence) * w;
    struct sn_dca_point p = { .t = t, .se = se, .sp = sp };

    p.tp = se * prevalence;
    p.fp = (1.0 - sp) * (1.0 - prevalence);
    p.net_benefit = p.tp - p.fp * w;
    p.standardised = p.net_benefit / prevalence;
    p.avoided = t > 0.0 ? (p.net_benefit - all) / w : (double)NAN;
    p.opt_out = t > 0.0 ? sp * (1.0 - prevalence) - (1.0 - se) * prevalence / w : (double)NAN;
    p.opt_out_standardised = p.opt_out / (1.0 - prevalence);
    p.flagged = 1000.0 * (p.tp + p.fp);
    p.flagged_events = 1000.0 * p.tp;
    return p;
}

struct sn_dca_thresholds sn_dca_range(double from, double to)
{
    return (struct sn_dca_thresholds){ from, to, to - from >= 0.1 ? 0.005 : (to - from) / 20.0 };
}

double sn_dca_value(const struct sn_dca_point *p, enum sn_dca_measure m)
{
    switch (m) {
    case SN_DCA_STANDARDISED: return p->standardised;
    case SN_DCA_AVOIDED: return p->avoided;
    case SN_DCA_OPT_OUT: return p->opt_out;
    case SN_DCA_OPT_OUT_STANDARDISED: return p->opt_out_standardised;
    default: return p->net_benefit;
    }
}

/* ---- checks -------------------------------------------------------------------------------------- */

static int check_thresholds(const double *t, size_t m, struct sn_error *err)
{
    if (!m)
        return SN_FAIL(err, SN_EINVAL, "decision curve: no thresholds");
    for (size_t i = 0; i < m; i++)
        if (!(t[i] >= 0.0 && t[i] < 1.0) || (i && t[i] <= t[i - 1]))
            return SN_FAIL(err, SN_EINVAL, "decision curve: threshold %zu is %g, expected ascending values in [0, 1)", i + 1, t[i]);
    return SN_OK;
}

static int check_prevalence(double prevalence, struct sn_error *err)
{
    if (!(prevalence > 0.0 && prevalence < 1.0))
        return SN_FAIL(err, SN_EINVAL, "decision curve: prevalence %g, expected between 0 and 1", prevalence);
    return SN_OK;
}

static int check_strategy(const struct sn_dca_strategy *s, size_t n, struct sn_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (s->call ? s->risk[i] != 0.0 && s->risk[i] != 1.0 : !(s->risk[i] >= 0.0 && s->risk[i] <= 1.0))
            return SN_FAIL(err, SN_EINVAL, "decision curve: %.60s: value %zu is %g, expected %s", s->name ? s->name : "a strategy", i + 1, s->risk[i],
                           s->call ? "a call, 0 or 1" : "a risk from 0 to 1");
    return SN_OK;
}

int sn_dca_check(const struct sn_dca *d, struct sn_error *err)
{
    size_t events = 0;

    SN_TRY(check_thresholds(d->t, d->m, err));
    for (size_t i = 0; i < d->n; i++) {
        if (d->y[i] > 1)
            return SN_FAIL(err, SN_EINVAL, "decision curve: outcome %zu is %d, expected 0 or 1", i + 1, d->y[i]);
        events += d->y[i];
    }
    if (!d->n || events == 0 || events == d->n)
        return SN_FAIL(err, SN_EINVAL, "decision curve: %zu events in %zu patients; both outcomes are needed", events, d->n);
    for (size_t k = 0; k < d->n_strategies; k++)
        SN_TRY(check_strategy(&d->strategies[k], d->n, err));
    return isnan(d->prevalence) ? SN_OK : check_prevalence(d->prevalence, err);
}

/* ---- counting -------------------------------------------------------------------------------------- */

size_t sn_dca_reach(double risk, const double *t, size_t m, enum sn_dca_tie tie)
{
    size_t lo = 0, hi = m;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (tie == SN_DCA_GE ? t[mid] <= risk : t[mid] < risk)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static size_t reach_of(const struct sn_dca *d, const struct sn_dca_strategy *s, size_t i)
{
    return s->call ? (s->risk[i] == 1.0 ? d->m : 0) : sn_dca_reach(s->risk[i], d->t, d->m, d->tie);
}

static double prevalence_of(const struct sn_dca *d, double events, double others)
{
    return isnan(d->prevalence) ? events / (events + others) : d->prevalence;
}

int sn_dca_curves(const struct sn_dca *d, struct sn_dca_point *point, struct sn_error *err)
{
    size_t *tally; /* [2][m + 1] patients of each outcome whom exactly k thresholds treat */

    SN_TRY(sn_dca_check(d, err));
    tally = malloc(2 * (d->m + 1) * sizeof *tally);
    if (!tally)
        return SN_NOMEM(err, "a decision curve");
    for (size_t s = 0; s < d->n_strategies; s++) {
        size_t treated[2] = { 0, 0 }, of[2] = { 0, 0 };

        memset(tally, 0, 2 * (d->m + 1) * sizeof *tally);
        for (size_t i = 0; i < d->n; i++) {
            tally[d->y[i] * (d->m + 1) + reach_of(d, &d->strategies[s], i)]++;
            of[d->y[i]]++;
        }
        for (size_t k = d->m; k-- > 0;) {
            for (size_t y = 0; y < 2; y++)
                treated[y] += tally[y * (d->m + 1) + k + 1];
            point[s * d->m + k] = sn_dca_make(d->t[k], (double)treated[1] / (double)of[1], 1.0 - (double)treated[0] / (double)of[0],
                                              prevalence_of(d, (double)of[1], (double)of[0]));
        }
    }
    free(tally);
    return SN_OK;
}

int sn_dca_reference(const struct sn_dca *d, bool all, struct sn_dca_point *point, struct sn_error *err)
{
    double events = 0.0;

    SN_TRY(sn_dca_check(d, err));
    for (size_t i = 0; i < d->n; i++)
        events += d->y[i];
    return sn_dca_fixed(all, !all, prevalence_of(d, events, (double)d->n - events), d->t, d->m, point, err);
}

int sn_dca_fixed(double se, double sp, double prevalence, const double *t, size_t m, struct sn_dca_point *point, struct sn_error *err)
{
    SN_TRY(check_thresholds(t, m, err));
    SN_TRY(check_prevalence(prevalence, err));
    if (!(se >= 0.0 && se <= 1.0) || !(sp >= 0.0 && sp <= 1.0))
        return SN_FAIL(err, SN_EINVAL, "decision curve: sensitivity %g, specificity %g: expected 0 to 1", se, sp);
    for (size_t k = 0; k < m; k++)
        point[k] = sn_dca_make(t[k], se, sp, prevalence);
    return SN_OK;
}

bool sn_dca_net_benefit(const struct sn_dca *d, const double *risk, const uint32_t *weight, double *tally, double *net_benefit)
{
    double of[2] = { 0.0, 0.0 }, treated[2] = { 0.0, 0.0 };

    memset(tally, 0, 2 * (d->m + 1) * sizeof *tally);
    for (size_t i = 0; i < d->n; i++) {
        double w = weight ? weight[i] : 1.0;

        tally[d->y[i] * (d->m + 1) + sn_dca_reach(risk[i], d->t, d->m, d->tie)] += w;
        of[d->y[i]] += w;
    }
    if (!(of[0] > 0.0 && of[1] > 0.0))
        return false;
    for (size_t k = d->m; k-- > 0;) {
        treated[0] += tally[k + 1];
        treated[1] += tally[d->m + 1 + k + 1];
        net_benefit[k] = sn_dca_make(d->t[k], treated[1] / of[1], 1.0 - treated[0] / of[0], prevalence_of(d, of[1], of[0])).net_benefit;
    }
    return true;
}
