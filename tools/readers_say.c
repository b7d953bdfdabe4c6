/* readers_say.c: the summary of `sentinode readers` for people, and its tables. */
#include "tools/html.h"
#include "tools/readers.h"

#include <math.h>
#include <stdio.h>

const char *sn_reader_label(const struct sn_reads *s, const struct sn_reader_result *r, char *buf)
{
    const struct sn_reader *k = &s->readers[r->reader];

    (void)snprintf(buf, 160, "%.60s%s%.60s%s%s", k->name, *k->group ? " (" : "", k->group, *k->group ? ")" : "",
                   r->assisted ? ", assisted" : "");
    return buf;
}

static const char *rate(const struct sn_proportion *p, char *buf)
{
    char v[3][48];

    (void)snprintf(buf, 160, "%s (%s to %s)", sn_fixed(p->value, 3, v[0]), sn_fixed(p->lo, 3, v[1]), sn_fixed(p->hi, 3, v[2]));
    return buf;
}

static const char *span(double v, double lo, double hi, char *buf)
{
    char t[3][48];

    if (isnan(lo))
        (void)snprintf(buf, 160, "%s", sn_fixed(v, 3, t[0]));
    else
        (void)snprintf(buf, 160, "%s (%s to %s)", sn_fixed(v, 3, t[0]), sn_fixed(lo, 3, t[1]), sn_fixed(hi, 3, t[2]));
    return buf;
}

static const char *p_value(double p, char *buf)
{
    char v[48];

    (void)snprintf(buf, 60, p < 0.001 ? "p < 0.001" : "p = %s", sn_fixed(p, 3, v));
    return isnan(p) ? "p not defined" : buf;
}

/* ---- parts ------------------------------------------------------------------------------------------------------------ */

static void say_head(struct sn_buf *say, const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r)
{
    char v[160];

    sn_buf_printf(say, "%s: %d readers, %zu cases\nresearch use only\n", s->reads.file, s->n_readers, s->n);
    if (s->dropped_calls + s->no_outcome + s->no_score)
        sn_buf_printf(say, "left out: %zu reads without a call, %zu cases without outcome, %zu without the model's score\n", s->dropped_calls,
                     s->no_outcome, s->no_score);
    if (s->n_clusters < s->n)
        sn_buf_printf(say, "%zu cases of %zu %ss: only bootstrap intervals allow for that, the others take cases as independent\n", s->n,
                     s->n_clusters, opt->cluster);
    if (!opt->predictions)
        return;
    sn_buf_printf(say, "\nmodel %s, %zu cases, %zu events: AUC %s\n", opt->score, r->model_n, r->model_events,
                 span(r->auc, r->auc_lo, r->auc_hi, v));
    if (isnan(opt->threshold)) {
        sn_buf_printf(say, "  no --threshold: McNemar's tests and rates of the model are not given\n");
        return;
    }
    sn_buf_printf(say, "  at %g: sensitivity %s", opt->threshold, rate(&r->model_sensitivity, v));
    sn_buf_printf(say, ", specificity %s\n", rate(&r->model_specificity, v));
}

