/*
 * check_dicom_us.c: ultrasound regions, physical scale and warnings; what `sentinode image` shows of a
 * DICOM file; frames in the pipeline's paths.
 */
#include <math.h>
#include <unistd.h>

#include "tests/unit/dicom_make.h"
#include "tools/cli.h"
#include "tools/image_dicom.h"
#include "tools/pipeline.h"

struct region {
    int format, type;
    int x0, y0, x1, y1;
    int units;
    double dx, dy;
};

static void put_region(struct maker *m, const struct region *r)
{
    struct maker item = { 0 };
    const int box[4] = { r->x0, r->y0, r->x1, r->y1 };

    us(&item, TAG(0x18, 0x6012), (unsigned)r->format);
    us(&item, TAG(0x18, 0x6014), (unsigned)r->type);
    for (unsigned i = 0; i < 4; i++) { /* negative ones are stored signed, as some writers do */
        header(&item, TAG(0x18, 0x6018 + 2 * i), box[i] < 0 ? "SL" : "UL", 4);
        put32(&item, (uint32_t)box[i]);
    }
    us(&item, TAG(0x18, 0x6024), (unsigned)r->units);
    us(&item, TAG(0x18, 0x6026), (unsigned)r->units);
    fd(&item, TAG(0x18, 0x602c), r->dx);
    fd(&item, TAG(0x18, 0x602e), r->dy);
    header(m, TAG(0xfffe, 0xe000), "", (uint32_t)item.b.len);
    sn_buf_add(&m->b, item.b.data, item.b.len);
    sn_buf_free(&item.b);
}

/* 100 x 80 grey pixels, value x, with regions and, unless NULL, Pixel Spacing. */
static struct maker ultrasound(const struct region *r, size_t n, const char *spacing, const char *sop, const char *frames)
{
    struct maker m = begin(".1"), list = { 0 };
    uint8_t px[2 * 8000];

    if (sop)
        text(&m, TAG(8, 0x16), "UI", sop);
    text(&m, TAG(8, 0x60), "CS", "US");
    text(&m, TAG(0x10, 0x10), "PN", "Secret^Name");
    for (size_t i = 0; i < n; i++)
        put_region(&list, &r[i]);
    if (n)
        bytes(&m, TAG(0x18, 0x6011), "SQ", list.b.data, list.b.len);
    sn_buf_free(&list.b);
    if (spacing)
        text(&m, TAG(0x28, 0x30), "DS", spacing);
    image(&m, &(struct shape){ .rows = 80, .cols = 100, .allocated = 8, .stored = 8, .frames = frames });
    for (size_t i = 0; i < sizeof px; i++)
        px[i] = (uint8_t)(i % 100 + (i >= 8000 ? 100 : 0));
    bytes(&m, TAG(0x7fe0, 0x10), "OB", px, frames ? 16000 : 8000);
    return m;
}

static void view(struct maker *m, int region, struct sn_image *im, struct made *x)
{
    struct sn_dicom_view v = { SN_FRAME_ONLY, region };

    make(x, m);
    sn_ck_ok(x->rc, &x->err);
    sn_ck_ok(sn_dicom_image(&x->d, &v, im, &x->err), &x->err);
}

/* ---- regions --------------------------------------------------------------------------------- */

