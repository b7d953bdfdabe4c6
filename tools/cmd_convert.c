/* cmd_convert.c: `sentinode convert`: a PyTorch or safetensors checkpoint becomes one .snw file. */
#include "tools/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "weights/weights.h"

static const char help[] =
    "Usage: sentinode convert IN OUT.snw [--family F] [--meta KEY=VALUE]... [--dtype f16] [--whole-module]\n"
    "                         [--tensors]\n"
    "\n"
    "Reads a PyTorch checkpoint (zip or legacy .pth, .pt) or a .safetensors file, told by content, and\n"
    "writes its floating-point tensors as .snw (weights/FORMAT.md): the same bytes for the same input,\n"
    "always. Nothing in the file is executed; a pickle that calls anything outside a fixed table of\n"
    "harmless names is refused. Wrappers (state_dict, ...) and prefixes (module., ...) are taken off.\n"
    "\n"
    "  --family F        torchvision, milesial, nested-unet, smp, monai, timm: who defined the network;\n"
    "                    needed where the tensor names do not decide it\n"
    "  --meta KEY=VALUE  further metadata, such as class_names=benign,malignant or trained_on=...\n"
    "  --dtype f16       store as binary16, rounded to nearest; default: as in the checkpoint, float64\n"
    "                    rounded to float32\n"
    "  --whole-module    take the tensors of a pickled module object (torch.save(model)) without running it\n"
    "  --tensors         list every tensor of the checkpoint with the digest of its values\n"
    "\n"
    "Nothing is written, and the exit code is 3, when the file is refused; 4, when its tensors fit no\n"
    "supported family.\n";

static const struct sn_opt opts[] = {
    { "--family", 'f', true },       { "--meta", 'm', true },     { "--dtype", 'd', true },
    { "--whole-module", 'w', false }, { "--tensors", 't', false }, { 0 },
};

/* What convert itself says about a file; --meta cannot contradict it. */
static const char *const reserved[] = { "architecture", "classes",     "converter",     "family",        "in_channels",
                                        "source_file",  "source_format", "source_sha256", "source_wrapper", "task" };

#define MAX_META 256

struct job {
    struct sn_args a;
    const char *in, *out, *family;
    const char *meta[MAX_META];
    size_t n_meta;
    struct sn_import_options opt;
    bool list;
    /* results */
    struct sn_model m;
    struct sn_import_report rep;
    struct sn_net_info info;
    struct sn_json tensors;   /* the list, as the elements of a JSON array */
    struct sn_buf lines;      /* the list, as text */
    char source_sha256[SN_SHA256_HEX], out_sha256[SN_SHA256_HEX];
    size_t out_bytes;
};

/* ---- the list of tensors ------------------------------------------------------------------ */

static void shape_text(const struct sn_import_tensor *t, char buf[200])
{
    size_t n = 0;

    buf[0] = '\0';
    for (int i = 0; i < t->rank; i++)
        n += (size_t)snprintf(buf + n, 200 - n, "%s%" PRIu64, i ? "x" : "", t->shape[i]);
}

static void on_seen(void *ctx, const struct sn_import_tensor *t)
{
    struct job *j = ctx;
    char shape[200], hex[SN_SHA256_HEX];
    uint8_t digest[32];

    sn_sha256(t->data, t->bytes, digest);
    sn_hex(digest, sizeof digest, hex);
    shape_text(t, shape);
    sn_buf_printf(&j->lines, "%-10s %-16s %.16s  %s%s%s\n", t->dtype, t->rank ? shape : "scalar", hex, t->path,
                  t->name ? " -> " : "  (dropped)", t->name ? t->name : "");
    sn_json_object(&j->tensors);
    sn_json_kv(&j->tensors, "path", t->path);
    sn_json_kv(&j->tensors, "name", t->name);
    sn_json_kv(&j->tensors, "dtype", t->dtype);
    sn_json_key(&j->tensors, "shape");
    sn_json_array(&j->tensors);
    for (int i = 0; i < t->rank; i++)
        sn_json_int(&j->tensors, (int64_t)t->shape[i]);
    sn_json_end_array(&j->tensors);
    sn_json_kv(&j->tensors, "sha256", hex);
    sn_json_end_object(&j->tensors);
}

/* ---- metadata ----------------------------------------------------------------------------- */

/* A file name is bytes; metadata is text. What is no printable ASCII becomes '?' when it is no text. */
static int set_file_name(struct sn_model *m, const char *path, struct sn_error *err)
{
    char name[256];
    size_t n = 0;

    if (sn_model_set_meta(m, "source_file", sn_basename(path), NULL) == SN_OK)
        return SN_OK;
    for (const char *s = sn_basename(path); *s && n < sizeof name - 1; s++)
        name[n++] = *s >= 0x20 && *s < 0x7f ? *s : '?';
    name[n] = '\0';
    return sn_model_set_meta(m, "source_file", name, err);
}

