/*
 * check_jpeg_ops.c: the JPEG reader's operations: each SIMD row of jpeg_ops.def against its twin, bit for
 * bit and without a byte written elsewhere; the twins against the formulas in double precision.
 */
#include <math.h>
#include <stdlib.h>

#include "io/jpeg_ops.h"
#include "tests/support/support.h"

static struct sn_rng rng = { 20251125 };

static int16_t random_coefficient(int kind)
{
    switch (kind) {
    case 0: /* a picture's */
        return sn_rng_below(&rng, 4) ? 0 : (int16_t)((int)sn_rng_below(&rng, 65) - 32);
    case 1: /* anything */
        return (int16_t)sn_rng_next(&rng);
    default: /* the ends */
        return sn_rng_below(&rng, 2) ? INT16_MIN : INT16_MAX;
    }
}

static void fill_block(int16_t *coef, uint16_t *quant, unsigned round)
{
    int kind = (int)(round % 3);
    unsigned rows = round % 7 == 0 ? 1 : 8; /* the short cut: all but the first row zero */

    for (unsigned i = 0; i < 64; i++) {
        coef[i] = i < 8 * rows ? random_coefficient(kind) : 0;
        quant[i] = kind == 1 ? (uint16_t)sn_rng_next(&rng) : (uint16_t)(1 + sn_rng_below(&rng, 255));
    }
    if (round % 11 == 0) /* one AC coefficient alone, anywhere */
        for (unsigned i = 1, k = (unsigned)sn_rng_below(&rng, 63) + 1; i < 64; i++)
            coef[i] = i == k ? coef[0] : 0;
}

static void check_idct(sn_jpeg_idct_fn *fn, const char *name)
{
    int16_t coef[64];
    uint16_t quant[64];
    uint8_t want[8 * 19], got[8 * 19];

    for (unsigned round = 0; round < 30000; round++) {
        size_t stride = 8 + round % 12;

        fill_block(coef, quant, round);
        memset(want, 0xa5, sizeof want);
        memset(got, 0xa5, sizeof got);
        sn_jpeg_idct_ref(coef, quant, want, stride);
        fn(coef, quant, got, stride);
        ck_assert_msg(memcmp(want, got, sizeof want) == 0, "%s: block %u", name, round);
    }
}

/* Rows of every length up to 140: what lies further than the promised slack must stay. */
enum { LONGEST = 140, ROOM = 3 * LONGEST + 2 * SN_JPEG_ROW_PAD };

struct rows {
    uint8_t a[ROOM], b[ROOM], c[ROOM], want[ROOM], got[ROOM];
};

static void fill_rows(struct rows *r, unsigned n)
{
    bool extreme = n % 3 == 0;

    for (unsigned i = 0; i < ROOM; i++) {
        r->a[i] = extreme ? (uint8_t)-(int)sn_rng_below(&rng, 2) : (uint8_t)sn_rng_next(&rng);
        r->b[i] = extreme ? (uint8_t)-(int)sn_rng_below(&rng, 2) : (uint8_t)sn_rng_next(&rng);
        r->c[i] = (uint8_t)sn_rng_next(&rng);
    }
    memset(r->want, 0xa5, sizeof r->want);
    memset(r->got, 0xa5, sizeof r->got);
}

static void compare_rows(const struct rows *r, size_t n, size_t slack, const char *name)
{
    ck_assert_msg(memcmp(r->want, r->got, n) == 0, "%s: %zu bytes", name, n);
    for (size_t i = n + slack; i < ROOM; i++)
        ck_assert_msg(r->got[i] == 0xa5, "%s: byte %zu of %zu written", name, i, n);
}

static void check_h2v1(sn_jpeg_h2v1_fn *fn, const char *name)
{
    struct rows r;

    for (unsigned n = 3; n <= LONGEST; n++) {
        fill_rows(&r, n);
        sn_jpeg_h2v1_ref(r.a, n, r.want);
        fn(r.a, n, r.got);
        compare_rows(&r, 2 * n, SN_JPEG_ROW_PAD, name);
    }
}

static void check_h1v2(sn_jpeg_h1v2_fn *fn, const char *name)
{
    struct rows r;

    for (unsigned n = 1; n <= LONGEST; n++) {
        fill_rows(&r, n);
        sn_jpeg_h1v2_ref(r.a, r.b, n, 1 + n % 2, r.want);
        fn(r.a, r.b, n, 1 + n % 2, r.got);
        compare_rows(&r, n, SN_JPEG_ROW_PAD, name);
    }
}

static void check_h2v2(sn_jpeg_h2v2_fn *fn, const char *name)
{
    struct rows r;

    for (unsigned n = 3; n <= LONGEST; n++) {
        fill_rows(&r, n);
        sn_jpeg_h2v2_ref(r.a, r.b, n, r.want);
        fn(r.a, r.b, n, r.got);
        compare_rows(&r, 2 * n, SN_JPEG_ROW_PAD, name);
    }
}

/* Every triple of the colour cube's corners and many inside. */
static void check_ycc(sn_jpeg_ycc_fn *fn, const char *name)
{
    struct rows r;

    for (unsigned n = 1; n <= LONGEST; n++) {
        fill_rows(&r, n);
        sn_jpeg_ycc_ref(r.a, r.b, r.c, n, r.want);
        fn(r.a, r.b, r.c, n, r.got);
        compare_rows(&r, 3 * n, 0, name);
    }
    for (unsigned cb = 0; cb < 256; cb++)
        for (unsigned cr = 0; cr < 256; cr += 32) {
            for (unsigned i = 0; i < 32; i++) {
                r.a[i] = (uint8_t)(cb * 7 + i * 31);
                r.b[i] = (uint8_t)cb;
                r.c[i] = (uint8_t)(cr + i);
            }
            sn_jpeg_ycc_ref(r.a, r.b, r.c, 32, r.want);
            fn(r.a, r.b, r.c, 32, r.got);
            ck_assert_msg(memcmp(r.want, r.got, 96) == 0, "%s: Cb %u Cr %u", name, cb, cr);
        }
}

