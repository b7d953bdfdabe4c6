/* glm.c: logistic regression by Newton's method on QR, plain and with Firth's penalty. */
#include "stats/glm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_ML    100  /* Newton from zero needs 5 to 10; separation shows by 30 */
#define MAX_FIRTH 5000 /* linear convergence, and cheap where it is slow: small n */
#define MAX_HALVINGS 40

/* The state of one fit; `a`, `work` and `q` are scratch. */
struct fit {
    const double *x, *y, *offset, *weight;
    size_t n, p, active; /* active: columns that are not fixed */
    const struct sn_logit_options *o;
    double *beta, *eta, *mu, *h; /* h: leverages, Firth only while iterating */
    double *trial, *step;        /* [p] */
    double *a, *tau, *work, *q;  /* [n][p], [p], [n], [n][p] */
    double *root;                /* [n] square roots of the weights W */
    double loglik, penalty;
};

double sn_logit_loglik(const double *eta, const double *y, const double *weight, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        double s = y[i] > 0.5 ? eta[i] : -eta[i]; /* log sigmoid(s) = -log(1 + exp(-s)) = s - log(1 + exp(s)) */
        double l = s >= 0 ? -sn_log(1 + sn_exp(-s)) : s - sn_log(1 + sn_exp(s));

        sum += weight ? weight[i] * l : l;
    }
    return sum;
}

static const char *column_name(const struct fit *f, size_t j, char *buf, size_t size)
{
    if (f->o->names)
        return f->o->names[j];
    (void)snprintf(buf, size, "column %zu", j + 1);
    return buf;
}

static double prior(const struct fit *f, size_t i) { return f->weight ? f->weight[i] : 1.0; }
static bool is_fixed(const struct fit *f, size_t j) { return f->o->fixed && f->o->fixed[j]; }

/* Copies the wanted columns of W^1/2 X into a; *bad names the column that leaves it without full rank. */
static size_t weighted_qr(struct fit *f, bool only_active, size_t *bad)
{
    size_t k = 0, rank;

    for (size_t j = 0; j < f->p; j++) {
        if (only_active && is_fixed(f, j))
            continue;
        for (size_t i = 0; i < f->n; i++)
            f->a[k * f->n + i] = f->root[i] * f->x[j * f->n + i];
        k++;
    }
    rank = sn_qr_factor(f->a, f->n, k, f->tau, SN_RANK_TOLERANCE);
    for (*bad = 0; *bad < f->p; ++*bad) { /* the rank-th of the wanted columns */
        if (only_active && is_fixed(f, *bad))
            continue;
        if (rank-- == 0)
            return 0;
    }
    return k;
}

static void leverages(struct fit *f, size_t k)
{
    sn_qr_thin(f->a, f->n, k, f->tau, f->q);
    for (size_t i = 0; i < f->n; i++) {
        f->h[i] = 0;
        for (size_t j = 0; j < k; j++)
            f->h[i] += f->q[j * f->n + i] * f->q[j * f->n + i];
    }
}

static int no_rank(const struct fit *f, size_t bad, struct sn_error *err)
{
    char buf[32];

    return SN_FAIL(err, SN_EFORMAT, "logistic fit: '%.60s' is constant or a combination of the terms before it", column_name(f, bad, buf, sizeof buf));
}

/* Everything at beta: predictor, weights, likelihood; under Firth also the penalty and leverages. */
static int evaluate(struct fit *f, const double *beta, struct sn_error *err)
{
    size_t bad;

    for (size_t i = 0; i < f->n; i++)
        f->eta[i] = f->offset ? f->offset[i] : 0;
    for (size_t j = 0; j < f->p; j++)
        for (size_t i = 0; i < f->n; i++)
            f->eta[i] += beta[j] * f->x[j * f->n + i];
    for (size_t i = 0; i < f->n; i++) {
        f->mu[i] = sn_sigmoid(f->eta[i]);
        f->root[i] = __builtin_sqrt(prior(f, i) * f->mu[i] * sn_sigmoid(-f->eta[i]));
    }
    f->loglik = sn_logit_loglik(f->eta, f->y, f->weight, f->n);
    f->penalty = 0;
    if (!f->o->firth || f->p == 0)
        return SN_OK;
    if (!weighted_qr(f, false, &bad))
        return no_rank(f, bad, err);
    for (size_t j = 0; j < f->p; j++)
        f->penalty += sn_log(fabs(f->a[j * f->n + j]));
    leverages(f, f->p);
    return SN_OK;
}

