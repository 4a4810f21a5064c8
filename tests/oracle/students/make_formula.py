"""Neyman's variance within strata, with and without Lin's adjustment, from the rows by numpy: slopes by least squares with an
intercept for each stratum in each condition. Run in this folder: python3 make_formula.py > formula.json"""
import json
import numpy as np
import pandas as pd

def effect(d, stratum, covariates):
    d = d.copy()
    d["s"] = d[stratum] if stratum else 0
    d = d[d.groupby("s").treat.transform("nunique") == 2]
    total, strata, k = len(d), d.s.nunique(), len(covariates)
    tau = v = spread = 0.0
    for a, sign in [(1, 1), (0, -1)]:
        arm = d[d.treat == a]
        dummies = pd.get_dummies(arm.s).to_numpy(float)
        design = np.column_stack([dummies] + [arm[c].to_numpy(float) for c in covariates])
        coefficients, *_ = np.linalg.lstsq(design, arm.y.to_numpy(float), rcond=None)
        slopes = coefficients[dummies.shape[1]:]
        residual = arm.y.to_numpy(float) - design @ coefficients
        for s, rows in arm.groupby("s"):
            both = d[d.s == s]
            w, n = len(both) / total, len(rows)
            mean = rows.y.mean() - sum(b * (rows[c].mean() - both[c].mean()) for b, c in zip(slopes, covariates))
            r = residual[(arm.s == s).to_numpy()]
            nu = (n - 1) * (1 - k / (len(arm) - strata))
            part = w * w * (r @ r) / nu / n
            tau, v, spread = tau + sign * w * mean, v + part, spread + part * part / nu
    return dict(estimate=tau, se=v ** .5, df=v * v / spread)

s01, s08, s09 = (pd.read_csv(f"../{n}/data.csv") for n in ("s01_balanced_2arm", "s08_strata_nested", "s09_strata_crossing"))
print(json.dumps(dict(
    s01=effect(s01, None, []), s08=effect(s08, "stratum", []), s09=effect(s09, "grade", []), s01_lin=effect(s01, None, ["x"]),
    s08_lin=effect(s08, "stratum", ["x", "female"]), s09_lin=effect(s09, "grade", ["x"])), indent=1))
