#!/usr/bin/env python3
"""Two 16 x 16 JPEG streams without JFIF or Adobe marker, components 1, 2, 3, all of full size: nothing in the
headers tells whether they are RGB or YCbCr.

    make_unmarked_jpeg.py OUT      OUT: tests/unit/data/dicom; writes unmarked_rgb.jpg, unmarked_ycc.jpg
"""
import struct
import subprocess
import sys

import numpy as np


def unmark(jpeg):
    out, i = jpeg[:2], 2
    while True:
        n = struct.unpack(">H", jpeg[i + 2:i + 4])[0]
        marker, segment = jpeg[i + 1], bytearray(jpeg[i:i + 2 + n])
        i += 2 + n
        for c in range(3):
            if marker in (0xC0, 0xC1):
                segment[10 + 3 * c] = c + 1
            if marker == 0xDA:
                segment[5 + 2 * c] = c + 1
        if marker not in (0xE0, 0xEE):
            out += bytes(segment)
        if marker == 0xDA:
            return out + jpeg[i:]


y, x = np.mgrid[:16, :16]
a = np.repeat((40 + 10 * (x // 2) + 5 * (y // 4)).astype(np.uint8)[..., None], 3, 2)
a[:4, :4] = (200, 40, 40)
for name, options in (("rgb", ["-rgb"]), ("ycc", ["-sample", "1x1"])):
    stream = subprocess.run(["cjpeg", "-optimize", "-quality", "60", *options], input=b"P6\n16 16\n255\n" + a.tobytes(),
                            capture_output=True, check=True).stdout
    open("%s/unmarked_%s.jpg" % (sys.argv[1], name), "wb").write(unmark(stream))
