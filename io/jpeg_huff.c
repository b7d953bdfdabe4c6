/*
 * jpeg_huff.c: Huffman tables and the blocks of sequential scans (T.81 annexes C and F).
 *
 * A table of the next SN_JPEG_LOOK bits answers most coefficients in one step: run, value and how many
 * bits to drop. Longer codes are found by comparing the next 16 bits with where each length ends.
 */
#include "io/jpeg_parts.h"

const uint8_t sn_jpeg_natural[64 + 16] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,
    6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31,
    39, 46, 53, 60, 61, 54, 47, 55, 62, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63
};

/* What the look-up says for `bits`, the next SN_JPEG_LOOK ones, which begin with a code of `len` bits for `symbol`. */
static uint32_t look_entry(unsigned bits, unsigned len, unsigned symbol, bool dc, bool values)
{
    unsigned size = dc ? symbol : symbol & 15, run = dc ? 0 : symbol >> 4;
    unsigned rest = SN_JPEG_LOOK - len; /* bits behind the code */
    int v = 0;

    if (!values || size > rest || (size == 0 && !dc))
        return symbol << 8 | len;
    if (size)
        v = sn_jpeg_extend(bits >> (rest - size) & ((1u << size) - 1), size);
    return (uint32_t)v << 16 | run << 8 | SN_JPEG_VALUE | (len + size);
}

bool sn_jpeg_huff_prepare(struct sn_jpeg_huff *t, unsigned max_symbol, bool values)
{
    unsigned code = 0, at = 0;

    memset(t->look, 0, sizeof t->look);
    for (unsigned len = 1; len <= 16; len++, code <<= 1) {
        t->offset[len] = (int32_t)at - (int32_t)code;
        for (unsigned i = 0; i < t->count[len]; i++, code++, at++) {
            unsigned spare = len <= SN_JPEG_LOOK ? SN_JPEG_LOOK - len : 0;

            if (t->symbol[at] > max_symbol)
                return false;
            for (unsigned k = 0; len <= SN_JPEG_LOOK && k < 1u << spare && code >> len == 0; k++) {
                unsigned bits = code << spare | k;

                t->look[bits] = look_entry(bits, len, t->symbol[at], max_symbol < 255, values);
            }
        }
        if (code >= 1u << len) /* over-subscribed, or a code of all ones, which C.2 forbids */
            return false;
        t->limit[len] = t->count[len] ? code << (16 - len) : 0;
    }
    return true;
}

unsigned sn_jpeg_long_code(struct sn_jpeg_bits *b, const struct sn_jpeg_huff *t, bool *bad)
{
    unsigned word = (unsigned)(b->bits >> 48);

    for (unsigned len = SN_JPEG_LOOK + 1; len <= 16; len++) {
        if (word < t->limit[len]) {
            sn_jpeg_drop(b, len);
            return t->symbol[((int32_t)(word >> (16 - len)) + t->offset[len]) & 0xff];
        }
    }
    *bad = true;
    sn_jpeg_drop(b, 17);
    return 0;
}

static int dc_difference(struct sn_jpeg_bits *b, const struct sn_jpeg_huff *t, bool *bad)
{
    uint32_t e;
    unsigned size;

    sn_jpeg_need(b);
    e = t->look[b->bits >> (64 - SN_JPEG_LOOK)];
    if (e & SN_JPEG_VALUE) {
        sn_jpeg_drop(b, e & 0x1f);
        return (int32_t)e >> 16;
    }
    size = sn_jpeg_symbol(b, t, bad);
    return size ? sn_jpeg_extend(sn_jpeg_get(b, size), size) : 0;
}

void sn_jpeg_block(struct sn_jpeg_bits *bits, const struct sn_jpeg_huff *dc, const struct sn_jpeg_huff *ac, int *pred,
                   int16_t *block, bool *bad)
{
    struct sn_jpeg_bits b = *bits; /* in registers */
    unsigned k = 1;

    /* A sum may wrap in damaged data only; a block keeps 16 bits of it. */
    *pred = (int)((unsigned)*pred + (unsigned)dc_difference(&b, dc, bad));
    block[0] = (int16_t)*pred;
    while (k < 64) {
        uint32_t e;
        unsigned symbol, size;

        sn_jpeg_need(&b);
        e = ac->look[b.bits >> (64 - SN_JPEG_LOOK)];
        if (e & SN_JPEG_VALUE) {
            k += e >> 8 & 15;
            block[sn_jpeg_natural[k++]] = (int16_t)((int32_t)e >> 16);
            sn_jpeg_drop(&b, e & 0x1f);
            continue;
        }
        symbol = sn_jpeg_symbol(&b, ac, bad);
        size = symbol & 15;
        k += symbol >> 4;
        if (size == 0) {
            if (symbol != 0xf0) /* end of block */
                break;
            k++;
            continue;
        }
        block[sn_jpeg_natural[k++]] = (int16_t)sn_jpeg_extend(sn_jpeg_get(&b, size), size);
    }
    *bad |= k > 64;
    *bits = b;
}
