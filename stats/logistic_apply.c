/* logistic_apply.c: applies a logistic model. */
#include "stats/stats.h"

#include <math.h>

int sn_logistic_level(const struct sn_logistic_column *c, const char *text)
{
    for (size_t i = 0; i < c->n_levels; i++)
        if (c->levels[i] && strcmp(c->levels[i], text) == 0)
            return (int)i;
    return c->n_levels && !c->levels[0] ? 0 : -1;
}

double sn_logistic_term_x(const struct sn_logistic *m, size_t term, const struct sn_logistic_value *values)
{
    const struct sn_logistic_term *t = &m->terms[term];
    double x = 1;

    for (size_t k = 0; k < t->n_parts; k++) {
        const struct sn_logistic_part *p = &t->parts[k];
        const struct sn_logistic_value *v = &values[p->column];

        if (p->level)
            x *= strcmp(v->text, p->level) == 0 ? 1.0 : 0.0;
        else
            x *= sn_rcs_basis(v->number, p->knots, p->n_knots, p->basis);
    }
    return x;
}

int sn_logistic_apply(const struct sn_logistic *m, const double *x, double *lp, double *risk,
                      struct sn_error *err)
{
    double sum = m->intercept;

    for (size_t i = 0; i < m->n_terms; i++) {
        if (!isfinite(x[i]))
            return SN_FAIL(err, SN_EINVAL, "logistic model: term \"%.40s\" has no finite value",
                           m->terms[i].name);
        sum += m->terms[i].coefficient * x[i];
    }
    if (!isfinite(sum))
        return SN_FAIL(err, SN_EINVAL, "logistic model: the linear predictor is not finite");
    *lp = sum;
    *risk = sn_sigmoid(sum);
    return SN_OK;
}
