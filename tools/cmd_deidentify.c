/*
 * cmd_deidentify.c: `sentinode deidentify`: DICOM images without the patient. Prints tags and counts, never
 * a value, and no old file name beside a new one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/deidentify.h"
#include "io/io.h"
#include "tools/cli.h"

static const char help[] =
    "usage: sentinode deidentify IN.dcm... -o DIR [--picture X,Y,W,H] [--keep-...] [--salt TEXT]\n"
    "\n"
    "Writes each DICOM image to DIR/<new SOP Instance UID>.dcm by the basic profile of PS3.15, and stricter:\n"
    "text is kept only where the table in io/deidentify_rules.c names it, private elements go, UIDs are\n"
    "replaced consistently over all files of one call, patients get a pseudonym. Pixels outside the\n"
    "ultrasound regions (0018,6011) become black, compressed ones are written uncompressed then. An image\n"
    "without regions keeps its pixels: the summary says how many; look at those before you share them.\n"
    "Reports, presentation states and documents are refused. Research use only: the result is not\n"
    "guaranteed to be anonymous.\n"
    "\n"
    "  -o DIR            made when missing\n"
    "  --picture X,Y,W,H where the picture lies, in pixels, for images without regions: all else is blanked\n"
    "  --keep-dates      dates and times of study and acquisition stay (not the birth date)\n"
    "  --keep-patient    sex, age, size and weight stay\n"
    "  --keep-device     serial number and station name stay\n"
    "  --keep-uids       UIDs stay: the images can be found again in the archive\n"
    "  --salt TEXT       what UIDs and pseudonyms are derived with, the same in every call that uses it.\n"
    "                    Whoever knows it can test guesses; default: random, and forgotten\n"
    "\n"
    "Exit code: the highest of 0 done, 3 an input, 5 this machine.\n";

enum { OUTPUT = 'o', DATES = 'd', PATIENT = 'p', DEVICE = 'v', UIDS = 'u', SALT = 's', PICTURE = 'b' };

static const struct sn_opt opts[] = {
    { "-o,--output", OUTPUT, true },      { "--keep-dates", DATES, false },
    { "--keep-patient", PATIENT, false }, { "--keep-device", DEVICE, false },
    { "--keep-uids", UIDS, false },       { "--salt", SALT, true },
    { "--picture", PICTURE, true },       { NULL, 0, false },
};

struct job {
    struct sn_args args;
    const char *dir, *salt;
    char **images; /* [n_images] of argv, in place */
    size_t n_images;
    struct sn_deid deid;
    char (*written)[SN_DICOM_UID]; /* [n_images]; "": failed */
    size_t done, blanked, recoded, untouched, may_show_text;
    int exit;
};

static int make_salt(struct job *j, struct sn_error *err)
{
    FILE *f;
    size_t n;

    if (j->salt) {
        sn_sha256(j->salt, strlen(j->salt), j->deid.salt);
        return SN_OK;
    }
    f = fopen("/dev/urandom", "rb");
    if (!f)
        return SN_FAIL(err, SN_EMACHINE, "/dev/urandom cannot be opened; give --salt");
    n = fread(j->deid.salt, 1, sizeof j->deid.salt, f);
    (void)fclose(f);
    return n == sizeof j->deid.salt ? SN_OK
                                    : SN_FAIL(err, SN_EMACHINE, "/dev/urandom gave no random bytes; give --salt");
}

static int save(const struct job *j, const struct sn_deid_file *r, const struct sn_buf *out, struct sn_error *err)
{
    struct sn_buf path = { 0 };
    int rc;

    for (size_t i = 0; i < j->n_images; i++)
        if (strcmp(j->written[i], r->instance) == 0)
            return SN_FAIL(err, SN_EFORMAT, "has the SOP Instance UID of argument %zu: not written twice", i + 1);
    sn_buf_printf(&path, "%s/%s.dcm", j->dir, r->instance);
    rc = path.failed ? SN_NOMEM(err, "a path") : sn_file_write(path.data, out->data, out->len, err);
    sn_buf_free(&path);
    return rc;
}

static int one_file(struct job *j, size_t i, struct sn_error *err)
{
    struct sn_buf out = { 0 };
    struct sn_deid_file r;
    struct sn_map map;
    int rc;

    SN_TRY(sn_map_file(j->images[i], &map, err));
    rc = sn_deidentify(&j->deid, map.data, map.size, &out, &r, err);
    if (!rc)
        rc = save(j, &r, &out, err);
    if (!rc) {
        memcpy(j->written[i], r.instance, sizeof j->written[i]);
        j->done++;
        j->blanked += r.blanked > 0;
        j->recoded += r.recoded;
        j->untouched += r.regions == 0;
        j->may_show_text += r.may_show_text;
    } else {
        rc = sn_fail_context(err, rc, "%s", sn_basename(j->images[i]));
    }
    sn_buf_free(&out);
    sn_map_close(&map);
    return rc;
}

/* ---- summary ------------------------------------------------------------------------------------------ */

static const char *tag_name(uint32_t tag)
{
    const struct sn_dicom_entry *e = sn_dicom_lookup(tag);

    return SN_DICOM_GROUP(tag) & 1 ? "private elements of this group" : e ? e->name : "";
}

