/* quantile.h: sorting and sample quantiles. Included by stats.h. */
#ifndef SN_QUANTILE_H
#define SN_QUANTILE_H

/*
 * Ascending and stable, in O(n): radix on the bits of the number; -0 equals +0. No NaN (undefined order).
 * sn_sort_order leaves x alone and gives the positions: x[order[0]] <= x[order[1]] <= ...
 * SN_ELIMIT: n above 2^32 - 1; SN_ENOMEM: 24 bytes of scratch a number.
 */
int sn_sort(double *x, size_t n, struct sn_error *err);
int sn_sort_order(const double *x, size_t n, uint32_t *order, struct sn_error *err);

/*
 * The p-quantile of n ascending numbers, p in [0, 1]; NaN when n is 0 or p is not in range. Types of Hyndman & Fan 1996:
 * 7 interpolates between order statistics (R's default); 1 is the inverse of the empirical distribution. Both as R 4.2.2
 * computes them, type 1 with its fuzz of 4 epsilon.
 */
double sn_quantile7(const double *sorted, size_t n, double p);
double sn_quantile1(const double *sorted, size_t n, double p);

#endif
