/* cmd_classify.c: one classifier on an image, or on a box of it. */
#include "tools/cli.h"
#include "tools/draw.h"
#include "tools/html.h"
#include "tools/result.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: sentinode classify MODEL.snw IMAGE [--box X Y W H] [--cam CAM.png]\n"
    "\n"
    "Scores an image with one classification network, fed as its metadata states, and prints logits,\n"
    "the positive class's probability and the sum check of the activation map. Research use only.\n"
    "\n"
    "  --box X Y W H  score this part of the upright image, in pixels\n"
    "  --cam FILE     activation map over what was scored, as PNG: red raises the score, blue lowers it\n";

enum { BOX = 'b', CAM = 'c' };

static const struct sn_opt opts[] = { { "--box", BOX, true }, { "--cam", CAM, true }, { NULL, 0, false } };

struct job {
    struct sn_args args;
    const char *model, *image, *cam;
    bool has_box;
    uint32_t box[4];
};

/* Takes the option's value and three more words. */
static bool read_box(struct job *j)
{
    const char *word = j->args.value;

    for (int i = 0; i < 4; i++) {
        double v;

        if (!word || !sn_parse_double(word, &v) || !(v >= (i < 2 ? 0 : 1) && v <= SN_IMAGE_MAX_SIDE) ||
            v != (double)(uint32_t)v)
            return false;
        j->box[i] = (uint32_t)v;
        word = i < 3 ? sn_args_word(&j->args) : NULL;
    }
    j->has_box = true;
    return true;
}

static int cut(const struct job *j, struct sn_input *in, struct sn_error *err)
{
    const uint32_t *b = j->box;
    struct sn_image part = { 0 };

    if (!j->has_box)
        return SN_OK;
    if (b[0] + b[2] > in->rgb.width || b[1] + b[3] > in->rgb.height)
        return SN_FAIL(err, SN_EINVAL, "the box %u,%u %ux%u is not inside the image of %ux%u pixels", b[0], b[1], b[2],
                       b[3], in->rgb.width, in->rgb.height);
    SN_TRY(sn_image_crop(&in->rgb, b[0], b[1], b[2], b[3], &part, err));
    sn_image_free(&in->rgb);
    in->rgb = part;
    part = (struct sn_image){ 0 };
    SN_TRY(sn_image_crop(&in->grey, b[0], b[1], b[2], b[3], &part, err));
    sn_image_free(&in->grey);
    in->grey = part;
    return SN_OK;
}

static int write_cam(const char *path, const struct sn_input *in, const struct sn_cam *cam, struct sn_error *err)
{
    struct sn_image im = { 0 };
    int rc;

    SN_TRY(sn_draw_cam(&in->rgb, cam->map, cam->w, cam->h, sn_cam_limit(cam), &im, err));
    rc = sn_png_write(path, &im, err);
    sn_image_free(&im);
    return rc;
}

static void print_text(const struct job *j, const struct sn_pack_net *pn, const struct sn_cls_result *r)
{
    char a[48], b[48], c[48], d[48];

    (void)printf("%s: p = %s (class %d, %s); logits", pn->name, sn_fixed(r->p, 6, a), pn->positive,
                 sn_output_name(pn->output));
    for (int i = 0; i < pn->info.classes; i++)
        (void)printf(" %s", sn_fixed((double)r->logits[i], 6, a));
    (void)printf("\nactivation map: %s %s = bias %s + mean %s, residual %s\n",
                 r->cam.difference ? "logit difference" : "logit", sn_fixed(r->cam.score, 6, a),
                 sn_fixed(r->cam.bias, 6, b), sn_fixed(r->cam.mean, 6, c), sn_rough(r->cam.residual, d));
    if (sn_cli_precision(&j->args.common))
        (void)printf("precision: %s\n", sn_cli_precision(&j->args.common));
}

static int print_json(const struct job *j, const struct sn_pack_net *pn, const struct sn_cls_result *r,
                      struct sn_error *err)
{
    struct sn_json w;
    int rc;

