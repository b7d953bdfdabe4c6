/*
 * dicom_text.c: text values as UTF-8 (PS3.5 chapter 6.1, PS3.3 C.12.1.1.2).
 *
 * Text is cut at the delimiters of PS3.5 6.1.2.5.3 (backslash; in person names also = and ^), where code
 * extension starts over. A piece that holds a byte we cannot decode is replaced as a whole by a note
 * saying so: half a name, or a name in the wrong letters, is worse than none. Sets of several bytes
 * a character are followed as far as is needed to know where their characters end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/dicom_parts.h"
#include "io/gb18030_parts.h"
#include "io/utf8.h"

enum kind {
    SINGLE,  /* ASCII below, one ISO-IR set above */
    UTF8,
    GB18030, /* GBK is a part of it */
    G1_PAIRS, /* two bytes, both above A0: GB 2312, which is part of GB 18030; KS X 1001, not decoded */
    G0_PAIRS, /* two bytes below 80 after an escape: JIS X 0208, 0212 */
    UNKNOWN
};

struct set {
    enum kind kind;
    int ir;
};

struct decoder {
    struct set initial, g1, g0; /* g0: SINGLE with ir 6 (ASCII) or 14 (JIS Roman), or G0_PAIRS */
    bool code_extension;
    bool bad;
    char why[48]; /* what the piece needed */
    size_t piece; /* where the current piece starts in out */
    struct sn_gb18030 *gb; /* once a character needed it */
    struct sn_buf *out;
    bool all_good;
};

/* ---- which set a defined term names -------------------------------------------------------------- */

/* Letters and digits only, upper case: "ISO-IR 100", "ISO_IR_100" and "iso ir100" are one. */
static void squeeze(const char *s, size_t n, char *out, size_t room)
{
    size_t used = 0;

    for (size_t i = 0; i < n && used + 1 < room; i++) {
        char c = s[i];

        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
            out[used++] = c;
    }
    out[used] = 0;
}

static struct set set_of_ir(long ir)
{
    static const int single[] = { 6, 13, 100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 203 };

    for (size_t i = 0; i < SN_COUNT(single); i++) {
        if (single[i] == ir)
            return (struct set){ SINGLE, single[i] };
    }
    if (ir == 192)
        return (struct set){ UTF8, 192 };
    if (ir == 149 || ir == 58)
        return (struct set){ G1_PAIRS, (int)ir };
    if (ir == 87 || ir == 159)
        return (struct set){ SINGLE, 6 }; /* these begin in ASCII and are entered by escape */
    return (struct set){ UNKNOWN, 0 };
}

static struct set set_of_term(const char *s, size_t n)
{
    char t[24];
    long ir = 0;
    const char *number;

    squeeze(s, n, t, sizeof t);
    if (strcmp(t, "GB18030") == 0 || strcmp(t, "GBK") == 0)
        return (struct set){ GB18030, 0 };
    if (strcmp(t, "UTF8") == 0 || strcmp(t, "ISOIR192") == 0)
        return (struct set){ UTF8, 192 };
    if (strcmp(t, "ISO88591") == 0)
        return (struct set){ SINGLE, 100 };
    number = strncmp(t, "ISOIR", 5) == 0 ? t + 5 : strncmp(t, "ISO2022IR", 9) == 0 ? t + 9 : NULL;
    for (; number && *number; number++)
        ir = *number <= '9' && ir < 100000 ? 10 * ir + (*number - '0') : -1000000;
    return set_of_ir(ir);
}

