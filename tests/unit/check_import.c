/*
 * check_import.c: checkpoints of every kind, against tables written by PyTorch and NumPy.
 * tests/unit/data/ckpt is made by tools/golden/make_checkpoints.py.
 */
#include "tests/support/support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "weights/weights.h"

#define CKPT "tests/unit/data/ckpt"

/* ---- tables: plain comma-separated, no quotes -------------------------------------------- */

struct table {
    char *text;
    char *cell[1024][8];
    size_t n;
};

static void load_table(struct table *t, const char *path)
{
    struct sn_map map;
    struct sn_error err;
    char *line;

    memset(t, 0, sizeof *t);
    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    t->text = calloc(1, map.size + 1);
    memcpy(t->text, map.data, map.size);
    sn_map_close(&map);
    line = strchr(t->text, '\n') + 1; /* the header */
    while (*line) {
        char *end = strchr(line, '\n');
        int col = 0;

        *end = '\0';
        ck_assert_uint_lt(t->n, 1024);
        for (char *p = line; p && col < 8; col++) {
            t->cell[t->n][col] = p;
            p = strchr(p, ',');
            if (p)
                *p++ = '\0';
        }
        for (; col < 8; col++)
            t->cell[t->n][col] = line + strlen(line);
        t->n++;
        line = end + 1;
    }
    ck_assert_uint_gt(t->n, 0);
}

/* ---- what an import reports, compared row by row ------------------------------------------ */

struct row { /* expected */
    const char *path, *name, *dtype, *shape, *sha16; /* name NULL: not compared; "": dropped */
};

struct seen {
    const struct row *rows;
    size_t n, at, kept;
    const char *file;
};

static void shape_text(const struct sn_import_tensor *t, char buf[256])
{
    buf[0] = '\0';
    for (int i = 0; i < t->rank; i++)
        (void)snprintf(buf + strlen(buf), 256 - strlen(buf), "%s%llu", i ? "x" : "",
                       (unsigned long long)t->shape[i]);
}

static void on_seen(void *ctx, const struct sn_import_tensor *t)
{
    struct seen *s = ctx;
    const struct row *r = &s->rows[s->at];
    char shape[256], hex[SN_SHA256_HEX];
    uint8_t digest[32];

    ck_assert_msg(s->at < s->n, "%s: more tensors than expected: %s", s->file, t->path);
    ck_assert_msg(strcmp(t->path, r->path) == 0, "%s: found %s, expected %s", s->file, t->path, r->path);
    ck_assert_msg(strcmp(t->dtype, r->dtype) == 0, "%s: %s: found %s, expected %s", s->file, t->path,
                  t->dtype, r->dtype);
    shape_text(t, shape);
    ck_assert_msg(strcmp(shape, r->shape) == 0, "%s: %s: shape %s, expected %s", s->file, t->path, shape,
                  r->shape);
    sn_sha256(t->data, t->bytes, digest);
    sn_hex(digest, 32, hex);
    ck_assert_msg(strncmp(hex, r->sha16, 16) == 0, "%s: %s: values differ", s->file, t->path);
    if (r->name)
        ck_assert_msg(strcmp(t->name ? t->name : "", r->name) == 0, "%s: %s: kept as %s, expected %s",
                      s->file, t->path, t->name ? t->name : "(dropped)", r->name);
    s->kept += t->name != NULL;
    s->at++;
}

/* The model holds what was seen: same values, rounded to f32 when they were f64. */
static void check_model(const struct sn_model *m, const struct sn_import_report *rep, const struct seen *s)
{
    ck_assert_uint_eq(m->n_tensors, s->kept);
    ck_assert_uint_eq(rep->tensors, s->kept);
    ck_assert_uint_eq(rep->dropped, s->n - s->kept);
    for (size_t i = 0; i < m->n_tensors; i++) {
        const struct sn_tensor *t = &m->tensors[i];
        struct sn_error err;

        ck_assert_ptr_eq(sn_model_find(m, t->name), t);
        sn_ck_ok(sn_tensor_verify(t, &err), &err);
    }
}

