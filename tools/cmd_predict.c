/*
 * cmd_predict.c: the main job. Patients one after the other, or several at once (--jobs) with the same files and
 * messages in the same order; a failed image never stops the others.
 */
#include "tools/html.h"
#include "tools/result.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "usage: sentinode predict [--pack PACK] (IMAGE... | --manifest CSV) [--clinical CSV] -o DIR\n"
    "\n"
    "From breast ultrasound images to a risk of lymph node metastasis. For each case DIR/CASE gets\n"
    "result.json, mask.png, overlay.png, cam*.png and report.html; DIR gets predictions.csv and, for\n"
    "several cases, report.html. Research use only.\n"
    "\n"
    "  --pack PACK       folder with pack.conf; default: the one beside or in this program\n"
    "  --manifest CSV    columns case, image and, optionally, patient and clinical ones; image paths\n"
    "                    are relative to its folder. Images given as arguments are cases by their name\n"
    "  --clinical CSV    clinical columns, matched by case, else image, else patient\n"
    "  -o DIR            made when missing; an earlier result of the same case is replaced\n"
    "  --dicom           for DICOM input also seg.dcm and probability.dcm (segmentations), overlay.dcm\n"
    "                    (secondary capture) and report.dcm (measurements, TID 1500)\n"
    "  --lenient         decode damaged JPEG pictures as far as they go; such a case needs review\n"
    "  --jobs N          so many patients at once, each with its share of the threads: more images a second, the same\n"
    "                    results, N times the networks' memory; default 1, 0: one for each thread\n"
    "  --no-risk         stop at the deep-learning signature: needs no clinical values\n"
    "  --patient-rule R  mean or max over a patient's images, instead of the pack's rule\n"
    "  --case NAME --patient NAME --image NAME --outcome NAME   names of these columns in your tables\n"
    "\n"
    "Exit code: the highest of 0 done, 1 a case needs human review, 3 an input, 4 a model, 5 this machine.\n";

enum {
    PACK = 'p',
    MANIFEST = 'm',
    CLINICAL = 'c',
    OUTPUT = 'o',
    JOBS = 'j',
    NO_RISK = 'n',
    DICOM = 'd',
    LENIENT = 'l',
    RULE = 'r',
    CASE = 'C',
    PATIENT = 'P',
    IMAGE = 'I',
    OUTCOME = 'O'
};

static const struct sn_opt opts[] = {
    { "--pack", PACK, true },
    { "--manifest", MANIFEST, true },
    { "--clinical", CLINICAL, true },
    { "-o,--output", OUTPUT, true },
    { "--jobs", JOBS, true },
    { "--no-risk", NO_RISK, false },
    { "--dicom", DICOM, false },
    { "--lenient", LENIENT, false },
    { "--patient-rule", RULE, true },
    { "--case", CASE, true },
    { "--patient", PATIENT, true },
    { "--image", IMAGE, true },
    { "--outcome", OUTCOME, true },
    { NULL, 0, false },
};

/* What became of one case. */
struct fate {
    bool done, review, has_risk, has_sig;
    int code;           /* what it adds to the exit code */
    double risk, dl_sig;
    char text[480];     /* reasons for a review, or the error */
    struct sn_buf line; /* of predictions.csv */
};

struct job {
    struct sn_args args;
    struct sn_case_names names;
    const char *pack_dir, *manifest, *clinical, *dir, *rule;
    char **images; /* [n_images] of argv, in place */
    size_t n_images;
    bool no_risk, dicom, lenient;
    struct sn_pack pack;
    struct sn_cases cases;
    int jobs;
    struct sn_pipeline **pipelines; /* [jobs] */
    struct fate *fates;             /* [cases.n_rows] */
    size_t *patients, n_patients;   /* their first rows, in order */
    bool *finished;                 /* [n_patients] */
    pthread_mutex_t lock;           /* of finished, told, exit and the output streams */
    size_t told, processed;         /* patients told of, cases among them */
    int exit;
};

