/*
 * conv_simd.h: conv2d as register tiles of NP pixels (of one output row) x TILE_OC channels, or where
 * rows are short of half as many pixels x 2 TILE_OC channels: per input channel, load the channel's
 * weights, broadcast NP inputs, multiply-add. The tap list is walked inside a chunk, so the accumulators
 * stay in registers for up to 64 * kh * kw steps; chunk totals wait in a small buffer in L1. Up to BLOCK
 * tiles pass through the chunks together: weights that come from memory come once for all of them.
 * A tile at the image's border takes each tap with those of its pixels only for which the tap lies inside.
 */
#include "kernels/simd/conv_walk_simd.h"

#include <limits.h>
#include <string.h>

TILES(tiles, TILE_V, SN_LANES)
TILES(tiles_stride2, TILE_V, 2 * SN_LANES)
/* bordered: one channel, or three */
TILES(tiles_gray, TILE_V, 1)
TILES(tiles_gray_stride2, TILE_V, 2)
TILES(tiles_colour, TILE_V, 3)
TILES(tiles_colour_stride2, TILE_V, 6)
#if TILE_OC > SN_LANES
TILES(tiles_half, TILE_V / 2, SN_LANES)
#else
#define tiles_half tiles
#endif
#if TILE_WIDE == 7
TILES_WIDE(tiles_wide, 2 * TILE_V, SN_LANES)
TILES_WIDE(tiles_wide_stride2, 2 * TILE_V, 2 * SN_LANES)
#else
#define tiles_wide tiles
#define tiles_wide_stride2 tiles_stride2
#endif

enum { LINES = 9 * SN_CHUNK }; /* a 3x3's */

/*
 * What one pass over n tiles adds up: of planes c0 <= c < c1 the kernel's rows kh0 <= kh < kh1 and columns kw0 <= kw
 * < kw1, all of them or one tap. w: the chunk's weights, tap: of one tap, in floats; ahead: from a weight to the one
 * in its place in the next pass. A bordered input's row of the kernel is one tap. run: by the number of pixels; width: the
 * channels of its sums.
 */
struct conv_pass {
    int c0, c1, kh0, kh1, kw0, kw1;
    const float *w;
    size_t tap, ahead, pace, width;
    tile_fn *const *run;
};

/* The tiles whose taps all lie inside the image: y0 <= y <= y1, x0 <= x and x + width <= x1, in pixels of the input. */
struct conv_inside {
    int y0, y1, x0, x1;
};

static struct tile_pass pass_over(const struct sn_conv2d *p, const struct conv_pass *pass, const struct tile_line *line, size_t n)
{
    return (struct tile_pass){ .line = line, .n = n, .gap = p->group_stride, .pace = pass->pace, .resumes = pass->kh0 + pass->kw0 > 0,
                               .waits = pass->kh1 < p->kh || pass->kw1 < p->kw, .first = pass->c0 == 0 };
}

static size_t pixel_floats(const struct sn_conv2d *p) { return p->bordered ? p->lanes[0] : SN_LANES; }
static size_t row_floats(const struct sn_conv2d *p) { return (size_t)(p->iw + (p->bordered ? 2 * p->pad_w : 0)) * pixel_floats(p); }

/* The lines of a tile inside the image; 0 where there is none, or too many lines. */
static size_t inside_lines(const struct sn_conv2d *p, const struct conv_pass *pass, struct conv_inside *in, struct tile_line *line)
{
    size_t n = 0;

    *in = (struct conv_inside){ 0, INT_MAX, 0, INT_MAX };
    if (p->bordered) {
        size_t lanes = (size_t)(p->kw * p->lanes[0]);

        for (int kh = 0; kh < p->kh; kh++, n++)
            line[n] = (struct tile_line){ (const float *)p->x[0] + (size_t)kh * row_floats(p), pass->w + n * pass->tap,
                                          pass->w + n * pass->tap + pass->ahead, lanes };
        return n;
    }
    if ((pass->kh1 - pass->kh0) * (pass->kw1 - pass->kw0) * (pass->c1 - pass->c0) > LINES)
        return 0;
    /* the lines of a tile at y0, x0, whose first tap is the image's first pixel */
    if (!no_rows(p))
        *in = (struct conv_inside){ p->pad_h - pass->kh0 * p->dil, p->ih - 1 + p->pad_h - (pass->kh1 - 1) * p->dil,
                                    p->pad_w - pass->kw0 * p->dil, p->iw - 1 + p->pad_w - (pass->kw1 - 1) * p->dil };
    if (in->y1 < in->y0 || in->x1 < in->x0)
        return 0;
    for (int kh = pass->kh0; kh < pass->kh1; kh++)
        for (int kw = pass->kw0; kw < pass->kw1; kw++) {
            size_t at = (size_t)((kh - pass->kh0) * p->dil) * (size_t)p->iw + (size_t)((kw - pass->kw0) * p->dil);
            const float *w = pass->w + (size_t)(kh * p->kw + kw) * pass->tap, *next = w + pass->ahead;

            for (int c = pass->c0; c < pass->c1; c++) {
                size_t lanes = p->lanes[c];

                line[n++] = (struct tile_line){ (const float *)p->x[c] + at * SN_LANES, w, next, lanes };
                w += lanes * SN_GROUP;
                next += lanes * pass->pace;
            }
        }
    return n;
}

