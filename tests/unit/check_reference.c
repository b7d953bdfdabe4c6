/*
 * check_reference.c: every row of the data folder's stats/reference_values.csv, which R printed with 12 digits. Each case
 * below states what we find under a dataset's quantities; a row that no case states, or one stated twice, fails.
 *
 * Tolerances: 12 printed digits mean 5e-12, relatively. Where a number depends on where R's iteration stopped, the test stops
 * there too (as_glm_stops, as_lrm_stops), and the fit itself, which goes on to the maximum, must agree to what the stop left.
 */
#include "tests/unit/fit_run.h"

#define PRINTED 6e-12

static struct sn_csv rows;
static uint8_t *stated; /* [rows.rows] */
static struct sn_error err;

/* What we found; `absolute` for quantities that are 0 but for rounding. */
static void state_near(const char *dataset, const char *quantity, double found, double relative, double absolute)
{
    double v;

    for (size_t i = 0; i < rows.rows; i++)
        if (strcmp(sn_csv_cell(&rows, i, 0), dataset) == 0 && strcmp(sn_csv_cell(&rows, i, 1), quantity) == 0) {
            ck_assert_msg(!stated[i], "%s, %s: stated twice", dataset, quantity);
            stated[i] = 1;
            if (sn_csv_is_na(sn_csv_cell(&rows, i, 2))) {
                ck_assert_msg(isnan(found), "%s, %s: found %.15g, expected NA", dataset, quantity, found);
                return;
            }
            sn_ck_ok(sn_csv_number(&rows, i, 2, &v, &err), &err);
            ck_assert_msg(fabs(found - v) <= SN_MAX(relative * fabs(v), absolute), "line %zu: %s, %s: found %.15g, expected %.12g", rows.lines[i], dataset,
                          quantity, found, v);
            return;
        }
    ck_abort_msg("no row %s, %s", dataset, quantity);
}

static void state(const char *dataset, const char *quantity, double found) { state_near(dataset, quantity, found, PRINTED, 0); }

static void statef(const char *dataset, double found, const char *fmt, const char *name)
{
    char quantity[80];

    (void)snprintf(quantity, sizeof quantity, fmt, name);
    state(dataset, quantity, found);
}

/* ---- aSAH: ROC curves, two groups ---------------------------------------------------------------------- */

struct table {
    struct sn_csv csv;
    size_t n;
    double *y;
};

static bool load(struct table *t, const char *file, const char *outcome, const char *positive)
{
    const char *path = sn_test_data(file);

    if (!path)
        return false;
    sn_ck_ok(sn_csv_read(path, &t->csv, &err), &err);
    t->n = t->csv.rows;
    t->y = malloc(t->n * sizeof *t->y);
    for (size_t i = 0; i < t->n; i++)
        t->y[i] = strcmp(sn_csv_cell(&t->csv, i, sn_csv_column(&t->csv, outcome)), positive) == 0;
    return true;
}

static void unload(struct table *t)
{
    sn_csv_free(&t->csv);
    free(t->y);
}

static double *column(const struct table *t, const char *name)
{
    double *v = malloc(t->n * sizeof *v);

    for (size_t i = 0; i < t->n; i++)
        sn_ck_ok(sn_csv_number(&t->csv, i, sn_csv_column(&t->csv, name), &v[i], &err), &err);
    return v;
}

