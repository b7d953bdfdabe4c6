/*
 * check_kernels.c: every row of kernels.def but conv2d's (check_conv.c) against its scalar twin, bit
 * by bit. An operation added to ops.def needs a check_<op> here, or this file does not compile.
 */
#include "tests/kernels/harness.h"

#define RUNS 600 /* random cases of each operation */

static void same(const char *name, const char *what, const float *got, const float *want, size_t n)
{
    long at = differs(got, want, n);

    ck_assert_msg(at < 0, "%s: element %ld of %zu is %a, the twin has %a (%s)", name, at, n, (double)got[at < 0 ? 0 : at],
                  (double)want[at < 0 ? 0 : at], what);
}

static const char *text(const char *fmt, ...)
{
    static char buf[200];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    return buf;
}

/* These have programs of their own: check_conv, check_winograd, check_i16. */
static void check_conv2d(struct sn_rng *r) { (void)r; }
static void check_winograd_weights(struct sn_rng *r) { (void)r; }
static void check_winograd_input(struct sn_rng *r) { (void)r; }
static void check_winograd_output(struct sn_rng *r) { (void)r; }
static void check_i16_quantise(struct sn_rng *r) { (void)r; }
static void check_i16_conv2d(struct sn_rng *r) { (void)r; }
static void check_i16_winograd_input(struct sn_rng *r) { (void)r; }
static void check_i16_winograd_output(struct sn_rng *r) { (void)r; }

static void check_affine(struct sn_rng *r)
{
    size_t n = (size_t)rnd(r, 0, 40), floats = n * SN_LANES;
    enum data_kind kind = (enum data_kind)rnd(r, 0, DATA_KINDS - 1);
    bool end = rnd(r, 0, 3) != 0;
    struct sn_guard g[5];
    float *x = guarded(&g[0], floats, end), *y = guarded(&g[1], floats, end), *want = guarded(&g[2], floats, end);
    float *scale = guarded(&g[3], SN_LANES, end), *shift = guarded(&g[4], SN_LANES, end);
    struct sn_affine p = { .x = x, .y = want, .scale = scale, .shift = shift, .n = n, .act = rnd_act(r) };

    fill(r, kind, false, x, floats);
    fill(r, kind, false, scale, SN_LANES);
    fill(r, kind, false, shift, SN_LANES);
    sn_affine_ref(&p);
    p.y = y;
    for (int i = 0; i < affine_count; i++) {
        memset(y, UNTOUCHED, floats * sizeof *y);
        affine_rows[i].fn(&p);
        same(affine_rows[i].name, text("%zu pixels, data %d, act %d", n, (int)kind, (int)p.act.kind), y, want, floats);
    }
    for (size_t i = 0; i < SN_COUNT(g); i++)
        sn_guard_free(&g[i]);
}

/* Also in place: y may be a or b. */
static void check_add(struct sn_rng *r)
{
    size_t n = (size_t)rnd(r, 0, 100);
    enum data_kind kind = (enum data_kind)rnd(r, 0, DATA_KINDS - 1);
    bool end = rnd(r, 0, 3) != 0, both = rnd(r, 0, 3) != 0;
    int in_place = rnd(r, 0, both ? 2 : 1);
    struct sn_guard g[6];
    float *a = guarded(&g[0], n, end), *b = guarded(&g[1], n, end), *y = guarded(&g[2], n, end), *want = guarded(&g[3], n, end);
    float *a0 = guarded(&g[4], n, end), *b0 = guarded(&g[5], n, end);
    struct sn_add p = { .a = a0, .b = both ? b0 : NULL, .y = want, .n = n, .act = rnd_act(r) };

    fill(r, kind, false, a0, n);
    fill(r, kind, false, b0, n);
    sn_add_ref(&p);
    for (int i = 0; i < add_count; i++) {
        memcpy(a, a0, n * sizeof *a);
        memcpy(b, b0, n * sizeof *b);
        memset(y, UNTOUCHED, n * sizeof *y);
        p.a = a;
        p.b = both ? b : NULL;
        p.y = in_place == 2 ? b : in_place == 1 ? a : y;
        add_rows[i].fn(&p);
        same(add_rows[i].name, text("data %d, act %d, both %d, in place %d", (int)kind, (int)p.act.kind, both, in_place), p.y, want, n);
    }
    for (size_t i = 0; i < SN_COUNT(g); i++)
        sn_guard_free(&g[i]);
}

/* Windows that hold at least one pixel: the last one may start anywhere before the image's end (ceil). */
static int pool_out(struct sn_rng *r, int in, int k, int stride, int pad)
{
    return rnd(r, 1, (in + pad - 1) / stride + 1 - (k <= pad));
}

