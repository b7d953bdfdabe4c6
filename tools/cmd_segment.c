/* cmd_segment.c: the lesion's outline alone: by one network, or by a pack's fused ones. */
#include "tools/cli.h"
#include "tools/draw.h"
#include "tools/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: sentinode segment [--pack PACK | MODEL.snw] IMAGE -o MASK.png [--overlay O.png] [--prob P.npy]\n"
    "\n"
    "Writes the lesion mask (0/255, the size of the upright image). With a pack (default: the one\n"
    "beside or in this program): all segmenters, fused and cleaned, and the quality checks (exit code 1\n"
    "when one fails). With one network: its own mask, uncleaned, at the threshold its metadata states.\n"
    "\n"
    "  -o FILE         mask as PNG\n"
    "  --overlay FILE  the image with the outline, as PNG\n"
    "  --prob FILE     probabilities as .npy, float32 [rows][cols]; one network only\n";

enum { PACK = 'p', OUTPUT = 'o', OVERLAY = 'v', PROB = 'q' };

static const struct sn_opt opts[] = {
    { "--pack", PACK, true }, { "-o,--output", OUTPUT, true }, { "--overlay", OVERLAY, true }, { "--prob", PROB, true },
    { NULL, 0, false },
};

struct job {
    struct sn_args args;
    const char *pack, *model, *image, *mask, *overlay, *prob;
};

static int write_pictures(const struct job *j, const struct sn_input *in, const uint8_t *mask, const struct sn_box *box,
                          struct sn_error *err)
{
    struct sn_image im = { 0 };
    int rc;

    SN_TRY(sn_draw_mask(mask, in->grey.width, in->grey.height, &im, err));
    rc = sn_png_write(j->mask, &im, err);
    sn_image_free(&im);
    if (rc || !j->overlay)
        return rc;
    SN_TRY(sn_draw_overlay(&in->rgb, mask, box, &im, err));
    rc = sn_png_write(j->overlay, &im, err);
    sn_image_free(&im);
    return rc;
}

static int print(const struct job *j, const struct sn_input *in, size_t area, const struct sn_quality *q,
                 struct sn_error *err)
{
    struct sn_json w;
    int rc;

    if (!j->args.common.json) {
        (void)printf("%s: %ux%u pixels, lesion %zu\n", sn_basename(j->image), in->grey.width, in->grey.height, area);
        if (sn_cli_precision(&j->args.common))
            (void)printf("precision: %s\n", sn_cli_precision(&j->args.common));
        for (int i = 0; q && i < q->n; i++)
            (void)printf("needs review: %s\n", q->reason[i].text);
        return SN_OK;
    }
    sn_json_init(&w, 2);
    sn_json_object(&w);
    sn_json_kv(&w, "image", sn_basename(j->image));
    sn_json_kv_bool(&w, "research_use_only", true);
    sn_json_kv(&w, "precision", sn_precision_label(j->args.common.precision));
    sn_json_kv_int(&w, "width", in->grey.width);
    sn_json_kv_int(&w, "height", in->grey.height);
    sn_json_kv_int(&w, "area_px", (int64_t)area);
    if (q) {
        sn_json_kv_bool(&w, "review", q->n > 0);
        sn_json_key(&w, "reasons");
        sn_json_array(&w);
        for (int i = 0; i < q->n; i++)
            sn_json_string(&w, q->reason[i].code);
        sn_json_end_array(&w);
    }
    sn_json_end_object(&w);
    rc = w.buf.failed ? SN_NOMEM(err, "the summary") : SN_OK;
    if (!rc)
        (void)fputs(w.buf.data, stdout);
    sn_json_free(&w);
    return rc;
}

