/*
 * globals.c: the fixed table of names a checkpoint may call, and what each call gives: a value
 * built here, from the arguments alone. A name outside the table stops the import when it is called;
 * merely mentioned it stays an inert name.
 */
#include "weights/import/import.h"

enum {
    G_UNKNOWN,
    G_DICT,          /* OrderedDict(), OrderedDict(pairs), Counter(dict), defaultdict(factory) */
    G_TENSOR_V1,     /* storage, offset, size, stride */
    G_TENSOR_V2,     /* ..., requires_grad, hooks[, metadata] */
    G_PARAMETER,     /* data, ...: gives data */
    G_FROM_TYPE,     /* function, type, arguments, state: gives function(arguments) */
    G_SIZE,          /* tuple: gives it */
    G_DATA,          /* gives a value nobody looks at */
    G_WHOLE_DATA,    /* the same, with --whole-module only */
    G_STORAGE = 100  /* + enum src_dtype: names a storage's type, never called */
};

static const struct {
    const char *mod, *name;
    int id;
} table[] = {
    { "collections", "OrderedDict", G_DICT },
    { "collections", "defaultdict", G_DICT },
    { "collections", "Counter", G_DICT },
    { "torch._utils", "_rebuild_tensor", G_TENSOR_V1 },
    { "torch._utils", "_rebuild_tensor_v2", G_TENSOR_V2 },
    { "torch._utils", "_rebuild_parameter", G_PARAMETER },
    { "torch._utils", "_rebuild_parameter_with_state", G_PARAMETER },
    { "torch.nn.parameter", "Parameter", G_PARAMETER },
    { "torch._tensor", "_rebuild_from_type_v2", G_FROM_TYPE },
    { "torch", "Size", G_SIZE },
    { "torch", "device", G_DATA },
    { "torch.serialization", "_get_layout", G_DATA },
    { "__builtin__", "set", G_DATA },
    { "builtins", "set", G_DATA },
    { "__builtin__", "frozenset", G_DATA },
    { "builtins", "frozenset", G_DATA },
    { "_codecs", "encode", G_DATA }, /* how protocol 2 spells bytes */
    { "argparse", "Namespace", G_DATA },
    { "numpy", "dtype", G_DATA },
    { "numpy", "ndarray", G_DATA },
    { "numpy.core.multiarray", "scalar", G_DATA },
    { "numpy.core.multiarray", "_reconstruct", G_DATA },
    { "numpy._core.multiarray", "scalar", G_DATA },
    { "numpy._core.multiarray", "_reconstruct", G_DATA },
    { "torch.nn.backends.thnn", "_get_thnn_function_backend", G_WHOLE_DATA },
    { "torch", "DoubleStorage", G_STORAGE + SRC_F64 },
    { "torch", "FloatStorage", G_STORAGE + SRC_F32 },
    { "torch", "HalfStorage", G_STORAGE + SRC_F16 },
    { "torch", "BFloat16Storage", G_STORAGE + SRC_BF16 },
    { "torch", "LongStorage", G_STORAGE + SRC_I64 },
    { "torch", "IntStorage", G_STORAGE + SRC_I32 },
    { "torch", "ShortStorage", G_STORAGE + SRC_I16 },
    { "torch", "CharStorage", G_STORAGE + SRC_I8 },
    { "torch", "ByteStorage", G_STORAGE + SRC_U8 },
    { "torch", "BoolStorage", G_STORAGE + SRC_BOOL },
    { "torch", "ComplexFloatStorage", G_STORAGE + SRC_C64 },
    { "torch", "ComplexDoubleStorage", G_STORAGE + SRC_C128 },
    { "torch.cuda", "DoubleStorage", G_STORAGE + SRC_F64 },
    { "torch.cuda", "FloatStorage", G_STORAGE + SRC_F32 },
    { "torch.cuda", "HalfStorage", G_STORAGE + SRC_F16 },
    { "torch.cuda", "LongStorage", G_STORAGE + SRC_I64 },
    { "torch.cuda", "IntStorage", G_STORAGE + SRC_I32 },
};

int pk_global_id(const char *mod, size_t mod_len, const char *name, size_t name_len)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strlen(table[i].mod) == mod_len && strlen(table[i].name) == name_len &&
            memcmp(table[i].mod, mod, mod_len) == 0 && memcmp(table[i].name, name, name_len) == 0)
            return table[i].id;
    return G_UNKNOWN;
}

/* ---- refusals ----------------------------------------------------------------------------- */

/* "posix.system", cut to fit a message. */
static const char *global_text(const struct pk *v, char buf[128])
{
    struct sn_error text;

    (void)sn_fail(&text, 0, "%.*s.%.*s", (int)SN_MIN(v->u.global.mod_len, (size_t)60), v->u.global.mod,
                  (int)SN_MIN(v->u.global.name_len, (size_t)60), v->u.global.name);
    memcpy(buf, text.msg, 127);
    buf[127] = '\0';
    return buf;
}

