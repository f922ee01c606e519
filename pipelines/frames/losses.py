"""Values that were there and became null, by source, file and column: counted where sources unite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.frames.columns import with_columns
from pipelines.frames.readings import Reading
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.core.table import Table
    from pipelines.frames.conform import Tables

FEW = 0.01  # share of a file's values that may be lost without a warning
COLUMNS = ("place", "file", "column", "n_told", "n_lost")


@dataclass(frozen=True)
class Loss:
    """Of `n_told` values that a file holds in a column, `n_lost` could not be read.

    `place` is the bronze table; for what was read and is beyond the limits of the united table, that table.
    """

    place: str
    file: str
    column: str
    n_told: int
    n_lost: int

    @property
    def share(self) -> float:
        """Lost of told."""
        return self.n_lost / self.n_told if self.n_told else 0.0


def unread(tables: Tables, bronze: Mapping[str, type[Table]], readings: Iterable[Reading]) -> DataFrame | None:
    """Count what no reading of a column could read: one pass over the columns that are read of each bronze table.

    What is there is counted in bronze as sent, what is lost by what the rules make of it. A column that stands in
    several tables under one name is counted in each.
    """
    noted: dict[str, list[Reading]] = {}
    for reading in readings:
        noted.setdefault(reading.column, []).append(reading)
    frames = []
    for address, table in bronze.items():
        own = {c: found for c, found in noted.items() if c.split(".")[0] in table.columns}
        if own:
            frames.append(_unread_of(tables[address], address, own))
    return reduce(lambda a, b: a.unionByName(b), frames) if frames else None


def _unread_of(rows: DataFrame, address: str, noted: Mapping[str, list[Reading]]) -> DataFrame:
    counts = []
    for column, found in noted.items():
        root, _, inside = column.partition(".")
        text = F.get_json_object(root, f"$.{inside}") if inside else F.col(root)
        is_meant = reduce(lambda a, b: a | b, [r.is_meant(text) for r in found])
        is_null = reduce(lambda a, b: a & b, [r.rule(text).isNull() for r in found])
        counts += [F.count_if(is_meant).alias(f"told {column}"), F.count_if(is_meant & is_null).alias(f"lost {column}")]
    counted = rows.groupBy("file").agg(*counts)
    listed = [
        F.struct(F.lit(c).alias("c"), F.col(f"`told {c}`").alias("n"), F.col(f"`lost {c}`").alias("m")) for c in noted
    ]
    return (
        counted.select(F.lit(address).alias("place"), "file", F.explode(F.array(*listed)).alias("of"))
        .select("place", "file", "of.*")
        .toDF("place", "file", "column", "n_told", "n_lost")
    )


def limits_of(table: type[Table]) -> dict[str, tuple[float | None, float | None]]:
    """Limits that a table declares of values that may be missing: a value beyond them is null in it."""
    return {
        name: (c.minimum, c.maximum)
        for name, c in table.columns.items()
        if not c.required and c.type in ("int", "bigint", "double") and (c.minimum, c.maximum) != (None, None)
    }


def is_beyond(column: str, limits: tuple[float | None, float | None]) -> Column:
    """Tell whether a value is there and beyond its limits, or no number at all."""
    least, most = limits
    found = F.isnan(F.col(column).cast("double"))
    if least is not None:
        found = found | (F.col(column) < least)
    if most is not None:
        found = found | (F.col(column) > most)
    return F.coalesce(found, F.lit(False))


def within_limits(frame: DataFrame, table: type[Table]) -> DataFrame:
    """Make null what is beyond the limits that the table declares."""
    limits = limits_of(table)
    return with_columns(frame, {c: F.when(~is_beyond(c, of), F.col(c)) for c, of in limits.items()})


def may_exceed(table: type[Table]) -> bool:
    """Tell whether `beyond` has anything to count: rows that carry their warnings say it themselves."""
    return bool(limits_of(table)) and "warnings" not in table.columns


def beyond(frame: DataFrame, table: type[Table]) -> DataFrame | None:
    """Count by source what `within_limits` makes null; None where there is nothing to count."""
    if not may_exceed(table):
        return None
    limits = limits_of(table)
    counts = [
        F.struct(
            F.lit(c).alias("c"), F.count_if(F.col(c).isNotNull()).alias("n"), F.count_if(is_beyond(c, of)).alias("m")
        )
        for c, of in limits.items()
    ]
    of_source = frame.groupBy("source").agg(F.array(*counts).alias("all"))
    listed = of_source.select(F.lit(table.address()), "source", F.explode("all").alias("of"))
    return listed.select(F.lit(table.address()), "source", "of.*").toDF(*COLUMNS)


def told(frames: Iterable[DataFrame | None]) -> list[Loss]:
    """Counts of several frames, asked for at once; what holds no value is left out."""
    counted = [f for f in frames if f is not None]
    if not counted:
        return []
    rows = in_few_tasks(reduce(lambda a, b: a.unionByName(b), counted)).filter("n_told > 0").collect()
    return most_first(Loss(*r) for r in rows)


def most_first(losses: Iterable[Loss]) -> list[Loss]:
    """Losses in the order that they are told in."""
    return sorted(losses, key=lambda x: (-x.n_lost, x.place, x.file, x.column))
