/*
 * dicom.c: from bytes to a tree of data elements (PS3.5 chapter 7, PS3.10 chapter 7).
 *
 * Strict about lengths: an element, item or fragment that reaches beyond what holds it is an error
 * that names the byte. Lenient about what files in archives do and every reader copes with: no preamble,
 * no meta group, odd lengths, elements without VR in an explicit data set, sequences hidden under UN, a
 * missing last delimiter, debris behind the pixel data. What was tolerated is noted.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/dicom_parts.h"

#define TAG_ITEM      SN_DICOM_TAG(0xfffe, 0xe000)
#define TAG_ITEM_END  SN_DICOM_TAG(0xfffe, 0xe00d)
#define TAG_SEQ_END   SN_DICOM_TAG(0xfffe, 0xe0dd)

/* How elements are encoded at one place: a UN sequence differs from what holds it. */
struct style {
    bool explicit_vr, big;
};

struct parser {
    struct sn_dicom *d;
    const uint8_t *base; /* of positions in messages */
    struct sn_error *err;
};

void sn_dicom_note(struct sn_dicom *d, const char *fmt, ...)
{
    size_t used = strlen(d->notes);
    char text[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (strstr(d->notes, text))
        return;
    snprintf(d->notes + used, sizeof d->notes - used, "%s%s", used ? "; " : "", text);
}

/* ---- element headers ------------------------------------------------------------------------ */

/* 0: no VR of the standard; 2: 16-bit length; 4: 32-bit length (PS3.5 table 7.1-1). */
static int vr_form(const uint8_t *vr)
{
    static const char narrow[] = "AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US ";
    static const char wide[] = "OB OD OF OL OV OW SQ SV UC UN UR UT UV ";

    for (size_t i = 0; i + 3 <= sizeof narrow; i += 3) {
        if (memcmp(narrow + i, vr, 2) == 0)
            return 2;
    }
    for (size_t i = 0; i + 3 <= sizeof wide; i += 3) {
        if (memcmp(wide + i, vr, 2) == 0)
            return 4;
    }
    return 0;
}

static bool letters(const uint8_t *vr)
{
    return vr[0] >= 'A' && vr[0] <= 'Z' && vr[1] >= 'A' && vr[1] <= 'Z';
}

struct header {
    uint32_t tag, length;
    size_t size; /* bytes of the header */
    char vr[3];
    bool vr_stored;
};

static void dictionary_vr(struct header *h)
{
    const struct sn_dicom_entry *e = sn_dicom_lookup(h->tag);

    if (SN_DICOM_ELEMENT(h->tag) == 0)
        memcpy(h->vr, "UL", 3); /* group length */
    else if ((h->tag >> 16 & 1) && SN_DICOM_ELEMENT(h->tag) >= 0x10 && SN_DICOM_ELEMENT(h->tag) <= 0xff)
        memcpy(h->vr, "LO", 3); /* private creator */
    else
        memcpy(h->vr, e ? e->vr : "UN", 3);
}

/* `left` bytes at p; false: they cannot hold the header. */
static bool read_header(const uint8_t *p, size_t left, struct style st, struct header *h)
{
    if (left < 8)
        return false;
    h->tag = SN_DICOM_TAG(sn_dicom_u16(p, st.big), sn_dicom_u16(p + 2, st.big));
    h->size = 8;
    h->vr_stored = st.explicit_vr && SN_DICOM_GROUP(h->tag) != 0xfffe && letters(p + 4);
    if (!h->vr_stored) {
        h->length = sn_dicom_u32(p + 4, st.big);
        dictionary_vr(h);
        return true;
    }
    memcpy(h->vr, p + 4, 2);
    h->vr[2] = 0;
    if (vr_form(p + 4) != 4) { /* a VR that nobody knows is read as pydicom does: short */
        h->length = sn_dicom_u16(p + 6, st.big);
        return true;
    }
    if (left < 12)
        return false;
    h->size = 12;
    h->length = sn_dicom_u32(p + 8, st.big);
    return true;
}

/* ---- the tree ------------------------------------------------------------------------------- */

static int parse_set(struct parser *r, struct sn_dicom_item *set, const uint8_t *p, const uint8_t *end,
                     struct style st, int depth, bool delimited, const uint8_t **after);

static size_t at(const struct parser *r, const uint8_t *p)
{
    return (size_t)(p - r->base);
}

static int too_long(const struct parser *r, const uint8_t *p, uint32_t tag, size_t need, size_t left)
{
    return SN_FAIL(r->err, SN_EFORMAT, "dicom: element (%04X,%04X) at byte %zu needs %zu bytes, %zu remain",
                   SN_DICOM_GROUP(tag), SN_DICOM_ELEMENT(tag), at(r, p), need, left);
}

/* Why the tree cannot grow; sn_arena_get has no code to return. */
static bool nodes_full(const struct parser *r)
{
    return r->d->arena.used + 4096 > SN_DICOM_MAX_NODES;
}

static int out_of_nodes(const struct parser *r)
{
    return nodes_full(r) ? SN_FAIL(r->err, SN_ELIMIT, "dicom: more elements than %zu MB of tree hold", SN_DICOM_MAX_NODES >> 20)
                         : SN_NOMEM(r->err, "DICOM elements");
}

static struct sn_dicom_item *add_item(struct parser *r, struct sn_dicom_element *el, struct sn_dicom_item **tail)
{
    struct sn_dicom_item *item = nodes_full(r) ? NULL : sn_arena_get(&r->d->arena, sizeof *item, r->err);

    if (!item)
        return NULL;
    if (*tail)
        (*tail)->next = item;
    else
        el->items = item;
    *tail = item;
    el->n_items++;
    return item;
}

static int one_item(struct parser *r, struct sn_dicom_item *item, const uint8_t *p, const uint8_t *end, struct style st,
                    int depth, bool fragments, const uint8_t **after)
{
    uint32_t length = sn_dicom_u32(p + 4, st.big);

    item->start = p;
    item->value = p + 8;
    if (length == SN_DICOM_UNDEFINED && !fragments) {
        SN_TRY(parse_set(r, item, p + 8, end, st, depth + 1, true, after));
        item->length = (size_t)(*after - item->value) - 8;
    } else {
        if (length > (size_t)(end - p) - 8)
            return too_long(r, p, TAG_ITEM, length, (size_t)(end - p) - 8);
        item->length = length;
        *after = item->value + length;
        if (!fragments)
            SN_TRY(parse_set(r, item, item->value, *after, st, depth + 1, false, NULL));
    }
    item->total = (size_t)(*after - p);
    return SN_OK;
}

/*
 * The items from p on: to `end` when the length is known, else to the delimiter. Fragments are not
 * looked into.
 */
static int parse_items(struct parser *r, struct sn_dicom_element *el, const uint8_t *p, const uint8_t *end,
                       struct style st, int depth, bool fragments, const uint8_t **after)
{
    struct sn_dicom_item *tail = NULL;
    const uint8_t *stop = NULL; /* of the content */

    if (depth >= SN_DICOM_MAX_DEPTH)
        return SN_FAIL(r->err, SN_ELIMIT, "dicom: sequences nested deeper than %d at byte %zu", SN_DICOM_MAX_DEPTH, at(r, p));
    while (p < end || el->undefined) {
        struct sn_dicom_item *item;
        uint32_t tag;

        if (fragments && p == end && depth == 0) { /* the writer stopped before the delimiter */
            sn_dicom_note(r->d, "no delimiter after the last fragment");
            break;
        }
        if (end - p < 8)
            return SN_FAIL(r->err, SN_EFORMAT, "dicom: sequence (%04X,%04X) ends at byte %zu without its delimiter",
                           SN_DICOM_GROUP(el->tag), SN_DICOM_ELEMENT(el->tag), at(r, end));
        tag = SN_DICOM_TAG(sn_dicom_u16(p, st.big), sn_dicom_u16(p + 2, st.big));
        if (tag == TAG_SEQ_END) {
            stop = p;
            p += 8;
            if (!el->undefined && p != end)
                return SN_FAIL(r->err, SN_EFORMAT, "dicom: sequence delimiter at byte %zu, %zu bytes before the sequence's end",
                               at(r, p - 8), (size_t)(end - p));
            break;
        }
        if (tag != TAG_ITEM)
            return SN_FAIL(r->err, SN_EFORMAT, "dicom: (%04X,%04X) at byte %zu, expected an item of (%04X,%04X)",
                           SN_DICOM_GROUP(tag), SN_DICOM_ELEMENT(tag), at(r, p), SN_DICOM_GROUP(el->tag), SN_DICOM_ELEMENT(el->tag));
        item = add_item(r, el, &tail);
        if (!item)
            return out_of_nodes(r);
        SN_TRY(one_item(r, item, p, end, st, depth, fragments, &p));
    }
    if (el->undefined)
        el->length = (size_t)((stop ? stop : p) - el->value);
    *after = p;
    return SN_OK;
}

static bool item_at(const uint8_t *p, size_t n, bool big)
{
    return n >= 8 && sn_dicom_u16(p, big) == 0xfffe && sn_dicom_u16(p + 2, big) == 0xe000;
}

/*
 * The encoding inside a sequence stored as UN: implicit little endian says PS3.5 6.2.2 (CP-246), but
 * converters exist that kept the explicit form; the first element's VR tells.
 */
static struct style inside_un(const uint8_t *p, size_t n)
{
    return (struct style){ .explicit_vr = n >= 16 && item_at(p, n, false) && vr_form(p + 12) != 0, .big = false };
}

/*
 * A value of known length that may be a sequence under UN or without a VR: it is one when items fill it
 * exactly. Otherwise it stays bytes. Each byte is tried once per level at most.
 */
static int try_sequence(struct parser *r, struct sn_dicom_element *el, struct style st, int depth)
{
    struct parser quiet = { r->d, r->base, NULL };
    const uint8_t *after;
    int rc = parse_items(&quiet, el, el->value, el->value + el->length, st, depth, false, &after);

    if (rc == SN_OK) {
        memcpy(el->vr, "SQ", 3);
        return SN_OK;
    }
    el->items = NULL;
    el->n_items = 0;
    return rc == SN_ENOMEM || nodes_full(r) ? out_of_nodes(r) : SN_OK;
}

static int parse_undefined(struct parser *r, struct sn_dicom_element *el, const uint8_t *end, struct style st, int depth,
                           const uint8_t **after)
{
    bool un = strcmp(el->vr, "UN") == 0, sq = strcmp(el->vr, "SQ") == 0;

    el->undefined = true;
    el->encapsulated = el->vr[0] == 'O' || el->tag == SN_DICOM_PIXEL_DATA;
    if (!sq && !un && !el->encapsulated)
        return SN_FAIL(r->err, SN_EFORMAT, "dicom: element (%04X,%04X) at byte %zu of VR %s has no length",
                       SN_DICOM_GROUP(el->tag), SN_DICOM_ELEMENT(el->tag), at(r, el->start), el->vr);
    if (un && el->vr_stored && !el->encapsulated)
        st = inside_un(el->value, (size_t)(end - el->value));
    SN_TRY(parse_items(r, el, el->value, end, st, depth, el->encapsulated, after));
    if (!el->encapsulated)
        memcpy(el->vr, "SQ", 3);
    return SN_OK;
}

/* Decides what the value is and reads what lies within. *after: behind the element. */
static int parse_value(struct parser *r, struct sn_dicom_element *el, const struct header *h, const uint8_t *end,
                       struct style st, int depth, const uint8_t **after)
{
    bool pixels = h->tag == SN_DICOM_PIXEL_DATA && depth == 0;

    if (h->length == SN_DICOM_UNDEFINED)
        return parse_undefined(r, el, end, st, depth, after);
    if (h->length > (size_t)(end - el->value))
        return too_long(r, el->start, h->tag, h->length, (size_t)(end - el->value));
    el->length = h->length;
    *after = el->value + el->length;
    if (strcmp(h->vr, "SQ") == 0)
        return parse_items(r, el, el->value, *after, st, depth, false, after);
    if (pixels && r->d->syntax && r->d->syntax->codec != SN_DICOM_NATIVE && item_at(el->value, el->length, st.big)) {
        sn_dicom_note(r->d, "encapsulated pixel data of known length");
        el->encapsulated = true;
        return parse_items(r, el, el->value, *after, st, depth, true, after);
    }
    if (strcmp(h->vr, "UN") == 0 && item_at(el->value, el->length, h->vr_stored ? false : st.big))
        return try_sequence(r, el, h->vr_stored ? inside_un(el->value, el->length) : st, depth);
    return SN_OK;
}

static int parse_element(struct parser *r, struct sn_dicom_item *set, const struct header *h, const uint8_t *p,
                         const uint8_t *end, struct style st, int depth, const uint8_t **after)
{
    struct sn_dicom_element *el = nodes_full(r) ? NULL : sn_arena_get(&r->d->arena, sizeof *el, r->err);

    if (!el)
        return out_of_nodes(r);
    el->tag = h->tag;
    memcpy(el->vr, h->vr, 3);
    el->vr_stored = h->vr_stored;
    el->big_endian = st.big;
    el->start = p;
    el->value = p + h->size;
    SN_TRY(parse_value(r, el, h, end, st, depth, after));
    el->total = (size_t)(*after - p);
    if (!el->undefined && !el->items && el->length % 2 != 0)
        sn_dicom_note(r->d, "odd value lengths");
    if (set->last && set->last->tag >= el->tag)
        sn_dicom_note(r->d, "elements out of order");
    if (set->last)
        set->last->next = el;
    else
        set->first = el;
    set->last = el;
    set->count++;
    return SN_OK;
}

/* One element at p, or (delimited) the item delimiter, which sets *over. */
static int next_element(struct parser *r, struct sn_dicom_item *set, const uint8_t *p, const uint8_t *end, struct style st,
                        int depth, bool delimited, bool *over, const uint8_t **after)
{
    struct header h;

    if (!read_header(p, (size_t)(end - p), st, &h))
        return SN_FAIL(r->err, SN_EFORMAT, "dicom: %zu bytes at byte %zu, too few for an element", (size_t)(end - p), at(r, p));
    if (delimited && h.tag == TAG_ITEM_END) {
        *over = true;
        *after = p + 8;
        return SN_OK;
    }
    if (SN_DICOM_GROUP(h.tag) == 0xfffe || h.tag == 0)
        return SN_FAIL(r->err, SN_EFORMAT, "dicom: (%04X,%04X) at byte %zu, expected an element", SN_DICOM_GROUP(h.tag),
                       SN_DICOM_ELEMENT(h.tag), at(r, p));
    if (st.explicit_vr && !h.vr_stored)
        sn_dicom_note(r->d, "elements without VR");
    return parse_element(r, set, &h, p, end, st, depth, after);
}

/*
 * Elements from p on: to `end`, or (delimited) to the item delimiter. The top level forgives what follows
 * the pixel data: padding to a block of tape or disk is common there.
 */
static int parse_set(struct parser *r, struct sn_dicom_item *set, const uint8_t *p, const uint8_t *end, struct style st,
                     int depth, bool delimited, const uint8_t **after)
{
    bool over = false;

    while (!over && (delimited || p < end)) {
        int rc = next_element(r, set, p, end, st, depth, delimited, &over, &p);

        if (rc == SN_EFORMAT && depth == 0 && sn_dicom_find(set, SN_DICOM_PIXEL_DATA)) {
            sn_dicom_note(r->d, "%zu bytes behind the pixel data ignored", (size_t)(end - p));
            p = end;
        } else if (rc) {
            return rc;
        }
    }
    if (after)
        *after = p;
    return SN_OK;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Is there an element of a usual first group at p, with a length that fits? */
static bool plausible(const uint8_t *p, size_t left, struct style st)
{
    struct header h;

    if (!read_header(p, left, st, &h) || SN_DICOM_GROUP(h.tag) > 0x50)
        return false;
    if (st.explicit_vr && (!h.vr_stored || !vr_form(p + 4)))
        return false;
    if (!st.explicit_vr && vr_form(p + 4) && h.length > 0xffff)
        return false; /* these are letters of a VR */
    return h.length <= left - h.size || (h.length == SN_DICOM_UNDEFINED && strcmp(h.vr, "SQ") == 0);
}

/* Style of the data set at p: the stated one if it is plausible, else the first that is. */
static bool guess_style(const uint8_t *p, size_t left, struct style *st)
{
    static const struct style order[4] = { { true, false }, { false, false }, { true, true }, { false, true } };

    if (plausible(p, left, *st))
        return true;
    for (size_t i = 0; i < SN_COUNT(order); i++) {
        if (plausible(p, left, order[i])) {
            *st = order[i];
            return true;
        }
    }
    return false;
}

/* Where meta group or data set begin; SIZE_MAX: nowhere. */
static size_t find_start(const uint8_t *p, size_t n, bool *preamble)
{
    struct style st = { true, false };
    struct header h;

    *preamble = n >= 132 && memcmp(p + 128, "DICM", 4) == 0;
    if (*preamble)
        return 132;
    if (n < 16)
        return SIZE_MAX;
    if (memcmp(p, "DICM", 4) == 0)
        return 4;
    if (sn_le16(p) == 2 && plausible(p, n, st))
        return 0;
    /* without any mark: a first element of group 0008, and a second one where the first ends */
    if (guess_style(p, n, &st) && read_header(p, n, st, &h) && SN_DICOM_GROUP(h.tag) == 8 && h.length < n - h.size &&
        plausible(p + h.size + h.length, n - h.size - h.length, st))
        return 0;
    return SIZE_MAX;
}

bool sn_dicom_recognise(const void *data, size_t size)
{
    bool preamble;

    return find_start(data, size, &preamble) != SIZE_MAX;
}

static int parse_meta(struct parser *r, const uint8_t *p, const uint8_t *end, const uint8_t **after)
{
    struct style st = { true, false };
    struct header h;

    r->d->meta.start = r->d->meta.value = p;
    while (read_header(p, (size_t)(end - p), st, &h) && SN_DICOM_GROUP(h.tag) == 2)
        SN_TRY(parse_element(r, &r->d->meta, &h, p, end, st, 1, &p));
    r->d->meta.length = r->d->meta.total = (size_t)(p - r->d->meta.start);
    *after = p;
    return SN_OK;
}

/* UIDs are digits and dots: only such are repeated in a message. */
static int unknown_syntax(struct parser *r, const char *uid, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((uid[i] < '0' || uid[i] > '9') && uid[i] != '.')
            return SN_FAIL(r->err, SN_EFORMAT, "dicom: transfer syntax (0002,0010) is not a UID");
    }
    return SN_FAIL(r->err, SN_EUNSUPPORTED, "dicom: unknown transfer syntax %.*s", (int)SN_MIN(n, (size_t)64), uid);
}

static int find_syntax(struct parser *r)
{
    const char *uid;
    size_t n;

    r->d->syntax = NULL;
    if (!sn_dicom_bytes(sn_dicom_find(&r->d->meta, SN_DICOM_TAG(2, 0x10)), 0, &uid, &n))
        return SN_OK;
    r->d->syntax = sn_dicom_syntax_find(uid, n);
    return r->d->syntax ? SN_OK : unknown_syntax(r, uid, n);
}

/* The uncompressed syntax of a style: what a file without a stated syntax must be. */
static const struct sn_dicom_syntax *plain_syntax(struct style st)
{
    const char *uid = st.big ? "1.2.840.10008.1.2.2" : st.explicit_vr ? "1.2.840.10008.1.2.1" : "1.2.840.10008.1.2";

    return sn_dicom_syntax_find(uid, strlen(uid));
}

static int inflate_set(struct parser *r, const uint8_t **p, const uint8_t **end)
{
    struct sn_dicom *d = r->d;
    int rc = sn_inflate_raw(*p, (size_t)(*end - *p), SN_DICOM_MAX_INFLATED, &d->inflated, &d->inflated_size, r->err);

    if (rc)
        return sn_fail_context(r->err, rc, "dicom: deflated data set");
    r->base = *p = d->inflated;
    *end = d->inflated + d->inflated_size;
    return SN_OK;
}

/* Sets d->syntax when none was stated or the bytes contradict it. */
static void settle_syntax(struct sn_dicom *d, struct style st)
{
    d->syntax_guessed = true;
    if (!d->syntax) {
        d->syntax = plain_syntax(st);
        sn_dicom_note(d, "no transfer syntax stated, taken as %s", d->syntax->name);
    } else if (st.explicit_vr != d->syntax->explicit_vr || st.big != d->syntax->big_endian) {
        sn_dicom_note(d, "data set is %s VR, %s endian, unlike its transfer syntax", st.explicit_vr ? "explicit" : "implicit",
                      st.big ? "big" : "little");
        if (d->syntax->codec == SN_DICOM_NATIVE)
            d->syntax = plain_syntax(st);
    } else {
        d->syntax_guessed = false;
    }
}

static int parse_file(struct parser *r)
{
    struct sn_dicom *d = r->d;
    const uint8_t *p = d->file, *end = d->file + d->size;
    size_t start = find_start(d->file, d->size, &d->has_preamble);
    struct style st = { true, false };

    if (start == SIZE_MAX)
        return SN_FAIL(r->err, SN_EFORMAT, "dicom: neither DICM at byte 128 nor a first element found");
    if (!d->has_preamble)
        sn_dicom_note(d, "no preamble");
    SN_TRY(parse_meta(r, p + start, end, &p));
    SN_TRY(find_syntax(r));
    if (d->syntax) {
        st = (struct style){ d->syntax->explicit_vr, d->syntax->big_endian };
        if (d->syntax->deflated)
            SN_TRY(inflate_set(r, &p, &end));
    }
    if (p < end && !guess_style(p, (size_t)(end - p), &st) && !d->syntax)
        return SN_FAIL(r->err, SN_EFORMAT, "dicom: no data element at byte %zu", at(r, p));
    settle_syntax(d, st);
    d->set.start = d->set.value = p;
    d->set.length = d->set.total = (size_t)(end - p);
    return parse_set(r, &d->set, p, end, st, 0, false, NULL);
}

int sn_dicom_parse(const void *data, size_t size, struct sn_dicom *d, struct sn_error *err)
{
    struct parser r = { d, data, err };
    int rc;

    memset(d, 0, sizeof *d);
    sn_arena_init(&d->arena, SN_DICOM_MAX_NODES);
    d->file = data;
    d->size = size;
    rc = parse_file(&r);
    if (rc)
        sn_dicom_free(d);
    return rc;
}

void sn_dicom_free(struct sn_dicom *d)
{
    if (!d)
        return;
    sn_arena_free(&d->arena);
    free(d->inflated);
    memset(d, 0, sizeof *d);
}

const struct sn_dicom_element *sn_dicom_find(const struct sn_dicom_item *item, uint32_t tag)
{
    for (const struct sn_dicom_element *el = item ? item->first : NULL; el; el = el->next) {
        if (el->tag == tag)
            return el;
    }
    return NULL;
}

const struct sn_dicom_item *sn_dicom_item(const struct sn_dicom_element *el, size_t k)
{
    const struct sn_dicom_item *item = el ? el->items : NULL;

    while (item && k--)
        item = item->next;
    return item;
}
