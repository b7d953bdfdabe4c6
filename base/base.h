/*
 * base.h: what every other folder stands on: errors, checked sizes, memory, hashes, files, CPU
 * detection, threads, random numbers and the elementary functions of the numeric contract.
 *
 * Library code returns; it never aborts, exits or prints. Functions that can fail return one of
 * enum sn_status (0 is success) and describe the failure in a caller-owned struct sn_error; NULL
 * there means "code only". Messages carry no patient tags and no pixel data.
 */
#ifndef SN_BASE_H
#define SN_BASE_H

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SN_VERSION "0.1.0"

#if defined(__GNUC__)
#define SN_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define SN_UNUSED       __attribute__((unused))
#else
#define SN_PRINTF(a, b)
#define SN_UNUSED
#endif

#define SN_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SN_MIN(a, b) ((a) < (b) ? (a) : (b))
#define SN_MAX(a, b) ((a) > (b) ? (a) : (b))

/* ---- errors (error.c) ------------------------------------------------------------------- */

enum sn_status {
    SN_OK = 0,
    SN_EINVAL,       /* the caller's argument or the command line is wrong           exit 2 */
    SN_EIO,          /* an input cannot be opened or read                            exit 3 */
    SN_EFORMAT,      /* an input's content is malformed                              exit 3 */
    SN_EUNSUPPORTED, /* an input is well formed but of a kind we do not read         exit 3 */
    SN_ELIMIT,       /* an input is larger than a stated limit                       exit 3 */
    SN_EMODEL,       /* a model does not fit its family, task or input               exit 4 */
    SN_ENOMEM,       /* memory ran out                                               exit 5 */
    SN_EMACHINE,     /* disk full, output not writable, or a missing instruction set exit 5 */
    SN_EINTERNAL     /* our own mistake                                              exit 70 */
};

struct sn_error {
    int code;       /* enum sn_status of the last failure; meaningless before one */
    char msg[480];  /* one line, no trailing newline */
};

/* Stores code and message in err (may be NULL) and returns code. */
int sn_fail(struct sn_error *err, int code, const char *fmt, ...) SN_PRINTF(3, 4);
/* Prefixes the stored message, e.g. with a file name; returns err's code (or code when err is NULL). */
int sn_fail_context(struct sn_error *err, int code, const char *fmt, ...) SN_PRINTF(3, 4);
/* The process exit code that belongs to a status (table in README.md). */
int sn_exit_code(int status);

#define SN_FAIL(err, code, ...) sn_fail((err), (code), __VA_ARGS__)
#define SN_NOMEM(err, what) sn_fail((err), SN_ENOMEM, "out of memory for %s", (what))
/* Propagates a failure; for functions that hold nothing to release. */
#define SN_TRY(expr)                                                                              \
    do {                                                                                          \
        int sn_rc_ = (expr);                                                                      \
        if (sn_rc_)                                                                               \
            return sn_rc_;                                                                        \
    } while (0)
/* Propagates a failure through `rc` and the function's one `out:` label. */
#define SN_TRY_OUT(expr)                                                                          \
    do {                                                                                          \
        rc = (expr);                                                                              \
        if (rc)                                                                                   \
            goto out;                                                                             \
    } while (0)

/* ---- checked sizes (size.c) ------------------------------------------------------------- */

/* *out = a * b, a * b * c, a + b; SN_ELIMIT on overflow (nothing is stored then). */
int sn_size_mul(size_t *out, size_t a, size_t b, struct sn_error *err);
int sn_size_mul3(size_t *out, size_t a, size_t b, size_t c, struct sn_error *err);
int sn_size_add(size_t *out, size_t a, size_t b, struct sn_error *err);

/* A bounds-checked cursor over bytes. Nothing is read past `size`. */
struct sn_bytes {
    const uint8_t *data;
    size_t size;
    size_t pos;
};
static inline size_t sn_left(const struct sn_bytes *b) { return b->size - b->pos; }

static inline uint16_t sn_le16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t sn_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t sn_le64(const uint8_t *p) { return sn_le32(p) | (uint64_t)sn_le32(p + 4) << 32; }
static inline uint16_t sn_be16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t sn_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}
static inline void sn_put_le16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)v; p[1] = (uint8_t)(v >> 8); }
static inline void sn_put_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v; p[1] = (uint8_t)(v >> 8); p[2] = (uint8_t)(v >> 16); p[3] = (uint8_t)(v >> 24);
}
static inline void sn_put_le64(uint8_t *p, uint64_t v) { sn_put_le32(p, (uint32_t)v); sn_put_le32(p + 4, (uint32_t)(v >> 32)); }
static inline void sn_put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24); p[1] = (uint8_t)(v >> 16); p[2] = (uint8_t)(v >> 8); p[3] = (uint8_t)v;
}

/* ---- memory (arena.c) ------------------------------------------------------------------- */

/*
 * Plain malloc/calloc/realloc/free are used everywhere and every result is checked; the tests
 * replace them at link time to fail the n-th call. These two are for what SIMD touches.
 */
