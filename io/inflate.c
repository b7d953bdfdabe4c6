/*
 * inflate.c: zlib streams (RFC 1950) and deflate blocks (RFC 1951), decoded into a buffer of known
 * size; bare blocks also into one of unknown size.
 *
 * One table look-up per symbol: a root table indexed by the next ROOT bits, whose entries either
 * are the symbol or point to a second table for the codes that are longer. The bit buffer holds 64
 * bits; one refill of at least 56 bits covers a whole match (15 + 5 + 15 + 13 = 48 bits), so the
 * fast loop refills once per symbol and checks nothing else. It runs while 8 input bytes and one
 * longest match of output remain; the careful loop, which checks each step, does the rest.
 */
#include <stdlib.h>

#include "io/io.h"

enum {
    LIT_ROOT = 10,
    DIST_ROOT = 8,
    /*
     * In a complete code a second table of 2^k entries holds at least k + 1 codes. 286 codes and
     * k <= 5 give at most 47 tables of 32 entries; 30 distance codes and k <= 7 at most 3 of 128.
     */
    LIT_ROOM = (1 << LIT_ROOT) + 48 * 32,
    DIST_ROOM = (1 << DIST_ROOT) + 4 * 128,
    MAX_MATCH = 258,
    COPY_SLACK = 16 /* the fast copy may write this far past a match's end */
};

/* A table entry: value << 16 | flags | extra bits << 8 | code bits. */
#define E_LITERAL 0x80000000u
#define E_END     0x00008000u
#define E_SUB     0x00004000u /* value: index of the second table; extra: its index bits */
#define E_BAD     0x00002000u
#define E_BITS(e)  ((e) & 0xffu)
#define E_EXTRA(e) ((e) >> 8 & 0xfu)
#define E_VALUE(e) ((e) >> 16 & 0x7fffu)

struct inflater {
    const uint8_t *in_start, *in, *in_end;
    uint8_t *out_start, *out, *out_end;
    uint64_t bits;  /* next bit lowest; bits above `count` may already hold the bytes that follow */
    unsigned count; /* bits that are accounted as read */
    bool full;      /* the output buffer was too small */
    struct sn_error *err;
    uint32_t lit[LIT_ROOM];
    uint32_t dist[DIST_ROOM];
};

/* RFC 1951, 3.2.5: first length and extra bits of the symbols 257.., first distance of 0.. */
static const uint16_t length_base[29] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27,
                                          31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
                                          227, 258 };
static const uint8_t length_extra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const uint16_t dist_base[30] = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129,
                                        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
                                        6145, 8193, 12289, 16385, 24577 };
static const uint8_t dist_extra[30] = { 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6,
                                        6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13 };

static size_t in_position(const struct inflater *z)
{
    return (size_t)(z->in - z->in_start) - z->count / 8;
}

static int truncated(struct inflater *z)
{
    return SN_FAIL(z->err, SN_EFORMAT,
                   "zlib: compressed data end at byte %zu inside a block, %zu of %zu bytes decoded",
                   (size_t)(z->in_end - z->in_start), (size_t)(z->out - z->out_start),
                   (size_t)(z->out_end - z->out_start));
}

static int overfull(struct inflater *z)
{
    z->full = true;
    return SN_FAIL(z->err, SN_EFORMAT, "zlib: data decode to more than the %zu bytes expected",
                   (size_t)(z->out_end - z->out_start));
}

static void refill(struct inflater *z)
{
    while (z->count <= 56 && z->in < z->in_end) {
        z->bits |= (uint64_t)*z->in++ << z->count;
        z->count += 8;
    }
}

static void drop(struct inflater *z, unsigned n)
{
    z->bits >>= n;
    z->count -= n;
}

/* The next n <= 16 bits into *v. */
static int take(struct inflater *z, unsigned n, unsigned *v)
{
    refill(z);
    if (z->count < n)
        return truncated(z);
    *v = (unsigned)(z->bits & ((1u << n) - 1));
    drop(z, n);
    return SN_OK;
}

