/*
 * result_json.c: result.json, every input, setting and intermediate number (tools/README.md). All
 * keys but "run" depend on pack, image and clinical values only, never on the machine.
 */
#include "tools/html.h"
#include "tools/result.h"

#include <math.h>

static void put_image(struct sn_json *j, const struct sn_report *r)
{
    const struct sn_input *in = &r->a->in;

    sn_json_key(j, "input");
    sn_json_object(j);
    sn_json_kv(j, "file", r->row->image);
    sn_json_kv(j, "sha256", in->sha256);
    sn_json_kv_int(j, "bytes", (int64_t)in->bytes);
    sn_json_kv(j, "format", in->format);
    sn_json_kv(j, "detail", in->detail);
    sn_json_kv_int(j, "stored_width", in->width);
    sn_json_kv_int(j, "stored_height", in->height);
    sn_json_kv_int(j, "channels", in->channels);
    sn_json_kv_int(j, "depth", in->depth);
    sn_json_kv_int(j, "orientation", in->orientation);
    sn_json_key(j, "spacing_mm");
    if (in->spacing_mm[0] > 0.0) {
        sn_json_array(j);
        sn_json_number(j, in->spacing_mm[0]);
        sn_json_number(j, in->spacing_mm[1]);
        sn_json_end_array(j);
    } else {
        sn_json_null(j);
    }
    sn_json_kv(j, "pixels_sha256", in->pixels_sha256);
    sn_json_kv_int(j, "width", in->grey.width);
    sn_json_kv_int(j, "height", in->grey.height);
    sn_json_end_object(j);
}

static void put_doubles(struct sn_json *j, const char *key, const double *v, int n)
{
    sn_json_key(j, key);
    sn_json_array(j);
    for (int i = 0; i < n; i++)
        sn_json_number(j, v[i]);
    sn_json_end_array(j);
}

/* What both kinds of network have in common. */
static void put_net(struct sn_json *j, const struct sn_pack_net *n)
{
    sn_json_kv(j, "name", n->name);
    sn_json_kv(j, "file", n->file);
    sn_json_kv(j, "sha256", n->sha256);
    sn_json_kv(j, "family", n->info.family);
    sn_json_kv(j, "architecture", n->info.architecture);
    sn_json_kv_int(j, "classes", n->info.classes);
    sn_json_kv(j, "trained_on", sn_model_meta(&n->model, "trained_on"));
    sn_json_kv(j, "model_notice", sn_model_meta(&n->model, "notice"));
    sn_json_kv_int(j, "input_width", n->width);
    sn_json_kv_int(j, "input_height", n->height);
    sn_json_kv(j, "resize", sn_resize_name(n->resize));
    sn_json_kv(j, "channel_order", sn_channels_name(n->channels));
    sn_json_kv_number(j, "divide", n->divide);
    put_doubles(j, "mean", n->mean, n->info.in_channels);
    put_doubles(j, "std", n->sd, n->info.in_channels);
    sn_json_kv(j, "activation", sn_output_name(n->output));
    sn_json_kv_int(j, "positive_class", n->positive);
}

static void put_segmenters(struct sn_json *j, const struct sn_report *r)
{
    sn_json_key(j, "segmenters");
    sn_json_array(j);
    for (int i = 0; i < r->pack->n_seg; i++) {
        const struct sn_seg_result *s = &r->a->seg[i];

        sn_json_object(j);
        put_net(j, &r->pack->seg[i]);
        sn_json_kv_number(j, "threshold", r->pack->seg[i].threshold);
        sn_json_kv(j, "input_sha256", s->input_sha256);
        sn_json_kv(j, "logits_sha256", s->logits_sha256);
        sn_json_kv(j, "probability_sha256", s->probability_sha256);
        sn_json_kv_int(j, "area_px", (int64_t)s->area);
        sn_json_end_object(j);
    }
    sn_json_end_array(j);
}

static void put_staple(struct sn_json *j, const struct sn_report *r)
{
    const struct sn_staple *s = &r->a->staple;

    sn_json_key(j, "staple");
    sn_json_object(j);
    put_doubles(j, "sensitivity", s->sensitivity, r->pack->n_seg);
    put_doubles(j, "specificity", s->specificity, r->pack->n_seg);
    sn_json_kv_number(j, "prior", s->prior);
    sn_json_kv_int(j, "iterations", s->iterations);
    sn_json_kv_bool(j, "converged", s->converged);
    sn_json_end_object(j);
}

