/* inspect_plan.c: `sentinode inspect MODEL --plan H W`: layer by layer, what would run. */
#include "tools/cli.h"

#include <inttypes.h>
#include <stdio.h>

#include "io/io.h"

static void window(const struct sn_plan_row *r, char *text, size_t n)
{
    size_t k = 0;

    *text = '\0';
    if (r->kh)
        k = (size_t)snprintf(text, n, "%dx%d", r->kh, r->kw);
    if (r->kh && r->stride > 1)
        k += (size_t)snprintf(text + k, n - k, " /%d", r->stride);
    if (r->kh && r->dil > 1)
        (void)snprintf(text + k, n - k, " dil %d", r->dil);
}

static void print_text(const struct sn_net *net, int h, int w, const struct sn_common *c)
{
    const struct sn_net_info *info = sn_net_get_info(net);

    (void)printf("plan      %s (%s) on %d x %d, %s\n\n", info->architecture, info->family, h, w, sn_precision_label(c->precision));
    (void)printf("%4s  %-34s %-14s %-10s %-15s %-15s %9s %10s %10s  kernel\n", "", "layer", "op", "window", "in", "out", "M MAC",
                 "weights B", "output B");
    for (size_t i = 0; i < sn_net_plan_rows(net); i++) {
        struct sn_plan_row r;
        char in[40], out[40], win[40];

        sn_net_plan_row(net, i, &r);
        window(&r, win, sizeof win);
        (void)snprintf(in, sizeof in, "%dx%dx%d", r.ic, r.ih, r.iw);
        (void)snprintf(out, sizeof out, "%dx%dx%d", r.oc, r.oh, r.ow);
        (void)printf("%4zu  %-34s %-14s %-10s %-15s %-15s %9.2f %10zu %10zu  %s%s%s%s\n", i, r.name, r.op, win, in, out,
                     (double)r.macs / 1e6, r.weight_bytes, r.out_bytes, r.kernel, r.upsamples ? " + upsampled input" : "",
                     *r.fused ? " + " : "", r.fused);
    }
    (void)printf("\ntotal     %.3f GMAC\n", (double)sn_net_macs(net) / 1e9);
    (void)printf("memory    activations %zu bytes, packed weights %zu, work space %zu: %zu in all\n", sn_net_arena_bytes(net),
                 sn_net_weight_bytes(net), sn_net_work_bytes(net), sn_net_arena_bytes(net) + sn_net_weight_bytes(net) + sn_net_work_bytes(net));
}

static void json_layer(struct sn_json *j, const struct sn_plan_row *r)
{
    sn_json_object(j);
    sn_json_kv(j, "name", r->name);
    sn_json_kv(j, "op", r->op);
    sn_json_kv(j, "kernel", r->kernel);
    sn_json_kv(j, "fused", r->fused);
    sn_json_kv_bool(j, "upsamples", r->upsamples);
    sn_json_key(j, "in");
    sn_json_array(j);
    sn_json_int(j, r->ic);
    sn_json_int(j, r->ih);
    sn_json_int(j, r->iw);
    sn_json_end_array(j);
    sn_json_key(j, "out");
    sn_json_array(j);
    sn_json_int(j, r->oc);
    sn_json_int(j, r->oh);
    sn_json_int(j, r->ow);
    sn_json_end_array(j);
    if (r->kh) {
        sn_json_kv_int(j, "kh", r->kh);
        sn_json_kv_int(j, "kw", r->kw);
        sn_json_kv_int(j, "stride", r->stride);
        sn_json_kv_int(j, "dilation", r->dil);
    }
    sn_json_kv_int(j, "macs", (int64_t)r->macs);
    sn_json_kv_int(j, "weight_bytes", (int64_t)r->weight_bytes);
    sn_json_kv_int(j, "output_bytes", (int64_t)r->out_bytes);
    sn_json_end_object(j);
}

static int print_json(const struct sn_net *net, int h, int w, const struct sn_common *c, struct sn_error *err)
{
    const struct sn_net_info *info = sn_net_get_info(net);
    struct sn_json j;
    bool failed;

    sn_json_init(&j, 2);
    sn_json_object(&j);
    sn_json_kv(&j, "family", info->family);
    sn_json_kv(&j, "architecture", info->architecture);
    sn_json_kv_int(&j, "height", h);
    sn_json_kv_int(&j, "width", w);
    sn_json_kv(&j, "precision", sn_precision_label(c->precision));
    sn_json_key(&j, "layers");
    sn_json_array(&j);
    for (size_t i = 0; i < sn_net_plan_rows(net); i++) {
        struct sn_plan_row r;

        sn_net_plan_row(net, i, &r);
        json_layer(&j, &r);
    }
    sn_json_end_array(&j);
    sn_json_kv_int(&j, "macs", (int64_t)sn_net_macs(net));
    sn_json_kv_int(&j, "activation_bytes", (int64_t)sn_net_arena_bytes(net));
    sn_json_kv_int(&j, "weight_bytes", (int64_t)sn_net_weight_bytes(net));
    sn_json_kv_int(&j, "work_bytes", (int64_t)sn_net_work_bytes(net));
    sn_json_end_object(&j);
    failed = j.buf.failed;
    if (!failed)
        (void)fputs(j.buf.data, stdout);
    sn_json_free(&j);
    return failed ? SN_NOMEM(err, "the plan") : SN_OK;
}

int sn_inspect_plan(const struct sn_model *m, int h, int w, const struct sn_common *c, struct sn_error *err)
{
    struct sn_net_options opt = sn_cli_net_options(c, NULL);
    struct sn_net *net;
    int rc = SN_OK;

    SN_TRY(sn_net_create(&net, m, h, w, &opt, err));
    if (c->json)
        rc = print_json(net, h, w, c, err);
    else
        print_text(net, h, w, c);
    sn_net_free(net);
    return rc;
}
