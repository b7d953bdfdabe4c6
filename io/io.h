/*
 * io.h: images, arrays and text tables in and out. Stands on base only.
 *
 * Every parser treats its input as hostile: lengths are checked before use, nothing is allocated by
 * an unchecked number, and a failure says what was found, where (byte or line), and what was
 * expected. Pixel counts are bounded by SN_IMAGE_MAX_PIXELS.
 */
#ifndef SN_IO_H
#define SN_IO_H

#include "base/base.h"
#include "io/dicom.h"

/* ---- images ----------------------------------------------------------------------------- */

#define SN_IMAGE_MAX_PIXELS ((size_t)1 << 27) /* 134 Mpixel: 10 times the largest scanner export seen */
#define SN_IMAGE_MAX_SIDE   65535u
#define SN_IMAGE_DETAIL     400

/*
 * Decoded pixels, rows top to bottom, channels interleaved, no row padding.
 *   channels 1 grey, 2 grey+alpha, 3 RGB, 4 RGBA
 *   depth    8: uint8_t samples; 16: uint16_t samples in host order
 * Palettes are expanded, grey of 1/2/4 bits is scaled by 255/85/17, alpha is kept, no orientation
 * is applied. Owned by the caller: sn_image_free.
 */
struct sn_image {
    uint32_t width, height;
    int channels;
    int depth;
    void *data;
    int orientation;      /* EXIF 1..8; 1 when absent */
    bool damaged;         /* decoded with `lenient` from data that contradict themselves; detail says how */
    char format[16];      /* "png", "bmp", "jpeg", ... */
    char detail[SN_IMAGE_DETAIL]; /* one line for people: "8-bit palette, interlaced, gAMA ignored" */
    double spacing_mm[2]; /* row, column spacing; 0 when the format has no physical scale we trust */
    unsigned warnings;    /* SN_WARN_... */
    uint32_t frame, x, y; /* DICOM: the frame shown, from 0, and where in it this picture begins */
};

/* What a reader saw that a person should know before the picture is used. */
#define SN_WARN_FRAMES  1u /* one of several frames was shown without being asked for */
#define SN_WARN_REGIONS 2u /* several ultrasound panes; one was shown */
#define SN_WARN_COLOUR  4u /* colour inside an ultrasound picture: Doppler or elastography */
#define SN_WARN_MARKS   8u /* callipers, text or other graphics drawn into it */
#define SN_WARN_SPACING 16u /* physical scales that contradict each other or anatomy */
#define SN_WARN_DAMAGED 32u /* im->damaged: not all of the picture is what was stored */

void sn_image_free(struct sn_image *im); /* a zeroed image is fine */
int sn_image_alloc(struct sn_image *im, uint32_t w, uint32_t h, int channels, int depth, struct sn_error *err);
size_t sn_image_bytes(const struct sn_image *im);

/* By content, never by file name. The memory form is what the fuzzers drive. */
int sn_image_decode(const void *data, size_t size, struct sn_image *im, struct sn_error *err);
int sn_image_read(const char *path, struct sn_image *im, struct sn_error *err); /* errors name the file */
int sn_png_decode(const void *data, size_t size, struct sn_image *im, struct sn_error *err);
int sn_bmp_decode(const void *data, size_t size, struct sn_image *im, struct sn_error *err);
int sn_pnm_decode(const void *data, size_t size, struct sn_image *im, struct sn_error *err);

/*
 * As sn_image_decode, with choices; NULL means all zero. `lenient` decodes what is there of a damaged
 * file and sets im->damaged, where the format's reader can (JPEG, also in DICOM); others fail as without it.
 */
struct sn_dicom_view;
struct sn_image_options {
    bool lenient;
    const struct sn_dicom_view *dicom; /* frame and region of a DICOM file; NULL: the only frame, the tissue region */
};
int sn_image_decode_with(const void *data, size_t size, const struct sn_image_options *opt, struct sn_image *im, struct sn_error *err);

/* 8-bit PNG, any channel count; 16-bit input is refused (convert first). *out is malloc'd bytes. */
int sn_png_encode(const struct sn_image *im, struct sn_buf *out, struct sn_error *err);
int sn_png_write(const char *path, const struct sn_image *im, struct sn_error *err);

