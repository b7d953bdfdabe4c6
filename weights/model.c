/*
 * model.c: a model in memory: sorted metadata, tensors in order of addition, an index by name.
 *
 * Tables live in the model's arena and double when full; the old halves stay behind until the
 * model is closed, which costs at most the table's own size again and keeps closing trivial.
 */
#include "weights/snw.h"

#include <stdlib.h>

const char *sn_dtype_name(enum sn_dtype t)
{
    switch (t) {
    case SN_F32: return "f32";
    case SN_F16: return "f16";
    case SN_BF16: return "bf16";
    case SN_SHAPE: return "shape";
    }
    return "unknown";
}

size_t sn_dtype_size(enum sn_dtype t)
{
    switch (t) {
    case SN_F32: return 4;
    case SN_F16:
    case SN_BF16: return 2;
    case SN_SHAPE: return 0;
    }
    return 0;
}

void sn_model_init(struct sn_model *m)
{
    memset(m, 0, sizeof *m);
    sn_arena_init(&m->arena, 0);
}

void sn_model_close(struct sn_model *m)
{
    sn_arena_free(&m->arena);
    sn_map_close(&m->map);
    sn_model_init(m);
}

/* ---- what a name may be ------------------------------------------------------------------ */

/* Length of the well-formed UTF-8 sequence at s (Unicode 15, table 3-7), 0 when there is none. */
static size_t utf8_length(const uint8_t *s, size_t n)
{
    size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3
               : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    /* overlong forms, surrogates, above U+10FFFF */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

/* Control characters would let a file rewrite the terminal of whoever inspects it. */
static const char *text_problem(const char *s, size_t n, bool newlines)
{
    for (size_t i = 0; i < n;) {
        const uint8_t *p = (const uint8_t *)s + i;
        size_t len = utf8_length(p, n - i);

        if (len == 0)
            return "is not UTF-8";
        if ((p[0] < 0x20 && !(newlines && (p[0] == '\n' || p[0] == '\t'))) || p[0] == 0x7f ||
            (p[0] == 0xc2 && p[1] < 0xa0))
            return "has a control character";
        i += len;
    }
    return NULL;
}

const char *snw_key_problem(const char *s, size_t n)
{
    if (n == 0)
        return "is empty";
    if (n > SNW_MAX_KEY)
        return "is longer than 255 bytes";
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x21 || s[i] > 0x7e || s[i] == '=')
            return "has a character other than printable ASCII without space and '='";
    return NULL;
}

const char *snw_value_problem(const char *s, size_t n)
{
    return n > SNW_MAX_VALUE ? "is longer than 1048576 bytes" : text_problem(s, n, true);
}

const char *snw_name_problem(const char *s, size_t n)
{
    if (n == 0)
        return "is empty";
    return n > SNW_MAX_NAME ? "is longer than 1023 bytes" : text_problem(s, n, false);
}

int snw_shape_size(enum sn_dtype dtype, int rank, const uint64_t *shape, size_t *count, size_t *bytes,
                   struct sn_error *err)
{
    size_t n = 1;

    if (rank < 0 || rank > SN_TENSOR_MAX_RANK)
        return SN_FAIL(err, SN_EUNSUPPORTED, "tensor of rank %d, at most %d are supported", rank,
                       SN_TENSOR_MAX_RANK);
    for (int i = 0; i < rank; i++) {
        if (shape[i] > SIZE_MAX)
            return SN_FAIL(err, SN_ELIMIT, "tensor dimension %d does not fit this machine", i);
        SN_TRY(sn_size_mul(&n, n, (size_t)shape[i], err));
    }
    SN_TRY(sn_size_mul(bytes, n, sn_dtype_size(dtype), err));
    *count = n;
    return SN_OK;
}

/* ---- tables ------------------------------------------------------------------------------ */