static void import_and_compare(const char *path, struct seen *s, bool whole, int expected)
{
    struct sn_import_options opt = { .whole_module = whole, .seen = on_seen, .seen_ctx = s };
    struct sn_import_report rep;
    struct sn_model m, n;
    struct sn_error err;
    struct sn_map map;
    int rc = sn_import(path, &opt, &m, &rep, &err);

    ck_assert_msg(rc == expected, "%s: code %d, expected %d: %s", path, rc, expected, rc ? err.msg : "");
    ck_assert_msg(s->at == s->n, "%s: %zu tensors seen, expected %zu", path, s->at, s->n);
    if (rc)
        return;
    check_model(&m, &rep, s);
    opt.seen = NULL;
    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    sn_ck_ok(sn_import_bytes(map.data, map.size, &opt, &n, NULL, &err), &err);
    sn_map_close(&map); /* n must not need it any more */
    ck_assert_uint_eq(m.n_tensors, n.n_tensors);
    for (size_t i = 0; i < m.n_tensors; i++) {
        ck_assert_str_eq(m.tensors[i].name, n.tensors[i].name);
        ck_assert_uint_eq(m.tensors[i].bytes, n.tensors[i].bytes);
        if (n.tensors[i].bytes)
            ck_assert_mem_eq(m.tensors[i].data, n.tensors[i].data, n.tensors[i].bytes);
        ck_assert_uint_eq(m.tensors[i].crc32c, n.tensors[i].crc32c);
    }
    sn_model_close(&m);
    sn_model_close(&n);
}

START_TEST(committed_good)
{
    static struct table t;
    struct row rows[64];

    load_table(&t, sn_test_file(CKPT "/good.csv"));
    for (size_t i = 0, j; i < t.n; i = j) {
        struct seen s = { .rows = rows, .file = t.cell[i][0] };
        char path[512];

        for (j = i; j < t.n && strcmp(t.cell[j][0], t.cell[i][0]) == 0; j++)
            rows[s.n++] = (struct row){ t.cell[j][3], t.cell[j][4], t.cell[j][5], t.cell[j][6], t.cell[j][7] };
        (void)snprintf(path, sizeof path, "%s/%s", sn_test_file(CKPT), t.cell[i][0]);
        import_and_compare(path, &s, t.cell[i][1][0] == 'w', SN_OK);
    }
    free(t.text);
}
END_TEST

START_TEST(committed_bad)
{
    static struct table t;

    load_table(&t, sn_test_file(CKPT "/bad.csv"));
    for (size_t i = 0; i < t.n; i++) {
        struct sn_model m;
        struct sn_error err = { 0 };
        char path[512];
        int rc;

        (void)snprintf(path, sizeof path, "%s/%s", sn_test_file(CKPT), t.cell[i][0]);
        rc = sn_import(path, NULL, &m, NULL, &err);
        ck_assert_msg(sn_exit_code(rc) == 3 && strstr(err.msg, t.cell[i][1]), "%s: code %d, expected '%s': %s",
                      t.cell[i][0], rc, t.cell[i][1], err.msg);
        ck_assert_uint_eq(m.n_tensors, 0);
        if (strncmp(t.cell[i][0], "zip_module", 10) != 0) { /* --whole-module opens no other door */
            struct sn_import_options opt = { .whole_module = true };

            rc = sn_import(path, &opt, &m, NULL, &err);
            ck_assert_msg(sn_exit_code(rc) == 3, "%s: --whole-module gives code %d", t.cell[i][0], rc);
        }
    }
    free(t.text);
}
END_TEST

/* ---- damage: never a crash, never a success that a cut file cannot have ------------------- */

