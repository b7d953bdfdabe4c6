/*
 * conf.h: `key = value` text with `#` comments, read strictly: a line that is neither, a key given
 * twice, and a key nobody asked for are errors that name file and line.
 *
 * The getters carry a sticky error: after the first failure each returns its default, and
 * sn_conf_finish reports it. Each also records the value in force under its key, so that a result
 * can state every setting, given or not.
 */
#ifndef SN_TOOLS_CONF_H
#define SN_TOOLS_CONF_H

#include "base/base.h"

#define SN_CONF_MAX_BYTES ((size_t)1 << 20)

struct sn_conf_entry {
    const char *key, *value;
    int line; /* 1-based; 0: not in the file, a default */
    bool used;
};

struct sn_conf {
    const char *name;              /* of the file, for messages; borrowed */
    struct sn_conf_entry *entries; /* as written */
    size_t n_entries, cap_entries;
    struct sn_conf_entry *settings; /* in force, in the order asked for */
    size_t n_settings, cap_settings;
    struct sn_arena arena;
    int rc; /* sticky */
    struct sn_error *err;
};

/* Both strings and `err` must live as long as c. On failure c is empty. */
int sn_conf_parse(struct sn_conf *c, const char *name, const void *data, size_t size, struct sn_error *err);
void sn_conf_free(struct sn_conf *c); /* a zeroed one is fine */

/* Does the file hold the key? Marks nothing as used. */
bool sn_conf_has(const struct sn_conf *c, const char *key);
/* Records an error about a key's value ("file: line N: key: message") as the sticky one. */
void sn_conf_bad(struct sn_conf *c, const char *key, const char *fmt, ...) SN_PRINTF(3, 4);

/* The value, or `otherwise` (NULL: may be absent; then nothing is recorded). Lives as long as c. */
const char *sn_conf_string(struct sn_conf *c, const char *key, const char *otherwise);
/* A finite number within [lo, hi]. `otherwise` is text too, so that it is recorded as written. */
double sn_conf_number(struct sn_conf *c, const char *key, const char *otherwise, double lo, double hi);
long sn_conf_integer(struct sn_conf *c, const char *key, const char *otherwise, long lo, long hi);
bool sn_conf_bool(struct sn_conf *c, const char *key, const char *otherwise); /* yes, no */
/* Numbers separated by commas or blanks; at most `most`; returns how many. */
int sn_conf_list(struct sn_conf *c, const char *key, const char *otherwise, double *out, int most);
/* "key.sub" in c's arena; "" when memory ran out (sticky error). */
const char *sn_conf_key(struct sn_conf *c, const char *fmt, ...) SN_PRINTF(2, 3);

/* The sticky error, or the first key nobody asked for. */
int sn_conf_finish(struct sn_conf *c);

#endif
