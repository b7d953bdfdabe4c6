/* cmd_pack.c: make a demonstration pack; verify a pack and show its settings. */
#include "tools/cli.h"
#include "tools/pack.h"
#include "tools/random_pack.h"

#include <stdio.h>

static const char help[] =
    "usage: sentinode pack --check DIR | --random -o DIR [--seed S] [--width K] [--size N]\n"
    "\n"
    "A pack is a folder with pack.conf and the files it names (tools/README.md, \"pack.conf\").\n"
    "\n"
    "  --check DIR   read it as predict would, verify every SHA-256, print every setting in force\n"
    "  --random      write a pack of the six networks with synthetic weights: it shows how everything\n"
    "                works and predicts nothing\n"
    "  -o DIR        folder to write to\n"
    "  --seed S      whole number (1)\n"
    "  --width K     channels of the first layers, even, 2 to 64 (8); published networks have 64\n"
    "  --size N      input side of all networks, a multiple of 16 from 32 to 512 (128)\n";

enum { CHECK = 'c', RANDOM = 'r', OUTPUT = 'o', SEED = 's', WIDTH = 'w', SIZE = 'z' };

static const struct sn_opt opts[] = {
    { "--check", CHECK, true }, { "--random", RANDOM, false }, { "-o,--output", OUTPUT, true },
    { "--seed", SEED, true },   { "--width", WIDTH, true },    { "--size", SIZE, true },
    { NULL, 0, false },
};

static void net_line(const struct sn_pack_net *n, const char *part)
{
    (void)printf("%-10s %-16s %-12s %-20s input %ux%u, %d class%s  %s\n", part, n->name, n->info.family,
                 n->info.architecture, n->width, n->height, n->info.classes, n->info.classes == 1 ? "" : "es", n->file);
}

static void print_text(const struct sn_pack *p)
{
    (void)printf("pack %s: %s\npack.conf SHA-256 %s; every file matches its SHA-256\n", p->name, p->label,
                 p->conf_sha256);
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

int sn_cmd_pack(int argc, char **argv)
{
    struct sn_random_pack o = { .seed = 1, .width = 8, .size = 128 };
    const char *folder = NULL, *out = NULL;
    struct sn_error err = { 0 };
    bool random = false;
    struct sn_args a;
    long n = 0;
    int c, rc;

    sn_args_init(&a, help, opts, argc, argv);
    while ((c = sn_args_next(&a)) != 0) {
        switch (c) {
        case CHECK: folder = a.value; break;
        case RANDOM: random = true; break;
        case OUTPUT: out = a.value; break;
        case SEED:
            if (!sn_args_int(&a, "--seed", 0, 1000000000L, &n))
                return 2;
            o.seed = (uint64_t)n;
            break;
        case WIDTH:
            if (!sn_args_int(&a, "--width", 2, 64, &n))
                return 2;
            o.width = (int)n;
            break;
        case SIZE:
            if (!sn_args_int(&a, "--size", 32, 512, &n))
                return 2;
            o.size = (int)n;
            break;
        case '.': return sn_args_usage(&a, "unexpected argument '%s'", a.value);
        default: return sn_args_exit(&a);
        }
    }
    if (random == (folder != NULL))
        return sn_args_usage(&a, "give --check DIR or --random");
    if (random && (!out || !*out))
        return sn_args_usage(&a, "-o DIR is missing");
    if (o.width % 2 || o.size % 16)
        return sn_args_usage(&a, "--width must be even and --size a multiple of 16");
    rc = random ? sn_random_pack_write(&o, out, &err) : check(&a, folder, &err);
    if (!rc && random && !a.common.json)
        (void)printf("wrote a pack with random weights, which predicts nothing, to %s\n", out);
    return sn_report(&a, rc, &err);
}
