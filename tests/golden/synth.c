/*
 * synth.c: reads a network's list of layers and fills its tensors by the documented law; reads the
 * stored reference. Every value is one or two correctly rounded float32 operations on an integer,
 * so this file and tools/golden/make_golden.py agree to the bit.
 */
#include "tests/golden/synth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DATA "tests/golden/data/"

/* ---- weights ----------------------------------------------------------------------------- */

/* offset + scale * u, two roundings; offset 0 adds nothing that could round. */
static void fill(float *out, size_t n, uint64_t seed, const char *name, float offset, float scale)
{
    uint64_t stream = sn_rng_name(seed, name);

    for (size_t i = 0; i < n; i++)
        out[i] = offset + scale * sn_rng_weight(stream, i);
}

float *golden_input(uint64_t seed, int channels, int h, int w)
{
    size_t n = (size_t)channels * (size_t)h * (size_t)w;
    float *x = malloc(n * sizeof *x);

    if (x)
        fill(x, n, seed, "input", 0.0f, 2.0f);
    return x;
}

struct line {
    char kind[16], prefix[200];
    int rank;
    uint64_t shape[4];
    size_t count; /* elements of the weight tensor */
};

static int parse_line(const char *text, struct line *l, struct sn_error *err)
{
    unsigned long long d[4] = { 1, 1, 1, 1 };
    int n = sscanf(text, "%15s %199s %llu %llu %llu %llu", l->kind, l->prefix, &d[0], &d[1], &d[2], &d[3]);

    if (n < 3)
        return SN_FAIL(err, SN_EFORMAT, "golden: bad layer line '%s'", text);
    l->rank = n - 2;
    l->count = 1;
    for (int i = 0; i < 4; i++) {
        l->shape[i] = d[i];
        l->count *= (size_t)d[i];
    }
    return SN_OK;
}

/* Elements over all tensors of the line. */
static size_t line_elements(const struct line *l)
{
    if (strncmp(l->kind, "bn", 2) == 0)
        return 4 * l->count;
    if (strcmp(l->kind, "conv") == 0)
        return l->count;
    return l->count + (size_t)l->shape[strcmp(l->kind, "deconvb") == 0 ? 1 : 0];
}

/* "...denselayer3.norm1.weight" to "...denselayer3.norm.1.weight". */
static void old_key(char *name, size_t cap)
{
    static const char *const parts[] = { ".norm1.", ".norm2.", ".conv1.", ".conv2." };
    char *layer = strstr(name, ".denselayer");

    for (size_t i = 0; layer && i < SN_COUNT(parts); i++) {
        char *p = strstr(layer, parts[i]);
        size_t len = strlen(name);

        if (!p || len + 2 > cap)
            continue;
        memmove(p + 6, p + 5, len + 1 - (size_t)(p + 5 - name));
        p[5] = '.';
        return;
    }
}

struct fill_job {
    struct golden_net *g;
    const struct line *line;
    float *next;
    unsigned flags;
    struct sn_error *err;
};

static int add(struct fill_job *job, const char *leaf, int rank, const uint64_t *shape, float offset, float scale)
{
    char name[256];
    size_t n = 1;
    float *data = job->next;

    for (int i = 0; i < rank; i++)
        n *= (size_t)shape[i];
    (void)snprintf(name, sizeof name, "%s.%s", job->line->prefix, leaf);
    fill(data, n, job->g->seed, name, offset, scale);
    if (strcmp(job->line->kind, "bnres") == 0 && strcmp(leaf, "weight") == 0)
        for (size_t i = 0; i < n; i++)
            data[i] *= 0.3f;
    if (job->flags & GOLDEN_OLD_KEYS)
        old_key(name, sizeof name);
    for (size_t i = 0; i < n; i++) { /* a tensor's data are little-endian on every machine */
        uint32_t u;

        memcpy(&u, &data[i], sizeof u);
        sn_put_le32((uint8_t *)&data[i], u);
    }
    job->next += n;
    return sn_model_add(&job->g->model, name, SN_F32, rank, shape, data, false, job->err);
}

