/* signature.c: the deep-learning signature, one number per patient from the networks' outputs. */
#include "fusion/fusion.h"

#include <math.h>

#define P_MIN 1e-6 /* as in fuse.c: a saturated network must not give an infinite logit */

static const char *const rule_names[] = { "prob", "logit", "lasso", "stack" };

bool sn_dlsig_parse(const char *name, enum sn_dlsig_rule *r)
{
    for (size_t i = 0; i < SN_COUNT(rule_names); i++)
        if (strcmp(name, rule_names[i]) == 0) {
            *r = (enum sn_dlsig_rule)i;
            return true;
        }
    return false;
}

const char *sn_dlsig_name(enum sn_dlsig_rule r)
{
    return rule_names[r];
}

static double clamped_logit(double p)
{
    return sn_logit(p < P_MIN ? P_MIN : p > 1.0 - P_MIN ? 1.0 - P_MIN : p);
}

static int lasso(const struct sn_dlsig *d, const double *features, size_t n_features, double *sig,
                 struct sn_error *err)
{
    double sum = d->intercept;

    if (n_features != d->n_coef)
        return SN_FAIL(err, SN_EMODEL, "dl_sig: %zu coefficients for %zu pooled features",
                       d->n_coef, n_features);
    for (size_t i = 0; i < n_features; i++) {
        double v = features[i];

        if (d->mean)
            v -= d->mean[i];
        if (d->sd) {
            if (!(d->sd[i] > 0.0))
                return SN_FAIL(err, SN_EMODEL,
                               "dl_sig: the standard deviation of feature %zu is not above zero",
                               i);
            v /= d->sd[i];
        }
        sum += d->coef[i] * v;
    }
    *sig = sum;
    return SN_OK;
}

int sn_dlsig_apply(const struct sn_dlsig *d, int n, const double *p, const double *features,
                   size_t n_features, double *sig, struct sn_error *err)
{
    double v = d->intercept;

    for (int i = 0; i < n; i++)
        if (!(p[i] >= 0.0 && p[i] <= 1.0))
            return SN_FAIL(err, SN_EINVAL, "dl_sig: the output of network %d is not a probability",
                           i + 1);
    if (d->rule != SN_DLSIG_STACK && (d->network < 0 || d->network >= n))
        return SN_FAIL(err, SN_EMODEL, "dl_sig: network %d of %d is named", d->network + 1, n);
    switch (d->rule) {
    case SN_DLSIG_PROB:
        v = p[d->network];
        break;
    case SN_DLSIG_LOGIT:
        v = clamped_logit(p[d->network]);
        break;
    case SN_DLSIG_LASSO:
        SN_TRY(lasso(d, features, n_features, &v, err));
        break;
    case SN_DLSIG_STACK:
        if (d->n_coef != (size_t)n)
            return SN_FAIL(err, SN_EMODEL, "dl_sig: %zu coefficients for %d networks", d->n_coef,
                           n);
        for (int i = 0; i < n; i++)
            v += d->coef[i] * clamped_logit(p[i]);
        break;
    }
    if (!isfinite(v))
        return SN_FAIL(err, SN_EINVAL, "dl_sig: the signature is not finite");
    *sig = v;
    return SN_OK;
}
