/* input.c: from an image file to what a network gets. */
#include "tools/pipeline.h"

#include <stdlib.h>

#include "tools/image_dicom.h"

void sn_digest_bytes(const void *x, size_t n, char hex[SN_SHA256_HEX])
{
    uint8_t digest[32];

    sn_sha256(x, n, digest);
    sn_hex(digest, sizeof digest, hex);
}

void sn_digest_f32(const float *x, size_t n, char hex[SN_SHA256_HEX])
{
    struct sn_sha256 s;
    uint8_t bytes[4096], digest[32];

    sn_sha256_init(&s);
    for (size_t i = 0; i < n;) {
        size_t k = SN_MIN(n - i, sizeof bytes / 4);

        for (size_t j = 0; j < k; j++) {
            uint32_t u;

            memcpy(&u, &x[i + j], 4);
            sn_put_le32(bytes + 4 * j, u);
        }
        sn_sha256_update(&s, bytes, 4 * k);
        i += k;
    }
    sn_sha256_final(&s, digest);
    sn_hex(digest, sizeof digest, hex);
}

static void digest_pixels(const struct sn_image *im, char hex[SN_SHA256_HEX])
{
    size_t samples = (size_t)im->width * im->height * (size_t)im->channels;
    const uint16_t *wide = im->data;
    struct sn_sha256 s;
    uint8_t bytes[4096], digest[32];

    if (im->depth == 8) {
        sn_digest_bytes(im->data, samples, hex);
        return;
    }
    sn_sha256_init(&s);
    for (size_t i = 0; i < samples;) {
        size_t k = SN_MIN(samples - i, sizeof bytes / 2);

        for (size_t j = 0; j < k; j++)
            sn_put_le16(bytes + 2 * j, wide[i + j]);
        sn_sha256_update(&s, bytes, 2 * k);
        i += k;
    }
    sn_sha256_final(&s, digest);
    sn_hex(digest, sizeof digest, hex);
}

void sn_input_free(struct sn_input *in)
{
    sn_image_free(&in->rgb);
    sn_image_free(&in->grey);
    *in = (struct sn_input){ 0 };
}

static int prepare(const struct sn_image *raw, struct sn_input *in, struct sn_error *err)
{
    struct sn_image upright = { 0 }, narrow = { 0 };
    int rc;

    SN_TRY_OUT(sn_image_orient(raw, &upright, err));
    SN_TRY_OUT(sn_image_to_8bit(&upright, &narrow, err));
    sn_image_free(&upright);
    SN_TRY_OUT(sn_image_to_rgb(&narrow, &in->rgb, err));
    SN_TRY_OUT(sn_image_to_grey(&narrow, &in->grey, err));
out:
    sn_image_free(&upright);
    sn_image_free(&narrow);
    return rc;
}

/* Messages end up in reports: they name the file, not the folders it came from. */
static int open_named(const char *path, const char *name, struct sn_map *map, struct sn_error *err)
{
    int rc = sn_map_file(path, map, err);
    size_t n = strlen(path), m = strlen(name);

    if (rc && err && m <= n && strncmp(err->msg, path, n) == 0) {
        memmove(err->msg + m, err->msg + n, strlen(err->msg + n) + 1);
        memcpy(err->msg, name, m);
    }
    return rc;
}

/* "cine.dcm#12": *frame, and the length of what comes before the '#'; 0 when the text is no such path. */
static size_t frame_suffix(const char *path, long *frame)
{
    const char *mark = strrchr(path, '#');

    if (!mark || mark == path || !sn_frame_parse(mark + 1, frame) || *frame == SN_FRAME_ALL)
        return 0;
    return (size_t)(mark - path);
}

/* The file under its whole name; failing that, without the frame at its end. */
int sn_input_open(const char *path, const char *name, struct sn_map *map, long *frame, struct sn_error *err)
{
    int rc = open_named(path, name, map, err);
    size_t n = rc == SN_EIO ? frame_suffix(path, frame) : 0;
    struct sn_error second = { 0 };
    char *file;

    if (n == 0)
        return rc;
    file = malloc(n + 1);
    if (!file)
        return SN_NOMEM(err, "a file name");
    memcpy(file, path, n);
    file[n] = 0;
    if (sn_map_file(file, map, &second) == SN_OK)
        rc = SN_OK;
    free(file);
    return rc;
}

