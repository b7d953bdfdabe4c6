/* report_html.c: report.html, one self-contained page per case, for reading and for printing. */
#include "tools/html.h"
#include "tools/nomogram_svg.h"
#include "tools/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Plain number cell. */
static void cell_number(struct sn_buf *b, double v, int decimals)
{
    char text[48];

    sn_buf_printf(b, "<td class=\"n\">%s</td>", sn_fixed(v, decimals, text));
}

static void cell_text(struct sn_buf *b, const char *s)
{
    sn_buf_puts(b, "<td>");
    sn_html_text(b, s);
    sn_buf_puts(b, "</td>");
}

static void pair(struct sn_buf *b, const char *term, const char *text)
{
    sn_buf_printf(b, "<dt>%s</dt><dd>", term);
    sn_html_text(b, text);
    sn_buf_puts(b, "</dd>\n");
}

/* ---- what a reader must know first ---------------------------------------------------------- */

static void head(struct sn_buf *b, const struct sn_report *r)
{
    const struct sn_input *in = &r->a->in;
    char text[64];

    sn_buf_puts(b, "<h1>Ultrasound risk report: ");
    sn_html_text(b, r->row->id);
    sn_buf_puts(b, "</h1>\n<div class=\"label\"><b>Pack ");
    sn_html_text(b, r->pack->name);
    sn_buf_puts(b, ":</b> ");
    sn_html_text(b, r->pack->label);
    sn_buf_puts(b, "</div>\n<dl>");
    pair(b, "Case", r->row->id);
    pair(b, "Patient", r->row->patient);
    pair(b, "Image", r->row->image);
    (void)snprintf(text, sizeof text, "%u x %u pixels", in->grey.width, in->grey.height);
    pair(b, "Size", text);
    pair(b, "Region of interest", r->pack->target);
    if (sn_cli_precision(r->common))
        pair(b, "Precision", sn_cli_precision(r->common));
    sn_buf_puts(b, "</dl>\n");
}

static void reasons(struct sn_buf *b, const struct sn_quality *q, const char *what)
{
    for (int i = 0; i < q->n; i++) {
        sn_buf_puts(b, "<li>");
        sn_html_text(b, q->reason[i].text);
        sn_buf_printf(b, " <span class=\"small\">(%s, %s)</span></li>\n", what, q->reason[i].code);
    }
}

static void review(struct sn_buf *b, const struct sn_report *r)
{
    if (!r->risk->review) {
        sn_buf_puts(
            b,
            "<div class=\"ok\">All quality checks passed. They look for failed outlines, not for wrong risks.</div>\n");
        return;
    }
    sn_buf_puts(b, "<div class=\"review\"><h2>&#9888; Needs human review before anyone relies on it</h2><ul>\n");
    reasons(b, &r->a->quality, "this image");
    reasons(b, &r->risk->quality, "this patient");
    if (r->a->quality.n + r->risk->quality.n == 0)
        sn_buf_puts(b, "<li>Another image of this patient did not pass its checks; see its report.</li>\n");
    sn_buf_puts(b, "</ul></div>\n");
}

static void risk_line(struct sn_buf *b, const struct sn_report *r)
{
    const struct sn_logistic *m = &r->pack->logistic;
    const struct sn_risk *k = r->risk;
    char text[48];

    if (!k->has_risk) {
        sn_buf_puts(
            b,
            k->has_sig
                ? "<p>The logistic model was not applied; the deep-learning signature below is the last number.</p>\n"
                : "<p><b>No risk:</b> without a lesion outline nothing can be scored.</p>\n");
        return;
    }
    sn_buf_printf(b, "<div class=\"risk%s\"><b>%s&nbsp;%%</b><div>predicted risk of ", k->review ? " doubt" : "",
                  sn_fixed(100.0 * k->risk, 1, text));
    sn_html_text(b, *m->outcome ? m->outcome : "the model's outcome");
    if (k->review)
        sn_buf_puts(b, "<br><b style=\"font-size:1rem;color:#8a4b00\">not to be used without the review above</b>");
    if (!isnan(m->threshold))
        sn_buf_printf(b, "<br>%s the operating point of %s&nbsp;%%", k->risk >= m->threshold ? "at or above" : "below",
                      sn_fixed(100.0 * m->threshold, 1, text));
    if (*m->trained_on) {
        sn_buf_puts(b, "<br><span class=\"small\">model fitted on: ");
        sn_html_text(b, m->trained_on);
        sn_buf_puts(b, "</span>");
    }
    if (k->images > 1)
        sn_buf_printf(b, "<br><span class=\"small\">patient-level: %s over %d of %d images</span>",
                      r->pack->patient_max ? "largest" : "mean", k->used, k->images);
    sn_buf_puts(b, "</div></div>\n");
}

