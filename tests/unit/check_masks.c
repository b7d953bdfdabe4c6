/* check_masks.c: labelling, cleaning and agreement of masks; boxes and crops. */
#include "fusion/fusion.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdlib.h>

static struct sn_error err;

/* ---- masks ----------------------------------------------------------------------------------- */

/* "01.." rows joined; '.' and '0' are background. */
static int mask_from(const char *text, int w, uint8_t *mask)
{
    int n = (int)strlen(text);

    for (int i = 0; i < n; i++)
        mask[i] = text[i] == '#';
    return n / w;
}

static void cleans(const char *before, int w, const struct sn_clean *opt, const char *after,
                   const struct sn_clean_report *expected)
{
    uint8_t mask[256];
    int h = mask_from(before, w, mask);
    struct sn_clean_report rep;

    sn_ck_ok(sn_mask_clean(mask, w, h, opt, &rep, &err), &err);
    for (int i = 0; i < w * h; i++)
        ck_assert_msg(mask[i] == (after[i] == '#'), "pixel %d,%d", i % w, i / w);
    ck_assert_int_eq(rep.components, expected->components);
    ck_assert_uint_eq(rep.removed, expected->removed);
    ck_assert_uint_eq(rep.filled, expected->filled);
    ck_assert_uint_eq(rep.area, expected->area);
}

START_TEST(cleaning)
{
    /* equal areas: the first in raster order stays */
    cleans("##..##"
           "##..##"
           "......",
           6, &(struct sn_clean){ .largest = true },
           "##...."
           "##...."
           "......",
           &(struct sn_clean_report){ 2, 4, 0, 4 });
    /* diagonal neighbours are one component, so the right one (5) beats the left (4) */
    cleans("##..#."
           "##...#"
           "....##"
           ".....#",
           6, &(struct sn_clean){ .largest = true },
           "....#."
           ".....#"
           "....##"
           ".....#",
           &(struct sn_clean_report){ 2, 4, 0, 5 });
    /* a hole, closed even where its wall is only diagonal; the bay at the border stays open */
    cleans(".###.."
           "#..#.#"
           "#.#..#"
           ".#.###",
           6, &(struct sn_clean){ .fill_holes = true },
           ".###.."
           "####.#"
           "###..#"
           ".#.###",
           &(struct sn_clean_report){ 1, 0, 3, 16 });
    /* small ones go, whether or not only one may stay; components counts those of the least area */
    cleans("#..##."
           "...##."
           "#.#..."
           "..#...",
           6, &(struct sn_clean){ .min_area = 3 },
           "...##."
           "...##."
           "..#..."
           "..#...",
           &(struct sn_clean_report){ 1, 2, 0, 6 });
    cleans("#..#", 4, &(struct sn_clean){ .min_area = 2, .largest = true, .fill_holes = true },
           "....", &(struct sn_clean_report){ 0, 2, 0, 0 });
    cleans("....", 4, &(struct sn_clean){ true, true, 1 }, "....", &(struct sn_clean_report){ 0 });
    cleans("####", 2, &(struct sn_clean){ true, true, 1 }, "####",
           &(struct sn_clean_report){ 1, 0, 0, 4 });
    cleans("#.#", 1, &(struct sn_clean){ .fill_holes = true }, "#.#",
           &(struct sn_clean_report){ 2, 0, 0, 2 });
    /* no option: nothing changes */
    cleans("#.#.#", 5, &(struct sn_clean){ 0 }, "#.#.#", &(struct sn_clean_report){ 3, 0, 0, 3 });
}
END_TEST

START_TEST(labels)
{
    static const char text[] = "#.#."
                               ".#.."
                               "...#";
    uint8_t mask[12];
    int out[12], n;

    mask_from(text, 4, mask);
    sn_ck_ok(sn_mask_label(mask, 4, 3, 8, out, &n, &err), &err);
    ck_assert_int_eq(n, 2);
    ck_assert(out[0] == 1 && out[2] == 1 && out[5] == 1 && out[11] == 2 && out[1] == 0);
    sn_ck_ok(sn_mask_label(mask, 4, 3, 4, out, &n, &err), &err);
    ck_assert_int_eq(n, 4);
    ck_assert(out[0] == 1 && out[2] == 2 && out[5] == 3 && out[11] == 4);
    sn_ck_fails(sn_mask_label(mask, 4, 3, 6, out, &n, &err), SN_EINVAL, &err, "4 or 8");
    sn_ck_fails(sn_mask_label(mask, 0, 3, 8, out, &n, &err), SN_EINVAL, &err, "0 x 3");
}
END_TEST

