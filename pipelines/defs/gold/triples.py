"""Reports that name two substances and an event, counted in tasks: what interactions and masking are made from.

One pass over the coded reports as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from models.cube.kernels import add
from models.cube.triples import both, split, triples_of
from pipelines.defs.gold.disproportionality.populations import whole
from pipelines.defs.gold.disproportionality.shared import REPORTS, REPORTS_PER_TASK, strata
from pipelines.lake import file_tasks, shuffle
from pipelines.lake.lists import lists

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.lake.lake import Lake

REPORTS_PER_PLACE = 250_000
REPORTS_AT_ONCE = 200_000  # their keys are sorted at once
COUNTED_SQL = "population string, substance int, substance_2 int, term int, n bigint, n_both bigint"
COUNTED = pa.schema(
    [
        ("population", pa.string()),
        ("substance", pa.int32()),
        ("substance_2", pa.int32()),
        ("term", pa.int32()),
        ("n", pa.int64()),
        ("n_both", pa.int64()),
    ]
)
Task = tuple[str, tuple[int, ...], Sequence[file_tasks.Piece]]  # population, its strata, reports
Kept = Callable[[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def counted(lake: Lake, members: Mapping[str, Sequence[int]], column: str, kept: Kept) -> DataFrame:
    """Count triples of every population; columns as `COUNTED`, `substance` < `substance_2`, 0 for none.

    Args:
        lake: holds `silver.coded_report`.
        members: strata of each population.
        column: which substances of a report, `taken` or `substances` (the suspect ones).
        kept: from population, substance, substance_2, term and n, which triples to give. Counts of one substance, of
            one event and of all reports are always given, with `substance` 0.
    """
    names = sorted(members)
    files = file_tasks.bundled(file_tasks.cut(lake.files(REPORTS), REPORTS_PER_TASK), REPORTS_PER_TASK)
    n_places = 1 + lake.n_rows(REPORTS) // REPORTS_PER_PLACE
    todo = [(name, tuple(sorted(members[name])), part) for name in names for part in files]
    spread = file_tasks.each(lake.spark, todo, _counting(column, n_places), shuffle.BLOCK_SQL)
    return shuffle.shuffled(spread, n_places, _summing(kept), COUNTED_SQL)


def domains(lake: Lake) -> dict[str, tuple[int, ...]]:
    """Strata of every domain."""
    return {p.name: p.strata for p in whole(strata(lake)) if p.name == p.domain}


def _counting(column: str, n_places: int) -> Callable[[Task], Iterator[pa.RecordBatch]]:
    """Task: count the triples of some reports; all about the same two substances goes to one place."""

    def work(task: Task) -> Iterator[pa.RecordBatch]:
        name, strata, files = task
        parts = []
        for piece in files:
            reports = file_tasks.read(piece, ("month_to", "stratum", column, "terms"))
            mine = pc.and_(pc.is_null(reports["month_to"]), pc.is_in(reports["stratum"], pa.array(strata, pa.int32())))
            chosen = reports.filter(mine)
            for first in range(0, chosen.num_rows, REPORTS_AT_ONCE):
                part = chosen.slice(first, REPORTS_AT_ONCE)
                parts.append(triples_of(lists(part[column]), lists(part["terms"])))
        keys, n = add(parts)
        place = (both(keys) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)).astype(np.int64) % n_places
        for at in np.unique(place):
            mine = place == at
            yield from shuffle.blocks(int(at), name, keys[mine], n[mine])

    return work


def _summing(kept: Kept) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Task: sum what came to a place, and give the triples that are kept with the reports of their two substances."""

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        came: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
        for _, name, keys, n in shuffle.opened(batches):
            came.setdefault(name, []).append((keys, n))
        for name, parts in sorted(came.items()):
            keys, n = add(parts)
            lower, higher, term = split(keys)
            n_both = n[np.searchsorted(keys, both(keys))]
            wanted = (lower == 0) | kept(name, lower, higher, term, n)
            columns = [x[wanted].astype(np.int32) for x in (lower, higher, term)] + [n[wanted], n_both[wanted]]
            named = pa.repeat(pa.scalar(name), int(wanted.sum()))
            yield from pa.table([named, *columns], schema=COUNTED).to_batches()

    return work


def with_margins(triples: DataFrame, single: DataFrame) -> DataFrame:
    """Add to triples (`substance`, `substance_2`, `term`) what they are compared with.

    `single` are the rows of `counted` whose `substance` is 0. Adds n_1 and n_2, the reports of each substance,
    n_1_event and n_2_event, those with the event, n_event, and n_total. Triples of the two substances in either order.
    """
    named = triples
    for column, at in (("substance", "1"), ("substance_2", "2")):
        with_event, alone = (
            single.filter(f"substance_2 > 0 AND term {is_term} 0").select(
                "population", F.col("substance_2").alias(column), *term, F.col("n").alias(name)
            )
            for is_term, term, name in ((">", ["term"], f"n_{at}_event"), ("=", [], f"n_{at}"))
        )
        named = named.join(with_event, on=["population", column, "term"], how="left")
        named = named.join(F.broadcast(alone), on=["population", column], how="inner")
    of_event = single.filter("substance_2 = 0 AND term > 0").select("population", "term", F.col("n").alias("n_event"))
    total = single.filter("substance_2 = 0 AND term = 0").select("population", F.col("n").alias("n_total"))
    named = named.join(F.broadcast(of_event), on=["population", "term"], how="inner")
    named = named.join(F.broadcast(total), on="population", how="inner")
    return named.fillna(0, ["n_1_event", "n_2_event"])
