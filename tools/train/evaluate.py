"""What the networks are worth on cases they never saw: the pipeline in Python, and C against PyTorch.

Per picture: resize to the input, logits of each segmenter back to the picture's size (bilinear), sigmoid,
mean, cut at 0.5, largest component, holes filled: the automatic mask; its box with margin: the crop; the
crop to each classifier. Dice against the union of all manual masks, at the picture's own size. Single
networks get the same cleaning. An empty automatic mask counts as Dice 0, and its crop is the whole picture.
Intervals: percentile bootstrap of groups (near-duplicates stay together).
"""
import argparse
import csv
import json
import os
import subprocess
import tempfile

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

import data
import export
import models

BOOTSTRAPS = 2000


def to_input(arrays):
    return models.normalise(torch.from_numpy(np.stack(arrays))[:, None])


def run(net, arrays):
    with torch.no_grad():
        return torch.cat([net(to_input(arrays[i:i + 16])) for i in range(0, len(arrays), 16)])


def dice(a, b):
    n = int(a.sum()) + int(b.sum())
    return 2.0 * int((a & b).sum()) / n if n else 1.0


def probability_map(logits, size):
    w, h = size
    return torch.sigmoid(F.interpolate(logits[None], size=(h, w), mode="bilinear", align_corners=False))[0, 0].numpy()


def segment(cases, images, segmenters):
    """Adds Dice and the automatic box to each row; returns rows."""
    small = [np.asarray(im.resize((models.INPUT, models.INPUT), Image.BILINEAR), np.uint8) for im in images]
    logits = {n: run(net, small) for n, net in segmenters.items()}
    rows = []
    for i, (case, im) in enumerate(zip(cases, images)):
        maps = {n: probability_map(v[i], im.size) for n, v in logits.items()}
        masks = {n: data.clean((p >= 0.5).astype(np.uint8)) for n, p in maps.items()}
        masks["fused"] = data.clean((np.mean(list(maps.values()), 0) >= 0.5).astype(np.uint8))
        truth = data.read_mask(case)
        row = {"case": case.id, "group": case.group, "source": case.source, "class": case.kind}
        if case.label is not None:
            row.update({"dice_" + n: dice(m, truth) for n, m in masks.items()})
        row["found"] = int(masks["fused"].any())
        row["area_frac"] = float(masks["fused"].mean())
        row["box"] = data.tight_box(masks["fused"]) or (0, 0) + im.size
        row["manual_box"] = data.tight_box(data.clean(truth))
        rows.append(row)
    return rows, {n: (small, v) for n, v in logits.items()}