/* Labels against the slow definition: minimum label over neighbours until nothing changes. */
START_TEST(labels_by_relaxation)
{
    struct sn_rng r = { 5 };
    enum { W = 17, H = 13 };
    uint8_t mask[W * H];
    int out[W * H], slow[W * H], n;

    for (int round = 0; round < 60; round++) {
        int connectivity = round % 2 ? 4 : 8;
        bool changed = true;

        for (int i = 0; i < W * H; i++) {
            mask[i] = sn_rng_uniform(&r) < 0.35 + 0.01 * (round % 30);
            slow[i] = mask[i] ? i + 1 : 0;
        }
        sn_ck_ok(sn_mask_label(mask, W, H, connectivity, out, &n, &err), &err);
        while (changed) {
            changed = false;
            for (int i = 0; i < W * H; i++)
                for (int k = 0; k < W * H; k++) {
                    int dx = abs(i % W - k % W), dy = abs(i / W - k / W);

                    if (mask[i] && mask[k] && dx <= 1 && dy <= 1 &&
                        (connectivity == 8 || dx + dy == 1) && slow[k] < slow[i]) {
                        slow[i] = slow[k];
                        changed = true;
                    }
                }
        }
        for (int i = 0, next = 0; i < W * H; i++) {
            if (mask[i] && slow[i] == i + 1)
                next++;
            ck_assert_int_eq(out[i] == 0, slow[i] == 0);
            if (mask[i])
                ck_assert_int_eq(out[i], out[slow[i] - 1]);
            if (mask[i] && slow[i] == i + 1)
                ck_assert_int_eq(out[i], next);
        }
    }
}
END_TEST

START_TEST(dice)
{
    static const uint8_t a[4] = { 1, 1, 0, 0 }, b[4] = { 1, 0, 1, 1 }, none[4] = { 0 };
    static const uint8_t png[4] = { 255, 255, 0, 0 };

    ck_assert(sn_mask_dice(a, b, 4) == 0.4);
    ck_assert(sn_mask_dice(b, a, 4) == 0.4);
    ck_assert(sn_mask_dice(a, png, 4) == 1.0);
    ck_assert(sn_mask_dice(a, none, 4) == 0.0);
    ck_assert(sn_mask_dice(none, none, 4) == 1.0);
}
END_TEST

/* ---- region ---------------------------------------------------------------------------------- */

static void box_is(struct sn_box tight, int w, int h, struct sn_region_rule rule,
                   struct sn_box want)
{
    struct sn_box b;

    sn_region_box(&tight, w, h, &rule, &b);
    ck_assert_msg(b.x == want.x && b.y == want.y && b.w == want.w && b.h == want.h,
                  "%d,%d %dx%d, expected %d,%d %dx%d", b.x, b.y, b.w, b.h, want.x, want.y, want.w,
                  want.h);
}

#define BOX(x, y, w, h) ((struct sn_box){ (x), (y), (w), (h) })
#define RULE(...) ((struct sn_region_rule){ __VA_ARGS__ })

START_TEST(boxes)
{
    uint8_t mask[20] = { 0 };
    struct sn_box b;

    ck_assert(!sn_mask_box(mask, 5, 4, &b));
    mask[7] = mask[13] = 1; /* (2,1), (3,2) */
    ck_assert(sn_mask_box(mask, 5, 4, &b));
    ck_assert(b.x == 2 && b.y == 1 && b.w == 2 && b.h == 2);
    mask[0] = mask[19] = 255;
    ck_assert(sn_mask_box(mask, 5, 4, &b) && b.x == 0 && b.y == 0 && b.w == 5 && b.h == 4);

    box_is(BOX(10, 20, 30, 10), 100, 80, RULE(0), BOX(10, 20, 30, 10));
    box_is(BOX(10, 20, 30, 10), 100, 80, RULE(.margin_px = 5), BOX(5, 15, 40, 20));
    box_is(BOX(10, 20, 30, 10), 100, 80, RULE(.margin_frac = 0.1), BOX(7, 17, 36, 16));
    box_is(BOX(10, 20, 30, 10), 100, 80, RULE(.margin_px = 1, .margin_frac = 0.05), /* 2.5 -> 3 */
           BOX(7, 17, 36, 16));
    box_is(BOX(10, 20, 30, 10), 100, 80, RULE(.margin_px = 15), BOX(0, 5, 55, 40)); /* clipped */
    box_is(BOX(10, 20, 30, 10), 100, 80, RULE(.margin_px = 1e300), BOX(0, 0, 100, 80));
    box_is(BOX(10, 20, 30, 10), 100, 80, RULE(.margin_px = -9), BOX(10, 20, 30, 10));
    box_is(BOX(10, 20, 30, 10), 100, 80, RULE(.margin_px = (double)NAN), BOX(10, 20, 30, 10));
    /* square: 10 -> 30 about the centre; an odd rest goes down or right */
    box_is(BOX(10, 20, 30, 10), 100, 80, RULE(.square = true), BOX(10, 10, 30, 30));
    box_is(BOX(10, 20, 30, 11), 100, 80, RULE(.square = true), BOX(10, 11, 30, 30));
    /* shifted inside at each border */
    box_is(BOX(10, 0, 30, 10), 100, 80, RULE(.square = true), BOX(10, 0, 30, 30));
    box_is(BOX(10, 70, 30, 10), 100, 80, RULE(.square = true), BOX(10, 50, 30, 30));
    box_is(BOX(0, 20, 10, 30), 100, 80, RULE(.square = true), BOX(0, 20, 30, 30));
    box_is(BOX(92, 20, 8, 30), 100, 80, RULE(.square = true), BOX(70, 20, 30, 30));
    box_is(BOX(0, 0, 20, 10), 100, 80, RULE(.square = true, .margin_px = 5), BOX(0, 0, 30, 30));
    /* wider than the image is high: the square loses its shape, the box stays inside */
    box_is(BOX(5, 30, 90, 20), 100, 80, RULE(.square = true), BOX(5, 0, 90, 80));
    box_is(BOX(0, 0, 100, 80), 100, 80, RULE(.square = true, .margin_frac = 1), BOX(0, 0, 100, 80));
}
END_TEST

