/*
 * dicom_voi.c: stored grey values to the 8 bits a viewer shows: Modality LUT or rescale (PS3.3
 * C.11.1), then VOI LUT or window (C.11.2), then MONOCHROME1 inverted. With both a VOI LUT and a
 * window the table goes first, as in pydicom; of several windows the first. Without either, the whole range of the bits
 * stored: a rule that does not depend on the picture, so that frames stay comparable.
 */
#include <math.h>
#include <stdlib.h>

#include "io/dicom_parts.h"

struct lut {
    uint16_t *values; /* NULL: none */
    size_t n;
    double first;
    int bits;
};

enum window { NO_WINDOW, LINEAR, LINEAR_EXACT, SIGMOID };

struct grey {
    struct lut modality, voi;
    double slope, intercept;
    enum window window;
    double centre, width;
    double low, high; /* of the modality values, where there is no window */
    bool invert;
};

/* ---- where attributes are ------------------------------------------------------------------- */

/*
 * An attribute of a frame: at the top level, else in the functional groups of the frame, else in the
 * shared ones, within the sequence `group` there (PS3.3 C.7.6.16).
 */
static const struct sn_dicom_element *frame_attribute(const struct sn_dicom *d, uint32_t frame, uint32_t group, uint32_t tag)
{
    const struct sn_dicom_element *el = sn_dicom_find(&d->set, tag);
    const struct sn_dicom_item *item;

    if (el)
        return el;
    item = sn_dicom_item(sn_dicom_find(&d->set, SN_DICOM_TAG(0x5200, 0x9230)), frame);
    el = sn_dicom_find(sn_dicom_item(sn_dicom_find(item, group), 0), tag);
    if (el)
        return el;
    item = sn_dicom_item(sn_dicom_find(&d->set, SN_DICOM_TAG(0x5200, 0x9229)), 0);
    return sn_dicom_find(sn_dicom_item(sn_dicom_find(item, group), 0), tag);
}

#define VALUE_GROUP SN_DICOM_TAG(0x28, 0x9145)
#define VOI_GROUP   SN_DICOM_TAG(0x28, 0x9132)

static int read_lut(const struct sn_dicom *d, uint32_t sequence, bool is_signed, struct lut *lut, struct sn_error *err)
{
    const struct sn_dicom_item *item = sn_dicom_item(sn_dicom_find(&d->set, sequence), 0);
    const struct sn_dicom_element *desc = sn_dicom_find(item, SN_DICOM_TAG(0x28, 0x3002));
    int64_t v[3];
    int rc;

    if (!item || sn_dicom_count(desc) == 0) /* empty sequences and attributes are the same as none */
        return SN_OK;
    for (size_t i = 0; i < 3; i++) {
        if (!sn_dicom_int(desc, i, &v[i]))
            return SN_FAIL(err, SN_EFORMAT, "dicom: look-up table of (%04X,%04X) has no descriptor of three numbers",
                           SN_DICOM_GROUP(sequence), SN_DICOM_ELEMENT(sequence));
    }
    if (v[2] < 8 || v[2] > 16)
        return SN_FAIL(err, SN_EFORMAT, "dicom: look-up table of (%04X,%04X) has values of %d bits, expected 8 to 16",
                       SN_DICOM_GROUP(sequence), SN_DICOM_ELEMENT(sequence), (int)v[2]);
    lut->n = (size_t)(v[0] & 0xffff) ? (size_t)(v[0] & 0xffff) : 65536;
    lut->first = (double)(is_signed && (v[1] & 0xffff) > 0x7fff ? (v[1] & 0xffff) - 0x10000 : (v[1] & 0xffff));
    lut->bits = (int)v[2];
    rc = sn_dicom_lut_values(sn_dicom_find(item, SN_DICOM_TAG(0x28, 0x3006)), lut->n, lut->bits, &lut->values, err);
    return rc ? sn_fail_context(err, rc, "dicom: (%04X,%04X)", SN_DICOM_GROUP(sequence), SN_DICOM_ELEMENT(sequence)) : SN_OK;
}

