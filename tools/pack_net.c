/* pack_net.c: one network of a pack: its file, and how it is fed and read. */
#include "tools/pack.h"

#include <stdio.h>

static const char *const channel_names[] = { "grey", "rgb", "bgr" };
static const char *const output_names[] = { "sigmoid", "softmax" };

const char *sn_channels_name(enum sn_channels c) { return channel_names[c]; }
const char *sn_output_name(enum sn_output o) { return output_names[o]; }

int sn_pack_net_load(struct sn_pack_net *net, const struct sn_pack_source *from, const char *name,
                     struct sn_error *err)
{
    const char *slash = strrchr(name, '/');
    uint8_t digest[32];
    int rc;

    if (!net->file)
        net->file = slash ? slash + 1 : name;
    SN_TRY(sn_pack_get(from, name, &net->bytes, err));
    sn_sha256(net->bytes.data, net->bytes.size, digest);
    sn_hex(digest, sizeof digest, net->sha256);
    rc = sn_model_parse(&net->model, net->bytes.data, net->bytes.size, SN_VERIFY_CRC, err);
    if (!rc)
        rc = sn_net_identify(&net->model, NULL, &net->info, err);
    return rc ? sn_fail_context(err, rc, "%s", net->file) : SN_OK;
}

void sn_pack_net_close(struct sn_pack_net *net)
{
    sn_model_close(&net->model);
    sn_pack_bytes_close(&net->bytes);
    *net = (struct sn_pack_net){ 0 };
}

/* The setting from pack.conf, else from the .snw's metadata, else the general default. */
struct source {
    struct sn_conf *c;
    const char *prefix;
    const struct sn_model *model;
};

static const char *key_of(const struct source *s, const char *field)
{
    return *s->prefix ? sn_conf_key(s->c, "%s.%s", s->prefix, field) : field;
}

static const char *otherwise(const struct source *s, const char *field, const char *general)
{
    const char *meta = sn_model_meta(s->model, field);

    return meta ? meta : general;
}

