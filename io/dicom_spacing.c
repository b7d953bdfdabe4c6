/*
 * dicom_spacing.c: how many millimetres a pixel is. An ultrasound region's deltas come first: they are what the
 * scanner measures with. Pixel Spacing is believed where it is measured (not in secondary captures, where
 * it is filled in by converters), and compared with the region's where both exist.
 */
#include <math.h>

#include "io/dicom_parts.h"

/* No ultrasound scan is deeper or wider than this: abdominal presets end at 30 to 40 cm. */
#define MAX_ULTRASOUND_MM 600.0
/* A whole-body detector or plate. */
#define MAX_PICTURE_MM 2500.0
/* The two directions of a B-mode picture differ by the display's pixel shape only. */
#define MAX_ASPECT 2.0
/* Both are measured; 1 % is beyond rounding of either. */
#define TOLERANCE 0.01

static bool sane(const double mm[2], double rows, double cols, double limit)
{
    return mm[0] > 0.0 && mm[1] > 0.0 && mm[0] * rows <= limit && mm[1] * cols <= limit && mm[0] <= MAX_ASPECT * mm[1] &&
           mm[1] <= MAX_ASPECT * mm[0];
}

static const char *show(double v, char *buf)
{
    return sn_format_double(floor(v * 1e5 + 0.5) / 1e5, buf);
}

static bool by_region(struct sn_dicom *d, const struct sn_dicom_region *r, struct sn_image *im)
{
    double mm[2] = { 10.0 * fabs(r->delta_y), 10.0 * fabs(r->delta_x) };
    char a[32], b[32];

    if (r->units_x != 3 || r->units_y != 3 || r->delta_x == 0.0 || r->delta_y == 0.0)
        return false;
    if (!sane(mm, r->y1 - r->y0 + 1.0, r->x1 - r->x0 + 1.0, MAX_ULTRASOUND_MM)) {
        im->warnings |= SN_WARN_SPACING;
        sn_dicom_note(d, "region spacing of %s x %s mm a pixel is implausible, not used", show(mm[0], a), show(mm[1], b));
        return false;
    }
    memcpy(im->spacing_mm, mm, sizeof mm);
    return true;
}

/* Pixel Spacing at the top or in the shared functional groups: row, column. */
static bool pixel_spacing(const struct sn_dicom *d, double mm[2])
{
    const uint32_t tag = SN_DICOM_TAG(0x28, 0x30);
    const struct sn_dicom_element *el = sn_dicom_find(&d->set, tag);
    const struct sn_dicom_item *shared;

    if (!el) {
        shared = sn_dicom_item(sn_dicom_find(&d->set, SN_DICOM_TAG(0x5200, 0x9229)), 0);
        el = sn_dicom_find(sn_dicom_item(sn_dicom_find(shared, SN_DICOM_TAG(0x28, 0x9110)), 0), tag);
    }
    return sn_dicom_real(el, 0, &mm[0]) && sn_dicom_real(el, 1, &mm[1]);
}

static bool secondary_capture(const struct sn_dicom *d)
{
    static const char *const classes[] = { "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.7.1",
                                           "1.2.840.10008.5.1.4.1.1.7.2", "1.2.840.10008.5.1.4.1.1.7.3",
                                           "1.2.840.10008.5.1.4.1.1.7.4" };
    const struct sn_dicom_element *el = sn_dicom_find(&d->set, SN_DICOM_TAG(8, 0x16));

    for (size_t i = 0; i < SN_COUNT(classes); i++) {
        if (sn_dicom_is(el, 0, classes[i]))
            return true;
    }
    return false;
}

static bool close_to(double a, double b)
{
    return fabs(a - b) <= TOLERANCE * fabs(b);
}

void sn_dicom_spacing(struct sn_dicom *d, const struct sn_dicom_pixels *p, const struct sn_dicom_region *r, struct sn_image *im)
{
    bool measured = r && by_region(d, r, im);
    double mm[2];
    char a[32], b[32];

    if (!pixel_spacing(d, mm))
        return;
    if (measured) {
        if (!close_to(mm[0], im->spacing_mm[0]) || !close_to(mm[1], im->spacing_mm[1])) {
            im->warnings |= SN_WARN_SPACING;
            sn_dicom_note(d, "Pixel Spacing %s x %s mm differs from the region's, which is used", show(mm[0], a), show(mm[1], b));
        }
        return;
    }
    if (secondary_capture(d)) {
        sn_dicom_note(d, "Pixel Spacing of a secondary capture not used");
    } else if (sane(mm, p->rows, p->cols, r ? MAX_ULTRASOUND_MM : MAX_PICTURE_MM)) {
        memcpy(im->spacing_mm, mm, sizeof mm);
    } else {
        im->warnings |= SN_WARN_SPACING;
        sn_dicom_note(d, "Pixel Spacing of %s x %s mm is implausible, not used", show(mm[0], a), show(mm[1], b));
    }
}
