/*
 * deflate.c: data to a zlib stream (RFC 1950, 1951). The same bytes in give the same bytes out.
 *
 * LZ77 over hash chains with one step of lazy matching (Gailly's idea: a match is taken only when
 * the next byte does not start a longer one), tokens gathered into blocks of BLOCK_TOKENS; each
 * block is written stored, with the fixed codes or with its own Huffman codes, whichever is
 * shortest. Code lengths come from Huffman's algorithm and are then cut to the format's limit.
 * Chains hold positions that agree in min_match bytes, so that few candidates are tried in vain.
 */
#include <stdlib.h>

#include "io/png_parts.h"

enum {
    WINDOW = 32768,
    HASH_BITS = 16,
    MIN_MATCH = 3,
    MAX_MATCH = 258,
    CHAIN = 2,         /* candidates tried per position: 4 gains 1 % in size for a seventh more time */
    GOOD_ENOUGH = 128, /* a match this long is taken without looking further */
    LOAD = 8,          /* bytes read at once; the last LOAD - 1 bytes of the data start no match */
    BLOCK_TOKENS = 1 << 14,
    STORED_MAX = 65535,
    LITERALS = 286,
    DISTANCES = 30,
    METAS = 19,
    MAX_BITS = 15
};

/* A token: a literal byte, or MATCH | length << 16 | distance - 1. */
#define MATCH 0x80000000u

struct code {
    uint8_t len[LITERALS + 2];
    uint16_t bits[LITERALS + 2]; /* reversed: first bit lowest */
};

struct deflater {
    const uint8_t *in;
    size_t n;
    unsigned min_match; /* shorter matches are left as literals */
    struct sn_buf *out;
    unsigned hash_shift; /* leaves min_match of LOAD bytes */
    uint64_t bits;
    unsigned count;
    size_t staged;
    uint8_t stage[4096];
    uint32_t head[1 << HASH_BITS]; /* newest position + 1 with this hash; 0: none */
    uint32_t prev[WINDOW];         /* the one before, by position mod WINDOW */
    uint32_t tokens[BLOCK_TOKENS];
    size_t token_count;
    size_t block_start;
    uint8_t length_symbol[MAX_MATCH + 1]; /* symbol - 257 */
};

static const uint16_t length_base[29] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27,
                                          31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
                                          227, 258 };
static const uint8_t length_extra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const uint8_t meta_order[METAS] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13,
                                           2, 14, 1, 15 };

/*
 * RFC 1950, 9. 5552 is the most bytes whose sums still fit 32 bits. Eight at a time, else each waits for the one
 * before: four bytes lie in four lanes of 16 bits, and the top lane of their product with a constant of such lanes is
 * their weighted sum, at most 20 * 255.
 */
uint32_t sn_adler32(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint32_t a = 1, b = 0;

    while (n) {
        size_t k = SN_MIN(n, (size_t)5552), i = 0;

        for (; i + 8 <= k; i += 8) {
            const uint64_t lanes = 0x00ff00ff00ff00ff, x = sn_le64(p + i), even = x & lanes, odd = x >> 8 & lanes;

            b += 8 * a + (uint32_t)(even * 0x0008000600040002 >> 48) + (uint32_t)(odd * 0x0007000500030001 >> 48);
            a += (uint32_t)((even + odd) * 0x0001000100010001 >> 48);
        }
        for (; i < k; i++) {
            a += p[i];
            b += a;
        }
        a %= 65521;
        b %= 65521;
        p += k;
        n -= k;
    }
    return b << 16 | a;
}

/* ---- bits --------------------------------------------------------------------------------- */

static void flush_stage(struct deflater *d)
{
    sn_buf_add(d->out, d->stage, d->staged);
    d->staged = 0;
}

/* At most 16 bits; up to 31 wait in d->bits for the next four bytes. */
static void put_bits(struct deflater *d, uint32_t v, unsigned n)
{
    d->bits |= (uint64_t)v << d->count;
    d->count += n;
    if (d->count < 32)
        return;
    if (d->staged + 4 > sizeof d->stage)
        flush_stage(d);
    sn_put_le32(d->stage + d->staged, (uint32_t)d->bits);
    d->staged += 4;
    d->bits >>= 32;
    d->count -= 32;
}

