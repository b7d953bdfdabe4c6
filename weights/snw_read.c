/*
 * snw_read.c: strict reader of .snw version 1 (FORMAT.md). A file is either exactly what the writer
 * would have made or it is refused with the position of the first byte that differs. Names and
 * values are used where they lie: the format ends each with a zero byte.
 */
#include "weights/snw.h"

#define BAD(err, ...) SN_FAIL((err), SN_EFORMAT, "snw: " __VA_ARGS__)

static int check_zero(const uint8_t *data, size_t from, size_t to, struct sn_error *err)
{
    for (size_t i = from; i < to; i++)
        if (data[i])
            return BAD(err, "padding byte %zu is %u, expected 0", i, data[i]);
    return SN_OK;
}

static int read_header(const uint8_t *p, size_t size, struct snw_header *h, struct sn_error *err)
{
    static const char magic[] = SNW_MAGIC;
    uint32_t crc;

    for (size_t i = 0; i < 8; i++)
        if (i >= size || p[i] != (uint8_t)magic[i])
            return BAD(err, "not an .snw file (magic differs at byte %zu)", i);
    if (size < SNW_HEADER + SNW_DIGEST)
        return BAD(err, "file ends at byte %zu, inside the header", size);
    if (sn_le32(p + 8) != SNW_VERSION)
        return SN_FAIL(err, SN_EUNSUPPORTED, "snw: version %u at byte 8, this program reads version %u",
                       (unsigned)sn_le32(p + 8), SNW_VERSION);
    crc = sn_crc32c(0, p, 60);
    if (sn_le32(p + 60) != crc)
        return BAD(err, "header has CRC-32C %08x, byte 60 says %08x", (unsigned)crc, (unsigned)sn_le32(p + 60));
    *h = (struct snw_header){
        .file_size = sn_le64(p + 16), .n_meta = sn_le32(p + 24), .n_tensors = sn_le32(p + 28),
        .meta_at = sn_le64(p + 32), .table_at = sn_le64(p + 40), .data_at = sn_le64(p + 48),
        .body_crc = sn_le32(p + 56),
    };
    if (sn_le32(p + 12) != SNW_HEADER)
        return BAD(err, "header size %u at byte 12, expected 64", (unsigned)sn_le32(p + 12));
    if (h->file_size != size)
        return BAD(err, "file has %zu bytes, byte 16 says %llu", size, (unsigned long long)h->file_size);
    if (h->n_meta > SNW_MAX_META)
        return BAD(err, "%u metadata entries at byte 24, at most %u", (unsigned)h->n_meta, SNW_MAX_META);
    if (h->n_tensors > SNW_MAX_TENSORS)
        return BAD(err, "%u tensors at byte 28, at most %u", (unsigned)h->n_tensors, SNW_MAX_TENSORS);
    if (h->meta_at != SNW_HEADER)
        return BAD(err, "metadata offset %llu at byte 32, expected 64", (unsigned long long)h->meta_at);
    if (h->data_at > size - SNW_DIGEST || h->data_at < SNW_HEADER || h->data_at % SNW_ALIGN)
        return BAD(err, "data offset %llu at byte 48 is outside the file or no multiple of 64",
                   (unsigned long long)h->data_at);
    if (h->table_at > h->data_at || h->table_at < SNW_HEADER || h->table_at % SNW_TABLE_ALIGN)
        return BAD(err, "table offset %llu at byte 40 is outside the body or no multiple of 8",
                   (unsigned long long)h->table_at);
    crc = sn_crc32c(0, p + SNW_HEADER, (size_t)h->data_at - SNW_HEADER);
    if (h->body_crc != crc)
        return BAD(err, "metadata and table have CRC-32C %08x, byte 56 says %08x", (unsigned)crc,
                   (unsigned)h->body_crc);
    return SN_OK;
}

/* A string of n bytes and its zero at b->pos. */
static int read_string(struct sn_bytes *b, size_t n, const char *what, const char **s, struct sn_error *err)
{
    if (sn_left(b) < n || sn_left(b) - n < 1)
        return BAD(err, "%s of %zu bytes at byte %zu does not fit, %zu remain", what, n, b->pos, sn_left(b));
    if (b->data[b->pos + n])
        return BAD(err, "%s at byte %zu is not followed by a zero at byte %zu", what, b->pos, b->pos + n);
    *s = (const char *)b->data + b->pos;
    b->pos += n + 1;
    return SN_OK;
}

