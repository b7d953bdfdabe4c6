/* proportions.c: intervals of a proportion, the 2x2 table of one test. */
#include "stats/stats.h"

#include <math.h>

static const struct sn_interval none = { NAN, NAN };

/* ---- one proportion ------------------------------------------------------------------------- */

const char *sn_proportion_method_name(enum sn_proportion_method m)
{
    static const char *const names[] = { "Wilson", "Clopper-Pearson", "Jeffreys" };

    return (unsigned)m < SN_COUNT(names) ? names[m] : "unknown";
}

static struct sn_interval wilson(double x, double n, double z)
{
    double p = x / n, z2 = z * z, centre = p + z2 / (2 * n), half = z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)), scale = 1 + z2 / n;

    /* at the ends the two terms cancel exactly, but for rounding */
    return (struct sn_interval){ x == 0 ? 0 : (centre - half) / scale, x == n ? 1 : (centre + half) / scale };
}

struct sn_interval sn_proportion_ci(uint64_t count, uint64_t total, double level, enum sn_proportion_method m)
{
    double x = (double)count, n = (double)total, alpha = (1 - level) / 2;

    if (total == 0 || count > total || !(level > 0 && level < 1))
        return none;
    switch (m) {
    case SN_WILSON:
        return wilson(x, n, sn_norm_z(level));
    case SN_CLOPPER_PEARSON: /* the upper limit is 1 - beta quantile of the failures: alpha is exact there, 1 - alpha is not */
        return (struct sn_interval){ x == 0 ? 0 : sn_beta_quantile(alpha, x, n - x + 1), x == n ? 1 : 1 - sn_beta_quantile(alpha, n - x, x + 1) };
    case SN_JEFFREYS:
        return (struct sn_interval){ x == 0 ? 0 : sn_beta_quantile(alpha, x + 0.5, n - x + 0.5), x == n ? 1 : 1 - sn_beta_quantile(alpha, n - x + 0.5, x + 0.5) };
    }
    return none;
}

static struct sn_estimate proportion(uint64_t x, uint64_t n, double level, enum sn_proportion_method m)
{
    return (struct sn_estimate){ n ? (double)x / (double)n : NAN, sn_proportion_ci(x, n, level, m), x, n };
}

/* ---- one test ------------------------------------------------------------------------------- */

struct sn_table2 sn_table2_count(const double *score, const double *y, size_t n, double threshold)
{
    struct sn_table2 t = { 0 };

    for (size_t i = 0; i < n; i++) {
        bool called = score[i] >= threshold, is = y[i] == 1;

        t.tp += called && is;
        t.fp += called && !is;
        t.fn += !called && is;
        t.tn += !called && !is;
    }
    return t;
}

/* exp(log(value) +- z sd); undefined when a cell that stands in a denominator is empty. */
static struct sn_estimate log_normal(double value, double variance, double z)
{
    struct sn_estimate e = { value, none, 0, 0 };
    double factor = exp(z * sqrt(variance));

    if (value > 0 && isfinite(value) && isfinite(variance)) {
        e.ci.lo = value / factor;
        e.ci.hi = value * factor;
    }
    return e;
}

/* MOVER: limits of a sum from the limits of independent terms, each the distance it lies from its estimate. */
static struct sn_estimate mover(const struct sn_estimate *a, const struct sn_estimate *b, double scale, double shift)
{
    return (struct sn_estimate){
        scale * (a->value + b->value) + shift,
        { scale * (a->value + b->value - hypot(a->value - a->ci.lo, b->value - b->ci.lo)) + shift,
          scale * (a->value + b->value + hypot(a->ci.hi - a->value, b->ci.hi - b->value)) + shift },
        0, 0,
    };
}

/*
 * Predictive value at a stated prevalence, by Bayes on odds: odds = prior * hit / miss, where hit of n1 and miss of n2 are the rates of
 * the call among those who are what it says and those who are not. var(log odds) = (1 - hit) / (hit n1) + (1 - miss) / (miss n2).
 */
static struct sn_estimate predictive(double prior, double hit, double n1, double miss, double n2, double z, bool adjust)
{
    double odds = prior * hit / miss, centre, half;
    struct sn_estimate e = { hit == 0 ? 0 : 1 / (1 + 1 / odds), none, 0, 0 };

    if (hit == 0 && miss == 0)
        e.value = NAN;
    if (adjust) { /* Mercaldo et al.: rates with z^2 / 2 more of either kind */
        hit = (hit * n1 + z * z / 2) / (n1 + z * z);
        miss = (miss * n2 + z * z / 2) / (n2 + z * z);
        n1 += z * z;
        n2 += z * z;
    }
    centre = log(prior * hit / miss);
    half = z * sqrt((1 - hit) / (hit * n1) + (1 - miss) / (miss * n2));
    if (isfinite(centre) && isfinite(half))
        e.ci = (struct sn_interval){ sn_sigmoid(centre - half), sn_sigmoid(centre + half) };
    return e;
}

int sn_operating_point(const struct sn_table2 *t, double level, enum sn_proportion_method m, double prevalence, struct sn_operating *o, struct sn_error *err)
{
    double tp = (double)t->tp, fp = (double)t->fp, fn = (double)t->fn, tn = (double)t->tn, pos = tp + fn, neg = fp + tn, z = sn_norm_z(level);

    *o = (struct sn_operating){ 0 };
    if (isnan(z))
        return SN_FAIL(err, SN_EINVAL, "confidence level is %g, expected a number between 0 and 1", level);
    if (!isnan(prevalence) && !(prevalence > 0 && prevalence < 1))
        return SN_FAIL(err, SN_EINVAL, "prevalence is %g, expected a number between 0 and 1", prevalence);
    o->sens = proportion(t->tp, t->tp + t->fn, level, m);
    o->spec = proportion(t->tn, t->tn + t->fp, level, m);
    o->ppv = proportion(t->tp, t->tp + t->fp, level, m);
    o->npv = proportion(t->tn, t->tn + t->fn, level, m);
    o->accuracy = proportion(t->tp + t->tn, t->tp + t->fp + t->fn + t->tn, level, m);
    o->prevalence = proportion(t->tp + t->fn, t->tp + t->fp + t->fn + t->tn, level, m);
    o->balanced = mover(&o->sens, &o->spec, 0.5, 0);
    o->youden = mover(&o->sens, &o->spec, 1, -1);
    o->lr_pos = log_normal(tp / pos / (fp / neg), 1 / tp - 1 / pos + 1 / fp - 1 / neg, z);
    o->lr_neg = log_normal(fn / pos / (tn / neg), 1 / fn - 1 / pos + 1 / tn - 1 / neg, z);
    o->dor = log_normal(tp * tn / (fp * fn), 1 / tp + 1 / fp + 1 / fn + 1 / tn, z);
    o->adjusted = !isnan(prevalence) && (!t->tp || !t->fp || !t->fn || !t->tn);
    if (isnan(prevalence)) {
        o->ppv_at = o->npv_at = (struct sn_estimate){ NAN, none, 0, 0 };
    } else {
        double prior = prevalence / (1 - prevalence);

        o->ppv_at = predictive(prior, tp / pos, pos, fp / neg, neg, z, o->adjusted);
        o->npv_at = predictive(1 / prior, tn / neg, neg, fn / pos, pos, z, o->adjusted);
    }
    o->mcc = (tp * tn - fp * fn) / (sqrt((tp + fp) * pos) * sqrt(neg * (tn + fn)));
    o->f1 = 2 * tp / (2 * tp + fp + fn);
    return SN_OK;
}