static void begin(struct decoder *d, const struct sn_dicom_element *charset)
{
    const char *s;
    size_t n;

    d->initial = (struct set){ SINGLE, 6 };
    if (sn_dicom_bytes(charset, 0, &s, &n)) {
        d->initial = set_of_term(s, n);
        d->code_extension = n > 8 && memchr(s, '2', n) && memcmp(s, "ISO 2022", 8) == 0;
    }
    /* an empty first value and further ones: ASCII, extended by escapes */
    d->code_extension = d->code_extension || sn_dicom_count(charset) > 1;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static void start_piece(struct decoder *d)
{
    d->g1 = d->initial;
    d->g0 = (struct set){ SINGLE, d->initial.ir == 13 ? 14 : 6 };
    d->bad = false;
    d->piece = d->out->len;
}

static void end_piece(struct decoder *d)
{
    if (!d->bad)
        return;
    d->all_good = false;
    d->out->len = SN_MIN(d->piece, d->out->len);
    sn_buf_printf(d->out, "[text in %s not decoded]", d->why);
}

static void cannot(struct decoder *d, struct set set)
{
    if (d->bad)
        return;
    d->bad = true;
    if (set.kind == GB18030)
        snprintf(d->why, sizeof d->why, "GB18030");
    else if (set.kind == UTF8)
        snprintf(d->why, sizeof d->why, "malformed UTF-8");
    else if (set.kind == UNKNOWN || set.ir == 0)
        snprintf(d->why, sizeof d->why, "an unknown character set");
    else if (set.kind == SINGLE && set.ir == 6)
        snprintf(d->why, sizeof d->why, "an unstated character set");
    else
        snprintf(d->why, sizeof d->why, "ISO 2022 IR %d", set.ir);
}

static void put(struct decoder *d, uint32_t c)
{
    char utf8[4];

    if (!d->bad)
        sn_buf_add(d->out, utf8, sn_utf8_put(c, utf8));
}

/*
 * The escape sequence at p (after ESC), PS3.3 tables C.12-3 and C.12-4; bytes used, 0: none we know.
 */
static size_t escape(struct decoder *d, const uint8_t *p, size_t n)
{
    static const struct {
        const char *seq;
        bool to_g1;
        struct set set;
    } known[] = {
        { "(B", false, { SINGLE, 6 } },    { "(J", false, { SINGLE, 14 } },    { ")I", true, { SINGLE, 13 } },
        { "-A", true, { SINGLE, 100 } },   { "-B", true, { SINGLE, 101 } },    { "-C", true, { SINGLE, 109 } },
        { "-D", true, { SINGLE, 110 } },   { "-L", true, { SINGLE, 144 } },    { "-G", true, { SINGLE, 127 } },
        { "-F", true, { SINGLE, 126 } },   { "-H", true, { SINGLE, 138 } },    { "-M", true, { SINGLE, 148 } },
        { "-T", true, { SINGLE, 166 } },   { "-b", true, { SINGLE, 203 } },    { "$B", false, { G0_PAIRS, 87 } },
        { "$(D", false, { G0_PAIRS, 159 } }, { "$)C", true, { G1_PAIRS, 149 } }, { "$)A", true, { G1_PAIRS, 58 } }
    };

    for (size_t i = 0; i < SN_COUNT(known); i++) {
        size_t len = strlen(known[i].seq);

        if (n >= len && memcmp(p, known[i].seq, len) == 0) {
            *(known[i].to_g1 ? &d->g1 : &d->g0) = known[i].set;
            return len;
        }
    }
    return 0;
}

/*
 * The character of GB 18030, GBK or GB 2312 at p, its bytes in *used. 0: none, or a control character, or one of private
 * use, which other programs show as something else or not at all.
 */
static uint32_t chinese(struct decoder *d, const uint8_t *p, size_t n, size_t *used)
{
    uint32_t c;

    if (!d->gb)
        d->gb = sn_gb18030_new();
    if (!d->gb) {
        d->out->failed = true;
        return 0;
    }
    *used = sn_gb18030_char(d->gb, p, n, &c);
    if (*used && c >= 0xa0 && !(c >= 0xe000 && c <= 0xf8ff))
        return c;
    if (*used == 0)
        *used = p[0] == 0x80 || p[0] == 0xff ? 1 : SN_MIN(n, (size_t)2);
    return 0;
}

/* A character whose first byte is 80 or above; returns its bytes. */
static size_t high(struct decoder *d, const uint8_t *p, size_t n)
{
    size_t used = 1;
    uint32_t c = 0;

    switch (d->g1.kind) {
    case SINGLE:
        c = sn_dicom_charset_high(d->g1.ir, p[0]);
        break;
    case UTF8:
        used = sn_utf8_length(p, n);
        if (used == 0)
            used = 1;
        else if (used > 1 && !(p[0] == 0xc2 && p[1] < 0xa0)) { /* no C1 controls */
            if (!d->bad)
                sn_buf_add(d->out, p, used);
            return used;
        }
        break;
    case GB18030:
        c = chinese(d, p, n, &used);
        break;
    case G1_PAIRS:
        if (d->g1.ir == 58 && n >= 2 && p[0] >= 0xa1 && p[0] <= 0xf7 && p[1] >= 0xa1)
            c = chinese(d, p, n, &used);
        else
            used = SN_MIN(n, (size_t)2);
        break;
    default:
        break;
    }
    if (c)
        put(d, c);
    else
        cannot(d, d->g1);
    return used;
}

static size_t low(struct decoder *d, uint8_t b)
{
    if (d->g0.ir == 14 && (b == 0x5c || b == 0x7e))
        put(d, b == 0x5c ? 0xa5 : 0x203e); /* JIS Roman: yen sign, overline */
    else if (b >= ' ' || b == '\n' || b == '\r' || b == '\t' || b == '\f')
        put(d, b == '\f' ? '\n' : b);
    else if (b != 0)
        cannot(d, (struct set){ UNKNOWN, 0 });
    return 1;
}

static bool delimiter(uint8_t b, bool name)
{
    return b == '\\' || b == '\r' || b == '\n' || b == '\f' || b == '\t' || (name && (b == '=' || b == '^'));
}

bool sn_dicom_text(const struct sn_dicom_element *el, const struct sn_dicom_element *charset, struct sn_buf *out)
{
    struct decoder d = { .out = out, .all_good = true };
    const uint8_t *p = el ? el->value : NULL;
    size_t n = el && !el->items ? el->length : 0, used;
    bool name = el && strcmp(el->vr, "PN") == 0;

    while (n && (p[n - 1] == ' ' || p[n - 1] == 0))
        n--;
    begin(&d, charset);
    start_piece(&d);
    for (; n; p += used, n -= used) {
        bool pairs = d.g0.kind == G0_PAIRS && p[0] > ' ' && p[0] < 0x7f;

        if (p[0] == 0x1b) {
            used = d.code_extension || d.initial.kind == SINGLE ? 1 + escape(&d, p + 1, n - 1) : 1;
            if (used == 1)
                cannot(&d, (struct set){ UNKNOWN, 0 });
        } else if (pairs) {
            used = SN_MIN(n, (size_t)2);
            cannot(&d, d.g0);
        } else if (p[0] < 0x80 && delimiter(p[0], name)) {
            end_piece(&d);
            sn_buf_add(out, p, 1);
            start_piece(&d);
            used = 1;
        } else {
            used = p[0] < 0x80 ? low(&d, p[0]) : high(&d, p, n);
        }
    }
    end_piece(&d);
    free(d.gb);
    return d.all_good;
}