/* ---- pictures ------------------------------------------------------------------------------- */

static void show(struct sn_buf *b, const struct sn_case_files *pictures, const char *file, const char *alt,
                 struct sn_buf *caption)
{
    const struct sn_buf *png = sn_case_picture(pictures, file);

    b->failed |= caption->failed;
    if (png && !caption->failed)
        sn_html_png(b, png, alt, caption->data);
    sn_buf_free(caption);
}

static void cam_figure(struct sn_buf *b, const struct sn_report *r, const struct sn_case_files *pictures, int k)
{
    const struct sn_cam *c = &r->a->cls[k].cam;
    struct sn_buf caption = { 0 };
    char file[64], p[48], score[48], bias[48], limit[48], sum[48], rest[48];

    sn_buf_puts(&caption, "<b>");
    sn_html_text(&caption, r->pack->cls[k].name);
    sn_buf_printf(
        &caption,
        "</b>: p = %s. Red raises the score, blue lowers it; the bar runs from +%s to &minus;%s, colourless is 0. "
        "Sum check: %s %s = bias %s + mean of the map %s, residual %s.",
        sn_fixed(r->a->cls[k].p, 3, p), sn_fixed(sn_cam_limit(c), 2, limit), limit,
        c->difference ? "logit difference" : "logit", sn_fixed(c->score, 4, score), sn_fixed(c->bias, 4, bias),
        sn_fixed(c->mean, 4, sum), sn_rough(c->residual, rest));
    show(b, pictures, sn_cam_file(r->pack, k, file), "class activation map over the crop", &caption);
}

static void pictures_of(struct sn_buf *b, const struct sn_report *r, const struct sn_case_files *pictures)
{
    const struct sn_analysis *a = r->a;
    struct sn_buf caption = { 0 };
    char w[48], h[48], area[48];

    sn_buf_puts(b, "<h2>Lesion outline</h2>\n<div class=\"row\">\n");
    sn_buf_puts(&caption, "Yellow: the fused and cleaned outline. ");
    if (a->found) {
        sn_buf_printf(
            &caption,
            "Dashed: the %d x %d pixel region given to the classifiers. Outline: %zu pixels, %s&nbsp;%% of the image",
            a->box.w, a->box.h, a->clean.area,
            sn_fixed(100.0 * (double)a->clean.area / ((double)a->in.grey.width * a->in.grey.height), 1, area));
        if (a->in.spacing_mm[0] > 0.0)
            sn_buf_printf(&caption, ", %s x %s mm", sn_fixed(a->tight.w * a->in.spacing_mm[1], 1, w),
                          sn_fixed(a->tight.h * a->in.spacing_mm[0], 1, h));
        sn_buf_puts(&caption, ".");
    } else {
        sn_buf_puts(&caption, "No lesion was found.");
    }
    show(b, pictures, "overlay.png", "image with lesion outline", &caption);
    sn_buf_puts(&caption, "The outline as a mask.");
    show(b, pictures, "mask.png", "lesion mask", &caption);
    sn_buf_puts(b, "</div>\n");
    if (!a->found)
        return;
    sn_buf_puts(b, "<h2>What in the region moved each score</h2>\n<div class=\"row\">\n");
    for (int k = 0; k < r->pack->n_cls; k++)
        cam_figure(b, r, pictures, k);
    sn_buf_puts(b, "</div>\n");
}

/* ---- the worked sum -------------------------------------------------------------------------- */

