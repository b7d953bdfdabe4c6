/* check_sheet.c: packs from memory, packs found and written out; the contact sheet. */
#include "tests/unit/predict_run.h"

#include "tools/font.h"
#include "tools/pipeline.h"

static const char *const names[] = { "model.json", "pack.conf",    "deeplabv3.snw", "unet.snw",
                                     "unetpp.snw", "resnet50.snw", "resnet101.snw", "densenet121.snw" };
#define FILES SN_COUNT(names)

/* The random pack's files in memory, 64-aligned like embedded ones. */
static struct sn_pack_source in_memory(void)
{
    static struct sn_pack_file files[FILES];

    for (size_t i = 0; i < FILES; i++) {
        size_t n;
        char *bytes = slurp(at("pack/%s", names[i]), &n);
        uint8_t *room = aligned_alloc(64, (n + 64) / 64 * 64);

        ck_assert_ptr_nonnull(room);
        memcpy(room, bytes, n);
        files[i] = (struct sn_pack_file){ names[i], room, room + n };
    }
    return (struct sn_pack_source){ .files = files, .n_files = FILES };
}

static void release(const struct sn_pack_source *s)
{
    for (size_t i = 0; i < s->n_files; i++)
        free((void *)(uintptr_t)s->files[i].data);
}

/* ---- packs --------------------------------------------------------------------------------------- */

static void analyse(const struct sn_pack *pack, struct sn_analysis *a)
{
    struct sn_net_options opt = { .isa = SN_ISA_AUTO };
    struct sn_error err = { 0 };
    struct sn_pipeline *p = NULL;

    sn_ck_ok(sn_pipeline_create(&p, pack, &opt, false, &err), &err);
    sn_ck_ok(sn_pipeline_run(p, at("phantoms/phantom_00001.png"), "x", false, a, &err), &err);
    sn_pipeline_free(p);
}

START_TEST(memory_equals_folder)
{
    struct sn_pack_source s = in_memory();
    struct sn_analysis x, y;
    struct sn_error err = { 0 };
    struct sn_pack a, b;

    sn_ck_ok(sn_pack_open(&a, at("pack/"), &err), &err);
    sn_ck_ok(sn_pack_open_source(&b, &s, &err), &err);
    ck_assert_str_eq(a.origin, "pack");
    ck_assert_str_eq(b.origin, "embedded");
    ck_assert_str_eq(a.conf_sha256, b.conf_sha256);
    ck_assert_str_eq(a.logistic_sha256, b.logistic_sha256);
    ck_assert(b.has_logistic && a.logistic.intercept == b.logistic.intercept);
    analyse(&a, &x);
    analyse(&b, &y);
    ck_assert(x.found && y.found);
    ck_assert_str_eq(x.mask_sha256, y.mask_sha256);
    ck_assert_str_eq(x.fused_sha256, y.fused_sha256);
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(x.seg[i].logits_sha256, y.seg[i].logits_sha256);
        ck_assert_str_eq(x.cls[i].input_sha256, y.cls[i].input_sha256);
        ck_assert_str_eq(x.cls[i].cam.sha256, y.cls[i].cam.sha256);
        ck_assert(x.cls[i].p == y.cls[i].p);
    }
    sn_analysis_free(&x);
    sn_analysis_free(&y);
    sn_pack_close(&a);
    sn_pack_close(&b);
    release(&s);
}
END_TEST

/* Digests hold in memory, too. */
START_TEST(memory_is_verified)
{
    struct sn_pack_source s = in_memory();
    struct sn_error err = { 0 };
    struct sn_pack p;
    uint8_t *bytes = (uint8_t *)(uintptr_t)s.files[3].data;

    bytes[s.files[3].end - s.files[3].data - 1] ^= 1;
    sn_ck_fails(sn_pack_open_source(&p, &s, &err), SN_EMODEL, &err, "SHA-256 of unet.snw");
    bytes[s.files[3].end - s.files[3].data - 1] ^= 1;
    ((uint8_t *)(uintptr_t)s.files[0].data)[20] ^= 1;
    sn_ck_fails(sn_pack_open_source(&p, &s, &err), SN_EMODEL, &err, "SHA-256 of model.json");
    ((struct sn_pack_file *)(uintptr_t)s.files)[0].name = "other";
    sn_ck_fails(sn_pack_open_source(&p, &s, &err), SN_EIO, &err, "model.json: not among the 8 files");
    release(&s);
}
END_TEST