/* New images; `in` stays. */
int sn_image_orient(const struct sn_image *in, struct sn_image *out, struct sn_error *err); /* applies EXIF orientation */
int sn_image_to_8bit(const struct sn_image *in, struct sn_image *out, struct sn_error *err);/* 16-bit: v >> 8 */
int sn_image_to_rgb(const struct sn_image *in, struct sn_image *out, struct sn_error *err); /* 8-bit, alpha dropped, grey copied to 3 */
/* 8-bit BT.601 as Pillow's "L": (19595 R + 38470 G + 7471 B + 32768) >> 16; alpha dropped. */
int sn_image_to_grey(const struct sn_image *in, struct sn_image *out, struct sn_error *err);
/* x, y, w, h inside the image. */
int sn_image_crop(const struct sn_image *in, uint32_t x, uint32_t y, uint32_t w, uint32_t h, struct sn_image *out, struct sn_error *err);

/* ---- DICOM as a picture (dicom_image.c); elements and stored values: dicom.h ----------------- */

#define SN_FRAME_ONLY (-1L)  /* the only frame; of several the middle one, noted and warned of */
#define SN_FRAME_MID  (-2L)  /* frames / 2, counted from 0, as asked for */
#define SN_REGION_AUTO (-1)  /* the 2D tissue region by sn_dicom_choose_region's rule; none: the whole frame */
#define SN_REGION_NONE (-2)  /* the whole frame */

struct sn_dicom_view {
    long frame;  /* from 0, or SN_FRAME_... */
    int region;  /* index into sn_dicom_regions, or SN_REGION_... */
};

/*
 * 8-bit grey or RGB as a viewer shows it: modality and VOI look-up tables or rescale and window applied,
 * palettes expanded, YBR converted, MONOCHROME1 inverted, cropped to the region. spacing_mm from the
 * region's physical deltas when its units are cm, else from Pixel Spacing unless the object is a
 * secondary capture. Codes as sn_dicom_describe. NULL view: SN_FRAME_ONLY, SN_REGION_AUTO.
 */
int sn_dicom_image(struct sn_dicom *d, const struct sn_dicom_view *view, struct sn_image *im, struct sn_error *err);
/* Parse and picture in one; what sn_image_decode_with calls. opt NULL: all zero. */
int sn_dicom_decode(const void *data, size_t size, const struct sn_image_options *opt, struct sn_image *im, struct sn_error *err);

/* ---- JPEG (jpeg.c), ITU-T T.81 ------------------------------------------------------------ */

/*
 * Baseline, extended and progressive Huffman streams of 8 bits, 1 to 4 components, any whole ratio
 * of sampling factors, and lossless streams (process 14) of 2 to 16 bits, 1 to 4 components, all
 * predictors. 8-bit pixels are libjpeg-turbo's (its x86 SIMD, default settings): integer inverse DCT,
 * triangle upsampling, integer colour conversion. SN_EUNSUPPORTED, by name: arithmetic coding,
 * hierarchical, 12 bits, sampling ratios that are not whole, subsampled lossless.
 * Unfinished progressive streams are smoothed as libjpeg does. Not applied: EXIF orientation (recorded), ICC profiles.
 */
enum sn_jpeg_colour {
    SN_JPEG_AUTO,       /* decided from the stream, as libjpeg does: YCbCr, CMYK and YCCK become RGB */
    SN_JPEG_COMPONENTS, /* no conversion: 1 to 4 components at full size are the image's channels */
    SN_JPEG_YCC         /* three components are YCbCr whatever the markers say */
};
struct sn_jpeg_options {
    enum sn_jpeg_colour colour;
    bool lenient;    /* damaged data: decode what is there, as djpeg does, and set im->damaged */
    bool full_range; /* lossless of 2..7, 9..15 bits: scale to 8 or 16 bits; else samples as stored */
    bool scalar;     /* the portable functions only; the same pixels */
};
enum sn_jpeg_process { SN_JPEG_BASELINE, SN_JPEG_EXTENDED, SN_JPEG_PROGRESSIVE, SN_JPEG_LOSSLESS };
struct sn_jpeg_info {
    uint32_t width, height;
    int components, precision;    /* bits a sample */
    enum sn_jpeg_process process;
    uint8_t id[4], h[4], v[4];    /* component identifiers and sampling factors */
    bool jfif;                    /* has a JFIF APP0 marker */
    int adobe_transform;          /* of an Adobe APP14 marker; -1 without one */
    bool ycc;                     /* SN_JPEG_AUTO takes the first three components as YCbCr */
    int orientation;              /* EXIF 1..8; 1 when absent */
};
/* The headers up to the first scan. */
int sn_jpeg_read_info(const void *data, size_t size, struct sn_jpeg_info *info, struct sn_error *err);
/*
 * opt may be NULL: all zero. Bytes behind the end of image are ignored and counted in detail (DICOM
 * pads). Memory: at most 64 MiB + 4096 x size, picture included. At most 256 scans.
 */
