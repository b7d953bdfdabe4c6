/*
 * dicom_value.c: numbers and codes out of elements. Numbers as text are read wherever the VR or the
 * dictionary says text; binary ones by the VR that is stored, or by the dictionary's under UN, OB and OW.
 */
#include "io/dicom_parts.h"

/* The VR that tells how to read the value. */
static const char *reading_vr(const struct sn_dicom_element *el)
{
    static const char opaque[] = "UN OB OW ?? ";
    const struct sn_dicom_entry *e;

    for (size_t i = 0; i + 3 <= sizeof opaque; i += 3) {
        if (memcmp(opaque + i, el->vr, 2) == 0) {
            e = sn_dicom_lookup(el->tag);
            return e ? e->vr : el->vr;
        }
    }
    return el->vr;
}

/* Bytes of one binary value; 0: text or a sequence. */
static size_t binary_size(const char *vr)
{
    static const struct {
        char vr[3];
        uint8_t size;
    } sizes[] = { { "US", 2 }, { "SS", 2 }, { "UL", 4 }, { "SL", 4 }, { "UV", 8 }, { "SV", 8 }, { "AT", 4 },
                  { "FL", 4 }, { "FD", 8 }, { "OB", 1 }, { "OW", 2 }, { "OL", 4 }, { "OV", 8 }, { "OF", 4 },
                  { "OD", 8 }, { "UN", 1 } };

    for (size_t i = 0; i < SN_COUNT(sizes); i++) {
        if (strcmp(sizes[i].vr, vr) == 0)
            return sizes[i].size;
    }
    return 0;
}

/* Text in which a backslash is a character. */
static bool one_text(const char *vr)
{
    return strcmp(vr, "LT") == 0 || strcmp(vr, "ST") == 0 || strcmp(vr, "UT") == 0 || strcmp(vr, "UR") == 0;
}

size_t sn_dicom_count(const struct sn_dicom_element *el)
{
    size_t size, n = 1;
    const char *vr;

    if (!el || el->length == 0 || el->items)
        return 0;
    vr = reading_vr(el);
    size = binary_size(vr);
    if (size)
        return el->length / size;
    for (size_t i = 0; i < el->length && !one_text(vr); i++)
        n += el->value[i] == '\\';
    return n;
}

bool sn_dicom_bytes(const struct sn_dicom_element *el, size_t k, const char **s, size_t *n)
{
    const char *p, *end, *stop, *vr;

    if (!el || el->items || el->length == 0)
        return false;
    vr = reading_vr(el);
    if (binary_size(vr) || strcmp(vr, "SQ") == 0 || (one_text(vr) && k > 0))
        return false;
    p = (const char *)el->value;
    end = p + el->length;
    for (; k; k--) {
        p = memchr(p, '\\', (size_t)(end - p));
        if (!p)
            return false;
        p++;
    }
    stop = one_text(vr) ? NULL : memchr(p, '\\', (size_t)(end - p));
    end = stop ? stop : end;
    while (end > p && (end[-1] == ' ' || end[-1] == 0))
        end--;
    while (p < end && (*p == ' ' || *p == 0))
        p++;
    *s = p;
    *n = (size_t)(end - p);
    return p < end;
}

bool sn_dicom_is(const struct sn_dicom_element *el, size_t k, const char *s)
{
    const char *p;
    size_t n;

    return sn_dicom_bytes(el, k, &p, &n) && n == strlen(s) && memcmp(p, s, n) == 0;
}

const char *sn_dicom_ascii(const struct sn_dicom_element *el, size_t k, char *buf, size_t n)
{
    const char *p;
    size_t len;

    if (!sn_dicom_bytes(el, k, &p, &len))
        len = 0;
    len = SN_MIN(len, n - 1);
    for (size_t i = 0; i < len; i++)
        buf[i] = p[i] >= ' ' && p[i] <= '~' ? p[i] : '?';
    buf[len] = 0;
    return buf;
}

