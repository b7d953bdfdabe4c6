/* dca_parts.h: what the decision-curve files share. */
#ifndef SN_DCA_PARTS_H
#define SN_DCA_PARTS_H

#include "stats/stats.h"

/* How many of m ascending thresholds treat this risk: those t <= risk (ge) or t < risk (gt). */
size_t sn_dca_reach(double risk, const double *t, size_t m, enum sn_dca_tie tie);
/* Everything about a point from its (se, sp). */
struct sn_dca_point sn_dca_make(double t, double se, double sp, double prevalence);
int sn_dca_check(const struct sn_dca *d, struct sn_error *err);
/* Net benefit at each threshold of risks counted by weight (NULL: 1 each); tally[2 (m + 1)]. False: one outcome class only. */
bool sn_dca_net_benefit(const struct sn_dca *d, const double *risk, const uint32_t *weight, double *tally, double *net_benefit);

#endif
