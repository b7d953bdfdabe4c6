/* upsample_simd.h: pixels interpolated between four (kernels.h, upsample): for spatial_simd.h, and as inputs of Winograd's tiles. */
#ifndef SN_UPSAMPLE_SIMD_H
#define SN_UPSAMPLE_SIMD_H

#include "kernels/simd/simd.h"

/* Between pixels i0 and i1 (in floats) of a row, and between two rows' results. */
SN_INLINE V across(const float *row, size_t i0, size_t i1, V f, V g) { return v_fma(f, v_load(row + i1), v_mul(g, v_load(row + i0))); }
SN_INLINE V between(V top, V bottom, V f, V g) { return v_flush(v_fma(f, bottom, v_mul(g, top))); }

/*
 * A strip: the rows of Winograd's input that a run of tiles reads, interpolated just before they are transformed, in the
 * first-level cache. Across first: six rows lie between five of the smaller plane or so.
 */
#define STRIP_TILES 5
#define STRIP_ROWS 6
#define STRIP_COLUMNS (4 * STRIP_TILES + 2)

static inline int clamp(int i, int n) { return SN_MAX(0, SN_MIN(i, n - 1)); }

/* high x wide pixels from (y0, x0) on to y[high][wide][16], zeros outside the image; x: the smaller plane. */
static inline void strip(const struct sn_upsample *p, const float *x, int y0, int x0, int high, int wide, float *y)
{
    _Alignas(64) float line[STRIP_ROWS + 1][STRIP_COLUMNS * SN_LANES];
    int first = p->y0[clamp(y0, p->oh)], last = p->y1[clamp(y0 + high - 1, p->oh)];
    size_t row = (size_t)p->iw * SN_LANES;

    x += (size_t)first * row;
    for (int j = 0; j < wide; j++) {
        int c = clamp(x0 + j, p->ow);
        size_t i0 = (size_t)p->x0[c] * SN_LANES, i1 = (size_t)p->x1[c] * SN_LANES;
        float fx = ((const float *)p->fx)[c];
        V f = v_set1(fx), g = v_set1(1 - fx);

        for (int r = 0; r <= last - first; r++)
            for (int l = 0; l < SN_LANES; l += VN)
                v_store(&line[r][j * SN_LANES + l], across(x + (size_t)r * row + l, i0, i1, f, g));
    }
    for (int i = 0; i < high; i++) {
        int r = clamp(y0 + i, p->oh);
        const float *a = line[p->y0[r] - first], *b = line[p->y1[r] - first];
        float fy = ((const float *)p->fy)[r], *to = y + i * wide * SN_LANES;
        V f = v_set1(fy), g = v_set1(1 - fy);

        for (int l = 0; l < wide * SN_LANES; l += VN)
            v_store(to + l, between(v_load(a + l), v_load(b + l), f, g));
    }
    if (y0 >= 0 && x0 >= 0 && y0 + high <= p->oh && x0 + wide <= p->ow)
        return;
    for (int i = 0; i < high; i++)
        for (int j = 0; j < wide; j++)
            if (y0 + i < 0 || y0 + i >= p->oh || x0 + j < 0 || x0 + j >= p->ow)
                memset(y + (i * wide + j) * SN_LANES, 0, SN_LANES * sizeof(float));
}

#endif