/* ---- tables ------------------------------------------------------------------------------- */

enum table_kind { LIT_TABLE, DIST_TABLE, META_TABLE };

static uint32_t symbol_entry(enum table_kind kind, unsigned sym)
{
    if (kind == META_TABLE)
        return sym << 16;
    if (kind == DIST_TABLE)
        return sym < 30 ? (uint32_t)dist_base[sym] << 16 | (uint32_t)dist_extra[sym] << 8 : E_BAD;
    if (sym < 256)
        return E_LITERAL | sym << 16;
    if (sym == 256)
        return E_END;
    sym -= 257;
    return sym < 29 ? (uint32_t)length_base[sym] << 16 | (uint32_t)length_extra[sym] << 8 : E_BAD;
}

static unsigned reverse_bits(unsigned code, unsigned n)
{
    unsigned r = 0;

    while (n--) {
        r = r << 1 | (code & 1);
        code >>= 1;
    }
    return r;
}

/*
 * The number of codes of each length, checked as a set: over-subscribed is an error; incomplete is
 * one too, save for a lone one-bit code, which encoders emit for a single distance. A code
 * without symbols is fine for distances (a block of literals alone).
 */
static int count_lengths(const uint8_t *lens, unsigned n, enum table_kind kind, unsigned count[16],
                         const char *what, struct inflater *z)
{
    unsigned used = 0, left = 1, len;

    memset(count, 0, 16 * sizeof *count);
    for (unsigned s = 0; s < n; s++) {
        count[lens[s]]++;
        used += lens[s] != 0;
    }
    count[0] = 0;
    for (len = 1; len <= 15; len++) {
        left <<= 1;
        if (count[len] > left)
            return SN_FAIL(z->err, SN_EFORMAT, "zlib: byte %zu: over-subscribed %s code",
                           in_position(z), what);
        left -= count[len];
    }
    if (used == 0 && kind == DIST_TABLE)
        return SN_OK;
    if (left > 0 && !(kind != META_TABLE && used == 1 && count[1] == 1))
        return SN_FAIL(z->err, SN_EFORMAT, "zlib: byte %zu: incomplete %s code", in_position(z),
                       what);
    return SN_OK;
}

/* Index bits of the second table that begins with a code of `len` bits. */
static unsigned sub_bits(const unsigned count[16], unsigned len, unsigned root)
{
    unsigned bits = len - root;
    int left = 1 << bits;

    while (bits + root < 15) {
        left -= (int)count[bits + root];
        if (left <= 0)
            break;
        bits++;
        left <<= 1;
    }
    return bits;
}

static int build_table(struct inflater *z, uint32_t *table, unsigned room, unsigned root,
                       enum table_kind kind, const uint8_t *lens, unsigned n, const char *what)
{
    unsigned count[16], next = 1u << root, code = 0, sub_prefix = UINT32_MAX, sub_at = 0, sub_n = 0;

    SN_TRY(count_lengths(lens, n, kind, count, what, z));
    for (unsigned i = 0; i < next; i++)
        table[i] = E_BAD;
    for (unsigned len = 1; len <= 15; len++, code <<= 1) {
        for (unsigned s = 0; s < n; s++) {
            unsigned rev, prefix;

            if (lens[s] != len)
                continue;
            rev = reverse_bits(code++, len);
            if (len <= root) {
                for (unsigned i = rev; i < 1u << root; i += 1u << len)
                    table[i] = symbol_entry(kind, s) | len;
                continue;
            }
            prefix = rev & ((1u << root) - 1);
            if (prefix != sub_prefix) {
                sub_prefix = prefix;
                sub_n = sub_bits(count, len, root);
                sub_at = next;
                next += 1u << sub_n;
                if (next > room)
                    return SN_FAIL(z->err, SN_EINTERNAL, "zlib: decoding table too small");
                table[prefix] = sub_at << 16 | E_SUB | sub_n << 8 | root;
            }
            for (unsigned i = rev >> root; i < 1u << sub_n; i += 1u << (len - root))
                table[sub_at + i] = symbol_entry(kind, s) | (len - root);
            count[len]--; /* what is left tells the size of the next second table */
        }
    }
    return SN_OK;
}

