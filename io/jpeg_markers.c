/* jpeg_markers.c: the marker segments of a JPEG stream (T.81 annex B), up to each scan. */
#include "io/jpeg_parts.h"

/* ---- finding markers ------------------------------------------------------------------------ */

int sn_jpeg_soi(struct sn_jpeg *d)
{
    if (d->in.size < 4 || sn_be16(d->in.data) != 0xffd8)
        return SN_FAIL(d->err, SN_EFORMAT, "jpeg: stream of %zu bytes does not begin with ffd8", d->in.size);
    d->in.pos = 2;
    return SN_OK;
}

int sn_jpeg_next_marker(struct sn_jpeg *d)
{
    const uint8_t *p = d->in.data;
    size_t at = d->in.pos, stray = 0, i = at;

    while (i + 1 < d->in.size && (p[i] != 0xff || p[i + 1] == 0 || p[i + 1] == 0xff)) {
        stray += p[i] != 0xff || p[i + 1] == 0; /* any number of ff may stand before a marker */
        i++;
    }
    if (i + 1 >= d->in.size) {
        d->in.pos = d->in.size;
        d->marker = SN_JM_EOI;
        return sn_jpeg_damage(d, d->in.size, "file ends before its end of image");
    }
    d->in.pos = i + 2;
    d->marker = p[i + 1];
    return stray ? sn_jpeg_damage(d, at, "%zu bytes that belong to nothing before marker ff%02x", stray, d->marker)
                 : SN_OK;
}

/* ---- single segments ------------------------------------------------------------------------ */

struct segment {
    unsigned marker;
    size_t at; /* of the marker */
    const uint8_t *data;
    size_t size;
};

static int take_segment(struct sn_jpeg *d, struct segment *s)
{
    size_t left = sn_left(&d->in), length = left >= 2 ? sn_be16(d->in.data + d->in.pos) : 0;

    s->marker = d->marker;
    s->at = d->in.pos - 2;
    if (left >= 2 && length < 2 && (s->marker >= SN_JM_APP0)) /* a comment that claims not even its length: djpeg passes */
        length = 2;
    if (length < 2 || length > left)
        return SN_FAIL(d->err, SN_EFORMAT, "jpeg: segment ff%02x at byte %zu has length %zu, %zu bytes remain", s->marker,
                       s->at, length, left);
    s->data = d->in.data + d->in.pos + 2;
    s->size = length - 2;
    d->in.pos += length;
    return SN_OK;
}

static int wrong(struct sn_jpeg *d, const struct segment *s, const char *what)
{
    return SN_FAIL(d->err, SN_EFORMAT, "jpeg: segment ff%02x at byte %zu: %s", s->marker, s->at, what);
}

static int read_dqt(struct sn_jpeg *d, const struct segment *s)
{
    const uint8_t *p = s->data, *end = p + s->size;

    while (p < end) {
        unsigned wide = *p >> 4 ? 2 : 1, id = *p & 15;

        p++;
        if (id > 3)
            return wrong(d, s, "quantisation table number above 3");
        if ((size_t)(end - p) < 64 * wide)
            return wrong(d, s, "too short for its quantisation table");
        for (unsigned i = 0; i < 64; i++, p += wide)
            d->quant[id][sn_jpeg_natural[i]] = wide == 2 ? sn_be16(p) : *p;
        d->has_quant[id] = true;
    }
    return SN_OK;
}

static int read_dht(struct sn_jpeg *d, const struct segment *s)
{
    const uint8_t *p = s->data, *end = p + s->size;

    while (p < end) {
        struct sn_jpeg_huff *t;
        size_t symbols = 0;

        if (end - p < 17)
            return wrong(d, s, "too short for its Huffman table");
        if (*p >> 4 > 1 || (*p & 15) > 3)
            return wrong(d, s, "Huffman table of a class above 1 or a number above 3");
        t = *p >> 4 ? &d->ac[*p & 15] : &d->dc[*p & 15];
        memcpy(t->count, p, 17);
        p += 17;
        for (int i = 1; i <= 16; i++)
            symbols += t->count[i];
        if (symbols > 256 || symbols > (size_t)(end - p))
            return wrong(d, s, "Huffman table with more symbols than fit");
        memset(t->symbol, 0, sizeof t->symbol);
        memcpy(t->symbol, p, symbols);
        p += symbols;
        t->defined = true;
    }
    return SN_OK;
}

