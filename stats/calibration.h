/*
 * calibration.h: do risks mean what they say? Summaries, curves, recalibration. Included by stats.h.
 * Van Calster et al. 2016 (J Clin Epidemiol 74:167) for the hierarchy; names differ between packages, so each
 * quantity says here which one it is.
 */
#ifndef SN_CALIBRATION_H
#define SN_CALIBRATION_H

#include "base/base.h"

/* ---- risks (calibration.c) ------------------------------------------------------------------ */

/* What becomes of risks of exactly 0 or 1, whose logit is infinite. */
enum sn_extreme {
    SN_EXTREME_REFUSE, /* an error naming how many there are */
    SN_EXTREME_CLAMP   /* moved to SN_EXTREME_EPS and 1 - SN_EXTREME_EPS (so are risks nearer to the ends) and counted */
};
#define SN_EXTREME_EPS 1e-8 /* as R's CalibrationCurves::val.prob.ci.2 (allowPerfectPredictions) */

/* Risks and outcomes, checked once. Ascending by risk, then outcome: so no result depends on the order they came in. */
struct sn_risks {
    size_t n, events;
    size_t clamped;
    double prevalence, mean;  /* events / n; mean risk */
    double *p, *lp;           /* [n] risk, ascending; its logit */
    uint8_t *y;               /* [n] 0 or 1 */
    uint32_t *from;           /* [n] index in the caller's order */
};
/* SN_EINVAL: n == 0, a risk outside [0, 1] or NaN, y not 0 or 1, only one outcome class, risks of 0 or 1 when refused. */
int sn_risks_init(struct sn_risks *r, const double *p, const uint8_t *y, size_t n, enum sn_extreme extreme, struct sn_error *err);
void sn_risks_free(struct sn_risks *r); /* a zeroed one is fine */

/* ---- summaries (calibration.c) ---------------------------------------------------------------- */

/* A value with its standard error and interval; NaN where not defined. */
struct sn_cal_estimate {
    double value, se, lo, hi;
};

struct sn_calibration {
    size_t n, events, clamped;
    double level;              /* of all intervals */
    double mean_risk, prevalence;
    struct sn_cal_estimate oe;     /* observed / expected events; se of its logarithm sqrt((1 - prevalence) / events), interval on that scale: Debray et al. 2017, BMJ 356:i6460 */
    struct sn_cal_estimate in_the_large; /* intercept of logit(y) ~ 1 + offset(logit p); Wald. Not rms' "Intercept" */
    struct sn_cal_estimate slope;  /* b of logit(y) ~ a + b logit p; Wald */
    struct sn_cal_estimate recalibration_intercept; /* a of the same fit: what rms::val.prob prints as "Intercept" */
    bool slope_defined;        /* false: all risks are the same, or outcome and risk separate; slope, intercept and Cox are NaN then */
    double cox_chisq, cox_p;   /* likelihood ratio of (a, b) = (0, 1), 2 df: Cox 1958; rms' "U:Chi-sq" */
    struct sn_cal_estimate brier;  /* mean (p - y)^2; se from its sample variance */
    struct sn_cal_estimate brier_scaled; /* 1 - Brier / (prevalence (1 - prevalence)); se by the delta method (both parts estimated) */
    double spiegelhalter_z, spiegelhalter_p; /* Spiegelhalter 1986, Stat Med 5:421; two-sided */
    struct sn_cal_estimate discrimination_slope; /* mean risk with event - without (Yates; Tjur's R2); se of a difference of means */
    /* rms::val.prob's remaining figures */
    double lr_chisq;           /* likelihood ratio of the risks as they are against the prevalence alone: "D:Chi-sq" */
    double d, u, q;            /* (lr_chisq - 1) / n, (cox_chisq - 2) / n, d - u */
};
/* level in (0, 1). */
int sn_calibration(const struct sn_risks *r, double level, struct sn_calibration *c, struct sn_error *err);

/* ---- groups and Hosmer-Lemeshow (calibration_groups.c) ------------------------------------------ */

/*
 * Risk groups: cut points are the 0, 1/g, ..., 1 quantiles (type 7) of the risks, each once; a group holds
 * (lower, upper], the first its lower end too. So equal risks are never parted, and with many ties there are fewer than g groups;
 * empty ones are left out. R: cut(p, unique(quantile(p, 0:g / g)), include.lowest = TRUE).
 */
struct sn_risk_group {
    double lower, upper;       /* cut points */
    size_t n, events;
    double mean_risk, rate;    /* rate = events / n */
    double lo, hi;             /* Wilson interval of the rate */
};
/* groups[g] has room for g, 2 <= g <= 1000; *found says how many there are. */
int sn_risk_groups(const struct sn_risks *r, int g, double level, struct sn_risk_group *groups, int *found, struct sn_error *err);