START_TEST(tissue_region)
{
    static const struct region r[] = { { 3, 1, 0, 60, 99, 79, 4, 1, 1 },        /* spectral */
                                       { 1, 1, 5, 6, 14, 25, 3, 0.01, 0.02 },   /* a small inset */
                                       { 1, 1, 20, 10, 89, 49, 3, 0.02, -0.02 },
                                       { 1, 2, 30, 20, 50, 40, 3, 0.02, 0.02 } }; /* colour box */
    struct maker m = ultrasound(r, 4, NULL, NULL, NULL);
    struct sn_image im;
    struct made x;

    view(&m, SN_REGION_AUTO, &im, &x);
    ck_assert_uint_eq(im.width, 70);
    ck_assert_uint_eq(im.height, 40);
    ck_assert_uint_eq(((uint8_t *)im.data)[0], 20);
    ck_assert(fabs(im.spacing_mm[0] - 0.2) < 1e-12 && fabs(im.spacing_mm[1] - 0.2) < 1e-12);
    ck_assert_uint_eq(im.warnings, 0);
    ck_assert_ptr_nonnull(strstr(im.detail, "region 3 of 4 at 20,10 of 100 x 80"));
    sn_image_free(&im);
    drop(&x);
    m = ultrasound(r, 4, NULL, NULL, NULL);
    view(&m, 1, &im, &x);
    ck_assert_uint_eq(im.width, 10);
    ck_assert(fabs(im.spacing_mm[0] - 0.2) < 1e-12 && fabs(im.spacing_mm[1] - 0.1) < 1e-12);
    sn_image_free(&im);
    drop(&x);
    m = ultrasound(r, 4, NULL, NULL, NULL);
    view(&m, SN_REGION_NONE, &im, &x);
    ck_assert_uint_eq(im.width, 100);
    ck_assert(im.spacing_mm[0] == 0.0); /* the screen has no one scale */
    sn_image_free(&im);
    sn_ck_fails(sn_dicom_image(&x.d, &(struct sn_dicom_view){ 0, 4 }, &im, &x.err), SN_EINVAL, &x.err, "region 5 asked for, the file has 4");
    drop(&x);
}
END_TEST

/* Coordinates beyond the image are clipped; boxes without area, and files without a tissue region, cut nothing. */
START_TEST(odd_boxes)
{
    static const struct region clipped = { 1, 1, -5, 10, 100, 500, 3, 0.02, 0.02 }, none[] = { { 1, 1, 50, 50, 50, 60, 3, 1, 1 }, { 2, 1, 0, 0, 99, 79, 3, 1, 1 }, { 1, 1, 200, 0, 300, 79, 3, 1, 1 } };
    struct maker m = ultrasound(&clipped, 1, NULL, NULL, NULL);
    struct sn_dicom_region found[SN_DICOM_MAX_REGIONS];
    struct sn_image im;
    struct made x;

    view(&m, SN_REGION_AUTO, &im, &x);
    ck_assert_uint_eq(im.width, 100);
    ck_assert_uint_eq(im.height, 70);
    ck_assert_uint_eq(sn_dicom_regions(&x.d, &x.p, found), 1);
    ck_assert(found[0].clipped);
    sn_image_free(&im);
    drop(&x);
    m = ultrasound(none, 3, NULL, NULL, NULL);
    view(&m, SN_REGION_AUTO, &im, &x);
    ck_assert_uint_eq(sn_dicom_regions(&x.d, &x.p, found), 1);
    ck_assert_uint_eq(im.width, 100);
    ck_assert_uint_eq(im.height, 80);
    sn_image_free(&im);
    drop(&x);
}
END_TEST

START_TEST(panes_side_by_side)
{
    static const struct region two[] = { { 1, 1, 0, 0, 49, 79, 3, 0.02, 0.02 }, { 1, 1, 50, 0, 99, 79, 3, 0.03, 0.03 } };
    static const struct region inset[] = { { 1, 1, 0, 0, 79, 79, 3, 0.02, 0.02 }, { 1, 1, 80, 0, 99, 20, 3, 0.03, 0.03 } };
    struct maker m = ultrasound(two, 2, NULL, NULL, NULL);
    struct sn_image im;
    struct made x;

    view(&m, SN_REGION_AUTO, &im, &x);
    ck_assert_uint_eq(im.warnings, SN_WARN_REGIONS);
    ck_assert(fabs(im.spacing_mm[0] - 0.2) < 1e-12); /* of equal ones the first */
    sn_image_free(&im);
    drop(&x);
    m = ultrasound(inset, 2, NULL, NULL, NULL);
    view(&m, SN_REGION_AUTO, &im, &x);
    ck_assert_uint_eq(im.warnings, 0);
    sn_image_free(&im);
    drop(&x);
}
END_TEST

