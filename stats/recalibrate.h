/*
 * recalibrate.h: a map from a model's risk to a better calibrated one, fitted on some patients, kept as a small file
 * of its own, applied to others. Included by stats.h.
 */
#ifndef SN_RECALIBRATE_H
#define SN_RECALIBRATE_H

#include "stats/calibration.h"

enum sn_recal_method {
    SN_RECAL_INTERCEPT,   /* logit q = a + logit p: the mean risk becomes the prevalence, ranks stay */
    SN_RECAL_PLATT,       /* logit q = a + b logit p (on the logit of the risk, without Platt's smoothed targets): Cox 1958 */
    SN_RECAL_TEMPERATURE, /* logit q = b logit p, temperature 1 / b: Guo et al. 2017, with two classes */
    SN_RECAL_ISOTONIC     /* nondecreasing steps joined by lines, as scikit-learn's CalibratedClassifierCV; may give 0 and 1 and ties */
};
bool sn_recal_parse_method(const char *name, enum sn_recal_method *m); /* "intercept", "platt", "temperature", "isotonic" */
const char *sn_recal_method_name(enum sn_recal_method m);

/*
 * File format, JSON: { "format": "sentinode-recalibration", "version": 1, "method": "platt", "intercept": a, "slope": b,
 * "clamp": 1e-8 or null, "n": .., "events": .., "data_sha256": "..", "trained_on": "..", "knots": [[p, q], ..] }. intercept, slope: all but
 * isotonic; knots: isotonic only, p strictly ascending, q nondecreasing, both in [0, 1]. Unknown keys are refused.
 */
struct sn_recal {
    enum sn_recal_method method;
    double intercept, slope;   /* 0 and 1 where the method fixes them */
    size_t knots;
    double *x, *y;             /* [knots] */
    double clamp;              /* risks are moved into [clamp, 1 - clamp] first; 0: 0 and 1 are refused (isotonic takes them) */
    size_t n, events;          /* fitted on */
    char data_sha256[SN_SHA256_HEX]; /* of the fitting data: for each patient, ascending by risk then outcome, the risk as 8 bytes little-endian and the outcome as one */
    char trained_on[200];      /* free text; "" when not stated */
};
/* SN_EFORMAT: separation, or all risks the same where a slope is fitted. A slope <= 0 is an error too: such a map reverses ranks. */
int sn_recal_fit(const struct sn_risks *r, enum sn_recal_method method, struct sn_recal *m, struct sn_error *err);
/* q[i] from p[i] in [0, 1]; own arithmetic, the same bits on every machine. q may be p. *clamped (or NULL) counts moved risks. */
int sn_recal_apply(const struct sn_recal *m, const double *p, size_t n, double *q, size_t *clamped, struct sn_error *err);
int sn_recal_write(const struct sn_recal *m, const char *path, struct sn_error *err);
void sn_recal_json(const struct sn_recal *m, struct sn_json *w); /* the object alone, into any document */
int sn_recal_read(const char *path, struct sn_recal *m, struct sn_error *err);
int sn_recal_parse(const void *json, size_t size, struct sn_recal *m, struct sn_error *err);
void sn_recal_free(struct sn_recal *m); /* a zeroed one is fine */

#endif
