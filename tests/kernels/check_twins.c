/*
 * check_twins.c: the scalar twins themselves, against plain loops written here from the formulas:
 * unpacked [C][H][W] tensors and [OC][IC][KH][KW] weights, sums in double; and, for conv2d, the
 * documented order of operations followed with libm's fmaf, which must give the same bits.
 */
#include "tests/kernels/harness.h"

/* ---- conv2d --------------------------------------------------------------------------------- */

struct shape {
    int ic[4], oc, k, stride, dil, pad, h, w, up;
};

struct model {
    struct shape s;
    int c, oh, ow, groups; /* oh, ow before `up` */
    float *x, *w, *b, *res;  /* [C][H][W], [OC][C][K][K] (up: [OC][C][4]), [OC], [OC][oh up][ow up] */
    float *packed, *bias;
    struct planes xp, rp, yp;
    struct sn_conv2d p;
};

static size_t x_at(const struct model *m, int c, int y, int x)
{
    return ((size_t)c * (size_t)m->s.h + (size_t)y) * (size_t)m->s.w + (size_t)x;
}

static size_t y_at(const struct model *m, int c, int y, int x)
{
    return ((size_t)c * (size_t)(m->oh * m->s.up) + (size_t)y) * (size_t)(m->ow * m->s.up) + (size_t)x;
}

static size_t w_at(const struct model *m, int oc, int c, int tap)
{
    int taps = m->s.up == 2 ? 4 : m->s.k * m->s.k;

    return ((size_t)oc * (size_t)m->c + (size_t)c) * (size_t)taps + (size_t)tap;
}

/* Channel c of a concatenation lies in this plane and lane; planes of each part start anew. */
static void locate(const int *parts, int c, int *plane, int *lane)
{
    *plane = 0;
    while (c >= *parts) {
        c -= *parts;
        *plane += (*parts++ + SN_LANES - 1) / SN_LANES;
    }
    *plane += c / SN_LANES;
    *lane = c % SN_LANES;
}

/* The channels of chunk `chunk`: from *c0 on; returns how many. Chunks count planes, not channels. */
static int chunk_channels(const struct model *m, int chunk, int *c0)
{
    int n = 0;

    *c0 = 0;
    for (int c = 0; c < m->c; c++) {
        int plane, lane;

        locate(m->s.ic, c, &plane, &lane);
        *c0 += plane / SN_CHUNK < chunk;
        n += plane / SN_CHUNK == chunk;
    }
    return n;
}

/* [group][chunk][kh][kw][channel of the chunk][32] */
static void pack(struct model *m)
{
    int taps = m->s.k * m->s.k, quads = m->s.up * m->s.up, c0;
    float *out = m->packed;

    for (int g = 0; g < m->groups * quads; g++)
        for (int chunk = 0, n; (n = chunk_channels(m, chunk, &c0)) > 0; chunk++)
            for (int t = 0; t < taps; t++)
                for (int c = c0; c < c0 + n; c++)
                    for (int o = 0; o < SN_GROUP; o++, out++) {
                        int oc = g % m->groups * SN_GROUP + o;

                        *out = oc >= m->s.oc ? 0 : m->w[w_at(m, oc, c, quads == 4 ? g / m->groups : t)];
                    }
}

static float *random_floats(struct sn_rng *r, size_t n, enum data_kind kind)
{
    float *p = malloc(n * sizeof *p);

    ck_assert(p != NULL);
    fill(r, kind, true, p, n);
    return p;
}

