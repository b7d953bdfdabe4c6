/* lasso.c: L1-penalised logistic regression by coordinate descent, with cross-validation. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

#define MAX_NEWTON 200
#define MAX_SWEEPS 100000
#define TOLERANCE  1e-12 /* of a coefficient's move, in units of the linear predictor */

/* Standardised data of one path, and the state of the descent. */
struct path {
    size_t n, p;          /* p: penalised columns */
    double *z;            /* [n][p] standardised */
    double *centre, *sd;  /* [p] sd 0: constant, never enters */
    const double *y;
    double *b, *old, b0;  /* [p] on the standardised scale */
    double *eta, *w, *res;/* [n] predictor; weights mu (1 - mu); working residual */
};

static void path_free(struct path *s)
{
    free(s->z);
    *s = (struct path){ 0 };
}

static int path_init(struct path *s, const struct sn_logit_data *d, struct sn_error *err)
{
    size_t n = d->n, p = d->p - 1, bytes;
    double *m;

    *s = (struct path){ .n = n, .p = p, .y = d->y };
    SN_TRY(sn_size_mul3(&bytes, n + 4, p + 4, sizeof *m, err)); /* n p + 3 n + 4 p at most */
    m = calloc(bytes, 1);
    if (!m)
        return SN_NOMEM(err, "a LASSO path");
    s->z = m;
    s->eta = m + n * p;
    s->w = s->eta + n;
    s->res = s->w + n;
    s->centre = s->res + n;
    s->sd = s->centre + p;
    s->b = s->sd + p;
    s->old = s->b + p;
    for (size_t j = 0; j < p; j++) {
        const double *x = d->x + (j + 1) * n;
        double *z = s->z + j * n, sum = 0, squares = 0, largest = 0;

        for (size_t i = 0; i < n; i++) {
            sum += x[i];
            largest = SN_MAX(largest, fabs(x[i]));
        }
        s->centre[j] = sum / (double)n;
        for (size_t i = 0; i < n; i++) {
            z[i] = x[i] - s->centre[j];
            squares += z[i] * z[i];
        }
        s->sd[j] = __builtin_sqrt(squares / (double)n);
        if (s->sd[j] <= 1e-12 * largest) /* constant but for rounding */
            s->sd[j] = 0;
        for (size_t i = 0; i < n; i++)
            z[i] = s->sd[j] > 0 ? z[i] / s->sd[j] : 0;
    }
    return SN_OK;
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* One pass over the coordinates (all, or those not 0) of Newton's quadratic; returns the largest move. */
static double sweep(struct path *s, double lambda, const double *curvature, double total, bool all)
{
    double n = (double)s->n, most = 0, move;

    for (size_t j = 0; j < s->p; j++) {
        const double *z = s->z + j * s->n;
        double gradient, target, size;

        if (curvature[j] <= 0 || (!all && s->b[j] == 0))
            continue;
        gradient = dot(z, s->res, s->n) / n + curvature[j] * s->b[j];
        size = fabs(gradient) - lambda;
        target = size > 1e-13 * lambda ? (gradient > 0 ? size : -size) / curvature[j] : 0; /* at lambda's top it is 0 but for rounding */
        move = target - s->b[j];
        if (move == 0)
            continue;
        s->b[j] = target;
        for (size_t i = 0; i < s->n; i++)
            s->res[i] -= move * s->w[i] * z[i];
        most = SN_MAX(most, fabs(move));
    }
    move = 0; /* the intercept, without penalty */
    for (size_t i = 0; i < s->n; i++)
        move += s->res[i];
    move /= total;
    s->b0 += move;
    for (size_t i = 0; i < s->n; i++)
        s->res[i] -= move * s->w[i];
    return SN_MAX(most, fabs(move));
}

static double objective(struct path *s, double lambda)
{
    double sum = 0;

    for (size_t i = 0; i < s->n; i++)
        s->eta[i] = s->b0;
    for (size_t j = 0; j < s->p; j++) {
        sum += fabs(s->b[j]);
        if (s->b[j] != 0)
            for (size_t i = 0; i < s->n; i++)
                s->eta[i] += s->b[j] * s->z[j * s->n + i];
    }
    return lambda * sum - sn_logit_loglik(s->eta, s->y, NULL, s->n) / (double)s->n;
}

/* Minimises at one lambda from where the state is; Newton's steps are halved while the objective would rise. */
static int descend(struct path *s, double lambda, double *curvature, struct sn_error *err)
{
    double before = objective(s, lambda);

    for (int newton = 0; newton < MAX_NEWTON; newton++) {
        double total = 0, moved = 0, old0 = s->b0, after;

        for (size_t i = 0; i < s->n; i++) {
            double mu = sn_sigmoid(s->eta[i]);

            s->w[i] = SN_MAX(mu * sn_sigmoid(-s->eta[i]), 1e-12);
            s->res[i] = s->y[i] - mu;
            total += s->w[i];
        }
        for (size_t j = 0; j < s->p; j++) {
            const double *z = s->z + j * s->n;

            curvature[j] = 0;
            for (size_t i = 0; i < s->n; i++)
                curvature[j] += s->w[i] * z[i] * z[i] / (double)s->n;
        }
        memcpy(s->old, s->b, s->p * sizeof *s->b);
        for (int k = 0; sweep(s, lambda, curvature, total, true) > TOLERANCE && k < MAX_SWEEPS; k++)
            while (sweep(s, lambda, curvature, total, false) > TOLERANCE && k++ < MAX_SWEEPS)
                continue;
        after = objective(s, lambda);
        for (int half = 0; after > before + 1e-14 * (1 + fabs(before)) && half < 40; half++) {
            for (size_t j = 0; j < s->p; j++)
                s->b[j] = (s->b[j] + s->old[j]) / 2;
            s->b0 = (s->b0 + old0) / 2;
            after = objective(s, lambda);
        }
        before = after;
        moved = fabs(s->b0 - old0);
        for (size_t j = 0; j < s->p; j++)
            moved = SN_MAX(moved, fabs(s->b[j] - s->old[j]));
        if (moved <= 10 * TOLERANCE)
            return SN_OK;
    }
    return SN_FAIL(err, SN_EFORMAT, "LASSO: no convergence at lambda %g", lambda);
}

/* The smallest lambda that leaves all at zero: the steepest slope of the likelihood at the null model. */
static double largest_lambda(struct path *s)
{
    double mean = 0, most = 0;

    for (size_t i = 0; i < s->n; i++)
        mean += s->y[i] / (double)s->n;
    for (size_t i = 0; i < s->n; i++)
        s->res[i] = s->y[i] - mean;
    for (size_t j = 0; j < s->p; j++)
        most = SN_MAX(most, fabs(dot(s->z + j * s->n, s->res, s->n)) / (double)s->n);
    return most;
}

static void store(const struct path *s, struct sn_lasso *out, size_t k)
{
    double *beta = out->beta + k * (s->p + 1);

    out->nonzero[k] = 0;
    beta[0] = s->b0;
    for (size_t j = 0; j < s->p; j++) {
        beta[j + 1] = s->b[j] != 0 ? s->b[j] / s->sd[j] : 0;
        beta[0] -= beta[j + 1] * s->centre[j];
        out->nonzero[k] += s->b[j] != 0;
    }
}

int sn_lasso_path(const struct sn_logit_data *d, const double *lambda, size_t n_lambda, struct sn_lasso *out, struct sn_error *err)
{
    double *curvature = NULL, events = 0;
    struct path s = { 0 };
    int rc = SN_OK;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < d->n; i++)
        events += d->y[i];
    if (d->p < 2 || n_lambda > SN_LASSO_STEPS || !(events > 0 && events < (double)d->n))
        return SN_FAIL(err, SN_EFORMAT, "LASSO: needs at least one term and both outcomes");
    SN_TRY_OUT(path_init(&s, d, err));
    curvature = malloc(s.p * sizeof *curvature);
    out->beta = calloc(SN_LASSO_STEPS * d->p, sizeof *out->beta);
    if (!curvature || !out->beta) {
        rc = SN_NOMEM(err, "a LASSO path");
        goto out;
    }
    out->n_lambda = lambda ? n_lambda : SN_LASSO_STEPS;
    s.b0 = sn_logit(events / (double)d->n);
    if (!lambda) {
        double top = largest_lambda(&s), ratio = d->n < s.p ? 1e-2 : 1e-4;

        if (!(top > 0)) {
            rc = SN_FAIL(err, SN_EFORMAT, "LASSO: every term is constant or without relation to the outcome");
            goto out;
        }
        for (size_t k = 0; k < SN_LASSO_STEPS; k++)
            out->lambda[k] = top * sn_exp(sn_log(ratio) * (double)k / (SN_LASSO_STEPS - 1));
    } else {
        memcpy(out->lambda, lambda, n_lambda * sizeof *lambda);
    }
    for (size_t k = 0; k < out->n_lambda; k++) { /* each from the one before: warm starts */
        SN_TRY_OUT(descend(&s, out->lambda[k], curvature, err));
        store(&s, out, k);
    }
out:
    free(curvature);
    path_free(&s);
    if (rc)
        sn_lasso_free(out);
    return rc;
}