/* Zeros up to a byte, and everything out of the way of bytes that follow. */
static void align_bits(struct deflater *d)
{
    flush_stage(d);
    for (; d->count; d->bits >>= 8, d->count -= SN_MIN(d->count, 8u))
        d->stage[d->staged++] = (uint8_t)d->bits;
    flush_stage(d);
    d->bits = 0;
}

/* ---- Huffman codes ------------------------------------------------------------------------ */

/*
 * Depths of Huffman's tree over used[0..k), k >= 2, sorted by rising frequency: leaves and inner
 * nodes both appear in rising order, so two queues replace a heap. count[] gets the number of
 * leaves per depth, depths beyond MAX_BITS counted in count[MAX_BITS].
 */
static void huffman_depths(const uint32_t *freq, const uint16_t *used, unsigned k,
                           unsigned count[MAX_BITS + 1])
{
    uint32_t weight[2 * LITERALS];
    uint16_t parent[2 * LITERALS] = { 0 }, depth[2 * LITERALS];
    unsigned leaf = 0, inner = k, nodes = k;

    for (unsigned i = 0; i < k; i++)
        weight[i] = freq[used[i]];
    while (nodes < 2 * k - 1) {
        weight[nodes] = 0;
        for (int side = 0; side < 2; side++) {
            bool take_leaf = leaf < k && (inner == nodes || weight[leaf] <= weight[inner]);
            unsigned child = take_leaf ? leaf++ : inner++;

            weight[nodes] += weight[child];
            parent[child] = (uint16_t)nodes;
        }
        nodes++;
    }
    memset(count, 0, (MAX_BITS + 1) * sizeof *count);
    depth[nodes - 1] = 0;
    for (unsigned i = nodes - 1; i-- > 0;) {
        depth[i] = (uint16_t)(depth[parent[i]] + 1);
        if (i < k)
            count[SN_MIN(depth[i], MAX_BITS)]++;
    }
}

/*
 * Moves leaves up to `limit` and repairs the Kraft sum: while it is too large, one deepest leaf
 * becomes the sibling of a leaf taken from the deepest level above, which lengthens by one.
 */
static void limit_depths(unsigned count[MAX_BITS + 1], unsigned limit)
{
    unsigned sum = 0;

    for (unsigned b = limit + 1; b <= MAX_BITS; b++) {
        count[limit] += count[b];
        count[b] = 0;
    }
    for (unsigned b = 1; b <= limit; b++)
        sum += count[b] << (limit - b);
    for (; sum > 1u << limit; sum--) {
        unsigned b = limit - 1;

        while (count[b] == 0)
            b--;
        count[limit]--;
        count[b]--;
        count[b + 1] += 2;
    }
}

/* Canonical codes (RFC 1951, 3.2.2) from the lengths. */
static void assign_codes(struct code *c, unsigned n)
{
    unsigned next = 0;

    for (unsigned len = 1; len <= MAX_BITS; len++, next <<= 1) {
        for (unsigned s = 0; s < n; s++) {
            unsigned rev = 0;

            if (c->len[s] != len)
                continue;
            for (unsigned b = 0; b < len; b++)
                rev |= (next >> b & 1) << (len - 1 - b);
            c->bits[s] = (uint16_t)rev;
            next++;
        }
    }
}

/*
 * Lengths of at most `limit` bits. At least two symbols get a code, used or not: a complete code
 * is what every decoder reads.
 */
static void make_code(struct code *c, uint32_t *freq, unsigned n, unsigned limit)
{
    uint16_t used[LITERALS];
    unsigned k = 0, count[MAX_BITS + 1];

    for (unsigned s = 0; s < n; s++)
        k += freq[s] != 0;
    for (unsigned s = 0; k < 2; s++) {
        if (freq[s] == 0) {
            freq[s] = 1;
            k++;
        }
    }
    k = 0;
    for (unsigned s = 0; s < n; s++) { /* insertion sort, ties stay in symbol order */
        unsigned i;

        if (freq[s] == 0)
            continue;
        for (i = k++; i > 0 && freq[used[i - 1]] > freq[s]; i--)
            used[i] = used[i - 1];
        used[i] = (uint16_t)s;
    }
    huffman_depths(freq, used, k, count);
    limit_depths(count, limit);
    memset(c->len, 0, sizeof c->len);
    for (unsigned b = limit, i = 0; b >= 1; b--) {
        for (unsigned j = 0; j < count[b]; j++)
            c->len[used[i++]] = (uint8_t)b;
    }
    assign_codes(c, n);
}

