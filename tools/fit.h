/*
 * fit.h: a logistic model from a table: reading, fitting, and what is said about it. `fit`'s parts; cmd_fit.c
 * is the command.
 */
#ifndef SN_TOOLS_FIT_H
#define SN_TOOLS_FIT_H

#include "stats/stats.h"
#include "tools/table.h"

#define SN_FIT_MAX_WHERE 16
#define SN_FIT_MAX_WARNINGS 48

struct sn_fit_options {
    const char *file, *terms;
    struct sn_table_names names;
    const char *where[SN_FIT_MAX_WHERE]; /* "column=value" */
    size_t n_where;
    bool all_rows;                       /* rows of one patient are not united */
    bool firth, univariable;
    struct sn_recipe recipe;
    size_t boot;
    uint64_t seed;
    double split;                        /* 0: none; share of the rows that is fitted */
    double level;                        /* of intervals */
    double range_lo, range_hi;           /* of the decision curve; range_hi 0: none */
};

/* The table, its complete rows, and the design of those that are fitted. */
struct sn_fit_data {
    struct sn_table table;
    struct sn_keep keep;
    size_t repeated;                     /* further rows of a patient already there, left out */
    bool by_patient;                     /* there is a patient column, and rows were united by it */
    size_t n, events;                    /* fitted */
    size_t *row;                         /* [n] rows of the table that are fitted */
    double *y;                           /* [n] */
    uint32_t *cluster;                   /* [n] patients as numbers under all_rows; NULL: every row for itself */
    size_t others;                       /* complete rows the split set aside */
    uint8_t *set;                        /* [table rows] 0 not used, 1 fitted, 2 set aside */
    struct sn_formula formula;
    struct sn_design design;
};
int sn_fit_read(const struct sn_fit_options *o, struct sn_fit_data *d, struct sn_error *err);
void sn_fit_data_free(struct sn_fit_data *d); /* a zeroed one is fine */

struct sn_fit_row {
    const char *name;
    size_t effect;                       /* SIZE_MAX: the intercept */
    double beta, se, wald_lo, wald_hi, lo, hi; /* lo, hi: profile likelihood; NaN under LASSO */
    double z, p;                         /* Wald */
};
struct sn_fit_effect {
    const char *name;
    size_t columns;
    bool kept;
    struct sn_logit_test lr, wald;       /* NaN when not kept, or under LASSO */
    double gvif;
};
struct sn_fit_uni {
    const char *error;                   /* why there is no univariable fit, or NULL */
    struct sn_logit_test lr;
    size_t first, n;                     /* rows of uni_row */
};
/* Net benefit on the cases fitted, and what remains of it on others. */
#define SN_FIT_DCA_REPEATS 20            /* of the cross-validation */
struct sn_fit_dca {
    bool asked, has;
    char why_not[300];                   /* when asked, but not has */
    size_t m, folds, repeats, replicates;
    double *t, *all, *apparent, *cross, *corrected; /* [m]; cross: cross-validated; corrected: less the bootstrap's optimism */
};
struct sn_fit_report {
    const struct sn_fit_options *o;
    const struct sn_fit_data *d;
    struct sn_logit_data data;           /* all candidate terms */
    struct sn_logit_subset kept;         /* what remained */
    struct sn_logit fit;                 /* of what remained; not under LASSO */
    double *beta;                        /* [data.p] final coefficients, 0 where a term did not remain */
    bool *keep;                          /* [n_effects] */
    size_t n_rows, n_uni_rows;
    struct sn_fit_row *row, *uni_row;
    struct sn_fit_effect *effect;        /* [n_effects] */
    struct sn_fit_uni *uni;              /* [n_effects] */
    struct sn_logit_test all;
    struct sn_logit_quality quality;
    size_t parameters;                   /* coefficients without the intercept */
    struct sn_riley riley;
    double riley_r2;                     /* Cox-Snell R2, less its expected optimism */
    double threshold, sensitivity, specificity; /* Youden's, on the data fitted; NaN: every risk is the same */
    double max_cook;
    size_t max_cook_row;
    struct sn_lasso lasso;
    struct sn_validation validation;
    bool has_lasso, has_validation;
    struct sn_fit_dca dca;
    char *warning[SN_FIT_MAX_WARNINGS];
    size_t n_warnings;
    struct sn_arena arena;
};
int sn_fit_run(const struct sn_fit_options *o, const struct sn_fit_data *d, struct sn_pool *pool, struct sn_fit_report *r, struct sn_error *err);
void sn_fit_report_free(struct sn_fit_report *r);

int sn_fit_decide(struct sn_fit_report *r, struct sn_pool *pool, struct sn_error *err); /* fills r->dca, when there is a range */
void sn_fit_dca_json(struct sn_json *w, const struct sn_fit_dca *c);
void sn_fit_dca_print(const struct sn_fit_dca *c);

void sn_fit_print(const struct sn_fit_report *r);                       /* for people, to stdout */
void sn_fit_json(struct sn_json *w, const struct sn_fit_report *r);     /* members of the object that is open */
int sn_fit_write_model(const struct sn_fit_report *r, const char *path, struct sn_error *err);
int sn_fit_write_split(const struct sn_fit_report *r, const char *path, struct sn_error *err); /* the table with a column `set` more */
const char *sn_fit_method(const struct sn_fit_options *o);              /* "maximum likelihood", ... */

#endif
