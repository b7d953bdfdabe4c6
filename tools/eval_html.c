/*
 * eval_html.c: report.html. Order of STRATOS (Van Calster et al. 2025): discrimination, calibration, clinical utility,
 * risks by outcome; classification measures after them, since they are improper. Each section names the items it
 * answers of TRIPOD+AI (BMJ 2024;385:e078378), CLAIM (numbers of the 2020 list) and STARD 2015.
 */
#include "tools/eval_out.h"
#include "tools/eval_tables.h"

#include "tools/html.h"

#include <math.h>
#include <stdio.h>

static void heading(struct sn_buf *b, bool page, const char *title, const char *items)
{
    sn_buf_printf(b, "<h2%s>%s <span class=\"ref\">%s</span></h2>\n", page ? " class=\"page\"" : "", title, items);
}

/* A figure with a caption (HTML); false, and nothing, when there is none. */
#define FIGURE(b, class_, caption, call)                                                                               \
    do {                                                                                                               \
        size_t at_ = (b)->len;                                                                                         \
        sn_buf_puts(b, "<figure" class_ ">\n");                                                                        \
        if (call)                                                                                                      \
            sn_buf_puts(b, "<figcaption>" caption "</figcaption></figure>\n");                                         \
        else if ((b)->data)                                                                                            \
            (b)->data[(b)->len = at_] = '\0';                                                                          \
    } while (0)

/* ---- first page ------------------------------------------------------------------------------------ */

static void claims(const struct sn_eval *e, struct sn_buf *b)
{
    for (size_t s = 0; s < e->d->n_sets; s++) {
        const struct sn_eval_claim *c = &e->set[s].claim;

        if (!e->set[s].usable || c->verdict == SN_CLAIM_NONE)
            continue;
        sn_buf_printf(b, "<div class=\"claim %s\"><b>", c->verdict == SN_CLAIM_SUPPORTED ? "yes" : "no");
        sn_html_text(b, e->set[s].name);
        sn_buf_puts(b, ": claim that ");
        sn_html_text(b, e->d->model[c->model]);
        sn_buf_printf(b, " is best: %s</b>", sn_claim_key(c->verdict));
        sn_html_text(b, c->text);
        sn_buf_puts(b, "</div>\n");
    }
}

static void notes(const struct sn_eval *e, struct sn_buf *b)
{
    const char *p = e->notes.data ? e->notes.data : "";
    char line[600];

    if (!*p)
        return;
    sn_buf_puts(b, "<div class=\"review\"><h2>What limits these results</h2><ul>\n");
    while (*p) {
        size_t n = strcspn(p, "\n");

        (void)snprintf(line, sizeof line, "%.*s", (int)n, p);
        sn_buf_puts(b, "<li>");
        sn_html_text(b, line);
        sn_buf_puts(b, "</li>\n");
        p += n + (p[n] == '\n');
    }
    sn_buf_puts(b, "</ul></div>\n");
}

static void head(const struct sn_eval *e, struct sn_buf *b)
{
    char v[2][48];

    sn_buf_puts(b, "<h1>Evaluation of ");
    sn_html_text(b, e->d->model[0]);
    sn_buf_puts(b, "</h1>\n<dl><dt>Predictions</dt><dd>");
    sn_html_text(b, e->d->table.file);
    sn_buf_printf(b, ", SHA-256 <code>%s</code></dd>\n<dt>Scores</dt><dd>", e->d->table.sha256);
    for (size_t k = 0; k < e->d->n_models; k++) {
        sn_buf_puts(b, k ? ", " : "");
        sn_html_text(b, e->d->model[k]);
    }
    sn_buf_puts(b, "</dd>\n<dt>Outcome</dt><dd>");
    sn_html_text(b, e->o->names.outcome);
    sn_buf_puts(b, " = ");
    sn_html_text(b, e->o->names.positive ? e->o->names.positive : "1");
    sn_buf_puts(b, "</dd>\n<dt>Threshold</dt><dd>");
    if (!isnan(e->threshold[0]))
        sn_buf_printf(b, "%s, ", sn_fixed(e->threshold[0], 4, v[0]));
    sn_html_text(b, e->threshold_origin);
    sn_buf_printf(b, "</dd>\n<dt>Range of thresholds</dt><dd>%s to %s, as stated</dd>\n", sn_fixed(e->o->range_lo, 3, v[0]), sn_fixed(e->o->range_hi, 3, v[1]));
    if (e->recal_text[0]) {
        sn_buf_puts(b, "<dt>Recalibration</dt><dd>");
        sn_html_text(b, e->recal_text);
        sn_buf_puts(b, "</dd>\n");
    }
    sn_buf_puts(b, "</dl>\n");
}

