/*
 * weights.h: .snw files (FORMAT.md), models in memory, and importers for PyTorch's and
 * safetensors' checkpoints. Nothing here executes code found in a file.
 */
#ifndef SN_WEIGHTS_H
#define SN_WEIGHTS_H

#include "base/base.h"

/* SN_SHAPE: a tensor of which only the shape is told, 0 bytes: in prepacked files, whose values lie elsewhere. */
enum sn_dtype { SN_F32 = 1, SN_F16 = 2, SN_BF16 = 3, SN_SHAPE = 4 };
#define SN_TENSOR_MAX_RANK 8

const char *sn_dtype_name(enum sn_dtype t); /* "f32", "f16", "bf16", "shape"; "unknown" otherwise */
size_t sn_dtype_size(enum sn_dtype t);

struct sn_tensor {
    const char *name;               /* UTF-8, NUL-terminated, unique in its model */
    enum sn_dtype dtype;
    int rank;                       /* 0 (scalar) to SN_TENSOR_MAX_RANK */
    uint64_t shape[SN_TENSOR_MAX_RANK];
    size_t count;                   /* elements */
    size_t bytes;
    const void *data;               /* little-endian, contiguous, C order; 64-byte aligned in .snw, any address else */
    uint32_t crc32c;                /* of data; filled by reader and sn_model_add */
};

struct sn_meta {
    const char *key, *value;        /* UTF-8 */
};

/* A model: sorted metadata and tensors. Mapped from a file or built in memory; immutable once shared. */
struct sn_model {
    struct sn_meta *meta;      size_t n_meta;    /* sorted by key, bytewise */
    struct sn_tensor *tensors; size_t n_tensors; /* in file order */
    uint8_t sha256[32];        /* of the file's content, as stored in its last 32 bytes; zero when built in memory */
    struct sn_map map;         /* private: the file */
    struct sn_arena arena;     /* private: names, tables, copied data */
    uint32_t *index;           /* private: tensors sorted by name */
    size_t cap_meta, cap_tensors; /* private */
};

/* What a reader verifies beyond structure, which is always checked in full. */
enum { SN_VERIFY_NONE = 0, SN_VERIFY_CRC = 1 /* every tensor */, SN_VERIFY_SHA256 = 2 };

int sn_model_open(struct sn_model *m, const char *path, int verify, struct sn_error *err);
int sn_model_parse(struct sn_model *m, const void *data, size_t size, int verify,
                   struct sn_error *err); /* borrows data */
void sn_model_close(struct sn_model *m); /* a zeroed model is fine */

const struct sn_tensor *sn_model_find(const struct sn_model *m, const char *name); /* NULL: absent */
const char *sn_model_meta(const struct sn_model *m, const char *key);             /* NULL: absent */
/* CRC-32C of one tensor's data against the table. */
int sn_tensor_verify(const struct sn_tensor *t, struct sn_error *err);

/*
 * Building in memory (converter, tests). Strings are copied; data, little-endian as in the file, is
 * copied when `copy`, else borrowed.
 */
void sn_model_init(struct sn_model *m);
int sn_model_set_meta(struct sn_model *m, const char *key, const char *value, struct sn_error *err); /* replaces */
int sn_model_add(struct sn_model *m, const char *name, enum sn_dtype dtype, int rank, const uint64_t *shape,
                 const void *data, bool copy, struct sn_error *err);

/* Writes the same bytes for the same model, always. */
int sn_model_write(const struct sn_model *m, const char *path, struct sn_error *err);

/* Elements [first, first + n) as float / double, exact for every dtype; NaN for SN_SHAPE. */
void sn_tensor_to_f32(const struct sn_tensor *t, size_t first, size_t n, float *out);
void sn_tensor_to_f64(const struct sn_tensor *t, size_t first, size_t n, double *out);
float sn_f16_to_f32(uint16_t h);

/* ---- import ----------------------------------------------------------------------------- */

/* One tensor of a checkpoint, integer buffers and wrapped optimizer states included. */
struct sn_import_tensor {
    const char *path;       /* full dotted name in the file: "state_dict.module.conv1.weight" */
    const char *name;       /* name in the model, NULL when dropped */
    const char *dtype;      /* in the file, as PyTorch says it: "float32", "int64", "bool" */
    int rank;
    uint64_t shape[SN_TENSOR_MAX_RANK];
    size_t count, bytes;
    const void *data;       /* contiguous, little-endian, in the file's dtype; valid during the call */
};
typedef void sn_import_seen_fn(void *ctx, const struct sn_import_tensor *t);

struct sn_import_options {
    bool whole_module;      /* walk _parameters/_buffers/_modules of a pickled module, without running it */
    enum sn_dtype store;    /* 0: as in the source (f64 is rounded to f32); SN_F32; SN_F16: rounded to nearest even */
    sn_import_seen_fn *seen; /* called for every tensor, in file order, also when the import then fails; may be NULL */
    void *seen_ctx;
};
struct sn_import_report {
    char container[24];     /* "zip", "legacy", "safetensors" */
    size_t tensors;         /* kept */
    size_t rounded;         /* of these: values changed to a narrower type (f64 to f32, any to f16) */
    size_t dropped;         /* tensors left out: integers such as num_batches_tracked, all outside the state dict */
    size_t ignored;         /* entries that hold no tensor: epoch, arguments, ... */
    char wrapper[64];       /* keys and prefixes removed: "state_dict / module." */
};
/*
 * Fills a model built in memory with the checkpoint's tensors under their (unwrapped) names, in file
 * order. sn_import keeps the file mapped in m->map and uses the values where they lie, at any
 * alignment; sn_import_bytes copies. Failing leaves *m empty. Codes: SN_EFORMAT damaged,
 * SN_EUNSUPPORTED no checkpoint of ours, a call outside the fixed table, or no float tensor; SN_ELIMIT.
 */
int sn_import(const char *path, const struct sn_import_options *opt, struct sn_model *m,
              struct sn_import_report *report, struct sn_error *err);
int sn_import_bytes(const void *data, size_t size, const struct sn_import_options *opt, struct sn_model *m,
                    struct sn_import_report *report, struct sn_error *err);

#endif
