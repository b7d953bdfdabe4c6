/* gb18030_parts.h: private to io. The code charts of gb18030_chart.c, UTF-8, one lead a string. */
#ifndef SN_IO_GB18030_PARTS_H
#define SN_IO_GB18030_PARTS_H

#include "base/base.h"

struct sn_gb18030;
struct sn_gb18030 *sn_gb18030_new(void); /* the tables, 230 KB, made in 0.2 ms; free() them. NULL: no memory */
/* Bytes of the code at p (left > 0), its character in *c; 0: no code. Of all sets that are part of GB 18030. */
size_t sn_gb18030_char(const struct sn_gb18030 *m, const uint8_t *p, size_t left, uint32_t *c);

extern const char *const sn_gb_symbols[];      /* leads A1..A9, trails A1..FE */
extern const char *const sn_gb_more_symbols[]; /* leads A8, A9, trails 40..7E, 80..A0 */
extern const char *const sn_gb_hanzi[];        /* leads B0..F7, trails A1..FE */
extern const char *const sn_gb_tail[];         /* the last 101 of leads AA..FE, trails 40..7E, 80..A0 */

#endif
