#!/usr/bin/env python3
"""Times pg_rct against what one would take instead of it, in one run on the same rows.

The task: from the rows of the table t5k (student, cluster, arm, y, x, z) to the effect of treatment on y with one
covariate x, and its cluster-robust standard error. Peers run in turn, A B C A B C ..., after one round that is not
counted. The server is the one that PGHOST, PGPORT, PGUSER and PGDATABASE name. See README.md in this directory.
"""

import argparse
import contextlib
import gc
import importlib.metadata
import importlib.resources
import io
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

os.environ.setdefault("TQDM_DISABLE", "1")  # duckreg draws a progress bar

import duckdb
import numpy as np
import pandas as pd
import psycopg

BASE = "pg_rct, one core"
TOLERANCE = 1e-8  # relative; between two ways to compute the same estimate and standard error


class Skip(Exception):
    """This peer cannot run here; the message says why."""


@dataclass
class Answer:
    estimate: float | None = None
    std_error: float | None = None
    df: float | None = None
    seconds: float | None = None  # if the peer took its own time
    reading: float = 0.0  # seconds in which the peer itself read the exported file, not in `seconds`


@dataclass
class Peer:
    name: str
    what: str
    version: str
    run: Callable[[], Answer]
    exports: tuple[str, ...] = ()  # names of the steps that must come before it when the rows are in Postgres
    same_as: str | None = None  # the `se` of rct.effects that it must agree with
    times: dict[int, float] = field(default_factory=dict)  # by round; round 0 is not counted
    readings: dict[int, float] = field(default_factory=dict)
    answer: Answer | None = None
    problem: str | None = None
    once: bool = False  # so slow that its only run is that of round 0


# ---- pg_rct and PostgreSQL -------------------------------------------------------------------------------------------

SKETCH = "SELECT rct.sketch('y ~ x', arm, cluster, NULL, y, x) FROM t5k"
EFFECTS = (
    f"SELECT estimate, std_error, df FROM rct.effects(({SKETCH}), control => 'control', adjust => 'ancova', se => '%s')"
)
# Sufficient statistics: the same SQL in PostgreSQL and in DuckDB.
SUMS = """SELECT cluster, arm, count(*) AS n, sum(x) AS x, sum(y) AS y, sum(x * x) AS xx, sum(x * y) AS xy
    FROM {source} GROUP BY cluster, arm"""


class Postgres:
    def __init__(self):
        self.connection = psycopg.connect("", autocommit=True)
        self.version = self.row("SHOW server_version")[0].split()[0]
        self.rct_version = self.row("SELECT extversion FROM pg_extension WHERE extname = 'pg_rct'")[0]
        self.execute("SET min_parallel_table_scan_size = 0")
        self.execute("SET client_min_messages = warning")

    def execute(self, sql):
        return self.connection.execute(sql)

    def row(self, sql):
        return self.execute(sql).fetchone()

    def workers(self, number):
        self.execute(f"SET max_parallel_workers_per_gather = {number}")

    def effects(self, workers):
        def run():
            self.workers(workers)
            return Answer(*self.row(EFFECTS % "CR2"))

        return run

    def plans_a_worker(self):
        self.workers(1)
        return any("Gather" in line for (line,) in self.execute("EXPLAIN " + EFFECTS % "CR2"))

    def references(self):
        """What rct.effects says with each standard error that a peer computes too."""
        self.workers(0)
        return {se: Answer(*self.row(EFFECTS % se)) for se in ("CR1S", "CR2", "CR3")}

    def scan(self):
        self.workers(0)
        self.row("SELECT count(*), sum(y), sum(y * y) FROM t5k")
        return Answer()

    def sums_and_numpy(self):
        self.workers(0)
        columns = zip(*self.execute(SUMS.format(source="t5k")).fetchall())
        names = ("cluster", "arm", "n", "x", "y", "xx", "xy")
        return cr2_from_sums({name: np.array(column) for name, column in zip(names, columns)})

    def size(self):
        return self.row("SELECT count(*), count(DISTINCT cluster) FROM t5k")


# ---- CR2 from sums by cluster, in NumPy ------------------------------------------------------------------------------


