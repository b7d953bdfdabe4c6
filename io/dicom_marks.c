/*
 * dicom_marks.c: is there something in the ultrasound picture that is no tissue? Two heuristics, for warnings
 * only; nothing is removed.
 *
 * Colour: pixels whose largest and smallest component differ by more than 48 (JPEG's chroma noise on grey
 * stays below 40). More than 0.5 % of the picture: Doppler, elastography or a tinted map; from 0.02 %: coloured
 * callipers or text.
 *
 * Strokes: pixels of 200 and more that fall by 90 or more within three pixels to the left and to the
 * right. Bright interfaces lie along the transducer, so tissue is thin from top to bottom, hardly ever from
 * side to side; letters and callipers are. On 111 breast images without graphics (TCIA, hand-cropped) at
 * most 19 pixels are such strokes; of 130 of BUSI, half of which carry callipers or labels, 55 have 24 or more.
 */
#include "io/dicom_parts.h"

enum { CHROMA = 48, BRIGHT = 200, FALL = 90, REACH = 3, LEAST_STROKES = 24 };

/* Shares of the picture in 1/10000. */
enum { MUCH_COLOUR = 50, SOME_COLOUR = 2 };

static size_t coloured(const struct sn_image *im)
{
    size_t n = (size_t)im->width * im->height, found = 0;
    const uint8_t *px = im->data;

    for (size_t i = 0; i < n && im->channels == 3; i++, px += 3) {
        uint8_t high = SN_MAX(px[0], SN_MAX(px[1], px[2])), low = SN_MIN(px[0], SN_MIN(px[1], px[2]));

        found += high - low > CHROMA;
    }
    return found;
}

/* BT.601, as sn_image_to_grey. */
static unsigned luma(const uint8_t *px, size_t channels)
{
    return channels == 3 ? (19595u * px[0] + 38470u * px[1] + 7471u * px[2] + 32768u) >> 16 : px[0];
}

static size_t strokes(const struct sn_image *im)
{
    size_t step = (size_t)im->channels, w = im->width, found = 0;
    const uint8_t *row = im->data;

    for (uint32_t y = 0; y < im->height; y++, row += w * step) {
        for (size_t x = REACH; x + REACH < w; x++) {
            unsigned v = luma(row + x * step, step), left = 255, right = 255;

            if (v < BRIGHT)
                continue;
            for (size_t k = 1; k <= REACH; k++) {
                left = SN_MIN(left, luma(row + (x - k) * step, step));
                right = SN_MIN(right, luma(row + (x + k) * step, step));
            }
            found += SN_MAX(left, right) + FALL <= v;
        }
    }
    return found;
}

static bool is_ultrasound(const struct sn_dicom *d)
{
    const struct sn_dicom_element *modality = sn_dicom_find(&d->set, SN_DICOM_TAG(8, 0x60));

    return sn_dicom_is(modality, 0, "US") || sn_dicom_is(modality, 0, "IVUS") ||
           sn_dicom_find(&d->set, SN_DICOM_TAG(0x18, 0x6011)) != NULL;
}

void sn_dicom_marks(struct sn_dicom *d, struct sn_image *im)
{
    size_t pixels = (size_t)im->width * im->height, colour, thin;

    if (!is_ultrasound(d))
        return;
    colour = coloured(im);
    thin = strokes(im);
    if (colour * 10000 > pixels * MUCH_COLOUR) {
        im->warnings |= SN_WARN_COLOUR;
        sn_dicom_note(d, "colour in %zu of 1000 pixels", colour * 1000 / pixels);
    } else if (colour * 10000 > pixels * SOME_COLOUR) {
        im->warnings |= SN_WARN_MARKS;
        sn_dicom_note(d, "coloured graphics in the picture");
    }
    if (thin >= LEAST_STROKES) {
        im->warnings |= SN_WARN_MARKS;
        sn_dicom_note(d, "bright strokes as of callipers or text");
    }
}
