/*
 * deidentify_rules.c: what becomes of each element. The first row that covers the tag decides; without
 * one, the value representation does: numbers, codes and class UIDs are kept, dates go, other UIDs are
 * replaced, and text goes. So an attribute nobody thought of is lost rather than let out.
 *
 * Rows follow PS3.15 (2024b), table E.1-1. Where that leaves a choice by type (Z/D, X/Z, X/D, X/Z/D), the
 * type in ultrasound images decides; objects of functional groups (segmentations) need a value for some.
 */
#include "io/deidentify.h"

#define K SN_DEID_KEEP
#define X SN_DEID_REMOVE
#define Z SN_DEID_EMPTY
#define D SN_DEID_DUMMY
#define U SN_DEID_UID
#define P SN_DEID_PATIENT

enum {
    DATES = SN_DEID_KEEP_DATES,
    PATIENT = SN_DEID_KEEP_PATIENT,
    DEVICE = SN_DEID_KEEP_DEVICE,
    UIDS = SN_DEID_KEEP_UIDS
};

static const struct rule {
    uint32_t first, last; /* tags, inclusive */
    enum sn_deid_action action, enhanced;
    unsigned kept_by; /* options under which it is kept */
} rules[] = {
    /* text that describes the data set or the equipment */
    { 0x00080005, 0x00080005, K, K, 0 }, /* SpecificCharacterSet */
    { 0x00080070, 0x00080070, K, K, 0 }, /* Manufacturer */
    { 0x00080100, 0x00080104, K, K, 0 }, /* code sequences: value, scheme, version, meaning */
    { 0x00081090, 0x00081090, K, K, 0 }, /* ManufacturerModelName */
    { 0x00181016, 0x00181019, K, K, 0 }, /* SecondaryCaptureDevice: maker, model, software */
    { 0x00181020, 0x00181020, K, K, 0 }, /* SoftwareVersions */
    { 0x00185010, 0x00185010, K, K, 0 }, /* TransducerData */
    { 0x00185020, 0x00185020, K, K, 0 }, /* ProcessingFunction */
    { 0x00209421, 0x00209421, K, K, 0 }, /* DimensionDescriptionLabel */
    { 0x00281054, 0x00281055, K, K, 0 }, /* RescaleType, WindowCenterWidthExplanation */
    { 0x00283003, 0x00283004, K, K, 0 }, /* LUTExplanation, ModalityLUTType */
    { 0x00620005, 0x00620005, K, K, 0 }, /* SegmentLabel */
    { 0x00620009, 0x00620009, K, K, 0 }, /* SegmentAlgorithmName */
    { 0x00620020, 0x00620020, D, D, 0 }, /* TrackingID */
    { 0x00660031, 0x00660031, K, K, 0 }, /* AlgorithmVersion */
    { 0x00660036, 0x00660036, K, K, 0 }, /* AlgorithmName */
    /* UIDs of classes, which are the same everywhere; makers' own ones do not begin as the standard's do */
    { 0x0008001a, 0x0008001b, K, K, 0 }, /* RelatedGeneralSOPClassUID, OriginalSpecializedSOPClassUID */
    { 0x0008010c, 0x0008010c, K, K, 0 }, /* CodingSchemeUID */
    { 0x00080117, 0x00080118, K, K, 0 }, /* ContextUID, MappingResourceUID */
    { 0x00081150, 0x00081150, K, K, 0 }, /* ReferencedSOPClassUID */
    /* study */
    { 0x00080020, 0x00080020, Z, Z, DATES }, /* StudyDate */
    { 0x00080023, 0x00080023, Z, D, DATES }, /* ContentDate */
    { 0x00080030, 0x00080030, Z, Z, DATES }, /* StudyTime */
    { 0x00080033, 0x00080033, Z, D, DATES }, /* ContentTime */
    { 0x00080050, 0x00080050, Z, Z, 0 },     /* AccessionNumber */
    { 0x00080082, 0x00080082, X, X, 0 },     /* InstitutionCodeSequence */
    { 0x00080090, 0x00080090, Z, Z, 0 },     /* ReferringPhysicianName */
    { 0x00080096, 0x00080096, X, X, 0 },     /* ReferringPhysicianIdentificationSequence */
    { 0x0008009c, 0x0008009d, X, X, 0 },     /* ConsultingPhysician: name, identification */
    { 0x00080201, 0x00080201, X, X, DATES }, /* TimezoneOffsetFromUTC */
    { 0x00081010, 0x00081010, X, X, DEVICE },/* StationName */
    { 0x00081041, 0x00081041, X, X, 0 },     /* InstitutionalDepartmentTypeCodeSequence */
    { 0x00081048, 0x00081052, X, X, 0 },     /* PhysiciansOfRecord, PerformingPhysician: names, identifications */
    { 0x00081060, 0x00081062, X, X, 0 },     /* NameOfPhysiciansReadingStudy, identification */
    { 0x00081070, 0x00081072, X, X, 0 },     /* Operators: names, identification */
    { 0x00081084, 0x00081084, X, X, 0 },     /* AdmittingDiagnosesCodeSequence */
    { 0x00081110, 0x00081111, X, X, 0 },     /* ReferencedStudySequence, ReferencedPerformedProcedureStepSequence */
    { 0x00081120, 0x00081125, X, X, 0 },     /* ReferencedPatientSequence, ReferencedVisitSequence */
    /* patient */
    { 0x00100010, 0x00100010, P, P, 0 },       /* PatientName */
    { 0x00100020, 0x00100020, P, P, 0 },       /* PatientID */
    { 0x00100030, 0x00100030, Z, Z, 0 },       /* PatientBirthDate */
    { 0x00100040, 0x00100040, Z, Z, PATIENT }, /* PatientSex */
    { 0x00101010, 0x00101010, X, X, PATIENT }, /* PatientAge */
    { 0x00101020, 0x00101020, X, X, PATIENT }, /* PatientSize */
    { 0x00101030, 0x00101030, X, X, PATIENT }, /* PatientWeight */
    { 0x00100000, 0x0010ffff, X, X, 0 },       /* all else */
    { 0x00120000, 0x0012ffff, X, X, 0 },       /* clinical trial; what an earlier de-identification says */
    /* acquisition */
    { 0x00181000, 0x00181000, X, D, DEVICE },  /* DeviceSerialNumber */
    { 0x00181002, 0x00181002, U, U, DEVICE | UIDS }, /* DeviceUID */
    { 0x0018100a, 0x0018100a, X, X, DEVICE },  /* UDISequence */
    { 0x00185011, 0x00185011, X, X, DEVICE },  /* TransducerIdentificationSequence */
    { 0x00189623, 0x00189623, X, X, 0 },       /* FunctionalSyncPulse */
    { 0x0018a001, 0x0018a001, X, X, 0 },       /* ContributingEquipmentSequence: names institutions and operators */
    { 0x00200010, 0x00200010, Z, Z, 0 },       /* StudyID */
    { 0x00201040, 0x00201040, Z, Z, 0 },       /* PositionReferenceIndicator */
    { 0x00280303, 0x00280303, X, X, 0 },       /* LongitudinalTemporalInformationModified: written anew */
    /* what measured values and codes need; the rest of group 0040 is about orders and people */
    { 0x004008ea, 0x004008ea, K, K, 0 },       /* MeasurementUnitsCodeSequence */
    { 0x00400555, 0x00400555, Z, Z, 0 },       /* AcquisitionContextSequence */
    { 0x00409096, 0x00409096, K, K, 0 },       /* RealWorldValueMappingSequence */
    { 0x00409211, 0x00409225, K, K, 0 },       /* ... its numbers */
    { 0x0040a043, 0x0040a043, K, K, 0 },       /* ConceptNameCodeSequence */
    { 0x0040a168, 0x0040a170, K, K, 0 },       /* ConceptCodeSequence, PurposeOfReferenceCodeSequence */
    { 0x00400000, 0x0040ffff, X, X, 0 },
    /* content of segmentations; other attributes of presentation are annotations */
    { 0x00700080, 0x00700080, K, K, 0 },       /* ContentLabel */
    { 0x00700081, 0x00700081, Z, Z, 0 },       /* ContentDescription */
    { 0x00700084, 0x00700084, Z, Z, 0 },       /* ContentCreatorName */
    { 0x00700000, 0x0070ffff, X, X, 0 },
    /* whole groups */
    { 0x00140000, 0x0016ffff, X, X, 0 }, /* device evaluation; camera and place */
    { 0x00320000, 0x0038ffff, X, X, 0 }, /* study status, flows, visits */
    { 0x00420000, 0x0044ffff, X, X, 0 }, /* encapsulated documents, products */
    { 0x00680000, 0x006affff, X, X, 0 }, /* implants, annotation groups */
    { 0x00720000, 0x0074ffff, X, X, 0 }, /* hanging protocols, unified procedure steps */
    { 0x00880000, 0x0088ffff, X, X, 0 }, /* storage, topics, the icon image, which shows what was blanked */
    { 0x01000000, 0x0400ffff, X, X, 0 }, /* authorisation, digital signatures, original attributes */
    { 0x20500020, 0x20500020, K, K, 0 }, /* PresentationLUTShape */
    { 0x10000000, 0x51ffffff, X, X, 0 }, /* print, radiotherapy, text, interpretations, curves */
    { 0x54000000, 0x54ffffff, X, X, 0 }, /* waveforms, which may be speech */
    { 0x60000000, 0x60ffffff, X, X, 0 }, /* overlays */
    { 0xfff00000, 0xffffffff, X, X, 0 }, /* signatures, padding */
};

