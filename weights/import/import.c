/*
 * import.c: recognises the container by its first bytes, has it read into a list of strided views,
 * then takes wrappers and prefixes off the names and makes contiguous tensors of what is a float.
 */
#include "weights/import/import.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    size_t size;
} sources[] = {
    [SRC_F64] = { "float64", 8 }, [SRC_F32] = { "float32", 4 }, [SRC_F16] = { "float16", 2 },
    [SRC_BF16] = { "bfloat16", 2 }, [SRC_I64] = { "int64", 8 }, [SRC_I32] = { "int32", 4 },
    [SRC_I16] = { "int16", 2 }, [SRC_I8] = { "int8", 1 }, [SRC_U64] = { "uint64", 8 },
    [SRC_U32] = { "uint32", 4 }, [SRC_U16] = { "uint16", 2 }, [SRC_U8] = { "uint8", 1 },
    [SRC_BOOL] = { "bool", 1 }, [SRC_C64] = { "complex64", 8 }, [SRC_C128] = { "complex128", 16 },
};

const char *src_name(enum src_dtype t) { return sources[t].name; }
size_t src_size(enum src_dtype t) { return sources[t].size; }

int found_add(struct found_list *l, const struct found *f, struct sn_error *err)
{
    void *table = l->v;
    char *path;

    if (l->n >= IMPORT_MAX_TENSORS)
        return SN_FAIL(err, SN_ELIMIT, "more than %u tensors", IMPORT_MAX_TENSORS);
    SN_TRY(sn_arena_grow(l->arena, &table, l->n, &l->cap, sizeof *l->v, err));
    l->v = table;
    path = sn_arena_strdup(l->arena, f->path, strlen(f->path), err);
    if (!path)
        return err ? err->code : SN_ENOMEM;
    l->v[l->n] = *f;
    l->v[l->n++].path = path;
    return SN_OK;
}

/* ---- names -------------------------------------------------------------------------------- */


static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two tensors of one name would make it matter which comes first. */
static int check_duplicates(const struct found_list *l, struct sn_error *err)
{
    const char **paths = l->n ? sn_arena_get(l->arena, l->n * sizeof *paths, err) : NULL;

    if (!paths)
        return l->n == 0 ? SN_OK : err ? err->code : SN_ENOMEM;
    for (size_t i = 0; i < l->n; i++)
        paths[i] = l->v[i].path;
    qsort(paths, l->n, sizeof *paths, by_path);
    for (size_t i = 1; i < l->n; i++)
        if (strcmp(paths[i - 1], paths[i]) == 0)
            return SN_FAIL(err, SN_EFORMAT, "tensor name \"%s\" occurs twice", paths[i]);
    return SN_OK;
}

static bool starts(const char *s, const char *prefix) { return strncmp(s, prefix, strlen(prefix)) == 0; }

/* The path without the wrapper, NULL when it lies outside it. */
static const char *inner(const struct found_list *l, const char *path)
{
    return starts(path, l->wrapper) ? path + strlen(l->wrapper) : NULL;
}

/*
 * Whether every tensor of the state dict has `prefix` after its first `skip` bytes, and something
 * behind it. "model." and "net." stay when a number follows: there they are a Sequential's own name.
 */
static bool all_have(const struct found_list *l, size_t skip, const char *prefix)
{
    size_t n = strlen(prefix);
    bool any = false, named = prefix[0] == 'm' ? prefix[2] == 'd' && prefix[3] == 'e' : prefix[0] == 'n';

    for (size_t i = 0; i < l->n; i++) {
        const char *name = inner(l, l->v[i].path);

        if (!name)
            continue;
        any = true;
        name += skip;
        if (!starts(name, prefix) || !name[n] || (named && name[n] >= '0' && name[n] <= '9'))
            return false;
    }
    return any;
}

