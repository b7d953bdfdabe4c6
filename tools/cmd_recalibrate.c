/* cmd_recalibrate.c: fits a map from a model's risk to a calibrated one, or applies such a map to a table. */
#include "stats/stats.h"
#include "tools/cli.h"
#include "tools/html.h"
#include "tools/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: sentinode recalibrate TABLE.csv --method M [--on SET] -o MAP.json\n"
    "       sentinode recalibrate TABLE.csv --apply MAP.json -o OUT.csv\n"
    "\n"
    "The first fits a map from a model's risk to a calibrated one on patients with known outcome and keeps it as a\n"
    "file with the digest of its data. The second adds a column with the mapped risk to a table. A map is judged on\n"
    "patients it was not fitted on (sentinode evaluate). Each row counts as one patient. Research use only.\n"
    "\n"
    "  --score NAME    column with the risk; default: risk\n"
    "  --method M      intercept (shifts the logit), platt (intercept and slope of the logit), temperature (slope alone),\n"
    "                  isotonic (any nondecreasing map; wants many patients)\n"
    "  --on SET        fit on rows whose set is SET; needed when the table has a column of sets\n"
    "  --clamp         risks of exactly 0 or 1 become 1e-8 and 1 - 1e-8, and are counted; without it they are refused\n"
    "  --apply MAP     apply that file; the new column is the score's name with _recal behind it\n"
    "  -o FILE         the map, or the table\n" SN_TABLE_HELP;

enum { SCORE = 's', METHOD = 'm', ON = 'n', CLAMP = 'c', APPLY = 'a', OUTPUT = 'o' };

static const struct sn_opt opts[] = {
    { "--score", SCORE, true }, { "--method", METHOD, true },     { "--on", ON, true },  { "--clamp", CLAMP, false },
    { "--apply", APPLY, true }, { "-o,--output", OUTPUT, true }, SN_TABLE_OPTIONS,      { NULL, 0, false },
};

struct job {
    struct sn_args args;
    struct sn_table_names names;
    const char *path, *score, *on, *map, *out;
    enum sn_recal_method method;
    bool has_method;
    enum sn_extreme extreme;
    struct sn_table t;
    struct sn_keep keep;
    struct sn_recal m;
};

/* ---- fit -------------------------------------------------------------------------------------- */

/* Complete cases of the asked-for set. */
static int choose_rows(struct job *j, int score, int outcome, struct sn_error *err)
{
    int set = sn_csv_column(&j->t.csv, j->names.set);
    struct sn_buf b = { 0 };

    if (set >= 0 && !j->on)
        return SN_FAIL(err, SN_EINVAL, "%s has a column '%.40s': say with --on which set the map is fitted on", j->t.file, j->names.set);
    SN_TRY(sn_keep_init(&j->keep, &j->t, err));
    if (j->on) {
        SN_TRY(sn_table_column(&j->t, j->names.set, &set, err));
        SN_TRY(sn_keep_equal(&j->keep, set, j->on, err));
    }
    SN_TRY(sn_keep_present(&j->keep, outcome, err));
    SN_TRY(sn_keep_present(&j->keep, score, err));
    SN_TRY(sn_keep_finish(&j->keep, err));
    sn_keep_describe(&j->keep, &b);
    if (!b.failed && b.data)
        sn_note(&j->args, "%s", b.data);
    sn_buf_free(&b);
    return SN_OK;
}

static int read_risk(const struct job *j, size_t row, int col, double *p, struct sn_error *err)
{
    SN_TRY(sn_table_number(&j->t, row, col, p, err));
    if (*p < 0.0 || *p > 1.0) /* NaN: missing */
        return sn_table_fault(&j->t, row, col, err, "%g is not a risk from 0 to 1", *p);
    return SN_OK;
}