static void put_fusion(struct sn_json *j, const struct sn_report *r)
{
    const struct sn_fuse *f = &r->pack->fuse;
    const struct sn_clean_report *c = &r->a->clean;

    sn_json_key(j, "fusion");
    sn_json_object(j);
    sn_json_kv(j, "rule", sn_fuse_name(f->rule));
    sn_json_kv_number(j, "cut", f->cut);
    if (f->rule == SN_FUSE_STAPLE)
        put_staple(j, r);
    sn_json_kv(j, "probability_sha256", r->a->fused_sha256);
    sn_json_kv_int(j, "area_px", (int64_t)r->a->fused_area);
    sn_json_end_object(j);
    sn_json_key(j, "cleaning");
    sn_json_object(j);
    sn_json_kv_int(j, "components", c->components);
    sn_json_kv_int(j, "removed_px", (int64_t)c->removed);
    sn_json_kv_int(j, "filled_px", (int64_t)c->filled);
    sn_json_kv_int(j, "area_px", (int64_t)c->area);
    sn_json_kv(j, "mask_sha256", r->a->mask_sha256);
    sn_json_end_object(j);
    sn_json_key(j, "agreement");
    sn_json_array(j);
    for (int i = 0; i < r->pack->n_seg; i++)
        for (int k = i + 1; k < r->pack->n_seg; k++) {
            sn_json_object(j);
            sn_json_kv(j, "a", r->pack->seg[i].name);
            sn_json_kv(j, "b", r->pack->seg[k].name);
            sn_json_kv_number(j, "dice", r->a->dice[i][k]);
            sn_json_end_object(j);
        }
    sn_json_end_array(j);
}

static void put_reasons(struct sn_json *j, const struct sn_quality *q, const char *scope)
{
    for (int i = 0; i < q->n; i++) {
        sn_json_object(j);
        sn_json_kv(j, "code", q->reason[i].code);
        sn_json_kv(j, "scope", scope);
        sn_json_kv(j, "text", q->reason[i].text);
        sn_json_end_object(j);
    }
}

static void put_quality(struct sn_json *j, const struct sn_report *r)
{
    sn_json_key(j, "quality");
    sn_json_object(j);
    sn_json_kv_bool(j, "image_needs_review", r->a->quality.n > 0);
    sn_json_kv_bool(j, "patient_needs_review", r->risk->review);
    sn_json_key(j, "reasons");
    sn_json_array(j);
    put_reasons(j, &r->a->quality, "image");
    put_reasons(j, &r->risk->quality, "patient");
    sn_json_end_array(j);
    sn_json_end_object(j);
}

static void put_box(struct sn_json *j, const char *key, const struct sn_box *b)
{
    sn_json_key(j, key);
    sn_json_object(j);
    sn_json_kv_int(j, "x", b->x);
    sn_json_kv_int(j, "y", b->y);
    sn_json_kv_int(j, "width", b->w);
    sn_json_kv_int(j, "height", b->h);
    sn_json_end_object(j);
}

/* The lesion's size where the file has a physical scale. */
static void put_size(struct sn_json *j, const struct sn_report *r)
{
    const struct sn_input *in = &r->a->in;
    struct sn_size_mm s;

    sn_json_key(j, "size_mm");
    if (!(in->spacing_mm[0] > 0.0) || sn_mask_size_mm(r->a->mask, in->grey.width, &r->a->tight, in->spacing_mm, &s, NULL)) {
        sn_json_null(j);
        return;
    }
    sn_json_object(j);
    sn_json_kv_number(j, "width", s.width);
    sn_json_kv_number(j, "height", s.height);
    sn_json_kv_number(j, "longest", s.longest);
    sn_json_kv_number(j, "across", s.across);
    sn_json_kv_number(j, "area_mm2", s.area);
    sn_json_end_object(j);
}

static void put_region(struct sn_json *j, const struct sn_report *r)
{
    sn_json_key(j, "region");
    if (!r->a->found) {
        sn_json_null(j);
        return;
    }
    sn_json_object(j);
    put_box(j, "tight", &r->a->tight);
    put_box(j, "crop", &r->a->box);
    sn_json_kv(j, "crop_sha256", r->a->crop_sha256);
    put_size(j, r);
    sn_json_end_object(j);
}

static void put_cam(struct sn_json *j, const struct sn_report *r, int k)
{
    const struct sn_cam *c = &r->a->cls[k].cam;
    char name[64];

    sn_json_key(j, "cam");
    sn_json_object(j);
    sn_json_kv(j, "file", sn_cam_file(r->pack, k, name));
    sn_json_kv(j, "of", c->difference ? "logit difference" : "logit");
    sn_json_kv_int(j, "width", c->w);
    sn_json_kv_int(j, "height", c->h);
    sn_json_kv_number(j, "score", c->score);
    sn_json_kv_number(j, "bias", c->bias);
    sn_json_kv_number(j, "mean", c->mean);
    sn_json_kv_number(j, "residual", c->residual);
    sn_json_kv_number(j, "low", c->low);
    sn_json_kv_number(j, "high", c->high);
    sn_json_kv_number(j, "colour_limit", sn_cam_limit(c));
    sn_json_kv(j, "sha256", c->sha256);
    sn_json_end_object(j);
}

