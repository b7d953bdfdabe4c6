/*
 * check_math.c: the elementary functions of the contract against libm in long double, with the
 * bounds base.h states; the emulated fma against libm's; the random numbers against published ones.
 */
#undef __FP_FAST_FMAF /* test the emulation, also on targets whose compiler has an instruction */
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t bits(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof u);
    return u;
}

static float from_bits(uint32_t u)
{
    float x;

    memcpy(&x, &u, sizeof x);
    return x;
}

/* ---- fma ------------------------------------------------------------------------------------ */

static void same_fma(float a, float b, float c)
{
    float want = fmaf(a, b, c), got = sn_fmaf(a, b, c);

    if (bits(want) != bits(got) && !(want != want && got != got)) /* ck_assert would write a mark to disk each time */
        ck_abort_msg("fma(%a, %a, %a) = %a, found %a", (double)a, (double)b, (double)c, (double)want, (double)got);
}

START_TEST(test_fma_any_bits)
{
    struct sn_rng r = { 42 };

    for (int i = 0; i < 1000000; i++) {
        uint64_t u = sn_rng_next(&r);

        same_fma(from_bits((uint32_t)u), from_bits((uint32_t)(u >> 32)), from_bits((uint32_t)sn_rng_next(&r)));
    }
}
END_TEST

/* Where double rounding goes wrong: c far from the product, so that it only breaks a tie or moves off one. */
START_TEST(test_fma_ties)
{
    struct sn_rng r = { 43 };

    for (int i = 0; i < 300000; i++) {
        float a = ldexpf((float)(1 + sn_rng_below(&r, 1u << 24)), -(int)sn_rng_below(&r, 40));
        float b = ldexpf((float)(1 + sn_rng_below(&r, 1u << 13)), -(int)sn_rng_below(&r, 40));
        float c = ldexpf((float)sn_rng_below(&r, 1u << (1 + i % 24)), (int)sn_rng_below(&r, 120) - 90);

        same_fma(a, b, c);
        same_fma(-a, b, c);
        c = -(a * b); /* what is left is the product's rounding error */
        same_fma(a, b, c);
        same_fma(a, b, nextafterf(c, 0));
        same_fma(a, b, ldexpf(c, -24));
        same_fma(a, b, ldexpf(c, -48));
    }
}
END_TEST

/* Results around the border of the denormals, where the last rounding has fewer bits. */
START_TEST(test_fma_denormals)
{
    struct sn_rng r = { 44 };

    for (int i = 0; i < 400000; i++) {
        float a = from_bits((uint32_t)(sn_rng_next(&r) & 0x80ffffffu) | 0x1f000000u), b = from_bits((uint32_t)sn_rng_next(&r) & 0x3fffffffu);
        float c = from_bits((uint32_t)sn_rng_next(&r) & 0x81ffffffu);

        same_fma(a, b, c);
        same_fma(a, from_bits(0x1f800000u + (uint32_t)sn_rng_below(&r, 1u << 24)), c);
    }
}
END_TEST

START_TEST(test_fma_special)
{
    static const float v[] = { 0.0f, -0.0f, 1.0f, -1.0f, FLT_MIN, -FLT_MIN, 0x1p-149f, -0x1p-149f, 0x1.fffffcp-127f, FLT_MAX, -FLT_MAX,
                               0x1.fffffep-1f, 0x1.000002p+0f, 0x1p-24f, 0x1p-25f, -0x1p-25f, 0x1.8p-24f, INFINITY, -INFINITY, NAN };

    for (size_t i = 0; i < SN_COUNT(v); i++)
        for (size_t j = 0; j < SN_COUNT(v); j++)
            for (size_t k = 0; k < SN_COUNT(v); k++)
                same_fma(v[i], v[j], v[k]);
}
END_TEST

/* ---- exp, log and their kin ----------------------------------------------------------------- */