/* ---- blocks ------------------------------------------------------------------------------- */

/* RFC 1951, 3.2.5: from distance 5 on, two symbols per power of two. */
static unsigned distance_symbol(unsigned dist, unsigned *extra, unsigned *rest)
{
    unsigned d = dist - 1, b;

    if (d < 2) {
        *extra = *rest = 0;
        return d;
    }
    b = 31u - (unsigned)__builtin_clz(d);
    *extra = b - 1;
    *rest = d & ((1u << (b - 1)) - 1);
    return 2 * b + (d >> (b - 1) & 1);
}

struct meta { /* run-length coded code lengths: symbol | extra value << 8 */
    uint16_t item[LITERALS + DISTANCES];
    unsigned n;
    unsigned hlit, hdist, hclen;
    uint32_t freq[METAS];
    struct code code;
};

static unsigned meta_extra(unsigned sym)
{
    return sym == 16 ? 2 : sym == 17 ? 3 : sym == 18 ? 7 : 0;
}

static void meta_add(struct meta *m, unsigned sym, unsigned extra)
{
    m->item[m->n++] = (uint16_t)(sym | extra << 8);
    m->freq[sym]++;
}

static void plan_meta(struct meta *m, const struct code *lit, const struct code *dist)
{
    uint8_t lens[LITERALS + DISTANCES];
    unsigned total, i = 0;

    memset(m, 0, sizeof *m);
    for (m->hlit = LITERALS; lit->len[m->hlit - 1] == 0;)
        m->hlit--;
    for (m->hdist = DISTANCES; dist->len[m->hdist - 1] == 0;)
        m->hdist--;
    total = m->hlit + m->hdist;
    memcpy(lens, lit->len, m->hlit);
    memcpy(lens + m->hlit, dist->len, m->hdist);
    while (i < total) {
        unsigned run = 1, limit = lens[i] ? 7 : 138;

        while (i + run < total && run < limit && lens[i + run] == lens[i])
            run++;
        if (lens[i] == 0 && run >= 3) {
            meta_add(m, run < 11 ? 17 : 18, run - (run < 11 ? 3 : 11));
        } else if (lens[i] && run >= 4) {
            meta_add(m, lens[i], 0);
            meta_add(m, 16, run - 1 - 3);
        } else {
            meta_add(m, lens[i], 0);
            run = 1;
        }
        i += run;
    }
    make_code(&m->code, m->freq, METAS, 7);
    for (m->hclen = METAS; m->hclen > 4 && m->code.len[meta_order[m->hclen - 1]] == 0;)
        m->hclen--;
}

static void count_tokens(const struct deflater *d, uint32_t *lit, uint32_t *dist)
{
    unsigned extra, rest;

    memset(lit, 0, LITERALS * sizeof *lit);
    memset(dist, 0, DISTANCES * sizeof *dist);
    for (size_t i = 0; i < d->token_count; i++) {
        uint32_t t = d->tokens[i];

        if (t & MATCH) {
            lit[257 + d->length_symbol[t >> 16 & 0x7fff]]++;
            dist[distance_symbol((t & 0xffff) + 1, &extra, &rest)]++;
        } else {
            lit[t]++;
        }
    }
    lit[256] = 1;
}

/* Bits of a block's tokens under a pair of codes. */
static uint64_t token_bits(const uint32_t *lit_freq, const uint32_t *dist_freq, const struct code *lit,
                           const struct code *dist)
{
    uint64_t sum = 0;

    for (unsigned s = 0; s < LITERALS; s++)
        sum += (uint64_t)lit_freq[s] * (lit->len[s] + (s > 256 ? length_extra[s - 257] : 0u));
    for (unsigned s = 0; s < DISTANCES; s++)
        sum += (uint64_t)dist_freq[s] * (dist->len[s] + (s < 2 ? 0u : s / 2 - 1)); /* 3.2.5 */
    return sum;
}

static void write_tokens(struct deflater *d, const struct code *lit, const struct code *dist)
{
    unsigned extra, rest;

    for (size_t i = 0; i < d->token_count; i++) {
        uint32_t t = d->tokens[i];

        if (t & MATCH) {
            unsigned len = t >> 16 & 0x7fff, ls = d->length_symbol[len];
            unsigned ds = distance_symbol((t & 0xffff) + 1, &extra, &rest);

            put_bits(d, lit->bits[257 + ls], lit->len[257 + ls]);
            put_bits(d, len - length_base[ls], length_extra[ls]);
            put_bits(d, dist->bits[ds], dist->len[ds]);
            put_bits(d, rest, extra);
        } else {
            put_bits(d, lit->bits[t], lit->len[t]);
        }
    }
    put_bits(d, lit->bits[256], lit->len[256]);
}

