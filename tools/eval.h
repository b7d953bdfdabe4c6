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
#define SN_EVAL_SUBGROUPS 16

/* ---- what was asked for ---------------------------------------------------------------------- */

enum sn_patient_rule { SN_PATIENT_MEAN, SN_PATIENT_MAX, SN_PATIENT_NONE };
enum sn_cut_rule { SN_CUT_YOUDEN, SN_CUT_CLOSEST, SN_CUT_SENSITIVITY, SN_CUT_SPECIFICITY };

struct sn_eval_options {
    const char *path;             /* predictions.csv */
    struct sn_table_names names;
    const char *scores;           /* "risk,p_resnet50"; the first is the model judged */
    const char *positive;         /* outcome's text that counts as the event; NULL: 0/1 */
    enum sn_patient_rule patient;
    double range_lo, range_hi;    /* threshold probabilities of the decision curve */
    const char *threshold;        /* "0.3" or "risk=0.3,p_a=0.5"; NULL: none stated */
    const char *threshold_from;   /* set it is chosen on; NULL: none */
    enum sn_cut_rule cut;
    double cut_value;             /* sensitivity or specificity asked for */
    size_t boot;                  /* replicates */
    uint64_t seed;
    double prevalence;            /* of the population meant; NaN: the study's own */
    double margin;                /* non-inferiority, in AUC; NaN: none */
    const char *subgroups[SN_EVAL_SUBGROUPS]; /* "age:50:65" or "us_node" */
    int n_subgroups;
    const char *reads;            /* reader table */
    const char *reclass;          /* "A,B" */
    const char *recalibrate;      /* NULL, "intercept", "platt", "isotonic", "temperature" */
    const char *claim;            /* model said to be best; NULL: the one with the highest AUC in each set */
    bool ties_gt;                 /* decision curves count risk > t instead of >= */
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
    int *y;                       /* [n] */
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

#endif
