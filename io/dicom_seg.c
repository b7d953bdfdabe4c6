/*
 * dicom_seg.c: Segmentation objects (PS3.3, A.51, C.8.20) of ultrasound: the source has no frame of
 * reference, so neither has the segmentation; each frame names the source frame it lies on, pixel for
 * pixel, instead (C.7.6.16.2.6). Viewers also look for the source's series (C.12.2), so both are written.
 */
#include "io/dicom_make.h"

#include <stdio.h>
#include <stdlib.h>

struct job {
    const struct sn_dicom_context *c;
    const struct sn_dicom_seg *seg;
    const uint8_t *pixels;
    size_t n_pixels;
    char organisation[SN_DICOM_UID];
    struct sn_dicom_tracking tracking;
};

void sn_dicom_track(const struct sn_dicom_source *s, uint32_t frame, struct sn_dicom_tracking *t)
{
    char number[24];
    const char *const of[] = { "sentinode", "tracking", s->instance, number };

    (void)snprintf(number, sizeof number, "%lu", (unsigned long)frame + 1);
    (void)snprintf(t->id, sizeof t->id, s->frames > 1 ? "sentinode lesion, frame %s" : "sentinode lesion", number);
    sn_dicom_uid_of(of, SN_COUNT(of), t->uid);
}

/* ---- pixels --------------------------------------------------------------------------------------- */

/* One bit per pixel, the first in the lowest bit, over all frames without a gap (PS3.5, 8.1.1). */
static void pack_bits(const struct sn_dicom_seg *seg, uint32_t rows, uint32_t cols, uint8_t *out)
{
    for (size_t k = 0; k < seg->n; k++)
        for (uint32_t y = 0; y < seg->height; y++) {
            size_t at = (k * rows + seg->y + y) * cols + seg->x;
            const uint8_t *m = seg->masks[k].mask + (size_t)y * seg->width;

            for (uint32_t x = 0; x < seg->width; x++, at++)
                if (m[x])
                    out[at / 8] = (uint8_t)(out[at / 8] | 1u << at % 8);
        }
}

static void scale_probability(const struct sn_dicom_seg *seg, uint32_t rows, uint32_t cols, uint8_t *out)
{
    for (size_t k = 0; k < seg->n; k++)
        for (uint32_t y = 0; y < seg->height; y++) {
            size_t at = (k * rows + seg->y + y) * cols + seg->x;
            const float *p = seg->masks[k].p + (size_t)y * seg->width;

            for (uint32_t x = 0; x < seg->width; x++)
                out[at + x] = (uint8_t)((double)SN_MIN(SN_MAX(p[x], 0.0f), 1.0f) * 255.0 + 0.5);
        }
}

static int check(const struct sn_dicom_source *s, const struct sn_dicom_seg *seg, struct sn_error *err)
{
    if (!seg->width || !seg->height || (uint64_t)seg->x + seg->width > s->cols ||
        (uint64_t)seg->y + seg->height > s->rows)
        return SN_FAIL(err, SN_EINVAL, "a mask of %ux%u pixels at %u,%u does not lie in a frame of %ux%u", seg->width,
                       seg->height, seg->x, seg->y, s->cols, s->rows);
    for (size_t k = 0; k < seg->n; k++)
        if (seg->masks[k].frame >= s->frames || (k && seg->masks[k].frame <= seg->masks[k - 1].frame))
            return SN_FAIL(err, SN_EINVAL, "mask %zu is of frame %lu of %u: not there, or out of order", k,
                           (unsigned long)seg->masks[k].frame + 1, s->frames);
    return seg->n ? SN_OK : SN_FAIL(err, SN_EINVAL, "a segmentation without frames");
}

/* ---- attributes ------------------------------------------------------------------------------------- */

static void put_references(struct sn_dicom_writer *w, const struct sn_dicom_source *s)
{
    sn_dicom_open_one(w, 0x00081115);
    sn_dicom_open_one(w, 0x0008114a);
    sn_dicom_put_text(w, 0x00081150, "UI", s->sop_class);
    sn_dicom_put_text(w, 0x00081155, "UI", s->instance);
    sn_dicom_close_one(w);
    sn_dicom_put_text(w, 0x0020000e, "UI", s->series);
    sn_dicom_close_one(w);
}

