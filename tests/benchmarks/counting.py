"""Counting and scoring at scale: against DuckDB, and an increment against a rebuild.

`python -m tests.benchmarks.counting [--reports N]`. Reports are drawn with popularities of substances and events as
steep as in real databases, over 20 years.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.measure import ROUNDS, Line, Turns, in_turn, measured, say, target_at

MONTHS, N_SUBSTANCES, N_TERMS = 240, 5_000, 10_000
FIRST_MONTH = 1248  # January 2004
CHUNK = 1_000_000
# Targets by reports.
ALL_PAIRS, FRESH = {5_000_000: 1.0, 20_000_000: 0.8}, {5_000_000: 1.3}
MONTH, EVERY_MONTH = {5_000_000: 0.03}, {1_000_000: 0.05}


def codes(random: np.random.Generator, n: int, mean: float, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets and values of distinct codes 1..k for n reports, popularity as 1 / rank."""
    popularity = np.cumsum(1 / np.arange(1, k + 1))
    lengths = 1 + random.poisson(mean - 1, n)
    values = 1 + np.searchsorted(popularity / popularity[-1], random.random(lengths.sum()))
    keys = np.unique(np.repeat(np.arange(n), lengths) * (1 << 20) + values)
    lengths = np.bincount(keys >> 20, minlength=n)
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32), (keys & ((1 << 20) - 1)).astype(np.int32)


