#!/usr/bin/env python3
"""Small DICOM files for the fuzzer, made here and from nothing else.

    make_dicom_corpus.py OUT      OUT: tests/fuzz/corpus/dicom

One file for each road through the reader: syntaxes, photometric interpretations, bit depths, offset tables,
palettes, windows, regions, sequences, character sets. Needs pydicom and cjpeg.
"""
import struct
import subprocess
import sys
import zlib

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.pixel_data_handlers.rle_handler import rle_encode_frame
from pydicom.sequence import Sequence
from pydicom.uid import UID
from pydicom.valuerep import PersonName

BASE = "1.2.840.10008.1.2"
rng = np.random.default_rng(7)


def blank(syntax, **values):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(BASE + syntax)
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.6.1")
    meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    ds = FileDataset("x", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.is_little_endian = syntax != ".2"
    ds.is_implicit_VR = syntax == ""
    ds.SOPClassUID = meta.MediaStorageSOPClassUID
    ds.Modality = "US"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = 6, 8
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    for k, v in values.items():
        setattr(ds, k, v)
    return ds


def noise(n):
    return rng.integers(0, 256, n, dtype=np.uint8).tobytes()


def colour(**more):
    return dict(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0, **more)


def wide(**more):
    return dict(BitsAllocated=16, BitsStored=12, HighBit=11, **more)


def jpeg(channels, *options):
    head = b"P%d\n8 6\n255\n" % (6 if channels == 3 else 5)
    return subprocess.run(["cjpeg", "-optimize", *options], input=head + noise(48 * channels), capture_output=True, check=True).stdout


def rle(samples, bytes_):
    a = rng.integers(0, 3, (6, 8, samples) if samples > 1 else (6, 8)).astype("u%d" % bytes_)
    return bytes(rle_encode_frame(a))


def palette(ds, bits, first=0, n=64):
    for c, name in enumerate(("Red", "Green", "Blue")):
        setattr(ds, name + "PaletteColorLookupTableDescriptor", [n, first, bits])
        setattr(ds, name + "PaletteColorLookupTableData", noise(2 * n) if bits == 16 else noise(n))


def segmented(ds):
    codes = [0, 4, 0, 10000, 20000, 30000, 1, 28, 60000, 2, 2, 0, 0]
    for name in ("Red", "Green", "Blue"):
        setattr(ds, name + "PaletteColorLookupTableDescriptor", [64, 0, 16])
        setattr(ds, "Segmented" + name + "PaletteColorLookupTableData", struct.pack("<%dH" % len(codes), *codes))


def region(x0, y0, x1, y1, delta=0.02, data_type=1):
    r = Dataset()
    r.RegionSpatialFormat, r.RegionDataType, r.RegionFlags = 1, data_type, 3
    r.RegionLocationMinX0, r.RegionLocationMinY0, r.RegionLocationMaxX1, r.RegionLocationMaxY1 = x0, y0, x1, y1
    r.PhysicalUnitsXDirection = r.PhysicalUnitsYDirection = 3
    r.PhysicalDeltaX = r.PhysicalDeltaY = delta
    return r


def files():
    for syntax in ("", ".1", ".2"):
        yield "native" + (syntax or ".0"), blank(syntax, PixelData=noise(48))
        yield "wide" + (syntax or ".0"), blank(syntax, **wide(PixelData=noise(96), RescaleSlope=2, RescaleIntercept=-100, WindowCenter=[300, 20], WindowWidth=[500, 30]))
    yield "signed", blank(".1", **wide(PixelRepresentation=1, PhotometricInterpretation="MONOCHROME1", VOILUTFunction="SIGMOID", WindowCenter=0, WindowWidth=900, PixelData=noise(96)))
    yield "exact", blank(".1", VOILUTFunction="LINEAR_EXACT", WindowCenter=9, WindowWidth=0.5, BurnedInAnnotation="YES", PixelData=noise(48))
    yield "one_bit", blank(".1", BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3, PixelData=noise(18))
    yield "twelve_bits", blank(".1", BitsAllocated=12, BitsStored=12, HighBit=11, PixelData=noise(72))
    yield "long", blank("", BitsAllocated=32, BitsStored=32, HighBit=31, NumberOfFrames=2, PixelData=noise(384))
    yield "rgb", blank(".1", **colour(PixelData=noise(144)))
    yield "planes", blank(".1", **dict(colour(PixelData=noise(144)), PlanarConfiguration=1))
    yield "ybr", blank(".1", **dict(colour(PixelData=noise(144)), PhotometricInterpretation="YBR_FULL"))
    yield "ybr422", blank(".1", **dict(colour(PixelData=noise(96)), PhotometricInterpretation="YBR_FULL_422"))
    yield "partial422", blank(".1", **dict(colour(PixelData=noise(96)), PhotometricInterpretation="YBR_PARTIAL_422"))
    for bits in (8, 16):
        ds = blank(".1", PhotometricInterpretation="PALETTE COLOR", PixelData=noise(48))
        palette(ds, bits, first=3)
        yield "palette%d" % bits, ds
    ds = blank(".1", PhotometricInterpretation="PALETTE COLOR", PixelData=noise(48))
    segmented(ds)
    yield "segmented", ds
    ds = blank(".1", **wide(PixelData=noise(96)))
    lut = Dataset()
    lut.LUTDescriptor, lut.LUTData = [16, 5, 16], struct.pack("<16H", *range(0, 65536, 4096))
    ds.ModalityLUTSequence, ds.VOILUTSequence = Sequence([lut]), Sequence([lut])
    yield "luts", ds
    for samples, bytes_ in ((1, 1), (3, 1), (1, 2)):
        more = colour() if samples == 3 else wide() if bytes_ == 2 else {}
        yield "rle%d%d" % (samples, bytes_), blank(".5", **dict(more, PixelData=encapsulate([rle(samples, bytes_)])))
    frames = [rle(1, 1) for _ in range(3)]
    yield "rle_table", blank(".5", NumberOfFrames=3, PixelData=encapsulate(frames, fragments_per_frame=2))
    data, table, lengths = encapsulate_extended(frames)
    yield "rle_extended", blank(".5", NumberOfFrames=3, ExtendedOffsetTable=table, ExtendedOffsetTableLengths=lengths, PixelData=data)
    yield "jpeg_grey", blank(".4.50", PixelData=encapsulate([jpeg(1, "-grayscale")]))
    for name, kind, options in (("rgb", "RGB", ["-rgb"]), ("422", "YBR_FULL_422", ["-sample", "2x1"]), ("liar", "RGB", [])):
        yield "jpeg_" + name, blank(".4.50", **dict(colour(PixelData=encapsulate([jpeg(3, *options)])), PhotometricInterpretation=kind))
    yield "jpeg_frames", blank(".4.50", NumberOfFrames=2, PixelData=encapsulate([jpeg(1, "-grayscale")] * 2, fragments_per_frame=3, has_bot=False))
    ds = blank(".1", **dict(colour(Rows=12, Columns=20, PixelData=noise(720)), PixelSpacing=[0.1, 0.1]))
    ds.SequenceOfUltrasoundRegions = Sequence([region(0, 0, 9, 11), region(10, 0, 25, 11), region(2, 2, 5, 5, data_type=2)])
    yield "regions", ds
    for name, term, text in (("latin", "ISO_IR 100", "M\u00fcller^J\u00f6rg"), ("utf8", "ISO_IR 192", "\u738b^\u5c0f\u4e1c"), ("gb", "GB18030", "\u738b^\u5c0f\u4e1c"),
                             ("japan", ["", "ISO 2022 IR 87"], "Yamada^Tarou=\u5c71\u7530^\u592a\u90ce"), ("korea", ["", "ISO 2022 IR 149"], "Hong^Gildong=\u6d2a^\u5409\u6d1e")):
        yield "text_" + name, blank(".1", SpecificCharacterSet=term, PatientName=text, PixelData=noise(48))
    inner = Dataset()
    inner.CodeValue, inner.CodeMeaning = "1", "two"
    outer = Dataset()
    outer.PurposeOfReferenceCodeSequence = Sequence([inner, inner])
    for syntax in ("", ".1"):
        ds = blank(syntax, PixelData=noise(48))
        ds.SourceImageSequence = Sequence([outer, Dataset()])
        ds.add_new(0x00091001, "UN", noise(6))
        ds["SourceImageSequence"].is_undefined_length = syntax == ""
        yield "nested" + (syntax or ".0"), ds
    chinese = PersonName(b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab")  # PS3.5 K.2; pydicom's encoder leaves the escapes out
    yield "text_china", blank(".1", SpecificCharacterSet=["", "ISO 2022 IR 58"], PatientName=chinese, PixelData=noise(48))
    yield "jpeg_cut", blank(".4.50", PixelData=encapsulate([jpeg(1, "-grayscale")[:-30]]))


def main(out):
    for name, ds in files():
        ds.save_as("%s/%s" % (out, name), write_like_original=False)
    plain = open(out + "/native.1", "rb").read()
    start = 132 + 12 + struct.unpack("<I", plain[140:144])[0]
    open(out + "/bare", "wb").write(open(out + "/native.0", "rb").read()[132 + 12 + struct.unpack("<I", open(out + "/native.0", "rb").read()[140:144])[0]:])
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = bytearray(plain[:start])
    uid = (BASE + ".1\0").encode()
    at = head.index(uid)
    head[at - 2:at + len(uid)] = struct.pack("<H", 22) + (BASE + ".1.99").encode()
    head[140:144] = struct.pack("<I", len(head) - 144)
    open(out + "/deflated", "wb").write(bytes(head) + squeeze.compress(plain[start:]) + squeeze.flush())


if __name__ == "__main__":
    main(sys.argv[1])
