/* cli.c: option parsing and the table of commands. */
#include "tools/cli.h"

#include "io/io.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} commands[] = {
    { "predict", sn_cmd_predict, "the main job: images to risk, with mask, overlay, activation map, report" },
    { "segment", sn_cmd_segment, "outline the lesion: one network, or a pack's three fused" },
    { "sheet", sn_cmd_sheet, "contact sheet: automatic contours against manual ones, with Dice" },
    { "readers", sn_cmd_readers, "people against the model and with it: rates, tests, agreement, several readers" },
    { "dice", sn_cmd_dice, "masks against masks: Dice, surface distances, sizes, with intervals" },
    { "classify", sn_cmd_classify, "score an image with one classification network" },
    { "evaluate", sn_cmd_evaluate, "judge predictions: ROC, calibration, net benefit, models and readers compared; a report" },
    { "fit", sn_cmd_fit, "a logistic model from a table, with tables, tests, validation" },
    { "nomogram", sn_cmd_nomogram, "a logistic model as points: table, one patient's sum, a page to print" },
    { "recalibrate", sn_cmd_recalibrate, "fit a map from risks to calibrated ones, or apply one" },
    { "image", sn_cmd_image, "show what the program sees in an image file" },
    { "deidentify", sn_cmd_deidentify, "DICOM images without the patient: basic profile, pixels around the picture blanked" },
    { "convert", sn_cmd_convert, "turn a .pth, .pt or .safetensors checkpoint into .snw" },
    { "prepack", sn_cmd_prepack, "fold and reorder a .snw's weights, so that it starts at once" },
    { "inspect", sn_cmd_inspect, "what a .snw file holds, and how it would run" },
    { "infer", sn_cmd_infer, "raw arrays through a network: .npy in, .npy out" },
    { "bench", sn_cmd_bench, "time a network, or the kernels, on this machine" },
    { "phantom", sn_cmd_phantom, "make synthetic ultrasound images with exact masks" },
    { "pack", sn_cmd_pack, "make, check or write out a pack of networks and settings" },
};

static const char common_help[] =
    "\nOptions of every command:\n"
    "  --threads N         threads to use (default: the cores this process may use); same results\n"
    "  --isa NAME          auto, ref, avx2, avx512, neon: which kernels run; same results\n"
    "  --precision P       fp32; fp64: the scalar kernels in double, for accuracy studies; or i16: 16-bit\n"
    "                      products, faster, reduced precision, deterministic; results say so\n"
    "  --conv NAME         auto or direct: force the direct convolution everywhere\n"
    "  --memory MODE       lean, balanced or fast; same results\n"
    "  --quiet             no messages, only data and errors\n"
    "  --json              data as one JSON object on stdout\n"
    "  --help              this text\n";

static int top_help(FILE *f)
{
    (void)fprintf(f, "sentinode %s: from a breast ultrasound image to a risk report, research use only\n\n"
                     "Usage: sentinode COMMAND [options]\n\nCommands:\n", SN_VERSION);
    for (size_t i = 0; i < SN_COUNT(commands); i++)
        (void)fprintf(f, "  %-11s %s\n", commands[i].name, commands[i].what);
    (void)fprintf(f, "\n`sentinode COMMAND --help` explains one. Exit codes: 0 done; 1 needs human review; 2 usage;\n"
                     "3 an input file; 4 a model that does not fit; 5 this machine (memory, disk, instruction set); 70 internal.\n");
    return 0;
}

int sn_main(int argc, char **argv)
{
    if (argc < 2) {
        (void)top_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return top_help(stdout);
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("sentinode %s\n", SN_VERSION);
        return 0;
    }
    for (size_t i = 0; i < SN_COUNT(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            int rc = commands[i].run(argc - 1, argv + 1);

            /* data that did not reach its reader is a failure of this machine */
            if ((fflush(stdout) != 0 || ferror(stdout)) && rc == 0) {
                (void)fprintf(stderr, "sentinode %s: cannot write to standard output\n", argv[1]);
                rc = 5;
            }
            return rc;
        }
    (void)fprintf(stderr, "sentinode: unknown command '%s'; `sentinode --help` lists them\n", argv[1]);
    return 2;
}

void sn_args_init(struct sn_args *a, const char *help, const struct sn_opt *opts, int argc, char **argv)
{
    *a = (struct sn_args){ .command = argv[0], .help = help, .opts = opts, .argc = argc, .argv = argv, .at = 1 };
    a->common = (struct sn_common){ .threads = sn_cpu_count(), .isa = SN_ISA_AUTO, .precision = SN_FP32, .memory = SN_MEMORY_BALANCED };
}

int sn_args_exit(const struct sn_args *a)
{
    return a->exit;
}

int sn_args_usage(const struct sn_args *a, const char *fmt, ...)
{
    va_list ap;

    (void)fprintf(stderr, "sentinode %s: ", a->command);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, "\n%.*s\n`sentinode %s --help` explains the options.\n", (int)strcspn(a->help, "\n"), a->help, a->command);
    return 2;
}

bool sn_args_int(const struct sn_args *a, const char *name, long lo, long hi, long *v)
{
    char *end;
    long n = strtol(a->value, &end, 10);

    if (end == a->value || *end || n < lo || n > hi) {
        (void)sn_args_usage(a, "%s needs a whole number from %ld to %ld, found '%s'", name, lo, hi, a->value);
        return false;
    }
    *v = n;
    return true;
}

bool sn_parse_pair(const char *s, double *a, double *b)
{
    size_t n = strcspn(s, ":");

    return s[n] && sn_parse_double_n(s, n, a) && sn_parse_double(s + n + 1, b);
}

