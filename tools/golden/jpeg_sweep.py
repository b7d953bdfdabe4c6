#!/usr/bin/env python3
"""Our JPEG decoder against djpeg (libjpeg-turbo), bit for bit, on pictures made with cjpeg.

    make lib && python3 tools/golden/jpeg_sweep.py build/libsentinode.so [CASES [SEED]]

Each case: a random size, content, sampling, quality, progressive or sequential (interleaved or not),
restart interval, grey or colour, sometimes cut short or damaged. Undamaged files are decoded strictly,
damaged ones leniently; pixels must be those of `djpeg -pnm`, and what djpeg gives up on must fail or be
marked. Prints the cases that differ; exit 1 if any does. SIMD and scalar decoding are both compared.
"""
import ctypes
import hashlib
import os
import random
import subprocess
import sys
import tempfile


class Image(ctypes.Structure):
    _fields_ = [("width", ctypes.c_uint32), ("height", ctypes.c_uint32), ("channels", ctypes.c_int), ("depth", ctypes.c_int),
                ("data", ctypes.c_void_p), ("orientation", ctypes.c_int), ("damaged", ctypes.c_bool),
                ("format", ctypes.c_char * 16), ("detail", ctypes.c_char * 160), ("room", ctypes.c_char * 4096)]


class Options(ctypes.Structure):
    _fields_ = [("colour", ctypes.c_int), ("lenient", ctypes.c_bool), ("full_range", ctypes.c_bool), ("scalar", ctypes.c_bool)]


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("msg", ctypes.c_char * 480)]


def ours(lib, data, lenient, scalar):
    im, err = Image(), Error()
    opt = Options(0, lenient, False, scalar)
    if lib.sn_jpeg_decode(data, ctypes.c_size_t(len(data)), ctypes.byref(opt), ctypes.byref(im), ctypes.byref(err)):
        return None, err.msg.decode()
    pixels = ctypes.string_at(im.data, im.width * im.height * im.channels)
    shape = (im.width, im.height, im.channels)
    note = ("damaged " if im.damaged else "") + im.detail.decode()
    lib.sn_image_free(ctypes.byref(im))
    return (shape, pixels), note


def djpeg(data):
    r = subprocess.run(["djpeg", "-pnm"], input=data, capture_output=True)
    if r.returncode not in (0, 2) or r.stdout[:2] not in (b"P5", b"P6"):
        return None, r.returncode
    head = r.stdout.split(b"\n", 3)
    w, h = map(int, head[1].split())
    return ((w, h, 3 if head[0] == b"P6" else 1), head[3]), r.returncode


def picture(rng, w, h, grey):
    kind = rng.randrange(4)
    n = w * h * (1 if grey else 3)
    if kind == 0:
        body = rng.randbytes(n)
    elif kind == 1:
        body = bytes((i * rng.randrange(1, 4) // 2) & 255 for i in range(n))
    elif kind == 2:
        body = bytes(255 if rng.random() < 0.5 else 0 for _ in range(n))
    else:
        a, b, c = rng.random() * 4, rng.random() * 4, rng.random() * 99
        body = bytes(int(a * (i % w) + b * (i // w) + c * (i % 3)) & 255 for i in range(n))
    return b"P%d\n%d %d\n255\n" % (5 if grey else 6, w, h) + body


def sampling(rng):
    while True:
        f = [(rng.choice([1, 1, 2, 2, 3, 4]), rng.choice([1, 1, 2, 2, 3, 4])) for _ in range(3)]
        if rng.random() < 0.6:
            f = [(rng.choice([1, 2, 4]), rng.choice([1, 2, 4])), (1, 1), (1, 1)]
        mh, mv = max(h for h, _ in f), max(v for _, v in f)
        if sum(h * v for h, v in f) <= 10 and all(mh % h == 0 and mv % v == 0 for h, v in f):
            return ",".join("%dx%d" % p for p in f)


SCANS = ["0 1 2;\n", "0;\n1;\n2;\n", "0;\n1 2;\n", "0 1;\n2;\n",
         "0 1 2: 0-0, 0, 1;\n0: 1-63, 0, 0;\n1: 1-63, 0, 2;\n2: 1-63, 0, 1;\n0 1 2: 0-0, 1, 0;\n1: 1-63, 2, 1;\n1: 1-63, 1, 0;\n2: 1-63, 1, 0;\n"]


def case(rng, folder):
    grey = rng.random() < 0.2
    w, h = rng.randrange(1, 41), rng.randrange(1, 41)
    if rng.random() < 0.15:
        w, h = rng.randrange(1, 300), rng.randrange(1, 120)
    args = ["-quality", str(rng.choice([1, 5, 25, 50, 75, 90, 95, 100]))]
    if not grey:
        args += ["-sample", sampling(rng)]
    mode = rng.randrange(4)
    if mode == 0:
        args += ["-progressive"]
    elif mode == 1 and not grey:
        path = os.path.join(folder, "scans")
        open(path, "w").write(rng.choice(SCANS))
        args += ["-scans", path]
    elif mode == 2:
        args += ["-optimize"]
    if rng.random() < 0.3:
        args += ["-restart", rng.choice(["1B", "2B", "3B", "1", "7B"])]
    if not grey and rng.random() < 0.1:
        args += ["-rgb"]
    r = subprocess.run(["cjpeg"] + args, input=picture(rng, w, h, grey), capture_output=True)
    return args, r.stdout


def damage(rng, data):
    kind = rng.randrange(3)
    b = bytearray(data)
    start = data.find(b"\xff\xda")
    if kind == 0:
        return bytes(b[:rng.randrange(start, len(b))])
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(start if rng.random() < 0.9 else 2, len(b))
        b[at] = rng.randrange(256)
    return bytes(b)


def main():
    lib = ctypes.CDLL(os.path.abspath(sys.argv[1]))
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    whole = hurt = bad = given_up = noticed = 0
    with tempfile.TemporaryDirectory() as folder:
        for i in range(cases):
            args, data = case(rng, folder)
            if not data:
                continue
            broken = rng.random() < 0.4
            if broken:
                data = damage(rng, data)
            want, code = djpeg(data)
            strict = code == 0 and want is not None
            for scalar in (False, True):
                got, note = ours(lib, data, not strict, scalar)
                if want is None:
                    ok = got is None or note.startswith("damaged")
                    given_up += not scalar
                else:
                    if strict and broken and got is None and "impossible code" in note:
                        noticed += not scalar  # a run past the block's end, which djpeg does not mind
                        got, note = ours(lib, data, True, scalar)
                    ok = got == want or "remain" in note  # the file ends inside a scan's header
                if not ok:
                    bad += 1
                    name = "jpeg_sweep_%d.jpg" % i
                    open(os.path.join(tempfile.gettempdir(), name), "wb").write(data)
                    print(i, " ".join(args), "damaged" if broken else "", "djpeg", code, want and want[0], "ours", got and got[0], note, name)
                    break
            whole += strict
            hurt += want is not None and not strict
    print("%d undamaged or unnoticed by djpeg (%d noticed by us), %d damaged, %d given up by djpeg; %d differ"
          % (whole, noticed, hurt, given_up, bad))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
