"""DL Sig and the risk model, from out-of-fold scores of the training cases; nothing of the validation set.

  evaluate.py --set train --folds 3 --csv oof.csv, then fit_risk.py oof.csv --data ... --out model.json

DL Sig: ridge logistic regression of malignancy on the classifiers' logits from automatic crops, fitted
where both classes exist at the same resolution (the reduced BUSI copies, all benign, are left out).
Risk: logistic regression of malignancy on DL Sig and age, on BrEaST (BUSI has no ages).
Thresholds: Youden's index on the same training cases. Prints the lines for pack.conf.
"""
import argparse
import csv
import json
import os

import numpy as np

import evaluate
import models

CLAMP = np.log((1 - 1e-6) / 1e-6)  # the pipeline clamps p to [1e-6, 1 - 1e-6]


def logistic(x, y, ridge):
    """Newton; the ridge is per standardised coefficient, none on the intercept. Returns [b0, b...]."""
    mean, sd = x.mean(0), x.std(0)
    z = np.column_stack((np.ones(len(x)), (x - mean) / sd))
    b, penalty = np.zeros(z.shape[1]), np.diag([0.0] + [ridge] * x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-z @ b))
        step = np.linalg.solve(z.T @ (z * (p * (1 - p))[:, None]) + penalty, z.T @ (y - p) - penalty @ b)
        b += step
        if np.abs(step).max() < 1e-10:
            break
    coef = b[1:] / sd
    return np.concatenate(([b[0] - coef @ mean], coef))


def youden(risk, y):
    """The cut (halfway between neighbours) with the largest sensitivity + specificity - 1."""
    values = np.unique(risk)
    cuts = (values[1:] + values[:-1]) / 2
    j = [(risk[y == 1] >= c).mean() - (risk[y == 0] >= c).mean() for c in cuts]
    return float(cuts[int(np.argmax(j))])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("oof")
    ap.add_argument("--data", required=True)
    ap.add_argument("--out", required=True, help="model.json")
    a = ap.parse_args()
    with open(a.oof, newline="", encoding="utf-8") as f:
        rows = [r for r in csv.DictReader(f) if r["source"] != "busi_small"]
    names = [n for n in models.CLASSIFIERS if "logit_%s_auto" % n in rows[0]]
    x = np.array([[float(r["logit_%s_auto" % n]) for n in names] for r in rows]).clip(-CLAMP, CLAMP)
    y = np.array([r["class"] == "malignant" for r in rows]).astype(float)
    stack = logistic(x, y, ridge=1.0)
    sig = stack[0] + x @ stack[1:]
    print("# DL Sig from %d training cases, out-of-fold AUC %.3f" % (len(y), evaluate.auc(sig, y)))
    print("dlsig.rule = stack\ndlsig.intercept = %.6g\ndlsig.coefs = %s" % (stack[0], " ".join("%.6g" % v for v in stack[1:])))
    print("# coefficients in the order", " ".join(names), "; threshold on sigmoid(DL Sig) %.4f" % youden(sigmoid(sig), y))

    with open(os.path.join(a.data, "ultrasound", "breast_tcia_clinical.csv"), newline="", encoding="utf-8-sig") as f:
        ages = {"breast_%03d" % int(r["CaseID"]): r["Age"] for r in csv.DictReader(f)}
    known = [i for i, r in enumerate(rows) if ages.get(r["case"], "").strip().isdigit()]
    z = np.column_stack((sig[known], [float(ages[rows[i]["case"]]) for i in known]))
    b = logistic(z, y[known], ridge=1.0)
    risk = sigmoid(b[0] + z @ b[1:])
    print("# risk from %d BrEaST training cases with known age: out-of-fold AUC %.3f, DL Sig alone %.3f"
          % (len(known), evaluate.auc(risk, y[known]), evaluate.auc(z[:, 0], y[known])))
    terms = [{"name": n, "column": n, "coefficient": round(float(c), 6), "min": float(z[:, k].min()), "max": float(z[:, k].max())}
             for k, (n, c) in enumerate(zip(("dl_sig", "age"), b[1:]))]
    with open(a.out, "w", encoding="utf-8") as f:
        json.dump({"format": "sentinode-logistic", "version": 1,
                   "outcome": "malignancy of the lesion (demonstration; not lymph node status)",
                   "trained_on": "%d BrEaST training cases, DL Sig out of fold" % len(known),
                   "intercept": round(float(b[0]), 6), "threshold": round(youden(risk, y[known]), 4), "terms": terms}, f, indent=2)
        f.write("\n")


if __name__ == "__main__":
    main()