static int fixed_tables(struct inflater *z)
{
    uint8_t lens[288];

    memset(lens, 8, 144);
    memset(lens + 144, 9, 112);
    memset(lens + 256, 7, 24);
    memset(lens + 280, 8, 8);
    SN_TRY(build_table(z, z->lit, LIT_ROOM, LIT_ROOT, LIT_TABLE, lens, 288, "literal/length"));
    memset(lens, 5, 32);
    return build_table(z, z->dist, DIST_ROOM, DIST_ROOT, DIST_TABLE, lens, 32, "distance");
}

/* The run-length coded code lengths, RFC 1951, 3.2.7; `z->dist` serves as their decoding table. */
static int read_lengths(struct inflater *z, uint8_t *lens, unsigned n)
{
    unsigned i = 0;

    while (i < n) {
        unsigned sym, run, value = 0;
        uint32_t e;

        refill(z);
        e = z->dist[z->bits & ((1u << DIST_ROOT) - 1)];
        if (E_BITS(e) > z->count)
            return truncated(z);
        drop(z, E_BITS(e));
        sym = E_VALUE(e);
        if (sym < 16) {
            lens[i++] = (uint8_t)sym;
            continue;
        }
        SN_TRY(take(z, sym == 16 ? 2 : sym == 17 ? 3 : 7, &run));
        run += sym == 18 ? 11 : 3;
        if (sym == 16) {
            if (i == 0)
                return SN_FAIL(z->err, SN_EFORMAT,
                               "zlib: byte %zu: code lengths begin with a repeat", in_position(z));
            value = lens[i - 1];
        }
        if (run > n - i)
            return SN_FAIL(z->err, SN_EFORMAT,
                           "zlib: byte %zu: code length run of %u where %u lengths remain",
                           in_position(z), run, n - i);
        memset(lens + i, (int)value, run);
        i += run;
    }
    return SN_OK;
}

static int dynamic_tables(struct inflater *z)
{
    static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14,
                                       1, 15 };
    uint8_t lens[286 + 30], meta[19] = { 0 };
    unsigned hlit, hdist, hclen, v;

    SN_TRY(take(z, 5, &hlit));
    SN_TRY(take(z, 5, &hdist));
    SN_TRY(take(z, 4, &hclen));
    hlit += 257;
    hdist += 1;
    if (hlit > 286 || hdist > 30)
        return SN_FAIL(z->err, SN_EFORMAT,
                       "zlib: byte %zu: %u literal/length and %u distance codes, at most "
                       "286 and 30", in_position(z), hlit, hdist);
    for (unsigned i = 0; i < hclen + 4; i++) {
        SN_TRY(take(z, 3, &v));
        meta[order[i]] = (uint8_t)v;
    }
    SN_TRY(build_table(z, z->dist, DIST_ROOM, DIST_ROOT, META_TABLE, meta, 19, "code length"));
    SN_TRY(read_lengths(z, lens, hlit + hdist));
    if (lens[256] == 0)
        return SN_FAIL(z->err, SN_EFORMAT, "zlib: byte %zu: block has no end code", in_position(z));
    SN_TRY(build_table(z, z->lit, LIT_ROOM, LIT_ROOT, LIT_TABLE, lens, hlit, "literal/length"));
    return build_table(z, z->dist, DIST_ROOM, DIST_ROOT, DIST_TABLE, lens + hlit, hdist,
                       "distance");
}

/* ---- blocks ------------------------------------------------------------------------------- */

static int bad_symbol(struct inflater *z)
{
    return SN_FAIL(z->err, SN_EFORMAT, "zlib: byte %zu: invalid code", in_position(z));
}

