/* pack_read.c: reads pack.conf, opens and verifies what it names. */
#include "tools/pack.h"

#include <math.h>
#include <stdlib.h>

/* Names in pack.conf stay inside the pack. */
static bool inside(const char *file)
{
    for (const char *s = file; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL)
        if (*s == '/' || *s == '\0' || (strncmp(s, "..", 2) == 0 && (s[2] == '/' || s[2] == '\0')))
            return false;
    return true;
}

/* The file a key names; NULL: the key is absent, or failure. */
static const char *named_file(struct sn_pack *p, const char *key)
{
    struct sn_conf *c = &p->conf;
    const char *file = sn_conf_string(c, key, NULL);

    if (c->rc || !file)
        return NULL;
    if (inside(file))
        return file;
    sn_conf_bad(c, key, "'%.60s' is not inside the pack", file);
    return NULL;
}

/* The stated digest against the one found. */
static void check_digest(struct sn_conf *c, const char *key, const char *file, const char *found)
{
    const char *digest_key = sn_conf_key(c, "%s.sha256", key);
    const char *stated = sn_conf_string(c, digest_key, NULL);

    if (c->rc)
        return;
    if (!stated)
        sn_conf_bad(c, digest_key, "missing: every file of a pack is pinned by its SHA-256");
    else if (strcmp(stated, found) != 0)
        c->rc = SN_FAIL(c->err, SN_EMODEL, "%s: SHA-256 of %s is %s, expected %.64s", c->name, file, found, stated);
}

static void read_net(struct sn_pack *p, const char *key, enum sn_task task, struct sn_pack_net *net)
{
    struct sn_conf *c = &p->conf;

    net->file = named_file(p, key);
    if (!net->file)
        return;
    c->rc = sn_pack_net_load(net, &p->source, net->file, c->err);
    if (c->rc) { /* a stated digest that differs explains any damage better */
        int rc = c->rc;
        const char *stated;

        c->rc = SN_OK;
        stated = sn_conf_string(c, sn_conf_key(c, "%s.sha256", key), NULL);
        if (!c->rc && net->sha256[0] && stated && strcmp(stated, net->sha256) != 0)
            check_digest(c, key, net->file, net->sha256);
        if (!c->rc)
            c->rc = rc;
        return;
    }
    check_digest(c, key, net->file, net->sha256);
    if (!c->rc && net->info.task != task)
        c->rc = SN_FAIL(c->err, SN_EMODEL, "%s: %s: %s is a %s, this part needs a %s", c->name, key, net->file,
                        net->info.task == SN_TASK_SEGMENT ? "segmenter" : "classifier",
                        task == SN_TASK_SEGMENT ? "segmenter" : "classifier");
    if (!c->rc)
        sn_pack_net_settings(net, c, key);
}

/* part.1, part.2, ... without gaps; later numbers are then unknown keys. */
static int read_nets(struct sn_pack *p, const char *part, enum sn_task task, struct sn_pack_net *nets)
{
    struct sn_conf *c = &p->conf;
    int n = 0;

    while (!c->rc && n < SN_PACK_NETS) {
        const char *key = sn_conf_key(c, "%s.%d", part, n + 1);

        if (!sn_conf_has(c, key))
            break;
        read_net(p, key, task, &nets[n]);
        for (int i = 0; i < n && !c->rc; i++)
            if (strcmp(nets[i].name, nets[n].name) == 0)
                sn_conf_bad(c, key, "network %d has the same name, '%s'; give one its own with %s.name", i + 1,
                            nets[n].name, key);
        n++;
    }
    if (!c->rc && n == 0)
        sn_conf_bad(c, sn_conf_key(c, "%s.1", part), "missing: at least one network is needed");
    return n;
}

