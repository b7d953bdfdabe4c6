/*
 * jpeg.c: JPEG reader (ITU-T T.81): the order of things.
 *
 * A sequential stream whose first scan holds all components is decoded straight to pixels; others
 * keep all coefficients until the last scan. Strict: whatever djpeg would warn about is an error with
 * its byte position. Lenient: the first such thing is noted and decoding goes on as djpeg's does;
 * what djpeg gives up on ends the picture, if any scan was read before.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/jpeg_parts.h"

int sn_jpeg_damage(struct sn_jpeg *d, size_t at, const char *fmt, ...)
{
    char what[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (!d->opt.lenient)
        return SN_FAIL(d->err, SN_EFORMAT, "jpeg: byte %zu: %s (lenient reading would go on)", at, what);
    if (!d->damage[0])
        snprintf(d->damage, sizeof d->damage, "byte %zu: %.70s", at, what);
    return SN_OK;
}

/* As libjpeg: JFIF says YCbCr, then Adobe's marker, then the identifiers R, G, B. */
static void decide_colour(struct sn_jpeg *d)
{
    struct sn_jpeg_info *f = &d->info;

    if (f->components == 4)
        f->ycc = f->adobe_transform > 0;
    else if (f->components != 3)
        f->ycc = false;
    else if (f->process == SN_JPEG_LOSSLESS)
        f->ycc = f->adobe_transform == 1 && f->precision == 8;
    else if (f->jfif)
        f->ycc = true;
    else if (f->adobe_transform >= 0)
        f->ycc = f->adobe_transform != 0;
    else
        f->ycc = memcmp(f->id, "RGB", 3) != 0;
}

/* ---- bounds --------------------------------------------------------------------------------- */

/*
 * A block takes at least one bit (progressive: of its DC scan) or two (sequential: DC, end of block), a
 * lossless sample one. Who claims more than the file can hold is refused before memory is spent.
 * Lenient files may lack data, but then 2^16 blocks (4 Mpixel of grey) are the most they may claim.
 */
static int check_claim(struct sn_jpeg *d)
{
    const struct sn_jpeg_info *f = &d->info;
    uint64_t bits = (uint64_t)sn_left(&d->in) * 8, need = 0;

    for (int i = 0; i < f->components; i++)
        need += f->process == SN_JPEG_LOSSLESS ? (uint64_t)f->width * f->height : (uint64_t)d->comp[i].bw * d->comp[i].bh;
    if (d->opt.lenient && need <= 1u << (f->process == SN_JPEG_LOSSLESS ? 22 : 16))
        return SN_OK;
    if (f->process == SN_JPEG_BASELINE || f->process == SN_JPEG_EXTENDED)
        bits /= 2;
    if (need > bits)
        return SN_FAIL(d->err, SN_EFORMAT, "jpeg: %zu bytes behind the header at byte %zu cannot hold a picture of %u x %u pixels",
                       sn_left(&d->in), d->sof_at, f->width, f->height);
    return SN_OK;
}

/* Scans without data cost time, not bytes: at most 64 visits a block, or a second's worth. */
static int check_work(struct sn_jpeg *d)
{
    uint64_t all = 0;

    for (int i = 0; i < d->info.components; i++)
        all += (uint64_t)d->comp[i].row_blocks * d->mcus_y * d->comp[i].v;
    for (int k = 0; k < d->scan.n; k++)
        d->work += (uint64_t)d->scan.comp[k]->row_blocks * d->mcus_y * d->scan.comp[k]->v;
    if (d->scans >= SN_JPEG_MAX_SCANS || d->work > 64 * all + (1u << 24))
        return SN_FAIL(d->err, SN_ELIMIT, "jpeg: scan at byte %zu is number %d of a picture of %u x %u pixels, more than we read",
                       d->scan.at, d->scans + 1, d->info.width, d->info.height);
    return SN_OK;
}

/* ---- a scan --------------------------------------------------------------------------------- */

static int need_table(struct sn_jpeg *d, struct sn_jpeg_huff *tables, unsigned id, unsigned max_symbol, bool values)
{
    const char *kind = tables == d->dc ? "DC" : "AC";

    if (id > 3 || !tables[id].defined)
        return SN_FAIL(d->err, SN_EFORMAT, "jpeg: scan at byte %zu uses %s Huffman table %u, which is not defined", d->scan.at,
                       kind, id);
    if (!sn_jpeg_huff_prepare(&tables[id], max_symbol, values))
        return SN_FAIL(d->err, SN_EFORMAT, "jpeg: scan at byte %zu uses %s Huffman table %u, which is no prefix code of such symbols",
                       d->scan.at, kind, id);
    return SN_OK;
}

