/* hash_parts.h: private to sha256.c, crc32.c, hash_x86.c and their test. */
#ifndef SN_HASH_PARTS_H
#define SN_HASH_PARTS_H

#include "base/base.h"

extern const uint32_t sn_sha256_k[64]; /* FIPS 180-4, 4.2.2 */

/* h[8] over whole 64-byte blocks: the definition, and the same with SHA instructions. */
void sn_sha256_blocks_ref(uint32_t h[8], const uint8_t *p, size_t blocks);
#if defined(__x86_64__)
void sn_sha256_blocks_x86(uint32_t h[8], const uint8_t *p, size_t blocks);
uint32_t sn_crc32c_x86(uint32_t crc, const uint8_t *p, size_t n); /* as sn_crc32c */
#endif
/* cpu.c: SHA and SSE4.1 are there; SSE4.2 is. Asked once: CPUID is slow under a hypervisor. */
bool sn_cpu_has_sha(void);
bool sn_cpu_has_crc32c(void);

#endif
