/*
 * cli.h: what the commands share: option parsing, the common options, reporting, exit codes.
 * Data goes to stdout, messages to stderr.
 */
#ifndef SN_CLI_H
#define SN_CLI_H

#include "base/base.h"
#include "nets/nets.h"

/* Runs one command line; returns the process's exit code (table in README.md). Tests call it. */
int sn_main(int argc, char **argv);

/* Options every command accepts. */
struct sn_common {
    int threads;               /* --threads N; default: the cores this process may use */
    enum sn_isa isa;           /* --isa auto|ref|avx2|avx512|neon */
    enum sn_precision precision; /* --precision fp32|fp64|i16 */
    bool direct;               /* --conv auto|direct: no Winograd */
    enum sn_memory memory;     /* --memory lean|balanced|fast; same bits in every mode */
    bool quiet, json;
};

/* One command's own option: "-o" or "--name", or both as "-o,--output". */
struct sn_opt {
    const char *names;
    char id;                   /* what sn_args_next returns; not 0, '.' or '!' */
    bool has_value;
};

struct sn_args {
    const char *command;       /* "predict" */
    const char *help;          /* printed by --help, and its first line after a usage error */
    const struct sn_opt *opts; /* ends with names == NULL */
    int argc;
    char **argv;
    struct sn_common common;
    const char *value;         /* of the option or argument just returned */
    int at, exit;              /* private */
    bool only_arguments;       /* private: "--" was seen */
};

/*
 * argv[0] is the command's name. Usage:
 *     while ((c = sn_args_next(&a))) switch (c) { case 'o': ... case '.': argument a.value ... case '!': return sn_args_exit(&a); }
 * Returns an option's id; '.' for an argument; 0 at the end; '!' when the command must return at
 * once with exit code sn_args_exit(&a) (--help was printed, or a usage error was reported).
 */
void sn_args_init(struct sn_args *a, const char *help, const struct sn_opt *opts, int argc, char **argv);
int sn_args_next(struct sn_args *a);
int sn_args_exit(const struct sn_args *a);
/* The following word, for options with two values (--plan H W); NULL when there is none. */
const char *sn_args_word(struct sn_args *a);
/* Reports a usage error on stderr; returns exit code 2. */
int sn_args_usage(const struct sn_args *a, const char *fmt, ...) SN_PRINTF(2, 3);
/* An integer option's value within [lo, hi]; false after reporting a usage error. */
bool sn_args_int(const struct sn_args *a, const char *name, long lo, long hi, long *v);
bool sn_parse_pair(const char *s, double *a, double *b); /* "A:B" as two numbers */
/* The range of a decision curve, 0 <= LO < HI < 1; false after reporting a usage error. */
bool sn_args_threshold_range(const struct sn_args *a, double *lo, double *hi);

/* --boot N of replicates, 0 to a million, and --seed S of 64 bits: the value just returned; false after reporting a usage error. */
bool sn_args_replicates(const struct sn_args *a, size_t *n);
bool sn_args_seed(const struct sn_args *a, uint64_t *seed);

/* Prints "sentinode COMMAND: message" to stderr and returns the exit code of rc. 0 prints nothing. */
int sn_report(const struct sn_args *a, int rc, const struct sn_error *err);
/* A note for people: stderr, unless --quiet. */
void sn_note(const struct sn_args *a, const char *fmt, ...) SN_PRINTF(2, 3);

/* The pool the common options ask for; NULL pool for one thread. */
int sn_cli_pool(const struct sn_common *c, struct sn_pool **pool, struct sn_error *err);
/* Network options from the common ones. */
struct sn_net_options sn_cli_net_options(const struct sn_common *c, struct sn_pool *pool);
/* What every output of another mode than fp32 says about it; NULL in fp32. */
const char *sn_cli_precision(const struct sn_common *c);

/* The part of a path behind the last '/': results name files, never folders. */
const char *sn_basename(const char *path);

/* The commands: cmd_<name>.c. Each returns an exit code. */
int sn_cmd_bench(int argc, char **argv);
int sn_cmd_classify(int argc, char **argv);
int sn_cmd_convert(int argc, char **argv);
int sn_cmd_deidentify(int argc, char **argv);
int sn_cmd_dice(int argc, char **argv);
int sn_cmd_evaluate(int argc, char **argv);
int sn_cmd_fit(int argc, char **argv);
int sn_cmd_image(int argc, char **argv);
int sn_cmd_infer(int argc, char **argv);
int sn_cmd_inspect(int argc, char **argv);
int sn_cmd_nomogram(int argc, char **argv);
int sn_cmd_pack(int argc, char **argv);
int sn_cmd_phantom(int argc, char **argv);
int sn_cmd_prepack(int argc, char **argv);
int sn_cmd_predict(int argc, char **argv);
int sn_cmd_readers(int argc, char **argv);
int sn_cmd_recalibrate(int argc, char **argv);
int sn_cmd_segment(int argc, char **argv);
int sn_cmd_sheet(int argc, char **argv);

/* inspect_plan.c: `inspect MODEL --plan H W` */
int sn_inspect_plan(const struct sn_model *m, int h, int w, const struct sn_common *c, struct sn_error *err);

#endif