static void curves(const struct table *t)
{
    static const char *const name[] = { "s100b", "ndka", "wfns" };
    struct sn_roc r[3];
    struct sn_auc_test test;

    for (int j = 0; j < 3; j++) {
        double *score = column(t, name[j]);

        sn_ck_ok(sn_roc_build(score, t->y, t->n, &r[j], &err), &err);
        free(score);
    }
    for (int j = 0; j < 2; j++) {
        struct sn_interval ci = sn_auc_ci(r[j].auc, sn_roc_variance(&r[j]), 0.95, SN_AUC_PLAIN);
        struct sn_cut cut;

        sn_ck_ok(sn_roc_cut(&r[j], &(struct sn_cut_rule){ .kind = SN_CUT_YOUDEN }, &cut, &err), &err);
        statef("aSAH", r[j].auc, "auc_%s", name[j]);
        statef("aSAH", ci.lo, "auc_%s_delong_lo", name[j]);
        statef("aSAH", ci.hi, "auc_%s_delong_hi", name[j]);
        statef("aSAH", sn_roc_variance(&r[j]), "auc_%s_delong_var", name[j]);
        statef("aSAH", cut.threshold, "youden_threshold_%s_1", name[j]);
        statef("aSAH", cut.sens, "youden_sens_%s_1", name[j]);
        statef("aSAH", cut.spec, "youden_spec_%s_1", name[j]);
    }
    for (int j = 1; j < 3; j++) {
        sn_ck_ok(sn_auc_test_paired(&r[0], &r[j], 0.95, &test, &err), &err);
        statef("aSAH", test.statistic, "delong_paired_Z_s100b_vs_%s", name[j]);
        statef("aSAH", test.p, "delong_paired_p_s100b_vs_%s", name[j]);
    }
    /* DOMAIN B.1: pROC's interval of wfns */
    ck_assert_double_eq_tol(sn_auc_ci(r[2].auc, sn_roc_variance(&r[2]), 0.95, SN_AUC_PLAIN).lo, 0.7485349, 5e-8);
    ck_assert_double_eq_tol(sn_auc_ci(r[2].auc, sn_roc_variance(&r[2]), 0.95, SN_AUC_PLAIN).hi, 0.8988228, 5e-8);
    for (int j = 0; j < 3; j++)
        sn_roc_free(&r[j]);
}

static void groups(const struct table *t)
{
    double *s100b = column(t, "s100b"), *age = column(t, "age"), s[2][113], a[2][113];
    size_t n[2] = { 0, 0 };
    uint64_t count[4] = { 0 }; /* rows Male, Female; columns Good, Poor */
    struct sn_two_sample w;
    struct sn_fisher f;

    for (size_t i = 0; i < t->n; i++) {
        int poor = t->y[i] > 0, female = strcmp(sn_csv_cell(&t->csv, i, sn_csv_column(&t->csv, "gender")), "Female") == 0;

        s[poor][n[poor]] = s100b[i];
        a[poor][n[poor]++] = age[i];
        count[2 * female + poor]++;
    }
    sn_ck_ok(sn_wilcoxon(s[0], n[0], s[1], n[1], &w, &err), &err);
    state("aSAH", "wilcoxon_W_s100b", w.statistic);
    state("aSAH", "wilcoxon_p_s100b", w.p);
    sn_ck_ok(sn_welch(a[0], n[0], a[1], n[1], &w, &err), &err);
    state("aSAH", "welch_t_age", w.statistic);
    state("aSAH", "welch_t_p_age", w.p);
    sn_chisq_table(count, 2, 2, true, &w, NULL);
    state("aSAH", "chisq_yates_gender_outcome", w.statistic);
    state("aSAH", "chisq_yates_p", w.p);
    sn_ck_ok(sn_fisher_exact(count[0], count[1], count[2], count[3], 0.95, &f, &err), &err);
    state("aSAH", "fisher_p_gender_outcome", f.p);
    state_near("aSAH", "fisher_or", f.odds_ratio, 0, 1.3e-4); /* R's uniroot stops there; check_twosample.c: ours solves the equation */
    free(s100b);
    free(age);
}

/* ---- birthwt: a logistic model -------------------------------------------------------------------------- */

/*
 * Where R's glm stops by default: from mu = (y + 1/2) / 2 until the deviance changes by less than 1e-8 of itself; its
 * standard errors are of the weights before the last step. That is up to 2e-5 from the maximum's in the data below.
 */