/* A bar from the middle; full length is `most`. */
static void bar(struct sn_buf *b, double v, double most)
{
    double share = most > 0.0 ? 50.0 * (v < 0 ? -v : v) / most : 0.0;
    char from[48], width[48];

    sn_buf_printf(b, "<td><span class=\"bar\"><i style=\"left:%s%%;width:%s%%;background:%s\"></i><u></u></span></td>",
                  sn_fixed(v < 0 ? 50.0 - share : 50.0, 2, from), sn_fixed(share, 2, width),
                  v < 0 ? "#2b6cd4" : "#cf3a2c");
}

static void term_row(struct sn_buf *b, const struct sn_logistic_term *t, const struct sn_term_value *v, double most)
{
    sn_buf_puts(b, v->outside ? "<tr class=\"bad\">" : "<tr>");
    cell_text(b, t->name);
    if (v->text) {
        sn_buf_puts(b, "<td class=\"n\">");
        sn_html_text(b, v->text);
        sn_buf_printf(b, "%s</td>", v->outside ? " (outside the training range)" : "");
    } else {
        cell_number(b, v->x, 4);
    }
    cell_number(b, t->coefficient, 4);
    cell_number(b, v->contribution, 4);
    bar(b, v->contribution, most);
    sn_buf_puts(b, "</tr>\n");
}

/* The same sum in points, drawn; nothing when the model has no nomogram (a term without a range). */
static void nomogram(struct sn_buf *b, const struct sn_report *r)
{
    const struct sn_logistic *m = &r->pack->logistic;
    struct sn_logistic_value *values;
    struct sn_nomogram n;

    if (!r->risk->has_risk || sn_nomogram_build(m, NULL, &n, NULL))
        return;
    values = calloc(m->n_columns + 1, sizeof *values);
    for (size_t c = 0; values && c < m->n_columns; c++)
        values[c] = (struct sn_logistic_value){ r->risk->columns[c].number, r->risk->columns[c].text };
    if (values) {
        sn_buf_puts(b, "<figure class=\"wide\">");
        sn_nomogram_svg(b, &n, m, values, false);
        sn_buf_puts(b, "<figcaption>The same sum in points: each mark is this patient's place on its line; the points at the top are added "
                       "up.</figcaption></figure>\n");
    } else {
        b->failed = true;
    }
    free(values);
    sn_nomogram_free(&n);
}

static void worked_sum(struct sn_buf *b, const struct sn_report *r)
{
    const struct sn_logistic *m = &r->pack->logistic;
    double most = fabs(m->intercept);
    char lp[48], risk[48];

    if (!r->risk->has_risk)
        return;
    for (size_t i = 0; i < r->risk->n_terms; i++)
        most = SN_MAX(most, fabs(r->risk->terms[i].contribution));
    sn_buf_puts(b, "<h2>How the risk is made up</h2>\n<table><tr><th>term</th><th class=\"n\">value</th><th "
                   "class=\"n\">&times; coefficient</th>"
                   "<th class=\"n\">= contribution (log odds)</th><th>lowers | "
                   "raises</th></tr>\n<tr><td>intercept</td><td></td><td></td>");
    cell_number(b, m->intercept, 4);
    bar(b, m->intercept, most);
    sn_buf_puts(b, "</tr>\n");
    for (size_t i = 0; i < r->risk->n_terms; i++)
        term_row(b, &m->terms[i], &r->risk->terms[i], most);
    sn_buf_puts(b, "<tr class=\"sum\"><td>sum</td><td></td><td></td>");
    cell_number(b, r->risk->lp, 4);
    sn_buf_printf(b, "<td>risk = 1 / (1 + e<sup>&minus;(%s)</sup>) = %s</td></tr></table>\n",
                  sn_fixed(r->risk->lp, 4, lp), sn_fixed(r->risk->risk, 4, risk));
}

/* ---- networks, digests ----------------------------------------------------------------------- */

