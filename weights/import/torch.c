/*
 * torch.c: PyTorch's two containers, zip (since 1.6) and legacy, down to a list of named tensors.
 * Facts: DOMAIN.md F.1. The pickle is read by pickle.c; nothing in the file is executed.
 */
#include "weights/import/import.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- from values to named tensors ---------------------------------------------------------- */

struct walk {
    struct found_list *list;
    size_t visits;            /* still allowed: shared values must not multiply without bound */
    char path[IMPORT_MAX_PATH + 2];
    size_t len;
    int depth;
    struct sn_error *err;
};

static int walk(struct walk *w, const struct pk *v, bool in_dict);

/* Walks `v` under path + name (+ '.'), then restores the path. */
static int descend(struct walk *w, const char *name, size_t n, const struct pk *v, bool in_dict)
{
    size_t old = w->len;
    int rc;

    if (old + n + 1 > IMPORT_MAX_PATH)
        return SN_FAIL(w->err, SN_ELIMIT, "tensor name longer than %u bytes under \"%.80s\"", IMPORT_MAX_PATH, w->path);
    if (memchr(name, '\0', n))
        return SN_FAIL(w->err, SN_EFORMAT, "a name under \"%.80s\" holds a zero byte", w->path);
    if (old)
        w->path[w->len++] = '.';
    memcpy(w->path + w->len, name, n);
    w->len += n;
    w->path[w->len] = '\0';
    rc = walk(w, v, in_dict);
    w->len = old;
    w->path[old] = '\0';
    return rc;
}

static int walk_tensor(struct walk *w, const struct pk_tensor *t)
{
    struct found f = { .path = w->path, .dtype = t->storage->dtype, .rank = t->rank, .count = t->count };

    if (!t->storage->placed)
        return SN_FAIL(w->err, SN_EFORMAT, "storage \"%.*s\" of tensor \"%s\" is not in the file",
                       (int)SN_MIN(t->storage->key_len, (size_t)60), t->storage->key, w->path);
    memcpy(f.shape, t->shape, sizeof f.shape);
    memcpy(f.stride, t->stride, sizeof f.stride);
    if (t->count)
        f.data = t->storage->data + (size_t)t->offset * src_size(t->storage->dtype);
    if (!w->len)
        return SN_FAIL(w->err, SN_EUNSUPPORTED, "the file holds one bare tensor without a name, not a state dict");
    return found_add(w->list, &f, w->err);
}

static int walk_dict(struct walk *w, const struct pk *d)
{
    for (size_t i = 0; i < d->u.seq.n; i += 2) {
        const struct pk *key = d->u.seq.v[i], *value = d->u.seq.v[i + 1];
        char number[24];

        if (key->kind == PK_TEXT) {
            SN_TRY(descend(w, key->u.text.s, key->u.text.n, value, true));
        } else if (key->kind == PK_INT) {
            int n = snprintf(number, sizeof number, "%" PRId64, key->u.i);

            SN_TRY(descend(w, number, (size_t)n, value, true));
        } else {
            w->list->ignored++;
        }
    }
    return SN_OK;
}

/* torch.nn.Module keeps its tensors in three dictionaries of its __dict__. */
static int walk_module(struct walk *w, const struct pk *m)
{
    static const char *const parts[] = { "_parameters", "_buffers", "_modules" };

    if (!m->u.module.state || m->u.module.state->kind != PK_DICT)
        return SN_OK;
    for (size_t i = 0; i < 3; i++) {
        const struct pk *part = pk_get(m->u.module.state, parts[i]);

        if (part && part->kind == PK_DICT)
            SN_TRY(walk_dict(w, part));
    }
    return SN_OK;
}

