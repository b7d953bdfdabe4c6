/*
 * decode_peers.c: times libjpeg(-turbo) and libpng beside our decoders, in one process, in turns.
 * Built and run by decode.sh only; nothing else links these libraries.
 *
 *   decode_peers SECONDS FILE...     JPEG and PNG files, read into memory first
 *
 * Per file: the fastest and the median run of each, megabytes of file and megapixels a second, and
 * the peer's fastest time over ours (above 1: we are faster). Pixels of JPEG files must be equal.
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

    memset(&im, 0, sizeof im);
    im.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&im, m->data, m->size))
        return 1;
    p->width = im.width;
    p->height = im.height;
    p->channels = PNG_IMAGE_SAMPLE_CHANNELS(im.format);
    p->data = malloc(PNG_IMAGE_SIZE(im));
    return !png_image_finish_read(&im, NULL, p->data, 0, NULL);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

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
        if (jpeg && p.channels == (unsigned)im.channels && memcmp(p.data, im.data, sn_image_bytes(&im)) != 0) {
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
    sn_map_close(&m);
    return 0;
}

int main(int argc, char **argv)
{
    int bad = 0;

    if (argc < 3)
        return 2;
    printf("peer       least ms    median   MB/s    Mpix/s | ours least    median   MB/s    Mpix/s | ratio of least, median\n");
    for (int i = 2; i < argc; i++)
        bad |= one(argv[i], atof(argv[1]));
    return bad;
}