static void say_reader(struct sn_buf *say, const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_reader_result *r)
{
    static const char *const names[] = { "accuracy", "sensitivity", "specificity" };
    const struct sn_matched *m = &r->specificity_at_sensitivity;
    char v[160], p[2][60], q[48];

    sn_buf_printf(say, "\n%s: %zu cases, %zu events\n", sn_reader_label(s, r, v), r->n, r->events);
    sn_buf_printf(say, "  sensitivity %s", rate(&r->sensitivity, v));
    sn_buf_printf(say, ", specificity %s\n", rate(&r->specificity, v));
    sn_buf_printf(say, "  accuracy %s", rate(&r->accuracy, v));
    sn_buf_printf(say, ", PPV %s", rate(&r->ppv, v));
    sn_buf_printf(say, ", NPV %s\n", rate(&r->npv, v));
    if (!isnan(r->auc))
        sn_buf_printf(say, "  AUC%s %s\n", r->ordinal ? "" : " of the calls, (sensitivity + specificity) / 2, low against a score:",
                     span(r->auc, r->auc_lo, r->auc_hi, v));
    if (!r->n_model)
        return;
    sn_buf_printf(say, "  model's specificity at this sensitivity %s, difference %s\n", sn_fixed(m->model, 3, q),
                 span(m->diff, m->lo, m->hi, v));
    m = &r->sensitivity_at_specificity;
    sn_buf_printf(say, "  model's sensitivity at this specificity %s, difference %s\n", sn_fixed(m->model, 3, q),
                 span(m->diff, m->lo, m->hi, v));
    for (int t = 0; t < 3 && !isnan(r->test[t].diff); t++) {
        sn_buf_printf(say, "  model minus reader, %s: %s, %s, Holm %s", names[t], span(r->test[t].diff, r->test[t].lo, r->test[t].hi, v),
                     p_value(r->test[t].p, p[0]), p_value(r->adjusted[t], p[1]));
        if (!isnan(r->test[t].p_noninferior))
            sn_buf_printf(say, "; %snon-inferior by %g", r->test[t].lo > -opt->margin ? "" : "not shown to be ", opt->margin);
        sn_buf_printf(say, "\n");
    }
    if (!isnan(r->delong.diff))
        sn_buf_printf(say, "  model minus reader, AUC (DeLong): %s, %s, Holm %s\n", span(r->delong.diff, r->delong.lo, r->delong.hi, v),
                     p_value(r->delong.p, p[0]), p_value(r->delong_adjusted, p[1]));
    else if (!r->ordinal)
        sn_buf_printf(say, "  AUC: this reader gave calls only; a yes or no compared with a score by AUC would be unfair to it (--binary-auc does it)\n");
}

static void say_groups(struct sn_buf *say, const struct sn_readers_results *out)
{
    char v[160];

    for (int i = 0; i < out->n_group; i++) {
        const struct sn_group_result *g = &out->group[i];

        if (g->readers < 2)
            continue; /* said already */
        sn_buf_printf(say, "\n%s, %d readers%s, mean over %zu cases (these readers, other cases)\n", g->group ? g->group : "all", g->readers,
                     g->assisted ? ", assisted" : "", g->n);
        sn_buf_printf(say, "  sensitivity %s", span(g->sensitivity.mean, fmax(g->sensitivity.fixed_readers.lo, 0), fmin(g->sensitivity.fixed_readers.hi, 1), v));
        sn_buf_printf(say, ", specificity %s\n", span(g->specificity.mean, fmax(g->specificity.fixed_readers.lo, 0), fmin(g->specificity.fixed_readers.hi, 1), v));
    }
}

static void say_agreement(struct sn_buf *say, const struct sn_reads *s, const struct sn_readers_results *out)
{
    char v[160];

    for (size_t i = 0; i < out->n_pair; i++) {
        const struct sn_kappa_pair *p = &out->pair[i];

        sn_buf_printf(say, "%s%s and %s%s: kappa %s", i ? "" : "\nagreement between readers\n  ", s->readers[p->a].name,
                     s->readers[p->b].name, p->assisted ? ", assisted" : "", span(p->kappa.value, p->kappa.lo, p->kappa.hi, v));
        if (p->quadratic.n)
            sn_buf_printf(say, ", of scores (quadratic) %s", span(p->quadratic.value, p->quadratic.lo, p->quadratic.hi, v));
        sn_buf_printf(say, ", %zu cases\n%s", p->kappa.n, i + 1 < out->n_pair ? "  " : "");
    }
    for (int a = 0; a < 2; a++)
        if (out->agreement[a].ok && out->agreement[a].readers > 1) {
            sn_buf_printf(say, "  all %d%s: Fleiss' kappa %s", out->agreement[a].readers, a ? ", assisted" : "",
                         span(out->agreement[a].fleiss.value, out->agreement[a].fleiss.lo, out->agreement[a].fleiss.hi, v));
            sn_buf_printf(say, ", AC1 %s", span(out->agreement[a].ac1.value, out->agreement[a].ac1.lo, out->agreement[a].ac1.hi, v));
            if (out->agreement[a].icc.n)
                sn_buf_printf(say, ", ICC(2,1) of %d readers' scores %s", out->agreement[a].icc.k,
                              span(out->agreement[a].icc.single[1].value, out->agreement[a].icc.single[1].lo, out->agreement[a].icc.single[1].hi, v));
            sn_buf_puts(say, "\n");
        }
}

