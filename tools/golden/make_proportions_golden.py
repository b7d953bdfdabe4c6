"""Writes tests/unit/data/stats/proportions.csv: what statsmodels, scipy and scikit-learn say about proportions and tables.

    /usr/bin/python3 tools/golden/make_proportions_golden.py > tests/unit/data/stats/proportions.csv

Made with statsmodels 0.13.5, scipy 1.10.1, scikit-learn 1.2.1. Columns: quantity, arguments separated by spaces, value.
Tango's statistic: the nuisance parameter is found by numerical maximisation of the likelihood, not by his formula.
Kosinski's: sums over cases, as the estimating equation has them. Newcombe's paired interval: his paper's method 10.
"""
import math
import random
import warnings

import numpy as np
from scipy import optimize, stats
from sklearn import metrics
from statsmodels.stats import meta_analysis, multitest, proportion
from statsmodels.stats.contingency_tables import Table2x2, mcnemar

warnings.filterwarnings("ignore")
random.seed(11)


def out(what, args, value):
    if not math.isnan(value):
        print("%s,%s,%.17g" % (what, " ".join("%.17g" % a for a in args), value))


print("quantity,arguments,value")

for x, n, level in [(45, 50, 0.95), (0, 20, 0.95), (20, 20, 0.95), (1, 20, 0.9), (19, 20, 0.99), (7, 13, 0.95), (163, 229, 0.95), (3, 100000, 0.95),
                    (99990, 100000, 0.95), (1, 1, 0.95), (0, 1, 0.8), (499000, 1000000, 0.95)]:
    for name, method in [("wilson", "wilson"), ("exact", "beta"), ("jeffreys", "jeffreys")]:
        lo, hi = proportion.proportion_confint(x, n, 1 - level, method)
        if name == "jeffreys":  # at the ends the interval is closed (Brown, Cai & DasGupta 2001), which statsmodels leaves out
            lo, hi = (0.0 if x == 0 else lo), (1.0 if x == n else hi)
        out(name + "_lo", [x, n, level], 0.0 if x == 0 else lo)
        out(name + "_hi", [x, n, level], 1.0 if x == n else hi)

for x1, n1, x2, n2 in [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (5, 56, 0, 29)]:
    lo, hi = proportion.confint_proportions_2indep(x1, n1, x2, n2, method="newcomb", compare="diff")
    out("newcombe2_lo", [x1, n1, x2, n2], lo)
    out("newcombe2_hi", [x1, n1, x2, n2], hi)

for b, c in [(0, 0), (1, 0), (5, 0), (3, 9), (12, 12), (10, 15), (20, 41), (250, 300), (7, 7)]:
    out("mcnemar_exact", [b, c], mcnemar([[0, b], [c, 0]], exact=True).pvalue)
    k, n = min(b, c), b + c
    # Fagerland et al. 2013, additional file: 1 - f / 2 where both are equal; 1 by ours without discordant pairs
    out("mcnemar_midp", [b, c], (1 - stats.binom.pmf(k, n, 0.5) / 2 if n else 1) if b == c else 2 * stats.binom.cdf(k, n, 0.5) - stats.binom.pmf(k, n, 0.5))


def tango_z(b, c, n, d):
    """Likelihood in q = P(only second): both probabilities are q + d and q, the rest 1 - 2 q - d."""
    def loss(q):
        p1, p2, rest = q + d, q, 1 - 2 * q - d
        return -sum(k * math.log(max(p, 1e-300)) for k, p in ((b, p1), (c, p2), (n - b - c, rest)) if k)
    lo, hi = max(0.0, -d), (1 - d) / 2
    q = optimize.minimize_scalar(loss, bounds=(lo, hi), method="bounded", options={"xatol": 1e-14}).x

    def slope(v):
        return sum(k * s / p for k, s, p in ((b, 1, v + d), (c, 1, v), (n - b - c, -2, 1 - 2 * v - d)) if k)
    e = 1e-15  # the bounded search is good to 1e-8: the root of the derivative is sharper
    try:
        q = optimize.brentq(slope, lo + e, hi - e, xtol=1e-17, rtol=1e-15)
    except ValueError:
        pass
    return (b - c - n * d) / math.sqrt(n * (2 * q + d * (1 - d)))


def newcombe(a, b, c, d):
    n = a + b + c + d
    w1, w2 = (proportion.proportion_confint(k, n, 0.05, "wilson") for k in (a + b, a + c))
    p1, p2, m = (a + b) / n, (a + c) / n, (a + b) * (c + d) * (a + c) * (b + d)
    t = a * d - b * c
    phi = 0.0 if m == 0 else (max(t - n / 2, 0) if t > 0 else t) / math.sqrt(m)
    dl1, du1, dl2, du2 = p1 - w1[0], w1[1] - p1, p2 - w2[0], w2[1] - p2
    return (p1 - p2 - math.sqrt(dl1 ** 2 - 2 * phi * dl1 * du2 + du2 ** 2), p1 - p2 + math.sqrt(du1 ** 2 - 2 * phi * du1 * dl2 + dl2 ** 2))


