#!/usr/bin/env python3
"""Writes tests/golden/staple.json: reference results for fusion/staple.c.

An independent implementation of binary STAPLE (Warfield, Zou & Wells 2004): it works pixel by
pixel with numpy, where the C code works on a histogram of vote patterns, and it keeps no distance
from 0 and 1 (the cases are chosen so that none is needed). Votes come from splitmix64, so the file
is the same wherever it is made.

    python3 tools/golden/make_fusion_golden.py > tests/golden/staple.json
"""
import json
import sys

import numpy as np

MASK = (1 << 64) - 1


def splitmix64(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def raters(seed, n, side, sens, spec):
    """A disc seen by n raters with the given true sensitivities and specificities."""
    gen = splitmix64(seed)
    y, x = np.mgrid[0:side, 0:side]
    disc = ((x - side / 2) ** 2 + (y - side / 2) ** 2 < (side / 3.2) ** 2).ravel()
    votes = np.zeros((n, side * side), dtype=int)
    for j in range(n):
        u = np.array([(next(gen) >> 11) / 2.0**53 for _ in range(side * side)])
        votes[j] = np.where(disc, u < sens[j], u >= spec[j])
    return votes


def staple(d, start=0.99999, tolerance=1e-7, rounds=1000):
    prior = d.mean()
    p = np.full(len(d), start)
    q = np.full(len(d), start)

    def posterior():
        a = prior * np.prod(np.where(d == 1, p[:, None], 1 - p[:, None]), axis=0)
        b = (1 - prior) * np.prod(np.where(d == 0, q[:, None], 1 - q[:, None]), axis=0)
        return a / (a + b)

    for iteration in range(1, rounds + 1):
        w = posterior()
        p_new = (d * w).sum(axis=1) / w.sum()
        q_new = ((1 - d) * (1 - w)).sum(axis=1) / (1 - w).sum()
        change = max(np.abs(p_new - p).max(), np.abs(q_new - q).max())
        p, q = p_new, q_new
        if change < tolerance:
            break
    return prior, p, q, iteration, posterior()


def main():
    cases = []
    plan = [
        ("three alike", 1, 3, 16, [0.9, 0.85, 0.8], [0.95, 0.9, 0.97]),
        ("one poor", 2, 3, 16, [0.95, 0.9, 0.55], [0.97, 0.95, 0.6]),
        ("two", 3, 2, 12, [0.9, 0.8], [0.9, 0.95]),
        ("five", 4, 5, 14, [0.9, 0.8, 0.7, 0.85, 0.95], [0.9, 0.8, 0.97, 0.85, 0.7]),
        ("eight", 5, 8, 12, [0.8] * 8, [0.75] * 8),
    ]
    for name, seed, n, side, sens, spec in plan:
        d = raters(seed, n, side, sens, spec)
        prior, p, q, iterations, w = staple(d)
        assert iterations < 1000 and np.isfinite(w).all(), name
        cases.append({
            "name": name,
            "votes": ["".join(map(str, row)) for row in d],
            "prior": float(prior),
            "sensitivity": [float(v) for v in p],
            "specificity": [float(v) for v in q],
            "iterations": iterations,
            "posterior": [float("%.12g" % v) for v in w],
        })
    json.dump({"made_by": "tools/golden/make_fusion_golden.py", "numpy": np.__version__,
               "tolerance": 1e-9, "cases": cases}, sys.stdout, indent=0)
    print()


main()