static void few(struct sn_buf *say)
{
    sn_buf_printf(say, "  with fewer than %d readers, conclusions about other readers have next to no power: read what is said of these readers,\n"
                 "  and each reader's own tests with Holm's p\n",
                 SN_MRMC_ENOUGH_READERS);
}

/* What holds for the population the readers come from; one reader says nothing about it. */
static void say_random(struct sn_buf *say, double v, double lo, double hi, double p, double df)
{
    char t[160], q[60];

    if (isnan(p))
        sn_buf_printf(say, "\n");
    else
        sn_buf_printf(say, "; readers like these %s, %s, df %.1f\n", span(v, lo, hi, t), p_value(p, q), df);
}

static void say_assistance(struct sn_buf *say, const struct sn_reads *s, const struct sn_readers_results *out)
{
    static const char *const names[] = { "accuracy", "sensitivity", "specificity" }, *const merits[] = { "sensitivity", "specificity", "AUC" };
    char v[160], p[2][60];
    bool small = false;

    for (size_t i = 0; i < out->n_assist; i++) {
        const struct sn_assistance_result *r = &out->assist[i];

        sn_buf_printf(say, "%s  %s, %zu cases\n", i ? "" : "\nwith minus without assistance\n", s->readers[r->reader].name, r->n);
        for (int t = 0; t < 3; t++)
            sn_buf_printf(say, "    %s %s, %s, Holm %s\n", names[t], span(r->test[t].diff, r->test[t].lo, r->test[t].hi, v),
                         p_value(r->test[t].p, p[0]), p_value(r->adjusted[t], p[1]));
    }
    for (int k = 0; k < 3; k++) {
        const struct sn_mrmc *m = &out->mrmc[k].m;

        if (!out->mrmc[k].ok)
            continue;
        sn_buf_printf(say, "  mean %s, %d reader%s (Obuchowski-Rockette): these readers %s, %s", merits[k], out->mrmc[k].readers, out->mrmc[k].readers == 1 ? "" : "s",
                     span(m->diff, m->fixed_readers.lo, m->fixed_readers.hi, v), p_value(m->fixed_readers.p, p[0]));
        say_random(say, m->diff, m->random_both.lo, m->random_both.hi, m->random_both.p, m->random_both.df2);
        small |= m->few_readers;
    }
    if (small)
        few(say);
}

static void say_versus(struct sn_buf *say, const struct sn_readers_results *out)
{
    static const char *const merits[] = { "sensitivity", "specificity", "AUC" };
    char v[160], p[60];
    bool first = true, small = false;

    for (int a = 0; a < 2; a++)
        for (int k = 0; k < 3; k++) {
            const struct sn_model_result *r = &out->versus[a][k];

            if (!r->ok || r->readers < 2)
                continue;
            sn_buf_printf(say, "%s  mean %s of %d readers%s: these readers %s, %s", first ? "\nreaders minus model\n" : "", merits[k],
                         r->readers, a ? ", assisted" : "", span(r->m.mean, r->m.fixed_readers.lo, r->m.fixed_readers.hi, v),
                         p_value(r->m.fixed_readers.p, p));
            say_random(say, r->m.mean, r->m.random_both.lo, r->m.random_both.hi, r->m.random_both.p, r->m.random_both.df);
            first = false;
            small |= r->m.few_readers;
        }
    if (small)
        few(say);
}

void sn_readers_say(struct sn_buf *say, const struct sn_reads *s, const struct sn_readers_options *opt, const struct sn_readers_results *r)
{
    say_head(say, s, opt, r);
    for (size_t i = 0; i < r->n_r; i++)
        say_reader(say, s, opt, &r->r[i]);
    say_groups(say, r);
    say_agreement(say, s, r);
    say_versus(say, r);
    say_assistance(say, s, r);
    if (r->dca_n && !r->dca_ok)
        sn_buf_puts(say, "\nno decision curves: they need cases with and without the event\n");
    else if (r->dca_n && opt->predictions && !r->dca_has_model)
        sn_buf_printf(say, "\nno decision curve of %s: its values are not risks from 0 to 1\n", opt->score);
    if (opt->predictions && opt->boot)
        sn_buf_printf(say, "\nintervals of matched points: %zu bootstrap replicates drawn by %s, seed %llu; Holm over the %zu lines of readers\n",
                     opt->boot, s->by_cluster ? opt->cluster : opt->key, (unsigned long long)opt->seed, r->n_r);
}