/* ---- sections --------------------------------------------------------------------------------------- */

static void participants(const struct sn_eval *e, struct sn_buf *b)
{
    heading(b, false, "1. Participants", "TRIPOD+AI 11, 20a, 21; CLAIM 13, 21, 33; STARD 16, 19");
    FIGURE(b, " class=\"wide\"", "Rows, exclusions and outcomes. Rows without an outcome, a set or any of the scores are left out, so that all models are compared on the same cases. "
                                 "No patient is in two sets (checked).", sn_eval_fig_flow(e, b));
    if (e->o->characteristics)
        sn_eval_traits_html(e, b);
}

static void discrimination(const struct sn_eval *e, struct sn_buf *b)
{
    char v[2][48];

    heading(b, false, "2. Discrimination", "STRATOS core; TRIPOD+AI 12e, 23a; CLAIM 28, 29, 36; STARD 24");
    sn_buf_printf(b, e->d->cluster ? "<p>AUC with 95 %% interval by bootstrap of clusters (%s).</p>\n"
                                   : "<p>AUC with 95 %% interval after DeLong; the bootstrap (within outcomes, %s) stands beside it. A higher score means positive; direction is never chosen by the data.</p>\n",
                  e->o->bca ? "BCa" : "percentile");
    sn_table_auc(e, b);
    if (e->o->has_pauc)
        sn_buf_printf(b, "<p>Partial AUC: area over %s from %s to %s, interval by bootstrap; McClish's correction makes 0.5 chance and 1 perfect.</p>\n",
                      e->o->pauc.sensitivity ? "sensitivities" : "specificities", sn_fixed(e->o->pauc.from, 3, v[0]), sn_fixed(e->o->pauc.to, 3, v[1]));
    if (e->n_between) {
        sn_buf_puts(b, "<p>A model on one set less the same on another: other patients, so DeLong's unpaired test, and Newcombe's interval for rates.</p>\n");
        sn_table_between(e, b);
    }
    FIGURE(b, " class=\"wide\"", "AUC of each model in each set; the dashed line is chance.", sn_eval_fig_auc(e, b));
    sn_buf_puts(b, "<div class=\"grid\">\n");
    for (int s = 0; s < (int)e->d->n_sets; s++)
        FIGURE(b, "", "Band: pointwise 95 % bootstrap interval of the first model's sensitivity.", sn_eval_fig_roc(e, s, b));
    sn_buf_puts(b, "</div>\n");
}

static void calibration(const struct sn_eval *e, struct sn_buf *b)
{
    heading(b, false, "3. Calibration", "STRATOS core; TRIPOD+AI 12e, 12f, 23a, 24");
    sn_buf_printf(b, "<p>Are 30 of 100 patients with a risk of 30 %% affected? In the large: 0 is ideal, below 0 means risks are too high. Slope: 1 is ideal, below 1 means "
                   "risks are too extreme. ICI: mean distance of risk and smoothed outcome, E90 its 90 %% quantile; they belong to their smoother (named under the plots). Hosmer-Lemeshow: %d groups by quantiles of risk, ties kept together; weak, never the only evidence.</p>\n",
                  e->o->groups);
    sn_table_calibration(e, b);
    sn_buf_puts(b, "<div class=\"grid\">\n");
    for (int s = 0; s < (int)e->d->n_sets; s++)
        for (size_t k = 0; k < e->d->n_models; k++)
            if (k == 0 || k >= e->d->n_scores) /* the model judged, and recalibrated; the others are files */
                FIGURE(b, "", "Below the plot: number of patients by risk, with the event upwards.", sn_eval_fig_calibration(e, s, k, b));
    sn_buf_puts(b, "</div>\n");
}

