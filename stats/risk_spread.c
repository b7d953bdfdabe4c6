/* risk_spread.c: the distribution of risks in patients with and without the event. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

/* R's bw.nrd0; for constant risks it falls back to sd, |first value|, 1: here to 0.01, since risks live on [0, 1]. */
static double rule_of_thumb(const struct sn_risk_spread *s)
{
    double iqr = (s->q75 - s->q25) / 1.34, lo = fmin(s->sd, iqr);

    if (!(lo > 0.0))
        lo = s->sd;
    if (!(lo > 0.0))
        return 0.01;
    return 0.9 * lo * pow((double)s->n, -0.2);
}

/*
 * Gaussian kernel at i / 200 with the mass beyond 0 and 1 reflected inwards. Risks are first counted on a grid 64
 * times as fine as the bandwidth or 1/200, whichever is finer, so that a million patients cost no more than a thousand.
 */
static int kernel(struct sn_risk_spread *s, const double *p, size_t n, struct sn_error *err)
{
    size_t cells = (size_t)ceil(64.0 / fmin(fmax(s->bandwidth, 1e-3), 0.05));
    double h = fmax(s->bandwidth, 1e-3), width = 1.0 / (double)cells, *mass = calloc(cells + 1, sizeof *mass);

    if (!mass)
        return SN_NOMEM(err, "a density");
    for (size_t i = 0; i < n; i++) { /* linear binning: shared between the two cells around */
        double at = p[i] / width;
        size_t k = SN_MIN((size_t)at, cells - 1);

        mass[k] += 1.0 - (at - (double)k);
        mass[k + 1] += at - (double)k;
    }
    for (size_t i = 0; i < SN_SPREAD_POINTS; i++) {
        double x = (double)i / (SN_SPREAD_POINTS - 1), sum = 0.0;

        for (size_t k = 0; k <= cells; k++) {
            double c = (double)k * width, d[3] = { x - c, x + c, 2.0 - x - c };

            for (int m = 0; m < 3 && mass[k] > 0.0; m++)
                if (fabs(d[m]) < 8.0 * h)
                    sum += mass[k] * exp(-0.5 * (d[m] / h) * (d[m] / h));
        }
        s->density[i] = sum / ((double)n * h * sqrt(2.0 * PI));
    }
    free(mass);
    return SN_OK;
}

static int describe(struct sn_risk_spread *s, const double *p, size_t n, struct sn_error *err)
{
    memset(s, 0, sizeof *s);
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        s->mean += p[i];
        s->bin[SN_MIN((size_t)(p[i] * SN_SPREAD_BINS), (size_t)SN_SPREAD_BINS - 1)]++;
    }
    s->mean /= (double)n;
    for (size_t i = 0; i < n; i++)
        s->sd += (p[i] - s->mean) * (p[i] - s->mean);
    s->sd = n > 1 ? sqrt(s->sd / (double)(n - 1)) : (double)NAN;
    s->min = p[0];
    s->max = p[n - 1];
    s->q05 = sn_quantile7(p, n, 0.05);
    s->q25 = sn_quantile7(p, n, 0.25);
    s->median = sn_quantile7(p, n, 0.5);
    s->q75 = sn_quantile7(p, n, 0.75);
    s->q95 = sn_quantile7(p, n, 0.95);
    s->bandwidth = rule_of_thumb(s);
    return kernel(s, p, n, err);
}

int sn_risk_spread(const struct sn_risks *r, struct sn_risk_spread of[2], struct sn_error *err)
{
    double *p = malloc(r->n * sizeof *p);
    int rc = p ? SN_OK : SN_NOMEM(err, "the risks");

    for (int k = 0; k < 2 && !rc; k++) {
        size_t m = 0;

        for (size_t i = 0; i < r->n; i++)
            if (r->y[i] == k)
                p[m++] = r->p[i];
        rc = describe(&of[k], p, m, err);
    }
    free(p);
    return rc;
}