static void read_fusion(struct sn_pack *p)
{
    struct sn_conf *c = &p->conf;
    const char *text;
    double stack[SN_FUSE_MAX + 1];
    int n;

    sn_fuse_defaults(&p->fuse);
    text = sn_conf_string(c, "map.space", "logits");
    p->map_logits = text && strcmp(text, "logits") == 0;
    if (!c->rc && !p->map_logits && strcmp(text, "probabilities") != 0)
        sn_conf_bad(c, "map.space", "expected logits or probabilities");
    text = sn_conf_string(c, "map.resize", "torch-bilinear");
    if (!c->rc && (!sn_resize_parse(text, &p->map_resize) ||
                   (p->map_resize != SN_RESIZE_TORCH_BILINEAR && p->map_resize != SN_RESIZE_NEAREST)))
        sn_conf_bad(c, "map.resize", "expected torch-bilinear or nearest");
    text = sn_conf_string(c, "fusion.rule", "mean");
    if (!c->rc && !sn_fuse_parse(text, &p->fuse.rule))
        sn_conf_bad(c, "fusion.rule", "expected mean, weighted, vote, union, intersection, stack or staple");
    p->fuse.cut = sn_conf_number(c, "fusion.cut", "0.5", 0.0, 1.0);
    for (int i = 0; i < p->n_seg; i++)
        p->fuse.threshold[i] = p->seg[i].threshold;
    if (p->fuse.rule == SN_FUSE_WEIGHTED) {
        n = sn_conf_list(c, "fusion.weights", NULL, p->fuse.weight, SN_FUSE_MAX);
        if (!c->rc && n != p->n_seg)
            sn_conf_bad(c, "fusion.weights", "expected %d numbers, one per segmenter", p->n_seg);
    }
    if (p->fuse.rule == SN_FUSE_STACK) {
        n = sn_conf_list(c, "fusion.stack", NULL, stack, SN_FUSE_MAX + 1);
        if (!c->rc && n != p->n_seg + 1)
            sn_conf_bad(c, "fusion.stack", "expected %d numbers: the intercept, then one per segmenter", p->n_seg + 1);
        p->fuse.stack_intercept = n ? stack[0] : 0.0;
        for (int i = 1; i < n; i++)
            p->fuse.stack[i - 1] = stack[i];
    }
}

static void read_region(struct sn_pack *p)
{
    struct sn_conf *c = &p->conf;

    p->clean.largest = sn_conf_bool(c, "clean.largest", "yes");
    p->clean.fill_holes = sn_conf_bool(c, "clean.fill_holes", "yes");
    p->clean.min_area = (size_t)sn_conf_integer(c, "clean.min_area", "0", 0, 100000000);
    p->region.margin_px = sn_conf_number(c, "crop.margin_px", "0", 0.0, 10000.0);
    p->region.margin_frac = sn_conf_number(c, "crop.margin_frac", "0", 0.0, 10.0);
    p->region.square = sn_conf_bool(c, "crop.square", "no");
    p->region.masked = sn_conf_bool(c, "crop.masked", "no");
    p->region.background = (uint8_t)sn_conf_integer(c, "crop.background", "0", 0, 255);
}

static void read_quality(struct sn_pack *p)
{
    struct sn_conf *c = &p->conf;
    struct sn_quality_limits *q = &p->quality;

    q->min_pair_dice = sn_conf_number(c, "quality.min_pair_dice", "0.6", 0.0, 1.0);
    q->min_area_frac = sn_conf_number(c, "quality.min_area_frac", "0.002", 0.0, 1.0);
    q->max_area_frac = sn_conf_number(c, "quality.max_area_frac", "0.6", 0.0, 1.0);
    q->max_components = (int)sn_conf_integer(c, "quality.max_components", "1", 1, 1000000);
    q->min_width = (uint32_t)sn_conf_integer(c, "quality.min_width", "64", 1, (long)SN_IMAGE_MAX_SIDE);
    q->min_height = (uint32_t)sn_conf_integer(c, "quality.min_height", "64", 1, (long)SN_IMAGE_MAX_SIDE);
    q->max_width = (uint32_t)sn_conf_integer(c, "quality.max_width", "8192", 1, (long)SN_IMAGE_MAX_SIDE);
    q->max_height = (uint32_t)sn_conf_integer(c, "quality.max_height", "8192", 1, (long)SN_IMAGE_MAX_SIDE);
    q->min_range = sn_conf_number(c, "quality.min_range", "32", 0.0, 255.0);
}

