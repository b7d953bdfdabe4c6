/* readers_many.c: readers by themselves, in groups, against each other, with and without assistance. */
#include "tools/readers.h"

#include <math.h>
#include <stdlib.h>

/* ---- one reader ------------------------------------------------------------------------------------------------- */

/* A score for every read, of three values or more: a call in other words is no scale. */
static bool is_ordinal(const struct sn_reads *s, int reader, int assisted)
{
    double seen[2] = { NAN, NAN };
    bool third = false;

    for (size_t i = 0; i < s->n; i++) {
        double x;

        if (!sn_reads_counts(s, reader, assisted, i))
            continue;
        x = s->readers[reader].score[assisted][i];
        if (!isfinite(x))
            return false;
        if (isnan(seen[0]))
            seen[0] = x;
        else if (x != seen[0] && isnan(seen[1]))
            seen[1] = x;
        else if (x != seen[0] && x != seen[1])
            third = true;
    }
    return third;
}

/* AUC and its DeLong interval, of scores or of calls. */
static int reader_auc(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_reader_result *r, struct sn_error *err)
{
    double *y = calloc(2 * (s->n + 1), sizeof *y), *x = y ? y + s->n + 1 : NULL;
    struct sn_interval ci;
    struct sn_roc roc;
    size_t n = 0;
    int rc;

    if (!y)
        return SN_NOMEM(err, "a reader's scores");
    for (size_t i = 0; i < s->n; i++)
        if (sn_reads_counts(s, r->reader, r->assisted, i)) {
            y[n] = s->cases[i].y;
            x[n++] = r->ordinal ? s->readers[r->reader].score[r->assisted][i] : s->readers[r->reader].call[r->assisted][i];
        }
    rc = sn_roc_build(x, y, n, &roc, err);
    free(y);
    SN_TRY(rc);
    ci = sn_auc_ci(roc.auc, sn_roc_variance(&roc), opt->level, SN_AUC_PLAIN);
    r->auc = roc.auc;
    r->auc_lo = ci.lo;
    r->auc_hi = ci.hi;
    sn_roc_free(&roc);
    return SN_OK;
}

static int one_reader(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_reader_result *r, struct sn_error *err)
{
    size_t count[2][2] = { { 0 } }; /* [outcome][call] */

    for (size_t i = 0; i < s->n; i++)
        if (sn_reads_counts(s, r->reader, r->assisted, i))
            count[s->cases[i].y][s->readers[r->reader].call[r->assisted][i]]++;
    r->events = count[1][0] + count[1][1];
    r->n = r->events + count[0][0] + count[0][1];
    r->sensitivity = sn_proportion(count[1][1], r->events, opt->level);
    r->specificity = sn_proportion(count[0][0], r->n - r->events, opt->level);
    r->accuracy = sn_proportion(count[1][1] + count[0][0], r->n, opt->level);
    r->ppv = sn_proportion(count[1][1], count[0][1] + count[1][1], opt->level);
    r->npv = sn_proportion(count[0][0], count[0][0] + count[1][0], opt->level);
    r->ordinal = is_ordinal(s, r->reader, r->assisted);
    r->auc = r->auc_lo = r->auc_hi = NAN;
    if ((r->ordinal || opt->binary_auc) && r->events >= 2 && r->n - r->events >= 2)
        return reader_auc(s, opt, r, err);
    return SN_OK;
}

/* ---- the same cases for several readers --------------------------------------------------------------------------- */

/* Sets of calls or scores on cases that all sets have; set k is of reader[k] in condition assisted[k]; reader -1: the model. */
struct block {
    int m, reader[2 * SN_READERS_MAX + 1], assisted[2 * SN_READERS_MAX + 1];
    size_t n, n1;
    int *y;
    double *x[2 * SN_READERS_MAX + 1];
};

static void block_free(struct block *b)
{
    free(b->y);
    for (int k = 0; k < b->m; k++)
        free(b->x[k]);
}

static void add(struct block *b, int reader, int assisted)
{
    b->reader[b->m] = reader;
    b->assisted[b->m++] = assisted;
}

