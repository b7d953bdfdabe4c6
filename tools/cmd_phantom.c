/* cmd_phantom.c: `sentinode phantom`, a series of synthetic cases with masks and a manifest. */
#include "tools/cli.h"
#include "tools/phantom.h"

#include <math.h>
#include <stdio.h>

static const char help[] =
    "usage: sentinode phantom -o DIR [--count N] [--seed S] [--size WxH] [--json]\n"
    "\n"
    "Writes N synthetic B-mode-like breast images (8-bit grey PNG), their exact lesion masks\n"
    "(PNG, 0 or 255), manifest.csv, and reads.csv (four synthetic readers' calls) to DIR. The same\n"
    "seed and size give the same bytes on every machine. The laws are stated in tools/README.md.\n"
    "\n"
    "  -o DIR       folder to write to; made when missing\n"
    "  --count N    number of cases, 1 to 99999 (20)\n"
    "  --seed S     whole number (1)\n"
    "  --size WxH   pixels, each side 64 to 2048 (600x450); the height is always 40 mm\n";

enum { OUTPUT = 'o', COUNT = 'n', SEED = 's', SIZE = 'z' };

static const struct sn_opt opts[] = {
    { "-o,--output", OUTPUT, true }, { "--count", COUNT, true }, { "--seed", SEED, true },
    { "--size", SIZE, true },        { NULL, 0, false },
};

struct options {
    const char *dir;
    long count;
    uint64_t seed, width, height;
};

struct totals {
    long malignant, outcome;
};

/* A whole number up to `most` at *s, which moves past it. */
static bool read_number(const char **s, uint64_t most, uint64_t *v)
{
    const char *start = *s;

    for (*v = 0; **s >= '0' && **s <= '9'; ++*s) {
        uint64_t digit = (uint64_t)(**s - '0');

        if (*v > (most - digit) / 10)
            return false;
        *v = 10 * *v + digit;
    }
    return *s > start;
}

static bool read_seed(const char *s, struct options *o)
{
    return read_number(&s, UINT64_MAX, &o->seed) && *s == '\0';
}

static bool read_size(const char *s, struct options *o)
{
    return read_number(&s, SN_PHANTOM_MAX_SIDE, &o->width) && *s++ == 'x' &&
           read_number(&s, SN_PHANTOM_MAX_SIDE, &o->height) && *s == '\0' &&
           o->width >= SN_PHANTOM_MIN_SIDE && o->height >= SN_PHANTOM_MIN_SIDE;
}

/* Writes one PNG below dir. */
static int write_image(const char *dir, const char *name, const struct sn_image *im,
                       struct sn_error *err)
{
    struct sn_buf path = { 0 };
    int rc;

    sn_buf_printf(&path, "%s/%s", dir, name);
    rc = path.failed ? SN_NOMEM(err, "a path") : sn_png_write(path.data, im, err);
    sn_buf_free(&path);
    return rc;
}

static void manifest_row(struct sn_buf *b, long i, const struct sn_phantom *p)
{
    const struct sn_phantom_law *l = &p->law;
    unsigned n = (unsigned)i + 1;
    char diameter[32], spacing[32];

    sn_format_double(floor(p->diameter_mm * 10.0 + 0.5) / 10.0, diameter);
    sn_format_double(p->image.spacing_mm[0], spacing);
    sn_buf_printf(b, "phantom_%05u,P%05u,phantom_%05u.png,phantom_%05u_mask.png,%d,%s,", n, n, n, n,
                  l->outcome, l->set);
    sn_buf_printf(b, "%d,%s,%d,%d,%d,%s,%s\n", l->age, diameter, l->us_node, l->ki67, l->grade,
                  l->malignant ? "malignant-like" : "benign-like", spacing);
}

/*
 * Four synthetic readers, each case without and with assistance: suspicion = malignant-like + sd N(0, 1), call =
 * suspicion > 1/2, score 1 to 5 in steps of 1/2. Assistance takes a third off the senior's sd, half off the junior's.
 */
static void read_rows(struct sn_buf *b, uint64_t seed, long i, const struct sn_phantom_law *l)
{
    static const struct {
        const char *name, *group;
        double sd, assisted_sd;
    } reader[] = { { "S1", "senior", 0.75, 0.5 }, { "S2", "senior", 0.9, 0.6 }, { "J1", "junior", 1.3, 0.65 }, { "J2", "junior", 1.6, 0.8 } };

    for (uint64_t k = 0; k < 2 * SN_COUNT(reader); k++) {
        struct sn_rng r = sn_rng_stream(sn_rng_name(seed, "reads"), (uint64_t)i * 2 * SN_COUNT(reader) + k);
        double sd = k % 2 ? reader[k / 2].assisted_sd : reader[k / 2].sd, v = l->malignant + sd * sn_rng_normal(&r);
        int score = (int)SN_MIN(SN_MAX(floor(3.5 + 2.0 * (v - 0.5)), 1.0), 5.0);

        sn_buf_printf(b, "%s,%s,phantom_%05ld,%d,%d,%d\n", reader[k / 2].name, reader[k / 2].group, i + 1, (int)(k % 2), v > 0.5, score);
    }
}

static int write_case(const struct options *o, long i, struct sn_buf *manifest, struct sn_buf *reads,
                      struct totals *t, struct sn_error *err)
{
    struct sn_phantom p = { 0 };
    char name[48];
    int rc;