static int refuse_call(const struct pk *callee, size_t at, struct sn_error *err)
{
    char name[128];

    if (callee->kind != PK_GLOBAL)
        return SN_FAIL(err, SN_EFORMAT, "pickle: byte %zu calls what is no function or class", at);
    return SN_FAIL(err, SN_EUNSUPPORTED, "pickle: byte %zu calls %s, which is not in the table of harmless names; "
                   "nothing was run. If this file is a whole module, save its state_dict() or use --whole-module",
                   at, global_text(callee, name));
}

static int bad_args(const struct pk *callee, size_t at, const char *why, struct sn_error *err)
{
    char name[128];

    return SN_FAIL(err, SN_EFORMAT, "pickle: %s at byte %zu %s", global_text(callee, name), at, why);
}

/* ---- storages ----------------------------------------------------------------------------- */

/* FNV-1a: spreads keys over the buckets, nothing more. */
static uint32_t bucket_of(const char *key, size_t len)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)key[i]) * 16777619u;
    return h % PK_BUCKETS;
}

struct pk_storage *pk_find_storage(const struct pk_env *env, const char *key, size_t len)
{
    struct pk_storage *s = env->buckets[bucket_of(key, len)];

    while (s && (s->key_len != len || memcmp(s->key, key, len) != 0))
        s = s->next;
    return s;
}

static int get_storage(struct pk_env *env, const struct pk *key, enum src_dtype dtype, uint64_t count, size_t at,
                       struct pk_storage **out, struct sn_error *err)
{
    struct pk_storage *s = pk_find_storage(env, key->u.text.s, key->u.text.n);
    uint32_t b = bucket_of(key->u.text.s, key->u.text.n);

    *out = s;
    if (s) {
        if (s->dtype != dtype || s->count != count)
            return SN_FAIL(err, SN_EFORMAT, "pickle: byte %zu describes storage %.*s otherwise than before", at,
                           (int)SN_MIN(s->key_len, (size_t)60), s->key);
        return SN_OK;
    }
    if (env->n_storages >= IMPORT_MAX_TENSORS)
        return SN_FAIL(err, SN_ELIMIT, "pickle: more than %u storages", IMPORT_MAX_TENSORS);
    s = sn_arena_get(env->arena, sizeof *s, err);
    if (!s)
        return err ? err->code : SN_ENOMEM;
    *s = (struct pk_storage){ .key = key->u.text.s, .key_len = key->u.text.n, .dtype = dtype, .count = count,
                              .next = env->buckets[b] };
    env->buckets[b] = s;
    env->n_storages++;
    *out = s;
    return SN_OK;
}

/* ("storage", type, key, device, elements[, None or (key, offset, elements)]) */
static int storage_from(struct pk_env *env, struct pk *const *v, size_t n, size_t at, struct pk **out,
                        struct sn_error *err)
{
    struct pk_storage *s;
    struct pk *view = n == 6 && v[5]->kind != PK_NONE ? v[5] : NULL;
    uint64_t count, offset = 0;

    if ((n != 5 && n != 6) || v[2]->kind != PK_TEXT || v[4]->kind != PK_INT || v[4]->u.i < 0)
        return SN_FAIL(err, SN_EFORMAT, "pickle: storage at byte %zu is not described as torch.save does", at);
    if (v[1]->kind != PK_GLOBAL || v[1]->u.global.id <= G_STORAGE)
        return SN_FAIL(err, SN_EUNSUPPORTED, "pickle: storage at byte %zu has a type we do not read", at);
    count = (uint64_t)v[4]->u.i;
    SN_TRY(get_storage(env, v[2], (enum src_dtype)(v[1]->u.global.id - G_STORAGE), count, at, &s, err));
    if (view) {
        struct pk **w = view->u.seq.v;

        if (view->kind != PK_TUPLE || view->u.seq.n != 3 || w[1]->kind != PK_INT || w[2]->kind != PK_INT ||
            w[1]->u.i < 0 || w[2]->u.i < 0 || (uint64_t)w[1]->u.i > count ||
            (uint64_t)w[2]->u.i > count - (uint64_t)w[1]->u.i)
            return SN_FAIL(err, SN_EFORMAT, "pickle: view of a storage at byte %zu lies outside it", at);
        offset = (uint64_t)w[1]->u.i;
        count = (uint64_t)w[2]->u.i;
    }
    *out = pk_new(env, PK_STORAGE, err);
    if (!*out)
        return err ? err->code : SN_ENOMEM;
    (*out)->u.view.storage = s;
    (*out)->u.view.offset = offset;
    (*out)->u.view.count = count;
    return SN_OK;
}

