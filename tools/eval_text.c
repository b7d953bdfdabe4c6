/* eval_text.c: the summary for a terminal, STRATOS' essential set first; and writing all files. */
#include "tools/eval_out.h"
#include "tools/outputs.h"

#include <math.h>
#include <stdio.h>

const char *sn_eval_show(struct sn_eval_ci c, int decimals, char *buf)
{
    char v[3][48];

    if (isnan(c.v))
        (void)snprintf(buf, 160, "-");
    else if (isnan(c.lo) || isnan(c.hi))
        (void)snprintf(buf, 160, "%s", sn_fixed(c.v, decimals, v[0]));
    else
        (void)snprintf(buf, 160, "%s (%s to %s)", sn_fixed(c.v, decimals, v[0]), sn_fixed(c.lo, decimals, v[1]), sn_fixed(c.hi, decimals, v[2]));
    return buf;
}

#define OF(x) ((struct sn_eval_ci){ (x).value, (x).lo, (x).hi })

/* Net benefit at the middle of the range, and treat all's. */
static void net_benefit(const struct sn_eval *e, const struct sn_eval_result *r, const struct sn_eval_model *m, struct sn_buf *b)
{
    size_t i = e->n_thresholds / 2;
    struct sn_eval_ci c;
    char t[160], v[2][48];

    if (!m->dca)
        return;
    c = (struct sn_eval_ci){ m->dca[i].net_benefit, m->dca_band ? m->dca_band[i].lo : (double)NAN, m->dca_band ? m->dca_band[i].hi : (double)NAN };
    sn_buf_printf(b, "    net benefit at %s: %s; treat all %s\n", sn_fixed(e->t[i], 3, v[0]), sn_eval_show(c, 3, t), sn_fixed(r->treat_all[i].net_benefit, 3, v[1]));
}

static void model(const struct sn_eval *e, const struct sn_eval_result *r, size_t k, struct sn_buf *b)
{
    const struct sn_eval_model *m = &r->model[k];
    const struct sn_eval_curve *c = &m->calibration;
    char t[3][160];

    sn_buf_printf(b, "  %s\n    AUC %s\n", e->d->model[k], sn_eval_show(m->auc, 3, t[0]));
    if (c->has) {
        sn_buf_printf(b, "    calibration: in the large %s, slope %s", sn_eval_show(OF(c->c.in_the_large), 2, t[0]), sn_eval_show(OF(c->c.slope), 2, t[1]));
        if (c->has_curve)
            sn_buf_printf(b, ", ICI %s", sn_fixed(c->curve.e.ici, 3, t[0]));
        sn_buf_printf(b, "\n    Brier %s, scaled %s\n", sn_eval_show(OF(c->c.brier), 3, t[0]), sn_fixed(c->c.brier_scaled.value, 3, t[1]));
    }
    net_benefit(e, r, m, b);
    sn_buf_printf(b, "    median without event %s, with event %s\n", sn_eval_show(m->median[0], 3, t[0]), sn_eval_show(m->median[1], 3, t[1]));
    if (!isnan(m->cut.t))
        sn_buf_printf(b, "    at >= %s: sensitivity %s, specificity %s\n", sn_fixed(m->cut.t, 4, t[0]), sn_eval_show(m->cut.m[SN_M_SENSITIVITY], 3, t[1]),
                      sn_eval_show(m->cut.m[SN_M_SPECIFICITY], 3, t[2]));
}

static void readers(const struct sn_eval_result *r, struct sn_buf *b)
{
    char t[3][160];

    for (size_t k = 0; k < r->n_readers; k++) {
        const struct sn_eval_reader *q = &r->reader[k];

        sn_buf_printf(b, "  reader %s (%s, n = %zu): sensitivity %s, specificity %s", q->name, q->group, q->n, sn_eval_show(q->sensitivity, 3, t[0]),
                      sn_eval_show(q->specificity, 3, t[1]));
        if (!isnan(q->d_accuracy.v))
            sn_buf_printf(b, "; model's accuracy minus reader's %s, p %s", sn_eval_show(q->d_accuracy, 3, t[0]), sn_eval_p(q->p_accuracy, t[2]));
        sn_buf_puts(b, "\n");
    }
}

