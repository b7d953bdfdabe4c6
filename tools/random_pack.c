/* random_pack.c: writes a demonstration pack: six random networks, a made-up model, pack.conf. */
#include "tools/random_pack.h"

#include "tools/phantom.h"
#include "tools/pipeline.h"
#include "tools/random_nets.h"

#include <stdio.h>
#include <stdlib.h>

/* The share of a phantom's pixels each segmenter is biased to call lesion, so that there is a mask at all. */
#define LESION_SHARE 0.15

static const char label[] =
    "random weights: demonstration only, predicts nothing; segmenters biased to mark about 15 % of a phantom";

static const char logistic_json[] =
    "{\n"
    "  \"format\": \"sentinode-logistic\", \"version\": 1,\n"
    "  \"outcome\": \"a made-up outcome (demonstration model)\",\n"
    "  \"trained_on\": \"nobody: coefficients were chosen by hand\",\n"
    "  \"intercept\": -0.4, \"threshold\": 0.5,\n"
    "  \"terms\": [\n"
    "    { \"name\": \"dl_sig\", \"column\": \"dl_sig\", \"coefficient\": 0.8 },\n"
    "    { \"name\": \"age\", \"column\": \"age\", \"coefficient\": -0.01, \"min\": 18, \"max\": 100 }\n"
    "  ]\n"
    "}\n";

/* How each network is fed: metadata of its file, as a converted checkpoint would carry it. */
static int feed_meta(struct sn_model *m, const struct sn_random_net *net, int size, struct sn_error *err)
{
    bool plain = strcmp(net->family, "milesial") == 0; /* that family scales to [0, 1] and no more */
    char text[32];

    (void)snprintf(text, sizeof text, "%dx%d", size, size);
    SN_TRY(sn_model_set_meta(m, "input_size", text, err));
    SN_TRY(sn_model_set_meta(m, "resize", plain ? "pillow-bicubic" : "pillow-bilinear", err));
    if (plain)
        return SN_OK;
    SN_TRY(sn_model_set_meta(m, "mean", "0.485,0.456,0.406", err)); /* ImageNet, as the published ones */
    return sn_model_set_meta(m, "std", "0.229,0.224,0.225", err);
}

static int build(struct sn_model *m, const struct sn_random_pack *o, int k, double shift, struct sn_error *err)
{
    sn_model_init(m);
    SN_TRY(sn_random_net_build(&sn_random_nets[k], o->seed, o->width, shift, m, err));
    return feed_meta(m, &sn_random_nets[k], o->size, err);
}

static int write_net(const struct sn_random_pack *o, int k, double shift, const char *path, struct sn_error *err)
{
    struct sn_model m = { 0 };
    int rc = build(&m, o, k, shift, err);

    if (!rc)
        rc = sn_model_write(&m, path, err);
    sn_model_close(&m);
    return rc;
}