int pk_persistent(struct pk_env *env, const struct pk *id, size_t at, struct pk **out, struct sn_error *err)
{
    struct pk **v = id->kind == PK_TUPLE ? id->u.seq.v : NULL;
    size_t n = v ? id->u.seq.n : 0;
    char name[128];

    if (n >= 5 && pk_text_is(v[0], "storage"))
        return storage_from(env, v, n, at, out, err);
    /* ("module", class, source file, source): how PyTorch before 1.6 named the classes of whole modules */
    if (n == 4 && pk_text_is(v[0], "module") && v[1]->kind == PK_GLOBAL) {
        if (!env->whole_module)
            return SN_FAIL(err, SN_EUNSUPPORTED, "pickle: byte %zu: this file is a whole module of class %s; save its "
                           "state_dict(), or use --whole-module to take its tensors without running it",
                           at, global_text(v[1], name));
        *out = v[1];
        return SN_OK;
    }
    return SN_FAIL(err, SN_EFORMAT, "pickle: persistent id at byte %zu names no storage", at);
}

/* ---- tensors ------------------------------------------------------------------------------ */

static int read_dims(const struct pk *v, uint64_t out[SN_TENSOR_MAX_RANK], int *rank)
{
    if (v->kind != PK_TUPLE || v->u.seq.n > SN_TENSOR_MAX_RANK)
        return SN_EFORMAT;
    for (size_t i = 0; i < v->u.seq.n; i++) {
        if (v->u.seq.v[i]->kind != PK_INT || v->u.seq.v[i]->u.i < 0)
            return SN_EFORMAT;
        out[i] = (uint64_t)v->u.seq.v[i]->u.i;
    }
    *rank = (int)v->u.seq.n;
    return SN_OK;
}

/* Whether the last element, at offset + sum (shape - 1) * stride, is below `limit`. */
static bool fits(const struct pk_tensor *t, uint64_t limit)
{
    uint64_t room;

    if (t->count == 0)
        return t->offset <= limit;
    if (t->offset >= limit)
        return false;
    room = limit - 1 - t->offset;
    for (int i = 0; i < t->rank; i++) {
        uint64_t steps = t->shape[i] - 1;

        if (t->stride[i] && steps > room / t->stride[i])
            return false;
        room -= steps * t->stride[i];
    }
    return true;
}

static int make_tensor(struct pk_env *env, const struct pk *callee, struct pk *const *v, size_t n, size_t at,
                       struct pk **out, struct sn_error *err)
{
    struct pk_tensor *t;
    size_t bytes;
    int strides = 0;

    if (callee->u.global.id == G_TENSOR_V1 ? n != 4 : n != 6 && n != 7)
        return bad_args(callee, at, "has the wrong number of arguments", err);
    if (v[0]->kind != PK_STORAGE || v[1]->kind != PK_INT || v[1]->u.i < 0)
        return bad_args(callee, at, "has no storage and offset", err);
    t = sn_arena_get(env->arena, sizeof *t, err);
    *out = t ? pk_new(env, PK_TENSOR, err) : NULL;
    if (!*out)
        return err ? err->code : SN_ENOMEM;
    (*out)->u.tensor = t;
    t->storage = v[0]->u.view.storage;
    t->offset = (uint64_t)v[1]->u.i;
    if (read_dims(v[2], t->shape, &t->rank) || read_dims(v[3], t->stride, &strides) || strides != t->rank)
        return bad_args(callee, at, "has no valid size and stride of the same length, at most 8", err);
    t->count = 1;
    for (int i = 0; i < t->rank; i++) {
        if (t->shape[i] > SIZE_MAX)
            return bad_args(callee, at, "has a size beyond this machine's memory", err);
        SN_TRY(sn_size_mul(&t->count, t->count, (size_t)t->shape[i], err));
    }
    SN_TRY(sn_size_mul(&bytes, t->count, src_size(t->storage->dtype), err));
    if (!fits(t, v[0]->u.view.count))
        return bad_args(callee, at, "reaches outside its storage", err);
    t->offset += v[0]->u.view.offset;
    return SN_OK;
}

/* ---- calls -------------------------------------------------------------------------------- */

/* OrderedDict([[k, v], ...]) as Python 2 writes it; OrderedDict(), Counter({...}), defaultdict(f). */
static int make_dict(struct pk_env *env, const struct pk *callee, const struct pk *args, size_t at, struct pk **out,
                     struct sn_error *err)
{
    const struct pk *from = args->u.seq.n ? args->u.seq.v[0] : NULL;
    struct pk *d = pk_new(env, PK_DICT, err);
    size_t n;

