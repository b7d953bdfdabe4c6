/* cmd_inspect.c: `sentinode inspect`: what a .snw file says, whether it is intact, how it would run. */
#include "tools/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/io.h"
#include "weights/weights.h"

static const char help[] =
    "Usage: sentinode inspect FILE.snw [--tensors] [--plan H W]\n"
    "\n"
    "Checks a weight file completely (structure, CRC-32C of every tensor, SHA-256 of the file) and\n"
    "prints its metadata.\n"
    "\n"
    "  --tensors   list every tensor: name, type, shape, bytes, CRC-32C, digest of its values\n"
    "  --plan H W  how the network would run on an image of H rows and W columns: layers, shapes,\n"
    "              kernels, work, memory\n"
    "\n"
    "With --json and --plan the object is the plan.\n";

static const struct sn_opt opts[] = { { "--tensors", 't', false }, { "--plan", 'p', true }, { 0 } };

struct totals {
    size_t values, bytes;
    size_t of[SN_BF16 + 1]; /* tensors of each dtype */
};

static struct totals count(const struct sn_model *m)
{
    struct totals t = { 0 };

    for (size_t i = 0; i < m->n_tensors; i++) {
        t.values += m->tensors[i].count;
        t.bytes += m->tensors[i].bytes;
        t.of[m->tensors[i].dtype]++;
    }
    return t;
}

static void value_digest(const struct sn_tensor *t, char hex[SN_SHA256_HEX])
{
    uint8_t digest[32];

    sn_sha256(t->data, t->bytes, digest);
    sn_hex(digest, sizeof digest, hex);
}

static void print_tensors(const struct sn_model *m)
{
    (void)printf("\n%-5s %-18s %12s  %-8s  %-16s  name\n", "type", "shape", "bytes", "crc-32c", "sha256, 64 bits");
    for (size_t i = 0; i < m->n_tensors; i++) {
        const struct sn_tensor *t = &m->tensors[i];
        char shape[200] = "scalar", hex[SN_SHA256_HEX];
        size_t n = 0;

        for (int d = 0; d < t->rank; d++)
            n += (size_t)snprintf(shape + n, sizeof shape - n, "%s%" PRIu64, d ? "x" : "", t->shape[d]);
        value_digest(t, hex);
        (void)printf("%-5s %-18s %12zu  %08x  %.16s  %s\n", sn_dtype_name(t->dtype), shape, t->bytes,
                     (unsigned)t->crc32c, hex, t->name);
    }
}

static void print_text(const char *path, const struct sn_model *m, bool tensors)
{
    struct totals t = count(m);
    char hex[SN_SHA256_HEX];

    sn_hex(m->sha256, sizeof m->sha256, hex);
    (void)printf("file      %s, %zu bytes\n", sn_basename(path), m->map.size);
    (void)printf("sha256    %s (checked)\n", hex);
    (void)printf("tensors   %zu (%zu f32, %zu f16, %zu bf16), every CRC-32C checked\n", m->n_tensors, t.of[SN_F32],
                 t.of[SN_F16], t.of[SN_BF16]);
    (void)printf("values    %zu in %zu bytes\n", t.values, t.bytes);
    (void)printf("metadata\n");
    for (size_t i = 0; i < m->n_meta; i++) {
        (void)printf("  %-16s ", m->meta[i].key);
        for (const char *s = m->meta[i].value; *s; s++) /* further lines of a value are indented */
            if (*s == '\n')
                (void)printf("\n  %-16s ", "");
            else
                (void)putchar(*s);
        (void)putchar('\n');
    }
    if (tensors)
        print_tensors(m);
}

