/*
 * jpeg_lossless.c: process 14 (T.81 annex H): each sample is predicted from its neighbours a (left),
 * b (above), c (above left); the difference is Huffman coded, all modulo 2^16. A first row, also
 * after a restart, is predicted from the left, and its first sample as half the range.
 */
#include <stdlib.h>

#include "io/jpeg_parts.h"

struct lossless {
    struct sn_jpeg *d;
    uint32_t *row[4], *above[4]; /* [width] samples before the point transform is undone */
    uint16_t *wide;
    uint8_t *narrow;
};

static int predict(unsigned how, int a, int b, int c)
{
    switch (how) {
    case 1: return a;
    case 2: return b;
    case 3: return c;
    case 4: return a + b - c;
    case 5: return a + ((b - c) >> 1);
    case 6: return b + ((a - c) >> 1);
    default: return (a + b) >> 1;
    }
}

static int difference(struct sn_jpeg *d, int k)
{
    unsigned size;

    sn_jpeg_need(&d->bits);
    size = sn_jpeg_symbol(&d->bits, &d->dc[d->scan.td[k]], &d->bad);
    if (size == 0 || size == 16) /* no extra bits: 0 and 32768 (H.1.2.2) */
        return size ? 32768 : 0;
    return sn_jpeg_extend(sn_jpeg_get(&d->bits, size), size);
}

/* A row of all the scan's components; `first`: predicted from the left alone. */
static int decode_row(struct lossless *l, uint32_t y, bool first)
{
    struct sn_jpeg *d = l->d;
    int half = 1 << (d->info.precision - d->scan.al - 1);

    for (uint32_t x = 0; x < d->info.width; x++) {
        SN_TRY(sn_jpeg_mcu_begin(d));
        if (d->starved) {
            for (int k = 0; k < d->scan.n; k++)
                l->row[k][x] = 0;
            continue;
        }
        for (int k = 0; k < d->scan.n; k++) {
            uint32_t *r = l->row[k], *up = l->above[k];
            int pred;

            if (x == 0)
                pred = first ? half : (int)up[0];
            else if (first)
                pred = (int)r[x - 1];
            else
                pred = predict(d->scan.ss, (int)r[x - 1], (int)up[x], (int)up[x - 1]);
            r[x] = (uint32_t)(pred + difference(d, k)) & 0xffff;
        }
        SN_TRY(sn_jpeg_mcu_end(d, x, y));
    }
    return SN_OK;
}

static void store_row(struct lossless *l, int k, uint32_t y)
{
    struct sn_jpeg *d = l->d;
    size_t step = (size_t)d->info.components, at = (size_t)y * d->info.width * step + (size_t)(d->scan.comp[k] - d->comp);
    uint32_t max = (1u << d->info.precision) - 1, full = l->wide ? 65535 : 255;

    for (uint32_t x = 0; x < d->info.width; x++, at += step) {
        uint32_t v = (l->row[k][x] << d->scan.al) & 0xffff;

        if (d->opt.full_range && max != full)
            v = SN_MIN((v * full + max / 2) / max, full);
        if (l->wide)
            l->wide[at] = (uint16_t)v;
        else
            l->narrow[at] = (uint8_t)v;
    }
}

static int decode_scan(struct lossless *l)
{
    struct sn_jpeg *d = l->d;

    for (uint32_t y = 0; y < d->info.height; y++) {
        bool first = y == 0 || (d->restart_interval && d->to_restart == 0);

        SN_TRY(decode_row(l, y, first));
        for (int k = 0; k < d->scan.n; k++) {
            uint32_t *t = l->row[k];

            store_row(l, k, y);
            l->row[k] = l->above[k];
            l->above[k] = t;
        }
    }
    return SN_OK;
}

int sn_jpeg_lossless_check(struct sn_jpeg *d)
{
    const struct sn_jpeg_scan *s = &d->scan;

    if (s->ss < 1 || s->ss > 7 || s->se != 0 || s->ah != 0 || s->al >= d->info.precision)
        return SN_FAIL(d->err, SN_EFORMAT, "jpeg: lossless scan at byte %zu: predictor %u, point transform %u of %d bits", s->at,
                       s->ss, s->al, d->info.precision);
    if (s->n > 1 && (s->comp[0]->h != 1 || s->comp[0]->v != 1))
        return SN_FAIL(d->err, SN_EUNSUPPORTED, "jpeg: lossless scan at byte %zu: sampling factors %u x %u are not read", s->at,
                       s->comp[0]->h, s->comp[0]->v);
    if (d->restart_interval % d->info.width)
        return SN_FAIL(d->err, SN_EFORMAT, "jpeg: lossless scan at byte %zu: restart interval %u is not whole rows of %u", s->at,
                       d->restart_interval, d->info.width);
    return SN_OK;
}

int sn_jpeg_lossless(struct sn_jpeg *d)
{
    struct lossless l = { .d = d };
    uint32_t *rows;
    int rc;

    rows = calloc((size_t)d->info.width * 8, sizeof *rows);
    if (!rows)
        return SN_NOMEM(d->err, "JPEG rows");
    for (int k = 0; k < 4; k++) {
        l.row[k] = rows + (size_t)d->info.width * (unsigned)(2 * k);
        l.above[k] = l.row[k] + d->info.width;
    }
    if (d->im->depth == 16)
        l.wide = d->im->data;
    else
        l.narrow = d->im->data;
    rc = decode_scan(&l);
    free(rows);
    return rc;
}