int snw_reserve_tensor(struct sn_model *m, struct sn_error *err)
{
    size_t cap = m->cap_tensors;
    void *tensors = m->tensors, *index = m->index;

    if (m->n_tensors >= SNW_MAX_TENSORS)
        return SN_FAIL(err, SN_ELIMIT, "more than %u tensors", SNW_MAX_TENSORS);
    SN_TRY(sn_arena_grow(&m->arena, &index, m->n_tensors, &cap, sizeof *m->index, err));
    m->index = index;
    SN_TRY(sn_arena_grow(&m->arena, &tensors, m->n_tensors, &m->cap_tensors, sizeof *m->tensors, err));
    m->tensors = tensors;
    return SN_OK;
}

/* First position in the sorted index whose name is not below `name`. */
static size_t index_lower(const struct sn_model *m, size_t n, const char *name)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(m->tensors[m->index[mid]].name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

int snw_index_last(struct sn_model *m, struct sn_error *err)
{
    size_t n = m->n_tensors - 1; /* entries in the index so far */
    const char *name = m->tensors[n].name;
    size_t at = index_lower(m, n, name);

    if (at < n && strcmp(m->tensors[m->index[at]].name, name) == 0)
        return SN_FAIL(err, SN_EFORMAT, "tensor name \"%s\" occurs twice", name);
    memmove(m->index + at + 1, m->index + at, (n - at) * sizeof *m->index);
    m->index[at] = (uint32_t)n;
    return SN_OK;
}

const struct sn_tensor *sn_model_find(const struct sn_model *m, const char *name)
{
    size_t at = index_lower(m, m->n_tensors, name);

    if (at == m->n_tensors || strcmp(m->tensors[m->index[at]].name, name) != 0)
        return NULL;
    return &m->tensors[m->index[at]];
}

static size_t meta_lower(const struct sn_model *m, const char *key)
{
    size_t lo = 0, hi = m->n_meta;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(m->meta[mid].key, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const char *sn_model_meta(const struct sn_model *m, const char *key)
{
    size_t at = meta_lower(m, key);

    return at < m->n_meta && strcmp(m->meta[at].key, key) == 0 ? m->meta[at].value : NULL;
}

int sn_model_set_meta(struct sn_model *m, const char *key, const char *value, struct sn_error *err)
{
    const char *problem = snw_key_problem(key, strlen(key));
    size_t at = meta_lower(m, key);
    struct sn_meta add;
    void *table = m->meta;

    if (problem)
        return SN_FAIL(err, SN_EINVAL, "metadata key %s", problem);
    problem = snw_value_problem(value, strlen(value));
    if (problem)
        return SN_FAIL(err, SN_EINVAL, "metadata value of \"%s\" %s", key, problem);
    add.value = sn_arena_strdup(&m->arena, value, strlen(value), err);
    if (!add.value)
        return err ? err->code : SN_ENOMEM;
    if (at < m->n_meta && strcmp(m->meta[at].key, key) == 0) {
        m->meta[at].value = add.value;
        return SN_OK;
    }
    if (m->n_meta >= SNW_MAX_META)
        return SN_FAIL(err, SN_ELIMIT, "more than %u metadata entries", SNW_MAX_META);
    add.key = sn_arena_strdup(&m->arena, key, strlen(key), err);
    if (!add.key)
        return err ? err->code : SN_ENOMEM;
    SN_TRY(sn_arena_grow(&m->arena, &table, m->n_meta, &m->cap_meta, sizeof *m->meta, err));
    m->meta = table;
    memmove(m->meta + at + 1, m->meta + at, (m->n_meta - at) * sizeof *m->meta);
    m->meta[at] = add;
    m->n_meta++;
    return SN_OK;
}

int sn_model_add(struct sn_model *m, const char *name, enum sn_dtype dtype, int rank, const uint64_t *shape,
                 const void *data, bool copy, struct sn_error *err)
{
    const char *problem = snw_name_problem(name, strlen(name));
    struct sn_tensor t = { .dtype = dtype, .rank = rank, .data = data };
    int rc;

    if (problem)
        return SN_FAIL(err, SN_EFORMAT, "tensor name %s", problem);
    if (sn_dtype_size(dtype) == 0 && dtype != SN_SHAPE)
        return SN_FAIL(err, SN_EINVAL, "tensor \"%s\": unknown dtype %d", name, (int)dtype);
    rc = snw_shape_size(dtype, rank, shape, &t.count, &t.bytes, err);
    if (rc)
        return sn_fail_context(err, rc, "tensor \"%s\"", name);
    if (rank)
        memcpy(t.shape, shape, (size_t)rank * sizeof *shape);
    SN_TRY(snw_reserve_tensor(m, err));
    t.name = sn_arena_strdup(&m->arena, name, strlen(name), err);
    if (!t.name)
        return err ? err->code : SN_ENOMEM;
    if (copy && t.bytes) {
        void *p = sn_arena_get(&m->arena, t.bytes, err);

        if (!p)
            return err ? err->code : SN_ENOMEM;
        memcpy(p, data, t.bytes);
        t.data = p;
    }
    t.crc32c = sn_crc32c(0, t.data, t.bytes);
    m->tensors[m->n_tensors++] = t;
    rc = snw_index_last(m, err);
    if (rc)
        m->n_tensors--;
    return rc;
}

int sn_tensor_verify(const struct sn_tensor *t, struct sn_error *err)
{
    uint32_t crc = sn_crc32c(0, t->data, t->bytes);

    if (crc != t->crc32c)
        return SN_FAIL(err, SN_EFORMAT, "tensor \"%s\": data has CRC-32C %08x, its table entry says %08x",
                       t->name, (unsigned)crc, (unsigned)t->crc32c);
    return SN_OK;
}

/* ---- values ------------------------------------------------------------------------------ */

static float f32_from_bits(uint32_t u)
{
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

/* IEEE 754 binary16: every value, subnormals and NaN payloads included, is exact in binary32. */
float sn_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t exp = (uint32_t)(h >> 10) & 31, frac = h & 0x3ffu;

    if (exp == 31)
        return f32_from_bits(sign | 0x7f800000u | frac << 13);
    if (exp)
        return f32_from_bits(sign | (exp + 112) << 23 | frac << 13); /* bias 15 -> 127 */
    if (frac == 0)
        return f32_from_bits(sign);
    for (exp = 113; !(frac & 0x400); exp--) /* subnormal: normalise */
        frac <<= 1;
    return f32_from_bits(sign | exp << 23 | (frac & 0x3ff) << 13);
}

/* The same, with the common case in line: no exponent of all ones or zeros. */
static inline float widen(uint16_t h)
{
    uint32_t magnitude = h & 0x7fffu;

    if (magnitude - 0x0400u < 0x7800u)
        return f32_from_bits((uint32_t)(h & 0x8000u) << 16 | ((magnitude << 13) + (112u << 23)));
    return sn_f16_to_f32(h);
}

void sn_tensor_to_f32(const struct sn_tensor *t, size_t first, size_t n, float *out)
{
    const uint8_t *p = (const uint8_t *)t->data;

    switch (t->dtype) {
    case SN_F32:
        for (size_t i = 0; i < n; i++)
            out[i] = f32_from_bits(sn_le32(p + (first + i) * 4));
        break;
    case SN_F16:
        for (size_t i = 0; i < n; i++)
            out[i] = widen(sn_le16(p + (first + i) * 2));
        break;
    case SN_BF16: /* the upper half of a binary32 */
        for (size_t i = 0; i < n; i++)
            out[i] = f32_from_bits((uint32_t)sn_le16(p + (first + i) * 2) << 16);
        break;
    case SN_SHAPE:
        for (size_t i = 0; i < n; i++)
            out[i] = f32_from_bits(0x7fc00000u);
        break;
    }
}

void sn_tensor_to_f64(const struct sn_tensor *t, size_t first, size_t n, double *out)
{
    float part[256];

    for (size_t i = 0; i < n; i += SN_COUNT(part)) {
        size_t k = SN_MIN(n - i, SN_COUNT(part));

        sn_tensor_to_f32(t, first + i, k, part);
        for (size_t l = 0; l < k; l++)
            out[i + l] = (double)part[l];
    }
}
