#!/usr/bin/env python3
"""Expected results of the image readers and the resize rules, as tables of SHA-256.

    make_image_golden.py DATA OUT      DATA: the folder of real test material; OUT: tests/unit/data/image

Written: png.csv bmp.csv pnm.csv jpeg.csv (one row per file of DATA) and resize.csv (self-made pictures).
The digest is of the decoded samples as sentinode's .npy output has them: rows top to bottom,
channels interleaved, 16-bit samples low byte first.

Oracles. PNG: the decoder below, written for this purpose on Python's zlib, and required to agree
with Pillow wherever Pillow keeps all of a picture, and with PngSuite's published pixel values
where present. BMP: Pillow; for what it does not read, the reference picture beside the file or
the bit fields taken apart by numpy. PNM: Pillow or numpy.
JPEG: djpeg of libjpeg-turbo 2.1, of damaged files too (`lenient`). Resize: Pillow 9.4, torch 1.13, OpenCV 4.6.
"""
import csv
import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
from PIL import Image

Image.MAX_IMAGE_PIXELS = None


def digest(a):
    return hashlib.sha256(np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<")).tobytes()).hexdigest()


def shape(a):
    return [a.shape[1], a.shape[0], 1 if a.ndim == 2 else a.shape[2], 8 if a.dtype == np.uint8 else 16]


# ---- PNG -------------------------------------------------------------------------------------

ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def unfilter(raw, pos, h, n, bpp):
    prev, rows = bytearray(n), []
    for _ in range(h):
        kind, row = raw[pos], bytearray(raw[pos + 1:pos + 1 + n])
        pos += n + 1
        for i in range(n):
            a = row[i - bpp] if i >= bpp else 0
            c = prev[i - bpp] if i >= bpp else 0
            b = prev[i]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, paeth(a, b, c))[kind]) & 255
        rows.append(row)
        prev = row
    return rows, pos