static int bad_distance(struct inflater *z, size_t dist)
{
    return SN_FAIL(z->err, SN_EFORMAT,
                   "zlib: byte %zu: match reaches back %zu bytes, only %zu were decoded",
                   in_position(z), dist, (size_t)(z->out - z->out_start));
}

/* Copies a match; may write up to COPY_SLACK bytes past its end. */
static void copy_match_fast(uint8_t *out, size_t dist, size_t len)
{
    const uint8_t *from = out - dist;
    uint8_t *end = out + len;

    if (dist >= 8) {
        do {
            uint64_t w;

            memcpy(&w, from, 8);
            memcpy(out, &w, 8);
            from += 8;
            out += 8;
        } while (out < end);
    } else if (dist == 1) {
        memset(out, *from, len);
    } else {
        while (out < end)
            *out++ = *from++;
    }
}

/*
 * Symbols while there is plenty of input and output. *done is set at the block's end; otherwise
 * the careful loop goes on.
 */
static int fast_symbols(struct inflater *z, bool *done)
{
    const uint8_t *in = z->in;
    uint8_t *out = z->out;
    uint64_t bits = z->bits;
    unsigned count = z->count;
    int rc = SN_OK;
    size_t dist = 0;

    *done = false;
    while (z->in_end - in >= 8 && z->out_end - out >= MAX_MATCH + COPY_SLACK) {
        uint32_t e;
        size_t len;

        if (count < 48) {
            bits |= sn_le64(in) << count;
            in += (63 - count) >> 3;
            count |= 56;
        }
        e = z->lit[bits & ((1u << LIT_ROOT) - 1)];
        if (e & E_LITERAL) {
            bits >>= E_BITS(e);
            count -= E_BITS(e);
            *out++ = (uint8_t)E_VALUE(e);
            continue;
        }
        if (e & E_SUB) {
            bits >>= LIT_ROOT;
            count -= LIT_ROOT;
            e = z->lit[E_VALUE(e) + (bits & ((1u << E_EXTRA(e)) - 1))];
        }
        bits >>= E_BITS(e);
        count -= E_BITS(e);
        if (e & E_LITERAL) {
            *out++ = (uint8_t)E_VALUE(e);
            continue;
        }
        if (e & (E_END | E_BAD)) {
            *done = (e & E_END) != 0;
            rc = *done ? SN_OK : SN_EFORMAT;
            break;
        }
        len = E_VALUE(e) + (bits & ((1u << E_EXTRA(e)) - 1));
        bits >>= E_EXTRA(e);
        count -= E_EXTRA(e);
        e = z->dist[bits & ((1u << DIST_ROOT) - 1)];
        if (e & E_SUB) {
            bits >>= DIST_ROOT;
            count -= DIST_ROOT;
            e = z->dist[E_VALUE(e) + (bits & ((1u << E_EXTRA(e)) - 1))];
        }
        bits >>= E_BITS(e);
        count -= E_BITS(e);
        if (e & E_BAD) {
            rc = SN_EFORMAT;
            break;
        }
        dist = E_VALUE(e) + (bits & ((1u << E_EXTRA(e)) - 1));
        bits >>= E_EXTRA(e);
        count -= E_EXTRA(e);
        if (dist > (size_t)(out - z->out_start)) {
            rc = SN_EINVAL; /* told apart from a bad code below */
            break;
        }
        copy_match_fast(out, dist, len);
        out += len;
    }
    z->in = in;
    z->out = out;
    z->bits = bits;
    z->count = count;
    if (rc == SN_EINVAL)
        return bad_distance(z, dist);
    return rc ? bad_symbol(z) : SN_OK;
}

/* One code from a table, bits checked. */
static int careful_code(struct inflater *z, const uint32_t *table, unsigned root, uint32_t *entry)
{
    uint32_t e = table[z->bits & ((1u << root) - 1)];

    if (e & E_SUB) {
        if (z->count < root)
            return truncated(z);
        drop(z, root);
        e = table[E_VALUE(e) + (z->bits & ((1u << E_EXTRA(e)) - 1))];
    }
    if (E_BITS(e) > z->count)
        return truncated(z);
    drop(z, E_BITS(e));
    if (e & E_BAD)
        return z->in == z->in_end && z->count < 15 ? truncated(z) : bad_symbol(z);
    *entry = e;
    return SN_OK;
}

