/* calibration_groups.c: risk groups, Hosmer & Lemeshow. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

#define MAX_GROUPS 1000

static void wilson(struct sn_risk_group *g, double z)
{
    double n = (double)g->n, p = g->rate, z2 = z * z, mid = p + z2 / (2.0 * n), half = z * sqrt(p * (1.0 - p) / n + z2 / (4.0 * n * n));

    g->lo = g->events == 0 ? 0.0 : (mid - half) / (1.0 + z2 / n);
    g->hi = g->events == g->n ? 1.0 : (mid + half) / (1.0 + z2 / n);
}

int sn_risk_groups(const struct sn_risks *r, int g, double level, struct sn_risk_group *groups, int *found, struct sn_error *err)
{
    double cut[MAX_GROUPS + 1];
    size_t at = 0;
    int cuts = 0;

    if (g < 2 || g > MAX_GROUPS || !(level > 0.0 && level < 1.0))
        return SN_FAIL(err, SN_EINVAL, "risk groups: %d groups, level %g: expected 2 to %d, between 0 and 1", g, level, MAX_GROUPS);
    for (int k = 0; k <= g; k++) {
        double q = sn_quantile7(r->p, r->n, (double)k / g);

        if (!cuts || q > cut[cuts - 1])
            cut[cuts++] = q;
    }
    *found = 0;
    for (int k = 1; k < cuts || (k == 1 && cuts == 1); k++) { /* one cut: all risks are the same, one group */
        double upper = cut[SN_MIN(k, cuts - 1)];
        struct sn_risk_group *o = &groups[*found];

        *o = (struct sn_risk_group){ .lower = cut[k - 1], .upper = upper };
        for (; at < r->n && (r->p[at] <= upper || k >= cuts - 1); at++) {
            o->n++;
            o->events += r->y[at];
            o->mean_risk += r->p[at];
        }
        if (!o->n)
            continue;
        o->mean_risk /= (double)o->n;
        o->rate = (double)o->events / (double)o->n;
        wilson(o, sn_norm_z(level));
        ++*found;
    }
    return SN_OK;
}

int sn_hosmer_lemeshow(const struct sn_risks *r, int g, bool external, struct sn_hosmer_lemeshow *h, struct sn_error *err)
{
    struct sn_risk_group *groups = malloc(MAX_GROUPS * sizeof *groups);
    int rc = groups ? sn_risk_groups(r, g, 0.95, groups, &h->groups, err) : SN_NOMEM(err, "risk groups");

    h->chisq = 0.0;
    for (int k = 0; !rc && k < h->groups; k++) {
        double n = (double)groups[k].n, e = n * groups[k].mean_risk, d = (double)groups[k].events - e;

        h->chisq += d * d / (e * (1.0 - groups[k].mean_risk));
    }
    if (rc) {
        free(groups);
        return rc;
    }
    h->df = h->groups - (external ? 0 : 2);
    h->p = h->df >= 1 ? sn_chisq_sf(h->chisq, h->df) : (double)NAN;
    free(groups);
    return SN_OK;
}