/* ---- scale ----------------------------------------------------------------------------------- */

START_TEST(physical_scale)
{
    static const char sc[] = "1.2.840.10008.5.1.4.1.1.7", us_image[] = "1.2.840.10008.5.1.4.1.1.6.1";
    static const struct {
        struct region r;
        bool has_region;
        const char *spacing, *sop, *note;
        double row, column;
        unsigned warnings;
    } cases[] = {
        { { 1, 1, 0, 0, 99, 79, 3, 0.03, -0.02 }, true, NULL, us_image, "", 0.2, 0.3, 0 },
        { { 1, 1, 0, 0, 99, 79, 3, 0.03, 0.02 }, true, "0.2\\0.3", us_image, "", 0.2, 0.3, 0 },
        { { 1, 1, 0, 0, 99, 79, 3, 0.03, 0.02 }, true, "0.201\\0.299", us_image, "", 0.2, 0.3, 0 },
        { { 1, 1, 0, 0, 99, 79, 3, 0.03, 0.02 }, true, "0.3\\0.3", us_image, "Pixel Spacing 0.3 x 0.3 mm differs", 0.2, 0.3, SN_WARN_SPACING },
        { { 1, 1, 0, 0, 99, 79, 3, 2.3, 2.3 }, true, NULL, us_image, "23 x 23 mm a pixel is implausible", 0, 0, SN_WARN_SPACING },
        { { 1, 1, 0, 0, 99, 79, 3, 0.05, 0.01 }, true, NULL, us_image, "implausible", 0, 0, SN_WARN_SPACING },
        { { 1, 1, 0, 0, 99, 79, 0, 0.03, 0.02 }, true, NULL, us_image, "", 0, 0, 0 },  /* not in cm */
        { { 1, 1, 0, 0, 99, 79, 4, 0.03, 0.02 }, true, "0.1\\0.1", us_image, "", 0.1, 0.1, 0 },
        { { 1, 1, 0, 0, 99, 79, 3, 0, 0.02 }, true, NULL, us_image, "", 0, 0, 0 },
        { { 0 }, false, "0.1\\0.1", us_image, "", 0.1, 0.1, 0 },
        { { 0 }, false, "0.1\\0.1", sc, "of a secondary capture not used", 0, 0, 0 },
        { { 0 }, false, "0\\0.1", us_image, "implausible", 0, 0, SN_WARN_SPACING },
        { { 0 }, false, "x\\0.1", us_image, "", 0, 0, 0 },
        { { 0 }, false, NULL, us_image, "", 0, 0, 0 },
    };

    for (size_t i = 0; i < SN_COUNT(cases); i++) {
        struct maker m = ultrasound(&cases[i].r, cases[i].has_region, cases[i].spacing, cases[i].sop, NULL);
        struct sn_image im;
        struct made x;

        view(&m, SN_REGION_AUTO, &im, &x);
        ck_assert_msg(fabs(im.spacing_mm[0] - cases[i].row) < 1e-12 && fabs(im.spacing_mm[1] - cases[i].column) < 1e-12, "%zu: %g %g", i,
                      im.spacing_mm[0], im.spacing_mm[1]);
        ck_assert_msg(im.warnings == cases[i].warnings, "%zu: warnings %u", i, im.warnings);
        ck_assert_msg(cases[i].note[0] ? strstr(im.detail, cases[i].note) != NULL : !strstr(im.detail, "pacing"), "%zu: '%s'", i, im.detail);
        sn_image_free(&im);
        drop(&x);
    }
}
END_TEST

/* ---- warnings -------------------------------------------------------------------------------- */

