/*
 * predict_run.h: how the tests of packs and predict drive the program: sn_main in this process with
 * its output caught, small random packs, phantoms, files to read back. Included by one file per
 * test program, so everything is static.
 */
#ifndef SN_TEST_PREDICT_RUN_H
#define SN_TEST_PREDICT_RUN_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"
#include "tests/support/support.h"
#include "tools/cli.h"

/* Path below the scratch folder, in one of 64 rotating buffers. */
static const char *at(const char *fmt, ...) SN_PRINTF(1, 2);
static const char *at(const char *fmt, ...)
{
    static char buf[64][512];
    static unsigned turn;
    char *b = buf[turn++ % 64];
    int n = snprintf(b, sizeof buf[0], "%s/", sn_test_tmpdir());
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(b + n, sizeof buf[0] - (size_t)n, fmt, ap);
    va_end(ap);
    return b;
}

SN_UNUSED static bool exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

static struct sn_arena kept; /* what was read back; lives as long as the process, and stays reachable */

/* A file's bytes with a NUL behind. */
static char *slurp(const char *path, size_t *size)
{
    struct sn_map map;
    struct sn_error err = { 0 };
    char *text;

    sn_ck_ok(sn_map_file(path, &map, &err), &err);
    text = sn_arena_get(&kept, map.size + 1, &err);
    ck_assert_ptr_nonnull(text);
    if (map.size)
        memcpy(text, map.data, map.size);
    text[map.size] = '\0';
    if (size)
        *size = map.size;
    sn_map_close(&map);
    return text;
}

static void write_text(const char *path, const char *text)
{
    struct sn_error err = { 0 };

    sn_ck_ok(sn_file_write(path, text, strlen(text), &err), &err);
}

static char *caught_out, *caught_err; /* of the last run */
static void (*around_run)(bool begins); /* called just before and after the program runs; NULL: nobody */

/* Runs `sentinode <line>`; words are separated by single blanks. Returns the exit code. */
static int run(const char *fmt, ...) SN_PRINTF(1, 2);
static int run(const char *fmt, ...)
{
    char line[4096], *argv[64] = { (char *)"sentinode" };
    int argc = 1, code, saved[2], fd[2];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    for (char *w = strtok(line, " "); w && argc < 63; w = strtok(NULL, " "))
        argv[argc++] = w;
    (void)fflush(NULL);
    for (int i = 0; i < 2; i++) {
        saved[i] = dup(i + 1);
        fd[i] = open(at("caught.%d", i), O_RDWR | O_CREAT | O_TRUNC, 0600);
        ck_assert_int_ge(fd[i], 0);
        ck_assert_int_ge(dup2(fd[i], i + 1), 0);
    }
    if (around_run)
        around_run(true);
    code = sn_main(argc, argv);
    if (around_run)
        around_run(false);
    (void)fflush(NULL);
    for (int i = 0; i < 2; i++) {
        (void)dup2(saved[i], i + 1);
        (void)close(saved[i]);
        (void)close(fd[i]);
    }
    caught_out = slurp(at("caught.0"), NULL);
    caught_err = slurp(at("caught.1"), NULL);
    return code;
}

#define ck_run(code, ...)                                                                                              \
    do {                                                                                                               \
        int ran_ = run(__VA_ARGS__);                                                                                   \
        ck_assert_msg(ran_ == (code), "exit code %d, expected %d: %s", ran_, (code), caught_err);                      \
    } while (0)
#define ck_says(text) ck_assert_msg(strstr(caught_err, (text)) != NULL, "'%s' is not in: %s", (text), caught_err)

/* A pack of random networks, narrow and small, and four phantoms of 120x96 pixels. */
SN_UNUSED static void make_material(void)
{
    ck_run(0, "pack --random -o %s --width 4 --size 32 --seed 3", at("pack"));
    ck_run(0, "phantom -o %s --count 4 --seed 11 --size 120x96", at("phantoms"));
}