START_TEST(export_round_trip)
{
    struct sn_pack_source s = in_memory();
    struct sn_error err = { 0 };

    sn_ck_ok(sn_pack_export(&s, at("some/where"), &err), &err);
    for (size_t i = 0; i < FILES; i++) {
        size_t n, m;
        char *a = slurp(at("pack/%s", names[i]), &n), *b = slurp(at("some/where/%s", names[i]), &m);

        ck_assert(n == m && memcmp(a, b, n) == 0);
    }
    ck_run(0, "pack --check %s", at("some/where"));
    ck_assert_ptr_nonnull(strstr(caught_out, "(where)"));
    release(&s);
}
END_TEST

/* Beside the program first; sentinode-pack before weights/demo; then the embedded one; else a usage error. */
START_TEST(finding)
{
    struct sn_pack_source s = in_memory(), none = { 0 }, found;
    struct sn_error err = { 0 };
    char *room;

    sn_ck_ok(sn_mkdirs(at("bin/sentinode-pack"), &err), &err); /* without pack.conf it does not count */
    sn_ck_fails(sn_pack_find_beside(at("bin"), &none, &found, &room, &err), SN_EINVAL, &err,
                "give --pack DIR (this build holds no demonstration pack)");
    ck_assert_ptr_null(room);
    sn_ck_ok(sn_pack_find_beside(at("bin"), &s, &found, &room, &err), &err);
    ck_assert(found.files == s.files && found.n_files == FILES && !room);
    sn_ck_ok(sn_pack_find_beside(NULL, &s, &found, &room, &err), &err);
    ck_assert(found.files == s.files && !room);
    sn_ck_ok(sn_pack_export(&s, at("bin/weights/demo"), &err), &err);
    sn_ck_ok(sn_pack_find_beside(at("bin"), &s, &found, &room, &err), &err);
    ck_assert_str_eq(found.folder, at("bin/weights/demo"));
    ck_assert_uint_eq(found.n_files, 0);
    free(room);
    sn_ck_ok(sn_pack_export(&s, at("bin/sentinode-pack"), &err), &err);
    sn_ck_ok(sn_pack_find_beside(at("bin"), &s, &found, &room, &err), &err);
    ck_assert_str_eq(found.folder, at("bin/sentinode-pack"));
    free(room);
    release(&s);
}
END_TEST

/* The commands without --pack, in a build with the demonstration pack or without. */
START_TEST(commands_find_it)
{
    const char *image = at("phantoms/phantom_00001.png");

    if (sn_pack_embedded().n_files == 0) {
        ck_run(2, "predict %s -o %s", image, at("never"));
        ck_says("give --pack DIR (this build holds no demonstration pack)");
        ck_assert(!exists(at("never")));
        ck_run(2, "segment %s -o %s", image, at("never.png"));
        ck_run(2, "pack --check");
        ck_run(2, "pack --export %s", at("never"));
        ck_says("this build holds no demonstration pack");
    } else {
        ck_assert_int_le(run("predict %s -o %s --no-risk", image, at("out")), 1);
        ck_says("(embedded)");
        ck_assert_str_eq(string(result("out", "phantom_00001"), "pack.source"), "embedded");
        ck_run(0, "pack --check");
        ck_run(0, "pack --export %s", at("exported"));
        ck_run(0, "pack --check %s", at("exported"));
    }
    ck_run(1, "predict --pack %s %s -o %s --no-risk", at("pack//"), image, at("out2"));
    ck_assert_str_eq(string(result("out2", "phantom_00001"), "pack.source"), "pack");
    ck_run(2, "pack --check --random -o %s", at("x"));
    ck_run(2, "pack %s", at("pack"));
}
END_TEST

