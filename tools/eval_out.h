/* eval_out.h: an evaluation as files: results.json, tidy tables, figures, report.html, and the summary for people. */
#ifndef SN_TOOLS_EVAL_OUT_H
#define SN_TOOLS_EVAL_OUT_H

#include "tools/eval.h"
#include "tools/figures.h"

void sn_eval_json(const struct sn_eval *e, struct sn_json *w);

void sn_eval_traits_json(const struct sn_eval_result *r, struct sn_json *w); /* eval_traits.c: "characteristics" */
void sn_eval_traits_html(const struct sn_eval *e, struct sn_buf *b);

/* A reader as one point at every threshold, point[n_thresholds]; false: sensitivity or specificity is undefined. */
bool sn_eval_reader_dca(const struct sn_eval *e, const struct sn_eval_result *r, const struct sn_eval_reader *q, struct sn_dca_point *point);

/* Tidy tables: one observation a row. Each appends a whole file. */
void sn_eval_csv_metrics(const struct sn_eval *e, struct sn_buf *b);     /* set,model,measure,value,lo,hi,p */
void sn_eval_csv_roc(const struct sn_eval *e, struct sn_buf *b);         /* set,model,threshold,tp,fp,sensitivity,specificity */
void sn_eval_csv_calibration(const struct sn_eval *e, struct sn_buf *b); /* set,model,kind,predicted,observed,lo,hi,n */
void sn_eval_csv_dca(const struct sn_eval *e, struct sn_buf *b);         /* set,model,threshold,net_benefit,lo,hi,... */
void sn_eval_csv_comparisons(const struct sn_eval *e, struct sn_buf *b);
void sn_eval_csv_dca_differences(const struct sn_eval *e, struct sn_buf *b); /* set,a,b,threshold,difference,lo,hi */
void sn_eval_csv_between(const struct sn_eval *e, struct sn_buf *b);         /* model,a,b,measure,difference,lo,hi,t,df,p */
void sn_eval_csv_subgroups(const struct sn_eval *e, struct sn_buf *b);
void sn_eval_csv_readers(const struct sn_eval *e, struct sn_buf *b);

/* Figures. Each appends one SVG; false: there is nothing to draw (nothing was appended). k: model. */
bool sn_eval_fig_flow(const struct sn_eval *e, struct sn_buf *b);
bool sn_eval_fig_auc(const struct sn_eval *e, struct sn_buf *b); /* forest plot over sets and models */
bool sn_eval_fig_roc(const struct sn_eval *e, int set, struct sn_buf *b);
bool sn_eval_fig_calibration(const struct sn_eval *e, int set, size_t k, struct sn_buf *b);
bool sn_eval_fig_dca(const struct sn_eval *e, int set, struct sn_buf *b);
bool sn_eval_fig_impact(const struct sn_eval *e, int set, struct sn_buf *b);
bool sn_eval_fig_risks(const struct sn_eval *e, size_t k, struct sn_buf *b);
bool sn_eval_fig_confusion(const struct sn_eval *e, int set, struct sn_buf *b);
bool sn_eval_fig_subgroups(const struct sn_eval *e, int set, struct sn_buf *b);

/* The page, figures inline. */
void sn_eval_html(const struct sn_eval *e, struct sn_buf *b);
/* The summary for a terminal. */
void sn_eval_text(const struct sn_eval *e, struct sn_buf *b);
/* All files into o->dir. */
int sn_eval_write(const struct sn_eval *e, struct sn_error *err);

/* "0.763 (0.671 to 0.855)", "-" when not defined; buf of 160. */
const char *sn_eval_show(struct sn_eval_ci c, int decimals, char *buf);

#endif
