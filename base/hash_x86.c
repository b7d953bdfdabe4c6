/* hash_x86.c: SHA-256 with the SHA instructions, CRC-32C with CRC32 (Intel SDM vol. 2). */
#include "base/hash_parts.h"

#if defined(__x86_64__)
#include <immintrin.h>

static __m128i words(const uint8_t *p)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), big_endian);
}

/* The next four words of the schedule from the last sixteen (FIPS 180-4, 6.2.2, step 1). */
static __m128i schedule(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    __m128i t = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));

    return _mm_sha256msg2_epu32(t, w3);
}

/* Four rounds; the instruction wants the state as (a, b, e, f) and (c, d, g, h), highest lane first. */
#define ROUNDS(w, i)                                                                              \
    do {                                                                                          \
        __m128i wk = _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)(const void *)(sn_sha256_k + (i)))); \
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);                                             \
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));                    \
    } while (0)

void sn_sha256_blocks_x86(uint32_t h[8], const uint8_t *p, size_t blocks)
{
    __m128i abef = _mm_set_epi32((int)h[0], (int)h[1], (int)h[4], (int)h[5]);
    __m128i cdgh = _mm_set_epi32((int)h[2], (int)h[3], (int)h[6], (int)h[7]);
    uint32_t out[8];

    for (; blocks; blocks--, p += 64) {
        __m128i w0 = words(p), w1 = words(p + 16), w2 = words(p + 32), w3 = words(p + 48);
        __m128i abef0 = abef, cdgh0 = cdgh;

        for (int i = 0; i < 64; i += 16) {
            ROUNDS(w0, i);
            ROUNDS(w1, i + 4);
            ROUNDS(w2, i + 8);
            ROUNDS(w3, i + 12);
            w0 = schedule(w0, w1, w2, w3);
            w1 = schedule(w1, w2, w3, w0);
            w2 = schedule(w2, w3, w0, w1);
            w3 = schedule(w3, w0, w1, w2);
        }
        abef = _mm_add_epi32(abef, abef0);
        cdgh = _mm_add_epi32(cdgh, cdgh0);
    }
    _mm_storeu_si128((__m128i *)(void *)out, abef);
    _mm_storeu_si128((__m128i *)(void *)(out + 4), cdgh);
    h[0] = out[3]; h[1] = out[2]; h[4] = out[1]; h[5] = out[0];
    h[2] = out[7]; h[3] = out[6]; h[6] = out[5]; h[7] = out[4];
}

uint32_t sn_crc32c_x86(uint32_t crc, const uint8_t *p, size_t n)
{
    uint64_t c = ~crc;

    for (; n >= 8; p += 8, n -= 8)
        c = _mm_crc32_u64(c, sn_le64(p));
    for (; n; p++, n--)
        c = _mm_crc32_u8((uint32_t)c, *p);
    return ~(uint32_t)c;
}
#endif