static int fit_rows(struct job *j, int score, int col, struct sn_error *err)
{
    size_t n = j->keep.n;
    double *p = malloc((n + 1) * sizeof *p);
    uint8_t *y = malloc(n + 1);
    struct sn_risks r = { 0 };
    struct sn_outcome outcome = { .col = col, .positive = j->names.positive };
    int flag, rc = p && y ? SN_OK : SN_NOMEM(err, "the risks");

    for (size_t i = 0; i < n && !rc; i++) {
        rc = read_risk(j, j->keep.row[i], score, &p[i], err);
        if (!rc)
            rc = sn_table_outcome(&j->t, j->keep.row[i], &outcome, &flag, err);
        if (!rc)
            y[i] = (uint8_t)flag;
    }
    if (!rc) {
        struct sn_error why = { 0 };

        rc = sn_risks_init(&r, p, y, n, j->extreme, &why);
        if (!rc)
            rc = sn_recal_fit(&r, j->method, &j->m, &why);
        if (rc) /* what is wrong is in the file, not on the command line */
            rc = SN_FAIL(err, rc == SN_EINVAL ? SN_EFORMAT : rc, "%.80s: %.380s", j->t.file, why.msg);
    }
    if (!rc && r.clamped)
        sn_note(&j->args, "%zu risks of 0 or 1, or nearer to them than 1e-8, were moved", r.clamped);
    sn_risks_free(&r);
    free(p);
    free(y);
    return rc;
}

static int print_map(const struct job *j, struct sn_error *err)
{
    struct sn_map file = { 0 };
    uint8_t digest[32];
    char hex[SN_SHA256_HEX], a[32], b[32];
    struct sn_json w;

    SN_TRY(sn_map_file(j->out, &file, err));
    sn_sha256(file.data, file.size, digest);
    sn_map_close(&file);
    sn_hex(digest, sizeof digest, hex);
    if (j->args.common.json) {
        sn_json_init(&w, 0);
        sn_json_object(&w);
        sn_json_kv(&w, "file_sha256", hex);
        sn_json_key(&w, "map");
        sn_recal_json(&j->m, &w);
        sn_json_kv(&w, "notice", SN_RESEARCH_NOTICE);
        sn_json_end_object(&w);
        if (!w.buf.failed)
            (void)printf("%s\n", w.buf.data);
        sn_json_free(&w);
        return SN_OK;
    }
    (void)printf("%s recalibration of '%s' on %zu patients, %zu with the event\n", sn_recal_method_name(j->m.method), j->score, j->m.n, j->m.events);
    if (j->m.method == SN_RECAL_ISOTONIC)
        (void)printf("a line through %zu points\n", j->m.knots);
    else
        (void)printf("logit(new) = %s + %s logit(risk)\n", sn_format_double(j->m.intercept, a), sn_format_double(j->m.slope, b));
    (void)printf("sha256 of the data %s\nsha256 of the file %s\nresearch use only\n", j->m.data_sha256, hex);
    return SN_OK;
}

static int fit(struct job *j, struct sn_error *err)
{
    int score, outcome;

    SN_TRY(sn_table_column(&j->t, j->score, &score, err));
    SN_TRY(sn_table_column(&j->t, j->names.outcome, &outcome, err));
    SN_TRY(choose_rows(j, score, outcome, err));
    SN_TRY(fit_rows(j, score, outcome, err));
    (void)snprintf(j->m.trained_on, sizeof j->m.trained_on, "%.60s of %.60s%s%.60s", j->score, j->t.file, j->on ? ", set " : "", j->on ? j->on : "");
    SN_TRY(sn_recal_write(&j->m, j->out, err));
    return print_map(j, err);
}

/* ---- apply -------------------------------------------------------------------------------------- */

static int apply_row(struct job *j, size_t row, int score, struct sn_buf *b, size_t *moved, size_t *missing, struct sn_error *err)
{
    struct sn_error why = { 0 };
    double p = 0.0, q = 0.0;
    size_t clamped = 0;
    char text[32];

    for (size_t c = 0; c < j->t.csv.cols; c++) {
        sn_csv_put(b, sn_csv_cell(&j->t.csv, row, (int)c));
        sn_buf_puts(b, ",");
    }
    SN_TRY(read_risk(j, row, score, &p, err));
    if (isnan(p)) {
        ++*missing;
    } else {
        if (sn_recal_apply(&j->m, &p, 1, &q, &clamped, &why))
            return sn_table_fault(&j->t, row, score, err, "a risk of exactly %g; the map was fitted without --clamp", p);
        sn_buf_puts(b, sn_format_double(q, text));
    }
    sn_buf_puts(b, "\n");
    *moved += clamped;
    return SN_OK;
}