static int fill(const struct sn_reads *s, const struct sn_readers_options *opt, bool scores, struct block *b, struct sn_error *err)
{
    b->n = b->n1 = 0;
    b->y = calloc(s->n + 1, sizeof *b->y);
    for (int k = 0; k < b->m; k++)
        b->x[k] = calloc(s->n + 1, sizeof *b->x[k]);
    for (int k = 0; k < b->m; k++)
        if (!b->x[k] || !b->y)
            return SN_NOMEM(err, "readers' cases");
    for (size_t i = 0; i < s->n; i++) {
        bool all = s->cases[i].y >= 0;

        for (int k = 0; k < b->m && all; k++)
            all = b->reader[k] < 0 ? isfinite(s->cases[i].score) : sn_reads_counts(s, b->reader[k], b->assisted[k], i);
        if (!all)
            continue;
        for (int k = 0; k < b->m; k++) {
            const struct sn_reader *r = b->reader[k] < 0 ? NULL : &s->readers[b->reader[k]];

            if (!r)
                b->x[k][b->n] = scores ? s->cases[i].score : s->cases[i].score >= opt->threshold;
            else
                b->x[k][b->n] = scores ? r->score[b->assisted[k]][i] : r->call[b->assisted[k]][i];
        }
        b->n1 += s->cases[i].y == 1;
        b->y[b->n++] = s->cases[i].y;
    }
    return SN_OK;
}

static bool enough(const struct block *b) { return b->n1 >= 2 && b->n - b->n1 >= 2; }

static int merits(const struct block *b, enum sn_mrmc_merit what, double **merit, double **cov, struct sn_error *err)
{
    int rc;

    *merit = calloc((size_t)b->m, sizeof **merit);
    *cov = calloc((size_t)b->m * (size_t)b->m, sizeof **cov);
    rc = *merit && *cov ? SN_OK : SN_NOMEM(err, "covariances");
    if (!rc)
        rc = sn_mrmc_covariance(what, SN_COV_JACKKNIFE, b->y, b->n, (const double *const *)b->x, b->m, *merit, *cov, err);
    return rc;
}

/* ---- groups ---------------------------------------------------------------------------------------------------------- */

static int group_means(const struct sn_reads *s, const struct sn_readers_options *opt, const char *group, int assisted,
                       struct sn_readers_results *out, struct sn_error *err)
{
    struct sn_group_result *g = &out->group[out->n_group];
    struct block b = { .m = 0 };
    int rc = SN_OK;

    for (int k = 0; k < s->n_readers; k++)
        if (s->readers[k].read[assisted] && (!group || strcmp(group, s->readers[k].group) == 0))
            add(&b, k, assisted);
    if (!b.m)
        return SN_OK;
    SN_TRY_OUT(fill(s, opt, false, &b, err));
    if (!enough(&b))
        goto out;
    *g = (struct sn_group_result){ .group = group, .assisted = assisted, .readers = b.m, .n = b.n };
    for (int what = 0; what < 2 && !rc; what++) {
        double *merit = NULL, *cov = NULL;

        rc = merits(&b, what ? SN_MERIT_SPECIFICITY : SN_MERIT_SENSITIVITY, &merit, &cov, err);
        if (!rc)
            rc = sn_mrmc_one(merit, cov, b.m, 0.5, opt->level, what ? &g->specificity : &g->sensitivity, err);
        free(merit);
        free(cov);
    }
    out->n_group += rc == SN_OK;
out:
    block_free(&b);
    return rc;
}

/* ---- agreement between readers ------------------------------------------------------------------------------------------ */

/* Scores as categories: whole numbers 0..20 of both readers on all common cases, else none. */
static bool categories(const struct sn_reads *s, int reader, int assisted, size_t i, int *c)
{
    double x = s->readers[reader].score[assisted][i];

    if (!(x >= 0 && x <= 20 && x == floor(x)))
        return false;
    *c = (int)x;
    return true;
}

static int one_pair(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_kappa_pair *p, struct sn_error *err)
{
    int *v = calloc(4 * (s->n + 1), sizeof *v), *a, *b, *sa, *sb, rc = SN_OK;
    bool scores = true;
    size_t n = 0;

    if (!v)
        return SN_NOMEM(err, "two readers' calls");
    a = v;
    b = a + s->n + 1;
    sa = b + s->n + 1;
    sb = sa + s->n + 1;
    for (size_t i = 0; i < s->n; i++) {
        if (s->readers[p->a].call[p->assisted][i] < 0 || s->readers[p->b].call[p->assisted][i] < 0)
            continue; /* agreement needs no outcome */
        a[n] = s->readers[p->a].call[p->assisted][i];
        b[n] = s->readers[p->b].call[p->assisted][i];
        scores = scores && categories(s, p->a, p->assisted, i, &sa[n]) && categories(s, p->b, p->assisted, i, &sb[n]);
        n++;
    }
    p->kappa = (struct sn_agreement){ .n = n, .value = NAN, .lo = NAN, .hi = NAN, .observed = NAN, .p = NAN };
    p->linear = p->quadratic = (struct sn_agreement){ .n = 0 };
    if (n >= 2)
        rc = sn_cohen_kappa(a, b, n, 2, SN_KAPPA_UNWEIGHTED, opt->level, &p->kappa, err);
    if (!rc && n >= 2 && scores)
        rc = sn_cohen_kappa(sa, sb, n, 21, SN_KAPPA_LINEAR, opt->level, &p->linear, err);
    if (!rc && n >= 2 && scores)
        rc = sn_cohen_kappa(sa, sb, n, 21, SN_KAPPA_QUADRATIC, opt->level, &p->quadratic, err);
    free(v);
    return rc;
}