static int ascending(const void *a, const void *b)
{
    const float *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* What to add to the lesion logit so that a phantom gets LESION_SHARE of lesion. */
static int find_shift(const char *path, uint64_t seed, double *shift, struct sn_error *err)
{
    struct sn_pack_net pn = { 0 };
    struct sn_phantom ph = { 0 };
    struct sn_image rgb = { 0 };
    struct sn_net *net = NULL;
    struct sn_net_options opt = { .isa = SN_ISA_AUTO };
    float *in = NULL, *out = NULL;
    size_t n = 0;
    int rc;

    SN_TRY_OUT(sn_pack_net_open(&pn, path, err));
    n = (size_t)pn.width * pn.height;
    SN_TRY_OUT(sn_phantom_make(seed, 0, 256, 192, &ph, err));
    SN_TRY_OUT(sn_image_to_rgb(&ph.image, &rgb, err));
    SN_TRY_OUT(sn_net_create(&net, &pn.model, (int)pn.height, (int)pn.width, &opt, err));
    in = malloc(3 * n * sizeof *in);
    out = malloc((size_t)pn.info.classes * n * sizeof *out);
    if (!in || !out) {
        rc = SN_NOMEM(err, "a network's output");
        goto out;
    }
    SN_TRY_OUT(sn_input_tensor(&pn, &rgb, &ph.image, in, err));
    SN_TRY_OUT(sn_net_run(net, in, out, err));
    for (size_t i = 0; i < n && pn.info.classes == 2; i++) /* what softmax looks at */
        out[i] = out[n + i] - out[i];
    qsort(out, n, sizeof *out, ascending);
    *shift = -(double)out[(size_t)((1.0 - LESION_SHARE) * (double)n)];
out:
    free(in);
    free(out);
    sn_net_free(net);
    sn_image_free(&rgb);
    sn_phantom_free(&ph);
    sn_pack_net_close(&pn);
    return rc;
}

static int file_digest(const char *path, char hex[SN_SHA256_HEX], struct sn_error *err)
{
    struct sn_map map;

    SN_TRY(sn_map_file(path, &map, err));
    sn_digest_bytes(map.data, map.size, hex);
    sn_map_close(&map);
    return SN_OK;
}

/* Appends `key = file` and its digest. */
static int pin(struct sn_buf *conf, const char *folder, const char *key, const char *file, struct sn_error *err)
{
    struct sn_buf path = { 0 };
    char hex[SN_SHA256_HEX];
    int rc;

    sn_buf_printf(&path, "%s/%s", folder, file);
    rc = path.failed ? SN_NOMEM(err, "a path") : file_digest(path.data, hex, err);
    if (!rc)
        sn_buf_printf(conf, "%s = %s\n%s.sha256 = %s\n", key, file, key, hex);
    sn_buf_free(&path);
    return rc;
}

static int one_net(const struct sn_random_pack *o, int k, const char *folder, struct sn_buf *conf, struct sn_error *err)
{
    bool segments = k < SN_RANDOM_NETS / 2;
    struct sn_buf path = { 0 };
    char file[64], key[32];
    double shift = 0.0;
    int rc;

    (void)snprintf(file, sizeof file, "%s.snw", sn_random_nets[k].name);
    (void)snprintf(key, sizeof key, "%s.%d", segments ? "segmenter" : "classifier", k % (SN_RANDOM_NETS / 2) + 1);
    sn_buf_printf(&path, "%s/%s", folder, file);
    if (path.failed)
        return SN_NOMEM(err, "a path");
    SN_TRY_OUT(write_net(o, k, 0.0, path.data, err));
    if (segments) {
        SN_TRY_OUT(find_shift(path.data, o->seed, &shift, err));
        SN_TRY_OUT(write_net(o, k, shift, path.data, err));
    }
    rc = pin(conf, folder, key, file, err);
out:
    sn_buf_free(&path);
    return rc;
}

static int write_text(const char *folder, const char *file, const char *text, struct sn_error *err)
{
    struct sn_buf path = { 0 };
    int rc;

    sn_buf_printf(&path, "%s/%s", folder, file);
    rc = path.failed ? SN_NOMEM(err, "a path") : sn_file_write(path.data, text, strlen(text), err);
    sn_buf_free(&path);
    return rc;
}

/* pack.conf comes last: a folder that has one is complete. */
int sn_random_pack_write(const struct sn_random_pack *o, const char *folder, struct sn_error *err)
{
    struct sn_buf conf = { 0 };
    int rc;

    SN_TRY(sn_mkdirs(folder, err));
    sn_buf_printf(&conf,
                  "# written by `sentinode pack --random --seed %llu --width %d --size %d`\nformat = sentinode-pack 1\n"
                  "name = random-demo\nlabel = %s\ntarget = primary tumour\n",
                  (unsigned long long)o->seed, o->width, o->size, label);
    for (int k = 0; k < SN_RANDOM_NETS; k++)
        SN_TRY_OUT(one_net(o, k, folder, &conf, err));
    sn_buf_puts(&conf, "crop.margin_frac = 0.1\nfusion.rule = mean\ndlsig.rule = logit\ndlsig.network = resnet50\n");
    SN_TRY_OUT(write_text(folder, "model.json", logistic_json, err));
    SN_TRY_OUT(pin(&conf, folder, "logistic", "model.json", err));
    rc = conf.failed ? SN_NOMEM(err, "pack.conf") : write_text(folder, "pack.conf", conf.data, err);
out:
    sn_buf_free(&conf);
    return rc;
}
