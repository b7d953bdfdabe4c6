/* dice.h: what the parts of `sentinode dice` share: masks compared case by case, and their summary. */
#ifndef SN_TOOLS_DICE_H
#define SN_TOOLS_DICE_H

#include "io/io.h"
#include "stats/stats.h"
#include "tools/table.h"

#define SN_DICE_MAX 8 /* comparisons: automatic masks, and a second annotator */

struct sn_dice_options {
    const char *manifest, *results; /* results: folder written by predict; NULL: a column holds the automatic masks */
    const char *id, *patient, *set, *mask, *second; /* column names; second NULL: none */
    enum sn_encoding encoding;
    const char *pred[SN_DICE_MAX - 1];
    int n_pred;
    enum sn_surface_variant surface;
    enum sn_empty_rule empty;
    double tau;        /* mm; NaN: no NSD */
    double spacing[2]; /* mm; 0: from the table, else from the images, else pixels */
    size_t boot;       /* replicates; 0: no intervals */
    uint64_t seed;
    double level;
};

struct sn_dice_measure {
    struct sn_overlap o;
    struct sn_surface s;
};

struct sn_dice_case {
    const char *id, *set;
    size_t patient, line; /* number of the patient, line in the table */
    uint32_t width, height;
    double spacing[2];
    struct sn_dice_measure m[SN_DICE_MAX]; /* by comparison */
};

/* Each against the manual mask. The second annotator, when there is one, comes last. */
struct sn_dice_set {
    struct sn_table table;
    struct sn_dice_case *cases;
    size_t n, n_patients;
    const char *names[SN_DICE_MAX];
    int n_comparisons;
    bool annotators, physical, by_patient; /* last comparison is the second annotator; mm are mm; a patient column */
    const char *sets[64];        /* distinct values of the set column, by appearance */
    int n_sets;
    const char *spacing_from;    /* "--spacing", "spacing_mm", "images", "none (pixels)" */
};
/* Errors name file, line and column. */
int sn_dice_read(struct sn_dice_set *d, const struct sn_dice_options *opt, struct sn_error *err);
void sn_dice_free(struct sn_dice_set *d);

/* The measures that are averaged, in the order of every table. */
enum { SN_DICE_METRICS = 10, SN_DICE_POOLED = 2, SN_DICE_DICE = 0, SN_DICE_HD95 = 5, SN_DICE_NSD = 7 };
extern const char *const sn_dice_metric_names[SN_DICE_METRICS + SN_DICE_POOLED];
double sn_dice_metric(const struct sn_dice_measure *m, int k);

struct sn_dice_summary {
    size_t n, patients;
    struct sn_dice_stat {
        size_t n, infinite, undefined; /* finite values; the others are counted, not averaged */
        double value, lo, hi;          /* mean over cases, or pooled over pixels */
        double median, sd;
    } stat[SN_DICE_METRICS + SN_DICE_POOLED];
};
/* set NULL: all cases. Intervals: cluster bootstrap over patients. */
int sn_dice_summarise(const struct sn_dice_set *d, const struct sn_dice_options *opt, int comparison, const char *set,
                      struct sn_pool *pool, struct sn_dice_summary *s, struct sn_error *err);
/* Mean Dice of comparison a minus that of b, over the cases where both have one. */
int sn_dice_difference(const struct sn_dice_set *d, const struct sn_dice_options *opt, int a, int b, const char *set,
                       struct sn_pool *pool, struct sn_dice_stat *diff, struct sn_error *err);

/* Size agreement over the cases where both masks show a lesion: 0 area (mm^2), 1 longest diameter (mm). */
struct sn_dice_size {
    size_t n;
    bool ok;                   /* two cases or more */
    struct sn_bland_altman ba; /* comparison minus manual */
    struct sn_iccs icc;
};
int sn_dice_sizes(const struct sn_dice_set *d, const struct sn_dice_options *opt, int comparison, const char *set, int what,
                  struct sn_dice_size *size, struct sn_error *err);

/* dice_out.c */
void sn_dice_csv(const struct sn_dice_set *d, struct sn_buf *b);
/* The results object, and text for people into `say` unless it is NULL. */
int sn_dice_results(const struct sn_dice_set *d, const struct sn_dice_options *opt, struct sn_pool *pool, struct sn_json *w,
                    struct sn_buf *say, struct sn_error *err);
/* dice_svg.c: Dice per case, and the longest diameters of the first comparison. */
int sn_dice_svg(struct sn_buf *b, const struct sn_dice_set *d, const struct sn_dice_options *opt, struct sn_error *err);

#endif
