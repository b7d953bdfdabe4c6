/* isotonic.c: isotonic regression by pooling adjacent violators. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

/* Consecutive distinct x with one common mean. */
struct block {
    double first, last; /* x */
    double mean, weight;
};

/* One block for each distinct x. */
static size_t distinct(const double *x, const double *y, const double *weight, const uint32_t *order, size_t n, struct block *b)
{
    size_t m = 0;

    for (size_t k = 0; k < n;) {
        double at = x[order[k]], sum = 0.0, sw = 0.0;

        for (; k < n && x[order[k]] == at; k++) {
            double w = weight ? weight[order[k]] : 1.0;

            sum += w * y[order[k]];
            sw += w;
        }
        b[m++] = (struct block){ at, at, sum / sw, sw };
    }
    return m;
}

/* Merges backwards as soon as a mean is not above the one before; the blocks left ascend strictly. */
static size_t pool(struct block *b, size_t m)
{
    size_t top = 0;

    for (size_t i = 0; i < m; i++) {
        struct block now = b[i];

        while (top && b[top - 1].mean >= now.mean) {
            const struct block *prev = &b[--top];
            double w = prev->weight + now.weight;

            now.mean = (prev->weight * prev->mean + now.weight * now.mean) / w;
            now.weight = w;
            now.first = prev->first;
        }
        b[top++] = now;
    }
    return top;
}

int sn_isotonic(const double *x, const double *y, const double *weight, size_t n, double *knot_x, double *knot_y, size_t *knots,
                struct sn_error *err)
{
    struct block *b = NULL;
    uint32_t *order = NULL;
    size_t m, bytes;
    int rc;

    if (!n)
        return SN_FAIL(err, SN_EINVAL, "isotonic regression: no points");
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]) || !isfinite(y[i]) || (weight && !(weight[i] > 0.0 && isfinite(weight[i]))))
            return SN_FAIL(err, SN_EINVAL, "isotonic regression: point %zu is not finite, or its weight not positive", i + 1);
    SN_TRY(sn_size_mul(&bytes, n, sizeof *b, err));
    b = malloc(bytes);
    order = malloc(n * sizeof *order);
    if (!b || !order) {
        rc = SN_NOMEM(err, "isotonic regression");
        goto out;
    }
    SN_TRY_OUT(sn_sort_order(x, n, order, err));
    m = pool(b, distinct(x, y, weight, order, n, b));
    *knots = 0;
    for (size_t i = 0; i < m; i++) {
        knot_x[*knots] = b[i].first;
        knot_y[(*knots)++] = b[i].mean;
        if (b[i].last > b[i].first) {
            knot_x[*knots] = b[i].last;
            knot_y[(*knots)++] = b[i].mean;
        }
    }
out:
    free(b);
    free(order);
    return rc;
}
