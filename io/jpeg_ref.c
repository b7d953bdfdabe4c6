/* jpeg_ref.c: the scalar twins: the plainest loops that state jpeg_ops.h's formulas. */
#include "io/jpeg_ops.h"

#include <stdatomic.h>

/* Sums of cosines of multiples of pi/16 times sqrt 2, as the flow graph combines them, times 2^13. */
enum {
    K_0_298631336 = 2446, K_0_390180644 = 3196, K_0_541196100 = 4433, K_0_765366865 = 6270,
    K_0_899976223 = 7373, K_1_175875602 = 9633, K_1_501321110 = 12299, K_1_847759065 = 15137,
    K_1_961570560 = 16069, K_2_053119869 = 16819, K_2_562915447 = 20995, K_3_072711026 = 25172
};

static int16_t low16(int32_t v)
{
    return (int16_t)(uint16_t)(uint32_t)v;
}

static int16_t saturate16(int32_t v)
{
    return (int16_t)(v < -32768 ? -32768 : v > 32767 ? 32767 : v);
}

static uint32_t times(int16_t v, int k)
{
    return (uint32_t)((int32_t)v * k);
}

/* (v + half) >> shift, 16 bits; the sum wraps. */
static int16_t descale(uint32_t v, unsigned shift)
{
    return saturate16((int32_t)(v + (1u << (shift - 1))) >> shift);
}

/* One eight-point transform; x and y have their elements `step` apart. */
static void transform(const int16_t *x, int16_t *y, size_t step, unsigned shift)
{
    int16_t x1 = x[step], x2 = x[2 * step], x3 = x[3 * step], x5 = x[5 * step], x6 = x[6 * step], x7 = x[7 * step];
    uint32_t a = (uint32_t)low16(x[0] + x[4 * step]) << 13, b = (uint32_t)low16(x[0] - x[4 * step]) << 13;
    uint32_t c = times(x2, K_0_541196100) + times(x6, K_0_541196100 - K_1_847759065);
    uint32_t d = times(x2, K_0_541196100 + K_0_765366865) + times(x6, K_0_541196100);
    uint32_t even[4] = { a + d, b + c, b - c, a - d }, odd[4];
    int16_t s = low16(x7 + x3), t = low16(x5 + x1);
    uint32_t p = times(s, K_1_175875602 - K_1_961570560) + times(t, K_1_175875602);
    uint32_t q = times(s, K_1_175875602) + times(t, K_1_175875602 - K_0_390180644);

    odd[0] = times(x7, -K_0_899976223) + times(x1, K_1_501321110 - K_0_899976223) + q;
    odd[1] = times(x5, -K_2_562915447) + times(x3, K_3_072711026 - K_2_562915447) + p;
    odd[2] = times(x5, K_2_053119869 - K_2_562915447) + times(x3, -K_2_562915447) + q;
    odd[3] = times(x7, K_0_298631336 - K_0_899976223) + times(x1, -K_0_899976223) + p;
    for (size_t k = 0; k < 4; k++) {
        y[k * step] = descale(even[k] + odd[k], shift);
        y[(7 - k) * step] = descale(even[k] - odd[k], shift);
    }
}

void sn_jpeg_idct_ref(const int16_t *coef, const uint16_t *quant, uint8_t *out, size_t stride)
{
    int16_t x[64];
    int rest = 0;

    for (int i = 0; i < 64; i++) {
        x[i] = low16(coef[i] * (int16_t)quant[i]);
        rest |= i >= 8 ? coef[i] : 0;
    }
    for (size_t c = 0; c < 8; c++) {
        if (rest)
            transform(x + c, x + c, 8, 13 - 2);
        else
            for (size_t r = 8; r-- > 0;)
                x[8 * r + c] = low16(4 * x[c]);
    }
    for (size_t r = 0; r < 8; r++) {
        transform(x + 8 * r, x + 8 * r, 1, 13 + 2 + 3);
        for (size_t c = 0; c < 8; c++) {
            int v = x[8 * r + c];

            out[r * stride + c] = (uint8_t)((v < -128 ? -128 : v > 127 ? 127 : v) + 128);
        }
    }
}

void sn_jpeg_h2v1_ref(const uint8_t *in, size_t n, uint8_t *out)
{
    out[0] = in[0];
    out[2 * n - 1] = in[n - 1];
    for (size_t i = 1; i < n; i++) {
        out[2 * i - 1] = (uint8_t)((3 * in[i - 1] + in[i] + 2) >> 2);
        out[2 * i] = (uint8_t)((3 * in[i] + in[i - 1] + 1) >> 2);
    }
}

void sn_jpeg_h1v2_ref(const uint8_t *near, const uint8_t *far, size_t n, unsigned bias, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)((3u * near[i] + far[i] + bias) >> 2);
}

void sn_jpeg_h2v2_ref(const uint8_t *near, const uint8_t *far, size_t n, uint8_t *out)
{
    int last = 3 * near[0] + far[0];

    out[0] = (uint8_t)((4 * last + 8) >> 4);
    for (size_t i = 1; i < n; i++) {
        int s = 3 * near[i] + far[i];

        out[2 * i - 1] = (uint8_t)((3 * last + s + 7) >> 4);
        out[2 * i] = (uint8_t)((3 * s + last + 8) >> 4);
        last = s;
    }
    out[2 * n - 1] = (uint8_t)((4 * last + 7) >> 4);
}

static uint8_t clamp(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

void sn_jpeg_ycc_ref(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, size_t n, uint8_t *rgb)
{
    for (size_t i = 0; i < n; i++, rgb += 3) {
        int b = cb[i] - 128, r = cr[i] - 128;

        rgb[0] = clamp(y[i] + ((91881 * r + 32768) >> 16));
        rgb[1] = clamp(y[i] + ((-22554 * b - 46802 * r + 32768) >> 16));
        rgb[2] = clamp(y[i] + ((116130 * b + 32768) >> 16));
    }
}

void sn_jpeg_rgb_ref(const uint8_t *r, const uint8_t *g, const uint8_t *b, size_t n, uint8_t *rgb)
{
    for (size_t i = 0; i < n; i++, rgb += 3) {
        rgb[0] = r[i];
        rgb[1] = g[i];
        rgb[2] = b[i];
    }
}

/* ---- dispatch ------------------------------------------------------------------------------- */

/* Which sets this machine has, as bits; asked once, CPUID is slow under a hypervisor. */
static unsigned usable(void)
{
    static atomic_uint known;
    unsigned k = atomic_load_explicit(&known, memory_order_relaxed);

    if (k)
        return k;
    for (unsigned isa = 0; isa < SN_ISA_COUNT; isa++)
        k |= sn_isa_usable((enum sn_isa)isa) ? 1u << isa : 0;
    atomic_store_explicit(&known, k, memory_order_relaxed);
    return k;
}

void sn_jpeg_ops_pick(struct sn_jpeg_ops *ops, bool scalar)
{
    unsigned has = scalar ? 1u << SN_ISA_REF : usable();

#define SN_JPEG_OP(op, isa, fn)                                                                   \
    if (has >> SN_ISA_##isa & 1)                                                                  \
        ops->op = fn;
#include "io/jpeg_ops.def"
#undef SN_JPEG_OP
}
