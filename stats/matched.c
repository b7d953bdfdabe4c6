/* matched.c: what two readers of the same cases are compared by. */
#include "stats/stats.h"

#include <math.h>

struct sn_proportion sn_proportion(size_t k, size_t n, double level)
{
    struct sn_interval ci = sn_proportion_ci(k, n, level, SN_WILSON);

    return (struct sn_proportion){ k, n, n ? (double)k / (double)n : (double)NAN, ci.lo, ci.hi };
}

struct sn_match sn_match_compare(const struct sn_paired *pairs, double level, double margin)
{
    struct sn_match r = { *pairs, NAN, NAN, NAN, NAN, false, NAN, NAN };
    double b = (double)pairs->first, c = (double)pairs->second, n = b + c + (double)pairs->both + (double)pairs->neither;
    struct sn_interval ci;
    struct sn_mcnemar m;

    if (!(n > 0))
        return r;
    ci = sn_paired_tango(pairs, level);
    m = sn_mcnemar(pairs->first, pairs->second);
    r.diff = (b - c) / n;
    r.lo = ci.lo;
    r.hi = ci.hi;
    r.p = m.p;
    r.mid_p = !m.is_exact;
    if (margin > 0 && margin < 1) {
        r.z_margin = sn_paired_tango_z(pairs, -margin);
        r.p_noninferior = sn_norm_sf(r.z_margin);
    }
    return r;
}
