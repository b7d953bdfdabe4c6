/* case_files.c: renders one case's files and puts them in place as one folder. */
#include "tools/draw.h"
#include "tools/result.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void sn_case_files_free(struct sn_case_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        sn_buf_free(&f->file[i].data);
    f->n = 0;
}

const struct sn_buf *sn_case_picture(const struct sn_case_files *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->file[i].name, name) == 0)
            return &f->file[i].data;
    return NULL;
}

const char *sn_cam_file(const struct sn_pack *pack, int k, char *buf)
{
    int named = pack->dlsig.rule == SN_DLSIG_STACK ? 0 : pack->dlsig.network;

    (void)snprintf(buf, 64, k == named ? "cam.png" : "cam_%s.png", pack->cls[k].name);
    return buf;
}

double sn_cam_limit(const struct sn_cam *cam) { return SN_MAX(-cam->low, cam->high); }

struct sn_case_file *sn_case_next_file(struct sn_case_files *f, const char *name)
{
    struct sn_case_file *file = &f->file[f->n++];

    *file = (struct sn_case_file){ .data = { 0 } };
    (void)snprintf(file->name, sizeof file->name, "%s", name);
    return file;
}

/* Takes rc of the drawing; frees the picture. */
static int add_png(struct sn_case_files *f, const char *name, int rc, struct sn_image *picture, struct sn_error *err)
{
    if (!rc)
        rc = sn_png_encode(picture, &sn_case_next_file(f, name)->data, err);
    sn_image_free(picture);
    return rc;
}

static int render(const struct sn_report *r, struct sn_case_files *f, struct sn_error *err)
{
    const struct sn_analysis *a = r->a;
    struct sn_image im = { 0 };
    char name[64];

    SN_TRY(add_png(f, "mask.png", sn_draw_mask(a->mask, a->in.grey.width, a->in.grey.height, &im, err), &im, err));
    SN_TRY(
        add_png(f, "overlay.png", sn_draw_overlay(&a->in.rgb, a->mask, a->found ? &a->box : NULL, &im, err), &im, err));
    for (int k = 0; k < r->pack->n_cls && a->found; k++) {
        const struct sn_cam *cam = &a->cls[k].cam;

        SN_TRY(add_png(f, sn_cam_file(r->pack, k, name),
                       sn_draw_cam(&a->crop, cam->map, cam->w, cam->h, sn_cam_limit(cam), &im, err), &im, err));
    }
    SN_TRY(sn_report_html(r, f, &sn_case_next_file(f, "report.html")->data, err));
    if (r->dicom)
        SN_TRY(sn_case_dicom(r, f, err));
    return sn_result_json(r, f, &sn_case_next_file(f, "result.json")->data, err);
}

int sn_case_render(const struct sn_report *r, struct sn_case_files *f, struct sn_error *err)
{
    int rc;

    f->n = 0;
    f->no_dicom[0] = '\0';
    rc = render(r, f, err);
    if (rc)
        sn_case_files_free(f);
    return rc;
}

/* ---- folders ------------------------------------------------------------------------------- */

static bool ours(const char *name)
{
    size_t n = strlen(name);

    return strcmp(name, "result.json") == 0 || strcmp(name, "report.html") == 0 || strcmp(name, "mask.png") == 0 ||
           strcmp(name, "overlay.png") == 0 || strcmp(name, "seg.dcm") == 0 || strcmp(name, "probability.dcm") == 0 ||
           strcmp(name, "overlay.dcm") == 0 || strcmp(name, "report.dcm") == 0 ||
           (strncmp(name, "cam", 3) == 0 && n > 4 && strcmp(name + n - 4, ".png") == 0);
}

/* Does the folder hold only what we write? A missing folder is SN_OK with *exists false. */
static int check_old(const char *path, bool *exists, struct sn_error *err)
{
    DIR *d = opendir(path);
    const struct dirent *e;
    int rc = SN_OK;

    *exists = d != NULL;
    if (!d)
        return errno == ENOENT ? SN_OK : SN_FAIL(err, SN_EMACHINE, "%s: cannot replace: %s", path, strerror(errno));
    while ((e = readdir(d)) != NULL && !rc)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && !ours(e->d_name))
            rc = SN_FAIL(err, SN_EMACHINE, "%s: holds '%.80s', which is not a result: not replaced", path, e->d_name);
    (void)closedir(d);
    return rc;
}

/* Removes a folder of our files; best effort. */
static void remove_folder(const char *path, char *buf, size_t cap)
{
    DIR *d = opendir(path);
    const struct dirent *e;

    while (d && (e = readdir(d)) != NULL)
        if (ours(e->d_name) && snprintf(buf, cap, "%s/%s", path, e->d_name) < (int)cap)
            (void)unlink(buf);
    if (d)
        (void)closedir(d);
    (void)rmdir(path);
}

static int fill_folder(const char *folder, char *buf, size_t cap, const struct sn_case_files *f, struct sn_error *err)
{
    if (mkdir(folder, 0777) != 0)
        return SN_FAIL(err, SN_EMACHINE, "%s: cannot create this folder: %s", folder, strerror(errno));
    for (size_t i = 0; i < f->n; i++) {
        (void)snprintf(buf, cap, "%s/%s", folder, f->file[i].name);
        SN_TRY(sn_file_write(buf, f->file[i].data.data, f->file[i].data.len, err));
    }
    return SN_OK;
}

/* The new folder takes the old one's place; the old one is kept until that has worked. */
static int swap_in(const char *fresh, const char *old, const char *final, bool exists, struct sn_error *err)
{
    if (exists && rename(final, old) != 0)
        return SN_FAIL(err, SN_EMACHINE, "%s: cannot replace: %s", final, strerror(errno));
    if (rename(fresh, final) != 0) {
        int e = errno;

        if (exists)
            (void)rename(old, final);
        return SN_FAIL(err, SN_EMACHINE, "%s: cannot create: %s", final, strerror(e));
    }
    return SN_OK;
}

int sn_case_write(const char *dir, const char *id, const struct sn_case_files *f, struct sn_error *err)
{
    size_t n = strlen(dir) + strlen(id) + 48, cap = n + 64;
    char *fresh = malloc(n), *old = malloc(n), *final = malloc(n), *buf = malloc(cap);
    bool exists = false;
    int rc;

    if (!fresh || !old || !final || !buf) {
        rc = SN_NOMEM(err, "a path");
        goto out;
    }
    (void)snprintf(fresh, n, "%s/.%s.tmp-%ld", dir, id, (long)getpid());
    (void)snprintf(old, n, "%s/.%s.old-%ld", dir, id, (long)getpid());
    (void)snprintf(final, n, "%s/%s", dir, id);
    rc = check_old(final, &exists, err);
    if (!rc) {
        rc = fill_folder(fresh, buf, cap, f, err);
        if (!rc)
            rc = swap_in(fresh, old, final, exists, err);
        if (rc)
            remove_folder(fresh, buf, cap);
        else if (exists)
            remove_folder(old, buf, cap);
    }
out:
    free(fresh);
    free(old);
    free(final);
    free(buf);
    return rc;
}
