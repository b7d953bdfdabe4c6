"""weights/demo in one command, from whatever the training has reached; the rules say how far that was.

  make_pack.py --data DATA --work WORK --sentinode ./sentinode -o weights/demo [--unfinished]

Takes a snapshot of the checkpoints, measures them on the unseen cases (evaluate.py), writes the .snw with
these figures (export.py), model.json and pack.conf, and checks the result with `sentinode pack --check`.
DL Sig and the risk model come from fit_risk.py when every classifier has its cross-fitted networks; until
then a plain rule that was fitted on nothing, and says so: the mean of the logits, and its sigmoid.
A network without checkpoint is left out.
"""
import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import torch

import export
import models

HERE = os.path.dirname(os.path.abspath(__file__))
LABEL = "demonstration only: predicts malignancy of the lesion on public research images, not node status"
TARGET = "primary tumour"


def progress(path):
    """(epochs done, epochs planned), or None without checkpoint."""
    if not os.path.exists(path):
        return None
    state = torch.load(path, map_location="cpu")["state"]
    return state["epoch"], state["epochs"]


def call(script, *args):
    return subprocess.run([sys.executable, os.path.join(HERE, script)] + list(args), check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def plain_rule(classifiers, out):
    """Equal weights, no fit: (lines for pack.conf)."""
    n = len(classifiers)
    model = {"format": "sentinode-logistic", "version": 1,
             "outcome": "malignancy of the lesion (demonstration; not lymph node status)",
             "trained_on": "nothing: risk is the sigmoid of DL Sig, the mean of the classifiers' logits; "
                           "not calibrated, threshold 0.5 by convention",
             "intercept": 0, "threshold": 0.5,
             "terms": [{"name": "dl_sig", "column": "dl_sig", "coefficient": 1}]}
    with open(out, "w", encoding="utf-8") as f:
        json.dump(model, f, indent=2)
        f.write("\n")
    return ["# not fitted: the mean of the logits", "dlsig.rule = stack", "dlsig.intercept = 0",
            "dlsig.coefs = " + " ".join(["%.6g" % (1 / n)] * n)]


def fitted_rule(a, snapshot, out):
    oof = os.path.join(snapshot, "oof.csv")
    call("evaluate.py", "--data", a.data, "--work", snapshot, "--set", "train", "--folds", str(a.folds), "--csv", oof)
    return call("fit_risk.py", oof, "--data", a.data, "--out", out).splitlines()


def pinned(key, folder, file):
    with open(os.path.join(folder, file), "rb") as f:
        return ["%s = %s" % (key, file), "%s.sha256 = %s" % (key, hashlib.sha256(f.read()).hexdigest())]


def assemble(a, snapshot, out):
    """All files into the empty folder out; returns what there is to say."""
    found = {n: progress(os.path.join(snapshot, n + ".ckpt")) for n in models.NETWORKS}
    notes = ["%s has no checkpoint: the pack does without it" % n for n in found if not found[n]]
    notes += ["%s: %d of %d epochs" % ((n,) + p) for n, p in found.items() if p and p[0] < p[1]]
    have = [n for n in models.NETWORKS if found[n]]
    if any(found[n][0] < found[n][1] for n in have) and not a.unfinished:
        raise SystemExit("\n".join(notes + ["training has not ended; --unfinished takes what there is"]))
    segmenters = [n for n in models.SEGMENTERS if n in have]
    classifiers = [n for n in models.CLASSIFIERS if n in have]
    if not segmenters or not classifiers:
        raise SystemExit("at least one segmenter and one classifier are needed")
    figures = os.path.join(snapshot, "figures.json")
    print(call("evaluate.py", "--data", a.data, "--work", snapshot, "--sentinode", a.sentinode, "--json", figures), end="")
    with open(figures, encoding="utf-8") as f:
        statements = json.load(f)["statements"]
    for n in have:
        pth, done, planned = export.export(snapshot, n)
        export.convert(a.sentinode, pth, os.path.join(out, n + ".snw"), n, done, statements, planned)

    folds = [progress(os.path.join(snapshot, "%s.fold%dof%d.ckpt" % (n, k, a.folds))) for n in classifiers for k in range(a.folds)]
    model = os.path.join(out, "model.json")
    if all(p and p[0] >= p[1] for p in folds):
        rule = fitted_rule(a, snapshot, model)
    else:
        rule = plain_rule(classifiers, model)
        notes.append("%d of %d cross-fitted classifiers: DL Sig and risk are not fitted" % (sum(bool(p and p[0] >= p[1]) for p in folds), len(folds)))

    conf = ["# Written by tools/train/make_pack.py."] + ["# " + n for n in notes]
    conf += ["# fused: " + statements["fused"], "# mean of the classifiers' logits: " + statements["mean"]]
    conf += ["format = sentinode-pack 1", "name = demo", "label = " + LABEL, "target = " + TARGET]
    for part, names in (("segmenter", segmenters), ("classifier", classifiers)):
        for k, n in enumerate(names, 1):
            conf += pinned("%s.%d" % (part, k), out, n + ".snw")
    conf += ["map.space = logits", "fusion.rule = mean", "fusion.cut = 0.5", "crop.margin_frac = 0.15", "crop.square = yes"]
    conf += rule + pinned("logistic", out, "model.json")
    with open(os.path.join(out, "pack.conf"), "w", encoding="utf-8") as f:
        f.write("\n".join(conf) + "\n")
    return notes


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", required=True)
    ap.add_argument("--work", required=True)
    ap.add_argument("--sentinode", required=True, help="the program")
    ap.add_argument("-o", "--out", required=True, help="the pack's folder; its files are replaced")
    ap.add_argument("--folds", type=int, default=3)
    ap.add_argument("--unfinished", action="store_true", help="also networks whose training has not ended")
    a = ap.parse_args()
    a.sentinode = os.path.abspath(a.sentinode)
    with tempfile.TemporaryDirectory() as tmp:
        snapshot, fresh = os.path.join(tmp, "work"), os.path.join(tmp, "pack")
        os.makedirs(snapshot)
        os.makedirs(fresh)
        for f in os.listdir(a.work):  # training may go on meanwhile: figures and weights must be of one moment
            if f.endswith(".ckpt"):
                shutil.copy(os.path.join(a.work, f), snapshot)
        notes = assemble(a, snapshot, fresh)
        subprocess.run([a.sentinode, "pack", "--check", fresh], check=True, stdout=subprocess.DEVNULL)
        os.makedirs(a.out, exist_ok=True)
        for f in os.listdir(a.out):
            if f.endswith((".snw", ".conf", ".json", ".csv")):
                os.remove(os.path.join(a.out, f))
        for f in sorted(os.listdir(fresh), key=lambda f: f == "pack.conf"):
            shutil.move(os.path.join(fresh, f), os.path.join(a.out, f))
    size = sum(os.path.getsize(os.path.join(a.out, f)) for f in os.listdir(a.out))
    print("\n".join(["note: " + n for n in notes] + ["%s: %d bytes, checked" % (a.out, size)]))


if __name__ == "__main__":
    main()