/* ---- tables ------------------------------------------------------------------------------------------------------------- */

static void number(struct sn_buf *b, double v)
{
    char text[32];

    sn_buf_printf(b, ",%s", isfinite(v) ? sn_format_double(v, text) : "");
}

static void proportion(struct sn_buf *b, const struct sn_proportion *p)
{
    number(b, p->value);
    number(b, p->lo);
    number(b, p->hi);
}

static void reader_row(struct sn_buf *b, const struct sn_reads *s, const struct sn_reader_result *r)
{
    sn_csv_put(b, s->readers[r->reader].name);
    sn_buf_puts(b, ",");
    sn_csv_put(b, s->readers[r->reader].group);
    sn_buf_printf(b, ",%d,%zu,%zu", r->assisted, r->n, r->events);
    proportion(b, &r->sensitivity);
    proportion(b, &r->specificity);
    proportion(b, &r->accuracy);
    proportion(b, &r->ppv);
    proportion(b, &r->npv);
    number(b, r->auc);
    number(b, r->auc_lo);
    number(b, r->auc_hi);
    for (int t = 0; t < 3; t++) {
        number(b, r->test[t].diff);
        number(b, r->test[t].lo);
        number(b, r->test[t].hi);
        number(b, r->test[t].p);
        number(b, r->adjusted[t]);
    }
    number(b, r->specificity_at_sensitivity.model);
    number(b, r->sensitivity_at_specificity.model);
    number(b, r->delong.diff);
    number(b, r->delong.p);
    number(b, r->delong_adjusted);
    sn_buf_puts(b, "\n");
}

void sn_readers_csv(const struct sn_reads *s, const struct sn_readers_results *r, struct sn_buf *b)
{
    static const char *const rates[] = { "sensitivity", "specificity", "accuracy", "ppv", "npv", "auc" };
    static const char *const tests[] = { "accuracy", "sensitivity", "specificity" };

    sn_buf_puts(b, "reader,group,assisted,n,events");
    for (size_t i = 0; i < SN_COUNT(rates); i++)
        sn_buf_printf(b, ",%s,%s_lo,%s_hi", rates[i], rates[i], rates[i]);
    for (size_t i = 0; i < SN_COUNT(tests); i++)
        sn_buf_printf(b, ",model_minus_reader_%s,%s_diff_lo,%s_diff_hi,%s_p,%s_p_holm", tests[i], tests[i], tests[i], tests[i], tests[i]);
    sn_buf_puts(b, ",model_specificity_at_sensitivity,model_sensitivity_at_specificity,delong_diff,delong_p,delong_p_holm\n");
    for (size_t i = 0; i < r->n_r; i++)
        reader_row(b, s, &r->r[i]);
}

void sn_readers_dca_csv(const struct sn_reads *s, const struct sn_readers_results *r, struct sn_buf *b)
{
    char label[160];

    sn_buf_puts(b, "threshold,treat_all,treat_none,model");
    for (size_t i = 0; i < r->n_r; i++) {
        sn_buf_puts(b, ",");
        sn_csv_put(b, sn_reader_label(s, &r->r[i], label));
    }
    sn_buf_puts(b, "\n");
    for (size_t k = 0; k < r->dca_n; k++) {
        sn_buf_puts(b, sn_format_double(r->dca_t[k], label));
        number(b, r->dca_all[k].net_benefit);
        number(b, 0);
        number(b, r->dca_has_model ? r->dca_model[k].net_benefit : (double)NAN);
        for (size_t i = 0; i < r->n_r; i++)
            number(b, r->dca_reader[i * r->dca_n + k].net_benefit);
        sn_buf_puts(b, "\n");
    }
}