/* |got - want| in units of the last place of want, as a double. */
static double ulps(double got, long double want)
{
    double w = (double)want, unit;
    int e;

    (void)frexp(w, &e);
    unit = ldexp(1.0, SN_MAX(e - 53, -1074));
    return (double)(fabsl((long double)got - want) / (long double)unit);
}

static void bound(const char *name, double x, double got, long double want, double limit, double *worst)
{
    double u = ulps(got, want);

    if (!(u <= limit))
        ck_abort_msg("%s(%.17g) = %.17g, expected %.17Lg: %.3f ulp", name, x, got, want, u);
    *worst = SN_MAX(*worst, u);
}

#if LDBL_MANT_DIG >= 64 /* a yardstick finer than what is measured */
START_TEST(test_exp)
{
    struct sn_rng r = { 50 };
    double worst = 0;

    for (int i = 0; i < 300000; i++) {
        double x = i % 3 == 0 ? sn_rng_uniform(&r) * 1453 - 744 : i % 3 == 1 ? sn_rng_normal(&r) : ldexp(sn_rng_normal(&r), -(i % 60));

        if (x <= 709.78) /* the largest finite result is exp(709.7827...) */
            bound("sn_exp", x, sn_exp(x), expl((long double)x), 1.0, &worst);
    }
    for (int k = -1074; k <= 1023; k++) { /* near the reduction's borders */
        double x = (k + 0.5) * 0.693147180559945309;

        bound("sn_exp", x, sn_exp(x), expl((long double)x), 1.0, &worst);
        x = nextafter(x, 1e300);
        bound("sn_exp", x, sn_exp(x), expl((long double)x), 1.0, &worst);
    }
    printf("sn_exp: at most %.3f ulp\n", worst);
}
END_TEST

START_TEST(test_log)
{
    struct sn_rng r = { 51 };
    double worst = 0, x;

    for (int i = 0; i < 300000; i++) {
        uint64_t u = sn_rng_next(&r) >> 1;

        if (i % 3 == 0) {
            memcpy(&x, &u, sizeof x);
            if (!(x > 0 && x < (double)INFINITY))
                continue;
        } else if (i % 3 == 1) {
            x = 1 + ldexp(sn_rng_uniform(&r) - 0.5, -(i % 50));
        } else {
            x = sn_rng_uniform(&r) * 4 + 0x1p-60;
        }
        bound("sn_log", x, sn_log(x), logl((long double)x), 1.0, &worst);
    }
    printf("sn_log: at most %.3f ulp\n", worst);
}
END_TEST

START_TEST(test_sigmoid)
{
    struct sn_rng r = { 52 };
    double worst = 0;

    for (int i = 0; i < 300000; i++) {
        double x = i % 2 ? sn_rng_normal(&r) * 5 : sn_rng_uniform(&r) * 780 - 740;

        bound("sn_sigmoid", x, sn_sigmoid(x), 1 / (1 + expl(-(long double)x)), 3.0, &worst);
    }
    printf("sn_sigmoid: at most %.3f ulp\n", worst);
}
END_TEST

START_TEST(test_cos2pi)
{
    const long double two_pi = 6.283185307179586476925286766559L;
    struct sn_rng r = { 53 };
    double worst = 0;

    for (int i = 0; i < 300000; i++) {
        double t = i < 4096 ? i / 4096.0 : sn_rng_uniform(&r);
        double e = (double)fabsl((long double)sn_cos2pi(t) - cosl(two_pi * (long double)t));

        if (!(e <= 2e-15))
            ck_abort_msg("sn_cos2pi(%.17g): error %g", t, e);
        worst = SN_MAX(worst, e);
    }
    printf("sn_cos2pi: error at most %.2e\n", worst);
}
END_TEST
#endif