    SN_TRY(sn_phantom_make(o->seed, (uint32_t)i, (uint32_t)o->width, (uint32_t)o->height, &p, err));
    snprintf(name, sizeof name, "phantom_%05u.png", (unsigned)i + 1);
    SN_TRY_OUT(write_image(o->dir, name, &p.image, err));
    snprintf(name, sizeof name, "phantom_%05u_mask.png", (unsigned)i + 1);
    SN_TRY_OUT(write_image(o->dir, name, &p.mask, err));
    manifest_row(manifest, i, &p);
    read_rows(reads, o->seed, i, &p.law);
    t->malignant += p.law.malignant;
    t->outcome += p.law.outcome;
out:
    sn_phantom_free(&p);
    return rc;
}

/* The manifest comes last: a folder that has one is complete. */
static int write_series(const struct options *o, struct totals *t, char digest[SN_SHA256_HEX],
                        struct sn_error *err)
{
    struct sn_buf manifest = { 0 }, reads = { 0 }, path = { 0 };
    uint8_t hash[32];
    int rc;

    SN_TRY(sn_mkdirs(o->dir, err));
    sn_buf_puts(&manifest, "case,patient,image,mask,outcome,set,age,diameter_mm,us_node,ki67,grade,"
                           "law,spacing_mm\n");
    sn_buf_puts(&reads, "reader,group,case,assisted,call,score\n");
    for (long i = 0; i < o->count; i++)
        SN_TRY_OUT(write_case(o, i, &manifest, &reads, t, err));
    sn_buf_printf(&path, "%s/reads.csv", o->dir);
    SN_TRY_OUT(reads.failed || path.failed ? SN_NOMEM(err, "the reads") : sn_file_write(path.data, reads.data, reads.len, err));
    path.len = 0;
    sn_buf_printf(&path, "%s/manifest.csv", o->dir);
    if (manifest.failed || path.failed)
        rc = SN_NOMEM(err, "the manifest");
    else
        rc = sn_file_write(path.data, manifest.data, manifest.len, err);
    if (!rc) {
        sn_sha256(manifest.data, manifest.len, hash);
        sn_hex(hash, sizeof hash, digest);
    }
out:
    sn_buf_free(&manifest);
    sn_buf_free(&reads);
    sn_buf_free(&path);
    return rc;
}

static int report(const struct sn_args *a, const struct options *o, const struct totals *t,
                  const char *digest, struct sn_error *err)
{
    char seed[24]; /* as text: it may need 64 bits, which many readers' numbers lack */
    struct sn_json j;
    bool failed;

    if (!a->common.json) {
        printf("wrote %ld phantoms of %llux%llu pixels (%ld malignant-like, %ld with outcome 1), "
               "their masks, manifest.csv and reads.csv to %s\n",
               o->count, (unsigned long long)o->width, (unsigned long long)o->height, t->malignant,
               t->outcome, o->dir);
        return SN_OK;
    }
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    sn_json_init(&j, 2);
    sn_json_object(&j);
    sn_json_kv(&j, "folder", o->dir);
    sn_json_kv_int(&j, "count", o->count);
    sn_json_kv(&j, "seed", seed);
    sn_json_kv_int(&j, "width", (int64_t)o->width);
    sn_json_kv_int(&j, "height", (int64_t)o->height);
    sn_json_kv_int(&j, "malignant_like", t->malignant);
    sn_json_kv_int(&j, "outcome_1", t->outcome);
    sn_json_kv(&j, "manifest_sha256", digest);
    sn_json_end_object(&j);
    failed = j.buf.failed;
    if (!failed)
        fputs(j.buf.data, stdout);
    sn_json_free(&j);
    return failed ? SN_NOMEM(err, "the summary") : SN_OK;
}

int sn_cmd_phantom(int argc, char **argv)
{
    struct options o = { .count = 20, .seed = 1, .width = 600, .height = 450 };
    struct totals t = { 0 };
    struct sn_error err = { 0 };
    char digest[SN_SHA256_HEX] = "";
    struct sn_args a;
    int c, rc;

    sn_args_init(&a, help, opts, argc, argv);
    while ((c = sn_args_next(&a)) != 0) {
        switch (c) {
        case OUTPUT:
            o.dir = a.value;
            break;
        case COUNT:
            if (!sn_args_int(&a, "--count", 1, 99999, &o.count))
                return 2;
            break;
        case SEED:
            if (!read_seed(a.value, &o))
                return sn_args_usage(&a, "--seed needs a whole number, not '%s'", a.value);
            break;
        case SIZE:
            if (!read_size(a.value, &o))
                return sn_args_usage(&a, "--size needs WxH, sides from %u to %u, not '%s'",
                                     SN_PHANTOM_MIN_SIDE, SN_PHANTOM_MAX_SIDE, a.value);
            break;
        case '.':
            return sn_args_usage(&a, "unexpected argument '%s'", a.value);
        default:
            return sn_args_exit(&a);
        }
    }
    if (!o.dir || !o.dir[0])
        return sn_args_usage(&a, "-o DIR is missing");
    rc = write_series(&o, &t, digest, &err);
    if (!rc)
        rc = report(&a, &o, &t, digest, &err);
    return sn_report(&a, rc, &err);
}
