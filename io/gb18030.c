/*
 * gb18030.c: GB 18030-2005 to UTF-8, the way Python's codec reads it (and so GBK and GB 2312 too).
 *
 * Only the orders that the standard chose freely are stored (gb18030_chart.c). The rest follows:
 *   - GBK/3 and GBK/4 hold, in Unicode's order, the hanzi U+4E00 to U+9FA5 that GB 2312 has not;
 *   - the user's areas and the holes of the charts are runs of the private use area;
 *   - four-byte codes count the remaining code points of the basic plane in Unicode's order, and from
 *     90 30 81 30 on those of the other planes.
 */
#include "io/io.h"

#include "io/gb18030_parts.h"
#include "io/utf8.h"

#include <stdlib.h>

#define TRAILS 190                /* 40..7E, 80..FE */
#define LOW_TRAILS 96             /* 40..7E, 80..A0 */
#define TWO_BYTE (126 * TRAILS)   /* leads 81..FE */
#define FOUR_BYTE 39420           /* code points of the basic plane from U+0080 that no two-byte code has */
#define PLANES_FROM 189000        /* linear number of 90 30 81 30: 15 * 10 * 126 * 10 */

struct sn_gb18030 {
    uint16_t two[TWO_BYTE];
    uint16_t four[FOUR_BYTE];
    uint8_t used[65536]; /* has a two-byte code */
};

/* Runs of the private use area: from this code on, so many codes. */
static const struct {
    uint16_t code, count, unicode;
} runs[] = {
    { 0xa2ab, 6, 0xe766 },  { 0xa2e4, 1, 0xe76d },  { 0xa2ef, 2, 0xe76e },  { 0xa2fd, 2, 0xe770 }, { 0xa4f4, 11, 0xe772 },
    { 0xa5f7, 8, 0xe77d },  { 0xa6b9, 8, 0xe785 },  { 0xa6d9, 7, 0xe78d },  { 0xa6ec, 2, 0xe794 }, { 0xa6f3, 1, 0xe796 },
    { 0xa6f6, 9, 0xe797 },  { 0xa7c2, 15, 0xe7a0 }, { 0xa7f2, 13, 0xe7af }, { 0xa896, 11, 0xe7bc }, { 0xa8bc, 1, 0xe7c7 },
    { 0xa8c1, 4, 0xe7c9 },  { 0xa8ea, 21, 0xe7cd }, { 0xa958, 1, 0xe7e2 },  { 0xa95b, 1, 0xe7e3 }, { 0xa95d, 3, 0xe7e4 },
    { 0xa997, 13, 0xe7f4 }, { 0xa9f0, 15, 0xe801 }, { 0xd7fa, 5, 0xe810 },  { 0xfe51, 3, 0xe816 }, { 0xfe59, 1, 0xe81e },
    { 0xfe61, 1, 0xe826 },  { 0xfe66, 2, 0xe82b },  { 0xfe6c, 2, 0xe831 },  { 0xfe76, 1, 0xe83b }, { 0xfe7e, 1, 0xe843 },
    { 0xfe90, 2, 0xe854 },  { 0xfea0, 1, 0xe864 },
};

/* Place of a two-byte code in its table. */
static size_t place(unsigned lead, unsigned trail) { return (lead - 0x81u) * TRAILS + trail - (trail < 0x7f ? 0x40u : 0x41u); }

/* The next character of a chart: three bytes of UTF-8 at most, well formed by construction. */
static uint16_t next_char(const char **chart)
{
    const uint8_t *p = (const uint8_t *)*chart;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : 3;

    *chart += n;
    return (uint16_t)(n == 1 ? p[0] : n == 2 ? (p[0] & 0x1f) << 6 | (p[1] & 0x3f) : (p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f));
}

/* Leads first..last, `n` trails from the low (40) or the high (A1) half, in chart order. */
static void fill(struct sn_gb18030 *m, const char *const *chart, unsigned first, unsigned last, bool low)
{
    for (unsigned lead = first; lead <= last; lead++) {
        const char *row = *chart++;

        for (size_t i = 0; i < (low ? LOW_TRAILS : TRAILS - LOW_TRAILS); i++)
            m->two[(lead - 0x81u) * TRAILS + i + (low ? 0 : LOW_TRAILS)] = next_char(&row);
    }
}

/* The hanzi GB 2312 lacks, first into GBK/3 (all trails), then into the low trails of AA to FE; then the tail. */
static void fill_hanzi(struct sn_gb18030 *m)
{
    const char *tail = sn_gb_tail[0];
    unsigned u = 0x4e00;

    for (size_t i = 0; i < 32 * TRAILS + 85 * LOW_TRAILS; i++) {
        size_t k = i - SN_MIN(i, (size_t)32 * TRAILS), at = i < 32 * TRAILS ? i : place(0xaa, 0x40) + k / LOW_TRAILS * TRAILS + k % LOW_TRAILS;

        while (u <= 0x9fa5 && m->used[u])
            u++;
        m->two[at] = u <= 0x9fa5 ? (uint16_t)u++ : next_char(&tail);
    }
}

