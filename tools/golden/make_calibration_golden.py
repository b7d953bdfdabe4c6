"""scikit-learn's and statsmodels' figures on the samples of make_calibration_golden.R, for tests/unit/check_calibration.c.

    /usr/bin/python3 tools/golden/make_calibration_golden.py tests/unit/data

Made with scikit-learn 1.2.1, statsmodels 0.13.5. Reads calibration.csv there, writes calibration_py.csv.
"""
import csv
import sys

import numpy as np
import statsmodels.api as sm
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

folder = sys.argv[1]
rows = list(csv.DictReader(open(folder + "/calibration.csv")))
out = csv.writer(open(folder + "/calibration_py.csv", "w"), lineterminator="\n")
out.writerow(["sample", "name", "value"])


def se(fit):
    """At the estimates; fit.bse has the weights of the step before the last, 1e-8 off."""
    return np.sqrt(np.diag(np.linalg.inv(-fit.model.hessian(fit.params))))


def put(sample, name, value):
    out.writerow([sample, name, "%.17g" % value])


for sample in dict.fromkeys(r["sample"] for r in rows):
    p = np.array([float(r["p"]) for r in rows if r["sample"] == sample])
    y = np.array([float(r["y"]) for r in rows if r["sample"] == sample])
    lp = np.log(p / (1 - p))
    put(sample, "brier", brier_score_loss(y, p))
    fit = sm.GLM(y, np.ones((len(y), 1)), family=sm.families.Binomial(), offset=lp).fit(tol=1e-14, maxiter=100)
    put(sample, "citl", fit.params[0])
    put(sample, "citl_se", se(fit)[0])
    fit = sm.GLM(y, sm.add_constant(lp), family=sm.families.Binomial()).fit(tol=1e-14, maxiter=100)
    put(sample, "slope", fit.params[1])
    put(sample, "slope_se", se(fit)[1])
    iso = IsotonicRegression(out_of_bounds="clip").fit(p, y)
    put(sample, "isotonic_knots", len(iso.X_thresholds_))
    for at in (0.0, 0.011, 0.123, 0.3, 0.4, 0.55, 0.777, 0.93, 1.0):
        put(sample, "isotonic_%g" % at, iso.predict([at])[0])