/* ---- one case's line of predictions.csv ------------------------------------------------------ */

static void put_number(struct sn_buf *b, bool present, double v)
{
    char text[32];

    sn_buf_puts(b, ",");
    if (present)
        sn_buf_puts(b, sn_format_double(v, text));
}

static void csv_header(const struct job *j, struct sn_buf *b)
{
    int outcome = sn_cases_column(&j->cases, j->names.outcome);

    sn_buf_puts(b, "case,patient,image");
    if (outcome >= 0)
        sn_buf_puts(b, ",outcome");
    for (size_t i = 0; i < j->cases.n_columns; i++)
        if ((int)i != outcome) {
            sn_buf_puts(b, ",");
            sn_csv_put(b, j->cases.columns[i].name);
        }
    for (int i = 0; i < j->pack.n_cls; i++)
        sn_buf_printf(b, ",p_%s", j->pack.cls[i].name);
    sn_buf_puts(b, sn_cli_precision(&j->args.common) ? ",dl_sig,risk,review,precision\n" : ",dl_sig,risk,review\n");
}

static int put_cell(const struct job *j, const struct sn_case_row *row, int column, struct sn_buf *b,
                    struct sn_error *err)
{
    const char *cell;

    SN_TRY(sn_cases_cell(&j->cases, row, column, &cell, NULL, err));
    sn_buf_puts(b, ",");
    sn_csv_put(b, cell);
    return SN_OK;
}

/* The image's own probabilities; signature, risk and review are the patient's. */
static int csv_line(const struct job *j, const struct sn_case_row *row, const struct sn_analysis *a,
                    const struct sn_risk *risk, struct sn_buf *b, struct sn_error *err)
{
    int outcome = sn_cases_column(&j->cases, j->names.outcome);

    sn_csv_put(b, row->id);
    sn_buf_puts(b, ",");
    sn_csv_put(b, row->patient);
    sn_buf_puts(b, ",");
    sn_csv_put(b, row->image);
    if (outcome >= 0)
        SN_TRY(put_cell(j, row, outcome, b, err));
    for (size_t i = 0; i < j->cases.n_columns; i++)
        if ((int)i != outcome)
            SN_TRY(put_cell(j, row, (int)i, b, err));
    for (int i = 0; i < j->pack.n_cls; i++)
        put_number(b, a->found, a->cls[i].p);
    put_number(b, risk->has_sig, risk->dl_sig);
    put_number(b, risk->has_risk, risk->risk);
    sn_buf_puts(b, risk->review ? ",1" : ",0");
    if (sn_cli_precision(&j->args.common)) {
        sn_buf_puts(b, ",");
        sn_csv_put(b, sn_cli_precision(&j->args.common));
    }
    sn_buf_puts(b, "\n");
    return b->failed ? SN_NOMEM(err, "predictions.csv") : SN_OK;
}

/* ---- one patient ------------------------------------------------------------------------------ */

static void raise_exit(struct job *j, int code) { j->exit = SN_MAX(j->exit, code); }

static void case_failed(struct job *j, const struct sn_case_row *row, int rc, const struct sn_error *err)
{
    struct fate *f = &j->fates[row - j->cases.rows];

    sn_buf_free(&f->line);
    f->done = false;
    f->code = sn_exit_code(rc);
    (void)snprintf(f->text, sizeof f->text, "%s", err->msg);
}

static void note_reasons(struct fate *f, const struct sn_quality *q)
{
    for (int i = 0; i < q->n; i++) {
        size_t n = strlen(f->text);

        (void)snprintf(f->text + n, sizeof f->text - n, "%s%s", n ? "; " : "", q->reason[i].text);
    }
}

