/*
 * npy.c: NumPy's .npy files. Format: magic, version, header length, a Python dictionary literal
 * with exactly the keys descr, fortran_order and shape, then the raw data (NumPy Enhancement
 * Proposal 1; versions 2.0 and 3.0 widen the length and the header's encoding).
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"

static const struct {
    char kind;
    uint8_t size;
} types[] = {
    [SN_NPY_U1] = { 'u', 1 }, [SN_NPY_I1] = { 'i', 1 }, [SN_NPY_B1] = { 'b', 1 },
    [SN_NPY_U2] = { 'u', 2 }, [SN_NPY_I2] = { 'i', 2 }, [SN_NPY_U4] = { 'u', 4 },
    [SN_NPY_I4] = { 'i', 4 }, [SN_NPY_U8] = { 'u', 8 }, [SN_NPY_I8] = { 'i', 8 },
    [SN_NPY_F2] = { 'f', 2 }, [SN_NPY_F4] = { 'f', 4 }, [SN_NPY_F8] = { 'f', 8 }
};

static bool host_is_big(void)
{
    const uint16_t one = 1;
    uint8_t first;

    memcpy(&first, &one, 1);
    return first == 0;
}

static void swap_bytes(uint8_t *p, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++, p += size) {
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            uint8_t t = p[a];

            p[a] = p[b];
            p[b] = t;
        }
    }
}

void sn_npy_free(struct sn_npy *a)
{
    if (!a)
        return;
    free(a->data);
    memset(a, 0, sizeof *a);
}

/* ---- the header's dictionary ---------------------------------------------------------------- */

struct header {
    struct sn_bytes in; /* pos counts from the file's start */
    struct sn_npy *a;
    bool big, seen_descr, seen_order, seen_shape;
    struct sn_error *err;
};

static int unexpected(struct header *h, const char *expected)
{
    char found[24] = "the header's end";

    if (sn_left(&h->in)) {
        int c = h->in.data[h->in.pos];

        (void)snprintf(found, sizeof found, c > 32 && c < 127 ? "'%c'" : "byte 0x%02x", c);
    }
    return SN_FAIL(h->err, SN_EFORMAT, "npy: header byte %zu: found %s, expected %s", h->in.pos,
                   found, expected);
}

static void skip_space(struct header *h)
{
    while (sn_left(&h->in) && strchr(" \t\r\n", h->in.data[h->in.pos]) && h->in.data[h->in.pos])
        h->in.pos++;
}

/* Skips white space and one character if it is `c`. */
static bool accept(struct header *h, char c)
{
    skip_space(h);
    if (!sn_left(&h->in) || h->in.data[h->in.pos] != (uint8_t)c)
        return false;
    h->in.pos++;
    return true;
}

static bool accept_word(struct header *h, const char *word)
{
    size_t n = strlen(word);

    skip_space(h);
    if (sn_left(&h->in) < n || memcmp(h->in.data + h->in.pos, word, n) != 0)
        return false;
    h->in.pos += n;
    return true;
}

/* A quoted string without escapes into buf. */
static int quoted(struct header *h, char *buf, size_t room, const char *expected)
{
    size_t n = 0;
    char quote;

    skip_space(h);
    if (!sn_left(&h->in) || (h->in.data[h->in.pos] != '\'' && h->in.data[h->in.pos] != '"'))
        return unexpected(h, expected);
    quote = (char)h->in.data[h->in.pos++];
    while (sn_left(&h->in) && h->in.data[h->in.pos] != (uint8_t)quote) {
        if (n + 1 >= room || h->in.data[h->in.pos] == '\\')
            return unexpected(h, expected);
        buf[n++] = (char)h->in.data[h->in.pos++];
    }
    if (!sn_left(&h->in))
        return unexpected(h, "a closing quote");
    h->in.pos++;
    buf[n] = '\0';
    return SN_OK;
}

static int read_descr(struct header *h)
{
    char text[24];
    const char *t = text;
    size_t at;

    skip_space(h);
    at = h->in.pos;
    if (sn_left(&h->in) && h->in.data[at] == '[')
        return SN_FAIL(h->err, SN_EUNSUPPORTED,
                       "npy: structured arrays are not read (header byte %zu)", at);
    SN_TRY(quoted(h, text, sizeof text, "a type such as '<f4'"));
    h->big = *t == '>' || (*t == '=' && host_is_big());
    if (*t && strchr("<>=|", *t))
        t++;
    for (size_t i = 0; i < SN_COUNT(types); i++) {
        if (t[0] == types[i].kind && t[1] == '0' + types[i].size && t[2] == '\0') {
            h->a->type = (enum sn_npy_type)i;
            h->seen_descr = true;
            return SN_OK;
        }
    }
    return SN_FAIL(h->err, SN_EUNSUPPORTED,
                   "npy: type at header byte %zu is none of b1, u1 to u8, i1 to i8, f2, f4, f8", at);
}

