/*
 * dicom_write.c: elements, sequences, the file around them, UIDs. Sequences and items get defined
 * lengths, patched in when they are closed: every reader takes those, and nothing has to be counted
 * beforehand.
 */
#include "io/dicom_write.h"

#include <stdio.h>

#include "io/io.h"

#define ITEM SN_DICOM_TAG(0xfffe, 0xe000)

static void fault(struct sn_dicom_writer *w, uint32_t tag, const char *what)
{
    if (!w->fault) {
        w->fault = what;
        w->fault_tag = tag;
    }
}

void sn_dicom_writer_begin(struct sn_dicom_writer *w, struct sn_buf *out)
{
    *w = (struct sn_dicom_writer){ .out = out };
}

int sn_dicom_writer_end(struct sn_dicom_writer *w, struct sn_error *err)
{
    if (w->depth)
        fault(w, w->last[w->depth & ~1], "a sequence was not closed");
    if (w->fault)
        return SN_FAIL(err, SN_EINTERNAL, "DICOM writer at (%04x,%04x): %s", SN_DICOM_GROUP(w->fault_tag),
                       SN_DICOM_ELEMENT(w->fault_tag), w->fault);
    return w->out->failed ? SN_NOMEM(err, "a DICOM data set") : SN_OK;
}

/* ---- value representations (PS3.5, table 6.2-1) ------------------------------------------------ */

struct vr {
    char name[3];
    bool wide;     /* two reserved bytes and a length of 32 bits (PS3.5, 7.1.2) */
    uint8_t unit;  /* bytes of one number, which byte order turns; 1: bytes or text */
    uint16_t most; /* characters of one value; 0: not a text of limited length */
    bool many;     /* a backslash separates values */
    char pad;
};

static const struct vr vrs[] = {
    { "AE", false, 1, 16, true, ' ' },  { "AS", false, 1, 4, true, ' ' },  { "AT", false, 2, 0, false, 0 },
    { "CS", false, 1, 16, true, ' ' },  { "DA", false, 1, 8, true, ' ' },  { "DS", false, 1, 16, true, ' ' },
    { "DT", false, 1, 26, true, ' ' },  { "FD", false, 8, 0, false, 0 },   { "FL", false, 4, 0, false, 0 },
    { "IS", false, 1, 12, true, ' ' },  { "LO", false, 1, 64, true, ' ' }, { "LT", false, 1, 10240, false, ' ' },
    { "OB", true, 1, 0, false, 0 },     { "OD", true, 8, 0, false, 0 },    { "OF", true, 4, 0, false, 0 },
    { "OL", true, 4, 0, false, 0 },     { "OV", true, 8, 0, false, 0 },    { "OW", true, 2, 0, false, 0 },
    { "PN", false, 1, 194, true, ' ' }, { "SH", false, 1, 16, true, ' ' }, { "SL", false, 4, 0, false, 0 },
    { "SQ", true, 1, 0, false, 0 },     { "SS", false, 2, 0, false, 0 },   { "ST", false, 1, 1024, false, ' ' },
    { "SV", true, 8, 0, false, 0 },     { "TM", false, 1, 14, true, ' ' }, { "UC", true, 1, 0, true, ' ' },
    { "UI", false, 1, 64, true, 0 },    { "UL", false, 4, 0, false, 0 },   { "UN", true, 1, 0, false, 0 },
    { "UR", true, 1, 0, false, ' ' },   { "US", false, 2, 0, false, 0 },   { "UT", true, 1, 0, false, ' ' },
    { "UV", true, 8, 0, false, 0 },
};

static const struct vr *vr_of(const char *name)
{
    for (size_t i = 0; i < SN_COUNT(vrs); i++)
        if (name[0] == vrs[i].name[0] && name[1] == vrs[i].name[1])
            return &vrs[i];
    return NULL;
}

