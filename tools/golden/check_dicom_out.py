#!/usr/bin/env python3
"""What other programs say of the DICOM objects we write. By hand; not part of `make check`.

    check_dicom_out.py SENTINODE [FOLDER]      FOLDER: kept results; default a temporary one

Makes ultrasound files of phantoms with pydicom (grey, RGB, cine, JPEG, with and without regions, three character
sets), runs `predict --dicom` and `deidentify` on them, and asks pydicom (pixels identical to mask.png and overlay.png), gdcmconv
(GDCM), dcmconv, dcmdump, dsrdump (DCMTK) and dciodvfy, dcentvfy (dicom3tools). Prints each complaint; exit 1 if there is one that the list
below does not explain.
"""
import glob
import io
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, generate_uid

# Accepted, and why.
EXPLAINED = (
    (r"99SENTINODE", "our own coding scheme, named in CodingSchemeIdentificationSequence"),
    (r"Laterality.*only permitted to be empty when actually unknown", "it is unknown: the source does not say"),
    (r"Missing attribute or value that would be needed to build DICOMDIR", "date, ID: removed on purpose, or not in the source"),
    (r"AccessionNumber.*IE <Study> versus <Series>", "dcentvfy files it under different entities for reports and images"),
    (r"VR checker does not support this Specific Character Set", "DCMTK checks Latin text only"),
    (r"^(Segmentation|SCImage|Comprehensive3DSR|USImage|USMultiFrameImage)$", "what dciodvfy took it for"),
)


def region(x0, y0, x1, y1, cm):
    r = Dataset()
    r.RegionSpatialFormat, r.RegionDataType, r.RegionFlags = 1, 1, 0
    r.RegionLocationMinX0, r.RegionLocationMinY0, r.RegionLocationMaxX1, r.RegionLocationMaxY1 = x0, y0, x1, y1
    r.PhysicalUnitsXDirection = r.PhysicalUnitsYDirection = 3
    r.PhysicalDeltaX = r.PhysicalDeltaY = cm
    return r


def source(name, picture, frames=1, rgb=False, cut=False, jpeg=False, charset="ISO_IR 100", person="M\u00fcller^Anna"):
    """A file as a scanner writes it: the picture inside a frame with a name burnt in above it."""
    h, w = picture.shape
    top, left = (40, 24) if cut else (0, 0)
    full = np.zeros((frames, h + top, w + 2 * left), np.uint8)
    for k in range(frames):
        full[k, top:, left:left + w] = np.roll(picture, k, axis=1)
    if cut:
        full[:, 4:20, 4:60] = 255  # where the patient's name would stand
    if rgb or jpeg:
        full = np.repeat(full[..., None], 3, axis=-1)
    meta = FileMetaDataset()
    ds = FileDataset(name, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian, ds.is_implicit_VR = True, False
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1" if frames > 1 else "1.2.840.10008.5.1.4.1.1.6.1"
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[name, "i"])
    ds.StudyInstanceUID = generate_uid(entropy_srcs=[charset, "study"])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=[name, "series"])
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = JPEGBaseline8Bit if jpeg else ExplicitVRLittleEndian
    ds.SpecificCharacterSet, ds.PatientName = charset, person
    ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "PID-0815" + charset[-3:], "19610203", "F"
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = "20240229"
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = "101112"
    ds.AccessionNumber, ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "A1", "S1", 2, 1 + len(name)
    ds.ReferringPhysicianName, ds.Modality, ds.Manufacturer = "House^Gregory", "US", "Maker"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "BREAST", "0001"]
    ds.PatientOrientation, ds.BodyPartExamined, ds.Laterality = "", "BREAST", "L"
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = *full.shape[1:3], 8, 8, 7, 0
    ds.SamplesPerPixel, ds.PhotometricInterpretation = (3, "RGB") if full.ndim == 4 else (1, "MONOCHROME2")
    if full.ndim == 4:
        ds.PlanarConfiguration = 0
    if frames > 1:
        ds.NumberOfFrames, ds.FrameTime, ds.FrameIncrementPointer = frames, 40, 0x00181063
    if cut:
        ds.SequenceOfUltrasoundRegions = Sequence([region(left, top, left + w - 1, top + h - 1, 0.01)])
    ds.LossyImageCompression = "01" if jpeg else "00"
    if jpeg:
        ds.PhotometricInterpretation = "YBR_FULL_422"
        coded = []
        for f in full:
            b = io.BytesIO()
            Image.fromarray(f).save(b, "JPEG", quality=92, subsampling=1)
            coded.append(b.getvalue())
        ds.PixelData = encapsulate(coded)
        ds["PixelData"].is_undefined_length = True
    else:
        ds.PixelData = full.tobytes() + b"\0" * (full.size % 2)
    ds.save_as(name, write_like_original=False)
    return left, top