static bool is(const char *vr, const char *list)
{
    for (; *list; list += 2)
        if (vr[0] == list[0] && vr[1] == list[1])
            return true;
    return false;
}

/* Digits and these, and padding: a code string, number or UID that holds more is text in disguise. */
static bool plain(const struct sn_dicom_element *el, const char *extra)
{
    for (size_t i = 0; i < el->length; i++) {
        char c = (char)el->value[i];

        if (!(c >= '0' && c <= '9') && !(c && strchr(extra, c)) && !(c == '\0' && i + 1 == el->length))
            return false;
    }
    return true;
}

/* Every value a UID of the standard's own root (PS3.5, 9.1): classes, syntaxes, well-known frames. */
static bool standard_uids(const struct sn_dicom_element *el)
{
    static const char root[] = "1.2.840.10008.";
    size_t n = sn_dicom_count(el);

    for (size_t k = 0; k < n; k++) {
        const char *s;
        size_t len;

        if (sn_dicom_bytes(el, k, &s, &len) && (len < sizeof root || memcmp(s, root, sizeof root - 1) != 0))
            return false;
    }
    return plain(el, ".\\");
}

static enum sn_deid_action by_vr(const struct sn_dicom_element *el, unsigned keep)
{
    unsigned group = SN_DICOM_GROUP(el->tag);
    const char *vr = el->vr;

