/* cmd_image.c: `sentinode image`: what the program sees in an image file, and its properties. */
#include "tools/cli.h"

#include <stdio.h>

#include "io/io.h"
#include "tools/image_dicom.h"

static const char help[] =
    "Usage: sentinode image IN [-o OUT.png|OUT.npy] [--lenient] [--frame K|mid|all] [--region K|auto|none]\n"
    "       sentinode image IN.dcm --raw -o OUT.npy [--lenient] [--frame K|mid|all]\n"
    "       sentinode image IN.dcm --tags [--phi]\n"
    "\n"
    "Reads a PNG, JPEG, BMP, PNM or DICOM picture (told by content, not by name), prints its properties\n"
    "and, with -o, writes the pixels the other commands work on.\n"
    "\n"
    "  -o OUT.npy   the decoded samples: uint8 or uint16, [rows][cols] or [rows][cols][channels];\n"
    "               alpha kept, palettes expanded, no orientation applied\n"
    "  -o OUT.png   8 bits (16-bit samples lose their low byte), EXIF orientation applied\n"
    "  --lenient    decode a damaged or cut-off JPEG picture, also in DICOM, as far as it goes: the result is\n"
    "               marked damaged and the exit code is 1. Without it such a file is an error\n"
    "\n"
    "DICOM: the picture a viewer shows, cut to the 2D tissue region of ultrasound.\n"
    "  --frame K    frame K of several, from 1, or mid; all: [frames][rows][cols](channels) as OUT.npy, or\n"
    "               OUT-0001.png and so on. Default: the middle one (with --raw: all)\n"
    "  --region K   ultrasound region K, from 1; none: the whole frame; auto: the largest 2D tissue region\n"
    "  --raw        the stored values instead: no window, no palette, no crop; native 4:2:2 at full chroma,\n"
    "               lossy JPEG colour as RGB; [frames][rows][cols][samples], axes of length 1 for frames and\n"
    "               samples left out\n"
    "  --tags       the elements; values that may identify a person are hidden\n"
    "  --phi        shows those too\n"
    "\n"
    "pixels_sha256 is the digest of the decoded samples, row by row, 16-bit ones low byte first:\n"
    "the same bytes as the data of OUT.npy.\n";

enum { OUTPUT = 'o', FRAME = 'f', REGION = 'g', RAW = 'r', TAGS = 't', PHI = 'p', LENIENT = 'l' };

static const struct sn_opt opts[] = { { "-o,--output", OUTPUT, true }, { "--frame", FRAME, true }, { "--region", REGION, true },
                                      { "--raw", RAW, false },         { "--tags", TAGS, false },  { "--phi", PHI, false },
                                      { "--lenient", LENIENT, false }, { 0 } };

struct job {
    const char *path, *output;
    struct sn_dicom_view view; /* frame may be SN_FRAME_ALL */
    bool raw, tags, phi, lenient;
    bool damaged; /* found out: exit code 1 */
};

struct properties {
    char file_sha256[SN_SHA256_HEX], pixels_sha256[SN_SHA256_HEX];
};

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);

    return n > k && strcmp(s + n - k, end) == 0;
}

static void hash_pixels(const struct sn_image *im, char hex[SN_SHA256_HEX])
{
    size_t n = (size_t)im->width * im->height * (size_t)im->channels;
    uint8_t digest[32], piece[4096];
    const uint16_t *wide = im->data;
    struct sn_sha256 s;

    sn_sha256_init(&s);
    if (im->depth == 8) {
        sn_sha256_update(&s, im->data, n);
        n = 0;
    }
    while (n) {
        size_t k = SN_MIN(n, sizeof piece / 2);

        for (size_t i = 0; i < k; i++)
            sn_put_le16(piece + 2 * i, *wide++);
        sn_sha256_update(&s, piece, 2 * k);
        n -= k;
    }
    sn_sha256_final(&s, digest);
    sn_hex(digest, sizeof digest, hex);
}

static int read_image(const struct job *j, struct sn_image *im, struct properties *p, struct sn_error *err)
{
    const struct sn_image_options opt = { .lenient = j->lenient, .dicom = &j->view };
    struct sn_map map;
    uint8_t digest[32];
    int rc;

    SN_TRY(sn_map_file(j->path, &map, err));
    rc = sn_image_decode_with(map.data, map.size, &opt, im, err);
    if (!rc) {
        sn_sha256(map.data, map.size, digest);
        sn_hex(digest, sizeof digest, p->file_sha256);
        hash_pixels(im, p->pixels_sha256);
    }
    sn_map_close(&map);
    return rc ? sn_fail_context(err, rc, "%s", j->path) : SN_OK;
}