static void model_make(struct model *m, const struct shape *s, enum data_kind kind, struct sn_rng *r)
{
    int plane, lane;
    size_t k, outs;

    *m = (struct model){ .s = *s, .c = s->ic[0] + s->ic[1] + s->ic[2] };
    m->oh = (s->h + 2 * s->pad - s->dil * (s->k - 1) - 1) / s->stride + 1;
    m->ow = (s->w + 2 * s->pad - s->dil * (s->k - 1) - 1) / s->stride + 1;
    m->groups = (s->oc + SN_GROUP - 1) / SN_GROUP;
    k = (size_t)m->c * (size_t)(s->k * s->k);
    outs = (size_t)(m->oh * m->ow * s->up * s->up);
    m->x = random_floats(r, (size_t)(m->c * s->h * s->w), kind);
    m->w = random_floats(r, (size_t)s->oc * k * (size_t)(s->up * s->up), kind);
    m->b = random_floats(r, (size_t)s->oc, kind);
    m->res = random_floats(r, (size_t)s->oc * outs, kind);
    m->packed = random_floats(r, k * (size_t)(m->groups * s->up * s->up) * SN_GROUP, DATA_UNIT);
    m->bias = calloc((size_t)m->groups * SN_GROUP, sizeof *m->bias);
    ck_assert(m->bias != NULL);
    memcpy(m->bias, m->b, (size_t)s->oc * sizeof *m->b);
    pack(m);
    planes_alloc(&m->xp, s->ic, (size_t)(s->h * s->w), true);
    planes_alloc(&m->rp, (const int[]){ s->oc, 0 }, outs, true);
    planes_alloc(&m->yp, (const int[]){ s->oc, 0 }, outs, true);
    for (int c = 0; c < m->c; c++) {
        locate(s->ic, c, &plane, &lane);
        for (int i = 0; i < s->h * s->w; i++)
            ((float *)m->xp.p[plane])[i * SN_LANES + lane] = m->x[x_at(m, c, 0, 0) + (size_t)i];
    }
    for (int c = 0; c < s->oc; c++)
        for (size_t i = 0; i < outs; i++)
            ((float *)m->rp.p[c / SN_LANES])[i * SN_LANES + (size_t)(c % SN_LANES)] = m->res[(size_t)c * outs + i];
    m->p = (struct sn_conv2d){
        .x = (const void *const *)m->xp.p, .lanes = m->xp.lanes, .planes = m->xp.n, .w = m->packed, .group_stride = k * SN_GROUP,
        .bias = m->bias, .res = (const void *const *)m->rp.p, .y = m->yp.p, .oc = s->oc, .groups = m->groups, .up = s->up,
        .ih = s->h, .iw = s->w, .oh = m->oh, .ow = m->ow, .kh = s->k, .kw = s->k, .stride = s->stride, .dil = s->dil,
        .pad_h = s->pad, .pad_w = s->pad,
    };
}

static void model_free(struct model *m)
{
    free(m->x);
    free(m->w);
    free(m->b);
    free(m->res);
    free(m->packed);
    free(m->bias);
    planes_free(&m->xp);
    planes_free(&m->rp);
    planes_free(&m->yp);
}

static float result(const struct model *m, int oc, int y, int x)
{
    return ((const float *)m->yp.p[oc / SN_LANES])[y_at(m, 0, y, x) * SN_LANES + (size_t)(oc % SN_LANES)];
}

/* Input row and column of a tap for output (y, x), and the weight's tap number; false outside the image. */
static bool tap_of(const struct model *m, int y, int x, int t, int *iy, int *ix, int *tap)
{
    int kh = t / m->s.k, kw = t % m->s.k;

    *iy = y / m->s.up * m->s.stride - m->s.pad + kh * m->s.dil;
    *ix = x / m->s.up * m->s.stride - m->s.pad + kw * m->s.dil;
    *tap = m->s.up == 2 ? y % 2 * 2 + x % 2 : t; /* a transposed 2x2 convolution: one tap per output pixel */
    return *iy >= 0 && *iy < m->s.h && *ix >= 0 && *ix < m->s.w;
}

/* sum of x w, and of |x w|, in double, in the plainest order */
static double plain_sum(const struct model *m, int oc, int y, int x, double *magnitude)
{
    double sum = 0;
    int iy, ix, tap;

    *magnitude = 0;
    for (int c = 0; c < m->c; c++)
        for (int t = 0; t < m->s.k * m->s.k; t++)
            if (tap_of(m, y, x, t, &iy, &ix, &tap)) {
                double v = (double)m->x[x_at(m, c, iy, ix)] * (double)m->w[w_at(m, oc, c, tap)];

                sum += v;
                *magnitude += fabs(v);
            }
    return sum;
}

/* The contract's order, step by step, with libm's fmaf. chunk_planes: 4, or "all" to show that it matters. */
static float ordered_sum(const struct model *m, int oc, int y, int x, bool chunked)
{
    float total = 0;
    int c0 = 0, iy, ix, tap;

    for (int chunk = 0;; chunk++) {
        int n = chunked ? chunk_channels(m, chunk, &c0) : chunk == 0 ? m->c : 0;
        float acc = 0;

        if (n == 0)
            return total;
        for (int t = 0; t < m->s.k * m->s.k; t++)
            for (int c = c0; c < c0 + n; c++)
                if (tap_of(m, y, x, t, &iy, &ix, &tap))
                    acc = fmaf(m->x[x_at(m, c, iy, ix)], m->w[w_at(m, oc, c, tap)], acc);
        total = chunk == 0 ? acc : total + acc;
    }
}

static float flushed(float v) { return fabsf(v) < FLT_MIN ? 0.0f : v; }