/* 200 x 100 RGB: grey ramps, and what `draw` adds. */
static unsigned warnings_of(void (*draw)(uint8_t *px), const char *modality, const char *burnt)
{
    struct maker m = begin(".1");
    uint8_t *px = malloc(60000);
    struct sn_image im;
    struct made x;
    unsigned w;

    ck_assert_ptr_nonnull(px);
    for (size_t i = 0; i < 60000; i++)
        px[i] = (uint8_t)(i / 3 % 200 / 2 + 40);
    if (draw)
        draw(px);
    text(&m, TAG(8, 0x60), "CS", modality);
    if (burnt)
        text(&m, TAG(0x28, 0x301), "CS", burnt);
    image(&m, &(struct shape){ .rows = 100, .cols = 200, .samples = 3, .allocated = 8, .stored = 8, .photometric = "RGB" });
    bytes(&m, TAG(0x7fe0, 0x10), "OB", px, 60000);
    free(px);
    view(&m, SN_REGION_AUTO, &im, &x);
    w = im.warnings;
    sn_image_free(&im);
    drop(&x);
    return w;
}

static void box(uint8_t *px, unsigned x, unsigned y, unsigned w, unsigned h, uint8_t r, uint8_t g, uint8_t b)
{
    for (unsigned j = y; j < y + h; j++)
        for (unsigned i = x; i < x + w; i++)
            memcpy(px + 3 * (200 * j + i), (const uint8_t[]){ r, g, b }, 3);
}

static void doppler(uint8_t *px) { box(px, 20, 20, 30, 10, 220, 30, 10); }
static void yellow_mark(uint8_t *px) { box(px, 20, 20, 5, 1, 255, 255, 0); }
static void white_cross(uint8_t *px) { box(px, 50, 20, 1, 30, 255, 255, 255); }
static void bright_layer(uint8_t *px) { box(px, 10, 50, 180, 2, 255, 255, 255); } /* tissue: along the transducer */
static void tinted(uint8_t *px)
{
    for (size_t i = 0; i < 20000; i++)
        px[3 * i] = (uint8_t)(px[3 * i] + 40); /* a warm tint below the limit */
}

START_TEST(colour_and_marks)
{
    ck_assert_uint_eq(warnings_of(NULL, "US", NULL), 0);
    ck_assert_uint_eq(warnings_of(doppler, "US", NULL), SN_WARN_COLOUR);
    ck_assert_uint_eq(warnings_of(doppler, "OT", NULL), 0);
    ck_assert_uint_eq(warnings_of(yellow_mark, "US", NULL), SN_WARN_MARKS);
    ck_assert_uint_eq(warnings_of(white_cross, "US", NULL), SN_WARN_MARKS);
    ck_assert_uint_eq(warnings_of(bright_layer, "US", NULL), 0);
    ck_assert_uint_eq(warnings_of(tinted, "US", NULL), 0);
    ck_assert_uint_eq(warnings_of(NULL, "US", "YES"), SN_WARN_MARKS);
    ck_assert_uint_eq(warnings_of(NULL, "US", "NO"), 0);
}
END_TEST

/* ---- frames and the command ----------------------------------------------------------------------- */

static const char *scratch(const char *name)
{
    static char buf[6][512];
    static unsigned turn;
    char *b = buf[turn++ % 6];

    snprintf(b, sizeof buf[0], "%s/%s", sn_test_tmpdir(), name);
    return b;
}

static const char *write_cine(const char *name)
{
    struct maker m = ultrasound(&(struct region){ 1, 1, 10, 0, 99, 79, 3, 0.02, 0.02 }, 1, NULL, NULL, "2");
    const char *path = scratch(name);
    struct sn_error err = { 0 };

    sn_ck_ok(sn_file_write(path, m.b.data, m.b.len, &err), &err);
    sn_buf_free(&m.b);
    return path;
}

static int run(const char *const *words)
{
    char copy[12][512];
    char *argv[13];
    int argc = 0;

    for (; words[argc]; argc++) {
        snprintf(copy[argc], sizeof copy[0], "%s", words[argc]);
        argv[argc] = copy[argc];
    }
    argv[argc] = NULL;
    return sn_main(argc, argv);
}
#define RUN(...) run((const char *const[]){ "sentinode", "image", __VA_ARGS__, NULL })