static void utility(const struct sn_eval *e, struct sn_buf *b)
{
    heading(b, false, "4. Clinical utility", "STRATOS core; TRIPOD+AI 12e, 23a");
    sn_buf_puts(b, "<p>Net benefit: true positives per patient, less false positives weighted by the odds of the threshold (Vickers &amp; Elkin 2006). A model is of use where its curve "
                   "lies above treating all and treating none.</p>\n");
    sn_table_net_benefit(e, b);
    sn_buf_puts(b, "<div class=\"grid\">\n");
    for (int s = 0; s < (int)e->d->n_sets; s++) {
        FIGURE(b, "", "Band: pointwise 95 % bootstrap interval of the first model.", sn_eval_fig_dca(e, s, b));
        FIGURE(b, "", "How many of 1000 patients would be treated, and how many of these have the event.", sn_eval_fig_impact(e, s, b));
    }
    sn_buf_puts(b, "</div>\n");
}

static void risks(const struct sn_eval *e, struct sn_buf *b)
{
    heading(b, false, "5. Risks by outcome", "STRATOS core; TRIPOD+AI 15");
    sn_buf_puts(b, "<div class=\"grid\">\n");
    for (size_t k = 0; k < e->d->n_models; k++)
        FIGURE(b, "", "Density, quartiles, median, and whiskers to the last value within 1.5 interquartile ranges.", sn_eval_fig_risks(e, k, b));
    sn_buf_puts(b, "</div>\n");
}

static void operating_points(const struct sn_eval *e, struct sn_buf *b)
{
    char v[2][48];

    if (isnan(e->threshold[0]))
        return;
    heading(b, false, "6. At the operating point", "TRIPOD+AI 12e, 15, 23a; CLAIM 28, 36; STARD 12a, 23, 24");
    sn_buf_puts(b, "<p>Threshold ");
    sn_html_text(b, e->threshold_origin);
    if (!isnan(e->threshold_ci[0].lo))
        sn_buf_printf(b, "; chosen anew in each resample it lies between %s and %s (95 %%)", sn_fixed(e->threshold_ci[0].lo, 4, v[0]), sn_fixed(e->threshold_ci[0].hi, 4, v[1]));
    sn_buf_printf(b, ". %s intervals; ratios log-normal.</p>\n", sn_proportion_method_name(e->o->proportions));
    sn_table_operating(e, b, SN_M_SENSITIVITY, SN_M_DOR);
    sn_buf_puts(b, "<div class=\"grid\">\n");
    for (int s = 0; s < (int)e->d->n_sets; s++)
        FIGURE(b, "", "Counts at the frozen threshold.", sn_eval_fig_confusion(e, s, b));
    sn_buf_puts(b, "</div>\n");
}

static void comparisons(const struct sn_eval *e, struct sn_buf *b)
{
    if (e->d->n_scores < 2)
        return;
    heading(b, false, "7. Models against each other", "CLAIM 29; TRIPOD+AI 12e");
    sn_buf_printf(b, "<p>First minus second, on the same cases, with 95 %% interval and p: AUC by DeLong's paired test (by bootstrap of clusters where there are some); rates at the frozen thresholds by McNemar (exact below 25 "
                   "discordant cases, else mid-P) with %s's interval, PPV and NPV by Kosinski's weighted generalised score. Holm: corrected for the number of comparisons in the set. For models nested in each other and fitted on these cases the test is not "
                   "valid (Demler 2012).</p>\n", e->o->newcombe ? "Newcombe" : "Tango");
    sn_table_pairs(e, b);
}

static void subgroups(const struct sn_eval *e, struct sn_buf *b)
{
    if (e->o->n_subgroups == 0)
        return;
    heading(b, false, "8. Subgroups", "TRIPOD+AI 14, 23a; CLAIM 30; STARD 17");
    sn_buf_puts(b, "<p>Interaction: are the AUCs (Cochran's Q), sensitivities and specificities (chi-square) of the levels alike? Small groups decide little; many tests find something by chance.</p>\n");
    sn_table_subgroups(e, b);
    for (int s = 0; s < (int)e->d->n_sets; s++)
        FIGURE(b, " class=\"wide\"", "Dashed: all cases of the set.", sn_eval_fig_subgroups(e, s, b));
}