static const struct shape shapes[] = {
    { { 3 }, 17, 3, 1, 1, 1, 7, 9, 1 },
    { { 65 }, 33, 1, 1, 1, 0, 5, 6, 1 },
    { { 130 }, 16, 3, 1, 1, 1, 5, 4, 1 },
    { { 15, 17 }, 31, 3, 2, 1, 1, 8, 9, 1 },
    { { 33, 31 }, 8, 5, 1, 1, 2, 6, 7, 1 },
    { { 1, 70, 2 }, 5, 3, 1, 2, 2, 9, 5, 1 },
    { { 20 }, 15, 3, 1, 6, 6, 5, 13, 1 },
    { { 3 }, 64, 7, 2, 1, 3, 15, 13, 1 },
    { { 17 }, 32, 3, 3, 1, 0, 10, 11, 1 },
    { { 70 }, 33, 1, 1, 1, 0, 4, 5, 2 },
    { { 256 }, 40, 1, 1, 1, 0, 1, 1, 1 },
};

/* Each product and each addition rounds by at most 2^-24 relatively: the error stays far below 1e-6 of sum |x w|. */
START_TEST(test_conv_against_double)
{
    struct sn_rng r = { (uint64_t)_i };

    for (int kind = DATA_UNIT; kind <= DATA_INTEGER; kind++) {
        struct model m;

        model_make(&m, &shapes[_i], (enum data_kind)kind, &r);
        sn_conv2d_ref(&m.p, &(struct sn_conv_span){ 0, m.groups * m.s.up * m.s.up, 0, m.oh * m.ow });
        for (int oc = 0; oc < m.s.oc; oc++)
            for (int y = 0; y < m.oh * m.s.up; y++)
                for (int x = 0; x < m.ow * m.s.up; x++) {
                    double magnitude, res = (double)m.res[y_at(&m, oc, y, x)];
                    double want = plain_sum(&m, oc, y, x, &magnitude) + (double)m.b[oc] + res;
                    double bound = kind == DATA_INTEGER ? 0 : 1e-6 * (magnitude + fabs((double)m.b[oc]) + fabs(res));

                    ck_assert_msg(fabs((double)result(&m, oc, y, x) - want) <= bound, "shape %d, output %d, %d, %d: %.9g, expected %.9g",
                                  _i, oc, y, x, (double)result(&m, oc, y, x), want);
                }
        model_free(&m);
    }
}
END_TEST

START_TEST(test_conv_follows_the_order)
{
    struct sn_rng r = { 1000 + (uint64_t)_i };
    struct model m;
    size_t other = 0, all = 0;

    model_make(&m, &shapes[_i], DATA_UNIT, &r);
    sn_conv2d_ref(&m.p, &(struct sn_conv_span){ 0, m.groups * m.s.up * m.s.up, 0, m.oh * m.ow });
    for (int oc = 0; oc < m.s.oc; oc++)
        for (int y = 0; y < m.oh * m.s.up; y++)
            for (int x = 0; x < m.ow * m.s.up; x++) {
                float rest = m.res[y_at(&m, oc, y, x)];
                float want = flushed(flushed(ordered_sum(&m, oc, y, x, true) + m.b[oc]) + rest);
                float chain = flushed(flushed(ordered_sum(&m, oc, y, x, false) + m.b[oc]) + rest);

                ck_assert_msg(bits(result(&m, oc, y, x)) == bits(want), "shape %d, output %d, %d, %d: %a, in the documented order %a", _i, oc,
                              y, x, (double)result(&m, oc, y, x), (double)want);
                all++;
                other += bits(chain) != bits(want);
            }
    /* one long chain gives other bits in many places where there is more than one chunk: the rule is a rule */
    ck_assert_msg(m.xp.n > SN_CHUNK ? other > all / 20 : other == 0, "shape %d: one chain differs in %zu of %zu", _i, other, all);
    model_free(&m);
}
END_TEST

