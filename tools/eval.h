/*
 * eval.h: an evaluation: what was asked for, the cases, and everything computed from them; filled by eval_data.c and
 * eval_run*.c, read by eval_json.c, eval_csv.c, eval_figures.c, eval_html.c and eval_text.c.
 *
 * One unit of analysis is a patient (the default: several images are one), or an image when clusters are named.
 * Everything is computed for each set (train, internal, external, ...) by itself.
 */
#ifndef SN_TOOLS_EVAL_H
#define SN_TOOLS_EVAL_H

#include "stats/stats.h"
#include "tools/table.h"

#define SN_EVAL_MODELS 16
#define SN_EVAL_FITTED 8
#define SN_EVAL_SUBGROUPS 16

/* ---- what was asked for ---------------------------------------------------------------------- */

enum sn_patient_rule { SN_PATIENT_MEAN, SN_PATIENT_MAX, SN_PATIENT_NONE };

struct sn_eval_options {
    const char *path;             /* predictions.csv */
    struct sn_table_names names;
    const char *scores;           /* "risk,p_resnet50"; NULL: only models */
    const char *models[SN_EVAL_FITTED]; /* "NAME=model.json": risks computed from the table's columns; before the scores */
    int n_models;                 /* the first model, or else score, is the one judged */
    enum sn_patient_rule patient;
    double range_lo, range_hi;    /* threshold probabilities of the decision curve */
    const char *threshold;        /* "0.3" or "risk=0.3,p_a=0.5"; NULL: none stated */
    const char *threshold_from;   /* set it is chosen on; NULL: none */
    struct sn_cut_rule cut;
    enum sn_proportion_method proportions; /* intervals of rates */
    bool newcombe;                /* paired differences of rates: Newcombe's interval instead of Tango's */
    bool bca;                     /* bootstrap of AUCs: BCa instead of percentile */
    bool has_pauc;
    struct sn_pauc pauc;          /* range of the partial area */
    bool has_smoother;            /* else loess, splines for many cases */
    enum sn_smoother smoother;
    int groups;                   /* of risk */
    enum sn_extreme extreme;      /* risks of 0 and 1 */
    size_t boot;                  /* replicates */
    uint64_t seed;
    double prevalence;            /* of the population meant; NaN: the study's own */
    double margin;                /* non-inferiority, in AUC, accuracy, sensitivity, specificity; NaN: none */
    const char *subgroups[SN_EVAL_SUBGROUPS]; /* "age:50:65" or "us_node" */
    int n_subgroups;
    const char *reads;            /* reader table */
    const char *reclass;          /* "A,B" or "A,B:0.1:0.3" */
    const char *recalibrate;      /* NULL, "intercept", "platt", "isotonic", "temperature" */
    const char *characteristics;  /* columns of the table of patients, "age,grade"; NULL: none */
    const char *claim;            /* model said to be best; NULL: the one with the highest AUC in each set */
    enum sn_dca_tie tie;          /* of the decision curves */
    const char *dir;
};

/* ---- the cases --------------------------------------------------------------------------------- */

struct sn_eval_data {
    struct sn_table table;
    struct sn_keep keep;          /* rows used, and why the others are not */
    size_t n_models, n_scores;    /* scores read; models: those and recalibrated ones */
    const char *model[SN_EVAL_MODELS];
    bool probability[SN_EVAL_MODELS]; /* all values in [0, 1] */
    size_t n;                     /* units */
    size_t *row;                  /* [n] first table row of the unit */
    size_t *rows_of;              /* [n] table rows united in it */
    uint8_t *y;                   /* [n] 0 or 1 */
    double *score[SN_EVAL_MODELS];/* each [n] */
    uint32_t *cluster;            /* [n]; NULL: each unit by itself */
    uint32_t n_clusters;
    int *set;                     /* [n] index into set_name */
    size_t n_sets;
    const char **set_name;        /* train first, then as they come; one "all" when the table has no sets */
    bool has_sets;
    size_t patients;              /* distinct ones */
    bool united;                  /* some patient had several rows */
    struct sn_arena arena;
};
int sn_eval_load(struct sn_eval_data *d, const struct sn_eval_options *o, struct sn_error *err);
void sn_eval_data_free(struct sn_eval_data *d);
int sn_eval_set(const struct sn_eval_data *d, const char *name);   /* -1: none */
int sn_eval_model(const struct sn_eval_data *d, const char *name); /* -1: none */

/* ---- results ----------------------------------------------------------------------------------- */

