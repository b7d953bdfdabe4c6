/*
 * check_formulas.c: the scalar twins of all operations but conv2d (check_twins.c) against their
 * formulas evaluated in double, and the same sources compiled for double against tighter bounds.
 */
#include "tests/kernels/harness.h"

#define SIDE 13 /* largest plane */
#define FLOATS (SIDE * SIDE * SN_LANES)

/* Both precisions of one operation on the same values. */
struct pair {
    float x[FLOATS], y[FLOATS];
    double x64[FLOATS], y64[FLOATS];
};

static void load(struct pair *d, struct sn_rng *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d->x64[i] = (double)(d->x[i] = value(r, DATA_UNIT, true));
}

/* The float within `ulps` roundings (2^-24 of `scale` each), the double within as many of its own (2^-53). */
static void near(const struct pair *d, size_t i, double want, double scale, double ulps, const char *what)
{
    double bound = ulps * scale;

    ck_assert_msg(fabs((double)d->y[i] - want) <= bound * 0x1p-24, "%s: element %zu is %.9g, expected %.9g", what, i, (double)d->y[i], want);
    ck_assert_msg(fabs(d->y64[i] - want) <= bound * 0x1p-53, "%s in double: element %zu is %.17g, expected %.17g", what, i, d->y64[i], want);
}

static double at(const struct pair *d, int y, int x, int w, int l)
{
    return d->x64[(size_t)(y * w + x) * SN_LANES + (size_t)l];
}

START_TEST(test_affine_and_add)
{
    static struct pair d;
    struct sn_rng r = { 1 };
    float s[SN_LANES], t[SN_LANES], b[160];
    double s64[SN_LANES], t64[SN_LANES], b64[160];

    load(&d, &r, 160);
    for (int i = 0; i < SN_LANES; i++) {
        s64[i] = (double)(s[i] = value(&r, DATA_UNIT, true));
        t64[i] = (double)(t[i] = value(&r, DATA_UNIT, true));
    }
    for (int i = 0; i < 160; i++)
        b64[i] = (double)(b[i] = value(&r, DATA_UNIT, true));
    for (int act = SN_ACT_NONE; act <= SN_ACT_LEAKY; act++) {
        struct sn_activation a = { (enum sn_act)act, 0.25f };

        sn_affine_ref(&(struct sn_affine){ d.x, d.y, s, t, 10, a });
        sn_affine_ref64(&(struct sn_affine){ d.x64, d.y64, s64, t64, 10, a });
        for (size_t i = 0; i < 160; i++) {
            double v = d.x64[i] * s64[i % 16] + t64[i % 16];

            v = v < 0 ? act == SN_ACT_RELU ? 0 : act == SN_ACT_LEAKY ? v / 4 : v : v;
            if (act == SN_ACT_NONE) /* one rounding */
                ck_assert(bits(d.y[i]) == bits(fmaf(d.x[i], s[i % 16], t[i % 16])));
            near(&d, i, v, 1, 4, "affine");
        }
        for (int both = 0; both < 2; both++) {
            sn_add_ref(&(struct sn_add){ d.x, both ? b : NULL, d.y, 160, a });
            sn_add_ref64(&(struct sn_add){ d.x64, both ? b64 : NULL, d.y64, 160, a });
            for (size_t i = 0; i < 160; i++) {
                double v = d.x64[i] + (both ? b64[i] : 0);

                near(&d, i, v < 0 ? act == SN_ACT_RELU ? 0 : act == SN_ACT_LEAKY ? v / 4 : v : v, 2, 1, "add");
            }
        }
    }
}
END_TEST

/* The window's pixels by definition: every pixel of the image that the padded window covers. */
static void pool_formula(const struct pair *d, const struct sn_pool2d *p, int r, int c, int l, double *max, double *avg)
{
    double sum = 0, most = -(double)INFINITY;
    int n = 0;

    for (int i = 0; i < p->k; i++)
        for (int j = 0; j < p->k; j++) {
            int y = r * p->stride + i - p->pad, x = c * p->stride + j - p->pad;

            if (y < 0 || y >= p->ih || x < 0 || x >= p->iw)
                continue;
            sum += at(d, y, x, p->iw, l);
            most = fmax(most, at(d, y, x, p->iw, l));
            n++;
        }
    *max = most;
    *avg = sum / (p->count_pad ? p->k * p->k : n);
}

