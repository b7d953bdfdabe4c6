/*
 * dicom_us.c: the regions of an ultrasound image (PS3.3 C.8.5.5.1): where the picture is on the
 * screen, and what a pixel measures.
 */
#include "io/dicom_parts.h"

#define TAG18(e) SN_DICOM_TAG(0x0018, (e))

static bool number(const struct sn_dicom_item *item, uint32_t tag, int64_t *v)
{
    return sn_dicom_int(sn_dicom_find(item, tag), 0, v);
}

/* false: no usable box. Coordinates are UL; writers that store them signed or beyond the image exist. */
static bool read_box(const struct sn_dicom_item *item, const struct sn_dicom_pixels *p, struct sn_dicom_region *r)
{
    int64_t x0, y0, x1, y1, right = (int64_t)p->cols - 1, bottom = (int64_t)p->rows - 1;

    if (!number(item, TAG18(0x6018), &x0) || !number(item, TAG18(0x601a), &y0) || !number(item, TAG18(0x601c), &x1) ||
        !number(item, TAG18(0x601e), &y1))
        return false;
    r->clipped = x0 < 0 || y0 < 0 || x1 > right || y1 > bottom;
    x0 = SN_MAX(x0, 0);
    y0 = SN_MAX(y0, 0);
    x1 = SN_MIN(x1, right);
    y1 = SN_MIN(y1, bottom);
    if (x1 <= x0 || y1 <= y0)
        return false;
    r->x0 = (uint32_t)x0;
    r->y0 = (uint32_t)y0;
    r->x1 = (uint32_t)x1;
    r->y1 = (uint32_t)y1;
    return true;
}

static bool read_region(const struct sn_dicom_item *item, const struct sn_dicom_pixels *p, struct sn_dicom_region *r)
{
    int64_t v;

    memset(r, 0, sizeof *r);
    if (!read_box(item, p, r))
        return false;
    r->spatial_format = number(item, TAG18(0x6012), &v) && v >= 0 && v <= 0xffff ? (int)v : 0;
    r->data_type = number(item, TAG18(0x6014), &v) && v >= 0 && v <= 0xffff ? (int)v : 0;
    r->units_x = number(item, TAG18(0x6024), &v) && v >= 0 && v <= 0xffff ? (int)v : 0;
    r->units_y = number(item, TAG18(0x6026), &v) && v >= 0 && v <= 0xffff ? (int)v : 0;
    (void)sn_dicom_real(sn_dicom_find(item, TAG18(0x602c)), 0, &r->delta_x);
    (void)sn_dicom_real(sn_dicom_find(item, TAG18(0x602e)), 0, &r->delta_y);
    return true;
}

size_t sn_dicom_regions(const struct sn_dicom *d, const struct sn_dicom_pixels *p, struct sn_dicom_region *r)
{
    const struct sn_dicom_element *sequence = sn_dicom_find(&d->set, TAG18(0x6011));
    size_t n = 0;

    for (const struct sn_dicom_item *i = sn_dicom_item(sequence, 0); i && n < SN_DICOM_MAX_REGIONS; i = i->next)
        n += read_region(i, p, &r[n]);
    return n;
}

static uint64_t area(const struct sn_dicom_region *r)
{
    return (uint64_t)(r->x1 - r->x0 + 1) * (r->y1 - r->y0 + 1);
}

static bool is_tissue(const struct sn_dicom_region *r)
{
    return r->spatial_format == 1 && r->data_type == 1;
}

static bool apart(const struct sn_dicom_region *a, const struct sn_dicom_region *b)
{
    return a->x1 < b->x0 || b->x1 < a->x0 || a->y1 < b->y0 || b->y1 < a->y0;
}

int sn_dicom_choose_region(const struct sn_dicom_region *r, size_t n, int *tissue)
{
    int best = -1;

    *tissue = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_tissue(&r[i]) && (best < 0 || area(&r[i]) > area(&r[best])))
            best = (int)i;
    }
    /* boxes that overlap the chosen one show the same tissue (a colour box, a zoom frame) */
    for (size_t i = 0; i < n && best >= 0; i++)
        *tissue += (int)i == best || (is_tissue(&r[i]) && 2 * area(&r[i]) >= area(&r[best]) && apart(&r[i], &r[best]));
    return best;
}
