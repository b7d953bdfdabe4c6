/* loess_parts.h: what loess.c and loess_stats.c share. */
#ifndef SN_LOESS_PARTS_H
#define SN_LOESS_PARTS_H

#include "stats/stats.h"

/*
 * How the local fit at `at` depends on y: value = sum row[i] y[first + i], i < in_span; likewise its slope. Either row
 * may be NULL. work[4 in_span]. SN_EINVAL: a neighbourhood of zero width.
 */
int sn_loess_row(const struct sn_loess *f, double at, double *work, size_t *first, double *value_row, double *slope_row, struct sn_error *err);
double sn_loess_dot(const struct sn_loess *f, size_t first, const double *row);
/* at lies between vertices k (returned) and k + 1; b: weights of value k, value k + 1, slope k, slope k + 1. */
size_t sn_loess_blend(const struct sn_loess *f, double at, double b[4]);
/* Euclidean length of a row; of the blended row at `at`, through the Gram matrix. */
double sn_loess_norm(const double *row, size_t n);
double sn_loess_blend_norm(const struct sn_loess *f, double at);
/* trace, delta1, delta2, s, df; for a tree also f->gram. */
int sn_loess_statistics(struct sn_loess *f, struct sn_error *err);

#endif