/* Newton's step from the state evaluate() left; *gain is the fall of the deviance a quadratic would give. */
static int newton(struct fit *f, double *gain, struct sn_error *err)
{
    size_t bad = 0, k = f->active ? weighted_qr(f, true, &bad) : 0;

    if (f->active && !k)
        return no_rank(f, bad, err);
    for (size_t i = 0; i < f->n; i++) {
        double score = prior(f, i) * (f->y[i] > 0.5 ? sn_sigmoid(-f->eta[i]) : -f->mu[i]);

        if (f->o->firth)
            score += f->h[i] * (0.5 - f->mu[i]);
        f->work[i] = f->root[i] > 0 ? score / f->root[i] : 0;
    }
    sn_qr_qty(f->a, f->n, k, f->tau, f->work);
    *gain = 0;
    for (size_t j = 0; j < k; j++)
        *gain += f->work[j] * f->work[j];
    sn_qr_solve(f->a, f->n, k, f->work);
    for (size_t j = f->p; j-- > 0;)
        f->step[j] = is_fixed(f, j) ? 0 : f->work[--k];
    return SN_OK;
}

/*
 * Newton's step on separated data tends to a direction along which every observation moves to its own
 * side (Albert & Anderson 1984, Biometrika 71:1). Such a direction proves that no finite maximum exists,
 * so it is looked for while the steps still move somebody by half a unit, and never guessed from large numbers.
 */
static bool separates(const struct fit *f, bool *complete)
{
    double most = 0, least = INFINITY;

    for (size_t i = 0; i < f->n; i++) {
        double z = 0;

        if (prior(f, i) <= 0)
            continue;
        for (size_t j = 0; j < f->p; j++)
            z += f->step[j] * f->x[j * f->n + i];
        z = f->y[i] > 0.5 ? z : -z;
        most = SN_MAX(most, z);
        least = SN_MIN(least, z);
    }
    *complete = least > 1e-6 * most;
    return most > 0.5 && least > -1e-6 * most;
}

/* Do the two outcomes lie on different sides of some value of one column (touching there at most)? */
static bool alone(const struct fit *f, size_t j, bool *complete)
{
    double lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY };

    for (size_t i = 0; i < f->n; i++) {
        int c = f->y[i] > 0.5;

        if (prior(f, i) <= 0)
            continue;
        lo[c] = SN_MIN(lo[c], f->x[j * f->n + i]);
        hi[c] = SN_MAX(hi[c], f->x[j * f->n + i]);
    }
    *complete = hi[0] < lo[1] || hi[1] < lo[0];
    return (hi[0] <= lo[1] || hi[1] <= lo[0]) && SN_MIN(lo[0], lo[1]) < SN_MAX(hi[0], hi[1]);
}

/* How much a column takes part: whether it separates alone; else by how much it moves someone. The intercept: nothing. */
static void parts_in_separation(const struct fit *f, double *part)
{
    bool single = false, complete, any_complete = false;

    for (size_t j = 0; j < f->p; j++)
        any_complete |= alone(f, j, &complete) && complete;
    for (size_t j = 0; j < f->p; j++) {
        part[j] = alone(f, j, &complete) && (complete || !any_complete);
        single |= part[j] > 0;
    }
    for (size_t j = 0; j < f->p && !single; j++) {
        double lo = f->x[j * f->n], hi = lo;

        for (size_t i = 1; i < f->n; i++) {
            lo = SN_MIN(lo, f->x[j * f->n + i]);
            hi = SN_MAX(hi, f->x[j * f->n + i]);
        }
        part[j] = fabs(f->step[j]) * (hi - lo);
    }
}

static int separated(const struct fit *f, struct sn_logit *out, struct sn_error *err)
{
    double most = 0, *part = f->trial;
    char names[200] = "", buf[32];
    size_t used = 0, shown = 0, others = 0;

    parts_in_separation(f, part);
    for (size_t j = 0; j < f->p; j++)
        most = SN_MAX(most, part[j]);
    for (size_t j = 0; j < f->p; j++) {
        int n;

        if (part[j] <= 0.01 * most)
            continue;
        n = snprintf(names + used, sizeof names - used, "%s'%.60s'", shown ? ", " : "", column_name(f, j, buf, sizeof buf));
        if (n < 0 || (size_t)n >= sizeof names - used) {
            names[used] = 0;
            others++;
            continue;
        }
        used += (size_t)n;
        shown++;
    }
    return SN_FAIL(err, SN_EFORMAT,
                   "logistic fit: %s %s the outcomes (%s separation), so no finite estimate exists; Firth's penalised likelihood gives one%s", names,
                   out->complete ? shown > 1 ? "perfectly separate" : "perfectly separates" : shown > 1 ? "perfectly predict some of" : "perfectly predicts some of",
                   out->complete ? "complete" : "quasi-complete", others ? " (more terms take part)" : "");
}

