/* quantile.c: radix sort of doubles, sample quantiles. */
#include "stats/stats.h"

#include <math.h>
#include <stdlib.h>

#define BITS   11 /* six passes over 64 bits; a histogram of 2048 stays in the first-level cache */
#define DIGITS 6
#define BINS   (1u << BITS)
#define SMALL  128 /* below, insertion is faster than clearing the histograms */

struct item {
    uint64_t key;
    uint32_t at;
};

/* A double's order as an unsigned number's: negative ones are reversed, positive ones moved above them. */
static uint64_t key_of(double x)
{
    uint64_t u;

    x += 0.0; /* -0 + 0 is +0 */
    memcpy(&u, &x, sizeof u);
    return u >> 63 ? ~u : u | (uint64_t)1 << 63;
}

static double number_of(uint64_t key)
{
    uint64_t u = key >> 63 ? key & ~((uint64_t)1 << 63) : ~key;
    double x;

    memcpy(&x, &u, sizeof x);
    return x;
}

static void insertion(struct item *a, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct item x = a[i];
        size_t k = i;

        for (; k > 0 && a[k - 1].key > x.key; k--)
            a[k] = a[k - 1];
        a[k] = x;
    }
}

/* Sorts a; the result is in *a or *b. count[DIGITS][BINS] are the histograms. */
static struct item *radix(struct item *a, struct item *b, size_t n, uint32_t (*count)[BINS])
{
    for (size_t i = 0; i < n; i++)
        for (int d = 0; d < DIGITS; d++)
            count[d][a[i].key >> (BITS * d) & (BINS - 1)]++;
    for (int d = 0; d < DIGITS; d++) {
        uint32_t sum = 0, *c = count[d];
        struct item *t = a;

        if (c[a[0].key >> (BITS * d) & (BINS - 1)] == n) /* all alike here */
            continue;
        for (unsigned k = 0; k < BINS; k++) {
            uint32_t here = c[k];

            c[k] = sum;
            sum += here;
        }
        for (size_t i = 0; i < n; i++)
            b[c[a[i].key >> (BITS * d) & (BINS - 1)]++] = a[i];
        a = b;
        b = t;
    }
    return a;
}

/* Sorted items in *sorted, to be freed as *memory. */
static int sort_items(const double *x, size_t n, struct item **memory, struct item **sorted, struct sn_error *err)
{
    uint32_t (*count)[BINS] = NULL;
    struct item *a;
    size_t bytes;

    *memory = NULL;
    if (n > UINT32_MAX)
        return SN_FAIL(err, SN_ELIMIT, "sorting: %zu numbers, at most %u", n, (unsigned)UINT32_MAX);
    SN_TRY(sn_size_mul3(&bytes, n + 1, 2, sizeof *a, err));
    a = malloc(bytes);
    if (n >= SMALL)
        count = calloc(DIGITS, sizeof *count);
    if (!a || (n >= SMALL && !count)) {
        free(a);
        free(count);
        return SN_NOMEM(err, "sorting");
    }
    for (size_t i = 0; i < n; i++)
        a[i] = (struct item){ key_of(x[i]), (uint32_t)i };
    *memory = *sorted = a;
    if (count)
        *sorted = radix(a, a + n, n, count);
    else
        insertion(a, n);
    free(count);
    return SN_OK;
}

int sn_sort(double *x, size_t n, struct sn_error *err)
{
    struct item *memory, *sorted;

    SN_TRY(sort_items(x, n, &memory, &sorted, err));
    for (size_t i = 0; i < n; i++)
        x[i] = number_of(sorted[i].key);
    free(memory);
    return SN_OK;
}

int sn_sort_order(const double *x, size_t n, uint32_t *order, struct sn_error *err)
{
    struct item *memory, *sorted;

    SN_TRY(sort_items(x, n, &memory, &sorted, err));
    for (size_t i = 0; i < n; i++)
        order[i] = sorted[i].at;
    free(memory);
    return SN_OK;
}

double sn_quantile7(const double *sorted, size_t n, double p)
{
    double at, h;
    size_t i;

    if (n == 0 || !(p >= 0 && p <= 1))
        return NAN;
    at = (double)(n - 1) * p;
    i = (size_t)at;
    h = at - (double)i;
    if (i + 1 >= n || h == 0 || sorted[i] == sorted[i + 1])
        return sorted[i];
    return (1 - h) * sorted[i] + h * sorted[i + 1];
}

double sn_quantile1(const double *sorted, size_t n, double p)
{
    static const double fuzz = 4 * DBL_EPSILON;
    double at, whole;

    if (n == 0 || !(p >= 0 && p <= 1))
        return NAN;
    at = (double)n * p;
    whole = floor(at + fuzz);
    if (at - whole > fuzz)
        whole += 1;
    return sorted[whole < 1 ? 0 : SN_MIN((size_t)whole, n) - 1];
}
