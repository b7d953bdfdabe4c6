/*
 * safetensors.c: u64 header length, JSON header, data. The header has one fixed shape, so it is read
 * by a small strict parser of that shape rather than by a general one:
 *   { "name": { "dtype": "F32", "shape": [..], "data_offsets": [begin, end] }, ...,
 *     "__metadata__": { "key": "value", ... } }
 */
#include "weights/import/import.h"

#include <stdlib.h>

#define MAX_HEADER ((uint64_t)100000000) /* the format's own limit */

#define BAD(p, ...) SN_FAIL((p)->err, SN_EFORMAT, "safetensors: " __VA_ARGS__)

struct parser {
    struct sn_bytes in;     /* the header; pos counts from the start of the file */
    struct found_list *list;
    struct range *ranges;   /* of the tensors, in list order */
    size_t cap;
    struct sn_error *err;
};

struct range {
    uint64_t begin, end;
};

/* ---- JSON --------------------------------------------------------------------------------- */

static void skip_space(struct parser *p)
{
    while (sn_left(&p->in) && memchr(" \t\r\n", p->in.data[p->in.pos], 4))
        p->in.pos++;
}

static int expect(struct parser *p, char c)
{
    skip_space(p);
    if (!sn_left(&p->in) || p->in.data[p->in.pos] != (uint8_t)c)
        return BAD(p, "expected '%c' at byte %zu", c, p->in.pos);
    p->in.pos++;
    return SN_OK;
}

/* After an item: true at a comma, false at `close`. */
static int another(struct parser *p, char close, bool *more)
{
    skip_space(p);
    *more = sn_left(&p->in) && p->in.data[p->in.pos] == ',';
    if (!*more)
        return expect(p, close);
    p->in.pos++;
    return SN_OK;
}

/* Whether the next character is `c`, which is then consumed: an empty list or object. */
static bool accept(struct parser *p, char c)
{
    skip_space(p);
    if (!sn_left(&p->in) || p->in.data[p->in.pos] != (uint8_t)c)
        return false;
    p->in.pos++;
    return true;
}

static int hex4(struct parser *p, uint32_t *v)
{
    *v = 0;
    if (sn_left(&p->in) < 4)
        return BAD(p, "\\u escape at byte %zu is cut off", p->in.pos);
    for (int i = 0; i < 4; i++) {
        uint8_t c = p->in.data[p->in.pos++];
        uint32_t d = c >= '0' && c <= '9' ? c - (uint32_t)'0' : c >= 'a' && c <= 'f' ? c - 'a' + 10u
                   : c >= 'A' && c <= 'F' ? c - 'A' + 10u : 16u;

        if (d > 15)
            return BAD(p, "'%c' at byte %zu is no hexadecimal digit", c, p->in.pos - 1);
        *v = *v << 4 | d;
    }
    return SN_OK;
}