/* Bytes of prefix to drop from every name; appends to the report what they are. */
static size_t strip_prefixes(const struct found_list *l, struct sn_import_report *report)
{
    static const char *const prefixes[] = { "module.", "_orig_mod.", "model.", "net." };
    size_t skip = 0, at = strlen(l->wrapper);
    bool more = true;

    (void)snprintf(report->wrapper, sizeof report->wrapper, "%.*s", at ? (int)(at - 1) : 0, l->wrapper);
    for (int round = 0; more && round < 4; round++) {
        more = false;
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes && !more; i++) {
            char *end = report->wrapper + strlen(report->wrapper);
            size_t room = (size_t)(report->wrapper + sizeof report->wrapper - end);

            if (!all_have(l, skip, prefixes[i]))
                continue;
            skip += strlen(prefixes[i]);
            (void)snprintf(end, room, "%s%s", end == report->wrapper ? "" : " / ", prefixes[i]);
            more = true;
        }
    }
    return skip;
}

/* ---- values ------------------------------------------------------------------------------- */

static bool is_contiguous(const struct found *f)
{
    uint64_t want = 1;

    for (int i = f->rank; i-- > 0;) {
        if (f->shape[i] != 1 && f->stride[i] != want)
            return false;
        want *= f->shape[i];
    }
    return true;
}

/* Copies a strided view in C order. The last dimension is the inner loop; the others count like an odometer. */
static void gather(const struct found *f, uint8_t *out)
{
    size_t size = src_size(f->dtype), inner_n = f->rank ? (size_t)f->shape[f->rank - 1] : 1;
    size_t step = f->rank ? (size_t)f->stride[f->rank - 1] * size : 0;
    uint64_t at[SN_TENSOR_MAX_RANK] = { 0 };
    const uint8_t *row = f->data;

    for (size_t done = 0; done < f->count; done += inner_n) {
        int d = f->rank - 2;

        for (size_t i = 0; i < inner_n; i++, out += size)
            memcpy(out, row + i * step, size);
        for (; d >= 0; d--) {
            row += (size_t)f->stride[d] * size;
            if (++at[d] < f->shape[d])
                break;
            row -= (size_t)f->stride[d] * size * (size_t)f->shape[d];
            at[d] = 0;
        }
    }
}

static uint32_t f32_bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    return u;
}

/* The nearest double to float, ties to even (C11 6.3.1.5 under the contract's rounding mode). */
static float f64_at(const uint8_t *p)
{
    uint64_t u = sn_le64(p);
    double d;

    memcpy(&d, &u, sizeof d);
    return (float)d;
}

/*
 * binary32 to binary16, nearest, ties to even. The significand is cut where binary16 ends (below its
 * smallest exponent that is further left) and the rest decides; a carry runs into the exponent by itself.
 */
static uint16_t f16_bits(uint32_t u)
{
    uint32_t sign = u >> 16 & 0x8000, exp = u >> 23 & 255, frac = u & 0x7fffff, shift, kept, rest, half;

    if (exp == 255) /* infinity; NaN stays one */
        return (uint16_t)(sign | 0x7c00 | (frac ? 0x200 | frac >> 13 : 0));
    if (exp < 102)  /* below half of 2^-24, the smallest subnormal */
        return (uint16_t)sign;
    if (exp >= 143) /* 2^16 and above */
        return (uint16_t)(sign | 0x7c00);
    shift = exp < 113 ? 126 - exp : 13; /* 113: the exponent of 2^-14, the smallest normal */
    kept = exp < 113 ? (frac | 0x800000) >> shift : (exp - 112) << 10 | frac >> 13;
    rest = (frac | 0x800000) & ((1u << shift) - 1);
    half = 1u << (shift - 1);
    kept += rest > half || (rest == half && kept & 1);
    return (uint16_t)(sign | kept);
}

static uint32_t value_bits(enum src_dtype t, const uint8_t *p)
{
    switch (t) {
    case SRC_F64: return f32_bits(f64_at(p));
    case SRC_F32: return sn_le32(p);
    case SRC_F16: return f32_bits(sn_f16_to_f32(sn_le16(p)));
    default: return (uint32_t)sn_le16(p) << 16; /* SRC_BF16 */
    }
}

/* Whether a rounded value left the range: an infinity whose source is none. */
static bool overflowed(enum src_dtype t, const uint8_t *p)
{
    if (t == SRC_F64)
        return (sn_le64(p) & 0x7fffffffffffffffu) < 0x7ff0000000000000u;
    return t != SRC_F16 && (value_bits(t, p) & 0x7fffffffu) < 0x7f800000u;
}

