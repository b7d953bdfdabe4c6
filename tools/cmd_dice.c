/* cmd_dice.c: `sentinode dice`, how well automatic masks agree with manual ones. */
#include "tools/cli.h"
#include "tools/dice.h"
#include "tools/outputs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: sentinode dice MANIFEST.csv [--results DIR] [--surface monai|deepmind|medpy] [--tau MM] [-o DIR]\n"
    "\n"
    "Compares automatic masks with manual ones: Dice, IoU, IoU of the bounding boxes and of the boundaries, HD, HD95,\n"
    "ASSD, NSD, error of area and centre; per case, as mean with a bootstrap interval by patient, and pooled over\n"
    "pixels; agreement of area and longest diameter (Bland-Altman, ICC). Research use only.\n"
    "\n"
    "  MANIFEST.csv     columns case, mask (manual), pred (automatic); optional patient, set, spacing_mm. Several\n"
    "                   files in a cell, separated by ';', are united; paths are relative to the table. Lesion is\n"
    "                   what lies above half of white; in files that hold only 0 and 1 it is 1\n"
    "  --results DIR    take the automatic masks from predict's folder, DIR/CASE/mask.png, instead of a column\n"
    "  --pred A[,B...]  columns of automatic masks (pred); several are compared with each other, too\n"
    "  --second NAME    column of a second manual mask: agreement of the annotators is the ceiling for a program\n"
    "  --case, --mask, --patient, --set NAME   names of these columns in your table\n"
    "  --surface NAME   whose HD, HD95, ASSD and NSD: monai (default), deepmind (surface-distance) or medpy; on the\n"
    "                   same masks HD95 may differ by millimetres between them\n"
    "  --tau MM         tolerance of NSD; without it there is none\n"
    "  --spacing MM | ROWxCOLUMN   size of a pixel; default: column spacing_mm, else the files', else pixels\n"
    "  --empty one|nan|ignore   both masks empty: 1 (default), or undefined; ignore: undefined whenever the\n"
    "                   manual mask is empty. Only one empty is 0 otherwise\n"
    "  --encoding E     of the table: utf-8 or gb18030; default: found out from the bytes\n"
    "  --boot N         bootstrap replicates (2000), 0: no intervals      --seed S   (1)\n"
    "  -o DIR           writes dice.csv (a row per case), dice.svg and results.json\n";

enum { RESULTS = 'r', PRED = 'p', SECOND = '2', CASE = 'C', MASK = 'M', PATIENT = 'P', SET = 'S', SURFACE = 'u', TAU = 't', SPACING = 'g', EMPTY = 'e', BOOT = 'b', SEED = 's', OUTPUT = 'o', ENCODING = 'E' };

static const struct sn_opt opts[] = {
    { "--results", RESULTS, true }, { "--pred", PRED, true },       { "--second", SECOND, true }, { "--case", CASE, true },
    { "--mask", MASK, true },       { "--patient", PATIENT, true }, { "--set", SET, true },       { "--surface", SURFACE, true },
    { "--tau", TAU, true },         { "--spacing", SPACING, true }, { "--empty", EMPTY, true },   { "--boot", BOOT, true },
    { "--seed", SEED, true },       { "-o,--output", OUTPUT, true }, { "--encoding", ENCODING, true }, { NULL, 0, false },
};

struct job {
    struct sn_args args;
    struct sn_dice_options opt;
    const char *out;
    char *list; /* of --pred, cut up */
};

/* "A,B" into names. */
static bool split(struct job *j)
{
    j->list = malloc(strlen(j->args.value) + 1);
    if (!j->list)
        return false;
    strcpy(j->list, j->args.value);
    j->opt.n_pred = 0;
    for (char *s = j->list; s;) {
        char *comma = strchr(s, ',');

        if (j->opt.n_pred == (int)SN_COUNT(j->opt.pred) || !*s || s == comma)
            return false;
        j->opt.pred[j->opt.n_pred++] = s;
        if (comma)
            *comma++ = '\0';
        s = comma;
    }
    return true;
}

static bool spacing(const char *text, double out[2])
{
    const char *x = strchr(text, 'x');
    size_t n = x ? (size_t)(x - text) : strlen(text);

    if (!sn_parse_double_n(text, n, &out[0]))
        return false;
    out[1] = out[0];
    if (x && !sn_parse_double(x + 1, &out[1]))
        return false;
    for (int k = 0; k < 2; k++)
        if (!(out[k] >= SN_SPACING_MIN && out[k] <= SN_SPACING_MAX))
            return false;
    return true;
}

