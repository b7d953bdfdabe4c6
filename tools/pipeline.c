/* pipeline.c: pixels to maps to mask to region to scores, in this order. */
#include "tools/pipeline.h"

#include <stdlib.h>

struct sn_pipeline {
    const struct sn_pack *pack;
    struct sn_net *seg[SN_PACK_NETS], *cls[SN_PACK_NETS];
    float *in; /* holds the largest network input */
};

static size_t input_elements(const struct sn_pack_net *n) { return (size_t)n->info.in_channels * n->width * n->height; }

static int compile(struct sn_net **net, const struct sn_pack_net *n, const struct sn_net_options *opt,
                   struct sn_error *err)
{
    int rc = sn_net_create(net, &n->model, (int)n->height, (int)n->width, opt, err);

    return rc ? sn_fail_context(err, rc, "%s", n->file) : SN_OK;
}

static int compile_all(struct sn_pipeline *p, const struct sn_net_options *opt, bool segment_only, struct sn_error *err)
{
    const struct sn_pack *pack = p->pack;
    struct sn_net_options keep = *opt;
    size_t most = 1;

    for (int i = 0; i < pack->n_seg; i++) {
        most = SN_MAX(most, input_elements(&pack->seg[i]));
        SN_TRY(compile(&p->seg[i], &pack->seg[i], opt, err));
    }
    keep.keep_features = true;
    for (int i = 0; i < pack->n_cls && !segment_only; i++) {
        most = SN_MAX(most, input_elements(&pack->cls[i]));
        SN_TRY(compile(&p->cls[i], &pack->cls[i], &keep, err));
    }
    p->in = malloc(most * sizeof *p->in);
    return p->in ? SN_OK : SN_NOMEM(err, "network inputs");
}

int sn_pipeline_create(struct sn_pipeline **out, const struct sn_pack *pack, const struct sn_net_options *opt,
                       bool segment_only, struct sn_error *err)
{
    struct sn_pipeline *p = calloc(1, sizeof *p);
    int rc;

    *out = NULL;
    if (!p)
        return SN_NOMEM(err, "the pipeline");
    p->pack = pack;
    rc = compile_all(p, opt, segment_only, err);
    if (rc)
        sn_pipeline_free(p);
    else
        *out = p;
    return rc;
}

void sn_pipeline_free(struct sn_pipeline *p)
{
    if (!p)
        return;
    for (int i = 0; i < SN_PACK_NETS; i++) {
        sn_net_free(p->seg[i]);
        sn_net_free(p->cls[i]);
    }
    free(p->in);
    free(p);
}

void sn_analysis_free(struct sn_analysis *a)
{
    sn_input_free(&a->in);
    for (int i = 0; i < SN_PACK_NETS; i++) {
        free(a->seg[i].mask);
        free(a->cls[i].features);
        free(a->cls[i].cam.map);
    }
    free(a->mask);
    free(a->fused);
    sn_image_free(&a->crop);
    *a = (struct sn_analysis){ 0 };
}

/* ---- segmentation -------------------------------------------------------------------------- */

/* Each of `planes` [ih][iw] to [oh][ow]. */
static int resize_planes(const float *in, uint32_t iw, uint32_t ih, float *out, uint32_t ow, uint32_t oh, int planes,
                         enum sn_resize rule, struct sn_error *err)
{
    for (int c = 0; c < planes; c++)
        SN_TRY(sn_resize_f32(in + (size_t)c * iw * ih, iw, ih, out + (size_t)c * ow * oh, ow, oh, rule, err));
    return SN_OK;
}

/* Logits to the probability of the lesion, pixel by pixel. */
static void probabilities(const struct sn_pack_net *pn, const struct sn_net *net, const float *logits, size_t n, float *p)
{
    if (pn->output == SN_OUTPUT_SIGMOID)
        sn_net_sigmoid(net, logits + (size_t)pn->positive * n, p, n);
    else
        sn_output_probability(pn, logits, n, p);
}

static int map_to_image(const struct sn_pack_net *pn, const struct sn_net *net, const float *logits, uint32_t w, uint32_t h, bool map_logits,
                        enum sn_resize rule, float *p, struct sn_error *err)
{
    size_t small = (size_t)pn->width * pn->height, large = (size_t)w * h, n;
    int planes = map_logits ? pn->info.classes : 1, rc;
    float *tmp;