/* May this byte stand in a value (PS3.5, 6.2)? Bytes above ASCII pass as text: they are some character set's. */
static bool allowed(const struct vr *vr, char c)
{
    static const struct {
        char vr[3];
        const char *chars;
    } narrow[] = {
        { "UI", "0123456789." },
        { "CS", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ " },
        { "DA", "0123456789" },
        { "TM", "0123456789. " },
        { "IS", "0123456789+- " },
        { "DS", "0123456789+-.eE " },
    };

    if (c == '\n' || c == '\r' || c == '\t' || c == '\f')
        return !vr->many; /* LT, ST, UT */
    for (size_t i = 0; i < SN_COUNT(narrow); i++)
        if (memcmp(vr->name, narrow[i].vr, 2) == 0)
            return strchr(narrow[i].chars, c) != NULL;
    return (unsigned char)c >= ' ' && c != 127;
}

/* ---- elements -------------------------------------------------------------------------------------- */

/* Tag and length; the n bytes of the value and its padding follow. */
static void header(struct sn_dicom_writer *w, uint32_t tag, const struct vr *vr, size_t n)
{
    size_t padded = n + (n & 1);
    uint8_t h[12] = { 0 };

    if (w->depth & 1)
        fault(w, tag, "an element between the items of a sequence");
    else if (w->last[w->depth] && tag <= w->last[w->depth])
        fault(w, tag, "written after the same or a higher tag");
    if (padded > (vr->wide ? 0xfffffffeu : 0xfffeu))
        fault(w, tag, "the value is too long for its VR");
    w->last[w->depth] = tag;
    sn_put_le16(h, (uint16_t)(tag >> 16));
    sn_put_le16(h + 2, (uint16_t)tag);
    memcpy(h + 4, vr->name, 2);
    if (vr->wide)
        sn_put_le32(h + 8, (uint32_t)padded);
    else
        sn_put_le16(h + 6, (uint16_t)padded);
    sn_buf_add(w->out, h, vr->wide ? 12 : 8);
}

static void put(struct sn_dicom_writer *w, uint32_t tag, const struct vr *vr, const void *value, size_t n)
{
    header(w, tag, vr, n);
    sn_buf_add(w->out, value, n);
    if (n & 1)
        sn_buf_add(w->out, &vr->pad, 1);
}

void sn_dicom_put(struct sn_dicom_writer *w, uint32_t tag, const char *vr, const void *value, size_t n)
{
    const struct vr *v = vr_of(vr);

    if (v)
        put(w, tag, v, value, n);
    else
        fault(w, tag, "an unknown VR");
}

void sn_dicom_put_text(struct sn_dicom_writer *w, uint32_t tag, const char *vr, const char *s)
{
    const struct vr *v = vr_of(vr);
    size_t run = 0, n = s ? strlen(s) : 0;

    for (size_t i = 0; i < n && v; i++) {
        if (v->many && s[i] == '\\') {
            run = 0;
            continue;
        }
        if (v->most && ++run > v->most)
            fault(w, tag, "the text is too long for its VR");
        if (!allowed(v, s[i]))
            fault(w, tag, "the text has a character that its VR does not allow");
    }
    sn_dicom_put(w, tag, vr, s, n);
}

void sn_dicom_put_label(struct sn_dicom_writer *w, uint32_t tag, const char *vr, const char *s)
{
    const struct vr *v = vr_of(vr);
    size_t n = strlen(s), most = v && v->most ? v->most : 1024;
    char text[1025];

    n = SN_MIN(n, SN_MIN(most, sizeof text - 1));
    for (size_t i = 0; i < n; i++)
        text[i] = s[i] >= ' ' && s[i] < 127 && s[i] != '\\' ? s[i] : '?';
    text[n] = '\0';
    sn_dicom_put_text(w, tag, vr, text);
}

void sn_dicom_put_us(struct sn_dicom_writer *w, uint32_t tag, unsigned v)
{
    uint8_t b[2];

    if (v > 0xffff)
        fault(w, tag, "a number above 65535");
    sn_put_le16(b, (uint16_t)v);
    sn_dicom_put(w, tag, "US", b, sizeof b);
}

void sn_dicom_put_us3(struct sn_dicom_writer *w, uint32_t tag, unsigned a, unsigned b, unsigned c)
{
    uint8_t bytes[6];

    if (a > 0xffff || b > 0xffff || c > 0xffff)
        fault(w, tag, "a number above 65535");
    sn_put_le16(bytes, (uint16_t)a);
    sn_put_le16(bytes + 2, (uint16_t)b);
    sn_put_le16(bytes + 4, (uint16_t)c);
    sn_dicom_put(w, tag, "US", bytes, sizeof bytes);
}

void sn_dicom_put_ul(struct sn_dicom_writer *w, uint32_t tag, const uint32_t *v, size_t n)
{
    uint8_t b[4];

    header(w, tag, vr_of("UL"), 4 * n);
    for (size_t i = 0; i < n; i++) {
        sn_put_le32(b, v[i]);
        sn_buf_add(w->out, b, sizeof b);
    }
}

void sn_dicom_put_at(struct sn_dicom_writer *w, uint32_t tag, uint32_t v)
{
    uint8_t b[4];

    sn_put_le16(b, (uint16_t)(v >> 16));
    sn_put_le16(b + 2, (uint16_t)v);
    sn_dicom_put(w, tag, "AT", b, sizeof b);
}

void sn_dicom_put_is(struct sn_dicom_writer *w, uint32_t tag, long v)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%ld", v);
    sn_dicom_put_text(w, tag, "IS", text);
}