static int all_readers(const struct sn_reads *s, const struct sn_readers_options *opt, int assisted, struct sn_agreement_result *r,
                       struct sn_error *err)
{
    int *counts = calloc(2 * (s->n + 1), sizeof *counts), rc = SN_OK;

    *r = (struct sn_agreement_result){ .assisted = assisted };
    if (!counts)
        return SN_NOMEM(err, "readers' calls");
    for (int k = 0; k < s->n_readers; k++)
        r->readers += s->readers[k].read[assisted];
    for (size_t i = 0; i < s->n; i++) {
        int sum[2] = { 0, 0 };

        for (int k = 0; k < s->n_readers; k++)
            if (s->readers[k].read[assisted] && s->readers[k].call[assisted][i] >= 0)
                sum[s->readers[k].call[assisted][i]]++;
        if (sum[0] + sum[1] == r->readers) {
            counts[2 * r->n] = sum[0];
            counts[2 * r->n++ + 1] = sum[1];
        }
    }
    r->ok = r->readers >= 2 && r->n >= 2;
    if (r->ok)
        rc = sn_fleiss_kappa(counts, r->n, 2, opt->level, &r->fleiss, err);
    if (r->ok && !rc)
        rc = sn_gwet_ac1(counts, r->n, 2, opt->level, &r->ac1, err);
    free(counts);
    return rc;
}

/* Do scores agree? Cases whose outcome is unknown count too. */
static int score_icc(const struct sn_reads *s, const struct sn_readers_options *opt, int assisted, struct sn_iccs *icc, struct sn_error *err)
{
    const double *score[SN_READERS_MAX];
    size_t n = 0;
    double *x;
    int k = 0, rc = SN_OK;

    *icc = (struct sn_iccs){ .n = 0 };
    for (int i = 0; i < s->n_readers; i++)
        if (s->readers[i].read[assisted] && is_ordinal(s, i, assisted))
            score[k++] = s->readers[i].score[assisted];
    if (k < 2)
        return SN_OK;
    x = calloc(s->n * (size_t)k, sizeof *x);
    if (!x)
        return SN_NOMEM(err, "readers' scores");
    for (size_t i = 0; i < s->n; i++) {
        bool all = true;

        for (int j = 0; j < k; j++) {
            x[n * (size_t)k + (size_t)j] = score[j][i];
            all &= isfinite(score[j][i]) != 0;
        }
        n += all;
    }
    if (n >= 2)
        rc = sn_icc(x, n, k, opt->level, icc, err);
    free(x);
    return rc;
}

static int agreement(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_readers_results *out, struct sn_error *err)
{
    out->pair = calloc((size_t)s->n_readers * (size_t)s->n_readers, sizeof *out->pair);
    if (!out->pair)
        return SN_NOMEM(err, "pairs of readers");
    for (int assisted = 0; assisted < 2; assisted++) {
        SN_TRY(all_readers(s, opt, assisted, &out->agreement[assisted], err));
        SN_TRY(score_icc(s, opt, assisted, &out->agreement[assisted].icc, err));
        for (int a = 0; a < s->n_readers; a++)
            for (int b = a + 1; b < s->n_readers; b++) {
                struct sn_kappa_pair *p = &out->pair[out->n_pair];

                if (!s->readers[a].read[assisted] || !s->readers[b].read[assisted])
                    continue;
                *p = (struct sn_kappa_pair){ .a = a, .b = b, .assisted = assisted };
                SN_TRY(one_pair(s, opt, p, err));
                out->n_pair++;
            }
    }
    return SN_OK;
}

/* ---- with and without assistance ------------------------------------------------------------------------------------------- */

