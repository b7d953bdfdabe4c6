/*
 * dicom_sr.c: measurement reports: Comprehensive 3D SR (PS3.3, A.35.13) by template 1500 of PS3.16, with
 * one measurement group (template 1410) for the lesion. Rows of the templates are named where they are
 * written; what the templates leave free (risk, signature, notice) comes in their extensible places.
 */
#include "io/dicom_make.h"

#include <stdio.h>

#define CONCEPT  0x0040a043
#define CHILDREN 0x0040a730

struct job {
    const struct sn_dicom_context *c;
    const struct sn_dicom_sr *sr;
    struct sn_dicom_tracking tracking;
};

/* Concepts that templates 1500, 1004, 1410, 1419 and 4019 name. */
static const struct sn_dicom_code
    report = { "126000", "DCM", "Imaging Measurement Report" },
    language = { "121049", "DCM", "Language of Content Item and Descendants" },
    english = { "en-US", "RFC5646", "English (United States)" },
    observer_type = { "121005", "DCM", "Observer Type" },
    device = { "121007", "DCM", "Device" },
    observer_uid = { "121012", "DCM", "Device Observer UID" },
    observer_name = { "121013", "DCM", "Device Observer Name" },
    observer_maker = { "121014", "DCM", "Device Observer Manufacturer" },
    observer_model = { "121015", "DCM", "Device Observer Model Name" },
    observer_serial = { "121016", "DCM", "Device Observer Serial Number" },
    procedure = { "121058", "DCM", "Procedure reported" },
    us_breast = { "47079000", "SCT", "Ultrasonography of breast" },
    library = { "111028", "DCM", "Image Library" },
    library_group = { "126200", "DCM", "Image Library Group" },
    modality = { "121139", "DCM", "Modality" },
    ultrasound = { "US", "DCM", "Ultrasound" },
    measurements = { "126010", "DCM", "Imaging Measurements" },
    group = { "125007", "DCM", "Measurement Group" },
    tracking_id = { "112039", "DCM", "Tracking Identifier" },
    tracking_uid = { "112040", "DCM", "Tracking Unique Identifier" },
    finding = { "121071", "DCM", "Finding" },
    site = { "363698007", "SCT", "Finding Site" },
    segment_frame = { "121214", "DCM", "Referenced Segmentation Frame" },
    segment_source = { "121233", "DCM", "Source image for segmentation" },
    algorithm_name = { "111001", "DCM", "Algorithm Name" },
    algorithm_version = { "111003", "DCM", "Algorithm Version" },
    algorithm_parameters = { "111002", "DCM", "Algorithm Parameters" },
    long_axis = { "103339001", "SCT", "Long Axis" },
    short_axis = { "103340004", "SCT", "Short Axis" },
    area = { "42798000", "SCT", "Area" },
    evaluations = { "C0034375", "UMLS", "Qualitative Evaluations" },
    comment = { "121106", "DCM", "Comment" };

/* Units: UCUM, whose curly braces hold what is counted. */
static const struct sn_dicom_code
    mm = { "mm", "UCUM", "mm" },
    mm2 = { "mm2", "UCUM", "mm2" },
    pixels = { "{pixels}", "UCUM", "pixels" },
    percent = { "%", "UCUM", "Percent" },
    one = { "1", "UCUM", "no units" };

/* Own concepts: PS3.16 has none for these. */
#define OWN "99SENTINODE"
static const struct sn_dicom_code own_scheme = { "", OWN, "sentinode" },
                                  signature = { "dl_sig", OWN, "Deep-learning signature" };

/* ---- content items (PS3.3, C.17.3) ------------------------------------------------------------------ */

static void begin(struct sn_dicom_writer *w, const char *relation, const char *type, const struct sn_dicom_code *name)
{
    sn_dicom_put_text(w, 0x0040a010, "CS", relation);
    sn_dicom_put_text(w, 0x0040a040, "CS", type);
    sn_dicom_put_code(w, CONCEPT, name);
}

