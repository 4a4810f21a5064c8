"""Reference numbers of pooled imputations and of logistic regressions, by scipy and statsmodels.

    python3 make_reference.py      # writes imputations.json and logistic.json beside it
"""
import csv
import json
import os

import numpy as np
import scipy
import scipy.stats as st
import statsmodels
import statsmodels.api as sm

here = os.path.dirname(os.path.abspath(__file__))


def pooled(est, var, dfcom, level=0.95):
    est, var = np.array(est), np.array(var)
    m = len(est)
    q, u, b = est.mean(), var.mean(), est.var(ddof=1)
    t = u + (1 + 1 / m) * b
    lam = (1 + 1 / m) * b / t
    r = (1 + 1 / m) * b / u
    old = (m - 1) * (1 + u / ((1 + 1 / m) * b)) ** 2
    df = old
    if dfcom is not None:
        obs = (dfcom + 1) / (dfcom + 3) * dfcom * (1 - lam)
        df = 1 / (1 / old + 1 / obs)
    half = st.t.ppf((1 + level) / 2, df) * np.sqrt(t)
    return dict(estimates=list(est), variances=list(var), complete_df=dfcom, estimate=q, std_error=np.sqrt(t), df=df,
                p_value=2 * st.t.sf(abs(q) / np.sqrt(t), df), ci_low=q - half, ci_high=q + half, within=u, between=b,
                relative_increase=r, lambda_=lam, missing_information=(r + 2 / (df + 3)) / (r + 1))


rng = np.random.default_rng(20261126)
cases = []
for m, dfcom in [(2, None), (5, None), (5, 18.4), (20, 9.7), (50, 300.0)]:
    cases.append(pooled((3 + rng.normal(size=m)).tolist(), (1 + rng.random(size=m)).tolist(), dfcom))
json.dump(dict(software=f"numpy {np.__version__}, scipy {scipy.__version__}; formulas of Barnard and Rubin (1999)", rows=cases),
          open(os.path.join(here, "imputations.json"), "w"), indent=1)

fits = []
for design, outcome, columns in [("s16_attrition", "observed", ["treat"]), ("s16_attrition", "observed", ["treat", "x"]),
                                 ("s12_binary", "passed", ["treat", "x", "female"])]:
    rows = list(csv.DictReader(open(os.path.join(here, "..", design, "data.csv"))))
    rows = [r for r in rows if r[outcome] != "" and all(r[c] != "" for c in columns)]
    y = np.array([float(r[outcome]) for r in rows])
    x = sm.add_constant(np.array([[float(r[c]) for c in columns] for r in rows]))
    fit = sm.Logit(y, x).fit(method="newton", tol=1e-14, maxiter=100, disp=0)
    fits.append(dict(design=design, outcome=outcome, columns=columns, n=len(y), coefficients=list(fit.params),
                     std_errors=list(fit.bse), predicted_first=float(fit.predict(x[:1])[0])))
json.dump(dict(software=f"statsmodels {statsmodels.__version__}", rows=fits), open(os.path.join(here, "logistic.json"), "w"), indent=1)
