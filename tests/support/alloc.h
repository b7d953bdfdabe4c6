/*
 * alloc.h: malloc and its kin under watch, for the programs that the Makefile links so (ALLOC_CHECKS): an allocation made to fail,
 * allocations counted, blocks not given back. What libc allocates for itself does not pass through here. Any thread's count.
 */
#ifndef SN_TEST_ALLOC_H
#define SN_TEST_ALLOC_H

#include "base/base.h"

struct sn_alloc {
    unsigned long seen; /* allocations since the watch began */
    size_t asked;       /* their bytes, given back or not */
    size_t alive;       /* blocks taken since then and not given back */
};
/* Begins a watch, everything at zero; the fail_at-th allocation from now on fails (0: none). No ck_assert while watching: it allocates. */
void sn_alloc_watch(unsigned long fail_at);
struct sn_alloc sn_alloc_stop(void);
/* While watching. */
struct sn_alloc sn_alloc_now(void);

#endif
