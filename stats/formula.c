/* formula.c: reads the terms of a model. */
#include "stats/stats.h"

#include <stdlib.h>

struct reader {
    const char *text;
    size_t at;
    struct sn_formula *f;
    size_t vars_cap, effects_cap;
    struct sn_error *err;
};

static int refuse(const struct reader *r, const char *expected)
{
    return SN_FAIL(r->err, SN_EINVAL, "terms: %s expected at character %zu, before '%.30s'", expected, r->at + 1, r->text + r->at);
}

static void blanks(struct reader *r) { r->at += strspn(r->text + r->at, " \t\r\n"); }

static bool take(struct reader *r, char c)
{
    blanks(r);
    if (r->text[r->at] != c)
        return false;
    r->at++;
    return true;
}

/* A bare name ends at a special character and loses blanks at its end; a quoted one ends at its quote. */
static int word(struct reader *r, const char *special, const char **out)
{
    const char *from;
    size_t n;

    blanks(r);
    if (take(r, '`')) {
        from = r->text + r->at;
        n = strcspn(from, "`");
        if (!from[n])
            return refuse(r, "a closing backquote");
        r->at += n + 1;
    } else {
        from = r->text + r->at;
        n = strcspn(from, special);
        r->at += n;
        while (n > 0 && strchr(" \t\r\n", from[n - 1]))
            n--;
    }
    if (n == 0)
        return refuse(r, "a name");
    *out = sn_arena_strdup(&r->f->arena, from, n, r->err);
    return *out ? SN_OK : SN_ENOMEM;
}

static int find_or_add(struct reader *r, const struct sn_formula_var *v, size_t *index)
{
    struct sn_formula *f = r->f;
    void *table = f->vars;

    for (size_t i = 0; i < f->n_vars; i++) {
        const struct sn_formula_var *o = &f->vars[i];

        if (strcmp(o->name, v->name) != 0)
            continue;
        if (o->kind != v->kind || o->knots != v->knots || (o->reference == NULL) != (v->reference == NULL) ||
            (o->reference && strcmp(o->reference, v->reference) != 0))
            return SN_FAIL(r->err, SN_EINVAL, "terms: '%.60s' enters in two different forms; write the same one everywhere", v->name);
        *index = i;
        return SN_OK;
    }
    SN_TRY(sn_arena_grow(&f->arena, &table, f->n_vars, &r->vars_cap, sizeof *f->vars, r->err));
    f->vars = table;
    *index = f->n_vars;
    f->vars[f->n_vars++] = *v;
    return SN_OK;
}

/* column | rcs(column, k) | factor(column[, reference]) */
static int atom(struct reader *r, size_t *index)
{
    struct sn_formula_var v = { 0 };
    const char *name;

    blanks(r);
    if (r->text[r->at] != '`' && strncmp(r->text + r->at, "rcs(", 4) == 0) {
        const char *k;
        char *end;
        long knots;

        r->at += 4;
        v.kind = SN_FORMULA_RCS;
        SN_TRY(word(r, ",()", &v.name));
        if (!take(r, ','))
            return refuse(r, "', number of knots'");
        SN_TRY(word(r, ",()", &k));
        knots = strtol(k, &end, 10);
        if (*end || knots < 3 || knots > SN_RCS_MAX_KNOTS)
            return SN_FAIL(r->err, SN_EINVAL, "terms: rcs(%.60s, %.20s): 3 to %d knots are possible", v.name, k, SN_RCS_MAX_KNOTS);
        v.knots = (int)knots;
        if (!take(r, ')'))
            return refuse(r, "')'");
    } else if (r->text[r->at] != '`' && strncmp(r->text + r->at, "factor(", 7) == 0) {
        r->at += 7;
        v.kind = SN_FORMULA_FACTOR;
        SN_TRY(word(r, ",()", &v.name));
        if (take(r, ','))
            SN_TRY(word(r, ",()", &v.reference));
        if (!take(r, ')'))
            return refuse(r, "')'");
    } else {
        SN_TRY(word(r, ",+*:()`", &name));
        v.name = name;
    }
    return find_or_add(r, &v, index);
}

static bool same_effect(const struct sn_formula_effect *a, const struct sn_formula_effect *b)
{
    return a->n_vars == b->n_vars && memcmp(a->var, b->var, a->n_vars * sizeof a->var[0]) == 0;
}

static bool has_effect(const struct sn_formula *f, const struct sn_formula_effect *e)
{
    for (size_t i = 0; i < f->n_effects; i++)
        if (same_effect(&f->effects[i], e))
            return true;
    return false;
}