static void damage(const char *path)
{
    struct sn_map map;
    struct sn_error err;
    struct sn_model m;
    uint8_t *copy;
    uint64_t rng = 7;

    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    for (size_t n = 0; n < map.size; n++) {
        copy = malloc(n ? n : 1); /* exact size, so that a sanitizer sees an overread */
        memcpy(copy, map.data, n);
        ck_assert_msg(sn_import_bytes(copy, n, NULL, &m, NULL, &err) != SN_OK, "%s cut at byte %zu was taken", path,
                      n);
        free(copy);
    }
    copy = malloc(map.size ? map.size : 1);
    for (size_t i = 0; i < map.size; i++)
        for (int k = 0; k < 3; k++) {
            struct sn_import_options opt = { .whole_module = k == 2 };

            memcpy(copy, map.data, map.size);
            copy[i] = k == 0 ? copy[i] ^ 0xff : (uint8_t)sn_splitmix64(&rng);
            (void)sn_import_bytes(copy, map.size, &opt, &m, NULL, &err);
            sn_model_close(&m);
        }
    free(copy);
    sn_map_close(&map);
}

START_TEST(committed_damaged)
{
    static struct table t;

    load_table(&t, sn_test_file(CKPT "/good.csv"));
    for (size_t i = 0; i < t.n; i++) {
        char path[512];

        if (i && strcmp(t.cell[i][0], t.cell[i - 1][0]) == 0)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", sn_test_file(CKPT), t.cell[i][0]);
        damage(path);
    }
    free(t.text);
}
END_TEST

/* ---- conversions of values ---------------------------------------------------------------- */

/* A safetensors file of one tensor "w", from values in host order. */
static uint8_t *one_tensor(const char *dtype, const void *data, size_t bytes, size_t count, size_t *size)
{
    static const uint16_t one = 1;
    bool little = *(const uint8_t *)&one == 1;
    size_t width = bytes / count;
    uint8_t *file = malloc(bytes + 256);
    int n = snprintf((char *)file + 8, 240, "{\"w\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}",
                     dtype, count, bytes);

    sn_put_le64(file, (uint64_t)n);
    for (size_t i = 0; i < bytes; i++)
        file[8 + (size_t)n + i] = ((const uint8_t *)data)[little ? i : i - i % width + width - 1 - i % width];
    *size = 8 + (size_t)n + bytes;
    return file;
}

static int import_one(const char *dtype, const void *data, size_t bytes, size_t count, enum sn_dtype store,
                      struct sn_model *m, struct sn_error *err)
{
    struct sn_import_options opt = { .store = store };
    size_t size;
    uint8_t *file = one_tensor(dtype, data, bytes, count, &size);
    int rc = sn_import_bytes(file, size, &opt, m, NULL, err);

    free(file);
    return rc;
}

