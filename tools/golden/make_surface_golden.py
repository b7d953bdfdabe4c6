#!/usr/bin/env python3
"""Writes tests/unit/data/surface.json: reference numbers for stats/surface.c and stats/overlap.c.

Independent implementations with numpy and scipy of what MONAI (metrics.hausdorff_distance,
surface_distance, surface_dice), DeepMind's surface-distance and MedPy (metric.binary) compute, written
from their documented definitions: borders by binary erosion, distances by scipy's transform, sorting
and percentiles by numpy. Boundary IoU by repeated erosion (Cheng et al. 2021), the longest diameter by
all pairs of pixel-side midpoints. Masks come from a seeded generator and are stored, packed in hex.

    python3 tools/golden/make_surface_golden.py > tests/unit/data/surface.json
"""
import json
import sys

import numpy as np
from scipy import ndimage
from scipy.spatial.distance import pdist

CROSS = ndimage.generate_binary_structure(2, 1)


def border(m):
    return m ^ ndimage.binary_erosion(m, CROSS, iterations=1)


def directed(a, b, spacing):
    """Distances from a's points to b's."""
    return ndimage.distance_transform_edt(~b, sampling=spacing)[a]


def monai(gt, pred, spacing, tau):
    a, b = border(gt), border(pred)
    ab, ba = directed(a, b, spacing), directed(b, a, spacing)
    both = np.concatenate([ba, ab])
    return {
        "hd": max(ab.max(), ba.max()),
        "hd95": max(np.percentile(ab, 95), np.percentile(ba, 95)),
        "assd": both.mean(),
        "nsd": ((ab <= tau).sum() + (ba <= tau).sum()) / len(both),
    }


def medpy(gt, pred, spacing, tau):
    a, b = border(gt), border(pred)
    ab, ba = directed(a, b, spacing), directed(b, a, spacing)
    return {
        "hd": max(ab.max(), ba.max()),
        "hd95": np.percentile(np.hstack((ba, ab)), 95),
        "assd": np.mean((ba.mean(), ab.mean())),
        "nsd": ((ab <= tau).sum() + (ba <= tau).sum()) / (len(ab) + len(ba)),
    }


def deepmind(gt, pred, spacing, tau):
    sy, sx = spacing
    half = 0.5 * np.sqrt(sy**2 + sx**2)
    table = np.array([0, half, half, sx, half, sy, 2 * half, half, half, 2 * half, sy, half, sx, half, half, 0])

    def codes(m):
        p = np.pad(m.astype(int), 1)
        return 8 * p[:-1, :-1] + 4 * p[:-1, 1:] + 2 * p[1:, :-1] + p[1:, 1:]

    ca, cb = codes(gt), codes(pred)
    a, b = (ca > 0) & (ca < 15), (cb > 0) & (cb < 15)

    def pairs(of, code, to):
        p = np.array(sorted(zip(directed(of, to, spacing), table[code[of]])))
        return p[:, 0], p[:, 1]

    def percentile(d, w):
        i = np.searchsorted(np.cumsum(w) / np.sum(w), 0.95)
        return d[min(i, len(d) - 1)]

    (da, wa), (db, wb) = pairs(a, ca, b), pairs(b, cb, a)
    total = np.sum(wa) + np.sum(wb)
    return {
        "hd": max(da[-1], db[-1]),
        "hd95": max(percentile(da, wa), percentile(db, wb)),
        "assd": (np.sum(da * wa) + np.sum(db * wb)) / total,
        "nsd": (np.sum(wa[da <= tau]) + np.sum(wb[db <= tau])) / total,
    }


def boundary_iou(gt, pred):
    d = max(1, int(round(0.02 * np.sqrt(gt.shape[0] ** 2 + gt.shape[1] ** 2))))

    def edge(m):
        return m ^ ndimage.binary_erosion(m, np.ones((3, 3)), iterations=d)

    a, b = edge(gt), edge(pred)
    return (a & b).sum() / (a | b).sum()


def box_iou(gt, pred):
    (ya, xa), (yb, xb) = ndimage.find_objects(gt.astype(int))[0], ndimage.find_objects(pred.astype(int))[0]
    a, b = np.zeros(gt.shape, bool), np.zeros(gt.shape, bool)
    a[ya, xa] = b[yb, xb] = True
    return (a & b).sum() / (a | b).sum()