/* Conditioning of arithmetic coding, in a Huffman stream: checked, not used (B.2.4.3). */
static int read_dac(struct sn_jpeg *d, const struct segment *s)
{
    if (s->size % 2)
        return wrong(d, s, "odd length");
    for (size_t i = 0; i < s->size; i += 2) {
        unsigned id = s->data[i], v = s->data[i + 1];

        if (id >= 32 || (id < 16 && (v & 15) > v >> 4))
            return wrong(d, s, "arithmetic conditioning out of range");
    }
    return SN_OK;
}

static void read_app(struct sn_jpeg *d, const struct segment *s)
{
    struct sn_jpeg_info *f = &d->info;

    if (s->marker == SN_JM_APP0 && s->size >= 14 && memcmp(s->data, "JFIF", 5) == 0)
        f->jfif = true;
    if (s->marker == SN_JM_APP14 && s->size >= 12 && memcmp(s->data, "Adobe", 5) == 0)
        f->adobe_transform = s->data[11];
    if (s->marker == SN_JM_APP1 && s->size > 6 && memcmp(s->data, "Exif\0", 6) == 0 && f->orientation == 1)
        f->orientation = sn_exif_orientation(s->data + 6, s->size - 6);
}

/* ---- the frame ------------------------------------------------------------------------------ */

static int refuse_process(struct sn_jpeg *d, const struct segment *s)
{
    static const char *const names[16] = {
        [5] = "hierarchical (differential sequential)", [6] = "hierarchical (differential progressive)",
        [7] = "hierarchical (differential lossless)", [8] = "a JPEG extension", [9] = "arithmetic coding",
        [10] = "progressive arithmetic coding", [11] = "lossless arithmetic coding",
        [13] = "hierarchical arithmetic coding", [14] = "hierarchical arithmetic coding",
        [15] = "hierarchical arithmetic coding"
    };
    const char *name = names[s->marker - SN_JM_SOF0];

    return SN_FAIL(d->err, SN_EUNSUPPORTED, "jpeg: frame ff%02x at byte %zu: %s is not read", s->marker, s->at,
                   name ? name : "this process");
}

static int check_precision(struct sn_jpeg *d, const struct segment *s)
{
    int bits = d->info.precision;

    if (d->info.process == SN_JPEG_LOSSLESS ? bits >= 2 && bits <= 16 : bits == 8)
        return SN_OK;
    if (bits == 12 && d->info.process != SN_JPEG_BASELINE)
        return SN_FAIL(d->err, SN_EUNSUPPORTED, "jpeg: frame ff%02x at byte %zu: 12-bit lossy JPEG is not read", s->marker,
                       s->at);
    return SN_FAIL(d->err, SN_EFORMAT, "jpeg: frame ff%02x at byte %zu: %d bits a sample", s->marker, s->at, bits);
}

/*
 * A height of 0 in the frame is told by a DNL segment right after the first scan (B.2.5): this looks
 * ahead for it. 0: there is none.
 */
static unsigned height_from_dnl(const struct sn_jpeg *d)
{
    const uint8_t *p = d->in.data;
    size_t i = d->in.pos, n = d->in.size;
    bool in_scan = false;

    while (i + 4 <= n) {
        if (p[i] != 0xff || p[i + 1] == 0xff || (in_scan && (p[i + 1] == 0 || (p[i + 1] & 0xf8) == SN_JM_RST0))) {
            i++;
            continue;
        }
        if (in_scan)
            return p[i + 1] == SN_JM_DNL && i + 6 <= n && sn_be16(p + i + 2) == 4 ? sn_be16(p + i + 4) : 0;
        in_scan = p[i + 1] == SN_JM_SOS;
        i += 2u + sn_be16(p + i + 2);
    }
    return 0;
}

