/*
 * pickle.c: a pickle machine that builds a tree of inert values and can do nothing else.
 *
 * Opcodes are those torch.save writes (protocols 2 to 5). A global is a name; what a call of one
 * gives is decided by the fixed table in globals.c, everything else stops the import. Each opcode
 * costs its bytes in the file, each value one bounded node, so memory is bounded by the input.
 */
#include "weights/import/import.h"

#define PK_MAX_MARKS 4096u

struct machine {
    struct pk_env *env;
    struct sn_bytes *in;
    size_t start;             /* in->pos at the first opcode */
    size_t at;                /* file position of the current opcode */
    struct pk **stack;
    size_t depth, cap;
    size_t *marks;
    size_t n_marks, cap_marks;
    struct pk **memo;         /* [cap_memo]; NULL: not set */
    size_t cap_memo, n_memo;  /* n_memo: what MEMOIZE uses next */
    struct sn_error *err;
};

#define BAD(m, ...) SN_FAIL((m)->err, SN_EFORMAT, "pickle: " __VA_ARGS__)

struct pk *pk_new(struct pk_env *env, enum pk_kind kind, struct sn_error *err)
{
    struct pk *v = sn_arena_get(env->arena, sizeof *v, err);

    if (v)
        v->kind = kind;
    return v;
}

bool pk_text_is(const struct pk *v, const char *s)
{
    return v->kind == PK_TEXT && v->u.text.n == strlen(s) && memcmp(v->u.text.s, s, v->u.text.n) == 0;
}

struct pk *pk_get(const struct pk *dict, const char *key)
{
    if (dict->kind == PK_DICT)
        for (size_t i = 0; i < dict->u.seq.n; i += 2)
            if (pk_text_is(dict->u.seq.v[i], key))
                return dict->u.seq.v[i + 1];
    return NULL;
}

/* ---- reading and the stack ---------------------------------------------------------------- */

/* n bytes of the current opcode's argument. */
static int take(struct machine *m, uint64_t n, const uint8_t **p)
{
    *p = NULL;
    if (n > sn_left(m->in))
        return BAD(m, "opcode at byte %zu needs %llu bytes, %zu remain", m->at, (unsigned long long)n,
                   sn_left(m->in));
    *p = m->in->data + m->in->pos;
    m->in->pos += (size_t)n;
    return SN_OK;
}

/* An unsigned little-endian length of 1, 2, 4 or 8 bytes. */
static int take_uint(struct machine *m, unsigned width, uint64_t *v)
{
    const uint8_t *p;

    *v = 0;
    SN_TRY(take(m, width, &p));
    for (unsigned i = 0; i < width; i++)
        *v |= (uint64_t)p[i] << 8 * i;
    return SN_OK;
}

static int push(struct machine *m, struct pk *v)
{
    void *table = m->stack;

    if (!v)
        return m->err ? m->err->code : SN_ENOMEM;
    SN_TRY(sn_arena_grow(m->env->arena, &table, m->depth, &m->cap, sizeof *m->stack, m->err));
    m->stack = table;
    m->stack[m->depth++] = v;
    return SN_OK;
}

/* The top value above the last mark. */
static int pop(struct machine *m, struct pk **v)
{
    *v = NULL;
    if (m->depth == (m->n_marks ? m->marks[m->n_marks - 1] : 0))
        return BAD(m, "opcode at byte %zu finds no value on the stack", m->at);
    *v = m->stack[--m->depth];
    return SN_OK;
}

static int top(struct machine *m, struct pk **v)
{
    SN_TRY(pop(m, v));
    m->depth++;
    return SN_OK;
}

static int push_mark(struct machine *m)
{
    void *table = m->marks;

    if (m->n_marks >= PK_MAX_MARKS)
        return SN_FAIL(m->err, SN_ELIMIT, "pickle: byte %zu nests deeper than %u", m->at, PK_MAX_MARKS);
    SN_TRY(sn_arena_grow(m->env->arena, &table, m->n_marks, &m->cap_marks, sizeof *m->marks, m->err));
    m->marks = table;
    m->marks[m->n_marks++] = m->depth;
    return SN_OK;
}

/* The values since the last mark, which stay readable until the next push. */
static int pop_mark(struct machine *m, struct pk ***items, size_t *n)
{
    *n = 0;
    *items = NULL;
    if (!m->n_marks)
        return BAD(m, "opcode at byte %zu finds no mark", m->at);
    m->n_marks--;
    *n = m->depth - m->marks[m->n_marks];
    m->depth = m->marks[m->n_marks];
    if (*n)
        *items = m->stack + m->depth;
    return SN_OK;
}

