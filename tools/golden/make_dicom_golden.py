#!/usr/bin/env python3
"""Expected results of the DICOM reader, as a table of SHA-256.

    make_dicom_golden.py DATA OUT      DATA: the folder of real test material; OUT: tests/unit/data/dicom

Written: files.csv, one row per file of DATA/dicom.
  stored   digest of the stored values, frame after frame, low byte first, as sn_dicom_stored gives them
  picture  digest of the first frame as shown, 8 bits, whole frame

Oracles. Native, RLE, deflated: pydicom's pixel_array, required to be the digest in DATA's index.csv. JPEG
lossy: djpeg of libjpeg-turbo on the stream of each frame, found by pydicom's fragment generator or by the start
markers. Lossless: gdcmconv and dcmdjpeg, required to agree. 12 packed bits: numpy below. Pictures: numpy below,
from PS3.3 C.7.6.3, C.11.1, C.11.2, written apart from the C code; palettes required to agree with pydicom's
apply_color_lut, windows with its apply_voi_lut to one grey level. `verdict`: decode or reject; `note`: why it
differs from what index.csv expects, where it does.
"""
import csv
import hashlib
import io
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import generate_pixel_data_fragment, get_frame_offsets
from pydicom.filebase import DicomBytesIO
from pydicom.pixel_data_handlers.util import apply_color_lut, apply_voi_lut

warnings.simplefilter("ignore")

# Files whose verdict is not the index's, or that the index leaves open: (verdict, part of the message, why).
OPEN = {
    "explicit_le/dcm4che__3gb-bulk-data-truncated": ("reject", "needs 3221225472 bytes", "index leaves it open: the pixel data are cut off"),
    "explicit_le/orthanc__2026-05-26-oob-monochrome-65535.dcm": ("reject", "65535 x 65535", "index leaves it open: 256 bytes cannot be 65535 x 65535 pixels"),
    "rle/pydicom-data__liver_nonbyte_aligned_rle.dcm": ("reject", "1 bit allocated", "index leaves it open: PS3.5 annex G has no byte planes for single bits"),
    "jpeg_baseline/dicomParser__IM00001.fragmented_no_bot_jpeg_baseline.50.dcm": ("decode", "", "index leaves it open: frames are found by their start markers"),
    "jpegls/fo-dicom__GH364.dcm": ("reject", "(FFFE,E000)", "an item outside a sequence at byte 1136: refused as malformed before the syntax is"),
    "jpeg_lossless_sv1/pydicom__UN_sequence.dcm": ("reject", "no pixel data", "has no pixel data, so the syntax does not matter"),
    "other/cwil__CTImageEvenAligned.dat": ("reject", "not an image|neither DICM|no known image", "a multipart HTTP answer, not a DICOM file"),
    "other/cwil__CTImageOddAligned.dat": ("reject", "not an image|neither DICM|no known image", "a multipart HTTP answer, not a DICOM file"),
    "other/fo-dicom__CR-MONO1-10-chest": ("decode", "", "no preamble and no meta group: implicit little endian by its first elements"),
    "other/fo-dicom__GH340.dcm": ("decode", "", "ACR-NEMA: no preamble, 12 bits packed, no samples a pixel or photometric interpretation"),
    "other/pydicom__meta_missing_tsyntax.dcm": ("reject", "no data element at byte 202", "no transfer syntax, and a first element of group 0001"),
    "other/pydicom__no_meta.dcm": ("reject", "neither DICM|no known image", "a stray byte before the first element: no tag is where it should be"),
    "other/pydicom__rtstruct.dcm": ("reject", "no pixel data", "a structure set"),
}
LOSSLESS = {"1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"}
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}


def digest(a):
    return hashlib.sha256(np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes()).hexdigest()


# ---- stored values ---------------------------------------------------------------------------

def jpeg_streams(ds):
    frames = int(ds.get("NumberOfFrames", 1) or 1)
    fp = DicomBytesIO(ds.PixelData)
    fp.is_little_endian = True
    get_frame_offsets(fp)
    fragments = list(generate_pixel_data_fragment(fp))
    if frames == 1:
        return [b"".join(fragments)]
    if len(fragments) == frames:
        return fragments
    streams = []
    for f in fragments:
        if f[:3] == b"\xff\xd8\xff":
            streams.append(f)
        else:
            streams[-1] += f
    assert len(streams) == frames
    return streams


