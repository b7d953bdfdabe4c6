/* eval_fitted.c: a model.json as one more score: applied to the table's rows, so that what `fit` wrote can be judged at once. */
#include "tools/eval_parts.h"

#include "tools/cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int sn_eval_fitted_open(const struct sn_table *t, const char *spec, struct sn_eval_fitted *f, struct sn_error *err)
{
    size_t n = strcspn(spec, "=");
    const char *path = spec[n] ? spec + n + 1 : spec, *name = spec[n] ? spec : sn_basename(spec);

    f->cols = NULL;
    f->values = NULL;
    f->x = NULL;
    (void)snprintf(f->name, sizeof f->name, "%.*s", (int)(spec[n] ? n : strcspn(name, ".")), name);
    if (!f->name[0])
        return SN_FAIL(err, SN_EINVAL, "--model needs FILE or NAME=FILE, found '%.60s'", spec);
    if (sn_csv_column(&t->csv, f->name) >= 0)
        return SN_FAIL(err, SN_EINVAL, "--model: %s has a column '%.60s' already; give the model another name, as in fitted=%.60s", t->file, f->name,
                       sn_basename(path));
    SN_TRY(sn_logistic_read(path, &f->m, err));
    f->cols = malloc(SN_MAX(f->m.n_columns, 1u) * sizeof *f->cols);
    f->values = malloc(SN_MAX(f->m.n_columns, 1u) * sizeof *f->values);
    f->x = malloc(SN_MAX(f->m.n_terms, 1u) * sizeof *f->x);
    if (!f->cols || !f->values || !f->x)
        return SN_NOMEM(err, "the model");
    for (size_t k = 0; k < f->m.n_columns; k++)
        SN_TRY(sn_table_column(t, f->m.columns[k].name, &f->cols[k], err));
    return SN_OK;
}

void sn_eval_fitted_close(struct sn_eval_fitted *f)
{
    free(f->cols);
    free(f->values);
    free(f->x);
    sn_logistic_free(&f->m);
    memset(f, 0, sizeof *f);
}

int sn_eval_fitted_risk(const struct sn_table *t, size_t row, struct sn_eval_fitted *f, double *risk, struct sn_error *err)
{
    double lp;

    for (size_t k = 0; k < f->m.n_columns; k++) {
        const struct sn_logistic_column *c = &f->m.columns[k];
        struct sn_logistic_value *v = &f->values[k];

        v->text = sn_csv_cell(&t->csv, row, f->cols[k]);
        v->number = (double)NAN;
        if (!c->factor)
            SN_TRY(sn_table_number(t, row, f->cols[k], &v->number, err));
        else if (sn_logistic_level(c, v->text) < 0)
            return sn_table_fault(t, row, f->cols[k], err, "'%.40s' is not a category the model '%.40s' knows", v->text, f->name);
    }
    for (size_t i = 0; i < f->m.n_terms; i++)
        f->x[i] = sn_logistic_term_x(&f->m, i, f->values);
    return sn_logistic_apply(&f->m, f->x, &lp, risk, err);
}
