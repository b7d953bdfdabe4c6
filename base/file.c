/* file.c: mapped input, output that appears whole or not at all. POSIX. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int sn_map_file(const char *path, struct sn_map *map, struct sn_error *err)
{
    struct stat st;
    void *p;
    int fd, rc = SN_OK;

    *map = (struct sn_map){ 0 };
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return SN_FAIL(err, SN_EIO, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0)
        rc = SN_FAIL(err, SN_EIO, "%s: cannot stat: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        rc = SN_FAIL(err, SN_EIO, "%s: not a regular file", path);
    else if ((uintmax_t)st.st_size > SIZE_MAX / 2)
        rc = SN_FAIL(err, SN_ELIMIT, "%s: file is too large for this machine", path);
    else if (st.st_size > 0) {
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED)
            rc = SN_FAIL(err, errno == ENOMEM ? SN_ENOMEM : SN_EIO, "%s: cannot map: %s", path, strerror(errno));
        else
            *map = (struct sn_map){ p, (size_t)st.st_size };
    }
    (void)close(fd);
    return rc;
}

void sn_map_close(struct sn_map *map)
{
    if (map->data) {
        /* munmap takes a pointer to non-const; the pages were mapped by us */
        union { const uint8_t *c; void *v; } u = { map->data };

        (void)munmap(u.v, map->size);
    }
    *map = (struct sn_map){ 0 };
}

struct sn_out {
    FILE *f;
    int error; /* errno of the first failed write */
    char *path, *temp;
};

int sn_out_open(struct sn_out **out, const char *path, struct sn_error *err)
{
    static atomic_uint serial;
    size_t n = strlen(path) + 48;
    struct sn_out *o = calloc(1, sizeof *o);
    int fd;

    *out = NULL;
    if (!o || !(o->path = malloc(n)) || !(o->temp = malloc(n))) {
        if (o)
            free(o->path);
        free(o);
        return SN_NOMEM(err, "an output file");
    }
    (void)snprintf(o->path, n, "%s", path);
    (void)snprintf(o->temp, n, "%s.tmp-%ld-%u", path, (long)getpid(), atomic_fetch_add(&serial, 1u));
    fd = open(o->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    o->f = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!o->f) {
        int e = errno;

        if (fd >= 0) {
            (void)close(fd);
            (void)unlink(o->temp);
        }
        free(o->path);
        free(o->temp);
        free(o);
        return SN_FAIL(err, SN_EMACHINE, "%s: cannot create: %s", path, strerror(e));
    }
    *out = o;
    return SN_OK;
}

void sn_out_write(struct sn_out *out, const void *data, size_t n)
{
    if (n && !out->error && fwrite(data, 1, n, out->f) != n)
        out->error = errno ? errno : EIO;
}

void sn_out_printf(struct sn_out *out, const char *fmt, ...)
{
    va_list ap;

    if (out->error)
        return;
    va_start(ap, fmt);
    if (vfprintf(out->f, fmt, ap) < 0)
        out->error = errno ? errno : EIO;
    va_end(ap);
}

static void release(struct sn_out *out)
{
    free(out->path);
    free(out->temp);
    free(out);
}

int sn_out_commit(struct sn_out *out, struct sn_error *err)
{
    int rc = SN_OK;

    if (fclose(out->f) != 0 && !out->error)
        out->error = errno ? errno : EIO;
    if (!out->error && rename(out->temp, out->path) != 0)
        out->error = errno;
    if (out->error) {
        rc = SN_FAIL(err, SN_EMACHINE, "%s: cannot write: %s", out->path, strerror(out->error));
        (void)unlink(out->temp);
    }
    release(out);
    return rc;
}

void sn_out_abort(struct sn_out *out)
{
    if (!out)
        return;
    (void)fclose(out->f);
    (void)unlink(out->temp);
    release(out);
}

int sn_file_write(const char *path, const void *data, size_t n, struct sn_error *err)
{
    struct sn_out *out;

    SN_TRY(sn_out_open(&out, path, err));
    sn_out_write(out, data, n);
    return sn_out_commit(out, err);
}

int sn_mkdirs(const char *path, struct sn_error *err)
{
    size_t n = strlen(path);
    char *p = malloc(n + 1);
    int e = 0;
    struct stat st;

    if (!p)
        return SN_NOMEM(err, "a path");
    memcpy(p, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (p[i] != '/' && p[i] != '\0')
            continue;
        p[i] = '\0';
        e = mkdir(p, 0777) != 0 && errno != EEXIST ? errno : 0;
        p[i] = path[i];
    }
    free(p);
    if (n == 0 || e || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return SN_FAIL(err, SN_EMACHINE, "%s: cannot create this folder: %s", path, strerror(e ? e : ENOTDIR));
    return SN_OK;
}
