"""Triples of the coded reports to the answers of every interaction method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
from pyspark.sql import functions as F

from pipelines.core.step import step_with_platform
from pipelines.defs.gold.answer import SHAPE_SQL, named
from pipelines.defs.gold.interaction.tables import Interaction
from pipelines.defs.gold.triples import counted, domains, with_margins
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed
from pipelines.lake.file_tasks import batches

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables
    from pipelines.lake.platform import Platform

FEWEST = 3  # reports with both substances and the event
ANSWER_SQL = f"population string, substance int, substance_2 int, term int, n111 bigint, expected double, {SHAPE_SQL}"


@step_with_platform(
    Interaction,
    "silver.coded_report",
    "silver.stratum",
    "silver.code",
    "silver.substance",
    "silver.term",
    settings=("minimum_reports",),
)
def interaction(tables: Tables, platform: Platform) -> DataFrame:
    """Score every two substances and event of every domain that is large enough."""
    found = cache(counted(platform.lake, domains(platform.lake), "taken", frequent))
    triples = found.filter("substance > 0").withColumnRenamed("n", "n111")
    compared = with_margins(triples, found.filter("substance = 0"))
    large = compared.filter(F.col("n_total") >= platform.settings.minimum_reports)
    answers = large.mapInArrow(answering, ANSWER_SQL)
    for kind, column in (("substance", "substance"), ("substance", "substance_2"), ("term", "term")):
        answers = named(tables, answers, kind, column)
    return conformed(answers, Interaction)


def frequent(population: str, substance: np.ndarray, other: np.ndarray, term: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Triples with enough reports."""
    return (other > 0) & (term > 0) & (n >= FEWEST)


def answering(given: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Task: ask every method about the triples of each batch."""
    from models.interaction.count import eight
    from models.interaction.methods import interactions

    for batch in given:
        rows = pl.DataFrame(pa.Table.from_batches([batch]))
        if rows.height:
            found = interactions(rows.select("population", "substance", "substance_2", "term", *eight()))
            yield from batches(found)