/* Columns coefficient, mean, sd of a lasso signature's CSV; one row per pooled feature, in order. */
static int read_lasso(struct sn_pack *p, const struct sn_pack_bytes *b, struct sn_error *err)
{
    static const char *const columns[] = { "coefficient", "mean", "sd" };
    struct sn_dlsig *d = &p->dlsig;
    struct sn_csv t;
    double *v = NULL;
    int rc;

    rc = sn_csv_parse(b->data, b->size, &t, err);
    if (rc)
        return sn_fail_context(err, rc, "%s", p->dlsig_file);
    if (t.rows)
        v = sn_arena_get(&p->conf.arena, 3 * t.rows * sizeof *v, err);
    if (!v) {
        rc = t.rows ? SN_NOMEM(err, "coefficients") : SN_FAIL(err, SN_EFORMAT, "%s: no rows", p->dlsig_file);
        goto out;
    }
    for (size_t k = 0; k < SN_COUNT(columns); k++) {
        int col = sn_csv_column(&t, columns[k]);

        if (col < 0) {
            rc = SN_FAIL(err, SN_EFORMAT, "%s: column '%s' is missing", p->dlsig_file, columns[k]);
            goto out;
        }
        for (size_t i = 0; i < t.rows; i++) {
            rc = sn_csv_number(&t, i, col, &v[k * t.rows + i], err);
            if (rc) {
                rc = sn_fail_context(err, rc, "%s", p->dlsig_file);
                goto out;
            }
        }
    }
    rc = SN_OK;
    d->n_coef = t.rows;
    d->coef = v;
    d->mean = v + t.rows;
    d->sd = v + 2 * t.rows;
out:
    sn_csv_free(&t);
    return rc;
}

/* A file whose digest is the stated one; false: the key is absent, or failure. */
static bool pinned_file(struct sn_pack *p, const char *key, const char **file, struct sn_pack_bytes *b,
                        char sha256[SN_SHA256_HEX])
{
    struct sn_conf *c = &p->conf;
    uint8_t digest[32];

    *file = named_file(p, key);
    if (!*file)
        return false;
    c->rc = sn_pack_get(&p->source, *file, b, c->err);
    if (c->rc)
        return false;
    sn_sha256(b->data, b->size, digest);
    sn_hex(digest, sizeof digest, sha256);
    check_digest(c, key, *file, sha256);
    return !c->rc;
}

static void read_dlsig(struct sn_pack *p)
{
    struct sn_conf *c = &p->conf;
    struct sn_dlsig *d = &p->dlsig;
    const char *text = sn_conf_string(c, "dlsig.rule", "logit");
    struct sn_pack_bytes b = { 0 };
    bool sums;

    if (!c->rc && !sn_dlsig_parse(text, &d->rule))
        sn_conf_bad(c, "dlsig.rule", "expected prob, logit, lasso or stack");
    sums = d->rule == SN_DLSIG_LASSO || d->rule == SN_DLSIG_STACK;
    if (d->rule != SN_DLSIG_STACK) {
        text = sn_conf_string(c, "dlsig.network", p->n_cls ? p->cls[0].name : "");
        while (!c->rc && d->network < p->n_cls && strcmp(p->cls[d->network].name, text) != 0)
            d->network++;
        if (!c->rc && d->network == p->n_cls)
            sn_conf_bad(c, "dlsig.network", "no classifier is named '%.40s'", text);
    }
    if (sums)
        d->intercept = sn_conf_number(c, "dlsig.intercept", "0", -1e6, 1e6);
    if (d->rule == SN_DLSIG_STACK && !c->rc) {
        d->coef = sn_arena_get(&c->arena, SN_PACK_NETS * sizeof *d->coef, c->err);
        if (!d->coef) {
            c->rc = SN_NOMEM(c->err, "coefficients");
            return;
        }
        d->n_coef = (size_t)sn_conf_list(c, "dlsig.coefs", NULL, d->coef, SN_PACK_NETS);
        if (!c->rc && d->n_coef != (size_t)p->n_cls)
            sn_conf_bad(c, "dlsig.coefs", "expected %d numbers, one per classifier", p->n_cls);
    }
    if (d->rule == SN_DLSIG_LASSO && !c->rc) {
        if (pinned_file(p, "dlsig.file", &p->dlsig_file, &b, p->dlsig_sha256))
            c->rc = read_lasso(p, &b, c->err);
        else if (!c->rc)
            sn_conf_bad(c, "dlsig.file", "missing: the CSV with the coefficients");
        sn_pack_bytes_close(&b);
    }
}

