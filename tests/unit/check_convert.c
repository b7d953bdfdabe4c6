/*
 * check_convert.c: `convert` and `inspect` as commands: exit codes, what is written, and that nothing
 * is written when a file is refused.
 */
#include "tests/support/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/cli.h"

/* ---- running a command -------------------------------------------------------------------- */

static char said[65536]; /* stdout and stderr of the last command */

/* NULL-terminated words; returns the exit code. */
static int command(char **argv)
{
    int argc = 0, old[2] = { dup(1), dup(2) }, rc, fd;
    char path[512];
    ssize_t n;

    while (argv[argc])
        argc++;
    (void)snprintf(path, sizeof path, "%s/said.txt", sn_test_tmpdir());
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    (void)fflush(NULL);
    (void)dup2(fd, 1);
    (void)dup2(fd, 2);
    rc = sn_main(argc, argv);
    (void)fflush(NULL);
    (void)dup2(old[0], 1);
    (void)dup2(old[1], 2);
    (void)close(old[0]);
    (void)close(old[1]);
    (void)lseek(fd, 0, SEEK_SET);
    n = read(fd, said, sizeof said - 1);
    said[n > 0 ? n : 0] = '\0';
    (void)close(fd);
    return rc;
}

#define RUN(...) command((char *[]){ (char *)"sentinode", __VA_ARGS__, NULL })

/* A path in a folder of its own, which must stay empty when nothing may be written. */
static char *out_path(void)
{
    static char path[512];

    (void)snprintf(path, sizeof path, "%s/out", sn_test_tmpdir());
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/out/x.snw", sn_test_tmpdir());
    (void)unlink(path);
    return path;
}

static bool folder_empty(void)
{
    char path[512];
    DIR *d;
    struct dirent *e;
    bool empty = true;

    (void)snprintf(path, sizeof path, "%s/out", sn_test_tmpdir());
    d = opendir(path);
    while (d && (e = readdir(d)) != NULL)
        empty &= e->d_name[0] == '.';
    if (d)
        (void)closedir(d);
    return empty;
}

/* ---- a network small enough to write here: ResNet-18 of width 1 ---------------------------- */

struct file {
    struct sn_buf head, data;
};