#define SN_EVAL_LEVEL 0.95
#define SN_EVAL_BAND 101          /* specificities 0, 0.01, ..., 1 of the ROC's band */
#define SN_EVAL_GROUPS 50         /* groups of risk at most */
#define SN_EVAL_CUTS 8            /* of reclassification at most */
#define SN_EVAL_CURVE_BOOT 500    /* calibration curves are refitted at most so often: enough for a 95 % band */

struct sn_eval_ci {
    double v, lo, hi;             /* NaN: not defined */
};

/* At a threshold. The order is the report's: proper measures of a decision first, the improper ones last. */
enum sn_metric {
    SN_M_SENSITIVITY, SN_M_SPECIFICITY, SN_M_PPV, SN_M_NPV, SN_M_PPV_AT, SN_M_NPV_AT, SN_M_LR_POS, SN_M_LR_NEG, SN_M_DOR, SN_M_YOUDEN,
    SN_M_ACCURACY, SN_M_BALANCED, SN_M_MCC, SN_M_F1, SN_METRICS
};
const char *sn_metric_key(enum sn_metric m);   /* "sensitivity", ..., of results.json */
const char *sn_metric_name(enum sn_metric m);  /* "Sensitivity", ..., for people */

struct sn_eval_cut {
    double t;                     /* positive from here on; NaN: no threshold */
    size_t tp, fp, fn, tn;
    struct sn_eval_ci m[SN_METRICS];
    struct sn_eval_ci sens_boot, spec_boot; /* bootstrap intervals of the two; NaN without */
};

struct sn_eval_curve {            /* calibration */
    bool has;
    char why_not[200];            /* when not has */
    struct sn_calibration c;
    struct sn_hosmer_lemeshow hl;
    struct sn_risk_group group[SN_EVAL_GROUPS];
    int n_groups;
    bool has_curve;
    struct sn_calibration_curve curve;
    struct sn_calibration_boot boot;
    char curve_why_not[200];
};

/* One model on one set. */
struct sn_eval_model {
    struct sn_eval_ci auc;        /* to be reported: DeLong, or by bootstrap of clusters when there are some */
    double auc_se;                /* DeLong */
    struct sn_eval_ci auc_delong;
    struct sn_eval_ci auc_logit;  /* DeLong on the logit scale */
    struct sn_eval_ci auc_boot;   /* percentile bootstrap of clusters, else of patients within outcomes; v is the median */
    struct sn_eval_ci pauc, pauc_corrected; /* bootstrap intervals; NaN: not asked for */
    double *band_lo, *band_hi;    /* [SN_EVAL_BAND] sensitivity at 1 - specificity i / 100; NULL without bootstrap */
    struct sn_eval_cut cut;
    struct sn_eval_curve calibration;
    struct sn_dca_point *dca;     /* [n_thresholds]; NULL: not a probability */
    struct sn_dca_band *dca_band; /* [SN_DCA_MEASURES][n_thresholds], net benefit first; NULL without bootstrap */
    double *risk[2];              /* ascending, without and with the event */
    struct sn_eval_ci median[2];  /* v median, lo and hi quartiles */
    bool has_spread;
    struct sn_risk_spread spread[2]; /* risks without and with the event */
};

/* Two models on the same cases. */
struct sn_eval_pair {
    int a, b;
    struct sn_eval_ci diff;       /* AUC of a - AUC of b; DeLong, paired, or by bootstrap of clusters */
    double p, p_holm;             /* Holm over the set's pairs */
    struct sn_eval_ci accuracy, sensitivity, specificity; /* differences at the thresholds; NaN without */
    double p_accuracy, p_sensitivity, p_specificity;      /* McNemar: exact or mid-P */
    struct sn_predictive ppv, npv;                        /* NaN without thresholds */
    struct sn_dca_band *dca;      /* [n_thresholds] of the net benefit's difference; NULL */
};

/* One model on two sets. */
struct sn_eval_between {
    int model, a, b;              /* sets */
    struct sn_auc_test t;         /* AUC on a - AUC on b: DeLong, unpaired */
    struct sn_eval_ci accuracy, sensitivity, specificity; /* the same at the frozen threshold: Newcombe; NaN without */
};

/* A claim that one model is best, judged. */
enum sn_claim_verdict {           /* in order of weight: the worst rival counts */
    SN_CLAIM_NONE,                /* one model only, or the cases it was fitted on */
    SN_CLAIM_SUPPORTED,           /* ahead of every other, each difference significant after Holm */
    SN_CLAIM_UNSUPPORTED,         /* ahead, but not of all beyond chance */
    SN_CLAIM_REVERSED,            /* another one is as good or ahead, within chance */
    SN_CLAIM_CONTRADICTED         /* another one is ahead, beyond chance */
};
const char *sn_claim_key(enum sn_claim_verdict v); /* "supported", "not supported", "reversed", "contradicted", "not judged" */
struct sn_eval_claim {
    int model;                    /* claimed, or the one with the highest AUC */
    bool stated;                  /* by --claim */
    enum sn_claim_verdict verdict;
    char text[6400];              /* whole sentences, with differences, intervals and p; room for 15 rivals of long names */
};