int sn_jpeg_decode(const void *data, size_t size, const struct sn_jpeg_options *opt, struct sn_image *im, struct sn_error *err);

/* ---- resize (resize.c) ------------------------------------------------------------------ */

enum sn_resize {
    SN_RESIZE_PILLOW_BILINEAR, /* antialiased triangle, 22-bit coefficients: bit-exact to Pillow 9;
                                  with 2 or 4 channels the last is alpha (LA, RGBA: premultiplied) */
    SN_RESIZE_PILLOW_BICUBIC,  /* a = -0.5, the same machinery */
    SN_RESIZE_TORCH_BILINEAR,  /* interpolate(mode=bilinear, align_corners=False), no antialias, float;
                                  torch 1.13's bits for 2 channels and more, its last bit may differ for 1 */
    SN_RESIZE_OPENCV_LINEAR,   /* INTER_LINEAR on uint8: 11-bit coefficients, no antialias: OpenCV 4's bits */
    SN_RESIZE_NEAREST          /* floor(dst * in / out) */
};
bool sn_resize_parse(const char *name, enum sn_resize *r); /* "pillow-bilinear", "torch-bilinear", ... */
const char *sn_resize_name(enum sn_resize r);
/* 8-bit images, any channel count. torch-bilinear rounds half to even to 8 bits here. */
int sn_resize_u8(const struct sn_image *in, uint32_t w, uint32_t h, enum sn_resize rule, struct sn_image *out, struct sn_error *err);
/* One float plane [ih][iw] -> [oh][ow]; torch-bilinear or nearest only (probability maps). Own arithmetic, no libm. */
int sn_resize_f32(const float *in, uint32_t iw, uint32_t ih, float *out, uint32_t ow, uint32_t oh, enum sn_resize rule, struct sn_error *err);

/* ---- .npy (npy.c): NumPy format 1.0/2.0/3.0, C order, little or big endian in, little endian out -- */

enum sn_npy_type { SN_NPY_U1, SN_NPY_I1, SN_NPY_B1, SN_NPY_U2, SN_NPY_I2, SN_NPY_U4, SN_NPY_I4, SN_NPY_U8, SN_NPY_I8, SN_NPY_F2, SN_NPY_F4, SN_NPY_F8 };
#define SN_NPY_MAX_DIMS 8
struct sn_npy {
    enum sn_npy_type type;
    int ndim;
    size_t shape[SN_NPY_MAX_DIMS];
    size_t count;
    void *data; /* host order; malloc'd */
};
void sn_npy_free(struct sn_npy *a);
int sn_npy_decode(const void *data, size_t size, struct sn_npy *a, struct sn_error *err);
int sn_npy_read(const char *path, struct sn_npy *a, struct sn_error *err);
int sn_npy_write(const char *path, enum sn_npy_type type, int ndim, const size_t *shape, const void *data, struct sn_error *err);

/* ---- CSV (csv.c) ------------------------------------------------------------------------ */

/*
 * RFC 4180 as found in the wild: UTF-8 with or without BOM, LF or CRLF, `,` `;` or tab (detected
 * from the header line, quotes respected), quoted fields with doubled quotes and newlines.
 * Strings live as long as the table. Ragged rows are an error naming the line.
 */
struct sn_csv {
    size_t rows, cols;         /* rows without the header */
    char **header;             /* [cols] */
    char **cells;              /* [rows][cols], never NULL */
    size_t *lines;             /* [rows] 1-based line in the file, for messages */
    char delimiter;
    struct sn_arena arena;
};
int sn_csv_parse(const void *data, size_t size, struct sn_csv *t, struct sn_error *err);
int sn_csv_read(const char *path, struct sn_csv *t, struct sn_error *err);
void sn_csv_free(struct sn_csv *t);
int sn_csv_column(const struct sn_csv *t, const char *name); /* -1: absent */
const char *sn_csv_cell(const struct sn_csv *t, size_t row, int col);
bool sn_csv_is_na(const char *cell); /* "", NA, NaN, null, ., N/A in any case */
/* Strict decimal number; errors name line and column. Independent of the locale. */
int sn_csv_number(const struct sn_csv *t, size_t row, int col, double *v, struct sn_error *err);
void sn_csv_put(struct sn_buf *b, const char *field); /* quotes when needed */
/* Locale-independent strtod: whole string must be one finite number. Correctly rounded. */
bool sn_parse_double(const char *s, double *v);
bool sn_parse_double_n(const char *s, size_t n, double *v); /* the same for n bytes without a NUL */
/* Shortest text that reads back as the same double ("0.1", "1e-300", "nan", "inf"); buf of 32. */
const char *sn_format_double(double v, char *buf);
/* v with so many decimals (at most 9), rounded half away from zero, whatever the locale; buf of 48. */
const char *sn_fixed(double v, int decimals, char *buf);