struct sn_hosmer_lemeshow {
    double chisq, p;
    int groups, df;            /* df: groups - 2 on the data the model was fitted to, groups on other data; p NaN when df < 1 */
};
/* sum (O - E)^2 / (E (1 - E / n)) over the groups. Weak at small n, always significant at large n; never the only evidence. */
int sn_hosmer_lemeshow(const struct sn_risks *r, int g, bool external, struct sn_hosmer_lemeshow *h, struct sn_error *err);

/* ---- curves (calibration_curve.c) ----------------------------------------------------------------- */

enum sn_smoother {
    SN_SMOOTHER_LOWESS,       /* rms::val.prob: lowess(p, y, f, iter = 0), delta 1 % of the range */
    SN_SMOOTHER_LOESS,        /* CalibrationCurves' default: loess, degree 2, span 0.75, interpolated surface */
    SN_SMOOTHER_LOESS_DIRECT, /* the same with a fit at every risk: n^2 operations */
    SN_SMOOTHER_RCS           /* logit(y) ~ restricted cubic spline of logit p; CalibrationCurves' choice for large n */
};
bool sn_smoother_parse(const char *name, enum sn_smoother *s); /* "lowess", "loess", "loess-direct", "rcs" */
const char *sn_smoother_name(enum sn_smoother s);

struct sn_curve_options {
    enum sn_smoother smoother;
    double span;              /* lowess f (2/3) or loess span (0.75); 0: that default */
    int degree;               /* loess; 0 here means 2 */
    int knots;                /* rcs: 3 to 5; 0 means 5. Ties may leave fewer; the description says how many */
    double level;             /* of the analytic band; 0 means 0.95 */
    size_t points;            /* of the grid, equally spaced over the range of the risks; 0 means 101; at least 2 */
};

/* How far risks are from the smoothed outcome: Austin & Steyerberg 2019 (Stat Med 38:4051). */
struct sn_ici {
    double ici, e50, e90, emax; /* mean, median, 90 % quantile (type 7) and maximum of |p - smooth(p)| over the patients */
};
struct sn_calibration_curve {
    char smoother[128];       /* name and settings, part of every number below: print it with them */
    char band[96];            /* what lo and hi are; "" without */
    size_t events;            /* below about 200, flexible curves are noise (Van Calster et al. 2016): say so beside the plot */
    size_t points;
    double *at, *observed;    /* [points] risk and smoothed outcome; not clipped to [0, 1] */
    double *lo, *hi;          /* [points] pointwise band, not clipped; NaN without */
    size_t n;
    double *smooth;           /* [n] at each risk, in the order of sn_risks */
    struct sn_ici e;
};
/*
 * lowess has no analytic band. loess: fit +- t s |l(x)| with exact degrees of freedom (smooth.h), the errors taken
 * as equal in variance, as R's predict(se = TRUE) does. rcs: Wald on the logit scale. SN_EFORMAT, SN_EINVAL: too few points or distinct
 * risks for the smoother, naming it. Free with sn_calibration_curve_free.
 */
int sn_calibration_curve(const struct sn_risks *r, const struct sn_curve_options *o, struct sn_calibration_curve *c, struct sn_error *err);
void sn_calibration_curve_free(struct sn_calibration_curve *c); /* a zeroed one is fine */

/* Bootstrap: patients (or clusters) drawn, the smoother fitted anew each time; percentile intervals. */
struct sn_calibration_boot {
    uint64_t seed;
    size_t replicates;
    double level;
    const uint32_t *cluster;  /* [n] in the caller's order of patients, or NULL */
    struct sn_pool *pool;     /* NULL: this thread alone; the result is the same */
    /* result */
    struct sn_boot_ci ici, e50, e90, emax;
    size_t dropped;           /* replicates whose fit failed (one class, no spread) */
};
/* Replaces c->lo, c->hi and c->band by the bootstrap's; a grid point outside half the resamples' ranges gets NaN. c must be r's. */
int sn_calibration_curve_boot(const struct sn_risks *r, const struct sn_curve_options *o, struct sn_calibration_curve *c, struct sn_calibration_boot *b,
                              struct sn_error *err);

/* ---- risks by outcome (risk_spread.c) --------------------------------------------------------------- */

/* The distribution of risks in one outcome class: what STRATOS asks to see (Van Calster et al. 2025). */
#define SN_SPREAD_BINS 50     /* histogram, equal bins of [0, 1]; 1 belongs to the last */
#define SN_SPREAD_POINTS 201  /* density at i / 200 */
struct sn_risk_spread {
    size_t n;
    double mean, sd;
    double min, q05, q25, median, q75, q95, max; /* type 7 */
    size_t bin[SN_SPREAD_BINS];
    double bandwidth;         /* R's bw.nrd0: 0.9 min(sd, IQR / 1.34) n^-0.2, Silverman 1986, eq. 3.31; the density uses at least 0.001 */
    double density[SN_SPREAD_POINTS]; /* Gaussian kernel, mass beyond 0 and 1 reflected inwards; integrates to 1 */
};
/* of[0]: without event, of[1]: with. */
int sn_risk_spread(const struct sn_risks *r, struct sn_risk_spread of[2], struct sn_error *err);

#endif