/*
 * A tile at the image's border: a tap that lies outside for some of its pixels is multiplied with the others, as a smaller
 * tile; the sums wait in part in between.
 */
static void border_tile(const struct sn_conv2d *p, const struct conv_tile *t, const struct conv_pass *pass, size_t share, float *part, float *total)
{
    struct tile_line line[LINES];
    struct tile_pass now = pass_over(p, pass, line, 0);
    bool waits = now.waits;
    int from = 0, to = t->np; /* the pixels of the lines so far */

    if (!now.resumes)
        memset(part, 0, (size_t)t->np * pass->width * sizeof *part);
    now.resumes = now.waits = true;
    for (int kh = pass->kh0; kh < pass->kh1; kh++) {
        int y = t->oy * p->stride - p->pad_h + kh * p->dil;

        if (y < 0 || y >= p->ih)
            continue;
        for (int kw = pass->kw0; kw < pass->kw1; kw++) {
            int x = t->ox * p->stride - p->pad_w + kw * p->dil; /* of the first pixel */
            int first = SN_MAX((p->stride - 1 - x) / p->stride, 0), end = SN_MIN((p->iw - x + p->stride - 1) / p->stride, t->np);
            const float *w = pass->w + (size_t)(kh * p->kw + kw) * pass->tap, *next = w + pass->ahead;

            if (end <= first)
                continue;
            if (first != from || end != to || now.n + SN_CHUNK > LINES) {
                if (now.n > 0)
                    pass->run[to - from](&now, 0, share, part + (size_t)from * pass->width, NULL);
                now.n = 0;
                from = first;
                to = end;
            }
            for (int c = pass->c0; c < pass->c1; c++) {
                size_t lanes = p->lanes[c];

                line[now.n++] = (struct tile_line){ (const float *)p->x[c] + ((size_t)y * (size_t)p->iw + (size_t)(x + first * p->stride)) * SN_LANES,
                                                    w, next, lanes };
                w += lanes * SN_GROUP;
                next += lanes * pass->pace;
            }
        }
    }
    if (to - from < t->np) {
        pass->run[to - from](&now, 0, share, part + (size_t)from * pass->width, NULL);
        now.n = 0;
    }
    now.waits = waits;
    pass->run[t->np](&now, 0, share, part, total);
}

/*
 * One pass over n tiles; out: for each of `groups` weight groups. After the last, each tile's totals go out at once: what
 * that reads and writes passes while the next tile multiplies.
 */
static void conv_sum(const struct sn_conv2d *p, const struct conv_tile *t, int n, const struct conv_pass *pass, float part[][TILE_FLOATS],
                     float total[][TILE_FLOATS], struct conv_out *out, int groups)
{
    struct conv_inside in = { 0 };
    struct tile_line line[LINES];
    struct tile_pass over = pass_over(p, pass, line, inside_lines(p, pass, &in, line));
    size_t share = 0, row = row_floats(p), pixel = pixel_floats(p);
    bool last = pass->c1 == p->planes && pass->kh1 == p->kh && pass->kw1 == p->kw;

    for (int i = 0; i < n; i++, share += pass->tap / SN_GROUP * pass->pace) {
        int y = t[i].oy * p->stride, x = t[i].ox * p->stride;

        if (over.n > 0 && y >= in.y0 && y <= in.y1 && x >= in.x0 && x + (t[i].np - 1) * p->stride <= in.x1)
            pass->run[t[i].np](&over, (size_t)(y - in.y0) * row + (size_t)(x - in.x0) * pixel, share, part[i], total[i]);
        else
            border_tile(p, &t[i], pass, share, part[i], total[i]);
        for (int k = 0; k < (last ? groups : 0); k++)
            conv_finish(&t[i], &out[k], total[i] + k * TILE_FLOATS / 2);
    }
}