def djpeg(stream):
    out = subprocess.run(["djpeg", "-pnm"], input=stream, stdout=subprocess.PIPE, check=True).stdout
    return np.asarray(Image.open(io.BytesIO(out)))


def by_tool(path):
    found = []
    with tempfile.TemporaryDirectory() as tmp:
        for tool in (["gdcmconv", "--raw", path, tmp + "/o"], ["dcmdjpeg", path, tmp + "/o"]):
            subprocess.run(tool, check=True, capture_output=True)
            found.append(pydicom.dcmread(tmp + "/o", force=True).pixel_array)
    assert found[0].dtype == found[1].dtype and np.array_equal(found[0], found[1])
    return found[0]


def packed12(data, n):
    d = np.frombuffer(data, np.uint8)[: n * 3 // 2].reshape(-1, 3).astype(np.uint16)
    return np.stack([d[:, 0] | (d[:, 1] & 15) << 8, d[:, 1] >> 4 | d[:, 2] << 4], 1).reshape(-1)


def stored_values(path, ds, row):
    syntax = row["transfer_syntax"]
    if ds.get("BitsAllocated") == 12:
        return packed12(ds.PixelData, ds.Rows * ds.Columns).reshape(ds.Rows, ds.Columns)
    if syntax in LOSSLESS:
        return by_tool(path)
    if syntax in LOSSY:
        frames = [djpeg(s) for s in jpeg_streams(ds)]
        return np.stack(frames) if len(frames) > 1 else frames[0]
    if syntax == "?":
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    a = ds.pixel_array
    if row["pydicom_pixels_sha256"]:
        assert digest(a) == row["pydicom_pixels_sha256"], path
    return a


# ---- the first frame as shown -------------------------------------------------------------------

def ycc_to_rgb(a):
    """16-bit fixed point with libjpeg's rounding; numpy's >> rounds down."""
    y, cb, cr = (a[..., i].astype(np.int64) for i in range(3))
    cb, cr = cb - 128, cr - 128
    r = y + ((91881 * cr + 32768) >> 16)
    g = y + ((-22554 * cb - 46802 * cr + 32768) >> 16)
    b = y + ((116130 * cb + 32768) >> 16)
    return np.clip(np.stack([r, g, b], -1), 0, 255).astype(np.uint8)


def sample(ds, a):
    bits = int(ds.BitsStored)
    v = a.astype(np.int64) >> (int(ds.get("HighBit", bits - 1)) + 1 - bits) & ((1 << bits) - 1)
    if ds.get("PixelRepresentation", 0) and bits > 1:
        v = np.where(v >> (bits - 1), v - (1 << bits), v)
    return v


def table(item):
    n, first, bits = (int(x) for x in item.LUTDescriptor)
    data = item.LUTData
    if isinstance(data, bytes):
        data = np.frombuffer(data, "<u2" if len(data) >= 2 * n else "u1")
    return np.asarray(data, dtype=np.int64)[: n or 65536] & 0xFFFF, first, bits


def has_table(seq):
    return bool(seq) and seq[0].get("LUTDescriptor") is not None and len(seq[0].LUTDescriptor) == 3


def frame_value(ds, group, name):
    if name in ds and ds[name].value not in (None, ""):
        return ds[name].value
    for top in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        if top in ds and len(ds[top].value) and group in ds[top][0]:
            item = ds[top][0][group][0]
            if name in item and item[name].value not in (None, ""):
                return item[name].value
    return None


def first(v):
    return float(v[0]) if isinstance(v, pydicom.multival.MultiValue) else float(v)


def grey(ds, a):
    bits = int(ds.BitsStored)
    v = sample(ds, a).astype(np.float64)
    low, high = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if ds.get("PixelRepresentation", 0) and bits > 1 else (0.0, 2.0 ** bits - 1)
    if has_table(ds.get("ModalityLUTSequence")):
        t, start, lut_bits = table(ds.ModalityLUTSequence[0])
        v = t[np.clip(v - start, 0, len(t) - 1).astype(int)].astype(np.float64)
        low, high = 0.0, 2.0 ** lut_bits - 1
    else:
        slope = frame_value(ds, "PixelValueTransformationSequence", "RescaleSlope")
        intercept = frame_value(ds, "PixelValueTransformationSequence", "RescaleIntercept")
        slope, intercept = (1.0 if slope is None else float(slope)), (0.0 if intercept is None else float(intercept))
        v, low, high = slope * v + intercept, slope * low + intercept, slope * high + intercept
    centre, width = (frame_value(ds, "FrameVOILUTSequence", n) for n in ("WindowCenter", "WindowWidth"))
    if has_table(ds.get("VOILUTSequence")):
        t, start, lut_bits = table(ds.VOILUTSequence[0])
        y = t[np.clip(np.floor(v + 0.5) - start, 0, len(t) - 1).astype(int)] / (2.0 ** lut_bits - 1)
    elif centre is not None and width is not None and first(width) >= 1:
        c, w = first(centre), first(width)
        function = frame_value(ds, "FrameVOILUTSequence", "VOILUTFunction") or "LINEAR"
        assert function == "LINEAR"
        y = (v - (c - 0.5)) / (w - 1) + 0.5 if w > 1 else (v > c - 0.5).astype(np.float64)
    else:
        y = (v - low) / (high - low)
    out = np.floor(255 * np.clip(y, 0, 1) + 0.5).astype(np.uint8)
    return 255 - out if ds.get("PhotometricInterpretation") == "MONOCHROME1" else out


def palette(ds, a):
    rgb = apply_color_lut(a, ds)
    plain = "RedPaletteColorLookupTableData" in ds
    return (rgb >> 8 if rgb.dtype == np.uint16 and rgb.max() > 255 else rgb).astype(np.uint8), plain


def picture(ds, a, syntax):
    frames = int(ds.get("NumberOfFrames", 1) or 1)
    a = a[0] if frames > 1 else a
    kind = ds.get("PhotometricInterpretation", "MONOCHROME2")
    if kind == "PALETTE COLOR":
        return palette(ds, a)[0]
    if int(ds.get("SamplesPerPixel", 1)) == 3:
        bits = int(ds.BitsStored)
        a = (a >> (bits - 8)).astype(np.uint8) if bits > 8 else a
        return ycc_to_rgb(a) if kind.startswith("YBR") and syntax not in LOSSY else a
    out = grey(ds, a)
    if "PhotometricInterpretation" in ds and "WindowCenter" in ds and ds.WindowCenter not in (None, "") and "VOILUTSequence" not in ds and "ModalityLUTSequence" not in ds \
            and "RescaleSlope" not in ds and int(ds.BitsStored) == int(ds.BitsAllocated) and kind == "MONOCHROME2":
        shown = apply_voi_lut(a, ds).astype(np.float64)
        top = 2.0 ** int(ds.BitsStored) - 1
        if not ds.get("PixelRepresentation", 0):
            assert np.abs(shown / top * 255 - out).max() <= 1, "window"
    return out


# ---- the table ---------------------------------------------------------------------------------

def message(row):
    if row["expected"] == "no_pixels":
        return "no pixel data"
    if row["file"].startswith(("jpegls",)):
        return "JPEG-LS"
    if row["file"].startswith("j2k"):
        return "JPEG 2000"
    if row["file"].startswith("jpeg_"):
        return "12-bit"
    return "Deflated Image Frame"


def main(data, out):
    rows = []
    for row in csv.DictReader(open(data + "/dicom/index.csv")):
        name, path = row["file"], data + "/dicom/" + row["file"]
        lossless = row["transfer_syntax"] in LOSSLESS
        default = ("decode", "", "index: lossless JPEG was not to be read; now it is") if lossless else \
            ("decode", "", "") if row["expected"] == "decode" else ("reject", message(row), "")
        verdict, text, note = OPEN.get(name, default)
        found = [name, verdict, text, "", "", "", "", note]
        if verdict == "decode":
            ds = pydicom.dcmread(path, force=True)
            a = stored_values(path, ds, row)
            shown = picture(ds, a, row["transfer_syntax"])
            found[3:7] = ["x".join(map(str, a.shape)), a.dtype.newbyteorder("<").str.lstrip("<|"), digest(a), digest(shown)]
        rows.append(found)
    with open(out + "/files.csv", "w", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(["file", "verdict", "message", "shape", "type", "stored", "picture", "note"])
        w.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