static void json_tensors(struct sn_json *j, const struct sn_model *m)
{
    sn_json_key(j, "tensors");
    sn_json_array(j);
    for (size_t i = 0; i < m->n_tensors; i++) {
        const struct sn_tensor *t = &m->tensors[i];
        char hex[SN_SHA256_HEX], crc[16];

        value_digest(t, hex);
        (void)snprintf(crc, sizeof crc, "%08x", (unsigned)t->crc32c);
        sn_json_object(j);
        sn_json_kv(j, "name", t->name);
        sn_json_kv(j, "dtype", sn_dtype_name(t->dtype));
        sn_json_key(j, "shape");
        sn_json_array(j);
        for (int d = 0; d < t->rank; d++)
            sn_json_int(j, (int64_t)t->shape[d]);
        sn_json_end_array(j);
        sn_json_kv_int(j, "bytes", (int64_t)t->bytes);
        sn_json_kv(j, "crc32c", crc);
        sn_json_kv(j, "sha256", hex);
        sn_json_end_object(j);
    }
    sn_json_end_array(j);
}

static int print_json(const char *path, const struct sn_model *m, bool tensors, struct sn_error *err)
{
    struct totals t = count(m);
    struct sn_json j;
    char hex[SN_SHA256_HEX];
    bool failed;

    sn_hex(m->sha256, sizeof m->sha256, hex);
    sn_json_init(&j, 2);
    sn_json_object(&j);
    sn_json_kv(&j, "file", sn_basename(path));
    sn_json_kv_int(&j, "bytes", (int64_t)m->map.size);
    sn_json_kv(&j, "sha256", hex);
    sn_json_key(&j, "metadata");
    sn_json_object(&j);
    for (size_t i = 0; i < m->n_meta; i++)
        sn_json_kv(&j, m->meta[i].key, m->meta[i].value);
    sn_json_end_object(&j);
    sn_json_kv_int(&j, "tensor_count", (int64_t)m->n_tensors);
    sn_json_kv_int(&j, "values", (int64_t)t.values);
    if (tensors)
        json_tensors(&j, m);
    sn_json_end_object(&j);
    failed = j.buf.failed;
    if (!failed)
        (void)fputs(j.buf.data, stdout);
    sn_json_free(&j);
    return failed ? SN_NOMEM(err, "the summary") : SN_OK;
}

static int run(const struct sn_args *a, const char *path, bool tensors, const long plan[2], struct sn_error *err)
{
    struct sn_model m;
    int rc;

    SN_TRY(sn_model_open(&m, path, SN_VERIFY_CRC | SN_VERIFY_SHA256, err));
    if (plan[0] && a->common.json) {
        rc = sn_inspect_plan(&m, (int)plan[0], (int)plan[1], &a->common, err);
        goto out;
    }
    rc = SN_OK;
    if (a->common.json)
        rc = print_json(path, &m, tensors, err);
    else if (!a->common.quiet)
        print_text(path, &m, tensors);
    if (!rc && plan[0])
        rc = sn_inspect_plan(&m, (int)plan[0], (int)plan[1], &a->common, err);
out:
    sn_model_close(&m);
    return rc;
}

int sn_cmd_inspect(int argc, char **argv)
{
    const char *path = NULL;
    long plan[2] = { 0, 0 };
    bool tensors = false;
    struct sn_error err = { 0 };
    struct sn_args a;
    int c;

    sn_args_init(&a, help, opts, argc, argv);
    while ((c = sn_args_next(&a)) != 0) {
        switch (c) {
        case 't':
            tensors = true;
            break;
        case 'p':
            if (!sn_args_int(&a, "--plan", 1, 65535, &plan[0]))
                return 2;
            a.value = sn_args_word(&a);
            if (!a.value)
                return sn_args_usage(&a, "--plan needs two numbers, rows and columns");
            if (!sn_args_int(&a, "--plan", 1, 65535, &plan[1]))
                return 2;
            break;
        case '.':
            if (path)
                return sn_args_usage(&a, "one file at a time, found '%s' too", a.value);
            path = a.value;
            break;
        default:
            return sn_args_exit(&a);
        }
    }
    if (!path)
        return sn_args_usage(&a, "a .snw file is missing");
    return sn_report(&a, run(&a, path, tensors, plan, &err), &err);
}