def write(folder: Path, n: int, first_month: int, n_months: int, seed: int) -> None:
    """Write reports twice: as coded reports, and as the two flat tables that a SQL engine would use."""
    for name in ("coded", "rs", "rt"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for part, start in enumerate(range(0, n, CHUNK)):
        random, size = np.random.default_rng([seed, part]), min(CHUNK, n - start)
        (s_at, s), (t_at, t) = codes(random, size, 2.2, N_SUBSTANCES), codes(random, size, 3.2, N_TERMS)
        number = np.arange(start, start + size)
        month = first_month + number * n_months // n
        lists = [pa.ListArray.from_arrays(pa.array(at), pa.array(v)) for at, v in ((s_at, s), (t_at, t))]
        keys = pa.array(np.char.add(f"b{seed}:", number.astype(str)))
        ones = pa.array(np.ones(size, np.int32))
        columns = [keys, ones, pa.array(month.astype(np.int32)), pa.nulls(size, pa.int32()), ones, *lists, lists[0]]
        names = ["report_key", "report_version", "month_from", "month_to", "stratum", "substances", "terms", "taken"]
        pq.write_table(pa.table(dict(zip(names, columns, strict=True))), folder / "coded" / f"{part:03}.parquet")
        for name, column, at, values in (("rs", "substance", s_at, s), ("rt", "term", t_at, t)):
            flat = {"report": np.repeat(number, np.diff(at)), column: values}
            pq.write_table(pa.table(flat), folder / name / f"{part:03}.parquet")


def opened(folder: Path) -> Any:
    """A platform with its lake in a folder."""
    from pipelines.lake.platform import Platform
    from pipelines.settings import load

    conf = {"spark.driver.memory": "2g"}
    return Platform(load(lake=folder / "lake", tracking=f"sqlite:///{folder}/mlflow.db", spark_conf=conf))


def platform_of(folder: Path, reports: Path) -> Any:
    """A platform whose lake holds the coded reports in one stratum."""
    from pipelines.defs.silver.coded_report.tables import Code, CodedReport, Stratum

    platform = opened(folder)
    spark, lake = platform.spark, platform.lake
    frame = spark.read.schema(CodedReport.spark_schema()).parquet(str(reports / "coded"))
    lake.replace(CodedReport, frame, {})
    said = ("human", "human", "unknown", "unknown", "unknown", "unknown", "unknown")
    day = np.datetime64("2004-01-01").astype(object)
    lake.replace(Stratum, spark.createDataFrame([(1, *said, day)], Stratum.spark_schema()), {})
    kinds = (("substance", N_SUBSTANCES), ("term", N_TERMS))
    rows = [(kind, code, f"{kind}:{code:05}", day) for kind, n in kinds for code in range(1, n + 1)]
    lake.replace(Code, spark.createDataFrame(rows, Code.spark_schema()), {})
    return platform


def duckdb_all_pairs(reports: Path, out: Path) -> int:
    """Count and score all pairs in DuckDB; IC's bounds by the power approximation, for want of a gamma quantile."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    half = "1.96 * sqrt(1 / a - 1 / ns + 1 / c - 1 / (n - ns))"
    odds = "1.96 * sqrt(1 / a + 1 / b + 1 / c + 1 / d)"
    connection.execute(f"""
        COPY (
        WITH rs AS (FROM '{reports}/rs/*.parquet'), rt AS (FROM '{reports}/rt/*.parquet'),
        p AS (SELECT substance, term, count(*)::double AS a FROM rs JOIN rt USING (report) GROUP BY ALL),
        s AS (SELECT substance, count(*)::double AS ns FROM rs GROUP BY ALL),
        e AS (SELECT term, count(*)::double AS ne FROM rt GROUP BY ALL),
        t AS (SELECT count(DISTINCT report)::double AS n FROM rs),
        x AS (SELECT substance, term, a, ns - a AS b, ne - a AS c, n - ns - ne + a AS d, ns * ne / n AS expected, n, ns
              FROM p JOIN s USING (substance) JOIN e USING (term), t),
        y AS (SELECT *, ln((a / ns) / (c / (n - ns))) AS lp, ln(a * d / (b * c)) AS lo,
              log2((a + 0.5) / (expected + 0.5)) AS ic FROM x WHERE b > 0 AND c > 0
              UNION ALL SELECT *, NULL, NULL, log2((a + 0.5) / (expected + 0.5)) FROM x WHERE NOT (b > 0 AND c > 0))
        SELECT substance, term, a::bigint AS a, b::bigint AS b, c::bigint AS c, d::bigint AS d, expected,
          exp(lp) AS prr, exp(lp - {half}) AS prr_lower, exp(lp + {half}) AS prr_upper,
          exp(lo) AS ror, exp(lo - {odds}) AS ror_lower, exp(lo + {odds}) AS ror_upper,
          ic, ic - 3.3 * pow(a + 0.5, -0.5) - 2 * pow(a + 0.5, -1.5) AS ic025,
          ic + 2.4 * pow(a + 0.5, -0.5) - 0.5 * pow(a + 0.5, -1.5) AS ic975
        FROM y) TO '{out}' (FORMAT parquet)""")
    return int(connection.execute(f"SELECT count(*) FROM '{out}'").fetchall()[0][0])


def gerland_all_pairs(platform: Any) -> int:
    """Count and score all pairs of the lake's coded reports into a new `gold.signal`, all its columns but EBGM's."""
    from pipelines.defs.gold.disproportionality.populations import whole
    from pipelines.defs.gold.disproportionality.score import publish
    from pipelines.defs.gold.disproportionality.shared import strata
    from pipelines.defs.gold.disproportionality.tables import Signal

    lake = platform.lake
    shutil.rmtree(lake.path("gold.signal"), ignore_errors=True)
    return publish(lake, Signal, whole(strata(lake)), [], {}, 500, "latest").n_rows


def in_a_fresh_session(folder: Path) -> float:
    """Processor seconds of the first time in a process that all pairs are counted, the engine's start aside."""
    command = [sys.executable, "-m", "tests.benchmarks.counting", "--fresh", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def all_pairs(n: int, folder: Path, rounds: int = ROUNDS) -> tuple[Line, Line]:
    """All pairs with PRR, ROR, IC and their bounds, from silver to Delta, against DuckDB from flat tables to Parquet.

    Once in a session that has done it before, once in a fresh one each time; both against the same runs of the peer.
    """
    reports = folder / f"reports{n}"
    write(reports, n, FIRST_MONTH, MONTHS, seed=1)
    platform = platform_of(folder / f"all{n}", reports)
    gerland_all_pairs(platform)  # starts the workers and compiles
    turns, fresh = Turns([], []), []
    for _ in range(rounds):
        one = in_turn(
            lambda: gerland_all_pairs(platform), lambda: duckdb_all_pairs(reports, folder / "pairs.parquet"), 1
        )
        if one.our_result != one.their_result:
            raise AssertionError(f"{one.our_result} pairs here, {one.their_result} there")
        turns.ours += one.ours
        turns.theirs += one.theirs
        fresh.append(in_a_fresh_session(folder / f"all{n}"))
    said, job = f"{one.our_result:,} pairs; {turns.told()}", f"all pairs, PRR ROR IC with bounds, {n:,} reports"
    ours, theirs = turns.seconds
    return (
        Line(job, "DuckDB SQL", ours, theirs, target_at(ALL_PAIRS, n), said),
        Line(f"the same, the first time in a session, {n:,}", "DuckDB SQL", fresh, theirs, target_at(FRESH, n)),
    )


def one_month(n: int, folder: Path, rounds: int = ROUNDS) -> Line:
    """One more month on 20 years of history, against counting all anew."""
    from pipelines.defs.gold.pair_change.build import pair_change, rebuild
    from pipelines.defs.silver.coded_report.tables import CodedReport

    history, more = folder / f"history{n}", folder / f"fresh{n}"
    write(history, n, FIRST_MONTH, MONTHS, seed=1)
    platform = platform_of(folder / f"month{n}", history)
    lake, feed = platform.lake, ["silver.coded_report"]
    rebuild(lake, lake.versions(feed))
    whole, ones = [], []
    for month in range(rounds + 1):  # the first increment of a process loads and compiles
        _, cost = measured(lambda: rebuild(lake, lake.versions(feed)), with_memory=True)
        whole.append(cost)
        write(more / str(month), max(1, n // MONTHS), FIRST_MONTH + MONTHS + month, 1, seed=3 + month)
        frame = platform.spark.read.schema(CodedReport.spark_schema()).parquet(str(more / str(month) / "coded"))
        frame.write.format("delta").mode("append").save(lake.path(feed[0]))
        before = lake.n_rows("gold.pair_change")
        _, cost = measured(lambda: pair_change(platform, lake.versions(feed)))
        ones.append(cost)
    turns = Turns(ones[1:], whole[1:])
    said = f"{before:,} cells, {lake.n_rows('gold.pair_change') - before:,} more; {turns.told()}"
    return Line(
        f"one more month on 20 years, {n:,} reports", "own full rebuild", *turns.seconds, target_at(MONTH, n), said
    )


def every_month(n: int, folder: Path, rounds: int = ROUNDS) -> Line:
    """IC and IC025 of every pair at 240 month ends, against as many runs of DuckDB; neither stores the 240 tables."""
    from pipelines.defs.gold.disproportionality.course import publish
    from pipelines.defs.gold.pair_change.build import rebuild

    reports = folder / f"course{n}"
    write(reports, n, FIRST_MONTH, MONTHS, seed=1)
    platform = platform_of(folder / f"every{n}", reports)
    lake = platform.lake
    rebuild(lake, {})
    publish(lake, {}, 500)

    def anew() -> None:
        shutil.rmtree(lake.path("gold.signal_course"))
        publish(lake, {}, 500)

    turns = in_turn(anew, lambda: [duckdb_ic(reports, month, n) for month in SAMPLED], rounds)
    mine, theirs = turns.seconds
    ours, above = lake["gold.signal_course"].filter("ic > 1e-9").count(), turns.their_result[-1]
    said = f"{turns.told()}; peer: {len(SAMPLED)} of {MONTHS} month ends run, evenly spread; at the last {ours:,} pairs with IC > 0"
    if abs(ours - above) > 0.02 * above:
        raise AssertionError(f"{ours} pairs with IC > 0 here, {above} there")
    job = f"IC, IC025 at every of {MONTHS} month ends, {n:,} reports"
    weight = MONTHS / len(SAMPLED)
    return Line(job, f"{MONTHS} runs of DuckDB", mine, [s * weight for s in theirs], target_at(EVERY_MONTH, n), said)


SAMPLED = tuple(range(9, MONTHS, 10))


def duckdb_ic(reports: Path, month: int, n: int) -> int:
    """Count the pairs with IC > 0 at one month end, and run through both scores (IC025 by the power formula)."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    up_to = f"WHERE report * {MONTHS} // {n} <= {month}"
    found = connection.execute(f"""
        WITH rs AS (FROM '{reports}/rs/*.parquet' {up_to}), rt AS (FROM '{reports}/rt/*.parquet' {up_to}),
        p AS (SELECT substance, term, count(*)::double AS a FROM rs JOIN rt USING (report) GROUP BY ALL),
        s AS (SELECT substance, count(*)::double AS ns FROM rs GROUP BY ALL),
        e AS (SELECT term, count(*)::double AS ne FROM rt GROUP BY ALL),
        t AS (SELECT count(DISTINCT report)::double AS n FROM rs),
        x AS (SELECT a, log2((a + 0.5) / (ns * ne / n + 0.5)) AS ic
              FROM p JOIN s USING (substance) JOIN e USING (term), t)
        SELECT count(*) FILTER (ic > 1e-9), sum(ic - 3.3 * pow(a + 0.5, -0.5) - 2 * pow(a + 0.5, -1.5)) FROM x""")
    return int(found.fetchall()[0][0])


def main() -> None:
    """Run the comparisons of this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=5_000_000)
    parser.add_argument("--fresh", type=Path, help="Folder of a lake: count its pairs once, and print the seconds.")
    given = parser.parse_args()
    if given.fresh:
        platform = opened(given.fresh)
        platform.spark.range(1).count()
        sys.stdout.write(f"{measured(lambda: gerland_all_pairs(platform))[1].processor}\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        for line in all_pairs(given.reports, Path(folder)):
            say(line)
        say(one_month(given.reports, Path(folder)))
        say(every_month(min(given.reports, 1_000_000), Path(folder)))


if __name__ == "__main__":
    main()
