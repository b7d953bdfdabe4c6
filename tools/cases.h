/*
 * cases.h: which images belong to which case and patient, and their clinical columns: from the
 * command line's images or a manifest, joined with a clinical table.
 */
#ifndef SN_TOOLS_CASES_H
#define SN_TOOLS_CASES_H

#include "io/io.h"

/* Column names; the defaults are those of the shared vocabulary (tools/README.md, "Tables"). */
struct sn_case_names {
    const char *id, *patient, *image, *outcome;
};
#define SN_CASE_NAMES_DEFAULT                                                                                          \
    {                                                                                                                  \
        "case", "patient", "image", "outcome"                                                                          \
    }

#define SN_NO_ROW ((size_t)-1)

struct sn_case_row {
    const char *id, *patient;
    const char *path, *image;          /* to open; its last part, to show */
    size_t manifest_row, clinical_row; /* SN_NO_ROW: none */
    size_t next;                       /* next row of the same patient; SN_NO_ROW: none */
    bool first;                        /* first row of its patient */
};

/* A column handed through to predictions.csv and usable by the logistic model. */
struct sn_case_column {
    const char *name;
    int manifest_col, clinical_col; /* -1: not in that table */
};

struct sn_cases {
    struct sn_case_names names;
    struct sn_csv manifest, clinical;
    const char *manifest_name, *clinical_name; /* without folder; NULL: no such table */
    char manifest_sha256[SN_SHA256_HEX], clinical_sha256[SN_SHA256_HEX];
    struct sn_case_row *rows;
    size_t n_rows;
    struct sn_case_column *columns;
    size_t n_columns;
    struct sn_arena arena;
};

/*
 * Exactly one of manifest and images is given; clinical may be NULL. Image paths of a manifest are
 * relative to its folder. The clinical table is matched by case when it has that column, else by
 * image name, else by patient. SN_EFORMAT: a duplicate or unusable case, a missing column; the
 * message names file, line and column. SN_EINVAL: two images on the command line with one name.
 */
int sn_cases_load(struct sn_cases *c, const struct sn_case_names *names, const char *manifest, const char *clinical,
                  char *const *images, size_t n_images, struct sn_error *err);
void sn_cases_free(struct sn_cases *c); /* a zeroed one is fine */

/* -1: no table has it. */
int sn_cases_column(const struct sn_cases *c, const char *name);
/*
 * The text in a column for a row; "" when no table has a row for it. SN_EFORMAT when both tables
 * have the column and disagree. `where` (of 200) receives "clinical.csv: line 7, column 'age'".
 */
int sn_cases_cell(const struct sn_cases *c, const struct sn_case_row *row, int column, const char **cell, char *where,
                  struct sn_error *err);

#endif