static void tensor(struct file *f, const char *a, const char *b, int n, int c, int k)
{
    size_t count = (size_t)n * (size_t)(c ? c * k * k : 1), begin = f->data.len;
    char name[96], shape[64];

    (void)snprintf(name, sizeof name, "%s%s", a, b);
    if (c && k)
        (void)snprintf(shape, sizeof shape, k > 0 ? "%d,%d,%d,%d" : "%d,%d", n, c, k, k);
    else
        (void)snprintf(shape, sizeof shape, "%d", n);
    for (size_t i = 0; i < count; i++) {
        uint8_t le[4];
        float v = sn_rng_weight(sn_rng_name(1, name), i);
        uint32_t u;

        memcpy(&u, &v, 4);
        sn_put_le32(le, u & 0x7fffffffu); /* variances must be positive */
        sn_buf_add(&f->data, le, 4);
    }
    sn_buf_printf(&f->head, "%c\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                  f->head.len ? ',' : '{', name, shape, begin, f->data.len);
}

static void batch_norm(struct file *f, const char *name, int n)
{
    tensor(f, name, ".weight", n, 0, 0);
    tensor(f, name, ".bias", n, 0, 0);
    tensor(f, name, ".running_mean", n, 0, 0);
    tensor(f, name, ".running_var", n, 0, 0);
}

static const char *resnet18(void)
{
    static char path[512];
    struct file f = { { 0 }, { 0 } };
    struct sn_buf all = { 0 };
    struct sn_error err;
    uint8_t n[8];

    tensor(&f, "conv1", ".weight", 2, 1, 7);
    batch_norm(&f, "bn1", 2);
    for (int layer = 1; layer <= 4; layer++)
        for (int block = 0; block < 2; block++) {
            int wide = 1 << layer, in = block || layer == 1 ? wide : wide / 2;
            char p[32], q[64];

            (void)snprintf(p, sizeof p, "layer%d.%d.", layer, block);
            for (int i = 1; i <= 2; i++) {
                (void)snprintf(q, sizeof q, "%sconv%d", p, i);
                tensor(&f, q, ".weight", wide, i == 1 ? in : wide, 3);
                (void)snprintf(q, sizeof q, "%sbn%d", p, i);
                batch_norm(&f, q, wide);
            }
            if (in == wide)
                continue;
            (void)snprintf(q, sizeof q, "%sdownsample.0", p);
            tensor(&f, q, ".weight", wide, in, 1);
            (void)snprintf(q, sizeof q, "%sdownsample.1", p);
            batch_norm(&f, q, wide);
        }
    sn_buf_printf(&f.head, ",\"fc.weight\":{\"dtype\":\"F32\",\"shape\":[2,16],\"data_offsets\":[%zu,%zu]}", f.data.len,
                  f.data.len + 128);
    sn_buf_add(&f.data, (uint8_t[128]){ 0 }, 128);
    tensor(&f, "fc", ".bias", 2, 0, 0);
    sn_buf_puts(&f.head, "}");
    sn_put_le64(n, f.head.len);
    sn_buf_add(&all, n, 8);
    sn_buf_add(&all, f.head.data, f.head.len);
    sn_buf_add(&all, f.data.data, f.data.len);
    (void)snprintf(path, sizeof path, "%s/r18.safetensors", sn_test_tmpdir());
    sn_ck_ok(sn_file_write(path, all.data, all.len, &err), &err);
    sn_buf_free(&f.head);
    sn_buf_free(&f.data);
    sn_buf_free(&all);
    return path;
}

START_TEST(converts)
{
    char *in = (char *)resnet18(), *out = out_path(), digest[SN_SHA256_HEX];
    struct sn_model m;
    struct sn_error err;
    struct sn_map map;
    uint8_t sha[32], first[32];

    ck_assert_msg(RUN("convert", in, out, "--meta", "class_names=benign,malignant", "--meta", "trained_on=") == 0, "%s", said);
    ck_assert_ptr_nonnull(strstr(said, "resnet18"));
    sn_ck_ok(sn_model_open(&m, out, SN_VERIFY_CRC | SN_VERIFY_SHA256, &err), &err);
    ck_assert_str_eq(sn_model_meta(&m, "architecture"), "resnet18");
    ck_assert_str_eq(sn_model_meta(&m, "family"), "torchvision");
    ck_assert_str_eq(sn_model_meta(&m, "task"), "classify");
    ck_assert_str_eq(sn_model_meta(&m, "classes"), "2");
    ck_assert_str_eq(sn_model_meta(&m, "in_channels"), "1");
    ck_assert_str_eq(sn_model_meta(&m, "source_file"), "r18.safetensors");
    ck_assert_str_eq(sn_model_meta(&m, "source_format"), "safetensors");
    ck_assert_str_eq(sn_model_meta(&m, "class_names"), "benign,malignant");
    ck_assert_str_eq(sn_model_meta(&m, "converter"), "sentinode " SN_VERSION);
    sn_ck_ok(sn_map_file(in, &map, &err), &err);
    sn_sha256(map.data, map.size, sha);
    sn_map_close(&map);
    sn_hex(sha, 32, digest);
    ck_assert_str_eq(sn_model_meta(&m, "source_sha256"), digest);
    memcpy(first, m.sha256, 32);
    sn_hex(first, 32, digest);
    ck_assert_ptr_nonnull(strstr(said, digest));
    sn_model_close(&m);

    /* the same bytes again, options in another order */
    ck_assert_int_eq(RUN("convert", "--meta", "trained_on=", "--meta", "class_names=benign,malignant", in, out, "--json"), 0);
    sn_ck_ok(sn_model_open(&m, out, 0, &err), &err);
    ck_assert_mem_eq(m.sha256, first, 32);
    sn_model_close(&m);

    ck_assert_int_eq(RUN("convert", in, out, "--dtype", "f16", "--family", "torchvision"), 0);
    sn_ck_ok(sn_model_open(&m, out, SN_VERIFY_CRC, &err), &err);
    ck_assert_int_eq(m.tensors[0].dtype, SN_F16);
    sn_model_close(&m);
}
END_TEST

START_TEST(inspects)
{
    char *in = (char *)resnet18(), *out = out_path(), hex[SN_SHA256_HEX];
    struct sn_model m;
    struct sn_error err;
    FILE *f;

    ck_assert_int_eq(RUN("convert", in, out, "--quiet"), 0);
    ck_assert_str_eq(said, "");
    sn_ck_ok(sn_model_open(&m, out, 0, &err), &err);
    sn_hex(m.sha256, 32, hex);
    sn_model_close(&m);
    ck_assert_int_eq(RUN("inspect", out, "--tensors"), 0);
    ck_assert_ptr_nonnull(strstr(said, hex));
    ck_assert_ptr_nonnull(strstr(said, "layer4.1.bn2.running_var"));
    ck_assert_int_eq(RUN("inspect", out, "--json", "--tensors"), 0);
    ck_assert(said[0] == '{' && strstr(said, hex) && strstr(said, "\"crc32c\""));
    f = fopen(out, "r+b");
    ck_assert_ptr_nonnull(f);
    (void)fseek(f, -100, SEEK_END);
    (void)fputc(0x55, f);
    (void)fclose(f);
    ck_assert_int_eq(RUN("inspect", out), 3);
    ck_assert_ptr_nonnull(strstr(said, "x.snw"));
    ck_assert_int_eq(RUN("inspect", in), 3);
    ck_assert_int_eq(RUN("inspect"), 2);
    ck_assert_int_eq(RUN("inspect", out, "--plan", "3"), 2);
    ck_assert_int_eq(RUN("inspect", out, out), 2);
}
END_TEST

START_TEST(usage)
{
    char *in = (char *)resnet18(), *out = out_path();

    ck_assert_int_eq(RUN("convert"), 2);
    ck_assert_int_eq(RUN("convert", in), 2);
    ck_assert_int_eq(RUN("convert", out, in), 2); /* swapped: must not overwrite the checkpoint */
    ck_assert_int_eq(RUN("convert", in, out, out), 2);
    ck_assert_int_eq(RUN("convert", in, out, "--family", "nobody"), 2);
    ck_assert_int_eq(RUN("convert", in, out, "--meta", "novalue"), 2);
    ck_assert_int_eq(RUN("convert", in, out, "--meta", "family=smp"), 2);
    ck_assert_int_eq(RUN("convert", in, out, "--meta", "a b=c"), 2);
    ck_assert_int_eq(RUN("convert", in, out, "--dtype", "int8"), 2);
    ck_assert_int_eq(RUN("convert", "/nonexistent.pth", out), 3);
    ck_assert_int_eq(RUN("convert", in, out, "--family", "milesial"), 4);
    ck_assert(folder_empty());
    ck_assert_int_eq(RUN("convert", in, "/nonexistent/folder/x.snw"), 5);
}
END_TEST

/* A state dict of no network we know: exit 4, the first key is named, nothing is written. */
START_TEST(no_family)
{
    char *out = out_path();

    ck_assert_int_eq(RUN("convert", (char *)sn_test_file("tests/unit/data/ckpt/hand_zip.pth"), out, "--tensors"), 4);
    ck_assert_ptr_nonnull(strstr(said, "'w'"));
    ck_assert_ptr_nonnull(strstr(said, "float32"));
    ck_assert_int_eq(RUN("convert", (char *)sn_test_file("tests/unit/data/ckpt/hand_zip.pth"), out, "--json", "--tensors"), 4);
    ck_assert_ptr_nonnull(strstr(said, "\"path\""));
    ck_assert(folder_empty());
}
END_TEST

START_TEST(hostile)
{
    static const char *const own[] = { "bad_reduce.pth", "bad_newobj.pth", "bad_inst.pth", "bad_obj.pth", "bad_build.pth",
                                       "bad_no_tensors.pth", "bad_archive.tar", "bad_arrays.npz", "bad_script.pth" };
    const char *folder = sn_test_data("checkpoints/hostile");
    DIR *d = folder ? opendir(folder) : NULL;
    struct dirent *e;
    char *out = out_path(), path[1024];

    for (size_t i = 0; i < SN_COUNT(own); i++) {
        (void)snprintf(path, sizeof path, "tests/unit/data/ckpt/%s", own[i]);
        ck_assert_msg(RUN("convert", (char *)sn_test_file(path), out) == 3, "%s: %s", own[i], said);
    }
    while (d && (e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        ck_assert_msg(RUN("convert", path, out) == 3, "%s: %s", e->d_name, said);
        ck_assert_msg(RUN("convert", path, out, "--whole-module") == 3, "%s: %s", e->d_name, said);
    }
    if (d)
        (void)closedir(d);
    ck_assert(folder_empty());
}
END_TEST

/* Real checkpoints of no supported family: exit 4 and the first key; refused containers: 3. */
START_TEST(real_files)
{
    static const struct {
        const char *file, *says;
        int code;
    } files[] = {
        { "trained/akamaster__resnet20-12fca82f.th", "conv1.weight", 4 },
        { "trained/burn__mnist.pt", "conv1.weight", 4 },
        { "trained/burn__mnist.safetensors", "conv1.", 4 },
        { "trained/gudiya__unet.pth", "conv1.0.weight", 4 },
        { "trained/lpips_v0.1__alex.pth", "lin0.model.1.weight", 4 },
        { "trained/march__unet.pth", "conv1.0.weight", 4 },
        { "trained/ulface__slim-320.pth", "base_net.0.0.weight", 4 },
        { "trained/vdsr__model_epoch_50_py2_whole_module.pth", "whole module", 3 },
        { "format/candle__test.npz", ".npz", 3 },
        { "format/burn__reader_test_data_tar_weight_bias.tar", "tar", 3 },
        { "format/candle__test_with_key.pt", "no floating-point", 3 },
    };
    char *out = out_path();

    for (size_t i = 0; i < SN_COUNT(files); i++) {
        char name[256];
        const char *path;
        int rc;

        (void)snprintf(name, sizeof name, "checkpoints/%s", files[i].file);
        path = sn_test_data(name);
        if (!path)
            return;
        rc = RUN("convert", (char *)path, out);
        ck_assert_msg(rc == files[i].code && strstr(said, files[i].says), "%s: %d: %s", files[i].file, rc, said);
    }
    ck_assert(folder_empty());
}
END_TEST

static Suite *suite_convert(void)
{
    Suite *s = suite_create("convert");
    TCase *c = tcase_create("convert");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, converts);
    tcase_add_test(c, inspects);
    tcase_add_test(c, usage);
    tcase_add_test(c, no_family);
    tcase_add_test(c, hostile);
    tcase_add_test(c, real_files);
    suite_add_tcase(s, c);
    return s;
}

SN_CHECK_MAIN(suite_convert)