static int read_meta(struct sn_model *m, struct sn_bytes *b, struct sn_error *err)
{
    size_t at = b->pos, key, value;
    struct sn_meta e;
    const char *problem;

    if (sn_left(b) < SNW_META_FIXED)
        return BAD(err, "metadata entry at byte %zu does not fit, %zu bytes remain", at, sn_left(b));
    key = sn_le32(b->data + at);
    value = sn_le32(b->data + at + 4);
    b->pos += SNW_META_FIXED;
    SN_TRY(read_string(b, key, "metadata key", &e.key, err));
    problem = snw_key_problem(e.key, key);
    if (problem)
        return BAD(err, "metadata key at byte %zu %s", at, problem);
    SN_TRY(read_string(b, value, "metadata value", &e.value, err));
    problem = snw_value_problem(e.value, value);
    if (problem)
        return BAD(err, "metadata value of \"%s\" at byte %zu %s", e.key, at, problem);
    if (m->n_meta && strcmp(m->meta[m->n_meta - 1].key, e.key) >= 0)
        return BAD(err, "metadata key \"%s\" at byte %zu is not above the one before, \"%s\"", e.key, at,
                   m->meta[m->n_meta - 1].key);
    m->meta[m->n_meta++] = e;
    return SN_OK;
}

/* The fixed part and the shape of one entry, everything but where its data lies. */
static int read_entry(struct sn_tensor *t, struct sn_bytes *b, uint64_t *offset, struct sn_error *err)
{
    size_t at = b->pos, name;
    const uint8_t *p = b->data + at;
    const char *problem;
    uint64_t bytes;
    int rc;

    if (sn_left(b) < SNW_ENTRY_FIXED)
        return BAD(err, "tensor entry at byte %zu does not fit, %zu bytes remain", at, sn_left(b));
    *offset = sn_le64(p);
    bytes = sn_le64(p + 8);
    name = sn_le16(p + 20);
    *t = (struct sn_tensor){ .crc32c = sn_le32(p + 16), .rank = p[23] };
    if (p[22] != SN_F32 && p[22] != SN_F16 && p[22] != SN_BF16 && p[22] != SN_SHAPE)
        return BAD(err, "unknown dtype %u at byte %zu", p[22], at + 22);
    t->dtype = (enum sn_dtype)p[22];
    if (t->rank > SN_TENSOR_MAX_RANK)
        return BAD(err, "rank %d at byte %zu, at most %d", t->rank, at + 23, SN_TENSOR_MAX_RANK);
    b->pos += SNW_ENTRY_FIXED;
    if (sn_left(b) < 8 * (size_t)t->rank)
        return BAD(err, "shape at byte %zu does not fit, %zu bytes remain", b->pos, sn_left(b));
    for (int i = 0; i < t->rank; i++, b->pos += 8)
        t->shape[i] = sn_le64(b->data + b->pos);
    SN_TRY(read_string(b, name, "tensor name", &t->name, err));
    problem = snw_name_problem(t->name, name);
    if (problem)
        return BAD(err, "tensor name at byte %zu %s", at, problem);
    rc = snw_shape_size(t->dtype, t->rank, t->shape, &t->count, &t->bytes, err);
    if (rc)
        return sn_fail_context(err, rc, "snw: tensor \"%s\" at byte %zu", t->name, at);
    if (bytes != t->bytes)
        return BAD(err, "tensor \"%s\": %llu bytes at byte %zu, its shape needs %zu", t->name,
                   (unsigned long long)bytes, at + 8, t->bytes);
    name = (size_t)snw_round_up(b->pos, SNW_TABLE_ALIGN);
    if (name > b->size)
        return BAD(err, "tensor entry at byte %zu ends outside the table", at);
    SN_TRY(check_zero(b->data, b->pos, name, err));
    b->pos = name;
    return SN_OK;
}