void *sn_alloc_aligned(size_t bytes); /* 64-byte aligned; NULL when memory ran out or bytes is 0 */
void sn_free_aligned(void *p);        /* NULL is fine */

/* A bump allocator for the many small nodes of a parse: freed all at once, bounded in total. */
struct sn_arena {
    struct sn_arena_block *blocks; /* private */
    size_t used;                   /* bytes handed out */
    size_t limit;                  /* 0: no limit; else sn_arena_get fails beyond it */
};
void sn_arena_init(struct sn_arena *a, size_t limit);
/* Zeroed, 16-byte aligned; NULL with *err = SN_ENOMEM or SN_ELIMIT. Lives until sn_arena_free. */
void *sn_arena_get(struct sn_arena *a, size_t bytes, struct sn_error *err);
char *sn_arena_strdup(struct sn_arena *a, const char *s, size_t len, struct sn_error *err); /* adds the NUL */
/*
 * Room for one more item in a table kept in the arena: doubles *table (from 4) when used == *cap. The
 * old table's bytes stay until the arena goes, so a table costs at most twice its final size.
 */
int sn_arena_grow(struct sn_arena *a, void **table, size_t used, size_t *cap, size_t item, struct sn_error *err);
void sn_arena_free(struct sn_arena *a); /* a zeroed arena is fine */

/* ---- hashes (sha256.c, crc32.c) --------------------------------------------------------- */

struct sn_sha256 {
    uint32_t h[8];
    uint64_t bytes;
    uint8_t buf[64];
};
void sn_sha256_init(struct sn_sha256 *s);
void sn_sha256_update(struct sn_sha256 *s, const void *data, size_t n);
void sn_sha256_final(struct sn_sha256 *s, uint8_t out[32]);
void sn_sha256(const void *data, size_t n, uint8_t out[32]);
void sn_hex(const uint8_t *bytes, size_t n, char *out); /* out[2 n + 1], lower case, NUL-terminated */
#define SN_SHA256_HEX 65

/* Both: start with crc = 0, feed pieces in order. crc32 is ISO-HDLC (PNG, zip, gzip); crc32c is Castagnoli (iSCSI, RFC 3720). */
uint32_t sn_crc32(uint32_t crc, const void *data, size_t n);
uint32_t sn_crc32c(uint32_t crc, const void *data, size_t n);

/* ---- files (file.c) --------------------------------------------------------------------- */

/* A whole file, read-only, mapped where the system can. data is NULL only when size is 0. */
struct sn_map {
    const uint8_t *data;
    size_t size;
};
int sn_map_file(const char *path, struct sn_map *map, struct sn_error *err);
void sn_map_close(struct sn_map *map); /* a zeroed map is fine */

/*
 * A file written under a temporary name in the same folder and renamed on commit, so that a reader
 * never sees half of it. Every writer ends in exactly one of commit and abort; abort after a
 * failure removes the temporary file. Write errors are sticky and reported by commit.
 */
struct sn_out;
int sn_out_open(struct sn_out **out, const char *path, struct sn_error *err);
void sn_out_write(struct sn_out *out, const void *data, size_t n);
void sn_out_printf(struct sn_out *out, const char *fmt, ...) SN_PRINTF(2, 3);
int sn_out_commit(struct sn_out *out, struct sn_error *err); /* frees out, also on failure */
void sn_out_abort(struct sn_out *out);                       /* NULL is fine */
/* The three steps in one. */
int sn_file_write(const char *path, const void *data, size_t n, struct sn_error *err);
/* Creates a folder (parents too); an existing one is fine. */
int sn_mkdirs(const char *path, struct sn_error *err);

/* A growable text or byte buffer. Failures are sticky: check `failed` once at the end. */
struct sn_buf {
    char *data;   /* NUL-terminated when not NULL; free with sn_buf_free */
    size_t len;
    size_t cap;
    bool failed;  /* memory ran out; data then holds a prefix */
};
void sn_buf_add(struct sn_buf *b, const void *data, size_t n);
void sn_buf_puts(struct sn_buf *b, const char *s);
void sn_buf_printf(struct sn_buf *b, const char *fmt, ...) SN_PRINTF(2, 3);
void sn_buf_free(struct sn_buf *b);

/* ---- CPU (cpu.c) ------------------------------------------------------------------------ */

enum sn_isa { SN_ISA_REF, SN_ISA_AVX2, SN_ISA_AVX512, SN_ISA_NEON, SN_ISA_COUNT, SN_ISA_AUTO = SN_ISA_COUNT };

const char *sn_isa_name(enum sn_isa isa);                 /* "ref", "avx2", "avx512", "neon", "auto" */
bool sn_isa_parse(const char *name, enum sn_isa *isa);    /* false: not one of those names */
bool sn_isa_usable(enum sn_isa isa);                      /* CPU has it, OS saves its registers, this build holds it */
bool sn_isa_has_dot16(enum sn_isa isa);                   /* its 16-bit dot product: AVX-VNNI, AVX-512-VNNI */
enum sn_isa sn_isa_best(void);
const char *sn_cpu_name(char *buf, size_t n);             /* brand string, or "unknown" */
int sn_cpu_count(void);                                   /* cores this process may use (affinity, cgroup quota), at least 1 */