/* ---- the sheet ------------------------------------------------------------------------------------ */

static size_t count_colour(const struct sn_image *im, uint32_t x0, uint32_t y0, uint32_t w, uint32_t h, int r, int g,
                           int b)
{
    const uint8_t *px = im->data;
    size_t n = 0;

    for (uint32_t y = y0; y < y0 + h; y++)
        for (uint32_t x = x0; x < x0 + w; x++) {
            const uint8_t *p = px + 3 * ((size_t)y * im->width + x);

            n += p[0] == r && p[1] == g && p[2] == b;
        }
    return n;
}

START_TEST(sheet_with_masks)
{
    struct sn_error err = { 0 };
    struct sn_image im = { 0 };
    struct sn_json_doc doc;
    uint8_t *mask;
    char *a, *b;
    size_t n, m;

    ck_run(1, "sheet --pack %s --manifest %s -o %s --cols 3 --json --quiet", at("pack"), at("phantoms/manifest.csv"),
           at("a.png"));
    sn_ck_ok(sn_json_parse(caught_out, strlen(caught_out), &doc, &err), &err);
    ck_assert_uint_eq(dig(doc.root, "cases")->count, 4);
    sn_ck_ok(sn_image_read(at("a.png"), &im, &err), &err);
    ck_assert_uint_eq(im.width, 3 * 252 + 12); /* four cases in two rows of three */
    ck_assert_uint_eq(im.height, 2 * 292 + 72);
    for (uint32_t k = 0; k < 4; k++) {
        uint32_t x = 12 + k % 3 * 252, y = 72 + k / 3 * 292;

        ck_assert_uint_gt(count_colour(&im, x, y, 240, 240, 255, 214, 10), 20);
        ck_assert_uint_gt(count_colour(&im, x, y, 240, 240, 70, 200, 255), 20);
        ck_assert_uint_gt(count_colour(&im, x, y + 240, 240, 50, 235, 235, 235), 100);
    }
    ck_assert_uint_eq(count_colour(&im, 12 + 252, 72 + 292, 240, 240, 24, 24, 24), 240 * 240); /* the empty place */
    sn_image_free(&im);

    /* Dice again, from predict's mask */
    (void)run("predict --pack %s --manifest %s --no-risk -o %s --quiet", at("pack"), at("phantoms/manifest.csv"),
              at("out"));
    for (int k = 0; k < 2; k++) {
        struct sn_image got = { 0 }, truth = { 0 };
        char path[32];

        sn_ck_ok(sn_image_read(at("out/phantom_%05d/mask.png", k + 1), &got, &err), &err);
        sn_ck_ok(sn_image_read(at("phantoms/phantom_%05d_mask.png", k + 1), &truth, &err), &err);
        n = (size_t)got.width * got.height;
        for (int side = 0; side < 2; side++) {
            mask = side ? truth.data : got.data;
            for (size_t i = 0; i < n; i++)
                mask[i] = mask[i] > 127;
        }
        (void)snprintf(path, sizeof path, "cases.%d.dice", k);
        ck_assert(number(doc.root, path) == sn_mask_dice(got.data, truth.data, n));
        sn_image_free(&got);
        sn_image_free(&truth);
    }
    sn_json_doc_free(&doc);

    ck_run(1, "sheet --pack %s --manifest %s -o %s --cols 3 --isa ref --threads 1", at("pack"),
           at("phantoms/manifest.csv"), at("b.png"));
    a = slurp(at("a.png"), &n);
    b = slurp(at("b.png"), &m);
    ck_assert(n == m && memcmp(a, b, n) == 0);
}
END_TEST

