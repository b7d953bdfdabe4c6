/*
 * jpeg_parts.h: what the JPEG reader's files share. Private to io.
 *
 * jpeg.c drives; jpeg_markers.c reads headers; jpeg_scan.c cuts the coded data at markers and walks
 * the blocks of a scan; jpeg_huff.c has tables and sequential blocks; jpeg_prog.c progressive blocks;
 * jpeg_lossless.c process 14; jpeg_out.c turns blocks into rows and rows into pixels with jpeg_ops.h.
 */
#ifndef SN_JPEG_PARTS_H
#define SN_JPEG_PARTS_H

#include "io/image_parts.h"
#include "io/jpeg_ops.h"

enum {
    SN_JPEG_LOOK = 10,       /* bits of the look-up: most codes fit together with their extra bits */
    SN_JPEG_SEG_PAD = 16,    /* zero bytes behind a segment's data */
    SN_JPEG_MAX_SCANS = 256, /* encoders make at most a few dozen */
    SN_JPEG_MAX_BLOCKS = 10  /* of one MCU, T.81 B.2.3 */
};

/* The markers that are more than a segment to skip (T.81 table B.1), by their second byte. */
enum {
    SN_JM_SOF0 = 0xc0, SN_JM_DHT = 0xc4, SN_JM_DAC = 0xcc, SN_JM_SOF15 = 0xcf, SN_JM_RST0 = 0xd0, SN_JM_RST7 = 0xd7,
    SN_JM_SOI = 0xd8, SN_JM_EOI = 0xd9, SN_JM_SOS = 0xda, SN_JM_DQT = 0xdb, SN_JM_DNL = 0xdc, SN_JM_DRI = 0xdd,
    SN_JM_DHP = 0xde, SN_JM_EXP = 0xdf, SN_JM_APP0 = 0xe0, SN_JM_APP1 = 0xe1, SN_JM_APP14 = 0xee, SN_JM_APP15 = 0xef,
    SN_JM_COM = 0xfe, SN_JM_TEM = 0x01
};

/* ---- Huffman codes and bits (jpeg_huff.c) --------------------------------------------------- */

/*
 * A table as DHT gives it, and prepared for decoding. An entry of `look`:
 *   SN_JPEG_VALUE set: bits 0..4 bits to drop (code and extra bits), 8..11 run, 16..31 the value
 *   else, not 0:       bits 0..4 code length, 8..15 the symbol
 *   0:                 a longer code, or none
 */
#define SN_JPEG_VALUE 0x80u
struct sn_jpeg_huff {
    bool defined;
    uint8_t count[17], symbol[256];
    uint32_t look[1 << SN_JPEG_LOOK];
    uint32_t limit[17]; /* by length: first 16-bit word above its codes; 0: no such code */
    int32_t offset[17]; /* symbol index minus code */
};
/*
 * max_symbol: 15 for DC, 16 for lossless differences, 255 for AC. `values`: let look hold values,
 * for sequential scans. False: the lengths are no prefix code, or a symbol is out of range.
 */
bool sn_jpeg_huff_prepare(struct sn_jpeg_huff *t, unsigned max_symbol, bool values);

/*
 * The coded bytes between two markers, stuffing removed, read from the highest bit down. Behind
 * them come zero bits without end: who decodes asks sn_jpeg_bits_over afterwards.
 */
struct sn_jpeg_bits {
    const uint8_t *data; /* [size + SN_JPEG_SEG_PAD] */
    size_t size, pos;
    uint64_t bits;       /* next bit highest */
    unsigned count;      /* bits accounted as read; below them lie zeros or the bits that follow */
};

