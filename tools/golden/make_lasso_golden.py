#!/usr/bin/python3
"""Reference values for tests/unit/check_fit.c: make_lasso_golden.py > tests/unit/data/stats/lasso.csv

Needs SENTINODE_DATA; scikit-learn 1.2.1. Columns are standardised by the population standard deviation, so that
C = 1 / (n lambda) of scikit-learn's saga solver (free intercept) is the objective -loglik / n + lambda |beta|_1.
statsmodels' unpenalised fit is the end of the path. Rows: data, lambda, term, value (on the columns' own scale).
"""
import csv
import os
import warnings

import numpy as np
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("ignore")
folder = os.path.join(os.environ["SENTINODE_DATA"], "stats")


def table(name, columns, outcome, event):
    with open(os.path.join(folder, name), newline="") as f:
        rows = [r for r in csv.DictReader(f) if all(r[c] not in ("", "NA") for c in columns)]
    return np.array([[float(r[c]) for c in columns] for r in rows]), np.array([float(r[outcome] == event) for r in rows])


print("data,lambda,term,value")
for data, columns, outcome, event in (
    ("MASS_biopsy.csv", ["V%d" % i for i in range(1, 10)], "class", "malignant"),
    ("MASS_Pima.tr.csv", ["npreg", "glu", "bp", "skin", "bmi", "ped", "age"], "type", "Yes"),
):
    x, y = table(data, columns, outcome, event)
    mean, sd = x.mean(0), x.std(0)
    z = (x - mean) / sd
    top = np.abs(z.T @ (y - y.mean())).max() / len(y)
    print("%s,0,lambda_max,%.17g" % (data, top))
    for lam in (top * 0.5, top * 0.1, top * 0.02, top * 0.001):
        m = LogisticRegression(penalty="l1", solver="saga", C=1 / (len(y) * lam), tol=1e-15, max_iter=1000000).fit(z, y)
        b = m.coef_[0] / sd
        print("%s,%.17g,(intercept),%.17g" % (data, lam, m.intercept_[0] - b @ mean))
        for c, v in zip(columns, b):
            print("%s,%.17g,%s,%.17g" % (data, lam, c, v))
    full = sm.Logit(y, sm.add_constant(x)).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    for c, v in zip(["(intercept)"] + columns, full.params):
        print("%s,0,%s,%.17g" % (data, c, v))