    *out = d;
    if (!d)
        return err ? err->code : SN_ENOMEM;
    if (!from || from->kind == PK_GLOBAL || from->kind == PK_NONE)
        return SN_OK;
    if (from->kind != PK_LIST && from->kind != PK_DICT)
        return bad_args(callee, at, "is made from neither a list nor a dictionary", err);
    n = from->u.seq.n;
    if (n == 0)
        return SN_OK;
    SN_TRY(sn_size_mul3(&d->u.seq.cap, n, 2, sizeof *d->u.seq.v, err));
    d->u.seq.v = sn_arena_get(env->arena, d->u.seq.cap, err);
    if (!d->u.seq.v)
        return err ? err->code : SN_ENOMEM;
    d->u.seq.cap = 2 * n;
    if (from->kind == PK_DICT) {
        memcpy(d->u.seq.v, from->u.seq.v, n * sizeof *d->u.seq.v);
        d->u.seq.n = n;
        return SN_OK;
    }
    for (size_t i = 0; i < n; i++) {
        const struct pk *pair = from->u.seq.v[i];

        if ((pair->kind != PK_LIST && pair->kind != PK_TUPLE) || pair->u.seq.n != 2)
            return bad_args(callee, at, "is made from a list of other things than pairs", err);
        d->u.seq.v[d->u.seq.n++] = pair->u.seq.v[0];
        d->u.seq.v[d->u.seq.n++] = pair->u.seq.v[1];
    }
    return SN_OK;
}

/* One call of a name of the table other than G_FROM_TYPE, so that calls never nest here. */
static int call_plain(struct pk_env *env, const struct pk *callee, const struct pk *args, size_t at, struct pk **out,
                      struct sn_error *err)
{
    struct pk **v = args->u.seq.v;
    size_t n = args->u.seq.n;

    switch (callee->u.global.id) {
    case G_DICT:
        return make_dict(env, callee, args, at, out, err);
    case G_TENSOR_V1:
    case G_TENSOR_V2:
        return make_tensor(env, callee, v, n, at, out, err);
    case G_PARAMETER:
        if (n < 1 || v[0]->kind != PK_TENSOR)
            return bad_args(callee, at, "wraps no tensor", err);
        *out = v[0];
        return SN_OK;
    case G_SIZE:
        if (n != 1 || v[0]->kind != PK_TUPLE)
            return bad_args(callee, at, "is made from no tuple", err);
        *out = v[0];
        return SN_OK;
    case G_WHOLE_DATA:
        if (!env->whole_module)
            return refuse_call(callee, at, err);
        break;
    case G_DATA:
        break;
    default:
        return refuse_call(callee, at, err);
    }
    *out = pk_new(env, PK_DATA, err);
    return *out ? SN_OK : err ? err->code : SN_ENOMEM;
}

int pk_call(struct pk_env *env, const struct pk *callee, const struct pk *args, bool new_object, size_t at,
            struct pk **out, struct sn_error *err)
{
    struct pk **v = args->u.seq.v;

    if (args->kind != PK_TUPLE)
        return SN_FAIL(err, SN_EFORMAT, "pickle: call at byte %zu has no tuple of arguments", at);
    if (callee->kind != PK_GLOBAL)
        return refuse_call(callee, at, err);
    if (callee->u.global.id == G_UNKNOWN && new_object && env->whole_module) {
        /* object.__new__(cls): modules are always made without arguments */
        if (args->u.seq.n)
            return bad_args(callee, at, "is made with arguments, as no module is", err);
        *out = pk_new(env, PK_MODULE, err);
        if (!*out)
            return err ? err->code : SN_ENOMEM;
        (*out)->u.module.cls = callee;
        return SN_OK;
    }
    if (callee->u.global.id != G_FROM_TYPE)
        return call_plain(env, callee, args, at, out, err);
    if (args->u.seq.n != 4 || v[0]->kind != PK_GLOBAL || v[2]->kind != PK_TUPLE)
        return bad_args(callee, at, "has not the four arguments torch.save writes", err);
    if (v[0]->u.global.id != G_TENSOR_V2 && v[0]->u.global.id != G_PARAMETER)
        return refuse_call(v[0], at, err);
    return call_plain(env, v[0], v[2], at, out, err);
}

int pk_build(struct pk_env *env, struct pk *object, const struct pk *state, size_t at, struct sn_error *err)
{
    (void)env;
    switch (object->kind) {
    case PK_DICT:   /* an OrderedDict's attributes: _metadata */
    case PK_TENSOR: /* a Parameter's flags, Python 2 */
    case PK_DATA:
        return SN_OK;
    case PK_MODULE:
        if (object->u.module.state)
            return SN_FAIL(err, SN_EFORMAT, "pickle: byte %zu sets an object's state twice", at);
        object->u.module.state = state;
        return SN_OK;
    default:
        if (object->kind == PK_GLOBAL)
            return refuse_call(object, at, err);
        return SN_FAIL(err, SN_EFORMAT, "pickle: byte %zu sets the state of what is no object", at);
    }
}