static uint32_t ceil_div(uint64_t a, uint64_t b)
{
    return (uint32_t)((a + b - 1) / b);
}

static int read_component(struct sn_jpeg *d, const struct segment *s, int i)
{
    const uint8_t *p = s->data + 6 + 3 * i;
    struct sn_jpeg_component *c = &d->comp[i];

    c->id = d->info.id[i] = p[0];
    c->h = d->info.h[i] = p[1] >> 4;
    c->v = d->info.v[i] = p[1] & 15;
    c->tq = p[2];
    memset(c->known, -1, sizeof c->known);
    if (c->h < 1 || c->h > 4 || c->v < 1 || c->v > 4)
        return SN_FAIL(d->err, SN_EFORMAT, "jpeg: frame at byte %zu: component %d has sampling factors %u and %u, expected 1 to 4",
                       s->at, i + 1, c->h, c->v);
    d->max_h = SN_MAX(d->max_h, c->h);
    d->max_v = SN_MAX(d->max_v, c->v);
    return SN_OK;
}

static int lay_out(struct sn_jpeg *d, const struct segment *s)
{
    bool lossless = d->info.process == SN_JPEG_LOSSLESS;

    d->mcus_x = ceil_div(d->info.width, 8u * (unsigned)d->max_h);
    d->mcus_y = ceil_div(d->info.height, 8u * (unsigned)d->max_v);
    for (int i = 0; i < d->info.components; i++) {
        struct sn_jpeg_component *c = &d->comp[i];

        if (d->max_h % c->h || d->max_v % c->v || (lossless && (c->h != d->max_h || c->v != d->max_v)))
            return SN_FAIL(d->err, SN_EUNSUPPORTED, "jpeg: frame at byte %zu: %ssampling factors %u x %u beside %d x %d are not read",
                           s->at, lossless ? "lossless with " : "", c->h, c->v, d->max_h, d->max_v);
        c->width = ceil_div((uint64_t)d->info.width * c->h, (unsigned)d->max_h);
        c->height = ceil_div((uint64_t)d->info.height * c->v, (unsigned)d->max_v);
        c->bw = ceil_div(c->width, 8);
        c->bh = ceil_div(c->height, 8);
        c->row_blocks = d->mcus_x * c->h;
    }
    return SN_OK;
}

static int read_sof(struct sn_jpeg *d, const struct segment *s)
{
    struct sn_jpeg_info *f = &d->info;

    if (d->seen_sof)
        return wrong(d, s, "a second frame");
    if (s->marker > SN_JM_SOF0 + 3)
        return refuse_process(d, s);
    if (s->size < 6)
        return wrong(d, s, "too short for a frame header");
    d->seen_sof = true;
    d->sof_at = s->at;
    f->process = (enum sn_jpeg_process)(s->marker - SN_JM_SOF0);
    f->precision = s->data[0];
    f->height = sn_be16(s->data + 1);
    f->width = sn_be16(s->data + 3);
    f->components = s->data[5];
    SN_TRY(check_precision(d, s));
    if (s->size != 6 + 3 * (size_t)f->components)
        return wrong(d, s, "length and number of components disagree");
    if (f->components == 0 || f->components > 4)
        return SN_FAIL(d->err, SN_EUNSUPPORTED, "jpeg: frame at byte %zu: %d components, 1 to 4 are read", s->at, f->components);
    if (f->height == 0)
        f->height = height_from_dnl(d);
    if (f->width == 0 || f->height == 0)
        return wrong(d, s, f->width == 0 ? "width 0" : "height 0, and no DNL segment after the first scan");
    SN_TRY(sn_image_check_size("jpeg", f->width, f->height, d->err));
    for (int i = 0; i < f->components; i++)
        SN_TRY(read_component(d, s, i));
    return lay_out(d, s);
}

/* ---- a scan's header ------------------------------------------------------------------------ */