/* Frames are told apart by segment and, for cine, by the source frame they refer to (C.7.6.17). */
static void put_dimensions(struct sn_dicom_writer *w, const struct job *j)
{
    static const struct {
        uint32_t index, group;
        const char *label;
    } dims[] = { { 0x0062000b, 0x0062000a, "Segment Number" }, { 0x00081160, 0x00089124, "Source Frame Number" } };

    sn_dicom_open_one(w, 0x00209221);
    sn_dicom_put_text(w, 0x00209164, "UI", j->organisation);
    sn_dicom_close_one(w);
    sn_dicom_open_sequence(w, 0x00209222);
    for (size_t i = 0; i < (j->c->source->frames > 1 ? 2u : 1u); i++) {
        sn_dicom_open_item(w);
        sn_dicom_put_text(w, 0x00209164, "UI", j->organisation);
        sn_dicom_put_at(w, 0x00209165, dims[i].index);
        sn_dicom_put_at(w, 0x00209167, dims[i].group);
        sn_dicom_put_text(w, 0x00209421, "LO", dims[i].label);
        sn_dicom_close(w);
    }
    sn_dicom_close(w);
}

static void put_image(struct sn_dicom_writer *w, const struct job *j)
{
    bool wide = j->seg->fractional;

    sn_dicom_put_us(w, 0x00280002, 1);
    sn_dicom_put_text(w, 0x00280004, "CS", "MONOCHROME2");
    sn_dicom_put_is(w, 0x00280008, (long)j->seg->n);
    sn_dicom_put_us(w, 0x00280010, j->c->source->rows);
    sn_dicom_put_us(w, 0x00280011, j->c->source->cols);
    sn_dicom_put_us(w, 0x00280100, wide ? 8 : 1);
    sn_dicom_put_us(w, 0x00280101, wide ? 8 : 1);
    sn_dicom_put_us(w, 0x00280102, wide ? 7 : 0);
    sn_dicom_put_us(w, 0x00280103, 0);
    sn_dicom_put_lossy(w, j->c->source);
}

static void put_algorithm(struct sn_dicom_writer *w, const char *name)
{
    static const struct sn_dicom_code family = { "123110", "DCM", "Artificial Intelligence" };

    sn_dicom_open_one(w, 0x00620007);
    sn_dicom_put_code(w, 0x0066002f, &family);
    sn_dicom_put_text(w, 0x00660031, "LO", SN_VERSION);
    sn_dicom_put_label(w, 0x00660036, "LO", name);
    sn_dicom_close_one(w);
}

static void put_segment(struct sn_dicom_writer *w, const struct job *j)
{
    char name[96];

    (void)snprintf(name, sizeof name, "sentinode, pack %.60s", j->c->maker->pack);
    sn_dicom_open_one(w, 0x00620002);
    if (j->c->target == SN_DICOM_BREAST_LESION)
        sn_dicom_put_code(w, 0x00082218, &sn_dicom_breast);
    sn_dicom_put_code(w, 0x00620003, sn_dicom_target_category(j->c->target));
    sn_dicom_put_us(w, 0x00620004, 1);
    sn_dicom_put_text(w, 0x00620005, "LO", sn_dicom_target_type(j->c->target)->meaning);
    sn_dicom_put_label(w, 0x00620006, "ST", j->seg->description);
    put_algorithm(w, name);
    sn_dicom_put_text(w, 0x00620008, "CS", "AUTOMATIC");
    sn_dicom_put_label(w, 0x00620009, "LO", name);
    /* the overlay's yellow, sRGB 255,214,10: L* 87.2, a* 3.4, b* 85.6 under D50 (C.10.7.1.1) */
    sn_dicom_put_us3(w, 0x0062000d, 57166, 33782, 54888);
    sn_dicom_put_code(w, 0x0062000f, sn_dicom_target_type(j->c->target));
    sn_dicom_put_text(w, 0x00620020, "UT", j->tracking.id);
    sn_dicom_put_text(w, 0x00620021, "UI", j->tracking.uid);
    sn_dicom_close_one(w);
}