static int extra_bits(struct inflater *z, uint32_t e, size_t *v)
{
    if (E_EXTRA(e) > z->count)
        return truncated(z);
    *v = E_VALUE(e) + (z->bits & ((1u << E_EXTRA(e)) - 1));
    drop(z, E_EXTRA(e));
    return SN_OK;
}

static int careful_symbol(struct inflater *z, bool *done)
{
    uint32_t e = 0;
    size_t len = 0, dist = 0;

    refill(z);
    SN_TRY(careful_code(z, z->lit, LIT_ROOT, &e));
    if (e & E_LITERAL) {
        if (z->out == z->out_end)
            return overfull(z);
        *z->out++ = (uint8_t)E_VALUE(e);
        return SN_OK;
    }
    if (e & E_END) {
        *done = true;
        return SN_OK;
    }
    SN_TRY(extra_bits(z, e, &len));
    SN_TRY(careful_code(z, z->dist, DIST_ROOT, &e));
    SN_TRY(extra_bits(z, e, &dist));
    if (dist > (size_t)(z->out - z->out_start))
        return bad_distance(z, dist);
    if (len > (size_t)(z->out_end - z->out))
        return overfull(z);
    for (; len; len--, z->out++)
        *z->out = *(z->out - dist);
    return SN_OK;
}

static int coded_block(struct inflater *z)
{
    bool done = false;

    while (!done) {
        SN_TRY(fast_symbols(z, &done));
        if (!done)
            SN_TRY(careful_symbol(z, &done));
    }
    return SN_OK;
}

/* Gives the unused whole bytes of the bit buffer back to the input. */
static void align_input(struct inflater *z)
{
    z->in -= z->count / 8;
    z->bits = 0;
    z->count = 0;
}

static int stored_block(struct inflater *z)
{
    unsigned len, check;

    align_input(z);
    if (z->in_end - z->in < 4)
        return truncated(z);
    len = sn_le16(z->in);
    check = sn_le16(z->in + 2);
    if (len != (check ^ 0xffffu))
        return SN_FAIL(z->err, SN_EFORMAT,
                       "zlib: byte %zu: stored block length %04x and its complement %04x disagree",
                       in_position(z), len, check);
    z->in += 4;
    if (len > (size_t)(z->in_end - z->in))
        return truncated(z);
    if (len > (size_t)(z->out_end - z->out))
        return overfull(z);
    memcpy(z->out, z->in, len);
    z->in += len;
    z->out += len;
    return SN_OK;
}

/* ---- the zlib wrapper ----------------------------------------------------------------------- */

static int inflate_blocks(struct inflater *z)
{
    unsigned last = 0, type;

    while (!last) {
        SN_TRY(take(z, 1, &last));
        SN_TRY(take(z, 2, &type));
        if (type == 3)
            return SN_FAIL(z->err, SN_EFORMAT, "zlib: byte %zu: invalid block type 3",
                           in_position(z));
        if (type == 0) {
            SN_TRY(stored_block(z));
            continue;
        }
        SN_TRY(type == 1 ? fixed_tables(z) : dynamic_tables(z));
        SN_TRY(coded_block(z));
    }
    align_input(z);
    return SN_OK;
}

