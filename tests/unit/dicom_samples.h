/*
 * dicom_samples.h: ultrasound files made in memory, and what every file we write must satisfy. Included by
 * one file per test program, so everything is static.
 */
#ifndef SN_TEST_DICOM_SAMPLES_H
#define SN_TEST_DICOM_SAMPLES_H

#include <stdlib.h>

#include "io/dicom_make.h"
#include "tests/support/support.h"

#define US_CLASS "1.2.840.10008.5.1.4.1.1.6.1"
#define CINE_CLASS "1.2.840.10008.5.1.4.1.1.3.1"
#define US_INSTANCE "1.2.826.0.1.3680043.2.1143.1"
#define US_STUDY "1.2.826.0.1.3680043.2.1143.2"
#define US_SERIES "1.2.826.0.1.3680043.2.1143.3"

struct sample {
    unsigned rows, cols, frames;
    bool rgb, region;      /* region: 2D tissue from x 4, y 2 to x cols - 3, y rows - 2, 0.01 cm per pixel */
    const char *burned_in; /* NULL: not stated */
    const char *without;   /* "study": no Study Instance UID */
};

static uint8_t sample_pixel(size_t i) { return (uint8_t)(i * 7 + i / 251 + 1); }

static void sample_region(struct sn_dicom_writer *w, const struct sample *s)
{
    const uint32_t box[4] = { 4, 2, s->cols - 3, s->rows - 2 };

    sn_dicom_open_one(w, 0x00186011);
    sn_dicom_put_us(w, 0x00186012, 1);
    sn_dicom_put_us(w, 0x00186014, 1);
    for (uint32_t k = 0; k < 4; k++)
        sn_dicom_put_ul(w, 0x00186018 + 2 * k, &box[k], 1);
    sn_dicom_put_us(w, 0x00186024, 3);
    sn_dicom_put_us(w, 0x00186026, 3);
    sn_dicom_put_fd(w, 0x0018602c, 0.01);
    sn_dicom_put_fd(w, 0x0018602e, 0.01);
    sn_dicom_close_one(w);
}

static void sample_set(struct sn_dicom_writer *w, const struct sample *s)
{
    size_t n = (size_t)s->rows * s->cols * s->frames * (s->rgb ? 3 : 1);
    uint8_t *px = malloc(n);

    ck_assert_ptr_nonnull(px);
    for (size_t i = 0; i < n; i++)
        px[i] = sample_pixel(i);
    sn_dicom_put_text(w, 0x00080005, "CS", "ISO_IR 192");
    sn_dicom_put_text(w, 0x00080016, "UI", s->frames > 1 ? CINE_CLASS : US_CLASS);
    sn_dicom_put_text(w, 0x00080018, "UI", US_INSTANCE);
    sn_dicom_put_text(w, 0x00080020, "DA", "20240229");
    sn_dicom_put_text(w, 0x00080030, "TM", "101112");
    sn_dicom_put_text(w, 0x00080050, "SH", "ACC1");
    sn_dicom_put_text(w, 0x00080060, "CS", "US");
    sn_dicom_put_text(w, 0x00080080, "LO", "Saint Elsewhere");
    sn_dicom_put_text(w, 0x00080090, "PN", "House^Gregory");
    sn_dicom_put_text(w, 0x00100010, "PN", "M\xc3\xbcller^Anna");
    sn_dicom_put_text(w, 0x00100020, "LO", "PID-42");
    sn_dicom_put_text(w, 0x00100030, "DA", "19700101");
    sn_dicom_put_text(w, 0x00100040, "CS", "F");
    sn_dicom_put_text(w, 0x00101010, "AS", "054Y");
    if (s->region)
        sample_region(w, s);
    if (!s->without || strcmp(s->without, "study") != 0)
        sn_dicom_put_text(w, 0x0020000d, "UI", US_STUDY);
    sn_dicom_put_text(w, 0x0020000e, "UI", US_SERIES);
    sn_dicom_put_text(w, 0x00200010, "SH", "7");
    sn_dicom_put_is(w, 0x00200013, 5);
    sn_dicom_put_us(w, 0x00280002, s->rgb ? 3 : 1);
    sn_dicom_put_text(w, 0x00280004, "CS", s->rgb ? "RGB" : "MONOCHROME2");
    if (s->rgb)
        sn_dicom_put_us(w, 0x00280006, 0);
    if (s->frames > 1)
        sn_dicom_put_is(w, 0x00280008, (long)s->frames);
    sn_dicom_put_us(w, 0x00280010, s->rows);
    sn_dicom_put_us(w, 0x00280011, s->cols);
    sn_dicom_put_us(w, 0x00280100, 8);
    sn_dicom_put_us(w, 0x00280101, 8);
    sn_dicom_put_us(w, 0x00280102, 7);
    sn_dicom_put_us(w, 0x00280103, 0);
    if (s->burned_in)
        sn_dicom_put_text(w, 0x00280301, "CS", s->burned_in);
    sn_dicom_put(w, 0x7fe00010, "OB", px, n);
    free(px);
}

