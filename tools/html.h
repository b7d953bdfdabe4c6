/* html.h: the few things every page needs. All append to a buffer (sticky failure). */
#ifndef SN_TOOLS_HTML_H
#define SN_TOOLS_HTML_H

#include "io/io.h"

/* Head, style and the research banner; `title` is escaped. */
void sn_html_begin(struct sn_buf *b, const char *title);
void sn_html_end(struct sn_buf *b);
/* Text, escaped; bytes that are not UTF-8 or are control characters become '?'. */
void sn_html_text(struct sn_buf *b, const char *s);
void sn_html_base64(struct sn_buf *b, const void *data, size_t n);
/* <figure> with an image as a data: URI and a caption (HTML). */
void sn_html_png(struct sn_buf *b, const struct sn_buf *png, const char *alt, const char *caption);
/* Two significant digits: "6.7e-7"; for residuals. */
const char *sn_rough(double v, char *buf);

#define SN_NOT_A_DEVICE                                                                                                \
    "This is not a medical device; it must not be used to diagnose, to plan treatment, or to withhold it."
#define SN_RESEARCH_NOTICE "Research use only. " SN_NOT_A_DEVICE

#endif