static void check_rgb(sn_jpeg_rgb_fn *fn, const char *name)
{
    struct rows r;

    for (unsigned n = 1; n <= LONGEST; n++) {
        fill_rows(&r, n);
        sn_jpeg_rgb_ref(r.a, r.b, r.c, n, r.want);
        fn(r.a, r.b, r.c, n, r.got);
        compare_rows(&r, 3 * n, 0, name);
    }
}

START_TEST(twins)
{
    unsigned compared = 0;

#define SN_JPEG_OP(op, isa, fn)                                                                   \
    if (SN_ISA_##isa != SN_ISA_REF && sn_isa_usable(SN_ISA_##isa)) {                              \
        check_##op(fn, #fn);                                                                      \
        compared++;                                                                               \
    }
#include "io/jpeg_ops.def"
#undef SN_JPEG_OP
    ck_assert_msg(compared == 0 || compared >= 6, "only %u rows compared", compared);
}
END_TEST

/* T.81 A.3.3 in double. The integer transform is within one level of it (IEEE 1180 asks as much). */
static double inverse(const int16_t *coef, const uint16_t *quant, int px, int py)
{
    const double pi = acos(-1.0);
    double sum = 0;

    for (int v = 0; v < 8; v++)
        for (int u = 0; u < 8; u++)
            sum += (u ? 1 : sqrt(0.5)) * (v ? 1 : sqrt(0.5)) * coef[8 * v + u] * quant[8 * v + u] *
                   cos((2 * px + 1) * u * pi / 16) * cos((2 * py + 1) * v * pi / 16);
    return sum / 4 + 128;
}

START_TEST(idct_formula)
{
    int16_t coef[64];
    uint16_t quant[64];
    uint8_t out[64];

    for (unsigned round = 0; round < 300; round++) {
        double error = 0;

        for (unsigned i = 0; i < 64; i++) {
            coef[i] = (int16_t)((int)sn_rng_below(&rng, 61) - 30);
            quant[i] = (uint16_t)(1 + sn_rng_below(&rng, 3));
        }
        if (round % 5 == 0)
            memset(coef + 8, 0, 56 * sizeof *coef);
        sn_jpeg_idct_ref(coef, quant, out, 8);
        for (int i = 0; i < 64; i++) {
            double want = fmin(fmax(inverse(coef, quant, i % 8, i / 8), 0), 255);

            error = fmax(error, fabs(want - out[i]));
        }
        ck_assert_msg(error <= 1.0, "round %u: error %g", round, error);
    }
}
END_TEST

/* T.871: R = Y + 1.402 r, G = Y - 0.344136 b - 0.714136 r, B = Y + 1.772 b. */
START_TEST(ycc_formula)
{
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t y = (uint8_t)sn_rng_next(&rng), cb = (uint8_t)sn_rng_next(&rng), cr = (uint8_t)sn_rng_next(&rng), rgb[3];
        double b = cb - 128.0, r = cr - 128.0;
        double want[3] = { y + 1.402 * r, y - 0.344136 * b - 0.714136 * r, y + 1.772 * b };

        sn_jpeg_ycc_ref(&y, &cb, &cr, 1, rgb);
        for (int k = 0; k < 3; k++)
            ck_assert_msg(fabs(fmin(fmax(want[k], 0), 255) - rgb[k]) <= 0.52, "Y %u Cb %u Cr %u: channel %d is %u, %g expected",
                          y, cb, cr, k, rgb[k], want[k]);
    }
}
END_TEST

/* A constant row stays; a ramp's halves lie a quarter step from the samples, rounded as stated. */
START_TEST(upsampling_formulas)
{
    uint8_t flat[4 + SN_JPEG_ROW_PAD], ramp[4 + SN_JPEG_ROW_PAD] = { 0, 40, 80, 120 }, out[8 + SN_JPEG_ROW_PAD];
    static const uint8_t h2v1[8] = { 0, 10, 30, 50, 70, 90, 110, 120 }, h2v2[8] = { 0, 10, 30, 50, 70, 90, 110, 120 };

    memset(flat, 77, sizeof flat);
    sn_jpeg_h2v1_ref(ramp, 4, out);
    ck_assert_mem_eq(out, h2v1, 8);
    sn_jpeg_h2v2_ref(ramp, ramp, 4, out);
    ck_assert_mem_eq(out, h2v2, 8);
    sn_jpeg_h2v2_ref(flat, flat, 4, out);
    ck_assert_mem_eq(out, flat, 8);
    sn_jpeg_h1v2_ref(flat, flat, 4, 1, out);
    ck_assert_mem_eq(out, flat, 4);
    sn_jpeg_h1v2_ref(ramp, flat, 4, 2, out);
    ck_assert_uint_eq(out[0], (3 * 0 + 77 + 2) >> 2);
    ck_assert_uint_eq(out[3], (3 * 120 + 77 + 2) >> 2);
}
END_TEST

static Suite *suite_jpeg_ops(void)
{
    Suite *s = suite_create("jpeg operations");
    TCase *tc = tcase_create("operations");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, twins);
    tcase_add_test(tc, idct_formula);
    tcase_add_test(tc, ycc_formula);
    tcase_add_test(tc, upsampling_formulas);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_jpeg_ops)