static int step_halving(struct fit *f, double before, struct sn_error *err)
{
    double length = 1;

    if (f->o->firth) { /* as Heinze & Schemper: no component moves by more than 5 */
        double most = 0;

        for (size_t j = 0; j < f->p; j++)
            most = SN_MAX(most, fabs(f->step[j]));
        length = most > 5 ? 5 / most : 1;
    }
    for (int k = 0;; k++) {
        for (size_t j = 0; j < f->p; j++)
            f->trial[j] = f->beta[j] + length * f->step[j];
        SN_TRY(evaluate(f, f->trial, err));
        /* equal but for rounding is no fall: the last steps of a fit are that small */
        if (f->loglik + f->penalty >= before - 1e-12 * (1 + fabs(before)) || k == MAX_HALVINGS)
            break;
        length /= 2;
    }
    memcpy(f->beta, f->trial, f->p * sizeof *f->beta);
    return SN_OK;
}

static int iterate(struct fit *f, struct sn_logit *out, struct sn_error *err)
{
    const double enough = f->o->firth ? 1e-22 : 1e-14;
    const int most = f->o->firth ? MAX_FIRTH : MAX_ML;

    SN_TRY(evaluate(f, f->beta, err));
    for (out->iterations = 0; out->iterations < most; out->iterations++) {
        double gain;

        SN_TRY(newton(f, &gain, err));
        if (!isfinite(gain))
            return SN_FAIL(err, SN_EFORMAT, "logistic fit: numbers too large to fit; rescale the terms");
        if (!f->o->firth && out->iterations >= 4 && separates(f, &out->complete)) {
            out->separated = true;
            return separated(f, out, err);
        }
        SN_TRY(step_halving(f, f->loglik + f->penalty, err));
        if (gain < enough)
            return SN_OK;
    }
    return SN_FAIL(err, SN_EFORMAT, "logistic fit: no convergence after %d steps", most);
}

/* Covariance, leverage, Cook's distance at the end. */
static int diagnose(struct fit *f, struct sn_logit *out, struct sn_error *err)
{
    size_t bad = 0, k = f->active ? weighted_qr(f, true, &bad) : 0, r = 0;

    if (f->active && !k)
        return no_rank(f, bad, err);
    leverages(f, k);
    sn_qr_inverse(f->a, f->n, k, f->q); /* q holds k * k: n >= k */
    for (size_t j = 0; j < f->p; j++) {
        size_t c = 0;

        if (is_fixed(f, j))
            continue;
        for (size_t i = 0; i < f->p; i++)
            if (!is_fixed(f, i))
                out->cov[j * f->p + i] = f->q[r * k + c++];
        out->se[j] = __builtin_sqrt(out->cov[j * f->p + j]);
        r++;
    }
    for (size_t i = 0; i < f->n; i++) { /* (Pearson residual / (1 - h))^2 h / p */
        double raw = f->y[i] > 0.5 ? sn_sigmoid(-f->eta[i]) : -f->mu[i];
        double pearson = f->root[i] > 0 ? prior(f, i) * raw / f->root[i] : 0, room = 1 - f->h[i];

        out->cook[i] = k ? pearson * pearson / (room * room) * f->h[i] / (double)k : 0;
    }
    return SN_OK;
}