    if (is(vr, "SQUSSSULSLFLFDATUVSV"))
        return SN_DEID_KEEP;
    if (is(vr, "OBOWOFODOLOV"))
        return group == 0x0028 || group == 0x0066 || group == 0x7fe0 ? SN_DEID_KEEP : SN_DEID_REMOVE;
    if (is(vr, "UI"))
        return keep & SN_DEID_KEEP_UIDS || standard_uids(el) ? SN_DEID_KEEP : SN_DEID_UID;
    if (is(vr, "DATMDT"))
        return keep & SN_DEID_KEEP_DATES && plain(el, ".:+- \\") ? SN_DEID_KEEP : SN_DEID_REMOVE;
    if (is(vr, "CS"))
        return plain(el, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_ \\") ? SN_DEID_KEEP : SN_DEID_EMPTY;
    if (is(vr, "DSIS"))
        return plain(el, "+-.eE \\") ? SN_DEID_KEEP : SN_DEID_REMOVE;
    return SN_DEID_REMOVE; /* AE AS LO LT PN SH ST UC UN UR UT */
}

/* A row's word to keep holds for the attribute as PS3.6 has it, and for dates that look like dates. */
static bool as_expected(const struct sn_dicom_element *el)
{
    const struct sn_dicom_entry *e = sn_dicom_lookup(el->tag);

    return !is(el->vr, "DATMDTUN") && (e ? strcmp(e->vr, el->vr) == 0 : !is(el->vr, "LTSTUTPN"));
}

enum sn_deid_action sn_deid_rule(const struct sn_dicom_element *el, unsigned keep, bool enhanced)
{
    if (SN_DICOM_GROUP(el->tag) & 1)
        return SN_DEID_REMOVE;
    for (size_t i = 0; i < SN_COUNT(rules); i++)
        if (el->tag >= rules[i].first && el->tag <= rules[i].last) {
            const struct rule *r = &rules[i];
            enum sn_deid_action a = keep & r->kept_by ? SN_DEID_KEEP : enhanced ? r->enhanced : r->action;

            return a == SN_DEID_KEEP && !as_expected(el) ? by_vr(el, keep) : a;
        }
    return by_vr(el, keep);
}

const char *sn_deid_action_name(enum sn_deid_action a)
{
    static const char *const names[SN_DEID_ACTIONS] = { "kept",    "removed",   "emptied",
                                                        "dummied", "new UID", "pseudonym" };

    return names[a];
}