START_TEST(test_double_special)
{
    ck_assert(sn_exp(0) == 1 && sn_exp(-0.0) == 1 && sn_exp(1000) == (double)INFINITY && sn_exp(-1000) == 0);
    ck_assert(sn_exp((double)INFINITY) == (double)INFINITY && sn_exp(-(double)INFINITY) == 0 && isnan(sn_exp((double)NAN)));
    ck_assert(sn_exp(709.782712893384) > 1.7e308 && isfinite(sn_exp(709.782712893384)));
    ck_assert(sn_exp(-745.1) == 0x1p-1074 && sn_exp(-745.2) == 0);
    ck_assert(sn_log(1) == 0 && sn_log(0) == -(double)INFINITY && isnan(sn_log(-1)) && isnan(sn_log((double)NAN)));
    ck_assert(sn_log((double)INFINITY) == (double)INFINITY);
    ck_assert(sn_sigmoid(0) == 0.5 && sn_sigmoid(800) == 1 && sn_sigmoid(-800) == 0 && sn_sigmoid(-(double)INFINITY) == 0);
    ck_assert(sn_sigmoid((double)INFINITY) == 1 && isnan(sn_sigmoid((double)NAN)));
    ck_assert(sn_logit(0.5) == 0 && sn_logit(0) == -(double)INFINITY && sn_logit(1) == (double)INFINITY);
    ck_assert_double_eq_tol(sn_logit(0.9), 2.1972245773362196, 1e-15);
    ck_assert(sn_cos2pi(0) == 1 && sn_cos2pi(0.25) == 0 && sn_cos2pi(0.5) == -1 && sn_cos2pi(0.75) == 0);
}
END_TEST

/* Every 97th float (the small ones coarser) of the range: relative error at most 2^-22 where the result is normal. */
START_TEST(test_float_chains)
{
    double worst[2] = { 0, 0 };

    for (uint32_t u = 0; u <= 0x42b0c000u; u += u < 0x30000000u ? 100003 : 97) /* up to 88.375, both signs */
        for (int sign = 0; sign < 2; sign++) {
            float x = sign ? -from_bits(u) : from_bits(u);
            double e = exp((double)x), s = 1 / (1 + exp(-(double)x));

            if (x > -87.0f) {
                worst[0] = SN_MAX(worst[0], fabs((double)sn_expf(x) - e) / e);
                worst[1] = SN_MAX(worst[1], fabs((double)sn_sigmoidf(x) - s) / s);
            }
        }
    printf("sn_expf: relative error at most 2^%.2f, sn_sigmoidf: 2^%.2f\n", log2(worst[0]), log2(worst[1]));
    ck_assert_msg(worst[0] <= 0x1p-22 && worst[1] <= 0x1p-22, "sn_expf %a, sn_sigmoidf %a", worst[0], worst[1]);
    ck_assert(bits(sn_expf(-87.0f)) == 0 && sn_expf(-86.99999f) > FLT_MIN && bits(sn_expf(-INFINITY)) == 0);
    ck_assert(sn_expf(INFINITY) == sn_expf(88.375f) && sn_expf(88.375f) > 2e38f && sn_expf(88.375f) < FLT_MAX && sn_expf(NAN) != sn_expf(NAN));
    ck_assert(sn_expf(0) == 1 && sn_sigmoidf(0) == 0.5f && sn_sigmoidf(100) == 1 && sn_sigmoidf(-100) == 0);
    ck_assert(sn_sigmoidf(NAN) != sn_sigmoidf(NAN));
}
END_TEST

START_TEST(test_flush)
{
    ck_assert(bits(sn_flush(-0.0f)) == 0 && bits(sn_flush(0x1p-149f)) == 0 && bits(sn_flush(-0x1.fffffcp-127f)) == 0);
    ck_assert(sn_flush(FLT_MIN) == FLT_MIN && sn_flush(-FLT_MIN) == -FLT_MIN && sn_flush(INFINITY) == INFINITY);
    ck_assert(sn_flush(NAN) != sn_flush(NAN));
}
END_TEST

/* ---- random numbers ------------------------------------------------------------------------- */