static int walk(struct walk *w, const struct pk *v, bool in_dict)
{
    char number[24];
    int rc = SN_OK;

    if (w->visits-- == 0)
        return SN_FAIL(w->err, SN_ELIMIT, "values are shared so often that walking them does not end");
    if (w->depth >= IMPORT_MAX_DEPTH)
        return SN_FAIL(w->err, SN_ELIMIT, "\"%.80s\" is nested deeper than %d", w->path, IMPORT_MAX_DEPTH);
    w->depth++;
    switch (v->kind) {
    case PK_TENSOR: rc = walk_tensor(w, v->u.tensor); break;
    case PK_DICT: rc = walk_dict(w, v); break;
    case PK_MODULE: rc = walk_module(w, v); break;
    case PK_LIST:
    case PK_TUPLE:
        for (size_t i = 0; i < v->u.seq.n && !rc; i++)
            if (v->u.seq.v[i]->kind >= PK_TUPLE) { /* numbers and texts need no path */
                int n = snprintf(number, sizeof number, "%zu", i);

                rc = descend(w, number, (size_t)n, v->u.seq.v[i], false);
            }
        break;
    default: w->list->ignored += in_dict; break;
    }
    w->depth--;
    return rc;
}

/* Whether a tensor's path begins with `prefix`. */
static bool any_under(const struct found_list *l, const char *prefix)
{
    size_t n = strlen(prefix);

    for (size_t i = 0; i < l->n; i++)
        if (strncmp(l->v[i].path, prefix, n) == 0)
            return true;
    return false;
}

/* How often a text key occurs. */
static int times(const struct pk *dict, const char *key, size_t n)
{
    int found = 0;

    for (size_t i = 0; i < dict->u.seq.n; i += 2)
        found += dict->u.seq.v[i]->kind == PK_TEXT && dict->u.seq.v[i]->u.text.n == n &&
                 memcmp(dict->u.seq.v[i]->u.text.s, key, n) == 0;
    return found;
}

/*
 * Which dictionary is the state dict: the root, or what lies under the names trainers use, the
 * first of the list that holds tensors. A dictionary with tensors of its own is taken as it is.
 */
static int find_wrapper(struct walk *w, const struct pk *root)
{
    static const char *const names[] = { "state_dict", "model_state_dict", "model", "net", "network_weights", "ema" };
    char prefix[96] = "";
    size_t len = 0;
    char *copy;

    for (int level = 0; level < 4 && root->kind == PK_DICT; level++) {
        const struct pk *next = NULL;

        for (size_t i = 1; i < root->u.seq.n; i += 2)
            if (root->u.seq.v[i]->kind == PK_TENSOR)
                goto done;
        for (size_t i = 0; i < sizeof names / sizeof *names && !next; i++) {
            next = pk_get(root, names[i]);
            (void)snprintf(prefix + len, sizeof prefix - len, "%s.", names[i]);
            if (next && ((next->kind != PK_DICT && next->kind != PK_MODULE) || !any_under(w->list, prefix)))
                next = NULL;
        }
        if (!next) {
            prefix[len] = '\0';
            break;
        }
        if (times(root, prefix + len, strlen(prefix + len) - 1) > 1)
            return SN_FAIL(w->err, SN_EFORMAT, "dictionary key \"%s\" occurs twice", prefix + len);
        len = strlen(prefix);
        root = next;
    }
done:
    prefix[len] = '\0';
    copy = sn_arena_strdup(w->list->arena, prefix, len, w->err);
    if (!copy)
        return w->err ? w->err->code : SN_ENOMEM;
    w->list->wrapper = copy;
    return SN_OK;
}

static int name_tensors(struct pk_env *env, const struct pk *root, struct found_list *l, struct sn_error *err)
{
    struct walk *w = sn_arena_get(l->arena, sizeof *w, err);

    if (!w)
        return err ? err->code : SN_ENOMEM;
    w->list = l;
    w->visits = 2 * env->ops + 1000; /* each opcode puts at most one value in its place; some sharing is honest */
    w->err = err;
    SN_TRY(walk(w, root, false));
    return find_wrapper(w, root);
}

static struct pk_env *new_env(struct found_list *l, bool whole_module, struct sn_error *err)
{
    struct pk_env *env = sn_arena_get(l->arena, sizeof *env, err);

    if (env) {
        env->arena = l->arena;
        env->whole_module = whole_module;
    }
    return env;
}

/* ---- zip ---------------------------------------------------------------------------------- */

static bool ends_with(const struct zip_entry *e, size_t top, const char *rest)
{
    return e->name_len == top + strlen(rest) && memcmp(e->name + top, rest, strlen(rest)) == 0;
}

