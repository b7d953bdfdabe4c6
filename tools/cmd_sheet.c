/* cmd_sheet.c: a contact sheet: what the pack outlined, against what people outlined. */
#include "tools/cases.h"
#include "tools/cli.h"
#include "tools/draw.h"
#include "tools/font.h"
#include "tools/html.h"
#include "tools/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SIDE 240 /* a picture fits into a square of this many pixels */
#define GAP 12
#define LINE 20 /* of text at scale 2 */
#define HEADER (3 * LINE + GAP)
#define TILE_WIDTH (SIDE + GAP)
#define TILE_HEIGHT (SIDE + 2 * LINE + GAP)

static const char help[] =
    "usage: sentinode sheet --manifest CSV [--pack PACK] [--rows R] [--cols C] -o SHEET.png\n"
    "\n"
    "One picture of many: each image with the automatic contour (yellow) and, where the manifest has a\n"
    "column 'mask', the manual one (cyan) and Dice. Every case is shown as it comes, good or bad.\n"
    "\n"
    "  --manifest CSV  columns case, image and, optionally, mask (several files separated by ';' are\n"
    "                  united); paths are relative to its folder\n"
    "  --pack PACK     folder with pack.conf; default: the one beside or in this program\n"
    "  --rows R --cols C   size of the sheet; default: four columns, rows for all cases. Too small a\n"
    "                  sheet shows the first cases and says so\n"
    "  -o FILE         the sheet as PNG\n"
    "  --case NAME --image NAME --mask NAME   names of these columns in your table\n"
    "\n"
    "Exit code: the highest of 0 done, 1 a case needs human review, 3 an input, 4 a model, 5 this machine.\n";

enum { PACK = 'p', MANIFEST = 'm', ROWS = 'r', COLS = 'c', OUTPUT = 'o', CASE = 'C', IMAGE = 'I', MASK = 'M' };

static const struct sn_opt opts[] = {
    { "--pack", PACK, true },   { "--manifest", MANIFEST, true }, { "--rows", ROWS, true },
    { "--cols", COLS, true },   { "-o,--output", OUTPUT, true },  { "--case", CASE, true },
    { "--image", IMAGE, true }, { "--mask", MASK, true },         { NULL, 0, false },
};

/* What became of one case. */
struct tile {
    bool failed, found, review, has_dice;
    double dice, area_frac;
    char text[480]; /* the error */
};

struct job {
    struct sn_args args;
    struct sn_case_names names;
    const char *pack_dir, *manifest, *out, *mask_name;
    long rows, cols;
    struct sn_pack pack;
    struct sn_cases cases;
    struct sn_pipeline *pipeline;
    struct sn_image sheet;
    struct tile *tiles;
    size_t shown;
    int exit;
};

static const uint8_t white[3] = { 235, 235, 235 }, grey[3] = { 150, 150, 150 }, red[3] = { 255, 110, 90 };

/* ---- manual masks ---------------------------------------------------------------------------- */

/* Adds one mask file, a name of n bytes relative to the manifest, to the union. */
static int unite(const struct job *j, const char *name, size_t n, uint8_t *mask, uint32_t w, uint32_t h,
                 struct sn_error *err)
{
    const char *slash = strrchr(j->manifest, '/');
    struct sn_buf path = { 0 };
    struct sn_input in = { .bytes = 0 };
    const uint8_t *px;
    int rc;

    if (slash && *name != '/')
        sn_buf_add(&path, j->manifest, (size_t)(slash - j->manifest) + 1);
    sn_buf_add(&path, name, n);
    sn_buf_add(&path, "", 1);
    rc = path.failed ? SN_NOMEM(err, "a path") : sn_input_read(path.data, sn_basename(path.data), false, &in, err);
    if (!rc && (in.grey.width != w || in.grey.height != h))
        rc = SN_FAIL(err, SN_EFORMAT, "%s: the mask has %ux%u pixels, the image %ux%u", sn_basename(path.data),
                     in.grey.width, in.grey.height, w, h);
    px = in.grey.data;
    for (size_t i = 0; i < (size_t)w * h && !rc; i++)
        mask[i] |= px[i] > 127;
    sn_input_free(&in);
    sn_buf_free(&path);
    return rc;
}

