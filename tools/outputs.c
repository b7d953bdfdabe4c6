/* outputs.c: several files of one folder, all or none. */
#include "tools/outputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Names that differ in the characters a file name cannot hold, or beyond its length: "roc.svg", "roc-2.svg". */
static void unused_name(const struct sn_outputs *o, const char *name, char out[SN_OUTPUT_NAME])
{
    const char *dot = strrchr(name, '.');
    int stem = (int)(dot ? (size_t)(dot - name) : strlen(name));
    size_t taken = 1;

    stem = SN_MIN(stem, SN_OUTPUT_NAME - 40);
    (void)snprintf(out, SN_OUTPUT_NAME, "%.*s%.20s", stem, name, dot ? dot : "");
    for (size_t i = 0; i < o->n;) {
        if (strcmp(o->file[i].name, out) != 0) {
            i++;
            continue;
        }
        (void)snprintf(out, SN_OUTPUT_NAME, "%.*s-%zu%.20s", stem, name, ++taken, dot ? dot : "");
        i = 0;
    }
}

void sn_outputs_take(struct sn_outputs *o, const char *name, struct sn_buf *b)
{
    if (o->n == o->room) {
        size_t room = 2 * o->room + 8, bytes;
        struct sn_output *more = sn_size_mul(&bytes, room, sizeof *more, NULL) ? NULL : realloc(o->file, bytes);

        if (!more) {
            o->failed = true;
            sn_buf_free(b);
            return;
        }
        o->file = more;
        o->room = room;
    }
    o->failed |= b->failed;
    unused_name(o, name, o->file[o->n].name);
    o->file[o->n++].data = *b;
    *b = (struct sn_buf){ 0 };
}

/* dir/name in path, emptied first; false: memory ran out. */
static bool join(struct sn_buf *path, const char *dir, const char *name, size_t n)
{
    sn_buf_free(path);
    sn_buf_printf(path, "%s/%.*s", dir, (int)n, name);
    return !path->failed;
}

static int write_one(const struct sn_output *f, const char *dir, struct sn_buf *path, struct sn_error *err)
{
    const char *slash = strchr(f->name, '/');

    if (slash) {
        if (!join(path, dir, f->name, (size_t)(slash - f->name)))
            return SN_NOMEM(err, "a path");
        SN_TRY(sn_mkdirs(path->data, err));
    }
    if (!join(path, dir, f->name, strlen(f->name)))
        return SN_NOMEM(err, "a path");
    return sn_file_write(path->data, f->data.data ? f->data.data : "", f->data.len, err);
}

/* Removes the first n files again, and the folders when nothing else is in them; best effort, without memory. */
static void take_back(const struct sn_outputs *o, size_t n, const char *dir, bool existed)
{
    char path[4096];

    for (size_t i = 0; i < n; i++)
        if (snprintf(path, sizeof path, "%s/%s", dir, o->file[i].name) < (int)sizeof path)
            (void)unlink(path);
    for (size_t i = 0; i <= n && i < o->n && !existed; i++) {
        const char *slash = strchr(o->file[i].name, '/');

        if (slash && snprintf(path, sizeof path, "%s/%.*s", dir, (int)(slash - o->file[i].name), o->file[i].name) < (int)sizeof path)
            (void)rmdir(path);
    }
    if (!existed)
        (void)rmdir(dir);
}

int sn_outputs_write(const struct sn_outputs *o, const char *dir, struct sn_error *err)
{
    bool existed = access(dir, F_OK) == 0;
    struct sn_buf path = { 0 };
    size_t done = 0;
    int rc;

    if (o->failed)
        return SN_NOMEM(err, "the results");
    rc = sn_mkdirs(dir, err);
    while (done < o->n && !rc) {
        rc = write_one(&o->file[done], dir, &path, err);
        done += rc == SN_OK;
    }
    if (rc)
        take_back(o, done, dir, existed);
    sn_buf_free(&path);
    return rc;
}

void sn_outputs_free(struct sn_outputs *o)
{
    for (size_t i = 0; i < o->n; i++)
        sn_buf_free(&o->file[i].data);
    free(o->file);
    *o = (struct sn_outputs){ 0 };
}