static int with_pack(const struct job *j, const struct sn_net_options *opt, bool *review, struct sn_error *err)
{
    struct sn_pack pack = { 0 };
    struct sn_pipeline *p = NULL;
    struct sn_analysis a = { 0 };
    int rc;

    SN_TRY(sn_pack_open(&pack, j->pack, err));
    sn_note(&j->args, "pack %s (%s): %s", pack.name, pack.origin, pack.label);
    SN_TRY_OUT(sn_pipeline_create(&p, &pack, opt, true, err));
    SN_TRY_OUT(sn_pipeline_run(p, j->image, sn_basename(j->image), false, &a, err));
    SN_TRY_OUT(write_pictures(j, &a.in, a.mask, a.found ? &a.box : NULL, err));
    *review = a.quality.n > 0;
    rc = print(j, &a.in, a.clean.area, &a.quality, err);
out:
    sn_analysis_free(&a);
    sn_pipeline_free(p);
    sn_pack_close(&pack);
    return rc;
}

static int with_model(const struct job *j, const struct sn_net_options *opt, struct sn_error *err)
{
    struct sn_pack_net pn = { 0 };
    struct sn_input in = { 0 };
    struct sn_seg_result r = { .mask = NULL };
    struct sn_net *net = NULL;
    size_t shape[2];
    float *p = NULL;
    int rc;

    SN_TRY_OUT(sn_pack_net_open(&pn, j->model, err));
    if (pn.info.task != SN_TASK_SEGMENT) {
        rc = SN_FAIL(err, SN_EMODEL, "%s is a classifier", pn.file);
        goto out;
    }
    SN_TRY_OUT(sn_input_read(j->image, sn_basename(j->image), false, &in, err));
    SN_TRY_OUT(sn_net_create(&net, &pn.model, (int)pn.height, (int)pn.width, opt, err));
    shape[0] = in.grey.height;
    shape[1] = in.grey.width;
    p = malloc(shape[0] * shape[1] * sizeof *p);
    if (!p) {
        rc = SN_NOMEM(err, "a probability map");
        goto out;
    }
    SN_TRY_OUT(sn_segment_image(&pn, net, &in, true, SN_RESIZE_TORCH_BILINEAR, p, &r, err));
    SN_TRY_OUT(write_pictures(j, &in, r.mask, NULL, err));
    if (j->prob)
        SN_TRY_OUT(sn_npy_write(j->prob, SN_NPY_F4, 2, shape, p, err));
    rc = print(j, &in, r.area, NULL, err);
out:
    free(p);
    free(r.mask);
    sn_net_free(net);
    sn_input_free(&in);
    sn_pack_net_close(&pn);
    return rc;
}

int sn_cmd_segment(int argc, char **argv)
{
    struct job j = { .pack = NULL };
    struct sn_error err = { 0 };
    struct sn_pool *pool = NULL;
    struct sn_net_options opt;
    bool review = false;
    int c, rc;

    sn_args_init(&j.args, help, opts, argc, argv);
    while ((c = sn_args_next(&j.args)) != 0) {
        switch (c) {
        case PACK: j.pack = j.args.value; break;
        case OUTPUT: j.mask = j.args.value; break;
        case OVERLAY: j.overlay = j.args.value; break;
        case PROB: j.prob = j.args.value; break;
        case '.':
            if (!j.image) {
                j.image = j.args.value;
            } else if (!j.model) { /* MODEL IMAGE */
                j.model = j.image;
                j.image = j.args.value;
            } else {
                return sn_args_usage(&j.args, "unexpected argument '%s'", j.args.value);
            }
            break;
        default: return sn_args_exit(&j.args);
        }
    }
    if (!j.mask)
        return sn_args_usage(&j.args, "-o MASK.png is missing");
    if (!j.image || (j.pack && j.model))
        return sn_args_usage(&j.args, "give one image, with --pack PACK or with MODEL.snw");
    if (!j.model && j.prob)
        return sn_args_usage(&j.args, "--prob works with one network");
    rc = sn_cli_pool(&j.args.common, &pool, &err);
    if (!rc) {
        opt = sn_cli_net_options(&j.args.common, pool);
        rc = j.model ? with_model(&j, &opt, &err) : with_pack(&j, &opt, &review, &err);
        sn_pool_free(pool);
    }
    return rc ? sn_report(&j.args, rc, &err) : review;
}