static int read_order(struct header *h)
{
    h->seen_order = true;
    if (accept_word(h, "False"))
        return SN_OK;
    if (accept_word(h, "True"))
        return SN_FAIL(h->err, SN_EUNSUPPORTED,
                       "npy: the array is stored in Fortran order, C order expected");
    return unexpected(h, "True or False");
}

static int read_dimension(struct header *h, size_t *value)
{
    size_t v = 0;
    int digits = 0;

    skip_space(h);
    while (sn_left(&h->in) && h->in.data[h->in.pos] >= '0' && h->in.data[h->in.pos] <= '9') {
        SN_TRY(sn_size_mul(&v, v, 10, h->err));
        SN_TRY(sn_size_add(&v, v, (size_t)(h->in.data[h->in.pos++] - '0'), h->err));
        digits++;
    }
    if (digits == 0)
        return unexpected(h, "a dimension");
    accept(h, 'L'); /* written by Python 2 */
    *value = v;
    return SN_OK;
}

static int read_shape(struct header *h)
{
    struct sn_npy *a = h->a;
    bool comma = true;

    h->seen_shape = true;
    if (!accept(h, '('))
        return unexpected(h, "a shape such as (3, 4)");
    while (!accept(h, ')')) {
        if (!comma)
            return unexpected(h, "',' or ')'");
        if (a->ndim == SN_NPY_MAX_DIMS)
            return SN_FAIL(h->err, SN_ELIMIT, "npy: more than %d dimensions", SN_NPY_MAX_DIMS);
        SN_TRY(read_dimension(h, &a->shape[a->ndim++]));
        comma = accept(h, ',');
    }
    if (a->ndim == 1 && !comma)
        return unexpected(h, "',' after the one dimension");
    return SN_OK;
}

static int read_entry(struct header *h)
{
    char key[24];
    size_t at;

    skip_space(h);
    at = h->in.pos;
    SN_TRY(quoted(h, key, sizeof key, "a key"));
    if (!accept(h, ':'))
        return unexpected(h, "':'");
    if (strcmp(key, "descr") == 0 && !h->seen_descr)
        return read_descr(h);
    if (strcmp(key, "fortran_order") == 0 && !h->seen_order)
        return read_order(h);
    if (strcmp(key, "shape") == 0 && !h->seen_shape)
        return read_shape(h);
    return SN_FAIL(h->err, SN_EFORMAT,
                   "npy: key at header byte %zu is unknown or doubled, expected descr, "
                   "fortran_order and shape once each",
                   at);
}

static int read_header(struct header *h)
{
    bool comma = true;

    if (!accept(h, '{'))
        return unexpected(h, "'{'");
    while (!accept(h, '}')) {
        if (!comma)
            return unexpected(h, "',' or '}'");
        SN_TRY(read_entry(h));
        comma = accept(h, ',');
    }
    skip_space(h);
    if (sn_left(&h->in))
        return unexpected(h, "nothing but spaces");
    if (!h->seen_descr || !h->seen_order || !h->seen_shape)
        return SN_FAIL(h->err, SN_EFORMAT, "npy: header lacks one of descr, fortran_order, shape");
    return SN_OK;
}

/* ---- the file ----------------------------------------------------------------------------- */

/* Checks magic and version; the dictionary is then data[*begin, *end). */
static int find_header(const uint8_t *p, size_t size, size_t *begin, size_t *end,
                       struct sn_error *err)
{
    size_t len;

    if (size < 10 || memcmp(p, "\x93NUMPY", 6) != 0)
        return SN_FAIL(err, SN_EFORMAT, "npy: no NumPy magic at byte 0 (file of %zu bytes)", size);
    if (p[6] < 1 || p[6] > 3 || p[7] != 0)
        return SN_FAIL(err, SN_EUNSUPPORTED, "npy: version %u.%u, expected 1.0, 2.0 or 3.0", p[6],
                       p[7]);
    *begin = p[6] == 1 ? 10 : 12;
    if (size < *begin)
        return SN_FAIL(err, SN_EFORMAT, "npy: file ends in its %zu byte preamble", *begin);
    len = p[6] == 1 ? sn_le16(p + 8) : sn_le32(p + 8);
    if (len > size - *begin)
        return SN_FAIL(err, SN_EFORMAT, "npy: header of %zu bytes, %zu remain", len, size - *begin);
    *end = *begin + len;
    return SN_OK;
}