static void check_pool(struct sn_rng *r, bool max)
{
    enum data_kind kind = (enum data_kind)rnd(r, 0, DATA_KINDS - 1);
    struct sn_pool2d p = { .ih = rnd(r, 1, 14), .iw = rnd(r, 1, 20), .k = rnd(r, 1, 5), .stride = rnd(r, 1, 3), .count_pad = rnd(r, 0, 1) };
    bool end = rnd(r, 0, 3) != 0;
    struct sn_guard g[3];
    size_t in, out, line;
    float *x, *y, *want;

    p.pad = rnd(r, 0, p.k / 2);
    p.oh = pool_out(r, p.ih, p.k, p.stride, p.pad);
    p.ow = pool_out(r, p.iw, p.k, p.stride, p.pad);
    p.r0 = rnd(r, 0, p.oh);
    p.r1 = rnd(r, p.r0, p.oh);
    if (rnd(r, 0, 1)) {
        p.r0 = 0;
        p.r1 = p.oh;
    }
    in = (size_t)(p.ih * p.iw) * SN_LANES;
    line = (size_t)p.ow * SN_LANES;
    out = (size_t)p.oh * line;
    x = guarded(&g[0], in, end);
    y = guarded(&g[1], out, end);
    want = guarded(&g[2], out, end);
    fill(r, kind, false, x, in);
    memset(want, UNTOUCHED, out * sizeof *want);
    p.x = x;
    p.y = want;
    (max ? sn_maxpool_ref : sn_avgpool_ref)(&p);
    for (size_t i = 0; i < out; i++)
        if (i < (size_t)p.r0 * line || i >= (size_t)p.r1 * line)
            ck_assert(bits(want[i]) == 0x01010101u * UNTOUCHED);
    p.y = y;
    for (int i = 0; i < (max ? maxpool_count : avgpool_count); i++) {
        memset(y, UNTOUCHED, out * sizeof *y);
        (max ? maxpool_rows[i].fn : avgpool_rows[i].fn)(&p);
        same(max ? maxpool_rows[i].name : avgpool_rows[i].name,
             text("%d x %d, k %d stride %d pad %d to %d x %d, rows %d..%d, data %d", p.ih, p.iw, p.k, p.stride, p.pad, p.oh, p.ow,
                  p.r0, p.r1, (int)kind), y, want, out);
    }
    for (size_t i = 0; i < SN_COUNT(g); i++)
        sn_guard_free(&g[i]);
}

static void check_maxpool(struct sn_rng *r) { check_pool(r, true); }
static void check_avgpool(struct sn_rng *r) { check_pool(r, false); }

static void check_moments(struct sn_rng *r)
{
    enum data_kind kind = (enum data_kind)rnd(r, 0, DATA_KINDS - 1);
    struct sn_moments p = { .h = rnd(r, 1, 20), .w = rnd(r, 1, 20) };
    size_t floats = (size_t)(p.h * p.w) * SN_LANES;
    bool end = rnd(r, 0, 3) != 0, var = rnd(r, 0, 1);
    struct sn_guard g[3];
    float *x = guarded(&g[0], floats, end);
    double want[2][SN_LANES], *got[2] = { 0 };

    fill(r, kind, false, x, floats);
    for (int i = 0; i < 2; i++) {
        sn_guard_alloc(&g[1 + i], sizeof want[0], end);
        got[i] = g[1 + i].data;
    }
    p.x = x;
    p.mean = want[0];
    p.var = var ? want[1] : NULL;
    sn_moments_ref(&p);
    p.mean = got[0];
    p.var = var ? got[1] : NULL;
    for (int i = 0; i < moments_count; i++) {
        memset(got[0], UNTOUCHED, sizeof want[0]);
        memset(got[1], UNTOUCHED, sizeof want[1]);
        moments_rows[i].fn(&p);
        for (int k = 0; k < 1 + var; k++)
            for (int l = 0; l < SN_LANES; l++)
                ck_assert_msg(memcmp(&got[k][l], &want[k][l], sizeof(double)) == 0 || (got[k][l] != got[k][l] && want[k][l] != want[k][l]),
                              "%s: lane %d has %a, the twin %a (%d x %d, data %d)", moments_rows[i].name, l, got[k][l], want[k][l],
                              p.h, p.w, (int)kind);
    }
    for (size_t i = 0; i < SN_COUNT(g); i++)
        sn_guard_free(&g[i]);
}

