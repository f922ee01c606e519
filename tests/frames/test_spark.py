"""The engine of a process: its sessions, its workers, and what its bridge remembers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipelines.frames.daemon import ARCHIVES
from pipelines.frames.spark import session, tune
from pipelines.settings import load


def looked_at(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """What a worker's task finds: archives among the places that are looked through, modules that were there."""
    for _ in batches:
        archives = sum(place.endswith(ARCHIVES) for place in [*sys.path, *sys.path_importer_cache])
        yield pa.RecordBatch.from_pydict({"archives": [archives], "has_arrow": ["pyarrow.parquet" in sys.modules]})


def test_workers_look_through_no_archive_and_have_what_tasks_need(spark: SparkSession) -> None:
    found = spark.range(1, numPartitions=1).mapInArrow(looked_at, "archives long, has_arrow boolean").collect()
    assert [tuple(row) for row in found] == [(0, True)]


def test_what_a_thread_sets_is_its_own(spark: SparkSession) -> None:
    before = spark.conf.get("spark.sql.shuffle.partitions")

    def other() -> tuple[str | None, int]:
        own = session(load())
        tune(own, 1 << 40, load(shuffle_partitions=7))
        return own.conf.get("spark.sql.shuffle.partitions"), own.range(3).count()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(other).result() == ("7", 3)
    assert spark.conf.get("spark.sql.shuffle.partitions") == before


def test_names_that_are_remembered_are_still_those_of_the_engine(spark: SparkSession) -> None:
    for _ in range(2):  # asked, then remembered
        row = (
            spark.range(1).select(F.coalesce(F.lit(None), F.lit(2)).alias("n"), F.upper(F.lit("a")).alias("t")).first()
        )
        assert row is not None
        assert tuple(row) == (2, "A")
