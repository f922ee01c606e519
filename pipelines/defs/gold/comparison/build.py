"""From the cells and expected counts of `gold.signal` to the answers of every pairwise method."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.answer import SHAPE_SQL
from pipelines.defs.gold.comparison.tables import SignalByMethod
from pipelines.frames.conform import conformed
from pipelines.lake.file_tasks import batches

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

FEWEST, WATCHED, LEVEL = 3, 50, 0.05
PAIR = ("substance_key", "term_key")
KEYS = ("population", "substance_key", "substance_name", "term_key", "term_name", "month", "is_latest", "a", "expected")
CELLS = ("b", "c", "d", "prior_month", "shrunk_prior_month")
KEYS_SQL = (
    "population string, substance_key string, substance_name string, term_key string, term_name string, month date, "
    "is_latest boolean, a bigint, expected double"
)
SPANS = (12, 24)  # months
FDR = {"fdr_bh": "fisher_mid_p", "fdr_bayes": "mgps"}  # ranking by its p


@step(SignalByMethod, "gold.signal", "gold.prior", "gold.comedication")
def signal_by_method(tables: Tables) -> DataFrame:
    """Ask every method about the pairs of the last month, and about the course of the highest-ranked."""
    from models.methods import METHODS

    compared = tuple(name for name, method in METHODS.items() if method.is_compared)
    known = tables["gold.signal"].filter(F.col("ic").isNotNull())
    latest = known.filter(F.col("is_latest") & (F.col("a") >= FEWEST))
    strongest = [F.col(column).desc_nulls_last() for column in ("eb05", "ic025", "a")]
    rank = F.row_number().over(Window.partitionBy("population").orderBy(*strongest, *PAIR))
    watched = latest.withColumn("rank", rank).filter(F.col("rank") <= WATCHED).select("population", *PAIR)
    course = known.filter(~F.col("is_latest")).join(F.broadcast(watched), on=["population", *PAIR], how="left_semi")
    priors = [row.asDict() for row in tables["gold.prior"].collect()]
    asked = latest.select(*KEYS, *CELLS).unionByName(course.select(*KEYS, *CELLS))
    parts = [asked.mapInArrow(answering(compared, priors), f"{KEYS_SQL}, {SHAPE_SQL}")]
    ranked = latest.select(*KEYS, *CELLS).mapInArrow(answering(tuple(FDR.values()), priors), f"{KEYS_SQL}, {SHAPE_SQL}")
    parts += [_rate(ranked, name, method) for name, method in FDR.items()]
    parts.append(_spans(tables["gold.signal"], latest).mapInArrow(comparing, f"{KEYS_SQL}, {SHAPE_SQL}"))
    chosen = tables["gold.comedication"].drop("substance_name", "term_name")
    parts.append(latest.select(*KEYS).join(chosen, on=["population", *PAIR], how="inner"))
    found = parts[0]
    for part in parts[1:]:
        found = found.unionByName(part)
    return conformed(found, SignalByMethod)


def _rate(answers: DataFrame, name: str, method: str) -> DataFrame:
    """False discovery rate of calling a pair and all ranked before it signals, by a method's p."""
    mine = answers.filter(F.col("method").startswith(method)).withColumn("has_p", F.col("p_value").isNotNull())
    group = Window.partitionBy("population", "has_p")
    ranked = group.orderBy("p_value", *PAIR)
    if name == "fdr_bayes":
        rate: Column = F.avg("p_value").over(ranked.rowsBetween(Window.unboundedPreceding, 0))
    else:
        size, rank = F.count("*").over(group), F.row_number().over(ranked)
        mine = mine.withColumn("scaled", F.col("p_value") * size / rank)
        rate = F.least(F.lit(1.0), F.min("scaled").over(ranked.rowsBetween(0, Window.unboundedFollowing)))
    nothing = {column: F.lit(None).cast("double") for column in ("lower", "upper")}
    rated = mine.withColumns({"estimate": F.when(F.col("has_p"), rate), **nothing, "method": F.lit(name)})
    rule = F.lit(f"false discovery rate <= {LEVEL:g}")
    return rated.withColumns({"is_signal": F.col("estimate") <= LEVEL, "rule": rule}).drop("scaled", "has_p")