static void expect_npy(const char *path, int ndim, const size_t *shape, uint8_t first)
{
    struct sn_error err = { 0 };
    struct sn_npy a;

    sn_ck_ok(sn_npy_read(path, &a, &err), &err);
    ck_assert_int_eq(a.type, SN_NPY_U1);
    ck_assert_int_eq(a.ndim, ndim);
    for (int i = 0; i < ndim; i++)
        ck_assert_uint_eq(a.shape[i], shape[i]);
    ck_assert_uint_eq(((uint8_t *)a.data)[0], first);
    sn_npy_free(&a);
}

START_TEST(command_frames)
{
    const char *in = write_cine("cine.dcm"), *out = scratch("o.npy");
    struct sn_error err = { 0 };
    struct sn_image im;

    ck_assert_int_eq(RUN(in, "--raw", "-o", out, "--quiet"), 0);
    expect_npy(out, 3, (const size_t[]){ 2, 80, 100 }, 0);
    ck_assert_int_eq(RUN(in, "--raw", "--frame", "2", "-o", out), 0);
    expect_npy(out, 2, (const size_t[]){ 80, 100 }, 100);
    ck_assert_int_eq(RUN(in, "--raw", "--frame", "mid", "-o", out), 0);
    expect_npy(out, 2, (const size_t[]){ 80, 100 }, 100);
    ck_assert_int_eq(RUN(in, "--frame", "1", "-o", out, "--quiet"), 0);
    expect_npy(out, 2, (const size_t[]){ 80, 90 }, 10);
    ck_assert_int_eq(RUN(in, "--frame", "1", "--region", "none", "-o", out, "--quiet"), 0);
    expect_npy(out, 2, (const size_t[]){ 80, 100 }, 0);
    ck_assert_int_eq(RUN(in, "--frame", "all", "-o", out), 0);
    expect_npy(out, 3, (const size_t[]){ 2, 80, 90 }, 10);
    ck_assert_int_eq(RUN(in, "--frame", "all", "-o", scratch("o.png")), 0);
    sn_ck_ok(sn_image_read(scratch("o-0002.png"), &im, &err), &err);
    ck_assert_uint_eq(((uint8_t *)im.data)[0], 110);
    sn_image_free(&im);
}
END_TEST

/* The third of three frames cannot be decoded: nothing is left of the others. */
START_TEST(all_frames_or_none)
{
    uint8_t good[68] = { 1, [4] = 64, [64] = 1, 7, 8, 128 }, bad[68] = { 2 };
    const char *path = scratch("broken.dcm");
    struct maker m = begin(".5");
    struct sn_error err = { 0 };

    image(&m, &(struct shape){ .rows = 1, .cols = 2, .allocated = 8, .stored = 8, .frames = "3" });
    fragments(&m, (const struct fragment[]){ { NULL, 0 }, { good, 68 }, { good, 68 }, { bad, 68 } }, 4, true);
    sn_ck_ok(sn_file_write(path, m.b.data, m.b.len, &err), &err);
    sn_buf_free(&m.b);
    if (!freopen("/dev/null", "w", stderr))
        ck_abort();
    ck_assert_int_eq(RUN(path, "--frame", "2", "-o", scratch("broken.png"), "--quiet"), 0);
    ck_assert_int_eq(RUN(path, "--frame", "all", "-o", scratch("broken.png")), 3);
    ck_assert_int_ne(access(scratch("broken-0001.png"), F_OK), 0);
    ck_assert_int_ne(access(scratch("broken-0002.png"), F_OK), 0);
    ck_assert_int_eq(RUN(path, "--frame", "all", "-o", scratch("broken.npy")), 3);
    ck_assert_int_ne(access(scratch("broken.npy"), F_OK), 0);
}
END_TEST