static int apply(struct job *j, struct sn_error *err)
{
    struct sn_buf b = { 0 };
    char name[128];
    size_t moved = 0, missing = 0;
    int score, rc;

    SN_TRY(sn_recal_read(j->map, &j->m, err));
    SN_TRY(sn_table_column(&j->t, j->score, &score, err));
    if (snprintf(name, sizeof name, "%s_recal", j->score) >= (int)sizeof name || sn_csv_column(&j->t.csv, name) >= 0)
        return SN_FAIL(err, SN_EFORMAT, "%s: a column '%.60s_recal' cannot be added: it exists, or its name is too long", j->t.file, j->score);
    for (size_t c = 0; c < j->t.csv.cols; c++) {
        sn_csv_put(&b, j->t.csv.header[c]);
        sn_buf_puts(&b, ",");
    }
    sn_csv_put(&b, name);
    sn_buf_puts(&b, "\n");
    for (size_t row = 0; row < j->t.csv.rows; row++)
        SN_TRY_OUT(apply_row(j, row, score, &b, &moved, &missing, err));
    rc = b.failed ? SN_NOMEM(err, "the table") : sn_file_write(j->out, b.data, b.len, err);
    if (!rc)
        sn_note(&j->args, "%zu rows, column '%s' added; %zu without a risk, %zu clamped", j->t.csv.rows, name, missing, moved);
out:
    sn_buf_free(&b);
    return rc;
}

/* ---- the command ------------------------------------------------------------------------------- */

static int run(struct job *j, struct sn_error *err)
{
    int rc = sn_table_read(j->path, j->names.encoding, &j->t, err);

    if (!rc)
        rc = j->map ? apply(j, err) : fit(j, err);
    sn_recal_free(&j->m);
    sn_keep_free(&j->keep);
    sn_table_free(&j->t);
    return rc;
}

int sn_cmd_recalibrate(int argc, char **argv)
{
    struct job j = { .names = SN_TABLE_NAMES_DEFAULT, .score = "risk" };
    struct sn_error err = { 0 };
    int opt, taken;

    sn_args_init(&j.args, help, opts, argc, argv);
    while ((opt = sn_args_next(&j.args)) != 0) {
        if (opt != '.' && opt != '!' && (taken = sn_table_option(&j.names, opt, j.args.value)) != 0) {
            if (taken < 0)
                return sn_args_usage(&j.args, "--encoding does not know '%.40s'", j.args.value);
            continue;
        }
        switch (opt) {
        case SCORE: j.score = j.args.value; break;
        case METHOD:
            if (!sn_recal_parse_method(j.args.value, &j.method))
                return sn_args_usage(&j.args, "--method does not know '%.40s'", j.args.value);
            j.has_method = true;
            break;
        case ON: j.on = j.args.value; break;
        case CLAMP: j.extreme = SN_EXTREME_CLAMP; break;
        case APPLY: j.map = j.args.value; break;
        case OUTPUT: j.out = j.args.value; break;
        case '.':
            if (j.path)
                return sn_args_usage(&j.args, "one table, found another: '%s'", j.args.value);
            j.path = j.args.value;
            break;
        default: return sn_args_exit(&j.args);
        }
    }
    if (!j.path || !j.out || j.has_method == (j.map != NULL))
        return sn_args_usage(&j.args, !j.path ? "which table?" : !j.out ? "-o FILE is missing" : "either --method or --apply");
    if (j.map && (j.on || j.extreme == SN_EXTREME_CLAMP))
        return sn_args_usage(&j.args, "--on and --clamp belong to fitting; a map applies to every row, clamped as it was fitted");
    return sn_report(&j.args, run(&j, &err), &err);
}