static void print_text(const struct job *j)
{
    (void)printf("%zu of %zu files written to %s\n", j->done, j->n_images, j->dir);
    for (size_t i = 0; i < j->n_images; i++)
        if (j->written[i][0])
            (void)printf("  argument %zu: %s.dcm\n", i + 1, j->written[i]);
    (void)printf("pixels outside the picture blanked: %zu files; left as they were for want of regions: %zu\n",
                 j->blanked, j->untouched);
    if (j->recoded)
        (void)printf("compressed pixels written uncompressed: %zu files\n", j->recoded);
    for (size_t i = 0; i < j->deid.n_changes; i++) {
        const struct sn_deid_change *c = &j->deid.changes[i];

        (void)printf("  (%04x,%04x) %-9s %6zu  %s\n", SN_DICOM_GROUP(c->tag), SN_DICOM_ELEMENT(c->tag),
                     sn_deid_action_name(c->action), c->count, tag_name(c->tag));
    }
}

static int print_json(const struct job *j, struct sn_error *err)
{
    struct sn_json w;
    char tag[16];
    int rc;

    sn_json_init(&w, 2);
    sn_json_object(&w);
    sn_json_kv(&w, "format", "sentinode-deidentify");
    sn_json_kv_int(&w, "version", 1);
    sn_json_kv_bool(&w, "research_use_only", true);
    sn_json_kv_int(&w, "exit_code", j->exit);
    sn_json_kv_int(&w, "blanked", (int64_t)j->blanked);
    sn_json_kv_int(&w, "without_regions", (int64_t)j->untouched);
    sn_json_kv_int(&w, "recoded", (int64_t)j->recoded);
    sn_json_kv_int(&w, "may_show_text", (int64_t)j->may_show_text);
    sn_json_key(&w, "files");
    sn_json_array(&w);
    for (size_t i = 0; i < j->n_images; i++)
        sn_json_string(&w, j->written[i][0] ? j->written[i] : NULL);
    sn_json_end_array(&w);
    sn_json_key(&w, "changes");
    sn_json_array(&w);
    for (size_t i = 0; i < j->deid.n_changes; i++) {
        const struct sn_deid_change *c = &j->deid.changes[i];

        sn_json_object(&w);
        (void)snprintf(tag, sizeof tag, "%04x,%04x", SN_DICOM_GROUP(c->tag), SN_DICOM_ELEMENT(c->tag));
        sn_json_kv(&w, "tag", tag);
        sn_json_kv(&w, "name", tag_name(c->tag));
        sn_json_kv(&w, "action", sn_deid_action_name(c->action));
        sn_json_kv_int(&w, "count", (int64_t)c->count);
        sn_json_end_object(&w);
    }
    sn_json_end_array(&w);
    sn_json_end_object(&w);
    rc = w.buf.failed ? SN_NOMEM(err, "the summary") : SN_OK;
    if (!rc)
        (void)fputs(w.buf.data, stdout);
    sn_json_free(&w);
    return rc;
}

static int run(struct job *j, struct sn_error *err)
{
    j->written = calloc(j->n_images, sizeof *j->written);
    if (!j->written)
        return SN_NOMEM(err, "the files");
    SN_TRY(make_salt(j, err));
    SN_TRY(sn_mkdirs(j->dir, err));
    for (size_t i = 0; i < j->n_images; i++) {
        int code = sn_report(&j->args, one_file(j, i, err), err);

        j->exit = SN_MAX(j->exit, code);
    }
    if (j->may_show_text)
        sn_note(&j->args,
                "%zu files may show text in their pixels: no region tells where the picture ends, or the"
                " scanner says that text is burnt in. Look at them before you share them",
                j->may_show_text);
    if (j->args.common.json)
        return print_json(j, err);
    print_text(j);
    return SN_OK;
}

/* "40,60,800,600" */
static bool read_box(const char *s, uint32_t box[4])
{
    for (int i = 0; i < 4; i++) {
        unsigned long v = 0;

        if (*s < '0' || *s > '9')
            return false;
        for (; *s >= '0' && *s <= '9' && v < 1000000; s++)
            v = 10 * v + (unsigned long)(*s - '0');
        if (*s != (i < 3 ? ',' : '\0'))
            return false;
        s += i < 3;
        box[i] = (uint32_t)v;
    }
    return box[2] && box[3];
}

int sn_cmd_deidentify(int argc, char **argv)
{
    struct job j = { .exit = 0 };
    struct sn_error err = { 0 };
    int c, code;

    sn_args_init(&j.args, help, opts, argc, argv);
    while ((c = sn_args_next(&j.args)) != 0) {
        switch (c) {
        case OUTPUT: j.dir = j.args.value; break;
        case DATES: j.deid.keep |= SN_DEID_KEEP_DATES; break;
        case PATIENT: j.deid.keep |= SN_DEID_KEEP_PATIENT; break;
        case DEVICE: j.deid.keep |= SN_DEID_KEEP_DEVICE; break;
        case UIDS: j.deid.keep |= SN_DEID_KEEP_UIDS; break;
        case SALT: j.salt = j.args.value; break;
        case PICTURE:
            if (!read_box(j.args.value, j.deid.box))
                return sn_args_usage(&j.args, "--picture wants X,Y,W,H: four numbers, not '%s'", j.args.value);
            break;
        case '.':
            /* arguments move to the front of argv, behind the command's name: each is behind one already read */
            j.images = j.args.argv + 1;
            j.args.argv[1 + j.n_images++] = j.args.argv[j.args.at - 1];
            break;
        default: return sn_args_exit(&j.args);
        }
    }
    if (!j.dir || !*j.dir || !j.n_images)
        return sn_args_usage(&j.args, "%s", !j.n_images ? "give DICOM images" : "-o DIR is missing");
    code = sn_report(&j.args, run(&j, &err), &err);
    free(j.written);
    sn_deid_free(&j.deid);
    return SN_MAX(j.exit, code);
}
