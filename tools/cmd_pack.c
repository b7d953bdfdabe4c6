/* cmd_pack.c: make a pack of random networks; verify a pack and show its settings; write out the embedded one. */
#include "tools/cli.h"
#include "tools/pack.h"
#include "tools/random_pack.h"

#include <stdio.h>

static const char help[] =
    "usage: sentinode pack --check [DIR] | --export DIR | --random -o DIR [--seed S] [--width K] [--size N]\n"
    "\n"
    "A pack is a folder with pack.conf and the files it names (tools/README.md, \"pack.conf\").\n"
    "\n"
    "  --check       read it as predict would, verify every SHA-256, print every setting in force;\n"
    "                without DIR the pack that predict would find beside or in this program\n"
    "  --export DIR  write the pack embedded in this program to a folder\n"
    "  --random      write a pack of the six networks with synthetic weights: it shows how everything\n"
    "                works and predicts nothing\n"
    "  -o DIR        folder to write the random pack to\n"
    "  --seed S      whole number (1)\n"
    "  --width K     channels of the first layers, even, 2 to 64 (8); published networks have 64\n"
    "  --size N      input side of all networks, a multiple of 16 from 32 to 512 (128)\n";

enum { CHECK = 'c', EXPORT = 'e', RANDOM = 'r', OUTPUT = 'o', SEED = 's', WIDTH = 'w', SIZE = 'z' };

static const struct sn_opt opts[] = {
    { "--check", CHECK, false },     { "--export", EXPORT, true }, { "--random", RANDOM, false },
    { "-o,--output", OUTPUT, true }, { "--seed", SEED, true },     { "--width", WIDTH, true },
    { "--size", SIZE, true },        { NULL, 0, false },
};

static void net_line(const struct sn_pack_net *n, const char *part)
{
    (void)printf("%-10s %-16s %-12s %-20s input %ux%u, %d class%s  %s\n", part, n->name, n->info.family,
                 n->info.architecture, n->width, n->height, n->info.classes, n->info.classes == 1 ? "" : "es", n->file);
}

static void print_text(const struct sn_pack *p)
{
    (void)printf("pack %s (%s): %s\npack.conf SHA-256 %s; every file matches its SHA-256\n", p->name, p->origin,
                 p->label, p->conf_sha256);
    for (int i = 0; i < p->n_seg; i++)
        net_line(&p->seg[i], "segmenter");
    for (int i = 0; i < p->n_cls; i++)
        net_line(&p->cls[i], "classifier");
    for (size_t i = 0; i < p->conf.n_settings; i++)
        (void)printf("%s = %s%s\n", p->conf.settings[i].key, p->conf.settings[i].value,
                     p->conf.settings[i].line ? "" : "   (default)");
}

static int print_json(const struct sn_pack *p, struct sn_error *err)
{
    struct sn_json j;
    int rc;

    sn_json_init(&j, 2);
    sn_json_object(&j);
    sn_json_kv(&j, "name", p->name);
    sn_json_kv(&j, "source", p->origin);
    sn_json_kv(&j, "label", p->label);
    sn_json_kv(&j, "conf_sha256", p->conf_sha256);
    sn_json_key(&j, "settings");
    sn_json_object(&j);
    for (size_t i = 0; i < p->conf.n_settings; i++)
        sn_json_kv(&j, p->conf.settings[i].key, p->conf.settings[i].value);
    sn_json_end_object(&j);
    sn_json_end_object(&j);
    rc = j.buf.failed ? SN_NOMEM(err, "the settings") : SN_OK;
    if (!rc)
        (void)fputs(j.buf.data, stdout);
    sn_json_free(&j);
    return rc;
}

static int check(const struct sn_args *a, const char *folder, struct sn_error *err)
{
    struct sn_pack p;
    int rc = SN_OK;

    SN_TRY(sn_pack_open(&p, folder, err));
    if (a->common.json)
        rc = print_json(&p, err);
    else
        print_text(&p);
    sn_pack_close(&p);
    return rc;
}

static int export(const struct sn_args *a, const char *folder, struct sn_error *err)
{
    const struct sn_pack_source s = sn_pack_embedded();

    if (!s.n_files)
        return SN_FAIL(err, SN_EINVAL, "this build holds no demonstration pack");
    SN_TRY(sn_pack_export(&s, folder, err));
    if (!a->common.json)
        (void)printf("wrote the embedded pack, %zu files, to %s\n", s.n_files, folder);
    return SN_OK;
}

static int make_random(const struct sn_args *a, const struct sn_random_pack *o, const char *folder,
                       struct sn_error *err)
{
    SN_TRY(sn_random_pack_write(o, folder, err));
    if (!a->common.json)
        (void)printf("wrote a pack with random weights, which predicts nothing, to %s\n", folder);
    return SN_OK;
}

/* A whole number among the options; false after a usage error. */
static bool take_int(const struct sn_args *a, const char *name, long lo, long hi, int *v)
{
    long n = 0;

    if (!sn_args_int(a, name, lo, hi, &n))
        return false;
    *v = (int)n;
    return true;
}

int sn_cmd_pack(int argc, char **argv)
{
    struct sn_random_pack o = { .width = 8, .size = 128 };
    const char *folder = NULL, *out = NULL, *to = NULL;
    bool random = false, checks = false;
    struct sn_error err = { 0 };
    struct sn_args a;
    int c, rc, seed = 1;

    sn_args_init(&a, help, opts, argc, argv);
    while ((c = sn_args_next(&a)) != 0) {
        bool ok = true;

        switch (c) {
        case CHECK: checks = true; break;
        case EXPORT: to = a.value; break;
        case RANDOM: random = true; break;
        case OUTPUT: out = a.value; break;
        case SEED: ok = take_int(&a, "--seed", 0, 1000000000L, &seed); break;
        case WIDTH: ok = take_int(&a, "--width", 2, 64, &o.width); break;
        case SIZE: ok = take_int(&a, "--size", 32, 512, &o.size); break;
        case '.':
            if (folder)
                return sn_args_usage(&a, "unexpected argument '%s'", a.value);
            folder = a.value;
            break;
        default: return sn_args_exit(&a);
        }
        if (!ok)
            return 2;
    }
    if (random + checks + (to != NULL) != 1)
        return sn_args_usage(&a, "give one of --check [DIR], --export DIR and --random");
    if (folder && !checks)
        return sn_args_usage(&a, "unexpected argument '%s'", folder);
    if (random && (!out || !*out))
        return sn_args_usage(&a, "-o DIR is missing");
    if (o.width % 2 || o.size % 16)
        return sn_args_usage(&a, "--width must be even and --size a multiple of 16");
    o.seed = (uint64_t)seed;
    rc = random ? make_random(&a, &o, out, &err) : to ? export(&a, to, &err) : check(&a, folder, &err);
    return sn_report(&a, rc, &err);
}