static int check_input(struct fit *f, struct sn_error *err)
{
    double ones = 0, zeros = 0;
    size_t used = 0;
    char buf[32];

    for (size_t i = 0; i < f->n; i++) {
        if (f->y[i] != 0 && f->y[i] != 1)
            return SN_FAIL(err, SN_EINVAL, "logistic fit: outcome %zu is not 0 or 1", i + 1);
        if (!(prior(f, i) >= 0) || !isfinite(prior(f, i)))
            return SN_FAIL(err, SN_EINVAL, "logistic fit: weight %zu is negative or not finite", i + 1);
        if (f->offset && !isfinite(f->offset[i]))
            return SN_FAIL(err, SN_EINVAL, "logistic fit: offset %zu is not finite", i + 1);
        ones += f->y[i] > 0.5 ? prior(f, i) : 0;
        zeros += f->y[i] > 0.5 ? 0 : prior(f, i);
        used += prior(f, i) > 0;
    }
    if (!f->o->firth && (!(ones > 0) || !(zeros > 0)) && f->active)
        return SN_FAIL(err, SN_EFORMAT, "logistic fit: every outcome is %d", ones > 0);
    if (used < f->active)
        return SN_FAIL(err, SN_EFORMAT, "logistic fit: %zu observations are too few for %zu coefficients", used, f->active);
    for (size_t j = 0; j < f->p; j++)
        for (size_t i = 0; i < f->n; i++)
            if (!isfinite(f->x[j * f->n + i]))
                return SN_FAIL(err, SN_EINVAL, "logistic fit: '%.60s' of observation %zu is not finite", column_name(f, j, buf, sizeof buf), i + 1);
    return SN_OK;
}

/* One block of memory a result, one of scratch. */
static int allocate(struct fit *f, struct sn_logit *out, double **scratch, struct sn_error *err)
{
    size_t n = f->n, p = f->p, np, pp, total;
    double *m;

    SN_TRY(sn_size_mul3(&np, n, p, 2 * sizeof(double), err));
    SN_TRY(sn_size_mul3(&pp, p, p, sizeof(double), err));
    SN_TRY(sn_size_mul(&total, n + p, 16 * sizeof(double), err));
    SN_TRY(sn_size_add(&total, total, np, err));
    SN_TRY(sn_size_add(&total, total, pp, err)); /* more than either block takes */
    m = calloc(2 * p + p * p + 4 * n, sizeof *m);
    *scratch = calloc(3 * p + 2 * n + 2 * n * p, sizeof **scratch);
    if (!m || !*scratch) {
        free(m);
        return SN_NOMEM(err, "a logistic fit");
    }
    f->beta = out->beta = m;
    out->se = m + p;
    out->cov = m + 2 * p;
    f->eta = out->eta = out->cov + p * p;
    f->mu = out->mu = out->eta + n;
    f->h = out->leverage = out->mu + n;
    out->cook = out->leverage + n;
    f->trial = *scratch;
    f->step = f->trial + p;
    f->tau = f->step + p;
    f->root = f->tau + p;
    f->work = f->root + n;
    f->a = f->work + n;
    f->q = f->a + n * p;
    return SN_OK;
}

int sn_logit_fit_with(const double *x, size_t n, size_t p, const double *y, const double *offset, const double *weight,
                      const struct sn_logit_options *options, struct sn_logit *out, struct sn_error *err)
{
    static const struct sn_logit_options plain = { 0 };
    struct fit f = { .x = x, .y = y, .offset = offset, .weight = weight, .n = n, .p = p, .o = options ? options : &plain };
    double *scratch = NULL;
    int rc;

    *out = (struct sn_logit){ .n = n, .p = p };
    for (size_t j = 0; j < p; j++)
        f.active += !is_fixed(&f, j);
    SN_TRY(check_input(&f, err));
    if (n < p || n == 0)
        return SN_FAIL(err, SN_EFORMAT, "logistic fit: %zu observations are too few for %zu coefficients", n, p);
    SN_TRY_OUT(allocate(&f, out, &scratch, err));
    if (f.o->start)
        memcpy(f.beta, f.o->start, p * sizeof *f.beta);
    SN_TRY_OUT(iterate(&f, out, err));
    out->loglik = f.loglik;
    out->penalty = f.penalty;
    out->deviance = -2 * f.loglik;
    if (!f.o->brief)
        SN_TRY_OUT(diagnose(&f, out, err));
out:
    free(scratch);
    if (rc) {
        bool separated_ = out->separated, complete = out->complete;

        sn_logit_free(out);
        out->separated = separated_;
        out->complete = complete;
    }
    return rc;
}

int sn_logit_fit(const double *x, size_t n, size_t p, const double *y, const double *offset, const double *weight, struct sn_logit *out,
                 struct sn_error *err)
{
    return sn_logit_fit_with(x, n, p, y, offset, weight, NULL, out, err);
}

void sn_logit_free(struct sn_logit *f)
{
    free(f->beta);
    *f = (struct sn_logit){ 0 };
}