/* One of n names; 0 after a failure. */
static int choice(const struct source *s, const char *field, const char *general, const char *const *names, int n)
{
    const char *text = sn_conf_string(s->c, key_of(s, field), otherwise(s, field, general));

    if (s->c->rc)
        return 0;
    for (int i = 0; i < n; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    sn_conf_bad(s->c, key_of(s, field), "'%.40s' is not one of the choices", text);
    return 0;
}

/* "WxH", or "N" for a square. */
static void input_size(struct sn_pack_net *net, const struct source *s)
{
    const char *key = key_of(s, "input_size"), *text = sn_conf_string(s->c, key, otherwise(s, "input_size", NULL));
    const char *x;
    double w, h;

    if (s->c->rc)
        return;
    if (!text) {
        sn_conf_bad(s->c, key, "not stated, neither here nor in the metadata of %s", net->file);
        return;
    }
    x = strchr(text, 'x');
    if (!sn_parse_double_n(text, x ? (size_t)(x - text) : strlen(text), &w) || !sn_parse_double(x ? x + 1 : text, &h) ||
        !(w >= 1 && w <= 8192 && h >= 1 && h <= 8192) || w != (double)(uint32_t)w || h != (double)(uint32_t)h) {
        sn_conf_bad(s->c, key, "expected WIDTHxHEIGHT in pixels, at most 8192 each, found '%.40s'", text);
        return;
    }
    net->width = (uint32_t)w;
    net->height = (uint32_t)h;
}

/* One number for all channels, or one for each. */
static void per_channel(double out[3], const struct source *s, const char *field, const char *general, bool positive)
{
    const char *key = key_of(s, field);
    int n = sn_conf_list(s->c, key, otherwise(s, field, general), out, 3);

    if (s->c->rc)
        return;
    if (n == 2)
        sn_conf_bad(s->c, key, "expected one number, or one per channel");
    if (n == 1)
        out[1] = out[2] = out[0];
    for (int i = 0; i < 3; i++)
        if (positive && !(out[i] > 0.0))
            sn_conf_bad(s->c, key, "must be above zero");
}

static void name_setting(struct sn_pack_net *net, const struct source *s)
{
    const char *name = sn_conf_string(s->c, key_of(s, "name"), otherwise(s, "name", net->info.architecture));

    net->name = name;
    if (s->c->rc)
        return;
    if (strlen(name) > 40 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != strlen(name) || !*name)
        sn_conf_bad(s->c, key_of(s, "name"), "letters, digits, '_' and '-' only, at most 40, found '%.60s'", name);
}

void sn_pack_net_settings(struct sn_pack_net *net, struct sn_conf *c, const char *prefix)
{
    static const char *const resizes[] = { "pillow-bilinear", "pillow-bicubic", "torch-bilinear", "opencv-linear",
                                           "nearest" };
    const struct source s = { c, prefix, &net->model };
    bool grey_stem = net->info.in_channels == 1, one = net->info.classes == 1;
    const char *general;

    name_setting(net, &s);
    input_size(net, &s);
    general = *prefix ? sn_conf_string(c, "resize", "pillow-bilinear") : "pillow-bilinear";
    net->resize = (enum sn_resize)choice(&s, "resize", general, resizes, (int)SN_COUNT(resizes));
    net->channels = (enum sn_channels)choice(&s, "channel_order", grey_stem ? "grey" : "rgb", channel_names, 3);
    net->divide = sn_conf_number(c, key_of(&s, "divide"), otherwise(&s, "divide", "255"), 1e-6, 1e6);
    per_channel(net->mean, &s, "mean", "0", false);
    per_channel(net->sd, &s, "std", "1", true);
    net->output = (enum sn_output)choice(&s, "activation", one ? "sigmoid" : "softmax", output_names, 2);
    net->positive = (int)sn_conf_integer(c, key_of(&s, "positive_class"),
                                         otherwise(&s, "positive_class", one ? "0" : "1"), 0, net->info.classes - 1);
    if (net->info.task == SN_TASK_SEGMENT)
        net->threshold = sn_conf_number(c, key_of(&s, "threshold"), otherwise(&s, "threshold", "0.5"), 0.0, 1.0);
    if (net->info.in_channels != 1 && net->info.in_channels != 3)
        sn_conf_bad(c, prefix, "%s takes %d input channels; images have 1 or 3", net->file, net->info.in_channels);
    if (grey_stem && net->channels != SN_CHANNELS_GREY)
        sn_conf_bad(c, key_of(&s, "channel_order"), "%s takes one channel: only grey fits", net->file);
    if (one && net->output == SN_OUTPUT_SOFTMAX)
        sn_conf_bad(c, key_of(&s, "activation"), "softmax of one class is always 1");
    if (net->info.classes < 1 || net->info.classes > SN_PACK_CLASSES)
        sn_conf_bad(c, prefix, "%s has %d classes, at most %d are read", net->file, net->info.classes, SN_PACK_CLASSES);
}

int sn_pack_net_open(struct sn_pack_net *net, const char *path, struct sn_error *err)
{
    const struct sn_pack_source alone = { 0 };
    struct sn_conf c = { 0 };
    const char *slash = strrchr(path, '/'), *meta;
    int rc;

    *net = (struct sn_pack_net){ 0 };
    SN_TRY_OUT(sn_pack_net_load(net, &alone, path, err));
    SN_TRY_OUT(sn_conf_parse(&c, slash ? slash + 1 : path, "", 0, err));
    sn_pack_net_settings(net, &c, "");
    rc = sn_conf_finish(&c);
    meta = sn_model_meta(&net->model, "name");
    net->name = meta ? meta : net->info.architecture; /* outlives c */
out:
    sn_conf_free(&c);
    if (rc)
        sn_pack_net_close(net);
    return rc;
}