static int set_number(struct sn_model *m, const char *key, int v, struct sn_error *err)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%d", v);
    return sn_model_set_meta(m, key, text, err);
}

static int set_metadata(struct job *j, struct sn_error *err)
{
    struct sn_model *m = &j->m;

    for (size_t i = 0; i < j->n_meta; i++) {
        const char *eq = strchr(j->meta[i], '=');
        char key[256];

        (void)snprintf(key, sizeof key, "%.*s", (int)(eq - j->meta[i]), j->meta[i]);
        SN_TRY(sn_model_set_meta(m, key, eq + 1, err));
    }
    SN_TRY(set_file_name(m, j->in, err));
    SN_TRY(sn_model_set_meta(m, "source_sha256", j->source_sha256, err));
    SN_TRY(sn_model_set_meta(m, "source_format", j->rep.container, err));
    SN_TRY(sn_model_set_meta(m, "source_wrapper", j->rep.wrapper, err));
    SN_TRY(sn_model_set_meta(m, "converter", "sentinode " SN_VERSION, err));
    SN_TRY(sn_model_set_meta(m, "family", j->info.family, err));
    SN_TRY(sn_model_set_meta(m, "architecture", j->info.architecture, err));
    SN_TRY(sn_model_set_meta(m, "task", j->info.task == SN_TASK_CLASSIFY ? "classify" : "segment", err));
    SN_TRY(set_number(m, "in_channels", j->info.in_channels, err));
    return set_number(m, "classes", j->info.classes, err);
}

/* ---- results ------------------------------------------------------------------------------ */

static size_t parameters(const struct sn_model *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n_tensors; i++)
        n += m->tensors[i].count;
    return n;
}

static void print_text(const struct job *j, bool identified)
{
    const struct sn_import_report *r = &j->rep;

    if (j->list && j->lines.data)
        (void)fputs(j->lines.data, stdout);
    (void)printf("source         %s (%s)\n", sn_basename(j->in), r->container);
    (void)printf("source sha256  %s\n", j->source_sha256);
    (void)printf("taken off      %s\n", r->wrapper[0] ? r->wrapper : "nothing");
    (void)printf("tensors        %zu kept, %zu dropped (integers, or outside the state dict), %zu rounded\n",
                 r->tensors, r->dropped, r->rounded);
    (void)printf("other entries  %zu ignored\n", r->ignored);
    (void)printf("values         %zu\n", parameters(&j->m));
    if (!identified)
        return;
    (void)printf("family         %s\n", j->info.family);
    (void)printf("architecture   %s (%s), %d input channel%s, %d class%s\n", j->info.architecture,
                 j->info.task == SN_TASK_CLASSIFY ? "classify" : "segment", j->info.in_channels,
                 j->info.in_channels == 1 ? "" : "s", j->info.classes, j->info.classes == 1 ? "" : "es");
    (void)printf("written        %s, %zu bytes\n", sn_basename(j->out), j->out_bytes);
    (void)printf("sha256         %s\n", j->out_sha256);
}

static int print_json(const struct job *j, bool identified, struct sn_error *err)
{
    struct sn_json w;
    bool failed;

    sn_json_init(&w, 2);
    sn_json_object(&w);
    sn_json_kv(&w, "source_file", sn_basename(j->in));
    sn_json_kv(&w, "source_format", j->rep.container);
    sn_json_kv(&w, "source_sha256", j->source_sha256);
    sn_json_kv(&w, "source_wrapper", j->rep.wrapper);
    sn_json_kv_int(&w, "kept", (int64_t)j->rep.tensors);
    sn_json_kv_int(&w, "dropped", (int64_t)j->rep.dropped);
    sn_json_kv_int(&w, "rounded", (int64_t)j->rep.rounded);
    sn_json_kv_int(&w, "ignored_entries", (int64_t)j->rep.ignored);
    sn_json_kv_int(&w, "values", (int64_t)parameters(&j->m));
    sn_json_kv(&w, "family", identified ? j->info.family : NULL);
    sn_json_kv(&w, "architecture", identified ? j->info.architecture : NULL);
    sn_json_kv(&w, "task", !identified ? NULL : j->info.task == SN_TASK_CLASSIFY ? "classify" : "segment");
    if (identified) {
        sn_json_kv_int(&w, "in_channels", j->info.in_channels);
        sn_json_kv_int(&w, "classes", j->info.classes);
        sn_json_kv_int(&w, "bytes", (int64_t)j->out_bytes);
    }
    sn_json_kv(&w, "output", identified ? sn_basename(j->out) : NULL);
    sn_json_kv(&w, "sha256", identified ? j->out_sha256 : NULL);
    if (j->list && j->tensors.buf.data) {
        sn_json_key(&w, "tensors");
        sn_buf_puts(&w.buf, j->tensors.buf.data);
        w.need_comma = true;
        w.after_key = false;
    }
    sn_json_end_object(&w);
    failed = w.buf.failed;
    if (!failed)
        (void)fputs(w.buf.data, stdout);
    sn_json_free(&w);
    return failed ? SN_NOMEM(err, "the summary") : SN_OK;
}

