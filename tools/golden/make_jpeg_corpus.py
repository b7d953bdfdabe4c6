#!/usr/bin/env python3
"""Small JPEG files of every kind we read or refuse, and the pixels expected of them.

    make_jpeg_corpus.py TOP        TOP: the source tree; needs cjpeg and djpeg of libjpeg-turbo 2.1, Pillow 9

Writes tests/fuzz/corpus/jpeg/*.jpg and tests/unit/data/image/jpeg_corpus.csv: file, verdict (decode, lenient,
reject), width, height, channels, depth, SHA-256 of the samples (rows, interleaved, 16-bit low byte first), note.
Expected pixels: djpeg -pnm (of the damaged file too: `lenient`); lossless: the samples that were coded.
"""
import csv
import hashlib
import io
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

W, H = 29, 21
rng = np.random.RandomState(7)
y, x = np.mgrid[0:H, 0:W]
COLOUR = np.stack([8 * x + 2 * y, 250 - 9 * y, (5 * x * y) // 6], 2) + rng.randint(-12, 13, (H, W, 3))
COLOUR = np.clip(COLOUR, 0, 255).astype(np.uint8)
COLOUR[5:9, 5:9] = [255, 0, 0]
GREY = COLOUR[..., 0].copy()


def pnm(a):
    return b"P%d\n%d %d\n255\n" % (5 if a.ndim == 2 else 6, a.shape[1], a.shape[0]) + a.tobytes()


def cjpeg(a, *args, scans=None):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        if scans:
            f.write(scans)
            f.flush()
            args += ("-scans", f.name)
        return subprocess.run(["cjpeg", *args], input=pnm(a), capture_output=True, check=True).stdout


def djpeg(data):
    r = subprocess.run(["djpeg", "-pnm"], input=data, capture_output=True)
    assert r.returncode in (0, 2), r.stderr
    head = r.stdout.split(b"\n", 3)
    w, h = map(int, head[1].split())
    a = np.frombuffer(head[3], np.uint8)
    return a.reshape((h, w) if head[0] == b"P5" else (h, w, 3)), r.returncode


def segments(data):
    """(marker, start, end) of each; a scan's end is that of its coded data."""
    at = 2
    while data[at + 1] != 0xD9:
        m, start = data[at + 1], at
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
        if m == 0xDA:
            while data[at] != 0xFF or data[at + 1] == 0 or 0xD0 <= data[at + 1] <= 0xD7:
                at += 1
        yield m, start, at


def cut_after_scan(data, n):
    ends = [e for m, s, e in segments(data) if m == 0xDA]
    return data[:ends[n - 1]] + b"\xff\xd9"


def insert(data, at, more):
    return data[:at] + more + data[at:]


def without(data, marker):
    out = data[:2]
    for m, s, e in segments(data):
        out += b"" if m == marker else data[s:e]
    return out + b"\xff\xd9"


# ---- lossless, T.81 annex H: every difference size has a code of five bits -------------------------

def lossless(a, precision, predictor, shift=0, restart_rows=0):
    a = a[..., None] if a.ndim == 2 else a
    h, w, n = a.shape
    s = a.astype(np.int64) >> shift
    bits = []
    out = b"\xff\xd8\xff\xc3" + struct.pack(">HBHHB", 8 + 3 * n, precision, h, w, n)
    out += b"".join(bytes([k + 1, 0x11, 0]) for k in range(n))
    out += b"\xff\xc4" + struct.pack(">HB", 19 + 17, 0) + bytes([0, 0, 0, 0, 17] + [0] * 11) + bytes(range(17))
    if restart_rows:
        out += b"\xff\xdd" + struct.pack(">HH", 4, restart_rows * w)
    out += b"\xff\xda" + struct.pack(">HB", 6 + 2 * n, n) + b"".join(bytes([k + 1, 0]) for k in range(n))
    out += bytes([predictor, 0, shift])

    def flush():
        t = "".join(bits)
        t += "1" * (-len(t) % 8)
        bits.clear()
        return bytes(int(t[i:i + 8], 2) for i in range(0, len(t), 8)).replace(b"\xff", b"\xff\x00")

    for row in range(h):
        first = row == 0
        if restart_rows and row % restart_rows == 0 and row:
            out += flush() + bytes([0xFF, 0xD0 + (row // restart_rows - 1) % 8])
            first = True
        for col in range(w):
            for k in range(n):
                left = s[row, col - 1, k] if col else 0
                up = s[row - 1, col, k] if row else 0
                corner = s[row - 1, col - 1, k] if row and col else 0
                if col == 0:
                    p = 1 << (precision - shift - 1) if first else up
                elif first:
                    p = left
                else:
                    p = [0, left, up, corner, left + up - corner, left + ((up - corner) >> 1), up + ((left - corner) >> 1),
                         (left + up) >> 1][predictor]
                d = int(s[row, col, k] - p) & 0xFFFF
                d = d if d <= 32768 else d - 65536
                size = 16 if d == 32768 else abs(d).bit_length()
                bits.append(format(size, "05b"))
                if 0 < size < 16:
                    bits.append(format(d if d > 0 else d + (1 << size) - 1, "0%db" % size))
    return out + flush() + b"\xff\xd9", ((s << shift) & 0xFFFF).astype(np.uint8 if precision <= 8 else np.uint16)


def full_range(a, precision):
    full = 255 if precision <= 8 else 65535
    top = (1 << precision) - 1
    return ((a.astype(np.int64) * full + top // 2) // top).astype(a.dtype)


# ---- the files ---------------------------------------------------------------------------------------

def adobe(transform):
    return b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])


def cmyk(transform):
    im = Image.fromarray(np.dstack([COLOUR, 255 - GREY]), "CMYK")
    out = io.BytesIO()
    im.save(out, "JPEG", quality=85)
    data = without(out.getvalue(), 0xEE)
    return insert(data, 2, adobe(transform))


def exif(orientation):
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 8 + len(tiff)) + b"Exif\0\0" + tiff


def files():
    base = cjpeg(COLOUR, "-quality", "85")
    prog = cjpeg(COLOUR, "-quality", "70", "-progressive")
    restart = cjpeg(COLOUR, "-quality", "80", "-restart", "1B")
    yield "baseline_420", base, ""
    for s in ("1x1", "2x1", "1x2", "4x1,1x1,2x1", "1x4,1x2,1x1", "3x1,1x1,1x1", "1x1,2x2,1x2"):
        yield "sampled_" + s.replace(",", "_"), cjpeg(COLOUR, "-quality", "60", "-sample", s), ""
    yield "grey", cjpeg(GREY, "-quality", "40"), ""
    yield "grey_2x2", insert_sampling(cjpeg(GREY, "-quality", "90")), "one component's factors do not matter"
    yield "rgb", cjpeg(COLOUR, "-quality", "90", "-rgb"), "identifiers R G B, no markers"
    yield "adobe_rgb", insert(without(cjpeg(COLOUR, "-quality", "90", "-sample", "1x1"), 0xE0), 2, adobe(0)), "Adobe transform 0"
    yield "cmyk", cmyk(0), ""
    yield "ycck", cmyk(2), ""
    yield "quant_16_bits", cjpeg(COLOUR, "-quality", "1"), "extended sequential"
    yield "optimised", cjpeg(COLOUR, "-quality", "95", "-optimize"), ""
    yield "restart", restart, ""
    yield "scans", cjpeg(COLOUR, "-quality", "75", scans="0;\n1 2;\n"), "not interleaved"
    yield "progressive", prog, ""
    yield "progressive_restart", cjpeg(COLOUR, "-quality", "90", "-progressive", "-restart", "2B", "-sample", "1x1"), ""
    yield "progressive_grey", cjpeg(GREY, "-quality", "50", "-progressive"), ""
    for n in (1, 2, 4, 7):
        yield "unfinished_%d" % n, cut_after_scan(prog, n), "missing scans are estimated"
    yield "default_tables", without(base, 0xC4), "no Huffman tables: those of Motion JPEG"
    yield "exif_6", insert(base, 20, exif(6)), "EXIF orientation 6"
    sos = next(s for m, s, e in segments(base) if m == 0xDA)
    yield "fill_bytes", insert(base, sos, b"\xff\xff\xff"), "fill bytes before a marker"
    yield "trailing", base + bytes(6), "zero bytes after the end, as DICOM pads"
    # damaged
    yield "cut", base[:-150], ""
    scans = [(s, e) for m, s, e in segments(prog) if m == 0xDA]
    yield "cut_progressive", prog[:(scans[5][0] + scans[5][1]) // 2], "inside its sixth scan"
    yield "no_end", base[:-2], "no end of image"
    at = restart.find(b"\xff\xd1")
    yield "lost_restart", restart[:at] + restart[at + 2:], "a restart marker lost"
    at = restart.find(b"\xff\xd2")
    yield "wrong_restart", restart[:at + 1] + b"\xd5" + restart[at + 2:], "a restart marker with another number"
    yield "stray_bytes", insert(base, sos, b"stray"), "bytes between segments"
    at = sos + 14 + 40
    yield "bad_code", base[:at] + b"\xfe" * 12 + base[at + 12:], "no such code"
    # refused
    sof = next(s for m, s, e in segments(base) if m == 0xC0)
    for m, name in ((0xC5, "hierarchical"), (0xC9, "arithmetic"), (0xCA, "arithmetic_progressive"), (0xCB, "arithmetic_lossless")):
        yield "refused_" + name, base[:sof + 1] + bytes([m]) + base[sof + 2:], None
    yield "refused_12_bits", base[:sof + 1] + b"\xc1" + base[sof + 2:sof + 4] + b"\x0c" + base[sof + 5:], None
    yield "refused_ratio", base[:sof + 11] + b"\x31" + base[sof + 12:sof + 14] + b"\x21" + base[sof + 15:], None
    yield "refused_claim", prog_claim(prog), None


def insert_sampling(data):
    sof = next(s for m, s, e in segments(data) if m == 0xC0)
    return data[:sof + 11] + b"\x22" + data[sof + 12:]


def prog_claim(data):
    sof = next(s for m, s, e in segments(data) if m == 0xC2)
    return data[:sof + 5] + struct.pack(">HH", 8000, 16000) + data[sof + 9:]


def dnl(data):
    """The height told after the scan."""
    sof = next(s for m, s, e in segments(data) if m == 0xC0)
    height = data[sof + 5:sof + 7]
    return data[:sof + 5] + b"\0\0" + data[sof + 7:-2] + b"\xff\xdc\x00\x04" + height + b"\xff\xd9"


def lossless_files():
    wide = (COLOUR[..., 0].astype(np.uint16) * 257) ^ (COLOUR[..., 1] & 3)
    for p in range(1, 8):
        yield "lossless_predictor_%d" % p, lossless(GREY, 8, p), 8
    yield "lossless_16", lossless(wide, 16, 4, restart_rows=5), 16
    yield "lossless_12_shift_2", lossless(wide >> 4, 12, 6, shift=2), 12
    yield "lossless_2", lossless(GREY >> 6, 2, 1), 2
    yield "lossless_rgb", lossless(COLOUR, 8, 7, restart_rows=1), 8


def row(name, verdict, a, note):
    if a is None:
        return ["%s.jpg" % name, verdict, "", "", "", "", "", note]
    d = a.astype("<u2") if a.dtype == np.uint16 else a
    return ["%s.jpg" % name, verdict, a.shape[1], a.shape[0], 1 if a.ndim == 2 or a.shape[2] == 1 else a.shape[2],
            8 * a.dtype.itemsize, hashlib.sha256(np.ascontiguousarray(d).tobytes()).hexdigest(), note]


def main():
    folder = os.path.join(sys.argv[1], "tests/fuzz/corpus/jpeg")
    os.makedirs(folder, exist_ok=True)
    rows = []

    def put(name, data, *rest):
        open(os.path.join(folder, name + ".jpg"), "wb").write(data)
        rows.append(row(name, *rest))

    for name, data, note in files():
        if note is None:
            put(name, data, "reject", None, "")
            continue
        a, code = djpeg(data)
        put(name, data, "lenient" if code else "decode", a, note)
    base = cjpeg(COLOUR, "-quality", "85", "-sample", "1x1")
    put("height_behind", dnl(base), "decode", djpeg(base)[0], "height in a DNL segment; djpeg does not read it")
    for name, (data, a), precision in lossless_files():
        put(name, data, "decode", full_range(a, precision), "")
    with open(os.path.join(sys.argv[1], "tests/unit/data/image/jpeg_corpus.csv"), "w") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["file", "verdict", "width", "height", "channels", "depth", "sha256", "note"])
        out.writerows(sorted(rows, key=lambda r: r[0]))


if __name__ == "__main__":
    main()
