/*
 * json_read.c: strict RFC 8259 into a tree that lives in one arena. Recursive descent; the depth
 * is bounded, so the stack is too.
 */
#include "io/io.h"
#include "io/utf8.h"

#include <stdlib.h>

#define MAX_DEPTH 64
/* Our own files are a few megabytes at most; a value costs up to 40 times its text in memory. */
#define MAX_BYTES ((size_t)64 << 20)

struct parser {
    struct sn_bytes in;
    struct sn_arena *arena;
    struct sn_error *err;
};

static int peek(const struct parser *p)
{
    return p->in.pos < p->in.size ? p->in.data[p->in.pos] : -1;
}

static int skip_blanks(struct parser *p)
{
    int c;

    while ((c = peek(p)) == ' ' || c == '\n' || c == '\t' || c == '\r')
        p->in.pos++;
    return c;
}

static int expected(const struct parser *p, const char *what)
{
    char found[16] = "the end";
    int c = peek(p);

    if (c > ' ' && c < 127)
        memcpy(found, (char[]){ '\'', (char)c, '\'', 0 }, 4);
    else if (c >= 0)
        memcpy(found, (char[]){ 'b', 'y', 't', 'e', ' ', '0', 'x', "0123456789abcdef"[c >> 4],
                                "0123456789abcdef"[c & 15], 0 }, 10);
    return SN_FAIL(p->err, SN_EFORMAT, "json: byte %zu: %s, expected %s", p->in.pos, found, what);
}

static int no_memory(const struct parser *p)
{
    return p->err ? p->err->code : SN_ENOMEM;
}

/* Four hex digits at pos. */
static int read_hex4(struct parser *p, uint32_t *v)
{
    *v = 0;
    for (int i = 0; i < 4; i++, p->in.pos++) {
        int c = peek(p);
        uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                            : 16;

        if (d == 16)
            return expected(p, "a hexadecimal digit");
        *v = *v << 4 | d;
    }
    return SN_OK;
}

/* After the backslash. */
static int read_escape(struct parser *p, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    size_t at = p->in.pos - 1;
    int c = peek(p);
    const char *simple = c > 0 ? strchr(from, c) : NULL;
    uint32_t v, low;

    if (simple) {
        *(*out)++ = to[simple - from];
        p->in.pos++;
        return SN_OK;
    }
    if (c != 'u')
        return expected(p, "one of \"\\/bfnrtu after a backslash");
    p->in.pos++;
    SN_TRY(read_hex4(p, &v));
    if (v >= 0xd800 && v < 0xdc00) {
        if (sn_left(&p->in) < 2 || memcmp(p->in.data + p->in.pos, "\\u", 2) != 0)
            return expected(p, "the second half of a surrogate pair");
        p->in.pos += 2;
        SN_TRY(read_hex4(p, &low));
        if (low < 0xdc00 || low > 0xdfff)
            return SN_FAIL(p->err, SN_EFORMAT, "json: byte %zu: broken surrogate pair", at);
        v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
    } else if (v == 0 || (v >= 0xdc00 && v <= 0xdfff)) {
        return SN_FAIL(p->err, SN_EFORMAT, "json: byte %zu: \\u%04x is not allowed in a string", at,
                       (unsigned)v);
    }
    *out += sn_utf8_put(v, *out);
    return SN_OK;
}

/* Bytes from the opening quote to the closing one, an upper bound of the decoded length. */
static size_t string_span(const struct parser *p)
{
    size_t i = p->in.pos + 1;

    while (i < p->in.size && p->in.data[i] != '"')
        i += p->in.data[i] == '\\' ? 2 : 1;
    return SN_MIN(i, p->in.size) - p->in.pos;
}

static int read_string(struct parser *p, const char **s)
{
    char *out;

    if (peek(p) != '"')
        return expected(p, "a string");
    out = sn_arena_get(p->arena, string_span(p) + 1, p->err);
    if (!out)
        return no_memory(p);
    *s = out;
    p->in.pos++;
    for (;;) {
        int c = peek(p);
        size_t n;

        if (c == '"')
            break;
        if (c < 0x20) /* the end too */
            return expected(p, "a closing quote; control characters are written \\u00XX");
        if (c == '\\') {
            p->in.pos++;
            SN_TRY(read_escape(p, &out));
            continue;
        }
        n = sn_utf8_length(p->in.data + p->in.pos, sn_left(&p->in));
        if (n == 0)
            return expected(p, "well-formed UTF-8");
        memcpy(out, p->in.data + p->in.pos, n);
        out += n;
        p->in.pos += n;
    }
    p->in.pos++;
    *out = '\0';
    return SN_OK;
}

static void skip_digits(struct parser *p)
{
    while (peek(p) >= '0' && peek(p) <= '9')
        p->in.pos++;
}

static int read_number(struct parser *p, double *v)
{
    size_t start = p->in.pos, mark;

    if (peek(p) == '-')
        p->in.pos++;
    mark = p->in.pos;
    skip_digits(p);
    if (p->in.pos == mark)
        return expected(p, "a digit");
    if (p->in.data[mark] == '0' && p->in.pos > mark + 1)
        return SN_FAIL(p->err, SN_EFORMAT, "json: byte %zu: a number with a leading zero", mark);
    if (peek(p) == '.') {
        mark = ++p->in.pos;
        skip_digits(p);
        if (p->in.pos == mark)
            return expected(p, "a digit after the point");
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        p->in.pos++;
        if (peek(p) == '+' || peek(p) == '-')
            p->in.pos++;
        mark = p->in.pos;
        skip_digits(p);
        if (p->in.pos == mark)
            return expected(p, "a digit of the exponent");
    }
    if (!sn_parse_double_n((const char *)p->in.data + start, p->in.pos - start, v))
        return SN_FAIL(p->err, SN_EFORMAT, "json: byte %zu: the number is too large for a double",
                       start);
    return SN_OK;
}

