"""One lasso per frequent event, events spread over tasks; each task builds the table of substances once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from pipelines.core.log import log
from pipelines.core.step import step_with_platform
from pipelines.defs.gold.answer import SHAPE_SQL, named
from pipelines.defs.gold.comedication.tables import Comedication
from pipelines.frames.conform import conformed
from pipelines.lake import file_tasks
from pipelines.lake.lists import lists

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables
    from pipelines.lake.platform import Platform

REPORTS = "silver.coded_report"
FEWEST_OF_SUBSTANCE = 10  # reports below which a substance is left out of the table
MOST_REPORTS = 5_000_000  # of a domain: a task holds all of them
COLUMNS = ("month_to", "stratum", "substances", "terms")
ANSWER_SQL = f"population string, substance int, term int, {SHAPE_SQL}"
ANSWER = [part.split()[0] for part in ANSWER_SQL.split(", ")]
Task = tuple[str, tuple[int, ...], tuple[int, ...]]  # domain, its strata, events


@step_with_platform(
    Comedication,
    REPORTS,
    "silver.stratum",
    "silver.code",
    "silver.substance",
    "silver.term",
    settings=("lasso_minimum_reports",),
)
def comedication(tables: Tables, platform: Platform) -> DataFrame:
    """Explain every frequent event of every domain."""
    settings = platform.settings
    todo = _tasks(tables, settings.lasso_minimum_reports, settings.shuffle_partitions)
    files = file_tasks.cut(platform.lake.files(REPORTS))
    found = file_tasks.each(platform.spark, todo, explaining(files), ANSWER_SQL)
    for kind in ("substance", "term"):
        found = named(tables, found, kind, kind)
    return conformed(found, Comedication)


def _tasks(tables: Tables, minimum: int, n_tasks: int) -> list[Task]:
    """Frequent events of each domain, most reported first, dealt out so that tasks take as long as one another."""
    standing = tables[REPORTS].filter("month_to IS NULL")
    strata = tables["silver.stratum"].select("stratum", "domain")
    reports = standing.join(F.broadcast(strata), on="stratum", how="inner")
    sizes = {r["domain"]: r["n"] for r in reports.groupBy("domain").agg(F.count("*").alias("n")).collect()}
    counts = reports.select("domain", F.explode("terms").alias("term")).groupBy("domain", "term")
    frequent = counts.agg(F.count("*").alias("n")).filter(F.col("n") >= minimum).collect()
    members: dict[str, list[int]] = {}
    for row in strata.collect():
        members.setdefault(row["domain"], []).append(row["stratum"])
    todo = []
    for domain in sorted(sizes):
        if sizes[domain] > MOST_REPORTS:
            log(f"gold.comedication: {domain} has {sizes[domain]:,} reports, at most {MOST_REPORTS:,} are looked at")
            continue
        events = [r["term"] for r in sorted(frequent, key=lambda r: (-r["n"], r["term"])) if r["domain"] == domain]
        dealt = [tuple(events[at::n_tasks]) for at in range(n_tasks)]
        todo += [(domain, tuple(sorted(members[domain])), part) for part in dealt if part]
    return todo


def explaining(files: Sequence[file_tasks.Piece]) -> Callable[[Task], Iterator[pa.RecordBatch]]:
    """Task: explain some events of a domain."""

    def work(task: Task) -> Iterator[pa.RecordBatch]:
        from models.comedication.design import design

        domain, strata, events = task
        parts = []
        for piece in files:
            reports = file_tasks.read(piece, COLUMNS)
            mine = pc.and_(pc.is_null(reports["month_to"]), pc.is_in(reports["stratum"], pa.array(strata, pa.int32())))
            parts.append(reports.filter(mine))
        reports = pa.concat_tables(parts)
        (s_at, s), (t_at, t) = (lists(reports[name]) for name in ("substances", "terms"))
        kept = np.flatnonzero(np.bincount(s) >= FEWEST_OF_SUBSTANCE)
        place = np.full(int(s.max(initial=0)) + 1, -1, dtype=np.int64)
        place[kept] = np.arange(kept.size)
        of_substance, of_term = (np.repeat(np.arange(reports.num_rows), np.diff(at)) for at in (s_at, t_at))
        is_kept = place[s] >= 0
        table = design(of_substance[is_kept], place[s[is_kept]], reports.num_rows, kept.size)
        for event in events:
            found = _explained(table, table.events(of_term[t == event]), kept)
            coded = found.with_columns(
                pl.col("substance").cast(pl.Int32), population=pl.lit(domain), term=pl.lit(event, dtype=pl.Int32)
            )
            yield from file_tasks.batches(coded.select(ANSWER))

    return work


def _explained(table: Any, events: np.ndarray, substances: np.ndarray) -> pl.DataFrame:
    """Substances that were chosen; where nothing could be chosen, each substance with the reason."""
    from models.comedication.select import lasso_bic
    from models.result import result

    names = [str(code) for code in substances]
    try:
        found = lasso_bic(table, events, names)
        return found.filter(pl.col("not_computed").is_null() | (pl.col("not_computed") != "not chosen"))
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        nothing, reasons = np.full(len(names), np.nan), [str(error)] * len(names)
        keys = pl.DataFrame({"substance": names})
        return result("lasso_bic", "chosen by BIC", nothing, not_computed=reasons, keys=keys)