START_TEST(test_pooling)
{
    static const struct sn_pool2d shapes[] = {
        { .ih = 13, .iw = 12, .oh = 7, .ow = 6, .k = 3, .stride = 2, .pad = 1 },
        { .ih = 9, .iw = 8, .oh = 4, .ow = 4, .k = 2, .stride = 2 },
        { .ih = 9, .iw = 7, .oh = 5, .ow = 4, .k = 2, .stride = 2 },             /* ceil: the last window is cut */
        { .ih = 7, .iw = 7, .oh = 7, .ow = 7, .k = 3, .stride = 1, .pad = 1, .count_pad = true },
        { .ih = 1, .iw = 1, .oh = 1, .ow = 1, .k = 3, .stride = 2, .pad = 1 },
        { .ih = 5, .iw = 10, .oh = 2, .ow = 4, .k = 5, .stride = 3, .pad = 2, .count_pad = true },
    };
    static struct pair d;
    struct sn_rng r = { 2 };
    double max, avg;

    for (size_t i = 0; i < SN_COUNT(shapes); i++) {
        struct sn_pool2d p = shapes[i], q = shapes[i];

        load(&d, &r, (size_t)(p.ih * p.iw) * SN_LANES);
        p.r1 = q.r1 = p.oh;
        p.x = d.x;
        p.y = d.y;
        q.x = d.x64;
        q.y = d.y64;
        for (int op = 0; op < 2; op++) {
            (op ? sn_avgpool_ref : sn_maxpool_ref)(&p);
            (op ? sn_avgpool_ref64 : sn_maxpool_ref64)(&q);
            for (int k = 0; k < p.oh * p.ow * SN_LANES; k++) {
                pool_formula(&d, &p, k / SN_LANES / p.ow, k / SN_LANES % p.ow, k % SN_LANES, &max, &avg);
                near(&d, (size_t)k, op ? avg : max, 1, op ? 8 : 0, op ? "avgpool" : "maxpool");
            }
        }
    }
}
END_TEST

START_TEST(test_moments)
{
    static struct pair d;
    struct sn_rng r = { 3 };
    double mean[SN_LANES], var[SN_LANES], mean64[SN_LANES], var64[SN_LANES];

    for (int h = 1; h <= SIDE; h += 4)
        for (int w = 1; w <= SIDE; w += 3) {
            load(&d, &r, (size_t)(h * w) * SN_LANES);
            sn_moments_ref(&(struct sn_moments){ d.x, h, w, mean, var });
            sn_moments_ref64(&(struct sn_moments){ d.x64, h, w, mean64, var64 });
            ck_assert(memcmp(mean, mean64, sizeof mean) == 0 && memcmp(var, var64, sizeof var) == 0);
            for (int l = 0; l < SN_LANES; l++) {
                long double s = 0, q = 0;

                for (int i = 0; i < h * w; i++)
                    s += (long double)at(&d, 0, i, w, l);
                s /= h * w;
                for (int i = 0; i < h * w; i++)
                    q += ((long double)at(&d, 0, i, w, l) - s) * ((long double)at(&d, 0, i, w, l) - s);
                ck_assert_double_eq_tol(mean[l], (double)s, 1e-15);
                ck_assert_double_eq_tol(var[l], (double)(q / (h * w)), 1e-15);
            }
        }
}
END_TEST