static int inflate_stream(struct inflater *z)
{
    size_t out_size = (size_t)(z->out_end - z->out_start);
    uint32_t found, expected;

    if (z->in_end - z->in < 6)
        return SN_FAIL(z->err, SN_EFORMAT, "zlib: stream of %zu bytes, at least 6 expected",
                       (size_t)(z->in_end - z->in));
    if ((z->in[0] & 15) != 8 || z->in[0] >> 4 > 7 || sn_be16(z->in) % 31 != 0)
        return SN_FAIL(z->err, SN_EFORMAT, "zlib: bytes %02x %02x are not a stream header",
                       z->in[0], z->in[1]);
    if (z->in[1] & 0x20)
        return SN_FAIL(z->err, SN_EUNSUPPORTED, "zlib: stream needs a preset dictionary");
    z->in += 2;
    SN_TRY(inflate_blocks(z));
    if (z->out != z->out_end)
        return SN_FAIL(z->err, SN_EFORMAT, "zlib: stream ends after %zu bytes, %zu expected",
                       (size_t)(z->out - z->out_start), out_size);
    if (z->in_end - z->in < 4)
        return SN_FAIL(z->err, SN_EFORMAT, "zlib: checksum at byte %zu is cut off",
                       in_position(z));
    found = sn_be32(z->in);
    expected = sn_adler32(z->out_start, out_size);
    if (found != expected)
        return SN_FAIL(z->err, SN_EFORMAT,
                       "zlib: Adler-32 at byte %zu is %08x, the data's is %08x", in_position(z),
                       found, expected);
    z->in += 4;
    if (z->in != z->in_end)
        return SN_FAIL(z->err, SN_EFORMAT, "zlib: %zu bytes follow the end of the stream",
                       (size_t)(z->in_end - z->in));
    return SN_OK;
}

static void set_up(struct inflater *z, const void *in, size_t in_size, void *out, size_t out_size,
                   struct sn_error *err)
{
    static const uint8_t nothing[1] = { 0 };
    static uint8_t empty[1]; /* never written: its size is 0 */

    z->in_start = z->in = in_size ? in : nothing;
    z->in_end = z->in + in_size;
    z->out_start = z->out = out_size ? out : empty;
    z->out_end = z->out + out_size;
    z->bits = 0;
    z->count = 0;
    z->full = false;
    z->err = err;
}

int sn_zlib_inflate(const void *in, size_t in_size, void *out, size_t out_size,
                    struct sn_error *err)
{
    struct inflater *z = malloc(sizeof *z);
    int rc;

    if (!z)
        return SN_NOMEM(err, "inflate tables");
    set_up(z, in, in_size, out, out_size, err);
    rc = inflate_stream(z);
    free(z);
    return rc;
}

/* Into a buffer of `room` bytes; *full: it was too small, anything else is final. */
static int inflate_into(struct inflater *z, const void *in, size_t in_size, size_t room, uint8_t **out,
                        size_t *out_size, bool *full, struct sn_error *err)
{
    uint8_t *buf = malloc(SN_MAX(room, (size_t)1));
    int rc;

    *full = false;
    if (!buf)
        return SN_NOMEM(err, "inflated data");
    set_up(z, in, in_size, buf, room, err);
    rc = inflate_blocks(z);
    *full = z->full;
    if (rc) {
        free(buf);
        return rc;
    }
    *out = buf;
    *out_size = (size_t)(z->out - z->out_start);
    return SN_OK;
}

/*
 * The size is found by doubling and starting over: at most twice the work, and the decoding loops
 * stay as they are for the streams whose size is known.
 */
int sn_inflate_raw(const void *in, size_t in_size, size_t limit, uint8_t **out, size_t *out_size,
                   struct sn_error *err)
{
    size_t room = in_size < limit / 8 ? SN_MIN(8 * in_size + 4096, limit) : limit;
    struct inflater *z = malloc(sizeof *z);
    bool full;
    int rc;

    *out = NULL;
    *out_size = 0;
    if (!z)
        return SN_NOMEM(err, "inflate tables");
    for (;;) {
        rc = inflate_into(z, in, in_size, room, out, out_size, &full, err);
        if (!rc || !full)
            break;
        if (room == limit) {
            rc = SN_FAIL(err, SN_ELIMIT, "zlib: data decode to more than the limit of %zu bytes", limit);
            break;
        }
        room = room > limit / 2 ? limit : 2 * room;
    }
    free(z);
    return rc;
}
