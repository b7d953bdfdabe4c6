"""The cases: manifests, pictures, full-lesion masks, and the split by group that every script shares.

Everything is found below the --data folder (three manifests under ultrasound/). Run as a program it
writes split.csv; imported, it refuses to work with a split other than the committed one.
"""
import argparse
import csv
import hashlib
import os

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
SPLIT_FILE = os.path.join(HERE, "split.csv")
SOURCES = (("busi", "busi_manifest.csv"), ("busi_small", "busi_small_manifest.csv"),
           ("breast_tcia", "breast_tcia_manifest.csv"))
SPLIT_SEED = "sentinode-demo-1"
VALIDATION = 0.15
SMALL_SIDE = 320  # longer side of the reduced BUSI copies, which hold no malignant case


class Case:
    """One picture. label: 0 benign, 1 malignant, None normal."""

    def __init__(self, row, source, root):
        self.id = row["id"]
        self.kind = row["class"]
        self.label = {"benign": 0, "malignant": 1}.get(row["class"])
        self.source = source
        # one BrEaST case is one patient; BUSI has only the near-duplicate heuristic
        self.group = row.get("dup_group") or row["id"]
        self.image = os.path.join(root, row["image"])
        extra = (row.get("extra_masks") or "").split(";")
        self.masks = [os.path.join(root, m) for m in [row["mask"]] + extra if m]


def read_cases(data):
    root = os.path.join(data, "ultrasound")
    cases = []
    for source, manifest in SOURCES:
        with open(os.path.join(root, manifest), newline="", encoding="utf-8-sig") as f:
            cases += [Case(row, source, root) for row in csv.DictReader(f)]
    return cases


def split_cases(cases):
    """(train, validation, dropped). Groups with pictures under two labels are dropped whole."""
    groups = {}
    for c in cases:
        groups.setdefault(c.group, []).append(c)
    dropped, strata = [], {}
    for name, members in groups.items():
        if len({c.kind for c in members}) > 1:
            dropped += members
        else:
            stratum = (members[0].kind, min(c.source for c in members))
            strata.setdefault(stratum, []).append((name, members))
    train, validation = [], []
    for stratum in sorted(strata):
        order = sorted(strata[stratum], key=lambda g: _hash(g[0]))
        wanted = VALIDATION * sum(len(m) for _, m in order)
        taken = 0
        for _, members in order:
            if taken + len(members) / 2 <= wanted:
                validation += members
                taken += len(members)
            else:
                train += members
    return tuple(sorted(s, key=lambda c: c.id) for s in (train, validation, dropped))


def fold_of(case, folds):
    """Cross-fitting inside the training set: a group is in one fold only."""
    return int(_hash("fold:" + case.group), 16) % folds


def _hash(text):
    return hashlib.sha256((SPLIT_SEED + ":" + text).encode()).hexdigest()


def _split_rows(cases):
    _, validation, dropped = split_cases(cases)
    return [[c.id, c.kind, c.source, c.group, s]
            for s, part in (("validation", validation), ("dropped", dropped)) for c in part]


def write_split(data, path=SPLIT_FILE):
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["id", "class", "source", "group", "set"])
        out.writerows(_split_rows(read_cases(data)))


def load_split(data):
    """(train, validation), after a check that they are the ones on record."""
    cases = read_cases(data)
    with open(SPLIT_FILE, newline="", encoding="utf-8") as f:
        recorded = list(csv.reader(f))[1:]
    if recorded != _split_rows(cases):
        raise SystemExit("split.csv is not the split of these data: figures would not be comparable")
    return split_cases(cases)[:2]


# ---- pictures ---------------------------------------------------------------------------------

def read_grey(path):
    """8-bit grey, alpha dropped, as the pipeline reads it (BT.601, Pillow's "L")."""
    with Image.open(path) as im:
        if im.mode == "RGBA":
            im = im.convert("RGB")
        return im.convert("L")


def read_mask(case):
    """Union of all masks of the picture, as uint8 0/1 at its own size."""
    union = None
    for path in case.masks:
        m = np.asarray(read_grey(path)) > 127
        union = m if union is None else union | m
    return union.astype(np.uint8)


