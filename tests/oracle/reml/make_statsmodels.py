"""Makes statsmodels.json: the same models by MixedLM of statsmodels, whose variances converge to about six digits. Its
standard errors come from the joint Hessian of all parameters and are another quantity, so they are not kept.

Run `python make_statsmodels.py` in this folder, with pandas and statsmodels."""
import json
import warnings

import pandas as pd
import statsmodels
import statsmodels.formula.api as smf

warnings.simplefilter("ignore")
out = {"made_by": f"statsmodels {statsmodels.__version__}"}
for name, path, formula, terms in [
    ("s02_unequal_sizes", "../s02_unequal_sizes/data.csv", "y ~ treat", ["treat"]),
    ("s02_unequal_sizes_ancova", "../s02_unequal_sizes/data.csv", "y ~ treat + x", ["treat"]),
    ("s08_strata_nested_strata_ancova", "../s08_strata_nested/data.csv", "y ~ C(stratum) + treat + x", ["treat"]),
    ("unbalanced_ancova", "unbalanced.csv", "y ~ C(arm) + x", ["C(arm)[T.b]", "C(arm)[T.c]"]),
]:
    data = pd.read_csv(path).dropna(subset=["y", "x"])
    model = smf.mixedlm(formula, data, groups="school_id")
    fit = model.fit(reml=True, method="powell", xtol=1e-12, ftol=1e-14, maxiter=10000)
    out[name] = {
        "between": float(fit.cov_re.iloc[0, 0]), "within": float(fit.scale), "log_likelihood": float(fit.llf),
        "est": [float(fit.params[t]) for t in terms],
    }
    print(name, out[name])
json.dump(out, open("statsmodels.json", "w"), indent=1)
