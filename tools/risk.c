/* risk.c: images to patient, signature, logistic model. */
#include "tools/risk.h"
#include "tools/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DL_SIG "dl_sig" /* the model's column that is not in a table */

void sn_risk_free(struct sn_risk *r)
{
    for (size_t i = 0; i < r->n_columns; i++)
        free(r->columns[i].text);
    free(r->columns);
    free(r->terms);
    *r = (struct sn_risk){ 0 };
}

int sn_risk_columns(const struct sn_pack *pack, const struct sn_cases *cases, struct sn_error *err)
{
    for (size_t i = 0; i < pack->logistic.n_columns; i++) {
        const char *column = pack->logistic.columns[i].name;

        if (strcmp(column, DL_SIG) == 0 && pack->logistic.columns[i].factor)
            return SN_FAIL(err, SN_EMODEL, "the logistic model takes '" DL_SIG "' for a category; it is a number");
        if (strcmp(column, DL_SIG) == 0 || sn_cases_column(cases, column) >= 0)
            continue;
        if (!cases->manifest_name && !cases->clinical_name)
            return SN_FAIL(
                err, SN_EINVAL,
                "the logistic model needs '%.60s': give --clinical CSV, or --no-risk to stop at the signature", column);
        return SN_FAIL(err, SN_EFORMAT, "%s: column '%.60s', which the logistic model needs, is missing",
                       cases->clinical_name ? cases->clinical_name : cases->manifest_name, column);
    }
    return SN_OK;
}

/* Folds one image's value into the patient's. */
static double fold(bool largest, int seen, double sum, double v)
{
    if (seen == 0)
        return v;
    return largest ? SN_MAX(sum, v) : sum + v;
}

static int signature(const struct sn_pack *pack, const struct sn_analysis *const *analyses, int images,
                     struct sn_risk *r, struct sn_error *err)
{
    bool lasso = pack->dlsig.rule == SN_DLSIG_LASSO;

    for (int i = 0; i < images; i++) {
        const struct sn_analysis *a = analyses[i];
        const struct sn_cls_result *named;
        double p[SN_PACK_NETS], sig;

        if (!a || !a->found)
            continue;
        for (int k = 0; k < pack->n_cls; k++) {
            p[k] = a->cls[k].p;
            r->p[k] = fold(pack->patient_max, r->used, r->p[k], p[k]);
        }
        if (lasso) { /* linear in the features: image signatures are combined, not features */
            named = &a->cls[pack->dlsig.network];
            SN_TRY(sn_dlsig_apply(&pack->dlsig, pack->n_cls, p, named->features, named->n_features, &sig, err));
            r->dl_sig = fold(pack->patient_max, r->used, r->dl_sig, sig);
        }
        r->used++;
    }
    if (r->used == 0)
        return SN_OK;
    r->has_sig = true;
    if (!pack->patient_max) {
        for (int k = 0; k < pack->n_cls; k++)
            r->p[k] /= r->used;
        r->dl_sig /= r->used;
    }
    return lasso ? SN_OK : sn_dlsig_apply(&pack->dlsig, pack->n_cls, r->p, NULL, 0, &r->dl_sig, err);
}

/* The patient's text in a column: the same in all rows. */
static int patient_cell(const struct sn_cases *cases, const struct sn_case_row *const *rows, int images, int column,
                        const char **text, char *where, struct sn_error *err)
{
    char other[200];

    SN_TRY(sn_cases_cell(cases, rows[0], column, text, where, err));
    for (int i = 1; i < images; i++) {
        const char *next;

        SN_TRY(sn_cases_cell(cases, rows[i], column, &next, other, err));
        if (strcmp(next, *text) != 0)
            return SN_FAIL(err, SN_EFORMAT, "%s differs from another image of the same patient (%s)", other, where);
    }
    if (sn_csv_is_na(*text))
        return SN_FAIL(err, SN_EFORMAT, "%s: the value is missing, and the logistic model needs it", where);
    return SN_OK;
}

/* A text that is none of the levels the model knows cannot be taken for its reference. */
static int known_level(const struct sn_logistic_column *c, const char *text, const char *where, struct sn_error *err)
{
    char list[200] = "";
    size_t used = 0;

    if (sn_logistic_level(c, text) >= 0)
        return SN_OK;
    for (size_t i = 0; i < c->n_levels && used + 1 < sizeof list; i++) {
        int n = snprintf(list + used, sizeof list - used, "%s%.40s", i ? ", " : "", c->levels[i]);

        used += n > 0 ? (size_t)n : 0;
    }
    return SN_FAIL(err, SN_EFORMAT, "%s: '%.40s' is not a category the model knows: %s", where, text, list);
}