static bool under(const struct zip_entry *e, size_t top, const char *folder)
{
    return e->name_len > top + strlen(folder) && memcmp(e->name + top, folder, strlen(folder)) == 0;
}

/* *top: length of "archive/", the one folder everything lies in. */
static int check_layout(const struct zip_dir *z, size_t *top, struct zip_entry **pickle, struct sn_error *err)
{
    const struct zip_entry *first = &z->v[0];
    const char *slash = memchr(first->name, '/', first->name_len);
    bool npz = false, script = false;

    *pickle = NULL;
    *top = slash ? (size_t)(slash - first->name) + 1 : 0;
    for (size_t i = 0; i < z->n; i++) {
        struct zip_entry *e = &z->v[i];

        npz |= e->name_len > 4 && memcmp(e->name + e->name_len - 4, ".npy", 4) == 0;
        if (e->name_len < *top || memcmp(e->name, first->name, *top) != 0)
            *top = 0;
    }
    for (size_t i = 0; *top && i < z->n; i++) {
        struct zip_entry *e = &z->v[i];

        if (ends_with(e, *top, "data.pkl"))
            *pickle = e;
        script |= ends_with(e, *top, "constants.pkl") || under(e, *top, "code/");
        if (ends_with(e, *top, "byteorder")) {
            SN_TRY(zip_check(e, err));
            if (e->size != 6 || memcmp(e->data, "little", 6) != 0)
                return SN_FAIL(err, SN_EUNSUPPORTED, "zip: byte order is not \"little\"");
        }
    }
    if (npz)
        return SN_FAIL(err, SN_EUNSUPPORTED, "zip: a NumPy .npz archive, not a PyTorch checkpoint");
    if (script)
        return SN_FAIL(err, SN_EUNSUPPORTED,
                       "zip: a TorchScript archive holds code; save the model's state_dict() instead");
    if (!*pickle)
        return SN_FAIL(err, SN_EUNSUPPORTED, "zip: no data.pkl in one top folder: not written by torch.save");
    return SN_OK;
}

/* Finds data/<key> of every storage the pickle names. */
static int place_zip(struct pk_env *env, const struct zip_dir *z, const char *top, size_t top_len,
                     struct sn_error *err)
{
    char name[512];

    for (size_t b = 0; b < PK_BUCKETS; b++)
        for (struct pk_storage *s = env->buckets[b]; s; s = s->next) {
            struct zip_entry *e = NULL;
            size_t bytes;

            if (s->key_len < 128 && top_len < sizeof name - 128 - 8) {
                memcpy(name, top, top_len);
                memcpy(name + top_len, "data/", 5);
                memcpy(name + top_len + 5, s->key, s->key_len);
                e = zip_find(z, name, top_len + 5 + s->key_len);
            }
            if (!e)
                return SN_FAIL(err, SN_EFORMAT, "zip: no entry data/%.*s, which the pickle names",
                               (int)SN_MIN(s->key_len, (size_t)100), s->key);
            if (s->count > SIZE_MAX)
                return SN_FAIL(err, SN_ELIMIT, "zip: data/%.*s is too large", (int)s->key_len, s->key);
            SN_TRY(sn_size_mul(&bytes, (size_t)s->count, src_size(s->dtype), err));
            if (e->size != bytes)
                return SN_FAIL(err, SN_EFORMAT, "zip: data/%.*s has %zu bytes, the pickle needs %zu", (int)s->key_len,
                               s->key, e->size, bytes);
            SN_TRY(zip_check(e, err));
            s->data = e->data;
            s->placed = true;
        }
    return SN_OK;
}

int import_torch_zip(const uint8_t *data, size_t size, bool whole_module, struct found_list *l,
                     struct sn_error *err)
{
    struct zip_dir z;
    struct zip_entry *pickle;
    struct pk_env *env;
    struct sn_bytes in;
    struct pk *root;
    size_t top;

