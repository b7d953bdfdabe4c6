/* readers.h: what the parts of `sentinode readers` share: a reader study, and what comes of it. */
#ifndef SN_TOOLS_READERS_H
#define SN_TOOLS_READERS_H

#include "io/io.h"
#include "stats/stats.h"
#include "tools/table.h"

#define SN_READERS_MAX 64
#define SN_GROUPS_MAX 8

struct sn_readers_options {
    const char *reads, *predictions; /* predictions NULL: no model */
    const char *key, *outcome, *score, *cluster; /* column names; key is in both tables */
    enum sn_encoding encoding;
    double threshold;  /* of the model: score >= threshold is positive; NaN: none */
    double margin;     /* of non-inferiority; NaN: none */
    bool binary_auc;   /* compare AUCs of readers who only gave calls, too */
    double dca_lo, dca_hi, dca_step; /* NaN: no decision curves */
    size_t boot;
    uint64_t seed;
    double level;
};

/* One case of the study; only cases somebody read are kept. */
struct sn_read_case {
    const char *id;
    int y;             /* 0/1; -1: unknown, the case counts nowhere */
    double score;      /* of the model; NaN: none */
    size_t cluster;    /* 0.. */
};

struct sn_reader {
    const char *name, *group; /* group "" when there is none */
    bool read[2];             /* without, with assistance */
    int8_t *call[2];          /* [cases] 0/1; -1: not read */
    double *score[2];         /* [cases] NaN: none */
};

struct sn_reads {
    struct sn_table reads, preds; /* preds.file NULL: no model */
    struct sn_read_case *cases;
    size_t n, n_clusters;
    struct sn_reader readers[SN_READERS_MAX];
    int n_readers;
    const char *groups[SN_GROUPS_MAX];
    int n_groups;
    size_t dropped_calls, no_outcome, no_score; /* reads without a call; cases without outcome, without the model's score */
    bool by_cluster;   /* the cluster column was there */
};
/* Errors name file, line and column. */
int sn_reads_load(struct sn_reads *s, const struct sn_readers_options *opt, struct sn_error *err);
void sn_reads_free(struct sn_reads *s);

/* ---- results ------------------------------------------------------------------------------------------------- */