static int add_line(struct fill_job *job)
{
    const struct line *l = job->line;
    bool deconv = strcmp(l->kind, "deconvb") == 0, linear = strcmp(l->kind, "linearb") == 0;
    double fan_in;

    if (strncmp(l->kind, "bn", 2) == 0) {
        SN_TRY(add(job, "weight", 1, l->shape, 1.0f, 0.2f));
        SN_TRY(add(job, "bias", 1, l->shape, 0.0f, 0.1f));
        SN_TRY(add(job, "running_mean", 1, l->shape, 0.0f, 0.2f));
        return add(job, "running_var", 1, l->shape, 1.0f, 0.5f);
    }
    fan_in = (double)(deconv ? l->shape[0] : l->shape[1] * l->shape[2] * l->shape[3]);
    SN_TRY(add(job, "weight", l->rank, l->shape, 0.0f, (float)sqrt((linear ? 3.0 : 6.0) / fan_in)));
    if (strcmp(l->kind, "conv") == 0)
        return SN_OK;
    return add(job, "bias", 1, &l->shape[deconv ? 1 : 0], 0.0f, 0.1f);
}

/* One pass over the list: with job->next NULL it only counts. */
static int walk(char *text, struct fill_job *job, size_t *elements)
{
    *elements = 0;
    for (char *p = text; *p;) {
        struct line l;
        char *end = strchr(p, '\n');
        char save = end ? *end : '\0';

        if (end)
            *end = '\0';
        SN_TRY(parse_line(p, &l, job->err));
        if (end)
            *end = save;
        p = end ? end + 1 : p + strlen(p);
        if ((job->flags & GOLDEN_NO_AUX) && strncmp(l.prefix, "aux_classifier.", 15) == 0)
            continue;
        *elements += line_elements(&l);
        job->line = &l;
        if (job->next)
            SN_TRY(add_line(job));
    }
    return SN_OK;
}

static int load_text(struct golden_net *g, const struct sn_map *map, unsigned flags, char **text, struct sn_error *err)
{
    struct fill_job job = { g, NULL, NULL, flags, err };
    unsigned long long seed;
    char *body;
    size_t n;

    *text = malloc(map->size + 1);
    if (!*text)
        return SN_NOMEM(err, "golden: layer list");
    memcpy(*text, map->data, map->size);
    (*text)[map->size] = '\0';
    body = strchr(*text, '\n');
    if (!body || sscanf(*text, "%23s %31s %llu", g->family, g->arch, &seed) != 3)
        return SN_FAIL(err, SN_EFORMAT, "golden: bad first line");
    g->seed = seed;
    SN_TRY(walk(body + 1, &job, &n));
    g->data = sn_alloc_aligned(n * sizeof *g->data);
    if (!g->data)
        return SN_NOMEM(err, "golden: weights");
    job.next = g->data;
    SN_TRY(sn_model_set_meta(&g->model, "family", g->family, err));
    if (flags & GOLDEN_MEAN)
        SN_TRY(sn_model_set_meta(&g->model, "deep_supervision", "mean", err));
    return walk(body + 1, &job, &n);
}

int golden_net_load(struct golden_net *g, const char *name, unsigned flags, struct sn_error *err)
{
    struct sn_map map = { 0 };
    char path[256], *text = NULL;
    int rc;

    memset(g, 0, sizeof *g);
    sn_model_init(&g->model);
    (void)snprintf(path, sizeof path, DATA "%s.net", name);
    SN_TRY(sn_map_file(path, &map, err));
    rc = load_text(g, &map, flags, &text, err);
    free(text);
    sn_map_close(&map);
    if (rc)
        golden_net_free(g);
    return rc;
}

void golden_net_free(struct golden_net *g)
{
    sn_model_close(&g->model);
    sn_free_aligned(g->data);
    memset(g, 0, sizeof *g);
}

/* ---- references -------------------------------------------------------------------------- */

