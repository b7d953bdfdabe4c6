/*
 * reclass.h: net reclassification and integrated discrimination improvement. Included by stats.h.
 *
 * Off by default in the command, and printed with its criticism: the NRI can be positive for a useless marker (Hilden &
 * Gerds 2014; Pepe et al. 2015), so events and non-events stand apart; the IDI's test is not valid for nested models (Kerr et al.
 * 2011). Asked for by reviewers, hence here.
 */
#ifndef SN_RECLASS_H
#define SN_RECLASS_H

extern const char sn_reclass_caveat[]; /* that criticism, one paragraph */

struct sn_reclass_part {
    double value, se, p;           /* asymptotic; z test of 0, two-sided */
    struct sn_interval ci;         /* value +- z se */
    struct sn_boot_ci boot;        /* NaN limits without a bootstrap */
};
struct sn_reclass {
    size_t events, nonevents;
    uint64_t up_event, down_event, up_nonevent, down_nonevent;  /* cases that moved to a higher or lower category (or risk) */
    struct sn_reclass_part nri_event;     /* P(up | event) - P(down | event) */
    struct sn_reclass_part nri_nonevent;  /* P(down | non-event) - P(up | non-event) */
    struct sn_reclass_part nri;           /* their sum */
    struct sn_reclass_part idi_event;     /* mean rise of risk among events */
    struct sn_reclass_part idi_nonevent;  /* mean fall of risk among non-events */
    struct sn_reclass_part idi;           /* their sum */
};
/*
 * Risks of the old and the new model in [0, 1], y 0 or 1. cut[cuts] ascending in (0, 1): categories are [0, c1), [c1, c2), ...;
 * cuts = 0: continuous NRI, any change counts. Standard errors as Pencina et al. 2008 and 2011 and R's Hmisc::improveProb.
 * boot NULL: none; its cluster and strata options apply. SN_EINVAL: risks, outcomes, cuts, or one class only.
 */
int sn_reclassify(const double *old_risk, const double *new_risk, const double *y, size_t n, const double *cut, size_t cuts, double level,
                  const struct sn_roc_boot *boot, struct sn_reclass *out, struct sn_error *err);

#endif
