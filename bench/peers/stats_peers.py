"""`sentinode bench --stats`, pROC and scikit-learn on the same cases, in turns, one thread each, in one run.

    python3 bench/peers/stats_peers.py ./sentinode [ROUNDS]

Needs numpy, scikit-learn, Rscript with pROC; the build and the tests never do. Each of ROUNDS (3) rounds times the three one after the other; a
line shows the median of the rounds and, in brackets, the rounds themselves. What has too many replicates to wait for is timed on fewer and
extrapolated, and the line says so: sentinode's figure is then of the whole call, sorting included, pROC's of the replicates alone, so the ratio
is on the low side. Under a minute a round. Figures mean something on a quiet machine only.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.metrics import roc_auc_score

SEED, GOLDEN = 20251, 0x9E3779B97F4A7C15
FULL = 10000
# cases: replicates of pROC, of scikit-learn, calls of roc_auc_score
PLAN = {700: (FULL, 500, 50), 1000000: (3, 3, 3)}


def cases(n):
    """bench_stats.c's: numbers 4 i + 1 .. 4 i + 4 of splitmix64."""
    z = np.arange(1, 4 * n + 1, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(SEED)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    u = ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(float).reshape(n, 4) * 2.0 ** -53
    y = (u[:, 0] < 0.25).astype(float)
    return y, u[:, 1] + u[:, 2] + u[:, 3] + 0.35 * y


def write(folder, n):
    y, score = cases(n)
    path = os.path.join(folder, "cases%d.csv" % n)
    with open(path, "w") as f:
        f.write("y,score\n")
        f.writelines("%d,%.17g\n" % row for row in zip(y, score))
    return path, y, score


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def ours(program):
    out = json.loads(run([program, "bench", "--stats", "--threads", "1", "--seconds", "0", "--min-runs", "1", "--json"]).strip().split("\n")[-1])
    return out, {(row["what"], row["n"]): row for row in out["stats"]}


def proc(path, replicates):
    """Lower limit and seconds of {delong, bootstrap}."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stats_proc.R")
    lines = run(["Rscript", script, path, str(replicates)]).split("\n")
    return {w[0]: (float(w[1]), float(w[2])) for w in map(str.split, lines) if len(w) == 3}


def seconds(calls, f):
    t = time.perf_counter()
    for _ in range(calls):
        f()
    return (time.perf_counter() - t) / calls


def sklearn(y, score, replicates, calls):
    """Seconds of one AUC, and of one replicate drawn within the classes."""
    rng = np.random.default_rng(1)
    classes = [np.flatnonzero(y == c) for c in (0, 1)]

    def replicate():
        i = np.concatenate([c[rng.integers(0, len(c), len(c))] for c in classes])
        return roc_auc_score(y[i], score[i])

    return seconds(calls, lambda: roc_auc_score(y, score)), seconds(replicates, replicate)


def line(what, own, peer, name, note=""):
    """Milliseconds of the rounds; the ratio is of the medians."""
    a, b = statistics.median(own), statistics.median(peer)
    print("%s: sentinode %.4g ms [%s], %s %.4g ms [%s]: %.1f times%s" % (
        what, a, " ".join("%.4g" % v for v in own), name, b, " ".join("%.4g" % v for v in peer), b / a, note))
    return b / a


def note(own, replicates, name):
    fewer = ["%s from %d" % (who, k) for who, k in (("sentinode", own), (name, replicates)) if k != FULL]
    return " (extrapolated: %s)" % ", ".join(fewer) if fewer else ""


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    got = {}  # (n, what) -> milliseconds, one a round

    def add(n, what, ms):
        got.setdefault((n, what), []).append(ms)

    with tempfile.TemporaryDirectory() as folder:
        data = {n: write(folder, n) for n in PLAN}
        for _ in range(rounds):
            header, mine = ours(sys.argv[1])
            for n, (replicates, sk_replicates, calls) in PLAN.items():
                path, y, score = data[n]
                delong, boot = mine["AUC and DeLong's interval", n], mine["bootstrap of the AUC", n]
                peer, (auc, replicate) = proc(path, replicates), sklearn(y, score, sk_replicates, calls)
                assert abs(peer["delong"][0] - delong["result"]) < 1e-10, (peer["delong"], delong["result"])
                add(n, "delong", delong["median_ms"])
                add(n, "boot", boot.get("extrapolated_ms", boot["median_ms"]))
                add(n, "proc delong", 1e3 * peer["delong"][1])
                add(n, "proc boot", 1e3 * peer["bootstrap"][1] * FULL / replicates)
                add(n, "sk auc", 1e3 * auc)
                add(n, "sk boot", 1e3 * replicate * FULL)
    print("%s; %s; %s; %d rounds, one thread each" % (header["cpu"], header["compiler"], header["flags"], rounds))
    for n, (replicates, sk_replicates, _) in PLAN.items():
        own = mine["bootstrap of the AUC", n]["replicates"]
        line("n = %d, AUC and DeLong's interval" % n, got[n, "delong"], got[n, "proc delong"], "pROC")
        line("n = %d, AUC and DeLong's interval" % n, got[n, "delong"], got[n, "sk auc"], "scikit-learn's AUC without an interval")
        ratio = line("n = %d, %d bootstrap replicates of the AUC" % (n, FULL), got[n, "boot"], got[n, "proc boot"], "pROC", note(own, replicates, "pROC"))
        line("n = %d, %d bootstrap replicates of the AUC" % (n, FULL), got[n, "boot"], got[n, "sk boot"], "scikit-learn", note(own, sk_replicates, "scikit-learn"))
        print("n = %d: %s than 50 times pROC's bootstrap" % (n, "more" if ratio >= 50 else "LESS"))


main()