/* Tables as the planner makes them (its formulas are checked in check_nets.c), or any valid ones. */
static void axis(struct sn_rng *r, int mode, int in, int out, int32_t *i0, int32_t *i1, float *f)
{
    for (int i = 0; i < out; i++) {
        double pos = mode == 0 ? (out > 1 ? (double)i * (in - 1) / (out - 1) : 0) : (i + 0.5) * in / out - 0.5;

        pos = SN_MAX(pos, 0);
        i0[i] = SN_MIN((int32_t)pos, in - 1);
        i1[i] = SN_MIN(i0[i] + 1, in - 1);
        f[i] = (float)(pos - i0[i]);
        if (mode == 2) {
            i0[i] = rnd(r, 0, in - 1);
            i1[i] = rnd(r, 0, in - 1);
            f[i] = value(r, DATA_SPECIAL, true);
        }
    }
}

static void check_upsample(struct sn_rng *r)
{
    enum data_kind kind = (enum data_kind)rnd(r, 0, DATA_KINDS - 1);
    struct sn_upsample p = { .ih = rnd(r, 1, 9), .iw = rnd(r, 1, 9), .oh = rnd(r, 1, 20), .ow = rnd(r, 1, 20) };
    size_t in = (size_t)(p.ih * p.iw) * SN_LANES, line = (size_t)p.ow * SN_LANES, out = (size_t)p.oh * line;
    bool end = rnd(r, 0, 3) != 0, nearest = rnd(r, 0, 3) == 0;
    int mode = rnd(r, 0, 2);
    struct sn_guard g[9];
    float *x = guarded(&g[0], in, end), *y = guarded(&g[1], out, end), *want = guarded(&g[2], out, end);
    float *fy = guarded(&g[3], (size_t)p.oh, true), *fx = guarded(&g[4], (size_t)p.ow, true);
    int32_t *t[4];

    for (int i = 0; i < 4; i++) {
        sn_guard_alloc(&g[5 + i], (size_t)(i < 2 ? p.oh : p.ow) * sizeof(int32_t), true);
        t[i] = g[5 + i].data;
    }
    axis(r, mode, p.ih, p.oh, t[0], t[1], fy);
    axis(r, mode, p.iw, p.ow, t[2], t[3], fx);
    fill(r, kind, false, x, in);
    p.x = x;
    p.y0 = t[0];
    p.x0 = t[2];
    if (!nearest) {
        p.y1 = t[1];
        p.x1 = t[3];
        p.fy = fy;
        p.fx = fx;
    }
    p.r0 = rnd(r, 0, p.oh);
    p.r1 = rnd(r, p.r0, p.oh);
    memset(want, UNTOUCHED, out * sizeof *want);
    p.y = want;
    sn_upsample_ref(&p);
    for (size_t i = 0; i < out; i++)
        if (i < (size_t)p.r0 * line || i >= (size_t)p.r1 * line)
            ck_assert(bits(want[i]) == 0x01010101u * UNTOUCHED);
    p.y = y;
    for (int i = 0; i < upsample_count; i++) {
        memset(y, UNTOUCHED, out * sizeof *y);
        upsample_rows[i].fn(&p);
        same(upsample_rows[i].name, text("%d x %d to %d x %d, mode %d, nearest %d, rows %d..%d, data %d", p.ih, p.iw, p.oh, p.ow, mode,
                                         nearest, p.r0, p.r1, (int)kind), y, want, out);
    }
    for (size_t i = 0; i < SN_COUNT(g); i++)
        sn_guard_free(&g[i]);
}

/* Arguments over the whole range of exp, its borders included. */
static void fill_exp(struct sn_rng *r, float *x, size_t n)
{
    static const float borders[] = { -87.0f, -87.00001f, -86.99999f, 88.375f, 88.37501f, 88.37499f, 88.5f, -103.9f, 104.0f, 0.0f };

    for (size_t i = 0; i < n; i++)
        x[i] = rnd(r, 0, 9) ? value(r, DATA_UNIT, true) * (rnd(r, 0, 1) ? 110.0f : 4.0f) : PICK(r, borders);
}

/* Softmax's smallest results: exp(-87) over a sum of several ones falls below FLT_MIN. */
static void fill_far(struct sn_rng *r, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = rnd(r, 0, 2) ? 0.0f : -86.0f + value(r, DATA_UNIT, true);
}

