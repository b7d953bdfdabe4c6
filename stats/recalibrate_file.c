/* recalibrate_file.c: the recalibration file (recalibrate.h has the format). */
#include "stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FORMAT "sentinode-recalibration"

void sn_recal_json(const struct sn_recal *m, struct sn_json *w)
{
    bool line = m->method != SN_RECAL_ISOTONIC;

    sn_json_object(w);
    sn_json_kv(w, "format", FORMAT);
    sn_json_kv_int(w, "version", 1);
    sn_json_kv(w, "method", sn_recal_method_name(m->method));
    if (line) {
        sn_json_kv_number(w, "intercept", m->intercept);
        sn_json_kv_number(w, "slope", m->slope);
    }
    sn_json_kv_number(w, "clamp", m->clamp > 0.0 ? m->clamp : (double)NAN); /* null: 0 and 1 are refused */
    sn_json_kv_int(w, "n", (int64_t)m->n);
    sn_json_kv_int(w, "events", (int64_t)m->events);
    sn_json_kv(w, "data_sha256", m->data_sha256);
    sn_json_kv(w, "trained_on", m->trained_on);
    if (!line) {
        sn_json_key(w, "knots");
        sn_json_array(w);
        for (size_t i = 0; i < m->knots; i++) {
            sn_json_array(w);
            sn_json_number(w, m->x[i]);
            sn_json_number(w, m->y[i]);
            sn_json_end_array(w);
        }
        sn_json_end_array(w);
    }
    sn_json_end_object(w);
}