    SN_TRY(sn_size_mul3(&n, map_logits ? large : small, (size_t)planes, sizeof *tmp, err));
    tmp = malloc(n);
    if (!tmp)
        return SN_NOMEM(err, "a probability map");
    if (map_logits) {
        rc = resize_planes(logits, pn->width, pn->height, tmp, w, h, planes, rule, err);
        if (!rc)
            probabilities(pn, net, tmp, large, p);
    } else {
        probabilities(pn, net, logits, small, tmp);
        rc = resize_planes(tmp, pn->width, pn->height, p, w, h, 1, rule, err);
        for (size_t i = 0; i < large && !rc; i++) /* rounding may leave [0, 1] by one unit */
            p[i] = p[i] < 0.0f ? 0.0f : p[i] > 1.0f ? 1.0f : p[i];
    }
    free(tmp);
    return rc;
}

static int segment(const struct sn_pack_net *pn, struct sn_net *net, const struct sn_input *img, bool map_logits,
                   enum sn_resize rule, float *in, float *p, struct sn_seg_result *r, struct sn_error *err)
{
    size_t npix = (size_t)img->grey.width * img->grey.height, n;
    float *logits = NULL;
    int c, h, w, rc;

    sn_net_output_shape(net, &c, &h, &w);
    if (c != pn->info.classes || (uint32_t)h != pn->height || (uint32_t)w != pn->width)
        return SN_FAIL(err, SN_EMODEL, "%s: gives %d maps of %dx%d pixels for an input of %ux%u", pn->file, c, w, h,
                       pn->width, pn->height);
    SN_TRY(sn_size_mul3(&n, (size_t)c, (size_t)h, (size_t)w, err));
    logits = malloc(n * sizeof *logits);
    r->mask = malloc(npix);
    if (!logits || !r->mask) {
        rc = SN_NOMEM(err, "a mask");
        goto out;
    }
    SN_TRY_OUT(sn_input_tensor(pn, &img->rgb, &img->grey, in, err));
    sn_digest_f32(in, input_elements(pn), r->input_sha256);
    SN_TRY_OUT(sn_net_run(net, in, logits, err));
    sn_digest_f32(logits, n, r->logits_sha256);
    SN_TRY_OUT(map_to_image(pn, net, logits, img->grey.width, img->grey.height, map_logits, rule, p, err));
    sn_digest_f32(p, npix, r->probability_sha256);
    r->area = 0;
    for (size_t i = 0; i < npix; i++) {
        r->mask[i] = (double)p[i] >= pn->threshold;
        r->area += r->mask[i];
    }
out:
    free(logits);
    return rc ? sn_fail_context(err, rc, "%s", pn->name) : SN_OK;
}

int sn_segment_image(const struct sn_pack_net *pn, struct sn_net *net, const struct sn_input *img, bool map_logits,
                     enum sn_resize rule, float *p, struct sn_seg_result *r, struct sn_error *err)
{
    float *in = malloc(input_elements(pn) * sizeof *in);
    int rc;

    if (!in)
        return SN_NOMEM(err, "network inputs");
    rc = segment(pn, net, img, map_logits, rule, in, p, r, err);
    free(in);
    return rc;
}

/* All segmenters, then one map of them. */
static int fuse(struct sn_pipeline *p, struct sn_analysis *a, struct sn_error *err)
{
    const struct sn_pack *pack = p->pack;
    const float *maps[SN_PACK_NETS];
    size_t npix = (size_t)a->in.grey.width * a->in.grey.height, n;
    float *room;
    int rc = SN_OK;

    SN_TRY(sn_size_mul3(&n, npix, (size_t)pack->n_seg, sizeof *room, err));
    room = malloc(n);
    a->mask = malloc(npix);
    a->fused = malloc(npix * sizeof *a->fused);
    if (!room || !a->mask || !a->fused) {
        free(room);
        return SN_NOMEM(err, "probability maps");
    }
    for (int i = 0; i < pack->n_seg; i++) {
        float *map = room + (size_t)i * npix;

        SN_TRY_OUT(
            segment(&pack->seg[i], p->seg[i], &a->in, pack->map_logits, pack->map_resize, p->in, map, &a->seg[i], err));
        maps[i] = map;
    }
    SN_TRY_OUT(sn_fuse_maps(&pack->fuse, pack->n_seg, maps, npix, a->fused, a->mask, &a->staple, err));
    sn_digest_f32(a->fused, npix, a->fused_sha256);
    for (size_t i = 0; i < npix; i++)
        a->fused_area += a->mask[i];
out:
    free(room);
    return rc;
}