static void reclassification(const struct sn_eval *e, const struct sn_eval_result *r, struct sn_buf *b)
{
    const struct sn_eval_reclass *c = &r->reclass;
    const struct sn_reclass_part *p[] = { &c->categories.nri_event, &c->categories.nri_nonevent, &c->continuous.nri_event, &c->continuous.nri_nonevent, &c->continuous.idi };
    static const char *const name[] = { "NRI, events", "NRI, non-events", "continuous NRI, events", "continuous NRI, non-events", "IDI" };
    char t[160];

    if (!c->has)
        return;
    sn_buf_printf(b, "  from %s to %s:", e->d->model[c->old_model], e->d->model[c->new_model]);
    for (size_t i = c->has_categories ? 0 : 2; i < SN_COUNT(p); i++)
        sn_buf_printf(b, "%s %s %s", i == (c->has_categories ? 0u : 2u) ? "" : ";", name[i], sn_eval_show((struct sn_eval_ci){ p[i]->value, p[i]->ci.lo, p[i]->ci.hi }, 3, t));
    sn_buf_printf(b, "\n    caution: %s\n", sn_reclass_caveat);
}

void sn_eval_text(const struct sn_eval *e, struct sn_buf *b)
{
    const char *p = e->notes.data ? e->notes.data : "";
    char v[48], t[2][160];

    sn_buf_puts(b, "research use only\n");
    sn_buf_printf(b, "%s: ", e->d->table.file);
    sn_keep_describe(&e->d->keep, b);
    sn_buf_printf(b, "; %zu patients\n", e->d->patients);
    sn_buf_printf(b, "threshold: %s\n", e->threshold_origin);
    if (e->recal_text[0])
        sn_buf_printf(b, "%s\n", e->recal_text);
    for (size_t s = 0; s < e->d->n_sets; s++) {
        const struct sn_eval_result *r = &e->set[s];

        sn_buf_printf(b, "\n%s: n = %zu, %zu events (%s %%)\n", r->name, r->n, r->events, sn_fixed(100 * r->prevalence, 1, v));
        for (size_t k = 0; k < e->d->n_models && r->usable; k++)
            model(e, r, k, b);
        readers(r, b);
        reclassification(e, r, b);
        if (r->usable && r->claim.verdict != SN_CLAIM_NONE)
            sn_buf_printf(b, "  claim: %s. %s\n", sn_claim_key(r->claim.verdict), r->claim.text);
    }
    for (size_t k = 0; k < e->n_between; k++) {
        const struct sn_eval_between *q = &e->between[k];

        if (q->model == 0)
            sn_buf_printf(b, "%s%s: AUC on %s less that on %s: %s, p %s (DeLong, unpaired)\n", k ? "" : "\n", e->d->model[0], e->set[q->a].name, e->set[q->b].name,
                          sn_eval_show((struct sn_eval_ci){ q->t.diff, q->t.ci.lo, q->t.ci.hi }, 3, t[0]), sn_eval_p(q->t.p, t[1]));
    }
    sn_buf_puts(b, "\n");
    while (*p) {
        size_t n = strcspn(p, "\n");

        sn_buf_printf(b, "note: %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
    if (e->o->boot)
        sn_buf_printf(b, "bootstrap: %zu replicates, seed %llu; the same numbers for any number of threads\n", e->o->boot, (unsigned long long)e->o->seed);
}

/* ---- files --------------------------------------------------------------------------------------------- */

/* Sets and models name files: letters, digits, '-' and '_' stay; whole characters of them. */
static void file_name(char *out, size_t room, const char *kind, const char *set, const char *model_name)
{
    const char *const part[] = { kind, set, model_name };
    size_t n = (size_t)snprintf(out, room, "figures/");

    for (size_t k = 0; k < SN_COUNT(part); k++) {
        size_t len = part[k] ? strlen(part[k]) : 0, most = k == 1 ? 60 : 100;

        for (len = SN_MIN(len, most); len > 0 && ((unsigned char)part[k][len] & 0xc0) == 0x80;)
            len--;
        if (len && k)
            out[n++] = '_';
        for (size_t i = 0; i < len; i++) {
            unsigned char c = (unsigned char)part[k][i];

            out[n++] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c >= 0x80 ? (char)c : '_';
        }
    }
    (void)snprintf(out + n, room - n, ".svg");
}

static void figures(const struct sn_eval *e, struct sn_outputs *o)
{
    static const struct {
        const char *kind;
        bool (*draw)(const struct sn_eval *, int, struct sn_buf *);
    } of_set[] = { { "roc", sn_eval_fig_roc }, { "dca", sn_eval_fig_dca }, { "impact", sn_eval_fig_impact }, { "calls", sn_eval_fig_confusion }, { "subgroups", sn_eval_fig_subgroups } };
    struct sn_buf b = { 0 };
    char name[SN_OUTPUT_NAME];

    sn_eval_fig_flow(e, &b);
    sn_outputs_take(o, "figures/flow.svg", &b);
    sn_eval_fig_auc(e, &b);
    sn_outputs_take(o, "figures/auc.svg", &b);
    for (size_t k = 0; k < e->d->n_models; k++) {
        file_name(name, sizeof name, "risks", NULL, e->d->model[k]);
        if (sn_eval_fig_risks(e, k, &b))
            sn_outputs_take(o, name, &b);
    }
    for (int s = 0; s < (int)e->d->n_sets; s++) {
        for (size_t i = 0; i < SN_COUNT(of_set); i++) {
            file_name(name, sizeof name, of_set[i].kind, e->set[s].name, NULL);
            if (of_set[i].draw(e, s, &b))
                sn_outputs_take(o, name, &b);
        }
        for (size_t k = 0; k < e->d->n_models; k++) {
            file_name(name, sizeof name, "calibration", e->set[s].name, e->d->model[k]);
            if (sn_eval_fig_calibration(e, s, k, &b))
                sn_outputs_take(o, name, &b);
        }
    }
}

static void tables(const struct sn_eval *e, struct sn_outputs *o)
{
    static const struct {
        const char *name;
        void (*fill)(const struct sn_eval *, struct sn_buf *);
    } files[] = {
        { "metrics.csv", sn_eval_csv_metrics },         { "roc.csv", sn_eval_csv_roc },     { "calibration.csv", sn_eval_csv_calibration },
        { "dca.csv", sn_eval_csv_dca },                 { "dca_differences.csv", sn_eval_csv_dca_differences },
        { "comparisons.csv", sn_eval_csv_comparisons }, { "between_sets.csv", sn_eval_csv_between },
        { "subgroups.csv", sn_eval_csv_subgroups },     { "readers.csv", sn_eval_csv_readers },
    };
    struct sn_buf b = { 0 };

    for (size_t i = 0; i < SN_COUNT(files); i++) {
        files[i].fill(e, &b);
        sn_outputs_take(o, files[i].name, &b);
    }
}

int sn_eval_write(const struct sn_eval *e, struct sn_error *err)
{
    struct sn_outputs files = { 0 };
    struct sn_buf b = { 0 };
    struct sn_json w;
    int rc;

    tables(e, &files);
    figures(e, &files);
    if (e->recal_text[0]) {
        sn_json_init(&w, 1);
        sn_recal_json(&e->recal, &w);
        sn_buf_puts(&w.buf, "\n");
        sn_outputs_take(&files, "recalibration.json", &w.buf);
    }
    sn_eval_html(e, &b);
    sn_outputs_take(&files, "report.html", &b);
    sn_json_init(&w, 1);
    sn_eval_json(e, &w);
    sn_buf_puts(&w.buf, "\n");
    sn_outputs_take(&files, "results.json", &w.buf);
    rc = sn_outputs_write(&files, e->o->dir, err);
    sn_outputs_free(&files);
    return rc;
}
