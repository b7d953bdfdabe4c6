/*
 * dicom_syntax.c: the transfer syntaxes of PS3.5 and PS3.6 table A-1. For those whose pixels are not decoded:
 * which packaged tool makes a file that is (GDCM's gdcmconv, DCMTK's dcmdjpls).
 */
#include "io/dicom_parts.h"

#define BASE "1.2.840.10008.1.2"
#define RAW  "gdcmconv --raw IN OUT"
#define JLS  "dcmdjpls IN OUT or gdcmconv --raw IN OUT"

/* UID, name, explicit VR, big endian, deflated, codec, command */
static const struct sn_dicom_syntax syntaxes[] = {
    { BASE, "Implicit VR Little Endian", false, false, false, SN_DICOM_NATIVE, NULL },
    { BASE ".1", "Explicit VR Little Endian", true, false, false, SN_DICOM_NATIVE, NULL },
    { BASE ".1.98", "Encapsulated Uncompressed Explicit VR Little Endian", true, false, false, SN_DICOM_UNSUPPORTED, RAW },
    { BASE ".1.99", "Deflated Explicit VR Little Endian", true, false, true, SN_DICOM_NATIVE, NULL },
    { BASE ".2", "Explicit VR Big Endian", true, true, false, SN_DICOM_NATIVE, NULL },
    { BASE ".5", "RLE Lossless", true, false, false, SN_DICOM_RLE, NULL },
    { BASE ".8.1", "Deflated Image Frame Compression", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.50", "JPEG Baseline (Process 1)", true, false, false, SN_DICOM_JPEG, RAW },
    { BASE ".4.51", "JPEG Extended (Process 2 & 4)", true, false, false, SN_DICOM_JPEG, RAW },
    { BASE ".4.52", "JPEG Extended (Process 3 & 5), retired", true, false, false, SN_DICOM_UNSUPPORTED, RAW },
    { BASE ".4.53", "JPEG Spectral Selection (Process 6 & 8), retired", true, false, false, SN_DICOM_JPEG, RAW },
    { BASE ".4.54", "JPEG Spectral Selection (Process 7 & 9), retired", true, false, false, SN_DICOM_UNSUPPORTED, RAW },
    { BASE ".4.55", "JPEG Full Progression (Process 10 & 12), retired", true, false, false, SN_DICOM_JPEG, RAW },
    { BASE ".4.56", "JPEG Full Progression (Process 11 & 13), retired", true, false, false, SN_DICOM_UNSUPPORTED, RAW },
    { BASE ".4.57", "JPEG Lossless (Process 14)", true, false, false, SN_DICOM_JPEG, RAW },
    { BASE ".4.58", "JPEG Lossless (Process 15), retired", true, false, false, SN_DICOM_UNSUPPORTED, RAW },
    { BASE ".4.70", "JPEG Lossless, First-Order Prediction (Process 14 SV1)", true, false, false, SN_DICOM_JPEG, RAW },
    { BASE ".4.80", "JPEG-LS Lossless", true, false, false, SN_DICOM_UNSUPPORTED, JLS },
    { BASE ".4.81", "JPEG-LS Near-Lossless", true, false, false, SN_DICOM_UNSUPPORTED, JLS },
    { BASE ".4.90", "JPEG 2000 Lossless", true, false, false, SN_DICOM_UNSUPPORTED, RAW },
    { BASE ".4.91", "JPEG 2000", true, false, false, SN_DICOM_UNSUPPORTED, RAW },
    { BASE ".4.92", "JPEG 2000 Part 2 Lossless", true, false, false, SN_DICOM_UNSUPPORTED, RAW },
    { BASE ".4.93", "JPEG 2000 Part 2", true, false, false, SN_DICOM_UNSUPPORTED, RAW },
    { BASE ".4.94", "JPIP Referenced", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.95", "JPIP Referenced Deflate", true, false, true, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.100", "MPEG-2 Main Profile", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.100.1", "Fragmentable MPEG-2 Main Profile", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.101", "MPEG-2 High Profile", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.101.1", "Fragmentable MPEG-2 High Profile", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.102", "MPEG-4 AVC/H.264 High Profile", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.102.1", "Fragmentable MPEG-4 AVC/H.264 High Profile", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.103", "MPEG-4 AVC/H.264 BD-compatible", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.103.1", "Fragmentable MPEG-4 AVC/H.264 BD-compatible", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.104", "MPEG-4 AVC/H.264 for 2D Video", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.105", "MPEG-4 AVC/H.264 for 3D Video", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.106", "MPEG-4 AVC/H.264 Stereo", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.107", "HEVC/H.265 Main Profile", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.108", "HEVC/H.265 Main 10 Profile", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.110", "JPEG XL Lossless", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.111", "JPEG XL JPEG Recompression", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.112", "JPEG XL", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.201", "High-Throughput JPEG 2000 Lossless", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.202", "High-Throughput JPEG 2000 Lossless with RPCL", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.203", "High-Throughput JPEG 2000", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.204", "JPIP HTJ2K Referenced", true, false, false, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".4.205", "JPIP HTJ2K Referenced Deflate", true, false, true, SN_DICOM_UNSUPPORTED, NULL },
    { BASE ".7.1", "SMPTE ST 2110-20", true, false, false, SN_DICOM_UNSUPPORTED, NULL }
};

const struct sn_dicom_syntax *sn_dicom_syntax_find(const char *uid, size_t n)
{
    for (size_t i = 0; i < SN_COUNT(syntaxes); i++) {
        if (strlen(syntaxes[i].uid) == n && memcmp(syntaxes[i].uid, uid, n) == 0)
            return &syntaxes[i];
    }
    return NULL;
}