/* Contiguous source values to `to` (SN_F32 or SN_F16), in order; out must not be in. */
static int convert(const struct found *f, const uint8_t *in, enum sn_dtype to, uint8_t *out, struct sn_error *err)
{
    size_t size = src_size(f->dtype);

    for (size_t i = 0; i < f->count; i++, in += size) {
        uint32_t u = value_bits(f->dtype, in);
        uint16_t h = f16_bits(u);

        if (to == SN_F32)
            sn_put_le32(out + 4 * i, u);
        else
            sn_put_le16(out + 2 * i, h);
        if ((to == SN_F32 ? (u & 0x7fffffffu) == 0x7f800000u : (h & 0x7fffu) == 0x7c00u) && overflowed(f->dtype, in))
            return SN_FAIL(err, SN_EUNSUPPORTED, "tensor \"%s\": element %zu is too large for %s", f->path, i,
                           sn_dtype_name(to));
    }
    return SN_OK;
}

static enum sn_dtype stored_as(enum src_dtype t, enum sn_dtype store)
{
    if (store)
        return store;
    return t == SRC_F16 ? SN_F16 : t == SRC_BF16 ? SN_BF16 : SN_F32;
}

/* ---- one tensor into the model ------------------------------------------------------------ */

struct job {
    const struct sn_import_options *opt;
    struct sn_model *m;
    struct sn_import_report *report;
    struct found_list *list;
    bool borrow;   /* the input lives as long as the model */
    size_t budget; /* bytes of values still allowed: strides and shared storages must not multiply the file */
    size_t skip;
};

/* The tensor's values in C order, in the input where they lie so, else in the model's arena. */
static int contiguous(struct job *j, const struct found *f, const uint8_t **out, struct sn_error *err)
{
    size_t bytes = f->count * src_size(f->dtype); /* was checked by the container's reader */
    uint8_t *copy;

    if (bytes > j->budget)
        return SN_FAIL(err, SN_ELIMIT, "tensor \"%s\": the tensors together need more than four times the file's size",
                       f->path);
    j->budget -= bytes;
    *out = f->data;
    if (f->count == 0 || is_contiguous(f))
        return SN_OK;
    copy = sn_arena_get(&j->m->arena, bytes, err);
    if (!copy)
        return err ? err->code : SN_ENOMEM;
    gather(f, copy);
    *out = copy;
    return SN_OK;
}

static int keep(struct job *j, const struct found *f, const char *name, const uint8_t *values, struct sn_error *err)
{
    static const enum sn_dtype same[] = { [SRC_F64] = 0, [SRC_F32] = SN_F32, [SRC_F16] = SN_F16, [SRC_BF16] = SN_BF16 };
    enum sn_dtype to = stored_as(f->dtype, j->opt->store);
    bool copy = values == f->data && !j->borrow;

    if (to != same[f->dtype] && f->count) {
        uint8_t *p = sn_arena_get(&j->m->arena, f->count * sn_dtype_size(to), err);

        if (!p)
            return err ? err->code : SN_ENOMEM;
        SN_TRY(convert(f, values, to, p, err));
        values = p;
        copy = false;
    }
    j->report->rounded += f->dtype == SRC_F64 || (to == SN_F16 && f->dtype != SRC_F16);
    j->report->tensors++;
    return sn_model_add(j->m, name, to, f->rank, f->shape, values, copy, err);
}

static int take_tensor(struct job *j, const struct found *f, struct sn_error *err)
{
    const char *name = inner(j->list, f->path);
    const uint8_t *values = NULL;

    name = name && src_is_float(f->dtype) ? name + j->skip : NULL;
    if (name || j->opt->seen)
        SN_TRY(contiguous(j, f, &values, err));
    if (j->opt->seen) {
        struct sn_import_tensor t = { .path = f->path, .name = name, .dtype = src_name(f->dtype), .rank = f->rank,
                                      .count = f->count, .bytes = f->count * src_size(f->dtype), .data = values };

        memcpy(t.shape, f->shape, sizeof t.shape);
        j->opt->seen(j->opt->seen_ctx, &t);
    }
    if (name)
        return keep(j, f, name, values, err);
    j->report->dropped++;
    return SN_OK;
}

