"""Writes io/gb18030_chart.c from Python's codec: python3 tools/golden/gb18030_chart.py > io/gb18030_chart.c
Also prints, to stderr, the digests tests/unit/check_gb18030.c compares with."""
import hashlib
import sys

HIGH = list(range(0xA1, 0xFF))
LOW = list(range(0x40, 0x7F)) + list(range(0x80, 0xA1))


def char(lead, trail):
    return bytes([lead, trail]).decode("gb18030")


def literal(c):
    o = ord(c)
    if 0xE000 <= o <= 0xF8FF:
        return "?"  # private use: by rule in gb18030.c
    if 0xF900 <= o <= 0xFAFF or o == 0x3000:
        return "\\u%04X" % o  # editors normalise the first and hide the second
    return c


def rows(name, lines):
    return "const char *const %s[] = {\n%s\n};\n" % (name, "\n".join('    "%s",' % "".join(map(literal, l)) for l in lines))


def chart():
    two = {ord(char(a, b)) for a in range(0xB0, 0xF8) for b in HIGH}
    derived = sum(c not in two for c in range(0x4E00, 0x9FA6)) - 32 * 190  # hanzi of GBK/4
    tail = [char(a, b) for a in range(0xAA, 0xFF) for b in LOW][derived:]
    print("""/*
 * gb18030_chart.c: the characters of GB 18030's two-byte codes whose order is the standard's own choice:
 * GB 2312's symbols and hanzi and GBK's additions, one row of the code chart a line. '?' stands for a
 * code that maps to the private use area. Made by tools/golden/gb18030_chart.py from Python's codec.
 */
#include "io/gb18030_parts.h"

/* Leads A1 to A9, trails A1 to FE: GB 2312 rows 1 to 9 with GBK/1. */""")
    print(rows("sn_gb_symbols", [[char(a, b) for b in HIGH] for a in range(0xA1, 0xAA)]))
    print("/* Leads A8 and A9, trails 40 to 7E and 80 to A0: GBK/5. */")
    print(rows("sn_gb_more_symbols", [[char(a, b) for b in LOW] for a in (0xA8, 0xA9)]))
    print("/* Leads B0 to F7, trails A1 to FE: GB 2312 rows 16 to 87, by pinyin to D7F9, then by radical. */")
    print(rows("sn_gb_hanzi", [[char(a, b) for b in HIGH] for a in range(0xB0, 0xF8)]))
    print("/* What follows the hanzi at the end of GBK/4, FD9C to FEA0. */")
    print(rows("sn_gb_tail", [tail]), end="")


def digests():
    """Count and SHA-256 of the UTF-8 of every valid code in order, each followed by a line feed."""
    two = [bytes([a, b]) for a in range(0x80, 0x100) for b in range(0x3A, 0x100)]
    four = [bytes([a, b, c, d]) for a in range(0x81, 0xFF) for b in range(0x30, 0x3A)
            for c in range(0x81, 0xFF) for d in range(0x30, 0x3A)]
    for codes in two, four:
        n, h = 0, hashlib.sha256()
        for code in codes:
            try:
                h.update(code.decode("gb18030").encode("utf-8") + b"\n")
                n += 1
            except UnicodeDecodeError:
                pass
        print(n, h.hexdigest(), file=sys.stderr)


chart()
digests()