static void check_rowop(struct sn_rng *r, bool softmax)
{
    enum data_kind kind = (enum data_kind)rnd(r, 0, DATA_KINDS + 1);
    bool end = rnd(r, 0, 3) != 0, in_place = rnd(r, 0, 1);
    struct sn_rowop p = { .c = (size_t)rnd(r, 1, 5), .n = (size_t)rnd(r, 0, 70) };
    size_t n = p.c * p.n;
    struct sn_guard g[3];
    float *x = guarded(&g[0], n, end), *y = guarded(&g[1], n, end), *want = guarded(&g[2], n, end);

    if (kind == DATA_KINDS)
        fill_exp(r, x, n);
    else if (kind > DATA_KINDS)
        fill_far(r, x, n);
    else
        fill(r, kind, false, x, n);
    p.x = x;
    p.y = want;
    (softmax ? sn_softmax_ref : sn_sigmoid_ref)(&p);
    p.y = y;
    p.x = in_place ? y : x;
    for (int i = 0; i < (softmax ? softmax_count : sigmoid_count); i++) {
        memcpy(y, x, n * sizeof *y);
        (softmax ? softmax_rows[i].fn : sigmoid_rows[i].fn)(&p);
        same(softmax ? softmax_rows[i].name : sigmoid_rows[i].name, text("%zu x %zu, data %d, in place %d", p.c, p.n, (int)kind, in_place),
             y, want, n);
    }
    for (size_t i = 0; i < SN_COUNT(g); i++)
        sn_guard_free(&g[i]);
}

static void check_sigmoid(struct sn_rng *r) { check_rowop(r, false); }
static void check_softmax(struct sn_rng *r) { check_rowop(r, true); }

/* One bad value, wherever it stands, is found; the largest and smallest good ones are not mistaken for it. */
static void check_finite(struct sn_rng *r)
{
    static const float bad[] = { NAN, -NAN, INFINITY, -INFINITY }, good[] = { FLT_MAX, -FLT_MAX, 0x1p-149f, -0.0f, 1.0f };
    struct sn_rowop p = { .c = (size_t)rnd(r, 1, 3), .n = (size_t)rnd(r, 0, 40) };
    size_t n = p.c * p.n;
    struct sn_guard g;
    float *x = guarded(&g, n, rnd(r, 0, 3) != 0);

    p.x = x;
    for (size_t i = 0; i < n; i++)
        x[i] = PICK(r, good);
    for (int i = 0; i < finite_count; i++) {
        ck_assert_msg(finite_rows[i].fn(&p), "%s refuses %zu finite values", finite_rows[i].name, n);
        for (size_t k = 0; k < n; k++) {
            float keep = x[k];

            x[k] = PICK(r, bad);
            ck_assert_msg(!finite_rows[i].fn(&p), "%s misses element %zu of %zu", finite_rows[i].name, k, n);
            x[k] = keep;
        }
    }
    sn_guard_free(&g);
}

static const struct {
    const char *op;
    void (*check)(struct sn_rng *r);
} checks[] = {
#define SN_OP(op) { #op, check_##op },
#include "kernels/ops.def"
#undef SN_OP
};

START_TEST(test_op)
{
    struct sn_rng r = { 0x5EED0000u + (uint64_t)_i };

    for (int i = 0; i < RUNS; i++)
        checks[_i].check(&r);
}
END_TEST

/* Every tier this machine has offers every operation, under its own name. */
START_TEST(test_table_is_complete)
{
    struct sn_error err = { 0 };
    struct sn_kernels k;

    for (int isa = 0; isa <= SN_ISA_AUTO; isa++) {
        if (!sn_isa_usable((enum sn_isa)isa)) {
            sn_ck_fails(sn_kernels_pick(&k, (enum sn_isa)isa, false, &err), SN_EMACHINE, &err, sn_isa_name((enum sn_isa)isa));
            continue;
        }
        sn_ck_ok(sn_kernels_pick(&k, (enum sn_isa)isa, false, &err), &err);
        ck_assert_int_eq(k.isa, isa == SN_ISA_AUTO ? sn_isa_best() : (enum sn_isa)isa);
#define SN_OP(op)                                                                                 \
        ck_assert_msg(k.op && strstr(k.op##_name, sn_isa_name(k.isa)), "%s runs %s", sn_isa_name(k.isa), k.op##_name);
#include "kernels/ops.def"
#undef SN_OP
    }
    sn_ck_ok(sn_kernels_pick(&k, SN_ISA_AUTO, true, &err), &err);
    ck_assert(k.fp64 && k.conv2d == sn_conv2d_ref64);
    if (sn_isa_best() != SN_ISA_REF)
        sn_ck_fails(sn_kernels_pick(&k, sn_isa_best(), true, &err), SN_EINVAL, &err, "fp64");
}
END_TEST

static Suite *suite_kernels(void)
{
    Suite *s = suite_create("kernels");
    TCase *t = tcase_create("kernels");

    rows_init();
    tcase_set_timeout(t, 300);
    tcase_add_test(t, test_table_is_complete);
    tcase_add_loop_test(t, test_op, 0, (int)SN_COUNT(checks));
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_kernels)
