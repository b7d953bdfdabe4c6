/*
 * pack.h: a pack is pack.conf and the files it names, in a folder or in this program: which networks
 * play which part, and every setting the method leaves open (tools/README.md, "pack.conf"). Reading
 * it verifies the SHA-256 of every file. A loaded pack is read-only.
 */
#ifndef SN_TOOLS_PACK_H
#define SN_TOOLS_PACK_H

#include "fusion/fusion.h"
#include "io/io.h"
#include "nets/nets.h"
#include "stats/stats.h"
#include "tools/conf.h"

#define SN_PACK_CONF "pack.conf"
#define SN_PACK_NETS SN_FUSE_MAX /* of each kind */
#define SN_PACK_CLASSES 64       /* most logits of a network we report */

enum sn_channels { SN_CHANNELS_GREY, SN_CHANNELS_RGB, SN_CHANNELS_BGR };
enum sn_output { SN_OUTPUT_SIGMOID, SN_OUTPUT_SOFTMAX };
const char *sn_channels_name(enum sn_channels c);
const char *sn_output_name(enum sn_output o);

/* ---- where a pack's files come from (pack_source.c) ---------------------------------------- */

/* Begins on a 64-byte boundary, as a mapped file would: tensors are used in place. */
struct sn_pack_file {
    const char *name;
    const uint8_t *data, *end;
};

/* A table of files in memory, else a folder; with neither, names are paths. All borrowed. */
struct sn_pack_source {
    const char *folder;
    const struct sn_pack_file *files;
    size_t n_files;
};

struct sn_pack_bytes {
    const uint8_t *data;
    size_t size;
    struct sn_map map; /* empty for a file in memory */
};
/* SN_EIO: no such file. */
int sn_pack_get(const struct sn_pack_source *s, const char *name, struct sn_pack_bytes *b, struct sn_error *err);
void sn_pack_bytes_close(struct sn_pack_bytes *b); /* zeroed ones are fine */

/* demo_pack.c: the pack built into this program; n_files 0: none. */
struct sn_pack_source sn_pack_embedded(void);

/*
 * The pack to use when none is named: the folder sentinode-pack, then weights/demo, beside this
 * program where the system tells where that lies; then `embedded`. A folder counts when it holds
 * pack.conf. *room receives the folder's path, malloc'd, or NULL. SN_EINVAL: there is none.
 */
int sn_pack_find(const struct sn_pack_source *embedded, struct sn_pack_source *found, char **room,
                 struct sn_error *err);
/* ... beside a program in folder `beside`; NULL: not known. */
int sn_pack_find_beside(const char *beside, const struct sn_pack_source *embedded, struct sn_pack_source *found,
                        char **room, struct sn_error *err);
/* Writes a table's files to a folder, made when missing; pack.conf comes last. */
int sn_pack_export(const struct sn_pack_source *s, const char *folder, struct sn_error *err);

/* ---- what it holds --------------------------------------------------------------------------- */

/* One network and how it is fed and read. */
struct sn_pack_net {
    const char *name; /* letters, digits, '_' and '-'; unique in the pack: p_<name> is a column */
    const char *file; /* as named in pack.conf, or a path's last part */
    char sha256[SN_SHA256_HEX];
    struct sn_pack_bytes bytes;
    struct sn_model model; /* borrows bytes */
    struct sn_net_info info;
    uint32_t width, height; /* input size */
    enum sn_resize resize;
    enum sn_channels channels;
    double divide, mean[3], sd[3]; /* input = (value / divide - mean) / sd per channel, in the network's order */
    enum sn_output output;
    int positive;     /* class index of the lesion, or of metastasis */
    double threshold; /* segmenters: own mask is p >= threshold */
};

struct sn_pack {
    struct sn_pack_source source;
    char *room;         /* holds source.folder of a pack that was found */
    const char *origin; /* the folder's last part, or "embedded" */
    struct sn_conf conf; /* settings in force */
    char conf_sha256[SN_SHA256_HEX];
    const char *name, *label, *target;
    int n_seg, n_cls;
    struct sn_pack_net seg[SN_PACK_NETS], cls[SN_PACK_NETS];
    bool map_logits;           /* maps go to image size as logits (else as probabilities) ... */
    enum sn_resize map_resize; /* ... by this rule */
    struct sn_fuse fuse;
    struct sn_clean clean;
    struct sn_region_rule region;
    struct sn_dlsig dlsig;
    const char *dlsig_file; /* lasso coefficients; NULL without */
    char dlsig_sha256[SN_SHA256_HEX];
    bool has_logistic;
    struct sn_logistic logistic;
    const char *logistic_file;
    char logistic_sha256[SN_SHA256_HEX];
    struct sn_quality_limits quality;
    bool patient_max; /* several images of a patient: the largest probability, else the mean */
};

/*
 * Codes: SN_EIO, SN_EFORMAT as pack.conf's or a file's; SN_EMODEL for a digest that differs (naming
 * the file) or a network that does not fit its part. On failure p is empty.
 */
int sn_pack_open(struct sn_pack *p, const char *folder, struct sn_error *err); /* NULL: sn_pack_find */
int sn_pack_open_source(struct sn_pack *p, const struct sn_pack_source *s, struct sn_error *err);
void sn_pack_close(struct sn_pack *p); /* a zeroed one is fine */

/* A single .snw with the settings its metadata state; the same defaults as in a pack. */
int sn_pack_net_open(struct sn_pack_net *net, const char *path, struct sn_error *err);
void sn_pack_net_close(struct sn_pack_net *net);

/* private to pack*.c: settings of one network under "prefix."; prefix "" for a lone .snw */
int sn_pack_net_load(struct sn_pack_net *net, const struct sn_pack_source *from, const char *name,
                     struct sn_error *err);
void sn_pack_net_settings(struct sn_pack_net *net, struct sn_conf *c, const char *prefix);

#endif
