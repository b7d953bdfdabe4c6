/* dicom_out.c: one case's result as DICOM objects beside its other files. */
#include <stdio.h>
#include <stdlib.h>

#include "io/dicom_make.h"
#include "tools/draw.h"
#include "tools/html.h"
#include "tools/result.h"

struct job {
    const struct sn_report *r;
    struct sn_case_files *f;
    struct sn_dicom_source source;
    struct sn_dicom_maker maker;
    struct sn_dicom_context c;
    struct sn_dicom_object seg;
};

/* The file's bytes go to the case's files; the rest of the object stays with the caller. */
static void add(struct job *j, const char *name, struct sn_dicom_object *o)
{
    sn_case_next_file(j->f, name)->data = o->file;
    o->file = (struct sn_buf){ 0 };
}

static int add_segmentations(struct job *j, struct sn_error *err)
{
    const struct sn_analysis *a = j->r->a;
    const struct sn_pack *pack = j->r->pack;
    struct sn_dicom_mask mask = { a->in.frame, a->mask, a->fused };
    char description[300];
    struct sn_dicom_seg seg = { .x = a->in.x,
                                .y = a->in.y,
                                .width = a->in.grey.width,
                                .height = a->in.grey.height,
                                .n = 1,
                                .masks = &mask,
                                .description = description };
    struct sn_dicom_object probability;

    (void)snprintf(description, sizeof description, "%d networks, maps combined by %s, cut at %.6g, cleaned",
                   pack->n_seg, sn_fuse_name(pack->fuse.rule), pack->fuse.cut);
    SN_TRY(sn_dicom_make_seg(&j->c, &seg, &j->seg, err));
    add(j, "seg.dcm", &j->seg);
    seg.fractional = true;
    (void)snprintf(description, sizeof description, "%d networks, maps combined by %s, before cutting and cleaning",
                   pack->n_seg, sn_fuse_name(pack->fuse.rule));
    SN_TRY(sn_dicom_make_seg(&j->c, &seg, &probability, err));
    add(j, "probability.dcm", &probability);
    return SN_OK;
}

static int add_overlay(struct job *j, struct sn_error *err)
{
    const struct sn_analysis *a = j->r->a;
    const struct sn_risk *risk = j->r->risk;
    char made[120], result[80] = "NO LESION OUTLINED", number[48];
    const char *review = risk->review ? ", NEEDS REVIEW" : "";
    const char *const lines[] = { SN_DICOM_NOTICE, "NOT FOR DIAGNOSIS", made, result, sn_cli_precision(j->r->common) };
    struct sn_dicom_sc sc = { .frame = a->in.frame,
                              .description = "Outline of the lesion and crop box drawn into the image" };
    struct sn_image overlay = { .data = NULL }, picture = { .data = NULL };
    struct sn_dicom_object o;
    int rc;

    (void)snprintf(made, sizeof made, "SENTINODE %s, PACK %.60s", SN_VERSION, j->r->pack->name);
    if (risk->has_risk)
        (void)snprintf(result, sizeof result, "RISK %s %%%s", sn_fixed(100.0 * risk->risk, 1, number), review);
    else if (a->found)
        (void)snprintf(result, sizeof result, "LESION OUTLINED%s", review);
    SN_TRY_OUT(sn_draw_overlay(&a->in.rgb, a->mask, a->found ? &a->box : NULL, &overlay, err));
    SN_TRY_OUT(sn_draw_caption(&overlay, lines, SN_COUNT(lines) - !lines[4], &picture, err));
    sc.rgb = &picture;
    memcpy(sc.spacing_mm, a->in.spacing_mm, sizeof sc.spacing_mm);
    SN_TRY_OUT(sn_dicom_make_sc(&j->c, &sc, &o, err));
    add(j, "overlay.dcm", &o);
out:
    sn_image_free(&overlay);
    sn_image_free(&picture);
    return rc;
}