static void put_text(struct sn_dicom_writer *w, const char *relation, const struct sn_dicom_code *name, const char *s)
{
    sn_dicom_open_item(w);
    begin(w, relation, "TEXT", name);
    sn_dicom_put_label(w, 0x0040a160, "UT", s);
    sn_dicom_close(w);
}

static void put_coded(struct sn_dicom_writer *w, const char *relation, const struct sn_dicom_code *name,
                      const struct sn_dicom_code *value)
{
    sn_dicom_open_item(w);
    begin(w, relation, "CODE", name);
    sn_dicom_put_code(w, 0x0040a168, value);
    sn_dicom_close(w);
}

static void put_uid(struct sn_dicom_writer *w, const char *relation, const struct sn_dicom_code *name, const char *uid)
{
    sn_dicom_open_item(w);
    begin(w, relation, "UIDREF", name);
    sn_dicom_put_text(w, 0x0040a124, "UI", uid);
    sn_dicom_close(w);
}

static void put_number(struct sn_dicom_writer *w, const struct sn_dicom_code *name, double v,
                       const struct sn_dicom_code *unit)
{
    sn_dicom_open_item(w);
    begin(w, "CONTAINS", "NUM", name);
    sn_dicom_open_one(w, 0x0040a300);
    sn_dicom_put_code(w, 0x004008ea, unit);
    sn_dicom_put_fd(w, 0x0040a161, v);
    sn_dicom_put_ds(w, 0x0040a30a, v);
    sn_dicom_close_one(w);
    sn_dicom_close(w);
}

/* Leaves its content sequence open. */
static void open_container(struct sn_dicom_writer *w, const struct sn_dicom_code *name, const char *template)
{
    sn_dicom_open_item(w);
    begin(w, "CONTAINS", "CONTAINER", name);
    sn_dicom_put_text(w, 0x0040a050, "CS", "SEPARATE");
    if (template) {
        sn_dicom_open_one(w, 0x0040a504);
        sn_dicom_put_text(w, 0x00080105, "CS", "DCMR");
        sn_dicom_put_text(w, 0x0040db00, "CS", template);
        sn_dicom_close_one(w);
    }
    sn_dicom_open_sequence(w, CHILDREN);
}

static void close_container(struct sn_dicom_writer *w)
{
    sn_dicom_close(w);
    sn_dicom_close(w);
}

/* name NULL: an image library's entry has none. */
static void put_image(struct sn_dicom_writer *w, const struct job *j, const struct sn_dicom_code *name)
{
    sn_dicom_open_item(w);
    sn_dicom_open_one(w, 0x00081199);
    sn_dicom_put_reference(w, j->c->source, j->sr->frame);
    sn_dicom_close_one(w);
    sn_dicom_put_text(w, 0x0040a010, "CS", "CONTAINS");
    sn_dicom_put_text(w, 0x0040a040, "CS", "IMAGE");
    if (name)
        sn_dicom_put_code(w, CONCEPT, name);
    sn_dicom_close(w);
}

static void put_segment(struct sn_dicom_writer *w, const struct job *j)
{
    sn_dicom_open_item(w);
    sn_dicom_open_one(w, 0x00081199);
    sn_dicom_put_text(w, 0x00081150, "UI", j->sr->seg->sop_class);
    sn_dicom_put_text(w, 0x00081155, "UI", j->sr->seg->instance);
    sn_dicom_put_is(w, 0x00081160, 1); /* says the segment too, whose number must be left out then (10.3) */
    sn_dicom_close_one(w);
    begin(w, "CONTAINS", "IMAGE", &segment_frame);
    sn_dicom_close(w);
}

/* ---- templates ------------------------------------------------------------------------------------------ */

