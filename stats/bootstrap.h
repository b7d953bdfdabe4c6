/*
 * bootstrap.h: resampling, replicates over threads, percentile and BCa intervals. Included by stats.h.
 *
 * Replicate r draws from sn_rng_stream(seed, r), and each is computed whole by one thread: the same seed gives the same
 * bits for any number of threads.
 */
#ifndef SN_BOOTSTRAP_H
#define SN_BOOTSTRAP_H

/*
 * What is drawn: observations, or whole clusters (patients), with replacement, as many as there are; within each stratum
 * when there are strata. A resample is told by how often each observation occurs in it.
 */
struct sn_resample {
    size_t n;                 /* observations */
    size_t units;             /* observations or clusters */
    size_t strata;
    uint32_t *stratum_first;  /* [strata + 1] into unit_of */
    uint32_t *unit_of;        /* [units] units by stratum; NULL: the identity */
    uint32_t *member_first;   /* [units + 1] into member; NULL: each observation is a unit */
    uint32_t *member;         /* [n] */
};
/*
 * stratum[n] and cluster[n] hold any numbers, equal ones belong together; NULL: no strata, every observation for itself.
 * SN_EINVAL: n == 0, or a cluster with members in two strata (patients with both outcomes cannot be drawn by outcome).
 */
int sn_resample_init(struct sn_resample *s, size_t n, const uint32_t *stratum, const uint32_t *cluster, struct sn_error *err);
void sn_resample_free(struct sn_resample *s); /* a zeroed one is fine */
/* One resample: weight[n] counts each observation. scratch[units] is overwritten. */
void sn_resample_draw(const struct sn_resample *s, struct sn_rng *rng, uint32_t *scratch, uint32_t *weight);

/*
 * The statistics of one resample: out[k]; NaN where one is not defined there (a class is missing). Pure: called from
 * several threads at once; `thread` names the scratch memory it may use.
 */
typedef void sn_boot_fn(void *ctx, const uint32_t *weight, int thread, double *out);

struct sn_boot {
    const struct sn_resample *resample;
    uint64_t seed;
    size_t replicates;
    size_t k;              /* statistics a replicate */
    sn_boot_fn *fn;
    void *ctx;
    struct sn_pool *pool;  /* NULL: this thread alone */
};
/* out[k][replicates]: statistic j of replicate r at out[j * replicates + r]. SN_EINVAL: no replicates or no statistics. */
int sn_boot_run(const struct sn_boot *b, double *out, struct sn_error *err);

struct sn_boot_ci {
    double lo, hi;         /* NaN when fewer than two replicates have a value, or BCa is not defined */
    double median, mean, sd;
    size_t used, dropped;  /* replicates with and without a value: print dropped when it is not 0 */
    double z0, accel;      /* BCa's bias correction and acceleration; 0 for percentile intervals */
};
/* Percentile interval at `level` (0.95), quantiles of type 7, as pROC: Efron & Tibshirani 1993, section 13.3. */
int sn_boot_percentile(const double *rep, size_t n, double level, struct sn_boot_ci *ci, struct sn_error *err);
/* Draws and makes that interval of each statistic: ci[k]. */
int sn_boot_intervals(const struct sn_boot *b, double level, struct sn_boot_ci *ci, struct sn_error *err);
/*
 * Bias-corrected and accelerated: Efron 1987; z0 = quantile of the share of replicates below the estimate, quantiles at
 * pnorm(z0 + (z0 + z) / (1 - a (z0 + z))), of type 7. lo and hi are NaN when all or no replicates lie below the estimate,
 * unless all equal it (then the interval is that point).
 */
int sn_boot_bca(const double *rep, size_t n, double estimate, double accel, double level, struct sn_boot_ci *ci, struct sn_error *err);
/*
 * Acceleration from jackknife values, sum d^3 / (6 (sum d^2)^1.5), d_i = mean - value without unit i; with strata the mean
 * and the factor (n_h - 1) / n_h are each stratum's own (DiCiccio & Efron 1996, eq. 6.7 with several samples).
 * stratum[n] in [0, strata) or NULL. 0 when nothing varies; NaN when a value is NaN.
 */
double sn_boot_acceleration(const double *jack, size_t n, const uint32_t *stratum, uint32_t strata);

#endif