/* *mask stays NULL when the table names none. */
static int manual_mask(const struct job *j, const struct sn_case_row *row, uint32_t w, uint32_t h, uint8_t **mask,
                       struct sn_error *err)
{
    int column = sn_csv_column(&j->cases.manifest, j->mask_name);
    const char *cell = column >= 0 ? sn_csv_cell(&j->cases.manifest, row->manifest_row, column) : "";

    if (!*cell)
        return SN_OK;
    *mask = calloc(h, w);
    if (!*mask)
        return SN_NOMEM(err, "a mask");
    while (*cell) {
        size_t n = strcspn(cell, ";");

        if (n)
            SN_TRY(unite(j, cell, n, *mask, w, h, err));
        cell += n + (cell[n] == ';');
    }
    return SN_OK;
}

/* ---- one picture ------------------------------------------------------------------------------ */

/* A mask at another size, its contour drawn. */
static int draw_scaled(struct sn_image *im, const uint8_t *mask, uint32_t w, uint32_t h, const uint8_t colour[3],
                       struct sn_error *err)
{
    struct sn_image full = { 0 }, small = { 0 };
    int rc;

    SN_TRY_OUT(sn_image_alloc(&full, w, h, 1, 8, err));
    memcpy(full.data, mask, (size_t)w * h);
    SN_TRY_OUT(sn_resize_u8(&full, im->width, im->height, SN_RESIZE_NEAREST, &small, err));
    sn_draw_contour(im, small.data, 1, colour);
out:
    sn_image_free(&full);
    sn_image_free(&small);
    return rc;
}

static void paste(struct sn_image *sheet, const struct sn_image *im, int x, int y)
{
    for (uint32_t k = 0; k < im->height; k++)
        memcpy((uint8_t *)sheet->data + 3 * (((size_t)y + k) * sheet->width + (size_t)x),
               (const uint8_t *)im->data + 3 * (size_t)k * im->width, 3 * (size_t)im->width);
}

static uint32_t scaled(uint32_t length, uint32_t longest)
{
    return SN_MAX(1u, (uint32_t)(((uint64_t)length * SIDE + longest / 2) / longest));
}

/* Scaled to fit, both contours, in the middle of its square. */
static int draw_picture(struct job *j, const struct sn_analysis *a, const uint8_t *manual, int x, int y,
                        struct sn_error *err)
{
    uint32_t w = a->in.rgb.width, h = a->in.rgb.height, longest = SN_MAX(w, h);
    struct sn_image im = { 0 };
    int rc;

    SN_TRY(sn_resize_u8(&a->in.rgb, scaled(w, longest), scaled(h, longest), SN_RESIZE_PILLOW_BILINEAR, &im, err));
    SN_TRY_OUT(draw_scaled(&im, a->mask, w, h, sn_draw_automatic, err));
    if (manual)
        SN_TRY_OUT(draw_scaled(&im, manual, w, h, sn_draw_manual, err));
    paste(&j->sheet, &im, x + (SIDE - (int)im.width) / 2, y + (SIDE - (int)im.height) / 2);
out:
    sn_image_free(&im);
    return rc;
}