/* fold[n]: each class is shuffled on its own and dealt round, the second where the first stopped. */
static int deal(const double *y, size_t n, size_t folds, uint64_t seed, size_t *fold, struct sn_error *err)
{
    size_t *order = malloc((n + 1) * sizeof *order), next = 0;
    struct sn_rng r = sn_rng_stream(seed, 0);

    if (!order)
        return SN_NOMEM(err, "folds");
    for (int c = 1; c >= 0; c--) {
        size_t k = 0;

        for (size_t i = 0; i < n; i++)
            if ((y[i] > 0.5) == c)
                order[k++] = i;
        for (size_t i = k; i > 1; i--) {
            size_t j = (size_t)sn_rng_below(&r, i), t = order[i - 1];

            order[i - 1] = order[j];
            order[j] = t;
        }
        for (size_t i = 0; i < k; i++)
            fold[order[i]] = next++ % folds;
    }
    free(order);
    return SN_OK;
}

/* Fits without fold f; adds each left-out case's deviance under each lambda. */
static int left_out(const struct sn_logit_data *d, const size_t *fold, size_t f, struct sn_lasso *out, double *deviance, double *size, struct sn_error *err)
{
    struct sn_logit_data part = *d;
    struct sn_lasso l = { 0 };
    size_t m = 0, bytes, k = 0;
    double *x = NULL;
    int rc;

    for (size_t i = 0; i < d->n; i++)
        m += fold[i] != f;
    SN_TRY(sn_size_mul3(&bytes, m + 1, d->p + 1, sizeof *x, err));
    x = malloc(bytes);
    if (!x)
        return SN_NOMEM(err, "a fold");
    for (size_t i = 0; i < d->n; i++) {
        if (fold[i] == f)
            continue;
        for (size_t j = 0; j < d->p; j++)
            x[j * m + k] = d->x[j * d->n + i];
        x[d->p * m + k++] = d->y[i];
    }
    part.n = m;
    part.x = x;
    part.y = x + d->p * m;
    SN_TRY_OUT(sn_lasso_path(&part, out->lambda, out->n_lambda, &l, err));
    *size = (double)(d->n - m);
    for (size_t s = 0; s < out->n_lambda; s++) {
        deviance[s] = 0;
        for (size_t i = 0; i < d->n; i++) {
            double eta = 0;

            if (fold[i] != f)
                continue;
            for (size_t j = 0; j < d->p; j++)
                eta += l.beta[s * d->p + j] * d->x[j * d->n + i];
            deviance[s] -= 2 * sn_logit_loglik(&eta, &d->y[i], NULL, 1) / *size;
        }
    }
out:
    sn_lasso_free(&l);
    free(x);
    return rc;
}