/* Sets round-to-nearest, no FTZ/DAZ, no traps (the contract's floating-point environment) and puts the old one back. */
struct sn_fpenv {
    uint64_t opaque[8];
};
void sn_fp_enter(struct sn_fpenv *saved);
void sn_fp_leave(const struct sn_fpenv *saved);

/* ---- threads (pool.c) ------------------------------------------------------------------- */

/*
 * Units are pure: whoever runs one, in whatever order, the result is the same. `thread` is in
 * [0, threads) and names the scratch memory the unit may use.
 */
typedef void sn_unit_fn(void *ctx, size_t unit, int thread);

struct sn_pool;
int sn_pool_create(struct sn_pool **pool, int threads, struct sn_error *err); /* threads >= 1 */
void sn_pool_run(struct sn_pool *pool, sn_unit_fn *fn, void *ctx, size_t units); /* NULL pool: this thread alone */
int sn_pool_threads(const struct sn_pool *pool);
void sn_pool_free(struct sn_pool *pool); /* NULL is fine */

/* ---- random numbers (rng.c) ------------------------------------------------------------- */

/* splitmix64, Steele, Lea & Flood 2014: the one generator of tests, phantoms and the bootstrap. */
struct sn_rng {
    uint64_t state;
};
uint64_t sn_splitmix64(uint64_t *state);
uint64_t sn_rng_next(struct sn_rng *r);
/*
 * Stream i of a seed: both hashed, so that streams start at unrelated points of the generator's one cycle of
 * 2^64. Two of R streams of L numbers overlap with probability about R^2 L / 2^64 (1e4 of 1e6: 5e-6).
 */
struct sn_rng sn_rng_stream(uint64_t seed, uint64_t i);
uint64_t sn_rng_below(struct sn_rng *r, uint64_t n); /* uniform on [0, n), n >= 1, without modulo bias */
double sn_rng_uniform(struct sn_rng *r);             /* [0, 1), 53 bits */
double sn_rng_normal(struct sn_rng *r);              /* standard normal (inverse of two uniforms, own log/cos) */
/*
 * Synthetic weights, the same in C and Python: element i of tensor `name` under `seed` is
 * (u >> 40) * 2^-23 - 1 in [-1, 1), where u = mix((seed ^ fnv1a64(name)) + (i + 1) * 0x9E3779B97F4A7C15)
 * and mix is splitmix64's output function. 24-bit integers, exact in float32; no libm.
 */
uint64_t sn_rng_name(uint64_t seed, const char *name);
float sn_rng_weight(uint64_t stream, uint64_t i); /* stream from sn_rng_name */

/* ---- elementary functions of the contract (math.c) -------------------------------------- */

/*
 * One answer on every machine: only +, -, *, /, sqrt, integer operations and sn_fmaf, compiled
 * with contraction off. Bounds are measured against libm in double by tests/unit/check_base.c.
 */
double sn_exp(double x);     /* error <= 1 ulp; 0 below -745.2, +inf above 709.8; NaN stays NaN */
double sn_log(double x);     /* error <= 1 ulp for x > 0; -inf at 0; NaN below */
double sn_sigmoid(double x); /* 1 / (1 + exp(-x)), without overflow; error <= 3 ulp */
double sn_logit(double p);   /* log(p / (1 - p)); +-inf at 1 and 0 */
double sn_cos2pi(double t);  /* cos(2 pi t) for t in [0, 1); absolute error <= 2e-15 */
float sn_expf(float x);      /* the chain the SIMD kernels follow; relative error <= 2^-22; saturates at exp(88.375) */
float sn_sigmoidf(float x);  /* the same */

/*
 * fma(a, b, c) in float, correctly rounded, whatever the hardware: the product of two floats is
 * exact in double; the sum is rounded to odd (Boldo & Melquiond 2008), so that the last rounding,
 * to float, is the only one that counts.
 */
static inline float sn_fmaf(float a, float b, float c)
{
#if defined(__FP_FAST_FMAF)
    return __builtin_fmaf(a, b, c);
#else
    double p = (double)a * (double)b;
    double s = p + (double)c;
    double t = s - p;
    double e = (p - (s - t)) + ((double)c - t); /* s + e is p + c exactly (Knuth's TwoSum) */
    uint64_t u;

    memcpy(&u, &s, sizeof u);
    /* inexact, even last bit, finite: step one unit towards e */
    if (e != 0.0 && !(u & 1) && (u & 0x7ff0000000000000u) != 0x7ff0000000000000u)
        u += ((e > 0.0) == (s > 0.0)) ? 1u : (uint64_t)-1;
    memcpy(&s, &u, sizeof s);
    return (float)s;
#endif
}

/* The contract's flush: every op's result below FLT_MIN in magnitude becomes +0 (DESIGN 2.6). */
static inline float sn_flush(float y) { return fabsf(y) < FLT_MIN ? 0.0f : y; }

_Static_assert(FLT_EVAL_METHOD == 0, "the numeric contract needs float arithmetic in float");

#endif
