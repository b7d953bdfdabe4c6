/* rng.c: splitmix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", 2014, fig. 16). */
#include "base/base.h"

#define GOLDEN 0x9E3779B97F4A7C15u /* 2^64 / golden ratio, odd */

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint64_t sn_splitmix64(uint64_t *state)
{
    return mix(*state += GOLDEN);
}

uint64_t sn_rng_next(struct sn_rng *r)
{
    return sn_splitmix64(&r->state);
}

uint64_t sn_rng_below(struct sn_rng *r, uint64_t n)
{
    uint64_t x, floor = (0 - n) % n; /* 2^64 mod n: numbers below it would make small results likelier */

    do
        x = sn_rng_next(r);
    while (x < floor);
    return x % n;
}

double sn_rng_uniform(struct sn_rng *r)
{
    return (double)(sn_rng_next(r) >> 11) * 0x1p-53;
}

struct sn_rng sn_rng_stream(uint64_t seed, uint64_t i)
{
    return (struct sn_rng){ mix(mix(seed + GOLDEN) + (i + 1) * GOLDEN) };
}

/* Box & Muller 1958; the second deviate is not kept, so that a stream's position is its call count. */
double sn_rng_normal(struct sn_rng *r)
{
    double u = 1.0 - sn_rng_uniform(r), v = sn_rng_uniform(r);
    double radius2 = -2.0 * sn_log(u);

    return __builtin_sqrt(radius2) * sn_cos2pi(v);
}

uint64_t sn_rng_name(uint64_t seed, const char *name)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a offset basis and prime, 64 bits */

    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        h = (h ^ *p) * 0x100000001b3u;
    return seed ^ h;
}

float sn_rng_weight(uint64_t stream, uint64_t i)
{
    uint64_t u = mix(stream + (i + 1) * GOLDEN);

    return (float)(u >> 40) * 0x1p-23f - 1.0f;
}