/* The digest of what was written, from the file itself: it must be a file we can read. */
static int read_back(struct job *j, struct sn_error *err)
{
    struct sn_model written;
    int rc = sn_model_open(&written, j->out, SN_VERIFY_NONE, err);

    if (rc)
        return SN_FAIL(err, SN_EMACHINE, "%s: cannot be read back after writing", j->out);
    sn_hex(written.sha256, sizeof written.sha256, j->out_sha256);
    j->out_bytes = written.map.size;
    sn_model_close(&written);
    return SN_OK;
}

static int run(struct job *j, struct sn_error *err)
{
    uint8_t digest[32];
    bool identified = false;
    int rc, printed = SN_OK;

    if (j->list) {
        sn_json_array(&j->tensors);
        j->opt.seen = on_seen;
        j->opt.seen_ctx = j;
    }
    SN_TRY_OUT(sn_import(j->in, &j->opt, &j->m, &j->rep, err));
    if (j->list) {
        sn_json_end_array(&j->tensors);
        if (j->tensors.buf.failed || j->lines.failed) {
            rc = SN_NOMEM(err, "the list of tensors");
            goto out;
        }
    }
    sn_sha256(j->m.map.data, j->m.map.size, digest);
    sn_hex(digest, sizeof digest, j->source_sha256);
    rc = sn_net_identify(&j->m, j->family, &j->info, err);
    if (rc == SN_OK) {
        SN_TRY_OUT(set_metadata(j, err));
        SN_TRY_OUT(sn_model_write(&j->m, j->out, err));
        SN_TRY_OUT(read_back(j, err));
        identified = true;
    }
    /* what was found helps most when it did not fit */
    if (j->a.common.json)
        printed = print_json(j, identified, rc ? NULL : err);
    else if (!j->a.common.quiet)
        print_text(j, identified);
    if (!rc)
        rc = printed;
    else
        rc = sn_fail_context(err, rc, "%s", j->in);
out:
    sn_model_close(&j->m);
    sn_json_free(&j->tensors);
    sn_buf_free(&j->lines);
    return rc;
}

/* ---- options ------------------------------------------------------------------------------ */

static int add_meta(struct job *j)
{
    const char *eq = strchr(j->a.value, '=');
    size_t n = eq ? (size_t)(eq - j->a.value) : 0;

    if (!eq || n == 0 || n > 255)
        return sn_args_usage(&j->a, "--meta needs KEY=VALUE, found '%s'", j->a.value);
    for (size_t i = 0; i < SN_COUNT(reserved); i++)
        if (strlen(reserved[i]) == n && memcmp(reserved[i], j->a.value, n) == 0)
            return sn_args_usage(&j->a, "--meta %s: convert writes this key itself", reserved[i]);
    if (j->n_meta == MAX_META)
        return sn_args_usage(&j->a, "more than %d --meta", MAX_META);
    j->meta[j->n_meta++] = j->a.value;
    return 0;
}

static int set_family(struct job *j)
{
    for (size_t i = 0; sn_net_families[i]; i++)
        if (strcmp(j->a.value, sn_net_families[i]) == 0) {
            j->family = sn_net_families[i];
            return 0;
        }
    return sn_args_usage(&j->a, "--family does not know '%s'", j->a.value);
}

static int take_option(struct job *j, int c)
{
    switch (c) {
    case 'f': return set_family(j);
    case 'm': return add_meta(j);
    case 'd':
        if (strcmp(j->a.value, "f16") != 0)
            return sn_args_usage(&j->a, "--dtype knows f16 only, found '%s'", j->a.value);
        j->opt.store = SN_F16;
        return 0;
    case 'w': j->opt.whole_module = true; return 0;
    case 't': j->list = true; return 0;
    default:
        if (j->out)
            return sn_args_usage(&j->a, "one input and one output, found '%s' too", j->a.value);
        *(j->in ? &j->out : &j->in) = j->a.value;
        return 0;
    }
}

int sn_cmd_convert(int argc, char **argv)
{
    struct sn_error err = { 0 };
    struct job j = { 0 };
    size_t n;
    int c;

    sn_json_init(&j.tensors, 0);
    sn_model_init(&j.m);
    sn_args_init(&j.a, help, opts, argc, argv);
    while ((c = sn_args_next(&j.a)) != 0) {
        int code = c == '!' ? sn_args_exit(&j.a) : take_option(&j, c);

        if (code || c == '!')
            return code;
    }
    if (!j.in || !j.out)
        return sn_args_usage(&j.a, "%s is missing", j.in ? "the output" : "the checkpoint");
    n = strlen(j.out); /* a swapped or forgotten argument must not overwrite a checkpoint */
    if (n < 5 || strcmp(j.out + n - 4, ".snw") != 0)
        return sn_args_usage(&j.a, "the output must be named .snw, found '%s'", j.out);
    return sn_report(&j.a, run(&j, &err), &err);
}
