/* random_pack.h: demonstration packs with synthetic weights: full topology, reduced width, no knowledge. */
#ifndef SN_TOOLS_RANDOM_PACK_H
#define SN_TOOLS_RANDOM_PACK_H

#include "base/base.h"

struct sn_random_pack {
    uint64_t seed;
    int width; /* channels of the first layer, 2 to 64; the published networks have 64 */
    int size;  /* input side of every network, a multiple of 16 from 32 to 512 */
};
/* Writes the six networks, model.json and pack.conf to the folder, made when missing. */
int sn_random_pack_write(const struct sn_random_pack *o, const char *folder, struct sn_error *err);

#endif
