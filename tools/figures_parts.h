/* figures_parts.h: private to figures*.c. */
#ifndef SN_TOOLS_FIGURES_PARTS_H
#define SN_TOOLS_FIGURES_PARTS_H

#include "tools/figures.h"

#define SN_FIG_LEGEND 24 /* rows; what is beyond is drawn without one */

/* Begins a document of this size with the figure's title and footer. */
void sn_fig_frame(struct sn_svg *s, struct sn_buf *b, const struct sn_fig *f, double w_mm, double h_mm);

#endif