static void read_window(struct sn_dicom *d, uint32_t frame, struct grey *g)
{
    const struct sn_dicom_element *function = frame_attribute(d, frame, VOI_GROUP, SN_DICOM_TAG(0x28, 0x1056));

    if (!sn_dicom_real(frame_attribute(d, frame, VOI_GROUP, SN_DICOM_TAG(0x28, 0x1050)), 0, &g->centre) ||
        !sn_dicom_real(frame_attribute(d, frame, VOI_GROUP, SN_DICOM_TAG(0x28, 0x1051)), 0, &g->width))
        return;
    g->window = LINEAR;
    if (sn_dicom_is(function, 0, "SIGMOID"))
        g->window = SIGMOID;
    else if (sn_dicom_is(function, 0, "LINEAR_EXACT"))
        g->window = LINEAR_EXACT;
    if (g->window == LINEAR ? !(g->width >= 1.0) : !(g->width > 0.0)) {
        sn_dicom_note(d, "window without width ignored");
        g->window = NO_WINDOW;
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

static double look_up(const struct lut *lut, double x)
{
    double i = floor(x + 0.5) - lut->first;

    if (i <= 0.0)
        return (double)lut->values[0];
    return (double)lut->values[i >= (double)lut->n ? lut->n - 1 : (size_t)i];
}

static double modality(const struct grey *g, double stored)
{
    return g->modality.values ? look_up(&g->modality, stored) : g->slope * stored + g->intercept;
}

/* 0..1 before clamping. */
static double shown(const struct grey *g, double x)
{
    if (g->voi.values)
        return look_up(&g->voi, x) / (double)((1u << g->voi.bits) - 1);
    switch (g->window) {
    case LINEAR: /* C.11.2.1.2.1; a width of 1 is a threshold */
        return g->width > 1.0 ? (x - (g->centre - 0.5)) / (g->width - 1.0) + 0.5 : (x > g->centre - 0.5 ? 1.0 : 0.0);
    case LINEAR_EXACT:
        return (x - g->centre) / g->width + 0.5;
    case SIGMOID:
        return sn_sigmoid(4.0 * (x - g->centre) / g->width);
    default:
        return g->high > g->low ? (x - g->low) / (g->high - g->low) : 0.0;
    }
}

static uint8_t to_byte(const struct grey *g, int32_t stored)
{
    double y = shown(g, modality(g, (double)stored));
    uint8_t v;

    y = y > 0.0 ? (y < 1.0 ? y : 1.0) : 0.0;
    v = (uint8_t)floor(255.0 * y + 0.5);
    return g->invert ? (uint8_t)(255 - v) : v;
}

static void full_range(const struct sn_dicom_pixels *p, struct grey *g)
{
    double span = ldexp(1.0, p->bits_stored), a, b;

    if (g->modality.values) {
        g->low = 0.0;
        g->high = (double)((1u << g->modality.bits) - 1);
        return;
    }
    a = modality(g, p->is_signed ? -span / 2.0 : 0.0);
    b = modality(g, p->is_signed ? span / 2.0 - 1.0 : span - 1.0);
    g->low = a < b ? a : b;
    g->high = a < b ? b : a;
}

/* One answer for each stored value: pixels are many more than values. */
static int map_pixels(const struct sn_dicom_pixels *p, const struct grey *g, const void *stored, uint8_t *out, struct sn_error *err)
{
    size_t pixels = (size_t)p->rows * p->cols, n;
    unsigned low = (unsigned)(p->high_bit + 1 - p->bits_stored);
    uint8_t *table;

    if (p->bits_stored > 16) {
        for (size_t i = 0; i < pixels; i++)
            out[i] = to_byte(g, sn_dicom_sample(p, sn_dicom_raw(p, stored, i)));
        return SN_OK;
    }
    n = (size_t)1 << p->bits_stored;
    table = malloc(n);
    if (!table)
        return SN_NOMEM(err, "the grey scale");
    for (size_t v = 0; v < n; v++)
        table[v] = to_byte(g, sn_dicom_sample(p, (uint32_t)v << low));
    for (size_t i = 0; i < pixels; i++)
        out[i] = table[sn_dicom_raw(p, stored, i) >> low & (n - 1)];
    free(table);
    return SN_OK;
}

int sn_dicom_grey(struct sn_dicom *d, const struct sn_dicom_pixels *p, uint32_t frame, const void *stored, uint8_t *out,
                  struct sn_error *err)
{
    struct grey g = { .slope = 1.0, .invert = p->photometric == SN_DICOM_MONOCHROME1 };
    int rc = read_lut(d, SN_DICOM_TAG(0x28, 0x3000), p->is_signed, &g.modality, err);

    if (!rc)
        rc = read_lut(d, SN_DICOM_TAG(0x28, 0x3010), p->is_signed, &g.voi, err);
    if (!rc) {
        (void)sn_dicom_real(frame_attribute(d, frame, VALUE_GROUP, SN_DICOM_TAG(0x28, 0x1053)), 0, &g.slope);
        (void)sn_dicom_real(frame_attribute(d, frame, VALUE_GROUP, SN_DICOM_TAG(0x28, 0x1052)), 0, &g.intercept);
        if (g.slope == 0.0) {
            sn_dicom_note(d, "rescale slope of 0 ignored");
            g.slope = 1.0;
        }
        read_window(d, frame, &g);
        full_range(p, &g);
        rc = map_pixels(p, &g, stored, out, err);
    }
    free(g.modality.values);
    free(g.voi.values);
    return rc;
}
