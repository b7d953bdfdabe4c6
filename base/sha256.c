/* sha256.c: FIPS 180-4, section 6.2. */
#include "base/hash_parts.h"

/* FIPS 180-4, 4.2.2: first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const uint32_t sn_sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

static uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], s = h[7];

    for (int i = 0; i < 16; i++)
        w[i] = sn_be32(p + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;

        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = s + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + sn_sha256_k[i] + w[i];
        uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

        s = g; g = f; f = e; e = d + t1;
        d = c; c = b; b = a; a = t1 + t2;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += s;
}

void sn_sha256_blocks_ref(uint32_t h[8], const uint8_t *p, size_t blocks)
{
    for (; blocks; blocks--, p += 64)
        compress(h, p);
}

static void hash_blocks(uint32_t h[8], const uint8_t *p, size_t blocks)
{
#if defined(__x86_64__)
    if (sn_cpu_has_sha()) {
        sn_sha256_blocks_x86(h, p, blocks);
        return;
    }
#endif
    sn_sha256_blocks_ref(h, p, blocks);
}

void sn_sha256_init(struct sn_sha256 *s)
{
    /* 5.3.3: square roots of the first eight primes */
    static const uint32_t h0[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

    memcpy(s->h, h0, sizeof h0);
    s->bytes = 0;
}

void sn_sha256_update(struct sn_sha256 *s, const void *data, size_t n)
{
    const uint8_t *p = data;
    size_t fill = (size_t)(s->bytes & 63);

    if (n == 0)
        return;
    s->bytes += n;
    if (fill) {
        size_t k = SN_MIN(n, 64 - fill);

        memcpy(s->buf + fill, p, k);
        p += k;
        n -= k;
        if (fill + k < 64)
            return;
        hash_blocks(s->h, s->buf, 1);
    }
    hash_blocks(s->h, p, n / 64);
    memcpy(s->buf, p + n / 64 * 64, n % 64);
}

void sn_sha256_final(struct sn_sha256 *s, uint8_t out[32])
{
    uint64_t bits = s->bytes * 8;
    uint8_t pad[72] = { 0x80 };
    size_t fill = (size_t)(s->bytes & 63), n = (fill < 56 ? 56 : 120) - fill;

    sn_put_be32(pad + n, (uint32_t)(bits >> 32));
    sn_put_be32(pad + n + 4, (uint32_t)bits);
    sn_sha256_update(s, pad, n + 8);
    for (int i = 0; i < 8; i++)
        sn_put_be32(out + 4 * i, s->h[i]);
}

void sn_sha256(const void *data, size_t n, uint8_t out[32])
{
    struct sn_sha256 s;

    sn_sha256_init(&s);
    sn_sha256_update(&s, data, n);
    sn_sha256_final(&s, out);
}

void sn_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}