def cr2_from_sums(cell):
    """Estimate, CR2 standard error and Satterthwaite df of `treated` in y ~ 1 + treated + x, from sums by cluster.

    With S = X'X of one cluster, M = (X'X)^-1 of all and M = C C', the adjusted score X'(1 - H)^(-1/2) e of a cluster is
    (C')^-1 (1 - B)^(-1/2) C' X'e, where B = C' S C has as many rows as there are coefficients.
    """
    n, x, y, xx, xy = (np.asarray(cell[name], dtype=float) for name in ("n", "x", "y", "xx", "xy"))
    t = (np.asarray(cell["arm"]) == "treated").astype(float)
    cluster = np.unique(np.asarray(cell["cluster"]), return_inverse=True)[1]
    clusters = cluster.max() + 1

    def by_cluster(values):
        return np.bincount(cluster, weights=values, minlength=clusters)

    S = np.empty((clusters, 3, 3))  # columns: 1, treated, x
    S[:, 0, 0] = by_cluster(n)
    S[:, 0, 1] = S[:, 1, 0] = S[:, 1, 1] = by_cluster(t * n)
    S[:, 0, 2] = S[:, 2, 0] = by_cluster(x)
    S[:, 1, 2] = S[:, 2, 1] = by_cluster(t * x)
    S[:, 2, 2] = by_cluster(xx)
    Xy = np.stack([by_cluster(y), by_cluster(t * y), by_cluster(xy)], axis=1)

    M = np.linalg.inv(S.sum(axis=0))
    coefficients = M @ Xy.sum(axis=0)
    C = np.linalg.cholesky(M)
    scores = (Xy - S @ coefficients) @ C  # C' X'e of each cluster, as rows

    leverage, vectors = np.linalg.eigh(C.T @ S @ C)
    leverage = np.clip(leverage, 0.0, None)
    adjustment = 1.0 / np.sqrt(1.0 - leverage)
    adjusted = np.einsum("gij,gj->gi", vectors, adjustment * np.einsum("gji,gj->gi", vectors, scores))
    treated = C[1]  # the row of C that belongs to the coefficient
    variance = np.sum((adjusted @ treated) ** 2)

    # Satterthwaite: moments of the variance estimate if errors are independent and of one variance
    w = np.einsum("gji,j->gi", vectors, treated)
    d = np.sum(leverage / (1.0 - leverage) * w**2, axis=1)
    z = np.einsum("gij,gj->gi", vectors, leverage * adjustment * w)
    length = np.sum(z**2, axis=1)
    squares = np.sum(d**2) - 2.0 * np.sum(d * length) + np.sum((z.T @ z) ** 2)
    df = (np.sum(d) - np.sum(length)) ** 2 / squares
    return Answer(coefficients[1], np.sqrt(variance), df)


# ---- export ----------------------------------------------------------------------------------------------------------


class Export:
    """The rows outside of PostgreSQL: as CSV, as Parquet, and as a data frame."""

    steps = ("export: COPY to CSV", "export: CSV to Parquet", "export: Parquet to pandas")

    def __init__(self, directory):
        self.csv = directory / "t5k.csv"
        self.parquet = directory / "t5k.parquet"
        self.frame = None

    def to_csv(self):
        command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "COPY t5k TO STDOUT (FORMAT csv, HEADER)"]
        with open(self.csv, "wb") as file:
            subprocess.run(command, stdout=file, check=True)
        return Answer()

    def to_parquet(self):
        with duckdb.connect() as connection:
            connection.execute(f"COPY (SELECT * FROM read_csv('{self.csv}')) TO '{self.parquet}' (FORMAT parquet)")
        return Answer()

    def to_pandas(self):
        self.frame = pd.read_parquet(self.parquet, columns=["cluster", "arm", "y", "x"])
        self.frame["treated"] = (self.frame["arm"] == "treated").astype(float)
        return Answer()

    def peers(self):
        versions = (f"psql {psql_version()}", f"DuckDB {duckdb.__version__}", f"pandas {pd.__version__}")
        for name, version, run in zip(self.steps, versions, (self.to_csv, self.to_parquet, self.to_pandas)):
            yield Peer(name, "a step before the others", version, run)