static void put_classifiers(struct sn_json *j, const struct sn_report *r)
{
    sn_json_key(j, "classifiers");
    sn_json_array(j);
    for (int i = 0; i < r->pack->n_cls; i++) {
        const struct sn_pack_net *n = &r->pack->cls[i];
        const struct sn_cls_result *c = &r->a->cls[i];

        sn_json_object(j);
        put_net(j, n);
        if (r->a->found) {
            sn_json_kv(j, "input_sha256", c->input_sha256);
            sn_json_key(j, "logits");
            sn_json_array(j);
            for (int k = 0; k < n->info.classes; k++)
                sn_json_number(j, (double)c->logits[k]);
            sn_json_end_array(j);
            sn_json_kv_number(j, "p", c->p);
            put_cam(j, r, i);
        }
        sn_json_end_object(j);
    }
    sn_json_end_array(j);
}

static void put_patient(struct sn_json *j, const struct sn_report *r)
{
    const struct sn_risk *risk = r->risk;
    const struct sn_dlsig *d = &r->pack->dlsig;

    sn_json_key(j, "patient_images");
    sn_json_object(j);
    sn_json_kv(j, "rule", r->pack->patient_max ? "max" : "mean");
    sn_json_key(j, "cases");
    sn_json_array(j);
    for (int i = 0; i < risk->images; i++)
        sn_json_string(j, r->patient_rows[i]->id);
    sn_json_end_array(j);
    sn_json_kv_int(j, "used", risk->used);
    sn_json_key(j, "p");
    sn_json_object(j);
    for (int i = 0; i < r->pack->n_cls && risk->has_sig; i++)
        sn_json_kv_number(j, r->pack->cls[i].name, risk->p[i]);
    sn_json_end_object(j);
    sn_json_end_object(j);
    sn_json_key(j, "dl_sig");
    sn_json_object(j);
    sn_json_kv(j, "rule", sn_dlsig_name(d->rule));
    if (d->rule != SN_DLSIG_STACK)
        sn_json_kv(j, "network", r->pack->cls[d->network].name);
    if (d->rule == SN_DLSIG_STACK || d->rule == SN_DLSIG_LASSO)
        sn_json_kv_number(j, "intercept", d->intercept);
    if (d->rule == SN_DLSIG_STACK)
        put_doubles(j, "coefficients", d->coef, (int)d->n_coef);
    if (r->pack->dlsig_file) {
        sn_json_kv(j, "file", r->pack->dlsig_file);
        sn_json_kv(j, "sha256", r->pack->dlsig_sha256);
    }
    sn_json_kv_number(j, "value", risk->has_sig ? risk->dl_sig : (double)NAN);
    sn_json_end_object(j);
}

static void put_terms(struct sn_json *j, const struct sn_report *r)
{
    const struct sn_logistic *m = &r->pack->logistic;

    sn_json_key(j, "terms");
    sn_json_array(j);
    for (size_t i = 0; i < r->risk->n_terms; i++) {
        const struct sn_term_value *v = &r->risk->terms[i];

        sn_json_object(j);
        sn_json_kv(j, "name", m->terms[i].name);
        sn_json_kv(j, "column", m->terms[i].column);
        sn_json_kv(j, "level", m->terms[i].level);
        sn_json_kv(j, "text", v->text);
        sn_json_kv_number(j, "value", v->x);
        sn_json_kv_number(j, "coefficient", m->terms[i].coefficient);
        sn_json_kv_number(j, "contribution", v->contribution);
        sn_json_kv_bool(j, "outside_training_range", v->outside);
        sn_json_end_object(j);
    }
    sn_json_end_array(j);
}

static void put_logistic(struct sn_json *j, const struct sn_report *r)
{
    const struct sn_logistic *m = &r->pack->logistic;

    sn_json_key(j, "logistic");
    if (!r->risk->has_risk) {
        sn_json_null(j);
        return;
    }
    sn_json_object(j);
    sn_json_kv(j, "file", r->pack->logistic_file);
    sn_json_kv(j, "sha256", r->pack->logistic_sha256);
    sn_json_kv(j, "outcome", m->outcome);
    sn_json_kv(j, "trained_on", m->trained_on);
    sn_json_kv_number(j, "intercept", m->intercept);
    put_terms(j, r);
    sn_json_kv_number(j, "linear_predictor", r->risk->lp);
    sn_json_kv_number(j, "risk", r->risk->risk);
    sn_json_kv_number(j, "threshold", m->threshold);
    sn_json_key(j, "positive");
    if (isnan(m->threshold))
        sn_json_null(j);
    else
        sn_json_bool(j, r->risk->risk >= m->threshold);
    sn_json_end_object(j);
}

