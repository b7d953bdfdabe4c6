/*
 * dicom_frames.c: which bytes are frame K, and its stored values.
 *
 * Encapsulated pixel data are fragments; which of them make a frame is told, in this order, by there
 * being one frame, the Extended Offset Table, the Basic Offset Table, as many fragments as frames, or
 * by which fragments begin as a JPEG stream does (PS3.5 A.4, PS3.3 C.7.6.3.1.8). A table that does not
 * fit the fragments is noted and passed over.
 */
#include "io/dicom_parts.h"

/* Entry k of an offset table; false beyond its end. */
static bool table_entry(const uint8_t *table, size_t size, unsigned width, bool big, size_t k, uint64_t *v)
{
    const uint8_t *p = table + k * width;

    if (k >= size / width)
        return false;
    *v = width == 4 ? sn_dicom_u32(p, big) : big ? (uint64_t)sn_be32(p) << 32 | sn_be32(p + 4) : sn_le64(p);
    return true;
}

/*
 * Each of these fills first[frames] with the fragments that begin a frame, or fails.
 *
 * By table: offsets count from the first fragment's item tag. All entries are checked: one that meets no
 * fragment, or does not grow, discredits the table.
 */
static bool by_table(const struct sn_dicom_pixels *p, const uint8_t *table, size_t size, unsigned width, bool big,
                     const struct sn_dicom_item **first)
{
    const struct sn_dicom_item *start = p->data->items->next, *f = start;
    uint64_t offset = 0;

    if (size / width != p->frames)
        return false;
    for (size_t k = 0; k < p->frames; k++) {
        if (!table_entry(table, size, width, big, k, &offset) || (k == 0 && offset != 0))
            return false;
        while (f && (uint64_t)(f->start - start->start) < offset)
            f = f->next;
        if (!f || (uint64_t)(f->start - start->start) != offset)
            return false;
        first[k] = f;
        f = f->next; /* the next frame begins later */
    }
    return true;
}

static bool not_empty(const struct sn_dicom_item *f)
{
    return f->length > 0;
}

static bool jpeg_start(const struct sn_dicom_item *f)
{
    return f->length >= 3 && f->value[0] == 0xff && f->value[1] == 0xd8 && f->value[2] == 0xff;
}

/* Fragments that are a beginning, when there are as many as frames. */
static bool by_kind(const struct sn_dicom_pixels *p, bool (*begins)(const struct sn_dicom_item *), const struct sn_dicom_item **first)
{
    size_t n = 0;

    for (const struct sn_dicom_item *f = p->data->items->next; f; f = f->next) {
        if (!begins(f))
            continue;
        if (n < p->frames)
            first[n] = f;
        n++;
    }
    return n == p->frames;
}

static bool find_frames(struct sn_dicom *d, const struct sn_dicom_pixels *p, const struct sn_dicom_item **first)
{
    const struct sn_dicom_item *basic = p->data->items;
    const struct sn_dicom_element *extended = sn_dicom_find(&d->set, SN_DICOM_TAG(0x7fe0, 1));

    if (p->frames == 1) {
        first[0] = basic->next;
        return true;
    }
    if (extended && !extended->items && extended->length) {
        if (by_table(p, extended->value, extended->length, 8, extended->big_endian, first))
            return true;
        sn_dicom_note(d, "extended offset table does not fit the fragments");
    }
    if (basic->length) {
        if (by_table(p, basic->value, basic->length, 4, p->data->big_endian, first))
            return true;
        sn_dicom_note(d, "offset table does not fit the fragments");
    }
    return by_kind(p, not_empty, first) || (d->syntax->codec == SN_DICOM_JPEG && by_kind(p, jpeg_start, first));
}

int sn_dicom_index(struct sn_dicom *d, const struct sn_dicom_pixels *p, struct sn_error *err)
{
    size_t fragments = p->data->n_items ? p->data->n_items - 1 : 0;
    const struct sn_dicom_item **first;

    if (d->frame_first)
        return SN_OK;
    if (fragments == 0)
        return SN_FAIL(err, SN_EFORMAT, "dicom: no fragment behind the offset table of the pixel data");
    first = p->frames <= fragments ? sn_arena_get(&d->arena, ((size_t)p->frames + 1) * sizeof *first, err) : NULL;
    if (p->frames <= fragments && !first)
        return d->arena.used > SN_DICOM_MAX_NODES / 2 ? SN_FAIL(err, SN_ELIMIT, "dicom: %u frames", p->frames) : SN_NOMEM(err, "the list of frames");
    if (!first || !find_frames(d, p, first))
        return SN_FAIL(err, SN_EFORMAT, "dicom: %zu fragments cannot be told apart into %u frames", fragments, p->frames);
    d->frame_first = first;
    return SN_OK;
}

int sn_dicom_stream_get(const struct sn_dicom *d, uint32_t frame, struct sn_dicom_stream *s, struct sn_error *err)
{
    const struct sn_dicom_item *end = d->frame_first[frame + 1];

    memset(s, 0, sizeof *s);
    for (const struct sn_dicom_item *f = d->frame_first[frame]; f && f != end; f = f->next) {
        if (f->length == 0)
            continue;
        if (s->size == 0) {
            s->data = f->value;
            s->size = f->length;
            continue;
        }
        if (s->joined.len == 0)
            sn_buf_add(&s->joined, s->data, s->size);
        sn_buf_add(&s->joined, f->value, f->length);
        s->size = s->joined.len;
    }
    if (s->joined.failed) {
        sn_dicom_stream_free(s);
        return SN_NOMEM(err, "pixel data");
    }
    if (s->joined.len)
        s->data = (const uint8_t *)s->joined.data;
    if (s->size == 0)
        return SN_FAIL(err, SN_EFORMAT, "dicom: frame %u has no bytes", frame + 1);
    return SN_OK;
}

void sn_dicom_stream_free(struct sn_dicom_stream *s)
{
    sn_buf_free(&s->joined);
    memset(s, 0, sizeof *s);
}

int sn_dicom_stored(struct sn_dicom *d, const struct sn_dicom_pixels *p, uint32_t frame, void *out, struct sn_error *err)
{
    struct sn_dicom_stream s;
    int rc;

    if (frame >= p->frames || (d->syntax->codec != SN_DICOM_NATIVE && !d->frame_first))
        return SN_FAIL(err, SN_EINVAL, "dicom: frame %u of %u", frame + 1, p->frames);
    if (d->syntax->codec == SN_DICOM_NATIVE) {
        sn_dicom_native(p, frame, out);
        return SN_OK;
    }
    SN_TRY(sn_dicom_stream_get(d, frame, &s, err));
    rc = d->syntax->codec == SN_DICOM_RLE ? sn_dicom_rle(p, s.data, s.size, out, err)
                                          : sn_dicom_jpeg(d, p, s.data, s.size, out, err);
    sn_dicom_stream_free(&s);
    return rc ? sn_fail_context(err, rc, "dicom: frame %u", frame + 1) : SN_OK;
}

int32_t sn_dicom_sample(const struct sn_dicom_pixels *p, uint32_t raw)
{
    unsigned bits = (unsigned)p->bits_stored, low = (unsigned)(p->high_bit + 1) - bits;
    uint32_t mask = bits >= 32 ? UINT32_MAX : ((uint32_t)1 << bits) - 1;
    uint32_t v = raw >> low & mask, top = (uint32_t)1 << (bits - 1);

    if (p->is_signed && (v & top))
        return -(int32_t)(~v & (top - 1)) - 1;
    return v > INT32_MAX ? INT32_MAX : (int32_t)v; /* only 32 unsigned bits reach beyond */
}
