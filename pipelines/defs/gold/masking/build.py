"""From the scores of every pair to those without a masker's reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
from pyspark.sql import functions as F

from models.masking.masking import COUNTS, FEWEST, RATIO
from pipelines.core.step import step_with_platform
from pipelines.defs.gold.answer import SHAPE_SQL, named
from pipelines.defs.gold.masking.tables import Masking
from pipelines.defs.gold.triples import Kept, counted, domains
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed
from pipelines.lake.file_tasks import batches

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables
    from pipelines.lake.platform import Platform

KEYS = ("population", "masker", "substance", "term")
ANSWER_SQL = (
    "population string, masker int, substance int, term int, a bigint, ic025 double, a_without bigint, "
    f"expected_without double, masking_ratio double, is_revealed boolean, {SHAPE_SQL}"
)
ANSWER = [part.split()[0] for part in ANSWER_SQL.split(", ")]


@step_with_platform(
    Masking, "gold.signal", "silver.coded_report", "silver.stratum", "silver.code", "silver.substance", "silver.term"
)
def masking(tables: Tables, platform: Platform) -> DataFrame:
    """Find the maskers of every event of every domain, and score the event's other pairs without them."""
    pairs = cache(_pairs(tables))
    maskers = cache(_maskers(pairs))
    which = {(r["population"], r["masker"], r["term"]) for r in maskers.collect()}
    members = {name: strata for name, strata in domains(platform.lake).items() if any(name == p for p, _, _ in which)}
    shared = cache(_either_way(counted(platform.lake, members, "substances", about(which))))
    with_event = shared.filter("term > 0").withColumnRenamed("n", "a_shared")
    in_all = shared.filter("term = 0").withColumnRenamed("n", "n_shared").drop("term")
    others = maskers.join(pairs.filter(F.col("a") >= FEWEST), on=["population", "term"], how="inner")
    asked = (
        others.filter("substance <> masker")
        .join(with_event, on=list(KEYS), how="left")
        .join(in_all, on=["population", "masker", "substance"], how="left")
        .fillna(0, ["a_shared", "n_shared"])
        .select(*KEYS, "masking_ratio", *COUNTS)
    )
    answers = asked.mapInArrow(answering, ANSWER_SQL).filter(F.col("a_without") >= FEWEST)
    for kind, column in (("substance", "substance"), ("term", "term")):
        answers = named(tables, answers, kind, column)
    maskers_named = named(
        tables, answers.withColumnRenamed("masker", "substance_masker"), "substance", "substance_masker"
    )
    renamed = {"substance_key_masker": "masker_key", "substance_name_masker": "masker_name"}
    return conformed(maskers_named.withColumnsRenamed(renamed), Masking)


def _pairs(tables: Tables) -> DataFrame:
    """Pairs of every domain as they stand, in codes, with their counts."""
    signal = tables["gold.signal"].filter("is_latest AND population = domain AND ic IS NOT NULL")
    for kind in ("substance", "term"):
        code = tables["silver.code"].filter(F.col("kind") == kind)
        code = code.select(F.col("code").alias(kind), F.col("key_coded").alias(f"{kind}_key"))
        signal = signal.join(F.broadcast(code), on=f"{kind}_key", how="inner")
    total = F.col("a") + F.col("b") + F.col("c") + F.col("d")
    n_product, n_event = (F.col("a") + F.col(x) for x in "bc")
    counts = {"n_product": n_product, "n_event": n_event, "n_total": total}
    return signal.select("population", "substance", "term", "a", *[c.alias(name) for name, c in counts.items()])


def _maskers(pairs: DataFrame) -> DataFrame:
    """Substances that change the background of an event by their reports."""
    without = (F.col("n_event") - F.col("a")) / (F.col("n_total") - F.col("n_product"))
    ratio = F.try_divide(F.col("n_event") / F.col("n_total"), without)
    found = pairs.withColumn("masking_ratio", ratio).filter((F.col("a") >= FEWEST) & (F.col("masking_ratio") >= RATIO))
    return found.select(
        *("population", "term", "masking_ratio"),
        F.col("substance").alias("masker"),
        F.col("a").alias("a_masker"),
        F.col("n_product").alias("n_masker"),
    )


def about(maskers: set[tuple[str, int, int]]) -> Kept:
    """Which triples hold a masker: with one of its events, or with any."""
    events: dict[str, np.ndarray] = {}
    alone: dict[str, np.ndarray] = {}
    for name in {population for population, _, _ in maskers}:
        mine = np.array([(m, t) for p, m, t in maskers if p == name], dtype=np.int64)
        events[name] = np.unique(mine[:, 0] << 32 | mine[:, 1])
        alone[name] = np.unique(mine[:, 0])

    def kept(name: str, substance: np.ndarray, other: np.ndarray, term: np.ndarray, n: np.ndarray) -> np.ndarray:
        found = np.zeros(n.size, dtype=bool)
        for code in (substance, other):
            found |= np.where(term > 0, np.isin(code << 32 | term, events[name]), np.isin(code, alone[name]))
        return found & (substance > 0) & (other > 0)

    return kept


def _either_way(triples: DataFrame) -> DataFrame:
    """Each two substances as masker and masked, and the other way round."""
    columns = ("population", "term", "n")
    two = triples.filter("substance > 0")
    one_way = two.select(F.col("substance").alias("masker"), F.col("substance_2").alias("substance"), *columns)
    return one_way.unionByName(two.select(F.col("substance_2").alias("masker"), "substance", *columns))


def answering(given: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Task: score the pairs of each batch without their masker."""
    from models.masking.masking import without_masker

    for batch in given:
        rows = pl.DataFrame(pa.Table.from_batches([batch]))
        if rows.height:
            yield from batches(without_masker(rows).select(ANSWER))