    sn_json_init(&w, 2);
    sn_json_object(&w);
    sn_json_kv(&w, "image", sn_basename(j->image));
    sn_json_kv_bool(&w, "research_use_only", true);
    sn_json_kv(&w, "precision", sn_precision_label(j->args.common.precision));
    sn_json_kv(&w, "model", pn->file);
    sn_json_kv(&w, "model_sha256", pn->sha256);
    sn_json_key(&w, "logits");
    sn_json_array(&w);
    for (int i = 0; i < pn->info.classes; i++)
        sn_json_number(&w, (double)r->logits[i]);
    sn_json_end_array(&w);
    sn_json_kv_int(&w, "positive_class", pn->positive);
    sn_json_kv_number(&w, "p", r->p);
    sn_json_kv_number(&w, "cam_mean", r->cam.mean);
    sn_json_kv_number(&w, "cam_residual", r->cam.residual);
    sn_json_end_object(&w);
    rc = w.buf.failed ? SN_NOMEM(err, "the summary") : SN_OK;
    if (!rc)
        (void)fputs(w.buf.data, stdout);
    sn_json_free(&w);
    return rc;
}

static int run(const struct job *j, struct sn_net_options opt, struct sn_error *err)
{
    struct sn_pack_net pn = { 0 };
    struct sn_input in = { 0 };
    struct sn_cls_result r = { .p = 0.0 };
    struct sn_net *net = NULL;
    float *room = NULL;
    int rc;

    opt.keep_features = true;
    SN_TRY_OUT(sn_pack_net_open(&pn, j->model, err));
    if (pn.info.task != SN_TASK_CLASSIFY) {
        rc = SN_FAIL(err, SN_EMODEL, "%s is a segmenter", pn.file);
        goto out;
    }
    SN_TRY_OUT(sn_input_read(j->image, sn_basename(j->image), false, &in, err));
    SN_TRY_OUT(cut(j, &in, err));
    SN_TRY_OUT(sn_net_create(&net, &pn.model, (int)pn.height, (int)pn.width, &opt, err));
    room = malloc((size_t)pn.info.in_channels * pn.width * pn.height * sizeof *room);
    if (!room) {
        rc = SN_NOMEM(err, "a network's input");
        goto out;
    }
    SN_TRY_OUT(sn_classify_image(&pn, net, &in.rgb, &in.grey, room, &r, err));
    if (j->cam)
        SN_TRY_OUT(write_cam(j->cam, &in, &r.cam, err));
    if (j->args.common.json)
        rc = print_json(j, &pn, &r, err);
    else
        print_text(j, &pn, &r);
out:
    free(room);
    free(r.features);
    free(r.cam.map);
    sn_net_free(net);
    sn_input_free(&in);
    sn_pack_net_close(&pn);
    return rc;
}

int sn_cmd_classify(int argc, char **argv)
{
    struct job j = { .model = NULL };
    struct sn_error err = { 0 };
    struct sn_pool *pool = NULL;
    int c, rc;

    sn_args_init(&j.args, help, opts, argc, argv);
    while ((c = sn_args_next(&j.args)) != 0) {
        switch (c) {
        case CAM: j.cam = j.args.value; break;
        case BOX:
            if (!read_box(&j))
                return sn_args_usage(&j.args, "--box needs four whole numbers X Y W H, W and H at least 1");
            break;
        case '.':
            if (j.image)
                return sn_args_usage(&j.args, "unexpected argument '%s'", j.args.value);
            *(j.model ? &j.image : &j.model) = j.args.value;
            break;
        default: return sn_args_exit(&j.args);
        }
    }
    if (!j.image)
        return sn_args_usage(&j.args, "give MODEL.snw and IMAGE");
    rc = sn_cli_pool(&j.args.common, &pool, &err);
    if (!rc)
        rc = run(&j, sn_cli_net_options(&j.args.common, pool), &err);
    sn_pool_free(pool);
    return sn_report(&j.args, rc, &err);
}