/* pack.conf with `from` replaced by `to` (appended when from is NULL), the files linked, as pack `name`. */
SN_UNUSED static const char *pack_variant(const char *name, const char *from, const char *to)
{
    static const char *const files[] = { "deeplabv3.snw", "unet.snw",        "unetpp.snw", "resnet50.snw",
                                         "resnet101.snw", "densenet121.snw", "model.json" };
    char *conf = slurp(at("pack/pack.conf"), NULL), *place = from ? strstr(conf, from) : conf + strlen(conf);
    struct sn_buf b = { 0 };

    ck_assert_ptr_nonnull(place);
    sn_buf_add(&b, conf, (size_t)(place - conf));
    sn_buf_puts(&b, to);
    sn_buf_puts(&b, place + (from ? strlen(from) : 0));
    (void)mkdir(at("%s", name), 0777);
    for (size_t i = 0; i < SN_COUNT(files); i++)
        (void)symlink(at("pack/%s", files[i]), at("%s/%s", name, files[i]));
    write_text(at("%s/pack.conf", name), b.data);
    sn_buf_free(&b);
    return at("%s", name);
}

/* pred.csv: cases of two sets with two risks, a third of them with the event; reads.csv: two readers, without and with assistance. */
SN_UNUSED static void make_reader_study(int cases)
{
    struct sn_buf pred = { 0 }, reads = { 0 };
    struct sn_rng rng = { 2 };

    sn_buf_puts(&pred, "case,patient,outcome,set,age,risk,other\n");
    sn_buf_puts(&reads, "reader,group,case,assisted,call,score\n");
    for (int i = 0; i < cases; i++) {
        int y = i % 3 == 0;

        sn_buf_printf(&pred, "c%02d,p%02d,%d,%s,%d,%.3f,%.3f\n", i, i, y, i % 2 ? "train" : "external", 30 + i, 0.02 + 0.6 * sn_rng_uniform(&rng) + 0.3 * y,
                      0.02 + 0.6 * sn_rng_uniform(&rng) + 0.2 * y);
        for (int k = 0; k < 4; k++) {
            int score = 1 + (int)sn_rng_below(&rng, 3) + y;

            sn_buf_printf(&reads, "R%d,%s,c%02d,%d,%d,%d\n", k / 2, k / 2 ? "junior" : "senior", i, k % 2, score > 2, score);
        }
    }
    write_text(at("pred.csv"), pred.data);
    write_text(at("reads.csv"), reads.data);
    sn_buf_free(&pred);
    sn_buf_free(&reads);
}

static struct sn_json_doc json; /* of the last result */
struct sn_json_doc read_before[64]; /* of the earlier ones; not static: the compiler would drop what nobody reads */
static unsigned n_before;

/* result.json of a case. Strings of earlier ones stay valid. */
SN_UNUSED static const struct sn_json_value *result(const char *dir, const char *id)
{
    struct sn_error err = { 0 };

    read_before[n_before++ % SN_COUNT(read_before)] = json;
    sn_ck_ok(sn_json_read(at("%s/%s/result.json", dir, id), &json, &err), &err);
    return json.root;
}

/* "a.b.c" below an object; "2" picks an element of an array. */
static const struct sn_json_value *dig(const struct sn_json_value *v, const char *path)
{
    while (v && *path) {
        char key[64];
        size_t n = strcspn(path, ".");

        (void)snprintf(key, sizeof key, "%.*s", (int)n, path);
        if (v->type == SN_JSON_ARRAY) {
            long i = strtol(key, NULL, 10);

            for (v = v->first; v && i > 0; i--)
                v = v->next;
        } else {
            v = sn_json_get(v, key);
        }
        path += n + (path[n] == '.');
    }
    return v;
}

SN_UNUSED static double number(const struct sn_json_value *v, const char *path)
{
    const struct sn_json_value *x = dig(v, path);

    ck_assert_msg(x && x->type == SN_JSON_NUMBER, "no number at %s", path);
    return x->number;
}

SN_UNUSED static const char *string(const struct sn_json_value *v, const char *path)
{
    const struct sn_json_value *x = dig(v, path);

    ck_assert_msg(x && x->type == SN_JSON_STRING, "no string at %s", path);
    return x->string;
}

#endif
