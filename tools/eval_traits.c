/* eval_traits.c: the table of patients: characteristics by outcome, in each set (TRIPOD+AI 20b). */
#include "tools/eval_out.h"
#include "tools/eval_parts.h"

#include "tools/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FEW 6          /* a column of more distinct numbers is a number, else categories */
#define MOST_LEVELS 12

static const double no = (double)NAN;

/* ---- computing --------------------------------------------------------------------------------------------- */

/* A number column on one set: v[2] holds the values by outcome. */
static int summarise(struct sn_eval_trait *t, double *const v[2], struct sn_error *err)
{
    struct sn_two_sample test;
    struct sn_error why = { 0 };

    if (t->n[0] && t->n[1]) {
        SN_TRY(sn_wilcoxon(v[1], t->n[1], v[0], t->n[0], &test, err));
        t->p_wilcoxon = test.p;
        if (sn_welch(v[1], t->n[1], v[0], t->n[0], &test, &why) == SN_OK) /* else too few */
            t->p_welch = test.p;
    }
    for (int y = 0; y < 2; y++) {
        double n = (double)t->n[y], sum = 0, squares = 0;

        SN_TRY(sn_sort(v[y], t->n[y], err));
        for (size_t i = 0; i < t->n[y]; i++)
            sum += v[y][i];
        t->mean[y] = sum / n;
        for (size_t i = 0; i < t->n[y]; i++)
            squares += (v[y][i] - t->mean[y]) * (v[y][i] - t->mean[y]);
        t->sd[y] = t->n[y] > 1 ? sqrt(squares / (n - 1)) : no;
        for (int q = 0; q < 3; q++)
            t->quartile[y][q] = sn_quantile7(v[y], t->n[y], 0.25 * (q + 1));
    }
    return SN_OK;
}

static int numbers(struct sn_eval *e, const struct sn_eval_result *r, int col, struct sn_eval_trait *t, struct sn_error *err)
{
    double *room = malloc(2 * r->n * sizeof *room), *const v[2] = { room, room + r->n }, x;
    int rc = room ? SN_OK : SN_NOMEM(err, "a characteristic");

    for (size_t i = 0; i < r->n && !rc; i++) {
        rc = sn_table_number(&e->d->table, e->d->row[r->unit[i]], col, &x, err);
        if (!rc && isnan(x))
            t->missing[r->y[i]]++;
        else if (!rc)
            v[r->y[i]][t->n[r->y[i]]++] = x;
    }
    if (!rc)
        rc = summarise(t, v, err);
    free(room);
    return rc;
}

/* Categories; Fisher's test where a 2 x 2 table expects fewer than 5. */
static int categories(struct sn_eval *e, const struct sn_eval_result *r, const struct sn_factor *f, struct sn_eval_trait *t, struct sn_error *err)
{
    struct sn_two_sample chi;
    struct sn_fisher fisher;
    double least;

    t->levels = f->n_levels;
    t->level = sn_arena_get(&e->arena, (f->n_levels + 1) * sizeof *t->level, err);
    t->count = sn_arena_get(&e->arena, (2 * f->n_levels + 1) * sizeof *t->count, err);
    if (!t->level || !t->count)
        return SN_ENOMEM;
    memset(t->count, 0, 2 * f->n_levels * sizeof *t->count);
    for (size_t k = 0; k < f->n_levels; k++)
        t->level[k] = f->level[k]; /* the table's own */
    for (size_t i = 0; i < r->n; i++) {
        int code = f->code[e->d->row[r->unit[i]]];

        if (code < 0) {
            t->missing[r->y[i]]++;
            continue;
        }
        t->n[r->y[i]]++;
        t->count[2 * code + r->y[i]]++;
    }
    sn_chisq_table(t->count, t->levels, 2, true, &chi, &least);
    t->p_chisq = chi.p;
    if (t->levels == 2 && least < 5 && sn_fisher_exact(t->count[0], t->count[1], t->count[2], t->count[3], SN_EVAL_LEVEL, &fisher, NULL) == SN_OK)
        t->p_fisher = fisher.p;
    return SN_OK;
}

static bool is_number(const struct sn_factor *f)
{
    double v;

    for (size_t k = 0; k < f->n_levels; k++)
        if (!sn_parse_double(f->level[k], &v))
            return false;
    return f->n_levels > FEW;
}

static int of_set(struct sn_eval *e, struct sn_eval_result *r, const int *cols, char *const *names, size_t n, struct sn_error *err)
{
    int rc = SN_OK;

    r->trait = sn_arena_get(&e->arena, (n + 1) * sizeof *r->trait, err);
    if (!r->trait)
        return SN_ENOMEM;
    for (size_t c = 0; c < n && !rc; c++) {
        struct sn_eval_trait *t = &r->trait[c];
        struct sn_factor f;

        *t = (struct sn_eval_trait){ .p_wilcoxon = no, .p_welch = no, .p_chisq = no, .p_fisher = no };
        t->column = sn_arena_strdup(&e->arena, names[c], strlen(names[c]), err);
        if (!t->column)
            return SN_ENOMEM;
        rc = sn_table_factor(&e->d->table, cols[c], &f, err);
        if (rc)
            return rc;
        t->number = is_number(&f);
        if (!t->number && f.n_levels > MOST_LEVELS)
            rc = SN_FAIL(err, SN_EINVAL, "--characteristics: '%.60s' is neither a number nor a category: it has %zu values", t->column, f.n_levels);
        else
            rc = t->number ? numbers(e, r, cols[c], t, err) : categories(e, r, &f, t, err);
        sn_factor_free(&f);
        r->n_traits += !rc;
    }
    return rc;
}