static int analyse(struct job *j, const struct sn_case_row *row, struct tile *t, int x, int y, struct sn_error *err)
{
    struct sn_analysis a = { .found = false };
    uint8_t *manual = NULL;
    size_t npix;
    int rc;

    SN_TRY(sn_pipeline_run(j->pipeline, row->path, row->image, false, &a, err));
    npix = (size_t)a.in.grey.width * a.in.grey.height;
    SN_TRY_OUT(manual_mask(j, row, a.in.grey.width, a.in.grey.height, &manual, err));
    t->found = a.found;
    t->review = a.quality.n > 0;
    t->area_frac = (double)a.clean.area / (double)npix;
    t->has_dice = manual != NULL;
    if (manual)
        t->dice = sn_mask_dice(a.mask, manual, npix);
    rc = draw_picture(j, &a, manual, x, y, err);
out:
    free(manual);
    sn_analysis_free(&a);
    return rc;
}

static void put_text(struct job *j, int x, int y, const char *text, const uint8_t colour[3])
{
    sn_draw_text(&j->sheet, x, y, 2, SIDE, text, colour);
}

/* The two lines under a picture. */
static void describe(struct job *j, const struct sn_case_row *row, const struct tile *t, int x, int y)
{
    char line[64], number[48];

    put_text(j, x, y, row->id, white);
    if (t->failed)
        (void)snprintf(line, sizeof line, "FAILED");
    else if (t->has_dice)
        (void)snprintf(line, sizeof line, "DICE %s", sn_fixed(t->dice, 3, number));
    else
        (void)snprintf(line, sizeof line, "AREA %s%%", sn_fixed(100.0 * t->area_frac, 1, number));
    put_text(j, x, y + LINE, line, t->failed ? red : white);
    if (!t->failed && (!t->found || t->review)) {
        int used = (int)(strlen(line) + 1) * 2 * SN_FONT_STEP;

        sn_draw_text(&j->sheet, x + used, y + LINE, 2, SIDE - used, t->found ? "REVIEW" : "NO LESION", red);
    }
}

static void one_case(struct job *j, size_t k)
{
    int x = GAP + (int)(k % (size_t)j->cols) * TILE_WIDTH, y = HEADER + (int)(k / (size_t)j->cols) * TILE_HEIGHT;
    const struct sn_case_row *row = &j->cases.rows[k];
    struct tile *t = &j->tiles[k];
    struct sn_error err = { 0 };
    int rc = analyse(j, row, t, x, y, &err);

    if (rc) {
        *t = (struct tile){ .failed = true };
        (void)snprintf(t->text, sizeof t->text, "%s", err.msg);
        (void)fprintf(stderr, "sentinode sheet: case %s: %s\n", row->id, err.msg);
    }
    j->exit = SN_MAX(j->exit, rc ? sn_exit_code(rc) : t->review);
    describe(j, row, t, x, y + SIDE + 6);
}

/* ---- all of them ------------------------------------------------------------------------------- */

struct summary {
    size_t n, failed, empty;
    double mean, median; /* NaN: no case with a manual mask */
};

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int sum_up(const struct job *j, struct summary *s, struct sn_error *err)
{
    double *d = malloc(j->shown * sizeof *d), sum = 0.0;

    if (!d)
        return SN_NOMEM(err, "the summary");
    *s = (struct summary){ .mean = (double)NAN, .median = (double)NAN };
    for (size_t i = 0; i < j->shown; i++) {
        s->failed += j->tiles[i].failed;
        s->empty += !j->tiles[i].failed && !j->tiles[i].found;
        if (j->tiles[i].has_dice)
            sum += d[s->n++] = j->tiles[i].dice;
    }
    if (s->n) {
        qsort(d, s->n, sizeof *d, ascending);
        s->mean = sum / (double)s->n;
        s->median = (d[(s->n - 1) / 2] + d[s->n / 2]) / 2.0;
    }
    free(d);
    return SN_OK;
}