static void as_glm_stops(const struct sn_logit_data *d, double *beta, double *se, double *mu)
{
    size_t n = d->n, p = d->p;
    double *a = malloc(n * p * sizeof *a), *tau = malloc(p * sizeof *tau), *z = malloc(n * sizeof *z), *eta = malloc(n * sizeof *eta),
           *cov = malloc(p * p * sizeof *cov), before = INFINITY, now;

    ck_assert(a && tau && z && eta && cov);
    for (size_t i = 0; i < n; i++)
        eta[i] = sn_logit((d->y[i] + 0.5) / 2);
    now = -2 * sn_logit_loglik(eta, d->y, NULL, n);
    while (fabs(now - before) / (fabs(now) + 0.1) >= 1e-8) {
        for (size_t i = 0; i < n; i++) {
            double mu = sn_sigmoid(eta[i]), v = mu * (1 - mu), root = sqrt(v);

            for (size_t j = 0; j < p; j++)
                a[j * n + i] = root * d->x[j * n + i];
            z[i] = root * (eta[i] + (d->y[i] - mu) / v);
        }
        ck_assert_uint_eq(sn_qr_factor(a, n, p, tau, SN_RANK_TOLERANCE), p);
        sn_qr_qty(a, n, p, tau, z);
        sn_qr_solve(a, n, p, z);
        memcpy(beta, z, p * sizeof *beta);
        memset(eta, 0, n * sizeof *eta);
        for (size_t j = 0; j < p; j++)
            for (size_t i = 0; i < n; i++)
                eta[i] += beta[j] * d->x[j * n + i];
        before = now;
        now = -2 * sn_logit_loglik(eta, d->y, NULL, n);
    }
    sn_qr_inverse(a, n, p, cov);
    for (size_t j = 0; j < p; j++)
        se[j] = sqrt(cov[j * p + j]);
    for (size_t i = 0; i < n; i++)
        mu[i] = sn_sigmoid(eta[i]);
    free(a);
    free(tau);
    free(z);
    free(eta);
    free(cov);
}


/* Where rms's lrm stops: Newton's steps from the prevalence, one more after the deviance has changed by less than 0.025. *score: largest first derivative. */
static void as_lrm_stops(const double *x, size_t n, size_t p, const double *y, double *beta, double *mu, double *score)
{
    double *a = malloc(n * p * sizeof *a), *tau = malloc(p * sizeof *tau), *z = malloc(n * sizeof *z), *eta = malloc(n * sizeof *eta), mean = 0, before = INFINITY;
    bool last = false;

    for (size_t i = 0; i < n; i++)
        mean += y[i] / (double)n;
    memset(beta, 0, p * sizeof *beta);
    beta[0] = sn_logit(mean);
    for (;;) {
        double now;

        memset(eta, 0, n * sizeof *eta);
        for (size_t j = 0; j < p; j++)
            for (size_t i = 0; i < n; i++)
                eta[i] += beta[j] * x[j * n + i];
        for (size_t i = 0; i < n; i++)
            mu[i] = sn_sigmoid(eta[i]);
        if (last)
            break;
        now = -2 * sn_logit_loglik(eta, y, NULL, n);
        last = before - now < 0.025;
        before = now;
        for (size_t i = 0; i < n; i++) {
            double root = sqrt(mu[i] * (1 - mu[i]));

            for (size_t j = 0; j < p; j++)
                a[j * n + i] = root * x[j * n + i];
            z[i] = (y[i] - mu[i]) / root;
        }
        ck_assert_uint_eq(sn_qr_factor(a, n, p, tau, SN_RANK_TOLERANCE), p);
        sn_qr_qty(a, n, p, tau, z);
        sn_qr_solve(a, n, p, z);
        for (size_t j = 0; j < p; j++)
            beta[j] += z[j];
    }
    *score = 0;
    for (size_t j = 0; j < p; j++) {
        double u = 0;

        for (size_t i = 0; i < n; i++)
            u += (y[i] - mu[i]) * x[j * n + i];
        *score = SN_MAX(*score, fabs(u));
    }
    free(a);
    free(tau);
    free(z);
    free(eta);
}

/* Pairs of different outcome in which the event has the higher risk, and the lower. */
static void pairs(const double *risk, const double *y, size_t n, double *higher, double *lower)
{
    *higher = *lower = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (y[i] > y[j]) {
                *higher += risk[i] > risk[j];
                *lower += risk[i] < risk[j];
            }
}

/* Gini's mean difference: of two cases drawn at random. */
static double gini(const double *v, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            sum += fabs(v[i] - v[j]);
    return sum / ((double)n * ((double)n - 1) / 2);
}