def png_reference(data):
    chunks, pos = [], 8
    while pos + 12 <= len(data):
        n, = struct.unpack(">I", data[pos:pos + 4])
        chunks.append((data[pos + 4:pos + 8], data[pos + 8:pos + 8 + n]))
        pos += n + 12
        if chunks[-1][0] == b"IEND":
            break
    one = {}
    for name, body in chunks:
        one.setdefault(name, body)
    w, h, depth, colour, _, _, lace = struct.unpack(">IIBBBBB", one[b"IHDR"])
    raw = zlib.decompress(b"".join(b for n, b in chunks if n == b"IDAT"))
    spp = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    out = np.zeros((h, w, spp), np.uint16)
    at = 0
    for x0, y0, dx, dy in ADAM7 if lace else [(0, 0, 1, 1)]:
        pw, ph = -(-(w - x0) // dx), -(-(h - y0) // dy)
        if pw <= 0 or ph <= 0:
            continue
        n = (pw * spp * depth + 7) // 8
        rows, at = unfilter(raw, at, ph, n, max(1, spp * depth // 8))
        for k, row in enumerate(rows):
            bits = np.unpackbits(np.frombuffer(bytes(row), np.uint8))[:pw * spp * depth].reshape(-1, depth)
            v = bits.astype(np.uint32) @ (1 << np.arange(depth - 1, -1, -1, dtype=np.uint32))
            out[y0 + k * dy, x0::dx] = v.reshape(pw, spp)
    trns = one.get(b"tRNS")
    if colour == 3:
        pal = np.zeros((256, 3), np.uint8)
        plte = np.frombuffer(one[b"PLTE"], np.uint8).reshape(-1, 3)
        pal[:len(plte)] = plte
        rgb = pal[out[..., 0]]
        if trns is None:
            return rgb
        alpha = np.full(256, 255, np.uint8)
        alpha[:len(trns)] = np.frombuffer(trns, np.uint8)
        return np.concatenate([rgb, alpha[out]], 2)
    full = 65535 if depth == 16 else 255
    if trns is not None and colour in (0, 2):
        key = np.array(struct.unpack(">%dH" % spp, trns))
        out = np.concatenate([out, np.where((out == key).all(2, keepdims=True), 0, (1 << depth) - 1)], 2)
    out = out * (255 // ((1 << depth) - 1) if depth < 8 else 1)
    assert out.max() <= full
    out = out.astype(np.uint16 if depth == 16 else np.uint8)
    return out[..., 0] if out.shape[2] == 1 else out


def to_rgba8(a):
    if a.dtype == np.uint16:
        a = (a >> 8).astype(np.uint8)
    a = a[..., None] if a.ndim == 2 else a
    c = a.shape[2]
    rgb = np.repeat(a[..., :1], 3, 2) if c < 3 else a[..., :3]
    return np.concatenate([rgb, a[..., c - 1:] if c in (2, 4) else np.full(a.shape[:2] + (1,), 255, np.uint8)], 2)


# Verdicts of ours that differ from the index's, and pictures where Pillow differs from the standard.
PNG_NOTES = {
    "png_other/image-png__issue_1825.png": ("decode", "a second iCCP chunk; colour profiles are ignored"),
    "png_other/image__issue_2026.png": ("decode", "tEXt without a keyword; texts are ignored"),
    "png_other/libspng__unknown.png": ("decode", "unregistered ancillary chunk; the standard says skip"),
    "png_other/pillow__chunk_no_fctl.png": ("decode", "faulty animation; only the still picture is read"),
    "png_other/libspng__huge_IDAT.png": ("reject", "truncated: IDAT of 1 GB in a file of 88 bytes"),
    "png_other/libspng__missing_plte.png": ("reject", "palette picture without palette"),
    "png_other/zune__948633673a35fcaf8e7642f084e3e661327304e9.crash": ("reject", "wrong CRC of an animation chunk"),
}


def png_rows(data):
    for r in csv.DictReader(open(data + "/png/index.csv")):
        path = "png/" + r["file"]
        if not r["file"].endswith((".png", ".crash")):
            continue
        raw = open(data + "/" + path, "rb").read()
        verdict, note = PNG_NOTES.get(r["file"], (r["expected"], ""))
        assert verdict in ("decode", "reject"), r["file"]
        if verdict == "reject":
            yield [path, verdict, "", "", "", "", "", note]
            continue
        if raw[:2] == b"P4":
            a = np.asarray(Image.open(io.BytesIO(raw))).astype(np.uint8) * 255
        else:
            a = png_reference(raw)
        try:
            im = Image.open(io.BytesIO(raw))
            pil = np.asarray(im.convert("RGBA"))
            full = im.mode[0] != "I"
        except Exception as e:
            pil, note = None, note or "Pillow: %s" % e
        if pil is not None and full and (pil != to_rgba8(a)).any():
            if b"tRNS" in raw and im.mode in ("1", "L"):
                note = "Pillow applies the transparent grey of 1 to 4 bits to scaled samples, or not at all"
            elif "small-palette" in path:
                note = "indices beyond the palette: black here and in libpng"
            elif r["bit_depth"] == "16" and im.mode == "RGBA" and b"tRNS" in raw:
                note = "Pillow compares the transparent colour after the reduction to 8 bits"
            else:
                raise SystemExit("unexplained difference from Pillow: " + path)
        ref = "%s/png/pngsuite_ref_json/%s.json" % (data, os.path.basename(path)[:-4])
        if path.startswith("png/pngsuite/") and os.path.exists(ref):
            want = np.array(json.load(open(ref)))
            c = a[..., None] if a.ndim == 2 else a
            k = c.shape[2]
            rgb = np.repeat(c[..., :1], 3, 2) if k < 3 else c[..., :3]
            top = np.full(c.shape[:2] + (1,), 65535 if a.dtype == np.uint16 else 255)
            mine = np.concatenate([rgb, c[..., k - 1:] if k in (2, 4) else top], 2)
            assert (want.reshape(mine.shape) == mine).all(), path
        yield [path, verdict] + shape(a) + [digest(a), note]


# ---- BMP -------------------------------------------------------------------------------------

def bmp_fields(raw):
    """Uncompressed 16- and 32-bit pictures by numpy: floor(v * 255 / (2^n - 1))."""
    offset, header, w, h, _, bits, comp = struct.unpack("<IIiiHHI", raw[10:34])
    masks = [0x7C00, 0x3E0, 0x1F, 0]
    if comp == 3:
        masks = list(struct.unpack("<3I", raw[54:66])) + [struct.unpack("<I", raw[66:70])[0] if header >= 56 else 0]
    stride = (w * bits + 31) // 32 * 4
    rows = np.frombuffer(raw[offset:offset + stride * abs(h)], "<u%d" % (bits // 8)).reshape(abs(h), -1)[:, :w]
    rows = rows[::-1] if h > 0 else rows
    planes = []
    for m in masks if masks[3] else masks[:3]:
        if m == 0:
            planes.append(np.zeros(rows.shape, np.uint8))
            continue
        shift = (m & -m).bit_length() - 1
        planes.append((((rows.astype(np.uint64) & np.uint64(m)) >> np.uint64(shift)) * 255 // (m >> shift)).astype(np.uint8))
    return np.stack(planes, 2)


def bmp_pal2(raw):
    offset, header, w, h = struct.unpack("<IIii", raw[10:26])
    n = struct.unpack("<I", raw[46:50])[0] or 4
    pal = np.frombuffer(raw[14 + header:14 + header + 4 * n], np.uint8).reshape(-1, 4)[:, 2::-1]
    stride = (w * 2 + 31) // 32 * 4
    rows = np.frombuffer(raw[offset:offset + stride * h], np.uint8).reshape(h, stride)[::-1]
    bits = np.unpackbits(rows, axis=1)[:, :2 * w].reshape(h, w, 2)
    return pal[bits[..., 0] * 2 + bits[..., 1]]


def bmp_badindex(raw):
    offset, header, w, h = struct.unpack("<IIii", raw[10:26])
    pal = np.zeros((256, 3), np.uint8)
    n, = struct.unpack("<I", raw[46:50])
    pal[:n] = np.frombuffer(raw[54:54 + 4 * n], np.uint8).reshape(-1, 4)[:, 2::-1]
    return pal[np.frombuffer(raw[offset:], np.uint8)[:h * 128].reshape(h, 128)[::-1, :w]]


BMP_NOTES = {
    "image__Bad_clrsUsed.bmp": ("reject", "4 billion palette colours"),
    "image__Bad_height.bmp": ("reject", "beyond the size limit"),
    "image__Bad_width.bmp": ("reject", "beyond the size limit"),
    "pillow__badbitcount.bmp": ("reject", "30000 bits per pixel"),
    "pillow__badheadersize.bmp": ("reject", "header of 66 bytes"),
    "pillow__badplanes.bmp": ("reject", "30000 planes; Pillow does not look"),
    "pillow__badrle.bmp": ("reject", "a move leaves the picture; Pillow goes on"),
    "pillow__mmap_error.bmp": ("reject", "pixel data lie on the palette; Pillow shows the palette as pixels"),
    "pillow__rgb24jpeg.bmp": ("reject", "embedded JPEG"),
    "image__pal4rlecut.bmp": ("ref", "pixels the run lengths skip are black, as in the reference picture, unlike Pillow"),
    "pillow__pal8badindex.bmp": ("badindex", "indices beyond the palette are black; Pillow makes up colours"),
    "image__rgba32-61754.bmp": ("fields", "the reference picture rounds to nearest where we take the floor: 1 level"),
}


def bmp_rows(data):
    for r in csv.DictReader(open(data + "/bmp/index.csv")):
        path = "bmp/" + r["file"]
        raw = open(data + "/" + path, "rb").read()
        ref = data + "/bmp/" + r["reference_png"] if r["reference_png"] else None
        how, note = BMP_NOTES.get(r["file"], ("", ""))
        if how == "reject":
            yield [path, how, "", "", "", "", "", note]
            continue
        bits, comp = struct.unpack("<HI", raw[28:34]) if raw[14] != 12 else (0, 0)
        if how == "badindex":
            a = bmp_badindex(raw)
        elif how == "ref":
            a = np.asarray(Image.open(ref).convert("RGB"))
        elif how == "fields" or (r["pillow"] == "fail" and comp == 3):
            a = bmp_fields(raw)
            note = note or "bit fields by numpy"
        elif r["pillow"] == "fail" and bits == 2:
            a = bmp_pal2(raw)
            note = "2-bit palette by numpy"
        elif r["pillow"] == "fail":
            a = np.asarray(Image.open(ref).convert("RGB"))
            note = "reference picture"
        else:
            im = Image.open(io.BytesIO(raw))
            a = np.asarray(im.convert("RGBA" if im.mode == "RGBA" else "RGB"))
        if ref and how != "fields":
            b = np.asarray(Image.open(ref))
            b = b if a.shape == b.shape else np.asarray(Image.open(ref).convert("RGBA" if a.shape[2] == 4 else "RGB"))
            assert (a == b).all(), path
        yield [path, "decode"] + shape(a) + [digest(a), note]


# ---- PNM -------------------------------------------------------------------------------------

def pnm_rows(data):
    for r in csv.DictReader(open(data + "/pnm/index.csv")):
        path = "pnm/" + r["file"]
        raw = open(data + "/" + path, "rb").read()
        if r["pillow"] == "fail":
            yield [path, "reject", "", "", "", "", "", "PFM" if raw[:2] == b"Pf" else "negative size"]
            continue
        im, note = Image.open(io.BytesIO(raw)), ""
        a = np.asarray(im)
        if im.mode == "1":
            a = a.astype(np.uint8) * 255
        elif im.mode == "I":
            a = a.astype(np.uint16)
        elif raw[:2] == b"P6" and raw.split(None, 4)[3] == b"65535":
            n = a.size * 2
            a = np.frombuffer(raw[-n:], ">u2").astype(np.uint16).reshape(a.shape)
            note = "16 bits kept; Pillow reduces them to 8"
        yield [path, "decode"] + shape(a) + [digest(a), note]


# ---- JPEG ------------------------------------------------------------------------------------

JPEG_NOTES = {
    "jpeg-decoder__extraneous-data.jpg": ("decode", "3 bytes too many at a scan's end: up to 7 are passed over"),
    "jpeg-decoder__invalid-prediction-shift.jpg": ("reject", "point transform 12 of 8 bits"),
    "pylj__O1.JPG": ("reject", "lossless and subsampled"),
}


def djpeg(raw):
    r = subprocess.run(["djpeg", "-pnm"], input=raw, capture_output=True)
    if r.returncode not in (0, 2):
        return None
    head = r.stdout.split(b"\n", 3)
    w, h = map(int, head[1].split())
    return np.frombuffer(head[3], np.uint8).reshape((h, w) if head[0] == b"P5" else (h, w, 3))


def jpeg_rows(data):
    for r in csv.DictReader(open(data + "/jpeg/index.csv")):
        path = "jpeg/" + r["file"]
        raw = open(data + "/" + path, "rb").read()
        verdict = {"decode": "decode", "corrupt_recoverable": "lenient"}.get(r["expected"], "reject")
        verdict, note = JPEG_NOTES.get(os.path.basename(path), (verdict, ""))
        lossless = r["sof"] == "SOF3" and r["components"] == "1" and not note
        if lossless:
            ref = Image.open("%s/%s.ref.png" % (data, path[:-4]))
            verdict, note = "decode", "lossless, which djpeg 2.1 does not read: the picture beside the file"
            a = np.asarray(ref).astype(np.uint16)
        elif verdict == "reject":
            yield [path, verdict, "", "", "", "", "", note]
            continue
        else:
            a = djpeg(raw)
        yield [path, verdict] + shape(a) + [digest(a), note]


# ---- resize ----------------------------------------------------------------------------------

M64 = (1 << 64) - 1


def splitmix_bytes(seed, n):
    """The first n bytes of splitmix64's numbers, each low byte first: sn_rng_next in base/rng.c."""
    out, state = bytearray(), seed
    while len(out) < n:
        state = (state + 0x9E3779B97F4A7C15) & M64
        z = state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & M64
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & M64
        out += struct.pack("<Q", z ^ z >> 31)
    return bytes(out[:n])


def picture(kind, seed, w, h, c):
    """noise; binary: its top bits as 0 and 255; ramp: (7 x + 3 y + 50 channel) mod 256."""
    if kind == "ramp":
        y, x, k = np.meshgrid(np.arange(h), np.arange(w), np.arange(c), indexing="ij")
        return ((7 * x + 3 * y + 50 * k) % 256).astype(np.uint8)
    a = np.frombuffer(splitmix_bytes(seed, w * h * c), np.uint8).reshape(h, w, c)
    return a if kind == "noise" else (a >> 7) * np.uint8(255)


def resize_reference(rule, a, w, h):
    import cv2
    import torch
    c = a.shape[2]
    if rule.startswith("pillow"):
        im = Image.fromarray(a[..., 0] if c == 1 else a, {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[c])
        return np.asarray(im.resize((w, h), Image.BILINEAR if rule == "pillow-bilinear" else Image.BICUBIC))
    if rule == "torch-bilinear":
        # one channel takes another path in torch, whose last bit differs: duplicated here
        x = torch.from_numpy(np.repeat(a, 2, 2) if c == 1 else a.copy()).permute(2, 0, 1)[None].float().contiguous()
        y = torch.nn.functional.interpolate(x, size=(h, w), mode="bilinear", align_corners=False)[0]
        return torch.round(y).to(torch.uint8).permute(1, 2, 0).numpy()[..., :c]
    if rule == "opencv-linear":
        return cv2.resize(a, (w, h), interpolation=cv2.INTER_LINEAR)
    return a[np.arange(h) * a.shape[0] // h][:, np.arange(w) * a.shape[1] // w]


def resize_rows():
    sizes = [(1, 1, 1, 1), (1, 1, 5, 3), (5, 3, 1, 1), (1, 9, 4, 2), (9, 1, 2, 4), (2, 2, 7, 7), (7, 7, 2, 2), (16, 16, 8, 8),
             (17, 13, 16, 12), (31, 8, 31, 20), (31, 8, 12, 8), (33, 33, 33, 33), (64, 48, 224, 224), (97, 131, 32, 32),
             (256, 3, 10, 9), (100, 100, 300, 7), (250, 180, 96, 96), (200, 150, 199, 151), (128, 128, 64, 64), (3, 300, 3, 2)]
    seed = 1000
    for rule in ("pillow-bilinear", "pillow-bicubic", "torch-bilinear", "opencv-linear", "nearest"):
        for i, (iw, ih, ow, oh) in enumerate(sizes):
            for c in (1, 2, 3, 4):
                kind = ("noise", "binary", "ramp")[(i + c) % 3]
                seed += 1
                a = picture(kind, seed, iw, ih, c)
                b = np.asarray(resize_reference(rule, a, ow, oh))
                yield [rule, kind, seed, iw, ih, c, ow, oh, digest(b)]


def write(path, head, rows):
    with open(path, "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(head)
        out.writerows(rows)


def main():
    data, out = sys.argv[1:3]
    head = ["file", "verdict", "width", "height", "channels", "depth", "sha256", "note"]
    write(out + "/png.csv", head, png_rows(data))
    write(out + "/bmp.csv", head, bmp_rows(data))
    write(out + "/pnm.csv", head, pnm_rows(data))
    write(out + "/jpeg.csv", head, jpeg_rows(data))
    write(out + "/resize.csv", ["rule", "picture", "seed", "iw", "ih", "channels", "ow", "oh", "sha256"], resize_rows())


if __name__ == "__main__":
    main()
