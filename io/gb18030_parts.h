/* gb18030_parts.h: private to io. The code charts of gb18030_chart.c, UTF-8, one lead a string. */
#ifndef SN_IO_GB18030_PARTS_H
#define SN_IO_GB18030_PARTS_H

extern const char *const sn_gb_symbols[];      /* leads A1..A9, trails A1..FE */
extern const char *const sn_gb_more_symbols[]; /* leads A8, A9, trails 40..7E, 80..A0 */
extern const char *const sn_gb_hanzi[];        /* leads B0..F7, trails A1..FE */
extern const char *const sn_gb_tail[];         /* the last 101 of leads AA..FE, trails 40..7E, 80..A0 */

#endif
