/* fuse.c: several probability maps become one. All arithmetic in double, rounded to float once. */
#include "fusion/fusion.h"
#include "fusion/staple.h"

/* Where logits are taken: beyond, float probabilities carry no information about the odds. */
#define P_MIN 1e-6

static const char *const rule_names[] = { "mean",         "weighted", "vote",  "union",
                                          "intersection", "stack",    "staple" };

bool sn_fuse_parse(const char *name, enum sn_fuse_rule *r)
{
    for (size_t i = 0; i < SN_COUNT(rule_names); i++)
        if (strcmp(name, rule_names[i]) == 0) {
            *r = (enum sn_fuse_rule)i;
            return true;
        }
    return false;
}

const char *sn_fuse_name(enum sn_fuse_rule r)
{
    return rule_names[r];
}

void sn_fuse_defaults(struct sn_fuse *f)
{
    memset(f, 0, sizeof *f);
    f->rule = SN_FUSE_MEAN;
    f->cut = 0.5;
    for (int i = 0; i < SN_FUSE_MAX; i++) {
        f->threshold[i] = 0.5;
        f->weight[i] = 1.0;
    }
}

static int check(const struct sn_fuse *f, int n, const float *const *maps, size_t npix,
                 struct sn_error *err)
{
    double sum = 0.0;

    if (n < 1 || n > SN_FUSE_MAX || npix == 0)
        return SN_FAIL(err, SN_EINVAL, "fusion: %d maps of %zu pixels; expected 1 to %d maps", n,
                       npix, SN_FUSE_MAX);
    for (int i = 0; i < n; i++) {
        if (f->rule == SN_FUSE_WEIGHTED &&
            !(f->weight[i] >= 0.0 && f->weight[i] <= DBL_MAX / SN_FUSE_MAX))
            return SN_FAIL(err, SN_EINVAL, "fusion: weight %d is not a number >= 0", i + 1);
        sum += f->weight[i];
        for (size_t p = 0; p < npix; p++)
            if (!(maps[i][p] >= 0.0f && maps[i][p] <= 1.0f))
                return SN_FAIL(err, SN_EINVAL, "fusion: map %d, pixel %zu is not a probability",
                               i + 1, p);
    }
    if (f->rule == SN_FUSE_WEIGHTED && sum <= 0.0)
        return SN_FAIL(err, SN_EINVAL, "fusion: all weights are zero");
    return SN_OK;
}

/* sum w_i p_i / sum w_i; the mean is the case of all weights 1. */
static double weighted_mean(const double *w, int n, const float *const *maps, size_t p)
{
    double sum = 0.0, total = 0.0;

    for (int i = 0; i < n; i++) {
        sum += w[i] * (double)maps[i][p];
        total += w[i];
    }
    return sum / total;
}

/* Bit i: map i says lesion. */
static unsigned votes(const struct sn_fuse *f, int n, const float *const *maps, size_t p)
{
    unsigned pattern = 0;

    for (int i = 0; i < n; i++)
        pattern |= (unsigned)((double)maps[i][p] >= f->threshold[i]) << i;
    return pattern;
}

/* What a pattern of votes is worth under the rules that look at votes only. */
static void vote_table(const struct sn_fuse *f, int n, const float *const *maps, size_t npix,
                       double *value, struct sn_staple *staple)
{
    uint64_t count[SN_STAPLE_PATTERNS] = { 0 };
    struct sn_staple estimate;

    if (f->rule == SN_FUSE_STAPLE) {
        for (size_t p = 0; p < npix; p++)
            count[votes(f, n, maps, p)]++;
        sn_staple_fit(n, count, value, staple ? staple : &estimate);
        return;
    }
    for (unsigned k = 0; k < 1u << n; k++) {
        unsigned yes = 0;

        for (int i = 0; i < n; i++)
            yes += k >> i & 1;
        value[k] = f->rule == SN_FUSE_UNION          ? (yes > 0 ? 1.0 : 0.0)
                   : f->rule == SN_FUSE_INTERSECTION ? (yes == (unsigned)n ? 1.0 : 0.0)
                                                     : (double)yes / n;
    }
}

/* Per-pixel logistic regression on the maps' logits. */
static double stacked(const struct sn_fuse *f, int n, const float *const *maps, size_t p)
{
    double z = f->stack_intercept;

    for (int i = 0; i < n; i++) {
        double v = (double)maps[i][p];

        v = v < P_MIN ? P_MIN : v > 1.0 - P_MIN ? 1.0 - P_MIN : v;
        z += f->stack[i] * sn_logit(v);
    }
    return sn_sigmoid(z);
}

int sn_fuse_maps(const struct sn_fuse *f, int n, const float *const *maps, size_t npix,
                 float *fused, uint8_t *mask, struct sn_staple *staple, struct sn_error *err)
{
    static const double ones[SN_FUSE_MAX] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    double value[SN_STAPLE_PATTERNS];
    bool by_votes =
        f->rule != SN_FUSE_MEAN && f->rule != SN_FUSE_WEIGHTED && f->rule != SN_FUSE_STACK;

    SN_TRY(check(f, n, maps, npix, err));
    if (by_votes)
        vote_table(f, n, maps, npix, value, staple);
    for (size_t p = 0; p < npix; p++) {
        double v = by_votes ? value[votes(f, n, maps, p)]
                   : f->rule == SN_FUSE_STACK
                       ? stacked(f, n, maps, p)
                       : weighted_mean(f->rule == SN_FUSE_MEAN ? ones : f->weight, n, maps, p);

        if (v != v)
            return SN_FAIL(err, SN_EINVAL,
                           "fusion: the stacking coefficients are not finite numbers");
        fused[p] = (float)v;
        mask[p] = (double)fused[p] >= f->cut;
    }
    return SN_OK;
}
