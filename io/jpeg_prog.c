/* jpeg_prog.c: the blocks of progressive scans (T.81 annex G). */
#include "io/jpeg_parts.h"

/* A scan that ends the run of end-of-block it is in. */
static unsigned eob_run(struct sn_jpeg_bits *b, unsigned r)
{
    return (1u << r) + (r ? sn_jpeg_get(b, r) : 0);
}

static void dc_first(struct sn_jpeg *d, int k, int16_t *block)
{
    struct sn_jpeg_component *c = d->scan.comp[k];
    unsigned size;
    int diff = 0;

    sn_jpeg_need(&d->bits);
    size = sn_jpeg_symbol(&d->bits, &d->dc[d->scan.td[k]], &d->bad);
    if (size)
        diff = sn_jpeg_extend(sn_jpeg_get(&d->bits, size), size);
    c->pred = (int)((unsigned)c->pred + (unsigned)diff);
    block[0] = (int16_t)((unsigned)c->pred << d->scan.al);
}

static void dc_refine(struct sn_jpeg *d, int16_t *block)
{
    sn_jpeg_need(&d->bits);
    if (sn_jpeg_get(&d->bits, 1))
        block[0] = (int16_t)(block[0] | 1 << d->scan.al);
}

static void ac_first(struct sn_jpeg *d, int16_t *block)
{
    const struct sn_jpeg_huff *t = &d->ac[d->scan.ta[0]];
    struct sn_jpeg_bits *b = &d->bits;
    unsigned k = d->scan.ss;

    if (d->eobrun) {
        d->eobrun--;
        return;
    }
    while (k <= d->scan.se) {
        unsigned symbol, size;

        sn_jpeg_need(b);
        symbol = sn_jpeg_symbol(b, t, &d->bad);
        size = symbol & 15;
        if (size) {
            k += symbol >> 4;
            block[sn_jpeg_natural[k++]] =
                (int16_t)((unsigned)sn_jpeg_extend(sn_jpeg_get(b, size), size) << d->scan.al);
        } else if (symbol == 0xf0) {
            k += 16;
        } else {
            d->eobrun = eob_run(b, symbol >> 4) - 1;
            return;
        }
    }
    d->bad |= k > d->scan.se + 1u;
}

/* A correction bit for a coefficient that is not zero: one more bit of magnitude, once. */
static void correct(struct sn_jpeg *d, int16_t *c)
{
    int bit = 1 << d->scan.al;

    sn_jpeg_need(&d->bits);
    if (sn_jpeg_get(&d->bits, 1) && !(*c & bit))
        *c = (int16_t)(*c >= 0 ? *c + bit : *c - bit);
}

static void ac_refine(struct sn_jpeg *d, int16_t *block)
{
    const struct sn_jpeg_huff *t = &d->ac[d->scan.ta[0]];
    unsigned k = d->scan.ss, se = d->scan.se;

    while (d->eobrun == 0 && k <= se) {
        unsigned symbol;
        int run, fresh = 0;

        sn_jpeg_need(&d->bits);
        symbol = sn_jpeg_symbol(&d->bits, t, &d->bad);
        run = (int)(symbol >> 4);
        if (symbol & 15) {
            d->bad |= (symbol & 15) != 1; /* a new coefficient has magnitude 1 here */
            fresh = sn_jpeg_get(&d->bits, 1) ? 1 << d->scan.al : -(1 << d->scan.al);
        } else if (run != 15) {
            d->eobrun = eob_run(&d->bits, (unsigned)run);
            break;
        }
        /* past `run` zeros, correcting what is not zero on the way, to the zero that becomes `fresh` */
        for (; k <= se; k++) {
            int16_t *c = &block[sn_jpeg_natural[k]];

            if (*c)
                correct(d, c);
            else if (--run < 0)
                break;
        }
        if (fresh)
            block[sn_jpeg_natural[k]] = (int16_t)fresh;
        d->bad |= fresh && k > se;
        k++;
    }
    if (d->eobrun == 0)
        return;
    for (; k <= se; k++) {
        int16_t *c = &block[sn_jpeg_natural[k]];

        if (*c)
            correct(d, c);
    }
    d->eobrun--;
}

void sn_jpeg_prog_block(struct sn_jpeg *d, int k, int16_t *block)
{
    const struct sn_jpeg_scan *s = &d->scan;

    if (s->ss == 0) {
        if (s->ah == 0)
            dc_first(d, k, block);
        else
            dc_refine(d, block);
    } else if (s->ah == 0) {
        ac_first(d, block);
    } else {
        ac_refine(d, block);
    }
}

/* T.81 G.1.1.1: one band of one component, or DC alone; each bit after the one above it. */
int sn_jpeg_prog_check(struct sn_jpeg *d)
{
    const struct sn_jpeg_scan *s = &d->scan;
    bool dc = s->ss == 0;

    if ((dc ? s->se != 0 : s->ss > s->se || s->se > 63 || s->n != 1) || (s->ah != 0 && s->al != s->ah - 1) ||
        s->al > 13)
        return SN_FAIL(d->err, SN_EFORMAT,
                       "jpeg: scan at byte %zu: %d components, coefficients %u to %u, bits %u to %u: no progressive scan",
                       s->at, s->n, s->ss, s->se, s->ah, s->al);
    for (int i = 0; i < s->n; i++) {
        int8_t *known = s->comp[i]->known;

        if (!dc && known[0] < 0)
            SN_TRY(sn_jpeg_damage(d, s->at, "scan of AC coefficients before any DC"));
        for (int k = SN_MIN(s->ss, 1); k <= SN_MAX(s->se, 9); k++) /* 9: all that smoothing asks for */
            s->comp[i]->known_before[k] = d->scans > 0 ? known[k] : 0;
        for (int k = s->ss; k <= s->se; k++) {
            if (s->ah != (known[k] < 0 ? 0 : known[k]))
                SN_TRY(sn_jpeg_damage(d, s->at, "scan refines coefficient %d from bit %u, known to bit %d", k, s->ah,
                                      known[k]));
            known[k] = (int8_t)s->al;
        }
    }
    return SN_OK;
}
