"""Tails of the noncentral t distribution with mpmath, 25 digits: Gauss-Legendre quadrature of the definition.

P(T > t) = int f(s) Phi_c(t s - delta) ds, f the density of sqrt(chi2_df / df), over the part of s that matters, in pieces.
Some are compared with the series in incomplete beta functions (Lenth 1989). Run: python3 make.py > tails.csv
"""
from mpmath import mp, mpf, quad, exp, log, gamma, loggamma, erfc, sqrt, betainc, findroot, ncdf
import sys

mp.dps = 25


def log_phi_c(z):
    return log(erfc(z / sqrt(mpf(2))) / 2)


def upper(t, df, delta):
    t, df, delta = mpf(t), mpf(df), mpf(delta)
    a = df / 2
    const = log(mpf(2)) + a * log(a) - loggamma(a)
    f = lambda s: const + (df - 1) * log(s) - df * s * s / 2 + log_phi_c(t * s - delta)
    # the peak by golden section on ln s, then cut where the integrand is 1e-32 of it
    lo, hi = mpf(-30), mpf(12)
    g = lambda u: f(exp(u)) + u
    r = (sqrt(mpf(5)) - 1) / 2
    for _ in range(100):
        x1, x2 = hi - r * (hi - lo), lo + r * (hi - lo)
        if g(x1) < g(x2): lo = x1
        else: hi = x2
    mode = (lo + hi) / 2
    peak = g(mode)
    def edge(sign):
        step = mpf(10) ** -4
        while g(mode + sign * step) > peak - 75: step *= 2
        a_, b_ = step / 2, step
        for _ in range(20):
            m = (a_ + b_) / 2
            if g(mode + sign * m) > peak - 75: a_ = m
            else: b_ = m
        return b_
    left, right = edge(-1), edge(1)
    # finer towards the mode, where the step of the normal tail is
    cuts = [(mpf(i) / 16) ** 3 for i in range(17)]
    pieces = [mode - left * c for c in reversed(cuts)] + [mode + right * c for c in cuts[1:]]
    return quad(lambda u: exp(g(u)), pieces, method="gauss-legendre", maxdegree=4)


def lower_series(t, df, delta):
    """Lenth (1989), t >= 0."""
    old = mp.dps
    mp.dps = 60
    t, df, delta = mpf(t), mpf(df), mpf(delta)
    x = t * t / (t * t + df)
    total, j = ncdf(-delta), 0
    p = exp(-delta ** 2 / 2) / 2
    q = p * delta / sqrt(mpf(2)) / gamma(mpf(3) / 2)
    while True:
        term = p * betainc(j + mpf(1) / 2, df / 2, 0, x, regularized=True) + q * betainc(j + 1, df / 2, 0, x, regularized=True)
        total += term
        if j > delta ** 2 and abs(term) < mpf(10) ** -50: break
        j += 1
        p *= delta ** 2 / 2 / j
        q *= delta ** 2 / 2 / (j + mpf(1) / 2)
    mp.dps = old
    return total


print("t,df,delta,upper,lower")
worst = 0
for df in [1, 2, 3.5, 10, 38, 1000, 1000000]:
    for delta in [-40, -5, -0.5, 0, 0.5, 2.8, 10, 40]:
        for t in [-50, -5, -1, 0.5, 2, 5, 30, 100, 10000]:
            if t >= delta:
                u = upper(t, df, delta)
                l = 1 - u
            else:
                l = upper(-t, df, -delta)
                u = 1 - l
            if df in (1, 3.5, 38) and delta in (0, 0.5, 2.8, 10) and t in (0.5, 2, 5, 30):
                s = lower_series(t, df, delta)
                worst = max(worst, abs(1 - s - u) / u if t >= delta else abs(s - l) / l)
            print(f"{t},{df},{delta},{mp.nstr(u, 20)},{mp.nstr(l, 20)}")
print("largest relative difference from the series:", mp.nstr(worst, 3), file=sys.stderr)
assert worst < mpf(10) ** -12
