/* fit_text.c: the report of a fit for people. */
#include "tools/cli.h"
#include "tools/fit.h"
#include "tools/html.h"

#include <math.h>
#include <stdio.h>

#define NAME 26 /* width of a term's name */

/* p values: three decimals, or a bound. */
static const char *p_text(double p, char *buf)
{
    if (isnan(p))
        return "-";
    if (p < 0.001)
        return "<0.001";
    return sn_fixed(p, 3, buf);
}

/* An odds ratio, whose size nobody knows beforehand: three significant digits or so. */
static const char *or_text(double v, char *buf)
{
    if (isnan(v))
        return "-";
    if (!isfinite(v))
        return v > 0 ? "inf" : "-inf";
    if (v != 0 && (fabs(v) >= 1e4 || fabs(v) < 1e-3)) {
        (void)snprintf(buf, 48, "%.2e", v);
        return buf;
    }
    return sn_fixed(v, fabs(v) >= 100 ? 1 : fabs(v) >= 10 ? 2 : fabs(v) >= 0.1 ? 3 : 4, buf);
}

static const char *number(double v, int decimals, char *buf) { return isnan(v) ? "-" : sn_fixed(v, decimals, buf); }

/* Bytes of a name as columns: continuation bytes of UTF-8 take no room. */
static void name(const char *s)
{
    int room = NAME;

    (void)printf("  ");
    for (const char *c = s; *c; c++) {
        room -= ((unsigned char)*c & 0xc0) != 0x80;
        if (room < 0)
            break;
        (void)putchar((unsigned char)*c < 32 ? '?' : *c);
    }
    while (room-- > 0)
        (void)putchar(' ');
}

static void print_row(const struct sn_fit_row *w)
{
    char b[8][48];

    name(w->name);
    (void)printf(" %10s %9s", or_text(w->beta, b[0]), or_text(w->se, b[1]));
    if (w->effect != SIZE_MAX && isnan(w->se))
        (void)printf(" %9s  %9s    %-9s", or_text(sn_exp(w->beta), b[2]), "", "");
    else if (w->effect != SIZE_MAX)
        (void)printf(" %9s  %9s to %-9s", or_text(sn_exp(w->beta), b[2]), or_text(sn_exp(w->lo), b[3]), or_text(sn_exp(w->hi), b[4]));
    else
        (void)printf(" %9s  %9s    %-9s", "", "", "");
    (void)printf(" %8s %8s\n", number(w->z, 2, b[5]), p_text(w->p, b[6]));
}

static void head(const struct sn_fit_report *r, const char *title)
{
    char b[48];

    (void)printf("\n%s\n", title);
    name("term");
    (void)printf(" %10s %9s %9s  %s%% CI (profile)%8s %8s %8s\n", "coef", "SE", "OR", sn_fixed(100 * r->o->level, r->o->level * 100 == floor(r->o->level * 100) ? 0 : 1, b), "", "Wald z", "p");
}

static void print_effects(const struct sn_fit_report *r)
{
    char b[4][48];

    (void)printf("\nlikelihood-ratio tests, each term dropped from the model\n");
    name("term");
    (void)printf(" %10s %5s %8s %10s%s\n", "chi-square", "df", "p", "VIF", r->has_validation ? "  kept in replicates" : "");
    for (size_t e = 0; e < r->data.n_effects; e++) {
        const struct sn_fit_effect *f = &r->effect[e];

        name(f->name);
        if (f->kept)
            (void)printf(" %10s %5zu %8s %10s", number(f->lr.chisq, 2, b[0]), f->columns, p_text(f->lr.p, b[1]), number(f->gvif, 2, b[2]));
        else
            (void)printf(" %10s %5s %8s %10s", "dropped", "", "", "");
        if (r->has_validation)
            (void)printf("  %zu of %zu", r->validation.kept[e], r->validation.replicates - r->validation.failed);
        (void)putchar('\n');
    }
}

static void print_univariable(const struct sn_fit_report *r)
{
    char b[48];

    if (!r->o->univariable)
        return;
    head(r, "one term at a time (same rows)");
    for (size_t e = 0; e < r->data.n_effects; e++) {
        const struct sn_fit_uni *u = &r->uni[e];

        if (r->data.effects[e].n_vars > 1)
            continue;
        if (u->error) {
            name(r->effect[e].name);
            (void)printf(" %s\n", u->error);
            continue;
        }
        for (size_t k = 0; k < u->n; k++)
            if (r->uni_row[u->first + k].effect != SIZE_MAX)
                print_row(&r->uni_row[u->first + k]);
        if (u->n > 2) {
            name("");
            (void)printf(" %s together: likelihood-ratio p %s\n", r->effect[e].name, p_text(u->lr.p, b));
        }
    }
}