static int add_effect(struct reader *r, const struct sn_formula_effect *e)
{
    struct sn_formula *f = r->f;
    void *table = f->effects;

    if (has_effect(f, e))
        return SN_OK;
    if (f->n_effects == SN_FORMULA_MAX_EFFECTS)
        return SN_FAIL(r->err, SN_ELIMIT, "terms: more than %d", SN_FORMULA_MAX_EFFECTS);
    SN_TRY(sn_arena_grow(&f->arena, &table, f->n_effects, &r->effects_cap, sizeof *f->effects, r->err));
    f->effects = table;
    f->effects[f->n_effects++] = *e;
    return SN_OK;
}

/* The effect of the atoms whose bits are set. */
static struct sn_formula_effect effect_of(const size_t *atoms, size_t n, unsigned bits)
{
    struct sn_formula_effect e = { 0 };

    for (size_t i = 0; i < n; i++) {
        size_t k;

        if (!(bits >> i & 1))
            continue;
        for (k = e.n_vars++; k > 0 && e.var[k - 1] > atoms[i]; k--)
            e.var[k] = e.var[k - 1];
        e.var[k] = atoms[i];
    }
    return e;
}

static int term(struct reader *r)
{
    size_t atoms[SN_FORMULA_MAX_ORDER], n = 0;
    struct sn_formula_effect e;
    char joint = 0;

    for (;;) {
        if (n == SN_FORMULA_MAX_ORDER)
            return SN_FAIL(r->err, SN_ELIMIT, "terms: an interaction of more than %d columns", SN_FORMULA_MAX_ORDER);
        SN_TRY(atom(r, &atoms[n]));
        for (size_t i = 0; i < n; i++)
            if (atoms[i] == atoms[n])
                return SN_FAIL(r->err, SN_EINVAL, "terms: '%.60s' cannot interact with itself", r->f->vars[atoms[n]].name);
        n++;
        blanks(r);
        if (r->text[r->at] != '*' && r->text[r->at] != ':')
            break;
        if (joint && joint != r->text[r->at])
            return SN_FAIL(r->err, SN_EINVAL, "terms: '*' and ':' in one term; write several terms");
        joint = r->text[r->at++];
    }
    if (joint == '*') {
        for (unsigned bits = 1; bits < 1u << n; bits++) {
            e = effect_of(atoms, n, bits);
            SN_TRY(add_effect(r, &e));
        }
        return SN_OK;
    }
    e = effect_of(atoms, n, (1u << n) - 1);
    return add_effect(r, &e);
}

/* Stable: main effects first, then interactions of two, and so on. */
static void order_effects(struct sn_formula *f)
{
    for (size_t i = 1; i < f->n_effects; i++) {
        struct sn_formula_effect e = f->effects[i];
        size_t k = i;

        for (; k > 0 && f->effects[k - 1].n_vars > e.n_vars; k--)
            f->effects[k] = f->effects[k - 1];
        f->effects[k] = e;
    }
}

/* An interaction without the effects it is made of means something else for each coding; nobody wants it by accident. */
static int check_margins(const struct reader *r)
{
    const struct sn_formula *f = r->f;

    for (size_t i = 0; i < f->n_effects; i++) {
        const struct sn_formula_effect *e = &f->effects[i];

        for (unsigned bits = 1; bits < (1u << e->n_vars) - 1; bits++) {
            struct sn_formula_effect part = effect_of(e->var, e->n_vars, bits);

            if (!has_effect(f, &part))
                return SN_FAIL(r->err, SN_EINVAL, "terms: the interaction %.60s:%.60s%s lacks an effect it is made of; join with '*'",
                               f->vars[e->var[0]].name, f->vars[e->var[1]].name, e->n_vars > 2 ? ":..." : "");
        }
    }
    return SN_OK;
}

static int parse(struct reader *r)
{
    for (;;) {
        SN_TRY(term(r));
        blanks(r);
        if (!r->text[r->at])
            break;
        if (!take(r, ',') && !take(r, '+'))
            return refuse(r, "',' or '+'");
    }
    order_effects(r->f);
    return check_margins(r);
}

int sn_formula_parse(const char *text, struct sn_formula *f, struct sn_error *err)
{
    struct reader r = { .text = text, .f = f, .err = err };
    int rc;

    memset(f, 0, sizeof *f);
    sn_arena_init(&f->arena, (size_t)1 << 24);
    rc = parse(&r);
    if (rc)
        sn_formula_free(f);
    return rc;
}

void sn_formula_free(struct sn_formula *f)
{
    sn_arena_free(&f->arena);
    memset(f, 0, sizeof *f);
}