/* In mm where the image has a scale, else in pixels. */
static int measure(const struct sn_analysis *a, struct sn_dicom_measure *m, struct sn_error *err)
{
    static const double pixel[2] = { 1.0, 1.0 };
    const double *mm = a->in.spacing_mm;
    struct sn_size_mm s;

    m->in_mm = mm[0] > 0.0 && mm[1] > 0.0;
    SN_TRY(sn_mask_size_mm(a->mask, a->in.grey.width, &a->tight, m->in_mm ? mm : pixel, &s, err));
    m->long_axis = s.longest;
    m->short_axis = s.across;
    m->area = s.area;
    return SN_OK;
}

static int add_report(struct job *j, struct sn_error *err)
{
    const struct sn_analysis *a = j->r->a;
    const struct sn_risk *risk = j->r->risk;
    struct sn_dicom_sr sr = { .frame = a->in.frame,
                              .seg = &j->seg,
                              .found = a->found,
                              .has_signature = risk->has_sig,
                              .signature = risk->dl_sig,
                              .has_risk = risk->has_risk,
                              .risk = risk->risk };
    const struct sn_quality *const reasons[] = { &a->quality, &risk->quality };
    struct sn_buf review = { 0 };
    struct sn_dicom_object o;
    int rc;

    if (risk->has_risk)
        sr.risk_of = j->r->pack->logistic.outcome;
    for (size_t k = 0; k < SN_COUNT(reasons); k++)
        for (int i = 0; i < reasons[k]->n; i++)
            sn_buf_printf(&review, "%s%s", review.len ? "; " : "", reasons[k]->reason[i].text);
    if (review.failed) {
        rc = SN_NOMEM(err, "reasons");
        goto out;
    }
    sr.review = review.data;
    if (a->found)
        SN_TRY_OUT(measure(a, &sr.measure, err));
    SN_TRY_OUT(sn_dicom_make_sr(&j->c, &sr, &o, err));
    add(j, "report.dcm", &o);
out:
    sn_buf_free(&review);
    return rc;
}

/* All four, from a source that is known to be fit. */
static int make_all(struct job *j, struct sn_error *err)
{
    const struct sn_pack *pack = j->r->pack;

    j->maker = (struct sn_dicom_maker){ pack->name, pack->conf_sha256, pack->label, sn_cli_precision(j->r->common) };
    j->c = (struct sn_dicom_context){ &j->source, &j->maker,
                                      strcmp(pack->target, "lymph node") == 0 ? SN_DICOM_LYMPH_NODE
                                                                              : SN_DICOM_BREAST_LESION };
    SN_TRY(add_segmentations(j, err));
    SN_TRY(add_overlay(j, err));
    return add_report(j, err);
}

/* The file once more: it must still be the one that was analysed. */
static int reopen(const struct sn_report *r, struct sn_map *map, struct sn_dicom *d, struct sn_error *err)
{
    char hex[SN_SHA256_HEX];
    long frame;
    int rc;

    SN_TRY(sn_input_open(r->row->path, r->row->image, map, &frame, err));
    sn_digest_bytes(map->data, map->size, hex);
    if (strcmp(hex, r->a->in.sha256) != 0)
        rc = SN_FAIL(err, SN_EIO, "%s: changed while it was analysed", r->row->image);
    else
        rc = sn_dicom_parse(map->data, map->size, d, err);
    if (rc)
        sn_map_close(map);
    return rc;
}

int sn_case_dicom(const struct sn_report *r, struct sn_case_files *f, struct sn_error *err)
{
    struct job j = { .r = r, .f = f };
    struct sn_error why = { 0 };
    struct sn_map map = { 0 };
    struct sn_dicom d = { 0 };
    int rc;

    if (strcmp(r->a->in.format, "dicom") != 0) {
        (void)snprintf(f->no_dicom, sizeof f->no_dicom,
                       "the input is %s, not DICOM: there is no patient, study or image to refer to", r->a->in.format);
        return SN_OK;
    }
    SN_TRY(reopen(r, &map, &d, err));
    rc = sn_dicom_source_read(&j.source, &d, &why);
    if (rc) {
        (void)snprintf(f->no_dicom, sizeof f->no_dicom, "%.190s", why.msg);
        rc = SN_OK;
    } else {
        rc = make_all(&j, err);
    }
    sn_dicom_object_free(&j.seg);
    sn_dicom_free(&d);
    sn_map_close(&map);
    return rc;
}
