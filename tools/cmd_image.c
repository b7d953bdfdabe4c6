/* cmd_image.c: `sentinode image`: what the program sees in an image file, and its properties. */
#include "tools/cli.h"

#include <stdio.h>

#include "io/io.h"

static const char help[] =
    "Usage: sentinode image IN [-o OUT.png|OUT.npy]\n"
    "\n"
    "Reads a PNG, BMP or PNM picture (told by content, not by name), prints its properties and,\n"
    "with -o, writes the pixels the other commands work on.\n"
    "\n"
    "  -o OUT.npy   the decoded samples: uint8 or uint16, [rows][cols] or [rows][cols][channels];\n"
    "               alpha kept, palettes expanded, no orientation applied\n"
    "  -o OUT.png   8 bits (16-bit samples lose their low byte), EXIF orientation applied\n"
    "\n"
    "pixels_sha256 is the digest of the decoded samples, row by row, 16-bit ones low byte first:\n"
    "the same bytes as the data of OUT.npy.\n";

static const struct sn_opt opts[] = { { "-o,--output", 'o', true }, { 0 } };

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

static int read_image(const char *path, struct sn_image *im, struct properties *p,
                      struct sn_error *err)
{
    struct sn_map map;
    uint8_t digest[32];
    int rc;

    SN_TRY(sn_map_file(path, &map, err));
    rc = sn_image_decode(map.data, map.size, im, err);
    if (!rc) {
        sn_sha256(map.data, map.size, digest);
        sn_hex(digest, sizeof digest, p->file_sha256);
        hash_pixels(im, p->pixels_sha256);
    }
    sn_map_close(&map);
    return rc ? sn_fail_context(err, rc, "%s", path) : SN_OK;
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
    (void)printf("file sha256    %s\n", p->file_sha256);
    (void)printf("pixels sha256  %s\n", p->pixels_sha256);
    if (output)
        (void)printf("written        %s\n", sn_basename(output));
}

static int print_json(const char *path, const char *output, const struct sn_image *im,
                      const struct properties *p, struct sn_error *err)
{
    struct sn_json j;
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
    sn_json_key(&j, "spacing_mm");
    if (im->spacing_mm[0] > 0.0) {
        sn_json_array(&j);
        sn_json_number(&j, im->spacing_mm[0]);
        sn_json_number(&j, im->spacing_mm[1]);
        sn_json_end_array(&j);
    } else {
        sn_json_null(&j);
    }
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

static int run(const struct sn_args *a, const char *path, const char *output, struct sn_error *err)
{
    struct sn_image im = { 0 };
    struct properties p;
    int rc;

    SN_TRY_OUT(read_image(path, &im, &p, err));
    if (output)
        SN_TRY_OUT(ends_with(output, ".npy") ? write_npy(output, &im, err)
                                             : write_png(output, &im, err));
    if (a->common.json)
        rc = print_json(path, output, &im, &p, err);
    else if (!a->common.quiet)
        print_text(path, output, &im, &p);
out:
    sn_image_free(&im);
    return rc;
}

int sn_cmd_image(int argc, char **argv)
{
    const char *path = NULL, *output = NULL;
    struct sn_error err = { 0 };
    struct sn_args a;
    int c;

    sn_args_init(&a, help, opts, argc, argv);
    while ((c = sn_args_next(&a)) != 0) {
        switch (c) {
        case 'o':
            output = a.value;
            break;
        case '.':
            if (path)
                return sn_args_usage(&a, "one image at a time, found '%s' too", a.value);
            path = a.value;
            break;
        default:
            return sn_args_exit(&a);
        }
    }
    if (!path)
        return sn_args_usage(&a, "an image file is missing");
    if (output && !ends_with(output, ".png") && !ends_with(output, ".npy"))
        return sn_args_usage(&a, "-o needs a name ending in .png or .npy, found '%s'", output);
    return sn_report(&a, run(&a, path, output, &err), &err);
}