START_TEST(command_usage)
{
    const char *in = write_cine("cine.dcm"), *out = scratch("o.npy");

    if (!freopen("/dev/null", "w", stderr))
        ck_abort();
    ck_assert_int_eq(RUN(in, "--frame", "3"), 2);
    ck_assert_int_eq(RUN(in, "--frame", "0"), 2);
    ck_assert_int_eq(RUN(in, "--frame", "-1"), 2);
    ck_assert_int_eq(RUN(in, "--frame", "all"), 2);
    ck_assert_int_eq(RUN(in, "--region", "2"), 2);
    ck_assert_int_eq(RUN(in, "--region", "0"), 2);
    ck_assert_int_eq(RUN(in, "--raw"), 2);
    ck_assert_int_eq(RUN(in, "--phi"), 2);
    ck_assert_int_eq(RUN(in, "--tags", "-o", out), 2);
    ck_assert_int_eq(RUN(sn_test_file("README.md"), "--tags"), 3);
}
END_TEST

static char *printed(const char *in, const char *more)
{
    static char text[20000];
    const char *path = scratch("stdout");
    FILE *f;
    size_t n;

    fflush(stdout);
    ck_assert_ptr_nonnull(freopen(path, "w", stdout)); /* this child's own */
    ck_assert_int_eq(more ? RUN(in, "--tags", more) : RUN(in, "--tags"), 0);
    fflush(stdout);
    f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    n = fread(text, 1, sizeof text - 1, f);
    text[n] = 0;
    fclose(f);
    return text;
}

START_TEST(tags_hide_who)
{
    const char *in = write_cine("cine.dcm");
    char *text = printed(in, NULL);

    ck_assert(!strstr(text, "Secret"));
    ck_assert_ptr_nonnull(strstr(text, "(0010,0010) PN PatientName: (hidden, 12 bytes)\n"));
    ck_assert_ptr_nonnull(strstr(text, "(0008,0060) CS Modality: US\n"));
    ck_assert_ptr_nonnull(strstr(text, "    (0018,602C) FD PhysicalDeltaX: 0.02\n"));
    ck_assert_ptr_nonnull(strstr(text, "(7FE0,0010) OB PixelData: (16000 bytes)\n"));
    text = printed(in, "--phi");
    ck_assert_ptr_nonnull(strstr(text, "(0010,0010) PN PatientName: Secret^Name\n"));
}
END_TEST

/* cine.dcm#2 in the pipeline's paths; a file that really has such a name goes first. */
START_TEST(frames_in_paths)
{
    struct sn_error err = { 0 };
    struct sn_input input;
    char in[512];

    snprintf(in, sizeof in, "%s", write_cine("cine.dcm"));
    sn_ck_ok(sn_input_read(scratch("cine.dcm#1"), "cine.dcm#1", false, &input, &err), &err);
    ck_assert_uint_eq(((uint8_t *)input.grey.data)[0], 10);
    ck_assert_uint_eq(input.warnings, 0);
    ck_assert(fabs(input.spacing_mm[1] - 0.2) < 1e-12);
    sn_input_free(&input);
    sn_ck_ok(sn_input_read(scratch("cine.dcm#mid"), "x", false, &input, &err), &err);
    ck_assert_uint_eq(((uint8_t *)input.grey.data)[0], 110);
    ck_assert_uint_eq(input.warnings, 0);
    sn_input_free(&input);
    sn_ck_ok(sn_input_read(in, "x", false, &input, &err), &err);
    ck_assert_uint_eq(((uint8_t *)input.grey.data)[0], 110);
    ck_assert_uint_eq(input.warnings, SN_WARN_FRAMES);
    sn_input_free(&input);
    sn_ck_fails(sn_input_read(scratch("cine.dcm#3"), "x", false, &input, &err), SN_EINVAL, &err, "frame 3 asked for");
    sn_ck_fails(sn_input_read(scratch("cine.dcm#all"), "x", false, &input, &err), SN_EIO, &err, "cannot open");
    sn_ck_fails(sn_input_read(scratch("none.dcm#1"), "x", false, &input, &err), SN_EIO, &err, "cannot open");
    ck_assert_int_eq(link(in, scratch("cine.dcm#9")), 0);
    sn_ck_ok(sn_input_read(scratch("cine.dcm#9"), "x", false, &input, &err), &err);
    ck_assert_uint_eq(input.warnings, SN_WARN_FRAMES);
    sn_input_free(&input);
    sn_ck_fails(sn_input_read("README.md#1", "x", false, &input, &err), SN_EUNSUPPORTED, &err, "no known image format");
}
END_TEST

