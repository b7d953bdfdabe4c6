/*
 * decode_peers.c: times libjpeg(-turbo) and libpng beside our decoders, in one process, in turns.
 * Built and run by decode.sh only; nothing else links these libraries.
 *
 *   decode_peers make PICTURE DIR    writes PICTURE as each kind below, by libjpeg and libpng
 *   decode_peers SECONDS FILE...     JPEG and PNG files, read into memory first
 *
 * Per file: the fastest and the median run of each, megabytes of file and megapixels a second, and
 * the peer's time over ours (above 1: we are faster). Pixels must be equal. Exit 1 when a ratio of least times is
 * below 0.5.
 */
#include <stdio.h> /* before jpeglib.h */

#include <jpeglib.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/io.h"

enum { MAX_RUNS = 4096 };

struct pixels {
    unsigned width, height, channels;
    unsigned char *data;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int peer_jpeg(const struct sn_map *m, struct pixels *p)
{
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr e;

    d.err = jpeg_std_error(&e);
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, m->data, m->size);
    jpeg_read_header(&d, TRUE);
    jpeg_start_decompress(&d);
    p->width = d.output_width;
    p->height = d.output_height;
    p->channels = (unsigned)d.output_components;
    p->data = malloc((size_t)p->width * p->height * p->channels);
    while (d.output_scanline < d.output_height) {
        JSAMPROW row = p->data + (size_t)d.output_scanline * p->width * p->channels;

        jpeg_read_scanlines(&d, &row, 1);
    }
    jpeg_finish_decompress(&d);
    jpeg_destroy_decompress(&d);
    return 0;
}

static int peer_png(const struct sn_map *m, struct pixels *p)
{
    png_image im;

    memset(&im, 0, sizeof im); /* the simplified interface: one call, whole picture */
    im.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&im, m->data, m->size))
        return 1;
    p->width = im.width;
    p->height = im.height;
    p->channels = PNG_IMAGE_SAMPLE_CHANNELS(im.format);
    p->data = malloc(PNG_IMAGE_SIZE(im));
    return !png_image_finish_read(&im, NULL, p->data, 0, NULL);
}

/* ---- files to time, from one picture ------------------------------------------------------------ */

static const struct kind {
    const char *name;
    int channels, h, v; /* h 0: PNG, v its interlacing */
    int progressive;
} kinds[] = { { "baseline_420.jpg", 3, 2, 2, 0 }, { "baseline_422.jpg", 3, 2, 1, 0 },    { "baseline_444.jpg", 3, 1, 1, 0 },
              { "grey.jpg", 1, 1, 1, 0 },         { "progressive_420.jpg", 3, 2, 2, 1 }, { "progressive_grey.jpg", 1, 1, 1, 1 },
              { "grey8.png", 1, 0, 0, 0 },        { "rgb8.png", 3, 0, 0, 0 },            { "grey8_interlaced.png", 1, 0, 1, 0 },
              { "rgb8_interlaced.png", 3, 0, 1, 0 } };

static int write_jpeg(FILE *f, const struct kind *k, const struct sn_image *im)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr e;

    c.err = jpeg_std_error(&e);
    jpeg_create_compress(&c);
    jpeg_stdio_dest(&c, f);
    c.image_width = im->width;
    c.image_height = im->height;
    c.input_components = k->channels;
    c.in_color_space = k->channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 90, TRUE);
    c.comp_info[0].h_samp_factor = k->h;
    c.comp_info[0].v_samp_factor = k->v;
    if (k->progressive)
        jpeg_simple_progression(&c);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        JSAMPROW row = (unsigned char *)im->data + (size_t)c.next_scanline * im->width * (size_t)k->channels;

        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    return 0;
}

static int write_png(FILE *f, const struct kind *k, const struct sn_image *im)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_bytepp rows = malloc(im->height * sizeof *rows);

    if (!png || !info || !rows || setjmp(png_jmpbuf(png)))
        return 1;
    for (size_t y = 0; y < im->height; y++)
        rows[y] = (unsigned char *)im->data + y * im->width * (size_t)k->channels;
    png_init_io(png, f);
    png_set_IHDR(png, info, im->width, im->height, 8, k->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
                 k->v ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_rows(png, info, rows);
    png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    png_destroy_write_struct(&png, &info);
    free(rows);
    return 0;
}