static int assistance(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_readers_results *out, struct sn_error *err)
{
    out->assist = calloc((size_t)s->n_readers, sizeof *out->assist);
    if (!out->assist)
        return SN_NOMEM(err, "readers");
    for (int k = 0; k < s->n_readers; k++) {
        struct sn_assistance_result *r = &out->assist[out->n_assist];
        struct sn_paired p[3] = { { 0, 0, 0, 0 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 } };

        if (!s->readers[k].read[0] || !s->readers[k].read[1])
            continue;
        *r = (struct sn_assistance_result){ .reader = k };
        for (size_t i = 0; i < s->n; i++) {
            bool with, without;

            if (!sn_reads_counts(s, k, 0, i) || !sn_reads_counts(s, k, 1, i))
                continue;
            with = s->readers[k].call[1][i] == s->cases[i].y;
            without = s->readers[k].call[0][i] == s->cases[i].y;
            r->n++;
            for (int t = 0; t < 3; t++)
                if (t == 0 || (t == 1) == (s->cases[i].y == 1))
                    ++*(with ? (without ? &p[t].both : &p[t].first) : without ? &p[t].second : &p[t].neither);
        }
        for (int t = 0; t < 3; t++)
            r->test[t] = sn_match_compare(&p[t], opt->level, NAN);
        out->n_assist += r->n > 0;
    }
    return SN_OK;
}

/* Readers with both conditions, for AUC only those with scores in both. */
static int mrmc_one_merit(const struct sn_reads *s, const struct sn_readers_options *opt, int what, struct sn_mrmc_result *r,
                          struct sn_error *err)
{
    struct block b = { .m = 0 };
    double *merit = NULL, *cov = NULL;
    int rc = SN_OK;

    *r = (struct sn_mrmc_result){ .ok = false };
    for (int a = 0; a < 2; a++)
        for (int k = 0; k < s->n_readers; k++)
            if (s->readers[k].read[0] && s->readers[k].read[1] &&
                (what < 2 || (is_ordinal(s, k, 0) && is_ordinal(s, k, 1))))
                add(&b, k, a);
    if (!b.m)
        return SN_OK;
    SN_TRY_OUT(fill(s, opt, what == 2, &b, err));
    r->readers = b.m / 2;
    r->n = b.n;
    if (!enough(&b))
        goto out;
    SN_TRY_OUT(merits(&b, what == 0 ? SN_MERIT_SENSITIVITY : what == 1 ? SN_MERIT_SPECIFICITY : SN_MERIT_AUC, &merit, &cov, err));
    SN_TRY_OUT(sn_mrmc_compare(merit, cov, 2, r->readers, opt->level, &r->m, err));
    r->ok = true;
out:
    free(merit);
    free(cov);
    block_free(&b);
    return rc;
}

/* ---- all readers against the model ---------------------------------------------------------------------------------------------- */

/* Differences of each reader from the model, and their covariances: (r_i - a)(r_k - a) with a the model, set 0. */
static void differences(const double *merit, const double *cov, int m, double *diff, double *dcov)
{
    for (int i = 1; i < m; i++) {
        diff[i - 1] = merit[i] - merit[0];
        for (int k = 1; k < m; k++)
            dcov[(i - 1) * (m - 1) + k - 1] = cov[i * m + k] - cov[i * m] - cov[k] + cov[0];
    }
}

static int against_model(const struct sn_reads *s, const struct sn_readers_options *opt, int assisted, int what,
                         struct sn_model_result *r, struct sn_error *err)
{
    struct block b = { .m = 0 };
    double *merit = NULL, *cov = NULL, *diff = NULL, *dcov = NULL;
    int rc = SN_OK;

    *r = (struct sn_model_result){ .ok = false };
    if (!opt->predictions || (what < 2 && isnan(opt->threshold)))
        return SN_OK;
    add(&b, -1, 0);
    for (int k = 0; k < s->n_readers; k++)
        if (s->readers[k].read[assisted] && (what < 2 || is_ordinal(s, k, assisted)))
            add(&b, k, assisted);
    if (b.m < 2)
        return SN_OK;
    SN_TRY_OUT(fill(s, opt, what == 2, &b, err));
    r->readers = b.m - 1;
    r->n = b.n;
    if (!enough(&b))
        goto out;
    SN_TRY_OUT(merits(&b, what == 0 ? SN_MERIT_SENSITIVITY : what == 1 ? SN_MERIT_SPECIFICITY : SN_MERIT_AUC, &merit, &cov, err));
    diff = calloc((size_t)b.m, sizeof *diff);
    dcov = calloc((size_t)b.m * (size_t)b.m, sizeof *dcov);
    if (!diff || !dcov) {
        rc = SN_NOMEM(err, "differences");
        goto out;
    }
    differences(merit, cov, b.m, diff, dcov);
    r->model = merit[0];
    SN_TRY_OUT(sn_mrmc_one(diff, dcov, r->readers, 0, opt->level, &r->m, err));
    r->ok = true;
out:
    free(merit);
    free(cov);
    free(diff);
    free(dcov);
    block_free(&b);
    return rc;
}

