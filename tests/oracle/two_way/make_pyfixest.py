"""Makes pyfixest.json: two-way CRV1 of pyfixest, each component with its own G / (G - 1), as CR1S here."""
import json
import pandas as pd
import pyfixest as pf

pf_ssc = pf.ssc(k_adj=True, k_fixef="none", G_adj=True, G_df="conventional")
out = {"made_by": f"pyfixest {pf.__version__}"}
for name, path, formula, a, b, weights in [
    ("crossed", "crossed.csv", "y ~ arm", "teacher", "district", None),
    ("crossed_ancova", "crossed.csv", "y ~ arm + x", "teacher", "district", None),
    ("crossed_weights", "crossed.csv", "y ~ arm + x", "teacher", "district", "w"),
    ("s09_strata_crossing", "../s09_strata_crossing/data.csv", "y ~ treat", "school_id", "grade", None),
    ("s08_strata_nested", "../s08_strata_nested/data.csv", "y ~ treat", "school_id", "stratum", None),
]:
    data = pd.read_csv(path, float_precision="round_trip")
    fit = pf.feols(formula, data, vcov={"CRV1": f"{a} + {b}"}, ssc=pf_ssc, weights=weights)
    table = fit.tidy()
    terms = [t for t in table.index if t != "Intercept"]
    out[name] = {
        t: {"est": float(table.loc[t, "Estimate"]), "se": float(table.loc[t, "Std. Error"]),
            "p": float(table.loc[t, "Pr(>|t|)"]), "ci_lo": float(table.loc[t, "2.5%"]), "ci_hi": float(table.loc[t, "97.5%"])}
        for t in terms
    }
    print(name, out[name])
json.dump(out, open("pyfixest.json", "w"), indent=1)