/* Nothing is left out silently: a broken case keeps its place, a small sheet says how many it shows. */
START_TEST(sheet_is_honest)
{
    struct sn_error err = { 0 };
    struct sn_image im = { 0 };

    write_text(at("phantoms/some.csv"), "id,picture,outline\n"
                                        "good,phantom_00001.png,phantom_00001_mask.png;phantom_00002_mask.png\n"
                                        "lost,nowhere.png,\n"
                                        "size,phantom_00002.png,../mini/phantom_00001_mask.png\n"
                                        "bare,phantom_00003.png,\n");
    ck_run(0, "phantom -o %s --count 1 --size 96x96", at("mini"));
    ck_run(3, "sheet --pack %s --manifest %s --case id --image picture --mask outline -o %s", at("pack"),
           at("phantoms/some.csv"), at("c.png"));
    ck_says("case lost: nowhere.png");
    ck_says("case size: phantom_00001_mask.png: the mask has 96x96 pixels, the image 120x96");
    ck_assert_ptr_nonnull(strstr(caught_out, "4 of 4 cases, Dice of 1:"));
    ck_assert_ptr_nonnull(strstr(caught_out, "2 failed"));
    sn_ck_ok(sn_image_read(at("c.png"), &im, &err), &err);
    ck_assert_uint_gt(count_colour(&im, 12 + 252, 72 + 240, 240, 50, 255, 110, 90), 50); /* FAILED, in its place */
    ck_assert_uint_eq(count_colour(&im, 12 + 3 * 252, 72, 240, 240, 70, 200, 255), 0);   /* no manual mask */
    sn_image_free(&im);
    ck_run(1, "sheet --pack %s --manifest %s --rows 1 --cols 2 -o %s", at("pack"), at("phantoms/manifest.csv"),
           at("d.png"));
    ck_assert_ptr_nonnull(strstr(caught_out, "2 of 4 cases"));
    ck_run(2, "sheet --pack %s -o %s", at("pack"), at("e.png"));
    ck_run(2, "sheet --pack %s --manifest %s --rows 0 -o %s", at("pack"), at("phantoms/manifest.csv"), at("e.png"));
    ck_run(3, "sheet --pack %s --manifest %s --cols 1000 -o %s", at("pack"), at("phantoms/manifest.csv"), at("e.png"));
    ck_says("is too large");
    ck_assert(!exists(at("e.png")));
}
END_TEST

START_TEST(text_stays_inside)
{
    static const uint8_t ink[3] = { 9, 9, 9 };
    struct sn_error err = { 0 };
    struct sn_image im = { 0 };

    sn_ck_ok(sn_image_alloc(&im, 40, 10, 3, 8, &err), &err);
    memset(im.data, 0, 40 * 10 * 3);
    sn_draw_text(&im, 1, 1, 1, 12, "IIII\xc3", ink); /* room for two */
    ck_assert_uint_eq(count_colour(&im, 0, 0, 13, 10, 9, 9, 9), 2 * 11);
    ck_assert_uint_eq(count_colour(&im, 13, 0, 27, 10, 9, 9, 9), 0);
    sn_draw_text(&im, 36, 6, 2, 100, "8?", ink); /* over the edge */
    sn_draw_text(&im, -3, -3, 1, 100, "8", ink);
    sn_image_free(&im);
}
END_TEST

static Suite *suite_sheet(void)
{
    Suite *s = suite_create("sheet");
    TCase *packs = tcase_create("packs"), *sheet = tcase_create("sheet");

    tcase_add_unchecked_fixture(packs, make_material, NULL);
    tcase_set_timeout(packs, 120);
    tcase_add_test(packs, memory_equals_folder);
    tcase_add_test(packs, memory_is_verified);
    tcase_add_test(packs, export_round_trip);
    tcase_add_test(packs, finding);
    tcase_add_test(packs, commands_find_it);
    suite_add_tcase(s, packs);
    tcase_add_unchecked_fixture(sheet, make_material, NULL);
    tcase_set_timeout(sheet, 120);
    tcase_add_test(sheet, sheet_with_masks);
    tcase_add_test(sheet, sheet_is_honest);
    tcase_add_test(sheet, text_stays_inside);
    suite_add_tcase(s, sheet);
    return s;
}

SN_CHECK_MAIN(suite_sheet)