/* ---- together --------------------------------------------------------------------------------------------------------------------- */

int sn_readers_together(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_readers_results *out,
                        struct sn_error *err)
{
    for (int assisted = 0; assisted < 2; assisted++) {
        SN_TRY(group_means(s, opt, NULL, assisted, out, err));
        for (int g = 0; g < s->n_groups && s->n_groups > 1; g++)
            SN_TRY(group_means(s, opt, s->groups[g], assisted, out, err));
        for (int what = 0; what < 3; what++)
            SN_TRY(against_model(s, opt, assisted, what, &out->versus[assisted][what], err));
    }
    SN_TRY(agreement(s, opt, out, err));
    SN_TRY(assistance(s, opt, out, err));
    for (int what = 0; what < 3; what++)
        SN_TRY(mrmc_one_merit(s, opt, what, &out->mrmc[what], err));
    return SN_OK;
}

/* Holm over the tests of one kind; `step` bytes apart. */
static int adjust(void *first, size_t n, size_t step, size_t p_at, size_t adjusted_at, struct sn_error *err)
{
    double *p = calloc(2 * n + 1, sizeof *p);
    char *base = first;
    int rc = SN_OK;

    if (!p)
        return SN_NOMEM(err, "p values");
    for (size_t i = 0; i < n; i++)
        memcpy(&p[i], base + i * step + p_at, sizeof *p);
    rc = sn_holm(p, n, p + n, err);
    for (size_t i = 0; i < n && !rc; i++)
        memcpy(base + i * step + adjusted_at, &p[n + i], sizeof *p);
    free(p);
    return rc;
}

int sn_readers_analyse(const struct sn_reads *s, const struct sn_readers_options *opt, struct sn_pool *pool,
                       struct sn_readers_results *out, struct sn_error *err)
{
    memset(out, 0, sizeof *out);
    out->auc = out->auc_lo = out->auc_hi = NAN;
    out->r = calloc(2 * SN_READERS_MAX, sizeof *out->r);
    if (!out->r)
        return SN_NOMEM(err, "results");
    for (int assisted = 0; assisted < 2; assisted++)
        for (int k = 0; k < s->n_readers; k++) {
            struct sn_reader_result *r = &out->r[out->n_r];

            if (!s->readers[k].read[assisted])
                continue;
            r->reader = k;
            r->assisted = assisted;
            SN_TRY(one_reader(s, opt, r, err));
            SN_TRY(sn_readers_against_model(s, opt, pool, r, err));
            out->n_r++;
        }
    if (opt->predictions)
        SN_TRY(sn_readers_model(s, opt, pool, out, err));
    SN_TRY(sn_readers_together(s, opt, out, err));
    for (size_t t = 0; t < 3; t++) {
        SN_TRY(adjust(out->r, out->n_r, sizeof *out->r, offsetof(struct sn_reader_result, test[0].p) + t * sizeof(struct sn_match),
                      offsetof(struct sn_reader_result, adjusted) + t * sizeof(double), err));
        SN_TRY(adjust(out->assist, out->n_assist, sizeof *out->assist,
                      offsetof(struct sn_assistance_result, test[0].p) + t * sizeof(struct sn_match),
                      offsetof(struct sn_assistance_result, adjusted) + t * sizeof(double), err));
    }
    SN_TRY(adjust(out->r, out->n_r, sizeof *out->r, offsetof(struct sn_reader_result, delong.p),
                  offsetof(struct sn_reader_result, delong_adjusted), err));
    return isnan(opt->dca_lo) ? SN_OK : sn_readers_dca(s, opt, out, err);
}

void sn_readers_results_free(struct sn_readers_results *r)
{
    free(r->r);
    free(r->pair);
    free(r->assist);
    free(r->roc_fpr);
    free(r->roc_tpr);
    free(r->dca_t);
    free(r->dca_all);
    free(r->dca_model);
    free(r->dca_reader);
    memset(r, 0, sizeof *r);
}
