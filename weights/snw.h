/*
 * snw.h: private to weights/: the byte layout of .snw version 1 (FORMAT.md) and what reader,
 * writer and builder share.
 */
#ifndef SN_SNW_H
#define SN_SNW_H

#include "weights/weights.h"

/* As PNG's: a high bit catches 7-bit transfers, CR LF and LF line-ending conversion, 1A stops `type`. */
#define SNW_MAGIC "\x89SNW\r\n\x1a\n"
#define SNW_VERSION 1u

enum {
    SNW_HEADER = 64,  /* bytes; also the start of the metadata */
    SNW_ALIGN = 64,   /* of every tensor's data: one cache line, one AVX-512 register */
    SNW_TABLE_ALIGN = 8,
    SNW_DIGEST = 32,
    SNW_META_FIXED = 8,
    SNW_ENTRY_FIXED = 24
};

/* Limits: far above any checkpoint (DOMAIN.md F.2: at most 859 tensors), small enough for 32 bits. */
#define SNW_MAX_META    4096u
#define SNW_MAX_TENSORS 65536u
#define SNW_MAX_KEY     255u
#define SNW_MAX_VALUE   (1u << 20)
#define SNW_MAX_NAME    1023u

/* The fixed header, decoded. */
struct snw_header {
    uint64_t file_size, meta_at, table_at, data_at;
    uint32_t n_meta, n_tensors;
    uint32_t body_crc; /* of [SNW_HEADER, data_at) */
};

static inline uint64_t snw_round_up(uint64_t v, uint64_t align)
{
    return (v + align - 1) / align * align;
}

/* NULL, or why these bytes are no valid key, value, name: for messages ("is empty"). */
const char *snw_key_problem(const char *s, size_t n);
const char *snw_value_problem(const char *s, size_t n);
const char *snw_name_problem(const char *s, size_t n);

/* Elements and bytes of a shape; SN_ELIMIT on overflow. */
int snw_shape_size(enum sn_dtype dtype, int rank, const uint64_t *shape, size_t *count, size_t *bytes,
                   struct sn_error *err);
/* Makes room for one more tensor; and enters the last one in the name index, refusing a duplicate. */
int snw_reserve_tensor(struct sn_model *m, struct sn_error *err);
int snw_index_last(struct sn_model *m, struct sn_error *err);

#endif