/* Two's complement of a value of 8 * size bits. */
static int64_t sign_extend(uint64_t v, size_t size)
{
    uint64_t top = (uint64_t)1 << (8 * size - 1);

    return v & top ? -(int64_t)(~v & (top - 1)) - 1 : (int64_t)v;
}

/* Value k of a binary element as its bits. */
static bool raw_bits(const struct sn_dicom_element *el, size_t size, size_t k, uint64_t *bits)
{
    const uint8_t *p;

    if (k >= el->length / size)
        return false;
    p = el->value + k * size;
    if (size == 1)
        *bits = p[0];
    else if (size == 2)
        *bits = sn_dicom_u16(p, el->big_endian);
    else if (size == 4)
        *bits = sn_dicom_u32(p, el->big_endian);
    else
        *bits = el->big_endian ? (uint64_t)sn_be32(p) << 32 | sn_be32(p + 4) : sn_le64(p);
    return true;
}

static bool text_number(const struct sn_dicom_element *el, size_t k, double *v)
{
    const char *s;
    size_t n;

    if (!sn_dicom_bytes(el, k, &s, &n) || n > 64)
        return false;
    if (*s == '+') /* allowed in DS and IS */
        return n > 1 && s[1] != '-' && sn_parse_double_n(s + 1, n - 1, v);
    return sn_parse_double_n(s, n, v);
}

bool sn_dicom_int(const struct sn_dicom_element *el, size_t k, int64_t *v)
{
    uint64_t bits;
    const char *vr;
    size_t size;
    double d;

    if (!el || el->items)
        return false;
    vr = reading_vr(el);
    size = binary_size(vr);
    if (size && vr[0] == 'F')
        return false;
    if (size == 0) { /* integers as text; those of IS end at 2^31 */
        if (strcmp(vr, "SQ") == 0 || !text_number(el, k, &d) || d < -9e15 || d > 9e15 || d != (double)(int64_t)d)
            return false;
        *v = (int64_t)d;
        return true;
    }
    if (!raw_bits(el, size, k, &bits))
        return false;
    if (vr[0] == 'S') {
        *v = sign_extend(bits, size);
    } else if (strcmp(vr, "AT") == 0) { /* a pair of 16-bit numbers */
        const uint8_t *p = el->value + 4 * k;

        *v = (int64_t)SN_DICOM_TAG(sn_dicom_u16(p, el->big_endian), sn_dicom_u16(p + 2, el->big_endian));
    } else {
        if (bits > INT64_MAX)
            return false;
        *v = (int64_t)bits;
    }
    return true;
}

/* Floating-point values of 4 or 8 bytes. */
static bool binary_real(const struct sn_dicom_element *el, size_t size, size_t k, double *v)
{
    uint64_t bits;
    uint32_t word;
    float f;

    if (!raw_bits(el, size, k, &bits))
        return false;
    if (size == 8) {
        memcpy(v, &bits, 8);
        return true;
    }
    word = (uint32_t)bits;
    memcpy(&f, &word, 4);
    *v = (double)f;
    return true;
}

bool sn_dicom_real(const struct sn_dicom_element *el, size_t k, double *v)
{
    const char *vr;
    double found = 0.0;
    bool ok;

    if (!el || el->items)
        return false;
    vr = reading_vr(el);
    if (strcmp(vr, "FD") == 0 || strcmp(vr, "OD") == 0) {
        ok = binary_real(el, 8, k, &found);
    } else if (strcmp(vr, "FL") == 0 || strcmp(vr, "OF") == 0) {
        ok = binary_real(el, 4, k, &found);
    } else if (binary_size(vr)) {
        int64_t i = 0;

        ok = sn_dicom_int(el, k, &i);
        found = (double)i;
    } else {
        ok = strcmp(vr, "SQ") != 0 && text_number(el, k, &found);
    }
    ok = ok && found - found == 0.0; /* finite */
    if (ok)
        *v = found;
    return ok;
}