/* The line for people; data, so stdout. */
static void announce(const struct job *j, const struct sn_case_row *row, const struct fate *f)
{
    char risk[48], sig[48];

    if (j->args.common.json)
        return;
    (void)printf("%s: risk %s%s, signature %s, %s%s\n", row->id, f->has_risk ? sn_fixed(100.0 * f->risk, 1, risk) : "-",
                 f->has_risk ? " %" : "", f->has_sig ? sn_fixed(f->dl_sig, 3, sig) : "-",
                 f->review ? "needs review: " : "checks passed",
                 f->review && !f->text[0] ? "another image of this patient" : f->text);
}

static int finish_case(struct job *j, const struct sn_report *r, struct sn_error *err)
{
    struct fate *f = &j->fates[r->row - j->cases.rows];
    struct sn_case_files files = { 0 };
    int rc;

    SN_TRY(csv_line(j, r->row, r->a, r->risk, &f->line, err));
    SN_TRY(sn_case_render(r, &files, err));
    if (files.no_dicom[0])
        sn_note(&j->args, "case %s: no DICOM objects: %s", r->row->id, files.no_dicom);
    rc = sn_case_write(j->dir, r->row->id, &files, err);
    sn_case_files_free(&files);
    if (rc)
        return rc;
    f->done = true;
    f->review = r->risk->review;
    f->has_risk = r->risk->has_risk;
    f->has_sig = r->risk->has_sig;
    f->risk = r->risk->risk;
    f->dl_sig = r->risk->dl_sig;
    note_reasons(f, &r->a->quality);
    note_reasons(f, &r->risk->quality);
    f->code = f->review ? 1 : 0;
    return SN_OK;
}

static bool shows_progress(const struct job *j) { return !j->args.common.quiet && isatty(STDERR_FILENO) == 1; }

/* Tells of a patient's cases, in their order. */
static void tell(struct job *j, size_t first)
{
    for (size_t i = first; i != SN_NO_ROW; i = j->cases.rows[i].next) {
        const struct sn_case_row *row = &j->cases.rows[i];
        const struct fate *f = &j->fates[i];

        if (f->done)
            announce(j, row, f);
        else
            (void)fprintf(stderr, "sentinode predict: case %s: %s\n", row->id, f->text);
        raise_exit(j, f->code);
        j->processed++;
    }
    if (shows_progress(j))
        (void)fprintf(stderr, "\r%zu/%zu\033[K", j->processed, j->cases.n_rows);
}

/* rows[n] of one patient; analyses[n] room for their results. */
static void run_patient(struct job *j, struct sn_pipeline *pipeline, const struct sn_case_row **rows, struct sn_analysis *analyses,
                        const struct sn_analysis **good, int n)
{
    struct sn_report r = { .pack = &j->pack, .cases = &j->cases, .patient_rows = rows, .common = &j->args.common,
                           .dicom = j->dicom };
    struct sn_risk risk = { 0 };
    struct sn_error err = { 0 };
    bool any = false;
    int rc;

    for (int i = 0; i < n; i++) {
        rc = sn_pipeline_run(pipeline, rows[i]->path, rows[i]->image, j->lenient, &analyses[i], &err);
        good[i] = rc ? NULL : &analyses[i];
        any |= !rc;
        if (rc)
            case_failed(j, rows[i], rc, &err);
    }
    rc = any ? sn_risk_apply(&j->pack, &j->cases, rows, good, n, !j->no_risk, &risk, &err) : SN_OK;
    for (int i = 0; i < n; i++) {
        if (good[i]) {
            struct sn_error e = err;
            int failed = rc;

            r.row = rows[i];
            r.a = good[i];
            r.risk = &risk;
            if (!failed)
                failed = finish_case(j, &r, &e);
            if (failed)
                case_failed(j, rows[i], failed, &e);
        }
        sn_analysis_free(&analyses[i]);
    }
    sn_risk_free(&risk);
}