static float bits(uint32_t u)
{
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

/* Every finite binary16 comes back from f32; half way to the next goes to the even one, a hair more or less does not. */
START_TEST(f16_rounding)
{
    static float in[4 * 0x7c00];
    static uint16_t want[4 * 0x7c00];
    struct sn_model m;
    struct sn_error err;
    size_t n = 0;

    for (uint32_t h = 0; h < 0x7bff; h++) {
        float a = sn_f16_to_f32((uint16_t)h), b = sn_f16_to_f32((uint16_t)(h + 1));
        float half = a + (b - a) / 2; /* exact: 12 bits */
        uint32_t u;

        memcpy(&u, &half, sizeof u);
        in[n] = a, want[n++] = (uint16_t)h;
        in[n] = -half, want[n++] = (uint16_t)(0x8000 | (h + (h & 1)));
        in[n] = bits(u - 1), want[n++] = (uint16_t)h;
        in[n] = bits(u + 1), want[n++] = (uint16_t)(h + 1);
    }
    sn_ck_ok(import_one("F32", in, n * 4, n, SN_F16, &m, &err), &err);
    ck_assert_int_eq(m.tensors[0].dtype, SN_F16);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(sn_le16((const uint8_t *)m.tensors[0].data + 2 * i) == want[i], "%a -> %04x, expected %04x",
                      in[i], sn_le16((const uint8_t *)m.tensors[0].data + 2 * i), want[i]);
    sn_model_close(&m);
}
END_TEST

START_TEST(f16_range)
{
    float fine[] = { 65519.9f, bits(0x7f800000), -bits(0x7f800000), bits(0x33000000), bits(0x33000001), 0.0f };
    uint16_t want[] = { 0x7bff, 0x7c00, 0xfc00, 0, 1, 0 };
    float big = 65520.0f, nan = bits(0x7fc00000);
    struct sn_model m;
    struct sn_error err;

    sn_ck_ok(import_one("F32", fine, sizeof fine, 6, SN_F16, &m, &err), &err);
    for (size_t i = 0; i < 6; i++)
        ck_assert_uint_eq(sn_le16((const uint8_t *)m.tensors[0].data + 2 * i), want[i]);
    sn_model_close(&m);
    sn_ck_fails(import_one("F32", &big, 4, 1, SN_F16, &m, &err), SN_EUNSUPPORTED, &err, "too large for f16");
    sn_ck_ok(import_one("F32", &nan, 4, 1, SN_F16, &m, &err), &err);
    ck_assert_uint_eq(sn_le16(m.tensors[0].data) & 0x7e00, 0x7e00);
    sn_model_close(&m);
}
END_TEST

START_TEST(f64_rounding)
{
    /* 1 + 2^-24 is half way to the next float: even; a unit more is not */
    double in[] = { 1.0 + 0x1p-24, 1.0 + 0x1p-24 + 0x1p-52, -0.1, 1e-46, 3.4028235677973366e38 - 0x1p75, 0x1p-149 };
    float want[] = { 1.0f, 1.0f + 0x1p-23f, -0.1f, 0.0f, FLT_MAX, 0x1p-149f }, got[6];
    double big = 1e39;
    struct sn_model m;
    struct sn_import_report rep;
    struct sn_error err;
    size_t size;
    uint8_t *file = one_tensor("F64", in, sizeof in, 6, &size);

    sn_ck_ok(sn_import_bytes(file, size, NULL, &m, &rep, &err), &err);
    free(file);
    ck_assert_uint_eq(rep.rounded, 1);
    sn_tensor_to_f32(&m.tensors[0], 0, 6, got);
    ck_assert_mem_eq(got, want, sizeof want);
    sn_model_close(&m);
    sn_ck_fails(import_one("F64", &big, 8, 1, 0, &m, &err), SN_EUNSUPPORTED, &err, "too large for f32");
    sn_ck_fails(import_one("F64", &big, 8, 1, SN_BF16, &m, &err), SN_EINVAL, &err, "f16");
}
END_TEST

START_TEST(widening)
{
    uint16_t in[] = { 0x3c00, 0x0001, 0xfbff };
    struct sn_model m;
    struct sn_error err;
    float got[3];

    sn_ck_ok(import_one("F16", in, 6, 3, SN_F32, &m, &err), &err);
    ck_assert_int_eq(m.tensors[0].dtype, SN_F32);
    sn_tensor_to_f32(&m.tensors[0], 0, 3, got);
    ck_assert(got[0] == 1.0f && got[1] == 0x1p-24f && got[2] == -65504.0f);
    sn_model_close(&m);
}
END_TEST

/* ---- real files --------------------------------------------------------------------------- */

/* tensors.csv says types as PyTorch's storages and safetensors do. */
static const char *dtype_name(const char *t)
{
    static const char *const names[][2] = {
        { "Float", "float32" }, { "F32", "float32" }, { "Double", "float64" }, { "Half", "float16" },
        { "BFloat16", "bfloat16" }, { "Long", "int64" }, { "I64", "int64" }, { "Int", "int32" },
        { "Short", "int16" }, { "Char", "int8" }, { "Byte", "uint8" }, { "Bool", "bool" },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(t, names[i][0]) == 0)
            return names[i][1];
    ck_abort_msg("unknown dtype %s", t);
    return NULL;
}

static int compare_rows(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->path, ((const struct row *)b)->path);
}

