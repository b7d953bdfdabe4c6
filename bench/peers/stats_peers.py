"""Times pROC and scikit-learn beside `sentinode bench --stats`, on the same cases, in one run.

    python3 bench/peers/stats_peers.py ./sentinode

Needs numpy, scikit-learn, Rscript with pROC; the build and the tests never do. Figures mean something on a quiet machine only.
pROC's bootstrap of a million cases is timed on 2 replicates and extrapolated, as sentinode's on 20. One thread each.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.metrics import roc_auc_score

SEED, GOLDEN = 20251, 0x9E3779B97F4A7C15


def cases(n):
    """bench_stats.c's: numbers 4 i + 1 .. 4 i + 4 of splitmix64."""
    z = np.arange(1, 4 * n + 1, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(SEED)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    u = ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(float).reshape(n, 4) * 2.0 ** -53
    y = (u[:, 0] < 0.25).astype(float)
    return y, u[:, 1] + u[:, 2] + u[:, 3] + 0.35 * y


def proc(y, score, replicates):
    """Lower limit and seconds of {delong, bootstrap}."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cases.csv")
        with open(path, "w") as f:
            f.write("y,score\n")
            f.writelines("%d,%.17g\n" % row for row in zip(y, score))
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stats_proc.R")
        lines = subprocess.run(["Rscript", script, path, str(replicates)], check=True, capture_output=True, text=True).stdout.split("\n")
    return {w[0]: (float(w[1]), float(w[2])) for w in map(str.split, lines) if len(w) == 3}


def sklearn_seconds(y, score, runs):
    best = float("inf")
    for _ in range(runs):
        t = time.perf_counter()
        roc_auc_score(y, score)
        best = min(best, time.perf_counter() - t)
    return best


def main():
    ours = json.loads(subprocess.run([sys.argv[1], "bench", "--stats", "--threads", "1", "--json"], check=True, capture_output=True,
                                     text=True).stdout.strip().split("\n")[-1])
    print("%s; %s; %s" % (ours["cpu"], ours["compiler"], ours["flags"]))
    mine = {(row["what"], row["n"]): row for row in ours["stats"]}
    for n, replicates, runs in ((700, 10000, 200), (1000000, 2, 3)):
        y, score = cases(n)
        peer, sk = proc(y, score, replicates), sklearn_seconds(y, score, runs)
        delong, boot = mine["AUC and DeLong's interval", n], mine["bootstrap of the AUC", n]
        assert abs(peer["delong"][0] - delong["result"]) < 1e-10, (peer["delong"], delong["result"])
        print("n = %d: AUC and DeLong: sentinode %.3f ms, pROC %.1f ms (%.0fx); scikit-learn's roc_auc_score alone %.3f ms (%.1fx)" % (
            n, delong["median_ms"], 1e3 * peer["delong"][1], 1e3 * peer["delong"][1] / delong["median_ms"], 1e3 * sk, 1e3 * sk / delong["median_ms"]))
        own, theirs = boot.get("extrapolated_ms", boot["median_ms"]), 1e3 * peer["bootstrap"][1] * 10000 / replicates
        print("n = %d: 10000 replicates of the AUC%s: sentinode %.1f ms, pROC %.0f ms (%.0fx); scikit-learn's roc_auc_score 10000 times %.0f ms (%.0fx)" % (
            n, "" if replicates == 10000 else ", extrapolated", own, theirs, theirs / own, 1e7 * sk, 1e7 * sk / own))


main()