def ask(*command):
    p = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return p.returncode, [line for line in (p.stdout + p.stderr).splitlines() if line.strip()]


class Tally:
    bad = asked = 0

    def complaint(self, what, lines):
        self.asked += 1
        for line in lines:
            if not any(re.search(p, line) for p, _ in EXPLAINED):
                self.bad += 1
                print("%s: %s" % (what, line))

    def must(self, what, truth):
        self.complaint(what, [] if truth else ["does not hold"])


def check_object(t, path):
    t.complaint("dciodvfy " + path, ask("dciodvfy", "-new", path)[1])
    code, lines = ask("dcmdump", "-q", path)
    t.complaint("dcmdump " + path, [x for x in lines if x.startswith(("E:", "W:", "F:"))] + (["exit %d" % code] if code else []))
    for rewrite in () if path.endswith("report.dcm") else (["gdcmconv", "--raw"], ["dcmconv", "+te"]):
        code, lines = ask(*rewrite, path, "rewritten")
        same = code == 0 and pydicom.dcmread("rewritten").PixelData == pydicom.dcmread(path).PixelData
        t.must("%s: the same pixels after %s" % (path, rewrite[0]), same)
    if path.endswith("report.dcm"):
        code, lines = ask("dsrdump", path)
        t.complaint("dsrdump " + path, [x for x in lines if x.startswith(("E:", "W:", "F:"))] + (["exit %d" % code] if code else []))


def check_case(t, folder, src, frame, left, top):
    mask = np.array(Image.open(folder + "/mask.png")) // 255
    seg, prob = pydicom.dcmread(folder + "/seg.dcm"), pydicom.dcmread(folder + "/probability.dcm")
    want = np.zeros((src.Rows, src.Columns), np.uint8)
    want[top:top + mask.shape[0], left:left + mask.shape[1]] = mask
    t.must(folder + ": seg.dcm's pixels are mask.png's", np.array_equal(np.squeeze(seg.pixel_array), want))
    t.must(folder + ": probability.dcm has the source's size", np.squeeze(prob.pixel_array).shape == want.shape)
    t.must(folder + ": probability.dcm spans its range", prob.pixel_array.max() > 127 or not mask.any())
    item = seg.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
    t.must(folder + ": refers to its source", item.ReferencedSOPInstanceUID == src.SOPInstanceUID and item.get("ReferencedFrameNumber") == frame)
    t.must(folder + ": the patient's name", str(seg.PatientName) == str(src.PatientName))
    sc = pydicom.dcmread(folder + "/overlay.dcm").pixel_array
    shown = np.array(Image.open(folder + "/overlay.png").convert("RGB"))
    t.must(folder + ": overlay.dcm has a caption", sc.shape[0] > shown.shape[0])
    t.must(folder + ": overlay.dcm's pixels above it are overlay.png's", np.array_equal(sc[:shown.shape[0], :shown.shape[1]], shown))
    for path in sorted(glob.glob(folder + "/*.dcm")):
        check_object(t, path)