/* Template 1004: the program as the observer. */
static void put_observer(struct sn_dicom_writer *w, const struct job *j)
{
    const char *const of[] = { "sentinode " SN_VERSION, "device", j->c->maker->pack_digest };
    char uid[SN_DICOM_UID];

    sn_dicom_uid_of(of, SN_COUNT(of), uid);
    put_coded(w, "HAS OBS CONTEXT", &observer_type, &device);
    put_uid(w, "HAS OBS CONTEXT", &observer_uid, uid);
    put_text(w, "HAS OBS CONTEXT", &observer_name, "sentinode " SN_VERSION);
    put_text(w, "HAS OBS CONTEXT", &observer_maker, "sentinode");
    put_text(w, "HAS OBS CONTEXT", &observer_model, "sentinode");
    put_text(w, "HAS OBS CONTEXT", &observer_serial, j->c->maker->pack_digest);
}

/* Template 1600: what was looked at. */
static void put_library(struct sn_dicom_writer *w, const struct job *j)
{
    open_container(w, &library, NULL);
    open_container(w, &library_group, NULL);
    put_coded(w, "HAS ACQ CONTEXT", &modality, &ultrasound);
    put_image(w, j, NULL);
    close_container(w);
    close_container(w);
}

static void put_measures(struct sn_dicom_writer *w, const struct job *j)
{
    const struct sn_dicom_sr *sr = j->sr;
    const struct sn_dicom_measure *m = &sr->measure;
    char risk_of[80];
    const struct sn_dicom_code risk = { "risk", OWN, risk_of };

    (void)snprintf(risk_of, sizeof risk_of, "Risk of %.56s", sr->risk_of ? sr->risk_of : "lymph node metastasis");
    put_number(w, &long_axis, m->long_axis, m->in_mm ? &mm : &pixels);
    put_number(w, &short_axis, m->short_axis, m->in_mm ? &mm : &pixels);
    put_number(w, &area, m->area, m->in_mm ? &mm2 : &pixels);
    if (sr->has_signature)
        put_number(w, &signature, sr->signature, &one);
    if (sr->has_risk)
        put_number(w, &risk, 100.0 * sr->risk, &percent);
}

/* Template 1410, with 4019 for the algorithm. */
static void put_group(struct sn_dicom_writer *w, const struct job *j)
{
    const char *precision = j->c->maker->precision;
    char name[96], parameters[240];

    (void)snprintf(name, sizeof name, "sentinode, pack %.60s", j->c->maker->pack);
    (void)snprintf(parameters, sizeof parameters, "pack.conf SHA-256 %.64s%s%.64s", j->c->maker->pack_digest, precision ? ", precision " : "",
                   precision ? precision : "");
    open_container(w, &group, "1410");
    put_text(w, "HAS OBS CONTEXT", &tracking_id, j->tracking.id);
    put_uid(w, "HAS OBS CONTEXT", &tracking_uid, j->tracking.uid);
    put_coded(w, "CONTAINS", &finding, sn_dicom_target_type(j->c->target));
    if (j->c->target == SN_DICOM_BREAST_LESION)
        put_coded(w, "HAS CONCEPT MOD", &site, &sn_dicom_breast);
    put_text(w, "HAS CONCEPT MOD", &algorithm_name, name);
    put_text(w, "HAS CONCEPT MOD", &algorithm_version, SN_VERSION);
    put_text(w, "HAS CONCEPT MOD", &algorithm_parameters, parameters);
    put_segment(w, j);
    put_image(w, j, &segment_source);
    put_measures(w, j);
    close_container(w);
}

/* Template 1500, rows 12 to 14: words. */
static void put_words(struct sn_dicom_writer *w, const struct job *j)
{
    const char *review = j->sr->review;
    char text[700];

    open_container(w, &evaluations, NULL);
    put_text(w, "CONTAINS", &comment,
             SN_DICOM_NOTICE ": not a medical device, not for diagnosis. Made without human review.");
    (void)snprintf(text, sizeof text, "Weights: %.600s", j->c->maker->label);
    put_text(w, "CONTAINS", &comment, text);
    if (!j->sr->found)
        put_text(w, "CONTAINS", &comment, "No lesion was outlined.");
    else if (!j->sr->measure.in_mm)
        put_text(w, "CONTAINS", &comment, "The image has no physical scale to be trusted: sizes are in pixels.");
    if (review && *review) {
        (void)snprintf(text, sizeof text, "Needs human review: %.600s", review);
        put_text(w, "CONTAINS", &comment, text);
    }
    close_container(w);
}

