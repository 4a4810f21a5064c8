"""Reference numbers of tests on counts: scipy for exact tests, statsmodels for Cochran-Mantel-Haenszel, mpmath for
e-values, brute force for multinomials. Run in this folder: python3 make_counts.py > counts.json"""
import itertools, json
import mpmath as mp
import numpy as np
from scipy import stats
from scipy.special import gammaln
from statsmodels.stats.contingency_tables import StratifiedTable

mp.mp.dps = 40

binomial = []
for x, n, p in [(3, 12, .5), (0, 7, .3), (7, 7, .3), (5100, 10000, .5), (90, 1000, .1), (1, 40, .1), (812, 5000, 1 / 6),
                (300, 400, .75), (49, 50, .5), (0, 20, .5), (200, 1000, .1), (70000, 200000, 1 / 3), (4, 8, .5)]:
    binomial.append(dict(x=x, n=n, p=p, two_sided=stats.binomtest(x, n, p).pvalue))

def multinomial(observed, shares):
    n, k = sum(observed), len(observed)
    def pmf(c):
        return float(mp.exp(mp.loggamma(n + 1) + sum(x * mp.log(mp.mpf(s)) - mp.loggamma(x + 1) for x, s in zip(c, shares))))
    own = pmf(observed)
    cuts = itertools.combinations(range(n + k - 1), k - 1)
    total = 0.0
    for cut in cuts:
        edges = (-1,) + cut + (n + k - 1,)
        p = pmf([edges[i + 1] - edges[i] - 1 for i in range(k)])
        if p <= own * (1 + 1e-7):
            total += p
    return total

multinomials = [dict(observed=o, shares=s, two_sided=multinomial(o, s)) for o, s in [
    ([3, 9, 2], [.25, .5, .25]), ([1, 2, 3, 4], [.25] * 4), ([10, 2, 8], [1 / 3] * 3), ([0, 0, 5], [.2, .3, .5])]]

hyper = []
for x, total, marked, drawn in [(3, 20, 10, 8), (10, 40, 20, 30), (0, 12, 6, 3), (480, 2000, 1000, 900), (5, 30, 7, 20), (40, 100, 50, 70)]:
    table = [[x, marked - x], [drawn - x, total - marked - (drawn - x)]]
    hyper.append(dict(x=x, total=total, marked=marked, drawn=drawn, two_sided=stats.fisher_exact(table)[1]))

def log_e(x, theta, k):
    a = [mp.mpf(t) * k for t in theta]
    n = sum(x)
    return mp.loggamma(sum(a)) - mp.loggamma(sum(a) + n) + sum(mp.loggamma(ai + xi) - mp.loggamma(ai) for ai, xi in zip(a, x)) \
        - sum(xi * mp.log(mp.mpf(t)) for xi, t in zip(x, theta))

evalues = [dict(observed=x, shares=t, k=k, log_e=float(log_e(x, t, k))) for x, t, k in [
    ([5300, 4700], [.5, .5], 100), ([520, 480], [.5, .5], 100), ([0, 0], [.5, .5], 100), ([330, 340, 330], [.25, .5, .25], 10),
    ([200000, 210000], [.5, .5], 100), ([9, 1], [.9, .1], 1)]]

# Strata with fixed counts: assigned (control, treated), observed (control, treated).
blocks = [(10, 10, 9, 6), (12, 8, 12, 5), (15, 15, 11, 10), (6, 6, 6, 6), (20, 10, 15, 4)]
tables = np.array([[[o0, m0 - o0], [o1, m1 - o1]] for m0, m1, o0, o1 in blocks]).transpose(1, 2, 0).astype(float)
result = StratifiedTable(tables).test_null_odds(correction=False)
print(json.dumps(dict(
    software="scipy, statsmodels, mpmath", binomial=binomial, multinomial=multinomials, hypergeometric=hyper, e_values=evalues,
    blocks=dict(rows=blocks, chi2=result.statistic, p=result.pvalue)), indent=1))
