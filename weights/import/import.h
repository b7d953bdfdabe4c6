/*
 * import.h: private to weights/import: what the container readers hand to import.c, the zip
 * directory, and the pickle machine.
 *
 * Everything parsed lives in one arena whose limit is a multiple of the input's size, so that no
 * file, however crafted, needs more than that multiple.
 */
#ifndef SN_IMPORT_H
#define SN_IMPORT_H

#include "weights/weights.h"

#define IMPORT_MAX_TENSORS 65536u
#define IMPORT_MAX_PATH    1023u /* bytes of a tensor's full name */
#define IMPORT_MAX_DEPTH   64    /* of nested dictionaries: state dicts are 1 deep, trainers' files 4 */
#define IMPORT_MAX_PICKLE  ((size_t)16 << 20) /* bytes; the largest real one is below 1 MB */

/* ---- what a container holds --------------------------------------------------------------- */

enum src_dtype {
    SRC_F64 = 1, SRC_F32, SRC_F16, SRC_BF16,
    SRC_I64, SRC_I32, SRC_I16, SRC_I8, SRC_U64, SRC_U32, SRC_U16, SRC_U8, SRC_BOOL,
    SRC_C64, SRC_C128
};
const char *src_name(enum src_dtype t); /* "float32", as PyTorch says it */
size_t src_size(enum src_dtype t);
static inline bool src_is_float(enum src_dtype t) { return t <= SRC_BF16; }

/* One tensor as found: a strided view into the input. All indices were checked against the storage. */
struct found {
    const char *path;     /* full dotted name, wrappers and prefixes included */
    enum src_dtype dtype;
    int rank;
    uint64_t shape[SN_TENSOR_MAX_RANK], stride[SN_TENSOR_MAX_RANK]; /* stride in elements */
    size_t count;
    const uint8_t *data;  /* first element; little-endian; NULL only when count is 0 */
};

struct found_list {
    struct sn_arena *arena;
    struct found *v;
    size_t n, cap;
    size_t ignored;       /* dictionary entries that hold no tensor */
    const char *wrapper;  /* path of the dictionary that is the state dict: "" or "state_dict." */
};
/* Appends; the path is copied. SN_ELIMIT beyond IMPORT_MAX_TENSORS, SN_EFORMAT for a bad name. */
int found_add(struct found_list *l, const struct found *f, struct sn_error *err);

int import_torch_zip(const uint8_t *data, size_t size, bool whole_module, struct found_list *l,
                     struct sn_error *err);
int import_torch_legacy(const uint8_t *data, size_t size, bool whole_module, struct found_list *l,
                        struct sn_error *err);
int import_safetensors(const uint8_t *data, size_t size, struct found_list *l, struct sn_error *err);

/* ---- zip.c -------------------------------------------------------------------------------- */

struct zip_entry {
    const char *name;     /* not NUL-terminated, in the input */
    size_t name_len;
    const uint8_t *data;
    size_t size;
    uint32_t crc32;
    bool checked;         /* the CRC was compared already */
};

struct zip_dir {
    struct zip_entry *v;  /* sorted by name */
    size_t n;
};
/*
 * Reads the central directory. Refused: anything compressed or encrypted, entries that overlap, are
 * out of order or repeat a name, local headers that contradict the directory, bytes after the end.
 */
int zip_open(const uint8_t *data, size_t size, struct sn_arena *a, struct zip_dir *z, struct sn_error *err);
struct zip_entry *zip_find(const struct zip_dir *z, const char *name, size_t len); /* NULL: absent */
int zip_check(struct zip_entry *e, struct sn_error *err);                          /* CRC-32, once */

/* ---- pickle.c, globals.c ------------------------------------------------------------------- */

enum pk_kind {
    PK_NONE, PK_BOOL, PK_INT, PK_BIG /* an integer beyond 64 bits, as text */, PK_FLOAT, PK_TEXT, PK_BYTES,
    PK_TUPLE, PK_LIST, PK_SET, PK_DICT,
    PK_GLOBAL,  /* a name; inert unless it is in the fixed table and called */
    PK_DATA,    /* what a harmless call of the table gives: numpy scalars, argparse.Namespace, ... */
    PK_MODULE,  /* --whole-module: an object of an unknown class, with its state, never run */
    PK_STORAGE, PK_TENSOR
};

struct pk_storage {
    const char *key;      /* not NUL-terminated */
    size_t key_len;
    enum src_dtype dtype;
    uint64_t count;       /* elements */
    const uint8_t *data;  /* set when the container has found it */
    bool placed;
    struct pk_storage *next; /* in its hash bucket */
};

struct pk_tensor {
    struct pk_storage *storage;
    uint64_t offset;      /* elements into the storage */
    int rank;
    uint64_t shape[SN_TENSOR_MAX_RANK], stride[SN_TENSOR_MAX_RANK];
    size_t count;
};

struct pk {
    enum pk_kind kind;
    union {
        int64_t i;                                   /* BOOL, INT */
        struct { const char *s; size_t n; } text;    /* TEXT, BYTES, BIG: in the input */
        struct { struct pk **v; size_t n, cap; } seq; /* TUPLE, LIST, SET; DICT: key, value, key, ... */
        struct { const char *mod, *name; size_t mod_len, name_len; int id; } global;
        struct { const struct pk *cls, *state; } module;
        struct { struct pk_storage *storage; uint64_t offset, count; } view; /* STORAGE */
        struct pk_tensor *tensor;
    } u;
};

#define PK_BUCKETS 1024u

/* One file's pickles: they share storages and limits. */
struct pk_env {
    struct sn_arena *arena;
    bool whole_module;
    size_t ops;                          /* executed so far: bounds later walks */
    size_t base;                         /* file position of the pickle's first byte, for messages */
    struct pk_storage *buckets[PK_BUCKETS];
    size_t n_storages;
};

/* Runs one pickle from in->pos to its STOP; in->pos is then the byte after it. */
int pk_load(struct pk_env *env, struct sn_bytes *in, struct pk **root, struct sn_error *err);
struct pk *pk_new(struct pk_env *env, enum pk_kind kind, struct sn_error *err);
bool pk_text_is(const struct pk *v, const char *s);
/* The value of a text key in a dictionary, NULL when absent. */
struct pk *pk_get(const struct pk *dict, const char *key);

/* globals.c: the fixed table. id 0: not in it. */
int pk_global_id(const char *mod, size_t mod_len, const char *name, size_t name_len);
/* What calling a global of the table gives (REDUCE, or NEWOBJ when `new_object`); refuses all others. */
int pk_call(struct pk_env *env, const struct pk *callee, const struct pk *args, bool new_object, size_t at,
            struct pk **out, struct sn_error *err);
int pk_build(struct pk_env *env, struct pk *object, const struct pk *state, size_t at, struct sn_error *err);
int pk_persistent(struct pk_env *env, const struct pk *id, size_t at, struct pk **out, struct sn_error *err);
struct pk_storage *pk_find_storage(const struct pk_env *env, const char *key, size_t len);

#endif