static void run_patient_of(struct job *j, struct sn_pipeline *pipeline, size_t first)
{
    size_t n = 0, at = first;
    const struct sn_case_row **rows;
    const struct sn_analysis **good;
    struct sn_analysis *analyses;
    struct sn_error err = { 0 };

    for (size_t i = first; i != SN_NO_ROW; i = j->cases.rows[i].next)
        n++;
    rows = calloc(n, sizeof *rows);
    good = calloc(n, sizeof *good);
    analyses = calloc(n, sizeof *analyses);
    if (rows && good && analyses) {
        for (size_t i = 0; i < n; i++, at = j->cases.rows[at].next)
            rows[i] = &j->cases.rows[at];
        run_patient(j, pipeline, rows, analyses, good, (int)n);
    } else {
        int rc = SN_NOMEM(&err, "a patient's images");

        for (size_t i = first; i != SN_NO_ROW; i = j->cases.rows[i].next)
            case_failed(j, &j->cases.rows[i], rc, &err);
    }
    free(rows);
    free(good);
    free(analyses);
}

/* One patient, on the thread's own pipeline; then all that are finished are told of, as far as none before them is missing. */
static void patient_unit(void *ctx, size_t unit, int thread)
{
    struct job *j = ctx;
    struct sn_fpenv env;

    sn_fp_enter(&env); /* scores, maps and the logistic sum are made outside the networks */
    run_patient_of(j, j->pipelines[thread], j->patients[unit]);
    sn_fp_leave(&env);
    (void)pthread_mutex_lock(&j->lock);
    j->finished[unit] = true;
    for (; j->told < j->n_patients && j->finished[j->told]; j->told++)
        tell(j, j->patients[j->told]);
    (void)pthread_mutex_unlock(&j->lock);
}

/* ---- all of them ------------------------------------------------------------------------------- */

static int write_table(const struct job *j, struct sn_error *err)
{
    struct sn_buf b = { 0 }, path = { 0 };
    int rc;

    csv_header(j, &b);
    for (size_t i = 0; i < j->cases.n_rows; i++)
        if (j->fates[i].done)
            sn_buf_add(&b, j->fates[i].line.data, j->fates[i].line.len);
    sn_buf_printf(&path, "%s/predictions.csv", j->dir);
    rc = b.failed || path.failed ? SN_NOMEM(err, "predictions.csv") : sn_file_write(path.data, b.data, b.len, err);
    sn_buf_free(&b);
    sn_buf_free(&path);
    return rc;
}

static int write_index(const struct job *j, struct sn_error *err)
{
    size_t n = j->cases.n_rows;
    struct sn_index_row *rows = calloc(n, sizeof *rows);
    struct sn_buf b = { 0 }, path = { 0 };
    int rc;

    if (!rows)
        return SN_NOMEM(err, "the overview");
    for (size_t i = 0; i < n; i++) {
        const struct fate *f = &j->fates[i];

        rows[i] = (struct sn_index_row){ .id = j->cases.rows[i].id,
                                         .patient = j->cases.rows[i].patient,
                                         .failed = !f->done,
                                         .review = f->review,
                                         .has_risk = f->has_risk,
                                         .has_sig = f->has_sig,
                                         .risk = f->risk,
                                         .dl_sig = f->dl_sig,
                                         .text = f->text };
    }
    SN_TRY_OUT(sn_index_html(&j->pack, rows, n, sn_cli_precision(&j->args.common), &b, err));
    sn_buf_printf(&path, "%s/report.html", j->dir);
    rc = path.failed ? SN_NOMEM(err, "a path") : sn_file_write(path.data, b.data, b.len, err);
out:
    sn_buf_free(&b);
    sn_buf_free(&path);
    free(rows);
    return rc;
}

