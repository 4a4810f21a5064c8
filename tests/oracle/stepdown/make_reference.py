"""Makes reference.json: adjusted p-values of several effects, in a single step and by stepdown (Romano and Wolf 2016), from
the published random numbers (ChaCha with 8 rounds, keyed by XXH3 of the seed), all written out with numpy.

Run `python make_reference.py` in this folder, with numpy, pandas, scipy, xxhash, pyfixest and wildboottest."""
import json
import math
import struct
import warnings

import numpy as np
import pandas as pd
import pyfixest as pf
import xxhash
from scipy import stats

MASK = 0xFFFFFFFF


def chacha8(key, stream):
    """64-bit words of a stream."""
    counter = 0
    while True:
        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8I", key),
                 counter & MASK, counter >> 32, stream & MASK, stream >> 32]
        s = list(start)

        def quarter(a, b, c, d):
            for x, y, z, r in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                s[x] = (s[x] + s[y]) & MASK
                v = s[z] ^ s[x]
                s[z] = ((v << r) | (v >> (32 - r))) & MASK

        for _ in range(4):
            for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                      (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
                quarter(*q)
        words = [(a + b) & MASK for a, b in zip(s, start)]
        for low, high in zip(words[::2], words[1::2]):
            yield low | high << 32
        counter += 1


def key_of(seed, purpose):
    halves = []
    for half in (0, 1):
        salt = 0x7263745200000000 | purpose << 8 | half
        halves.append(xxhash.xxh3_128(seed.encode(), seed=salt).intdigest().to_bytes(16, "little"))
    return b"".join(halves)


assert next(chacha8(key_of("seed", 1), 7)) == 16779070187445376938


def normals(key, draw, count):
    words, out = chacha8(key, draw), []
    uniform = lambda: ((next(words) >> 11) + 0.5) / 2**53
    while len(out) < count:
        x, y = 2 * uniform() - 1, 2 * uniform() - 1
        s = x * x + y * y
        if 0 < s < 1:
            scale = math.sqrt(-2 * math.log(s) / s)
            out += [x * scale, y * scale]
    return out[:count]


def root_inverse(b):
    values, vectors = np.linalg.eigh(b)
    f = np.where(values > 1e-10, 1 / np.sqrt(np.maximum(values, 1e-300)), 0)
    return vectors * f @ vectors.T


def effects(y, x, cluster, terms):
    """Estimate, p-value and scores over the standard error by cluster (CR2, Satterthwaite) of some coefficients."""
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    e = y - x @ beta
    h = x @ bread @ x.T
    groups = [np.flatnonzero(cluster == g) for g in np.unique(cluster)]
    adjust = [root_inverse(np.eye(len(g)) - h[np.ix_(g, g)]) for g in groups]
    for j in terms:
        c = bread[:, j]
        scores = np.array([c @ x[g].T @ a @ e[g] for g, a in zip(groups, adjust)])
        p = np.array([(np.eye(len(y)) - h)[:, g] @ a @ x[g] @ c for g, a in zip(groups, adjust)])
        q = p @ p.T
        df = np.trace(q) ** 2 / (q**2).sum()
        se = math.sqrt(scores @ scores)
        yield beta[j], 2 * stats.t.sf(abs(beta[j] / se), df), scores / se


def family(path, outcomes, control):
    data = pd.read_csv(path)
    arm = data["arm"] if "arm" in data else data["treat"]
    names = [a for a in sorted(arm.unique()) if a != control]
    x = np.column_stack([np.ones(len(data))] + [(arm == a).to_numpy(float) for a in names])
    cluster = data["school_id"].to_numpy()
    out = []
    for outcome in outcomes:
        found = effects(data[outcome].to_numpy(float), x, cluster, range(1, len(names) + 1))
        out += [(outcome, a, *f) for a, f in zip(names, found)]
    return out


def adjusted(rows, seed, draws):
    p = np.array([r[3] for r in rows])
    s = np.array([r[4] for r in rows])
    root = np.linalg.cholesky(s @ s.T)
    key = key_of(seed, 3)
    z = np.array([root @ normals(key, b, len(rows)) for b in range(draws)])
    p_draw = 2 * stats.norm.sf(abs(z))
    single = np.maximum((1 + (p_draw.min(1)[:, None] <= p * (1 + 1e-9)).sum(0)) / (draws + 1), p)
    step, before = np.empty(len(p)), 0
    order = np.argsort(p, kind="stable")
    for k, i in enumerate(order):
        count = (p_draw[:, order[k:]].min(1) <= p[i] * (1 + 1e-9)).sum()
        before = max(before, (1 + count) / (draws + 1), p[i])
        step[i] = before
    return single, step


out = {}
for name, outcomes, control, seed, draws in [
    ("s24_multi_outcome", [f"y{i}" for i in range(1, 13)], "control", "stepdown", 1999),
    ("s03_three_arm", ["y", "x"], "control", "1", 999),
]:
    rows = family(f"../{name}/data.csv", outcomes, control)
    single, step = adjusted(rows, seed, draws)
    out[name] = {"seed": seed, "draws": draws, "outcomes": outcomes, "effects": [
        {"outcome": r[0], "condition": r[1], "estimate": r[2], "p": r[3], "p_single_step": a, "p_stepdown": b}
        for r, a, b in zip(rows, single, step)]}
    for r in out[name]["effects"]:
        print(r)

# For plausibility: the wild bootstrap of pyfixest, one after the other.
data = pd.read_csv("../s24_multi_outcome/data.csv")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    models = [pf.feols(f"y{i} ~ treat", data, vcov={"CRV1": "school_id"}) for i in range(1, 13)]
    rw = pf.rwolf(models, "treat", reps=9999, seed=1)
out["rwolf"] = {"made_by": f"pyfixest {pf.__version__}", "p": [float(v) for v in rw.loc["RW Pr(>|t|)"]]}
print(out["rwolf"])
json.dump(out, open("reference.json", "w"), indent=1)