const char *sn_dicom_ds(double v, char buf[17])
{
    char text[330]; /* more than %g ever takes */

    (void)sn_format_double(v, text);
    for (int digits = 15; strlen(text) > 16 && digits > 0; digits--) {
        (void)snprintf(text, sizeof text, "%.*g", digits, v);
        for (char *c = text; *c; c++) /* the locale's decimal separator */
            if (strchr("+-0123456789e", *c) == NULL)
                *c = '.';
    }
    (void)snprintf(buf, 17, "%.16s", text);
    return buf;
}

void sn_dicom_put_ds(struct sn_dicom_writer *w, uint32_t tag, double v)
{
    char text[17];

    sn_dicom_put_text(w, tag, "DS", sn_dicom_ds(v, text));
}

void sn_dicom_put_ds2(struct sn_dicom_writer *w, uint32_t tag, double a, double b)
{
    char text[34], one[2][17];

    (void)snprintf(text, sizeof text, "%s\\%s", sn_dicom_ds(a, one[0]), sn_dicom_ds(b, one[1]));
    sn_dicom_put_text(w, tag, "DS", text);
}

void sn_dicom_put_fd(struct sn_dicom_writer *w, uint32_t tag, double v)
{
    uint8_t b[8];
    uint64_t u;

    memcpy(&u, &v, sizeof u);
    sn_put_le64(b, u);
    sn_dicom_put(w, tag, "FD", b, sizeof b);
}

void sn_dicom_put_value(struct sn_dicom_writer *w, const struct sn_dicom_element *el, const void *value, size_t n)
{
    const struct vr *v = vr_of(el->vr);
    const uint8_t *p = value;
    size_t unit;

    if (!v || memcmp(v->name, "SQ", 2) == 0 || (!v->wide && n > 0xfffe))
        v = vr_of("UN");
    unit = el->big_endian ? v->unit : 1;
    if (unit == 1 || n % unit) {
        put(w, el->tag, v, value, n);
        return;
    }
    header(w, el->tag, v, n);
    for (size_t i = 0; i < n; i += unit) {
        uint8_t turned[8];

        for (size_t k = 0; k < unit; k++)
            turned[k] = p[i + unit - 1 - k];
        sn_buf_add(w->out, turned, unit);
    }
}

/* ---- sequences --------------------------------------------------------------------------------------- */

/* The header just written ends in the length to fill in later. */
static void push(struct sn_dicom_writer *w, uint32_t tag)
{
    if (w->depth + 1 >= SN_DICOM_WRITE_DEPTH) {
        fault(w, tag, "nested too deeply");
        return;
    }
    w->depth++;
    w->length_at[w->depth] = w->out->len - 4;
    w->last[w->depth] = 0;
}

void sn_dicom_open_sequence(struct sn_dicom_writer *w, uint32_t tag)
{
    header(w, tag, vr_of("SQ"), 0);
    push(w, tag);
}

void sn_dicom_open_item(struct sn_dicom_writer *w)
{
    static const uint8_t h[8] = { 0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0 };

    if (!(w->depth & 1))
        fault(w, ITEM, "an item outside a sequence");
    sn_buf_add(w->out, h, sizeof h);
    push(w, ITEM);
}

void sn_dicom_close(struct sn_dicom_writer *w)
{
    size_t at, n;

    if (w->depth == 0) {
        fault(w, ITEM, "closed more than was open");
        return;
    }
    at = w->length_at[w->depth--];
    if (w->out->failed)
        return;
    n = w->out->len - at - 4;
    if (n > 0xfffffffeu)
        fault(w, ITEM, "a sequence is too long");
    sn_put_le32((uint8_t *)w->out->data + at, (uint32_t)n);
}