for t in [(43, 8, 3, 30), (53, 16, 9, 8), (36, 12, 2, 0), (20, 5, 5, 3), (90, 1, 4, 5), (10, 3, 1, 100), (2, 9, 8, 1)]:
    a, b, c, d = t
    n = sum(t)
    for delta in (-0.3, -0.1, 0.05, 0.2):
        out("tango_z", list(t) + [delta], tango_z(b, c, n, delta))
    z, est = stats.norm.ppf(0.975), (b - c) / n
    out("tango_lo", t, optimize.brentq(lambda v: tango_z(b, c, n, v) - z, -0.999, est - 1e-9, xtol=1e-14))
    out("tango_hi", t, optimize.brentq(lambda v: tango_z(b, c, n, v) + z, est + 1e-9, 0.999, xtol=1e-14))
    lo, hi = newcombe(*t)
    out("newcombe_lo", t, lo)
    out("newcombe_hi", t, hi)

for tp, fp, fn, tn in [(31, 12, 6, 180), (40, 3, 25, 161), (10, 0, 3, 20), (5, 5, 0, 10), (1, 2, 3, 4)]:
    y, call = [1] * (tp + fn) + [0] * (fp + tn), [1] * tp + [0] * fn + [1] * fp + [0] * tn
    t = [tp, fp, fn, tn]
    out("mcc", t, metrics.matthews_corrcoef(y, call))
    out("f1", t, metrics.f1_score(y, call))
    out("accuracy", t, metrics.accuracy_score(y, call))
    out("balanced", t, metrics.balanced_accuracy_score(y, call))
    out("ppv", t, metrics.precision_score(y, call))
    out("sens", t, metrics.recall_score(y, call))
    if fp and fn:
        ratios = metrics.class_likelihood_ratios(y, call)
        out("lr_pos", t, ratios[0])
        out("lr_neg", t, ratios[1])
        table = Table2x2([[tp, fn], [fp, tn]])
        out("lr_pos_lo", t, table.riskratio_confint()[0])  # the ratio of P(call) in the two classes is LR+
        out("lr_pos_hi", t, table.riskratio_confint()[1])
        swap = Table2x2([[fn, tp], [tn, fp]])
        out("lr_neg_lo", t, swap.riskratio_confint()[0])
        out("lr_neg_hi", t, swap.riskratio_confint()[1])
        out("dor", t, table.oddsratio)
        out("dor_lo", t, table.oddsratio_confint()[0])
        out("dor_hi", t, table.oddsratio_confint()[1])
        # Mercaldo at 20 %: PPV's log odds are log(LR+) + log(prior odds), and the limits those of LR+ on that scale
        prior, expit = math.log(0.2 / 0.8), lambda v: 1 / (1 + math.exp(-v))
        for w, name in enumerate(("ppv_at_lo", "ppv_at_hi")):
            out(name, t, expit(prior + math.log(table.riskratio_confint()[w])))
        for w, name in ((1, "npv_at_lo"), (0, "npv_at_hi")):
            out(name, t, expit(-prior - math.log(swap.riskratio_confint()[w])))
        out("ppv_at", t, 0.2 * tp / (tp + fn) / (0.2 * tp / (tp + fn) + 0.8 * fp / (fp + tn)))

p = [0.04, 0.001, 0.5, 0.02, 0.02, 0.9, 0.012]
for i, v in enumerate(multitest.multipletests(p, method="holm")[1]):
    out("holm", [i], v)

est, var = np.array([0.71, 0.80, 0.66, 0.78]), np.array([0.002, 0.0015, 0.004, 0.001])
r = meta_analysis.combine_effects(est, var, method_re="iterated")
out("q", [], r.test_homogeneity().statistic)
out("q_p", [], r.test_homogeneity().pvalue)
out("q_mean", [], r.mean_effect_fe)
x, n = np.array([10, 25, 7]), np.array([30, 40, 20])
c = stats.chi2_contingency(np.array([x, n - x]), correction=False)
out("pearson", [], c[0])
out("pearson_p", [], c[1])

# Cases for predictive values: (first, second, y) of case i from a rule the test repeats.
cases = [(i % 5 < 2 or i % 11 == 0, i % 7 < 3, i % 5 < 3 if i % 2 else i % 7 < 2) for i in range(160)]
for name, flip in (("ppv", False), ("npv", True)):
    a, b, d = (np.array([c[k] != flip for c in cases], float) for k in range(3))
    pool = (a @ d + b @ d) / (a.sum() + b.sum())
    score = a @ d / a.sum() - b @ d / b.sum()
    # variance of each case's own term: V(sum) with p (1 - p) for single calls, as observed for double ones
    both = a * b
    shared = (both * (d - pool) ** 2).sum()
    v = pool * (1 - pool) / a.sum() + pool * (1 - pool) / b.sum() - 2 * shared / (a.sum() * b.sum())
    out("kosinski_" + name, [], score ** 2 / v)
    out("kosinski_" + name + "_p", [], stats.chi2.sf(score ** 2 / v, 1))
