/* resize_parts.h: the two resize rules with files of their own. Private to io. */
#ifndef SN_RESIZE_PARTS_H
#define SN_RESIZE_PARTS_H

#include "io/io.h"

/* Both: 8 bits, same channels; out is allocated with the wanted size. */
int sn_resize_pillow(const struct sn_image *in, struct sn_image *out, bool bicubic,
                     struct sn_error *err);
int sn_resize_opencv(const struct sn_image *in, struct sn_image *out, struct sn_error *err);

#endif
