/* dicom_dict.c: tag to value representation and name; the table is dicom_dict.def. */
#include "io/dicom_parts.h"

static const struct sn_dicom_entry entries[] = {
#define SN_DICOM_ENTRY(group, element, vr, phi, name) { SN_DICOM_TAG(group, element), #vr, (phi) != 0, #name },
#include "io/dicom_dict.def"
#undef SN_DICOM_ENTRY
};

const struct sn_dicom_entry *sn_dicom_lookup(uint32_t tag)
{
    size_t lo = 0, hi = SN_COUNT(entries);

    /* overlays: 6000, 6002, ... 601E share one definition */
    if (SN_DICOM_GROUP(tag) >= 0x6000 && SN_DICOM_GROUP(tag) <= 0x601e && !(tag >> 16 & 1))
        tag = SN_DICOM_TAG(0x6000, SN_DICOM_ELEMENT(tag));
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (entries[mid].tag == tag)
            return &entries[mid];
        if (entries[mid].tag < tag)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}