/* Three lines over the pictures: figures, the pack's own words, colours. */
static int header(struct job *j, const struct summary *s, struct sn_error *err)
{
    int width = (int)j->sheet.width - 2 * GAP;
    struct sn_buf b = { 0 };
    char mean[48], median[48];
    int rc;

    sn_buf_printf(&b, j->shown < j->cases.n_rows ? "FIRST %zu OF %zu CASES" : "%zu CASES", j->shown, j->cases.n_rows);
    if (s->n)
        sn_buf_printf(&b, ", DICE MEAN %s MEDIAN %s", sn_fixed(s->mean, 3, mean), sn_fixed(s->median, 3, median));
    sn_buf_printf(&b, ", %zu WITHOUT LESION, %zu FAILED", s->empty, s->failed);
    if (!b.failed)
        sn_draw_text(&j->sheet, GAP, GAP, 2, width, b.data, white);
    b.len = 0;
    sn_buf_printf(&b, "RESEARCH USE ONLY. PACK %s: %s", j->pack.name, j->pack.label);
    if (sn_cli_precision(&j->args.common))
        sn_buf_printf(&b, " PRECISION %s", sn_cli_precision(&j->args.common));
    if (!b.failed)
        sn_draw_text(&j->sheet, GAP, GAP + LINE, 1, width, b.data, grey);
    sn_draw_text(&j->sheet, GAP, GAP + LINE + 14, 2, width, "AUTOMATIC", sn_draw_automatic);
    sn_draw_text(&j->sheet, GAP + 120, GAP + LINE + 14, 2, width - 120, "MANUAL", sn_draw_manual);
    rc = b.failed ? SN_NOMEM(err, "the header") : SN_OK;
    sn_buf_free(&b);
    return rc;
}