bool sn_args_threshold_range(const struct sn_args *a, double *lo, double *hi)
{
    if (sn_parse_pair(a->value, lo, hi) && *lo >= 0 && *hi > *lo && *hi < 1)
        return true;
    (void)sn_args_usage(a, "--threshold-range needs LO:HI with 0 <= LO < HI < 1, as 0.05:0.4, found '%s'", a->value);
    return false;
}

bool sn_args_replicates(const struct sn_args *a, size_t *n)
{
    long v;

    if (!sn_args_int(a, "--boot", 0, 1000000, &v))
        return false;
    *n = (size_t)v;
    return true;
}

bool sn_args_seed(const struct sn_args *a, uint64_t *seed)
{
    const char *p = a->value;
    uint64_t v = 0;

    while (*p >= '0' && *p <= '9' && v <= (UINT64_MAX - 9) / 10)
        v = 10 * v + (uint64_t)(*p++ - '0');
    *seed = v;
    if (p != a->value && !*p)
        return true;
    (void)sn_args_usage(a, "--seed needs a whole number from 0 to about 1.8e19, found '%s'", a->value);
    return false;
}

static int stop(struct sn_args *a, int code)
{
    a->exit = code;
    return '!';
}

/* "--name=value" matches "--name" too; *value is set then. */
static bool matches(const char *names, const char *word, const char **value)
{
    size_t n = strcspn(word, "=");

    if (strncmp(word, "--", 2) != 0)
        n = strlen(word);
    while (*names) {
        size_t k = strcspn(names, ",");

        if (k == n && strncmp(names, word, n) == 0) {
            *value = word[n] == '=' ? word + n + 1 : NULL;
            return true;
        }
        names += k + (names[k] == ',');
    }
    return false;
}

static bool take_value(struct sn_args *a, const char *word, const char *attached)
{
    a->value = attached ? attached : a->at < a->argc ? a->argv[a->at++] : NULL;
    if (!a->value)
        a->exit = sn_args_usage(a, "%s needs a value", word);
    return a->value != NULL;
}

/* A common option: 1 done, 0 not one, -1 usage error reported. */
static int common_option(struct sn_args *a, const char *word)
{
    static const char *const flags[] = { "--quiet", "--json" };
    static const char *const valued[] = { "--threads", "--isa", "--precision", "--conv", "--memory" };
    const char *attached;
    struct sn_common *c = &a->common;
    long n;

    for (size_t i = 0; i < SN_COUNT(flags); i++)
        if (strcmp(word, flags[i]) == 0) {
            *(i == 0 ? &c->quiet : &c->json) = true;
            return 1;
        }
    for (size_t i = 0; i < SN_COUNT(valued); i++) {
        bool ok = true;

        if (!matches(valued[i], word, &attached))
            continue;
        if (!take_value(a, valued[i], attached))
            return -1;
        switch (i) {
        case 0:
            if (!sn_args_int(a, "--threads", 1, 1024, &n)) {
                a->exit = 2;
                return -1;
            }
            c->threads = (int)n;
            break;
        case 1:
            ok = sn_isa_parse(a->value, &c->isa);
            break;
        case 2:
            ok = sn_precision_parse(a->value, &c->precision);
            break;
        case 3:
            ok = strcmp(a->value, "auto") == 0 || strcmp(a->value, "direct") == 0;
            c->direct = strcmp(a->value, "direct") == 0;
            break;
        default:
            ok = sn_memory_parse(a->value, &c->memory);
            break;
        }
        if (!ok) {
            a->exit = sn_args_usage(a, "%s does not know '%s'", valued[i], a->value);
            return -1;
        }
        return 1;
    }
    return 0;
}

int sn_args_next(struct sn_args *a)
{
    while (a->at < a->argc) {
        const char *word = a->argv[a->at++], *attached = NULL;
        int c;

        if (a->only_arguments || word[0] != '-' || !word[1]) {
            a->value = word;
            return '.';
        }
        if (strcmp(word, "--") == 0) {
            a->only_arguments = true;
            continue;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            (void)printf("%s%s", a->help, common_help);
            return stop(a, 0);
        }
        for (const struct sn_opt *o = a->opts; o && o->names; o++) {
            if (!matches(o->names, word, &attached))
                continue;
            if (attached && !o->has_value)
                return stop(a, sn_args_usage(a, "%.*s takes no value", (int)strcspn(word, "="), word));
            if (o->has_value && !take_value(a, word, attached))
                return '!';
            return o->id;
        }
        c = common_option(a, word);
        if (c < 0)
            return '!';
        if (c == 0)
            return stop(a, sn_args_usage(a, "unknown option '%s'", word));
    }
    return 0;
}

const char *sn_args_word(struct sn_args *a)
{
    return a->at < a->argc ? a->argv[a->at++] : NULL;
}

int sn_report(const struct sn_args *a, int rc, const struct sn_error *err)
{
    if (rc)
        (void)fprintf(stderr, "sentinode %s: %s\n", a->command, err->msg);
    return sn_exit_code(rc);
}

void sn_note(const struct sn_args *a, const char *fmt, ...)
{
    va_list ap;

    if (a->common.quiet)
        return;
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
}

int sn_cli_pool(const struct sn_common *c, struct sn_pool **pool, struct sn_error *err)
{
    *pool = NULL;
    return c->threads > 1 ? sn_pool_create(pool, c->threads, err) : SN_OK;
}

struct sn_net_options sn_cli_net_options(const struct sn_common *c, struct sn_pool *pool)
{
    return (struct sn_net_options){ .isa = c->isa, .precision = c->precision, .direct = c->direct, .memory = c->memory, .pool = pool };
}

const char *sn_cli_precision(const struct sn_common *c)
{
    return c->precision == SN_FP32 ? NULL : sn_precision_label(c->precision);
}

const char *sn_basename(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}
