/* check_dice.c: `sentinode dice`, from tables and masks to numbers, and what it says of bad ones. */
#include "tests/unit/predict_run.h"

#include <math.h>

#include "stats/stats.h"

/* A mask of w x h with a filled rectangle, grey value `on`. */
static void mask_file(const char *name, uint32_t w, uint32_t h, uint32_t x0, uint32_t y0, uint32_t rw, uint32_t rh, uint8_t on)
{
    struct sn_error err = { 0 };
    struct sn_image im = { 0 };
    uint8_t *px;

    sn_ck_ok(sn_image_alloc(&im, w, h, 1, 8, &err), &err);
    px = im.data;
    memset(px, 0, (size_t)w * h);
    for (uint32_t y = y0; y < y0 + rh; y++)
        memset(px + (size_t)y * w + x0, on, rw);
    sn_ck_ok(sn_png_write(at("%s", name), &im, &err), &err);
    sn_image_free(&im);
}

static void make_masks(void)
{
    mask_file("a.png", 40, 30, 5, 5, 10, 10, 255);    /* 100 pixels */
    mask_file("b.png", 40, 30, 10, 5, 10, 10, 255);   /* half of it: Dice 0.5 */
    mask_file("big.png", 40, 30, 5, 5, 20, 20, 255);  /* 400 */
    mask_file("big1.png", 40, 30, 5, 5, 20, 20, 1);   /* the same as a label image */
    mask_file("none.png", 40, 30, 0, 0, 0, 0, 255);
    mask_file("small.png", 20, 30, 0, 0, 3, 3, 255);
    write_text(at("m.csv"), "case,patient,mask,pred,set\n"
                            "c1,p1,a.png,a.png,internal\n"
                            "c2,p1,a.png,b.png,internal\n"
                            "c3,p2,big.png,big1.png,external\n"
                            "c4,p3,a.png,none.png,external\n");
}

static struct sn_json_doc doc;

static const struct sn_json_value *said(void)
{
    struct sn_error err = { 0 };

    read_before[n_before++ % SN_COUNT(read_before)] = doc;
    sn_ck_ok(sn_json_parse(caught_out, strlen(caught_out), &doc, &err), &err);
    return doc.root;
}

START_TEST(numbers)
{
    const struct sn_json_value *r;

    ck_run(0, "dice %s --json --spacing 0.5 --tau 2 --boot 500", at("m.csv"));
    r = said();
    ck_assert_str_eq(string(r, "format"), "sentinode-dice");
    ck_assert_str_eq(string(r, "surface"), "monai");
    ck_assert_str_eq(string(r, "cluster"), "patient");
    ck_assert_uint_eq(dig(r, "comparisons")->count, 3); /* all, internal, external */
    ck_assert(number(r, "comparisons.0.cases") == 4 && number(r, "comparisons.0.patients") == 3);
    ck_assert(number(r, "comparisons.0.metrics.dice.mean") == (1 + 0.5 + 1 + 0) / 4);
    ck_assert_double_eq_tol(number(r, "comparisons.0.metrics.pooled_dice.value"), 2.0 * (100 + 50 + 400) / (200 + 200 + 800 + 100), 1e-15);
    ck_assert(number(r, "comparisons.0.metrics.hd.infinite") == 1); /* c4: counted, not averaged */
    ck_assert(number(r, "comparisons.0.metrics.hd.n") == 3);
    ck_assert_double_eq_tol(number(r, "comparisons.0.metrics.hd.mean"), 2.5 / 3, 1e-15);
    ck_assert(number(r, "comparisons.0.metrics.area_error.mean") == -0.25);
    ck_assert_double_eq_tol(number(r, "comparisons.0.metrics.centroid.mean"), 2.5 / 3, 1e-15);
    ck_assert(number(r, "comparisons.0.metrics.dice.lo") < 0.625 && number(r, "comparisons.0.metrics.dice.hi") > 0.625);
    ck_assert_str_eq(string(r, "comparisons.1.set"), "internal");
    ck_assert(number(r, "comparisons.1.metrics.dice.mean") == 0.75);
    ck_assert(dig(r, "comparisons.1.metrics.dice.lo")->type == SN_JSON_NULL); /* one patient: nothing to draw from */
    ck_assert(number(r, "comparisons.2.metrics.dice.mean") == 0.5);
    ck_assert(number(r, "comparisons.0.size.longest_diameter.bias") == 0);
    ck_assert(number(r, "comparisons.0.size.area.n") == 3);
}
END_TEST

