/*
 * csv.c: RFC 4180 tables as spreadsheets and R write them.
 *
 * The text is walked twice by the same scanner: once to count and check, once to store. Fields
 * are unquoted into one buffer of the file's size, since a field never grows by unquoting.
 */
#include "io/io.h"

#include <stdlib.h>

#define MAX_COLUMNS 4096 /* 40 times the widest radiomics table; bounds the duplicate-name search */

struct scan {
    struct sn_bytes in;
    size_t line;    /* 1-based, of in.pos */
    char delimiter;
    char *out;      /* where unquoted text goes; NULL while counting */
};

enum field_end { END_FIELD, END_RECORD, END_FILE };

static int peek(const struct scan *s)
{
    return s->in.pos < s->in.size ? s->in.data[s->in.pos] : -1;
}

/* At a line end: LF, CRLF, or the lone CR of old spreadsheets. */
static void skip_newline(struct scan *s)
{
    if (s->in.data[s->in.pos++] == '\r' && peek(s) == '\n')
        s->in.pos++;
    s->line++;
}

static void put(struct scan *s, int c)
{
    if (s->out)
        *s->out++ = (char)c;
}

/* After the opening quote, up to and past the closing one. */
static int scan_quoted(struct scan *s, struct sn_error *err)
{
    size_t opened = s->line;

    for (;;) {
        int c = peek(s);

        if (c < 0)
            return SN_FAIL(err, SN_EFORMAT,
                           "csv: quote opened on line %zu is still open at the end of the file",
                           opened);
        s->in.pos++;
        if (c == '"') {
            if (peek(s) != '"')
                return SN_OK;
            s->in.pos++;
        } else if (c == '\n' || (c == '\r' && peek(s) != '\n')) {
            s->line++;
        }
        put(s, c);
    }
}

/* One field; *text (when storing) is its NUL-terminated content. */
static int scan_field(struct scan *s, char **text, enum field_end *end, struct sn_error *err)
{
    int c;

    *text = s->out;
    if (peek(s) == '"') {
        s->in.pos++;
        SN_TRY(scan_quoted(s, err));
        c = peek(s);
        if (c >= 0 && c != s->delimiter && c != '\n' && c != '\r')
            return SN_FAIL(err, SN_EFORMAT,
                           "csv: line %zu, byte %zu: text after a closing quote; expected '%s' or "
                           "the line's end",
                           s->line, s->in.pos,
                           s->delimiter == '\t' ? "tab" : (char[]){ s->delimiter, 0 });
    } else {
        while ((c = peek(s)) >= 0 && c != s->delimiter && c != '\n' && c != '\r') {
            put(s, c);
            s->in.pos++;
        }
    }
    put(s, '\0'); /* in place of the delimiter; the last field's is the buffer's extra byte */
    if (c < 0) {
        *end = END_FILE;
    } else if (c == s->delimiter) {
        *end = END_FIELD;
        s->in.pos++;
    } else {
        *end = END_RECORD;
        skip_newline(s);
    }
    return SN_OK;
}

/* Moves past blank lines; false: nothing is left. */
static bool next_record(struct scan *s)
{
    while (peek(s) == '\n' || peek(s) == '\r')
        skip_newline(s);
    return peek(s) >= 0;
}

/* The candidate that occurs most often outside quotes in the first line; a comma when none does. */
static char detect_delimiter(struct scan s)
{
    static const char candidate[] = { ',', ';', '\t' };
    size_t count[3] = { 0, 0, 0 };
    int best = 0;
    bool quoted = false;
    char before = ','; /* a quote opens only where a field may begin, or again when doubled */

    for (; s.in.pos < s.in.size; s.in.pos++) {
        char c = (char)s.in.data[s.in.pos];

        if (c == '"' && (quoted || before == '"' || strchr(",;\t", before)))
            quoted = !quoted;
        else if (!quoted && (c == '\n' || c == '\r'))
            break;
        for (int i = 0; i < 3 && !quoted; i++)
            count[i] += c == candidate[i];
        before = c;
    }
    for (int i = 1; i < 3; i++)
        if (count[i] > count[best])
            best = i;
    return candidate[best];
}

static int scan_header(struct scan *s, struct sn_csv *t, char **names, struct sn_error *err)
{
    enum field_end end;
    size_t line = s->line;

    t->cols = 0;
    do {
        char *text;

        if (t->cols == MAX_COLUMNS)
            return SN_FAIL(err, SN_ELIMIT, "csv: line %zu has more than %d columns", line,
                           MAX_COLUMNS);
        SN_TRY(scan_field(s, &text, &end, err));
        if (names)
            names[t->cols] = text;
        t->cols++;
    } while (end == END_FIELD);
    return SN_OK;
}

/* All records after the header; stores when the table has its memory. */
static int scan_rows(struct scan *s, struct sn_csv *t, struct sn_error *err)
{
    enum field_end end;

    for (t->rows = 0; next_record(s); t->rows++) {
        size_t line = s->line, col = 0;

        do {
            char *text;

            SN_TRY(scan_field(s, &text, &end, err));
            if (col < t->cols && t->cells)
                t->cells[t->rows * t->cols + col] = text;
            col++;
        } while (end == END_FIELD);
        if (col != t->cols)
            return SN_FAIL(err, SN_EFORMAT, "csv: line %zu has %zu fields, the header has %zu",
                           line, col, t->cols);
        if (t->lines)
            t->lines[t->rows] = line;
    }
    return SN_OK;
}

static int check_header(const struct sn_csv *t, struct sn_error *err)
{
    for (size_t i = 0; i < t->cols; i++)
        for (size_t k = 0; k < i && t->header[i][0]; k++)
            if (strcmp(t->header[i], t->header[k]) == 0)
                return SN_FAIL(err, SN_EFORMAT, "csv: columns %zu and %zu are both named \"%.40s\"",
                               k + 1, i + 1, t->header[i]);
    return SN_OK;
}