/* Data lies where the writer would put it: `*end` is the end of the tensor before. */
static int place_data(struct sn_tensor *t, const uint8_t *file, size_t limit, uint64_t offset, size_t at,
                      size_t *end, struct sn_error *err)
{
    size_t want = (size_t)snw_round_up(*end, SNW_ALIGN);
    const char *how = offset % SNW_ALIGN ? "is no multiple of 64"
                    : offset < *end ? "overlaps what comes before" : "leaves a gap or is out of order";

    if (offset != want)
        return BAD(err, "tensor \"%s\": data offset %llu at byte %zu %s, expected %zu", t->name,
                   (unsigned long long)offset, at, how, want);
    if (want > limit || t->bytes > limit - want)
        return BAD(err, "tensor \"%s\": data of %zu bytes at %zu ends outside the file", t->name, t->bytes, want);
    SN_TRY(check_zero(file, *end, want, err));
    t->data = file + want;
    *end = want + t->bytes;
    return SN_OK;
}

static int read_tensors(struct sn_model *m, const struct snw_header *h, const uint8_t *p, size_t size,
                        struct sn_error *err)
{
    struct sn_bytes b = { p, (size_t)h->data_at, (size_t)h->table_at };
    size_t end = (size_t)h->data_at, limit = size - SNW_DIGEST, last;

    for (uint32_t i = 0; i < h->n_tensors; i++) {
        size_t at = b.pos;
        uint64_t offset = 0;

        SN_TRY(snw_reserve_tensor(m, err));
        SN_TRY(read_entry(&m->tensors[i], &b, &offset, err));
        SN_TRY(place_data(&m->tensors[i], p, limit, offset, at, &end, err));
        m->n_tensors++;
        if (snw_index_last(m, err))
            return BAD(err, "tensor name \"%s\" at byte %zu occurs twice", m->tensors[i].name, at);
    }
    if (snw_round_up(b.pos, SNW_ALIGN) != h->data_at)
        return BAD(err, "table ends at byte %zu, data begins at %llu", b.pos, (unsigned long long)h->data_at);
    SN_TRY(check_zero(p, b.pos, (size_t)h->data_at, err));
    last = (size_t)snw_round_up(end, SNW_ALIGN);
    if (last != limit)
        return BAD(err, "data ends at byte %zu, SHA-256 begins at %zu, expected %zu", end, limit, last);
    return check_zero(p, end, limit, err);
}

static int parse(struct sn_model *m, const uint8_t *p, size_t size, int verify, struct sn_error *err)
{
    struct snw_header h = { 0 };
    struct sn_bytes b;

    SN_TRY(read_header(p, size, &h, err));
    b = (struct sn_bytes){ p, (size_t)h.table_at, SNW_HEADER };
    if (h.n_meta) {
        m->meta = sn_arena_get(&m->arena, h.n_meta * sizeof *m->meta, err);
        if (!m->meta)
            return err ? err->code : SN_ENOMEM;
        m->cap_meta = h.n_meta;
    }
    for (uint32_t i = 0; i < h.n_meta; i++)
        SN_TRY(read_meta(m, &b, err));
    if (snw_round_up(b.pos, SNW_TABLE_ALIGN) != h.table_at)
        return BAD(err, "metadata ends at byte %zu, the table begins at %llu", b.pos,
                   (unsigned long long)h.table_at);
    SN_TRY(check_zero(p, b.pos, (size_t)h.table_at, err));
    SN_TRY(read_tensors(m, &h, p, size, err));
    memcpy(m->sha256, p + size - SNW_DIGEST, SNW_DIGEST);
    if (verify & SN_VERIFY_SHA256) {
        uint8_t digest[SNW_DIGEST];

        sn_sha256(p, size - SNW_DIGEST, digest);
        if (memcmp(digest, m->sha256, SNW_DIGEST) != 0)
            return BAD(err, "content does not match the SHA-256 at byte %zu", size - SNW_DIGEST);
    }
    if (verify & SN_VERIFY_CRC)
        for (size_t i = 0; i < m->n_tensors; i++)
            SN_TRY(sn_tensor_verify(&m->tensors[i], err));
    return SN_OK;
}

int sn_model_parse(struct sn_model *m, const void *data, size_t size, int verify, struct sn_error *err)
{
    int rc;

    sn_model_init(m);
    rc = parse(m, data, size, verify, err);
    if (rc)
        sn_model_close(m);
    return rc;
}

int sn_model_open(struct sn_model *m, const char *path, int verify, struct sn_error *err)
{
    int rc;

    sn_model_init(m);
    SN_TRY(sn_map_file(path, &m->map, err));
    rc = parse(m, m->map.data, m->map.size, verify, err);
    if (rc) {
        rc = sn_fail_context(err, rc, "%s", path);
        sn_model_close(m);
    }
    return rc;
}
