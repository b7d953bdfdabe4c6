/*
 * harness.h: what the kernel tests share: the rows of kernels.def as typed tables, tables of planes
 * whose memory ends at a page no one may touch, and data that is hard on float arithmetic.
 */
#ifndef SN_KERNEL_HARNESS_H
#define SN_KERNEL_HARNESS_H

#include "kernels/kernels.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- kernels.def as tables ----------------------------------------------------------------- */

#define MAX_ROWS 16

#define SN_OP(op)                                                                                 \
    struct op##_row {                                                                             \
        const char *name;                                                                         \
        int isa;                                                                                  \
        sn_##op##_fn *fn;                                                                         \
    };                                                                                            \
    static SN_UNUSED struct op##_row op##_rows[MAX_ROWS];                                         \
    static SN_UNUSED int op##_count;
#include "kernels/ops.def"
#undef SN_OP

/* Fills the tables with the rows this machine can run; the twins compiled for double stay out. */
static inline void rows_init(void)
{
#define SN_OP(op) op##_count = 0;
#include "kernels/ops.def"
#undef SN_OP
#define SN_KERNEL(op, ISA, fn_)                                                                   \
    if (sn_row_usable(SN_ROW_##ISA))                                                              \
        op##_rows[op##_count++] = (struct op##_row){ #fn_, SN_ROW_##ISA, fn_ };
#include "kernels/kernels.def"
#undef SN_KERNEL
}

/* ---- random choices ------------------------------------------------------------------------ */

static inline int rnd(struct sn_rng *r, int lo, int hi) /* lo <= result <= hi */
{
    return lo + (int)sn_rng_below(r, (uint64_t)(hi - lo) + 1);
}
#define PICK(r, array) ((array)[sn_rng_below((r), SN_COUNT(array))])

static inline struct sn_activation rnd_act(struct sn_rng *r)
{
    static const float slopes[] = { 0.01f, 0.1f, 0.2f, 1e-30f, 0.0f, -0.5f };

    return (struct sn_activation){ (enum sn_act)rnd(r, 0, 2), PICK(r, slopes) };
}

/* ---- data ---------------------------------------------------------------------------------- */

enum data_kind {
    DATA_UNIT,     /* uniform on [-1, 1) */
    DATA_INTEGER,  /* -8 .. 8: sums are exact, so one dropped or doubled tap shows */
    DATA_TINY,     /* products, sums and results straddle FLT_MIN */
    DATA_WIDE,     /* any finite bit pattern, denormals included: overflows on the way */
    DATA_SPECIAL,  /* unit values with NaN, infinities, denormals, -0 and FLT_MIN's neighbours */
    DATA_KINDS
};

static inline float any_finite(struct sn_rng *r)
{
    uint32_t u;
    float f;

    do {
        u = (uint32_t)sn_rng_next(r);
        memcpy(&f, &u, sizeof f);
    } while (!(f - f == 0));
    return f;
}

/* A value of a kind; `finite` leaves NaN and infinities out. */
static inline float value(struct sn_rng *r, enum data_kind kind, bool finite)
{
    static const float odd[] = { 0x1p-149f, -0x1p-149f, 0x1.fffffcp-127f, -0x1.fffffcp-127f, -0.0f, 0.0f, FLT_MIN, -FLT_MIN,
                                 0x1.000002p-126f, -0x1.000002p-126f, FLT_MAX, -FLT_MAX, 1.0f, NAN, -INFINITY, INFINITY };
    float unit = (float)(int32_t)(sn_rng_next(r) >> 40) * 0x1p-23f - 1.0f;

    switch (kind) {
    case DATA_INTEGER:
        return (float)rnd(r, -8, 8);
    case DATA_TINY:
        return ldexpf(unit, -rnd(r, 58, 66));
    case DATA_WIDE:
        return any_finite(r);
    case DATA_SPECIAL:
        return rnd(r, 0, 15) ? unit : odd[sn_rng_below(r, SN_COUNT(odd) - (finite ? 3 : 0))];
    default:
        return unit;
    }
}

static inline void fill(struct sn_rng *r, enum data_kind kind, bool finite, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = value(r, kind, finite);
}

static inline uint32_t bits(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof u);
    return u;
}

/* Equal bits, or both NaN: the payload is not part of the contract. -1, or the first difference. */
static inline long differs(const float *a, const float *b, size_t n)
{
    if (memcmp(a, b, n * sizeof *a) == 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (bits(a[i]) != bits(b[i]) && !(a[i] != a[i] && b[i] != b[i]))
            return (long)i;
    return -1;
}

#define UNTOUCHED 0xa5 /* fills outputs before a run: -2.87e-16 as a float */

/* ---- memory -------------------------------------------------------------------------------- */

/* floats that end at (or, when !at_end, start after) a forbidden page; never NULL. */
static inline float *guarded(struct sn_guard *g, size_t n, bool at_end)
{
    sn_guard_alloc(g, (n ? n : 1) * sizeof(float), at_end);
    return n ? g->data : (float *)g->data + at_end;
}

#define MAX_PLANES 40
struct planes {
    int n;
    size_t floats; /* of one plane */
    uint8_t lanes[MAX_PLANES];
    void *p[MAX_PLANES];
    struct sn_guard g[MAX_PLANES];
};

/* A concatenation of channel counts (ends with 0), each `pixels` large. */
static inline void planes_alloc(struct planes *t, const int *channels, size_t pixels, bool at_end)
{
    *t = (struct planes){ .floats = pixels * SN_LANES };
    for (; *channels; channels++)
        for (int c = 0; c < *channels; c += SN_LANES, t->n++) {
            ck_assert_int_lt(t->n, MAX_PLANES);
            t->lanes[t->n] = (uint8_t)SN_MIN(SN_LANES, *channels - c);
            t->p[t->n] = guarded(&t->g[t->n], t->floats, at_end);
        }
}

static inline void planes_free(struct planes *t)
{
    for (int i = 0; i < t->n; i++)
        sn_guard_free(&t->g[i]);
}

/* Random used lanes, +0 in the others. */
static inline void planes_fill(struct planes *t, struct sn_rng *r, enum data_kind kind, bool finite)
{
    for (int i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->floats; k++)
            ((float *)t->p[i])[k] = k % SN_LANES < t->lanes[i] ? value(r, kind, finite) : 0.0f;
}

static inline void planes_reset(struct planes *t)
{
    for (int i = 0; i < t->n; i++)
        memset(t->p[i], UNTOUCHED, t->floats * sizeof(float));
}

/* A convolution as a 1x1 with its middle tap, if no other sees the image. */
static inline bool middle_tap(struct sn_conv2d *p)
{
    if (p->kh == 1 || p->stride > 1 || p->bordered || p->dil < SN_MAX(p->ih, p->iw) || p->pad_h != p->dil * (p->kh - 1) / 2)
        return false;
    p->taps = p->kh * p->kw;
    p->kh = p->kw = p->dil = 1;
    p->pad_h = p->pad_w = 0;
    return true;
}

/* Planes for Winograd's `up`: some are smaller ones and how to interpolate them, the others those of x. */
struct smaller {
    struct planes t;
    struct sn_upsample up;
    const struct sn_upsample *ups[MAX_PLANES];
    const void *x[MAX_PLANES];
    struct sn_guard g[6]; /* y0, y1, fy, x0, x1, fx */
};

static inline void smaller_axis(struct sn_guard *g, bool corners, int in, int out)
{
    sn_guard_alloc(&g[0], (size_t)out * sizeof(int32_t), true);
    sn_guard_alloc(&g[1], (size_t)out * sizeof(int32_t), true);
    sn_guard_alloc(&g[2], (size_t)out * sizeof(float), true);
    for (int i = 0; i < out; i++) {
        double at = corners ? out > 1 ? (double)i * (in - 1) / (out - 1) : 0 : fmax((i + 0.5) * in / out - 0.5, 0);
        int i0 = SN_MIN((int)at, in - 1);

        ((int32_t *)g[0].data)[i] = i0;
        ((int32_t *)g[1].data)[i] = SN_MIN(i0 + 1, in - 1);
        ((float *)g[2].data)[i] = (float)(at - i0);
    }
}

/* x, of h x w pixels, gets what the twin makes of the smaller ones. */
static inline void smaller_alloc(struct smaller *s, struct sn_rng *r, struct planes *x, const int *channels, int h, int w, enum data_kind kind,
                                 bool at_end)
{
    bool corners = rnd(r, 0, 1);

    *s = (struct smaller){ .up = { .ih = rnd(r, 1, h), .iw = rnd(r, 1, w), .oh = h, .ow = w } };
    planes_alloc(&s->t, channels, (size_t)(s->up.ih * s->up.iw), at_end);
    planes_fill(&s->t, r, kind, false);
    smaller_axis(s->g, corners, s->up.ih, h);
    smaller_axis(s->g + 3, corners, s->up.iw, w);
    s->up.y0 = s->g[0].data;
    s->up.y1 = s->g[1].data;
    s->up.fy = s->g[2].data;
    s->up.x0 = s->g[3].data;
    s->up.x1 = s->g[4].data;
    s->up.fx = s->g[5].data;
    for (int i = 0; i < x->n; i++) {
        struct sn_upsample all = s->up;

        s->x[i] = x->p[i];
        if (rnd(r, 0, 3) == 0)
            continue;
        s->x[i] = all.x = s->t.p[i];
        s->ups[i] = &s->up;
        all.y = x->p[i];
        all.r1 = h;
        sn_upsample_ref(&all);
    }
}

static inline void smaller_free(struct smaller *s)
{
    if (s->t.n == 0)
        return;
    planes_free(&s->t);
    for (int i = 0; i < 6; i++)
        sn_guard_free(&s->g[i]);
}

#endif