static void segmenter_rows(struct sn_buf *b, const struct sn_report *r)
{
    const struct sn_pack *p = r->pack;
    double npix = (double)r->a->in.grey.width * r->a->in.grey.height;
    char dice[48], share[48];

    sn_buf_puts(b, "<h2>Networks</h2>\n<table><tr><th>outlines the lesion</th><th>architecture</th><th "
                   "class=\"n\">share of the image</th>"
                   "<th>agreement with the others (Dice)</th></tr>\n");
    for (int i = 0; i < p->n_seg; i++) {
        sn_buf_printf(b, "<tr><td>%d&nbsp; ", i + 1);
        sn_html_text(b, p->seg[i].name);
        sn_buf_puts(b, "</td>");
        cell_text(b, p->seg[i].info.architecture);
        sn_buf_printf(b, "<td class=\"n\">%s&nbsp;%%</td><td>",
                      sn_fixed(100.0 * (double)r->a->seg[i].area / npix, 1, share));
        for (int k = 0; k < p->n_seg; k++)
            if (k != i) {
                sn_html_text(b, p->seg[k].name);
                sn_buf_printf(b, " %s &nbsp; ", sn_fixed(r->a->dice[i][k], 3, dice));
            }
        sn_buf_puts(b, "</td></tr>\n");
    }
    sn_buf_printf(b,
                  "</table>\n<p class=\"small\">Combined by <b>%s</b>, cut %s; cleaning removed %zu and filled %zu "
                  "pixels of %d region%s.</p>\n",
                  sn_fuse_name(p->fuse.rule), sn_fixed(p->fuse.cut, 3, dice), r->a->clean.removed, r->a->clean.filled,
                  r->a->clean.components, r->a->clean.components == 1 ? "" : "s");
}

static void classifier_rows(struct sn_buf *b, const struct sn_report *r)
{
    const struct sn_pack *p = r->pack;
    char sig[48];

    if (!r->a->found)
        return;
    sn_buf_puts(b, "<table><tr><th>scores the region</th><th>architecture</th><th class=\"n\">logit</th><th "
                   "class=\"n\">probability</th>"
                   "<th class=\"n\">patient</th></tr>\n");
    for (int i = 0; i < p->n_cls; i++) {
        sn_buf_puts(b, "<tr>");
        cell_text(b, p->cls[i].name);
        cell_text(b, p->cls[i].info.architecture);
        cell_number(b, r->a->cls[i].cam.score, 4);
        cell_number(b, r->a->cls[i].p, 4);
        cell_number(b, r->risk->has_sig ? r->risk->p[i] : (double)NAN, 4);
        sn_buf_puts(b, "</tr>\n");
    }
    sn_buf_puts(b, "</table>\n<p class=\"small\">Deep-learning signature: rule <b>");
    sn_buf_puts(b, sn_dlsig_name(p->dlsig.rule));
    if (p->dlsig.rule != SN_DLSIG_STACK) {
        sn_buf_puts(b, "</b> of <b>");
        sn_html_text(b, p->cls[p->dlsig.network].name);
    }
    sn_buf_printf(b, "</b> = %s.</p>\n", sn_fixed(r->risk->dl_sig, 4, sig));
}

static void digest_row(struct sn_buf *b, const char *what, const char *file, const char *hex)
{
    sn_buf_puts(b, "<tr>");
    cell_text(b, what);
    cell_text(b, file);
    sn_buf_printf(b, "<td><code>%s</code></td></tr>\n", hex);
}

static void digests(struct sn_buf *b, const struct sn_report *r)
{
    const struct sn_pack *p = r->pack;

    sn_buf_puts(b, "<h2>What it was computed from (SHA-256)</h2>\n<table class=\"digest\">");
    digest_row(b, "image file", r->row->image, r->a->in.sha256);
    digest_row(b, "decoded pixels", "", r->a->in.pixels_sha256);
    digest_row(b, "settings", "pack.conf", p->conf_sha256);
    for (int i = 0; i < p->n_seg; i++)
        digest_row(b, "segmenter", p->seg[i].file, p->seg[i].sha256);
    for (int i = 0; i < p->n_cls; i++)
        digest_row(b, "classifier", p->cls[i].file, p->cls[i].sha256);
    if (p->dlsig_file)
        digest_row(b, "signature", p->dlsig_file, p->dlsig_sha256);
    if (p->has_logistic)
        digest_row(b, "logistic model", p->logistic_file, p->logistic_sha256);
    digest_row(b, "resulting mask", "", r->a->mask_sha256);
    sn_buf_puts(b, "</table>\n<p class=\"small\">result.json beside this page holds every setting and every "
                   "intermediate number.</p>\n");
}