START_TEST(test_upsample)
{
    static struct pair d;
    struct sn_rng r = { 4 };
    int32_t y0[SIDE], y1[SIDE], x0[SIDE], x1[SIDE];
    float fy[SIDE], fx[SIDE];
    double fy64[SIDE], fx64[SIDE];

    for (int ih = 1; ih <= 6; ih++)
        for (int oh = 1; oh <= SIDE; oh += 2) {
            int iw = 7 - ih, ow = SIDE - oh / 2;
            struct sn_upsample p = { d.x, d.y, ih, iw, oh, ow, y0, y1, x0, x1, fy, fx, 0, oh };
            struct sn_upsample q = { d.x64, d.y64, ih, iw, oh, ow, y0, y1, x0, x1, fy64, fx64, 0, oh };

            load(&d, &r, (size_t)(ih * iw) * SN_LANES);
            for (int i = 0; i < oh; i++) {
                y0[i] = rnd(&r, 0, ih - 1);
                y1[i] = SN_MIN(y0[i] + 1, ih - 1);
                fy64[i] = (double)(fy[i] = fabsf(value(&r, DATA_UNIT, true)));
            }
            for (int i = 0; i < ow; i++) {
                x0[i] = rnd(&r, 0, iw - 1);
                x1[i] = SN_MIN(x0[i] + 1, iw - 1);
                fx64[i] = (double)(fx[i] = fabsf(value(&r, DATA_UNIT, true)));
            }
            for (int nearest = 0; nearest < 2; nearest++) {
                if (nearest)
                    p.y1 = p.x1 = q.y1 = q.x1 = NULL;
                sn_upsample_ref(&p);
                sn_upsample_ref64(&q);
                for (int k = 0; k < oh * ow * SN_LANES; k++) {
                    int y = k / SN_LANES / ow, x = k / SN_LANES % ow, l = k % SN_LANES;
                    double a = at(&d, y0[y], x0[x], iw, l), b = at(&d, y0[y], x1[x], iw, l), c = at(&d, y1[y], x0[x], iw, l);
                    double e = at(&d, y1[y], x1[x], iw, l), u = fx64[x], v = fy64[y];

                    near(&d, (size_t)k, nearest ? a : (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * e), 1, nearest ? 0 : 8,
                         "upsample");
                }
            }
        }
}
END_TEST

/* x - m is rounded before exp: its error, |x - m| 2^-24, enters relatively; at most 30 of them here. */
START_TEST(test_sigmoid_and_softmax)
{
    static struct pair d;
    struct sn_rng r = { 5 };
    enum { C = 5, N = 100 };

    for (size_t i = 0; i < C * N; i++)
        d.x64[i] = (double)(d.x[i] = 15.0f * value(&r, DATA_UNIT, true));
    sn_sigmoid_ref(&(struct sn_rowop){ d.x, d.y, C, N });
    sn_sigmoid_ref64(&(struct sn_rowop){ d.x64, d.y64, C, N });
    for (size_t i = 0; i < C * N; i++)
        near(&d, i, 1 / (1 + exp(-d.x64[i])), 1 / (1 + exp(-d.x64[i])), 8, "sigmoid");
    sn_softmax_ref(&(struct sn_rowop){ d.x, d.y, C, N });
    sn_softmax_ref64(&(struct sn_rowop){ d.x64, d.y64, C, N });
    for (size_t i = 0; i < N; i++) {
        double sum = 0, total = 0;

        for (size_t c = 0; c < C; c++)
            sum += exp(d.x64[c * N + i]);
        for (size_t c = 0; c < C; c++) {
            near(&d, c * N + i, exp(d.x64[c * N + i]) / sum, exp(d.x64[c * N + i]) / sum, 50, "softmax");
            total += (double)d.y[c * N + i];
        }
        ck_assert_double_eq_tol(total, 1.0, 4e-7);
    }
}
END_TEST

START_TEST(test_special_values)
{
    const float x[8] = { 200, -200, INFINITY, -INFINITY, 0, -0.0f, -88, NAN };
    float y[8], z[2] = { 1000, 1000 };

    sn_sigmoid_ref(&(struct sn_rowop){ x, y, 1, 8 });
    ck_assert(y[0] == 1 && bits(y[1]) == 0 && y[2] == 1 && bits(y[3]) == 0 && y[4] == 0.5f && y[5] == 0.5f && bits(y[6]) == 0 && y[7] != y[7]);
    sn_softmax_ref(&(struct sn_rowop){ z, y, 2, 1 }); /* no overflow */
    ck_assert(y[0] == 0.5f && y[1] == 0.5f);
    ck_assert(!sn_finite_ref64(&(struct sn_rowop){ (double[]){ 1, (double)NAN }, NULL, 1, 2 }));
    ck_assert(sn_finite_ref64(&(struct sn_rowop){ (double[]){ 1, DBL_MAX }, NULL, 1, 2 }));
}
END_TEST

static Suite *suite_formulas(void)
{
    Suite *s = suite_create("formulas");
    TCase *t = tcase_create("formulas");

    tcase_add_test(t, test_affine_and_add);
    tcase_add_test(t, test_pooling);
    tcase_add_test(t, test_moments);
    tcase_add_test(t, test_upsample);
    tcase_add_test(t, test_sigmoid_and_softmax);
    tcase_add_test(t, test_special_values);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_formulas)