/* The same seed, any number of threads: the same bytes; another seed: another interval. */
START_TEST(reproducible)
{
    const char *first;

    ck_run(0, "dice %s --json --threads 1", at("m.csv"));
    first = caught_out;
    ck_run(0, "dice %s --json --threads 3", at("m.csv"));
    ck_assert_str_eq(first, caught_out);
    ck_run(0, "dice %s --json --seed 2", at("m.csv"));
    ck_assert_str_ne(first, caught_out);
    ck_assert(dig(said(), "comparisons.0.metrics.nsd.mean")->type == SN_JSON_NULL); /* no tolerance, no NSD */
}
END_TEST

START_TEST(switches)
{
    const struct sn_json_value *r;

    write_text(at("e.csv"), "id,manual,auto\nx,none.png,none.png\ny,none.png,a.png\nz,a.png,a.png\n");
    ck_run(0, "dice %s --case id --mask manual --pred auto --json --boot 0", at("e.csv"));
    r = said();
    ck_assert_double_eq_tol(number(r, "comparisons.0.metrics.dice.mean"), 2.0 / 3, 1e-15);
    ck_assert_str_eq(string(r, "unit"), "pixels");
    ck_assert_str_eq(string(r, "cluster"), "id");
    ck_run(0, "dice %s --case id --mask manual --pred auto --json --boot 0 --empty nan", at("e.csv"));
    r = said();
    ck_assert(number(r, "comparisons.0.metrics.dice.mean") == 0.5);
    ck_assert(number(r, "comparisons.0.metrics.dice.undefined") == 1);
    ck_run(0, "dice %s --case id --mask manual --pred auto --json --boot 0 --empty ignore", at("e.csv"));
    ck_assert(number(said(), "comparisons.0.metrics.dice.mean") == 1);
    /* anisotropic: 5 columns of 0.2 */
    write_text(at("s.csv"), "case,mask,pred\nc,a.png,b.png\n");
    ck_run(0, "dice %s --json --spacing 0.7x0.2 --surface deepmind", at("s.csv"));
    ck_assert_double_eq_tol(number(said(), "comparisons.0.metrics.hd.mean"), 1.0, 1e-15);
    /* a column, and units that would mix */
    write_text(at("s.csv"), "case,mask,pred,spacing_mm\nc,a.png,b.png,0.1\nd,a.png,b.png,0.2\n");
    ck_run(0, "dice %s --json", at("s.csv"));
    ck_assert_double_eq_tol(number(said(), "comparisons.0.metrics.hd.mean"), 0.75, 1e-15);
    write_text(at("s.csv"), "case,mask,pred,spacing_mm\nc,a.png,b.png,0.1\nd,a.png,b.png,\n");
    ck_run(3, "dice %s --json", at("s.csv"));
    ck_says("s.csv: line 3: spacing from none (pixels), but from column spacing_mm on the lines before");
    /* a union of files */
    write_text(at("u.csv"), "case,mask,pred\nc,a.png;b.png,b.png;a.png\n");
    ck_run(0, "dice %s --json", at("u.csv"));
    ck_assert(number(said(), "comparisons.0.metrics.dice.mean") == 1);
}
END_TEST