static int prepare_tables(struct sn_jpeg *d)
{
    const struct sn_jpeg_scan *s = &d->scan;
    bool progressive = d->info.process == SN_JPEG_PROGRESSIVE, lossless = d->info.process == SN_JPEG_LOSSLESS;
    bool dc = !progressive || (s->ss == 0 && s->ah == 0), ac = progressive ? s->ss > 0 : !lossless;

    for (int k = 0; k < s->n; k++) {
        if (dc)
            SN_TRY(need_table(d, d->dc, s->td[k], lossless ? 16 : 15, !progressive && !lossless));
        if (ac)
            SN_TRY(need_table(d, d->ac, s->ta[k], 255, !progressive));
    }
    return SN_OK;
}

/* A component keeps the quantisation table it has at its first scan (B.2.4.1). */
static int latch_quant(struct sn_jpeg *d)
{
    for (int k = 0; k < d->scan.n; k++) {
        struct sn_jpeg_component *c = d->scan.comp[k];

        if (c->latched)
            continue;
        if (c->tq > 3 || !d->has_quant[c->tq])
            return SN_FAIL(d->err, SN_EFORMAT, "jpeg: scan at byte %zu uses quantisation table %u, which is not defined", d->scan.at,
                           c->tq);
        memcpy(c->quant, d->quant[c->tq], sizeof c->quant);
        c->latched = true;
    }
    return SN_OK;
}

static int prepare_scan(struct sn_jpeg *d)
{
    const struct sn_jpeg_scan *s = &d->scan;

    SN_TRY(check_work(d));
    if (d->info.process == SN_JPEG_LOSSLESS) {
        SN_TRY(sn_jpeg_lossless_check(d));
        return prepare_tables(d);
    }
    SN_TRY(latch_quant(d));
    if (d->info.process == SN_JPEG_PROGRESSIVE)
        SN_TRY(sn_jpeg_prog_check(d));
    else if (s->ss != 0 || s->se != 63 || s->ah != 0 || s->al != 0)
        SN_TRY(sn_jpeg_damage(d, s->at, "sequential scan with progressive parameters"));
    return prepare_tables(d);
}

static int allocate(struct sn_jpeg *d, bool buffered)
{
    const struct sn_jpeg_info *f = &d->info;

    if (d->opt.colour != SN_JPEG_COMPONENTS && (f->components == 2 || (f->components == 4 && f->process == SN_JPEG_LOSSLESS)))
        return SN_FAIL(d->err, SN_EUNSUPPORTED, "jpeg: frame at byte %zu: %d%s components have no known colours", d->sof_at,
                       f->components, f->process == SN_JPEG_LOSSLESS ? " lossless" : "");
    if (f->process == SN_JPEG_LOSSLESS)
        return sn_image_alloc(d->im, f->width, f->height, f->components, f->precision > 8 ? 16 : 8, d->err);
    for (int i = 0; buffered && i < f->components; i++) {
        struct sn_jpeg_component *c = &d->comp[i];

        c->coef = calloc((size_t)c->row_blocks * d->mcus_y * c->v, 64 * sizeof *c->coef);
        if (!c->coef)
            return SN_NOMEM(d->err, "JPEG coefficients");
    }
    return sn_jpeg_out_begin(d);
}

static int decode_scan(struct sn_jpeg *d, bool buffered)
{
    SN_TRY(prepare_scan(d));
    SN_TRY(sn_jpeg_scan_begin(d));
    d->scans++;
    if (d->info.process == SN_JPEG_LOSSLESS)
        SN_TRY(sn_jpeg_lossless(d));
    else
        SN_TRY(buffered ? sn_jpeg_scan_blocks(d) : sn_jpeg_one_pass(d));
    return sn_jpeg_scan_end(d);
}

/* ---- the picture ---------------------------------------------------------------------------- */

static int all_scans(struct sn_jpeg *d, bool buffered)
{
    while (d->marker == SN_JM_SOS) {
        if (d->scans && !buffered && d->info.process != SN_JPEG_LOSSLESS)
            return SN_FAIL(d->err, SN_EFORMAT, "jpeg: a further scan at byte %zu, after one of all components", d->scan.at);
        SN_TRY(decode_scan(d, buffered));
        for (int k = 0; k < d->scan.n; k++)
            d->scan.comp[k]->latched = true;
        SN_TRY(sn_jpeg_headers(d));
    }
    for (int i = 0; i < d->info.components; i++)
        if (!d->comp[i].latched)
            SN_TRY(sn_jpeg_damage(d, d->in.pos, "component %d has no scan", i + 1));
    return SN_OK;
}