/* Mean over folds weighted by their size, and its standard error as glmnet has it. */
static void summarise(struct sn_lasso *out, const double *deviance, const double *size, size_t folds)
{
    double total = 0, best;

    for (size_t f = 0; f < folds; f++)
        total += size[f];
    for (size_t s = 0; s < out->n_lambda; s++) {
        double mean = 0, spread = 0;

        for (size_t f = 0; f < folds; f++)
            mean += size[f] * deviance[f * SN_LASSO_STEPS + s] / total;
        for (size_t f = 0; f < folds; f++) {
            double e = deviance[f * SN_LASSO_STEPS + s] - mean;

            spread += size[f] * e * e / total;
        }
        out->deviance[s] = mean;
        out->se[s] = __builtin_sqrt(spread / (double)(folds - 1));
        if (mean < out->deviance[out->at_min])
            out->at_min = s;
    }
    best = out->deviance[out->at_min] + out->se[out->at_min];
    for (out->at_1se = 0; out->at_1se < out->at_min && out->deviance[out->at_1se] > best;)
        out->at_1se++;
}

int sn_lasso_cv(const struct sn_logit_data *d, size_t folds, uint64_t seed, struct sn_lasso *out, struct sn_error *err)
{
    double *deviance = NULL, *size;
    size_t *fold = NULL;
    int rc;

    if (folds < 3 || folds > d->n)
        return SN_FAIL(err, SN_EFORMAT, "LASSO: %zu folds of %zu cases; 3 folds at least", folds, d->n);
    SN_TRY(sn_lasso_path(d, NULL, 0, out, err));
    fold = malloc(d->n * sizeof *fold);
    deviance = malloc(folds * (SN_LASSO_STEPS + 1) * sizeof *deviance);
    if (!fold || !deviance) {
        rc = SN_NOMEM(err, "cross-validation");
        goto out;
    }
    size = deviance + folds * SN_LASSO_STEPS;
    SN_TRY_OUT(deal(d->y, d->n, folds, seed, fold, err));
    for (size_t f = 0; f < folds; f++)
        SN_TRY_OUT(left_out(d, fold, f, out, deviance + f * SN_LASSO_STEPS, &size[f], err));
    summarise(out, deviance, size, folds);
    out->folds = folds;
out:
    free(fold);
    free(deviance);
    if (rc)
        sn_lasso_free(out);
    return rc;
}

void sn_lasso_free(struct sn_lasso *l)
{
    free(l->beta);
    memset(l, 0, sizeof *l);
}
