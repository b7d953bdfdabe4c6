/*
 * staple.c: binary STAPLE, Warfield, Zou & Wells 2004, IEEE Trans Med Imaging 23:903.
 *
 * Pixels with the same votes have the same posterior, and n <= 8 maps make at most 256 patterns of
 * votes. So the EM runs over a histogram of patterns: its cost does not depend on the image size,
 * and the order of every sum (pattern 0, 1, 2, ...) is fixed.
 */
#include "fusion/staple.h"

#include <math.h>

#define START      0.99999 /* sensitivities and specificities; Warfield 2004, section II-D */
#define MAX_ROUNDS 1000
#define TOLERANCE  1e-7    /* largest change of a parameter in one round */
/*
 * Parameters stay this far from 0 and 1. Two maps that are each perfect and disagree would
 * otherwise give a posterior of 0/0; eight factors of 1e-12 are far from underflow.
 */
#define EDGE 1e-12

static double inside(double v)
{
    return v < EDGE ? EDGE : v > 1.0 - EDGE ? 1.0 - EDGE : v;
}

/* E step, eqs. (14)-(15): the posterior of each pattern under the current parameters. */
static void expect(int n, const struct sn_staple *s, double *posterior)
{
    for (unsigned k = 0; k < 1u << n; k++) {
        double a = s->prior, b = 1.0 - s->prior;

        for (int j = 0; j < n; j++) {
            bool vote = k >> j & 1;

            a *= vote ? s->sensitivity[j] : 1.0 - s->sensitivity[j];
            b *= vote ? 1.0 - s->specificity[j] : s->specificity[j];
        }
        posterior[k] = a / (a + b);
    }
}

/* M step, eqs. (18)-(19). Returns the largest change. */
static double maximise(int n, const uint64_t *count, const double *posterior, struct sn_staple *s)
{
    double lesion = 0.0, rest = 0.0, change = 0.0;

    for (unsigned k = 0; k < 1u << n; k++) {
        lesion += (double)count[k] * posterior[k];
        rest += (double)count[k] * (1.0 - posterior[k]);
    }
    for (int j = 0; j < n; j++) {
        double hit = 0.0, reject = 0.0, sens, spec;

        for (unsigned k = 0; k < 1u << n; k++) {
            if (k >> j & 1)
                hit += (double)count[k] * posterior[k];
            else
                reject += (double)count[k] * (1.0 - posterior[k]);
        }
        sens = lesion > 0.0 ? inside(hit / lesion) : s->sensitivity[j];
        spec = rest > 0.0 ? inside(reject / rest) : s->specificity[j];
        change = SN_MAX(change, fabs(sens - s->sensitivity[j]));
        change = SN_MAX(change, fabs(spec - s->specificity[j]));
        s->sensitivity[j] = sens;
        s->specificity[j] = spec;
    }
    return change;
}

/* The prior is the mean of the votes, Warfield 2004, section II-E; it is not updated. */
static double mean_vote(int n, const uint64_t *count)
{
    uint64_t votes = 0, pixels = 0;

    for (unsigned k = 0; k < 1u << n; k++) {
        pixels += count[k];
        for (int j = 0; j < n; j++)
            votes += (k >> j & 1) * count[k];
    }
    return (double)votes / ((double)n * (double)pixels);
}

void sn_staple_fit(int n, const uint64_t *count, double *posterior, struct sn_staple *s)
{
    memset(s, 0, sizeof *s);
    s->prior = mean_vote(n, count);
    for (int j = 0; j < n; j++)
        s->sensitivity[j] = s->specificity[j] = START;
    if (s->prior == 0.0 || s->prior == 1.0) {
        /* no map shows any lesion, or any background: that is the answer, and one of the two
         * parameters has nothing to be estimated from */
        for (int j = 0; j < n; j++)
            *(s->prior == 0.0 ? &s->sensitivity[j] : &s->specificity[j]) = (double)NAN;
        for (int j = 0; j < n; j++)
            *(s->prior == 0.0 ? &s->specificity[j] : &s->sensitivity[j]) = 1.0;
        for (unsigned k = 0; k < 1u << n; k++)
            posterior[k] = s->prior;
        s->converged = true;
        return;
    }
    while (s->iterations < MAX_ROUNDS && !s->converged) {
        expect(n, s, posterior);
        s->converged = maximise(n, count, posterior, s) < TOLERANCE;
        s->iterations++;
    }
    expect(n, s, posterior);
}