/* The twin compiled for double, whose products are not fused: the yardstick of --precision fp64. */
START_TEST(test_conv_fp64)
{
    struct sn_rng r = { 2000 + (uint64_t)_i };
    struct model m;
    void *x[MAX_PLANES], *y[MAX_PLANES], *res[MAX_PLANES];
    const struct planes *from[3] = { &m.xp, &m.rp, &m.yp };
    void **to[3] = { x, res, y };
    size_t nw;
    double *w, *b;

    model_make(&m, &shapes[_i], DATA_UNIT, &r);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < from[i]->n; k++) {
            double *d = to[i][k] = malloc(from[i]->floats * sizeof *d);

            ck_assert(d != NULL);
            for (size_t j = 0; j < from[i]->floats; j++)
                d[j] = (double)((const float *)from[i]->p[k])[j];
        }
    nw = m.p.group_stride * (size_t)(m.groups * m.s.up * m.s.up);
    w = malloc(nw * sizeof *w);
    b = malloc((size_t)m.groups * SN_GROUP * sizeof *b);
    ck_assert(w && b);
    for (size_t i = 0; i < nw; i++)
        w[i] = (double)m.packed[i];
    for (size_t i = 0; i < (size_t)m.groups * SN_GROUP; i++)
        b[i] = (double)m.bias[i];
    m.p.x = (const void *const *)x;
    m.p.res = (const void *const *)res;
    m.p.y = y;
    m.p.w = w;
    m.p.bias = b;
    sn_conv2d_ref64(&m.p, &(struct sn_conv_span){ 0, m.groups * m.s.up * m.s.up, 0, m.oh * m.ow });
    for (int oc = 0; oc < m.s.oc; oc++)
        for (int py = 0; py < m.oh * m.s.up; py++)
            for (int px = 0; px < m.ow * m.s.up; px++) {
                double magnitude, want = plain_sum(&m, oc, py, px, &magnitude) + (double)m.b[oc] + (double)m.res[y_at(&m, oc, py, px)];
                double got = ((const double *)y[oc / SN_LANES])[y_at(&m, 0, py, px) * SN_LANES + (size_t)(oc % SN_LANES)];

                ck_assert_msg(fabs(got - want) <= 1e-14 * (magnitude + 2), "shape %d: %.17g, expected %.17g", _i, got, want);
            }
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < from[i]->n; k++)
            free(to[i][k]);
    free(w);
    free(b);
    model_free(&m);
}
END_TEST

/* Bias, residual, activation, and the flush between them, on sums that are known. */
START_TEST(test_conv_epilogue)
{
    static const struct {
        float sum, bias, res, slope;
        enum sn_act act;
        float want;
    } cases[] = {
        { 1, 2, 4, 0, SN_ACT_NONE, 7 },
        { 1, -2, -4, 0, SN_ACT_RELU, 0 },
        { 1, -2, -4, 0.5f, SN_ACT_LEAKY, -2.5f },
        { -1, 0, 0, 0x1p-126f, SN_ACT_LEAKY, -0x1p-126f },
        { -1, 0, 0, 0x1p-127f, SN_ACT_LEAKY, 0 },                    /* a denormal never leaves */
        { 0x1p-127f, 0, 0x1p-126f, 0, SN_ACT_NONE, 0x1p-126f },      /* flushed before the residual is added */
        { 0x1p-127f, 0x1p-127f, 0, 0, SN_ACT_NONE, 0x1p-126f },      /* but not before the bias */
        { 1, -1, -0.0f, 0, SN_ACT_NONE, 0 },
        { INFINITY, 1, 1, 0, SN_ACT_RELU, INFINITY },
        { -INFINITY, 1, 1, 0, SN_ACT_RELU, 0 },
    };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        float x[SN_LANES] = { cases[i].sum }, w[SN_GROUP] = { 1 }, b[SN_GROUP] = { cases[i].bias }, res[SN_LANES] = { cases[i].res };
        float y[SN_LANES];
        const uint8_t lanes[1] = { 1 };
        struct sn_conv2d p = { .x = (const void *const[]){ x }, .lanes = lanes, .planes = 1, .w = w, .group_stride = SN_GROUP, .bias = b,
                               .res = (const void *const[]){ res }, .y = (void *const[]){ y }, .oc = 1, .groups = 1, .up = 1, .ih = 1,
                               .iw = 1, .oh = 1, .ow = 1, .kh = 1, .kw = 1, .stride = 1, .dil = 1,
                               .act = { cases[i].act, cases[i].slope } };

        for (int k = 0; k < conv2d_count; k++) {
            conv2d_rows[k].fn(&p, &(struct sn_conv_span){ 0, 1, 0, 1 });
            ck_assert_msg(bits(y[0]) == bits(cases[i].want), "%s, case %zu: %a, expected %a", conv2d_rows[k].name, i, (double)y[0],
                          (double)cases[i].want);
        }
    }
}
END_TEST

static Suite *suite_twins(void)
{
    Suite *s = suite_create("twins");
    TCase *t = tcase_create("conv2d");

    rows_init();
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, test_conv_against_double, 0, (int)SN_COUNT(shapes));
    tcase_add_loop_test(t, test_conv_follows_the_order, 0, (int)SN_COUNT(shapes));
    tcase_add_loop_test(t, test_conv_fp64, 0, (int)SN_COUNT(shapes));
    tcase_add_test(t, test_conv_epilogue);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_twins)