/* What the reader saw in the file becomes reasons to look. */
static void input_quality(const struct sn_input *in, struct sn_quality *q)
{
    if (in->warnings & SN_WARN_FRAMES)
        sn_quality_add(q, "several-frames", "the file holds several frames and none was asked for: the middle one was used");
    if (in->warnings & SN_WARN_REGIONS)
        sn_quality_add(q, "several-panes", "the image shows several panes: the largest one was used");
    if (in->warnings & SN_WARN_COLOUR)
        sn_quality_add(q, "colour", "there is colour in the ultrasound picture, as of Doppler or elastography");
    if (in->warnings & SN_WARN_MARKS)
        sn_quality_add(q, "marks", "there are callipers, text or other graphics in the ultrasound picture");
    if (in->warnings & SN_WARN_SPACING)
        sn_quality_add(q, "spacing", "the file's statements about physical scale are doubtful");
    if (in->warnings & SN_WARN_DAMAGED)
        sn_quality_add(q, "damaged", "the file is damaged: parts of the picture are missing or made up");
}

static int find_lesion(struct sn_pipeline *p, struct sn_analysis *a, struct sn_error *err)
{
    const struct sn_pack *pack = p->pack;
    const uint8_t *masks[SN_PACK_NETS];
    int w = (int)a->in.grey.width, h = (int)a->in.grey.height;
    size_t npix = (size_t)w * (size_t)h;

    SN_TRY(fuse(p, a, err));
    SN_TRY(sn_mask_clean(a->mask, w, h, &pack->clean, &a->clean, err));
    sn_digest_bytes(a->mask, npix, a->mask_sha256);
    for (int i = 0; i < pack->n_seg; i++) {
        masks[i] = a->seg[i].mask;
        for (int k = 0; k < i; k++)
            a->dice[i][k] = a->dice[k][i] = sn_mask_dice(masks[i], masks[k], npix);
    }
    input_quality(&a->in, &a->quality);
    sn_quality_check(&pack->quality, &a->in.grey, a->mask, &a->clean, pack->n_seg, masks, &a->quality);
    a->found = sn_mask_box(a->mask, w, h, &a->tight);
    if (!a->found)
        return SN_OK;
    sn_region_box(&a->tight, w, h, &pack->region, &a->box);
    SN_TRY(sn_region_crop(&a->in.rgb, a->mask, &a->box, &pack->region, &a->crop, err));
    sn_digest_bytes(a->crop.data, (size_t)a->crop.width * a->crop.height * 3, a->crop_sha256);
    return SN_OK;
}

int sn_pipeline_run(struct sn_pipeline *p, const char *path, const char *name, bool lenient, struct sn_analysis *a,
                    struct sn_error *err)
{
    const struct sn_pack *pack = p->pack;
    struct sn_image grey = { 0 };
    int rc;

    *a = (struct sn_analysis){ 0 };
    SN_TRY(sn_input_read(path, name, lenient, &a->in, err));
    SN_TRY_OUT(find_lesion(p, a, err));
    if (a->found && p->cls[0]) {
        SN_TRY_OUT(sn_region_crop(&a->in.grey, a->mask, &a->box, &pack->region, &grey, err));
        for (int i = 0; i < pack->n_cls; i++)
            SN_TRY_OUT(sn_classify_image(&pack->cls[i], p->cls[i], &a->crop, &grey, p->in, &a->cls[i], err));
    }
out:
    sn_image_free(&grey);
    if (rc) {
        sn_analysis_free(a);
        rc = sn_fail_context(err, rc, "%s", name);
    }
    return rc;
}