/* Option c; false after a usage error. */
static bool option(struct job *j, int c)
{
    struct sn_dice_options *o = &j->opt;
    const char *value = j->args.value;

    switch (c) {
    case RESULTS: o->results = value; return true;
    case SECOND: o->second = value; return true;
    case CASE: o->id = value; return true;
    case MASK: o->mask = value; return true;
    case PATIENT: o->patient = value; return true;
    case SET: o->set = value; return true;
    case OUTPUT: j->out = value; return true;
    case PRED:
        free(j->list);
        if (split(j))
            return true;
        (void)sn_args_usage(&j->args, "--pred needs 1 to %zu column names separated by commas, found '%s'", SN_COUNT(o->pred), value);
        return false;
    case SURFACE:
        if (sn_surface_parse(value, &o->surface))
            return true;
        (void)sn_args_usage(&j->args, "--surface is monai, deepmind or medpy, found '%s'", value);
        return false;
    case EMPTY:
        if (sn_empty_parse(value, &o->empty))
            return true;
        (void)sn_args_usage(&j->args, "--empty is one, nan or ignore, found '%s'", value);
        return false;
    case TAU:
        if (sn_parse_double(value, &o->tau) && o->tau >= 0)
            return true;
        (void)sn_args_usage(&j->args, "--tau needs a number of mm, 0 or more, found '%s'", value);
        return false;
    case SPACING:
        if (spacing(value, o->spacing))
            return true;
        (void)sn_args_usage(&j->args, "--spacing needs mm per pixel, one number or ROWxCOLUMN, found '%s'", value);
        return false;
    case ENCODING: return sn_args_encoding(&j->args, &o->encoding);
    case BOOT: return sn_args_replicates(&j->args, &o->boot);
    default: return sn_args_seed(&j->args, &o->seed);
    }
}

/* results.json comes last: a folder that has one is complete. */
static int write_results(const struct job *j, const struct sn_dice_set *d, struct sn_json *w, struct sn_error *err)
{
    struct sn_outputs files = { 0 };
    struct sn_buf b = { 0 };
    int rc;

    sn_dice_csv(d, &b);
    sn_outputs_take(&files, "dice.csv", &b);
    rc = sn_dice_svg(&b, d, &j->opt, err);
    sn_outputs_take(&files, "dice.svg", &b);
    sn_outputs_take(&files, "results.json", &w->buf);
    if (!rc)
        rc = sn_outputs_write(&files, j->out, err);
    sn_outputs_free(&files);
    return rc;
}

static int run(struct job *j, struct sn_error *err)
{
    bool people = !j->args.common.json && !j->args.common.quiet;
    struct sn_pool *pool = NULL;
    struct sn_dice_set d = { .n = 0 };
    struct sn_buf say = { 0 };
    struct sn_json w;
    int rc;

    SN_TRY(sn_dice_read(&d, &j->opt, err));
    sn_json_init(&w, 1);
    SN_TRY_OUT(sn_cli_pool(&j->args.common, &pool, err));
    SN_TRY_OUT(sn_dice_results(&d, &j->opt, pool, &w, people ? &say : NULL, err));
    if (j->args.common.json)
        sn_buf_printf(&say, "%s\n", w.buf.data);
    if (say.failed)
        rc = SN_NOMEM(err, "the summary");
    if (!rc && j->out)
        SN_TRY_OUT(write_results(j, &d, &w, err));
    if (!rc && say.len)
        (void)fwrite(say.data, 1, say.len, stdout);
out:
    sn_buf_free(&say);
    sn_json_free(&w);
    sn_pool_free(pool);
    sn_dice_free(&d);
    return rc;
}

int sn_cmd_dice(int argc, char **argv)
{
    struct job j = { .opt = { .id = "case", .patient = "patient", .set = "set", .mask = "mask", .pred = { "pred" }, .n_pred = 1,
                              .tau = NAN, .boot = 2000, .seed = 1, .level = 0.95 } };
    struct sn_error err = { 0 };
    struct sn_fpenv env;
    int c, rc = 0;

    sn_args_init(&j.args, help, opts, argc, argv);
    while (!rc && (c = sn_args_next(&j.args)) != 0) {
        if (c == '!') {
            free(j.list);
            return sn_args_exit(&j.args);
        }
        if (c != '.')
            rc = option(&j, c) ? 0 : 2;
        else if (j.opt.manifest)
            rc = sn_args_usage(&j.args, "unexpected argument '%s'", j.args.value);
        else
            j.opt.manifest = j.args.value;
    }
    if (!rc && !j.opt.manifest)
        rc = sn_args_usage(&j.args, "a table of masks is missing");
    if (!rc) {
        sn_fp_enter(&env);
        rc = run(&j, &err);
        sn_fp_leave(&env);
        rc = sn_report(&j.args, rc, &err);
    }
    free(j.list);
    return rc;
}