/* ---- size in mm ------------------------------------------------------------------------------- */

START_TEST(lesion_size)
{
    uint8_t mask[20 * 10] = { 0 };
    struct sn_error err = { 0 };
    struct sn_size_mm s;
    struct sn_box box_;

    for (int y = 2; y < 6; y++) /* a rectangle of 8 x 4 pixels: 4 mm x 4 mm */
        memset(mask + 20 * y + 3, 1, 8);
    ck_assert(sn_mask_box(mask, 20, 10, &box_));
    sn_ck_ok(sn_mask_size_mm(mask, 20, &box_, (const double[]){ 1.0, 0.5 }, &s, &err), &err);
    ck_assert(s.width == 4.0 && s.height == 4.0 && s.area == 16.0);
    ck_assert(fabs(s.longest - sqrt(32.0)) < 1e-12 && fabs(s.across - sqrt(32.0)) < 1e-12);
    memset(mask, 0, sizeof mask);
    for (int i = 0; i < 8; i++) /* a diagonal line of 8 pixels: corner to corner, one pixel's diagonal wide */
        mask[20 * i + 2 + i] = 1;
    ck_assert(sn_mask_box(mask, 20, 10, &box_));
    sn_ck_ok(sn_mask_size_mm(mask, 20, &box_, (const double[]){ 1.0, 1.0 }, &s, &err), &err);
    ck_assert(fabs(s.longest - 8.0 * sqrt(2.0)) < 1e-12 && fabs(s.across - sqrt(2.0)) < 1e-12 && s.area == 8.0);
    for (int i = 0; i < 8; i++) { /* the other diagonal */
        memset(mask + 20 * i, 0, 20);
        mask[20 * i + 10 - i] = 1;
    }
    ck_assert(sn_mask_box(mask, 20, 10, &box_));
    sn_ck_ok(sn_mask_size_mm(mask, 20, &box_, (const double[]){ 1.0, 1.0 }, &s, &err), &err);
    ck_assert(fabs(s.longest - 8.0 * sqrt(2.0)) < 1e-12 && fabs(s.across - sqrt(2.0)) < 1e-12);
    memset(mask, 0, sizeof mask);
    mask[20 * 0 + 5] = mask[20 * 9 + 5] = 1; /* empty rows between */
    ck_assert(sn_mask_box(mask, 20, 10, &box_));
    sn_ck_ok(sn_mask_size_mm(mask, 20, &box_, (const double[]){ 0.1, 0.1 }, &s, &err), &err);
    ck_assert(fabs(s.longest - sqrt(1.01)) < 1e-12 && fabs(s.area - 0.02) < 1e-12);
    sn_ck_fails(sn_mask_size_mm(mask, 20, &box_, (const double[]){ 0.0, 0.1 }, &s, &err), SN_EINVAL, &err, "spacing");
}
END_TEST

static Suite *suite_dicom_us(void)
{
    Suite *s = suite_create("dicom_us");
    TCase *t = tcase_create("ultrasound");

    tcase_add_test(t, tissue_region);
    tcase_add_test(t, odd_boxes);
    tcase_add_test(t, panes_side_by_side);
    tcase_add_test(t, physical_scale);
    tcase_add_test(t, colour_and_marks);
    tcase_add_test(t, command_frames);
    tcase_add_test(t, all_frames_or_none);
    tcase_add_test(t, command_usage);
    tcase_add_test(t, tags_hide_who);
    tcase_add_test(t, frames_in_paths);
    tcase_add_test(t, lesion_size);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_dicom_us)