/* ---- containers --------------------------------------------------------------------------- */

static int read_container(const uint8_t *p, size_t n, bool whole_module, struct found_list *l, const char **name,
                          struct sn_error *err)
{
    static const uint8_t legacy[15] = { 0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c, 0x46,
                                        0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.' };

    if (n >= 4 && memcmp(p, "PK\3\4", 4) == 0) {
        *name = "zip";
        return import_torch_zip(p, n, whole_module, l, err);
    }
    if (n >= sizeof legacy && memcmp(p, legacy, sizeof legacy) == 0) {
        *name = "legacy";
        return import_torch_legacy(p, n, whole_module, l, err);
    }
    if (n >= 9 && p[8] == '{') {
        *name = "safetensors";
        return import_safetensors(p, n, l, err);
    }
    if (n >= 4 && memcmp(p, "\x89SNW", 4) == 0)
        return SN_FAIL(err, SN_EUNSUPPORTED, "already an .snw file");
    if (n > 262 && memcmp(p + 257, "ustar", 5) == 0)
        return SN_FAIL(err, SN_EUNSUPPORTED, "a tar archive (PyTorch 0.1); load and save it with a newer PyTorch");
    if (n && p[0] == 0x80)
        return SN_FAIL(err, SN_EUNSUPPORTED, "a bare pickle, not a checkpoint written by torch.save");
    return SN_FAIL(err, SN_EUNSUPPORTED, "neither a PyTorch checkpoint (zip or legacy) nor a safetensors file");
}

static int import(const uint8_t *p, size_t n, bool borrow, const struct sn_import_options *opt, struct sn_model *m,
                  struct sn_import_report *report, struct sn_error *err)
{
    static const struct sn_import_options none;
    struct sn_import_report scratch;
    struct sn_arena arena;
    struct found_list list = { .arena = &arena, .wrapper = "" };
    struct job j = { opt ? opt : &none, m, report ? report : &scratch, &list, borrow, 0, 0 };
    size_t small = SN_MIN(n, IMPORT_MAX_PICKLE * 2);
    const char *container = "";
    int rc;

    memset(j.report, 0, sizeof *j.report);
    if (j.opt->store && j.opt->store != SN_F32 && j.opt->store != SN_F16)
        return SN_FAIL(err, SN_EINVAL, "weights are stored as in the source, as f32 or as f16");
    /* a one-byte opcode makes a value of 48 bytes and one or two pointers to it */
    sn_arena_init(&arena, 80 * small + ((size_t)1 << 20));
    j.budget = (n > SIZE_MAX / 8 ? SIZE_MAX / 2 : 4 * n) + ((size_t)1 << 16);
    SN_TRY_OUT(read_container(p, n, j.opt->whole_module, &list, &container, err));
    (void)snprintf(j.report->container, sizeof j.report->container, "%s", container);
    SN_TRY_OUT(check_duplicates(&list, err));
    j.report->ignored = list.ignored;
    j.skip = strip_prefixes(&list, j.report);
    for (size_t i = 0; i < list.n; i++)
        SN_TRY_OUT(take_tensor(&j, &list.v[i], err));
    if (j.report->tensors == 0)
        rc = SN_FAIL(err, SN_EUNSUPPORTED, "%s: no floating-point tensors (%zu others)", container, j.report->dropped);
out:
    sn_arena_free(&arena);
    return rc;
}

int sn_import_bytes(const void *data, size_t size, const struct sn_import_options *opt, struct sn_model *m,
                    struct sn_import_report *report, struct sn_error *err)
{
    int rc;

    sn_model_init(m);
    rc = import(data, size, false, opt, m, report, err);
    if (rc)
        sn_model_close(m);
    return rc;
}

int sn_import(const char *path, const struct sn_import_options *opt, struct sn_model *m,
              struct sn_import_report *report, struct sn_error *err)
{
    int rc;

    sn_model_init(m);
    SN_TRY(sn_map_file(path, &m->map, err));
    rc = import(m->map.data, m->map.size, true, opt, m, report, err);
    if (rc) {
        rc = sn_fail_context(err, rc, "%s", path);
        sn_model_close(m);
    }
    return rc;
}
