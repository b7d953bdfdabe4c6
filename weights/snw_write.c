/*
 * snw_write.c: the one way a model becomes bytes (FORMAT.md). Sizes first, then header and body in
 * memory, then the data straight from where it lies; SHA-256 runs along.
 */
#include "weights/snw.h"

struct sink {
    struct sn_out *out;
    struct sn_sha256 sha;
    uint64_t at;
};

static void put(struct sink *s, const void *data, size_t n)
{
    sn_sha256_update(&s->sha, data, n);
    sn_out_write(s->out, data, n);
    s->at += n;
}

static void pad(struct sink *s, uint64_t align)
{
    static const uint8_t zero[SNW_ALIGN];

    put(s, zero, (size_t)(snw_round_up(s->at, align) - s->at));
}

static uint64_t entry_size(const struct sn_tensor *t)
{
    return snw_round_up(SNW_ENTRY_FIXED + 8u * (unsigned)t->rank + strlen(t->name) + 1, SNW_TABLE_ALIGN);
}

/* Positions that follow from the model; 64-bit sums of sizes that exist in memory cannot wrap. */
static struct snw_header layout(const struct sn_model *m)
{
    struct snw_header h = { .n_meta = (uint32_t)m->n_meta, .n_tensors = (uint32_t)m->n_tensors };
    uint64_t at = SNW_HEADER;

    h.meta_at = at;
    for (size_t i = 0; i < m->n_meta; i++)
        at += SNW_META_FIXED + strlen(m->meta[i].key) + strlen(m->meta[i].value) + 2;
    h.table_at = snw_round_up(at, SNW_TABLE_ALIGN);
    at = h.table_at;
    for (size_t i = 0; i < m->n_tensors; i++)
        at += entry_size(&m->tensors[i]);
    h.data_at = snw_round_up(at, SNW_ALIGN);
    at = h.data_at;
    for (size_t i = 0; i < m->n_tensors; i++)
        at = snw_round_up(at + m->tensors[i].bytes, SNW_ALIGN);
    h.file_size = at + SNW_DIGEST;
    return h;
}

static void buf_pad(struct sn_buf *b, uint64_t align)
{
    static const uint8_t zero[SNW_ALIGN];

    sn_buf_add(b, zero, (size_t)(snw_round_up(b->len, align) - b->len));
}

/* The body is built from file position 64 on, a multiple of both alignments. */
static void build_body(const struct sn_model *m, const struct snw_header *h, struct sn_buf *b)
{
    uint8_t fixed[SNW_ENTRY_FIXED];
    uint64_t at = h->data_at;

    for (size_t i = 0; i < m->n_meta; i++) {
        size_t key = strlen(m->meta[i].key), value = strlen(m->meta[i].value);

        sn_put_le32(fixed, (uint32_t)key);
        sn_put_le32(fixed + 4, (uint32_t)value);
        sn_buf_add(b, fixed, SNW_META_FIXED);
        sn_buf_add(b, m->meta[i].key, key + 1);
        sn_buf_add(b, m->meta[i].value, value + 1);
    }
    buf_pad(b, SNW_TABLE_ALIGN);
    for (size_t i = 0; i < m->n_tensors; i++) {
        const struct sn_tensor *t = &m->tensors[i];
        size_t name = strlen(t->name);

        sn_put_le64(fixed, at);
        sn_put_le64(fixed + 8, t->bytes);
        sn_put_le32(fixed + 16, t->crc32c);
        sn_put_le16(fixed + 20, (uint16_t)name);
        fixed[22] = (uint8_t)t->dtype;
        fixed[23] = (uint8_t)t->rank;
        sn_buf_add(b, fixed, SNW_ENTRY_FIXED);
        for (int d = 0; d < t->rank; d++) {
            sn_put_le64(fixed, t->shape[d]);
            sn_buf_add(b, fixed, 8);
        }
        sn_buf_add(b, t->name, name + 1);
        buf_pad(b, SNW_TABLE_ALIGN);
        at = snw_round_up(at + t->bytes, SNW_ALIGN);
    }
    buf_pad(b, SNW_ALIGN);
}

static void build_header(const struct snw_header *h, uint8_t out[SNW_HEADER])
{
    memcpy(out, SNW_MAGIC, 8);
    sn_put_le32(out + 8, SNW_VERSION);
    sn_put_le32(out + 12, SNW_HEADER);
    sn_put_le64(out + 16, h->file_size);
    sn_put_le32(out + 24, h->n_meta);
    sn_put_le32(out + 28, h->n_tensors);
    sn_put_le64(out + 32, h->meta_at);
    sn_put_le64(out + 40, h->table_at);
    sn_put_le64(out + 48, h->data_at);
    sn_put_le32(out + 56, h->body_crc);
    sn_put_le32(out + 60, sn_crc32c(0, out, 60));
}

int sn_model_write(const struct sn_model *m, const char *path, struct sn_error *err)
{
    struct snw_header h = layout(m);
    struct sn_buf body = { 0 };
    struct sink s = { 0 };
    uint8_t header[SNW_HEADER], digest[SNW_DIGEST];
    int rc;

    build_body(m, &h, &body);
    if (body.failed) {
        rc = SN_NOMEM(err, "the tensor table");
        goto out;
    }
    h.body_crc = sn_crc32c(0, body.data, body.len);
    build_header(&h, header);
    SN_TRY_OUT(sn_out_open(&s.out, path, err));
    sn_sha256_init(&s.sha);
    put(&s, header, sizeof header);
    put(&s, body.data, body.len);
    for (size_t i = 0; i < m->n_tensors; i++) {
        put(&s, m->tensors[i].data, m->tensors[i].bytes);
        pad(&s, SNW_ALIGN);
    }
    sn_sha256_final(&s.sha, digest);
    sn_out_write(s.out, digest, sizeof digest);
    rc = sn_out_commit(s.out, err);
out:
    sn_buf_free(&body);
    return rc;
}
