/* image_dicom.c: stored values, all frames and elements of a DICOM file, for `sentinode image`. */
#include "tools/image_dicom.h"

#include <stdio.h>
#include <stdlib.h>

bool sn_frame_parse(const char *text, long *frame)
{
    double v;

    if (strcmp(text, "mid") == 0 || strcmp(text, "all") == 0) {
        *frame = text[0] == 'm' ? SN_FRAME_MID : SN_FRAME_ALL;
        return true;
    }
    if (text[0] < '1' || text[0] > '9' || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
        return false;
    if (!sn_parse_double(text, &v))
        return false;
    *frame = (long)v - 1;
    return true;
}

const char *sn_warning_text(unsigned warnings, char *buf, size_t n)
{
    static const struct {
        unsigned flag;
        const char *text;
    } known[] = { { SN_WARN_FRAMES, "one of several frames, not asked for" },
                  { SN_WARN_REGIONS, "several panes, the largest shown" },
                  { SN_WARN_COLOUR, "colour in the picture (Doppler, elastography)" },
                  { SN_WARN_MARKS, "callipers or text in the picture" },
                  { SN_WARN_SPACING, "doubtful physical scale" },
                  { SN_WARN_DAMAGED, "damaged file, decoded as far as it goes" } };
    size_t used = 0;

    buf[0] = 0;
    for (size_t i = 0; i < SN_COUNT(known); i++) {
        if ((warnings & known[i].flag) && used < n)
            used += (size_t)snprintf(buf + used, n - used, "%s%s", used ? "; " : "", known[i].text);
    }
    return buf;
}

/* ---- stored values --------------------------------------------------------------------------- */

static enum sn_npy_type npy_type(const struct sn_dicom_pixels *p)
{
    if (p->bytes == 1)
        return p->is_signed ? SN_NPY_I1 : SN_NPY_U1;
    if (p->bytes == 2)
        return p->is_signed ? SN_NPY_I2 : SN_NPY_U2;
    return p->is_signed ? SN_NPY_I4 : SN_NPY_U4;
}

int sn_dicom_write_raw(struct sn_dicom *d, long frame, const char *path, struct sn_error *err)
{
    struct sn_dicom_pixels p;
    size_t shape[4], bytes, total, first = 0, frames;
    int ndim = 0, rc = SN_OK;
    uint8_t *data;

    SN_TRY(sn_dicom_describe(d, &p, err));
    frames = frame == SN_FRAME_ALL ? p.frames : 1;
    if (frame == SN_FRAME_MID)
        first = p.frames / 2;
    else if (frame >= 0)
        first = (size_t)frame;
    if (first >= p.frames)
        return SN_FAIL(err, SN_EINVAL, "frame %zu asked for, the file has 1 to %u", first + 1, p.frames);
    SN_TRY(sn_size_mul3(&bytes, (size_t)p.rows * p.cols, (size_t)p.samples, (size_t)p.bytes, err));
    SN_TRY(sn_size_mul(&total, bytes, frames, err));
    if (total > SN_DICOM_MAX_STORED)
        return SN_FAIL(err, SN_ELIMIT, "all frames are %zu bytes, at most %zu; ask for one with --frame", total, SN_DICOM_MAX_STORED);
    data = malloc(total);
    if (!data)
        return SN_NOMEM(err, "the frames");
    for (size_t f = 0; f < frames && !rc; f++)
        rc = sn_dicom_stored(d, &p, (uint32_t)(first + f), data + f * bytes, err);
    if (frames > 1)
        shape[ndim++] = frames;
    shape[ndim++] = p.rows;
    shape[ndim++] = p.cols;
    if (p.samples > 1)
        shape[ndim++] = (size_t)p.samples;
    if (!rc)
        rc = sn_npy_write(path, npy_type(&p), ndim, shape, data, err);
    free(data);
    return rc;
}

/* ---- all frames as shown ------------------------------------------------------------------------ */

/* OUT-0001.png for OUT.png and frame 0. */
static int number(const char *path, uint32_t frame, struct sn_buf *name, struct sn_error *err)
{
    name->len = 0;
    sn_buf_add(name, path, strlen(path) - strlen(".png"));
    sn_buf_printf(name, "-%04u.png", frame + 1);
    return name->failed ? SN_NOMEM(err, "a file name") : SN_OK;
}

static int write_stack(struct sn_buf *stack, const struct sn_image *im, uint32_t frames, const char *path, struct sn_error *err)
{
    size_t shape[4] = { frames, im->height, im->width, (size_t)im->channels };

    return sn_npy_write(path, SN_NPY_U1, im->channels > 1 ? 4 : 3, shape, stack->data, err);
}

int sn_dicom_write_all(struct sn_dicom *d, int region, const char *path, struct sn_error *err)
{
    bool png = strcmp(path + strlen(path) - 4, ".png") == 0;
    struct sn_buf stack = { 0 }, name = { 0 };
    struct sn_image im = { 0 };
    struct sn_dicom_pixels p;
    uint32_t written = 0;
    int rc;

    SN_TRY(sn_dicom_describe(d, &p, err));
    for (uint32_t f = 0; f < p.frames; f++) {
        struct sn_dicom_view view = { (long)f, region };

        sn_image_free(&im);
        SN_TRY_OUT(sn_dicom_image(d, &view, &im, err));
        if (png) {
            SN_TRY_OUT(number(path, f, &name, err));
            SN_TRY_OUT(sn_png_write(name.data, &im, err));
            written++;
            continue;
        }
        if (stack.len + sn_image_bytes(&im) > SN_DICOM_MAX_STORED)
            SN_TRY_OUT(SN_FAIL(err, SN_ELIMIT, "all frames are more than %zu bytes; ask for one with --frame", SN_DICOM_MAX_STORED));
        sn_buf_add(&stack, im.data, sn_image_bytes(&im));
        if (stack.failed)
            SN_TRY_OUT(SN_NOMEM(err, "the frames"));
    }
    rc = png ? SN_OK : write_stack(&stack, &im, p.frames, path, err);
out:
    while (rc && written > 0 && number(path, --written, &name, NULL) == SN_OK)
        (void)remove(name.data); /* all frames or none */
    sn_buf_free(&name);
    sn_image_free(&im);
    sn_buf_free(&stack);
    return rc;
}

/* ---- elements ---------------------------------------------------------------------------------- */

enum { MOST_VALUES = 8, MOST_TEXT = 120 };

static bool text_vr(const char *vr)
{
    return strstr("AE AS CS DA DS DT IS LO LT PN SH ST TM UC UI UR UT", vr) != NULL;
}

/* Cut at a character, control characters shown as spaces. */
static void print_text(struct sn_buf *text)
{
    size_t n = SN_MIN(text->len, (size_t)MOST_TEXT);

    while (n < text->len && n > 0 && ((unsigned char)text->data[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++)
        (void)putchar((unsigned char)text->data[i] < ' ' ? ' ' : text->data[i]);
    if (n < text->len)
        (void)printf("... (%zu bytes)", text->len);
}

static void print_numbers(const struct sn_dicom_element *el)
{
    size_t n = sn_dicom_count(el);
    char buf[32];
    double v;
    int64_t tag;

    for (size_t i = 0; i < SN_MIN(n, (size_t)MOST_VALUES); i++) {
        const char *text = sn_dicom_real(el, i, &v) ? sn_format_double(v, buf) : "?";

        if (strcmp(el->vr, "AT") == 0 && sn_dicom_int(el, i, &tag)) {
            (void)snprintf(buf, sizeof buf, "(%04X,%04X)", SN_DICOM_GROUP((uint32_t)tag), SN_DICOM_ELEMENT((uint32_t)tag));
            text = buf;
        }
        (void)printf("%s%s", i ? "\\" : "", text);
    }
    if (n > MOST_VALUES)
        (void)printf("... (%zu values)", n);
}

/* Private, unknown and identifying elements keep their values to themselves. */
static bool hidden(const struct sn_dicom_element *el, const struct sn_dicom_entry *e)
{
    return (SN_DICOM_GROUP(el->tag) & 1) || ((!e || e->phi) && SN_DICOM_ELEMENT(el->tag) != 0);
}

static int print_value(const struct sn_dicom_element *el, const struct sn_dicom_element *charset, bool hide, struct sn_error *err)
{
    const char *vr = el->vr;
    struct sn_buf text = { 0 };
    bool failed;

    if (el->encapsulated)
        (void)printf("(%zu fragments, %zu bytes)", el->n_items ? el->n_items - 1 : 0, el->length);
    else if (el->length == 0)
        (void)printf("(empty)");
    else if (hide)
        (void)printf("(hidden, %zu bytes)", el->length);
    else if (text_vr(vr)) {
        (void)sn_dicom_text(el, charset, &text);
        if (text.data)
            print_text(&text);
    } else if (vr[0] == 'O' || strcmp(vr, "UN") == 0)
        (void)printf("(%zu bytes)", el->length);
    else
        print_numbers(el);
    failed = text.failed;
    sn_buf_free(&text);
    return failed ? SN_NOMEM(err, "an element's text") : SN_OK;
}

static int print_set(const struct sn_dicom_item *set, const struct sn_dicom_element *charset, int depth, bool phi, struct sn_error *err)
{
    const struct sn_dicom_element *own = sn_dicom_find(set, SN_DICOM_TAG(8, 5));

    charset = own ? own : charset; /* an item may name its own, else its parent's hold */
    for (const struct sn_dicom_element *el = set->first; el; el = el->next) {
        const struct sn_dicom_entry *e = sn_dicom_lookup(el->tag);
        bool hide = !phi && hidden(el, e), sequence = strcmp(el->vr, "SQ") == 0;
        size_t k = 0;

        (void)printf("%*s(%04X,%04X) %s %s: ", 2 * depth, "", SN_DICOM_GROUP(el->tag), SN_DICOM_ELEMENT(el->tag), el->vr,
                     SN_DICOM_GROUP(el->tag) & 1         ? "private"
                     : SN_DICOM_ELEMENT(el->tag) == 0    ? "GroupLength"
                     : e                                 ? e->name
                                                         : "?");
        if (!sequence) {
            SN_TRY(print_value(el, charset, hide, err));
            (void)printf("\n");
            continue;
        }
        (void)printf("%zu item%s%s\n", el->n_items, el->n_items == 1 ? "" : "s", hide && el->n_items ? " (hidden)" : "");
        for (const struct sn_dicom_item *item = hide ? NULL : el->items; item; item = item->next) {
            (void)printf("%*sitem %zu\n", 2 * depth + 2, "", ++k);
            SN_TRY(print_set(item, charset, depth + 2, phi, err));
        }
    }
    return SN_OK;
}

int sn_dicom_print_tags(const struct sn_dicom *d, bool phi, struct sn_error *err)
{
    (void)printf("transfer syntax: %s (%s)%s\n", d->syntax->name, d->syntax->uid, d->syntax_guessed ? ", guessed" : "");
    if (d->notes[0])
        (void)printf("notes: %s\n", d->notes);
    if (!phi)
        (void)printf("values that may identify a person or a study are hidden; --phi shows them\n");
    SN_TRY(print_set(&d->meta, NULL, 0, phi, err));
    return print_set(&d->set, NULL, 0, phi, err);
}