static int append(struct machine *m, struct pk *seq, struct pk *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        void *table = seq->u.seq.v;

        SN_TRY(sn_arena_grow(m->env->arena, &table, seq->u.seq.n, &seq->u.seq.cap, sizeof *seq->u.seq.v, m->err));
        seq->u.seq.v = table;
        seq->u.seq.v[seq->u.seq.n++] = items[i];
    }
    return SN_OK;
}

/* A new container holding copies of the pointers. Exact size: tuples are never grown. */
static int push_seq(struct machine *m, enum pk_kind kind, struct pk *const *items, size_t n)
{
    struct pk *v = pk_new(m->env, kind, m->err);

    if (v && n) {
        v->u.seq.v = sn_arena_get(m->env->arena, n * sizeof *items, m->err);
        if (!v->u.seq.v)
            return m->err ? m->err->code : SN_ENOMEM;
        memcpy(v->u.seq.v, items, n * sizeof *items);
        v->u.seq.n = v->u.seq.cap = n;
    }
    return push(m, v);
}

static int push_int(struct machine *m, enum pk_kind kind, int64_t i)
{
    struct pk *v = pk_new(m->env, kind, m->err);

    if (v)
        v->u.i = i;
    return push(m, v);
}

/* ---- opcodes ------------------------------------------------------------------------------ */

static int op_text(struct machine *m, enum pk_kind kind, unsigned width)
{
    uint64_t n;
    const uint8_t *p;
    struct pk *v;

    SN_TRY(take_uint(m, width, &n));
    SN_TRY(take(m, n, &p));
    v = pk_new(m->env, kind, m->err);
    if (v) {
        v->u.text.s = (const char *)p;
        v->u.text.n = (size_t)n;
    }
    return push(m, v);
}

/* LONG1, LONG4: two's complement, little-endian, any length. */
static int op_long(struct machine *m, unsigned width)
{
    uint64_t n, bits = 0;
    const uint8_t *p;

    SN_TRY(take_uint(m, width, &n));
    SN_TRY(take(m, n, &p));
    if (n > 8) {
        struct pk *v = pk_new(m->env, PK_BIG, m->err);

        if (v) {
            v->u.text.s = (const char *)p;
            v->u.text.n = (size_t)n;
        }
        return push(m, v);
    }
    for (size_t i = 0; i < n; i++)
        bits |= (uint64_t)p[i] << 8 * i;
    if (n && n < 8 && p[n - 1] & 0x80)
        bits |= ~(uint64_t)0 << 8 * n;
    return push_int(m, PK_INT, (int64_t)bits);
}

static int op_memo_put(struct machine *m, uint64_t slot)
{
    struct pk *v;

    SN_TRY(top(m, &v));
    /* slots are used in turn and each put costs two bytes, so honest ones stay below the position */
    if (slot > m->in->pos - m->start)
        return SN_FAIL(m->err, SN_ELIMIT, "pickle: memo slot %llu at byte %zu", (unsigned long long)slot, m->at);
    while (slot >= m->cap_memo) {
        void *table = m->memo;

        SN_TRY(sn_arena_grow(m->env->arena, &table, m->cap_memo, &m->cap_memo, sizeof *m->memo, m->err));
        m->memo = table;
    }
    m->n_memo += !m->memo[slot];
    m->memo[slot] = v;
    return SN_OK;
}

static int op_memo_get(struct machine *m, uint64_t slot)
{
    if (slot >= m->cap_memo || !m->memo[slot])
        return BAD(m, "memo slot %llu at byte %zu was never set", (unsigned long long)slot, m->at);
    return push(m, m->memo[slot]);
}

static int set_items(struct machine *m, struct pk *const *items, size_t n)
{
    struct pk *dict;

    SN_TRY(top(m, &dict));
    if (dict->kind != PK_DICT || n % 2)
        return BAD(m, "byte %zu sets %s", m->at, n % 2 ? "a key without a value" : "items of what is no dictionary");
    return append(m, dict, items, n);
}

static int add_items(struct machine *m, enum pk_kind kind, struct pk *const *items, size_t n)
{
    struct pk *seq;

    SN_TRY(top(m, &seq));
    if (seq->kind != kind)
        return BAD(m, "byte %zu appends to what is no %s", m->at, kind == PK_LIST ? "list" : "set");
    return append(m, seq, items, n);
}