int sn_recal_write(const struct sn_recal *m, const char *path, struct sn_error *err)
{
    struct sn_json w;
    int rc;

    sn_json_init(&w, 1);
    sn_recal_json(m, &w);
    sn_buf_puts(&w.buf, "\n");
    rc = w.buf.failed ? SN_NOMEM(err, "a recalibration file") : sn_file_write(path, w.buf.data, w.buf.len, err);
    sn_json_free(&w);
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------------- */

static int bad(struct sn_error *err, const char *key, const char *expected)
{
    return SN_FAIL(err, SN_EFORMAT, "recalibration: \"%s\": expected %s", key, expected);
}

/* A finite number; absent only when not required. */
static int number(const struct sn_json_value *o, const char *key, bool required, double lo, double hi, double *v, struct sn_error *err)
{
    const struct sn_json_value *j = sn_json_get(o, key);
    char range[96];

    if ((!j || j->type == SN_JSON_NULL) && !required)
        return SN_OK;
    (void)snprintf(range, sizeof range, "a number from %g to %g", lo, hi);
    if (!j || j->type != SN_JSON_NUMBER || !(j->number >= lo && j->number <= hi))
        return bad(err, key, range);
    *v = j->number;
    return SN_OK;
}

static int text(const struct sn_json_value *o, const char *key, size_t length, char *out, size_t room, struct sn_error *err)
{
    const struct sn_json_value *j = sn_json_get(o, key);

    if (!j || j->type != SN_JSON_STRING || (length && strlen(j->string) != length) || strlen(j->string) >= room)
        return bad(err, key, "a string of the stated length");
    memcpy(out, j->string, strlen(j->string) + 1);
    return SN_OK;
}

static int known_keys(const struct sn_json_value *o, struct sn_error *err)
{
    static const char *const keys[] = { "format", "version", "method", "intercept", "slope", "clamp", "n", "events", "data_sha256", "trained_on", "knots" };

    for (const struct sn_json_value *v = o->first; v; v = v->next) {
        size_t i = 0;

        while (i < SN_COUNT(keys) && strcmp(keys[i], v->key) != 0)
            i++;
        if (i == SN_COUNT(keys))
            return SN_FAIL(err, SN_EFORMAT, "recalibration: unknown key \"%.40s\"", v->key);
    }
    return SN_OK;
}

static int read_knots(const struct sn_json_value *o, struct sn_recal *m, struct sn_error *err)
{
    const struct sn_json_value *a = sn_json_get(o, "knots");

    if (!a || a->type != SN_JSON_ARRAY || !a->count)
        return bad(err, "knots", "an array of pairs");
    m->x = malloc(a->count * sizeof *m->x);
    m->y = malloc(a->count * sizeof *m->y);
    if (!m->x || !m->y)
        return SN_NOMEM(err, "recalibration knots");
    for (const struct sn_json_value *v = a->first; v; v = v->next) {
        double x, y;

        if (v->type != SN_JSON_ARRAY || v->count != 2 || v->first->type != SN_JSON_NUMBER || v->first->next->type != SN_JSON_NUMBER)
            return bad(err, "knots", "pairs of numbers");
        x = v->first->number;
        y = v->first->next->number;
        if (!(x >= 0.0 && x <= 1.0 && y >= 0.0 && y <= 1.0) || (m->knots && (x <= m->x[m->knots - 1] || y < m->y[m->knots - 1])))
            return SN_FAIL(err, SN_EFORMAT, "recalibration: knot %zu: expected risks in [0, 1], ascending", m->knots + 1);
        m->x[m->knots] = x;
        m->y[m->knots++] = y;
    }
    return SN_OK;
}

static int read_map(const struct sn_json_value *o, struct sn_recal *m, struct sn_error *err)
{
    char method[32], format[32];
    double version = 0.0, n = 0.0, events = 0.0;
    bool line;

    if (o->type != SN_JSON_OBJECT || text(o, "format", 0, format, sizeof format, NULL) || strcmp(format, FORMAT) != 0)
        return SN_FAIL(err, SN_EFORMAT, "recalibration: expected \"format\": \"" FORMAT "\" in an object");
    SN_TRY(number(o, "version", true, 0, 1e9, &version, err));
    if (version != 1.0)
        return SN_FAIL(err, SN_EUNSUPPORTED, "recalibration: \"version\" is not 1, the only one known");
    SN_TRY(known_keys(o, err));
    SN_TRY(text(o, "method", 0, method, sizeof method, err));
    if (!sn_recal_parse_method(method, &m->method))
        return bad(err, "method", "intercept, platt, temperature or isotonic");
    line = m->method != SN_RECAL_ISOTONIC;
    if (line ? sn_json_get(o, "knots") != NULL : sn_json_get(o, "intercept") || sn_json_get(o, "slope"))
        return SN_FAIL(err, SN_EFORMAT, "recalibration: %s does not belong to method %s", line ? "\"knots\"" : "a line", method);
    m->slope = 1.0;
    if (line) {
        SN_TRY(number(o, "intercept", true, -1e6, 1e6, &m->intercept, err));
        SN_TRY(number(o, "slope", true, DBL_MIN, 1e6, &m->slope, err));
    } else {
        SN_TRY(read_knots(o, m, err));
    }
    if ((m->method == SN_RECAL_INTERCEPT && m->slope != 1.0) || (m->method == SN_RECAL_TEMPERATURE && m->intercept != 0.0))
        return SN_FAIL(err, SN_EFORMAT, "recalibration: intercept %g, slope %g do not belong to method %s", m->intercept, m->slope, method);
    SN_TRY(number(o, "clamp", false, 0, 0.01, &m->clamp, err));
    SN_TRY(number(o, "n", true, 1, 4294967295.0, &n, err));
    SN_TRY(number(o, "events", true, 0, n, &events, err));
    m->n = (size_t)n;
    m->events = (size_t)events;
    SN_TRY(text(o, "data_sha256", SN_SHA256_HEX - 1, m->data_sha256, sizeof m->data_sha256, err));
    return text(o, "trained_on", 0, m->trained_on, sizeof m->trained_on, err);
}

int sn_recal_parse(const void *json, size_t size, struct sn_recal *m, struct sn_error *err)
{
    struct sn_json_doc doc;
    int rc;

    memset(m, 0, sizeof *m);
    SN_TRY(sn_json_parse(json, size, &doc, err));
    rc = read_map(doc.root, m, err);
    sn_json_doc_free(&doc);
    if (rc)
        sn_recal_free(m);
    return rc;
}

int sn_recal_read(const char *path, struct sn_recal *m, struct sn_error *err)
{
    struct sn_map map = { 0 };
    int rc;

    memset(m, 0, sizeof *m);
    SN_TRY(sn_map_file(path, &map, err));
    rc = sn_recal_parse(map.data, map.size, m, err);
    sn_map_close(&map);
    return rc ? sn_fail_context(err, rc, "%s", path) : SN_OK;
}