/* Three shifted copies as the channels, so that a grey picture has colour to decode. */
static void colour(struct sn_image *rgb)
{
    size_t w = rgb->width, n = w * rgb->height;
    unsigned char *p = rgb->data;

    for (size_t i = 0; i + 3 * w < n; i++) {
        p[3 * i + 1] = p[3 * (i + 3) + 1];
        p[3 * i + 2] = p[3 * (i + 3 * w) + 2];
    }
}

static int make(const char *picture, const char *dir)
{
    struct sn_image im, bytes, rgb, grey;
    struct sn_error err = { 0 };
    int bad = 0;

    if (sn_image_read(picture, &im, &err) || sn_image_to_8bit(&im, &bytes, &err) || sn_image_to_rgb(&bytes, &rgb, &err) ||
        sn_image_to_grey(&bytes, &grey, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    if (bytes.channels < 3)
        colour(&rgb);
    for (size_t i = 0; i < SN_COUNT(kinds); i++) {
        const struct kind *k = &kinds[i];
        char path[1024];
        FILE *f;

        snprintf(path, sizeof path, "%s/%s", dir, k->name);
        f = fopen(path, "wb");
        if (!f)
            return 1;
        bad |= (k->h ? write_jpeg : write_png)(f, k, k->channels == 3 ? &rgb : &grey);
        bad |= fclose(f) != 0;
    }
    return bad;
}

/* ---- timing ------------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int slow; /* files that we need more than twice the peer's time for */

static int one(const char *path, double seconds)
{
    static double theirs[MAX_RUNS], ours[MAX_RUNS];
    struct sn_error err = { 0 };
    struct sn_image im = { 0 };
    struct pixels p = { 0 };
    struct sn_map m;
    double end, mb, mp;
    size_t n = 0;
    int jpeg;

    if (sn_map_file(path, &m, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    jpeg = m.size > 2 && m.data[0] == 0xff;
    for (end = now() + seconds * 1e3; (n < 5 || now() < end) && n < MAX_RUNS; n++) {
        double t0 = now(), t1, t2;
        int bad = jpeg ? peer_jpeg(&m, &p) : peer_png(&m, &p);

        t1 = now();
        bad |= sn_image_decode(m.data, m.size, &im, &err);
        t2 = now();
        if (bad) {
            fprintf(stderr, "%s: not decoded: %s\n", path, err.msg);
            return 1;
        }
        if (im.depth == 8 && p.channels == (unsigned)im.channels && memcmp(p.data, im.data, sn_image_bytes(&im)) != 0) {
            fprintf(stderr, "%s: pixels differ\n", path);
            return 1;
        }
        theirs[n] = t1 - t0;
        ours[n] = t2 - t1;
        mb = (double)m.size / 1e6;
        mp = (double)im.width * im.height / 1e6;
        free(p.data);
        sn_image_free(&im);
    }
    qsort(theirs, n, sizeof *theirs, ascending);
    qsort(ours, n, sizeof *ours, ascending);
    printf("%-9s %9.2f %9.2f %8.1f %8.1f | %9.2f %9.2f %8.1f %8.1f | %5.2f %5.2f  %s\n", jpeg ? "libjpeg" : "libpng", theirs[0],
           theirs[n / 2], mb / theirs[0] * 1e3, mp / theirs[0] * 1e3, ours[0], ours[n / 2], mb / ours[0] * 1e3,
           mp / ours[0] * 1e3, theirs[0] / ours[0], theirs[n / 2] / ours[n / 2], strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
    slow += theirs[0] < 0.5 * ours[0];
    sn_map_close(&m);
    return 0;
}

int main(int argc, char **argv)
{
    int bad = 0;

    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "make") == 0)
        return argc == 4 ? make(argv[2], argv[3]) : 2;
    printf("peer       least ms    median   MB/s    Mpix/s | ours least    median   MB/s    Mpix/s | ratio of least, median\n");
    for (int i = 2; i < argc; i++)
        bad |= one(argv[i], atof(argv[1]));
    if (slow)
        printf("%d below 0.5\n", slow);
    return bad || slow;
}