/* Any rule, any mask: the box is inside the image and holds the lesion. */
START_TEST(boxes_hold)
{
    struct sn_rng r = { 21 };

    for (int i = 0; i < 20000; i++) {
        int w = 1 + (int)sn_rng_below(&r, 60), h = 1 + (int)sn_rng_below(&r, 60);
        struct sn_box t = { (int)sn_rng_below(&r, (uint64_t)w), (int)sn_rng_below(&r, (uint64_t)h),
                            0, 0 };
        struct sn_box b;
        struct sn_region_rule rule = { .margin_px = 8 * sn_rng_uniform(&r) - 1,
                                       .margin_frac = sn_rng_uniform(&r) - 0.2,
                                       .square = sn_rng_below(&r, 2) };

        t.w = 1 + (int)sn_rng_below(&r, (uint64_t)(w - t.x));
        t.h = 1 + (int)sn_rng_below(&r, (uint64_t)(h - t.y));
        sn_region_box(&t, w, h, &rule, &b);
        ck_assert(b.x >= 0 && b.y >= 0 && b.x + b.w <= w && b.y + b.h <= h);
        ck_assert(b.x <= t.x && b.y <= t.y && b.x + b.w >= t.x + t.w && b.y + b.h >= t.y + t.h);
        if (rule.square && SN_MAX(b.w, b.h) < SN_MIN(w, h))
            ck_assert_int_eq(b.w, b.h);
    }
}
END_TEST

START_TEST(crops)
{
    uint8_t px[24], mask[6] = { 0, 1, 1, 0, 0, 1 };
    struct sn_image im = { .width = 3, .height = 2, .channels = 4, .depth = 8, .data = px }, out;
    struct sn_region_rule rule = { .masked = true, .background = 7 };
    const uint8_t *o;

    for (int i = 0; i < 24; i++)
        px[i] = (uint8_t)(100 + i);
    sn_ck_ok(sn_region_crop(&im, mask, &BOX(1, 0, 2, 2), &rule, &out, &err), &err);
    ck_assert(out.width == 2 && out.height == 2 && out.channels == 4);
    o = out.data; /* pixels (1,0) and (2,0) inside, (1,1) outside: colours 7, alpha kept */
    ck_assert(o[0] == 104 && o[4] == 108 && o[8] == 7 && o[10] == 7 && o[11] == 119 &&
              o[12] == 120);
    sn_image_free(&out);
    rule.masked = false;
    sn_ck_ok(sn_region_crop(&im, NULL, &BOX(0, 1, 1, 1), &rule, &out, &err), &err);
    ck_assert(((uint8_t *)out.data)[0] == 112);
    sn_image_free(&out);
    sn_ck_fails(sn_region_crop(&im, mask, &BOX(2, 0, 2, 2), &rule, &out, &err), SN_EINVAL, &err,
                "not inside the 3x2 image");
    sn_ck_fails(sn_region_crop(&im, mask, &BOX(0, 0, 0, 1), &rule, &out, &err), SN_EINVAL, &err,
                "not inside");
    sn_ck_fails(sn_region_crop(&im, mask, &BOX(-1, 0, 1, 1), &rule, &out, &err), SN_EINVAL, &err,
                "not inside");
}
END_TEST

static Suite *suite_masks(void)
{
    Suite *s = suite_create("masks");
    TCase *masks = tcase_create("masks"), *region = tcase_create("region");

    tcase_add_test(masks, cleaning);
    tcase_add_test(masks, labels);
    tcase_add_test(masks, labels_by_relaxation);
    tcase_add_test(masks, dice);
    tcase_add_test(region, boxes);
    tcase_add_test(region, boxes_hold);
    tcase_add_test(region, crops);
    suite_add_tcase(s, masks);
    suite_add_tcase(s, region);
    return s;
}

SN_CHECK_MAIN(suite_masks)