static double brier(const double *p, const double *y, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (p[i] - y[i]) * (p[i] - y[i]);
    return sum / (double)n;
}

/* R's glm: as it stops, and the maximum. */
static void of_glm(const struct fitted *f, const double *beta, const double *se)
{
    static const char *const name[] = { "(Intercept)", "age", "lwt", "race2", "race3", "smoke", "ptl", "ht", "ui" };

    ck_assert_uint_eq(f->r.n_rows, SN_COUNT(name));
    for (size_t j = 0; j < SN_COUNT(name); j++) {
        double p = 2 * sn_norm_sf(fabs(beta[j] / se[j]));

        statef("birthwt", beta[j], "logit_coef_%s", name[j]);
        statef("birthwt", se[j], "logit_se_%s", name[j]);
        statef("birthwt", p, "logit_p_%s", name[j]);
        same(f->r.row[j].beta, beta[j], 1e-6, "birthwt", "coefficient", name[j]);
        same(f->r.row[j].se, se[j], 2e-5, "birthwt", "standard error", name[j]);
        same(f->r.row[j].p, p, 1e-4, "birthwt", "p", name[j]);
    }
    state("birthwt", "logit_loglik", f->r.quality.loglik); /* flat at the maximum: where one stops is unseen */
    state("birthwt", "logit_null_deviance", -2 * f->r.quality.null_loglik);
    state("birthwt", "logit_deviance", -2 * f->r.quality.loglik);
    state("birthwt", "logit_aic", f->r.quality.aic);
}

/* Calibration of glm's risks p, as it stopped. rms::val.prob fits them by lrm, which stops in its own way. */
static void of_val_prob(const double *p, const double *y, size_t n)
{
    uint8_t y8[512];
    struct sn_calibration c;
    struct sn_hosmer_lemeshow h;
    struct sn_risks r;
    struct sn_roc roc;
    struct sn_interval ci;
    double *x = malloc(3 * n * sizeof *x), beta[2], score, base;

    for (size_t i = 0; i < n; i++) {
        y8[i] = y[i] > 0;
        x[i] = 1;
        x[n + i] = sn_logit(p[i]);
    }
    sn_ck_ok(sn_risks_init(&r, p, y8, n, SN_EXTREME_REFUSE, &err), &err);
    sn_ck_ok(sn_calibration(&r, 0.95, &c, &err), &err);
    sn_ck_ok(sn_hosmer_lemeshow(&r, 10, false, &h, &err), &err);
    sn_ck_ok(sn_roc_build(p, y, n, &roc, &err), &err);
    ci = sn_auc_ci(roc.auc, sn_roc_variance(&roc), 0.95, SN_AUC_PLAIN);
    as_lrm_stops(x, n, 2, y, beta, x + 2 * n, &score);
    base = 1 - exp(-2 * -(c.prevalence * log(c.prevalence) + (1 - c.prevalence) * log(1 - c.prevalence)));
    state("birthwt", "brier", c.brier.value);
    state("birthwt", "auc", roc.auc);
    state("birthwt", "auc_delong_lo", ci.lo);
    state("birthwt", "auc_delong_hi", ci.hi);
    state("birthwt", "hosmer_lemeshow_chisq_g10", h.chisq);
    state("birthwt", "hosmer_lemeshow_p_g10", h.p);
    state("birthwt", "val.prob_Dxy", 2 * roc.auc - 1);
    state("birthwt", "val.prob_C (ROC)", roc.auc);
    state("birthwt", "val.prob_R2", (1 - exp(-c.lr_chisq / (double)n)) / base);
    state("birthwt", "val.prob_D", c.d);
    state("birthwt", "val.prob_D:Chi-sq", c.lr_chisq);
    state("birthwt", "val.prob_D:p", NAN); /* rms gives none */
    state("birthwt", "val.prob_U", c.u);
    state_near("birthwt", "val.prob_U:Chi-sq", c.cox_chisq, 0, 1e-10); /* both 0 but for rounding */
    state("birthwt", "val.prob_U:p", c.cox_p);
    state("birthwt", "val.prob_Q", c.q);
    state("birthwt", "val.prob_Brier", c.brier.value);
    state_near("birthwt", "val.prob_Intercept", beta[0], 0, 1e-14);
    state("birthwt", "val.prob_Slope", beta[1]);
    state("birthwt", "val.prob_S:z", c.spiegelhalter_z);
    state("birthwt", "val.prob_S:p", c.spiegelhalter_p);
    sn_roc_free(&roc);
    sn_risks_free(&r);
    free(x);
}