static inline uint64_t sn_jpeg_be64(const uint8_t *p)
{
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
           (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | (uint64_t)p[7];
}
/* At least 56 bits afterwards. */
static inline void sn_jpeg_fill(struct sn_jpeg_bits *b)
{
    if (b->pos <= b->size)
        b->bits |= sn_jpeg_be64(b->data + b->pos) >> b->count;
    b->pos += (63 - b->count) >> 3;
    b->count |= 56;
}
/* Room for one code (16, or 17 when bad) and its extra bits (16). */
static inline void sn_jpeg_need(struct sn_jpeg_bits *b)
{
    if (b->count < 33)
        sn_jpeg_fill(b);
}
static inline void sn_jpeg_drop(struct sn_jpeg_bits *b, unsigned n) /* n < 32 */
{
    b->bits <<= n;
    b->count -= n;
}
/* 1 <= n <= 16 bits, which are there. */
static inline unsigned sn_jpeg_get(struct sn_jpeg_bits *b, unsigned n)
{
    unsigned v = (unsigned)(b->bits >> (64 - n));

    sn_jpeg_drop(b, n);
    return v;
}
static inline bool sn_jpeg_bits_over(const struct sn_jpeg_bits *b)
{
    return b->pos * 8 - b->count > b->size * 8;
}
/* T.81 F.2.2.1, EXTEND: s >= 1 extra bits v as a signed value. */
static inline int sn_jpeg_extend(unsigned v, unsigned s)
{
    return (int)v < 1 << (s - 1) ? (int)v - (1 << s) + 1 : (int)v;
}
/* The symbol of a code longer than SN_JPEG_LOOK bits. When there is none: *bad, 17 bits dropped, 0. */
unsigned sn_jpeg_long_code(struct sn_jpeg_bits *b, const struct sn_jpeg_huff *t, bool *bad);
/* The next symbol from a table without values; after sn_jpeg_need. */
static inline unsigned sn_jpeg_symbol(struct sn_jpeg_bits *b, const struct sn_jpeg_huff *t, bool *bad)
{
    uint32_t e = t->look[b->bits >> (64 - SN_JPEG_LOOK)];

    if (e == 0)
        return sn_jpeg_long_code(b, t, bad);
    sn_jpeg_drop(b, e & 0x1f);
    return e >> 8 & 0xff;
}

/*
 * Zigzag order to row-major; 16 more entries of 63, since a run at the end of damaged data may lead
 * past the block, and libjpeg stores such coefficients there.
 */
extern const uint8_t sn_jpeg_natural[64 + 16];

/* ---- the decoder ---------------------------------------------------------------------------- */

enum sn_jpeg_upsample { SN_UP_NONE, SN_UP_H2V1, SN_UP_H1V2, SN_UP_H2V2, SN_UP_BOX };

struct sn_jpeg_component {
    uint8_t id, h, v, tq;
    uint32_t width, height; /* in samples: ceil(image * h / max h) */
    uint32_t bw, bh;        /* in blocks */
    uint32_t row_blocks;    /* blocks in a row of whole MCUs: stride of coef */
    bool latched;           /* quant is set, at the component's first scan */
    uint16_t quant[64];     /* row-major */
    int8_t known[64];       /* progressive, by zigzag: the low bit down to which it is known; -1: not at all */
    int8_t known_before[64]; /* before the component's last scan */
    int16_t *coef;          /* all blocks when there are several scans; else NULL */
    uint8_t *rows;          /* the last three MCU rows' samples, row y at y % ring */
    size_t stride;
    uint32_t ring;
    enum sn_jpeg_upsample up;
    int pred;               /* DC prediction */
};

struct sn_jpeg_scan {
    size_t at; /* file position of its SOS */
    int n;
    struct sn_jpeg_component *comp[4];
    uint8_t td[4], ta[4];
    uint8_t ss, se, ah, al; /* lossless: ss the predictor, al the point transform */
};

struct sn_jpeg {
    struct sn_bytes in;
    struct sn_jpeg_options opt;
    struct sn_jpeg_info info;
    struct sn_error *err;
    struct sn_jpeg_ops ops;
    struct sn_image *im;

    bool seen_sof;
    size_t sof_at;
    int max_h, max_v, scans;
    uint32_t mcus_x, mcus_y;
    struct sn_jpeg_component comp[4];
    uint16_t quant[4][64];
    bool has_quant[4];
    struct sn_jpeg_huff dc[4], ac[4];
    unsigned restart_interval;
    uint64_t work;                     /* blocks visited in scans so far */

    struct sn_jpeg_scan scan;
    struct sn_jpeg_bits bits;          /* of the current segment */
    uint8_t *segment;                  /* its bytes; one allocation for the whole file */
    size_t segment_at;                 /* where it starts in the file */
    unsigned marker;                   /* found and not handled yet; 0: none */
    unsigned next_restart, to_restart;
    unsigned eobrun;
    uint32_t good_row;                 /* the last MCU row for which the last scan had data */
    bool starved, bad;                 /* starved: the segment ran out; bad: an impossible code was met */

    uint8_t *up[4];                    /* upsampled rows */
    uint8_t *rgb;                      /* one row of YCCK before its last step */
    char damage[100];                  /* lenient: the first thing that was wrong */
};

/*
 * Something contradicts itself at byte `at`. Strict: fails with SN_EFORMAT. Lenient: keeps the first
 * message, returns SN_OK and the caller goes on as djpeg would.
 */
int sn_jpeg_damage(struct sn_jpeg *d, size_t at, const char *fmt, ...) SN_PRINTF(3, 4);

/* jpeg_markers.c */
int sn_jpeg_soi(struct sn_jpeg *d);
/* The next marker's code into d->marker, in.pos behind it; a file that ends first is damage and an EOI. */
int sn_jpeg_next_marker(struct sn_jpeg *d);
/* Headers up to a scan's or to the end: d->marker is SN_JM_SOS, with d->scan read, or SN_JM_EOI. */
int sn_jpeg_headers(struct sn_jpeg *d);

/* jpeg_scan.c */
int sn_jpeg_scan_begin(struct sn_jpeg *d);     /* loads the first segment */
int sn_jpeg_restart(struct sn_jpeg *d);        /* at a restart: checks the marker, loads the next segment */
int sn_jpeg_scan_end(struct sn_jpeg *d);       /* complains about what is left over */
size_t sn_jpeg_where(const struct sn_jpeg *d); /* the file position of the next bit */
/* The data ran out or a code was bad in this MCU. */
int sn_jpeg_mcu_failed(struct sn_jpeg *d, uint32_t x, uint32_t y);
int sn_jpeg_scan_blocks(struct sn_jpeg *d);    /* all of a scan into coef */
int sn_jpeg_one_pass(struct sn_jpeg *d);       /* the only scan, straight to pixels */

/* Before and after each MCU of any scan. */
static inline int sn_jpeg_mcu_begin(struct sn_jpeg *d)
{
    if (d->restart_interval) {
        if (d->to_restart == 0)
            SN_TRY(sn_jpeg_restart(d));
        d->to_restart--;
    }
    return SN_OK;
}
static inline int sn_jpeg_mcu_end(struct sn_jpeg *d, uint32_t x, uint32_t y)
{
    return d->bad || sn_jpeg_bits_over(&d->bits) ? sn_jpeg_mcu_failed(d, x, y) : SN_OK;
}

/* jpeg_huff.c: one sequential block, added into zeros. Sets *bad when a code is impossible. */
void sn_jpeg_block(struct sn_jpeg_bits *b, const struct sn_jpeg_huff *dc, const struct sn_jpeg_huff *ac, int *pred,
                   int16_t *block, bool *bad);
/* jpeg_std.c: fills in what is not defined of tables 0 and 1. */
void sn_jpeg_huff_standard(struct sn_jpeg *d);
/* jpeg_prog.c: one block of component number k of d->scan. */
void sn_jpeg_prog_block(struct sn_jpeg *d, int k, int16_t *block);
int sn_jpeg_prog_check(struct sn_jpeg *d);     /* the scan's parameters and their order */

/* jpeg_smooth.c: do missing scans call for estimates; the blocks of an MCU row with them, to out_block */
bool sn_jpeg_smooth_wanted(const struct sn_jpeg *d);
void sn_jpeg_smooth_row(struct sn_jpeg *d, struct sn_jpeg_component *c, uint32_t mcu_row);

/* jpeg_lossless.c: a scan's components, straight into the image. */
int sn_jpeg_lossless(struct sn_jpeg *d);
int sn_jpeg_lossless_check(struct sn_jpeg *d); /* the scan's parameters */

/* jpeg_out.c */
int sn_jpeg_out_begin(struct sn_jpeg *d);      /* allocates rows and the image */
void sn_jpeg_out_block(struct sn_jpeg *d, const struct sn_jpeg_component *c, const int16_t *coef, uint32_t bx, uint32_t by);
void sn_jpeg_out_mcu_row(struct sn_jpeg *d, uint32_t row); /* all blocks of MCU rows up to this one are there */
void sn_jpeg_out_all(struct sn_jpeg *d);       /* from coef */
void sn_jpeg_out_free(struct sn_jpeg *d);

#endif