static size_t put_utf8(char *s, uint32_t c)
{
    if (c < 0x80) {
        s[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        s[0] = (char)(0xc0 | c >> 6);
        s[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        s[0] = (char)(0xe0 | c >> 12);
        s[1] = (char)(0x80 | (c >> 6 & 63));
        s[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    s[0] = (char)(0xf0 | c >> 18);
    s[1] = (char)(0x80 | (c >> 12 & 63));
    s[2] = (char)(0x80 | (c >> 6 & 63));
    s[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* After the backslash; *n characters are put at s, at most 4. */
static int escape(struct parser *p, char *s, size_t *n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t c, low;
    uint8_t e = sn_left(&p->in) ? p->in.data[p->in.pos] : 0;
    const char *at = e ? strchr(from, e) : NULL;

    p->in.pos += sn_left(&p->in) != 0;
    if (at) {
        *s = to[at - from];
        *n = 1;
        return SN_OK;
    }
    if (e != 'u')
        return BAD(p, "unknown escape before byte %zu", p->in.pos);
    SN_TRY(hex4(p, &c));
    if (c >= 0xd800 && c < 0xdc00) { /* first half of a surrogate pair */
        if (sn_left(&p->in) < 2 || p->in.data[p->in.pos] != '\\' || p->in.data[p->in.pos + 1] != 'u')
            return BAD(p, "half a surrogate pair before byte %zu", p->in.pos);
        p->in.pos += 2;
        SN_TRY(hex4(p, &low));
        if (low < 0xdc00 || low > 0xdfff)
            return BAD(p, "half a surrogate pair before byte %zu", p->in.pos);
        c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
    }
    if (c == 0 || (c >= 0xdc00 && c < 0xe000))
        return BAD(p, "escaped character before byte %zu is none", p->in.pos);
    *n = put_utf8(s, c);
    return SN_OK;
}

/* A string into s[IMPORT_MAX_PATH + 1]; `s` NULL only skips it, whatever its length. */
static int string(struct parser *p, char *s)
{
    size_t n = 0, start, put;
    char c[4];

    SN_TRY(expect(p, '"'));
    start = p->in.pos;
    for (;;) {
        if (!sn_left(&p->in))
            return BAD(p, "string at byte %zu has no end", start);
        c[0] = (char)p->in.data[p->in.pos++];
        put = 1;
        if (c[0] == '"')
            break;
        if ((uint8_t)c[0] < 0x20)
            return BAD(p, "control character in the string at byte %zu", start);
        if (c[0] == '\\')
            SN_TRY(escape(p, c, &put));
        if (!s)
            continue;
        if (n + put > IMPORT_MAX_PATH)
            return SN_FAIL(p->err, SN_ELIMIT, "safetensors: name at byte %zu is longer than %u bytes", start,
                           IMPORT_MAX_PATH);
        memcpy(s + n, c, put);
        n += put;
    }
    if (s)
        s[n] = '\0';
    return SN_OK;
}

/* A non-negative integer without sign, fraction or exponent. */
static int integer(struct parser *p, uint64_t *v)
{
    size_t start;

    skip_space(p);
    start = p->in.pos;
    for (*v = 0; sn_left(&p->in); p->in.pos++) {
        uint8_t c = p->in.data[p->in.pos];

        if (c < '0' || c > '9')
            break;
        if (*v > (UINT64_MAX - (c - '0')) / 10)
            return BAD(p, "number at byte %zu is too large", start);
        *v = *v * 10 + (c - '0');
    }
    if (p->in.pos == start)
        return BAD(p, "expected a number at byte %zu", start);
    if (p->in.data[start] == '0' && p->in.pos - start > 1)
        return BAD(p, "number at byte %zu has a leading zero", start);
    return SN_OK;
}

/* ---- the header's shape ------------------------------------------------------------------- */

static int read_dtype(struct parser *p, enum src_dtype *t)
{
    static const struct {
        const char *name;
        enum src_dtype t;
    } names[] = {
        { "F64", SRC_F64 }, { "F32", SRC_F32 }, { "F16", SRC_F16 }, { "BF16", SRC_BF16 }, { "I64", SRC_I64 },
        { "I32", SRC_I32 }, { "I16", SRC_I16 }, { "I8", SRC_I8 }, { "U64", SRC_U64 }, { "U32", SRC_U32 },
        { "U16", SRC_U16 }, { "U8", SRC_U8 }, { "BOOL", SRC_BOOL }, { "C64", SRC_C64 },
    };
    char text[IMPORT_MAX_PATH + 1];
    size_t at = p->in.pos;

    SN_TRY(string(p, text));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i].name) == 0) {
            *t = names[i].t;
            return SN_OK;
        }
    return SN_FAIL(p->err, SN_EUNSUPPORTED, "safetensors: dtype \"%.40s\" at byte %zu is none we read", text, at);
}

static int read_shape(struct parser *p, struct found *f)
{
    bool more = true;

    SN_TRY(expect(p, '['));
    if (accept(p, ']'))
        return SN_OK;
    while (more) {
        if (f->rank == SN_TENSOR_MAX_RANK)
            return SN_FAIL(p->err, SN_EUNSUPPORTED, "safetensors: more than %d dimensions at byte %zu",
                           SN_TENSOR_MAX_RANK, p->in.pos);
        SN_TRY(integer(p, &f->shape[f->rank++]));
        SN_TRY(another(p, ']', &more));
    }
    return SN_OK;
}

static int read_offsets(struct parser *p, struct range *r)
{
    SN_TRY(expect(p, '['));
    SN_TRY(integer(p, &r->begin));
    SN_TRY(expect(p, ','));
    SN_TRY(integer(p, &r->end));
    return expect(p, ']');
}

/* C order strides and the count; the range must be exactly as long as the shape says. */
static int finish_tensor(struct parser *p, struct found *f, const struct range *r, size_t at)
{
    size_t bytes;

    f->count = 1;
    for (int i = f->rank; i-- > 0;) {
        f->stride[i] = f->count;
        if (f->shape[i] > SIZE_MAX)
            return SN_FAIL(p->err, SN_ELIMIT, "safetensors: tensor at byte %zu is too large", at);
        SN_TRY(sn_size_mul(&f->count, f->count, (size_t)f->shape[i], p->err));
    }
    SN_TRY(sn_size_mul(&bytes, f->count, src_size(f->dtype), p->err));
    if (r->end < r->begin || r->end - r->begin != bytes)
        return BAD(p, "data_offsets of the tensor at byte %zu span %lld bytes, its shape needs %zu", at,
                   (long long)(r->end - r->begin), bytes);
    return SN_OK;
}

static int read_tensor(struct parser *p, const char *name, size_t at)
{
    struct found f = { .path = name };
    struct range r = { 0, 0 };
    unsigned have = 0;
    bool more = true;
    void *table = p->ranges;

    SN_TRY(expect(p, '{'));
    while (more) {
        char key[IMPORT_MAX_PATH + 1];
        unsigned bit;

        SN_TRY(string(p, key));
        SN_TRY(expect(p, ':'));
        bit = strcmp(key, "dtype") == 0 ? 1 : strcmp(key, "shape") == 0 ? 2 : strcmp(key, "data_offsets") == 0 ? 4 : 0;
        if (!bit || have & bit)
            return BAD(p, "key \"%.40s\" of the tensor at byte %zu is %s", key, at, bit ? "there twice" : "unknown");
        have |= bit;
        SN_TRY(bit == 1 ? read_dtype(p, &f.dtype) : bit == 2 ? read_shape(p, &f) : read_offsets(p, &r));
        SN_TRY(another(p, '}', &more));
    }
    if (have != 7)
        return BAD(p, "tensor at byte %zu lacks dtype, shape or data_offsets", at);
    SN_TRY(finish_tensor(p, &f, &r, at));
    SN_TRY(sn_arena_grow(p->list->arena, &table, p->list->n, &p->cap, sizeof *p->ranges, p->err));
    p->ranges = table;
    p->ranges[p->list->n] = r;
    return found_add(p->list, &f, p->err);
}

static int skip_metadata(struct parser *p)
{
    bool more = true;

    SN_TRY(expect(p, '{'));
    if (accept(p, '}'))
        return SN_OK;
    while (more) {
        SN_TRY(string(p, NULL));
        SN_TRY(expect(p, ':'));
        SN_TRY(string(p, NULL));
        SN_TRY(another(p, '}', &more));
    }
    return SN_OK;
}

static int read_header(struct parser *p)
{
    bool more = true, metadata = false;

    SN_TRY(expect(p, '{'));
    if (accept(p, '}'))
        more = false;
    while (more) {
        char name[IMPORT_MAX_PATH + 1];
        size_t at = p->in.pos;

        SN_TRY(string(p, name));
        SN_TRY(expect(p, ':'));
        if (strcmp(name, "__metadata__") != 0) {
            SN_TRY(read_tensor(p, name, at));
        } else {
            if (metadata)
                return BAD(p, "second __metadata__ at byte %zu", at);
            metadata = true;
            SN_TRY(skip_metadata(p));
        }
        SN_TRY(another(p, '}', &more));
    }
    skip_space(p);
    if (sn_left(&p->in))
        return BAD(p, "%zu bytes after the header's end at byte %zu", sn_left(&p->in), p->in.pos);
    return SN_OK;
}

/* ---- data --------------------------------------------------------------------------------- */

static int by_begin(const void *a, const void *b)
{
    const struct range *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* Points every tensor at its data, then checks that the ranges tile the buffer: no hole, no overlap. */
static int place(struct parser *p, const uint8_t *data, uint64_t size)
{
    uint64_t at = 0;

    for (size_t i = 0; i < p->list->n; i++) {
        if (p->ranges[i].end > size)
            return BAD(p, "tensor \"%s\" ends at byte %llu of %llu data bytes", p->list->v[i].path,
                       (unsigned long long)p->ranges[i].end, (unsigned long long)size);
        if (p->list->v[i].count)
            p->list->v[i].data = data + p->ranges[i].begin;
    }
    if (p->list->n)
        qsort(p->ranges, p->list->n, sizeof *p->ranges, by_begin);
    for (size_t i = 0; i < p->list->n; i++) {
        if (p->ranges[i].begin != at)
            return BAD(p, "data bytes %llu and %llu: tensors overlap or leave a hole", (unsigned long long)at,
                       (unsigned long long)p->ranges[i].begin);
        at = p->ranges[i].end;
    }
    if (at != size)
        return BAD(p, "%llu bytes of data, the tensors describe %llu", (unsigned long long)size,
                   (unsigned long long)at);
    return SN_OK;
}

int import_safetensors(const uint8_t *data, size_t size, struct found_list *l, struct sn_error *err)
{
    struct parser p = { .list = l, .err = err };
    uint64_t header;

    if (size < 8)
        return BAD(&p, "file of %zu bytes", size);
    header = sn_le64(data);
    if (header > MAX_HEADER || header > size - 8)
        return BAD(&p, "header of %llu bytes in a file of %zu", (unsigned long long)header, size);
    p.in = (struct sn_bytes){ data, 8 + (size_t)header, 8 };
    SN_TRY(read_header(&p));
    return place(&p, data + 8 + header, size - 8 - header);
}