def classify(cases, images, rows, classifiers):
    """classifiers: function case index -> {name: net}; adds logits for automatic, manual and reduced crops."""
    jobs = {}
    for i, (case, im, row) in enumerate(zip(cases, images, rows)):
        crops = {"auto": data.crop(im, data.crop_box(row["box"], *im.size), models.INPUT)}
        crops["manual"] = data.crop(im, data.crop_box(row["manual_box"], *im.size), models.INPUT)
        less = data.reduced(im)
        scale = less.size[0] / im.size[0]
        box = tuple(max(int(round(v * scale)), k // 2) for k, v in enumerate(row["box"]))
        crops["reduced"] = data.crop(less, data.crop_box(box, *less.size), models.INPUT)
        jobs[i] = crops
    used = {}
    for kind in ("auto", "manual", "reduced"):
        for key in {k for i in jobs for k in classifiers(i)}:
            todo = [i for i in jobs if key in classifiers(i)]
            out = run(classifiers(todo[0])[key], [jobs[i][kind] for i in todo])
            if kind == "auto":
                used[key] = ([jobs[i][kind] for i in todo], out)
            for i, o in zip(todo, out):
                rows[i]["logit_%s_%s" % (key.split(".")[0], kind)] = float(o[1] - o[0])
    names = sorted({k.split(".")[0] for i in jobs for k in classifiers(i)})
    for row in rows:
        for kind in ("auto", "manual", "reduced"):
            row["logit_mean_" + kind] = float(np.mean([row["logit_%s_%s" % (n, kind)] for n in names]))
    return used


# ---- statistics --------------------------------------------------------------------------------

def auc(score, label):
    d = score[label == 1][:, None] - score[label == 0][None]
    return float(((d > 0) + 0.5 * (d == 0)).mean()) if d.size else float("nan")


def interval(groups, statistic, seed=1):
    """(value, low, high): statistic(index array), resampling groups."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    everything = np.arange(len(groups))
    values = [statistic(np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))]))
              for _ in range(BOOTSTRAPS)]
    values = np.array([v for v in values if np.isfinite(v)])
    return statistic(everything), float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


def text(v):
    return "%.3f (%.3f to %.3f)" % v


def report(rows, segmenters, classifiers):
    """Prints the table; returns the figures."""
    lesions = [r for r in rows if r["class"] != "normal"]
    groups = np.array([r["group"] for r in lesions])
    label = np.array([r["class"] == "malignant" for r in lesions]).astype(int)
    res = {"cases": len(lesions), "groups": len(set(groups)), "malignant": int(label.sum()), "dice": {}, "auc": {}}
    print("%d pictures with lesion (%d malignant) in %d groups" % (len(lesions), label.sum(), len(set(groups))))
    table = {n: np.array([r["dice_" + n] for r in lesions]) for n in list(segmenters) + ["fused"]}
    for n, d in table.items():
        res["dice"][n] = interval(groups, lambda k: float(d[k].mean()))
        print("Dice %-14s mean %s  median %.3f  below 0.5: %d" % (n, text(res["dice"][n]), np.median(d), (d < 0.5).sum()))
    best = max(segmenters, key=lambda n: table[n].mean())
    res["gain"] = interval(groups, lambda k: float((table["fused"] - table[best])[k].mean()))
    print("fused minus %s: %s" % (best, text(res["gain"])))
    for s in sorted({r["source"] for r in lesions}):
        k = np.array([r["source"] == s for r in lesions])
        print("  fused, %-12s %.3f (%d)" % (s, table["fused"][k].mean(), k.sum()))
    normals = [r for r in rows if r["class"] == "normal"]
    if normals:
        res["normals"] = [sum(r["found"] for r in normals), len(normals)]
        print("normal pictures with something outlined: %d of %d" % tuple(res["normals"]))
    full = np.array([r["source"] != "busi_small" for r in lesions])
    for n in classifiers + ["mean"] if classifiers else []:
        for kind in ("auto", "manual", "reduced"):
            s = np.array([r["logit_%s_%s" % (n, kind)] for r in lesions])
            key = "%s_%s" % (n, kind)
            res["auc"][key] = interval(groups, lambda k: auc(s[k], label[k]))
            part = interval(groups[full], lambda k: auc(s[full][k], label[full][k]))
            res["auc"][key + "_full"] = part
            print("AUC  %-12s %-8s %s   without reduced copies %s" % (n, kind, text(res["auc"][key]), text(part)))
    res["statements"] = statements(res)
    return res


def statements(res):
    """One sentence per network for the .snw metadata."""
    of = "on %d unseen pictures (%d groups)" % (res["cases"], res["groups"])
    out = {n: "mean Dice %s, 95 %% bootstrap, %s" % (text(v), of) for n, v in res["dice"].items()}
    out.update({k[:-5]: "AUC for malignancy from automatic crops %s, 95 %% bootstrap, %s" % (text(v), of)
                for k, v in res["auc"].items() if k.endswith("_auto")})
    return out


def compare(sentinode, work, used):
    """Largest difference of probabilities between the program and PyTorch, for the same inputs."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as tmp:
        for name, (arrays, logits) in used.items():
            if "." in name:
                continue
            pth, done, _ = export.export(work, name)
            snw, x, y = (os.path.join(tmp, f) for f in (name + ".snw", "x.npy", "y.npy"))
            export.convert(sentinode, pth, snw, name, done, {})
            np.save(x, to_input(arrays).numpy())
            subprocess.run([sentinode, "infer", snw, x, "-o", y], check=True, stdout=subprocess.DEVNULL)
            c = torch.from_numpy(np.load(y))
            act = torch.sigmoid if name in models.SEGMENTERS else (lambda v: torch.softmax(v, 1))
            d = float((act(c.reshape(logits.shape).double()) - act(logits.double())).abs().max())
            worst = max(worst, d)
            print("C against PyTorch, %-12s %d inputs, largest difference of probabilities %.2e" % (name, len(arrays), d))
    return worst


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--data", required=True)
    ap.add_argument("--work", required=True)
    ap.add_argument("--set", choices=["validation", "train"], default="validation")
    ap.add_argument("--folds", type=int, default=0,
                    help="with --set train: classify each case by the fold network that did not see it")
    ap.add_argument("--sentinode", help="the program: compare its numbers with PyTorch's")
    ap.add_argument("--csv", help="one row per picture")
    ap.add_argument("--json", help="figures, for export.py --figures")
    ap.add_argument("--threads", type=int, default=1)
    a = ap.parse_args()
    torch.set_num_threads(a.threads)
    cases = data.load_split(a.data)[a.set == "validation"]
    if a.set == "train":
        cases = [c for c in cases if c.label is not None]

    def have(n):
        return os.path.exists(os.path.join(a.work, n + ".ckpt"))
    segmenters, classifiers = {}, {}
    for n in models.SEGMENTERS:
        if have(n):
            segmenters[n], done, planned = export.load(a.work, n)
            print("%s: %d of %d epochs" % (n, done, planned))
    for n in models.CLASSIFIERS:
        for m in ["%s.fold%dof%d" % (n, k, a.folds) for k in range(a.folds)] or [n]:
            if have(m):
                classifiers[m], done, planned = export.load(a.work, m)
                print("%s: %d of %d epochs" % (m, done, planned))
    if not segmenters:
        raise SystemExit("no segmenter has a checkpoint yet")
    images = [data.read_grey(c.image) for c in cases]
    rows, used = segment(cases, images, segmenters)
    lesions = [i for i, c in enumerate(cases) if c.label is not None]
    names = sorted({n.split(".")[0] for n in classifiers})
    if classifiers:
        def nets_of(i):
            if not a.folds:
                return classifiers
            k = ".fold%dof%d" % (data.fold_of(cases[lesions[i]], a.folds), a.folds)
            return {n: v for n, v in classifiers.items() if n.endswith(k)}
        used.update(classify([cases[i] for i in lesions], [images[i] for i in lesions], [rows[i] for i in lesions], nets_of))
    if a.set == "train":
        print("TRAINING cases: the segmenters have seen them" + ("" if a.folds else ", and the classifiers too"))
    res = report(rows, segmenters, names)
    if a.sentinode:
        res["c_difference"] = compare(a.sentinode, a.work, used)
    if a.csv:
        keys = list(dict.fromkeys(k for r in rows for k in r if "box" not in k))
        with open(a.csv, "w", newline="", encoding="utf-8") as f:
            out = csv.DictWriter(f, keys, lineterminator="\n")
            out.writeheader()
            out.writerows({k: "%.6g" % r[k] if isinstance(r.get(k), float) else r.get(k, "") for k in keys} for r in rows)
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump(res, f, indent=1)
    if res.get("c_difference", 0) > 1e-4:
        raise SystemExit("C and PyTorch differ by more than 1e-4")


if __name__ == "__main__":
    main()
