/* classify.c: scores of one classifier on a cropped lesion, and where in the crop they come from. */
#include "tools/pipeline.h"

#include <stdlib.h>

/* w_k of the decomposed score: the positive class's row, or the difference of two rows. */
static double head_weight(const struct sn_pack_net *pn, const float *weight, size_t features, bool difference, size_t k)
{
    double w = (double)weight[(size_t)pn->positive * features + k];

    return difference ? w - (double)weight[(size_t)(1 - pn->positive) * features + k] : w;
}

static void fill_cam(const struct sn_pack_net *pn, const float *f, size_t features, const float *weight,
                     const float *bias, struct sn_cls_result *r)
{
    struct sn_cam *cam = &r->cam;
    size_t n = (size_t)cam->h * (size_t)cam->w;
    int pos = pn->positive;
    double sum = 0.0;

    cam->difference = pn->output == SN_OUTPUT_SOFTMAX && pn->info.classes == 2;
    cam->score = (double)r->logits[pos];
    cam->bias = (double)bias[pos];
    if (cam->difference) {
        cam->score -= (double)r->logits[1 - pos];
        cam->bias -= (double)bias[1 - pos];
    }
    for (size_t i = 0; i < n; i++) {
        double v = 0.0;

        for (size_t k = 0; k < features; k++)
            v += head_weight(pn, weight, features, cam->difference, k) * (double)f[k * n + i];
        cam->map[i] = (float)v;
        cam->low = i == 0 || v < cam->low ? v : cam->low;
        cam->high = i == 0 || v > cam->high ? v : cam->high;
        sum += v;
    }
    cam->mean = sum / (double)n;
    cam->residual = cam->score - cam->bias - cam->mean;
    sn_digest_f32(cam->map, n, cam->sha256);
}

/* Pooled features, summed as global pooling does: rows in double, rows in order. */
static void pool(const float *f, size_t features, int h, int w, double *out)
{
    for (size_t k = 0; k < features; k++) {
        double total = 0.0;

        for (int y = 0; y < h; y++) {
            double row = 0.0;

            for (int x = 0; x < w; x++)
                row += (double)f[(k * (size_t)h + (size_t)y) * (size_t)w + (size_t)x];
            total += row;
        }
        out[k] = total / ((double)h * (double)w);
    }
}

static int explain(const struct sn_pack_net *pn, struct sn_net *net, struct sn_cls_result *r, struct sn_error *err)
{
    const float *weight, *bias;
    float *f;
    size_t n;
    int c, h, w, rc;

    if (!sn_net_features(net, &c, &h, &w) || !sn_net_head(net, &weight, &bias))
        return SN_FAIL(err, SN_EMODEL, "does not end in global pooling and one linear layer: no activation map");
    SN_TRY(sn_size_mul3(&n, (size_t)c, (size_t)h, (size_t)w, err));
    f = malloc(n * sizeof *f);
    r->n_features = (size_t)c;
    r->features = malloc((size_t)c * sizeof *r->features);
    r->cam.h = h;
    r->cam.w = w;
    r->cam.map = malloc((size_t)h * (size_t)w * sizeof *r->cam.map);
    if (!f || !r->features || !r->cam.map) {
        free(f);
        return SN_NOMEM(err, "an activation map");
    }
    rc = sn_net_get_features(net, f, err);
    if (!rc) {
        pool(f, (size_t)c, h, w, r->features);
        fill_cam(pn, f, (size_t)c, weight, bias, r);
    }
    free(f);
    return rc;
}

int sn_classify_image(const struct sn_pack_net *pn, struct sn_net *net, const struct sn_image *rgb,
                      const struct sn_image *grey, float *in, struct sn_cls_result *r, struct sn_error *err)
{
    int c, h, w, rc;

    sn_net_output_shape(net, &c, &h, &w);
    if (c != pn->info.classes || c > SN_PACK_CLASSES || h != 1 || w != 1)
        return SN_FAIL(err, SN_EMODEL, "%s: gives %d maps of %dx%d, expected %d scores", pn->file, c, w, h,
                       pn->info.classes);
    SN_TRY_OUT(sn_input_tensor(pn, rgb, grey, in, err));
    sn_digest_f32(in, (size_t)pn->info.in_channels * pn->width * pn->height, r->input_sha256);
    SN_TRY_OUT(sn_net_run(net, in, r->logits, err));
    r->p = sn_output_one(pn, r->logits, 1, 0);
    rc = explain(pn, net, r, err);
out:
    return rc ? sn_fail_context(err, rc, "%s", pn->name) : SN_OK;
}
