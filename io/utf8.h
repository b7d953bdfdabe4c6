/* utf8.h: private to io. One place that says what well-formed UTF-8 is (RFC 3629). */
#ifndef SN_IO_UTF8_H
#define SN_IO_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed character at p (1..4); 0: malformed, overlong, surrogate or cut off. */
static inline size_t sn_utf8_length(const uint8_t *p, size_t left)
{
    uint32_t c, least;
    size_t n;

    if (left == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc0 || p[0] > 0xf4 || n > left)
        return 0;
    c = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    least = n == 2 ? 0x80u : n == 3 ? 0x800u : 0x10000u;
    return c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
}

/* Writes c (a valid scalar value) to out[4]; returns the bytes used. */
static inline size_t sn_utf8_put(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

#endif