    SN_TRY(zip_open(data, size, l->arena, &z, err));
    SN_TRY(check_layout(&z, &top, &pickle, err));
    SN_TRY(zip_check(pickle, err));
    env = new_env(l, whole_module, err);
    if (!env)
        return err ? err->code : SN_ENOMEM;
    env->base = (size_t)(pickle->data - data);
    in = (struct sn_bytes){ pickle->data, pickle->size, 0 };
    SN_TRY(pk_load(env, &in, &root, err));
    if (sn_left(&in))
        return SN_FAIL(err, SN_EFORMAT, "pickle: %zu bytes after STOP at byte %zu", sn_left(&in), env->base + in.pos);
    SN_TRY(place_zip(env, &z, pickle->name, top, err));
    return name_tensors(env, root, l, err);
}

/* ---- legacy ------------------------------------------------------------------------------- */

#define LEGACY_PROTOCOL 1001

/* After the pickles, for each key of the last one: the element count, then the elements. */
static int place_legacy(struct pk_env *env, struct sn_bytes *in, const struct pk *keys, struct sn_error *err)
{
    if (keys->kind != PK_LIST)
        return SN_FAIL(err, SN_EFORMAT, "legacy: no list of storage keys before byte %zu", in->pos);
    for (size_t i = 0; i < keys->u.seq.n; i++) {
        const struct pk *key = keys->u.seq.v[i];
        struct pk_storage *s = key->kind == PK_TEXT ? pk_find_storage(env, key->u.text.s, key->u.text.n) : NULL;
        size_t bytes;

        if (!s || s->placed)
            return SN_FAIL(err, SN_EFORMAT, "legacy: storage %zu at byte %zu is %s", i, in->pos,
                           s ? "listed twice" : "not one the pickle names");
        if (sn_left(in) < 8)
            return SN_FAIL(err, SN_EFORMAT, "legacy: storage \"%.*s\" at byte %zu is cut off",
                           (int)SN_MIN(s->key_len, (size_t)60), s->key, in->pos);
        if (sn_le64(in->data + in->pos) != s->count || s->count > SIZE_MAX)
            return SN_FAIL(err, SN_EFORMAT,
                           "legacy: storage at byte %zu has %" PRIu64 " elements, the pickle says %" PRIu64, in->pos,
                           sn_le64(in->data + in->pos), s->count);
        in->pos += 8;
        SN_TRY(sn_size_mul(&bytes, (size_t)s->count, src_size(s->dtype), err));
        if (bytes > sn_left(in))
            return SN_FAIL(err, SN_EFORMAT, "legacy: storage at byte %zu needs %zu bytes, %zu remain", in->pos, bytes,
                           sn_left(in));
        s->data = in->data + in->pos;
        s->placed = true;
        in->pos += bytes;
    }
    if (sn_left(in))
        return SN_FAIL(err, SN_EFORMAT, "legacy: %zu bytes after the last storage, at byte %zu", sn_left(in), in->pos);
    return SN_OK;
}

int import_torch_legacy(const uint8_t *data, size_t size, bool whole_module, struct found_list *l,
                        struct sn_error *err)
{
    struct sn_bytes in = { data, size, 0 };
    struct pk_env *env = new_env(l, whole_module, err);
    struct pk *magic, *version, *info, *root, *keys, *little;

    if (!env)
        return err ? err->code : SN_ENOMEM;
    SN_TRY(pk_load(env, &in, &magic, err)); /* its value was what made us come here */
    SN_TRY(pk_load(env, &in, &version, err));
    if (version->kind != PK_INT || version->u.i != LEGACY_PROTOCOL)
        return SN_FAIL(err, SN_EUNSUPPORTED, "legacy: protocol before byte %zu is not 1001", in.pos);
    SN_TRY(pk_load(env, &in, &info, err));
    little = pk_get(info, "little_endian");
    if (!little || little->kind != PK_BOOL || !little->u.i)
        return SN_FAIL(err, SN_EUNSUPPORTED, "legacy: system information before byte %zu does not say little_endian",
                       in.pos);
    SN_TRY(pk_load(env, &in, &root, err));
    SN_TRY(pk_load(env, &in, &keys, err));
    SN_TRY(place_legacy(env, &in, keys, err));
    return name_tensors(env, root, l, err);
}