static int to_first_scan(struct sn_jpeg *d)
{
    SN_TRY(sn_jpeg_soi(d));
    SN_TRY(sn_jpeg_headers(d));
    if (d->marker != SN_JM_SOS)
        return SN_FAIL(d->err, SN_EFORMAT, "jpeg: no picture before the end at byte %zu", d->in.pos);
    decide_colour(d);
    if (d->info.process == SN_JPEG_BASELINE || d->info.process == SN_JPEG_EXTENDED)
        sn_jpeg_huff_standard(d);
    return SN_OK;
}

static void describe(struct sn_jpeg *d)
{
    static const char *const process[] = { "baseline", "extended sequential", "progressive", "lossless" };
    static const char *const plain[] = { "grey", "two components", "RGB", "CMYK" };
    const struct sn_jpeg_info *f = &d->info;
    struct sn_image *im = d->im;

    strcpy(im->format, "jpeg");
    im->orientation = f->orientation;
    im->damaged = d->damage[0] != 0;
    if (im->damaged) {
        im->warnings |= SN_WARN_DAMAGED;
        sn_image_note(im, "DAMAGED (%s)", d->damage);
    }
    sn_image_note(im, "%s, %d-bit %s", process[f->process], f->precision,
                  !f->ycc ? plain[f->components - 1] : f->components == 4 ? "YCCK" : "YCbCr");
    if (f->components > 1 && d->max_h * d->max_v > 1) {
        sn_image_note(im, "sampled %dx%d", f->h[0], f->v[0]);
        for (int i = 1; i < f->components; i++)
            sn_image_note(im, "%dx%d", f->h[i], f->v[i]);
    }
    if (f->orientation != 1)
        sn_image_note(im, "EXIF orientation %d", f->orientation);
    if (sn_left(&d->in))
        sn_image_note(im, "%zu bytes after the end ignored", sn_left(&d->in));
}

static int lossless_colour(struct sn_jpeg *d)
{
    uint8_t *p = d->im->data;
    size_t n = (size_t)d->info.width * d->info.height;

    if (d->info.process != SN_JPEG_LOSSLESS || d->im->depth != 8 || d->info.components != 3 ||
        d->opt.colour == SN_JPEG_COMPONENTS || (!d->info.ycc && d->opt.colour != SN_JPEG_YCC))
        return SN_OK;
    for (size_t i = 0; i < n; i++, p += 3) {
        uint8_t y = p[0], cb = p[1], cr = p[2];

        sn_jpeg_ycc_ref(&y, &cb, &cr, 1, p);
    }
    return SN_OK;
}

static int decode(struct sn_jpeg *d)
{
    bool buffered;
    int rc;

    SN_TRY(to_first_scan(d));
    buffered = d->info.process == SN_JPEG_PROGRESSIVE ||
               (d->info.process != SN_JPEG_LOSSLESS && d->scan.n < d->info.components);
    SN_TRY(check_claim(d));
    SN_TRY(allocate(d, buffered));
    rc = all_scans(d, buffered);
    if (rc && (!d->opt.lenient || d->scans == 0 || rc == SN_ENOMEM))
        return rc;
    if (rc)
        SN_TRY(sn_jpeg_damage(d, d->in.pos, "given up: %s", d->err->msg));
    if (buffered)
        sn_jpeg_out_all(d);
    SN_TRY(lossless_colour(d));
    describe(d);
    return SN_OK;
}

static int with_decoder(const void *data, size_t size, const struct sn_jpeg_options *opt, struct sn_image *im,
                        struct sn_jpeg_info *info, struct sn_error *err)
{
    struct sn_error own = { 0 };
    struct sn_jpeg *d = calloc(1, sizeof *d);
    int rc;

    if (!d)
        return SN_NOMEM(err, "JPEG decoder");
    d->in.data = data;
    d->in.size = size;
    if (opt)
        d->opt = *opt;
    d->err = err ? err : &own;
    d->im = im;
    d->info.adobe_transform = -1;
    d->info.orientation = 1;
    d->max_h = d->max_v = 1;
    sn_jpeg_ops_pick(&d->ops, d->opt.scalar);
    rc = im ? decode(d) : to_first_scan(d);
    if (info)
        *info = d->info;
    sn_jpeg_out_free(d);
    free(d->segment);
    free(d);
    return rc;
}

int sn_jpeg_read_info(const void *data, size_t size, struct sn_jpeg_info *info, struct sn_error *err)
{
    memset(info, 0, sizeof *info);
    return with_decoder(data, size, NULL, NULL, info, err);
}

int sn_jpeg_decode(const void *data, size_t size, const struct sn_jpeg_options *opt, struct sn_image *im, struct sn_error *err)
{
    int rc;

    memset(im, 0, sizeof *im);
    rc = with_decoder(data, size, opt, im, NULL, err);
    if (rc)
        sn_image_free(im);
    return rc;
}