int sn_input_read(const char *path, const char *name, bool lenient, struct sn_input *in, struct sn_error *err)
{
    struct sn_dicom_view view = { SN_FRAME_ONLY, SN_REGION_AUTO };
    const struct sn_image_options opt = { .lenient = lenient, .dicom = &view };
    struct sn_map map = { 0 };
    struct sn_image raw = { 0 };
    int rc;

    *in = (struct sn_input){ 0 };
    SN_TRY(sn_input_open(path, name, &map, &view.frame, err));
    in->bytes = map.size;
    sn_digest_bytes(map.data, map.size, in->sha256);
    SN_TRY_OUT(sn_image_decode_with(map.data, map.size, &opt, &raw, err));
    if (view.frame != SN_FRAME_ONLY && strcmp(raw.format, "dicom") != 0)
        SN_TRY_OUT(SN_FAIL(err, SN_EINVAL, "a frame was asked for, only DICOM files have them"));
    digest_pixels(&raw, in->pixels_sha256);
    in->width = raw.width;
    in->height = raw.height;
    in->channels = raw.channels;
    in->depth = raw.depth;
    in->orientation = raw.orientation;
    memcpy(in->format, raw.format, sizeof in->format);
    memcpy(in->detail, raw.detail, sizeof in->detail);
    memcpy(in->spacing_mm, raw.spacing_mm, sizeof in->spacing_mm);
    in->warnings = raw.warnings;
    in->frame = raw.frame;
    in->x = raw.x;
    in->y = raw.y;
    rc = prepare(&raw, in, err);
out:
    sn_image_free(&raw);
    sn_map_close(&map);
    if (rc) {
        sn_input_free(in);
        rc = sn_fail_context(err, rc, "%s", name);
    }
    return rc;
}

/* (v / divide - mean) / sd for all 256 values, in double, rounded once. */
static void normaliser(const struct sn_pack_net *net, int channel, float table[256])
{
    for (int v = 0; v < 256; v++)
        table[v] = sn_flush((float)((v / net->divide - net->mean[channel]) / net->sd[channel]));
}

int sn_input_tensor(const struct sn_pack_net *net, const struct sn_image *rgb, const struct sn_image *grey, float *out,
                    struct sn_error *err)
{
    const struct sn_image *from = net->channels == SN_CHANNELS_GREY ? grey : rgb;
    struct sn_image sized = { 0 };
    size_t n = (size_t)net->width * net->height;
    float table[256];

    SN_TRY(sn_resize_u8(from, net->width, net->height, net->resize, &sized, err));
    for (int c = 0; c < net->info.in_channels; c++) {
        const uint8_t *px = sized.data;
        size_t step = (size_t)sized.channels;

        if (net->channels == SN_CHANNELS_RGB)
            px += c;
        else if (net->channels == SN_CHANNELS_BGR)
            px += 2 - c;
        normaliser(net, c, table);
        for (size_t i = 0; i < n; i++)
            out[(size_t)c * n + i] = table[px[i * step]];
    }
    sn_image_free(&sized);
    return SN_OK;
}

double sn_output_one(const struct sn_pack_net *net, const float *logits, size_t n, size_t i)
{
    double pos = (double)logits[(size_t)net->positive * n + i], sum = 0.0;

    if (net->output == SN_OUTPUT_SIGMOID)
        return sn_sigmoid(pos);
    /* 1 / sum_j exp(l_j - l_pos): overflow does no harm, an infinite sum gives 0 */
    for (int c = 0; c < net->info.classes; c++)
        sum += sn_exp((double)logits[(size_t)c * n + i] - pos);
    return 1.0 / sum;
}

void sn_output_probability(const struct sn_pack_net *net, const float *logits, size_t n, float *p)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (float)sn_output_one(net, logits, n, i);
}