int sn_report_html(const struct sn_report *r, const struct sn_case_files *pictures, struct sn_buf *out,
                   struct sn_error *err)
{
    *out = (struct sn_buf){ 0 };
    sn_html_begin(out, r->row->id);
    head(out, r);
    review(out, r);
    risk_line(out, r);
    pictures_of(out, r, pictures);
    worked_sum(out, r);
    nomogram(out, r);
    segmenter_rows(out, r);
    classifier_rows(out, r);
    digests(out, r);
    sn_html_end(out);
    if (!out->failed)
        return SN_OK;
    sn_buf_free(out);
    return SN_NOMEM(err, "report.html");
}

/* ---- overview of several cases --------------------------------------------------------------- */

/* A case's name is a folder of the page: what is not a plain character is percent-encoded. */
static void href(struct sn_buf *b, const char *id)
{
    for (const unsigned char *s = (const unsigned char *)id; *s; s++)
        if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("-_.~", *s))
            sn_buf_add(b, s, 1);
        else
            sn_buf_printf(b, "%%%02X", *s);
}

static void index_row(struct sn_buf *b, const struct sn_index_row *row)
{
    char text[48];

    sn_buf_puts(b, row->failed || row->review ? "<tr class=\"bad\"><td>" : "<tr><td>");
    if (!row->failed) {
        sn_buf_puts(b, "<a href=\"");
        href(b, row->id);
        sn_buf_puts(b, "/report.html\">");
    }
    sn_html_text(b, row->id);
    sn_buf_puts(b, row->failed ? "</td>" : "</a></td>");
    cell_text(b, row->patient);
    sn_buf_printf(b, "<td class=\"n\">%s%s</td>", row->has_risk ? sn_fixed(100.0 * row->risk, 1, text) : "-",
                  row->has_risk ? "&nbsp;%" : "");
    cell_number(b, row->has_sig ? row->dl_sig : (double)NAN, 3);
    sn_buf_puts(b, row->failed   ? "<td><b>failed</b>: "
                   : row->review ? "<td><b>needs review</b>: "
                                 : "<td>checks passed");
    sn_html_text(b, row->text);
    sn_buf_puts(b, "</td></tr>\n");
}

int sn_index_html(const struct sn_pack *pack, const struct sn_index_row *rows, size_t n, const char *precision,
                  struct sn_buf *out, struct sn_error *err)
{
    size_t doubtful = 0, failed = 0;

    *out = (struct sn_buf){ 0 };
    for (size_t i = 0; i < n; i++) {
        doubtful += rows[i].review && !rows[i].failed;
        failed += rows[i].failed;
    }
    sn_html_begin(out, "Overview");
    sn_buf_puts(out, "<h1>Overview</h1>\n<div class=\"label\"><b>Pack ");
    sn_html_text(out, pack->name);
    sn_buf_puts(out, ":</b> ");
    sn_html_text(out, pack->label);
    if (precision)
        sn_buf_printf(out, "</div>\n<div class=\"label\"><b>Precision:</b> %s", precision);
    sn_buf_printf(out, "</div>\n<p>%zu case%s: %zu passed the quality checks, %zu need review, %zu failed.</p>\n", n,
                  n == 1 ? "" : "s", n - doubtful - failed, doubtful, failed);
    sn_buf_puts(out, "<table><tr><th>case</th><th>patient</th><th class=\"n\">risk</th><th "
                     "class=\"n\">signature</th><th>checks</th></tr>\n");
    for (size_t i = 0; i < n; i++)
        index_row(out, &rows[i]);
    sn_buf_puts(out, "</table>\n");
    sn_html_end(out);
    if (!out->failed)
        return SN_OK;
    sn_buf_free(out);
    return SN_NOMEM(err, "report.html");
}