static int print(const struct job *j, const struct summary *s, struct sn_error *err)
{
    struct sn_json w;
    char mean[48], median[48];
    int rc;

    if (!j->args.common.json) {
        (void)printf("%zu of %zu cases", j->shown, j->cases.n_rows);
        if (s->n)
            (void)printf(", Dice of %zu: mean %s, median %s", s->n, sn_fixed(s->mean, 3, mean),
                         sn_fixed(s->median, 3, median));
        (void)printf("; %zu without lesion, %zu failed\n", s->empty, s->failed);
        return SN_OK;
    }
    sn_json_init(&w, 2);
    sn_json_object(&w);
    sn_json_kv(&w, "format", "sentinode-sheet");
    sn_json_kv_int(&w, "version", 1);
    sn_json_kv_bool(&w, "research_use_only", true);
    sn_json_kv(&w, "pack", j->pack.name);
    sn_json_kv(&w, "pack_source", j->pack.origin);
    sn_json_kv(&w, "label", j->pack.label);
    sn_json_kv(&w, "precision", sn_precision_label(j->args.common.precision));
    sn_json_kv_int(&w, "cases_in_manifest", (int64_t)j->cases.n_rows);
    sn_json_kv_number(&w, "mean_dice", s->mean);
    sn_json_kv_number(&w, "median_dice", s->median);
    sn_json_key(&w, "cases");
    sn_json_array(&w);
    for (size_t i = 0; i < j->shown; i++) {
        const struct tile *t = &j->tiles[i];

        sn_json_object(&w);
        sn_json_kv(&w, "case", j->cases.rows[i].id);
        sn_json_kv_bool(&w, "failed", t->failed);
        sn_json_kv_bool(&w, "found", t->found);
        sn_json_kv_bool(&w, "review", t->review);
        sn_json_kv_number(&w, "area_frac", t->failed ? (double)NAN : t->area_frac);
        sn_json_kv_number(&w, "dice", t->has_dice ? t->dice : (double)NAN);
        sn_json_kv(&w, "error", t->failed ? t->text : NULL);
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

/* Rows and columns as asked for, else for all cases. */
static void lay_out(struct job *j)
{
    size_t n = j->cases.n_rows, room;

    if (!j->cols)
        j->cols = (long)SN_MIN(n, 4);
    if (!j->rows)
        j->rows = (long)((n + (size_t)j->cols - 1) / (size_t)j->cols);
    room = (size_t)j->rows * (size_t)j->cols;
    j->shown = SN_MIN(n, room);
}

static int draw_all(struct job *j, struct sn_error *err)
{
    uint64_t w = (uint64_t)j->cols * TILE_WIDTH + GAP, h = (uint64_t)j->rows * TILE_HEIGHT + HEADER;
    struct summary s = { .n = 0 };

    if (w > SN_IMAGE_MAX_SIDE || h > SN_IMAGE_MAX_SIDE)
        return SN_FAIL(err, SN_ELIMIT, "a sheet of %ld rows and %ld columns is too large; give --rows and --cols",
                       j->rows, j->cols);
    SN_TRY(sn_image_alloc(&j->sheet, (uint32_t)w, (uint32_t)h, 3, 8, err));
    memset(j->sheet.data, 24, (size_t)w * (size_t)h * 3);
    j->tiles = calloc(j->shown, sizeof *j->tiles);
    if (!j->tiles)
        return SN_NOMEM(err, "the cases");
    for (size_t k = 0; k < j->shown; k++)
        one_case(j, k);
    SN_TRY(sum_up(j, &s, err));
    SN_TRY(header(j, &s, err));
    SN_TRY(sn_png_write(j->out, &j->sheet, err));
    return print(j, &s, err);
}

static int run(struct job *j, struct sn_error *err)
{
    struct sn_pool *pool = NULL;
    struct sn_net_options opt;
    int rc;

    SN_TRY(sn_cases_load(&j->cases, &j->names, j->manifest, NULL, NULL, 0, err));
    SN_TRY(sn_pack_open(&j->pack, j->pack_dir, err));
    sn_note(&j->args, "pack %s (%s): %s", j->pack.name, j->pack.origin, j->pack.label);
    lay_out(j);
    SN_TRY(sn_cli_pool(&j->args.common, &pool, err));
    opt = sn_cli_net_options(&j->args.common, pool);
    rc = sn_pipeline_create(&j->pipeline, &j->pack, &opt, true, err);
    if (!rc)
        rc = draw_all(j, err);
    sn_pipeline_free(j->pipeline);
    sn_pool_free(pool);
    return rc;
}

int sn_cmd_sheet(int argc, char **argv)
{
    struct job j = { .names = SN_CASE_NAMES_DEFAULT, .mask_name = "mask" };
    struct sn_error err = { 0 };
    struct sn_fpenv env;
    int c, rc;

    sn_args_init(&j.args, help, opts, argc, argv);
    while ((c = sn_args_next(&j.args)) != 0) {
        bool ok = true;

        switch (c) {
        case PACK: j.pack_dir = j.args.value; break;
        case MANIFEST: j.manifest = j.args.value; break;
        case ROWS: ok = sn_args_int(&j.args, "--rows", 1, 1000, &j.rows); break;
        case COLS: ok = sn_args_int(&j.args, "--cols", 1, 1000, &j.cols); break;
        case OUTPUT: j.out = j.args.value; break;
        case CASE: j.names.id = j.args.value; break;
        case IMAGE: j.names.image = j.args.value; break;
        case MASK: j.mask_name = j.args.value; break;
        case '.': return sn_args_usage(&j.args, "unexpected argument '%s'", j.args.value);
        default: return sn_args_exit(&j.args);
        }
        if (!ok)
            return 2;
    }
    if (!j.manifest || !j.out)
        return sn_args_usage(&j.args, "%s is missing", j.manifest ? "-o SHEET.png" : "--manifest CSV");
    sn_fp_enter(&env); /* Dice and maps are made outside the networks */
    rc = run(&j, &err);
    sn_fp_leave(&env);
    rc = SN_MAX(j.exit, sn_report(&j.args, rc, &err));
    free(j.tiles);
    sn_image_free(&j.sheet);
    sn_cases_free(&j.cases);
    sn_pack_close(&j.pack);
    return rc;
}