def diameter(m, spacing):
    y, x = np.nonzero(m)
    p = np.concatenate([np.c_[y + dy, x + dx] for dy, dx in ((0, .5), (0, -.5), (.5, 0), (-.5, 0))]) * spacing
    return pdist(p).max()


def blob(rng, h, w, parts, wobble):
    y, x = np.mgrid[0:h, 0:w]
    m = np.zeros((h, w), bool)
    for _ in range(parts):
        cy, cx = rng.uniform(0.1, 0.9) * h, rng.uniform(0.1, 0.9) * w
        ry, rx = rng.uniform(0.08, 0.3) * h, rng.uniform(0.08, 0.3) * w
        t = np.arctan2(y - cy, x - cx)
        m |= ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1 + wobble * np.sin(3 * t + rng.uniform(0, 6))
    return m


def cases():
    rng = np.random.default_rng(20251)
    for k in range(12):
        h, w = rng.integers(12, 49, 2)
        yield "blobs %d" % k, blob(rng, h, w, 1 + k % 3, 0.4), blob(rng, h, w, 1 + k // 4, 0.2)
    for k in range(4):
        m = blob(rng, 40, 44, 1, 0.3)
        yield "shifted %d" % k, m, np.roll(m, (k, 2 * k - 3), (0, 1)) | (np.arange(44) == 43) & (np.arange(40)[:, None] < k)
    for k in range(4):
        yield "noise %d" % k, rng.random((20, 23)) < 0.1 + 0.2 * k, rng.random((20, 23)) < 0.5
    one = np.zeros((9, 13), bool)
    one[4, 5] = True
    far = np.zeros((9, 13), bool)
    far[0, 12] = True
    yield "one pixel each", one, far
    yield "one pixel, itself", one, one
    yield "one pixel against all", one, ~np.zeros((9, 13), bool)
    yield "whole image twice", ~np.zeros((7, 5), bool), ~np.zeros((7, 5), bool)
    yield "one row", np.arange(17)[None, :] < 6, (np.arange(17)[None, :] > 3) & (np.arange(17)[None, :] < 15)
    yield "one column", np.arange(17)[:, None] < 6, np.arange(17)[:, None] > 3
    y, x = np.mgrid[0:48, 0:48]
    disc = (y - 24) ** 2 + (x - 20) ** 2 < 150
    yield "disc with a stray spot", disc, disc | (y - 4) ** 2 + (x - 44) ** 2 < 5
    yield "ring", disc & ~((y - 24) ** 2 + (x - 20) ** 2 < 60), disc


def main():
    out = []
    spacings = [(1.0, 1.0), (0.5, 0.2), (0.07, 0.07), (0.1234, 0.777)]
    taus = [2.0, 0.6, 0.15, 1.0]
    for k, (name, gt, pred) in enumerate(cases()):
        for s in {0, 1 + k % 3}:
            spacing, tau = spacings[s], taus[s]
            d = np.subtract(ndimage.center_of_mass(gt), ndimage.center_of_mass(pred)) * spacing
            out.append({
                "name": name, "w": gt.shape[1], "h": gt.shape[0], "spacing": spacing, "tau": tau,
                "manual": np.packbits(gt).tobytes().hex(), "automatic": np.packbits(pred).tobytes().hex(),
                "monai": monai(gt, pred, spacing, tau), "deepmind": deepmind(gt, pred, spacing, tau),
                "medpy": medpy(gt, pred, spacing, tau),
                "overlap": {
                    "dice": 2 * (gt & pred).sum() / (gt.sum() + pred.sum()), "iou": (gt & pred).sum() / (gt | pred).sum(),
                    "box_iou": box_iou(gt, pred), "boundary_iou": boundary_iou(gt, pred),
                    "area_error": (pred.sum() - gt.sum()) / gt.sum(), "centroid_mm": np.sqrt((d**2).sum()),
                    "length_manual": diameter(gt, spacing), "length_automatic": diameter(pred, spacing),
                },
            })
    json.dump({"made_by": "tools/golden/make_surface_golden.py", "numpy": np.__version__, "cases": out}, sys.stdout,
              indent=0, default=float)
    print()


main()
