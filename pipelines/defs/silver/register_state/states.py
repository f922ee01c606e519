"""What a source tells of the states of its registers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables


def states(tables: Tables, source: str, registers: Mapping[str, str]) -> DataFrame:
    """Days on which a source delivered each of its registers, by the register's bronze table."""
    told = [
        tables[address].select(
            F.lit(source).alias("source"), F.lit(name).alias("register"), F.col("known_date").alias("stated_date")
        )
        for name, address in registers.items()
    ]
    return reduce(lambda one, other: one.unionByName(other), told).distinct()