static tile_fn *const *which_tiles(const struct sn_conv2d *p, bool wide, bool half)
{
    if (p->bordered && p->lanes[0] == 1)
        return p->stride == 2 ? tiles_gray_stride2 : tiles_gray;
    if (p->bordered)
        return p->stride == 2 ? tiles_colour_stride2 : tiles_colour;
    if (wide)
        return p->stride == 2 ? tiles_wide_stride2 : tiles_wide;
    if (p->stride == 2)
        return tiles_stride2;
    return half ? tiles_half : tiles;
}

/* n tiles, all channels of weight group g; wide: and of the next. True when every sum stored was finite. */
static bool conv_block(const void *conv, const struct conv_tile *t, int n, int g, bool wide)
{
    const struct sn_conv2d *p = conv;
    _Alignas(64) float total[BLOCK][TILE_FLOATS], part[BLOCK][TILE_FLOATS];
    int quad = g / p->groups, groups = wide ? 2 : 1, taps = p->bordered ? p->kh : sn_conv_taps(p);
    bool finite = true;

    for (int channel = g % p->groups * SN_GROUP, end = SN_MIN(channel + SN_GROUP, p->oc); channel < end; channel += TILE_OC) {
        /* of at most 16 of a group's channels (a segmentation's last layer), a tile as wide as a group would multiply zeros */
        bool half = end - channel <= SN_LANES && p->stride != 2;
        const float *w = (const float *)p->w + (size_t)g * p->group_stride + channel % SN_GROUP;
        struct conv_pass pass = { .pace = SN_GROUP / (size_t)n,
                                  .run = which_tiles(p, wide, half),
                                  .width = wide ? 2 * TILE_OC : half ? SN_MIN(SN_LANES, TILE_OC) : TILE_OC };
        struct conv_out out[2] = { conv_out(p, channel, quad), conv_out(p, wide ? channel + SN_GROUP : channel, quad) };

        for (; pass.c0 < p->planes; pass.c0 = pass.c1, w += (size_t)taps * pass.tap) {
            pass.c1 = SN_MIN(pass.c0 + SN_CHUNK, p->planes);
            pass.tap = 0;
            for (int c = pass.c0; c < pass.c1; c++)
                pass.tap += (size_t)(p->bordered ? p->kw * p->lanes[c] : p->lanes[c]) * SN_GROUP;
            pass.w = w + (size_t)sn_conv_first(p) * pass.tap;
            pass.kh0 = pass.kw0 = 0;
            pass.kh1 = p->kh;
            pass.kw1 = p->kw;
            pass.ahead = (size_t)taps * pass.tap;
            /* short tiles read a chunk's weights faster than the second-level cache gives them: a tap's stay in the first */
            for (int tap = 0; tap < (wide ? p->kh * p->kw : 1); tap++) {
                if (wide) {
                    pass.kh0 = tap / p->kw;
                    pass.kh1 = pass.kh0 + 1;
                    pass.kw0 = tap % p->kw;
                    pass.kw1 = pass.kw0 + 1;
                    pass.ahead = pass.tap;
                }
                conv_sum(p, t, n, &pass, part, total, out, groups);
            }
        }
        finite &= v_all_finite(v_add(out[0].finite, out[1].finite));
    }
    return finite;
}

bool SN_SIMD(conv2d)(const struct sn_conv2d *p, const struct sn_conv_span *span)
{
    bool finite = true;

    for (int g = span->g0, groups; g < span->g1; g += groups) {
        /* short rows do not fill a tile: two groups at once do */
        groups = (no_rows(p) ? p->oh * p->ow : p->ow) <= TILE_WIDE && p->up == 1 && !p->bordered && g + 1 < span->g1 ? 2 : 1;
        finite &= conv_walk(p, span, g, groups == 2, conv_block, p);
    }
    return finite;
}