START_TEST(several)
{
    const struct sn_json_value *r;

    write_text(at("v.csv"), "case,mask,netA,netB,mask2\nc1,a.png,a.png,b.png,b.png\nc2,big.png,big.png,a.png,big.png\n"
                            "c3,a.png,b.png,b.png,a.png\n");
    ck_run(0, "dice %s --pred netA,netB --second mask2 --json", at("v.csv"));
    r = said();
    ck_assert_uint_eq(dig(r, "comparisons")->count, 3);
    ck_assert(dig(r, "comparisons.2.second_annotator")->boolean && !dig(r, "comparisons.1.second_annotator")->boolean);
    ck_assert_uint_eq(dig(r, "differences")->count, 3);
    ck_assert_str_eq(string(r, "differences.0.first"), "netA");
    ck_assert_str_eq(string(r, "differences.0.second"), "netB");
    ck_assert_double_eq_tol(number(r, "differences.0.mean_dice_difference"), (0.5 + (1 - 2.0 * 100 / 500) + 0) / 3, 1e-15);
    ck_assert_double_eq_tol(number(r, "differences.1.mean_dice_difference"), 0.0, 1e-15);
    ck_run(0, "dice %s --pred netA,netB --second mask2", at("v.csv"));
    ck_assert_ptr_nonnull(strstr(caught_out, "Dice of netA minus mask2 (second annotator: the ceiling): 0.000"));
    ck_assert_ptr_nonnull(strstr(caught_out, "these data do not show which is better"));
    ck_assert_ptr_nonnull(strstr(caught_out, "research use only"));
}
END_TEST

START_TEST(files_written)
{
    struct sn_error err = { 0 };
    struct sn_csv t;
    char *json, *svg;
    double v;

    ck_run(0, "dice %s -o %s --quiet --spacing 0.5", at("m.csv"), at("out/deep"));
    ck_assert_str_eq(caught_out, "");
    json = slurp(at("out/deep/results.json"), NULL);
    ck_assert_ptr_nonnull(strstr(json, "\"table\": \"m.csv\""));
    ck_assert_ptr_null(strstr(json, sn_test_tmpdir())); /* no path */
    svg = slurp(at("out/deep/dice.svg"), NULL);
    ck_assert(strncmp(svg, "<svg", 4) == 0 && strstr(svg, "</svg>") && !strstr(svg, "nan") && !strstr(svg, "inf"));
    sn_ck_ok(sn_csv_read(at("out/deep/dice.csv"), &t, &err), &err);
    ck_assert_uint_eq(t.rows, 4);
    ck_assert_str_eq(sn_csv_cell(&t, 3, sn_csv_column(&t, "hd95")), "inf");
    ck_assert_str_eq(sn_csv_cell(&t, 3, sn_csv_column(&t, "centroid")), "");
    sn_ck_ok(sn_csv_number(&t, 1, sn_csv_column(&t, "dice"), &v, &err), &err);
    ck_assert(v == 0.5);
    sn_ck_ok(sn_csv_number(&t, 2, sn_csv_column(&t, "area_automatic"), &v, &err), &err);
    ck_assert(v == 100); /* 400 pixels of 0.25 mm2; a label image */
    sn_csv_free(&t);
}
END_TEST

/* predict's masks, without editing a table. */
START_TEST(from_predict)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_mkdirs(at("res/c1"), &err), &err);
    sn_ck_ok(sn_mkdirs(at("res/c2"), &err), &err);
    mask_file("res/c1/mask.png", 40, 30, 5, 5, 10, 10, 255);
    mask_file("res/c2/mask.png", 40, 30, 10, 5, 10, 10, 255);
    write_text(at("r.csv"), "case,mask\nc1,a.png\nc2,a.png\n");
    ck_run(0, "dice %s --results %s --json", at("r.csv"), at("res"));
    ck_assert(number(said(), "comparisons.0.metrics.dice.mean") == 0.75);
    write_text(at("r.csv"), "case,mask\nc1,a.png\nc9,a.png\n");
    ck_run(3, "dice %s --results %s --json", at("r.csv"), at("res"));
    ck_says("r.csv: line 3, column 'case': case c9 of --results: mask.png");
}
END_TEST

/* Images to masks to numbers: what dice says of predict's folder is what the masks say. */
START_TEST(the_whole_way)
{
    struct sn_error err = { 0 };
    double sum = 0;

    make_material();
    (void)run("predict --pack %s --manifest %s --no-risk -o %s --quiet", at("pack"), at("phantoms/manifest.csv"), at("res2"));
    for (int k = 1; k <= 4; k++) {
        struct sn_image got = { 0 }, truth = { 0 };
        size_t n, common = 0, both = 0;

        sn_ck_ok(sn_image_read(at("res2/phantom_%05d/mask.png", k), &got, &err), &err);
        sn_ck_ok(sn_image_read(at("phantoms/phantom_%05d_mask.png", k), &truth, &err), &err);
        n = (size_t)got.width * got.height;
        for (size_t i = 0; i < n; i++) {
            bool a = ((uint8_t *)got.data)[i] > 127, b = ((uint8_t *)truth.data)[i] > 127;

            common += a && b;
            both += (size_t)a + b;
        }
        sum += 2.0 * (double)common / (double)both / 4;
        sn_image_free(&got);
        sn_image_free(&truth);
    }
    ck_run(0, "dice %s --results %s --json", at("phantoms/manifest.csv"), at("res2"));
    ck_assert_double_eq_tol(number(said(), "comparisons.0.metrics.dice.mean"), sum, 1e-14);
    ck_assert_str_eq(string(doc.root, "spacing_from"), "column spacing_mm");
}
END_TEST

