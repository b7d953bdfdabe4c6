/*
 * table.h: the tables people bring, over io's CSV: character sets, named and typed columns, missing
 * values, complete cases. Errors name file, line and column.
 */
#ifndef SN_TOOLS_TABLE_H
#define SN_TOOLS_TABLE_H

#include "io/io.h"

/* ---- reading ------------------------------------------------------------------------------- */

enum sn_encoding { SN_ENCODING_AUTO, SN_ENCODING_UTF8, SN_ENCODING_GB18030 };
bool sn_encoding_parse(const char *name, enum sn_encoding *e); /* "auto", "utf-8", "gb18030" (also gbk, gb2312), any case */

/*
 * A table's text and the digest of the file's bytes. AUTO: UTF-8 (with or without BOM) when the file is
 * well formed as that, else GB 18030, else SN_EFORMAT; *used (may be NULL) says which.
 */
int sn_table_csv(const char *path, enum sn_encoding e, struct sn_csv *csv, char sha256[SN_SHA256_HEX], enum sn_encoding *used,
                 struct sn_error *err);

struct sn_table {
    struct sn_csv csv;
    const char *file;              /* without folder, for messages; of the path given */
    char sha256[SN_SHA256_HEX];
    enum sn_encoding encoding;     /* as read */
};
int sn_table_read(const char *path, enum sn_encoding e, struct sn_table *t, struct sn_error *err);
void sn_table_free(struct sn_table *t); /* a zeroed one is fine */

/* ---- names of columns ---------------------------------------------------------------------- */

/* The shared vocabulary (tools/README.md, "Tables"); options map other names. */
struct sn_table_names {
    const char *id, *patient, *outcome, *cluster, *set; /* cluster NULL: not asked for */
    enum sn_encoding encoding;
    const char *positive; /* the outcome's text that is the event; NULL: it is 0 or 1 */
};
#define SN_TABLE_NAMES_DEFAULT { "case", "patient", "outcome", NULL, "set", SN_ENCODING_AUTO, NULL }
/* Rows for a command's option table; their ids are taken then. */
#define SN_TABLE_OPTIONS                                                                                               \
    { "--case", '1', true }, { "--patient", '2', true }, { "--outcome", '3', true }, { "--cluster", '4', true },       \
    { "--set", '5', true }, { "--encoding", '6', true }, { "--positive", '7', true }
#define SN_TABLE_HELP                                                                                                  \
    "  --case NAME --patient NAME --outcome NAME --set NAME   names of these columns in your table\n"                  \
    "  --positive TEXT   the outcome that is the event, when the column is not 0/1: malignant, yes, 2\n"                 \
    "  --encoding E      utf-8 or gb18030; default: found out from the bytes, and said\n"
/* Takes an option with one of those ids: 1 taken, 0 not one of them, -1 unknown encoding. */
int sn_table_option(struct sn_table_names *n, int id, const char *value);
struct sn_args;
bool sn_args_encoding(const struct sn_args *a, enum sn_encoding *e); /* --encoding's value; false after reporting a usage error */

/* ---- columns ------------------------------------------------------------------------------- */

/* SN_EFORMAT when the column is missing; the message lists those there are. */
int sn_table_column(const struct sn_table *t, const char *name, int *col, struct sn_error *err);
/* A name list "a,b,c" as columns; *cols and *names (each one string) are malloc'd: free(*names[0]) and both. */
int sn_table_columns(const struct sn_table *t, const char *list, int **cols, char ***names, size_t *n, struct sn_error *err);
void sn_table_names_free(int *cols, char **names);

/* One cell. A missing value is NaN, or -1. */
int sn_table_number(const struct sn_table *t, size_t row, int col, double *v, struct sn_error *err);
int sn_table_flag(const struct sn_table *t, size_t row, int col, int *v, struct sn_error *err); /* exactly 0 or 1 */
/* An outcome: exactly 0 or 1; or, when `positive` is not NULL, that text (1) and one other (0), which is found out. Not missing. */
struct sn_outcome {
    int col;
    const char *positive, *other;
    bool seen; /* the event has occurred */
};
int sn_table_outcome(const struct sn_table *t, size_t row, struct sn_outcome *o, int *y, struct sn_error *err);
/* What is wrong with a cell that holds no number, for messages: "is not a number", or that it has a decimal comma. */
const char *sn_not_a_number(const char *cell);
/* Reports a cell's fault with file, line and column in front; returns SN_EFORMAT. */
int sn_table_fault(const struct sn_table *t, size_t row, int col, struct sn_error *err, const char *fmt, ...) SN_PRINTF(5, 6);

/* Whole columns, [csv.rows], malloc'd. */
int sn_table_numbers(const struct sn_table *t, int col, double **v, struct sn_error *err);
int sn_table_flags(const struct sn_table *t, int col, int **v, struct sn_error *err);

/* Categories: levels in ascending order, by value when all are numbers, else by bytes. */
struct sn_factor {
    size_t n_levels;
    const char **level; /* borrowed from the table */
    int *code;          /* [csv.rows]; -1: missing */
};
int sn_table_factor(const struct sn_table *t, int col, struct sn_factor *f, struct sn_error *err);
void sn_factor_free(struct sn_factor *f); /* a zeroed one is fine */

/* ---- complete cases ------------------------------------------------------------------------ */

/* Which rows are used, and why the others are not: each row counts under its first reason. */
#define SN_KEEP_REASONS 64
struct sn_keep {
    const struct sn_table *t;
    uint8_t *gone;    /* [csv.rows] */
    size_t *row;      /* [n] rows kept, in order; valid after sn_keep_finish */
    size_t n;
    struct {
        const char *column, *value; /* value NULL: missing; else: the column is not `value` */
        size_t n;
    } reason[SN_KEEP_REASONS];
    size_t n_reasons;
};
int sn_keep_init(struct sn_keep *k, const struct sn_table *t, struct sn_error *err);
void sn_keep_free(struct sn_keep *k);
int sn_keep_present(struct sn_keep *k, int col, struct sn_error *err);                  /* drops rows without a value */
int sn_keep_equal(struct sn_keep *k, int col, const char *value, struct sn_error *err); /* keeps rows with this text */
int sn_keep_finish(struct sn_keep *k, struct sn_error *err);
/* "120 rows; left out: 3 without 'risk', 5 whose 'set' is not 'train'; 112 used" */
void sn_keep_describe(const struct sn_keep *k, struct sn_buf *b);

#endif