/* In safetensors the table is sorted by name, the header need not be: rows are looked up by path. */
static void on_seen_lookup(void *ctx, const struct sn_import_tensor *t)
{
    struct seen *s = ctx;
    struct row key = { .path = t->path };
    const struct row *r = bsearch(&key, s->rows, s->n, sizeof *s->rows, compare_rows);
    struct seen one = { .rows = r, .n = 1, .file = s->file };

    ck_assert_msg(r != NULL, "%s: unexpected tensor %s", s->file, t->path);
    on_seen(&one, t);
    s->at++;
    s->kept += one.kept;
}

static bool any_float(const struct seen *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (strstr(s->rows[i].dtype, "float"))
            return true;
    return false;
}

START_TEST(real_tensors)
{
    static struct table t;
    static struct row rows[1024];
    const char *csv = sn_test_data("checkpoints/tensors.csv");
    size_t files = 0;

    if (!csv)
        return;
    load_table(&t, csv);
    for (size_t i = 0, j; i < t.n; i = j, files++) {
        struct seen s = { .rows = rows, .file = t.cell[i][0] };
        struct sn_import_options opt = { .seen = on_seen_lookup, .seen_ctx = &s };
        struct sn_import_report rep;
        struct sn_model m;
        struct sn_error err;
        char path[512];
        int rc;

        for (j = i; j < t.n && strcmp(t.cell[j][0], t.cell[i][0]) == 0; j++)
            rows[s.n++] = (struct row){ t.cell[j][2], NULL, dtype_name(t.cell[j][3]), t.cell[j][4], t.cell[j][7] };
        qsort(rows, s.n, sizeof *rows, compare_rows);
        (void)snprintf(path, sizeof path, "checkpoints/%s", t.cell[i][0]);
        rc = sn_import(sn_test_data(path), &opt, &m, &rep, &err);
        ck_assert_msg(rc == (any_float(&s) ? SN_OK : SN_EUNSUPPORTED), "%s: code %d: %s", t.cell[i][0], rc,
                      rc ? err.msg : "");
        ck_assert_msg(s.at == s.n, "%s: %zu tensors, expected %zu", t.cell[i][0], s.at, s.n);
        if (rc == SN_OK)
            check_model(&m, &rep, &s);
        sn_model_close(&m);
    }
    ck_assert_uint_ge(files, 40);
    free(t.text);
}
END_TEST

/* Names as a network knows them, and the table's sums through sn_tensor_to_f64. */
START_TEST(real_names_and_sums)
{
    static struct table t;
    const char *csv = sn_test_data("checkpoints/tensors.csv");
    const char *file = "trained/akamaster__resnet44-014dd654.th", *prefix = "state_dict.module.";
    struct sn_import_report rep;
    struct sn_model m;
    struct sn_error err;
    size_t n = 0;

    if (!csv)
        return;
    load_table(&t, csv);
    csv = sn_test_data("checkpoints/trained/akamaster__resnet44-014dd654.th");
    sn_ck_ok(sn_import(csv, NULL, &m, &rep, &err), &err);
    ck_assert_str_eq(rep.wrapper, "state_dict / module.");
    ck_assert_str_eq(rep.container, "legacy");
    ck_assert_uint_eq(rep.ignored, 1); /* best_prec1 */
    for (size_t i = 0; i < t.n; i++) {
        const struct sn_tensor *w;
        double sum = 0, *v;

        if (strcmp(t.cell[i][0], file) != 0)
            continue;
        n++;
        ck_assert(strncmp(t.cell[i][2], prefix, strlen(prefix)) == 0);
        w = sn_model_find(&m, t.cell[i][2] + strlen(prefix));
        ck_assert_msg(w != NULL, "no %s", t.cell[i][2]);
        v = malloc(w->count * sizeof *v);
        sn_tensor_to_f64(w, 0, w->count, v);
        for (size_t k = 0; k < w->count; k++)
            sum += v[k];
        free(v);
        ck_assert_double_eq_tol(sum, strtod(t.cell[i][6], NULL), 1e-9 * (double)w->count);
    }
    ck_assert_uint_eq(n, m.n_tensors);
    sn_model_close(&m);
    free(t.text);
}
END_TEST