int sn_npy_decode(const void *data, size_t size, struct sn_npy *a, struct sn_error *err)
{
    struct header h;
    size_t begin = 0, end = 0, bytes, width;

    memset(a, 0, sizeof *a);
    SN_TRY(find_header(data, size, &begin, &end, err));
    memset(&h, 0, sizeof h);
    h.in.data = data;
    h.in.size = end;
    h.in.pos = begin;
    h.a = a;
    h.err = err;
    SN_TRY(read_header(&h));
    a->count = 1;
    for (int i = 0; i < a->ndim; i++)
        SN_TRY(sn_size_mul(&a->count, a->count, a->shape[i], err));
    width = types[a->type].size;
    SN_TRY(sn_size_mul(&bytes, a->count, width, err));
    if (bytes != size - end)
        return SN_FAIL(err, SN_EFORMAT, "npy: %zu elements of %zu bytes need %zu bytes, %zu follow "
                       "the header", a->count, width, bytes, size - end);
    a->data = malloc(bytes ? bytes : 1);
    if (!a->data)
        return SN_NOMEM(err, "array");
    if (bytes)
        memcpy(a->data, (const uint8_t *)data + end, bytes);
    if (width > 1 && h.big != host_is_big())
        swap_bytes(a->data, a->count, width);
    return SN_OK;
}

int sn_npy_read(const char *path, struct sn_npy *a, struct sn_error *err)
{
    struct sn_map map;
    int rc;

    memset(a, 0, sizeof *a);
    SN_TRY(sn_map_file(path, &map, err));
    rc = sn_npy_decode(map.data, map.size, a, err);
    sn_map_close(&map);
    return rc ? sn_fail_context(err, rc, "%s", path) : SN_OK;
}

/* Preamble and dictionary as NumPy writes them: padded with spaces so that data start at 64 k. */
static int make_header(struct sn_buf *b, enum sn_npy_type type, int ndim, const size_t *shape,
                       struct sn_error *err)
{
    size_t len;

    sn_buf_add(b, "\x93NUMPY\1\0\0\0", 10);
    sn_buf_printf(b, "{'descr': '%c%c%u', 'fortran_order': False, 'shape': (",
                  types[type].size == 1 ? '|' : '<', types[type].kind, types[type].size);
    for (int i = 0; i < ndim; i++)
        sn_buf_printf(b, "%s%zu", i ? ", " : "", shape[i]);
    sn_buf_puts(b, ndim == 1 ? ",), }" : "), }");
    while (!b->failed && b->len % 64 != 63)
        sn_buf_puts(b, " ");
    sn_buf_puts(b, "\n");
    if (b->failed)
        return SN_NOMEM(err, "array header");
    len = b->len - 10; /* eight dimensions of 20 digits: far below 65536 */
    b->data[8] = (char)(len & 0xff);
    b->data[9] = (char)(len >> 8);
    return SN_OK;
}

/* Little endian whatever the host; swapped piece by piece so that `data` stays as it is. */
static void write_data(struct sn_out *out, const uint8_t *p, size_t count, size_t width)
{
    uint8_t piece[4096];

    if (width == 1 || !host_is_big()) {
        sn_out_write(out, p, count * width);
        return;
    }
    while (count) {
        size_t n = SN_MIN(count, sizeof piece / width);

        memcpy(piece, p, n * width);
        swap_bytes(piece, n, width);
        sn_out_write(out, piece, n * width);
        p += n * width;
        count -= n;
    }
}

int sn_npy_write(const char *path, enum sn_npy_type type, int ndim, const size_t *shape,
                 const void *data, struct sn_error *err)
{
    struct sn_buf head = { 0 };
    struct sn_out *out;
    size_t count = 1, bytes;
    int rc;

    if ((unsigned)type >= SN_COUNT(types) || ndim < 0 || ndim > SN_NPY_MAX_DIMS)
        return SN_FAIL(err, SN_EINVAL, "npy: cannot write type %d with %d dimensions", (int)type,
                       ndim);
    for (int i = 0; i < ndim; i++)
        SN_TRY(sn_size_mul(&count, count, shape[i], err));
    SN_TRY(sn_size_mul(&bytes, count, types[type].size, err));
    SN_TRY_OUT(make_header(&head, type, ndim, shape, err));
    SN_TRY_OUT(sn_out_open(&out, path, err));
    sn_out_write(out, head.data, head.len);
    if (bytes)
        write_data(out, data, count, types[type].size);
    rc = sn_out_commit(out, err);
out:
    sn_buf_free(&head);
    return rc;
}