/* The first outputs for seed 1234567, as published with other implementations (Rosetta Code, splitmix64). */
START_TEST(test_splitmix64)
{
    static const uint64_t want[] = { 6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u,
                                     16408922859458223821u };
    struct sn_rng r = { 1234567 };
    uint64_t state = 1234567;

    for (size_t i = 0; i < SN_COUNT(want); i++) {
        ck_assert(sn_rng_next(&r) == want[i]);
        ck_assert(sn_splitmix64(&state) == want[i]);
    }
}
END_TEST

START_TEST(test_rng_below)
{
    struct sn_rng r = { 9 };
    int seen[7] = { 0 };
    uint64_t big = ((uint64_t)3 << 62) + 1;

    for (int i = 0; i < 70000; i++)
        seen[sn_rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        ck_assert_int_lt(abs(seen[i] - 10000), 500); /* five standard deviations are 463 */
    for (int i = 0; i < 1000; i++) {
        ck_assert(sn_rng_below(&r, 1) == 0);
        ck_assert(sn_rng_below(&r, big) < big);
        ck_assert(sn_rng_below(&r, UINT64_MAX) < UINT64_MAX);
    }
}
END_TEST

START_TEST(test_rng_moments)
{
    enum { N = 400000 };
    struct sn_rng r = { 10 };
    double u = 0, s = 0, q = 0, c = 0, f = 0;

    for (int i = 0; i < N; i++) {
        double x = sn_rng_uniform(&r), z = sn_rng_normal(&r);

        if (!(x >= 0 && x < 1 && isfinite(z)))
            ck_abort_msg("%g %g", x, z);
        u += x;
        s += z;
        q += z * z;
        c += z * z * z;
        f += z * z * z * z;
    }
    /* standard errors: 1/sqrt(12 N), 1/sqrt(N), sqrt(2/N), sqrt(15/N), sqrt(96/N); five of each */
    ck_assert_double_eq_tol(u / N, 0.5, 0.0023);
    ck_assert_double_eq_tol(s / N, 0.0, 0.008);
    ck_assert_double_eq_tol(q / N, 1.0, 0.0112);
    ck_assert_double_eq_tol(c / N, 0.0, 0.031);
    ck_assert_double_eq_tol(f / N, 3.0, 0.0775);
}
END_TEST

/* FNV-1a's published values of "" and "a"; the weights' law as base.h states it. */
START_TEST(test_named_streams)
{
    uint64_t stream = sn_rng_name(5, "layer.weight"), state;

    ck_assert(sn_rng_name(0, "") == 0xcbf29ce484222325u && sn_rng_name(0, "a") == 0xaf63dc4c8601ec8cu);
    ck_assert(sn_rng_name(7, "a") == (0xaf63dc4c8601ec8cu ^ 7));
    for (uint64_t i = 0; i < 1000; i++) {
        float w = sn_rng_weight(stream, i);

        state = stream + i * 0x9E3779B97F4A7C15u;
        ck_assert(w == (float)(sn_splitmix64(&state) >> 40) * 0x1p-23f - 1.0f);
        ck_assert(w >= -1 && w < 1);
    }
}
END_TEST

static Suite *suite_math(void)
{
    Suite *s = suite_create("math");
    TCase *t = tcase_create("math");

    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_fma_special);
    tcase_add_test(t, test_fma_any_bits);
    tcase_add_test(t, test_fma_ties);
    tcase_add_test(t, test_fma_denormals);
#if LDBL_MANT_DIG >= 64
    tcase_add_test(t, test_exp);
    tcase_add_test(t, test_log);
    tcase_add_test(t, test_sigmoid);
    tcase_add_test(t, test_cos2pi);
#endif
    tcase_add_test(t, test_double_special);
    tcase_add_test(t, test_float_chains);
    tcase_add_test(t, test_flush);
    tcase_add_test(t, test_splitmix64);
    tcase_add_test(t, test_rng_below);
    tcase_add_test(t, test_rng_moments);
    tcase_add_test(t, test_named_streams);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_math)