struct sn_eval_group {            /* one level of a subgroup, first model */
    const char *column, *level;
    size_t n, events;
    struct sn_eval_ci auc, sensitivity, specificity, in_the_large;
    struct sn_eval_ci auc_difference; /* first model less second, paired; NaN with one model */
    double p_auc_difference;
};
struct sn_eval_subgroup {
    int first, n;                 /* into groups */
    double p_auc, p_sensitivity, p_specificity, p_auc_difference; /* levels alike? */
};

struct sn_eval_reader {
    const char *name, *group;
    size_t n, events, tp, fp, fn, tn;
    struct sn_eval_ci sensitivity, specificity;
    struct sn_eval_ci d_sensitivity, d_specificity, d_accuracy; /* first model at its threshold minus reader, same cases */
    double p_sensitivity, p_specificity, p_accuracy, p_holm;    /* McNemar; Holm over the set's readers, of accuracy */
    double model_sensitivity;     /* the model's, on the same cases, at the reader's specificity */
};

struct sn_eval_trait {            /* a characteristic of the patients; [0] without, [1] with the event */
    const char *column;
    bool number;                  /* else categories */
    size_t n[2], missing[2];
    double mean[2], sd[2], quartile[2][3];
    double p_wilcoxon, p_welch;
    size_t levels;
    const char **level;
    uint64_t *count;              /* [levels][2] */
    double p_chisq, p_fisher;     /* Fisher: 2 x 2 with fewer than 5 expected, else NaN */
};

struct sn_eval_reclass {
    bool has, has_categories;
    int old_model, new_model;
    double cut[SN_EVAL_CUTS];     /* borders of the categories: as stated, else the old model's threshold */
    size_t n_cuts;
    struct sn_reclass categories, continuous;
};

struct sn_eval_result {           /* of one set */
    const char *name;
    size_t n, events, clusters;
    bool usable;                  /* both outcomes present */
    double prevalence;
    size_t *unit;                 /* [n] into the data */
    uint8_t *y;                   /* [n] */
    double *yd;                   /* [n] the same as numbers */
    double *score[SN_EVAL_MODELS];/* [n] */
    struct sn_roc roc[SN_EVAL_MODELS];
    uint32_t *cluster;
    struct sn_eval_model *model;  /* [n_models] */
    struct sn_eval_pair *pair;
    size_t n_pairs;
    struct sn_eval_claim claim;
    struct sn_eval_trait *trait;  /* [n_traits] in the order asked for; the arena's */
    size_t n_traits;
    struct sn_eval_group *group;
    int n_groups;
    struct sn_eval_subgroup *subgroup;
    int n_subgroups;
    struct sn_eval_reader *reader;
    size_t n_readers;
    struct sn_eval_reclass reclass;
    struct sn_dca_point *treat_all; /* [n_thresholds] */
    struct sn_dca_band *treat_all_band; /* as a model's */
};

struct sn_eval {
    const struct sn_eval_options *o;
    struct sn_eval_data *d;
    double threshold[SN_EVAL_MODELS];  /* NaN: none */
    struct sn_eval_ci threshold_ci[SN_EVAL_MODELS]; /* chosen ones: the rule applied anew in each resample; NaN else */
    char threshold_origin[280];
    double *t;                    /* [n_thresholds] of the decision curves */
    size_t n_thresholds;
    struct sn_eval_result *set;   /* [d->n_sets] */
    struct sn_eval_between *between;
    size_t n_between;
    struct sn_recal recal;
    char recal_text[200];
    struct sn_buf notes;          /* what a reader of the results must know; one a line */
    struct sn_table reads;
    size_t reads_unmatched, reads_assisted;
    struct sn_arena arena;
};

/* "= 0.03", "< 0.001" or "-"; buf of 60. */
const char *sn_eval_p(double p, char *buf);
int sn_eval_run(struct sn_eval *e, const struct sn_eval_options *o, struct sn_eval_data *d, struct sn_pool *pool, struct sn_error *err);
void sn_eval_free(struct sn_eval *e);
void sn_eval_note(struct sn_eval *e, const char *fmt, ...) SN_PRINTF(2, 3);

#endif