/* At the maximum, where R's glm with epsilon = 1e-15 arrives too, Spiegelhalter's z is this; at glm's usual stop another. */
static void at_the_maximum(const struct fitted *f)
{
    const struct sn_logit_data *d = &f->r.data;
    struct sn_calibration c;
    struct sn_risks r;
    uint8_t y[512];
    double p[512];

    ck_assert_uint_le(d->n, 512);
    for (size_t i = 0; i < d->n; i++) {
        double lp = 0;

        for (size_t j = 0; j < d->p; j++)
            lp += f->r.row[j].beta * d->x[j * d->n + i];
        p[i] = 1 / (1 + exp(-lp));
        y[i] = d->y[i] > 0;
    }
    sn_ck_ok(sn_risks_init(&r, p, y, d->n, SN_EXTREME_REFUSE, &err), &err);
    sn_ck_ok(sn_calibration(&r, 0.95, &c, &err), &err);
    ck_assert_double_eq_tol(c.spiegelhalter_z, 0.084874547458, 1e-12);
    sn_risks_free(&r);
}

/* rms::lrm. R2(m): of m observations, R2(p, m): less the p parameters; 3 n prevalence (1 - prevalence) is its effective m. */
static void of_lrm(const struct fitted *f)
{
    const struct sn_logit_data *d = &f->r.data;
    size_t n = d->n;
    double beta[9], *mu = malloc(2 * n * sizeof *mu), *lp = mu + n, score, higher, lower, events = (double)f->d.events;
    double effective = 3 * events * ((double)n - events) / (double)n, lr = f->r.all.chisq;

    as_lrm_stops(d->x, n, d->p, d->y, beta, mu, &score);
    for (size_t i = 0; i < n; i++)
        lp[i] = sn_logit(mu[i]);
    pairs(f->r.fit.mu, d->y, n, &higher, &lower);
    state("birthwt", "lrm_Obs", (double)n);
    state_near("birthwt", "lrm_Max Deriv", score, 0, 1e-11); /* a difference of sums of some 1e4 */
    state("birthwt", "lrm_Model L.R.", lr);
    state("birthwt", "lrm_d.f.", f->r.all.df);
    state("birthwt", "lrm_P", f->r.all.p);
    state("birthwt", "lrm_C", f->r.quality.auc);
    state("birthwt", "lrm_Dxy", 2 * f->r.quality.auc - 1);
    state("birthwt", "lrm_Gamma", (higher - lower) / (higher + lower));
    state("birthwt", "lrm_Tau-a", (higher - lower) / ((double)n * ((double)n - 1) / 2));
    state("birthwt", "lrm_R2", f->r.quality.nagelkerke);
    state("birthwt", "lrm_R2(189)", f->r.quality.cox_snell);
    state("birthwt", "lrm_R2(8,189)", 1 - exp(-(lr - 8) / (double)n));
    state("birthwt", "lrm_R2(121.7)", 1 - exp(-lr / effective));
    state("birthwt", "lrm_R2(8,121.7)", 1 - exp(-(lr - 8) / effective));
    state("birthwt", "lrm_Brier", brier(mu, d->y, n));
    state("birthwt", "lrm_g", gini(lp, n));
    state("birthwt", "lrm_gr", exp(gini(lp, n)));
    state("birthwt", "lrm_gp", gini(mu, n));
    same(f->r.quality.brier, brier(mu, d->y, n), 2e-9, "birthwt", "Brier", "of the maximum");
    free(mu);
}