START_TEST(bad_tables)
{
    write_text(at("x.csv"), "case,mask\nc,a.png\n");
    ck_run(3, "dice %s -o %s", at("x.csv"), at("never"));
    ck_says("x.csv: line 1: column 'pred' is missing");
    ck_assert(!exists(at("never")));
    write_text(at("x.csv"), "case,mask,pred\nc,a.png,a.png\nd,a.png,small.png\n");
    ck_run(3, "dice %s", at("x.csv"));
    ck_says("x.csv: line 3, column 'pred': this mask has 20x30 pixels, the manual one 40x30");
    write_text(at("x.csv"), "case,mask,pred\nc,a.png,a.png\nc,a.png,a.png\n");
    ck_run(3, "dice %s", at("x.csv"));
    ck_says("x.csv: line 3, column 'case': 'c' is also on line 2");
    write_text(at("x.csv"), "case,mask,pred\nc,a.png,\n");
    ck_run(3, "dice %s", at("x.csv"));
    ck_says("x.csv: line 2, column 'pred': no file is named");
    write_text(at("x.csv"), "case,mask,pred\nc,gone.png,a.png\n");
    ck_run(3, "dice %s", at("x.csv"));
    ck_says("x.csv: line 2, column 'mask': gone.png");
    write_text(at("x.csv"), "case,mask,pred,spacing_mm\nc,a.png,a.png,\"0,1\"\n");
    ck_run(3, "dice %s", at("x.csv"));
    ck_says("spacing_mm");
    write_text(at("x.csv"), "case,mask,pred,spacing_mm\nc,a.png,a.png,0\n");
    ck_run(3, "dice %s", at("x.csv"));
    ck_says("x.csv: line 2, column 'spacing_mm': 0 mm a pixel");
    write_text(at("x.csv"), "case,mask,pred\n");
    ck_run(3, "dice %s", at("x.csv"));
    ck_says("x.csv: no cases");
    write_text(at("x.csv"), "case,patient,mask,pred\nc,,a.png,a.png\n");
    ck_run(3, "dice %s", at("x.csv"));
    ck_says("x.csv: line 2, column 'patient': empty");
    ck_run(2, "dice %s --tau 1", at("m.csv"));
    ck_says("state no spacing");
    ck_run(3, "dice %s", at("nowhere.csv"));
    ck_run(2, "dice");
    ck_run(2, "dice %s --tau -1", at("m.csv"));
    ck_run(2, "dice %s --surface MONAI", at("m.csv"));
    ck_run(2, "dice %s --empty 1", at("m.csv"));
    ck_run(2, "dice %s --spacing 0", at("m.csv"));
    ck_run(2, "dice %s --spacing 1x", at("m.csv"));
    ck_run(2, "dice %s --pred a,,b", at("m.csv"));
    ck_run(2, "dice %s %s", at("m.csv"), at("m.csv"));
    ck_run(0, "dice --help");
}
END_TEST

static Suite *suite_dice(void)
{
    Suite *s = suite_create("dice");
    TCase *t = tcase_create("dice");

    tcase_add_unchecked_fixture(t, make_masks, NULL);
    tcase_add_test(t, numbers);
    tcase_add_test(t, reproducible);
    tcase_add_test(t, switches);
    tcase_add_test(t, several);
    tcase_add_test(t, files_written);
    tcase_add_test(t, from_predict);
    tcase_add_test(t, the_whole_way);
    tcase_add_test(t, bad_tables);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_dice)
