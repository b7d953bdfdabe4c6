/*
 * result.h: what predict leaves behind for one case: result.json, report.html and the pictures,
 * rendered in memory and put in place as one folder.
 */
#ifndef SN_TOOLS_RESULT_H
#define SN_TOOLS_RESULT_H

#include "tools/cli.h"
#include "tools/risk.h"

struct sn_report {
    const struct sn_pack *pack;
    const struct sn_cases *cases;
    const struct sn_case_row *row;
    const struct sn_case_row *const *patient_rows; /* [risk->images] */
    const struct sn_analysis *a;
    const struct sn_risk *risk;
    const struct sn_common *common; /* the machine's part goes into the "run" object only */
    bool dicom; /* DICOM objects are wanted too */
};

struct sn_case_file {
    char name[64];
    struct sn_buf data;
};

#define SN_CASE_FILES (8 + SN_PACK_NETS) /* result.json, report.html, mask.png, overlay.png, one cam each, four .dcm */
struct sn_case_files {
    size_t n;
    struct sn_case_file file[SN_CASE_FILES];
    char no_dicom[200]; /* why there are no DICOM objects although they are wanted; "": there are */
};
void sn_case_files_free(struct sn_case_files *f); /* zeroed ones are fine */

int sn_case_render(const struct sn_report *r, struct sn_case_files *f, struct sn_error *err);
/*
 * Writes dir/id with these files, all or nothing: into a hidden folder that is renamed at the end.
 * An earlier result is replaced; a folder that holds anything else is left alone (SN_EMACHINE).
 */
int sn_case_write(const char *dir, const char *id, const struct sn_case_files *f, struct sn_error *err);

/* parts of the above: */
int sn_result_json(const struct sn_report *r, const struct sn_case_files *others, struct sn_buf *out,
                   struct sn_error *err);
/* dicom_out.c: adds seg.dcm, probability.dcm, overlay.dcm, report.dcm, or says in no_dicom why it cannot. */
int sn_case_dicom(const struct sn_report *r, struct sn_case_files *f, struct sn_error *err);
struct sn_case_file *sn_case_next_file(struct sn_case_files *f, const char *name); /* the caller fills its data */
int sn_report_html(const struct sn_report *r, const struct sn_case_files *pictures, struct sn_buf *out,
                   struct sn_error *err);
/* "cam.png" for the network the signature names (the first one under stack), else "cam_<name>.png"; buf of 64. */
const char *sn_cam_file(const struct sn_pack *pack, int k, char *buf);
/* What the colour scale of a network's activation map ends at. */
double sn_cam_limit(const struct sn_cam *cam);
/* NULL: no picture of that name. */
const struct sn_buf *sn_case_picture(const struct sn_case_files *f, const char *name);

/* The overview of several cases. */
struct sn_index_row {
    const char *id, *patient;
    bool failed, review, has_risk, has_sig;
    double risk, dl_sig;
    const char *text; /* reasons, or the error */
};
/* precision: sn_cli_precision's words, or NULL */
int sn_index_html(const struct sn_pack *pack, const struct sn_index_row *rows, size_t n, const char *precision,
                  struct sn_buf *out, struct sn_error *err);

#endif