static void write_meta(struct deflater *d, const struct meta *m)
{
    put_bits(d, m->hlit - 257, 5);
    put_bits(d, m->hdist - 1, 5);
    put_bits(d, m->hclen - 4, 4);
    for (unsigned i = 0; i < m->hclen; i++)
        put_bits(d, m->code.len[meta_order[i]], 3);
    for (unsigned i = 0; i < m->n; i++) {
        unsigned sym = m->item[i] & 0xff;

        put_bits(d, m->code.bits[sym], m->code.len[sym]);
        put_bits(d, m->item[i] >> 8, meta_extra(sym));
    }
}

static void write_stored(struct deflater *d, const uint8_t *p, size_t n, bool last)
{
    do {
        size_t k = SN_MIN(n, (size_t)STORED_MAX);

        put_bits(d, last && k == n, 1);
        put_bits(d, 0, 2);
        align_bits(d);
        put_bits(d, (uint32_t)k, 16);
        put_bits(d, (uint32_t)k ^ 0xffff, 16);
        flush_stage(d);
        sn_buf_add(d->out, p, k);
        p += k;
        n -= k;
    } while (n);
}

static void fixed_codes(struct code *lit, struct code *dist)
{
    memset(lit->len, 8, 144);
    memset(lit->len + 144, 9, 112);
    memset(lit->len + 256, 7, 24);
    memset(lit->len + 280, 8, 8);
    assign_codes(lit, 288);
    memset(dist->len, 5, DISTANCES);
    assign_codes(dist, DISTANCES);
}

/* The gathered tokens, which stand for in[block_start, end), in the shortest of the three forms. */
static void flush_block(struct deflater *d, size_t end, bool last)
{
    uint32_t lit_freq[LITERALS], dist_freq[DISTANCES];
    struct code lit, dist, fixed_lit, fixed_dist;
    struct meta meta;
    uint64_t dynamic, fixed, stored;
    size_t bytes = end - d->block_start;

    count_tokens(d, lit_freq, dist_freq);
    make_code(&lit, lit_freq, LITERALS, MAX_BITS);
    make_code(&dist, dist_freq, DISTANCES, MAX_BITS);
    plan_meta(&meta, &lit, &dist);
    fixed_codes(&fixed_lit, &fixed_dist);
    dynamic = token_bits(lit_freq, dist_freq, &lit, &dist) + 14 + 3 * meta.hclen;
    for (unsigned i = 0; i < meta.n; i++)
        dynamic += meta.code.len[meta.item[i] & 0xff] + meta_extra(meta.item[i] & 0xff);
    fixed = token_bits(lit_freq, dist_freq, &fixed_lit, &fixed_dist);
    stored = 8 * (uint64_t)bytes + 40 * (uint64_t)(bytes / STORED_MAX + 1);
    if (stored <= dynamic && stored <= fixed) {
        write_stored(d, d->in + d->block_start, bytes, last);
    } else {
        bool own = dynamic < fixed;

        put_bits(d, last, 1);
        put_bits(d, own ? 2 : 1, 2);
        if (own)
            write_meta(d, &meta);
        write_tokens(d, own ? &lit : &fixed_lit, own ? &dist : &fixed_dist);
    }
    d->token_count = 0;
    d->block_start = end;
}

/* ---- matching ----------------------------------------------------------------------------- */

/* Of the first min_match bytes from p on; LOAD bytes are there. */
static uint32_t hash(const struct deflater *d, const uint8_t *p)
{
    uint64_t v = sn_le64(p) << d->hash_shift;

    return (uint32_t)(v * 0x9e3779b97f4a7c15u >> (64 - HASH_BITS)); /* Knuth: 2^64 / golden ratio */
}

static void insert(struct deflater *d, size_t at)
{
    uint32_t h;

    if (d->n - at < LOAD)
        return;
    h = hash(d, d->in + at);
    d->prev[at % WINDOW] = d->head[h];
    d->head[h] = (uint32_t)at + 1;
}