static void print_quality(const struct sn_fit_report *r)
{
    const struct sn_logit_quality *q = &r->quality;
    char b[8][48];

    (void)printf("\nfit, on the data fitted\n  log-likelihood %s (empty model %s)", sn_fixed(q->loglik, 3, b[0]), sn_fixed(q->null_loglik, 3, b[1]));
    if (!isnan(r->all.chisq))
        (void)printf(", chi-square %s on %.0f df, p %s", sn_fixed(r->all.chisq, 2, b[2]), r->all.df, p_text(r->all.p, b[3]));
    (void)printf("\n  AIC %s, BIC %s, R2 %s (Cox-Snell) %s (Nagelkerke), Brier %s, AUC %s\n", sn_fixed(q->aic, 2, b[0]), sn_fixed(q->bic, 2, b[1]),
                 sn_fixed(q->cox_snell, 3, b[2]), sn_fixed(q->nagelkerke, 3, b[3]), sn_fixed(q->brier, 4, b[4]), number(q->auc, 4, b[5]));
    if (!isnan(r->threshold))
        (void)printf("  operating point (Youden, frozen in the model): risk >= %s, sensitivity %s, specificity %s\n", sn_fixed(r->threshold, 4, b[0]),
                     sn_fixed(r->sensitivity, 3, b[1]), sn_fixed(r->specificity, 3, b[2]));
}

static void print_validation(const struct sn_fit_report *r)
{
    static const char *const names[SN_VALID_COUNT] = { "AUC", "calibration slope", "calibration intercept", "Brier" };
    const struct sn_validation *v = &r->validation;
    char b[3][48];

    if (!r->has_validation)
        return;
    (void)printf("\noptimism bootstrap of the whole procedure: %zu replicates, seed %llu\n", v->replicates, (unsigned long long)r->o->seed);
    name("");
    (void)printf(" %10s %10s %10s\n", "apparent", "optimism", "corrected");
    for (int k = 0; k < SN_VALID_COUNT; k++) {
        name(names[k]);
        (void)printf(" %10s %10s %10s\n", number(v->apparent[k], 4, b[0]), number(v->optimism[k], 4, b[1]), number(v->corrected[k], 4, b[2]));
    }
}

static void print_lasso(const struct sn_fit_report *r)
{
    const struct sn_lasso *l = &r->lasso;
    char b[4][48];

    if (!r->has_lasso)
        return;
    (void)printf("\nLASSO, %zu stratified folds, seed %llu\n", l->folds, (unsigned long long)r->o->seed);
    for (int k = 0; k < 2; k++) {
        size_t at = k ? l->at_1se : l->at_min;

        (void)printf("  %s %s: deviance %s (SE %s), %zu coefficients\n", k ? "lambda.1se" : "lambda.min", sn_format_double(l->lambda[at], b[0]),
                     sn_fixed(l->deviance[at], 4, b[1]), sn_fixed(l->se[at], 4, b[2]), l->nonzero[at]);
    }
}

void sn_fit_print(const struct sn_fit_report *r)
{
    const struct sn_fit_data *d = r->d;
    struct sn_buf rows = { 0 };
    char b[48];

    sn_keep_describe(&d->keep, &rows);
    (void)printf("%s: %s\n", d->table.file, rows.data ? rows.data : "");
    sn_buf_free(&rows);
    if (d->repeated)
        (void)printf("  %zu further rows of patients already there were left out\n", d->repeated);
    if (r->o->split > 0)
        (void)printf("  split %s of each outcome, seed %llu: %zu fitted, %zu set aside\n", sn_fixed(r->o->split, 2, b), (unsigned long long)r->o->seed, d->n,
                     d->others);
    (void)printf("%s = %s: %zu of %zu fitted (%s%%); %s\nresearch use only\n", r->o->names.outcome, r->o->names.positive ? r->o->names.positive : "1", d->events, d->n,
                 sn_fixed(100.0 * (double)d->events / (double)d->n, 1, b), sn_fit_method(r->o));
    print_univariable(r);
    head(r, "the model");
    for (size_t i = 0; i < r->n_rows; i++)
        print_row(&r->row[i]);
    if (r->o->firth && r->o->recipe.correction != SN_PREDICT_PLAIN)
        (void)printf("  the risks use the corrected intercept %s%s\n", sn_format_double(r->beta[0], b),
                     r->o->recipe.correction == SN_PREDICT_FLAC ? ", and FLAC's coefficients (in the model file)" : "");
    if (!r->has_lasso)
        print_effects(r);
    print_lasso(r);
    print_quality(r);
    print_validation(r);
    sn_fit_dca_print(&r->dca);
    if (!isnan(r->riley.needed))
        (void)printf("\nsample size (Riley 2020) for %zu coefficients: %.0f cases with %.0f events; here %zu with %zu\n", r->data.p - 1, r->riley.needed,
                     r->riley.events, d->n, d->events);
    for (size_t i = 0; i < r->n_warnings; i++)
        (void)printf("%snote: %s\n", i ? "" : "\n", r->warning[i]);
}
