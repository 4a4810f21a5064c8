"""Writes reference.json: boundaries, posterior tails and margin tests by numpy and scipy.

The boundaries use one Gauss-Legendre rule of 3000 points for each look and a bracketing root finder, not the panels and
Newton steps of pg_rct. Run: python3 make_reference.py (numpy 2.4, scipy 1.17).
"""
import json
import numpy as np
import scipy
from scipy import stats
from scipy.optimize import brentq

X, W = np.polynomial.legendre.leggauss(3000)


def spent(spending, alpha, t):
    t = min(t, 1.0)
    if spending == "obf":
        return 2 * stats.norm.sf(stats.norm.isf(alpha / 2) / np.sqrt(t))
    return alpha * np.log1p((np.e - 1) * t)


def boundaries(times, alpha, sided, spending, convention, last=False):
    budget = [1.0 if last and k == len(times) - 1 else t for k, t in enumerate(times)]
    if sided == 2 and convention == "per_tail":
        cumulative = [2 * spent(spending, alpha / 2, t) for t in budget]
    else:
        cumulative = [spent(spending, alpha, t) for t in budget]
    increments = np.diff([0.0] + cumulative)
    out, nodes, mass, before = [], None, None, 0.0
    for t, a, increment in zip(times, cumulative, increments):
        s = np.sqrt(t - before)

        def stop(c):
            if nodes is None:
                return sided * stats.norm.sf(c)
            return sided * np.sum(mass * stats.norm.sf((c * np.sqrt(t) - nodes) / s))

        c = brentq(lambda c: np.log(stop(c) / increment), -1.0, 14.0, xtol=1e-14, rtol=1e-14)
        out.append({"cumulative_alpha": a, "z": c, "nominal_p": sided * stats.norm.sf(c)})
        high = min(c, 12.0) * np.sqrt(t)
        low = -high if sided == 2 else -11.0 * np.sqrt(t)
        y = (high + low) / 2 + (high - low) / 2 * X
        w = (high - low) / 2 * W
        if nodes is None:
            density = stats.norm.pdf(y / np.sqrt(t)) / np.sqrt(t)
        else:
            density = (stats.norm.pdf((y[:, None] - nodes[None, :]) / s) / s) @ mass
        nodes, mass, before = y, w * density, t
    return out


designs = []
for times, alpha, sided, spending, convention, last in [
    ([0.1 * k for k in range(1, 11)], 0.05, 2, "obf", "per_tail", False),
    ([0.1 * k for k in range(1, 11)], 0.05, 2, "pocock", "total", False),
    ([0.05 * k for k in range(1, 21)], 0.01, 2, "pocock", "per_tail", False),
    ([0.3, 0.55, 1.0], 0.05, 2, "obf", "per_tail", False),
    ([0.2, 0.5, 0.9, 1.13], 0.05, 2, "obf", "per_tail", False),
    ([0.2, 0.5, 0.9, 1.13], 0.025, 1, "pocock", "per_tail", False),
    ([0.2, 0.5, 0.86], 0.05, 2, "obf", "per_tail", True),
    ([0.2, 0.5, 0.86], 0.05, 2, "obf", "total", False),
    ([0.4, 0.401, 0.9, 0.902, 1.0], 0.05, 2, "pocock", "per_tail", False),
    ([0.4, 0.401, 0.9, 0.902, 1.0], 0.05, 1, "obf", "per_tail", False),
    ([0.06, 0.1, 0.7, 1.0], 0.2, 2, "obf", "total", False),
]:
    designs.append({"information": times, "alpha": alpha, "sided": sided, "spending": spending,
                    "convention": convention, "last": last,
                    "bounds": boundaries(times, alpha, sided, spending, convention, last)})


def tail(df):
    return stats.norm if df is None else stats.t(df)


cases = [(est, se, df) for est in (-3.1, 0.0, 1.7) for se in (0.45, 1.2) for df in (None, 4.2, 18.0, 61.5)]

harm = []
for est, se, df in cases:
    for sd, mean, prior_sd, threshold, sign in [(10.0, 0.0, 0.2, 0.0, 1), (8.5, 0.05, 0.1, 0.1, 1), (10.0, -0.02, 0.3, 0.05, -1)]:
        tau, m0 = prior_sd * sd, mean * sd
        precision = 1 / se**2 + 1 / tau**2
        m, s = (est / se**2 + m0 / tau**2) / precision, precision**-0.5
        d = tail(df)
        harm.append({"estimate": est, "std_error": se, "df": df, "sd": sd, "prior_mean": mean, "prior_sd": prior_sd,
                     "threshold": threshold, "sign": sign, "posterior_mean": m, "posterior_sd": s,
                     "p_harm": float(d.cdf((0 - m) / s) if sign > 0 else d.sf((0 - m) / s)),
                     "p_above": float(d.sf((threshold * sd - m) / s) if sign > 0 else d.cdf((-threshold * sd - m) / s))})

margins = []
for est, se, df in cases:
    for margin, sign, alpha in [(1.0, 1, 0.05), (0.5, -1, 0.025)]:
        d = tail(df)
        q = float(d.isf(alpha))
        t = (sign * est + margin) / se
        low, high = float(d.sf((est + margin) / se)), float(d.sf((margin - est) / se))
        margins.append({"estimate": est, "std_error": se, "df": df, "margin": margin, "sign": sign, "alpha": alpha, "t": t,
                        "p_value": float(d.sf(t)), "p_tripped": float(d.cdf(t)),
                        "worst": est - sign * q * se, "best": est + sign * q * se,
                        "p_low": low, "p_high": high, "ci_low": est - q * se, "ci_high": est + q * se})

with open("reference.json", "w") as f:
    json.dump({"source": f"numpy {np.__version__}, scipy {scipy.__version__}", "designs": designs, "harm": harm,
               "margins": margins}, f, indent=1, default=float)
    f.write("\n")