/* ---- character sets (gb18030.c) ----------------------------------------------------------- */

/*
 * GB 18030-2005 (so GBK and GB 2312 too) appended to out as UTF-8, the way Python's codec reads it;
 * unassigned two-byte codes are private-use characters. SN_EFORMAT with the byte position otherwise.
 */
int sn_gb18030_to_utf8(const void *data, size_t size, struct sn_buf *out, struct sn_error *err);
/* Well-formed UTF-8 (RFC 3629)? *bad (may be NULL): the first byte that is not, else size. */
bool sn_utf8_valid(const void *data, size_t size, size_t *bad);

/* ---- JSON (json.c) ---------------------------------------------------------------------- */

/* Writer: commas, indentation and escapes are its business. Non-finite numbers become null. */
struct sn_json {
    struct sn_buf buf;
    int depth;
    int indent;        /* spaces per level; 0: one line */
    bool need_comma, after_key;
};
void sn_json_init(struct sn_json *j, int indent);
void sn_json_object(struct sn_json *j);
void sn_json_end_object(struct sn_json *j);
void sn_json_array(struct sn_json *j);
void sn_json_end_array(struct sn_json *j);
void sn_json_key(struct sn_json *j, const char *key);
void sn_json_string(struct sn_json *j, const char *s); /* NULL writes null; invalid UTF-8 becomes U+FFFD */
void sn_json_number(struct sn_json *j, double v);
void sn_json_int(struct sn_json *j, int64_t v);
void sn_json_bool(struct sn_json *j, bool v);
void sn_json_null(struct sn_json *j);
/* key and value in one call */
void sn_json_kv(struct sn_json *j, const char *key, const char *s);
void sn_json_kv_number(struct sn_json *j, const char *key, double v);
void sn_json_kv_int(struct sn_json *j, const char *key, int64_t v);
void sn_json_kv_seed(struct sn_json *j, uint64_t seed); /* "seed" as text: beyond 2^53 a JSON number would lie */
void sn_json_kv_numbers(struct sn_json *j, const char *key, const double *v, size_t n); /* an array */
void sn_json_kv_bool(struct sn_json *j, const char *key, bool v);
void sn_json_free(struct sn_json *j);

/* Reader: strict RFC 8259, depth at most 64, duplicate keys refused, errors with byte position. */
enum sn_json_type { SN_JSON_NULL, SN_JSON_BOOL, SN_JSON_NUMBER, SN_JSON_STRING, SN_JSON_ARRAY, SN_JSON_OBJECT };
struct sn_json_value {
    enum sn_json_type type;
    bool boolean;
    double number;
    const char *string;                 /* decoded, NUL-terminated; a NUL inside is refused */
    const char *key;                    /* when a member of an object */
    size_t count;                       /* elements or members */
    struct sn_json_value *first, *next; /* children as a list */
};
struct sn_json_doc {
    struct sn_json_value *root;
    struct sn_arena arena;
};
int sn_json_parse(const void *data, size_t size, struct sn_json_doc *doc, struct sn_error *err);
int sn_json_read(const char *path, struct sn_json_doc *doc, struct sn_error *err);
void sn_json_doc_free(struct sn_json_doc *doc);
const struct sn_json_value *sn_json_get(const struct sn_json_value *object, const char *key); /* NULL: absent or not an object */

/* ---- compression (inflate.c, deflate.c), used by PNG and zip readers ---------------------- */

/* zlib stream (RFC 1950/1951) into exactly `out_size` bytes; Adler-32 checked. */
int sn_zlib_inflate(const void *in, size_t in_size, void *out, size_t out_size, struct sn_error *err);
/* Bare deflate blocks (RFC 1951) of unknown size into a new buffer *out (malloc'd) of at most `limit`
 * bytes, beyond which SN_ELIMIT; bytes behind the last block are ignored. */
int sn_inflate_raw(const void *in, size_t in_size, size_t limit, uint8_t **out, size_t *out_size, struct sn_error *err);
/* zlib stream appended to out; deterministic; LZ77 with dynamic Huffman codes. */
int sn_zlib_deflate(const void *in, size_t n, struct sn_buf *out, struct sn_error *err);
uint32_t sn_adler32(const void *data, size_t n); /* RFC 1950, of the whole data at once */

#endif
