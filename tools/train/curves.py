"""Copies the logs of WORK to tools/train/logs/ and draws them: loss, and Dice or AUC on validation cases.

With logs/unseen.csv (evaluate.py --csv) also unseen.svg: the Dice of every unseen picture, from worst to best,
and the ROC curves of the classifiers on automatic crops.
"""
import argparse
import csv
import os

import models

LOGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "logs")
COLOURS = ("#0072b2", "#d55e00", "#009e73")
W, H, LEFT, TOP, GAP = 400, 240, 50, 30, 60  # one panel, and the room around it


def panel(col, row, title, series, low, high, x_max):
    """series: list of (name, colour, values)."""
    x0, y0 = LEFT + col * (W + GAP), TOP + row * (H + GAP)
    out = ['<text x="%d" y="%d">%s</text>' % (x0, y0 - 8, title),
           '<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#888"/>' % (x0, y0, W, H)]
    for k in range(6):
        v = low + (high - low) * k / 5
        y = y0 + H - H * k / 5
        out.append('<text x="%d" y="%.1f" text-anchor="end">%.2g</text>' % (x0 - 5, y + 4, v))
        out.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>' % (x0, x0 + W, y, y))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%d</text>' % (x0 + W * k / 5, y0 + H + 14, x_max * k / 5))
    for i, (name, colour, values) in enumerate(series):
        points = " ".join("%.1f,%.1f" % (x0 + W * (e + 1) / x_max, y0 + H - H * (min(max(v, low), high) - low) / (high - low))
                          for e, v in enumerate(values))
        out.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5"/>' % (points, colour))
        out.append('<text x="%d" y="%d" text-anchor="end" fill="%s">%s</text>' % (x0 + W - 8, y0 + H - 12 - 15 * i, colour, name))
    return out


def header(rows):
    return ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">'
            % (LEFT + 2 * (W + GAP), TOP + rows * (H + GAP)), '<rect width="100%" height="100%" fill="white"/>']


def roc(score, label):
    """Sensitivity at false-positive rates 0, 1/100, .. 1 (the largest reached without exceeding it)."""
    order = sorted(zip(score, label), reverse=True)
    pos, neg = sum(label), len(label) - sum(label)
    points, tp, fp, k = [(0.0, 0.0)], 0, 0, 0
    while k < len(order):
        same = [y for s, y in order if s == order[k][0]]
        tp, fp, k = tp + sum(same), fp + len(same) - sum(same), k + len(same)
        points.append((fp / neg, tp / pos))
    return [max(t for f, t in points if f <= x / 100 + 1e-12) for x in range(101)]


def draw_unseen(path, out):
    with open(path, newline="", encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f) if r["class"] != "normal"]
    label = [int(r["class"] == "malignant") for r in rows]
    names = models.SEGMENTERS + ["fused"]
    dice = [(n, c, sorted(float(r["dice_" + n]) for r in rows)) for n, c in zip(names, COLOURS + ("#000000",))]
    curves = [(n, c, roc([float(r["logit_%s_auto" % n]) for r in rows], label))
              for n, c in zip(models.CLASSIFIERS + ["mean"], COLOURS + ("#000000",))]
    svg = header(1) + panel(0, 0, "Dice of %d unseen pictures with lesion, worst to best" % len(rows), dice, 0.0, 1.0, len(rows))
    svg += panel(1, 0, "sensitivity against 100 (1 - specificity), %d malignant of %d" % (sum(label), len(label)), curves, 0.0, 1.0, 101)
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(svg + ["</svg>", ""]))


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--work", required=True)
    work = ap.parse_args().work
    os.makedirs(LOGS, exist_ok=True)
    rows = {}
    for name in models.NETWORKS:
        path = os.path.join(work, name + ".csv")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                content = f.read()
            with open(os.path.join(LOGS, name + ".csv"), "w", encoding="utf-8") as f:
                f.write(content)
            rows[name] = list(csv.DictReader(content.splitlines()))
    svg = header(2)
    for r, (names, key, title, low) in enumerate(((models.SEGMENTERS, "val_dice", "mean Dice, validation cases, 128 x 128", 0.0),
                                                  (models.CLASSIFIERS, "val_auc", "AUC for malignancy, validation cases, manual crops", 0.4))):
        have = [(n, c) for n, c in zip(names, COLOURS) if n in rows]
        longest = max(models.NETWORKS[n][3] for n in names)
        for c, (what, text, a, b) in enumerate((("loss", "training loss by epoch", 0.0, 2.0 if r == 0 else 1.2), (key, title + " by epoch", low, 1.0))):
            svg += panel(c, r, text, [(n, colour, [float(v[what]) for v in rows[n]]) for n, colour in have], a, b, longest)
    with open(os.path.join(LOGS, "curves.svg"), "w", encoding="utf-8") as f:
        f.write("\n".join(svg + ["</svg>", ""]))
    unseen = os.path.join(LOGS, "unseen.csv")
    if os.path.exists(unseen):
        draw_unseen(unseen, os.path.join(LOGS, "unseen.svg"))
    for name, v in rows.items():
        cpu = sorted(float(x["cpu_s"]) for x in v)[len(v) // 2]
        print("%-12s epoch %3d of %3d: %s; %.1f CPU-s an epoch" % (name, len(v), models.NETWORKS[name][3],
              " ".join("%s=%s" % (k, v[-1][k]) for k in v[-1] if k.startswith(("loss", "val"))), cpu))


if __name__ == "__main__":
    main()
