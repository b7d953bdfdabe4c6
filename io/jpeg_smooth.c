/*
 * jpeg_smooth.c: an unfinished progressive picture (its last scans are missing) would show its 8 x 8
 * blocks. T.81 K.8 estimates the lowest AC coefficients from the DC values around a block; this is
 * libjpeg-turbo's form of it, on 5 x 5 blocks, since djpeg's pixels are what we promise.
 *
 * Only coefficients that are still zero and not known to their last bit are estimated, and no larger
 * than the bits they lack. While nothing but DC is known, DC is smoothed too, by kernels of its own.
 */
#include "io/jpeg_parts.h"

/* Weights of the blocks around; a coefficient (v, u) has the kernel of (u, v) turned over. */
typedef int16_t kernel[5][5];

static const kernel alone_dc = {
    { -2, -6, -8, -6, -2 }, { -6, 6, 42, 6, -6 }, { -8, 42, 152, 42, -8 }, { -6, 6, 42, 6, -6 }, { -2, -6, -8, -6, -2 }
};
static const kernel alone_01 = {
    { -1, -1, 0, 1, 1 }, { -3, 13, 0, -13, 3 }, { -3, 38, 0, -38, 3 }, { -3, 13, 0, -13, 3 }, { -1, -1, 0, 1, 1 }
};
static const kernel alone_02 = { { 0 }, { 0, 2, -5, 2, 0 }, { 1, 7, -14, 7, 1 }, { 0, 2, -5, 2, 0 }, { 0 } };
static const kernel alone_11 = { { -1, 0, 0, 0, 1 }, { 0, 9, 0, -9, 0 }, { 0 }, { 0, -9, 0, 9, 0 }, { 1, 0, 0, 0, -1 } };
static const kernel alone_03 = { { 0 }, { 0, 1, 0, -1, 0 }, { 0, 2, 0, -2, 0 }, { 0, 1, 0, -1, 0 }, { 0 } };
static const kernel alone_12 = { { 0 }, { 0, 1, -3, 1, 0 }, { 0 }, { 0, -1, 3, -1, 0 }, { 0 } };
static const kernel some_01 = { { 0 }, { 0 }, { -7, 50, 0, -50, 7 }, { 0 }, { 0 } };
static const kernel some_02 = { { 0 }, { 0 }, { -1, 13, -24, 13, -1 }, { 0 }, { 0 } };
static const kernel some_11 = {
    { 0, -1, 0, 1, 0 }, { -1, 10, 0, -10, 1 }, { 0 }, { 1, -10, 0, 10, -1 }, { 0, 1, 0, -1, 0 }
};

enum { ESTIMATED = 9 }; /* the first nine AC coefficients of the zigzag: 01 10 20 11 02 03 12 21 30 */
static const struct {
    const kernel *alone, *some; /* DC alone is known, or some AC too; NULL: no estimate then */
    bool turned;
} estimate[ESTIMATED] = {
    { &alone_01, &some_01, false }, { &alone_01, &some_01, true }, { &alone_02, &some_02, true },
    { &alone_11, &some_11, false }, { &alone_02, &some_02, false }, { &alone_03, NULL, false },
    { &alone_12, NULL, false },     { &alone_12, NULL, true },      { &alone_03, NULL, true }
};

bool sn_jpeg_smooth_wanted(const struct sn_jpeg *d)
{
    bool unfinished = false;

    if (d->info.process != SN_JPEG_PROGRESSIVE)
        return false;
    for (int i = 0; i < d->info.components; i++) {
        const struct sn_jpeg_component *c = &d->comp[i];

        if (!c->latched || c->known[0] < 0)
            return false;
        for (int k = 0; k <= ESTIMATED; k++) {
            if (c->quant[sn_jpeg_natural[k]] == 0)
                return false;
            unfinished |= k > 0 && c->known[k] != 0;
        }
    }
    return unfinished;
}