def check_deidentified(t, path, old):
    new = pydicom.dcmread(path)
    data = open(path, "rb").read()
    for secret in ("PID-0815", "19610203", "20240229", "House", "A1 ", old.SOPInstanceUID, old.StudyInstanceUID):
        t.must("%s: no %s" % (path, secret), secret.encode() not in data)
    t.must(path + ": no name", str(old.PatientName).encode("utf-8") not in data and b"Anna" not in data)
    t.complaint("dciodvfy " + path, ask("dciodvfy", "-new", path)[1])
    if "SequenceOfUltrasoundRegions" in old:
        r = old.SequenceOfUltrasoundRegions[0]
        px = new.pixel_array.copy()
        box = (Ellipsis, slice(r.RegionLocationMinY0, r.RegionLocationMaxY1 + 1), slice(r.RegionLocationMinX0, r.RegionLocationMaxX1 + 1))
        if new.SamplesPerPixel == 3:
            box += (slice(None),)
        if old.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian:
            t.must(path + ": pixels inside the region", np.array_equal(px[box], old.pixel_array[box]))
        px[box] = 0
        t.must(path + ": pixels outside it", not px.any())


def main(program, folder):
    program, t = os.path.abspath(program), Tally()
    os.makedirs(folder, exist_ok=True)
    os.chdir(folder)
    subprocess.run([program, "phantom", "-o", "phantoms", "--count", "2", "--seed", "5", "--size", "320x240"], check=True, capture_output=True)
    picture = [np.array(Image.open("phantoms/phantom_0000%d.png" % k)) for k in (1, 2)]
    cases = {
        "grey": dict(), "rgb": dict(rgb=True, charset="ISO_IR 192", person="\u738b^\u5c0f\u4e1c"), "cut": dict(cut=True),
        "cine": dict(frames=4, cut=True, charset="GB18030", person="\u738b^\u5c0f\u4e1c"), "jpeg": dict(jpeg=True, cut=True),
        "cine_jpeg": dict(frames=3, jpeg=True),
    }
    place = {name: source(name + ".dcm", picture[k % 2], **more) for k, (name, more) in enumerate(cases.items())}
    frame = {"cine": 2, "cine_jpeg": 3}
    arguments = [n + ".dcm" + ("#%d" % frame[n] if n in frame else "") for n in cases]
    for out in ("out", "out2"):
        p = subprocess.run([program, "predict", "--no-risk", "--dicom", "-o", out, *arguments, "phantoms/phantom_00001.png"], capture_output=True, text=True)
        t.must("predict: exit code %d" % p.returncode, p.returncode in (0, 1))
        t.must("predict says why a PNG has no objects", "not DICOM" in p.stderr)
    for name in cases:
        case = "out/" + name + ("-frame%d" % frame[name] if name in frame else "")
        src = pydicom.dcmread(name + ".dcm")
        check_case(t, case, src, frame.get(name), *place[name])
        for path in glob.glob(case + "/*.dcm"):
            t.must(path + ": the same bytes again", open(path, "rb").read() == open(path.replace("out/", "out2/"), "rb").read())
    everything = [n + ".dcm" for n in cases] + sorted(glob.glob("out/*/*.dcm"))
    t.complaint("dcentvfy, over sources and results", ask("dcentvfy", *everything)[1])
    for name in cases:
        out = "anonymous/" + name
        p = subprocess.run([program, "deidentify", name + ".dcm", "-o", out, "--salt", "x"], capture_output=True, text=True)
        t.must("deidentify: exit code %d" % p.returncode, p.returncode == 0)
        t.must("deidentify prints no value", "PID-0815" not in p.stdout + p.stderr)
        check_deidentified(t, glob.glob(out + "/*.dcm")[0], pydicom.dcmread(name + ".dcm"))
    print("%d questions, %d complaints" % (t.asked, t.bad))
    return t.bad != 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as tmp:
        sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else tmp))