/* A whole file; the caller frees it. */
SN_UNUSED static struct sn_buf sample_file(const struct sample *s)
{
    struct sn_buf set = { 0 }, file = { 0 };
    struct sn_error err = { 0 };
    struct sn_dicom_writer w;

    sn_dicom_writer_begin(&w, &set);
    sample_set(&w, s);
    sn_ck_ok(sn_dicom_writer_end(&w, &err), &err);
    sn_ck_ok(sn_dicom_file(s->frames > 1 ? CINE_CLASS : US_CLASS, US_INSTANCE, NULL, &set, &file, &err), &err);
    sn_buf_free(&set);
    return file;
}

/* Tags ascend, lengths are even, no delimiters: in this item and all below it. */
static void ck_item(const struct sn_dicom_item *item)
{
    uint32_t last = 0;

    for (const struct sn_dicom_element *el = item->first; el; el = el->next) {
        ck_assert_msg(el->tag > last, "(%08x) after (%08x)", el->tag, last);
        ck_assert_msg(el->length % 2 == 0, "(%08x) has an odd length", el->tag);
        ck_assert(!el->undefined);
        last = el->tag;
        for (const struct sn_dicom_item *it = el->items; it && !el->encapsulated; it = it->next)
            ck_item(it);
    }
}

/* Parses what we wrote: explicit little endian with a preamble, nothing odd about it. */
SN_UNUSED static void ck_parse(const struct sn_buf *file, struct sn_dicom *d)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_dicom_parse(file->data, file->len, d, &err), &err);
    ck_assert(d->has_preamble && !d->syntax_guessed);
    ck_assert_str_eq(d->syntax->uid, SN_DICOM_EXPLICIT_LE);
    ck_assert_str_eq(d->notes, "");
    ck_item(&d->meta);
    ck_item(&d->set);
}

/* "0040a730/2/0040a300/0/0040a30a": tags and item numbers; NULL when there is none. */
SN_UNUSED static const struct sn_dicom_element *element_at(const struct sn_dicom *d, const char *path)
{
    const struct sn_dicom_item *item = &d->set;
    const struct sn_dicom_element *el = NULL;

    while (item && *path) {
        char *end;

        el = sn_dicom_find(item, (uint32_t)strtoul(path, &end, 16));
        if (!el || !*end)
            return el;
        item = sn_dicom_item(el, strtoul(end + 1, &end, 10));
        path = *end ? end + 1 : end;
    }
    return NULL;
}

/* The first text value below a path; "" when absent. */
SN_UNUSED static const char *text_at(const struct sn_dicom *d, const char *path)
{
    static char buf[8][256];
    static unsigned turn;
    char *b = buf[turn++ % 8];

    (void)sn_dicom_ascii(element_at(d, path), 0, b, sizeof buf[0]);
    return b;
}

#endif