static int write_npy(const char *path, const struct sn_image *im, struct sn_error *err)
{
    size_t shape[3] = { im->height, im->width, (size_t)im->channels };

    return sn_npy_write(path, im->depth == 16 ? SN_NPY_U2 : SN_NPY_U1, im->channels > 1 ? 3 : 2,
                        shape, im->data, err);
}

static int write_png(const char *path, const struct sn_image *im, struct sn_error *err)
{
    struct sn_image bytes = { 0 }, upright = { 0 };
    int rc;

    SN_TRY_OUT(sn_image_to_8bit(im, &bytes, err));
    SN_TRY_OUT(sn_image_orient(&bytes, &upright, err));
    rc = sn_png_write(path, &upright, err);
out:
    sn_image_free(&bytes);
    sn_image_free(&upright);
    return rc;
}

static void print_text(const char *path, const char *output, const struct sn_image *im,
                       const struct properties *p)
{
    static const char *const kinds[5] = { "", "grey", "grey+alpha", "RGB", "RGBA" };
    char text[256];

    (void)printf("file           %s\n", sn_basename(path));
    (void)printf("format         %s: %s\n", im->format, im->detail);
    (void)printf("size           %u columns, %u rows\n", im->width, im->height);
    (void)printf("channels       %d (%s), %d bits\n", im->channels, kinds[im->channels], im->depth);
    (void)printf("orientation    %d%s\n", im->orientation,
                 im->orientation == 1 ? " (upright)" : "");
    if (im->spacing_mm[0] > 0.0) {
        char row[32], column[32];

        (void)printf("spacing        %s mm between rows, %s mm between columns\n",
                     sn_format_double(im->spacing_mm[0], row),
                     sn_format_double(im->spacing_mm[1], column));
    } else {
        (void)printf("spacing        unknown\n");
    }
    if (im->warnings)
        (void)printf("warnings       %s\n", sn_warning_text(im->warnings, text, sizeof text));
    (void)printf("file sha256    %s\n", p->file_sha256);
    (void)printf("pixels sha256  %s\n", p->pixels_sha256);
    if (output)
        (void)printf("written        %s\n", sn_basename(output));
}

static int print_json(const char *path, const char *output, const struct sn_image *im,
                      const struct properties *p, struct sn_error *err)
{
    struct sn_json j;
    char text[256];
    bool failed;

    sn_json_init(&j, 2);
    sn_json_object(&j);
    sn_json_kv(&j, "file", sn_basename(path));
    sn_json_kv(&j, "format", im->format);
    sn_json_kv(&j, "detail", im->detail);
    sn_json_kv_int(&j, "width", im->width);
    sn_json_kv_int(&j, "height", im->height);
    sn_json_kv_int(&j, "channels", im->channels);
    sn_json_kv_int(&j, "depth", im->depth);
    sn_json_kv_int(&j, "orientation", im->orientation);
    sn_json_kv_bool(&j, "damaged", im->damaged);
    sn_json_key(&j, "spacing_mm");
    if (im->spacing_mm[0] > 0.0) {
        sn_json_array(&j);
        sn_json_number(&j, im->spacing_mm[0]);
        sn_json_number(&j, im->spacing_mm[1]);
        sn_json_end_array(&j);
    } else {
        sn_json_null(&j);
    }
    sn_json_kv(&j, "warnings", im->warnings ? sn_warning_text(im->warnings, text, sizeof text) : NULL);
    sn_json_kv(&j, "file_sha256", p->file_sha256);
    sn_json_kv(&j, "pixels_sha256", p->pixels_sha256);
    sn_json_kv(&j, "output", output ? sn_basename(output) : NULL);
    sn_json_end_object(&j);
    failed = j.buf.failed;
    if (!failed)
        (void)fputs(j.buf.data, stdout);
    sn_json_free(&j);
    return failed ? SN_NOMEM(err, "the summary") : SN_OK;
}

static int run(const struct sn_args *a, struct job *j, struct sn_error *err)
{
    struct sn_image im = { 0 };
    struct properties p;
    int rc;

    SN_TRY_OUT(read_image(j, &im, &p, err));
    j->damaged = im.damaged;
    if (j->output)
        SN_TRY_OUT(ends_with(j->output, ".npy") ? write_npy(j->output, &im, err)
                                                : write_png(j->output, &im, err));
    if (a->common.json)
        rc = print_json(j->path, j->output, &im, &p, err);
    else if (!a->common.quiet)
        print_text(j->path, j->output, &im, &p);
out:
    sn_image_free(&im);
    return rc;
}

