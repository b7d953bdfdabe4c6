/*
 * deidentify_pixels.c: blanks what lies outside the ultrasound regions (0018,6011): names, dates and logos
 * stand there. Every frame is decoded and written uncompressed, because a JPEG cannot be blanked in place.
 */
#include "io/deidentify.h"

#include <stdlib.h>

/* Regions that show echoes; spatial format 5 is graphics, which may be text (C.8.5.5.1.1). */
static size_t keepable(const struct sn_dicom_region *all, size_t n, struct sn_dicom_region *r)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (all[i].spatial_format >= 1 && all[i].spatial_format <= 4)
            r[kept++] = all[i];
    return kept;
}

/* What black is, by sample: the darkest value, no colour. */
static void black_of(const struct sn_dicom_pixels *px, bool rgb, uint32_t black[3])
{
    bool ybr = !rgb && px->photometric >= SN_DICOM_YBR_FULL;
    uint32_t middle = 1u << (px->bits_stored - 1);

    black[0] = 0;
    if (px->photometric == SN_DICOM_MONOCHROME1)
        black[0] = px->is_signed ? middle - 1 : (uint32_t)(((uint64_t)1 << px->bits_stored) - 1);
    else if (px->photometric == SN_DICOM_MONOCHROME2 && px->is_signed)
        black[0] = (uint32_t) - (int64_t)middle;
    black[1] = black[2] = ybr ? middle : 0;
}

static void put_sample(uint8_t *p, int bytes, uint32_t v)
{
    for (int k = 0; k < bytes; k++)
        p[k] = (uint8_t)(v >> 8 * k);
}

/* One row's columns that no region covers; without regions none is blanked. */
static size_t blank_row(uint8_t *row, uint32_t y, const struct sn_dicom_pixels *px, const struct sn_dicom_region *r,
                        size_t n, const uint32_t black[3])
{
    size_t pixel = (size_t)px->samples * (size_t)px->bytes, blanked = 0;

    for (uint32_t x = 0; x < px->cols && n; x++) {
        bool inside = false;

        for (size_t i = 0; i < n && !inside; i++)
            inside = x >= r[i].x0 && x <= r[i].x1 && y >= r[i].y0 && y <= r[i].y1;
        if (inside)
            continue;
        for (int s = 0; s < px->samples; s++)
            put_sample(row + x * pixel + (size_t)s * (size_t)px->bytes, px->bytes, black[s]);
        blanked++;
    }
    return blanked;
}

/* Host order to little endian; the same loop on every machine. */
static void to_little_endian(uint8_t *p, size_t samples, int bytes)
{
    for (size_t i = 0; i < samples && bytes > 1; i++, p += bytes) {
        uint32_t wide;
        uint16_t narrow;

        if (bytes == 2) {
            memcpy(&narrow, p, sizeof narrow);
            sn_put_le16(p, narrow);
        } else {
            memcpy(&wide, p, sizeof wide);
            sn_put_le32(p, wide);
        }
    }
}

/* Frame by frame onto p->data, so that memory follows what the file really holds. */
static int decode_and_blank(struct sn_dicom *d, const struct sn_dicom_pixels *px, const struct sn_dicom_region *r,
                            size_t n, struct sn_deid_pixels *p, struct sn_deid_file *f, struct sn_error *err)
{
    size_t row = (size_t)px->cols * (size_t)px->samples * (size_t)px->bytes, size, all;
    bool rgb = px->rgb_from_jpeg && px->samples == 3;
    uint32_t black[3];
    uint8_t *frame;
    int rc = SN_OK;

    black_of(px, rgb, black);
    SN_TRY(sn_size_mul(&size, row, px->rows, err));
    SN_TRY(sn_size_mul(&all, size, px->frames, err));
    if (all > SN_DICOM_MAX_STORED)
        return SN_FAIL(err, SN_ELIMIT, "%zu bytes of pixels to blank; at most %zu", all, SN_DICOM_MAX_STORED);
    frame = malloc(size ? size : 1);
    if (!frame)
        return SN_NOMEM(err, "a DICOM frame");
    for (uint32_t k = 0; k < px->frames && !rc; k++) {
        rc = sn_dicom_stored(d, px, k, frame, err);
        if (rc)
            break;
        to_little_endian(frame, size / (size_t)px->bytes, px->bytes);
        for (uint32_t y = 0; y < px->rows; y++)
            f->blanked += blank_row(frame + y * row, y, px, r, n, black);
        sn_buf_add(&p->data, frame, size);
        if (p->data.failed)
            rc = SN_NOMEM(err, "pixels");
    }
    free(frame);
    p->samples = px->samples;
    p->bits = px->bytes * 8;
    p->photometric = rgb ? "RGB" : px->photometric == SN_DICOM_YBR_FULL_422 ? "YBR_FULL" : NULL;
    return rc;
}

/* The box as a region, cut to the image; false: none given, or nothing of it lies inside. */
static bool box_region(const uint32_t box[4], const struct sn_dicom_pixels *px, struct sn_dicom_region *r)
{
    uint64_t right = (uint64_t)box[0] + box[2], below = (uint64_t)box[1] + box[3];

    if (!box[2] || !box[3] || box[0] >= px->cols || box[1] >= px->rows)
        return false;
    *r = (struct sn_dicom_region){ .x0 = box[0], .y0 = box[1] };
    r->x1 = (uint32_t)SN_MIN(right, (uint64_t)px->cols) - 1;
    r->y1 = (uint32_t)SN_MIN(below, (uint64_t)px->rows) - 1;
    return true;
}

/* Big endian words, whose order depends on the size of the samples in them: decoded too, blanked or not. */
static bool turned(const struct sn_dicom *d)
{
    const struct sn_dicom_element *px = sn_dicom_find(&d->set, 0x7fe00010);

    return px && px->big_endian && strcmp(px->vr, "OW") == 0;
}

int sn_deid_blank(const struct sn_deid *s, struct sn_dicom *d, struct sn_deid_pixels *p, struct sn_deid_file *f,
                  struct sn_error *err)
{
    struct sn_dicom_region all[SN_DICOM_MAX_REGIONS], r[SN_DICOM_MAX_REGIONS];
    const struct sn_dicom_element *sequence = sn_dicom_find(&d->set, 0x00186011);
    size_t stated = sequence ? sequence->n_items : 0;
    struct sn_dicom_pixels px;
    int rc;

    *p = (struct sn_deid_pixels){ .samples = 0 };
    f->may_show_text = true;
    if (!stated && !s->box[2] && !turned(d))
        return SN_OK;
    if (stated > SN_DICOM_MAX_REGIONS)
        return SN_FAIL(err, SN_ELIMIT, "%zu ultrasound regions; at most %d", stated, SN_DICOM_MAX_REGIONS);
    SN_TRY(sn_dicom_describe(d, &px, err));
    f->regions = keepable(all, sn_dicom_regions(d, &px, all), r);
    if (!f->regions)
        f->regions = box_region(s->box, &px, r);
    if (!f->regions && !turned(d))
        return SN_OK;
    rc = decode_and_blank(d, &px, r, f->regions, p, f, err);
    f->recoded = px.native_frame == 0;
    f->may_show_text = !f->blanked || sn_dicom_is(sn_dicom_find(&d->set, 0x00280301), 0, "YES");
    if (rc)
        sn_buf_free(&p->data);
    return rc;
}