def psql_version():
    return subprocess.run(["psql", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[2]


# ---- Python ----------------------------------------------------------------------------------------------------------


def statsmodels_ols(export):
    import statsmodels.formula.api as smf

    def run():
        frame = export.frame
        fit = smf.ols("y ~ treated + x", frame).fit(cov_type="cluster", cov_kwds={"groups": frame["cluster"]})
        return Answer(fit.params["treated"], fit.bse["treated"])

    return run


def pyfixest_feols(export, vcov):
    import pyfixest

    # CR3 as Bell and McCaffrey have it is CRV3 without the two factors that pyfixest puts before it
    ssc = pyfixest.ssc() if vcov == "CRV1" else pyfixest.ssc(k_adj=False, G_adj=False)

    def run():
        fit = pyfixest.feols("y ~ treated + x", export.frame, vcov={vcov: "cluster"}, ssc=ssc)
        return Answer(fit.coef()["treated"], fit.se()["treated"])

    return run


def duckdb_numpy(export, threads):
    def run():
        with duckdb.connect(config={"threads": threads}) as connection:
            return cr2_from_sums(connection.execute(SUMS.format(source=f"'{export.parquet}'")).fetchnumpy())

    return run


def duckdb_from_postgres(threads):
    """DuckDB reads the table from the server with its extension postgres, which is loaded once: no file in between."""
    package = importlib.resources.files("duckdb_extension_postgres_scanner")
    extension = package / "extensions" / f"v{duckdb.__version__}" / "postgres_scanner.duckdb_extension"
    connection = duckdb.connect(config={"threads": threads})
    try:
        connection.execute(f"LOAD '{extension}'")
    except duckdb.Error as problem:
        raise Skip("DuckDB's extension postgres cannot be loaded") from problem
    connection.execute("ATTACH '' AS server (TYPE postgres, READ_ONLY)")

    def run():
        return cr2_from_sums(connection.execute(SUMS.format(source="server.public.t5k")).fetchnumpy())

    return run


def duckreg_bootstrap(export, draws, covariate):
    """Compression groups by all values of the regressors; standard errors come from draws of clusters."""
    import duckreg
    import ibis

    def run():
        backend = ibis.duckdb.connect()
        backend.raw_sql(
            f"""CREATE VIEW t5k AS SELECT y, (arm = 'treated')::int AS treated, {covariate} AS x, cluster
                FROM '{export.parquet}'"""
        )
        fit = duckreg.DBRegression(
            None, "t5k", "y ~ treated + x", cluster_col="cluster", seed=1, n_bootstraps=draws, connection=backend
        )
        fit.fit()
        summary = fit.summary()
        backend.disconnect()
        return Answer(float(summary["point_estimate"][1]), float(summary["standard_error"][1]))

    return run


def ducklm(export, macros):
    """Macros in SQL. They are loaded once, which is not part of the time."""
    if macros is None or not macros.is_file():
        raise Skip("duckLM could not be fetched")
    connection = duckdb.connect()
    # they are written with arrows, which newer versions of DuckDB take only when told so
    with contextlib.suppress(duckdb.Error):
        connection.execute("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")
    connection.execute(macros.read_text())

    def run():
        connection.execute(
            f"""CREATE OR REPLACE VIEW everything AS
                    SELECT y, (arm = 'treated')::int AS treated, x, cluster FROM '{export.parquet}';
                CREATE OR REPLACE VIEW regression AS SELECT y, treated, x FROM everything;
                CREATE OR REPLACE TABLE fit AS SELECT * FROM linreg_fit('regression', 'y')"""
        )
        row = connection.execute(
            """SELECT coefficient, std_error FROM linreg_summary('fit', 'everything', 'y', cluster_col := 'cluster')
               WHERE feature = 'treated'"""
        ).fetchone()
        return Answer(*row)

    return run


# ---- R ---------------------------------------------------------------------------------------------------------------


def r_fit(export, method, package):
    if shutil.which("Rscript") is None:
        raise Skip("no R")
    script = ["Rscript", "--vanilla", str(Path(__file__).with_name("peers.R")), method]
    asked = ["Rscript", "--vanilla", "-e", f"cat(as.character(packageVersion('{package}')))"]
    found = subprocess.run(asked, capture_output=True, text=True)
    if found.returncode != 0:
        raise Skip(f"R is without {package}")

    def run():
        done = subprocess.run([*script, str(export.csv)], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"Rscript ended with {done.returncode}")
        estimate, std_error, df, seconds, reading = map(float, done.stdout.split())
        return Answer(estimate, std_error, df, seconds, reading)

    return found.stdout.strip(), run


# ---- the list --------------------------------------------------------------------------------------------------------


CR1, CR2 = "CR1, factors of Stata", "CR2, Satterthwaite df"


def peer(name, what, version, exports, same_as, make, *arguments):
    """A peer that may not be there: `make` gives its function, or raises Skip."""
    try:
        return Peer(name, what, version, make(*arguments), exports, same_as)
    except (Skip, ImportError) as problem:
        return Peer(name, what, version, Answer, exports, problem=f"skipped: {problem}")


def peer_of_r(name, what, exports, same_as, make, *arguments):
    """The same for R, which has to be asked for the version."""
    try:
        version, run = make(*arguments)
        return Peer(name, what, version, run, exports, same_as)
    except Skip as problem:
        return Peer(name, what, "–", Answer, exports, problem=f"skipped: {problem}")


def all_peers(postgres, export, arguments):
    csv, parquet, pandas = ((name,) for name in Export.steps)
    file, frame = csv + parquet, csv + parquet + pandas
    version = importlib.metadata.version
    server = f"PostgreSQL {postgres.version}"
    rct = f"{postgres.rct_version}, {server}"
    duck = f"DuckDB {duckdb.__version__}, NumPy {np.__version__}"
    ducklm_version = f"{arguments.ducklm_version}, DuckDB {duckdb.__version__}"
    draws = arguments.draws

    yield Peer(BASE, CR2, rct, postgres.effects(0))
    yield Peer("pg_rct, leader and one worker", CR2, rct, postgres.effects(1), same_as="CR2")
    yield Peer("bare scan", "count(*), sum(y), sum(y * y)", server, postgres.scan)
    name = "GROUP BY in PostgreSQL, then NumPy, one core"
    yield Peer(name, CR2, f"{server}, NumPy {np.__version__}", postgres.sums_and_numpy, same_as="CR2")

    yield from export.peers()

    yield peer("statsmodels OLS", CR1, version("statsmodels"), frame, "CR1S", statsmodels_ols, export)
    for vcov, what, same_as in (("CRV1", CR1, "CR1S"), ("CRV3", "CR3", "CR3")):
        name = f"pyfixest feols, {vcov}"
        yield peer(name, what, version("pyfixest"), frame, same_as, pyfixest_feols, export, vcov)
    for threads, name in ((1, "1 thread"), (2, "2 threads")):
        yield peer(f"GROUP BY in DuckDB, then NumPy, {name}", CR2, duck, file, "CR2", duckdb_numpy, export, threads)
    for threads, name in ((1, "1 thread"), (2, "2 threads")):
        name = f"GROUP BY in DuckDB on the table in PostgreSQL, then NumPy, {name}"
        yield peer(name, CR2, duck, (), "CR2", duckdb_from_postgres, threads)
    rounded = ("duckreg, x rounded to 0.1", "another model, x has 41 values: ", "round(x, 1)")
    for name, what, x in (("duckreg", "", "x"), rounded):
        what += f"cluster bootstrap, {draws} draws"
        yield peer(name, what, version("duckreg"), file, None, duckreg_bootstrap, export, draws, x)
    yield peer("duckLM", CR1, ducklm_version, file, "CR1S", ducklm, export, arguments.ducklm)

    yield peer_of_r("R: estimatr lm_robust, CR2", CR2, csv, "CR2", r_fit, export, "estimatr_CR2", "estimatr")
    yield peer_of_r("R: estimatr lm_robust, stata", CR1, csv, "CR1S", r_fit, export, "estimatr_stata", "estimatr")
    yield peer_of_r("R: lm and clubSandwich", CR2, csv, "CR2", r_fit, export, "clubSandwich_CR2", "clubSandwich")


# ---- timing ----------------------------------------------------------------------------------------------------------


def run_once(peer, number, limit):
    gc.collect()
    start = time.perf_counter()
    try:
        # peers may print; the standard output is for the tables
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = peer.run()
    except Exception as error:  # a peer that fails must not end the others, unless they need it
        if peer.name == BASE or peer.name in Export.steps:
            raise
        peer.problem = f"failed: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        return
    seconds = time.perf_counter() - start if answer.seconds is None else answer.seconds
    peer.answer = answer
    peer.times[number] = seconds
    peer.readings[number] = answer.reading
    peer.once = number == 0 and seconds > limit
    print(f"    round {number}: {peer.name}: {seconds:.3f} s", file=sys.stderr)


def run_all(peers, rounds, limit):
    for number in range(rounds + 1):
        for peer in peers:
            if peer.problem is None and not peer.once:
                run_once(peer, number, limit)
        if number == 0:
            for peer in peers:
                if not peer.once:
                    peer.times.pop(0, None)


def with_export(peer, steps):
    """Times of a peer with the steps that must come before it; those of a peer that ran once with their medians."""

    def step(name, number):
        return steps[name].times.get(number, statistics.median(steps[name].times.values()))

    return {
        number: seconds + peer.readings[number] + sum(step(name, number) for name in peer.exports)
        for number, seconds in peer.times.items()
    }


def ratio(times, base):
    """Median of the ratio, round by round; of a peer that ran once, against the median."""
    return statistics.median(
        seconds / base.times.get(number, statistics.median(base.times.values())) for number, seconds in times.items()
    )


# ---- tables ----------------------------------------------------------------------------------------------------------


def number(value, digits):
    return "–" if value is None else f"{value:.{digits}f}"


def print_table(peers):
    steps = {peer.name: peer for peer in peers if peer.name in Export.steps}
    base = next(peer for peer in peers if peer.name == BASE)
    columns = "method | what it computes | estimate | std_error | median s | ratio | with the export s | ratio | version"
    print(f"| {columns} |\n{'|---' * 9}|")
    for peer in peers:
        if peer.problem is not None or not peer.times:
            print(f"| {peer.name} | {peer.what} | – | – | {peer.problem} | – | – | – | {peer.version} |")
            continue
        seconds = number(statistics.median(peer.times.values()), 3) + (" (1 run)" if peer.once else "")
        cells = [seconds, number(ratio(peer.times, base), 2), "–", "–"]
        if peer.exports:
            times = with_export(peer, steps)
            cells[2:] = [number(statistics.median(times.values()), 3), number(ratio(times, base), 2)]
        answer = peer.answer
        cells = [peer.name, peer.what, number(answer.estimate, 6), number(answer.std_error, 6), *cells, peer.version]
        print(f"| {' | '.join(cells)} |")


def print_agreement(peers, references):
    """Relative differences from rct.effects with the same standard error. Returns whether all are small."""
    agree = True
    print("| method | `se` of `rct.effects` | estimate | std_error | df |")
    print("|---|---|---|---|---|")
    for peer in peers:
        if peer.same_as is None or peer.problem is not None:
            continue
        reference = references[peer.same_as]
        cells = []
        for name in ("estimate", "std_error", "df"):
            mine, theirs = getattr(peer.answer, name), getattr(reference, name)
            if mine is None:
                cells.append("–")
                continue
            difference = abs(mine - theirs) / abs(theirs)
            agree &= bool(difference <= TOLERANCE)
            cells.append(f"{difference:.0e}")
        print(f"| {peer.name} | {peer.same_as} | {' | '.join(cells)} |")
    return agree


def processor():
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="times that each peer runs (5)")
    parser.add_argument("--draws", type=int, default=100, help="draws of the bootstrap of duckreg (100, its default)")
    parser.add_argument("--limit", type=float, default=20, help="a peer that takes longer, in seconds, runs once (20)")
    parser.add_argument("--scratch", type=Path, help="directory for the exported files (that of temporary files)")
    parser.add_argument("--ducklm", type=Path, help="regression_macros.sql of duckLM")
    parser.add_argument("--ducklm-version", default="unknown", help="what the table says about its version")
    arguments = parser.parse_args()

    postgres = Postgres()
    rows, clusters = postgres.size()
    if not postgres.plans_a_worker():
        print("    note: PostgreSQL plans no worker for so few rows", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as directory:
        export = Export(Path(directory))
        peers = list(all_peers(postgres, export, arguments))
        run_all(peers, arguments.rounds, arguments.limit)

    print(f"\n{rows} rows, {clusters} clusters, one covariate: the effect and its cluster-robust standard error")
    print(f"{arguments.rounds} rounds; ratio to {BASE}, round by round")
    print(f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print_table(peers)
    print("\nrelative difference from rct.effects with the same standard error\n")
    if not print_agreement(peers, postgres.references()):
        sys.exit(f"error: these should agree with pg_rct to {TOLERANCE:g}")


if __name__ == "__main__":
    main()