static void read_logistic(struct sn_pack *p)
{
    struct sn_conf *c = &p->conf;
    struct sn_pack_bytes b = { 0 };

    if (pinned_file(p, "logistic", &p->logistic_file, &b, p->logistic_sha256)) {
        c->rc = sn_logistic_parse(b.data, b.size, &p->logistic, c->err);
        p->has_logistic = !c->rc;
        if (c->rc)
            c->rc = sn_fail_context(c->err, c->rc, "%s", p->logistic_file);
    }
    sn_pack_bytes_close(&b);
}

static void read_settings(struct sn_pack *p)
{
    struct sn_conf *c = &p->conf;
    const char *text = sn_conf_string(c, "format", NULL);

    if (!c->rc && (!text || strcmp(text, "sentinode-pack 1") != 0))
        sn_conf_bad(c, "format", "expected sentinode-pack 1");
    p->name = sn_conf_string(c, "name", "unnamed");
    p->label = sn_conf_string(c, "label", "no label given");
    p->target = sn_conf_string(c, "target", "not stated");
    p->n_seg = read_nets(p, "segmenter", SN_TASK_SEGMENT, p->seg);
    p->n_cls = read_nets(p, "classifier", SN_TASK_CLASSIFY, p->cls);
    read_fusion(p);
    read_region(p);
    read_dlsig(p);
    read_logistic(p);
    read_quality(p);
    text = sn_conf_string(c, "patient.rule", "mean");
    p->patient_max = text && strcmp(text, "max") == 0;
    if (!c->rc && !p->patient_max && strcmp(text, "mean") != 0)
        sn_conf_bad(c, "patient.rule", "expected mean or max");
}

/* What results say about where the pack came from: never a folder's whole path. */
static const char *origin_of(struct sn_pack *p, struct sn_error *err)
{
    const char *folder = p->source.folder, *last;
    size_t n;

    if (p->source.n_files)
        return "embedded";
    n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    for (last = folder + n; last > folder && last[-1] != '/';)
        last--;
    return sn_arena_strdup(&p->conf.arena, last, (size_t)(folder + n - last), err);
}

static int read_pack(struct sn_pack *p, struct sn_error *err)
{
    struct sn_pack_bytes b = { 0 };
    uint8_t digest[32];
    int rc;

    SN_TRY(sn_pack_get(&p->source, SN_PACK_CONF, &b, err));
    sn_sha256(b.data, b.size, digest);
    sn_hex(digest, sizeof digest, p->conf_sha256);
    rc = sn_conf_parse(&p->conf, SN_PACK_CONF, b.data, b.size, err);
    sn_pack_bytes_close(&b);
    if (rc)
        return rc;
    p->origin = origin_of(p, err);
    if (!p->origin)
        return SN_NOMEM(err, "a name");
    read_settings(p);
    return sn_conf_finish(&p->conf);
}

int sn_pack_open_source(struct sn_pack *p, const struct sn_pack_source *s, struct sn_error *err)
{
    int rc;

    *p = (struct sn_pack){ .source = *s };
    rc = read_pack(p, err);
    if (rc)
        sn_pack_close(p);
    return rc;
}

int sn_pack_open(struct sn_pack *p, const char *folder, struct sn_error *err)
{
    const struct sn_pack_source embedded = sn_pack_embedded();
    struct sn_pack_source s = { .folder = folder };
    char *room = NULL;
    int rc;

    *p = (struct sn_pack){ 0 };
    if (!folder)
        SN_TRY(sn_pack_find(&embedded, &s, &room, err));
    rc = sn_pack_open_source(p, &s, err);
    if (rc)
        free(room);
    else
        p->room = room;
    return rc;
}

void sn_pack_close(struct sn_pack *p)
{
    for (int i = 0; i < SN_PACK_NETS; i++) {
        sn_pack_net_close(&p->seg[i]);
        sn_pack_net_close(&p->cls[i]);
    }
    if (p->has_logistic)
        sn_logistic_free(&p->logistic);
    sn_conf_free(&p->conf);
    free(p->room);
    *p = (struct sn_pack){ 0 };
}
