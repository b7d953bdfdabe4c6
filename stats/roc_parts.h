/* roc_parts.h: private to stats/roc*.c: what a curve and its resampled copies have in common. */
#ifndef SN_ROC_PARTS_H
#define SN_ROC_PARTS_H

/* Corners as in struct sn_roc; tp[0] and fp[0] are the classes' sizes. */
struct sn_curve {
    uint32_t levels;
    const uint32_t *tp, *fp;
};
static inline double sn_curve_sens(const struct sn_curve *c, size_t k) { return (double)c->tp[k] / c->tp[0]; }
static inline double sn_curve_spec(const struct sn_curve *c, size_t k) { return (double)(c->fp[0] - c->fp[k]) / c->fp[0]; }

double sn_curve_sens_at(const struct sn_curve *c, double spec);
int sn_pauc_check(const struct sn_pauc *range, struct sn_error *err);
double sn_curve_pauc(const struct sn_curve *c, const struct sn_pauc *range);
int sn_cut_check(const struct sn_cut_rule *rule, struct sn_error *err);
struct sn_cut sn_curve_cut(const struct sn_curve *c, const struct sn_cut_rule *rule); /* threshold is not set */
/* Midway between two neighbouring scores, such that score >= it parts them. */
double sn_threshold_between(double lower, double higher);

#endif