/* Length, up to limit, in which p and q agree. */
static unsigned agree(const uint8_t *p, const uint8_t *q, unsigned limit)
{
    unsigned len = 0;

    while (len + LOAD <= limit) {
        uint64_t diff = sn_le64(p + len) ^ sn_le64(q + len);

        if (diff)
            return len + (unsigned)__builtin_ctzll(diff) / 8;
        len += LOAD;
    }
    while (len < limit && q[len] == p[len])
        len++;
    return len;
}

/* Longest earlier match of in[at..] longer than `best`, or 0. `at` is not inserted yet. */
static unsigned find_match(const struct deflater *d, size_t at, unsigned best, unsigned *dist)
{
    const uint8_t *p = d->in + at;
    unsigned limit = (unsigned)SN_MIN(d->n - at, (size_t)MAX_MATCH), found = 0;
    uint32_t cand;

    if (limit < LOAD || best >= limit)
        return 0;
    best = SN_MAX(best, d->min_match - 1u);
    cand = d->head[hash(d, p)];
    for (int tries = CHAIN; cand && at - (cand - 1) <= WINDOW && tries > 0; tries--) {
        const uint8_t *q = d->in + (cand - 1);

        if (q[best] == p[best]) {
            unsigned len = agree(p, q, limit);

            if (len > best) {
                best = found = len;
                *dist = (unsigned)(p - q);
                if (len == limit || len >= GOOD_ENOUGH)
                    break;
            }
        }
        cand = d->prev[(cand - 1) % WINDOW];
    }
    /* a match of three far away costs more than three literals */
    return found == MIN_MATCH && *dist > 4096 ? 0 : found;
}

static void emit(struct deflater *d, uint32_t token, size_t upto)
{
    d->tokens[d->token_count++] = token;
    if (d->token_count == BLOCK_TOKENS)
        flush_block(d, upto, false);
}

static void deflate_all(struct deflater *d)
{
    size_t at = 0;
    unsigned len, dist = 0, next_len = 0, next_dist = 0;
    bool have_next = false; /* next_len/next_dist were found for `at` on the way */

    while (at < d->n) {
        if (have_next) {
            len = next_len;
            dist = next_dist;
        } else {
            len = find_match(d, at, 0, &dist);
        }
        have_next = false;
        insert(d, at);
        if (len && len < GOOD_ENOUGH && at + 1 < d->n) {
            next_len = find_match(d, at + 1, len, &next_dist);
            if (next_len) {
                have_next = true;
                len = 0;
            }
        }
        if (len == 0) {
            emit(d, d->in[at], at + 1);
            at++;
            continue;
        }
        for (unsigned i = 1; i < len; i++)
            insert(d, at + i);
        at += len;
        emit(d, MATCH | (uint32_t)len << 16 | (dist - 1), at);
    }
    flush_block(d, d->n, true);
}

int sn_zlib_deflate_from(const void *in, size_t n, unsigned min_match, struct sn_buf *out,
                         struct sn_error *err)
{
    struct deflater *d;
    uint8_t adler[4];

    if (n >= UINT32_MAX) /* positions are kept in 32 bits */
        return SN_FAIL(err, SN_ELIMIT, "zlib: %zu bytes to compress, at most 2^32 - 2", n);
    d = calloc(1, sizeof *d);
    if (!d)
        return SN_NOMEM(err, "deflate tables");
    d->in = in;
    d->n = n;
    d->min_match = SN_MIN(SN_MAX(min_match, (unsigned)MIN_MATCH), (unsigned)LOAD);
    d->hash_shift = 8 * (LOAD - d->min_match);
    d->out = out;
    for (unsigned s = 0; s < 29; s++) {
        for (unsigned l = length_base[s]; l < length_base[s] + (1u << length_extra[s]); l++)
            d->length_symbol[SN_MIN(l, (unsigned)MAX_MATCH)] = (uint8_t)s;
    }
    put_bits(d, 0x78, 8); /* deflate, 32 KB window */
    put_bits(d, 0x9c, 8); /* default level; makes the two bytes a multiple of 31 */
    deflate_all(d);
    align_bits(d);
    free(d);
    sn_put_be32(adler, sn_adler32(in, n));
    sn_buf_add(out, adler, sizeof adler);
    return out->failed ? SN_NOMEM(err, "compressed data") : SN_OK;
}

int sn_zlib_deflate(const void *in, size_t n, struct sn_buf *out, struct sn_error *err)
{
    return sn_zlib_deflate_from(in, n, MIN_MATCH, out, err);
}
