/* cmd_prepack.c: a .snw file whose values are ready to be used where they lie. */
#include "tools/cli.h"

#include <stdio.h>

static const char help[] =
    "usage: sentinode prepack MODEL.snw -o OUT.snw\n"
    "\n"
    "Derives a file with BatchNorm folded and the weights in the order of use: mapped, it is used in place, so\n"
    "that a network starts at once. Results keep every bit, for every input size. The file records the SHA-256\n"
    "of the one it came from, which remains the reference: it holds the checkpoint's own tensors.\n"
    "\n"
    "  -o FILE    the new file (float32, for fp32 runs; --precision fp64 needs the plain file)\n";

static const struct sn_opt opts[] = { { "-o,--output", 'o', true }, { NULL, 0, false } };

static int run(const struct sn_args *a, const char *in, const char *path, struct sn_error *err)
{
    struct sn_model m = { 0 }, packed = { 0 };
    struct sn_net_info info;
    struct sn_net_options opt;
    struct sn_pool *pool = NULL;
    struct sn_net *net = NULL;
    size_t bytes = 0;
    int rc, side;

    SN_TRY_OUT(sn_model_open(&m, in, SN_VERIFY_CRC | SN_VERIFY_SHA256, err));
    SN_TRY_OUT(sn_net_identify(&m, NULL, &info, err));
    SN_TRY_OUT(sn_cli_pool(&a->common, &pool, err));
    opt = sn_cli_net_options(&a->common, pool);
    opt.memory = SN_MEMORY_LEAN;
    side = info.task == SN_TASK_SEGMENT ? 256 : 224; /* any that the network takes: the order does not depend on it */
    SN_TRY_OUT(sn_net_create(&net, &m, side, side, &opt, err));
    SN_TRY_OUT(sn_net_prepack(net, &m, &packed, err));
    for (size_t i = 0; i < packed.n_tensors; i++)
        bytes += packed.tensors[i].bytes;
    SN_TRY_OUT(sn_model_write(&packed, path, err));
    if (!a->common.quiet && !a->common.json)
        (void)printf("%s: %s (%s), %.1f MB of values ready for use\n", path, info.architecture, info.family, (double)bytes * 1e-6);
out:
    sn_model_close(&packed);
    sn_net_free(net);
    sn_pool_free(pool);
    sn_model_close(&m);
    return rc;
}

int sn_cmd_prepack(int argc, char **argv)
{
    const char *in = NULL, *out = NULL;
    struct sn_error err = { 0 };
    struct sn_args a;
    int c;

    sn_args_init(&a, help, opts, argc, argv);
    while ((c = sn_args_next(&a)) != 0) {
        switch (c) {
        case 'o':
            out = a.value;
            break;
        case '.':
            if (in)
                return sn_args_usage(&a, "one model, found '%s' too", a.value);
            in = a.value;
            break;
        default:
            return sn_args_exit(&a);
        }
    }
    if (!in || !out)
        return sn_args_usage(&a, "give MODEL.snw and -o OUT.snw");
    return sn_report(&a, run(&a, in, out, &err), &err);
}
