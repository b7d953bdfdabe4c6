/*
 * formula.h: the terms of a model as text, and the design matrix they make of a table. Included by stats.h.
 *
 *     dl_sig, age, rcs(size, 3), factor(grade, 1), us_node * her2
 *
 * Terms are separated by `,` or `+`. A term is a column; rcs(column, k): a restricted cubic spline with k
 * knots; factor(column) or factor(column, reference): categories even if they look like numbers; or several of
 * these joined by `*` (with all main effects and interactions) or `:` (the interaction alone, whose main effects
 * must be there too). Names with special characters go between backquotes.
 */
#ifndef SN_FORMULA_H
#define SN_FORMULA_H

#define SN_FORMULA_MAX_ORDER 4    /* columns in one interaction */
#define SN_FORMULA_MAX_EFFECTS 512

enum sn_formula_kind { SN_FORMULA_AUTO, SN_FORMULA_FACTOR, SN_FORMULA_RCS };
struct sn_formula_var {
    const char *name;            /* table column */
    enum sn_formula_kind kind;
    int knots;                   /* rcs */
    const char *reference;       /* factor: the level the others are compared with; NULL: the first */
};
struct sn_formula_effect {
    size_t n_vars;
    size_t var[SN_FORMULA_MAX_ORDER]; /* ascending */
};
struct sn_formula {
    size_t n_vars, n_effects;
    struct sn_formula_var *vars;
    struct sn_formula_effect *effects; /* main effects first, then by order, each in the order written */
    struct sn_arena arena;
};
/* SN_EINVAL with the place in the text. Free with sn_formula_free (a zeroed one is fine). */
int sn_formula_parse(const char *text, struct sn_formula *f, struct sn_error *err);
void sn_formula_free(struct sn_formula *f);

/* What the table holds for one variable: numbers, or texts. Nothing is missing. */
struct sn_design_column {
    const double *number;
    const char *const *text;     /* wins when both are there: the variable is a factor then */
};

/*
 * The design: a model without coefficients whose terms, evaluated by sn_logistic_term_x on each row, are the
 * columns of x; so what is fitted and what is applied later cannot differ.
 */
struct sn_design {
    size_t n, p;                 /* rows; columns of x, the intercept first */
    double *x;                   /* [n][p] column-major */
    const char **names;          /* [p] "(intercept)", "age", "grade=3", "size'", "grade=3:her2=1" */
    size_t n_effects;
    const char **effect_names;   /* [n_effects] "age", "grade", "rcs(size)", "grade:her2" */
    size_t *effect;              /* [p] which effect a column belongs to; SIZE_MAX for the intercept */
    struct sn_formula_effect *effects;
    struct sn_logistic model;    /* coefficients 0, intercept 0, threshold NaN; its columns are the formula's variables in order */
};
/*
 * data[f->n_vars], each of n rows. Levels are sorted: as numbers when all are, else by bytes.
 * SN_EFORMAT: a factor with one level only or more than 64, an unknown reference, a spline of a factor or without enough values.
 */
int sn_design_build(const struct sn_formula *f, const struct sn_design_column *data, size_t n, struct sn_design *d, struct sn_error *err);
void sn_design_free(struct sn_design *d);

#endif
