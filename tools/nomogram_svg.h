/* nomogram_svg.h: a nomogram drawn. */
#ifndef SN_TOOLS_NOMOGRAM_SVG_H
#define SN_TOOLS_NOMOGRAM_SVG_H

#include "stats/stats.h"

/*
 * One A4 page, landscape, as an SVG element: points, the model's axes, total points, risk. m names the
 * outcome, and the data it was fitted on where it says so. values, [n_columns] of the model, or NULL: marks one patient's points, their total and risk. An axis that
 * turns back (a spline) has its ticks below the line while the points rise and above it while they fall. Readable in
 * grey: the marks are filled triangles. page: a document of its own, which tells a printer its paper; not within HTML, whose
 * paper it would set too. Appends to b (sticky failure).
 */
void sn_nomogram_svg(struct sn_buf *b, const struct sn_nomogram *n, const struct sn_logistic *m, const struct sn_logistic_value *values, bool page);

#endif