int sn_eval_characteristics(struct sn_eval *e, struct sn_error *err)
{
    int *cols, rc;
    char **names;
    size_t n;

    if (!e->o->characteristics)
        return SN_OK;
    SN_TRY(sn_table_columns(&e->d->table, e->o->characteristics, &cols, &names, &n, err));
    rc = SN_OK;
    for (size_t s = 0; s < e->d->n_sets && !rc; s++)
        if (e->set[s].usable)
            rc = of_set(e, &e->set[s], cols, names, n, err);
    sn_table_names_free(cols, names);
    return rc;
}

/* ---- results.json, the page --------------------------------------------------------------- */

static const char *const outcome[2] = { "without_event", "with_event" };

static void put_number(struct sn_json *w, const struct sn_eval_trait *t, int y)
{
    sn_json_kv_number(w, "mean", t->mean[y]);
    sn_json_kv_number(w, "sd", t->sd[y]);
    sn_json_kv_numbers(w, "quartiles", t->quartile[y], 3);
}

static void put_counts(struct sn_json *w, const struct sn_eval_trait *t, int y)
{
    sn_json_key(w, "counts");
    sn_json_array(w);
    for (size_t k = 0; k < t->levels; k++)
        sn_json_int(w, (int64_t)t->count[2 * k + (size_t)y]);
    sn_json_end_array(w);
}

void sn_eval_traits_json(const struct sn_eval_result *r, struct sn_json *w)
{
    sn_json_key(w, "characteristics");
    sn_json_array(w);
    for (size_t c = 0; c < r->n_traits; c++) {
        const struct sn_eval_trait *t = &r->trait[c];

        sn_json_object(w);
        sn_json_kv(w, "column", t->column);
        if (!t->number) {
            sn_json_key(w, "categories");
            sn_json_array(w);
            for (size_t k = 0; k < t->levels; k++)
                sn_json_string(w, t->level[k]);
            sn_json_end_array(w);
        }
        for (int y = 0; y < 2; y++) {
            sn_json_key(w, outcome[y]);
            sn_json_object(w);
            sn_json_kv_int(w, "n", (int64_t)t->n[y]);
            sn_json_kv_int(w, "missing", (int64_t)t->missing[y]);
            (t->number ? put_number : put_counts)(w, t, y);
            sn_json_end_object(w);
        }
        if (t->number) {
            sn_json_kv_number(w, "p_wilcoxon", t->p_wilcoxon);
            sn_json_kv_number(w, "p_welch", t->p_welch);
        } else {
            sn_json_kv_number(w, "p_chisq", t->p_chisq);
            sn_json_kv_number(w, "p_fisher", t->p_fisher);
        }
        sn_json_end_object(w);
    }
    sn_json_end_array(w);
}

static void cell(struct sn_buf *b, const char *head, const char *text)
{
    sn_buf_puts(b, head);
    sn_html_text(b, text);
    sn_buf_puts(b, "</td>");
}

/* "63 (54 to 71)" of numbers, "12 (30 %)" of a category. */
static const char *shown(const struct sn_eval_trait *t, size_t level, int y, char *buf, size_t room)
{
    char v[3][48];

    if (t->number)
        (void)snprintf(buf, room, "%s (%s to %s)", sn_fixed(t->quartile[y][1], 2, v[0]), sn_fixed(t->quartile[y][0], 2, v[1]), sn_fixed(t->quartile[y][2], 2, v[2]));
    else
        (void)snprintf(buf, room, "%llu (%s %%)", (unsigned long long)t->count[2 * level + (size_t)y],
                       t->n[y] ? sn_fixed(100 * (double)t->count[2 * level + (size_t)y] / (double)t->n[y], 0, v[0]) : "-");
    return buf;
}

static void rows(const char *set, const struct sn_eval_trait *t, struct sn_buf *b)
{
    double p = t->number ? t->p_wilcoxon : isnan(t->p_fisher) ? t->p_chisq : t->p_fisher;
    char text[160];

    for (size_t k = 0; k < (t->number ? 1 : t->levels); k++) {
        sn_buf_puts(b, "<tr>");
        cell(b, "<td>", set);
        cell(b, "<td>", t->column);
        cell(b, "<td>", t->number ? "median (quartiles)" : t->level[k]);
        for (int y = 1; y >= 0; y--)
            cell(b, "<td class=\"n\">", shown(t, k, y, text, sizeof text));
        if (k) {
            sn_buf_puts(b, "<td></td><td></td></tr>\n");
            continue;
        }
        sn_buf_printf(b, "<td class=\"n\">%zu</td>", t->missing[0] + t->missing[1]);
        (void)sn_eval_p(p, text);
        cell(b, "<td class=\"n\">", text[0] == '=' ? text + 2 : text);
        sn_buf_puts(b, "</tr>\n");
    }
}

void sn_eval_traits_html(const struct sn_eval *e, struct sn_buf *b)
{
    sn_buf_puts(b, "<p>Characteristics by outcome. p: Wilcoxon's rank sum for numbers; chi-square (Yates' correction in 2 &times; 2), or Fisher's exact test where fewer than 5 are "
                   "expected, for categories. In a training set they describe; they are no reason to choose terms.</p>\n"
                   "<div class=\"scroll\"><table class=\"tight\"><thead><tr><th>Set</th><th>Characteristic</th><th></th><th class=\"n\">With event</th>"
                   "<th class=\"n\">Without</th><th class=\"n\">Missing</th><th class=\"n\">p</th></tr></thead><tbody>\n");
    for (size_t s = 0; s < e->d->n_sets; s++)
        for (size_t c = 0; c < e->set[s].n_traits; c++)
            rows(e->set[s].name, &e->set[s].trait[c], b);
    sn_buf_puts(b, "</tbody></table></div>\n");
}
