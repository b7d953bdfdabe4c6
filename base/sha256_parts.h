/* sha256_parts.h: private to sha256*.c and their test. */
#ifndef SN_SHA256_PARTS_H
#define SN_SHA256_PARTS_H

#include "base/base.h"

extern const uint32_t sn_sha256_k[64]; /* FIPS 180-4, 4.2.2 */

/* h[8] over whole 64-byte blocks: the definition, and the same with SHA instructions. */
void sn_sha256_blocks_ref(uint32_t h[8], const uint8_t *p, size_t blocks);
#if defined(__x86_64__)
void sn_sha256_blocks_x86(uint32_t h[8], const uint8_t *p, size_t blocks);
#endif
bool sn_cpu_has_sha(void); /* cpu.c: SHA and SSE4.1 are there */

#endif
