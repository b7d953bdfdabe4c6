/*
 * risk.h: from the images of one patient to one signature and one risk.
 */
#ifndef SN_TOOLS_RISK_H
#define SN_TOOLS_RISK_H

#include "tools/cases.h"
#include "tools/pipeline.h"

/* One column of the logistic model for one patient. */
struct sn_column_value {
    char *text;             /* the cell, or NULL for dl_sig */
    double number;          /* 0 for a category */
    bool outside;           /* of the range seen in training */
};
/* One term of it. */
struct sn_term_value {
    const char *text;       /* the cell when the term is a column or one of its levels, and not dl_sig; else NULL */
    double x, contribution; /* coefficient * x */
    bool outside;           /* one of its columns is */
};

struct sn_risk {
    int images, used; /* of the patient; those with a lesion, which the numbers rest on */
    double p[SN_PACK_NETS];
    bool has_sig; /* p and dl_sig are filled */
    double dl_sig;
    bool has_risk; /* lp, risk and terms are filled */
    double lp, risk;
    size_t n_columns, n_terms;
    struct sn_column_value *columns;
    struct sn_term_value *terms;
    struct sn_quality quality; /* reasons that concern the patient, not one image */
    bool review;               /* any reason, of the patient or of one of the images */
};
void sn_risk_free(struct sn_risk *r); /* a zeroed one is fine */

/* Are the model's columns there at all? SN_EINVAL without any table, SN_EFORMAT naming the column. */
int sn_risk_columns(const struct sn_pack *pack, const struct sn_cases *cases, struct sn_error *err);

/*
 * analyses[images], NULL for an image that failed; rows in the same order. with_model: apply the
 * pack's logistic model. SN_EFORMAT: a clinical value is missing, no number, or differs between the
 * patient's rows; the message names file, line and column.
 */
int sn_risk_apply(const struct sn_pack *pack, const struct sn_cases *cases, const struct sn_case_row *const *rows,
                  const struct sn_analysis *const *analyses, int images, bool with_model, struct sn_risk *r,
                  struct sn_error *err);

#endif