static int print_json(const struct job *j, struct sn_error *err)
{
    struct sn_json w;
    int rc;

    sn_json_init(&w, 2);
    sn_json_object(&w);
    sn_json_kv(&w, "format", "sentinode-predict");
    sn_json_kv_int(&w, "version", 1);
    sn_json_kv_bool(&w, "research_use_only", true);
    sn_json_kv(&w, "pack", j->pack.name);
    sn_json_kv(&w, "pack_source", j->pack.origin);
    sn_json_kv(&w, "label", j->pack.label);
    sn_json_kv(&w, "precision", sn_precision_label(j->args.common.precision));
    sn_json_kv_int(&w, "exit_code", j->exit);
    sn_json_key(&w, "cases");
    sn_json_array(&w);
    for (size_t i = 0; i < j->cases.n_rows; i++) {
        const struct fate *f = &j->fates[i];

        sn_json_object(&w);
        sn_json_kv(&w, "case", j->cases.rows[i].id);
        sn_json_kv(&w, "patient", j->cases.rows[i].patient);
        sn_json_kv_bool(&w, "failed", !f->done);
        sn_json_kv_bool(&w, "review", f->review);
        sn_json_kv_number(&w, "dl_sig", f->has_sig ? f->dl_sig : (double)NAN);
        sn_json_kv_number(&w, "risk", f->has_risk ? f->risk : (double)NAN);
        sn_json_kv(&w, f->done ? "reasons" : "error", f->text);
        sn_json_end_object(&w);
    }
    sn_json_end_array(&w);
    sn_json_end_object(&w);
    rc = w.buf.failed ? SN_NOMEM(err, "the summary") : SN_OK;
    if (!rc)
        (void)fputs(w.buf.data, stdout);
    sn_json_free(&w);
    return rc;
}

static int run_all(struct job *j, struct sn_pool *pool, struct sn_error *err)
{
    size_t n = j->cases.n_rows, done = 0;

    j->fates = calloc(n, sizeof *j->fates);
    j->patients = calloc(n, sizeof *j->patients);
    j->finished = calloc(n, sizeof *j->finished);
    if (!j->fates || !j->patients || !j->finished)
        return SN_NOMEM(err, "the cases");
    for (size_t i = 0; i < n; i++)
        if (j->cases.rows[i].first)
            j->patients[j->n_patients++] = i;
    sn_pool_run(pool, patient_unit, j, j->n_patients);
    if (shows_progress(j))
        (void)fprintf(stderr, "\r\033[K");
    for (size_t i = 0; i < j->cases.n_rows; i++)
        done += j->fates[i].done;
    if (done) {
        SN_TRY(write_table(j, err));
        if (j->cases.n_rows > 1)
            SN_TRY(write_index(j, err));
    }
    if (done < j->cases.n_rows)
        sn_note(&j->args, "%zu of %zu cases failed; predictions.csv leaves them out", j->cases.n_rows - done,
                j->cases.n_rows);
    return j->args.common.json ? print_json(j, err) : SN_OK;
}

/* A pipeline for each patient at once, with its share of the threads; outer shares out the patients. */
static int run_jobs(struct job *j, struct sn_pool *outer, struct sn_error *err)
{
    int each = SN_MAX(j->args.common.threads / j->jobs, 1), rc = SN_OK;
    struct sn_pool **pools = calloc((size_t)j->jobs, sizeof *pools);

    j->pipelines = calloc((size_t)j->jobs, sizeof *j->pipelines);
    if (!pools || !j->pipelines)
        rc = SN_NOMEM(err, "the jobs");
    for (int i = 0; i < j->jobs && !rc; i++) {
        struct sn_net_options opt;

        rc = each > 1 ? sn_pool_create(&pools[i], each, err) : SN_OK;
        opt = sn_cli_net_options(&j->args.common, pools[i]);
        if (!rc)
            rc = sn_pipeline_create(&j->pipelines[i], &j->pack, &opt, false, err);
    }
    if (!rc)
        rc = run_all(j, outer, err);
    for (int i = 0; i < j->jobs && j->pipelines; i++)
        sn_pipeline_free(j->pipelines[i]);
    for (int i = 0; i < j->jobs && pools; i++)
        sn_pool_free(pools[i]);
    free(j->pipelines);
    free(pools);
    return rc;
}