static float get_f32(const uint8_t *p)
{
    uint32_t u = sn_le32(p);
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

static double get_f64(const uint8_t *p)
{
    uint64_t u = sn_le64(p);
    double d;

    memcpy(&d, &u, sizeof d);
    return d;
}

/* NULL when fewer than n bytes are left. */
static const uint8_t *take(struct sn_bytes *b, size_t n)
{
    const uint8_t *p = b->data + b->pos;

    if (n > sn_left(b))
        return NULL;
    b->pos += n;
    return p;
}

static int read_layer(struct golden_ref *r, struct golden_layer *l, struct sn_bytes *b, struct sn_error *err)
{
    const uint8_t *p = take(b, 1);
    size_t n, len = p ? p[0] : 0;
    uint64_t state;

    p = p ? take(b, len + 16) : NULL;
    if (!p)
        return SN_FAIL(err, SN_EFORMAT, "golden: truncated at byte %zu", b->pos);
    memcpy(l->name, p, len);
    p += len;
    l->c = sn_le32(p);
    l->h = sn_le32(p + 4);
    l->w = sn_le32(p + 8);
    l->peak = (double)get_f32(p + 12);
    n = (size_t)l->c * l->h * l->w;
    l->samples = (unsigned)SN_MIN(n, (size_t)GOLDEN_SAMPLES);
    p = take(b, 4 * (size_t)l->samples);
    if (!p)
        return SN_FAIL(err, SN_EFORMAT, "golden: truncated at byte %zu", b->pos);
    state = sn_rng_name(r->seed, l->name);
    for (unsigned i = 0; i < l->samples; i++) {
        l->at[i] = (size_t)(sn_splitmix64(&state) % n);
        l->want[i] = (double)get_f32(p + 4 * i);
    }
    return SN_OK;
}

static int read_head(struct golden_ref *r, struct sn_bytes *b, struct sn_error *err)
{
    const uint8_t *p = take(b, 56);

    if (!p || memcmp(p, "SNGOLD1\n", 8) != 0)
        return SN_FAIL(err, SN_EFORMAT, "golden: not a reference file");
    r->seed = sn_le64(p + 8);
    r->in_c = sn_le32(p + 16);
    r->in_h = sn_le32(p + 20);
    r->in_w = sn_le32(p + 24);
    r->c = sn_le32(p + 28);
    r->h = sn_le32(p + 32);
    r->w = sn_le32(p + 36);
    r->n_layers = sn_le32(p + 40);
    r->stored = sn_le32(p + 44);
    r->peak = get_f64(p + 48);
    r->at = calloc(r->stored, sizeof *r->at);
    r->want = calloc(r->stored, sizeof *r->want);
    r->layers = calloc(r->n_layers, sizeof *r->layers);
    return r->at && r->want && r->layers ? SN_OK : SN_NOMEM(err, "golden: reference");
}

static int read_ref(struct golden_ref *r, struct sn_bytes *b, struct sn_error *err)
{
    const uint8_t *p;
    uint64_t state;
    size_t n;

    if (b->size < 4 || sn_crc32(0, b->data, b->size - 4) != sn_le32(b->data + b->size - 4))
        return SN_FAIL(err, SN_EFORMAT, "golden: checksum differs");
    SN_TRY(read_head(r, b, err));
    p = take(b, 4 * r->stored);
    if (!p)
        return SN_FAIL(err, SN_EFORMAT, "golden: logits are truncated");
    n = (size_t)r->c * r->h * r->w;
    state = sn_rng_name(r->seed, "logits");
    for (size_t i = 0; i < r->stored; i++) {
        r->at[i] = r->stored == n ? i : (size_t)(sn_splitmix64(&state) % n);
        r->want[i] = (double)get_f32(p + 4 * i);
    }
    for (size_t i = 0; i < r->n_layers; i++)
        SN_TRY(read_layer(r, &r->layers[i], b, err));
    return sn_left(b) == 4 ? SN_OK : SN_FAIL(err, SN_EFORMAT, "golden: %zu bytes too many", sn_left(b) - 4);
}

int golden_ref_load(struct golden_ref *r, const char *name, int h, int w, struct sn_error *err)
{
    struct sn_map map = { 0 };
    struct sn_bytes b = { 0 };
    char path[256];
    int rc;

    memset(r, 0, sizeof *r);
    (void)snprintf(path, sizeof path, DATA "%s_%dx%d.gold", name, h, w);
    SN_TRY(sn_map_file(path, &map, err));
    b.data = map.data;
    b.size = map.size;
    rc = read_ref(r, &b, err);
    sn_map_close(&map);
    if (rc)
        golden_ref_free(r);
    return rc;
}

void golden_ref_free(struct golden_ref *r)
{
    free(r->at);
    free(r->want);
    free(r->layers);
    memset(r, 0, sizeof *r);
}

struct golden_layer *golden_ref_find(struct golden_ref *r, const char *name)
{
    for (size_t i = 0; i < r->n_layers; i++)
        if (strcmp(r->layers[i].name, name) == 0)
            return &r->layers[i];
    return NULL;
}