/* A line of the text form, without its newline. */
static int take_line(struct machine *m, const char **s, size_t *n)
{
    const uint8_t *p = m->in->data + m->in->pos, *end = sn_left(m->in) ? memchr(p, '\n', sn_left(m->in)) : NULL;

    if (!end)
        return BAD(m, "name at byte %zu has no end", m->at);
    *s = (const char *)p;
    *n = (size_t)(end - p);
    m->in->pos += *n + 1;
    return SN_OK;
}

static int push_global(struct machine *m, const char *mod, size_t mod_len, const char *name, size_t name_len)
{
    struct pk *v = pk_new(m->env, PK_GLOBAL, m->err);

    if (v) {
        v->u.global.mod = mod;
        v->u.global.mod_len = mod_len;
        v->u.global.name = name;
        v->u.global.name_len = name_len;
        v->u.global.id = pk_global_id(mod, mod_len, name, name_len);
    }
    return push(m, v);
}

static int op_global(struct machine *m)
{
    const char *mod, *name;
    size_t mod_len, name_len;

    SN_TRY(take_line(m, &mod, &mod_len));
    SN_TRY(take_line(m, &name, &name_len));
    return push_global(m, mod, mod_len, name, name_len);
}

static int op_stack_global(struct machine *m)
{
    struct pk *mod, *name;

    SN_TRY(pop(m, &name));
    SN_TRY(pop(m, &mod));
    if (mod->kind != PK_TEXT || name->kind != PK_TEXT)
        return BAD(m, "global at byte %zu is not named by two strings", m->at);
    return push_global(m, mod->u.text.s, mod->u.text.n, name->u.text.s, name->u.text.n);
}

static int op_call(struct machine *m, bool new_object, bool keywords)
{
    struct pk *args, *callee, *kw, *result = NULL;

    if (keywords) {
        SN_TRY(pop(m, &kw));
        if (kw->kind != PK_DICT || kw->u.seq.n)
            return BAD(m, "object at byte %zu is made with keyword arguments", m->at);
    }
    SN_TRY(pop(m, &args));
    SN_TRY(pop(m, &callee));
    SN_TRY(pk_call(m->env, callee, args, new_object, m->at, &result, m->err));
    return push(m, result);
}

static int op_build(struct machine *m)
{
    struct pk *state, *object;

    SN_TRY(pop(m, &state));
    SN_TRY(top(m, &object));
    return pk_build(m->env, object, state, m->at, m->err);
}

static int op_persistent(struct machine *m)
{
    struct pk *id, *result = NULL;

    SN_TRY(pop(m, &id));
    SN_TRY(pk_persistent(m->env, id, m->at, &result, m->err));
    return push(m, result);
}

/* TUPLE1 to TUPLE3 */
static int op_tuple(struct machine *m, size_t n)
{
    struct pk *items[3];

    for (size_t i = n; i-- > 0;)
        SN_TRY(pop(m, &items[i]));
    return push_seq(m, PK_TUPLE, items, n);
}

/* SETITEM and APPEND take one item (n values) from the stack, not from a mark. */
static int op_single(struct machine *m, size_t n)
{
    struct pk *items[2];

    for (size_t i = n; i-- > 0;)
        SN_TRY(pop(m, &items[i]));
    return n == 2 ? set_items(m, items, 2) : add_items(m, PK_LIST, items, 1);
}

static int op_from_mark(struct machine *m, uint8_t op)
{
    struct pk **items;
    size_t n;

    SN_TRY(pop_mark(m, &items, &n));
    switch (op) {
    case 't': return push_seq(m, PK_TUPLE, items, n);
    case 'l': return push_seq(m, PK_LIST, items, n);
    case 0x91: return push_seq(m, PK_SET, items, n); /* FROZENSET */
    case 'd':
        if (n % 2)
            return BAD(m, "dictionary at byte %zu has a key without a value", m->at);
        return push_seq(m, PK_DICT, items, n);
    case 'u': return set_items(m, items, n);
    case 'e': return add_items(m, PK_LIST, items, n);
    default: return add_items(m, PK_SET, items, n); /* ADDITEMS */
    }
}

static int op_number(struct machine *m, uint8_t op)
{
    uint64_t v;

    switch (op) {
    case 'K': SN_TRY(take_uint(m, 1, &v)); break;
    case 'M': SN_TRY(take_uint(m, 2, &v)); break;
    case 'J':
        SN_TRY(take_uint(m, 4, &v));
        return push_int(m, PK_INT, (int64_t)(v ^ 0x80000000u) - (int64_t)0x80000000u); /* sign-extended */
    default: /* 'G' BINFLOAT: nothing we keep is a Python float, so its value is not decoded */
        SN_TRY(take_uint(m, 8, &v));
        return push(m, pk_new(m->env, PK_FLOAT, m->err));
    }
    return push_int(m, PK_INT, (int64_t)v);
}

