/* conf.c: the strict `key = value` reader behind pack.conf. */
#include "tools/conf.h"

#include "io/io.h"

#include <stdio.h>
#include <stdlib.h>

static bool blank(char ch) { return ch == ' ' || ch == '\t' || ch == '\r'; }

static const struct sn_conf_entry *find(const struct sn_conf *c, const char *key)
{
    for (size_t i = 0; i < c->n_entries; i++)
        if (strcmp(c->entries[i].key, key) == 0)
            return &c->entries[i];
    return NULL;
}

static int grow(struct sn_conf_entry **list, size_t n, size_t *cap, struct sn_error *err)
{
    struct sn_conf_entry *bigger;

    if (n < *cap)
        return SN_OK;
    bigger = realloc(*list, (*cap + 64) * sizeof **list); /* n is bounded by SN_CONF_MAX_BYTES */
    if (!bigger)
        return SN_NOMEM(err, "settings");
    *list = bigger;
    *cap += 64;
    return SN_OK;
}

/* One line without its newline: [s, end). */
static int read_line(struct sn_conf *c, const char *s, const char *end, int line)
{
    const char *equal, *key_end;
    const struct sn_conf_entry *old;
    struct sn_conf_entry e = { .line = line };

    while (s < end && blank(*s))
        s++;
    while (end > s && blank(end[-1]))
        end--;
    if (s == end || *s == '#')
        return SN_OK;
    equal = memchr(s, '=', (size_t)(end - s));
    if (!equal || equal == s)
        return SN_FAIL(c->err, SN_EFORMAT, "%s: line %d is neither `key = value` nor a comment", c->name, line);
    key_end = equal++;
    while (key_end > s && blank(key_end[-1]))
        key_end--;
    while (equal < end && blank(*equal))
        equal++;
    e.key = sn_arena_strdup(&c->arena, s, (size_t)(key_end - s), c->err);
    e.value = sn_arena_strdup(&c->arena, equal, (size_t)(end - equal), c->err);
    if (!e.key || !e.value)
        return SN_NOMEM(c->err, "settings");
    if (!*e.value)
        return SN_FAIL(c->err, SN_EFORMAT, "%s: line %d: '%.60s' has no value", c->name, line, e.key);
    old = find(c, e.key);
    if (old)
        return SN_FAIL(c->err, SN_EFORMAT, "%s: line %d: '%.60s' was already given on line %d", c->name, line, e.key,
                       old->line);
    SN_TRY(grow(&c->entries, c->n_entries, &c->cap_entries, c->err));
    c->entries[c->n_entries++] = e;
    return SN_OK;
}

static int read_lines(struct sn_conf *c, const char *text, size_t size)
{
    int line = 1;

    if (size > SN_CONF_MAX_BYTES)
        return SN_FAIL(c->err, SN_ELIMIT, "%s: %zu bytes, at most %zu are read", c->name, size, SN_CONF_MAX_BYTES);
    if (size && memchr(text, '\0', size))
        return SN_FAIL(c->err, SN_EFORMAT, "%s: not a text file: it holds a zero byte", c->name);
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark some editors leave */
        text += 3;
        size -= 3;
    }
    while (size) {
        const char *end = memchr(text, '\n', size);
        size_t n = end ? (size_t)(end - text) : size;

        SN_TRY(read_line(c, text, text + n, line++));
        text += n + (end != NULL);
        size -= n + (end != NULL);
    }
    return SN_OK;
}

int sn_conf_parse(struct sn_conf *c, const char *name, const void *data, size_t size, struct sn_error *err)
{
    int rc;

    *c = (struct sn_conf){ .name = name, .err = err };
    sn_arena_init(&c->arena, 0);
    rc = read_lines(c, data, size);
    if (rc)
        sn_conf_free(c);
    return rc;
}

void sn_conf_free(struct sn_conf *c)
{
    free(c->entries);
    free(c->settings);
    sn_arena_free(&c->arena);
    *c = (struct sn_conf){ 0 };
}

bool sn_conf_has(const struct sn_conf *c, const char *key) { return find(c, key) != NULL; }