static void readers(const struct sn_eval *e, struct sn_buf *b)
{
    if (!e->o->reads)
        return;
    heading(b, false, "9. Readers", "CLAIM 18, 36; STARD 24; QUADAS-C");
    sn_buf_puts(b, "<p>A reader's calls against the model's at its frozen threshold, on the same cases. A reader is one point: comparing its &quot;AUC&quot; with a continuous score's would be unfair to the reader, so the "
                   "model's sensitivity is given at the reader's specificity.</p>\n");
    sn_table_readers(e, b);
}

static void reclassification(const struct sn_eval *e, struct sn_buf *b)
{
    if (!e->o->reclass)
        return;
    heading(b, false, "10. Reclassification", "on request");
    sn_buf_puts(b, "<div class=\"review\">");
    sn_html_text(b, sn_reclass_caveat);
    sn_buf_puts(b, "</div>\n");
    sn_table_reclass(e, b);
}

static void appendix(const struct sn_eval *e, struct sn_buf *b)
{
    char v[48];

    if (!isnan(e->threshold[0])) {
        heading(b, true, "Appendix: measures of classification", "CLAIM 28");
        sn_buf_puts(b, "<p>Accuracy, balanced accuracy, Youden's index, MCC and F1 are improper away from one particular threshold, and F1 ignores true negatives (Van Calster et al. 2025). They are given "
                       "because readers ask for them; choose no model by them.</p>\n");
        sn_table_operating(e, b, SN_M_YOUDEN, SN_M_F1);
    }
    heading(b, false, "Methods and reproduction", "TRIPOD+AI 12a, 12g, 18f; CLAIM 23");
    sn_buf_printf(b, "<dl><dt>Program</dt><dd>sentinode %s</dd>\n<dt>Unit of analysis</dt><dd>%s</dd>\n", SN_VERSION,
                  e->d->cluster ? "row, in clusters" : e->o->patient == SN_PATIENT_NONE ? "row" : e->o->patient == SN_PATIENT_MAX ? "patient: largest of its rows" : "patient: mean of its rows");
    if (e->o->boot)
        sn_buf_printf(b, "<dt>Bootstrap</dt><dd>%zu replicates, seed %llu; replicate r draws from the stream hash(seed, r), so any number of threads gives these numbers. Calibration curves: at most %d.</dd>\n",
                      e->o->boot, (unsigned long long)e->o->seed, SN_EVAL_CURVE_BOOT);
    if (!isnan(e->o->prevalence))
        sn_buf_printf(b, "<dt>Prevalence meant</dt><dd>%s</dd>\n", sn_fixed(e->o->prevalence, 4, v));
    sn_buf_printf(b, "<dt>Net benefit</dt><dd>risk %s t is treated</dd>\n<dt>Numbers</dt><dd>results.json, metrics.csv, roc.csv, calibration.csv, dca.csv, dca_differences.csv, comparisons.csv, between_sets.csv, subgroups.csv, readers.csv beside this page; "
                     "every figure as SVG in figures/</dd>\n</dl>\n", e->o->tie == SN_DCA_GT ? "&gt;" : "&ge;");
    sn_buf_puts(b, "<p class=\"small\">What this page cannot answer, and authors must: how patients were chosen (TRIPOD+AI 5, 6), who set the outcome and how (8; STARD 10), protocol and registration (18c, 18d), consent and "
                   "ethics (17), failure analysis case by case (CLAIM 37).</p>\n");
}

void sn_eval_html(const struct sn_eval *e, struct sn_buf *b)
{
    sn_html_begin(b, "Evaluation");
    head(e, b);
    sn_table_key(e, b);
    claims(e, b);
    notes(e, b);
    participants(e, b);
    discrimination(e, b);
    calibration(e, b);
    utility(e, b);
    risks(e, b);
    operating_points(e, b);
    comparisons(e, b);
    subgroups(e, b);
    readers(e, b);
    reclassification(e, b);
    appendix(e, b);
    sn_html_end(b);
}