/* --raw, --tags, --frame all: what other formats do not have. */
static int run_dicom(struct job *j, struct sn_error *err)
{
    struct sn_dicom d = { 0 };
    struct sn_map map;
    int rc;

    SN_TRY(sn_map_file(j->path, &map, err));
    if (!sn_dicom_recognise(map.data, map.size))
        rc = SN_FAIL(err, SN_EUNSUPPORTED, "not a DICOM file; --raw, --tags and --frame all are for those");
    else
        rc = sn_dicom_parse(map.data, map.size, &d, err);
    if (!rc) {
        d.lenient = j->lenient;
        if (j->tags)
            rc = sn_dicom_print_tags(&d, j->phi, err);
        else if (j->raw)
            rc = sn_dicom_write_raw(&d, j->view.frame == SN_FRAME_ONLY ? SN_FRAME_ALL : j->view.frame, j->output, err);
        else
            rc = sn_dicom_write_all(&d, j->view.region, j->output, err);
        j->damaged = d.damaged;
        sn_dicom_free(&d);
    }
    sn_map_close(&map);
    return rc ? sn_fail_context(err, rc, "%s", j->path) : SN_OK;
}

static bool parse_region(const struct sn_args *a, int *region)
{
    long k;

    if (strcmp(a->value, "auto") == 0 || strcmp(a->value, "none") == 0) {
        *region = a->value[0] == 'a' ? SN_REGION_AUTO : SN_REGION_NONE;
        return true;
    }
    if (!sn_args_int(a, "--region", 1, SN_DICOM_MAX_REGIONS, &k))
        return false;
    *region = (int)k - 1;
    return true;
}

static int check_usage(const struct sn_args *a, const struct job *j)
{
    if (!j->path)
        return sn_args_usage(a, "an image file is missing");
    if (j->output && !ends_with(j->output, ".png") && !ends_with(j->output, ".npy"))
        return sn_args_usage(a, "-o needs a name ending in .png or .npy, found '%s'", j->output);
    if (j->raw && (!j->output || !ends_with(j->output, ".npy")))
        return sn_args_usage(a, "--raw needs -o with a name ending in .npy");
    if (j->tags && (j->raw || j->output || j->lenient || a->common.json))
        return sn_args_usage(a, "--tags prints text: no --raw, -o, --lenient or --json");
    if (j->phi && !j->tags)
        return sn_args_usage(a, "--phi belongs to --tags");
    if (j->view.frame == SN_FRAME_ALL && !j->output)
        return sn_args_usage(a, "--frame all needs -o");
    return 0;
}

int sn_cmd_image(int argc, char **argv)
{
    struct job j = { .view = { SN_FRAME_ONLY, SN_REGION_AUTO } };
    struct sn_error err = { 0 };
    struct sn_args a;
    int c;

    sn_args_init(&a, help, opts, argc, argv);
    while ((c = sn_args_next(&a)) != 0) {
        switch (c) {
        case OUTPUT:
            j.output = a.value;
            break;
        case FRAME:
            if (!sn_frame_parse(a.value, &j.view.frame))
                return sn_args_usage(&a, "--frame takes a number from 1, mid or all, found '%s'", a.value);
            break;
        case REGION:
            if (!parse_region(&a, &j.view.region))
                return 2;
            break;
        case RAW:
            j.raw = true;
            break;
        case TAGS:
            j.tags = true;
            break;
        case LENIENT:
            j.lenient = true;
            break;
        case PHI:
            j.phi = true;
            break;
        case '.':
            if (j.path)
                return sn_args_usage(&a, "one image at a time, found '%s' too", a.value);
            j.path = a.value;
            break;
        default:
            return sn_args_exit(&a);
        }
    }
    c = check_usage(&a, &j);
    if (c)
        return c;
    c = j.raw || j.tags || j.view.frame == SN_FRAME_ALL ? run_dicom(&j, &err) : run(&a, &j, &err);
    if (c)
        return sn_report(&a, c, &err);
    if (j.damaged)
        sn_note(&a, "%s is damaged: the picture was decoded as far as it goes", sn_basename(j.path));
    return j.damaged ? 1 : 0;
}