void sn_conf_bad(struct sn_conf *c, const char *key, const char *fmt, ...)
{
    const struct sn_conf_entry *e = find(c, key);
    char what[240];
    va_list ap;

    if (c->rc)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (e)
        c->rc = SN_FAIL(c->err, SN_EFORMAT, "%s: line %d: %s: %s", c->name, e->line, key, what);
    else
        c->rc = SN_FAIL(c->err, SN_EFORMAT, "%s: %s: %s", c->name, key, what);
}

static void record(struct sn_conf *c, const char *key, const char *value, int line)
{
    struct sn_conf_entry e = { .line = line, .used = true };

    for (size_t i = 0; i < c->n_settings; i++)
        if (strcmp(c->settings[i].key, key) == 0)
            return; /* asked for twice: several networks share one setting */
    e.key = sn_arena_strdup(&c->arena, key, strlen(key), c->err);
    e.value = sn_arena_strdup(&c->arena, value, strlen(value), c->err);
    if (!e.key || !e.value) {
        c->rc = SN_NOMEM(c->err, "settings");
        return;
    }
    c->rc = grow(&c->settings, c->n_settings, &c->cap_settings, c->err);
    if (!c->rc)
        c->settings[c->n_settings++] = e;
}

const char *sn_conf_string(struct sn_conf *c, const char *key, const char *otherwise)
{
    const struct sn_conf_entry *e;
    const char *value = otherwise;
    int line = 0;

    if (c->rc)
        return otherwise;
    e = find(c, key);
    if (e) {
        c->entries[e - c->entries].used = true;
        value = e->value;
        line = e->line;
    }
    if (value)
        record(c, key, value, line);
    return value;
}

double sn_conf_number(struct sn_conf *c, const char *key, const char *otherwise, double lo, double hi)
{
    const char *text = sn_conf_string(c, key, otherwise);
    char a[32], b[32];
    double v;

    if (c->rc || !text)
        return 0.0;
    if (sn_parse_double(text, &v) && v >= lo && v <= hi)
        return v;
    sn_conf_bad(c, key, "expected a number from %s to %s, found '%.40s'", sn_format_double(lo, a),
                sn_format_double(hi, b), text);
    return 0.0;
}

long sn_conf_integer(struct sn_conf *c, const char *key, const char *otherwise, long lo, long hi)
{
    double v = sn_conf_number(c, key, otherwise, (double)lo, (double)hi);

    if (!c->rc && v != (double)(long)v)
        sn_conf_bad(c, key, "expected a whole number");
    return c->rc ? lo : (long)v;
}

bool sn_conf_bool(struct sn_conf *c, const char *key, const char *otherwise)
{
    const char *text = sn_conf_string(c, key, otherwise);

    if (!c->rc && strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        sn_conf_bad(c, key, "expected yes or no, found '%.40s'", text);
    return !c->rc && strcmp(text, "yes") == 0;
}

int sn_conf_list(struct sn_conf *c, const char *key, const char *otherwise, double *out, int most)
{
    const char *text = sn_conf_string(c, key, otherwise);
    int n = 0;

    if (c->rc || !text)
        return 0;
    for (;;) {
        size_t len = strcspn(text, ", \t");

        if (n == most || !sn_parse_double_n(text, len, &out[n])) {
            sn_conf_bad(c, key, "expected at most %d numbers separated by commas or blanks", most);
            return 0;
        }
        n++;
        text += len;
        if (!*text) /* blanks at the end are cut off already */
            return n;
        while (blank(*text))
            text++;
        if (*text == ',')
            text++;
        while (blank(*text))
            text++;
    }
}

const char *sn_conf_key(struct sn_conf *c, const char *fmt, ...)
{
    char key[128];
    const char *copy;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(key, sizeof key, fmt, ap);
    va_end(ap);
    copy = sn_arena_strdup(&c->arena, key, strlen(key), c->err);
    if (!copy && !c->rc)
        c->rc = SN_NOMEM(c->err, "settings");
    return copy ? copy : "";
}

int sn_conf_finish(struct sn_conf *c)
{
    if (c->rc)
        return c->rc;
    for (size_t i = 0; i < c->n_entries; i++)
        if (!c->entries[i].used)
            return SN_FAIL(c->err, SN_EFORMAT, "%s: line %d: unknown key '%.60s'", c->name, c->entries[i].line,
                           c->entries[i].key);
    return SN_OK;
}
