/* qr.c: Householder's QR of a tall matrix, and what least squares needs of it. */
#include "stats/glm.h"

/*
 * Golub & Van Loan, Matrix Computations, 4th ed. 2013, algorithms 5.1.1 and 5.2.1. Columns stay in their
 * order: a column that is (nearly) a combination of those before it is the caller's mistake, reported by
 * its number, and never moved aside silently.
 */
static double norm2(const double *v, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += v[i] * v[i];
    return sum;
}

/* v <- v - tau h (h'v), where h[0] is 1 and h[1..] is stored */
static void reflect(const double *h, double tau, double *v, size_t n)
{
    double dot = v[0];

    for (size_t i = 1; i < n; i++)
        dot += h[i] * v[i];
    dot *= tau;
    v[0] -= dot;
    for (size_t i = 1; i < n; i++)
        v[i] -= dot * h[i];
}

size_t sn_qr_factor(double *a, size_t n, size_t p, double *tau, double tolerance)
{
    for (size_t j = 0; j < p; j++) {
        double *c = a + j * n, *d, whole, tail, norm, head;

        whole = norm2(c, n); /* reflections keep it, so it still is the original column's */
        if (j >= n)
            return j;
        d = c + j;
        tail = norm2(d + 1, n - j - 1);
        norm = __builtin_sqrt(d[0] * d[0] + tail);
        if (!(norm > tolerance * __builtin_sqrt(whole)))
            return j;
        if (tail == 0) {
            tau[j] = 0;
            continue;
        }
        head = d[0] <= 0 ? d[0] - norm : -tail / (d[0] + norm); /* d[0] - norm without cancellation */
        tau[j] = 2 * head * head / (tail + head * head);
        for (size_t i = 1; i < n - j; i++)
            d[i] /= head;
        d[0] = norm;
        for (size_t k = j + 1; k < p; k++)
            reflect(d, tau[j], a + k * n + j, n - j);
    }
    return p;
}

void sn_qr_qty(const double *a, size_t n, size_t p, const double *tau, double *y)
{
    for (size_t j = 0; j < p; j++)
        if (tau[j] != 0)
            reflect(a + j * n + j, tau[j], y + j, n - j);
}

void sn_qr_solve(const double *a, size_t n, size_t p, double *x)
{
    for (size_t j = p; j-- > 0;) {
        x[j] /= a[j * n + j];
        for (size_t i = 0; i < j; i++)
            x[i] -= a[j * n + i] * x[j];
    }
}

void sn_qr_thin(const double *a, size_t n, size_t p, const double *tau, double *q)
{
    memset(q, 0, n * p * sizeof *q);
    for (size_t k = 0; k < p; k++) {
        q[k * n + k] = 1;
        for (size_t j = k + 1; j-- > 0;) /* reflections beyond k leave the k-th unit vector alone */
            if (tau[j] != 0)
                reflect(a + j * n + j, tau[j], q + k * n + j, n - j);
    }
}

void sn_qr_inverse(const double *a, size_t n, size_t p, double *inverse)
{
    memset(inverse, 0, p * p * sizeof *inverse);
    for (size_t k = 0; k < p; k++) { /* column k of R^-1, upper triangle */
        inverse[k * p + k] = 1;
        sn_qr_solve(a, n, k + 1, inverse + k * p);
    }
    for (size_t i = 0; i < p; i++) /* R^-1 R^-T: rows are done in order, what is overwritten is not needed again */
        for (size_t j = i; j < p; j++) {
            double sum = 0;

            for (size_t k = j; k < p; k++)
                sum += inverse[k * p + i] * inverse[k * p + j];
            inverse[i * p + j] = sum;
        }
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j < i; j++)
            inverse[i * p + j] = inverse[j * p + i];
}
