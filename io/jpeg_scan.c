/* jpeg_scan.c: the coded data of a scan: cut at markers, unstuffed, decoded MCU by MCU. */
#include <stdlib.h>

#include "io/jpeg_parts.h"

/* ---- segments ------------------------------------------------------------------------------- */

/*
 * Copies the coded bytes from in.pos up to the next marker, FF 00 as FF; any number of FF may stand
 * before the 00 or the marker's code. Leaves the code in d->marker and in.pos behind it.
 */
static int load_segment(struct sn_jpeg *d)
{
    const uint8_t *p = d->in.data + d->in.pos, *end = d->in.data + d->in.size;
    uint8_t *out = d->segment;

    d->segment_at = d->in.pos;
    d->marker = 0;
    while (p < end) {
        const uint8_t *ff = memchr(p, 0xff, (size_t)(end - p)), *q;
        size_t n = (size_t)((ff ? ff : end) - p);

        memcpy(out, p, n);
        out += n;
        if (!ff)
            break;
        for (q = ff + 1; q < end && *q == 0xff;)
            q++;
        p = q + 1;
        if (q == end)
            break;
        if (*q != 0) {
            d->marker = *q;
            break;
        }
        *out++ = 0xff;
    }
    memset(out, 0, SN_JPEG_SEG_PAD);
    d->bits = (struct sn_jpeg_bits){ .data = d->segment, .size = (size_t)(out - d->segment) };
    d->in.pos = d->marker ? (size_t)(p - d->in.data) : d->in.size;
    if (!d->marker) {
        d->marker = SN_JM_EOI;
        return sn_jpeg_damage(d, d->in.size, "file ends in the picture data, before an end of image");
    }
    return SN_OK;
}

size_t sn_jpeg_where(const struct sn_jpeg *d)
{
    size_t used = SN_MIN((d->bits.pos * 8 - d->bits.count) / 8, d->bits.size), at = d->segment_at;

    while (used-- && at + 1 < d->in.size)
        at += d->in.data[at] == 0xff && d->in.data[at + 1] == 0 ? 2 : 1;
    return SN_MIN(at, d->in.size);
}

int sn_jpeg_scan_begin(struct sn_jpeg *d)
{
    if (!d->segment) {
        d->segment = malloc(d->in.size - d->in.pos + SN_JPEG_SEG_PAD);
        if (!d->segment)
            return SN_NOMEM(d->err, "JPEG data");
    }
    d->next_restart = 0;
    d->to_restart = d->restart_interval;
    d->eobrun = 0;
    d->starved = d->bad = false;
    for (int i = 0; i < d->scan.n; i++)
        d->scan.comp[i]->pred = 0;
    return load_segment(d);
}

/* Up to seven bytes more than needed are common; djpeg does not notice them either. */
int sn_jpeg_scan_end(struct sn_jpeg *d)
{
    size_t used = (d->bits.pos * 8 - d->bits.count + 7) / 8;

    if (!d->starved && d->bits.size > used + 7)
        return sn_jpeg_damage(d, sn_jpeg_where(d), "%zu bytes of picture data too many before marker ff%02x",
                              d->bits.size - used, d->marker);
    return SN_OK;
}

/*
 * A marker that is not the expected restart. As libjpeg: one of the next two means that segments were
 * lost, so this one passes empty; one of the last two, or what is no marker, is skipped; any other
 * restart is taken for the expected one; anything else ends the scan. True: a segment may be loaded.
 */
static bool resynchronise(struct sn_jpeg *d)
{
    for (;;) {
        unsigned m = d->marker, ahead = (m - d->next_restart) & 7;

        if (m >= SN_JM_RST0 && m <= SN_JM_RST7) {
            if (ahead == 1 || ahead == 2)
                return false;
            if (ahead != 6 && ahead != 7)
                return true;
        } else if (m >= SN_JM_SOF0) {
            return false;
        }
        if (sn_jpeg_next_marker(d) != SN_OK)
            return false;
    }
}

int sn_jpeg_restart(struct sn_jpeg *d)
{
    bool go_on = d->marker == SN_JM_RST0 + d->next_restart;

    SN_TRY(sn_jpeg_scan_end(d));
    if (!go_on) {
        SN_TRY(sn_jpeg_damage(d, d->in.pos - 2, "marker ff%02x where restart ff%02x is due", d->marker,
                              SN_JM_RST0 + d->next_restart));
        go_on = resynchronise(d);
    }
    d->next_restart = (d->next_restart + 1) & 7;
    d->to_restart = d->restart_interval;
    d->eobrun = 0;
    for (int i = 0; i < d->scan.n; i++)
        d->scan.comp[i]->pred = 0;
    if (go_on) {
        d->starved = false;
        return load_segment(d);
    }
    d->bits = (struct sn_jpeg_bits){ .data = d->segment };
    memset(d->segment, 0, SN_JPEG_SEG_PAD);
    return SN_OK;
}