static int store(struct scan *s, struct sn_csv *t, struct sn_error *err)
{
    size_t n_cells, bytes;

    SN_TRY(sn_size_mul(&n_cells, t->rows, t->cols, err));
    SN_TRY(sn_size_mul(&bytes, n_cells, sizeof *t->cells, err));
    t->header = sn_arena_get(&t->arena, t->cols * sizeof *t->header, err);
    t->cells = t->header ? sn_arena_get(&t->arena, SN_MAX(bytes, 1), err) : NULL;
    t->lines =
        t->cells ? sn_arena_get(&t->arena, SN_MAX(t->rows, 1) * sizeof *t->lines, err) : NULL;
    s->out = t->lines ? sn_arena_get(&t->arena, s->in.size + 1, err) : NULL;
    if (!s->out)
        return err ? err->code : SN_ENOMEM;
    SN_TRY(scan_header(s, t, t->header, err));
    SN_TRY(scan_rows(s, t, err));
    return check_header(t, err);
}

int sn_csv_parse(const void *data, size_t size, struct sn_csv *t, struct sn_error *err)
{
    struct scan s = { .in = { data, size, 0 }, .line = 1 }, again;
    const uint8_t *p = data, *nul;
    int rc;

    memset(t, 0, sizeof *t);
    sn_arena_init(&t->arena, 0);
    if (size >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
        return SN_FAIL(err, SN_EUNSUPPORTED, "csv: the file is UTF-16; save it as UTF-8");
    nul = size ? memchr(data, 0, size) : NULL;
    if (nul)
        return SN_FAIL(err, SN_EFORMAT, "csv: NUL at byte %zu; expected text", (size_t)(nul - p));
    if (size >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        s.in.pos = 3;
    if (!next_record(&s))
        return SN_FAIL(err, SN_EFORMAT, "csv: no header line; the file is empty");
    t->delimiter = s.delimiter = detect_delimiter(s);
    again = s;
    SN_TRY_OUT(scan_header(&s, t, NULL, err));
    SN_TRY_OUT(scan_rows(&s, t, err));
    SN_TRY_OUT(store(&again, t, err));
out:
    if (rc)
        sn_csv_free(t);
    return rc;
}

int sn_csv_read(const char *path, struct sn_csv *t, struct sn_error *err)
{
    struct sn_map map = { 0 };
    int rc;

    memset(t, 0, sizeof *t);
    SN_TRY(sn_map_file(path, &map, err));
    rc = sn_csv_parse(map.data, map.size, t, err);
    sn_map_close(&map);
    return rc ? sn_fail_context(err, rc, "%s", path) : SN_OK;
}

void sn_csv_free(struct sn_csv *t)
{
    sn_arena_free(&t->arena);
    memset(t, 0, sizeof *t);
}

int sn_csv_column(const struct sn_csv *t, const char *name)
{
    for (size_t i = 0; i < t->cols; i++)
        if (strcmp(t->header[i], name) == 0)
            return (int)i;
    return -1;
}

const char *sn_csv_cell(const struct sn_csv *t, size_t row, int col)
{
    return t->cells[row * t->cols + (size_t)col];
}

/* The cell without blanks around it. */
static const char *trim(const char *s, size_t *n)
{
    while (*s == ' ' || *s == '\t')
        s++;
    *n = strlen(s);
    while (*n > 0 && (s[*n - 1] == ' ' || s[*n - 1] == '\t'))
        --*n;
    return s;
}

bool sn_csv_is_na(const char *cell)
{
    static const char *const words[] = { "", ".", "na", "nan", "n/a", "null" };
    size_t n;

    cell = trim(cell, &n);
    for (size_t w = 0; w < SN_COUNT(words); w++) {
        size_t i = 0;

        while (i < n && words[w][i]) {
            char c = cell[i] >= 'A' && cell[i] <= 'Z' ? (char)(cell[i] + 32) : cell[i];

            if (c != words[w][i])
                break;
            i++;
        }
        if (i == n && words[w][i] == '\0')
            return true;
    }
    return false;
}

int sn_csv_number(const struct sn_csv *t, size_t row, int col, double *v, struct sn_error *err)
{
    const char *cell = sn_csv_cell(t, row, col), *text;
    char shown[25];
    size_t n, i;

    text = trim(cell, &n);
    if (sn_parse_double_n(text, n, v))
        return SN_OK;
    for (i = 0; i < n && i + 1 < sizeof shown; i++)
        shown[i] = text[i] >= ' ' && text[i] < 127 ? text[i] : '?';
    shown[i] = '\0';
    return SN_FAIL(err, SN_EFORMAT, "csv: line %zu, column \"%.40s\": \"%s\" is not a number%s",
                   t->lines[row], t->header[col], shown,
                   n > 0 && memchr(text, ',', n) ? "; the decimal sign is a point" : "");
}

void sn_csv_put(struct sn_buf *b, const char *field)
{
    /* a leading or trailing blank is quoted too, since some readers strip it */
    size_t n = strlen(field);

    if (!strpbrk(field, ",;\t\"\r\n") && (n == 0 || (field[0] != ' ' && field[n - 1] != ' '))) {
        sn_buf_puts(b, field);
        return;
    }
    sn_buf_puts(b, "\"");
    for (const char *q; (q = strchr(field, '"')) != NULL; field = q + 1) {
        sn_buf_add(b, field, (size_t)(q - field) + 1);
        sn_buf_puts(b, "\"");
    }
    sn_buf_puts(b, field);
    sn_buf_puts(b, "\"");
}
