/* exif.c: the one EXIF field that changes how a picture is shown, its orientation. */
#include "io/image_parts.h"

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY = 12 };

/* TIFF 6.0, section 2: byte order mark, 42, offset of the first directory, its 12-byte entries. */
int sn_exif_orientation(const uint8_t *tiff, size_t size)
{
    bool big;
    size_t at, entries;

    if (size < 8 || (memcmp(tiff, "II*\0", 4) != 0 && memcmp(tiff, "MM\0*", 4) != 0))
        return 1;
    big = tiff[0] == 'M';
    at = big ? sn_be32(tiff + 4) : sn_le32(tiff + 4);
    if (at > size - 2)
        return 1;
    entries = big ? sn_be16(tiff + at) : sn_le16(tiff + at);
    at += 2;
    for (size_t i = 0; i < entries && size - at >= ENTRY; i++, at += ENTRY) {
        const uint8_t *e = tiff + at;
        unsigned tag = big ? sn_be16(e) : sn_le16(e);
        unsigned type = big ? sn_be16(e + 2) : sn_le16(e + 2);
        uint32_t count = big ? sn_be32(e + 4) : sn_le32(e + 4);
        int value = big ? sn_be16(e + 8) : sn_le16(e + 8);

        if (tag == TAG_ORIENTATION)
            return type == TYPE_SHORT && count == 1 && value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}
