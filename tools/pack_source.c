/* pack_source.c: a pack's files, from a folder or from this program; and which pack is meant when none is named. */
#include "tools/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *joined(char *buf, size_t cap, const char *folder, const char *name)
{
    (void)snprintf(buf, cap, "%s/%s", folder, name);
    return buf;
}

static int map_in_folder(const char *folder, const char *name, struct sn_map *map, struct sn_error *err)
{
    size_t n = strlen(folder) + strlen(name) + 2;
    char *path = malloc(n);
    int rc;

    if (!path)
        return SN_NOMEM(err, "a path");
    rc = sn_map_file(joined(path, n, folder, name), map, err);
    free(path);
    return rc;
}

int sn_pack_get(const struct sn_pack_source *s, const char *name, struct sn_pack_bytes *b, struct sn_error *err)
{
    *b = (struct sn_pack_bytes){ 0 };
    if (s->n_files) {
        for (size_t i = 0; i < s->n_files; i++)
            if (strcmp(s->files[i].name, name) == 0) {
                b->data = s->files[i].data;
                b->size = (size_t)(s->files[i].end - s->files[i].data);
                return SN_OK;
            }
        return SN_FAIL(err, SN_EIO, "%s: not among the %zu files of the embedded pack", name, s->n_files);
    }
    if (s->folder)
        SN_TRY(map_in_folder(s->folder, name, &b->map, err));
    else
        SN_TRY(sn_map_file(name, &b->map, err));
    b->data = b->map.data;
    b->size = b->map.size;
    return SN_OK;
}

void sn_pack_bytes_close(struct sn_pack_bytes *b)
{
    sn_map_close(&b->map);
    *b = (struct sn_pack_bytes){ 0 };
}

/* ---- finding ---------------------------------------------------------------------------------- */

int sn_pack_find_beside(const char *beside, const struct sn_pack_source *embedded, struct sn_pack_source *found,
                        char **room, struct sn_error *err)
{
    static const char *const places[] = { "sentinode-pack", "weights/demo" };
    size_t n = (beside ? strlen(beside) : 0) + 64;
    char *path = malloc(n);

    *found = (struct sn_pack_source){ 0 };
    *room = NULL;
    if (!path)
        return SN_NOMEM(err, "a path");
    for (size_t i = 0; i < SN_COUNT(places) && beside; i++) {
        (void)snprintf(path, n, "%s/%s/" SN_PACK_CONF, beside, places[i]);
        if (access(path, F_OK) != 0)
            continue;
        path[strlen(path) - sizeof SN_PACK_CONF] = '\0';
        found->folder = *room = path;
        return SN_OK;
    }
    free(path);
    if (!embedded->n_files)
        return SN_FAIL(err, SN_EINVAL, "give --pack DIR (this build holds no demonstration pack)");
    *found = *embedded;
    return SN_OK;
}

/* Linux says where the program lies. argv[0] would not do: it need not be a path. */
int sn_pack_find(const struct sn_pack_source *embedded, struct sn_pack_source *found, char **room, struct sn_error *err)
{
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    char *slash;

    exe[n > 0 ? n : 0] = '\0';
    slash = strrchr(exe, '/');
    if (slash)
        *slash = '\0';
    return sn_pack_find_beside(slash && (size_t)n < sizeof exe - 1 ? exe : NULL, embedded, found, room, err);
}

/* ---- writing ---------------------------------------------------------------------------------- */

static int write_file(const char *folder, const struct sn_pack_file *f, struct sn_error *err)
{
    size_t n = strlen(folder) + strlen(f->name) + 2;
    char *path = malloc(n);
    int rc;

    if (!path)
        return SN_NOMEM(err, "a path");
    rc = sn_file_write(joined(path, n, folder, f->name), f->data, (size_t)(f->end - f->data), err);
    free(path);
    return rc;
}

int sn_pack_export(const struct sn_pack_source *s, const char *folder, struct sn_error *err)
{
    SN_TRY(sn_mkdirs(folder, err));
    for (int last = 0; last < 2; last++) /* a folder that has pack.conf is complete */
        for (size_t i = 0; i < s->n_files; i++)
            if ((strcmp(s->files[i].name, SN_PACK_CONF) == 0) == (last == 1))
                SN_TRY(write_file(folder, &s->files[i], err));
    return SN_OK;
}