static int find_component(struct sn_jpeg *d, const struct segment *s, unsigned id, int k)
{
    struct sn_jpeg_scan *scan = &d->scan;

    for (int i = 0; i < d->info.components; i++) {
        bool taken = false;

        for (int j = 0; j < k; j++)
            taken |= scan->comp[j] == &d->comp[i];
        if (d->comp[i].id == id && !taken) {
            scan->comp[k] = &d->comp[i];
            return SN_OK;
        }
    }
    return SN_FAIL(d->err, SN_EFORMAT, "jpeg: scan at byte %zu names component %u, which the frame does not have%s", s->at, id,
                   k ? " once more" : "");
}

static int read_sos(struct sn_jpeg *d, const struct segment *s)
{
    struct sn_jpeg_scan *scan = &d->scan;
    unsigned n = s->size ? s->data[0] : 0, blocks = 0;
    const uint8_t *p = s->data + 1;

    if (!d->seen_sof)
        return wrong(d, s, "a scan before the frame");
    if (n < 1 || n > 4 || s->size != 4 + 2 * (size_t)n)
        return wrong(d, s, "length and number of components disagree");
    memset(scan, 0, sizeof *scan);
    scan->at = s->at;
    scan->n = (int)n;
    for (int k = 0; k < scan->n; k++, p += 2) {
        SN_TRY(find_component(d, s, p[0], k));
        scan->td[k] = p[1] >> 4;
        scan->ta[k] = p[1] & 15;
        blocks += (unsigned)scan->comp[k]->h * scan->comp[k]->v;
    }
    if (n > 1 && blocks > SN_JPEG_MAX_BLOCKS)
        return wrong(d, s, "more than 10 blocks in an MCU");
    scan->ss = p[0];
    scan->se = p[1];
    scan->ah = p[2] >> 4;
    scan->al = p[2] & 15;
    return SN_OK;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static int handle(struct sn_jpeg *d)
{
    struct segment s = { 0 };
    unsigned m = d->marker;

    if ((m >= SN_JM_RST0 && m <= SN_JM_RST7) || m == SN_JM_TEM)
        return SN_OK; /* no segment; djpeg passes over them too */
    if (m == SN_JM_SOI || m < SN_JM_SOF0 || m == SN_JM_DHP || m == SN_JM_EXP || (m >= 0xf0 && m != SN_JM_COM))
        return SN_FAIL(d->err, m == SN_JM_DHP || m == SN_JM_EXP ? SN_EUNSUPPORTED : SN_EFORMAT,
                       "jpeg: marker ff%02x at byte %zu: %s", m, d->in.pos - 2,
                       m == SN_JM_SOI ? "a second start of image"
                       : m == SN_JM_DHP || m == SN_JM_EXP ? "hierarchical JPEG is not read" : "not defined here");
    SN_TRY(take_segment(d, &s));
    if (m == SN_JM_DHT)
        return read_dht(d, &s);
    if (m == SN_JM_DAC)
        return read_dac(d, &s);
    if (m <= SN_JM_SOF15)
        return read_sof(d, &s);
    switch (m) {
    case SN_JM_SOS:
        return read_sos(d, &s);
    case SN_JM_DQT:
        return read_dqt(d, &s);
    case SN_JM_DRI:
        if (s.size != 2)
            return wrong(d, &s, "restart interval of another length than 2");
        d->restart_interval = sn_be16(s.data);
        return SN_OK;
    default: /* APPn, COM, and DNL, which a frame of height 0 has looked for */
        read_app(d, &s);
        return SN_OK;
    }
}

int sn_jpeg_headers(struct sn_jpeg *d)
{
    for (;;) {
        unsigned m;

        if (d->marker == 0)
            SN_TRY(sn_jpeg_next_marker(d));
        m = d->marker;
        if (m == SN_JM_EOI)
            return SN_OK;
        SN_TRY(handle(d));
        if (m == SN_JM_SOS)
            return SN_OK;
        d->marker = 0;
    }
}
