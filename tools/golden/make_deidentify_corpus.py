#!/usr/bin/env python3
"""Small DICOM files for the fuzzer of de-identification, made here and from nothing else.

    make_deidentify_corpus.py OUT      OUT: tests/fuzz/corpus/deidentify

Some of make_dicom_corpus.py's, with a patient, UIDs, private and nested elements, dates, and a region.
"""
import sys

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

import make_dicom_corpus as base

TAKEN = ("native.0", "native.1", "native.2", "signed", "planes", "ybr422", "palette8", "rle31", "rle_table",
         "jpeg_422", "jpeg_frames", "nested.1", "text_gb")


def name(ds):
    ds.SOPInstanceUID, ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3", "1.2.4", "1.2.5"
    if "PatientName" not in ds:
        ds.PatientName = "Doe^Jane"
    ds.PatientID, ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "77", "19500101", "F", "074Y"
    ds.StudyDate, ds.ContentDate, ds.StudyTime, ds.AcquisitionDateTime = "20240101", "20240102", "101112.5", "20240101101112"
    ds.InstitutionName, ds.StudyDescription, ds.DeviceSerialNumber = "Clinic", "Breast", "S1"
    ds.add_new(0x00090010, "LO", "MAKER")
    ds.add_new(0x00091001, "LO", "Jane")
    ref = Dataset()
    ref.ReferencedSOPClassUID, ref.ReferencedSOPInstanceUID = ds.SOPClassUID, "1.2.3"
    ref.PatientName = "Doe^Jane"
    ds.ReferencedImageSequence = Sequence([ref, Dataset()])
    ds.RequestAttributesSequence = Sequence([Dataset()])


def main(out):
    for k, (stem, ds) in enumerate(f for f in base.files() if f[0] in TAKEN):
        name(ds)
        if k % 3 != 2:
            ds.SequenceOfUltrasoundRegions = Sequence([base.region(1, 1, 5, 4)])
        if stem == "nested.1": # as objects of functional groups look
            ds.SharedFunctionalGroupsSequence = Sequence([Dataset()])
            ds.PerFrameFunctionalGroupsSequence = Sequence([Dataset()])
        ds.save_as("%s/%s" % (out, stem), write_like_original=False)


if __name__ == "__main__":
    main(sys.argv[1])