/* The model and a reader at one point of the model's ROC curve. */
struct sn_matched {
    double model, reader, diff, lo, hi; /* model - reader */
};
struct sn_auc_pair {
    double model, reader, diff, lo, hi, z, p; /* DeLong, paired */
};
/* One reader in one condition. */
struct sn_reader_result {
    int reader, assisted;
    size_t n, events;
    struct sn_proportion sensitivity, specificity, accuracy, ppv, npv;
    bool ordinal;            /* gave scores of more than two values for every case read */
    double auc, auc_lo, auc_hi; /* NaN unless ordinal, or asked for */
    /* against the model, on the cases both have; n_model 0: no model */
    size_t n_model;
    struct sn_match test[3];   /* accuracy, sensitivity, specificity; first is the model */
    double adjusted[3];         /* Holm over all readers and conditions, each test by itself */
    struct sn_matched specificity_at_sensitivity, sensitivity_at_specificity;
    struct sn_auc_pair delong;
    double delong_adjusted;
};
/* Readers of a group together: means of their rates. */
struct sn_group_result {
    const char *group; /* NULL: all readers */
    int assisted, readers;
    size_t n;          /* cases all of them read */
    struct sn_mrmc_mean sensitivity, specificity;
};
struct sn_kappa_pair {
    int a, b, assisted;
    struct sn_agreement kappa;
    struct sn_agreement linear, quadratic; /* of the scores; n 0: no whole-number scores 0..20 by both */
};
struct sn_agreement_result {
    int assisted, readers;
    size_t n;
    bool ok;
    struct sn_agreement fleiss, ac1;
    struct sn_iccs icc; /* of the scores of the readers who gave them, on the cases they all scored; n 0: none */
};
/* With minus without assistance. */
struct sn_assistance_result {
    int reader;
    size_t n;
    struct sn_match test[3];
    double adjusted[3];
};
/* Obuchowski-Rockette; what 0 sensitivity, 1 specificity, 2 AUC. */
struct sn_mrmc_result {
    bool ok;
    int readers;
    size_t n;
    struct sn_mrmc m;      /* without against with assistance */
};
struct sn_model_result {
    bool ok;
    int readers;
    size_t n;
    double model;
    struct sn_mrmc_mean m; /* mean of the readers' differences from the model: reader - model */
};
#define SN_READERS_BAND 101 /* of the ROC's band: 1 - specificity 0, 0.01, ..., 1 */
struct sn_readers_results {
    struct sn_reader_result *r;
    size_t n_r;
    struct sn_group_result group[2 * (SN_GROUPS_MAX + 1)];
    int n_group;
    struct sn_kappa_pair *pair;
    size_t n_pair;
    struct sn_agreement_result agreement[2];
    struct sn_assistance_result *assist;
    size_t n_assist;
    struct sn_mrmc_result mrmc[3];
    struct sn_model_result versus[2][3]; /* [assisted] */
    /* the model alone, on all cases with outcome and score */
    size_t model_n, model_events;
    double auc, auc_lo, auc_hi;
    struct sn_proportion model_sensitivity, model_specificity, model_accuracy; /* at the threshold */
    size_t roc_n;
    double *roc_fpr, *roc_tpr; /* [roc_n] from (0,0) to (1,1) */
    bool has_band;
    double band_lo[SN_READERS_BAND], band_hi[SN_READERS_BAND]; /* of the sensitivity; clusters drawn */
    size_t dca_n, dca_cases;   /* thresholds; 0: not asked for */
    bool dca_ok, dca_has_model; /* both outcomes present; the scores are risks */
    double *dca_t;             /* [dca_n] */
    struct sn_dca_point *dca_all, *dca_model; /* [dca_n] */
    struct sn_dca_point *dca_reader; /* [n_r][dca_n] */
};
int sn_readers_analyse(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_pool *pool,
                       struct sn_readers_results *out, struct sn_error *err);
void sn_readers_results_free(struct sn_readers_results *r);

/* readers_roc.c: the model's part */
int sn_readers_model(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_pool *pool, struct sn_readers_results *out,
                     struct sn_error *err);
/* r has reader and assisted set and its own rates; fills what concerns the model. */
int sn_readers_against_model(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_pool *pool,
                             struct sn_reader_result *r, struct sn_error *err);
int sn_readers_dca(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_readers_results *out,
                   struct sn_error *err);
/* A case that counts for a reader in a condition. */
static inline bool sn_reads_counts(const struct sn_reads *s, int reader, int assisted, size_t i)
{
    return s->cases[i].y >= 0 && s->readers[reader].read[assisted] && s->readers[reader].call[assisted][i] >= 0;
}

/* readers_many.c: several readers together */
int sn_readers_together(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_readers_results *out,
                        struct sn_error *err);

/* readers_json.c, readers_say.c, readers_svg.c */
int sn_readers_json(const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r,
                    struct sn_json *w, struct sn_error *err);
void sn_readers_say(struct sn_buf *say, const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r);
void sn_readers_csv(const struct sn_reads *s, const struct sn_readers_results *r, struct sn_buf *b);
void sn_readers_dca_csv(const struct sn_reads *s, const struct sn_readers_results *r, struct sn_buf *b);
/* The model's ROC curve with its band and the readers on it; net benefit of the model, of each group, treating all and none. */
void sn_readers_roc_svg(struct sn_buf *b, const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r);
void sn_readers_dca_svg(struct sn_buf *b, const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r);
const char *sn_reader_label(const struct sn_reads *s, const struct sn_reader_result *r, char *buf); /* "R1 (senior), assisted"; buf of 160 */

#endif
