/*
 * digest.h: one answer from every instruction set and thread count: what check_digest.c and
 * check_long.c share.
 */
#ifndef SN_GOLDEN_DIGEST_H
#define SN_GOLDEN_DIGEST_H

#include "tests/golden/synth.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * SHA-256, in hexadecimal, of the logits' little-endian bytes; fails the running test on an error. The memory
 * mode goes with isa and threads, so that comparing these compares the modes too.
 */
static inline void golden_digest(const struct golden_net *g, int h, int w, enum sn_precision precision, enum sn_isa isa, int threads,
                                 char hex[SN_SHA256_HEX])
{
    struct sn_net_options opt = { .isa = isa, .precision = precision, .memory = (enum sn_memory)(((int)isa + threads) % 3) };
    struct sn_error err = { 0 };
    struct sn_net *net = NULL;
    struct sn_sha256 sha;
    uint8_t sum[32], bytes[4];
    float *in, *out;
    int oc, oh, ow;

    sn_ck_ok(sn_pool_create(&opt.pool, threads, &err), &err);
    sn_ck_ok(sn_net_create(&net, &g->model, h, w, &opt, &err), &err);
    sn_net_output_shape(net, &oc, &oh, &ow);
    in = golden_input(g->seed, sn_net_get_info(net)->in_channels, h, w);
    out = malloc((size_t)oc * (size_t)oh * (size_t)ow * sizeof *out);
    ck_assert(in && out);
    sn_ck_ok(sn_net_run(net, in, out, &err), &err);
    sn_sha256_init(&sha);
    for (size_t i = 0; i < (size_t)oc * (size_t)oh * (size_t)ow; i++) {
        uint32_t u;

        memcpy(&u, &out[i], sizeof u);
        sn_put_le32(bytes, u);
        sn_sha256_update(&sha, bytes, sizeof bytes);
    }
    sn_sha256_final(&sha, sum);
    sn_hex(sum, sizeof sum, hex);
    free(in);
    free(out);
    sn_net_free(net);
    sn_pool_free(opt.pool);
}

/* SN_GOLDEN_DIGESTS=FILE appends "name HxW precision digest", to be compared between machines. */
static inline void golden_digest_report(const char *name, int h, int w, enum sn_precision precision, const char *hex)
{
    const char *path = getenv("SN_GOLDEN_DIGESTS");
    FILE *f = path && *path ? fopen(path, "a") : NULL;

    if (!f)
        return;
    (void)fprintf(f, "%s %dx%d %s %s\n", name, h, w, precision == SN_I16 ? "i16" : "fp32", hex);
    (void)fclose(f);
}

#endif