static void put_frame(struct sn_dicom_writer *w, const struct job *j, size_t k)
{
    bool cine = j->c->source->frames > 1;
    uint32_t frame = j->seg->masks[k].frame, index[2] = { 1, (uint32_t)k + 1 };

    sn_dicom_open_item(w);
    sn_dicom_open_one(w, 0x00089124);
    sn_dicom_put_source_image(w, j->c->source, frame);
    sn_dicom_put_code(w, 0x00089215, &sn_dicom_segmentation);
    sn_dicom_close_one(w);
    sn_dicom_open_one(w, 0x00209111);
    sn_dicom_put_ul(w, 0x00209157, index, cine ? 2 : 1);
    sn_dicom_close_one(w);
    sn_dicom_open_one(w, 0x0062000a);
    sn_dicom_put_us(w, 0x0062000b, 1);
    sn_dicom_close_one(w);
    sn_dicom_close(w);
}

static int fill(const void *ctx, struct sn_dicom_writer *w, int part, struct sn_error *err)
{
    const struct job *j = ctx;

    (void)err;
    if (part == 0) {
        put_references(w, j->c->source);
        return SN_OK;
    }
    sn_dicom_put(w, 0x00200020, "CS", "", 0);
    put_dimensions(w, j);
    put_image(w, j);
    sn_dicom_put_text(w, 0x00620001, "CS", j->seg->fractional ? "FRACTIONAL" : "BINARY");
    put_segment(w, j);
    if (j->seg->fractional) {
        sn_dicom_put_us(w, 0x0062000e, 255);
        sn_dicom_put_text(w, 0x00620010, "CS", "PROBABILITY");
    }
    sn_dicom_put_text(w, 0x00700080, "CS", j->seg->fractional ? "PROBABILITY" : "LESION");
    sn_dicom_put_text(w, 0x00700081, "LO",
                      j->seg->fractional ? SN_DICOM_NOTICE ": lesion probability" : SN_DICOM_NOTICE ": lesion outline");
    sn_dicom_put(w, 0x00700084, "PN", "", 0);
    sn_dicom_open_one(w, 0x52009229);
    sn_dicom_close_one(w);
    sn_dicom_open_sequence(w, 0x52009230);
    for (size_t k = 0; k < j->seg->n; k++)
        put_frame(w, j, k);
    sn_dicom_close(w);
    sn_dicom_put(w, 0x7fe00010, "OB", j->pixels, j->n_pixels);
    return SN_OK;
}

int sn_dicom_make_seg(const struct sn_dicom_context *c, const struct sn_dicom_seg *seg, struct sn_dicom_object *o,
                      struct sn_error *err)
{
    struct sn_dicom_head head = { .sop_class = "1.2.840.10008.5.1.4.1.1.66.4",
                                  .image_type = "DERIVED\\PRIMARY",
                                  .modality = "SEG",
                                  .series_number = seg->fractional ? 9002 : 9001 };
    const char *const of[] = { "sentinode", "dimensions", c->source->instance, seg->fractional ? "p" : "mask" };
    struct job j = { .c = c, .seg = seg };
    uint8_t *pixels;
    size_t n;
    int rc;

    *o = (struct sn_dicom_object){ .sop_class = head.sop_class };
    SN_TRY(check(c->source, seg, err));
    SN_TRY(sn_size_mul3(&n, c->source->rows, c->source->cols, seg->n, err));
    j.n_pixels = seg->fractional ? n : (n + 7) / 8;
    pixels = calloc(1, j.n_pixels);
    if (!pixels)
        return SN_NOMEM(err, "a segmentation");
    if (seg->fractional)
        scale_probability(seg, c->source->rows, c->source->cols, pixels);
    else
        pack_bits(seg, c->source->rows, c->source->cols, pixels);
    j.pixels = pixels;
    head.series_description =
        seg->fractional ? SN_DICOM_NOTICE ": lesion probability" : SN_DICOM_NOTICE ": lesion segmentation";
    sn_dicom_uid_of(of, SN_COUNT(of), j.organisation);
    sn_dicom_track(c->source, seg->masks[0].frame, &j.tracking);
    rc = sn_dicom_object_make(c, &head, fill, &j, o, err);
    free(pixels);
    return rc;
}