static int op_proto(struct machine *m)
{
    uint64_t v;

    SN_TRY(take_uint(m, 1, &v));
    if (v < 2 || v > 5)
        return SN_FAIL(m->err, SN_EUNSUPPORTED, "pickle: protocol %u at byte %zu, 2 to 5 are read", (unsigned)v, m->at);
    return SN_OK;
}

static int op_frame(struct machine *m)
{
    uint64_t n;

    SN_TRY(take_uint(m, 8, &n));
    if (n > sn_left(m->in))
        return BAD(m, "frame of %llu bytes at byte %zu, %zu remain", (unsigned long long)n, m->at, sn_left(m->in));
    return SN_OK;
}

static int op_memo(struct machine *m, uint8_t op)
{
    uint64_t slot;

    if (op == 0x94) /* MEMOIZE */
        return op_memo_put(m, m->n_memo);
    SN_TRY(take_uint(m, op == 'q' || op == 'h' ? 1 : 4, &slot));
    return op == 'q' || op == 'r' ? op_memo_put(m, slot) : op_memo_get(m, slot);
}

static int step(struct machine *m, uint8_t op)
{
    switch (op) {
    case 0x80: return op_proto(m);
    case 0x95: return op_frame(m);
    case '(': return push_mark(m);
    case 'N': return push(m, pk_new(m->env, PK_NONE, m->err));
    case 0x88: return push_int(m, PK_BOOL, 1);
    case 0x89: return push_int(m, PK_BOOL, 0);
    case 'J': case 'K': case 'M': case 'G': return op_number(m, op);
    case 0x8a: return op_long(m, 1);
    case 0x8b: return op_long(m, 4);
    case 'X': case 'T': return op_text(m, PK_TEXT, 4); /* T, U: Python 2's str */
    case 'U': case 0x8c: return op_text(m, PK_TEXT, 1);
    case 0x8d: return op_text(m, PK_TEXT, 8);
    case 'B': return op_text(m, PK_BYTES, 4);
    case 'C': return op_text(m, PK_BYTES, 1);
    case 0x8e: case 0x96: return op_text(m, PK_BYTES, 8);
    case '}': return push_seq(m, PK_DICT, NULL, 0);
    case ']': return push_seq(m, PK_LIST, NULL, 0);
    case ')': return push_seq(m, PK_TUPLE, NULL, 0);
    case 0x8f: return push_seq(m, PK_SET, NULL, 0);
    case 0x85: case 0x86: case 0x87: return op_tuple(m, op - 0x84u);
    case 't': case 'l': case 'd': case 'u': case 'e': case 0x90: case 0x91: return op_from_mark(m, op);
    case 's': return op_single(m, 2);
    case 'a': return op_single(m, 1);
    case 'q': case 'r': case 'h': case 'j': case 0x94: return op_memo(m, op);
    case 'c': return op_global(m);
    case 0x93: return op_stack_global(m);
    case 'R': return op_call(m, false, false);
    case 0x81: return op_call(m, true, false);
    case 0x92: return op_call(m, true, true);
    case 'b': return op_build(m);
    case 'Q': return op_persistent(m);
    default:
        return SN_FAIL(m->err, SN_EUNSUPPORTED, "pickle: opcode 0x%02x at byte %zu is none torch.save writes", op,
                       m->at);
    }
}

int pk_load(struct pk_env *env, struct sn_bytes *in, struct pk **root, struct sn_error *err)
{
    struct machine m = { .env = env, .in = in, .start = in->pos, .err = err };

    *root = NULL;
    if (sn_left(in) < 2 || in->data[in->pos] != 0x80)
        return SN_FAIL(err, SN_EFORMAT, "pickle: no PROTO opcode at byte %zu", env->base + in->pos);
    while (sn_left(in)) {
        uint8_t op = in->data[in->pos];

        m.at = env->base + in->pos++;
        env->ops++;
        if (op == '.') {
            if (m.depth != 1 || m.n_marks)
                return SN_FAIL(err, SN_EFORMAT, "pickle: ends at byte %zu with %zu values, expected 1", m.at, m.depth);
            *root = m.stack[0];
            return SN_OK;
        }
        SN_TRY(step(&m, op));
        if (in->pos - m.start > IMPORT_MAX_PICKLE)
            return SN_FAIL(err, SN_ELIMIT, "pickle: longer than %zu bytes", IMPORT_MAX_PICKLE);
    }
    return SN_FAIL(err, SN_EFORMAT, "pickle: no STOP before byte %zu", env->base + in->size);
}