START_TEST(real_refused)
{
    static const char *const files[][2] = {
        { "format/burn__reader_test_data_broken.pt", "neither" },
        { "format/burn__reader_test_data_tar_weight_bias.tar", "tar" },
        { "format/candle__test.npz", ".npz" },
        { "trained/vdsr__model_epoch_50_py2_whole_module.pth", "vdsr.Net" },
        { "trained/march__unet.onnx", "neither" },
    };

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct sn_model m;
        struct sn_error err;
        char name[256];
        const char *path;

        (void)snprintf(name, sizeof name, "checkpoints/%s", files[i][0]);
        path = sn_test_data(name);
        if (!path)
            return;
        sn_ck_fails(sn_import(path, NULL, &m, NULL, &err), SN_EUNSUPPORTED, &err, files[i][1]);
    }
}
END_TEST

/* VDSR: 20 convolutions of 64 channels without bias; 664,704 weights (Kim et al. 2016, table 1's network). */
START_TEST(real_whole_module)
{
    const char *path = sn_test_data("checkpoints/trained/vdsr__model_epoch_50_py2_whole_module.pth");
    struct sn_import_options opt = { .whole_module = true };
    struct sn_import_report rep;
    struct sn_model m;
    struct sn_error err;
    size_t weights = 0;

    if (!path)
        return;
    sn_ck_ok(sn_import(path, &opt, &m, &rep, &err), &err);
    ck_assert_str_eq(rep.wrapper, "model");
    ck_assert_uint_eq(m.n_tensors, 20);
    for (size_t i = 0; i < m.n_tensors; i++)
        weights += m.tensors[i].count;
    ck_assert_uint_eq(weights, 18 * 64 * 64 * 9 + 2 * 64 * 9);
    ck_assert_ptr_nonnull(sn_model_find(&m, "residual_layer.17.conv.weight"));
    ck_assert_ptr_nonnull(sn_model_find(&m, "input.weight"));
    sn_model_close(&m);
}
END_TEST

START_TEST(real_hostile)
{
    const char *folder = sn_test_data("checkpoints/hostile");
    DIR *d = folder ? opendir(folder) : NULL;
    struct dirent *e;
    size_t files = 0;

    if (!folder)
        return;
    ck_assert_ptr_nonnull(d);
    while ((e = readdir(d)) != NULL) {
        char path[1024];

        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        for (int whole = 0; whole < 2; whole++) {
            struct sn_import_options opt = { .whole_module = whole };
            struct sn_model m;
            struct sn_error err;
            int rc = sn_import(path, &opt, &m, NULL, &err);

            ck_assert_msg(sn_exit_code(rc) == 3, "%s: code %d: %s", e->d_name, rc, rc ? err.msg : "taken");
        }
        files++;
    }
    (void)closedir(d);
    ck_assert_uint_ge(files, 50);
}
END_TEST

static Suite *suite_import(void)
{
    Suite *s = suite_create("import");
    TCase *c = tcase_create("import");

    tcase_set_timeout(c, 120);
    tcase_add_test(c, committed_good);
    tcase_add_test(c, committed_bad);
    tcase_add_test(c, committed_damaged);
    tcase_add_test(c, f16_rounding);
    tcase_add_test(c, f16_range);
    tcase_add_test(c, f64_rounding);
    tcase_add_test(c, widening);
    tcase_add_test(c, real_tensors);
    tcase_add_test(c, real_names_and_sums);
    tcase_add_test(c, real_refused);
    tcase_add_test(c, real_whole_module);
    tcase_add_test(c, real_hostile);
    suite_add_tcase(s, c);
    return s;
}

SN_CHECK_MAIN(suite_import)