def reduced(im):
    """At the size of the reduced BUSI copies, made as they were: Lanczos, longer side 320."""
    w, h = im.size
    scale = SMALL_SIDE / max(w, h)
    if scale >= 1:
        return im
    return im.resize((max(1, round(w * scale)), max(1, round(h * scale))), Image.LANCZOS)


# ---- masks and regions: the same rules as fusion/ ----------------------------------------------

def label(mask, connectivity):
    """Components by runs of pixels and union-find: (labels 1.., areas)."""
    h, w = mask.shape
    reach = 1 if connectivity == 8 else 0
    parent, runs, above = [], [], []
    for y in range(h):
        edge = np.flatnonzero(np.diff(np.concatenate(([0], mask[y] != 0, [0]))))
        row = []
        for x0, x1 in zip(edge[::2], edge[1::2]):
            me = len(parent)
            parent.append(me)
            for a0, a1, a in above:
                if a0 < x1 + reach and x0 < a1 + reach:
                    r, s = _root(parent, a), _root(parent, me)
                    parent[max(r, s)] = min(r, s)
            row.append((x0, x1, me))
            runs.append((y, x0, x1, me))
        above = row
    labels, names, areas = np.zeros((h, w), np.int32), {}, []
    for y, x0, x1, me in runs:
        k = names.setdefault(_root(parent, me), len(names) + 1)
        if k > len(areas):
            areas.append(0)
        areas[k - 1] += int(x1 - x0)
        labels[y, x0:x1] = k
    return labels, areas


def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def clean(mask):
    """Largest 8-connected component, holes filled."""
    labels, areas = label(mask, 8)
    if not areas:
        return mask
    keep = labels == 1 + int(np.argmax(areas))
    outside, areas = label(~keep, 4)
    if not areas:
        return keep.astype(np.uint8)
    edge = np.concatenate((outside[0], outside[-1], outside[:, 0], outside[:, -1]))
    touching = np.zeros(len(areas) + 1, bool)
    touching[edge] = True
    touching[0] = False
    return (~touching[outside]).astype(np.uint8)


def tight_box(mask):
    """(x, y, w, h) or None."""
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(ys):
        return None
    return int(xs[0]), int(ys[0]), int(xs[-1] - xs[0] + 1), int(ys[-1] - ys[0] + 1)


MARGIN = 0.15  # of the box's longer side, on each side; then square


def crop_box(box, width, height, margin=MARGIN):
    """sn_region_box with square = yes: (x, y, w, h) inside the picture."""
    x, y, w, h = box
    m = int(np.floor(min(max(margin * max(w, h), 0.0), width + height) + 0.5))
    x, y, w, h = x - m, y - m, w + 2 * m, h + 2 * m
    side = max(w, h)
    x, y = x - (side - w) // 2, y - (side - h) // 2
    (x, w), (y, h) = _fit(x, side, width), _fit(y, side, height)
    return x, y, w, h


def _fit(pos, length, size):
    if pos + length > size:
        pos = size - length
    if pos < 0:
        pos, length = 0, min(length, size)
    return pos, min(pos + length, size) - pos


def crop(im, box, size):
    """Pillow image -> uint8 [size, size], pillow-bilinear."""
    x, y, w, h = box
    part = im.crop((x, y, x + w, y + h))
    return np.asarray(part.resize((size, size), Image.BILINEAR), np.uint8)


if __name__ == "__main__":
    ap = argparse.ArgumentParser(description="write split.csv and say what is in it")
    ap.add_argument("--data", required=True)
    data = ap.parse_args().data
    write_split(data)
    parts = split_cases(read_cases(data))
    for name, part in zip(("train", "validation", "dropped"), parts):
        table = {}
        for c in part:
            table[c.source, c.kind] = table.get((c.source, c.kind), 0) + 1
        print(name, len(part), "pictures in", len({c.group for c in part}), "groups:",
              ", ".join("%s %s %d" % (k + (n,)) for k, n in sorted(table.items())))