static void birthwt(void)
{
    const char *path = sn_test_data("stats/MASS_birthwt.csv");
    struct fitted f;
    double beta[9], se[9], p[512];

    f.o = options(path, "low", NULL, "age, lwt, factor(race), smoke, ptl, ht, ui");
    run(&f);
    ck_assert(f.d.n <= SN_COUNT(p));
    as_glm_stops(&f.r.data, beta, se, p);
    of_glm(&f, beta, se);
    of_val_prob(p, f.r.data.y, f.d.n);
    at_the_maximum(&f);
    of_lrm(&f);
    done(&f);
}

/* ---- net benefit, intervals of proportions ---------------------------------------------------------------- */

static void net_benefit(void)
{
    static const double t[] = { 0.05, 0.15, 0.20, 0.50 };
    struct table d;

    ck_assert(load(&d, "stats/dcurves_df_binary.csv", "cancer", "TRUE"));
    double *marker = column(&d, "cancerpredmarker"), *family = column(&d, "famhistory");
    uint8_t *y = malloc(d.n);
    const struct sn_dca_strategy s[] = { { "cancerpredmarker", marker, false }, { "famhistory", family, true } };
    struct sn_dca in = { .y = y, .n = d.n, .strategies = s, .n_strategies = 2, .t = t, .m = 4, .prevalence = (double)NAN };
    struct sn_dca_point p[3 * 4];

    for (size_t i = 0; i < d.n; i++)
        y[i] = d.y[i] > 0;
    sn_ck_ok(sn_dca_curves(&in, p, &err), &err);
    sn_ck_ok(sn_dca_reference(&in, true, p + 8, &err), &err);
    for (size_t k = 0; k < 12; k++) {
        char quantity[80];

        (void)snprintf(quantity, sizeof quantity, "net_benefit_%s_t%.2f", k < 8 ? s[k / 4].name : "all", t[k % 4]);
        state("dcurves_df_binary", quantity, p[k].net_benefit);
    }
    free(marker);
    free(family);
    free(y);
    unload(&d);
}

static void proportions(void)
{
    static const uint64_t of[][2] = { { 45, 50 }, { 0, 20 }, { 20, 20 } };

    for (size_t k = 0; k < SN_COUNT(of); k++)
        for (int wilson = 0; wilson < 2; wilson++) {
            struct sn_interval ci = sn_proportion_ci(of[k][0], of[k][1], 0.95, wilson ? SN_WILSON : SN_CLOPPER_PEARSON);
            char quantity[80];

            (void)snprintf(quantity, sizeof quantity, "%s_%d_of_%d_", wilson ? "wilson" : "clopper_pearson", (int)of[k][0], (int)of[k][1]);
            statef("binomial", ci.lo, strcat(quantity, "%s"), "lo");
            quantity[strlen(quantity) - 2] = 0;
            statef("binomial", ci.hi, strcat(quantity, "%s"), "hi");
        }
}

START_TEST(every_row)
{
    const char *path = sn_test_data("stats/reference_values.csv");
    struct table asah;
    size_t missed = 0;

    if (!path)
        return;
    sn_ck_ok(sn_csv_read(path, &rows, &err), &err);
    ck_assert_uint_gt(rows.rows, 100);
    stated = calloc(rows.rows, 1);
    ck_assert(load(&asah, "stats/aSAH.csv", "outcome", "Poor"));
    curves(&asah);
    groups(&asah);
    birthwt();
    net_benefit();
    proportions();
    for (size_t i = 0; i < rows.rows; i++)
        if (!stated[i]) {
            (void)printf("line %zu: no check of %s, %s\n", rows.lines[i], sn_csv_cell(&rows, i, 0), sn_csv_cell(&rows, i, 1));
            missed++;
        }
    ck_assert_msg(missed == 0, "%zu of %zu rows are not checked", missed, rows.rows);
    (void)printf("note: %zu rows of reference_values.csv, each checked\n", rows.rows);
    unload(&asah);
    sn_csv_free(&rows);
    free(stated);
}
END_TEST

static Suite *suite_reference(void)
{
    Suite *s = suite_create("reference");
    TCase *t = tcase_create("reference");

    tcase_add_test(t, every_row);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_reference)