static int run(struct job *j, struct sn_error *err)
{
    struct sn_pool *outer = NULL;
    int rc;

    SN_TRY(sn_cases_load(&j->cases, &j->names, j->manifest, j->clinical, j->images, j->n_images, err));
    SN_TRY(sn_pack_open(&j->pack, j->pack_dir, err));
    sn_note(&j->args, "pack %s (%s): %s", j->pack.name, j->pack.origin, j->pack.label);
    if (j->rule)
        j->pack.patient_max = strcmp(j->rule, "max") == 0;
    if (j->pack.has_logistic && !j->no_risk)
        SN_TRY(sn_risk_columns(&j->pack, &j->cases, err));
    SN_TRY(sn_mkdirs(j->dir, err));
    if (j->jobs == 0)
        j->jobs = j->args.common.threads;
    j->jobs = (int)SN_MIN((size_t)j->jobs, j->cases.n_rows);
    if (j->jobs > 1)
        SN_TRY(sn_pool_create(&outer, j->jobs, err));
    rc = run_jobs(j, outer, err);
    sn_pool_free(outer);
    return rc;
}

static void job_free(struct job *j)
{
    for (size_t i = 0; i < j->cases.n_rows && j->fates; i++)
        sn_buf_free(&j->fates[i].line);
    free(j->fates);
    free(j->patients);
    free(j->finished);
    sn_cases_free(&j->cases);
    sn_pack_close(&j->pack);
}

/* Options into the job; false: return sn_args_exit or 2 at once. */
static bool read_options(struct job *j, int *code)
{
    struct sn_args *a = &j->args;
    long jobs;
    int c;

    while ((c = sn_args_next(a)) != 0) {
        switch (c) {
        case PACK: j->pack_dir = a->value; break;
        case MANIFEST: j->manifest = a->value; break;
        case CLINICAL: j->clinical = a->value; break;
        case OUTPUT: j->dir = a->value; break;
        case JOBS:
            if (!sn_args_int(a, "--jobs", 0, 1024, &jobs)) {
                *code = 2;
                return false;
            }
            j->jobs = (int)jobs;
            break;
        case NO_RISK: j->no_risk = true; break;
        case DICOM: j->dicom = true; break;
        case LENIENT: j->lenient = true; break;
        case RULE: j->rule = a->value; break;
        case CASE: j->names.id = a->value; break;
        case PATIENT: j->names.patient = a->value; break;
        case IMAGE: j->names.image = a->value; break;
        case OUTCOME: j->names.outcome = a->value; break;
        case '.':
            /* arguments move to the front of argv, behind the command's name: each is behind one already read */
            j->images = a->argv + 1;
            a->argv[1 + j->n_images++] = a->argv[a->at - 1];
            break;
        default: *code = sn_args_exit(a); return false;
        }
    }
    *code = 0;
    if (!j->dir || !*j->dir)
        *code = sn_args_usage(a, "-o DIR is missing");
    else if (!j->manifest == !j->n_images)
        *code = sn_args_usage(a, "give images, or --manifest CSV");
    else if (j->rule && strcmp(j->rule, "mean") != 0 && strcmp(j->rule, "max") != 0)
        *code = sn_args_usage(a, "--patient-rule is mean or max, not '%s'", j->rule);
    return *code == 0;
}

int sn_cmd_predict(int argc, char **argv)
{
    struct job j = { .names = SN_CASE_NAMES_DEFAULT, .jobs = 1, .lock = PTHREAD_MUTEX_INITIALIZER };
    struct sn_error err = { 0 };
    struct sn_fpenv env;
    int code, rc;

    sn_args_init(&j.args, help, opts, argc, argv);
    if (!read_options(&j, &code))
        return code;
    sn_fp_enter(&env); /* scores, maps and the logistic sum are made outside the networks */
    rc = run(&j, &err);
    sn_fp_leave(&env);
    raise_exit(&j, sn_report(&j.args, rc, &err));
    job_free(&j);
    return j.exit;
}