static int weigh(const kernel *k, bool turned, int dc[5][5])
{
    int sum = 0;

    for (int v = 0; v < 5; v++)
        for (int u = 0; u < 5; u++)
            sum += (turned ? (*k)[u][v] : (*k)[v][u]) * dc[v][u];
    return sum;
}

/* num / (256 q), rounded, its magnitude below 2^bits when some bits are known. */
static int16_t quotient(int64_t num, int64_t q, int bits)
{
    int64_t v = ((q << 7) + (num < 0 ? -num : num)) / (q << 8);

    if (bits > 0)
        v = SN_MIN(v, ((int64_t)1 << bits) - 1);
    return (int16_t)(num < 0 ? -v : v);
}

static void smooth_block(const struct sn_jpeg_component *c, const int8_t *known, bool alone, int dc[5][5], int16_t *block)
{
    for (int k = 1; k <= ESTIMATED; k++) {
        const kernel *weights = alone ? estimate[k - 1].alone : estimate[k - 1].some;
        unsigned at = sn_jpeg_natural[k];

        if (weights && known[k] != 0 && block[at] == 0)
            block[at] = quotient((int64_t)c->quant[0] * weigh(weights, estimate[k - 1].turned, dc), c->quant[at], known[k]);
    }
    if (alone)
        block[0] = quotient(weigh(&alone_dc, false, dc), 1, 0);
}

/*
 * The rows of blocks two above to two below; k: of the MCU row's. The rule at the edges is that of
 * libjpeg-turbo 2.1, where the MCU rows next to the first and last count as edges for what is two away.
 */
static void rows_around(const struct sn_jpeg *d, const struct sn_jpeg_component *c, uint32_t mcu_row, uint32_t block_rows,
                        uint32_t k, const int16_t *row[5])
{
    uint32_t last = d->mcus_y - 1;
    const int16_t *here = c->coef + ((size_t)mcu_row * c->v + k) * c->row_blocks * 64;
    size_t step = (size_t)c->row_blocks * 64;

    row[2] = here;
    row[1] = k > 0 || mcu_row > 0 ? here - step : here;
    row[0] = k > 1 || mcu_row > 1 ? here - 2 * step : row[1];
    row[3] = k + 1 < block_rows || mcu_row < last ? here + step : here;
    row[4] = k + 2 < block_rows || mcu_row + 1 < last ? here + 2 * step : row[3];
}

/* Likewise sideways: the edge repeats, but right of a picture two blocks wide libjpeg-turbo 2.1 takes the first. */
static size_t column_around(const struct sn_jpeg_component *c, int64_t x)
{
    return (size_t)(x < 0 ? 0 : x < (int64_t)c->bw ? x : c->bw == 2 ? 0 : (int64_t)c->bw - 1);
}

void sn_jpeg_smooth_row(struct sn_jpeg *d, struct sn_jpeg_component *c, uint32_t mcu_row)
{
    uint32_t rest = c->bh % c->v, block_rows = mcu_row + 1 == d->mcus_y && rest ? rest : c->v;
    static const int8_t nothing[ESTIMATED + 1] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };
    /* below where the last scan broke off, what was known before it counts */
    const int8_t *known = mcu_row <= d->good_row ? c->known : d->scans > 1 ? c->known_before : nothing;
    bool alone = true;

    for (int k = 1; k <= ESTIMATED; k++)
        alone &= known[k] == -1;
    for (uint32_t k = 0; k < block_rows; k++) {
        const int16_t *row[5];

        rows_around(d, c, mcu_row, block_rows, k, row);
        for (uint32_t x = 0; x < c->bw; x++) {
            int16_t block[64];
            int dc[5][5];

            for (int v = 0; v < 5; v++)
                for (int u = 0; u < 5; u++)
                    dc[v][u] = row[v][64 * column_around(c, (int64_t)x + u - 2)];
            memcpy(block, row[2] + (size_t)64 * x, sizeof block);
            smooth_block(c, known, alone, dc, block);
            sn_jpeg_out_block(d, c, block, x, mcu_row * c->v + k);
        }
    }
}