/* A rectangle of the user's own characters. */
static void fill_user(struct sn_gb18030 *m, unsigned first, unsigned last, bool low, unsigned unicode)
{
    for (unsigned lead = first; lead <= last; lead++)
        for (size_t i = 0; i < (low ? LOW_TRAILS : TRAILS - LOW_TRAILS); i++)
            m->two[(lead - 0x81u) * TRAILS + i + (low ? 0 : LOW_TRAILS)] = (uint16_t)unicode++;
}

struct sn_gb18030 *sn_gb18030_new(void)
{
    struct sn_gb18030 *m = calloc(1, sizeof *m);
    size_t n = 0;

    if (!m)
        return NULL;
    fill(m, sn_gb_hanzi, 0xb0, 0xf7, false);
    for (size_t i = 0; i < TWO_BYTE; i++)
        m->used[m->two[i]] = 1;
    m->used['?'] = 0;
    fill_hanzi(m);
    fill(m, sn_gb_symbols, 0xa1, 0xa9, false);
    fill_user(m, 0xaa, 0xaf, false, 0xe000);
    fill_user(m, 0xf8, 0xfe, false, 0xe234);
    fill_user(m, 0xa1, 0xa7, true, 0xe4c6);
    fill(m, sn_gb_more_symbols, 0xa8, 0xa9, true);
    for (size_t r = 0; r < SN_COUNT(runs); r++)
        for (size_t i = 0; i < runs[r].count; i++)
            m->two[place(runs[r].code >> 8, runs[r].code & 0xff) + i] = (uint16_t)(runs[r].unicode + i);
    for (size_t i = 0; i < TWO_BYTE; i++)
        m->used[m->two[i]] = 1;
    for (unsigned u = 0x80; u <= 0xffff && n < FOUR_BYTE; u++)
        if (!m->used[u] && (u < 0xd800 || u > 0xdfff))
            m->four[n++] = (uint16_t)u;
    return m;
}

size_t sn_gb18030_char(const struct sn_gb18030 *m, const uint8_t *p, size_t left, uint32_t *c)
{
    uint32_t linear;

    *c = p[0];
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0x81 || p[0] > 0xfe || left < 2)
        return 0;
    if (p[1] >= 0x40 && p[1] <= 0xfe && p[1] != 0x7f) {
        *c = m->two[place(p[0], p[1])];
        return 2;
    }
    if (left < 4 || p[1] < 0x30 || p[1] > 0x39 || p[2] < 0x81 || p[2] > 0xfe || p[3] < 0x30 || p[3] > 0x39)
        return 0;
    linear = ((p[0] - 0x81u) * 10u + p[1] - 0x30u) * 1260u + (p[2] - 0x81u) * 10u + p[3] - 0x30u;
    if (linear >= PLANES_FROM && linear - PLANES_FROM <= 0xfffff)
        *c = linear - PLANES_FROM + 0x10000u;
    else if (linear < FOUR_BYTE)
        *c = m->four[linear];
    else
        return 0;
    return 4;
}

int sn_gb18030_to_utf8(const void *data, size_t size, struct sn_buf *out, struct sn_error *err)
{
    struct sn_gb18030 *m = sn_gb18030_new();
    const uint8_t *p = data;
    size_t pos = 0;
    int rc = SN_OK;

    if (!m)
        return SN_NOMEM(err, "the GB 18030 table");
    while (pos < size && !rc) {
        size_t plain = pos, n;
        uint32_t c;
        char text[4];

        while (plain < size && p[plain] < 0x80)
            plain++;
        sn_buf_add(out, p + pos, plain - pos);
        pos = plain;
        if (pos == size)
            break;
        n = sn_gb18030_char(m, p + pos, size - pos, &c);
        if (n)
            sn_buf_add(out, text, sn_utf8_put(c, text));
        else
            rc = SN_FAIL(err, SN_EFORMAT, "byte %zu: 0x%02x begins no GB 18030 code", pos, p[pos]);
        pos += n;
    }
    free(m);
    if (!rc && out->failed)
        rc = SN_NOMEM(err, "text");
    return rc;
}

bool sn_utf8_valid(const void *data, size_t size, size_t *bad)
{
    const uint8_t *p = data;
    size_t pos = 0, n;

    while (pos < size && (n = sn_utf8_length(p + pos, size - pos)) != 0)
        pos += n;
    if (bad)
        *bad = pos;
    return pos == size;
}