def _spans(signal: DataFrame, latest: DataFrame) -> DataFrame:
    """Reports of each pair and of its substance as known now, 12 and 24 months ago; 0 before the history starts.

    A month in which nothing of a population changed has no rows: what was known then is the state before it.
    """
    held = signal.select("population", *PAIR, "month", "a", (F.col("a") + F.col("b")).alias("n"))
    of_substance = held.groupBy("population", "substance_key", "month").agg(F.max("n").alias("n"))
    several = held.groupBy("population").agg((F.count_distinct("month") > 1).alias("has_history"))
    found = latest.select(*KEYS, (F.col("a") + F.col("b")).alias("n")).join(F.broadcast(several), on="population")
    for months in SPANS:
        ago = F.last_day(F.add_months("month", -months))
        asked = latest.select("population", ago.alias("ago")).distinct()
        states = held.select("population", F.col("month").alias("state")).distinct()
        before = asked.join(states, on="population").filter("state <= ago").groupBy("population")
        before = before.agg(F.max("state").alias("then"))
        found = found.drop("then").join(F.broadcast(before), on="population", how="left")
        for column, table, pair in (("a", held, PAIR), ("n", of_substance, PAIR[:1])):
            keys = ["population", *pair, "then"]
            past = table.withColumnsRenamed({"month": "then", column: f"{column}_{months}"})
            found = found.join(past.select(*keys, f"{column}_{months}"), on=keys, how="left")
    return found.fillna(0, [f"{column}_{months}" for months in SPANS for column in "an"])


def comparing(given: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Task: compare the last 12 months of pairs with their substances' own past."""
    from models.surveillance.increase import increased

    for batch in given:
        rows = pl.DataFrame(pa.Table.from_batches([batch]))
        pair, substance = (
            (rows[c] - rows[f"{c}_12"], rows[f"{c}_12"] - rows[f"{c}_24"], rows[f"{c}_24"]) for c in "an"
        )
        found = increased(pair, substance, rows.select(*KEYS, "has_history")).drop("rp_before")
        unknown = pl.col("has_history").not_()
        nothing = [pl.when(unknown).then(None).otherwise(pl.col(c)).alias(c) for c in ("estimate", "is_signal")]
        reason = pl.when(unknown).then(pl.lit("gold.signal holds the last month end only")).otherwise("not_computed")
        yield from batches(found.with_columns(*nothing, not_computed=reason).drop("has_history"))


def answering(
    methods: Sequence[str], priors: Sequence[Mapping[str, Any]]
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Task: answer for the pairs of each batch, with the prior that their scores were made with."""

    def work(given: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in given:
            rows = pl.DataFrame(pa.Table.from_batches([batch]))
            by = ("population", "prior_month", "shrunk_prior_month")
            for (population, month, shrunk_month), part in rows.group_by(*by, maintain_order=True):
                of = {p["month"]: p for p in priors if p["population"] == population}
                yield from _answered(part, methods, of.get(month), of.get(shrunk_month))

    return work


def _answered(
    rows: pl.DataFrame, methods: Sequence[str], prior: Mapping[str, Any] | None, shrunk: Mapping[str, Any] | None
) -> Iterator[pa.RecordBatch]:
    from models.disproportionality.counts import from_counts
    from models.methods import MGPS_SHRUNK, Pairs, answers
    from models.mgps.fit import fitted
    from models.mgps.shrink import fitted_shrunk

    a, b, c, d = (rows[name].to_numpy().astype(float) for name in "abcd")
    cells = from_counts(a, a + b, a + c, a + b + c + d)
    priors = fitted(prior) if prior else None, fitted_shrunk(shrunk) if shrunk else None
    asked = [name for name in methods if name != MGPS_SHRUNK or shrunk]  # a whole population is shrunk to nothing
    yield from batches(answers(Pairs(cells, rows["expected"].to_numpy(), *priors), asked, rows.select(KEYS)))