static int read_word(struct parser *p, const char *word)
{
    size_t n = strlen(word);

    if (sn_left(&p->in) < n || memcmp(p->in.data + p->in.pos, word, n) != 0)
        return expected(p, "a value");
    p->in.pos += n;
    return SN_OK;
}

static int by_key(const void *a, const void *b)
{
    const struct sn_json_value *const *x = a, *const *y = b;

    return strcmp((*x)->key, (*y)->key);
}

/* Sorting keeps this n log n: a hostile object may have a million members. */
static int check_duplicates(const struct parser *p, const struct sn_json_value *object)
{
    const struct sn_json_value **sorted;
    size_t n = 0;
    int rc = SN_OK;

    if (object->count < 2)
        return SN_OK;
    sorted = malloc(object->count * sizeof *sorted); /* count is at most bytes / 4 */
    if (!sorted)
        return SN_NOMEM(p->err, "the keys of a JSON object");
    for (const struct sn_json_value *m = object->first; m; m = m->next)
        sorted[n++] = m;
    qsort(sorted, n, sizeof *sorted, by_key);
    for (size_t i = 1; i < n && !rc; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            rc = SN_FAIL(p->err, SN_EFORMAT,
                         "json: key \"%.60s\" occurs twice in the object that ends at byte %zu",
                         sorted[i]->key, p->in.pos);
    free(sorted);
    return rc;
}

static int read_value(struct parser *p, struct sn_json_value *v, int depth);

/* After the opening bracket: elements, or members, up to and past the closing one. */
static int read_group(struct parser *p, struct sn_json_value *group, int close, int depth)
{
    struct sn_json_value **tail = &group->first;
    bool object = close == '}';

    if (depth == MAX_DEPTH)
        return SN_FAIL(p->err, SN_EFORMAT, "json: byte %zu: nested deeper than %d levels",
                       p->in.pos, MAX_DEPTH);
    p->in.pos++;
    if (skip_blanks(p) == close) {
        p->in.pos++;
        return SN_OK;
    }
    for (;;) {
        struct sn_json_value *child = sn_arena_get(p->arena, sizeof *child, p->err);

        if (!child)
            return no_memory(p);
        skip_blanks(p);
        if (object) {
            SN_TRY(read_string(p, &child->key));
            if (skip_blanks(p) != ':')
                return expected(p, "':' after a key");
            p->in.pos++;
        }
        SN_TRY(read_value(p, child, depth + 1));
        *tail = child;
        tail = &child->next;
        group->count++;
        if (skip_blanks(p) == close)
            break;
        if (peek(p) != ',')
            return expected(p, object ? "',' or '}'" : "',' or ']'");
        p->in.pos++;
    }
    p->in.pos++;
    return object ? check_duplicates(p, group) : SN_OK;
}

static int read_value(struct parser *p, struct sn_json_value *v, int depth)
{
    int c = skip_blanks(p);

    switch (c) {
    case '{':
    case '[':
        v->type = c == '{' ? SN_JSON_OBJECT : SN_JSON_ARRAY;
        return read_group(p, v, c == '{' ? '}' : ']', depth);
    case '"':
        v->type = SN_JSON_STRING;
        return read_string(p, &v->string);
    case 't':
    case 'f':
        v->type = SN_JSON_BOOL;
        v->boolean = c == 't';
        return read_word(p, c == 't' ? "true" : "false");
    case 'n':
        v->type = SN_JSON_NULL;
        return read_word(p, "null");
    default:
        if (c != '-' && (c < '0' || c > '9'))
            return expected(p, "a value");
        v->type = SN_JSON_NUMBER;
        return read_number(p, &v->number);
    }
}

int sn_json_parse(const void *data, size_t size, struct sn_json_doc *doc, struct sn_error *err)
{
    struct parser p = { .in = { data, size, 0 }, .arena = &doc->arena, .err = err };
    int rc;

    memset(doc, 0, sizeof *doc);
    sn_arena_init(&doc->arena, 0);
    if (size > MAX_BYTES)
        return SN_FAIL(err, SN_ELIMIT, "json: %zu bytes; at most %zu are read", size, MAX_BYTES);
    doc->root = sn_arena_get(&doc->arena, sizeof *doc->root, err);
    if (!doc->root)
        return no_memory(&p);
    SN_TRY_OUT(read_value(&p, doc->root, 0));
    if (skip_blanks(&p) >= 0)
        rc = expected(&p, "the end after the value");
out:
    if (rc)
        sn_json_doc_free(doc);
    return rc;
}

int sn_json_read(const char *path, struct sn_json_doc *doc, struct sn_error *err)
{
    struct sn_map map = { 0 };
    int rc;

    memset(doc, 0, sizeof *doc);
    SN_TRY(sn_map_file(path, &map, err));
    rc = sn_json_parse(map.data, map.size, doc, err);
    sn_map_close(&map);
    return rc ? sn_fail_context(err, rc, "%s", path) : SN_OK;
}

void sn_json_doc_free(struct sn_json_doc *doc)
{
    sn_arena_free(&doc->arena);
    doc->root = NULL;
}

const struct sn_json_value *sn_json_get(const struct sn_json_value *object, const char *key)
{
    if (!object || object->type != SN_JSON_OBJECT)
        return NULL;
    for (const struct sn_json_value *m = object->first; m; m = m->next)
        if (strcmp(m->key, key) == 0)
            return m;
    return NULL;
}