int sn_jpeg_mcu_failed(struct sn_jpeg *d, uint32_t x, uint32_t y)
{
    size_t at;

    if (sn_jpeg_bits_over(&d->bits)) {
        at = d->in.pos; /* of the marker that came too early */
        d->starved = true;
        d->bad = false;
        return sn_jpeg_damage(d, at, "picture data end at MCU %u of row %u", x, y);
    }
    at = sn_jpeg_where(d);
    d->bad = false;
    return sn_jpeg_damage(d, at, "impossible code in MCU %u of row %u", x, y);
}

/* ---- blocks --------------------------------------------------------------------------------- */

static void one_block(struct sn_jpeg *d, int k, int16_t *block)
{
    const struct sn_jpeg_scan *s = &d->scan;

    if (d->info.process == SN_JPEG_PROGRESSIVE)
        sn_jpeg_prog_block(d, k, block);
    else
        sn_jpeg_block(&d->bits, &d->dc[s->td[k]], &d->ac[s->ta[k]], &s->comp[k]->pred, block, &d->bad);
}

/* A scan of one component: its own blocks, row by row. */
static int scan_alone(struct sn_jpeg *d)
{
    struct sn_jpeg_component *c = d->scan.comp[0];

    for (uint32_t y = 0; y < c->bh; y++) {
        for (uint32_t x = 0; x < c->bw; x++) {
            SN_TRY(sn_jpeg_mcu_begin(d));
            if (d->starved)
                continue;
            d->good_row = y / c->v;
            one_block(d, 0, c->coef + ((size_t)y * c->row_blocks + x) * 64);
            SN_TRY(sn_jpeg_mcu_end(d, x, y));
        }
    }
    return SN_OK;
}

static void interleaved_mcu(struct sn_jpeg *d, uint32_t x, uint32_t y)
{
    for (int k = 0; k < d->scan.n; k++) {
        struct sn_jpeg_component *c = d->scan.comp[k];

        for (uint32_t v = 0; v < c->v; v++)
            for (uint32_t h = 0; h < c->h; h++)
                one_block(d, k, c->coef + (((size_t)y * c->v + v) * c->row_blocks + (size_t)x * c->h + h) * 64);
    }
}

int sn_jpeg_scan_blocks(struct sn_jpeg *d)
{
    if (d->scan.n == 1)
        return scan_alone(d);
    for (uint32_t y = 0; y < d->mcus_y; y++) {
        for (uint32_t x = 0; x < d->mcus_x; x++) {
            SN_TRY(sn_jpeg_mcu_begin(d));
            if (d->starved)
                continue;
            d->good_row = y;
            interleaved_mcu(d, x, y);
            SN_TRY(sn_jpeg_mcu_end(d, x, y));
        }
    }
    return SN_OK;
}

/* ---- the only scan, straight to pixels ------------------------------------------------------ */

static void pass_block(struct sn_jpeg *d, int k, uint32_t bx, uint32_t by)
{
    struct sn_jpeg_component *c = d->scan.comp[k];
    int16_t block[64] = { 0 };

    if (!d->starved)
        sn_jpeg_block(&d->bits, &d->dc[d->scan.td[k]], &d->ac[d->scan.ta[k]], &c->pred, block, &d->bad);
    sn_jpeg_out_block(d, c, block, bx, by);
}

static int pass_row_alone(struct sn_jpeg *d, uint32_t row)
{
    struct sn_jpeg_component *c = d->scan.comp[0];
    uint32_t end = SN_MIN((row + 1) * c->v, c->bh);

    for (uint32_t y = row * c->v; y < end; y++) {
        for (uint32_t x = 0; x < c->bw; x++) {
            SN_TRY(sn_jpeg_mcu_begin(d));
            pass_block(d, 0, x, y);
            SN_TRY(d->starved ? SN_OK : sn_jpeg_mcu_end(d, x, y));
        }
    }
    return SN_OK;
}

static int pass_row(struct sn_jpeg *d, uint32_t row)
{
    for (uint32_t x = 0; x < d->mcus_x; x++) {
        bool starved;

        SN_TRY(sn_jpeg_mcu_begin(d));
        starved = d->starved;
        for (int k = 0; k < d->scan.n; k++) {
            const struct sn_jpeg_component *c = d->scan.comp[k];

            for (uint32_t v = 0; v < c->v; v++)
                for (uint32_t h = 0; h < c->h; h++)
                    pass_block(d, k, x * c->h + h, row * c->v + v);
        }
        SN_TRY(starved ? SN_OK : sn_jpeg_mcu_end(d, x, row));
    }
    return SN_OK;
}

int sn_jpeg_one_pass(struct sn_jpeg *d)
{
    for (uint32_t row = 0; row < d->mcus_y; row++) {
        SN_TRY(d->scan.n == 1 ? pass_row_alone(d, row) : pass_row(d, row));
        sn_jpeg_out_mcu_row(d, row);
    }
    return SN_OK;
}