/* Digests of the DICOM objects; null when they were not asked for. */
static void put_dicom(struct sn_json *j, const struct sn_report *r, const struct sn_case_files *others)
{
    char hex[SN_SHA256_HEX];

    sn_json_key(j, "dicom");
    if (!r->dicom) {
        sn_json_null(j);
        return;
    }
    sn_json_object(j);
    sn_json_kv(j, "not_written_because", others->no_dicom[0] ? others->no_dicom : NULL);
    sn_json_key(j, "files");
    sn_json_array(j);
    for (size_t i = 0; i < others->n; i++) {
        const struct sn_case_file *f = &others->file[i];

        if (!strstr(f->name, ".dcm"))
            continue;
        sn_digest_bytes(f->data.data, f->data.len, hex);
        sn_json_object(j);
        sn_json_kv(j, "file", f->name);
        sn_json_kv(j, "sha256", hex);
        sn_json_end_object(j);
    }
    sn_json_end_array(j);
    sn_json_end_object(j);
}

static void put_pack(struct sn_json *j, const struct sn_pack *p)
{
    sn_json_key(j, "pack");
    sn_json_object(j);
    sn_json_kv(j, "name", p->name);
    sn_json_kv(j, "source", p->origin);
    sn_json_kv(j, "conf_sha256", p->conf_sha256);
    sn_json_key(j, "settings");
    sn_json_object(j);
    for (size_t i = 0; i < p->conf.n_settings; i++)
        sn_json_kv(j, p->conf.settings[i].key, p->conf.settings[i].value);
    sn_json_end_object(j);
    sn_json_end_object(j);
}

static void put_tables(struct sn_json *j, const struct sn_cases *c)
{
    const char *const tables[][3] = { { "manifest", c->manifest_name, c->manifest_sha256 },
                                      { "clinical", c->clinical_name, c->clinical_sha256 } };

    sn_json_key(j, "tables");
    sn_json_object(j);
    for (size_t i = 0; i < SN_COUNT(tables); i++) {
        sn_json_key(j, tables[i][0]);
        if (!tables[i][1]) {
            sn_json_null(j);
            continue;
        }
        sn_json_object(j);
        sn_json_kv(j, "file", tables[i][1]);
        sn_json_kv(j, "sha256", tables[i][2]);
        sn_json_end_object(j);
    }
    sn_json_end_object(j);
}

static void put_run(struct sn_json *j, const struct sn_common *c)
{
    char cpu[128];

    sn_json_key(j, "run");
    sn_json_object(j);
    sn_json_kv(j, "isa", sn_isa_name(c->isa == SN_ISA_AUTO ? sn_isa_best() : c->isa));
    sn_json_kv(j, "precision", sn_precision_label(c->precision));
    sn_json_kv(j, "conv", c->direct ? "direct" : "auto");
    sn_json_kv_int(j, "threads", c->threads);
    sn_json_kv(j, "cpu", sn_cpu_name(cpu, sizeof cpu));
    sn_json_end_object(j);
}

int sn_result_json(const struct sn_report *r, const struct sn_case_files *others, struct sn_buf *out,
                   struct sn_error *err)
{
    struct sn_json j;
    double nan = (double)NAN;

    sn_json_init(&j, 2);
    sn_json_object(&j);
    sn_json_kv(&j, "format", "sentinode-result");
    sn_json_kv_int(&j, "version", 1);
    sn_json_kv(&j, "program", "sentinode " SN_VERSION);
    sn_json_kv_bool(&j, "research_use_only", true);
    sn_json_kv(&j, "notice", SN_RESEARCH_NOTICE);
    sn_json_kv(&j, "label", r->pack->label);
    sn_json_kv(&j, "target", r->pack->target);
    sn_json_kv(&j, "case", r->row->id);
    sn_json_kv(&j, "patient", r->row->patient);
    sn_json_kv_bool(&j, "review", r->risk->review);
    sn_json_kv_number(&j, "risk", r->risk->has_risk ? r->risk->risk : nan);
    put_pack(&j, r->pack);
    put_image(&j, r);
    put_tables(&j, r->cases);
    put_segmenters(&j, r);
    put_fusion(&j, r);
    put_quality(&j, r);
    put_region(&j, r);
    put_classifiers(&j, r);
    put_patient(&j, r);
    put_logistic(&j, r);
    put_dicom(&j, r, others);
    put_run(&j, r->common);
    sn_json_end_object(&j);
    *out = j.buf;
    if (!out->failed)
        return SN_OK;
    sn_buf_free(out);
    return SN_NOMEM(err, "result.json");
}