void sn_dicom_open_one(struct sn_dicom_writer *w, uint32_t tag)
{
    sn_dicom_open_sequence(w, tag);
    sn_dicom_open_item(w);
}

void sn_dicom_close_one(struct sn_dicom_writer *w)
{
    sn_dicom_close(w);
    sn_dicom_close(w);
}

/* ---- files --------------------------------------------------------------------------------------------- */

/* Names this program and release in every file (PS3.7, D.3.3.2). */
#define IMPLEMENTATION "SENTINODE " SN_VERSION
_Static_assert(sizeof IMPLEMENTATION <= 17, "Implementation Version Name has at most 16 characters");

static int meta_group(const char *sop_class, const char *sop_instance, const char *syntax, struct sn_buf *out,
                      struct sn_error *err)
{
    static const char *const ours[] = { "sentinode", "implementation class" };
    static const uint8_t version[2] = { 0, 1 };
    char uid[SN_DICOM_UID];
    struct sn_dicom_writer w;

    sn_dicom_uid_of(ours, SN_COUNT(ours), uid);
    sn_dicom_writer_begin(&w, out);
    sn_dicom_put(&w, 0x00020001, "OB", version, sizeof version);
    sn_dicom_put_text(&w, 0x00020002, "UI", sop_class);
    sn_dicom_put_text(&w, 0x00020003, "UI", sop_instance);
    sn_dicom_put_text(&w, 0x00020010, "UI", syntax ? syntax : SN_DICOM_EXPLICIT_LE);
    sn_dicom_put_text(&w, 0x00020012, "UI", uid);
    sn_dicom_put_text(&w, 0x00020013, "SH", IMPLEMENTATION);
    return sn_dicom_writer_end(&w, err);
}

int sn_dicom_file(const char *sop_class, const char *sop_instance, const char *syntax, const struct sn_buf *set,
                  struct sn_buf *out, struct sn_error *err)
{
    static const uint8_t preamble[132] = { [128] = 'D', 'I', 'C', 'M' };
    struct sn_buf meta = { 0 };
    struct sn_dicom_writer w;
    uint32_t length;
    int rc;

    SN_TRY_OUT(meta_group(sop_class, sop_instance, syntax, &meta, err));
    length = (uint32_t)meta.len;
    sn_buf_add(out, preamble, sizeof preamble);
    sn_dicom_writer_begin(&w, out);
    sn_dicom_put_ul(&w, 0x00020000, &length, 1);
    SN_TRY_OUT(sn_dicom_writer_end(&w, err));
    sn_buf_add(out, meta.data, meta.len);
    sn_buf_add(out, set->data, set->len);
    rc = out->failed || set->failed ? SN_NOMEM(err, "a DICOM file") : SN_OK;
out:
    sn_buf_free(&meta);
    return rc;
}

/* ---- UIDs ------------------------------------------------------------------------------------------------ */

void sn_dicom_uid(const uint8_t digest[32], char uid[SN_DICOM_UID])
{
    static const uint8_t zero[16];
    char digits[40]; /* 2^128 has 39 */
    uint8_t n[16];
    size_t at = sizeof digits - 1;

    memcpy(n, digest, sizeof n);
    n[6] = (uint8_t)((n[6] & 0x0f) | 0x80); /* version 8: by the maker's own rule */
    n[8] = (uint8_t)((n[8] & 0x3f) | 0x80); /* variant 2 */
    digits[at] = '\0';
    while (at && memcmp(n, zero, sizeof n) != 0) { /* long division by ten */
        unsigned rest = 0;

        for (size_t i = 0; i < sizeof n; i++) {
            rest = rest << 8 | n[i];
            n[i] = (uint8_t)(rest / 10);
            rest %= 10;
        }
        digits[--at] = (char)('0' + rest);
    }
    (void)snprintf(uid, SN_DICOM_UID, "2.25.%s", digits + at);
}

void sn_dicom_uid_of(const char *const *parts, size_t n, char uid[SN_DICOM_UID])
{
    struct sn_sha256 s;
    uint8_t digest[32];

    sn_sha256_init(&s);
    for (size_t i = 0; i < n; i++)
        sn_sha256_update(&s, parts[i], strlen(parts[i]) + 1);
    sn_sha256_final(&s, digest);
    sn_dicom_uid(digest, uid);
}
