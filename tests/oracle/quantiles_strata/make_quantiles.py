"""Quantiles of conditions weighted to the strata of both, in rational numbers.

Writes blocked.csv and equal.csv, designs in which the shares of the conditions differ by stratum, and quantiles.csv, the
quantiles of these and of other designs: the smallest outcome y with sum_s (N_s / N) (c_s(y) / n_s) >= p, where n_s counts
rows of the condition in stratum s, c_s(y) those of them not above y, and N_s rows of both conditions, over the strata that
have both. Nothing is rounded. To make them again: python3 make_quantiles.py in this folder.
"""

import csv
from collections import Counter
from fractions import Fraction

PROBABILITIES = ["0.07", "0.1", "0.25", "0.5", "0.7", "0.9"]
# Design, file, column of the condition, control, column of the stratum, column of the outcome.
CASES = [
    ("blocked", "blocked.csv", "arm", "control", "stratum", "y"),
    ("equal", "equal.csv", "arm", "control", "stratum", "y"),
    ("s08_strata_nested", "../s08_strata_nested/data.csv", "arm", "control", "stratum", "y"),
    ("s09_strata_crossing", "../s09_strata_crossing/data.csv", "treat", "0", "grade", "y"),
    ("star_schools", "../r01m_star_mlmrev/data.csv", "arm", "regular", "school_type", "math"),
    ("star_teachers", "../r01m_star_mlmrev/data.csv", "arm", "regular", "school_type", "read"),
]


class Numbers:
    """Not random, but not regular either."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n

    def spread(self):
        """Between -6 and 6, most of it near 0."""
        return sum(self.below(1001) for _ in range(12)) / 1000 - 6


def write(name, plan, size, digits, missing, numbers):
    """plan: stratum, condition, clusters; size: rows of a cluster; missing: one in so many has no outcome."""
    with open(name, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["cluster", "stratum", "arm", "y"])
        level = {}
        cluster = 100
        for stratum, arm, clusters in plan:
            height = level.setdefault(stratum, 8 * numbers.spread())
            effect = {"control": 0, "a": 3, "b": -2}[arm]
            for _ in range(clusters):
                cluster += 1
                own = 3 * numbers.spread()
                for _ in range(size(stratum, arm)):
                    y = 50 + height + effect + own + 7 * numbers.spread()
                    there = missing is None or numbers.below(missing) > 0
                    out.writerow([cluster, stratum, arm, f"{y:.{digits}f}" if there else ""])


def designs():
    numbers = Numbers(20)
    # An empty stratum is one of its own. "only_b" has one condition, "no_a" lacks one.
    plan = [("", "control", 3), ("", "a", 2), ("", "b", 2)]
    for i, (control, a, b) in enumerate([(7, 2, 3), (3, 6, 2), (2, 9, 4), (5, 5, 5), (8, 3, 2)]):
        plan += [(f"block{i}", "control", control), (f"block{i}", "a", a), (f"block{i}", "b", b)]
    plan += [("only_b", "b", 3), ("no_a", "control", 2), ("no_a", "b", 4)]
    write("blocked.csv", plan, lambda *_: 5 + numbers.below(16), 1, 40, numbers)
    plan = []
    for i, (control, a) in enumerate([(4, 3), (2, 7), (6, 2)]):
        plan += [(f"block{i}", "control", control), (f"block{i}", "a", a)]
    # Clusters of a condition are equal within a stratum.
    sizes = {}
    size = lambda *cell: sizes.setdefault(cell, 12 + 4 * len(sizes))
    write("equal.csv", plan, size, 2, None, numbers)


def quantile(rows, arm, others, p):
    """rows: (stratum, condition, outcome)."""
    both = [r for r in rows if r[1] in (arm, others)]
    size = Counter((s, c) for s, c, _ in both)
    strata = {s for s, c in size if (s, arm) in size and (s, others) in size}
    total = sum(n for (s, _), n in size.items() if s in strata)
    weight = {
        s: Fraction(size[s, arm] + size[s, others], total * size[s, arm]) for s in strata
    }
    reached = Fraction(0)
    values = sorted((Fraction(y), y, s) for s, c, y in both if c == arm and s in strata)
    for i, (exact, y, s) in enumerate(values):
        reached += weight[s]
        last = i + 1 == len(values) or values[i + 1][0] != exact
        if last and reached >= p:
            return y
    raise ValueError("weights do not sum to one")


def main():
    designs()
    with open("quantiles.csv", "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["design", "condition", "probability", "quantile", "quantile_control"])
        for name, path, condition, control, stratum, outcome in CASES:
            with open(path) as data:
                table = list(csv.DictReader(data))
            rows = [(r[stratum], r[condition], r[outcome]) for r in table if r[outcome]]
            for arm in sorted({r[1] for r in rows} - {control}):
                for p in PROBABILITIES:
                    both = (quantile(rows, x, y, Fraction(p)) for x, y in [(arm, control), (control, arm)])
                    out.writerow([name, arm, p, *both])


main()