static int column_value(const struct sn_cases *cases, const struct sn_case_row *const *rows, int images,
                        const struct sn_logistic_column *c, struct sn_risk *r, struct sn_column_value *v,
                        struct sn_error *err)
{
    const char *text;
    char where[200];
    size_t n;

    if (strcmp(c->name, DL_SIG) == 0) {
        v->number = r->dl_sig;
    } else {
        SN_TRY(patient_cell(cases, rows, images, sn_cases_column(cases, c->name), &text, where, err));
        n = strlen(text) + 1;
        v->text = malloc(n);
        if (!v->text)
            return SN_NOMEM(err, "a clinical value");
        memcpy(v->text, text, n);
        if (c->factor)
            return known_level(c, text, where, err);
        if (!sn_parse_double(text, &v->number))
            return SN_FAIL(err, SN_EFORMAT, "%s: '%.40s' %s", where, text, sn_not_a_number(text));
    }
    v->outside = v->number < c->min || v->number > c->max; /* false while min or max is NaN */
    if (v->outside) {
        char a[32], b[32], d[32];

        sn_quality_add(&r->quality, "outside-training", "%.40s is %s, the model was trained on %s to %s", c->name,
                       sn_format_double(v->number, a), isnan(c->min) ? "-" : sn_format_double(c->min, b),
                       isnan(c->max) ? "-" : sn_format_double(c->max, d));
    }
    return SN_OK;
}

static void term_value(const struct sn_logistic *m, size_t term, const struct sn_logistic_value *values,
                       const struct sn_risk *r, struct sn_term_value *v)
{
    const struct sn_logistic_term *t = &m->terms[term];

    v->x = sn_logistic_term_x(m, term, values);
    v->contribution = t->coefficient * v->x;
    v->text = t->n_parts == 1 && t->parts[0].basis == 0 ? r->columns[t->parts[0].column].text : NULL;
    for (size_t k = 0; k < t->n_parts; k++)
        v->outside |= r->columns[t->parts[k].column].outside;
}

static int apply_model(const struct sn_pack *pack, const struct sn_cases *cases, const struct sn_case_row *const *rows,
                       int images, struct sn_risk *r, struct sn_error *err)
{
    const struct sn_logistic *m = &pack->logistic;
    double *x = malloc((m->n_terms + 1) * sizeof *x);
    struct sn_logistic_value *values = calloc(m->n_columns + 1, sizeof *values);
    int rc = SN_OK;

    r->terms = calloc(m->n_terms + 1, sizeof *r->terms);
    r->columns = calloc(m->n_columns + 1, sizeof *r->columns);
    if (!x || !values || !r->terms || !r->columns) {
        rc = SN_NOMEM(err, "the model's terms");
        goto out;
    }
    r->n_terms = m->n_terms;
    r->n_columns = m->n_columns;
    for (size_t i = 0; i < m->n_columns; i++) {
        SN_TRY_OUT(column_value(cases, rows, images, &m->columns[i], r, &r->columns[i], err));
        values[i] = (struct sn_logistic_value){ r->columns[i].number, r->columns[i].text };
    }
    for (size_t i = 0; i < m->n_terms; i++) {
        term_value(m, i, values, r, &r->terms[i]);
        x[i] = r->terms[i].x;
    }
    SN_TRY_OUT(sn_logistic_apply(m, x, &r->lp, &r->risk, err));
    r->has_risk = true;
out:
    free(values);
    free(x);
    return rc;
}

int sn_risk_apply(const struct sn_pack *pack, const struct sn_cases *cases, const struct sn_case_row *const *rows,
                  const struct sn_analysis *const *analyses, int images, bool with_model, struct sn_risk *r,
                  struct sn_error *err)
{
    int failed = 0, rc;

    *r = (struct sn_risk){ .images = images };
    rc = signature(pack, analyses, images, r, err);
    if (!rc && r->has_sig && with_model && pack->has_logistic)
        rc = apply_model(pack, cases, rows, images, r, err);
    if (rc) {
        sn_risk_free(r);
        return rc;
    }
    for (int i = 0; i < images; i++) {
        failed += analyses[i] == NULL;
        r->review |= analyses[i] && analyses[i]->quality.n > 0;
    }
    if (failed)
        sn_quality_add(&r->quality, "image-failed", "%d of %d images of this patient could not be read or processed",
                       failed, images);
    r->review |= r->quality.n > 0;
    return SN_OK;
}
