"""From the cells and expected counts of `gold.signal` to the answers of every pairwise method."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads
from pipelines.core.pieces import batches
from pipelines.defs.signals.comparison.tables import SignalByMethod

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.core.conform import Tables

FEWEST, WATCHED, LEVEL = 3, 50, 0.05
PAIR = ("substance_key", "term_key")
KEYS = ("population", "substance_key", "substance_name", "term_key", "term_name", "month", "is_latest", "a", "expected")
CELLS = ("b", "c", "d", "prior_month")
SHAPE_SQL = (
    "method string, estimate double, lower double, upper double, p_value double, is_signal boolean, rule string, "
    "not_computed string"
)
KEYS_SQL = (
    "population string, substance_key string, substance_name string, term_key string, term_name string, month date, "
    "is_latest boolean, a bigint, expected double"
)
# All of `models.methods` but ic_noren_2006, whose draws cost a hundred times what the others do.
METHODS = ("prr", "prr_ema", "ror", "ror_exact", "ror_shrunk", "fisher", "fisher_mid_p", "ic", "bcpnn", "mgps")
FDR = {"fdr_bh": "fisher_mid_p", "fdr_bayes": "mgps"}  # ranking by its p


@reads("gold.signal", "gold.prior", "gold.comedication")
def signal_by_method(tables: Tables) -> DataFrame:
    """Ask every method about the pairs of the last month, and about the course of the highest-ranked."""
    known = tables["gold.signal"].filter(F.col("ic").isNotNull())
    latest = known.filter(F.col("is_latest") & (F.col("a") >= FEWEST))
    rank = F.row_number().over(Window.partitionBy("population").orderBy(F.col("ic025").desc_nulls_last(), *PAIR))
    watched = latest.withColumn("rank", rank).filter(F.col("rank") <= WATCHED).select("population", *PAIR)
    course = known.filter(~F.col("is_latest")).join(F.broadcast(watched), on=["population", *PAIR], how="left_semi")
    priors = [row.asDict() for row in tables["gold.prior"].collect()]
    asked = latest.select(*KEYS, *CELLS).unionByName(course.select(*KEYS, *CELLS))
    parts = [asked.mapInArrow(answering(METHODS, priors), f"{KEYS_SQL}, {SHAPE_SQL}")]
    ranked = latest.select(*KEYS, *CELLS).mapInArrow(answering(tuple(FDR.values()), priors), f"{KEYS_SQL}, {SHAPE_SQL}")
    parts += [_rate(ranked, name, method) for name, method in FDR.items()]
    chosen = tables["gold.comedication"].drop("substance_name", "term_name")
    parts.append(latest.select(*KEYS).join(chosen, on=["population", *PAIR], how="inner"))
    found = parts[0]
    for part in parts[1:]:
        found = found.unionByName(part)
    return conformed(found, SignalByMethod)


def _rate(answers: DataFrame, name: str, method: str) -> DataFrame:
    """False discovery rate of calling a pair and all ranked before it signals, by a method's p."""
    known = answers.filter(F.col("method").startswith(method) & F.col("p_value").isNotNull())
    ranked = Window.partitionBy("population").orderBy("p_value", *PAIR)
    if name == "fdr_bayes":
        rate: Column = F.avg("p_value").over(ranked.rowsBetween(Window.unboundedPreceding, 0))
        placed = known
    else:
        size = F.count("*").over(Window.partitionBy("population"))
        placed = known.withColumn("scaled", F.col("p_value") * size / F.row_number().over(ranked))
        rate = F.least(F.lit(1.0), F.min("scaled").over(ranked.rowsBetween(0, Window.unboundedFollowing)))
    nothing = {column: F.lit(None).cast("double") for column in ("lower", "upper")}
    rated = placed.withColumns({"estimate": rate, **nothing, "method": F.lit(name)}).drop("scaled")
    return rated.withColumns(
        {"is_signal": F.col("estimate") <= LEVEL, "rule": F.lit(f"false discovery rate <= {LEVEL}")}
    )


def answering(
    methods: Sequence[str], priors: Sequence[Mapping[str, Any]]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Task: answer for the pairs of each batch, with the prior that their scores were made with."""

    def work(given: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in given:
            rows = pl.DataFrame(pa.Table.from_batches([batch]))
            for (population, month), part in rows.group_by("population", "prior_month", maintain_order=True):
                mine = (p for p in priors if (p["population"], p["month"]) == (population, month))
                yield from _answered(part, methods, next(mine, None))

    return work


def _answered(rows: pl.DataFrame, methods: Sequence[str], prior: Mapping[str, Any] | None) -> Iterator[pa.RecordBatch]:
    from models.disproportionality.counts import from_counts
    from models.methods import Pairs, answers
    from models.mgps.fit import fitted

    a, b, c, d = (rows[name].to_numpy().astype(float) for name in "abcd")
    cells = from_counts(a, a + b, a + c, a + b + c + d)
    given = Pairs(cells, rows["expected"].to_numpy(), fitted(prior) if prior else None)
    yield from batches(answers(given, methods, rows.select(KEYS)))