static void put_content(struct sn_dicom_writer *w, const struct job *j)
{
    sn_dicom_open_sequence(w, CHILDREN);
    put_coded(w, "HAS CONCEPT MOD", &language, &english);
    put_observer(w, j);
    put_coded(w, "HAS CONCEPT MOD", &procedure, &us_breast);
    put_library(w, j);
    if (j->sr->found) {
        open_container(w, &measurements, NULL);
        put_group(w, j);
        close_container(w);
    }
    put_words(w, j);
    sn_dicom_close(w);
}

/* ---- the document ------------------------------------------------------------------------------------------ */

static void put_evidence_of(struct sn_dicom_writer *w, const char *sop_class, const char *instance, const char *series)
{
    sn_dicom_open_item(w);
    sn_dicom_open_one(w, 0x00081199);
    sn_dicom_put_text(w, 0x00081150, "UI", sop_class);
    sn_dicom_put_text(w, 0x00081155, "UI", instance);
    sn_dicom_close_one(w);
    sn_dicom_put_text(w, 0x0020000e, "UI", series);
    sn_dicom_close(w);
}

/* Every instance the content refers to, by study and series (C.17.2.3). */
static void put_evidence(struct sn_dicom_writer *w, const struct job *j)
{
    const struct sn_dicom_source *s = j->c->source;

    sn_dicom_open_one(w, 0x0040a375);
    sn_dicom_open_sequence(w, 0x00081115);
    put_evidence_of(w, s->sop_class, s->instance, s->series);
    if (j->sr->found)
        put_evidence_of(w, j->sr->seg->sop_class, j->sr->seg->instance, j->sr->seg->series);
    sn_dicom_close(w);
    sn_dicom_put_text(w, 0x0020000d, "UI", s->study);
    sn_dicom_close_one(w);
}

static int fill(const void *ctx, struct sn_dicom_writer *w, int part, struct sn_error *err)
{
    const struct job *j = ctx;

    (void)err;
    if (part == 0) {
        sn_dicom_open_sequence(w, 0x00081111);
        sn_dicom_close(w);
        return SN_OK;
    }
    sn_dicom_put_text(w, 0x0040a040, "CS", "CONTAINER");
    sn_dicom_put_code(w, CONCEPT, &report);
    sn_dicom_put_text(w, 0x0040a050, "CS", "SEPARATE");
    sn_dicom_open_sequence(w, 0x0040a372);
    sn_dicom_close(w);
    put_evidence(w, j);
    sn_dicom_put_text(w, 0x0040a491, "CS", "COMPLETE");
    sn_dicom_put_text(w, 0x0040a493, "CS", "UNVERIFIED");
    sn_dicom_put_text(w, 0x0040a496, "CS", "PRELIMINARY");
    sn_dicom_open_one(w, 0x0040a504);
    sn_dicom_put_text(w, 0x00080105, "CS", "DCMR");
    sn_dicom_put_text(w, 0x0040db00, "CS", "1500");
    sn_dicom_close_one(w);
    put_content(w, j);
    return SN_OK;
}

int sn_dicom_make_sr(const struct sn_dicom_context *c, const struct sn_dicom_sr *sr, struct sn_dicom_object *o,
                     struct sn_error *err)
{
    const struct sn_dicom_head head = { .sop_class = "1.2.840.10008.5.1.4.1.1.88.34", .modality = "SR",
                                        .series_description = SN_DICOM_NOTICE ": measurements", .scheme = &own_scheme,
                                        .series_number = 9004 };
    struct job j = { .c = c, .sr = sr };

    sn_dicom_track(c->source, sr->frame, &j.tracking);
    return sn_dicom_object_make(c, &head, fill, &j, o, err);
}
