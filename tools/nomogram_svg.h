/* nomogram_svg.h: a nomogram drawn. */
#ifndef SN_TOOLS_NOMOGRAM_SVG_H
#define SN_TOOLS_NOMOGRAM_SVG_H

#include "stats/stats.h"

/*
 * One A4 page, landscape, as an SVG element: points, the model's axes, total points, risk. `outcome` names the
 * risk's axis. lp, [n_axes] contributions to the linear predictor, or NULL: marks one patient's points, their
 * total and risk. Readable in grey: the marks are filled triangles. Appends to b (sticky failure).
 */
void sn_nomogram_svg(struct sn_buf *b, const struct sn_nomogram *n, const char *outcome, const double *lp);

#endif
